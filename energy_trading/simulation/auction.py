"""Before the trading day: one home auctions its midday surplus to the others, under a committee's key."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from energy_trading.market.auction.auction import Auction, AwardedLot, make_auction_terms
from energy_trading.market.auction.bidder import Bidder
from energy_trading.market.auction.committee import Committee
from energy_trading.market.auction.publisher import Publisher
from energy_trading.market.auction.quote_store import QuoteStore
from energy_trading.market.auction.settlement import disclose, settle_all
from energy_trading.simulation.neighbourhood import EURO, FEED_IN_CT, RECEIPT_SLOTS, RETAIL_CT, Home

if TYPE_CHECKING:
    from energy_trading.simulation.trading_day import TradingDay

LOTS: Final = 2
MEMBERS: Final = ("council north", "council east", "council south")
THRESHOLD: Final = 2
#: Share of the seller's surplus, and of the smallest bidder's need, that is safe to sell a day ahead.
SAFE_PERCENT: Final = 60
#: Seconds to quote, to disclose, to pay.
WINDOW_S: Final = 600
_UNITS_PER_CENT: Final = EURO // 100


def run_day_ahead_auction(day: TradingDay, seed: int) -> list[str]:
    """Auction lots of the sunniest slot; their trades are delivered and settled with that slot's others.

    Args:
        day: before its first slot; the trades are put into its book.
        seed: of the bids.

    Returns:
        What happened, in words; why nothing did, where no home has a surplus that two others lack.

    Raises:
        ContractRevert: the market refused what it should not have.

    Source:
        X-5 … X-8: quotes and decision before the trading day.
    """
    there, draw = day.there, random.Random(seed)  # noqa: S311 - a repeatable simulation, no secret
    slot, seller = max(
        ((slot, home) for slot in range(len(day.starts)) for home in there.homes),
        key=lambda found: day.surplus(found[1], found[0]),
    )
    needs = {home.number: -day.surplus(home, slot) for home in there.homes if day.surplus(home, slot) < 0}
    lot_wh = min([day.surplus(seller, slot) // LOTS, *needs.values()]) * SAFE_PERCENT // 100
    now = there.chain.now()
    if len(needs) < LOTS or lot_wh < 1 or now + 4 * WINDOW_S > day.starts[0] - day.step:
        return ["no occasion today for an auction"]
    committee = Committee.form(
        MEMBERS,
        THRESHOLD,
        there.chain.chain_id,
        there.suite.auction.address,
        now + WINDOW_S,
        there.chain.now,
    )
    terms = make_auction_terms(
        seller.trader.address,
        committee.address,
        [lot_wh] * LOTS,
        FEED_IN_CT * _UNITS_PER_CENT,
        RETAIL_CT * _UNITS_PER_CENT,
        now + WINDOW_S,
        now + 2 * WINDOW_S,
        WINDOW_S,
        day.starts[slot] + (1 + RECEIPT_SLOTS) * day.step,
    )
    auction = Auction(there.suite, terms)
    there.note("auction: publish", Publisher(there.suite, seller.trader.key).post(auction))
    story = [
        _at(now) + f"auction: {seller.name} offers {LOTS} lots of {lot_wh} Wh at "
        f"{datetime.fromtimestamp(day.starts[slot], UTC):%H:%M}; quotes are sealed under a key that "
        f"{THRESHOLD} of {len(MEMBERS)} members open together"
    ]
    bidders = [home for home in there.homes if home.number in needs]
    for home in bidders:
        bid_ct = draw.randint(FEED_IN_CT + 2, home.limit_ct)
        amount = bid_ct * _UNITS_PER_CENT + draw.randrange(_UNITS_PER_CENT)
        Bidder(there.suite, home.trader.key, QuoteStore(None)).quote(
            auction, committee.public_key, min(amount, terms.ceiling)
        )
    there.chain.mine(terms.quote_until)
    quote_key = committee.disclose().secret_key
    there.note("auction: disclose", disclose(there.suite, there.agent, auction, quote_key))
    result = settle_all(there.suite, there.agent, auction)
    story.append(
        _at(there.chain.now()) + f"auction: {len(bidders)} homes quoted, nobody could read them before; "
        "the members disclose, the agent settles"
    )
    for lot in result.lots:
        winner = next(home for home in bidders if home.trader.address == lot.winner)
        day.sold_ahead(winner, seller, lot.offer, slot)
        story.append(_at(there.chain.now()) + _won(lot, winner))
    return story


def _won(lot: AwardedLot, winner: Home) -> str:
    return (
        f"auction: {winner.name} wins lot {lot.lot + 1}, quoted {lot.quote / _UNITS_PER_CENT:.2f} ct/kWh, "
        f"pays the next quote, {lot.price / _UNITS_PER_CENT:.2f} ct/kWh"
    )


def _at(time: int) -> str:
    return f"{datetime.fromtimestamp(time, UTC):%H:%M}  "
