"""The owner (DSO, later a council) hands over in two steps."""

from __future__ import annotations

from energy_trading.bindings.energy_ledger import (
    OwnableUnauthorizedAccount,
    OwnershipTransferred,
    OwnershipTransferStarted,
)
from energy_trading.types import ZERO_ADDRESS
from tests.contracts.offer_market.tools import refused, told
from tests.world import World


def test_owner_hands_over_in_two_steps(world: World) -> None:
    """Naming a successor changes nothing until it accepts; then the old owner has no power."""
    ledger, old, new = world.ledger, world.dso, world.carol
    assert told(ledger, ledger.transfer_ownership(new.address).send(old)) == [
        (OwnershipTransferStarted, old.address, new.address)
    ]
    assert (ledger.owner(), ledger.pending_owner()) == (old.address, new.address)
    refused(ledger.suspend([]), new, OwnableUnauthorizedAccount, new.address)
    assert told(ledger, ledger.accept_ownership().send(new)) == [
        (OwnershipTransferred, old.address, new.address)
    ]
    assert (ledger.owner(), ledger.pending_owner()) == (new.address, ZERO_ADDRESS)
    refused(ledger.suspend([]), old, OwnableUnauthorizedAccount, old.address)
    ledger.suspend([world.alice.address]).send(new)


def test_successor_can_be_changed_before_it_accepts(world: World) -> None:
    """Who was named and then replaced cannot accept."""
    ledger = world.ledger
    ledger.transfer_ownership(world.carol.address).send(world.dso)
    ledger.transfer_ownership(world.bob.address).send(world.dso)
    refused(ledger.accept_ownership(), world.carol, OwnableUnauthorizedAccount, world.carol.address)
    ledger.transfer_ownership(ZERO_ADDRESS).send(world.dso)
    refused(ledger.accept_ownership(), world.bob, OwnableUnauthorizedAccount, world.bob.address)


def test_revert_when_caller_is_not_owner(world: World) -> None:
    """Neither PKG nor a stranger hands over, accepts or renounces."""
    ledger = world.ledger
    for key in (world.pkg, world.stranger):
        for call in (
            ledger.transfer_ownership(key.address),
            ledger.accept_ownership(),
            ledger.renounce_ownership(),
        ):
            refused(call, key, OwnableUnauthorizedAccount, key.address)


def test_renounced_ledger_goes_on_without_registrar(world: World) -> None:
    """If the owner leaves for good, trades go on and money can leave; nobody registers or suspends."""
    ledger = world.ledger
    assert told(ledger, ledger.renounce_ownership().send(world.dso)) == [
        (OwnershipTransferred, world.dso.address, ZERO_ADDRESS)
    ]
    refused(ledger.suspend([]), world.dso, OwnableUnauthorizedAccount, world.dso.address)
    world.deliver(world.accepted(world.alice, world.bob), world.bob)
    ledger.withdraw(world.alice.address, 1).send(world.alice)
