// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The best quotes so far, highest first, one per bidder; entry = amount << 160 | bidder, zero: empty.
struct Ranks {
    uint256[] entries;
}

/// @title Ranking of quotes for the generalised second price
/// @notice Keeps the k + 1 highest quotes of distinct bidders: k winners and the price of the last.
/// @custom:paper X-7
library Ranking {
    /// @notice An empty ranking of `size` places.
    function empty(uint256 size) internal pure returns (Ranks memory ranks) {
        ranks.entries = new uint256[](size);
    }

    /// @notice Whether a quote of `amount` would get a place.
    /// @dev A quote that equals the last place came later and gets none.
    function admits(Ranks memory ranks, uint256 amount) internal pure returns (bool) {
        return amount > ranks.entries[ranks.entries.length - 1] >> 160;
    }

    /// @notice Puts a quote in its place; a bidder keeps the highest only, and ties go to the quote put in first.
    function put(Ranks memory ranks, address bidder, uint256 amount) internal pure {
        uint256[] memory entries = ranks.entries;
        uint256 last = entries.length - 1;
        // An earlier quote of the bidder gives way to a higher one and holds against any other.
        for (uint256 i = 0; i <= last; ++i) {
            if (entries[i] != 0 && address(uint160(entries[i])) == bidder) {
                if (entries[i] >> 160 >= amount) {
                    return;
                }
                for (; i < last; ++i) {
                    entries[i] = entries[i + 1];
                }
                entries[last] = 0;
                break;
            }
        }
        if (entries[last] >> 160 >= amount) {
            return;
        }
        uint256 place = last;
        for (; place != 0 && entries[place - 1] >> 160 < amount; --place) {
            entries[place] = entries[place - 1];
        }
        entries[place] = (amount << 160) | uint160(bidder);
    }
}
