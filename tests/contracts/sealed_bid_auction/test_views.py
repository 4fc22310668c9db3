"""Views, domain and constructor of the auction."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from energy_trading.bindings import SuiteParameters, deploy
from energy_trading.bindings.contract import explain
from energy_trading.bindings.energy_ledger import Outside
from energy_trading.bindings.sealed_bid_auction import MarketWithoutCode, SealedBidAuction
from energy_trading.chain import artifacts
from energy_trading.chain.connect import RevertData
from energy_trading.types import AuctionParameters, AuctionState, to_abi
from tests.contracts.offer_market.tools import DAY, NONE
from tests.contracts.sealed_bid_auction.house import FEE, SCALAR, START, House, order
from tests.world import World


def test_state_follows_the_clock(world: World) -> None:
    """Quoting ends and the wait for the key begins without a transaction (X-8)."""
    house = House.open(world)
    house.bid((world.bob, START))
    world.chain.mine(house.terms.quote_until - 1)
    assert house.state == AuctionState.QUOTING
    world.chain.mine(house.terms.quote_until)
    assert house.state == AuctionState.AWAITING_KEY
    world.suite.auction.disclose(house.terms, SCALAR).send(world.alice)
    assert house.state == AuctionState.DISCLOSED


def test_ids_and_seeds_are_hashes(world: World) -> None:
    """Every field of the order is in its id; the seed is 200 bits of the id's hash (X-4)."""
    auction, terms = world.suite.auction, order(world)
    seen = {auction.auction_id_of(terms)}
    for name in terms.__abi__:
        value = getattr(terms, name)
        other = {
            "publisher": world.bob.address,
            "quote_key": world.bob.address,
            "lots_wh": (*terms.lots_wh, 1),
        }.get(name, value if not isinstance(value, int) else value + 1)
        changed = type(terms)(**{**{n: getattr(terms, n) for n in terms.__abi__}, name: other})
        seen.add(auction.auction_id_of(changed))
    assert len(seen) == 1 + len(terms.__abi__)
    auction_id = auction.auction_id_of(terms)
    assert auction.seed_of(auction_id) == int.from_bytes(keccak(auction_id), "big") & 2**200 - 1
    assert auction.state_of(auction_id) == (AuctionState.NONE, 0, 0)


def test_domain_is_the_contracts(world: World) -> None:
    """EIP-5267 tells what quotes are signed under (X-5)."""
    _, name, version, chain_id, contract, _, _ = world.suite.auction.eip712_domain()
    domain = world.suite.auction_domain
    assert (name, version, chain_id, contract) == (
        "SealedBidAuction",
        "1",
        domain.chain_id,
        world.suite.auction.address,
    )


def test_parameters_are_those_of_the_deployment(world: World) -> None:
    """What was fixed can be read (X-11)."""
    assert world.suite.auction.auction_parameters() == AuctionParameters(
        world.ledger.address, world.market.address, 5_000, 600, 600, FEE, 5_000, 7 * DAY
    )


@pytest.mark.parametrize(
    ("name", "value", "low", "high"),
    [
        ("biddersBps", 10_001, 0, 10_000),
        ("minSettleWindow", 59, 60, DAY),
        ("minSettleWindow", DAY + 1, 60, DAY),
        ("minPayWindow", 59, 60, DAY),
        ("minPayWindow", DAY + 1, 60, DAY),
        ("quoteFee", 10**18 + 1, 0, 10**18),
        ("settlerBps", 5_001, 0, 5_000),
        ("maxDuration", 59, 60, 7 * DAY),
        ("maxDuration", 7 * DAY + 1, 60, 7 * DAY),
    ],
)
def test_revert_given_parameter_out_of_range(
    world: World, name: str, value: int, low: int, high: int
) -> None:
    """A wrong parameter is named with its range; the longest order is the market's longest trade (X-7)."""
    right = {
        "biddersBps": 5_000,
        "minSettleWindow": 60,
        "minPayWindow": DAY,
        "quoteFee": 10**18,
        "settlerBps": 5_000,
        "maxDuration": DAY,
    }
    given = AuctionParameters(world.ledger.address, world.market.address, *(right | {name: value}).values())
    code = artifacts.load("SealedBidAuction").bytecode
    code += encode(SealedBidAuction.constructor_types, [to_abi(given)])
    with pytest.raises(RevertData) as caught:
        world.chain.deploy(code, world.stranger)
    error = explain(caught.value)
    assert isinstance(error, Outside)
    assert len(error.values) == 4
    assert error.values[1:] == (value, low, high)


@pytest.mark.parametrize("market", ["stranger", "nobody"])
def test_revert_given_market_without_code(world: World, market: str) -> None:
    """The market has to be there: its longest duration bounds the auction's (X-7)."""
    address = world.stranger.address if market == "stranger" else NONE
    code = artifacts.load("SealedBidAuction").bytecode
    given = AuctionParameters(world.ledger.address, address, 5_000, 600, 600, FEE, 5_000, DAY)
    code += encode(SealedBidAuction.constructor_types, [to_abi(given)])
    with pytest.raises(RevertData) as caught:
        world.chain.deploy(code, world.stranger)
    error = explain(caught.value)
    assert isinstance(error, MarketWithoutCode)
    assert error.values == (address,)


def test_ranges_include_their_ends(world: World) -> None:
    """0 and 10,000 are shares; a minute and 366 days are durations (X-11)."""
    for bps, duration in ((0, 60), (10_000, 366 * DAY)):
        parameters = SuiteParameters(
            world.dso.address,
            world.pkg.address,
            world.treasury.address,
            bidders_bps=bps,
            max_duration=duration,
        )
        suite = deploy(world.chain, world.dso, parameters)
        read = suite.auction.auction_parameters()
        assert (read.bidders_bps, read.max_duration) == (bps, duration)
