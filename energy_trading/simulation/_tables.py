"""The tables of a result: CSV files that grow day by day, and the digest of all that they hold."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

import numpy as np

#: heading of each table; every number has its unit in its name
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "orders": (
        *("design", "stage", "slot_start_unix_s", "home", "side", "ordered_wh"),
        *("limit_units_per_wh", "max_spend_units", "filled_wh", "state"),
    ),
    "fills": (
        *("design", "stage", "slot_start_unix_s", "trade", "home", "side", "agreed_wh", "delivered_wh"),
        *("price_units_per_wh", "amount_units", "market_fee_units", "grid_fee_units"),
        "guarantee_cut_units",
    ),
    "rows": (
        *("design", "slot_start_unix_s", "home", "load_wh", "pv_wh", "stored_wh", "net_wh", "sold_wh"),
        *("bought_wh", "supplier_import_wh", "supplier_export_wh", "retail_units", "feed_in_units"),
    ),
    "payments": ("design", "slot_start_unix_s", "payer", "payee", "kind", "energy_wh", "amount_units"),
    "slots": (
        *("design", "slot_start_unix_s", "retail_units_per_wh", "feed_in_units_per_wh", "surplus_wh"),
        *("deficit_wh", "possible_wh", "matched_wh", "withheld_wh", "faults_wh", "design_wh"),
        *("limits_wh", "last_look_wh", "undelivered_wh"),
    ),
    "accounts": (
        *("design", "account", "opening_units", "sold_units", "bought_units", "market_fees_units"),
        *("guarantee_cuts_units", "closing_units", "grid_fees_units", "retail_units", "feed_in_units"),
        *("bill_units", "grid_only_bill_units"),
    ),
}


class Tables:
    """Tables on disk, or nowhere.

    Args:
        folder: that exists; None writes nothing and only computes the digest.
    """

    def __init__(self, folder: Path | None) -> None:
        self._files: dict[str, IO[str]] = {}
        self._digests = {name: hashlib.sha256() for name in COLUMNS}
        self._rows = dict.fromkeys(COLUMNS, 0)
        for name, columns in COLUMNS.items():
            if folder is not None:
                self._files[name] = (folder / f"{name}.csv").open("w", encoding="utf-8", newline="")
            self._write(name, ",".join(columns) + "\n")

    def add(self, name: str, count: int, *columns: Any) -> None:
        """Append rows.

        Args:
            name: of the table.
            count: of rows.
            columns: for each a text or number that all rows share, a list of texts, or an array of integers.
        """
        if not count:
            return
        texts = [_texts(column, count) for column in columns]
        self._rows[name] += count
        self._write(name, "\n".join(map(",".join, zip(*texts, strict=True))) + "\n")

    def close(self) -> dict[str, dict[str, Any]]:
        """Close the files; return rows and SHA-256 of each table."""
        for file in self._files.values():
            file.close()
        self._files = {}
        return {
            name: {"rows": self._rows[name], "sha256": digest.hexdigest()}
            for name, digest in self._digests.items()
        }

    def _write(self, name: str, text: str) -> None:
        self._digests[name].update(text.encode())
        if name in self._files:
            self._files[name].write(text)


def _texts(column: Any, count: int) -> Iterable[str]:
    if isinstance(column, np.ndarray):
        return map(str, column.tolist())
    return column if isinstance(column, list) else [str(column)] * count


def quoted(names: Sequence[str]) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Return names as CSV has them, to be picked by number."""
    texts = []
    for name in names:
        line = io.StringIO(newline="")
        csv.writer(line, lineterminator="").writerow([name])
        texts.append(line.getvalue())
    return np.array(texts, dtype=object)
