"""Gas in tables: scenarios beside budget, lower bound and best peer; trades in money; growth."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from energy_trading.bench.gas.growth import SERIES, SHARED, Point
from energy_trading.bench.gas.money import CHAINS, GWEI, Prices, cents, per_kwh_e9, trades
from energy_trading.bench.gas.parts import PARTS
from energy_trading.bench.gas.scenarios import TARGETS, Scenario
from energy_trading.bench.gas.slots import SIZES

#: quarters of an hour in 30 days
SLOTS_A_MONTH: Final = 30 * 96

if TYPE_CHECKING:
    from rich.table import Table


def compared(found: Mapping[str, Scenario]) -> list[list[str]]:
    """Return name, gas, budget, lower bound, ratio to it and best peer of each scenario that has a budget."""
    rows = []
    for name, target in TARGETS.items():
        ours, bound = found[name].gas, target.lower_bound
        over = f"{target.at_most:,}" + (f" (+{ours - target.at_most:,})" if ours > target.at_most else "")
        # For display only: two decimals of an integer ratio.
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
        parts: show what each scenario pays for; where it is a share of many, what all transactions pay for.
        peers: show the best peers, which takes a lot of room.
    """
    from rich.table import Table

    table = Table(title="Gas (Prague, as receipts report it)")
    table.add_column("scenario", no_wrap=True)
    money = [f"{chain}\n{prices.currency}/100" for chain in CHAINS]
    for heading in ("gas", "at most", "lower\nbound", "ratio", *money, *(PARTS if parts else ())):
        table.add_column(heading, justify="right", no_wrap=True)
    if peers:
        table.add_column("best peer")
    beside = {row[0].strip("`"): row[2:] for row in compared(found)}
    for name, scenario in found.items():
        *target, peer = beside.get(name, [""] * 4)
        costs = [cents(prices.cost_e9(scenario, chain)) for chain in CHAINS]
        split = [f"{scenario.parts[part]:,}" for part in PARTS] if parts else []
        table.add_row(name, f"{scenario.gas:,}", *target, *costs, *split, *([peer] if peers else []))
    return table


def priced(found: Mapping[str, Scenario], prices: Prices, energy_wh: int | None = None) -> list[list[str]]:
    """Return the heading and, for each way to trade, what all its transactions cost.

    Args:
        found: scenarios by name.
        prices: of gas and coin.
        energy_wh: another energy of a trade for which the cost of a kWh is stated too.
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


def slots_priced(found: Mapping[str, Scenario], prices: Prices) -> list[list[str]]:
    """Return the heading and, for each size of a slot market, what a home pays in a month of 30 days.

    Args:
        found: scenarios by name.
        prices: of gas and coin.
    """
    rows = [["homes", "gas per slot", "bytes of four slots", *(f"{chain}, a month" for chain in CHAINS)]]
    for homes in SIZES:
        scenario = found[f"slot.home_{homes}"]
        costs = [cents(prices.cost_e9(scenario, chain) * SLOTS_A_MONTH) for chain in CHAINS]
        size = sum(paid.size for paid in scenario.paid)
        rows.append([f"{homes:,}", f"{scenario.gas:,}", f"{size:,}", *costs])
    return rows


def price_line(prices: Prices) -> str:
    """Return the prices in a sentence, for display only."""
    return (
        f"In hundredths of {prices.currency}; gas on mainnet {prices.gas_price / GWEI:,.9g} gwei, "
        f"on the rollup {prices.rollup_gas_price / GWEI:,.9g} gwei, "
        f"a blob's gas {prices.blob_wei / GWEI:,.9g} gwei, "
        f"a coin {prices.coin_price_e9 / 10**9:,.11g} {prices.currency}."
    )


def grown(points: Sequence[Point]) -> list[list[str]]:
    """Return the heading and a row for each point of growth.

    Args:
        points: what `energy_trading.bench.gas.growth.measure_growth` returns.
    """
    rows = [["series", "count", "transactions", "gas", "gas each"]]
    for point in points:
        each = f"{point.each:,}" if point.series in SHARED else ""
        rows.append([point.series, f"{point.count:,}", str(point.transactions), f"{point.gas:,}", each])
    return rows


def rich_table(title: str, rows: Sequence[Sequence[str]]) -> Table:
    """Return rows as a table for the terminal, with numbers aligned to the right.

    Args:
        title: above it.
        rows: the first is the heading; the first column holds words.
    """
    from rich.table import Table

    table = Table(title=title)
    for i, heading in enumerate(rows[0]):
        table.add_column(heading.replace(", ", ",\n"), justify="right" if i else "left", no_wrap=True)
    for row in rows[1:]:
        table.add_row(*row)
    return table


def markdown(rows: Sequence[Sequence[str]], words: Container[int] = (0,)) -> list[str]:
    """Return rows as lines of a Markdown table, with numbers aligned to the right.

    Args:
        rows: the first is the heading.
        words: columns that hold words rather than numbers.
    """
    sides = ["---" if place in words else "---:" for place in range(len(rows[0]))]
    return [f"| {' | '.join(row)} |" for row in (rows[0], sides, *rows[1:])]


def series_lines() -> list[str]:
    """Return a line for each series of growth: its name and what it counts."""
    return [f"`{name}` counts {what}." for name, what in SERIES.items()]
