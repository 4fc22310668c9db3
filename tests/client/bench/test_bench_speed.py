"""The benchmark of markets counts what it signed; how fast this machine is, is no test."""

from __future__ import annotations

import json

import pytest

from energy_trading.bench.speed import measure_speed
from energy_trading.chain import _revm
from energy_trading.chain.in_process import revm
from energy_trading.errors import BadInput
from energy_trading.simulation.people import GENESIS
from energy_trading.simulation.trading import Cast
from tests.client.cli_runs import cli
from tests.differential.revm import pyrevm


def test_benchmark_counts_signatures() -> None:
    """An offer and a receipt a trade; a reading a home and slot, an order a home, four votes a slot."""
    pyrevm()
    rows = json.loads(cli("bench", "speed", "--homes", "7", "--homes", "4", "--slots", "5", "--json").out)
    assert [(row["design"], row["homes"]) for row in rows] == [
        ("offers", 4),
        ("slot market", 4),
        ("offers", 7),
        ("slot market", 7),
    ]
    for row in rows:
        homes, trades = row["homes"], row["trades"]
        assert trades > 0
        assert row["messages"] == (2 * trades if row["design"] == "offers" else homes * 5 + homes + 4 * 5)
        assert min(row["settling_s"], row["market_s"], row["floor_s"], row["ratio"], row["max_rss_mb"]) > 0


def test_benchmark_prints_a_table() -> None:
    """The table has a line for each design."""
    pyrevm()
    done = cli("bench", "speed", "--homes", "3", "--slots", "2")
    assert done.status == 0
    assert all(word in done.out for word in ("offers", "slot market", "ratio", "memory"))


def test_days_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """After ten times the slots, revm remembers no more calls, and no logs are kept: memory is flat."""
    pyrevm()
    monkeypatch.setattr(_revm, "_MOST_REMEMBERED", 200)
    remembered = []
    for slots in (20, 200):
        chain = revm(Cast.drawn(4, 0).senders, GENESIS, history=False)
        measure_speed("slot market", 4, slots, chain=chain)
        remembered.append(len(chain._evm.journal_str))  # type: ignore[attr-defined]
        assert chain._logs == []  # type: ignore[attr-defined]
    assert remembered[1] < 2 * remembered[0]


@pytest.mark.parametrize(
    ("design", "homes", "slots"), [("lots", 4, 1), ("offers", 1, 1), ("offers", 5_000, 1), ("offers", 4, 0)]
)
def test_revert_given_what_is_out_of_range(design: str, homes: int, slots: int) -> None:
    """A wrong size is one sentence, before anything runs."""
    with pytest.raises(BadInput):
        measure_speed(design, homes, slots)
