"""Clearing of a slot with arrays: equal to `rules.pool` and `rules.double_auction`, for many homes at once.

All arithmetic is in 64-bit integers. These bounds keep every intermediate result below 2**63, and what is
beyond them is refused or, where the rules say so, cut to the largest row:

- at most 2**16 homes or orders; rows of at most 2**15 - 1 Wh, so a side is below 2**31 Wh and a product of
  an amount and a side below 2**46;
- limits below 2**32, the ceiling of a price; readings and amounts of money below 2**63. Money is only ever
  divided.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from energy_trading.errors import BadInput
from energy_trading.rules.double_auction import DoubleAuctionOrder as DoubleAuctionOrder
from energy_trading.rules.pool import MAX_ROW_WH, PRICE_LIMIT
from energy_trading.rules.pool import PoolHome as PoolHome
from energy_trading.rules.pool import PoolPrice as PoolPrice
from energy_trading.rules.pool import PoolRule as PoolRule

MAX_HOMES: Final = 2**16

_Integers: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PoolClearing:
    """A slot as it is posted; see `rules.pool.Pool`.

    Args:
        price: units of account per Wh.
        metered_supply_wh: sum of what all homes fed in, which sets the price, Wh.
        metered_demand_wh: sum of what all homes drew, which sets the price, Wh.
        supply_wh: sum of what was for sale at the price, Wh.
        demand_wh: sum of what was wanted at the price, Wh.
        rows: what each home sells (above 0) or buys (below 0), Wh, signed 16 bits.
    """

    price: int
    metered_supply_wh: int
    metered_demand_wh: int
    supply_wh: int
    demand_wh: int
    rows: NDArray[np.int16]


@dataclass(frozen=True, eq=False)
class DoubleAuctionClearing:
    """The outcome of an auction; see `rules.double_auction.Auction`.

    Args:
        price: units of account per Wh; 0 if there was no order.
        volume_wh: energy that changes hands, Wh.
        rows: what each order sells (above 0) or buys (below 0), Wh, signed 16 bits.
    """

    price: int
    volume_wh: int
    rows: NDArray[np.int16]


def clear_pool(
    net_wh: ArrayLike,
    buy_limits: ArrayLike,
    sell_limits: ArrayLike,
    max_spends: ArrayLike,
    rule: PoolRule,
    slot: int,
) -> PoolClearing:
    """Divide the metered energy of a slot by the mid-rate pool.

    Args:
        net_wh: what each home fed in less what it drew, Wh, in the order of the homes' numbers; 0 without a
            reading or an order.
        buy_limits: highest price at which each buys, units per Wh.
        sell_limits: lowest price at which each sells, units per Wh.
        max_spends: most that each may spend in the slot, units (see `PoolHome`).
        rule: tariffs and price of the community.
        slot: number of the slot.

    Raises:
        BadInput: an array holds something else than integers within the bounds above, or is longer or
            shorter than the first.
    """
    net = _integers("net_wh", net_wh, -(2**63), 2**63)
    buy = _integers("buy_limits", buy_limits, 0, PRICE_LIMIT, net.size)
    sell = _integers("sell_limits", sell_limits, 0, PRICE_LIMIT, net.size)
    spend = _integers("max_spends", max_spends, 0, 2**63, net.size)
    _check_slot(slot)
    net = net.clip(-MAX_ROW_WH, MAX_ROW_WH)
    fed_in, drawn = net.clip(0), (-net).clip(0)
    supply, demand = int(fed_in.sum()), int(drawn.sum())
    price = rule.price(supply, demand)
    for_sale = np.where(sell <= price, fed_in, 0)
    wanted = np.where(buy >= price, np.minimum(drawn, spend // price), 0)
    offers = int(for_sale.sum()), int(wanted.sum())
    traded = min(offers)
    rows = _ration(for_sale, traded, slot) - _ration(wanted, traded, slot)
    return PoolClearing(price, supply, demand, *offers, rows.astype(np.int16))


def clear_double_auction(
    energy_wh: ArrayLike, limits: ArrayLike, max_spends: ArrayLike, slot: int
) -> DoubleAuctionClearing:
    """Clear the orders of a slot, closed before it begins, by the uniform-price double auction.

    Args:
        energy_wh: above 0 for sale, below 0 wanted, Wh, one for each order.
        limits: lowest price of a seller, highest price of a buyer, units per Wh.
        max_spends: most that a buyer may spend, units; ignored where energy is for sale.
        slot: number of the slot.

    Raises:
        BadInput: an array holds something else than integers within the bounds above, or is longer or
            shorter than the first.
    """
    energy = _integers("energy_wh", energy_wh, -(2**63), 2**63)
    limit = _integers("limits", limits, 1, PRICE_LIMIT, energy.size)
    spend = _integers("max_spends", max_spends, 0, 2**63, energy.size)
    _check_slot(slot)
    energy = energy.clip(-MAX_ROW_WH, MAX_ROW_WH)
    for_sale, wanted = energy.clip(0), (-energy).clip(0)
    wanted = np.minimum(wanted, spend // limit)
    counts = for_sale + wanted > 0
    if not counts.any():
        return DoubleAuctionClearing(0, 0, np.zeros(energy.size, np.int16))
    order = np.argsort(limit[counts])
    sorted_limits = limit[counts][order]
    # The number of orders below a limit, and of those at most at it, from one search of a sorted list.
    below = np.searchsorted(sorted_limits, sorted_limits, "left")
    up_to = np.searchsorted(sorted_limits, sorted_limits, "right")
    sold = np.concatenate(([0], for_sale[counts][order].cumsum()))
    bought = np.concatenate(([0], wanted[counts][order].cumsum()))
    demand, demand_above = bought[-1] - bought[below], bought[-1] - bought[up_to]
    supply, supply_below = sold[up_to], sold[below]
    right = sorted_limits[(demand_above <= supply) & (supply_below <= demand)]
    price = (int(right[0]) + int(right[-1])) // 2
    volume = min(int(wanted[limit >= price].sum()), int(for_sale[limit <= price].sum()))
    rows = _filled(for_sale, limit < price, limit == price, volume, slot) - _filled(
        wanted, limit > price, limit == price, volume, slot
    )
    return DoubleAuctionClearing(price, volume, rows.astype(np.int16))


def _filled(
    amounts: _Integers, better: NDArray[np.bool_], at_price: NDArray[np.bool_], volume: int, slot: int
) -> _Integers:
    whole = np.where(better, amounts, 0)
    return whole + _ration(np.where(at_price, amounts, 0), volume - int(whole.sum()), slot)


def _ration(amounts: _Integers, filled: int, slot: int) -> _Integers:
    """Divide what can be filled in proportion; see `rules.pool.ration`."""
    total = int(amounts.sum())
    if total == filled:
        return amounts
    # Safe: amounts < 2**15 and filled < 2**31.
    shares, rests = np.divmod(amounts * filled, total)
    missing = filled - int(shares.sum())
    rounded_down = np.flatnonzero(rests)
    first = int(np.searchsorted(rounded_down, slot % amounts.size))
    shares[np.roll(rounded_down, -first)[:missing]] += 1
    return shares


def _integers(name: str, values: ArrayLike, least: int, below: int, size: int | None = None) -> _Integers:
    """Return an array of 64-bit integers, or refuse it."""
    try:
        found = np.asarray(values)
    except (ValueError, OverflowError):
        found = np.empty((0, 0))
    if found.ndim != 1 or (found.size and found.dtype.kind not in "iu"):
        raise BadInput(f"{name} must be a list of integers of at most 64 bits")
    if found.size > MAX_HOMES or (size is not None and found.size != size):
        wanted = f"{size}" if size is not None else f"at most {MAX_HOMES}"
        raise BadInput(f"{name} must have {wanted} entries, not {found.size}")
    if found.size and not (least <= int(found.min()) and int(found.max()) < below):
        worst = int(found.min()) if int(found.min()) < least else int(found.max())
        raise BadInput(f"{name} must lie between {least} and {below - 1}, but one is {worst}")
    return found.astype(np.int64)


def _check_slot(slot: int) -> None:
    if slot < 0:
        raise BadInput(f"the number of a slot must not be negative, but it is {slot}")
