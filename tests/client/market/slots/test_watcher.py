"""The watcher: what captured clusters do to a home is disputed in time, and what is right is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from energy_trading import HomeRecords, SignedAck, SignedOrder, SignedSlotReading, Watcher
from energy_trading.types import Order, Reading, SlotState
from tests.contracts.slot_market.house import ANSWER, CAP, EURO, LOCKED, POST, SLOT, Draft, House, Kept

NETS = {0: 900, 1: -400, 2: -300}


@pytest.fixture
def town(_kept: Kept) -> Iterator[House]:
    """A neighbourhood whose rules do not follow: the watcher acts on the chain alone."""
    snapshot = _kept.house.chain.snapshot()
    yield _kept.house
    _kept.put_back(snapshot)


def watcher(house: House, home: int, records: HomeRecords | None = None) -> Watcher:
    """The watcher of one home."""
    owner = house.owners[home]
    records = records or HomeRecords(None, house.suite.slots_domain)
    return Watcher(house.suite, 0, [owner.address], owner, records)


def acknowledged(house: House, draft: Draft, home: int, net: int, member: int = 1) -> HomeRecords:
    """What a home has kept if a signer has acknowledged this reading to it."""
    domain, owner = house.suite.slots_domain, house.owners[home]
    order = SignedOrder.sign(house.order(home, draft.slot), owner, domain)
    reading = Reading(owner.address, draft.slot, net)
    signed = SignedSlotReading.sign(reading, house.meters[home], domain)
    key = house.keys[draft.posted.signers[member]]
    records = HomeRecords(None, domain)
    records.keep_order(order)
    records.keep_reading(signed)
    records.keep_ack(SignedAck.sign(draft.slot, order, signed, CAP, key, domain))
    return records


def state(house: House, draft: Draft) -> SlotState:
    """State of a slot on the chain."""
    return SlotState(house.suite.slots.state_of(draft.slot))


def test_right_rows_are_left_alone(town: House) -> None:
    """A row that follows from what a signer has acknowledged is reported once, and nothing is sent (Z-7)."""
    draft = town.post(NETS)
    for home, net in NETS.items():
        watching = watcher(town, home, acknowledged(town, draft, home, net))
        assert [(f.verdict, f.sent) for f in watching.step()] == [("right", None)]
        assert watching.step() == []
    assert state(town, draft) == SlotState.POSTED


@pytest.mark.parametrize("home", [0, 1])
def test_misfill(town: House, home: int) -> None:
    """A row that contradicts an acknowledgement voids the slot, for seller and buyer (Z-6, Z-7)."""
    draft = town.post(NETS)
    net = {0: 100, 1: -200}[home]
    watching = watcher(town, home, acknowledged(town, draft, home, net))
    assert [f.verdict for f in watching.step()] == ["misfill"]
    assert state(town, draft) == SlotState.VOID
    guilty = town.suite.council.member_of(draft.posted.signers[1])
    assert guilty.stake == town.parameters.council.min_stake - town.parameters.council.slash
    assert watching.step() == []


def test_row_that_nobody_ordered(town: House) -> None:
    """A captured cluster buys for a home without an order: demanded, not answered, and void (Z-4)."""
    draft = town.post({**NETS, 0: 1100}, rows=[1100, -400, -300, -400, 0])
    watching = watcher(town, 3)
    assert [f.verdict for f in watching.step()] == ["demand"]
    assert watching.step() == []
    town.chain.mine(town.chain.now() + ANSWER)
    assert [f.verdict for f in watching.step()] == ["expire"]
    assert state(town, draft) == SlotState.VOID


def test_overspend(town: House) -> None:
    """A row above the home's cap is disputed from public data, with no records at all (Z-7)."""
    town.suite.slots.set_cap(1000).send(town.owners[1])
    town.chain.mine((town.chain.now() // SLOT + 1) * SLOT)
    draft = town.draft(NETS)
    town.suite.slots.post(*town.args(draft)).send(town.keys[draft.result.leader])
    anybody = Watcher(town.suite, 0, None, town.people["stranger"], None)
    assert [(f.home, f.verdict) for f in anybody.step() if f.verdict != "right"] == [(1, "overspend")]
    assert state(town, draft) == SlotState.VOID


def test_overdraft(town: House) -> None:
    """A row that a home cannot pay is disputed as soon as its slot is the next to be final (Z-7)."""
    town.suite.slots.request_exit(LOCKED - EURO // 100).send(town.owners[1])
    slot = town.chain.now() // SLOT
    town.chain.mine((slot + 1) * SLOT + POST)
    town.suite.slots.advance(slot + 1 - town.suite.slots.frontier()).send(town.owners[0])
    town.suite.slots.withdraw(1).send(town.owners[0])
    draft = town.draft(NETS)
    town.suite.slots.post(*town.args(draft)).send(town.keys[draft.result.leader])
    watching = watcher(town, 1, acknowledged(town, draft, 1, -400))
    assert [f.verdict for f in watching.step()] == ["right"]
    town.suite.slots.advance(draft.slot - town.suite.slots.frontier()).send(town.owners[0])
    assert [f.verdict for f in watching.step()] == ["overdraft"]
    assert state(town, draft) == SlotState.VOID


def test_only_reports_without_a_key(town: House) -> None:
    """Without a key nothing is sent; the verdict is reported once."""
    draft = town.post(NETS)
    records = acknowledged(town, draft, 1, -200)
    watching = Watcher(town.suite, 0, [town.owners[1].address], None, records)
    assert [(f.verdict, f.sent) for f in watching.step()] == [("misfill", None)]
    assert watching.step() == []
    assert state(town, draft) == SlotState.POSTED


def test_records_are_read_back(town: House, tmp_path: Path) -> None:
    """A home's journal reads back; an acknowledgement that its member did not sign is not kept (Z-6)."""
    draft = town.post(NETS)
    account = town.owners[1].address
    made = acknowledged(town, draft, 1, -400)
    [ack] = made.acks(account, draft.slot).values()
    path = tmp_path / "records.jsonl"
    for _ in range(2):
        records = HomeRecords(path, town.suite.slots_domain)
        order, reading = made.order_of(ack), made.reading(account, draft.slot)
        assert order is not None
        assert reading is not None
        records.keep_order(order)
        records.keep_reading(reading)
        records.keep_ack(ack)
        assert records.acks(account, draft.slot) == {ack.member: ack}
        assert isinstance(order.order, Order)
        with pytest.raises(Exception, match="did not sign"):
            records.keep_ack(SignedAck(ack.ack, town.owners[2].address, ack.signature))
        records.close()
