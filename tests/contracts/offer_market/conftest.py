"""Markets whose parameters bring rounding and the edges of the ranges to light."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from web3.types import Nonce
from web3.utils.address import get_create_address

from energy_trading.bindings import Contract, EnergyLedger, OfferMarket, Suite, SuiteParameters, deploy
from energy_trading.bindings.suite import DEFAULT_CREDIT
from energy_trading.chain import artifacts
from energy_trading.chain.connect import Chain
from energy_trading.chain.in_process import in_process
from energy_trading.crypto.keys import SecretKey
from energy_trading.types import MAX_UNITS, ZERO_ADDRESS, LedgerParameters, MarketParameters, to_abi
from tests.contracts.offer_market.tools import AUCTIONEER
from tests.world import GENESIS, World, build_world


def _put_back(world: World) -> Iterator[World]:
    snapshot = world.chain.snapshot()
    nonce, meters = world.nonce, dict(world.meters)
    yield world
    world.chain.revert(snapshot)
    world.nonce, world.meters = nonce, meters


@pytest.fixture(scope="session")
def _odd_world() -> World:
    return build_world(guarantee_bps=3_333, fee_bps=250, cancel_bps=777, penalty_bps=1_234, tolerance_bps=500)


@pytest.fixture
def odd_world(_odd_world: World) -> Iterator[World]:
    """A market with a fee and shares that do not divide evenly."""
    yield from _put_back(_odd_world)


@pytest.fixture(scope="session")
def _brim_world() -> World:
    keys = [SecretKey.from_int(1000 + i) for i in range(9)]
    chain = in_process(accounts=keys, genesis_time=GENESIS)
    dso, pkg, treasury, *people = keys
    credit = replace(DEFAULT_CREDIT, open_base=MAX_UNITS, z_unit=1)
    parameters = SuiteParameters(
        dso.address, pkg.address, treasury.address, unit=1, fee_bps=1_000, credit=credit
    )
    world = World(chain, deploy(chain, dso, parameters), dso, pkg, treasury, *people, meters={})
    for key in (world.alice, world.bob):
        world.enrol(key, funds=0)
    return world


@pytest.fixture
def brim_world(_brim_world: World) -> Iterator[World]:
    """A market whose unit is one wei, so that funds can reach 2**63 - 1; accounts start empty."""
    yield from _put_back(_brim_world)


@pytest.fixture(scope="session")
def _award_world() -> World:
    keys = [SecretKey.from_int(1000 + i) for i in range(10)]
    chain = in_process(accounts=keys, genesis_time=GENESIS)
    dso, pkg, treasury, *people = keys[:9]
    market = get_create_address(to_checksum_address(dso.address), Nonce(1))
    named = LedgerParameters(
        ZERO_ADDRESS,
        10**9,
        dso.address,
        pkg.address,
        treasury.address,
        [market, AUCTIONEER.address],
        86_400,
        DEFAULT_CREDIT,
    )
    ledger = _create(chain, dso, EnergyLedger, named)
    shares = MarketParameters(ledger, 3_333, 250, 500, 2_000, 1_000, 7 * 86_400, 7_200, AUCTIONEER.address)
    assert _create(chain, dso, OfferMarket, shares) == market
    suite = Suite(chain, ledger, market, AUCTIONEER.address, ZERO_ADDRESS, ZERO_ADDRESS)
    world = World(chain, suite, dso, pkg, treasury, *people, meters={})
    for key in (world.alice, world.bob, world.carol):
        world.enrol(key)
    return world


@pytest.fixture
def award_world(_award_world: World) -> Iterator[World]:
    """A market whose auction is a key: it holds guarantees and awards as the auction contract does."""
    yield from _put_back(_award_world)


def _create(chain: Chain, deployer: SecretKey, kind: type[Contract], parameters: object) -> str:
    code = artifacts.load(kind.name).bytecode + encode(kind.constructor_types, [to_abi(parameters)])
    return chain.deploy(code, deployer)[0]
