"""commit: a market holds a guarantee, takes a payment, or both (N-1, N-2, X-3)."""

from __future__ import annotations

import pytest

from energy_trading.bindings.energy_ledger import (
    Banned,
    Insufficient,
    NotMarket,
    OverCreditLimit,
    RoleMissing,
    Suspended,
)
from energy_trading.bindings.suite import DEFAULT_CREDIT
from energy_trading.types import ZERO_ADDRESS, Outcome, Settlement
from tests.contracts.energy_ledger.conftest import PEOPLE
from tests.contracts.energy_ledger.tools import Desk
from tests.contracts.offer_market.tools import purse, refused, told

OPEN_BASE = 1_000  # the desk's


def hold(desk: Desk, key, guarantee: int):
    return desk.ledger.commit(key.address, ZERO_ADDRESS, False, guarantee, 0)


def pay(desk: Desk, key, payment: int, metered: bool = False):
    return desk.ledger.commit(ZERO_ADDRESS, key.address, metered, 0, payment)


def end(desk: Desk, seller, outcome: Outcome, unhold: int = 0, back: int = 0, value: int = 0) -> None:
    """End a commitment of a seller."""
    ended = Settlement(seller.address, unhold, back, ZERO_ADDRESS, 0, outcome, value, 2**32, 0)
    desk.ledger.settle(ended).send(desk.market)


def test_guarantee_is_held(desk: Desk) -> None:
    """Available becomes held; nothing else changes and nothing is logged (the market logs it)."""
    sent = hold(desk, desk.world.alice, 300).send(desk.market)
    assert told(desk.ledger, sent) == []
    assert purse(desk.world, desk.world.alice) == (PEOPLE - 300, 300)


def test_payment_is_taken(desk: Desk) -> None:
    """A payment leaves the account; the market owes it."""
    pay(desk, desk.world.alice, 300).send(desk.market)
    assert purse(desk.world, desk.world.alice) == (PEOPLE - 300, 0)


def test_both_halves_in_one_call(desk: Desk) -> None:
    """A signed offer needs both at once."""
    world = desk.world
    desk.ledger.commit(world.alice.address, world.bob.address, False, 10, 20).send(desk.market)
    assert (purse(world, world.alice), purse(world, world.bob)) == ((PEOPLE - 10, 10), (PEOPLE - 20, 0))


def test_revert_when_one_half_fails(desk: Desk) -> None:
    """If the buyer cannot pay, the seller's guarantee is not held."""
    world = desk.world
    call = desk.ledger.commit(world.alice.address, world.bob.address, False, 10, PEOPLE + 1)
    refused(call, desk.market, Insufficient, world.bob.address, PEOPLE + 1, PEOPLE)
    assert purse(world, world.alice) == (PEOPLE, 0)


def test_meter_is_returned_when_asked_for(desk: Desk) -> None:
    """The buyer's meter comes back with the commitment, or zero if nobody asked or there is none (N-3)."""
    world = desk.world
    meter = world.ledger.meter_of(world.alice.address)
    assert pay(desk, world.alice, 1, True).simulate(desk.market) == meter != bytes(32)
    assert pay(desk, world.alice, 1, False).simulate(desk.market) == bytes(32)
    assert hold(desk, world.alice, 1).simulate(desk.market) == bytes(32)
    world.ledger.remove_meter(world.alice.address).send(world.dso)
    assert pay(desk, world.alice, 1, True).simulate(desk.market) == bytes(32)


def test_every_market_named_may_commit(desk: Desk) -> None:
    """Up to eight markets are named at deployment, and each counts."""
    for market in desk.markets:
        hold(desk, desk.world.alice, 1).send(market)
    assert purse(desk.world, desk.world.alice) == (PEOPLE - 8, 8)


def test_revert_when_caller_is_no_market(desk: Desk) -> None:
    """Nobody else touches funds: not the DSO, not PKG, not the owner of the funds."""
    world = desk.world
    for key in (world.dso, world.pkg, world.treasury, world.alice, world.stranger):
        refused(hold(desk, world.alice, 1), key, NotMarket, key.address)
        refused(pay(desk, world.alice, 1), key, NotMarket, key.address)


def test_revert_when_role_is_missing(desk: Desk) -> None:
    """A consumer cannot sell, a producer cannot buy, a stranger can do neither (X-4, N-2)."""
    world = desk.world
    refused(hold(desk, world.buyer, 1), desk.market, RoleMissing, world.buyer.address, 2, 1)
    refused(pay(desk, world.seller, 1), desk.market, RoleMissing, world.seller.address, 1, 2)
    for call, needed in ((hold(desk, world.stranger, 0), 1), (pay(desk, world.stranger, 0), 2)):
        refused(call, desk.market, RoleMissing, world.stranger.address, 0, needed)


def test_revert_given_account_suspended(desk: Desk) -> None:
    """A suspended account commits in neither role, not even nothing (C-10)."""
    world = desk.world
    world.ledger.suspend([world.alice.address]).send(world.dso)
    refused(hold(desk, world.alice, 0), desk.market, Suspended, world.alice.address)
    refused(pay(desk, world.alice, 0), desk.market, Suspended, world.alice.address)


