"""deposit: exactly the amount comes in, in coin or in a token (X-4)."""

from __future__ import annotations

import pytest

from energy_trading.bindings.contract import TransferFromFailed
from energy_trading.bindings.energy_ledger import (
    Deposited,
    NotOpen,
    TooMuch,
    WrongValue,
    ZeroAmount,
)
from energy_trading.types import MAX_UNITS, ZERO_ADDRESS
from tests.contracts.energy_ledger.conftest import PEOPLE, TOKEN_UNIT
from tests.contracts.energy_ledger.tools import (
    UNIT,
    TokenWorld,
    ledger_parameters,
    make_ledger,
)
from tests.contracts.offer_market.tools import purse, refused, refused_silently, told
from tests.world import FUNDS, World


@pytest.mark.parametrize("amount", [1, 7, 10**6])
def test_coin_comes_in(world: World, amount: int) -> None:
    """Anyone may pay into an open account; a unit is UNIT wei."""
    before = world.chain.web3.eth.get_balance(world.ledger.address)
    call = world.ledger.deposit(world.alice.address, amount, value=amount * UNIT)
    sent = call.send(world.stranger)
    assert told(world.ledger, sent) == [(Deposited, world.alice.address, world.stranger.address, amount)]
    assert purse(world, world.alice) == (FUNDS + amount, 0)
    assert world.chain.web3.eth.get_balance(world.ledger.address) - before == amount * UNIT


@pytest.mark.parametrize("off", [-UNIT, -1, 1, UNIT])
def test_revert_when_coin_is_not_the_amount(world: World, off: int) -> None:
    """Neither more nor less, not even by a wei: nothing gets stuck."""
    call = world.ledger.deposit(world.alice.address, 5, value=5 * UNIT + off)
    refused(call, world.alice, WrongValue, 5 * UNIT + off, 5 * UNIT)


def test_revert_when_amount_is_zero(world: World) -> None:
    """A deposit brings something."""
    refused(world.ledger.deposit(world.alice.address, 0), world.alice, ZeroAmount)


def test_revert_given_account_not_open(world: World) -> None:
    """Money for nobody is refused: a stranger, the treasury, the zero address, the ledger."""
    for account in (world.stranger.address, world.treasury.address, ZERO_ADDRESS, world.ledger.address):
        call = world.ledger.deposit(account, 1, value=UNIT)
        refused(call, world.alice, NotOpen, account)


def test_revert_when_amount_cannot_be_counted(world: World) -> None:
    """2**63 units are one too many; the product with UNIT is not even formed."""
    for amount in (MAX_UNITS + 1, 2**256 - 1):
        call = world.ledger.deposit(world.alice.address, amount)
        refused(call, world.alice, TooMuch, amount, MAX_UNITS)


def test_ledger_counts_to_its_last_unit(world: World) -> None:
    """With a unit of one wei, 2**63 - 1 units fit and one more does not: no field overflows."""
    ledger = make_ledger(
        world.chain, world.dso, ledger_parameters(unit=1, pkg=world.pkg.address, owner=world.dso.address)
    )
    world.suite.ledger, kept = ledger, world.suite.ledger
    domain = type(world.suite.ledger_domain)("EnergyLedger", world.chain.chain_id, ledger.address)
    try:
        ledger.open_account(*world.attest(world.alice, domain=domain)).send(world.alice)
        most = ledger.deposit(world.alice.address, MAX_UNITS, value=MAX_UNITS)
        most.send(world.alice)
        assert purse(world, world.alice) == (MAX_UNITS, 0)
        one = ledger.deposit(world.alice.address, 1, value=1)
        refused(one, world.alice, TooMuch, MAX_UNITS + 1, MAX_UNITS)
        ledger.withdraw(world.alice.address, 1).send(world.alice)
        one.send(world.alice)
        assert purse(world, world.alice) == (MAX_UNITS, 0)
    finally:
        world.suite.ledger = kept


