"""confirmDelivery: the meter's receipt pays the seller (ERC)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from eth_utils.crypto import keccak

from energy_trading.bindings.energy_ledger import DefaultRecorded
from energy_trading.bindings.offer_market import (
    DeliveredShort,
    DeliveryConfirmed,
    OfferExpired,
    ReceiptRefused,
)
from energy_trading.crypto.keys import SECP256K1_N, SecretKey
from energy_trading.meter.signers import P256Meter, Secp256k1Meter
from energy_trading.types import (
    MAX_UNITS,
    Acceptance,
    Cause,
    Delivery,
    DeliveryFault,
    Domain,
    Energy,
    Terms,
    TradeState,
)
from tests.contracts.offer_market.tools import (
    MAX_UINT64,
    NO_KEY,
    NONE,
    Answer,
    ContractMeter,
    ban,
    credit_moves,
    fit_meter,
    hostile_signer,
    meter_key,
    purse,
    purses,
    refused,
    refused_silently,
    told,
    wh,
    z_of,
)
from tests.world import EURO, FUNDS, World

SALT = b"\x5a" * 32


def _refused(world: World, delivery: Delivery, fault: DeliveryFault) -> None:
    """Nothing moves, and the whole error says why."""
    people = (world.alice, world.bob, world.carol, world.treasury)
    before = purses(world, *people)
    trade_id = world.trade_id(delivery.terms)
    refused(world.market.confirm_delivery(delivery), world.stranger, ReceiptRefused, trade_id, fault)
    assert purses(world, *people) == before


# ---------------------------------------------------------------- delivered in full


def test_receipt_pays_the_seller(world: World) -> None:
    """The seller has price and guarantee, both credits rise by the trade's z (N-3, X-1, X-2)."""
    terms = world.accepted(world.alice, world.bob)
    sent = world.deliver(terms, world.bob)
    assert told(world.market, sent) == [(DeliveryConfirmed, world.trade_id(terms))]
    assert purses(world, world.alice, world.bob, world.treasury) == [
        (FUNDS + terms.price, 0),
        (FUNDS - terms.price, 0),
        (0, 0),
    ]
    assert credit_moves(sent) == [
        (Cause.SOLD, world.alice.address, z_of(world, terms.price)),
        (Cause.BOUGHT, world.bob.address, z_of(world, terms.price)),
    ]


@pytest.mark.parametrize("role", ["alice", "bob", "carol", "dso", "treasury", "stranger"])
def test_anyone_may_bring_a_receipt(world: World, role: str) -> None:
    """What counts is the meter's signature, not who carries it (N-3)."""
    terms = world.accepted(world.alice, world.bob)
    world.market.confirm_delivery(world.receipt(terms, world.bob)).send(getattr(world, role))
    assert purses(world, world.alice, world.bob) == [(FUNDS + terms.price, 0), (FUNDS - terms.price, 0)]


def test_fee_goes_to_the_treasury(odd_world: World) -> None:
    """2.5 % of 1,000,003 is 25,000.075: 25,000 to the treasury, the seller has the rest (N-3)."""
    world = odd_world
    terms = world.accepted(world.alice, world.bob, price=1_000_003)
    world.deliver(terms, world.bob)
    assert purses(world, world.alice, world.bob, world.treasury) == [
        (FUNDS + 1_000_003 - 25_000, 0),
        (FUNDS - 1_000_003, 0),
        (25_000, 0),
    ]


def test_fee_of_a_small_price_is_nothing(odd_world: World) -> None:
    """The fee rounds down: 2.5 % of 39 is 0 (N-3)."""
    world = odd_world
    world.deliver(world.accepted(world.alice, world.bob, price=39), world.bob)
    assert purses(world, world.alice, world.treasury) == [(FUNDS + 39, 0), (0, 0)]


