"""Verifier nodes on a chain in this process, with messages handed over directly, delayed or lost."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from energy_trading import (
    BadInput,
    ConditionBroken,
    Forged,
    HomeRecords,
    NodeSettings,
    SecretKey,
    SignedAck,
    SignedOrder,
    SignedSlotReading,
    VerifierNode,
    VerifierStore,
    VerifierStoreLocked,
    Watcher,
)
from energy_trading.rules.slot_pool import unpack_rows
from energy_trading.types import Reading, SlotState
from tests.contracts.slot_market.conftest import _kept  # noqa: F401
from tests.contracts.slot_market.house import ANSWER, POST, SLOT, TURN, WINDOW, House, Kept


class Neighbourhood:
    """All members of a house as nodes; messages wait until they are delivered."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house, self.folder, self.suite = house, folder, house.suite
        self.domain = house.suite.slots_domain
        self.waiting: list[tuple[str, str, dict[str, Any]]] = []
        self.lines: list[str] = []
        self.nodes: dict[str, VerifierNode] = {}
        self.stores: dict[str, VerifierStore] = {}
        self.records = HomeRecords(None, self.domain)
        for member in house.members:
            self.start(member)

    def start(self, key: SecretKey) -> None:
        """Start a member's node, or start it again."""
        me = key.address
        store = VerifierStore(self.folder / f"{me}.db", self.domain, me)
        others = [m.address for m in self.house.members if m.address != me]

        def send(to: str | None, message: dict[str, Any]) -> None:
            self.waiting += [
                (me, each, json.loads(json.dumps(message))) for each in (others if to is None else [to])
            ]

        settings = NodeSettings(tuple(others), collect_seconds=30, finalise_every=2)
        node = VerifierNode(self.suite, 0, key, store, send, settings, self.lines.append)
        node.step()
        self.nodes[me], self.stores[me] = node, store

    def stop(self, member: str) -> None:
        """End a node as a kill does: nothing but its file is left."""
        self.stores.pop(member).close()
        del self.nodes[member]

    def deliver(self, lost: float = 0, rng: random.Random | None = None) -> None:
        """Hand over what waits, until nothing does."""
        while self.waiting:
            waiting, self.waiting = self.waiting, []
            for _, to, message in waiting:
                if rng is not None and rng.random() < lost:
                    continue
                if to.startswith("home "):
                    self.records.keep_ack(SignedAck.from_json(message["signed"]))
                elif to in self.nodes:
                    try:
                        self.nodes[to].receive(message)
                    except (BadInput, ConditionBroken) as refused:
                        self.lines.append(f"{to}: {refused}")

    def steps(self, count: int = 1, **lost: Any) -> None:
        """Let every node do what is due, a block apart."""
        for _ in range(count):
            for member in sorted(self.nodes):
                self.nodes[member].step()
            self.deliver(**lost)

    def order(self, home: int, slot: int, at: int = 0, **changes: Any) -> SignedOrder:
        """A home's order, sent to one member."""
        plain = replace(self.house.order(home, slot), **changes)
        signed = SignedOrder.sign(plain, self.house.owners[home], self.domain)
        self.records.keep_order(signed)
        self.tell(at, {"kind": "order", "signed": signed.to_json()})
        return signed

    def reading(self, home: int, slot: int, net: int, at: int = 0) -> dict[str, Any]:
        """A home's reading, sent to one member; what it answers."""
        reading = Reading(self.house.owners[home].address, slot, net)
        signed = SignedSlotReading.sign(reading, self.house.meters[home], self.domain)
        self.records.keep_reading(signed)
        return self.tell(at, {"kind": "reading", "signed": signed.to_json()})

    def tell(self, at: int, message: dict[str, Any]) -> dict[str, Any]:
        members = sorted(self.nodes)
        answer = self.nodes[members[at % len(members)]].receive(message)
        if answer.get("ack"):
            self.records.keep_ack(SignedAck.from_json(answer["ack"]))
        return answer

    def begin(self) -> int:
        """Go to the beginning of the next slot, which every node sees."""
        slot = self.house.next_slot()
        self.steps()
        return slot

    def end(self, slot: int, nets: dict[int, int]) -> None:
        """Let a slot end, and its meters send."""
        self.house.chain.mine((slot + 1) * SLOT)
        self.steps()
        for home, net in nets.items():
            self.reading(home, slot, net, home)
        self.deliver()

    def state(self, slot: int) -> SlotState:
        return self.suite.slots.state_of(slot)


