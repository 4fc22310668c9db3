"""Gas of the slot market: every function of it and of its council, and what a home pays per slot."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from eth_utils.crypto import keccak

from energy_trading.bench.gas.parts import Paid
from energy_trading.bench.gas.scenario import Scenario
from energy_trading.bindings.contract import Call
from energy_trading.bindings.suite import CouncilSettings, SlotSettings, SuiteParameters, deploy
from energy_trading.chain.in_process import in_process
from energy_trading.crypto._signatures import compact
from energy_trading.crypto.keys import SecretKey
from energy_trading.meter.signers import Secp256k1Meter
from energy_trading.rules.council import signers_hash
from energy_trading.rules.slot_pool import chunk_hashes, clear, pack_rows, rows_root
from energy_trading.rules.slots import closing_of
from energy_trading.simulation.people import GENESIS
from energy_trading.types import (
    AccountAttestation,
    Ack,
    Admission,
    Evidence,
    Order,
    Posted,
    Reading,
    Registration,
    Result,
    RowProof,
)

#: homes of the scenarios, and how many slots are finalised at once
SIZES: Final = (20, 100)
#: homes of the growth curve
GROWTH: Final = (10, 20, 50, 100, 200, 500, 1000)
AT_ONCE: Final = 4
MEMBERS: Final = 48
FEEDERS: Final = 12
#: A small ring is in steady state soon: each post finds the record of an old slot in its place. The first
#: post in each place of a ring pays 17,100 more.
RING: Final = 8
_EURO: Final = 10**9
_WINDOW: Final = 1800
_CAP: Final = 40 * _EURO


@dataclass(frozen=True)
class Signed:
    """A slot with its signatures, as it is posted."""

    posted: Posted
    rows: bytes
    peers: int
    signatures: bytes
    orders: tuple[Order, ...]
    readings: tuple[Reading, ...]


def _key(role: str) -> SecretKey:
    return SecretKey(keccak(text=f"slot benchmark: {role}"))


class SlotBench:
    """A neighbourhood with a slot market, its ring in steady state.

    Args:
        found: receives the scenarios.
        seen: what `watch` yields, which has to be on.
        homes: how many homes there are at most; they come with `join`.
    """

    def __init__(self, found: dict[str, Scenario], seen: list[Paid], homes: int) -> None:
        self.found, self.seen = found, seen
        self.random = random.Random(homes)  # noqa: S311 - readings, not secrets
        self.dso, self.pkg, self.treasury, self.founder, self.agent = map(
            _key, ("dso", "pkg", "treasury", "founder", "agent")
        )
        self.members = [_key(f"member {i}") for i in range(MEMBERS)]
        self.waiting = [_key(f"home {i}") for i in range(homes)]
        self.owners: list[SecretKey] = []
        self.keys = {key.address: key for key in (*self.members, *self.waiting)}
        self._start(seen)
        self.meters = [Secp256k1Meter(_key(f"meter {i}")) for i in range(homes)]

    def _start(self, seen: list[Paid]) -> None:
        """Begin a chain and deploy the contracts."""
        everybody = (self.dso, self.pkg, self.treasury, self.founder, self.agent, *self.keys.values())
        self.chain = in_process("prague", everybody, GENESIS)
        self.p = SuiteParameters(
            self.dso.address,
            self.pkg.address,
            self.treasury.address,
            slots=SlotSettings(window_seconds=_WINDOW, answer_seconds=_WINDOW, ring=RING),
            council=CouncilSettings(self.founder.address),
        )
        self.suite = deploy(self.chain, self.dso, self.p)

    # ------------------------------------------------------------ steps

    def send(self, call: Call[Any], sender: SecretKey | None = None) -> Scenario:
        """Send a call; return its transaction as a scenario."""
        call.send(sender or self.agent)
        return Scenario((self.seen[-1],))

    def keep(self, name: str, call: Call[Any], sender: SecretKey | None = None) -> None:
        """Measure a scenario of one call."""
        self.found[name] = self.send(call, sender)

    @contextmanager
    def fresh(self) -> Iterator[None]:
        """Undo what happens inside."""
        snapshot = self.chain.snapshot()
        yield
        self.chain.revert(snapshot)

    def open(self, key: SecretKey, funds: int) -> None:
        """Open an account and fund it."""
        plain = AccountAttestation(key.address, 3, keccak(text="cert"), b"\xa1" * 64, GENESIS + 10**7)
        signature = self.pkg.sign_digest(self.suite.ledger_domain.digest(plain))
        self.send(self.suite.ledger.open_account(plain, signature, b""), key)
        if funds:
            self.send(self.suite.ledger.deposit(key.address, funds, value=funds * self.p.unit), self.agent)

    def found_council(self) -> None:
        """Every member joins, and both sets are drawn."""
        council = self.suite.council
        for i, member in enumerate(self.members):
            self.open(member, 60 * _EURO)
            certificate = keccak(text=f"certificate {i}")
            self.found["council.request_join"] = self.send(
                council.request_join(i % FEEDERS, certificate, self.p.council.min_stake), member
            )
        accounts = [member.address for member in self.members]
        self.keep("council.found_48", council.found(accounts), self.founder)
        self.chain.mine()
        self.keep("council.redraw", council.redraw())

    def join(self, homes: int) -> None:
        """Homes join until there are so many; the first two have funds, and buy until every home has some."""
        market, before = self.suite.slots, len(self.owners)
        for i, owner in enumerate(self.waiting[before:homes], before):
            self.open(owner, 10_000 * _EURO if i < 2 else 0)
            self.send(self.suite.ledger.register_meter(owner.address, self.meters[i].signer), self.dso)
            self.found["slot.join"] = self.send(market.join(2**55), owner)
            if i < 2:
                self.found["slot.lock"] = self.send(market.lock(5_000 * _EURO), owner)
        self.owners = self.waiting[:homes]

    def fill(self) -> None:
        """Give every home funds and every place of the ring a record."""
        share = 32_000 // len(self.owners)
        nets = [-share * (len(self.owners) - 1), *[share] * (len(self.owners) - 1)]
        drafts = []
        for _ in range(RING):
            drafts.append(self.signed(nets, 2**63))
            self.send(self.posting(drafts[-1]), self.keys[drafts[-1].posted.result.leader])
        self.finalise(drafts)

    def signed(self, nets: Sequence[int], budget: int = _CAP, lie: Sequence[int] | None = None) -> Signed:
        """Go to the end of a slot and work it out, signed by a leader and four peers."""
        slot = self.chain.now() // 900
        if self.chain.now() < (slot + 1) * 900:
            self.chain.mine((slot + 1) * 900)
        orders = [Order(o.address, slot - 3, slot + 92, 300_000, 80_000, budget, 7) for o in self.owners]
        readings = [Reading(o.address, slot, net) for o, net in zip(self.owners, nets, strict=True)]
        shares = {i: (orders[i], net, budget) for i, net in enumerate(nets)}
        p = self.p.slots
        cleared = clear(slot, len(nets), shares, p.pricing, p.retail, p.feed_in, p.fee)
        rows = pack_rows(lie or cleared.rows)
        cluster = self.suite.council.cluster_of(slot, 0)
        result = Result(
            slot,
            cleared.price,
            cleared.metered_supply_wh,
            cleared.metered_demand_wh,
            cleared.supply_wh,
            cleared.demand_wh,
            keccak(text=f"orders of {slot}"),
            rows_root(rows),
            cluster[0],
        )
        digest = self.suite.slots_domain.digest(result)
        peers = range(1, self.p.council.quorum)
        signatures = b"".join(compact(self.keys[cluster[i]].sign_digest(digest)) for i in peers)
        posted = Posted(result, tuple(cluster[i] for i in range(self.p.council.quorum)))
        return Signed(posted, rows, sum(1 << i for i in peers), signatures, tuple(orders), tuple(readings))

    def posting(self, s: Signed) -> Call[None]:
        """The call that posts a slot."""
        return self.suite.slots.post(s.posted.result, s.rows, s.peers, s.signatures)

    def post(self, nets: Sequence[int], **changes: Any) -> tuple[Signed, Scenario]:
        """Work a slot out and post it."""
        draft = self.signed(nets, **changes)
        return draft, self.send(self.posting(draft), self.keys[draft.posted.result.leader])

    def finalise(self, drafts: Sequence[Signed]) -> Scenario:
        """Wait for the window and finalise."""
        self.chain.mine(self.chain.now() + _WINDOW + self.p.slots.post_seconds)
        while self.suite.slots.frontier() < drafts[0].posted.result.slot:
            self.send(self.suite.slots.advance(drafts[0].posted.result.slot - self.suite.slots.frontier()))
        closings = [closing_of(d.posted.result, signers_hash(d.posted.signers)) for d in drafts]
        # Who has led the last slot has a seat that is written anyway.
        last = self.keys[drafts[-1].posted.result.leader]
        return self.send(self.suite.slots.finalise(closings, [d.rows for d in drafts]), last)

    def nets(self) -> list[int]:
        """Readings that look like those of an afternoon."""
        # As much as the homes were given by `fill`, which is less where there are many.
        most = min(900, 24_000 // len(self.owners))
        return [self.random.choice((-1, 1)) * self.random.randrange(most // 9, most) for _ in self.owners]

    # ------------------------------------------------------------ scenarios

    def per_home(self) -> Scenario:
        """Four slots, posted and made final at once, per home and slot."""
        count = len(self.owners)
        # Slots that one cluster serves are made final at once. The second time, the leader was paid before.
        for _ in range(2):
            first = (self.chain.now() // 900 // AT_ONCE + 1) * AT_ONCE
            self.chain.mine(first * 900)
            made = [self.post(self.nets()) for _ in range(AT_ONCE)]
            last = self.finalise([draft for draft, _ in made])
        paid = tuple(scenario.paid[0] for _, scenario in made)
        self.found[f"slot.post_{count}"] = made[0][1]
        self.found[f"slot.finalise_{count}"] = last
        whole = self.found[f"slot.home_{count}"] = Scenario((*paid, *last.paid), count * AT_ONCE)
        return whole

    def proof(self, s: Signed, home: int) -> RowProof:
        """Open a row."""
        start = 2 * home // 128 * 128
        return RowProof(s.rows[start : start + 128], tuple(chunk_hashes(s.rows)))

    def evidence(self, s: Signed, home: int) -> Evidence:
        """Order and reading of a home, signed."""
        domain, meter = self.suite.slots_domain, self.meters[home]
        order, reading = s.orders[home], s.readings[home]
        signature = compact(self.owners[home].sign_digest(domain.digest(order)))
        return Evidence(order, signature, reading, meter.signer, meter.sign(domain.digest(reading)))

    def disputes(self) -> None:
        """Each way to dispute a row."""
        market, disputes = self.suite.slots, self.suite.slot_disputes
        nets = self.nets()
        with self.fresh():
            s, _ = self.post(nets)
            slot = s.posted.result.slot
            self.keep("slot.demand", market.demand(slot, 3), self.owners[3])
            self.keep("slot.demand_bonded", market.demand(slot, 4), self.owners[0])
            self.keep("slot.answer", disputes.answer(s.posted, 3, self.proof(s, 3), self.evidence(s, 3)))
            self.send(market.demand(slot, 5), self.owners[5])
            self.chain.mine(self.chain.now() + _WINDOW)
            self.keep("slot.expire", disputes.expire(s.posted, 5))
            self.keep("slot.return_bond", market.return_bond(slot, 4))
            self.keep("slot.collect", market.collect(), self.owners[0])
            leader = self.keys[s.posted.result.leader]
            self.keep("council.expel", self.suite.council.expel(leader.address))
            self.keep("council.collect", self.suite.council.collect(), self.owners[5])
        with self.fresh():
            lie = [*pack_lie(nets)]
            s, _ = self.post(nets, lie=lie)
            slot = s.posted.result.slot
            order, reading = s.orders[1], s.readings[1]
            ack = Ack(slot, self.owners[1].address, order.struct_hash(), reading.struct_hash(), _CAP)
            signed = self.keys[s.posted.signers[1]].sign_digest(self.suite.slots_domain.digest(ack))
            call = disputes.misfill(s.posted, 1, self.proof(s, 1), order, reading, ack, 1, compact(signed))
            self.keep("slot.misfill", call)
        with self.fresh():
            self.send(market.set_cap(1), self.owners[0])
            self.chain.mine((self.chain.now() // 900 + 1) * 900)
            s, _ = self.post([-800, *[40] * (len(nets) - 1)])
            self.keep("slot.overspend", disputes.overspend(s.posted, 0, self.proof(s, 0)))
        with self.fresh():
            poor = len(nets) - 1
            s, _ = self.post([*[1_000] * poor, -19_000], budget=2**63)
            self.send(market.request_exit(2**62), self.owners[poor])
            self.chain.mine(self.chain.now() + self.p.slots.post_seconds)
            while market.frontier() < s.posted.result.slot:
                self.send(market.advance(s.posted.result.slot - market.frontier()))
            self.keep("slot.overdraft", disputes.overdraft(s.posted, poor, self.proof(s, poor)))
        with self.fresh():
            slot, account = self.chain.now() // 900, self.owners[2].address
            first, second = (Reading(account, slot, net) for net in (5, 6))
            marks = [
                self.meters[2].sign(self.suite.slots_domain.digest(reading)) for reading in (first, second)
            ]
            call = disputes.two_readings(2, first, second, self.meters[2].signer, marks[0], marks[1])
            self.keep("slot.two_readings", call)

    def homes(self) -> None:
        """What homes do, and what anyone does for them."""
        market, ledger = self.suite.slots, self.suite.ledger
        owner = self.owners[1]
        with self.fresh():
            self.keep("slot.set_cap", market.set_cap(_CAP), owner)
            self.keep("slot.revoke_below", market.revoke_below(8), owner)
            self.keep("slot.request_exit", market.request_exit(5 * _EURO), owner)
            self.send(ledger.register_meter(owner.address, self.meters[2].signer), self.dso)
            self.keep("slot.update_meter", market.update_meter(1))
            self.send(ledger.suspend([owner.address]), self.dso)
            self.keep("slot.freeze", market.freeze(1))
            self.send(ledger.reinstate([owner.address]), self.dso)
            self.keep("slot.unfreeze", market.unfreeze(1))
            self.chain.mine(self.chain.now() + 5 * 900 + self.p.slots.post_seconds)
            self.keep("slot.advance_3", market.advance(3))
            self.send(market.advance(1024))
            self.keep("slot.withdraw", market.withdraw(1))

    def council(self) -> None:
        """Joining, deciding, leaving, and the registrar's role."""
        council, ledger = self.suite.council, self.suite.ledger
        new = self.owners[0]

        def decide(reason: str) -> tuple[Call[None], SecretKey]:
            chosen = council.verifiers()
            leader = chosen[council.current_turn() % len(chosen)]
            admission = Admission(new.address, 5, keccak(text="new"), council.version(), leader, reason)
            digest = self.suite.council_domain.digest(admission)
            peers = [i for i, member in enumerate(chosen) if member != leader][:4]
            signatures = b"".join(compact(self.keys[chosen[i]].sign_digest(digest)) for i in peers)
            return council.decide(admission, sum(1 << i for i in peers), signatures), self.keys[leader]

        with self.fresh():
            self.send(council.request_join(5, keccak(text="new"), self.p.council.min_stake), new)
            with self.fresh():
                self.keep("council.withdraw_request", council.withdraw_request(), new)
            with self.fresh():
                self.keep("council.decline", *decide("the certificate is another home's"))
            self.keep("council.admit", *decide(""))
        with self.fresh():
            leaver = self.members[3]
            self.keep("council.resign", council.resign(), leaver)
            self.chain.mine(self.chain.now() + self.p.council.unbonding + 1)
            self.keep("council.take_stake", council.take_stake(), leaver)
        with self.fresh():
            self.send(ledger.transfer_ownership(council.address), self.dso)
            action, deadline = ledger.accept_ownership().data, GENESIS + 10**8
            digest = self.suite.council_domain.digest(Registration(action, 0, deadline))
            chosen = council.verifiers()[:5]
            signatures = b"".join(compact(self.keys[m].sign_digest(digest)) for m in chosen)
            self.keep("council.act", council.act(action, deadline, 0b11111, signatures))


