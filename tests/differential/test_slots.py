"""Lanes, prices, rows and draws of the slot market: contract == rules, to the bit."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from energy_trading.chain.in_process import in_process
from energy_trading.rules import pool
from energy_trading.rules.council import draw
from energy_trading.rules.lanes import MAX_LANE, pack_lanes, pay_each, pay_lanes, unpack_lanes
from energy_trading.rules.pool import PoolHome, PoolPrice, PoolRule
from energy_trading.rules.slot_pool import (
    clear,
    pack_rows,
    pool_price,
    row_fits,
    rows_root,
    unpack_rows,
)
from energy_trading.types import ZERO_ADDRESS, Order, Pricing, Result
from tests.contracts.energy_ledger.tools import TestContract
from tests.contracts.offer_market.tools import compiled

BATCH, BATCHES = 1_000, 12
PRICES = (1, 2, 190_000, 2**31, 2**32 - 1)
BALANCES = (0, 1, 2**40, 2**62, MAX_LANE - 1, MAX_LANE)


@pytest.fixture(scope="module")
def harness() -> TestContract:
    chain = in_process()
    return TestContract(chain, chain.deploy(compiled("SlotHarness").bytecode, chain.accounts[0])[0])


def test_lanes(harness: TestContract) -> None:
    """Four lanes moved equal four balances moved, with every overdraft and every full lane shown (Z-5)."""
    rng, seen = random.Random(13), Counter[str]()
    for _ in range(BATCHES):
        cases, packed, expected = [], [], []
        for _ in range(BATCH):
            price = rng.choice((*PRICES, rng.randrange(1, 2**32)))
            fee = rng.choice((0, 1, 2**32 - 1, rng.randrange(2**32)))
            rows = [
                rng.choice((0, 1, -1, 2**15 - 1, -(2**15), rng.randrange(-(2**15), 2**15))) for _ in "1234"
            ]
            balances = []
            for row in rows:
                spent = fee * (row < 0) - row * price
                edge = (
                    max(0, spent) + rng.randrange(-1, 2)
                    if spent > 0
                    else MAX_LANE + spent + rng.randrange(-1, 2)
                )
                balances.append(min(max(rng.choice((edge, edge, *BALANCES)), 0), MAX_LANE))
            word = pack_lanes(balances)
            cases.append([word, price, fee])
            packed.append(pack_rows(rows))
            moved, buyers, broken = pay_lanes(word, rows, price, fee)
            each = pay_each(balances, rows, price, fee)
            assert broken == (each is None)
            assert each is None or unpack_lanes(moved) == each
            seen["broken" if broken else "moved"] += 1
            expected.append((moved, buyers, broken))
        found = harness.ask("pay(uint256[3][],bytes[])", "uint256[3][]", cases, packed)
        assert [tuple(case) for case in found] == expected
    assert min(seen.values()) > 1_000, seen


def test_prices(harness: TestContract) -> None:
    """Both formulas stay between the tariffs and round down (Z-4)."""
    rng, cases, expected = random.Random(14), [], []
    for _ in range(2_000):
        retail = rng.choice((1, 2**32 - 1, rng.randrange(1, 2**32)))
        feed_in = rng.choice((1, retail, rng.randrange(1, retail + 1)))
        totals = [rng.choice((0, 1, 2**40 - 1, rng.randrange(2**40), rng.randrange(2**12))) for _ in "12"]
        pricing = rng.choice(list(Pricing))
        cases.append([pricing, retail, feed_in, *totals])
        price = pool_price(pricing, retail, feed_in, *totals)
        assert feed_in <= price <= retail
        expected.append(price)
    assert list(harness.ask("price(uint256[5][])", "uint256[]", cases)) == expected


def test_rows(harness: TestContract) -> None:
    """Totals and root of packed rows (Z-4)."""
    rng = random.Random(15)
    for count in (1, 16, 63, 64, 65, 128, 129, 1000, 4096):
        rows = [rng.choice((0, 2**15 - 1, -(2**15), rng.randrange(-(2**15), 2**15))) for _ in range(count)]
        packed = pack_rows(rows)
        assert unpack_rows(packed)[:count] == rows
        sold, bought = sum(r for r in rows if r > 0), -sum(r for r in rows if r < 0)
        found = harness.ask("measure(bytes)", "(uint256,uint256,bytes32)", packed)
        assert tuple(found) == (sold, bought, rows_root(packed))


def test_fits(harness: TestContract) -> None:
    """Whether a row fits, near the limits of limit, budget and ration (Z-4, Z-7)."""
    rng, seen, cases, expected = random.Random(16), Counter[bool](), [], []
    for _ in range(4_000):
        net = rng.choice((0, 1, -1, 40_000, -40_000, rng.randrange(-3000, 3000), -(2**255)))
        supply, demand = rng.randrange(1, 9000), rng.randrange(1, 9000)
        price, fee = rng.randrange(1, 50), rng.choice((0, 7))
        budget = rng.choice((0, fee, 10**9, rng.randrange(60_000)))
        buy, sell = rng.choice((2**32, price, price - 1)), rng.choice((0, price, price + 1))
        exact = rng.random() < 0.5
        order = Order(ZERO_ADDRESS, 5, 9, buy, sell, 0, 0)
        result = Result(7, price, 0, 0, supply, demand, bytes(32), bytes(32), ZERO_ADDRESS)
        rows = list(range(-3100, 3100, 37))
        wh = min(abs(net), 2**15 - 1)
        own, other = (supply, demand) if net > 0 else (demand, supply)
        share = wh * other // own if own > other else wh
        row = rng.choice((0, share, share + 1, share - 1, *rows)) * (1 if net > 0 else -1)
        cases.append([row, net, buy, sell, budget, int(exact), price, supply, demand, fee])
        expected.append(row_fits(row, order, net, budget, exact, result, fee))
        seen[expected[-1]] += 1
    assert list(harness.ask("fits(int256[10][])", "bool[]", cases)) == expected
    assert min(seen.values()) > 100, seen


def test_draws(harness: TestContract) -> None:
    """Clustered sampling: each feeder gives one before any gives two, and excluded places none (Z-1)."""
    rng = random.Random(17)
    for _ in range(150):
        feeders = sorted(rng.randrange(rng.choice((1, 4, 12))) for _ in range(rng.randrange(0, 60)))
        excluded = {place for place in range(len(feeders)) if rng.random() < 0.2}
        seed, count = rng.randbytes(32), rng.randrange(0, 17)
        packed = b"".join(f.to_bytes(2, "big") + i.to_bytes(20, "big") for i, f in enumerate(feeders))
        bits = sum(1 << place for place in excluded)
        found = draw(feeders, excluded, seed, count)
        signature = "draw(bytes,uint256,bytes32,uint256)"
        assert list(harness.ask(signature, "uint256[]", packed, bits, seed, count)) == found
        assert len(set(found)) == len(found)
        assert not excluded & set(found)
        given = Counter(feeders[place] for place in found)
        room = Counter(f for place, f in enumerate(feeders) if place not in excluded)
        assert all(given[f] >= min(room[f], max(given.values()) - 1) for f in room if found)


def test_cleared_slots_are_what_the_contract_accepts() -> None:
    """Σ = 0, the local match complete, and every row one that its home cannot dispute (Z-4)."""
    rng = random.Random(18)
    for number in range(1_500):
        slot, homes, fee = 7 + number, rng.randrange(2, 30), rng.choice((0, 100))
        shares = {}
        for home in range(homes):
            order = Order(
                ZERO_ADDRESS, slot - 1, slot, rng.choice((2**32, 19, 21)), rng.choice((0, 19, 21)), 0, 0
            )
            shares[home] = (order, rng.randrange(-900, 900), rng.choice((10**9, rng.randrange(20_000))))
        pricing = rng.choice(list(Pricing))
        cleared = clear(slot, homes, shares, pricing, 30, 8, fee)
        assert sum(cleared.rows) == 0
        assert sum(r for r in cleared.rows if r > 0) == min(cleared.supply_wh, cleared.demand_wh)
        result = Result(
            slot, cleared.price, 0, 0, cleared.supply_wh, cleared.demand_wh, b"", b"", ZERO_ADDRESS
        )
        for home, (order, net, budget) in shares.items():
            assert row_fits(cleared.rows[home], order, net, budget, True, result, fee)


def test_slot_pool_is_the_pool() -> None:
    """Orders with slots, caps and fees are cleared as the pool clears what is left of them (Z-4)."""
    rng, seen = random.Random(19), Counter[str]()
    for number in range(10_000):
        slot, homes, fee = 50 + number, rng.randrange(1, 13), rng.choice((0, 1, 100))
        pricing, feed_in = rng.choice(list(Pricing)), rng.randrange(1, 20)
        retail = rng.randrange(feed_in, 40)
        members, shares = [PoolHome(0, 0, 0, 0)] * homes, {}
        for home in rng.sample(range(homes), rng.randrange(homes // 2, homes + 1)):
            first = slot + rng.choice((0, 0, 0, -1, -2, 1))
            last = first + rng.randrange(3)
            net = rng.choice((0, 40_000, -40_000, *(rng.randrange(-900, 900) for _ in range(4))))
            budget = rng.choice((10**9, rng.randrange(9_000)))
            buy, sell = rng.choice((45, 45, rng.randrange(45))), rng.choice((0, 0, rng.randrange(45)))
            shares[home] = (Order(ZERO_ADDRESS, first, last, buy, sell, 0, 0), net, budget)
            counts = first <= slot and slot <= last
            seen["counts" if counts else "another slot's"] += 1
            # Written out once more: an order for other slots is none, and a buyer first pays the fee.
            if counts:
                money = budget - fee if budget > fee else 0
                seen["capped"] += net < 0 and money < -net * feed_in
                members[home] = PoolHome(net, buy, sell, money)
        kind = PoolPrice.MID_RATE if pricing == Pricing.MID_RATE else PoolPrice.SUPPLY_DEMAND_RATIO
        expected = pool.clear(members, PoolRule(retail, feed_in, kind), slot)
        assert clear(slot, homes, shares, pricing, retail, feed_in, fee) == expected
        seen["traded"] += any(expected.rows)
    assert min(seen.values()) > 1_000, seen


def test_directories(harness: TestContract) -> None:
    """A stored list gives back the list, whatever its feeders; an empty one is empty (Z-1)."""
    rng, types = random.Random(20), ("bytes", "bytes", "uint256")
    for count in (0, 1, 2, 31, 32, 33, 95, 96):
        for kinds in (1, 7, 96):
            feeders = sorted(rng.randrange(kinds) for _ in range(count))
            packed = b"".join(f.to_bytes(2, "big") + rng.randbytes(20) for f in feeders)
            stored, back, members = harness._read("directory(bytes)", ["bytes"], (packed,), types)
            sizes = Counter(feeders)
            starts = [feeders.index(feeder) for feeder in sorted(sizes)]
            header = bytes([len(sizes), *(sizes[f] for f in sorted(sizes)), *starts])
            assert (stored, back, members) == (header + packed, packed, count)
