"""reinstate: the DSO takes suspensions back (C-10)."""

from __future__ import annotations

from dataclasses import replace

from energy_trading.bindings.energy_ledger import (
    AccountReinstated,
    Banned,
    NotSuspended,
    OwnableUnauthorizedAccount,
)
from tests.contracts.offer_market.tools import ban, refused, told
from tests.world import World


def test_reinstated_accounts_commit_again(world: World) -> None:
    """All that were suspended come back in one call, and the log says which."""
    names = [world.alice.address, world.bob.address]
    world.ledger.suspend(names).send(world.dso)
    sent = world.ledger.reinstate(names).send(world.dso)
    assert told(world.ledger, sent) == [(AccountReinstated, name) for name in names]
    world.accepted(world.alice, world.bob)
    assert not any(world.account(name).suspended for name in names)


def test_revert_when_one_is_not_suspended(world: World) -> None:
    """One bad entry, and nobody comes back; so does the same name twice."""
    world.ledger.suspend([world.alice.address]).send(world.dso)
    call = world.ledger.reinstate([world.alice.address, world.bob.address])
    refused(call, world.dso, NotSuspended, world.bob.address)
    twice = world.ledger.reinstate([world.alice.address, world.alice.address])
    refused(twice, world.dso, NotSuspended, world.alice.address)
    assert world.account(world.alice).suspended


def test_revert_when_account_is_unknown(world: World) -> None:
    """An account that was never opened is not suspended."""
    call = world.ledger.reinstate([world.stranger.address])
    refused(call, world.dso, NotSuspended, world.stranger.address)


def test_revert_when_caller_is_not_owner(world: World) -> None:
    """Nobody reinstates but the DSO."""
    world.ledger.suspend([world.alice.address]).send(world.dso)
    for key in (world.pkg, world.alice):
        call = world.ledger.reinstate([world.alice.address])
        refused(call, key, OwnableUnauthorizedAccount, key.address)


def test_reinstated_account_is_banned_as_before(world: World) -> None:
    """The end of a suspension is not the end of a ban (C-10, X-3)."""
    until = ban(world, world.alice, world.carol)
    world.ledger.suspend([world.alice.address]).send(world.dso)
    before = world.account(world.alice)
    world.ledger.reinstate([world.alice.address]).send(world.dso)
    assert world.account(world.alice) == replace(before, suspended=False)
    assert not world.ledger.may_commit(world.alice.address, 1)
    world.chain.mine(until - 2)
    world.chain.set_next_time(until - 1)
    offer = world.market.make_offer(world.terms(world.alice))
    refused(offer, world.alice, Banned, world.alice.address, until)
