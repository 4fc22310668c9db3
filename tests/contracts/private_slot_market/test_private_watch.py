"""What a home finds wrong with what it is handed is a dispute that it wins."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from energy_trading.errors import BadInput
from energy_trading.market.slots.private import (
    Complaint,
    HandedLeaf,
    HomeBook,
    RowPromise,
    find_wrong_node,
    leaves_of,
    money_of_day,
    root_of,
    salt_of,
    slots_of_day,
)
from energy_trading.rules.sum_tree import SumTree
from tests.contracts.private_slot_market.house import ANSWER, CAP, DAY_SLOTS, PRICE, PrivateHouse, Sums
from tests.contracts.private_slot_market.test_private_attacks import ForgedTree, post_tree
from tests.contracts.private_slot_market.test_private_attacks import leaves_of as plain_leaves

NETS = {0: 900, 1: -400, 2: -300}
SECRET = b"\x07" * 32


def handed(sums: Sums, home: int) -> HandedLeaf:
    return HandedLeaf(sums.posted, sums.open(home))


def promise(sums: Sums, home: int, **changes: Any) -> RowPromise:
    return RowPromise(sums.orders[home], sums.readings[home], CAP, **changes)


def test_an_honest_day_has_no_complaint(house: PrivateHouse) -> None:
    """Each home checks its own leaf and money (Z-4, Z-5)."""
    books = [HomeBook(home) for home in range(5)]
    made = [house.post_sums(nets) for nets in (NETS, {0: -200, 3: 500, 4: -100}, NETS)]
    for sums in made:
        for book in books:
            known = promise(sums, book.home) if book.home in sums.readings else None
            assert book.check_slot(sums.posted, handed(sums, book.home), known, CAP) is None
    daily = house.post_daily(made[0].slot // DAY_SLOTS)
    assert [book.check_day(daily.posted, daily.money, DAY_SLOTS) for book in books] == [None] * 5
    assert slots_of_day(daily.posted.day, DAY_SLOTS) == (made[-1].slot,)
    assert money_of_day(made[-1].tree.leaves, []) == house.due(daily.day)
    assert books[0].reused_salts() == []
    with pytest.raises(BadInput, match="not the money"):
        books[0].check_day(daily.posted, daily.money[::-1], DAY_SLOTS)


def test_each_complaint_wins(house: PrivateHouse) -> None:
    """Wrong sum, misfill, cap: what the home says is what the contract finds (Z-6, Z-7)."""
    book = HomeBook(1)
    first = house.post_sums(NETS)
    assert book.check_slot(first.posted, handed(first, 1), promise(first, 1), CAP) is None
    wrong = house.post_sums(NETS, money={1: -5})
    assert book.check_slot(wrong.posted, handed(wrong, 1), promise(wrong, 1), CAP) == Complaint.WRONG_SUM
    house.ok("wrong_sum", wrong.posted, 1, wrong.open(1), *house.earlier(wrong, 1))
    less = house.post_sums(NETS, rows=[699, -399, -300, 0, 0])
    assert book.check_slot(less.posted, handed(less, 1), promise(less, 1), CAP) == Complaint.MISFILL
    house.ok("misfill", less.posted, 1, less.open(1), *house.acked(less, 1))
    dear = house.post_sums(NETS)
    known = promise(dear, 1)
    assert book.check_slot(dear.posted, handed(dear, 1), known, 399 * PRICE) == Complaint.OVERSPEND
    assert (
        book.check_slot(dear.posted, handed(dear, 1), replace(known, frozen=True), CAP) == Complaint.OVERSPEND
    )


def test_what_is_not_handed_over_is_demanded(house: PrivateHouse) -> None:
    """No leaf, another's leaf, a leaf of another tree, energy without an order (Z-4)."""
    book = HomeBook(1)
    first, sums = house.post_sums(NETS), house.post_sums(NETS)
    known = promise(sums, 1)
    posted = sums.posted
    lie = replace(sums.open(1), leaf=replace(sums.leaf(1), wh=-1))
    short = replace(sums.open(1), beside=())
    for given in (
        None,
        handed(first, 1),
        handed(sums, 2),
        HandedLeaf(posted, lie),
        HandedLeaf(posted, short),
        HandedLeaf(replace(posted, homes=6), sums.open(1)),
        handed(sums, 1),  # the leaf before was never handed over
    ):
        assert book.check_slot(posted, given, known, CAP) == Complaint.DEMAND
    book.handed[first.slot] = handed(first, 1)
    assert book.check_slot(posted, handed(sums, 1), None, CAP) == Complaint.DEMAND
    assert book.check_slot(posted, handed(sums, 1), known, CAP) is None
    house.ok("demand", sums.slot, 1, by=house.owners[1])
    house.ok("answer", *house.answer_args(sums, 1))


