"""The uniform-price double auction, for orders that close before the slot begins.

One price for all. It is right exactly when no order has a complaint of its own: an order with a limit better
than the price is filled whole, one with a worse limit not at all, and one at the price in part or whole. Then
no other division of the energy has a greater welfare, which is the sum of what buyers would have paid at most
less the sum of what sellers would have taken at least.

It is not for metered energy: after metering a limit is a bluff, see docs/slots.md. The specification of
`market.slots.clearing.clear_double_auction`, which does the same with arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from energy_trading.errors import BadInput
from energy_trading.rules.pool import MAX_ROW_WH, PRICE_LIMIT, ration


@dataclass(frozen=True)
class DoubleAuctionOrder:
    """An order to sell or to buy.

    Args:
        energy_wh: above 0 for sale, below 0 wanted, Wh.
        limit: lowest price of a seller, highest price of a buyer, units per Wh.
        max_spend: most that a buyer may spend, units; says nothing about a seller.

    Raises:
        BadInput: a limit is below 1, or does not fit the 32 bits of a price; the money is negative.
    """

    energy_wh: int
    limit: int
    max_spend: int

    def __post_init__(self) -> None:
        """Refuse limits that no price can meet."""
        if not 1 <= self.limit < PRICE_LIMIT:
            raise BadInput(f"a limit must be between 1 and {PRICE_LIMIT - 1}, not {self.limit}")
        if self.max_spend < 0:
            raise BadInput(f"the most to spend must not be negative, but it is {self.max_spend}")

    def offered(self) -> int:
        """Return the quantity that counts, Wh, with the sign of the energy.

        A buyer's is capped by what it could pay at its own limit, never by the price: else the quantities
        would depend on the price and the price on the quantities.
        """
        if self.energy_wh > 0:
            return min(self.energy_wh, MAX_ROW_WH)
        return -min(-self.energy_wh, self.max_spend // self.limit, MAX_ROW_WH)


@dataclass(frozen=True)
class Auction:
    """The outcome of an auction.

    Args:
        price: units per Wh; 0 if there was no order.
        volume_wh: energy that changes hands, Wh.
        rows: what each order sells (above 0) or buys (below 0), Wh, in the order given.
    """

    price: int
    volume_wh: int
    rows: tuple[int, ...]


def clear(orders: Sequence[DoubleAuctionOrder], slot: int) -> Auction:
    """Find the price without complaints, and who trades at it.

    Of several prices it is the middle of the lowest and the highest, rounded down. Of the orders whose limit
    is the price, the longer side is rationed as in the pool.

    Args:
        orders: in an order that everybody can recompute, such as that of the homes' numbers.
        slot: number of the slot, from which the order of rounding follows.
    """
    buys = [(order.limit, max(-order.offered(), 0)) for order in orders]
    sells = [(order.limit, max(order.offered(), 0)) for order in orders]

    def demand(price: int) -> int:
        return sum(wh for limit, wh in buys if limit >= price)

    def supply(price: int) -> int:
        return sum(wh for limit, wh in sells if limit <= price)

    def without_complaint(price: int) -> bool:
        """Whoever has a better limit than the price can be filled whole. (Prices are integers.)"""
        return demand(price + 1) <= supply(price) and supply(price - 1) <= demand(price)

    limits = {order.limit for order in orders if order.offered()}
    right = [limit for limit in limits if without_complaint(limit)]
    if not right:
        return Auction(0, 0, (0,) * len(orders))
    price = (min(right) + max(right)) // 2
    volume = min(demand(price), supply(price))
    sold = _filled(sells, price, [limit < price for limit, _ in sells], volume, slot)
    bought = _filled(buys, price, [limit > price for limit, _ in buys], volume, slot)
    return Auction(price, volume, tuple(s - b for s, b in zip(sold, bought, strict=True)))


def _filled(
    side: Sequence[tuple[int, int]], price: int, better: Sequence[bool], volume: int, slot: int
) -> list[int]:
    """Return the fills of one side: whole with a better limit than the price, rationed at the price."""
    whole = [wh if is_better else 0 for (_, wh), is_better in zip(side, better, strict=True)]
    at_price = [wh if limit == price else 0 for limit, wh in side]
    rest = ration(at_price, volume - sum(whole), slot)
    return [a + b for a, b in zip(whole, rest, strict=True)]
