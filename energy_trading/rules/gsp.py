"""Who wins the lots of an auction and at which price: the generalised second-price rule in integers."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from energy_trading.errors import BadInput
from energy_trading.types import WH_PER_KWH

OpenedQuote: TypeAlias = tuple[str, int | None]
"""Bidder and units of account per kWh; None for a quote that opened to garbage."""
Ranking: TypeAlias = tuple[tuple[str, int], ...]
"""Bidders with their best valid quotes, highest first; of equal ones the earlier first."""


@dataclass(frozen=True)
class AuctionRules:
    """What an auction fixes before the first quote.

    Args:
        lots_wh: quantities of the lots in Wh, largest first, each above 0.
        start_price: least valid quote, units of account per kWh.
        ceiling: highest valid quote.

    Raises:
        BadInput: no lot, an empty or misplaced one, or a start price outside 0 … ceiling.

    Source:
        X-7.
    """

    lots_wh: tuple[int, ...]
    start_price: int
    ceiling: int

    def __post_init__(self) -> None:
        """Refuse what does not fit."""
        lots = self.lots_wh
        if not lots or min(lots) <= 0 or list(lots) != sorted(lots, reverse=True):
            raise BadInput(f"lots: given {list(lots)} Wh, allowed one or more above 0, largest first")
        if not 0 <= self.start_price <= self.ceiling:
            raise BadInput(f"start price: given {self.start_price}, allowed 0 … {self.ceiling}")


@dataclass(frozen=True)
class Award:
    """A lot and who has it.

    Args:
        bidder: account that won.
        lot_wh: quantity, Wh.
        price_per_kwh: units of account per kWh: the next bidder's quote, or the start price.
        payment: units of account for the lot, rounded down.
    """

    bidder: str
    lot_wh: int
    price_per_kwh: int
    payment: int


@dataclass(frozen=True)
class Decision:
    """The outcome of an auction.

    Args:
        awards: of the lots from the largest on; lots beyond them are unsold.
        runner_up: highest bidder without a lot; None if there is none.
    """

    awards: tuple[Award, ...]
    runner_up: str | None


def settle_chunk(
    ranking: Ranking, chunk: Sequence[OpenedQuote], rules: AuctionRules, eligible: Container[str]
) -> Ranking:
    """Take one more chunk of quotes into account; chunks come from the newest to the oldest.

    Args:
        ranking: from the newer chunks; empty for the newest.
        chunk: quotes in the order they came, all older than those before.
        rules: the auction's.
        eligible: accounts whose quotes count.

    Returns:
        The best bidders so far, one more than there are lots: the last one only sets a price.

    Source:
        X-7; a quote counts if start price ≤ amount ≤ ceiling, and of a bidder's quotes the highest.
    """
    best: dict[str, int] = {}
    # Ranked bidders stand behind the chunk, in their order: so a dict and a stable sort put earlier first.
    for bidder, amount in (*chunk, *ranking):
        if amount is None or not rules.start_price <= amount <= rules.ceiling or bidder not in eligible:
            continue
        if amount > best.get(bidder, -1):
            best.pop(bidder, None)
            best[bidder] = amount
    ranked = sorted(best.items(), key=lambda item: -item[1])
    return tuple(ranked[: len(rules.lots_wh) + 1])


def award(ranking: Ranking, rules: AuctionRules) -> Decision:
    """Give the lots to the ranked bidders, each at the quote of the next.

    Args:
        ranking: after the oldest chunk.
        rules: the auction's.

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
        lots_wh: as in `AuctionRules`.
        start_price: as in `AuctionRules`.
        ceiling: as in `AuctionRules`.
        eligible: accounts whose quotes count.

    Raises:
        BadInput: as `AuctionRules`.

    Source:
        X-7.
    """
    rules = AuctionRules(tuple(lots_wh), start_price, ceiling)
    return award(settle_chunk((), tuple(quotes), rules, eligible), rules)
