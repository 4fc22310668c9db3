"""Gas of the private form of the slot market: every function of it, and what a home pays per slot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from eth_utils.crypto import keccak

from energy_trading.bench.gas.parts import Paid
from energy_trading.bench.gas.scenario import Scenario
from energy_trading.bench.gas.slots import SlotBench
from energy_trading.bindings.contract import Call
from energy_trading.bindings.private_slots import (
    PrivateSettings,
    PrivateSuiteParameters,
    deploy_private_slots,
)
from energy_trading.bindings.suite import CouncilSettings
from energy_trading.chain.in_process import in_process
from energy_trading.crypto._signatures import compact
from energy_trading.crypto.keys import SecretKey
from energy_trading.market.slots.private import leaves_of, money_of_day
from energy_trading.rules.council import signers_hash
from energy_trading.rules.day_money import pack_money
from energy_trading.rules.slot_pool import clear
from energy_trading.rules.sum_tree import SumTree, tree_root
from energy_trading.simulation.people import GENESIS
from energy_trading.types import (
    ZERO_ADDRESS,
    Ack,
    Day,
    DayPosted,
    Evidence,
    Leaf,
    Opening,
    Order,
    Reading,
    Result,
    SumPosted,
)

#: homes of the scenarios
PRIVATE_SIZES: Final = (20, 100)
_DAYS: Final = 2**32
_DAY_SLOTS: Final = 96
_RING: Final = 8
_WINDOW: Final = 1800
_EURO: Final = 10**8
_CAP: Final = 40 * _EURO
_NO_POSTED: Final = SumPosted(
    Result(0, 0, 0, 0, 0, 0, bytes(32), bytes(32), ZERO_ADDRESS), (), bytes(32), 0, 0
)
_NO_OPENING: Final = Opening(Leaf(0, 0, 0, 0, bytes(32)), ())
_NO_EVIDENCE: Final = Evidence(
    Order(ZERO_ADDRESS, 0, 0, 0, 0, 0, 0), b"", Reading(ZERO_ADDRESS, 0, 0), b"", b""
)


class Signed:
    """A posted slot with all its leaves.

    Args:
        posted: as disputes show it.
        tree: over its leaves.
        orders, readings: of the homes.
    """

    def __init__(
        self, posted: SumPosted, tree: SumTree, orders: Sequence[Order], readings: Sequence[Reading]
    ) -> None:
        self.posted, self.tree, self.orders, self.readings = posted, tree, orders, readings

    @property
    def slot(self) -> int:
        """Return its number."""
        return self.posted.result.slot


class PrivateBench(SlotBench):
    """A neighbourhood with a private slot market, its ring in steady state.

    Args:
        found: receives the scenarios.
        seen: what `watch` yields, which has to be on.
        homes: how many homes there are.
    """

    suite: Any
    p: Any

    def _start(self, seen: list[Paid]) -> None:
        everybody = (self.dso, self.pkg, self.treasury, self.founder, self.agent, *self.keys.values())
        self.chain = in_process("prague", everybody, GENESIS)
        self.p = PrivateSuiteParameters(
            self.dso.address,
            self.pkg.address,
            self.treasury.address,
            slots=PrivateSettings(window_seconds=_WINDOW, answer_seconds=_WINDOW, ring=_RING),
            council=CouncilSettings(self.founder.address, min_stake=50 * _EURO, slash=20 * _EURO),
        )
        before = len(seen)
        self.suite = deploy_private_slots(self.chain, self.dso, self.p)
        self.deployed = seen[before:]
        self.history: dict[int, Signed] = {}

    def join(self, homes: int) -> None:
        """Homes join and lock funds; they take part from the next day on."""
        slots = self.suite.slots
        self.owners = self.waiting[:homes]
        for i, owner in enumerate(self.owners):
            self.open(owner, 100 * _EURO if i >= 2 else 1_000 * _EURO)
            self.send(self.suite.ledger.register_meter(owner.address, self.meters[i].signer), self.dso)
            self.found["private.join"] = self.send(slots.join(2**55), owner)
            self.found["private.lock"] = self.send(slots.lock(50 * _EURO), owner)
        self.to_slot(0, 1)

    def to_slot(self, place: int, days: int = 0) -> int:
        """Go to the beginning of a slot of this day or a later one; returns the slot."""
        day = self.chain.now() // 900 // _DAY_SLOTS + days
        slot = day * _DAY_SLOTS + place
        self.chain.mine(slot * 900)
        return slot

    def work_out(
        self,
        nets: Sequence[int],
        lie: Sequence[int] | None = None,
        money: dict[int, int] | None = None,
        sums: tuple[int, int] | None = None,
    ) -> tuple[Signed, Call[None], SecretKey]:
        """Go to the end of the slot and work it out, signed by a leader and four peers."""
        slot, p = self.chain.now() // 900, self.p.slots
        self.chain.mine((slot + 1) * 900)
        orders = [Order(o.address, slot - 3, slot + 92, 300_000, 0, _CAP, 7) for o in self.owners]
        readings = [Reading(o.address, slot, net) for o, net in zip(self.owners, nets, strict=True)]
        shares = {i: (orders[i], net, _CAP) for i, net in enumerate(nets)}
        cleared = clear(slot, len(nets), shares, p.pricing, p.retail, p.feed_in, 0)
        live = [s for s in self.history if s // _DAY_SLOTS == slot // _DAY_SLOTS and s < slot]
        before = max(live, default=slot)
        prior = self.history[before].tree.leaves if before != slot else None
        leaves = leaves_of(slot, lie or cleared.rows, cleared.price, prior, keccak(text=f"{slot}"))
        changed = [replace(leaf, money=(money or {}).get(leaf.home, leaf.money)) for leaf in leaves]
        tree = SumTree(tuple(changed))
        matched = min(cleared.supply_wh, cleared.demand_wh)
        supply, demand = sums or (cleared.supply_wh, cleared.demand_wh)
        matched = min(supply, demand)
        cluster = self.suite.council.cluster_of(slot, 0)
        result = Result(
            slot,
            cleared.price,
            cleared.metered_supply_wh,
            cleared.metered_demand_wh,
            supply,
            demand,
            keccak(text=f"orders of {slot}"),
            tree_root(tree.top.hash, matched, len(nets), before),
            cluster[0],
        )
        signatures = self.signatures(result, cluster)
        who = tuple(cluster[i] for i in range(self.p.council.quorum))
        posted = SumPosted(result, who, tree.top.hash, len(nets), before)
        call = self.suite.slots.post(result, tree.top.hash, self.peers, signatures)
        return Signed(posted, tree, orders, readings), call, self.keys[cluster[0]]

    @property
    def peers(self) -> int:
        """Return the bitmap of the second to fifth member of a cluster."""
        return sum(1 << i for i in range(1, self.p.council.quorum))

    def signatures(self, message: Any, cluster: Sequence[str]) -> bytes:
        """Compact signatures of the second to fifth member of a cluster."""
        digest = self.suite.slots_domain.digest(message)
        places = range(1, self.p.council.quorum)
        return b"".join(compact(self.keys[cluster[i]].sign_digest(digest)) for i in places)

    def put(self, nets: Sequence[int], **changes: Any) -> tuple[Signed, Scenario]:
        """Work a slot out and post it."""
        signed, call, leader = self.work_out(nets, **changes)
        paid = self.send(call, leader)
        self.history[signed.slot] = signed
        return signed, paid

    def put_day(self, day: int, money: Sequence[int] | None = None) -> tuple[DayPosted, bytes, Scenario]:
        """Wait until a day can be posted, and post it."""
        p = self.p.slots
        start = (day + 1) * _DAY_SLOTS * 900 + p.post_seconds + p.window_seconds
        if self.chain.now() < start:
            self.chain.mine(start)
        _, head, undone = self.suite.slots.slots_of(day)
        packed = pack_money(money or money_of_day(self.history[head].tree.leaves, []))
        turn = (self.chain.now() + 1 - start) // p.turn_seconds
        cluster = self.suite.council.cluster_of(_DAYS + day, turn)
        # Turns go round: the members are put in the order of this one.
        place = turn % len(cluster)
        message = Day(day, head, undone, keccak(packed), cluster[place])
        digest = self.suite.slots_domain.digest(message)
        others = [i for i in range(len(cluster)) if i != place][: self.p.council.quorum - 1]
        signatures = b"".join(compact(self.keys[cluster[i]].sign_digest(digest)) for i in others)
        call = self.suite.slots.post_day(message, packed, sum(1 << i for i in others), signatures)
        paid = self.send(call, self.keys[message.leader])
        return DayPosted(message, (message.leader, *(cluster[i] for i in others))), packed, paid

    def close_day(self, posted: DayPosted, packed: bytes) -> Scenario:
        """Pass over the days before, wait for the window, and make a day final."""
        slots = self.suite.slots
        self.chain.mine(self.chain.now() + _WINDOW)
        return self.send(slots.finalise(posted.day, signers_hash(posted.signers), packed))

    def turn_of(self, day: int) -> None:
        """Pass over the days before, which nobody has posted."""
        p, first = self.p.slots, self.suite.slots.frontier() // _DAY_SLOTS
        if first < day:
            start = day * _DAY_SLOTS * 900 + p.post_seconds + p.window_seconds + p.day_post_seconds
            if self.chain.now() < start:
                self.chain.mine(start)
            self.send(self.suite.slots.advance(day - first))

    def a_day(self) -> tuple[Scenario, ...]:
        """The first slot of a day, an ordinary one, the last one, the day's money, and its end."""
        first_slot = self.to_slot(0, 1)
        _, first = self.put(self.nets())
        self.to_slot(_DAY_SLOTS - 3)
        self.put(self.nets())  # the one that looks for a slot before it through a silent day
        _, ordinary = self.put(self.nets())
        _, last = self.put(self.nets())
        day = first_slot // _DAY_SLOTS
        self.turn_of(day)
        posted, packed, money = self.put_day(day)
        return first, ordinary, last, money, self.close_day(posted, packed)

    def per_home(self) -> Scenario:
        """A day of 96 slots per home and slot: an ordinary post is measured once and counted 94 times."""
        count = len(self.owners)
        for _ in range(3):  # the third time every place of the ring has a record, and everybody was paid
            first, ordinary, last, money, end = self.a_day()
        posts = (*first.paid, *ordinary.paid * (_DAY_SLOTS - 2), *last.paid)
        self.found[f"private.post_{count}"] = ordinary
        self.found[f"private.post_day_{count}"] = money
        self.found[f"private.finalise_{count}"] = end
        whole = Scenario((*posts, *money.paid, *end.paid), count * _DAY_SLOTS)
        self.found[f"slot.private_{count}"] = whole
        return whole

    # ------------------------------------------------------------ disputes

    def earlier(self, s: Signed, home: int) -> tuple[SumPosted, Opening]:
        """The slot before and a home's leaf there."""
        if s.posted.before == s.slot:
            return _NO_POSTED, _NO_OPENING
        before = self.history[s.posted.before]
        return before.posted, before.tree.open(home)

    def proof_of(self, s: Signed, home: int) -> Evidence:
        """Order and reading of a home, signed."""
        domain, meter = self.suite.slots_domain, self.meters[home]
        order, reading = s.orders[home], s.readings[home]
        signature = compact(self.owners[home].sign_digest(domain.digest(order)))
        return Evidence(order, signature, reading, meter.signer, meter.sign(domain.digest(reading)))

    def private_disputes(self) -> None:
        """Each way to dispute a slot."""
        slots, disputes = self.suite.slots, self.suite.slot_disputes
        nets = self.nets()
        self.to_slot(0, 1)
        self.put(nets)
        with self.fresh():
            s, _ = self.put(nets)
            self.keep("private.demand", slots.demand(s.slot, 3), self.owners[3])
            self.keep("private.demand_bonded", slots.demand(s.slot, 4), self.owners[0])
            opened = s.tree.open(3)
            evidence = self.proof_of(s, 3) if s.tree.leaves[3].wh else _NO_EVIDENCE
            self.keep("private.answer", disputes.answer(s.posted, 3, opened, *self.earlier(s, 3), evidence))
            self.send(slots.demand(s.slot, 5), self.owners[5])
            self.chain.mine(self.chain.now() + _WINDOW)
            self.keep("private.expire", disputes.expire(s.posted, 5))
            self.keep("private.return_bond", slots.return_bond(s.slot, 4))
            self.keep("private.collect", slots.collect(), self.owners[0])
            del self.history[s.slot]
        with self.fresh():
            s, _ = self.put(nets, money={1: 5})
            opened = s.tree.open(1)
            self.keep("private.wrong_sum", disputes.wrong_sum(s.posted, 1, opened, *self.earlier(s, 1)))
            del self.history[s.slot]
        with self.fresh():
            s, _ = self.put(nets)
            order, reading = s.orders[1], s.readings[1]
            ack = Ack(s.slot, self.owners[1].address, order.struct_hash(), reading.struct_hash(), 0)
            order, reading = s.orders[1], replace(reading, net_wh=-1 if reading.net_wh > 0 else 1)
            ack = replace(ack, reading=reading.struct_hash())
            signed = self.keys[s.posted.signers[1]].sign_digest(self.suite.slots_domain.digest(ack))
            self.keep(
                "private.misfill",
                disputes.misfill(s.posted, 1, s.tree.open(1), order, reading, ack, 1, compact(signed)),
            )
            del self.history[s.slot]
        with self.fresh():
            sold = sum(leaf.wh for leaf in self.history[max(self.history)].tree.leaves if leaf.wh > 0)
            s, _ = self.put(nets, sums=(sold + 1, sold + 1))
            pairs = s.tree.pairs(0)
            self.keep("private.wrong_tree", disputes.wrong_tree(s.posted, 0, pairs[:1], s.tree.leaves[0]))
            del self.history[s.slot]
        with self.fresh():
            buyer = next(leaf.home for leaf in self.history[max(self.history)].tree.leaves if leaf.wh < 0)
            self.send(slots.set_cap(1), self.owners[buyer])
            self.chain.mine((self.chain.now() // 900 + 1) * 900)
            s, _ = self.put(nets)
            self.keep("private.overspend", disputes.overspend(s.posted, buyer, s.tree.open(buyer)))
            del self.history[s.slot]
        with self.fresh():
            slot, account = self.chain.now() // 900, self.owners[2].address
            first, second = (Reading(account, slot, net) for net in (5, 6))
            marks = [self.meters[2].sign(self.suite.slots_domain.digest(each)) for each in (first, second)]
            call = disputes.two_readings(2, first, second, self.meters[2].signer, marks[0], marks[1])
            self.keep("private.two_readings", call)
        self.to_slot(0, 1)

    def day_disputes(self) -> None:
        """Each way to dispute a day, and a slot in which a home has bought beyond what it has."""
        slots, disputes = self.suite.slots, self.suite.slot_disputes
        poor, count = 0, len(self.owners)
        balance = slots.home_of(poor).balance
        self.send(slots.request_exit(balance - 1_000_000), self.owners[poor])
        self.turn_of(self.chain.now() // 900 // _DAY_SLOTS + 1)
        self.keep("private.withdraw", slots.withdraw(poor))
        self.keep("private.set_cap", slots.set_cap(1), self.owners[3])
        slot = self.to_slot(0, 1)
        s, _ = self.put([-1_000, *[200] * (count - 1)])
        day = slot // _DAY_SLOTS
        self.turn_of(day)
        with self.fresh():
            self.keep("private.overdraft", disputes.overdraft(s.posted, poor, s.tree.open(poor)))
        posted, packed, _ = self.put_day(day)
        with self.fresh():
            self.keep("private.overdraft_day", disputes.overdraft_day(posted, poor, packed))
        with self.fresh():
            self.send(slots.demand(_DAYS + day, 1), self.owners[1])
            args = (posted, 1, packed, [s.posted], [s.tree.open(1)])
            self.keep("private.answer_day", disputes.answer_day(*args))
            self.send(slots.demand(_DAYS + day, 2), self.owners[2])
            self.chain.mine(self.chain.now() + _WINDOW)
            self.keep("private.expire_day", disputes.expire_day(posted, 2))
            right = money_of_day(s.tree.leaves, [])
            lie = [right[0], right[1] + right[3] + 500, right[2], -500, *right[4:]]
            wrong, packed, _ = self.put_day(day, lie)
            args = (wrong, 1, packed, [s.posted], [s.tree.open(1)])
            with self.fresh():
                self.keep("private.wrong_day", disputes.wrong_day(*args))
            self.keep("private.overspend_day", disputes.overspend_day(wrong, 3, packed))

    def private_homes(self) -> None:
        """What homes do, and what anyone does for them."""
        slots, ledger = self.suite.slots, self.suite.ledger
        owner = self.owners[1]
        with self.fresh():
            self.keep("private.revoke_below", slots.revoke_below(8), owner)
            self.keep("private.request_exit", slots.request_exit(5 * _EURO), owner)
            self.send(ledger.register_meter(owner.address, self.meters[2].signer), self.dso)
            self.keep("private.update_meter", slots.update_meter(1))
            self.send(ledger.suspend([owner.address]), self.dso)
            self.keep("private.freeze", slots.freeze(1))
            self.send(ledger.reinstate([owner.address]), self.dso)
            self.keep("private.unfreeze", slots.unfreeze(1))
            self.to_slot(0, 9)
            self.keep("private.advance_3", slots.advance(3))


def measure_private_slots(
    found: dict[str, Scenario],
    seen: list[Paid],
    say: Callable[[str], None] = lambda _: None,
    sizes: Sequence[int] = PRIVATE_SIZES,
) -> None:
    """Measure every scenario of the private form.

    Args:
        found: receives the scenarios.
        seen: what `watch` yields, which has to be on.
        say: receives one line before each size.
        sizes: how many homes there are.
    """
    for count in sizes:
        say(f"private slot market of {count} homes")
        own: dict[str, Scenario] = {}
        bench = PrivateBench(own, seen, count)
        if count == PRIVATE_SIZES[0]:
            for place, name in ((1, "private_slot_market"), (2, "private_slot_disputes")):
                own[f"deploy.{name}"] = Scenario((bench.deployed[place],))
        bench.found_council()
        bench.join(count)
        bench.per_home()
        if count == PRIVATE_SIZES[0]:
            for group in (bench.private_homes, bench.private_disputes, bench.day_disputes):
                group()
        # The council and its functions are those of the public form, and measured there.
        found |= {name: scenario for name, scenario in own.items() if not name.startswith("council.")}
