"""Cost-minimising by a linear programme over the day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from energy_trading.errors import BadInput
from energy_trading.simulation.devices.stores import DayPlan, StoreDay, follow_the_sun, run_day
from energy_trading.simulation.orders import Integers
from energy_trading.simulation.strategies.strategy import HomesView, Strategy, rational


class LinearProgrammesMissing(BadInput):
    """The optional library that solves linear programmes is not installed."""


@dataclass
class CostMinimising(Strategy):
    """Uses its stores so that the day costs least at the tariffs, by the forecast; accepts every fair price.

    The programme is solved by HiGHS in scipy, in floating point, and its plan is rounded to whole Wh. The
    plan is kept only if the day, computed in integers, costs less with it than by following the sun.
    """

    kind: ClassVar[str] = "cost-minimising"

    def orders(self, view: HomesView) -> tuple[Integers, Integers]:
        """Order what the plan leaves, at every price that is no worse than the tariffs."""
        return view.expected_wh, rational(view)

    def plan(self, day: StoreDay) -> DayPlan | None:
        """Solve the programme."""
        planned, simple = _solve(day), follow_the_sun(day)
        costs = [day.cost(run_day(day, each).net_wh) for each in (planned, simple)]
        return planned if costs[0] <= costs[1] else simple


def _solve(day: StoreDay) -> DayPlan:
    """Return charge and discharge of each store in each slot, Wh, at the least cost.

    Variables, each for all slots: import and export of the home; charge and discharge of each store. The
    level of a store is a sum of those, so it needs no variable. Levels are in mWh, as `devices.stores` has
    them.
    """
    try:
        from scipy.optimize import linprog
        from scipy.sparse import csr_array, eye_array, hstack, tril, vstack
    except ImportError as error:
        raise LinearProgrammesMissing(
            "the strategy cost-minimising needs scipy: pip install energy-trading[simulate]"
        ) from error
    slots, stores = day.surplus_wh.size, day.stores
    eye = eye_array(slots)
    zero = csr_array((slots, slots))
    sums = tril(np.ones((slots, slots)))
    # import − export − Σ charge + Σ discharge = − surplus
    balance = hstack([eye, -eye, *(part for _ in stores for part in (-eye, eye))])
    uppers = [np.full(slots, np.inf), np.full(slots, np.inf)]
    levels, bounds = [], []
    for place, store in enumerate(stores):
        uppers += [store.charge_wh * store.present, store.discharge_wh * store.present]
        filled, drained = store.charge_permille, 1_000_000 / store.discharge_permille
        parts: list[Any] = [zero] * (2 + 2 * len(stores))
        parts[2 + 2 * place], parts[3 + 2 * place] = sums * filled, sums * -drained
        flow = hstack(parts)
        # Each discharge may be rounded up by 1 mWh, each charge down to a Wh.
        gone = store.drain_mwh.cumsum() - store.level_mwh
        least, most = store.least_mwh + gone, np.full(slots, store.capacity_mwh) + gone
        levels += [flow, -flow]
        bounds += [most, -least]
    # A little more for what comes later makes the best plan unique, so that it is the same everywhere.
    later = np.arange(slots) * 1e-4
    costs = [day.retail + later, later - day.feed_in, *([1e-3 + later] * (2 * len(stores)))]
    found = linprog(
        np.concatenate(costs),
        vstack(levels),
        np.concatenate(bounds),
        balance,
        -day.surplus_wh,
        list(zip(np.zeros(sum(map(len, uppers))), np.concatenate(uppers), strict=True)),
        method="highs",
    )
    if found.x is None:
        return follow_the_sun(day)
    values = found.x.reshape(2 + 2 * len(stores), slots)
    whole = np.floor(np.round(values, 3)).astype(np.int64)
    return DayPlan(whole[2::2], whole[3::2])
