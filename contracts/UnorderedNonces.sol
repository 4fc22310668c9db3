// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "solady/src/utils/EIP712.sol";
import {IUnorderedNonces} from "./interfaces/IUnorderedNonces.sol";
import {RelayLib} from "./libraries/RelayLib.sol";
import {NonceCancellation} from "./types/Relay.sol";

/// @title Unordered nonces
/// @notice Specified in {IUnorderedNonces}.
/// @dev A part of {EnergyLedger} and of {RelayDesk}, each of which has nonces of its own.
abstract contract UnorderedNonces is IUnorderedNonces, EIP712 {
    bytes32 private constant NONCE_CANCELLATION_TYPEHASH = keccak256(
        "NonceCancellation(address owner,uint256 word,uint256 mask,uint256 deadline)"
    );

    /// @inheritdoc IUnorderedNonces
    mapping(address owner => mapping(uint256 word => uint256 mask)) public nonceMask;

    /// @inheritdoc IUnorderedNonces
    function voidNonces(uint256 word, uint256 mask) external {
        _void(msg.sender, word, mask);
    }

    /// @inheritdoc IUnorderedNonces
    function voidNoncesFor(NonceCancellation calldata order, bytes calldata signature) external {
        RelayLib.checkTime(order.deadline);
        bytes32 structHash = keccak256(abi.encode(NONCE_CANCELLATION_TYPEHASH, order));
        RelayLib.checkSigned(order.owner, _hashTypedData(structHash), signature);
        _void(order.owner, order.word, order.mask);
    }

    /// @dev Emits {NoncesUsed}. Reverts: {UnorderedNonces_NonceUsed}.
    /// @param owner Account that signed an order.
    /// @param nonce Nonce of the order.
    function _useNonce(address owner, uint256 nonce) internal {
        uint256 word = nonce >> 8;
        uint256 bit = 1 << (nonce & 0xff);
        if (nonceMask[owner][word] & bit != 0) {
            revert UnorderedNonces_NonceUsed(owner, nonce);
        }
        _void(owner, word, bit);
    }

    function _void(address owner, uint256 word, uint256 mask) private {
        nonceMask[owner][word] |= mask;
        emit NoncesUsed(owner, word, mask);
    }
}
