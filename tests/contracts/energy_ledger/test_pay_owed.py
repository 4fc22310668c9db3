"""payOwed: a market takes what a buyer promised before, also from one who is banned by now (X-3, X-7)."""

from __future__ import annotations

import pytest

from energy_trading.bindings.energy_ledger import Banned, Insufficient, NotMarket, RoleMissing, Suspended
from energy_trading.types import ZERO_ADDRESS, Outcome, Settlement
from tests.contracts.energy_ledger.conftest import PEOPLE
from tests.contracts.energy_ledger.tools import Desk
from tests.contracts.offer_market.tools import purse, refused, told


def owed(desk: Desk, key, payment: int, metered: bool = False):
    return desk.ledger.pay_owed(key.address, metered, payment)


def ban(desk: Desk, key) -> int:
    """Let an account default until it is banned; until when."""
    while desk.world.account(key).banned_until == 0:
        default = Settlement(ZERO_ADDRESS, 0, 0, key.address, 0, Outcome.BUYER_DEFAULT, 100, 2**32, 0)
        desk.ledger.settle(default).send(desk.market)
    return int(desk.world.account(key).banned_until)


def test_banned_buyer_pays_what_it_owes_and_nothing_new(desk: Desk) -> None:
    """The payment is taken, the ban goes on, and nothing is logged (the market logs it)."""
    alice = desk.world.alice
    until = ban(desk, alice)
    before = desk.world.account(alice)
    assert told(desk.ledger, owed(desk, alice, 300).send(desk.market)) == []
    assert purse(desk.world, alice) == (PEOPLE - 300, 0)
    after = desk.world.account(alice)
    assert (after.banned_until, after.defaults) == (until, before.defaults)
    new = desk.ledger.commit(ZERO_ADDRESS, alice.address, False, 0, 1)
    refused(new, desk.market, Banned, alice.address, until)
    desk.world.chain.set_next_time(until + 1)
    new.send(desk.market)


def test_meter_comes_back_when_asked_for(desk: Desk) -> None:
    """As with a commitment: the registered meter if it is asked for, or zero (N-3)."""
    alice = desk.world.alice
    meter = desk.ledger.meter_of(alice.address)
    assert owed(desk, alice, 1, True).simulate(desk.market) == meter != bytes(32)
    assert owed(desk, alice, 1).simulate(desk.market) == bytes(32)


def test_all_funds_can_be_paid_and_not_one_unit_more(desk: Desk) -> None:
    """Funds are checked as ever (N-2)."""
    alice = desk.world.alice
    for asked in (PEOPLE + 1, 2**64, 2**256 - 1):
        refused(owed(desk, alice, asked), desk.market, Insufficient, alice.address, asked, PEOPLE)
    owed(desk, alice, PEOPLE).send(desk.market)
    assert purse(desk.world, alice) == (0, 0)


def test_revert_given_suspended_buyer(desk: Desk) -> None:
    """Whom the DSO has suspended does not pay, banned or not (C-10)."""
    alice = desk.world.alice
    desk.ledger.suspend([alice.address]).send(desk.world.dso)
    refused(owed(desk, alice, 1), desk.market, Suspended, alice.address)
    ban(desk, desk.world.bob)
    desk.ledger.suspend([desk.world.bob.address]).send(desk.world.dso)
    refused(owed(desk, desk.world.bob, 1), desk.market, Suspended, desk.world.bob.address)


def test_revert_given_missing_role(desk: Desk) -> None:
    """Who may not buy owes nothing: a producer, a stranger, the treasury (X-4)."""
    world = desk.world
    for key, roles in ((world.seller, 1), (world.stranger, 0), (world.treasury, 0)):
        refused(owed(desk, key, 0), desk.market, RoleMissing, key.address, roles, 2)


@pytest.mark.parametrize("role", ["dso", "pkg", "treasury", "alice", "stranger"])
def test_revert_given_caller_is_no_market(desk: Desk, role: str) -> None:
    """Nobody but a market takes money (N-8)."""
    caller = getattr(desk.world, role)
    refused(owed(desk, desk.world.alice, 1), caller, NotMarket, caller.address)
