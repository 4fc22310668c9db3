"""Strategies without a plan: zero intelligence, standing limits, learning by success."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np

from energy_trading.errors import BadInput
from energy_trading.simulation.options import option, units_per_wh
from energy_trading.simulation.orders import Integers
from energy_trading.simulation.strategies.strategy import HomesView, Strategy, rational


def _bluffs() -> Any:
    return option(
        False,
        about="Whether its limits hold for energy that was metered already, too; else it accepts every price"
        " that is no worse than the tariffs.",
    )


@dataclass
class ZeroIntelligence(Strategy):
    """A limit drawn evenly between two bounds, anew in each slot, for all of the energy.

    Source:
        Gode and Sunder, Journal of Political Economy 101 (1993) 119, with the constraint of no loss.
    """

    kind: ClassVar[str] = "zero-intelligence"

    low_ct_per_kwh: Decimal | None = option(
        None,
        about="Lower bound, cents per kWh; without it the lowest price that is worth a sale.",
        low=0,
        high=10_000,
        price=True,
    )
    high_ct_per_kwh: Decimal | None = option(
        None,
        about="Upper bound, cents per kWh; without it the highest price that is worth a purchase.",
        low=0,
        high=10_000,
        price=True,
    )

    bluffs: bool = _bluffs()

    def __post_init__(self) -> None:
        """Refuse bounds in the wrong order."""
        low, high = self.low_ct_per_kwh, self.high_ct_per_kwh
        if low is not None and high is not None and low > high:
            raise BadInput(f"low_ct_per_kwh must be at most high_ct_per_kwh, not {low} above {high}")

    def orders(self, view: HomesView) -> tuple[Integers, Integers]:
        """Draw the limits."""
        if view.metered and not self.bluffs:
            return view.expected_wh, rational(view)
        low, high = self.low_ct_per_kwh, self.high_ct_per_kwh
        least = view.slot.floor if low is None else units_per_wh(low)
        most = view.slot.ceiling if high is None else units_per_wh(high)
        return view.expected_wh, view.random.integers(least, max(least, most) + 1, view.expected_wh.size)


@dataclass
class StandingLimits(Strategy):
    """The same limits in every slot; without any, all prices that are no worse than the tariffs."""

    kind: ClassVar[str] = "standing"

    sell_ct_per_kwh: Decimal | None = option(
        None, about="Lowest price of a sale, cents per kWh.", low=0, high=10_000, price=True
    )
    buy_ct_per_kwh: Decimal | None = option(
        None, about="Highest price of a purchase, cents per kWh.", low=0, high=10_000, price=True
    )
    offer_percent: int = option(
        100, about="Share of the surplus that is for sale, per cent; the rest is withheld.", low=0, high=100
    )

    def orders(self, view: HomesView) -> tuple[Integers, Integers]:
        """Repeat the limits."""
        limit, sells = rational(view), view.expected_wh > 0
        if self.sell_ct_per_kwh is not None:
            limit = np.where(sells, units_per_wh(self.sell_ct_per_kwh), limit)
        if self.buy_ct_per_kwh is not None:
            limit = np.where(sells, limit, units_per_wh(self.buy_ct_per_kwh))
        return np.where(sells, view.expected_wh * self.offer_percent // 100, view.expected_wh), limit


@dataclass
class LearningBySuccess(Strategy):
    """Asks for more after a slot in which everything was sold, for less after one in which nothing was.

    Buyers do the reverse. The limits begin at random and stay between the tariffs.
    """

    kind: ClassVar[str] = "learning"

    step_ct_per_kwh: Decimal = option(
        Decimal(1), about="Change of a limit after a slot, cents per kWh.", low=0, high=1_000, price=True
    )
    bluffs: bool = _bluffs()
    _greed: Integers = field(init=False, repr=False, default_factory=lambda: np.zeros(0, np.int64))

    def begin(self, homes: int, random: np.random.Generator) -> None:
        """Draw how much each home wants for itself of what there is between the tariffs, per mille."""
        self._greed = random.integers(0, 1001, homes)

    def orders(self, view: HomesView) -> tuple[Integers, Integers]:
        """Ask and bid with the part that the home wants."""
        if view.metered and not self.bluffs:
            return view.expected_wh, rational(view)
        slot = view.slot
        part = max(0, slot.ceiling - slot.floor) * self._greed // 1000
        limit = np.where(view.expected_wh > 0, slot.floor + part, slot.ceiling - part)
        return view.expected_wh, limit

    def learn(self, view: HomesView, ordered_wh: Integers, filled_wh: Integers) -> None:
        """Want more or less."""
        gap = max(1, view.slot.ceiling - view.slot.floor)
        step = max(1, units_per_wh(self.step_ct_per_kwh) * 1000 // gap)
        there = ordered_wh != 0
        change = np.where(filled_wh == ordered_wh, step, np.where(filled_wh == 0, -step, 0))
        self._greed = np.where(there, (self._greed + change).clip(0, 1000), self._greed)
