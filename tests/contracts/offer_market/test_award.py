"""award: a lot won at an auction becomes a trade that the winner has to pay."""

from __future__ import annotations

from dataclasses import replace

import pytest

from energy_trading.bindings.energy_ledger import Banned, DefaultRecorded, Insufficient, NotMarket, Suspended
from energy_trading.bindings.offer_market import (
    AwardUnpaid,
    BadTerms,
    BadWindow,
    DeliveryConfirmed,
    Expired,
    NoBuyer,
    NoMeter,
    NotAuction,
    NotExpired,
    ReceiptRefused,
    Reserved,
    SelfTrade,
    WrongNonce,
    WrongState,
)
from energy_trading.types import AWARD_NONCE, MAX_UNITS, SIGNED_NONCE, Cause, DeliveryFault, Terms, TradeState
from tests.contracts.offer_market.tools import (
    AUCTIONEER,
    DAY,
    NO_KEY,
    NONE,
    ban,
    credit_moves,
    made,
    publish_keys,
    purses,
    refused,
    taken,
    told,
    wh,
    z_of,
)
from tests.world import FUNDS, World

PRICE = 1_000_003
GUARANTEE = 333_301  # 33.33 %, rounded up


def _terms(world: World, **changes: object) -> Terms:
    won = world.terms(world.alice, buyer=world.bob.address, price=PRICE)
    return replace(won, **({"nonce": won.nonce + AWARD_NONCE} | changes))


def _awarded(world: World, **changes: object) -> Terms:
    """A lot of Alice's that Bob won, with her guarantee held as the auction does it."""
    terms = _terms(world, **changes)
    seller = world.alice.address
    hold = world.ledger.commit(seller, NONE, False, world.market.guarantee_up(PRICE), 0)
    hold.send(AUCTIONEER)
    world.market.award(terms).send(AUCTIONEER)
    return terms


def test_award_is_told_and_moves_nothing(award_world: World) -> None:
    """The auction holds the guarantee already; the award only opens the trade (X-7)."""
    world = award_world
    terms = _terms(world)
    assert world.market.award(terms).simulate(AUCTIONEER) == world.trade_id(terms)
    sent = world.market.award(terms).send(AUCTIONEER)
    assert told(world.market, sent) == [made(world, terms)]
    assert told(world.ledger, sent) == []
    assert purses(world, world.alice, world.bob) == [(FUNDS, 0), (FUNDS, 0)]
    assert world.market.state_of(world.trade_id(terms)) == TradeState.AWARDED


@pytest.mark.parametrize("way", ["meter", "one-time key"])
def test_winner_pays_and_is_delivered(award_world: World, way: str) -> None:
    """A paid award is a trade like any other, to the receipt and the fee (X-7, X-8)."""
    world = award_world
    terms = _awarded(world)
    if way == "meter":
        meter = world.meters[world.bob.address]
        sent = world.market.accept_offer(terms).send(world.bob)
    else:
        keys = publish_keys(world)
        meter = keys.meters[0]
        sent = world.market.accept_offer_privately(terms, keys.name(terms, world.bob)).send(world.bob)
    assert told(world.market, sent) == [taken(world, terms, world.bob, meter.signer)]
    assert purses(world, world.alice, world.bob) == [(FUNDS - GUARANTEE, GUARANTEE), (FUNDS - PRICE, 0)]
    done = world.market.confirm_delivery(world.receipt(terms, world.bob, meter=meter)).send(world.stranger)
    assert told(world.market, done) == [(DeliveryConfirmed, world.trade_id(terms))]
    assert purses(world, world.alice, world.bob, world.treasury) == [
        (FUNDS + PRICE - 25_000, 0),
        (FUNDS - PRICE, 0),
        (25_000, 0),
    ]


def test_unpaid_award_is_a_default_of_the_buyer(award_world: World) -> None:
    """At acceptBy the guarantee returns, and the winner's record has the price (X-2, X-3)."""
    world = award_world
    terms = _awarded(world)
    world.chain.set_next_time(terms.accept_by)
    sent = world.market.expire(terms, world.carol.address, NO_KEY).send(world.stranger)
    assert told(world.market, sent) == [(AwardUnpaid, world.trade_id(terms), world.bob.address)]
    assert credit_moves(sent) == [(Cause.BUYER_DEFAULT, world.bob.address, z_of(world, PRICE))]
    assert told(world.ledger, sent)[1:] == [
        (DefaultRecorded, world.bob.address, Cause.BUYER_DEFAULT, 1, 1, world.chain.now(), 0)
    ]
    assert purses(world, world.alice, world.bob, world.treasury) == [(FUNDS, 0), (FUNDS, 0), (0, 0)]
    assert world.market.state_of(world.trade_id(terms)) == TradeState.NONE


def test_awards_of_one_time_are_one_step(award_world: World) -> None:
    """A winner who does not pay several awards has as many defaults and one step: each was made before it."""
    world = award_world
    awards = [_awarded(world) for _ in range(4)]
    world.pass_time(awards[-1].accept_by)
    for terms in awards:
        world.market.expire(terms, NONE, NO_KEY).send(world.stranger)
    view = world.account(world.bob)
    assert (view.defaults, view.steps, view.banned_until) == (4, 1, 0)


