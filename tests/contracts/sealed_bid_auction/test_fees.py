"""What a quote costs, who earns it and how it is claimed: nothing is returned, and nothing stays behind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from energy_trading.bindings.contract import CoinTransferFailed
from energy_trading.bindings.sealed_bid_auction import (
    FeesClaimed,
    FeesEarned,
    GuaranteeForfeited,
    NoFees,
    WrongFee,
    ZeroRecipient,
)
from energy_trading.crypto.keys import SecretKey
from energy_trading.types import ZERO_ADDRESS, RelayedQuote
from tests.contracts.energy_ledger.tools import Reaction, deployed
from tests.contracts.offer_market.tools import refused, told
from tests.contracts.sealed_bid_auction.house import FEE, SCALAR, SETTLER_FEE, START, House
from tests.world import World, build_world

SOMEBODY = SecretKey.from_int(0x5EED).address


def coin(world: World, address: str | None = None) -> int:
    """Wei of an address; of the auction if none is named."""
    return world.chain.web3.eth.get_balance(address or world.suite.auction.address)


def earned(world: World, *keys: SecretKey) -> list[int]:
    """Wei that each may claim."""
    return [world.suite.auction.fees_of(key.address) for key in keys]


def bids(house: House, count: int) -> None:
    """So many quotes of bob and carol."""
    bidders = (house.world.bob, house.world.carol)
    house.bid(*((bidders[i % 2], START + i) for i in range(count)))


@pytest.mark.parametrize("value", [0, FEE - 1, FEE + 1, 2 * FEE])
def test_revert_given_another_fee(world: World, value: int) -> None:
    """A quote costs its fee to the wei, sent by its bidder or by a relayer (X-5)."""
    house = House.open(world)
    quote = house.seal(world.bob, START)
    auction, domain = world.suite.auction, world.suite.auction_domain
    digest = domain.digest(RelayedQuote(house.auction_id, quote.bidder, quote.cx, quote.body))
    own = auction.quote(house.auction_id, quote.cx, quote.body, value=value)
    relayed = auction.quote_for(house.auction_id, quote, world.bob.sign_digest(digest), value=value)
    refused(own, world.bob, WrongFee, value, FEE)
    refused(relayed, world.stranger, WrongFee, value, FEE)
    assert (coin(world), auction.state_of(house.auction_id)[1]) == (0, 0)


def test_whoever_submits_a_quote_pays(world: World) -> None:
    """A relayed quote costs its relayer the fee and its bidder nothing (X-5)."""
    house = House.open(world)
    quote = house.seal(world.bob, START)
    digest = world.suite.auction_domain.digest(
        RelayedQuote(house.auction_id, quote.bidder, quote.cx, quote.body)
    )
    signature = world.bob.sign_digest(digest)
    before = coin(world, world.bob.address)
    world.suite.auction.quote_for(house.auction_id, quote, signature, value=FEE).send(world.stranger)
    assert (coin(world), coin(world, world.bob.address)) == (FEE, before)


def test_settler_and_treasury_share_the_fees(world: World) -> None:
    """Half of each fee is the settler's, the rest the treasury's; no coin moves while they settle (X-6)."""
    house = House.open(world)
    bids(house, 3)
    sent = house.settle()
    stranger, treasury = world.stranger.address, world.treasury.address
    assert [event for event in told(world.suite.auction, sent) if event[0] is FeesEarned] == [
        (FeesEarned, house.auction_id, stranger, 3 * SETTLER_FEE),
        (FeesEarned, house.auction_id, treasury, 3 * (FEE - SETTLER_FEE)),
    ]
    assert earned(world, world.stranger, world.treasury) == [3 * SETTLER_FEE, 3 * (FEE - SETTLER_FEE)]
    assert coin(world) == 3 * FEE


def test_spammer_that_settles_its_own_quotes_still_pays(world: World) -> None:
    """Whoever stuffs an auction and settles it gets half of its fees back and no more (X-6)."""
    house = House.open(world)
    house.bid(*((world.carol, START + i) for i in range(8)))
    house.settle(sender=world.carol)
    assert sum(earned(world, world.carol)) * 2 == 8 * FEE
    assert earned(world, world.treasury) == [4 * FEE]


def test_each_settler_earns_what_it_settled(world: World) -> None:
    """A quote earns once, whoever puts a chunk in front and however much the chunks overlap (X-6)."""
    house = House.open(world)
    bids(house, 6)
    house.settle(5, 6, world.carol)
    house.settle(2, None, world.bob)  # of four, one is done
    assert earned(world, world.carol, world.bob, world.treasury) == [SETTLER_FEE, 3 * SETTLER_FEE, 0]
    house.settle(0, None, world.stranger)  # of six, four are done
    assert earned(world, world.carol, world.bob, world.stranger, world.treasury) == [
        SETTLER_FEE,
        3 * SETTLER_FEE,
        2 * SETTLER_FEE,
        6 * (FEE - SETTLER_FEE),
    ]
    assert coin(world) == 6 * FEE


def test_fees_of_a_withheld_key_are_the_treasurys(world: World) -> None:
    """Nobody settled, so the treasury has all fees, and compensation earns nothing (X-6)."""
    house = House.open(world)
    bids(house, 3)
    world.chain.set_next_time(house.terms.disclose_until)
    sent = world.suite.auction.forfeit(house.terms).send(world.stranger)
    assert told(world.suite.auction, sent) == [
        (GuaranteeForfeited, house.auction_id, house.guarantee // 2 // 3),
        (FeesEarned, house.auction_id, world.treasury.address, 3 * FEE),
    ]
    house.compensate_call(2, 3).send(world.stranger)
    house.compensate_call(0, 3).send(world.stranger)
    assert earned(world, world.treasury, world.stranger) == [3 * FEE, 0]
    assert coin(world) == 3 * FEE


def test_settlers_of_a_stalled_settlement_keep_what_they_earned(world: World) -> None:
    """What was opened before settleBy is paid for; the treasury has the rest of all fees (X-6)."""
    house = House.open(world)
    bids(house, 5)
    house.settle(4, 5, world.carol)
    house.settle(3, 5, world.stranger)
    world.chain.set_next_time(house.terms.settle_by)
    world.suite.auction.forfeit(house.terms).send(world.stranger)
    house.compensate_call().send(world.stranger)
    assert earned(world, world.carol, world.stranger, world.treasury) == [
        SETTLER_FEE,
        SETTLER_FEE,
        5 * FEE - 2 * SETTLER_FEE,
    ]
    assert coin(world) == 5 * FEE


def test_fees_are_claimed_once(world: World) -> None:
    """Settler and treasury take out what they earned, wherever they want it, and then nothing is left."""
    house = House.open(world)
    bids(house, 3)
    house.settle()
    auction = world.suite.auction
    for key, due in ((world.stranger, 3 * SETTLER_FEE), (world.treasury, 3 * (FEE - SETTLER_FEE))):
        before = coin(world, SOMEBODY)
        sent = auction.claim_fees(SOMEBODY).send(key)
        assert told(auction, sent) == [(FeesClaimed, key.address, SOMEBODY, due)]
        assert coin(world, SOMEBODY) - before == due
        refused(auction.claim_fees(SOMEBODY), key, NoFees, key.address)
    assert coin(world) == 0


def test_revert_given_nothing_to_claim(world: World) -> None:
    """Nobody claims another's fees, and none are burnt at the zero address (X-6)."""
    house = House.open(world)
    bids(house, 1)
    house.settle()
    auction = world.suite.auction
    refused(auction.claim_fees(SOMEBODY), world.bob, NoFees, world.bob.address)
    refused(auction.claim_fees(ZERO_ADDRESS), world.stranger, ZeroRecipient)
    assert earned(world, world.stranger, world.bob) == [SETTLER_FEE, 0]


