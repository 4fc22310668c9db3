"""acceptSigned: an offer signed off chain is made and accepted in one call."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_account import Account
from eth_utils.conversions import to_bytes
from eth_utils.crypto import keccak

from energy_trading.bindings.energy_ledger import RoleMissing
from energy_trading.bindings.offer_market import (
    BadSignature,
    BadTerms,
    BadWindow,
    NoMeter,
    OfferExpired,
    SelfTrade,
    WrongNonce,
    WrongState,
)
from energy_trading.crypto._signatures import compact
from energy_trading.crypto.keys import SECP256K1_N, SecretKey
from energy_trading.types import MAX_UNITS, SIGNED_NONCE, Domain, Terms, TradeState
from tests.contracts.energy_ledger.tools import TestContract
from tests.contracts.offer_market.tools import (
    DAY,
    NO_KEY,
    NONE,
    Answer,
    compiled,
    hostile_signer,
    made,
    purse,
    purses,
    refused,
    taken,
    told,
    wh,
)
from tests.world import EURO, FUNDS, PRODUCER, World

WEEK = 7 * DAY


def test_one_call_makes_and_accepts(world: World) -> None:
    """Guarantee and payment are taken together, and the log tells both facts (N-1, N-2)."""
    terms = world.terms(world.alice, signed=True)
    call = world.market.accept_signed(terms, world.sign_offer(terms, world.alice))
    assert call.simulate(world.bob) == world.trade_id(terms)
    sent = call.send(world.bob)
    assert told(world.market, sent) == [made(world, terms), taken(world, terms, world.bob)]
    assert purses(world, world.alice, world.bob) == [
        (FUNDS - terms.price, terms.price),
        (FUNDS - terms.price, 0),
    ]
    assert world.market.state_of(world.trade_id(terms)) == TradeState.ACCEPTED


def test_compact_signature(world: World) -> None:
    """64 bytes count like 65, for both parities (EIP-2098)."""
    parities = set()
    while parities != {0, 1}:  # each comes with every second trade
        terms = world.terms(world.alice, signed=True, price=1)
        signature = compact(world.sign_offer(terms, world.alice))
        parities.add(signature[32] >> 7)
        world.market.accept_signed(terms, signature).send(world.bob)
        assert world.market.state_of(world.trade_id(terms)) == TradeState.ACCEPTED


def test_a_wallet_signs_the_same_digest(world: World) -> None:
    """eth-account, from the EIP-712 document that a wallet shows, signs what the contract checks (N-1)."""
    terms = world.terms(world.alice, signed=True)
    domain = world.suite.market_domain
    fields = {
        "seller": "address",
        "buyer": "address",
        "energy": "bytes32",
        "price": "uint256",
        "acceptBy": "uint256",
        "deliverBy": "uint256",
        "nonce": "uint256",
    }
    values = [getattr(terms, name) for name in Terms.__abi__]
    document = {
        "name": domain.name,
        "version": "1",
        "chainId": domain.chain_id,
        "verifyingContract": domain.verifying_contract,
    }
    signed = Account.sign_typed_data(
        world.alice.reveal(),
        document,
        {"Offer": [{"name": name, "type": kind} for name, kind in fields.items()]},
        dict(zip(fields, values, strict=True)),
    )
    world.market.accept_signed(terms, bytes(signed.signature)).send(world.bob)
    assert world.market.state_of(world.trade_id(terms)) == TradeState.ACCEPTED


def test_other_encoding_of_a_signature_is_no_second_acceptance(world: World) -> None:
    """s and n - s both count, but the trade is its terms, not its signature: nothing happens twice (N-8)."""
    terms = world.terms(world.alice, signed=True)
    low = world.sign_offer(terms, world.alice)
    high = low[:32] + (SECP256K1_N - int.from_bytes(low[32:64], "big")).to_bytes(32, "big")
    high += bytes([55 - low[64]])
    world.market.accept_signed(terms, high).send(world.bob)
    for signature in (low, high, compact(low)):
        refused(
            world.market.accept_signed(terms, signature),
            world.carol,
            WrongState,
            world.trade_id(terms),
            TradeState.ACCEPTED,
            TradeState.NONE,
        )


@pytest.mark.parametrize("role", ["bob", "carol", "dso", "pkg"])
def test_revert_given_another_signer(world: World, role: str) -> None:
    """Nobody but the seller signs for the seller, the buyer least of all (N-8)."""
    terms = world.terms(world.alice, signed=True)
    signature = world.sign_offer(terms, getattr(world, role))
    refused(
        world.market.accept_signed(terms, signature),
        world.bob,
        BadSignature,
        to_bytes(hexstr=world.alice.address),
    )


@pytest.mark.parametrize(
    "change",
    [
        {"price": 1},
        {"energy": wh(1001)},
        {"nonce": SIGNED_NONCE + 99},
        {"accept_by": lambda terms: terms.accept_by + 1},
        {"deliver_by": lambda terms: terms.deliver_by - 1},
        {"buyer": lambda terms: "0x" + "b0" * 20},
    ],
    ids=lambda change: next(iter(change)),
)
def test_revert_given_tampered_terms(world: World, change: dict[str, Any]) -> None:
    """A signature is for all fields: with another price, quantity, date, buyer or number it is void (N-5)."""
    terms = world.terms(world.alice, signed=True)
    signature = world.sign_offer(terms, world.alice)
    changed = {name: value(terms) if callable(value) else value for name, value in change.items()}
    refused(
        world.market.accept_signed(replace(terms, **changed), signature),
        world.bob,
        BadSignature,
        to_bytes(hexstr=world.alice.address),
    )


def test_revert_given_tampered_seller(world: World) -> None:
    """Alice's signature does not commit Carol (N-5)."""
    terms = world.terms(world.alice, signed=True)
    signature = world.sign_offer(terms, world.alice)
    refused(
        world.market.accept_signed(replace(terms, seller=world.carol.address), signature),
        world.bob,
        BadSignature,
        to_bytes(hexstr=world.carol.address),
    )


