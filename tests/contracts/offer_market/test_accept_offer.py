"""acceptOffer: the buyer pays and the registered meter is named (CTP)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from energy_trading.bindings.offer_market import Expired, NoMeter, Reserved, WrongState
from energy_trading.types import Energy, TradeState
from tests.contracts.offer_market.tools import purse, purses, refused, taken, told
from tests.world import FUNDS, World


def test_acceptance_takes_the_payment_and_is_told(world: World) -> None:
    """The price leaves the buyer for the market's care; the log names buyer and meter (N-2, N-3)."""
    terms = world.make(world.alice)
    sent = world.market.accept_offer(terms).send(world.bob)
    assert told(world.market, sent) == [taken(world, terms, world.bob)]
    assert told(world.ledger, sent) == []
    assert purses(world, world.alice, world.bob) == [
        (FUNDS - terms.price, terms.price),
        (FUNDS - terms.price, 0),
    ]
    assert world.market.state_of(world.trade_id(terms)) == TradeState.ACCEPTED


def test_acceptance_one_second_before_accept_by(world: World) -> None:
    """An offer can be accepted while now < acceptBy (N-2, half-open)."""
    terms = world.make(world.alice)
    world.chain.set_next_time(terms.accept_by - 1)
    world.market.accept_offer(terms).send(world.bob)
    assert world.market.state_of(world.trade_id(terms)) == TradeState.ACCEPTED


@pytest.mark.parametrize("late", [0, 1, 3600])
def test_revert_given_offer_expired(world: World, late: int) -> None:
    """From acceptBy on it is too late, and nothing moves (N-7 scenario 3)."""
    terms = world.make(world.alice)
    before = purses(world, world.alice, world.bob)
    world.chain.set_next_time(terms.accept_by + late)
    refused(world.market.accept_offer(terms), world.bob, Expired, terms.accept_by + late, terms.accept_by)
    assert purses(world, world.alice, world.bob) == before


def test_revert_given_no_such_offer(world: World) -> None:
    """What was not offered is not accepted (N-2)."""
    terms = world.terms(world.alice)
    refused(
        world.market.accept_offer(terms),
        world.bob,
        WrongState,
        world.trade_id(terms),
        TradeState.NONE,
        TradeState.OFFERED,
    )


@pytest.mark.parametrize(
    "change",
    [
        {"price": 1},
        {"energy": Energy.plain(1001)},
        {"nonce": 99},
        {"deliver_by": 2**40},
        {"accept_by": 2**40},
        {"seller": "0x" + "11" * 20},
        {"buyer": "0x" + "11" * 20},
    ],
    ids=lambda change: next(iter(change)),
)
def test_revert_given_tampered_terms(world: World, change: dict[str, object]) -> None:
    """Terms with any other field are another trade, which nobody offered (N-5 contract hash)."""
    terms = replace(world.make(world.alice), **change)
    refused(
        world.market.accept_offer(terms),
        world.bob,
        WrongState,
        world.trade_id(terms),
        TradeState.NONE,
        TradeState.OFFERED,
    )


def test_revert_given_offer_is_taken(world: World) -> None:
    """An offer is accepted once (N-2)."""
    terms = world.accepted(world.alice, world.bob)
    for late_comer in (world.bob, world.carol):
        refused(
            world.market.accept_offer(terms),
            late_comer,
            WrongState,
            world.trade_id(terms),
            TradeState.ACCEPTED,
            TradeState.OFFERED,
        )


def test_revert_given_offer_is_withdrawn(world: World) -> None:
    """A withdrawn offer cannot be accepted (N-4)."""
    terms = world.make(world.alice)
    world.market.give_up(terms).send(world.alice)
    refused(
        world.market.accept_offer(terms),
        world.bob,
        WrongState,
        world.trade_id(terms),
        TradeState.NONE,
        TradeState.OFFERED,
    )


def test_revert_given_trade_is_over(world: World) -> None:
    """A finished trade cannot be accepted again (N-8)."""
    terms = world.accepted(world.alice, world.bob)
    world.deliver(terms, world.bob)
    refused(
        world.market.accept_offer(terms),
        world.bob,
        WrongState,
        world.trade_id(terms),
        TradeState.CLOSED,
        TradeState.OFFERED,
    )


def test_revert_given_buyer_has_no_meter(world: World) -> None:
    """Without a meter there could be no receipt (N-3); nothing is paid."""
    world.ledger.remove_meter(world.bob.address).send(world.dso)
    terms = world.make(world.alice)
    refused(world.market.accept_offer(terms), world.bob, NoMeter, world.bob.address)
    assert purse(world, world.bob) == (FUNDS, 0)


def test_revert_given_relayer_accepts_for_the_buyer(world: World) -> None:
    """Who sends is who pays: nobody accepts for the buyer an offer is reserved for (N-2)."""
    terms = world.make(world.alice, buyer=world.bob.address)
    refused(
        world.market.accept_offer(terms),
        world.stranger,
        Reserved,
        world.stranger.address,
        world.bob.address,
    )
