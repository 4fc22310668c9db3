"""Set-up, key issue, attestation and bans."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from energy_trading.crypto._curve import GENERATOR, add, negate
from energy_trading.crypto._dleq import prove
from energy_trading.crypto._signatures import recover_address
from energy_trading.crypto.ecqv import WrongCertificate
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.identity import (
    DSO,
    PKG,
    AnswerRefused,
    Attestation,
    AttestationRefused,
    Certificate,
    CertificateExpired,
    CertificateHead,
    DisclosureRefused,
    Enrolment,
    Holder,
    IdentityCiphertextRefused,
    NotIssued,
    Parameters,
    PersonBanned,
    RogueKey,
    Role,
    TraceShare,
)
from energy_trading.types import Domain
from tests.client.identity_actors import ALICE, BOB, FROM, UNTIL, authorities, enrol, opened

DOMAIN = Domain("EnergyLedger", 31337, "0x5FbDB2315678afecb367f032d93F642f64180aa3")


def test_published_set_survives_json() -> None:
    """C-1: what PKG publishes can be written, read and checked again."""
    pkg, _ = authorities()
    assert Parameters.from_json(pkg.parameters.to_json()) == pkg.parameters
    assert pkg.parameters.trace_key == add(pkg.parameters.pkg.public_key, pkg.parameters.dso.public_key)


def test_every_use_has_its_own_key() -> None:
    """C-1: issuing, attesting and tracing never share a key, nor do PKG and DSO under one root."""
    root = SecretKey.generate()
    dso = DSO(root)
    published = PKG(root, dso.share).parameters
    keys = {
        root.public_key,
        published.issue_key,
        published.registrar_key,
        published.pkg.public_key,
        published.dso.public_key,
    }
    assert len(keys) == 5


def test_revert_given_rogue_trace_key() -> None:
    """C-10: DSO cannot publish X - PK_PKG to own the sum, since it cannot prove to hold it."""
    pkg, _ = authorities()
    mine = SecretKey.generate()
    rogue = add(mine.public_key, negate(pkg.parameters.pkg.public_key))
    proof = prove(mine, GENERATOR, b"energy-trading/possession/1/DSO")
    TraceShare(Holder.DSO, mine.public_key, proof)
    with pytest.raises(RogueKey) as error:
        TraceShare(Holder.DSO, rogue, proof)
    assert error.value.holder is Holder.DSO
    assert str(error.value) == "DSO does not prove that it holds this trace key"


def test_revert_given_copied_trace_share() -> None:
    """C-10: PKG's key and proof cannot be passed off as DSO's."""
    pkg, _ = authorities()
    copied = pkg.parameters.pkg
    with pytest.raises(RogueKey) as error:
        TraceShare(Holder.DSO, copied.public_key, copied.possession)
    assert error.value.holder is Holder.DSO
    with pytest.raises(RogueKey) as error:
        replace(pkg.parameters, dso=copied)
    assert error.value.holder is Holder.DSO


def test_revert_given_trace_keys_that_cancel() -> None:
    """C-10: two shares whose sum is the point at infinity are no trace key."""
    secret = SecretKey.from_int(5)
    opposite = SecretKey.from_int(0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 - 5)
    shares = TraceShare.of(Holder.PKG, secret), TraceShare.of(Holder.DSO, opposite)
    with pytest.raises(BadInput) as error:
        Parameters(secret.public_key, secret.public_key, *shares)
    assert str(error.value) == "the points sum to the point at infinity, which has no encoding"


def test_revert_given_parameters_of_another_dso() -> None:
    """C-1: a DSO adopts only a set with its own key, and opens nothing before."""
    pkg, _ = authorities()
    stranger = DSO(SecretKey.generate())
    with pytest.raises(RogueKey):
        stranger.adopt(pkg.parameters)
    with pytest.raises(BadInput) as error:
        opened(stranger, enrol(pkg, ALICE).certificate)
    assert str(error.value) == ("the DSO has no parameters; it must first adopt those that PKG published")


def test_account_is_the_certified_key() -> None:
    """C-2, C-3: the reconstructed key's address is the account that everyone computes."""
    pkg, _ = authorities()
    member = enrol(pkg, ALICE, Role.CONSUMER)
    assert member.certificate.account(pkg.parameters.issue_key) == member.secret_key.address == member.account
    assert member.certificate.public_key(pkg.parameters.issue_key) == member.secret_key.public_key
    assert member.certificate.head.roles is Role.CONSUMER
    assert pkg.certificate_of(member.account) == member.certificate


