// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What a {LotReceiver} does when a lot arrives by safe transfer.
enum Welcome {
    Accept, // answers the magic value
    Refuse, // answers another value
    Reenter // makes a call and remembers whether it succeeded, then answers the magic value
}

/// @notice A contract that receives lots, for tests of safe transfers.
contract LotReceiver {
    Welcome private _welcome;
    address private _target;
    bytes private _data;

    /// @notice Whether the reentrant call succeeded.
    bool public succeeded;
    /// @notice keccak256 of the arguments that came with the last lot.
    bytes32 public received;

    /// @notice Sets how it welcomes lots from now on, and the call that it makes if it reenters.
    function prepare(Welcome welcome, address target, bytes calldata data) external {
        (_welcome, _target, _data) = (welcome, target, data);
    }

    /// @notice The hook of a safe transfer.
    function onERC721Received(
        address operator,
        address from,
        uint256 id,
        bytes calldata data
    ) external returns (bytes4) {
        received = keccak256(abi.encode(operator, from, id, data));
        if (_welcome == Welcome.Refuse) {
            return 0xffffffff;
        }
        if (_welcome == Welcome.Reenter) {
            (succeeded, ) = _target.call(_data);
        }
        return this.onERC721Received.selector;
    }
}
