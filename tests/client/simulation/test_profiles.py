"""Household profiles of scenarios: measured ones from files, made ones from load and weather."""

import sys
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_trading.errors import BadInput
from energy_trading.simulation.profiles import (
    PV_SIZES_W,
    DateOutsideData,
    HomeProfile,
    ProfileRefused,
    ProfileSupportMissing,
)
from energy_trading.simulation.scenario._sources import whole_wh
from energy_trading.simulation.scenario.scenario import short_scenario
from energy_trading.simulation.simulate import home_profiles
from tests.measured import HAMLET, needs_hamlet

DAY = date(2024, 6, 1)
START = 1_717_200_000
STEP = 21_600
DAY_S = 86_400


def load(
    path: Path | None, day: date, homes: int | None = None, seed: int = 1, pv_percent: int | None = None
) -> list[HomeProfile]:
    """The homes of a short scenario, as `run` has them."""
    return home_profiles(short_scenario(day, seed, path, homes, pv_percent))


def wide(folder: Path, *rows: str, header: str = "timestamp,a_load_w,a_pv_w,b_load_w") -> Path:
    path = folder / "homes.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def day_rows(start: int = START) -> list[str]:
    return [f"{start + i * STEP},{100 + i},{i}.5,200" for i in range(4)]


@needs_hamlet
def test_measured_directory():
    """Measured homes keep their energy: 96 slots whose sum is the file's, rounded down once."""
    profiles = load(HAMLET, date(2021, 3, 3), pv_percent=25)
    assert [profile.name for profile in profiles] == sorted(file.stem for file in HAMLET.glob("hh_*.csv"))
    start = 1_614_729_600
    assert profiles[0].slot_starts == list(range(start, start + DAY_S, 900))
    for profile in profiles:
        rows = (line.split(",") for line in (HAMLET / f"{profile.name}.csv").read_text().splitlines()[1:])
        watts = [int(power) for time, power in rows if start <= int(time) < start + DAY_S]
        assert sum(profile.load_wh) == sum(watts) // 4
    assert sum(any(profile.pv_wh) for profile in profiles) == 4


@needs_hamlet
def test_choice_is_seeded():
    """Equal seeds give equal homes and PV, another seed gives others."""
    day = date(2021, 3, 3)
    first = load(HAMLET, day, homes=5, seed=1)
    assert load(HAMLET, day, homes=5, seed=1) == first
    assert load(HAMLET, day, homes=5, seed=2) != first


@needs_hamlet
def test_revert_given_day_half_measured():
    """The first and last day of the data are not whole, the one before is not there."""
    with pytest.raises(
        ProfileRefused, match=r"csv line 2: the slot .* is missing before 2021-02-14T23:00:00\+00:00 "
    ):
        load(HAMLET, date(2021, 2, 14))
    with pytest.raises(
        ProfileRefused, match=r"line 4318: the slot 2021-03-31T22:00:00\+00:00 is missing; the"
    ):
        load(HAMLET, date(2021, 3, 31))
    with pytest.raises(DateOutsideData, match=r"csv has no slot on 2021-02-13; its data runs from 2021"):
        load(HAMLET, date(2021, 2, 13))


def test_wide_file(tmp_path: Path):
    """One file with a column per home; PV is 0 where it has no column."""
    a, b = load(wide(tmp_path, *day_rows()), DAY)
    # Six hours are no slot, so an hour is one. Running sums are rounded down: 0.5 W give 0, 1, 0, 1 …
    assert (a.name, a.slot_starts, a.step_s) == ("a", [START + i * 3600 for i in range(24)], 3600)
    assert a.load_wh == [100] * 6 + [101] * 6 + [102] * 6 + [103] * 6
    assert a.pv_wh == [0, 1] * 3 + [1, 2] * 3 + [2, 3] * 3 + [3, 4] * 3
    assert b == HomeProfile("b", a.slot_starts, 3600, [200] * 24, [0] * 24)


