// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CreditModel} from "../../contracts/libraries/CreditModel.sol";
import {WindowLib} from "../../contracts/types/Account.sol";

/// @notice The pure functions of the credit model one by one, for comparison with integers that cannot
/// overflow.
contract CreditHarness {
    function weightE9(uint256 z, uint256 sum, uint256 z0) external pure returns (uint256) {
        return CreditModel.weightE9(z, sum, z0);
    }

    function buyerGainE9(uint256 z, uint256 sum, uint256 z0, uint256 lE9) external pure returns (uint256) {
        return CreditModel.buyerGainE9(z, sum, z0, lE9);
    }

    function buyerLossE9(uint256 z, uint256 sum, uint256 lE9) external pure returns (uint256) {
        return CreditModel.buyerLossE9(z, sum, lE9);
    }

    function raised(
        uint256 creditE9,
        uint256 gainE9,
        uint256 aE9,
        uint256 bE9
    ) external pure returns (uint256) {
        return CreditModel.raised(creditE9, gainE9, aE9, bE9);
    }

    function lowered(
        uint256 creditE9,
        uint256 lossE9,
        uint256 c,
        uint256 aE9,
        uint256 bE9
    ) external pure returns (uint256) {
        return CreditModel.lowered(creditE9, lossE9, c, aE9, bE9);
    }

    function penaltyFactor(uint256 n) external pure returns (uint256) {
        return CreditModel.penaltyFactor(n);
    }

    function banSeconds(
        uint256 c,
        uint256 creditE9,
        uint256 unit,
        uint256 maxBan
    ) external pure returns (uint256) {
        return CreditModel.banSeconds(c, creditE9, unit, maxBan);
    }

    function push(uint256 window, uint256 z) external pure returns (uint256) {
        return WindowLib.push(window, z);
    }

    function sumOf(uint256 window, uint256 n) external pure returns (uint256) {
        return WindowLib.sum(window, n);
    }
}
