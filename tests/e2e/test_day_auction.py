"""The auction before the trading day, and what becomes of its trades during it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from energy_trading.bindings import SuiteParameters
from energy_trading.bindings.offer_market import DeliveryConfirmed
from energy_trading.bindings.sealed_bid_auction import AuctionSettled, LotAwarded, QuoteSealed
from energy_trading.market.log.event_json import event_to_json, named
from energy_trading.market.log.replay import replay
from energy_trading.simulation._auction import run_day_ahead_auction
from energy_trading.simulation.neighbourhood import FEE_BPS, settle_in
from energy_trading.simulation.script import Script
from energy_trading.simulation.trading_day import DayResult, TradingDay, money_is_conserved
from tests import days


@pytest.fixture(scope="module")
def auctioned() -> DayResult:
    return Script(settle_in(days.profiles(), 1), 1).run()


def test_lots_are_won_paid_and_delivered(auctioned: DayResult) -> None:
    """Two lots are awarded before the day and delivered in their slot; nothing is held after it (X-8)."""
    rows = [row for row in auctioned.trades if row.mode.startswith("auction")]
    assert [row.ending for row in rows] == ["delivered", "delivered"]
    assert {row.seller for row in rows} == {"north"}
    assert {row.buyer for row in rows} == {"east", "west"}
    awarded = [event.trade_id for event in auctioned.events if isinstance(event, LotAwarded)]
    assert awarded == [row.trade_id for row in rows]
    confirmed = {event.trade_id for event in auctioned.events if isinstance(event, DeliveryConfirmed)}
    assert set(awarded) <= confirmed
    assert money_is_conserved(auctioned)


def test_winner_pays_the_next_quote(auctioned: DayResult) -> None:
    """Both lots go by the sealed quotes: the second price, then the start price (X-7)."""
    first, second = (event for event in auctioned.events if isinstance(event, LotAwarded))
    assert first.price == second.quote <= first.quote
    assert second.price == 80_000_000  # 8 ct/kWh, what the grid pays
    assert sum(isinstance(event, QuoteSealed) for event in auctioned.events) == 2
    assert sum(isinstance(event, AuctionSettled) for event in auctioned.events) == 1


def test_energy_sold_ahead_is_not_sold_again(auctioned: DayResult) -> None:
    """In the slot of the auction seller and winners deliver what they promised, all of it (N-3)."""
    (slot,) = {row.slot_start for row in auctioned.trades if row.mode.startswith("auction")}
    there = [row for row in auctioned.trades if row.slot_start == slot and row.buyer]
    assert {row.ending for row in there} == {"delivered"}
    winners = [row.buyer for row in there]
    assert len(winners) == len(set(winners))


def test_story_and_log_tell_it(auctioned: DayResult) -> None:
    """The story has every step, the log can be written as JSON, and its fold is the chain's state (C-9)."""
    story = "\n".join(auctioned.story)
    for words in (
        "auction: north offers 2 lots of",
        "2 of 3 members open together",
        "2 homes quoted, nobody could read them before",
        "wins lot 1",
        "wins lot 2",
    ):
        assert words in story
    lines = [json.dumps(event_to_json(event, named)) for event in auctioned.events]
    assert sum('"event": "AuctionPosted"' in line and '"lots_wh": [' in line for line in lines) == 1
    there = auctioned.there
    parameters = SuiteParameters(
        there.dso.address, there.pkg.parameters.registrar, there.treasury.address, fee_bps=FEE_BPS
    )
    accounts = replay(auctioned.events, parameters)
    for home in there.homes:
        account, view = accounts[home.trader.address], auctioned.accounts[home.name]
        assert (account.available, account.held) == (view.available, view.held)


def test_no_occasion_without_bidders() -> None:
    """Where nobody lacks what another has over, there is no auction, and the story says so."""
    profiles = [replace(profile, load_wh=[10] * days.SLOTS) for profile in days.profiles()]
    there = settle_in([replace(p, pv_wh=[20] * days.SLOTS) for p in profiles], 1)
    day = TradingDay(there, 1)
    assert run_day_ahead_auction(day, 1) == ["no occasion today for an auction"]
