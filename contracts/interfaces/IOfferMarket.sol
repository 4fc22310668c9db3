// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Energy} from "../types/Energy.sol";
import {Delivery, DeliveryFault, ReceiptKey, Terms, TradeState} from "../types/Trade.sol";

/// @notice Constructor arguments of the market, each with its allowed range. BPS: hundredths of a per cent.
/// @param ledger Energy ledger that names this market.
/// @param guaranteeBps Guarantee as a share of the price, 1 … 10,000 (Nazari: 10,000).
/// @param feeBps Share of what the seller is paid that goes to the treasury, 0 … 1,000.
/// @param cancelBps Share of the guarantee kept when an offer is withdrawn before its expiry, 0 … 10,000.
/// @param penaltyBps Share of the guarantee kept for energy not delivered, 1 … 10,000.
/// @param toleranceBps Share of the energy that may be missing before it is a default, 0 … 10,000.
/// @param maxDuration Longest time from now to deliverBy in seconds, one minute to a year.
/// @param auction Contract whose awards become trades; zero: none.
struct MarketParameters {
    address ledger;
    uint256 guaranteeBps;
    uint256 feeBps;
    uint256 cancelBps;
    uint256 penaltyBps;
    uint256 toleranceBps;
    uint256 maxDuration;
    address auction;
}

/// @title Offer market
/// @notice Fixed-price trades: offer with guarantee (CTS), acceptance with payment (CTP), meter receipt (ERC),
/// withdrawal (CCS), expiry.
/// @dev The key of a trade is the hash of its terms; everything else comes back as calldata. A trade that is over
/// and cannot come back (its acceptBy has passed) leaves no storage behind. Cut guarantees and fees go to the
/// treasury, not to the other party, so that nobody gains from spoiling a delivery.
/// @custom:paper N-1, N-2, N-3, N-4, N-5, N-6, N-7
interface IOfferMarket {
    /// @notice A seller committed to deliver (CTS).
    event OfferMade(
        bytes32 indexed tradeId,
        address indexed seller,
        address buyer,
        Energy energy,
        uint256 price,
        uint256 acceptBy,
        uint256 deliverBy,
        uint256 nonce
    );
    /// @notice A buyer paid into the market's care (CTP).
    /// @param receiptKey keccak256 of the ERC-7913 signer that will sign the receipt.
    event OfferAccepted(bytes32 indexed tradeId, address indexed buyer, bytes32 receiptKey);
    /// @notice All was delivered; the seller has the price less the fee (ERC).
    event DeliveryConfirmed(bytes32 indexed tradeId);
    /// @notice Less than agreed was delivered.
    /// @param deliveredWh Wh that the receipt proves.
    /// @param agreedWh Wh of the terms.
    /// @param payment Part of the price the seller earned, fee included; the buyer has the rest back.
    /// @param cut Part of the guarantee that the treasury has.
    event DeliveredShort(
        bytes32 indexed tradeId,
        uint256 deliveredWh,
        uint256 agreedWh,
        uint256 payment,
        uint256 cut
    );
    /// @notice A receipt in a batch was refused; it can be submitted again.
    event DeliveryRefused(bytes32 indexed tradeId, DeliveryFault fault);
    /// @notice The seller withdrew the offer (CCS).
    /// @param cut Part of the guarantee that the treasury has.
    event OfferWithdrawn(bytes32 indexed tradeId, uint256 cut);
    /// @notice The seller withdrew an offer signed off chain.
    event SignedOfferCancelled(bytes32 indexed tradeId, address indexed seller);
    /// @notice Nobody accepted in time; the guarantee is back.
    event OfferExpired(bytes32 indexed tradeId);
    /// @notice The winner of an auction did not pay in time; the guarantee is back. A default of the buyer, unless the
    /// DSO has it suspended then: the ledger's {DefaultRecorded} tells.
    event AwardUnpaid(bytes32 indexed tradeId, address indexed buyer);
    /// @notice No receipt came in time; the buyer has the payment back.
    /// @param cut Part of the guarantee that the treasury has.
    event TradeExpired(bytes32 indexed tradeId, uint256 cut);

