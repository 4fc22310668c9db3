"""Random calls about trades: offers, acceptances, receipts, withdrawals and expiry."""

from __future__ import annotations

from dataclasses import replace

from eth_utils.crypto import keccak

from energy_trading.bindings.contract import Sent
from energy_trading.bindings.offer_market import DeliveryRefused
from energy_trading.crypto.keys import SecretKey
from energy_trading.rules.ledger import Refused
from energy_trading.rules.trade import Accepted, CheckedReceipt, Market, NamedKey
from energy_trading.types import (
    AWARD_NONCE,
    MAX_UNITS,
    SIGNED_NONCE,
    ZERO_ADDRESS,
    Acceptance,
    Delivery,
    DeliveryFault,
    Energy,
    Receipt,
    ReceiptKey,
    Terms,
    TradeState,
)
from tests.stateful.machine import anybody, call, often, seen
from tests.stateful.people_calls import PeopleCalls

SALT = b"\x5a" * 32
#: seconds to acceptBy and deliverBy; the last three are not allowed
WINDOWS = [(600, 1200), (60, 7200), (3000, 3600), (0, 60), (60, 60), (60, 20_000)]
OPEN = (TradeState.OFFERED, TradeState.ACCEPTED, TradeState.AWARDED)

prices = [1, 2, 3, 99, 100, 101, 250, 333, 777]
sellers = [0, 1, 2, 3] * 6 + [4, 5, 6, 7]
buyers = [0, 1, 2, 4] * 4 + [3, 5, 6, 7]
keys = ["meter"] * 9 + ["key"] * 5 + ["proof", "epoch", "signature"]
parts = [0, 1, 50, 89, 90, 91, 99, 100, 100, 100, 101]
oddities = [""] * 9 + ["signer", "buyer", "energy"]


