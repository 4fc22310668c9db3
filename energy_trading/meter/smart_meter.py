"""A smart meter: what it measured, which trades may draw on it, and one receipt for each trade."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path
from typing import Any

from eth_utils.address import is_address

from energy_trading.crypto._signatures import check_signer
from energy_trading.errors import BadInput, RuleBroken, TryAgain
from energy_trading.files.journal import Journaled
from energy_trading.meter.one_time_keys import OneTimeKeys
from energy_trading.meter.signers import ReceiptSigner, sign_checked
from energy_trading.types import PLAIN_ENERGY_LIMIT, Acceptance, Domain, Energy, Receipt


class ReadingRefused(BadInput):
    """A reading is not later than the last one, a register went back, or a value is not a whole number."""


class TradeRefused(RuleBroken):
    """A trade is not allotted, was released, was allotted with other terms, or has its receipt already."""


class SlotNotEnded(TryAgain):
    """The last reading is before the end of the trade's slot."""


class ReadingMissing(RuleBroken):
    """Time passed an end of the slot without a reading at that second, so there can be no receipt."""


class NothingDelivered(RuleBroken):
    """No measured energy is left for the trade, so there is no receipt for it."""


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
    """A consumer's meter, the only source of receipts.

    Between two readings lies an interval with a known import. A trade draws on the intervals inside its slot,
    the earliest first, up to its agreed quantity and after all trades that were allotted before it. What one
    receipt drew is gone for all others, so receipts never add up to more than was measured.

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
        N-3, N-5, N-6.
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
            for the quantity that did arrive.

        Raises:
            TradeRefused: the trade is not allotted, or was released.
            SlotNotEnded: the last reading is before the end of the slot.
            ReadingMissing: there is no reading at the start or at the end of the slot.
            NothingDelivered: no measured energy is left for the trade.
            SignatureRefused: the signer's answer is no signature of its key. Nothing was recorded, so that
                the call may be repeated once the signer works.

        Source:
            N-3 (ERC), N-5.
        """
        trade = self._trade(trade_id)
        if trade.receipt is not None:
            return trade.receipt
        last = self.last_reading
        if last is None or last.time < trade.slot_to:
            reached = "there is no reading yet" if last is None else f"the last reading is at {last.time}"
            raise SlotNotEnded(f"the slot ends at {trade.slot_to}, and {reached}")
        if unread := self._passed_unread(trade):
            raise ReadingMissing(f"there is no reading at {unread[0]}; a slot needs one at each of its ends")
        drawn = self._draw(trade_id)
        delivered = sum(drawn.values())
        if delivered == 0:
            raise NothingDelivered(f"no measured import is left in the slot of trade 0x{trade_id.hex()}")
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

    def __repr__(self) -> str:
        return f"<SmartMeter 0x{self._signer.signer.hex()}>"

    def _draw(self, trade_id: bytes) -> dict[int, int]:
        """Return what the trade draws, Wh by interval, after the trades before it have drawn."""
        left = self._left.copy()
        for earlier_id in takewhile(trade_id.__ne__, self._trades):
            earlier = self._trades[earlier_id]
            # A trade that can never have a receipt reserves nothing.
            if not (earlier.released or earlier.receipt or self._passed_unread(earlier)):
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

    def _passed_unread(self, trade: _Trade) -> list[int]:
        ends = (trade.slot_from, trade.slot_to)
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
