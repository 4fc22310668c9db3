// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Lanes, LanesLib} from "../../contracts/types/Lanes.sol";
import {Proof} from "./Proof.sol";

/// @notice Four lanes moved equal four balances moved, for all balances, rows, prices and fees.
/// @dev Prices and fees are cut to a few bits that stand for all 32, because a solver multiplies slowly; the
/// ends of the range are in tests/differential/test_slots.py.
/// @custom:paper Z-5
contract LanesProof is Proof {
    // The prover looks for this prefix.
    // solhint-disable func-name-mixedcase

    /// @notice If no balance leaves its range, the word holds the four balances; if one does, it shows.
    function check_fourLanesAreFourBalances(
        uint64[4] calldata balances,
        int16[4] calldata rows,
        uint8 price,
        uint32 fee
    ) external pure {
        uint256 word = 0;
        uint256 packed = 0;
        uint256 buyers = 0;
        bool inRange = true;
        int256[4] memory expected;
        for (uint256 i = 0; i < 4; ++i) {
            VM.assume(balances[i] <= LanesLib.MAX);
            word = (word << 64) | balances[i];
            packed = (packed << 16) | uint16(rows[i]);
            expected[i] = int256(uint256(balances[i])) + int256(rows[i]) * int256(uint256(price));
            if (rows[i] < 0) {
                expected[i] -= int256(uint256(fee));
                ++buyers;
            }
            inRange = inRange && expected[i] >= 0 && expected[i] <= int256(LanesLib.MAX);
        }
        (Lanes moved, uint256 found) = Lanes.wrap(word).pay(packed, price, fee);
        assert(found == buyers);
        assert(moved.isBroken() == !inRange);
        if (inRange) {
            for (uint256 i = 0; i < 4; ++i) {
                assert(int256(moved.balance(i)) == expected[i]);
            }
        }
    }

    /// @notice Adding to one home and taking from it leaves the neighbours alone.
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
}
