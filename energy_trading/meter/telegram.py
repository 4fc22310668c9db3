"""Readings from the P1 port of a Dutch meter (DSMR 4 and 5 telegrams)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from energy_trading.errors import BadInput
from energy_trading.meter.smart_meter import Reading

# From the header to the CRC, with nothing before or after.
_WHOLE_TELEGRAM: Final = re.compile(r"/[^/!]+![0-9A-F]{4}\s*", re.ASCII)


class TelegramRefused(BadInput):
    """The text is not a whole telegram, its checksum (CRC) is wrong, or a line is missing or malformed."""


class TelegramSupportMissing(BadInput):
    """The optional library that reads telegrams is not installed."""


@dataclass(frozen=True)
class TelegramReading:
    """The part of a telegram that receipts need.

    Args:
        equipment_id: the meter's serial number, decoded.
        reading: the time and both cumulative registers, each the sum of its tariffs.
    """

    equipment_id: str
    reading: Reading


def read_telegram(text: str) -> TelegramReading:
    r"""Read a P1 telegram after checking its checksum (CRC).

    The CRC detects line noise; it is not a signature. `docs/meters.md` states how the port must be protected.

    Args:
        text: from "/" to the CRC, with line ends "\r\n" exactly as they came, since the CRC covers them.

    Returns:
        The equipment id and the reading; import and export are the sums of tariffs 1 and 2, in exact Wh.

    Raises:
        TelegramSupportMissing: dsmr-parser is not installed.
        TelegramRefused: the text is not a valid telegram.

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
        raise TelegramRefused("the telegram must be whole, from '/' to '!' and four hexadecimal digits")
    try:
        telegram = TelegramParser(V5).parse(text, throw_ex=True)
    except InvalidChecksumError as error:
        raise TelegramRefused("the CRC of the telegram is not the CRC16 of its text") from error
    except (ParseError, ArithmeticError, ValueError) as error:
        raise TelegramRefused("the telegram has a malformed line; DSMR 5 lines are expected") from error

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
        raise TelegramRefused(f"the telegram needs exactly one {name}, and it must be a {kind.__name__}")
    return value


def _register_wh(telegram: Any, name: str) -> int:
    wh: Decimal = _value(telegram, name, Decimal) * 1000
    unit = getattr(telegram, name).unit
    if unit != "kWh":
        raise TelegramRefused(f"{name} of the telegram must be in kWh, not in {unit!r}")
    if not wh.is_finite() or wh < 0 or wh != int(wh):
        raise TelegramRefused(f"{name} of the telegram must be 0 or more whole Wh, not {wh} Wh")
    return int(wh)


def _equipment_id(octets: str) -> str:
    try:
        return bytes.fromhex(octets).decode("ascii")
    except ValueError as error:
        raise TelegramRefused(f"EQUIPMENT_IDENTIFIER must be ASCII written in hex, not {octets!r}") from error
