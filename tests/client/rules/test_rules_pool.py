"""The mid-rate pool: complete, balanced, checked by each home alone, and nothing to gain by silence."""

import random
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_trading.errors import BadInput
from energy_trading.rules.pool import MAX_ROW_WH, Pool, PoolHome, PoolPrice, PoolRule, clear, ration

RETAIL, FEED_IN, MIDDLE = 300_000, 80_000, 190_000
MID = PoolRule(RETAIL, FEED_IN)
RATIO = PoolRule(RETAIL, FEED_IN, PoolPrice.SUPPLY_DEMAND_RATIO)
#: accepts every price and can pay for everything
WILLING = PoolHome(0, 2**32 - 1, 0, 2**62)

nets = st.lists(st.integers(-MAX_ROW_WH, MAX_ROW_WH), max_size=30)
prices = st.integers(1, 2**32 - 1)
tariffs = st.tuples(prices, prices).map(lambda pair: (max(pair), min(pair)))
rules = st.builds(lambda pair, kind: PoolRule(*pair, kind), tariffs, st.sampled_from(PoolPrice))
limits = st.sampled_from([0, 2**32 - 1]) | prices
homes = st.lists(st.builds(PoolHome, st.integers(-(2**17), 2**17), limits, limits, st.integers(0, 2**45)))
slots = st.integers(0, 2**32)


def willing(*net_wh: int) -> list[PoolHome]:
    return [replace(WILLING, net_wh=net) for net in net_wh]


def test_example_of_the_page() -> None:
    """By hand: 1,000 Wh for sale, 600 Wh wanted; 3/5 of each, the two missing Wh to the first in turn."""
    slot = willing(501, 333, 166, -200, -400)
    assert clear(slot, MID, 0) == Pool(MIDDLE, 1000, 600, 1000, 600, (301, 200, 99, -200, -400))
    assert clear(slot, MID, 1) == Pool(MIDDLE, 1000, 600, 1000, 600, (300, 200, 100, -200, -400))
    assert clear(slot, MID, 2) == Pool(MIDDLE, 1000, 600, 1000, 600, (301, 199, 100, -200, -400))
    assert clear(slot, MID, 5).rows == clear(slot, MID, 0).rows


@settings(max_examples=300, deadline=None)
@given(nets, rules, slots)
def test_match_is_complete(net_wh: list[int], rule: PoolRule, slot: int) -> None:
    """Where no limit binds, the homes share the smaller of surplus and deficit to the Wh."""
    pool = clear(willing(*net_wh), rule, slot)
    supply, demand = sum(n for n in net_wh if n > 0), -sum(n for n in net_wh if n < 0)
    assert (pool.supply_wh, pool.demand_wh) == (supply, demand)
    assert (pool.metered_supply_wh, pool.metered_demand_wh) == (supply, demand)
    assert sum(abs(row) for row in pool.rows) == 2 * min(supply, demand)


@settings(max_examples=300, deadline=None)
@given(homes, rules, slots)
def test_rows_keep_every_limit(slot_homes: list[PoolHome], rule: PoolRule, slot: int) -> None:
    """Rows add up to 0; nobody trades more than its net, against its limit, or beyond what it may spend."""
    pool = clear(slot_homes, rule, slot)
    assert sum(pool.rows) == 0
    assert rule.feed_in <= pool.price <= rule.retail
    assert sum(map(abs, pool.rows)) == 2 * min(pool.supply_wh, pool.demand_wh)
    for home, row in zip(slot_homes, pool.rows, strict=True):
        assert 0 <= row <= home.net_wh or home.net_wh <= row <= 0
        assert abs(row) <= MAX_ROW_WH
        assert row <= 0 or home.sell_limit <= pool.price
        assert row >= 0 or home.buy_limit >= pool.price
        assert -row * pool.price <= home.max_spend


@settings(max_examples=300, deadline=None)
@given(homes, rules, slots)
def test_each_home_checks_its_own_row(slot_homes: list[PoolHome], rule: PoolRule, slot: int) -> None:
    """Price, totals and its own reading tell a home its row to the Wh; a row beside them is wrong."""
    pool = clear(slot_homes, rule, slot)
    assert pool.price == rule.price(pool.metered_supply_wh, pool.metered_demand_wh)
    for home, row in zip(slot_homes, pool.rows, strict=True):
        allowed = home.rows_allowed(pool.price, pool.supply_wh, pool.demand_wh)
        assert row in allowed
        assert len(allowed) <= 2


