// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Lanes, LanesLib} from "../../contracts/types/Lanes.sol";
import {Proof} from "./Proof.sol";

/// @notice Four lanes moved equal four balances moved, and no lane leaks into its neighbour.
/// @dev {LanesLib.payRows} computes word + four · price - bought · (price · 2**16 + fee), modulo 2**256. The
/// proof has three parts:
///
/// 1. four = Σ u_i · 2**(64 i) and bought = Σ s_i · 2**(64 i), where u_i is row i read without its sign, and
///    s_i says whether it is negative: {check_rowsGetLanes}, for all rows.
/// 2. So the change of the word is Σ (row_i · price - s_i · fee) · 2**(64 i), because a product with a sum is
///    the sum of the products, also modulo 2**256. A solver would have to multiply two unknown numbers; so
///    the code is proven at the ends of the range of prices, {check_payAtTheLowestPrice} and
///    {check_payAtTheHighestBit}, and tests/differential/test_slots.py multiplies 12,000 times between them.
/// 3. A word that is changed by Σ d_i · 2**(64 i) with |d_i| < 2**48 holds the four balances changed by d_i
/// if    all of them stay in their range, and shows a top bit if one does not:
/// {check_changesStayInTheirLanes}, for    all balances and changes. A price below 2**32 moves a row by less
/// than 2**47, and the fee is below 2**32.
/// @custom:paper Z-5
contract LanesProof is Proof {
    // The prover looks for this prefix.
    // solhint-disable func-name-mixedcase

    /// @notice Part 1: at price one and without a fee, each lane changes by its own row.
    function check_rowsGetLanes(uint256 word, uint256 rows) external pure {
        VM.assume(rows < 2 ** 64);
        (Lanes moved, uint256 buyers) = _pay(word, 1, 0);
        uint256 change = 0;
        uint256 negative = 0;
        for (uint256 i = 0; i < 4; ++i) {
            int256 row = int16(uint16(rows >> (16 * i)));
            unchecked {
                change += uint256(row) << (64 * i);
            }
            negative += row < 0 ? 1 : 0;
        }
        unchecked {
            assert(Lanes.unwrap(moved) == word + change);
        }
        assert(buyers == negative);
    }

    /// @notice Part 2 at price one, with every fee.
    function check_payAtTheLowestPrice(uint256 word, uint256 rows, uint32 fee) external pure {
        VM.assume(rows < 2 ** 64);
        (Lanes moved, ) = _pay(word, 1, fee);
        assert(Lanes.unwrap(moved) == _changed(word, rows, 0, fee));
    }

    /// @notice Part 2 at the price 2**31, with every fee.
    function check_payAtTheHighestBit(uint256 word, uint256 rows, uint32 fee) external pure {
        VM.assume(rows < 2 ** 64);
        (Lanes moved, ) = _pay(word, 2 ** 31, fee);
        assert(Lanes.unwrap(moved) == _changed(word, rows, 31, fee));
    }

    /// @notice Part 3: what is added to the lanes stays in them, or shows.
    function check_changesStayInTheirLanes(
        uint64[4] calldata balances,
        int56[4] calldata changes
    ) external pure {
        uint256 word = 0;
        uint256 change = 0;
        uint256 expected = 0;
        bool inRange = true;
        for (uint256 i = 0; i < 4; ++i) {
            VM.assume(balances[i] <= LanesLib.MAX);
            VM.assume(changes[i] > -(2 ** 48) && changes[i] < 2 ** 48);
            uint256 shift = LanesLib.shiftOf(i);
            int256 balance = int256(uint256(balances[i])) + changes[i];
            inRange = inRange && balance >= 0 && balance <= int256(LanesLib.MAX);
            unchecked {
                word += uint256(balances[i]) << shift;
                change += uint256(int256(changes[i])) << shift;
                expected += uint256(balance) << shift;
            }
        }
        unchecked {
            Lanes moved = Lanes.wrap(word + change);
            assert(moved.isBroken() == !inRange);
            // If all are in range, no lane borrows or carries: the word is made of them.
            assert(!inRange || Lanes.unwrap(moved) == expected);
        }
    }

    /// @notice Adding to one home and taking from it leaves the neighbours alone, so the sum of all changes
    /// by as much.
    function check_oneLaneAlone(
        uint256 word,
        uint8 home,
        uint8 other,
        uint64 amount,
        uint64 taken
    ) external pure {
        VM.assume(home < 4 && other < 4 && other != home && amount <= LanesLib.MAX);
        Lanes old = Lanes.wrap(word);
        VM.assume(!old.isBroken() && old.balance(home) + amount <= LanesLib.MAX);
        Lanes more = old.add(home, amount);
        assert(more.balance(home) == old.balance(home) + amount);
        assert(more.balance(other) == old.balance(other));
        VM.assume(taken <= more.balance(home));
        Lanes less = more.sub(home, taken);
        assert(less.balance(home) == more.balance(home) - taken);
        assert(less.balance(other) == old.balance(other));
    }

    /// @dev What {LanesLib.payRows} makes of a word and the four rows in the proof's second argument.
    function _pay(
        uint256 word,
        uint256 price,
        uint256 fee
    ) private pure returns (Lanes moved, uint256 buyers) {
        bytes calldata rows;
        // They are the last 8 bytes of the argument. Sixteen rows are read: the others are zero, because the
        // third argument, if there is one, has less than 8 bytes.
        assembly {
            rows.offset := 60
            rows.length := 32
        }
        Lanes[] memory words = new Lanes[](4);
        words[0] = Lanes.wrap(word);
        (buyers, ) = LanesLib.payRows(words, rows, price, fee);
        moved = words[0];
    }

    /// @dev word + Σ (row_i · price - s_i · fee) · 2**(64 i), written with shifts: the price is 2**bits.
    function _changed(uint256 word, uint256 rows, uint256 bits, uint256 fee) private pure returns (uint256) {
        unchecked {
            for (uint256 i = 0; i < 4; ++i) {
                int256 row = int16(uint16(rows >> (16 * i)));
                uint256 paid = uint256(row) << bits;
                word += (row < 0 ? paid - fee : paid) << (64 * i);
            }
            return word;
        }
    }
}
