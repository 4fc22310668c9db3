"""exchange: permit and acceptance change the owner and pay, in one transaction (C-7, C-8)."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi.abi import encode

from energy_trading.bindings import energy_ledger, energy_lot
from energy_trading.bindings.energy_lot import (
    LotExchanged,
    PermitsCancelled,
    SelfExchange,
    TokenDoesNotExist,
    Transfer,
)
from energy_trading.crypto._signatures import compact
from energy_trading.types import ZERO_ADDRESS, ExchangeAcceptance, ExchangePermit, LotState, LotView
from tests.contracts.energy_lot.tools import MSG, PRICE, SLOT, certificate, exchange, minted, other_domains
from tests.contracts.offer_market.tools import compiled, refused, told
from tests.world import CONSUMER, FUNDS, World


def test_owner_and_money_change_together(world: World) -> None:
    """Anyone brings both signatures; lot, payment and contact data move at once (C-8, C-9)."""
    lot = minted(world, world.alice)
    deadline = world.chain.now() + 3600
    agreed = ExchangePermit(lot, world.bob.address, PRICE, 0, deadline)
    domain = world.suite.lots_domain
    permit = compact(world.alice.sign_digest(domain.digest(agreed)))
    acceptance = compact(world.bob.sign_digest(domain.digest(ExchangeAcceptance(agreed, MSG))))
    call = world.suite.lots.exchange(lot, world.bob.address, PRICE, deadline, MSG, permit, acceptance)
    sent = call.send(world.stranger)
    alice, bob = world.alice.address, world.bob.address
    assert told(world.suite.lots, sent) == [
        (Transfer, alice, bob, lot),
        (LotExchanged, lot, alice, bob, PRICE, 0, deadline, MSG, permit, acceptance),
    ]
    assert world.suite.lots.lot_of(lot) == LotView(bob, 1_000, SLOT, 1, LotState.ALIVE)
    assert (world.account(alice).available, world.account(bob).available) == (FUNDS + PRICE, FUNDS - PRICE)
    assert (world.suite.lots.balance_of(alice), world.suite.lots.balance_of(bob)) == (0, 1)


def test_price_of_nothing_is_a_gift(world: World) -> None:
    """A price of zero moves the lot only."""
    lot = minted(world, world.alice)
    exchange(world, lot, world.alice, world.bob, signed={"price": 0}, price=0).send(world.stranger)
    assert world.suite.lots.owner_of(lot) == world.bob.address
    assert world.account(world.bob).available == FUNDS


@pytest.mark.parametrize(
    ("change", "whose"),
    [
        ({"price": PRICE + 1}, "alice"),
        ({"price": PRICE - 1}, "alice"),
        ({"deadline": 2**40}, "alice"),
        ({"buyer": "carol"}, "alice"),
        ({"signed": {"nonce": 1}}, "alice"),
        ({"signed": {"lot": 5}}, "alice"),
        ({"permit": b""}, "alice"),
        ({"permit": bytes(64)}, "alice"),
        ({"permit": bytes(65)}, "alice"),
        ({"acceptance": b""}, "bob"),
        ({"acceptance": bytes(65)}, "bob"),
        ({"accepts": ExchangePermit(0, ZERO_ADDRESS, 0, 0, 0)}, "bob"),
    ],
)
def test_revert_given_other_terms_than_signed(world: World, change: dict[str, Any], whose: str) -> None:
    """Lot, buyer, price, nonce and deadline are under both signatures (eq 8, C-8)."""
    lot = minted(world, world.alice)
    if change.get("buyer") == "carol":
        change = {"buyer": world.carol.address}
    call = exchange(world, lot, world.alice, world.bob, **change)
    refused(call, world.stranger, energy_lot.BadSignature, getattr(world, whose).address)


def test_revert_when_seller_raises_the_price_of_an_acceptance(world: World) -> None:
    """An acceptance binds its permit: a second permit at a higher price finds no acceptance (C-8)."""
    lot = minted(world, world.alice)
    cheap = ExchangePermit(lot, world.bob.address, PRICE, 0, world.chain.now() + 3600)
    call = exchange(
        world, lot, world.alice, world.bob, signed={"price": 9 * PRICE}, price=9 * PRICE, accepts=cheap
    )
    refused(call, world.stranger, energy_lot.BadSignature, world.bob.address)


def test_revert_given_permit_of_another(world: World) -> None:
    """Only the owner's permit counts."""
    lot = minted(world, world.alice)
    call = exchange(world, lot, world.carol, world.bob)
    refused(call, world.stranger, energy_lot.BadSignature, world.alice.address)


