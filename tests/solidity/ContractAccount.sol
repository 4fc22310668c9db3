// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "solady/src/utils/ECDSA.sol";

/// @notice A contract account that trades: its owner signs for it (ERC-1271) and acts through it.
contract ContractAccount {
    address private immutable _OWNER;

    error ContractAccount_NotOwner(address caller);

    constructor(address owner) {
        _OWNER = owner;
    }

    /// @notice Calls `target` as this account, with the coin that is sent along. Only the owner may.
    function act(address target, bytes calldata data) external payable {
        if (msg.sender != _OWNER) {
            revert ContractAccount_NotOwner(msg.sender);
        }
        (bool ok, bytes memory answer) = target.call{value: msg.value}(data);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(answer, 0x20), mload(answer))
            }
        }
    }

    /// @notice ERC-1271: the owner's signature is this account's.
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        return
            ECDSA.tryRecoverCalldata(hash, signature) == _OWNER
                ? this.isValidSignature.selector
                : bytes4(0xffffffff);
    }
}
