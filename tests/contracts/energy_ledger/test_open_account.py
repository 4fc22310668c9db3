"""openAccount: PKG's attestation and the account's consent open it once, whoever submits (C-2, X-4)."""

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
    IsTreasury,
    NoConsent,
    ZeroAddress,
)
from energy_trading.bindings.suite import DEFAULT_CREDIT
from energy_trading.crypto._signatures import compact
from energy_trading.crypto.keys import SecretKey
from energy_trading.types import ZERO_ADDRESS, AccountView
from tests.contracts.energy_ledger.tools import TestContract, deployed, open_as_itself
from tests.contracts.offer_market.tools import Answer, compiled, hostile_signer, refused, told
from tests.world import FUNDS, World

FLOOR = DEFAULT_CREDIT.floor_e9
PERSON = SecretKey.from_int(77)
NEW = PERSON.address


def fresh(roles: int, available: int = 0) -> AccountView:
    return AccountView(roles, True, False, available, 0, FLOOR, FLOOR, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize("roles", [1, 2, 3])
def test_account_opens_with_lowest_credit(world: World, roles: int) -> None:
    """A new account has its roles, no funds and the lowest credit, and the log has α (C-2, X-1)."""
    attestation, signature, consent = world.attest(PERSON, roles)
    sent = world.ledger.open_account(attestation, signature, consent).send(world.stranger)
    assert told(world.ledger, sent) == [
        (AccountOpened, NEW, roles, attestation.certificate_hash, attestation.identity_ciphertext)
    ]
    assert world.account(NEW) == fresh(roles)


def test_compact_signature_counts(world: World) -> None:
    """PKG may sign in 64 bytes (EIP-2098)."""
    attestation, signature, consent = world.attest(PERSON)
    world.ledger.open_account(attestation, compact(signature), compact(consent)).send(world.stranger)
    assert world.account(NEW).open


def test_revert_when_the_treasury_would_trade(world: World) -> None:
    """Cuts and fees of its own trades would come back to it, so it risks nothing: it gets no role (N-4, X-4).

    What it earned stays its own, and it can withdraw that.
    """
    world.market.give_up(world.make(world.alice)).send(world.alice)
    before = world.account(world.treasury)
    assert before.available > 0
    for roles in (1, 2, 3):
        call = world.ledger.open_account(*world.attest(world.treasury, roles))
        for sender in (world.treasury, world.stranger):
            refused(call, sender, IsTreasury, world.treasury.address)
    assert world.account(world.treasury) == before
    world.ledger.withdraw(world.stranger.address, before.available).send(world.treasury)
    assert world.account(world.treasury).available == 0


# ---------------------------------------------------------------- consent


def test_account_that_submits_need_not_sign(world: World) -> None:
    """The sender consents by sending; whatever stands in place of its signature is not looked at (C-2)."""
    attestation, signature, _ = world.attest(world.stranger, 1)
    for instead in (b"", b"\x00" * 65):
        snapshot = world.chain.snapshot()
        world.ledger.open_account(attestation, signature, instead).send(world.stranger)
        assert world.account(world.stranger) == fresh(1)
        world.chain.revert(snapshot)


@pytest.mark.parametrize("who", ["pkg", "dso", "alice", "stranger"])
def test_revert_when_the_account_has_not_consented(world: World, who: str) -> None:
    """PKG cannot open somebody's address with roles of its choice, whoever submits; the person then opens it
    with its own (C-2).
    """
    sender = getattr(world, who)
    attestation, signature, _ = world.attest(PERSON, 1)
    for forged in (b"", b"\x00" * 65, sender.sign_digest(world.suite.ledger_domain.digest(attestation))):
        refused(world.ledger.open_account(attestation, signature, forged), sender, NoConsent, NEW)
    assert not world.account(NEW).open
    world.ledger.open_account(*world.attest(PERSON, 3)).send(sender)
    assert world.account(NEW) == fresh(3)


def test_front_runner_opens_what_the_account_wanted(world: World) -> None:
    """Whoever copies the call from the mempool opens the very account that was meant (C-2)."""
    attestation, signature, consent = world.attest(PERSON, 2)
    other = world.attest(PERSON, 3)
    refused(world.ledger.open_account(*other[:2], consent), world.alice, NoConsent, NEW)
    call = world.ledger.open_account(attestation, signature, consent)
    call.send(world.alice)
    assert world.account(NEW) == fresh(2)
    refused(call, world.stranger, AlreadyOpen, NEW)


@pytest.mark.parametrize(
    "changes",
    [{"name": "OfferMarket"}, {"chain_id": 1}, {"verifying_contract": NEW}],
    ids=["other name", "other chain", "other contract"],
)
def test_revert_when_the_consent_is_for_elsewhere(world: World, changes: dict) -> None:
    """A consent counts on one chain and in one ledger, even if PKG attests there, too (EIP-712)."""
    attestation, signature, _ = world.attest(PERSON)
    elsewhere = replace(world.suite.ledger_domain, **changes).digest(attestation)
    call = world.ledger.open_account(attestation, signature, PERSON.sign_digest(elsewhere))
    refused(call, world.stranger, NoConsent, NEW)


def test_revert_when_the_consent_has_expired(world: World) -> None:
    """A consent does not outlive its attestation: it does not cover another deadline (C-2)."""
    attestation, signature, consent = world.attest(PERSON)
    later = world.attest(PERSON, deadline=attestation.deadline + 3600)
    world.chain.set_next_time(attestation.deadline)
    call = world.ledger.open_account(attestation, signature, consent)
    refused(call, world.stranger, AttestationExpired, attestation.deadline, attestation.deadline)
    refused(world.ledger.open_account(*later[:2], consent), world.stranger, NoConsent, NEW)


def test_contract_account_consents_by_its_code(world: World) -> None:
    """ERC-1271: its owner signs for it, or it sends the call itself; nobody else can (C-2)."""
    code = compiled("ContractAccount").bytecode + encode(["address"], [world.carol.address])
    account = world.chain.deploy(code, world.stranger)[0]
    for forger in (world.alice, PERSON):
        call = world.ledger.open_account(*world.attest(account, consent=forger))
        refused(call, world.stranger, NoConsent, account)
    snapshot = world.chain.snapshot()
    world.ledger.open_account(*world.attest(account, consent=world.carol)).send(world.stranger)
    assert world.account(account) == fresh(3)
    world.chain.revert(snapshot)
    call = world.ledger.open_account(*world.attest(account))
    refused(call, world.carol, NoConsent, account)  # its owner is not the account
    TestContract(world.chain, account).do("act(address,bytes)", call.to, call.data).send(world.carol)
    assert world.account(account) == fresh(3)


@pytest.mark.parametrize("answer", [a for a in Answer if a not in (Answer.RIGHT, Answer.HUGE)])
def test_revert_when_a_contract_does_not_say_yes(world: World, answer: Answer) -> None:
    """Only the whole magic word of a call that went well is a consent; asking writes nothing (ERC-1271)."""
    overdue = world.make(world.alice)
    world.chain.set_next_time(overdue.accept_by)
    inner = world.market.expire(overdue, ZERO_ADDRESS, bytes(32))
    account = hostile_signer(world, answer, inner.to, inner.data)
    call = world.ledger.open_account(*world.attest(account, consent=world.alice))
    refused(call, world.stranger, NoConsent, account)


def test_contract_without_code_for_signatures_cannot_be_opened_by_others(world: World) -> None:
    """A contract that knows no ERC-1271 opens only by its own call; a hostile one cannot be made to (C-2)."""
    receiver = deployed(world.chain, world.stranger, "HostileReceiver")
    call = world.ledger.open_account(*world.attest(receiver.address, consent=world.alice))
    refused(call, world.alice, NoConsent, receiver.address)
    open_as_itself(world, receiver)
    assert world.account(receiver.address).open


@pytest.mark.parametrize("late", [0, 1, 10**9])
def test_revert_given_deadline_reached(world: World, late: int) -> None:
    """The attestation is void from its deadline on (half open)."""
    deadline = world.chain.now() + 100
    call = world.ledger.open_account(*world.attest(PERSON, deadline=deadline))
    world.chain.set_next_time(deadline + late)
    refused(call, world.stranger, AttestationExpired, deadline + late, deadline)


def test_last_second_counts(world: World) -> None:
    """One second before the deadline it is valid."""
    deadline = world.chain.now() + 100
    call = world.ledger.open_account(*world.attest(PERSON, deadline=deadline))
    world.chain.set_next_time(deadline - 1)
    call.send(world.stranger)
    assert world.account(NEW).open


@pytest.mark.parametrize("roles", [0, 4, 7, 2**256 - 1])
def test_revert_when_roles_are_unknown(world: World, roles: int) -> None:
    """Even PKG cannot give other roles than producer and consumer (X-4)."""
    refused(world.ledger.open_account(*world.attest(PERSON, roles)), world.stranger, BadRoles, roles, 3)


@pytest.mark.parametrize("who", ["nobody", "ledger"])
def test_revert_when_account_cannot_be(world: World, who: str) -> None:
    """The zero address and the ledger itself are no accounts."""
    account = ZERO_ADDRESS if who == "nobody" else world.ledger.address
    refused(world.ledger.open_account(*world.attest(account)), world.stranger, ZeroAddress, "account")


def test_revert_given_account_open(world: World) -> None:
    """An attestation works once, and another does not open the account again (C-2)."""
    first = world.ledger.open_account(*world.attest(PERSON))
    first.send(world.stranger)
    refused(first, world.stranger, AlreadyOpen, NEW)
    second = world.ledger.open_account(*world.attest(PERSON, 1, certificate_hash=b"\x02" * 32))
    refused(second, world.stranger, AlreadyOpen, NEW)
    refused(
        world.ledger.open_account(*world.attest(world.alice)),
        world.alice,
        AlreadyOpen,
        world.alice.address,
    )
    assert world.account(world.alice).available == FUNDS


def test_revert_when_account_tries_to_lose_its_suspension(world: World) -> None:
    """Opening again is no way out of a suspension (C-10)."""
    world.ledger.suspend([world.alice.address]).send(world.dso)
    call = world.ledger.open_account(*world.attest(world.alice))
    refused(call, world.stranger, AlreadyOpen, world.alice.address)


@pytest.mark.parametrize("who", ["alice", "dso", "stranger"])
def test_revert_when_signer_is_not_pkg(world: World, who: str) -> None:
    """Only PKG attests; not even the DSO can (C-2, C-10)."""
    call = world.ledger.open_account(*world.attest(PERSON, signer=getattr(world, who)))
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
    call = world.ledger.open_account(*world.attest(PERSON, domain=domain))
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
    attestation, signature, consent = world.attest(PERSON)
    forged = replace(attestation, **changes)
    call = world.ledger.open_account(forged, signature, consent)
    refused(call, world.stranger, BadAttestation, forged.account, world.pkg.address)


@pytest.mark.parametrize("signature", [b"", b"\x00" * 65, b"\x01" * 64, b"\x01" * 66])
def test_revert_when_signature_is_malformed(world: World, signature: bytes) -> None:
    """No signature, no account: empty, zero, wrong length."""
    call = world.ledger.open_account(world.attest(PERSON)[0], signature, b"")
    refused(call, world.stranger, BadAttestation, NEW, world.pkg.address)


def test_contract_can_be_pkg(world: World) -> None:
    """PKG may be a contract (ERC-1271): a council, a multisig."""
    code = compiled("ContractAccount").bytecode + encode(["address"], [world.alice.address])
    council = world.chain.deploy(code, world.stranger)[0]
    world.ledger.set_pkg(council).send(world.dso)
    refused(world.ledger.open_account(*world.attest(PERSON)), world.stranger, BadAttestation, NEW, council)
    world.ledger.open_account(*world.attest(PERSON, signer=world.alice)).send(world.stranger)
    assert world.account(NEW).open


def test_revert_given_pkg_rotated(world: World) -> None:
    """A new key voids what the old one signed (C-1)."""
    old = world.ledger.open_account(*world.attest(PERSON))
    world.ledger.set_pkg(world.carol.address).send(world.dso)
    refused(old, world.stranger, BadAttestation, NEW, world.carol.address)
    world.ledger.open_account(*world.attest(PERSON, signer=world.carol)).send(world.stranger)
    assert world.account(NEW).open
