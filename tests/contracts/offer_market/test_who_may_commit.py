"""Who may commit: the same rules for every call that holds a guarantee or takes a payment."""

from __future__ import annotations

import pytest

from energy_trading.bindings.energy_ledger import (
    Banned,
    Insufficient,
    OverCreditLimit,
    RoleMissing,
    Suspended,
)
from energy_trading.bindings.offer_market import Reserved, SelfTrade
from energy_trading.crypto.keys import SecretKey
from tests.contracts.offer_market.tools import BUYING, SELLING, ban, prepare, purse, refused
from tests.world import CONSUMER, EURO, FUNDS, PRODUCER, World

LIMIT = 10 * EURO  # of a new seller

selling = pytest.mark.parametrize("way", SELLING)
buying = pytest.mark.parametrize("way", BUYING)


@selling
@pytest.mark.parametrize(("role", "roles"), [("stranger", 0), ("buyer", CONSUMER), ("treasury", 0)])
def test_revert_given_seller_is_no_producer(world: World, way: str, role: str, roles: int) -> None:
    """Only a certified producer can be committed as seller (N-1, C-2)."""
    seller: SecretKey = getattr(world, role)
    call, sender = prepare(way, world, seller, world.bob)
    refused(call, sender, RoleMissing, seller.address, roles, PRODUCER)


@buying
@pytest.mark.parametrize(("role", "roles"), [("stranger", 0), ("seller", PRODUCER), ("treasury", 0)])
def test_revert_given_buyer_is_no_consumer(world: World, way: str, role: str, roles: int) -> None:
    """Only a certified consumer can be committed as buyer (N-2, C-2)."""
    buyer: SecretKey = getattr(world, role)
    call, _ = prepare(way, world, world.alice, buyer)
    refused(call, buyer, RoleMissing, buyer.address, roles, CONSUMER)


