"""Receipt keys of meters: ERC-7913 signers on secp256k1 and on P-256."""

from __future__ import annotations

from typing import Final, Protocol

from coincurve import PublicKey
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from eth_utils.address import is_address
from eth_utils.conversions import to_bytes
from eth_utils.crypto import keccak

from energy_trading.crypto.keys import SECP256K1_N, SecretKey
from energy_trading.errors import BadInput

P256_N: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SECP256K1_SIGNER_BYTES: Final = 20
P256_SIGNER_BYTES: Final = 84
# The digest is signed as it is; SHA-256 only tells the library that it has 32 bytes.
_DIGEST: Final = Prehashed(SHA256())


class ReceiptSigner(Protocol):
    """A key that signs receipts, key lists and acceptances for a meter."""

    @property
    def signer(self) -> bytes:
        """The ERC-7913 signer bytes: the public side of the key, as the registry stores it."""
        ...

    def sign(self, digest: bytes) -> bytes:
        """Sign a 32-byte digest; the signature has 64 bytes, with s in the lower half."""
        ...


class Secp256k1Meter:
    """A meter key on secp256k1, known by the 20-byte address of the key.

    Args:
        key: the secret key.

    Source:
        N-3; ERC-7913, EIP-2098.
    """

    def __init__(self, key: SecretKey) -> None:
        self._key = key
        self.signer: bytes = to_bytes(hexstr=key.address)

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

    def __repr__(self) -> str:
        """Show the public side only."""
        return f"<{type(self).__name__} of 0x{self.signer.hex()}>"


class P256Meter:
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
        if not is_address(verifier):
            raise BadInput(f"the P-256 verifier must be a 20-byte address in hex, not {verifier!r}")
        self._key = key
        point = key.public_key().public_numbers()
        self.signer: bytes = (
            to_bytes(hexstr=verifier) + point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")
        )

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
        _check_digest(digest)
        # Deterministic nonces: a meter's random source is not trusted to be fresh after a reboot.
        r, s = decode_dss_signature(self._key.sign(digest, ec.ECDSA(_DIGEST, deterministic_signing=True)))
        return r.to_bytes(32, "big") + min(s, P256_N - s).to_bytes(32, "big")

    def __repr__(self) -> str:
        """Show the public side only."""
        return f"<P256Meter of 0x{self.signer.hex()}>"


def compact(signature: bytes) -> bytes:
    """Put r ‖ s ‖ v into 64 bytes, the parity of v as the top bit of s.

    Args:
        signature: 65 bytes, s in the lower half, v 27 or 28.

    Raises:
        BadInput: another length or v, or s in the upper half.

    Source:
        EIP-2098.
    """
    if len(signature) != 65:
        raise BadInput(f"signature: given {len(signature)} bytes, allowed 65")
    s, v = int.from_bytes(signature[32:64], "big"), signature[64]
    if v not in (27, 28):
        raise BadInput(f"signature: given v = {v}, allowed 27 or 28")
    if s > SECP256K1_N // 2:
        raise BadInput("signature: given s in the upper half, allowed the lower half")
    return signature[:32] + (s | (v - 27) << 255).to_bytes(32, "big")


def check_signer(signer: bytes, p256_verifier: str | None = None) -> None:
    """Refuse signer bytes that no honest meter holds.

    Args:
        signer: ERC-7913 signer bytes.
        p256_verifier: the one verifier contract that P-256 signers may name; None where there is none.
            Any other verifier could be a contract that accepts every signature.

    Raises:
        BadInput: wrong length, the zero address, another verifier, or a point off the curve.

    Source:
        N-6; ERC-7913.
    """
    if len(signer) == SECP256K1_SIGNER_BYTES:
        if signer == bytes(SECP256K1_SIGNER_BYTES):
            raise BadInput("signer: given the zero address, allowed the address of a key")
        return
    if len(signer) != P256_SIGNER_BYTES:
        raise BadInput(
            f"signer: given {len(signer)} bytes, allowed {SECP256K1_SIGNER_BYTES} (secp256k1) "
            f"or {P256_SIGNER_BYTES} (P-256)"
        )
    if p256_verifier is None or signer[:20] != to_bytes(hexstr=p256_verifier):
        raise BadInput(f"signer: given verifier 0x{signer[:20].hex()}, allowed {p256_verifier or 'none'}")
    _p256_key(signer)


def verify_signature(signer: bytes, digest: bytes, signature: bytes) -> bool:
    """Return whether a signature is the signer's, as the contract decides it for an honest verifier.

    Args:
        signer: 20 bytes (secp256k1) or 84 bytes (P-256).
        digest: 32 bytes.
        signature: 64 bytes, compact (EIP-2098) or r ‖ s.

    Raises:
        BadInput: signer or digest of another length, or a P-256 signer that is no point of the curve.

    Source:
        N-3; ERC-7913.
    """
    _check_digest(digest)
    if len(signature) != 64:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if len(signer) != SECP256K1_SIGNER_BYTES:
        key = _p256_key(signer)
        if s > P256_N // 2:
            return False
        try:
            key.verify(encode_dss_signature(r, s), digest, ec.ECDSA(_DIGEST))
        except InvalidSignature:
            return False
        return True
    parity, s = s >> 255, s & (1 << 255) - 1
    if s > SECP256K1_N // 2:
        return False
    recoverable = signature[:32] + s.to_bytes(32, "big") + bytes([parity])
    try:
        point = PublicKey.from_signature_and_message(recoverable, digest, hasher=None)
    except ValueError:
        return False
    return keccak(point.format(compressed=False)[1:])[12:] == signer


def _p256_key(signer: bytes) -> ec.EllipticCurvePublicKey:
    if len(signer) != P256_SIGNER_BYTES:
        raise BadInput(f"P-256 signer: given {len(signer)} bytes, allowed {P256_SIGNER_BYTES}")
    x, y = int.from_bytes(signer[20:52], "big"), int.from_bytes(signer[52:], "big")
    try:
        return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    except ValueError as error:
        raise BadInput(f"P-256 signer: given 0x{signer.hex()}, allowed a point of the curve") from error


def _check_digest(digest: bytes) -> None:
    if len(digest) != 32:
        raise BadInput(f"digest: given {len(digest)} bytes, allowed 32")
