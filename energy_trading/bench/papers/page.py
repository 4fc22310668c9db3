"""One page of what the reproductions found, beside what the papers claim."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from energy_trading.chain.compile import ROOT
from energy_trading.errors import EnergyTradingError, InternalFault

if TYPE_CHECKING:
    from energy_trading.bench.papers.fig7 import Fig7Result
    from energy_trading.bench.papers.xia_gas import XiaGasResult

#: the committed page; kept current where it is there, which is in a checkout only
PAGE: Final = ROOT / "docs" / "reproduction.md"
_HEAD: Final = """\
# Reproduction

What the papers claim, and what comes out when their experiments and protocols run on this project's
contracts. Written whole by `energy-trading reproduce all --out DIR`, which also leaves figures and tables in
DIR; `tests/client/bench/test_reproduce_page.py` fails when it is stale. Rows are those of
[papers.md](papers.md).
No key, address or time is on this page, so every run writes the same one.
"""

_E = TypeVar("_E", bound=EnergyTradingError)


class NotAsTold(InternalFault):
    """A run did something else than its reproduction says of it: a bug in one of them.

    Args:
        what: that should have happened.
    """

    def __init__(self, what: str) -> None:
        super().__init__(f"reproduction: given another course, allowed: {what}")


@dataclass(frozen=True)
class Finding:
    """One claim of a paper and what came of it.

    Args:
        row: of the papers' list, such as N-7.
        about: what is compared.
        paper: the claim.
        ours: what the run did.
        same: whether they agree.
        why: the reason of a difference, or what limits the comparison.
    """

    row: str
    about: str
    paper: str
    ours: str
    same: bool
    why: str = ""

    def cells(self) -> list[str]:
        """Return the cells of a table: row, what, paper, ours, same or different, why."""
        return [
            self.row,
            self.about,
            self.paper,
            self.ours,
            "same" if self.same else "different",
            self.why,
        ]


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
        """Say what was found, for a terminal."""
        return [
            f"{f.row} {f.about}: {f.cells()[4]}. Paper: {f.paper}. Ours: {f.ours}."
            + (f" {f.why}." if f.why else "")
            for f in self.rows
        ]

    def section(self, name: str, shows: str) -> str:
        """Return the part of the page.

        Args:
            name: of the reproduction.
            shows: what it is.
        """
        head = ["row", "what", "paper", "ours", "", "why"]
        told = [f"## {name}", "", f"{shows}.", "", *table(head, [f.cells() for f in self.rows])]
        return "\n".join([*told, *(["", *self.detail] if self.detail else []), ""])


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Return a Markdown table, line by line."""
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]


def demand(true: bool, what: str) -> None:
    """See that a run did what will be said of it.

    Args:
        true: whether it did.
        what: that it should have.

    Raises:
        NotAsTold: it did not.
    """
    if not true:
        raise NotAsTold(what)


def refused(kind: type[_E], attempt: Callable[[], object]) -> _E:
    """Try what must be refused.

    Args:
        kind: of the refusal.
        attempt: does it.

    Returns:
        The refusal; one of another kind is raised.

    Raises:
        NotAsTold: it was allowed.
    """
    try:
        attempt()
    except kind as error:
        return error
    raise NotAsTold(f"a refusal as {kind.__name__}")


def findings(name: str, result: Any) -> Findings:
    """Return what a reproduction's result says about the paper.

    Args:
        name: of the reproduction.
        result: what it returned; where it does not compare by itself, this module does.
    """
    compare: dict[str, Callable[[Any], Findings]] = {"xia-fig7": _of_fig7, "xia-gas": _of_xia_gas}
    found: Findings = compare[name](result) if name in compare else result.findings
    return found


def reproduce_page(out: Path, say: Callable[[str], None] = print) -> Path:
    """Write the page from all other reproductions, which are run unless this process has.

    Args:
        out: folder for reproduction.md; the others' are beside it.
        say: told how many claims agree, by reproduction.

    Returns:
        The file.
    """
    from energy_trading.bench.papers.reproductions import REPRODUCTIONS, made

    sections = [_HEAD]
    for name, reproduction in REPRODUCTIONS.items():
        if name == "page":
            continue
        found = findings(name, made(name, out.parent / name))
        same = sum(f.same for f in found.rows)
        say(f"{name}: {same} of {len(found.rows)} claims the same, {len(found.rows) - same} different")
        sections.append(found.section(name, reproduction.shows))
    text = "\n".join(sections)
    out.mkdir(parents=True, exist_ok=True)
    file = out / PAGE.name
    file.write_text(text, encoding="utf-8")
    if PAGE.exists():
        PAGE.write_text(text, encoding="utf-8")
    return file