@pytest.mark.parametrize("delivered", [1000, 1001, MAX_UINT64])
def test_over_delivery_pays_the_price_only(world: World, delivered: int) -> None:
    """As much as agreed or more is a full delivery, and costs the agreed price (N-3)."""
    terms = world.accepted(world.alice, world.bob)
    sent = world.deliver(terms, world.bob, delivered)
    assert told(world.market, sent) == [(DeliveryConfirmed, world.trade_id(terms))]
    assert purses(world, world.alice, world.bob) == [(FUNDS + terms.price, 0), (FUNDS - terms.price, 0)]


def test_hidden_energy_delivered_in_full(world: World) -> None:
    """A receipt that repeats the commitment pays all and tells nobody how much it was (N-5)."""
    terms = world.accepted(world.alice, world.bob, energy=Energy.hidden(1000, SALT))
    sent = world.deliver(terms, world.bob)
    assert told(world.market, sent) == [(DeliveryConfirmed, world.trade_id(terms))]
    assert purses(world, world.alice, world.bob) == [(FUNDS + terms.price, 0), (FUNDS - terms.price, 0)]


def test_signed_offer_is_settled_alike(world: World) -> None:
    """A trade begun by a signed offer ends like any other (N-3)."""
    terms = world.terms(world.alice, signed=True)
    world.market.accept_signed(terms, world.sign_offer(terms, world.alice)).send(world.bob)
    world.deliver(terms, world.bob)
    assert purses(world, world.alice, world.bob) == [(FUNDS + terms.price, 0), (FUNDS - terms.price, 0)]


def test_receipt_one_second_before_deliver_by(world: World) -> None:
    """A receipt counts while now < deliverBy (N-7, half-open)."""
    terms = world.accepted(world.alice, world.bob)
    world.chain.set_next_time(terms.deliver_by - 1)
    world.deliver(terms, world.bob)
    assert purse(world, world.alice) == (FUNDS + terms.price, 0)


@pytest.mark.parametrize(("wait", "state"), [(-1, TradeState.CLOSED), (0, TradeState.NONE)])
def test_finished_trade_leaves_a_mark_until_accept_by(world: World, wait: int, state: TradeState) -> None:
    """Before acceptBy its terms could come back, so it is closed; from then on nothing is stored (N-8)."""
    terms = world.accepted(world.alice, world.bob)
    world.chain.set_next_time(terms.accept_by + wait)
    world.deliver(terms, world.bob)
    assert world.market.state_of(world.trade_id(terms)) == state


# ---------------------------------------------------------------- delivered in part


def test_short_delivery_settles_pro_rata(odd_world: World) -> None:
    """333 of 1,000 Wh: payment, fee and cut each rounded down, the rest returned (N-3, N-7)."""
    world = odd_world
    terms = world.accepted(world.alice, world.bob, price=1_000_003)
    sent = world.deliver(terms, world.bob, 333)
    # 1,000,003 · 0.333 = 333,000.999; its fee 8,325; 333,301 · 0.1234 · 0.667 = 27,433.27
    assert told(world.market, sent) == [(DeliveredShort, world.trade_id(terms), 333, 1000, 333_000, 27_433)]
    assert purses(world, world.alice, world.bob, world.treasury) == [
        (FUNDS + 333_000 - 8_325 - 27_433, 0),
        (FUNDS - 333_000, 0),
        (8_325 + 27_433, 0),
    ]


