"""The certificate of a pseudonymous account: one canonical byte string."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from eth_utils.crypto import keccak

from energy_trading.crypto import ecqv
from energy_trading.crypto.curve import POINT_SIZE, address_of, check_point
from energy_trading.errors import BadInput, RuleBroken
from energy_trading.identity.identity_ciphertext import IDENTITY_CIPHERTEXT_SIZE
from energy_trading.types import Role

CERTIFICATE_VERSION: Final = 1
_HEAD: Final = struct.Struct(f">BBQQ{POINT_SIZE}s")
CERTIFICATE_SIZE: Final = _HEAD.size + IDENTITY_CIPHERTEXT_SIZE


class CertificateExpired(RuleBroken):
    """The moment is outside the certificate's validity.

    Args:
        at: unix seconds asked for.
        valid_from: first second of the validity.
        valid_until: first second after it.
    """

    def __init__(self, at: int, valid_from: int, valid_until: int) -> None:
        super().__init__(f"certificate: given the time {at}, allowed {valid_from} <= time < {valid_until}")
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
        BadInput: no role, an empty or negative validity, or no point.
    """

    roles: Role
    valid_from: int
    valid_until: int
    point: bytes

    def __post_init__(self) -> None:
        """Refuse what does not fit."""
        if not self.roles:
            raise BadInput("roles: given 0, allowed 1 (producer), 2 (consumer), 3 (prosumer)")
        if not 0 <= self.valid_from < self.valid_until < 2**64:
            raise BadInput(
                f"validity: given {self.valid_from} to {self.valid_until}, allowed 0 <= from < until < 2**64"
            )
        check_point(self.point)

    def to_bytes(self) -> bytes:
        """Return version ‖ roles ‖ from ‖ until ‖ point, 51 bytes, big endian."""
        return _HEAD.pack(CERTIFICATE_VERSION, self.roles, self.valid_from, self.valid_until, self.point)

    def check_valid(self, at: int) -> None:
        """Check that a moment is within the validity.

        Args:
            at: unix seconds.

        Raises:
            CertificateExpired: it is not.
        """
        if not self.valid_from <= at < self.valid_until:
            raise CertificateExpired(at, self.valid_from, self.valid_until)


@dataclass(frozen=True)
class Certificate:
    """An ECQV implicit certificate that carries α and no personal data in the clear.

    Args:
        head: what is granted.
        identity_ciphertext: α, 177 bytes.

    Raises:
        BadInput: α has another length.

    Source:
        SEC 4 §3.4; Chen eqs 3–5 with the errata of C-2.
    """

    head: CertificateHead
    identity_ciphertext: bytes

    def __post_init__(self) -> None:
        """Refuse what does not fit."""
        if len(self.identity_ciphertext) != IDENTITY_CIPHERTEXT_SIZE:
            raise BadInput(
                f"identity ciphertext: given {len(self.identity_ciphertext)} bytes, "
                f"allowed {IDENTITY_CIPHERTEXT_SIZE}"
            )

    def to_bytes(self) -> bytes:
        """Return head ‖ α, 228 bytes, the only encoding of this certificate."""
        return self.head.to_bytes() + self.identity_ciphertext

    @classmethod
    def from_bytes(cls, data: bytes) -> Certificate:
        """Read the bytes of `to_bytes` and nothing else.

        Raises:
            BadInput: another length or version, or a field out of range.
        """
        if len(data) != CERTIFICATE_SIZE:
            raise BadInput(f"certificate: given {len(data)} bytes, allowed {CERTIFICATE_SIZE}")
        version, roles, valid_from, valid_until, point = _HEAD.unpack_from(data)
        if version != CERTIFICATE_VERSION:
            raise BadInput(f"certificate version: given {version}, allowed {CERTIFICATE_VERSION}")
        if not 1 <= roles <= Role.PROSUMER:
            raise BadInput(f"roles: given {roles}, allowed 1 (producer), 2 (consumer), 3 (prosumer)")
        return cls(CertificateHead(Role(roles), valid_from, valid_until, point), data[_HEAD.size :])

    @property
    def hash(self) -> bytes:
        """certificateHash of the contract: keccak256 of the bytes."""
        return keccak(self.to_bytes())

    def public_key(self, issue_key: bytes) -> bytes:
        """Compute the account's public key, 33 bytes, as anyone.

        Args:
            issue_key: PK_PKG, 33 bytes.

        Raises:
            BadInput: the key is no point.

        Source:
            SEC 4 §3.5 (C-2).
        """
        return ecqv.reconstruct_public_key(self.to_bytes(), self.head.point, issue_key)

    def account(self, issue_key: bytes) -> str:
        """Compute the account address, as anyone.

        Args:
            issue_key: PK_PKG, 33 bytes.

        Raises:
            BadInput: the key is no point.

        Source:
            Chen eq 1 (C-3).
        """
        return address_of(self.public_key(issue_key))
