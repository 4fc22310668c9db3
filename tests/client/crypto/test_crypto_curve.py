"""Group operations over secp256k1."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py_ecc.secp256k1 import secp256k1 as referee

from energy_trading.crypto._curve import (
    GENERATOR,
    add,
    address_of,
    check_point,
    hash_to_scalar,
    multiply,
    negate,
)
from energy_trading.crypto.keys import SECP256K1_N, SecretKey
from energy_trading.errors import BadInput

scalars = st.integers(1, SECP256K1_N - 1)


def compressed(point: tuple[int, int]) -> bytes:
    return bytes([2 + point[1] % 2]) + point[0].to_bytes(32, "big")


@settings(max_examples=20)
@given(scalars, scalars)
def test_operations_equal_an_independent_implementation(a: int, b: int) -> None:
    """C-1: add, multiply and negate agree with py_ecc's affine arithmetic."""
    left, right = referee.multiply(referee.G, a), referee.multiply(referee.G, b)
    assert multiply(a, GENERATOR) == compressed(left)
    assert multiply(b, multiply(a, GENERATOR)) == compressed(referee.multiply(left, b))
    assert negate(compressed(left)) == compressed((left[0], referee.P - left[1]))
    if a not in (b, SECP256K1_N - b):
        assert add(compressed(left), compressed(right)) == compressed(referee.add(left, right))


def test_address_of_the_generator() -> None:
    """C-3: txAddr of key 1 is the address every Ethereum library knows for it."""
    assert address_of(GENERATOR) == "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"


@pytest.mark.parametrize("scalar", [0, SECP256K1_N, -1])
def test_revert_given_scalar_out_of_range(scalar: int) -> None:
    """C-1: zero and everything from n on are no scalars; the value is not repeated."""
    with pytest.raises(BadInput) as error:
        multiply(scalar, GENERATOR)
    assert str(error.value) == "the scalar must be between 1 and n-1"


def test_revert_given_sum_at_infinity() -> None:
    """C-1: P - P has no encoding and is refused."""
    with pytest.raises(BadInput) as error:
        add(GENERATOR, negate(GENERATOR))
    assert str(error.value) == "the points sum to the point at infinity, which has no encoding"


@pytest.mark.parametrize(
    "point",
    [
        b"\0",  # SEC 1's encoding of the point at infinity
        bytes(33),
        GENERATOR + b"\0",
        b"\4" + GENERATOR[1:],
        b"\4" + b"".join(c.to_bytes(32, "big") for c in referee.G),
        b"\6" + b"".join(c.to_bytes(32, "big") for c in referee.G),
    ],
)
def test_revert_given_other_encoding(point: bytes) -> None:
    """C-1: only the compressed form is accepted, so that a point has one encoding."""
    with pytest.raises(BadInput) as error:
        check_point(point)
    assert str(error.value) == f"a point must be 33 bytes that begin with 02 or 03, not 0x{point.hex()}"


@pytest.mark.parametrize("x", [0, 5, referee.P, referee.P + 1])
def test_revert_given_x_off_the_curve(x: int) -> None:
    """C-1: an x without a y, or one not reduced mod p, is refused."""
    point = b"\2" + x.to_bytes(32, "big")
    with pytest.raises(BadInput) as error:
        check_point(point)
    assert str(error.value) == f"0x{point.hex()} is not a point of secp256k1"


def test_hash_to_scalar_separates_domains_and_parts() -> None:
    """C-2: moving a byte between parts or changing the domain changes the scalar."""
    transcripts = [
        ("a", b"bc", b"d"),
        ("a", b"b", b"cd"),
        ("a", b"bcd"),
        ("ab", b"c", b"d"),
        ("a", b"", b"bcd"),
    ]
    hashed = {hash_to_scalar(domain, *parts) for domain, *parts in transcripts}
    assert len(hashed) == len(transcripts)
    assert all(0 < scalar < SECP256K1_N for scalar in hashed)


@settings(max_examples=20)
@given(scalars, scalars)
def test_secret_multiplication_commutes(a: int, b: int) -> None:
    """C-5: both sides of a Diffie–Hellman exchange reach the same point."""
    left, right = SecretKey.from_int(a), SecretKey.from_int(b)
    assert left.multiply(right.public_key) == right.multiply(left.public_key)
