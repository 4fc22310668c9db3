"""A neighbourhood with a private slot market; after each test, chain and rules must hold the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contracts.private_slot_market.house import PrivateHouse, PrivateKept


@pytest.fixture(scope="session")
def _kept() -> PrivateKept:
    house = PrivateHouse()
    house.found_council()
    house.join_homes()
    return PrivateKept(house)


@pytest.fixture
def house(_kept: PrivateKept) -> Iterator[PrivateHouse]:
    """Five homes with funds, ten members on four feeders; a day of four slots has just begun."""
    snapshot = _kept.house.chain.snapshot()
    house = _kept.house
    assert isinstance(house, PrivateHouse)
    yield house
    house.same()
    _kept.put_back(snapshot)
