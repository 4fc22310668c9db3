"""Gas in tables: scenarios against budget, lower bound and best peer, trades in money, growth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from energy_trading.bench.gas.growth import SERIES, SHARED, Point
from energy_trading.bench.gas.money import CHAINS, GWEI, Prices, cents, per_kwh_e9, trades
from energy_trading.bench.gas.parts import PARTS
from energy_trading.bench.gas.scenarios import TARGETS, Scenario

if TYPE_CHECKING:
    from rich.table import Table


def compared(found: Mapping[str, Scenario]) -> list[list[str]]:
    """Return name, gas, budget, lower bound, ratio to it and best peer where there is a budget.

    Args:
        found: scenarios by name.
    """
    rows = []
    for name, target in TARGETS.items():
        ours, bound = found[name].gas, target.lower_bound
        over = f"{target.at_most:,}" + (f" (+{ours - target.at_most:,})" if ours > target.at_most else "")
        # Only shown, decides nothing: two decimals of an integer ratio.
        ratio = f"{ours * 100 // bound / 100:.2f}" if bound else ""
        rows.append([f"`{name}`", f"{ours:,}", over, f"{bound:,}" if bound else "", ratio, target.best_peer])
    return rows


def comparison(
    found: Mapping[str, Scenario], prices: Prices, parts: bool = False, peers: bool = True
) -> Table:
    """Return the table for the terminal: every scenario, with budget, bound and peer where it has them.

    Args:
        found: scenarios by name.
        prices: of gas and coin.
        parts: show what each scenario pays for; of all transactions where it is the share of many.
        peers: show the best peers, which takes much room.
    """
    from rich.table import Table

    table = Table(title="Gas (Prague, as receipts report it)")
    table.add_column("scenario", no_wrap=True)
    money = [f"{chain}\n{prices.currency}/100" for chain in CHAINS]
    for heading in ("gas", "at most", "lower\nbound", "ratio", *money, *(PARTS if parts else ())):
        table.add_column(heading, justify="right", no_wrap=True)
    if peers:
        table.add_column("best peer")
    told = {row[0].strip("`"): row[2:] for row in compared(found)}
    for name, scenario in found.items():
        *target, peer = told.get(name, [""] * 4)
        costs = [cents(prices.cost_e9(scenario, chain)) for chain in CHAINS]
        split = [f"{scenario.parts[part]:,}" for part in PARTS] if parts else []
        table.add_row(name, f"{scenario.gas:,}", *target, *costs, *split, *([peer] if peers else []))
    return table


def priced(found: Mapping[str, Scenario], prices: Prices, energy_wh: int | None = None) -> list[list[str]]:
    """Return the heading, then for each way to trade what all its transactions cost.

    Args:
        found: scenarios by name.
        prices: of gas and coin.
        energy_wh: energy of a trade for which a kWh's cost is told besides that of the measured energy.
    """
    heading = ["trade", "gas", "bytes", "Wh"]
    for chain in CHAINS:
        heading += [chain, f"{chain}, per kWh"]
        heading += [] if energy_wh is None else [f"{chain}, per kWh, of {energy_wh:,} Wh"]
    rows = [heading]
    for trade in trades(found):
        row = [trade.name, f"{trade.gas:,}", f"{trade.size:,}", f"{trade.energy_wh:,}"]
        for chain in CHAINS:
            cost = trade.cost_e9(prices, chain)
            energies = [trade.energy_wh, *([] if energy_wh is None else [energy_wh])]
            row += [cents(cost), *(cents(per_kwh_e9(cost, energy)) for energy in energies)]
        rows.append(row)
    return rows


def price_line(prices: Prices) -> str:
    """Return the prices in words; only shown, decides nothing.

    Args:
        prices: of gas and coin.
    """
    return (
        f"In hundredths of {prices.currency}; gas on mainnet {prices.gas_price / GWEI:,.9g} gwei, "
        f"on the rollup {prices.rollup_gas_price / GWEI:,.9g} gwei, "
        f"a blob's gas {prices.blob_wei / GWEI:,.9g} gwei, "
        f"a coin {prices.coin_price_e9 / 10**9:,.11g} {prices.currency}."
    )


def grown(points: Sequence[Point]) -> list[list[str]]:
    """Return the heading, then a row for each point of growth.

    Args:
        points: what `energy_trading.bench.gas.growth.measure_growth` returns.
    """
    rows = [["series", "count", "transactions", "gas", "gas each"]]
    for point in points:
        each = f"{point.each:,}" if point.series in SHARED else ""
        rows.append([point.series, f"{point.count:,}", str(point.transactions), f"{point.gas:,}", each])
    return rows


def rich_table(title: str, rows: Sequence[Sequence[str]]) -> Table:
    """Return rows as a table for the terminal, numbers to the right.

    Args:
        title: above it.
        rows: the first is the heading, the first column words.
    """
    from rich.table import Table

    table = Table(title=title)
    for i, heading in enumerate(rows[0]):
        table.add_column(heading.replace(", ", ",\n"), justify="right" if i else "left", no_wrap=True)
    for row in rows[1:]:
        table.add_row(*row)
    return table


def markdown(rows: Sequence[Sequence[str]], words_last: bool = False) -> list[str]:
    """Return rows as lines of a Markdown table, numbers to the right.

    Args:
        rows: the first is the heading, the first column words.
        words_last: the last column is words too.
    """
    heading, *rest = ("| " + " | ".join(row) + " |" for row in rows)
    sides = ["---", *["---:"] * (len(rows[0]) - 2), "---" if words_last else "---:"]
    return [heading, "| " + " | ".join(sides) + " |", *rest]


def series_lines() -> list[str]:
    """Return a line for each series of growth: its name and what it counts."""
    return [f"`{name}` counts {what}." for name, what in SERIES.items()]
