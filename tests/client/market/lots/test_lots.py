"""The verbs of lots, against the real contracts, and what is hashed for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_trading.bindings.contract import decode_logs
from energy_trading.crypto.addresses import message_address
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.market.lots.certification import Certifier, request_certificate
from energy_trading.market.lots.injection import (
    Contact,
    InjectionRefused,
    mint,
    sign_injection,
)
from energy_trading.market.lots.lot_owner import LotOwner, exchange
from energy_trading.meter.signers import Secp256k1Meter
from energy_trading.types import (
    Domain,
    ExchangeAcceptance,
    ExchangePermit,
    Injection,
    InjectionReading,
    InjectionRequest,
    LotState,
    Permit,
)
from tests.contracts.energy_lot.tools import PRICE, SLOT, sign_reading
from tests.world import FUNDS, World

UINT = st.integers(0, 2**256 - 1)
HASH = st.binary(min_size=32, max_size=32)
ADDRESS = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
DOMAIN = st.builds(Domain, st.just("EnergyLot"), st.integers(1, 2**64), ADDRESS)


def judged(domain: Domain, kinds: list[str], message: dict[str, Any]) -> bytes:
    """The digest that eth_account makes of a message; the first kind is the primary type."""
    types = {}
    for kind in kinds:
        name, _, fields = kind.rstrip(")").partition("(")
        pairs = (field.split(" ") for field in fields.split(","))
        types[name] = [{"name": field, "type": of} for of, field in pairs]
    place = {
        "name": domain.name,
        "version": "1",
        "chainId": domain.chain_id,
        "verifyingContract": domain.verifying_contract,
    }
    signable = encode_typed_data(domain_data=place, message_types=types, message_data=message)
    return keccak(b"\x19" + signable.version + signable.header + signable.body)


@settings(max_examples=40)
@given(DOMAIN, st.tuples(ADDRESS, UINT, UINT, HASH, HASH, st.binary(max_size=70), HASH, UINT, UINT))
def test_certificates_hash_as_eth_account_says(domain: Domain, values: tuple[Any, ...]) -> None:
    """What the DSO signs (sign_D, C-4)."""
    names = [
        "producer",
        "energyWh",
        "slotStart",
        "meter",
        "reading",
        "publicKey",
        "msgAddr",
        "nonce",
        "deadline",
    ]
    message = dict(zip(names, values, strict=True))
    assert domain.digest(Injection(*values)) == judged(domain, [Injection.TYPE], message)


@settings(max_examples=40)
@given(DOMAIN, UINT, ADDRESS, UINT, UINT, UINT, HASH)
def test_exchanges_hash_as_eth_account_says(
    domain: Domain, lot: int, buyer: str, price: int, nonce: int, deadline: int, msg_addr: bytes
) -> None:
    """What seller and buyer sign (eq 8, C-7, C-8)."""
    permit = ExchangePermit(lot, buyer, price, nonce, deadline)
    message = {"lot": lot, "buyer": buyer, "price": price, "nonce": nonce, "deadline": deadline}
    assert domain.digest(permit) == judged(domain, [ExchangePermit.TYPE], message)
    whole = {"permit": message, "msgAddr": msg_addr}
    expected = judged(
        domain, [ExchangeAcceptance.TYPE.removesuffix(ExchangePermit.TYPE), ExchangePermit.TYPE], whole
    )
    assert domain.digest(ExchangeAcceptance(permit, msg_addr)) == expected


@settings(max_examples=40)
@given(DOMAIN, ADDRESS, UINT, UINT, UINT, st.binary(max_size=90))
def test_approvals_and_readings_hash_as_eth_account_says(
    domain: Domain, spender: str, lot: int, nonce: int, deadline: int, meter: bytes
) -> None:
    """What ERC-4494 has owners sign, and what a meter signs (C-4)."""
    message = {"spender": spender, "tokenId": lot, "nonce": nonce, "deadline": deadline}
    assert domain.digest(Permit(spender, lot, nonce, deadline)) == judged(domain, [Permit.TYPE], message)
    reading = {"meter": meter, "slotStart": nonce, "energyWh": deadline}
    expected = judged(domain, [InjectionReading.TYPE], reading)
    assert domain.digest(InjectionReading(meter, nonce, deadline)) == expected
    request = {"producer": spender, "reading": bytes(32), "publicKey": meter, "msgAddr": b"\x02" * 32}
    expected = judged(domain, [InjectionRequest.TYPE], request | {"dso": spender})
    assert domain.digest(InjectionRequest(spender, bytes(32), meter, b"\x02" * 32, spender)) == expected


def lot_of(world: World, producer: SecretKey, energy_wh: int = 1_000, slot: int = SLOT) -> int:
    domain = world.suite.lots_domain
    reading = sign_reading(slot, energy_wh, world.meters[producer.address], domain)
    deadline = world.chain.now() + 3600
    asked = request_certificate(reading, producer, world.dso.address, domain)
    paper = Certifier(world.suite, world.dso, 4_312).certify(asked, deadline)
    lot = mint(world.suite, world.stranger, paper)
    assert lot == paper.lot == int.from_bytes(reading.struct_hash(), "big")
    return lot


def test_from_reading_to_retirement(world: World) -> None:
    """Certify, mint, split, permit, accept, exchange, merge, retire (C-4, C-7, C-8)."""
    suite = world.suite
    alice, bob = LotOwner(suite, world.alice), LotOwner(suite, world.bob)
    one, two = alice.split(lot_of(world, world.alice), [400, 600])
    other = lot_of(world, world.bob, 50)
    deadline = world.chain.now() + 3600
    signed = alice.sign_permit(one, bob.address, PRICE, deadline)
    exchange(suite, world.stranger, bob.sign_acceptance(signed))
    assert world.account(world.alice).available == FUNDS + PRICE
    whole = bob.merge([one, other])
    assert suite.lots.lot_of(whole).energy_wh == 450
    bob.retire(whole)
    assert suite.lots.lot_of(whole).state == LotState.RETIRED
    assert suite.lots.owner_of(two) == world.alice.address


def test_contact_is_that_of_the_paper(world: World) -> None:
    """pubK, txAddr and msgAddr of the key (eqs 1, 2)."""
    key = world.alice
    assert Contact.of(key) == Contact(key.address, key.public_key, message_address(key))


def test_reading_of_another_meter_is_refused(world: World) -> None:
    """The DSO signs only what the meter signed: no other meter, slot or energy (C-4)."""
    domain = world.suite.lots_domain
    reading = sign_reading(SLOT, 10, Secp256k1Meter(SecretKey.from_int(5)), domain)
    other = Secp256k1Meter(SecretKey.from_int(6)).signer
    for forged in (
        replace(reading, meter=other),
        replace(reading, slot_start=SLOT + 900),
        replace(reading, energy_wh=11),
        replace(reading, signature=bytes(64)),
    ):
        with pytest.raises(InjectionRefused) as caught:
            sign_injection(forged, Contact.of(world.alice), 1, 2**40, world.dso, domain)
        assert (
            str(caught.value) == f"the reading is not signed by meter 0x{forged.meter.hex()}, which it names"
        )


def test_bad_arguments_are_named(world: World) -> None:
    """No lot without energy, no permit for a name or a price beyond counting, no acceptance for another."""
    suite = world.suite
    alice = LotOwner(suite, world.alice)
    with pytest.raises(BadInput, match="the buyer must be an address, not 'bob'"):
        alice.sign_permit(1, "bob", PRICE, 2**40)
    with pytest.raises(BadInput, match=r"the price must be between 0 and 2\*\*63-1 units, not -1"):
        alice.sign_permit(1, world.bob.address, -1, 2**40)
    signed = alice.sign_permit(1, world.bob.address, PRICE, 2**40)
    with pytest.raises(
        BadInput, match=f"the permit is for {world.bob.address}, not for {world.carol.address}"
    ):
        LotOwner(suite, world.carol).sign_acceptance(signed)


def test_no_secret_is_shown(world: World) -> None:
    """Neither certificate nor permit shows a key."""
    alice, bob = LotOwner(world.suite, world.alice), LotOwner(world.suite, world.bob)
    signed = alice.sign_permit(1, bob.address, PRICE, 2**40)
    text = repr((alice, signed, bob.sign_acceptance(signed), Contact.of(world.alice)))
    for key in (world.alice, world.bob):
        assert key.reveal().hex() not in text
        assert repr(key.reveal()) not in text


def test_tokens_transfer_is_left_out(world: World) -> None:
    """ERC-20's Transfer has the first topic of ERC-721's and is no event of this project."""
    word = b"\x00" * 12 + b"\x11" * 20
    topic = keccak(text="Transfer(address,address,uint256)")
    log: Any = {
        "address": "0x" + "22" * 20,
        "blockNumber": 1,
        "transactionHash": bytes(32),
        "logIndex": 0,
        "topics": [topic, word, word],
        "data": bytes(32),
    }
    assert decode_logs([log]) == []
    assert len(decode_logs([log | {"topics": [topic, word, word, bytes(32)], "data": b""}])) == 1
