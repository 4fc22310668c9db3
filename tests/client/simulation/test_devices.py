"""Stores and strategies: no plan breaks a limit, and the linear programme is never dearer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_trading.simulation._clock import Day, day_of
from energy_trading.simulation.devices.kinds import Battery, Car, HeatPump, Photovoltaics
from energy_trading.simulation.devices.stores import DayPlan, StoreDay, run_day
from energy_trading.simulation.orders import Integers, SlotView
from energy_trading.simulation.strategies.linear import CostMinimising
from energy_trading.simulation.strategies.simple import LearningBySuccess, StandingLimits, ZeroIntelligence
from energy_trading.simulation.strategies.strategy import HomesView

RETAIL, FEED_IN = 300_000, 80_000
DEVICES = [
    Battery(),
    Battery(capacity_wh=500, charge_w=90, discharge_w=4_000, charge_percent=71, discharge_percent=33),
    Car(),
    Car(discharge_w=3_000, capacity_wh=9_000, eager=True),
    HeatPump(),
    HeatPump(tank_wh=2_000, heat_wh=60_000, power_w=1_500),
]


def a_day(step_s: int = 3600) -> Day:
    return day_of(0, date(2026, 6, 21), ZoneInfo("UTC"), step_s)


def stores_on(
    day: Day, devices: list[Battery | Car | HeatPump], surplus: list[int], retail: list[int] | None = None
) -> StoreDay:
    draw = np.random.default_rng(3)
    stores = tuple(each.store(day, each.first_level_mwh(), draw) for each in devices)
    prices = np.array(retail or [RETAIL] * day.starts.size, np.int64)
    return StoreDay(np.array(surplus, np.int64), prices, np.full(day.starts.size, FEED_IN), stores)


def check_physics(day: StoreDay, plan: DayPlan | None) -> None:
    """Check power, capacity, presence and the balance of each store, slot by slot, to the mWh."""
    done = run_day(day, plan)
    net = day.surplus_wh.copy()
    for i, store in enumerate(day.stores):
        level, unmet = store.level_mwh, 0
        for slot in range(day.surplus_wh.size):
            into, out = int(done.charge_wh[i, slot]), int(done.discharge_wh[i, slot])
            assert 0 <= into <= store.charge_wh
            assert 0 <= out <= store.discharge_wh
            assert store.present[slot] or into == out == 0
            held = level - int(store.drain_mwh[slot])
            unmet += max(0, -held)
            level = max(0, held) + into * store.charge_permille
            level -= -(-out * 1_000_000 // store.discharge_permille)
            assert level == done.level_mwh[i, slot]
            assert 0 <= level <= store.capacity_mwh
        assert unmet == done.unmet_mwh[i]
        net -= done.charge_wh[i] - done.discharge_wh[i]
    assert (net == done.net_wh).all()


surpluses = st.lists(st.integers(-6_000, 6_000), min_size=24, max_size=24)


@pytest.mark.parametrize("device", DEVICES, ids=str)
@settings(max_examples=40)
@given(surpluses, st.data())
def test_no_plan_breaks_a_limit(
    device: Battery | Car | HeatPump, surplus: list[int], data: st.DataObject
) -> None:
    """Whatever a strategy plans, and without a plan, a store keeps its power, capacity and losses."""
    day = stores_on(a_day(), [device], surplus)
    wants = st.lists(st.integers(-(10**6), 10**6), min_size=24, max_size=24)
    plan = DayPlan(*(np.array([data.draw(wants)], np.int64) for _ in range(2)))
    check_physics(day, plan)
    check_physics(day, None)


@settings(max_examples=15)
@given(surpluses, st.lists(st.integers(FEED_IN, 500_000), min_size=24, max_size=24))
def test_linear_programme_is_never_dearer(surplus: list[int], retail: list[int]) -> None:
    """At the same prices a day of the programme costs no more than one that follows the sun."""
    day = stores_on(a_day(), [HeatPump(), Car(discharge_w=3_000), Battery()], surplus, retail)
    plan = CostMinimising().plan(day)
    assert plan is not None
    check_physics(day, plan)
    assert day.cost(run_day(day, plan).net_wh) <= day.cost(run_day(day, StandingLimits().plan(day)).net_wh)


def test_linear_programme_buys_when_it_is_cheap() -> None:
    """A battery is filled at night and emptied in the evening, which a store that follows the sun cannot."""
    cheap_at_night = [100_000] * 6 + [400_000] * 18
    day = stores_on(a_day(), [Battery()], [-300] * 24, cheap_at_night)
    plan = CostMinimising().plan(day)
    costs = [day.cost(run_day(day, each).net_wh) for each in (plan, None)]
    # The day needs 5.4 kWh at the high price; both losses are bought at the low one.
    assert costs[1] == 300 * (6 * 100_000 + 18 * 400_000)
    saved = costs[1] - costs[0]
    bought = -(-5_400 * 10_000 // 9_025) * 100_000
    assert saved == pytest.approx(5_400 * 400_000 - bought, rel=0.002)


@pytest.mark.parametrize("device", [Car(), Car(eager=True), HeatPump()], ids=str)
@pytest.mark.parametrize("step_s", [300, 900, 3600])
def test_needs_are_met(device: Car | HeatPump, step_s: int) -> None:
    """A car has the energy of its trip, a house its heat, without any sun, day after day."""
    draw, level = np.random.default_rng(1), device.first_level_mwh()
    for number in range(5):
        day = day_of(number, date(2026, 3, 27), ZoneInfo("Europe/Berlin"), step_s)
        store = device.store(day, level, draw)
        zeros = np.zeros(day.starts.size, np.int64)
        done = run_day(StoreDay(zeros, zeros, zeros, (store,)), None)
        assert not done.unmet_mwh.any()
        level = int(done.level_mwh[0, -1])


def test_car_is_away_by_the_clock_on_the_wall() -> None:
    """It leaves and returns at its times, also after the clocks have changed."""
    car = Car(leaves=time(8), returns=time(18), spread_minutes=0)
    for first in (date(2026, 3, 28), date(2026, 3, 29)):
        day = day_of(0, first, ZoneInfo("Europe/Berlin"), 3600)
        store = car.store(day, car.first_level_mwh(), np.random.default_rng(1))
        assert (day.second_of_day[~store.present] // 3600).tolist() == list(range(8, 18))


def test_photovoltaics_are_limited_by_their_inverter() -> None:
    """Scaled, then cut to the inverter's power."""
    roof = Photovoltaics(scale_percent=150, inverter_w=2_000)
    assert roof.limited(np.array([0, 100, 1_000], np.int64), 900).tolist() == [0, 150, 500]


