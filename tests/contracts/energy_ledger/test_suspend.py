"""suspend: the DSO keeps accounts from new commitments, never from their money (C-10)."""

from __future__ import annotations

from energy_trading.bindings.energy_ledger import (
    AccountSuspended,
    NotOpen,
    OwnableUnauthorizedAccount,
    Suspended,
)
from tests.contracts.offer_market.tools import purse, refused, told
from tests.world import FUNDS, World


def test_all_accounts_of_a_person_in_one_call(world: World) -> None:
    """A traced person loses all pseudonyms at once, and the log says which (C-10)."""
    names = [world.alice.address, world.bob.address]
    sent = world.ledger.suspend(names).send(world.dso)
    assert told(world.ledger, sent) == [(AccountSuspended, name) for name in names]
    assert [world.account(name).suspended for name in [*names, world.carol.address]] == [True, True, False]


def test_empty_list_does_nothing(world: World) -> None:
    """Nobody named, nobody suspended."""
    assert told(world.ledger, world.ledger.suspend([]).send(world.dso)) == []


def test_twice_is_once(world: World) -> None:
    """A suspended account can be named again; one reinstatement is enough."""
    world.ledger.suspend([world.alice.address, world.alice.address]).send(world.dso)
    world.ledger.suspend([world.alice.address]).send(world.dso)
    world.ledger.reinstate([world.alice.address]).send(world.dso)
    assert not world.account(world.alice).suspended


def test_revert_when_one_is_not_open(world: World) -> None:
    """One bad entry, and nobody is suspended."""
    call = world.ledger.suspend([world.alice.address, world.stranger.address])
    refused(call, world.dso, NotOpen, world.stranger.address)
    assert not world.account(world.alice).suspended


def test_revert_when_treasury_is_no_account(world: World) -> None:
    """The treasury that PKG has not attested is no account to suspend."""
    refused(world.ledger.suspend([world.treasury.address]), world.dso, NotOpen, world.treasury.address)


def test_revert_when_caller_is_not_owner(world: World) -> None:
    """Neither PKG nor the account's own people can suspend (C-10: neither alone)."""
    for key in (world.pkg, world.treasury, world.alice):
        call = world.ledger.suspend([world.alice.address])
        refused(call, key, OwnableUnauthorizedAccount, key.address)


def test_suspended_cannot_commit_but_withdraws(world: World) -> None:
    """No new commitment as seller or buyer; the funds stay the account's (C-10)."""
    open_offer = world.make(world.carol)
    world.ledger.suspend([world.alice.address]).send(world.dso)
    refused(world.market.make_offer(world.terms(world.alice)), world.alice, Suspended, world.alice.address)
    refused(world.market.accept_offer(open_offer), world.alice, Suspended, world.alice.address)
    world.ledger.withdraw(world.alice.address, FUNDS).send(world.alice)
    assert purse(world, world.alice) == (0, 0)


def test_what_is_committed_settles(world: World) -> None:
    """A trade under way ends as agreed, though both sides are suspended (N-3)."""
    terms = world.accepted(world.alice, world.bob)
    world.ledger.suspend([world.alice.address, world.bob.address]).send(world.dso)
    world.deliver(terms, world.bob)
    assert purse(world, world.alice) == (FUNDS + terms.price, 0)


def test_suspended_accounts_receive_deposits(world: World) -> None:
    """Money may still come in."""
    world.ledger.suspend([world.alice.address]).send(world.dso)
    world.ledger.deposit(world.alice.address, 1, value=world.ledger.unit()).send(world.stranger)
    assert purse(world, world.alice) == (FUNDS + 1, 0)
