"""The group operations over secp256k1 that the schemes share; points are 33 bytes, scalars are integers."""

from __future__ import annotations

from hashlib import sha512
from typing import Final

from coincurve import PublicKey

from energy_trading.crypto.keys import SECP256K1_N
from energy_trading.errors import BadInput
from energy_trading.types._keccak import eip55, keccak

POINT_SIZE: Final = 33
GENERATOR: Final = bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")


def check_point(point: bytes) -> bytes:
    """Return a point unchanged if it has the one encoding that is accepted.

    Args:
        point: 33 bytes, compressed; the point at infinity has no such encoding.

    Raises:
        BadInput: the bytes have another length or form, or are not a point of the curve.

    Source:
        SEC 1 §2.3.4.
    """
    _load(point)
    return point


def add(*points: bytes) -> bytes:
    """Return the sum of the points, 33 bytes.

    Raises:
        BadInput: a point is malformed, or the sum is the point at infinity.
    """
    loaded = [_load(point) for point in points]
    try:
        return PublicKey.combine_keys(loaded).format(compressed=True)
    except ValueError as error:
        raise BadInput("the points sum to the point at infinity, which has no encoding") from error


def negate(point: bytes) -> bytes:
    """Return -point, 33 bytes.

    Raises:
        BadInput: the point is malformed.
    """
    return bytes([check_point(point)[0] ^ 1]) + point[1:]


def multiply(scalar: int, point: bytes) -> bytes:
    """Return scalar · point, 33 bytes. Use `SecretKey.multiply` for a secret scalar.

    Args:
        scalar: 1 … n-1.
        point: 33 bytes.

    Raises:
        BadInput: the scalar is out of range or the point malformed.
    """
    if not 0 < scalar < SECP256K1_N:
        raise BadInput("the scalar must be between 1 and n-1")
    return _load(point).multiply(scalar.to_bytes(32, "big")).format(compressed=True)


def hash_to_scalar(domain: str, *parts: bytes) -> int:
    """Return a scalar in 0 … n-1 that depends on the domain, on every part and on the length of each part.

    Args:
        domain: name of the use, so that no two uses share a hash.
        parts: the transcript, in order.

    Source:
        RFC 9380 §5.2 for the 512-bit reduction, which leaves no measurable bias.
    """
    digest = sha512()
    for part in (domain.encode(), *parts):
        digest.update(len(part).to_bytes(8, "big") + part)
    return int.from_bytes(digest.digest(), "big") % SECP256K1_N


def address_of(point: bytes) -> str:
    """Return the EIP-55 account address of a public key (txAddr).

    Args:
        point: 33 bytes.

    Raises:
        BadInput: the point is malformed.

    Source:
        Chen eq 1 (C-3); yellow paper appendix F.
    """
    return eip55(keccak(_load(point).format(compressed=False)[1:])[12:])


def _load(point: bytes) -> PublicKey:
    if len(point) != POINT_SIZE or point[0] not in (2, 3):
        raise BadInput(f"a point must be 33 bytes that begin with 02 or 03, not 0x{point.hex()}")
    try:
        return PublicKey(point)
    except ValueError as error:
        raise BadInput(f"0x{point.hex()} is not a point of secp256k1") from error
