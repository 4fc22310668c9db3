"""deliver: lots fulfil a trade of the offer market in place of a meter's receipt (N-3, C-8)."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode

from energy_trading.bindings import offer_market
from energy_trading.bindings.energy_lot import LotsDelivered, NotOwner, NotSeller, SlotBeforeTrade
from energy_trading.bindings.offer_market import DeliveredShort, DeliveryConfirmed, ReceiptRefused
from energy_trading.crypto.merkle import MerkleTree, signer_leaf
from energy_trading.market.lots.lot_owner import LotOwner
from energy_trading.types import Acceptance, Delivery, DeliveryFault, Receipt, ReceiptKey, Terms
from tests.contracts.energy_lot.tools import SLOT_S, minted, minted_for, slot_of
from tests.contracts.offer_market.tools import refused
from tests.world import EURO, FUNDS, World


@pytest.fixture
def lots(world: World):  # type: ignore[no-untyped-def]
    """Bob is registered to be delivered in lots."""
    signer = world.suite.lots.receipt_signer(world.bob.address)
    assert signer == bytes.fromhex(world.suite.lots.address[2:] + world.bob.address[2:])
    world.ledger.register_meter(world.bob.address, signer).send(world.dso)
    return world.suite.lots


def taken(world: World) -> Terms:
    """1 kWh of Alice's for Bob."""
    return world.accepted(world.alice, world.bob)


