// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Order, Pricing, Result} from "../types/Slot.sol";

/// @title Clearing of the mid-rate pool, as far as the chain checks it
/// @notice One price per slot by a formula. Everybody who accepts it takes part: the short side is filled
/// whole, the long side in proportion.
/// @custom:paper Z-4, Z-7
library PoolClearing {
    /// @dev A row has 16 bits with a sign, so more of a reading is not shared.
    uint256 internal constant MAX_ROW_WH = uint256(uint16(type(int16).max));
    /// @dev Bytes of the rows in one chunk: 64 homes.
    uint256 internal constant CHUNK_BYTES = 128;
    uint256 private constant ROW_ONES = 0x0001000100010001000100010001000100010001000100010001000100010001;
    uint256 private constant PAIR_ROWS = 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
    uint256 private constant PAIR_ONES = 0x0000000100000001000000010000000100000001000000010000000100000001;

    /// @notice The price of a slot.
    /// @dev Rounding: down. Safe for tariffs below 2**32 and totals below 2**40.
    /// @param pricing The formula.
    /// @param retail What a home pays its supplier, units per Wh.
    /// @param feedIn What a home is paid for what it feeds in, units per Wh; 1 … retail.
    /// @param supplyWh Wh that the homes with an order fed in.
    /// @param demandWh Wh that the homes with an order drew.
    /// @return Units per Wh, feedIn … retail.
    function price(
        Pricing pricing,
        uint256 retail,
        uint256 feedIn,
        uint256 supplyWh,
        uint256 demandWh
    ) internal pure returns (uint256) {
        unchecked {
            if (pricing == Pricing.MidRate) {
                return (retail + feedIn) / 2;
            }
            if (supplyWh >= demandWh) {
                return feedIn;
            }
            return (retail * feedIn * demandWh) / ((retail - feedIn) * supplyWh + feedIn * demandWh);
        }
    }

    /// @notice Adds up the rows of a slot and hashes them.
    /// @dev The caller has checked that there is at least one word of 16 rows and no part of one.
    /// @param rows Rows of 16 bits with a sign, sold is positive.
    /// @return soldWh Σ of the positive rows.
    /// @return boughtWh Σ of the negative rows without their sign.
    /// @return root Root of the rows.
    function measure(
        bytes calldata rows
    ) internal pure returns (uint256 soldWh, uint256 boughtWh, bytes32 root) {
        unchecked {
            // Safe: rows are added in lanes of 32 bits, and 8,192 rows below 2**16 stay below 2**29.
            for (uint256 i = 0; i < rows.length; i += 32) {
                uint256 word;
                // Safe: a whole word is left.
                assembly ("memory-safe") {
                    word := calldataload(add(rows.offset, i))
                }
                uint256 sign = (word >> 15) & ROW_ONES;
                uint256 negative = sign * type(uint16).max;
                uint256 sold = word & ~negative;
                // Two's complement: no row carries, because the largest has 2**15.
                uint256 bought = (~word & negative) + sign;
                soldWh += (sold & PAIR_ROWS) + ((sold >> 16) & PAIR_ROWS);
                boughtWh += (bought & PAIR_ROWS) + ((bought >> 16) & PAIR_ROWS);
            }
            soldWh = (soldWh * PAIR_ONES) >> 224;
            boughtWh = (boughtWh * PAIR_ONES) >> 224;
        }
        root = rootOf(rows);
    }

    /// @notice Root of the rows: keccak256 of the hashes of their chunks.
    /// @param rows The rows of a slot.
    function rootOf(bytes calldata rows) internal pure returns (bytes32 root) {
        // Safe: memory from the free pointer on is scratch space. The hashes are written behind the place of
        // one chunk.
        assembly ("memory-safe") {
            let chunk := mload(0x40)
            let hashes := add(chunk, 128)
            let next := hashes
            for {
                let left := rows.length
                let from := rows.offset
            } left {} {
                let size := left
                if gt(size, 128) {
                    size := 128
                }
                calldatacopy(chunk, from, size)
                mstore(next, keccak256(chunk, size))
                next := add(next, 32)
                from := add(from, size)
                left := sub(left, size)
            }
            root := keccak256(hashes, sub(next, hashes))
        }
    }

    /// @notice Whether a row is what an order and a reading lead to.
    /// @dev Rounding: a row of the long side is the home's share rounded down, or one Wh more, by a rule that
    /// everybody recomputes from public data. Safe for totals below 2**40 and amounts below 2**64.
    /// @param row The row, Wh; sold is positive.
    /// @param order The home's order.
    /// @param netWh The home's reading.
    /// @param budget Units that the home can pay in the slot.
    /// @param exact Whether the budget is known. If not, a buyer may have got less.
    /// @param r The slot's result.
    /// @param fee Units that each buying home pays.
    /// @return Whether the row fits.
    function fits(
        int256 row,
        Order calldata order,
        int256 netWh,
        uint256 budget,
        bool exact,
        Result calldata r,
        uint256 fee
    ) internal pure returns (bool) {
        unchecked {
            bool sells = netWh > 0;
            // Safe: -2**255 is its own negative, and is the same number without a sign.
            uint256 wh = sells ? uint256(netWh) : uint256(-netWh);
            if (wh > MAX_ROW_WH) {
                wh = MAX_ROW_WH;
            }
            if (r.slot < order.firstSlot || r.slot > order.lastSlot) {
                wh = 0;
            }
            if (sells) {
                if (r.price < order.sellLimit) {
                    wh = 0;
                }
            } else {
                uint256 most = budget > fee ? (budget - fee) / r.price : 0;
                if (r.price > order.buyLimit) {
                    wh = 0;
                } else if (wh > most) {
                    wh = most;
                }
            }
            (uint256 own, uint256 other) = sells ? (r.supplyWh, r.demandWh) : (r.demandWh, r.supplyWh);
            uint256 least = own > other ? (wh * other) / own : wh;
            // The long side's share is whole, or has one Wh to come.
            uint256 greatest = own > other && (wh * other) % own != 0 ? least + 1 : least;
            if (row == 0) {
                return least == 0 || !(exact || sells);
            }
            if ((row > 0) != sells) {
                return false;
            }
            uint256 given = uint256(row > 0 ? row : -row);
            return given <= greatest && (given >= least || !(exact || sells));
        }
    }
}
