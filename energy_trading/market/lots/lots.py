"""The verbs of energy lots: certify, mint, permit, accept, exchange, retire, split, merge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_utils.address import is_address
from eth_utils.crypto import keccak

from energy_trading.bindings.contract import Sent
from energy_trading.bindings.energy_lot import LotMinted, LotsMerged
from energy_trading.bindings.suite import Suite
from energy_trading.chain.connect import Sender
from energy_trading.crypto.addresses import message_address
from energy_trading.crypto.keys import SecretKey
from energy_trading.crypto.signatures import compact, verify_signature
from energy_trading.errors import BadInput, Forged
from energy_trading.meter.signers import ReceiptSigner
from energy_trading.types import (
    MAX_LOT_WH,
    MAX_UNITS,
    Domain,
    ExchangeAcceptance,
    ExchangePermit,
    Injection,
    InjectionReading,
)


class ReadingRefused(Forged):
    """The reading is not signed by the meter it names, or names no energy."""


@dataclass(frozen=True)
class Contact:
    """Where a trader can be reached (C-4).

    Args:
        account: txAddr, EIP-55 (eq 1).
        public_key: pubK, 33 bytes; empty for a contract account.
        msg_addr: 32 bytes (eq 2).
    """

    account: str
    public_key: bytes
    msg_addr: bytes

    @classmethod
    def of(cls, key: SecretKey) -> Contact:
        """Return the contact of a key pair.

        Source:
            Chen eqs 1, 2 (C-3).
        """
        return cls(key.address, key.public_key, message_address(key))


@dataclass(frozen=True)
class SignedReading(InjectionReading):
    """What a meter has signed about a delivery slot in which it fed in; its struct hash is the lot's id.

    Args:
        signature: the meter's.
    """

    signature: bytes


@dataclass(frozen=True)
class Certificate:
    """What the DSO hands to the producer; it holds no secret, and anyone may mint with it.

    Args:
        injection: what the DSO signed.
        signature: sign_D, 64 bytes.
    """

    injection: Injection
    signature: bytes

    @property
    def lot(self) -> int:
        """Id of the lot it mints."""
        return int.from_bytes(self.injection.reading, "big")


@dataclass(frozen=True)
class SignedPermit(ExchangePermit):
    """The owner's signed statement that a lot becomes the buyer's for a price (Permit_B, eq 8).

    Args:
        signature: the owner's, 64 bytes (or what its contract takes).
    """

    signature: bytes


@dataclass(frozen=True)
class SignedExchange(ExchangeAcceptance):
    """The buyer's signed statement that it takes the lot on the permit's terms (sign_A).

    Args:
        permit: what it accepts.
        msg_addr: where the buyer can be reached, 32 bytes.
        signature: the buyer's, 64 bytes (or what its contract takes).
    """

    permit: SignedPermit
    signature: bytes


def read_injection(meter: ReceiptSigner, domain: Domain, slot_start: int, energy_wh: int) -> SignedReading:
    """Let a meter sign what it fed in.

    Args:
        meter: holds the key.
        domain: the EnergyLot's.
        slot_start: unix seconds.
        energy_wh: 1 … 2**40-1.

    Raises:
        BadInput: no such energy.

    Source:
        C-4, EIP-712.
    """
    if not 0 < energy_wh <= MAX_LOT_WH:
        raise BadInput(f"energy: given {energy_wh} Wh, allowed 1 … {MAX_LOT_WH}")
    reading = InjectionReading(meter.signer, slot_start, energy_wh)
    return SignedReading(**vars(reading), signature=meter.sign(domain.digest(reading)))


def certify(
    domain: Domain, dso: SecretKey, reading: SignedReading, producer: Contact, nonce: int, deadline: int
) -> Certificate:
    """Check a reading and sign it over to its producer; needs no chain.

    Whether the meter is the producer's and signed one reading only of the slot is for the DSO to know.

    Args:
        domain: the EnergyLot's.
        dso: key of the ledger's owner.
        reading: the meter's.
        producer: who fed in.
        nonce: serial number.
        deadline: unix seconds, half open.

    Raises:
        ReadingRefused: the meter did not sign it.

    Source:
        C-4, EIP-712, EIP-2098.
    """
    if not verify_signature(reading.meter, domain.digest(reading), reading.signature):
        raise ReadingRefused(f"reading: given a signature that is not of meter 0x{reading.meter.hex()}")
    injection = Injection(
        producer.account,
        reading.energy_wh,
        reading.slot_start,
        keccak(reading.meter),
        reading.struct_hash(),
        producer.public_key,
        producer.msg_addr,
        nonce,
        deadline,
    )
    return Certificate(injection, compact(dso.sign_digest(domain.digest(injection))))


def mint(suite: Suite, sender: Sender, certificate: Certificate) -> int:
    """Make a lot of a certificate; anyone may, the lot is the producer's.

    Returns:
        The lot's id.

    Raises:
        ContractRevert: expired, used, not the DSO's, or the producer may not trade.

    Source:
        C-4.
    """
    sent = suite.lots.mint(certificate.injection, certificate.signature).send(sender)
    return sent.event(LotMinted).lot


def permit(suite: Suite, owner: SecretKey, lot: int, buyer: str, price: int, deadline: int) -> SignedPermit:
    """Sign a lot over to a buyer for a price; nothing is sent.

    Args:
        suite: the market; the lot's nonce is read there.
        owner: key of the lot's owner.
        lot: id.
        buyer: account of the new owner.
        price: units of account.
        deadline: unix seconds, half open.

    Raises:
        BadInput: the buyer is no address, or the price no uint64.

    Source:
        Chen eq 8 (C-7).
    """
    if not is_address(buyer):
        raise BadInput(f"buyer: given {buyer!r}, allowed an address")
    if not 0 <= price <= MAX_UNITS:
        raise BadInput(f"price: given {price} units, allowed 0 … 2**64-1")
    unsigned = ExchangePermit(lot, buyer, price, suite.lots.nonces(lot), deadline)
    signature = compact(owner.sign_digest(suite.lots_domain.digest(unsigned)))
    return SignedPermit(**vars(unsigned), signature=signature)


def accept(suite: Suite, buyer: SecretKey, permit: SignedPermit) -> SignedExchange:
    """Take a lot on the terms of a permit; nothing is sent.

    Raises:
        BadInput: the permit is for another account.

    Source:
        C-8.
    """
    if permit.buyer != buyer.address:
        raise BadInput(f"permit: given one for {permit.buyer}, allowed one for {buyer.address}")
    msg_addr = message_address(buyer)
    digest = suite.lots_domain.digest(ExchangeAcceptance(permit, msg_addr))
    return SignedExchange(permit, msg_addr, compact(buyer.sign_digest(digest)))


def exchange(suite: Suite, sender: Sender, acceptance: SignedExchange) -> Sent:
    """Change the owner and pay, in one transaction; anyone may bring the two signatures.

    Raises:
        ContractRevert: a signature does not fit, the permit is over, or a party may not trade or pay.

    Source:
        C-8.
    """
    p = acceptance.permit
    return suite.lots.exchange(
        p.lot, p.buyer, p.price, p.deadline, acceptance.msg_addr, p.signature, acceptance.signature
    ).send(sender)


def retire(suite: Suite, owner: Sender, lot: int) -> Sent:
    """End a lot whose energy is consumed; for ever.

    Source:
        C-4.
    """
    return suite.lots.retire(lot).send(owner)


def split(suite: Suite, owner: Sender, lot: int, energies_wh: Sequence[int]) -> list[int]:
    """End a lot and make several of it.

    Args:
        suite: the market.
        owner: of the lot.
        lot: id.
        energies_wh: two or more that add up to the lot's.

    Returns:
        Ids of the parts, in order.
    """
    suite.lots.split(lot, energies_wh).send(owner)
    return [part_id(lot, i) for i in range(len(energies_wh))]


def merge(suite: Suite, owner: Sender, lots: Sequence[int]) -> int:
    """End several lots of one slot and make one of them.

    Returns:
        Id of the new lot.
    """
    return suite.lots.merge(lots).send(owner).event(LotsMerged).lot


def part_id(lot: int, i: int) -> int:
    """Return the id of the i-th part of a lot that was split."""
    return int.from_bytes(keccak(lot.to_bytes(32, "big") + i.to_bytes(32, "big")), "big")
