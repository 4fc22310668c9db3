// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice How a {HostileToken} behaves.
enum Behaviour {
    Honest,
    Fee, // one base unit of every transfer is lost on the way
    ReturnsFalse, // moves nothing and returns false
    ReturnsNothing, // moves the amount, but answers no bytes, as USDT does
    Reverts,
    Keeps, // moves nothing and returns true
    Shrinks, // takes the amount from the recipient too
    Flatters, // reports twice the balance
    Reenters, // calls a contract before it moves anything
    Hooks // calls sender and recipient, as ERC-777 does
}

/// @notice An ERC-20 token that breaks one rule at a time, for tests of what the ledger does with it.
contract HostileToken {
    error HostileToken_No();

    mapping(address account => mapping(address spender => uint256)) public allowance;
    mapping(address account => uint256) private _balance;

    Behaviour private _behaviour;
    address private _target;
    bytes private _data;

    /// @notice Whether the reentrant call was made, whether it succeeded, and what it answered.
    bool public called;
    bool public succeeded;
    bytes public answer;

    /// @notice Sets how it behaves from now on, and the call that it makes if it reenters.
    function behave(Behaviour behaviour, address target, bytes calldata data) external {
        (_behaviour, _target, _data, called, succeeded, answer) = (behaviour, target, data, false, false, "");
    }

    function mint(address to, uint256 amount) external {
        _balance[to] += amount;
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        return true;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        allowance[from][msg.sender] -= amount;
        return _move(from, to, amount);
    }

    function balanceOf(address account) external view returns (uint256) {
        return _balance[account] * (_behaviour == Behaviour.Flatters ? 2 : 1);
    }

    function _move(address from, address to, uint256 amount) private returns (bool) {
        Behaviour behaviour = _behaviour;
        if (behaviour == Behaviour.Reverts) {
            revert HostileToken_No();
        }
        if (behaviour == Behaviour.ReturnsFalse) {
            return false;
        }
        if (behaviour == Behaviour.Keeps) {
            return true;
        }
        if (behaviour == Behaviour.Reenters) {
            called = true;
            (succeeded, answer) = _target.call(_data);
        }
        if (behaviour == Behaviour.Hooks) {
            _callHook(from);
        }
        _balance[from] -= amount;
        if (behaviour == Behaviour.Shrinks) {
            _balance[to] -= amount;
        } else {
            _balance[to] += behaviour == Behaviour.Fee ? amount - 1 : amount;
        }
        if (behaviour == Behaviour.Hooks) {
            _callHook(to);
        }
        if (behaviour == Behaviour.ReturnsNothing) {
            assembly {
                return(0, 0)
            }
        }
        return true;
    }

    /// @dev ERC-777 asks a registry for the hook; here every account that understands the hook is called.
    function _callHook(address account) private {
        (bool ok, ) = account.call(abi.encodeWithSignature("tokensMoved()"));
        called = called || ok;
    }
}
