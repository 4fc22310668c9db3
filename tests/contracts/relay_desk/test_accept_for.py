"""acceptFor: a buyer signs, somebody else sends (N-2, N-8)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_utils.crypto import keccak

from energy_trading.bindings.energy_ledger import (
    BadFee,
    Banned,
    Insufficient,
    NotSigned,
    OrderExpired,
    RelayFeePaid,
    Suspended,
    VerifierStarved,
)
from energy_trading.bindings.offer_market import (
    BadSignature,
    NotDesk,
    OfferAccepted,
    OfferMade,
    RelayFeeTaken,
    Reserved,
    SelfTrade,
    UnknownReceiptKey,
    WrongState,
)
from energy_trading.bindings.relay_desk import OneKey, OverLimit
from energy_trading.types import MAX_UNITS, ZERO_ADDRESS, Domain, TradeState
from tests.contracts.offer_market.tools import (
    AUCTIONEER,
    Answer,
    ban,
    hostile_signer,
    made,
    publish_keys,
    purse,
    purses,
    refused,
    taken,
    told,
)
from tests.contracts.relay_desk.tools import FEE, contract_account, offer, purchase
from tests.world import EURO, FUNDS, World


def test_anyone_carries_a_purchase_of_a_signed_offer(world: World) -> None:
    """Guarantee, payment and fee in one call; the sender is nobody, the fee is the named relayer's."""
    order = purchase(world, world.bob)
    terms = order.terms
    sent = world.suite.desk.accept_for(order).send(world.stranger)
    assert told(world.market, sent) == [
        made(world, terms),
        taken(world, terms, world.bob),
        (RelayFeeTaken, world.bob.address, FEE),
    ]
    assert told(world.ledger, sent) == [(RelayFeePaid, world.carol.address, ZERO_ADDRESS, FEE)]
    price = terms.price
    assert purse(world, world.alice) == (FUNDS - price, price)
    assert purse(world, world.bob) == (FUNDS - price - FEE, 0)
    assert purse(world, world.carol) == (FUNDS + FEE, 0)
    world.deliver(terms, world.bob)
    assert purse(world, world.alice) == (FUNDS + price, 0)


def test_purchase_of_an_offer_made_on_chain(world: World) -> None:
    """The seller's signature is not looked at where the offer stands on chain (N-1, N-2)."""
    terms = world.make(world.alice)
    order = world.purchase(terms, world.bob, b"whatever", relayer=world.carol.address, fee=FEE)
    sent = world.suite.desk.accept_for(order).send(world.stranger)
    assert told(world.market, sent)[0] == taken(world, terms, world.bob)
    assert purse(world, world.bob) == (FUNDS - terms.price - FEE, 0)


