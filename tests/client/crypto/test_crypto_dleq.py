"""Chaum–Pedersen proofs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_trading.crypto import _dleq as dleq
from energy_trading.crypto._curve import GENERATOR, add, multiply, negate
from energy_trading.crypto._dleq import DleqProof, prove, verify
from energy_trading.crypto.keys import SECP256K1_N, SecretKey
from energy_trading.errors import BadInput

KEY, OTHER = SecretKey.generate(), SecretKey.generate()
BASE = SecretKey.generate().public_key
IMAGE = KEY.multiply(BASE)


@settings(max_examples=20)
@given(st.integers(1, SECP256K1_N - 1), st.integers(1, SECP256K1_N - 1), st.binary(max_size=40))
def test_honest_proof_holds(secret: int, base: int, context: bytes) -> None:
    """C-10: whoever knows the common logarithm can prove it, for every base and context."""
    key, point = SecretKey.from_int(secret), multiply(base, GENERATOR)
    proof = DleqProof.from_bytes(prove(key, point, context).to_bytes())
    assert verify(proof, key.public_key, point, key.multiply(point), context)


@pytest.mark.parametrize(
    ("public_key", "base", "image", "context"),
    [
        (OTHER.public_key, BASE, IMAGE, b"case"),
        (KEY.public_key, OTHER.public_key, IMAGE, b"case"),
        (KEY.public_key, BASE, OTHER.multiply(BASE), b"case"),
        (KEY.public_key, BASE, IMAGE, b"another case"),
        (KEY.public_key, IMAGE, BASE, b"case"),
    ],
    ids=["public key", "base", "image", "context", "swapped"],
)
def test_proof_fails_for_another_statement(
    public_key: bytes, base: bytes, image: bytes, context: bytes
) -> None:
    """C-10: the whole statement is in the transcript, so a proof serves one statement only."""
    proof = prove(KEY, BASE, b"case")
    assert verify(proof, KEY.public_key, BASE, IMAGE, b"case")
    assert not verify(proof, public_key, base, image, context)


def test_proof_of_a_false_statement_fails() -> None:
    """C-10: running the prover with a key that is not the image's convinces nobody."""
    assert not verify(prove(OTHER, BASE, b""), KEY.public_key, BASE, IMAGE, b"")
    assert not verify(prove(OTHER, BASE, b""), OTHER.public_key, BASE, IMAGE, b"")


def test_image_cannot_be_fitted_to_a_challenge() -> None:
    """C-10: a holder who picks the commitments first and solves for a false image convinces nobody."""
    nonce, secret = 11, int.from_bytes(KEY.reveal(), "big")
    crooked = add(multiply(nonce, BASE), GENERATOR)
    challenge = dleq._challenge(KEY.public_key, BASE, IMAGE, multiply(nonce, GENERATOR), crooked, b"")
    response = (nonce + challenge * secret) % SECP256K1_N
    inverse = pow(challenge, -1, SECP256K1_N)
    image = multiply(inverse, add(multiply(response, BASE), negate(crooked)))
    # Both equations of the verifier hold for this image; only the transcript tells.
    assert add(multiply(response, BASE), negate(multiply(challenge, image))) == crooked
    assert image != IMAGE
    assert not verify(DleqProof(challenge, response), KEY.public_key, BASE, image, b"")


def test_changed_proof_fails() -> None:
    """C-10: no bit of challenge or response can be changed."""
    proof = prove(KEY, BASE, b"").to_bytes()
    for place in range(64):
        changed = bytearray(proof)
        changed[place] ^= 1
        assert not verify(DleqProof.from_bytes(bytes(changed)), KEY.public_key, BASE, IMAGE, b"")


def test_two_proofs_never_share_their_nonce() -> None:
    """C-10: two proofs with one nonce would give the secret away; the nonces differ."""
    first, second = prove(KEY, BASE, b"1"), prove(KEY, BASE, b"2")
    secret = int.from_bytes(KEY.reveal(), "big")
    nonces = {(proof.response - proof.challenge * secret) % SECP256K1_N for proof in (first, second)}
    assert len(nonces) == 2


@pytest.mark.parametrize("scalar", [0, SECP256K1_N, 2**256 - 1])
def test_revert_given_scalar_out_of_range(scalar: int) -> None:
    """C-10: a proof has one encoding; zero and values from n on are refused."""
    with pytest.raises(BadInput) as error:
        DleqProof.from_bytes((1).to_bytes(32, "big") + scalar.to_bytes(32, "big"))
    assert str(error.value) == f"the response must be between 1 and n-1, not {scalar:#x}"
    with pytest.raises(BadInput) as error:
        DleqProof.from_bytes(scalar.to_bytes(32, "big") + (1).to_bytes(32, "big"))
    assert str(error.value) == f"the challenge must be between 1 and n-1, not {scalar:#x}"


def test_revert_given_short_proof() -> None:
    """C-10: a proof is 64 bytes."""
    with pytest.raises(BadInput) as error:
        DleqProof.from_bytes(bytes(63))
    assert str(error.value) == "the proof must have 64 bytes, not 63"


def test_commitment_at_infinity_fails() -> None:
    """C-10: z = c·k makes both commitments infinite; it is no proof, nor a crash."""
    challenge = 7
    response = challenge * int.from_bytes(KEY.reveal(), "big") % SECP256K1_N
    assert not verify(DleqProof(challenge, response), KEY.public_key, BASE, IMAGE, b"")


def test_revert_given_image_at_infinity() -> None:
    """C-10: a statement about a point that is none is an error of the caller."""
    with pytest.raises(BadInput) as error:
        verify(prove(KEY, BASE, b""), KEY.public_key, BASE, bytes(33), b"")
    assert str(error.value) == f"a point must be 33 bytes that begin with 02 or 03, not 0x{'00' * 33}"
