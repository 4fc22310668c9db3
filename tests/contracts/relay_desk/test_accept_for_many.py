"""acceptForMany: a batch in which a bad purchase stops nobody (N-2, N-8)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from energy_trading.bindings.contract import Sent, UnknownRevert
from energy_trading.bindings.energy_ledger import (
    BadFee,
    Insufficient,
    NotSigned,
    OrderExpired,
    RelayFeePaid,
    VerifierStarved,
)
from energy_trading.bindings.offer_market import BadSignature, OfferAccepted, RelayFeeTaken, WrongState
from energy_trading.bindings.relay_desk import BatchStarved, OneKey, OverLimit, PurchaseRefused
from energy_trading.types import ZERO_ADDRESS, RelayedPurchase, TradeState
from tests.contracts.offer_market.tools import (
    Answer,
    ContractMeter,
    hostile_signer,
    publish_keys,
    purse,
    purses,
    told,
)
from tests.contracts.relay_desk.tools import FEE, offer, purchase, refusals
from tests.world import FUNDS, World


def _id(world: World, order: RelayedPurchase) -> bytes:
    return world.trade_id(order.terms)


def test_batch_pays_the_relayer_once(world: World) -> None:
    """Each buyer pays its fee, and the relayer gets the sum in one write."""
    orders = [purchase(world, world.bob), purchase(world, world.carol), purchase(world, world.buyer)]
    carol = FUNDS - orders[1].terms.price - FEE
    call = world.suite.desk.accept_for_many(orders)
    assert call.simulate(world.stranger) == 3
    sent = call.send(world.stranger)
    assert told(world.ledger, sent) == [(RelayFeePaid, world.carol.address, ZERO_ADDRESS, 3 * FEE)]
    taken = [event for event in sent.events if isinstance(event, RelayFeeTaken)]
    assert [(event.buyer, event.fee) for event in taken] == [
        (key.address, FEE) for key in (world.bob, world.carol, world.buyer)
    ]
    assert purse(world, world.carol) == (carol + 3 * FEE, 0)


def test_batch_of_several_relayers(world: World) -> None:
    """Each run of purchases pays its own relayer; one without a fee breaks no run."""
    names = [world.carol, world.carol, None, world.carol, world.stranger, world.carol]
    orders = [
        purchase(world, world.bob, relayer=key.address, fee=FEE + i)
        if key
        else purchase(world, world.bob, relayer=ZERO_ADDRESS, fee=0)
        for i, key in enumerate(names)
    ]
    sent = world.suite.desk.accept_for_many(orders).send(world.stranger)
    assert [fields[1:] for fields in told(world.ledger, sent)] == [
        (world.carol.address, ZERO_ADDRESS, 3 * FEE + 4),
        (world.stranger.address, ZERO_ADDRESS, FEE + 4),
        (world.carol.address, ZERO_ADDRESS, FEE + 5),
    ]


def test_bad_purchases_are_reported_and_change_nothing(world: World) -> None:
    """Each reason is the error that acceptFor reverts with; the good ones before and after are settled."""
    now, good, last = world.chain.now(), purchase(world, world.bob), purchase(world, world.buyer)
    keys = publish_keys(world)
    terms, signature = offer(world, world.alice)
    named = [keys.name(terms, world.bob, i) for i in range(2)]
    poor = purchase(world, world.bob, fee=FUNDS)
    forged = replace(purchase(world, world.bob), seller_signature=b"\x01" * 65)
    low = purchase(world, world.bob, max_price=1)
    orders = [
        good,
        purchase(world, world.bob, deadline=now),
        purchase(world, world.bob, relayer=ZERO_ADDRESS),
        low,
        replace(world.purchase(terms, world.bob, signature, named[0]), key=named),
        purchase(world, world.bob, signer=world.carol),
        forged,
        poor,
        good,
        last,
    ]
    before = [purse(world, key) for key in (world.alice, world.carol)]
    call = world.suite.desk.accept_for_many(orders)
    assert call.simulate(world.stranger) == 2
    sent = call.send(world.stranger)
    bob, price = world.bob.address, good.terms.price
    assert refusals(sent) == [
        (_id(world, orders[1]), bob, OrderExpired, (world.chain.now(), now)),
        (_id(world, orders[2]), bob, BadFee, (ZERO_ADDRESS, FEE, 2**63 - 1)),
        (_id(world, low), bob, OverLimit, (price, 1)),
        (_id(world, orders[4]), bob, OneKey, (2,)),
        (_id(world, orders[5]), bob, NotSigned, (bob,)),
        (_id(world, forged), bob, BadSignature, (bytes.fromhex(world.alice.address[2:]),)),
        (_id(world, poor), bob, Insufficient, (bob, price + FUNDS, FUNDS - price - FEE)),
        (_id(world, good), bob, WrongState, (_id(world, good), TradeState.ACCEPTED, TradeState.NONE)),
    ]
    reason = next(event for event in sent.events if isinstance(event, PurchaseRefused))
    assert told(world.suite.desk, sent)[0] == (PurchaseRefused, reason.trade_id, bob, reason.reason)
    assert sum(isinstance(event, OfferAccepted) for event in sent.events) == 2
    assert purses(world, world.alice, world.carol) == [
        (before[0][0] - 2 * price, 2 * price),
        (before[1][0] + 2 * FEE, 0),
    ]
    assert purse(world, world.bob) == (FUNDS - price - FEE, 0)
    for order in orders[1:8]:
        assert world.market.state_of(_id(world, order)) == TradeState.NONE


def test_empty_batch(world: World) -> None:
    """Nothing happens, and nobody is paid."""
    sent = world.suite.desk.accept_for_many([]).send(world.stranger)
    assert not sent.events


@pytest.mark.parametrize("where", ["buyer", "seller", "key"])
def test_whoever_picks_the_gas_spoils_nobody(world: World, where: str) -> None:
    """Whatever gas a batch has, a good purchase succeeds in it or the whole batch reverts."""
    account = hostile_signer(world, Answer.BURN)
    good = purchase(world, world.buyer)
    if where == "buyer":
        bad = purchase(world, world.bob, buyer=account)
    elif where == "seller":
        terms = world.terms(account, signed=True)
        bad = world.purchase(terms, world.bob, b"any", relayer=world.carol.address, fee=FEE)
    else:
        keys = publish_keys(world, ContractMeter(account))
        terms, signature = offer(world, world.alice)
        bad = world.purchase(terms, world.bob, signature, keys.name(terms, world.bob))
    call = world.suite.desk.accept_for_many([bad, good])
    outcomes = set()
    start = world.chain.snapshot()
    for gas in (*range(60_000, 1_800_000, 60_000), 1_900_000):
        try:
            sent = call.send(world.stranger, gas)
        except (BatchStarved, VerifierStarved, UnknownRevert) as error:
            outcomes.add(type(error))
            assert world.market.state_of(_id(world, good)) == TradeState.NONE
        else:
            outcomes.add(type(sent))
            assert [found[0] for found in refusals(sent)] == [_id(world, bad)]
            assert world.market.state_of(_id(world, good)) == TradeState.ACCEPTED
            world.chain.revert(start)
            start = world.chain.snapshot()
    assert {Sent, VerifierStarved if where == "buyer" else BatchStarved} <= outcomes


def test_gas_of_a_good_purchase_is_enough_or_nothing(world: World) -> None:
    """A good purchase that lacks the gas is never reported as a bad one, down to the unit that is needed."""
    order = purchase(world, world.bob)
    call = world.suite.desk.accept_for_many([order])
    start = world.chain.snapshot()
    needed = call.send(world.stranger).gas_used
    world.chain.revert(start)
    for gas in range(needed - 60_000, needed + 6_000, 3_000):
        start = world.chain.snapshot()
        try:
            sent = call.send(world.stranger, gas)
        except (BatchStarved, UnknownRevert):
            continue
        assert refusals(sent) == []
        assert world.market.state_of(_id(world, order)) == TradeState.ACCEPTED
        world.chain.revert(start)
