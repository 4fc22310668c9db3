"""An injection on its way to a lot: the meter signs a reading, the DSO signs the injection, anyone mints."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from typing import Any

from eth_utils.crypto import keccak

from energy_trading.bindings.energy_lot import LotMinted
from energy_trading.bindings.suite import Suite
from energy_trading.chain.connect import Sender
from energy_trading.crypto._signatures import compact, verify_signature
from energy_trading.crypto.addresses import message_address
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import Forged
from energy_trading.files._json import check_address, check_object, from_hex, read_integer, to_hex
from energy_trading.market.log.event_json import to_plain
from energy_trading.meter.export_ledger import SignedReading
from energy_trading.types import Domain, Injection


class InjectionRefused(Forged):
    """A reading is not signed by the meter that it names, or a request not by its producer."""


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

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`."""
        return {"injection": to_plain(self.injection), "signature": to_hex(self.signature)}

    @classmethod
    def from_json(cls, value: Any) -> SignedInjection:
        """Read the object of `to_json`; the contract checks it.

        Raises:
            BadInput: a field is malformed.
        """
        fields = check_object(value, "certificate", {"injection", "signature"})
        names = {field.name for field in dataclass_fields(Injection)}
        stated = check_object(fields["injection"], "injection", names)
        numbers = ("energy_wh", "slot_start", "nonce", "deadline")
        injection = Injection(
            producer=check_address(stated["producer"], "producer"),
            meter=from_hex(stated["meter"], "meter", 32),
            reading=from_hex(stated["reading"], "reading", 32),
            public_key=from_hex(stated["public_key"], "public_key"),
            msg_addr=from_hex(stated["msg_addr"], "msg_addr", 32),
            **{name: read_integer(stated[name], name, most=2**256 - 1) for name in numbers},
        )
        return cls(injection, from_hex(fields["signature"], "signature"))


def sign_injection(
    reading: SignedReading, producer: Contact, nonce: int, deadline: int, dso: SecretKey, domain: Domain
) -> SignedInjection:
    """Certify a reading for its producer after checking the meter's signature, and nothing else.

    `Certifier.certify` checks all the rest before it calls this.

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
        InjectionRefused: the meter did not sign the reading.

    Source:
        C-4, EIP-712, EIP-2098.
    """
    if not verify_signature(reading.meter, domain.digest(reading), reading.signature):
        raise InjectionRefused(f"the reading is not signed by meter {to_hex(reading.meter)}, which it names")
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
    return SignedInjection(injection, compact(dso.sign_digest(domain.digest(injection))))


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
