"""market.auction: the verbs of publisher, bidder and settler, on the chain in this process."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from energy_trading.bindings.contract import Call
from energy_trading.bindings.offer_market import AwardUnpaid, Expired
from energy_trading.bindings.sealed_bid_auction import NotExpired, NotPublisher, WrongReplay, WrongState
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.market.auction.auction import Auction, make_auction_terms
from energy_trading.market.auction.bidder import Bidder, TightTerms, relay
from energy_trading.market.auction.committee import Committee, TooEarly
from energy_trading.market.auction.publisher import LotTaken, Publisher
from energy_trading.market.auction.quote_store import QuoteStatus, QuoteStore
from energy_trading.market.auction.settlement import (
    COMPENSATE_GAS,
    FIXED_GAS,
    SETTLE_GAS,
    compensate_all,
    disclose,
    forfeit,
    settle_all,
)
from energy_trading.market.trade.offer import Offer
from energy_trading.market.trade.trader import Trader, confirm, expire
from energy_trading.meter.smart_meter import Reading, SmartMeter
from energy_trading.rules.auction import award_nonce
from energy_trading.types import AuctionState, TradeState
from tests.world import EURO, FUNDS, World

KEY = SecretKey.from_int(0xC11E47)
HOUR = 3600
START, CEILING = EURO // 10, EURO // 2
#: gas of a chunk of two quotes
TWO = FIXED_GAS + 2 * SETTLE_GAS


def order(world: World, quote_key: str = KEY.address, **changes: object) -> Auction:
    now = world.chain.now()
    window = {
        "quote_until": now + HOUR,
        "disclose_until": now + 2 * HOUR,
        "settle_by": now + 3 * HOUR,
        "pay_by": now + 4 * HOUR,
        "deliver_by": now + 6 * HOUR,
    }
    arguments = {"lots_wh": [3000, 1000], "start_price": START, "ceiling": CEILING} | window | changes
    return Auction(world.suite, make_auction_terms(world.alice.address, quote_key, **arguments))


def bidders(world: World) -> list[Bidder]:
    return [Bidder(world.suite, key, QuoteStore(None)) for key in (world.bob, world.carol, world.buyer)]


def posted(world: World, *amounts: int) -> tuple[Auction, list[Bidder]]:
    """An order in which bob, carol and buyer have quoted in turns, and quoting is over."""
    auction, people = order(world), bidders(world)
    Publisher(world.suite, world.alice).post(auction)
    for place, amount in enumerate(amounts):
        people[place % 3].quote(auction, KEY.public_key, amount)
    world.chain.mine(auction.terms.quote_until)
    return auction, people


# ---------------------------------------------------------------- the whole way


def test_from_order_to_delivery(world: World, tmp_path: Path) -> None:
    """Post, quote, settle, accept as any offer, deliver by the winner's meter, note it (X-4 … X-8)."""
    auction = order(world)
    Publisher(world.suite, world.alice).post(auction)
    store = QuoteStore(tmp_path / "quotes")
    bob = Bidder(world.suite, world.bob, store)
    assert stat.S_IMODE((tmp_path / "quotes").stat().st_mode) == 0o600
    bob.quote(auction, KEY.public_key, START + 30)
    others = bidders(world)
    others[1].quote(auction, KEY.public_key, START + 20)
    others[2].quote(auction, KEY.public_key, START + 10)
    world.chain.mine(auction.terms.quote_until)
    result = settle_all(world.suite, world.stranger, auction, KEY)
    assert [(x.lot, x.winner, x.quote, x.price) for x in result.lots] == [
        (0, world.bob.address, START + 30, START + 20),
        (1, world.carol.address, START + 20, START + 10),
    ]
    assert (result.runner_up, result.runner_up_quote) == (world.buyer.address, START + 10)
    (won,) = bob.note_result(auction)
    assert won == result.lots[0]
    assert [own.status for own in store.quotes()] == [QuoteStatus.WON]
    store.close()
    assert [own.status for own in QuoteStore(tmp_path / "quotes").quotes()] == [QuoteStatus.WON]
    assert others[2].note_result(auction) == []
    assert others[2].store.quotes()[0].status == QuoteStatus.LOST

    meter = SmartMeter(world.meters[world.bob.address], world.suite.market_domain)
    trader = Trader(world.suite, world.bob, meter)
    start = world.chain.now() + HOUR
    trade = trader.accept(won.offer, start, start + HOUR)
    meter.record(Reading(start, 0, 0))
    meter.record(Reading(start + HOUR, 3000, 0))
    confirm(world.suite, world.stranger, trader.receipt(trade), won.offer)
    assert world.account(world.bob).available == FUNDS - 3 * (START + 20)
    assert world.account(world.alice).held == result.lots[1].offer.terms.price


