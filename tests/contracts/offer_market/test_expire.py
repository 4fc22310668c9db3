"""expire: anyone ends what is overdue."""

from __future__ import annotations

import pytest
from eth_utils.crypto import keccak

from energy_trading.bindings import Call
from energy_trading.bindings.energy_ledger import DefaultRecorded
from energy_trading.bindings.offer_market import (
    NotExpired,
    NotParty,
    OfferExpired,
    ReceiptRefused,
    TradeExpired,
    WrongState,
)
from energy_trading.types import Cause, DeliveryFault, Terms, TradeState
from tests.contracts.offer_market.tools import (
    NO_KEY,
    NONE,
    ban,
    credit_moves,
    meter_key,
    publish_keys,
    purse,
    purses,
    refused,
    told,
    z_of,
)
from tests.world import FUNDS, World


def _expire(world: World, terms: Terms) -> Call[None]:
    """End Bob's trade."""
    call: Call[None] = world.market.expire(terms, world.bob.address, meter_key(world, world.bob))
    return call


# ---------------------------------------------------------------- an offer nobody accepted


@pytest.mark.parametrize("wait", [0, 1, 86_400])
def test_overdue_offer_returns_the_guarantee(world: World, wait: int) -> None:
    """From acceptBy on all returns to the seller, and no credit moves (N-7 scenario 3)."""
    terms = world.make(world.alice)
    world.chain.set_next_time(terms.accept_by + wait)
    sent = world.market.expire(terms, NONE, NO_KEY).send(world.stranger)
    assert told(world.market, sent) == [(OfferExpired, world.trade_id(terms))]
    assert told(world.ledger, sent) == []
    assert purses(world, world.alice, world.treasury) == [(FUNDS, 0), (0, 0)]
    assert world.market.state_of(world.trade_id(terms)) == TradeState.NONE


def test_revert_given_offer_still_open(world: World) -> None:
    """One second before acceptBy nobody can end an offer (N-7)."""
    terms = world.make(world.alice)
    now = terms.accept_by - 1
    world.chain.set_next_time(now)
    refused(world.market.expire(terms, NONE, NO_KEY), world.alice, NotExpired, now, terms.accept_by)


def test_buyer_and_key_do_not_matter_for_an_offer(world: World) -> None:
    """Where nobody accepted, nobody named is paid (N-8)."""
    terms = world.make(world.alice)
    world.chain.set_next_time(terms.accept_by)
    sent = world.market.expire(terms, world.carol.address, keccak(b"any")).send(world.carol)
    assert told(world.market, sent) == [(OfferExpired, world.trade_id(terms))]
    assert purses(world, world.alice, world.carol) == [(FUNDS, 0), (FUNDS, 0)]


# ---------------------------------------------------------------- a trade nobody delivered


def test_overdue_trade_refunds_the_buyer(world: World) -> None:
    """The buyer is refunded, the seller loses a fifth of the guarantee and defaults (N-7 scenario 4)."""
    terms = world.accepted(world.alice, world.bob)
    cut = terms.price // 5
    world.chain.set_next_time(terms.deliver_by)
    sent = _expire(world, terms).send(world.stranger)
    assert told(world.market, sent) == [(TradeExpired, world.trade_id(terms), cut)]
    assert purses(world, world.alice, world.bob, world.treasury) == [
        (FUNDS - cut, 0),
        (FUNDS, 0),
        (cut, 0),
    ]
    assert credit_moves(sent) == [(Cause.SELLER_DEFAULT, world.alice.address, z_of(world, terms.price))]
    assert told(world.ledger, sent)[1:] == [
        (DefaultRecorded, world.alice.address, Cause.SELLER_DEFAULT, 1, 1, world.chain.now(), 0)
    ]
    assert world.market.state_of(world.trade_id(terms)) == TradeState.NONE


