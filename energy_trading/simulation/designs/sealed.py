"""The sealed auction of the day before, by the generalised second price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from energy_trading.rules.gsp import decide
from energy_trading.simulation.designs.design import Closes, Design
from energy_trading.simulation.options import option
from energy_trading.simulation.orders import Fills, Orders, SlotView
from energy_trading.types import WH_PER_KWH


@dataclass(frozen=True)
class SealedGsp(Design):
    """Each seller auctions equal lots the day before; sealed quotes, the winner pays the next quote.

    The buyers of a slot divide themselves at random among its auctions, since a quote is binding. A lot is
    whole, so a home quotes only where it lacks as much as the lot has.

    Source:
        X-5 … X-8, `rules.gsp`.
    """

    kind: ClassVar[str] = "gsp"
    closes: ClassVar[Closes] = "day ahead"

    lots: int = option(
        3, about="Lots into which a seller divides what it auctions in a slot.", low=1, high=60
    )
    safe_percent: int = option(
        60, about="Share of the forecast surplus that a seller auctions, per cent.", low=1, high=100
    )

    def clear(self, orders: Orders, slot: SlotView) -> Fills:
        """Hold one auction for each seller."""
        sellers = orders.sellers.tolist()
        trades: list[tuple[int, int, int, int]] = []
        if not sellers:
            return Fills.pairs(trades)
        buyers = slot.random.permutation(orders.buyers).tolist()
        for place, seller in enumerate(sellers):
            lot_wh = int(orders.energy_wh[seller]) * self.safe_percent // (100 * self.lots)
            if not lot_wh:
                continue
            start = int(orders.limit[seller]) * WH_PER_KWH
            there = [home for home in buyers[place :: len(sellers)] if -orders.energy_wh[home] >= lot_wh]
            able = {
                str(home): int(orders.limit[home]) * WH_PER_KWH
                for home in there
                if orders.max_spend[home] >= lot_wh * orders.limit[home]
            }
            ceiling = max([start, *able.values()])
            decision = decide(able.items(), [lot_wh] * self.lots, start, ceiling, able)
            trades += [
                (seller, int(each.bidder), each.lot_wh, each.price_per_kwh // WH_PER_KWH)
                for each in decision.awards
            ]
        return Fills.pairs(trades)
