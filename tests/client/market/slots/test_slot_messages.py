"""What homes, meters and members sign: it reads back as written, and proves whose it is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from energy_trading import (
    BadInput,
    SecretKey,
    SignedAck,
    SignedOrder,
    SignedResult,
    SignedSlotReading,
    SlotMessageForged,
    posted_from_json,
    posted_to_json,
)
from energy_trading.meter.signers import P256Meter, Secp256k1Meter
from energy_trading.types import Domain, Order, Posted, Reading, Result

DOMAIN = Domain("SlotMarket", 31337, "0x" + "11" * 20)
OWNER, MEMBER = SecretKey.from_int(1), SecretKey.from_int(2)
VERIFIER = SecretKey.from_int(3).address
METERS: list[Any] = [
    Secp256k1Meter(SecretKey.from_int(4)),
    P256Meter(ec.derive_private_key(5, ec.SECP256R1()), VERIFIER),
]
BIG = st.integers(0, 2**256 - 1)


def order(**changes: Any) -> Order:
    return replace(Order(OWNER.address, 10, 105, 300_000, 80_000, 10**9, 1), **changes)


def again(message: Any) -> Any:
    """Write a message as JSON, let JavaScript's numbers at it, and read it back."""
    text = json.dumps(message.to_json())
    for number in json.loads(text, parse_int=lambda digits: float(digits) == int(digits)).values():
        assert number is not False
    return type(message).from_json(json.loads(text))


@given(BIG, BIG, BIG, BIG, st.integers(-(2**255), 2**255 - 1))
def test_messages_are_read_back(buy: int, sell: int, spend: int, nonce: int, net: int) -> None:
    """Every message survives JSON, integers beyond 2**53 and negative ones too (Z-4)."""
    signed = SignedOrder.sign(
        order(buy_limit=buy, sell_limit=sell, max_spend=spend, nonce=nonce), OWNER, DOMAIN
    )
    assert again(signed) == signed
    for meter in METERS:
        reading = SignedSlotReading.sign(Reading(OWNER.address, 10, net), meter, DOMAIN)
        assert again(reading) == reading
        reading.check(DOMAIN, keccak(meter.signer), VERIFIER)
        ack = SignedAck.sign(10, signed, reading, spend, MEMBER, DOMAIN)
        assert again(ack) == ack
        ack.check(DOMAIN)
    result = Result(10, buy, sell, spend, nonce, 0, bytes(32), b"\1" * 32, MEMBER.address)
    assert again(SignedResult.sign(result, MEMBER, DOMAIN)).result == result
    posted = Posted(result, (MEMBER.address, OWNER.address))
    assert posted_from_json(json.loads(json.dumps(posted_to_json(posted)))) == posted


@pytest.mark.parametrize("last", [9, 106])
def test_revert_given_wrong_span(last: int) -> None:
    """An order is for 1 to 96 slots (Z-4)."""
    with pytest.raises(BadInput, match="an order must be for 1 to 96 slots"):
        SignedOrder.sign(order(last_slot=last), OWNER, DOMAIN)


def test_revert_given_forged_messages() -> None:
    """What another key signed, for another market, or of another content, is nobody's (Z-7)."""
    signed = SignedOrder.sign(order(), OWNER, DOMAIN)
    with pytest.raises(BadInput, match="the key is that of"):
        SignedOrder.sign(order(), MEMBER, DOMAIN)
    for domain, changed in ((replace(DOMAIN, chain_id=1), order()), (DOMAIN, order(nonce=2))):
        with pytest.raises(SlotMessageForged):
            SignedOrder(changed, signed.signature).check(domain)
    for meter, other in zip(METERS, reversed(METERS), strict=True):
        reading = SignedSlotReading.sign(Reading(OWNER.address, 10, 5), meter, DOMAIN)
        with pytest.raises(SlotMessageForged, match="of another meter than"):
            reading.check(DOMAIN, keccak(other.signer), VERIFIER)
        with pytest.raises(SlotMessageForged, match="did not sign this reading"):
            replace(reading, reading=Reading(OWNER.address, 10, 6)).check(
                DOMAIN, keccak(meter.signer), VERIFIER
            )
        ack = SignedAck.sign(10, signed, reading, 7, MEMBER, DOMAIN)
        with pytest.raises(SlotMessageForged):
            replace(ack, member=OWNER.address).check(DOMAIN)


def test_revert_given_meter_of_another_verifier_contract() -> None:
    """A meter that names a verifier contract of its own says what is signed itself (Z-7)."""
    meter = P256Meter(ec.derive_private_key(5, ec.SECP256R1()), OWNER.address)
    reading = SignedSlotReading.sign(Reading(OWNER.address, 10, 5), meter, DOMAIN)
    with pytest.raises(SlotMessageForged, match="of another meter than"):
        reading.check(DOMAIN, keccak(meter.signer), VERIFIER)


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("nonce", -1, "nonce must not be negative"),
        ("nonce", 1.0, "nonce must be an integer"),
        ("nonce", True, "nonce must be an integer"),
        ("nonce", "1e3", "nonce must be an integer"),
        ("account", "me", "account must be an address"),
        ("more", 1, "Order must have the keys"),
    ],
)
def test_revert_given_wrong_json(field: str, value: Any, text: str) -> None:
    """A field of another type is refused by name."""
    written = SignedOrder.sign(order(), OWNER, DOMAIN).to_json()
    written["order"][field] = value
    with pytest.raises(BadInput, match=text):
        SignedOrder.from_json(written)
