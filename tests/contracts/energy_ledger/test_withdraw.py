"""withdraw: what is available leaves whenever its owner says so (N-7, C-10)."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode

from energy_trading.bindings.contract import CoinTransferFailed
from energy_trading.bindings.energy_ledger import (
    BadRecipient,
    Insufficient,
    Reentrancy,
    Withdrawn,
    ZeroAmount,
)
from energy_trading.types import ZERO_ADDRESS
from tests.contracts.energy_ledger.conftest import PEOPLE, TOKEN_UNIT
from tests.contracts.energy_ledger.tools import (
    UNIT,
    Reaction,
    TestContract,
    TokenWorld,
    deployed,
    open_as_itself,
)
from tests.contracts.offer_market.tools import ban, purse, refused, told
from tests.world import FUNDS, World

SOMEBODY = "0x" + "AB" * 20


@pytest.mark.parametrize("amount", [1, FUNDS // 3, FUNDS])
def test_coin_leaves(world: World, amount: int) -> None:
    """The recipient has amount · UNIT wei, whoever it is."""
    sent = world.ledger.withdraw(SOMEBODY, amount).send(world.alice)
    (event,) = told(world.ledger, sent)
    assert (event[0], event[1], event[2].lower(), event[3]) == (
        Withdrawn,
        world.alice.address,
        SOMEBODY.lower(),
        amount,
    )
    assert world.chain.web3.eth.get_balance(sent.events[0].to) == amount * UNIT
    assert purse(world, world.alice) == (FUNDS - amount, 0)


def test_token_leaves(permitting: TokenWorld) -> None:
    """In a token too, a unit is UNIT base units."""
    world = permitting.world
    world.ledger.withdraw(world.carol.address, 7).send(world.alice)
    assert permitting.balance(world.carol.address) == 7 * TOKEN_UNIT
    assert purse(world, world.alice) == (PEOPLE - 7, 0)


@pytest.mark.parametrize("asked", [FUNDS + 1, 2**64, 2**128, 2**256 - 1])
def test_revert_given_too_little(world: World, asked: int) -> None:
    """Not a unit more than is available, whatever the number's size."""
    call = world.ledger.withdraw(world.alice.address, asked)
    refused(call, world.alice, Insufficient, world.alice.address, asked, FUNDS)


def test_revert_when_funds_are_held(world: World) -> None:
    """A guarantee cannot be withdrawn before its trade is over (N-1)."""
    terms = world.make(world.alice)
    call = world.ledger.withdraw(world.alice.address, FUNDS)
    refused(call, world.alice, Insufficient, world.alice.address, FUNDS, FUNDS - terms.price)


def test_revert_when_amount_is_zero(world: World) -> None:
    """A withdrawal moves something."""
    refused(world.ledger.withdraw(world.alice.address, 0), world.alice, ZeroAmount)


def test_revert_when_recipient_loses_it(world: World) -> None:
    """Neither the zero address nor the ledger itself can be paid."""
    for to in (ZERO_ADDRESS, world.ledger.address):
        refused(world.ledger.withdraw(to, 1), world.alice, BadRecipient, to)


def test_revert_given_no_account(world: World) -> None:
    """A stranger has nothing to withdraw."""
    call = world.ledger.withdraw(world.stranger.address, 1)
    refused(call, world.stranger, Insufficient, world.stranger.address, 1, 0)


def test_banned_account_withdraws(world: World) -> None:
    """A ban stops commitments, not withdrawals (N-7 scenario 5, X-3)."""
    ban(world, world.alice, world.bob)
    available, held = purse(world, world.alice)
    assert held == 0
    world.ledger.withdraw(world.alice.address, available).send(world.alice)
    assert purse(world, world.alice) == (0, 0)


def test_treasury_withdraws(world: World) -> None:
    """The treasury is no account, yet its fees and cuts are its own (N-4)."""
    world.market.give_up(world.make(world.alice)).send(world.alice)
    earned = purse(world, world.treasury)[0]
    world.ledger.withdraw(SOMEBODY, earned).send(world.treasury)
    assert purse(world, world.treasury) == (0, 0)


@pytest.fixture
def receiver(world: World) -> TestContract:
    """A contract account with ten units."""
    found = deployed(world.chain, world.stranger, "HostileReceiver")
    open_as_itself(world, found)
    world.ledger.deposit(found.address, 10, value=10 * UNIT).send(world.stranger)
    return found


def act(world: World, receiver: TestContract, units: int):
    call = world.ledger.withdraw(receiver.address, units)
    return receiver.do("act(address,bytes)", call.to, call.data)


@pytest.mark.parametrize("reaction", [Reaction.REFUSE, Reaction.BURN])
def test_revert_when_recipient_refuses(world: World, receiver: TestContract, reaction: Reaction) -> None:
    """A recipient that refuses, or burns all gas, keeps its funds in the ledger and harms nobody else."""
    receiver.do("prepare(uint8,address,bytes)", reaction, ZERO_ADDRESS, b"").send(world.stranger)
    refused(act(world, receiver, 10), world.stranger, CoinTransferFailed)
    refused(world.ledger.withdraw(receiver.address, 1), world.alice, CoinTransferFailed)
    assert purse(world, receiver.address) == (10, 0)
    assert purse(world, world.alice) == (FUNDS, 0)


@pytest.mark.parametrize("what", ["withdraw", "deposit"])
def test_recipient_cannot_enter_again(world: World, receiver: TestContract, what: str) -> None:
    """From inside a withdrawal the ledger's money functions are closed; it pays once."""
    ledger = world.ledger
    again = (
        ledger.withdraw(receiver.address, 10) if what == "withdraw" else ledger.deposit(receiver.address, 1)
    )
    receiver.do("prepare(uint8,address,bytes)", Reaction.REENTER, again.to, again.data).send(world.stranger)
    act(world, receiver, 4).send(world.stranger)
    assert receiver.ask("called()", "bool")
    assert (receiver.ask("succeeded()", "bool"), receiver.ask("answer()", "bytes")) == (
        False,
        Reentrancy.selector(),
    )
    assert purse(world, receiver.address) == (6, 0)
    assert world.chain.web3.eth.get_balance(receiver.address) == 4 * UNIT


def test_recipient_may_trade_meanwhile(world: World, receiver: TestContract) -> None:
    """Markets stay open during a withdrawal; the funds were taken before the coin went out."""
    terms = world.terms(receiver.address, price=7)
    offer = world.market.make_offer(terms)
    receiver.do("prepare(uint8,address,bytes)", Reaction.REENTER, offer.to, offer.data).send(world.stranger)
    act(world, receiver, 4).send(world.stranger)
    needed = encode(["address", "uint256", "uint256"], [receiver.address, 7, 6])
    assert receiver.ask("answer()", "bytes")[4:] == needed  # only six were left: Insufficient
    act(world, receiver, 1).send(world.stranger)  # five are left now, and again it asks for seven
    assert purse(world, receiver.address) == (5, 0)
    cheaper = world.market.make_offer(world.terms(receiver.address, price=3))
    receiver.do("prepare(uint8,address,bytes)", Reaction.REENTER, cheaper.to, cheaper.data).send(
        world.stranger
    )
    act(world, receiver, 1).send(world.stranger)
    assert purse(world, receiver.address) == (1, 3)
