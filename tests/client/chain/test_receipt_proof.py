"""Proofs that a block has a receipt: made from a node, checked with the block's hash alone (C-9)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import rlp
from eth_utils.crypto import keccak

from energy_trading.bindings.contract import read_events
from energy_trading.bindings.suite import Suite, SuiteParameters, deploy
from energy_trading.chain.connect import Chain, NodeError, Sender, connect
from energy_trading.chain.in_process import in_process
from energy_trading.chain.receipt_proof import ReceiptProof, ReceiptProofRefused, prove_receipt
from energy_trading.chain.signers import code_signed, signed_by
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from tests.nodes import anvil, ganache

KEY = SecretKey.from_int(5)


@contextmanager
def market(kind: str) -> Iterator[tuple[Chain, Suite]]:
    if kind == "in process":
        yield deployed(in_process(accounts=[KEY]), KEY)
        return
    with {"anvil": anvil, "ganache": ganache}[kind]() as url:
        chain = connect(url)
        yield deployed(chain, chain.accounts[0])


def deployed(chain: Chain, who: Sender) -> tuple[Chain, Suite]:
    address = who if isinstance(who, str) else who.address
    return chain, deploy(chain, who, SuiteParameters(address, address, address))


@pytest.mark.parametrize("kind", ["in process", "anvil", "ganache"])
def test_receipt_is_proven_by_the_hash_of_its_block(kind: str) -> None:
    """From every node: header and trie lead from the block's hash to what was logged (C-9)."""
    with market(kind) as (chain, suite):
        for event in read_events(chain, [suite.ledger.address]):
            proof = prove_receipt(chain, event.transaction_hash)
            assert ReceiptProof.from_json(proof.to_json()) == proof
            assert chain.block(event.block_number) == (event.block_number, proof.block_hash)
            number, logs = proof.open()
            assert number == event.block_number
            assert suite.ledger.address in {log.address for log in logs}
        with pytest.raises((NodeError, BadInput)):
            prove_receipt(chain, b"\x01" * 32)


def test_false_proof_is_refused() -> None:
    """No other receipt, index or header comes out of a proof; garbage is refused as such (C-9)."""
    chain, suite = deployed(in_process(accounts=[KEY]), KEY)
    first, *_, last = read_events(chain, [suite.ledger.address, suite.lots.address])
    proof = prove_receipt(chain, first.transaction_hash)
    deposit = suite.ledger.set_pkg(SecretKey.from_int(6).address).send(KEY)
    other = prove_receipt(chain, deposit.transaction_hash)
    assert last
    header = rlp.decode(proof.header)
    header[5] = keccak(b"another root")
    for false in (
        replace(proof, nodes=other.nodes),
        replace(proof, index=proof.index + 1),
        replace(proof, nodes=()),
        replace(proof, nodes=(b"\xc0",)),
        replace(proof, nodes=(b"\xff" * 40,)),
        replace(proof, nodes=(b"\xc1" * 5000,)),
        replace(proof, header=rlp.encode(header)),
        replace(proof, header=b""),
        replace(proof, header=b"\x80"),
    ):
        with pytest.raises(ReceiptProofRefused):
            false.open()
    # A header with another root, and the trie for it, can be made by anybody; but not under this hash.
    moved = rlp.decode(proof.header)
    moved[5] = rlp.decode(other.header)[5]
    made_up = ReceiptProof(rlp.encode(moved), other.index, other.nodes)
    made_up.open()
    assert made_up.block_hash not in (proof.block_hash, other.block_hash)


def test_accounts_without_code_are_known_by_their_key() -> None:
    """EIP-2098 and ERC-1271: a key signs, an address without code answers nothing."""
    chain, suite = deployed(in_process(accounts=[KEY]), KEY)
    digest = keccak(b"anything")
    signature = KEY.sign_digest(digest)
    assert signed_by(chain, KEY.address, digest, signature)
    assert not signed_by(chain, SecretKey.from_int(6).address, digest, signature)
    for account in (KEY.address, suite.ledger.address):
        assert not code_signed(chain, account, digest, signature)