def test_key_of_a_committee(world: World) -> None:
    """Two of three members open the auction after its end and not before (X-6)."""
    now = world.chain.now()
    committee = Committee.form(
        ["north", "east", "south"],
        2,
        world.chain.chain_id,
        world.suite.auction.address,
        now + HOUR,
        world.chain.now,
    )
    auction = order(world, committee.address, quote_until=now + HOUR)
    Publisher(world.suite, world.alice).post(auction)
    people = bidders(world)
    people[0].quote(auction, committee.public_key, START + 3)
    people[1].quote(auction, committee.public_key, START + 5)
    with pytest.raises(TooEarly):
        committee.disclose()
    world.chain.mine(auction.terms.quote_until)
    disclose(world.suite, world.stranger, auction, committee.disclose().secret_key)
    result = settle_all(world.suite, world.carol, auction)
    assert [(x.winner, x.price) for x in result.lots] == [
        (world.carol.address, START + 3),
        (world.bob.address, START),
    ]


def test_award_not_paid_goes_to_the_runner_up(world: World) -> None:
    """The runner-up is offered the lot at its own quote, and is free to refuse (X-7)."""
    auction, _ = posted(world, START + 30, START + 20, START + 10)
    result = settle_all(world.suite, world.stranger, auction, KEY)
    award = result.lots[0].offer
    world.chain.mine(award.terms.accept_by)
    assert expire(world.suite, world.stranger, award).event(AwardUnpaid).buyer == world.bob.address
    now = world.chain.now()
    offer = Publisher(world.suite, world.alice).offer_to_runner_up(auction, 0, now + HOUR)
    assert (offer.terms.buyer, offer.terms.price) == (world.buyer.address, 3 * (START + 10))
    assert offer.terms.deliver_by == auction.terms.deliver_by
    world.suite.market.accept_offer(offer.terms).send(world.buyer)
    assert world.account(world.buyer).available == FUNDS - 3 * (START + 10)
    with pytest.raises(BadInput, match=f"published by {world.alice.address}, not by"):
        Publisher(world.suite, world.bob).offer_to_runner_up(auction, 0, now + HOUR)


def test_lot_of_a_winner_is_not_offered_to_the_runner_up(world: World) -> None:
    """A lot is not sold twice: the publisher looks whether the winner has paid, or still may (X-7)."""
    auction, _ = posted(world, START + 30, START + 20, START + 10)
    won = settle_all(world.suite, world.stranger, auction, KEY).lots
    publisher = Publisher(world.suite, world.alice)
    accept_by = auction.terms.deliver_by - 60
    with pytest.raises(LotTaken, match="whose trade is open"):
        publisher.offer_to_runner_up(auction, 0, accept_by)
    world.suite.market.accept_offer(won[0].offer.terms).send(world.bob)
    with pytest.raises(LotTaken) as paid:
        publisher.offer_to_runner_up(auction, 0, accept_by)
    assert (paid.value.award, paid.value.state) == (won[0], "accepted")
    world.chain.mine(won[1].offer.terms.accept_by)
    with pytest.raises(LotTaken, match="whose trade is open"):  # until somebody has ended the award
        publisher.offer_to_runner_up(auction, 1, accept_by)
    expire(world.suite, world.stranger, won[1].offer)
    with pytest.raises(LotTaken):
        publisher.offer_to_runner_up(auction, 0, accept_by)
    assert publisher.offer_to_runner_up(auction, 1, accept_by).terms.buyer == world.buyer.address
    for lot in (-1, 2):
        with pytest.raises(BadInput, match="the lot must be between 0 and 1"):
            publisher.offer_to_runner_up(auction, lot, accept_by)


def test_runner_up_needs_one(world: World) -> None:
    """Where nobody was left over there is nobody to offer to (X-7)."""
    auction, _ = posted(world, START + 30)
    publisher = Publisher(world.suite, world.alice)
    with pytest.raises(BadInput, match="the auction has no runner-up"):
        publisher.offer_to_runner_up(auction, 0, world.chain.now() + HOUR)
    settle_all(world.suite, world.stranger, auction, KEY)
    with pytest.raises(BadInput, match="the auction has no runner-up"):
        publisher.offer_to_runner_up(auction, 0, world.chain.now() + HOUR)


