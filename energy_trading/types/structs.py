"""What the generated records are made of: structs that the ABI encodes, messages that EIP-712 hashes."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, ClassVar, Final

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from energy_trading.errors import BadInput

_NUMBER: Final = re.compile(r"uint(\d+)")
_SIGNED_NUMBER: Final = re.compile(r"int(\d+)")
_FIXED: Final = re.compile(r"bytes(\d+)")


class Struct:
    """A struct of the contracts; the generated subclasses are frozen dataclasses with its fields."""

    #: fields in the order of the Solidity struct
    __abi__: ClassVar[tuple[str, ...]] = ()
    #: the struct's canonical ABI type, a tuple
    ABI: ClassVar[str] = "()"

    def abi_encode(self) -> bytes:
        """Return what Solidity's ``abi.encode`` makes of the struct."""
        return encode([self.ABI], [to_abi(self)])


class Message:
    """Something that is signed as EIP-712 typed data; subclasses are frozen dataclasses with its fields."""

    #: the EIP-712 type, with the types it refers to behind it
    TYPE: ClassVar[str] = ""

    def struct_hash(self) -> bytes:
        """Return the 32-byte EIP-712 struct hash; `Domain.digest` makes of it what is signed.

        Raises:
            BadInput: a field does not fit its type.

        Source:
            EIP-712, hashStruct.
        """
        message: Any = type(self)  # mypy believes that a class whose objects have a hash has none
        start, fields = _layout(message)
        return keccak(start + b"".join([word(getattr(self, name)) for name, word in fields]))


def to_abi(value: Any) -> Any:
    """Turn structs, also those in lists, into the tuples that eth-abi encodes."""
    if isinstance(value, Struct):
        return tuple(to_abi(getattr(value, name)) for name in value.__abi__)
    if isinstance(value, (list, tuple)):
        return [to_abi(item) for item in value]
    return value


@cache
def _layout(message: type[Any]) -> tuple[bytes, tuple[tuple[str, Callable[[Any], bytes]], ...]]:
    """Return a message's type hash, and for each field how it becomes 32 bytes."""
    kind = message.TYPE
    fields = kind[kind.index("(") + 1 : kind.index(")")].split(",")
    # A subclass may add fields of its own, such as a signature: the type's fields come first.
    names = [field.name for field in dataclasses.fields(message)][: len(fields)]
    words = [_word_of(field.partition(" ")[0]) for field in fields]
    return keccak(text=kind), tuple(zip(names, words, strict=True))


def _word_of(kind: str) -> Callable[[Any], bytes]:
    if kind.endswith("]"):
        item = _word_of(kind[: kind.rindex("[")])
        return lambda values: keccak(b"".join([item(value) for value in values]))
    if found := _NUMBER.fullmatch(kind):
        bits = int(found[1])
        return lambda value: _number(value, bits)
    if found := _SIGNED_NUMBER.fullmatch(kind):
        half = 1 << int(found[1]) - 1
        return lambda value: _signed(value, half)
    if found := _FIXED.fullmatch(kind):
        size = int(found[1])
        return lambda value: _fixed(value, size)
    return _WORDS.get(kind, lambda value: value.struct_hash())


def _number(value: int, bits: int) -> bytes:
    if not 0 <= value < 1 << bits:
        raise BadInput(f"the number must be between 0 and 2**{bits}-1, not {value}")
    return value.to_bytes(32, "big")


def _signed(value: int, half: int) -> bytes:
    if not -half <= value < half:
        raise BadInput(f"the number must be between {-half} and {half - 1}, not {value}")
    return value.to_bytes(32, "big", signed=True)


def _fixed(value: bytes, size: int) -> bytes:
    if len(value) != size:
        raise BadInput(f"the value must have {size} bytes, not {len(value)}")
    return value.ljust(32, b"\0")


def _address(value: str) -> bytes:
    try:
        raw = bytes.fromhex(value.removeprefix("0x"))
    except ValueError:
        raw = b""
    if len(raw) != 20:
        raise BadInput(f"an address must be 0x and 40 hexadecimal digits, not {value!r}")
    return raw.rjust(32, b"\0")


_WORDS: Final[Mapping[str, Callable[[Any], bytes]]] = {
    "address": _address,
    "bool": lambda value: int(value).to_bytes(32, "big"),
    "bytes": keccak,
    "string": lambda value: keccak(text=value),
}
