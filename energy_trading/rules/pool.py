"""The mid-rate pool: how the homes of a slot share the energy that their meters measured, and at which price.

A row is the part of a home's metered net that its neighbours take or deliver, in Wh; above 0 the home sells,
below 0 it buys. The rest of the net is the supplier's at its tariffs. A home without a row pays the tariffs
for all of its net, so nobody needs funds for the supplier on chain, and the rows of a slot add up to 0.

The specification of `market.slots.clearing.clear_pool`, which does the same with arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from energy_trading.errors import BadInput

#: Largest row, Wh: a row is a signed 16-bit number on chain. What a home has beyond is the supplier's.
MAX_ROW_WH: Final = 2**15 - 1
#: A price is a 32-bit number on chain, units of account per Wh.
PRICE_LIMIT: Final = 2**32


class PoolPrice(Enum):
    """How the price of a slot follows from the two tariffs. A community chooses once, at deployment."""

    MID_RATE = "mid rate"
    """The middle of the tariffs, in every slot."""
    SUPPLY_DEMAND_RATIO = "supply-demand ratio"
    """From retail, when there is no supply, down to the feed-in price, when it covers the whole demand."""


@dataclass(frozen=True)
class PoolRule:
    """What a community fixes for all slots.

    Args:
        retail: what the supplier sells at, units of account per Wh.
        feed_in: what it pays for energy that was fed in, units per Wh; from 1 to the retail price.
        kind: how the price follows from them.

    Raises:
        BadInput: the prices are not in this order, or do not fit the 32 bits of a price.

    Source:
        Mid-market rate: Zhou, Wu and Long, Applied Energy 222 (2018) 993. Supply–demand ratio: Liu, Yu, Wang,
        Li, Ma and Lei, IEEE Transactions on Power Systems 32 (2017) 3569.
    """

    retail: int
    feed_in: int
    kind: PoolPrice = PoolPrice.MID_RATE

    def __post_init__(self) -> None:
        """Refuse prices at which one could buy from the supplier and sell to it at a profit."""
        if not 1 <= self.feed_in <= self.retail < PRICE_LIMIT:
            raise BadInput(
                f"the prices must satisfy 1 <= feed-in <= retail < {PRICE_LIMIT} units per Wh, but the"
                f" feed-in price is {self.feed_in} and the retail price is {self.retail}"
            )

    def price(self, supply_wh: int, demand_wh: int) -> int:
        """Return the price of a slot, units per Wh, rounded down.

        With the supply–demand ratio r = supply / demand the price is
        feed-in · retail / ((retail − feed-in) · r + feed-in) for r ≤ 1, and the feed-in price beyond.

        Args:
            supply_wh: sum of what all homes fed in, whatever their limits, Wh.
            demand_wh: sum of what all homes drew, whatever their limits, Wh.
        """
        feed_in, retail = self.feed_in, self.retail
        if self.kind is PoolPrice.MID_RATE:
            return (feed_in + retail) // 2
        if supply_wh >= demand_wh:
            return feed_in
        return feed_in * retail * demand_wh // ((retail - feed_in) * supply_wh + feed_in * demand_wh)


@dataclass(frozen=True)
class PoolHome:
    """A home in a slot: what its meter measured, and what its order allows.

    Args:
        net_wh: fed in less drawn, Wh; 0 for a home without a reading, or without an order for the slot.
        buy_limit: highest price at which it buys, units per Wh.
        sell_limit: lowest price at which it sells, units per Wh.
        max_spend: most that it may spend on energy in the slot, units: the least of its order's limit, its
            cap on chain and its free funds there, less the slot's fee.
    """

    net_wh: int
    buy_limit: int
    sell_limit: int
    max_spend: int

    def __post_init__(self) -> None:
        """Refuse negative limits."""
        if min(self.buy_limit, self.sell_limit, self.max_spend) < 0:
            raise BadInput(
                "the limits of an order must not be negative, but they are"
                f" {self.buy_limit}, {self.sell_limit} and {self.max_spend}"
            )

    @property
    def metered_wh(self) -> int:
        """What counts of the net, Wh: at most the largest row, so that one wrong meter cannot set a price."""
        return max(-MAX_ROW_WH, min(self.net_wh, MAX_ROW_WH))

    def offered(self, price: int) -> int:
        """Return what the home brings to the pool at a price, Wh: above 0 for sale, below 0 wanted.

        It takes part if its limit accepts the price, and it wants no more than it can pay for.
        """
        if self.metered_wh > 0:
            return self.metered_wh if self.sell_limit <= price else 0
        return -min(-self.metered_wh, self.max_spend // price) if self.buy_limit >= price else 0

    def rows_allowed(self, price: int, supply_wh: int, demand_wh: int) -> range:
        """Return the rows that are right for this home in a slot as posted: one, or two.

        A home needs no reading of its neighbours to check its own row.

        Args:
            price: of the slot, units per Wh.
            supply_wh: posted sum of what was for sale at the price, Wh.
            demand_wh: posted sum of what was wanted at the price, Wh.
        """
        offered = self.offered(price)
        own, other = (supply_wh, demand_wh) if offered > 0 else (demand_wh, supply_wh)
        if own <= other or not offered:
            return range(offered, offered + 1)
        share, rest = divmod(abs(offered) * other, own)
        up = share + (rest > 0)
        return range(share, up + 1) if offered > 0 else range(-up, -share + 1)


@dataclass(frozen=True)
class Pool:
    """A slot as it is posted.

    Args:
        price: units per Wh.
        metered_supply_wh: sum of what all homes fed in, which sets the price, Wh.
        metered_demand_wh: sum of what all homes drew, which sets the price, Wh.
        supply_wh: sum of what was for sale at the price, Wh.
        demand_wh: sum of what was wanted at the price, Wh.
        rows: what each home sells (above 0) or buys (below 0), Wh, in the order of the homes.
    """

    price: int
    metered_supply_wh: int
    metered_demand_wh: int
    supply_wh: int
    demand_wh: int
    rows: tuple[int, ...]


def clear(homes: Sequence[PoolHome], rule: PoolRule, slot: int) -> Pool:
    """Divide the energy of a slot: the short side is filled whole, the long side in proportion.

    Args:
        homes: all of the market, in the order of their numbers.
        rule: of the community.
        slot: number of the slot, from which the order of rounding follows.
    """
    fed_in = sum(max(home.metered_wh, 0) for home in homes)
    drawn = sum(max(-home.metered_wh, 0) for home in homes)
    price = rule.price(fed_in, drawn)
    offered = [home.offered(price) for home in homes]
    for_sale = [max(wh, 0) for wh in offered]
    wanted = [max(-wh, 0) for wh in offered]
    supply, demand = sum(for_sale), sum(wanted)
    traded = min(supply, demand)
    sold, bought = ration(for_sale, traded, slot), ration(wanted, traded, slot)
    rows = tuple(s - b for s, b in zip(sold, bought, strict=True))
    return Pool(price, fed_in, drawn, supply, demand, rows)


def ration(amounts: Sequence[int], filled: int, slot: int) -> list[int]:
    """Divide what can be filled among amounts in proportion to them, to the Wh.

    Everybody has ⌊amount · filled / sum⌋. The Wh that are then missing go, one each, to the first homes
    whose share was rounded down, counted from home number slot mod homes, so that each is first in turn.

    Args:
        amounts: what each home wants or sells, Wh, none negative.
        filled: at most their sum.
        slot: number of the slot.
    """
    total = sum(amounts)
    if total == filled:
        return list(amounts)
    shares = [amount * filled // total for amount in amounts]
    missing = filled - sum(shares)
    for turn in range(len(amounts)):
        home = (slot + turn) % len(amounts)
        if missing and amounts[home] * filled % total:
            shares[home] += 1
            missing -= 1
    return shares
