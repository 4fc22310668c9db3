"""What the DSO checks before it certifies an injection: the attacks, and the journal (C-4)."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from eth_abi.abi import encode

from energy_trading.crypto._signatures import compact
from energy_trading.crypto.addresses import message_address
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.files.journal import JournalCorrupt, JournalLocked
from energy_trading.market.lots.certification import (
    Certifier,
    NotCertified,
    SignedRequest,
    request_certificate,
)
from energy_trading.market.lots.injection import Contact, InjectionRefused, mint
from energy_trading.meter.signers import P256Meter, ReceiptSigner, Secp256k1Meter
from tests.contracts.energy_lot.tools import SLOT, SLOT_S, sign_reading
from tests.contracts.offer_market.tools import compiled
from tests.world import World

LIMIT_WH = 4_312  # 3 × 25 A for a quarter of an hour
FOREVER = 2**40


def desk(world: World, journal: Path | None = None) -> Certifier:
    return Certifier(world.suite, world.dso, LIMIT_WH, journal)


def asked(
    world: World,
    key: SecretKey,
    energy_wh: int = 1_000,
    slot: int = SLOT,
    meter: ReceiptSigner | None = None,
) -> SignedRequest:
    """What a producer sends for a reading of its meter."""
    domain = world.suite.lots_domain
    reading = sign_reading(slot, energy_wh, meter or world.meters[key.address], domain)
    return request_certificate(reading, key, world.dso.address, domain)


def signed_by(world: World, request: SignedRequest, key: SecretKey) -> SignedRequest:
    """The same request with another key's signature."""
    digest = world.suite.lots_domain.digest(request.to_sign(world.dso.address))
    return replace(request, signature=compact(key.sign_digest(digest)))


def test_honest_injection_is_certified_and_minted(world: World) -> None:
    """Meter, account, energy and slot are as they should be (C-4)."""
    request = asked(world, world.alice)
    paper = desk(world).certify(request, FOREVER)
    lot = mint(world.suite, world.stranger, paper)
    assert world.suite.lots.owner_of(lot) == world.alice.address
    assert paper.injection.msg_addr == message_address(world.alice)
    assert paper.injection.public_key == world.alice.public_key


def test_home_made_meter_is_not_certified(world: World) -> None:
    """The attack: a meter that nobody registered states 500 MWh in a quarter of an hour (C-4)."""
    home_made = Secp256k1Meter(SecretKey.generate())
    dso = desk(world)
    for energy_wh in (500_000_000, 1_000):
        request = asked(world, world.alice, energy_wh, meter=home_made)
        with pytest.raises(NotCertified, match=f"is not the one registered for {world.alice.address}"):
            dso.certify(request, FOREVER)
    with pytest.raises(NotCertified, match=f"is not the one registered for {world.alice.address}"):
        dso.certify(asked(world, world.alice, meter=world.meters[world.bob.address]), FOREVER)


def test_energy_beyond_the_limit_is_not_certified(world: World) -> None:
    """Even the registered meter cannot have fed in more than the connection carries (C-4)."""
    dso = desk(world)
    for energy_wh in (LIMIT_WH + 1, 500_000_000):
        with pytest.raises(NotCertified, match=f"must be between 1 and {LIMIT_WH} Wh, not {energy_wh}"):
            dso.certify(asked(world, world.alice, energy_wh), FOREVER)
    dso.certify(asked(world, world.alice, LIMIT_WH), FOREVER)


def test_key_of_another_is_not_certified(world: World) -> None:
    """The attack: the announced key is not the account's; equation 1 is recomputed (C-3, C-4)."""
    request = asked(world, world.alice)
    for public_key in (world.bob.public_key, SecretKey.generate().public_key):
        contact = replace(request.contact, public_key=public_key)
        forged = signed_by(world, replace(request, contact=contact), world.alice)
        with pytest.raises(InjectionRefused, match=r"the public key is not that of account .* \(eq 1\)"):
            desk(world).certify(forged, FOREVER)
    no_key = signed_by(world, replace(request, contact=replace(request.contact, public_key=b"")), world.alice)
    with pytest.raises(InjectionRefused, match="the request is not signed by its producer"):
        desk(world).certify(no_key, FOREVER)  # only accounts with code have no key


def test_arbitrary_message_address_is_not_certified(world: World) -> None:
    """The attack: messages for a producer are led elsewhere, by a stranger or to a victim (C-3, C-4)."""
    request, dso = asked(world, world.alice), desk(world)
    led_away = replace(request, contact=replace(request.contact, msg_addr=b"\x66" * 32))
    for forged in (led_away, signed_by(world, led_away, world.bob)):
        with pytest.raises(InjectionRefused, match="the request is not signed by its producer"):
            dso.certify(forged, FOREVER)
    dso.certify(asked(world, world.bob), FOREVER)
    to_bob = replace(request, contact=replace(request.contact, msg_addr=message_address(world.bob)))
    with pytest.raises(NotCertified, match="the message address is that of another account"):
        dso.certify(signed_by(world, to_bob, world.alice), FOREVER)
    dso.certify(request, FOREVER)


