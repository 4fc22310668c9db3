"""withdrawFor, depositFor, voidNonces, payFee: signed orders at the ledger (X-4, N-8)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.address import to_checksum_address

from energy_trading.bindings.contract import TransferFromFailed
from energy_trading.bindings.energy_ledger import (
    BadFee,
    BadRecipient,
    Deposited,
    Insufficient,
    NoncesUsed,
    NonceUsed,
    NoPermit,
    NotMarket,
    NotOpen,
    NotSigned,
    OrderExpired,
    Reentrancy,
    RelayFeePaid,
    VerifierStarved,
    Withdrawn,
    ZeroAmount,
)
from energy_trading.crypto.keys import SecretKey
from energy_trading.types import (
    MAX_UNITS,
    ZERO_ADDRESS,
    Deposit,
    Domain,
    NonceCancellation,
    TokenPermit,
    Withdrawal,
)
from tests.contracts.energy_ledger.conftest import PEOPLE, TOKEN_UNIT
from tests.contracts.energy_ledger.test_deposit_with_permit import permit
from tests.contracts.energy_ledger.tools import Behaviour, Desk, TokenWorld
from tests.contracts.offer_market.tools import (
    Answer,
    compiled,
    hostile_signer,
    purse,
    purses,
    refused,
    told,
)
from tests.world import EURO, FUNDS, World

FEE = EURO // 100
NO_PERMIT = TokenPermit(0, 0, bytes(32), bytes(32))


def withdrawal(world: World, key: SecretKey, **changes: Any) -> tuple[Withdrawal, bytes]:
    """A euro of a key's to the stranger, with a fee for Carol; `signer`, `domain`."""
    signer, domain = changes.pop("signer", key), changes.pop("domain", world.suite.ledger_domain)
    deadline = world.chain.now() + 1_000
    order = Withdrawal(key.address, world.stranger.address, EURO, 3, deadline, world.carol.address, FEE)
    order = replace(order, **changes)
    return order, signer.sign_digest(domain.digest(order))


def test_anyone_carries_a_withdrawal(world: World) -> None:
    """The recipient has the amount, the named relayer the fee, whoever sends."""
    nobody = "0x" + "7e" * 20
    order, signature = withdrawal(world, world.alice, to=nobody)
    sent = world.ledger.withdraw_for(order, signature).send(world.seller)
    assert told(world.ledger, sent) == [
        (NoncesUsed, world.alice.address, 0, 8),
        (RelayFeePaid, world.carol.address, world.alice.address, FEE),
        (Withdrawn, world.alice.address, to_checksum_address(nobody), EURO),
    ]
    assert world.chain.web3.eth.get_balance(to_checksum_address(nobody)) == EURO * world.ledger.unit()
    assert purses(world, world.alice, world.carol, world.seller) == [
        (FUNDS - EURO - FEE, 0),
        (FUNDS + FEE, 0),
        (FUNDS, 0),
    ]
    assert world.ledger.nonce_mask(world.alice.address, 0) == 8


def test_all_that_is_left_and_a_fee_to_oneself(world: World) -> None:
    """Amount and fee together are at most what is available; a fee to oneself costs nothing."""
    whole = withdrawal(world, world.alice, amount=FUNDS - FEE + 1)
    refused(
        world.ledger.withdraw_for(*whole),
        world.bob,
        Insufficient,
        world.alice.address,
        FUNDS - FEE + 1,
        FUNDS - FEE,
    )
    own = withdrawal(world, world.alice, amount=FUNDS, relayer=world.alice.address)
    start = world.chain.snapshot()
    world.ledger.withdraw_for(*own).send(world.bob)
    assert purse(world, world.alice) == (0, 0)
    world.chain.revert(start)
    world.ledger.withdraw_for(*withdrawal(world, world.alice, amount=FUNDS - FEE)).send(world.bob)
    assert purse(world, world.alice) == (0, 0)


def test_suspended_account_withdraws_by_order(world: World) -> None:
    """Its funds stay its own (C-10)."""
    world.ledger.suspend([world.alice.address]).send(world.dso)
    order = withdrawal(world, world.alice, relayer=ZERO_ADDRESS, fee=0)
    sent = world.ledger.withdraw_for(*order).send(world.bob)
    assert not [event for event in sent.events if isinstance(event, RelayFeePaid)]


