"""The generalised second-price rule: against its definition, in chunks, and with bidders who lie."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from energy_trading.errors import BadInput
from energy_trading.rules.gsp import (
    AuctionRules,
    Award,
    Decision,
    OpenedQuote,
    Ranking,
    award,
    decide,
    settle_chunk,
)

BIDDERS = "ABCDEF"
BAD_LOTS = "An auction has one lot or more, each above 0 Wh, the largest first; not {}."
ELIGIBLE = frozenset("ABCDE")  # F is banned

lots = st.lists(st.integers(1, 5_000), min_size=1, max_size=4).map(lambda x: tuple(sorted(x, reverse=True)))
quotes = st.lists(st.tuples(st.sampled_from(BIDDERS), st.none() | st.integers(0, 9)), max_size=14)
limits = st.tuples(st.integers(0, 9), st.integers(0, 9)).map(sorted)


def by_definition(given: list[OpenedQuote], lots_wh: tuple[int, ...], start: int, ceiling: int) -> Decision:
    """Take the best valid quote of a bidder without a lot, again and again, by looking at all of them."""
    left = [(amount, -place, bidder) for place, (bidder, amount) in enumerate(given) if amount is not None]
    left = [quote for quote in left if start <= quote[0] <= ceiling and quote[2] in ELIGIBLE]
    order: list[tuple[str, int]] = []
    while left:
        amount, _, bidder = max(left)
        order.append((bidder, amount))
        left = [quote for quote in left if quote[2] != bidder]
    awards = []
    for place, lot_wh in enumerate(lots_wh[: len(order)]):
        price = order[place + 1][1] if place + 1 < len(order) else start
        awards.append(Award(order[place][0], lot_wh, price, lot_wh * price // 1000))
    return Decision(tuple(awards), order[len(lots_wh)][0] if len(order) > len(lots_wh) else None)


@settings(max_examples=400)
@given(quotes, lots, limits)
@example([("A", 5), ("B", 5), ("A", 5)], (1000,), [0, 9])
@example([("A", 3), ("B", 5), ("A", 5)], (1000,), [0, 9])
def test_decision_is_the_definition(
    given: list[OpenedQuote], lots_wh: tuple[int, ...], limit: list[int]
) -> None:
    """X-7: lots by size to bidders by their highest valid quote, earlier first, at the next one's quote."""
    assert decide(given, lots_wh, *limit, ELIGIBLE) == by_definition(given, lots_wh, *limit)


@settings(max_examples=400)
@given(quotes, lots, limits, st.lists(st.integers(0, 14), max_size=6))
def test_decision_does_not_depend_on_the_chunks(
    given: list[OpenedQuote], lots_wh: tuple[int, ...], limit: list[int], cuts: list[int]
) -> None:
    """X-7: quotes settled from the newest chunk to the oldest, however cut, decide as all at once."""
    rules = AuctionRules(lots_wh, *limit)
    ends = sorted({0, len(given), *(cut for cut in cuts if cut < len(given))})
    ranking: Ranking = ()
    for start, end in reversed(list(pairwise(ends))):
        ranking = settle_chunk(ranking, given[start:end], rules, ELIGIBLE)
        assert len(ranking) <= len(lots_wh) + 1
    assert award(ranking, rules) == decide(given, lots_wh, *limit, ELIGIBLE)


@settings(max_examples=300)
@given(quotes, lots, limits)
def test_nobody_pays_more_than_they_quoted(
    given: list[OpenedQuote], lots_wh: tuple[int, ...], limit: list[int]
) -> None:
    """X-7: winners pay between the start price and their own highest quote, larger lots at no lower price."""
    decision = decide(given, lots_wh, *limit, ELIGIBLE)
    for won in decision.awards:
        own = [amount for bidder, amount in given if bidder == won.bidder and amount is not None]
        assert limit[0] <= won.price_per_kwh <= max(amount for amount in own if amount <= limit[1])
        assert won.payment * 1000 <= won.lot_wh * won.price_per_kwh < (won.payment + 1) * 1000
    prices = [won.price_per_kwh for won in decision.awards]
    assert prices == sorted(prices, reverse=True)
    assert [won.lot_wh for won in decision.awards] == list(lots_wh[: len(prices)])
    winners = [won.bidder for won in decision.awards]
    assert len({*winners, decision.runner_up}) == len(winners) + 1
    assert set(winners) <= ELIGIBLE


@settings(max_examples=200)
@given(quotes, lots, limits, st.sampled_from(sorted(ELIGIBLE)), st.integers(0, 9))
def test_quoting_again_only_raises(
    given: list[OpenedQuote], lots_wh: tuple[int, ...], limit: list[int], bidder: str, amount: int
) -> None:
    """X-7: a later quote no higher than the bidder's best valid one changes nothing."""
    own = [a for b, a in given if b == bidder and a is not None and limit[0] <= a <= limit[1]]
    repeated = [*given, (bidder, min(amount, max(own, default=-1)))]
    assert decide(repeated, lots_wh, *limit, ELIGIBLE) == decide(given, lots_wh, *limit, ELIGIBLE)


