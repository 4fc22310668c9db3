"""Orders that are signed in one place and submitted from another, against the real contracts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from energy_trading.bindings.contract import Sent
from energy_trading.bindings.energy_ledger import RelayFeePaid, Withdrawn
from energy_trading.bindings.offer_market import OfferAccepted, OfferWithdrawn, SignedOfferCancelled
from energy_trading.bindings.relay_desk import OutsideEnergy, PurchaseRefused
from energy_trading.errors import BadInput, RuleBroken, TryAgain
from energy_trading.market.intents.intent import KINDS, Intent, NotSignedBy, WrongMarket
from energy_trading.market.intents.schema import intent_schema
from energy_trading.market.intents.signer import RECEIPT_SECONDS, IntentSigner, delivery_slot
from energy_trading.market.intents.submit import accept_many, submit
from energy_trading.market.trade.offer import Offer, make_offer
from energy_trading.market.trade.trader import Trader, confirm
from energy_trading.meter.smart_meter import Reading, SmartMeter, TradeRefused
from energy_trading.types import Bid, Delivery, TradeState, Withdrawal
from tests.world import EURO, World

ROOT = Path(__file__).resolve().parents[4]
PRICE = EURO // 5
FEE = 7


class Street:
    """Alice sells; Bob buys and sends no transaction; the stranger carries what he signs, for a fee."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.meter = SmartMeter(world.meters[world.bob.address], world.suite.market_domain)
        self.alice = Trader(world.suite, world.alice)
        self.orders = IntentSigner(
            world.suite, world.bob, self.meter, relayer=world.stranger.address, fee=FEE
        )
        self.now = world.chain.now()
        self.start, self.end = self.now + 3600, self.now + 4500

    def offer(self, signed: bool = True, **changes: Any) -> Offer:
        make = self.alice.sign_offer if signed else self.alice.offer
        return make(1000, PRICE, self.start, self.end + 3600, **changes)

    def send(self, intent: Intent, offer: Offer | None = None) -> Sent:
        return submit(self.world.suite, self.world.stranger, intent, offer)

    def purchase(self, offer: Offer, **changes: Any) -> Intent:
        times = {"deadline": self.now + 600, **changes}
        return self.orders.purchase(offer, self.start, self.end, **times)

    def bid(self, **changes: Any) -> Intent:
        limits = {
            "min_wh": 500,
            "max_wh": 1000,
            "max_price_per_mwh": PRICE * 1000,
            "slot_start": self.start,
            "slot_end": self.end + 3600,
            "deadline": self.now + 600,
        }
        return self.orders.bid(**{**limits, **changes})

    def available(self, account: Any) -> int:
        return int(self.world.account(account).available)


@pytest.fixture
def street(world: World) -> Street:
    return Street(world)


def as_file(intent: Intent) -> Intent:
    """What comes out of a file, so that every test sends what was written."""
    return Intent.from_json(json.loads(json.dumps(intent.to_json())))


@pytest.mark.parametrize("signed", [False, True])
def test_purchase_signed_here_and_sent_there(street: Street, signed: bool) -> None:
    """Bob signs, the stranger sends and gets the fee, and Bob's meter signs the receipt (N-2, N-3)."""
    offer = street.offer(signed)
    before = street.available(street.world.bob)
    sent = street.send(as_file(street.purchase(offer)))
    assert sent.event(OfferAccepted).buyer == street.world.bob.address
    assert sent.event(RelayFeePaid).amount == FEE
    assert before - street.available(street.world.bob) == PRICE + FEE
    assert street.available(street.world.stranger) == FEE
    street.meter.record(Reading(street.start, 0, 0))
    street.meter.record(Reading(street.end, 1000, 0))
    assert street.meter.sign_receipt(offer.trade_id).energy == offer.terms.energy


def test_a_purchase_is_sent_once(street: Street) -> None:
    """The trade's state stops a second submission."""
    intent = street.purchase(street.offer())
    street.send(intent)
    with pytest.raises(RuleBroken):
        street.send(intent)
    assert street.available(street.world.stranger) == FEE


def test_many_purchases_in_one_transaction(street: Street) -> None:
    """A refused purchase is an event and stops no other."""
    offers = [street.offer(nonce=n) for n in range(3)]
    intents = [as_file(street.purchase(offer)) for offer in offers]
    street.send(intents[1])
    (sent,) = accept_many(street.world.suite, street.world.stranger, intents)
    refused = sent.event(PurchaseRefused)
    assert refused.trade_id == offers[1].trade_id
    accepted = [event.trade_id for event in sent.events if isinstance(event, OfferAccepted)]
    assert accepted == [offers[0].trade_id, offers[2].trade_id]