def test_iso_times_with_zone(tmp_path: Path):
    """ISO 8601 means the same slots as unix seconds, whatever its zone."""
    rows = [f"2024-06-01T{hour:02}:00:00+02:00,100,0,200" for hour in (2, 8, 14, 20)]
    (home, _) = load(wide(tmp_path, *rows), DAY)
    assert home.load_wh == [100] * 24


def test_more_homes_than_measured(tmp_path: Path):
    """Further homes are copies with a load of 70 … 130 %, moved within the day, and the same sun."""
    a, b, a2, b2, a3 = load(wide(tmp_path, *day_rows()), DAY, homes=5, seed=5)
    assert [home.name for home in (a, b, a2, b2, a3)] == ["a", "b", "a#2", "b#2", "a#3"]
    for original, copy in ((a, a2), (b, b2), (a, a3)):
        assert 70 * sum(original.load_wh) - 100 <= 100 * sum(copy.load_wh) <= 130 * sum(original.load_wh)
        assert copy.pv_wh == original.pv_wh
    assert len({sum(home.load_wh) for home in (a, a2, a3)}) == 3


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (
            [*day_rows()[:2], day_rows()[3]],
            "line 4: the slot 2024-06-01T12:00:00+00:00 is missing before 2024-06-01T18:00:00+00:00 "
            "(slots of 21600 s)",
        ),
        (day_rows()[:3], "line 5: the slot 2024-06-01T18:00:00+00:00 is missing; the day must be whole"),
        (
            [*day_rows()[:2], *day_rows()[1:]],
            "line 4: the time 2024-06-01T06:00:00+00:00 must be later than "
            "2024-06-01T06:00:00+00:00 before it",
        ),
        (
            [day_rows()[1], day_rows()[0]],
            "line 3: the time 2024-06-01T00:00:00+00:00 must be later than "
            "2024-06-01T06:00:00+00:00 before it",
        ),
        (
            [*day_rows(), f"{START + 4 * STEP + 60},1,1,1"],
            "line 6: the step of 21660 s is not a multiple of the file's 21600 s",
        ),
        ([day_rows()[0], f"{START + STEP},nan,0,0", *day_rows()[2:]], "line 3: the power 'nan' {power}"),
        ([day_rows()[0], f"{START + STEP},1,0,-5", *day_rows()[2:]], "line 3: the power '-5' {power}"),
        ([day_rows()[0], f"{START + STEP},1,,5", *day_rows()[2:]], "line 3: the power '' {power}"),
        ([day_rows()[0], f"{START + STEP},1,5", *day_rows()[2:]], "line 3 has 3 fields; the header has 4"),
        (
            ["2024-06-01T00:00:00,1,1,1"],
            "line 2: the time '2024-06-01T00:00:00' is neither whole unix seconds nor ISO 8601 with a zone",
        ),
    ],
)
def test_revert_given_wrong_rows(tmp_path: Path, rows: list[str], reason: str):
    """What is missing, repeated, unequal, negative or no number is named with file and line."""
    path = wide(tmp_path, *rows)
    with pytest.raises(ProfileRefused) as caught:
        load(path, DAY)
    assert str(caught.value) == f"{path} " + reason.format(power="is not a number of 0 or more")


