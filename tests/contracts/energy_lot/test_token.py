"""A lot is an ordinary ERC-721 token with ERC-4494 permits (C-4, C-7)."""

from __future__ import annotations

import base64
import json

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from energy_trading.bindings import energy_lot
from energy_trading.bindings.energy_lot import (
    Approval,
    ApprovalForAll,
    BalanceQueryForZeroAddress,
    NoCoin,
    NotOwnerNorApproved,
    TokenDoesNotExist,
    Transfer,
    TransferFromIncorrectOwner,
    TransferToNonERC721ReceiverImplementer,
    TransferToZeroAddress,
)
from tests.contracts.energy_ledger.tools import TestContract, deployed
from tests.contracts.energy_lot.tools import (
    NOBODY,
    SLOT,
    SLOT_S,
    approval,
    exchange,
    minted,
    other_domains,
)
from tests.contracts.offer_market.tools import compiled, refused, told
from tests.world import World

ACCEPT, REFUSE, REENTER = range(3)


def receiver(world: World, welcome: int, target: str = NOBODY, data: bytes = b"") -> TestContract:
    contract = deployed(world.chain, world.stranger, "LotReceiver")
    contract.do("prepare(uint8,address,bytes)", welcome, target, data).send(world.stranger)
    return contract


def test_interfaces_are_announced(world: World) -> None:
    """ERC-165, ERC-721, its metadata, ERC-4494, ERC-5267; 0xffffffff never."""
    ids = ["01ffc9a7", "80ac58cd", "5b5e139f", "5604e225", "84b0196e", "ffffffff", "150b7a02"]
    answers = [world.suite.lots.supports_interface(bytes.fromhex(i)) for i in ids]
    assert answers == [True, True, True, True, True, False, False]


def test_metadata_is_built_on_chain(world: World) -> None:
    """Name, symbol and a JSON document with energy and slot; no server is needed."""
    lots = world.suite.lots
    assert (lots.name_(), lots.symbol()) == ("EnergyLot", "LOT")
    kind, _, body = lots.token_uri(minted(world, world.alice, 1_234)).partition(",")
    assert kind == "data:application/json;base64"
    assert json.loads(base64.b64decode(body)) == {
        "name": "1234 Wh",
        "description": "Energy injected into the grid, certified by the DSO",
        "attributes": [
            {"trait_type": "energyWh", "value": 1234},
            {"display_type": "date", "trait_type": "slotStart", "value": SLOT},
            {"trait_type": "slotSeconds", "value": SLOT_S},
        ],
    }


def test_owner_transfers(world: World) -> None:
    """The owner gives a lot away; balances and nonce follow."""
    lots, alice, bob = world.suite.lots, world.alice.address, world.bob.address
    lot = minted(world, world.alice)
    sent = lots.transfer_from(alice, bob, lot).send(world.alice)
    assert told(lots, sent) == [(Transfer, alice, bob, lot)]
    assert (lots.owner_of(lot), lots.balance_of(alice), lots.balance_of(bob)) == (bob, 0, 1)
    assert lots.nonces(lot) == 1


def test_approved_account_transfers_once(world: World) -> None:
    """An approval is for one lot and ends with the transfer."""
    lots, alice, bob = world.suite.lots, world.alice.address, world.bob.address
    lot = minted(world, world.alice)
    refused(lots.approve(bob, lot), world.bob, NotOwnerNorApproved)
    assert told(lots, lots.approve(bob, lot).send(world.alice)) == [(Approval, alice, bob, lot)]
    assert lots.get_approved(lot) == bob
    lots.transfer_from(alice, world.carol.address, lot).send(world.bob)
    assert lots.get_approved(lot) == NOBODY
    refused(lots.transfer_from(world.carol.address, bob, lot), world.bob, NotOwnerNorApproved)


def test_exchange_ends_approvals(world: World) -> None:
    """Whoever the seller approved cannot take the lot from the buyer (C-8)."""
    lots, carol = world.suite.lots, world.carol.address
    lot = minted(world, world.alice)
    lots.approve(carol, lot).send(world.alice)
    exchange(world, lot, world.alice, world.bob).send(world.stranger)
    refused(lots.transfer_from(world.bob.address, carol, lot), world.carol, NotOwnerNorApproved)


