// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What a publisher puts up for auction (X-4 Table 2, X-8). keccak256(abi.encode(terms)) is the auction id.
/// @param publisher Seller; the guarantee for the highest possible payment is held.
/// @param quoteKey Address of the key that quotes are encrypted to.
/// @param startPrice Lowest valid quote, units of account per kWh; what a winner without a follower pays.
/// @param ceiling Highest valid quote, units of account per kWh.
/// @param quoteUntil Unix seconds; quotes count while block.timestamp < quoteUntil.
/// @param discloseUntil Unix seconds; the key must be disclosed while block.timestamp < discloseUntil.
/// @param payWindow Seconds a winner has to pay after settlement.
/// @param deliverBy Unix seconds, as in {Terms}.
/// @param nonce Tells equal auctions of one publisher apart.
/// @param lotsWh Lots by falling size, 1 … 8; the i-th highest bidder takes the i-th.
struct AuctionTerms {
    address publisher;
    address quoteKey;
    uint256 startPrice;
    uint256 ceiling;
    uint256 quoteUntil;
    uint256 discloseUntil;
    uint256 payWindow;
    uint256 deliverBy;
    uint256 nonce;
    uint256[] lotsWh;
}

/// @notice A quote as it was sealed, for the replay.
/// @param bidder Account.
/// @param cx x of the ephemeral point.
/// @param body Parity and masked amount.
struct Quote {
    address bidder;
    uint256 cx;
    uint256 body;
}

/// @notice Where an auction stands; over ones are {None} again.
enum AuctionState {
    None,
    Quoting,
    AwaitingKey,
    Disclosed,
    Forfeited
}
