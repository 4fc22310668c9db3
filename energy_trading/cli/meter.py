"""`meter`: records readings in a household's journal; signs receipts, testimony and injections from it."""

from __future__ import annotations

import csv
import io
import os
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from energy_trading.cli.acting import Desk, at_desk, with_market
from energy_trading.cli.deployment import key_from_file
from energy_trading.cli.files import check_new, write_json
from energy_trading.cli.output import console, time_of
from energy_trading.cli.trade_files import (
    OfferName,
    acceptance_of,
    delivery_to_json,
    offer_of,
    witness_to_json,
)
from energy_trading.errors import BadInput, Forged
from energy_trading.files._json import to_hex
from energy_trading.files.whole_file import unreadable

if TYPE_CHECKING:
    from energy_trading.meter.signers import ReceiptSigner
    from energy_trading.meter.smart_meter import Reading, SmartMeter

METER_PASSWORD: Final = "ENERGY_TRADING_METER_PASSWORD"  # noqa: S105 - the name of the variable
_LATEST: Final = 10**11  # unix seconds, in the year 5138
_COLUMNS: Final = ["time", "import_wh", "export_wh"]

JournalFile = Annotated[
    Path, typer.Option("--journal", help="What the meter must not forget; a file for each meter and market.")
]

group = typer.Typer(help="A household's meter: record readings, sign receipts, testify, inject.")


@dataclass(frozen=True)
class MeterKey:
    """Where the meter's key is: in a file, in a token, or behind a command whose public key is in a file."""

    file: Path | None
    token: str | None
    command: str | None
    public_key: Path | None

    def open(self, desk: Desk) -> ReceiptSigner:
        """Open the key; one on P-256 names the market's verifier."""
        return self.open_for(lambda: desk.suite.p256_verifier)

    def open_for(self, verifier: Callable[[], str]) -> ReceiptSigner:
        """Open the key; the verifier is asked for where the key may be on P-256."""
        from energy_trading.meter.signers import Secp256k1Meter

        if self.file is not None:
            return Secp256k1Meter(key_from_file("--meter-key", self.file, METER_PASSWORD))
        if self.token is not None:
            return _in_token(self.token, verifier())
        assert self.command is not None
        assert self.public_key is not None
        return _behind_command(self.command, self.public_key, verifier())


def with_meter_key(
    meter_key: Annotated[
        Path | None,
        typer.Option(help=f"The meter's encrypted key file; password from {METER_PASSWORD} or a prompt."),
    ] = None,
    meter_pkcs11: Annotated[
        str | None,
        typer.Option(
            metavar="URI",
            help="The meter's key in a token: pkcs11:token=T;object=KEY?module-path=DRIVER; PIN from "
            f"{METER_PASSWORD} or a prompt.",
        ),
    ] = None,
    meter_command: Annotated[
        str | None,
        typer.Option(
            metavar="COMMAND",
            help="A program that reads 32 bytes and writes the meter's signature; needs --meter-public-key.",
        ),
    ] = None,
    meter_public_key: Annotated[
        Path | None, typer.Option(help="The public key of --meter-command, in PEM or DER.")
    ] = None,
) -> MeterKey:
    """Return the one key that the options name.

    Raises:
        BadInput: none is named or more than one, or the public key does not go with a command.
    """
    named = [value for value in (meter_key, meter_pkcs11, meter_command) if value is not None]
    if len(named) != 1:
        raise BadInput("the meter's key is one of --meter-key, --meter-pkcs11 and --meter-command")
    if (meter_command is None) != (meter_public_key is None):
        raise BadInput("--meter-command and --meter-public-key need one another")

    return MeterKey(meter_key, meter_pkcs11, meter_command, meter_public_key)


