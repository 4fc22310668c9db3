"""Offers, trades and auctions listed from the log: every state there is, once."""

import json
from collections.abc import Iterable

import pytest
from eth_utils.crypto import keccak

from energy_trading.bindings import read_events
from energy_trading.bindings.contract import Event
from energy_trading.bindings.sealed_bid_auction import LotAwarded
from energy_trading.market.listing import (
    ACCEPTED,
    OPEN,
    TRADE_STATES,
    ListedAuction,
    ListedTrade,
    list_auctions,
    list_trades,
)
from energy_trading.market.replay import LogIncomplete
from energy_trading.reference.commitment import energy_commitment
from tests.contracts.offer_market.tools import NO_KEY, NONE
from tests.contracts.sealed_bid_auction.house import SCALAR, START, House
from tests.world import EURO, World


def log(world: World) -> list[Event]:
    return read_events(world.chain, world.suite.markets)


def trades(world: World) -> list[ListedTrade]:
    return list_trades(log(world))


def auctions(world: World) -> list[ListedAuction]:
    return list_auctions(log(world))


def summary(found: Iterable[ListedTrade]) -> list[tuple[object, ...]]:
    return [(t.trade_id, t.state, t.buyer, t.paid, t.cut) for t in found]


def test_every_ending_is_told(world: World) -> None:
    """Open, accepted, delivered, short, withdrawn, not accepted, not delivered (N-1 … N-7)."""
    alice, bob, price = world.alice, world.bob, EURO // 5
    lapsed = world.make(alice)
    undelivered = world.accepted(alice, bob)
    delivered = world.accepted(alice, bob)
    world.deliver(delivered, bob)
    short = world.accepted(alice, bob)
    world.deliver(short, bob, 400)
    withdrawn = world.make(alice)
    world.market.give_up(withdrawn).send(alice)
    world.chain.mine(undelivered.deliver_by)
    world.market.expire(lapsed, NONE, NO_KEY).send(world.stranger)
    key = keccak(world.meters[bob.address].signer)
    world.market.expire(undelivered, bob.address, key).send(world.stranger)
    accepted = world.accepted(alice, world.carol)
    opened = world.make(alice)
    penalty = price * 2_000 // 10_000
    assert summary(trades(world)) == [
        (world.trade_id(lapsed), "not accepted", None, 0, 0),
        (world.trade_id(undelivered), "not delivered", bob.address, 0, penalty),
        (world.trade_id(delivered), "delivered", bob.address, price, 0),
        (world.trade_id(short), "delivered short", bob.address, price * 4 // 10, penalty * 6 // 10),
        (world.trade_id(withdrawn), "withdrawn", None, 0, price * 500 // 10_000),
        (world.trade_id(accepted), ACCEPTED, world.carol.address, None, None),
        (world.trade_id(opened), OPEN, None, None, None),
    ]


def test_signed_offer_appears_when_it_is_accepted(world: World) -> None:
    """An offer kept off chain is in the log from its acceptance on (N-1)."""
    terms = world.terms(world.alice, signed=True)
    world.market.accept_signed(terms, world.sign_offer(terms, world.alice)).send(world.bob)
    (trade,) = trades(world)
    assert (trade.trade_id, trade.terms, trade.state) == (world.trade_id(terms), terms, ACCEPTED)
    assert trade.block == world.chain.height()


def test_hidden_energy_stays_hidden(world: World) -> None:
    """A commitment is no quantity (N-5); what a list tells can be written as JSON."""
    hidden = world.make(world.alice, energy=energy_commitment(1234, b"\x07" * 32), buyer=world.bob.address)
    plain = world.make(world.alice)
    first, second = (json.loads(json.dumps(trade.to_dict())) for trade in trades(world))
    assert (first["energy_wh"], first["reserved_for"]) == (None, world.bob.address)
    assert first["energy"] == "0x" + hidden.energy.hex()
    assert (second["energy_wh"], second["reserved_for"], second["buyer"]) == (1000, None, None)
    assert second["accept_by"] == plain.accept_by


def test_auction_from_post_to_settlement(world: World) -> None:
    """Quotes are counted, awards kept, an award is a trade that may stay unpaid (X-5 … X-7)."""
    house = House.open(world, lots_wh=(4000, 1000))
    house.bid((world.bob, START + 40), (world.carol, START + 30))
    (auction,) = auctions(world)
    assert (auction.auction_id, auction.terms.lots_wh) == (house.auction_id, (4000, 1000))
    assert (auction.state, auction.quotes, auction.awards) == ("quoting", 2, ())
    awards = tuple(e for e in house.settle().events if isinstance(e, LotAwarded))
    (auction,) = auctions(world)
    assert (auction.state, auction.quotes, auction.awards) == ("settled", 2, awards)
    told = json.loads(json.dumps(auction.to_dict()))
    assert [award["winner"] for award in told["awards"]] == [world.bob.address, world.carol.address]
    assert [t.trade_id for t in trades(world)] == [award.trade_id for award in awards]
    terms = house.trade(0, world.bob, awards[0].price, awards[0].accept_by)
    world.chain.mine(terms.accept_by)
    world.market.expire(terms, NONE, NO_KEY).send(world.stranger)
    assert [t.state for t in trades(world)] == ["not paid", OPEN]


def test_auction_that_ends_without_a_sale(world: World) -> None:
    """Key disclosed, nobody quoted, key withheld: each has its word (X-6)."""
    disclosed, unquoted, withheld = (House.open(world) for _ in range(3))
    disclosed.bid((world.bob, START))
    withheld.bid((world.bob, START))
    world.chain.mine(withheld.terms.quote_until)
    world.suite.auction.disclose(disclosed.terms, SCALAR).send(world.stranger)
    world.suite.auction.forfeit(unquoted.terms).send(world.stranger)
    world.chain.mine(withheld.terms.disclose_until)
    world.suite.auction.forfeit(withheld.terms).send(world.stranger)
    assert [a.state for a in auctions(world)] == ["key disclosed", "closed", "forfeited"]


def test_revert_given_log_without_its_beginning(world: World) -> None:
    """An ending without a beginning means that the log was not read from the start."""
    terms = world.make(world.alice)
    world.market.give_up(terms).send(world.alice)
    house = House.open(world)
    house.bid((world.bob, START))
    for read, identity, what in (
        (list_trades, world.trade_id(terms), "offer"),
        (list_auctions, house.auction_id, "auction"),
    ):
        late = [e for e in log(world) if type(e).__name__ not in ("OfferMade", "AuctionPosted")]
        with pytest.raises(LogIncomplete) as caught:
            read(late)  # type: ignore[operator]
        assert str(caught.value) == (
            f"0x{identity.hex()}: given no {what}, allowed the log from the market's first block"
        )


def test_states_are_named_once() -> None:
    """A state's name is what `trades --state` takes."""
    assert len(set(TRADE_STATES)) == len(TRADE_STATES) == 8
