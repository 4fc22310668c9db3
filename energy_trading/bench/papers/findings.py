"""What a reproduction found, beside what the paper claims."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
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


class Verdict(Enum):
    """What a comparison came to. Same is only what a run has measured: `same_if` is its one source."""

    SAME = "same"
    DIFFERENT = "different"
    NOT_COMPARABLE = "cannot be compared"


class NoReason(InternalFault):
    """A finding that is not the same has no reason.

    Args:
        about: what was compared.
    """

    def __init__(self, about: str) -> None:
        super().__init__(f"the comparison of «{about}» must state why it is not the same")


@dataclass(frozen=True)
class Finding:
    """One claim of a paper and what came of it.

    Args:
        row: of the papers' list, such as N-7.
        about: what is compared.
        paper: the claim.
        ours: what the run did.
        verdict: whether they agree, as far as they can be compared.
        why: the reason of a difference, or what limits the comparison; it may be empty if they agree.

    Raises:
        NoReason: they do not agree, and `why` is empty.
    """

    row: str
    about: str
    paper: str
    ours: str
    verdict: Verdict
    why: str = ""

    def __post_init__(self) -> None:
        if self.verdict in (Verdict.DIFFERENT, Verdict.NOT_COMPARABLE) and not self.why:
            raise NoReason(self.about)

    def cells(self) -> list[str]:
        """Return the cells of a table: row, what, paper, ours, verdict, why."""
        return [self.row, self.about, self.paper, self.ours, self.verdict.value, self.why]


def same_if(agrees: bool) -> Verdict:
    """Return the verdict of something measured: same if it agrees with the paper's claim."""
    return Verdict.SAME if agrees else Verdict.DIFFERENT


@dataclass(frozen=True)
class Findings:
    """What a reproduction found.

    Args:
        rows: claim by claim.
        detail: Markdown that follows them, line by line; the same for every run.
    """

    rows: tuple[Finding, ...]
    detail: tuple[str, ...] = ()

    def count(self) -> str:
        """Return how many claims have each verdict."""
        total = Counter(finding.verdict for finding in self.rows)
        return ", ".join(f"{total[verdict]} {verdict.value}" for verdict in Verdict)

    def lines(self) -> list[str]:
        """Return what was found as lines for a terminal."""
        return [
            f"{f.row} {f.about}: {f.verdict.value}. Paper: {f.paper}. Ours: {f.ours}."
            + (f" {f.why}." if f.why else "")
            for f in self.rows
        ]

    def section(self, name: str, shows: str) -> str:
        """Return the part of the page."""
        head = ["row", "what", "paper", "ours", "verdict", "why"]
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