class TradeCalls(PeopleCalls):
    """All that happens between offer and end of a trade."""

    always = PeopleCalls.always | {"confirm_deliveries"}
    must_see = frozenset(
        {
            *(f"one of many refused: {fault.name}" for fault in DeliveryFault if fault != DeliveryFault.NONE),
            "P-256 receipt",
            "P-256 acceptance",
            "expired: OFFERED",
            "expired: ACCEPTED",
        }
    )

    def __init__(self) -> None:
        super().__init__()
        market = self.world.market.market_parameters()
        self.trading = Market(market, self.model, market.auction)
        self.terms: dict[bytes, Terms] = {}
        self.signed: dict[bytes, bytes] = {}

    def pick(self, place: int, *states: TradeState) -> bytes | None:
        """A trade in one of these states."""
        fitting = [i for i in self.terms if self.trading.state(i) in states]
        return self.one_of(place, fitting, self.terms)

    def deadlines(self) -> list[int]:
        times = [time for terms in self.terms.values() for time in (terms.accept_by, terms.deliver_by)]
        return super().deadlines() + times

    def paid(self) -> int:
        accepted = [i for i in self.terms if self.trading.state(i) == TradeState.ACCEPTED]
        return super().paid() + sum(self.terms[i].price for i in accepted)

    def one_story(self) -> None:
        """And on the state of every trade."""
        super().one_story()
        for trade_id in self.terms:
            state = self.trading.state(trade_id)
            assert self.world.market.state_of(trade_id) == state
            logged = self.replayed.trades.get(trade_id)
            assert bool(logged and logged.is_open) == (state in OPEN)

    def end_all(self) -> None:
        super().end_all()
        for trade_id in self.terms:
            if self.trading.state(trade_id) in OPEN:
                assert self.expire_one(trade_id, self.claim(trade_id), self.world.stranger)

    # ------------------------------------------------------------ offers

    def new_terms(self, seller: str, price: int, wh: int, hidden: bool, signed: bool, window: int) -> Terms:
        self.nonce += 1
        now = self.chain.next_time
        energy = Energy.hidden(wh, SALT) if hidden else Energy.plain(wh)
        accept_by, deliver_by = WINDOWS[window]
        nonce = self.nonce | (SIGNED_NONCE if signed else 0)
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
    def make_offer(self, who, right, price, wh, hidden, window, reserved, odd):
        """CTS (N-1)."""
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
        trade_id = self.world.trade_id(terms)
        allowed = self.may_commit(terms.seller)
        sent, _ = self.step(
            "make_offer",
            self.world.market.make_offer(terms),
            caller,
            lambda now: self.trading.make(caller.address, trade_id, terms, now),
        )
        if sent:
            assert allowed, "nobody suspended or banned commits"
            self.terms[trade_id] = terms

    def named_key(self, trade_id: bytes, buyer: str, odd: str) -> tuple[ReceiptKey, NamedKey]:
        """A one-time key on the wire, and what the reference knows about it."""
        place = self.random.randrange(len(self.stage.one_time))
        meter = self.stage.one_time[place]
        proof, root = self.stage.tree.proof(place), self.stage.tree.root
        if odd == "proof":
            proof, root = proof[:-1], b"\xff" * 32
        epoch = self.chain.next_time // 3600 + (odd == "epoch")
        signs_for = self.world.stranger.address if odd == "signature" else buyer
        signature = meter.sign(self.world.suite.market_domain.digest(Acceptance(trade_id, signs_for)))
        key = ReceiptKey(meter.signer, epoch, proof, signature)
        return key, NamedKey(meter.signer, keccak(meter.signer), epoch, root, signs_for == buyer)

    @call(12, place=range(100), who=buyers, key=keys)
    def accept_offer(self, place, who, key):
        """CTP (N-2, N-6)."""
        trade_id = self.pick(place, TradeState.OFFERED)
        if trade_id is not None:
            self.accept("accept_offer", trade_id, self.people[who], key)

    def accept(self, name: str, trade_id: bytes, buyer: SecretKey, key: str) -> None:
        terms = self.terms[trade_id]
        if key == "meter":
            named, call = None, self.world.market.accept_offer(terms)
        else:
            wire, named = self.named_key(trade_id, buyer.address, key)
            call = self.world.market.accept_offer_privately(terms, wire)
        allowed = self.may_commit(buyer.address)
        sent, _ = self.step(
            name if named is None else f"{name}_privately",
            call,
            buyer,
            lambda now: self.trading.accept(buyer.address, trade_id, terms, now, named),
        )
        assert not sent or allowed, "nobody suspended or banned commits"
        if sent and named and len(named.signer) > 20:
            seen["P-256 acceptance"] += 1

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
    def accept_signed(self, who, by, price, hidden, window, key, odd):
        """CTS and CTP in one call (N-1, N-2)."""
        seller, buyer = self.people[who], self.people[by]
        terms = self.new_terms(seller.address, price, 100, hidden, odd != "nonce", window)
        if odd == "again" and self.signed:
            trade_id = sorted(self.signed)[price % len(self.signed)]
            terms, signature = self.terms[trade_id], self.signed[trade_id]
        else:
            trade_id = self.world.trade_id(terms)
            signature = self.world.sign_offer(terms, buyer if odd == "signature" else seller)
        genuine = odd != "signature" or seller == buyer
        if key == "meter":
            named, call = None, self.world.market.accept_signed(terms, signature)
        else:
            wire, named = self.named_key(trade_id, buyer.address, key)
            call = self.world.market.accept_signed_privately(terms, signature, wire)
        allowed = self.may_commit(terms.seller, buyer.address)
        sent, _ = self.step(
            "accept_signed" if named is None else "accept_signed_privately",
            call,
            buyer,
            lambda now: self.trading.accept_signed(buyer.address, trade_id, terms, genuine, now, named),
        )
        if sent:
            assert allowed, "nobody suspended or banned commits"
            self.terms[trade_id], self.signed[trade_id] = terms, signature

    # ------------------------------------------------------------ deliveries

    def delivery(self, trade_id: bytes, energy: bytes, odd: str) -> tuple[Delivery, CheckedReceipt]:
        """A receipt on the wire, and what the reference knows about it."""
        terms = self.terms[trade_id]
        state = self.trading.trades.get(trade_id)
        accepted = state if isinstance(state, Accepted) else None
        buyer = accepted.buyer if accepted else self.world.bob.address
        first, second, *_ = self.stage.one_time
        meter = self.signers.get(accepted.receipt_key, first) if accepted else first
        if odd == "signer":
            meter = first if meter is not first else second
        if odd == "buyer":
            buyer = self.world.stranger.address
        signed_energy = bytes(31) + b"\x01" if odd == "energy" else energy
        digest = self.world.suite.market_domain.digest(Receipt(trade_id, signed_energy))
        wire = Delivery(
            terms=terms, buyer=buyer, energy=energy, signer=meter.signer, signature=meter.sign(digest)
        )
        return wire, CheckedReceipt(Accepted(buyer, keccak(meter.signer)), energy, signed_energy == energy)

    def delivered(self, terms: Terms, part: int) -> bytes:
        """Wh of a receipt: `part` hundredths of 100 Wh, or all of what is agreed."""
        return terms.energy if part == 100 else Energy.plain(part)

    @call(6, place=range(100), part=parts, odd=oddities, by=anybody)
    def confirm_delivery(self, place, part, odd, by):
        """ERC, whoever brings it (N-3)."""
        trade_id = self.pick(place, TradeState.ACCEPTED)
        if trade_id is not None:
            self.receive("confirm_delivery", trade_id, part, odd, self.people[by])

    def receive(self, name: str, trade_id: bytes, part: int, odd: str, by: SecretKey) -> None:
        terms = self.terms[trade_id]
        wire, receipt = self.delivery(trade_id, self.delivered(terms, part), odd)

        def act(now: int) -> None:
            fault = self.trading.confirm(trade_id, terms, receipt, now)
            if fault != DeliveryFault.NONE:
                raise Refused("OfferMarket_ReceiptRefused", trade_id, fault)

        call = self.world.market.confirm_delivery(wire)
        sent, _ = self.step(name, call, by, act)
        seen["P-256 receipt"] += sent is not None and len(wire.signer) > 20

    @call(4, place=range(100), part=parts, odd=oddities, fits=often)
    def confirm_hidden_short(self, place, part, odd, fits):
        """ERC of hidden energy that came in part (N-5)."""
        hidden = [
            i
            for i, terms in self.terms.items()
            if self.trading.state(i) == TradeState.ACCEPTED and not terms.energy.is_plain
        ]
        trade_id = hidden[place % len(hidden)] if hidden else self.pick(place, TradeState.ACCEPTED)
        if trade_id is None:
            return
        terms = self.terms[trade_id]
        wire, receipt = self.delivery(trade_id, self.delivered(terms, part), odd)
        opened = [n for n in (1, 7, 100, 2**64 - 1) if Energy.hidden(n, SALT) == terms.energy]
        agreed = opened[0] if opened and fits else 2**64

        def act(now: int) -> None:
            fault = self.trading.confirm_hidden_short(trade_id, terms, receipt, agreed, SALT, now)
            if fault != DeliveryFault.NONE:
                raise Refused("OfferMarket_ReceiptRefused", trade_id, fault)

        call = self.world.market.confirm_hidden_short(wire, agreed, SALT)
        self.step("confirm_hidden_short", call, self.world.stranger, act)

    @call(
        3,
        part=parts,
        odds=[[""], ["", ""], ["energy", ""], ["", "energy", ""], ["buyer", "", "signer"]],
        twice=(True, False),
    )
    def confirm_deliveries(self, part, odds, twice):
        """Many at once; a bad one does not stop the others (N-3)."""
        found = [i for i in self.terms if self.trading.state(i) == TradeState.ACCEPTED][: len(odds)]
        if not found:
            return
        chosen = [*zip(found, odds, strict=False), *([(found[0], "")] if twice else [])]
        built = [(i, *self.delivery(i, self.delivered(self.terms[i], part), odd)) for i, odd in chosen]

        def act(now: int) -> list[tuple[bytes, int]]:
            faults = [(i, self.trading.confirm(i, self.terms[i], receipt, now)) for i, _, receipt in built]
            return [(i, fault) for i, fault in faults if fault != DeliveryFault.NONE]

        sent, faults = self.step(
            "confirm_deliveries",
            self.world.market.confirm_deliveries([wire for _, wire, _ in built]),
            self.world.stranger,
            act,
        )
        refused = [(e.trade_id, e.fault) for e in sent.events if isinstance(e, DeliveryRefused)]
        assert refused == faults
        for _, fault in faults:
            seen[f"one of many refused: {fault.name}"] += 1

    # ------------------------------------------------------------ withdrawal, expiry

    def author(self, terms: Terms, right: bool, other: int) -> SecretKey:
        return next(
            key
            for key in self.people
            if (not right and key == self.people[other]) or key.address == terms.seller
        )

    @call(place=range(100), right=often, other=anybody, offered=often)
    def give_up(self, place, right, other, offered):
        """CCS (N-4)."""
        trade_id = self.pick(place, TradeState.OFFERED if offered else TradeState.AWARDED)
        if trade_id is None:
            return
        terms = self.terms[trade_id]
        caller = self.author(terms, right, other)
        self.step(
            "give_up",
            self.world.market.give_up(terms),
            caller,
            lambda now: self.trading.give_up(caller.address, trade_id, terms, now),
        )

    @call(who=range(0, 6), right=often, known=range(0, 10), late=often)
    def cancel_signed(self, who, right, known, late):
        """CCS of an offer signed off chain (N-4)."""
        seller = self.people[who]
        terms = self.new_terms(seller.address, 100, 100, False, known != 1, 0 if late else 3)
        if known == 0 and self.signed:
            terms = self.terms[sorted(self.signed)[0]]
        caller = self.author(terms, right, who - 1)
        trade_id = self.world.trade_id(terms)
        sent, _ = self.step(
            "cancel_signed",
            self.world.market.cancel_signed(terms),
            caller,
            lambda now: self.trading.cancel_signed(caller.address, trade_id, terms, now),
        )
        if sent:
            self.terms[trade_id] = terms
            self.signed[trade_id] = self.world.sign_offer(terms, seller)

    def claim(self, trade_id: bytes, right: bool = True) -> Accepted:
        state = self.trading.trades.get(trade_id)
        if right and isinstance(state, Accepted):
            return state
        return Accepted(self.world.stranger.address, b"\x01" * 32)

    @call(3, place=range(100), right=often, state=OPEN, by=anybody)
    def expire(self, place, right, state, by):
        """What is overdue ends, whoever says so (N-7)."""
        trade_id = self.pick(place, state)
        if trade_id is None:
            return
        self.expire_one(trade_id, self.claim(trade_id, right), self.people[by])

    def expire_one(self, trade_id: bytes, claim: Accepted, by: SecretKey) -> Sent | None:
        terms = self.terms[trade_id]
        state = self.trading.state(trade_id)
        call = self.world.market.expire(terms, claim.buyer, claim.receipt_key)
        sent, _ = self.step("expire", call, by, lambda now: self.trading.expire(trade_id, terms, claim, now))
        if sent:
            is_suspended = state == TradeState.AWARDED and self.model.account(terms.buyer).suspended
            seen[f"expired: {state.name}{', winner suspended' if is_suspended else ''}"] += 1
        return sent
