"""The money of a day as it is posted: five bytes for each home, in words of four homes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_HOME_BYTES: Final = 5
_WORD_BYTES: Final = 20


def pack_money(money: Sequence[int]) -> bytes:
    """Return the money of the homes as it is posted; zeros fill the last word."""
    packed = b"".join(units.to_bytes(_HOME_BYTES, "big", signed=True) for units in money)
    return packed.ljust(-(-len(packed) // _WORD_BYTES) * _WORD_BYTES, b"\0")


def unpack_money(packed: bytes) -> list[int]:
    """Return the money of a posted day, zeros behind the last home included."""
    places = range(0, len(packed), _HOME_BYTES)
    return [int.from_bytes(packed[i : i + _HOME_BYTES], "big", signed=True) for i in places]


def money_of(packed: bytes, home: int) -> int:
    """Return the money of a home in a posted day."""
    return int.from_bytes(packed[_HOME_BYTES * home : _HOME_BYTES * (home + 1)], "big", signed=True)
