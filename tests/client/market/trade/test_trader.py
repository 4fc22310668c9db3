"""The verbs of an account, against the real contracts."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from energy_trading.bindings.energy_ledger import Insufficient
from energy_trading.bindings.offer_market import (
    DeliveredShort,
    DeliveryConfirmed,
    Expired,
    OfferExpired,
    OfferWithdrawn,
    ReceiptRefused,
    SignedOfferCancelled,
    TradeExpired,
    WrongState,
)
from energy_trading.chain.connect import NotMined
from energy_trading.crypto.keys import SECP256K1_N, SecretKey
from energy_trading.errors import BadInput
from energy_trading.market.trade.offer import Offer, Trade, make_offer, sign_offer
from energy_trading.market.trade.trader import Trader, confirm, confirm_many, expire, repair
from energy_trading.meter.key_root import Evidence, KeyList, KeyRootBuilder, registry_domain
from energy_trading.meter.one_time_keys import OneTimeKeys
from energy_trading.meter.signers import Secp256k1Meter
from energy_trading.meter.smart_meter import Reading, SmartMeter, TradeRefused
from energy_trading.types import Energy, TradeState
from tests.world import EURO, FUNDS, World

PRICE = EURO // 5
SLOT_S = 900


class Neighbours:
    """Alice sells to Bob, whose meter counts from zero at the start of the slot."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.verbs: list[str] = []
        registry = registry_domain(world.chain.chain_id, world.ledger.address)
        keys = OneTimeKeys(b"\x07" * 32, registry)
        self.meter = SmartMeter(world.meters[world.bob.address], world.suite.market_domain, None, keys)
        note = lambda verb, sent: self.verbs.append(verb)  # noqa: E731
        self.alice = Trader(world.suite, world.alice, on_sent=note)
        self.bob = Trader(world.suite, world.bob, self.meter, note)
        self.start = world.chain.now() + 600
        self.end = self.start + SLOT_S
        self.meter.record(Reading(self.start, 5_000, 0))
        self.times = (self.start, self.end + 3600)
        self.evidence = self._publish(keys)

    def _publish(self, keys: OneTimeKeys) -> Evidence:
        world = self.world
        registry = registry_domain(world.chain.chain_id, world.ledger.address)
        epoch = world.chain.now() // 86_400
        meters = [world.meters[k.address] for k in (world.alice, world.bob, world.carol)]
        builder = KeyRootBuilder(registry, epoch, [m.signer for m in meters], others=1)
        signers, salt = keys.open_epoch(epoch, 4), keys.salt(epoch)
        vouched = KeyList.of(epoch, signers, salt)
        builder.admit(signers, salt, [vouched.vouch(m, registry) for m in meters[:2]])
        evidence = builder.build()
        world.ledger.publish_key_root(epoch, evidence.root, evidence.hash).send(world.dso)
        return evidence

    def imports(self, wh: int) -> None:
        self.meter.record(Reading(self.end, 5_000 + wh, 0))
        self.world.pass_time(self.end + 60)


@pytest.fixture
def neighbours(world: World) -> Neighbours:
    return Neighbours(world)


def test_offer_accept_receipt_confirm(neighbours: Neighbours) -> None:
    """A trade by verbs: what the meter measured is what the market settles (N-1, N-2, N-3)."""
    n = neighbours
    offer = n.alice.offer(800, PRICE, *n.times)
    trade = n.bob.accept(offer, n.start, n.end)
    n.imports(1_000)
    sent = confirm(n.world.suite, n.world.stranger, n.bob.receipt(trade), offer)
    assert sent.event(DeliveryConfirmed).trade_id == offer.trade_id
    assert n.alice.account.available == FUNDS + PRICE
    assert n.verbs == ["make offer", "accept offer"]