def test_revert_given_another_chain_or_contract(world: World) -> None:
    """Replay elsewhere fails: the domain binds chain and contract (C-8, errata)."""
    lot = minted(world, world.alice)
    for domain in other_domains(world):
        call = exchange(world, lot, world.alice, world.bob, domain=domain)
        refused(call, world.stranger, energy_lot.BadSignature, world.alice.address)


def test_revert_given_permit_after_transfer(world: World) -> None:
    """Permits die with any change of owner, also when the lot comes back (C-7)."""
    lot = minted(world, world.alice)
    call = exchange(world, lot, world.alice, world.bob)
    lots, alice, bob = world.suite.lots, world.alice.address, world.bob.address
    lots.transfer_from(alice, bob, lot).send(world.alice)
    refused(call, world.stranger, SelfExchange, bob)
    lots.transfer_from(bob, alice, lot).send(world.bob)
    refused(call, world.stranger, energy_lot.BadSignature, alice)


def test_revert_given_permit_used_twice(world: World) -> None:
    """The same two signatures do not work again once the seller has the lot back (C-8, errata)."""
    lot = minted(world, world.alice)
    call = exchange(world, lot, world.alice, world.bob)
    call.send(world.stranger)
    exchange(world, lot, world.bob, world.alice).send(world.stranger)
    refused(call, world.stranger, energy_lot.BadSignature, world.alice.address)


def test_revert_given_cancelled_permit(world: World) -> None:
    """The owner, and nobody else, can take every permit back (C-7)."""
    lot = minted(world, world.alice)
    call = exchange(world, lot, world.alice, world.bob)
    cancel = world.suite.lots.cancel_permits(lot)
    refused(cancel, world.bob, energy_lot.NotOwner, lot, world.bob.address, world.alice.address)
    assert told(world.suite.lots, cancel.send(world.alice)) == [(PermitsCancelled, lot, 1)]
    refused(call, world.stranger, energy_lot.BadSignature, world.alice.address)


def test_revert_from_deadline_on(world: World) -> None:
    """Valid while now < deadline (half open)."""
    lot = minted(world, world.alice)
    deadline = world.chain.now() + 100
    call = exchange(world, lot, world.alice, world.bob, signed={"deadline": deadline})
    world.chain.set_next_time(deadline)
    refused(call, world.stranger, energy_lot.Expired, deadline, deadline)


def test_last_second_counts(world: World) -> None:
    """One second before the deadline the exchange goes through."""
    lot = minted(world, world.alice)
    deadline = world.chain.now() + 100
    call = exchange(world, lot, world.alice, world.bob, signed={"deadline": deadline})
    world.chain.set_next_time(deadline - 1)
    call.send(world.stranger)
    assert world.suite.lots.owner_of(lot) == world.bob.address


def test_revert_given_no_such_lot(world: World) -> None:
    """Neither a lot that never was nor one that is over can be exchanged."""
    refused(exchange(world, 5, world.alice, world.bob), world.stranger, TokenDoesNotExist)
    lot = minted(world, world.alice)
    world.suite.lots.retire(lot).send(world.alice)
    refused(exchange(world, lot, world.alice, world.bob), world.stranger, TokenDoesNotExist)


def test_revert_when_seller_is_buyer(world: World) -> None:
    """Nobody trades with itself."""
    lot = minted(world, world.alice)
    call = exchange(world, lot, world.alice, world.alice)
    refused(call, world.stranger, SelfExchange, world.alice.address)


