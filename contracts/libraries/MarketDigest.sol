// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EfficientHashLib} from "solady/src/utils/EfficientHashLib.sol";
import {Energy} from "../types/Energy.sol";

/// @title What is signed for the offer market (EIP-712)
/// @notice The market's domain, and the hashes of what meters sign. The hash of an offer is in {TermsLib}.
/// @custom:paper N-3, N-6
library MarketDigest {
    bytes32 private constant NAME_HASH = keccak256("OfferMarket");
    bytes32 private constant VERSION_HASH = keccak256("1");
    bytes32 private constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
    bytes32 private constant RECEIPT_TYPEHASH = keccak256("Receipt(bytes32 tradeId,bytes32 energy)");
    bytes32 private constant TESTIMONY_TYPEHASH = keccak256(
        "Testimony(bytes32 tradeId,bytes32 energy,uint256 from,uint256 to)"
    );
    bytes32 private constant ACCEPTANCE_TYPEHASH = keccak256("Acceptance(bytes32 tradeId,address buyer)");

    /// @notice Struct hash of a receipt.
    /// @param tradeId The trade.
    /// @param energy What was delivered.
    function receiptHash(bytes32 tradeId, Energy energy) internal pure returns (bytes32) {
        return EfficientHashLib.hash(RECEIPT_TYPEHASH, tradeId, Energy.unwrap(energy));
    }

    /// @notice Struct hash of a testimony.
    /// @param tradeId The trade.
    /// @param energy What was fed in.
    /// @param from Unix seconds; start of the time in which it was.
    /// @param to Unix seconds; its end.
    function testimonyHash(
        bytes32 tradeId,
        Energy energy,
        uint256 from,
        uint256 to
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(TESTIMONY_TYPEHASH, tradeId, energy, from, to));
    }

    /// @notice Struct hash by which a receipt key agrees to sign for a buyer.
    /// @param tradeId The trade.
    /// @param buyer Account that accepts the offer.
    function acceptanceHash(bytes32 tradeId, address buyer) internal pure returns (bytes32) {
        return EfficientHashLib.hash(ACCEPTANCE_TYPEHASH, tradeId, bytes32(uint256(uint160(buyer))));
    }

    /// @notice Digest of a struct in the domain of a market, for contracts other than that market.
    /// @param market The offer market.
    /// @param structHash One of the hashes above.
    function digest(address market, bytes32 structHash) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, block.chainid, market)
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }
}
