"""Verifiers as processes on Anvil: from a home's order to its money, over HTTP and over a real broker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from energy_trading import Watcher
from energy_trading.rules.slot_pool import unpack_rows
from energy_trading.types import SlotState
from tests.nodes import anvil
from tests.slot_town import CHAIN_ID, LOCKED, POST, SLOT, WINDOW, SlotTown, mosquitto

NETS = [900, -400, -300]
COSTS = [700 * 190_000, -(400 * 190_000 + 100_000), -(300 * 190_000 + 100_000)]


@pytest.fixture(params=["http", "mqtt"])
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SlotTown]:
    """Three members, of whom two are each slot's cluster and run."""
    with ExitStack() as stack:
        broker = stack.enter_context(mosquitto(tmp_path)) if request.param == "mqtt" else None
        url = stack.enter_context(anvil("--chain-id", str(CHAIN_ID)))
        sets = {"cluster_size": 2, "quorum": 2, "verifier_size": 1}
        town = SlotTown(url, tmp_path, 3, 3, broker, **sets)
        stack.callback(town.close)
        for member in set(town.numbers) - set(town.suite.council.verifiers()):
            town.start(member)
        for member in town.processes:
            town.ready(member)
        yield town


def finalised(town: SlotTown, *slots: int) -> None:
    """Let the window pass; the verifiers make the slots final by themselves."""
    town.go((max(slots) + 1) * SLOT + POST + WINDOW + 300)
    while any(town.state(slot) != SlotState.FINAL for slot in slots):
        town.settle_down()
        # Duties go round with the chain's clock, also to the member that does not run.
        town.go(town.chain.now() + 240)


def test_two_verifiers_and_a_kill(town: SlotTown) -> None:
    """Two processes post, answer and finalise; one is killed in between and goes on; the exit is paid."""
    before = town.total()
    with town.homes() as link:
        first = town.run_slot(link, NETS)
        town.suite.slots.demand(first, 1).send(town.owners[1])
        watcher = Watcher(town.suite, 0, [o.address for o in town.owners], town.owners[0], town.records)
        assert [f.verdict for f in watcher.step()] == ["right"] * 3
        assert unpack_rows(watcher.book.posted[first].rows)[:3] == [700, -400, -300]

        def answered() -> bool:
            watcher.step()
            return not watcher.book.demands

        town.wait(answered)
        victim = sorted(town.processes)[0]
        town.kill(victim)
        town.start(victim)
        town.ready(victim)
        second = town.run_slot(link, NETS)
    finalised(town, first, second)
    balances = [town.suite.slots.home_of(home).balance for home in range(3)]
    assert balances == [LOCKED + 2 * cost for cost in COSTS]
    assert town.total() == before

    # All verifiers are dead: money comes out nevertheless.
    town.close()
    slot = town.now_slot()
    town.suite.slots.request_exit(2**62).send(town.owners[1])
    town.go((slot + 1) * SLOT + POST)
    frontier = town.suite.slots.frontier()
    town.suite.slots.advance(slot + 1 - frontier).send(town.owners[2])
    funds = town.suite.ledger.account_of(town.owners[1].address).available
    town.suite.slots.withdraw(1).send(town.owners[2])
    assert town.suite.ledger.account_of(town.owners[1].address).available == funds + balances[1]
    assert town.total() == before
