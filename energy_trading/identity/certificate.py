"""The certificate of a pseudonymous account, which is one canonical byte string.

PKG (private key generator) issues it by ECQV (elliptic curve Qu–Vanstone, an implicit certificate).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from eth_utils.crypto import keccak

from energy_trading.crypto import ecqv
from energy_trading.crypto._curve import POINT_SIZE, address_of, check_point
from energy_trading.crypto.keys import check_size
from energy_trading.errors import BadInput, RuleBroken
from energy_trading.identity.identity_ciphertext import IDENTITY_CIPHERTEXT_SIZE
from energy_trading.types import Role

CERTIFICATE_VERSION: Final = 1
_HEAD: Final = struct.Struct(f">BBQQ{POINT_SIZE}s")
CERTIFICATE_SIZE: Final = _HEAD.size + IDENTITY_CIPHERTEXT_SIZE


class CertificateExpired(RuleBroken):
    """The time is outside the validity of the certificate.

    Args:
        at: time asked for, unix seconds.
        valid_from: first second of the validity.
        valid_until: first second after it.
    """

    def __init__(self, at: int, valid_from: int, valid_until: int) -> None:
        super().__init__(
            f"the certificate is valid for {valid_from} <= time < {valid_until}, not at {at} (unix seconds)"
        )
        self.at = at
        self.valid_from = valid_from
        self.valid_until = valid_until


@dataclass(frozen=True)
class CertificateHead:
    """What PKG grants, and the point that makes the certificate unique.

    Args:
        roles: at least one.
        valid_from: unix seconds, first second.
        valid_until: unix seconds, half open, below 2**64.
        point: ECQV reconstruction point, 33 bytes.

    Raises:
        BadInput: there is no role, the validity is empty or negative, or the point is not on the curve.
    """

    roles: Role
    valid_from: int
    valid_until: int
    point: bytes

    def __post_init__(self) -> None:
        if not self.roles:
            raise BadInput("roles must be 1 (producer), 2 (consumer) or 3 (prosumer), not 0")
        if not 0 <= self.valid_from < self.valid_until < 2**64:
            raise BadInput(
                f"the validity must be 0 <= from < until < 2**64, not {self.valid_from} to {self.valid_until}"
            )
        check_point(self.point)

    def to_bytes(self) -> bytes:
        """Return version ‖ roles ‖ from ‖ until ‖ point, 51 bytes, big endian."""
        return _HEAD.pack(CERTIFICATE_VERSION, self.roles, self.valid_from, self.valid_until, self.point)

    def check_valid(self, at: int) -> None:
        """Check that a time is within the validity.

        Args:
            at: unix seconds.

        Raises:
            CertificateExpired: the time is outside it.
        """
        if not self.valid_from <= at < self.valid_until:
            raise CertificateExpired(at, self.valid_from, self.valid_until)


@dataclass(frozen=True)
class Certificate:
    """An ECQV implicit certificate that carries α and no personal data in the clear.

    Args:
        head: what is granted.
        identity_ciphertext: α, the encrypted identity, 177 bytes.

    Raises:
        BadInput: α has another length.

    Source:
        SEC 4 §3.4; Chen eqs 3–5 with the errata of C-2.
    """

    head: CertificateHead
    identity_ciphertext: bytes

    def __post_init__(self) -> None:
        check_size(self.identity_ciphertext, "the identity ciphertext", IDENTITY_CIPHERTEXT_SIZE)

    def to_bytes(self) -> bytes:
        """Return head ‖ α, 228 bytes, the only encoding of this certificate."""
        return self.head.to_bytes() + self.identity_ciphertext

    @classmethod
    def from_bytes(cls, data: bytes) -> Certificate:
        """Read the bytes of `to_bytes` and nothing else.

        Raises:
            BadInput: the length or version is another, or a field is out of range.
        """
        check_size(data, "the certificate", CERTIFICATE_SIZE)
        version, roles, valid_from, valid_until, point = _HEAD.unpack_from(data)
        if version != CERTIFICATE_VERSION:
            raise BadInput(f"the certificate version must be {CERTIFICATE_VERSION}, not {version}")
        if not 1 <= roles <= Role.PROSUMER:
            raise BadInput(f"roles must be 1 (producer), 2 (consumer) or 3 (prosumer), not {roles}")
        return cls(CertificateHead(Role(roles), valid_from, valid_until, point), data[_HEAD.size :])

    @property
    def hash(self) -> bytes:
        """The certificateHash of the contract, which is the keccak256 of the bytes."""
        return keccak(self.to_bytes())

    def public_key(self, issue_key: bytes) -> bytes:
        """Compute the account's public key, 33 bytes, as anyone can.

        Args:
            issue_key: PK_PKG, 33 bytes.

        Raises:
            BadInput: the key is not a point of the curve.

        Source:
            SEC 4 §3.5 (C-2).
        """
        return ecqv.reconstruct_public_key(self.to_bytes(), self.head.point, issue_key)

    def account(self, issue_key: bytes) -> str:
        """Compute the account's address, as anyone can.

        Args:
            issue_key: PK_PKG, 33 bytes.

        Raises:
            BadInput: the key is not a point of the curve.

        Source:
            Chen eq 1 (C-3).
        """
        return address_of(self.public_key(issue_key))
