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
/// bit 254 exactly in awards of an auction. Bit 253 lets the seller's meter testify, see {NonceKind}.
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

/// @notice A testimony of the seller's meter, with what is needed to check it: what it fed in for a trade.
/// The payment follows the buyer's meter, guilt the seller's.
/// @param terms The offer; its nonce allows testimony.
/// @param buyer Account that accepted it; ignored if the trade is paid short.
/// @param receiptSigner ERC-7913 signer named at acceptance; ignored if the trade is paid short.
/// @param signer ERC-7913 signer that is registered for the seller now.
/// @param energy What the meter signed: the Wh that it fed in, or the commitment of the terms (all of it).
/// @param from Unix seconds; start of the time in which it was fed in, not before acceptBy.
/// @param to Unix seconds; its end, after `from` and not after deliverBy.
/// @param signature The meter's signature of Testimony(tradeId, energy, from, to).
struct Witness {
    Terms terms;
    address buyer;
    bytes receiptSigner;
    bytes signer;
    Energy energy;
    uint256 from;
    uint256 to;
    bytes signature;
}

/// @notice Current state of a trade. A finished trade whose terms can never come back reports {None}.
enum TradeState {
    None, // never made, or finished for good
    Offered, // open for acceptance, the guarantee is held
    Closed, // finished before acceptBy
    Accepted, // paid, and not delivered yet
    Awarded, // won in an auction, and not paid yet
    PaidShort, // the receipt was short: its share is paid, the guarantee waits for testimony until deliverBy
    Testified // the seller's meter has testified, and the buyer's receipt may follow
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

/// @notice Why a testimony was refused.
enum TestimonyFault {
    None,
    NotAllowed, // the nonce of the terms does not allow testimony
    NotWaiting, // the trade is neither accepted nor paid short: not begun, testified already, or finished
    Expired, // block.timestamp >= deliverBy
    OutsideTrade, // not acceptBy <= from < to <= deliverBy
    NotParty, // buyer or receipt signer are not those of the acceptance
    PaidByLots, // the receipt signer is a market of the ledger: what fulfils the trade was metered before
    EnergyHidden, // only one of terms and testimony hides the energy: use testifyHidden
    TooLittle, // more is missing than the tolerance allows, so that it would excuse nothing
    NotSellersMeter, // the signer is not the meter that is registered for the seller now
    BadTestimony // the signature is not the meter's
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
///
/// A trade that is paid short needs no party any more. It has what its guarantee waits for:
///
///     0       8          48          112         113   256
///     | state | agreedAt | cut       | isDefault | 0   |
///     | 8     | 40       | 64        | 1         | 143 |
///
/// `cut` is the part of the guarantee, in units of account, that is lost without testimony, and `isDefault`
/// tells whether it is a default then.
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

    /// @notice The slot of a trade that was accepted, once the seller's meter has testified.
    function testified(uint256 self) internal pure returns (uint256) {
        return (self & ~uint256(type(uint8).max)) | uint256(TradeState.Testified);
    }

    /// @notice The slot of a trade that was agreed at the time `time` and is paid short.
    /// @dev The caller keeps `cut` below 2**64.
    function paidShort(uint256 cut, bool isDefault_, uint256 time) internal pure returns (uint256) {
        return (isDefault_ ? 1 << 112 : 0) | (cut << 48) | (time << 8) | uint256(TradeState.PaidShort);
    }

    /// @notice Units of account that a trade paid short loses of its guarantee without testimony.
    function cutOf(uint256 self) internal pure returns (uint256) {
        return (self >> 48) & type(uint64).max;
    }

    /// @notice Whether a trade paid short is a default without testimony.
    function isDefault(uint256 self) internal pure returns (bool) {
        return (self >> 112) & 1 != 0;
    }

    function _party(address buyer, bytes32 receiptKey) private pure returns (uint256) {
        return uint256(EfficientHashLib.hash(uint256(uint160(buyer)), uint256(receiptKey)));
    }
}

/// @notice The top bits of an offer's nonce: two tell how the offer came about, the third whether testimony
/// counts.
library NonceKind {
    /// @dev The two bits that tell how the offer came about.
    uint256 internal constant MASK = 3 << 254;
    /// @dev The seller made the offer on chain.
    uint256 internal constant MADE = 0;
    /// @dev The seller signed the offer off chain.
    uint256 internal constant SIGNED = 1 << 255;
    /// @dev An auction awarded it, so that no offer can take its place.
    uint256 internal constant AWARD = 1 << 254;
    /// @dev The seller's meter may testify. Seller and buyer agree on it with the terms.
    uint256 internal constant TESTIMONY = 1 << 253;

    /// @notice Whether the terms let the seller's meter testify.
    function allowsTestimony(uint256 nonce) internal pure returns (bool) {
        return nonce & TESTIMONY != 0;
    }

    /// @notice The nonce of an award. It does not allow testimony.
    /// @param auctionId The auction.
    /// @param lot Place of the lot in the auction's terms.
    function ofAward(bytes32 auctionId, uint256 lot) internal pure returns (uint256) {
        return AWARD | (uint256(keccak256(abi.encode(auctionId, lot))) >> 3);
    }
}
