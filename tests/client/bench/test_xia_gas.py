"""Xia's gas figures: 126 transactions of the whole cycle, and Fig. 6 (X-9)."""

import csv
from itertools import pairwise
from pathlib import Path

import pytest

from energy_trading.bench.papers import xia_gas
from energy_trading.bench.papers.xia_gas import (
    NUMBERS,
    PAPER_QUOTE_GAS,
    NotTheCount,
    XiaGasResult,
    reproduce_xia_gas,
)


@pytest.fixture(scope="module")
def told() -> list[str]:
    return []


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory, told: list[str]) -> XiaGasResult:
    return reproduce_xia_gas(tmp_path_factory.mktemp("bench") / "new", told.append)


def test_cycle_takes_the_papers_transactions(figures: XiaGasResult) -> None:
    """40 bidders: 41 transactions until quoting ends, 126 in the whole cycle (X-9)."""
    count = {step.name: step.count for step in figures.cycle}
    assert count["publish the order"] + count["seal a quote"] == 41
    assert figures.transactions == 126
    assert len(count) == len(figures.cycle) == 9


def test_quote_is_flat(figures: XiaGasResult) -> None:
    """A quote costs the same for the first and the 60th bidder, but for zero bytes of calldata (X-9)."""
    gas = [quote for row in figures.rows for quote in row.quotes]
    assert len(gas) == sum(NUMBERS) == 390
    assert max(gas) < 35_000
    assert max(gas) - min(gas) <= 12 * 5  # a zero byte is 12 cheaper
    assert PAPER_QUOTE_GAS // max(gas) >= 21


def test_settlement_grows_linearly(figures: XiaGasResult) -> None:
    """From 5 to 60 bidders the settlement lies within 6 % of one straight line (X-9)."""
    first, last = figures.rows[0], figures.rows[-1]
    for row in figures.rows:
        part = (row.bidders - first.bidders) * (last.settle - first.settle)
        line = first.settle + part // (last.bidders - first.bidders)
        assert abs(row.settle - line) * 100 < 6 * line, row.bidders
    assert {row.post for row in figures.rows} == {first.post}
    assert figures.settle_per_quote < 7_000
    steps = [later.settle - earlier.settle for earlier, later in pairwise(figures.rows)]
    # what varies is how many quotes are the best so far, whose bidders the ledger is asked about
    assert 5 * 5_700 < min(steps) <= max(steps) < 5 * 7_700


def test_table_and_figure_are_written(figures: XiaGasResult, told: list[str]) -> None:
    """The CSV holds what was measured, the figure is a PNG, the lines say it beside the paper's (X-9)."""
    with figures.csv.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["bidders"]) for row in rows] == list(NUMBERS)
    assert [int(row["settle"]) for row in rows] == [row.settle for row in figures.rows]
    assert {row["paper_quote"] for row in rows} == {"752000"}
    assert Path(figures.figure).read_bytes().startswith(b"\x89PNG\r\n")
    assert told == figures.lines()
    assert told[10].split() == ["the", "whole", "cycle", "126", f"{sum(s.gas for s in figures.cycle):,}"]


def test_revert_given_another_count(
    figures: XiaGasResult, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A cycle that is not the paper's is an error, not a table (X-9)."""
    monkeypatch.setattr(xia_gas, "_cycle", lambda bench: figures.cycle[:-1])
    monkeypatch.setattr(xia_gas, "NUMBERS", (1,))
    with pytest.raises(NotTheCount, match=r"^the cycle took 125 transactions instead of the paper's 126$"):
        reproduce_xia_gas(tmp_path)
