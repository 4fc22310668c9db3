"""Settlements follow `rules.gsp`, however the quotes are cut, and 5,000 quotes settle (X-6, X-7)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest

from energy_trading.bindings import SuiteParameters, deploy
from energy_trading.bindings.sealed_bid_auction import AuctionSettled, LotAwarded
from energy_trading.bindings.suite import DEFAULT_CREDIT
from energy_trading.crypto.keys import SecretKey
from energy_trading.crypto.sealed_quote import SealedQuote, open_quote
from energy_trading.market.auction.auction import Auction
from energy_trading.market.auction.settlement import settle_all
from energy_trading.rules.auction import payment
from energy_trading.rules.gsp import OpenedQuote, decide
from energy_trading.types import ZERO_ADDRESS, AuctionState, Quote
from tests.contracts.sealed_bid_auction.house import HOUR, QUOTE_KEY, House
from tests.differential.revm import revm_chain
from tests.world import CONSUMER, GENESIS, PRODUCER, PROSUMER, World

AUCTIONS = 120
MANY = 5_000


@cache
def built() -> tuple[World, list[SecretKey]]:
    """A market on revm with a rich publisher and twelve bidders, of whom three may not buy."""
    bidders = [SecretKey.from_int(3000 + i) for i in range(12)]
    keys = [SecretKey.from_int(1000 + i) for i in range(10)]
    dso, pkg, treasury, *people = keys
    chain = revm_chain([*keys, *bidders], GENESIS)
    credit = replace(DEFAULT_CREDIT, open_base=2**60)
    parameters = SuiteParameters(dso.address, pkg.address, treasury.address, credit=credit)
    world = World(chain, deploy(chain, dso, parameters), dso, pkg, treasury, *people[:6], meters={})
    world.enrol(world.alice, PROSUMER, 100_000)
    for place, key in enumerate(bidders[:11]):  # the last has no account
        world.enrol(key, PRODUCER if place == 10 else CONSUMER, 0)
    world.ledger.suspend([bidders[9].address]).send(dso)
    return world, bidders


@pytest.fixture
def market() -> Iterator[tuple[World, list[SecretKey]]]:
    """The market, put back after the test."""
    world, bidders = built()
    kept = world.chain.snapshot()
    yield world, bidders
    world.chain.revert(kept)


def random_auction(world: World, bidders: Sequence[SecretKey], draw: random.Random) -> House:
    """An order with up to 8 lots and up to 30 quotes: many ties, garbage, copies and repetitions."""
    lots = sorted((draw.randint(300, 6_000) for _ in range(draw.randint(1, 8))), reverse=True)
    start = draw.randint(4, 9)
    ceiling = start + draw.choice([0, 3, 12, 60])
    house = House.open(world, lots_wh=tuple(lots), start_price=start, ceiling=ceiling)
    for _ in range(draw.randint(0, 30)):
        bidder = draw.choice([*bidders, world.alice])
        kind = draw.randrange(10)
        if kind == 0:
            quote = Quote(bidder.address, draw.getrandbits(256), draw.getrandbits(256))
        elif kind == 1 and house.quotes:
            quote = draw.choice(house.quotes)
        else:
            quote = house.seal(bidder, draw.randint(max(0, start - 1), ceiling + 1))
        house.send(bidder, quote)
    return house


def cuts_of(count: int, draw: random.Random) -> list[int]:
    """Where to cut so many quotes: nowhere, anywhere, or everywhere."""
    wanted = draw.choice([0, 1, 3, max(0, count - 1)])
    inner = range(1, count)
    return sorted(draw.sample(inner, min(wanted, len(inner))))


def settled(house: House, cuts: Sequence[int]) -> tuple[list[Any], tuple[int, str, int]]:
    """What the contract decides when the quotes are cut there; the chain is put back afterwards."""
    world = house.world
    kept = world.chain.snapshot()
    world.chain.mine(house.terms.quote_until)
    for start, end in zip(reversed([0, *cuts]), reversed([*cuts, len(house.quotes)]), strict=True):
        sent = house.settle_call(start, end).send(world.stranger)
    assert house.state == AuctionState.NONE
    lots = [(e.winner, e.lot, e.quote, e.price) for e in sent.events if isinstance(e, LotAwarded)]
    ended = sent.event(AuctionSettled)
    held = world.account(world.alice).held
    assert held == sum(payment(house.terms.lots_wh[lot], price) for _, lot, _, price in lots)
    world.chain.revert(kept)
    return lots, (ended.awarded, ended.runner_up, ended.runner_up_quote)


@dataclass(frozen=True)
class Expected:
    """What the rules decide: each lot's winner, quote and price, and how the auction ended."""

    lots: list[Any]
    ended: tuple[int, str, int]