def test_operator_transfers_all(world: World) -> None:
    """An operator acts for every lot of an owner until it is dismissed."""
    lots, alice, bob = world.suite.lots, world.alice.address, world.bob.address
    first, second = minted(world, world.alice), minted(world, world.alice, 5)
    sent = lots.set_approval_for_all(bob, True).send(world.alice)
    assert told(lots, sent) == [(ApprovalForAll, alice, bob, True)]
    assert lots.is_approved_for_all(alice, bob)
    lots.transfer_from(alice, bob, first).send(world.bob)
    lots.set_approval_for_all(bob, False).send(world.alice)
    refused(lots.transfer_from(alice, bob, second), world.bob, NotOwnerNorApproved)


def test_revert_given_wrong_owner_recipient_or_lot(world: World) -> None:
    """The four refusals that ERC-721 names."""
    lots, alice, bob = world.suite.lots, world.alice.address, world.bob.address
    lot = minted(world, world.alice)
    refused(lots.transfer_from(bob, alice, lot), world.alice, TransferFromIncorrectOwner)
    refused(lots.transfer_from(alice, NOBODY, lot), world.alice, TransferToZeroAddress)
    refused(lots.transfer_from(alice, bob, 5), world.alice, TokenDoesNotExist)
    with pytest.raises(TokenDoesNotExist):
        lots.owner_of(5)
    with pytest.raises(TokenDoesNotExist):
        lots.get_approved(5)
    with pytest.raises(TokenDoesNotExist):
        lots.token_uri(5)
    with pytest.raises(BalanceQueryForZeroAddress):
        lots.balance_of(NOBODY)


def test_safe_transfer_asks_a_contract(world: World) -> None:
    """A contract hears who sent which lot with which data; one that refuses, or cannot hear, gets nothing."""
    lots, alice = world.suite.lots, world.alice.address
    lot = minted(world, world.alice)
    willing = receiver(world, ACCEPT)
    for target in (receiver(world, REFUSE).address, world.ledger.address):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - the ledger answers without data
            lots.safe_transfer_from(alice, target, lot).send(world.alice)
        if target != world.ledger.address:
            assert caught.type is TransferToNonERC721ReceiverImplementer
    assert lots.owner_of(lot) == alice
    lots.safe_transfer_from_with_data(alice, willing.address, lot, b"hello").send(world.alice)
    heard = encode(["address", "address", "uint256", "bytes"], [alice, alice, lot, b"hello"])
    assert willing.ask("received()", "bytes32") == keccak(heard)
    other = minted(world, world.alice, 5)
    lots.safe_transfer_from(alice, world.bob.address, other).send(world.alice)  # no contract: not asked
    assert lots.owner_of(other) == world.bob.address


def test_reentrance_on_receive_finds_the_transfer_done(world: World) -> None:
    """A receiver that calls back acts as the owner it already is, and only once."""
    lots, alice = world.suite.lots, world.alice.address
    lot = minted(world, world.alice)
    thief = deployed(world.chain, world.stranger, "LotReceiver")
    back = lots.transfer_from(alice, world.carol.address, lot).data  # Alice is no longer the owner
    thief.do("prepare(uint8,address,bytes)", REENTER, lots.address, back).send(world.stranger)
    lots.safe_transfer_from(alice, thief.address, lot).send(world.alice)
    assert not thief.ask("succeeded()", "bool")
    assert (lots.owner_of(lot), lots.balance_of(thief.address), lots.balance_of(alice)) == (
        thief.address,
        1,
        0,
    )
    second = minted(world, world.alice, 5)
    onward = lots.transfer_from(thief.address, world.carol.address, second).data
    thief.do("prepare(uint8,address,bytes)", REENTER, lots.address, onward).send(world.stranger)
    lots.safe_transfer_from(alice, thief.address, second).send(world.alice)
    assert thief.ask("succeeded()", "bool")
    assert (lots.owner_of(second), lots.balance_of(thief.address)) == (world.carol.address, 1)
    assert lots.nonces(second) == 2


