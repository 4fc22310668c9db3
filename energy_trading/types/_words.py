"""Values as the 32-byte words of Solidity, which the ABI and EIP-712 share."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from energy_trading.errors import BadInput

_NUMBER: Final = re.compile(r"uint(\d+)")
_SIGNED_NUMBER: Final = re.compile(r"int(\d+)")
_FIXED: Final = re.compile(r"bytes(\d+)")


def word_of(kind: str) -> Callable[[Any], bytes] | None:
    """Return what makes a word of a value of an elementary type; None if the type takes more than a word."""
    if found := _NUMBER.fullmatch(kind):
        return _number(1 << int(found[1]))
    if found := _SIGNED_NUMBER.fullmatch(kind):
        return _signed(1 << int(found[1]) - 1)
    if found := _FIXED.fullmatch(kind):
        return _fixed(int(found[1]))
    if kind == "address":
        return _address
    return _bool if kind == "bool" else None


def _number(end: int) -> Callable[[int], bytes]:
    def word(value: int) -> bytes:
        if not 0 <= value < end:
            raise BadInput(f"the number must be between 0 and 2**{end.bit_length() - 1}-1, not {value}")
        return value.to_bytes(32, "big")

    return word


def _signed(half: int) -> Callable[[int], bytes]:
    def word(value: int) -> bytes:
        if not -half <= value < half:
            raise BadInput(f"the number must be between {-half} and {half - 1}, not {value}")
        return value.to_bytes(32, "big", signed=True)

    return word


def _fixed(size: int) -> Callable[[bytes], bytes]:
    def word(value: bytes) -> bytes:
        if len(value) != size:
            raise BadInput(f"the value must have {size} bytes, not {len(value)}")
        return value.ljust(32, b"\0")

    return word


def _address(value: str) -> bytes:
    try:
        raw = bytes.fromhex(value.removeprefix("0x"))
    except (AttributeError, TypeError, ValueError):
        raw = b""
    if len(raw) != 20:
        raise BadInput(f"an address must be 0x and 40 hexadecimal digits, not {value!r}")
    return raw.rjust(32, b"\0")


def _bool(value: bool) -> bytes:
    return int(value).to_bytes(32, "big")