@pytest.mark.parametrize("what", ["chain", "contract", "name"])
def test_revert_given_signature_for_another_domain(world: World, what: str) -> None:
    """A signature is for one contract on one chain (EIP-712)."""
    domain = world.suite.market_domain
    wrong = {
        "chain": Domain(domain.name, domain.chain_id + 1, domain.verifying_contract),
        "contract": Domain(domain.name, domain.chain_id, world.ledger.address),
        "name": Domain("EnergyLedger", domain.chain_id, domain.verifying_contract),
    }[what]
    terms = world.terms(world.alice, signed=True)
    signature = world.alice.sign_digest(wrong.digest(world.trade_id(terms)))
    refused(
        world.market.accept_signed(terms, signature),
        world.bob,
        BadSignature,
        to_bytes(hexstr=world.alice.address),
    )


@pytest.mark.parametrize("length", [0, 1, 63, 66, 130])
def test_revert_given_signature_of_odd_length(world: World, length: int) -> None:
    """A signature of a key has 64 or 65 bytes."""
    terms = world.terms(world.alice, signed=True)
    signature = (world.sign_offer(terms, world.alice) * 2)[:length]
    refused(
        world.market.accept_signed(terms, signature),
        world.bob,
        BadSignature,
        to_bytes(hexstr=world.alice.address),
    )


@pytest.mark.parametrize("v", [0, 1, 26, 29, 255])
def test_revert_given_v_out_of_range(world: World, v: int) -> None:
    """v is 27 or 28."""
    terms = world.terms(world.alice, signed=True)
    signature = world.sign_offer(terms, world.alice)[:64] + bytes([v])
    refused(
        world.market.accept_signed(terms, signature),
        world.bob,
        BadSignature,
        to_bytes(hexstr=world.alice.address),
    )