def _in_token(uri: str, verifier: str | None) -> ReceiptSigner:
    from energy_trading.meter.pkcs11_signer import Pkcs11Key, Pkcs11Signer

    key = Pkcs11Key.from_uri(uri)
    pin = os.environ.get(METER_PASSWORD)
    if pin is None:
        pin = str(typer.prompt(f"PIN of token {key.token}", hide_input=True, err=True))
    return Pkcs11Signer(key, pin, verifier)


def _behind_command(command: str, public_key: Path, verifier: str | None) -> ReceiptSigner:
    from energy_trading.meter.command_signer import CommandSigner
    from energy_trading.meter.signers import read_public_key, signer_of

    try:
        words = shlex.split(command)
    except ValueError as error:
        raise BadInput(f"--meter-command is not a command line: {error}") from error
    try:
        content = public_key.read_bytes()
    except OSError as error:
        raise unreadable("--meter-public-key", public_key, error) from error
    point = read_public_key(content, f"--meter-public-key: {public_key}")
    return CommandSigner(signer_of(point, verifier), words)


@group.command("signer")
@at_desk(with_market, key=with_meter_key)
def show_signer(desk: Desk, key: MeterKey) -> None:
    """Print the meter's signer, under which `dso register-meter` registers it."""
    signer = to_hex(key.open(desk).signer)
    if desk.as_json:
        desk.report(signer=signer)
    else:
        console.print(signer, markup=False, soft_wrap=True)


@group.command()
@at_desk(with_market, key=with_meter_key)
def record(
    desk: Desk,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help=f"CSV with {','.join(_COLUMNS)}, or a P1 telegram."),
    ],
    key: MeterKey,
    journal: JournalFile,
) -> None:
    """Record readings in the journal, oldest first. Readings not later than its last one are skipped."""
    readings = [reading for file in files for reading in _readings(file)]
    for one, next_one in pairwise(readings):
        _check_order(one, next_one)
    with open_meter(desk, key, journal) as (meter, _):
        last = meter.last_reading
        new = [reading for reading in readings if last is None or reading.time > last.time]
        if last is not None and new:
            _check_order(last, new[0])
        for reading in new:
            meter.record(reading)
        end = meter.last_reading
    desk.report(recorded=len(new), left_out=len(readings) - len(new), last_reading=end.time if end else None)


