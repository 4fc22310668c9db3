"""Chaum–Pedersen proofs of DLEQ (discrete logarithm equality): two points, each to its own base."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from energy_trading.crypto._curve import GENERATOR, add, check_point, hash_to_scalar, multiply, negate
from energy_trading.crypto.keys import SECP256K1_N, SecretKey, check_size
from energy_trading.errors import BadInput

PROOF_SIZE: Final = 64


@dataclass(frozen=True)
class DleqProof:
    """A proof that log_G(public key) = log_base(image), without interaction.

    With base = G this is Schnorr's proof that the prover knows the secret key.

    Args:
        challenge: 1 … n-1, the hash of the whole transcript.
        response: 1 … n-1.

    Raises:
        BadInput: a scalar is out of range.
    """

    challenge: int
    response: int

    def __post_init__(self) -> None:
        for name, scalar in (("challenge", self.challenge), ("response", self.response)):
            if not 0 < scalar < SECP256K1_N:
                raise BadInput(f"the {name} must be between 1 and n-1, not {scalar:#x}")

    def to_bytes(self) -> bytes:
        """Return challenge ‖ response, 64 bytes."""
        return self.challenge.to_bytes(32, "big") + self.response.to_bytes(32, "big")

    @classmethod
    def from_bytes(cls, data: bytes) -> DleqProof:
        """Read the 64 bytes of `to_bytes`.

        Raises:
            BadInput: the length is another, or a scalar is out of range.
        """
        check_size(data, "the proof", PROOF_SIZE)
        return cls(int.from_bytes(data[:32], "big"), int.from_bytes(data[32:], "big"))


def prove(secret_key: SecretKey, base: bytes, context: bytes) -> DleqProof:
    """Prove that secret key · base was computed with the secret key of the public key.

    Args:
        secret_key: the common logarithm of both points.
        base: 33 bytes.
        context: what the proof is for; part of the transcript.

    Raises:
        BadInput: the base is not a point of the curve.

    Source:
        Chaum and Pedersen, CRYPTO '92 §3.2, made non-interactive by Fiat–Shamir (C-10).
    """
    image = secret_key.multiply(check_point(base))
    nonce = SecretKey.generate()
    challenge = _challenge(
        secret_key.public_key, base, image, nonce.public_key, nonce.multiply(base), context
    )
    secret = int.from_bytes(secret_key.reveal(), "big")
    response = (int.from_bytes(nonce.reveal(), "big") + challenge * secret) % SECP256K1_N
    return DleqProof(challenge, response)


def verify(proof: DleqProof, public_key: bytes, base: bytes, image: bytes, context: bytes) -> bool:
    """Return whether a proof holds.

    Args:
        proof: from `prove`.
        public_key: secret · G, 33 bytes.
        base: 33 bytes.
        image: claimed secret · base, 33 bytes.
        context: as given to `prove`.

    Raises:
        BadInput: one of the points is malformed.

    Source:
        Chaum and Pedersen, CRYPTO '92 §3.2 (C-10).
    """
    for point in (public_key, base, image):
        check_point(point)
    try:
        commitments = [
            add(multiply(proof.response, origin), negate(multiply(proof.challenge, target)))
            for origin, target in ((GENERATOR, public_key), (base, image))
        ]
    except BadInput:
        # A commitment at infinity means that the nonce was 0, which no honest prover draws.
        return False
    return proof.challenge == _challenge(public_key, base, image, *commitments, context)


def _challenge(*transcript: bytes) -> int:
    return hash_to_scalar("energy-trading/dleq/1", GENERATOR, *transcript)
