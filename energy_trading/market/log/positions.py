"""Positions: what each home sold and bought in each slot, less what its meter measured (see the rules)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from eth_utils.address import is_address, to_checksum_address

from energy_trading.bindings.energy_lot import LotExchanged, Transfer
from energy_trading.errors import BadInput
from energy_trading.files._json import (
    check_list,
    check_object,
    check_text,
    parse_json,
    read_integer,
    read_json,
    to_hex,
)
from energy_trading.files.whole_file import unreadable
from energy_trading.market.log.fold import Fold
from energy_trading.market.trade.offer import Offer
from energy_trading.rules.positions import SlotRule as SlotRule
from energy_trading.rules.positions import Tariffs as Tariffs
from energy_trading.rules.positions import position
from energy_trading.types import AWARD_NONCE

_COLUMNS: Final = ["account", "slot_start", "import_wh", "export_wh"]
_NUMBER: Final = re.compile("[0-9]{1,19}")


class NotMetered(BadInput):
    """An account traded in a slot for which there is no reading, so its position has no amount.

    Args:
        name: where the readings come from.
        account: the first of these accounts.
        slot_start: start of its slot, unix seconds.
        count: of such positions.
    """

    def __init__(self, name: str, account: str, slot_start: int, count: int) -> None:
        super().__init__(
            f"{name} must have a reading of {account} for the slot {slot_start}, in which it traded;"
            f" without a reading a position has no amount, and {count} have none"
        )
        self.account, self.slot_start, self.count = account, slot_start, count


@dataclass(frozen=True)
class Entry:
    """What one sale or purchase adds to an account's slot.

    Args:
        account: whose it is.
        slot_start: start of the slot, unix seconds.
        energy_wh: Wh sold; a purchase is negative. None if the quantity is hidden and was not opened.
        source: "offer", "award" or "lot".
        id: trade id or id of the lot, 32 bytes.
    """

    account: str
    slot_start: int
    energy_wh: int | None
    source: str
    id: bytes


@dataclass(frozen=True)
class SlotReading:
    """What a meter measured in one slot.

    Args:
        import_wh: drawn from the grid, Wh.
        export_wh: fed into the grid, Wh.
    """

    import_wh: int
    export_wh: int


@dataclass(frozen=True)
class Position:
    """An account's slot.

    Args:
        account: whose it is.
        slot_start: start of the slot, unix seconds.
        sold_wh: Wh sold, without the hidden ones.
        bought_wh: Wh bought, without the hidden ones.
        metered: what the meter measured; None if there is no reading.
        hidden: ids of the trades that count nothing, because their quantity is hidden and was not opened.
        tariffs: of the supplier.
    """

    account: str
    slot_start: int
    sold_wh: int
    bought_wh: int
    metered: SlotReading | None
    hidden: tuple[bytes, ...]
    tariffs: Tariffs

    @property
    def position_wh(self) -> int | None:
        """What the supplier delivered to the home, Wh, or took from it (negative); None without a reading."""
        if self.metered is None:
            return None
        return position(self.sold_wh, self.bought_wh, self.metered.import_wh, self.metered.export_wh)

    @property
    def owed(self) -> int | None:
        """Units that the account owes the supplier, or is paid (negative); None without a reading."""
        return None if self.position_wh is None else self.tariffs.owed_up(self.position_wh)

    def to_dict(self) -> dict[str, Any]:
        """Return an object for `json.dumps`."""
        return {
            "account": self.account,
            "slot_start": self.slot_start,
            "sold_wh": self.sold_wh,
            "bought_wh": self.bought_wh,
            "import_wh": None if self.metered is None else self.metered.import_wh,
            "export_wh": None if self.metered is None else self.metered.export_wh,
            "position_wh": self.position_wh,
            "owed": self.owed,
            "hidden": len(self.hidden),
            "hidden_trades": [to_hex(trade_id) for trade_id in self.hidden],
        }


def entries_of(
    folded: Fold, rule: SlotRule, lot_slot_seconds: int, openings: Mapping[bytes, int] | None = None
) -> list[Entry]:
    """Return all that was sold and bought, two entries for each change of hands; they add up to zero.

    A trade counts what its receipt proved, at most what was agreed. A lot counts its whole energy at every
    change of its owner, gifts included; minting, splitting, merging and retiring it sell nothing. A trade
    that was delivered in lots counts as these lots only. So each Wh that changes hands counts once.

    Args:
        folded: the log of all contracts.
        rule: which slot a sale counts to.
        lot_slot_seconds: length of the lots' slot.
        openings: quantity in Wh of trades that hide it, by trade id (`read_openings`).

    Raises:
        BadInput: the slot is no multiple of the lots' slot.
    """
    rule.check_lots(lot_slot_seconds)
    return [*_of_trades(folded, rule, openings or {}), *_of_lots(folded, rule)]


def positions_of(
    entries: Iterable[Entry],
    readings: Mapping[tuple[str, int], SlotReading],
    tariffs: Tariffs,
    *,
    account: str | None = None,
    start: int = 0,
    end: int | None = None,
) -> list[Position]:
    """Return the position of each account in each slot in which it traded or was metered.

    Args:
        entries: what was sold and bought.
        readings: what was metered, by account and start of the slot.
        tariffs: of the supplier.
        account: only this account's positions; None is everybody's.
        start: only slots that start then or later, unix seconds.
        end: only slots that start before, unix seconds; None is all.

    Returns:
        By slot, then by account. One without a reading has neither a quantity nor an amount.

    Source:
        C-4, C-8, N-3, X-7.
    """
    found: dict[tuple[int, str], list[Entry]] = {(slot, who): [] for who, slot in readings}
    for entry in entries:
        found.setdefault((entry.slot_start, entry.account), []).append(entry)
    return [
        Position(
            who,
            slot,
            sum(entry.energy_wh for entry in own if entry.energy_wh is not None and entry.energy_wh > 0),
            -sum(entry.energy_wh for entry in own if entry.energy_wh is not None and entry.energy_wh < 0),
            readings.get((who, slot)),
            tuple(entry.id for entry in own if entry.energy_wh is None),
            tariffs,
        )
        for (slot, who), own in sorted(found.items())
        if account in (None, who) and start <= slot and (end is None or slot < end)
    ]


def check_metered(name: str, found: Iterable[Position]) -> None:
    """Check that all positions have a reading.

    Args:
        name: where the readings come from, for the error.
        found: the positions.

    Raises:
        NotMetered: one has none. Counting it as zero would pay a home that hides what it drew.
    """
    missing = [each for each in found if each.metered is None]
    if missing:
        raise NotMetered(name, missing[0].account, missing[0].slot_start, len(missing))


def read_slot_readings(name: str, path: Path, rule: SlotRule) -> dict[tuple[str, int], SlotReading]:
    """Read what meters measured: CSV with account, slot_start, import_wh, export_wh, or JSON.

    JSON is a list of objects with these keys. Times are unix seconds, energies whole Wh of the slot.

    Args:
        name: of the file's role, for the error.
        path: of the file.
        rule: of the slots.

    Returns:
        Readings by account and start of the slot.

    Raises:
        BadInput: the file cannot be read, a row is malformed or repeated, or a slot does not start at a
            multiple of its length.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise unreadable(name, path, error) from error
    readings = {}
    for place, row in _rows(f"{name} {path}", content):
        account = check_text(row["account"], f"{place}: account")
        if not is_address(account):
            raise BadInput(f"{place}: account must be an address, not {account!r}")
        slot_start, import_wh, export_wh = (read_integer(row[x], f"{place}: {x}") for x in _COLUMNS[1:])
        if rule.of_time(slot_start) != slot_start:
            raise BadInput(
                f"{place}: a slot must start at a multiple of {rule.slot_seconds} s, not at {slot_start}"
            )
        key = (str(to_checksum_address(account)), slot_start)
        if key in readings:
            raise BadInput(f"{place}: there is a reading of {key[0]} for slot {slot_start} already")
        readings[key] = SlotReading(import_wh, export_wh)
    return readings


