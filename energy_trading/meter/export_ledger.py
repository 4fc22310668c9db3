"""A meter's export ledger: each exported Wh is signed once, whatever it is signed for."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any, ClassVar

from eth_utils.crypto import keccak

from energy_trading.crypto._signatures import verify_signature
from energy_trading.files._json import check_object, exact, from_hex, read_integer, to_hex
from energy_trading.types import MAX_LOT_WH, Domain, InjectionReading, Message, Testimony


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
        purpose: what it was signed for, 32 bytes: the id of a trade, or `injection_purpose` of a slot.
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

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`."""
        return {
            name: to_hex(value) if isinstance(value, bytes) else exact(value)
            for name, value in vars(self).items()
        }

    @classmethod
    def from_json(cls, value: Any) -> SignedRange:
        """Read the object of `to_json`; `proves_fault` checks it.

        Raises:
            BadInput: a field is malformed.
        """
        numbers = ("slot_from", "slot_to", "from_wh", "to_wh")
        fields = check_object(value, "range", {"meter", *numbers, "purpose", "signer", "signature"})
        slot_from, slot_to, from_wh, to_wh = (read_integer(fields[name], name) for name in numbers)
        return cls(
            from_hex(fields["meter"], "meter", 32),
            slot_from,
            slot_to,
            from_wh,
            to_wh,
            from_hex(fields["purpose"], "purpose", 32),
            from_hex(fields["signer"], "signer"),
            from_hex(fields["signature"], "signature"),
        )


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


@dataclass(frozen=True)
class SignedReading(InjectionReading):
    """What a meter has signed about a slot in which energy was fed in (C-4); its hash is the id of the lot.

    Args:
        signature: the meter's.
    """

    signature: bytes

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`."""
        return {
            "meter": to_hex(self.meter),
            "slotStart": exact(self.slot_start),
            "energyWh": exact(self.energy_wh),
            "signature": to_hex(self.signature),
        }

    @classmethod
    def from_json(cls, value: Any) -> SignedReading:
        """Read the object of `to_json`; `Certifier.certify` checks it.

        Raises:
            BadInput: a field is malformed.
        """
        fields = check_object(value, "reading", {"meter", "slotStart", "energyWh", "signature"})
        return cls(
            from_hex(fields["meter"], "meter"),
            read_integer(fields["slotStart"], "slotStart"),
            read_integer(fields["energyWh"], "energyWh", most=MAX_LOT_WH),
            from_hex(fields["signature"], "signature"),
        )


@dataclass(frozen=True)
class SignedInjectionRange:
    """What a meter signs of a slot for a lot: the reading for the DSO, and the range that it uses up.

    Args:
        reading: for `request_certificate`.
        range: where its Wh stand in the export register.
    """

    reading: SignedReading
    range: SignedRange


def injection_purpose(slot_start: int) -> bytes:
    """Return the purpose of what goes into the lot of a slot; there is one such lot for each slot.

    The lot's id would not do, because it contains the energy.

    Args:
        slot_start: unix seconds.
    """
    return keccak(b"injection" + slot_start.to_bytes(32, "big"))


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


class ExportLedger:
    """What of a meter's export register is used up, and for what. `SmartMeter` keeps it in its journal."""

    def __init__(self) -> None:
        #: in the order of the register; no two of them overlap
        self._ranges: list[ExportRange] = []
        self._of: dict[bytes, ExportRange] = {}

    def ranges(self) -> list[ExportRange]:
        """Return all ranges, in the order of the register."""
        return list(self._ranges)

    def of(self, purpose: bytes) -> ExportRange | None:
        """Return the range of a purpose, or None."""
        return self._of.get(purpose)

    def free(self, from_wh: int, to_wh: int) -> tuple[int, int]:
        """Return the longest stretch between two registers that no range has, the earliest of equal ones."""
        best, at = (from_wh, from_wh), from_wh
        first = max(0, bisect_right(self._ranges, from_wh, key=_start) - 1)
        for part in self._ranges[first:]:
            if part.from_wh >= to_wh:
                break
            if part.from_wh - at > best[1] - best[0]:
                best = at, part.from_wh
            at = max(at, part.to_wh)
        return (at, to_wh) if to_wh - at > best[1] - best[0] else best

    def add(self, new: ExportRange) -> None:
        """Use up a range.

        Raises:
            ValueError: it is empty, overlaps another one, or its purpose has one.
        """
        place = bisect_right(self._ranges, new.from_wh, key=_start)
        before, after = self._ranges[max(0, place - 1) : place], self._ranges[place : place + 1]
        overlaps = any(part.to_wh > new.from_wh for part in before) or any(
            part.from_wh < new.to_wh for part in after
        )
        if new.from_wh >= new.to_wh or overlaps or new.purpose in self._of:
            raise ValueError("an exported Wh is used twice")
        self._ranges.insert(place, new)
        self._of[new.purpose] = new


def _start(part: ExportRange) -> int:
    return part.from_wh
