// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EfficientHashLib} from "solady/src/utils/EfficientHashLib.sol";
import {LibBit} from "solady/src/utils/LibBit.sol";

/// @title Clustered sampling
/// @notice Draws members by feeder: feeders are drawn without replacement and give one member each. When
/// every feeder has given one, the next round begins, in which each may give another.
/// @dev The list of members is packed, 22 bytes each: the feeder in 2 and the account in 20, sorted by feeder
/// and then by account.
/// @custom:paper Z-1, Z-4, Z-8
library ClusterDraw {
    /// @dev Bytes of a member in the list.
    uint256 internal constant ENTRY = 22;

    /// @notice Draws members.
    /// @dev A remainder of 128 random bits is biased by less than 2**-120. Excluded members are drawn and put
    /// aside, which costs less than to look at every member before.
    /// @param list The packed list.
    /// @param excluded Bitmap of the places in the list that do not count.
    /// @param seed Where the randomness comes from.
    /// @param count How many members to draw.
    /// @return places Their places in the list, in the order of the draw; fewer than `count` if the list is
    /// too short.
    function draw(
        bytes memory list,
        uint256 excluded,
        bytes32 seed,
        uint256 count
    ) internal pure returns (uint256[] memory places) {
        unchecked {
            uint256 length = list.length / ENTRY;
            // Where the places of each feeder begin; behind the last one stands the length.
            uint256[] memory starts = _starts(list);
            uint256 feeders = starts.length - 1;
            uint256[] memory left = new uint256[](feeders);
            uint256[] memory round = new uint256[](feeders);
            // Who has moved to a place, plus one; zero: nobody has.
            uint256[] memory moved = new uint256[](length);
            for (uint256 f = 0; f < feeders; ++f) {
                left[f] = starts[f + 1] - starts[f];
            }
            uint256 there = length - LibBit.popCount(excluded & ((1 << length) - 1));
            places = new uint256[](count < there ? count : there);
            uint256 live = 0;
            uint256 found = 0;
            for (uint256 i = 0; found < places.length; ++i) {
                if (live == 0) {
                    for (uint256 f = 0; f < feeders; ++f) {
                        if (left[f] != 0) {
                            round[live++] = f;
                        }
                    }
                }
                uint256 random = uint256(EfficientHashLib.hash(seed, bytes32(i)));
                uint256 pick = (random >> 128) % live;
                uint256 feeder = round[pick];
                uint256 place = starts[feeder] + (uint128(random) % left[feeder]);
                uint256 last = starts[feeder] + --left[feeder];
                uint256 chosen = moved[place] == 0 ? place : moved[place] - 1;
                moved[place] = moved[last] == 0 ? last + 1 : moved[last];
                if ((excluded >> chosen) & 1 == 0) {
                    places[found++] = chosen;
                    round[pick] = round[--live];
                } else if (left[feeder] == 0) {
                    round[pick] = round[--live];
                }
            }
        }
    }

    /// @dev Where each feeder's members begin in a sorted list, and its length at the end.
    function _starts(bytes memory list) private pure returns (uint256[] memory starts) {
        uint256 length = list.length / ENTRY;
        starts = new uint256[](length + 1);
        // Safe: there are at most as many feeders as members, and the array becomes shorter.
        assembly ("memory-safe") {
            let next := add(starts, 0x20)
            let entry := add(list, 0x20)
            let last := not(0)
            for {
                let i := 0
            } lt(i, length) {
                i := add(i, 1)
            } {
                let feeder := shr(240, mload(entry))
                if iszero(eq(feeder, last)) {
                    mstore(next, i)
                    next := add(next, 0x20)
                    last := feeder
                }
                entry := add(entry, 22)
            }
            mstore(next, length)
            mstore(starts, shr(5, sub(next, starts)))
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
