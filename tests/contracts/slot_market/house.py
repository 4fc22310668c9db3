"""A neighbourhood with a slot market on a chain, and the same neighbourhood in the rules beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from eth_utils.crypto import keccak

from energy_trading.bindings import read_events
from energy_trading.bindings.contract import ContractRevert, Sent
from energy_trading.bindings.suite import PARTS, CouncilSettings, SlotSettings, SuiteParameters, deploy
from energy_trading.chain.in_process import in_process
from energy_trading.crypto._signatures import compact
from energy_trading.crypto.keys import SecretKey
from energy_trading.market.log.replay import replay
from energy_trading.meter.signers import P256Meter, Secp256k1Meter
from energy_trading.rules import council as council_rules
from energy_trading.rules.context import Context
from energy_trading.rules.ledger import Ledger, Refused
from energy_trading.rules.signers import Signers, is_p256
from energy_trading.rules.slot_pool import chunk_hashes, clear, pack_rows, rows_root
from energy_trading.rules.slots import SlotMarket
from energy_trading.types import (
    ZERO_ADDRESS,
    AccountAttestation,
    Ack,
    Evidence,
    Order,
    Posted,
    Pricing,
    Reading,
    Result,
    RowProof,
)

GENESIS = 1_614_556_800
SLOT, TURN, POST, WINDOW, ANSWER = 900, 60, 900, 1800, 1800
EURO = 10**9
MEMBERS, HOMES, FEEDERS = 10, 5, 4
FUNDS, LOCKED, CAP = 500 * EURO, 100 * EURO, 10 * EURO
NO_ORDER = Order(ZERO_ADDRESS, 0, 0, 0, 0, 0, 0)
NO_EVIDENCE = Evidence(NO_ORDER, b"", Reading(ZERO_ADDRESS, 0, 0), b"", b"")
WITH_BLOCK = {"found", "decide"}
WITH_HASHES = {"redraw", "resign", "expel"}


@dataclass
class Draft:
    """A slot as its cluster has worked it out."""

    posted: Posted
    rows: bytes
    peers: int
    signatures: bytes
    orders: dict[int, Order]
    readings: dict[int, Reading]
    budgets: dict[int, int]

    @property
    def slot(self) -> int:
        return self.posted.result.slot

    @property
    def result(self) -> Result:
        return self.posted.result


class House:
    """Actors by role, both markets, and the steps that they take in both at once."""

    def __init__(self, homes: int = HOMES, **changes: Any) -> None:
        names = ("dso", "pkg", "treasury", "founder", "stranger")
        self.people = {name: SecretKey.from_int(3000 + i) for i, name in enumerate(names)}
        self.members = [SecretKey.from_int(4000 + i) for i in range(MEMBERS)]
        self.owners = [SecretKey.from_int(5000 + i) for i in range(homes)]
        self.keys = {key.address: key for key in (*self.people.values(), *self.members, *self.owners)}
        self._planned = 0
        self.chain = in_process(accounts=list(self.keys.values()), genesis_time=GENESIS)
        p = self.people
        self.parameters = SuiteParameters(
            p["dso"].address,
            p["pkg"].address,
            p["treasury"].address,
            slots=SlotSettings(
                **{
                    "turn_seconds": TURN,
                    "post_seconds": POST,
                    "window_seconds": WINDOW,
                    "answer_seconds": ANSWER,
                    "ring": 8,
                    **changes,
                }
            ),
            council=CouncilSettings(
                p["founder"].address, cluster_size=5, quorum=3, verifier_size=3, turn=300
            ),
        )
        self.suite = deploy(self.chain, p["dso"], self.parameters)
        self._make_rules()
        self.meters: list[Any] = [self._meter(i) for i in range(homes)]
        for key in self.keys.values():
            if key.address not in (p["treasury"].address, p["pkg"].address):
                self._open(key)
        for i, owner in enumerate(self.owners):
            self.on_ledger("register_meter", owner.address, self.meters[i].signer, by=p["dso"])

    def _make_rules(self) -> None:
        s, p = self.suite, self.parameters
        verifiers: dict[str, Callable[[bytes, bytes, bytes], bool]] = {s.p256_verifier: is_p256}
        fixed: dict[str, Any] = {part.name: part.argument(p, s.addresses) for part in PARTS if part.argument}
        self.ledger = Ledger(fixed["EnergyLedger"], s.ledger_domain, signers=Signers(verifiers=verifiers))
        self.council = council_rules.Council(fixed["VerifierCouncil"], s.council_domain, self.ledger)
        self.market = SlotMarket(fixed["SlotMarket"], s.slots_domain, self.ledger, self.council, GENESIS)

    def _meter(self, i: int) -> Any:
        if i % 2:
            return P256Meter(ec.derive_private_key(900 + i, ec.SECP256R1()), self.suite.p256_verifier)
        return Secp256k1Meter(SecretKey.from_int(6000 + i))

    def _open(self, key: SecretKey) -> None:
        attestation = AccountAttestation(key.address, 3, b"\xce" * 32, b"\xa1", GENESIS + 10**6)
        signature = self.people["pkg"].sign_digest(self.suite.ledger_domain.digest(attestation))
        self.on_ledger("open_account", attestation, signature, b"", by=key)
        self.on_ledger("deposit", key.address, FUNDS, by=key, value=FUNDS * self.parameters.unit)

    @property
    def next_time(self) -> int:
        """Time of the next block; the clock advances by one second per block."""
        return max(self.chain.now() + 1, self._planned)

    @contextmanager
    def chain_alone(self) -> Iterator[None]:
        """Take steps on the chain that the rules do not follow, and undo them."""
        snapshot = self.chain.snapshot()
        yield
        self.chain.revert(snapshot)

    # ------------------------------------------------------------ both at once

    def on_ledger(self, verb: str, *args: Any, by: SecretKey, value: int = 0) -> None:
        """Take a step of the ledger, which must succeed."""
        getattr(self.ledger, verb)(Context(by.address, self.next_time, value), *args)
        extra = {"value": value} if value else {}
        getattr(self.suite.ledger, verb)(*args, **extra).send(by)

    def do(self, verb: str, *args: Any, by: SecretKey | None = None) -> Refused | Sent:
        """Take a step on the chain and in the rules; both must come to the same."""
        sender = by or self.people["stranger"]
        owner = next(
            contract
            for contract in (self.suite.slots, self.suite.slot_disputes, self.suite.council)
            if hasattr(contract, verb)
        )
        if verb == "collect" and args == ("council",):
            owner, args = self.suite.council, ()
        twin: Any = self.council if owner is self.suite.council else self.market
        ctx = Context(sender.address, self.next_time)
        extra: tuple[Any, ...] = ()
        block = self.chain.height() + 1
        if verb in WITH_BLOCK:
            extra = (block,)
        if verb in WITH_HASHES:
            extra = (block, self.block_hash)
        expected: Refused | None = None
        try:
            getattr(twin, verb)(ctx, *extra, *args)
        except Refused as refused:
            expected = refused
        sent, error = None, None
        try:
            sent = getattr(owner, verb)(*args).send(sender)
        except ContractRevert as reverted:
            error = reverted
        if sent is not None:
            assert expected is None, f"{verb}: the rules refuse and the chain does not: {expected}"
            found: Sent = sent
            return found
        assert error is not None
        assert expected is not None, f"{verb}: the chain refuses and the rules do not: {error}"
        name = error.signature.partition("(")[0]
        assert (name, tuple(error.values)) == (expected.rule, tuple(expected.values)), verb
        return expected

    def ok(self, verb: str, *args: Any, by: SecretKey | None = None) -> Sent:
        """Take a step that must succeed."""
        found = self.do(verb, *args, by=by)
        assert isinstance(found, Sent), f"{verb}: {found}"
        return found

    def no(self, rule: str, verb: str, *args: Any, by: SecretKey | None = None) -> tuple[Any, ...]:
        """Take a step that must be refused by a rule; returns the error's fields."""
        found = self.do(verb, *args, by=by)
        assert isinstance(found, Refused), f"{verb} must be refused: {rule}"
        assert found.rule == rule
        return tuple(found.values)

    def block_hash(self, number: int) -> bytes:
        found = self.chain.block(number)
        assert found is not None
        return found[1]

    def same(self) -> None:
        """Assert that chain and rules hold the same, and that no money was made or lost."""
        s, m, c = self.suite, self.market, self.council
        assert (s.slots.homes(), s.slots.frontier(), s.slots.locked()) == (
            len(m.homes),
            m.frontier,
            m.locked,
        )
        for home in range(len(m.homes) + 1):
            assert s.slots.home_of(home) == m.home_of(home)
        owed = 0
        for address in self.keys:
            assert s.ledger.account_of(address) == self.ledger.account_of(address)
            assert s.council.member_of(address) == c.member_of(address)
            assert s.slots.owed(address) == m.owed.get(address, 0)
            seat = c.seat(address)
            owed += m.owed.get(address, 0) + seat.owed + seat.stake
        now = self.chain.now()
        for slot in range(m.frontier - 1, now // SLOT + 1):
            assert s.slots.state_of(slot) == m.state_of(slot, now)
        assert [list(s.council.members()), list(s.council.verifiers())] == [c.members(), c.verifiers()]
        assert (s.council.version(), s.council.seed_block()) == (c.version, c.seed_block)
        bonds = sum(d.open and d.bonded for d in m.demands.values()) * self.parameters.slots.bond
        available = sum(account.available for account in self.ledger.accounts.values())
        assert available + m.locked + owed + bonds == self.ledger.coin // self.parameters.unit
        assert m.locked == sum(home.balance for home in m.homes)
        replayed = replay(read_events(self.chain, s.markets), self.parameters)
        assert replayed == self.ledger.accounts

    # ------------------------------------------------------------ people

    def found_council(self) -> None:
        """Every member joins, on four feeders, and both sets are drawn."""
        stake = self.parameters.council.min_stake
        for i, member in enumerate(self.members):
            self.ok("request_join", i % FEEDERS, keccak(text=f"certificate {i}"), stake, by=member)
        self.ok("found", [member.address for member in self.members], by=self.people["founder"])
        self.chain.mine()
        self.ok("redraw")

    def join_homes(self, cap: int = CAP, amount: int = LOCKED) -> None:
        """Every owner joins and locks funds, and the next slot begins."""
        for owner in self.owners:
            self.ok("join", cap, by=owner)
            self.ok("lock", amount, by=owner)
        self.next_slot()

    def next_slot(self) -> int:
        """Go to the beginning of the next slot; returns its number."""
        slot = self.next_time // SLOT + 1
        self.chain.mine(slot * SLOT)
        return slot

    def go(self, timestamp: int) -> None:
        """Let the next block have this time, if it is not later already."""
        if self.next_time < timestamp:
            self.chain.set_next_time(timestamp)
            self._planned = timestamp

    # ------------------------------------------------------------ slots

    def order(self, home: int, slot: int, **changes: Any) -> Order:
        """An order for one slot that accepts every price."""
        plain = Order(self.owners[home].address, slot, slot, 2**32, 0, CAP, 0)
        return replace(plain, **changes)

    def draft(
        self,
        nets: dict[int, int],
        slot: int | None = None,
        orders: dict[int, Order] | None = None,
        budgets: dict[int, int] | None = None,
        rows: Sequence[int] | None = None,
        turn: int = 0,
        signers: int | None = None,
        **changes: Any,
    ) -> Draft:
        """Go to the end of a slot and work it out, with a lie where one is given."""
        p = self.parameters.slots
        slot = self.next_time // SLOT if slot is None else slot
        self.go((slot + 1) * SLOT + turn * TURN)
        orders = {home: self.order(home, slot) for home in nets} | (orders or {})
        readings = {home: Reading(self.owners[home].address, slot, net) for home, net in nets.items()}
        known = {home: min(CAP, orders[home].max_spend) for home in nets} | (budgets or {})
        shares = {home: (orders[home], net, known[home]) for home, net in nets.items()}
        count = len(self.owners)
        cleared = clear(slot, count, shares, p.pricing, p.retail, p.feed_in, p.fee)
        packed = pack_rows(cleared.rows if rows is None else rows)
        cluster = self.suite.council.cluster_of(slot, turn)
        assert list(cluster) == self.council.cluster_of(slot, turn)
        place = turn % len(cluster)
        result = Result(
            slot,
            cleared.price,
            cleared.metered_supply_wh,
            cleared.metered_demand_wh,
            cleared.supply_wh,
            cleared.demand_wh,
            keccak(b"".join(order.struct_hash() for order in orders.values())),
            rows_root(packed),
            cluster[place],
        )
        result = replace(result, **changes)
        if rows is not None and "supply_wh" not in changes:
            sold = sum(row for row in rows if row > 0)
            if min(result.supply_wh, result.demand_wh) != sold:
                result = replace(result, supply_wh=sold, demand_wh=sold)
        peers = [i for i in range(len(cluster)) if i != place][
            : (signers or self.parameters.council.quorum) - 1
        ]
        return self.signed(Draft(Posted(result, ()), packed, 0, b"", orders, readings, known), cluster, peers)

    def signed(self, draft: Draft, cluster: Sequence[str], peers: Sequence[int]) -> Draft:
        """Have the members at these places of the cluster sign, in their order."""
        digest = self.suite.slots_domain.digest(draft.result)
        signatures = b"".join(compact(self.keys[cluster[i]].sign_digest(digest)) for i in sorted(peers))
        who = (draft.result.leader, *(cluster[i] for i in sorted(peers)))
        bits = sum(1 << i for i in peers)
        return replace(draft, posted=Posted(draft.result, who), peers=bits, signatures=signatures)

    def args(self, draft: Draft) -> tuple[Any, ...]:
        """What `post` takes."""
        return draft.result, draft.rows, draft.peers, draft.signatures

    def post(self, nets: dict[int, int], **changes: Any) -> Draft:
        """Work a slot out and post it."""
        draft = self.draft(nets, **changes)
        self.ok("post", *self.args(draft), by=self.keys[draft.result.leader])
        return draft

    def proof(self, draft: Draft, home: int) -> RowProof:
        """Open a row."""
        start = 2 * home // 128 * 128
        return RowProof(draft.rows[start : start + 128], tuple(chunk_hashes(draft.rows)))

    def evidence(self, draft: Draft, home: int, **changes: Any) -> Evidence:
        """Order and reading of a home, signed."""
        order, reading = draft.orders[home], draft.readings[home]
        domain, meter = self.suite.slots_domain, self.meters[home]
        found = Evidence(
            order,
            self.owners[home].sign_digest(domain.digest(order)),
            reading,
            meter.signer,
            meter.sign(domain.digest(reading)),
        )
        return replace(found, **changes)

    def ack(self, draft: Draft, home: int, member: int = 1, **changes: Any) -> tuple[Any, ...]:
        """What a signer of the result has acknowledged, as `misfill` takes it."""
        order = changes.pop("of_order", draft.orders.get(home, NO_ORDER))
        reading = changes.pop("of_reading", draft.readings.get(home, Reading(ZERO_ADDRESS, 0, 0)))
        budget = draft.budgets.get(home, 0)
        account = self.owners[home].address
        ack = Ack(draft.slot, account, order.struct_hash(), reading.struct_hash(), budget)
        ack = replace(ack, **changes)
        key = self.keys[draft.posted.signers[member]]
        signature = key.sign_digest(self.suite.slots_domain.digest(ack))
        return order, reading, ack, member, signature

    def finalise(self, *drafts: Draft, by: SecretKey | None = None) -> Refused | Sent:
        """Make posted slots final."""
        hashes = [council_rules.signers_hash(d.posted.signers) for d in drafts]
        return self.do("finalise", [d.result for d in drafts], hashes, [d.rows for d in drafts], by=by)

    def finalised(self, *drafts: Draft, by: SecretKey | None = None) -> None:
        """Wait for the window and make posted slots final, and the empty ones before them."""
        self.go(self.chain.now() + WINDOW + POST + SLOT)
        found = self.finalise(*drafts, by=by)
        assert isinstance(found, Sent), found

    def balances(self) -> list[int]:
        return [home.balance for home in self.market.homes]


class Kept:
    """A house as it is now, to be put back after each test."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.rules = deepcopy((house.ledger, house.council, house.market))

    def put_back(self, snapshot: str) -> None:
        self.house.chain.revert(snapshot)
        self.house._planned = 0
        ledger, council, market = deepcopy(self.rules)
        self.house.ledger, self.house.council, self.house.market = ledger, council, market


__all__ = ["CAP", "EURO", "House", "Kept", "Pricing"]
