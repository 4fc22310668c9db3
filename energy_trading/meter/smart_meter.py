"""A smart meter: what it measured, one receipt for each trade it drew on, and what its exports are for."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path
from typing import Any

from eth_utils.address import is_address
from eth_utils.crypto import keccak

from energy_trading.crypto._signatures import check_signer
from energy_trading.errors import BadInput, RuleBroken, TryAgain
from energy_trading.files.journal import Journaled
from energy_trading.meter.export_ledger import (
    ExportLedger,
    ExportRange,
    SignedInjectionRange,
    SignedRange,
    SignedReading,
    SignedTestimony,
    injection_purpose,
)
from energy_trading.meter.one_time_keys import OneTimeKeys
from energy_trading.meter.signers import ReceiptSigner, sign_checked
from energy_trading.types import (
    MAX_LOT_WH,
    PLAIN_ENERGY_LIMIT,
    Acceptance,
    Domain,
    Energy,
    InjectionReading,
    Receipt,
    Terms,
    Testimony,
)


class ReadingRefused(BadInput):
    """A reading is not later than the last one, a register went back, or a value is not a whole number."""


class TradeRefused(RuleBroken):
    """A trade is not allotted, was released, or was signed already with other terms or for another slot."""


class SlotNotEnded(TryAgain):
    """The last reading is before the end of the slot."""


class ReadingMissing(RuleBroken):
    """Time passed an end of the slot without a reading at that second, so nothing is signed about it."""


class NothingDelivered(RuleBroken):
    """No exported Wh of the slot is left, so there is nothing to testify or to make a lot of."""


@dataclass(frozen=True)
class Reading:
    """The two cumulative registers of a meter at one second.

    Args:
        time: unix seconds.
        import_wh: energy drawn from the grid so far, Wh.
        export_wh: energy fed into the grid so far, Wh.

    Raises:
        ReadingRefused: a value is negative or not an integer.
    """

    time: int
    import_wh: int
    export_wh: int

    def __post_init__(self) -> None:
        for name in ("time", "import_wh", "export_wh"):
            value = getattr(self, name)
            if type(value) is not int or value < 0:
                raise ReadingRefused(f"{name} must be a whole number of 0 or more, not {value!r}")


@dataclass(frozen=True)
class Allotment:
    """A trade that may draw on the meter's import.

    Args:
        trade_id: hash of the terms, 32 bytes.
        slot_from: start of delivery, unix seconds.
        slot_to: end of delivery, unix seconds, not included.
        energy_wh: agreed quantity, Wh.
        salt: opens the commitment of the terms, 32 bytes; None if the terms state the quantity.

    Raises:
        BadInput: a value is out of range. (The error does not repeat the salt.)

    Source:
        N-3, N-5.
    """

    trade_id: bytes
    slot_from: int
    slot_to: int
    energy_wh: int
    salt: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if len(self.trade_id) != 32:
            raise BadInput(f"the trade id must have 32 bytes, not {len(self.trade_id)}")
        if not 0 <= self.slot_from < self.slot_to:
            raise BadInput(
                f"the slot must start before it ends, not go from {self.slot_from} to {self.slot_to}"
            )
        if type(self.energy_wh) is not int or not 0 < self.energy_wh < PLAIN_ENERGY_LIMIT:
            raise BadInput(f"the energy must be between 1 and 2**64-1 Wh, not {self.energy_wh!r} Wh")
        if self.salt is not None and len(self.salt) != 32:
            raise BadInput(f"the salt must have 32 bytes, not {len(self.salt)}")

    @property
    def energy(self) -> Energy:
        """The energy of the terms (N-5)."""
        return Energy.of(self.energy_wh, self.salt)


@dataclass(frozen=True)
class SignedAcceptance(Acceptance):
    """The signature by which a one-time key agrees to be named in a buyer's acceptance.

    Args:
        signer: the one-time key, 20 bytes.
        signature: 64 bytes.

    Source:
        N-6.
    """

    signer: bytes
    signature: bytes


@dataclass(frozen=True)
class SignedReceipt(Receipt):
    """A meter's signed statement that energy arrived: the energy receipt confirmation (ERC) of the paper.

    Args:
        signer: the key that was named at acceptance.
        signature: 64 bytes.

    Source:
        N-3, N-5.
    """

    signer: bytes
    signature: bytes


@dataclass(frozen=True)
class _Trade:
    slot_from: int
    slot_to: int
    energy_wh: int
    energy: Energy
    buyer: str | None
    #: epoch and index of the one-time key; None stands for the meter's registered key
    key: tuple[int, int] | None
    released: bool = False
    receipt: SignedReceipt | None = None


class SmartMeter(Journaled):
    """A home's meter, the only source of receipts, testimony and readings of injections.

    Between two readings lies an interval with a known import. A trade draws on the intervals inside its slot,
    the earliest first, up to its agreed quantity and after all trades that were allotted before it. What one
    receipt drew is gone for all others, so receipts never add up to more than was measured.

    Each exported Wh has one place in the export register and is signed for one purpose. A purpose takes the
    longest stretch of its slot that is free, from its beginning.

    Every fact is in the journal before its method returns, so a meter that restarts knows what it signed. The
    journal holds no key, but it shows who bought what and when; only its owner can read it.

    Args:
        signer: the meter's registered key.
        domain: the OfferMarket's.
        journal: file of the meter's facts; None keeps them in memory only, for simulations.
        one_time_keys: the keys for private acceptances.

    Raises:
        BadInput: the journal belongs to another meter or market, or the signer is on neither curve.
        JournalLocked, JournalCorrupt: see `Journal`.

    Source:
        N-3, N-5, N-6, N-7, C-4.
    """

    def __init__(
        self,
        signer: ReceiptSigner,
        domain: Domain,
        journal: Path | None = None,
        one_time_keys: OneTimeKeys | None = None,
    ) -> None:
        # Whoever registers a meter answers for its verifier; here the key need only be on its curve.
        check_signer(signer.signer, "0x" + signer.signer[:20].hex())
        super().__init__(journal)
        self._signer = signer
        self._domain = domain
        self._one_time_keys = one_time_keys
        self._readings: list[Reading] = []
        self._times: list[int] = []
        #: Wh of interval i (reading i to i + 1) that no receipt has drawn
        self._left: list[int] = []
        self._trades: dict[bytes, _Trade] = {}
        self._exports = ExportLedger()
        self._hash = keccak(signer.signer)
        identity = {"meter": signer.signer.hex(), "market": domain.separator().hex()}
        facts = self._journal.replay()
        first = next(facts, None)
        if first is None:
            self._journal.append(identity)
        elif first != identity:
            self.close()
            raise BadInput(f"the journal {journal} is not that of meter 0x{identity['meter']} in this market")
        self._restore(facts, "a fact does not fit those before it")

    @property
    def last_reading(self) -> Reading | None:
        """The newest reading, or None."""
        return self._readings[-1] if self._readings else None

    def record(self, reading: Reading) -> None:
        """Add a reading.

        Raises:
            ReadingRefused: it is not later than the last one, or a register went back.
        """
        last = self.last_reading
        if last is not None:
            if reading.time <= last.time:
                raise ReadingRefused(
                    f"a reading must be later than the last one at {last.time}, not at {reading.time}"
                )
            if reading.import_wh < last.import_wh or reading.export_wh < last.export_wh:
                raise ReadingRefused(
                    f"the registers cannot go back to import {reading.import_wh} Wh, export "
                    f"{reading.export_wh} Wh; they were at {last.import_wh} Wh and {last.export_wh} Wh"
                )
        self._record({"reading": [reading.time, reading.import_wh, reading.export_wh]})

    def allot(self, allotment: Allotment) -> None:
        """Let a trade draw on the meter, after those allotted before; the registered key signs its receipt.

        Idempotent: repeating the call with the same terms changes nothing.

        Raises:
            TradeRefused: the trade was allotted with other terms, or was released.
        """
        if self._known(allotment, buyer=None) is None:
            self._record(_allot_fact(allotment, None, None))

    def allot_privately(self, allotment: Allotment, buyer: str, epoch: int) -> SignedAcceptance:
        """Let a trade draw on the meter under a fresh one-time key, which consents to the acceptance.

        Idempotent: repeating the call with the same terms returns the same consent and takes no other key.

        Args:
            allotment: the trade.
            buyer: the account that will accept.
            epoch: the epoch from whose keys the next one is taken.

        Raises:
            BadInput: the meter has no one-time keys, the buyer is no address, or the epoch was not opened.
            KeysUsedUp: no key of the epoch is left.
            TradeRefused: the trade was allotted with other terms, or was released.

        Source:
            N-6.
        """
        if not is_address(buyer):
            raise BadInput(f"the buyer must be a 20-byte address in hex, not {buyer!r}")
        trade = self._known(allotment, buyer.lower())
        if trade is None:
            key = self._keys().take(epoch)
            self._record(_allot_fact(allotment, buyer.lower(), (key.epoch, key.index)))
            trade = self._trades[allotment.trade_id]
        signer = self._signer_of(trade)
        digest = self._domain.digest(Acceptance(allotment.trade_id, buyer))
        return SignedAcceptance(allotment.trade_id, buyer, signer.signer, sign_checked(signer, digest))

    def release(self, trade_id: bytes) -> None:
        """Give up a trade that was not accepted or has expired, so that later trades may draw its energy.

        Raises:
            TradeRefused: the trade is not allotted, was released, or has its receipt.
        """
        if self._trade(trade_id).receipt is not None:
            raise TradeRefused(f"trade 0x{trade_id.hex()} cannot be released, because its receipt is signed")
        self._record({"released": trade_id.hex()})

    def sign_receipt(self, trade_id: bytes) -> SignedReceipt:
        """Return the one receipt of a trade. It is signed once; later calls return the same receipt.

        Returns:
            A receipt for the commitment of the terms or the agreed quantity if all of it arrived, otherwise
            for the quantity that did arrive, which may be zero.

        Raises:
            TradeRefused: the trade is not allotted, or was released.
            SlotNotEnded: the last reading is before the end of the slot.
            ReadingMissing: there is no reading at the start or at the end of the slot.
            SignatureRefused: the signer's answer is no signature of its key. Nothing was recorded, so that
                the call may be repeated once the signer works.

        Source:
            N-3 (ERC), N-5.
        """
        trade = self._trade(trade_id)
        if trade.receipt is not None:
            return trade.receipt
        self._check_measured(trade.slot_from, trade.slot_to)
        drawn = self._draw(trade_id)
        delivered = sum(drawn.values())
        energy = trade.energy if delivered == trade.energy_wh else Energy.plain(delivered)
        signer = self._signer_of(trade)
        signature = sign_checked(signer, self._domain.digest(Receipt(trade_id, energy)))
        self._record(
            {
                "receipt": trade_id.hex(),
                "energy": energy.hex(),
                "signer": signer.signer.hex(),
                "signature": signature.hex(),
                "drawn": sorted(drawn.items()),
            }
        )
        return SignedReceipt(trade_id, energy, signer.signer, signature)

    # ------------------------------------------------------------ exports

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
            TradeRefused, SlotNotEnded, ReadingMissing, NothingDelivered: see `take`.

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

    def sign_injection(
        self, slot_start: int, slot_seconds: int, domain: Domain, most_wh: int = MAX_LOT_WH
    ) -> SignedInjectionRange:
        """Sign what is left of a slot for a lot: once, later calls return the same.

        What the slot's trades will need must be taken or testified before.

        Args:
            slot_start: unix seconds.
            slot_seconds: length of the lots' slot.
            domain: the EnergyLot's.
            most_wh: how many Wh at most, 1 … 2**40-1.

        Raises:
            BadInput: the energy is out of range.
            SlotNotEnded, ReadingMissing, NothingDelivered: see `take`.

        Source:
            C-4.
        """
        if not 0 < most_wh <= MAX_LOT_WH:
            raise BadInput(f"the energy must be between 1 and {MAX_LOT_WH} Wh, not {most_wh}")
        part = self.take(injection_purpose(slot_start), slot_start, slot_start + slot_seconds, most_wh)
        reading = InjectionReading(self._signer.signer, slot_start, part.energy_wh)
        signature = sign_checked(self._signer, domain.digest(reading))
        return SignedInjectionRange(SignedReading(**vars(reading), signature=signature), part)

    def take(self, purpose: bytes, slot_from: int, slot_to: int, energy_wh: int) -> SignedRange:
        """Use up exported Wh of a slot for one purpose, and sign which. Whatever needs exports calls this.

        It is in the journal before anything is signed. Idempotent: a purpose has one range, which later calls
        return.

        Args:
            purpose: 32 bytes.
            slot_from: start of the slot, unix seconds.
            slot_to: its end, unix seconds.
            energy_wh: how many Wh at most.

        Raises:
            TradeRefused: the purpose has a range in another slot.
            SlotNotEnded: the last reading is before the end of the slot.
            ReadingMissing: there is no reading at the start or at the end of the slot.
            NothingDelivered: no exported Wh of the slot is left.
        """
        taken = self._exports.of(purpose)
        if taken is None:
            from_wh, to_wh = self._free(slot_from, slot_to)
            to_wh = min(to_wh, from_wh + energy_wh)
            if to_wh <= from_wh:
                raise NothingDelivered(f"no exported Wh is left in the slot from {slot_from} to {slot_to}")
            self._record({"range": [slot_from, slot_to, from_wh, to_wh], "purpose": purpose.hex()})
            taken = ExportRange(self._hash, slot_from, slot_to, from_wh, to_wh, purpose)
        elif (taken.slot_from, taken.slot_to) != (slot_from, slot_to):
            raise TradeRefused(f"0x{purpose.hex()} was signed for the slot from {taken.slot_from} already")
        return self._sign_range(taken)

    def ranges(self) -> list[SignedRange]:
        """Return every range that was signed, in the order of the register, for whoever audits the meter."""
        return [self._sign_range(part) for part in self._exports.ranges()]

    def free_wh(self, slot_from: int, slot_to: int) -> int:
        """Return how many exported Wh of a slot one more purpose can take.

        Args:
            slot_from: start of the slot, unix seconds.
            slot_to: its end, unix seconds.

        Raises:
            SlotNotEnded, ReadingMissing: see `take`.
        """
        from_wh, to_wh = self._free(slot_from, slot_to)
        return to_wh - from_wh

    def __repr__(self) -> str:
        return f"<SmartMeter 0x{self._signer.signer.hex()}>"

    def _sign_range(self, part: ExportRange) -> SignedRange:
        signature = sign_checked(self._signer, self._domain.digest(part))
        return SignedRange(**vars(part), signer=self._signer.signer, signature=signature)

    def _free(self, slot_from: int, slot_to: int) -> tuple[int, int]:
        self._check_measured(slot_from, slot_to)
        ends = (self._readings[bisect_left(self._times, time)] for time in (slot_from, slot_to))
        return self._exports.free(*(reading.export_wh for reading in ends))

    def _check_measured(self, slot_from: int, slot_to: int) -> None:
        """Refuse to sign about a slot that is not over, or whose ends were not read."""
        last = self.last_reading
        if last is None or last.time < slot_to:
            reached = "there is no reading yet" if last is None else f"the last reading is at {last.time}"
            raise SlotNotEnded(f"the slot ends at {slot_to}, and {reached}")
        if unread := self._passed_unread(slot_from, slot_to):
            raise ReadingMissing(f"there is no reading at {unread[0]}; a slot needs one at each of its ends")

    def _draw(self, trade_id: bytes) -> dict[int, int]:
        """Return what the trade draws, Wh by interval, after the trades before it have drawn."""
        left = self._left.copy()
        for earlier_id in takewhile(trade_id.__ne__, self._trades):
            earlier = self._trades[earlier_id]
            # A trade that can never have a receipt reserves nothing.
            unread = self._passed_unread(earlier.slot_from, earlier.slot_to)
            if not (earlier.released or earlier.receipt or unread):
                self._draw_from(left, earlier)
        return self._draw_from(left, self._trades[trade_id])

    def _draw_from(self, left: list[int], trade: _Trade) -> dict[int, int]:
        drawn: dict[int, int] = {}
        wanted = trade.energy_wh
        first = bisect_left(self._times, trade.slot_from)
        behind = bisect_right(self._times, trade.slot_to) - 1
        for interval in range(first, behind):
            if part := min(left[interval], wanted):
                drawn[interval] = part
                left[interval] -= part
                wanted -= part
        return drawn

    def _passed_unread(self, *ends: int) -> list[int]:
        return [t for t in ends if self._times and t <= self._times[-1] and not self._has_reading(t)]

    def _has_reading(self, time: int) -> bool:
        place = bisect_left(self._times, time)
        return place < len(self._times) and self._times[place] == time

    def _trade(self, trade_id: bytes) -> _Trade:
        trade = self._trades.get(trade_id)
        if trade is None or trade.released:
            state = "released" if trade else "unknown"
            raise TradeRefused(f"trade 0x{trade_id.hex()} is {state} and not allotted")
        return trade

    def _known(self, allotment: Allotment, buyer: str | None) -> _Trade | None:
        if allotment.trade_id not in self._trades:
            return None
        trade = self._trade(allotment.trade_id)
        asked = (allotment.slot_from, allotment.slot_to, allotment.energy_wh, allotment.energy, buyer)
        if asked != (trade.slot_from, trade.slot_to, trade.energy_wh, trade.energy, trade.buyer):
            raise TradeRefused(f"trade 0x{allotment.trade_id.hex()} was allotted before, with other terms")
        return trade

    def _keys(self) -> OneTimeKeys:
        if self._one_time_keys is None:
            raise BadInput("this meter has no one-time keys")
        return self._one_time_keys

    def _signer_of(self, trade: _Trade) -> ReceiptSigner:
        return self._signer if trade.key is None else self._keys().taken(*trade.key)

    def _apply(self, fact: dict[str, Any]) -> None:
        if "reading" in fact:
            reading = Reading(*fact["reading"])
            if self._readings:
                self._left.append(reading.import_wh - self._readings[-1].import_wh)
            self._readings.append(reading)
            self._times.append(reading.time)
        elif "allotted" in fact:
            slot_from, slot_to = fact["slot"]
            key = fact["key"]
            self._trades[bytes.fromhex(fact["allotted"])] = _Trade(
                slot_from=slot_from,
                slot_to=slot_to,
                energy_wh=fact["energy_wh"],
                energy=Energy(bytes.fromhex(fact["energy"])),
                buyer=fact["buyer"],
                key=None if key is None else (key[0], key[1]),
            )
        elif "range" in fact:
            slot_from, slot_to, from_wh, to_wh = fact["range"]
            purpose = bytes.fromhex(fact["purpose"])
            self._exports.add(ExportRange(self._hash, slot_from, slot_to, from_wh, to_wh, purpose))
        elif "released" in fact:
            self._change(fact["released"], released=True)
        else:
            trade_id = bytes.fromhex(fact["receipt"])
            for interval, part in fact["drawn"]:
                if not 0 < part <= self._left[interval]:
                    raise ValueError("a receipt drew more than was measured")
                self._left[interval] -= part
            self._change(
                fact["receipt"],
                receipt=SignedReceipt(
                    trade_id,
                    Energy(bytes.fromhex(fact["energy"])),
                    bytes.fromhex(fact["signer"]),
                    bytes.fromhex(fact["signature"]),
                ),
            )

    def _change(self, trade_id: str, **changes: Any) -> None:
        key = bytes.fromhex(trade_id)
        self._trades[key] = replace(self._trades[key], **changes)


def _allot_fact(allotment: Allotment, buyer: str | None, key: tuple[int, int] | None) -> dict[str, Any]:
    return {
        "allotted": allotment.trade_id.hex(),
        "slot": [allotment.slot_from, allotment.slot_to],
        "energy_wh": allotment.energy_wh,
        "energy": allotment.energy.hex(),
        "buyer": buyer,
        "key": key,
    }
