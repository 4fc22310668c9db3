"""confirmDeliveries: many receipts in one transaction; a bad one does not stop the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from energy_trading.bindings import Call, UnknownRevert
from energy_trading.bindings.contract import Sent
from energy_trading.bindings.energy_ledger import VerifierStarved
from energy_trading.bindings.offer_market import (
    DeliveredShort,
    DeliveryConfirmed,
    DeliveryRefused,
    OfferExpired,
    ReceiptRefused,
)
from energy_trading.crypto.keys import SecretKey
from energy_trading.meter.signers import P256Meter, Secp256k1Meter
from energy_trading.types import Cause, Delivery, DeliveryFault, Energy, TradeState
from tests.contracts.offer_market.tools import (
    NO_KEY,
    NONE,
    Answer,
    ContractMeter,
    credit_moves,
    fit_meter,
    hostile_signer,
    purse,
    purses,
    refused_silently,
    told,
    z_of,
)
from tests.world import EURO, FUNDS, World

VERIFIER_GAS = 400_000  # what one verifier may use (SignerLib)
NEEDED = 412_349  # what must be left for its "no" to count


def _good(world: World) -> Delivery:
    return world.receipt(world.accepted(world.alice, world.bob), world.bob)


def _id(world: World, delivery: Delivery) -> bytes:
    return world.trade_id(delivery.terms)


def test_all_good(world: World) -> None:
    """Each receipt is settled as if it had come alone, in order (N-3)."""
    full, short, over = (world.accepted(world.alice, world.bob) for _ in range(3))
    price = full.price
    call = world.market.confirm_deliveries(
        [
            world.receipt(full, world.bob),
            world.receipt(short, world.bob, 500),
            world.receipt(over, world.bob, 2000),
        ]
    )
    assert call.simulate(world.stranger) == 3
    sent = call.send(world.stranger)
    cut = price // 10
    assert told(world.market, sent) == [
        (DeliveryConfirmed, world.trade_id(full)),
        (DeliveredShort, world.trade_id(short), 500, 1000, price // 2, cut),
        (DeliveryConfirmed, world.trade_id(over)),
    ]
    z = z_of(world, price)
    assert credit_moves(sent) == [
        (Cause.SOLD, world.alice.address, z),
        (Cause.BOUGHT, world.bob.address, z),
        (Cause.SELLER_DEFAULT, world.alice.address, z),
        (Cause.SOLD, world.alice.address, z),
        (Cause.BOUGHT, world.bob.address, z),
    ]
    assert purses(world, world.alice, world.bob, world.treasury) == [
        (FUNDS + 5 * price // 2 - cut, 0),
        (FUNDS - 5 * price // 2, 0),
        (cut, 0),
    ]


def test_empty_batch(world: World) -> None:
    """No receipts, nothing settled, nothing said (N-3)."""
    call = world.market.confirm_deliveries([])
    assert call.simulate(world.stranger) == 0
    assert call.send(world.stranger).events == ()


def test_batch_of_one(world: World) -> None:
    """A batch may hold a single receipt (N-3)."""
    receipt = _good(world)
    sent = world.market.confirm_deliveries([receipt]).send(world.stranger)
    assert told(world.market, sent) == [(DeliveryConfirmed, _id(world, receipt))]


def _too_late(world: World) -> Delivery:
    terms = world.accepted(world.alice, world.bob, accept_by=world.chain.now() + 30)
    terms = world.accepted(world.alice, world.bob, accept_by=terms.accept_by, deliver_by=terms.accept_by + 1)
    world.pass_time(terms.deliver_by)
    return world.receipt(terms, world.bob)


def _hidden(world: World) -> Delivery:
    terms = world.accepted(world.alice, world.bob, energy=Energy.hidden(1000, bytes(32)))
    return world.receipt(terms, world.bob, 999)


def _forged(world: World) -> Delivery:
    terms = world.accepted(world.alice, world.bob)
    forged = world.receipt(terms, world.bob, meter=Secp256k1Meter(SecretKey.from_int(666)))
    return replace(forged, signer=world.meters[world.bob.address].signer)


BAD: dict[DeliveryFault, Callable[[World], Delivery]] = {
    DeliveryFault.NOT_ACCEPTED: lambda world: world.receipt(world.make(world.alice), world.bob),
    DeliveryFault.EXPIRED: _too_late,
    DeliveryFault.NOT_PARTY: lambda world: replace(_good(world), buyer=world.carol.address),
    DeliveryFault.ENERGY_HIDDEN: _hidden,
    DeliveryFault.BAD_RECEIPT: _forged,
}


def test_every_fault_is_tried() -> None:
    """The list of bad receipts holds each fault the contract knows (N-3)."""
    assert set(BAD) == set(DeliveryFault) - {DeliveryFault.NONE}


@pytest.mark.parametrize("fault", BAD)
def test_bad_receipt_does_not_stop_the_others(world: World, fault: DeliveryFault) -> None:
    """First, in the middle or last: the bad one is named with its fault, the good ones pay (N-3, N-8)."""
    bad = BAD[fault](world)
    first, second = _good(world), _good(world)
    price = first.terms.price
    refusal = (DeliveryRefused, _id(world, bad), fault)
    paid = [(DeliveryConfirmed, _id(world, good)) for good in (first, second)]
    before = purse(world, world.alice)
    for batch, log in (
        ([bad, first, second], [refusal, *paid]),
        ([first, bad, second], [paid[0], refusal, paid[1]]),
        ([first, second, bad], [*paid, refusal]),
    ):
        snapshot = world.chain.snapshot()
        call = world.market.confirm_deliveries(batch)
        assert call.simulate(world.stranger) == 2
        assert told(world.market, call.send(world.stranger)) == log
        assert purse(world, world.alice) == (before[0] + 4 * price, before[1] - 2 * price)
        world.chain.revert(snapshot)


def test_refused_receipt_can_come_again(world: World) -> None:
    """A refusal in a batch decides nothing: the same trade is settled by a true receipt (N-3)."""
    bad = _forged(world)
    world.market.confirm_deliveries([bad]).send(world.stranger)
    assert world.market.state_of(_id(world, bad)) == TradeState.ACCEPTED
    world.deliver(bad.terms, world.bob)
    assert purse(world, world.alice) == (FUNDS + bad.terms.price, 0)


def test_same_receipt_twice_pays_once(world: World) -> None:
    """The second copy finds the trade over (N-8)."""
    receipt = _good(world)
    sent = world.market.confirm_deliveries([receipt, receipt]).send(world.stranger)
    assert told(world.market, sent) == [
        (DeliveryConfirmed, _id(world, receipt)),
        (DeliveryRefused, _id(world, receipt), DeliveryFault.NOT_ACCEPTED),
    ]
    assert purses(world, world.alice, world.bob) == [
        (FUNDS + receipt.terms.price, 0),
        (FUNDS - receipt.terms.price, 0),
    ]


def test_forty_receipts(world: World) -> None:
    """Forty trades both ways end in one transaction; the ledger's coin is all accounted for (N-3)."""
    price = EURO // 100
    batch = []
    for number in range(40):
        seller, buyer = (world.alice, world.bob) if number % 4 else (world.bob, world.alice)
        terms = world.terms(seller, signed=True, price=price)
        world.market.accept_signed(terms, world.sign_offer(terms, seller)).send(buyer)
        batch.append(world.receipt(terms, buyer))
    sent = world.market.confirm_deliveries(batch).send(world.stranger)
    assert told(world.market, sent) == [(DeliveryConfirmed, _id(world, delivery)) for delivery in batch]
    assert purses(world, world.alice, world.bob) == [(FUNDS + 20 * price, 0), (FUNDS - 20 * price, 0)]


