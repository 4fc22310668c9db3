"""The devices that a scenario can give to homes: what they are made of, and their stores on a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from energy_trading.errors import BadInput
from energy_trading.simulation._clock import Day
from energy_trading.simulation.devices.stores import Store, least_levels
from energy_trading.simulation.options import option
from energy_trading.simulation.orders import Integers


@dataclass(frozen=True)
class Battery:
    """A battery that the home charges and discharges, also from the grid if its strategy plans so."""

    kind: ClassVar[str] = "battery"

    capacity_wh: int = option(10_000, about="Energy that it holds, Wh.", low=1, high=10**8)
    charge_w: int = option(5_000, about="Largest power into it, W.", low=1, high=10**8)
    discharge_w: int = option(5_000, about="Largest power out of it, W.", low=0, high=10**8)
    charge_percent: int = option(95, about="Share of what goes in that is stored, per cent.", low=1, high=100)
    discharge_percent: int = option(
        95, about="Share of what is taken from the store that comes out, per cent.", low=1, high=100
    )
    start_percent: int = option(
        0, about="Share of its capacity that it holds on the first day.", low=0, high=100
    )

    def first_level_mwh(self) -> int:
        """Return what it holds before the first day, mWh."""
        return self.capacity_wh * self.start_percent * 10

    def store(self, day: Day, level_mwh: int, random: np.random.Generator) -> Store:
        """Return the store of a day that begins at this level."""
        present, drain = np.ones(day.starts.size, bool), np.zeros(day.starts.size, np.int64)
        return Store(
            self.kind,
            self.capacity_wh * 1000,
            level_mwh,
            self.charge_w * day.step_s // 3600,
            self.discharge_w * day.step_s // 3600,
            self.charge_percent * 10,
            self.discharge_percent * 10,
            present,
            drain,
            np.zeros(day.starts.size, np.int64),
        )


@dataclass(frozen=True)
class Car:
    """An electric car, which is away during the day and needs energy for its trip."""

    kind: ClassVar[str] = "car"

    capacity_wh: int = option(50_000, about="Energy that its battery holds, Wh.", low=1, high=10**8)
    charge_w: int = option(11_000, about="Largest power of charging, W.", low=1, high=10**8)
    discharge_w: int = option(0, about="Largest power that it gives back to the home, W.", low=0, high=10**8)
    charge_percent: int = option(92, about="Share of what goes in that is stored, per cent.", low=1, high=100)
    trip_wh: int = option(8_000, about="Energy of a day's trip, Wh.", low=0, high=10**8)
    leaves: time = option(time(7, 30), about="When it leaves, by the wall clock.")
    returns: time = option(time(17, 30), about="When it is connected again, by the wall clock.")
    spread_minutes: int = option(
        60, about="By how many minutes a departure or a return is earlier or later, at most.", low=0, high=240
    )
    eager: bool = option(
        False, about="Whether it is charged at once after its return, not when there is a surplus."
    )

    def __post_init__(self) -> None:
        """Refuse a trip that no battery holds, or a car that returns before it leaves."""
        if self.trip_wh > self.capacity_wh:
            raise BadInput(
                f"a trip of {self.trip_wh} Wh needs a battery of at least as much, not {self.capacity_wh} Wh"
            )
        if self.returns <= self.leaves:
            raise BadInput(f"the car must return later than it leaves, at {self.leaves}")

    def first_level_mwh(self) -> int:
        """Return what it holds before the first day, mWh: enough for the first trip."""
        return self.trip_wh * 1000

    def store(self, day: Day, level_mwh: int, random: np.random.Generator) -> Store:
        """Return the store of a day that begins at this level."""
        slots = day.starts.size
        spread = self.spread_minutes * 60 // day.step_s
        away, back = (
            min(slots, max(0, day.slot_of(wall) + int(random.integers(-spread, spread + 1))))
            for wall in (self.leaves, self.returns)
        )
        back = max(back, min(slots, away + 1))
        present, drain = np.ones(slots, bool), np.zeros(slots, np.int64)
        present[away:back] = False
        if away < slots:
            drain[away] = self.trip_wh * 1000
        charge = self.charge_w * day.step_s // 3600
        full = charge * self.charge_percent * 10
        # Tomorrow's departure may be as early as the spread allows; what it needs is there at midnight.
        before = max(0, day.slot_of(self.leaves) - spread)
        at_end = max(0, self.trip_wh * 1000 - before * full)
        return Store(
            self.kind,
            self.capacity_wh * 1000,
            level_mwh,
            charge,
            self.discharge_w * day.step_s // 3600,
            self.charge_percent * 10,
            self.charge_percent * 10,
            present,
            drain,
            least_levels(present, drain, full, self.capacity_wh * 1000, at_end),
            self.eager,
        )


@dataclass(frozen=True)
class HeatPump:
    """A heat pump with a tank: it makes heat at any time that the tank allows; the house takes it evenly."""

    kind: ClassVar[str] = "heat-pump"

    power_w: int = option(3_000, about="Largest electric power, W.", low=1, high=10**7)
    performance_percent: int = option(
        320,
        about="Heat for each unit of electricity, per cent (coefficient of performance).",
        low=100,
        high=900,
    )
    tank_wh: int = option(12_000, about="Heat that the tank holds, Wh.", low=1, high=10**8)
    heat_wh: int = option(30_000, about="Heat that the house takes in a day, Wh.", low=0, high=10**8)
    night_percent: int = option(
        70, about="Heat between 22:00 and 06:00, per cent of that by day.", low=0, high=100
    )

    def first_level_mwh(self) -> int:
        """Return what the tank holds before the first day, mWh: half of it."""
        return self.tank_wh * 500

    def store(self, day: Day, level_mwh: int, random: np.random.Generator) -> Store:
        """Return the store of a day that begins at this level."""
        night = (day.second_of_day < 6 * 3600) | (day.second_of_day >= 22 * 3600)
        # A day of 24 hours has 8 hours of night; the demand of an hour does not change with the clocks.
        weights = np.where(night, self.night_percent, 100) * day.step_s
        whole = (8 * self.night_percent + 16 * 100) * 3600
        drain = np.diff(weights.cumsum() * self.heat_wh * 1000 // whole, prepend=0)
        charge = self.power_w * day.step_s // 3600
        permille = self.performance_percent * 10
        present: NDArray[np.bool_] = np.ones(day.starts.size, bool)
        least = least_levels(present, drain, charge * permille, self.tank_wh * 1000, int(drain[0]))
        return Store(
            self.kind, self.tank_wh * 1000, level_mwh, charge, 0, permille, 1000, present, drain, least
        )


@dataclass(frozen=True)
class Photovoltaics:
    """Photovoltaics as a device: scales what the profile of a home has, and limits its inverter."""

    kind: ClassVar[str] = "photovoltaics"

    scale_percent: int = option(100, about="Output in per cent of what the profile has.", low=0, high=10_000)
    inverter_w: int = option(10_000, about="Largest power of the inverter, W.", low=1, high=10**8)

    def limited(self, pv_wh: Integers, step_s: int) -> Integers:
        """Return the output of each slot, Wh."""
        return np.minimum(pv_wh * self.scale_percent // 100, self.inverter_w * step_s // 3600)


DeviceWithStore = Battery | Car | HeatPump
Device = Battery | Car | HeatPump | Photovoltaics
