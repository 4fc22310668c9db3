"""giveUpFor and cancelFor: a seller signs, somebody else sends (N-4, N-8)."""

from __future__ import annotations

from typing import Any

import pytest

from energy_trading.bindings.energy_ledger import (
    BadFee,
    Insufficient,
    NotSigned,
    OrderExpired,
    RelayFeePaid,
)
from energy_trading.bindings.offer_market import (
    CutTooLarge,
    Expired,
    OfferWithdrawn,
    SignedOfferCancelled,
    WrongNonce,
    WrongState,
)
from energy_trading.bindings.relay_desk import TooEarly
from energy_trading.types import MAX_UNITS, ZERO_ADDRESS, Domain, TradeState
from tests.contracts.offer_market.tools import purse, refused, told
from tests.contracts.relay_desk.tools import FEE, cancel, contract_account, give_up, offer
from tests.world import EURO, FUNDS, World


def test_give_up_before_accept_by_costs_the_cut(world: World) -> None:
    """The cut as without a relayer, and the fee out of what comes back."""
    terms = world.make(world.alice)
    cut = terms.price // 20
    sent = world.suite.desk.give_up_for(*give_up(world, terms, world.alice)).send(world.stranger)
    assert told(world.market, sent) == [(OfferWithdrawn, world.trade_id(terms), cut)]
    paid = (RelayFeePaid, world.carol.address, world.alice.address, FEE)
    assert paid in told(world.ledger, sent)
    assert purse(world, world.alice) == (FUNDS - cut - FEE, 0)


def test_give_up_after_accept_by_is_free(world: World) -> None:
    """Waiting avoids the cut: not before, and no more than nothing, is what the seller signs."""
    terms = world.make(world.alice)
    desk = world.suite.desk
    deadline = terms.accept_by + 100
    limits = {"not_before": terms.accept_by, "max_cut": 0, "deadline": deadline}
    order = give_up(world, terms, world.alice, **limits)
    now = world.chain.now() + 1
    refused(desk.give_up_for(*order), world.stranger, TooEarly, now, terms.accept_by)
    world.pass_time(terms.accept_by)
    sent = desk.give_up_for(*order).send(world.stranger)
    assert told(world.market, sent) == [(OfferWithdrawn, world.trade_id(terms), 0)]
    assert world.market.state_of(world.trade_id(terms)) == TradeState.NONE


def test_revert_when_the_cut_is_above_the_limit(world: World) -> None:
    """One unit more than the seller signed is too much: a relayer cannot give up early at its cost."""
    terms = world.make(world.alice)
    cut = terms.price // 20
    desk = world.suite.desk
    low = give_up(world, terms, world.alice, max_cut=cut - 1)
    refused(desk.give_up_for(*low), world.stranger, CutTooLarge, cut, cut - 1)
    desk.give_up_for(*give_up(world, terms, world.alice, max_cut=cut)).send(world.stranger)


def test_given_up_offer_does_not_come_back_to_be_given_up_again(world: World) -> None:
    """The same terms, made again, would lose a second cut to the same order (replay)."""
    terms = world.make(world.alice)
    call = world.suite.desk.give_up_for(*give_up(world, terms, world.alice))
    call.send(world.stranger)
    trade_id = world.trade_id(terms)
    refused(call, world.stranger, WrongState, trade_id, TradeState.CLOSED, TradeState.OFFERED)
    again = world.market.make_offer(terms)
    refused(again, world.alice, WrongState, trade_id, TradeState.CLOSED, TradeState.NONE)


