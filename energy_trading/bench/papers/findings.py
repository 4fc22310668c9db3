"""What a reproduction found, beside what the paper claims."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from energy_trading.bench.gas.table import markdown
from energy_trading.errors import EnergyTradingError, InternalFault

_E = TypeVar("_E", bound=EnergyTradingError)


class NotAsStated(InternalFault):
    """A run took another course than its reproduction states: a bug in one of them.

    Args:
        what: should have happened.
    """

    def __init__(self, what: str) -> None:
        super().__init__(f"the reproduction took another course; expected: {what}")


@dataclass(frozen=True)
class Finding:
    """One claim of a paper and what came of it.

    Args:
        row: of the papers' list, such as N-7.
        about: what is compared.
        paper: the claim.
        ours: what the run did.
        why: the reason of a difference, or what limits the comparison.
        same: whether they agree.
    """

    row: str
    about: str
    paper: str
    ours: str
    why: str = ""
    same: bool = False

    def cells(self) -> list[str]:
        """Return the cells of a table: row, what, paper, ours, same or different, why."""
        same = "same" if self.same else "different"
        return [self.row, self.about, self.paper, self.ours, same, self.why]


@dataclass(frozen=True)
class Findings:
    """What a reproduction found.

    Args:
        rows: claim by claim.
        detail: Markdown that follows them, line by line; the same for every run.
    """

    rows: tuple[Finding, ...]
    detail: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return what was found as lines for a terminal."""
        return [
            f"{f.row} {f.about}: {f.cells()[4]}. Paper: {f.paper}. Ours: {f.ours}."
            + (f" {f.why}." if f.why else "")
            for f in self.rows
        ]

    def section(self, name: str, shows: str) -> str:
        """Return the part of the page."""
        head = ["row", "what", "paper", "ours", "", "why"]
        found = word_table([head, *(f.cells() for f in self.rows)])
        detail = ["", *self.detail] if self.detail else []
        return "\n".join([f"## {name}", "", f"{shows}.", "", *found, *detail, ""])


def word_table(rows: list[list[str]]) -> list[str]:
    """Return a Markdown table without numbers, line by line; the first row is the heading."""
    return markdown(rows, words=range(len(rows[0])))


def demand(true: bool, what: str) -> None:
    """Check that a run did what will be stated of it.

    Raises:
        NotAsStated: it did not happen.
    """
    if not true:
        raise NotAsStated(what)


def refused(kind: type[_E], attempt: Callable[[], object]) -> _E:
    """Attempt what must be refused.

    Returns:
        The refusal; one of another kind is raised.

    Raises:
        NotAsStated: the attempt was not refused.
    """
    try:
        attempt()
    except kind as error:
        return error
    raise NotAsStated(f"a refusal as {kind.__name__}")
