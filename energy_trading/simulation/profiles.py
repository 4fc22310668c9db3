"""What homes use and produce: a home's day, and the standard load and the sun, which made homes follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from energy_trading.errors import BadInput

#: Sizes of roof systems, W peak.
PV_SIZES_W: Final = (3_000, 4_500, 6_000, 7_500, 9_900)
#: A copy of a measured home draws this many per cent of it, later or earlier by up to this many slots.
COPY_PERCENT: Final = (70, 130)
COPY_SHIFT_SLOTS: Final = 4


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
