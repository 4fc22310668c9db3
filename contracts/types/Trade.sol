// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EfficientHashLib} from "solady/src/utils/EfficientHashLib.sol";
import {Energy} from "./Energy.sol";

/// @notice What a seller offers (CTS, the commitment to send; N-1). Its EIP-712 struct hash is the trade id,
/// which the papers call the contract hash.
/// @param seller Account that promises the energy and whose guarantee is held.
/// @param buyer Account that the offer is reserved for; zero: anyone.
/// @param energy Quantity: in Wh if below 2**64, else hidden as keccak256(abi.encode(energyWh, salt)) (N-5).
/// @param price Price of the whole quantity in the ledger's units of account.
/// @param acceptBy Unix seconds; the offer can be accepted while block.timestamp < acceptBy.
/// @param deliverBy Unix seconds; a receipt counts while block.timestamp < deliverBy.
/// @param nonce Tells equal offers of one seller apart. Bit 255 is set exactly in offers signed off chain,
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

/// @notice A one-time meter key that the buyer names at acceptance (CoE, certificate of existence; N-6).
/// @param signer ERC-7913 signer: a 20-byte address, or the address of a verifier followed by the key.
/// @param epoch Epoch of the root in {IMeterRegistry} that contains the key.
/// @param proof Merkle proof of keccak256(keccak256(signer)) under that root.
/// @param signature The key's own signature of Acceptance(tradeId, buyer).
struct ReceiptKey {
    bytes signer;
    uint256 epoch;
    bytes32[] proof;
    bytes signature;
}

/// @notice A meter's receipt with what is needed to check it (ERC, energy receipt confirmation; N-3).
/// @dev This order of the fields gives {IOfferMarket.confirmDelivery} the lowest selector, which saves 340
/// gas.
/// @param terms The offer.
/// @param buyer Account that accepted it.
/// @param signer ERC-7913 signer named at acceptance.
/// @param energy What the meter signed: the Wh delivered, or the commitment of the terms (delivered in full).
/// @param signature The signer's signature of Receipt(tradeId, energy).
struct Delivery {
    Terms terms;
    address buyer;
    bytes signer;
    Energy energy;
    bytes signature;
}

/// @notice Current state of a trade. A finished trade whose terms can never come back reports {None}.
enum TradeState {
    None, // never made, or finished for good
    Offered, // open for acceptance, the guarantee is held
    Closed, // finished before acceptBy
    Accepted, // paid, and not delivered yet
    Awarded // won in an auction, and not paid yet
}

/// @notice Why a receipt was refused.
enum DeliveryFault {
    None,
    NotAccepted, // there is no such open trade: it was never accepted, or it is finished
    Expired, // block.timestamp >= deliverBy
    NotParty, // buyer or signer are not those of the acceptance
    EnergyHidden, // only one of terms and receipt hides the energy: use confirmHiddenShort
    BadReceipt // the signature is not the signer's
}

/// @notice The trade id of an offer.
library TermsLib {
    /// @dev keccak256 of the EIP-712 type of {Terms}.
    bytes32 internal constant OFFER_TYPEHASH = keccak256(
        "Offer(address seller,address buyer,bytes32 energy,uint256 price,uint256 acceptBy,uint256 deliverBy,"
        "uint256 nonce)"
    );

    /// @notice The EIP-712 struct hash of `terms`.
    /// @dev Callers read `seller` and `buyer` through the ABI decoder, which refuses dirty upper bits, so two
    /// encodings never share a meaning.
    function tradeId(Terms calldata terms) internal pure returns (bytes32 id) {
        bytes32 typehash = OFFER_TYPEHASH;
        // Safe: Terms is static, 7 words in a row in calldata, and memory from the free pointer on is scratch
        // space.
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, typehash)
            calldatacopy(add(m, 0x20), terms, 0xe0)
            id := keccak256(m, 0x100)
        }
    }
}

/// @notice The slot of an open trade. From the low bits:
///
///     0       8          48     256
///     | state | agreedAt | party |
///     | 8     | 40       | 208   |
///
/// `state` is a {TradeState}; `agreedAt` is the time of the acceptance, or of the award, in unix seconds
/// (zero before); `party` is the upper part of keccak256(abi.encode(buyer, receiptKey)), zero before there is
/// a buyer.
/// @dev Naming another party of a trade needs a second preimage of 208 bits.
library TradeSlot {
    uint256 private constant PARTY_MASK = ~uint256(type(uint48).max);

    /// @notice Current state.
    function state(uint256 self) internal pure returns (TradeState) {
        return TradeState(self & type(uint8).max);
    }

    /// @notice Whether the trade is in this state.
    function isIn(uint256 self, TradeState wanted) internal pure returns (bool) {
        return self & type(uint8).max == uint256(wanted);
    }

    /// @notice Unix seconds of the acceptance, or of the award.
    function agreedAt(uint256 self) internal pure returns (uint256) {
        return (self >> 8) & type(uint40).max;
    }

    /// @notice Whether these two accepted the trade.
    function isOf(uint256 self, address buyer, bytes32 receiptKey) internal pure returns (bool) {
        return (self ^ _party(buyer, receiptKey)) >> 48 == 0;
    }

    /// @notice An award at the time `time`, in unix seconds below 2**40.
    function awarded(uint256 time) internal pure returns (uint256) {
        return (time << 8) | uint256(TradeState.Awarded);
    }

    /// @notice An accepted trade that was agreed at the time `time`, in unix seconds below 2**40.
    function accepted(address buyer, bytes32 receiptKey, uint256 time) internal pure returns (uint256) {
        return (_party(buyer, receiptKey) & PARTY_MASK) | (time << 8) | uint256(TradeState.Accepted);
    }

    function _party(address buyer, bytes32 receiptKey) private pure returns (uint256) {
        return uint256(EfficientHashLib.hash(uint256(uint160(buyer)), uint256(receiptKey)));
    }
}

/// @notice The two top bits of an offer's nonce, which tell how the offer came about.
library NonceKind {
    /// @dev Both bits.
    uint256 internal constant MASK = 3 << 254;
    /// @dev The seller made the offer on chain.
    uint256 internal constant MADE = 0;
    /// @dev The seller signed the offer off chain.
    uint256 internal constant SIGNED = 1 << 255;
    /// @dev An auction awarded it, so that no offer can take its place.
    uint256 internal constant AWARD = 1 << 254;

    /// @notice The nonce of an award.
    /// @param auctionId The auction.
    /// @param lot Place of the lot in the auction's terms.
    function ofAward(bytes32 auctionId, uint256 lot) internal pure returns (uint256) {
        return AWARD | (uint256(keccak256(abi.encode(auctionId, lot))) >> 2);
    }
}
