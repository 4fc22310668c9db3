// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Clustered sampling
/// @notice Draws members by feeder: feeders are drawn without replacement and give one member each. When
/// every feeder has given one, the next round begins, in which each may give another.
/// @dev The list of members is packed, 22 bytes each: the feeder in 2 and the account in 20, sorted by feeder
/// and then by account. It is stored behind a directory of its feeders, so that a draw need not look at every
/// member:
///
///     | feeders 1 | size of each feeder 1 · feeders | first place of each 1 · feeders | members 22 ·
/// members |
///
/// Places, sizes and feeders are below 96, so each fits a byte.
/// @custom:paper Z-1, Z-4, Z-8
library ClusterDraw {
    /// @dev Bytes of a member in the list.
    uint256 internal constant ENTRY = 22;

    /// @notice Draws members.
    /// @dev A remainder of 128 random bits is biased by less than 2**-120. Excluded members are drawn and put
    /// aside, which costs less than to look at every member before.
    ///
    /// The memory behind the free pointer holds three rows of 96 bytes, one byte for each feeder or place:
    /// how many members of a feeder were not drawn yet, the feeders that have not given one in this round,
    /// and who stands at a place. Whoever is drawn from a row makes room for the last one.
    /// @param stored The list behind its directory.
    /// @param excluded Bitmap of the places in the list that do not count.
    /// @param seed Where the randomness comes from.
    /// @param count How many members to draw; the list has as many that are not excluded.
    /// @return places Their places in the list, in the order of the draw.
    function draw(
        bytes memory stored,
        uint256 excluded,
        bytes32 seed,
        uint256 count
    ) internal pure returns (uint256[] memory places) {
        places = new uint256[](count);
        // Safe: memory from the free pointer on is scratch space, and so are the first two words. Every index
        // is below the number of feeders or members, at most 96, and no more places are written than wanted.
        assembly ("memory-safe") {
            let feeders := byte(31, mload(add(stored, 1)))
            let starts := add(add(stored, 0x21), feeders)
            let left := mload(0x40)
            let round := add(left, 96)
            let at := add(left, 192)
            for {
                let i := 0
            } lt(i, 96) {
                i := add(i, 32)
            } {
                mstore(add(left, i), mload(add(add(stored, 0x21), i)))
                // 0, 1, 2 … 31, and 32 more for each word
                let row := add(
                    0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f,
                    mul(i, 0x0101010101010101010101010101010101010101010101010101010101010101)
                )
                mstore(add(round, i), row)
                mstore(add(at, i), row)
            }
            let live := feeders
            let next := add(places, 0x20)
            let end := add(next, shl(5, mload(places)))
            mstore(0x00, seed)
            for {
                let i := 0
            } lt(next, end) {
                i := add(i, 1)
            } {
                if iszero(live) {
                    for {
                        let feeder := 0
                    } lt(feeder, feeders) {
                        feeder := add(feeder, 1)
                    } {
                        if byte(0, mload(add(left, feeder))) {
                            mstore8(add(round, live), feeder)
                            live := add(live, 1)
                        }
                    }
                }
                mstore(0x20, i)
                let random := keccak256(0x00, 0x40)
                let pick := add(round, mod(shr(128, random), live))
                let feeder := byte(0, mload(pick))
                let rest := byte(0, mload(add(left, feeder)))
                let start := byte(0, mload(add(starts, feeder)))
                let place := add(add(at, start), mod(and(random, 0xffffffffffffffffffffffffffffffff), rest))
                let chosen := byte(0, mload(place))
                rest := sub(rest, 1)
                mstore8(place, byte(0, mload(add(at, add(start, rest)))))
                mstore8(add(left, feeder), rest)
                let counts := iszero(and(shr(chosen, excluded), 1))
                if counts {
                    mstore(next, chosen)
                    next := add(next, 0x20)
                }
                // The feeder has given one, or has none left.
                if or(counts, iszero(rest)) {
                    live := sub(live, 1)
                    mstore8(pick, byte(0, mload(add(round, live))))
                }
            }
        }
    }

    /// @notice The list as it is stored, behind the directory of its feeders.
    /// @param list The packed list, sorted, at most 96 members.
    /// @return stored Directory and list.
    function withDirectory(bytes memory list) internal pure returns (bytes memory stored) {
        uint256 length = list.length / ENTRY;
        bytes memory sizes = new bytes(length);
        bytes memory starts = new bytes(length);
        uint256 feeders = 0;
        uint256 first = 0;
        for (uint256 i = 0; i < length; ++i) {
            if (i + 1 == length || feederAt(list, i + 1) != feederAt(list, i)) {
                sizes[feeders] = bytes1(uint8(i + 1 - first));
                starts[feeders++] = bytes1(uint8(first));
                first = i + 1;
            }
        }
        // Safe: both become shorter.
        assembly ("memory-safe") {
            mstore(sizes, feeders)
            mstore(starts, feeders)
        }
        return bytes.concat(bytes1(uint8(feeders)), sizes, starts, list);
    }

    /// @notice The packed list of what is stored.
    /// @dev It lies in the same memory, whose first bytes are overwritten: `stored` is gone afterwards.
    /// @param stored Directory and list.
    /// @return list The list.
    function withoutDirectory(bytes memory stored) internal pure returns (bytes memory list) {
        // Safe: the length of the list is written over the directory and the length before it.
        assembly ("memory-safe") {
            let size := add(1, shl(1, byte(31, mload(add(stored, 1)))))
            let length := sub(mload(stored), size)
            list := add(stored, size)
            mstore(list, length)
        }
    }

    /// @notice Puts the accounts in place of the places of members.
    /// @param list The packed list.
    /// @param places Places in the list, which are overwritten.
    /// @return accounts The members that stand there, in the same memory.
    function accountsAt(
        bytes memory list,
        uint256[] memory places
    ) internal pure returns (address[] memory accounts) {
        // Safe: an account takes a word, as a place does.
        assembly ("memory-safe") {
            accounts := places
            let end := add(places, shl(5, mload(places)))
            for {
                let next := places
            } lt(next, end) {} {
                next := add(next, 32)
                mstore(next, shr(96, mload(add(add(list, 0x22), mul(mload(next), 22)))))
            }
        }
    }

    /// @notice How many members a stored list has.
    /// @param stored Directory and list.
    function countOf(bytes memory stored) internal pure returns (uint256) {
        unchecked {
            return (stored.length - directoryOf(stored)) / ENTRY; // Safe: a list has its directory.
        }
    }

    /// @notice Bytes of a directory.
    /// @param stored Directory and list.
    function directoryOf(bytes memory stored) internal pure returns (uint256 size) {
        assembly ("memory-safe") {
            size := add(1, shl(1, byte(31, mload(add(stored, 1)))))
        }
    }

    /// @notice Feeder of a member.
    /// @dev The caller keeps the place below the list's length.
    function feederAt(bytes memory list, uint256 place) internal pure returns (uint256 feeder) {
        assembly ("memory-safe") {
            feeder := shr(240, mload(add(add(list, 0x20), mul(place, 22))))
        }
    }

    /// @notice Account of a member.
    /// @dev The caller keeps the place below the list's length.
    function memberAt(bytes memory list, uint256 place) internal pure returns (address member) {
        assembly ("memory-safe") {
            member := shr(96, mload(add(add(list, 0x22), mul(place, 22))))
        }
    }
}