    /// @notice Only the auction named at deployment may award.
    error OfferMarket_NotAuction(address caller, address auction);
    /// @notice Only the seller named in the terms may do this.
    error OfferMarket_NotSeller(address caller, address seller);
    /// @notice The offer is reserved for another buyer.
    error OfferMarket_Reserved(address caller, address buyer);
    /// @notice An award names its buyer.
    error OfferMarket_NoBuyer();
    /// @notice Seller and buyer are the same account.
    error OfferMarket_SelfTrade(address account);
    /// @notice Needed: energy not zero, price in 1 … maxPrice.
    error OfferMarket_BadTerms(Energy energy, uint256 price, uint256 maxPrice);
    /// @notice Needed: now < acceptBy < deliverBy <= latest.
    error OfferMarket_BadWindow(uint256 acceptBy, uint256 deliverBy, uint256 now_, uint256 latest);
    /// @notice The top bits of the nonce tell offers made on chain (00), signed off chain (10) and awards (01) apart.
    error OfferMarket_WrongNonce(uint256 nonce, bool signed);
    /// @notice The trade is not in the state this needs.
    error OfferMarket_WrongState(bytes32 tradeId, TradeState state, TradeState needed);
    /// @notice Too late: block.timestamp is not before the deadline.
    error OfferMarket_Expired(uint256 now_, uint256 deadline);
    /// @notice Too early: block.timestamp is before the deadline.
    error OfferMarket_NotExpired(uint256 now_, uint256 deadline);
    /// @notice The buyer has no registered meter.
    error OfferMarket_NoMeter(address buyer);
    /// @notice The key is not under the epoch's root, or the epoch is not the current one.
    error OfferMarket_UnknownReceiptKey(uint256 epoch, bytes32 receiptKey);
    /// @notice The signature is not the signer's.
    error OfferMarket_BadSignature(bytes signer);
    /// @notice Buyer and receipt key are not those of the acceptance.
    error OfferMarket_NotParty(bytes32 tradeId, address buyer, bytes32 receiptKey);
    /// @notice The receipt was refused.
    error OfferMarket_ReceiptRefused(bytes32 tradeId, DeliveryFault fault);
    /// @notice The opening does not fit the commitment of the terms.
    error OfferMarket_BadOpening(Energy energy, uint256 agreedWh, bytes32 salt);

    /// @notice Commits the seller to deliver and holds the guarantee (CTS).
    /// @dev Emits {OfferMade}. Rounding: guarantee up. Reverts: {OfferMarket_NotSeller},
    /// {OfferMarket_WrongNonce}, {OfferMarket_BadTerms}, {OfferMarket_SelfTrade}, {OfferMarket_BadWindow},
    /// {OfferMarket_WrongState}, and as {IEnergyLedger.commit}.
    /// Warning: the guarantee stays held until receipt, withdrawal or expiry.
    /// @custom:paper N-1, N-5
    /// @param terms The offer; bit 255 of its nonce is clear.
    /// @return tradeId Hash of the terms.
    function makeOffer(Terms calldata terms) external returns (bytes32 tradeId);

    /// @notice Commits the buyer's payment to an offer (CTP); the buyer's registered meter will sign the receipt.
    /// @dev Emits {OfferAccepted}. Reverts: {OfferMarket_WrongState}, {OfferMarket_Expired} from acceptBy on (money
    /// and offer stay as they are; {expire} returns the guarantee), {OfferMarket_Reserved},
    /// {OfferMarket_SelfTrade}, {OfferMarket_NoMeter}, and as {IEnergyLedger.commit}.
    /// Warning: the payment stays held until receipt or deliverBy.
    /// @custom:paper N-2, N-3
    /// @param terms The offer as made.
    function acceptOffer(Terms calldata terms) external;

    /// @notice {acceptOffer} with a one-time receipt key, so that the trade does not point at a meter.
    /// @dev Emits {OfferAccepted}. Reverts: as {acceptOffer}, {OfferMarket_UnknownReceiptKey},
    /// {OfferMarket_BadSignature}.
    /// @custom:paper N-2, N-6
    /// @param terms The offer as made.
    /// @param key The key, its proof and its own signature.
    function acceptOfferPrivately(Terms calldata terms, ReceiptKey calldata key) external;

    /// @notice Accepts an offer signed off chain: holds the guarantee and the payment in one call.
    /// @dev Emits {OfferMade}, {OfferAccepted}. Reverts: as {makeOffer} and {acceptOffer},
    /// {OfferMarket_BadSignature}.
    /// @custom:paper N-1, N-2
    /// @param terms The offer; bit 255 of its nonce is set.
    /// @param signature The seller's EIP-712 signature (65 or 64 bytes, or ERC-1271).
    /// @return tradeId Hash of the terms.
    function acceptSigned(Terms calldata terms, bytes calldata signature) external returns (bytes32 tradeId);

