"""`python -m energy_trading.cli` is `energy-trading`."""

from energy_trading.cli import main

main()
