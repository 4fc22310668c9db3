"""Offers, trades, auctions and lots listed from the log: every state there is, once."""

import json
from collections.abc import Iterable
from dataclasses import replace

import pytest
from eth_utils.crypto import keccak

from energy_trading.bindings import read_events
from energy_trading.bindings.contract import Event
from energy_trading.bindings.sealed_bid_auction import LotAwarded
from energy_trading.crypto.addresses import message_address
from energy_trading.market.log.fold import LogIncomplete, fold
from energy_trading.market.log.records import (
    ACCEPTED,
    AUCTION_STATES,
    HELD,
    LOT_STATES,
    OPEN,
    TRADE_STATES,
    WAYS,
    AuctionRecord,
    ContactRecord,
    LotRecord,
    TradeRecord,
)
from energy_trading.market.lots.lot_owner import LotOwner
from energy_trading.market.lots.lot_owner import exchange as sell
from energy_trading.types import ZERO_ADDRESS, Energy, LotState
from tests.contracts.energy_lot.tools import (
    SLOT,
    SLOT_S,
    certificate,
    exchange,
    minted,
    minted_for,
    sign_injection,
)
from tests.contracts.offer_market.tools import NO_KEY, NONE
from tests.contracts.sealed_bid_auction.house import SCALAR, START, House
from tests.world import EURO, World


def log(world: World) -> list[Event]:
    return read_events(world.chain, world.suite.markets)


def trades(world: World) -> list[TradeRecord]:
    return list(fold(log(world)).trades.values())


def auctions(world: World) -> list[AuctionRecord]:
    return list(fold(log(world)).auctions.values())


def summary(found: Iterable[TradeRecord]) -> list[tuple[object, ...]]:
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
    hidden = world.make(world.alice, energy=Energy.hidden(1234, b"\x07" * 32), buyer=world.bob.address)
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
    bidders = (world.bob.address, world.carol.address)
    assert (auction.state, auction.bidders, auction.awards) == ("quoting", bidders, ())
    awards = tuple(e for e in house.settle().events if isinstance(e, LotAwarded))
    (auction,) = auctions(world)
    assert (auction.state, auction.bidders, auction.awards) == ("settled", bidders, awards)
    told = json.loads(json.dumps(auction.to_dict()))
    assert (told["quotes"], told["bidders"]) == (2, list(bidders))
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
    states = [a.state for a in auctions(world)]
    assert states == ["key disclosed", "closed", "forfeited"]
    assert set(states) < set(AUCTION_STATES)


def test_lots_from_injection_to_every_end(world: World) -> None:
    """Minted, sold, given, delivered, split, merged, retired: owner, origin, state (C-4, C-8, N-3)."""
    alice, bob, carol, suite = world.alice, world.bob, world.carol, world.suite
    signer = suite.lots.receipt_signer(bob.address)
    world.ledger.register_meter(bob.address, signer).send(world.dso)
    terms = world.accepted(alice, bob)
    sold, given = minted(world, alice, 1), minted(world, alice, 2)
    forward = minted_for(world, terms, alice)
    whole, other = minted(world, alice, 500), minted(world, bob, 7)
    later = minted(world, carol, 9, SLOT - SLOT_S)
    exchange(world, sold, alice, bob).send(world.stranger)
    suite.lots.transfer_from(alice.address, carol.address, given).send(alice)
    suite.lots.deliver(terms, bob.address, [forward]).send(alice)
    left, right = LotOwner(suite, alice).split(whole, [200, 300])
    suite.lots.transfer_from(alice.address, bob.address, left).send(alice)
    mixed = LotOwner(suite, bob).merge([left, other])
    LotOwner(suite, alice).retire(right)
    everything = list(fold(log(world)).lots.values())
    a, b, c = alice.address, bob.address, carol.address
    assert [(x.lot, x.owner, x.producers, x.energy_wh, x.how, x.state, x.trade_id) for x in everything] == [
        (sold, b, (a,), 1, "exchanged", HELD, None),
        (given, c, (a,), 2, "transferred", HELD, None),
        (forward, b, (a,), 1000, "delivered", HELD, world.trade_id(terms)),
        (whole, a, (a,), 500, "minted", "split", None),
        (other, b, (b,), 7, "minted", "merged", None),
        (later, c, (c,), 9, "minted", HELD, None),
        (left, b, (a,), 200, "transferred", "merged", None),
        (right, a, (a,), 300, "split", "retired", None),
        (mixed, b, (a, b), 207, "merged", HELD, None),
    ]
    for found in everything:  # the contract says the same
        view = suite.lots.lot_of(found.lot)
        owner = found.owner if found.state == HELD else ZERO_ADDRESS
        assert (view.owner, view.energy_wh, view.slot_start) == (owner, found.energy_wh, found.slot_start)
        assert view.state == LotState[{HELD: "ALIVE"}.get(found.state, found.state.upper())]
    meters = tuple(keccak(world.meters[key.address].signer) for key in (alice, bob))
    assert everything[-1] == LotRecord(
        mixed,
        b,
        (a, b),
        (world.dso.address,),
        meters,
        207,
        SLOT,
        everything[-1].block,
        "merged",
        parents=(left, other),
        steps=everything[-1].steps,
    )
    assert {x.state for x in everything} == set(LOT_STATES)
    assert {x.how for x in everything} == set(WAYS)


