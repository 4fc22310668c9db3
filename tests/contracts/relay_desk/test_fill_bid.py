"""fillBid: a standing order whose limits the contract checks (N-2, N-8)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_utils.crypto import keccak

from energy_trading.bindings.energy_ledger import (
    BadFee,
    Insufficient,
    NoncesUsed,
    NonceUsed,
    NotSigned,
    OrderExpired,
    OverCreditLimit,
    RelayFeePaid,
)
from energy_trading.bindings.offer_market import BadSignature, BadTerms, RelayFeeTaken, SelfTrade
from energy_trading.bindings.relay_desk import (
    IsAward,
    LowCredit,
    NoMeter,
    OneKey,
    OtherSeller,
    OutsideEnergy,
    OutsideSlot,
    TooDear,
    WrongReceiptKey,
)
from energy_trading.types import (
    AWARD_NONCE,
    MAX_UNITS,
    ZERO_ADDRESS,
    Domain,
    Energy,
    NonceCancellation,
    RelayedBid,
    Terms,
    TradeState,
)
from tests.contracts.offer_market.tools import made, publish_keys, purse, purses, refused, taken, told
from tests.contracts.relay_desk.tools import FEE, bid, contract_account, offer
from tests.world import EURO, FUNDS, World

DAY = 86_400
CREDIT = 10**9


def order(world: World, changes: dict[str, Any] | None = None, **limits: Any) -> RelayedBid:
    """Bob's bid with an offer of Alice's."""
    terms, signature = offer(world, world.alice, **changes or {})
    return bid(world, terms, world.bob, signature=signature, **limits)


def test_bid_buys_a_signed_offer(world: World) -> None:
    """Guarantee, payment, fee and nonce in one call."""
    filled = order(world, nonce=256 * 5 + 3)
    terms = filled.terms
    sent = world.suite.desk.fill_bid(filled).send(world.stranger)
    assert told(world.suite.desk, sent) == [(NoncesUsed, world.bob.address, 5, 8)]
    assert told(world.market, sent) == [
        made(world, terms),
        taken(world, terms, world.bob),
        (RelayFeeTaken, world.bob.address, FEE),
    ]
    assert told(world.ledger, sent) == [(RelayFeePaid, world.carol.address, ZERO_ADDRESS, FEE)]
    assert world.suite.desk.nonce_mask(world.bob.address, 5) == 8
    assert purses(world, world.bob, world.carol) == [
        (FUNDS - terms.price - FEE, 0),
        (FUNDS + FEE, 0),
    ]


def test_bid_buys_an_offer_made_on_chain(world: World) -> None:
    """And with a named seller, and no fee."""
    terms = world.make(world.alice)
    filled = bid(world, terms, world.bob, seller=world.alice.address, relayer=ZERO_ADDRESS, fee=0)
    sent = world.suite.desk.fill_bid(filled).send(world.stranger)
    assert told(world.market, sent) == [taken(world, terms, world.bob)]


def test_bid_with_a_one_time_key(world: World) -> None:
    """The key that the bid names signs for the trade that was found (N-6)."""
    keys = publish_keys(world)
    terms, signature = offer(world, world.alice)
    named = keys.name(terms, world.bob)
    filled = bid(world, terms, world.bob, signature=signature, key=named)
    sent = world.suite.desk.fill_bid(filled).send(world.stranger)
    assert taken(world, terms, world.bob, named.signer) in told(world.market, sent)


def test_revert_given_another_key_than_the_bid_names(world: World) -> None:
    """None, another one or two: the bid says which."""
    keys = publish_keys(world)
    terms, signature = offer(world, world.alice)
    first, second = (keys.name(terms, world.bob, i) for i in range(2))
    filled = bid(world, terms, world.bob, signature=signature, key=first)
    desk, hashes = world.suite.desk, [keccak(first.signer), keccak(second.signer)]
    none = replace(filled, key=[])
    refused(desk.fill_bid(none), world.stranger, WrongReceiptKey, bytes(32), hashes[0])
    other = replace(filled, key=[second])
    refused(desk.fill_bid(other), world.stranger, WrongReceiptKey, hashes[1], hashes[0])
    two = replace(filled, key=[first, second])
    refused(desk.fill_bid(two), world.stranger, OneKey, 2)


def test_bid_is_filled_once(world: World) -> None:
    """A second offer that keeps to the limits, or the same again, is refused (replay)."""
    first = order(world)
    world.suite.desk.fill_bid(first).send(world.stranger)
    terms, _ = offer(world, world.alice, accept_by=first.terms.accept_by)
    second = replace(first, terms=replace(terms, deliver_by=first.terms.deliver_by))
    second = replace(second, seller_signature=world.sign_offer(second.terms, world.alice))
    refused(world.suite.desk.fill_bid(second), world.stranger, NonceUsed, world.bob.address, 7)
    refused(world.suite.desk.fill_bid(first), world.stranger, NonceUsed, world.bob.address, 7)


def test_owner_voids_a_bid(world: World) -> None:
    """Directly or by a signed order, before or between others; nobody else can (cancelled bid)."""
    desk, bob = world.suite.desk, world.bob.address
    filled = order(world)
    desk.void_nonces(0, 1 << 7).send(world.carol)  # Carol's own nonces
    deadline = world.chain.now() + 100
    void = NonceCancellation(bob, 0, 1 << 7 | 1 << 9, deadline)
    forged = world.carol.sign_digest(world.suite.desk_domain.digest(void))
    refused(desk.void_nonces_for(void, forged), world.stranger, NotSigned, bob)
    start = world.chain.snapshot()
    signature = world.bob.sign_digest(world.suite.desk_domain.digest(void))
    sent = desk.void_nonces_for(void, signature).send(world.stranger)
    assert told(desk, sent) == [(NoncesUsed, bob, 0, 1 << 7 | 1 << 9)]
    refused(desk.fill_bid(filled), world.stranger, NonceUsed, bob, 7)
    refused(desk.fill_bid(order(world, nonce=9)), world.stranger, NonceUsed, bob, 9)
    desk.fill_bid(order(world, nonce=8)).send(world.stranger)
    world.chain.revert(start)
    desk.void_nonces(0, 1 << 7).send(world.bob)
    refused(desk.fill_bid(filled), world.stranger, NonceUsed, bob, 7)
    world.pass_time(deadline)
    refused(desk.void_nonces_for(void, signature), world.stranger, OrderExpired, deadline, deadline)


def test_failed_bid_burns_no_nonce(world: World) -> None:
    """What the market refuses leaves the bid as it was."""
    terms, signature = offer(world, world.alice)
    filled = bid(world, terms, world.bob, signature=b"\x01" * 65)
    seller = bytes.fromhex(world.alice.address[2:])
    refused(world.suite.desk.fill_bid(filled), world.stranger, BadSignature, seller)
    assert world.suite.desk.nonce_mask(world.bob.address, 0) == 0
    world.suite.desk.fill_bid(replace(filled, seller_signature=signature)).send(world.stranger)


# ---------------------------------------------------------------- limits


def _terms(filled: RelayedBid) -> Terms:
    return filled.terms


@pytest.mark.parametrize("limits", [{"min_wh": 1001}, {"max_wh": 999}])
def test_revert_when_the_energy_is_outside(world: World, limits: dict[str, int]) -> None:
    """One Wh too little or too much."""
    filled = order(world, **limits)
    values = filled.terms.energy, filled.bid.min_wh, filled.bid.max_wh
    refused(world.suite.desk.fill_bid(filled), world.stranger, OutsideEnergy, *values)


@pytest.mark.parametrize("energy", [Energy.hidden(1000, b"\x05" * 32), Energy.plain(0)])
def test_revert_given_hidden_or_no_energy(world: World, energy: Energy) -> None:
    """Nobody knows what a hidden quantity is, so no bid buys it, however wide its limits."""
    filled = order(world, {"energy": energy}, min_wh=0, max_wh=2**256 - 1, max_price_per_mwh=2**256 - 1)
    refused(world.suite.desk.fill_bid(filled), world.stranger, OutsideEnergy, energy, 0, 2**256 - 1)


def test_price_rounds_against_the_relayer(world: World) -> None:
    """1 unit for 3 Wh is 333,333.3 per MWh: 333,333 is too little, 333,334 is right."""
    few = {"energy": Energy.plain(3), "price": 1}
    limit = {"max_price_per_mwh": 333_333, "nonce": 1}
    refused(world.suite.desk.fill_bid(order(world, few, **limit)), world.stranger, TooDear, 333_334, 333_333)
    limit = {"max_price_per_mwh": 333_334, "nonce": 1}
    world.suite.desk.fill_bid(order(world, few, **limit)).send(world.stranger)


def test_price_that_cannot_be_counted_does_not_wrap(world: World) -> None:
    """A price that would overflow on its way to MWh is refused, not taken for a small one."""
    for price in (MAX_UNITS + 1, 2**256 - 1):
        filled = order(world, {"price": price}, max_price_per_mwh=2**256 - 1)
        values = filled.terms.energy, price, MAX_UNITS
        refused(world.suite.desk.fill_bid(filled), world.stranger, BadTerms, *values)


def test_shill_seller_at_the_limit(world: World) -> None:
    """A relayer's own account sells at the limit only if it has a meter and the credit that is asked."""
    shill = world.carol
    terms, signature = offer(world, shill)
    limits = {"signature": signature, "min_seller_credit": CREDIT + 1}
    low = bid(world, terms, world.bob, **limits)
    desk, values = world.suite.desk, (shill.address, CREDIT, CREDIT + 1)
    refused(desk.fill_bid(low), world.stranger, LowCredit, *values)
    dear = replace(terms, price=terms.price + 1)
    above = bid(world, terms, world.bob, signature=world.sign_offer(dear, shill))
    limit = above.bid.max_price_per_mwh
    above = replace(above, terms=dear)
    refused(desk.fill_bid(above), world.stranger, TooDear, limit + 1_000, limit)
    equal = bid(world, terms, world.bob, signature=signature, min_seller_credit=CREDIT)
    world.ledger.remove_meter(shill.address).send(world.dso)
    refused(desk.fill_bid(equal), world.stranger, NoMeter, shill.address)
    world.ledger.register_meter(shill.address, world.meters[shill.address].signer).send(world.dso)
    desk.fill_bid(equal).send(world.stranger)


