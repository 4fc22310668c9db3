"""Signatures over 32-byte digests: their forms, the keys behind them, and ERC-7913 signers on two curves."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from coincurve import PublicKey
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from eth_utils.conversions import to_bytes

from energy_trading.crypto.keys import SECP256K1_N, check_size
from energy_trading.errors import BadInput
from energy_trading.types._keccak import eip55, keccak

P256_N: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SECP256K1_SIGNER_BYTES: Final = 20
P256_SIGNER_BYTES: Final = 84
# The digest is signed as it is; SHA-256 only states to the library that it has 32 bytes.
_DIGEST: Final = Prehashed(SHA256())
_PARITY: Final = 1 << 255


def compact(signature: bytes) -> bytes:
    """Put r ‖ s ‖ v into 64 bytes, with the parity of v as the top bit of s.

    Args:
        signature: 65 bytes, s in the lower half, v 27 or 28.

    Raises:
        BadInput: another length or v, or s in the upper half.

    Source:
        EIP-2098.
    """
    check_size(signature, "the signature", 65)
    s, v = int.from_bytes(signature[32:64], "big"), signature[64]
    if v not in (27, 28):
        raise BadInput(f"v of the signature must be 27 or 28, not {v}")
    if s > SECP256K1_N // 2:
        raise BadInput("s of the signature is in the upper half; it must be in the lower half")
    return signature[:32] + (s | (v - 27) << 255).to_bytes(32, "big")


def recover_public_key(digest: bytes, signature: bytes) -> bytes | None:
    """Return the key that signed, by the contracts' rules: 64 or 65 bytes, s in either half.

    Args:
        digest: 32 bytes.
        signature: r ‖ s ‖ v, or r ‖ yParityAndS.

    Returns:
        33 bytes; None if no key can have made the signature.

    Source:
        Yellow paper appendix F, EIP-2098.
    """
    key = _recover(digest, signature)
    return None if key is None else key.format(compressed=True)


def recover_account(digest: bytes, signature: bytes) -> bytes | None:
    """Return the account that signed, 20 bytes; see `recover_public_key`."""
    key = _recover(digest, signature)
    return None if key is None else keccak(key.format(compressed=False)[1:])[12:]


def recover_address(digest: bytes, signature: bytes) -> str | None:
    """Return the EIP-55 address of the account that signed; see `recover_public_key`."""
    account = recover_account(digest, signature)
    return None if account is None else eip55(account)


def _recover(digest: bytes, signature: bytes) -> PublicKey | None:
    if len(signature) == 64:
        parity = signature[32] >> 7
        recoverable = signature[:32] + bytes([signature[32] & 0x7F]) + signature[33:] + bytes([parity])
    elif len(signature) == 65 and signature[64] in (27, 28):
        recoverable = signature[:64] + bytes([signature[64] - 27])
    else:
        return None
    try:
        return PublicKey.from_signature_and_message(recoverable, digest, hasher=None)
    except ValueError:
        return None


def sign_p256(key: ec.EllipticCurvePrivateKey, digest: bytes) -> bytes:
    """Sign a digest on P-256, with s in the lower half as OpenZeppelin's and Solady's P256 demand.

    Args:
        key: of `cryptography`, on SECP256R1.
        digest: 32 bytes, already hashed.

    Returns:
        r ‖ s, 64 bytes.

    Raises:
        BadInput: the digest is not 32 bytes.

    Source:
        FIPS 186-5 §6.4, RFC 6979.
    """
    check_size(digest, "the digest")
    # Deterministic nonces: a meter's random source is not trusted to be fresh after a reboot.
    r, s = decode_dss_signature(key.sign(digest, ec.ECDSA(_DIGEST, deterministic_signing=True)))
    return r.to_bytes(32, "big") + min(s, P256_N - s).to_bytes(32, "big")


def verify_signature(signer: bytes, digest: bytes, signature: bytes) -> bool:
    """Return whether a signature is the signer's, as the contract decides it for an honest verifier.

    Args:
        signer: ERC-7913 signer bytes, 20 (secp256k1) or 84 (P-256).
        digest: 32 bytes.
        signature: 64 bytes, compact (EIP-2098) or r ‖ s, with s in the lower half.

    Raises:
        BadInput: signer or digest of another length, or a P-256 signer that is no point of the curve.

    Source:
        N-3; ERC-7913.
    """
    check_size(digest, "the digest")
    if len(signature) != 64:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if len(signer) == SECP256K1_SIGNER_BYTES:
        if s % _PARITY > SECP256K1_N // 2:
            return False
        return recover_account(digest, signature) == signer
    key = _p256_key(signer)
    if s > P256_N // 2:
        return False
    try:
        key.verify(encode_dss_signature(r, s), digest, ec.ECDSA(_DIGEST))
    except InvalidSignature:
        return False
    return True


def is_signed_by(account: str, digest: bytes, signature: bytes) -> bool:
    """Return whether a compact signature (64 bytes) is that of an account; see `verify_signature`."""
    return verify_signature(to_bytes(hexstr=account), digest, signature)


def canonical_signature(signer: bytes, digest: bytes, signature: bytes) -> bytes | None:
    """Put a signature in the one form that the contracts take for a meter, whatever made it.

    A secure element returns s in the upper half about half the time, and each library writes signatures in
    its own way. What is read here is r ‖ s, the compact form, r ‖ s and one more byte (whatever its value:
    the parity is found by trying), and DER.

    Args:
        signer: ERC-7913 signer bytes, 20 (secp256k1) or 84 (P-256).
        digest: 32 bytes that were signed.
        signature: as the signer returned it.

    Returns:
        64 bytes for which `verify_signature` holds; None if the signature is not the signer's.

    Raises:
        BadInput: signer or digest of another length, or a P-256 signer that is no point of the curve.

    Source:
        N-3; EIP-2098, SEC 1 §4.1.4 (r, n - s verifies as r, s does), RFC 3279 §2.2.3 (DER).
    """
    order = SECP256K1_N if len(signer) == SECP256K1_SIGNER_BYTES else P256_N
    # Both values of the top bit, which in the compact form is the parity; P-256 has no parity.
    parities = (0, _PARITY) if order == SECP256K1_N else (0,)
    tried: list[bytes] = [signature] if len(signature) == 64 else []
    for r, s in _read_pairs(signature):
        for scalar in {s, s % _PARITY} if parities[1:] else {s}:
            if 0 < r < order and 0 < scalar < order:
                low = min(scalar, order - scalar)
                tried += [r.to_bytes(32, "big") + (low | bit).to_bytes(32, "big") for bit in parities]
    return next((form for form in tried if verify_signature(signer, digest, form)), None)


def _read_pairs(signature: bytes) -> list[tuple[int, int]]:
    """Return what r and s may be: of 64 bytes, with or without one byte more, and of DER."""
    pairs = []
    if len(signature) in (64, 65):
        pairs.append((int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")))
    with suppress(ValueError):
        pairs.append(decode_dss_signature(signature))
    return pairs


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
            raise BadInput("the signer is the zero address; it must be the address of a key")
        return
    if len(signer) != P256_SIGNER_BYTES:
        raise BadInput(
            f"the signer must have {SECP256K1_SIGNER_BYTES} bytes (secp256k1) "
            f"or {P256_SIGNER_BYTES} (P-256), not {len(signer)}"
        )
    if p256_verifier is None or signer[:20] != to_bytes(hexstr=p256_verifier):
        only = f"only {p256_verifier} verifies" if p256_verifier else "no contract verifies"
        raise BadInput(f"the signer names the verifier 0x{signer[:20].hex()}; {only} P-256 signatures here")
    _p256_key(signer)


def _p256_key(signer: bytes) -> ec.EllipticCurvePublicKey:
    check_size(signer, "a P-256 signer", P256_SIGNER_BYTES)
    x, y = int.from_bytes(signer[20:52], "big"), int.from_bytes(signer[52:], "big")
    try:
        return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    except ValueError as error:
        raise BadInput(f"the P-256 signer 0x{signer.hex()} names no point of the curve") from error