@pytest.mark.parametrize("reaction", [Reaction.REFUSE, Reaction.BURN])
def test_settler_that_refuses_coin_can_settle(world: World, reaction: Reaction) -> None:
    """Settling sends no coin, so no recipient stops it; refused fees stay claimable (X-6)."""
    house = House.open(world)
    bids(house, 2)
    receiver = deployed(world.chain, world.stranger, "HostileReceiver")
    receiver.do("prepare(uint8,address,bytes)", reaction, ZERO_ADDRESS, b"").send(world.stranger)
    world.chain.mine(house.terms.quote_until)
    call = house.settle_call()
    receiver.do("act(address,bytes)", call.to, call.data).send(world.stranger)
    auction = world.suite.auction
    claim = auction.claim_fees(receiver.address)
    refused(receiver.do("act(address,bytes)", claim.to, claim.data), world.stranger, CoinTransferFailed)
    assert auction.fees_of(receiver.address) == 2 * SETTLER_FEE
    claim = auction.claim_fees(SOMEBODY)
    receiver.do("act(address,bytes)", claim.to, claim.data).send(world.stranger)
    assert coin(world, SOMEBODY) == 2 * SETTLER_FEE


def test_recipient_cannot_claim_twice(world: World) -> None:
    """From inside its claim, a recipient has no fees any more (X-6)."""
    house = House.open(world)
    bids(house, 4)
    receiver = deployed(world.chain, world.stranger, "HostileReceiver")
    auction = world.suite.auction
    claim = auction.claim_fees(receiver.address)
    receiver.do("prepare(uint8,address,bytes)", Reaction.REENTER, claim.to, claim.data).send(world.stranger)
    world.chain.mine(house.terms.quote_until)
    call = house.settle_call()
    receiver.do("act(address,bytes)", call.to, call.data).send(world.stranger)
    receiver.do("act(address,bytes)", claim.to, claim.data).send(world.stranger)
    assert (receiver.ask("called()", "bool"), receiver.ask("succeeded()", "bool")) == (True, False)
    assert receiver.ask("answer()", "bytes")[:4] == NoFees.selector()
    assert coin(world, receiver.address) == 4 * SETTLER_FEE


