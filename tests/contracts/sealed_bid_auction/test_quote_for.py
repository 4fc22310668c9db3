"""quoteFor: a signed quote is brought by anyone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_abi.abi import encode

from energy_trading.bindings.contract import ContractRevert
from energy_trading.bindings.energy_ledger import VerifierStarved
from energy_trading.bindings.sealed_bid_auction import BadSignature, Expired, QuoteSealed, WrongState
from energy_trading.crypto._signatures import compact
from energy_trading.crypto.keys import SecretKey
from energy_trading.types import AuctionState, Domain, Quote, RelayedQuote
from tests.contracts.offer_market.tools import Answer, compiled, hostile_signer, refused, told
from tests.contracts.sealed_bid_auction.house import FEE, START, House, awards
from tests.world import FUNDS, World


def sign(house: House, quote: Quote, key: SecretKey, **changes: object) -> bytes:
    """A bidder's word for a quote, or one about something else."""
    domain = changes.get("domain", house.world.suite.auction_domain)
    auction_id = changes.get("auction_id", house.auction_id)
    return key.sign_digest(domain.digest(RelayedQuote(auction_id, quote.bidder, quote.cx, quote.body)))


@pytest.mark.parametrize("shape", ["65 bytes", "64 bytes"])
def test_quote_is_the_bidders(world: World, shape: str) -> None:
    """Whoever brings it, the quote is its bidder's, and wins for the bidder (X-5)."""
    house = House.open(world)
    quote = house.seal(world.bob, START + 7)
    signature = sign(house, quote, world.bob)
    if shape == "64 bytes":
        signature = compact(signature)
    sent = world.suite.auction.quote_for(house.auction_id, quote, signature, value=FEE).send(world.stranger)
    assert told(world.suite.auction, sent) == [
        (QuoteSealed, house.auction_id, world.bob.address, quote.cx, quote.body)
    ]
    house.quotes.append(quote)
    assert awards(house.settle()) == [(0, world.bob.address, START + 7, START)]


def test_quote_brought_twice_counts_once(world: World) -> None:
    """A replayed quote takes no second lot and is nobody's second price (X-5)."""
    house = House.open(world, lots_wh=(2000, 1000))
    quote = house.seal(world.bob, START + 7)
    call = world.suite.auction.quote_for(house.auction_id, quote, sign(house, quote, world.bob), value=FEE)
    for sender in (world.stranger, world.carol, world.stranger):
        call.send(sender)
        house.quotes.append(quote)
    assert awards(house.settle()) == [(0, world.bob.address, START + 7, START)]


@pytest.mark.parametrize("wrong", ["signer", "bidder", "cx", "body", "auction", "chain", "contract", "empty"])
def test_revert_given_signature_for_something_else(world: World, wrong: str) -> None:
    """The signature binds bidder, words, auction, contract and chain (X-5)."""
    house, other = House.open(world), House.open(world)
    quote = house.seal(world.bob, START)
    domain = world.suite.auction_domain
    signer = world.carol if wrong == "signer" else world.bob
    changes: dict[str, object] = {}
    if wrong == "auction":
        changes["auction_id"] = other.auction_id
    elif wrong == "chain":
        changes["domain"] = Domain("SealedBidAuction", domain.chain_id + 1, world.suite.auction.address)
    elif wrong == "contract":
        changes["domain"] = Domain("SealedBidAuction", domain.chain_id, world.market.address)
    signature = b"" if wrong == "empty" else sign(house, quote, signer, **changes)
    if wrong == "bidder":
        quote = replace(quote, bidder=world.carol.address)
    elif wrong in ("cx", "body"):
        quote = replace(quote, **{wrong: getattr(quote, wrong) ^ 1})
    call = world.suite.auction.quote_for(house.auction_id, quote, signature, value=FEE)
    refused(call, world.stranger, BadSignature, quote.bidder)


def test_account_that_is_a_contract_signs(world: World) -> None:
    """ERC-1271: a contract account's quote is brought with its owner's signature (X-5)."""
    house = House.open(world)
    code = compiled("ContractAccount").bytecode + encode(["address"], [world.bob.address])
    account = world.chain.deploy(code, world.stranger)[0]
    quote = house.seal(account, START + 3)
    call = world.suite.auction.quote_for(house.auction_id, quote, sign(house, quote, world.carol), value=FEE)
    refused(call, world.stranger, BadSignature, account)
    world.ledger.open_account(*world.attest(account, consent=world.bob)).send(world.stranger)
    call = world.suite.auction.quote_for(house.auction_id, quote, sign(house, quote, world.bob), value=FEE)
    call.send(world.stranger)
    house.quotes.append(quote)
    assert awards(house.settle()) == [(0, account, START + 3, START)]
    assert world.account(world.bob).available == FUNDS


def test_account_code_gets_a_fixed_amount_of_gas(world: World) -> None:
    """Who sends a quote with too little gas for the account's code gets a revert by name (X-5)."""
    house = House.open(world)
    account = hostile_signer(world, Answer.BURN)
    quote = house.seal(account, START)
    call = world.suite.auction.quote_for(house.auction_id, quote, sign(house, quote, world.bob), value=FEE)
    with pytest.raises(ContractRevert) as caught:
        call.send(world.stranger, 300_000)
    assert isinstance(caught.value, VerifierStarved)
    assert caught.value.verifier == account
    assert caught.value.gas_left < caught.value.needed
    with pytest.raises(BadSignature):
        call.send(world.stranger, 700_000)


def test_revert_given_signed_quote_out_of_time_or_place(world: World) -> None:
    """A signature opens no closed auction and no unknown one (X-5, X-8)."""
    house = House.open(world)
    quote = house.seal(world.bob, START)
    unknown = bytes(32)
    word = sign(house, quote, world.bob, auction_id=unknown)
    refused(
        world.suite.auction.quote_for(unknown, quote, word, value=FEE),
        world.stranger,
        WrongState,
        unknown,
        AuctionState.NONE,
        AuctionState.QUOTING,
    )
    end = house.terms.quote_until
    world.chain.set_next_time(end)
    call = world.suite.auction.quote_for(house.auction_id, quote, sign(house, quote, world.bob), value=FEE)
    refused(call, world.stranger, Expired, end, end)
