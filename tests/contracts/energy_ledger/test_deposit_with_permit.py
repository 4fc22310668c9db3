"""depositWithPermit: a signature in place of an allowance (ERC-2612)."""

from __future__ import annotations

from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from energy_trading.bindings import Call
from energy_trading.bindings.contract import TransferFromFailed
from energy_trading.bindings.energy_ledger import (
    Deposited,
    NoPermit,
    NotOpen,
    TooMuch,
    ZeroAmount,
)
from energy_trading.crypto.keys import SecretKey
from energy_trading.types import MAX_UNITS
from tests.contracts.energy_ledger.conftest import PEOPLE, TOKEN_UNIT
from tests.contracts.energy_ledger.tools import TokenWorld
from tests.contracts.offer_market.tools import purse, refused, told
from tests.world import World

PERMIT = "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"


def permit(
    found: TokenWorld,
    key: SecretKey,
    units: int,
    deadline: int | None = None,
    signer: SecretKey | None = None,
    unit: int = TOKEN_UNIT,
) -> tuple[int, int, bytes, bytes]:
    """ERC-2612 permit of a key for the ledger: (deadline, v, r, s)."""
    token, ledger = found.token, found.world.ledger
    deadline = found.world.chain.now() + 1_000 if deadline is None else deadline
    nonce = token.ask("nonces(address)", "uint256", key.address)
    message = [keccak(text=PERMIT), key.address, ledger.address, units * unit, nonce, deadline]
    types = ["bytes32", "address", "address", "uint256", "uint256", "uint256"]
    separator = token.ask("DOMAIN_SEPARATOR()", "bytes32")
    digest = keccak(b"\x19\x01" + separator + keccak(encode(types, message)))
    signature = (signer or key).sign_digest(digest)
    return deadline, signature[64], signature[:32], signature[32:64]


def deposit(found: TokenWorld, units: int, signed: tuple[int, int, bytes, bytes]) -> Call[Any]:
    return found.world.ledger.deposit_with_permit(units, *signed)


def minted(found: TokenWorld, units: int = 10) -> World:
    """Alice has tokens and no allowance."""
    world = found.world
    found.token.do("mint(address,uint256)", world.alice.address, units * TOKEN_UNIT).send(world.alice)
    return world


def allowance(found: TokenWorld) -> int:
    world = found.world
    signature = "allowance(address,address)"
    return int(found.token.ask(signature, "uint256", world.alice.address, world.ledger.address))


def test_permit_brings_the_amount(permitting: TokenWorld) -> None:
    """One transaction, no allowance before or after."""
    world = minted(permitting)
    sent = deposit(permitting, 10, permit(permitting, world.alice, 10)).send(world.alice)
    assert told(world.ledger, sent) == [(Deposited, world.alice.address, world.alice.address, 10)]
    assert purse(world, world.alice) == (PEOPLE + 10, 0)
    assert (permitting.balance(world.alice.address), allowance(permitting)) == (0, 0)


def test_front_run_permit_does_no_harm(permitting: TokenWorld) -> None:
    """Who uses the permit first only gives the allowance: the deposit goes on."""
    world = minted(permitting)
    signed = permit(permitting, world.alice, 10)
    permitting.token.do(
        "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
        world.alice.address,
        world.ledger.address,
        10 * TOKEN_UNIT,
        *signed,
    ).send(world.stranger)
    deposit(permitting, 10, signed).send(world.alice)
    assert purse(world, world.alice) == (PEOPLE + 10, 0)


def test_revert_given_permit_used(permitting: TokenWorld) -> None:
    """A permit pays once."""
    world = minted(permitting, 20)
    signed = permit(permitting, world.alice, 10)
    deposit(permitting, 10, signed).send(world.alice)
    refused(deposit(permitting, 10, signed), world.alice, TransferFromFailed)


def test_revert_given_permit_expired(permitting: TokenWorld) -> None:
    """A permit past its deadline gives nothing, so nothing can be drawn."""
    world = minted(permitting)
    call = deposit(permitting, 10, permit(permitting, world.alice, 10, world.chain.now() + 5))
    world.chain.set_next_time(world.chain.now() + 6)
    refused(call, world.alice, TransferFromFailed)


def test_expired_permit_and_an_allowance(permitting: TokenWorld) -> None:
    """Where an allowance is, the permit does not matter."""
    world = minted(permitting)
    permitting.token.do("approve(address,uint256)", world.ledger.address, 10 * TOKEN_UNIT).send(world.alice)
    deposit(permitting, 10, (0, 27, bytes(32), bytes(32))).send(world.alice)
    assert purse(world, world.alice) == (PEOPLE + 10, 0)


def test_revert_when_permit_is_of_somebody_else(permitting: TokenWorld) -> None:
    """Bob cannot deposit what Alice permitted; her permit stays good for her."""
    world = minted(permitting)
    signed = permit(permitting, world.alice, 10)
    refused(deposit(permitting, 10, signed), world.bob, TransferFromFailed)
    forged = permit(permitting, world.alice, 10, signer=world.bob)
    refused(deposit(permitting, 10, forged), world.alice, TransferFromFailed)
    deposit(permitting, 10, signed).send(world.alice)


def test_revert_when_permit_is_for_another_amount(permitting: TokenWorld) -> None:
    """The amount is under the permit's signature."""
    world = minted(permitting)
    signed = permit(permitting, world.alice, 9)
    refused(deposit(permitting, 10, signed), world.alice, TransferFromFailed)


def test_revert_when_amount_or_account_is_wrong(permitting: TokenWorld) -> None:
    """The checks of `deposit` hold here too."""
    world = minted(permitting)
    refused(deposit(permitting, 0, permit(permitting, world.alice, 0)), world.alice, ZeroAmount)
    for over in (MAX_UNITS + 1, 2**256 - 1):
        call = deposit(permitting, over, permit(permitting, world.alice, 1))
        refused(call, world.alice, TooMuch, over, MAX_UNITS)
    permitting.token.do("mint(address,uint256)", world.carol.address, TOKEN_UNIT).send(world.carol)
    call = deposit(permitting, 1, permit(permitting, world.carol, 1))
    refused(call, world.carol, NotOpen, world.carol.address)


def test_revert_when_ledger_settles_in_coin(world: World) -> None:
    """The native coin knows no permits."""
    call = world.ledger.deposit_with_permit(1, 2**40, 27, bytes(32), bytes(32))
    refused(call, world.alice, NoPermit)


def test_token_without_permit_needs_an_allowance(hostile: TokenWorld) -> None:
    """A token that never heard of ERC-2612 works as with `deposit`."""
    world = hostile.world
    hostile.give(world.alice, 10)
    deposit(hostile, 10, (2**40, 27, bytes(32), bytes(32))).send(world.alice)
    assert purse(world, world.alice) == (PEOPLE + 10, 0)
