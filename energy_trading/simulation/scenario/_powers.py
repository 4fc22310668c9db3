"""Powers of homes in files: columns of mean powers in equal steps, cut into slots of any length exactly."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from energy_trading.simulation._clock import Day
from energy_trading.simulation.orders import Integers
from energy_trading.simulation.profiles import DateOutsideData, ProfileRefused

_UNIX_SECONDS: Final = re.compile(r"[0-9]{1,11}(\.0*)?")
_POWER: Final = re.compile(r"[0-9]{1,12}(\.[0-9]*)?([eE]-?[0-9]{1,2})?")


@dataclass(frozen=True, eq=False)
class _Grid:
    """Rows of a file in equal steps, of which some may be missing.

    Args:
        file: where they are.
        start: time stamp of the first, unix seconds.
        step_s: from one to the next.
        lines: line in the file of each step; 0 where it is missing.
    """

    file: Path
    start: int
    step_s: int
    lines: Integers

    def check(self, day: Day) -> None:
        """Refuse a day that the file does not have whole."""
        begin, end = int(day.starts[0]), int(day.starts[-1]) + day.step_s
        first, behind = (begin - self.start) // self.step_s, -((self.start - end) // self.step_s)
        inside = self.lines[max(0, first) : max(0, behind)]
        if not inside.any():
            last = self.start + (self.lines.size - 1) * self.step_s
            raise DateOutsideData(
                f"{self.file} has no slot on {day.date}; its data runs"
                f" from {_iso(self.start)} to {_iso(last)}"
            )
        for place in range(first, behind):
            if 0 <= place < self.lines.size and self.lines[place]:
                continue
            slot = _iso(self.start + place * self.step_s)
            later = np.flatnonzero(self.lines[max(0, place) :]) + max(0, place)
            if not later.size:
                line = int(self.lines.max()) + 1
                raise ProfileRefused(
                    f"{self.file} line {line}: the slot {slot} is missing; the day must be whole"
                )
            found = int(later[0])
            raise ProfileRefused(
                f"{self.file} line {self.lines[found]}: the slot {slot} is missing before"
                f" {_iso(self.start + found * self.step_s)} (slots of {self.step_s} s)"
            )


@dataclass(frozen=True, eq=False)
class Series:
    """Mean powers of one column, µW, in equal steps."""

    grid: _Grid
    power_uw: Integers

    def energy(self, day: Day) -> Integers:
        """Return µW·s in each slot of a day.

        Raises:
            DateOutsideData: the file has nothing of that day.
            ProfileRefused: a part of the day is missing.
        """
        self.grid.check(day)
        step = self.grid.step_s
        edges = np.append(day.starts, day.starts[-1] + day.step_s) - self.grid.start
        first = int(edges[0]) // step
        powers = self.power_uw[first : -(-int(edges[-1]) // step)]
        edges -= first * step
        sums = np.concatenate(([0], (powers * step).cumsum()))
        places = np.minimum(edges // step, powers.size - 1)
        into: Integers = sums[places] + powers[places] * (edges - places * step)
        return np.diff(into)


def read_path(path: Path) -> tuple[list[tuple[str, Series]], dict[str, Series], list[Series]]:
    """Return loads by name, photovoltaics by name, and roofs for 1 W.

    Raises:
        ProfileRefused: a file is not what it should be; the message names file and line.
    """
    if not path.exists():
        raise ProfileRefused(f"{path} is neither a file nor a directory; name one that holds profiles")
    if path.is_file():
        files = [path]
    elif files := sorted(path.glob("hh_*.csv")):
        loads = [(file.stem, _electricity(file)) for file in files]
        return loads, {}, [_electricity(file) for file in sorted(path.glob("pv_*_pu.csv"))]
    elif not (files := sorted(path.glob("*.csv"))):
        raise ProfileRefused(f"{path} holds no CSV file; a directory of profiles needs at least one")
    loads, pvs = [], {}
    for file in files:
        columns = _columns(file)
        if columns.keys() <= {"load_w", "pv_w"}:
            columns = {f"{file.stem}_{name}": series for name, series in columns.items()}
        names = [name.removesuffix("_load_w") for name in columns if name.endswith("_load_w")]
        allowed = {f"{name}{end}" for name in names for end in ("_load_w", "_pv_w")}
        if not names or not columns.keys() <= allowed:
            raise ProfileRefused(
                f"{file} line 1: the columns are {', '.join(columns)}; they must be <home>_load_w, each with"
                " an optional <home>_pv_w"
            )
        for name in names:
            if name in dict(loads):
                raise ProfileRefused(f"{file} line 1: the home {name} is in another file, too")
            loads.append((name, columns[f"{name}_load_w"]))
            if f"{name}_pv_w" in columns:
                pvs[name] = columns[f"{name}_pv_w"]
    return loads, pvs, []


def profiles_at(path: Path) -> tuple[int, int]:
    """Return how many homes a folder or file has, and the step of its data in seconds."""
    loads, _, _ = read_path(path)
    return len(loads), loads[0][1].grid.step_s


def _electricity(file: Path) -> Series:
    columns = _columns(file)
    if list(columns) != ["electricity"]:
        raise ProfileRefused(
            f"{file} line 1: the columns after timestamp are {', '.join(columns)}, not electricity alone"
        )
    return columns["electricity"]


def _columns(file: Path) -> dict[str, Series]:
    """Read a file; its times must rise in multiples of their least step."""
    header, lines = _read_lines(file)
    rows = _powers(file, header, lines)
    times = [time for _, time, _ in lines]
    step = _step(file, [(line, time) for line, time, _ in lines])
    places = (np.array(times, np.int64) - times[0]) // step
    numbers = np.zeros(int(places[-1]) + 1, np.int64)
    numbers[places] = [line for line, _, _ in lines]
    grid, found = _Grid(file, times[0], step, numbers), {}
    for name, column in zip(header[1:], zip(*rows, strict=True), strict=True):
        powers = np.zeros(numbers.size, np.int64)
        powers[places] = column
        found[name] = Series(grid, powers)
    return found


def read_powers(path: Path) -> tuple[list[str], list[int], list[list[int]]]:
    """Read a whole CSV whose first column is `timestamp`.

    Returns:
        Names of the other columns, times of the rows in unix seconds, and the rows' numbers in millionths.

    Raises:
        ProfileRefused: the header, a time or a number is wrong, or the times do not rise.
    """
    header, lines = _read_lines(path)
    _check_rising(path, [(line, time) for line, time, _ in lines])
    return header[1:], [time for _, time, _ in lines], _powers(path, header, lines)


def _check_rising(path: Path, stamps: list[tuple[int, int]]) -> None:
    for (_, time), (line, following) in pairwise(stamps):
        if following <= time:
            raise ProfileRefused(
                f"{path} line {line}: the time {_iso(following)} must be later than {_iso(time)} before it"
            )


def _step(path: Path, stamps: list[tuple[int, int]]) -> int:
    if len(stamps) < 2:
        raise ProfileRefused(f"{path} needs at least two rows, but has {len(stamps)}")
    _check_rising(path, stamps)
    step = min(following - time for (_, time), (_, following) in pairwise(stamps))
    for (_, time), (line, following) in pairwise(stamps):
        if (following - time) % step:
            raise ProfileRefused(
                f"{path} line {line}: the step of {following - time} s is not a multiple of the file's"
                f" {step} s"
            )
    return step


def _powers(path: Path, header: list[str], lines: list[tuple[int, int, list[str]]]) -> list[list[int]]:
    rows = []
    for line, _, row in lines:
        if len(row) != len(header):
            raise ProfileRefused(f"{path} line {line} has {len(row)} fields; the header has {len(header)}")
        rows.append([_power(path, line, text) for text in row[1:]])
    return rows


def _read_lines(path: Path) -> tuple[list[str], list[tuple[int, int, list[str]]]]:
    """Return the header, and the line, time and fields of every row."""
    try:
        file = path.open(newline="", encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise ProfileRefused(f"{path} cannot be read ({error.strerror})") from error
    with file:
        rows = csv.reader(file)
        header = next(rows, [])
        if len(header) < 2 or header[0] != "timestamp" or len(set(header)) < len(header):
            raise ProfileRefused(
                f"{path} line 1: the header {','.join(header)!r} must be timestamp and further, distinct"
                " columns"
            )
        return header, [(rows.line_num, _time(path, rows.line_num, row[0]), row) for row in rows if row]


def _time(path: Path, line: int, text: str) -> int:
    if _UNIX_SECONDS.fullmatch(text):
        return int(text.partition(".")[0])
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or moment.microsecond:
        raise ProfileRefused(
            f"{path} line {line}: the time {text!r} is neither whole unix seconds nor ISO 8601 with a zone"
        )
    return int(moment.timestamp())


def _power(path: Path, line: int, text: str) -> int:
    """Return a number in millionths, rounded down."""
    if text.isascii() and text.isdecimal() and len(text) <= 12:
        return int(text) * 1_000_000
    if not _POWER.fullmatch(text):
        raise ProfileRefused(f"{path} line {line}: the power {text!r} is not a number of 0 or more")
    return int(Fraction(text) * 1_000_000)


def _iso(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat()
