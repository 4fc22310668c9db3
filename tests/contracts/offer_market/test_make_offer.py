"""makeOffer: the seller commits to deliver (CTS)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from energy_trading.bindings.energy_ledger import Insufficient, OverCreditLimit
from energy_trading.bindings.offer_market import (
    BadTerms,
    BadWindow,
    NotSeller,
    SelfTrade,
    WrongNonce,
    WrongState,
)
from energy_trading.types import MAX_UNITS, SIGNED_NONCE, TradeState
from tests.contracts.offer_market.tools import (
    DAY,
    MAX_UINT64,
    made,
    purse,
    refused,
    refused_silently,
    told,
    wh,
)
from tests.world import EURO, FUNDS, World

LIMIT = 10 * EURO  # of a new seller
WEEK = 7 * DAY  # the market's maxDuration


def test_offer_holds_the_guarantee_and_is_told(world: World) -> None:
    """An offer moves the guarantee from available to held and logs all of its terms (N-1)."""
    terms = world.terms(world.alice, buyer=world.bob.address)
    assert world.market.make_offer(terms).simulate(world.alice) == world.trade_id(terms)
    sent = world.market.make_offer(terms).send(world.alice)
    assert told(world.market, sent) == [made(world, terms)]
    assert told(world.ledger, sent) == []
    assert purse(world, world.alice) == (FUNDS - terms.price, terms.price)
    assert world.market.state_of(world.trade_id(terms)) == TradeState.OFFERED


def test_guarantee_rounds_up(odd_world: World) -> None:
    """33.33 % of 1,000,003 is 333,300.9999: the seller has 333,301 held; of 1 it is 1 (N-1)."""
    odd_world.make(odd_world.alice, price=1_000_003)
    assert purse(odd_world, odd_world.alice) == (FUNDS - 333_301, 333_301)
    odd_world.make(odd_world.alice, price=1)
    assert purse(odd_world, odd_world.alice) == (FUNDS - 333_302, 333_302)


@pytest.mark.parametrize("role", ["bob", "buyer", "dso", "pkg", "treasury", "stranger"])
def test_revert_given_caller_is_not_the_seller(world: World, role: str) -> None:
    """Nobody can commit another account, whatever their office (N-1)."""
    caller = getattr(world, role)
    terms = world.terms(world.alice)
    refused(world.market.make_offer(terms), caller, NotSeller, caller.address, world.alice.address)


@pytest.mark.parametrize("nonce", [SIGNED_NONCE, SIGNED_NONCE // 2, 2**256 - 1])
def test_revert_given_nonce_of_signed_offers(world: World, nonce: int) -> None:
    """Bit 255 of the nonce is for offers signed off chain, so that one is never taken for the other (N-1)."""
    refused(
        world.market.make_offer(world.terms(world.alice, nonce=nonce)), world.alice, WrongNonce, nonce, False
    )


@pytest.mark.parametrize("nonce", [0, SIGNED_NONCE // 2 - 1])
def test_any_nonce_below_bit_254(world: World, nonce: int) -> None:
    """The nonce is free but for its two highest bits (N-1)."""
    terms = world.make(world.alice, nonce=nonce)
    assert world.market.state_of(world.trade_id(terms)) == TradeState.OFFERED


@pytest.mark.parametrize(("energy", "price"), [(0, 1), (1, 0), (0, 0), (1, MAX_UNITS + 1), (1, 2**256 - 1)])
def test_revert_given_no_energy_or_price_out_of_range(world: World, energy: int, price: int) -> None:
    """Energy is not zero and the price is in 1 … 2**63 - 1 (N-1)."""
    terms = world.terms(world.alice, energy=wh(energy), price=price)
    refused(world.market.make_offer(terms), world.alice, BadTerms, wh(energy), price, MAX_UNITS)


@pytest.mark.parametrize("energy", [1, MAX_UINT64, MAX_UINT64 + 1, 2**256 - 1])
def test_any_energy_but_zero(world: World, energy: int) -> None:
    """Plain energy ends at 2**64 - 1; from 2**64 on the word is a commitment (N-5)."""
    terms = world.make(world.alice, energy=wh(energy))
    assert world.market.state_of(world.trade_id(terms)) == TradeState.OFFERED


def test_highest_price(brim_world: World) -> None:
    """A price of 2**63 - 1 holds a guarantee of 2**63 - 1: nothing overflows (N-1)."""
    world = brim_world
    world.ledger.deposit(world.alice.address, MAX_UNITS, value=MAX_UNITS).send(world.stranger)
    world.make(world.alice, price=MAX_UNITS)
    assert purse(world, world.alice) == (0, MAX_UNITS)


def test_revert_given_offer_reserved_for_its_seller(world: World) -> None:
    """Nobody trades with themselves (N-8: credit is not earned by talking to oneself)."""
    terms = world.terms(world.alice, buyer=world.alice.address)
    refused(world.market.make_offer(terms), world.alice, SelfTrade, world.alice.address)


@pytest.mark.parametrize(
    ("accept_in", "deliver_in"),
    [(0, 1), (-1, 1), (1, 1), (2, 1), (1, WEEK + 1), (1, 2**255), (2**255, 2**255 + 1)],
)
def test_revert_given_bad_window(world: World, accept_in: int, deliver_in: int) -> None:
    """Needed is now < acceptBy < deliverBy <= now + maxDuration (N-1)."""
    now = world.chain.now() + 100
    terms = world.terms(world.alice, accept_by=now + accept_in, deliver_by=now + deliver_in)
    world.chain.set_next_time(now)
    refused(
        world.market.make_offer(terms),
        world.alice,
        BadWindow,
        now + accept_in,
        now + deliver_in,
        now,
        now + WEEK,
    )


@pytest.mark.parametrize(("accept_in", "deliver_in"), [(1, 2), (1, WEEK), (WEEK - 1, WEEK)])
def test_narrowest_and_widest_window(world: World, accept_in: int, deliver_in: int) -> None:
    """One second is enough, and deliverBy may lie exactly maxDuration ahead (N-1)."""
    now = world.chain.now() + 100
    terms = world.terms(world.alice, accept_by=now + accept_in, deliver_by=now + deliver_in)
    world.chain.set_next_time(now)
    world.market.make_offer(terms).send(world.alice)
    assert world.market.state_of(world.trade_id(terms)) == TradeState.OFFERED


def test_revert_given_offer_is_open(world: World) -> None:
    """The same terms are offered once: their hash is the trade (N-5)."""
    terms = world.make(world.alice)
    refused(
        world.market.make_offer(terms),
        world.alice,
        WrongState,
        world.trade_id(terms),
        TradeState.OFFERED,
        TradeState.NONE,
    )


def test_revert_given_offer_is_accepted(world: World) -> None:
    """A trade under way is not offered again (N-5)."""
    terms = world.accepted(world.alice, world.bob)
    refused(
        world.market.make_offer(terms),
        world.alice,
        WrongState,
        world.trade_id(terms),
        TradeState.ACCEPTED,
        TradeState.NONE,
    )


def test_revert_given_trade_is_over_before_accept_by(world: World) -> None:
    """Terms of a finished trade do not come back, so its receipt cannot pay twice (N-8)."""
    terms = world.accepted(world.alice, world.bob)
    world.deliver(terms, world.bob)
    refused(
        world.market.make_offer(terms),
        world.alice,
        WrongState,
        world.trade_id(terms),
        TradeState.CLOSED,
        TradeState.NONE,
    )


def test_revert_given_trade_is_over_after_accept_by(world: World) -> None:
    """After acceptBy the window itself keeps the terms from coming back (N-8)."""
    terms = world.accepted(world.alice, world.bob)
    world.chain.set_next_time(terms.accept_by)
    world.deliver(terms, world.bob)
    now = terms.accept_by + 1
    world.chain.set_next_time(now)
    refused(
        world.market.make_offer(terms),
        world.alice,
        BadWindow,
        terms.accept_by,
        terms.deliver_by,
        now,
        now + WEEK,
    )


def test_offer_made_anew_after_withdrawal(world: World) -> None:
    """A withdrawn offer was never accepted, so its terms may be offered again (N-4)."""
    terms = world.make(world.alice)
    world.market.give_up(terms).send(world.alice)
    world.market.make_offer(terms).send(world.alice)
    assert world.market.state_of(world.trade_id(terms)) == TradeState.OFFERED


def test_guarantee_up_to_the_credit_limit(world: World) -> None:
    """A new seller has at most ten euro held at once, over all offers, to the unit (X-2, N-8 flood)."""
    world.make(world.alice, price=LIMIT - 1)
    over = world.terms(world.alice, price=2)
    refused(
        world.market.make_offer(over), world.alice, OverCreditLimit, world.alice.address, LIMIT + 1, LIMIT
    )
    world.make(world.alice, price=1)
    assert purse(world, world.alice) == (FUNDS - LIMIT, LIMIT)


def test_guarantee_up_to_available_funds(world: World) -> None:
    """The guarantee may take the last unit and not one more (N-1)."""
    world.ledger.withdraw(world.alice.address, FUNDS - EURO).send(world.alice)
    over = world.terms(world.alice, price=EURO + 1)
    refused(world.market.make_offer(over), world.alice, Insufficient, world.alice.address, EURO + 1, EURO)
    world.make(world.alice, price=EURO)
    assert purse(world, world.alice) == (0, EURO)


def test_revert_given_dirty_address(world: World) -> None:
    """Two encodings never share a meaning: bits above an address are refused (N-5)."""
    call = world.market.make_offer(world.terms(world.alice))
    seller, buyer = 4 + 11, 4 + 32 + 11  # the byte in front of each address
    for place in (seller, buyer):
        data = call.data[:place] + b"\x01" + call.data[place + 1 :]
        refused_silently(replace(call, data=data), world.alice)


def test_revert_given_coin(world: World) -> None:
    """The market takes no coin: money is the ledger's (N-1)."""
    refused_silently(replace(world.market.make_offer(world.terms(world.alice)), value=1), world.alice)
