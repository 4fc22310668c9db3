// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC7913SignatureVerifier} from "@openzeppelin/contracts/interfaces/IERC7913.sol";
import {ECDSA} from "solady/src/utils/ECDSA.sol";
import {SignatureCheckerLib} from "solady/src/utils/SignatureCheckerLib.sol";

/// @title Signatures of meters (ERC-7913 signers)
/// @custom:paper N-3, N-6
library SignerLib {
    /// @dev What a verifier contract may use: OpenZeppelin's P-256 in Solidity needs about 230,000. A verifier that
    /// wants more spoils its own receipt, not the batch it is in.
    uint256 internal constant VERIFIER_GAS = 400_000;

    /// @notice Whether `signature` is the signer's over `digest`.
    /// @dev 20 bytes are a secp256k1 address (a meter is never a contract account); longer ones are a verifier
    /// contract followed by the key; anything shorter signs nothing. Never reverts.
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
        // The whole word: four bytes alone could be had from a hash precompile posing as verifier, by 2**32 tries.
        return
            ok &&
            answer.length == 32 &&
            bytes32(answer) == bytes32(IERC7913SignatureVerifier.verify.selector);
    }

    /// @notice Whether `signature` is the account's over `digest`: by its key, or else by its code (ERC-1271).
    /// @dev The key comes first, so that an ordinary account's code need not be looked at: 2,600 gas. An account with a
    /// key and code (EIP-7702) may sign with either.
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

    /// @dev Copies at most 32 bytes back, so that a verifier cannot make the caller pay for a huge answer.
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