@pytest.mark.parametrize("signature", [b"", bytes(64), bytes(65)])
def test_revert_given_zero_seller(world: World, signature: bytes) -> None:
    """The zero address, the answer of a failed recovery, sells nothing: nothing would be held (N-8)."""
    reserved = world.terms(NONE, signed=True, buyer=world.bob.address)
    refused(world.market.accept_signed(reserved, signature), world.bob, BadSignature, bytes(20))
    to_anyone = world.terms(NONE, signed=True)
    refused(world.market.accept_signed(to_anyone, signature), world.bob, SelfTrade, NONE)


@pytest.mark.parametrize("nonce", [0, SIGNED_NONCE - 1])
def test_revert_given_nonce_of_offers_on_chain(world: World, nonce: int) -> None:
    """Without bit 255 an offer is one to be made on chain (N-1)."""
    terms = world.terms(world.alice, nonce=nonce)
    signature = world.sign_offer(terms, world.alice)
    refused(world.market.accept_signed(terms, signature), world.bob, WrongNonce, nonce, True)


@pytest.mark.parametrize(("energy", "price"), [(0, 1), (1, 0), (1, MAX_UNITS + 1)])
def test_revert_given_no_energy_or_price_out_of_range(world: World, energy: int, price: int) -> None:
    """Energy is not zero and the price is in 1 … 2**63 - 1 (N-1)."""
    terms = world.terms(world.alice, signed=True, energy=wh(energy), price=price)
    signature = world.sign_offer(terms, world.alice)
    refused(world.market.accept_signed(terms, signature), world.bob, BadTerms, wh(energy), price, MAX_UNITS)


@pytest.mark.parametrize("late", [0, 1, 1800])
def test_revert_given_offer_expired(world: World, late: int) -> None:
    """From acceptBy on a signed offer is void, and nothing moves (N-7 scenario 3)."""
    terms = world.terms(world.alice, signed=True)
    signature = world.sign_offer(terms, world.alice)
    now = terms.accept_by + late
    world.chain.set_next_time(now)
    refused(
        world.market.accept_signed(terms, signature),
        world.bob,
        BadWindow,
        terms.accept_by,
        terms.deliver_by,
        now,
        now + WEEK,
    )
    assert purses(world, world.alice, world.bob) == [(FUNDS, 0), (FUNDS, 0)]


def test_acceptance_one_second_before_accept_by(world: World) -> None:
    """A signed offer can be accepted while now < acceptBy (N-2, half-open)."""
    terms = world.terms(world.alice, signed=True)
    signature = world.sign_offer(terms, world.alice)
    world.chain.set_next_time(terms.accept_by - 1)
    world.market.accept_signed(terms, signature).send(world.bob)
    assert world.market.state_of(world.trade_id(terms)) == TradeState.ACCEPTED


@pytest.mark.parametrize("over", [0, 1])
def test_duration_counts_from_acceptance(world: World, over: int) -> None:
    """deliverBy lies at most maxDuration after the acceptance, to the second (N-1)."""
    now = world.chain.now() + 50
    terms = world.terms(world.alice, signed=True, deliver_by=now + WEEK + over)
    call = world.market.accept_signed(terms, world.sign_offer(terms, world.alice))
    world.chain.set_next_time(now)
    if over:
        refused(call, world.bob, BadWindow, terms.accept_by, terms.deliver_by, now, now + WEEK)
    else:
        call.send(world.bob)
        assert world.market.state_of(world.trade_id(terms)) == TradeState.ACCEPTED


def test_revert_given_offer_cancelled(world: World) -> None:
    """A cancelled offer cannot be accepted although its signature is good (N-4)."""
    terms = world.terms(world.alice, signed=True)
    signature = world.sign_offer(terms, world.alice)
    world.market.cancel_signed(terms).send(world.alice)
    refused(
        world.market.accept_signed(terms, signature),
        world.bob,
        WrongState,
        world.trade_id(terms),
        TradeState.CLOSED,
        TradeState.NONE,
    )


