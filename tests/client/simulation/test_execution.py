"""Scenarios at a venue with contracts: the same money as in memory, to the unit, and plain refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from energy_trading.errors import BadInput
from energy_trading.simulation import execution, trading
from energy_trading.simulation.scenario.scenario import read_scenario
from energy_trading.simulation.simulate import SimulationResult, simulate
from tests.differential.revm import pyrevm

HEAD = "version = 1\nseed = 5\n"
SHORT = """
[people]
homes = 6
forecast_error_percent = 40
[time]
slot_seconds = 3600
"""
FAULTS = """
[[faults]]
kind = "cheaters"
share_percent = 20
[[faults]]
kind = "silent-meters"
rate_percent = 10
"""


def run(tmp_path: Path, text: str, venue: str) -> SimulationResult:
    """Run a scenario at a venue. It fails where the venue holds other money than the books."""
    path = tmp_path / "scenario.toml"
    path.write_text(HEAD + f'venue = "{venue}"\n' + text, encoding="utf-8")
    return simulate(read_scenario(str(path)))


@pytest.mark.parametrize("kind", ["offers", "pay-as-bid", "gsp"])
def test_trades_with_faults_are_executed(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Short receipts, testimonies, defaults and bans come to the same on revm as in the books (N-3, N-7)."""
    pyrevm()
    seen: list[int] = []
    testify = trading.OfferTrading.testify

    def counted(self: Any, trades: Any, at: int, until: int) -> None:
        seen.append(len(trades))
        testify(self, trades, at, until)

    monkeypatch.setattr(trading.OfferTrading, "testify", counted)
    text = SHORT + FAULTS + f'[[designs]]\nkind = "{kind}"\n'
    executed, kept = run(tmp_path, text, "revm"), run(tmp_path, text, "memory")
    assert executed.designs == kept.designs
    figures = executed.designs[kind]
    assert figures["trades"] > 10
    assert figures["defaults"] > 0
    assert figures["treasury_units"] > 0
    assert sum(seen) > 0, "no meter testified"


def test_pool_is_executed(tmp_path: Path) -> None:
    """Two days of slots, with silent meters and both prices, hold the books' money on revm (Z-4, Z-5)."""
    pyrevm()
    text = SHORT.replace("[time]", "[time]\ndays = 2") + "[market]\nfee_bps = 0\n"
    text += '[[faults]]\nkind = "silent-meters"\nrate_percent = 20\n'
    for price in ("mid rate", "supply-demand ratio"):
        design = f'[[designs]]\nkind = "pool"\nprice = "{price}"\n'
        executed, kept = (run(tmp_path, text + design, venue) for venue in ("revm", "memory"))
        assert executed.designs == kept.designs
        assert executed.designs["pool"]["trades"] > 20
        assert executed.money_conserved


def test_result_states_the_floor(tmp_path: Path) -> None:
    """A run with signatures states their CPU seconds; one without states none."""
    pyrevm()
    text = SHORT + '[market]\nfee_bps = 0\n[[designs]]\nkind = "pool"\n'
    signed = json.loads(json.dumps(run(tmp_path, text, "revm").to_json()))
    assert signed["floorSeconds"] > 0
    assert signed["cpuSeconds"] > 0
    assert signed["maxRssMb"] > 0
    assert run(tmp_path, text, "memory").to_json()["floorSeconds"] is None


@pytest.mark.parametrize("venue", ["eth-tester", "http"])
def test_other_venues_execute_too(tmp_path: Path, venue: str) -> None:
    """A design without trades needs no chain, whatever the venue."""
    text = SHORT + '[[designs]]\nkind = "grid-only"\n'
    name = "http://127.0.0.1:9" if venue == "http" else venue
    assert run(tmp_path, text, name).designs["grid-only"]["trades"] == 0


def test_eth_tester_executes_offers(tmp_path: Path) -> None:
    """The reference engine holds the books' money, too."""
    text = SHORT.replace("homes = 6", "homes = 3") + '[[designs]]\nkind = "offers"\n'
    assert run(tmp_path, text, "eth-tester").designs["offers"]["trades"] > 3


REFUSED = {
    "withdrawals cannot be played": '[[faults]]\nkind = "withdrawals"\n[[designs]]\nkind = "offers"\n',
    "set fee_bps = 0": '[[designs]]\nkind = "pool"\n',
    "lots cannot be settled": '[[designs]]\nkind = "lots"\n',
    "double-auction cannot be settled": '[[designs]]\nkind = "double-auction"\n',
    "one tariff for ever": "[market]\nfee_bps = 0\n[[tariffs.time_of_use]]\nbegin = 00:00:00\n"
    "retail_ct_per_kwh = 20\n[[tariffs.time_of_use]]\nbegin = 12:00:00\nretail_ct_per_kwh = 40\n"
    '[[designs]]\nkind = "pool"\n',
    "withholds a part": '[market]\nfee_bps = 0\n[[strategies]]\nkind = "standing"\noffer_percent = 50\n'
    'share_percent = 100\n[[designs]]\nkind = "pool"\n',
}


@pytest.mark.parametrize("why", REFUSED)
def test_revert_given_what_contracts_cannot_do(tmp_path: Path, why: str) -> None:
    """What has no place in the contracts is refused in a sentence that says what to do."""
    pyrevm()
    people = "[people]\nhomes = 40\n[time]\nslot_seconds = 3600\n"
    with pytest.raises(BadInput, match=why):
        run(tmp_path, people + REFUSED[why], "revm")


def test_revert_given_money_that_is_not_final(tmp_path: Path) -> None:
    """What a home has sold pays for a purchase once the slot is final, and not before (Z-5)."""
    pyrevm()
    hours = ["0"] * 24
    first, second = [*hours], [*hours]
    first[8], second[9] = "20000", "20000"
    text = (
        '[people]\nprofiles = "listed"\n[time]\nslot_seconds = 3600\n[market]\nfee_bps = 0\nfunds_eur = 1\n'
    )
    for name, pv, load in (("early", first, second), ("late", second, first)):
        text += f'[[home]]\nname = "{name}"\npv_w = [{", ".join(pv)}]\nload_w = [{", ".join(load)}]\n'
    with pytest.raises(BadInput, match="give the homes more"):
        run(tmp_path, text + '[[designs]]\nkind = "pool"\n', "revm")


def test_an_engine_that_differs_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the venue held other money than the books, the run would stop after the day."""
    pyrevm()
    balances = execution.Trades.balances
    monkeypatch.setattr(
        execution.Trades,
        "balances",
        lambda self: (balances(self)[0] + [1, -1, 0, 0, 0, 0], balances(self)[1]),
    )
    with pytest.raises(Exception, match="holds other money than the books after day 1"):
        run(tmp_path, SHORT + '[market]\nfee_bps = 0\n[[designs]]\nkind = "offers"\n', "revm")