def test_accounts_of_one_person_share_nothing() -> None:
    """C-2, errata: two accounts of one person have nothing in common but what was granted."""
    pkg, _ = authorities()
    first, second = (enrol(pkg, ALICE).certificate for _ in range(2))
    assert first.account(pkg.parameters.issue_key) != second.account(pkg.parameters.issue_key)
    # Runs of four equal bytes at one place happen by chance once in 2**32.
    pairs = zip(first.to_bytes()[18:], second.to_bytes()[18:], strict=True)
    equal = "".join("=" if a == b else "." for a, b in pairs)
    assert "====" not in equal


def test_identity_is_hidden_with_its_length() -> None:
    """C-2: neither the identity nor its length is visible in the certificate."""
    pkg, _ = authorities()
    short, long = (enrol(pkg, identity).certificate.to_bytes() for identity in ("A", "B" * 63))
    assert len(short) == len(long)
    assert b"BBBB" not in long


def test_secrets_stay_out_of_reprs() -> None:
    """C-2: no repr shows an identity, a contribution or a secret key."""
    pkg, _ = authorities()
    enrolment = Enrolment(ALICE, Role.PRODUCER)
    answer = pkg.issue(enrolment.request, FROM, UNTIL)
    member = enrolment.finish(answer, pkg.parameters)
    shown = "".join(map(repr, (enrolment, enrolment.request, answer, answer.disclosure, member, pkg)))
    assert ALICE not in shown
    assert str(answer.contribution) not in shown
    assert member.secret_key.reveal().hex() not in shown
    assert answer.disclosure.ephemeral.reveal().hex() not in shown


def test_revert_given_certificate_for_another_request() -> None:
    """C-2: a person notices a certificate made for somebody else's request."""
    pkg, _ = authorities()
    mine, other = Enrolment(ALICE, Role.PRODUCER), Enrolment(ALICE, Role.PRODUCER)
    with pytest.raises(WrongCertificate):
        mine.finish(pkg.issue(other.request, FROM, UNTIL), pkg.parameters)


def test_revert_given_certificate_of_another_pkg() -> None:
    """C-2: a certificate under another PKG's keys is refused."""
    pkg, _ = authorities()
    other, _ = authorities()
    enrolment = Enrolment(ALICE, Role.PRODUCER)
    answer = other.issue(enrolment.request, FROM, UNTIL)
    with pytest.raises(IdentityCiphertextRefused):
        enrolment.finish(answer, pkg.parameters)
    with pytest.raises(WrongCertificate):
        enrolment.finish(answer, replace(other.parameters, issue_key=pkg.parameters.issue_key))


def test_revert_given_another_role_or_identity_than_asked_for() -> None:
    """C-2: a person notices that PKG certified another role, or sealed another person's identity."""
    pkg, _ = authorities()
    enrolment = Enrolment(ALICE, Role.PRODUCER)
    for changed, field in (
        (replace(enrolment.request, roles=Role.CONSUMER), "roles"),
        (replace(enrolment.request, identity=BOB), "identity"),
    ):
        with pytest.raises(AnswerRefused) as error:
            enrolment.finish(pkg.issue(changed, FROM, UNTIL), pkg.parameters)
        assert error.value.field == field
    framed = pkg.issue(replace(enrolment.request, identity=BOB), FROM, UNTIL)
    lie = replace(framed, disclosure=replace(framed.disclosure, identity=ALICE))
    with pytest.raises(AnswerRefused) as error:
        enrolment.finish(lie, pkg.parameters)
    assert str(error.value) == ("the certificate does not have the identity that was asked for")


