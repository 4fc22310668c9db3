"""settle: the quotes are replayed, opened and ranked; each lot goes for the next quote."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from energy_trading.bindings.sealed_bid_auction import (
    AuctionSettled,
    EmptyChunk,
    Expired,
    FeesEarned,
    KeyDisclosed,
    LotAwarded,
    SettlementAdvanced,
    WrongReplay,
    WrongState,
)
from energy_trading.crypto.keys import SecretKey
from energy_trading.types import AuctionState, Quote, TradeState
from tests.contracts.offer_market.tools import NONE, ban, made, purse, refused, told
from tests.contracts.sealed_bid_auction.house import (
    CEILING,
    FEE,
    OFF_CURVE_X,
    SCALAR,
    SETTLER_FEE,
    START,
    House,
    N,
    awards,
    newcomers,
)
from tests.world import FUNDS, World

# ---------------------------------------------------------------- who wins


def test_highest_wins_at_the_second_price(world: World) -> None:
    """Every event of a settlement, the trade it makes, and what stays held (X-6, X-7)."""
    house = House.open(world)
    house.bid((world.bob, START + 20), (world.carol, START + 31), (world.buyer, START + 10))
    world.chain.set_next_time(house.terms.quote_until)
    sent = house.settle_call().send(world.stranger)
    accept_by = house.terms.pay_by
    terms = house.trade(0, world.carol, START + 20, accept_by)
    trade_id = world.trade_id(terms)
    carol, settler, treasury = world.carol.address, world.stranger.address, world.treasury.address
    assert told(world.suite.auction, sent) == [
        (KeyDisclosed, house.auction_id, SCALAR),
        (FeesEarned, house.auction_id, settler, len(house.quotes) * SETTLER_FEE),
        (FeesEarned, house.auction_id, treasury, len(house.quotes) * (FEE - SETTLER_FEE)),
        (LotAwarded, house.auction_id, 0, carol, START + 31, START + 20, trade_id, accept_by),
        (AuctionSettled, house.auction_id, 1, world.bob.address, START + 20),
    ]
    assert told(world.market, sent) == [made(world, terms)]
    assert told(world.ledger, sent) == []
    assert terms.price == 5 * (START + 20)
    assert purse(world, world.alice) == (FUNDS - terms.price, terms.price)
    assert purse(world, world.carol) == (FUNDS, 0)
    assert world.market.state_of(trade_id) == TradeState.AWARDED
    assert world.suite.auction.state_of(house.auction_id) == (AuctionState.NONE, 0, 0)


def test_single_bidder_pays_the_start_price(world: World) -> None:
    """Without a follower the start price is the second price; there is no runner-up (X-7)."""
    house = House.open(world)
    house.bid((world.bob, CEILING))
    sent = house.settle()
    assert awards(sent) == [(0, world.bob.address, CEILING, START)]
    settled = sent.event(AuctionSettled)
    assert (settled.awarded, settled.runner_up, settled.runner_up_quote) == (1, NONE, 0)


@pytest.mark.parametrize("bidders", [0, 1, 2, 3, 9, 10])
@pytest.mark.parametrize("lots", [1, 2, 8])
def test_lots_go_down_the_ranking(world: World, lots: int, bidders: int) -> None:
    """The i-th bidder takes the i-th lot at the next one's quote; what nobody takes returns (X-7)."""
    house = House.open(world, lots_wh=tuple(2000 - 100 * i for i in range(lots)))
    people = newcomers(world, bidders, funds=0)
    house.bid(*((key, START + 1 + 7 * i) for i, key in enumerate(people)))
    sent = house.settle()
    ranked = [(key.address, START + 1 + 7 * i) for i, key in enumerate(people)][::-1]
    prices = [amount for _, amount in ranked[1:]] + [START]
    sold = min(lots, bidders)
    assert awards(sent) == [(i, *ranked[i], prices[i]) for i in range(sold)]
    settled = sent.event(AuctionSettled)
    runner_up = ranked[lots] if bidders > lots else (NONE, 0)
    assert (settled.awarded, settled.runner_up, settled.runner_up_quote) == (sold, *runner_up)
    held = sum(house.terms.lots_wh[i] * prices[i] // 1000 for i in range(sold))
    assert purse(world, world.alice) == (FUNDS - held, held)


def test_ties_go_to_the_earlier_quote(world: World) -> None:
    """Of equal quotes the earlier wins and pays what both quoted (X-7)."""
    house = House.open(world)
    house.bid((world.carol, START + 5), (world.bob, START + 5), (world.buyer, START + 5))
    sent = house.settle()
    assert awards(sent) == [(0, world.carol.address, START + 5, START + 5)]
    assert sent.event(AuctionSettled).runner_up == world.bob.address


def test_bidder_counts_once_with_its_highest(world: World) -> None:
    """A later quote can only raise; a bidder is not its own second price (X-5, X-7)."""
    house = House.open(world)
    house.bid((world.bob, START + 9), (world.carol, START + 3), (world.bob, START + 30), (world.bob, START))
    assert awards(house.settle()) == [(0, world.bob.address, START + 30, START + 3)]


def test_raise_to_a_tie_is_the_later_one(world: World) -> None:
    """Who raises to another's quote came later (X-7)."""
    house = House.open(world)
    house.bid((world.bob, START + 1), (world.carol, START + 9), (world.bob, START + 9))
    assert awards(house.settle()) == [(0, world.carol.address, START + 9, START + 9)]


def test_range_of_quotes_is_closed(world: World) -> None:
    """Start price and ceiling count; one unit beyond either does not (X-4, X-7)."""
    house = House.open(world, lots_wh=(1000, 1000))
    house.bid((world.bob, CEILING + 1), (world.carol, CEILING), (world.buyer, START), (world.bob, START - 1))
    assert awards(house.settle()) == [
        (0, world.carol.address, CEILING, START),
        (1, world.buyer.address, START, START),
    ]


# ---------------------------------------------------------------- quotes that do not count

Spoil = Callable[[House, SecretKey], Quote]


def _words(cx: int, body: int = 0) -> Spoil:
    return lambda house, bidder: Quote(bidder.address, cx, body)


def _sealed_with(**place: object) -> Spoil:
    return lambda house, bidder: house.seal(bidder, CEILING, **place)


def _copied(house: House, bidder: SecretKey) -> Quote:
    return replace(house.quotes[0], bidder=bidder.address)


def _changed(bit: int) -> Spoil:
    def spoil(house: House, bidder: SecretKey) -> Quote:
        quote = house.seal(bidder, CEILING)
        return replace(quote, body=quote.body ^ 1 << bit)

    return spoil


SPOILT: dict[str, Spoil] = {
    "zero": _words(0),
    "off the curve": _words(OFF_CURVE_X),
    "off the curve, odd": _words(OFF_CURVE_X, 1 << 255),
    "x is n": _words(N),
    "x is 1 modulo n": _words(N + 1),
    "largest words": _words(2**256 - 1, 2**256 - 1),
    "a point, no amount": _words(1, 1),
    "another key": _sealed_with(quote_public_key=SecretKey.from_int(42).public_key),
    "another auction": _sealed_with(auction_id=b"\x02" * 32),
    "another chain": _sealed_with(chain_id=1),
    "another contract": _sealed_with(contract="0x" + "11" * 20),
    "another bidder": lambda house, bidder: house.seal("0x" + "22" * 20, CEILING),
    "copied": _copied,
    "other parity": _changed(255),
    "amount of 65 bits": _changed(64),
    "below the start": lambda house, bidder: house.seal(bidder, 0),
    "above the ceiling": lambda house, bidder: house.seal(bidder, 2**64 - 1),
}


@pytest.mark.parametrize("how", SPOILT)
def test_spoilt_quote_spoils_nothing_else(world: World, how: str) -> None:
    """Garbage wins nothing, sets no price and stops nobody: settlement goes on without it (X-5, X-6)."""
    house = House.open(world)
    house.bid((world.bob, START + 50))
    house.send(world.buyer, SPOILT[how](house, world.buyer))
    house.bid((world.carol, START + 40))
    sent = house.settle()
    assert awards(sent) == [(0, world.bob.address, START + 50, START + 40)]
    assert sent.event(AuctionSettled).runner_up == world.carol.address


@pytest.mark.parametrize("who", ["publisher", "stranger", "seller", "suspended", "banned"])
def test_who_may_not_buy_is_passed_over(world: World, who: str) -> None:
    """Publisher, strangers, sellers, suspended and banned accounts win nothing, set no price (X-3)."""
    key = {
        "publisher": world.alice,
        "stranger": world.stranger,
        "seller": world.seller,
        "banned": world.carol,
    }
    bidder = key.get(who, world.buyer)
    if who == "banned":
        assert ban(world, bidder, world.buyer) > world.chain.now() + 2 * 3600
    house = House.open(world)
    house.bid((bidder, CEILING), (world.bob, START + 5))
    if who == "suspended":  # after the quote: what counts is the settlement
        world.ledger.suspend([bidder.address]).send(world.dso)
    sent = house.settle()
    assert awards(sent) == [(0, world.bob.address, START + 5, START)]
    assert sent.event(AuctionSettled).runner_up == NONE


def test_eligibility_is_asked_at_settlement(world: World) -> None:
    """An account opened after it quoted counts (X-3)."""
    house = House.open(world)
    house.bid((world.stranger, START + 5))
    world.enrol(world.stranger)
    assert awards(house.settle()) == [(0, world.stranger.address, START + 5, START)]


# ---------------------------------------------------------------- the replay


@pytest.fixture
def six(world: World) -> House:
    """An auction of two lots with six quotes of three bidders, over."""
    house = House.open(world, lots_wh=(3000, 1000))
    bob, carol, buyer = world.bob, world.carol, world.buyer
    house.bid((bob, START + 4), (carol, START + 9), (buyer, START + 9))
    house.bid((bob, START + 9), (carol, START + 2), (bob, START + 8))
    world.chain.set_next_time(house.terms.quote_until)
    return house


CUTS = [(), (5,), (1,), (3,), (2, 4), (1, 2, 3, 4, 5)]


@pytest.mark.parametrize("cuts", CUTS, ids=str)
def test_result_does_not_depend_on_the_chunks(six: House, cuts: tuple[int, ...]) -> None:
    """One chunk or six, from one caller or several: the same lots, and nothing stays behind (X-6, X-7)."""
    world, auction = six.world, six.world.suite.auction
    ends = [*cuts, 6]
    callers = [world.stranger, world.bob, world.alice]
    for place, (start, end) in enumerate(zip(reversed([0, *cuts]), reversed(ends), strict=True)):
        sent = six.settle_call(start, end).send(callers[place % 3])
        if start:
            assert told(auction, sent)[-1] == (SettlementAdvanced, six.auction_id, six.chain[start])
            assert auction.state_of(six.auction_id) == (AuctionState.DISCLOSED, 6, six.chain[start])
    assert awards(sent) == [
        (0, world.carol.address, START + 9, START + 9),
        (1, world.buyer.address, START + 9, START + 9),
    ]
    assert sent.event(AuctionSettled).runner_up == world.bob.address
    assert auction.state_of(six.auction_id) == (AuctionState.NONE, 0, 0)
    assert _slots(six) == [0] * 5


def _slots(house: House) -> list[int]:
    """What the auction keeps: its slot, its progress, its three best."""
    from eth_abi.abi import encode
    from eth_utils.crypto import keccak

    def at(slot: int) -> int:
        return int.from_bytes(web3.eth.get_storage_at(house.world.suite.auction.address, slot), "big")

    def mapped(place: int) -> int:
        return int.from_bytes(keccak(encode(["bytes32", "uint256"], [house.auction_id, place])), "big")

    web3 = house.world.chain.web3
    return [at(mapped(0)), at(mapped(1)), *(at(mapped(2) + i) for i in range(3))]


def test_progress_is_kept_meanwhile(six: House) -> None:
    """Between chunks the contract keeps where it stands and the best so far (X-6)."""
    six.settle_call(3, 6).send(six.world.stranger)
    slot, progress, *best = _slots(six)
    assert (slot != 0, progress) == (True, 3 << 200 | six.chain[3])
    bob, carol = int(six.world.bob.address, 16), int(six.world.carol.address, 16)
    assert best == [START + 9 << 160 | bob, START + 2 << 160 | carol, 0]


Tamper = Callable[[list[Quote]], list[Quote]]
TAMPERED: dict[str, Tamper] = {
    "one dropped": lambda quotes: quotes[:2] + quotes[3:],
    "the first dropped": lambda quotes: quotes[1:],
    "the last dropped": lambda quotes: quotes[:-1],
    "one added": lambda quotes: [*quotes, quotes[0]],
    "two swapped": lambda quotes: [quotes[1], quotes[0], *quotes[2:]],
    "backwards": lambda quotes: quotes[::-1],
    "another bidder": lambda quotes: [replace(quotes[0], bidder="0x" + "11" * 20), *quotes[1:]],
    "another cx": lambda quotes: [replace(quotes[0], cx=quotes[0].cx ^ 1), *quotes[1:]],
    "another body": lambda quotes: [replace(quotes[0], body=quotes[0].body ^ 1 << 255), *quotes[1:]],
}


@pytest.mark.parametrize("how", TAMPERED)
def test_revert_given_tampered_quotes(six: House, how: str) -> None:
    """What was quoted is what is opened: all of it, unaltered, in order (X-6)."""
    true = six.chain[-1]
    start = six.chain[0]
    six.quotes = TAMPERED[how](six.quotes)
    assert six.chain[-1] != true
    call = six.world.suite.auction.settle(six.terms, SCALAR, start, six.quotes)
    refused(call, six.world.alice, WrongReplay, six.chain[-1], true)


def test_revert_given_chunk_from_the_wrong_end(six: House) -> None:
    """Chunks come newest first: one that does not end where the chain stands is refused (X-6)."""
    world, chain = six.world, six.chain
    refused(six.settle_call(0, 3), world.bob, WrongReplay, chain[3], chain[6])
    six.settle_call(4).send(world.bob)
    refused(six.settle_call(4), world.bob, WrongReplay, chain[6], chain[4])
    refused(six.settle_call(5, 6), world.bob, WrongReplay, chain[6], chain[4])
    six.settle_call(0, 4).send(world.bob)


@pytest.mark.parametrize("front", [(5,), (5, 4, 3), (1,)], ids=str)
def test_chunk_put_in_front_does_not_stop_an_honest_one(six: House, front: tuple[int, ...]) -> None:
    """One-quote chunks in front of a settlement do not make it revert, and nothing counts twice (X-6)."""
    world, auction = six.world, six.world.suite.auction
    for start, end in zip(front, (6, *front), strict=False):
        six.settle_call(start, end).send(world.alice)
    sent = six.settle_call(0, 6).send(world.stranger)
    assert awards(sent) == [
        (0, world.carol.address, START + 9, START + 9),
        (1, world.buyer.address, START + 9, START + 9),
    ]
    assert sent.event(AuctionSettled).runner_up == world.bob.address
    assert auction.state_of(six.auction_id) == (AuctionState.NONE, 0, 0)
    assert _slots(six) == [0] * 5


def test_overlap_is_passed_over_unread(six: House) -> None:
    """What follows the last quote that is not done may be anything: it is neither opened nor ranked (X-6)."""
    world = six.world
    six.settle_call(5).send(world.alice)
    invented = six.seal(world.stranger, CEILING)
    call = world.suite.auction.settle(six.terms, SCALAR, six.chain[2], [*six.quotes[2:5], invented])
    assert told(world.suite.auction, call.send(world.bob)) == [
        (FeesEarned, six.auction_id, world.bob.address, 3 * SETTLER_FEE),
        (SettlementAdvanced, six.auction_id, six.chain[2]),
    ]
    without = [*six.quotes[:1], invented]
    call = world.suite.auction.settle(six.terms, SCALAR, six.chain[0], without)
    six.quotes = without
    refused(call, world.bob, WrongReplay, six.chain[-1], world.suite.auction.state_of(six.auction_id)[2])


def test_revert_given_wrong_accumulator(six: House) -> None:
    """A chunk from an invented beginning leads nowhere (X-6)."""
    auction, chain = six.world.suite.auction, six.chain
    given = _fold(six, 0)
    call = auction.settle(six.terms, SCALAR, 0, six.quotes)
    refused(call, six.world.bob, WrongReplay, given, chain[6])


def _fold(house: House, accumulator: int) -> int:
    from energy_trading.crypto.sealed_quote import SealedQuote, accumulate

    for q in house.quotes:
        words = SealedQuote(q.cx.to_bytes(32, "big"), q.body.to_bytes(32, "big"))
        accumulator = accumulate(accumulator, q.bidder, words)
    return accumulator


def test_revert_given_empty_chunk(six: House) -> None:
    """Without quotes nothing moves, unless there are none at all (X-6)."""
    auction = six.world.suite.auction
    for accumulator in (six.chain[-1], six.chain[0]):
        refused(auction.settle(six.terms, SCALAR, accumulator, []), six.world.bob, EmptyChunk)


def test_auction_without_quotes_settles_too(world: World) -> None:
    """Nobody quoted: the key may still come, and the guarantee returns (X-7)."""
    house = House.open(world)
    sent = house.settle()
    assert told(world.suite.auction, sent) == [
        (KeyDisclosed, house.auction_id, SCALAR),
        (AuctionSettled, house.auction_id, 0, NONE, 0),
    ]
    assert purse(world, world.alice) == (FUNDS, 0)
    assert house.state == AuctionState.NONE


def test_revert_given_settled_auction(six: House) -> None:
    """An auction is decided once (X-6)."""
    six.settle_call().send(six.world.bob)
    refused(
        six.settle_call(),
        six.world.bob,
        WrongState,
        six.auction_id,
        AuctionState.NONE,
        AuctionState.AWAITING_KEY,
    )


# ---------------------------------------------------------------- too late


def test_settlement_in_the_last_second_awards(world: World) -> None:
    """One second before settleBy a settlement awards, and the winner has until payBy as always (X-8)."""
    house = House.open(world)
    house.bid((world.bob, START + 5))
    world.chain.set_next_time(house.terms.quote_until)
    world.suite.auction.disclose(house.terms, SCALAR).send(world.alice)
    end = house.terms.settle_by
    kept = world.chain.snapshot()
    world.chain.set_next_time(end)
    refused(house.settle_call(), world.stranger, Expired, end, end)
    world.chain.revert(kept)
    world.chain.set_next_time(end - 1)
    sent = house.settle_call().send(world.stranger)
    assert sent.event(LotAwarded).accept_by == house.terms.pay_by


def test_standing_of_the_publisher_does_not_stop_a_settlement(world: World) -> None:
    """A publisher who was suspended since is still bound by what was posted (X-3, C-10)."""
    house = House.open(world)
    house.bid((world.bob, START + 5))
    world.ledger.suspend([world.alice.address]).send(world.dso)
    assert awards(house.settle()) == [(0, world.bob.address, START + 5, START)]