def test_both_meters_are_registered(world: World) -> None:
    """The buyer's too, also where a one-time key signs."""
    keys = publish_keys(world)
    terms, signature = offer(world, world.alice)
    filled = bid(world, terms, world.bob, signature=signature, key=keys.name(terms, world.bob))
    world.ledger.remove_meter(world.bob.address).send(world.dso)
    refused(world.suite.desk.fill_bid(filled), world.stranger, NoMeter, world.bob.address)


def test_delivery_a_year_away_is_refused(world: World) -> None:
    """The offer's whole time of delivery lies in the slot, to the second at both ends."""
    desk = world.suite.desk
    now = world.chain.now()
    far = order(
        world,
        {"accept_by": now + DAY, "deliver_by": now + 6 * DAY},
        slot_start=now + 3_600,
        slot_end=now + 7_200,
    )
    times = far.terms.accept_by, far.terms.deliver_by, now + 3_600, now + 7_200
    refused(desk.fill_bid(far), world.stranger, OutsideSlot, *times)
    for shift in ({"slot_start": 1}, {"slot_end": -1}):
        exact = order(world)
        limits = {name: getattr(exact.bid, name) + by for name, by in shift.items()}
        filled = bid(world, exact.terms, world.bob, signature=exact.seller_signature, **limits)
        values = filled.terms.accept_by, filled.terms.deliver_by, filled.bid.slot_start, filled.bid.slot_end
        refused(desk.fill_bid(filled), world.stranger, OutsideSlot, *values)
    desk.fill_bid(order(world)).send(world.stranger)


