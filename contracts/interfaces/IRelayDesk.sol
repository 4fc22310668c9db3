// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Energy} from "../types/Energy.sol";
import {Relay, RelayedBid, RelayedPurchase} from "../types/Relay.sol";
import {Terms} from "../types/Trade.sol";

/// @title Relay desk
/// @notice Carries out signed orders of people who do not send transactions: acceptances, bids, withdrawals
/// and cancellations of offers. Anyone may submit them; a fee goes to the relayer whom the signer named, and
/// only if the order was carried out.
/// @dev The market creates its desk and lets it alone speak for others. All money stays in the ledger. The
/// desk has an EIP-712 domain of its own, so its orders are never taken for offers, receipts or acceptances.
/// @custom:paper N-1, N-2, N-4, N-8
interface IRelayDesk {
    /// @notice A purchase in a batch was refused. Nothing changed, and it can be submitted again.
    /// @param tradeId Hash of the terms.
    /// @param buyer Account that the purchase named.
    /// @param reason The error with its fields, as {acceptFor} would have reverted with it.
    event PurchaseRefused(bytes32 indexed tradeId, address indexed buyer, bytes reason);

    /// @notice The price is above the limit that the buyer signed.
    error RelayDesk_OverLimit(uint256 price, uint256 maxPrice);
    /// @notice A purchase or bid comes with one receipt key at most.
    error RelayDesk_OneKey(uint256 keys);
    /// @notice The bid was signed for another receipt key, or for the registered meter (zero).
    error RelayDesk_WrongReceiptKey(bytes32 receiptKey, bytes32 needed);
    /// @notice The energy must be plain, and between the limits of the bid.
    error RelayDesk_OutsideEnergy(Energy energy, uint256 minWh, uint256 maxWh);
    /// @notice The price per MWh, rounded up, is above the bid's.
    error RelayDesk_TooDear(uint256 pricePerMWh, uint256 maxPricePerMWh);
    /// @notice The delivery must lie in the bid's slot: slotStart <= acceptBy and deliverBy <= slotEnd.
    error RelayDesk_OutsideSlot(uint256 acceptBy, uint256 deliverBy, uint256 slotStart, uint256 slotEnd);
    /// @notice The bid is for another seller.
    error RelayDesk_OtherSeller(address seller, address needed);
    /// @notice The seller's credit is lower than the bid asks for.
    error RelayDesk_LowCredit(address seller, uint256 creditE9, uint256 minCreditE9);
    /// @notice The order may not be carried out yet.
    error RelayDesk_TooEarly(uint256 now_, uint256 notBefore);
    /// @notice The last purchase of a batch was refused and may have lacked the gas to succeed. Send the
    /// transaction with more gas.
    error RelayDesk_BatchStarved(uint256 gasLeft, uint256 needed);
    /// @notice A bid is filled only between parties with registered meters.
    error RelayDesk_NoMeter(address account);
    /// @notice A bid buys offers, not awards.
    error RelayDesk_IsAward(uint256 nonce);

    /// @notice The acceptance of an offer or award on the buyer's signed purchase, for a buyer who does
    /// not send transactions. Anyone may submit it; the fee goes to the relayer who is named in it. The
    /// trade id binds all terms, and a trade is accepted once, so a purchase needs no nonce; it cannot be
    /// cancelled, so its deadline should be minutes away.
    /// @dev Emits what {IOfferMarket.acceptOffer}, {IOfferMarket.acceptOfferPrivately} or
    /// {IOfferMarket.acceptSigned} do, and with a fee {IOfferMarket.RelayFeeTaken} and
    /// {IEnergyLedger.RelayFeePaid}. Reverts: as those, {RelayLib_OrderExpired}, {RelayLib_BadFee},
    /// {RelayDesk_OverLimit}, {RelayDesk_WrongReceiptKey}, {RelayLib_NotSigned},
    /// {SignerLib_VerifierStarved}. Rounding: guarantee up.
    /// @custom:paper N-1, N-2, N-6, N-8
    /// @custom:signed Purchase(address buyer, bytes32 tradeId, uint256 maxPrice, bytes32 receiptKey, uint256
    /// deadline, address relayer, uint256 fee)
    /// @param purchase The terms, the buyer's order and the signatures.
    function acceptFor(RelayedPurchase calldata purchase) external;

