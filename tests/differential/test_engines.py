"""One random market on every engine: the rules in memory, revm, eth-tester and Anvil come to the same."""

from __future__ import annotations

import gzip
import json
import os
import random
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest
import rlp
from eth_utils.address import to_canonical_address
from eth_utils.crypto import keccak
from trie import HexaryTrie

from energy_trading.bindings.contract import ContractRevert, decode_logs
from energy_trading.bindings.slot_market import SlotPosted
from energy_trading.bindings.suite import SlotSettings
from energy_trading.chain._revm import RevmChain
from energy_trading.chain.connect import Chain
from energy_trading.errors import BadInput, Forged
from energy_trading.simulation import trading
from energy_trading.simulation.engines import ENGINES, opened
from energy_trading.simulation.trading import Agreed, Cast, OfferTrading, SlotTrading
from energy_trading.simulation.venues import InMemory
from energy_trading.types import MemberView, Terms
from tests import nodes
from tests.differential.revm import pyrevm
from tests.world import GENESIS

EURO = 10**9
#: py-evm's own, which eth-tester cannot change
CHAIN_ID = 131277322940537
FUNDS = 300 * EURO
SLOT_S = 900
EMPTY = bytes(HexaryTrie({}).root_hash)
FIRST = (GENESIS + 6 * 3600) // SLOT_S


@pytest.fixture(scope="module")
def chains() -> Iterator[dict[str, Chain | None]]:
    """Every engine that runs here, each begun at the same second with the same people."""
    pyrevm()
    assert set(ENGINES) == {"memory", "revm", "eth-tester", "anvil"}
    engines = ["memory", "revm", "eth-tester"]
    path = os.environ["PATH"]
    if nodes.ANVIL.is_file():
        engines.append("anvil")
        os.environ["PATH"] = f"{nodes.ANVIL.parent}{os.pathsep}{path}"
    cast = Cast.drawn(6, 1, members=14)
    with ExitStack() as stack:
        yield {
            engine: stack.enter_context(opened(engine, cast.senders, GENESIS, CHAIN_ID)) for engine in engines
        }
    os.environ["PATH"] = path


@pytest.fixture(autouse=True)
def put_back(chains: dict[str, Chain | None]) -> Iterator[None]:
    """Let each test begin at the same block."""
    kept = [(chain, chain.snapshot()) for chain in chains.values() if chain is not None]
    yield
    for chain, snapshot in kept:
        chain.revert(snapshot)


def storage_root(chain: Chain, address: str) -> bytes:
    """The root of the tree of everything that a contract has stored, as each engine has it."""
    if hasattr(chain, "_backend"):
        state = chain._backend.chain.get_vm().state
        return bytes(state._account_db._get_storage_root(to_canonical_address(address)))
    if isinstance(chain, RevmChain):
        stored = chain.storage(address)
    else:  # Anvil's eth_getProof would count what has become zero
        state = json.loads(gzip.decompress(bytes.fromhex(chain._rpc("anvil_dumpState")[2:])))
        slots = state["accounts"][address.lower()]["storage"]
        stored = {int(place, 16): int(value, 16) for place, value in slots.items()}
    tree = HexaryTrie({})
    for place, value in stored.items():
        if value:
            tree[keccak(place.to_bytes(32, "big"))] = rlp.encode(value)
    return bytes(tree.root_hash)


def logged(chain: Chain, contracts: list[str]) -> list[Any]:
    """All logs, without what names the engine's blocks."""
    return [
        (log["address"], [bytes(t) for t in log["topics"]], bytes(log["data"]))
        for log in chain.logs(contracts)
    ]


def random_trades(draw: random.Random, homes: int) -> list[Agreed]:
    """Trades of a slot; some that no contract takes."""
    found = []
    for _ in range(draw.randint(2, 5)):
        seller, buyer = draw.sample(range(homes), 2)
        price = draw.choice([1, 76_000_000, 5 * EURO, draw.randrange(1, EURO), 0, 10**13])
        found.append(Agreed(seller, draw.choice([buyer] * 9 + [seller]), draw.randrange(1, 5_000), price))
    return found


