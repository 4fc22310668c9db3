"""The mid-rate pool: complete, balanced, checked by each home alone, and nothing to gain by silence."""

import random
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_trading.errors import BadInput
from energy_trading.rules.pool import MAX_ROW_WH, Pool, PoolHome, PoolPrice, PoolRule, clear, ration
from energy_trading.rules.positions import Tariffs

RETAIL, FEED_IN = 300_000_000, 80_000_000
TARIFFS = Tariffs(RETAIL, FEED_IN)
MID = PoolRule(TARIFFS)
RATIO = PoolRule(TARIFFS, PoolPrice.SUPPLY_DEMAND)
#: accepts every price and can pay for everything
WILLING = PoolHome(0, 2**32 - 1, 0, 2**62)

nets = st.lists(st.integers(-MAX_ROW_WH, MAX_ROW_WH), max_size=30)
prices = st.integers(0, 2**32 - 1)
tariffs = st.tuples(prices, prices).map(lambda pair: Tariffs(max(pair), min(pair)))
rules = st.builds(PoolRule, tariffs, st.sampled_from(PoolPrice))
limits = st.sampled_from([0, 2**32 - 1]) | prices
homes = st.lists(st.builds(PoolHome, st.integers(-(2**17), 2**17), limits, limits, st.integers(0, 2**38)))
slots = st.integers(0, 2**32)


def willing(*net_wh: int) -> list[PoolHome]:
    return [replace(WILLING, net_wh=net) for net in net_wh]


def test_example_of_the_page() -> None:
    """By hand: 1,000 Wh for sale, 600 Wh wanted; 3/5 of each, the two missing Wh to the first in turn."""
    slot = willing(501, 333, 166, -200, -400)
    assert clear(slot, MID, 0) == Pool(190_000_000, 1000, 600, (301, 200, 99, -200, -400))
    assert clear(slot, MID, 1) == Pool(190_000_000, 1000, 600, (300, 200, 100, -200, -400))
    assert clear(slot, MID, 2) == Pool(190_000_000, 1000, 600, (301, 199, 100, -200, -400))
    assert clear(slot, MID, 5).rows == clear(slot, MID, 0).rows


@settings(max_examples=300, deadline=None)
@given(nets, rules, slots)
def test_match_is_complete(net_wh: list[int], rule: PoolRule, slot: int) -> None:
    """Where no limit binds, the homes share the smaller of surplus and deficit to the Wh."""
    pool = clear(willing(*net_wh), rule, slot)
    surplus, deficit = sum(n for n in net_wh if n > 0), -sum(n for n in net_wh if n < 0)
    assert (pool.surplus_wh, pool.deficit_wh) == (surplus, deficit)
    assert sum(abs(row) for row in pool.rows) == 2 * min(surplus, deficit)


@settings(max_examples=300, deadline=None)
@given(homes, rules, slots)
def test_rows_keep_every_limit(slot_homes: list[PoolHome], rule: PoolRule, slot: int) -> None:
    """Rows add up to 0; nobody trades more than its net, against its limit, or beyond what it may spend."""
    pool = clear(slot_homes, rule, slot)
    assert sum(pool.rows) == 0
    assert rule.lowest <= pool.price <= rule.highest
    for home, row in zip(slot_homes, pool.rows, strict=True):
        assert 0 <= row <= home.net_wh or home.net_wh <= row <= 0
        assert abs(row) <= MAX_ROW_WH
        assert row <= 0 or home.sell_limit <= pool.price
        assert row >= 0 or home.buy_limit >= pool.price
        assert -row * pool.price <= home.max_spend * 1000


@settings(max_examples=300, deadline=None)
@given(homes, rules, slots)
def test_each_home_checks_its_own_row(slot_homes: list[PoolHome], rule: PoolRule, slot: int) -> None:
    """Price, totals and its own reading tell a home its row to the Wh; a row beside them is wrong."""
    pool = clear(slot_homes, rule, slot)
    assert pool.price == rule.price(pool.surplus_wh, pool.deficit_wh)
    for home, row in zip(slot_homes, pool.rows, strict=True):
        allowed = home.rows_allowed(pool.surplus_wh, pool.deficit_wh, rule)
        assert row in allowed
        assert len(allowed) <= 2


