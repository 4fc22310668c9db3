"""X.509 certificates of accounts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from eth_utils.crypto import keccak

from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.identity import (
    IDENTITY_CIPHERTEXT_OID,
    Certificate,
    CertificateExpired,
    Enrolment,
    Role,
    X509Refused,
    verify_x509,
)
from energy_trading.identity.account_x509 import write_x509
from tests.client.identity_actors import ALICE, BOB, FROM, UNTIL, authorities, enrol

PKG_, _ = authorities()
PUBLIC = PKG_.parameters
MEMBER = enrol(PKG_, ALICE)
CERTIFICATE = MEMBER.certificate
PEM = PKG_.issue_x509(CERTIFICATE)


def test_x509_names_the_account_and_nothing_else() -> None:
    """Z-1, C-2: subject is the address, α appears by hash only, and the validity is the certificate's."""
    verify_x509(PEM, CERTIFICATE, PUBLIC, FROM)
    verify_x509(PEM, CERTIFICATE, PUBLIC, UNTIL - 1)
    signed = x509.load_pem_x509_certificate(PEM)
    assert signed.subject.rfc4514_string() == f"CN={MEMBER.account}"
    assert signed.issuer.rfc4514_string() == f"CN={PUBLIC.registrar}"
    extension = signed.extensions.get_extension_for_oid(IDENTITY_CIPHERTEXT_OID).value
    assert isinstance(extension, x509.UnrecognizedExtension)
    assert extension.value == keccak(CERTIFICATE.identity_ciphertext)
    assert ALICE.encode() not in signed.public_bytes(Encoding.DER)


@pytest.mark.parametrize("at", [FROM - 1, UNTIL])
def test_revert_given_time_outside_validity(at: int) -> None:
    """Z-1: an expired certificate is refused from its last second on."""
    with pytest.raises(CertificateExpired) as error:
        verify_x509(PEM, CERTIFICATE, PUBLIC, at)
    assert error.value.at == at


def test_revert_given_another_signer() -> None:
    """Z-1: only PKG's registrar key signs; the same content by another key is refused."""
    forged = write_x509(CERTIFICATE, PUBLIC, SecretKey.generate())
    with pytest.raises(X509Refused) as error:
        verify_x509(forged, CERTIFICATE, PUBLIC, FROM)
    assert error.value.field == "signature"
    assert str(error.value) == "the X.509 certificate is not PKG's for this account: its signature is wrong"


def test_revert_given_another_account() -> None:
    """Z-1: an account's certificate does not serve another account."""
    with pytest.raises(X509Refused) as error:
        verify_x509(PEM, enrol(PKG_, BOB).certificate, PUBLIC, FROM)
    assert error.value.field == "subject"


def signed_with(change: dict[str, object]) -> bytes:
    """Let the registrar sign PEM's content with one field changed."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256, SHA384

    signed = x509.load_pem_x509_certificate(PEM)
    builder = (
        x509.CertificateBuilder()
        .subject_name(signed.subject)
        .issuer_name(change.get("issuer", signed.issuer))  # type: ignore[arg-type]
        .public_key(change.get("public key", signed.public_key()))  # type: ignore[arg-type]
        .serial_number(7)
        .not_valid_before(signed.not_valid_before_utc)
        .not_valid_after(change.get("validity", signed.not_valid_after_utc))  # type: ignore[arg-type]
    )
    if "identity ciphertext" not in change:
        builder = builder.add_extension(
            x509.UnrecognizedExtension(IDENTITY_CIPHERTEXT_OID, keccak(CERTIFICATE.identity_ciphertext)),
            critical=False,
        )
    secret = int.from_bytes(PKG_._registrar.reveal(), "big")
    key = ec.derive_private_key(secret, ec.SECP256K1())
    algorithm = SHA384() if "signature algorithm" in change else SHA256()
    return builder.sign(key, algorithm).public_bytes(Encoding.PEM)


def test_every_field_is_checked() -> None:
    """Z-1: with PKG's signature right, each other field still has to be the account's."""
    signed = x509.load_pem_x509_certificate(PEM)
    other = x509.load_pem_x509_certificate(PKG_.issue_x509(enrol(PKG_, BOB).certificate))
    verify_x509(signed_with({}), CERTIFICATE, PUBLIC, FROM)
    for field, value in {
        "issuer": other.subject,
        "public key": other.public_key(),
        "validity": signed.not_valid_after_utc.replace(year=2099),
        "identity ciphertext": None,
        "signature algorithm": None,
    }.items():
        with pytest.raises(X509Refused) as error:
            verify_x509(signed_with({field: value}), CERTIFICATE, PUBLIC, FROM)
        assert error.value.field == field


def test_revert_given_no_certificate() -> None:
    """Z-1: other bytes are a typed error."""
    with pytest.raises(BadInput) as error:
        verify_x509(b"no PEM", CERTIFICATE, PUBLIC, FROM)
    assert str(error.value) == "these 6 bytes are not an X.509 certificate in PEM form"


def test_revert_given_validity_x509_cannot_write() -> None:
    """Z-1: a validity beyond the year 9999 has no X.509 form."""
    enrolment = Enrolment(ALICE, Role.PRODUCER)
    answer = PKG_.issue(enrolment.request, FROM, 2**64 - 1)
    with pytest.raises(BadInput) as error:
        PKG_.issue_x509(answer.certificate)
    assert str(error.value) == f"X.509 can write the years 1970 to 9999 only, not {FROM} to {2**64 - 1}"


def test_certificate_with_other_roles_has_another_x509() -> None:
    """C-2: raising one's roles in the implicit certificate breaks the X.509 form too."""
    raised = Certificate(replace(CERTIFICATE.head, roles=Role.PRODUCER), CERTIFICATE.identity_ciphertext)
    with pytest.raises(X509Refused) as error:
        verify_x509(PEM, raised, PUBLIC, FROM)
    assert error.value.field == "subject"
