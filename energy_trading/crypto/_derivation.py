"""Derivation of every key of an authority from its one root, so that one encrypted file holds them all."""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from energy_trading.crypto.keys import SECP256K1_N, SecretKey


def derive_key(root: SecretKey, purpose: str) -> SecretKey:
    """Derive the key for one purpose. It reveals neither the root nor the key of any other purpose.

    Args:
        root: the authority's root key.
        purpose: authority and use, such as "PKG/trace" (PKG is the private key generator).

    Source:
        RFC 5869; 384 bits before the reduction leave no measurable bias (NIST SP 800-56A §5.6.1.2.1).
    """
    info = b"energy-trading/derive/1/" + purpose.encode()
    wide = HKDF(algorithm=SHA256(), length=48, salt=None, info=info).derive(root.reveal())
    return SecretKey.from_int(int.from_bytes(wide, "big") % (SECP256K1_N - 1) + 1)
