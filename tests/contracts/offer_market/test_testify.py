"""The payment follows the buyer's meter, guilt the seller's: testimony (N-3, N-7)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from eth_utils.crypto import keccak

from energy_trading.bindings.energy_ledger import DefaultRecorded
from energy_trading.bindings.offer_market import (
    BadOpening,
    DeliveredShort,
    DeliveryConfirmed,
    DeliveryTestified,
    NotExpired,
    PaidShort,
    ReceiptRefused,
    ShortSettled,
    TestimonyRefused,
    TestimonyUnanswered,
    TradeExpired,
    WitnessRefused,
    WrongState,
)
from energy_trading.crypto.keys import SecretKey
from energy_trading.meter.signers import P256Meter, Secp256k1Meter
from energy_trading.types import (
    TESTIMONY_NONCE,
    Delivery,
    DeliveryFault,
    Domain,
    Energy,
    Terms,
    TestimonyFault,
    TradeState,
    Witness,
)
from tests.contracts.offer_market.tools import credit_moves, publish_keys, purses, refused, told
from tests.world import EURO, FUNDS, World

PRICE = EURO // 5
CENT = EURO // 100
REPLY = 86_400
SALT = b"\x5a" * 32


def allowed(world: World, **changes: Any) -> Terms:
    """An accepted trade of Alice's with Bob to which Alice's meter may testify."""
    terms = world.terms(world.alice, **changes)
    terms = replace(terms, nonce=terms.nonce | TESTIMONY_NONCE)
    world.market.make_offer(terms).send(world.alice)
    world.market.accept_offer(terms).send(world.bob)
    return terms


def key_of(world: World, who: SecretKey) -> bytes:
    return world.ledger.meter_of(who.address)


def expire(world: World, terms: Terms) -> Any:
    return world.market.expire(terms, world.bob.address, key_of(world, world.bob))


def refuse(world: World, witness: Witness, fault: TestimonyFault) -> None:
    """See a testimony refused for this reason, alone and in a batch, where it changes nothing."""
    trade_id = world.trade_id(witness.terms)
    refused(world.market.testify(witness), world.stranger, TestimonyRefused, trade_id, fault)
    state = world.market.state_of(trade_id)
    sent = world.market.testify_many([witness]).send(world.stranger)
    assert told(world.market, sent) == [(WitnessRefused, trade_id, fault)]
    assert world.market.state_of(trade_id) == state


# ---------------------------------------------------------------- no receipt


def test_silent_buyer_leaves_the_seller_unhurt(world: World) -> None:
    """Testimony and no receipt: after the reply time both have their money (N-7)."""
    terms = allowed(world)
    standings = [world.account(key) for key in (world.alice, world.bob)]
    sent = world.market.testify(world.witness(terms, world.bob)).send(world.stranger)
    fact = (DeliveryTestified, world.trade_id(terms), terms.energy, terms.accept_by, terms.deliver_by)
    assert told(world.market, sent) == [fact]
    assert world.market.state_of(world.trade_id(terms)) == TradeState.TESTIFIED
    world.pass_time(terms.deliver_by)
    late = terms.deliver_by + REPLY
    world.chain.set_next_time(late - 1)
    refused(expire(world, terms), world.stranger, NotExpired, late - 1, late)
    world.chain.set_next_time(late)
    sent = expire(world, terms).send(world.stranger)
    assert told(world.market, sent) == [(TestimonyUnanswered, world.trade_id(terms))]
    assert credit_moves(sent) == []
    assert purses(world, world.alice, world.bob, world.treasury) == [(FUNDS, 0), (FUNDS, 0), (0, 0)]
    for before, key in zip(standings, (world.alice, world.bob), strict=True):
        after = world.account(key)
        assert (after.defaults, after.sales, after.purchases) == (0, before.sales, before.purchases)
    assert world.market.state_of(world.trade_id(terms)) == TradeState.NONE
    again = (world.trade_id(terms), TradeState.NONE, TradeState.ACCEPTED)
    refused(expire(world, terms), world.stranger, WrongState, *again)


def test_ten_silent_cents_leave_no_default_and_no_ban(world: World) -> None:
    """The first edition was attacked so: ten 1-cent offers accepted, meter silent (N-7, X-3)."""
    trades = [allowed(world, price=CENT) for _ in range(10)]
    world.market.testify_many([world.witness(terms, world.bob) for terms in trades]).send(world.stranger)
    world.pass_time(trades[-1].deliver_by + REPLY)
    for terms in trades:
        expire(world, terms).send(world.stranger)
    view = world.account(world.alice)
    assert (view.defaults, view.banned_until, view.available, view.held) == (0, 0, FUNDS, 0)


def test_invented_trade_first_leaves_no_default(world: World) -> None:
    """A buyer's meter that drew for an invented trade signs 1 Wh: no default of the seller (N-3)."""
    terms = allowed(world)
    sent = world.deliver(terms, world.bob, 1)
    assert told(world.market, sent) == [
        (PaidShort, world.trade_id(terms), 1, 1000, PRICE // 1000, PRICE * 999 // 5000)
    ]
    assert purses(world, world.alice, world.bob) == [
        (FUNDS - PRICE + PRICE // 1000, PRICE),
        (FUNDS - PRICE // 1000, 0),
    ]
    assert world.account(world.alice).defaults == 0
    world.market.testify(world.witness(terms, world.bob)).send(world.stranger)
    assert purses(world, world.alice, world.treasury) == [(FUNDS + PRICE // 1000, 0), (0, 0)]
    assert world.account(world.alice).defaults == 0


def test_no_testimony_is_as_before(world: World) -> None:
    """Neither receipt nor testimony: the buyer is refunded, the seller cut, and it is a default (N-7, 4)."""
    terms = allowed(world)
    world.pass_time(terms.deliver_by)
    sent = expire(world, terms).send(world.stranger)
    assert told(world.market, sent) == [(TradeExpired, world.trade_id(terms), PRICE // 5)]
    assert sent.event(DefaultRecorded).account == world.alice.address
    assert purses(world, world.alice, world.bob) == [(FUNDS - PRICE // 5, 0), (FUNDS, 0)]


def test_one_watt_hour_of_testimony_excuses_nothing(world: World) -> None:
    """Below the tolerance a testimony is refused, and the trade expires as a default (N-7, 4)."""
    terms = allowed(world)
    for energy in (0, 1, 899):
        refuse(world, world.witness(terms, world.bob, energy), TestimonyFault.TOO_LITTLE)
    world.pass_time(terms.deliver_by)
    assert expire(world, terms).send(world.stranger).event(DefaultRecorded).defaults == 1


@pytest.mark.parametrize("energy", [900, 1000, 5000])
def test_testimony_within_the_tolerance_counts(world: World, energy: int) -> None:
    """A tenth may be missing, and more than agreed is enough (N-3)."""
    terms = allowed(world)
    sent = world.market.testify(world.witness(terms, world.bob, energy)).send(world.stranger)
    assert sent.event(DeliveryTestified).energy == Energy.plain(energy)


# ---------------------------------------------------------------- receipt and testimony


def test_full_receipt_pays_as_ever(world: World) -> None:
    """Terms that allow testimony change nothing for a full receipt, which settles all at once (N-3)."""
    terms = allowed(world)
    sent = world.deliver(terms, world.bob)
    assert told(world.market, sent) == [(DeliveryConfirmed, world.trade_id(terms))]
    assert purses(world, world.alice, world.bob) == [(FUNDS + PRICE, 0), (FUNDS - PRICE, 0)]
    refuse(world, world.witness(terms, world.bob), TestimonyFault.NOT_WAITING)


def test_receipt_in_the_reply_time_pays(world: World) -> None:
    """After testimony the buyer's receipt counts until the last second of the reply time, not later (N-3)."""
    terms = allowed(world)
    world.market.testify(world.witness(terms, world.bob)).send(world.stranger)
    late = terms.deliver_by + REPLY
    world.chain.mine(late - 2)
    snapshot = world.chain.snapshot()
    world.chain.set_next_time(late - 1)
    sent = world.deliver(terms, world.bob)
    assert told(world.market, sent) == [(DeliveryConfirmed, world.trade_id(terms))]
    assert purses(world, world.alice, world.bob) == [(FUNDS + PRICE, 0), (FUNDS - PRICE, 0)]
    world.chain.revert(snapshot)
    world.chain.set_next_time(late)
    receipt = world.market.confirm_delivery(world.receipt(terms, world.bob))
    refused(receipt, world.stranger, ReceiptRefused, world.trade_id(terms), DeliveryFault.EXPIRED)


@pytest.mark.parametrize("testimony_first", [True, False])
@pytest.mark.parametrize("delivered", [0, 400, 950])
def test_order_of_receipt_and_testimony_does_not_matter(
    world: World, delivered: int, testimony_first: bool
) -> None:
    """In either order a short receipt pays its share and the guarantee is whole (N-3)."""
    terms = allowed(world)
    testify = world.market.testify(world.witness(terms, world.bob))
    receipt = world.market.confirm_delivery(world.receipt(terms, world.bob, delivered))
    for call in (testify, receipt) if testimony_first else (receipt, testify):
        last = call.send(world.stranger)
    paid = PRICE * delivered // 1000
    assert purses(world, world.alice, world.bob, world.treasury) == [
        (FUNDS + paid, 0),
        (FUNDS - paid, 0),
        (0, 0),
    ]
    view, bought = world.account(world.alice), world.account(world.bob)
    assert (view.defaults, view.held) == (0, 0)
    # within the tolerance it is a delivery; beyond it the meters disagree, and neither credit moves
    assert (view.sales != 0, bought.purchases != 0) == (delivered == 950,) * 2
    end = told(world.market, last)[-1]
    short = (DeliveredShort, world.trade_id(terms), delivered, 1000, paid, 0)
    assert end == (short if testimony_first else (ShortSettled, world.trade_id(terms), 0))
    for call in (testify, receipt):
        with pytest.raises((TestimonyRefused, ReceiptRefused)):
            call.send(world.stranger)


@pytest.mark.parametrize(("delivered", "defaults"), [(0, 1), (400, 1), (950, 0)])
def test_paid_short_without_testimony_is_as_before(world: World, delivered: int, defaults: int) -> None:
    """At deliverBy anyone settles the guarantee with the cut of a short receipt (N-3, N-7)."""
    terms = allowed(world)
    world.deliver(terms, world.bob, delivered)
    assert world.market.state_of(world.trade_id(terms)) == TradeState.PAID_SHORT
    receipt = world.market.confirm_delivery(world.receipt(terms, world.bob))
    refused(receipt, world.stranger, ReceiptRefused, world.trade_id(terms), DeliveryFault.NOT_ACCEPTED)
    world.chain.set_next_time(terms.deliver_by - 1)
    refused(expire(world, terms), world.stranger, NotExpired, terms.deliver_by - 1, terms.deliver_by)
    world.chain.set_next_time(terms.deliver_by)
    sent = expire(world, terms).send(world.stranger)
    cut, paid = PRICE * (1000 - delivered) // 5000, PRICE * delivered // 1000
    assert told(world.market, sent) == [(ShortSettled, world.trade_id(terms), cut)]
    assert world.account(world.alice).defaults == defaults
    assert purses(world, world.alice, world.bob, world.treasury) == [
        (FUNDS + paid - cut, 0),
        (FUNDS - paid, 0),
        (cut, 0),
    ]
    assert world.market.state_of(world.trade_id(terms)) == TradeState.NONE


def test_short_receipt_without_the_bit_settles_at_once(world: World) -> None:
    """Terms that do not allow testimony are settled as before, and refuse it (N-3)."""
    terms = world.accepted(world.alice, world.bob)
    refuse(world, world.witness(terms, world.bob), TestimonyFault.NOT_ALLOWED)
    sent = world.deliver(terms, world.bob, 400)
    assert sent.event(DeliveredShort).cut == PRICE * 600 // 5000
    assert world.account(world.alice).defaults == 1


# ---------------------------------------------------------------- what is refused


def test_testimony_counts_once(world: World) -> None:
    """A second testimony is refused, and so is one before there is a buyer (N-3)."""
    terms = world.terms(world.alice)
    terms = replace(terms, nonce=terms.nonce | TESTIMONY_NONCE)
    refuse(world, world.witness(terms, world.bob), TestimonyFault.NOT_WAITING)
    world.market.make_offer(terms).send(world.alice)
    refuse(world, world.witness(terms, world.bob), TestimonyFault.NOT_WAITING)
    world.market.accept_offer(terms).send(world.bob)
    world.market.testify(world.witness(terms, world.bob)).send(world.stranger)
    refuse(world, world.witness(terms, world.bob), TestimonyFault.NOT_WAITING)
    refuse(world, world.witness(terms, world.bob, 5000), TestimonyFault.NOT_WAITING)


def test_revert_given_testimony_at_deliver_by(world: World) -> None:
    """From deliverBy on it is too late, also for a trade that is paid short (N-7)."""
    silent, short = allowed(world), allowed(world)
    world.deliver(short, world.bob, 0)
    for terms in (silent, short):
        world.chain.mine(terms.deliver_by - 1) if world.chain.now() < terms.deliver_by - 1 else None
        refuse(world, world.witness(terms, world.bob), TestimonyFault.EXPIRED)


@pytest.mark.parametrize(
    ("start", "end"), [(-1, 100), (0, 0), (100, 100), (100, 99), (0, 3601), (2**256 - 10**10, 50)]
)
def test_revert_given_time_outside_the_trade(world: World, start: int, end: int) -> None:
    """Only acceptBy <= from < to <= deliverBy counts: what was fed in before is not this trade's (N-3)."""
    terms = allowed(world)
    times = {"from_": terms.accept_by + start, "to": terms.accept_by + end}
    refuse(world, world.witness(terms, world.bob, **times), TestimonyFault.OUTSIDE_TRADE)


def test_revert_given_anybody_elses_testimony(world: World) -> None:
    """Neither the buyer's meter nor a stranger's nor the seller's key: only the seller's meter (N-3)."""
    terms = allowed(world)
    for key in (world.bob, world.carol):
        foreign = world.witness(terms, world.bob, meter=world.meters[key.address])
        refuse(world, foreign, TestimonyFault.NOT_SELLERS_METER)
    refuse(
        world,
        world.witness(terms, world.bob, meter=Secp256k1Meter(world.alice)),
        TestimonyFault.NOT_SELLERS_METER,
    )
    forged = world.witness(terms, world.bob, meter=world.meters[world.bob.address])
    named = replace(forged, signer=world.meters[world.alice.address].signer)
    refuse(world, named, TestimonyFault.BAD_TESTIMONY)
    honest = world.witness(terms, world.bob, 900)
    refuse(world, replace(honest, energy=Energy.plain(1000)), TestimonyFault.BAD_TESTIMONY)
    refuse(world, replace(honest, to=honest.to - 1), TestimonyFault.BAD_TESTIMONY)
    other = Domain("OfferMarket", world.chain.chain_id + 1, world.market.address)
    refuse(world, world.witness(terms, world.bob, domain=other), TestimonyFault.BAD_TESTIMONY)


def test_meter_that_is_registered_now_counts(world: World) -> None:
    """After the DSO has swapped the seller's meter the new one testifies, the old one does not (N-3)."""
    terms = allowed(world)
    old = world.witness(terms, world.bob)
    new = Secp256k1Meter(SecretKey.from_int(77))
    world.ledger.register_meter(world.alice.address, new.signer).send(world.dso)
    refuse(world, old, TestimonyFault.NOT_SELLERS_METER)
    world.ledger.remove_meter(world.alice.address).send(world.dso)
    refuse(world, old, TestimonyFault.NOT_SELLERS_METER)
    world.ledger.register_meter(world.alice.address, new.signer).send(world.dso)
    world.market.testify(world.witness(terms, world.bob, meter=new)).send(world.stranger)


def test_one_meter_of_both_parties_gains_nothing(world: World) -> None:
    """Where buyer and seller share a meter its testimony is no receipt: the buyer is refunded (N-3)."""
    shared = world.meters[world.bob.address]
    world.ledger.register_meter(world.alice.address, shared.signer).send(world.dso)
    terms = allowed(world)
    witness = world.witness(terms, world.bob, meter=shared)
    asreceipt = Delivery(terms, world.bob.address, shared.signer, terms.energy, witness.signature)
    call = world.market.confirm_delivery(asreceipt)
    refused(call, world.stranger, ReceiptRefused, world.trade_id(terms), DeliveryFault.BAD_RECEIPT)
    world.market.testify(witness).send(world.stranger)
    world.pass_time(terms.deliver_by + REPLY)
    expire(world, terms).send(world.stranger)
    assert purses(world, world.alice, world.bob) == [(FUNDS, 0), (FUNDS, 0)]
    assert world.account(world.alice).sales == world.account(world.bob).purchases == 0


def test_revert_given_others_as_parties(world: World) -> None:
    """Buyer and receipt signer must be those of the acceptance (N-3)."""
    terms = allowed(world)
    witness = world.witness(terms, world.bob)
    refuse(world, replace(witness, buyer=world.carol.address), TestimonyFault.NOT_PARTY)
    carols = world.meters[world.carol.address].signer
    refuse(world, replace(witness, receipt_signer=carols), TestimonyFault.NOT_PARTY)


def test_lots_are_not_testified(world: World) -> None:
    """What lots fulfil was metered when they were made: it settles at once (C-4)."""
    signer = world.suite.lots.receipt_signer(world.bob.address)
    world.ledger.register_meter(world.bob.address, signer).send(world.dso)
    terms = allowed(world)
    witness = replace(world.witness(terms, world.bob), receipt_signer=signer)
    refuse(world, witness, TestimonyFault.PAID_BY_LOTS)
    sent = world.suite.lots.deliver(terms, world.bob.address, []).send(world.alice)
    assert sent.event(DeliveredShort).cut == PRICE // 5
    assert world.account(world.alice).defaults == 1


# ---------------------------------------------------------------- hidden energy, keys, batches


def test_hidden_energy(world: World) -> None:
    """All of a hidden quantity is testified by its commitment, a part by opening it (N-5)."""
    hidden = Energy.hidden(1000, SALT)
    full, part, short = (allowed(world, energy=hidden) for _ in range(3))
    world.market.testify(world.witness(full, world.bob)).send(world.stranger)
    plain = world.witness(part, world.bob, 950)
    refuse(world, plain, TestimonyFault.ENERGY_HIDDEN)
    wrong = world.market.testify_hidden(plain, 950, SALT)
    refused(wrong, world.stranger, BadOpening, hidden, 950, SALT)
    little = world.market.testify_hidden(world.witness(part, world.bob, 899), 1000, SALT)
    fault = TestimonyFault.TOO_LITTLE
    refused(little, world.stranger, TestimonyRefused, world.trade_id(part), fault)
    world.market.testify_hidden(plain, 1000, SALT).send(world.stranger)
    receipt = world.receipt(short, world.bob, 400)
    world.market.confirm_hidden_short(receipt, 1000, SALT).send(world.stranger)
    assert world.market.state_of(world.trade_id(short)) == TradeState.PAID_SHORT
    world.market.testify(world.witness(short, world.bob)).send(world.stranger)
    assert world.account(world.alice).defaults == 0
    open_terms = allowed(world)
    refuse(world, world.witness(open_terms, world.bob, hidden), TestimonyFault.ENERGY_HIDDEN)


def test_p256_meter_testifies(world: World) -> None:
    """A seller's meter on P-256 testifies like any other (N-3)."""
    meter = P256Meter(ec.derive_private_key(77, ec.SECP256R1()), world.suite.p256_verifier)
    world.ledger.register_meter(world.alice.address, meter.signer).send(world.dso)
    terms = allowed(world)
    sent = world.market.testify(world.witness(terms, world.bob, meter=meter)).send(world.stranger)
    assert sent.event(DeliveryTestified).trade_id == world.trade_id(terms)


def test_one_time_key_of_the_buyer(world: World) -> None:
    """The buyer may have named a one-time key: its signer is shown with the testimony (N-6)."""
    terms = world.terms(world.alice)
    terms = replace(terms, nonce=terms.nonce | TESTIMONY_NONCE)
    world.market.make_offer(terms).send(world.alice)
    key = publish_keys(world).name(terms, world.bob)
    world.market.accept_offer_privately(terms, key).send(world.bob)
    refuse(world, world.witness(terms, world.bob), TestimonyFault.NOT_PARTY)
    witness = replace(world.witness(terms, world.bob), receipt_signer=key.signer)
    world.market.testify(witness).send(world.stranger)
    world.pass_time(terms.deliver_by + REPLY)
    world.market.expire(terms, world.bob.address, keccak(key.signer)).send(world.stranger)
    assert world.account(world.alice).defaults == 0


def test_batch_carries_on(world: World) -> None:
    """A bad testimony in a batch is reported, and the others count (N-3)."""
    one, two, three = (allowed(world) for _ in range(3))
    witnesses = [
        world.witness(one, world.bob),
        world.witness(two, world.bob, 1),
        world.witness(one, world.bob),
        world.witness(three, world.bob),
    ]
    assert world.market.testify_many(witnesses).simulate(world.stranger) == 2
    sent = world.market.testify_many(witnesses).send(world.stranger)
    assert [kind for kind, *_ in told(world.market, sent)] == [
        DeliveryTestified,
        WitnessRefused,
        WitnessRefused,
        DeliveryTestified,
    ]


def test_testimony_before_accept_by_keeps_the_terms_used(world: World) -> None:
    """A trade that testimony ends before acceptBy cannot be made again (N-5)."""
    terms = allowed(world)
    world.deliver(terms, world.bob, 0)
    world.market.testify(world.witness(terms, world.bob)).send(world.stranger)
    assert world.market.state_of(world.trade_id(terms)) == TradeState.CLOSED