def test_paid_award_counts_from_its_award(award_world: World) -> None:
    """The seller is bound from the award on: a step between award and payment leaves the award before it."""
    world = award_world
    now = world.chain.now()
    cheated = world.accepted(world.alice, world.carol, deliver_by=now + 4000)
    terms = _awarded(world, accept_by=now + 6000, deliver_by=now + 9000)
    for late, buyer in ((cheated, world.carol), (terms, world.bob)):
        if late is terms:
            world.market.accept_offer(terms).send(world.bob)
        world.pass_time(late.deliver_by)
        key = world.ledger.meter_of(buyer.address)
        world.market.expire(late, buyer.address, key).send(world.stranger)
    view = world.account(world.alice)
    assert (view.defaults, view.steps) == (2, 1)


def test_unpaid_award_of_a_suspended_winner_is_no_default(award_world: World) -> None:
    """Who was kept from paying is not blamed; the guarantee returns, the award is told as unpaid (X-3)."""
    world = award_world
    terms = _awarded(world)
    world.ledger.suspend([world.bob.address]).send(world.dso)
    refused(world.market.accept_offer(terms), world.bob, Suspended, world.bob.address)
    before = world.account(world.bob)
    world.chain.set_next_time(terms.accept_by)
    sent = world.market.expire(terms, NONE, NO_KEY).send(world.stranger)
    assert told(world.market, sent) == [(AwardUnpaid, world.trade_id(terms), world.bob.address)]
    assert told(world.ledger, sent) == []
    assert world.account(world.bob) == before
    assert purses(world, world.alice, world.bob, world.treasury) == [(FUNDS, 0), (FUNDS, 0), (0, 0)]
    assert world.market.state_of(world.trade_id(terms)) == TradeState.NONE
    once = world.market.expire(terms, NONE, NO_KEY)
    refused(once, world.stranger, WrongState, world.trade_id(terms), TradeState.NONE, TradeState.ACCEPTED)


@pytest.mark.parametrize("way", ["meter", "one-time key"])
def test_banned_winner_pays_its_award(award_world: World, way: str) -> None:
    """The ban came after the award: paying is no new commitment and adds no default (X-3, X-7)."""
    world = award_world
    terms = _awarded(world)
    until = ban(world, world.bob, world.carol)
    assert until > terms.accept_by > world.chain.now()
    before = world.account(world.bob)
    new = world.make(world.alice)
    refused(world.market.accept_offer(new), world.bob, Banned, world.bob.address, until)
    if way == "meter":
        meter = world.meters[world.bob.address]
        sent = world.market.accept_offer(terms).send(world.bob)
    else:
        keys = publish_keys(world)
        meter = keys.meters[0]
        sent = world.market.accept_offer_privately(terms, keys.name(terms, world.bob)).send(world.bob)
    assert told(world.market, sent) == [taken(world, terms, world.bob, meter.signer)]
    paid = replace(before, available=before.available - PRICE)
    assert world.account(world.bob) == paid
    world.market.confirm_delivery(world.receipt(terms, world.bob, meter=meter)).send(world.stranger)
    assert world.account(world.bob).defaults == before.defaults
    again = world.market.accept_offer(world.make(world.carol))
    refused(again, world.bob, Banned, world.bob.address, until)


def test_banned_winner_without_means_is_refused_as_ever(award_world: World) -> None:
    """Funds, meter, name and the DSO's suspension still count; nobody else can pay (X-7)."""
    world = award_world
    terms = _awarded(world)
    ban(world, world.bob, world.carol)
    pay = world.market.accept_offer(terms)
    refused(pay, world.carol, Reserved, world.carol.address, world.bob.address)
    available = world.account(world.bob).available
    snapshot = world.chain.snapshot()
    world.ledger.withdraw(world.stranger.address, available - PRICE + 1).send(world.bob)
    refused(pay, world.bob, Insufficient, world.bob.address, PRICE, PRICE - 1)
    world.chain.revert(snapshot)
    snapshot = world.chain.snapshot()
    world.ledger.remove_meter(world.bob.address).send(world.dso)
    refused(pay, world.bob, NoMeter, world.bob.address)
    world.chain.revert(snapshot)
    world.ledger.suspend([world.bob.address]).send(world.dso)
    refused(pay, world.bob, Suspended, world.bob.address)
    world.ledger.reinstate([world.bob.address]).send(world.dso)
    world.chain.set_next_time(terms.accept_by - 1)
    pay.send(world.bob)
    accepted = (world.trade_id(terms), TradeState.ACCEPTED, TradeState.OFFERED)
    refused(pay, world.bob, WrongState, *accepted)


def test_suspension_that_is_over_excuses_nobody(award_world: World) -> None:
    """What counts is the moment the award is ended: reinstated by then, the winner has its default (X-3)."""
    world = award_world
    terms = _awarded(world)
    world.ledger.suspend([world.bob.address]).send(world.dso)
    world.ledger.reinstate([world.bob.address]).send(world.dso)
    world.chain.set_next_time(terms.accept_by)
    world.market.expire(terms, NONE, NO_KEY).send(world.stranger)
    assert world.account(world.bob).defaults == 1