def test_revert_given_too_little_available(desk: Desk) -> None:
    """All that is available can be committed, and not a unit more."""
    world = desk.world
    refused(
        pay(desk, world.alice, PEOPLE + 1), desk.market, Insufficient, world.alice.address, PEOPLE + 1, PEOPLE
    )
    pay(desk, world.alice, PEOPLE).send(desk.market)
    refused(hold(desk, world.alice, 1), desk.market, Insufficient, world.alice.address, 1, 0)


def test_huge_amounts_do_not_wrap(desk: Desk) -> None:
    """A market's number of any size is compared, never cut to a field."""
    world = desk.world
    for amount in (2**64, 2**128, 2**256 - 1):
        refused(
            pay(desk, world.alice, amount), desk.market, Insufficient, world.alice.address, amount, PEOPLE
        )
        refused(
            hold(desk, world.alice, amount), desk.market, Insufficient, world.alice.address, amount, PEOPLE
        )


def test_revert_when_more_is_held_than_credit_allows(desk: Desk) -> None:
    """Up to the limit of the seller's credit, over all open trades together (X-2)."""
    world = desk.world
    hold(desk, world.alice, OPEN_BASE - 1).send(desk.market)
    refused(hold(desk, world.alice, 2), desk.market, OverCreditLimit, world.alice.address, 1_001, OPEN_BASE)
    hold(desk, world.alice, 1).send(desk.market)
    assert purse(world, world.alice)[1] == OPEN_BASE
    end(desk, world.alice, Outcome.NONE, unhold=1, back=1)
    hold(desk, world.alice, 1).send(desk.market)


def test_limit_grows_with_credit(desk: Desk) -> None:
    """A seller who delivered may hold more (X-2)."""
    world = desk.world
    sale = Settlement(world.alice.address, 0, 0, world.bob.address, 0, Outcome.DELIVERED, 25_500, 0, 0)
    desk.ledger.settle(sale).send(desk.market)
    limit = desk.ledger.open_limit(world.account(world.alice).seller_credit_e9)
    assert limit > OPEN_BASE
    refused(
        hold(desk, world.alice, limit + 1),
        desk.market,
        OverCreditLimit,
        world.alice.address,
        limit + 1,
        limit,
    )
    hold(desk, world.alice, limit).send(desk.market)


@pytest.fixture
def banned(desk: Desk) -> int:
    """Alice has defaulted twice, one more than the grace: until when she is banned."""
    for _ in range(2):
        end(desk, desk.world.alice, Outcome.SELLER_DEFAULT)
    until = desk.world.account(desk.world.alice).banned_until
    assert until > desk.world.chain.now()
    return int(until)


def test_revert_given_account_banned(desk: Desk, banned: int) -> None:
    """A ban holds in both roles until its date and not a second longer (N-7 scenario 5, X-3)."""
    world = desk.world
    world.chain.set_next_time(banned - 1)
    refused(hold(desk, world.alice, 1), desk.market, Banned, world.alice.address, banned)
    world.chain.set_next_time(banned - 1)
    refused(pay(desk, world.alice, 1), desk.market, Banned, world.alice.address, banned)
    world.chain.set_next_time(banned)
    hold(desk, world.alice, 1).send(desk.market)
    pay(desk, world.alice, 1).send(desk.market)
    assert purse(world, world.alice) == (PEOPLE - 2, 1)


def test_date_of_a_ban_stays_on_record(desk: Desk, banned: int) -> None:
    """After the ban the date is still readable, and the next default bans again (X-3)."""
    world = desk.world
    world.chain.set_next_time(banned)
    hold(desk, world.alice, 1).send(desk.market)
    assert world.account(world.alice).banned_until == banned
    end(desk, world.alice, Outcome.SELLER_DEFAULT)
    later = world.account(world.alice).banned_until
    assert later > banned
    refused(hold(desk, world.alice, 1), desk.market, Banned, world.alice.address, later)


def test_suspension_outlives_a_ban(desk: Desk, banned: int) -> None:
    """The DSO's word does not lapse with the ban (C-10)."""
    world = desk.world
    world.ledger.suspend([world.alice.address]).send(world.dso)
    world.chain.set_next_time(banned)
    refused(hold(desk, world.alice, 1), desk.market, Suspended, world.alice.address)


def test_may_commit_tells_what_commit_would_say(desk: Desk) -> None:
    """Open in all the roles asked for, neither suspended nor banned (X-3)."""
    world = desk.world
    may = world.ledger.may_commit
    assert (may(world.seller.address, 1), may(world.seller.address, 2)) == (True, False)
    assert (may(world.alice.address, 3), may(world.seller.address, 3)) == (True, False)
    assert not may(world.stranger.address, 1)
    world.ledger.suspend([world.alice.address]).send(world.dso)
    assert not may(world.alice.address, 1)


def test_may_commit_again_when_the_ban_is_over(desk: Desk, banned: int) -> None:
    """A ban ends by itself (X-3)."""
    world = desk.world
    assert not world.ledger.may_commit(world.alice.address, 1)
    world.chain.mine(banned)
    assert world.ledger.may_commit(world.alice.address, 1)


def test_ban_of_eq_7_is_c_over_r_days(desk: Desk) -> None:
    """The second default bans c(2)/R = 2 days at the lowest credit (X-3 eq 7)."""
    world = desk.world
    for _ in range(2):
        end(desk, world.alice, Outcome.SELLER_DEFAULT)
    assert world.account(world.alice).banned_until == world.chain.now() + 2 * DEFAULT_CREDIT.ban_unit
