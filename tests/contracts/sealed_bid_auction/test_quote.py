"""quote: whoever may later be asked for money or not seals a quote; the chain keeps one hash."""

from __future__ import annotations

import pytest

from energy_trading.bindings.sealed_bid_auction import Expired, Full, QuoteSealed, WrongState
from energy_trading.types import AuctionState
from tests.contracts.offer_market.tools import purse, refused, told
from tests.contracts.sealed_bid_auction.house import FEE, START, House, N
from tests.world import FUNDS, World


def test_quote_is_told_and_counted(world: World) -> None:
    """The log has the sealed words, the chain's hash is that of the rules, and no money moves (X-5)."""
    house = House.open(world)
    for place, bidder in enumerate((world.bob, world.carol, world.bob), start=1):
        quote = house.seal(bidder, START + place)
        sent = house.send(bidder, quote)
        assert told(world.suite.auction, sent) == [
            (QuoteSealed, house.auction_id, bidder.address, quote.cx, quote.body)
        ]
        assert told(world.ledger, sent) == []
        answer = world.suite.auction.state_of(house.auction_id)
        assert answer == (AuctionState.QUOTING, place, house.chain[-1])
    assert purse(world, world.bob) == (FUNDS, 0)


def test_anybody_may_seal_anything(world: World) -> None:
    """What a quote is worth is asked at settlement, so nobody is turned away and nothing is told (X-5)."""
    house = House.open(world)
    for sender, cx, body in ((world.stranger, 0, 0), (world.alice, 5, 7), (world.seller, N, 2**256 - 1)):
        sent = world.suite.auction.quote(house.auction_id, cx, body, value=FEE).send(sender)
        assert told(world.suite.auction, sent) == [(QuoteSealed, house.auction_id, sender.address, cx, body)]
    assert world.suite.auction.state_of(house.auction_id)[1] == 3


def test_quotes_until_the_deadline(world: World) -> None:
    """In the last second before quoteUntil a quote counts, at quoteUntil it is refused (X-8)."""
    house = House.open(world)
    end = house.terms.quote_until
    kept = world.chain.snapshot()
    world.chain.set_next_time(end - 1)
    house.bid((world.bob, START))
    world.chain.revert(kept)
    world.chain.set_next_time(end)
    refused(world.suite.auction.quote(house.auction_id, 1, 1, value=FEE), world.bob, Expired, end, end)


def test_revert_given_no_such_auction(world: World) -> None:
    """Quotes go to a published order only (X-5)."""
    refused(
        world.suite.auction.quote(b"\x01" * 32, 1, 1, value=FEE),
        world.bob,
        WrongState,
        b"\x01" * 32,
        AuctionState.NONE,
        AuctionState.QUOTING,
    )


def test_auctions_do_not_mix(world: World) -> None:
    """Each auction has its own chain of quotes (X-5)."""
    first, second = House.open(world), House.open(world)
    first.bid((world.bob, START))
    assert world.suite.auction.state_of(second.auction_id) == (AuctionState.QUOTING, 0, second.chain[0])
    assert first.chain[0] != second.chain[0]


@pytest.mark.parametrize("missing", [1, 0])
def test_revert_given_full_auction(world: World, missing: int) -> None:
    """Quote number 2**22 - 1 is the last; one more is refused by name (X-5)."""
    house = House.open(world)
    house.bid((world.bob, START))
    _set_count(world, house.auction_id, 2**22 - 1 - missing)
    call = world.suite.auction.quote(house.auction_id, 1, 1, value=FEE)
    if missing:
        call.send(world.bob)
        assert world.suite.auction.state_of(house.auction_id)[1] == 2**22 - 1
    else:
        refused(call, world.bob, Full, house.auction_id, 2**22 - 1)


def _set_count(world: World, auction_id: bytes, count: int) -> None:
    """Write the number of quotes into the auction's slot: 4,194,302 real ones would take a day."""
    from eth_abi.abi import encode
    from eth_utils.crypto import keccak

    backend = world.chain._backend
    address = bytes.fromhex(world.suite.auction.address[2:])
    slot = int.from_bytes(keccak(encode(["bytes32", "uint256"], [auction_id, 0])), "big")
    vm = backend.chain.get_vm()
    packed = vm.state.get_storage(address, slot)
    assert packed >> 232 & 0x3FFFFF == 1
    vm.state.set_storage(address, slot, packed & ~(0x3FFFFF << 232) | count << 232)
    vm.state.persist()
    header = backend.chain.header.copy(state_root=vm.state.state_root)
    backend.chain.header = header
