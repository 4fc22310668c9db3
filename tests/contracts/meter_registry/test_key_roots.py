"""publishKeyRoot, revokeKeyRoot, currentKeyRoot: one-time receipt keys by epoch (N-6)."""

from __future__ import annotations

import pytest

from energy_trading.bindings.energy_ledger import (
    EpochOver,
    KeyRootPublished,
    KeyRootRevoked,
    NoRoot,
    OwnableUnauthorizedAccount,
    RootExists,
    ZeroRoot,
)
from tests.contracts.offer_market.tools import DAY, refused, told
from tests.world import World

ROOT, OTHER, EVIDENCE = b"\x01" * 32, b"\x02" * 32, b"\xee" * 32


def epoch_of(world: World) -> int:
    return world.chain.now() // DAY


def publish(world: World, epoch: int, root: bytes = ROOT):
    return world.ledger.publish_key_root(epoch, root, EVIDENCE)


@pytest.mark.parametrize("ahead", [0, 1, 365, 2**200])
def test_root_is_published_for_now_or_later(world: World, ahead: int) -> None:
    """The log has epoch, root and evidence; the root counts in its epoch only (N-6)."""
    epoch = epoch_of(world) + ahead
    sent = publish(world, epoch).send(world.dso)
    assert told(world.ledger, sent) == [(KeyRootPublished, epoch, ROOT, EVIDENCE)]
    assert world.ledger.current_key_root(epoch) == (ROOT if ahead == 0 else bytes(32))


def test_root_counts_from_first_to_last_second(world: World) -> None:
    """An epoch is half open: its first second counts, the next epoch's does not."""
    epoch = epoch_of(world) + 2
    publish(world, epoch).send(world.dso)
    for time, root in (
        (epoch * DAY - 1, bytes(32)),
        (epoch * DAY, ROOT),
        (epoch * DAY + DAY - 1, ROOT),
        (epoch * DAY + DAY, bytes(32)),
    ):
        world.chain.mine(time)
        assert world.ledger.current_key_root(epoch) == root


def test_revert_when_root_is_zero(world: World) -> None:
    """Zero stands for no root."""
    refused(publish(world, epoch_of(world), bytes(32)), world.dso, ZeroRoot)


def test_revert_given_root_published(world: World) -> None:
    """One root per epoch, the same or another: keys cannot change under people's feet."""
    epoch = epoch_of(world)
    publish(world, epoch).send(world.dso)
    for root in (ROOT, OTHER):
        refused(publish(world, epoch, root), world.dso, RootExists, epoch, ROOT)


def test_revert_given_epoch_over(world: World) -> None:
    """The past gets no keys; the last second of an epoch still does."""
    epoch = epoch_of(world)
    refused(publish(world, epoch - 1), world.dso, EpochOver, epoch - 1, epoch)
    refused(publish(world, 0), world.dso, EpochOver, 0, epoch)
    world.chain.set_next_time((epoch + 1) * DAY)
    refused(publish(world, epoch), world.dso, EpochOver, epoch, epoch + 1)
    world.chain.set_next_time((epoch + 1) * DAY - 1)
    publish(world, epoch).send(world.dso)


def test_revoked_root_gives_way(world: World) -> None:
    """Revoking stops the keys at once; then another root can be published."""
    epoch = epoch_of(world)
    publish(world, epoch).send(world.dso)
    sent = world.ledger.revoke_key_root(epoch).send(world.dso)
    assert told(world.ledger, sent) == [(KeyRootRevoked, epoch)]
    assert world.ledger.current_key_root(epoch) == bytes(32)
    publish(world, epoch, OTHER).send(world.dso)
    assert world.ledger.current_key_root(epoch) == OTHER


def test_revert_given_no_root(world: World) -> None:
    """What is not there cannot be revoked, nor twice."""
    epoch = epoch_of(world)
    refused(world.ledger.revoke_key_root(epoch), world.dso, NoRoot, epoch)
    publish(world, epoch).send(world.dso)
    world.ledger.revoke_key_root(epoch).send(world.dso)
    refused(world.ledger.revoke_key_root(epoch), world.dso, NoRoot, epoch)


def test_revert_when_caller_is_not_owner(world: World) -> None:
    """Only the registrar admits and stops keys (N-6)."""
    epoch = epoch_of(world)
    for key in (world.alice, world.pkg, world.stranger):
        for call in (publish(world, epoch), world.ledger.revoke_key_root(epoch)):
            refused(call, key, OwnableUnauthorizedAccount, key.address)