def test_revert_given_coin(world: World) -> None:
    """A coin sent along with a token function would be lost."""
    lots, alice, bob = world.suite.lots, world.alice.address, world.bob.address
    lot = minted(world, world.alice)
    deadline = world.chain.now() + 100
    signature = approval(world, lot, world.alice, bob, deadline)
    for call in (
        lots.transfer_from(alice, bob, lot, value=3),
        lots.safe_transfer_from(alice, bob, lot, value=3),
        lots.safe_transfer_from_with_data(alice, bob, lot, b"", value=3),
        lots.approve(bob, lot, value=3),
        lots.permit(bob, lot, deadline, signature, value=3),
    ):
        refused(call, world.alice, NoCoin, 3)


def test_permit_approves(world: World) -> None:
    """ERC-4494: anyone brings the owner's signature, the spender may transfer."""
    lots, alice, bob = world.suite.lots, world.alice.address, world.bob.address
    assert lots.domain_separator() == world.suite.lots_domain.separator()
    lot = minted(world, world.alice)
    deadline = world.chain.now() + 100
    call = lots.permit(bob, lot, deadline, approval(world, lot, world.alice, bob, deadline))
    assert told(lots, call.send(world.stranger)) == [(Approval, alice, bob, lot)]
    lots.transfer_from(alice, bob, lot).send(world.bob)
    refused(call, world.stranger, energy_lot.BadSignature, bob)  # the owner is another now


def test_front_run_permit_does_no_harm(world: World) -> None:
    """Whoever sends a permit first does what the owner wanted; the owner's own sending still goes through."""
    lots, bob = world.suite.lots, world.bob.address
    lot = minted(world, world.alice)
    deadline = world.chain.now() + 100
    call = lots.permit(bob, lot, deadline, approval(world, lot, world.alice, bob, deadline))
    call.send(world.carol)
    call.send(world.bob)
    assert lots.get_approved(lot) == bob


def test_revert_given_permit_that_is_over_or_not_the_owners(world: World) -> None:
    """Expired, cancelled, by another, for another chain or contract, and dead after a transfer (C-7)."""
    lots, alice, bob = world.suite.lots, world.alice.address, world.bob.address
    lot = minted(world, world.alice)
    deadline = world.chain.now() + 50
    signed = lots.permit(bob, lot, deadline, approval(world, lot, world.alice, bob, deadline))
    by_carol = lots.permit(bob, lot, deadline, approval(world, lot, world.carol, bob, deadline))
    refused(by_carol, world.stranger, energy_lot.BadSignature, alice)
    for domain in other_domains(world):
        call = lots.permit(bob, lot, deadline, approval(world, lot, world.alice, bob, deadline, domain))
        refused(call, world.stranger, energy_lot.BadSignature, alice)
    lots.cancel_permits(lot).send(world.alice)
    refused(signed, world.stranger, energy_lot.BadSignature, alice)
    fresh = lots.permit(bob, lot, deadline, approval(world, lot, world.alice, bob, deadline))
    world.chain.set_next_time(deadline)
    fresh.send(world.stranger)  # ERC-4494 counts the deadline itself
    world.chain.set_next_time(deadline + 1)
    refused(fresh, world.stranger, energy_lot.Expired, deadline + 1, deadline)
    refused(lots.permit(bob, 5, 2**40, b""), world.stranger, TokenDoesNotExist)


def test_contract_owner_permits(world: World) -> None:
    """ERC-1271 owners permit too."""
    lots = world.suite.lots
    code = compiled("ContractAccount").bytecode + encode(["address"], [world.alice.address])
    account, _ = world.chain.deploy(code, world.stranger)
    lot = minted(world, world.alice)
    lots.transfer_from(world.alice.address, account, lot).send(world.alice)
    deadline = world.chain.now() + 100
    signature = approval(world, lot, world.alice, world.bob.address, deadline)
    lots.permit(world.bob.address, lot, deadline, signature).send(world.stranger)
    assert lots.get_approved(lot) == world.bob.address
