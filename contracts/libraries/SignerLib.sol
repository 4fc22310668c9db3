// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC7913SignatureVerifier} from "@openzeppelin/contracts/interfaces/IERC7913.sol";
import {ECDSA} from "solady/src/utils/ECDSA.sol";
import {SignatureCheckerLib} from "solady/src/utils/SignatureCheckerLib.sol";

/// @title Signatures of meters and accounts
/// @notice Meters sign as ERC-7913 signers, accounts with their key or by their code (ERC-1271).
/// @custom:paper N-3, N-6
library SignerLib {
    /// @dev Gas that a verifier contract may use. OpenZeppelin's P-256 in Solidity needs about 230,000. A
    /// verifier that wants more spoils its own receipt, and not the batch that contains it.
    uint256 internal constant VERIFIER_GAS = 400_000;

    /// @notice Whether a signature is an ERC-7913 signer's. It never reverts.
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
        address verifier = address(bytes20(signer));
        (bool ok, bytes memory answer) = _boundedStaticcall(
            verifier,
            abi.encodeCall(IERC7913SignatureVerifier.verify, (signer[20:], digest, signature))
        );
        // The whole word is compared: a hash precompile that poses as verifier could be made to answer four
        // right bytes by 2**32 tries.
        return
            ok &&
            answer.length == 32 &&
            bytes32(answer) == bytes32(IERC7913SignatureVerifier.verify.selector);
    }

    /// @notice Whether a signature is an account's: by its key, or else by its code (ERC-1271). An account
    /// with a key and code (EIP-7702) may sign with either.
    /// @dev The key comes first, so that an ordinary account's code need not be looked at, which saves 2,600
    /// gas.
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
        return SignatureCheckerLib.isValidERC1271SignatureNowCalldata(account, digest, signature);
    }

    /// @dev Calls with {VERIFIER_GAS} and copies at most 32 bytes back, so that a verifier cannot make the
    /// caller pay for a huge answer.
    /// @return ok Whether the call succeeded.
    /// @return answer As long as the target's answer, with its first 32 bytes.
    function _boundedStaticcall(
        address target,
        bytes memory data
    ) private view returns (bool ok, bytes memory answer) {
        uint256 stipend = VERIFIER_GAS;
        assembly ("memory-safe") {
            ok := staticcall(stipend, target, add(data, 0x20), mload(data), 0x00, 0x20)
            answer := mload(0x40)
            mstore(0x40, add(answer, 0x40))
            mstore(answer, returndatasize())
            mstore(add(answer, 0x20), mload(0x00))
        }
    }
}
