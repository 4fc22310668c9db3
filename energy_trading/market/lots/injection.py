"""An injection on its way to a lot: the meter signs a reading, the DSO signs the injection, anyone mints."""

from __future__ import annotations

from dataclasses import dataclass

from eth_utils.crypto import keccak

from energy_trading.bindings.energy_lot import Injection, LotMinted
from energy_trading.bindings.suite import Suite
from energy_trading.chain.connect import Sender
from energy_trading.crypto.addresses import message_address
from energy_trading.crypto.keys import SecretKey
from energy_trading.crypto.typed_data import Domain, injection_digest, reading_hash
from energy_trading.errors import BadInput, Forged
from energy_trading.meter.signers import ReceiptSigner, compact, verify_signature
from energy_trading.rules.lot import MAX_ENERGY_WH


class ReadingRefused(Forged):
    """A reading is not signed by the meter that it names."""


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
class InjectionReading:
    """What a meter signs about a delivery slot in which energy was fed in.

    Args:
        meter: ERC-7913 signer bytes.
        slot_start: unix seconds.
        energy_wh: energy fed in during the slot, Wh.
        signature: the meter's.
    """

    meter: bytes
    slot_start: int
    energy_wh: int
    signature: bytes

    @property
    def hash(self) -> bytes:
        """Struct hash, 32 bytes, which is the id of the lot."""
        return reading_hash(self.meter, self.slot_start, self.energy_wh)


@dataclass(frozen=True)
class SignedInjection:
    """What the distribution system operator (DSO) hands to the producer; it holds no secret.

    Args:
        injection: what the DSO signed.
        signature: sign_D, 64 bytes.
    """

    injection: Injection
    signature: bytes

    @property
    def lot(self) -> int:
        """Id of the lot that it mints."""
        return int.from_bytes(self.injection.reading, "big")


def sign_reading(slot_start: int, energy_wh: int, meter: ReceiptSigner, domain: Domain) -> InjectionReading:
    """Let a meter sign how much energy was fed in.

    Args:
        slot_start: unix seconds.
        energy_wh: 1 … 2**40-1.
        meter: the signer that holds the meter's key.
        domain: the EnergyLot's.

    Returns:
        The signed reading, for `sign_injection`.

    Raises:
        BadInput: the energy is out of range.

    Source:
        C-4, EIP-712.
    """
    if not 0 < energy_wh <= MAX_ENERGY_WH:
        raise BadInput(f"the energy must be between 1 and {MAX_ENERGY_WH} Wh, not {energy_wh}")
    digest = domain.digest(reading_hash(meter.signer, slot_start, energy_wh))
    return InjectionReading(meter.signer, slot_start, energy_wh, meter.sign(digest))


def sign_injection(
    reading: InjectionReading, producer: Contact, nonce: int, deadline: int, dso: SecretKey, domain: Domain
) -> SignedInjection:
    """Check a reading and certify it for its producer; this needs no chain.

    The DSO itself must know whether the meter is the producer's, and whether it signed only one reading of
    the slot.

    Args:
        reading: the meter's.
        producer: who fed in.
        nonce: serial number.
        deadline: unix seconds, half open.
        dso: key of the ledger's owner.
        domain: the EnergyLot's.

    Returns:
        The signed injection, for `mint`.

    Raises:
        ReadingRefused: the meter did not sign the reading.

    Source:
        C-4, EIP-712, EIP-2098.
    """
    if not verify_signature(reading.meter, domain.digest(reading.hash), reading.signature):
        raise ReadingRefused(f"the reading is not signed by meter 0x{reading.meter.hex()}, which it names")
    injection = Injection(
        producer.account,
        reading.energy_wh,
        reading.slot_start,
        keccak(reading.meter),
        reading.hash,
        producer.public_key,
        producer.msg_addr,
        nonce,
        deadline,
    )
    digest = injection_digest(domain, *(getattr(injection, name) for name in Injection.__abi__))
    return SignedInjection(injection, compact(dso.sign_digest(digest)))


def mint(suite: Suite, sender: Sender, signed: SignedInjection) -> int:
    """Make a lot of a signed injection; anyone may, and the lot is the producer's.

    Args:
        suite: the market.
        sender: pays for the gas.
        signed: what the DSO signed.

    Returns:
        The lot's id.

    Raises:
        ContractRevert: it has expired, was used, is not the DSO's, or the producer may not trade.

    Source:
        C-4.
    """
    sent = suite.lots.mint(signed.injection, signed.signature).send(sender)
    return sent.event(LotMinted).lot
