"""Readings in files that a spreadsheet or a stranger made."""

from __future__ import annotations

from pathlib import Path

import pytest

from energy_trading.cli.meter import _readings
from energy_trading.errors import BadInput


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (
            "1750000000000,1,1",
            "the time in {place} must be in unix seconds and below 100000000000, not 1750000000000",
        ),
        (
            "1,2," + "9" * 200_000,
            "{place} is not CSV: field larger than field limit (131072)",
        ),
        ("1,2\r,3", "{place} is not CSV: new-line character seen in unquoted field"),
    ],
)
def test_revert_given_file_of_no_readings(rows: str, text: str, tmp_path: Path) -> None:
    """A time in milliseconds and what is no CSV are refused by their line, before anything is recorded."""
    path = tmp_path / "readings.csv"
    path.write_bytes(f"time,import_wh,export_wh\n{rows}\n".encode())
    with pytest.raises(BadInput) as error:
        list(_readings(path))
    assert str(error.value).startswith(text.format(place=f"{path}, line 2"))


def test_latest_second_is_read(tmp_path: Path) -> None:
    """The last time below the limit is a reading."""
    path = tmp_path / "readings.csv"
    path.write_text("time,import_wh,export_wh\n99999999999,2,3\n")
    (reading,) = _readings(path)
    assert (reading.time, reading.import_wh, reading.export_wh) == (99_999_999_999, 2, 3)
