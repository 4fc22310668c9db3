"""Derivation of every key of an authority from its one root, so that one encrypted file holds them all."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from energy_trading.crypto._signatures import P256_N
from energy_trading.crypto.keys import SECP256K1_N, SecretKey


def derive_key(root: SecretKey, purpose: str) -> SecretKey:
    """Derive the key for one purpose. It reveals neither the root nor the key of any other purpose.

    Args:
        root: the authority's root key.
        purpose: authority and use, such as "PKG/trace" (PKG is the private key generator).

    Source:
        RFC 5869; 384 bits before the reduction leave no measurable bias (NIST SP 800-56A §5.6.1.2.1).
    """
    wide = _expand(root, b"energy-trading/derive/1/" + purpose.encode())
    return SecretKey.from_int(wide % (SECP256K1_N - 1) + 1)


def derive_p256_key(root: SecretKey, purpose: str) -> ec.EllipticCurvePrivateKey:
    """Derive a key on P-256 for one purpose, for X.509 and TLS (transport layer security).

    Args:
        root: the authority's root key.
        purpose: authority and use, such as "council/certificate".

    Source:
        As `derive_key`.
    """
    wide = _expand(root, b"energy-trading/derive-p256/1/" + purpose.encode())
    return ec.derive_private_key(wide % (P256_N - 1) + 1, ec.SECP256R1())


def _expand(root: SecretKey, info: bytes) -> int:
    wide = HKDF(algorithm=SHA256(), length=48, salt=None, info=info).derive(root.reveal())
    return int.from_bytes(wide, "big")
