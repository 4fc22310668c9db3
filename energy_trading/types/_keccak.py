"""Keccak-256 in C where `safe-pysha3` is installed (the extra `simulate`), else as eth-hash finds it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final


def _fastest() -> Callable[[bytes], bytes]:
    try:
        from sha3 import keccak_256
    except ImportError:
        from eth_hash.auto import keccak as eth_hash

        return eth_hash
    return lambda data: keccak_256(data).digest()


#: the 32-byte hash of some bytes
keccak: Final = _fastest()


@lru_cache(maxsize=2**16)
def eip55(account: bytes) -> str:
    """Return the address of an account of 20 bytes, with its checksum (EIP-55)."""
    digits = account.hex()
    marks = keccak(digits.encode()).hex()
    return "0x" + "".join([d.upper() if mark > "7" else d for d, mark in zip(digits, marks, strict=False)])