def opened(house: House) -> list[OpenedQuote]:
    """Open every quote off chain."""
    place = house.world.chain.chain_id, house.world.suite.auction.address, house.auction_id
    sealed = [SealedQuote(q.cx.to_bytes(32, "big"), q.body.to_bytes(32, "big")) for q in house.quotes]
    return [
        (q.bidder, open_quote(QUOTE_KEY, words, *place, q.bidder))
        for q, words in zip(house.quotes, sealed, strict=True)
    ]


def expected(house: House, eligible: set[str]) -> Expected:
    """Decide by the rules."""
    quotes = opened(house)
    t = house.terms
    decision = decide(quotes, t.lots_wh, t.start_price, t.ceiling, eligible)
    best = {
        bidder: max(
            amount
            for b, amount in quotes
            if b == bidder and amount is not None and t.start_price <= amount <= t.ceiling
        )
        for bidder in [*(award.bidder for award in decision.awards), decision.runner_up]
        if bidder is not None
    }
    lots = [(a.bidder, i, best[a.bidder], a.price_per_kwh) for i, a in enumerate(decision.awards)]
    runner_up = decision.runner_up or ZERO_ADDRESS
    return Expected(lots, (len(lots), runner_up, best.get(runner_up, 0)))


def test_contract_decides_by_the_rules(market: tuple[World, list[SecretKey]]) -> None:
    """Random orders, bids, garbage and chunkings: winners, prices and runner-up are the same (X-6, X-7)."""
    world, bidders = market
    eligible = {key.address for key in bidders[:9]}
    draw = random.Random(20)
    seen: Counter[str] = Counter()
    for _ in range(AUCTIONS):
        kept = world.chain.snapshot()
        house = random_auction(world, bidders, draw)
        wanted = expected(house, eligible)
        cuts = cuts_of(len(house.quotes), draw)
        for chunks in ([], cuts):
            lots, ended = settled(house, chunks)
            assert (lots, ended) == (wanted.lots, wanted.ended)
        seen["sold out"] += len(lots) == len(house.terms.lots_wh)
        seen["unsold lots"] += 0 < len(lots) < len(house.terms.lots_wh)
        seen["ties"] += len({quote for *_, quote, _ in lots}) < len(lots)
        seen["chunks"] += len(cuts) > 1
        seen["runner-up"] += ended[2] > 0
        world.chain.revert(kept)
    assert min(seen.values()) > AUCTIONS // 10, seen


def test_garbage_is_drawn_often(market: tuple[World, list[SecretKey]]) -> None:
    """The random auctions do hold garbage, strangers and amounts out of range (X-5)."""
    world, bidders = market
    house = random_auction(world, bidders, random.Random(7))
    amounts = [amount for _, amount in opened(house)]
    assert amounts.count(None) >= 2
    assert len(amounts) - amounts.count(None) >= 10


def test_five_thousand_quotes_settle(market: tuple[World, list[SecretKey]]) -> None:
    """An auction of 5,000 quotes is decided in seven chunks that each fit a transaction (X-9)."""
    world, bidders = market
    draw = random.Random(5)
    house = House.open(
        world,
        lots_wh=(900, 800, 700),
        ceiling=60,
        start_price=10,
        quote_until=world.chain.now() + 5 * HOUR,
        disclose_until=world.chain.now() + 6 * HOUR,
        settle_by=world.chain.now() + 7 * HOUR,
        pay_by=world.chain.now() + 8 * HOUR,
        deliver_by=world.chain.now() + 9 * HOUR,
    )
    for _ in range(MANY):
        bidder = draw.choice(bidders)
        house.send(bidder, house.seal(bidder, draw.randint(10, 60)))
    auction = Auction(world.suite, house.terms)
    assert world.suite.auction.state_of(auction.auction_id)[1] == MANY
    world.chain.mine(house.terms.quote_until)
    told: list[tuple[int, int]] = []
    result = settle_all(
        world.suite, world.stranger, auction, QUOTE_KEY, progress=lambda *step: told.append(step)
    )
    wanted = expected(house, {key.address for key in bidders[:9]})
    assert [(lot.winner, lot.lot, lot.quote, lot.price) for lot in result.lots] == wanted.lots
    assert told[-1] == (MANY, MANY)
    assert len(told) == 7
    assert world.account(world.alice).held == sum(lot.offer.terms.price for lot in result.lots)
    assert result.lots[0].offer.terms.price == 900 * result.lots[0].price // 1000
