"""What the DSO (distribution system operator) checks before it certifies an injection."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from eth_utils.crypto import keccak

from energy_trading.bindings.suite import Suite
from energy_trading.chain.signers import code_signed, signed_by
from energy_trading.crypto._signatures import compact, verify_signature
from energy_trading.crypto.addresses import is_key_of
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput, RuleBroken
from energy_trading.files._json import check_address, check_object, from_hex, to_hex
from energy_trading.files.journal import Journaled
from energy_trading.market.lots.injection import (
    Contact,
    InjectionRefused,
    SignedInjection,
    sign_injection,
)
from energy_trading.meter.export_ledger import SignedReading
from energy_trading.types import MAX_LOT_WH, Domain, InjectionRequest, Role

_OTHER_FACT: Final = "a line is no certificate of this market, or contradicts an earlier one"


class NotCertified(RuleBroken):
    """The DSO does not certify an injection, although everything about it is signed as it should be."""


@dataclass(frozen=True)
class SignedRequest:
    """What a producer sends to the DSO (C-4); it holds no secret.

    Args:
        reading: what the producer's meter has signed.
        contact: txAddr, pubK and msgAddr, to be announced with the lot.
        signature: the producer's, over an `InjectionRequest` to this DSO.
    """

    reading: SignedReading
    contact: Contact
    signature: bytes

    def to_sign(self, dso: str) -> InjectionRequest:
        """Return what the producer signs."""
        contact = self.contact
        reading = self.reading.struct_hash()
        return InjectionRequest(contact.account, reading, contact.public_key, contact.msg_addr, dso)

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`."""
        return {
            "reading": self.reading.to_json(),
            "account": self.contact.account,
            "publicKey": to_hex(self.contact.public_key),
            "msgAddr": to_hex(self.contact.msg_addr),
            "signature": to_hex(self.signature),
        }

    @classmethod
    def from_json(cls, value: Any) -> SignedRequest:
        """Read the object of `to_json`; `Certifier.certify` checks it.

        Raises:
            BadInput: a field is malformed.
        """
        fields = check_object(
            value, "injection request", {"reading", "account", "publicKey", "msgAddr", "signature"}
        )
        contact = Contact(
            check_address(fields["account"], "account"),
            from_hex(fields["publicKey"], "publicKey"),
            from_hex(fields["msgAddr"], "msgAddr", 32),
        )
        reading = SignedReading.from_json(fields["reading"])
        return cls(reading, contact, from_hex(fields["signature"], "signature"))


def request_certificate(
    reading: SignedReading, producer: SecretKey, dso: str, domain: Domain
) -> SignedRequest:
    """Ask the DSO to certify what the producer's meter has signed; nothing is sent.

    Args:
        reading: the meter's.
        producer: key of the account that is to own the lot. Its contact is computed from it (eqs 1, 2).
        dso: account of the DSO, the ledger's owner.
        domain: the EnergyLot's.

    Returns:
        The signed request, for `Certifier.certify`.

    Source:
        C-4: (Energy, pubK, sign(PK_DSO), txAddr, msgAddr).
    """
    asked = SignedRequest(reading, Contact.of(producer), b"")
    signature = compact(producer.sign_digest(domain.digest(asked.to_sign(dso))))
    return SignedRequest(reading, asked.contact, signature)


