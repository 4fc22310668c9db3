"""post: an order is published and its guarantee is held."""

from __future__ import annotations

from dataclasses import replace

import pytest

from energy_trading.bindings.energy_ledger import (
    Banned,
    Insufficient,
    OverCreditLimit,
    RoleMissing,
    Suspended,
)
from energy_trading.bindings.sealed_bid_auction import (
    AuctionPosted,
    BadLots,
    BadPrices,
    BadWindow,
    NotPublisher,
    WrongState,
    ZeroKey,
)
from energy_trading.market.auction.auction import Auction
from energy_trading.types import MAX_UNITS, AuctionState
from tests.contracts.offer_market.tools import DAY, NONE, ban, purse, refused, told
from tests.contracts.sealed_bid_auction.house import CEILING, HOUR, House, order
from tests.world import EURO, FUNDS, PRODUCER, World


def test_order_is_told_and_its_guarantee_held(world: World) -> None:
    """The event has every field of the order; the guarantee is that of the highest payments (X-4)."""
    auction, terms = world.suite.auction, order(world, lots_wh=(5000, 2001))
    auction_id = auction.auction_id_of(terms)
    assert auction_id == Auction(world.suite, terms).auction_id
    assert auction.post(terms).simulate(world.alice) == auction_id
    sent = auction.post(terms).send(world.alice)
    assert told(auction, sent) == [(AuctionPosted, auction_id, world.alice.address, terms)]
    assert told(world.ledger, sent) == []
    held = 5 * CEILING + 2001 * CEILING // 1000
    assert purse(world, world.alice) == (FUNDS - held, held)
    assert auction.guarantee_of(terms) == held
    assert auction.state_of(auction_id) == (AuctionState.QUOTING, 0, auction.seed_of(auction_id))


def test_smallest_and_largest_orders_are_taken(world: World) -> None:
    """The ends of every range are inside (X-4)."""
    auction = world.suite.auction
    now = world.chain.now() + 1
    tight = {
        "quote_until": now + 1,
        "disclose_until": now + 2,
        "settle_by": now + 602,
        "pay_by": now + 1202,
        "deliver_by": now + 1203,
    }
    world.chain.set_next_time(now)
    auction.post(order(world, **tight, start_price=1000, ceiling=1000, lots_wh=(1,))).send(world.alice)
    dear = order(world, deliver_by=world.chain.now() + 1 + 7 * DAY, lots_wh=(1,) * 8, ceiling=EURO)
    world.chain.set_next_time(dear.deliver_by - 7 * DAY)
    auction.post(dear).send(world.alice)
    assert purse(world, world.alice)[1] == 1 + 8 * EURO // 1000


def test_revert_given_another_publishes(world: World) -> None:
    """Nobody binds another's guarantee (X-4)."""
    terms = order(world)
    refused(
        world.suite.auction.post(terms),
        world.bob,
        NotPublisher,
        world.bob.address,
        world.alice.address,
    )


def test_revert_given_zero_key(world: World) -> None:
    """The zero address is no key's: no quote could ever be opened (X-5)."""
    refused(world.suite.auction.post(order(world, quote_key=NONE)), world.alice, ZeroKey)


@pytest.mark.parametrize(
    "lots",
    [(), (1,) * 9, (1000, 1001), (5, 0), (2**40,), (9,)],
    ids=["none", "nine", "rising", "empty", "too large", "worth nothing"],
)
def test_revert_given_bad_lots(world: World, lots: tuple[int, ...]) -> None:
    """1 … 8 lots by falling size, each above 0, below 2**40 Wh and worth a unit (X-4)."""
    prices = {"start_price": 100, "ceiling": 101} if lots in ((9,), (2**40,)) else {}
    refused(world.suite.auction.post(order(world, lots_wh=lots, **prices)), world.alice, BadLots, lots)


@pytest.mark.parametrize(
    ("start", "ceiling", "lot_wh"),
    [(0, 1000, 5000), (1001, 1000, 5000), (1, MAX_UNITS + 1, 1000), (1, MAX_UNITS, 1001)],
    ids=["free", "crossed", "too high", "payment too high"],
)
def test_revert_given_bad_prices(world: World, start: int, ceiling: int, lot_wh: int) -> None:
    """1 <= start <= ceiling, and neither the ceiling nor the highest payment passes 2**63 - 1 (X-4)."""
    terms = order(world, start_price=start, ceiling=ceiling, lots_wh=(lot_wh,))
    refused(world.suite.auction.post(terms), world.alice, BadPrices, start, ceiling)


