"""Whole auctions: to payment and delivery, to a winner who does not pay, to a key that does not come."""

from __future__ import annotations

from energy_trading.bindings import SuiteParameters, read_events
from energy_trading.bindings.energy_ledger import Banned
from energy_trading.bindings.offer_market import AwardUnpaid, NotAuction, Reserved, WrongState
from energy_trading.bindings.sealed_bid_auction import LotAwarded
from energy_trading.market.log.replay import Replay
from energy_trading.types import AuctionState, Terms, TradeState
from tests.contracts.offer_market.tools import NO_KEY, NONE, purse, purses, refused
from tests.contracts.sealed_bid_auction.house import START, House, awards
from tests.world import FUNDS, World


def replayed(world: World) -> Replay:
    """The log of all three contracts, folded."""
    state = Replay(SuiteParameters(world.dso.address, world.pkg.address, world.treasury.address))
    suite = world.suite
    for event in read_events(
        world.chain, [suite.ledger.address, suite.market.address, suite.auction.address]
    ):
        state.fold(event)
    return state


def assert_log_is_complete(world: World) -> None:
    """The log alone gives everybody's funds, as the ledger has them."""
    state = replayed(world)
    for key in (world.alice, world.bob, world.carol, world.buyer, world.treasury, world.stranger):
        account = state.account(key.address)
        assert (account.available, account.held) == purse(world, key)


def test_from_order_to_delivery(world: World) -> None:
    """Post, quote, settle, pay, deliver: the seller has the second price, nothing is held (X-5 … X-8)."""
    house = House.open(world, lots_wh=(4000, 1000))
    assert_log_is_complete(world)
    house.bid((world.bob, START + 40), (world.carol, START + 30), (world.buyer, START + 20))
    sent = house.settle()
    assert_log_is_complete(world)
    accept_by = next(e for e in sent.events if isinstance(e, LotAwarded)).accept_by
    first = house.trade(0, world.bob, START + 30, accept_by)
    second = house.trade(1, world.carol, START + 20, accept_by)
    for terms, winner in ((first, world.bob), (second, world.carol)):
        world.market.accept_offer(terms).send(winner)
        world.deliver(terms, winner)
    assert purses(world, world.alice, world.bob, world.carol, world.buyer) == [
        (FUNDS + first.price + second.price, 0),
        (FUNDS - first.price, 0),
        (FUNDS - second.price, 0),
        (FUNDS, 0),
    ]
    assert first.price == 4 * (START + 30)
    assert_log_is_complete(world)
    assert replayed(world).held == {}


def test_winner_who_does_not_pay(world: World) -> None:
    """The seller is free again, the winner has a default, the runner-up may be offered the lot (X-7)."""
    house = House.open(world)
    house.bid((world.bob, START + 40), (world.carol, START + 30))
    accept_by = house.settle().event(LotAwarded).accept_by
    terms = house.trade(0, world.bob, START + 30, accept_by)
    refused(world.market.accept_offer(terms), world.carol, Reserved, world.carol.address, world.bob.address)
    refused(
        world.market.give_up(terms),
        world.alice,
        WrongState,
        world.trade_id(terms),
        TradeState.AWARDED,
        TradeState.OFFERED,
    )
    world.chain.set_next_time(accept_by)
    sent = world.market.expire(terms, NONE, NO_KEY).send(world.stranger)
    assert sent.event(AwardUnpaid).buyer == world.bob.address
    assert world.account(world.bob).defaults == 1
    assert purses(world, world.alice, world.bob) == [(FUNDS, 0), (FUNDS, 0)]
    offered = world.make(world.alice, buyer=world.carol.address, price=5 * (START + 30))
    world.market.accept_offer(offered).send(world.carol)
    assert_log_is_complete(world)


