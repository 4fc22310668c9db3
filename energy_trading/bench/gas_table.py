"""The gas scenarios as a table: against budget, lower bound and best peer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from energy_trading.bench.gas import TARGETS, Scenario
from energy_trading.chain.artifacts import load_from
from energy_trading.chain.compile import TEST_CONTRACTS

if TYPE_CHECKING:
    from rich.table import Table


def token_code() -> bytes:
    """Return the creation code of the token that scenarios with a token settle in.

    Raises:
        NotCompiled: this is an installed package; the token is one of the repository's test contracts.
    """
    return load_from(TEST_CONTRACTS.output, "PermitToken").bytecode


def compared(found: Mapping[str, Scenario]) -> list[list[str]]:
    """Return name, gas, budget, lower bound, ratio to it and best peer where there is a budget."""
    rows = []
    for name, target in TARGETS.items():
        ours, bound = found[name].gas, target.lower_bound
        over = f"{target.at_most:,}" + (f" (+{ours - target.at_most:,})" if ours > target.at_most else "")
        # Only shown, decides nothing: two decimals of an integer ratio.
        ratio = f"{ours * 100 // bound / 100:.2f}" if bound else ""
        rows.append([f"`{name}`", f"{ours:,}", over, f"{bound:,}" if bound else "", ratio, target.best_peer])
    return rows


def comparison(found: Mapping[str, Scenario]) -> Table:
    """Return the table for the terminal: every scenario, with budget, bound and peer where it has them."""
    from rich.table import Table

    table = Table(title="Gas (Prague, as receipts report it)")
    table.add_column("scenario", no_wrap=True)
    for heading in ("gas", "at most", "lower bound", "ratio"):
        table.add_column(heading, justify="right")
    table.add_column("best peer")
    told = {row[0].strip("`"): row[1:] for row in compared(found)}
    for name, scenario in found.items():
        table.add_row(name, *told.get(name, [f"{scenario.gas:,}"]))
    return table