@pytest.fixture
def town(_kept: Kept, tmp_path: Path) -> Iterator[Neighbourhood]:  # noqa: F811
    house = _kept.house
    snapshot = house.chain.snapshot()
    asked = {name: getattr(house.chain, name) for name in ("logs", "time_of", "call")}
    read: dict[Any, Any] = {}

    def once(name: str) -> Any:
        """Ten nodes ask the chain of this process the same about a block, which takes it a while."""

        def answer(*given: Any, **named: Any) -> Any:
            key = house.chain.block(), name, repr(given), repr(named)
            if key not in read:
                read[key] = asked[name](*given, **named)
            return read[key]

        return answer

    for name in asked:
        setattr(house.chain, name, once(name))
    town = Neighbourhood(house, tmp_path)
    yield town
    for store in town.stores.values():
        store.close()
    for name in asked:
        delattr(house.chain, name)
    _kept.put_back(snapshot)


NETS = {0: 900, 1: -400, 2: -300, 3: 50, 4: -50}


def posted(town: Neighbourhood, nets: dict[int, int] = NETS, steps: int = 8) -> int:
    """A whole slot, from the orders to the post."""
    slot = town.begin() + 1
    for home in nets:
        town.order(home, slot, home)
    town.deliver()
    town.house.next_slot()
    town.end(slot, nets)
    town.steps(steps)
    return slot


