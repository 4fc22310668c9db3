// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReceiptKey, Terms} from "./Trade.sol";

/// @notice What every signed order grants to whoever carries it to the chain.
/// @param deadline Unix seconds; the order can be carried out while block.timestamp < deadline.
/// @param relayer Account that gets the fee, whoever sends the transaction; zero: nobody, and the fee is
/// zero.
/// @param fee Units of account that the signer pays to the relayer, if and only if the order is carried out.
struct Relay {
    uint256 deadline;
    address relayer;
    uint256 fee;
}

/// @notice A purchase that the buyer signed and anyone may carry. What is signed is Purchase(buyer, tradeId,
/// maxPrice, receiptKey, deadline, relayer, fee); trade id and receipt key follow from terms and key.
/// @param terms The offer as made on chain, as signed off chain, or as awarded by an auction.
/// @param buyer Account that pays.
/// @param maxPrice The most units of account that the buyer pays for the energy; the fee comes on top.
/// @param relay Deadline, relayer and fee.
/// @param key Empty: the buyer's registered meter will sign the receipt. One entry: this one-time key will.
/// @param buyerSignature The buyer's signature of the Purchase (65 or 64 bytes, or ERC-1271).
/// @param sellerSignature The seller's signature of an offer made off chain (65 or 64 bytes, or ERC-1271).
/// It is not looked at if the nonce of the terms says that the offer or award stands on chain.
struct RelayedPurchase {
    Terms terms;
    address buyer;
    uint256 maxPrice;
    Relay relay;
    ReceiptKey[] key;
    bytes buyerSignature;
    bytes sellerSignature;
}

/// @notice A buyer's standing order: it buys any offer that keeps to these limits, once. The contract checks
/// all of them, so that whoever carries the bid chooses among good offers only.
/// @param buyer Account that pays.
/// @param seller Account that must sell; zero: anyone with a registered meter and enough credit.
/// @param minWh The least energy of the offer in Wh; hidden energy is refused.
/// @param maxWh The most energy of the offer in Wh.
/// @param maxPricePerMWh The most units of account for 1,000,000 Wh. The offer's price per MWh is rounded up,
/// that is, against whoever carries the bid; the fee comes on top.
/// @param slotStart Unix seconds; the offer's acceptBy, from when on it is delivered, must not be before.
/// @param slotEnd Unix seconds; the offer's deliverBy must not be after.
/// @param minSellerCredit The least credit of the seller, scale 1e9.
/// @param deadline Unix seconds; the bid can be carried out while block.timestamp < deadline.
/// @param nonce Any number that the buyer has not used in the market before, see {IUnorderedNonces}.
/// @param receiptKey Zero: the buyer's registered meter will sign the receipt. Otherwise keccak256 of the
/// signer of the one-time key that must come with the bid.
/// @param relayer Account that gets the fee, whoever sends the transaction; zero: nobody, and the fee is
/// zero.
/// @param fee Units of account that the buyer pays to the relayer, if and only if the bid is carried out.
struct Bid {
    address buyer;
    address seller;
    uint256 minWh;
    uint256 maxWh;
    uint256 maxPricePerMWh;
    uint256 slotStart;
    uint256 slotEnd;
    uint256 minSellerCredit;
    uint256 deadline;
    uint256 nonce;
    bytes32 receiptKey;
    address relayer;
    uint256 fee;
}

/// @notice A bid with the offer that it buys.
/// @param terms The offer as made on chain or as signed off chain.
/// @param bid The buyer's order.
/// @param key Empty if the bid names no receipt key, else the key that it names.
/// @param buyerSignature The buyer's signature of the bid (65 or 64 bytes, or ERC-1271).
/// @param sellerSignature As in {RelayedPurchase}.
struct RelayedBid {
    Terms terms;
    Bid bid;
    ReceiptKey[] key;
    bytes buyerSignature;
    bytes sellerSignature;
}

/// @notice An order to void nonces that were not used yet.
/// @param owner Account whose nonces they are.
/// @param word Which 256 nonces: the nonce divided by 256.
/// @param mask Which of them: bit i stands for the nonce 256 · word + i.
/// @param deadline Unix seconds; the order can be carried out while block.timestamp < deadline.
struct NonceCancellation {
    address owner;
    uint256 word;
    uint256 mask;
    uint256 deadline;
}

/// @notice An order to send available funds to a recipient.
/// @param account Account that they are taken from.
/// @param to Recipient.
/// @param amount Units of account that the recipient gets; the fee comes on top.
/// @param nonce Any number that the account has not used in the ledger before, see {IUnorderedNonces}.
/// @param deadline Unix seconds; the order can be carried out while block.timestamp < deadline.
/// @param relayer Account in the ledger that gets the fee, whoever sends the transaction; zero: nobody, and
/// the fee is zero.
/// @param fee Units of account that the account pays to the relayer.
struct Withdrawal {
    address account;
    address to;
    uint256 amount;
    uint256 nonce;
    uint256 deadline;
    address relayer;
    uint256 fee;
}

/// @notice An order to pay tokens into an account, by the owner of the tokens. An allowance or a permit alone
/// does not say who benefits.
/// @param owner Owner of the tokens.
/// @param account Open account that gets the funds.
/// @param amount Units of account.
/// @param nonce Any number that the owner has not used in the ledger before, see {IUnorderedNonces}.
/// @param deadline Unix seconds; the order can be carried out while block.timestamp < deadline.
struct Deposit {
    address owner;
    address account;
    uint256 amount;
    uint256 nonce;
    uint256 deadline;
}

/// @notice An ERC-2612 permit of the owner's for the ledger and exactly the amount of the deposit.
/// @param deadline Unix seconds; the permit's deadline.
/// @param v Recovery id of the permit's signature; zero: there is no permit, the allowance stands already.
/// @param r First half of the permit's signature.
/// @param s Second half of the permit's signature.
struct TokenPermit {
    uint256 deadline;
    uint8 v;
    bytes32 r;
    bytes32 s;
}
