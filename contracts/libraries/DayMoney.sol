// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Lanes, LanesLib} from "../types/Lanes.sol";

/// @title Money of a day, as it is posted
/// @notice Five bytes for each home, with a sign; earned is positive. Four homes are one word of lanes.
/// @custom:paper Z-5
library DayMoney {
    /// @dev Bytes of one home, and of the four homes in a word.
    uint256 internal constant HOME_BYTES = 5;
    uint256 internal constant WORD_BYTES = 20;

    /// @notice Units of one home; zero behind the last one.
    /// @param money The money of a day.
    /// @param home Number of the home; the caller has checked that the day has it, or a word of four with it.
    function ofHome(bytes calldata money, uint256 home) internal pure returns (int256 units) {
        // Safe: the five bytes lie within the money, and the shift keeps their sign.
        assembly ("memory-safe") {
            units := sar(216, calldataload(add(money.offset, mul(home, 5))))
        }
    }

    /// @notice Adds up the money of a day.
    /// @param money The money; whole words of four homes.
    /// @return total Σ of all.
    function sum(bytes calldata money) internal pure returns (int256 total) {
        unchecked {
            // Safe: at most 4,096 numbers of 40 bits.
            for (uint256 home = money.length / HOME_BYTES; home != 0; --home) {
                total += ofHome(money, home - 1);
            }
        }
    }

    /// @notice Pays four homes their money, and takes the fee of those that pay.
    /// @dev With all balances within {LanesLib.MAX} and fee < 2**32, a lane changes by less than 2**41. The
    /// word is the exact sum Σ balance_i · 2**(64 i), modulo 2**256, as in {LanesLib.pay}: it shows in its
    /// top bits whether a lane has left its range.
    /// @param self The word of the four homes.
    /// @param money The money of a day.
    /// @param word Number of the word.
    /// @param fee Units that each home pays that pays.
    /// @return moved The word after the payment; to be used only if it is not {LanesLib.isBroken}.
    /// @return payers How many of the four homes have paid.
    function pay(
        Lanes self,
        bytes calldata money,
        uint256 word,
        uint256 fee
    ) internal pure returns (Lanes moved, uint256 payers) {
        unchecked {
            uint256 sums = Lanes.unwrap(self);
            for (uint256 place = 0; place < LanesLib.HOMES; ++place) {
                int256 change = ofHome(money, word * LanesLib.HOMES + place);
                if (change < 0) {
                    change -= int256(fee);
                    ++payers;
                }
                sums += uint256(change) << LanesLib.shiftOf(place);
            }
            moved = Lanes.wrap(sums);
        }
    }
}