def test_bidder_does_not_quote_under_tight_terms(world: World) -> None:
    """A bidder asks for time to settle and to pay, whatever the deployment allows (X-5, X-8)."""
    auction = order(world)
    Publisher(world.suite, world.alice).post(auction)
    settle = Bidder(world.suite, world.bob, QuoteStore(None), least_settle_s=HOUR + 1)
    pay = Bidder(world.suite, world.bob, QuoteStore(None), least_pay_s=HOUR + 1)
    for bidder, what in ((settle, "settle"), (pay, "pay")):
        for verb in (bidder.quote, bidder.sign_quote):
            with pytest.raises(TightTerms) as caught:
                verb(auction, KEY.public_key, START)
            assert (caught.value.what, caught.value.seconds, caught.value.least) == (what, HOUR, HOUR + 1)
        assert bidder.store.quotes() == []
    Bidder(world.suite, world.bob, QuoteStore(None), None, HOUR, HOUR).quote(auction, KEY.public_key, START)


# ---------------------------------------------------------------- settling


def test_settlement_in_chunks_goes_on_where_another_stopped(world: World) -> None:
    """Five quotes in chunks of two, begun by one and ended by another; progress is told (X-6)."""
    auction, _ = posted(world, START + 1, START + 2, START + 3, START + 4, START)
    told: list[tuple[int, int]] = []

    class Crash(Exception):
        pass

    def crash(done: int, total: int) -> None:
        told.append((done, total))
        raise Crash

    with pytest.raises(Crash):
        settle_all(world.suite, world.stranger, auction, KEY, TWO, crash)
    assert auction.state == AuctionState.DISCLOSED
    result = settle_all(world.suite, world.carol, auction, None, TWO, lambda *step: told.append(step))
    assert told == [(2, 5), (4, 5), (5, 5)]
    assert [(x.winner, x.price) for x in result.lots] == [
        (world.bob.address, START + 3),
        (world.buyer.address, START + 2),
    ]
    assert settle_all(world.suite, world.bob, auction, None) == result == auction.result()


def test_settlement_gives_way_to_a_faster_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chunk that somebody else was faster with is no failure; one that nobody moved is (X-6)."""
    auction, _ = posted(world, START + 1, START + 2, START + 3)
    rival = Auction.find(world.suite, auction.auction_id)
    settle = world.suite.auction.settle
    calls = []

    def late(terms, key, accumulator, quotes):
        if not calls:
            calls.append(1)
            settle(terms, key, accumulator, quotes).send(world.carol)
        return settle(terms, key, accumulator, quotes)

    monkeypatch.setattr(world.suite.auction, "settle", late)
    result = settle_all(world.suite, world.stranger, auction, KEY, TWO)
    assert result == rival.result()
    assert len(result.lots) == 2

    stuck, _ = posted(world, START + 1)
    monkeypatch.setattr(world.suite.auction, "settle", lambda t, k, a, q: settle(t, k, a + 1, q))
    with pytest.raises(WrongReplay):
        settle_all(world.suite, world.stranger, stuck, KEY)


def test_settlement_needs_key_gas_and_log(world: World) -> None:
    """What cannot be settled is refused with the reason, before anything is sent (X-6)."""
    auction, _ = posted(world, START + 1, START + 2)
    with pytest.raises(BadInput, match="the quote key has not been disclosed"):
        settle_all(world.suite, world.stranger, auction)
    with pytest.raises(BadInput, match=f"must be {FIXED_GAS + SETTLE_GAS} or more"):
        settle_all(world.suite, world.stranger, auction, KEY, FIXED_GAS + SETTLE_GAS - 1)
    late = Auction(world.suite, auction.terms, world.chain.web3.eth.block_number)
    with pytest.raises(BadInput, match="lacks quotes: read it from the posting"):
        settle_all(world.suite, world.stranger, late, KEY)
    early = order(world)
    Publisher(world.suite, world.alice).post(early)
    with pytest.raises(NotExpired):
        settle_all(world.suite, world.stranger, early, KEY)


def test_chunk_gas_is_never_passed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ever better quotes, eight awards and shares of new accounts cost no more than reckoned (X-9)."""
    people = [SecretKey.from_int(88_000 + i) for i in range(14)]
    auction = order(world, lots_wh=[800] * 8)
    Publisher(world.suite, world.alice).post(auction)
    for place, key in enumerate(people):
        world.chain.send(key.address, b"", world.stranger, value=10**18)
        Bidder(world.suite, key, QuoteStore(None)).quote(auction, KEY.public_key, START + place)
    used: list[int] = []
    send = Call.send

    def metered(call, sender, gas=None):
        sent = send(call, sender, gas)
        used.append(sent.gas_used)
        return sent

    kept = world.chain.snapshot()
    world.chain.mine(auction.terms.disclose_until)
    forfeit(world.suite, world.stranger, auction)
    monkeypatch.setattr(Call, "send", metered)
    compensate_all(world.suite, world.stranger, auction)
    assert used.pop() < 100_000 + 14 * COMPENSATE_GAS
    monkeypatch.undo()
    world.chain.revert(kept)
    for key in people:
        world.enrol(key, funds=0)
    world.chain.mine(auction.terms.quote_until)
    monkeypatch.setattr(Call, "send", metered)
    assert len(settle_all(world.suite, world.stranger, auction, KEY, FIXED_GAS + 7 * SETTLE_GAS).lots) == 8
    assert len(used) == 2
    assert max(used) < FIXED_GAS + 7 * SETTLE_GAS