def test_attestation_is_what_a_wallet_would_sign() -> None:
    """C-2: the signature recovers to the registrar under eth-account's own EIP-712 encoding."""
    pkg, _ = authorities()
    member = enrol(pkg, ALICE, Role.PRODUCER)
    given = pkg.attest(DOMAIN, member.certificate, member.disclosure, UNTIL)
    assert given == Attestation(
        member.account,
        1,
        member.certificate.hash,
        member.certificate.identity_ciphertext,
        UNTIL,
        given.signature,
    )
    message = encode_typed_data(
        full_message={
            "types": {
                "EIP712Domain": [
                    {"name": "name", "type": "string"},
                    {"name": "version", "type": "string"},
                    {"name": "chainId", "type": "uint256"},
                    {"name": "verifyingContract", "type": "address"},
                ],
                "AccountAttestation": [
                    {"name": "account", "type": "address"},
                    {"name": "roles", "type": "uint256"},
                    {"name": "certificateHash", "type": "bytes32"},
                    {"name": "identityCiphertext", "type": "bytes"},
                    {"name": "deadline", "type": "uint256"},
                ],
            },
            "primaryType": "AccountAttestation",
            "domain": {
                "name": "EnergyLedger",
                "version": "1",
                "chainId": 31337,
                "verifyingContract": DOMAIN.verifying_contract,
            },
            "message": {
                "account": given.account,
                "roles": given.roles,
                "certificateHash": given.certificate_hash,
                "identityCiphertext": given.identity_ciphertext,
                "deadline": given.deadline,
            },
        }
    )
    assert Account.recover_message(message, signature=given.signature) == pkg.parameters.registrar


def test_revert_given_deadline_beyond_the_certificate() -> None:
    """C-2: an expired certificate opens no account."""
    pkg, _ = authorities()
    member = enrol(pkg, ALICE)
    for deadline in (UNTIL + 1, FROM):
        with pytest.raises(CertificateExpired) as error:
            pkg.attest(DOMAIN, member.certificate, member.disclosure, deadline)
        assert error.value.at == deadline - 1


def test_revert_given_certificate_nobody_issued() -> None:
    """C-2: PKG attests and writes X.509 only for what it issued; anyone can write an implicit certificate."""
    pkg, _ = authorities()
    member = enrol(pkg, ALICE)
    head = CertificateHead(Role.PROSUMER, FROM, UNTIL, GENERATOR)
    made_up = Certificate(head, member.certificate.identity_ciphertext)
    account = made_up.account(pkg.parameters.issue_key)
    for action in (
        lambda: pkg.attest(DOMAIN, made_up, member.disclosure, UNTIL),
        lambda: pkg.issue_x509(made_up),
        lambda: pkg.certificate_of(account),
    ):
        with pytest.raises(NotIssued) as error:
            action()
        assert str(error.value) == (f"this PKG issued no such certificate for {account}")


def test_revert_given_disclosure_of_another_person() -> None:
    """C-2, errata: nobody gets an attestation under another's identity."""
    pkg, _ = authorities()
    alice, bob = enrol(pkg, ALICE), enrol(pkg, BOB)
    for disclosure in (bob.disclosure, replace(alice.disclosure, identity=BOB)):
        with pytest.raises(DisclosureRefused) as error:
            pkg.attest(DOMAIN, alice.certificate, disclosure, UNTIL)
        assert str(error.value) == ("the disclosure belongs to another certificate")


def test_revert_given_banned_person() -> None:
    """C-2, errata: a ban follows the person through spellings, roles and certificates issued before."""
    pkg, _ = authorities()
    before = enrol(pkg, ALICE)
    pkg.ban_person(ALICE)
    for spelling in (ALICE, f"  {ALICE.lower()} ", ALICE.replace(" ", "\u00a0")):
        with pytest.raises(PersonBanned) as error:
            enrol(pkg, spelling, Role.CONSUMER)
        assert str(error.value) == "this person is banned"
    with pytest.raises(PersonBanned):
        pkg.attest(DOMAIN, before.certificate, before.disclosure, UNTIL)
    assert enrol(pkg, BOB).account


def test_member_consents_to_what_its_certificate_has() -> None:
    """A member signs for its own account, roles, certificate and α, and for nothing else (C-2)."""
    pkg, _ = authorities()
    member, other = enrol(pkg, ALICE, Role.CONSUMER), enrol(pkg, BOB)
    given = pkg.attest(DOMAIN, member.certificate, member.disclosure, UNTIL)
    signed = member.consent(DOMAIN, given)
    assert recover_address(DOMAIN.digest(given), signed) == member.account
    forgeries = {
        "account": other.account,
        "roles": int(Role.PROSUMER),
        "certificate_hash": other.certificate.hash,
        "identity_ciphertext": other.certificate.identity_ciphertext,
    }
    for name, value in forgeries.items():
        with pytest.raises(AttestationRefused) as error:
            member.consent(DOMAIN, replace(given, **{name: value}))
        assert error.value.field == name
