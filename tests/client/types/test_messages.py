"""What is signed hashes as eth-account says, whatever the message (EIP-712)."""

from __future__ import annotations

import random
from dataclasses import fields
from typing import Any

import pytest
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

import energy_trading.types
from energy_trading.errors import BadInput
from energy_trading.types import Acceptance, Domain, Energy, ExchangePermit, Message, Receipt, Terms
from energy_trading.types.structs import to_abi

CASES = 60
MESSAGES = [
    kind
    for kind in vars(energy_trading.types).values()
    if isinstance(kind, type) and issubclass(kind, Message) and kind is not Message
]


def parsed(kind: str) -> dict[str, list[dict[str, str]]]:
    """Turn ``Name(type field,…)Other(…)`` into eth-account's description of it."""
    types = {}
    for part in kind.split(")")[:-1]:
        name, _, inner = part.partition("(")
        pairs = (field.split(" ") for field in inner.split(","))
        types[name] = [{"name": field, "type": of} for of, field in pairs]
    return types


def drawn(draw: random.Random, kind: str) -> Any:
    """A value of a type: the ends of its range, or anything in between."""
    if hasattr(energy_trading.types, kind):
        return message(draw, getattr(energy_trading.types, kind))
    return {
        "address": lambda: draw.choice(["0x" + "00" * 20, "0x" + draw.randbytes(20).hex()]),
        "uint256": lambda: draw.choice([0, 1, 2**256 - 1, draw.getrandbits(draw.randint(1, 256))]),
        "int256": lambda: draw.choice([0, -1, 2**255 - 1, -(2**255), draw.getrandbits(256) - 2**255]),
        "string": lambda: draw.choice(["", "ä", "a reason" * 9]),
        "bytes32": lambda: draw.randbytes(32),
        "bytes": lambda: draw.randbytes(draw.choice([0, 1, 31, 32, 33, 97])),
    }[kind]()


def message(draw: random.Random, kind: type[Message]) -> Message:
    (own, *_) = parsed(kind.TYPE).values()
    return kind(*(drawn(draw, field["type"]) for field in own))


def as_json(value: Message) -> dict[str, Any]:
    """The message under the names of its type."""
    (own, *_) = parsed(value.TYPE).values()
    values = (getattr(value, field.name) for field in fields(value))  # type: ignore[arg-type]
    return {
        field["name"]: as_json(item) if isinstance(item, Message) else item
        for field, item in zip(own, values, strict=True)
    }


def test_all_messages_are_here() -> None:
    """Every message that a contract checks, or a meter or a producer signs, each once."""
    assert sorted(parsed(kind.TYPE).popitem()[0] for kind in MESSAGES if ")E" not in kind.TYPE) == [
        "Acceptance",
        "AccountAttestation",
        "Ack",
        "Admission",
        "Bid",
        "Cancellation",
        "Day",
        "Deposit",
        "ExchangePermit",
        "GiveUp",
        "Injection",
        "InjectionReading",
        "InjectionRequest",
        "NonceCancellation",
        "Offer",
        "Order",
        "Permit",
        "Purchase",
        "Quote",
        "Reading",
        "Receipt",
        "Registration",
        "Result",
        "Testimony",
        "Withdrawal",
    ]
    assert len(MESSAGES) == 26  # and ExchangeAcceptance, which holds an ExchangePermit


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_messages_hash_as_eth_account_says(kind: type[Message]) -> None:
    """Struct hash and digest of random messages, also nested ones (EIP-712)."""
    draw = random.Random(kind.__name__)
    for _ in range(CASES):
        chain_id, contract = draw.getrandbits(draw.randint(1, 64)), "0x" + draw.randbytes(20).hex()
        domain = Domain(draw.choice(["EnergyLedger", "OfferMarket"]), chain_id, contract)
        value = message(draw, kind)
        place = {
            "name": domain.name,
            "version": "1",
            "chainId": chain_id,
            "verifyingContract": contract,
        }
        signable = encode_typed_data(place, parsed(kind.TYPE), as_json(value))
        assert value.struct_hash() == signable.body
        expected = keccak(b"\x19" + signable.version + signable.header + signable.body)
        assert domain.digest(value) == domain.digest(value.struct_hash()) == expected


@pytest.mark.parametrize(
    "value",
    [
        ExchangePermit(2**256, "0x" + "11" * 20, 1, 1, 1),
        ExchangePermit(1, "0x" + "11" * 20, -1, 1, 1),
        ExchangePermit(1, "0x" + "11" * 19, 1, 1, 1),
        ExchangePermit(1, "nobody", 1, 1, 1),
        Acceptance(b"\x01" * 31, "0x" + "11" * 20),
        Acceptance(b"\x01" * 33, "0x" + "11" * 20),
    ],
)
def test_refused_given_values_that_do_not_fit(value: Message) -> None:
    """A number, an address or a word that its type cannot hold is never hashed."""
    with pytest.raises(BadInput):
        value.struct_hash()


def test_structs_survive_the_abi() -> None:
    """A struct that was encoded and decoded is the struct; its parts have their own types again."""
    draw = random.Random("abi")
    terms = message(draw, Terms)
    again = Terms.from_abi(to_abi(terms))
    assert again == terms
    assert isinstance(again.energy, Energy)
    assert len(terms.abi_encode()) == 7 * 32


def test_signed_message_hashes_as_the_message() -> None:
    """What a subclass adds, such as the signature itself, is not part of what is signed."""
    from energy_trading.meter.smart_meter import SignedReceipt

    energy = Energy.plain(5)
    signed = SignedReceipt(bytes(32), energy, b"signer", b"signature")
    assert signed.struct_hash() == Receipt(bytes(32), energy).struct_hash()