def test_cut_rounds_down(odd_world: World) -> None:
    """12.34 % of 333,301 is 41,129.3434: the treasury has 41,129; no fee without delivery (N-7)."""
    world = odd_world
    terms = world.accepted(world.alice, world.bob, price=1_000_003)
    world.chain.set_next_time(terms.deliver_by)
    sent = _expire(world, terms).send(world.stranger)
    assert told(world.market, sent) == [(TradeExpired, world.trade_id(terms), 41_129)]
    assert purses(world, world.alice, world.bob, world.treasury) == [
        (FUNDS - 41_129, 0),
        (FUNDS, 0),
        (41_129, 0),
    ]


def test_cut_of_the_smallest_price_is_nothing(odd_world: World) -> None:
    """A guarantee of one unit returns whole: the cut rounds down; the default counts all the same (N-7)."""
    world = odd_world
    terms = world.accepted(world.alice, world.bob, price=1)
    world.chain.set_next_time(terms.deliver_by)
    sent = _expire(world, terms).send(world.stranger)
    assert told(world.market, sent) == [(TradeExpired, world.trade_id(terms), 0)]
    assert purses(world, world.alice, world.bob) == [(FUNDS, 0), (FUNDS, 0)]
    assert world.account(world.alice).defaults == 1


@pytest.mark.parametrize("role", ["alice", "bob", "carol", "dso", "treasury"])
def test_anyone_may_end_an_overdue_trade(world: World, role: str) -> None:
    """No money waits for a person who does not come (N-7)."""
    terms = world.accepted(world.alice, world.bob)
    world.chain.set_next_time(terms.deliver_by)
    _expire(world, terms).send(getattr(world, role))
    assert purse(world, world.bob) == (FUNDS, 0)


def test_receipt_and_expiry_never_both(world: World) -> None:
    """One second before deliverBy only the receipt counts, at deliverBy only the expiry (N-7, half-open)."""
    terms = world.accepted(world.alice, world.bob)
    now = terms.deliver_by - 1
    snapshot = world.chain.snapshot()
    world.chain.set_next_time(now)
    refused(_expire(world, terms), world.bob, NotExpired, now, terms.deliver_by)
    world.deliver(terms, world.bob)
    world.chain.revert(snapshot)
    world.chain.set_next_time(terms.deliver_by)
    refused(
        world.market.confirm_delivery(world.receipt(terms, world.bob)),
        world.alice,
        ReceiptRefused,
        world.trade_id(terms),
        DeliveryFault.EXPIRED,
    )
    _expire(world, terms).send(world.bob)
    assert purse(world, world.bob) == (FUNDS, 0)


def test_revert_given_trade_under_way_past_accept_by(world: World) -> None:
    """For an accepted offer acceptBy is no deadline any more (N-7)."""
    terms = world.accepted(world.alice, world.bob)
    world.chain.set_next_time(terms.accept_by)
    refused(_expire(world, terms), world.alice, NotExpired, terms.accept_by, terms.deliver_by)


def test_revert_given_another_buyer_or_key(world: World) -> None:
    """The refund goes to who paid, and to nobody who claims to have (N-8)."""
    terms = world.accepted(world.alice, world.bob)
    key = meter_key(world, world.bob)
    world.chain.set_next_time(terms.deliver_by)
    for buyer, receipt_key in (
        (world.carol.address, key),
        (world.alice.address, key),
        (NONE, NO_KEY),
        (world.bob.address, NO_KEY),
        (world.bob.address, meter_key(world, world.alice)),
        (world.carol.address, meter_key(world, world.carol)),
    ):
        refused(
            world.market.expire(terms, buyer, receipt_key),
            world.carol,
            NotParty,
            world.trade_id(terms),
            buyer,
            receipt_key,
        )
    assert purse(world, world.bob) == (FUNDS - terms.price, 0)


