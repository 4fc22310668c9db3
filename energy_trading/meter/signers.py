"""Receipt keys of meters: ERC-7913 signers on secp256k1 and on P-256."""

from __future__ import annotations

from typing import Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)
from eth_utils.address import is_address
from eth_utils.conversions import to_bytes

from energy_trading.crypto._curve import address_of
from energy_trading.crypto._signatures import canonical_signature, compact, sign_p256
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput, Forged


class ReceiptSigner(Protocol):
    """A key that signs receipts, key lists and acceptances for a meter."""

    @property
    def signer(self) -> bytes:
        """The ERC-7913 signer bytes: the public side of the key, as the registry stores it."""
        ...

    def sign(self, digest: bytes) -> bytes:
        """Sign a 32-byte digest.

        The signature may be r ‖ s, the compact form (EIP-2098), r ‖ s ‖ v or DER, with s in either half:
        `sign_checked` puts it into the form that the contracts take.
        """
        ...


class SignatureRefused(Forged):
    """A meter's signer returned something that is no signature of its key over the digest."""


def sign_checked(signer: ReceiptSigner, digest: bytes) -> bytes:
    """Ask a signer for a signature, and return it in the one form that the contracts take.

    A secure element knows nothing of this market. It returns s in the upper half about half the time, or
    DER, or a signature of another key. Whatever is recorded or handed out as a meter's comes from here.

    Args:
        signer: a meter's key, in software or hardware.
        digest: 32 bytes, already hashed.

    Returns:
        r ‖ yParityAndS (secp256k1) or r ‖ s (P-256), 64 bytes, s in the lower half. It has been verified.

    Raises:
        SignatureRefused: the answer is not a signature of the signer's key over the digest.
        BadInput: the digest does not have 32 bytes, or the signer is on neither curve.

    Source:
        N-3; ERC-7913, EIP-2098.
    """
    signature = canonical_signature(signer.signer, digest, signer.sign(digest))
    if signature is None:
        raise SignatureRefused(
            f"the key of meter 0x{signer.signer.hex()} did not sign: the answer is no signature of its own"
        )
    return signature


def signer_of(public_key: object, verifier: str | None = None) -> bytes:
    """Return the ERC-7913 signer bytes by which the registry knows a public key.

    Args:
        public_key: of the `cryptography` library, on secp256k1 or P-256.
        verifier: address of the ERC-7913 P-256 verifier contract, 0x-prefixed; needed for a P-256 key.

    Returns:
        The address of the key, 20 bytes (secp256k1), or verifier ‖ x ‖ y, 84 bytes (P-256).

    Raises:
        BadInput: the key is on another curve, or is on P-256 and the verifier is not an address.

    Source:
        N-3; ERC-7913.
    """
    if not isinstance(public_key, ec.EllipticCurvePublicKey):
        raise BadInput("a meter's key must be on an elliptic curve, secp256k1 or P-256")
    if isinstance(public_key.curve, ec.SECP256K1):
        point = public_key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        return to_bytes(hexstr=address_of(point))
    if not isinstance(public_key.curve, ec.SECP256R1):
        raise BadInput(f"a meter's key must be on secp256k1 or P-256, not on {public_key.curve.name}")
    if not is_address(verifier):
        raise BadInput(f"the P-256 verifier must be a 20-byte address in hex, not {verifier!r}")
    # Without the first byte, which says that both coordinates follow.
    coordinates = public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]
    return to_bytes(hexstr=verifier) + coordinates


def read_public_key(data: bytes, name: str) -> ec.EllipticCurvePublicKey:
    """Read a public key as `openssl ec -pubout` writes it, in PEM or DER (SubjectPublicKeyInfo).

    Args:
        data: the file's content.
        name: of the file, for the error.

    Raises:
        BadInput: it is no public key, or not one on an elliptic curve.

    Source:
        RFC 5480, RFC 7468.
    """
    try:
        read = load_pem_public_key if data.lstrip().startswith(b"-----") else load_der_public_key
        key = read(data)
    except (ValueError, UnsupportedAlgorithm):
        # Not chained and not repeated: somebody may have named the file of the secret key.
        raise BadInput(f"{name} is not a public key in PEM or DER, as openssl ec -pubout writes it") from None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise BadInput(f"{name} is not the public key of an elliptic curve")
    return key


class _Meter:
    signer: bytes

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of 0x{self.signer.hex()}>"


class Secp256k1Meter(_Meter):
    """A meter key on secp256k1, known by the 20-byte address of the key.

    Args:
        key: the secret key.

    Source:
        N-3; ERC-7913, EIP-2098.
    """

    def __init__(self, key: SecretKey) -> None:
        self._key = key
        self.signer = to_bytes(hexstr=key.address)

    def sign(self, digest: bytes) -> bytes:
        """Sign a digest in the compact form, which saves a word of calldata.

        Args:
            digest: 32 bytes, already hashed.

        Returns:
            r ‖ yParityAndS, 64 bytes.

        Raises:
            BadInput: the digest is not 32 bytes.

        Source:
            EIP-2098, RFC 6979.
        """
        return compact(self._key.sign_digest(digest))


class P256Meter(_Meter):
    """A meter key on P-256, the curve of DLMS suite 1 meters, known by verifier ‖ x ‖ y.

    Args:
        key: a secret key of the `cryptography` library on SECP256R1.
        verifier: address of the ERC-7913 P-256 verifier contract, 0x-prefixed.

    Raises:
        BadInput: the key is on another curve, or the verifier is not an address.

    Source:
        N-3; ERC-7913.
    """

    def __init__(self, key: ec.EllipticCurvePrivateKey, verifier: str) -> None:
        if not isinstance(key.curve, ec.SECP256R1):
            raise BadInput(f"a P-256 meter key must be on secp256r1, not on {key.curve.name}")
        self._key = key
        self.signer = signer_of(key.public_key(), verifier)

    def sign(self, digest: bytes) -> bytes:
        """Sign a digest, with s in the lower half as the P256 libraries of OpenZeppelin and Solady require.

        Args:
            digest: 32 bytes, already hashed.

        Returns:
            r ‖ s, 64 bytes.

        Raises:
            BadInput: the digest is not 32 bytes.

        Source:
            FIPS 186-5 §6.4, RFC 6979.
        """
        return sign_p256(self._key, digest)