def day_of_offers(chain: Chain | None, seed: int) -> tuple[OfferTrading, list[Any]]:
    """A few slots of random trades, some refused, some delivered short, some not at all."""
    draw = random.Random(seed)
    cast = Cast.drawn(6, 1, members=14)
    market = OfferTrading(chain, cast, GENESIS, [FUNDS] * 6, CHAIN_ID, fee_bps=100)
    seen: list[Any] = []
    for slot in range(FIRST, FIRST + 6):
        start, end = slot * SLOT_S, (slot + 1) * SLOT_S
        trades = random_trades(draw, 6)
        accepted = market.accept(trades, start, end, end + 2 * SLOT_S)
        done = []
        for terms, trade in zip(accepted, trades, strict=True):
            if not isinstance(terms, Terms):
                seen.append((type(terms).__name__, terms.values))
                continue
            share = None if draw.random() < 0.3 else draw.choice([1, 1, 0.5, 0])
            if share is not None:
                done.append((terms, trade, int(trade.energy_wh * share)))
        market.deliver(done, end)
        seen.append(market.accounts())
    return market, seen


def test_offers_are_equal(chains: dict[str, Chain | None]) -> None:
    """Refusals, accounts after every slot, every log and every storage root are the same (N-1, N-2, N-3)."""
    outcomes = {}
    for engine, chain in chains.items():
        market, seen = day_of_offers(chain, seed=4)
        states: list[Any] = []
        logs: list[Any] = []
        if chain is None:
            assert isinstance(market.venue, InMemory)
        else:
            suite = market.venue.suite  # type: ignore[attr-defined]
            contracts = [
                suite.ledger.address,
                suite.market.address,
                suite.auction.address,
                suite.lots.address,
            ]
            states = [storage_root(chain, address) for address in contracts]
            logs = logged(chain, contracts)
        outcomes[engine] = seen, states, logs
    refused = [each[0] for each in outcomes["memory"][0] if isinstance(each, tuple)]
    assert {"BadTerms", "Insufficient", "SelfTrade"} <= set(refused), refused
    for engine, (seen, states, logs) in outcomes.items():
        assert seen == outcomes["memory"][0], engine
        if engine != "memory":
            assert states == outcomes["eth-tester"][1], engine
            assert logs == outcomes["eth-tester"][2], engine
    assert len(outcomes["revm"][2]) > 50
    assert EMPTY not in outcomes["revm"][1][:2], "no trade is open at the end"


