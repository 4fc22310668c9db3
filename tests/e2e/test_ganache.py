"""Ganache: Shanghai at most, errors of its own shape, its own clock; the same market at the same price."""

import datetime
from collections.abc import Iterator

import pytest

from energy_trading.bindings.contract import UnknownRevert
from energy_trading.bindings.offer_market import Expired, NotSeller
from energy_trading.chain.connect import Chain, NotEnoughMoney, connect
from energy_trading.chain.in_process import in_process
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from tests.e2e.test_nodes import CHAIN_ID, KEYS, populate, settle_by_estimate, trade
from tests.nodes import ganache
from tests.world import GENESIS, World


@pytest.fixture(scope="module")
def started() -> Iterator[World]:
    """A Ganache with the clock and chain id of the chain in this process, and a market on it."""
    start = datetime.datetime.fromtimestamp(GENESIS, datetime.UTC).isoformat()
    with ganache("--chain.time", start, chain_id=CHAIN_ID) as url:
        chain = connect(url, CHAIN_ID)
        for key in KEYS:
            answer = chain.web3.provider.make_request("evm_setAccountBalance", [key.address, hex(10**24)])
            assert answer["result"] is True
        yield populate(chain)


@pytest.fixture
def there(started: World) -> Iterator[World]:
    """The world, put back after the test."""
    snapshot = started.chain.snapshot()
    yield started
    started.chain.revert(snapshot)


def test_trade_costs_the_same_on_ganache(there: World) -> None:
    """Deployment and a whole trade cost what they cost in process on Shanghai (N-7 scenario 1)."""
    here: Chain = in_process("shanghai", KEYS, GENESIS)
    assert trade(there) == trade(populate(here))


def test_estimate_of_ganache_suffices_for_p256(there: World) -> None:
    """Ganache has no precompile for P-256, and its estimate starves no verifier (N-8)."""
    settle_by_estimate(there)


def test_refusals_arrive_whole(there: World) -> None:
    """By call, by estimate and by a transaction that is mined and fails: the same exception, all fields."""
    terms = there.terms(there.alice)
    call = there.market.make_offer(terms)
    for attempt in (
        lambda: call.simulate(there.bob),
        lambda: call.send(there.bob),
        lambda: call.send(there.bob, gas=300_000),
    ):
        with pytest.raises(NotSeller) as caught:
            attempt()
        assert caught.value.values == (there.bob.address, there.alice.address)


def test_out_of_gas_is_told(there: World) -> None:
    """A transaction that ran out of gas is no success, and its text says what may have been missing."""
    with pytest.raises(UnknownRevert) as caught:
        there.ledger.set_pkg(there.bob.address).send(there.dso, gas=25_000)
    assert str(caught.value) == (
        "the transaction failed, although a call with more gas succeeds, without data"
    )
    assert there.ledger.pkg() == there.pkg.address


def test_time_travels(there: World) -> None:
    """The clock is that of the blocks mined by hand, and goes on from there (N-7 scenario 3)."""
    terms = there.make(there.alice)
    there.chain.mine(terms.accept_by)
    with pytest.raises(Expired) as caught:
        there.market.accept_offer(terms).send(there.bob)
    assert caught.value.values[1] == terms.accept_by
    now = there.chain.now()
    there.chain.travel(1_000)
    there.chain.mine()
    # its clock goes on meanwhile, on a busy machine for longer than a few seconds
    assert now + 1_000 <= there.chain.now() < now + 1_900


def test_sender_without_money(there: World) -> None:
    """A key without coins is told its balance."""
    poor = SecretKey.from_int(4200)
    with pytest.raises(NotEnoughMoney) as caught:
        there.chain.send(there.bob.address, b"", poor, value=5)
    assert str(caught.value) == (
        f"account {poor.address} has 0 wei, which does not pay for 5 wei and the gas"
        " (insufficient funds for gas * price + value)"
    )


def test_snapshot_is_used_once(there: World) -> None:
    """A snapshot that was used is refused by name."""
    snapshot = there.chain.snapshot()
    there.chain.revert(snapshot)
    with pytest.raises(BadInput) as caught:
        there.chain.revert(snapshot)
    assert str(caught.value) == f"snapshot {snapshot} does not exist or has been used already"
