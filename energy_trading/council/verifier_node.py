"""A verifier node: collects orders and readings, settles slots with its cluster, and answers for them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from eth_utils.crypto import keccak

from energy_trading.bindings import verifier_council as council_events
from energy_trading.bindings.contract import Call, ContractRevert, UnknownRevert
from energy_trading.bindings.suite import Suite
from energy_trading.bindings.verifier_council import TooFew
from energy_trading.council.verifier_store import VerifierStore, entry_from_json, entry_to_json
from energy_trading.crypto._signatures import compact, recover_address
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput, Forged, TryAgain
from energy_trading.files._json import (
    canonical_json,
    check_address,
    check_list,
    check_object,
    from_hex,
    to_hex,
)
from energy_trading.market.log.follower import Follower
from energy_trading.market.slots.book import SlotBook, spent
from energy_trading.market.slots.messages import SignedAck, SignedOrder, SignedResult, SignedSlotReading
from energy_trading.market.slots.posting import Posting
from energy_trading.market.slots.settlement import (
    ENERGY_TAKEN,
    MONEY_GIVEN,
    MONEY_TAKEN,
    ConditionBroken,
    Settled,
    SlotEntry,
    best_order,
    check_final,
    check_order,
    check_reading,
    check_settled,
    settle,
)
from energy_trading.rules.slot_pool import rows_root
from energy_trading.rules.slots import closing_of
from energy_trading.types import ZERO_ADDRESS, Evidence, Order, Reading

#: a proposal goes again to those that have not answered, every so many steps
_RESEND: Final = 4
_MAX_SLOT: Final = 2**32
_NO_EVIDENCE: Final = Evidence(
    Order(ZERO_ADDRESS, 0, 0, 0, 0, 0, 0), b"", Reading(ZERO_ADDRESS, 0, 0), b"", b""
)

Send = Callable[[str | None, dict[str, Any]], None]


@dataclass(frozen=True)
class NodeSettings:
    """How a node works; none of it changes what is right.

    Args:
        members: accounts of the members that this node exchanges messages with, its own too.
        collect_seconds: how long after a slot's end its leader waits for readings that are missing.
        finalise_every: how many slots are made final at once; more is cheaper and later.
        least_wh: least energy of a slot that is worth its gas, Wh.
    """

    members: tuple[str, ...]
    collect_seconds: int = 30
    finalise_every: int = 4
    least_wh: int = 1


@dataclass
class _Proposal:
    settled: Settled
    signed: SignedResult
    message: dict[str, Any]
    cluster: list[str]
    signatures: dict[str, bytes] = field(default_factory=dict)
    sent_at: int = -_RESEND


class VerifierNode:
    """One member of the council at work. `receive` takes a message, `step` does what is due.

    Time is that of the chain's blocks. What a node has acknowledged or signed is in its store before anybody
    sees it; everything else follows from the chain and from messages, so a node may be killed at any point.

    Args:
        suite: the contracts.
        from_block: block of the deployment.
        key: of the member's account; it signs and pays.
        store: of the member.
        send: hands a message to a member, to all other members if that is None, or to a home ("home 0x…"); it
            does not wait, and a message that is lost is sent again.
        settings: how it works.
        say: is called with a line of text about what the node does.

    Source:
        Z-2, Z-4, Z-6, Z-7.
    """

    def __init__(
        self,
        suite: Suite,
        from_block: int,
        key: SecretKey,
        store: VerifierStore,
        send: Send,
        settings: NodeSettings,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.suite = suite
        self.member = key.address
        self.settings = settings
        self.parameters = suite.slots.slot_parameters()
        council = suite.council.council_parameters()
        self.quorum, self._cluster_size, self._reseed = council.quorum, council.cluster_size, council.reseed
        self.domain = suite.slots_domain
        self._from_block, self._key, self._store, self._send, self._say = from_block, key, store, send, say
        self._lock = threading.RLock()
        self._members = sorted({*settings.members, key.address})
        self._steps = 0
        self._out: list[tuple[str | None, dict[str, Any]]] = []
        self._begin()

    def _begin(self) -> None:
        """Read the log from its beginning, at the start and after a reorganisation."""
        self.book = SlotBook(self.parameters)
        self.now = 0
        self._follower = Follower(self.suite, self._from_block, self._say)
        self._times: dict[int, int] = {}
        self._clusters: dict[tuple[int, int], list[str]] = {}
        self._postings: dict[int, Posting] = {}
        self._proposals: dict[tuple[int, int], _Proposal] = {}
        self._redraw_named = False
        self._drawn_at: int | None = None

    # ------------------------------------------------------------ messages

    def receive(self, message: Any) -> dict[str, Any]:
        """Take a message of a home or of another member; every message proves itself.

        Args:
            message: as JSON.

        Returns:
            The answer to the sender: an acknowledgement, if the message led to one.

        Raises:
            BadInput: the message has another form, or comes too early or too late.
            Forged: a signature is not its signer's.
            ConditionBroken: an order or a reading does not count.
        """
        kinds: dict[str, Callable[[Any, bool], dict[str, Any]]] = {
            "order": self._take_order,
            "reading": self._take_reading,
            "proposal": self._take_proposal,
            "signature": self._take_signature,
            "refusal": self._take_refusal,
        }
        sender, message = self._opened(message)
        kind = message.get("kind") if isinstance(message, dict) else None
        if not isinstance(kind, str) or kind not in kinds:
            raise BadInput(f"a message must be of the kind {', '.join(kinds)}, not {kind!r}")
        if sender is None and kind not in ("order", "reading"):
            raise BadInput(f"a message of the kind {kind} must be a member's, signed by it")
        with self._kept():
            return kinds[kind](message, sender is not None)

    @contextmanager
    def _kept(self) -> Iterator[None]:
        """Hold the node; what it has recorded inside is on the disk before anything leaves it."""
        with self._lock:
            try:
                with self._store.together():
                    yield
            finally:
                out, self._out = self._out, []
                for to, message in out:
                    self._send(to, message)

    def _tell(self, to: str | None, message: dict[str, Any]) -> None:
        """Send a message that this member signs."""
        signature = to_hex(compact(self._key.sign_digest(self._digest(message))))
        self._out.append((to, {"member": self.member, "message": message, "signature": signature}))

    def _opened(self, message: Any) -> tuple[str | None, Any]:
        """Return a message and the member that signed it; None if it is a home's."""
        if not isinstance(message, dict) or "member" not in message:
            return None, message
        found = check_object(message, "the message", {"member", "message", "signature"})
        signature = from_hex(found["signature"], "signature", 64)
        member = check_address(found["member"], "member")
        if member not in self._members:
            raise BadInput(f"{member} is not among the members that this node exchanges messages with")
        if recover_address(self._digest(found["message"]), signature) != member:
            raise Forged(f"{member} did not sign this message")
        return member, found["message"]

    def _digest(self, message: Any) -> bytes:
        market = f"{self.domain.chain_id} {self.domain.verifying_contract}\n"
        return keccak(b"energy-trading verifier message\n" + market.encode() + canonical_json(message))

    def _take_order(self, message: Any, gossip: bool) -> dict[str, Any]:
        found = check_object(message, "the message", {"kind", "signed"})
        signed = SignedOrder.from_json(found["signed"])
        order = signed.order
        number, slot = self._number(order.account), self._slot()
        if order.last_slot >= _MAX_SLOT or order.last_slot < slot:
            raise BadInput(f"the order ends with slot {order.last_slot}, and now is slot {slot}")
        signed.check(self.domain)
        least = self.book.home_now(number, slot + 1).min_nonce
        if order.nonce < least:
            raise BadInput(f"{order.account} has revoked its orders below {least}, not {order.nonce}")
        # Orders close when their slot begins; one that came to another member in time may be on its way.
        first = max(order.first_slot, slot if gossip else slot + 1)
        if self._store.put_order(signed, first) and not gossip:
            self._tell(None, {"kind": "order", "signed": signed.to_json()})
        return {"counts_from": first}

    def _take_reading(self, message: Any, gossip: bool) -> dict[str, Any]:
        found = check_object(message, "the message", {"kind", "signed"})
        signed = SignedSlotReading.from_json(found["signed"])
        slot, account = signed.reading.slot, signed.reading.account
        number, now = self._number(account), self._slot()
        if not max(self.book.frontier, now - self.parameters.ring) <= slot <= now:
            raise BadInput(
                f"the reading is for slot {slot}, and now is slot {now}; it came too early or too late"
            )
        signed.check(self.domain, self.book.home_now(number, slot).meter, self.suite.p256_verifier)
        fresh = self._store.reading(slot, account) is None
        self._keep_reading(signed)
        if fresh and not gossip:
            self._tell(None, {"kind": "reading", "signed": signed.to_json()})
        ack = self._ack(slot, account)
        return {"ack": None if ack is None else ack.to_json()}

    def _keep_reading(self, signed: SignedSlotReading) -> bool:
        """Keep a checked reading; two of one meter for one slot are recorded. Returns whether it is new."""
        slot, account = signed.reading.slot, signed.reading.account
        fresh = self._store.reading(slot, account) is None
        if other := self._store.put_reading(signed):
            both = {"first": other.to_json(), "second": signed.to_json()}
            why = f"the meter of {account} signed two readings for slot {slot}"
            self._fail(slot, ConditionBroken(ENERGY_TAKEN, account, why, both))
        return fresh

    def ack_of(self, slot: int, account: str) -> SignedAck | None:
        """Return what this node goes by for a home and a slot; None if order or reading is missing."""
        with self._kept():
            return self._ack(slot, account)

    def _ack(self, slot: int, account: str) -> SignedAck | None:
        if known := self._store.ack(slot, account):
            return known[0]
        if not self._is_open(slot) or account not in self.book.numbers:
            return None
        entry = self._entry(slot, account)
        number = self.book.numbers[account]
        homes = self.book.homes_in(slot)
        if entry is None or number >= len(homes):
            return None
        budget = homes[number].budget
        ack = SignedAck.sign(slot, entry.order, entry.reading, budget, self._key, self.domain)
        self._store.put_ack(ack, entry)
        self._out.append((f"home {account}", {"kind": "ack", "signed": ack.to_json()}))
        return ack

    def _give_acks(self, slot: int) -> None:
        """Give its word to each home; whoever signs a slot has given it, and can be held to it."""
        for account in self.book.numbers:
            self._ack(slot, account)

    def _entry(self, slot: int, account: str) -> SlotEntry | None:
        """What counts for a home: what was acknowledged, or else its best order and its first reading."""
        if known := self._store.ack(slot, account):
            return known[1]
        reading, homes = self._store.reading(slot, account), self.book.homes_in(slot)
        number = self.book.numbers[account]
        if reading is None or number >= len(homes):
            return None
        order = best_order(self._store.orders(account, slot), homes[number], slot)
        return None if order is None else SlotEntry(order, reading)

    # ------------------------------------------------------------ execution: temporary

    def _take_proposal(self, message: Any, _: bool) -> dict[str, Any]:
        found = check_object(message, "the message", {"kind", "signed", "rows", "entries"})
        signed = SignedResult.from_json(found["signed"])
        signed.check(self.domain)
        result, slot = signed.result, signed.result.slot
        settled = Settled(result, from_hex(found["rows"], "rows"))
        if rows_root(settled.rows) != result.rows:
            raise Forged(f"the rows of slot {slot} are not those that {signed.member} has signed")
        if not self._is_open(slot) or result.leader != signed.member:
            raise BadInput(f"slot {slot} cannot be posted now by {signed.member}")
        if not any(self._leads(signed.member, slot, turn) for turn in self._turns(slot)):
            raise BadInput(f"it is not the turn of {signed.member} to post slot {slot}")
        try:
            entries = self._checked(slot, signed, found["entries"])
            acks = self._acks(slot)
            self._check_complete(slot, signed, entries)
            homes = self.book.homes_in(slot)
            check_settled(settled, homes, entries, self.parameters, signed, acks)
        except ConditionBroken as broken:
            self._fail(slot, broken)
            self._tell(signed.member, self._refusal(slot, broken))
            raise
        for entry in entries.values():
            self._store.put_order(entry.order, slot)
            self._keep_reading(entry.reading)
        self._give_acks(slot)
        self._store.put_signed(slot, result.rows, entries)
        own = SignedResult.sign(result, self._key, self.domain)
        self._tell(signed.member, {"kind": "signature", "signed": own.to_json()})
        return {"signed": True}

    def _checked(self, slot: int, signed: SignedResult, given: Any) -> dict[int, SlotEntry]:
        """Check each order and reading that a leader names; a wrong one is the leader's failure too."""
        homes, entries = self.book.homes_in(slot), dict[int, SlotEntry]()
        for value in check_list(given, "entries"):
            entry = entry_from_json(value)
            number = self._number(entry.account)
            if number >= len(homes) or number in entries:
                raise BadInput(f"{entry.account} has no home in slot {slot}, or is named twice")
            try:
                check_order(entry.order, homes[number], slot, self.domain)
                check_reading(entry.reading, homes[number], slot, self.domain, self.suite.p256_verifier)
            except ConditionBroken as broken:
                evidence = broken.evidence | {"signed": signed.to_json()}
                raise ConditionBroken(broken.condition, signed.member, broken.why, evidence) from None
            entries[number] = entry
        return entries

    def _check_complete(self, slot: int, signed: SignedResult, entries: dict[int, SlotEntry]) -> None:
        """Check that no newer order and no home is left out that this node knows."""
        homes = self.book.homes_in(slot)
        for account, number in self.book.numbers.items():
            own = self._entry(slot, account) if number < len(homes) else None
            if own is None or homes[number].frozen:
                continue
            named = entries.get(number)
            if named is None or named.order.order.nonce < own.order.order.nonce:
                why = f"slot {slot} leaves out the order {own.order.order.nonce} or the reading of {account}"
                evidence = {"signed": signed.to_json(), "entry": entry_to_json(own)}
                raise ConditionBroken(MONEY_TAKEN, signed.member, why, evidence)

    def _refusal(self, slot: int, broken: ConditionBroken) -> dict[str, Any]:
        """Tell a leader why, and all that this node knows of the slot: it may have missed something."""
        known = (self._entry(slot, account) for account in self.book.numbers)
        entries = [entry_to_json(entry) for entry in known if entry is not None]
        return {"kind": "refusal", "slot": slot, "why": str(broken), "entries": entries}

    def _take_refusal(self, message: Any, _: bool) -> dict[str, Any]:
        found = check_object(message, "the message", {"kind", "slot", "why", "entries"})
        slot = found["slot"]
        if type(slot) is not int or not self._is_open(slot):
            return {}
        learnt = False
        homes = self.book.homes_in(slot)
        for value in check_list(found["entries"], "entries"):
            entry = entry_from_json(value)
            number = self._number(entry.account)
            if number >= len(homes):
                continue
            check_order(entry.order, homes[number], slot, self.domain)
            check_reading(entry.reading, homes[number], slot, self.domain, self.suite.p256_verifier)
            learnt |= self._store.put_order(entry.order, slot)
            learnt |= self._keep_reading(entry.reading)
        if learnt:  # propose again, with what was missing
            for key in [key for key in self._proposals if key[0] == slot]:
                del self._proposals[key]
        return {}

    def _take_signature(self, message: Any, _: bool) -> dict[str, Any]:
        found = check_object(message, "the message", {"kind", "signed"})
        signed = SignedResult.from_json(found["signed"])
        for (slot, _turn), proposal in self._proposals.items():
            same = slot == signed.result.slot and proposal.settled.result == signed.result
            if same and signed.member in proposal.cluster:
                signed.check(self.domain)
                proposal.signatures[signed.member] = signed.signature
        return {}

    def _leading(self) -> Iterator[tuple[str, Call[Any]]]:
        for slot in self._open_slots():
            turn = (self.now - self.book.end(slot)) // self.parameters.turn_seconds
            if not self._leads(self.member, slot, turn):
                continue
            cluster = self._cluster(slot, turn)
            key = slot, turn // len(cluster)
            proposal = self._proposals.get(key) or self._propose(slot, cluster)
            if proposal is None:
                continue
            self._proposals[key] = proposal
            if len(proposal.signatures) + 1 >= self.quorum:
                yield f"post slot {slot}", self._post(proposal)
            elif self._steps - proposal.sent_at >= _RESEND:
                proposal.sent_at = self._steps
                for member in cluster:
                    if member != self.member and member not in proposal.signatures:
                        self._tell(member, proposal.message)

    def _propose(self, slot: int, cluster: list[str]) -> _Proposal | None:
        homes, entries, missing = self.book.homes_in(slot), dict[int, SlotEntry](), False
        for account, number in self.book.numbers.items():
            if number >= len(homes) or homes[number].frozen:
                continue
            entry = self._entry(slot, account)
            if entry is not None:
                entries[number] = entry
            elif best_order(self._store.orders(account, slot), homes[number], slot):
                missing = True
        if missing and self.now < self.book.end(slot) + self.settings.collect_seconds:
            return None
        settled = settle(slot, homes, entries, self.parameters, self.member)
        if min(settled.result.supply_wh, settled.result.demand_wh) < self.settings.least_wh:
            return None  # not worth its gas: the slot stays empty
        self._give_acks(slot)
        signed = SignedResult.sign(settled.result, self._key, self.domain)
        self._store.put_signed(slot, settled.result.rows, entries)
        message = {
            "kind": "proposal",
            "signed": signed.to_json(),
            "rows": to_hex(settled.rows),
            "entries": [entry_to_json(entries[number]) for number in sorted(entries)],
        }
        return _Proposal(settled, signed, message, cluster)

    def _post(self, proposal: _Proposal) -> Call[None]:
        places = [i for i, member in enumerate(proposal.cluster) if member in proposal.signatures]
        chosen = places[: self.quorum - 1]
        signatures = b"".join(proposal.signatures[proposal.cluster[i]] for i in chosen)
        bits = sum(1 << i for i in chosen)
        return self.suite.slots.post(proposal.settled.result, proposal.settled.rows, bits, signatures)

    # ------------------------------------------------------------ disputes

    def _disputing(self) -> Iterator[tuple[str, Call[Any]]]:
        """Answer demands in turn with the other signers; what nobody answers in time expires."""
        for (slot, home), demand in list(self.book.demands.items()):
            posting = self._postings.get(slot)
            if posting is None or slot in self.book.void:
                continue
            if self.now >= demand.deadline:
                if self._on_duty():
                    yield f"expire slot {slot}", self.suite.slot_disputes.expire(posting.posted, home)
                continue
            signers = posting.posted.signers
            turn = (self.now - self.book.posted_at[slot]) // self.parameters.turn_seconds
            if signers[turn % len(signers)] == self.member:
                evidence = self._evidence(posting, home)
                if evidence is not None:
                    call = self.suite.slot_disputes.answer(
                        posting.posted, home, posting.proof(home), evidence
                    )
                    yield f"answer for home {home} in slot {slot}", call

    def _evidence(self, posting: Posting, home: int) -> Evidence | None:
        if posting.row(home) == 0:
            return _NO_EVIDENCE
        result = posting.posted.result
        for entry in self._store.signed(result.slot, result.rows):
            if self.book.numbers[entry.account] == home:
                order, reading = entry.order, entry.reading
                return Evidence(
                    order.order, order.signature, reading.reading, reading.meter, reading.signature
                )
        return None

    def _overspent(self) -> Iterator[tuple[str, Call[Any]]]:
        """Dispute what everybody can see: a row above a home's cap, or of a frozen home."""
        if not self._on_duty():
            return
        for posted in self.book.live():
            posting = self._postings.get(posted.slot)
            if posting is None:
                continue
            for home, facts in enumerate(self.book.homes_of(posted.slot)):
                row = posting.row(home)
                cost = spent(row, posted.result.price, self.parameters.fee)
                if cost > facts.cap or (facts.frozen and row):
                    what = "although it is frozen" if facts.frozen else f"above its cap {facts.cap}"
                    why = f"slot {posted.slot} charges home {home} {cost}, {what}"
                    evidence = {"slot": posted.slot, "home": home}
                    self._fail(posted.slot, ConditionBroken(MONEY_TAKEN, posted.result.leader, why, evidence))
                    call = self.suite.slot_disputes.overspend(posting.posted, home, posting.proof(home))
                    yield f"dispute slot {posted.slot}: overspend", call
                    break

    def _torn_meters(self) -> Iterator[tuple[str, Call[Any]]]:
        """Freeze homes whose meters signed two readings for one slot."""
        if not self._on_duty():
            return
        for failure in self._store.failures():
            evidence = failure["evidence"]
            if failure["condition"] != ENERGY_TAKEN or "second" not in evidence:
                continue
            first = SignedSlotReading.from_json(evidence["first"])
            second = SignedSlotReading.from_json(evidence["second"])
            number = self.book.numbers.get(first.reading.account)
            if number is None or self.book.home_now(number, self._slot() + 1).frozen:
                continue
            call = self.suite.slot_disputes.two_readings(
                number, first.reading, second.reading, first.meter, first.signature, second.signature
            )
            yield f"two readings of home {number}", call

    # ------------------------------------------------------------ final: permanent

    def _finalising(self) -> Iterator[tuple[str, Call[Any]]]:
        if not self._on_duty():
            return
        batch: list[int] = []
        frontier = self.book.frontier or self.suite.slots.frontier()
        waiting = bool(self.book.exits())
        for posted in self.book.live():
            due = self.book.posted_at[posted.slot] + self.parameters.window_seconds
            between = range(batch[-1] + 1 if batch else frontier, posted.slot)
            demanded = any(slot == posted.slot for slot, _ in self.book.demands)
            if self.now < due or demanded or not all(map(self._is_empty, between)):
                break
            batch.append(posted.slot)
        batch = [slot for slot in batch if slot in self._postings][: 4 * self.settings.finalise_every]
        try:
            check_final(self.book, batch)
        except ConditionBroken as broken:
            if broken.condition != MONEY_GIVEN:
                raise
            slot, home = broken.evidence["slot"], broken.evidence["home"]
            self._fail(slot, broken)
            batch = [each for each in batch if each < slot]
            waiting = True
            if not batch:
                posting = self._postings[slot]
                if frontier < slot:
                    yield "advance", self.suite.slots.advance(slot - frontier)
                call = self.suite.slot_disputes.overdraft(posting.posted, home, posting.proof(home))
                yield f"dispute slot {slot}: overdraft", call
                return
        if batch:
            oldest = self.book.posted_at[batch[0]] + self.parameters.window_seconds
            late = self.now >= oldest + self.settings.finalise_every * self.parameters.slot_seconds
            if late or waiting or len(batch) >= self.settings.finalise_every:
                postings = [self._postings[slot] for slot in batch]
                closings = [closing_of(each.posted.result, each.signers_hash) for each in postings]
                call = self.suite.slots.finalise(closings, [each.rows for each in postings])
                yield f"finalise slots {batch}", call
        elif waiting:
            count = 0
            while count < 1024 and self._is_empty(frontier + count):
                count += 1
            if count:
                yield f"advance by {count} empty slots", self.suite.slots.advance(count)

    def _redrawing(self) -> Iterator[tuple[str, Call[Any]]]:
        due = self._drawn_at is not None and self.now >= self._drawn_at + self._reseed
        if self._on_duty() and (self._redraw_named or due):
            yield "redraw", self.suite.council.redraw()

    # ------------------------------------------------------------ steps

    def step(self) -> None:
        """Read what is new on the chain, and do what is due. A step that fails is repeated by the next one.

        Raises:
            NodeError: the chain's node cannot be reached.
        """
        with self._kept():
            self._steps += 1
            self._sync()
            for slot in self._open_slots():
                self._give_acks(slot)
            jobs = [
                *self._leading(),
                *self._disputing(),
                *self._overspent(),
                *self._torn_meters(),
                *self._finalising(),
                *self._redrawing(),
            ]
        for name, call in jobs:
            self._do(name, call)

    def _do(self, name: str, call: Call[Any]) -> None:
        """Send a transaction, if it would succeed now."""
        try:
            call.simulate(self._key)
            sent = call.send(self._key)
        except (ContractRevert, UnknownRevert) as refused:
            self._say(f"{name}: not now ({refused})")
        except TryAgain as error:
            self._say(f"{name}: {error}")
        else:
            self._say(f"{name}: {sent.gas_used:,} gas")

    def _sync(self) -> None:
        # The clock is read first, so that all events up to it are folded before a slot is closed.
        now = self.suite.chain.now()
        frontier = self.book.frontier
        for event, vanished in self._follower.news():
            if vanished or not self.book.fold(event, self._time(event.block_number)):
                self._say("reorganisation: reading the log again")
                self._begin()
                self._sync()
                return
            if isinstance(event, council_events.RedrawScheduled):
                self._redraw_named = True
            elif isinstance(event, council_events.Redrawn):
                self._redraw_named, self._drawn_at = False, self._time(event.block_number)
                self._clusters.clear()
        self.now = max(self.now, now)
        self.book.advance(self.now)
        for posted in self.book.live():
            if posted.slot not in self._postings:
                self._postings[posted.slot] = Posting.read(self.suite.chain, posted, self.domain)
        if self.book.frontier != frontier:
            self._postings = {s: each for s, each in self._postings.items() if s >= self.book.frontier}
            self._store.forget_before(self.book.frontier)
        for key in [key for key in self._proposals if not self._is_open(key[0])]:
            del self._proposals[key]

    def _time(self, block: int) -> int:
        if block not in self._times:
            self._times[block] = self.suite.chain.time_of(block)
        return self._times[block]

    # ------------------------------------------------------------ parts of the above

    def status(self) -> dict[str, Any]:
        """Return what the node sees and does, for people."""
        with self._lock:
            return {
                "member": self.member,
                "time": self.now,
                "slot": self._slot(),
                "frontier": self.book.frontier,
                "homes": len(self.book.numbers),
                "posted": [posted.slot for posted in self.book.live()],
                "void": sorted(self.book.void),
                "open_demands": len(self.book.demands),
                "failures": len(self._store.failures()),
            }

    def failures(self, slot: int | None = None) -> list[dict[str, Any]]:
        """Return who failed, with the evidence: in one slot, or in all."""
        return self._store.failures(slot)

    def _number(self, account: str) -> int:
        if account not in self.book.numbers:
            raise BadInput(f"{account} has no home in the slot market")
        return self.book.numbers[account]

    def _slot(self) -> int:
        return self.now // self.parameters.slot_seconds

    def _is_open(self, slot: int) -> bool:
        """Whether a slot can be posted now."""
        in_time = self.book.end(slot) <= self.now < self.book.end(slot) + self.parameters.post_seconds
        return in_time and slot not in self.book.posted and self.book.has_closed(slot)

    def _open_slots(self) -> list[int]:
        first = (self.now - self.parameters.post_seconds) // self.parameters.slot_seconds
        return [slot for slot in range(first, self._slot()) if self._is_open(slot)]

    def _is_empty(self, slot: int) -> bool:
        """Whether a slot can be passed over."""
        if slot in self.book.posted:
            return slot in self.book.void
        return self.now >= self.book.end(slot) + self.parameters.post_seconds

    def _turns(self, slot: int) -> Iterable[int]:
        """The turn of now, and its neighbours: the clocks of two nodes are some blocks apart."""
        turn = (self.now - self.book.end(slot)) // self.parameters.turn_seconds
        return range(max(0, turn - 1), turn + 2)

    def _leads(self, member: str, slot: int, turn: int) -> bool:
        """Whether a member leads in a turn (eq 1), and this node is in its cluster."""
        cluster = self._cluster(slot, turn)
        return bool(cluster) and self.member in cluster and cluster[turn % len(cluster)] == member

    def _cluster(self, slot: int, turn: int) -> list[str]:
        key = slot, turn // self._cluster_size
        if key not in self._clusters:
            try:
                self._clusters[key] = list(self.suite.council.cluster_of(slot, turn))
            except TooFew:
                return []
        return self._clusters[key]

    def _acks(self, slot: int) -> dict[int, tuple[SignedAck, SlotEntry]]:
        found = ((number, self._store.ack(slot, account)) for account, number in self.book.numbers.items())
        return {number: known for number, known in found if known is not None}

    def _on_duty(self) -> bool:
        """Whether it is this node's turn with what anybody may do; the turn goes round with time."""
        turn = self.now // self.parameters.turn_seconds
        return self._members[turn % len(self._members)] == self.member

    def _fail(self, slot: int, broken: ConditionBroken) -> None:
        self._store.put_failure(slot, broken)
        self._say(f"slot {slot}: {broken}")