def test_revert_when_a_withdrawal_comes_twice_or_late(world: World) -> None:
    """A nonce counts once, in any order; a deadline is half open; what fails burns no nonce."""
    ledger, alice = world.ledger, world.alice.address
    order, signature = withdrawal(world, world.alice)
    too_much = withdrawal(world, world.alice, amount=FUNDS + 1)
    refused(ledger.withdraw_for(*too_much), world.bob, Insufficient, alice, FUNDS + 1, FUNDS - FEE)
    ledger.withdraw_for(*withdrawal(world, world.alice, nonce=2**256 - 1)).send(world.bob)
    ledger.withdraw_for(order, signature).send(world.bob)
    refused(ledger.withdraw_for(order, signature), world.bob, NonceUsed, alice, 3)
    late = withdrawal(world, world.alice, nonce=4)
    world.pass_time(late[0].deadline)
    refused(ledger.withdraw_for(*late), world.bob, OrderExpired, late[0].deadline, late[0].deadline)


def test_owner_voids_a_withdrawal(world: World) -> None:
    """Directly, or by a signed order that anyone may send."""
    ledger, alice = world.ledger, world.alice.address
    ledger.void_nonces(0, 1 << 3).send(world.alice)
    refused(ledger.withdraw_for(*withdrawal(world, world.alice)), world.bob, NonceUsed, alice, 3)
    deadline = world.chain.now() + 50
    void = NonceCancellation(alice, 0, 1 << 4, deadline)
    signature = world.alice.sign_digest(world.suite.ledger_domain.digest(void))
    at_desk = world.alice.sign_digest(world.suite.desk_domain.digest(void))
    refused(ledger.void_nonces_for(void, at_desk), world.bob, NotSigned, alice)
    sent = ledger.void_nonces_for(void, signature).send(world.bob)
    assert told(ledger, sent) == [(NoncesUsed, alice, 0, 1 << 4)]
    assert ledger.nonce_mask(alice, 0) == 1 << 3 | 1 << 4
    refused(ledger.withdraw_for(*withdrawal(world, world.alice, nonce=4)), world.bob, NonceUsed, alice, 4)


def test_revert_given_a_withdrawal_that_was_not_signed(world: World) -> None:
    """Every field is bound, and the chain and the ledger are."""
    order, signature = withdrawal(world, world.alice)
    for name, value in vars(order).items():
        if name == "deadline":
            other: Any = value + 1
        else:
            other = world.seller.address if isinstance(value, str) else value + 1
        changed = replace(order, **{name: other})
        refused(world.ledger.withdraw_for(changed, signature), world.bob, NotSigned, changed.account)
    domain = world.suite.ledger_domain
    for wrong in (
        Domain("EnergyLedger", domain.chain_id + 1, domain.verifying_contract),
        world.suite.desk_domain,
    ):
        order, signature = withdrawal(world, world.alice, domain=wrong)
        refused(world.ledger.withdraw_for(order, signature), world.bob, NotSigned, world.alice.address)


def test_revert_when_recipient_amount_or_fee_is_wrong(world: World) -> None:
    """As without an order, and a fee needs a relayer."""
    ledger = world.ledger
    refused(ledger.withdraw_for(*withdrawal(world, world.alice, amount=0)), world.bob, ZeroAmount)
    for to in (ZERO_ADDRESS, ledger.address):
        refused(ledger.withdraw_for(*withdrawal(world, world.alice, to=to)), world.bob, BadRecipient, to)
    nobody = withdrawal(world, world.alice, relayer=ZERO_ADDRESS)
    refused(ledger.withdraw_for(*nobody), world.bob, BadFee, ZERO_ADDRESS, FEE, MAX_UNITS)
    huge = withdrawal(world, world.alice, fee=MAX_UNITS)
    refused(ledger.withdraw_for(*huge), world.bob, Insufficient, world.alice.address, MAX_UNITS, FUNDS)


