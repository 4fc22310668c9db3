// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What a publisher puts up for auction (X-4 Table 2, X-8). keccak256(abi.encode(terms)) is the
/// auction id.
/// @param publisher Seller, whose guarantee for the highest possible payment is held.
/// @param quoteKey Address of the key that quotes are encrypted to.
/// @param startPrice Lowest valid quote in units of account per kWh, and what a winner without a follower
/// pays.
/// @param ceiling Highest valid quote in units of account per kWh.
/// @param quoteUntil Unix seconds; quotes count while block.timestamp < quoteUntil.
/// @param discloseUntil Unix seconds; the key must be disclosed while block.timestamp < discloseUntil.
/// @param settleBy Unix seconds; the settlement must be finished while block.timestamp < settleBy.
/// @param payBy Unix seconds; a winner must pay while block.timestamp < payBy.
/// @param deliverBy Unix seconds, as in {Terms}.
/// @param nonce Tells equal auctions of one publisher apart.
/// @param lotsWh 1 … 8 lots in Wh, the largest first; the i-th highest bidder takes the i-th lot.
struct AuctionTerms {
    address publisher;
    address quoteKey;
    uint256 startPrice;
    uint256 ceiling;
    uint256 quoteUntil;
    uint256 discloseUntil;
    uint256 settleBy;
    uint256 payBy;
    uint256 deliverBy;
    uint256 nonce;
    uint256[] lotsWh;
}

/// @notice A quote as it was sealed, repeated for the replay.
/// @param bidder Account that bids.
/// @param cx x coordinate of the ephemeral point.
/// @param body Parity of the ephemeral point and masked amount.
struct Quote {
    address bidder;
    uint256 cx;
    uint256 body;
}

/// @notice Current state of an auction. A finished auction reports {None}.
enum AuctionState {
    None, // never posted, or finished
    Quoting, // quotes are accepted
    AwaitingKey, // the time for quotes is over, and the key is not disclosed yet
    Disclosed, // the key is known, and the settlement is not finished
    Forfeited // key or settlement did not come in time, and bidders are being compensated
}

/// @dev The slot of an open auction. From the low bits:
///
///     0             200          232      254     256
///     | accumulator  | quoteUntil | quotes | flags |
///     | 200          | 32         | 22     | 2     |
///
/// `accumulator` is the head of the hash chain of quotes (see {QuoteChain}). Zero: there is no such auction.
type AuctionSlot is uint256;

using AuctionSlotLib for AuctionSlot global;

/// @notice Makes, reads and changes an auction's slot.
library AuctionSlotLib {
    /// @dev The most quotes that can be counted.
    uint256 internal constant MAX_QUOTES = (1 << 22) - 1;
    uint256 private constant ACCUMULATOR_MASK = type(uint200).max;
    uint256 private constant ONE_QUOTE = 1 << 232;
    uint256 private constant DISCLOSED = 1 << 254;
    uint256 private constant FORFEITED = 1 << 255;

    /// @notice The slot of a new auction.
    /// @dev The caller has checked until < 2**32.
    /// @param seed The hash chain before the first quote, below 2**200.
    /// @param until Unix seconds; quotes count before.
    function open(uint256 seed, uint256 until) internal pure returns (AuctionSlot) {
        return AuctionSlot.wrap(seed | (until << 200));
    }

    /// @notice Whether there is an auction.
    function exists(AuctionSlot self) internal pure returns (bool) {
        return AuctionSlot.unwrap(self) != 0;
    }

    /// @notice The hash chain after the last quote.
    function accumulator(AuctionSlot self) internal pure returns (uint256) {
        return AuctionSlot.unwrap(self) & ACCUMULATOR_MASK;
    }

    /// @notice Unix seconds; quotes count before.
    function quoteUntil(AuctionSlot self) internal pure returns (uint256) {
        return uint32(AuctionSlot.unwrap(self) >> 200);
    }

    /// @notice How many quotes were sealed.
    function quotes(AuctionSlot self) internal pure returns (uint256) {
        return (AuctionSlot.unwrap(self) >> 232) & MAX_QUOTES;
    }

    /// @notice Whether the key was disclosed.
    function isDisclosed(AuctionSlot self) internal pure returns (bool) {
        return AuctionSlot.unwrap(self) & DISCLOSED != 0;
    }

    /// @notice Whether the publisher forfeited its guarantee.
    function isForfeited(AuctionSlot self) internal pure returns (bool) {
        return AuctionSlot.unwrap(self) & FORFEITED != 0;
    }

    /// @notice Counts one more quote.
    /// @param head The hash chain with that quote, below 2**200.
    function withQuote(AuctionSlot self, uint256 head) internal pure returns (AuctionSlot) {
        unchecked {
            // Safe: the caller has checked quotes < {MAX_QUOTES}, so nothing is carried into the flags.
            return AuctionSlot.wrap(((AuctionSlot.unwrap(self) & ~ACCUMULATOR_MASK) | head) + ONE_QUOTE);
        }
    }

    /// @notice Records that the key was disclosed.
    function withDisclosure(AuctionSlot self) internal pure returns (AuctionSlot) {
        return AuctionSlot.wrap(AuctionSlot.unwrap(self) | DISCLOSED);
    }

    /// @notice Records that the guarantee was forfeited.
    function withForfeit(AuctionSlot self) internal pure returns (AuctionSlot) {
        return AuctionSlot.wrap(AuctionSlot.unwrap(self) | FORFEITED);
    }
}