def pack_lie(nets: Sequence[int]) -> list[int]:
    """Rows that come out even for these readings and are wrong for the second home."""
    half = min(sum(n for n in nets if n > 0), -sum(n for n in nets if n < 0))
    rows, sold, bought = [], half, half
    for net in reversed(nets):
        part = min(net, sold) if net > 0 else -min(-net, bought)
        sold, bought = sold - max(part, 0), bought + min(part, 0)
        rows.append(part)
    return rows[::-1]


def measure_slots(
    found: dict[str, Scenario], seen: list[Paid], say: Callable[[str], None] = lambda _: None
) -> None:
    """Measure every scenario of the slot market.

    Args:
        found: receives the scenarios.
        seen: what `watch` yields, which has to be on.
        say: receives one line before each size.
    """
    for count in SIZES:
        say(f"slot market of {count} homes")
        bench = SlotBench(found, seen, count)
        bench.found_council()
        bench.join(count)
        bench.fill()
        bench.per_home()
        if count == SIZES[0]:
            for group in (bench.disputes, bench.homes, bench.council):
                group()


def grow(seen: list[Paid], sizes: Sequence[int] = GROWTH) -> Iterator[tuple[int, Scenario]]:
    """Measure what homes pay per slot while more and more of them join one market.

    Args:
        seen: what `watch` yields, which has to be on.
        sizes: numbers of homes, rising.

    Yields:
        How many homes there are, and four posts and their end.
    """
    bench = SlotBench({}, seen, sizes[-1])
    bench.found_council()
    for count in sizes:
        bench.join(count)
        bench.fill()
        yield count, bench.per_home()
