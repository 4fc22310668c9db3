"""Chen's key issue exactly as printed, to show what is wrong with it.

A live PKG (private key generator) never does this.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from energy_trading.crypto import ecies
from energy_trading.crypto._curve import hash_to_scalar, multiply
from energy_trading.crypto.keys import SECP256K1_N, SecretKey
from energy_trading.identity.identity_ciphertext import canonical_identity

_CONTEXT = b"energy-trading/as-printed/1"


@dataclass(frozen=True)
class PrintedIssue:
    """What PKG holds after an issue by eqs 3–5.

    Args:
        secret_key: priK, which PKG knows and hands to the user.
        identity_ciphertext: α. The user must never see it: s = priK · hash(ID‖α)^-1 mod n.
    """

    secret_key: SecretKey
    identity_ciphertext: bytes = field(repr=False)


def issue_as_printed(master: SecretKey, identity: str, dso_public_key: bytes) -> PrintedIssue:
    """Issue a key by the paper's equations.

    Args:
        master: s, a key that is used for nothing else.
        identity: ID.
        dso_public_key: PK_DSO of the distribution system operator, who alone can open this α, 33 bytes.

    Raises:
        BadInput: the identity cannot be spelled canonically, or the key is not a point of the curve.

    Source:
        Chen eqs 3–5 (C-2).
    """
    alpha = ecies.encrypt(dso_public_key, canonical_identity(identity).encode(), _CONTEXT)
    scalar = int.from_bytes(master.reveal(), "big") * identity_hash(identity, alpha) % SECP256K1_N
    return PrintedIssue(SecretKey.from_int(scalar), alpha)


def trace_as_printed(
    dso: SecretKey, master_public_key: bytes, public_key: bytes, identity_ciphertext: bytes
) -> str | None:
    """Find the identity behind a key by the paper's equations.

    Args:
        dso: the DSO's key.
        master_public_key: PK_PKG = s·P, 33 bytes.
        public_key: pubK of the account in dispute, 33 bytes.
        identity_ciphertext: α, from PKG.

    Returns:
        ID if pubK = hash(ID‖α)·PK_PKG, so that the key belongs to the identity; otherwise None.

    Raises:
        DecryptionFailed: α is not for this DSO.

    Source:
        Chen §V.B (C-10), with eqs 4–5.
    """
    identity = ecies.decrypt(dso, identity_ciphertext, _CONTEXT).decode()
    scalar = identity_hash(identity, identity_ciphertext)
    return identity if multiply(scalar, master_public_key) == public_key else None


def identity_hash(identity: str, identity_ciphertext: bytes) -> int:
    """Return hash(ID‖α), a scalar that anyone who knows both can compute."""
    name = canonical_identity(identity).encode()
    return hash_to_scalar("energy-trading/as-printed/1", name, identity_ciphertext)