def test_revert_when_buyer_cannot_pay(world: World) -> None:
    """No money, no lot: nothing moves (C-8)."""
    lot = minted(world, world.alice)
    dear = {"price": FUNDS + 1}
    call = exchange(world, lot, world.alice, world.bob, signed=dear, **dear)
    refused(call, world.stranger, energy_ledger.Insufficient, world.bob.address, FUNDS + 1, FUNDS)
    assert world.suite.lots.owner_of(lot) == world.alice.address


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_revert_given_suspended_party(world: World, who: str) -> None:
    """The DSO stops seller and buyer alike (C-10)."""
    lot = minted(world, world.alice)
    party = getattr(world, who).address
    world.ledger.suspend([party]).send(world.dso)
    refused(exchange(world, lot, world.alice, world.bob), world.stranger, energy_ledger.Suspended, party)


@pytest.mark.parametrize("who", ["seller", "alice"])
def test_revert_given_banned_party(world: World, who: str) -> None:
    """A ban for defaults stops a seller and a buyer of lots until its date (N-7, X-3)."""
    lot = minted(world, world.alice)
    for _ in range(3):  # the third default brings a ban
        terms = world.accepted(world.alice, world.bob)
        world.pass_time(terms.deliver_by)
        receipt = energy_lot_meter(world)
        world.market.expire(terms, world.bob.address, receipt).send(world.stranger)
    until = world.account(world.alice).banned_until
    assert until > world.chain.now()
    if who == "alice":  # as a buyer
        other = minted(world, world.carol)
        call = exchange(world, other, world.carol, world.alice)
    else:
        call = exchange(world, lot, world.alice, world.bob)
    refused(call, world.stranger, energy_ledger.Banned, world.alice.address, until)
    world.pass_time(until)
    (exchange(world, lot, world.alice, world.bob)).send(world.stranger)
    assert world.suite.lots.owner_of(lot) == world.bob.address


def energy_lot_meter(world: World) -> bytes:
    """What the market keeps of Bob's meter."""
    from eth_utils.crypto import keccak

    return keccak(world.meters[world.bob.address].signer)


def test_revert_given_missing_role(world: World) -> None:
    """Who sells is a producer, who buys a consumer; a stranger is neither (X-4)."""
    lot = minted(world, world.seller)
    call = exchange(world, lot, world.seller, world.stranger)
    refused(call, world.stranger, energy_ledger.RoleMissing, world.stranger.address, 0, CONSUMER)
    exchange(world, lot, world.seller, world.buyer).send(world.stranger)
    call = exchange(world, lot, world.buyer, world.bob)
    refused(call, world.stranger, energy_ledger.RoleMissing, world.buyer.address, CONSUMER, 1)


def test_contract_accounts_exchange(world: World) -> None:
    """Seller and buyer may be contracts that sign by ERC-1271 (C-8)."""
    account = {}
    for key in (world.alice, world.bob):
        code = compiled("ContractAccount").bytecode + encode(["address"], [key.address])
        account[key], _ = world.chain.deploy(code, world.stranger)
        world.ledger.open_account(*world.attest(account[key], consent=key)).send(world.stranger)
    world.ledger.deposit(account[world.bob], PRICE, value=PRICE * 10**9).send(world.stranger)
    lot = minted(world, world.alice)
    world.suite.lots.transfer_from(world.alice.address, account[world.alice], lot).send(world.alice)
    signed = {"buyer": account[world.bob]}
    forged = exchange(world, lot, world.carol, world.bob, signed=signed)
    refused(forged, world.stranger, energy_lot.BadSignature, account[world.alice])
    exchange(world, lot, world.alice, world.bob, signed=signed).send(world.stranger)
    assert world.suite.lots.owner_of(lot) == account[world.bob]
    assert world.account(account[world.alice]).available == PRICE


def test_ledger_takes_no_transfer_from_others(world: World) -> None:
    """Only a market moves money between accounts (C-8)."""
    call = world.ledger.transfer(world.bob.address, world.alice.address, 1)
    refused(call, world.alice, energy_ledger.NotMarket, world.alice.address)


def test_certificate_is_no_permit(world: World) -> None:
    """A signature of one kind never serves as another (EIP-712 types)."""
    paper = certificate(world, world.alice)
    lot = minted(world, world.alice)
    call = exchange(world, lot, world.alice, world.bob, permit=paper.signature)
    refused(call, world.stranger, energy_lot.BadSignature, world.alice.address)
