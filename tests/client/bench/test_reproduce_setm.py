"""SETM's case study, run through the real agent."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from energy_trading.bench.papers.findings import Verdict
from energy_trading.bench.papers.setm import SECOND, TABLE_1, reproduce_setm


@pytest.mark.slow
def test_case_study(tmp_path: Path) -> None:
    """Every consumer of Table 1 buys within both parties' bids, and cheaper from two producers (S-6, S-7)."""
    result = reproduce_setm(tmp_path, lambda _: None)
    members = {member.name: member for member in (*TABLE_1, SECOND)}
    consumers = [member.name for member in TABLE_1[:-1]]
    for deals in (result.alone, result.competing):
        assert sorted(deal.buyer for deal in deals) == sorted(consumers)
        for deal in deals:
            for name in (deal.buyer, deal.seller):
                assert members[name].low <= deal.price <= members[name].high
    paid = [sum(deal.price for deal in deals) for deals in (result.alone, result.competing)]
    assert paid[1] < paid[0]
    assert {deal.seller for deal in result.alone} == {TABLE_1[-1].name}
    assert SECOND.name in {deal.seller for deal in result.competing}
    assert result.records == (6, 6)
    verdicts = Counter(finding.verdict for finding in result.findings.rows)
    assert verdicts == {Verdict.SAME: 4, Verdict.NOT_COMPARABLE: 2}
    with (tmp_path / "deals.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 12


def test_table_is_the_papers() -> None:
    """The seven rows as printed: days for forecasting, min and max bid in €/MWh (S-7)."""
    printed = [
        (9, 34, 46),
        (4, 34, 46),
        (9, 36, 48),
        (18, 36, 48),
        (8, 38, 48),
        (1393, 36, 50),
        (342, 40, 52),
    ]
    assert [(member.days, member.low, member.high) for member in TABLE_1] == printed
