"""Days and slots of a scenario in its time zone, with the hours that clock changes add or take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from energy_trading.simulation.options import ScenarioRefused
from energy_trading.simulation.orders import Integers


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by its name, such as Europe/Berlin."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ScenarioRefused(f"time.zone: no time zone is called {name!r}; write one such as UTC") from error


@dataclass(frozen=True, eq=False)
class Day:
    """A day from midnight to midnight of its zone: 23, 24 or 25 hours.

    Args:
        number: from 0, of the scenario.
        date: in the zone.
        starts: of its slots, unix seconds.
        step_s: length of a slot, seconds.
        second_of_day: of each start by the clock on the wall, 0 … 86,399.
    """

    number: int
    date: date
    starts: Integers
    step_s: int
    second_of_day: Integers

    def slot_of(self, wall: time) -> int:
        """Return the first slot at or after a time of the wall clock; the count of slots if there is none."""
        second = wall.hour * 3600 + wall.minute * 60 + wall.second
        found = np.flatnonzero(self.second_of_day >= second)
        return int(found[0]) if found.size else self.starts.size


def day_of(number: int, first: date, zone: ZoneInfo, step_s: int) -> Day:
    """Return a day of a scenario."""
    this = first + timedelta(days=number)
    begin, end = (
        int(datetime.combine(each, time(0), zone).astimezone(UTC).timestamp())
        for each in (this, this + timedelta(days=1))
    )
    starts = np.arange(begin, end, step_s, dtype=np.int64)
    wall = [datetime.fromtimestamp(start, zone) for start in starts.tolist()]
    seconds = np.array([each.hour * 3600 + each.minute * 60 + each.second for each in wall], np.int64)
    return Day(number, this, starts, step_s, seconds)
