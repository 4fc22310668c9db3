"""registerMeter and removeMeter: whose word counts as a receipt (N-3)."""

from __future__ import annotations

import pytest
from eth_utils.crypto import keccak

from energy_trading.bindings.energy_ledger import (
    BadSigner,
    MeterRegistered,
    MeterRemoved,
    NoMeter,
    OwnableUnauthorizedAccount,
)
from energy_trading.crypto.keys import SecretKey
from energy_trading.meter.signers import Secp256k1Meter
from tests.contracts.offer_market.tools import refused, told
from tests.world import World

SIGNERS = {"address": b"\x11" * 20, "verifier and key": b"\x11" * 20 + b"\x04" * 64, "one byte": b"\x11" * 21}


@pytest.mark.parametrize("signer", SIGNERS.values(), ids=SIGNERS.keys())
def test_meter_is_named(world: World, signer: bytes) -> None:
    """The hash of the signer is kept, the signer is in the log; the account need not be open (N-3)."""
    for account in (world.alice.address, world.stranger.address):
        sent = world.ledger.register_meter(account, signer).send(world.dso)
        assert told(world.ledger, sent) == [(MeterRegistered, account, signer)]
        assert world.ledger.meter_of(account) == keccak(signer)


def test_new_meter_takes_the_place_of_the_old(world: World) -> None:
    """A trade keeps the meter it was accepted with; the next one has the new (N-3)."""
    terms = world.accepted(world.alice, world.bob)
    old = world.meters[world.bob.address]
    new = Secp256k1Meter(SecretKey.from_int(4242))
    world.ledger.register_meter(world.bob.address, new.signer).send(world.dso)
    world.market.confirm_delivery(world.receipt(terms, world.bob, meter=old)).send(world.stranger)
    later = world.accepted(world.alice, world.bob)
    world.market.confirm_delivery(world.receipt(later, world.bob, meter=new)).send(world.stranger)


@pytest.mark.parametrize("signer", [b"", b"\x11" * 19, bytes(20), bytes(20) + b"\x04" * 64])
def test_revert_when_signer_is_none(world: World, signer: bytes) -> None:
    """Too short, or nobody's: such a meter could never sign (N-3)."""
    before = world.ledger.meter_of(world.alice.address)
    refused(world.ledger.register_meter(world.alice.address, signer), world.dso, BadSigner, signer)
    assert world.ledger.meter_of(world.alice.address) == before


def test_meter_is_removed(world: World) -> None:
    """The account has no meter any more."""
    sent = world.ledger.remove_meter(world.alice.address).send(world.dso)
    assert told(world.ledger, sent) == [(MeterRemoved, world.alice.address)]
    assert world.ledger.meter_of(world.alice.address) == bytes(32)


def test_revert_given_no_meter(world: World) -> None:
    """What is not there cannot be removed, nor twice."""
    world.ledger.remove_meter(world.alice.address).send(world.dso)
    for account in (world.alice.address, world.stranger.address):
        refused(world.ledger.remove_meter(account), world.dso, NoMeter, account)


def test_trade_keeps_a_removed_meter(world: World) -> None:
    """What was accepted can be confirmed, whatever the registrar does meanwhile (N-3)."""
    terms = world.accepted(world.alice, world.bob)
    world.ledger.remove_meter(world.bob.address).send(world.dso)
    world.deliver(terms, world.bob)


def test_revert_when_caller_is_not_owner(world: World) -> None:
    """Only the registrar names meters: not the account itself, not PKG (N-8: forged ERC)."""
    for key in (world.alice, world.pkg, world.stranger):
        for call in (
            world.ledger.register_meter(world.alice.address, b"\x11" * 20),
            world.ledger.remove_meter(world.alice.address),
        ):
            refused(call, key, OwnableUnauthorizedAccount, key.address)