def test_request_is_for_one_reading_producer_and_dso(world: World) -> None:
    """sign(PK_DSO) as printed could be used again; this signature cannot (C-4)."""
    one, other = asked(world, world.alice), asked(world, world.alice, 2_000, SLOT - SLOT_S)
    elsewhere = request_certificate(one.reading, world.alice, world.carol.address, world.suite.lots_domain)
    bobs = replace(one, contact=Contact.of(world.bob))
    for forged in (replace(one, signature=other.signature), elsewhere, bobs):
        with pytest.raises(InjectionRefused, match="the request is not signed by its producer"):
            desk(world).certify(forged, FOREVER)
    unread = replace(one, reading=replace(one.reading, energy_wh=999))
    with pytest.raises(InjectionRefused, match="the reading is not signed by meter"):
        desk(world).certify(unread, FOREVER)


def test_one_reading_for_each_meter_and_slot(world: World, tmp_path: Path) -> None:
    """The attack: a meter states two energies of one slot; the journal outlives the process (C-4)."""
    journal = tmp_path / "certified"
    dso, request = desk(world, journal), asked(world, world.alice)
    first = dso.certify(request, FOREVER)
    with pytest.raises(JournalLocked):
        desk(world, journal)
    dso.close()
    again = desk(world, journal)
    with pytest.raises(NotCertified, match=f"another reading of meter .* for the slot at {SLOT}"):
        again.certify(asked(world, world.alice, 999), FOREVER)
    assert again.certify(request, FOREVER - 1).lot == first.lot  # a certificate that was lost, or expired
    again.certify(asked(world, world.alice, 999, SLOT - SLOT_S), FOREVER)
    meter = world.meters[world.alice.address]
    world.register_meter(world.bob.address, meter)  # a meter that moves takes its slot along
    with pytest.raises(NotCertified, match="another reading of meter"):
        again.certify(asked(world, world.bob, meter=meter), FOREVER)
    again.close()
    assert stat.S_IMODE(journal.stat().st_mode) == 0o600
    lines = journal.read_text().splitlines(keepends=True)
    assert len(lines) == 2
    for damage in (lines[0] + lines[0], lines[0].replace('"chainId":', '"chainId":9'), "{}\n"):
        journal.write_text(damage)
        with pytest.raises(JournalCorrupt, match="is no certificate of this market, or contradicts"):
            desk(world, journal)


def test_slot_and_producer_are_checked(world: World) -> None:
    """No slot that is not over or not one of the market's, nobody who may not produce (C-4, N-7)."""
    now = world.chain.now()
    for slot in (SLOT + 1, now - now % SLOT_S):
        with pytest.raises(NotCertified, match=f"unlike the one at {slot}"):
            desk(world).certify(asked(world, world.alice, slot=slot), FOREVER)
    world.enrol(world.stranger, 2)
    with pytest.raises(NotCertified, match=f"account {world.stranger.address} may not produce"):
        desk(world).certify(asked(world, world.stranger), FOREVER)
    world.ledger.suspend([world.alice.address]).send(world.dso)
    with pytest.raises(NotCertified, match=f"account {world.alice.address} may not produce"):
        desk(world).certify(asked(world, world.alice), FOREVER)


def test_contract_account_and_p256_meter_are_certified(world: World) -> None:
    """An account with code answers itself (ERC-1271) and has no pubK; a meter may be on P-256 (C-4)."""
    code = compiled("ContractAccount").bytecode + encode(["address"], [world.bob.address])
    account, _ = world.chain.deploy(code, world.stranger)
    world.ledger.open_account(*world.attest(account, consent=world.bob)).send(world.stranger)
    meter = P256Meter(ec.generate_private_key(ec.SECP256R1()), world.suite.p256_verifier)
    world.register_meter(account, meter)
    reading = sign_reading(SLOT, 700, meter, world.suite.lots_domain)
    request = SignedRequest(reading, Contact(account, b"", b"\x07" * 32), b"")
    with pytest.raises(InjectionRefused, match="the request is not signed by its producer"):
        desk(world).certify(signed_by(world, request, world.carol), FOREVER)
    paper = desk(world).certify(signed_by(world, request, world.bob), FOREVER)
    assert world.suite.lots.owner_of(mint(world.suite, world.stranger, paper)) == account


def test_only_the_dso_has_a_desk(world: World) -> None:
    """A certificate of another key would be refused on chain; so it is not signed (C-4)."""
    with pytest.raises(BadInput, match="the ledger's owner is"):
        Certifier(world.suite, world.alice, LIMIT_WH)
    for limit_wh in (0, 2**40):
        with pytest.raises(BadInput, match="the limit must be between 1 and"):
            Certifier(world.suite, world.dso, limit_wh)
