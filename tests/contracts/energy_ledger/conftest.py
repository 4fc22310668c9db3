"""Ledgers that settle in tokens, and one whose markets are keys; each test starts from the same state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from energy_trading.bindings import Suite, SuiteParameters, deploy
from energy_trading.bindings.suite import DEFAULT_CREDIT
from energy_trading.chain.connect import Chain
from energy_trading.chain.in_process import in_process
from energy_trading.crypto.keys import SecretKey
from energy_trading.types import ZERO_ADDRESS
from tests.contracts.energy_ledger.tools import (
    Desk,
    TokenWorld,
    deployed,
    ledger_parameters,
    make_ledger,
)
from tests.world import GENESIS, World

KEYS = [SecretKey.from_int(1000 + i) for i in range(9)]
MARKETS = [SecretKey.from_int(2000 + i) for i in range(8)]
PEOPLE = 100_000  # units each begins with
TOKEN_UNIT = 1_000


@pytest.fixture(scope="session")
def _chain() -> Chain:
    return in_process(accounts=[*KEYS, *MARKETS], genesis_time=GENESIS)


def _token_world(chain: Chain, name: str) -> TokenWorld:
    dso, pkg, treasury, *people = KEYS
    token = deployed(chain, people[-1], name)
    parameters = SuiteParameters(
        dso.address, pkg.address, treasury.address, asset=token.address, unit=TOKEN_UNIT
    )
    world = World(chain, deploy(chain, dso, parameters), dso, pkg, treasury, *people, meters={})
    found = TokenWorld(world, token)
    for key in (world.alice, world.bob):
        world.enrol(key, funds=0)
        found.give(key, PEOPLE)
        world.ledger.deposit(key.address, PEOPLE).send(key)
    return found


@pytest.fixture(scope="session")
def _hostile(_chain: Chain) -> TokenWorld:
    return _token_world(_chain, "HostileToken")


@pytest.fixture(scope="session")
def _permitting(_chain: Chain) -> TokenWorld:
    return _token_world(_chain, "PermitToken")


@pytest.fixture(scope="session")
def _desk(_chain: Chain) -> Desk:
    dso, pkg, treasury, *people = KEYS
    ledger = make_ledger(
        _chain,
        dso,
        ledger_parameters(
            owner=dso.address,
            pkg=pkg.address,
            treasury=treasury.address,
            markets=[key.address for key in MARKETS],
            z_unit=100,
            open_base=1_000,
            open_per_credit=500,
            grace_defaults=1,
            ban_unit=DEFAULT_CREDIT.ban_unit,
        ),
    )
    world = World(
        _chain,
        Suite(_chain, ledger.address, MARKETS[0].address, ZERO_ADDRESS, ZERO_ADDRESS, ZERO_ADDRESS),
        dso,
        pkg,
        treasury,
        *people,
        meters={},
    )
    for key, roles in ((world.alice, 3), (world.bob, 3), (world.seller, 1), (world.buyer, 2)):
        world.enrol(key, roles, PEOPLE)
    return Desk(world, MARKETS)


def _put_back(world: World) -> Iterator[None]:
    snapshot = world.chain.snapshot()
    nonce, meters = world.nonce, dict(world.meters)
    yield
    world.chain.revert(snapshot)
    world.nonce, world.meters = nonce, meters


@pytest.fixture
def hostile(_hostile: TokenWorld) -> Iterator[TokenWorld]:
    """A market whose token can be told to misbehave; alice and bob have funds in it."""
    for _ in _put_back(_hostile.world):
        yield replace(_hostile)


@pytest.fixture
def permitting(_permitting: TokenWorld) -> Iterator[TokenWorld]:
    """A market whose token knows ERC-2612."""
    for _ in _put_back(_permitting.world):
        yield replace(_permitting)


@pytest.fixture
def desk(_desk: Desk) -> Iterator[Desk]:
    """A native ledger whose markets are keys of the test."""
    for _ in _put_back(_desk.world):
        yield _desk