@pytest.mark.parametrize(
    ("agreed", "delivered", "default"),
    [
        (1000, 999, False),
        (1000, 900, False),
        (1000, 899, True),
        (999, 900, False),  # 99 missing of 99.9 allowed
        (999, 899, True),
        (1, 0, True),
        (10, 9, False),
    ],
)
def test_default_begins_beyond_the_tolerance(
    world: World, agreed: int, delivered: int, default: bool
) -> None:
    """Exactly a tenth may be missing; one Wh more is a default (N-7 scenario 4, X-3)."""
    terms = world.accepted(world.alice, world.bob, energy=wh(agreed))
    payment = terms.price * delivered // agreed
    cut = terms.price * 2_000 * (agreed - delivered) // (agreed * 10_000)
    sent = world.deliver(terms, world.bob, delivered)
    assert told(world.market, sent) == [
        (DeliveredShort, world.trade_id(terms), delivered, agreed, payment, cut)
    ]
    assert purses(world, world.alice, world.bob, world.treasury) == [
        (FUNDS + payment - cut, 0),
        (FUNDS - payment, 0),
        (cut, 0),
    ]
    # A default weighs what was promised, a delivery what was paid.
    assert credit_moves(sent) == (
        [(Cause.SELLER_DEFAULT, world.alice.address, z_of(world, terms.price))]
        if default
        else [
            (Cause.SOLD, world.alice.address, z_of(world, payment)),
            (Cause.BOUGHT, world.bob.address, z_of(world, payment)),
        ]
    )
    defaults = [event for event in sent.events if isinstance(event, DefaultRecorded)]
    assert len(defaults) == world.account(world.alice).defaults == int(default)


def test_other_market_other_tolerance(odd_world: World) -> None:
    """The tolerance is the market's: five per cent here, to the Wh (N-7)."""
    world = odd_world
    for delivered, defaults in ((950, 0), (949, 1)):
        world.deliver(world.accepted(world.alice, world.bob), world.bob, delivered)
        assert world.account(world.alice).defaults == defaults


def test_receipt_of_nothing(world: World) -> None:
    """A meter may prove that nothing came: all back to the buyer, the whole penalty, a default (N-7)."""
    terms = world.accepted(world.alice, world.bob)
    sent = world.deliver(terms, world.bob, 0)
    cut = terms.price // 5
    assert told(world.market, sent) == [(DeliveredShort, world.trade_id(terms), 0, 1000, 0, cut)]
    assert purses(world, world.alice, world.bob, world.treasury) == [(FUNDS - cut, 0), (FUNDS, 0), (cut, 0)]
    assert credit_moves(sent) == [(Cause.SELLER_DEFAULT, world.alice.address, z_of(world, terms.price))]


def test_largest_numbers(brim_world: World) -> None:
    """The most energy at the highest price both sides can hold, one Wh short: nothing overflows (N-3)."""
    world = brim_world
    price = MAX_UNITS // 2
    for key in (world.alice, world.bob):
        world.ledger.deposit(key.address, price, value=price).send(world.stranger)
    terms = world.accepted(world.alice, world.bob, price=price, energy=wh(MAX_UINT64))
    sent = world.deliver(terms, world.bob, MAX_UINT64 - 1)
    payment = price * (MAX_UINT64 - 1) // MAX_UINT64
    assert payment == price - 1
    fee = payment // 10
    assert told(world.market, sent) == [
        (DeliveredShort, world.trade_id(terms), MAX_UINT64 - 1, MAX_UINT64, payment, 0)
    ]
    assert purses(world, world.alice, world.bob, world.treasury) == [
        (price + payment - fee, 0),
        (1, 0),
        (fee, 0),
    ]


def test_all_lost_at_the_highest_price(brim_world: World) -> None:
    """Nothing of 2**64 - 1 Wh delivered: the cut is a fifth of the guarantee to the unit (N-7)."""
    world = brim_world
    price = MAX_UNITS // 2
    for key in (world.alice, world.bob):
        world.ledger.deposit(key.address, price, value=price).send(world.stranger)
    world.deliver(world.accepted(world.alice, world.bob, price=price, energy=wh(MAX_UINT64)), world.bob, 0)
    cut = price * 2_000 // 10_000
    assert purses(world, world.alice, world.bob, world.treasury) == [(price - cut, 0), (price, 0), (cut, 0)]


# ---------------------------------------------------------------- refused


def test_revert_given_no_such_trade(world: World) -> None:
    """Without an offer there is nothing to confirm (N-3)."""
    _refused(world, world.receipt(world.terms(world.alice), world.bob), DeliveryFault.NOT_ACCEPTED)


