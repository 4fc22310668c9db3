"""Designs: each keeps within the orders; own ones are loaded from a file and held to the same rules."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_trading.rules import pool
from energy_trading.simulation.designs.bilateral import NegotiatedLots, Offers, PayAsBid
from energy_trading.simulation.designs.design import Design
from energy_trading.simulation.designs.pools import DoubleAuction, MidRatePool
from energy_trading.simulation.designs.sealed import SealedGsp
from energy_trading.simulation.designs.tariffs import FixedTariff, GridOnly
from energy_trading.simulation.options import ScenarioRefused
from energy_trading.simulation.orders import DesignBroken, Fills, Orders, SlotView, ration
from energy_trading.simulation.scenario.scenario import DESIGNS, Scenario, scenario_of
from energy_trading.simulation.simulate import simulate

RETAIL, FEED_IN = 300_000, 80_000
ALL = (
    *(GridOnly(), FixedTariff(), Offers(), Offers(suppliers=1), MidRatePool(), DoubleAuction()),
    *(MidRatePool(price="supply-demand ratio"), PayAsBid(), SealedGsp(), SealedGsp(lots=1, safe_percent=100)),
    *(NegotiatedLots(), NegotiatedLots(sessions=0)),
)


def slot(number: int = 7) -> SlotView:
    random = np.random.default_rng(number)
    return SlotView(number, number * 900, 900, RETAIL, FEED_IN, FEED_IN, RETAIL, random)


def orders(*each: tuple[int, int], money: int = 10**12) -> Orders:
    energy, limit = (np.array(column, np.int64) for column in zip(*each, strict=True))
    return Orders(energy, limit, np.full(energy.size, money))


books = st.lists(
    st.tuples(st.integers(-9_000, 9_000), st.integers(1, 400_000), st.integers(0, 10**10)),
    min_size=2,
    max_size=25,
)


@pytest.mark.parametrize("design", ALL, ids=str)
@settings(max_examples=40)
@given(books)
def test_designs_keep_within_the_orders(design: Design, book: list[tuple[int, int, int]]) -> None:
    """Energies add up to 0, nobody gets more than it ordered, pays more than it has, or beyond its limit."""
    energy, limit, money = (np.array(column, np.int64) for column in zip(*book, strict=True))
    given_orders = Orders(energy, limit, money)
    fills = design.clear(given_orders, slot())
    fills.check(given_orders, design.kind)
    spent = np.zeros(energy.size, np.int64)
    np.add.at(spent, fills.home, np.where(fills.energy_wh < 0, -fills.energy_wh * fills.price, 0))
    assert (spent <= money).all()


def test_every_design_is_tried() -> None:
    """A new design of the package joins the list above."""
    assert {each.kind for each in ALL} == set(DESIGNS)


@given(st.lists(st.integers(0, 32_767), min_size=1, max_size=30), st.integers(0, 10**6), st.integers(0, 99))
def test_ration_is_the_rule_of_the_pool(amounts: list[int], part: int, turn: int) -> None:
    """`ration` divides as `rules.pool.ration`, to the Wh."""
    filled = sum(amounts) * part // 10**6
    assert ration(np.array(amounts, np.int64), filled, turn).tolist() == pool.ration(amounts, filled, turn)


def test_offers_are_taken_from_the_cheapest_on_in_parts() -> None:
    """A buyer pays each seller its own ask, and stops where its limit or its money does."""
    book = orders((300, 90_000), (300, 100_000), (300, 200_000), (-500, 150_000))
    assert Offers().clear(book, slot()).energy_wh.tolist() == [300, -300, 200, -200]
    assert Offers().clear(book, slot()).price.tolist() == [90_000] * 2 + [100_000] * 2
    assert Offers(suppliers=1).clear(book, slot()).energy_wh.tolist() == [300, -300]
    poor = orders((300, 90_000), (-500, 150_000), money=90_000 * 100)
    assert Offers().clear(poor, slot()).energy_wh.tolist() == [100, -100]


def test_pay_as_bid_pays_what_the_buyer_bid() -> None:
    """The best bid meets the best ask; trade by trade at the bid, until they no longer cross."""
    book = orders((100, 90_000), (100, 120_000), (-150, 130_000), (-100, 100_000))
    fills = PayAsBid().clear(book, slot())
    assert fills.energy_wh.tolist() == [100, -100, 50, -50]
    assert fills.price.tolist() == [130_000] * 4


def test_sealed_auction_pays_the_next_quote() -> None:
    """Each winner pays the quote of the next bidder, the last one the seller's limit (X-7)."""
    book = orders((1_000, 90_000), (-200, 200_000), (-200, 150_000), (-200, 120_000), (-10, 250_000))
    fills = SealedGsp(lots=3, safe_percent=60).clear(book, slot())
    bought = {
        int(home): int(price)
        for home, energy, price in zip(fills.home, fills.energy_wh, fills.price, strict=True)
        if energy < 0
    }
    assert bought == {1: 150_000, 2: 120_000, 3: 90_000}
    assert fills.rows(5).tolist() == [600, -200, -200, -200, 0]


