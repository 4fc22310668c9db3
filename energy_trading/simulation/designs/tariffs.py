"""Designs without a market: what homes have today."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from energy_trading.simulation.designs.design import Closes, Design
from energy_trading.simulation.options import option, units_per_wh
from energy_trading.simulation.orders import Fills, Orders, SlotView


@dataclass(frozen=True)
class GridOnly(Design):
    """Every home trades with its supplier alone, at the scenario's tariffs."""

    kind: ClassVar[str] = "grid-only"
    closes: ClassVar[Closes] = "after metering"
    guaranteed: ClassVar[bool] = False

    def clear(self, orders: Orders, slot: SlotView) -> Fills:
        """Fill nothing."""
        return Fills.pairs([])


@dataclass(frozen=True)
class FixedTariff(GridOnly):
    """The supplier pays a fixed feed-in tariff, such as a law sets, and takes a fixed price."""

    kind: ClassVar[str] = "fixed-tariff"

    feed_in_ct_per_kwh: Decimal = option(
        Decimal(12), about="What is paid for what is fed in, cents per kWh.", low=0, high=10_000, price=True
    )
    retail_ct_per_kwh: Decimal | None = option(
        None,
        about="What energy costs, cents per kWh; without it the scenario's retail price.",
        low=0,
        high=10_000,
        price=True,
    )

    def tariffs(self, retail: int, feed_in: int) -> tuple[int, int]:
        """Return the fixed tariffs."""
        fixed = self.retail_ct_per_kwh
        return retail if fixed is None else units_per_wh(fixed), units_per_wh(self.feed_in_ct_per_kwh)
