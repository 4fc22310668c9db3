"""ECQV (elliptic curve Qu–Vanstone) certificates: the CA (certificate authority) never learns the key."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from energy_trading.crypto._curve import add, multiply
from energy_trading.crypto.keys import SECP256K1_N, SecretKey
from energy_trading.errors import BadInput, Forged


class WrongCertificate(Forged):
    """The certificate, the contribution, the request and the CA's key do not belong together."""

    def __init__(self) -> None:
        super().__init__("the certificate does not fit the request, the answer and the CA's key")


def issue(ca: SecretKey, request: bytes, certify: Callable[[bytes], bytes]) -> tuple[bytes, int]:
    """Issue a certificate for a request, as the CA.

    Args:
        ca: the CA's key.
        request: the requester's public key, 33 bytes. Its secret half stays with the requester.
        certify: writes the certificate around the reconstruction point (33 bytes) that it receives.

    Returns:
        The certificate as written, and the contribution (0 … n-1) to the requester's key,
        which is worthless without the secret half of the request.

    Raises:
        BadInput: the request is not a point of the curve.

    Source:
        SEC 4 §3.4 (C-2, errata).
    """
    # Safe: each certificate has a fresh blind. Using one twice would give away the CA's key.
    blind = SecretKey.generate()
    certificate = certify(add(request, blind.public_key))
    secret, ca_secret = (int.from_bytes(key.reveal(), "big") for key in (blind, ca))
    return certificate, (_digest(certificate) * secret + ca_secret) % SECP256K1_N


def reconstruct_public_key(certificate: bytes, point: bytes, ca_public_key: bytes) -> bytes:
    """Compute the certified public key (33 bytes), as anyone can.

    Args:
        certificate: all its bytes.
        point: the reconstruction point in it, 33 bytes.
        ca_public_key: 33 bytes.

    Raises:
        BadInput: a point is malformed, or the result is the point at infinity.

    Source:
        SEC 4 §3.5.
    """
    return add(multiply(_digest(certificate), point), ca_public_key)


def reconstruct_secret_key(
    request: SecretKey, contribution: int, certificate: bytes, point: bytes, ca_public_key: bytes
) -> SecretKey:
    """Compute the certified secret key, as the requester.

    Args:
        request: the key whose public half was the request.
        contribution: the CA's, 0 … n-1.
        certificate: all its bytes.
        point: the reconstruction point in it, 33 bytes.
        ca_public_key: 33 bytes.

    Raises:
        BadInput: the contribution is out of range, or a point is malformed.
        WrongCertificate: the result is not the key that the certificate certifies.

    Source:
        SEC 4 §3.6.
    """
    if not 0 <= contribution < SECP256K1_N:
        raise BadInput("the contribution must be between 0 and n-1")
    scalar = (_digest(certificate) * int.from_bytes(request.reveal(), "big") + contribution) % SECP256K1_N
    certified = reconstruct_public_key(certificate, point, ca_public_key)
    if scalar == 0 or (key := SecretKey.from_int(scalar)).public_key != certified:
        raise WrongCertificate
    return key


def _digest(certificate: bytes) -> int:
    # SEC 4 §2.3 takes the leftmost ⌊log2 n⌋ = 255 bits.
    return int.from_bytes(sha256(certificate).digest(), "big") >> 1