def test_lots_meet_in_the_middle() -> None:
    """The largest surplus negotiates with the largest deficit; both have one session."""
    book = orders((500, 100_000), (300, 100_000), (-200, 200_000), (-400, 300_000))
    fills = NegotiatedLots().clear(book, slot())
    assert fills.price.tolist() == [200_000] * 2 + [150_000] * 2
    assert fills.rows(4).tolist() == [400, 200, -200, -400]


def test_fixed_tariff_replaces_the_scenarios() -> None:
    """Its feed-in price and, if it has one, its retail price."""
    assert FixedTariff().tariffs(RETAIL, FEED_IN) == (RETAIL, 120_000)
    fixed = FixedTariff(feed_in_ct_per_kwh=Decimal("8.2"), retail_ct_per_kwh=Decimal(25))
    assert fixed.tariffs(RETAIL, FEED_IN) == (250_000, 82_000)


@pytest.mark.parametrize(
    ("fills", "sentence"),
    [
        (Fills.pooled(np.array([100, -90]), 100_000), "sells and buys different energies: 10 Wh"),
        (Fills.pooled(np.array([200, -200]), 100_000), "fills 200 Wh of home 0, which ordered 100 Wh"),
        (Fills.pooled(np.array([-50, 50]), 100_000), "fills -50 Wh of home 0, which ordered 100 Wh"),
        (Fills.pooled(np.array([100, -100]), 160_000), "fills home 1 at a price worse than its limit"),
    ],
)
def test_broken_designs_are_found(fills: Fills, sentence: str) -> None:
    """What nobody ordered is not executed."""
    with pytest.raises(DesignBroken, match="the design mine") as broken:
        fills.check(orders((100, 90_000), (-100, 150_000)), "mine")
    assert sentence in str(broken.value)


OWN = '''
from dataclasses import dataclass
from typing import ClassVar
from energy_trading import Design, Fills, option

@dataclass(frozen=True)
class Gift(Design):
    """Everybody gets all of it, for nothing."""
    kind: ClassVar[str] = "gift"
    generosity: int = option(1, about="How much.", low=1, high=9)

    def clear(self, orders, slot):
        return Fills.pooled(orders.energy_wh * self.generosity, 0)

class NoDesign:
    pass
'''


def own(folder: Path, kind: str, more: str = "") -> Scenario:
    text = f"version = 1\n[[designs]]\nkind = '{kind}'\n{more}"
    return scenario_of(tomllib.loads(text), "mine", folder)


def test_own_design_is_loaded_and_checked(tmp_path: Path) -> None:
    """A class of a file is a design with options; a broken one is stopped, a wrong one refused."""
    (tmp_path / "own.py").write_text(OWN, encoding="utf-8")
    gift = own(tmp_path, "own.py:Gift")
    assert gift.to_json()["designs"] == [{"name": "Gift", "stages": [{"kind": "gift", "generosity": 1}]}]
    with pytest.raises(DesignBroken, match="sells and buys different energies"):
        simulate(gift)
    for kind, more, sentence in (
        ("own.py:Gift", "generosity = 10", "generosity must be 9 or less, not 10"),
        ("own.py:Theft", "", "has no class Theft"),
        ("own.py:NoDesign", "", "is no subclass of Design"),
    ):
        with pytest.raises(ScenarioRefused, match=sentence):
            own(tmp_path, kind, more)
    (tmp_path / "own.py").write_text("1 / 0", encoding="utf-8")
    with pytest.raises(ScenarioRefused, match="fails with ZeroDivisionError: division by zero"):
        own(tmp_path, "own.py:Gift")
