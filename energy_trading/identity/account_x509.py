"""X.509 certificates of accounts, from PKG (private key generator), for software without implicit ones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from eth_utils.crypto import keccak

from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput, Forged
from energy_trading.identity.certificate import Certificate
from energy_trading.identity.parameters import Parameters

#: extension with keccak256(α); below 2.25 a random 128-bit number needs no registration (X.667)
IDENTITY_CIPHERTEXT_OID: Final = x509.ObjectIdentifier("2.25.154242839445639406399193854074816938865")


class X509Refused(Forged):
    """An X.509 certificate is not the one that PKG signed for this account.

    Args:
        field: what is wrong.
    """

    def __init__(self, field: str) -> None:
        super().__init__(f"the X.509 certificate is not PKG's for this account: its {field} is wrong")
        self.field = field


def write_x509(certificate: Certificate, parameters: Parameters, registrar: SecretKey) -> bytes:
    """Sign an X.509 certificate for an account; its subject is the address and nothing else.

    Args:
        certificate: the account's own.
        parameters: the published set.
        registrar: PKG's signing key.

    Returns:
        PEM.

    Raises:
        BadInput: the validity goes beyond what X.509 can write, which is the year 9999.

    Source:
        RFC 5280; SEC 2 §2.4.1 (Z-1 asks for X.509).
    """
    head = certificate.head
    try:
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(certificate.account(parameters.issue_key)))
            .issuer_name(_name(parameters.registrar))
            .public_key(_public_key(certificate.public_key(parameters.issue_key)))
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime.fromtimestamp(head.valid_from, UTC))
            # X.509 includes the last second; our validity is half open.
            .not_valid_after(datetime.fromtimestamp(head.valid_until - 1, UTC))
        )
    except (ValueError, OverflowError, OSError) as error:
        raise BadInput(
            f"X.509 can write the years 1970 to 9999 only, not {head.valid_from} to {head.valid_until}"
        ) from error
    extension = x509.UnrecognizedExtension(IDENTITY_CIPHERTEXT_OID, keccak(certificate.identity_ciphertext))
    signer = ec.derive_private_key(int.from_bytes(registrar.reveal(), "big"), ec.SECP256K1())
    signed = (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(extension, critical=False)
        .sign(signer, SHA256())
    )
    return signed.public_bytes(Encoding.PEM)


def verify_x509(pem: bytes, certificate: Certificate, parameters: Parameters, at: int) -> None:
    """Check that an X.509 certificate is the one that PKG signed for the account of an implicit certificate.

    Args:
        pem: the X.509 certificate.
        certificate: the account's own.
        parameters: the published set.
        at: unix seconds.

    Raises:
        BadInput: the bytes are no X.509 certificate.
        X509Refused: a field is wrong; the error names the first one.
        CertificateExpired: the moment is outside the validity.

    Source:
        RFC 5280 §6.1 for a path of length one.
    """
    try:
        signed = x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise BadInput(f"these {len(pem)} bytes are not an X.509 certificate in PEM form") from error
    signature_hash = signed.signature_hash_algorithm
    if not isinstance(signature_hash, SHA256):
        raise X509Refused("signature algorithm")
    try:
        _public_key(parameters.registrar_key).verify(
            signed.signature, signed.tbs_certificate_bytes, ec.ECDSA(signature_hash)
        )
    except InvalidSignature as error:
        raise X509Refused("signature") from error
    head = certificate.head
    found = {extension.oid: extension.value for extension in signed.extensions}
    alpha_hash = found.get(IDENTITY_CIPHERTEXT_OID)
    expected = {
        "subject": signed.subject == _name(certificate.account(parameters.issue_key)),
        "issuer": signed.issuer == _name(parameters.registrar),
        "public key": signed.public_key() == _public_key(certificate.public_key(parameters.issue_key)),
        "identity ciphertext": isinstance(alpha_hash, x509.UnrecognizedExtension)
        and alpha_hash.value == keccak(certificate.identity_ciphertext),
        "validity": int(signed.not_valid_before_utc.timestamp()) == head.valid_from
        and int(signed.not_valid_after_utc.timestamp()) == head.valid_until - 1,
    }
    for field, holds in expected.items():
        if not holds:
            raise X509Refused(field)
    head.check_valid(at)


def _name(address: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])


def _public_key(point: bytes) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256K1(), point)
