"""Nazari's five scenarios anew: balances before and after each, and the paper's claims beside them."""

import csv
from pathlib import Path

import pytest

from energy_trading.bench.papers.findings import NotAsStated, Verdict, demand, refused
from energy_trading.bench.papers.nazari import PRICE, Balance, NazariResult
from energy_trading.bench.papers.reproductions import made, reproduce
from energy_trading.errors import BadInput
from energy_trading.simulation.neighbourhood import FUNDS
from energy_trading.simulation.people import EURO

FEE = PRICE // 100
CANCEL = PRICE // 20
PENALTY = PRICE // 5


@pytest.fixture(scope="module")
def told() -> list[str]:
    return []


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench") / "nazari"


@pytest.fixture(scope="module")
def nazari(out: Path, told: list[str]) -> NazariResult:
    result: NazariResult = reproduce("nazari", out, told.append)
    return result


def moves(steps: list[Balance]) -> list[tuple[int, int, int, int, int]]:
    """Seller, guarantee, buyer, payment and treasury against the beginning of the scenario."""
    first = steps[0]
    return [
        (
            s.seller - first.seller,
            s.guarantee,
            s.buyer - first.buyer,
            s.paid,
            s.treasury - first.treasury,
        )
        for s in steps[1:]
    ]


def test_scenario_1_success(nazari: NazariResult) -> None:
    """Guarantee, payment, receipt; then the price less the fee is the seller's (N-7 scenario 1)."""
    steps = nazari.of(1)
    assert (steps[0].seller, steps[0].buyer, steps[0].treasury) == (FUNDS, FUNDS, 0)
    assert moves(steps) == [
        (-PRICE, PRICE, 0, 0, 0),
        (-PRICE, PRICE, -PRICE, PRICE, 0),
        (PRICE - FEE, 0, -PRICE, 0, FEE),
    ]


def test_scenario_2_cancel(nazari: NazariResult) -> None:
    """Early, five per cent of the guarantee are kept; from the expiry on, nothing (N-7 scenario 2)."""
    assert moves(nazari.of(2)) == [
        (-PRICE, PRICE, 0, 0, 0),
        (-CANCEL, 0, 0, 0, CANCEL),
        (-CANCEL - PRICE, PRICE, 0, 0, CANCEL),
        (-CANCEL, 0, 0, 0, CANCEL),
    ]


def test_scenario_3_late_acceptance(nazari: NazariResult) -> None:
    """The late buyer pays nothing, and the guarantee comes back whole (N-7 scenario 3)."""
    assert moves(nazari.of(3)) == [(-PRICE, PRICE, 0, 0, 0)] * 2 + [(0, 0, 0, 0, 0)]


def test_scenario_4_late_delivery(nazari: NazariResult) -> None:
    """The buyer is refunded, the seller loses a fifth and has a penalty (N-7 scenario 4)."""
    steps = nazari.of(4)
    assert moves(steps) == [(-PENALTY, 0, 0, 0, PENALTY)]
    assert [s.penalties for s in steps] == [0, 1]


def test_scenario_5_too_many_penalties(nazari: NazariResult) -> None:
    """The third penalty bans; when the date has passed, an offer goes again (N-7 scenario 5)."""
    steps = nazari.of(5)
    lost = 2 * PENALTY + CANCEL
    assert moves(steps) == [
        (-PENALTY, 0, 0, 0, PENALTY),
        (-2 * PENALTY, 0, 0, 0, 2 * PENALTY),
        (-lost, 0, 0, 0, lost),
    ]
    assert [s.penalties for s in steps] == [1, 2, 3, 3]


def test_no_coin_is_lost(nazari: NazariResult) -> None:
    """At every step all funds together are what was deposited (N-7)."""
    sums = {b.seller + b.guarantee + b.buyer + b.paid + b.treasury for b in nazari.balances}
    assert sums == {2 * FUNDS}


def test_claims_are_compared(nazari: NazariResult, told: list[str]) -> None:
    """Money ends where the paper says; what differs is who calls, where cuts go and when a fee is due."""
    assert {(f.row, f.about) for f in nazari.findings.rows if f.verdict is Verdict.DIFFERENT} == {
        ("N-5", "scenario 1, P1 = P2 and X1 = X2"),
        ("N-1", "transaction fee"),
        ("N-4", "scenario 2, where p % goes"),
        ("N-7", "scenario 3, how"),
        ("N-7", "scenario 4, who calls"),
    }
    assert {f.about for f in nazari.findings.rows if f.verdict is Verdict.NOT_COMPARABLE} == {
        "related work: privacy",
        "related work: overhead",
    }
    ours = {f.about: f.ours for f in nazari.findings.rows}
    assert ours["scenario 5, threshold"].endswith("banned at number 3, k = 2")
    assert ours["scenario 5, how long"].startswith("a date, 4.00 days from the default on")
    assert ours["related work: third parties"].startswith(
        "22 transactions in the five scenarios, 0 of them by PKG"
    )
    assert ours["related work: overhead"].startswith("scenario 1 takes 3 transactions")
    assert told[-len(nazari.findings.rows) :] == nazari.findings.lines()


def test_balances_are_written(nazari: NazariResult) -> None:
    """The CSV holds every balance in units of account (N-7)."""
    with nazari.csv.open(newline="", encoding="utf-8") as file:
        rows = [
            Balance(int(r.pop("scenario")), r.pop("step"), *map(int, r.values()))
            for r in csv.DictReader(file)
        ]
    assert tuple(rows) == nazari.balances
    assert PRICE == EURO // 5


def test_what_was_made_is_not_made_again(nazari: NazariResult, out: Path) -> None:
    """The page takes what this process has made in that folder."""
    assert made("nazari", out) is nazari


def test_another_course_is_an_error() -> None:
    """A run that does something else than is said of it stops: no page is written over a bug."""
    start = r"^the reproduction took another course; expected: "
    with pytest.raises(NotAsStated, match=start + r"the moon rises$"):
        demand(False, "the moon rises")
    with pytest.raises(NotAsStated, match=start + r"a refusal as BadInput$"):
        refused(BadInput, lambda: None)
    with pytest.raises(NotAsStated, match="the sun sets"):
        refused(BadInput, lambda: demand(False, "the sun sets"))
