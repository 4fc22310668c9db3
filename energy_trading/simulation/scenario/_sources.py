"""Where load and photovoltaics of a scenario's homes come from, day by day, in whole Wh.

Powers are kept in µW and energies summed exactly, so that slots of any length add up to the same energy.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from energy_trading.simulation._clock import Day
from energy_trading.simulation.options import ScenarioRefused
from energy_trading.simulation.orders import Integers
from energy_trading.simulation.profiles import (
    COPY_PERCENT,
    COPY_SHIFT_SLOTS,
    PV_SIZES_W,
    ProfileRefused,
    read_powers,
    standard_sky,
)

if TYPE_CHECKING:
    from energy_trading.simulation.scenario.scenario import HomeOptions, People

#: where a folder of measured homes is, if the scenario does not name one
MEASURED: Final = "ENERGY_TRADING_MEASURED"
_MICRO_WH: Final = 3_600_000_000  # µW·s in a Wh


@dataclass(frozen=True, eq=False)
class Energies:
    """What all homes use and produce on a day, Wh; rows are homes, columns slots."""

    load_wh: Integers
    pv_wh: Integers


class Source(Protocol):
    """Profiles of some homes."""

    names: list[str]
    #: names of homes that are copies of others
    copies: list[str]

    def day(self, day: Day) -> Energies:
        """Return the energies of a day."""
        ...


def whole_wh(energy: Integers) -> Integers:
    """Return Wh per slot from energies in µW·s; the running sum of each row is rounded down, never a slot."""
    return np.diff(energy.cumsum(axis=1) // _MICRO_WH, axis=1, prepend=0)


class Made:
    """Homes with BDEW's household load H25, and photovoltaics under a sky that all of them share.

    As `profiles.make_profiles`, for any number of days and homes.
    """

    def __init__(self, homes: int, pv_percent: int, seed: int) -> None:
        draw = np.random.default_rng([seed, 1])
        self.names = [f"home_{i + 1}" for i in range(homes)]
        self.copies: list[str] = []
        self._seed = seed
        self._yearly_kwh = draw.integers(2_000, 6_001, homes)
        self._size_w = draw.choice(np.array(PV_SIZES_W, np.int64), homes)
        self._azimuth = draw.integers(6, 19, homes) * 15
        self._tilt = draw.integers(4, 10, homes) * 5
        owners = draw.permutation(homes)[: homes * pv_percent // 100]
        self._owns = np.zeros(homes, bool)
        self._owns[owners] = True

    def day(self, day: Day) -> Energies:
        """Draw the day: each home's load around the standard, the clouds of all."""
        draw = np.random.default_rng([self._seed, 2, day.number])
        standard, sky = _standard(tuple(day.starts.tolist()), day.step_s)
        shape = np.array(standard, np.int64)
        noise = draw.integers(50, 151, (self._yearly_kwh.size, day.starts.size))
        # H25 is in kW for 1 GWh a year, which is mW for 1 kWh a year.
        load = shape * self._yearly_kwh[:, None] * noise * (day.step_s * 10)
        clear = np.empty(day.starts.size, np.int64)
        percent = int(draw.integers(30, 101))
        for i, change in enumerate(draw.integers(-12, 13, day.starts.size).tolist()):
            percent = min(100, max(15, percent + change))
            clear[i] = percent
        pv = np.zeros_like(load)
        for home in np.flatnonzero(self._owns).tolist():
            plane = np.array(_plane(sky, int(self._azimuth[home]), int(self._tilt[home])), np.int64)
            # µW: W/m² over 1,000 W/m², clearness over 100 %, 80 % after losses
            pv[home] = plane * clear * int(self._size_w[home]) * 80 // 10 * day.step_s
        return Energies(whole_wh(load), whole_wh(pv))


@cache
def _standard(starts: tuple[int, ...], step_s: int) -> tuple[list[int], Any]:
    return standard_sky(list(starts), step_s)