    /// @notice {acceptFor} for many purchases. A bad one is reported and changes nothing, and the others go
    /// on. Consecutive purchases that name one relayer pay it in one sum.
    /// @dev Emits what {acceptFor} does, and {PurchaseRefused} for each bad one. A purchase is bad only if it
    /// could have had all the gas that it may use; otherwise the whole batch reverts, so that neither a gas
    /// estimate nor whoever chooses the gas turns a good one into a bad one. Reverts:
    /// {RelayDesk_BatchStarved}.
    /// @custom:paper N-1, N-2, N-8
    /// @param purchases The terms, the buyers' orders and the signatures.
    /// @return accepted How many trades were accepted.
    function acceptForMany(RelayedPurchase[] calldata purchases) external returns (uint256 accepted);

    /// @notice Buys an offer on the buyer's standing bid. Anyone may submit it; the fee goes to the relayer
    /// who is named in it. Every limit of the bid is checked here, and both parties must have registered
    /// meters, so that whoever carries the bid cannot fill it with anything worse. A bid works once, and its
    /// owner can void it with {IUnorderedNonces.voidNonces}. It buys offers, not awards.
    /// @dev Emits as {acceptFor}, and {NoncesUsed}. Reverts: as {acceptFor}, {RelayDesk_OutsideEnergy},
    /// {RelayDesk_TooDear}, {RelayDesk_OutsideSlot}, {RelayDesk_OtherSeller}, {RelayDesk_NoMeter},
    /// {RelayDesk_LowCredit}, {UnorderedNonces_NonceUsed}. Rounding: price per MWh and guarantee up.
    /// @custom:paper N-1, N-2, N-6, N-8
    /// @custom:signed Bid(address buyer, address seller, uint256 minWh, uint256 maxWh, uint256
    /// maxPricePerMWh, uint256 slotStart, uint256 slotEnd, uint256 minSellerCredit, uint256 deadline,
    /// uint256 nonce, bytes32 receiptKey, address relayer, uint256 fee)
    /// @param bid The terms, the buyer's order and the signatures.
    function fillBid(RelayedBid calldata bid) external;

    /// @notice {IOfferMarket.giveUp} on the seller's signed order. Anyone may submit it; the seller's
    /// available funds pay the fee to the relayer who is named in it. Because giving up early costs what
    /// waiting avoids, the seller signs from when on, and the most that it may cost. Unlike
    /// {IOfferMarket.giveUp}, it leaves an offer that it ends early closed for good, so that the order
    /// cannot be used again.
    /// @dev Emits {IOfferMarket.OfferWithdrawn} and, with a fee, {IEnergyLedger.RelayFeePaid}. Reverts:
    /// {RelayLib_OrderExpired}, {RelayLib_BadFee}, {RelayDesk_TooEarly}, {RelayLib_NotSigned},
    /// {SignerLib_VerifierStarved}, {IOfferMarket.OfferMarket_WrongState},
    /// {IOfferMarket.OfferMarket_CutTooLarge}, and as {IEnergyLedger.payFee}. Rounding: cut down.
    /// @custom:paper N-4, N-8
    /// @custom:signed GiveUp(bytes32 tradeId, uint256 notBefore, uint256 maxCut, uint256 deadline, address
    /// relayer, uint256 fee)
    /// @param terms The offer as made.
    /// @param notBefore Unix seconds; the order counts from then on.
    /// @param maxCut The most units of account of the guarantee that may be lost.
    /// @param relay Deadline, relayer and fee.
    /// @param signature The seller's EIP-712 signature (65 or 64 bytes, or ERC-1271).
    function giveUpFor(
        Terms calldata terms,
        uint256 notBefore,
        uint256 maxCut,
        Relay calldata relay,
        bytes calldata signature
    ) external;

    /// @notice {IOfferMarket.cancelSigned} on the seller's signed order. Anyone may submit it; the
    /// seller's available funds pay the fee to the relayer who is named in it.
    /// @dev Emits {IOfferMarket.SignedOfferCancelled} and, with a fee, {IEnergyLedger.RelayFeePaid}.
    /// Reverts: {RelayLib_OrderExpired}, {RelayLib_BadFee}, {RelayLib_NotSigned},
    /// {SignerLib_VerifierStarved}, {IOfferMarket.OfferMarket_WrongNonce},
    /// {IOfferMarket.OfferMarket_Expired}, {IOfferMarket.OfferMarket_WrongState}, and as
    /// {IEnergyLedger.payFee}.
    /// @custom:paper N-4, N-8
    /// @custom:signed Cancellation(bytes32 tradeId, uint256 deadline, address relayer, uint256 fee)
    /// @param terms The offer as signed.
    /// @param relay Deadline, relayer and fee.
    /// @param signature The seller's EIP-712 signature (65 or 64 bytes, or ERC-1271).
    function cancelFor(Terms calldata terms, Relay calldata relay, bytes calldata signature) external;

    /// @notice The market that created the desk.
    /// @return Its address.
    function MARKET() external view returns (address);
}
