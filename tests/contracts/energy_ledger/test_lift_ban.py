"""liftBan: the DSO ends a ban with a reason in the log; the record of defaults stays for ever (N-7, X-3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from energy_trading.bindings.energy_ledger import (
    BanLifted,
    Banned,
    NoReason,
    NotBanned,
    OwnableUnauthorizedAccount,
    Suspended,
)
from energy_trading.bindings.suite import DEFAULT_CREDIT
from energy_trading.types import ZERO_ADDRESS
from tests.contracts.offer_market.tools import ban, refused, told
from tests.world import EURO, World

REASON = "the gateway of the street was down"


def test_lifted_account_commits_again_and_keeps_its_record(world: World) -> None:
    """Only the date of the ban goes: defaults, credits and windows stay, and the log has the reason."""
    until = ban(world, world.alice, world.carol)
    before = world.account(world.alice)
    refused(
        world.market.make_offer(world.terms(world.alice)), world.alice, Banned, world.alice.address, until
    )
    sent = world.ledger.lift_ban(world.alice.address, REASON).send(world.dso)
    assert told(world.ledger, sent) == [(BanLifted, world.alice.address, until, REASON)]
    assert world.account(world.alice) == replace(before, banned_until=0)
    assert before.defaults == DEFAULT_CREDIT.grace_defaults + 1
    assert world.ledger.may_commit(world.alice.address, 3)
    world.make(world.alice)


def test_next_default_weighs_as_much_as_without_the_lifting(world: World) -> None:
    """The penalty has doubled with every default, lifted or not, so lifting forgives nothing (eq 7)."""
    ban(world, world.alice, world.carol)
    until, seconds = [], []
    for lifted in (True, False):
        snapshot = world.chain.snapshot()
        end = int(world.account(world.alice).banned_until)
        if lifted:
            world.ledger.lift_ban(world.alice.address, REASON).send(world.dso)
        world.pass_time(end)
        terms = world.accepted(world.alice, world.carol, price=EURO // 100)
        world.deliver(terms, world.carol, 0)
        account = world.account(world.alice)
        until.append((account.defaults, account.seller_credit_e9))
        seconds.append(account.banned_until - world.chain.now())
        world.chain.revert(snapshot)
    assert until[0] == until[1]
    assert seconds[0] == seconds[1] > 0


def test_suspension_is_another_thing(world: World) -> None:
    """A suspended account stays suspended when its ban is lifted (C-10)."""
    ban(world, world.alice, world.carol)
    world.ledger.suspend([world.alice.address]).send(world.dso)
    world.ledger.lift_ban(world.alice.address, REASON).send(world.dso)
    refused(world.market.make_offer(world.terms(world.alice)), world.alice, Suspended, world.alice.address)
    assert world.account(world.alice).suspended


def test_revert_given_no_ban(world: World) -> None:
    """Nobody else's, never banned, lifted already, or over: there is nothing to lift."""
    for nobody in (world.bob.address, world.stranger.address, world.treasury.address, ZERO_ADDRESS):
        refused(world.ledger.lift_ban(nobody, REASON), world.dso, NotBanned, nobody, 0)
    until = ban(world, world.alice, world.carol)
    lift = world.ledger.lift_ban(world.alice.address, REASON)
    snapshot = world.chain.snapshot()
    world.chain.set_next_time(until)
    refused(lift, world.dso, NotBanned, world.alice.address, until)
    world.chain.revert(snapshot)
    world.chain.set_next_time(until - 1)
    lift.send(world.dso)
    refused(lift, world.dso, NotBanned, world.alice.address, 0)


def test_revert_given_no_reason(world: World) -> None:
    """The log must state why (N-7)."""
    until = ban(world, world.alice, world.carol)
    refused(world.ledger.lift_ban(world.alice.address, ""), world.dso, NoReason)
    assert world.account(world.alice).banned_until == until


@pytest.mark.parametrize("role", ["alice", "carol", "pkg", "treasury", "stranger"])
def test_revert_when_caller_is_not_owner(world: World, role: str) -> None:
    """Nobody lifts a ban but the DSO, least of all the banned."""
    until, caller = ban(world, world.alice, world.carol), getattr(world, role)
    lift = world.ledger.lift_ban(world.alice.address, REASON)
    refused(lift, caller, OwnableUnauthorizedAccount, caller.address)
    assert world.account(world.alice).banned_until == until
