"""confirmHiddenShort: hidden energy that came in part is opened and settled."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_utils.crypto import keccak

from energy_trading.bindings.offer_market import BadOpening, DeliveredShort, DeliveryConfirmed, ReceiptRefused
from energy_trading.crypto.keys import SecretKey
from energy_trading.meter.signers import Secp256k1Meter
from energy_trading.types import Cause, DeliveryFault, Energy, Terms
from tests.contracts.offer_market.tools import (
    MAX_UINT64,
    credit_moves,
    purse,
    purses,
    refused,
    told,
    wh,
    z_of,
)
from tests.world import FUNDS, World

SALT = b"\x5a" * 32


def _hidden(world: World, energy_wh: int = 1000, **changes: object) -> Terms:
    energy = Energy(keccak(energy_wh.to_bytes(32, "big") + SALT))
    return world.accepted(world.alice, world.bob, energy=energy, **changes)


def test_opened_short_delivery_settles_pro_rata(odd_world: World) -> None:
    """As for plain energy: payment, fee and cut rounded down, the rest returned (N-5, N-3)."""
    world = odd_world
    terms = _hidden(world, price=1_000_003)
    call = world.market.confirm_hidden_short(world.receipt(terms, world.bob, 333), 1000, SALT)
    sent = call.send(world.stranger)
    assert told(world.market, sent) == [(DeliveredShort, world.trade_id(terms), 333, 1000, 333_000, 27_433)]
    assert purses(world, world.alice, world.bob, world.treasury) == [
        (FUNDS + 333_000 - 8_325 - 27_433, 0),
        (FUNDS - 333_000, 0),
        (8_325 + 27_433, 0),
    ]


@pytest.mark.parametrize(("delivered", "default"), [(900, False), (899, True), (0, True)])
def test_default_begins_beyond_the_tolerance(world: World, delivered: int, default: bool) -> None:
    """Hiding the quantity does not change what a default is (N-5, X-3)."""
    terms = _hidden(world)
    sent = world.market.confirm_hidden_short(world.receipt(terms, world.bob, delivered), 1000, SALT).send(
        world.stranger
    )
    payment = terms.price * delivered // 1000
    assert credit_moves(sent) == (
        [(Cause.SELLER_DEFAULT, world.alice.address, z_of(world, terms.price))]
        if default
        else [
            (Cause.SOLD, world.alice.address, z_of(world, payment)),
            (Cause.BOUGHT, world.bob.address, z_of(world, payment)),
        ]
    )
    assert world.account(world.alice).defaults == int(default)


@pytest.mark.parametrize("delivered", [1000, 1001, MAX_UINT64])
def test_plain_receipt_of_all(world: World, delivered: int) -> None:
    """A plain receipt of as much as was hidden, or more, is a full delivery (N-5)."""
    terms = _hidden(world)
    receipt = world.receipt(terms, world.bob, delivered)
    sent = world.market.confirm_hidden_short(receipt, 1000, SALT).send(world.stranger)
    assert told(world.market, sent) == [(DeliveryConfirmed, world.trade_id(terms))]
    assert purses(world, world.alice, world.bob) == [(FUNDS + terms.price, 0), (FUNDS - terms.price, 0)]


def test_receipt_that_repeats_the_commitment(world: World) -> None:
    """It is a full delivery here too (N-5)."""
    terms = _hidden(world)
    call = world.market.confirm_hidden_short(world.receipt(terms, world.bob), 1000, SALT)
    assert told(world.market, call.send(world.stranger)) == [(DeliveryConfirmed, world.trade_id(terms))]


def test_largest_hidden_energy(world: World) -> None:
    """2**64 - 1 Wh can be hidden and opened (N-5)."""
    terms = _hidden(world, MAX_UINT64)
    receipt = world.receipt(terms, world.bob, MAX_UINT64 - 1)
    sent = world.market.confirm_hidden_short(receipt, MAX_UINT64, SALT).send(world.stranger)
    assert told(world.market, sent) == [
        (DeliveredShort, world.trade_id(terms), MAX_UINT64 - 1, MAX_UINT64, terms.price - 1, 0)
    ]


@pytest.mark.parametrize(
    ("agreed", "salt"),
    [(999, SALT), (1001, SALT), (1000, bytes(32)), (0, SALT), (MAX_UINT64 + 1, SALT), (2**256 - 1, SALT)],
)
def test_revert_given_wrong_opening(world: World, agreed: int, salt: bytes) -> None:
    """Quantity and salt must give the commitment: no other quantity can be claimed (N-5, N-8)."""
    terms = _hidden(world)
    refused(
        world.market.confirm_hidden_short(world.receipt(terms, world.bob, 10), agreed, salt),
        world.stranger,
        BadOpening,
        terms.energy,
        agreed,
        salt,
    )
    assert purse(world, world.bob) == (FUNDS - terms.price, 0)


@pytest.mark.parametrize("hidden", [0, MAX_UINT64 + 1, 2**256 - 1])
def test_revert_given_true_opening_out_of_range(world: World, hidden: int) -> None:
    """A commitment to nothing, or to 2**64 Wh or more, is not opened: it is delivered in full or expires."""
    terms = _hidden(world, hidden)
    refused(
        world.market.confirm_hidden_short(world.receipt(terms, world.bob, 10), hidden, SALT),
        world.stranger,
        BadOpening,
        terms.energy,
        hidden,
        SALT,
    )
    world.deliver(terms, world.bob)
    assert purse(world, world.alice) == (FUNDS + terms.price, 0)


def test_revert_given_plain_terms(world: World) -> None:
    """There is nothing to open in a plain quantity (N-5)."""
    terms = world.accepted(world.alice, world.bob)
    refused(
        world.market.confirm_hidden_short(world.receipt(terms, world.bob, 10), 1000, SALT),
        world.stranger,
        BadOpening,
        wh(1000),
        1000,
        SALT,
    )


def _fault(world: World, terms: Terms, fault: DeliveryFault, **changes: object) -> None:
    receipt = replace(world.receipt(terms, world.bob, 500), **changes)
    refused(
        world.market.confirm_hidden_short(receipt, 1000, SALT),
        world.stranger,
        ReceiptRefused,
        world.trade_id(terms),
        fault,
    )


def test_revert_given_no_such_trade(world: World) -> None:
    """An offer that is open, or none at all, is no trade (N-3)."""
    energy = Energy.hidden(1000, SALT)
    _fault(world, world.terms(world.alice, energy=energy), DeliveryFault.NOT_ACCEPTED)
    _fault(world, world.make(world.alice, energy=energy), DeliveryFault.NOT_ACCEPTED)


def test_revert_given_receipt_replayed(world: World) -> None:
    """An opened receipt pays once, also against the receipt in full (N-8)."""
    terms = _hidden(world)
    receipt = world.receipt(terms, world.bob, 500)
    world.market.confirm_hidden_short(receipt, 1000, SALT).send(world.stranger)
    _fault(world, terms, DeliveryFault.NOT_ACCEPTED)
    refused(
        world.market.confirm_delivery(world.receipt(terms, world.bob)),
        world.stranger,
        ReceiptRefused,
        world.trade_id(terms),
        DeliveryFault.NOT_ACCEPTED,
    )


@pytest.mark.parametrize("early", [0, 1])
def test_receipt_counts_before_deliver_by(world: World, early: int) -> None:
    """One second before deliverBy it settles, at deliverBy it is too late (N-7)."""
    terms = _hidden(world)
    world.chain.set_next_time(terms.deliver_by - early)
    if early:
        receipt = world.receipt(terms, world.bob, 500)
        world.market.confirm_hidden_short(receipt, 1000, SALT).send(world.stranger)
        assert purse(world, world.bob) == (FUNDS - terms.price // 2, 0)
    else:
        _fault(world, terms, DeliveryFault.EXPIRED)


def test_revert_given_another_party(world: World) -> None:
    """Buyer and meter are those of the acceptance (N-8)."""
    terms = _hidden(world)
    _fault(world, terms, DeliveryFault.NOT_PARTY, buyer=world.carol.address)
    _fault(world, terms, DeliveryFault.NOT_PARTY, signer=world.meters[world.alice.address].signer)


def test_revert_given_two_different_commitments(world: World) -> None:
    """A receipt in another commitment stays incomparable, whatever is opened (N-5)."""
    terms = _hidden(world)
    receipt = world.receipt(terms, world.bob, Energy.hidden(1000, bytes(32)))
    refused(
        world.market.confirm_hidden_short(receipt, 1000, SALT),
        world.stranger,
        ReceiptRefused,
        world.trade_id(terms),
        DeliveryFault.ENERGY_HIDDEN,
    )


def test_revert_given_forged_receipt(world: World) -> None:
    """A true opening does not make up for a false signature (N-8)."""
    terms = _hidden(world)
    forged = world.receipt(terms, world.bob, 1, meter=Secp256k1Meter(SecretKey.from_int(666)))
    _fault(world, terms, DeliveryFault.BAD_RECEIPT, signature=forged.signature)
    _fault(world, terms, DeliveryFault.BAD_RECEIPT, energy=wh(501))