def test_plain_transfer_of_coin_is_refused(world: World) -> None:
    """Coin that says not whose it is does not come in."""
    from energy_trading.bindings import Call

    refused_silently(Call(world.chain, world.ledger.address, b"", 1, ()), world.alice)
    refused_silently(Call(world.chain, world.ledger.address, b"", 0, ()), world.alice)


def test_forced_coin_is_nobodys(world: World) -> None:
    """Coin that selfdestruct forces in changes no account and stops no deposit or withdrawal."""
    before = purse(world, world.alice)
    code = bytes.fromhex("73" + world.ledger.address[2:] + "ff")  # PUSH20 ledger, SELFDESTRUCT
    held = world.chain.web3.eth.get_balance(world.ledger.address)
    world.chain.send(None, code, world.stranger, value=12_345)
    assert world.chain.web3.eth.get_balance(world.ledger.address) == held + 12_345
    assert purse(world, world.alice) == before
    world.ledger.deposit(world.alice.address, 3, value=3 * UNIT).send(world.alice)
    world.ledger.withdraw(world.alice.address, FUNDS + 3).send(world.alice)
    assert purse(world, world.alice) == (0, 0)


def test_token_comes_in(permitting: TokenWorld) -> None:
    """In a token too, a unit is UNIT base units, and the payer needs no account."""
    world = permitting.world
    permitting.give(world.stranger, 10)
    before = permitting.balance(world.ledger.address)
    sent = world.ledger.deposit(world.alice.address, 4).send(world.stranger)
    assert told(world.ledger, sent) == [(Deposited, world.alice.address, world.stranger.address, 4)]
    assert permitting.balance(world.ledger.address) - before == 4 * TOKEN_UNIT
    assert permitting.balance(world.stranger.address) == 6 * TOKEN_UNIT
    assert purse(world, world.alice) == (PEOPLE + 4, 0)


def test_revert_when_coin_goes_along_with_a_token(permitting: TokenWorld) -> None:
    """Coin sent to a ledger of tokens would be lost, so it is refused."""
    world = permitting.world
    permitting.give(world.alice, 1)
    refused(world.ledger.deposit(world.alice.address, 1, value=1), world.alice, WrongValue, 1, 0)


def test_revert_given_no_allowance_or_balance(permitting: TokenWorld) -> None:
    """The token decides whether it can be drawn."""
    world = permitting.world
    refused(world.ledger.deposit(world.alice.address, 1), world.carol, TransferFromFailed)
    permitting.token.do("approve(address,uint256)", world.ledger.address, 2**255).send(world.carol)
    refused(world.ledger.deposit(world.alice.address, 1), world.carol, TransferFromFailed)


def test_token_ledger_checks_as_the_native_one(permitting: TokenWorld) -> None:
    """Zero, too much and accounts that are not open are refused before the token is asked."""
    world = permitting.world
    refused(world.ledger.deposit(world.alice.address, 0), world.alice, ZeroAmount)
    over = MAX_UNITS + 1
    refused(world.ledger.deposit(world.alice.address, over), world.alice, TooMuch, over, MAX_UNITS)
    refused(world.ledger.deposit(world.carol.address, 1), world.alice, NotOpen, world.carol.address)


def test_revert_given_token_balance_beyond_counting(permitting: TokenWorld) -> None:
    """Gifts cannot push the ledger past what it counts: then deposits stop, withdrawals do not."""
    world = permitting.world
    gift = MAX_UNITS * TOKEN_UNIT
    permitting.token.do("mint(address,uint256)", world.ledger.address, gift).send(world.stranger)
    permitting.give(world.alice, 1)
    total = permitting.balance(world.ledger.address) // TOKEN_UNIT + 1
    refused(world.ledger.deposit(world.alice.address, 1), world.alice, TooMuch, total, MAX_UNITS)
    world.ledger.withdraw(world.alice.address, PEOPLE).send(world.alice)
    assert purse(world, world.alice) == (0, 0)
