// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {NonceCancellation} from "../types/Relay.sol";

/// @title Unordered nonces
/// @notice Each nonce of an owner counts once, in any order, and its owner can void it before it is used. So
/// one order that waits does not hold up another.
interface IUnorderedNonces {
    /// @notice Nonces of an owner were used or voided: none of them counts any more.
    /// @param owner Account whose nonces they are.
    /// @param word Which 256 nonces: the nonce divided by 256.
    /// @param mask Which of them: bit i stands for the nonce 256 · word + i.
    event NoncesUsed(address indexed owner, uint256 word, uint256 mask);

    /// @notice The nonce was used or voided before.
    error UnorderedNonces_NonceUsed(address owner, uint256 nonce);

    /// @notice Voids nonces of the caller, used or not. Every order that was signed with one of them and not
    /// carried out yet is void at once.
    /// @dev Emits {NoncesUsed}.
    /// @param word Which 256 nonces: the nonce divided by 256.
    /// @param mask Which of them: bit i stands for the nonce 256 · word + i.
    function voidNonces(uint256 word, uint256 mask) external;

    /// @notice {voidNonces} on the owner's signed order. Anyone may submit it.
    /// @dev Emits {NoncesUsed}. Reverts: {RelayLib_OrderExpired}, {RelayLib_NotSigned},
    /// {SignerLib_VerifierStarved}. Submitted again, it changes nothing.
    /// @custom:signed NonceCancellation(address owner, uint256 word, uint256 mask, uint256 deadline)
    /// @param order Whose nonces, which, and until when.
    /// @param signature The owner's EIP-712 signature (65 or 64 bytes, or ERC-1271).
    function voidNoncesFor(NonceCancellation calldata order, bytes calldata signature) external;

    /// @notice Which nonces of an owner do not count any more.
    /// @param owner Any account.
    /// @param word Which 256 nonces: the nonce divided by 256.
    /// @return mask Bit i stands for the nonce 256 · word + i.
    function nonceMask(address owner, uint256 word) external view returns (uint256 mask);
}