@pytest.mark.parametrize("ended", [False, True])
def test_revert_given_offer_accepted_before(world: World, ended: bool) -> None:
    """A signed offer is accepted once, during the trade and after it (N-8)."""
    terms = world.terms(world.alice, signed=True)
    signature = world.sign_offer(terms, world.alice)
    world.market.accept_signed(terms, signature).send(world.bob)
    if ended:
        world.deliver(terms, world.bob)
    refused(
        world.market.accept_signed(terms, signature),
        world.carol,
        WrongState,
        world.trade_id(terms),
        TradeState.CLOSED if ended else TradeState.ACCEPTED,
        TradeState.NONE,
    )


def test_revert_given_signed_offer_taken_as_one_on_chain(world: World) -> None:
    """acceptOffer takes what was made on chain; a signed offer was not (N-2)."""
    terms = world.terms(world.alice, signed=True)
    refused(
        world.market.accept_offer(terms),
        world.bob,
        WrongState,
        world.trade_id(terms),
        TradeState.NONE,
        TradeState.OFFERED,
    )


def test_revert_given_buyer_has_no_meter(world: World) -> None:
    """Without a meter there could be no receipt (N-3); the guarantee is not held either."""
    world.ledger.remove_meter(world.bob.address).send(world.dso)
    terms = world.terms(world.alice, signed=True)
    signature = world.sign_offer(terms, world.alice)
    refused(world.market.accept_signed(terms, signature), world.bob, NoMeter, world.bob.address)
    assert purses(world, world.alice, world.bob) == [(FUNDS, 0), (FUNDS, 0)]


def test_guarantee_rounds_up(odd_world: World) -> None:
    """33.33 % of 1,000,003 is 333,300.9999: the seller has 333,301 held (N-1)."""
    world = odd_world
    terms = world.terms(world.alice, signed=True, price=1_000_003)
    world.market.accept_signed(terms, world.sign_offer(terms, world.alice)).send(world.bob)
    assert purses(world, world.alice, world.bob) == [
        (FUNDS - 333_301, 333_301),
        (FUNDS - 1_000_003, 0),
    ]


# ---------------------------------------------------------------- sellers that are contracts (ERC-1271)


def _open(world: World, account: str, owner: SecretKey | None = None) -> None:
    """Open and fund an account for which its owner signs; one without an owner opens itself."""
    call = world.ledger.open_account(*world.attest(account, PRODUCER, consent=owner or account))
    if owner is None:
        call = TestContract(world.chain, account).do("act(address,bytes)", call.to, call.data)
    call.send(world.stranger)
    world.ledger.deposit(account, EURO, value=EURO * EURO).send(world.stranger)


def test_contract_account_sells_by_its_owner(world: World) -> None:
    """A contract opens an account, its owner signs for it, and it is paid like anyone (N-1, ERC-1271)."""
    code = compiled("ContractAccount").bytecode + encode(["address"], [world.carol.address])
    account, _ = world.chain.deploy(code, world.stranger)
    _open(world, account, world.carol)
    terms = world.terms(account, signed=True)
    refused(
        world.market.accept_signed(terms, world.sign_offer(terms, world.alice)),
        world.bob,
        BadSignature,
        to_bytes(hexstr=account),
    )
    sent = world.market.accept_signed(terms, world.sign_offer(terms, world.carol)).send(world.bob)
    assert told(world.market, sent) == [made(world, terms), taken(world, terms, world.bob)]
    world.deliver(terms, world.bob)
    assert purse(world, account) == (EURO + terms.price, 0)


