"""The same deployment and trade in this process and on a real node: one behaviour, one price."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from energy_trading.bindings.offer_market import DeliveryConfirmed, OfferAccepted, OfferMade
from energy_trading.bindings.suite import Suite, SuiteParameters, deploy
from energy_trading.chain.compile import ROOT
from energy_trading.chain.connect import Chain, NodeError, connect
from energy_trading.chain.in_process import in_process
from energy_trading.crypto.keys import SecretKey
from energy_trading.meter.signers import P256Meter
from energy_trading.types import Energy, TradeState
from tests.world import EURO, FUNDS, GENESIS, World

ANVIL = ROOT / "node_modules" / "@foundry-rs" / "anvil-linux-amd64" / "bin" / "anvil"
KEYS = [SecretKey.from_int(1000 + i) for i in range(9)]
#: the chain id is in every signed digest, so it must be the same for gas to be the same
CHAIN_ID = in_process(accounts=1).chain_id
PRICE = 173_456_789


@contextmanager
def anvil(hardfork: str) -> Iterator[Chain]:
    """A chain on an Anvil of our own that ends with the block."""
    if not ANVIL.is_file():
        pytest.skip("Anvil is not in node_modules (it is optional, Linux only)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    fixed = ["--chain-id", str(CHAIN_ID), "--timestamp", str(GENESIS), "--silent"]
    command = [ANVIL, "--port", port, "--hardfork", hardfork, *fixed]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            chain = connect_when_up(f"http://127.0.0.1:{port}")
            for key in KEYS:
                chain.web3.provider.make_request("anvil_setBalance", [key.address, hex(10**24)])
            yield chain
        finally:
            process.terminate()


def connect_when_up(url: str) -> Chain:
    for _ in range(200):
        try:
            return connect(url, CHAIN_ID)
        except NodeError:
            time.sleep(0.05)
    raise AssertionError("Anvil did not start within 10 s")


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
