"""Random calls about trades: offers, acceptances, receipts, withdrawals and expiry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import ClassVar

from eth_utils.crypto import keccak

from energy_trading.bindings.contract import Sent, UnknownRevert
from energy_trading.bindings.energy_ledger import VerifierStarved
from energy_trading.bindings.offer_market import DeliveryRefused
from energy_trading.crypto.keys import SecretKey
from energy_trading.meter.signers import P256Meter
from energy_trading.rules.trade import Accepted
from energy_trading.types import (
    AWARD_NONCE,
    MAX_UNITS,
    SIGNED_NONCE,
    TESTIMONY_NONCE,
    ZERO_ADDRESS,
    Acceptance,
    Delivery,
    DeliveryFault,
    Energy,
    Receipt,
    ReceiptKey,
    Terms,
    Testimony,
    TestimonyFault,
    TradeState,
    Witness,
)
from tests.stateful.machine import anybody, call, often, seen
from tests.stateful.people_calls import PeopleCalls

SALT = b"\x5a" * 32
#: not refusals, or those that the calls about lots meet
NOT_DRAWN = (TestimonyFault.NONE, TestimonyFault.PAID_BY_LOTS, TestimonyFault.BAD_TESTIMONY)
#: seconds to acceptBy and deliverBy; the last three are not allowed
WINDOWS = [(600, 1200), (60, 7200), (3000, 3600), (0, 60), (60, 60), (60, 20_000)]
PAID = (TradeState.ACCEPTED, TradeState.TESTIFIED)
OPEN = (TradeState.OFFERED, TradeState.AWARDED, TradeState.PAID_SHORT, *PAID)

prices = [1, 2, 3, 99, 100, 101, 250, 333, 777]
sellers = [0, 1, 2, 3] * 6 + [4, 5, 6, 7]
buyers = [0, 1, 2, 4] * 4 + [3, 5, 6, 7]
keys = ["meter"] * 9 + ["key"] * 5 + ["proof", "epoch", "signature"]
parts = [0, 1, 50, 89, 90, 91, 99, 100, 100, 100, 101]
oddities = [""] * 9 + ["signer", "buyer", "energy"]
testimonies = [""] * 8 + ["signer", "signature", "buyer", "time", "hidden"]


class TradeCalls(PeopleCalls):
    """All that happens between offer and end of a trade."""

    weights = MappingProxyType({"publish_key_root": 10})
    always = PeopleCalls.always | {"confirm_deliveries", "testify_many"}
    must_see = frozenset(
        {
            *(f"one of many refused: {fault.name}" for fault in DeliveryFault if fault != DeliveryFault.NONE),
            "P-256 receipt",
            "P-256 acceptance",
            "expired: OFFERED",
            "expired: ACCEPTED",
            "expired: TESTIFIED",
            "expired: PAID_SHORT",
            "testimony: ACCEPTED",
            "testimony: PAID_SHORT",
            "testimony of hidden energy",
            "receipt after testimony",
            "receipt in the reply time",
            "default that does not escalate",
            *(f"testimony refused: {fault.name}" for fault in TestimonyFault if fault not in NOT_DRAWN),
            "starved verifier",
            "commitment after a ban",
            "commitment refused in the last second of a ban",
            "commitment after a ban that was lifted",
            "account opened by itself",
            "account opened with its signature",
            *(f"open_account: EnergyLedger_{name}" for name in ("IsTreasury", "NoConsent", "BadAttestation")),
            *(f"lift_ban: EnergyLedger_{name}" for name in ("NotBanned", "NoReason")),
        }
    )

    #: seconds to acceptBy and deliverBy
    windows: ClassVar[Sequence[tuple[int, int]]] = WINDOWS

    def __init__(self) -> None:
        super().__init__()
        self.terms: dict[bytes, Terms] = {}
        self.signed: dict[bytes, bytes] = {}

    def state_of(self, trade_id: bytes) -> TradeState:
        return self.rules.market.state_of(trade_id)

    def accepted(self, trade_id: bytes) -> Accepted | None:
        """Who accepted a trade, with which key; None: nobody, or it has ended."""
        state = self.rules.market.trades.get(trade_id)
        return state if isinstance(state, Accepted) else None

    def pick(self, place: int, *states: TradeState) -> bytes | None:
        """A trade in one of these states."""
        fitting = [i for i in self.terms if self.state_of(i) in states]
        return self.one_of(place, fitting, self.terms)

    def deadlines(self) -> list[int]:
        reply = self.rules.market.parameters.reply_time
        times = [
            time
            for terms in self.terms.values()
            for time in (terms.accept_by, terms.deliver_by, terms.deliver_by + reply)
        ]
        return super().deadlines() + times

    def paid(self) -> int:
        accepted = [i for i in self.terms if self.state_of(i) in PAID]
        return super().paid() + sum(self.terms[i].price for i in accepted)

    def one_story(self) -> None:
        """And on the state of every trade."""
        super().one_story()
        for trade_id in self.terms:
            state = self.state_of(trade_id)
            assert self.world.market.state_of(trade_id) == state
            logged = self.replayed.trades.get(trade_id)
            assert bool(logged and logged.is_open) == (state in OPEN)

    def end_all(self) -> None:
        super().end_all()
        for trade_id in self.terms:
            if self.state_of(trade_id) in OPEN:
                assert self.expire_one(trade_id, self.claim(trade_id), self.world.stranger)

    # ------------------------------------------------------------ offers

    def new_terms(self, seller: str, price: int, wh: int, hidden: bool, signed: bool, window: int) -> Terms:
        self.nonce += 1
        now = self.chain.next_time
        energy = Energy.hidden(wh, SALT) if hidden else Energy.plain(wh)
        accept_by, deliver_by = self.windows[window]
        # two of three offers let the seller's meter testify
        nonce = self.nonce | (SIGNED_NONCE if signed else 0) | (TESTIMONY_NONCE if self.nonce % 3 else 0)
        return Terms(seller, ZERO_ADDRESS, energy, price, now + accept_by, now + deliver_by, nonce)

    @call(
        8,
        who=sellers,
        right=often,
        price=prices,
        wh=[1, 7, 100, 2**64 - 1],
        hidden=(True, False),
        window=[0, 1, 2] * 6 + [3, 4, 5],
        reserved=[None] * 7 + [0, 1, 2],
        odd=[""] * 16 + ["price", "energy", "nonce", "award", "again"],
    )
    def make_offer(
        self,
        who: int,
        right: bool,
        price: int,
        wh: int,
        hidden: bool,
        window: int,
        reserved: int | None,
        odd: str,
    ) -> None:
        """An offer (N-1)."""
        seller = self.people[who]
        terms = self.new_terms(seller.address, price, wh, hidden, False, window)
        if reserved is not None:
            terms = replace(terms, buyer=self.people[reserved].address)
        if odd == "price":
            terms = replace(terms, price=MAX_UNITS + 1 if wh == 1 else 0)
        elif odd == "energy":
            terms = replace(terms, energy=Energy.plain(0))
        elif odd in ("nonce", "award"):
            terms = replace(terms, nonce=terms.nonce | (SIGNED_NONCE if odd == "nonce" else AWARD_NONCE))
        elif odd == "again" and self.terms:
            terms = self.random.choice(list(self.terms.values()))
            seller = next(key for key in self.people if key.address == terms.seller)
        caller = seller if right else self.people[who - 1]
        allowed = self.may_commit(terms.seller)
        sent, trade_id = self.step("make_offer", caller, "market.make_offer", terms)
        if sent:
            assert allowed, "nobody suspended or banned commits"
            self.terms[trade_id] = terms

    def named_key(self, trade_id: bytes, buyer: str, odd: str) -> ReceiptKey:
        """A one-time key as an acceptance names it, or one that may not be named."""
        place = self.random.randrange(len(self.stage.one_time))
        meter, proof = self.stage.one_time[place], self.stage.tree.proof(place)
        epoch = self.chain.next_time // 3600 + (odd == "epoch")
        signs_for = self.world.stranger.address if odd == "signature" else buyer
        signature = meter.sign(self.world.suite.market_domain.digest(Acceptance(trade_id, signs_for)))
        return ReceiptKey(meter.signer, epoch, proof[:-1] if odd == "proof" else proof, signature)

    @call(16, place=range(100), who=buyers, key=keys)
    def accept_offer(self, place: int, who: int, key: str) -> None:
        """An acceptance with its payment (N-2, N-6)."""
        trade_id = self.pick(place, TradeState.OFFERED)
        if trade_id is not None:
            self.accept("accept_offer", trade_id, self.people[who], key)

    def accept(self, name: str, trade_id: bytes, buyer: SecretKey, key: str) -> None:
        terms, allowed = self.terms[trade_id], self.may_commit(buyer.address)
        is_owed = self.state_of(trade_id) == TradeState.AWARDED
        is_banned = is_owed and buyer in self.banned()
        if is_owed:
            account = self.world.account(buyer)
            allowed = account.open and not account.suspended
        if key == "meter":
            sent, _ = self.step(name, buyer, "market.accept_offer", terms)
        else:
            named = self.named_key(trade_id, buyer.address, key)
            verb = "market.accept_offer_privately"
            sent, _ = self.step(f"{name}_privately", buyer, verb, terms, named)
            seen["P-256 acceptance"] += sent is not None and len(named.signer) > 20
        assert not sent or allowed, "nobody suspended or banned commits"
        seen["award paid by a banned winner"] += sent is not None and is_banned

    @call(
        6,
        who=sellers,
        by=buyers,
        price=prices,
        hidden=(True, False),
        window=[0, 1, 2],
        key=keys,
        odd=[""] * 9 + ["signature", "nonce", "again"],
    )
    def accept_signed(
        self, who: int, by: int, price: int, hidden: bool, window: int, key: str, odd: str
    ) -> None:
        """An offer and its acceptance in one call (N-1, N-2)."""
        seller, buyer = self.people[who], self.people[by]
        terms = self.new_terms(seller.address, price, 100, hidden, odd != "nonce", window)
        if odd == "again" and self.signed:
            trade_id = sorted(self.signed)[price % len(self.signed)]
            terms, signature = self.terms[trade_id], self.signed[trade_id]
        else:
            trade_id = terms.struct_hash()
            signature = self.world.sign_offer(terms, buyer if odd == "signature" else seller)
        allowed = self.may_commit(terms.seller, buyer.address)
        if key == "meter":
            sent, _ = self.step("accept_signed", buyer, "market.accept_signed", terms, signature)
        else:
            named = self.named_key(trade_id, buyer.address, key)
            verb = "market.accept_signed_privately"
            sent, _ = self.step("accept_signed_privately", buyer, verb, terms, signature, named)
        if sent:
            assert allowed, "nobody suspended or banned commits"
            self.terms[trade_id], self.signed[trade_id] = terms, signature

    # ------------------------------------------------------------ deliveries

    def delivery(self, trade_id: bytes, energy: Energy, odd: str) -> Delivery:
        """A receipt, or one that must not be taken for one."""
        accepted = self.accepted(trade_id)
        buyer = accepted.buyer if accepted else self.world.bob.address
        first, second, *_ = self.stage.one_time
        meter = self.signers.get(accepted.receipt_key, first) if accepted else first
        if odd == "signer":
            meter = first if meter is not first else second
        if odd == "buyer":
            buyer = self.world.stranger.address
        signed_energy = Energy.plain(1) if odd == "energy" else energy
        signature = meter.sign(self.world.suite.market_domain.digest(Receipt(trade_id, signed_energy)))
        return Delivery(self.terms[trade_id], buyer, meter.signer, energy, signature)

    def delivered(self, terms: Terms, part: int) -> Energy:
        """Wh of a receipt: `part` hundredths of 100 Wh, or all of what is agreed."""
        return terms.energy if part == 100 else Energy.plain(part)

    @call(6, place=range(100), part=parts, odd=oddities, by=anybody)
    def confirm_delivery(self, place: int, part: int, odd: str, by: int) -> None:
        """A receipt, whoever submits it (N-3)."""
        trade_id = self.pick(place, *PAID)
        if trade_id is not None:
            self.receive("confirm_delivery", trade_id, part, odd, self.people[by])

    def receive(self, name: str, trade_id: bytes, part: int, odd: str, by: SecretKey) -> None:
        delivery = self.delivery(trade_id, self.delivered(self.terms[trade_id], part), odd)
        testified = self.state_of(trade_id) == TradeState.TESTIFIED
        in_time = self.chain.next_time < delivery.terms.deliver_by
        sent, _ = self.step(name, by, "market.confirm_delivery", delivery)
        seen["receipt after testimony"] += sent is not None and testified
        seen["receipt in the reply time"] += sent is not None and not in_time
        seen["P-256 receipt"] += sent is not None and len(delivery.signer) > 20

    @call(4, place=range(100), part=parts, odd=oddities, fits=often)
    def confirm_hidden_short(self, place: int, part: int, odd: str, fits: bool) -> None:
        """A receipt for hidden energy that came in part (N-5)."""
        hidden = [
            i for i, terms in self.terms.items() if self.state_of(i) in PAID and not terms.energy.is_plain
        ]
        trade_id = hidden[place % len(hidden)] if hidden else self.pick(place, *PAID)
        if trade_id is None:
            return
        terms = self.terms[trade_id]
        delivery = self.delivery(trade_id, self.delivered(terms, part), odd)
        opened = [n for n in (1, 7, 100, 2**64 - 1) if Energy.hidden(n, SALT) == terms.energy]
        agreed = opened[0] if opened and fits else 2**64
        verb = "market.confirm_hidden_short"
        self.step("confirm_hidden_short", self.world.stranger, verb, delivery, agreed, SALT)

    @call(
        3,
        part=parts,
        odds=[[""], ["", ""], ["energy", ""], ["", "energy", ""], ["buyer", "", "signer"]],
        twice=(True, False),
    )
    def confirm_deliveries(self, part: int, odds: list[str], twice: bool) -> None:
        """Many at once; a bad one does not stop the others (N-3)."""
        found = [i for i in self.terms if self.state_of(i) in PAID][: len(odds)]
        if not found:
            return
        chosen = [*zip(found, odds, strict=False), *([(found[0], "")] if twice else [])]
        deliveries = [self.delivery(i, self.delivered(self.terms[i], part), odd) for i, odd in chosen]
        verb = "market.confirm_deliveries"
        sent, faults = self.step("confirm_deliveries", self.world.stranger, verb, deliveries)
        assert sent is not None
        refused = [(e.trade_id, e.fault) for e in sent.events if isinstance(e, DeliveryRefused)]
        expected = [(i, fault) for (i, _), fault in zip(chosen, faults, strict=True) if fault]
        assert refused == expected
        for _, fault in expected:
            seen[f"one of many refused: {fault.name}"] += 1

    @call(4, asked=False, place=range(100), gas=range(40_000, 500_000, 10_000))
    def starve(self, place: int, gas: int) -> None:
        """Whoever picks the gas of a good P-256 receipt has it settled, or changes nothing (N-8)."""
        accepted = [(i, self.accepted(i)) for i in self.terms]
        judged = [i for i, a in accepted if a and isinstance(self.signers.get(a.receipt_key), P256Meter)]
        open_ones = [i for i in judged if self.chain.next_time < self.terms[i].deliver_by]
        if not open_ones:
            return
        trade_id = open_ones[place % len(open_ones)]
        deliveries = [self.delivery(trade_id, self.terms[trade_id].energy, "")]
        point = self.chain.snapshot()
        try:
            sent = self.world.market.confirm_deliveries(deliveries).send(self.world.stranger, gas)
        except VerifierStarved:
            seen["starved verifier"] += 1
        except UnknownRevert:  # the market itself ran out of gas
            assert gas < 400_000
        else:
            assert not any(isinstance(event, DeliveryRefused) for event in sent.events)
        self.chain.revert(point)

    # ------------------------------------------------------------ testimony

    def witness(self, trade_id: bytes, energy: Energy, odd: str) -> Witness:
        """A testimony of the seller's meter, or one that must not be taken for one."""
        terms, accepted = self.terms[trade_id], self.accepted(trade_id)
        first, second, *_ = self.stage.one_time
        meter = self.signers.get(self.rules.ledger.meter_of(terms.seller), first)
        receipt_signer = b""
        if accepted is not None:
            by_lots = {keccak(signer): signer for signer in self.stage.signers}
            named = self.signers.get(accepted.receipt_key)
            receipt_signer = named.signer if named else by_lots.get(accepted.receipt_key, b"")
        buyer = accepted.buyer if accepted and odd != "buyer" else self.world.stranger.address
        if odd == "signer":
            meter = first if meter is not first else second
        start, end = terms.accept_by - (odd == "time"), terms.deliver_by
        signed = Testimony(trade_id, Energy.plain(1) if odd == "signature" else energy, start, end)
        signature = meter.sign(self.world.suite.market_domain.digest(signed))
        return Witness(terms, buyer, receipt_signer, meter.signer, energy, start, end, signature)

    @call(6, place=range(100), part=parts, odd=testimonies, by=anybody, opened=(True, False), fits=often)
    def testify(self, place: int, part: int, odd: str, by: int, opened: bool, fits: bool) -> None:
        """A testimony, whoever submits it (N-3, N-7)."""
        waiting = (TradeState.PAID_SHORT,) if place % 4 == 0 else (TradeState.ACCEPTED,)
        trade_id = self.pick(place, *waiting) if fits else self.pick(place, *OPEN)
        if trade_id is None:
            return
        terms, state = self.terms[trade_id], self.state_of(trade_id)
        energy = Energy.hidden(7, SALT) if odd == "hidden" else self.delivered(terms, max(part, 1))
        witness = self.witness(trade_id, energy, odd)
        agreed = [n for n in (1, 7, 100, 2**64 - 1) if Energy.hidden(n, SALT) == terms.energy]
        caller = self.people[by]
        if agreed and opened and not odd:
            verb, extra = "market.testify_hidden", (agreed[0], SALT)
            sent, _ = self.step("testify_hidden", caller, verb, witness, *extra)
            seen["testimony of hidden energy"] += sent is not None
        elif place % 2 and not odd:
            sent, _ = self.step("testify", caller, "market.testify", witness)
        else:
            sent, faults = self.step("testify_many", caller, "market.testify_many", [witness])
            assert sent is not None
            seen[f"testimony refused: {faults[0].name}"] += 1
            alone = sent.events if faults[0] == TestimonyFault.NONE else ()
            assert bool(alone) == (faults[0] == TestimonyFault.NONE)
            sent = sent if alone else None
        seen[f"testimony: {state.name}"] += sent is not None
        if sent is not None and state == TradeState.ACCEPTED and place % 3 == 0:
            self.chain.set_next_time(max(terms.deliver_by, self.chain.next_time))
            self.receive("confirm_delivery", trade_id, part, "", caller)

    # ------------------------------------------------------------ bans

    def fail(self, seller: SecretKey, buyer: SecretKey) -> None:
        """The seller sells something and delivers nothing."""
        terms = self.new_terms(seller.address, 1, 100, False, True, 0)
        signature, trade_id = self.world.sign_offer(terms, seller), terms.struct_hash()
        if self.step("accept_signed", buyer, "market.accept_signed", terms, signature)[0]:
            self.terms[trade_id], self.signed[trade_id] = terms, signature
            self.receive("confirm_delivery", trade_id, 0, "", buyer)

    def fail_until_banned(self, seller: SecretKey) -> None:
        """Three failures at most: the first default brings no ban here."""
        buyer = self.world.bob if seller != self.world.bob else self.world.alice
        for _ in range(3):
            if seller not in self.banned():
                self.fail(seller, buyer)

    def commits(self, person: SecretKey) -> bool:
        """Whether a small offer of somebody's goes through."""
        terms = self.new_terms(person.address, 1, 1, False, False, 0)
        sent, trade_id = self.step("make_offer", person, "market.make_offer", terms)
        if sent:
            self.terms[trade_id] = terms
        return sent is not None

    @call(2, asked=False, who=range(4), wait=[-1, 0, 1, 1, 900, None, None])
    def outlast_ban(self, who: int, wait: int | None) -> None:
        """Somebody is banned, and commits when the ban is over, or in its last second (X-3).

        Where no waiting time is drawn, the DSO lifts the ban.
        """
        person = self.people[who]
        self.fail_until_banned(person)
        if person not in self.banned():
            return
        if wait is None:
            address = person.address
            self.step("lift_ban", self.world.dso, "ledger.lift_ban", address, "the gateway was down")
        else:
            until = self.rules.ledger.account(person.address).standing.banned_until
            self.chain.set_next_time(until + wait)
        done = self.commits(person)
        seen["commitment after a ban that was lifted"] += done and wait is None
        seen["commitment after a ban"] += done and wait is not None and wait > 0
        seen["commitment refused in the last second of a ban"] += not done and wait == -1

    # ------------------------------------------------------------ withdrawal, expiry

    def author(self, terms: Terms, right: bool, other: int) -> SecretKey:
        other_key = None if right else self.people[other]
        return next(key for key in self.people if key == other_key or key.address == terms.seller)

    @call(place=range(100), right=often, other=anybody, offered=often)
    def give_up(self, place: int, right: bool, other: int, offered: bool) -> None:
        """A withdrawal (N-4)."""
        trade_id = self.pick(place, TradeState.OFFERED if offered else TradeState.AWARDED)
        if trade_id is None:
            return
        caller = self.author(self.terms[trade_id], right, other)
        self.step("give_up", caller, "market.give_up", self.terms[trade_id])

    @call(who=range(0, 6), right=often, known=range(0, 10), late=often)
    def cancel_signed(self, who: int, right: bool, known: int, late: bool) -> None:
        """The withdrawal of an offer signed off chain (N-4)."""
        seller = self.people[who]
        terms = self.new_terms(seller.address, 100, 100, False, known != 1, 0 if late else 3)
        if known == 0 and self.signed:
            terms = self.terms[sorted(self.signed)[0]]
        caller = self.author(terms, right, who - 1)
        sent, _ = self.step("cancel_signed", caller, "market.cancel_signed", terms)
        if sent:
            trade_id = terms.struct_hash()
            self.terms[trade_id] = terms
            self.signed[trade_id] = self.world.sign_offer(terms, seller)

    def claim(self, trade_id: bytes, right: bool = True) -> Accepted:
        accepted = self.accepted(trade_id) if right else None
        return accepted or Accepted(self.world.stranger.address, b"\x01" * 32, 0)

    @call(3, place=range(100), right=often, state=OPEN, by=anybody)
    def expire(self, place: int, right: bool, state: TradeState, by: int) -> None:
        """What is overdue ends, whoever calls for it (N-7)."""
        trade_id = self.pick(place, state)
        if trade_id is not None:
            self.expire_one(trade_id, self.claim(trade_id, right), self.people[by])

    def expire_one(self, trade_id: bytes, claim: Accepted, by: SecretKey) -> Sent | None:
        terms, state = self.terms[trade_id], self.state_of(trade_id)
        sent, _ = self.step("expire", by, "market.expire", terms, claim.buyer, claim.receipt_key)
        if sent:
            suspended = state == TradeState.AWARDED and self.rules.ledger.account(terms.buyer).suspended
            seen[f"expired: {state.name}{', winner suspended' if suspended else ''}"] += 1
            standings = [account.standing for account in self.rules.ledger.accounts.values()]
            seen["default that does not escalate"] += any(s.steps < s.defaults for s in standings)
        return sent
