// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LibBit} from "solady/src/utils/LibBit.sol";
import {ClusterDraw} from "../../contracts/libraries/ClusterDraw.sol";
import {PoolClearing} from "../../contracts/libraries/PoolClearing.sol";
import {Lanes, LanesLib} from "../../contracts/types/Lanes.sol";
import {Order, Pricing, Result} from "../../contracts/types/Slot.sol";

/// @notice Opens the libraries of the slot market to tests, many cases in one call.
contract SlotHarness {
    /// @param cases Word, price and fee of each.
    /// @param rows Sixteen rows for each, of which four count and the others are zero.
    /// @return answers Word afterwards, number of buyers, and whether a lane left its range.
    function pay(
        uint256[3][] calldata cases,
        bytes[] calldata rows
    ) external pure returns (uint256[3][] memory answers) {
        answers = new uint256[3][](cases.length);
        Lanes[] memory word = new Lanes[](4);
        for (uint256 i = 0; i < cases.length; ++i) {
            word[0] = Lanes.wrap(cases[i][0]);
            (uint256 buyers, bool broken) = LanesLib.payRows(word, rows[i], cases[i][1], cases[i][2]);
            answers[i] = [Lanes.unwrap(word[0]), buyers, broken ? 1 : 0];
        }
    }

    /// @param cases Formula, retail, feed-in, supply and demand of each.
    /// @return answers Prices.
    function price(uint256[5][] calldata cases) external pure returns (uint256[] memory answers) {
        answers = new uint256[](cases.length);
        for (uint256 i = 0; i < cases.length; ++i) {
            uint256[5] calldata c = cases[i];
            answers[i] = PoolClearing.price(Pricing(c[0]), c[1], c[2], c[3], c[4]);
        }
    }

    /// @param cases Row, reading, buy limit, sell limit, budget, exact, price, supply, demand, fee of each.
    /// @return answers Whether each row fits.
    function fits(int256[10][] calldata cases) external view returns (bool[] memory answers) {
        answers = new bool[](cases.length);
        for (uint256 i = 0; i < cases.length; ++i) {
            int256[10] calldata c = cases[i];
            Order memory o = Order(address(0), 5, 9, uint256(c[2]), uint256(c[3]), 0, 0);
            Result memory r;
            (r.slot, r.price) = (7, uint256(c[6]));
            (r.supplyWh, r.demandWh) = (uint256(c[7]), uint256(c[8]));
            answers[i] = this.fitsOne(c[0], o, c[1], uint256(c[4]), c[5] != 0, r, uint256(c[9]));
        }
    }

    /// @notice One case of {fits}; the library wants calldata.
    function fitsOne(
        int256 row,
        Order calldata o,
        int256 net,
        uint256 budget,
        bool exact,
        Result calldata r,
        uint256 fee
    ) external pure returns (bool) {
        return PoolClearing.fits(row, o, net, budget, exact, r, fee);
    }

    /// @return What the library makes of the rows.
    function measure(bytes calldata rows) external pure returns (uint256, uint256, bytes32) {
        return PoolClearing.measure(rows);
    }

    /// @return buyers How many homes have bought.
    /// @return broken Whether a lane left its range.
    /// @return moved The words afterwards.
    function payRows(
        Lanes[] memory words,
        bytes calldata rows,
        uint256 unitPrice,
        uint256 fee
    ) external pure returns (uint256 buyers, bool broken, Lanes[] memory moved) {
        (buyers, broken) = LanesLib.payRows(words, rows, unitPrice, fee);
        moved = words;
    }

    /// @return stored The list behind its directory.
    /// @return back The list again.
    /// @return count Its members.
    function directory(
        bytes calldata list
    ) external pure returns (bytes memory stored, bytes memory back, uint256 count) {
        stored = ClusterDraw.withDirectory(list);
        count = ClusterDraw.countOf(stored);
        back = ClusterDraw.withoutDirectory(bytes.concat(stored));
    }

    /// @return Places in the list.
    function draw(
        bytes calldata list,
        uint256 excluded,
        bytes32 seed,
        uint256 count
    ) external pure returns (uint256[] memory) {
        uint256 there = list.length / ClusterDraw.ENTRY - LibBit.popCount(excluded);
        return
            ClusterDraw.draw(ClusterDraw.withDirectory(list), excluded, seed, count < there ? count : there);
    }
}