@pytest.mark.parametrize("hidden", [False, True])
def test_short_delivery_settles_what_was_measured(neighbours: Neighbours, hidden: bool) -> None:
    """600 of 800 Wh pay three quarters, hidden or not; the buyer has the rest back (N-5, short delivery)."""
    n = neighbours
    offer = n.alice.offer(800, PRICE, *n.times, hidden=hidden)
    assert (int.from_bytes(offer.terms.energy, "big") >= 2**64) == hidden
    trade = n.bob.accept(offer, n.start, n.end)
    n.imports(600)
    sent = confirm(n.world.suite, n.world.stranger, n.bob.receipt(trade), offer)
    short = sent.event(DeliveredShort)
    assert (short.delivered_wh, short.agreed_wh, short.payment) == (600, 800, PRICE * 3 // 4)
    assert n.bob.account.available == FUNDS - PRICE * 3 // 4


@pytest.mark.parametrize("many", [False, True])
def test_receipt_with_high_s_pays_the_seller(neighbours: Neighbours, many: bool) -> None:
    """N-3, N-8: a meter's s in the upper half, which the market refuses, is put right on the way."""
    n = neighbours
    offer = n.alice.offer(800, PRICE, *n.times)
    trade = n.bob.accept(offer, n.start, n.end)
    n.imports(800)
    good = n.bob.receipt(trade)
    low = int.from_bytes(good.signature[32:], "big") % 2**255
    high = replace(good, signature=good.signature[:32] + (SECP256K1_N - low).to_bytes(32, "big"))
    with pytest.raises(ReceiptRefused):
        n.world.market.confirm_delivery(high).simulate(n.world.stranger)
    if many:
        confirm_many(n.world.suite, n.world.stranger, [high])
    else:
        confirm(n.world.suite, n.world.stranger, high, offer)
    assert n.alice.account.available == FUNDS + PRICE
    assert repair(high, n.world.suite.market_domain) == repair(good, n.world.suite.market_domain) == good
    forged = replace(good, energy=Energy.plain(799))
    assert repair(forged, n.world.suite.market_domain) == forged
    for signer in (b"", bytes(84), b"\x01" * 100):
        foreign = replace(good, signer=signer)
        assert repair(foreign, n.world.suite.market_domain) == foreign


def test_hidden_energy_delivered_in_full_stays_hidden(neighbours: Neighbours) -> None:
    """The receipt of all of it carries the commitment, not the quantity (N-5)."""
    n = neighbours
    offer = n.alice.offer(800, PRICE, *n.times, hidden=True)
    trade = n.bob.accept(offer, n.start, n.end)
    n.imports(800)
    delivery = n.bob.receipt(trade)
    assert delivery.energy == offer.terms.energy
    assert int.from_bytes(offer.terms.energy, "big") != 800
    sent = confirm(n.world.suite, n.world.stranger, delivery, offer)
    assert sent.event(DeliveryConfirmed).trade_id == offer.trade_id


@pytest.mark.parametrize("signed", [False, True])
def test_private_acceptance_names_a_one_time_key(neighbours: Neighbours, signed: bool) -> None:
    """The trade points at a key that is not the registered meter's, and its receipt settles (N-6)."""
    n = neighbours
    offer = (n.alice.sign_offer if signed else n.alice.offer)(800, PRICE, *n.times)
    trade = n.bob.accept_privately(offer, n.start, n.end, n.evidence)
    assert trade.receipt_key != n.world.ledger.meter_of(n.world.bob.address)
    n.imports(800)
    (sent,) = confirm_many(n.world.suite, n.world.stranger, [n.bob.receipt(trade)])
    assert sent.event(DeliveryConfirmed).trade_id == offer.trade_id


def test_signed_offer_travels_as_json(neighbours: Neighbours) -> None:
    """An offer that was signed, written, read and accepted is the same offer (N-1)."""
    n = neighbours
    offer = n.alice.sign_offer(800, PRICE, *n.times, buyer=n.world.bob.address, hidden=True)
    read = Offer.from_json(json.loads(json.dumps(offer.to_json())))
    assert read == offer
    n.bob.accept(read, n.start, n.end)
    assert n.world.market.state_of(offer.trade_id) is TradeState.ACCEPTED
    assert n.verbs == ["accept signed offer"]


def test_refused_acceptance_leaves_the_meter_free(neighbours: Neighbours) -> None:
    """When the market refuses, the meter forgets the trade and certifies the next one in full (N-3)."""
    n = neighbours
    dear = n.alice.sign_offer(800, FUNDS + 1, *n.times)
    with pytest.raises(Insufficient) as caught:
        n.bob.accept(dear, n.start, n.end)
    assert caught.value.values == (n.world.alice.address, FUNDS + 1, FUNDS)
    offer = n.alice.offer(800, PRICE, *n.times)
    trade = n.bob.accept(offer, n.start, n.end)
    n.imports(800)
    with pytest.raises(TradeRefused):
        n.meter.sign_receipt(dear.trade_id)
    assert n.bob.receipt(trade).energy == offer.terms.energy


def test_lost_answer_keeps_the_meter_ready(neighbours: Neighbours, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the answer of a mined acceptance is lost, the meter still certifies its delivery (N-3)."""
    n = neighbours
    offer = n.alice.offer(800, PRICE, *n.times)
    send = type(n.world.chain).send

    def send_and_lose(*arguments: object, **options: object) -> None:
        send(*arguments, **options)  # type: ignore[arg-type]
        raise NotMined("no receipt in 120 s")

    monkeypatch.setattr(type(n.world.chain), "send", send_and_lose)
    with pytest.raises(NotMined):
        n.bob.accept(offer, n.start, n.end)
    monkeypatch.undo()
    assert n.world.market.state_of(offer.trade_id) is TradeState.ACCEPTED
    n.imports(800)
    trade = Trade(offer, n.world.bob.address, n.world.ledger.meter_of(n.world.bob.address))
    assert n.bob.receipt(trade).energy == offer.terms.energy


def test_nothing_measured_is_a_receipt_of_nothing(neighbours: Neighbours) -> None:
    """The meter signs zero, which returns the whole payment at once and is the seller's default (N-3)."""
    n = neighbours
    trade = n.bob.accept(offer := n.alice.offer(800, PRICE, *n.times), n.start, n.end)
    n.imports(0)
    receipt = n.bob.receipt(trade)
    assert receipt.energy == Energy.plain(0)
    sent = confirm(n.world.suite, n.world.stranger, receipt, offer)
    assert sent.event(DeliveredShort).payment == 0
    assert n.bob.account.available == FUNDS
    assert n.alice.account.available == FUNDS - PRICE // 5
    assert n.alice.account.defaults == 1


def test_without_a_receipt_the_trade_expires(neighbours: Neighbours) -> None:
    """After the deadline anyone returns the money (N-7 scenario 4)."""
    n = neighbours
    offer = n.alice.offer(800, PRICE, *n.times)
    trade = n.bob.accept(offer, n.start, n.end)
    n.world.pass_time(offer.terms.deliver_by)
    assert expire(n.world.suite, n.world.stranger, trade).event(TradeExpired).cut == PRICE // 5
    assert n.bob.account.available == FUNDS
    assert n.alice.account.available == FUNDS - PRICE // 5


def test_unsold_offer_expires_and_late_buyer_is_refused(neighbours: Neighbours) -> None:
    """Nobody pays for an offer from its expiry on, and its guarantee returns whole (N-7 scenario 3)."""
    n = neighbours
    offer = n.alice.offer(800, PRICE, *n.times)
    n.world.pass_time(offer.terms.accept_by)
    with pytest.raises(Expired):
        n.bob.accept(offer, n.start, n.end)
    sent = expire(n.world.suite, n.world.stranger, offer)
    assert sent.event(OfferExpired).trade_id == offer.trade_id
    assert (n.alice.account.available, n.bob.account.available) == (FUNDS, FUNDS)


def test_give_up_on_chain_and_signed(neighbours: Neighbours) -> None:
    """An offer on chain costs a share to withdraw, a signed one is cancelled for good (N-4)."""
    n = neighbours
    assert n.alice.give_up(n.alice.offer(800, PRICE, *n.times)).event(OfferWithdrawn).cut == PRICE // 20
    signed = n.alice.sign_offer(800, PRICE, *n.times)
    assert n.alice.give_up(signed).event(SignedOfferCancelled).trade_id == signed.trade_id
    with pytest.raises(WrongState):
        n.bob.accept(signed, n.start, n.end)


def test_deposit_and_withdraw(world: World) -> None:
    """Units of account go in and out as the asset, one unit being `unit` base units."""
    alice = Trader(world.suite, world.alice)
    alice.deposit(7)
    assert alice.account.available == FUNDS + 7
    before = world.chain.web3.eth.get_balance(world.carol.address)
    alice.withdraw(FUNDS + 7, world.carol.address)
    assert alice.account.available == 0
    assert world.chain.web3.eth.get_balance(world.carol.address) - before == (FUNDS + 7) * EURO


def test_bad_terms_are_refused_before_anything_is_sent(neighbours: Neighbours) -> None:
    """Each value out of range is named with what is allowed (N-1)."""
    n = neighbours
    alice, times = n.world.alice.address, n.times
    cases = [
        ((alice, 0, 1, *times), "the energy must be between 1 and 2**64-1 Wh, not 0"),
        ((alice, 2**64, 1, *times), f"the energy must be between 1 and 2**64-1 Wh, not {2**64}"),
        ((alice, 1, 0, *times), "the price must be between 1 and 2**63-1 units, not 0"),
        ((alice, 1, 2**63, *times), f"the price must be between 1 and 2**63-1 units, not {2**63}"),
        ((alice, 1, 1, 9, 9), "accept_by must be before deliver_by, but they are 9 and 9"),
        (("alice", 1, 1, *times), "the seller must be an address, not 'alice'"),
    ]
    for arguments, text in cases:
        with pytest.raises(BadInput) as caught:
            make_offer(*arguments)
        assert str(caught.value) == text
    with pytest.raises(BadInput, match=r"the nonce must be between 0 and 2\*\*64-1, not -1"):
        make_offer(alice, 1, 1, *times, nonce=-1)


def test_signing_needs_the_sellers_key_and_a_signed_nonce(neighbours: Neighbours) -> None:
    """Nobody signs in another's name, and an offer for the chain is not signed (N-1)."""
    n = neighbours
    domain = n.world.suite.market_domain
    offer = make_offer(n.world.alice.address, 1, 1, *n.times, signed=True)
    with pytest.raises(BadInput, match=f"the key is that of {n.world.bob.address}"):
        sign_offer(offer, n.world.bob, domain)
    with pytest.raises(BadInput, match="only an offer made with signed=True can be signed"):
        sign_offer(make_offer(n.world.alice.address, 1, 1, *n.times), n.world.alice, domain)


def test_offer_must_hold_its_quantity(neighbours: Neighbours) -> None:
    """A quantity or salt that does not open the terms is refused, also from JSON (N-5)."""
    n = neighbours
    offer = make_offer(n.world.alice.address, 800, 1, *n.times, hidden=True)
    with pytest.raises(BadInput, match="the quantity of 801 Wh is not the one that the terms hold"):
        Offer(offer.terms, 801, offer.salt)
    document = offer.to_json()
    for broken in (
        {},
        [],
        None,
        {**document, "salt": "zz"},
        {**document, "terms": {}},
        {**document, "energy_wh": 1},
    ):
        with pytest.raises(BadInput):
            Offer.from_json(broken)
    assert offer.salt is not None
    assert offer.salt.hex() not in repr(offer)


def test_trader_without_meter_cannot_accept(neighbours: Neighbours) -> None:
    """Accepting needs a meter that will sign (N-3)."""
    n = neighbours
    offer = n.alice.sign_offer(800, PRICE, *n.times)
    with pytest.raises(BadInput, match="has no meter"):
        Trader(n.world.suite, n.world.carol).accept(offer, n.start, n.end)


def test_batches_are_split(neighbours: Neighbours) -> None:
    """41 receipts go in two transactions; a refused one is reported and stops no other (N-3)."""
    n = neighbours
    trades = []
    for _ in range(2):
        offer = n.alice.sign_offer(100, PRICE, *n.times)
        trades.append(n.bob.accept(offer, n.start, n.end))
    n.imports(1_000)
    good = [n.bob.receipt(trade) for trade in trades]
    stranger = Secp256k1Meter(SecretKey.from_int(5))
    bad = n.world.receipt(trades[0].offer.terms, n.world.bob, meter=stranger)
    sent = confirm_many(n.world.suite, n.world.stranger, [good[0], *[bad] * 39, good[1]])
    assert [sum(isinstance(e, DeliveryConfirmed) for e in s.events) for s in sent] == [1, 1]
