"""`market.log.replay`: the log alone rebuilds the state."""

from __future__ import annotations

from dataclasses import replace

import pytest

from energy_trading.bindings import SuiteParameters, read_events
from energy_trading.bindings.contract import Event
from energy_trading.bindings.energy_ledger import CreditChanged, DefaultRecorded, DeliveryRecorded
from energy_trading.bindings.suite import DEFAULT_CREDIT
from energy_trading.market.log.fold import LogIncomplete
from energy_trading.market.log.records import ACCEPTED, OPEN, Change, changes_in
from energy_trading.market.log.replay import LogContradicted, Replay, replay
from energy_trading.types import Cause
from tests.world import EURO, FUNDS, PROSUMER, World


def parameters(world: World) -> SuiteParameters:
    return SuiteParameters(world.dso.address, world.pkg.address, world.treasury.address)


def story(world: World) -> list[Event]:
    return read_events(world.chain, [world.ledger.address, world.market.address])


def test_replay_is_what_the_ledger_says(world: World) -> None:
    """One trade and one open offer: the fold of the log is the chain's state (C-9)."""
    world.deliver(world.accepted(world.alice, world.bob), world.bob)
    offer = world.make(world.seller)
    accounts = replay(story(world), parameters(world))
    assert set(accounts) == {
        key.address for key in (world.alice, world.bob, world.carol, world.seller, world.buyer)
    }
    for address, account in accounts.items():
        view = world.account(address)
        assert (account.roles, account.suspended) == (view.roles, view.suspended)
        assert (account.available, account.held) == (view.available, view.held)
        assert account.standing.seller_credit_e9 == view.seller_credit_e9
        assert account.standing.buyer_credit_e9 == view.buyer_credit_e9
        assert (account.standing.sales, account.standing.purchases) == (view.sales, view.purchases)
    assert accounts[world.alice.address].available == FUNDS + EURO // 5
    assert accounts[world.alice.address].standing.sales == EURO // 5 // DEFAULT_CREDIT.z_unit
    assert accounts[world.seller.address].held == offer.price
    assert accounts[world.buyer.address].roles != PROSUMER


def test_replay_knows_open_trades_and_meters(world: World) -> None:
    """Open trades have their terms, buyer and key; finished ones are kept, with what was paid (N-5)."""
    delivered = world.accepted(world.alice, world.bob)
    world.deliver(delivered, world.bob)
    offered, accepted = world.make(world.alice), world.accepted(world.carol, world.bob)
    world.ledger.remove_meter(world.carol.address).send(world.dso)
    state = Replay(parameters(world))
    for event in story(world):
        state.fold(event)
    bob, key = world.bob.address, world.ledger.meter_of(world.bob.address)
    open_trades = {
        trade_id: (trade.terms, trade.state, trade.buyer, trade.receipt_key)
        for trade_id, trade in state.trades.items()
        if trade.is_open
    }
    assert open_trades == {
        world.trade_id(offered): (offered, OPEN, None, None),
        world.trade_id(accepted): (accepted, ACCEPTED, bob, key),
    }
    finished = state.trades[world.trade_id(delivered)]
    assert (finished.terms, finished.state, finished.buyer) == (delivered, "delivered", bob)
    assert (finished.paid, finished.cut) == (delivered.price, 0)
    assert len(state.trades) == 3
    assert state.meters == {
        address: meter.signer for address, meter in world.meters.items() if address != world.carol.address
    }


def test_revert_given_log_without_beginning(world: World) -> None:
    """A log that begins in the middle is refused by name, rather than folded into nonsense."""
    terms = world.make(world.alice)
    before = len(story(world))
    world.market.accept_offer(terms).send(world.bob)
    with pytest.raises(
        LogIncomplete, match=f"^the log does not state how offer 0x{world.trade_id(terms).hex()} began"
    ):
        replay(story(world)[before:], parameters(world))


def test_credit_change_unpacks(world: World) -> None:
    """Packed words hold old and new credits and z: two changes of a delivery, one of a default (X-1)."""
    seller, buyer = world.alice.address, world.bob.address
    sent = world.deliver(world.accepted(world.alice, world.bob), world.bob)
    sold, bought = (change for event in sent.events for change in changes_in(event))
    raised = world.account(seller).seller_credit_e9
    z, floor = EURO // 5 // DEFAULT_CREDIT.z_unit, DEFAULT_CREDIT.floor_e9
    assert sold == Change(seller, Cause.SOLD, floor, raised, z)
    assert bought == Change(buyer, Cause.BOUGHT, floor, world.account(buyer).buyer_credit_e9, z)
    assert len({floor, raised, bought.new_e9}) == 3
    sent = world.deliver(world.accepted(world.alice, world.bob), world.bob, 0)
    (lost,) = (change for event in sent.events for change in changes_in(event))
    assert lost == Change(seller, Cause.SELLER_DEFAULT, raised, world.account(seller).seller_credit_e9, z)


def test_revert_given_credit_that_the_rules_do_not_give(world: World) -> None:
    """A log with another credit, old or new, or another count of defaults is refused (X-1)."""
    world.deliver(world.accepted(world.alice, world.bob), world.bob)
    world.deliver(world.accepted(world.alice, world.bob), world.bob, 0)
    events = story(world)
    places = {DeliveryRecorded: (0, 40, 80, 120), CreditChanged: (8, 48)}  # of old and new credits, in bits
    forgeries = [
        (place, replace(event, change=event.change + (1 << at)))
        for place, event in enumerate(events)
        for at in places.get(type(event), ())
    ]
    forgeries += [
        (place, replace(event, defaults=event.defaults + 1))
        for place, event in enumerate(events)
        if isinstance(event, DefaultRecorded)
    ]
    replay(events, parameters(world))
    for place, forged in forgeries:
        with pytest.raises(LogContradicted, match=r"^the log states "):
            replay([*events[:place], forged, *events[place + 1 :]], parameters(world))
    assert len(forgeries) == 4 + 2 + 1