def test_slot_from_orders_to_money(town: Neighbourhood) -> None:
    """Nodes gossip, settle, sign, post and finalise by themselves; the watcher finds every row right."""
    before = [town.suite.slots.home_of(home).balance for home in range(5)]
    first, second = posted(town), posted(town)
    assert [town.state(slot) for slot in (first, second)] == [SlotState.POSTED] * 2
    watcher = Watcher(
        town.suite, 0, [o.address for o in town.house.owners], town.house.owners[0], town.records
    )
    found = watcher.step()
    assert {(f.slot, f.verdict) for f in found} == {(first, "right"), (second, "right")}
    rows = unpack_rows(watcher.book.posted[first].rows)[:5]
    assert sum(rows) == 0
    assert rows[1:] == [-400, -300, 26, -50] or rows[0] + rows[3] == 750
    assert town.house.chain.now() < (second + 2) * SLOT
    for _ in range(2 * len(town.nodes)):
        town.house.chain.mine(town.house.chain.now() + max(TURN, WINDOW // 4))
        town.steps()
    assert [town.state(slot) for slot in (first, second)] == [SlotState.FINAL] * 2
    after = [town.suite.slots.home_of(home).balance for home in range(5)]
    assert after[1] == before[1] - 2 * (400 * 190_000 + 100_000)
    assert sum(after) == sum(before) - 2 * 3 * 100_000


def test_killed_nodes_keep_their_word(town: Neighbourhood) -> None:
    """A node that was killed gives the same acknowledgement again, and the slot is posted (Z-6)."""
    slot = town.begin() + 1
    for home in NETS:
        town.order(home, slot, home)
    town.deliver()
    town.house.next_slot()
    town.house.chain.mine((slot + 1) * SLOT)
    town.steps()
    acks = {home: town.reading(home, slot, net)["ack"] for home, net in NETS.items()}
    assert all(acks.values())
    first = sorted(town.nodes)[0]
    with pytest.raises(VerifierStoreLocked):
        VerifierStore(town.folder / f"{first}.db", town.domain, first)
    town.waiting.clear()  # what it has gossiped is lost with it
    town.stop(first)
    town.start(next(m for m in town.house.members if m.address == first))
    assert {home: town.reading(home, slot, net)["ack"] for home, net in NETS.items()} == acks
    # Nobody else knows a reading: the leader learns them from the refusal of the node that has acknowledged.
    for home, net in NETS.items():
        town.reading(home, slot, net, 1)
    town.deliver()
    town.steps(8)
    assert town.state(slot) == SlotState.POSTED


def test_lost_messages_and_dead_members(town: Neighbourhood) -> None:
    """With a third of the messages lost and one member after the other down, slots are posted."""
    rng = random.Random(7)
    for round_ in range(3):
        down = town.house.members[rng.randrange(len(town.house.members))]
        town.stop(down.address)
        slot = town.begin() + 1
        for home in NETS:
            for at in range(3):
                town.order(home, slot, home + at, nonce=round_)
        town.deliver(lost=0.3, rng=rng)
        town.house.next_slot()
        town.house.chain.mine((slot + 1) * SLOT)
        town.steps(lost=0.3, rng=rng)
        for home, net in NETS.items():
            for at in range(3):
                town.reading(home, slot, net, home + at)
        town.deliver(lost=0.3, rng=rng)
        for _ in range(POST // TURN - 2):
            town.house.chain.mine(town.house.chain.now() + TURN // 2)
            town.steps(4, lost=0.3, rng=rng)
            if town.state(slot) == SlotState.POSTED:
                break
        assert town.state(slot) == SlotState.POSTED, town.lines
        town.start(down)


def test_late_order_counts_from_the_next_slot(town: Neighbourhood) -> None:
    """Orders close when the slot begins: what comes during a slot is for the next one (Z-4)."""
    slot = town.begin()
    town.order(0, slot + 1, sell_limit=0, first_slot=slot)
    for home in (0, 1):
        answer = town.tell(
            1,
            {
                "kind": "order",
                "signed": SignedOrder.sign(
                    town.house.order(home, slot, last_slot=slot + 1), town.house.owners[home], town.domain
                ).to_json(),
            },
        )
        assert answer == {"counts_from": slot + 1}


def test_wrong_messages_are_refused(town: Neighbourhood) -> None:
    """Forged, late, strange and unsigned messages change nothing (Z-7)."""
    slot = town.begin()
    node = next(iter(town.nodes.values()))
    order = town.house.order(0, slot + 1)
    forged = SignedOrder(order, SignedOrder.sign(order, town.house.owners[0], town.domain).signature)
    forged = replace(forged, order=replace(order, nonce=7))
    stranger = replace(order, account=town.house.people["stranger"].address)
    strange = SignedOrder.sign(stranger, town.house.people["stranger"], town.domain)
    reading = SignedSlotReading.sign(
        Reading(town.house.owners[0].address, slot + 5, 5), town.house.meters[0], town.domain
    )
    cases: list[tuple[type[Exception], Any]] = [
        (Forged, {"kind": "order", "signed": forged.to_json()}),
        (BadInput, {"kind": "order", "signed": strange.to_json()}),
        (BadInput, {"kind": "reading", "signed": reading.to_json()}),
        (BadInput, {"kind": "refusal", "slot": slot, "why": "", "entries": []}),
        (BadInput, {"kind": "nothing"}),
        (BadInput, ["order"]),
        (BadInput, {"member": town.house.owners[0].address, "message": {}, "signature": "0x" + "00" * 64}),
        (Forged, {"member": node.member, "message": {}, "signature": "0x" + "00" * 64}),
    ]
    for kind, message in cases:
        with pytest.raises(kind):
            node.receive(message)


def test_lying_leader_is_declined_and_named(town: Neighbourhood) -> None:
    """Peers decline a row that does not follow, sign the right one, and record the leader's signature (α)."""
    nodes, lies = town.nodes, list[str]()

    def lying(node: VerifierNode, honest: Any) -> Any:
        def send(to: str | None, message: dict[str, Any]) -> None:
            inner = message.get("message", {})
            if inner.get("kind") == "proposal" and lies in ([], [node.member]) and len(told) < 4:
                lies[:] = [node.member]
                told.append(str(to))
                inner = json.loads(json.dumps(inner))
                del inner["entries"][1]
                before, node._out = node._out, []
                node._tell(to, inner)
                [(_, lie)], node._out = node._out, before
                honest(to, lie)
            else:
                honest(to, message)

        return send

    told: list[str] = []
    for node in nodes.values():
        node._send = lying(node, node._send)
    slot = posted(town)
    assert town.state(slot) == SlotState.POSTED
    found = [each for node in nodes.values() for each in node.failures(slot)]
    assert found
    assert {each["who"] for each in found} == set(lies)
    assert all(each["evidence"]["signed"]["member"] == lies[0] for each in found)


def test_two_readings_freeze_the_home(town: Neighbourhood) -> None:
    """A meter that signs two readings for one slot is recorded with both, and its home is frozen (Z-7)."""
    slot = town.begin() + 1
    town.order(0, slot)
    town.house.next_slot()
    town.end(slot, NETS)
    town.reading(0, slot, 901, 1)
    for _ in town.nodes:
        town.house.chain.mine(town.house.chain.now() + TURN)
        town.steps()
    assert town.suite.slots.home_of(0).frozen_to == 2**32 - 1
    failed = [each for node in town.nodes.values() for each in node.failures(slot)]
    assert {each["who"] for each in failed} == {town.house.owners[0].address}
    readings = [SignedSlotReading.from_json(failed[0]["evidence"][name]) for name in ("first", "second")]
    assert {each.reading.net_wh for each in readings} == {900, 901}


def test_demand_is_answered_by_the_signers(town: Neighbourhood) -> None:
    """A demand stops nothing for long: a signer shows order and reading (Z-4)."""
    slot = posted(town)
    town.suite.slots.demand(slot, 1).send(town.house.owners[1])
    for _ in range(ANSWER // TURN - 2):
        town.house.chain.mine(town.house.chain.now() + TURN)
        town.steps()
        if not next(iter(town.nodes.values())).book.demands:
            break
    assert next(iter(town.nodes.values())).book.demands == {}
    assert town.state(slot) == SlotState.POSTED
