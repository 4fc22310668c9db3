"""forfeit: a key that does not come costs the guarantee; an order without quotes costs nothing."""

from __future__ import annotations

import pytest

from energy_trading.bindings.sealed_bid_auction import (
    AuctionClosed,
    Expired,
    FeesEarned,
    GuaranteeForfeited,
    NotExpired,
    WrongState,
)
from energy_trading.types import AuctionState, Cause
from tests.contracts.offer_market.tools import credit_moves, purse, purses, refused, told, z_of
from tests.contracts.sealed_bid_auction.house import FEE, SCALAR, SETTLER_FEE, START, House
from tests.world import FUNDS, World, build_world


def test_withheld_key_costs_the_guarantee(world: World) -> None:
    """Half goes to the bidders in equal parts, the rest to the treasury; a default is counted (X-6, N-7)."""
    house = House.open(world, lots_wh=(1001,), ceiling=START + 3)
    house.bid((world.bob, START), (world.carol, START), (world.bob, START + 1))
    world.chain.set_next_time(house.terms.disclose_until)
    sent = world.suite.auction.forfeit(house.terms).send(world.stranger)
    share = house.guarantee // 2 // 3
    assert told(world.suite.auction, sent) == [
        (GuaranteeForfeited, house.auction_id, share),
        (FeesEarned, house.auction_id, world.treasury.address, 3 * FEE),
    ]
    z = z_of(world, house.guarantee)
    assert credit_moves(sent) == [(Cause.SELLER_DEFAULT, world.alice.address, z)]
    assert world.account(world.alice).defaults == 1
    to_treasury = house.guarantee - 3 * share
    assert to_treasury * 2 > house.guarantee  # shares are rounded down, the treasury has the rest
    assert purses(world, world.alice, world.treasury) == [
        (FUNDS - house.guarantee, 3 * share),
        (to_treasury, 0),
    ]
    answer = world.suite.auction.state_of(house.auction_id)
    assert answer == (AuctionState.FORFEITED, 3, house.chain[-1])


def test_order_without_quotes_returns_the_guarantee(world: World) -> None:
    """From quoteUntil on anyone ends an order nobody quoted in, and nobody is blamed (X-6)."""
    house = House.open(world)
    call = world.suite.auction.forfeit(house.terms)
    end = house.terms.quote_until
    world.chain.set_next_time(end - 1)
    refused(call, world.stranger, NotExpired, end - 1, end)
    world.chain.set_next_time(end)
    sent = call.send(world.stranger)
    assert told(world.suite.auction, sent) == [(AuctionClosed, house.auction_id)]
    assert told(world.ledger, sent) == []
    assert purse(world, world.alice) == (FUNDS, 0)
    assert house.state == AuctionState.NONE


def test_revert_given_time_to_disclose(world: World) -> None:
    """One second before discloseUntil the publisher is in time (X-6)."""
    house = House.open(world)
    house.bid((world.bob, START))
    end = house.terms.disclose_until
    world.chain.set_next_time(end - 1)
    refused(world.suite.auction.forfeit(house.terms), world.bob, NotExpired, end - 1, end)
    world.chain.set_next_time(end)
    world.suite.auction.forfeit(house.terms).send(world.bob)


def test_publisher_who_stalls_the_settlement_loses_the_guarantee(world: World) -> None:
    """Reading the quotes and walking away costs as much as withholding the key, however late (X-6, N-7)."""
    house = House.open(world, lots_wh=(1001,), ceiling=START + 3)
    house.bid((world.bob, START), (world.carol, START + 1), (world.bob, START + 1))
    auction, terms = world.suite.auction, house.terms
    world.chain.set_next_time(terms.disclose_until - 1)
    house.settle_call(2, 3).send(world.alice)  # one quote of three, so that nobody else is first
    call = auction.forfeit(terms)
    for early in (terms.disclose_until, terms.settle_by - 1):
        world.chain.set_next_time(early)
        refused(call, world.bob, NotExpired, early, terms.settle_by)
    world.chain.set_next_time(terms.settle_by)
    sent = call.send(world.bob)
    share = house.guarantee // 2 // 3
    assert told(auction, sent) == [
        (GuaranteeForfeited, house.auction_id, share),
        (FeesEarned, house.auction_id, world.treasury.address, 3 * FEE - SETTLER_FEE),
    ]
    assert credit_moves(sent) == [(Cause.SELLER_DEFAULT, world.alice.address, z_of(world, house.guarantee))]
    assert world.account(world.alice).defaults == 1
    assert auction.state_of(house.auction_id) == (AuctionState.FORFEITED, 3, house.chain[-1])
    house.compensate_call().send(world.stranger)
    assert purses(world, world.alice, world.bob, world.carol, world.treasury) == [
        (FUNDS - house.guarantee, 0),
        (FUNDS + 2 * share, 0),
        (FUNDS + share, 0),
        (house.guarantee - 3 * share, 0),
    ]
    assert house.state == AuctionState.NONE


def test_disclosed_order_without_quotes_returns_the_guarantee(world: World) -> None:
    """Nobody quoted, so a key that was disclosed changes nothing (X-6)."""
    house = House.open(world)
    world.chain.set_next_time(house.terms.quote_until)
    world.suite.auction.disclose(house.terms, SCALAR).send(world.alice)
    sent = world.suite.auction.forfeit(house.terms).send(world.stranger)
    assert told(world.suite.auction, sent) == [(AuctionClosed, house.auction_id)]
    assert purse(world, world.alice) == (FUNDS, 0)
    assert house.state == AuctionState.NONE


def test_revert_given_forfeited_auction(world: World) -> None:
    """A forfeited auction is not forfeited again, disclosed, settled or quoted in (X-6)."""
    house = House.open(world)
    house.bid((world.bob, START))
    world.chain.set_next_time(house.terms.disclose_until)
    world.suite.auction.forfeit(house.terms).send(world.bob)
    auction = world.suite.auction
    states = (house.auction_id, AuctionState.FORFEITED, AuctionState.AWAITING_KEY)
    refused(auction.forfeit(house.terms), world.bob, WrongState, *states)
    refused(auction.disclose(house.terms, SCALAR), world.alice, WrongState, *states)
    refused(house.settle_call(), world.alice, WrongState, *states)
    now, end = world.chain.now() + 1, house.terms.quote_until
    refused(auction.quote(house.auction_id, 1, 1, value=FEE), world.bob, Expired, now, end)


@pytest.mark.parametrize("bidders_bps", [0, 10_000])
def test_ends_of_the_bidders_share(bidders_bps: int) -> None:
    """With no share the auction is over at once; with all of it the treasury gets the rounding only (X-6)."""
    world = build_world(bidders_bps=bidders_bps)
    house = House.open(world, lots_wh=(1,), start_price=1000, ceiling=7000)
    house.bid((world.bob, START), (world.carol, START))
    world.chain.set_next_time(house.terms.disclose_until)
    world.suite.auction.forfeit(house.terms).send(world.stranger)
    assert house.guarantee == 7
    if bidders_bps:
        assert house.state == AuctionState.FORFEITED
        house.compensate_call().send(world.stranger)
        assert purses(world, world.bob, world.treasury) == [(FUNDS + 3, 0), (1, 0)]
    else:
        assert purses(world, world.bob, world.treasury) == [(FUNDS, 0), (7, 0)]
    assert purse(world, world.alice) == (FUNDS - 7, 0)
    assert house.state == AuctionState.NONE