def test_without_a_fee_nothing_is_paid_or_earned() -> None:
    """A deployment may charge nothing; then coin is refused, and a settlement logs no fees (X-11)."""
    world = build_world(quote_fee=0)
    house = House.open(world)
    quote = house.seal(world.bob, START)
    auction = world.suite.auction
    refused(auction.quote(house.auction_id, quote.cx, quote.body, value=1), world.bob, WrongFee, 1, 0)
    auction.quote(house.auction_id, quote.cx, quote.body).send(world.bob)
    house.quotes.append(replace(quote, bidder=world.bob.address))
    sent = house.settle()
    assert not [event for event in sent.events if isinstance(event, FeesEarned)]
    refused(auction.claim_fees(SOMEBODY), world.stranger, NoFees, world.stranger.address)


def test_part_of_the_settler_is_rounded_down() -> None:
    """Of three wei at 50 % the settler has one, the treasury two (X-6)."""
    world = build_world(quote_fee=3)
    house = House.open(world)
    for amount in (START, START + 1):
        quote = house.seal(world.bob, amount)
        call = world.suite.auction.quote(house.auction_id, quote.cx, quote.body, value=3)
        call.send(world.bob)
        house.quotes.append(quote)
    house.settle()
    assert earned(world, world.stranger, world.treasury) == [2, 4]


def test_order_without_quotes_has_no_fees(world: World) -> None:
    """Nobody quoted, so nobody paid and nobody earns (X-6)."""
    house = House.open(world)
    world.chain.set_next_time(house.terms.quote_until)
    world.suite.auction.disclose(house.terms, SCALAR).send(world.alice)
    sent = house.settle()
    assert not [event for event in sent.events if isinstance(event, FeesEarned)]
    assert earned(world, world.stranger, world.treasury) == [0, 0]
