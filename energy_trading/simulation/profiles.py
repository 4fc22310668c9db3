"""Household profiles for simulations: measured ones from CSV files, synthetic ones from load and weather.

A day is the UTC day of its date. Energies are whole Wh whose running sum is the exact running energy rounded
down, so no slot is off by more than 1 Wh and rounding never adds up.
"""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from energy_trading.errors import BadInput

DAY_S: Final = 86_400
#: Sizes of roof systems, W peak.
PV_SIZES_W: Final = (3_000, 4_500, 6_000, 7_500, 9_900)
#: A copy of a measured home draws this many per cent of it, later or earlier by up to this many slots.
COPY_PERCENT: Final = (70, 130)
COPY_SHIFT_SLOTS: Final = 4
_UNIX_SECONDS: Final = re.compile(r"[0-9]{1,11}(\.0*)?")
_POWER: Final = re.compile(r"[0-9]{1,12}(\.[0-9]*)?([eE]-?[0-9]{1,2})?")


class ProfileRefused(BadInput):
    """A data file does not hold what a profile needs; the message names file and line."""


class DateOutsideData(ProfileRefused):
    """The file has no slot on that day."""


class ProfileSupportMissing(BadInput):
    """The optional libraries that make synthetic profiles are not installed."""


@dataclass(frozen=True)
class HomeProfile:
    """A home's day.

    Args:
        name: column, file or number it comes from; a copy carries "#2", "#3" …
        slot_starts: unix seconds.
        step_s: length of every slot, seconds.
        load_wh: used in each slot, Wh.
        pv_wh: produced in each slot, Wh.
    """

    name: str
    slot_starts: list[int]
    step_s: int
    load_wh: list[int]
    pv_wh: list[int]


@dataclass(frozen=True)
class _Measured:
    """A home's day as it was read: mean power per slot in W, exact."""

    name: str
    load_w: list[Fraction]
    pv_w: list[Fraction]


@dataclass(frozen=True)
class _Day:
    slot_starts: list[int]
    step_s: int
    columns: dict[str, list[Fraction]]


def load_profiles(
    path: Path, day: date, homes: int, seed: int, pv_share_percent: int = 50
) -> list[HomeProfile]:
    """Read measured profiles.

    Args:
        path: a directory with `hh_*.csv` (W) and `pv_*_pu.csv` (W per W installed), each with the columns
            `timestamp,electricity`; or one file with `timestamp`, `<home>_load_w` and optional `<home>_pv_w`
            columns. Time stamps are unix seconds or ISO 8601 with a zone, and mark the start of a slot.
        day: the UTC day.
        homes: how many, 1 or more. If the data has more, a seeded choice of them; if it has fewer, the others
            are copies whose load is scaled by 70 … 130 % and moved by up to 4 slots around the day.
        seed: of choice, copies and PV; equal seeds give equal profiles.
        pv_share_percent: share of a directory's homes that get a PV system, of a size in `PV_SIZES_W`. A wide
            file has its own.

    Returns:
        As many profiles as asked for.

    Raises:
        DateOutsideData: the data has no slot on that day.
        ProfileRefused: slots are missing, repeated or unequal, a power is negative or not a number, or the
            header is wrong.
        BadInput: an argument is out of range.

    Source:
        SETM §IV (case study by profiles).
    """
    _check_homes(homes)
    if not 0 <= pv_share_percent <= 100:
        raise BadInput(f"the PV share must be between 0 and 100 %, not {pv_share_percent} %")
    rng = random.Random(seed)  # noqa: S311 - a repeatable simulation, no secret
    if path.is_dir():
        slots, measured = _read_directory(path, day)
        measured = _choose(measured, homes, rng)
        measured = _install_pv(measured, _read_pv(path, day, slots), pv_share_percent, rng)
    elif path.is_file():
        slots, measured = _read_wide(path, day)
        measured = _choose(measured, homes, rng)
    else:
        raise ProfileRefused(f"{path} is neither a file nor a directory; name one that holds profiles")
    return [
        HomeProfile(
            home.name,
            slots.slot_starts,
            slots.step_s,
            whole_wh(home.load_w, slots.step_s),
            whole_wh(home.pv_w, slots.step_s),
        )
        for home in measured
    ]


