"""Zaman's equations, its claims about attacks as probabilities, and its workflows as runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields
from fractions import Fraction
from itertools import pairwise
from math import comb
from pathlib import Path
from typing import Final

from energy_trading.bench.papers.findings import Finding, Findings, Verdict, same_if, word_table
from energy_trading.bench.papers.zaman_workflows import workflow_findings
from energy_trading.rules.q_score_as_printed import (
    Failed,
    QScores,
    Transaction,
    additive,
    as_printed,
    follow,
    leader_of,
    total_as_printed,
)
from energy_trading.simulation._outputs import csv_text, write_all

SLOTS_PER_DAY: Final = 96

_ONE: Final = Fraction(1)
#: a success, two failures of the seller in a row, a success, a failure of the buyer
SEQUENCE: Final = (
    Transaction(_ONE),
    Transaction(-_ONE, Failed.SELLER),
    Transaction(-_ONE, Failed.SELLER),
    Transaction(_ONE),
    Transaction(-_ONE, Failed.BUYER),
)
#: three successes of half a point
SMALL_SUCCESSES: Final = (Transaction(Fraction(1, 2)),) * 3


@dataclass(frozen=True)
class Cluster:
    """How many validate a slot.

    Args:
        members: of the council, among whom a cluster is drawn without replacement.
        size: of a cluster.
        quorum: signatures that a result needs.
    """

    members: int
    size: int
    quorum: int

    def quorum_of(self, group: int) -> Fraction:
        """Return the probability that a quorum of the drawn cluster belongs to a group of members."""
        drawn = range(self.quorum, self.size + 1)
        ways = sum(comb(group, k) * comb(self.members - group, self.size - k) for k in drawn)
        return Fraction(ways, comb(self.members, self.size))

    def captured(self, bad: int) -> Fraction:
        """Return the probability that bad members can sign a slot without any other."""
        return self.quorum_of(bad)

    def posted(self, silent: int) -> Fraction:
        """Return the probability that the others can post a slot while some members are silent."""
        return self.quorum_of(self.members - silent)

    @property
    def enough_to_stop(self) -> int:
        """How many silent members of one cluster stop its slot."""
        return self.size - self.quorum + 1

    def __str__(self) -> str:
        """Return members, size and quorum."""
        return f"{self.members}, {self.size}, {self.quorum}"


#: The clusters of the slot market's design, with the figures that it states for 25 % and 33 % bad members:
#: captured slots a day, and per cent of the slots that are posted if they are silent.
DESIGN: Final = {
    Cluster(48, 7, 5): (("0.69", "3.2"), ("77", "57")),
    Cluster(48, 11, 8): (("0.02", "0.3"), ("73", "46")),
    Cluster(64, 15, 10): (("0.01", "0.23"), ("88", "65")),
}
#: Per cent of the members that are bad.
SHARES: Final = (10, 25, 33, 40, 51)


@dataclass(frozen=True)
class Chance:
    """What a share of bad members can do to a cluster.

    Args:
        cluster: of the design.
        share: bad members, per cent.
        bad: the same as a number, to the nearest.
        captured_a_day: expected slots a day that they sign alone.
        posted: share of the slots that the others post while they are silent.
    """

    cluster: Cluster
    share: int
    bad: int
    captured_a_day: Fraction
    posted: Fraction


@dataclass(frozen=True)
class ZamanResult:
    """What came of the equations.

    Args:
        printed: scores before and after each transaction of `SEQUENCE`, by eq 2.
        cured: the same by the additive rule.
        chances: for each cluster and share.
        findings: beside the paper's claims.
        csv: the chances.
        scores_csv: the scores.
    """

    printed: tuple[QScores, ...]
    cured: tuple[QScores, ...]
    chances: tuple[Chance, ...]
    findings: Findings
    csv: Path
    scores_csv: Path


def bad_members(cluster: Cluster, share: int) -> int:
    """Return how many members a share is, to the nearest: a third for 33 %, more than half for 51 %."""
    if share > 50:
        return cluster.members * share // 100 + 1
    part = Fraction(1, 3) if share == 33 else Fraction(share, 100)
    return int(part * cluster.members + Fraction(1, 2))


def chances() -> tuple[Chance, ...]:
    """Return what each share of bad members can do to each cluster."""
    return tuple(
        Chance(cluster, share, bad, cluster.captured(bad) * SLOTS_PER_DAY, cluster.posted(bad))
        for cluster in DESIGN
        for share in SHARES
        for bad in [bad_members(cluster, share)]
    )


def reproduce_zaman(out: Path, say: Callable[[str], None] = print) -> ZamanResult:
    """Compute eq 1, eq 2 with its cure and the chances of attacks, and run the workflows of Figs. 3 to 6.

    Args:
        out: folder for zaman.csv and q_scores.csv, made if missing.
        say: receives the result, line by line.

    Returns:
        The result.

    Source:
        Z-2, Z-4, Z-6, Z-7, Z-8; Zaman eqs 1 and 2, §IV.A, Figs. 3 to 6.
    """
    printed, cured = tuple(follow(as_printed, SEQUENCE)), tuple(follow(additive, SEQUENCE))
    found = chances()
    scores = _score_rows(printed, cured)
    capture = _capture_rows(found)
    outage = _outage_rows()
    detail = (
        "Scores start at 1. α = +1: the seller failed, α = −1: the buyer failed. By eq 2:",
        "",
        *word_table(scores[0]),
        "",
        "With the same powers added:",
        "",
        *word_table(scores[1]),
        "",
        "Members, cluster and quorum are those of the slot market's design; a cluster is drawn without"
        f" replacement, and a day has {SLOTS_PER_DAY} slots. In parentheses, the figures on which the design"
        " rests:",
        "",
        *word_table(capture),
        "",
        "An attacker silences some members, chosen before the cluster is drawn:",
        "",
        *word_table(outage),
    )
    findings = Findings((*_findings(printed, cured), *workflow_findings()), detail)
    result = ZamanResult(printed, cured, found, findings, out / "zaman.csv", out / "q_scores.csv")
    names = [field.name for field in fields(QScores)]
    columns = ["transaction", *(f"{name}_printed" for name in names), *(f"{name}_added" for name in names)]
    table = [
        [i, *(str(getattr(scores, name)) for scores in (old, new) for name in names)]
        for i, (old, new) in enumerate(zip(printed, cured, strict=True))
    ]
    rows = [
        [
            *(c.cluster.members, c.cluster.size, c.cluster.quorum, c.share, c.bad),
            *(f"{float(c.captured_a_day):.6f}", f"{float(c.posted):.6f}"),
        ]
        for c in found
    ]
    head = ["members", "cluster", "quorum", "bad_percent", "bad", "captured_a_day", "posted"]
    write_all(out, {"zaman.csv": csv_text([head, *rows]), "q_scores.csv": csv_text([columns, *table])})
    for line in result.findings.lines():
        say(line)
    for shown in (*scores, capture, outage):
        say("")
        for row in shown:
            say("  ".join(f"{cell:>16}" for cell in row))
    return result


# ---------------------------------------------------------------- tables


def _score_rows(printed: tuple[QScores, ...], cured: tuple[QScores, ...]) -> tuple[list[list[str]], ...]:
    """Return the tables of eq 2 and of the cure, transaction by transaction."""
    head = ["transaction", "x", "α", "peers", "leader", "seller", "buyer"]
    tables = ([[*head, "Q-score of the transaction"]], [head])
    for table, scores in zip(tables, (printed, cured), strict=True):
        for i, (transaction, after) in enumerate(zip(SEQUENCE, scores[1:], strict=True)):
            alpha = {Failed.NOBODY: "", Failed.SELLER: "+1", Failed.BUYER: "−1"}[transaction.failed]
            moved = [_signed(getattr(after, field.name)) for field in fields(QScores)]
            table.append([str(i + 1), _signed(transaction.x), alpha, *moved])
            if table is tables[0]:
                table[-1].append(_signed(total_as_printed(scores[i], transaction)))
    return tables


def _capture_rows(found: tuple[Chance, ...]) -> list[list[str]]:
    """Return captured slots a day and posted slots, beside the design's figures where it has them."""
    rows = [["members, cluster, quorum", "bad members", "captured slots a day", "posted if they are silent"]]
    for chance in found:
        captured, posted = _digits(chance.captured_a_day), f"{float(chance.posted):.0%}"
        if chance.share in (25, 33):
            stated = DESIGN[chance.cluster]
            place = (25, 33).index(chance.share)
            captured += f" ({stated[0][place]})"
            posted += f" ({stated[1][place]}%)"
        rows.append([str(chance.cluster), f"{chance.bad} ({chance.share}%)", captured, posted])
    return rows


