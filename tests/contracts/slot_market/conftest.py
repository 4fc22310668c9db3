"""Neighbourhoods with a slot market; after each test, chain and rules must hold the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from energy_trading.types import Pricing
from tests.contracts.slot_market.house import House, Kept


@pytest.fixture(scope="session")
def _kept() -> Kept:
    house = House()
    house.found_council()
    house.join_homes()
    return Kept(house)


@pytest.fixture
def house(_kept: Kept) -> Iterator[House]:
    """Five homes with funds, ten members on four feeders; a slot has just begun."""
    yield from _tested(_kept)


@pytest.fixture(scope="session")
def _kept_ratio() -> Kept:
    house = House(pricing=Pricing.SUPPLY_DEMAND_RATIO, fee=0)
    house.found_council()
    house.join_homes()
    return Kept(house)


@pytest.fixture
def ratio_house(_kept_ratio: Kept) -> Iterator[House]:
    """The same, priced by the supply-demand ratio, without a fee."""
    yield from _tested(_kept_ratio)


def _tested(kept: Kept) -> Iterator[House]:
    snapshot = kept.house.chain.snapshot()
    yield kept.house
    kept.house.same()
    kept.put_back(snapshot)
