"""What the generated records are made of: structs that the ABI encodes, messages that EIP-712 hashes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, ClassVar, Final

from energy_trading.types._abi import encode_abi
from energy_trading.types._keccak import keccak
from energy_trading.types._words import word_of


class Struct:
    """A struct of the contracts; the generated subclasses are frozen dataclasses with its fields."""

    #: fields in the order of the Solidity struct
    __abi__: ClassVar[tuple[str, ...]] = ()
    #: the struct's canonical ABI type, a tuple
    ABI: ClassVar[str] = "()"

    def abi_encode(self) -> bytes:
        """Return what Solidity's ``abi.encode`` makes of the struct."""
        return encode_abi((self.ABI,), (self,))


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
    return keccak(kind.encode()), tuple(zip(names, words, strict=True))


def _word_of(kind: str) -> Callable[[Any], bytes]:
    if kind.endswith("]"):
        item = _word_of(kind[: kind.rindex("[")])
        return lambda values: keccak(b"".join([item(value) for value in values]))
    if word := word_of(kind):
        return word
    return _WORDS.get(kind, lambda value: value.struct_hash())


_WORDS: Final[Mapping[str, Callable[[Any], bytes]]] = {
    "bytes": keccak,
    "string": lambda value: keccak(value.encode()),
}