def test_revert_given_offer_nobody_accepted(world: World) -> None:
    """An open offer is no trade (N-3)."""
    _refused(world, world.receipt(world.make(world.alice), world.bob), DeliveryFault.NOT_ACCEPTED)


@pytest.mark.parametrize("late", [0, 1, 86_400])
def test_revert_given_receipt_too_late(world: World, late: int) -> None:
    """From deliverBy on no receipt counts (N-7 scenario 4)."""
    terms = world.accepted(world.alice, world.bob)
    world.chain.set_next_time(terms.deliver_by + late)
    _refused(world, world.receipt(terms, world.bob), DeliveryFault.EXPIRED)


@pytest.mark.parametrize("after_accept_by", [False, True])
def test_revert_given_receipt_replayed(world: World, after_accept_by: bool) -> None:
    """A receipt pays once, whether the trade left a mark or nothing at all (N-8)."""
    terms = world.accepted(world.alice, world.bob)
    receipt = world.receipt(terms, world.bob)
    world.market.confirm_delivery(receipt).send(world.stranger)
    if after_accept_by:
        world.pass_time(terms.accept_by)
    _refused(world, receipt, DeliveryFault.NOT_ACCEPTED)


def test_revert_given_replay_after_late_settlement(world: World) -> None:
    """A trade settled after acceptBy is forgotten, and its receipt with it (N-8)."""
    terms = world.accepted(world.alice, world.bob)
    world.chain.set_next_time(terms.accept_by)
    receipt = world.receipt(terms, world.bob)
    world.market.confirm_delivery(receipt).send(world.stranger)
    _refused(world, receipt, DeliveryFault.NOT_ACCEPTED)


def test_revert_given_terms_with_another_price(world: World) -> None:
    """The receipt is for the trade as hashed: no other price can be read into it (N-5, N-8)."""
    terms = world.accepted(world.alice, world.bob)
    receipt = world.receipt(terms, world.bob)
    _refused(world, replace(receipt, terms=replace(terms, price=EURO)), DeliveryFault.NOT_ACCEPTED)


@pytest.mark.parametrize("owner", ["alice", "carol"])
def test_revert_given_meter_of_another(world: World, owner: str) -> None:
    """Neither the seller's meter nor a neighbour's can confirm what reached the buyer (N-8)."""
    terms = world.accepted(world.alice, world.bob)
    meter = world.meters[getattr(world, owner).address]
    _refused(world, world.receipt(terms, world.bob, meter=meter), DeliveryFault.NOT_PARTY)
    posing = world.receipt(terms, world.bob, meter=meter, signer=world.meters[world.bob.address].signer)
    _refused(world, posing, DeliveryFault.BAD_RECEIPT)


def test_revert_given_another_buyer(world: World) -> None:
    """Money does not return to someone who did not pay (N-8)."""
    terms = world.accepted(world.alice, world.bob)
    for thief in (world.carol, world.alice, world.treasury):
        receipt = replace(world.receipt(terms, world.bob, 1), buyer=thief.address)
        _refused(world, receipt, DeliveryFault.NOT_PARTY)


@pytest.mark.parametrize("length", [0, 1, 19, 21, 84])
def test_revert_given_signer_of_another_length(world: World, length: int) -> None:
    """The signer is the one named at acceptance, byte for byte (N-3)."""
    terms = world.accepted(world.alice, world.bob)
    receipt = world.receipt(terms, world.bob)
    receipt = replace(receipt, signer=(receipt.signer * 5)[:length])
    _refused(world, receipt, DeliveryFault.NOT_PARTY)


Forgery = Callable[[World, Terms], Delivery]


def _resigned(world: World, terms: Terms, domain: Domain) -> Delivery:
    return world.receipt(terms, world.bob, domain=domain)


def _domain(world: World, **changes: object) -> Domain:
    return replace(world.suite.market_domain, **changes)


