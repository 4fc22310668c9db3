"""Merkle trees whose proofs the chain checks with Solady's MerkleProofLib or OpenZeppelin's MerkleProof."""

from __future__ import annotations

from collections.abc import Sequence

from eth_utils.crypto import keccak

from energy_trading.crypto.keys import check_size
from energy_trading.errors import BadInput


def signer_leaf(signer: bytes) -> bytes:
    """Return the leaf of an ERC-7913 signer, keccak256(keccak256(signer)).

    The inner hash makes the outer one read 32 bytes, where a node reads 64, so no node passes as a leaf.

    Args:
        signer: 20 bytes (secp256k1 address) or verifier ‖ key.

    Source:
        N-6; second-preimage note of OpenZeppelin's MerkleProof.
    """
    return keccak(keccak(signer))


class MerkleTree:
    """A Merkle tree over given leaves, node = keccak256(min ‖ max) of its two children.

    The last node of an odd level moves up unhashed, so no leaf is invented or doubled, and a proof has at
    most ⌈log2(number of leaves)⌉ hashes. Equal leaves are allowed; a caller who forbids them must check.

    Args:
        leaves: at least one, 32 bytes each, in the order in which `proof` counts them.

    Raises:
        BadInput: there is no leaf, or one does not have 32 bytes.

    Source:
        N-6.
    """

    def __init__(self, leaves: Sequence[bytes]) -> None:
        if not leaves:
            raise BadInput("a Merkle tree must have at least one leaf")
        for index, leaf in enumerate(leaves):
            check_size(leaf, f"leaf {index}")
        level = list(leaves)
        self._levels = [level]
        while len(level) > 1:
            paired = len(level) & ~1
            parents = [_node(level[i], level[i + 1]) for i in range(0, paired, 2)]
            level = parents + level[paired:]
            self._levels.append(level)

    @property
    def root(self) -> bytes:
        """The root, 32 bytes."""
        return self._levels[-1][0]

    def proof(self, index: int) -> list[bytes]:
        """Return the sibling hashes from a leaf up to the root.

        Args:
            index: position of the leaf, from 0.

        Raises:
            BadInput: there is no such leaf.
        """
        count = len(self._levels[0])
        if not 0 <= index < count:
            raise BadInput(f"the leaf index must be between 0 and {count - 1}, not {index}")
        siblings = []
        for level in self._levels[:-1]:
            if (sibling := index ^ 1) < len(level):
                siblings.append(level[sibling])
            index >>= 1
        return siblings


def verify_proof(root: bytes, leaf: bytes, proof: Sequence[bytes]) -> bool:
    """Return whether the proof leads from the leaf to the root, as the contract decides it.

    Args:
        root: 32 bytes.
        leaf: 32 bytes.
        proof: sibling hashes, 32 bytes each, lowest first.

    Raises:
        BadInput: a hash does not have 32 bytes.

    Source:
        N-6.
    """
    check_size(root, "root")
    check_size(leaf, "leaf")
    node = leaf
    for height, sibling in enumerate(proof):
        check_size(sibling, f"proof hash {height}")
        node = _node(node, sibling)
    return node == root


def _node(left: bytes, right: bytes) -> bytes:
    return keccak(left + right if left < right else right + left)
