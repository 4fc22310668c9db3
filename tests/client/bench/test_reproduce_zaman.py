"""Zaman's equations and attacks by calculation (Z-2, Z-6, Z-8)."""

import csv
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import pytest

from energy_trading.bench.papers.zaman import (
    DESIGN,
    SEQUENCE,
    SMALL_SUCCESSES,
    Cluster,
    ZamanResult,
    reproduce_zaman,
)
from energy_trading.errors import BadInput
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


@pytest.fixture(scope="module")
def told() -> list[str]:
    return []


@pytest.fixture(scope="module")
def zaman(tmp_path_factory: pytest.TempPathFactory, told: list[str]) -> ZamanResult:
    return reproduce_zaman(tmp_path_factory.mktemp("bench") / "new", told.append)


def peers(scores: tuple[QScores, ...]) -> list[Fraction]:
    return [each.peers for each in scores]


def test_two_failures_in_a_row_are_a_reward_as_printed(zaman: ZamanResult) -> None:
    """Eq 2 gives peers, leader and seller back what the first failure took (Z-6 erratum)."""
    assert [transaction.x for transaction in SEQUENCE] == [1, -1, -1, 1, -1]
    assert peers(zaman.printed) == [1, 1, -1, 1, 1, -1]
    assert zaman.printed[3] == zaman.printed[1] == QScores()
    assert [total_as_printed(zaman.printed[i], SEQUENCE[i]) for i in range(3)] == [4, -3, 3]


def test_added_every_failure_is_a_loss(zaman: ZamanResult) -> None:
    """The same powers, added, lower everybody who failed or let it pass, each time (Z-6)."""
    assert peers(zaman.cured) == [1, 2, 1, 0, 1, 0]
    assert zaman.cured[3] == QScores(Fraction(0), Fraction(0), Fraction(0), Fraction(2))
    assert zaman.cured[5] == QScores(Fraction(0), Fraction(0), Fraction(1), Fraction(2))


def test_powers_follow_the_role() -> None:
    """Peers move by x, the leader by x³, the traders by x⁵; α names the one who failed (Z-6)."""
    half = Fraction(1, 2)
    assert as_printed(QScores(), Transaction(half)) == QScores(half, half**3, half**5, half**5)
    assert additive(QScores(), Transaction(-half, Failed.BUYER)) == QScores(
        1 - half, 1 - half**3, Fraction(1), 1 - half**5
    )
    assert total_as_printed(QScores(), Transaction(-half, Failed.BUYER)) == -half - half**3 - half**5
    assert [each.peers for each in follow(as_printed, SMALL_SUCCESSES)] == [1, half, half**2, half**3]
    assert follow(additive, SMALL_SUCCESSES)[-1].peers == Fraction(5, 2)


@pytest.mark.parametrize(
    ("x", "failed"), [(0, Failed.NOBODY), (0, Failed.SELLER), (1, Failed.SELLER), (-1, Failed.NOBODY)]
)
def test_revert_given_outcome_that_eq_2_does_not_know(x: int, failed: Failed) -> None:
    """A success has no α, a failure has one, and nothing scores 0 (Z-6)."""
    with pytest.raises(BadInput) as error:
        Transaction(Fraction(x), failed)
    assert str(error.value) == (
        "the score of a transaction must be above 0 if nobody failed and below 0 if somebody did, not"
        f" {x} with {failed.name}"
    )


def test_leader_turns() -> None:
    """Eq 1: the index moves on by one after each interval, and not within one (Z-2)."""
    assert [leader_of(100 + t, 100, 10, 3) for t in (0, 9, 10, 20, 29, 30, 61)] == [0, 0, 1, 2, 2, 0, 0]


def test_probabilities_are_those_of_all_draws() -> None:
    """Counted out over every cluster of 4 out of 9 members, for every number of bad ones (Z-8)."""
    cluster = Cluster(9, 4, 3)
    draws = list(combinations(range(9), 4))
    for bad in range(10):
        captured = sum(sum(member < bad for member in draw) >= 3 for draw in draws)
        posted = sum(sum(member >= bad for member in draw) >= 3 for draw in draws)
        assert cluster.captured(bad) == Fraction(captured, len(draws))
        assert cluster.posted(bad) == Fraction(posted, len(draws))
    assert cluster.enough_to_stop == 2


def test_table_agrees_with_the_design(zaman: ZamanResult) -> None:
    """Every figure that the design of the slot market states is what the formula gives, to its digits."""
    for chance in zaman.chances:
        if chance.share not in (25, 33):
            continue
        place = (25, 33).index(chance.share)
        captured, posted = (stated[place] for stated in DESIGN[chance.cluster])
        decimals = len(captured.partition(".")[2])
        assert f"{float(chance.captured_a_day):.{decimals}f}" == f"{float(captured):.{decimals}f}"
        assert f"{float(chance.posted):.0%}" == f"{posted}%"
    assert [(c.share, c.bad) for c in zaman.chances[:5]] == [(10, 5), (25, 12), (33, 16), (40, 19), (51, 25)]


def test_findings(zaman: ZamanResult, told: list[str]) -> None:
    """Rotation and additive score are as claimed; what is printed, and the 51 %, are not (Z-2, Z-6)."""
    calculated = [each for each in zaman.findings.rows if not each.about.startswith("Fig.")]
    same = {finding.about for finding in calculated if finding.cells()[4] == "same"}
    assert same == {"eq 1, the leader among the verifier set", "the same powers of x, added"}
    by_name = {finding.about: finding for finding in zaman.findings.rows}
    assert "only 70 of 480 intervals" in by_name["eq 1 with n as printed"].ours
    assert "0.69 slots a day are captured, with 16 members 3.2" in by_name["51 % attack"].ours
    assert "3 silenced members stop a fixed cluster of 7" in by_name["denial of service"].ours
    assert told[: len(by_name)] == zaman.findings.lines()


def test_files_are_written(zaman: ZamanResult) -> None:
    """Both tables are there, row by row."""
    with zaman.csv.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["bad"]) for row in rows] == [chance.bad for chance in zaman.chances]
    assert rows[1]["captured_a_day"] == "0.694964"
    with Path(zaman.scores_csv).open(newline="", encoding="utf-8") as file:
        scores = list(csv.DictReader(file))
    assert [Fraction(row["peers_printed"]) for row in scores] == peers(zaman.printed)
    assert [Fraction(row["seller_added"]) for row in scores] == [each.seller for each in zaman.cured]


def test_workflows_are_run(zaman: ZamanResult) -> None:
    """Figs. 3 to 6: admission, settlement, a forged reading and a bad order take the paper's course (Z-7)."""
    rows = [each for each in zaman.findings.rows if each.about.startswith("Fig.")]
    verdicts = [(each.about.partition(",")[0], each.verdict.value) for each in rows]
    assert verdicts == [
        ("Fig. 3", "same"),
        ("Fig. 4", "same"),
        ("Fig. 5", "same"),
        ("Fig. 6", "same"),
        ("Fig. 6", "different"),
    ]
    assert "buys 100 Wh" in rows[-1].ours