# ---------------------------------------------------------------- hostile verifiers (ERC-7913)


def _hostile(world: World, verifier: str) -> Delivery:
    """A receipt of Carol's, whose meter is judged by this verifier."""
    fit_meter(world, world.carol, ContractMeter(verifier))
    terms = world.accepted(world.alice, world.carol)
    return world.receipt(terms, world.carol)


@pytest.mark.parametrize("answer", [a for a in Answer if a not in (Answer.RIGHT, Answer.REENTER)])
def test_hostile_verifier_does_not_stop_the_others(world: World, answer: Answer) -> None:
    """Whatever it answers, or if it takes all the gas it gets, only its own receipt is lost (N-8)."""
    first, second, hostile = _good(world), _good(world), _hostile(world, hostile_signer(world, answer))
    snapshot = world.chain.snapshot()
    alone = world.market.confirm_deliveries([first, second]).send(world.stranger).gas_used
    world.chain.revert(snapshot)
    sent = world.market.confirm_deliveries([first, hostile, second]).send(world.stranger)
    assert told(world.market, sent) == [
        (DeliveryConfirmed, _id(world, first)),
        (DeliveryRefused, _id(world, hostile), DeliveryFault.BAD_RECEIPT),
        (DeliveryConfirmed, _id(world, second)),
    ]
    price = first.terms.price
    assert purses(world, world.alice, world.bob, world.carol) == [
        (FUNDS + price, price),
        (FUNDS - 2 * price, 0),
        (FUNDS - price, 0),
    ]
    # Its own gas is capped; the rest is calldata, hashing and the event.
    assert 0 < sent.gas_used - alone < VERIFIER_GAS + 40_000


