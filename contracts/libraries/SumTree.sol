// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Leaf, Node, NodePair, Opening} from "../types/PrivateSlot.sol";

/// @title Merkle-sum tree over the homes of a slot
/// @notice Every home has the leaf at its number. A node has the hash of what is below it and what is sold
/// and bought there, so the root says that as much is sold as bought without saying by whom. A node without
/// another beside it is its own parent: there are no leaves but those of the homes.
/// @dev Sums have no sign, and what is added stays far below 2**256: nothing wraps. A leaf is hashed from
/// six words, a pair of nodes from seven and the root from six with another tag: none is another.
/// @custom:paper Z-4
library SumTree {
    bytes32 private constant LEAF = keccak256("energy_trading.slots.leaf.1");
    bytes32 private constant PAIR = keccak256("energy_trading.slots.pair.1");
    bytes32 private constant ROOT = keccak256("energy_trading.slots.root.1");
    /// @dev A row has 16 bits with a sign.
    int256 private constant MAX_WH = type(int16).max;

    /// @notice The proof has too few or too many nodes.
    error SumTree_BadLength(uint256 given, uint256 needed);

    /// @notice What a result has in `rows`.
    /// @param top Hash of the uppermost node.
    /// @param matched What is sold, and as much is bought, in Wh.
    /// @param homes How many leaves there are.
    /// @param before The slot whose sums the leaves go on from.
    function root(
        bytes32 top,
        uint256 matched,
        uint256 homes,
        uint256 before
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(ROOT, top, matched, matched, homes, before));
    }

    /// @notice Hash of a leaf.
    function hashOf(Leaf calldata leaf) internal pure returns (bytes32) {
        return keccak256(abi.encode(LEAF, leaf));
    }

    /// @notice Hash of two nodes.
    function hashOf(NodePair calldata pair) internal pure returns (bytes32) {
        return keccak256(abi.encode(PAIR, pair));
    }

    /// @notice Whether a leaf's numbers can be those of a home: a row of 16 bits, and 5 bytes of money.
    function isSound(Leaf calldata leaf) internal pure returns (bool) {
        return
            leaf.wh >= -MAX_WH &&
            leaf.wh <= MAX_WH &&
            leaf.money >= type(int40).min &&
            leaf.money <= type(int40).max;
    }

    /// @notice Whether a node's sums are those of the leaf that is below it.
    /// @dev The caller has checked that the leaf {isSound}.
    function holds(Node memory node, Leaf calldata leaf) internal pure returns (bool) {
        return node.sold == soldIn(leaf) && node.bought == boughtIn(leaf);
    }

    /// @notice The uppermost node over an opened leaf.
    /// @dev The caller has checked that the leaf {isSound}. Reverts: {SumTree_BadLength}.
    /// @param opening The leaf and the nodes beside its path.
    /// @param homes How many leaves there are.
    /// @return top Its hash.
    /// @return sold Wh.
    /// @return bought Wh.
    function climb(
        Opening calldata opening,
        uint256 homes
    ) internal pure returns (bytes32 top, uint256 sold, uint256 bought) {
        uint256 place = opening.leaf.home;
        uint256 used = 0;
        top = hashOf(opening.leaf);
        (sold, bought) = (soldIn(opening.leaf), boughtIn(opening.leaf));
        for (uint256 left = homes; left > 1; left = (left + 1) / 2) {
            // slither-disable-next-line incorrect-exp -- the place beside it: the last bit turned
            if (place ^ 1 < left) {
                if (used == opening.beside.length) {
                    revert SumTree_BadLength(used, used + 1);
                }
                Node calldata other = opening.beside[used++];
                // The tag, then the two nodes as {hashOf} has them.
                top =
                    place & 1 == 0
                        ? keccak256(abi.encode(PAIR, top, sold, bought, other))
                        : keccak256(abi.encode(PAIR, other, top, sold, bought));
                (sold, bought) = (sold + other.sold, bought + other.bought);
            }
            place >>= 1;
        }
        if (used != opening.beside.length) {
            revert SumTree_BadLength(opening.beside.length, used);
        }
    }

    /// @notice How many pairs lie on the way from the top to a place.
    /// @param place Number of the home.
    /// @param homes How many leaves there are.
    /// @return levels For each pair, the lowest in the lowest bit: whether the way goes right.
    /// @return count How many there are.
    function wayTo(uint256 place, uint256 homes) internal pure returns (uint256 levels, uint256 count) {
        for (uint256 left = homes; left > 1; left = (left + 1) / 2) {
            // slither-disable-next-line incorrect-exp -- the place beside it: the last bit turned
            if (place ^ 1 < left) {
                levels |= (place & 1) << count;
                ++count;
            }
            place >>= 1;
        }
    }

    /// @notice Wh that a leaf sells.
    function soldIn(Leaf calldata leaf) internal pure returns (uint256) {
        return leaf.wh > 0 ? uint256(leaf.wh) : 0;
    }

    /// @notice Wh that a leaf buys.
    function boughtIn(Leaf calldata leaf) internal pure returns (uint256) {
        return leaf.wh < 0 ? uint256(-leaf.wh) : 0;
    }
}
