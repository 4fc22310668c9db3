"""acceptSignedPrivately: a signed offer with a one-time receipt key."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_utils.conversions import to_bytes
from eth_utils.crypto import keccak

from energy_trading.bindings.offer_market import (
    BadSignature,
    BadWindow,
    DeliveryConfirmed,
    UnknownReceiptKey,
    WrongNonce,
    WrongState,
)
from energy_trading.types import TradeState
from tests.contracts.offer_market.tools import DAY, made, publish_keys, purses, refused, taken, told
from tests.world import FUNDS, World


def test_one_call_makes_and_accepts(world: World) -> None:
    """Guarantee, payment and one-time key in one call; the key's receipt pays (N-1, N-2, N-6)."""
    keys = publish_keys(world)
    terms = world.terms(world.alice, signed=True)
    call = world.market.accept_signed_privately(
        terms, world.sign_offer(terms, world.alice), keys.name(terms, world.bob)
    )
    assert call.simulate(world.bob) == world.trade_id(terms)
    sent = call.send(world.bob)
    assert told(world.market, sent) == [
        made(world, terms),
        taken(world, terms, world.bob, keys.meters[0].signer),
    ]
    assert purses(world, world.alice, world.bob) == [
        (FUNDS - terms.price, terms.price),
        (FUNDS - terms.price, 0),
    ]
    receipt = world.receipt(terms, world.bob, meter=keys.meters[0])
    done = world.market.confirm_delivery(receipt).send(world.stranger)
    assert told(world.market, done) == [(DeliveryConfirmed, world.trade_id(terms))]


def test_revert_given_another_signer(world: World) -> None:
    """A good key does not make up for a bad offer (N-8)."""
    keys = publish_keys(world)
    terms = world.terms(world.alice, signed=True)
    refused(
        world.market.accept_signed_privately(
            terms, world.sign_offer(terms, world.bob), keys.name(terms, world.bob)
        ),
        world.bob,
        BadSignature,
        to_bytes(hexstr=world.alice.address),
    )


def test_revert_given_tampered_price(world: World) -> None:
    """Seller and key both signed one price (N-5)."""
    keys = publish_keys(world)
    terms = world.terms(world.alice, signed=True)
    cheaper = replace(terms, price=1)
    signature = world.sign_offer(terms, world.alice)
    call = world.market.accept_signed_privately
    refused(
        call(cheaper, signature, keys.name(terms, world.bob)),
        world.bob,
        BadSignature,
        keys.meters[0].signer,
    )
    refused(
        call(cheaper, signature, keys.name(cheaper, world.bob)),
        world.bob,
        BadSignature,
        to_bytes(hexstr=world.alice.address),
    )


@pytest.mark.parametrize(("who", "index"), [("carol", 0), ("bob", 1)])
def test_revert_given_bad_co_signature(world: World, who: str, index: int) -> None:
    """A co-signature for another buyer, or of another key, names no key (N-6)."""
    keys = publish_keys(world)
    terms = world.terms(world.alice, signed=True)
    other = keys.name(terms, getattr(world, who), index)
    named = keys.name(terms, world.bob, signature=other.signature)
    refused(
        world.market.accept_signed_privately(terms, world.sign_offer(terms, world.alice), named),
        world.bob,
        BadSignature,
        keys.meters[0].signer,
    )


def test_revert_given_key_is_not_under_the_root(world: World) -> None:
    """A key needs its own proof (N-6)."""
    keys = publish_keys(world)
    terms = world.terms(world.alice, signed=True)
    named = keys.name(terms, world.bob, proof=keys.tree.proof(1))
    refused(
        world.market.accept_signed_privately(terms, world.sign_offer(terms, world.alice), named),
        world.bob,
        UnknownReceiptKey,
        keys.epoch,
        keccak(named.signer),
    )


def test_revert_given_nonce_of_offers_on_chain(world: World) -> None:
    """Without bit 255 an offer is one to be made on chain (N-1)."""
    keys = publish_keys(world)
    terms = world.terms(world.alice)
    refused(
        world.market.accept_signed_privately(
            terms, world.sign_offer(terms, world.alice), keys.name(terms, world.bob)
        ),
        world.bob,
        WrongNonce,
        terms.nonce,
        True,
    )


@pytest.mark.parametrize("early", [0, 1])
def test_acceptance_ends_at_accept_by(world: World, early: int) -> None:
    """One second before acceptBy a signed offer can be taken, at acceptBy not (N-7 scenario 3)."""
    keys = publish_keys(world)
    terms = world.terms(world.alice, signed=True)
    call = world.market.accept_signed_privately(
        terms, world.sign_offer(terms, world.alice), keys.name(terms, world.bob)
    )
    now = terms.accept_by - early
    world.chain.set_next_time(now)
    if early:
        call.send(world.bob)
        assert world.market.state_of(world.trade_id(terms)) == TradeState.ACCEPTED
    else:
        refused(call, world.bob, BadWindow, terms.accept_by, terms.deliver_by, now, now + 7 * DAY)


@pytest.mark.parametrize("state", [TradeState.CLOSED, TradeState.ACCEPTED])
def test_revert_given_offer_cancelled_or_taken(world: World, state: TradeState) -> None:
    """A signed offer is taken once, and never after its seller cancelled it (N-4)."""
    keys = publish_keys(world)
    terms = world.terms(world.alice, signed=True)
    signature = world.sign_offer(terms, world.alice)
    if state is TradeState.CLOSED:
        world.market.cancel_signed(terms).send(world.alice)
    else:
        world.market.accept_signed(terms, signature).send(world.carol)
    refused(
        world.market.accept_signed_privately(terms, signature, keys.name(terms, world.bob)),
        world.bob,
        WrongState,
        world.trade_id(terms),
        state,
        TradeState.NONE,
    )
