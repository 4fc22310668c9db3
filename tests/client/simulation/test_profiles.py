"""Household profiles for simulations."""

import sys
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_trading.errors import BadInput
from energy_trading.simulation.profiles import (
    DAY_S,
    PV_SIZES_W,
    DateOutsideData,
    HomeProfile,
    ProfileRefused,
    ProfileSupportMissing,
    load_profiles,
    make_profiles,
    whole_wh,
)
from tests.measured import HAMLET, needs_hamlet

DAY = date(2024, 6, 1)
START = 1_717_200_000
STEP = 21_600


def wide(folder: Path, *rows: str, header: str = "timestamp,a_load_w,a_pv_w,b_load_w") -> Path:
    path = folder / "homes.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def day_rows(start: int = START) -> list[str]:
    return [f"{start + i * STEP},{100 + i},{i}.5,200" for i in range(4)]


@needs_hamlet
def test_measured_directory():
    """Measured homes keep their energy: 96 slots whose sum is the file's, rounded down once."""
    profiles = load_profiles(HAMLET, date(2021, 3, 3), homes=16, seed=1, pv_share_percent=25)
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
    first = load_profiles(HAMLET, day, homes=5, seed=1)
    assert load_profiles(HAMLET, day, homes=5, seed=1) == first
    assert load_profiles(HAMLET, day, homes=5, seed=2) != first


@needs_hamlet
def test_revert_given_day_half_measured():
    """The first and last day of the data are not whole, the one before is not there."""
    with pytest.raises(
        ProfileRefused, match=r"csv line 2: the slot .* is missing before 2021-02-14T23:00:00\+00:00 "
    ):
        load_profiles(HAMLET, date(2021, 2, 14), homes=1, seed=1)
    with pytest.raises(
        ProfileRefused, match=r"line 4318: the slot 2021-03-31T22:00:00\+00:00 is missing; the"
    ):
        load_profiles(HAMLET, date(2021, 3, 31), homes=1, seed=1)
    with pytest.raises(
        DateOutsideData, match=r"csv has no slot on 2021-02-13 \(UTC\); its data runs from 2021"
    ):
        load_profiles(HAMLET, date(2021, 2, 13), homes=1, seed=1)


def test_wide_file(tmp_path: Path):
    """One file with a column per home; PV is 0 where it has no column."""
    slots = [START + i * STEP for i in range(4)]
    assert load_profiles(wide(tmp_path, *day_rows()), DAY, homes=2, seed=1) == [
        HomeProfile("a", slots, STEP, [600, 606, 612, 618], [3, 9, 15, 21]),
        HomeProfile("b", slots, STEP, [1200, 1200, 1200, 1200], [0, 0, 0, 0]),
    ]


def test_iso_times_with_zone(tmp_path: Path):
    """ISO 8601 means the same slots as unix seconds, whatever its zone."""
    rows = [f"2024-06-01T{hour:02}:00:00+02:00,100,0,200" for hour in (2, 8, 14, 20)]
    (home, _) = load_profiles(wide(tmp_path, *rows), DAY, homes=2, seed=1)
    assert home.slot_starts == [START + i * STEP for i in range(4)]


def test_more_homes_than_measured(tmp_path: Path):
    """Further homes are copies with a load of 70 … 130 %, moved within the day, and the same sun."""
    a, b, a2, b2, a3 = load_profiles(wide(tmp_path, *day_rows()), DAY, homes=5, seed=5)
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
        load_profiles(path, DAY, homes=1, seed=1)
    assert str(caught.value) == f"{path} " + reason.format(power="is not a number of 0 or more")


