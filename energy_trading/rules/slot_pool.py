"""The mid-rate pool in the words of the contracts: orders, results and packed rows. `pool` has the rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from eth_utils.crypto import keccak

from energy_trading.rules import pool
from energy_trading.rules.pool import Pool, PoolHome, PoolPrice, PoolRule
from energy_trading.types import Order, Pricing, Result

#: Bytes of the rows in one chunk: 64 homes.
CHUNK_BYTES: Final = 128
_KINDS: Final = {
    Pricing.MID_RATE: PoolPrice.MID_RATE,
    Pricing.SUPPLY_DEMAND_RATIO: PoolPrice.SUPPLY_DEMAND_RATIO,
}


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
    return _rule(pricing, retail, feed_in).price(supply_wh, demand_wh)


def pack_rows(rows: Sequence[int]) -> bytes:
    """Return rows as they are posted: 16 bits each with a sign, in words of 16."""
    packed = b"".join((row % 2**16).to_bytes(2, "big") for row in rows)
    return packed.ljust(-(-max(len(packed), 1) // 32) * 32, b"\0")


def unpack_rows(packed: bytes) -> list[int]:
    """Return the rows of a posted slot, zeros behind the last home included."""
    return [int.from_bytes(packed[i : i + 2], "big", signed=True) for i in range(0, len(packed), 2)]


def chunk_hashes(packed: bytes) -> list[bytes]:
    """Return keccak256 of every chunk of 64 rows."""
    return [keccak(packed[i : i + CHUNK_BYTES]) for i in range(0, len(packed), CHUNK_BYTES)]


def rows_root(packed: bytes) -> bytes:
    """Return the root of the rows, keccak256 of the hashes of their chunks."""
    return keccak(b"".join(chunk_hashes(packed)))


def shared_wh(order: Order, net_wh: int, budget: int, slot: int, price: int, fee: int) -> int:
    """Return how much of a reading takes part in a slot: positive if the home sells at the price.

    A buyer takes part as far as its budget goes, the fee included.
    """
    return _home(order, net_wh, budget, slot, fee).offered(price)


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


def clear(
    slot: int,
    homes: int,
    shares: Mapping[int, tuple[Order, int, int]],
    pricing: Pricing,
    retail: int,
    feed_in: int,
    fee: int,
) -> Pool:
    """Divide a slot.

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
    nobody = PoolHome(0, 0, 0, 0)
    members = (_home(*shares[number], slot, fee) if number in shares else nobody for number in range(homes))
    return pool.clear(list(members), _rule(pricing, retail, feed_in), slot)


def _rule(pricing: Pricing, retail: int, feed_in: int) -> PoolRule:
    return PoolRule(retail, feed_in, _KINDS[pricing])


def _home(order: Order, net_wh: int, budget: int, slot: int, fee: int) -> PoolHome:
    counts = order.first_slot <= slot <= order.last_slot
    return PoolHome(net_wh if counts else 0, order.buy_limit, order.sell_limit, max(budget - fee, 0))