def make_profiles(homes: int, day: date, seed: int, step_s: int = 900) -> list[HomeProfile]:
    """Make profiles of German homes: BDEW's household load H25 and a PV system under a partly cloudy sky.

    Loads differ by yearly use (2,000 … 6,000 kWh) and by slot (50 … 150 % of the standard load, which is a
    mean over many homes). Two homes in three have PV (a size of `PV_SIZES_W`, facing east to west, tilted
    20 … 45°): pvlib's clear sky at Kassel, times a cloud factor that all homes share, times 0.8 for losses.

    Args:
        homes: how many, 1 or more.
        day: the UTC day; load follows German local time.
        seed: equal seeds give equal profiles.
        step_s: length of a slot, a divisor of 900 or a multiple of it that divides a day.

    Returns:
        As many profiles as asked for.

    Raises:
        ProfileSupportMissing: demandlib or pvlib is not installed.
        BadInput: an argument is out of range.

    Source:
        BDEW standard load profile H25 (demandlib); Ineichen and Perez 2002 (pvlib).
    """
    _check_homes(homes)
    if step_s <= 0 or DAY_S % step_s or (900 % step_s and step_s % 900):
        raise BadInput(
            f"a slot must be a divisor of 900 s, or a multiple of it that divides {DAY_S} s, not {step_s} s"
        )
    rng = random.Random(seed)  # noqa: S311 - a repeatable simulation, no secret
    slot_starts = list(range(_day_start(day), _day_start(day) + DAY_S, step_s))
    load_shape, sky = standard_sky(slot_starts, step_s)
    cloud = _cloud_percent(rng, len(slot_starts))
    profiles = []
    for number in range(1, homes + 1):
        yearly_kwh = rng.randrange(2_000, 6_001)
        # H25 is in kW for 1 GWh a year, which is mW for 1 kWh a year.
        load = [Fraction(milliwatt * yearly_kwh * rng.randint(50, 150), 100_000) for milliwatt in load_shape]
        pv = [Fraction(0)] * len(slot_starts)
        if rng.randrange(3):
            size_w = rng.choice(PV_SIZES_W)
            azimuth, tilt = rng.randrange(90, 271, 15), rng.randrange(20, 46, 5)
            # W/m² over 1,000 W/m², cloud over 100 %, 80 % after losses
            pv = [
                Fraction(size_w * irradiance * percent * 80, 1_000 * 100 * 100)
                for irradiance, percent in zip(sky.irradiance(azimuth, tilt), cloud, strict=True)
            ]
        profiles.append(
            HomeProfile(f"home_{number}", slot_starts, step_s, whole_wh(load, step_s), whole_wh(pv, step_s))
        )
    return profiles


def whole_wh(powers_w: Iterable[Fraction], step_s: int) -> list[int]:
    """Return whole Wh per slot whose running sum is the exact energy rounded down.

    Args:
        powers_w: mean power per slot, W, 0 or more.
        step_s: length of a slot, seconds.
    """
    exact, returned, energies = Fraction(0), 0, []
    for power in powers_w:
        exact += power * step_s / 3600
        energies.append(int(exact) - returned)
        returned = int(exact)
    return energies


def _choose(measured: list[_Measured], homes: int, rng: random.Random) -> list[_Measured]:
    if homes <= len(measured):
        return [measured[i] for i in sorted(rng.sample(range(len(measured)), homes))]
    chosen = list(measured)
    while len(chosen) < homes:
        turn, place = divmod(len(chosen), len(measured))
        original = measured[place]
        scale = Fraction(rng.randint(*COPY_PERCENT), 100)
        # PV stays: the sun shines on a copy at the same time.
        shift = rng.randint(-COPY_SHIFT_SLOTS, COPY_SHIFT_SLOTS) % len(original.load_w)
        moved = original.load_w[-shift:] + original.load_w[:-shift] if shift else original.load_w
        chosen.append(
            _Measured(f"{original.name}#{turn + 1}", [power * scale for power in moved], original.pv_w)
        )
    return chosen


def _read_directory(path: Path, day: date) -> tuple[_Day, list[_Measured]]:
    files = sorted(path.glob("hh_*.csv"))
    if not files:
        raise ProfileRefused(f"{path} holds no hh_*.csv; a directory of profiles needs at least one")
    days = [_read_day(file, day) for file in files]
    for file, other in zip(files, days, strict=True):
        _check_same_slots(file, other, days[0])
    nothing = [Fraction(0)] * len(days[0].slot_starts)
    homes = [
        _Measured(file.stem, _electricity(file, slots), nothing)
        for file, slots in zip(files, days, strict=True)
    ]
    return days[0], homes