def test_contract_account_makes_and_withdraws(world: World) -> None:
    """A contract acts on chain as itself; its owner is not the seller (N-1, N-4)."""
    code = compiled("ContractAccount").bytecode + encode(["address"], [world.carol.address])
    account, _ = world.chain.deploy(code, world.stranger)
    _open(world, account, world.carol)

    def act(inner: Any) -> None:
        data = keccak(text="act(address,bytes)")[:4] + encode(["address", "bytes"], [inner.to, inner.data])
        world.chain.send(account, data, world.carol)

    terms, signed = world.terms(account), world.terms(account, signed=True)
    act(world.market.make_offer(terms))
    assert purse(world, account) == (EURO - terms.price, terms.price)
    act(world.market.give_up(terms))
    assert purse(world, account) == (EURO - terms.price // 20, 0)
    act(world.market.cancel_signed(signed))
    assert world.market.state_of(world.trade_id(signed)) == TradeState.CLOSED


def test_revert_given_contract_without_account(world: World) -> None:
    """A contract that says yes to everything still needs PKG's word (C-2)."""
    seller = hostile_signer(world, Answer.RIGHT)
    terms = world.terms(seller, signed=True)
    refused(world.market.accept_signed(terms, b""), world.bob, RoleMissing, seller, 0, PRODUCER)


@pytest.mark.parametrize(
    "answer",
    [
        Answer.JUNK,
        Answer.DIRTY,
        Answer.SHORT,
        Answer.NOTHING,
        Answer.REVERT,
        Answer.BURN,
        Answer.WRITE,
    ],
)
def test_revert_given_contract_that_does_not_say_yes(world: World, answer: Answer) -> None:
    """Only the whole magic word of a call that went well is a signature (ERC-1271)."""
    seller = hostile_signer(world, answer)
    _open(world, seller)
    terms = world.terms(seller, signed=True)
    refused(world.market.accept_signed(terms, b"any"), world.bob, BadSignature, to_bytes(hexstr=seller))
    assert purses(world, seller, world.bob) == [(EURO, 0), (FUNDS, 0)]


def test_contract_that_says_yes_to_all_binds_itself_only(world: World) -> None:
    """Who signs everything has its own guarantee held, and nobody else's (ERC-1271)."""
    seller = hostile_signer(world, Answer.RIGHT)
    _open(world, seller)
    terms = world.terms(seller, signed=True)
    world.market.accept_signed(terms, b"any").send(world.bob)
    assert purses(world, seller, world.bob) == [
        (EURO - terms.price, terms.price),
        (FUNDS - terms.price, 0),
    ]


def test_contract_asked_for_a_signature_cannot_write(world: World) -> None:
    """The question is a static call: the same contract that writes when called writes nothing here (N-8)."""
    seller = hostile_signer(world, Answer.WRITE)
    _open(world, seller)
    terms = world.terms(seller, signed=True)
    refused(world.market.accept_signed(terms, b"any"), world.bob, BadSignature, to_bytes(hexstr=seller))
    count = keccak(text="writes()")[:4]
    assert int.from_bytes(world.chain.call(seller, count), "big") == 0
    world.chain.send(seller, b"asked by a transaction", world.stranger)
    assert int.from_bytes(world.chain.call(seller, count), "big") == 1


def test_contract_asked_for_a_signature_cannot_reenter(world: World) -> None:
    """A seller that ends another trade when it is called cannot do so while it is asked (N-8 reentrancy)."""
    overdue = world.make(world.alice)
    world.chain.set_next_time(overdue.accept_by)
    call = world.market.expire(overdue, NONE, NO_KEY)
    seller = hostile_signer(world, Answer.REENTER, call.to, call.data)
    _open(world, seller)
    terms = world.terms(seller, signed=True)
    refused(world.market.accept_signed(terms, b"any"), world.bob, BadSignature, to_bytes(hexstr=seller))
    assert world.market.state_of(world.trade_id(overdue)) == TradeState.OFFERED
    ended = world.chain.send(seller, b"asked by a transaction", world.stranger)
    assert bytes(ended["logs"][0]["topics"][0]) == OfferExpired.topic()
