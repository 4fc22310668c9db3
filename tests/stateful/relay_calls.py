"""Random calls about signed orders: who signs, who carries, and what the relayer gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from energy_trading.bindings.contract import Sent, error_named, error_of
from energy_trading.bindings.relay_desk import PurchaseRefused
from energy_trading.crypto.keys import SecretKey
from energy_trading.rules.ledger import Refused
from energy_trading.types import (
    SIGNED_NONCE,
    ZERO_ADDRESS,
    Bid,
    Cancellation,
    Domain,
    GiveUp,
    Message,
    NonceCancellation,
    Relay,
    RelayedBid,
    RelayedPurchase,
    Terms,
    TradeState,
    Withdrawal,
)
from tests.stateful.machine import anybody, call, seen
from tests.stateful.trade_calls import TradeCalls, buyers, keys, prices, sellers

fees = [0, 0, 1, 7, 50, 5_000]
lives = [600] * 9 + [0]
oddities = [""] * 8 + ["signer", "field", "relayer"]
limits = [""] * 10 + ["wh", "price", "slot", "seller", "credit", "nonce", "hidden", "key"]


def check_refusals(sent: Sent, made: Sequence[RelayedPurchase], refusals: Sequence[Refused | None]) -> int:
    """Compare what a batch logged with why the rules refused; return how many were refused."""
    events = [event for event in sent.events if isinstance(event, PurchaseRefused)]
    expected = [(p, r) for p, r in zip(made, refusals, strict=True) if r is not None]
    for event, (purchase, refusal) in zip(events, expected, strict=True):
        error: Any = error_of(event.reason)
        assert (event.trade_id, event.buyer) == (purchase.terms.struct_hash(), purchase.buyer)
        assert error.signature.partition("(")[0] == refusal.rule
        expected_values = tuple(error_named(refusal.rule)(*refusal.values).values)
        assert tuple(error.values) == expected_values, f"{refusal.rule}: contract and rules disagree"
    return len(expected)


class RelayCalls(TradeCalls):
    """Everything of `TradeCalls`, and what others carry."""

    weights = MappingProxyType(TradeCalls.weights | {"starve": 1})
    always = TradeCalls.always | {"accept_for_many", "void_nonces"}
    must_see = TradeCalls.must_see | {
        "fee taken",
        "bid filled",
        "batch with good and bad purchases",
        "bid again after it was voided",
        "relayer without an account paid",
        *(
            f"accept_for: {name}"
            for name in ("RelayLib_NotSigned", "RelayLib_OrderExpired", "RelayLib_BadFee")
        ),
        *(f"accept_for: {name}" for name in ("RelayDesk_OverLimit", "OfferMarket_WrongState")),
        *(
            f"fill_bid: RelayDesk_{name}"
            for name in ("OutsideEnergy", "TooDear", "OutsideSlot", "OtherSeller", "LowCredit", "NoMeter")
        ),
        "fill_bid: UnorderedNonces_NonceUsed",
        "give_up_for: OfferMarket_CutTooLarge",
        "give_up_for: RelayDesk_TooEarly",
        "withdraw_for: UnorderedNonces_NonceUsed",
    }

    def one_story(self) -> None:
        """And on every nonce."""
        super().one_story()
        for part, rules in ((self.world.ledger, self.rules.ledger), (self.world.suite.desk, self.rules.desk)):
            for (owner, word), mask in rules.nonces.items():
                assert part.nonce_mask(owner, word) == mask
                assert self.replayed.nonces.get((part.address, owner, word), 0) == mask

    # ------------------------------------------------------------ parts of the calls

    def relay(self, to: int, fee: int, life: int, odd: str) -> Relay:
        relayer = self.people[to].address if fee and odd != "relayer" else ZERO_ADDRESS
        return Relay(self.chain.next_time + life, relayer, fee)

    def order(self, order: Message, signer: SecretKey, odd: str, domain: Domain | None = None) -> bytes:
        """Its signature, or another's."""
        key = self.world.stranger if odd == "signer" else signer
        return key.sign_digest((domain or self.world.suite.desk_domain).digest(order))

    def an_offer(self, who: int, price: int, place: int, on_chain: bool, hidden: bool) -> tuple[Terms, bytes]:
        """An offer or award on chain if there is one, or a new one off chain with its signature."""
        trade_id = self.pick(place, TradeState.OFFERED, TradeState.AWARDED) if on_chain else None
        if trade_id is not None:
            return self.terms[trade_id], b""
        seller = self.people[who]
        terms = self.new_terms(seller.address, price, 100, hidden, True, 0)
        return terms, self.world.sign_offer(terms, seller)

    def was_accepted(self, terms: Terms, offer_signature: bytes, fee: int, relayer: str) -> None:
        trade_id = terms.struct_hash()
        self.terms[trade_id] = terms
        if terms.nonce & SIGNED_NONCE:
            self.signed[trade_id] = offer_signature
        seen["fee taken"] += fee > 0
        seen["relayer without an account paid"] += fee > 0 and not self.world.account(relayer).open

    def purchase_of(
        self, terms: Terms, offer_signature: bytes, by: int, key: str, relay: Relay, limit: int, odd: str
    ) -> RelayedPurchase:
        buyer = self.people[by]
        named = None if key == "meter" else self.named_key(terms.struct_hash(), buyer.address, key)
        made = self.world.purchase(
            terms,
            buyer,
            offer_signature,
            named,
            max_price=limit,
            deadline=relay.deadline,
            relayer=relay.relayer,
            fee=relay.fee,
            signer=self.world.stranger if odd == "signer" else buyer,
        )
        return replace(made, relay=replace(relay, fee=relay.fee + 1)) if odd == "field" else made

    # ------------------------------------------------------------ purchases

    @call(
        10,
        who=sellers,
        by=buyers,
        price=prices,
        place=range(100),
        on_chain=(True, False),
        hidden=(True, False),
        key=keys,
        to=anybody,
        fee=fees,
        life=lives,
        short=[0] * 9 + [1],
        odd=oddities,
        sender=anybody,
    )
    def accept_for(
        self,
        who: int,
        by: int,
        price: int,
        place: int,
        on_chain: bool,
        hidden: bool,
        key: str,
        to: int,
        fee: int,
        life: int,
        short: int,
        odd: str,
        sender: int,
    ) -> None:
        """A purchase that somebody else carries, now and then once more (N-2)."""
        terms, signature = self.an_offer(who, price, place, on_chain, hidden)
        relay = self.relay(to, fee, life, odd)
        made = self.purchase_of(terms, signature, by, key, relay, terms.price - short, odd)
        allowed = self.may_commit(made.buyer) or terms.nonce >> 254 == 1
        sent, _ = self.step("accept_for", self.people[sender], "desk.accept_for", made)
        if sent:
            assert allowed, "nobody suspended or banned commits"
            self.was_accepted(terms, signature, relay.fee, relay.relayer)
            if place % 4 == 0:
                again, _ = self.step("accept_for", self.people[sender], "desk.accept_for", made)
                assert again is None, "a purchase is carried out once"

    @call(
        4,
        who=sellers,
        price=prices,
        place=range(100),
        to=anybody,
        fee=fees,
        odds=[["", ""], ["signer", ""], ["", "field", "relayer"], ["", "late", "", "limit"], ["again", ""]],
    )
    def accept_for_many(self, who: int, price: int, place: int, to: int, fee: int, odds: list[str]) -> None:
        """A batch; what is refused changes nothing and has the reason of the rules (N-2)."""
        made: list[RelayedPurchase] = []
        for i, odd in enumerate(odds):
            terms, signature = self.an_offer(who, price, place + i, i % 2 == 1, False)
            relay = self.relay(to, fee, 0 if odd == "late" else 600, odd)
            limit = terms.price - (odd == "limit")
            made.append(self.purchase_of(terms, signature, (place + i) % 5, "meter", relay, limit, odd))
            if odd == "again":
                made.append(made[-1])
        verb = "desk.accept_for_many"
        sent, refusals = self.step("accept_for_many", self.world.stranger, verb, made)
        assert sent is not None
        refused = check_refusals(sent, made, refusals)
        for purchase, refusal in zip(made, refusals, strict=True):
            if refusal is None:
                relay = purchase.relay
                self.was_accepted(purchase.terms, purchase.seller_signature, relay.fee, relay.relayer)
        seen["batch with good and bad purchases"] += 0 < refused < len(made)

    # ------------------------------------------------------------ bids

    @call(
        14,
        who=sellers,
        by=[0, 1, 2, 4] * 4 + [5],
        price=prices,
        place=range(100),
        on_chain=(True, False),
        to=anybody,
        fee=fees,
        life=lives,
        nonce=range(12),
        odd=oddities,
        limit=limits,
    )
    def fill_bid(
        self,
        who: int,
        by: int,
        price: int,
        place: int,
        on_chain: bool,
        to: int,
        fee: int,
        life: int,
        nonce: int,
        odd: str,
        limit: str,
    ) -> None:
        """A standing bid, whose limits one side of the offer may break (N-2)."""
        terms, signature = self.an_offer(who, price, place, on_chain, limit == "hidden")
        relay, buyer = self.relay(to, fee, life, odd), self.people[by]
        wh = terms.energy.wh if terms.energy.is_plain else 100
        per_mwh = -(-terms.price * 10**6 // wh)
        credit = self.world.account(terms.seller).seller_credit_e9
        bid = Bid(
            buyer.address,
            self.people[who - 1].address if limit == "seller" else ZERO_ADDRESS,
            wh + (limit == "wh"),
            2**64,
            per_mwh - (limit == "price"),
            terms.accept_by + (limit == "slot"),
            terms.deliver_by,
            credit + (limit == "credit"),
            relay.deadline,
            nonce,
            bytes(32) if limit != "key" else b"\x01" * 32,
            relay.relayer,
            relay.fee,
        )
        order = self.order(bid, buyer, odd)
        if odd == "field":
            bid = replace(bid, max_price_per_mwh=per_mwh + 1)
        voided = self.rules.desk.nonce_mask(buyer.address, 0) >> nonce & 1
        allowed = self.may_commit(buyer.address)
        relayed = RelayedBid(terms, bid, [], order, signature)
        sent, _ = self.step("fill_bid", self.world.stranger, "desk.fill_bid", relayed)
        seen["bid again after it was voided"] += sent is None and bool(voided)
        if sent:
            assert allowed, "nobody suspended or banned commits"
            assert not voided, "a bid is filled once"
            assert terms.energy.is_plain
            seen["bid filled"] += 1
            self.was_accepted(terms, signature, relay.fee, relay.relayer)

    @call(3, who=anybody, nonces=[1, 2, 4, 0b1010, 0], at_desk=(True, False))
    def void_nonces(self, who: int, nonces: int, at_desk: bool) -> None:
        """Somebody takes orders back (N-8)."""
        verb = "desk.void_nonces" if at_desk else "ledger.void_nonces"
        self.step("void_nonces", self.people[who], verb, 0, nonces)

    @call(3, who=anybody, nonces=[1, 2, 4, 0b1010, 0], at_desk=(True, False), life=lives, odd=oddities)
    def void_nonces_for(self, who: int, nonces: int, at_desk: bool, life: int, odd: str) -> None:
        """By a signed order (N-8)."""
        owner, suite = self.people[who], self.world.suite
        void = NonceCancellation(owner.address, 0, nonces, self.chain.next_time + life)
        domain = suite.desk_domain if at_desk else suite.ledger_domain
        order = self.order(void, owner, odd, domain)
        void = replace(void, mask=nonces ^ 1) if odd == "field" else void
        verb = "desk.void_nonces_for" if at_desk else "ledger.void_nonces_for"
        self.step("void_nonces_for", self.world.stranger, verb, void, order)

    # ------------------------------------------------------------ sellers, withdrawals

    @call(
        6,
        place=range(100),
        to=anybody,
        fee=fees,
        life=lives,
        cut=[0, 2**63 - 1, 2**63 - 1],
        wait=[0] * 5 + [1_000],
        odd=oddities,
    )
    def give_up_for(self, place: int, to: int, fee: int, life: int, cut: int, wait: int, odd: str) -> None:
        """A seller's order to withdraw an offer (N-4)."""
        trade_id = self.pick(place, TradeState.OFFERED)
        if trade_id is None:
            return
        terms, relay = self.terms[trade_id], self.relay(to, fee, life, odd)
        seller = next(key for key in self.people if key.address == terms.seller)
        not_before = self.chain.next_time + wait
        order = GiveUp(trade_id, not_before, cut, relay.deadline, relay.relayer, relay.fee)
        arguments = terms, not_before, cut + (odd == "field"), relay, self.order(order, seller, odd)
        self.step("give_up_for", self.world.stranger, "desk.give_up_for", *arguments)

    @call(4, who=sellers, price=prices, place=range(100), to=anybody, fee=fees, life=lives, odd=oddities)
    def cancel_for(self, who: int, price: int, place: int, to: int, fee: int, life: int, odd: str) -> None:
        """A seller's order to cancel an offer signed off chain (N-4)."""
        known = [i for i, t in self.terms.items() if t.nonce & SIGNED_NONCE]
        if place % 3 == 0 and known:
            terms = self.terms[known[place % len(known)]]
        else:
            terms = self.new_terms(self.people[who].address, price, 100, False, True, 0)
        relay = self.relay(to, fee, life, odd)
        seller = next(key for key in self.people if key.address == terms.seller)
        order = Cancellation(terms.struct_hash(), relay.deadline, relay.relayer, relay.fee)
        relay_sent = replace(relay, deadline=relay.deadline + 1) if odd == "field" else relay
        arguments = terms, relay_sent, self.order(order, seller, odd)
        sent, _ = self.step("cancel_for", self.world.stranger, "desk.cancel_for", *arguments)
        if sent:
            self.terms.setdefault(terms.struct_hash(), terms)

    @call(
        8,
        who=anybody,
        to=anybody,
        amount=[0, 1, 2, 13, 99, 5_000],
        relayer=anybody,
        fee=fees,
        life=lives,
        nonce=range(12),
        odd=oddities,
    )
    def withdraw_for(
        self, who: int, to: int, amount: int, relayer: int, fee: int, life: int, nonce: int, odd: str
    ) -> None:
        """A withdrawal that somebody else carries (C-10)."""
        account, relay = self.people[who], self.relay(relayer, fee, life, odd)
        order = Withdrawal(
            account.address,
            self.people[to].address,
            amount,
            nonce,
            relay.deadline,
            relay.relayer,
            relay.fee,
        )
        signature = self.order(order, account, odd, self.world.suite.ledger_domain)
        order = replace(order, amount=amount + 1) if odd == "field" else order
        self.step("withdraw_for", self.world.stranger, "ledger.withdraw_for", order, signature)