def read_openings(name: str, path: Path) -> dict[bytes, int]:
    """Read the quantities of hidden trades from a file with one offer or a list of offers.

    Args:
        name: of the file's role, for the error.
        path: of a JSON file as `Offer.to_json` writes it.

    Returns:
        Wh by trade id; each is the one that the terms commit to.

    Raises:
        BadInput: the file cannot be read, or an offer is malformed or does not open its terms.
    """
    value = read_json(name, path)
    offers = value if isinstance(value, list) else [value]
    return {offer.trade_id: offer.energy_wh for offer in map(Offer.from_json, offers)}


def _of_trades(folded: Fold, rule: SlotRule, openings: Mapping[bytes, int]) -> Iterator[Entry]:
    for trade in folded.trades.values():
        if trade.buyer is None or not trade.was_delivered or trade.by_lots:
            continue
        energy_wh = openings.get(trade.trade_id) if trade.delivered_wh is None else trade.delivered_wh
        source = "award" if trade.terms.nonce & AWARD_NONCE else "offer"
        slot = rule.of_trade(trade.terms.accept_by, trade.terms.deliver_by)
        yield from _sale(trade.terms.seller, trade.buyer, slot, energy_wh, source, trade.trade_id)


def _of_lots(folded: Fold, rule: SlotRule) -> Iterator[Entry]:
    for lot in folded.lots.values():
        slot, lot_id = rule.of_time(lot.slot_start), lot.lot.to_bytes(32, "big")
        for step in lot.steps:
            if isinstance(step, LotExchanged):
                yield from _sale(step.seller, step.buyer, slot, lot.energy_wh, "lot", lot_id)
            elif isinstance(step, Transfer):
                yield from _sale(step.from_, step.to, slot, lot.energy_wh, "lot", lot_id)


def _sale(
    seller: str, buyer: str, slot: int, energy_wh: int | None, source: str, id_: bytes
) -> tuple[Entry, Entry]:
    bought = None if energy_wh is None else -energy_wh
    return Entry(seller, slot, energy_wh, source, id_), Entry(buyer, slot, bought, source, id_)


def _rows(name: str, content: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the place and the fields of each row of a CSV or JSON file."""
    if content.lstrip()[:1] in (b"[", b"{"):
        for number, value in enumerate(check_list(parse_json(content, name), name), 1):
            yield f"{name}, entry {number}", check_object(value, f"{name}, entry {number}", set(_COLUMNS))
        return
    try:
        rows = csv.reader(io.StringIO(content.decode("utf-8-sig")))
        if next(rows, None) != _COLUMNS:
            raise BadInput(f"{name}: the first line must be {','.join(_COLUMNS)}")
        for row in rows:
            place = f"{name}, line {rows.line_num}"
            if len(row) != len(_COLUMNS) or not all(_NUMBER.fullmatch(text) for text in row[1:]):
                raise BadInput(f"{place} must have {','.join(_COLUMNS)} in whole seconds and Wh")
            yield place, {_COLUMNS[0]: row[0], **dict(zip(_COLUMNS[1:], map(int, row[1:]), strict=True))}
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{name} is neither CSV nor JSON: {error}") from error
