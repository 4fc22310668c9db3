"""One Anvil with a market for all tests of the agent; each test starts from the same snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from energy_trading.agent.service import Service
from tests.client.agent_town import Town, sqlite
from tests.nodes import anvil
from tests.postgres import Postgres, postgres


@pytest.fixture(scope="session")
def _town() -> Iterator[Town]:
    with anvil() as url:
        yield Town(url)


@pytest.fixture
def town(_town: Town) -> Iterator[Town]:
    snapshot = _town.chain.snapshot()
    _town.chain._rpc("anvil_setNextBlockBaseFeePerGas", hex(10**9))
    _town.new_meters()
    _town.time = float(_town.chain.now())
    yield _town
    _town.chain._rpc("evm_setAutomine", True)
    _town.chain.revert(snapshot)


@pytest.fixture(scope="session")
def _postgres() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, of both kinds."""
    if request.param == "sqlite":
        return sqlite(tmp_path)
    server: Postgres = request.getfixturevalue("_postgres")
    return server.database()


@pytest.fixture
def service(town: Town, tmp_path: Path) -> Iterator[Service]:
    """An agent on SQLite that has read the chain."""
    made = town.agent(sqlite(tmp_path))
    made.round()
    yield made
    made.store.close()
