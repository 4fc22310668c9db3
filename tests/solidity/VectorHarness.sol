// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleProofLib} from "solady/src/utils/MerkleProofLib.sol";

import {SealedQuote} from "../../contracts/libraries/SealedQuote.sol";
import {SignerLib} from "../../contracts/libraries/SignerLib.sol";
import {Energy, EnergyLib} from "../../contracts/types/Energy.sol";
import {NonceKind} from "../../contracts/types/Trade.sol";

/// @notice What the contracts compute and clients in other languages must compute alike, for tests/vectors.
contract VectorHarness {
    function isKey(uint256 k, address quoteKey) external view returns (bool) {
        return SealedQuote.isKey(k, quoteKey);
    }

    function open(
        uint256 k,
        bytes32 auctionId,
        address bidder,
        uint256 cx,
        uint256 body
    ) external view returns (uint256) {
        return SealedQuote.open(k, auctionId, bidder, cx, body);
    }

    function isMeters(
        bytes calldata signer,
        bytes32 digest,
        bytes calldata signature
    ) external view returns (bool) {
        return SignerLib.isValid(signer, digest, signature);
    }

    function isAccounts(
        address account,
        bytes32 digest,
        bytes calldata signature
    ) external view returns (bool) {
        return SignerLib.isAccounts(account, digest, signature);
    }

    function typedDigest(bytes32 separator, bytes32 structHash) external pure returns (bytes32) {
        return keccak256(abi.encodePacked("\x19\x01", separator, structHash));
    }

    function proven(
        bytes32[] calldata proof,
        bytes32 root,
        bytes calldata signer
    ) external pure returns (bool) {
        return MerkleProofLib.verifyCalldata(proof, root, keccak256(abi.encode(keccak256(signer))));
    }

    function hidden(uint256 energyWh, bytes32 salt) external pure returns (bytes32) {
        return Energy.unwrap(EnergyLib.hidden(energyWh, salt));
    }

    function ofAward(bytes32 auctionId, uint256 lot) external pure returns (uint256) {
        return NonceKind.ofAward(auctionId, lot);
    }
}
