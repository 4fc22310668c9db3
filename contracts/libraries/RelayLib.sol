// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PurseLib} from "../types/Account.sol";
import {SignerLib} from "./SignerLib.sol";

/// @title Signed orders that anyone may carry
/// @notice The checks that all of them share. The caller is never asked who it is: whoever copies a
/// transaction pays for the gas, and the fee goes to the relayer whom the signer named.
library RelayLib {
    /// @dev The most that the ledger can count. Every sum of a fee and one amount then stays below 2**64.
    uint256 internal constant MAX_FEE = PurseLib.MAX_AMOUNT;

    /// @notice The order's deadline has come.
    error RelayLib_OrderExpired(uint256 now_, uint256 deadline);
    /// @notice A fee needs a relayer who gets it, and the ledger must be able to count it.
    error RelayLib_BadFee(address relayer, uint256 fee, uint256 maxFee);
    /// @notice The account did not sign this order.
    error RelayLib_NotSigned(address account);

    /// @notice Checks that an order can still be carried out.
    /// @dev Reverts: {RelayLib_OrderExpired}.
    /// @param deadline Unix seconds; the order counts before.
    function checkTime(uint256 deadline) internal view {
        if (block.timestamp >= deadline) {
            revert RelayLib_OrderExpired(block.timestamp, deadline);
        }
    }

    /// @notice Whether a fee has a taker and can be counted.
    /// @param relayer Account that gets the fee.
    /// @param fee Units of account.
    function isFee(address relayer, uint256 fee) internal pure returns (bool) {
        return fee == 0 || (relayer != address(0) && fee <= MAX_FEE);
    }

    /// @notice Checks that a fee has a taker and can be counted.
    /// @dev Reverts: {RelayLib_BadFee}.
    /// @param relayer Account that gets the fee.
    /// @param fee Units of account.
    function checkFee(address relayer, uint256 fee) internal pure {
        if (!isFee(relayer, fee)) {
            revert RelayLib_BadFee(relayer, fee, MAX_FEE);
        }
    }

    /// @notice Checks that an account signed an order.
    /// @dev Reverts: {RelayLib_NotSigned}, {SignerLib_VerifierStarved}.
    /// @param account Account in whose name the order speaks.
    /// @param digest EIP-712 digest of the order.
    /// @param signature 65 or 64 bytes, or whatever the account's code understands (ERC-1271).
    function checkSigned(address account, bytes32 digest, bytes calldata signature) internal view {
        if (!SignerLib.isAccounts(account, digest, signature)) {
            revert RelayLib_NotSigned(account);
        }
    }
}
