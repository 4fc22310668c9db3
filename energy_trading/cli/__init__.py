"""The command line: parses, calls the library and prints. An error is one line and a bad exit status."""

from __future__ import annotations

import sys
from typing import Final, NoReturn

import typer

from energy_trading.cli import (
    account,
    authority,
    bench,
    council,
    deployment,
    gateway,
    intent,
    keys,
    listings,
    lots,
    meter,
    run,
    trace,
    trade,
    watch,
)
from energy_trading.cli.output import error_console, plain_line
from energy_trading.errors import EnergyTradingError

_INTERRUPTED: Final = 130  # 128 plus the number of the signal, as in shells

app = typer.Typer(
    help="Peer-to-peer energy trading on any EVM chain.",
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    run.run,
    deployment.deploy,
    deployment.verify,
    listings.accounts,
    listings.offers,
    listings.auctions,
    listings.lots,
    listings.contacts,
    listings.trades,
    listings.positions,
    listings.standing,
    watch.watch,
    lots.history,
    lots.check_dispute,
    bench.reproduce,
):
    app.command()(command)
app.add_typer(bench.group, name="bench")
for name, group in (
    ("keys", keys.group),
    ("pkg", authority.pkg),
    ("dso", authority.dso),
    ("account", account.group),
    ("meter", meter.group),
    ("trade", trade.group),
    ("intent", intent.group),
    ("trace", trace.group),
    ("council", council.group),
    ("gateway", gateway.group),
):
    app.add_typer(group, name=name, rich_help_panel="Act")


def main() -> None:
    """Run the command line; the entry point of `energy-trading`."""
    try:
        sys.exit(app(sys.argv[1:] or ["--help"], standalone_mode=False))
    except EnergyTradingError as error:
        _fail(str(error), _INTERRUPTED if isinstance(error.__cause__, KeyboardInterrupt) else 1)
    except typer.TyperException as error:
        _fail(f"{error.format_message()} (see --help)", 2)
    except (KeyboardInterrupt, typer.Abort):
        _fail("interrupted", _INTERRUPTED)


@app.callback()
def _group() -> None:
    """Peer-to-peer energy trading on any EVM chain."""


def _fail(text: str, status: int) -> NoReturn:
    error_console.print(f"error: {plain_line(text)}", style="red", markup=False)
    sys.exit(status)
