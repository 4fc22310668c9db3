"""Clearing with arrays equals the rules on more than 10,000 random slots each, and refuses what it cannot."""

import random
from itertools import count
from typing import Any

import numpy as np
import pytest

from energy_trading.errors import BadInput
from energy_trading.market.slots.clearing import MAX_HOMES, clear_double_auction, clear_pool
from energy_trading.rules import double_auction, pool
from energy_trading.rules.double_auction import DoubleAuctionOrder
from energy_trading.rules.pool import MAX_ROW_WH, PRICE_LIMIT, PoolHome, PoolPrice, PoolRule

SLOTS = 11_000
TOP = 2**63 - 1
MID = PoolRule(300, 80)


def amount(rng: random.Random) -> int:
    """A quantity or an amount of money, small, usual, beyond a row, or the largest there is."""
    return rng.choice([rng.randrange(5), rng.randrange(2_000), rng.randrange(40_000), TOP])


def random_rule(rng: random.Random) -> PoolRule:
    feed_in = rng.choice([1, rng.randrange(1, 100), rng.randrange(1, PRICE_LIMIT)])
    retail = rng.choice([feed_in, rng.randrange(feed_in, PRICE_LIMIT), PRICE_LIMIT - 1])
    return PoolRule(retail, feed_in, rng.choice(list(PoolPrice)))


def arrays_pool(homes: list[PoolHome], rule: PoolRule, slot: int) -> pool.Pool:
    columns = zip(*((h.net_wh, h.buy_limit, h.sell_limit, h.max_spend) for h in homes), strict=True)
    net, buy, sell, spend = columns if homes else ((), (), (), ())
    found = clear_pool(net, buy, sell, spend, rule, slot)
    assert found.rows.dtype == np.int16
    totals = (found.metered_supply_wh, found.metered_demand_wh, found.supply_wh, found.demand_wh)
    return pool.Pool(found.price, *totals, tuple(found.rows.tolist()))


def arrays_auction(orders: list[DoubleAuctionOrder], slot: int) -> double_auction.Auction:
    columns = zip(*((o.energy_wh, o.limit, o.max_spend) for o in orders), strict=True)
    energy, limits, spend = columns if orders else ((), (), ())
    found = clear_double_auction(energy, limits, spend, slot)
    assert found.rows.dtype == np.int16
    return double_auction.Auction(found.price, found.volume_wh, tuple(found.rows.tolist()))


def test_pool_is_the_rule() -> None:
    """11,000 slots with readings, limits and money from 0 to the largest there are, both kinds of price."""
    rng, traded = random.Random(1), 0
    for slot in range(SLOTS):
        rule = random_rule(rng)
        middle = (rule.feed_in + rule.retail) // 2
        limits = [0, rule.feed_in, middle, rule.retail, PRICE_LIMIT - 1, rng.randrange(PRICE_LIMIT)]
        homes = [
            PoolHome(rng.choice([-1, 1]) * amount(rng), rng.choice(limits), rng.choice(limits), amount(rng))
            for _ in range(rng.randrange(25))
        ]
        expected = pool.clear(homes, rule, slot)
        assert arrays_pool(homes, rule, slot) == expected
        traded += any(expected.rows)
    assert traded > SLOTS // 2


def test_auction_is_the_rule() -> None:
    """11,000 books with few and many different limits, quantities and money up to the largest there are."""
    rng, traded = random.Random(2), 0
    for slot in range(SLOTS):
        prices = rng.choice([4, 20, PRICE_LIMIT])
        orders = [
            DoubleAuctionOrder(rng.choice([-1, 1]) * amount(rng), rng.randrange(1, prices), amount(rng))
            for _ in range(rng.randrange(25))
        ]
        expected = double_auction.clear(orders, slot)
        assert arrays_auction(orders, slot) == expected
        traded += any(expected.rows)
    assert traded > SLOTS // 2


