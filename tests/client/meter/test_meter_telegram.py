"""Readings from P1 telegrams (N-3)."""

import sys
from datetime import UTC, datetime

import pytest

from energy_trading.meter.smart_meter import Reading
from energy_trading.meter.telegram import (
    TelegramReading,
    TelegramRefused,
    TelegramSupportMissing,
    read_telegram,
)

LINES = [
    "/ETR5\\2Household-0001",
    "",
    "1-3:0.2.8(50)",
    "0-0:1.0.0(240601141500S)",
    "0-0:96.1.1(4530303437303030303031323334)",
    "1-0:1.8.1(001234.567*kWh)",
    "1-0:1.8.2(002345.678*kWh)",
    "1-0:2.8.1(000012.001*kWh)",
    "1-0:2.8.2(000100.999*kWh)",
    "0-0:96.14.0(0002)",
    "1-0:1.7.0(00.423*kW)",
    "1-0:2.7.0(00.000*kW)",
    "1-0:32.7.0(230.1*V)",
    "0-1:24.1.0(003)",
    "0-1:96.1.0(4730303339303030303035363738)",
    "0-1:24.2.1(240601141000S)(00321.654*m3)",
]
NOT_WHOLE = "the telegram must be whole, from '/' to '!' and four hexadecimal digits"
WRONG_CRC = "the CRC of the telegram is not the CRC16 of its text"
#: CRC16/ARC of the lines above.
CRC = "34B5"


def crc16(content: str) -> str:
    register = 0
    for byte in content.encode("ascii"):
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0xA001 if register & 1 else 0)
    return f"{register:04X}"


def telegram(*changes: tuple[str, str], crc: str | None = None) -> str:
    content = "".join(f"{line}\r\n" for line in LINES) + "!"
    for old, new in changes:
        assert old in content
        content = content.replace(old, new)
    return content + (crc or crc16(content)) + "\r\n"


def test_telegram_is_read():
    """N-3: equipment id, UTC time and both registers, tariffs 1 and 2 added, to the Wh."""
    assert read_telegram(telegram(crc=CRC)) == TelegramReading(
        equipment_id="E0047000001234",
        reading=Reading(
            time=int(datetime(2024, 6, 1, 12, 15, tzinfo=UTC).timestamp()),
            import_wh=1_234_567 + 2_345_678,
            export_wh=12_001 + 100_999,
        ),
    )


def test_hour_that_comes_twice():
    """N-3: the season letter tells the two 02:30 of the autumn night apart, one hour."""
    summer, winter = (
        read_telegram(telegram(("240601141500S", f"241027023000{letter}"))).reading.time for letter in "SW"
    )
    assert (summer, winter - summer) == (int(datetime(2024, 10, 27, 0, 30, tzinfo=UTC).timestamp()), 3600)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (telegram(crc="1234"), WRONG_CRC),
        (
            telegram(("001234.567", "901234.567"), crc=CRC),
            WRONG_CRC,
        ),
        ("", NOT_WHOLE),
        (telegram()[1:], NOT_WHOLE),
        (telegram()[:-6], NOT_WHOLE),
        (telegram() * 2, NOT_WHOLE),
        (
            telegram(("1-0:1.8.2(002345.678*kWh)\r\n", "")),
            "the telegram needs exactly one ELECTRICITY_USED_TARIFF_2, and it must be a Decimal",
        ),
        (
            telegram(("240601141500S", "240631141500S")),
            "the telegram needs exactly one P1_MESSAGE_TIMESTAMP, and it must be a datetime",
        ),
        (
            telegram(("001234.567*kWh", "001234.567*MWh")),
            "ELECTRICITY_USED_TARIFF_1 of the telegram must be in kWh, not in 'MWh'",
        ),
        (
            telegram(("001234.567", "01234.5678")),
            "ELECTRICITY_USED_TARIFF_1 of the telegram must be 0 or more whole Wh, not 1234567.8000 Wh",
        ),
        (
            telegram(("001234.567", "NaN")),
            "ELECTRICITY_USED_TARIFF_1 of the telegram must be 0 or more whole Wh, not NaN Wh",
        ),
        (
            telegram(("001234.567", "twelve")),
            "the telegram has a malformed line; DSMR 5 lines are expected",
        ),
        (
            telegram(("4530303437303030303031323334", "4x")),
            "EQUIPMENT_IDENTIFIER must be ASCII written in hex, not '4x'",
        ),
    ],
)
def test_revert_given_wrong_telegram(text: str, reason: str):
    """N-3: noise, cuts and lines that are no reading are refused with their cause."""
    with pytest.raises(TelegramRefused) as caught:
        read_telegram(text)
    assert str(caught.value) == reason


def test_revert_given_library_missing(monkeypatch: pytest.MonkeyPatch):
    """House rule: without the optional extra, the error names what to install."""
    monkeypatch.setitem(sys.modules, "dsmr_parser.parsers", None)
    with pytest.raises(TelegramSupportMissing) as caught:
        read_telegram(telegram())
    assert str(caught.value) == "P1 telegrams need dsmr-parser: pip install energy-trading[p1]"
