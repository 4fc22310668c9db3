"""Encodes calls as eth-abi does, several times as fast: each type is taken apart once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeAlias

from energy_trading.errors import BadInput
from energy_trading.types._words import word_of

#: how many bytes a type takes in its place (0 if it lies behind, and an offset is in its place), and its code
_Coded: TypeAlias = tuple[int, Callable[[Any], bytes]]


def encode_abi(types: tuple[str, ...], values: Sequence[Any]) -> bytes:
    """Return what ``abi.encode`` makes of values; a struct may be a tuple or one of the generated records.

    Args:
        types: ABI types.
        values: one for each.

    Raises:
        BadInput: a value does not fit its type.

    Source:
        Contract ABI specification, "Formal Specification of the Encoding".
    """
    return _tuple(types)[1](values)


@cache
def _coded(kind: str) -> _Coded:
    if kind.endswith("]"):
        item, _, count = kind[:-1].rpartition("[")
        return _tuple((item,) * int(count)) if count else (0, _array(_coded(item)))
    if kind.startswith("("):
        return _tuple(tuple(split_types(kind)))
    if word := word_of(kind):
        return 32, word
    if kind == "bytes":
        return 0, _bytes
    if kind == "string":
        return 0, lambda value: _bytes(value.encode())
    raise BadInput(f"the ABI type {kind} is none of those that the contracts use")


@cache
def _tuple(types: tuple[str, ...]) -> _Coded:
    parts = [_coded(kind) for kind in types]
    start = sum(size or 32 for size, _ in parts)

    def static(value: Any) -> bytes:
        return b"".join([code(item) for code, item in zip(codes, _items(value), strict=True)])

    def dynamic(value: Any) -> bytes:
        return _placed(parts, _items(value), start)

    codes = [code for _, code in parts]
    return (start, static) if all(size for size, _ in parts) else (0, dynamic)


def _items(value: Any) -> Sequence[Any]:
    names = getattr(value, "__abi__", None)
    return value if names is None else [getattr(value, name) for name in names]


def _placed(parts: Sequence[_Coded], values: Sequence[Any], start: int) -> bytes:
    """Put what is dynamic behind the rest, with its offset in its place."""
    heads, tails, place = [], [], start
    for (size, code), value in zip(parts, values, strict=True):
        coded = code(value)
        if size:
            heads.append(coded)
        else:
            heads.append(place.to_bytes(32, "big"))
            tails.append(coded)
            place += len(coded)
    return b"".join(heads + tails)


def _array(item: _Coded) -> Callable[[Any], bytes]:
    size, code = item

    def encode(values: Any) -> bytes:
        count = len(values).to_bytes(32, "big")
        if size:
            return count + b"".join([code(value) for value in values])
        return count + _placed([item] * len(values), values, 32 * len(values))

    return encode


def _bytes(value: bytes) -> bytes:
    size = len(value)
    return size.to_bytes(32, "big") + value.ljust(-(-size // 32) * 32, b"\0")


def split_types(signature: str) -> list[str]:
    """Split the types in the outermost parentheses of ``name(a,(b,c),d)``."""
    inner = signature[signature.index("(") + 1 : -1]
    types, depth, start = [], 0, 0
    for i, char in enumerate(inner + ","):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            types.append(inner[start:i])
            start = i + 1
    return [] if types == [""] else types
