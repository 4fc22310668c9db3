"""Four balances in one word, moved by one multiplication; and the same written out, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

#: The most units in a lane.
MAX_LANE: Final = 2**63 - 1
HOMES: Final = 4


def pack_lanes(balances: Sequence[int]) -> int:
    """Return the word of four balances, the first in the highest lane."""
    return sum(balance << 64 * (HOMES - 1 - i) for i, balance in enumerate(balances))


def unpack_lanes(word: int) -> list[int]:
    """Return the four balances of a word."""
    return [(word >> 64 * (HOMES - 1 - i)) % 2**64 for i in range(HOMES)]


def pay_lanes(word: int, rows: Sequence[int], price: int, fee: int) -> tuple[int, int, bool]:
    """Pay four rows as the contract does: the exact sum of all lanes, modulo 2**256.

    Returns:
        The word, how many homes bought, and whether a lane left its range, in which case the word is not to
        be used.
    """
    change = sum((row * price - fee * (row < 0)) << 64 * (HOMES - 1 - i) for i, row in enumerate(rows))
    moved = (word + change) % 2**256
    tops = sum(1 << 64 * i + 63 for i in range(HOMES))
    return moved, sum(row < 0 for row in rows), moved & tops != 0


def pay_each(balances: Sequence[int], rows: Sequence[int], price: int, fee: int) -> list[int] | None:
    """Pay four rows one by one; None if a balance leaves its range. `pay_lanes` must come to the same."""
    moved = [b + row * price - fee * (row < 0) for b, row in zip(balances, rows, strict=True)]
    return moved if all(0 <= balance <= MAX_LANE for balance in moved) else None
