"""Each exported Wh is signed once: testimony, lots, restarts, and the proof of a fault (N-3, C-4)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_trading.crypto._signatures import verify_signature
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.files.journal import JournalCorrupt
from energy_trading.meter.export_ledger import ExportLedger, ExportRange, SignedRange, proves_fault
from energy_trading.meter.signers import Secp256k1Meter
from energy_trading.meter.smart_meter import (
    Allotment,
    NothingDelivered,
    Reading,
    ReadingMissing,
    ReadingRefused,
    SlotNotEnded,
    SmartMeter,
    TradeRefused,
)
from energy_trading.types import (
    MAX_LOT_WH,
    TESTIMONY_NONCE,
    ZERO_ADDRESS,
    Domain,
    Energy,
    InjectionReading,
    Receipt,
    Terms,
    Testimony,
)

DOMAIN = Domain("OfferMarket", 1, "0x" + "11" * 20)
LOTS = Domain("EnergyLot", 1, "0x" + "22" * 20)
METER = Secp256k1Meter(SecretKey.from_int(5))
SELLER = SecretKey.from_int(6).address
START, END = 9_000, 9_900
SALT = b"\x01" * 32


def terms(nonce: int, energy: Energy | None = None) -> Terms:
    energy = Energy.plain(500) if energy is None else energy
    return Terms(SELLER, ZERO_ADDRESS, energy, 10, START, END + 100, nonce | TESTIMONY_NONCE)


def meter(path: Path | None = None, exported: int = 800) -> SmartMeter:
    """A meter that has fed in so many Wh in its slot."""
    made = SmartMeter(METER, DOMAIN, path)
    made.record(Reading(START, 0, 1_000))
    made.record(Reading(END, 0, 1_000 + exported))
    return made


def test_testimony_is_signed_and_takes_its_range() -> None:
    """All of the quantity, the next trade what is left of it, a third nothing (N-3)."""
    exports = meter()
    first, second = (exports.testify(terms(n), START, END, 500) for n in (1, 2))
    assert (first.energy, second.energy) == (Energy.plain(500), Energy.plain(300))
    assert [(t.range.from_wh, t.range.to_wh) for t in (first, second)] == [(1_000, 1_500), (1_500, 1_800)]
    message = Testimony(terms(1).struct_hash(), first.energy, START, END)
    assert verify_signature(METER.signer, DOMAIN.digest(message), first.signature)
    assert verify_signature(METER.signer, DOMAIN.digest(first.range), first.range.signature)
    with pytest.raises(NothingDelivered):
        exports.testify(terms(3), START, END, 500)


def test_a_trade_has_one_testimony() -> None:
    """It repeats the same one, and refuses another slot for the trade (N-3)."""
    exports = meter()
    assert exports.testify(terms(1), START, END, 500) == exports.testify(terms(1), START, END, 500)
    exports.record(Reading(END + 50, 0, 2_000))
    with pytest.raises(TradeRefused):
        exports.testify(terms(1), END, END + 50, 500)


def test_hidden_quantity() -> None:
    """All of a hidden quantity is testified by its commitment, a part openly (N-5)."""
    hidden = terms(1, Energy.hidden(500, SALT))
    assert meter().testify(hidden, START, END, 500, SALT).energy == hidden.energy
    assert meter(exported=499).testify(hidden, START, END, 500, SALT).energy == Energy.plain(499)
    with pytest.raises(BadInput, match="not those of the terms"):
        meter().testify(hidden, START, END, 499, SALT)


def test_lot_and_testimony_share_the_exports() -> None:
    """What a lot has is gone for testimony, and the other way round (C-4)."""
    exports = meter()
    exports.testify(terms(1), START, END, 500)
    assert exports.free_wh(START, END) == 300
    signed = exports.sign_injection(START, END - START, LOTS)
    assert (signed.range.from_wh, signed.range.to_wh) == (1_500, 1_800)
    reading = InjectionReading(METER.signer, START, 300)
    assert verify_signature(METER.signer, LOTS.digest(reading), signed.reading.signature)
    assert exports.sign_injection(START, END - START, LOTS) == signed
    assert exports.free_wh(START, END) == 0
    with pytest.raises(NothingDelivered):
        exports.testify(terms(2), START, END, 500)


def test_restarted_meter_signs_no_wh_twice(tmp_path: Path) -> None:
    """The journal brings ranges back; one of another meter or with an overlap is refused (N-3)."""
    path = tmp_path / "exports"
    before = meter(path)
    first = before.testify(terms(1), START, END, 500)
    before.close()
    assert path.stat().st_mode & 0o777 == 0o600
    again = SmartMeter(METER, DOMAIN, path)
    assert again.testify(terms(1), START, END, 500) == first
    assert again.testify(terms(2), START, END, 500).range.from_wh == 1_500
    again.close()
    with pytest.raises(BadInput, match="is not that of meter"):
        SmartMeter(Secp256k1Meter(SecretKey.from_int(8)), DOMAIN, path)
    with path.open("a") as file:
        file.write('{"range":[9000,9900,1000,1001],"purpose":"%s"}\n' % ("77" * 32))
    with pytest.raises(JournalCorrupt, match="does not fit"):
        SmartMeter(METER, DOMAIN, path)


def test_two_overlapping_ranges_prove_a_fault() -> None:
    """Of one meter with two purposes, both signed; nothing less proves anything (N-3)."""
    honest, forgetful = meter(), meter()
    one = honest.testify(terms(1), START, END, 500).range
    other = honest.testify(terms(2), START, END, 500).range
    twice = forgetful.testify(terms(2), START, END, 500).range
    assert proves_fault(one, twice, DOMAIN)
    assert not proves_fault(one, other, DOMAIN)
    assert not proves_fault(one, one, DOMAIN)
    assert not proves_fault(one, replace(twice, to_wh=1_400), DOMAIN)
    assert not proves_fault(one, twice, LOTS)
    foreign = SmartMeter(Secp256k1Meter(SecretKey.from_int(8)), DOMAIN)
    for reading in (Reading(START, 0, 1_000), Reading(END, 0, 1_800)):
        foreign.record(reading)
    assert not proves_fault(one, foreign.testify(terms(2), START, END, 500).range, DOMAIN)
    assert one.meter == keccak(METER.signer)


def test_ranges_are_handed_over_as_json() -> None:
    """What an auditor reads is what the meter signed, and proves as much (N-3)."""
    honest, forgetful = meter(), meter()
    for number in (1, 2):
        honest.testify(terms(number), START, END, 500)
    forgetful.testify(terms(2), START, END, 500)
    read = [SignedRange.from_json(json.loads(json.dumps(part.to_json()))) for part in honest.ranges()]
    assert read == honest.ranges()
    assert [part.from_wh for part in read] == [1_000, 1_500]
    (twice,) = forgetful.ranges()
    assert [proves_fault(part, twice, DOMAIN) for part in read] == [True, False]
    for name, wrong in (("from_wh", -1), ("purpose", "0x00"), ("signature", 5)):
        with pytest.raises(BadInput, match=name):
            SignedRange.from_json(read[0].to_json() | {name: wrong})


def test_what_is_refused() -> None:
    """A slot outside the trade, without readings at its ends, or not over; readings that go back (N-3)."""
    exports = meter()
    for start, end in ((START - 1, END), (START, END + 101), (END, START)):
        with pytest.raises(BadInput, match="the slot must lie between"):
            exports.testify(terms(1), start, end, 500)
    with pytest.raises(ReadingMissing):
        exports.testify(terms(1), START + 1, END, 500)
    with pytest.raises(SlotNotEnded):
        exports.testify(terms(1), START, END + 100, 500)
    with pytest.raises(ReadingRefused):
        exports.record(Reading(END, 0, 5_000))
    with pytest.raises(ReadingRefused):
        exports.record(Reading(END + 1, 0, 1_000))


def test_lot_of_a_part(tmp_path: Path) -> None:
    """A lot may take less than all, and trades the rest; it has from 1 to 2**40-1 Wh (C-4)."""
    exports = meter(tmp_path / "journal")
    assert exports.sign_injection(START, END - START, LOTS, 200).reading.energy_wh == 200
    assert exports.testify(terms(1), START, END, 500).energy == Energy.plain(500)
    assert exports.sign_injection(START, END - START, LOTS).reading.energy_wh == 200
    for most_wh in (0, MAX_LOT_WH + 1):
        with pytest.raises(BadInput, match=f"energy must be between 1 and {MAX_LOT_WH} Wh, not {most_wh}"):
            exports.sign_injection(START, END - START, LOTS, most_wh)
    with pytest.raises(SlotNotEnded):
        exports.sign_injection(END, END - START, LOTS)


def test_receipts_and_testimony_share_a_journal(tmp_path: Path) -> None:
    """One journal has what a prosumer's meter signed for both of its registers (N-3)."""
    made = SmartMeter(METER, DOMAIN, tmp_path / "journal")
    made.allot(Allotment(b"\x07" * 32, START, END, 300))
    for reading in (Reading(START, 50, 1_000), Reading(END, 350, 1_800)):
        made.record(reading)
    receipt, testimony = made.sign_receipt(b"\x07" * 32), made.testify(terms(1), START, END, 500)
    assert receipt.energy == Energy.plain(300)
    message = Receipt(b"\x07" * 32, Energy.plain(300))
    assert verify_signature(METER.signer, DOMAIN.digest(message), receipt.signature)
    made.close()
    again = SmartMeter(METER, DOMAIN, tmp_path / "journal")
    assert (again.sign_receipt(b"\x07" * 32), again.testify(terms(1), START, END, 500)) == (
        receipt,
        testimony,
    )