FORGERIES: dict[str, Forgery] = {
    "another key": lambda world, terms: replace(
        world.receipt(terms, world.bob, meter=Secp256k1Meter(SecretKey.from_int(666))),
        signer=world.meters[world.bob.address].signer,
    ),
    "another trade": lambda world, terms: replace(
        world.receipt(world.accepted(world.alice, world.bob), world.bob), terms=terms
    ),
    "another chain": lambda world, terms: _resigned(
        world, terms, _domain(world, chain_id=world.chain.chain_id + 1)
    ),
    "another contract": lambda world, terms: _resigned(
        world, terms, _domain(world, verifying_contract=world.ledger.address)
    ),
    "another name": lambda world, terms: _resigned(world, terms, _domain(world, name="EnergyLedger")),
    "less energy than signed": lambda world, terms: replace(world.receipt(terms, world.bob), energy=wh(1)),
    "more energy than signed": lambda world, terms: replace(
        world.receipt(terms, world.bob, 1), energy=wh(1000)
    ),
    "no signature": lambda world, terms: replace(world.receipt(terms, world.bob), signature=b""),
    "zeros": lambda world, terms: replace(world.receipt(terms, world.bob), signature=bytes(65)),
    "a byte too many": lambda world, terms: replace(
        world.receipt(terms, world.bob), signature=world.receipt(terms, world.bob).signature + b"\x1b\x1b"
    ),
    "an acceptance": lambda world, terms: replace(
        world.receipt(terms, world.bob),
        signature=world.meters[world.bob.address].sign(
            world.suite.market_domain.digest(Acceptance(world.trade_id(terms), world.bob.address))
        ),
    ),
    "the buyer's own key": lambda world, terms: replace(
        world.receipt(terms, world.bob, meter=Secp256k1Meter(world.bob)),
        signer=world.meters[world.bob.address].signer,
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_revert_given_forged_receipt(world: World, forgery: str) -> None:
    """Only the named meter's signature of this trade and this energy, here and on this chain, pays (N-8)."""
    terms = world.accepted(world.alice, world.bob)
    _refused(world, FORGERIES[forgery](world, terms), DeliveryFault.BAD_RECEIPT)
    world.deliver(terms, world.bob)  # the true receipt pays


def test_other_encoding_of_a_signature_does_not_pay_twice(world: World) -> None:
    """r ‖ s ‖ v counts with s or n - s, but the trade ends once (N-8)."""
    terms = world.accepted(world.alice, world.bob)
    receipt = world.receipt(terms, world.bob)
    r, vs = receipt.signature[:32], int.from_bytes(receipt.signature[32:], "big")
    s, v = vs & (2**255 - 1), 27 + (vs >> 255)
    low = replace(receipt, signature=r + s.to_bytes(32, "big") + bytes([v]))
    high = replace(receipt, signature=r + (SECP256K1_N - s).to_bytes(32, "big") + bytes([55 - v]))
    world.market.confirm_delivery(high).send(world.stranger)
    for again in (receipt, low, high):
        _refused(world, again, DeliveryFault.NOT_ACCEPTED)


@pytest.mark.parametrize(
    ("agreed", "delivered"),
    [
        (Energy.hidden(1000, SALT), wh(1000)),
        (Energy.hidden(1000, SALT), Energy.hidden(1000, b"\x5b" * 32)),
        (wh(1000), Energy.hidden(1000, SALT)),
        (wh(1000), wh(MAX_UINT64 + 1)),
        (wh(MAX_UINT64 + 1), wh(MAX_UINT64)),
    ],
)
def test_revert_given_forms_that_cannot_be_compared(world: World, agreed: bytes, delivered: bytes) -> None:
    """Plain energy and a commitment are not compared, nor two commitments that differ (N-5)."""
    terms = world.accepted(world.alice, world.bob, energy=agreed)
    receipt = world.receipt(terms, world.bob, delivered)
    _refused(world, receipt, DeliveryFault.ENERGY_HIDDEN)


def test_revert_given_dirty_buyer(world: World) -> None:
    """Bits above an address are refused by the decoder (N-5)."""
    call = world.market.confirm_delivery(world.receipt(world.accepted(world.alice, world.bob), world.bob))
    place = call.data.rindex(bytes.fromhex(world.bob.address[2:])) - 1
    refused_silently(replace(call, data=call.data[:place] + b"\x01" + call.data[place + 1 :]), world.stranger)


# ---------------------------------------------------------------- the meter of the acceptance


def test_meter_of_the_acceptance_stays(world: World) -> None:
    """A meter that the DSO replaces later still signs for the trade that named it, the new one not (N-3)."""
    terms = world.accepted(world.alice, world.bob)
    old, new = world.meters[world.bob.address], Secp256k1Meter(SecretKey.from_int(4242))
    world.ledger.register_meter(world.bob.address, new.signer).send(world.dso)
    _refused(world, world.receipt(terms, world.bob, meter=new), DeliveryFault.NOT_PARTY)
    world.market.confirm_delivery(world.receipt(terms, world.bob, meter=old)).send(world.stranger)
    assert purse(world, world.alice) == (FUNDS + terms.price, 0)


def test_meter_removed_after_acceptance_still_signs(world: World) -> None:
    """Removing a meter takes nothing from trades under way (N-3)."""
    terms = world.accepted(world.alice, world.bob)
    world.ledger.remove_meter(world.bob.address).send(world.dso)
    world.deliver(terms, world.bob)
    assert purse(world, world.alice) == (FUNDS + terms.price, 0)


@pytest.mark.parametrize("change", ["suspended", "banned"])
def test_standing_does_not_stop_a_settlement(world: World, change: str) -> None:
    """What was committed settles, whatever became of the parties since (N-7, C-10)."""
    terms = world.accepted(world.alice, world.bob)
    if change == "suspended":
        world.ledger.suspend([world.alice.address, world.bob.address]).send(world.dso)
    else:
        ban(world, world.bob, world.carol)
        ban(world, world.alice, world.carol)
    before = purse(world, world.alice)
    world.deliver(terms, world.bob)
    assert purse(world, world.alice) == (before[0] + 2 * terms.price, 0)


def test_p256_meter(world: World) -> None:
    """A registered P-256 meter signs receipts; a forged one is refused (N-3, DLMS suite 1)."""
    meter = P256Meter(ec.derive_private_key(11, ec.SECP256R1()), world.suite.p256_verifier)
    forger = P256Meter(ec.derive_private_key(12, ec.SECP256R1()), world.suite.p256_verifier)
    fit_meter(world, world.bob, meter)
    terms = world.accepted(world.alice, world.bob)
    forged = world.receipt(terms, world.bob, meter=forger, signer=meter.signer)
    _refused(world, forged, DeliveryFault.BAD_RECEIPT)
    _refused(world, world.receipt(terms, world.bob, meter=forger), DeliveryFault.NOT_PARTY)
    world.deliver(terms, world.bob)
    assert purses(world, world.alice, world.bob) == [(FUNDS + terms.price, 0), (FUNDS - terms.price, 0)]


# ---------------------------------------------------------------- hostile verifiers (ERC-7913)


def test_verifier_contract_that_says_yes(world: World) -> None:
    """A verifier named by the DSO is believed: 21 bytes are enough (ERC-7913, N-3)."""
    fit_meter(world, world.bob, ContractMeter(hostile_signer(world, Answer.RIGHT)))
    terms = world.accepted(world.alice, world.bob)
    world.deliver(terms, world.bob)
    assert purse(world, world.alice) == (FUNDS + terms.price, 0)


@pytest.mark.parametrize("answer", [a for a in Answer if a not in (Answer.RIGHT, Answer.REENTER)])
def test_revert_given_hostile_verifier(world: World, answer: Answer) -> None:
    """A verifier that answers anything but the magic word confirms nothing, and the trade still expires."""
    meter = ContractMeter(hostile_signer(world, answer))
    fit_meter(world, world.bob, meter)
    terms = world.accepted(world.alice, world.bob)
    _refused(world, world.receipt(terms, world.bob), DeliveryFault.BAD_RECEIPT)
    world.chain.set_next_time(terms.deliver_by)
    world.market.expire(terms, world.bob.address, meter_key(world, world.bob)).send(world.stranger)
    assert purse(world, world.bob) == (FUNDS, 0)


def test_verifier_without_code(world: World) -> None:
    """A key's address with bytes behind it is no verifier: an empty answer is no signature (ERC-7913)."""
    fit_meter(world, world.bob, ContractMeter(world.carol.address))
    terms = world.accepted(world.alice, world.bob)
    _refused(world, world.receipt(terms, world.bob), DeliveryFault.BAD_RECEIPT)


@pytest.mark.parametrize("precompile", range(1, 10))
def test_precompile_is_no_verifier(world: World, precompile: int) -> None:
    """What the EVM's own contracts answer is not taken for a yes (ERC-7913)."""
    fit_meter(world, world.bob, ContractMeter("0x" + precompile.to_bytes(20, "big").hex()))
    terms = world.accepted(world.alice, world.bob)
    _refused(world, world.receipt(terms, world.bob), DeliveryFault.BAD_RECEIPT)


def test_verifier_cannot_write(world: World) -> None:
    """It is asked by a static call: the same contract that writes when called writes nothing here (N-8)."""
    verifier = hostile_signer(world, Answer.WRITE)
    fit_meter(world, world.bob, ContractMeter(verifier))
    terms = world.accepted(world.alice, world.bob)
    _refused(world, world.receipt(terms, world.bob), DeliveryFault.BAD_RECEIPT)
    count = keccak(text="writes()")[:4]
    assert int.from_bytes(world.chain.call(verifier, count), "big") == 0
    world.chain.send(verifier, b"asked by a transaction", world.stranger)
    assert int.from_bytes(world.chain.call(verifier, count), "big") == 1


def test_verifier_cannot_reenter(world: World) -> None:
    """A verifier that ends another trade when it is called cannot while it is asked (N-8 reentrancy)."""
    overdue = world.make(world.carol)
    call = world.market.expire(overdue, NONE, NO_KEY)
    verifier = hostile_signer(world, Answer.REENTER, call.to, call.data)
    fit_meter(world, world.bob, ContractMeter(verifier))
    terms = world.accepted(world.alice, world.bob, deliver_by=overdue.deliver_by + 1)
    world.pass_time(overdue.accept_by)
    _refused(world, world.receipt(terms, world.bob), DeliveryFault.BAD_RECEIPT)
    assert world.market.state_of(world.trade_id(overdue)) == TradeState.OFFERED
    ended = world.chain.send(verifier, b"asked by a transaction", world.stranger)
    assert bytes(ended["logs"][0]["topics"][0]) == OfferExpired.topic()


# ---------------------------------------------------------------- gas


def test_out_of_gas_leaves_nothing_half_done(world: World) -> None:
    """Wherever the gas ends, neither money nor credit nor trade has moved (N-3)."""
    terms = world.accepted(world.alice, world.bob)
    call = world.market.confirm_delivery(world.receipt(terms, world.bob))
    snapshot = world.chain.snapshot()
    needed = call.send(world.stranger).gas_used
    world.chain.revert(snapshot)
    before = [world.account(key) for key in (world.alice, world.bob)]
    for gas in (30_000, needed // 2 + 10_000, needed * 3 // 4, needed * 9 // 10, needed - 1):
        refused_silently(call, world.stranger, gas)
        assert [world.account(key) for key in (world.alice, world.bob)] == before
        assert world.market.state_of(world.trade_id(terms)) == TradeState.ACCEPTED
    call.send(world.stranger)
    assert purse(world, world.alice) == (FUNDS + terms.price, 0)