def test_winner_suspended_after_the_award(world: World) -> None:
    """It cannot pay and has no default; the log alone tells that case from a default (X-7, C-10, C-9)."""
    house = House.open(world, lots_wh=(4000, 1000))
    house.bid((world.bob, START + 40), (world.carol, START + 30))
    sent = house.settle()
    accept_by = next(e for e in sent.events if isinstance(e, LotAwarded)).accept_by
    first = house.trade(0, world.bob, START + 30, accept_by)
    second = house.trade(1, world.carol, START, accept_by)
    world.ledger.suspend([world.bob.address]).send(world.dso)
    world.chain.set_next_time(accept_by)
    for terms, winner in ((first, world.bob), (second, world.carol)):
        sent = world.market.expire(terms, NONE, NO_KEY).send(world.stranger)
        assert sent.event(AwardUnpaid).buyer == winner.address
    assert (world.account(world.bob).defaults, world.account(world.carol).defaults) == (0, 1)
    state = replayed(world)
    assert [state.account(key.address).standing.defaults for key in (world.bob, world.carol)] == [0, 1]
    assert purse(world, world.alice) == (FUNDS, 0)
    assert [trade.is_open for trade in state.trades.values()] == [False] * len(state.trades)
    assert state.held == {}
    assert_log_is_complete(world)


def test_bidder_who_never_pays_is_banned(world: World) -> None:
    """More than k unpaid awards end in a ban: nothing new is bought, what is owed can be paid (X-3, X-7)."""

    def won(house: House) -> Terms:
        accept_by = house.settle().event(LotAwarded).accept_by
        return house.trade(0, world.bob, START, accept_by)

    for step in (1, 2, 3):  # one award after the other: those of one time would be one step
        now = world.chain.now()
        soon = {"disclose_until": now + 3700, "settle_by": now + 4300, "pay_by": now + 4900}
        short = House.open(world, **soon)
        short.bid((world.bob, START + 40))
        if step == 3:
            owed, late = House.open(world), House.open(world)
            owed.bid((world.bob, START + 40))
            late.bid((world.bob, START + 40), (world.carol, START + 5))
        unpaid = won(short)
        payable = won(owed) if step == 3 else unpaid
        world.chain.mine(unpaid.accept_by)
        assert world.account(world.bob).banned_until == 0
        world.market.expire(unpaid, NONE, NO_KEY).send(world.stranger)
        assert world.account(world.bob).steps == step
    until = world.account(world.bob).banned_until
    assert until > late.terms.disclose_until
    new = world.make(world.alice)
    refused(world.market.accept_offer(new), world.bob, Banned, world.bob.address, until)
    funds = world.account(world.bob).available
    world.market.accept_offer(payable).send(world.bob)
    account = world.account(world.bob)
    assert (account.available, account.banned_until) == (funds - payable.price, until)
    refused(world.market.accept_offer(new), world.bob, Banned, world.bob.address, until)
    assert awards(late.settle()) == [(0, world.carol.address, START + 5, START)]


def test_key_that_never_comes(world: World) -> None:
    """Forfeited and compensated in two chunks: the log tells it all, nothing is held (X-6)."""
    house = House.open(world)
    house.bid((world.bob, START + 40), (world.carol, START + 30), (world.bob, START))
    world.chain.set_next_time(house.terms.disclose_until)
    world.suite.auction.forfeit(house.terms).send(world.stranger)
    assert_log_is_complete(world)
    house.compensate_call(1, 3).send(world.stranger)
    assert_log_is_complete(world)
    house.compensate_call(0, 1).send(world.carol)
    assert_log_is_complete(world)
    assert replayed(world).held == {}
    parties = purses(world, world.alice, world.bob, world.carol, world.treasury)
    assert [held for _, held in parties] == [0, 0, 0, 0]
    assert sum(available for available, _ in parties) == 3 * FUNDS


def test_nobody_but_the_auction_awards(world: World) -> None:
    """Neither seller, buyer nor DSO makes somebody a winner (X-7, N-8)."""
    terms = world.terms(world.alice, buyer=world.bob.address, nonce=1 << 254)
    for caller in (world.alice, world.bob, world.dso, world.stranger):
        refused(world.market.award(terms), caller, NotAuction, caller.address, world.suite.auction.address)


def test_auctions_side_by_side(world: World) -> None:
    """Two auctions of one publisher under one key are settled apart, in any order (X-5)."""
    one, two = House.open(world), House.open(world, lots_wh=(1000,))
    one.bid((world.bob, START + 1))
    two.bid((world.carol, START + 2))
    one.bid((world.carol, START + 3))
    assert awards(two.settle()) == [(0, world.carol.address, START + 2, START)]
    assert awards(one.settle()) == [(0, world.carol.address, START + 3, START + 1)]
    assert (one.state, two.state) == (AuctionState.NONE, AuctionState.NONE)
    assert purse(world, world.alice)[1] == START + 5 * (START + 1)