def _outage_rows() -> list[list[str]]:
    """Return how many slots are lost if members are silenced, in a fixed and in a drawn cluster."""
    rows = [["members, cluster, quorum", "silenced", "lost, fixed cluster", "lost, cluster drawn each slot"]]
    for cluster in DESIGN:
        few = cluster.enough_to_stop
        for silenced in (few, cluster.members // 4, cluster.members // 2):
            lost = 1 - cluster.posted(silenced)
            rows.append([str(cluster), str(silenced), "100%", f"{_digits(lost * 100)}%"])
    return rows


def _digits(number: Fraction) -> str:
    """Return two significant digits below 1 and one decimal from there on."""
    value = float(number)
    return f"{value:.2g}" if value < 1 else f"{value:.1f}"


def _signed(number: Fraction) -> str:
    """Return a number with its sign."""
    return f"{'−' if number < 0 else '+' if number > 0 else ''}{abs(number)}"


# ---------------------------------------------------------------- beside the paper


def _findings(printed: tuple[QScores, ...], cured: tuple[QScores, ...]) -> list[Finding]:
    members, meters, interval, first = 7, 48, 900, 1_614_600_000
    times = range(first, first + interval * members * 1000, interval)
    turns = [leader_of(time, first, interval, members) for time in times]
    equal = set(Counter(turns).values()) == {1000}
    changes = all(a != b for a, b in pairwise(turns))
    whole = [leader_of(time, first, interval, meters) for time in times]
    in_set = sum(index < members for index in whole[: meters * 10])
    failures = [i for i, transaction in enumerate(SEQUENCE) if transaction.x < 0]

    def lowers(scores: tuple[QScores, ...]) -> bool:
        """Whether each failure lowers peers, leader and the trader who failed."""
        return all(
            after.peers < before.peers
            and after.leader < before.leader
            and (after.seller, after.buyer) < (before.seller, before.buyer)
            for before, after in ((scores[i], scores[i + 1]) for i in failures)
        )

    small = follow(as_printed, SMALL_SUCCESSES)[-1], follow(additive, SMALL_SUCCESSES)[-1]
    second = printed[3]
    weak = Cluster(48, 7, 5)
    quarter, third = bad_members(weak, 25), bad_members(weak, 33)
    few = weak.enough_to_stop
    lost = 1 - weak.posted(few)
    return [
        Finding(
            "Z-2",
            "eq 1, the leader among the verifier set",
            "a different leader after each interval τ",
            f"in {len(turns):,} intervals each of {members} members leads equally often, and no two in a"
            " row have the same leader"
            if equal and changes
            else "the turns are not equal",
            same_if(equal and changes),
            "two verifications within one interval have the same leader, and everybody knows all future"
            " leaders in advance",
        ),
        Finding(
            "Z-2",
            "eq 1 with n as printed",
            "n is the number of smart meters, the leader a member of the verifier set",
            f"with {meters} meters and a set of {members}, only {in_set} of {meters * 10} intervals have a"
            " leader in the set",
            Verdict.DIFFERENT,
            "n has to be the size of the set",
        ),
        Finding(
            "Z-6",
            "eq 2 as printed, two failures in a row",
            "both sets and the trader who failed are punished with negative scores",
            f"after the second failure peers, leader and seller have {_signed(second.peers)},"
            f" {_signed(second.leader)} and {_signed(second.seller)}, what they had before the first",
            same_if(lowers(printed)),
            "a product changes its sign with every failure, so every second one is a reward; after one"
            " failure a success leaves the score negative",
        ),
        Finding(
            "Z-6",
            "the same powers of x, added",
            "both sets and the trader who failed are punished with negative scores",
            f"every failure lowers all three; after the second, peers have {_signed(cured[3].peers)}"
            if lowers(cured)
            else "a failure does not lower them",
            same_if(lowers(cured)),
            "peers x, leader x³, traders x⁵, as in eq 2",
        ),
        Finding(
            "Z-6",
            "eq 2 as printed, small successes",
            "a successful transaction is awarded a positive score",
            f"three successes of 1/2 take the peers from +1 to {_signed(small[0].peers)}; added, to"
            f" {_signed(small[1].peers)}",
            same_if(small[0].peers > 1),
            "a factor below 1 shrinks what is there",
        ),
        Finding(
            "Z-8",
            "51 % attack",
            "an attacker needs control of 51 % of the smart meters",
            f"with {quarter} of {weak.members} members, drawn into clusters of {weak.size} that need"
            f" {weak.quorum} signatures, {_digits(weak.captured(quarter) * SLOTS_PER_DAY)} slots a day are"
            f" captured, with {third} members {_digits(weak.captured(third) * SLOTS_PER_DAY)}",
            Verdict.DIFFERENT,
            "a few validate for all, so a draw can have a bad majority; larger clusters lower it (table),"
            " and a home that watches has to catch the rest",
        ),
        Finding(
            "Z-8",
            "denial of service",
            "changing the sets after each transaction defends against it",
            f"{few} silenced members stop a fixed cluster of {weak.size} for ever; if it is drawn for each"
            f" slot after they were chosen, they stop {_digits(lost * 100)} % of the slots",
            Verdict.NOT_COMPARABLE,
            "the paper prints no figure; an attacker that learns each draw in"
            f" time still needs only {few}, so a silent cluster has to be drawn again",
        ),
    ]
