// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Range check of deployment parameters
library Range {
    /// @notice A constructor argument is outside its range.
    /// @param name Name of the argument.
    /// @param given Its value.
    /// @param min Least value allowed.
    /// @param max Greatest value allowed.
    error Range_Outside(string name, uint256 given, uint256 min, uint256 max);

    /// @notice Returns `given` if min <= given <= max.
    /// @dev Reverts: {Range_Outside}.
    /// @param name Name of the argument.
    /// @param given Its value.
    /// @param min Least value allowed.
    /// @param max Greatest value allowed.
    /// @return The value.
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