def test_banned_winner_pays_its_award_by_order(award_world: World) -> None:
    """A purchase pays an award as the winner itself would, with a fee on top (X-7)."""
    world = award_world
    ban(world, world.bob, world.alice)
    terms = world.terms(world.alice, buyer=world.bob.address, nonce=1 << 254, price=EURO // 10)
    world.ledger.commit(world.alice.address, ZERO_ADDRESS, False, terms.price // 2, 0).send(AUCTIONEER)
    world.market.award(terms).send(AUCTIONEER)
    before = purse(world, world.bob)[0]
    order = world.purchase(terms, world.bob, relayer=world.carol.address, fee=FEE)
    world.suite.desk.accept_for(order).send(world.stranger)
    assert purse(world, world.bob)[0] == before - terms.price - FEE
    assert world.market.state_of(world.trade_id(terms)) == TradeState.ACCEPTED


def test_purchase_without_a_fee_names_nobody(world: World) -> None:
    """No fee, no relayer: nobody is paid, and anyone may send it."""
    order = purchase(world, world.bob, relayer=ZERO_ADDRESS, fee=0)
    sent = world.suite.desk.accept_for(order).send(world.stranger)
    assert [event[0] for event in told(world.market, sent)] == [OfferMade, OfferAccepted]
    assert told(world.ledger, sent) == []


def test_purchase_with_a_one_time_key(world: World) -> None:
    """The key that the buyer signed co-signs and will sign the receipt (N-6)."""
    keys = publish_keys(world)
    terms, signature = offer(world, world.alice)
    order = world.purchase(terms, world.bob, signature, keys.name(terms, world.bob))
    sent = world.suite.desk.accept_for(order).send(world.stranger)
    assert told(world.market, sent)[1] == taken(world, terms, world.bob, keys.meters[0].signer)
    world.market.confirm_delivery(world.receipt(terms, world.bob, meter=keys.meters[0])).send(world.stranger)


def test_revert_given_another_receipt_key(world: World) -> None:
    """A relayer cannot swap the key, drop it, add one or name two: the buyer signed which (N-6)."""
    keys = publish_keys(world)
    terms, signature = offer(world, world.alice)
    first, second = (keys.name(terms, world.bob, i) for i in range(2))
    named, plain = (world.purchase(terms, world.bob, signature, key) for key in (first, None))
    for bad in (replace(named, key=[second]), replace(named, key=[]), replace(plain, key=[first])):
        refused(world.suite.desk.accept_for(bad), world.stranger, NotSigned, world.bob.address)
    two = replace(named, key=[first, second])
    refused(world.suite.desk.accept_for(two), world.stranger, OneKey, 2)
    unknown = replace(first, epoch=first.epoch + 1)
    call = world.suite.desk.accept_for(world.purchase(terms, world.bob, signature, unknown))
    refused(call, world.stranger, UnknownReceiptKey, first.epoch + 1, keccak(first.signer))
    wrong = keys.name(terms, world.carol)  # signed for another buyer
    call = world.suite.desk.accept_for(world.purchase(terms, world.bob, signature, wrong))
    refused(call, world.stranger, BadSignature, wrong.signer)


def test_revert_when_sent_twice(world: World) -> None:
    """A purchase is carried out once, and its fee is paid once, whatever becomes of the trade (replay)."""
    order = purchase(world, world.bob)
    call = world.suite.desk.accept_for(order)
    call.send(world.stranger)
    trade_id = world.trade_id(order.terms)
    wrong = (WrongState, trade_id, TradeState.ACCEPTED, TradeState.NONE)
    refused(call, world.stranger, *wrong)
    world.deliver(order.terms, world.bob)  # before acceptBy, so that the terms could come back
    refused(call, world.stranger, WrongState, trade_id, TradeState.CLOSED, TradeState.NONE)
    assert purse(world, world.carol) == (FUNDS + FEE, 0)
    made_terms = world.accepted(world.alice, world.bob)
    again = world.suite.desk.accept_for(world.purchase(made_terms, world.bob))
    state = (world.trade_id(made_terms), TradeState.ACCEPTED, TradeState.OFFERED)
    refused(again, world.stranger, WrongState, *state)


def test_revert_from_the_deadline_on(world: World) -> None:
    """The buyer's deadline is half open: the second itself is too late."""
    deadline = world.chain.now() + 100
    order = purchase(world, world.bob, deadline=deadline)
    world.pass_time(deadline)
    refused(world.suite.desk.accept_for(order), world.stranger, OrderExpired, deadline, deadline)


@pytest.mark.parametrize("place", ["chain", "contract", "name"])
def test_revert_given_another_domain(world: World, place: str) -> None:
    """A purchase counts on one chain and one desk; the market's own domain is another."""
    right = world.suite.desk_domain
    domain = {
        "chain": Domain("RelayDesk", right.chain_id + 1, right.verifying_contract),
        "contract": Domain("RelayDesk", right.chain_id, world.market.address),
        "name": world.suite.market_domain,
    }[place]
    call = world.suite.desk.accept_for(purchase(world, world.bob, domain=domain))
    refused(call, world.stranger, NotSigned, world.bob.address)


def test_revert_when_the_price_is_above_the_limit(world: World) -> None:
    """One unit above what the buyer signed is too much; the fee does not count."""
    order = purchase(world, world.bob)
    price = order.terms.price
    low = purchase(world, world.bob, max_price=price - 1)
    refused(world.suite.desk.accept_for(low), world.stranger, OverLimit, price, price - 1)


@pytest.mark.parametrize("field", ["buyer", "max_price", "deadline", "relayer", "fee"])
def test_revert_given_a_field_that_was_not_signed(world: World, field: str) -> None:
    """Whoever carries the order changes nothing: not the buyer, limit or deadline, nor its own fee."""
    order = purchase(world, world.bob)
    buyer = world.bob.address
    if field == "buyer":
        buyer = world.carol.address
        bad = replace(order, buyer=buyer)
    elif field == "max_price":
        bad = replace(order, max_price=order.max_price + 1)
    else:
        value = {"deadline": order.relay.deadline + 1, "relayer": world.stranger.address, "fee": FEE + 1}[
            field
        ]
        bad = replace(order, relay=replace(order.relay, **{field: value}))
    refused(world.suite.desk.accept_for(bad), world.stranger, NotSigned, buyer)


def test_fee_cannot_be_grabbed(world: World) -> None:
    """Whoever copies the transaction and sends it first pays gas, and the named relayer has the fee."""
    order = purchase(world, world.bob)
    before = purse(world, world.alice)[0]
    world.suite.desk.accept_for(order).send(world.seller)  # an open account front-runs
    assert purses(world, world.seller, world.carol) == [(FUNDS, 0), (FUNDS + FEE, 0)]
    assert purse(world, world.alice) == (before - order.terms.price, order.terms.price)


def test_relayer_without_an_account_is_paid(world: World) -> None:
    """It withdraws its fee like everybody else; opened later, its account keeps it."""
    order = purchase(world, world.bob, relayer=world.stranger.address)
    world.suite.desk.accept_for(order).send(world.carol)
    assert not world.account(world.stranger).open
    assert purse(world, world.stranger) == (FEE, 0)
    world.ledger.withdraw(world.stranger.address, FEE - 1).send(world.stranger)
    world.enrol(world.stranger, funds=0)
    assert purse(world, world.stranger) == (1, 0)


@pytest.mark.parametrize(("has_relayer", "fee"), [(False, 1), (True, MAX_UNITS + 1), (True, 2**256 - 1)])
def test_revert_given_fee_without_taker_or_beyond_counting(world: World, has_relayer: bool, fee: int) -> None:
    """A fee that nobody gets, or that would wrap with the price, is refused."""
    relayer = world.carol.address if has_relayer else ZERO_ADDRESS
    call = world.suite.desk.accept_for(purchase(world, world.bob, relayer=relayer, fee=fee))
    refused(call, world.stranger, BadFee, relayer, fee, MAX_UNITS)


def test_revert_when_price_and_fee_are_not_there(world: World) -> None:
    """The fee counts: who has the price alone cannot buy, and the largest fee wraps nothing."""
    terms, signature = offer(world, world.alice)
    for fee in (FUNDS - terms.price + 1, MAX_UNITS):
        order = world.purchase(terms, world.bob, signature, relayer=world.carol.address, fee=fee)
        asked = terms.price + fee
        call = world.suite.desk.accept_for(order)
        refused(call, world.stranger, Insufficient, world.bob.address, asked, FUNDS)
    order = world.purchase(terms, world.bob, signature, relayer=world.carol.address, fee=FUNDS - terms.price)
    world.suite.desk.accept_for(order).send(world.stranger)
    assert purse(world, world.bob) == (0, 0)


def test_revert_when_the_acceptance_itself_would(world: World) -> None:
    """Reserved for another, one's own offer, a forged offer, a ban, a suspension: as without a relayer."""
    terms, signature = offer(world, world.alice, buyer=world.carol.address)
    call = world.suite.desk.accept_for(world.purchase(terms, world.bob, signature))
    refused(call, world.stranger, Reserved, world.bob.address, world.carol.address)
    terms, signature = offer(world, world.alice)
    call = world.suite.desk.accept_for(world.purchase(terms, world.alice, signature))
    refused(call, world.stranger, SelfTrade, world.alice.address)
    call = world.suite.desk.accept_for(world.purchase(terms, world.bob, signature[:-1] + b"\x00"))
    refused(call, world.stranger, BadSignature, bytes.fromhex(terms.seller[2:]))
    world.ledger.suspend([world.bob.address]).send(world.dso)
    call = world.suite.desk.accept_for(world.purchase(terms, world.bob, signature))
    refused(call, world.stranger, Suspended, world.bob.address)
    until = ban(world, world.carol, world.alice)
    call = world.suite.desk.accept_for(world.purchase(terms, world.carol, signature))
    refused(call, world.stranger, Banned, world.carol.address, until)


def test_contract_accounts_sign_purchases(world: World) -> None:
    """A buyer with code signs by its code (ERC-1271), and its owner's key is not the account."""
    account = contract_account(world, world.stranger)
    terms, signature = offer(world, world.alice)
    order = world.purchase(terms, world.stranger, signature, buyer=account)
    world.suite.desk.accept_for(order).send(world.carol)
    assert purse(world, account) == (EURO - terms.price, 0)
    terms, signature = offer(world, world.alice)
    order = world.purchase(terms, world.bob, signature, buyer=account)
    refused(world.suite.desk.accept_for(order), world.carol, NotSigned, account)


@pytest.mark.parametrize("answer", [a for a in Answer if a not in (Answer.RIGHT, Answer.REENTER)])
def test_revert_given_code_that_does_not_confirm(world: World, answer: Answer) -> None:
    """A signature counts only if the account's code answers one whole magic word."""
    account = hostile_signer(world, answer)
    terms, signature = offer(world, world.alice)
    order = world.purchase(terms, world.bob, signature, buyer=account)
    refused(world.suite.desk.accept_for(order), world.stranger, NotSigned, account)


def test_account_code_cannot_reenter(world: World) -> None:
    """Code that is asked for a signature changes nothing meanwhile (N-8 reentrancy)."""
    victim = purchase(world, world.bob)
    inner = world.suite.desk.accept_for(victim)
    account = hostile_signer(world, Answer.REENTER, inner.to, inner.data)
    terms, signature = offer(world, world.alice)
    order = world.purchase(terms, world.bob, signature, buyer=account)
    refused(world.suite.desk.accept_for(order), world.stranger, NotSigned, account)
    assert world.market.state_of(world.trade_id(victim.terms)) == TradeState.NONE


def test_account_code_gets_a_fixed_amount_of_gas(world: World) -> None:
    """Who sends with too little gas for the code gets a revert by name, and never a wrong "no"."""
    account = hostile_signer(world, Answer.BURN)
    terms, signature = offer(world, world.alice)
    call = world.suite.desk.accept_for(world.purchase(terms, world.bob, signature, buyer=account))
    with pytest.raises(VerifierStarved):
        call.send(world.stranger, 400_000)
    with pytest.raises(NotSigned):
        call.send(world.stranger, 600_000)


def test_only_the_desk_speaks_for_others(world: World) -> None:
    """The market's entrances for orders are closed to everybody else, its owner and itself included."""
    terms, signature = offer(world, world.alice)
    calls = (
        world.market.accept_on_order(0, terms, signature, world.bob.address, []),
        world.market.give_up_on_order(MAX_UNITS, world.make(world.alice)),
        world.market.cancel_signed_on_order(terms),
        world.market.pay_relayer(1, world.carol.address, world.bob.address),
    )
    for key in (world.dso, world.alice, world.bob, world.stranger):
        for call in calls:
            refused(call, key, NotDesk, key.address, world.suite.desk.address)


def test_market_and_desk_name_each_other(world: World) -> None:
    """The desk is the one contract that the market has created."""
    assert world.suite.desk.market() == world.market.address
    assert world.market.desk() == world.suite.desk.address