def test_withheld_key(world: World) -> None:
    """Forfeit and compensate in chunks; there is no result, and all own quotes are lost (X-6, N-7)."""
    auction, people = posted(world, START + 1, START + 2, START + 3, START + 4, START)
    with pytest.raises(BadInput, match="the auction is not finished"):
        people[0].note_result(auction)
    world.chain.mine(auction.terms.disclose_until)
    forfeit(world.suite, world.stranger, auction)
    told: list[tuple[int, int]] = []
    gas = FIXED_GAS + 2 * COMPENSATE_GAS
    compensate_all(world.suite, world.carol, auction, gas, lambda *step: told.append(step))
    assert told == [(2, 5), (4, 5), (5, 5)]
    assert auction.state == AuctionState.NONE
    assert auction.result() is None
    share = 4 * CEILING // 2 // 5
    assert world.account(world.bob).available == FUNDS + 2 * share
    assert people[0].note_result(auction) == []
    assert {own.status for own in people[0].store.quotes()} == {QuoteStatus.LOST}
    with pytest.raises(BadInput, match="ended without a decision"):
        settle_all(world.suite, world.carol, auction, KEY)


# ---------------------------------------------------------------- bidding


def test_relayed_quote(world: World) -> None:
    """A bidder without coin signs, anyone brings it, and the store learns that it was sent (X-5)."""
    auction = order(world)
    Publisher(world.suite, world.alice).post(auction)
    bob, carol = bidders(world)[:2]
    signed = bob.sign_quote(auction, KEY.public_key, START + 9)
    assert bob.store.quotes()[0].status == QuoteStatus.SEALED
    relay(world.suite, world.stranger, auction, signed)
    assert auction.quotes() == [signed.quote]
    assert bob.send_pending(auction) == []
    assert bob.store.quotes()[0].status == QuoteStatus.SENT
    carol.sign_quote(auction, KEY.public_key, START + 1)
    assert [own.status for own in carol.send_pending(auction)] == [QuoteStatus.SENT]
    assert len(auction.quotes()) == 2
    world.chain.mine(auction.terms.quote_until)
    assert settle_all(world.suite, world.stranger, auction, KEY).lots[0].winner == world.bob.address


def test_refused_quote_stays_pending(world: World) -> None:
    """A quote is on disk before it is sent, so what the chain refused can be sent again (X-5)."""
    auction = order(world)
    bob = bidders(world)[0]
    with pytest.raises(WrongState):
        bob.quote(auction, KEY.public_key, START)
    Publisher(world.suite, world.alice).post(auction)
    (sent,) = bob.send_pending(auction)
    assert sent.amount == START
    assert auction.quotes()[0].bidder == world.bob.address


def test_equal_amounts_win_once(world: World) -> None:
    """Of two own quotes of the same amount one won; one that was never sent did not (X-7)."""
    auction = order(world)
    Publisher(world.suite, world.alice).post(auction)
    bob = bidders(world)[0]
    bob.sign_quote(auction, KEY.public_key, START + 4)  # nobody brings it
    bob.quote(auction, KEY.public_key, START + 4)
    bob.quote(auction, KEY.public_key, START + 4)
    world.chain.mine(auction.terms.quote_until)
    settle_all(world.suite, world.stranger, auction, KEY)
    bob.note_result(auction)
    lost, won = QuoteStatus.LOST, QuoteStatus.WON
    assert [own.status for own in bob.store.quotes()] == [lost, won, lost]


