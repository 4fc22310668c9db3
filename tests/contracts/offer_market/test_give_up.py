"""giveUp: the seller withdraws an open offer (CCS)."""

from __future__ import annotations

import pytest

from energy_trading.bindings.offer_market import NotSeller, OfferWithdrawn, WrongState
from energy_trading.types import Cause, TradeState
from tests.contracts.offer_market.tools import credit_moves, purses, refused, told
from tests.world import FUNDS, World


def test_early_withdrawal_costs_a_share_of_the_guarantee(world: World) -> None:
    """Before acceptBy five per cent stay with the treasury, and credit falls (N-4, N-7 scenario 2)."""
    terms = world.make(world.alice)
    cut = terms.price // 20
    sent = world.market.give_up(terms).send(world.alice)
    assert told(world.market, sent) == [(OfferWithdrawn, world.trade_id(terms), cut)]
    assert purses(world, world.alice, world.treasury) == [(FUNDS - cut, 0), (cut, 0)]
    assert credit_moves(sent) == [(Cause.WITHDRAWN, world.alice.address, 0)]
    assert world.market.state_of(world.trade_id(terms)) == TradeState.NONE
    assert world.account(world.alice).defaults == 0


def test_cut_rounds_down(odd_world: World) -> None:
    """7.77 % of 333,301 is 25,897.4877: the treasury has 25,897 (N-4)."""
    world = odd_world
    terms = world.make(world.alice, price=1_000_003)
    sent = world.market.give_up(terms).send(world.alice)
    assert told(world.market, sent) == [(OfferWithdrawn, world.trade_id(terms), 25_897)]
    assert purses(world, world.alice, world.treasury) == [(FUNDS - 25_897, 0), (25_897, 0)]


@pytest.mark.parametrize(("wait", "kept"), [(-1, 1), (0, 0), (1, 0), (86_400, 0)])
def test_withdrawal_is_free_from_accept_by_on(world: World, wait: int, kept: int) -> None:
    """One second before acceptBy it costs; from acceptBy on all returns and no credit moves (N-4)."""
    terms = world.make(world.alice)
    cut = kept * terms.price // 20
    world.chain.set_next_time(terms.accept_by + wait)
    sent = world.market.give_up(terms).send(world.alice)
    assert told(world.market, sent) == [(OfferWithdrawn, world.trade_id(terms), cut)]
    assert purses(world, world.alice, world.treasury) == [(FUNDS - cut, 0), (cut, 0)]
    assert len(credit_moves(sent)) == kept


@pytest.mark.parametrize("role", ["bob", "dso", "treasury", "stranger"])
def test_revert_given_caller_is_not_the_seller(world: World, role: str) -> None:
    """Nobody withdraws another's offer, the DSO as little as the buyer (N-4)."""
    terms = world.make(world.alice, buyer=world.bob.address)
    caller = getattr(world, role)
    refused(world.market.give_up(terms), caller, NotSeller, caller.address, world.alice.address)


def test_revert_given_no_such_offer(world: World) -> None:
    """What was not offered cannot be withdrawn (N-4)."""
    for terms in (world.terms(world.alice), world.terms(world.alice, signed=True)):
        refused(
            world.market.give_up(terms),
            world.alice,
            WrongState,
            world.trade_id(terms),
            TradeState.NONE,
            TradeState.OFFERED,
        )


@pytest.mark.parametrize("late", [False, True])
def test_revert_given_offer_is_accepted(world: World, late: bool) -> None:
    """Once the buyer has paid, the seller delivers or loses: no way back, early or late (N-4, N-8)."""
    terms = world.accepted(world.alice, world.bob)
    if late:
        world.chain.set_next_time(terms.deliver_by)
    refused(
        world.market.give_up(terms),
        world.alice,
        WrongState,
        world.trade_id(terms),
        TradeState.ACCEPTED,
        TradeState.OFFERED,
    )


def test_revert_given_trade_is_over(world: World) -> None:
    """A finished trade holds no guarantee to return (N-8)."""
    terms = world.accepted(world.alice, world.bob)
    world.deliver(terms, world.bob)
    refused(
        world.market.give_up(terms),
        world.alice,
        WrongState,
        world.trade_id(terms),
        TradeState.CLOSED,
        TradeState.OFFERED,
    )


def test_revert_given_offer_is_withdrawn(world: World) -> None:
    """The guarantee returns once (N-8)."""
    terms = world.make(world.alice)
    world.market.give_up(terms).send(world.alice)
    refused(
        world.market.give_up(terms),
        world.alice,
        WrongState,
        world.trade_id(terms),
        TradeState.NONE,
        TradeState.OFFERED,
    )


def test_suspended_seller_may_withdraw(world: World) -> None:
    """Suspension stops new commitments, not the way out of old ones (C-10)."""
    terms = world.make(world.alice)
    world.ledger.suspend([world.alice.address]).send(world.dso)
    world.market.give_up(terms).send(world.alice)
    assert purses(world, world.alice) == [(FUNDS - terms.price // 20, 0)]