@group.command()
@at_desk(with_market, key=with_meter_key)
def receipt(
    desk: Desk,
    offer: OfferName,
    key: MeterKey,
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
    with open_meter(desk, key, journal) as (meter, signer):
        if receipt_key(signer) != done.receipt_key:
            raise BadInput(f"the acceptance names another meter than {to_hex(signer)}, whose key this is")
        signed = meter.sign_receipt(made.trade_id)
    delivery = Delivery(made.terms, done.buyer, signed.signer, signed.energy, signed.signature)
    write_json("--out", out, delivery_to_json(delivery, made))
    desk.report(trade_id=to_hex(made.trade_id), file=str(out))


@group.command()
@at_desk(with_market, key=with_meter_key)
def testify(
    desk: Desk,
    offer: OfferName,
    start: Annotated[str, typer.Option("--from", metavar="TIME", help="Start of delivery.")],
    end: Annotated[str, typer.Option("--to", metavar="TIME", help="End of delivery, exclusive.")],
    receipt_signer: Annotated[
        str, typer.Option(metavar="HEX", help="Signer of the receipts that the buyer named.")
    ],
    key: MeterKey,
    journal: JournalFile,
    out: Annotated[Path, typer.Option(help="New file for the testimony, which anyone may submit.")],
) -> None:
    """Let the seller's meter sign how much it fed in for a trade. It signs each Wh once."""
    from energy_trading.market.trade.offer import receipt_key
    from energy_trading.market.trade.trader import witness_of

    made = offer_of(desk, offer)
    done = acceptance_of(desk, made.trade_id)
    if done is None:
        raise BadInput(f"OFFER: nobody has accepted {offer}; only an accepted offer has a testimony")
    if not re.fullmatch("(0x)?([0-9a-fA-F]{2})+", receipt_signer):
        raise BadInput(f"--receipt-signer must be bytes in hex, not {receipt_signer!r}")
    named = bytes.fromhex(receipt_signer.removeprefix("0x"))
    if receipt_key(named) != done.receipt_key:
        raise BadInput(f"--receipt-signer: the acceptance names another meter than {to_hex(named)}")
    slot = desk.time_of("--from", start), desk.time_of("--to", end)
    check_new("--out", out)
    with open_meter(desk, key, journal) as (meter, _):
        witness = witness_of(made, done.buyer, named, meter, *slot)
    write_json("--out", out, witness_to_json(witness, made))
    desk.report(trade_id=to_hex(made.trade_id), file=str(out))


@group.command()
@at_desk(with_market, key=with_meter_key)
def inject(
    desk: Desk,
    start: Annotated[str, typer.Option("--from", metavar="TIME", help="Start of the lot's slot.")],
    key: MeterKey,
    journal: JournalFile,
    out: Annotated[Path, typer.Option(help="New file for the reading, for `account inject`.")],
    most_wh: Annotated[
        int | None, typer.Option(help="Wh at most; without it, all that no trade has taken.", min=1)
    ] = None,
) -> None:
    """Let the meter sign what it fed in during a slot and nothing else has taken. It signs once for a slot.

    Testify to the trades of the slot first: what goes into a lot is gone for them.
    """
    from energy_trading.types import MAX_LOT_WH

    slot_start = desk.time_of("--from", start)
    check_new("--out", out)
    slot_seconds = desk.suite.lots.lot_parameters().slot_seconds
    with open_meter(desk, key, journal) as (meter, _):
        signed = meter.sign_injection(
            slot_start, slot_seconds, desk.suite.lots_domain, MAX_LOT_WH if most_wh is None else most_wh
        )
    write_json("--out", out, signed.reading.to_json())
    desk.report(energy_wh=signed.reading.energy_wh, file=str(out))


@group.command()
@at_desk(with_market, key=with_meter_key)
def ranges(
    desk: Desk,
    key: MeterKey,
    journal: JournalFile,
    out: Annotated[Path, typer.Option(help="New file for the ranges, for `meter audit`.")],
) -> None:
    """Write what the meter signed its exports for: signed ranges of its export register."""
    check_new("--out", out)
    with open_meter(desk, key, journal) as (meter, _):
        signed = meter.ranges()
    write_json("--out", out, [part.to_json() for part in signed])
    desk.report(ranges=len(signed), file=str(out))


@group.command()
@at_desk(with_market)
def audit(
    desk: Desk,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="From `meter ranges`.")],
) -> None:
    """Look for exported energy that a meter signed for twice; two ranges that overlap prove it.

    The command fails if there is any.
    """
    from itertools import combinations

    from energy_trading.files._json import check_list, read_json
    from energy_trading.meter.export_ledger import SignedRange, proves_fault

    found: list[SignedRange] = []
    for file in files:
        found += map(SignedRange.from_json, check_list(read_json("FILE", file), f"FILE: {file}"))
    for one, other in combinations(found, 2):
        if proves_fault(one, other, desk.suite.market_domain):
            raise Forged(
                f"meter {to_hex(one.signer)} signed Wh {max(one.from_wh, other.from_wh)} to "
                f"{min(one.to_wh, other.to_wh)} of its export register for {to_hex(one.purpose)} and for "
                f"{to_hex(other.purpose)}"
            )
    desk.report(ranges=len(found), faults=0)


@contextmanager
def open_meter(desk: Desk, key: MeterKey, journal: Path) -> Iterator[tuple[SmartMeter, bytes]]:
    """Open a meter with its key and journal for one command; yield the meter and its signer.

    Raises:
        BadInput: the journal cannot be opened, or belongs to another meter or market.
        JournalLocked, JournalCorrupt: see `Journal`.
    """
    from energy_trading.meter.smart_meter import SmartMeter

    signer = key.open(desk)
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