@selling
def test_seller_needs_no_other_role(world: World, way: str) -> None:
    """A producer who may not buy can sell (X-4)."""
    call, sender = prepare(way, world, world.seller, world.bob)
    call.send(sender)
    assert purse(world, world.seller) == (FUNDS - EURO // 5, EURO // 5)


@buying
def test_buyer_needs_no_other_role(world: World, way: str) -> None:
    """A consumer who may not sell can buy (X-4)."""
    call, sender = prepare(way, world, world.alice, world.buyer)
    call.send(sender)
    assert purse(world, world.buyer) == (FUNDS - EURO // 5, 0)


@selling
def test_revert_given_seller_is_suspended(world: World, way: str) -> None:
    """A suspended account commits to nothing until the DSO reinstates it (C-10)."""
    call, sender = prepare(way, world, world.alice, world.bob)
    world.ledger.suspend([world.alice.address]).send(world.dso)
    refused(call, sender, Suspended, world.alice.address)
    world.ledger.reinstate([world.alice.address]).send(world.dso)
    call.send(sender)


@buying
def test_revert_given_buyer_is_suspended(world: World, way: str) -> None:
    """A suspended account commits to nothing until the DSO reinstates it (C-10)."""
    call, sender = prepare(way, world, world.alice, world.bob)
    world.ledger.suspend([world.bob.address]).send(world.dso)
    refused(call, sender, Suspended, world.bob.address)
    world.ledger.reinstate([world.bob.address]).send(world.dso)
    call.send(sender)


@selling
def test_revert_given_seller_is_banned(world: World, way: str) -> None:
    """A banned seller commits to nothing before the ban's date, and may at it (N-7 scenario 5, X-3)."""
    until = ban(world, world.alice, world.carol)
    call, sender = prepare(way, world, world.alice, world.bob, at=until)
    world.chain.set_next_time(until - 1)
    refused(call, sender, Banned, world.alice.address, until)
    world.chain.set_next_time(until)
    call.send(sender)


@buying
def test_revert_given_buyer_is_banned(world: World, way: str) -> None:
    """A ban is the account's: who defaulted as seller does not buy either until its date (N-7, X-3)."""
    until = ban(world, world.alice, world.carol)
    call, sender = prepare(way, world, world.bob, world.alice, at=until)
    world.chain.set_next_time(until - 1)
    refused(call, sender, Banned, world.alice.address, until)
    world.chain.set_next_time(until)
    call.send(sender)


@pytest.mark.parametrize("later", [1, 60, 30 * 86_400])
@pytest.mark.parametrize("side", ["seller", "buyer"])
def test_ban_ends(world: World, side: str, later: int) -> None:
    """At any time after its date a ban is over, on either side of a trade, at the first try (X-3)."""
    until = ban(world, world.alice, world.carol)
    way = "make_offer" if side == "seller" else "accept_signed"
    seller, buyer = (world.alice, world.bob) if side == "seller" else (world.bob, world.alice)
    call, sender = prepare(way, world, seller, buyer, at=until + later)
    world.chain.set_next_time(until + later)
    call.send(sender)
    assert world.ledger.may_commit(world.alice.address, 3)


@buying
def test_revert_given_seller_buys(world: World, way: str) -> None:
    """A seller cannot accept their own offer (N-8)."""
    call, _ = prepare(way, world, world.alice, world.alice)
    refused(call, world.alice, SelfTrade, world.alice.address)


@buying
def test_revert_given_offer_reserved_for_another(world: World, way: str) -> None:
    """A reserved offer is for its buyer alone (C-7)."""
    call, _ = prepare(way, world, world.alice, world.bob, buyer=world.carol.address)
    refused(call, world.bob, Reserved, world.bob.address, world.carol.address)


@buying
def test_reserved_offer_is_for_its_buyer(world: World, way: str) -> None:
    """The buyer it is reserved for accepts it (C-7)."""
    call, sender = prepare(way, world, world.alice, world.bob, buyer=world.bob.address)
    call.send(sender)
    assert purse(world, world.bob) == (FUNDS - EURO // 5, 0)


@selling
def test_guarantee_may_take_the_last_unit(world: World, way: str) -> None:
    """A guarantee of all that is available is held; one unit more is refused (N-1)."""
    world.ledger.withdraw(world.alice.address, FUNDS - EURO).send(world.alice)
    call, sender = prepare(way, world, world.alice, world.bob, price=EURO)
    world.ledger.withdraw(world.alice.address, 1).send(world.alice)
    refused(call, sender, Insufficient, world.alice.address, EURO, EURO - 1)
    world.ledger.deposit(world.alice.address, 1, value=EURO).send(world.stranger)
    call.send(sender)
    assert purse(world, world.alice) == (0, EURO)


@buying
def test_payment_may_take_the_last_unit(world: World, way: str) -> None:
    """A payment of all that is available is taken; one unit more is refused (N-2)."""
    world.ledger.withdraw(world.bob.address, FUNDS - EURO + 1).send(world.bob)
    call, sender = prepare(way, world, world.alice, world.bob, price=EURO)
    refused(call, sender, Insufficient, world.bob.address, EURO, EURO - 1)
    world.ledger.deposit(world.bob.address, 1, value=EURO).send(world.stranger)
    call.send(sender)
    assert purse(world, world.bob) == (0, 0)


@selling
def test_guarantee_may_reach_the_credit_limit(world: World, way: str) -> None:
    """Exactly the limit is allowed, one unit more is not (X-2, N-8 flood of offers)."""
    held = world.make(world.alice, price=1)
    call, sender = prepare(way, world, world.alice, world.bob, price=LIMIT)
    refused(call, sender, OverCreditLimit, world.alice.address, LIMIT + 1, LIMIT)
    world.market.give_up(held).send(world.alice)
    call.send(sender)
    assert purse(world, world.alice)[1] == LIMIT


@buying
def test_payment_knows_no_credit_limit(world: World, way: str) -> None:
    """The limit is for guarantees; a buyer pays beforehand and may spend it all (X-2)."""
    for seller in (world.alice, world.carol):
        world.accepted(seller, world.bob, price=LIMIT)
    call, sender = prepare(way, world, world.seller, world.bob, price=LIMIT)
    call.send(sender)
    assert purse(world, world.bob) == (FUNDS - 3 * LIMIT, 0)