def test_payment_until_accept_by(award_world: World) -> None:
    """One second before acceptBy it is not overdue and can be paid; at acceptBy it is too late (X-8)."""
    world = award_world
    terms = _awarded(world)
    snapshot = world.chain.snapshot()
    world.chain.set_next_time(terms.accept_by - 1)
    refused(
        world.market.expire(terms, world.bob.address, NO_KEY),
        world.alice,
        NotExpired,
        terms.accept_by - 1,
        terms.accept_by,
    )
    world.market.accept_offer(terms).send(world.bob)
    world.chain.revert(snapshot)
    world.chain.set_next_time(terms.accept_by)
    refused(world.market.accept_offer(terms), world.bob, Expired, terms.accept_by, terms.accept_by)


def test_revert_given_another_pays(award_world: World) -> None:
    """A lot is its winner's (X-7)."""
    terms = _awarded(award_world)
    carol = award_world.carol
    refused(award_world.market.accept_offer(terms), carol, Reserved, carol.address, terms.buyer)


def test_revert_given_seller_gives_up(award_world: World) -> None:
    """The seller cannot back out of an award (X-7)."""
    world = award_world
    terms = _awarded(world)
    refused(
        world.market.give_up(terms),
        world.alice,
        WrongState,
        world.trade_id(terms),
        TradeState.AWARDED,
        TradeState.OFFERED,
    )


def test_revert_given_receipt_before_payment(award_world: World) -> None:
    """Who has not paid is not delivered (N-3)."""
    world = award_world
    terms = _awarded(world)
    refused(
        world.market.confirm_delivery(world.receipt(terms, world.bob)),
        world.stranger,
        ReceiptRefused,
        world.trade_id(terms),
        DeliveryFault.NOT_ACCEPTED,
    )


def test_revert_given_awarded_twice(award_world: World) -> None:
    """The same lot is awarded once (X-7)."""
    world = award_world
    terms = _awarded(world)
    refused(
        world.market.award(terms),
        AUCTIONEER,
        WrongState,
        world.trade_id(terms),
        TradeState.AWARDED,
        TradeState.NONE,
    )


@pytest.mark.parametrize("role", ["alice", "bob", "dso", "treasury", "stranger"])
def test_revert_given_caller_is_not_the_auction(world: World, role: str) -> None:
    """Nobody but the auction named at deployment awards: no guarantee would be held (X-7, N-8)."""
    caller = getattr(world, role)
    refused(
        world.market.award(_terms(world)), caller, NotAuction, caller.address, world.suite.auction.address
    )


@pytest.mark.parametrize("kind", [0, SIGNED_NONCE, SIGNED_NONCE + AWARD_NONCE])
def test_revert_given_nonce_of_another_kind(award_world: World, kind: int) -> None:
    """An award's nonce has bit 254 and not 255, so that no offer takes its place (X-7)."""
    refused(
        award_world.market.award(_terms(award_world, nonce=kind + 1)), AUCTIONEER, WrongNonce, kind + 1, False
    )


@pytest.mark.parametrize("nonce", [AWARD_NONCE, SIGNED_NONCE + AWARD_NONCE])
def test_revert_given_offer_with_the_nonce_of_an_award(world: World, nonce: int) -> None:
    """A seller cannot make, sign or cancel under the id of an award (N-8)."""
    terms = world.terms(world.alice, nonce=nonce)
    signature = world.sign_offer(terms, world.alice)
    refused(world.market.make_offer(terms), world.alice, WrongNonce, nonce, False)
    refused(world.market.accept_signed(terms, signature), world.bob, WrongNonce, nonce, True)
    refused(world.market.cancel_signed(terms), world.alice, WrongNonce, nonce, True)


def test_revert_given_terms_no_offer_may_have(award_world: World) -> None:
    """Energy, price, parties and window are checked as for an offer (X-7)."""
    world = award_world
    award = world.market.award
    bad = _terms(world, energy=wh(0))
    refused(award(bad), AUCTIONEER, BadTerms, wh(0), PRICE, MAX_UNITS)
    bad = _terms(world, price=MAX_UNITS + 1)
    refused(award(bad), AUCTIONEER, BadTerms, bad.energy, MAX_UNITS + 1, MAX_UNITS)
    refused(award(_terms(world, buyer=world.alice.address)), AUCTIONEER, SelfTrade, world.alice.address)
    refused(award(_terms(world, buyer=NONE)), AUCTIONEER, NoBuyer)
    now = world.chain.now() + 10
    world.chain.set_next_time(now)
    bad = _terms(world, accept_by=now)
    refused(award(bad), AUCTIONEER, BadWindow, now, bad.deliver_by, now, now + 7 * DAY)


def test_auction_of_another_ledger_holds_nothing(world: World) -> None:
    """A key that this ledger does not name as market moves no funds (N-8)."""
    hold = world.ledger.commit(world.alice.address, NONE, False, 1, 0)
    refused(hold, world.stranger, NotMarket, world.stranger.address)
