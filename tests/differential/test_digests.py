"""What is hashed for signatures is the same in `crypto`, in eth_account and in the contracts (N-5, C-2)."""

from __future__ import annotations

import random
from typing import Any

import pytest
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from energy_trading.bindings.offer_market import Terms
from energy_trading.bindings.suite import NATIVE
from energy_trading.crypto.typed_data import (
    ACCEPTANCE_TYPE,
    ATTESTATION_TYPE,
    OFFER_TYPE,
    RECEIPT_TYPE,
    Domain,
    acceptance_digest,
    attestation_digest,
    offer_hash,
    receipt_digest,
)
from energy_trading.rules.commitment import energy_commitment, is_plain_energy
from tests.stateful.machine import staged
from tests.world import World

CASES, TRADE_IDS = 150, 3_000


def typed(kind: str) -> tuple[str, dict[str, list[dict[str, str]]]]:
    """Turn ``Name(type field,…)`` into eth_account's description of it."""
    name, _, fields = kind.rstrip(")").partition("(")
    pairs = [field.split(" ") for field in fields.split(",")]
    return name, {name: [{"name": field, "type": of} for of, field in pairs]}


def judged(domain: Domain, kind: str, message: dict[str, Any]) -> tuple[bytes, bytes]:
    """What eth_account makes of a message: struct hash and digest."""
    place = {
        "name": domain.name,
        "version": "1",
        "chainId": domain.chain_id,
        "verifyingContract": domain.verifying_contract,
    }
    signable = encode_typed_data(domain_data=place, message_types=typed(kind)[1], message_data=message)
    return signable.body, keccak(b"\x19" + signable.version + signable.header + signable.body)


def address(draw: random.Random) -> str:
    return draw.choice([NATIVE, "0x" + draw.randbytes(20).hex()])


def number(draw: random.Random) -> int:
    return draw.choice([0, 1, 2**256 - 1, draw.getrandbits(draw.randint(1, 256))])


def terms(draw: random.Random) -> Terms:
    return Terms(address(draw), address(draw), draw.randbytes(32), *(number(draw) for _ in range(4)))


def domain(draw: random.Random) -> Domain:
    name = draw.choice(["EnergyLedger", "OfferMarket"])
    return Domain(name, draw.getrandbits(draw.randint(1, 64)), "0x" + draw.randbytes(20).hex())


def message(kind: str, values: list[Any]) -> dict[str, Any]:
    """Name the values after the type's fields."""
    ((_, fields),) = typed(kind)[1].items()
    return {field["name"]: value for field, value in zip(fields, values, strict=True)}


def test_offers_hash_as_eth_account_says() -> None:
    """The trade id is the struct hash, and what a seller signs its digest (N-1, N-5, EIP-712)."""
    draw = random.Random("offer")
    for _ in range(CASES):
        where, offer = domain(draw), terms(draw)
        values = [getattr(offer, name) for name in Terms.__abi__]
        trade_id = offer_hash(*values)
        assert judged(where, OFFER_TYPE, message(OFFER_TYPE, values)) == (trade_id, where.digest(trade_id))


def test_attestations_hash_as_eth_account_says() -> None:
    """What PKG signs (C-2), with identities of any length."""
    draw = random.Random("attestation")
    for _ in range(CASES):
        where = domain(draw)
        identity = draw.randbytes(draw.choice([0, 1, 31, 32, 33, 97]))
        values = [address(draw), number(draw), draw.randbytes(32), identity, number(draw)]
        digest = attestation_digest(where, *values)
        assert judged(where, ATTESTATION_TYPE, message(ATTESTATION_TYPE, values))[1] == digest


@pytest.mark.parametrize(
    ("kind", "digest"), [(RECEIPT_TYPE, receipt_digest), (ACCEPTANCE_TYPE, acceptance_digest)]
)
def test_meters_messages_hash_as_eth_account_says(kind: str, digest: Any) -> None:
    """What meters sign: receipt and acceptance (N-3, N-6)."""
    draw = random.Random(kind)
    for _ in range(CASES):
        where, trade_id = domain(draw), draw.randbytes(32)
        second = draw.randbytes(32) if kind == RECEIPT_TYPE else address(draw)
        expected = judged(where, kind, message(kind, [trade_id, second]))[1]
        assert digest(where, trade_id, second) == expected


def test_contract_names_trades_alike() -> None:
    """Random terms, also ones no market would take: the contract's trade id is the client's (N-5)."""
    market, draw = staged("").world.market, random.Random("trade id")
    for _ in range(TRADE_IDS):
        offer = terms(draw)
        expected = offer_hash(*(getattr(offer, name) for name in Terms.__abi__))
        assert market.trade_id_of(offer) == expected


def test_contracts_state_the_domain_that_is_signed(world: World) -> None:
    """EIP-5267 of both contracts is the domain in `crypto.typed_data`."""
    suite = world.suite
    for contract, used in ((suite.ledger, suite.ledger_domain), (suite.market, suite.market_domain)):
        fields, name, version, chain_id, address_, salt, extensions = contract.eip712_domain()
        assert (fields, version, salt, list(extensions)) == (b"\x0f", "1", bytes(32), [])
        assert Domain(name, chain_id, address_) == used


def test_contract_opens_commitments_of_the_client(world: World) -> None:
    """A commitment made by `reference.commitment` is opened by the contract, and is no plain energy (N-5)."""
    draw = random.Random("commitment")
    for _ in range(5):
        agreed, salt = draw.randint(100, 2**64 - 1), draw.randbytes(32)
        hidden = energy_commitment(agreed, salt)
        assert hidden == keccak(agreed.to_bytes(32, "big") + salt)
        assert not is_plain_energy(hidden)
        offer = world.accepted(world.alice, world.bob, energy=hidden)
        receipt = world.receipt(offer, world.bob, agreed - agreed // 20)  # within the tolerance
        world.market.confirm_hidden_short(receipt, agreed, salt).send(world.stranger)