    /// @notice {acceptSigned} with a one-time receipt key.
    /// @dev Emits and reverts: as {acceptSigned} and {acceptOfferPrivately}.
    /// @custom:paper N-1, N-2, N-6
    /// @param terms The offer; bit 255 of its nonce is set.
    /// @param signature The seller's signature.
    /// @param key The key, its proof and its own signature.
    /// @return tradeId Hash of the terms.
    function acceptSignedPrivately(
        Terms calldata terms,
        bytes calldata signature,
        ReceiptKey calldata key
    ) external returns (bytes32 tradeId);

    /// @notice Opens a trade that the winner of an auction has to pay before acceptBy, else it is a default of the buyer.
    /// @dev The auction only, which holds the guarantee for the price already. Emits {OfferMade}. Reverts:
    /// {OfferMarket_NotAuction}, {OfferMarket_NoBuyer}, and as {makeOffer}.
    /// @custom:paper X-7
    /// @param terms Reserved for the winner; bit 254 of the nonce is set.
    /// @return tradeId Hash of the terms.
    function award(Terms calldata terms) external returns (bytes32 tradeId);

    /// @notice Pays the seller on the meter's receipt and returns the guarantee (ERC); anyone may bring it.
    /// @dev Emits {DeliveryConfirmed}, or {DeliveredShort} when less than agreed was delivered: then payment and
    /// guarantee settle pro rata, and beyond the tolerance it is a default. Rounding: payment, fee and cut down.
    /// Reverts: {OfferMarket_ReceiptRefused}.
    /// @custom:paper N-3, N-7
    /// @param delivery Terms, parties and receipt.
    function confirmDelivery(Delivery calldata delivery) external;

    /// @notice {confirmDelivery} for many; a bad receipt does not stop the others.
    /// @dev Emits {DeliveryRefused} for each bad one.
    /// @custom:paper N-3
    /// @param deliveries Terms, parties and receipts.
    /// @return settled How many were settled.
    function confirmDeliveries(Delivery[] calldata deliveries) external returns (uint256 settled);

    /// @notice {confirmDelivery} for hidden energy that was not delivered in full: opens the commitment.
    /// @dev Emits and reverts: as {confirmDelivery}, {OfferMarket_BadOpening}.
    /// @custom:paper N-5
    /// @param delivery Terms with a commitment, receipt in plain Wh.
    /// @param agreedWh Wh in the commitment.
    /// @param salt Salt of the commitment.
    function confirmHiddenShort(Delivery calldata delivery, uint256 agreedWh, bytes32 salt) external;

    /// @notice Withdraws an open offer (CCS): a share of the guarantee is kept before acceptBy, nothing after.
    /// @dev Emits {OfferWithdrawn}. Rounding: cut down. Reverts: {OfferMarket_NotSeller},
    /// {OfferMarket_WrongState}.
    /// @custom:paper N-4
    /// @param terms The offer as made.
    function giveUp(Terms calldata terms) external;

    /// @notice Withdraws an offer signed off chain for good; nothing was held, so nothing is kept.
    /// @dev Emits {SignedOfferCancelled}. Reverts: {OfferMarket_NotSeller}, {OfferMarket_WrongNonce},
    /// {OfferMarket_Expired} (it is void already), {OfferMarket_WrongState}.
    /// @custom:paper N-4
    /// @param terms The offer as signed.
    function cancelSigned(Terms calldata terms) external;

    /// @notice Ends what is overdue; anyone may call. An offer nobody accepted: the guarantee returns (N-7, 3). A
    /// trade nobody delivered: the buyer is refunded, the seller loses the penalty (N-7, 4). An award nobody paid: the
    /// guarantee returns, and it is a default of the buyer, unless the buyer is suspended now.
    /// @dev Emits {OfferExpired}, {AwardUnpaid} or {TradeExpired}. Rounding: cut down. Reverts: {OfferMarket_NotExpired},
    /// {OfferMarket_WrongState}, {OfferMarket_NotParty}.
    /// @custom:paper N-7
    /// @param terms The offer as made or signed.
    /// @param buyer Account that accepted; ignored if none did.
    /// @param receiptKey Hash of the signer named at acceptance; ignored if none was.
    function expire(Terms calldata terms, address buyer, bytes32 receiptKey) external;

    /// @notice Trade id of terms: their EIP-712 struct hash.
    /// @custom:paper N-5
    function tradeIdOf(Terms calldata terms) external pure returns (bytes32 tradeId);

    /// @notice Where a trade stands; {TradeState.None} again once it is over and cannot come back.
    function stateOf(bytes32 tradeId) external view returns (TradeState);

    /// @notice Guarantee for a price. Rounding: up.
    function guaranteeUp(uint256 price) external view returns (uint256);

    /// @notice The constructor arguments.
    function marketParameters() external view returns (MarketParameters memory);
}
