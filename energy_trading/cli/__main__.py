"""`python -m energy_trading.cli` does the same as `energy-trading`."""

from energy_trading.cli import main

main()