@pytest.mark.parametrize("retail", [PRICE_LIMIT - 1, 300_000])
def test_large_slots_are_the_rule(retail: int) -> None:
    """10,000 homes and orders, and a pool of 65,536 with the largest rows: nothing overflows."""
    rng = random.Random(3)
    rule = PoolRule(retail, 80_000, PoolPrice.SUPPLY_DEMAND_RATIO)
    homes = [PoolHome(rng.randrange(-40_000, 40_001), retail, 0, TOP) for _ in range(10_000)]
    assert arrays_pool(homes, rule, 7) == pool.clear(homes, rule, 7)
    most = [PoolHome(TOP if i % 3 else -TOP, retail, 0, TOP) for i in range(MAX_HOMES)]
    assert arrays_pool(most, rule, TOP) == pool.clear(most, rule, TOP)
    limits = [rng.randrange(1, retail + 1) for _ in range(100)]
    orders = [
        DoubleAuctionOrder(rng.randrange(-40_000, 40_001), rng.choice(limits), TOP) for _ in range(10_000)
    ]
    assert arrays_auction(orders, 7) == double_auction.clear(orders, 7)


def test_largest_numbers() -> None:
    """The ends of 64 bits are accepted, signed and unsigned, and cut to the largest row."""
    net = np.array([-(2**63), TOP], dtype=np.int64)
    spend = np.array([TOP, TOP], dtype=np.uint64)
    limits = [PRICE_LIMIT - 1] * 2
    assert clear_pool(net, limits, [0, 0], spend, MID, 0).rows.tolist() == [-MAX_ROW_WH, MAX_ROW_WH]
    # Money for the largest row at the ceiling of prices, less one unit, buys one Wh less.
    buyer = (PRICE_LIMIT - 1) * MAX_ROW_WH - 1
    found = clear_double_auction(net, [PRICE_LIMIT - 1] * 2, [buyer, 0], 0)
    assert found.rows.tolist() == [1 - MAX_ROW_WH, MAX_ROW_WH - 1]


GOOD: dict[str, Any] = {"net_wh": [1, -1], "buy_limits": [9, 9], "sell_limits": [9, 9], "max_spends": [9, 9]}


@pytest.mark.parametrize(
    ("name", "values", "text"),
    [
        ("net_wh", [1.0, 2.0], "net_wh must be a list of integers of at most 64 bits"),
        ("net_wh", [True, False], "net_wh must be a list of integers of at most 64 bits"),
        ("net_wh", [2**70, 0], "net_wh must be a list of integers of at most 64 bits"),
        ("net_wh", [[1, 2]], "net_wh must be a list of integers of at most 64 bits"),
        ("net_wh", [[1], [2, 3]], "net_wh must be a list of integers of at most 64 bits"),
        ("net_wh", ["1", "2"], "net_wh must be a list of integers of at most 64 bits"),
        ("net_wh", [0] * (MAX_HOMES + 1), "net_wh must have at most 65536 entries, not 65537"),
        ("buy_limits", [9], "buy_limits must have 2 entries, not 1"),
        ("buy_limits", [9, 2**32], "buy_limits must lie between 0 and 4294967295, but one is 4294967296"),
        ("sell_limits", [9, -1], "sell_limits must lie between 0 and 4294967295, but one is -1"),
        ("max_spends", [-1, 9], "max_spends must lie between 0 and 9223372036854775807, but one is -1"),
        (
            "max_spends",
            np.array([2**63, 0], dtype=np.uint64),
            "max_spends must lie between 0 and 9223372036854775807, but one is 9223372036854775808",
        ),
    ],
    ids=count(),
)
def test_revert_given_bad_array(name: str, values: Any, text: str) -> None:
    """Floats, ragged lists and numbers beyond their bits are refused in one sentence."""
    with pytest.raises(BadInput) as error:
        clear_pool(**{**GOOD, name: values}, rule=MID, slot=0)
    assert str(error.value) == text


def test_revert_given_bad_auction() -> None:
    """Limits are below the ceiling of prices, and a slot has a number from 0 on."""
    with pytest.raises(BadInput, match="limits must lie between 1 and 4294967295, but one is 4294967296"):
        clear_double_auction([1], [2**32], [0], 0)
    with pytest.raises(BadInput, match="the number of a slot must not be negative, but it is -1"):
        clear_double_auction([1], [1], [0], -1)