def test_a_wrong_day_is_found(house: PrivateHouse) -> None:
    """Void slots within the sums are taken off; a leaf that is missing is demanded (Z-5)."""
    book = HomeBook(0)
    made = [house.post_sums(NETS) for _ in range(3)]
    void = made[1]
    house.ok("misfill", void.posted, 0, void.open(0), *house.acked(void, 0, of_reading=house.other(void, 0)))
    day = void.slot // DAY_SLOTS
    due = house.due(day)
    lie = house.post_daily(day, money=[leaf.money for leaf in made[-1].tree.leaves])
    for sums in made[::2]:
        assert book.check_slot(sums.posted, handed(sums, 0), promise(sums, 0), CAP) in (
            None,
            Complaint.DEMAND,
        )
    assert book.check_day(lie.posted, lie.money, DAY_SLOTS) == Complaint.DEMAND
    book.handed[void.slot] = handed(void, 0)
    assert book.check_day(lie.posted, lie.money, DAY_SLOTS) == Complaint.WRONG_DAY
    house.ok("wrong_day", *house.proofs(lie, 0))
    daily = house.post_daily(day)
    assert book.check_day(daily.posted, daily.money, DAY_SLOTS) is None
    assert due == money_of_day(made[-1].tree.leaves, [(void.tree.leaves, PRICE)])


def test_who_has_the_tree_finds_the_wrong_node(house: PrivateHouse) -> None:
    """A member of the next cluster, who has all leaves (Z-6)."""
    leaves = plain_leaves(house, (900, -400, -300, 0, 0), house.next_time // 900)
    sums = post_tree(house, ForgedTree(tuple(leaves), {(1, 0): (300, 400)}))
    found = find_wrong_node(sums.posted, sums.tree)
    assert found is not None
    house.ok("wrong_tree", sums.posted, *found)
    house.go(house.chain.now() + ANSWER)
    honest = house.post_sums(NETS)
    assert find_wrong_node(honest.posted, honest.tree) is None


def test_leaves_of_a_slot() -> None:
    """Sums go on, salts are never the same, and what cannot be a leaf is refused (Z-4, Z-5)."""
    first = leaves_of(8, [700, -700], PRICE, None, SECRET)
    second = leaves_of(9, [-100, 100], PRICE, first, SECRET)
    assert [leaf.money for leaf in second] == [600 * PRICE, -600 * PRICE]
    assert len({leaf.salt for leaf in (*first, *second)}) == 4
    assert len(root_of(SumTree(first), 700, 8)) == 32
    with pytest.raises(BadInput, match="change hands"):
        root_of(SumTree(first), 699, 8)
    with pytest.raises(BadInput, match="do not fit a leaf"):
        leaves_of(8, [40_000, -40_000], PRICE, None, SECRET)
    with pytest.raises(BadInput, match="has 2 homes"):
        leaves_of(9, [1, 2, -3], PRICE, first, SECRET)
    with pytest.raises(BadInput, match="32 random bytes"):
        salt_of(b"short", 0, 0)


def test_a_salt_used_twice_is_noticed(house: PrivateHouse) -> None:
    """With an opened leaf's salt its energy in the other slot could be guessed."""
    slot = house.next_time // 900
    book = HomeBook(0)
    for i in range(2):
        leaves = plain_leaves(house, (700, -400, -300, 0, 0), slot + i)
        leaves = [replace(leaf, salt=house.salt(leaf.home, 0), money=leaf.money * (i + 1)) for leaf in leaves]
        sums = post_tree(house, SumTree(tuple(leaves)))
        assert book.check_slot(sums.posted, handed(sums, 0), promise(sums, 0), CAP) is None
    assert book.reused_salts() == [slot + 1]
