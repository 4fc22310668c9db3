"""The ids of lots that are made of other lots; the id of a minted lot is the hash of its reading."""

from __future__ import annotations

from collections.abc import Sequence

from eth_abi.abi import encode
from eth_utils.crypto import keccak


def part_id(lot: int, i: int) -> int:
    """Return the id of part number i, counted from 0, of a lot that was split (C-4)."""
    return int.from_bytes(keccak(encode(["uint256", "uint256"], [lot, i])), "big")


def merged_id(lots: Sequence[int]) -> int:
    """Return the id of the lot that these lots, in this order, were merged into (C-4)."""
    return int.from_bytes(keccak(encode(["uint256[]"], [list(lots)])), "big")
