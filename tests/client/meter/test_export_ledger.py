"""Each exported Wh is signed once: testimony, lots, restarts, and the proof of a fault (N-3, C-4)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from eth_utils.crypto import keccak

from energy_trading.crypto._signatures import verify_signature
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.meter.export_ledger import ExportLedger, proves_fault
from energy_trading.meter.signers import Secp256k1Meter
from energy_trading.meter.smart_meter import (
    NothingDelivered,
    Reading,
    ReadingMissing,
    ReadingRefused,
    SlotNotEnded,
    TradeRefused,
)
from energy_trading.types import (
    TESTIMONY_NONCE,
    ZERO_ADDRESS,
    Domain,
    Energy,
    InjectionReading,
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


def ledger(path: Path | None = None, exported: int = 800) -> ExportLedger:
    """A meter that has fed in so many Wh in its slot."""
    made = ExportLedger(METER, DOMAIN, path)
    made.record(Reading(START, 0, 1_000))
    made.record(Reading(END, 0, 1_000 + exported))
    return made


def test_testimony_is_signed_and_takes_its_range() -> None:
    """All of the quantity, the next trade what is left of it, a third nothing (N-3)."""
    exports = ledger()
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
    exports = ledger()
    assert exports.testify(terms(1), START, END, 500) == exports.testify(terms(1), START, END, 500)
    exports.record(Reading(END + 50, 0, 2_000))
    with pytest.raises(TradeRefused):
        exports.testify(terms(1), END, END + 50, 500)


def test_hidden_quantity() -> None:
    """All of a hidden quantity is testified by its commitment, a part openly (N-5)."""
    hidden = terms(1, Energy.hidden(500, SALT))
    assert ledger().testify(hidden, START, END, 500, SALT).energy == hidden.energy
    assert ledger(exported=499).testify(hidden, START, END, 500, SALT).energy == Energy.plain(499)
    with pytest.raises(BadInput, match="not those of the terms"):
        ledger().testify(hidden, START, END, 499, SALT)


def test_lot_and_testimony_share_the_exports() -> None:
    """What a lot has is gone for testimony, and the other way round (C-4)."""
    exports = ledger()
    exports.testify(terms(1), START, END, 500)
    signature, part = exports.sign_injection(START, END - START, LOTS)
    assert part.energy_wh == 300
    reading = InjectionReading(METER.signer, START, 300)
    assert verify_signature(METER.signer, LOTS.digest(reading), signature)
    assert exports.sign_injection(START, END - START, LOTS)[1] == part
    with pytest.raises(NothingDelivered):
        exports.testify(terms(2), START, END, 500)


def test_restarted_meter_signs_no_wh_twice(tmp_path: Path) -> None:
    """The journal brings ranges back; one of another meter or with an overlap is refused (N-3)."""
    path = tmp_path / "exports"
    before = ledger(path)
    first = before.testify(terms(1), START, END, 500)
    before.close()
    assert path.stat().st_mode & 0o777 == 0o600
    again = ExportLedger(METER, DOMAIN, path)
    assert again.testify(terms(1), START, END, 500) == first
    assert again.testify(terms(2), START, END, 500).range.from_wh == 1_500
    again.close()
    with pytest.raises(BadInput, match="is not that of the exports"):
        ExportLedger(Secp256k1Meter(SecretKey.from_int(8)), DOMAIN, path)
    with path.open("a") as file:
        file.write('{"range":[9000,9900,1000,1001],"purpose":"%s"}\n' % ("77" * 32))
    with pytest.raises(Exception, match="does not fit"):
        ExportLedger(METER, DOMAIN, path)


def test_two_overlapping_ranges_prove_a_fault() -> None:
    """Of one meter with two purposes, both signed; nothing less proves anything (N-3)."""
    honest, forgetful = ledger(), ledger()
    one = honest.testify(terms(1), START, END, 500).range
    other = honest.testify(terms(2), START, END, 500).range
    twice = forgetful.testify(terms(2), START, END, 500).range
    assert proves_fault(one, twice, DOMAIN)
    assert not proves_fault(one, other, DOMAIN)
    assert not proves_fault(one, one, DOMAIN)
    assert not proves_fault(one, replace(twice, to_wh=1_400), DOMAIN)
    assert not proves_fault(one, twice, LOTS)
    foreign = ExportLedger(Secp256k1Meter(SecretKey.from_int(8)), DOMAIN)
    for reading in (Reading(START, 0, 1_000), Reading(END, 0, 1_800)):
        foreign.record(reading)
    assert not proves_fault(one, foreign.testify(terms(2), START, END, 500).range, DOMAIN)
    assert one.meter == keccak(METER.signer)


def test_what_is_refused() -> None:
    """A slot outside the trade, without readings at its ends, or not over; readings that go back (N-3)."""
    exports = ledger()
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
