// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Energy} from "./Energy.sol";

/// @notice What a seller offers (CTS, N-1). Its EIP-712 struct hash is the trade id, the papers' contract hash.
/// @param seller Account that promises the energy and whose guarantee is held.
/// @param buyer Account the offer is reserved for; zero: anyone.
/// @param energy Quantity in Wh, plain or hidden (N-5).
/// @param price Whole price in the ledger's units of account.
/// @param acceptBy Unix seconds; can be accepted while block.timestamp < acceptBy.
/// @param deliverBy Unix seconds; a receipt counts while block.timestamp < deliverBy.
/// @param nonce Tells equal offers of one seller apart; bit 255 is set exactly in offers signed off chain,
/// bit 254 exactly in awards of an auction.
struct Terms {
    address seller;
    address buyer;
    Energy energy;
    uint256 price;
    uint256 acceptBy;
    uint256 deliverBy;
    uint256 nonce;
}

/// @notice A one-time meter key named at acceptance (CoE, N-6).
/// @param signer ERC-7913 signer: 20-byte address, or verifier address followed by the key.
/// @param epoch Epoch of the root in {IMeterRegistry} that contains the key.
/// @param proof Merkle proof of keccak256(keccak256(signer)) under that root.
/// @param signature The key's own signature of Acceptance(tradeId, buyer).
struct ReceiptKey {
    bytes signer;
    uint256 epoch;
    bytes32[] proof;
    bytes signature;
}

/// @notice A meter's receipt with what the contract needs to check it (ERC, N-3).
/// @dev The order gives {IOfferMarket.confirmDelivery} the lowest selector: 340 gas less.
/// @param terms The offer.
/// @param buyer Account that accepted it.
/// @param signer ERC-7913 signer named at acceptance.
/// @param energy What the meter signed: Wh delivered, or the commitment of the terms (delivered in full).
/// @param signature The signer's signature of Receipt(tradeId, energy).
struct Delivery {
    Terms terms;
    address buyer;
    bytes signer;
    Energy energy;
    bytes signature;
}

/// @notice Where a trade stands. Trades that are over and can never come back are {None} again.
enum TradeState {
    None,
    Offered,
    Closed,
    Accepted,
    Awarded
}

/// @notice Why a receipt was refused.
enum DeliveryFault {
    None,
    NotAccepted, // no such open trade: never accepted, or already over
    Expired, // block.timestamp >= deliverBy
    NotParty, // buyer or signer are not those of the acceptance
    EnergyHidden, // terms and receipt are in different forms: use confirmHiddenShort
    BadReceipt // the signature is not the signer's
}

/// @notice Hash of the terms.
library TermsLib {
    /// @dev keccak256 of the EIP-712 type of {Terms}.
    bytes32 internal constant OFFER_TYPEHASH = keccak256(
        "Offer(address seller,address buyer,bytes32 energy,uint256 price,uint256 acceptBy,uint256 deliverBy,uint256 nonce)"
    );

    /// @notice The trade id of `terms`.
    /// @dev Callers read `seller` and `buyer` through the ABI decoder, which refuses dirty upper bits, so two
    /// encodings never share a meaning.
    function tradeId(Terms calldata terms) internal pure returns (bytes32 id) {
        bytes32 typehash = OFFER_TYPEHASH;
        // Safe: Terms is static, 7 words in a row in calldata; memory from the free pointer on is scratch.
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, typehash)
            calldatacopy(add(m, 0x20), terms, 0xe0)
            id := keccak256(m, 0x100)
        }
    }
}
