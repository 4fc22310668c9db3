"""Calls are encoded as eth-abi encodes them, whatever the types."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak as eth_keccak

import energy_trading.types
from energy_trading.errors import BadInput
from energy_trading.types import Delivery, Energy, Struct, Terms, to_abi
from energy_trading.types._abi import encode_abi, split_types
from energy_trading.types._keccak import eip55, keccak

STRUCTS = [
    kind
    for kind in vars(energy_trading.types).values()
    if isinstance(kind, type) and issubclass(kind, Struct) and kind is not Struct
]
ZERO = "0x" + "00" * 20


def drawn(draw: random.Random, kind: str) -> Any:
    """A value of an ABI type: the ends of its range, or anything in between."""
    if kind.endswith("]"):
        item, _, count = kind[:-1].rpartition("[")
        return [drawn(draw, item) for _ in range(int(count) if count else draw.randint(0, 3))]
    if kind.startswith("("):
        return tuple(drawn(draw, item) for item in split_types(kind))
    if found := re.fullmatch(r"(u?)int(\d+)", kind):
        bits = int(found[2])
        low, high = (0, 2**bits - 1) if found[1] else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        return draw.choice([low, high, 0, draw.randint(low, high)])
    if found := re.fullmatch(r"bytes(\d+)", kind):
        return draw.randbytes(int(found[1]))
    return {
        "address": lambda: draw.choice([ZERO, "0x" + draw.randbytes(20).hex()]),
        "bool": lambda: draw.random() < 0.5,
        "bytes": lambda: draw.randbytes(draw.choice([0, 1, 31, 32, 33, 97])),
        "string": lambda: draw.choice(["", "ä", "a reason" * 9]),
    }[kind]()


@pytest.mark.parametrize("kind", STRUCTS)
def test_structs_are_encoded_as_by_eth_abi(kind: type[Struct]) -> None:
    """Every struct of the contracts, in many shapes, alone and in an array."""
    draw = random.Random(kind.ABI)
    for _ in range(20):
        for outer in (kind.ABI, f"{kind.ABI}[]", f"{kind.ABI}[2]"):
            types = (outer, "bytes", "uint8", "address[]")
            values = [drawn(draw, each) for each in types]
            assert encode_abi(types, values) == encode(types, values)


def test_records_are_encoded_as_their_tuples() -> None:
    """A generated record is what the tuple of its fields is, also inside another and in a list."""
    terms = Terms(ZERO, ZERO, Energy.plain(400), 76_000, 1, 2, 1 << 255)
    delivery = Delivery(terms, ZERO, b"\1" * 84, Energy.plain(3), b"\2" * 64)
    types = (f"{Delivery.ABI}[]", Terms.ABI)
    assert encode_abi(types, [[delivery, delivery], terms]) == encode(types, to_abi([[delivery] * 2, terms]))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("uint8", 256),
        ("uint256", -1),
        ("int256", 2**255),
        ("bytes32", b"\0" * 31),
        ("address", "0x12"),
        ("address", b"\0" * 20),
        ("function", b""),
    ],
)
def test_revert_given_what_does_not_fit(kind: str, value: object) -> None:
    """A value outside its type is refused before anything is sent."""
    with pytest.raises(BadInput):
        encode_abi((kind,), (value,))


def test_keccak_is_the_same_in_c() -> None:
    """The fast hash and eth-utils agree, and so do the checksums of addresses (EIP-55)."""
    draw = random.Random(5)
    for size in range(300):
        data = draw.randbytes(size)
        assert keccak(data) == eth_keccak(data)
    # from EIP-55
    for address in (
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ):
        assert eip55(bytes.fromhex(address[2:])) == address
