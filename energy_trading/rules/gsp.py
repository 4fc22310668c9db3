"""Who wins the lots of an auction, and at which price: the generalised second-price rule, in integers."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from energy_trading.errors import BadInput
from energy_trading.types import WH_PER_KWH

OpenedQuote: TypeAlias = tuple[str, int | None]
"""A bidder and an amount in units of account per kWh, which is None if the quote opened to garbage."""
Ranking: TypeAlias = tuple[tuple[str, int], ...]
"""Bidders with their best valid quotes, the highest first; of equal quotes the earlier comes first."""


@dataclass(frozen=True)
class AuctionRules:
    """What an auction fixes before the first quote.

    Args:
        lots_wh: quantities of the lots in Wh, the largest first, each above 0.
        start_price: lowest valid quote, units of account per kWh.
        ceiling: highest valid quote, units of account per kWh.

    Raises:
        BadInput: there is no lot, a lot is empty or out of order, or the start price is negative or above
            the ceiling.

    Source:
        X-7.
    """

    lots_wh: tuple[int, ...]
    start_price: int
    ceiling: int

    def __post_init__(self) -> None:
        lots = self.lots_wh
        if not lots or min(lots) <= 0 or list(lots) != sorted(lots, reverse=True):
            raise BadInput(
                f"An auction has one lot or more, each above 0 Wh, the largest first; not {list(lots)}."
            )
        if not 0 <= self.start_price <= self.ceiling:
            raise BadInput(f"The start price must be between 0 and {self.ceiling}, not {self.start_price}.")


@dataclass(frozen=True)
class Award:
    """A lot and its winner.

    Args:
        bidder: account that won the lot.
        lot_wh: quantity, Wh.
        price_per_kwh: units of account per kWh: the next bidder's quote, or the start price.
        payment: units of account for the whole lot, rounded down.
    """

    bidder: str
    lot_wh: int
    price_per_kwh: int
    payment: int


@dataclass(frozen=True)
class Decision:
    """The outcome of an auction.

    Args:
        awards: the lots that were won, from the largest on; the lots after them are unsold.
        runner_up: the best bidder without a lot; None if there is none.
    """

    awards: tuple[Award, ...]
    runner_up: str | None


def settle_chunk(
    ranking: Ranking, chunk: Sequence[OpenedQuote], rules: AuctionRules, eligible: Container[str]
) -> Ranking:
    """Rank one more chunk of quotes; chunks come from the newest to the oldest.

    A quote counts if its amount lies between start price and ceiling; of a bidder's quotes the highest does.

    Args:
        ranking: of the newer chunks; empty for the newest.
        chunk: quotes in the order they came, all of them older than those ranked before.
        rules: the auction's.
        eligible: accounts whose quotes count.

    Returns:
        The best bidders so far, up to one more than there are lots: the last of them only sets a price.

    Source:
        X-7.
    """
    best: dict[str, int] = {}
    # The ranked bidders are younger, so they follow the chunk: a stable sort then keeps the earlier first.
    for bidder, amount in (*chunk, *ranking):
        if amount is None or not rules.start_price <= amount <= rules.ceiling or bidder not in eligible:
            continue
        if amount > best.get(bidder, -1):
            best.pop(bidder, None)
            best[bidder] = amount
    ranked = sorted(best.items(), key=lambda item: -item[1])
    return tuple(ranked[: len(rules.lots_wh) + 1])


def award(ranking: Ranking, rules: AuctionRules) -> Decision:
    """Award the lots to the ranked bidders, each at the quote of the next bidder.

    The last bidder of all pays the start price.

    Source:
        X-7; Edelman, Ostrovsky and Schwarz, American Economic Review 97 (2007) §II.
    """
    prices = [amount for _, amount in ranking[1:]] + [rules.start_price]
    awards = tuple(
        Award(bidder, lot_wh, price, lot_wh * price // WH_PER_KWH)
        for (bidder, _), lot_wh, price in zip(ranking, rules.lots_wh, prices, strict=False)
    )
    without_lot = ranking[len(rules.lots_wh) :]
    return Decision(awards, without_lot[0][0] if without_lot else None)


def decide(
    quotes: Iterable[OpenedQuote],
    lots_wh: Sequence[int],
    start_price: int,
    ceiling: int,
    eligible: Container[str],
) -> Decision:
    """Decide an auction from all its quotes at once.

    Args:
        quotes: in the order they came.
        lots_wh: quantities of the lots in Wh, the largest first.
        start_price: lowest valid quote, units of account per kWh.
        ceiling: highest valid quote, units of account per kWh.
        eligible: accounts whose quotes count.

    Raises:
        BadInput: lots or prices are not those of an auction, as for `AuctionRules`.

    Source:
        X-7.
    """
    rules = AuctionRules(tuple(lots_wh), start_price, ceiling)
    return award(settle_chunk((), tuple(quotes), rules, eligible), rules)
