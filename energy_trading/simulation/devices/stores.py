"""What stores energy: batteries, cars and the tanks of heat pumps, in integers.

A level is in mWh, so that no Wh is lost to rounding: a charge of c Wh adds c · charge_permille mWh, and a
discharge of d Wh takes ⌈d · 10⁶ / discharge_permille⌉. A heat pump is a store of heat that is charged with a
permille above 1,000, its coefficient of performance, and drained by the house.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from energy_trading.simulation.orders import Integers


@dataclass(frozen=True, eq=False)
class Store:
    """A store of one home on one day.

    Args:
        kind: battery, car or heat-pump.
        capacity_mwh: most that it holds, mWh.
        level_mwh: what it holds when the day begins, mWh.
        charge_wh: most that it takes in a slot, Wh.
        discharge_wh: most that it gives in a slot, Wh; 0 for one that gives nothing back.
        charge_permille: mWh stored for each Wh taken.
        discharge_permille: Wh given for 1,000 Wh out of the store.
        present: whether it is connected, for each slot.
        drain_mwh: what its own use takes out at the beginning of each slot, mWh.
        least_mwh: the lowest level after each slot with which all later use of the day, and the level that
            is wanted at its end, can still be met by charging at full power.
        eager: whether it is charged as soon as it is connected, not when there is a surplus.
    """

    kind: str
    capacity_mwh: int
    level_mwh: int
    charge_wh: int
    discharge_wh: int
    charge_permille: int
    discharge_permille: int
    present: NDArray[np.bool_]
    drain_mwh: Integers
    least_mwh: Integers
    eager: bool = False


@dataclass(frozen=True, eq=False)
class StoreDay:
    """A home's day, as its stores see it.

    Args:
        surplus_wh: photovoltaics less load in each slot, Wh.
        retail: what the supplier sells at in each slot, units per Wh.
        feed_in: what it pays.
        stores: of the home.
    """

    surplus_wh: Integers
    retail: Integers
    feed_in: Integers
    stores: tuple[Store, ...]

    def cost(self, net_wh: Integers) -> int:
        """Return what a day with this net costs at the tariffs, units; an earning is below 0."""
        return int((self.retail * (-net_wh).clip(0) - self.feed_in * net_wh.clip(0)).sum())


@dataclass(frozen=True, eq=False)
class DayPlan:
    """What a home wants of its stores: an array with a row for each store and a column for each slot.

    Args:
        charge_wh: Wh into the store.
        discharge_wh: Wh out of it.
    """

    charge_wh: Integers
    discharge_wh: Integers


@dataclass(frozen=True, eq=False)
class StoredDay:
    """What the stores of a home did.

    Args:
        net_wh: surplus of the home in each slot, stores included, Wh.
        charge_wh: into each store in each slot, Wh.
        discharge_wh: out of it, Wh.
        level_mwh: after each slot, mWh.
        unmet_mwh: use of each store that it had no energy for, mWh.
    """

    net_wh: Integers
    charge_wh: Integers
    discharge_wh: Integers
    level_mwh: Integers
    unmet_mwh: Integers


def least_levels(
    present: NDArray[np.bool_], drain_mwh: Integers, full_mwh: int, capacity_mwh: int, at_end_mwh: int
) -> Integers:
    """Return the lowest level after each slot from which all later use can be met; see `Store.least_mwh`.

    Args:
        present: whether the store is connected.
        drain_mwh: its use at the beginning of each slot.
        full_mwh: most that a slot adds.
        capacity_mwh: most that it holds; a need beyond it cannot be met.
        at_end_mwh: the level that is wanted at the end.
    """
    least = np.zeros(present.size, np.int64)
    need = at_end_mwh
    for slot in range(present.size - 1, -1, -1):
        least[slot] = min(need, capacity_mwh)
        need = max(0, int(least[slot]) - (full_mwh if present[slot] else 0)) + int(drain_mwh[slot])
    return least


def run_day(day: StoreDay, plan: DayPlan | None) -> StoredDay:
    """Run a home's stores through a day.

    Whatever the plan wants, a store stays within its power and its capacity, and what is needed later is
    charged in time.

    Args:
        day: of the home.
        plan: None follows the sun: a surplus is stored, a deficit taken out.
    """
    slots, count = day.surplus_wh.size, len(day.stores)
    charge, discharge, levels = (np.zeros((count, slots), np.int64) for _ in range(3))
    unmet = np.zeros(count, np.int64)
    level = [store.level_mwh for store in day.stores]
    surplus: list[int] = day.surplus_wh.tolist()
    wanted = None if plan is None else (plan.charge_wh.tolist(), plan.discharge_wh.tolist())
    series = [
        (store.present.tolist(), store.drain_mwh.tolist(), store.least_mwh.tolist()) for store in day.stores
    ]
    net = []
    for slot in range(slots):
        left = surplus[slot]
        for i, store in enumerate(day.stores):
            present, drain, least = (each[slot] for each in series[i])
            held = level[i] - drain
            if held < 0:
                unmet[i] -= held
                held = 0
            into = out = 0
            if present:
                room = (store.capacity_mwh - held) // store.charge_permille
                most = min(store.charge_wh, room)
                must = min(most, max(0, -((held - least) // store.charge_permille)))  # rounded up
                if wanted is not None:
                    into, out = wanted[0][i][slot], wanted[1][i][slot]
                else:
                    into, out = (most if store.eager else max(0, left)), max(0, -left)
                into = max(must, min(into, most))
                spare = max(0, held - least) * store.discharge_permille // 1_000_000
                out = 0 if into else max(0, min(out, store.discharge_wh, spare))
                held += into * store.charge_permille - -(-out * 1_000_000 // store.discharge_permille)
            left += out - into
            charge[i, slot], discharge[i, slot], levels[i, slot] = into, out, held
            level[i] = held
        net.append(left)
    return StoredDay(np.array(net, np.int64), charge, discharge, levels, unmet)


def follow_the_sun(day: StoreDay) -> DayPlan:
    """Return what the stores do without a plan, as one."""
    done = run_day(day, None)
    return DayPlan(done.charge_wh, done.discharge_wh)
