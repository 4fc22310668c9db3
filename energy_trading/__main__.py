"""`python -m energy_trading` does the same as the command `energy-trading`."""

from energy_trading.cli import main

main()
