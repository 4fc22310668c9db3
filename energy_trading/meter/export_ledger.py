"""A seller's export ledger: each exported Wh is signed once, whatever it is signed for."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from eth_utils.crypto import keccak

from energy_trading.crypto._signatures import verify_signature
from energy_trading.errors import BadInput
from energy_trading.files.journal import Journaled
from energy_trading.meter.signers import ReceiptSigner, sign_checked
from energy_trading.meter.smart_meter import (
    NothingDelivered,
    Reading,
    ReadingMissing,
    ReadingRefused,
    SlotNotEnded,
    TradeRefused,
)
from energy_trading.types import Domain, Energy, InjectionReading, Message, Terms, Testimony


@dataclass(frozen=True)
class ExportRange(Message):
    """A stretch of the meter's export register, and what it was signed for.

    The register only grows, so each Wh has one place in it. Two ranges of one meter that overlap and have
    different purposes prove that the meter signed the same Wh twice.

    Args:
        meter: keccak256 of the ERC-7913 signer, 32 bytes.
        slot_from: start of the time in which it was exported, unix seconds.
        slot_to: its end, unix seconds.
        from_wh: export register before the first of these Wh.
        to_wh: export register after the last of them.
        purpose: what it was signed for, 32 bytes: the id of a trade (testimony) or of a lot (injection).
    """

    meter: bytes
    slot_from: int
    slot_to: int
    from_wh: int
    to_wh: int
    purpose: bytes

    TYPE: ClassVar[str] = (
        "ExportRange(bytes32 meter,uint256 slotFrom,uint256 slotTo,uint256 fromWh,uint256 toWh,"
        "bytes32 purpose)"
    )

    @property
    def energy_wh(self) -> int:
        """How many Wh are in the range."""
        return self.to_wh - self.from_wh


@dataclass(frozen=True)
class SignedRange(ExportRange):
    """A range with the meter's signature.

    Args:
        signer: ERC-7913 signer of the meter.
        signature: 64 bytes.
    """

    signer: bytes
    signature: bytes


@dataclass(frozen=True)
class SignedTestimony(Testimony):
    """A testimony with the meter's signature and the range that it uses up.

    Args:
        signer: ERC-7913 signer of the meter.
        signature: 64 bytes.
        range: where its Wh stand in the export register.
    """

    signer: bytes
    signature: bytes
    range: SignedRange


def proves_fault(one: SignedRange, other: SignedRange, domain: Domain) -> bool:
    """Return whether two ranges prove that a meter signed the same exported Wh twice.

    Args:
        one: a range.
        other: another one.
        domain: the OfferMarket's.
    """
    if one.signer != other.signer or one.purpose == other.purpose:
        return False
    if max(one.from_wh, other.from_wh) >= min(one.to_wh, other.to_wh):
        return False
    return all(_is_signed(part, domain) for part in (one, other))


def _is_signed(part: SignedRange, domain: Domain) -> bool:
    is_own = part.meter == keccak(part.signer)
    return is_own and verify_signature(part.signer, domain.digest(part), part.signature)


class ExportLedger(Journaled):
    """What a meter exported, and what of it is signed away: for testimony, lots and whatever follows.

    A range takes the Wh of its slot that nobody has yet, the earliest first. It is in the journal before
    anything is signed, so a meter that restarts repeats what it signed and signs no Wh twice.

    Args:
        signer: the meter's registered key.
        domain: the OfferMarket's.
        journal: file of the meter's exports; None keeps them in memory only, for simulations.

    Raises:
        BadInput: the journal belongs to another meter or market.
        JournalLocked, JournalCorrupt: see `Journal`.

    Source:
        N-3, N-7, C-4.
    """

    def __init__(self, signer: ReceiptSigner, domain: Domain, journal: Path | None = None) -> None:
        super().__init__(journal)
        self._signer, self._domain = signer, domain
        self._meter = keccak(signer.signer)
        self._times: list[int] = []
        self._registers: list[int] = []
        #: range by purpose, in the order in which they were taken
        self._taken: dict[bytes, ExportRange] = {}
        identity = {"exports": signer.signer.hex(), "market": domain.separator().hex()}
        facts = self._journal.replay()
        first = next(facts, None)
        if first is None:
            self._journal.append(identity)
        elif first != identity:
            self.close()
            raise BadInput(f"the journal {journal} is not that of the exports of 0x{signer.signer.hex()}")
        self._restore(facts, "a fact does not fit those before it")

    @property
    def last_time(self) -> int | None:
        """Time of the newest reading, unix seconds, or None."""
        return self._times[-1] if self._times else None

    def record(self, reading: Reading) -> None:
        """Add a reading; only its export counts here.

        Raises:
            ReadingRefused: it is not later than the last one, or the register went back.
        """
        if self._times and reading.time <= self._times[-1]:
            raise ReadingRefused(
                f"a reading must be later than the last one at {self._times[-1]}, not at {reading.time}"
            )
        if self._registers and reading.export_wh < self._registers[-1]:
            raise ReadingRefused(
                f"the export register cannot go back from {self._registers[-1]} to {reading.export_wh} Wh"
            )
        self._record({"reading": [reading.time, reading.export_wh]})

    def testify(
        self, terms: Terms, slot_from: int, slot_to: int, energy_wh: int, salt: bytes | None = None
    ) -> SignedTestimony:
        """Return the one testimony for a trade: it is signed once, later calls return the same.

        Args:
            terms: the offer.
            slot_from: start of delivery, unix seconds.
            slot_to: end of delivery, unix seconds.
            energy_wh: agreed quantity, Wh.
            salt: opens the commitment of the terms; None if they state the quantity.

        Returns:
            A testimony of the commitment of the terms or the agreed quantity if all of it was exported,
            otherwise of the quantity that was.

        Raises:
            BadInput: the slot does not lie in the trade, or quantity and salt are not those of the terms.
            TradeRefused: the trade has its testimony already, for another slot.
            SlotNotEnded, ReadingMissing, NothingDelivered: as `take`.

        Source:
            N-3, N-5, N-7.
        """
        if not terms.accept_by <= slot_from < slot_to <= terms.deliver_by:
            raise BadInput(
                f"the slot must lie between {terms.accept_by} and {terms.deliver_by}, "
                f"not go from {slot_from} to {slot_to}"
            )
        if Energy.of(energy_wh, salt) != terms.energy:
            raise BadInput("the quantity and the salt are not those of the terms")
        trade_id = terms.struct_hash()
        part = self.take(trade_id, slot_from, slot_to, energy_wh)
        energy = terms.energy if part.energy_wh == energy_wh else Energy.plain(part.energy_wh)
        testimony = Testimony(trade_id, energy, slot_from, slot_to)
        signature = sign_checked(self._signer, self._domain.digest(testimony))
        return SignedTestimony(**vars(testimony), signer=part.signer, signature=signature, range=part)

    def sign_injection(self, slot_start: int, slot_seconds: int, domain: Domain) -> tuple[bytes, SignedRange]:
        """Sign what is left of a slot for a lot: the reading that the DSO certifies.

        Args:
            slot_start: unix seconds.
            slot_seconds: length of the lots' slot.
            domain: the EnergyLot's.

        Returns:
            The signature of the `InjectionReading` of as many Wh as the range has, and the range.

        Raises:
            SlotNotEnded, ReadingMissing, NothingDelivered: as `take`.

        Source:
            C-4.
        """
        # The lot's id contains the energy, so the purpose is the slot: a slot has one injection.
        purpose = keccak(b"injection" + slot_start.to_bytes(32, "big"))
        part = self.take(purpose, slot_start, slot_start + slot_seconds, None)
        reading = InjectionReading(self._signer.signer, slot_start, part.energy_wh)
        return sign_checked(self._signer, domain.digest(reading)), part

    def take(self, purpose: bytes, slot_from: int, slot_to: int, energy_wh: int | None) -> SignedRange:
        """Use up Wh of a slot for one purpose, and sign which.

        Idempotent: a purpose has one range, which later calls return.

        Args:
            purpose: 32 bytes.
            slot_from: start of the slot, unix seconds.
            slot_to: its end, unix seconds.
            energy_wh: how many Wh at most; None is all that are left.

        Raises:
            TradeRefused: the purpose has a range in another slot.
            SlotNotEnded: the last reading is before the end of the slot.
            ReadingMissing: there is no reading at the start or at the end of the slot.
            NothingDelivered: no exported Wh of the slot is left.
        """
        taken = self._taken.get(purpose)
        if taken is None:
            start, end = self._register_at(slot_from, slot_to)
            free = self._free(start, end)
            to_wh = free[1] if energy_wh is None else min(free[1], free[0] + energy_wh)
            if to_wh <= free[0]:
                raise NothingDelivered(f"no exported Wh is left in the slot from {slot_from} to {slot_to}")
            self._record({"range": [slot_from, slot_to, free[0], to_wh], "purpose": purpose.hex()})
            taken = self._taken[purpose]
        elif (taken.slot_from, taken.slot_to) != (slot_from, slot_to):
            raise TradeRefused(f"0x{purpose.hex()} was signed for the slot from {taken.slot_from} already")
        return SignedRange(
            **vars(taken),
            signer=self._signer.signer,
            signature=sign_checked(self._signer, self._domain.digest(taken)),
        )

    def __repr__(self) -> str:
        return f"<ExportLedger of 0x{self._signer.signer.hex()}>"

    def _register_at(self, slot_from: int, slot_to: int) -> tuple[int, int]:
        last = self.last_time
        if last is None or last < slot_to:
            reached = "there is no reading yet" if last is None else f"the last reading is at {last}"
            raise SlotNotEnded(f"the slot ends at {slot_to}, and {reached}")
        found = []
        for time in (slot_from, slot_to):
            place = bisect_left(self._times, time)
            if self._times[place] != time:
                raise ReadingMissing(f"there is no reading at {time}; a slot needs one at each of its ends")
            found.append(self._registers[place])
        return found[0], found[1]

    def _free(self, start: int, end: int) -> tuple[int, int]:
        """Return the longest stretch between two registers that no range has, the earliest of equal ones."""
        best, at = (start, start), start
        for part in sorted(self._taken.values(), key=lambda taken: taken.from_wh):
            if part.to_wh <= at or part.from_wh >= end:
                continue
            if part.from_wh - at > best[1] - best[0]:
                best = at, part.from_wh
            at = part.to_wh
        return (at, end) if end - at > best[1] - best[0] else best

    def _apply(self, fact: dict[str, Any]) -> None:
        if "reading" in fact:
            time, export_wh = fact["reading"]
            self._times.append(time)
            self._registers.append(export_wh)
            return
        slot_from, slot_to, from_wh, to_wh = fact["range"]
        for other in self._taken.values():
            if max(from_wh, other.from_wh) < min(to_wh, other.to_wh):
                raise ValueError("two ranges overlap")
        purpose = bytes.fromhex(fact["purpose"])
        self._taken[purpose] = ExportRange(self._meter, slot_from, slot_to, from_wh, to_wh, purpose)