def test_bidder_checks_before_it_seals(world: World) -> None:
    """Another key, an amount that would not count and an own auction are refused here (X-5)."""
    auction = order(world)
    bob = bidders(world)[0]
    other = SecretKey.from_int(9)
    with pytest.raises(BadInput) as caught:
        bob.quote(auction, other.public_key, START)
    assert str(caught.value) == f"the quote key is that of {other.address}, but the terms name {KEY.address}"
    for amount in (START - 1, CEILING + 1):
        with pytest.raises(BadInput) as caught:
            bob.quote(auction, KEY.public_key, amount)
        assert str(caught.value) == f"the amount must be between {START} and {CEILING}, not {amount}"
    alice = Bidder(world.suite, world.alice, QuoteStore(None))
    with pytest.raises(BadInput, match="the auction's publisher, who may not quote"):
        alice.quote(auction, KEY.public_key, START)
    assert bob.store.quotes() == []


# ---------------------------------------------------------------- terms and finding


def test_found_in_the_log(world: World) -> None:
    """Whoever knows an auction's id finds its terms; another id is refused (X-4)."""
    auction = order(world)
    Publisher(world.suite, world.alice).post(auction)
    found = Auction.find(world.suite, auction.auction_id)
    assert found.terms == auction.terms
    assert found.auction_id == world.suite.auction.auction_id_of(auction.terms)
    with pytest.raises(BadInput, match=f"nobody has posted auction 0x{bytes(32).hex()} since block 0"):
        Auction.find(world.suite, bytes(32))


def test_awards_are_offers_with_the_contracts_ids(world: World) -> None:
    """An award turned into an offer has the trade id of the chain (X-7)."""
    auction, _ = posted(world, START + 1, START + 2)
    for lot in settle_all(world.suite, world.stranger, auction, KEY).lots:
        assert isinstance(lot.offer, Offer)
        assert lot.offer.terms.nonce == award_nonce(auction.auction_id, lot.lot)
        assert world.suite.market.state_of(lot.offer.trade_id) == TradeState.AWARDED


def test_only_the_publisher_posts(world: World) -> None:
    """An order is its publisher's (X-4)."""
    with pytest.raises(NotPublisher):
        Publisher(world.suite, world.bob).post(order(world))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"quote_key": "0x" + "00" * 20}, "the quote key must be an address"),
        ({"lots_wh": []}, "falling size, not ()"),
        ({"lots_wh": [1] * 9}, "the lots must be 1 to 8 by falling size"),
        ({"lots_wh": [1, 2]}, "the lots must be 1 to 8 by falling size"),
        ({"lots_wh": [1000, 0]}, "unlike (1000, 0)"),
        ({"lots_wh": [2**40]}, "worth a unit at the start price"),
        ({"lots_wh": [1], "start_price": 999}, "worth a unit at the start price"),
        ({"start_price": CEILING + 1}, "the start price"),
        ({"ceiling": 2**64}, "the start price"),
        ({"ceiling": 2**63}, "the start price"),
        ({"settle_by": 0}, "the deadlines"),
        ({"pay_by": 0}, "the deadlines"),
        ({"disclose_until": 0}, "the deadlines"),
        ({"deliver_by": 2**32}, "the deadlines"),
    ],
    ids=str,
)
def test_revert_given_terms_the_contract_would_refuse(
    world: World, changes: dict[str, object], said: str
) -> None:
    """Terms out of range are refused before anything is sent, with what is allowed (X-4)."""
    quote_key = str(changes.get("quote_key", KEY.address))
    rest = {name: value for name, value in changes.items() if name != "quote_key"}
    with pytest.raises(BadInput) as caught:
        order(world, quote_key, **rest)
    assert said in str(caught.value)


def test_late_payment_is_refused(world: World) -> None:
    """An award is to be paid before its acceptBy (X-8)."""
    auction, _ = posted(world, START + 1)
    offer = settle_all(world.suite, world.stranger, auction, KEY).lots[0].offer
    assert offer.terms.accept_by == auction.terms.pay_by
    world.chain.set_next_time(offer.terms.accept_by)
    with pytest.raises(Expired):
        world.suite.market.accept_offer(offer.terms).send(world.bob)
