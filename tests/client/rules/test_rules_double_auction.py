"""The uniform-price double auction: no complaint, and the greatest welfare, counted out and by a program."""

import random
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from energy_trading.errors import BadInput
from energy_trading.rules.double_auction import Auction, DoubleAuctionOrder, clear
from energy_trading.rules.pool import MAX_ROW_WH

PLENTY = 2**62
orders = st.lists(
    st.builds(DoubleAuctionOrder, st.integers(-40_000, 40_000), st.integers(1, 12), st.integers(0, 400)),
    max_size=14,
)
slots = st.integers(0, 2**32)


def order(energy_wh: int, limit: int, max_spend: int = PLENTY) -> DoubleAuctionOrder:
    return DoubleAuctionOrder(energy_wh, limit, max_spend)


def complains(given: DoubleAuctionOrder, row: int, price: int) -> bool:
    """Whether an order alone, from price and row, can show that it was treated wrongly."""
    offered = given.offered()
    if not min(0, offered) <= row <= max(0, offered):
        return True
    better = price > given.limit if offered > 0 else price < given.limit
    worse = price < given.limit if offered > 0 else price > given.limit
    return (better and row != offered) or (worse and row != 0)


def welfare(book: list[DoubleAuctionOrder], rows: tuple[int, ...]) -> int:
    return -sum(given.limit * row for given, row in zip(book, rows, strict=True))


@settings(max_examples=400, deadline=None)
@given(orders, slots)
def test_nobody_complains(book: list[DoubleAuctionOrder], slot: int) -> None:
    """Rows add up to 0, and every order is whole, rationed or left out as its limit and the price say."""
    auction = clear(book, slot)
    assert sum(auction.rows) == 0
    assert sum(abs(row) for row in auction.rows) == 2 * auction.volume_wh
    for given_order, row in zip(book, auction.rows, strict=True):
        assert not complains(given_order, row, auction.price)
        assert -row * auction.price <= given_order.max_spend


def small_book(rng: random.Random) -> list[DoubleAuctionOrder]:
    return [order(rng.choice([-3, -2, -1, 1, 2, 3]), rng.randrange(1, 6)) for _ in range(rng.randrange(1, 6))]


def test_right_exactly_when_nobody_complains() -> None:
    """300 small books, all their balanced rows: those without complaint are those of greatest welfare.

    A division has the greatest welfare exactly when nobody complains of it at some price. Ours is one, and no
    division without a complaint at our price moves more energy.
    """
    rng, seen = random.Random(5), 0
    for n in range(300):
        book = small_book(rng)
        ranges = [range(min(0, each.energy_wh), max(0, each.energy_wh) + 1) for each in book]
        balanced = [rows for rows in product(*ranges) if sum(rows) == 0]
        best = max(welfare(book, rows) for rows in balanced)
        ours = clear(book, n)
        assert welfare(book, ours.rows) == best
        for rows in balanced:
            fair = [p for p in range(7) if not any(map(complains, book, rows, [p] * len(book)))]
            assert bool(fair) == (welfare(book, rows) == best)
            if ours.price in fair:
                assert sum(map(abs, rows)) <= 2 * ours.volume_wh
                seen += 1
    assert seen > 300


def test_welfare_is_that_of_a_linear_program() -> None:
    """200 books of up to 40 orders: no division of the energy, in fractions of a Wh either, is better."""
    rng = random.Random(6)
    for n in range(200):
        book = [
            order(rng.choice([-1, 1]) * rng.randrange(1, 3000), rng.randrange(80, 301))
            for _ in range(rng.randrange(2, 41))
        ]
        ours = welfare(book, clear(book, n).rows)
        bounds = [(min(0, each.energy_wh), max(0, each.energy_wh)) for each in book]
        solved = linprog([each.limit for each in book], A_eq=np.ones((1, len(book))), b_eq=[0], bounds=bounds)
        assert solved.success
        assert ours == pytest.approx(-solved.fun, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(
    ("book", "auction"),
    [
        ([], Auction(0, 0, ())),
        ([order(0, 7)], Auction(0, 0, (0,))),
        ([order(-5, 7)], Auction(7, 0, (0,))),
        ([order(5, 9), order(-5, 7)], Auction(8, 0, (0, 0))),
        ([order(5, 4), order(-5, 9)], Auction(6, 5, (5, -5))),
        ([order(5, 4), order(-3, 9)], Auction(4, 3, (3, -3))),
        ([order(3, 4), order(-5, 9)], Auction(9, 3, (3, -5 + 2))),
        ([order(3, 4), order(3, 4), order(-5, 9)], Auction(4, 5, (3, 2, -5))),
        ([order(3, 4), order(5, 6), order(-4, 9), order(-2, 5)], Auction(6, 4, (3, 1, -4, 0))),
        ([order(4, 4), order(-4, 9), order(-2, 5), order(2, 8)], Auction(6, 4, (4, -4, 0, 0))),
    ],
    ids=[
        *("nobody", "nothing", "one alone", "apart", "the middle", "sellers ration", "buyers ration"),
        *("ties", "a part at the price", "bounded by those left out"),
    ],
)
def test_examples(book: list[DoubleAuctionOrder], auction: Auction) -> None:
    """By hand, in slot 0."""
    assert clear(book, 0) == auction


def test_ties_are_rationed_in_turn() -> None:
    """Of equal orders the longer side is divided as in the pool; the odd Wh goes to each in turn."""
    book = [order(10, 4), order(10, 4), order(10, 4), order(-10, 9)]
    assert [clear(book, slot).rows for slot in (0, 1, 2)] == [(4, 3, 3, -10), (3, 4, 3, -10), (3, 3, 4, -10)]


def test_quantity_is_capped_by_the_own_limit() -> None:
    """A buyer of 10 Wh with money for 4 Wh at its limit takes part with 4, whatever the price turns out."""
    book = [order(10, 2), order(-10, 5, 20)]
    assert book[1].offered() == -4
    assert clear(book, 0) == Auction(2, 4, (4, -4))
    assert order(-(10**6), 1).offered() == -MAX_ROW_WH
    assert order(10**6, 1, 0).offered() == MAX_ROW_WH


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((1, 0, 0), "a limit must be between 1 and 4294967295, not 0"),
        ((1, 2**32, 0), "a limit must be between 1 and 4294967295, not 4294967296"),
        ((1, 1, -1), "the most to spend must not be negative, but it is -1"),
    ],
)
def test_revert_given_bad_order(arguments: tuple[int, int, int], text: str) -> None:
    """A limit fits 32 bits, and an allowance is not negative."""
    with pytest.raises(BadInput) as error:
        DoubleAuctionOrder(*arguments)
    assert str(error.value) == text
