"""Tokens that break the rules: nobody gets funds that did not come in, and nothing is paid twice."""

from __future__ import annotations

import pytest

from energy_trading.bindings.contract import TransferFailed, TransferFromFailed
from energy_trading.bindings.energy_ledger import ReceivedLess, Reentrancy
from tests.contracts.energy_ledger.conftest import PEOPLE, TOKEN_UNIT
from tests.contracts.energy_ledger.tools import (
    Behaviour,
    Reaction,
    TokenWorld,
    deployed,
    open_as_itself,
)
from tests.contracts.offer_market.tools import purse, refused


def test_revert_when_token_takes_a_fee(hostile: TokenWorld) -> None:
    """What arrives counts, not what was sent: one base unit less is refused."""
    world = hostile.world
    hostile.give(world.alice, 10)
    hostile.behave(Behaviour.FEE)
    call = world.ledger.deposit(world.alice.address, 10)
    refused(call, world.alice, ReceivedLess, 10 * TOKEN_UNIT - 1, 10 * TOKEN_UNIT)
    assert purse(world, world.alice) == (PEOPLE, 0)


@pytest.mark.parametrize("behaviour", [Behaviour.KEEPS, Behaviour.SHRINKS])
def test_revert_when_token_lies_about_moving(hostile: TokenWorld, behaviour: Behaviour) -> None:
    """Saying yes is not enough; a balance that falls counts as nothing received."""
    world = hostile.world
    hostile.give(world.alice, 10)
    hostile.behave(behaviour)
    call = world.ledger.deposit(world.alice.address, 10)
    refused(call, world.alice, ReceivedLess, 0, 10 * TOKEN_UNIT)


@pytest.mark.parametrize("behaviour", [Behaviour.RETURNS_FALSE, Behaviour.REVERTS])
def test_revert_when_token_refuses(hostile: TokenWorld, behaviour: Behaviour) -> None:
    """A token that says no, in either way, moves nothing in the ledger."""
    world = hostile.world
    hostile.give(world.alice, 10)
    hostile.behave(behaviour)
    refused(world.ledger.deposit(world.alice.address, 10), world.alice, TransferFromFailed)
    refused(world.ledger.withdraw(world.alice.address, 10), world.alice, TransferFailed)
    assert purse(world, world.alice) == (PEOPLE, 0)


def test_token_that_answers_nothing_works(hostile: TokenWorld) -> None:
    """USDT's way: no answer and no revert means it moved."""
    world = hostile.world
    hostile.give(world.alice, 10)
    hostile.behave(Behaviour.RETURNS_NOTHING)
    world.ledger.deposit(world.alice.address, 10).send(world.alice)
    world.ledger.withdraw(world.alice.address, 4).send(world.alice)
    assert purse(world, world.alice) == (PEOPLE + 6, 0)
    assert hostile.balance(world.alice.address) == 4 * TOKEN_UNIT


def test_flattered_balance_gives_no_more_than_asked(hostile: TokenWorld) -> None:
    """A token that reports more than there is cannot credit more than the amount asked for."""
    world = hostile.world
    hostile.give(world.alice, 10)
    hostile.behave(Behaviour.FLATTERS)
    world.ledger.deposit(world.alice.address, 10).send(world.alice)
    assert purse(world, world.alice) == (PEOPLE + 10, 0)


def as_account(hostile: TokenWorld) -> str:
    """The token itself becomes an account with ten units, so that its hook can act for itself."""
    world = hostile.world
    opening = world.ledger.open_account(*world.attest(hostile.token.address))
    hostile.behave(Behaviour.REENTERS, opening.to, opening.data)
    hostile.token.do("transfer(address,uint256)", world.alice.address, 0).send(world.stranger)
    hostile.behave(Behaviour.HONEST)
    hostile.give(world.stranger, 10)
    world.ledger.deposit(hostile.token.address, 10).send(world.stranger)
    return hostile.token.address