def test_revert_given_wrong_file(tmp_path: Path):
    """A file without homes, an empty directory, no file, and another day are named."""
    path = wide(tmp_path, *day_rows())
    with pytest.raises(DateOutsideData) as caught:
        load_profiles(path, date(2024, 6, 2), homes=1, seed=1)
    assert str(caught.value) == (
        f"{path} has no slot on 2024-06-02 (UTC); its data runs "
        "from 2024-06-01T00:00:00+00:00 to 2024-06-01T18:00:00+00:00"
    )
    with pytest.raises(ProfileRefused, match=r"line 1: the columns are a_load_w, a_pv_w, c_pv_w; they must"):
        load_profiles(wide(tmp_path, *day_rows(), header="timestamp,a_load_w,a_pv_w,c_pv_w"), DAY, 1, 1)
    with pytest.raises(ProfileRefused, match=r"line 1: the header 'time,a_load_w' must be timestamp and"):
        load_profiles(wide(tmp_path, header="time,a_load_w"), DAY, 1, 1)
    with pytest.raises(ProfileRefused, match=r"homes.csv needs at least two rows, but has 1$"):
        load_profiles(wide(tmp_path, *day_rows()[:1]), DAY, 1, 1)
    with pytest.raises(
        ProfileRefused, match=r" holds no hh_\*.csv; a directory of profiles needs at least one$"
    ):
        load_profiles(tmp_path, DAY, 1, 1)
    with pytest.raises(
        ProfileRefused, match=r" is neither a file nor a directory; name one that holds profiles$"
    ):
        load_profiles(tmp_path / "none", DAY, 1, 1)
    with pytest.raises(BadInput, match=r"^there must be at least 1 home, not 0$"):
        load_profiles(path, DAY, 0, 1)
    with pytest.raises(BadInput, match=r"^the PV share must be between 0 and 100 %, not 101 %$"):
        load_profiles(path, DAY, 1, 1, pv_share_percent=101)


@settings(max_examples=60)
@given(st.lists(st.fractions(0, 10_000, max_denominator=999), max_size=50), st.sampled_from([300, 900, 3600]))
def test_rounding_does_not_drift(powers: list[Fraction], step_s: int):
    """After every slot the Wh told are the exact energy rounded down."""
    energies = whole_wh(powers, step_s)
    for place in range(len(powers) + 1):
        assert sum(energies[:place]) == sum(powers[:place], Fraction(0)) * step_s // 3600


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # pvlib's and demandlib's own, of pandas 4
def test_made_homes():
    """Made homes use what German homes use, and their roofs produce by day only, below their size."""
    pytest.importorskip("pvlib", reason="needs energy-trading[profiles]")
    pytest.importorskip("demandlib", reason="needs energy-trading[profiles]")
    homes = make_profiles(10, DAY, seed=1)
    assert homes == make_profiles(10, DAY, seed=1)
    assert [home.name for home in homes] == [f"home_{number}" for number in range(1, 11)]
    assert homes[0].slot_starts == list(range(START, START + DAY_S, 900))
    equipped = [home for home in homes if any(home.pv_wh)]
    assert 0 < len(equipped) < len(homes)
    for home in homes:
        assert 3_000 < sum(home.load_wh) < 25_000
        assert min(home.load_wh) > 0
        assert max(home.pv_wh) < max(PV_SIZES_W) // 4
        # Kassel, 1 June: sunrise about 03:10, sunset about 19:25 UTC
        assert not any(home.pv_wh[:12] + home.pv_wh[80:])
    hourly = make_profiles(1, date(2024, 12, 21), seed=1, step_s=3600)[0]
    assert (len(hourly.load_wh), hourly.step_s) == (24, 3600)


def test_revert_given_step_or_library_missing(monkeypatch: pytest.MonkeyPatch):
    """House rule: a step that fits no quarter and a missing extra are named."""
    with pytest.raises(BadInput) as caught:
        make_profiles(1, DAY, seed=1, step_s=700)
    assert (
        str(caught.value)
        == "a slot must be a divisor of 900 s, or a multiple of it that divides 86400 s, not 700 s"
    )
    monkeypatch.setitem(sys.modules, "demandlib.bdew", None)
    with pytest.raises(ProfileSupportMissing) as missing:
        make_profiles(1, DAY, seed=1)
    assert str(missing.value) == (
        "synthetic profiles need demandlib and pvlib: pip install energy-trading[profiles]"
    )
