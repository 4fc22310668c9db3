"""Readings from the P1 port of a Dutch meter (DSMR 4 and 5 telegrams)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from energy_trading.errors import BadInput
from energy_trading.meter.smart_meter import Reading

# From the header to the CRC, with nothing before or behind.
_WHOLE_TELEGRAM: Final = re.compile(r"/[^/!]+![0-9A-F]{4}\s*", re.ASCII)


class TelegramRefused(BadInput):
    """The text is no whole telegram, its CRC is wrong, or a needed line is missing or malformed."""


class TelegramSupportMissing(BadInput):
    """The optional library that reads telegrams is not installed."""


@dataclass(frozen=True)
class TelegramReading:
    """One telegram's content, as far as receipts need it.

    Args:
        equipment_id: the meter's serial number, decoded.
        reading: time and both cumulative registers, tariffs added.
    """

    equipment_id: str
    reading: Reading


def read_telegram(text: str) -> TelegramReading:
    r"""Read a P1 telegram after checking its CRC.

    The CRC finds line noise; it is no signature. See `docs/meters.md` for what must stand around it.

    Args:
        text: from "/" to the CRC, line ends "\r\n" kept as they came, since the CRC covers them.

    Returns:
        Equipment id and reading; import and export are the sums of tariffs 1 and 2, exact Wh.

    Raises:
        TelegramSupportMissing: dsmr-parser is not installed.
        TelegramRefused: the text does not fit.

    Source:
        DSMR 5.0.2 P1 companion standard §5.2 (CRC16), §6.12; N-3.
    """
    try:
        from dsmr_parser.exceptions import InvalidChecksumError, ParseError
        from dsmr_parser.parsers import TelegramParser
        from dsmr_parser.telegram_specifications import V5
    except ImportError as error:
        raise TelegramSupportMissing(
            "P1 telegrams need dsmr-parser: pip install energy-trading[p1]"
        ) from error

    if not _WHOLE_TELEGRAM.fullmatch(text):
        raise TelegramRefused(
            "telegram: given no whole one, allowed text from '/' to '!' and four hex digits"
        )
    try:
        telegram = TelegramParser(V5).parse(text, throw_ex=True)
    except InvalidChecksumError as error:
        raise TelegramRefused(
            "telegram: given a CRC that does not fit, allowed the CRC16 of its text"
        ) from error
    except (ParseError, ArithmeticError, ValueError) as error:
        raise TelegramRefused("telegram: given a malformed line, allowed DSMR 5 lines") from error

    time = _value(telegram, "P1_MESSAGE_TIMESTAMP", datetime)
    import_wh, export_wh = (
        sum(_register_wh(telegram, f"ELECTRICITY_{direction}_TARIFF_{tariff}") for tariff in (1, 2))
        for direction in ("USED", "DELIVERED")
    )
    return TelegramReading(
        equipment_id=_equipment_id(_value(telegram, "EQUIPMENT_IDENTIFIER", str)),
        reading=Reading(int(time.timestamp()), import_wh, export_wh),
    )


def _value(telegram: Any, name: str, kind: type) -> Any:
    line = getattr(telegram, name, None)
    value = None if line is None else line.value
    if not isinstance(value, kind):
        raise TelegramRefused(f"telegram: given no valid {name}, allowed exactly a {kind.__name__} there")
    return value


def _register_wh(telegram: Any, name: str) -> int:
    wh: Decimal = _value(telegram, name, Decimal) * 1000
    unit = getattr(telegram, name).unit
    if unit != "kWh":
        raise TelegramRefused(f"telegram: given {name} in {unit!r}, allowed kWh")
    if not wh.is_finite() or wh < 0 or wh != int(wh):
        raise TelegramRefused(f"telegram: given {name} = {wh} Wh, allowed whole Wh of 0 or more")
    return int(wh)


def _equipment_id(octets: str) -> str:
    try:
        return bytes.fromhex(octets).decode("ascii")
    except ValueError as error:
        raise TelegramRefused(
            f"telegram: given EQUIPMENT_IDENTIFIER {octets!r}, allowed ASCII in hex"
        ) from error
