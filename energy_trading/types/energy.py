"""The energy of an offer: a quantity in the open, or a commitment that hides it (N-5)."""

from __future__ import annotations

from typing import Final

from eth_utils.crypto import keccak

from energy_trading.errors import BadInput

PLAIN_ENERGY_LIMIT: Final = 2**64
"""A 32-byte energy below this number is a quantity in Wh. From this number on it is a commitment."""


class Energy(bytes):
    """The 32 bytes that stand for energy in the terms of an offer and in a receipt.

    It is a value: two of them are equal when their bytes are, and they can be used wherever bytes can.

    Source:
        Nazari §III.C (contract hash), N-5.
    """

    __slots__ = ()

    def __new__(cls, raw: bytes) -> Energy:
        """Take 32 bytes as they are.

        Args:
            raw: 32 bytes, either a quantity in Wh (big endian) or a commitment to one.

        Raises:
            BadInput: there are not 32 bytes.
        """
        if len(raw) != 32:
            raise BadInput(f"an energy field must have 32 bytes, not {len(raw)}")
        return super().__new__(cls, raw)

    @classmethod
    def plain(cls, wh: int) -> Energy:
        """Return a quantity that everybody can read.

        Args:
            wh: quantity in Wh, 0 … 2**64 - 1.

        Raises:
            BadInput: the quantity is out of range.
        """
        if not 0 <= wh < PLAIN_ENERGY_LIMIT:
            raise BadInput(f"the energy must be between 0 and 2**64-1 Wh, not {wh}")
        return cls(wh.to_bytes(32, "big"))

    @classmethod
    def hidden(cls, wh: int, salt: bytes) -> Energy:
        """Return the commitment to a quantity, keccak256(abi.encode(wh, salt)).

        Args:
            wh: quantity in Wh, 0 … 2**64 - 1.
            salt: 32 random bytes, which open the commitment together with the quantity.

        Raises:
            BadInput: the quantity is out of range, or the salt is not 32 bytes long (it is not repeated in
                the text).
        """
        if len(salt) != 32:
            raise BadInput(f"a salt must have 32 bytes, not {len(salt)}")
        return cls(keccak(cls.plain(wh) + salt))

    @classmethod
    def of(cls, wh: int, salt: bytes | None) -> Energy:
        """Return the quantity itself where there is no salt, else the commitment to it.

        Args:
            wh: quantity in Wh, 0 … 2**64 - 1.
            salt: as in `hidden`; None for a quantity in the open.

        Raises:
            BadInput: as `plain` and `hidden`.
        """
        return cls.plain(wh) if salt is None else cls.hidden(wh, salt)

    @property
    def is_plain(self) -> bool:
        """Whether this is a quantity in Wh and no commitment."""
        return int.from_bytes(self, "big") < PLAIN_ENERGY_LIMIT

    @property
    def wh(self) -> int:
        """The quantity in Wh.

        Raises:
            BadInput: the energy is hidden.
        """
        if not self.is_plain:
            raise BadInput(f"the energy 0x{self.hex()} is hidden: only its commitment is known")
        return int.from_bytes(self, "big")

    @property
    def raw(self) -> bytes:
        """The 32 bytes, as plain bytes."""
        return bytes(self)

    def __repr__(self) -> str:
        return f"Energy.plain({self.wh})" if self.is_plain else f"Energy(0x{self.hex()})"
