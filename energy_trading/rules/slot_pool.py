"""The mid-rate pool: one price per slot, the short side whole, the long side in proportion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eth_utils.crypto import keccak

from energy_trading.types import MAX_ROW_WH, Order, Pricing, Result

_CHUNK_BYTES = 128


def pool_price(pricing: Pricing, retail: int, feed_in: int, supply_wh: int, demand_wh: int) -> int:
    """Return the price of a slot in units per Wh, rounded down; it lies between the two tariffs.

    Args:
        pricing: the formula.
        retail: what a home pays its supplier, units per Wh.
        feed_in: what a home is paid for what it feeds in, units per Wh.
        supply_wh: Wh that the homes with an order fed in.
        demand_wh: Wh that the homes with an order drew.

    Source:
        Z-4; mid-market rate, and the supply-demand ratio of Liu et al. (2017) for one price.
    """
    if pricing == Pricing.MID_RATE:
        return (retail + feed_in) // 2
    if supply_wh >= demand_wh:
        return feed_in
    return retail * feed_in * demand_wh // ((retail - feed_in) * supply_wh + feed_in * demand_wh)


def pack_rows(rows: Sequence[int]) -> bytes:
    """Return rows as they are posted: 16 bits each with a sign, in words of 16."""
    packed = b"".join((row % 2**16).to_bytes(2, "big") for row in rows)
    return packed.ljust(-(-max(len(packed), 1) // 32) * 32, b"\0")


def unpack_rows(packed: bytes) -> list[int]:
    """Return the rows of a posted slot, zeros behind the last home included."""
    return [int.from_bytes(packed[i : i + 2], "big", signed=True) for i in range(0, len(packed), 2)]


def chunk_hashes(packed: bytes) -> list[bytes]:
    """Return keccak256 of every chunk of 64 rows."""
    return [keccak(packed[i : i + _CHUNK_BYTES]) for i in range(0, len(packed), _CHUNK_BYTES)]


def rows_root(packed: bytes) -> bytes:
    """Return the root of the rows, keccak256 of the hashes of their chunks."""
    return keccak(b"".join(chunk_hashes(packed)))


def shared_wh(order: Order, net_wh: int, budget: int, slot: int, price: int, fee: int) -> int:
    """Return how much of a reading takes part in a slot: positive if the home sells at the price.

    A buyer takes part as far as its budget goes, the fee included.
    """
    wh = min(abs(net_wh), MAX_ROW_WH)
    if not order.first_slot <= slot <= order.last_slot:
        return 0
    if net_wh > 0:
        return wh if price >= order.sell_limit else 0
    if price > order.buy_limit:
        return 0
    return -min(wh, (budget - fee) // price if budget > fee else 0)


def row_fits(row: int, order: Order, net_wh: int, budget: int, exact: bool, result: Result, fee: int) -> bool:
    """Return whether a row is what an order and a reading lead to.

    Args:
        row: the row in Wh; sold is positive.
        order: the home's order.
        net_wh: the home's reading.
        budget: units that the home can pay in the slot.
        exact: whether the budget is known; if not, a buyer may have got less.
        result: the slot's result.
        fee: units that each buying home pays.

    Source:
        Z-4, Z-7.
    """
    wh = abs(shared_wh(order, net_wh, budget, result.slot, result.price, fee))
    sells = net_wh > 0
    own, other = result.supply_wh, result.demand_wh
    if not sells:
        own, other = other, own
    least, rest = divmod(wh * other, own) if own > other else (wh, 0)
    may_have_less = not (exact or sells)
    if row == 0:
        return least == 0 or may_have_less
    if (row > 0) != sells:
        return False
    return abs(row) <= least + (rest != 0) and (abs(row) >= least or may_have_less)


@dataclass(frozen=True)
class Cleared:
    """A divided slot.

    Args:
        price: units per Wh.
        metered_supply_wh, metered_demand_wh: totals of all homes with an order.
        supply_wh, demand_wh: totals of those that take part at the price.
        rows: Wh by number of the home; sold is positive.
    """

    price: int
    metered_supply_wh: int
    metered_demand_wh: int
    supply_wh: int
    demand_wh: int
    rows: tuple[int, ...]


def clear(
    slot: int,
    homes: int,
    shares: Mapping[int, tuple[Order, int, int]],
    pricing: Pricing,
    retail: int,
    feed_in: int,
    fee: int,
) -> Cleared:
    """Divide a slot.

    The Wh that rounding leaves go to the homes of the long side with a remainder, one each, beginning with
    the first home at or after ``slot`` modulo the number of homes.

    Args:
        slot: the slot.
        homes: how many homes there are.
        shares: order, reading in Wh and budget by number of the home.
        pricing: the formula of the price.
        retail, feed_in: the two tariffs, units per Wh.
        fee: units that each buying home pays.

    Source:
        Z-4.
    """
    metered = [net for order, net, _ in shares.values() if order.first_slot <= slot <= order.last_slot]
    metered_supply = sum(min(net, MAX_ROW_WH) for net in metered if net > 0)
    metered_demand = sum(min(-net, MAX_ROW_WH) for net in metered if net < 0)
    price = pool_price(pricing, retail, feed_in, metered_supply, metered_demand)
    wanted = [0] * homes
    for home, (order, net, budget) in shares.items():
        wanted[home] = shared_wh(order, net, budget, slot, price, fee)
    supply, demand = sum(w for w in wanted if w > 0), -sum(w for w in wanted if w < 0)
    rows = list(wanted)
    if supply != demand:
        sign = 1 if supply > demand else -1
        short, long = sorted((supply, demand))
        left = short
        rest: list[int] = []
        for home, wh in enumerate(wanted):
            if wh * sign > 0:
                share, remainder = divmod(abs(wh) * short, long)
                rows[home] = sign * share
                left -= share
                if remainder:
                    rest.append(home)
        start = slot % max(homes, 1)
        for home in sorted(rest, key=lambda home: (home - start) % homes)[:left]:
            rows[home] += sign
    return Cleared(price, metered_supply, metered_demand, supply, demand, tuple(rows))
