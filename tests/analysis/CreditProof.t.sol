// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CreditModel} from "../../contracts/libraries/CreditModel.sol";
import {WindowLib} from "../../contracts/types/Account.sol";

/// @notice Proofs for every input within the bounds that CreditModel.sol states; `make analyze` runs them.
/// @dev Each computes the same in checked arithmetic: an overflow is a panic, which the prover reports. The
/// functions with two or more symbolic factors are too hard for it; the differential test holds their
/// corners.
contract CreditProof {
    // The prover looks for these prefixes; `full_` takes long.
    // solhint-disable func-name-mixedcase

    uint256 private constant E9 = 1e9;

    /// @notice A window's sum is the sum of its newest `n` bytes, for n = 1 … 10.
    function check_sum(uint80 window) external pure {
        uint256 total;
        for (uint256 n = 1; n <= WindowLib.LENGTH; ++n) {
            total += (uint256(window) >> (8 * (n - 1))) & 0xff;
            assert(WindowLib.sum(window, n) == total);
        }
        assert(total < 2 ** 12);
    }

    /// @notice Pushing puts z in front, moves the others on and drops the oldest.
    function check_push(uint80 window, uint8 z) external pure {
        uint256 pushed = WindowLib.push(window, z);
        assert(pushed & 0xff == z);
        assert(pushed >> 8 == uint256(window) & type(uint72).max);
    }

    /// @notice s(z) and f(z) do not overflow and stay at or below 1.
    function full_weight(uint8 z, uint16 sum, uint32 z0) external pure {
        if (z0 == 0 || sum < z || sum >= 2 ** 12) {
            return;
        }
        uint256 weight = CreditModel.weightE9(z, sum, z0);
        assert(weight == (uint256(z) * E9) / (uint256(sum) + z0));
        assert(weight <= E9);
    }

    /// @notice c(n) lies between 1 and 2**31 for every count of defaults.
    function check_penaltyFactor(uint16 n) external pure {
        if (n == 0) {
            return;
        }
        uint256 c = CreditModel.penaltyFactor(n);
        assert(c >= 1 && c <= 2 ** 31);
        if (n <= 32) {
            assert(c == 2 ** (uint256(n) - 1));
        }
    }
}
