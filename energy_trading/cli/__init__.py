"""The command line: parses, calls the library and prints. An error is one line and a bad exit status."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from energy_trading.cli import (
    account,
    agent,
    authority,
    bench,
    deployment,
    gateway,
    intent,
    keys,
    listings,
    lots,
    meter,
    run,
    seats,
    settings,
    simulate,
    slots,
    trace,
    trade,
    verifier,
    watch,
)
from energy_trading.cli.output import error_console, plain_line
from energy_trading.errors import EnergyTradingError

_INTERRUPTED: Final = 130  # 128 plus the number of the signal, as in shells

app = typer.Typer(
    help="Peer-to-peer energy trading on any EVM chain.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    run.run,
    simulate.simulate,
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
    lots.history,
    lots.check_dispute,
    bench.reproduce,
):
    app.command()(command)
app.add_typer(watch.group, name="watch")
app.add_typer(bench.group, name="bench", no_args_is_help=True)
app.add_typer(simulate.group, name="scenario", no_args_is_help=True)
for name, group in (
    ("keys", keys.group),
    ("pkg", authority.pkg),
    ("dso", authority.dso),
    ("account", account.group),
    ("meter", meter.group),
    ("trade", trade.group),
    ("intent", intent.group),
    ("trace", trace.group),
    ("council", seats.group),
    ("slots", slots.group),
    ("verifier", verifier.group),
    ("agent", agent.group),
    ("records", agent.records),
    ("gateway", gateway.group),
):
    app.add_typer(group, name=name, rich_help_panel="Act", no_args_is_help=True)


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


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"energy-trading {version('energy-trading')}")
        raise typer.Exit


@app.callback()
def _group(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(
            envvar=settings.CONFIG,
            help="TOML file of defaults: rpc, chain_id, deployment, key_file, unlocked, timeout."
            " Without it ~/.config/energy-trading/config.toml, if there is one.",
        ),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log what is asked of nodes, on standard error.")
    ] = False,
    log_file: Annotated[Path | None, typer.Option(help="Append the same log to this file.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors and JSON only.")] = False,
) -> None:
    """Peer-to-peer energy trading on any EVM chain."""
    settings.start_log(verbose, log_file)
    settings.apply_settings(context, config)
    if quiet:
        settings.be_quiet()


def _fail(text: str, status: int) -> NoReturn:
    error_console.print(f"error: {plain_line(text)}", style="red", markup=False)
    sys.exit(status)
