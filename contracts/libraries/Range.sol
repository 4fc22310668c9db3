// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Range check of deployment parameters
library Range {
    /// @notice A constructor argument is outside what is allowed.
    /// @param name The argument's name.
    /// @param given What was given.
    /// @param min Least allowed.
    /// @param max Most allowed.
    error Range_Outside(string name, uint256 given, uint256 min, uint256 max);

    /// @notice Returns `given` if min <= given <= max, else reverts {Range_Outside}.
    function check(
        string memory name,
        uint256 given,
        uint256 min,
        uint256 max
    ) internal pure returns (uint256) {
        if (given < min || given > max) {
            revert Range_Outside(name, given, min, max);
        }
        return given;
    }
}