def test_contacts_are_listed(world: World) -> None:
    """What was announced with a lot can be found: the latest of each account (C-3, C-4, C-8)."""
    suite, alice, bob = world.suite, world.alice, world.bob
    first, second = minted(world, alice, 5), minted(world, alice, 7, SLOT - SLOT_S)
    owner, buyer = LotOwner(suite, alice), LotOwner(suite, bob)
    permit = owner.sign_permit(second, buyer.address, 1, world.chain.now() + 60)
    sell(suite, world.stranger, buyer.sign_acceptance(permit))
    suite.lots.transfer_from(alice.address, world.carol.address, first).send(alice)
    found = fold(log(world)).contacts
    assert found[alice.address] == ContactRecord(
        alice.address,
        alice.public_key,
        message_address(alice),
        second,
        found[alice.address].block,
    )
    assert (found[bob.address].public_key, found[bob.address].msg_addr) == (b"", message_address(bob))
    assert world.carol.address not in found  # a gift announces nothing
    minted(world, bob, 9)
    sold = minted(world, alice, 11, SLOT - 2 * SLOT_S)
    permit = owner.sign_permit(sold, buyer.address, 1, world.chain.now() + 60)
    sell(suite, world.stranger, buyer.sign_acceptance(permit))
    again = fold(log(world)).contacts[bob.address]
    assert (again.public_key, again.lot) == (bob.public_key, sold)  # the key that he announced before
    assert json.loads(json.dumps(again.to_dict())) == {
        "account": bob.address,
        "public_key": "0x" + bob.public_key.hex(),
        "msg_addr": "0x" + message_address(bob).hex(),
        "lot": str(sold),
        "block": again.block,
    }


def test_key_of_another_is_not_listed(world: World) -> None:
    """A DSO that certified a false key leads nobody to it: equation 1 is recomputed (C-3, C-4)."""
    paper = certificate(world, world.alice)
    for key in (world.bob.public_key, b"no key"):
        false = replace(paper.injection, public_key=key, reading=keccak(key))
        world.suite.lots.mint(false, sign_injection(world, false, world.dso)).send(world.stranger)
        assert fold(log(world)).contacts[world.alice.address].public_key == b""


def test_lot_as_json_keeps_every_digit(world: World) -> None:
    """An id is text, for other languages lose digits of a uint256; bytes are hex."""
    minted(world, world.alice, 5)
    (lot,) = fold(log(world)).lots.values()
    told = json.loads(json.dumps(lot.to_dict()))
    assert told == {
        "lot": str(lot.lot),
        "owner": world.alice.address,
        "producers": [world.alice.address],
        "dso": [world.dso.address],
        "meters": ["0x" + keccak(world.meters[world.alice.address].signer).hex()],
        "energy_wh": 5,
        "slot_start": SLOT,
        "block": world.chain.height(),
        "how": "minted",
        "state": HELD,
        "trade_id": None,
    }


def test_revert_given_log_without_its_beginning(world: World) -> None:
    """An ending without a beginning means that the log was not read from the start."""
    terms = world.make(world.alice)
    world.market.give_up(terms).send(world.alice)
    house = House.open(world)
    house.bid((world.bob, START))
    lot = minted(world, world.alice)
    LotOwner(world.suite, world.alice).retire(lot)
    for beginning, identity, what in (
        ("OfferMade", "0x" + world.trade_id(terms).hex(), "offer"),
        ("AuctionPosted", "0x" + house.auction_id.hex(), "auction"),
        ("LotMinted", lot, "lot"),
    ):
        late = [e for e in log(world) if type(e).__name__ != beginning]
        with pytest.raises(LogIncomplete) as caught:
            fold(late)
        assert str(caught.value) == (
            f"the log does not state how {what} {identity} began: read it from block 0"
        )


def test_states_are_named_once() -> None:
    """A state's name is what `--state` takes."""
    for states, count in ((TRADE_STATES, 11), (AUCTION_STATES, 5), (LOT_STATES, 4), (WAYS, 6)):
        assert len(set(states)) == len(states) == count
