// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The best quotes so far, one for each bidder.
/// @param entries Highest first. Each packs amount << 160 | bidder; zero: an empty place.
struct Ranks {
    uint256[] entries;
}

/// @title Ranking of quotes for the generalised second price
/// @notice Keeps the k + 1 highest quotes of distinct bidders: k winners and the price of the last.
/// @custom:paper X-7
library Ranking {
    /// @notice The amount in an entry, in units of account per kWh; zero if the place is empty.
    function amountOf(uint256 entry) internal pure returns (uint256) {
        return entry >> 160;
    }

    /// @notice The bidder in an entry; zero if the place is empty.
    function bidderOf(uint256 entry) internal pure returns (address) {
        return address(uint160(entry));
    }

    /// @notice An empty ranking.
    /// @param size How many places it has.
    function empty(uint256 size) internal pure returns (Ranks memory ranks) {
        ranks.entries = new uint256[](size);
    }

    /// @notice Whether a quote of `amount` would get a place. One that equals the last place came later and
    /// gets none.
    function admits(Ranks memory ranks, uint256 amount) internal pure returns (bool) {
        return amount > amountOf(ranks.entries[ranks.entries.length - 1]);
    }

    /// @notice Puts a quote in its place. A bidder keeps its highest quote only, and a tie goes to the quote
    /// that was put in first.
    /// @param ranks The ranking, which is changed in memory.
    /// @param bidder Account that bids.
    /// @param amount Units of account per kWh, above 0.
    function put(Ranks memory ranks, address bidder, uint256 amount) internal pure {
        uint256[] memory entries = ranks.entries;
        uint256 last = entries.length - 1;
        // An earlier quote of the bidder gives way to a higher one and holds against any other.
        for (uint256 i = 0; i <= last; ++i) {
            if (entries[i] != 0 && bidderOf(entries[i]) == bidder) {
                if (amountOf(entries[i]) >= amount) {
                    return;
                }
                for (; i < last; ++i) {
                    entries[i] = entries[i + 1];
                }
                entries[last] = 0;
                break;
            }
        }
        if (amountOf(entries[last]) >= amount) {
            return;
        }
        uint256 place = last;
        for (; place != 0 && amountOf(entries[place - 1]) < amount; --place) {
            entries[place] = entries[place - 1];
        }
        entries[place] = (amount << 160) | uint160(bidder);
    }
}
