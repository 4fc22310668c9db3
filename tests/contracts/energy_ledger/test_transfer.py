"""transfer: a market pays a seller from a buyer's available funds (C-8)."""

from __future__ import annotations

import pytest

from energy_trading.bindings.energy_ledger import Insufficient, NotMarket, RoleMissing, Suspended
from tests.contracts.energy_ledger.conftest import PEOPLE
from tests.contracts.energy_ledger.tools import Desk
from tests.contracts.offer_market.tools import purse, refused, told
from tests.world import CONSUMER, PRODUCER


def test_money_moves_and_nothing_else(desk: Desk) -> None:
    """Available to available; credits, held and log stay as they are."""
    world, ledger = desk.world, desk.ledger
    before = (world.account(world.alice), world.account(world.bob))
    sent = ledger.transfer(world.bob.address, world.alice.address, 300).send(desk.market)
    assert told(ledger, sent) == []
    assert (purse(world, world.alice), purse(world, world.bob)) == ((PEOPLE + 300, 0), (PEOPLE - 300, 0))
    after = (world.account(world.alice), world.account(world.bob))
    assert [a.seller_credit_e9 for a in after] == [b.seller_credit_e9 for b in before]
    assert [a.buyer_credit_e9 for a in after] == [b.buyer_credit_e9 for b in before]


def test_from_an_account_to_itself_moves_nothing(desk: Desk) -> None:
    """No money comes into being where buyer and seller are one."""
    world = desk.world
    desk.ledger.transfer(world.alice.address, world.alice.address, 300).send(desk.market)
    assert purse(world, world.alice) == (PEOPLE, 0)


def test_revert_given_more_than_available(desk: Desk) -> None:
    """A buyer pays what it has."""
    world = desk.world
    call = desk.ledger.transfer(world.bob.address, world.alice.address, PEOPLE + 1)
    refused(call, desk.market, Insufficient, world.bob.address, PEOPLE + 1, PEOPLE)


def test_revert_when_caller_is_no_market(desk: Desk) -> None:
    """Neither party nor the owner moves money between accounts."""
    world = desk.world
    for key in (world.alice, world.bob, world.dso):
        call = desk.ledger.transfer(world.bob.address, world.alice.address, 1)
        refused(call, key, NotMarket, key.address)


def test_revert_given_missing_role(desk: Desk) -> None:
    """The buyer is a consumer, the seller a producer (X-4)."""
    world, stranger = desk.world, desk.world.stranger.address
    call = desk.ledger.transfer(stranger, world.alice.address, 0)
    refused(call, desk.market, RoleMissing, stranger, 0, CONSUMER)
    call = desk.ledger.transfer(world.alice.address, stranger, 0)
    refused(call, desk.market, RoleMissing, stranger, 0, PRODUCER)


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_revert_given_suspended_party(desk: Desk, who: str) -> None:
    """The DSO stops both sides (C-10)."""
    world = desk.world
    party = getattr(world, who).address
    desk.ledger.suspend([party]).send(world.dso)
    call = desk.ledger.transfer(world.bob.address, world.alice.address, 1)
    refused(call, desk.market, Suspended, party)
