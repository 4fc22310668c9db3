"""Chains in this process and behind a node: many transactions in a block; and revm, which forgets."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from energy_trading.chain import _revm
from energy_trading.chain.artifacts import Artifact, load_from
from energy_trading.chain.compile import TEST_CONTRACTS, compile_profile
from energy_trading.chain.connect import Chain, RevertData, Transaction, connect, sign_transaction
from energy_trading.chain.in_process import in_process, revm
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from tests import nodes
from tests.differential.revm import pyrevm
from tests.world import GENESIS

KEYS = [SecretKey.from_int(40 + i) for i in range(4)]
COUNT = keccak(text="count()")[:4]


def move(step: int) -> bytes:
    return keccak(text="move(uint256)")[:4] + encode(["uint256"], [step])


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    """The test contract with one rule."""
    compile_profile(TEST_CONTRACTS)
    return load_from(TEST_CONTRACTS.output, "Counter")


def started(kind: str) -> Chain:
    """A chain in this process whose accounts are KEYS."""
    if kind == "tester":
        return in_process("shanghai", KEYS, GENESIS)
    pyrevm()
    return revm(KEYS, GENESIS)


@pytest.fixture(params=["tester", "revm", "anvil"])
def chain(request: pytest.FixtureRequest) -> Iterator[Chain]:
    """Each kind of chain, with KEYS funded."""
    if request.param != "anvil":
        yield started(request.param)
        return
    with nodes.anvil("--hardfork", "shanghai") as url:
        found = connect(url)
        for key in KEYS:
            found.send(key.address, b"", found.accounts[0], value=10**20)
        yield found


def test_many_transactions_share_a_block(chain: Chain, artifact: Artifact) -> None:
    """All of them, also several of one sender; one that fails is told apart and does not stop the others."""
    counter = chain.deploy(artifact.bytecode, KEYS[0])[0]
    before = chain.height()
    steps = [(KEYS[i % 4], 11 if i == 5 else i % 3) for i in range(12)]
    found = chain.send_all([Transaction(counter, move(step), key) for key, step in steps])
    failed = found.pop(5)
    assert isinstance(failed, RevertData)
    assert failed.data == keccak(text="Counter_TooFar(uint256,uint256)")[:4] + encode(
        ["uint256"] * 2, [11, 10]
    )
    receipts = [each for each in found if not isinstance(each, RevertData)]
    assert len(receipts) == 11
    assert {receipt["blockNumber"] for receipt in receipts} == {before + 1}
    assert chain.height() == before + 1
    assert int.from_bytes(chain.call(counter, COUNT), "big") == sum(s for _, s in steps if s <= 10)
    assert [len(receipt["logs"]) for receipt in receipts] == [1] * 11
    assert len(chain.logs(counter, before + 1)) == 11
    assert len({bytes(receipt["transactionHash"]) for receipt in receipts}) == 11


def test_a_full_block_is_followed_by_another() -> None:
    """In process, a block takes what its gas allows, and the rest goes into the next."""
    chain = started("tester")
    # hashes 100,000 bytes again and again while more than 100,000 gas is left
    burner = bytes.fromhex("5b620186a060002050620186a05a11600057" + "00")
    start = bytes.fromhex(f"60{len(burner):02x}80600b6000396000f3")
    place = chain.deploy(start + burner, KEYS[0])[0]
    before = chain.height()
    found = chain.send_all([Transaction(place, b"", KEYS[0]) for _ in range(3)])
    numbers = [each["blockNumber"] - before for each in found if not isinstance(each, RevertData)]
    assert numbers == [1, 1, 2]


def test_raw_signing_equals_eth_account() -> None:
    """A key signs a transaction without eth-account to the same bytes, also one that creates a contract."""
    key = KEYS[1]
    for to in (None, KEYS[2].address):
        for data, value, nonce in ((b"", 0, 0), (b"\1" * 300, 10**18, 7), (b"\0", 1, 2**40)):
            fields = (to, data, value, 21_000, nonce, 0, 10**9, 131277322940537)
            assert sign_transaction(key, *fields) == sign_transaction(key.to_local_account(), *fields)


def test_revm_forgets_and_holds_the_same(artifact: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    """Storage, code, coins and nonces outlive an EVM that is thrown away, and snapshots work."""
    pyrevm()
    kept, forgetful = (revm(KEYS, GENESIS) for _ in "12")
    evms: set[int] = set()
    counters = []
    for each in (kept, forgetful):
        monkeypatch.setattr(_revm, "_MOST_REMEMBERED", 20 if each is forgetful else 10**9)
        counter = each.deploy(artifact.bytecode, KEYS[0])[0]
        counters.append(counter)
        for i in range(60):
            each.send(counter, move(i % 11), KEYS[i % 4], value=i)
            evms.add(id(each._evm)) if each is forgetful else None  # type: ignore[attr-defined]
        point = each.snapshot()
        for _ in range(30):
            each.send(counter, move(10), KEYS[0])
        each.revert(point)
    seen: list[Any] = []
    for each, counter in zip((kept, forgetful), counters, strict=True):
        held: Any = each
        seen.append(
            (
                held.storage(counter),
                held.code(counter),
                held.balance(counter),
                held.next_nonce(KEYS[0].address),
                held.call(counter, COUNT),
                held.height(),
                held.now(),
                held.logs(counter),
            )
        )
    assert seen[0] == seen[1]
    assert seen[0][0] == {0: sum(i % 11 for i in range(60))}
    assert forgetful._evm.journal_len < kept._evm.journal_len  # type: ignore[attr-defined]
    assert len(evms) > 1


def test_revm_without_history_keeps_no_logs(artifact: Artifact) -> None:
    """Logs are in the receipts, and asking for those of the past is refused in a sentence."""
    pyrevm()
    chain = revm(KEYS, GENESIS, history=False)
    counter = chain.deploy(artifact.bytecode, KEYS[0])[0]
    assert len(chain.send(counter, move(1), KEYS[0])["logs"]) == 1
    with pytest.raises(BadInput, match=r"^this chain keeps no logs of the past; they are in the receipts$"):
        chain.logs(counter)


def test_revm_refuses_what_it_does_not_know(artifact: Artifact) -> None:
    """The state of an old block, a time that has passed, a snapshot that is gone."""
    chain = started("revm")
    counter = chain.deploy(artifact.bytecode, KEYS[0])[0]
    chain.mine(GENESIS + 100)
    with pytest.raises(BadInput, match="last block only"):
        chain.call(counter, COUNT, block=1)
    with pytest.raises(BadInput, match=f"must be after {GENESIS + 100}, not {GENESIS + 100}"):
        chain.mine(GENESIS + 100)
    with pytest.raises(BadInput, match="does not exist or has been used already"):
        chain.revert("0")


def test_missing_pyrevm_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, the error says what to install."""
    monkeypatch.setitem(sys.modules, "pyrevm", None)
    with pytest.raises(BadInput, match=r'pip install "energy-trading\[simulate\]"'):
        revm(KEYS, GENESIS)
