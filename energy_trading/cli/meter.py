"""`meter`: records readings in a household's journal and signs receipts from it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from energy_trading.cli.acting import Desk, at_desk, with_market
from energy_trading.cli.deployment import key_from_file
from energy_trading.cli.files import check_new, write_json
from energy_trading.cli.output import time_of
from energy_trading.cli.trade_files import OfferName, acceptance_of, delivery_to_json, offer_of
from energy_trading.errors import BadInput
from energy_trading.files._json import to_hex
from energy_trading.files.whole_file import unreadable

if TYPE_CHECKING:
    from energy_trading.meter.smart_meter import Reading, SmartMeter

METER_PASSWORD: Final = "ENERGY_TRADING_METER_PASSWORD"  # noqa: S105 - the name of the variable
_LATEST: Final = 10**11  # unix seconds, in the year 5138
_COLUMNS: Final = ["time", "import_wh", "export_wh"]

MeterKey = Annotated[
    Path, typer.Option(help=f"The meter's encrypted key file; password from {METER_PASSWORD} or a prompt.")
]
JournalFile = Annotated[
    Path, typer.Option("--journal", help="What the meter must not forget; a file for each meter and market.")
]

group = typer.Typer(help="A household's meter: record readings, sign receipts.")


@group.command()
@at_desk(with_market)
def record(
    desk: Desk,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help=f"CSV with {','.join(_COLUMNS)}, or a P1 telegram."),
    ],
    meter_key: MeterKey,
    journal: JournalFile,
) -> None:
    """Record readings in the journal, oldest first. Readings not later than its last one are skipped."""
    readings = [reading for file in files for reading in _readings(file)]
    for one, next_one in pairwise(readings):
        _check_order(one, next_one)
    with open_meter(desk, meter_key, journal) as (meter, _):
        last = meter.last_reading
        new = [reading for reading in readings if last is None or reading.time > last.time]
        if last is not None and new:
            _check_order(last, new[0])
        for reading in new:
            meter.record(reading)
        end = meter.last_reading
    desk.report(recorded=len(new), left_out=len(readings) - len(new), last_reading=end.time if end else None)


@group.command()
@at_desk(with_market)
def receipt(
    desk: Desk,
    offer: OfferName,
    meter_key: MeterKey,
    journal: JournalFile,
    out: Annotated[Path, typer.Option(help="New file for the receipt, which anyone may submit.")],
) -> None:
    """Let the meter sign how much of an accepted offer arrived. It signs once, then repeats that receipt."""
    from energy_trading.market.trade.offer import receipt_key
    from energy_trading.types import Delivery

    made = offer_of(desk, offer)
    done = acceptance_of(desk, made.trade_id)
    if done is None:
        raise BadInput(f"OFFER: nobody has accepted {offer}; only an accepted offer has a receipt")
    check_new("--out", out)
    with open_meter(desk, meter_key, journal) as (meter, signer):
        if receipt_key(signer) != done.receipt_key:
            raise BadInput(f"--meter-key: the acceptance names another meter than {to_hex(signer)}")
        signed = meter.sign_receipt(made.trade_id)
    delivery = Delivery(made.terms, done.buyer, signed.signer, signed.energy, signed.signature)
    write_json("--out", out, delivery_to_json(delivery, made))
    desk.report(trade_id=to_hex(made.trade_id), file=str(out))


@contextmanager
def open_meter(desk: Desk, key: Path, journal: Path) -> Iterator[tuple[SmartMeter, bytes]]:
    """Open a meter with its key file and journal for one command; yield the meter and its signer.

    Raises:
        BadInput: the journal cannot be opened, or belongs to another meter or market.
        JournalLocked, JournalCorrupt: see `Journal`.
    """
    from energy_trading.meter.signers import Secp256k1Meter
    from energy_trading.meter.smart_meter import SmartMeter

    signer = Secp256k1Meter(key_from_file("--meter-key", key, METER_PASSWORD))
    try:
        meter = SmartMeter(signer, desk.suite.market_domain, journal)
    except OSError as error:
        raise unreadable("--journal", journal, error) from error
    try:
        yield meter, signer.signer
    finally:
        meter.close()


def _readings(path: Path) -> Iterator[Reading]:
    from energy_trading.meter.telegram import read_telegram

    try:
        text = path.read_bytes().decode()
    except OSError as error:
        raise unreadable("FILE", path, error) from error
    except UnicodeDecodeError as error:
        raise BadInput(f"FILE: {path} is neither a CSV file nor a P1 telegram") from error
    if text.startswith("/"):
        yield read_telegram(text).reading
        return
    rows = csv.reader(io.StringIO(text))
    if next(rows, None) != _COLUMNS:
        raise BadInput(f"FILE: the first line of {path} must be {','.join(_COLUMNS)}")
    try:
        for row in rows:
            yield _reading(f"{path}, line {rows.line_num}", row)
    except csv.Error as error:
        raise BadInput(f"{path}, line {rows.line_num} is not CSV: {error}") from error


def _reading(place: str, row: list[str]) -> Reading:
    from energy_trading.meter.smart_meter import Reading

    if len(row) != len(_COLUMNS) or not all(re.fullmatch("[0-9]{1,18}", text) for text in row[1:]):
        raise BadInput(f"{place} must have {','.join(_COLUMNS)} in whole Wh, not {','.join(row)!r}")
    time = time_of(f"the time in {place}", row[0])
    if time >= _LATEST:
        # The journal accepts only later readings, so a time in milliseconds would block it for good.
        raise BadInput(f"the time in {place} must be in unix seconds and below {_LATEST}, not {time}")
    return Reading(time, int(row[1]), int(row[2]))


def _check_order(one: Reading, next_one: Reading) -> None:
    """Refuse, before anything is recorded, what the meter would refuse halfway."""
    earlier = next_one.time <= one.time
    if earlier or next_one.import_wh < one.import_wh or next_one.export_wh < one.export_wh:
        before, after = (f"{r.time},{r.import_wh},{r.export_wh}" for r in (one, next_one))
        raise BadInput(f"{after} cannot follow {before}: the time must be later, no register may be lower")