@pytest.mark.parametrize(
    "window",
    [
        (0, HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR),
        (HOUR, HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR),
        (HOUR, 2 * HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR),
        (HOUR, 2 * HOUR, 2 * HOUR + 599, 3 * HOUR, 4 * HOUR),
        (HOUR, 2 * HOUR, 3 * HOUR, 3 * HOUR, 4 * HOUR),
        (HOUR, 2 * HOUR, 3 * HOUR, 3 * HOUR + 599, 4 * HOUR),
        (HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR, 4 * HOUR),
        (HOUR, 2 * HOUR, HOUR, 3 * HOUR, 4 * HOUR),
        (HOUR, 2 * HOUR, 3 * HOUR, 2 * HOUR, 4 * HOUR),
        (HOUR, 2 * HOUR, 3 * HOUR, 2**255, 4 * HOUR),
        (HOUR, 2**255, 3 * HOUR, 4 * HOUR, 5 * HOUR),
        (HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR, 7 * DAY + 1),
        (HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR, 2**256 - 2**32),
    ],
    ids=[
        "no time to quote",
        "none to disclose",
        "none to settle",
        "a second too little to settle",
        "none to pay",
        "a second too little to pay",
        "none to deliver",
        "settled before disclosure",
        "paid before settlement",
        "pay for ever",
        "disclose for ever",
        "too long",
        "far away",
    ],
)
def test_revert_given_bad_window(world: World, window: tuple[int, ...]) -> None:
    """Deadlines rise, and there are ten minutes or more to settle and to pay (X-8)."""
    now = world.chain.now() + 10
    names = ("quote_until", "disclose_until", "settle_by", "pay_by", "deliver_by")
    times = {name: now + seconds for name, seconds in zip(names, window, strict=True)}
    world.chain.set_next_time(now)
    refused(
        world.suite.auction.post(order(world, **times)),
        world.alice,
        BadWindow,
        *times.values(),
        now + 7 * DAY,
    )


def test_revert_given_the_same_order_again(world: World) -> None:
    """An order is published once; another nonce makes another auction (X-4)."""
    house = House.open(world)
    refused(
        world.suite.auction.post(house.terms),
        world.alice,
        WrongState,
        house.auction_id,
        AuctionState.QUOTING,
        AuctionState.NONE,
    )
    again = replace(house.terms, nonce=house.terms.nonce + 1)
    world.suite.auction.post(again).send(world.alice)
    assert purse(world, world.alice)[1] == 2 * house.guarantee


def test_revert_given_the_order_of_an_auction_that_is_over(world: World) -> None:
    """What is over does not come back: its time to quote has passed (X-8)."""
    house = House.open(world)
    world.chain.set_next_time(house.terms.quote_until)
    world.suite.auction.forfeit(house.terms).send(world.stranger)
    now = house.terms.quote_until + 1
    t = house.terms
    refused(
        world.suite.auction.post(t),
        world.alice,
        BadWindow,
        t.quote_until,
        t.disclose_until,
        t.settle_by,
        t.pay_by,
        t.deliver_by,
        now + 7 * DAY,
    )


def test_revert_given_publisher_who_may_not_sell(world: World) -> None:
    """Role, suspension, ban, funds and credit limit hold for auctions as for offers (X-3, N-7)."""
    post = world.suite.auction.post
    buyer = world.buyer
    refused(post(order(world, buyer)), buyer, RoleMissing, buyer.address, 2, PRODUCER)
    poor = order(world, lots_wh=(20_001,))
    held, limit = 20_001 * CEILING // 1000, 10 * EURO
    refused(post(poor), world.alice, OverCreditLimit, world.alice.address, held, limit)
    world.ledger.withdraw(world.alice.address, FUNDS - EURO).send(world.alice)
    refused(post(order(world)), world.alice, Insufficient, world.alice.address, 5 * CEILING, EURO)
    until = ban(world, world.seller, world.bob)
    refused(post(order(world, world.seller)), world.seller, Banned, world.seller.address, until)
    world.ledger.suspend([world.carol.address]).send(world.dso)
    refused(post(order(world, world.carol)), world.carol, Suspended, world.carol.address)
