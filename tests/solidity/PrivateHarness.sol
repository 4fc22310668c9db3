// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DayMoney} from "../../contracts/libraries/DayMoney.sol";
import {SumTree} from "../../contracts/libraries/SumTree.sol";
import {Lanes} from "../../contracts/types/Lanes.sol";
import {Opening} from "../../contracts/types/PrivateSlot.sol";

/// @notice Opens the libraries of the private form to tests.
contract PrivateHarness {
    /// @param words Four balances each.
    /// @param money Money of the homes, in words of four.
    /// @param fee What each home pays that pays.
    /// @return answers Word afterwards, number of payers, and whether a lane left its range.
    /// @return total Σ of the money.
    function pay(
        uint256[] calldata words,
        bytes calldata money,
        uint256 fee
    ) external pure returns (uint256[3][] memory answers, int256 total) {
        answers = new uint256[3][](words.length);
        for (uint256 i = 0; i < words.length; ++i) {
            (Lanes moved, uint256 payers) = DayMoney.pay(Lanes.wrap(words[i]), money, i, fee);
            answers[i] = [Lanes.unwrap(moved), payers, moved.isBroken() ? 1 : 0];
        }
        total = DayMoney.sum(money);
    }

    /// @return roots Root over each opened leaf, if what is sold there is what is bought as well.
    /// @return sums What is sold and bought.
    function climb(
        Opening[] calldata openings,
        uint256 homes,
        uint256 before
    ) external pure returns (bytes32[] memory roots, uint256[2][] memory sums) {
        roots = new bytes32[](openings.length);
        sums = new uint256[2][](openings.length);
        for (uint256 i = 0; i < openings.length; ++i) {
            (bytes32 top, uint256 sold, uint256 bought) = SumTree.climb(openings[i], homes);
            roots[i] = SumTree.root(top, sold, homes, before);
            sums[i] = [sold, bought];
        }
    }

    /// @return ways For each place the way and its length.
    function waysTo(uint256 homes) external pure returns (uint256[2][] memory ways) {
        ways = new uint256[2][](homes);
        for (uint256 i = 0; i < homes; ++i) {
            (ways[i][0], ways[i][1]) = SumTree.wayTo(i, homes);
        }
    }
}