def test_rows_allowed() -> None:
    """By hand: the short side has one right row, the long side two unless its share is whole."""
    seller, buyer = willing(501, -501)
    assert list(seller.rows_allowed(MIDDLE, 1000, 600)) == [300, 301]
    assert list(buyer.rows_allowed(MIDDLE, 600, 1000)) == [-301, -300]
    assert list(seller.rows_allowed(MIDDLE, 501, 600)) == [501]
    assert list(buyer.rows_allowed(MIDDLE, 600, 501)) == [-501]
    assert list(replace(seller, net_wh=500).rows_allowed(MIDDLE, 1000, 600)) == [300]
    assert list(replace(seller, sell_limit=2**32).rows_allowed(MIDDLE, 1000, 600)) == [0]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(0, 50), min_size=1, max_size=12), st.integers(0, 600), slots)
def test_ration_is_the_share_rounded(amounts: list[int], filled: int, slot: int) -> None:
    """⌊amount · filled / sum⌋ + {0, 1}, the ones to the first from home slot mod homes with a remainder."""
    total = sum(amounts)
    filled = min(filled, total)
    shares = ration(amounts, filled, slot)
    assert sum(shares) == filled
    if not total:
        return
    turn = [(slot + i) % len(amounts) for i in range(len(amounts))]
    rounded = [home for home in turn if amounts[home] * filled % total]
    ones = [home for home in turn if shares[home] == amounts[home] * filled // total + 1]
    assert ones == rounded[: len(ones)]
    assert all(0 <= share - amounts[i] * filled // total <= 1 for i, share in enumerate(shares))
    assert all(share <= amount for share, amount in zip(shares, amounts, strict=True))


def test_each_home_is_first_in_turn() -> None:
    """Over as many slots as there are homes, the odd Wh comes to each of three equals once."""
    rows = [clear(willing(10, 10, 10, -10), MID, slot).rows[:3] for slot in range(4)]
    assert rows == [(4, 3, 3), (3, 4, 3), (3, 3, 4), (4, 3, 3)]


@pytest.mark.parametrize(
    ("supply", "demand", "price"),
    [
        (0, 100, RETAIL),
        (1, 10**9, 299_999),
        (50, 100, 126_315),  # 2 · 8e4 · 3e5 / (2.2e5 + 2 · 8e4), by Liu's formula
        (99, 100, 80_591),
        (100, 100, FEED_IN),
        (300, 100, FEED_IN),
        (0, 0, FEED_IN),
    ],
)
def test_price_by_the_ratio(supply: int, demand: int, price: int) -> None:
    """From retail down to the feed-in price as supply grows; rounded down. The mid rate never moves."""
    assert RATIO.price(supply, demand) == price
    assert MID.price(supply, demand) == MIDDLE


def test_limits_decide_at_the_price() -> None:
    """A seller takes part from its limit on, a buyer up to its own; at the limit both do."""
    seller, buyer = willing(100, -100)
    assert replace(seller, sell_limit=MIDDLE).offered(MIDDLE) == 100
    assert replace(seller, sell_limit=MIDDLE + 1).offered(MIDDLE) == 0
    assert replace(buyer, buy_limit=MIDDLE).offered(MIDDLE) == -100
    assert replace(buyer, buy_limit=MIDDLE - 1).offered(MIDDLE) == 0


def test_limits_do_not_move_the_price() -> None:
    """The ratio is that of all meters, so that the price does not depend on limits that depend on it."""
    refuses = [replace(WILLING, net_wh=500, sell_limit=2**32), *willing(500, -2000)]
    assert clear(refuses, RATIO, 0) == Pool(126_315, 1000, 2000, 500, 2000, (0, 500, -500))


def test_spending_is_capped_not_punished() -> None:
    """A home that cannot pay for all it drew buys what it can pay for; the others share the rest."""
    seller, buyer, other = willing(1000, -800, -400)
    capped = replace(buyer, max_spend=100 * MIDDLE)
    assert clear([seller, capped, other], MID, 0).rows == (500, -100, -400)
    assert replace(buyer, max_spend=100 * MIDDLE - 1).offered(MIDDLE) == -99


def test_rows_fit_their_bits() -> None:
    """A net beyond 16 bits is cut to the largest row; the rest is the supplier's."""
    assert clear(willing(10**9, -(10**12)), MID, 0).rows == (MAX_ROW_WH, -MAX_ROW_WH)


def test_empty_slots() -> None:
    """No home, no surplus or no deficit: nobody has a row."""
    assert clear([], MID, 3) == Pool(MIDDLE, 0, 0, 0, 0, ())
    assert clear(willing(5, 0), MID, 3) == Pool(MIDDLE, 5, 0, 5, 0, (0, 0))
    assert clear(willing(-5, 0), RATIO, 3) == Pool(RETAIL, 0, 5, 0, 5, (0, 0))


def owners_money(
    slot_homes: list[PoolHome], net_wh: list[int], own: list[int], rule: PoolRule, n: int
) -> int:
    """What an owner of several homes has from a slot, neighbours and supplier, units."""
    pool, money = clear(slot_homes, rule, n), 0
    for i in own:
        rest = net_wh[i] - pool.rows[i]
        money += pool.price * pool.rows[i] + rest * (FEED_IN if rest > 0 else RETAIL)
    return money


def gains_by_withholding(rule: PoolRule, slots: int, seed: int) -> list[tuple[int, int]]:
    """Search: an owner of one to three homes silences meters, refuses the price, or allows less money.

    Returns:
        Gain in units, and number of own homes, of each attempt that gained.
    """
    rng, gains = random.Random(seed), []
    for n in range(slots):
        net_wh = [rng.randrange(-2000, 2001) for _ in range(rng.randrange(3, 21))]
        honest = willing(*net_wh)
        own = rng.sample(range(len(net_wh)), rng.choice([1, 2, 3]))
        tried = list(honest)
        for i in rng.sample(own, rng.randrange(1, len(own) + 1)):
            tried[i] = rng.choice(
                [
                    replace(honest[i], net_wh=0),  # a silent meter: no row, and the supplier bills it all
                    replace(honest[i], buy_limit=0, sell_limit=2**32),
                    replace(honest[i], max_spend=rng.randrange(1000 * RETAIL)),
                ]
            )
        gain = owners_money(tried, net_wh, own, rule, n) - owners_money(honest, net_wh, own, rule, n)
        if gain > 0:
            gains.append((gain, len(own)))
    return gains


def test_no_home_gains_by_withholding() -> None:
    """At the fixed mid, an owner of one to three homes gains in 0 of 6,000 random slots."""
    assert gains_by_withholding(MID, 6000, 13) == []


def test_rounding_can_add_a_wh() -> None:
    """In all slots of a few Wh, silence adds at most one Wh to what its owner's other home trades."""
    gains = []
    for net_wh in product((-5, -4, -1, 0, 2, 5), repeat=4):
        honest = willing(*net_wh)
        silent = [replace(honest[0], net_wh=0), *honest[1:]]
        for n in range(4):
            before, after = (owners_money(slot, list(net_wh), [0, 1], MID, n) for slot in (honest, silent))
            gains.append(after - before)
    spread = MIDDLE - FEED_IN
    assert max(gains) == spread == RETAIL - MIDDLE
    assert 0 < sum(gain > 0 for gain in gains) < len(gains) // 50


def test_ratio_rewards_withholding() -> None:
    """With the supply–demand ratio an owner of two sellers gains by silencing one: why it is no default."""
    net_wh = [500, 500, -1000]
    honest = willing(*net_wh)
    silent = [replace(honest[0], net_wh=0), *honest[1:]]
    before, after = (owners_money(slot, net_wh, [0, 1], RATIO, 0) for slot in (honest, silent))
    assert (before, after) == (1000 * FEED_IN, 500 * FEED_IN + 500 * 126_315)
    assert len(gains_by_withholding(RATIO, 2000, 13)) > 10


@pytest.mark.parametrize(("retail", "feed_in"), [(2**32, 1), (5, 6), (5, 0)])
def test_revert_given_bad_prices(retail: int, feed_in: int) -> None:
    """A price fits 32 bits and is above 0, and retail is not below the feed-in price."""
    with pytest.raises(BadInput) as error:
        PoolRule(retail, feed_in)
    assert str(error.value) == (
        "the prices must satisfy 1 <= feed-in <= retail < 4294967296 units per Wh, but the feed-in price is"
        f" {feed_in} and the retail price is {retail}"
    )


def test_revert_given_bad_home() -> None:
    """A limit is not negative."""
    with pytest.raises(BadInput, match="the limits of an order must not be negative, but they are 1, 0 and"):
        PoolHome(0, 1, 0, -1)
