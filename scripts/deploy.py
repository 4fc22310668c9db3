"""Deploy the contracts: `energy-trading deploy` with the same options, from the repository."""

import sys

from energy_trading.cli import main

if __name__ == "__main__":
    sys.argv[1:1] = ["deploy"]
    main()
