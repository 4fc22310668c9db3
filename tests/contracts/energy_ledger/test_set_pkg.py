"""setPkg: the DSO names PKG's key (C-1)."""

from __future__ import annotations

from energy_trading.bindings.energy_ledger import OwnableUnauthorizedAccount, PkgChanged, ZeroAddress
from energy_trading.types import ZERO_ADDRESS
from tests.contracts.offer_market.tools import refused, told
from tests.world import World


def test_new_key_is_named(world: World) -> None:
    """The log has the old and the new key."""
    sent = world.ledger.set_pkg(world.carol.address).send(world.dso)
    assert told(world.ledger, sent) == [(PkgChanged, world.pkg.address, world.carol.address)]
    assert world.ledger.pkg() == world.carol.address


def test_first_key_is_in_the_log(world: World) -> None:
    """The key of the deployment is logged too, so that the log alone knows every key there was."""
    changes = [event for event in world.ledger.events() if isinstance(event, PkgChanged)]
    assert [(event.old_pkg, event.new_pkg) for event in changes] == [(ZERO_ADDRESS, world.pkg.address)]


def test_revert_when_key_is_zero(world: World) -> None:
    """Nobody's key would let anything pass as a signature of nobody."""
    refused(world.ledger.set_pkg(ZERO_ADDRESS), world.dso, ZeroAddress, "pkg")


def test_revert_when_caller_is_not_owner(world: World) -> None:
    """PKG cannot name its own successor (C-10)."""
    for key in (world.pkg, world.alice):
        refused(world.ledger.set_pkg(key.address), key, OwnableUnauthorizedAccount, key.address)
