"""The same deployment and trade in this process and on a real node: one behaviour, one price."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from energy_trading.bindings.offer_market import DeliveryConfirmed, DeliveryRefused, OfferAccepted, OfferMade
from energy_trading.bindings.suite import Suite, SuiteParameters, deploy
from energy_trading.chain.connect import Chain, connect
from energy_trading.chain.in_process import in_process
from energy_trading.crypto.keys import SecretKey
from energy_trading.market.trade.trader import confirm_many
from energy_trading.meter.signers import P256Meter
from energy_trading.types import Delivery, Energy, TradeState
from tests import nodes
from tests.world import EURO, FUNDS, GENESIS, World

KEYS = [SecretKey.from_int(1000 + i) for i in range(9)]
#: the chain id is in every signed digest, so it must be the same for gas to be the same
CHAIN_ID = in_process(accounts=1).chain_id
PRICE = 173_456_789


@contextmanager
def anvil(hardfork: str) -> Iterator[Chain]:
    """A chain on an Anvil of our own that ends with the block."""
    with nodes.anvil("--chain-id", str(CHAIN_ID), "--hardfork", hardfork) as url:
        chain = connect(url, CHAIN_ID)
        for key in KEYS:
            chain.web3.provider.make_request("anvil_setBalance", [key.address, hex(10**24)])  # type: ignore[arg-type]
        yield chain


def populate(chain: Chain) -> World:
    """The suite on any chain, with two prosumers."""
    dso, pkg, treasury, *people = KEYS
    suite: Suite = deploy(chain, dso, SuiteParameters(dso.address, pkg.address, treasury.address))
    world = World(chain, suite, dso, pkg, treasury, *people, meters={})
    world.enrol(world.alice)
    world.enrol(world.bob)
    return world


def trade(world: World) -> dict[str, int]:
    """One whole trade with fixed times; gas by step."""
    terms = world.terms(
        world.alice,
        energy=Energy.plain(1234),
        price=PRICE,
        accept_by=GENESIS + 3_600,
        deliver_by=GENESIS + 7_200,
        nonce=0x9E37_79B9_7F4A_7C15,
    )
    made = world.market.make_offer(terms).send(world.alice)
    assert made.event(OfferMade).trade_id == world.trade_id(terms)
    accepted = world.market.accept_offer(terms).send(world.bob)
    assert accepted.event(OfferAccepted).buyer == world.bob.address
    world.chain.mine(GENESIS + 3_600)
    done = world.deliver(terms, world.bob)
    assert done.event(DeliveryConfirmed).trade_id == world.trade_id(terms)
    assert world.market.state_of(world.trade_id(terms)) == TradeState.NONE
    assert (world.account(world.alice).available, world.account(world.alice).held) == (FUNDS + PRICE, 0)
    assert world.account(world.bob).available == FUNDS - PRICE
    held = world.chain.web3.eth.get_balance(world.ledger.address)
    assert held == 2 * FUNDS * EURO
    return {"make": made.gas_used, "accept": accepted.gas_used, "confirm": done.gas_used}


def with_p256_meter(world: World) -> World:
    """Give the buyer a meter on P-256."""
    meter = P256Meter(ec.derive_private_key(2**250 + 1, ec.SECP256R1()), world.suite.p256_verifier)
    world.meters[world.bob.address] = meter  # type: ignore[assignment]
    world.ledger.register_meter(world.bob.address, meter.signer).send(world.dso)
    return world


def test_trade_costs_the_same_on_anvil() -> None:
    """Deployment and a whole trade on a real node cost what they cost in process (N-7 scenario 1)."""
    here = trade(populate(in_process("prague", KEYS, GENESIS)))
    with anvil("prague") as chain:
        assert trade(populate(chain)) == here


def test_p256_receipt_uses_the_precompile_where_there_is_one() -> None:
    """A P-256 meter's receipt costs 60,741 on Osaka, where Solidity takes 289,635 on Prague (N-3)."""
    in_solidity = trade(with_p256_meter(populate(in_process("prague", KEYS, GENESIS))))
    with anvil("osaka") as chain:
        precompiled = trade(with_p256_meter(populate(chain)))
    assert (precompiled["make"], precompiled["accept"]) == (in_solidity["make"], in_solidity["accept"])
    assert in_solidity["confirm"] > 280_000
    assert precompiled["confirm"] < 65_000


def settle_by_estimate(world: World) -> None:
    """Whoever asks the node how much gas a P-256 receipt needs has it settled, alone and in batches (N-3)."""
    world = with_p256_meter(world)

    def receipts(count: int) -> list[Delivery]:
        return [world.receipt(world.accepted(world.alice, world.bob), world.bob) for _ in range(count)]

    [alone] = receipts(1)
    world.market.confirm_delivery(alone).send(world.stranger)
    for count in (1, 2, 3):
        for sent in confirm_many(world.suite, world.stranger, receipts(count)):
            kinds = [type(event) for event in sent.events if event.address == world.market.address]
            assert kinds == [DeliveryConfirmed] * count
    bad, good = receipts(2)
    bad = replace(bad, signature=bytes(64))
    [sent] = confirm_many(world.suite, world.stranger, [good, bad])
    kinds = [type(event) for event in sent.events if event.address == world.market.address]
    assert kinds == [DeliveryConfirmed, DeliveryRefused]


@pytest.mark.parametrize("hardfork", ["prague", "osaka"])
def test_estimate_of_anvil_suffices_for_p256(hardfork: str) -> None:
    """Without the precompile and with it, no estimate starves the verifier (N-8)."""
    with anvil(hardfork) as chain:
        settle_by_estimate(populate(chain))