def test_trade_with_a_one_time_key(world: World) -> None:
    """The log has what it takes to end a private trade: the key's hash (N-6, N-7)."""
    keys = publish_keys(world)
    terms = world.terms(world.alice, signed=True)
    world.market.accept_signed_privately(
        terms, world.sign_offer(terms, world.alice), keys.name(terms, world.bob)
    ).send(world.bob)
    world.chain.set_next_time(terms.deliver_by)
    call = world.market.expire(terms, world.bob.address, keccak(keys.meters[0].signer))
    call.send(world.stranger)
    assert purses(world, world.alice, world.bob) == [(FUNDS - terms.price // 5, 0), (FUNDS, 0)]


@pytest.mark.parametrize("change", ["suspended", "banned"])
def test_standing_does_not_stop_an_expiry(world: World, change: str) -> None:
    """Whatever became of the parties since, the money returns (N-7, C-10)."""
    terms = world.accepted(world.alice, world.bob)
    if change == "suspended":
        world.ledger.suspend([world.alice.address, world.bob.address]).send(world.dso)
    else:
        ban(world, world.bob, world.carol)
    before = purse(world, world.bob)
    world.chain.set_next_time(terms.deliver_by)
    _expire(world, terms).send(world.stranger)
    assert purse(world, world.bob) == (before[0] + terms.price, 0)


def test_meter_replaced_since(world: World) -> None:
    """The trade is ended under the key it was accepted with, not under the buyer's newest (N-3)."""
    terms = world.accepted(world.alice, world.bob)
    old = meter_key(world, world.bob)
    world.ledger.register_meter(world.bob.address, b"\x42" * 20).send(world.dso)
    world.chain.set_next_time(terms.deliver_by)
    refused(
        world.market.expire(terms, world.bob.address, keccak(b"\x42" * 20)),
        world.bob,
        NotParty,
        world.trade_id(terms),
        world.bob.address,
        keccak(b"\x42" * 20),
    )
    world.market.expire(terms, world.bob.address, old).send(world.bob)
    assert purse(world, world.bob) == (FUNDS, 0)


# ---------------------------------------------------------------- nothing to end


def _no_trade(world: World, terms: Terms, state: TradeState) -> None:
    refused(_expire(world, terms), world.alice, WrongState, world.trade_id(terms), state, TradeState.ACCEPTED)


def test_revert_given_no_such_trade(world: World) -> None:
    """What never was does not end; a signed offer nobody took holds nothing (N-7)."""
    terms, signed = world.terms(world.alice), world.terms(world.alice, signed=True)
    world.pass_time(terms.deliver_by)
    _no_trade(world, terms, TradeState.NONE)
    _no_trade(world, signed, TradeState.NONE)


def test_revert_given_offer_ended_before(world: World) -> None:
    """A guarantee returns once (N-8)."""
    terms = world.make(world.alice)
    world.chain.set_next_time(terms.accept_by)
    _expire(world, terms).send(world.stranger)
    _no_trade(world, terms, TradeState.NONE)


def test_revert_given_trade_ended_before(world: World) -> None:
    """A payment returns once (N-8)."""
    terms = world.accepted(world.alice, world.bob)
    world.chain.set_next_time(terms.deliver_by)
    _expire(world, terms).send(world.bob)
    _no_trade(world, terms, TradeState.NONE)


def test_revert_given_trade_delivered(world: World) -> None:
    """A delivered trade does not expire, not even from deliverBy on (N-8)."""
    terms = world.accepted(world.alice, world.bob)
    world.deliver(terms, world.bob)
    world.chain.set_next_time(terms.deliver_by)
    _no_trade(world, terms, TradeState.CLOSED)


def test_revert_given_offer_cancelled(world: World) -> None:
    """A cancelled offer holds nothing (N-4)."""
    terms = world.terms(world.alice, signed=True)
    world.market.cancel_signed(terms).send(world.alice)
    world.chain.set_next_time(terms.deliver_by)
    _no_trade(world, terms, TradeState.CLOSED)
