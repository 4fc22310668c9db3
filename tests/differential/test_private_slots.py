"""Sum trees and a day's money of the private form: contract == rules, to the bit."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from energy_trading.bindings.private_slot_disputes import BadLength
from energy_trading.chain.in_process import in_process
from energy_trading.rules.day_money import money_of, pack_money, unpack_money
from energy_trading.rules.lanes import MAX_LANE, pack_lanes, unpack_lanes
from energy_trading.rules.ledger import Refused
from energy_trading.rules.sum_tree import SumTree, climb, tree_root, way_to
from energy_trading.types import Leaf, Node, Opening, to_abi
from tests.contracts.energy_ledger.tools import TestContract
from tests.contracts.offer_market.tools import compiled

CASES = 12_000
MONEY = (0, 1, -1, 2**39 - 1, -(2**39))


@pytest.fixture(scope="module")
def harness() -> TestContract:
    chain = in_process()
    return TestContract(chain, chain.deploy(compiled("PrivateHarness").bytecode, chain.accounts[0])[0])


def test_money_moves_lanes(harness: TestContract) -> None:
    """Four lanes moved equal four balances moved, with every overdraft and every full lane shown (Z-5)."""
    rng, seen, done = random.Random(41), Counter[str](), 0
    while done < CASES:
        fee = rng.choice((0, 1, 2**32 - 1, rng.randrange(2**32)))
        words, money, expected = [], [], []
        for _ in range(500):
            four = [rng.choice((*MONEY, rng.randrange(-(2**39), 2**39))) for _ in range(4)]
            balances = []
            for units in four:
                spent = fee - units if units < 0 else 0
                edge = spent if units < 0 else MAX_LANE - units
                near = edge + rng.randrange(-1, 2)
                balances.append(min(max(rng.choice((near, near, 2**62, MAX_LANE, 0)), 0), MAX_LANE))
            moved = [b + units - (fee if units < 0 else 0) for b, units in zip(balances, four, strict=True)]
            broken = any(not 0 <= b <= MAX_LANE for b in moved)
            words.append(pack_lanes(balances))
            money += four
            expected.append((moved, sum(units < 0 for units in four), broken))
            seen["broken" if broken else "moved"] += 1
        packed = pack_money(money)
        assert unpack_money(packed) == money
        assert [money_of(packed, home) for home in (0, 7, 1999)] == [money[0], money[7], money[1999]]
        kinds = ["uint256[]", "bytes", "uint256"]
        found = harness._read(
            f"pay({','.join(kinds)})", kinds, (words, packed, fee), ("uint256[3][]", "int256")
        )
        answers, total = found
        assert total == sum(money)
        for (word, payers, shown), (moved, payers_needed, broken) in zip(answers, expected, strict=True):
            assert (payers, bool(shown)) == (payers_needed, broken)
            assert broken or unpack_lanes(word) == moved
        done += 500
    assert min(seen.values()) > 1_000, seen


def test_trees_of_every_size(harness: TestContract) -> None:
    """Each leaf leads to the one root, for any number of homes (Z-4)."""
    rng = random.Random(42)
    for homes in (*range(1, 19), 31, 32, 33, 100):
        wh = [rng.randrange(-500, 501) for _ in range(homes - 1)]
        wh.append(-sum(wh))
        leaves = [Leaf(i, 77, w, rng.randrange(-(2**39), 2**39), rng.randbytes(32)) for i, w in enumerate(wh)]
        tree = SumTree(tuple(leaves))
        sold = sum(w for w in wh if w > 0)
        assert (tree.top.sold, tree.top.bought) == (sold, sold)
        openings = [tree.open(home) for home in range(homes)]
        assert all(climb(opening, homes) == (tree.top.hash, sold, sold) for opening in openings)
        root = tree_root(tree.top.hash, sold, homes, 76)
        roots, sums = climbed(harness, openings, homes, 76)
        assert (list(roots), list(map(tuple, sums))) == ([root] * homes, [(sold, sold)] * homes)
        ways = harness.ask("waysTo(uint256)", "uint256[2][]", homes)
        for home, (bits, count) in enumerate(ways):
            way = way_to(home, homes)
            assert (len(way), sum(right << i for i, right in enumerate(way))) == (count, bits)
            assert len(tree.pairs(home)) == count


def test_random_openings(harness: TestContract) -> None:
    """Openings that are cut, lengthened or made up end at the same hash, or at the same refusal (Z-7)."""
    rng, seen = random.Random(43), Counter[str]()
    for _ in range(300):
        homes = rng.randrange(1, 40)
        home = rng.randrange(homes)
        count = rng.choice((len(way_to(home, homes)), rng.randrange(8)))
        beside = tuple(
            Node(rng.randbytes(32), rng.choice((0, 2**64 - 1, rng.randrange(900))), rng.randrange(900))
            for _ in range(count)
        )
        opening = Opening(Leaf(home, 5, rng.randrange(-900, 900), 7, rng.randbytes(32)), beside)
        if count != len(way_to(home, homes)):
            with pytest.raises(Refused) as refused:
                climb(opening, homes)
            with pytest.raises(BadLength) as caught:
                climbed(harness, [opening], homes, 4)
            assert tuple(caught.value.values) == refused.value.values
            seen["refused"] += 1
            continue
        top, sold, bought = climb(opening, homes)
        roots, sums = climbed(harness, [opening], homes, 4)
        assert (list(roots), list(map(tuple, sums))) == ([tree_root(top, sold, homes, 4)], [(sold, bought)])
        seen["climbed"] += 1
    assert min(seen.values()) > 50, seen


def climbed(harness: TestContract, openings: list[Opening], homes: int, before: int) -> Any:
    """What the contract makes of openings."""
    kind = f"{Opening.ABI}[]"
    arguments = ([kind, "uint256", "uint256"], (to_abi(openings), homes, before))
    return harness._read(f"climb({kind},uint256,uint256)", *arguments, ("bytes32[]", "uint256[2][]"))
