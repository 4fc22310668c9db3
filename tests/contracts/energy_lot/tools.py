"""What the tests of lots share: readings of meters, certificates, both signatures of an exchange."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from energy_trading.bindings import Call
from energy_trading.crypto._signatures import compact
from energy_trading.crypto.keys import SecretKey
from energy_trading.market.lots import injection
from energy_trading.market.lots.injection import Contact, SignedInjection
from energy_trading.meter.export_ledger import SignedReading
from energy_trading.meter.signers import ReceiptSigner, sign_checked
from energy_trading.types import (
    ZERO_ADDRESS,
    Domain,
    ExchangeAcceptance,
    ExchangePermit,
    Injection,
    InjectionReading,
    Permit,
    Terms,
)
from tests.world import EURO, GENESIS, World

SLOT_S = 900
SLOT = GENESIS - 2 * SLOT_S  # ended before the first block
PRICE = EURO // 4
MSG = b"\x4d" * 32
NOBODY = ZERO_ADDRESS


def sign_reading(slot: int, energy_wh: int, meter: ReceiptSigner, domain: Domain) -> SignedReading:
    """A reading by a meter without an export ledger, which signs whatever it is given."""
    reading = InjectionReading(meter.signer, slot, energy_wh)
    return SignedReading(**vars(reading), signature=sign_checked(meter, domain.digest(reading)))


def certificate(
    world: World, producer: SecretKey, energy_wh: int = 1_000, slot: int = SLOT
) -> SignedInjection:
    """The DSO's certificate over a reading of the producer's meter, valid for a day."""
    domain = world.suite.lots_domain
    reading = sign_reading(slot, energy_wh, world.meters[producer.address], domain)
    deadline = world.chain.now() + 86_400
    return injection.sign_injection(reading, Contact.of(producer), 7, deadline, world.dso, domain)


def sign_injection(
    world: World, injection: Injection, signer: SecretKey, domain: Domain | None = None
) -> bytes:
    """A certificate with any content, by anyone."""
    return compact(signer.sign_digest((domain or world.suite.lots_domain).digest(injection)))


def minted(world: World, producer: SecretKey, energy_wh: int = 1_000, slot: int = SLOT) -> int:
    """A lot of the producer."""
    paper = certificate(world, producer, energy_wh, slot)
    world.suite.lots.mint(paper.injection, paper.signature).send(world.stranger)
    return paper.lot


def slot_of(terms: Terms) -> int:
    """Start of the first slot that lies in a trade's time."""
    return -(-terms.accept_by // SLOT_S) * SLOT_S


def minted_for(world: World, terms: Terms, producer: SecretKey, energy_wh: int = 1_000) -> int:
    """A lot of the producer that may fulfil the trade; its slot is over afterwards."""
    slot = slot_of(terms)
    if world.chain.now() < slot + SLOT_S:
        world.pass_time(slot + SLOT_S)
    return minted(world, producer, energy_wh, slot)


def exchange(world: World, lot: int, seller: SecretKey, buyer: SecretKey, /, **changes: Any) -> Call[None]:
    """An exchange whose two signatures fit, unless `changes` say otherwise.

    `signed` changes what both sign and leaves what is sent.
    """
    signed = {
        "buyer": buyer.address,
        "price": PRICE,
        "nonce": world.suite.lots.nonces(lot),
        "deadline": world.chain.now() + 3600,
        "lot": lot,
    } | changes.pop("signed", {})
    domain = changes.pop("domain", world.suite.lots_domain)
    permit = ExchangePermit(**signed)
    acceptance = changes.pop("accepts", permit)
    first = changes.pop("permit", compact(seller.sign_digest(domain.digest(permit))))
    second = changes.pop(
        "acceptance", compact(buyer.sign_digest(domain.digest(ExchangeAcceptance(acceptance, MSG))))
    )
    sent = {"lot": lot, "buyer": signed["buyer"], "price": PRICE, "deadline": signed["deadline"]} | changes
    return world.suite.lots.exchange(
        sent["lot"], sent["buyer"], sent["price"], sent["deadline"], MSG, first, second
    )


def approval(
    world: World, lot: int, owner: SecretKey, spender: str, deadline: int, domain: Domain | None = None
) -> bytes:
    """An ERC-4494 permit."""
    where = domain or world.suite.lots_domain
    return owner.sign_digest(where.digest(Permit(spender, lot, world.suite.lots.nonces(lot), deadline)))


def other_domains(world: World) -> list[Domain]:
    """The same message for another chain and for another contract."""
    domain = world.suite.lots_domain
    elsewhere = replace(domain, verifying_contract="0x" + "77" * 20)
    return [replace(domain, chain_id=domain.chain_id + 1), elsewhere]
