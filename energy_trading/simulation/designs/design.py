"""What a market design is, and how a scenario names one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from energy_trading.simulation.orders import Fills, Orders, SlotView

Closes = Literal["day ahead", "before the slot", "after metering"]


@dataclass(frozen=True)
class Design:
    """A market design: the orders of a slot in, fills out. Subclasses are dataclasses of their options.

    Who executes the fills is another matter: a `Settlement` does, in memory or on a chain.
    """

    kind: ClassVar[str] = ""
    #: when its orders close: on forecasts the day before, on forecasts before the slot, or on the reading
    closes: ClassVar[Closes] = "before the slot"
    #: whether sellers hold a guarantee, of which a part is lost for what they do not deliver
    guaranteed: ClassVar[bool] = True

    def clear(self, orders: Orders, slot: SlotView) -> Fills:
        """Return who sells and buys how much at which price; whole Wh, adding up to 0.

        Args:
            orders: of all homes.
            slot: what everybody knows.
        """
        raise NotImplementedError

    def tariffs(self, retail: int, feed_in: int) -> tuple[int, int]:
        """Return what the supplier takes and pays under this design, units per Wh.

        Args:
            retail: of the scenario, in the slot.
            feed_in: likewise.
        """
        return retail, feed_in