@settings(max_examples=100)
@given(
    st.lists(st.integers(0, 9), min_size=5, max_size=5),
    st.lists(st.tuples(st.integers(0, 4), st.integers(1, 3), st.integers(1, 12)), max_size=14),
)
def test_no_exported_wh_has_two_purposes(fed_in: list[int], asked: list[tuple[int, int, int]]) -> None:
    """Whatever is asked in whatever slots, ranges lie in their slots and never overlap (N-3, C-4)."""
    made, total = SmartMeter(METER, DOMAIN), 0
    made.record(Reading(0, 0, 0))
    registers = [0]
    for time, energy_wh in enumerate(fed_in, start=1):
        total += energy_wh
        registers.append(total)
        made.record(Reading(time, 0, total))
    used: set[int] = set()
    for number, (start, length, most_wh) in enumerate(asked):
        end = min(start + length, 5)
        free = made.free_wh(start, end)
        if free == 0:
            with pytest.raises(NothingDelivered):
                made.take(keccak(bytes([number])), start, end, most_wh)
            assert used >= set(range(registers[start], registers[end]))
            continue
        part = made.take(keccak(bytes([number])), start, end, most_wh)
        wh = set(range(part.from_wh, part.to_wh))
        assert part.energy_wh == len(wh) == min(free, most_wh)
        assert registers[start] <= part.from_wh < part.to_wh <= registers[end]
        assert not wh & used
        used |= wh


def test_ledger_refuses_what_overlaps() -> None:
    """Neither a journal nor a caller can put a Wh to a second use (N-3)."""

    def part(from_wh: int, to_wh: int, purpose: int) -> ExportRange:
        return ExportRange(bytes(32), START, END, from_wh, to_wh, bytes([purpose]) * 32)

    kept = ExportLedger()
    kept.add(part(10, 20, 1))
    kept.add(part(30, 40, 2))
    for wrong in ((19, 21, 3), (29, 31, 3), (12, 14, 3), (5, 50, 3), (10, 20, 3), (25, 25, 3), (50, 60, 1)):
        with pytest.raises(ValueError, match="used twice"):
            kept.add(part(*wrong))
    kept.add(part(20, 30, 3))
    assert kept.free(0, 60) == (40, 60)
    assert kept.free(0, 45) == (0, 10)
    start, end = kept.free(12, 33)
    assert start == end
