"""Merkle trees of one-time keys (N-6)."""

import pytest
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_trading.crypto.merkle import MerkleTree, signer_leaf, verify_proof
from energy_trading.errors import BadInput

A, B, C = (keccak(bytes([i])) for i in range(3))


def pair(left: bytes, right: bytes) -> bytes:
    return keccak(min(left, right) + max(left, right))


def test_root_of_three_leaves():
    """N-6: nodes hash their sorted children, an odd last node moves up as it is."""
    tree = MerkleTree([A, B, C])
    assert tree.root == pair(pair(A, B), C)
    assert [tree.proof(0), tree.proof(1), tree.proof(2)] == [[B, C], [A, C], [pair(A, B)]]


def test_root_of_one_leaf():
    """N-6: a single leaf is the root and needs no proof."""
    assert (MerkleTree([A]).root, MerkleTree([A]).proof(0)) == (A, [])


def test_leaf_is_hashed_twice():
    """N-6: the leaf of a signer is keccak256(keccak256(signer)), so no 64-byte node passes as a signer."""
    signer = bytes(range(20))
    assert signer_leaf(signer) == keccak(keccak(signer))
    assert not verify_proof(MerkleTree([A, B, C]).root, signer_leaf(min(A, B) + max(A, B)), [C])


@settings(max_examples=60)
@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40, unique=True), st.data())
def test_proof_fits_its_leaf_only(leaves: list[bytes], data: st.DataObject):
    """N-6: every leaf has a proof of at most ⌈log2 n⌉ hashes, and it proves nothing else."""
    tree = MerkleTree(leaves)
    place = data.draw(st.integers(0, len(leaves) - 1))
    proof = tree.proof(place)
    assert len(proof) <= (len(leaves) - 1).bit_length()
    assert verify_proof(tree.root, leaves[place], proof)
    for other in leaves[:place] + leaves[place + 1 :]:
        assert not verify_proof(tree.root, other, proof)


def test_revert_given_wrong_input():
    """N-6: what is no hash and what is no leaf is named."""
    with pytest.raises(BadInput, match=r"^a Merkle tree must have at least one leaf$"):
        MerkleTree([])
    with pytest.raises(BadInput, match=r"^leaf 1 must have 32 bytes, not 31$"):
        MerkleTree([A, B[:31]])
    with pytest.raises(BadInput, match=r"^the leaf index must be between 0 and 2, not 3$"):
        MerkleTree([A, B, C]).proof(3)
    with pytest.raises(BadInput, match=r"^proof hash 1 must have 32 bytes, not 0$"):
        verify_proof(A, B, [C, b""])


def test_full_tree_has_short_proofs():
    """N-6: 16,384 keys have proofs of 14 hashes."""
    signers = [i.to_bytes(20, "big") for i in range(2**14)]
    tree = MerkleTree([signer_leaf(signer) for signer in signers])
    assert len(tree.proof(12_345)) == 14
    assert verify_proof(tree.root, signer_leaf(signers[12_345]), tree.proof(12_345))