def test_rows_allowed() -> None:
    """By hand: the short side has one right row, the long side two unless its share is whole."""
    seller, buyer = willing(501, -501)
    assert list(seller.rows_allowed(1000, 600, MID)) == [300, 301]
    assert list(buyer.rows_allowed(600, 1000, MID)) == [-301, -300]
    assert list(seller.rows_allowed(501, 600, MID)) == [501]
    assert list(buyer.rows_allowed(600, 501, MID)) == [-501]
    assert list(replace(seller, net_wh=500).rows_allowed(1000, 600, MID)) == [300]
    assert list(replace(seller, sell_limit=2**32).rows_allowed(1000, 600, MID)) == [0]


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
    ("surplus", "deficit", "price"),
    [
        (0, 100, RETAIL),
        (1, 10**9, 299_999_999),
        (50, 100, 126_315_789),  # 2 · 8e7 · 3e8 / (2.2e8 + 2 · 8e7), by Liu's formula
        (99, 100, 80_591_000),
        (100, 100, FEED_IN),
        (300, 100, FEED_IN),
        (0, 0, FEED_IN),
    ],
)
def test_price_by_the_ratio(surplus: int, deficit: int, price: int) -> None:
    """From retail down to the feed-in price as the surplus grows; rounded down. The fixed mid never moves."""
    assert RATIO.price(surplus, deficit) == price
    assert MID.price(surplus, deficit) == 190_000_000


def test_limits_decide_by_the_whole_band_of_prices() -> None:
    """With the ratio a home takes part if it accepts every price from feed-in to retail (docs/slots.md)."""
    seller, buyer = willing(100, -100)
    for rule, lowest, highest in ((MID, 190_000_000, 190_000_000), (RATIO, FEED_IN, RETAIL)):
        assert replace(seller, sell_limit=lowest).offered(rule) == 100
        assert replace(seller, sell_limit=lowest + 1).offered(rule) == 0
        assert replace(buyer, buy_limit=highest).offered(rule) == -100
        assert replace(buyer, buy_limit=highest - 1).offered(rule) == 0


def test_spending_is_capped_not_punished() -> None:
    """A home that cannot pay for all it drew buys what it can pay for; the others share the rest."""
    seller, buyer, other = willing(1000, -800, -400)
    capped = replace(buyer, max_spend=19_000_000)  # 100 Wh at the mid price
    assert clear([seller, capped, other], MID, 0).rows == (500, -100, -400)
    assert replace(buyer, max_spend=18_999_999).offered(MID) == -99
    assert capped.offered(RATIO) == -63  # what it could pay for at the retail price
    assert replace(buyer, max_spend=0).offered(PoolRule(Tariffs(0, 0))) == -800  # at price 0 all is paid


def test_rows_fit_their_bits() -> None:
    """A net beyond 16 bits is cut to the largest row; the rest is the supplier's."""
    assert clear(willing(10**9, -(10**12)), MID, 0).rows == (MAX_ROW_WH, -MAX_ROW_WH)


def test_empty_slots() -> None:
    """No home, no surplus or no deficit: nobody has a row."""
    assert clear([], MID, 3) == Pool(190_000_000, 0, 0, ())
    assert clear(willing(5, 0), MID, 3) == Pool(190_000_000, 5, 0, (0, 0))
    assert clear(willing(-5, 0), RATIO, 3) == Pool(RETAIL, 0, 5, (0, 0))


def owners_money(
    slot_homes: list[PoolHome], net_wh: list[int], own: list[int], rule: PoolRule, n: int
) -> int:
    """What an owner of several homes has from a slot, neighbours and supplier, thousandths of a unit."""
    pool, money = clear(slot_homes, rule, n), 0
    for i in own:
        rest = net_wh[i] - pool.rows[i]
        money += pool.price * pool.rows[i] + rest * (FEED_IN if rest > 0 else RETAIL)
    return money


def gains_by_withholding(rule: PoolRule, slots: int, seed: int) -> list[tuple[int, int]]:
    """Search: an owner of one to three homes silences meters, refuses the price, or allows less money.

    Returns:
        Gain in thousandths of a unit, and number of own homes, of each attempt that gained.
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
                    replace(honest[i], max_spend=rng.randrange(RETAIL)),
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
    spread = 190_000_000 - FEED_IN
    assert max(gains) == spread == RETAIL - 190_000_000
    assert 0 < sum(gain > 0 for gain in gains) < len(gains) // 50


def test_ratio_rewards_withholding() -> None:
    """With the supply–demand ratio an owner of two sellers gains by silencing one: why it is no default."""
    net_wh = [500, 500, -1000]
    honest = willing(*net_wh)
    silent = [replace(honest[0], net_wh=0), *honest[1:]]
    before, after = (owners_money(slot, net_wh, [0, 1], RATIO, 0) for slot in (honest, silent))
    assert (before, after) == (1000 * FEED_IN, 500 * FEED_IN + 500 * 126_315_789)
    assert len(gains_by_withholding(RATIO, 2000, 13)) > 20


def test_revert_given_bad_rule_or_home() -> None:
    """A price fits 32 bits; a limit is not negative."""
    with pytest.raises(BadInput, match="the retail price must be below 4294967296 units per kWh, not 42949"):
        PoolRule(Tariffs(2**32, 0))
    with pytest.raises(
        BadInput, match="the limits of an order must not be negative, but they are 1, 0 and -1"
    ):
        PoolHome(0, 1, 0, -1)