class Certifier(Journaled):
    """The DSO's desk: it checks each injection against the chain and its own journal, and certifies it.

    Equation 1 is recomputed here. Equation 2 hashes the producer's secret key, so that only the producer can
    compute it: what its signature vouches for is taken, unless it is the address of another account.

    Args:
        suite: the market.
        dso: key of the ledger's owner.
        limit_wh: the most that a meter can feed in during a slot, Wh: what the connection carries.
        journal: file of what was certified, mode 0600; None keeps nothing, for simulations.

    Raises:
        BadInput: the key is not that of the ledger's owner, or the limit is out of range.
        JournalLocked, JournalCorrupt: see `Journal`.

    Source:
        C-3, C-4.
    """

    def __init__(self, suite: Suite, dso: SecretKey, limit_wh: int, journal: Path | None = None) -> None:
        if not 0 < limit_wh <= MAX_LOT_WH:
            raise BadInput(f"the limit must be between 1 and {MAX_LOT_WH} Wh, not {limit_wh}")
        if dso.address != (owner := suite.ledger.owner()):
            raise BadInput(f"the key is that of {dso.address}; the ledger's owner is {owner}")
        self.limit_wh = limit_wh
        self._suite = suite
        self._dso = dso
        self._domain = suite.lots_domain
        self._slot_seconds = suite.lots.lot_parameters().slot_seconds
        #: reading and producer by meter and slot
        self._certified: dict[tuple[str, int], tuple[str, str]] = {}
        #: account by the message address that it announced
        self._reached: dict[str, str] = {}
        super().__init__(journal)
        self._restore(self._journal.replay(), _OTHER_FACT)

    def certify(self, request: SignedRequest, deadline: int) -> SignedInjection:
        """Check an injection and certify it. The same reading can be certified again, with a later deadline.

        Args:
            request: the producer's.
            deadline: unix seconds, half open; the certificate mints before.

        Returns:
            The signed injection, for `mint`. One reading mints once, however often it is certified.

        Raises:
            InjectionRefused: the meter or the producer did not sign, or the key is not the account's.
            NotCertified: the meter is not the producer's, the producer may not produce, the energy is beyond
                the limit, the slot is not one that is over, the meter's reading of this slot was another, or
                the message address is another account's.
            JournalClosed, OSError: the certificate could not be recorded.

        Source:
            C-3, C-4.
        """
        self._check_signatures(request)
        self._check_meter(request)
        reading, contact = request.reading, request.contact
        meter, msg_addr = to_hex(reading.meter), to_hex(contact.msg_addr)
        place = meter, reading.slot_start
        stated = to_hex(reading.struct_hash()), contact.account
        if self._certified.get(place, stated) != stated:
            raise NotCertified(
                f"another reading of meter {meter} for the slot at {reading.slot_start} was certified"
            )
        if self._reached.get(msg_addr, contact.account) != contact.account:
            raise NotCertified("the message address is that of another account")
        if place not in self._certified:
            # Recorded first: after a crash a reading may be certified again, and never another one.
            self._record(
                {
                    "chainId": self._domain.chain_id,
                    "contract": self._domain.verifying_contract,
                    "meter": meter,
                    "slotStart": reading.slot_start,
                    "reading": stated[0],
                    "producer": contact.account,
                    "msgAddr": msg_addr,
                }
            )
        serial = len(self._certified)
        return sign_injection(reading, contact, serial, deadline, self._dso, self._domain)

    def _check_signatures(self, request: SignedRequest) -> None:
        reading, contact, chain = request.reading, request.contact, self._suite.chain
        if not verify_signature(reading.meter, self._domain.digest(reading), reading.signature):
            raise InjectionRefused(
                f"the reading is not signed by meter {to_hex(reading.meter)}, which it names"
            )
        digest = self._domain.digest(request.to_sign(self._dso.address))
        if contact.public_key:
            if not is_key_of(contact.account, contact.public_key):
                raise InjectionRefused(f"the public key is not that of account {contact.account} (eq 1)")
            signed = signed_by(chain, contact.account, digest, request.signature)
        else:
            signed = code_signed(chain, contact.account, digest, request.signature)
        if not signed:
            raise InjectionRefused(f"the request is not signed by its producer, {contact.account}")

    def _check_meter(self, request: SignedRequest) -> None:
        reading, producer, ledger = request.reading, request.contact.account, self._suite.ledger
        if ledger.meter_of(producer) != keccak(reading.meter):
            raise NotCertified(f"meter {to_hex(reading.meter)} is not the one registered for {producer}")
        if not ledger.may_commit(producer, Role.PRODUCER):
            raise NotCertified(f"account {producer} may not produce: it is closed, suspended or banned")
        if not 0 < reading.energy_wh <= self.limit_wh:
            raise NotCertified(
                f"the energy of a slot must be between 1 and {self.limit_wh} Wh, not {reading.energy_wh}"
            )
        latest = self._suite.chain.now() - self._slot_seconds
        if reading.slot_start % self._slot_seconds or reading.slot_start > latest:
            raise NotCertified(
                f"the slot must start at a multiple of {self._slot_seconds} s and be over, unlike the one at "
                f"{reading.slot_start}"
            )

    def _apply(self, fact: dict[str, Any]) -> None:
        place = fact["meter"], fact["slotStart"]
        if (fact["chainId"], fact["contract"]) != (self._domain.chain_id, self._domain.verifying_contract):
            raise ValueError("a certificate of another market")
        if place in self._certified:
            raise ValueError("certified twice")
        self._certified[place] = fact["reading"], fact["producer"]
        self._reached.setdefault(fact["msgAddr"], fact["producer"])