def test_lots_settle_a_trade(world: World, lots) -> None:
    """The seller is paid and the lots change hands in one transaction (N-3)."""
    terms = taken(world)
    given = [minted_for(world, terms, world.alice, energy) for energy in (400, 600)]
    sent = lots.deliver(terms, world.bob.address, given).send(world.alice)
    told = sent.event(LotsDelivered)
    assert (told.trade_id, told.seller, told.buyer, list(told.lots)) == (
        world.trade_id(terms),
        world.alice.address,
        world.bob.address,
        given,
    )
    assert sent.event(DeliveryConfirmed).trade_id == world.trade_id(terms)
    assert [lots.owner_of(lot) for lot in given] == [world.bob.address] * 2
    assert (world.account(world.alice).available, world.account(world.alice).held) == (FUNDS + EURO // 5, 0)


def test_the_same_energy_is_not_sold_twice(world: World, lots) -> None:
    """A lot that fulfilled a trade, or was exchanged, belongs to another (C-8)."""
    first, second = taken(world), taken(world)
    lot = minted_for(world, first, world.alice)
    lots.deliver(first, world.bob.address, [lot]).send(world.alice)
    call = lots.deliver(second, world.bob.address, [lot])
    refused(call, world.alice, NotOwner, lot, world.alice.address, world.bob.address)


def test_one_lot_named_twice_counts_once(world: World, lots) -> None:
    """The second naming finds the buyer as owner."""
    terms = taken(world)
    lot = minted_for(world, terms, world.alice, 500)
    call = lots.deliver(terms, world.bob.address, [lot, lot])
    refused(call, world.alice, NotOwner, lot, world.alice.address, world.bob.address)


def test_too_little_settles_short(world: World, lots) -> None:
    """Fewer Wh than agreed settle as a short receipt does (N-7 scenario 4)."""
    terms = taken(world)
    lot = minted_for(world, terms, world.alice, 400)
    sent = lots.deliver(terms, world.bob.address, [lot]).send(world.alice)
    short = sent.event(DeliveredShort)
    assert (short.delivered_wh, short.agreed_wh, short.payment) == (400, 1_000, EURO // 5 * 400 // 1_000)
    assert lots.owner_of(lot) == world.bob.address


def test_old_energy_does_not_fulfil_a_new_trade(world: World, lots) -> None:
    """A lot injected a year ago, or in the slot before acceptBy, fulfils no trade for the next hour (N-3)."""
    old = minted(world, world.alice)
    world.pass_time(world.chain.now() + 365 * 86_400)
    terms = taken(world)
    good = minted_for(world, terms, world.alice, 600)
    just_before = minted(world, world.alice, 400, slot_of(terms) - SLOT_S)
    for lot in (old, just_before):
        start = lots.lot_of(lot).slot_start
        for given in ([lot], [good, lot]):
            call = lots.deliver(terms, world.bob.address, given)
            refused(call, world.alice, SlotBeforeTrade, lot, start, terms.accept_by)
    (part, _) = LotOwner(world.suite, world.alice).split(just_before, [399, 1])
    call = lots.deliver(terms, world.bob.address, [part])
    refused(call, world.alice, SlotBeforeTrade, part, slot_of(terms) - SLOT_S, terms.accept_by)
    assert [lots.owner_of(lot) for lot in (old, good)] == [world.alice.address] * 2


def test_slot_that_starts_at_accept_by_counts(world: World, lots) -> None:
    """The trade's time begins with acceptBy, in the very second (N-3)."""
    accept_by = world.chain.now() // SLOT_S * SLOT_S + 2 * SLOT_S
    terms = world.accepted(world.alice, world.bob, accept_by=accept_by, deliver_by=accept_by + 2 * SLOT_S)
    lot = minted_for(world, terms, world.alice)
    assert lots.lot_of(lot).slot_start == accept_by
    sent = lots.deliver(terms, world.bob.address, [lot]).send(world.alice)
    assert sent.event(DeliveryConfirmed).trade_id == world.trade_id(terms)


def test_revert_given_trade_that_does_not_settle(world: World, lots) -> None:
    """Not accepted, of another buyer, with a real meter, or over: no lot moves (N-3)."""
    open_terms = world.make(world.alice)
    metered = world.accepted(world.alice, world.carol)
    terms = taken(world)
    lot = minted_for(world, terms, world.alice)
    call = lots.deliver(open_terms, world.bob.address, [lot])
    refused(call, world.alice, ReceiptRefused, world.trade_id(open_terms), DeliveryFault.NOT_ACCEPTED)
    call = lots.deliver(metered, world.carol.address, [lot])
    refused(call, world.alice, ReceiptRefused, world.trade_id(metered), DeliveryFault.NOT_PARTY)
    call = lots.deliver(terms, world.carol.address, [lot])
    refused(call, world.alice, ReceiptRefused, world.trade_id(terms), DeliveryFault.NOT_PARTY)
    refused(
        lots.deliver(terms, world.bob.address, [lot]),
        world.carol,
        NotSeller,
        world.carol.address,
        world.alice.address,
    )
    world.pass_time(terms.deliver_by)
    call = lots.deliver(terms, world.bob.address, [lot])
    refused(call, world.alice, ReceiptRefused, world.trade_id(terms), DeliveryFault.EXPIRED)
    assert lots.owner_of(lot) == world.alice.address


@pytest.mark.parametrize("signature", [b"", bytes(32), b"\x01" * 64])
def test_revert_given_receipt_without_lots(world: World, lots, signature: bytes) -> None:
    """Outside a delivery this contract signs no receipt, whatever is shown to it (N-8)."""
    terms = taken(world)
    signer = lots.receipt_signer(world.bob.address)
    forged = Delivery(terms, world.bob.address, signer, terms.energy, signature)
    call = world.market.confirm_delivery(forged)
    refused(call, world.alice, ReceiptRefused, world.trade_id(terms), DeliveryFault.BAD_RECEIPT)


def test_revert_given_receipt_with_the_trade_id_as_signature(world: World, lots) -> None:
    """What signs an acceptance signs no receipt (N-8)."""
    terms = taken(world)
    signer = lots.receipt_signer(world.bob.address)
    forged = Delivery(terms, world.bob.address, signer, terms.energy, world.trade_id(terms))
    call = world.market.confirm_delivery(forged)
    refused(call, world.alice, ReceiptRefused, world.trade_id(terms), DeliveryFault.BAD_RECEIPT)


def test_buyer_with_a_meter_names_lots_for_one_trade(world: World) -> None:
    """The signer may stand in the epoch's root: chosen at acceptance, beside the real meter (N-6)."""
    lots = world.suite.lots
    signer = lots.receipt_signer(world.bob.address)
    tree = MerkleTree([signer_leaf(signer), signer_leaf(b"\x01" * 20)])
    epoch = world.chain.now() // 86_400
    world.ledger.publish_key_root(epoch, tree.root, bytes(32)).send(world.dso)
    terms = world.make(world.alice)
    key = ReceiptKey(signer, epoch, tree.proof(0), world.trade_id(terms))
    call = world.market.accept_offer_privately(terms, key)
    refused(call, world.carol, offer_market.BadSignature, signer)  # Bob's signer serves Bob only
    call.send(world.bob)
    lot = minted_for(world, terms, world.alice)
    sent = lots.deliver(terms, world.bob.address, [lot]).send(world.alice)
    assert sent.event(DeliveryConfirmed).trade_id == world.trade_id(terms)
    assert lots.owner_of(lot) == world.bob.address


def test_verify_answers_for_this_market_only(world: World) -> None:
    """The digest must be of this offer market's domain, and the key 20 bytes (ERC-7913)."""
    lots, market = world.suite.lots, world.suite.market_domain
    trade, bob = b"\x07" * 32, world.bob.address
    key, sig = bytes.fromhex(bob[2:]), encode(["bytes32"], [trade])
    right = market.digest(Acceptance(trade, bob))
    magic, invalid = bytes.fromhex("024ad318"), b"\xff" * 4
    assert lots.verify(key, right, sig) == magic
    assert lots.verify(key + b"\x00", right, sig) == invalid
    assert lots.verify(key[:19], right, sig) == invalid
    assert lots.verify(bytes(20), right, sig) == invalid
    assert lots.verify(key, world.suite.lots_domain.digest(Acceptance(trade, bob)), sig) == invalid
    assert lots.verify(key, market.digest(Receipt(trade, trade)), sig) == invalid
    assert lots.verify(key, right, b"") == invalid