@pytest.mark.parametrize("outer", ["deposit", "withdraw"])
@pytest.mark.parametrize("inner", ["deposit", "withdraw", "permit"])
def test_token_cannot_enter_the_ledger_again(hostile: TokenWorld, outer: str, inner: str) -> None:
    """From inside transfer and transferFrom the money functions are closed."""
    world, ledger = hostile.world, hostile.world.ledger
    token = as_account(hostile)
    hostile.give(world.alice, 10)
    calls = {
        "deposit": ledger.deposit(token, 1),
        "withdraw": ledger.withdraw(token, 10),
        "permit": ledger.deposit_with_permit(1, 2**40, 27, bytes(32), bytes(32)),
    }
    hostile.behave(Behaviour.REENTERS, ledger.address, calls[inner].data)
    move = ledger.deposit(world.alice.address, 10) if outer == "deposit" else ledger.withdraw(token, 5)
    move.send(world.alice)
    assert hostile.hooked() == (True, False, Reentrancy.selector())
    assert purse(world, token) == (10, 0)
    assert purse(world, world.alice) == (PEOPLE + 10 if outer == "deposit" else PEOPLE - 5, 0)


def test_offer_made_inside_a_deposit_counts_once(hostile: TokenWorld) -> None:
    """A token may trade while it is deposited: the deposit adds to what is there afterwards, not before."""
    world = hostile.world
    token = as_account(hostile)
    hostile.give(world.alice, 10)
    offer = world.market.make_offer(world.terms(token, price=8))
    hostile.behave(Behaviour.REENTERS, offer.to, offer.data)
    world.ledger.deposit(token, 10).send(world.alice)
    assert hostile.hooked()[:2] == (True, True)
    assert purse(world, token) == (12, 8)


def test_offer_made_inside_a_withdrawal_finds_the_money_gone(hostile: TokenWorld) -> None:
    """A withdrawal has taken the funds before the token runs: they cannot be a guarantee as well."""
    world = hostile.world
    token = as_account(hostile)
    offer = world.market.make_offer(world.terms(token, price=8))
    receiver = deployed(world.chain, world.stranger, "HostileReceiver")
    open_as_itself(world, receiver)
    hostile.give(world.stranger, 10)
    world.ledger.deposit(receiver.address, 10).send(world.stranger)
    own = world.market.make_offer(world.terms(receiver.address, price=8))
    receiver.do("prepare(uint8,address,bytes)", Reaction.REENTER, own.to, own.data).send(world.stranger)
    hostile.behave(Behaviour.HOOKS)
    out = world.ledger.withdraw(receiver.address, 5)
    receiver.do("act(address,bytes)", out.to, out.data).send(world.stranger)
    assert receiver.ask("called()", "bool")
    assert not receiver.ask("succeeded()", "bool")
    assert purse(world, receiver.address) == (5, 0)
    hostile.behave(Behaviour.REENTERS, offer.to, offer.data)
    world.ledger.withdraw(world.bob.address, 1).send(world.bob)
    assert hostile.hooked()[:2] == (True, True)  # its own ten units were not the ones that left
    assert purse(world, token) == (2, 8)


def test_hooked_recipient_cannot_withdraw_twice(hostile: TokenWorld) -> None:
    """ERC-777: the recipient runs during the transfer and finds the ledger closed."""
    world, ledger = hostile.world, hostile.world.ledger
    receiver = deployed(world.chain, world.stranger, "HostileReceiver")
    open_as_itself(world, receiver)
    hostile.give(world.stranger, 10)
    ledger.deposit(receiver.address, 10).send(world.stranger)
    hostile.behave(Behaviour.HOOKS)
    out = ledger.withdraw(receiver.address, 6)
    receiver.do("prepare(uint8,address,bytes)", Reaction.REENTER, out.to, out.data).send(world.stranger)
    receiver.do("act(address,bytes)", out.to, out.data).send(world.stranger)
    assert receiver.ask("called()", "bool")
    assert receiver.ask("answer()", "bytes") == Reentrancy.selector()
    assert purse(world, receiver.address) == (4, 0)
    assert hostile.balance(receiver.address) == 6 * TOKEN_UNIT


def test_hostile_tokens_never_break_the_sum(hostile: TokenWorld) -> None:
    """Σ available equals the balance whatever the token tried (architecture, what always holds)."""
    world = hostile.world
    hostile.give(world.alice, 10)
    for behaviour in Behaviour:
        hostile.behave(behaviour, world.ledger.address, world.ledger.withdraw(world.bob.address, 1).data)
        before = purse(world, world.alice)[0]
        try:
            world.ledger.deposit(world.alice.address, 1).send(world.alice)
        except (ReceivedLess, TransferFromFailed):
            assert purse(world, world.alice)[0] == before
        else:
            assert purse(world, world.alice)[0] == before + 1
    hostile.behave(Behaviour.HONEST)
    total = sum(purse(world, key)[0] for key in (world.alice, world.bob))
    assert hostile.balance(world.ledger.address) == total * TOKEN_UNIT
