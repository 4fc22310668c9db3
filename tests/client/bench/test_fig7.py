"""Xia's Fig. 7: the merchant who is honest below 7.5 and cheats above (X-10)."""

import csv
from dataclasses import replace
from itertools import pairwise, repeat
from pathlib import Path

import pytest

from energy_trading.bench.papers.fig7 import (
    FRAUD_Z,
    HONEST_Z,
    PARAMETERS,
    TRADES,
    Fig7Result,
    reproduce_fig7,
)
from energy_trading.bench.papers.findings import Verdict
from energy_trading.rules import credit
from energy_trading.rules.credit import E9
from energy_trading.rules.credit_as_printed import buyer_factor_as_printed, seller_credits

FRAUDS = (60, 63, 68, 76, 90, 112, 148, 199)


@pytest.fixture(scope="module")
def told() -> list[str]:
    return []


@pytest.fixture(scope="module")
def fig7(tmp_path_factory: pytest.TempPathFactory, told: list[str]) -> Fig7Result:
    return reproduce_fig7(tmp_path_factory.mktemp("bench") / "new", told.append)


def test_frauds_fall_where_the_model_says(fig7: Fig7Result, told: list[str]) -> None:
    """The merchant cheats at 60, 63, 68, 76, 90, 112, 148 and 199, printed as one list (X-10)."""
    assert fig7.frauds == FRAUDS
    assert fig7.float_frauds == FRAUDS
    assert told[1] == "60,63,68,76,90,112,148,199"
    assert told == fig7.lines()


def test_each_drop_is_steeper_and_each_way_back_longer(fig7: Fig7Result) -> None:
    """A fraud costs a larger share than the one before and more honest trades to make good (X-10)."""
    assert [share // 10**6 for share in fig7.kept_e9] == [939, 888, 804, 666, 492, 326, 194, 108]
    assert all(later < earlier for earlier, later in pairwise(fig7.kept_e9))
    assert fig7.honest_between == (2, 4, 7, 13, 21, 35, 50)


def test_run_is_the_papers(fig7: Fig7Result) -> None:
    """The run starts at 1 with an empty window, and neither floor, ceiling nor ban ever acts (X-10)."""
    assert len(fig7.trades) == TRADES == 200
    assert fig7.trades[0].before_e9 == E9
    assert fig7.trades[0].after_e9 == E9 + HONEST_Z * E9 // (HONEST_Z + 200)
    assert {(t.z, t.fraud) for t in fig7.trades} == {(HONEST_Z, False), (FRAUD_Z, True)}
    assert all(PARAMETERS.floor_e9 < t.after_e9 < PARAMETERS.ceiling_e9 for t in fig7.trades)
    assert PARAMETERS.grace_defaults > len(FRAUDS)


def test_floor_of_one_leaves_the_frauds_where_they_are() -> None:
    """With the market's own floor of 1 only the last fall differs: 0.822 becomes 1 (X-1 erratum)."""
    constants = replace(PARAMETERS, floor_e9=E9)
    standing, frauds = credit.new_standing(constants), []
    for i in range(TRADES):
        if standing.seller_credit_e9 < 7_500_000_000:
            standing = credit.sold(standing, HONEST_Z, constants)
        else:
            standing = credit.seller_default(standing, FRAUD_Z, 0, constants)
            frauds.append(i)
    assert tuple(frauds) == FRAUDS
    assert standing.seller_credit_e9 == E9


def test_printed_reading_cannot_give_the_figure(fig7: Fig7Result) -> None:
    """With z0 beside the fraction an honest trade multiplies the credit by 201 and more (X-1 erratum)."""
    honest = seller_credits(lambda _: (HONEST_Z, False), "printed")
    values = [value for (value, _), _ in zip(honest, repeat(None, 12), strict=False)]
    assert values[0] == 202
    assert [later / earlier for earlier, later in pairwise(values)][-2:] == pytest.approx([201.1, 201.1])
    assert fig7.printed_frauds[:5] == (1, 3, 5, 7, 10)
    assert fig7.printed_credits[:2] == (202, pytest.approx(202 / 201.6667, rel=1e-4))


def test_buyer_grows_by_its_own_window(fig7: Fig7Result) -> None:
    """Eq 5 takes the seller's s(z), the ledger the buyer's own: both buyers grow alike (X-2)."""
    assert fig7.bought == pytest.approx([0.5 * 10 / 210] * 2, abs=1e-8)
    (found,) = [f for f in fig7.findings.rows if f.row == "X-2"]
    assert found.verdict is Verdict.DIFFERENT
    assert "z = 10 adds 0.0238 with a newcomer and 0.0045 with a seller" in found.paper


def test_promises_broken_in_other_ways_cost_other_shares(fig7: Fig7Result) -> None:
    """Withdrawn, not delivered, not paid: three shares of the credit; the paper names no behaviours (X-1)."""
    withdrawn, undelivered, unpaid = fig7.kept
    assert withdrawn == pytest.approx(1 / 1.05, abs=1e-8)
    assert undelivered == pytest.approx(1 / (1 + 20 / (9 * 100 + 10 + 20 - 100 + 200)), abs=1e-8)
    assert len({withdrawn, undelivered, unpaid}) == 3
    assert max(fig7.kept) < 1


def test_page_states_what_the_run_changed(fig7: Fig7Result) -> None:
    """Bans off, ceiling raised, floor lowered, preparing trades: all are in the row of conditions (X-10)."""
    (found,) = [f for f in fig7.findings.rows if f.about == "conditions of the run"]
    assert found.verdict is Verdict.DIFFERENT
    for words in (
        "bans are off",
        "raised from 100 to 1000",
        "from 1 to 0.641",
        "11 preparing trades precede",
    ):
        assert words in found.ours
    verdicts = {f.about: f.verdict for f in fig7.findings.rows if f.row == "X-10"}
    assert verdicts.pop("conditions of the run") is Verdict.DIFFERENT
    assert set(verdicts.values()) == {Verdict.SAME}


def test_printed_buyer_equation_is_upside_down() -> None:
    """Eq 6 as printed lowers who pays and raises who does not; ours does the opposite (X-2 erratum)."""
    assert buyer_factor_as_printed([10] * 10, paid=True) < 1 < buyer_factor_as_printed([10] * 10, paid=False)
    standing = credit.Standing(5 * E9, 5 * E9)
    paid = credit.bought(standing, 10, PARAMETERS).buyer_credit_e9
    unpaid = credit.buyer_default(standing, 10, 0, PARAMETERS).buyer_credit_e9
    assert unpaid < 5 * E9 < paid


def test_table_and_figure_are_written(fig7: Fig7Result) -> None:
    """The CSV holds every trade in all readings, the figure is a PNG (X-10)."""
    with fig7.csv.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["trade"]) for row in rows] == list(range(TRADES))
    assert [int(row["credit_e9"]) for row in rows] == [t.after_e9 for t in fig7.trades]
    assert tuple(i for i, row in enumerate(rows) if row["fraud"] == "1") == FRAUDS
    # integers round down at every step, floats do not: they part by less than 1e-6 in 200 trades
    assert all(abs(int(row["credit_e9"]) / E9 - float(row["credit_float"])) < 1e-6 for row in rows)
    assert Path(fig7.figure).read_bytes().startswith(b"\x89PNG\r\n")