def test_contract_account_withdraws(world: World) -> None:
    """Its code signs (ERC-1271), with a fixed amount of gas; hostile code gets nothing done."""
    code = compiled("ContractAccount").bytecode + encode(["address"], [world.stranger.address])
    account = world.chain.deploy(code, world.stranger)[0]
    attestation, signature, _ = world.attest(account)
    consent = world.stranger.sign_digest(world.suite.ledger_domain.digest(attestation))
    world.ledger.open_account(attestation, signature, consent).send(world.stranger)
    world.ledger.deposit(account, 2 * EURO, value=2 * EURO * world.ledger.unit()).send(world.stranger)
    order = withdrawal(world, world.stranger, account=account)
    world.ledger.withdraw_for(*order).send(world.bob)
    assert purse(world, account) == (EURO - FEE, 0)
    greedy = hostile_signer(world, Answer.BURN)
    call = world.ledger.withdraw_for(*withdrawal(world, world.stranger, account=greedy))
    with pytest.raises(VerifierStarved):
        call.send(world.bob, 300_000)
    with pytest.raises(NotSigned):
        call.send(world.bob, 700_000)
    inner = world.ledger.withdraw_for(*withdrawal(world, world.alice))
    sly = hostile_signer(world, Answer.REENTER, inner.to, inner.data)
    call = world.ledger.withdraw_for(*withdrawal(world, world.stranger, account=sly))
    refused(call, world.bob, NotSigned, sly)
    assert purse(world, world.alice) == (FUNDS, 0)


# ---------------------------------------------------------------- deposits


def deposit(found: TokenWorld, key: SecretKey, **changes: Any) -> tuple[Deposit, bytes]:
    """Ten units of a key's tokens for Alice; `signer`, `domain`."""
    world = found.world
    signer, domain = changes.pop("signer", key), changes.pop("domain", world.suite.ledger_domain)
    deadline = world.chain.now() + 1_000
    order = replace(Deposit(key.address, world.alice.address, 10, 3, deadline), **changes)
    return order, signer.sign_digest(domain.digest(order))


def test_owner_of_tokens_says_who_benefits(permitting: TokenWorld) -> None:
    """A leftover allowance does not go to whoever calls first: the order binds the account."""
    world = permitting.world
    permitting.give(world.stranger, 10)
    order, signature = deposit(permitting, world.stranger)
    theft = replace(order, account=world.bob.address)
    refused(world.ledger.deposit_for(theft, signature, NO_PERMIT), world.bob, NotSigned, order.owner)
    before = purse(world, world.alice)[0]
    sent = world.ledger.deposit_for(order, signature, NO_PERMIT).send(world.bob)
    assert told(world.ledger, sent) == [
        (NoncesUsed, world.stranger.address, 0, 8),
        (Deposited, world.alice.address, world.stranger.address, 10),
    ]
    assert purse(world, world.alice)[0] == before + 10
    permitting.give(world.stranger, 10)
    refused(world.ledger.deposit_for(order, signature, NO_PERMIT), world.bob, NonceUsed, order.owner, 3)


def test_deposit_with_the_owners_permit(permitting: TokenWorld) -> None:
    """Order and permit, and no transaction of the owner's; a permit used by another does no harm."""
    world = permitting.world
    token, stranger = permitting.token, world.stranger
    token.do("mint(address,uint256)", stranger.address, 20 * TOKEN_UNIT).send(stranger)
    signed = permit(permitting, stranger, 10)
    before = purse(world, world.alice)[0]
    world.ledger.deposit_for(*deposit(permitting, stranger), TokenPermit(*signed)).send(world.bob)
    assert purse(world, world.alice)[0] == before + 10
    signed = permit(permitting, stranger, 10)
    signature = "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"
    token.do(signature, stranger.address, world.ledger.address, 10 * TOKEN_UNIT, *signed).send(world.bob)
    world.ledger.deposit_for(*deposit(permitting, stranger, nonce=4), TokenPermit(*signed)).send(world.bob)
    assert purse(world, world.alice)[0] == before + 20


