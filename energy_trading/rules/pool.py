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
from energy_trading.rules.positions import WH_PER_KWH, Tariffs

#: Largest row, Wh: a row is a signed 16-bit number on chain. What a home has beyond is the supplier's.
MAX_ROW_WH: Final = 2**15 - 1
#: A price is a 32-bit number on chain, units of account per kWh.
PRICE_LIMIT: Final = 2**32


class PoolPrice(Enum):
    """How the price of a slot follows from the two tariffs. A community chooses once, at deployment."""

    FIXED_MID = "fixed mid"
    """The middle of the tariffs, in every slot."""
    SUPPLY_DEMAND = "supply-demand ratio"
    """From retail, when there is no surplus, down to the feed-in price, when it covers the whole deficit."""


@dataclass(frozen=True)
class PoolRule:
    """What a community fixes for all slots.

    Args:
        tariffs: of the supplier, units of account per kWh.
        kind: how the price follows from them.

    Raises:
        BadInput: the retail price does not fit the 32 bits of a price.

    Source:
        Mid-market rate: Zhou, Wu and Long, Applied Energy 222 (2018) 993. Supply–demand ratio: Liu, Yu, Wang,
        Li, Ma and Lei, IEEE Transactions on Power Systems 32 (2017) 3569.
    """

    tariffs: Tariffs
    kind: PoolPrice = PoolPrice.FIXED_MID

    def __post_init__(self) -> None:
        """Refuse a price that a contract could not hold."""
        if self.tariffs.retail >= PRICE_LIMIT:
            raise BadInput(
                f"the retail price must be below {PRICE_LIMIT} units per kWh, not {self.tariffs.retail}"
            )

    @property
    def lowest(self) -> int:
        """The lowest price that a slot can have; a seller accepts it or takes no part."""
        return self._mid if self.kind is PoolPrice.FIXED_MID else self.tariffs.feed_in

    @property
    def highest(self) -> int:
        """The highest price that a slot can have; a buyer accepts it or takes no part."""
        return self._mid if self.kind is PoolPrice.FIXED_MID else self.tariffs.retail

    @property
    def _mid(self) -> int:
        return (self.tariffs.feed_in + self.tariffs.retail) // 2

    def price(self, surplus_wh: int, deficit_wh: int) -> int:
        """Return the price of a slot, units per kWh, rounded down.

        With the supply–demand ratio r = surplus / deficit the price is
        feed-in · retail / ((retail − feed-in) · r + feed-in) for r ≤ 1, and the feed-in price beyond. Where
        nothing is paid for feeding in, any surplus makes it 0.

        Args:
            surplus_wh: sum of what is for sale in the pool, Wh.
            deficit_wh: sum of what is wanted from the pool, Wh.
        """
        feed_in, retail = self.tariffs.feed_in, self.tariffs.retail
        if self.kind is PoolPrice.FIXED_MID:
            return self._mid
        if surplus_wh == 0 < deficit_wh:
            return retail
        if surplus_wh >= deficit_wh or feed_in == 0:
            return feed_in
        return feed_in * retail * deficit_wh // ((retail - feed_in) * surplus_wh + feed_in * deficit_wh)


@dataclass(frozen=True)
class PoolHome:
    """A home in a slot: what its meter measured, and what its order allows.

    Args:
        net_wh: fed in less drawn, Wh.
        buy_limit: highest price at which it buys, units per kWh.
        sell_limit: lowest price at which it sells, units per kWh.
        max_spend: most that it may spend in the slot, units: the least of its order's limit, its cap on
            chain and its free funds there.
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

    def offered(self, rule: PoolRule) -> int:
        """Return what the home brings to the pool, Wh: above 0 for sale, below 0 wanted.

        It depends on the home and the rule alone, never on the neighbours. A home takes part if its limit
        accepts every price that the slot can have, and it wants no more than it could pay at the highest.
        """
        if self.net_wh > 0:
            return min(self.net_wh, MAX_ROW_WH) if self.sell_limit <= rule.lowest else 0
        if self.buy_limit < rule.highest:
            return 0
        return -min(-self.net_wh, affordable_wh(self.max_spend, rule.highest), MAX_ROW_WH)

    def rows_allowed(self, surplus_wh: int, deficit_wh: int, rule: PoolRule) -> range:
        """Return the rows that are right for this home in a slot with these posted totals: one, or two.

        A home needs no reading of its neighbours to check its own row.
        """
        offered = self.offered(rule)
        own, other = (surplus_wh, deficit_wh) if offered > 0 else (deficit_wh, surplus_wh)
        if own <= other or not offered:
            return range(offered, offered + 1)
        share, rest = divmod(abs(offered) * other, own)
        up = share + (rest > 0)
        return range(share, up + 1) if offered > 0 else range(-up, -share + 1)


@dataclass(frozen=True)
class Pool:
    """A slot as it is posted.

    Args:
        price: units per kWh.
        surplus_wh: sum of what was for sale, Wh.
        deficit_wh: sum of what was wanted, Wh.
        rows: what each home sells (above 0) or buys (below 0), Wh, in the order of the homes.
    """

    price: int
    surplus_wh: int
    deficit_wh: int
    rows: tuple[int, ...]


def clear(homes: Sequence[PoolHome], rule: PoolRule, slot: int) -> Pool:
    """Divide the energy of a slot: the short side is filled whole, the long side in proportion.

    Args:
        homes: all of the market, in the order of their numbers.
        rule: of the community.
        slot: number of the slot, from which the order of rounding follows.
    """
    offered = [home.offered(rule) for home in homes]
    for_sale = [max(wh, 0) for wh in offered]
    wanted = [max(-wh, 0) for wh in offered]
    surplus, deficit = sum(for_sale), sum(wanted)
    traded = min(surplus, deficit)
    sold, bought = ration(for_sale, traded, slot), ration(wanted, traded, slot)
    rows = tuple(s - b for s, b in zip(sold, bought, strict=True))
    return Pool(rule.price(surplus, deficit), surplus, deficit, rows)


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


def affordable_wh(money: int, price: int) -> int:
    """Return how many Wh an amount of money buys, rounded down; at price 0 no row is too large."""
    return money * WH_PER_KWH // price if price else MAX_ROW_WH
