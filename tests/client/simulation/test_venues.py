"""`simulation.venues`: one program runs on the contracts and on the rules, with the same result."""

from __future__ import annotations

from dataclasses import replace

import pytest

from energy_trading.bindings.energy_ledger import NoPermit, WrongValue
from energy_trading.bindings.offer_market import Expired, NotSeller
from energy_trading.bindings.suite import SuiteParameters
from energy_trading.simulation.venues import InMemory, OnChain, Rules, Venue
from energy_trading.types import Role, Terms, TradeState
from tests.world import EURO, FUNDS, World


def venues(world: World) -> list[Venue]:
    """The world's contracts, and rules in memory at their addresses, with the same people and money."""
    parameters = SuiteParameters(world.dso.address, world.pkg.address, world.treasury.address)
    memory = InMemory(Rules.of(parameters, world.chain.chain_id, world.suite.addresses), world.chain.now())
    for key, role in ((world.alice, Role.PROSUMER), (world.bob, Role.PROSUMER)):
        memory.ledger.open_account(world.stranger, *world.attest(key, role))
        memory.ledger.deposit(world.stranger, key.address, FUNDS, value=FUNDS * EURO)
        memory.ledger.register_meter(world.dso, key.address, world.meters[key.address].signer)
    return [OnChain(world.suite), memory]


def trade(venue: Venue, world: World, terms: Terms) -> list[object]:
    """An offer that somebody else may not make, its acceptance, a receipt; what the venue shows of it."""
    with pytest.raises(NotSeller) as refused:
        venue.market.make_offer(world.bob, terms)
    venue.market.make_offer(world.alice, terms)
    venue.market.accept_offer(world.bob, terms)
    accepted = venue.market.state_of(terms.struct_hash())
    venue.market.confirm_delivery(world.stranger, world.receipt(terms, world.bob))
    people = [venue.ledger.account_of(key.address) for key in (world.alice, world.bob)]
    may = venue.ledger.may_commit(world.alice.address, Role.PRODUCER)
    return [refused.value.values, accepted, venue.market.state_of(terms.struct_hash()), *people, may]


def test_venues_answer_alike(world: World) -> None:
    """The same trade, called alike, leaves the same accounts (N-1, N-2, N-3)."""
    terms = world.terms(world.alice)
    on_chain, in_memory = (trade(venue, world, terms) for venue in venues(world))
    assert on_chain == in_memory
    assert on_chain[:3] == [
        (world.bob.address, terms.seller),
        TradeState.ACCEPTED,
        TradeState.CLOSED,
    ]


def test_venues_refuse_alike(world: World) -> None:
    """A refusal is the binding's exception of that error, with its fields, also for coin sent along (X-4)."""
    account = world.alice.address
    for venue in venues(world):
        with pytest.raises(WrongValue) as refused:
            venue.ledger.deposit(world.bob, account, 5, value=1)
        assert (refused.value.sent, refused.value.needed) == (1, 5 * EURO)
        with pytest.raises(NoPermit):
            venue.ledger.deposit_with_permit(world.bob, 5, 0, 27, bytes(32), bytes(32))


def test_time_passes_in_memory(world: World) -> None:
    """Whoever sets the clock decides when a deadline has come (N-2)."""
    terms = world.terms(world.alice)
    _, memory = venues(world)
    assert isinstance(memory, InMemory)
    memory.market.make_offer(world.alice, terms)
    memory.now = terms.accept_by
    with pytest.raises(Expired) as refused:
        memory.market.accept_offer(world.bob, terms)
    assert refused.value.values == (terms.accept_by, terms.accept_by)
    late = replace(terms, nonce=terms.nonce + 1, accept_by=memory.now + 60, deliver_by=memory.now + 120)
    assert memory.market.make_offer(world.alice, late) == late.struct_hash()


def test_clocks_of_the_venues(world: World) -> None:
    """Both venues state the time of the last block."""
    assert [venue.now for venue in venues(world)] == [world.chain.now()] * 2