@cache
def _plane(sky: Any, azimuth: int, tilt: int) -> tuple[int, ...]:
    return tuple(sky.irradiance(azimuth, tilt))


class Listed:
    """Homes whose powers the scenario itself lists, the same every day."""

    def __init__(self, homes: Sequence[HomeOptions]) -> None:
        self.names = [home.name for home in homes]
        self.copies: list[str] = []
        self._homes = homes

    def day(self, day: Day) -> Energies:
        """Take the power of each hour of the wall clock."""
        hours = day.second_of_day // 3600

        def of(powers: tuple[int, ...]) -> Integers:
            return np.array(powers * (24 // len(powers)), np.int64)[hours] * 1_000_000 * day.step_s

        return Energies(
            whole_wh(np.stack([of(home.load_w) for home in self._homes])),
            whole_wh(np.stack([of(home.pv_w) for home in self._homes])),
        )


@dataclass(frozen=True, eq=False)
class _Series:
    """Mean powers of one column, µW, in equal steps."""

    start: int
    step_s: int
    power_uw: Integers

    def energy(self, day: Day, name: str) -> Integers:
        """Return µW·s in each slot of a day."""
        edges = np.append(day.starts, day.starts[-1] + day.step_s) - self.start
        last = self.power_uw.size * self.step_s
        if edges[0] < 0 or edges[-1] > last:
            raise ProfileRefused(f"{name} has no data for the whole of {day.date}")
        first = int(edges[0]) // self.step_s
        powers = self.power_uw[first : -(-int(edges[-1]) // self.step_s)]
        edges -= first * self.step_s
        sums = np.concatenate(([0], (powers * self.step_s).cumsum()))
        places = np.minimum(edges // self.step_s, powers.size - 1)
        into: Integers = sums[places] + powers[places] * (edges - places * self.step_s)
        return np.diff(into)


class Measured:
    """Homes from files: a folder of `hh_*.csv` and `pv_*_pu.csv`, or wide CSVs with a column for each home.

    Args:
        path: folder or file.
        people: how many homes, copies, share with photovoltaics.
        seed: of choice, copies and roofs.
    """

    def __init__(self, path: Path, people: People, seed: int) -> None:
        loads, pvs, roofs = _read_path(path)
        homes = people.homes or len(loads)
        if homes > len(loads) and not people.copies:
            raise ScenarioRefused(
                f"people.homes: {path} has {len(loads)} homes, not {homes};"
                " copies = true makes copies of them"
            )
        draw = random.Random(seed)  # noqa: S311 - a repeatable simulation, no secret
        count = len(loads)
        chosen = sorted(draw.sample(range(count), homes)) if homes < count else list(range(count))
        names = [name for name, _ in loads]
        self.names, self.copies = [], []
        self._rows: list[tuple[_Series, int, int, _Series | None, int]] = []
        for number in range(homes):
            turn, place = divmod(number, len(chosen))
            name, load = loads[chosen[place]]
            scale, shift = 100, 0
            if turn:
                scale = draw.randint(*COPY_PERCENT)
                shift = draw.randint(-COPY_SHIFT_SLOTS, COPY_SHIFT_SLOTS)
                name = f"{name}#{turn + 1}"
                self.copies.append(name)
            self.names.append(name)
            self._rows.append((load, scale, shift, pvs.get(names[chosen[place]]), 1))
        if roofs:
            for place in draw.sample(range(homes), homes * people.pv_percent // 100):
                load, scale, shift, _, _ = self._rows[place]
                self._rows[place] = load, scale, shift, draw.choice(roofs), draw.choice(PV_SIZES_W)

    def day(self, day: Day) -> Energies:
        """Cut the day out of the files; a copy is scaled, and moved around the day."""
        loads, pvs = [], []
        for name, (load, scale, shift, pv, size) in zip(self.names, self._rows, strict=True):
            loads.append(np.roll(load.energy(day, name), shift) * scale // 100)
            pvs.append(np.zeros(day.starts.size, np.int64) if pv is None else pv.energy(day, name) * size)
        return Energies(whole_wh(np.stack(loads)), whole_wh(np.stack(pvs)))


def _read_path(path: Path) -> tuple[list[tuple[str, _Series]], dict[str, _Series], list[_Series]]:
    """Return loads by name, photovoltaics by name, and roofs for 1 W."""
    if not path.exists():
        raise ScenarioRefused(f"{path} is neither a file nor a directory; name one that holds profiles")
    if path.is_file():
        files = [path]
    elif files := sorted(path.glob("hh_*.csv")):
        loads = [(file.stem, _series(file, *read_powers(file))["electricity"]) for file in files]
        shapes = sorted(path.glob("pv_*_pu.csv"))
        return loads, {}, [_series(file, *read_powers(file))["electricity"] for file in shapes]
    elif not (files := sorted(path.glob("*.csv"))):
        raise ScenarioRefused(f"people.profiles: the folder {path} holds no CSV file")
    loads, pvs = [], {}
    for file in files:
        for column, series in _series(file, *read_powers(file)).items():
            if column in ("load_w", "pv_w"):
                column = f"{file.stem}_{column}"
            if column.endswith("_load_w"):
                loads.append((column.removesuffix("_load_w"), series))
            elif column.endswith("_pv_w"):
                pvs[column.removesuffix("_pv_w")] = series
            else:
                raise ScenarioRefused(
                    f"people.profiles: {file} line 1: the column {column} must be load_w, pv_w,"
                    " <home>_load_w or <home>_pv_w"
                )
    names = [name for name, _ in loads]
    if len(set(names)) < len(names) or not pvs.keys() <= set(names):
        raise ScenarioRefused(f"people.profiles: {path} has a home twice, or a roof without a home")
    return loads, pvs, []


def _series(
    file: Path, header: list[str], times: list[int], rows: list[list[Fraction]]
) -> dict[str, _Series]:
    if len(times) < 2:
        raise ProfileRefused(f"{file} needs at least two rows, but has {len(times)}")
    steps = {later - earlier for earlier, later in pairwise(times)}
    if len(steps) > 1:
        raise ProfileRefused(
            f"{file} has steps of {min(steps)} s and of {max(steps)} s; all of them must be equal"
        )
    (step,) = steps
    columns = zip(*rows, strict=True)
    return {
        name: _Series(times[0], step, np.array([int(each * 1_000_000) for each in column], np.int64))
        for name, column in zip(header, columns, strict=True)
    }


def measured_folder(near: Path) -> Path:
    """Return the folder of measured homes: the one the environment names, or shared/data/hamlet above."""
    if named := os.environ.get(MEASURED):
        return Path(named)
    for up in (near.resolve(), *near.resolve().parents):
        if (found := up / "shared" / "data" / "hamlet").is_dir():
            return found
    raise ScenarioRefused(
        f"people.profiles: no folder of measured homes was found; name one with {MEASURED} or --profiles"
    )


def read_prices(path: Path) -> tuple[list[int], list[int], list[int]]:
    """Read tariffs from a CSV with timestamp, retail_ct_per_kwh and feed_in_ct_per_kwh.

    Returns:
        Starts in unix seconds, and both prices in units per Wh from then on.
    """
    header, times, rows = read_powers(path)
    if header != ["retail_ct_per_kwh", "feed_in_ct_per_kwh"]:
        raise ScenarioRefused(
            f"tariffs.csv: {path} line 1: the columns after timestamp must be retail_ct_per_kwh and"
            f" feed_in_ct_per_kwh, not {', '.join(header)}"
        )
    units = [[int(each * 10_000) for each in row] for row in rows]
    return times, [row[0] for row in units], [row[1] for row in units]