def test_revert_given_another_seller_or_an_award(world: World) -> None:
    """A named seller is the only one, and awards are paid by who has won them."""
    filled = order(world, seller=world.carol.address)
    values = world.alice.address, world.carol.address
    refused(world.suite.desk.fill_bid(filled), world.stranger, OtherSeller, *values)
    terms = world.terms(world.alice, nonce=AWARD_NONCE | 5)
    call = world.suite.desk.fill_bid(bid(world, terms, world.bob))
    refused(call, world.stranger, IsAward, terms.nonce)


# ---------------------------------------------------------------- who signs, who sends


def test_revert_given_a_limit_that_was_not_signed(world: World) -> None:
    """Every field is bound by the signature."""
    filled = order(world)
    for name, value in vars(filled.bid).items():
        other = (
            world.carol.address
            if isinstance(value, str)
            else (b"\x01" * 32 if name == "receipt_key" else value + 1)
        )
        if name == "relayer":
            other = world.stranger.address
        if name == "receipt_key":
            continue  # another test: the key has to come with it
        changed = replace(filled, bid=replace(filled.bid, **{name: other}))
        signer = changed.bid.buyer
        refused(world.suite.desk.fill_bid(changed), world.stranger, NotSigned, signer)
    domain = world.suite.desk_domain
    other_chain = Domain("RelayDesk", domain.chain_id + 1, domain.verifying_contract)
    call = world.suite.desk.fill_bid(order(world, domain=other_chain))
    refused(call, world.stranger, NotSigned, world.bob.address)


def test_revert_when_late_unpaid_or_refused_by_the_market(world: World) -> None:
    """The deadline, the fee and everything that an acceptance needs."""
    desk, now = world.suite.desk, world.chain.now()
    late = order(world, deadline=now + 10)
    world.pass_time(now + 10)
    refused(desk.fill_bid(late), world.stranger, OrderExpired, now + 10, now + 10)
    nobody = order(world, relayer=ZERO_ADDRESS)
    refused(desk.fill_bid(nobody), world.stranger, BadFee, ZERO_ADDRESS, FEE, MAX_UNITS)
    filled = order(world, fee=FUNDS)
    asked = filled.terms.price + FUNDS
    refused(desk.fill_bid(filled), world.stranger, Insufficient, world.bob.address, asked, FUNDS)
    terms, signature = offer(world, world.bob)
    own = bid(world, terms, world.bob, signature=signature)
    refused(desk.fill_bid(own), world.stranger, SelfTrade, world.bob.address)
    dear = order(world, {"price": 11 * EURO})
    values = world.alice.address, 11 * EURO, 10 * EURO
    refused(desk.fill_bid(dear), world.stranger, OverCreditLimit, *values)
    assert purse(world, world.bob) == (FUNDS, 0)


def test_contract_account_bids(world: World) -> None:
    """Its code signs (ERC-1271), and a copied transaction pays the same relayer."""
    account = contract_account(world, world.stranger)
    terms, signature = offer(world, world.alice)
    filled = bid(world, terms, world.stranger, signature=signature, buyer=account)
    world.suite.desk.fill_bid(filled).send(world.seller)
    assert purse(world, world.carol) == (FUNDS + FEE, 0)
    assert world.market.state_of(world.trade_id(terms)) == TradeState.ACCEPTED
