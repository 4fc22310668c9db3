"""The day-ahead auction: one home auctions its midday surplus to the others, under a committee's key."""

from __future__ import annotations

import random
from typing import Final

from energy_trading.market.auction.auction import Auction, make_auction_terms
from energy_trading.market.auction.bidder import Bidder
from energy_trading.market.auction.committee import Committee
from energy_trading.market.auction.publisher import Publisher
from energy_trading.market.auction.quote_store import QuoteStore
from energy_trading.market.auction.settlement import disclose, settle_all
from energy_trading.simulation.neighbourhood import FEED_IN_CT, RECEIPT_SLOTS, RETAIL_CT
from energy_trading.simulation.people import EURO, clock
from energy_trading.simulation.trading_day import TradingDay

LOTS: Final = 2
MEMBERS: Final = ("council north", "council east", "council south")
THRESHOLD: Final = 2
#: Share of the seller's surplus, and of the smallest bidder's need, that is safe to sell a day ahead.
SAFE_PERCENT: Final = 60
#: Seconds to quote, to disclose, to settle, to pay.
WINDOW_S: Final = 600
_UNITS_PER_CENT: Final = EURO // 100


def run_day_ahead_auction(day: TradingDay, seed: int) -> list[str]:
    """Auction lots of the sunniest slot; their trades are delivered and settled with that slot's others.

    Args:
        day: before its first slot; the trades are put into its book.
        seed: of the bids.

    Returns:
        What happened, in words; or why there was no auction, where no home has a surplus that two others
        lack.

    Raises:
        ContractRevert: the market refused what it should have allowed.

    Source:
        X-5 … X-8: quotes and decision before the trading day.
    """
    there, draw = day.there, random.Random(seed)  # noqa: S311 - a repeatable simulation, no secret
    slot, seller = max(
        ((slot, home) for slot in range(len(day.starts)) for home in there.homes),
        key=lambda found: day.surplus(found[1], found[0]),
    )
    bidders = [home for home in there.homes if day.surplus(home, slot) < 0]
    energies = [day.surplus(seller, slot) // LOTS, *(-day.surplus(home, slot) for home in bidders)]
    lot_wh = min(energies) * SAFE_PERCENT // 100
    now = there.chain.now()
    if len(bidders) < LOTS or lot_wh < 1 or now + 5 * WINDOW_S > day.starts[0] - day.step:
        return ["no occasion today for an auction"]
    committee = Committee.form(
        MEMBERS, THRESHOLD, there.chain.chain_id, there.suite.auction.address, now + WINDOW_S, there.chain.now
    )
    terms = make_auction_terms(
        seller.trader.address,
        committee.address,
        [lot_wh] * LOTS,
        FEED_IN_CT * _UNITS_PER_CENT,
        RETAIL_CT * _UNITS_PER_CENT,
        now + WINDOW_S,
        now + 2 * WINDOW_S,
        now + 3 * WINDOW_S,
        now + 4 * WINDOW_S,
        day.starts[slot] + (1 + RECEIPT_SLOTS) * day.step,
    )
    auction = Auction(there.suite, terms)
    there.note("auction: publish", Publisher(there.suite, seller.trader.key).post(auction))
    story = [
        f"{clock(now)}  auction: {seller.name} offers {LOTS} lots of {lot_wh} Wh for delivery at "
        f"{clock(day.starts[slot])}; the quotes are sealed under a key that {THRESHOLD} of {len(MEMBERS)} "
        "members open together"
    ]
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
        f"{clock(there.chain.now())}  auction: {len(bidders)} homes quoted, nobody could read them before; "
        "now the members disclose the key, and the agent settles the auction"
    )
    for lot in result.lots:
        winner = next(home for home in bidders if home.trader.address == lot.winner)
        day.sold_ahead(winner, seller, lot.offer, slot)
        rule = "the start price" if lot.price == terms.start_price else "the next lower quote"
        story.append(
            f"{clock(there.chain.now())}  auction: {winner.name} wins lot {lot.lot + 1}; it quoted "
            f"{lot.quote / _UNITS_PER_CENT:.2f} ct/kWh and pays {rule}, "
            f"{lot.price / _UNITS_PER_CENT:.2f} ct/kWh"
        )
    return story
