// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IERC7913SignatureVerifier} from "@openzeppelin/contracts/interfaces/IERC7913.sol";
import {ECDSA} from "solady/src/utils/ECDSA.sol";

/// @title Signatures of meters and accounts
/// @notice Meters sign as ERC-7913 signers, accounts with their key or by their code (ERC-1271).
/// @custom:paper N-3, N-6
library SignerLib {
    /// @dev Gas that a verifier contract, or the code of an account, may use. OpenZeppelin's P-256 in
    /// Solidity needs about 230,000. A verifier that wants more spoils its own receipt, and not the batch
    /// that contains it.
    uint256 internal constant VERIFIER_GAS = 400_000;

    /// @dev Gas that the caller must have left for a verifier's "no" to count. A call hands on at most 63/64
    /// of what is left after its own price (EIP-150), which is 2,600 for an account that was not looked at
    /// yet (EIP-2929), and as much again if it delegates (EIP-7702).
    uint256 internal constant VERIFIER_RESERVE = (VERIFIER_GAS * 64) / 63 + 6_000;

    /// @notice The verifier did not confirm the signature, but it may have lacked the gas to do so. Send the
    /// transaction with more gas.
    error SignerLib_VerifierStarved(address verifier, uint256 gasLeft, uint256 needed);

    /// @notice Whether a signature is an ERC-7913 signer's.
    /// @dev Whoever sends the transaction chooses its gas, so a "no" of a verifier counts only if the
    /// verifier could have had {VERIFIER_GAS}. A "yes" needs no such check. Reverts:
    /// {SignerLib_VerifierStarved}.
    /// @param signer 20 bytes: a secp256k1 address (a meter is never a contract account). More: the address
    /// of a verifier contract followed by the key. Fewer bytes sign nothing.
    /// @param digest What was signed.
    /// @param signature The signature.
    function isValid(
        bytes calldata signer,
        bytes32 digest,
        bytes calldata signature
    ) internal view returns (bool) {
        if (signer.length == 20) {
            address expected = address(bytes20(signer));
            return expected != address(0) && ECDSA.tryRecoverCalldata(digest, signature) == expected;
        }
        if (signer.length < 20) {
            return false;
        }
        return _isVerified(signer, digest, signature);
    }

    /// @dev The part of {isValid} for verifier contracts. It stands apart so that the signature of a key
    /// account costs no more because of it.
    function _isVerified(
        bytes calldata signer,
        bytes32 digest,
        bytes calldata signature
    ) private view returns (bool) {
        bytes memory question = abi.encodeCall(
            IERC7913SignatureVerifier.verify,
            (signer[20:], digest, signature)
        );
        return _confirms(address(bytes20(signer)), question, IERC7913SignatureVerifier.verify.selector);
    }

    /// @notice Whether a signature is an account's: by its key, or else by its code (ERC-1271). An account
    /// with a key and code (EIP-7702) may sign with either.
    /// @dev The key comes first, so that an ordinary account's code need not be looked at, which saves 2,600
    /// gas. Code is asked with {VERIFIER_GAS}, and its "no" counts as {isValid} says. Reverts:
    /// {SignerLib_VerifierStarved}.
    /// @param account Any account; the zero address signs nothing.
    /// @param digest What was signed.
    /// @param signature 65 or 64 bytes, or whatever the account's code understands.
    function isAccounts(
        address account,
        bytes32 digest,
        bytes calldata signature
    ) internal view returns (bool) {
        if (account == address(0)) {
            return false;
        }
        if (ECDSA.tryRecoverCalldata(digest, signature) == account) {
            return true;
        }
        if (account.code.length == 0) {
            return false;
        }
        bytes memory question = abi.encodeCall(IERC1271.isValidSignature, (digest, signature));
        return _confirms(account, question, IERC1271.isValidSignature.selector);
    }

    /// @dev Asks with {VERIFIER_GAS} and copies at most 32 bytes back, so that a verifier cannot make the
    /// caller pay for a huge answer. The whole word is compared: a hash precompile that poses as verifier
    /// could be made to answer four right bytes by 2**32 tries. Reverts: {SignerLib_VerifierStarved}.
    /// @return yes Whether the verifier answered the selector of its function and nothing else.
    function _confirms(
        address verifier,
        bytes memory question,
        bytes4 selector
    ) private view returns (bool yes) {
        uint256 gasLeft = gasleft();
        uint256 stipend = VERIFIER_GAS;
        bytes32 magic = bytes32(selector);
        assembly ("memory-safe") {
            let ok := staticcall(stipend, verifier, add(question, 0x20), mload(question), 0x00, 0x20)
            yes := and(and(ok, eq(returndatasize(), 0x20)), eq(mload(0x00), magic))
        }
        if (!yes && gasLeft < VERIFIER_RESERVE) {
            revert SignerLib_VerifierStarved(verifier, gasLeft, VERIFIER_RESERVE);
        }
    }
}
