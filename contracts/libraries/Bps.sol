// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Shares in basis points, hundredths of a per cent
library Bps {
    /// @dev The whole.
    uint256 internal constant ONE = 10_000;

    /// @notice `bps` of `amount`, rounded down.
    /// @dev Safe without checks for amount < 2**128 and bps <= {ONE} < 2**14.
    function shareDown(uint256 amount, uint256 bps) internal pure returns (uint256) {
        unchecked {
            return (amount * bps) / ONE;
        }
    }
}