def test_verifier_cannot_reenter_the_batch(world: World) -> None:
    """A verifier that ends another trade when it is called cannot while it is asked (N-8 reentrancy)."""
    overdue = world.make(world.bob)
    call = world.market.expire(overdue, NONE, NO_KEY)
    verifier = hostile_signer(world, Answer.REENTER, call.to, call.data)
    hostile, good = _hostile(world, verifier), _good(world)
    world.pass_time(overdue.accept_by)
    sent = world.market.confirm_deliveries([hostile, good]).send(world.stranger)
    assert told(world.market, sent) == [
        (DeliveryRefused, _id(world, hostile), DeliveryFault.BAD_RECEIPT),
        (DeliveryConfirmed, _id(world, good)),
    ]
    assert world.market.state_of(world.trade_id(overdue)) == TradeState.OFFERED
    ended = world.chain.send(verifier, b"asked by a transaction", world.stranger)
    assert bytes(ended["logs"][0]["topics"][0]) == OfferExpired.topic()


# ---------------------------------------------------------------- gas


def test_out_of_gas_leaves_nothing_half_done(world: World) -> None:
    """A batch that runs out of gas settles none of its trades (N-3)."""
    batch = [_good(world) for _ in range(3)]
    call = world.market.confirm_deliveries(batch)
    snapshot = world.chain.snapshot()
    needed = call.send(world.stranger).gas_used
    world.chain.revert(snapshot)
    before = purses(world, world.alice, world.bob)
    for gas in (needed // 2, needed * 3 // 4, needed - 1):
        refused_silently(call, world.stranger, gas)
        assert purses(world, world.alice, world.bob) == before
        states = [world.market.state_of(_id(world, receipt)) for receipt in batch]
        assert states == [TradeState.ACCEPTED] * 3
    call.send(world.stranger)
    assert purse(world, world.alice) == (FUNDS + 3 * batch[0].terms.price, 0)


def _answer(call: Call[Any], world: World, gas: int) -> Sent | VerifierStarved | UnknownRevert:
    """What comes of a call with this gas."""
    try:
        return call.send(world.stranger, gas)
    except (VerifierStarved, UnknownRevert) as error:
        return error


@pytest.mark.parametrize("others", [0, 2])
def test_starved_verifier_reverts_the_batch(world: World, others: int) -> None:
    """A relayer picks the gas, but it cannot turn a true P-256 receipt into a bad one (N-8)."""
    before = [_good(world) for _ in range(others)]
    meter = P256Meter(ec.derive_private_key(11, ec.SECP256R1()), world.suite.p256_verifier)
    fit_meter(world, world.bob, meter)
    batch = [*before, _good(world)]
    call = world.market.confirm_deliveries(batch)
    start, starved, settled = world.chain.snapshot(), 0, 0
    for gas in range(60_000, 560_000, 20_000):
        answer = _answer(call, world, gas)
        if isinstance(answer, VerifierStarved):
            assert answer.verifier == world.suite.p256_verifier
            assert answer.gas_left < answer.needed == NEEDED
            starved += 1
        elif isinstance(answer, UnknownRevert):  # the market itself ran out of gas
            assert settled == 0
        else:  # whatever is mined has settled everything
            assert told(world.market, answer) == [(DeliveryConfirmed, _id(world, d)) for d in batch]
            settled += 1
            world.chain.revert(start)
            start = world.chain.snapshot()
        assert all(world.market.state_of(_id(world, d)) == TradeState.ACCEPTED for d in batch)
    assert starved > 5
    assert settled > 5


def test_bad_receipt_is_refused_with_enough_gas_only(world: World) -> None:
    """A "no" counts from the very gas on that the verifier could have had, however little it used (N-8)."""
    bad, good = _hostile(world, hostile_signer(world, Answer.JUNK)), _good(world)
    call = world.market.confirm_deliveries([bad, good])
    start = world.chain.snapshot()
    low, high, most = 100_000, 1_000_000, 0  # starved, refused
    while high - low > 1:
        gas = (low + high) // 2
        answer = _answer(call, world, gas)
        if isinstance(answer, VerifierStarved):
            assert answer.needed == NEEDED
            low, most = gas, answer.gas_left
        else:
            assert isinstance(answer, Sent)
            kinds = [type(event) for event in answer.events if event.address == world.market.address]
            assert kinds == [DeliveryRefused, DeliveryConfirmed]
            high = gas
            world.chain.revert(start)
            start = world.chain.snapshot()
    assert most == NEEDED - 1
    # At most 1/64 of what is left after the price of the call stays behind (EIP-150).
    assert (NEEDED - 2 * 2_600) * 63 // 64 >= VERIFIER_GAS


def test_verifier_that_hides_its_hunger_is_starved_too(world: World) -> None:
    """It also counts as starved where the verifier answered "no" instead of running out of gas (N-8)."""
    for answer in (Answer.JUNK, Answer.NOTHING, Answer.REVERT, Answer.BURN):
        call = world.market.confirm_delivery(_hostile(world, hostile_signer(world, answer)))
        with pytest.raises(VerifierStarved):
            call.send(world.stranger, 400_000)
        with pytest.raises(ReceiptRefused):
            call.send(world.stranger, 600_000)