def _of_fig7(result: Fig7Result) -> Findings:
    kept, between = result.kept_e9, result.honest_between
    first = ", ".join(str(i) for i in result.frauds)
    return Findings(
        (
            Finding(
                "X-10",
                "course of Fig. 7",
                "credit climbs while the merchant is honest and breaks down at each fraud from 7.5 on",
                f"{len(result.frauds)} frauds in {len(result.trades)} trades, at {first} (counted from 0)",
                len(result.frauds) > 1 and result.frauds == result.float_frauds,
                "the paper prints no numbers for the figure: course and order are all there is to compare;"
                " contract, integer reference and floats agree at every trade",
            ),
            Finding(
                "X-10",
                "punishment grows",
                "each fraud costs more than the one before",
                "share of the credit kept: " + ", ".join(f"{share / 1e9:.3f}" for share in kept),
                all(later < earlier for earlier, later in pairwise(kept)),
            ),
            Finding(
                "X-10",
                "the way back grows",
                "more honest trades are needed each time to come back",
                "honest trades between frauds: " + ", ".join(str(n) for n in between),
                all(later > earlier for earlier, later in pairwise(between)),
            ),
            Finding(
                "X-1",
                "eqs 1 and 2 as printed",
                "z0 = 200 stands beside the fraction",
                f"in floats the first honest trade multiplies the credit by {result.printed_credits[0]:.0f},"
                f" frauds at {', '.join(str(i) for i in result.printed_frauds[:5])} …: no such figure",
                result.printed_frauds == result.frauds,
                "z0 has to be in the denominator, where the contract has it",
            ),
            Finding(
                "X-1",
                "first credit",
                "0",
                f"{result.trades[0].before_e9 / 1e9:.0f}",
                result.trades[0].before_e9 == 0,
                "the model multiplies, and 0 never moves; in the market 1 is also the floor, here nothing"
                " reaches one",
            ),
        )
    )


def _of_xia_gas(result: XiaGasResult) -> Findings:
    from energy_trading.bench.papers.xia_gas import PAPER_CYCLE, PAPER_ORDER, PAPER_QUOTE_GAS, PAPER_USERS

    quotes = [gas for row in result.rows for gas in row.quotes]
    order = sum(s.count for s in result.cycle if s.name in ("publish the order", "seal a quote"))
    first, last = result.rows[0], result.rows[-1]
    steps = [later.publisher - earlier.publisher for earlier, later in pairwise(result.rows)]
    gas = sum(step.gas for step in result.cycle)
    cycle = [[s.name, str(s.count), f"{s.gas:,}", f"{s.gas // s.count:,}"] for s in result.cycle]
    sizes = [
        [str(r.bidders), f"{r.post:,}", f"{max(r.quotes):,}", f"{r.settle:,}", f"{r.publisher:,}"]
        for r in result.rows
    ]
    return Findings(
        (
            Finding(
                "X-9",
                "transactions",
                f"{PAPER_USERS} users: {PAPER_ORDER} for one order, {PAPER_CYCLE} for the whole cycle",
                f"{order} and {result.transactions}",
                (order, result.transactions) == (PAPER_ORDER, PAPER_CYCLE),
                f"the paper does not say what its {PAPER_CYCLE} are; ours leave out the publisher's own"
                " enrolment and the meters' registration",
            ),
            Finding(
                "X-9",
                "gas of a quote (Table 3)",
                f"16 % of a block of 4.7 million: {PAPER_QUOTE_GAS:,}",
                f"at most {max(quotes):,}, {PAPER_QUOTE_GAS // max(quotes)} times less",
                max(quotes) >= PAPER_QUOTE_GAS,
                "the paper's contract records every quote with its bidder, ours keeps one hash of all of"
                " them; in both the bidder encrypts; our copy of the paper lacks the table's own numbers",
            ),
            Finding(
                "X-9",
                "quotes a block of 4.7 million takes",
                "6",
                str(4_700_000 // max(quotes)),
                4_700_000 // max(quotes) == 6,
                "the same reason",
            ),
            Finding(
                "X-9",
                "publisher's gas (Fig. 6)",
                f"grows linearly from {first.bidders} to {last.bidders} bidders",
                f"from {first.publisher:,} to {last.publisher:,}; five bidders more cost {min(steps):,} …"
                f" {max(steps):,}, {result.settle_per_quote:,} each on average",
                min(steps) > 0 and max(steps) * 10 < min(steps) * 15,
                "what varies is how many quotes are the best so far, whose bidders the ledger is asked about",
            ),
            Finding(
                "X-9",
                "bidder's gas (Fig. 6)",
                "stays the same however many bid",
                f"{min(quotes):,} … {max(quotes):,}",
                max(quotes) - min(quotes) <= 12 * 32,
                "a zero byte of the ciphertext costs 12 less",
            ),
        ),
        (
            f"The whole cycle of {PAPER_USERS} bidders, {gas:,} gas:",
            "",
            *table(["step", "transactions", "gas", "each"], cycle),
            "",
            "Fig. 6, the publisher's gas being order and settlement:",
            "",
            *table(["bidders", "order", "a quote", "settlement", "publisher"], sizes),
        ),
    )
