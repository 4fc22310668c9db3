"""Powers of homes in files: columns of mean powers in equal steps, cut into slots of any length exactly."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np

from energy_trading.simulation._clock import Day
from energy_trading.simulation.options import ScenarioRefused
from energy_trading.simulation.orders import Integers
from energy_trading.simulation.profiles import ProfileRefused, read_powers


@dataclass(frozen=True, eq=False)
class Series:
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


def read_path(path: Path) -> tuple[list[tuple[str, Series]], dict[str, Series], list[Series]]:
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


def _series(file: Path, header: list[str], times: list[int], rows: list[list[Fraction]]) -> dict[str, Series]:
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
        name: Series(times[0], step, np.array([int(each * 1_000_000) for each in column], np.int64))
        for name, column in zip(header, columns, strict=True)
    }


def profiles_at(path: Path) -> tuple[int, int]:
    """Return how many homes a folder or file has, and the step of its data in seconds."""
    loads, _, _ = read_path(path)
    return len(loads), loads[0][1].step_s
