"""The council's CA (certification authority): issues verifiers' certificates and revokes them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from eth_utils.crypto import keccak

from energy_trading.council.certificate_request import CertificateRequest
from energy_trading.council.verifier_certificate import VerifierCertificate, moment
from energy_trading.crypto._derivation import derive_key, derive_p256_key
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput, RuleBroken
from energy_trading.files._json import check_integer, check_list, check_object, from_hex, to_hex
from energy_trading.files.state_file import load_state, save_state

_USES: Final = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


class RequestAnswered(RuleBroken):
    """This CA has issued a certificate for the request already; a new certificate needs a new request."""

    def __init__(self) -> None:
        super().__init__("this request was answered already; a new certificate needs a new request")


class NoCertificate(BadInput):
    """This CA has issued no certificate for the account.

    Args:
        account: EIP-55 address.
    """

    def __init__(self, account: str) -> None:
        super().__init__(f"this CA has issued no certificate for {account}")
        self.account = account


@dataclass(frozen=True)
class _Issued:
    certificate: VerifierCertificate
    request: bytes  # hash


class CouncilAuthority:
    """The council's CA; its keys derive from one root, and its state holds no secret.

    Args:
        root: content of its key file.
        certificate: its own, from `create`.

    Raises:
        BadInput: the certificate is not of this root's key.
    """

    def __init__(self, root: SecretKey, certificate: x509.Certificate) -> None:
        self._key = derive_p256_key(root, "council/certificate")
        self._state = derive_key(root, "council/state")
        if certificate.public_key() != self._key.public_key():
            raise BadInput("the certificate of the CA does not belong to its key")
        self.certificate = certificate
        self._issued: list[_Issued] = []
        self._revoked: dict[int, int] = {}
        self._list_number = 0

    @classmethod
    def create(cls, root: SecretKey, name: str, valid_from: int, valid_until: int) -> CouncilAuthority:
        """Make a CA with its self-signed root certificate.

        Args:
            root: content of its key file.
            name: of the council, 1 … 64 characters.
            valid_from: unix seconds.
            valid_until: unix seconds, exclusive.

        Raises:
            BadInput: X.509 cannot write the name or the times.

        Source:
            RFC 5280 §4.2.1.9, §4.2.1.3 (Z-1).
        """
        key = derive_p256_key(root, "council/certificate")
        try:
            subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        except ValueError as error:
            raise BadInput("the name of the CA must have 1 to 64 characters") from error
        builder = (
            _builder(valid_from, valid_until)
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage("key_cert_sign", "crl_sign"), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        return cls(root, builder.sign(key, SHA256()))

    @property
    def pem(self) -> bytes:
        """Its root certificate in PEM form, for everybody."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def hash(self) -> bytes:
        """keccak256 of its root certificate; requests name it."""
        return authority_hash(self.certificate)

    def issue(self, request: CertificateRequest, at: int, valid_until: int) -> VerifierCertificate:
        """Certify a verifier whose papers, feeder and meter the operator has checked.

        Args:
            request: from the verifier.
            at: unix seconds; the certificate is valid from here.
            valid_until: unix seconds, exclusive.

        Raises:
            BadInput: the validity is empty or goes beyond the CA's own.
            RequestRefused: see `CertificateRequest.check`.
            RequestAnswered: the request is a replay.

        Source:
            RFC 5280 (Z-1, Z-2).
        """
        verifier = request.check(self.hash, at)
        if any(issued.request == request.hash for issued in self._issued):
            raise RequestAnswered
        if moment(valid_until - 1) > self.certificate.not_valid_after_utc:
            raise BadInput("the certificate would outlast the certificate of the CA")
        if moment(at) < self.certificate.not_valid_before_utc:
            raise BadInput("the certificate of the CA is not valid yet")
        builder = (
            _builder(at, valid_until)
            .subject_name(verifier.to_subject())
            .issuer_name(self.certificate.subject)
            .public_key(request.public_key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage("digital_signature"), critical=True)
            .add_extension(
                # Nodes talk to each other over TLS, each as client and as server.
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]),
                critical=False,
            )
            .add_extension(self._key_identifier(), critical=False)
        )
        for extension in verifier.to_extensions():
            builder = builder.add_extension(extension, critical=False)
        signed = builder.sign(self._key, SHA256())
        certificate = VerifierCertificate(signed.public_bytes(Encoding.DER))
        self._issued.append(_Issued(certificate, request.hash))
        return certificate

    def revoke(self, account: str, at: int) -> int:
        """Revoke all certificates of an account. It counts from the next revocation list on.

        Args:
            account: EIP-55 address.
            at: unix seconds.

        Returns:
            How many certificates were revoked now.

        Raises:
            NoCertificate: there is no certificate of the account.
        """
        own = [each.certificate for each in self._issued if each.certificate.verifier.account == account]
        if not own:
            raise NoCertificate(account)
        serials = {certificate.serial_number for certificate in own} - self._revoked.keys()
        self._revoked.update(dict.fromkeys(serials, at))
        return len(serials)

    def revocation_list(self, at: int, valid_until: int) -> bytes:
        """Sign the list of all revoked certificates (CRL, certificate revocation list).

        Args:
            at: unix seconds.
            valid_until: from then on a newer list is needed. A shorter time leaves an old list, in which a
                revocation is missing, fewer hours to be shown to a leader.

        Returns:
            PEM.

        Raises:
            BadInput: the time is empty, or X.509 cannot write it.

        Source:
            RFC 5280 §5.
        """
        if valid_until <= at:
            raise BadInput("a revocation list must be valid for a second or longer")
        self._list_number += 1
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(moment(at))
            .next_update(moment(valid_until))
            .add_extension(x509.CRLNumber(self._list_number), critical=False)
            .add_extension(self._key_identifier(), critical=False)
        )
        for serial, since in self._revoked.items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(moment(since))
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self._key, SHA256()).public_bytes(Encoding.PEM)

    def save(self, path: Path) -> None:
        """Write the state, in place of an older one. It holds no secret."""
        state = {
            "certificate": to_hex(self.certificate.public_bytes(Encoding.DER)),
            "issued": [
                {"certificate": to_hex(each.certificate.der), "request": to_hex(each.request)}
                for each in self._issued
            ],
            "revoked": [{"serial": str(serial), "at": at} for serial, at in self._revoked.items()],
            "listNumber": self._list_number,
        }
        save_state(path, state, self._state)

    @classmethod
    def load(cls, root: SecretKey, path: Path) -> CouncilAuthority:
        """Continue from a saved state.

        Raises:
            FileExposed: the group or the world has a permission on the file.
            BadInput: the file has another form.
            StateForged: the file was changed, or the root belongs to another CA.
        """
        state = check_object(
            load_state(path, derive_key(root, "council/state")),
            "state",
            {"certificate", "issued", "revoked", "listNumber"},
        )
        # Safe: the state is sealed, so its certificates are those that `save` wrote.
        authority = cls(root, x509.load_der_x509_certificate(from_hex(state["certificate"], "certificate")))
        for each in check_list(state["issued"], "issued"):
            fields = check_object(each, "issued", {"certificate", "request"})
            certificate = VerifierCertificate(from_hex(fields["certificate"], "certificate"))
            authority._issued.append(_Issued(certificate, from_hex(fields["request"], "request", 32)))
        for each in check_list(state["revoked"], "revoked"):
            fields = check_object(each, "revoked", {"serial", "at"})
            authority._revoked[int(fields["serial"])] = check_integer(fields["at"], "at")
        authority._list_number = check_integer(state["listNumber"], "listNumber")
        return authority

    def _key_identifier(self) -> x509.AuthorityKeyIdentifier:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())


def authority_hash(certificate: x509.Certificate) -> bytes:
    """Return keccak256 of a CA's root certificate (DER)."""
    return keccak(certificate.public_bytes(Encoding.DER))


def _builder(valid_from: int, valid_until: int) -> x509.CertificateBuilder:
    if valid_until <= valid_from:
        raise BadInput("a certificate must be valid for a second or longer")
    return (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment(valid_from))
        # X.509 includes the last second; our validity is half open.
        .not_valid_after(moment(valid_until - 1))
    )


def _key_usage(*uses: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{use: use in uses for use in _USES})