def test_purchase_that_nobody_submits_frees_the_meter(street: Street) -> None:
    """The meter is held until the deadline and no longer, and never while the trade is open."""
    unused, used = (street.purchase(street.offer(nonce=n)) for n in range(2))
    street.send(used)
    with pytest.raises(TryAgain, match="can be submitted until"):
        street.orders.drop(unused)
    street.world.pass_time(street.now + 601)
    street.orders.drop(unused)
    with pytest.raises(TradeRefused):
        street.meter.sign_receipt(unused.order.trade_id)  # type: ignore[union-attr]
    with pytest.raises(RuleBroken, match="its receipt is due"):
        street.orders.drop(used)


def test_refuses_a_purchase_that_the_buyer_cannot_want(street: Street) -> None:
    """Too dear, reserved for others, one's own, or without a meter: nothing is signed."""
    offer = street.offer()
    with pytest.raises(BadInput, match="more than the limit"):
        street.purchase(offer, max_price=PRICE - 1)
    with pytest.raises(BadInput, match="reserved for"):
        street.purchase(street.offer(buyer=street.world.carol.address))
    with pytest.raises(BadInput, match="cannot buy from itself"):
        IntentSigner(street.world.suite, street.world.alice, street.meter).purchase(
            offer, street.start, street.end, deadline=street.now + 600
        )
    with pytest.raises(BadInput, match="has no meter"):
        IntentSigner(street.world.suite, street.world.bob).purchase(
            offer, street.start, street.end, deadline=street.now + 600
        )


def test_bid_is_filled_and_the_meter_learns_of_it(street: Street) -> None:
    """The relayer chooses an offer within the limits; Bob finds the trade in the log."""
    intent = as_file(street.bid())
    assert street.orders.filled(intent) is None
    large = street.alice.sign_offer(1001, PRICE, street.start, street.end + 3600)
    with pytest.raises(OutsideEnergy):
        street.send(intent, large)
    offer = street.offer()
    street.send(intent, offer)
    terms, late = offer.terms, (offer.terms.accept_by, offer.terms.deliver_by)
    with pytest.raises(BadInput, match="when its receipt is due"):
        street.orders.filled(intent, slot=late)
    trade = street.orders.filled(intent)
    assert trade is not None
    assert trade.offer.trade_id == offer.trade_id
    start, end = delivery_slot(terms)
    assert terms.accept_by <= start < end <= terms.deliver_by - RECEIPT_SECONDS
    assert (start % 900, end % 900) == (0, 0)
    street.meter.record(Reading(start, 0, 0))
    street.meter.record(Reading(end, 1000, 0))
    receipt = street.meter.sign_receipt(offer.trade_id)
    assert receipt.energy == terms.energy
    delivery = Delivery(terms, trade.buyer, receipt.signer, receipt.energy, receipt.signature)
    chain = street.world.suite.chain
    chain.mine(end + RECEIPT_SECONDS - 2)
    confirm(street.world.suite, street.world.alice, delivery, offer)
    assert street.world.suite.market.state_of(offer.trade_id) == TradeState.NONE


def test_short_trade_needs_its_delivery_named() -> None:
    """Without a whole quarter of an hour before the time of the receipt, the client names start and end."""
    terms = make_offer("0x" + "11" * 20, 1000, PRICE, 1000, 2999).terms
    with pytest.raises(BadInput, match="name start and end of delivery"):
        delivery_slot(terms)
    terms = make_offer("0x" + "11" * 20, 1000, PRICE, 1800, 3000).terms
    assert delivery_slot(terms) == (1800, 2700)


def test_voided_bid_is_not_filled(street: Street) -> None:
    """Bob voids the bid by a signature too, and an acceptance of his own is not taken for its filling."""
    intent = street.bid()
    street.send(as_file(street.orders.void(intent, deadline=street.now + 600)))
    street.send(street.purchase(street.offer(nonce=5)))
    with pytest.raises(RuleBroken):
        street.send(intent, street.offer())
    assert street.orders.filled(intent) is None


def test_give_up_and_cancel(street: Street) -> None:
    """Alice withdraws both kinds of offers by a signature; waiting costs her nothing."""
    orders = IntentSigner(street.world.suite, street.world.alice)
    on_chain, signed = street.offer(False), street.offer()
    late = as_file(orders.give_up(on_chain, deadline=street.end))
    with pytest.raises(RuleBroken):
        street.send(late)
    sent = street.send(as_file(orders.cancel(signed, deadline=street.end)))
    assert sent.event(SignedOfferCancelled).trade_id == signed.trade_id
    street.world.pass_time(street.start + 1)
    assert street.send(late).event(OfferWithdrawn).cut == 0
    with pytest.raises(BadInput, match="cancel it instead"):
        orders.give_up(signed, deadline=street.end)
    with pytest.raises(BadInput, match="give it up instead"):
        orders.cancel(on_chain, deadline=street.end)
    with pytest.raises(BadInput, match="the account is"):
        street.orders.cancel(signed, deadline=street.end)


