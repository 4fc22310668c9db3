"""The sale of a lot after the trading day: energy, money, privacy, proof."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from energy_trading.bindings.energy_lot import LotExchanged, LotMinted
from energy_trading.meter.smart_meter import NothingDelivered, Reading, SmartMeter
from energy_trading.simulation._lot_sale import NO_OCCASION, sell_a_lot
from energy_trading.simulation.faults import InjectedFaults
from energy_trading.simulation.neighbourhood import FUNDS, Home, Neighbourhood, settle_in
from energy_trading.simulation.script import Script
from energy_trading.simulation.trading_day import DayResult, money_is_conserved
from tests import days


@pytest.fixture(scope="module")
def settled() -> Neighbourhood:
    """Four homes whose day is over, though they traded nothing."""
    there = settle_in(days.profiles(), 1)
    there.chain.mine(days.START + days.SLOTS * days.STEP_S)
    return there


def metered(there: Neighbourhood, exports: dict[tuple[int, int], int] | None = None) -> Neighbourhood:
    """New meters that have fed in this much, Wh by number of the home and slot; None: all surplus."""
    for home in there.homes:
        home.meter, total, profile = SmartMeter(home.signer, there.suite.market_domain), 0, home.profile
        home.meter.record(Reading(profile.slot_starts[0], 0, 0))
        for slot, start in enumerate(profile.slot_starts):
            surplus = max(0, profile.pv_wh[slot] - profile.load_wh[slot])
            total += surplus if exports is None else exports.get((home.number, start), 0)
            home.meter.record(Reading(start + profile.step_s, 0, total))
    return there


@pytest.fixture
def there(settled: Neighbourhood) -> Iterator[Neighbourhood]:
    """The same with meters that have signed nothing, put back after the test."""
    snapshot = settled.chain.snapshot()
    yield metered(settled)
    settled.chain.revert(snapshot)


@pytest.fixture(scope="module")
def day() -> DayResult:
    return Script(settle_in(days.profiles(), 1), 1, InjectedFaults(sober_slots=1)).run()


def home_of(there: Neighbourhood, account: str) -> Home:
    return next(home for home in there.homes if home.trader.address == account)


def test_energy_and_money_change_hands(there: Neighbourhood) -> None:
    """The lot is the surplus of one slot, the seller's price is paid, nothing is held or kept (C-4, C-8)."""
    story = sell_a_lot(there, 3)
    minted, exchanged = (
        event for event in there.suite.lots.events() if isinstance(event, LotMinted | LotExchanged)
    )
    assert isinstance(minted, LotMinted)
    assert isinstance(exchanged, LotExchanged)
    seller, buyer = (home_of(there, a) for a in (minted.producer, exchanged.buyer))
    slot = days.profiles()[0].slot_starts.index(minted.slot_start)
    assert minted.energy_wh == days.PV_WH[seller.name] - days.LOAD_WH[seller.name]
    assert slot < days.SLOTS
    assert exchanged.price == minted.energy_wh * seller.ask_ct * 10_000
    assert there.suite.lots.owner_of(minted.lot) == buyer.trader.address != seller.trader.address
    expected = {home.name: FUNDS for home in there.homes}
    expected[seller.name] += exchanged.price
    expected[buyer.name] -= exchanged.price
    assert {home.name: home.trader.account.available for home in there.homes} == expected
    assert all(home.trader.account.held == 0 for home in there.homes)
    assert there.suite.ledger.account_of(there.treasury.address).available == 0
    assert f"{seller.name} fed in {minted.energy_wh} Wh" in story[0]
    assert f"{buyer.name} and {seller.name} agree on {exchanged.price / FUNDS * 50:.4f} €" in story[1]
    assert "7 messages" in story[1]
    assert "2 owners with every signature" in story[3]
    assert f"«{seller.person}»" in story[3]
    assert all(buyer.person not in line for line in story)


def test_equal_seeds_sell_alike(there: Neighbourhood) -> None:
    """The seed fixes who sells what to whom; other seeds choose otherwise."""
    snapshot, told = there.chain.snapshot(), []
    for seed in (1, 1, 2, 3, 4):
        told.append(sell_a_lot(metered(there), seed)[0])
        there.chain.revert(snapshot)
        snapshot = there.chain.snapshot()
    assert told[0] == told[1]
    assert len(set(told)) > 1


def test_only_what_is_left_is_certified(there: Neighbourhood) -> None:
    """What the meter has signed for a trade, or a slot not over, makes no lot; then nothing happens (C-4)."""
    last = days.START + (days.SLOTS - 1) * days.STEP_S
    height = there.chain.height()
    metered(there, {(0, last): 500})
    first, second = (there.homes[0].meter, metered(there, {(0, last): 500}).homes[0].meter)
    first.take(b"\x01" * 32, last, last + days.STEP_S, 500)
    second.take(b"\x01" * 32, last, last + days.STEP_S, 493)
    there.homes[0].meter = first
    assert sell_a_lot(there, 1) == [NO_OCCASION]
    assert there.chain.height() == height
    there.homes[0].meter = second
    story = sell_a_lot(there, 1)
    assert "north fed in 7 Wh at 05:30" in story[0]


def test_energy_is_sold_as_a_lot_once(there: Neighbourhood) -> None:
    """A slot whose lot is sold has nothing left for a second one or for testimony (C-4, N-3)."""
    metered(there, {(0, days.START): 100})
    assert "north fed in 100 Wh" in sell_a_lot(there, 1)[0]
    assert sell_a_lot(there, 1) == [NO_OCCASION]
    with pytest.raises(NothingDelivered):
        there.homes[0].meter.take(b"\x01" * 32, days.START, days.START + days.STEP_S, 1)


def test_suspended_home_sells_nothing(there: Neighbourhood) -> None:
    """Who may not trade neither sells nor buys a lot (C-4, N-7)."""
    metered(there, {(0, days.START): 100})
    there.suite.ledger.suspend([there.homes[0].trader.address]).send(there.dso)
    assert sell_a_lot(there, 1) == [NO_OCCASION]
    others = [home.trader.address for home in there.homes[1:]]
    there.suite.ledger.reinstate([there.homes[0].trader.address]).send(there.dso)
    there.suite.ledger.suspend(others).send(there.dso)
    assert sell_a_lot(there, 1) == [NO_OCCASION]


def test_day_with_faults_ends_with_the_sale(day: DayResult) -> None:
    """`run --faults` ends with the sale; money is conserved, no energy is sold twice (C-4 … C-10)."""
    assert [line.split("  ")[1].split(" ")[0] for line in day.story[-4:]] == ["lot:"] * 4
    assert money_is_conserved(day)
    (minted,) = (event for event in day.events if isinstance(event, LotMinted))
    (exchanged,) = (event for event in day.events if isinstance(event, LotExchanged))
    seller = home_of(day.there, minted.producer)
    assert not day.accounts[seller.name].defaults
    sold = sum(
        row.delivered_wh
        for row in day.trades
        if (row.seller, row.slot_start) == (seller.name, minted.slot_start)
    )
    surplus = days.PV_WH[seller.name] - days.LOAD_WH[seller.name]
    assert minted.energy_wh <= surplus - sold  # testimony may have taken more than what was received
    assert minted.energy_wh == surplus - sum(
        part.energy_wh
        for row in day.trades
        if (part := seller.meter._exports.of(row.trade_id)) and part.slot_from == minted.slot_start
    )
    fees = sum(row.paid // 100 + row.cut for row in day.trades)
    assert day.treasury == fees
    assert exchanged.price > 0
