"""A verifier's request for a certificate, with the proof that it holds all three keys."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from eth_account.messages import defunct_hash_message
from eth_utils.crypto import keccak

from energy_trading.council.node_keys import NodeKeys
from energy_trading.council.verifier_certificate import Verifier
from energy_trading.crypto._curve import address_of
from energy_trading.crypto._signatures import compact, is_signed_by
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput, Forged
from energy_trading.files._json import check_object, from_hex, read_integer, to_hex


class RequestRefused(Forged):
    """A request for a verifier's certificate is not what it claims to be.

    Args:
        field: what is wrong.
    """

    def __init__(self, field: str) -> None:
        super().__init__(f"the request for a verifier's certificate is refused: its {field} is wrong")
        self.field = field


@dataclass(frozen=True)
class CertificateRequest:
    """A certificate signing request (CSR, PKCS #10), and the signatures of account and message key over it.

    Args:
        csr: DER, signed by the P-256 key that is to be certified.
        authority: keccak256 of the certificate of the council's CA (certification authority), 32 bytes.
        deadline: unix second from which on the request is void.
        account_signature: by the account, compact.
        message_signature: by the message key, compact.
    """

    csr: bytes
    authority: bytes
    deadline: int
    account_signature: bytes
    message_signature: bytes

    @classmethod
    def make(
        cls,
        name: str,
        chain_id: int,
        feeder: int,
        account: SecretKey,
        node: NodeKeys,
        authority: bytes,
        deadline: int,
    ) -> CertificateRequest:
        """Request a certificate.

        Args:
            name: who the verifier is; it becomes public.
            chain_id: EIP-155 id of the council's chain.
            feeder: on which it lives.
            account: key of its account.
            node: keys of its machine.
            authority: `CouncilAuthority.hash`.
            deadline: unix second from which on the request is void.

        Raises:
            BadInput: a field is malformed.

        Source:
            RFC 2986; EIP-191, so that a wallet shows what its account signs (Z-1).
        """
        verifier = Verifier(name, chain_id, account.address, feeder, node.message.public_key)
        builder = x509.CertificateSigningRequestBuilder().subject_name(verifier.to_subject())
        for extension in verifier.to_extensions():
            builder = builder.add_extension(extension, critical=False)
        csr = builder.sign(node.certificate, SHA256()).public_bytes(Encoding.DER)
        digest = _digest(csr, verifier, authority, deadline)
        signatures = (compact(key.sign_digest(digest)) for key in (account, node.message))
        return cls(csr, authority, deadline, *signatures)

    @cached_property
    def _x509(self) -> x509.CertificateSigningRequest:
        try:
            return x509.load_der_x509_csr(self.csr)
        except ValueError as error:
            raise BadInput(f"these {len(self.csr)} bytes are not a certificate signing request") from error

    @property
    def hash(self) -> bytes:
        """keccak256 of the CSR; a CA answers each only once."""
        return keccak(self.csr)

    @property
    def public_key(self) -> ec.EllipticCurvePublicKey:
        """The P-256 key that is to be certified.

        Raises:
            RequestRefused: it is of another kind.
        """
        key = self._x509.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            raise RequestRefused("public key")
        return key

    def check(self, authority: bytes, at: int) -> Verifier:
        """Check that whoever asks holds all three keys, and asks this CA, now.

        Args:
            authority: `CouncilAuthority.hash` of the CA that is asked.
            at: unix seconds.

        Returns:
            What the certificate is to bind together.

        Raises:
            BadInput: the CSR is malformed, or is not one of a verifier.
            RequestRefused: a field is wrong; the error names the first one.

        Source:
            RFC 2986 §4.2; Z-2, where the leader matches the request with the identity.
        """
        try:
            verifier = Verifier.read(self._x509.subject, self._x509.extensions)
            signed = self._x509.is_signature_valid
        except x509.DuplicateExtension as error:
            raise BadInput("the extensions of the certificate signing request are malformed") from error
        _ = self.public_key
        digest = _digest(self.csr, verifier, self.authority, self.deadline)
        for field, holds in {
            "authority": self.authority == authority,
            "deadline": at < self.deadline,
            "signature": signed,
            "account's signature": is_signed_by(verifier.account, digest, self.account_signature),
            "message key's signature": is_signed_by(
                address_of(verifier.message_key), digest, self.message_signature
            ),
        }.items():
            if not holds:
                raise RequestRefused(field)
        return verifier

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`."""
        return {
            "csr": to_hex(self.csr),
            "authority": to_hex(self.authority),
            "deadline": self.deadline,
            "accountSignature": to_hex(self.account_signature),
            "messageSignature": to_hex(self.message_signature),
        }

    @classmethod
    def from_json(cls, value: Any) -> CertificateRequest:
        """Read the object of `to_json`; only `check` shows whether it is genuine.

        Raises:
            BadInput: a field is malformed.
        """
        keys = {"csr", "authority", "deadline", "accountSignature", "messageSignature"}
        fields = check_object(value, "request", keys)
        return cls(
            from_hex(fields["csr"], "csr"),
            from_hex(fields["authority"], "authority", 32),
            read_integer(fields["deadline"], "deadline"),
            from_hex(fields["accountSignature"], "accountSignature", 64),
            from_hex(fields["messageSignature"], "messageSignature", 64),
        )


def _digest(csr: bytes, verifier: Verifier, authority: bytes, deadline: int) -> bytes:
    text = (
        "energy_trading: I request a certificate of a verifier council.\n"
        f"Account: {verifier.uri}\n"
        f"Council CA: {to_hex(authority)}\n"
        f"Request: {to_hex(keccak(csr))}\n"
        f"Void from: {deadline}"
    )
    return bytes(defunct_hash_message(text=text))
