"""openAccount: PKG's word, carried by anyone, opens an account once (C-2, X-4)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_abi.abi import encode

from energy_trading.bindings.energy_ledger import (
    AccountOpened,
    AlreadyOpen,
    AttestationExpired,
    BadAttestation,
    BadRoles,
    ZeroAddress,
)
from energy_trading.bindings.suite import DEFAULT_CREDIT
from energy_trading.crypto._signatures import compact
from energy_trading.crypto.keys import SecretKey
from energy_trading.types import ZERO_ADDRESS, AccountView
from tests.contracts.offer_market.tools import compiled, refused, told
from tests.world import FUNDS, World

FLOOR = DEFAULT_CREDIT.floor_e9
NEW = SecretKey.from_int(77).address


def fresh(roles: int, available: int = 0) -> AccountView:
    return AccountView(roles, True, False, available, 0, FLOOR, FLOOR, 0, 0, 0, 0)


@pytest.mark.parametrize("roles", [1, 2, 3])
def test_account_opens_with_lowest_credit(world: World, roles: int) -> None:
    """A new account has its roles, no funds and the lowest credit, and the log has α (C-2, X-1)."""
    attestation, signature = world.attest(NEW, roles)
    sent = world.ledger.open_account(attestation, signature).send(world.stranger)
    assert told(world.ledger, sent) == [
        (AccountOpened, NEW, roles, attestation.certificate_hash, attestation.identity_ciphertext)
    ]
    assert world.account(NEW) == fresh(roles)


def test_compact_signature_counts(world: World) -> None:
    """PKG may sign in 64 bytes (EIP-2098)."""
    attestation, signature = world.attest(NEW)
    world.ledger.open_account(attestation, compact(signature)).send(world.stranger)
    assert world.account(NEW).open


def test_treasury_keeps_its_funds_when_it_opens(world: World) -> None:
    """The treasury may become an account; what it earned stays (N-4)."""
    terms = world.make(world.alice)
    world.market.give_up(terms).send(world.alice)
    earned = world.account(world.treasury).available
    assert earned > 0
    world.ledger.open_account(*world.attest(world.treasury.address)).send(world.stranger)
    assert world.account(world.treasury) == fresh(3, earned)


@pytest.mark.parametrize("late", [0, 1, 10**9])
def test_revert_given_deadline_reached(world: World, late: int) -> None:
    """The attestation is void from its deadline on (half open)."""
    deadline = world.chain.now() + 100
    call = world.ledger.open_account(*world.attest(NEW, deadline=deadline))
    world.chain.set_next_time(deadline + late)
    refused(call, world.stranger, AttestationExpired, deadline + late, deadline)


def test_last_second_counts(world: World) -> None:
    """One second before the deadline it is valid."""
    deadline = world.chain.now() + 100
    call = world.ledger.open_account(*world.attest(NEW, deadline=deadline))
    world.chain.set_next_time(deadline - 1)
    call.send(world.stranger)
    assert world.account(NEW).open


@pytest.mark.parametrize("roles", [0, 4, 7, 2**256 - 1])
def test_revert_when_roles_are_unknown(world: World, roles: int) -> None:
    """Even PKG cannot give other roles than producer and consumer (X-4)."""
    refused(world.ledger.open_account(*world.attest(NEW, roles)), world.stranger, BadRoles, roles, 3)


@pytest.mark.parametrize("who", ["nobody", "ledger"])
def test_revert_when_account_cannot_be(world: World, who: str) -> None:
    """The zero address and the ledger itself are no accounts."""
    account = ZERO_ADDRESS if who == "nobody" else world.ledger.address
    refused(world.ledger.open_account(*world.attest(account)), world.stranger, ZeroAddress, "account")


def test_revert_given_account_open(world: World) -> None:
    """An attestation works once, and another does not open the account again (C-2)."""
    first = world.ledger.open_account(*world.attest(NEW))
    first.send(world.stranger)
    refused(first, world.stranger, AlreadyOpen, NEW)
    second = world.ledger.open_account(*world.attest(NEW, 1, certificate_hash=b"\x02" * 32))
    refused(second, world.stranger, AlreadyOpen, NEW)
    refused(
        world.ledger.open_account(*world.attest(world.alice.address)),
        world.alice,
        AlreadyOpen,
        world.alice.address,
    )
    assert world.account(world.alice).available == FUNDS


def test_revert_when_account_tries_to_lose_its_suspension(world: World) -> None:
    """Opening again is no way out of a suspension (C-10)."""
    world.ledger.suspend([world.alice.address]).send(world.dso)
    call = world.ledger.open_account(*world.attest(world.alice.address))
    refused(call, world.stranger, AlreadyOpen, world.alice.address)


@pytest.mark.parametrize("who", ["alice", "dso", "stranger"])
def test_revert_when_signer_is_not_pkg(world: World, who: str) -> None:
    """Only PKG attests; not even the DSO can (C-2, C-10)."""
    call = world.ledger.open_account(*world.attest(NEW, signer=getattr(world, who)))
    refused(call, world.stranger, BadAttestation, NEW, world.pkg.address)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "OfferMarket"},
        {"chain_id": 1},
        {"verifying_contract": NEW},
    ],
    ids=["other name", "other chain", "other contract"],
)
def test_revert_when_attestation_is_for_elsewhere(world: World, changes: dict) -> None:
    """An attestation counts on one chain and in one ledger (C-8's replay, EIP-712)."""
    domain = replace(world.suite.ledger_domain, **changes)
    call = world.ledger.open_account(*world.attest(NEW, domain=domain))
    refused(call, world.stranger, BadAttestation, NEW, world.pkg.address)


@pytest.mark.parametrize(
    "changes",
    [
        {"account": "0x" + "22" * 20},
        {"roles": 1},
        {"certificate_hash": b"\x01" * 32},
        {"identity_ciphertext": b"\xa1" * 63},
        {"deadline": 2**40},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_revert_when_a_field_is_tampered(world: World, changes: dict) -> None:
    """Every field is under the signature (C-2)."""
    attestation, signature = world.attest(NEW)
    forged = replace(attestation, **changes)
    call = world.ledger.open_account(forged, signature)
    refused(call, world.stranger, BadAttestation, forged.account, world.pkg.address)


@pytest.mark.parametrize("signature", [b"", b"\x00" * 65, b"\x01" * 64, b"\x01" * 66])
def test_revert_when_signature_is_malformed(world: World, signature: bytes) -> None:
    """No signature, no account: empty, zero, wrong length."""
    call = world.ledger.open_account(world.attest(NEW)[0], signature)
    refused(call, world.stranger, BadAttestation, NEW, world.pkg.address)


def test_contract_can_be_pkg(world: World) -> None:
    """PKG may be a contract (ERC-1271): a council, a multisig."""
    code = compiled("ContractAccount").bytecode + encode(["address"], [world.alice.address])
    council = world.chain.deploy(code, world.stranger)[0]
    world.ledger.set_pkg(council).send(world.dso)
    refused(world.ledger.open_account(*world.attest(NEW)), world.stranger, BadAttestation, NEW, council)
    world.ledger.open_account(*world.attest(NEW, signer=world.alice)).send(world.stranger)
    assert world.account(NEW).open


def test_revert_given_pkg_rotated(world: World) -> None:
    """A new key voids what the old one signed (C-1)."""
    old = world.ledger.open_account(*world.attest(NEW))
    world.ledger.set_pkg(world.carol.address).send(world.dso)
    refused(old, world.stranger, BadAttestation, NEW, world.carol.address)
    world.ledger.open_account(*world.attest(NEW, signer=world.carol)).send(world.stranger)
    assert world.account(NEW).open