def view(expected: list[int], *, metered: bool = False) -> HomesView:
    draw = np.random.default_rng(5)
    slot = SlotView(1, 900, 900, RETAIL, FEED_IN, FEED_IN, RETAIL, draw)
    return HomesView(slot, np.array(expected, np.int64), np.full(len(expected), 10**9), metered, draw)


def limits(strategy: ZeroIntelligence | StandingLimits | LearningBySuccess, seen: HomesView) -> Integers:
    return strategy.orders(seen)[1]


def test_zero_intelligence_draws_between_its_bounds() -> None:
    """Between the tariffs or its own bounds (SETM Table 1); unless it bluffs, metered energy has no limit."""
    drawn = limits(ZeroIntelligence(), view([100] * 500))
    assert FEED_IN <= drawn.min() < 90_000
    assert 290_000 < drawn.max() <= RETAIL
    own = ZeroIntelligence(Decimal("3.4"), Decimal("4.6"))
    assert {int(each) // 1_000 for each in limits(own, view([-100] * 500))} <= set(range(34, 47))
    assert limits(own, view([100, -100], metered=True)).tolist() == [FEED_IN, RETAIL]
    bluffing = replace(own, bluffs=True)
    assert limits(bluffing, view([100], metered=True))[0] < 47_000


def test_standing_limits_stand() -> None:
    """The same limits again; a share of the surplus is held back, none of the deficit."""
    strategy = StandingLimits(Decimal(12), Decimal(20), offer_percent=40)
    energy, found = strategy.orders(view([100, -100]))
    assert (energy.tolist(), found.tolist()) == ([40, -100], [120_000, 200_000])
    assert limits(StandingLimits(), view([100, -100])).tolist() == [FEED_IN, RETAIL]


def test_learning_follows_success() -> None:
    """Whoever sold everything asks for more, whoever sold nothing for less; who did not order keeps."""
    strategy = LearningBySuccess(Decimal(1))
    strategy.begin(4, np.random.default_rng(2))
    seen = view([100, 100, 100, -100])
    before = limits(strategy, seen)
    ordered = np.array([100, 100, 0, -100])
    strategy.learn(seen, ordered, np.array([100, 0, 0, -100]))
    change = limits(strategy, seen) - before
    assert change[0] > 0 > change[1]
    assert change[2] == 0
    assert change[3] < 0
    assert abs(change).max() <= 10_000
