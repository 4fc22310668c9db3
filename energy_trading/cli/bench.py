"""`reproduce` and `bench`: the papers' tables and figures, and the cost of each call."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from energy_trading.cli.output import AsJson, console, error_console, make_folder, one_of, print_json
from energy_trading.errors import BadInput

group = typer.Typer(help="Measure what calls and trades cost, and how long slots and markets take.")

_WITH_PEERS = 150  # columns of a terminal that has room for the best peers
_ANY_TABLE = 300  # more columns than any table needs


@group.callback()
def _group() -> None:
    """Measure what calls and trades cost, and how long slots and markets take."""


def reproduce(
    name: Annotated[str, typer.Argument(help="'list', 'all', or a name from the list.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for tables and figures, with a folder for each.")
    ] = None,
) -> None:
    """Reproduce the tables and figures of the papers."""
    from energy_trading.bench.papers.reproductions import REPRODUCTIONS
    from energy_trading.bench.papers.reproductions import reproduce as make

    if name == "list":
        for each, reproduction in REPRODUCTIONS.items():
            console.print(f"{each:12}  {reproduction.shows}", markup=False)
        return
    one_of("the reproduction", name, ("list", "all", *REPRODUCTIONS))
    if out is None:
        raise BadInput("--out is missing: name a folder for the results")
    make_folder(out)
    for each in REPRODUCTIONS if name == "all" else [name]:
        make(each, out / each, lambda line: console.print(line, markup=False))
        console.print(f"the files are in {out / each}", markup=False)


@group.command()
def gas(
    out: Annotated[
        Path | None, typer.Option(help="Folder for gas.json, gas.csv, trades.csv, growth.csv, gas.png.")
    ] = None,
    as_json: AsJson = False,
    parts: Annotated[bool, typer.Option("--parts", help="Show what each scenario pays for.")] = False,
    growth: Annotated[
        bool, typer.Option(help="Also measure growth with receipts, bidders, lots, keys (a minute or two).")
    ] = True,
    gas_price: Annotated[str, typer.Option(help="Gas on mainnet in gwei; default: average of 2025.")] = "2.7",
    rollup_gas_price: Annotated[
        str, typer.Option(help="Gas on the rollup in gwei; default: minimum on Base, February 2026.")
    ] = "0.002",
    blob_price: Annotated[
        str | None, typer.Option(help="Blob gas in gwei; default: a sixteenth of --gas-price (EIP-7918).")
    ] = None,
    coin_price: Annotated[
        str | None, typer.Option(help="One coin in --currency; default: 4215 USD, end of September 2025.")
    ] = None,
    currency: Annotated[str | None, typer.Option(help="Name of the currency of --coin-price.")] = None,
    energy_kwh: Annotated[
        str | None, typer.Option(help="Energy of a trade in kWh; adds the cost in cents per kWh.")
    ] = None,
) -> None:
    """Measure every gas scenario on a chain in this process; print lower bound, budget, peer and cost."""
    from energy_trading.bench.gas.money import GWEI, MOST_COIN_E9, MOST_ENERGY_WH, MOST_WEI, Prices

    if (coin_price is None) != (currency is None):
        raise BadInput("--coin-price and --currency belong together: give both or neither")
    prices = Prices(
        _scaled("--gas-price", gas_price, GWEI, MOST_WEI),
        _scaled("--rollup-gas-price", rollup_gas_price, GWEI, MOST_WEI),
        blob_price=None if blob_price is None else _scaled("--blob-price", blob_price, GWEI, MOST_WEI),
    )
    if coin_price is not None and currency is not None:
        coin_e9 = _scaled("--coin-price", coin_price, 10**9, MOST_COIN_E9)
        prices = replace(prices, coin_price_e9=coin_e9, currency=currency)
    energy_wh = None if energy_kwh is None else _scaled("--energy-kwh", energy_kwh, 1_000, MOST_ENERGY_WH)
    if out is not None:
        make_folder(out)
    from energy_trading.bench.gas import table as gas_table
    from energy_trading.bench.gas.files import document, write_files
    from energy_trading.bench.gas.growth import measure_growth
    from energy_trading.bench.gas.scenarios import measure

    with error_console.status("measuring") as status:

        def say(line: str) -> None:
            if error_console.is_terminal:
                status.update(f"measuring: {line}")
            else:
                error_console.print(f"measuring: {line}", markup=False)

        found = measure(say)
        points = measure_growth(say) if growth else ()
    files = [] if out is None else write_files(found, points, prices, out, energy_wh)
    if as_json:
        print_json(document(found, points, prices, energy_wh))
        return
    peers = console.width >= _WITH_PEERS and not parts
    trades = gas_table.rich_table("All of a trade in money", gas_table.priced(found, prices, energy_wh))
    # A table may be wider than the terminal, for otherwise a number would be cut off.
    wide = Console(highlight=False, soft_wrap=True, width=console.width if peers else _ANY_TABLE)
    wide.print(gas_table.comparison(found, prices, parts, peers))
    wide.print(trades)
    console.print(gas_table.price_line(prices), markup=False)
    if points:
        wide.print(gas_table.rich_table("Growth", gas_table.grown(points)))
        for line in gas_table.series_lines():
            console.print(line, markup=False)
    for file in files:
        console.print(f"  {file}", markup=False)


@group.command()
def clearing(
    homes: Annotated[int, typer.Option(help="How many homes, and orders, a slot has.")] = 10_000,
    as_json: AsJson = False,
) -> None:
    """Time the clearing of one random slot, beside sorting and summing as many numbers in the same run."""
    from energy_trading.bench.clearing import measure_clearing
    from energy_trading.bench.gas.table import rich_table

    found = measure_clearing(homes)
    if as_json:
        print_json([timing.to_dict() for timing in found])
        return
    head = ["what", "homes", "microseconds", "ratio"]
    console.print(rich_table("Clearing of a slot", [head, *(timing.cells() for timing in found)]))


@group.command()
def speed(
    homes: Annotated[
        list[int] | None, typer.Option(help="How many homes; give it again for more sizes.")
    ] = None,
    slots: Annotated[int, typer.Option(help="How many slots of 15 minutes.")] = 96,
    as_json: AsJson = False,
) -> None:
    """Time a market with real signatures and bytecode on revm, beside the signatures alone."""
    from energy_trading.bench.gas.table import rich_table
    from energy_trading.bench.speed import HEAD, SIZES, measure_all

    with error_console.status("measuring") as status:

        def say(line: str) -> None:
            if error_console.is_terminal:
                status.update(f"measuring: {line}")
            else:
                error_console.print(f"measuring: {line}", markup=False)

        found = measure_all(homes or SIZES, slots, say)
    if as_json:
        print_json([each.to_dict() for each in found])
        return
    wide = Console(highlight=False, soft_wrap=True, width=max(console.width, _WITH_PEERS))
    wide.print(rich_table("Speed of a market on revm", [HEAD, *(each.cells() for each in found)]))


def _scaled(option: str, text: str, scale: int, most: int) -> int:
    """Convert a decimal number exactly into an integer of smaller units."""
    decimals = len(str(scale)) - 1
    least = Decimal(1).scaleb(-decimals)
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    # Compared before it is multiplied, because 1e999999 would take all memory.
    if not number.is_finite() or not least <= number <= most // scale or number % least:
        raise BadInput(
            f"{option} must be between {least:f} and {most // scale} with at most {decimals} decimals,"
            f" not {text!r}"
        )
    return int(number * scale)