@settings(max_examples=200)
@given(st.permutations(range(9)), lots, st.integers(0, 3))
def test_revenue_is_the_sum_of_the_next_quotes(
    order: list[int], lots_wh: tuple[int, ...], start: int
) -> None:
    """X-7: revenue is each lot times the next quote in the sorted list, whoever gave it and whenever."""
    amounts = order[:5]
    decision = decide(list(zip(BIDDERS, amounts, strict=False)), lots_wh, start, 9, ELIGIBLE)
    ladder = sorted((amount for amount in amounts if amount >= start), reverse=True)
    steps = [*ladder[1:], start][: len(ladder)]
    expected = sum(lot * step // 1000 for lot, step in zip(lots_wh, steps, strict=False))
    assert sum(won.payment for won in decision.awards) == expected


def gain(bids: tuple[int, ...], value: int, bidder: int, start: int) -> int:
    """What an auction of one lot of 1 kWh leaves to a bidder who values it so."""
    decision = decide(list(zip(BIDDERS, bids, strict=False)), (1000,), start, 9, BIDDERS)
    return sum(value - won.payment for won in decision.awards if won.bidder == BIDDERS[bidder])


@pytest.mark.parametrize(("bidders", "start"), [(1, 0), (1, 2), (2, 0), (2, 2), (3, 0), (3, 2), (4, 2)])
def test_truth_is_best_for_one_lot(bidders: int, start: int) -> None:
    """X-7: with one lot no bid beats the true value, whatever others bid (Vickrey 1961); all cases 0 … 5."""
    cases = 0
    for others in product(range(6), repeat=bidders - 1):
        for place in range(bidders):
            outcomes = [
                [gain((*others[:place], bid, *others[place:]), value, place, start) for value in range(6)]
                for bid in range(6)
            ]
            for value in range(6):
                assert all(outcomes[bid][value] <= outcomes[value][value] for bid in range(6))
                cases += 1
    assert cases == 6**bidders * bidders


def test_truth_is_not_best_for_two_lots() -> None:
    """X-7: with several lots GSP is not truthful (Edelman 2007): a lower quote for a smaller lot may pay."""
    lots_wh, value = (1000, 900), 10
    others: list[OpenedQuote] = [("B", 9), ("C", 2)]
    truth = decide([("A", value), *others], lots_wh, 0, 10, BIDDERS)
    lie = decide([("A", 5), *others], lots_wh, 0, 10, BIDDERS)
    assert truth == Decision((Award("A", 1000, 9, 9), Award("B", 900, 2, 1)), "C")
    assert lie == Decision((Award("B", 1000, 5, 5), Award("A", 900, 2, 1)), "C")
    # Gains per 1000 kWh: 1000·(10-9) against 900·(10-2).
    assert 1000 * (value - 9) == 1000 < 900 * (value - 2) == 7200


@pytest.mark.parametrize(
    ("given", "decision"),
    [
        ([], Decision((), None)),
        ([("A", None), ("F", 5), ("B", 1), ("C", 9)], Decision((), None)),
        ([("A", 5)], Decision((Award("A", 1500, 2, 3),), None)),
        ([("A", 5), ("B", 4)], Decision((Award("A", 1500, 4, 6), Award("B", 750, 2, 1)), None)),
        (
            [("A", 5), ("B", 5), ("C", 5)],
            Decision((Award("A", 1500, 5, 7), Award("B", 750, 5, 3)), "C"),
        ),
        (
            [("A", 4), ("B", 5), ("A", 5), ("C", 3)],
            Decision((Award("B", 1500, 5, 7), Award("A", 750, 3, 2)), "C"),
        ),
    ],
    ids=["no quote", "no valid quote", "fewer than lots", "as many as lots", "ties", "raised into a tie"],
)
def test_examples(given: list[OpenedQuote], decision: Decision) -> None:
    """X-7: by hand, two lots of 1.5 and 0.75 kWh, valid from 2 to 8."""
    assert decide(given, (1500, 750), 2, 8, ELIGIBLE) == decision


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (((), 0, 1), BAD_LOTS.format("[]")),
        (((1, 2), 0, 1), BAD_LOTS.format("[1, 2]")),
        (((1, 0), 0, 1), BAD_LOTS.format("[1, 0]")),
        (((1,), 2, 1), "The start price must be between 0 and 1, not 2."),
        (((1,), -1, 1), "The start price must be between 0 and 1, not -1."),
    ],
)
def test_revert_given_bad_rules(arguments: tuple[Any, ...], text: str) -> None:
    """X-7: an auction has lots, largest first, and a start price no higher than its ceiling."""
    with pytest.raises(BadInput) as error:
        decide([], *arguments, ELIGIBLE)
    assert str(error.value) == text
