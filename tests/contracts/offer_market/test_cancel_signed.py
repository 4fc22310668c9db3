"""cancelSigned: the seller voids an offer signed off chain."""

from __future__ import annotations

import pytest

from energy_trading.bindings.offer_market import (
    Expired,
    NotSeller,
    SignedOfferCancelled,
    WrongNonce,
    WrongState,
)
from energy_trading.types import SIGNED_NONCE, TradeState
from tests.contracts.offer_market.tools import purses, refused, told
from tests.world import FUNDS, World


def test_cancellation_closes_the_offer_and_costs_nothing(world: World) -> None:
    """Nothing was held, so nothing is kept and no credit moves (N-4)."""
    terms = world.terms(world.alice, signed=True)
    sent = world.market.cancel_signed(terms).send(world.alice)
    assert told(world.market, sent) == [(SignedOfferCancelled, world.trade_id(terms), world.alice.address)]
    assert told(world.ledger, sent) == []
    assert purses(world, world.alice, world.treasury) == [(FUNDS, 0), (0, 0)]
    assert world.market.state_of(world.trade_id(terms)) == TradeState.CLOSED


@pytest.mark.parametrize("role", ["bob", "dso", "stranger"])
def test_revert_given_caller_is_not_the_seller(world: World, role: str) -> None:
    """Nobody else can void a signature (N-8)."""
    terms = world.terms(world.alice, signed=True)
    caller = getattr(world, role)
    refused(world.market.cancel_signed(terms), caller, NotSeller, caller.address, world.alice.address)


@pytest.mark.parametrize("nonce", [0, SIGNED_NONCE - 1])
def test_revert_given_nonce_of_offers_on_chain(world: World, nonce: int) -> None:
    """Offers made on chain are withdrawn by giveUp, which has its price (N-4)."""
    terms = world.terms(world.alice, nonce=nonce)
    refused(world.market.cancel_signed(terms), world.alice, WrongNonce, nonce, True)


@pytest.mark.parametrize("early", [1, 0, -1])
def test_cancellation_ends_at_accept_by(world: World, early: int) -> None:
    """One second before acceptBy it counts; from acceptBy on the offer is void already (N-4)."""
    terms = world.terms(world.alice, signed=True)
    now = terms.accept_by - early
    world.chain.set_next_time(now)
    if early > 0:
        world.market.cancel_signed(terms).send(world.alice)
        assert world.market.state_of(world.trade_id(terms)) == TradeState.CLOSED
    else:
        refused(world.market.cancel_signed(terms), world.alice, Expired, now, terms.accept_by)


def test_revert_given_offer_is_accepted(world: World) -> None:
    """Once the buyer has paid, the seller is bound (N-4, N-8)."""
    terms = world.terms(world.alice, signed=True)
    world.market.accept_signed(terms, world.sign_offer(terms, world.alice)).send(world.bob)
    refused(
        world.market.cancel_signed(terms),
        world.alice,
        WrongState,
        world.trade_id(terms),
        TradeState.ACCEPTED,
        TradeState.NONE,
    )


@pytest.mark.parametrize("ended", ["cancelled", "delivered"])
def test_revert_given_offer_is_closed(world: World, ended: str) -> None:
    """What is over is not cancelled again (N-4)."""
    terms = world.terms(world.alice, signed=True)
    if ended == "cancelled":
        world.market.cancel_signed(terms).send(world.alice)
    else:
        world.market.accept_signed(terms, world.sign_offer(terms, world.alice)).send(world.bob)
        world.deliver(terms, world.bob)
    refused(
        world.market.cancel_signed(terms),
        world.alice,
        WrongState,
        world.trade_id(terms),
        TradeState.CLOSED,
        TradeState.NONE,
    )


def test_seller_without_account_may_cancel(world: World) -> None:
    """A signature can be voided before PKG has attested its author (N-4)."""
    terms = world.terms(world.stranger, signed=True)
    world.market.cancel_signed(terms).send(world.stranger)
    assert world.market.state_of(world.trade_id(terms)) == TradeState.CLOSED


def test_suspended_seller_may_cancel(world: World) -> None:
    """Suspension does not keep anyone from voiding a signature (C-10)."""
    terms = world.terms(world.alice, signed=True)
    world.ledger.suspend([world.alice.address]).send(world.dso)
    world.market.cancel_signed(terms).send(world.alice)
    assert world.market.state_of(world.trade_id(terms)) == TradeState.CLOSED
