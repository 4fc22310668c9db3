// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What a {HostileReceiver} does when coin or a token hook arrives.
enum Reaction {
    Accept,
    Refuse,
    Reenter, // calls a contract and remembers its answer
    Burn // uses up all gas
}

/// @notice A contract account that reacts to what it receives, for tests of withdrawals.
contract HostileReceiver {
    error HostileReceiver_No();

    Reaction private _reaction;
    address private _target;
    bytes private _data;

    /// @notice Whether the reentrant call was made, whether it succeeded, and what it answered.
    bool public called;
    bool public succeeded;
    bytes public answer;

    receive() external payable {
        _react();
    }

    /// @notice The hook of a token.
    function tokensMoved() external {
        _react();
    }

    /// @notice Sets how it reacts from now on, and the call that it makes if it reenters.
    function prepare(Reaction reaction, address target, bytes calldata data) external {
        (_reaction, _target, _data) = (reaction, target, data);
    }

    /// @notice Calls `target` as this account.
    function act(address target, bytes calldata data) external payable {
        (bool ok, bytes memory result) = target.call{value: msg.value}(data);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(result, 0x20), mload(result))
            }
        }
    }

    function _react() private {
        if (_reaction == Reaction.Refuse) {
            revert HostileReceiver_No();
        }
        if (_reaction == Reaction.Burn) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        if (_reaction == Reaction.Reenter) {
            called = true;
            (succeeded, answer) = _target.call(_data);
        }
    }
}
