// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A contract with one rule, for tests of `energy_trading/chain/`.
contract Counter {
    error Counter_TooFar(uint256 given, uint256 allowed);

    event CounterMoved(address indexed by, uint256 count);

    uint256 internal constant MAX_STEP = 10;

    // slot 0: count 256
    uint256 public count;

    /// @notice Adds `step`, at most 10, to the count.
    function move(uint256 step) external payable {
        if (step > MAX_STEP) {
            revert Counter_TooFar(step, MAX_STEP);
        }
        count += step;
        emit CounterMoved(msg.sender, count);
    }

    /// @notice Fails with a reason string, as older contracts do.
    function complain() external pure {
        revert("no"); // solhint-disable-line gas-custom-errors
    }

    /// @notice Divides 1, and fails with a panic if it is by zero.
    function divide(uint256 by) external pure returns (uint256) {
        return 1 / by;
    }

    /// @notice Fails without any data.
    function vanish() external pure {
        assembly {
            revert(0, 0)
        }
    }
}