def test_withdrawal_is_carried_out_once(street: Street) -> None:
    """Funds leave by a signature; a second submission is refused."""
    carol = street.world.carol.address
    intent = as_file(street.orders.withdraw(50, carol, deadline=street.now + 600))
    sent = street.send(intent)
    assert (sent.event(Withdrawn).to, sent.event(Withdrawn).amount) == (carol, 50)
    with pytest.raises(RuleBroken):
        street.send(intent)


def test_bids_of_one_client_differ(street: Street) -> None:
    """Two equal bids are two bids, also if two clients of one account sign them."""
    other = IntentSigner(street.world.suite, street.world.bob, street.meter)
    nonces = set()
    for orders in (street.orders, street.orders, other):
        street.orders = orders
        order = street.bid().order
        assert isinstance(order, Bid)
        nonces.add(order.nonce)
    assert len(nonces) == 3


def test_refuses_another_market_and_another_signer(street: Street) -> None:
    """A changed domain, order or signature is found before anything is sent."""
    intent = street.orders.withdraw(50, deadline=street.now + 600)
    with pytest.raises(WrongMarket, match="not part of this market"):
        street.send(replace(intent, domain=replace(intent.domain, chain_id=1)))
    with pytest.raises(WrongMarket):
        street.send(replace(intent, domain=street.world.suite.desk_domain))
    order = intent.order
    assert isinstance(order, Withdrawal)
    with pytest.raises(NotSignedBy):
        street.send(replace(intent, order=replace(order, amount=51)))


def test_parts_must_belong_together(street: Street) -> None:
    """Terms of another offer, another account and a missing key are refused when the intent is made."""
    intent = street.purchase(street.offer())
    with pytest.raises(BadInput, match="other terms"):
        replace(intent, terms=street.offer().terms)
    with pytest.raises(BadInput, match="needs terms"):
        replace(intent, terms=None)
    with pytest.raises(BadInput, match="speaks for"):
        replace(intent, signer=street.world.carol.address)
    with pytest.raises(BadInput, match="another receipt key"):
        replace(intent, order=replace(intent.order, receipt_key=b"\x01" * 32))
    with pytest.raises(BadInput, match="needs the offer"):
        street.send(street.bid())
    with pytest.raises(BadInput, match="takes no offer"):
        street.send(intent, street.offer())


def test_malformed_files_are_refused_in_one_sentence(street: Street) -> None:
    """A missing, unknown or malformed field is bad input, never a crash."""
    good = street.purchase(street.offer()).to_json()
    for changes in (
        {"kind": "order"},
        {"kind": None},
        {"signature": "0x0"},
        {"signature": None},
        {"order": {}},
        {"order": {**good["order"], "fee": 1.5}},
        {"order": {**good["order"], "fee": -1}},
        {"order": {**good["order"], "fee": 2**256}},
        {"order": {**good["order"], "buyer": "0x12"}},
        {"domain": None},
        {"terms": {}},
        {"receipt_key": {"signer": "0x"}},
        {"permit": {"deadline": 1, "v": 256, "r": "0x" + "00" * 32, "s": "0x" + "00" * 32}},
        {"extra": 1},
    ):
        with pytest.raises(BadInput):
            Intent.from_json({**good, **changes})
    with pytest.raises(BadInput):
        Intent.from_json([])


def test_every_kind_survives_its_file(street: Street) -> None:
    """What is read back equals what was written, for each kind."""
    bid = street.bid()
    deposit = street.orders.deposit(5, deadline=street.now + 600)
    alice = IntentSigner(street.world.suite, street.world.alice)
    intents = [
        street.purchase(street.offer()),
        bid,
        alice.give_up(street.offer(False), deadline=street.end),
        alice.cancel(street.offer(nonce=9), deadline=street.end),
        street.orders.withdraw(1, deadline=street.end),
        deposit,
        street.orders.void(bid, deadline=street.end),
    ]
    assert [intent.kind for intent in intents] == list(KINDS)
    assert [as_file(intent) for intent in intents] == intents
    schema = Draft202012Validator(intent_schema())
    for intent in intents:
        schema.validate(json.loads(json.dumps(intent.to_json())))
        assert not schema.is_valid({**intent.to_json(), "signature": "0x0"})
    assert street.world.market.state_of(intents[0].order.trade_id) == TradeState.NONE  # type: ignore[union-attr]


def test_a_fee_needs_a_relayer(street: Street) -> None:
    """A fee that nobody would get is refused before it is signed."""
    for values in ({"fee": 1}, {"fee": -1}, {"fee": 2**63, "relayer": street.world.bob.address}):
        with pytest.raises(BadInput):
            IntentSigner(street.world.suite, street.world.bob, **values)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="must be an address"):
        IntentSigner(street.world.suite, street.world.bob, relayer="bob")


def test_schema_of_the_docs_is_current() -> None:
    """What other languages read is what this package writes; `energy-trading intent schema` prints it."""
    assert json.loads((ROOT / "docs" / "intent.schema.json").read_text()) == intent_schema()
