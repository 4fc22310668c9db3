"""ECQV implicit certificates."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py_ecc.secp256k1 import secp256k1 as referee

from energy_trading.crypto import ecqv
from energy_trading.crypto.keys import SECP256K1_N, SecretKey
from energy_trading.errors import BadInput

CA = SecretKey.generate()
REQUEST = SecretKey.generate()


def issued() -> tuple[bytes, int, bytes]:
    certificate, contribution = ecqv.issue(CA, REQUEST.public_key, lambda point: b"subject" + point)
    return certificate, contribution, certificate[7:]


@settings(max_examples=20)
@given(st.integers(1, SECP256K1_N - 1), st.integers(1, SECP256K1_N - 1), st.binary(max_size=60))
def test_both_sides_reach_one_key_pair(ca: int, request_secret: int, info: bytes) -> None:
    """C-2: the requester's secret key belongs to the public key anyone computes (SEC 4 §3)."""
    authority, request = SecretKey.from_int(ca), SecretKey.from_int(request_secret)
    certificate, contribution = ecqv.issue(authority, request.public_key, lambda point: point + info)
    point = certificate[:33]
    key = ecqv.reconstruct_secret_key(request, contribution, certificate, point, authority.public_key)
    assert key.public_key == ecqv.reconstruct_public_key(certificate, point, authority.public_key)


def test_public_key_equals_an_independent_computation() -> None:
    """C-2: Q = e·P + Q_CA with e the leftmost 255 bits of SHA-256, in py_ecc's arithmetic (SEC 4 §3.5)."""
    certificate, _, point = issued()
    x = int.from_bytes(point[1:], "big")
    y = pow(x**3 + 7, (referee.P + 1) // 4, referee.P)
    y = y if y % 2 == point[0] - 2 else referee.P - y
    digest = int.from_bytes(sha256(certificate).digest(), "big") // 2
    ca_point = referee.multiply(referee.G, int.from_bytes(CA.reveal(), "big"))
    expected = referee.add(referee.multiply((x, y), digest), ca_point)
    given = ecqv.reconstruct_public_key(certificate, point, CA.public_key)
    assert given == bytes([2 + expected[1] % 2]) + expected[0].to_bytes(32, "big")


def test_blind_is_fresh() -> None:
    """C-2: two certificates for one request differ, so the CA's key cannot be solved for."""
    assert issued()[2] != issued()[2]


def test_contribution_is_not_the_key() -> None:
    """C-2, errata: what the CA knows (contribution, its own key, the blinded point) is not the user's key."""
    certificate, contribution, point = issued()
    key = ecqv.reconstruct_secret_key(REQUEST, contribution, certificate, point, CA.public_key)
    assert int.from_bytes(key.reveal(), "big") != contribution
    assert key not in (CA, REQUEST)


@pytest.mark.parametrize("wrong", ["request", "contribution", "certificate", "ca"])
def test_revert_given_parts_that_do_not_belong_together(wrong: str) -> None:
    """C-2: a wrong request, contribution, certificate or CA is noticed by the requester."""
    certificate, contribution, point = issued()
    request, ca = REQUEST, CA.public_key
    if wrong == "request":
        request = SecretKey.generate()
    if wrong == "contribution":
        contribution = (contribution + 1) % SECP256K1_N
    if wrong == "certificate":
        certificate = b"SUBJECT" + point
    if wrong == "ca":
        ca = SecretKey.generate().public_key
    with pytest.raises(ecqv.WrongCertificate) as error:
        ecqv.reconstruct_secret_key(request, contribution, certificate, point, ca)
    assert str(error.value) == ("the certificate does not fit the request, the answer and the CA's key")


def test_revert_given_contribution_that_makes_the_key_zero() -> None:
    """C-2: a contribution of -e·k would make the secret key 0, which is no key."""
    certificate, _, point = issued()
    digest = int.from_bytes(sha256(certificate).digest(), "big") // 2
    contribution = -digest * int.from_bytes(REQUEST.reveal(), "big") % SECP256K1_N
    with pytest.raises(ecqv.WrongCertificate):
        ecqv.reconstruct_secret_key(REQUEST, contribution, certificate, point, CA.public_key)


@pytest.mark.parametrize("contribution", [-1, SECP256K1_N])
def test_revert_given_contribution_out_of_range(contribution: int) -> None:
    """C-2: the contribution is a scalar mod n."""
    certificate, _, point = issued()
    with pytest.raises(BadInput) as error:
        ecqv.reconstruct_secret_key(REQUEST, contribution, certificate, point, CA.public_key)
    assert str(error.value) == "the contribution must be between 0 and n-1"


def test_revert_given_request_at_infinity() -> None:
    """C-2: a request that is no point is refused before anything is signed."""
    with pytest.raises(BadInput) as error:
        ecqv.issue(CA, bytes(33), lambda point: point)
    assert str(error.value) == f"a point must be 33 bytes that begin with 02 or 03, not 0x{'00' * 33}"
