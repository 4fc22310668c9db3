"""Matching: which offer a request gets, and what competition does to the price."""

from __future__ import annotations

from typing import Any

import pytest

from energy_trading.agent.book import Listed, ranked
from energy_trading.agent.service import Service
from energy_trading.types import Bid, TradeState
from tests.client.agent_town import Town, client_of, settle, sqlite

#: units of account for 1,000 Wh at one euro per MWh; one unit is a billionth of a euro
EUR_PER_MWH = 10**6


def filled_at(service: Service, town: Town, *offers: Any) -> tuple[int, str]:
    """What one buyer pays in €/MWh, and to whom, where these offers compete."""
    bid = town.bid(max_price_per_mwh=50 * 10**9)
    with client_of(service) as client:
        for offer in offers:
            client.share(offer)
        asked = client.submit(bid)
        prices = [int(item["price_per_mwh"]) for item in client.reply(asked["id"])]
        assert prices == sorted(prices)
        settle(service, town)
        assert client.intent(asked["id"])["state"] == "final"
        (trade,) = client.listed("trades", account=town.homes[1].key.address)
    return int(trade["price"]) // EUR_PER_MWH, trade["seller"]


def test_competition_lowers_the_price(town: Town, tmp_path: Any) -> None:
    """S-6: with one producer the consumer pays 46 €/MWh; a second one at 40 sells, and the price is 40."""
    alone, competing = town.agent(sqlite(tmp_path, "a")), town.agent(sqlite(tmp_path, "b"))
    fork = town.chain.snapshot()
    alone.round()
    dear = town.offer(seller=0, price=46 * EUR_PER_MWH)
    assert filled_at(alone, town, dear) == (46, town.homes[0].key.address)
    town.chain.revert(fork)
    competing.round()
    cheap = town.offer(seller=2, price=40 * EUR_PER_MWH)
    assert filled_at(competing, town, dear, cheap) == (40, town.homes[2].key.address)
    assert town.suite.market.state_of(dear.trade_id) == TradeState.NONE
    alone.store.close()
    competing.store.close()


def test_no_offer_within_the_limits(town: Town, service: Service) -> None:
    """A request that nothing fits stays open, and ends by its deadline; nobody is charged for it."""
    with client_of(service) as client:
        client.share(town.offer(price=60 * EUR_PER_MWH))
        asked = client.submit(town.bid(max_price_per_mwh=50 * 10**9))
        service.round()
        assert client.intent(asked["id"])["state"] == "open"
        assert client.reply(asked["id"]) == []
        town.chain.mine(town.chain.now() + 601)
        service.round()
        assert client.intent(asked["id"])["state"] == "expired"


def test_one_offer_fills_one_request(town: Town, service: Service) -> None:
    """Two requests for one offer: who would pay more gets it, the other one waits (S-6)."""
    with client_of(service) as client:
        low = client.submit(town.bid(buyer=1, max_price_per_mwh=50 * 10**9))
        high = client.submit(town.bid(buyer=3, max_price_per_mwh=51 * 10**9))
        client.share(town.offer(price=45 * EUR_PER_MWH))
        settle(service, town)
        assert (client.intent(high["id"])["state"], client.intent(low["id"])["state"]) == ("final", "open")


def test_an_offer_that_cannot_be_bought_is_passed_over(town: Town, service: Service) -> None:
    """The cheapest offer's seller has no money for the guarantee any more: the next one is taken."""
    cheap, next_best = (
        town.offer(seller=0, price=40 * EUR_PER_MWH),
        town.offer(seller=2, price=44 * EUR_PER_MWH),
    )
    with client_of(service) as client:
        client.share(cheap)
        client.share(next_best)
        town.trader(0).withdraw(town.trader(0).account.available)
        service.round()
        asked = client.submit(town.bid(max_price_per_mwh=50 * 10**9))
        settle(service, town)
        assert client.intent(asked["id"])["trade_id"] == "0x" + next_best.trade_id.hex()


@pytest.mark.parametrize(
    ("one", "two", "first"),
    [
        ({"price": 40}, {"price": 41}, 0),
        ({"price": 41}, {"price": 40}, 1),
        ({"price": 40, "credit": 1}, {"price": 40, "credit": 2}, 1),
        ({"price": 40, "credit": 2, "received": 9}, {"price": 40, "credit": 2, "received": 8}, 1),
    ],
)
def test_ranking(town: Town, one: dict[str, int], two: dict[str, int], first: int) -> None:
    """Price per MWh, then the seller's standing, then time (S-6)."""

    def listing(seller: int, price: int, credit: int = 1, received: int = 1) -> Listed:
        offer = town.offer(seller=seller, price=price * EUR_PER_MWH, nonce=seller)
        return Listed(offer, received, credit, "signed")

    offers = [listing(0, **one), listing(2, **two)]
    bid = town.bid(max_price_per_mwh=50 * 10**9).order
    assert isinstance(bid, Bid)
    assert ranked(offers, bid)[0] is offers[first]
