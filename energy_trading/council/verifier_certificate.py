"""X.509 certificates of verifiers: what one binds together, and how that is written and read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated, Final

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from eth_utils.address import is_checksum_address
from eth_utils.crypto import keccak

from energy_trading.crypto._curve import check_point
from energy_trading.errors import BadInput

#: extension with feeder and message key; below 2.25 a random 128-bit number needs no registration (X.667)
VERIFIER_OID: Final = x509.ObjectIdentifier("2.25.63178304219417268127365089112735608419")
MAX_FEEDER: Final = 2**16 - 1
_MAX_NAME: Final = 64  # of a common name, RFC 5280 appendix A
_ACCOUNT: Final = re.compile(r"did:pkh:eip155:([1-9][0-9]{0,31}):(0x[0-9a-fA-F]{40})")


@asn1.sequence
class _Binding:
    feeder: Annotated[int, asn1.Implicit(0)]
    message_key: Annotated[bytes, asn1.Implicit(1)]


@dataclass(frozen=True)
class Verifier:
    """What a verifier's certificate binds together. All of it is public, as Zaman §II-A wants it.

    Args:
        name: who it is, 1 … 64 printable characters.
        chain_id: EIP-155 id of the council's chain.
        account: EIP-55 address of its account there.
        feeder: number of the grid's feeder on which it lives, below 2**16.
        message_key: secp256k1 point, 33 bytes; it encrypts to the verifier and verifies its records.

    Raises:
        BadInput: a field is malformed.
    """

    name: str
    chain_id: int
    account: str
    feeder: int
    message_key: bytes

    def __post_init__(self) -> None:
        if not (0 < len(self.name) <= _MAX_NAME and self.name.isprintable()):
            raise BadInput(f"the name of a verifier must be 1 to {_MAX_NAME} printable characters")
        if not 0 < self.chain_id < 2**64:
            raise BadInput(f"the chain id must be between 1 and {2**64 - 1}, not {self.chain_id}")
        if not is_checksum_address(self.account):
            raise BadInput(f"the account must be an address with its checksum (EIP-55), not {self.account!r}")
        if not 0 <= self.feeder <= MAX_FEEDER:
            raise BadInput(f"the feeder must be between 0 and {MAX_FEEDER}, not {self.feeder}")
        check_point(self.message_key)

    @property
    def uri(self) -> str:
        """The account with its chain as a URI.

        Source:
            did:pkh, which is CAIP-10 (account ids) under the registered URI scheme did.
        """
        return f"did:pkh:eip155:{self.chain_id}:{self.account}"

    def to_subject(self) -> x509.Name:
        """Return the name as X.509's subject."""
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])

    def to_extensions(self) -> list[x509.ExtensionType]:
        """Return account, feeder and message key as extensions of a request or a certificate."""
        binding = asn1.encode_der(_Binding(feeder=self.feeder, message_key=self.message_key))
        return [
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(self.uri)]),
            x509.UnrecognizedExtension(VERIFIER_OID, binding),
        ]

    @classmethod
    def read(cls, subject: x509.Name, extensions: x509.Extensions) -> Verifier:
        """Read what `to_subject` and `to_extensions` wrote, and nothing else.

        Raises:
            BadInput: something is missing, malformed or written in another way.
        """
        try:
            (name,) = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
            names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            (uri,) = names.get_values_for_type(x509.UniformResourceIdentifier)
            binding = extensions.get_extension_for_oid(VERIFIER_OID).value
            if not isinstance(binding, x509.UnrecognizedExtension):
                raise TypeError
            fields = asn1.decode_der(_Binding, binding.value)
        except (ValueError, TypeError, x509.ExtensionNotFound) as error:
            raise BadInput(
                "this is not the X.509 form of a verifier: a field is missing or malformed"
            ) from error
        account = _ACCOUNT.fullmatch(uri)
        if account is None:
            raise BadInput(f"the account must be did:pkh:eip155:CHAIN:ADDRESS, not {uri!r}")
        verifier = cls(str(name.value), int(account[1]), account[2], fields.feeder, fields.message_key)
        # One content has one form: nothing can hide in a second name or a second account.
        if verifier.to_subject() != subject or [names, binding] != verifier.to_extensions():
            raise BadInput("this is not the X.509 form of a verifier: it holds more than it should")
        return verifier


@dataclass(frozen=True)
class VerifierCertificate:
    """A verifier's X.509 certificate; only `check_candidate` shows whether it is good.

    Args:
        der: the certificate.

    Raises:
        BadInput: the bytes are no X.509 certificate of a verifier.
    """

    der: bytes

    def __post_init__(self) -> None:
        _ = self.verifier

    @classmethod
    def from_pem(cls, pem: bytes) -> VerifierCertificate:
        """Read a certificate in PEM form.

        Raises:
            BadInput: the bytes are no X.509 certificate of a verifier.
        """
        return cls(load_certificate(pem).public_bytes(Encoding.DER))

    @property
    def pem(self) -> bytes:
        """The certificate in PEM form, as other programs read it."""
        return self.x509.public_bytes(Encoding.PEM)

    @cached_property
    def x509(self) -> x509.Certificate:
        """The certificate as `cryptography` reads it."""
        try:
            return x509.load_der_x509_certificate(self.der)
        except ValueError as error:
            raise BadInput(f"these {len(self.der)} bytes are not an X.509 certificate") from error

    @cached_property
    def verifier(self) -> Verifier:
        """What it binds together."""
        try:
            extensions = self.x509.extensions
        except (ValueError, x509.DuplicateExtension) as error:
            raise BadInput("the extensions of the X.509 certificate are malformed") from error
        return Verifier.read(self.x509.subject, extensions)

    @property
    def hash(self) -> bytes:
        """keccak256 of the DER form, which goes on chain (`certificateHash`)."""
        return keccak(self.der)

    @property
    def serial_number(self) -> int:
        """Number under which it would be revoked."""
        return self.x509.serial_number

    @property
    def valid_from(self) -> int:
        """First second in which it is valid, unix seconds."""
        return int(self.x509.not_valid_before_utc.timestamp())

    @property
    def valid_until(self) -> int:
        """First second in which it is no longer valid, unix seconds."""
        # X.509 includes the last second; our validity is half open.
        return int(self.x509.not_valid_after_utc.timestamp()) + 1


def load_certificate(pem: bytes) -> x509.Certificate:
    """Read any X.509 certificate in PEM form.

    Raises:
        BadInput: the bytes are something else.
    """
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise BadInput(f"these {len(pem)} bytes are not an X.509 certificate in PEM form") from error


def moment(seconds: int) -> datetime:
    """Return unix seconds in the form that X.509 needs.

    Raises:
        BadInput: X.509 cannot write the time.
    """
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise BadInput(f"X.509 can write the years 1970 to 9999 only, not {seconds}") from error
