"""One chain and one deployed suite for all tests; each test starts from the same snapshot."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.world import World, build_world

# xdist tells its workers the size of a terminal; consoles would keep to it whatever a test asks for.
for name in ("COLUMNS", "LINES"):
    os.environ.pop(name, None)

# How long an example takes depends on the machine and on what else it does.
settings.register_profile(
    "any machine", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def _world() -> World:
    return build_world()


@pytest.fixture
def world(_world: World) -> Iterator[World]:
    """The session's world, put back after the test."""
    snapshot = _world.chain.snapshot()
    nonce, meters = _world.nonce, dict(_world.meters)
    yield _world
    _world.chain.revert(snapshot)
    _world.nonce, _world.meters = nonce, meters
