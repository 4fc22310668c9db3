"""What can be asked, and the ranges of the constructor."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_abi.abi import encode

from energy_trading.bindings import OfferMarket
from energy_trading.bindings.contract import explain
from energy_trading.bindings.energy_ledger import NotMarket, Outside
from energy_trading.bindings.offer_market import BadTerms
from energy_trading.chain import artifacts
from energy_trading.chain.connect import RevertData
from energy_trading.types import MAX_UNITS, MarketParameters, Terms, TradeState, to_abi
from tests.contracts.offer_market.tools import refused, wh
from tests.world import World

YEAR = 366 * 86_400
RANGES = {
    "guaranteeBps": (1, 10_000),
    "feeBps": (0, 1_000),
    "cancelBps": (0, 10_000),
    "penaltyBps": (1, 10_000),
    "toleranceBps": (0, 10_000),
    "maxDuration": (60, YEAR),
    "replyTime": (60, 30 * 86_400),
}
FIELDS = dict(zip(RANGES, MarketParameters.__abi__[1:-1], strict=True))  # between ledger and auction


# ---------------------------------------------------------------- views


def test_trade_id_is_the_struct_hash(world: World) -> None:
    """The id is the EIP-712 struct hash of the terms, as computed off chain (N-5)."""
    top = "0x" + "ff" * 20
    for terms in (
        world.terms(world.alice),
        world.terms(world.alice, signed=True, buyer=world.bob.address),
        Terms(top, top, b"\xff" * 32, 2**256 - 1, 2**256 - 1, 2**256 - 1, 2**256 - 1),
    ):
        assert world.market.trade_id_of(terms) == world.trade_id(terms)


@pytest.mark.parametrize("field", Terms.__abi__)
def test_every_field_is_in_the_trade_id(world: World, field: str) -> None:
    """No field can change without the id changing (N-5)."""
    terms = world.terms(world.alice)
    other = {"seller": world.bob.address, "buyer": world.bob.address, "energy": wh(1)}
    changed = replace(terms, **{field: other.get(field, 77)})
    assert world.market.trade_id_of(changed) != world.market.trade_id_of(terms)


def test_state_of_each_stage(world: World) -> None:
    """None, offered, accepted, closed (N-7)."""
    terms = world.terms(world.alice)
    states = [world.market.state_of(world.trade_id(terms))]
    world.market.make_offer(terms).send(world.alice)
    states.append(world.market.state_of(world.trade_id(terms)))
    world.market.accept_offer(terms).send(world.bob)
    states.append(world.market.state_of(world.trade_id(terms)))
    world.deliver(terms, world.bob)
    states.append(world.market.state_of(world.trade_id(terms)))
    assert states == [TradeState.NONE, TradeState.OFFERED, TradeState.ACCEPTED, TradeState.CLOSED]


@pytest.mark.parametrize(
    ("price", "guarantee"),
    [(0, 0), (1, 1), (3, 1), (4, 2), (10_000, 3_333), (10_001, 3_334), (1_000_003, 333_301)],
)
def test_guarantee_rounds_up(odd_world: World, price: int, guarantee: int) -> None:
    """33.33 % of the price, rounded up (N-1)."""
    assert odd_world.market.guarantee_up(price) == guarantee


def test_guarantee_of_the_highest_price(world: World, odd_world: World) -> None:
    """At 2**63 - 1 nothing overflows; beyond, the question itself is refused (N-1)."""
    assert world.market.guarantee_up(MAX_UNITS) == MAX_UNITS
    assert odd_world.market.guarantee_up(MAX_UNITS) == (MAX_UNITS * 3_333 + 9_999) // 10_000
    for price in (MAX_UNITS + 1, 2**256 - 1):
        with pytest.raises(BadTerms) as caught:
            world.market.guarantee_up(price)
        assert caught.value.values == (bytes(32), price, MAX_UNITS)


def test_parameters_as_given(world: World, odd_world: World) -> None:
    """The market tells its constructor arguments (N-1)."""
    week = 7 * 86_400
    default = (world.ledger.address, 10_000, 0, 500, 2_000, 1_000, week, 86_400, world.suite.auction.address)
    odd_suite = odd_world.suite
    odd = (odd_suite.ledger.address, 3_333, 250, 777, 1_234, 500, week, 86_400, odd_suite.auction.address)
    assert world.market.market_parameters() == MarketParameters(*default)
    assert odd_world.market.market_parameters() == MarketParameters(*odd)


def test_domain_of_its_signatures(world: World) -> None:
    """EIP-5267 tells wallets the domain that off-chain code signs for (N-1)."""
    fields, name, version, chain_id, contract, salt, extensions = world.market.eip712_domain()
    assert (fields, salt, list(extensions)) == (b"\x0f", bytes(32), [])
    domain = world.suite.market_domain
    assert (name, version, chain_id) == (domain.name, "1", domain.chain_id)
    assert contract == domain.verifying_contract == world.market.address


# ---------------------------------------------------------------- constructor


def _deploy(world: World, **changes: int) -> MarketParameters:
    """Deploy a market over the world's ledger and return what it says of itself."""
    parameters = replace(world.market.market_parameters(), **changes)
    code = artifacts.load("OfferMarket").bytecode
    code += encode(OfferMarket.constructor_types, [to_abi(parameters)])
    try:
        address, _ = world.chain.deploy(code, world.stranger)
    except RevertData as error:
        raise explain(error) from None
    said: MarketParameters = OfferMarket(world.chain, address).market_parameters()
    assert said == parameters
    return said


@pytest.mark.parametrize("name", RANGES)
def test_ends_of_the_ranges_are_allowed(world: World, name: str) -> None:
    """Both ends of each range are inside it."""
    for value in RANGES[name]:
        assert getattr(_deploy(world, **{FIELDS[name]: value}), FIELDS[name]) == value


@pytest.mark.parametrize("name", RANGES)
def test_revert_given_parameter_out_of_range(world: World, name: str) -> None:
    """One below, one above and the largest number are refused by name."""
    low, high = RANGES[name]
    for value in ([low - 1] if low else []) + [high + 1, 2**256 - 1]:
        with pytest.raises(Outside) as caught:
            _deploy(world, **{FIELDS[name]: value})
        assert caught.value.values == (name, value, low, high)


def test_market_that_the_ledger_does_not_name_holds_nothing(world: World) -> None:
    """Anyone can deploy a market over the ledger; it cannot move a unit (N-8)."""
    code = artifacts.load("OfferMarket").bytecode
    code += encode(OfferMarket.constructor_types, [to_abi(world.market.market_parameters())])
    address, _ = world.chain.deploy(code, world.stranger)
    false_market = OfferMarket(world.chain, address)
    terms = world.terms(world.alice)
    refused(false_market.make_offer(terms), world.alice, NotMarket, address)
