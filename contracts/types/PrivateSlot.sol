// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Result} from "./Slot.sol";

/// @notice What a slot of the private form says of one home. Only the home and the cluster know it.
/// @param home Number of the home, which is the leaf's place in the tree.
/// @param slot The slot.
/// @param wh What the home shares, in Wh; sold is positive.
/// @param money Σ of price · wh over the day's slots up to this one, units of account; earned is positive.
/// @param salt 32 random bytes, never used before.
struct Leaf {
    uint256 home;
    uint256 slot;
    int256 wh;
    int256 money;
    bytes32 salt;
}

/// @notice A node of the sum tree: the hash of what is below, and what is sold and bought there.
/// @param hash Hash of the leaf, or of the two nodes below.
/// @param sold Wh.
/// @param bought Wh.
struct Node {
    bytes32 hash;
    uint64 sold;
    uint64 bought;
}

/// @notice Two nodes under one.
/// @param left The one of the lower places.
/// @param right The one of the higher places.
struct NodePair {
    Node left;
    Node right;
}

/// @notice A leaf with what leads to the root: the nodes beside its path, the lowest first.
/// @param leaf The leaf.
/// @param beside A node for each level in which there is one beside the path.
struct Opening {
    Leaf leaf;
    Node[] beside;
}

/// @notice A posted slot of the private form, as disputes show it again.
/// @param result What was signed; its `rows` is the root of the sum tree.
/// @param signers The leader, then its peers in the order of the cluster.
/// @param top Hash of the uppermost node.
/// @param homes How many leaves there are.
/// @param before The slot whose sums the leaves go on from; the slot itself if it is the first of its day.
struct SumPosted {
    Result result;
    address[] signers;
    bytes32 top;
    uint256 homes;
    uint256 before;
}

/// @notice What the homes pay and earn for one day. The leader and its peers in the day's cluster sign it.
/// @param day The day, counted like the slots: slot / slots of a day.
/// @param head The last posted slot of the day that is not void: its leaves have the sums of the day.
/// @param undone Void slots whose energy is in these sums, a bitmap of places in the day; it is taken off.
/// @param money keccak256 of the money: five bytes for each home, in words of four homes.
/// @param leader Member that posts it.
struct Day {
    uint256 day;
    uint256 head;
    uint256 undone;
    bytes32 money;
    address leader;
}

/// @notice A posted day with its signers, as disputes show it again.
/// @param day What was signed.
/// @param signers The leader, then its peers in the order of the cluster.
struct DayPosted {
    Day day;
    address[] signers;
}

/// @notice What a dispute about a home's money of a posted day goes by.
/// @param account Account of the home.
/// @param cap Units of account that the home could pay in one of the day's slots at most.
/// @param balance Units of account that the home has locked now.
/// @param fee Units of account that each home pays for a day in which it pays.
struct DayFacts {
    address account;
    uint256 cap;
    uint256 balance;
    uint256 fee;
}

/// @notice What is signed for the private form alone (EIP-712 struct hashes).
library DayHash {
    bytes32 private constant DAY_TYPEHASH = keccak256(
        "Day(uint256 day,uint256 head,uint256 undone,bytes32 money,address leader)"
    );

    /// @notice Struct hash of a day.
    function day(Day calldata d) internal pure returns (bytes32) {
        return keccak256(abi.encode(DAY_TYPEHASH, d));
    }
}
