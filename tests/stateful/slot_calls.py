"""Random calls of the slot market and its council: honest, silent and malicious members and homes."""

from __future__ import annotations

import random
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, ClassVar

from eth_utils.crypto import keccak

from energy_trading.bindings.contract import Sent, read_events
from energy_trading.chain._revm import RevmChain
from energy_trading.crypto._signatures import compact
from energy_trading.crypto.keys import SecretKey
from energy_trading.meter.signers import Secp256k1Meter
from energy_trading.rules.ledger import Refused
from energy_trading.rules.slot_pool import row_fits, unpack_rows
from energy_trading.types import Admission, MemberState, Reading, SlotState
from tests.contracts.slot_market.house import (
    ANSWER,
    CAP,
    EURO,
    NO_EVIDENCE,
    POST,
    SLOT,
    TURN,
    WINDOW,
    Draft,
    House,
)
from tests.stateful.machine import Machine, call, counts, often, seen
from tests.stateful.slot_log import SlotLog

#: members and homes that lie; the others are honest, and must never be hurt
BAD_MEMBERS = frozenset({1, 2, 4, 7, 9})
BAD_HOMES = frozenset({3, 4})
homes = range(6)  # one more than there are
members = range(10)
amounts = [0, 1, 5 * EURO, 60 * EURO, 10**17]
caps = [0, 1, EURO // 100, CAP, 2**55, 2**56]
slots_back = [0, 0, 0, 1, 1, 2, 3, 9]


@cache
def staged() -> House:
    """A neighbourhood whose council is drawn and whose homes have funds, on a chain that is fast."""
    house = House(chain=RevmChain)
    house.found_council()
    house.join_homes()
    return house


@dataclass
class Kept:
    """A posted slot: what its cluster knows of it."""

    draft: Draft
    honest: bool


class SlotCalls(Machine):
    """One slot market on a chain, in the rules and in its replayed log."""

    #: what people often do, rightly and wrongly; what an honest person does is never refused (`must`)
    examined: ClassVar[frozenset[str]] = frozenset(
        {"demand", "lock", "request_exit", "withdraw", "set_cap", "revoke_below", "freeze", "update_meter"}
        | {"two_readings", "finalise", "redraw", "expel", "request_join"}
    )
    must_see: ClassVar[frozenset[str]] = frozenset(
        {
            "a captured cluster was undone by an honest home",
            "a slot without a post",
            "a late lock did not count",
            "a swapped meter did not count",
            "two orders, the acknowledged one counts",
            "two readings, the acknowledged one counts",
            "an exit was paid",
            "several slots at once",
            "posted in a later turn",
            "a row of a frozen home was undone",
            "the council was drawn anew",
        }
    )

    def __init__(self) -> None:
        self.house = house = staged()
        assert isinstance(house.chain, RevmChain)
        self.chain = house.chain
        self.start = self.chain.snapshot()
        self.kept_rules = deepcopy((house.ledger, house.council, house.market))
        self.meters = list(house.meters)
        self.log = SlotLog(house.parameters.slots.fee, house.suite.council.address)
        for event in read_events(self.chain, [house.suite.slots.address, house.suite.council.address]):
            self.log.fold(event)
        self.random = random.Random()
        self.made: list[str] = []
        self.posts: dict[int, Kept] = {}
        self.demanded: set[tuple[int, int]] = set()
        self.bad = {house.members[i].address for i in BAD_MEMBERS}
        #: what each home put in and earned, less what it paid and took out
        self.paid_in = {i: house.market.homes[i].balance for i in range(len(house.owners))}
        self.swapped = 0

    def put_back(self) -> None:
        """Leave the house as it was found."""
        house = self.house
        house._planned = 0
        house.ledger, house.council, house.market = self.kept_rules
        house.meters = self.meters

    def any_call(self, seed: int) -> None:
        """As for every machine; and no draw waits longer than revm remembers the hashes of blocks."""
        self.draw_in_time()
        super().any_call(seed)

    def draw_in_time(self) -> None:
        """Have the sets drawn that have waited for 150 blocks; revm forgets a block after 256."""
        named = self.house.council.seed_block
        if named and self.chain.height() > named + 150:
            self.act("redraw", "redraw")

    # ------------------------------------------------------------ one step

    def act(self, name: str, verb: str, *args: Any, by: SecretKey | None = None) -> Sent | None:
        """Take a step on the chain and in the rules, and in the log if it was done."""
        found = self.house.do(verb, *args, by=by)
        if isinstance(found, Refused):
            counts[name, found.rule] += 1
            return None
        counts[name, "done"] += 1
        for event in found.events:
            self.log.fold(event)
        return found

    def must(self, name: str, verb: str, *args: Any, by: SecretKey | None = None) -> Sent:
        """Take a step that an honest person takes, which is never refused."""
        found = self.act(name, verb, *args, by=by)
        assert found is not None, f"{verb} of an honest person was refused"
        return found

    def owner(self, home: int) -> SecretKey:
        """The account of a home; a stranger's, if there is no such home."""
        owners = self.house.owners
        return owners[home] if home < len(owners) else self.house.people["stranger"]

    def slot_at(self, back: int) -> int:
        """The slot posted this many posts ago, or one that was never posted."""
        posted = sorted(self.posts)
        return posted[-1 - back] if back < len(posted) else self.house.next_time // SLOT - back

    def live(self, slot: int) -> bool:
        """Whether a slot is posted, and neither final nor void."""
        now = self.chain.now()
        return slot in self.posts and self.house.market.state_of(slot, now) == SlotState.POSTED

    # ------------------------------------------------------------ slots

    def budget(self, home: int, slot: int, most: int) -> int:
        """What an honest cluster lets a home pay: nothing that others may pay out of the same funds."""
        found = self.house.market.homes[home]
        fee = self.house.parameters.slots.fee
        pending = 0
        for number, kept in self.posts.items():
            if number != slot and self.live(number):
                row = ([*unpack_rows(kept.draft.rows), *[0] * 5])[home]
                pending += -row * kept.draft.result.price + fee if row < 0 else 0
        return max(0, min(most, found.cap_at(slot), found.balance - found.exit_amount - pending))

    def worked_out(self, turn: int) -> Draft:
        """The slot of now as an honest cluster works it out, after its end."""
        house, rng = self.house, self.random
        slot = house.next_time // SLOT
        house.go((slot + 1) * SLOT + turn * TURN)
        nets, orders, budgets = {}, {}, {}
        for i in range(len(house.owners)):
            found = house.market.homes[i]
            if found.frozen_at(slot) or rng.random() < 0.15:
                continue
            nonce = house.market.min_nonce(found.account, slot)
            orders[i] = house.order(i, slot, nonce=nonce, max_spend=rng.choice((CAP, EURO // 50)))
            nets[i] = rng.choice((0, 40_000, -40_000, rng.randrange(-900, 900), rng.randrange(-900, 900)))
            budgets[i] = self.budget(i, slot, orders[i].max_spend)
        return house.draft(nets, slot=slot, orders=orders, budgets=budgets, turn=turn)

    def to_an_open_slot(self) -> bool:
        """Go to a slot that can be posted and whose cluster can be drawn."""
        self.watch()
        slot = self.house.next_time // SLOT
        ring = self.house.market.ring.get(slot % self.house.parameters.slots.ring)
        if ring and (ring.slot >= slot or (not ring.void and ring.slot >= self.house.market.frontier)):
            return False
        try:
            self.house.council.cluster_of(slot, 0)
        except Refused:
            return False
        return True

    def peers_of(self, draft: Draft, turn: int, bad_only: bool) -> list[int] | None:
        """Places of the peers that sign; None if leader or quorum is missing."""
        cluster = self.house.council.cluster_of(draft.slot, turn)
        place = turn % len(cluster)
        if bad_only and cluster[place] not in self.bad:
            return None
        able = [i for i in range(len(cluster)) if i != place and (not bad_only or cluster[i] in self.bad)]
        quorum = self.house.parameters.council.quorum - 1
        if len(able) < quorum:
            return None
        count = self.random.choice(range(quorum, len(able) + 1))
        return sorted(self.random.sample(able, count))

    @call(24, asked=False, turn=[0, 0, 0, 0, 1, 6, 14])
    def honest_slot(self, turn: int) -> None:
        """A leader posts what its cluster has worked out; malicious peers sign what is right, too."""
        if not self.to_an_open_slot():
            return
        draft = self.worked_out(turn)
        peers = self.peers_of(draft, turn, False)
        assert peers is not None
        self.post("post_late" if turn else "post", draft, turn, peers, True)
        if turn:
            seen["posted in a later turn"] += 1

    def post(self, name: str, draft: Draft, turn: int, peers: list[int], honest: bool) -> None:
        """Post a slot that its cluster has signed."""
        cluster = self.house.council.cluster_of(draft.slot, turn)
        draft = self.house.signed(draft, cluster, peers)
        self.must(name, "post", *self.house.args(draft), by=self.house.keys[draft.result.leader])
        self.posts[draft.slot] = Kept(draft, honest)

    @call(10, asked=False, kind=["thin air", "other price", "unfair", "overspend", "overdraft", "frozen"])
    def captured_slot(self, kind: str) -> None:
        """Leader and quorum of a cluster are malicious, and post what is wrong."""
        if not self.to_an_open_slot():
            return
        draft = self.worked_out(0)
        peers = self.peers_of(draft, 0, True)
        if peers is None:
            return
        house, slot = self.house, draft.slot
        rows = [0] * len(house.owners)
        if kind == "other price":
            draft = house.signed(
                self.changed(draft, price=draft.result.price - 1),
                house.council.cluster_of(slot, 0),
                peers,
            )
            self.act("liar_posts", "post", *house.args(draft), by=house.keys[draft.result.leader])
            return
        victim = self.random.choice([i for i in range(len(house.owners)) if i not in BAD_HOMES])
        if kind == "frozen":
            frozen = [i for i in range(len(rows)) if house.market.homes[i].frozen_at(slot)]
            victim = frozen[0] if frozen else victim
        size = {"overspend": 32_000, "overdraft": 32_767}.get(kind, 700)
        rows[victim], rows[4] = -size, size
        if victim == 4:
            rows = [-size, 0, 0, 0, size]
        wrong = house.draft(
            {i: r.net_wh for i, r in draft.readings.items()},
            slot=slot,
            orders=draft.orders,
            budgets=draft.budgets,
            rows=rows,
        )
        self.post("captured", wrong, 0, peers, False)

    def changed(self, draft: Draft, **changes: Any) -> Draft:
        """A slot with another result, not signed yet."""
        return replace(draft, posted=replace(draft.posted, result=replace(draft.result, **changes)))

    @call(4, asked=False)
    def silent_slot(self) -> None:
        """Nobody posts."""
        self.watch()
        self.house.next_slot()
        self.house.go(self.house.next_time + 1)
        seen["a slot without a post"] += 1

    @call(4, how=["too few", "stranger", "twice", "early", "no sum"])
    def liar_posts(self, how: str) -> None:
        """A post that is refused."""
        if how == "twice":
            if self.posts:
                kept = self.posts[max(self.posts)].draft
                self.act("liar_posts", "post", *self.house.args(kept), by=self.house.keys[kept.result.leader])
            return
        if not self.to_an_open_slot():
            return
        house = self.house
        draft = self.worked_out(0)
        cluster = house.council.cluster_of(draft.slot, 0)
        leader = house.keys[draft.result.leader]
        if how == "too few":
            draft = house.signed(draft, cluster, [1])
        elif how == "early":
            draft = house.signed(
                self.changed(draft, slot=draft.slot + 1),
                cluster,
                [1, 2],
            )
        elif how == "no sum":
            draft = replace(draft, rows=b"\x00\x01" + draft.rows[2:])
        self.act(
            "liar_posts",
            "post",
            *house.args(draft),
            by=house.people["stranger"] if how == "stranger" else leader,
        )

    # ------------------------------------------------------------ what honest people do before time passes

    def watch(self, until: int | None = None) -> None:
        """Honest clusters answer, honest homes look at their rows and dispute, before it is too late."""
        for slot in sorted(self.posts):
            if not self.live(slot):
                continue
            kept = self.posts[slot]
            if kept.honest:
                self.answer_all(slot)
            else:
                self.dispute(slot)

    def answer_all(self, slot: int) -> None:
        """An honest cluster answers every demand for its slot."""
        draft = self.posts[slot].draft
        for home in range(len(self.house.owners)):
            found = self.house.market.demands.get((slot, home))
            if found and found.open:
                self.must(
                    "honest_answer", "answer", *self.evidence_for(draft, home), by=self.house.members[0]
                )

    def evidence_for(self, draft: Draft, home: int) -> tuple[Any, ...]:
        """What answers a demand; of a home without a row there is nothing to show."""
        evidence = self.evidence_of(draft, home) if home in draft.orders else NO_EVIDENCE
        return draft.posted, home, self.house.proof(draft, home), evidence

    def evidence_of(self, draft: Draft, home: int) -> Any:
        """Order and reading, signed by the meter that the home had in the slot."""
        house = self.house
        meter = self.meter_at(home, draft.slot)
        signature = meter.sign(house.suite.slots_domain.digest(draft.readings[home]))
        return house.evidence(draft, home, meter=meter.signer, reading_signature=signature)

    def meter_at(self, home: int, slot: int) -> Any:
        """The meter that measured a home in a slot."""
        wanted = self.house.market.homes[home].meter_at(slot)
        return next(m for m in self.all_meters() if keccak(m.signer) == wanted)

    def all_meters(self) -> list[Any]:
        """Every meter that any home had."""
        return [
            *self.meters,
            *(Secp256k1Meter(SecretKey.from_int(8000 + i)) for i in range(self.swapped + 1)),
        ]

    def dispute(self, slot: int) -> None:
        """A home that was wronged demands its row, or shows that it is above its cap or its funds."""
        house, draft = self.house, self.posts[slot].draft
        rows = unpack_rows(draft.rows)
        fee = house.parameters.slots.fee
        for home in range(len(house.owners)):
            found = house.market.homes[home]
            if not self.live(slot) or rows[home] == 0 or (home in BAD_HOMES and not found.frozen_at(slot)):
                continue
            spent = -rows[home] * draft.result.price + fee if rows[home] < 0 else 0
            args = draft.posted, home, house.proof(draft, home)
            if found.frozen_at(slot) or spent > found.cap_at(slot):
                if found.frozen_at(slot):
                    seen["a row of a frozen home was undone"] += 1
                self.must("honest_dispute", "overspend", *args, by=self.owner(home))
            elif spent > found.balance and slot == house.market.frontier:
                seen["an overdraft was undone"] += 1
                self.must("honest_dispute", "overdraft", *args, by=self.owner(home))
            elif (slot, home) not in self.house.market.demands:
                self.must("honest_dispute", "demand", slot, home, by=self.owner(home))

    def expire_all(self) -> None:
        """Honest homes end demands that nobody can answer."""
        for slot in sorted(self.posts):
            for home in range(len(self.house.owners)):
                found = self.house.market.demands.get((slot, home))
                if self.live(slot) and found and found.open and self.house.next_time >= found.deadline:
                    assert not self.posts[slot].honest
                    self.must("honest_expire", "expire", self.posts[slot].draft.posted, home)
                    seen["a captured cluster was undone by an honest home"] += 1

    # ------------------------------------------------------------ homes

    @call(4, home=homes, amount=amounts)
    def lock(self, home: int, amount: int) -> None:
        """Funds are locked, also late."""
        late = any(self.live(slot) and kept.honest for slot, kept in self.posts.items())
        if self.act("lock", "lock", amount, by=self.owner(home)):
            self.paid_in[home] += amount
            seen["a late lock did not count"] += late
            self.misfill_all(home)

    @call(8, home=homes, amount=[0, 0, 1, 5 * EURO, 2**62, 2**62, 2**63])
    def request_exit(self, home: int, amount: int) -> None:
        """An exit is requested, or cancelled."""
        before = self.house.market.homes[home].exit_amount if home < 5 else 0
        if self.act("request_exit", "request_exit", amount, by=self.owner(home)) and before and not amount:
            seen["a cancelled exit did not count"] += any(self.live(slot) for slot in self.posts)
            self.misfill_all(home)

    @call(8, home=homes, asked_for=often)
    def withdraw(self, home: int, asked_for: bool) -> None:
        """An exit is paid."""
        waiting = [i for i in range(5) if self.house.market.homes[i].exit_amount]
        home = waiting[home % len(waiting)] if waiting and asked_for else home
        before = self.house.market.homes[home].balance if home < 5 else 0
        if self.act("withdraw", "withdraw", home):
            self.paid_in[home] -= before - self.house.market.homes[home].balance
            seen["an exit was paid"] += 1

    @call(3, home=homes, cap=caps)
    def set_cap(self, home: int, cap: int) -> None:
        """A cap changes from the next slot on."""
        if self.act("set_cap", "set_cap", cap, by=self.owner(home)):
            self.overspend_all(home)

    @call(2, home=homes, nonce=[0, 1, 2, 9, 2**64])
    def revoke_below(self, home: int, nonce: int) -> None:
        """Orders are revoked from the next slot on."""
        self.act("revoke_below", "revoke_below", nonce, by=self.owner(home))

    @call(4, home=[0, 1, 2, 3, 3, 4, 4, 5])
    def freeze(self, home: int) -> None:
        """A home whose account is suspended gets no row from the next slot on."""
        if home in BAD_HOMES and not self.suspended(home):
            self.house.on_ledger("suspend", [self.owner(home).address], by=self.house.people["dso"])
        if self.act("freeze", "freeze", home):
            self.overspend_all(home)

    def suspended(self, home: int) -> bool:
        """Whether the DSO has suspended a home's account."""
        return bool(self.house.ledger.account_of(self.owner(home).address).suspended)

    @call(3, home=homes)
    def unfreeze(self, home: int) -> None:
        """A freeze ends."""
        if home in BAD_HOMES and self.suspended(home):
            self.house.on_ledger("reinstate", [self.owner(home).address], by=self.house.people["dso"])
        self.act("unfreeze", "unfreeze", home)

    @call(4, home=homes, swap=[True, True, False])
    def update_meter(self, home: int, swap: bool) -> None:
        """A meter is swapped, also after a post, and a demand for the slot is answered with the old one."""
        house = self.house
        live = [slot for slot in self.posts if self.live(slot) and self.posts[slot].honest]
        if swap and home < 5:
            self.swapped += 1
            new = Secp256k1Meter(SecretKey.from_int(8000 + self.swapped))
            house.on_ledger("register_meter", house.owners[home].address, new.signer, by=house.people["dso"])
        if self.act("update_meter", "update_meter", home) and live:
            slot = live[-1]
            demanded = self.act("demand", "demand", slot, home, by=self.owner(home))
            self.answer_all(slot)
            seen["a swapped meter did not count"] += demanded is not None

    # ------------------------------------------------------------ disputes

    @call(8, back=slots_back, home=homes, own=often)
    def demand(self, back: int, home: int, own: bool) -> None:
        """A row is demanded by its home, or by a stranger that leaves its bond."""
        by = self.owner(home) if own else self.house.people["stranger"]
        self.act("demand", "demand", self.slot_at(back), home, by=by)

    @call(3, back=slots_back, home=range(5))
    def answer_wrongly(self, back: int, home: int) -> None:
        """Somebody answers with another slot's evidence, or without a demand."""
        slot = self.slot_at(back)
        honest = next((k.draft for k in self.posts.values() if k.honest and home in k.draft.orders), None)
        if slot not in self.posts or honest is None:
            return
        kept = self.posts[slot]
        found = self.house.market.demands.get((slot, home))
        if kept.honest and found and found.open:
            return
        draft = kept.draft
        evidence = self.evidence_of(honest, home)
        row = unpack_rows(draft.rows)[home]
        if row == 0 and found and found.open:
            return
        self.act("answer_wrongly", "answer", draft.posted, home, self.house.proof(draft, home), evidence)

    @call(4, back=slots_back, home=homes)
    def expire(self, back: int, home: int) -> None:
        """A demand is ended, too early or without one."""
        slot = self.slot_at(back)
        if slot in self.posts:
            self.act("expire", "expire", self.posts[slot].draft.posted, home)

    @call(4, back=slots_back, home=homes, due=often)
    def return_bond(self, back: int, home: int, due: bool) -> None:
        """The bond of a slot that is void anyway."""
        slot, demands = self.slot_at(back), self.house.market.demands
        waiting = [row for row, found in demands.items() if found.open and not self.live(row[0])]
        if waiting and due:
            slot, home = waiting[0]
        self.act("return_bond", "return_bond", slot, home)

    def misfill_all(self, home: int) -> None:
        """A home says of every slot that its row is wrong: never, where the cluster was honest."""
        if home < 5:
            for kept in list(self.posts.values())[-3:]:
                if kept.honest and home in kept.draft.orders:
                    self.accuse(kept.draft, home, 1, {})

    def overspend_all(self, home: int) -> None:
        """A home says of every honest slot that it pays too much."""
        for kept in list(self.posts.values())[-3:]:
            if kept.honest and home < 5:
                args = kept.draft.posted, home, self.house.proof(kept.draft, home)
                assert self.act("public_dispute", "overspend", *args) is None

    def accuse(self, draft: Draft, home: int, member: int, lie: dict[str, Any]) -> None:
        """Bring a signer's acknowledgement; with a lie in it, only a malicious signer has signed it."""
        given = self.house.ack(draft, home, member % len(draft.posted.signers), **lie)
        guilty = draft.posted.signers[member % len(draft.posted.signers)]
        assert not lie or guilty in self.bad
        proof = self.house.proof(draft, home)
        if self.act("misfill", "misfill", draft.posted, home, proof, *given):
            assert guilty in self.bad, "an honest signer was slashed"
            seen["a bad member was slashed"] += 1

    @call(
        10,
        back=slots_back,
        home=range(5),
        member=range(5),
        kind=["true", "budget", "order", "order", "reading", "other"],
    )
    def misfill(self, back: int, home: int, member: int, kind: str) -> None:
        """A home and a member collude, or a home brings what it was truly told."""
        slot = self.slot_at(back)
        if slot not in self.posts or not self.posts[slot].honest:
            return
        draft = self.posts[slot].draft
        if home not in draft.orders:
            return
        guilty = draft.posted.signers[member % len(draft.posted.signers)]
        lie: dict[str, Any] = {}
        if kind != "true" and guilty in self.bad:
            order, reading = draft.orders[home], draft.readings[home]
            lies: dict[str, dict[str, Any]] = {
                "budget": {"budget": 0},
                "order": {"of_order": replace(order, nonce=order.nonce + 1, buy_limit=0)},
                "reading": {"of_reading": replace(reading, net_wh=reading.net_wh + 7)},
                "other": {"of_reading": replace(reading, slot=slot + 1)},
            }
            lie = lies[kind]
            seen["two orders, the acknowledged one counts"] += kind == "order"
        self.accuse(draft, home, member, lie)

    @call(4, back=slots_back, home=range(5), what=["overspend", "overdraft"])
    def public_dispute(self, back: int, home: int, what: str) -> None:
        """Anyone disputes a row by public data: in vain where the cluster was honest."""
        slot = self.slot_at(back)
        if slot not in self.posts:
            return
        kept = self.posts[slot]
        done = self.act("public_dispute", what, kept.draft.posted, home, self.house.proof(kept.draft, home))
        assert not (done and kept.honest), "an honest cluster was slashed"

    @call(7, back=slots_back, home=range(5), kind=["two", "two", "same", "forged"])
    def two_readings(self, back: int, home: int, kind: str) -> None:
        """A malicious home's meter signs twice for a slot: the home is frozen, the slot stands."""
        slot = self.slot_at(back)
        meter = self.meter_at(home, slot)
        if kind in ("two", "same") and home not in BAD_HOMES:
            return
        signer = self.meters[(home + 2) % 5] if kind == "forged" else meter
        account, digest = self.owner(home).address, self.house.suite.slots_domain.digest
        first, second = Reading(account, slot, 5), Reading(account, slot, 5 if kind == "same" else 6)
        marks = [signer.sign(digest(reading)) for reading in (first, second)]
        if self.act("two_readings", "two_readings", home, first, second, meter.signer, *marks):
            seen["two readings, the acknowledged one counts"] += 1
            self.misfill_all(home)

    # ------------------------------------------------------------ permanent

    @call(14, count=[1, 1, 2, 3, 4], skip=[False] * 5 + [True], by=[0, 3, 11])
    def finalise(self, count: int, skip: bool, by: int) -> None:
        """Slots are made final, too early, in the wrong order, or rightly."""
        self.watch()
        live = [slot for slot in sorted(self.posts) if self.live(slot)][skip:][:count]
        drafts = [self.posts[slot].draft for slot in live]
        closings = [self.house.closing(draft) for draft in drafts]
        key = self.house.members[by] if by < 10 else self.house.people["stranger"]
        if self.act("finalise", "finalise", closings, [d.rows for d in drafts], by=key):
            seen["several slots at once"] += len(drafts) > 1
            for slot in live:
                self.was_right(slot)

    def was_right(self, slot: int) -> None:
        """No honest home was charged or paid for what it did not order and measure."""
        draft = self.posts[slot].draft
        rows, fee = [*unpack_rows(draft.rows), *[0] * 5], self.house.parameters.slots.fee
        for home in range(len(self.house.owners)):
            row = rows[home]
            self.paid_in[home] += row * draft.result.price - fee * (row < 0)
            if home in BAD_HOMES or row == 0:
                continue
            assert home in draft.orders, f"home {home} got a row of a slot that it was not in"
            order, net = draft.orders[home], draft.readings[home].net_wh
            assert row_fits(row, order, net, order.max_spend, False, draft.result, fee)

    @call(8, count=[0, 1, 3, 1024, 1024, 1024, 1025])
    def advance(self, count: int) -> None:
        """The frontier moves over empty slots."""
        self.watch()
        self.act("advance", "advance", count)

    @call(5, asked=False, who=range(16), where=["market", "council"], due=often)
    def collect(self, who: int, where: str, due: bool) -> None:
        """What is owed is collected."""
        house = self.house
        everybody = [*house.members, *house.owners, house.people["stranger"]]
        args = ("council",) if where == "council" else ()
        if due:
            creditors = [
                i
                for i, key in enumerate(everybody)
                if (house.council.seat(key.address).owed if args else house.market.owed.get(key.address))
            ]
            who = creditors[who % len(creditors)] if creditors else who
        self.act(f"collect_{where}", "collect", *args, by=everybody[who])

    # ------------------------------------------------------------ the council

    @call(3, home=range(5), stake=[1, 50 * EURO, 50 * EURO])
    def request_join(self, home: int, stake: int) -> None:
        """A home asks to become a member."""
        self.act("request_join", "request_join", home, keccak(text="c"), stake, by=self.owner(home))

    @call(1, home=range(5))
    def withdraw_request(self, home: int) -> None:
        """A candidate withdraws."""
        self.act("withdraw_request", "withdraw_request", by=self.owner(home))

    @call(4, home=range(5), reason=["", "", "no"], others=often, leads=often)
    def decide(self, home: int, reason: str, others: bool, leads: bool) -> None:
        """The verifier set decides about a candidate."""
        house, council = self.house, self.house.council
        chosen = council.verifiers()
        asked = [i for i in range(5) if council.seat(self.owner(i).address).state == MemberState.CANDIDATE]
        home = asked[0] if asked else home
        if not chosen:
            return
        seat = council.seat(self.owner(home).address)
        leader = chosen[council.current_turn(house.next_time) % len(chosen)]
        a = Admission(
            self.owner(home).address, seat.feeder, keccak(text="c"), council.version, leader, reason
        )
        digest = house.suite.council_domain.digest(a)
        peers = [i for i, member in enumerate(chosen) if member != leader] if others else []
        signatures = b"".join(compact(house.keys[chosen[i]].sign_digest(digest)) for i in peers)
        by = house.keys[leader] if leads else house.people["stranger"]
        self.act("decide", "decide", a, sum(1 << i for i in peers), signatures, by=by)

    @call(4)
    def redraw(self) -> None:
        """Both sets are drawn anew."""
        self.watch()
        before = self.house.council.seed
        if self.act("redraw", "redraw"):
            seen["the council was drawn anew"] += self.house.council.seed != before

    @call(1, member=members)
    def resign(self, member: int) -> None:
        """A member leaves; not so many that no cluster can be drawn."""
        if len(self.house.council.members()) > 9:
            self.act("resign", "resign", by=self.house.members[member])
        else:
            self.act("resign", "resign", by=self.house.people["stranger"])

    @call(4, member=members, low=often)
    def expel(self, member: int, low: bool) -> None:
        """A member whose stake or standing is too low is put out; one in good standing stays."""
        least = self.house.parameters.council.min_stake
        seats = {i: self.house.council.seat(self.house.members[i].address) for i in members}
        poor = [i for i, seat in seats.items() if seat.state == MemberState.MEMBER and seat.stake < least]
        member = poor[0] if poor and low else member
        if self.act("expel", "expel", self.house.members[member].address):
            assert member in BAD_MEMBERS

    @call(3, member=members, left=often)
    def take_stake(self, member: int, left: bool) -> None:
        """A former member's stake comes back after the unbonding time."""
        seats = {i: self.house.council.seat(self.house.members[i].address) for i in members}
        gone = [i for i, seat in seats.items() if seat.state == MemberState.LEAVING]
        member = gone[0] if gone and left else member
        self.act("take_stake", "take_stake", by=self.house.members[member])

    # ------------------------------------------------------------ time

    @call(6, asked=False, seconds=[1, 60, 900, 1700])
    def travel(self, seconds: int, deadline: bool = False, early: bool = False) -> None:
        """Time passes, after everybody honest has looked at the slots."""
        self.pass_time(seconds)

    @call(6, asked=False)
    def long_travel(self) -> None:
        """A window passes, and the time to answer."""
        self.pass_time(max(WINDOW, ANSWER) + POST)

    @call(2, asked=False)
    def week(self) -> None:
        """The unbonding time passes, and what was posted before becomes final."""
        self.pass_time(self.house.parameters.council.unbonding)
        self.close_all(self.house.next_time // SLOT - 3)

    def close_all(self, last: int) -> None:
        """Make everything final up to a slot whose time is over."""
        market = self.house.market
        while market.frontier <= last:
            live = [slot for slot in sorted(self.posts) if self.live(slot)]
            if live and live[0] == market.frontier:
                draft = self.posts[live[0]].draft
                self.must("last_finalise", "finalise", [self.house.closing(draft)], [draft.rows])
                self.was_right(live[0])
            else:
                self.must("last_advance", "advance", 1024)

    def pass_time(self, seconds: int) -> None:
        self.watch()
        self.house.go(self.house.next_time + seconds)
        self.chain.mine(self.house.next_time)
        self.expire_all()

    # ------------------------------------------------------------ what always holds

    def one_story(self) -> None:
        """Chain, rules and log hold the same; the money is all there; honest members are unhurt."""
        house, market, log = self.house, self.house.market, self.log
        house.same(replayed=False)
        assert log.homes == [home.balance for home in market.homes]
        assert log.caps == [home.cap for home in market.homes]
        assert log.meters == [home.meter for home in market.homes]
        assert [log.exits[i] for i in range(5)] == [home.exit_amount for home in market.homes]
        assert log.frontier in (0, market.frontier)
        for key in house.keys:
            assert log.owed[key] == market.owed.get(key, 0)
            assert log.council_owed[key] == house.council.seat(key).owed
        assert log.homes == [self.paid_in[i] for i in range(5)]
        for i, member in enumerate(house.members):
            seat = house.council.seat(member.address)
            if i not in BAD_MEMBERS and seat.state in (MemberState.MEMBER, MemberState.LEAVING):
                assert seat.stake == house.parameters.council.min_stake, "an honest member was slashed"

    def end_everything(self) -> None:
        """Every verifier dead: what is posted becomes final or void, and all the money comes out."""
        house = self.house
        try:
            self.watch()
            for home in range(5):
                self.must("last_exit", "request_exit", 2**62, by=self.owner(home))
            self.pass_time(ANSWER + WINDOW + POST + 2 * SLOT)
            self.close_all(house.market.homes[0].exit_slot)
            for home in range(5):
                if house.market.homes[home].balance:
                    self.paid_in[home] -= house.market.homes[home].balance
                    self.must("last_withdraw", "withdraw", home)
            for (slot, home), found in list(house.market.demands.items()):
                if found.open:
                    self.must("last_bond", "return_bond", slot, home)
            self.draw_in_time()
            for key in list(house.keys.values()):
                state = house.council.seat(key.address).state
                if state == MemberState.MEMBER:
                    self.must("last_resign", "resign", by=key)
                elif state == MemberState.CANDIDATE:
                    self.must("last_request", "withdraw_request", by=key)
            house.go(house.next_time + house.parameters.council.unbonding)
            for key in list(house.keys.values()):
                if house.council.seat(key.address).state == MemberState.LEAVING:
                    self.must("last_stake", "take_stake", by=key)
                if house.market.owed.get(key.address):
                    self.must("last_collect", "collect", by=key)
                if house.council.seat(key.address).owed:
                    self.must("last_collect", "collect", "council", by=key)
            self.one_story()
            house.same()
            assert house.market.locked == 0
            held = self.chain.balance(house.suite.ledger.address) // house.parameters.unit
            assert sum(account.available for account in house.ledger.accounts.values()) == held
        finally:
            self.put_back()
