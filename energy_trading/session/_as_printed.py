"""Chen's session key exactly as printed, to show what is wrong with it. No live session uses it."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

from energy_trading.crypto import ecies
from energy_trading.crypto.keys import SECP256K1_N, SecretKey

_CONTEXT = b"energy-trading/session-as-printed/1"


@dataclass(frozen=True)
class PrintedHello:
    """What each side sends: a public key, a ciphertext, and a hash that anybody can compute.

    Args:
        public_key: pubK = κ·P, 33 bytes.
        box: C = encrypt(γ, the other side's pubK).
        box_hash: hash(C), 32 bytes.
    """

    public_key: bytes
    box: bytes = field(repr=False)
    box_hash: bytes = field(repr=False)


def hello_as_printed(key: SecretKey, gamma: SecretKey, peer_public_key: bytes) -> PrintedHello:
    """Make one side's message of the handshake.

    Args:
        key: a fresh κ.
        gamma: a fresh γ.
        peer_public_key: the other side's pubK, 33 bytes, believed without proof.

    Raises:
        BadInput: the peer's key is not a point of the curve.

    Source:
        Chen §IV.D, steps 3–5 (C-5).
    """
    box = ecies.encrypt(peer_public_key, gamma.reveal(), _CONTEXT)
    return PrintedHello(key.public_key, box, sha256(box).digest())


def session_key_as_printed(key: SecretKey, gamma: SecretKey, hello: PrintedHello) -> bytes:
    """Compute K = Hash(κ · pubK' ‖ γ · γ'), 32 bytes, from the other side's message.

    Args:
        key: this side's κ.
        gamma: this side's γ.
        hello: the other side's message.

    Raises:
        BadInput: a point is malformed.
        DecryptionFailed: the ciphertext was not made for this key.

    Source:
        Chen eqs 6–7 (C-5).
    """
    peer_gamma = int.from_bytes(ecies.decrypt(key, hello.box, _CONTEXT), "big")
    product = int.from_bytes(gamma.reveal(), "big") * peer_gamma % SECP256K1_N
    return sha256(key.multiply(hello.public_key) + product.to_bytes(32, "big")).digest()
