"""compensate: the bidders of an auction whose key was withheld get their shares, in chunks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from energy_trading.bindings.sealed_bid_auction import (
    BidderCompensated,
    EmptyChunk,
    ShareForfeited,
    WrongReplay,
    WrongState,
)
from energy_trading.types import AuctionState
from tests.contracts.offer_market.tools import purse, purses, refused, told
from tests.contracts.sealed_bid_auction.house import START, House
from tests.world import FUNDS, World


@pytest.fixture
def withheld(world: World) -> House:
    """A forfeited auction with four quotes of three bidders, one of them without an account."""
    house = House.open(world)
    house.bid((world.bob, START), (world.stranger, START), (world.carol, START), (world.bob, START))
    world.chain.set_next_time(house.terms.disclose_until)
    world.suite.auction.forfeit(house.terms).send(world.stranger)
    return house


def test_each_quote_gets_its_share(withheld: House) -> None:
    """Every share is told and paid; then nothing is held and the auction is over (X-6, N-7)."""
    world = withheld.world
    share = withheld.guarantee // 2 // 4
    sent = withheld.compensate_call().send(world.carol)
    assert told(world.suite.auction, sent) == [
        (BidderCompensated, withheld.auction_id, quote.bidder, share) for quote in withheld.quotes
    ]
    assert purses(world, world.alice, world.bob, world.carol, world.stranger) == [
        (FUNDS - withheld.guarantee, 0),
        (FUNDS + 2 * share, 0),
        (FUNDS + share, 0),
        (share, 0),
    ]
    assert withheld.state == AuctionState.NONE


def test_share_of_who_has_no_account_can_be_withdrawn(withheld: House) -> None:
    """Money that was paid out can be taken out (N-7)."""
    world = withheld.world
    withheld.compensate_call().send(world.carol)
    share = purse(world, world.stranger)[0]
    world.ledger.withdraw(world.stranger.address, share).send(world.stranger)
    assert purse(world, world.stranger) == (0, 0)


def test_publisher_gets_nothing_of_its_own_guarantee(world: World) -> None:
    """A publisher that stuffs its own auction and withholds the key loses all of its guarantee (X-6, N-7)."""
    house = House.open(world)
    own = [(world.alice, START)] * 9
    house.bid(*own[:4], (world.bob, START), *own[4:])
    world.chain.set_next_time(house.terms.disclose_until)
    world.suite.auction.forfeit(house.terms).send(world.alice)
    share = house.guarantee // 2 // 10
    late, early = house.compensate_call(6).send(world.alice), house.compensate_call(0, 6).send(world.alice)
    forfeited = (ShareForfeited, house.auction_id, share)
    assert told(world.suite.auction, late) == [forfeited] * 4
    assert told(world.suite.auction, early) == [
        *[forfeited] * 4,
        (BidderCompensated, house.auction_id, world.bob.address, share),
        forfeited,
    ]
    assert purses(world, world.alice, world.bob, world.treasury) == [
        (FUNDS - house.guarantee, 0),
        (FUNDS + share, 0),
        (house.guarantee - share, 0),
    ]
    assert house.state == AuctionState.NONE


@pytest.mark.parametrize("cuts", [(2,), (1, 2, 3)], ids=str)
def test_chunks_newest_first(withheld: House, cuts: tuple[int, ...]) -> None:
    """In chunks, by different callers, each quote is paid once and the same (X-6)."""
    world = withheld.world
    share = withheld.guarantee // 2 // 4
    ends = [*cuts, 4]
    for start, end in zip(reversed([0, *cuts]), reversed(ends), strict=True):
        withheld.compensate_call(start, end).send([world.bob, world.stranger][start % 2])
        assert purse(world, world.alice)[1] == start * share
    assert purse(world, world.bob) == (FUNDS + 2 * share, 0)
    assert withheld.state == AuctionState.NONE


def test_revert_given_chunk_from_the_wrong_end(withheld: House) -> None:
    """The oldest quotes come last, and a chunk that was paid is not paid again (X-6, N-8)."""
    world, chain = withheld.world, withheld.chain
    refused(withheld.compensate_call(0, 2), world.bob, WrongReplay, chain[2], chain[4])
    withheld.compensate_call(2, 4).send(world.bob)
    refused(withheld.compensate_call(2, 4), world.bob, WrongReplay, chain[4], chain[2])


def test_chunk_put_in_front_does_not_stop_a_payment(withheld: House) -> None:
    """A chunk may overlap what is paid; each quote is paid once (X-6, N-8)."""
    world = withheld.world
    share = withheld.guarantee // 2 // 4
    withheld.compensate_call(3, 4).send(world.alice)
    sent = withheld.compensate_call(1, 4).send(world.bob)
    assert [event.bidder for event in sent.events if isinstance(event, BidderCompensated)] == [
        world.stranger.address,
        world.carol.address,
    ]
    withheld.compensate_call(0, 4).send(world.bob)
    assert purses(world, world.alice, world.bob, world.carol, world.stranger) == [
        (FUNDS - withheld.guarantee, 0),
        (FUNDS + 2 * share, 0),
        (FUNDS + share, 0),
        (share, 0),
    ]
    assert withheld.state == AuctionState.NONE


def test_revert_given_tampered_bidder(withheld: House) -> None:
    """Nobody writes in another name to be paid (X-6, N-8)."""
    world, true = withheld.world, withheld.chain[-1]
    start = withheld.chain[0]
    withheld.quotes[0] = replace(withheld.quotes[0], bidder=world.seller.address)
    call = world.suite.auction.compensate(withheld.terms, start, withheld.quotes)
    refused(call, world.seller, WrongReplay, withheld.chain[-1], true)


def test_revert_given_empty_chunk(withheld: House) -> None:
    """A chunk without quotes gets nowhere (X-6)."""
    call = withheld.world.suite.auction.compensate(withheld.terms, withheld.chain[-1], [])
    refused(call, withheld.world.bob, EmptyChunk)


def test_revert_given_auction_that_is_not_forfeited(world: World) -> None:
    """Shares are paid of a forfeited guarantee only, and once (X-6, N-8)."""
    house = House.open(world)
    house.bid((world.bob, START))
    needed = AuctionState.FORFEITED
    open_ = (house.auction_id, AuctionState.QUOTING, needed)
    refused(house.compensate_call(), world.bob, WrongState, *open_)
    world.chain.set_next_time(house.terms.disclose_until)
    waiting = (house.auction_id, AuctionState.AWAITING_KEY, needed)
    refused(house.compensate_call(), world.bob, WrongState, *waiting)
    world.suite.auction.forfeit(house.terms).send(world.bob)
    house.compensate_call().send(world.bob)
    over = (house.auction_id, AuctionState.NONE, needed)
    refused(house.compensate_call(), world.bob, WrongState, *over)
