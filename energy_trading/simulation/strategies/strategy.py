"""What a strategy is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from energy_trading.simulation.devices.stores import DayPlan, StoreDay
from energy_trading.simulation.orders import Integers, SlotView


@dataclass(frozen=True, eq=False)
class HomesView:
    """What the homes of one strategy know when they order.

    Args:
        slot: what everybody knows of the slot.
        expected_wh: surplus of each home, a deficit below 0, Wh: the forecast before the slot, the reading
            after it, less what an earlier stage of the design has sold.
        funds: what each can spend, units.
        metered: whether the energy has been metered already, so that a limit is a bluff.
        random: numbers of these homes in this slot, from the scenario's seed.
    """

    slot: SlotView
    expected_wh: Integers
    funds: Integers
    metered: bool
    random: np.random.Generator


@dataclass
class Strategy:
    """How the homes of a group behave, all at once in arrays. Subclasses are dataclasses of their options.

    One object serves all homes of the group in one design; what it remembers it keeps in fields that it sets
    in `begin`. Only `orders` has to be written.
    """

    kind: ClassVar[str] = ""

    def begin(self, homes: int, random: np.random.Generator) -> None:
        """Prepare for so many homes, before the first day."""

    def orders(self, view: HomesView) -> tuple[Integers, Integers]:
        """Return the energy (above 0 for sale, below 0 wanted, Wh) and the limit (units per Wh) of each home.

        An energy beyond what the home expects is cut to it.
        """
        raise NotImplementedError

    def learn(self, view: HomesView, ordered_wh: Integers, filled_wh: Integers) -> None:
        """Take note of what became of the orders of a slot, Wh with the signs of the orders."""

    def plan(self, day: StoreDay) -> DayPlan | None:
        """Return how one home uses its stores over a day; None lets them follow the sun by themselves."""
        return None


def rational(view: HomesView) -> Integers:
    """Return for each home the limit at which a trade is worth no more than the supplier's tariff."""
    return np.where(view.expected_wh > 0, view.slot.floor, view.slot.ceiling)