def day_of_slots(chain: Chain | None, seed: int) -> tuple[SlotTrading, list[Any]]:
    """Slots with random readings and orders, some meters silent; all made final."""
    draw = np.random.default_rng(seed)
    cast = Cast.drawn(5, 1, members=14)
    funds = [FUNDS, 0, FUNDS, EURO // 10, FUNDS]
    settings = SlotSettings(window_seconds=1800, answer_seconds=1800, ring=8)
    market = SlotTrading(chain, cast, GENESIS, funds, CHAIN_ID, settings)
    seen: list[Any] = []
    for slot in range(FIRST, FIRST + 6):
        nets = draw.integers(-3_000, 3_001, 5)
        buy = draw.choice([300_000, 150_000], 5)
        metered = draw.random(5) < 0.9
        spend = np.full(5, draw.choice([EURO, 10**8]))
        cleared = market.slot(slot, nets, buy, np.full(5, 80_000), spend, metered)
        seen.append((cleared.price, cleared.rows.tolist(), cleared.supply_wh, cleared.demand_wh))
        market.finalise()
        seen.append(market.balances())
    market.finalise(last=True)
    seen += [market.balances(), market.accounts()]
    return market, seen


def test_slots_are_equal(chains: dict[str, Chain | None]) -> None:
    """Rows, balances and accounts are the same everywhere; who leads follows each engine's block hashes.

    In memory and on revm these are the same, too, and with them the standing of every member (Z-4, Z-5).
    """
    outcomes = {}
    members = {}
    for engine, chain in chains.items():
        market, seen = day_of_slots(chain, seed=8)
        council = market.venue.council
        members[engine] = [council.member_of(key.address) for key in market.cast.members]
        logs: list[Any] = []
        root = b""
        if chain is None:
            assert isinstance(market.venue, InMemory)
        else:
            suite = market.venue.suite  # type: ignore[attr-defined]
            root = storage_root(chain, suite.ledger.address)
            found = decode_logs(chain.logs([suite.slots.address, suite.ledger.address]))
            logs = [
                [each.rows, each.result.price, each.result.orders]
                if isinstance(each, SlotPosted)
                else (type(each).__name__, {k: v for k, v in vars(each).items() if k not in WHERE})
                for each in found
            ]
        outcomes[engine] = seen, root, logs
    for engine, (seen, root, logs) in outcomes.items():
        assert seen == outcomes["memory"][0], engine
        if engine != "memory":
            assert root == outcomes["eth-tester"][1], engine
            assert logs == outcomes["eth-tester"][2], engine
    assert members["memory"] == members["revm"]
    assert any(isinstance(each, MemberView) and each.owed for each in members["revm"])
    assert sum(any(rows) for _, rows, *_ in outcomes["memory"][0][0:12:2]) >= 3


#: what names the engine's blocks
WHERE = {"block_number", "transaction_hash", "log_index"}


def test_forged_reading_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reading that another key signed never reaches a slot."""
    cast = Cast.drawn(2, 1, members=14)
    market = SlotTrading(None, cast, GENESIS, [FUNDS, FUNDS])
    limits = np.full(2, 190_000)
    market._meters[1] = market._meters[0]
    with pytest.raises(Forged, match="not signed by"):
        market.slot(FIRST, np.array([5, -5]), limits, limits, limits * 10)


def test_refused_offer_moves_nothing() -> None:
    """A trade that the buyer cannot pay comes back with its reason, and the others stand."""
    market = OfferTrading(None, Cast.drawn(3, 1), GENESIS, [FUNDS] * 3)
    trades = [Agreed(0, 1, 100, 2 * FUNDS), Agreed(1, 2, 100, 7)]
    found = market.accept(trades, FIRST * SLOT_S, FIRST * SLOT_S + 9, FIRST * SLOT_S + 99)
    assert isinstance(found[0], ContractRevert)
    assert isinstance(found[1], Terms)
    assert [account.held for account in market.accounts()] == [0, 7, 0]


def test_one_order_lasts_a_day() -> None:
    """An order is signed again only when its limits change or its 96 slots are over."""
    market = SlotTrading(None, Cast.drawn(2, 1, members=14), GENESIS, [FUNDS, FUNDS])
    limits, spend = np.full(2, 190_000), np.full(2, EURO)
    counts = []
    for slot, buy in ((FIRST, 190_000), (FIRST + 1, 190_000), (FIRST + 2, 190_001)):
        before = market.signatures
        market.slot(slot, np.array([5, -5]), np.array([buy, buy]), limits, spend)
        counts.append(market.signatures - before - (market.fixed.council.quorum - 1))
    assert counts == [4, 2, 4]


def test_revert_given_unknown_engine() -> None:
    """The error names the engines."""
    with pytest.raises(BadInput, match="there is no venue geth; use one of memory, revm, eth-tester, anvil"):
        opened("geth", [], GENESIS).__enter__()


def test_revert_given_no_anvil(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Anvil is not on the PATH, the error says so."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BadInput, match="needs Foundry's anvil on the PATH"):
        opened("anvil", [], GENESIS).__enter__()


def test_receipts_go_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """More receipts than fit one transaction are all settled."""
    monkeypatch.setattr(trading, "RECEIPTS_AT_ONCE", 3)
    market = OfferTrading(None, Cast.drawn(2, 1), GENESIS, [FUNDS] * 2)
    trades = [Agreed(0, 1, 100, 7) for _ in range(8)]
    start = FIRST * SLOT_S
    terms = [each for each in market.accept(trades, start, start + 9, start + 999) if isinstance(each, Terms)]
    market.deliver([(each, trade, 100) for each, trade in zip(terms, trades, strict=True)], start + 20)
    assert [account.held for account in market.accounts()] == [0, 0]
    assert [account.available for account in market.accounts()] == [FUNDS + 56, FUNDS - 56]
