// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ranking, Ranks} from "../../contracts/libraries/Ranking.sol";

/// @notice The ranking of an auction is the same however its quotes are cut into chunks: every case of four
/// quotes.
/// @dev {Ranking} only compares amounts and asks whether bidders are the same, so four amounts and four
/// bidders show every way in which four quotes can stand to each other.
/// @custom:paper X-6, X-7, X-11
contract RankingTest {
    using Ranking for Ranks;

    uint256 private constant QUOTES = 4;

    /// @notice One to three lots, all eight cuts: the younger chunk is ranked first, as {SealedBidAuction}
    /// does, and its best follow the older chunk's.
    function test_everyCutRanksTheSame() external pure {
        uint256 free;
        assembly ("memory-safe") {
            free := mload(0x40)
        }
        for (uint256 quotes = 0; quotes < 16 ** QUOTES; ++quotes) {
            if (_repeated(quotes)) {
                continue;
            }
            for (uint256 size = 2; size <= QUOTES; ++size) {
                bytes32 whole = _hash(_rank(quotes, size, 0));
                for (uint256 cuts = 1; cuts < 2 ** (QUOTES - 1); ++cuts) {
                    require(_hash(_rank(quotes, size, cuts)) == whole, "another cut, another ranking");
                }
            }
            // Safe: nothing in memory is used again; else it grows with each case.
            assembly ("memory-safe") {
                mstore(0x40, free)
            }
        }
    }

    /// @dev Bidders' names do not count: only cases in which new ones come in their order.
    function _repeated(uint256 quotes) private pure returns (bool) {
        uint256 known;
        for (uint256 i = 0; i < QUOTES; ++i) {
            uint256 bidder = (quotes >> (4 * i)) & 3;
            if (bidder > known) {
                return true;
            }
            if (bidder == known) {
                ++known;
            }
        }
        return false;
    }

    /// @dev Bit i of `cuts`: a chunk begins after quote i.
    function _rank(uint256 quotes, uint256 size, uint256 cuts) private pure returns (Ranks memory best) {
        best = Ranking.empty(size);
        uint256 end = QUOTES;
        for (uint256 start = QUOTES; start != 0;) {
            --start;
            if (start != 0 && (cuts >> (start - 1)) & 1 == 0) {
                continue;
            }
            Ranks memory younger = best;
            best = Ranking.empty(size);
            for (uint256 i = start; i < end; ++i) {
                uint256 amount = 1 + ((quotes >> (4 * i + 2)) & 3);
                if (best.admits(amount)) {
                    best.put(_bidder(quotes, i), amount);
                }
            }
            for (uint256 i = 0; i < size && younger.entries[i] != 0; ++i) {
                best.put(address(uint160(younger.entries[i])), younger.entries[i] >> 160);
            }
            end = start;
        }
    }

    function _bidder(uint256 quotes, uint256 i) private pure returns (address) {
        return address(uint160(1 + ((quotes >> (4 * i)) & 3)));
    }

    function _hash(Ranks memory ranks) private pure returns (bytes32) {
        return keccak256(abi.encode(ranks.entries));
    }
}