def test_cancel_closes_an_offer_for_good(world: World) -> None:
    """Nobody can accept it any more; the fee comes from the seller's available funds."""
    terms, signature = offer(world, world.alice)
    order = cancel(world, terms, world.alice)
    sent = world.suite.desk.cancel_for(*order).send(world.stranger)
    trade_id = world.trade_id(terms)
    assert told(world.market, sent) == [(SignedOfferCancelled, trade_id, world.alice.address)]
    assert told(world.ledger, sent) == [(RelayFeePaid, world.carol.address, world.alice.address, FEE)]
    closed = (WrongState, trade_id, TradeState.CLOSED, TradeState.NONE)
    refused(world.market.accept_signed(terms, signature), world.bob, *closed)
    refused(world.suite.desk.cancel_for(*order), world.stranger, *closed)
    assert purse(world, world.alice) == (FUNDS - FEE, 0)


def test_revert_when_there_is_nothing_to_cancel(world: World) -> None:
    """An offer on chain is given up, not cancelled; one that is void or accepted needs nothing."""
    terms = world.make(world.alice)
    call = world.suite.desk.cancel_for(*cancel(world, terms, world.alice))
    refused(call, world.stranger, WrongNonce, terms.nonce, True)
    terms, signature = offer(world, world.alice)
    order = world.suite.desk.cancel_for(*cancel(world, terms, world.alice, deadline=terms.accept_by + 10))
    start = world.chain.snapshot()
    world.pass_time(terms.accept_by)
    refused(order, world.stranger, Expired, terms.accept_by, terms.accept_by)
    world.chain.revert(start)
    world.market.accept_signed(terms, signature).send(world.bob)
    state = (world.trade_id(terms), TradeState.ACCEPTED, TradeState.NONE)
    refused(order, world.stranger, WrongState, *state)


def _call(world: World, verb: str, signer: Any, **changes: Any) -> Any:
    if verb == "give_up":
        terms = world.make(world.alice)
        return world.suite.desk.give_up_for(*give_up(world, terms, signer, **changes))
    terms, _ = offer(world, world.alice)
    return world.suite.desk.cancel_for(*cancel(world, terms, signer, **changes))


@pytest.mark.parametrize("verb", ["give_up", "cancel"])
def test_revert_given_an_order_that_does_not_count(world: World, verb: str) -> None:
    """Another signer, chain or contract, a deadline that has come, a fee without a taker."""
    desk, domain, alice = world.suite.desk, world.suite.desk_domain, world.alice
    refused(_call(world, verb, world.bob), world.stranger, NotSigned, alice.address)
    elsewhere = (
        Domain("RelayDesk", domain.chain_id + 1, desk.address),
        Domain("RelayDesk", domain.chain_id, world.market.address),
    )
    for other in elsewhere:
        refused(_call(world, verb, alice, domain=other), world.stranger, NotSigned, alice.address)
    deadline = world.chain.now() + 10
    call = _call(world, verb, alice, deadline=deadline)
    world.pass_time(deadline)
    refused(call, world.stranger, OrderExpired, deadline, deadline)
    call = _call(world, verb, alice, relayer=ZERO_ADDRESS)
    refused(call, world.stranger, BadFee, ZERO_ADDRESS, FEE, MAX_UNITS)


@pytest.mark.parametrize("verb", ["give_up", "cancel"])
def test_seller_that_cannot_pay_the_fee_keeps_its_offer(world: World, verb: str) -> None:
    """The fee is paid, or nothing happened."""
    call = _call(world, verb, world.alice, fee=FUNDS + 1)
    with pytest.raises(Insufficient) as caught:
        call.send(world.stranger)
    assert caught.value.asked == FUNDS + 1
    assert purse(world, world.alice)[1] in (0, EURO // 5)
    free = _call(world, verb, world.alice, relayer=ZERO_ADDRESS, fee=0)
    assert not [e for e in free.send(world.stranger).events if isinstance(e, RelayFeePaid)]


def test_contract_account_cancels(world: World) -> None:
    """A seller with code signs by its code (ERC-1271)."""
    account = contract_account(world, world.stranger)
    terms = world.terms(account, signed=True)
    call = world.suite.desk.cancel_for(*cancel(world, terms, world.stranger))
    call.send(world.carol)
    assert purse(world, account) == (EURO - FEE, 0)