def test_revert_given_wrong_file(tmp_path: Path):
    """A file without homes, an empty directory, no file, and another day are named."""
    path = wide(tmp_path, *day_rows())
    (empty := tmp_path / "empty").mkdir()
    with pytest.raises(DateOutsideData) as caught:
        load(path, date(2024, 6, 2))
    assert str(caught.value) == (
        f"{path} has no slot on 2024-06-02; its data runs "
        "from 2024-06-01T00:00:00+00:00 to 2024-06-01T18:00:00+00:00"
    )
    with pytest.raises(ProfileRefused, match=r"line 1: the columns are a_load_w, a_pv_w, c_pv_w; they must"):
        load(wide(tmp_path, *day_rows(), header="timestamp,a_load_w,a_pv_w,c_pv_w"), DAY)
    with pytest.raises(ProfileRefused, match=r"line 1: the header 'time,a_load_w' must be timestamp and"):
        load(wide(tmp_path, header="time,a_load_w"), DAY)
    with pytest.raises(ProfileRefused, match=r"homes.csv needs at least two rows, but has 1$"):
        load(wide(tmp_path, *day_rows()[:1]), DAY)
    with pytest.raises(
        ProfileRefused, match=r" holds no CSV file; a directory of profiles needs at least one$"
    ):
        load(empty, DAY)
    with pytest.raises(
        ProfileRefused, match=r" is neither a file nor a directory; name one that holds profiles$"
    ):
        load(tmp_path / "none", DAY)
    with pytest.raises(BadInput, match=r"homes must be 2 or more, not 1$"):
        load(None, DAY, 1)
    with pytest.raises(BadInput, match=r"pv_percent must be 100 or less, not 101$"):
        load(None, DAY, pv_percent=101)


@settings(max_examples=60)
@given(st.lists(st.integers(0, 10**10), min_size=1, max_size=50), st.sampled_from([300, 900, 3600]))
def test_rounding_does_not_drift(powers_uw: list[int], step_s: int):
    """After every slot the Wh told are the exact energy rounded down."""
    (energies,) = whole_wh(np.array([powers_uw], np.int64) * step_s).tolist()
    for place in range(len(powers_uw) + 1):
        assert sum(energies[:place]) == Fraction(sum(powers_uw[:place]) * step_s, 3600 * 10**6) // 1


@needs_hamlet
@pytest.mark.parametrize("step_s", [1, 60, 100, 450, 1800, 3600])
def test_slots_of_any_length_have_the_same_energy(step_s: int):
    """Whatever the slot, a home's day has the energy of its file, rounded down once."""
    short = short_scenario(date(2021, 3, 3), 1, HAMLET, 2, 50)
    cut = home_profiles(replace(short, time=replace(short.time, slot_seconds=step_s)))
    for whole, home in zip(home_profiles(short), cut, strict=True):
        assert len(home.load_wh) == DAY_S // step_s
        assert (sum(home.load_wh), sum(home.pv_wh)) == (sum(whole.load_wh), sum(whole.pv_wh))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # pvlib's and demandlib's own, of pandas 4
def test_made_homes():
    """Made homes use what German homes use, and their roofs produce by day only, below their size."""
    pytest.importorskip("pvlib", reason="needs energy-trading[profiles]")
    pytest.importorskip("demandlib", reason="needs energy-trading[profiles]")
    homes = load(None, DAY, 10)
    assert homes == load(None, DAY, 10)
    assert homes != load(None, DAY, 10, seed=2)
    assert [home.name for home in homes] == [f"home_{number}" for number in range(1, 11)]
    assert homes[0].slot_starts == list(range(START, START + DAY_S, 900))
    assert sum(any(home.pv_wh) for home in homes) == 6
    for home in homes:
        assert 3_000 < sum(home.load_wh) < 25_000
        assert min(home.load_wh) > 0
        assert max(home.pv_wh) < max(PV_SIZES_W) // 4
        # Kassel, 1 June: sunrise about 03:10, sunset about 19:25 UTC
        assert not any(home.pv_wh[:12] + home.pv_wh[80:])


def test_revert_given_library_missing(monkeypatch: pytest.MonkeyPatch):
    """House rule: a missing extra is named."""
    monkeypatch.setitem(sys.modules, "demandlib.bdew", None)
    with pytest.raises(ProfileSupportMissing) as missing:
        load(None, date(2024, 6, 3))
    assert str(missing.value) == (
        "synthetic profiles need demandlib and pvlib: pip install energy-trading[profiles]"
    )
