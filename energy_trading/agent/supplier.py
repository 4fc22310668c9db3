"""What the supplier has to bill: each home's metered net less what it sold and bought, per slot."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select

from energy_trading.agent.tables import slot_readings
from energy_trading.market.log.fold import Fold
from energy_trading.market.log.positions import (
    Position,
    SlotReading,
    SlotRule,
    Tariffs,
    entries_of,
    positions_of,
)


def kept_readings(connection: Connection, slot_seconds: int) -> dict[tuple[str, int], SlotReading]:
    """Return the meters' readings that homes handed over, by account and start of the slot.

    Args:
        connection: of the store.
        slot_seconds: length of a slot; slot n begins at n times this.
    """
    rows = connection.execute(select(slot_readings)).all()
    return {
        (row.account, row.slot * slot_seconds): SlotReading(max(-row.net_wh, 0), max(row.net_wh, 0))
        for row in rows
    }


def positions(
    fold: Fold,
    rule: SlotRule,
    lot_slot_seconds: int,
    tariffs: Tariffs,
    readings: dict[tuple[str, int], SlotReading],
    start: int,
    end: int,
) -> list[Position]:
    """Return what the supplier has to bill for the slots that begin in a time (`docs/positions.md`).

    Args:
        fold: of final blocks.
        rule: which slot a trade counts to.
        lot_slot_seconds: length of the lots' slot.
        tariffs: of the supplier.
        readings: from `kept_readings`.
        start, end: unix seconds, half open.
    """
    entries = entries_of(fold, rule, lot_slot_seconds)
    return positions_of(entries, readings, tariffs, start=start, end=end)


def as_csv(rows: Iterable[Position]) -> str:
    """Return positions as CSV with a heading; what is not known is empty."""
    out = io.StringIO()
    names = ("account", "slot_start", "sold_wh", "bought_wh", "import_wh", "export_wh", "position_wh", "owed")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        shown: dict[str, Any] = row.to_dict()
        writer.writerow(["" if shown[name] is None else shown[name] for name in names])
    return out.getvalue()