def _read_pv(path: Path, day: date, slots: _Day) -> list[list[Fraction]]:
    shapes = []
    for file in sorted(path.glob("pv_*_pu.csv")):
        pv_day = _read_day(file, day)
        _check_same_slots(file, pv_day, slots)
        shapes.append(_electricity(file, pv_day))
    return shapes


def _install_pv(
    homes: list[_Measured], shapes: list[list[Fraction]], share_percent: int, rng: random.Random
) -> list[_Measured]:
    if not shapes:
        return homes
    owners = set(rng.sample(range(len(homes)), len(homes) * share_percent // 100))
    equipped = []
    for place, home in enumerate(homes):
        if place in owners:
            shape, size_w = rng.choice(shapes), rng.choice(PV_SIZES_W)
            home = _Measured(home.name, home.load_w, [power * size_w for power in shape])
        equipped.append(home)
    return equipped


def _read_wide(path: Path, day: date) -> tuple[_Day, list[_Measured]]:
    slots = _read_day(path, day)
    names = [column.removesuffix("_load_w") for column in slots.columns if column.endswith("_load_w")]
    allowed = {f"{name}{suffix}" for name in names for suffix in ("_load_w", "_pv_w")}
    if not names or not slots.columns.keys() <= allowed:
        raise ProfileRefused(
            f"{path} line 1: the columns are {', '.join(slots.columns)}; they must be <home>_load_w, each"
            " with an optional <home>_pv_w"
        )
    nothing = [Fraction(0)] * len(slots.slot_starts)
    return slots, [
        _Measured(name, slots.columns[f"{name}_load_w"], slots.columns.get(f"{name}_pv_w", nothing))
        for name in names
    ]


def read_powers(path: Path) -> tuple[list[str], list[int], list[list[Fraction]]]:
    """Read a whole CSV whose first column is `timestamp`.

    Returns:
        Names of the other columns, times of the rows in unix seconds, and the rows' numbers.

    Raises:
        ProfileRefused: the header, a time or a number is wrong, or the times do not rise.
    """
    header, lines = _read_lines(path)
    for (_, time, _), (line, following, _) in pairwise(lines):
        if following <= time:
            raise ProfileRefused(
                f"{path} line {line}: the time {_iso(following)} must be later than {_iso(time)} before it"
            )
    for line, _, row in lines:
        _check_fields(path, line, row, header)
    rows = [[_power(path, line, text) for text in row[1:]] for line, _, row in lines]
    return header[1:], [time for _, time, _ in lines], rows


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


def _check_fields(path: Path, line: int, row: list[str], header: list[str]) -> None:
    if len(row) != len(header):
        raise ProfileRefused(f"{path} line {line} has {len(row)} fields; the header has {len(header)}")


def _read_day(path: Path, day: date) -> _Day:
    """Read the rows of a day; time stamps are checked in the whole file, gaps and powers within the day."""
    header, lines = _read_lines(path)
    step = _step(path, [(line, time) for line, time, _ in lines])
    start = _day_start(day)
    inside = [entry for entry in lines if start <= entry[1] < start + DAY_S]
    if not inside:
        first, last = _iso(lines[0][1]), _iso(lines[-1][1])
        raise DateOutsideData(f"{path} has no slot on {day} (UTC); its data runs from {first} to {last}")
    slot_starts = list(range(start, start + DAY_S, step))
    _check_complete(path, slot_starts, [(line, time) for line, time, _ in inside], step)
    columns: dict[str, list[Fraction]] = {name: [] for name in header[1:]}
    for line, _, row in inside:
        _check_fields(path, line, row, header)
        for name, text in zip(header[1:], row[1:], strict=True):
            columns[name].append(_power(path, line, text))
    return _Day(slot_starts, step, columns)


def _step(path: Path, stamps: Sequence[tuple[int, int]]) -> int:
    if len(stamps) < 2:
        raise ProfileRefused(f"{path} needs at least two rows, but has {len(stamps)}")
    for (_, time), (line, following) in pairwise(stamps):
        if following <= time:
            raise ProfileRefused(
                f"{path} line {line}: the time {_iso(following)} must be later than {_iso(time)} before it"
            )
    step = min(following - time for (_, time), (_, following) in pairwise(stamps))
    for (_, time), (line, following) in pairwise(stamps):
        if (following - time) % step:
            raise ProfileRefused(
                f"{path} line {line}: the step of {following - time} s is not a multiple of the file's"
                f" {step} s"
            )
    if DAY_S % step:
        raise ProfileRefused(f"{path} has a step of {step} s, which does not divide a day of {DAY_S} s")
    return step


def _check_complete(path: Path, slot_starts: list[int], inside: list[tuple[int, int]], step: int) -> None:
    for place, (line, time) in enumerate(inside):
        if time != slot_starts[place]:
            raise ProfileRefused(
                f"{path} line {line}: the slot {_iso(slot_starts[place])} is missing before {_iso(time)} "
                f"(slots of {step} s)"
            )
    if len(inside) < len(slot_starts):
        line = inside[-1][0] + 1
        raise ProfileRefused(
            f"{path} line {line}: the slot {_iso(slot_starts[len(inside)])} is missing; the day must be whole"
        )


def _check_same_slots(path: Path, slots: _Day, expected: _Day) -> None:
    if slots.step_s != expected.step_s:
        raise ProfileRefused(
            f"{path} has a step of {slots.step_s} s, while the other files have {expected.step_s} s"
        )


def _electricity(path: Path, slots: _Day) -> list[Fraction]:
    if list(slots.columns) != ["electricity"]:
        raise ProfileRefused(
            f"{path} line 1: the columns after timestamp are {', '.join(slots.columns)}, not electricity"
            " alone"
        )
    return slots.columns["electricity"]


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


def _power(path: Path, line: int, text: str) -> Fraction:
    if not _POWER.fullmatch(text):
        raise ProfileRefused(f"{path} line {line}: the power {text!r} is not a number of 0 or more")
    return Fraction(text)


def _check_homes(homes: int) -> None:
    if homes < 1:
        raise BadInput(f"there must be at least 1 home, not {homes}")


def _day_start(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _iso(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat()


class Sky:
    """The clear sky of a day, computed once and used for every roof."""

    def __init__(self, times: Any) -> None:
        from pvlib.location import Location

        place = Location(51.3, 9.5, altitude=170)  # Kassel, the middle of Germany
        self._sun = place.get_solarposition(times)
        self._clear = place.get_clearsky(times, solar_position=self._sun)

    def irradiance(self, azimuth: int, tilt: int) -> Iterator[int]:
        """Yield W/m² in the plane of a roof, one per slot; degrees from north and from the horizontal."""
        from pvlib.irradiance import get_total_irradiance

        plane = get_total_irradiance(
            tilt,
            azimuth,
            self._sun["apparent_zenith"],
            self._sun["azimuth"],
            self._clear["dni"],
            self._clear["ghi"],
            self._clear["dhi"],
        )["poa_global"].fillna(0)
        return (max(0, round(value)) for value in plane)


def standard_sky(slot_starts: list[int], step_s: int) -> tuple[list[int], Sky]:
    """Return H25 per slot, whole kW for 1 GWh a year, and the sky at the middle of every slot."""
    try:
        import pandas
        from demandlib.bdew import H25

        middles = pandas.to_datetime([start + step_s / 2 for start in slot_starts], unit="s", utc=True)
        sky = Sky(middles)
    except ImportError as error:
        raise ProfileSupportMissing(
            "synthetic profiles need demandlib and pvlib: pip install energy-trading[profiles]"
        ) from error
    local = pandas.to_datetime(slot_starts, unit="s", utc=True).tz_convert("Europe/Berlin").tz_localize(None)
    quarters = pandas.date_range(local[0].normalize(), periods=3 * 96, freq="15min")
    # A quarter of an hour is the standard's finest step; longer slots take the mean of theirs.
    standard = H25(quarters)
    width = max(1, step_s // 900)
    shape = []
    for start in local:
        first = (start - quarters[0]) // pandas.Timedelta(minutes=15)
        shape.append(round(standard.iloc[first : first + width].mean()))
    return shape, sky


def _cloud_percent(rng: random.Random, slots: int) -> list[int]:
    """Return a clearness per slot, 15 … 100 %, that changes little from slot to slot."""
    percent, cloud = rng.randint(30, 100), []
    for _ in range(slots):
        percent = min(100, max(15, percent + rng.randint(-12, 12)))
        cloud.append(percent)
    return cloud
