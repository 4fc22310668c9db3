"""Xia's gas figures: an order with 40 bidders, its throughput, and Fig. 6 (X-9)."""

import csv
from itertools import pairwise
from pathlib import Path

import pytest

from energy_trading.bench.papers.findings import Verdict
from energy_trading.bench.papers.xia_gas import NUMBERS, PAPER_QUOTE_GAS, XiaGasResult, reproduce_xia_gas


@pytest.fixture(scope="module")
def told() -> list[str]:
    return []


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory, told: list[str]) -> XiaGasResult:
    return reproduce_xia_gas(tmp_path_factory.mktemp("bench") / "new", told.append)


def test_cycle_is_counted_by_step(figures: XiaGasResult) -> None:
    """40 bidders: 41 transactions until quoting ends, 126 in the cycle as we count it (X-9)."""
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


def test_counts_that_the_paper_leaves_open_are_not_compared(figures: XiaGasResult) -> None:
    """126 transactions cannot be compared; what made the quote cheaper is named (X-9)."""
    found = {f.about: f for f in figures.findings.rows}
    assert found["transactions of the whole cycle"].verdict is Verdict.NOT_COMPARABLE
    assert found["transactions of one order"].verdict is Verdict.SAME
    quote = found["gas of a quote (Table 3)"]
    assert quote.verdict is Verdict.DIFFERENT
    assert f"what moved to the settlement ({figures.settle_per_quote:,} a quote)" in quote.why
    assert "at the prices of 2019 (68 for a byte of calldata" in quote.why
    assert f"would cost {figures.quote_2019:,}." in quote.why


def test_quote_at_the_prices_of_2019(figures: XiaGasResult) -> None:
    """52 more for each byte that is not zero, 2,100 more to change the slot, 1,900 less to read it (X-9)."""
    row = figures.rows[0]
    for now, then in zip(row.quotes, row.quotes_2019, strict=True):
        bytes_not_zero = (then - now - 2_100 + 1_900) / 52
        assert bytes_not_zero.is_integer()
        assert 90 <= bytes_not_zero <= 100
    assert figures.quote_2019 == max(max(r.quotes_2019) for r in figures.rows)


def test_throughput(figures: XiaGasResult) -> None:
    """30 quotes a minute in the paper; ours with the same blocks, alone and with their settlement (X-9)."""
    found = {f.about: f for f in figures.findings.rows}["throughput: quotes a minute"]
    most = max(max(row.quotes) for row in figures.rows)
    alone, whole = (5 * (4_700_000 // gas) for gas in (most, most + figures.settle_per_quote))
    assert found.paper.startswith("30, with a block of 4.7 million gas every 12 seconds")
    assert found.ours == f"{alone} with the same blocks; {whole} with their settlement"
    assert found.verdict is Verdict.DIFFERENT