def test_revert_given_a_deposit_that_does_not_count(permitting: TokenWorld) -> None:
    """Another signer, chain, time or account, and tokens that are not there; no nonce is burnt."""
    world = permitting.world
    permitting.give(world.stranger, 10)
    ledger, owner = world.ledger, world.stranger.address
    forged = deposit(permitting, world.stranger, signer=world.bob)
    refused(ledger.deposit_for(*forged, NO_PERMIT), world.bob, NotSigned, owner)
    domain = world.suite.ledger_domain
    elsewhere = Domain("EnergyLedger", domain.chain_id + 1, domain.verifying_contract)
    other = deposit(permitting, world.stranger, domain=elsewhere)
    refused(ledger.deposit_for(*other, NO_PERMIT), world.bob, NotSigned, owner)
    unopened = deposit(permitting, world.stranger, account=owner)
    refused(ledger.deposit_for(*unopened, NO_PERMIT), world.bob, NotOpen, owner)
    nothing = deposit(permitting, world.stranger, amount=0)
    refused(ledger.deposit_for(*nothing, NO_PERMIT), world.bob, ZeroAmount)
    call = ledger.deposit_for(*deposit(permitting, world.stranger, amount=11), NO_PERMIT)
    with pytest.raises(TransferFromFailed):
        call.send(world.bob)
    assert ledger.nonce_mask(owner, 0) == 0
    late = deposit(permitting, world.stranger)
    world.pass_time(late[0].deadline)
    deadline = late[0].deadline
    refused(ledger.deposit_for(*late, NO_PERMIT), world.bob, OrderExpired, deadline, deadline)


def test_native_ledger_knows_no_deposit_orders(world: World) -> None:
    """Coin comes from who sends it."""
    order = Deposit(world.alice.address, world.alice.address, 10, 3, world.chain.now() + 1_000)
    signature = world.alice.sign_digest(world.suite.ledger_domain.digest(order))
    refused(world.ledger.deposit_for(order, signature, NO_PERMIT), world.bob, NoPermit)


@pytest.mark.parametrize("outer", ["deposit", "deposit_for", "withdraw_for"])
@pytest.mark.parametrize("inner", ["deposit_for", "withdraw_for"])
def test_hostile_token_cannot_carry_an_order_inside_another(
    hostile: TokenWorld, outer: str, inner: str
) -> None:
    """From inside transfer and transferFrom the money functions are closed, orders included (N-8)."""
    world, ledger = hostile.world, hostile.world.ledger
    hostile.give(world.stranger, 30)
    free = {"amount": 1, "fee": 0, "relayer": ZERO_ADDRESS}
    calls = {
        "deposit": ledger.deposit(world.alice.address, 10),
        "deposit_for": ledger.deposit_for(*deposit(hostile, world.stranger), NO_PERMIT),
        "withdraw_for": ledger.withdraw_for(*withdrawal(world, world.alice, **free)),
        "inner deposit_for": ledger.deposit_for(*deposit(hostile, world.stranger, nonce=9), NO_PERMIT),
        "inner withdraw_for": ledger.withdraw_for(*withdrawal(world, world.alice, nonce=9, **free)),
    }
    hostile.behave(Behaviour.REENTERS, ledger.address, calls[f"inner {inner}"].data)
    calls[outer].send(world.stranger)
    assert hostile.hooked() == (True, False, Reentrancy.selector())
    change = -1 if outer == "withdraw_for" else 10
    assert purse(world, world.alice) == (PEOPLE + change, 0)


# ---------------------------------------------------------------- fees


def test_market_pays_a_fee_out_of_its_care_or_an_account(desk: Desk) -> None:
    """Out of care the relayer gets what commit took; from an account the sum stays (conservation)."""
    world = desk.world
    desk.ledger.commit(ZERO_ADDRESS, world.bob.address, False, 0, 10).send(desk.market)
    sent = desk.ledger.pay_fee(world.stranger.address, 10, ZERO_ADDRESS).send(desk.market)
    assert told(desk.ledger, sent) == [(RelayFeePaid, world.stranger.address, ZERO_ADDRESS, 10)]
    desk.ledger.pay_fee(world.stranger.address, 5, world.alice.address).send(desk.market)
    assert purses(world, world.alice, world.bob, world.stranger) == [
        (PEOPLE - 5, 0),
        (PEOPLE - 10, 0),
        (15, 0),
    ]
    desk.ledger.pay_fee(world.alice.address, 7, world.alice.address).send(desk.market)
    assert purse(world, world.alice) == (PEOPLE - 5, 0)
    call = desk.ledger.pay_fee(world.bob.address, PEOPLE - 4, world.alice.address)
    refused(call, desk.market, Insufficient, world.alice.address, PEOPLE - 4, PEOPLE - 5)
    for key in (world.dso, world.alice, world.stranger):
        refused(desk.ledger.pay_fee(key.address, 1, ZERO_ADDRESS), key, NotMarket, key.address)
