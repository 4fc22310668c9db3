"""Designs with one price for all: the mid-rate pool and the uniform-price double auction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from energy_trading.market.slots.clearing import PoolPrice, PoolRule, clear_double_auction, clear_pool
from energy_trading.simulation.designs.design import Closes, Design
from energy_trading.simulation.options import option
from energy_trading.simulation.orders import Fills, Orders, SlotView


@dataclass(frozen=True)
class MidRatePool(Design):
    """The slot market's pool on metered energy: one price by formula, short side whole, long side shared."""

    kind: ClassVar[str] = "pool"
    closes: ClassVar[Closes] = "after metering"
    guaranteed: ClassVar[bool] = False

    price: str = option(
        PoolPrice.MID_RATE.value,
        about="How the price follows from the tariffs.",
        choices=[each.value for each in PoolPrice],
    )

    def clear(self, orders: Orders, slot: SlotView) -> Fills:
        """Divide the metered energy by `rules.pool`."""
        rule = PoolRule(max(1, slot.retail), max(1, slot.feed_in), PoolPrice(self.price))
        net, limit = orders.energy_wh, orders.limit
        # A limit counts on the home's own side only; the other side's is out of the way.
        buy, sell = np.where(net < 0, limit, slot.retail), np.where(net > 0, limit, 0)
        cleared = clear_pool(net, buy, sell, orders.max_spend, rule, slot.slot)
        return Fills.pooled(cleared.rows, cleared.price)


@dataclass(frozen=True)
class DoubleAuction(Design):
    """The uniform-price call market of orders that close before the slot begins."""

    kind: ClassVar[str] = "double-auction"

    def clear(self, orders: Orders, slot: SlotView) -> Fills:
        """Find the price without complaints by `rules.double_auction`."""
        limit = orders.limit.clip(1)
        cleared = clear_double_auction(orders.energy_wh, limit, orders.max_spend, slot.slot)
        return Fills.pooled(cleared.rows, cleared.price)
