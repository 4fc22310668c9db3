"""disclose: the key comes out after the last quote, once, and it is the right one."""

from __future__ import annotations

import pytest

from energy_trading.bindings.sealed_bid_auction import Expired, KeyDisclosed, NotExpired, WrongKey, WrongState
from energy_trading.types import AuctionState
from tests.contracts.offer_market.tools import refused, told
from tests.contracts.sealed_bid_auction.house import QUOTE_KEY, SCALAR, START, House, N, order
from tests.world import World


@pytest.fixture
def quoted(world: World) -> House:
    """An auction with one quote."""
    house = House.open(world)
    house.bid((world.bob, START))
    return house


def test_key_is_told_to_everybody(quoted: House) -> None:
    """Anyone who knows the key may disclose it; the log has it, the auction is Disclosed (X-6)."""
    world = quoted.world
    world.chain.set_next_time(quoted.terms.quote_until)
    sent = world.suite.auction.disclose(quoted.terms, SCALAR).send(world.stranger)
    assert told(world.suite.auction, sent) == [(KeyDisclosed, quoted.auction_id, SCALAR)]
    answer = world.suite.auction.state_of(quoted.auction_id)
    assert answer == (AuctionState.DISCLOSED, 1, quoted.chain[-1])


def test_revert_given_early_disclosure(quoted: House) -> None:
    """While quotes count, not even the publisher can disclose: nobody opens early (X-6)."""
    world, end = quoted.world, quoted.terms.quote_until
    world.chain.set_next_time(end - 1)
    call = world.suite.auction.disclose(quoted.terms, SCALAR)
    refused(call, world.alice, NotExpired, end - 1, end)
    refused(quoted.settle_call(), world.alice, NotExpired, end - 1, end)


def test_disclosure_until_the_deadline(quoted: House) -> None:
    """In the last second before discloseUntil the key counts, at discloseUntil it is too late (X-6)."""
    world, end = quoted.world, quoted.terms.disclose_until
    call = world.suite.auction.disclose(quoted.terms, SCALAR)
    kept = world.chain.snapshot()
    world.chain.set_next_time(end - 1)
    call.send(world.alice)
    world.chain.revert(kept)
    world.chain.set_next_time(end)
    refused(call, world.alice, Expired, end, end)
    refused(quoted.settle_call(), world.alice, Expired, end, end)


def test_revert_given_disclosed_twice(quoted: House) -> None:
    """One disclosure is enough (X-6)."""
    world = quoted.world
    world.chain.set_next_time(quoted.terms.quote_until)
    call = world.suite.auction.disclose(quoted.terms, SCALAR)
    call.send(world.alice)
    refused(call, world.bob, WrongState, quoted.auction_id, AuctionState.DISCLOSED, AuctionState.AWAITING_KEY)


@pytest.mark.parametrize(
    "key",
    [0, 1, SCALAR - 1, N - SCALAR, N, SCALAR + N, 2**256 - 1],
    ids=["zero", "another", "neighbour", "negative", "n", "the same modulo n", "largest"],
)
def test_revert_given_another_key(quoted: House, key: int) -> None:
    """Only the one scalar in 1 … n-1 whose address the terms name opens an auction (X-6)."""
    world = quoted.world
    world.chain.set_next_time(quoted.terms.quote_until)
    call = world.suite.auction.disclose(quoted.terms, key)
    refused(call, world.alice, WrongKey, QUOTE_KEY.address)
    refused(quoted.settle_call(key=key), world.alice, WrongKey, QUOTE_KEY.address)
    world.suite.auction.disclose(quoted.terms, SCALAR).send(world.alice)
    refused(quoted.settle_call(key=key), world.alice, WrongKey, QUOTE_KEY.address)


def test_revert_given_terms_never_posted(world: World) -> None:
    """Terms that differ in anything name another auction, which does not exist (X-4)."""
    house = House.open(world)
    terms = order(world)
    world.pass_time(terms.disclose_until)
    auction = world.suite.auction
    other = auction.auction_id_of(terms)
    assert other != house.auction_id
    states = (other, AuctionState.NONE, AuctionState.AWAITING_KEY)
    refused(auction.disclose(terms, SCALAR), world.alice, WrongState, *states)
    refused(auction.settle(terms, SCALAR, 0, []), world.alice, WrongState, *states)
    refused(auction.forfeit(terms), world.alice, WrongState, *states)
