// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Energy} from "../types/Energy.sol";
import {
    Delivery,
    DeliveryFault,
    ReceiptKey,
    Terms,
    TestimonyFault,
    TradeState,
    Witness
} from "../types/Trade.sol";

/// @notice Constructor arguments of the market, each with its allowed range. BPS are basis points, hundredths
/// of a per cent.
/// @param ledger Energy ledger that names this market.
/// @param guaranteeBps Guarantee as a share of the price, 1 … 10,000 (Nazari: 10,000).
/// @param feeBps Share of the seller's payment that goes to the treasury, 0 … 1,000.
/// @param cancelBps Share of the guarantee that is lost when an offer is withdrawn before its expiry, 0 …
/// 10,000.
/// @param penaltyBps Share of the guarantee that is lost for energy not delivered, 1 … 10,000.
/// @param toleranceBps Share of the energy that may be missing before it is a default, 0 … 10,000.
/// @param maxDuration Longest time from now to deliverBy in seconds, one minute to a year.
/// @param replyTime Seconds after deliverBy in which the buyer's receipt still counts once the seller's meter
/// has testified, one minute to thirty days.
/// @param auction Contract whose awards become trades; zero: none.
struct MarketParameters {
    address ledger;
    uint256 guaranteeBps;
    uint256 feeBps;
    uint256 cancelBps;
    uint256 penaltyBps;
    uint256 toleranceBps;
    uint256 maxDuration;
    uint256 replyTime;
    address auction;
}

/// @title Offer market
/// @notice Trades at a fixed price: an offer with a guarantee (CTS, commitment to send), its acceptance with
/// the payment (CTP, commitment to pay), the meter's receipt (ERC, energy receipt confirmation), withdrawal
/// (CCS, cancellation of the commitment to send) and expiry.
/// @dev The key of a trade is the hash of its terms; everything else comes back as calldata. A finished trade
/// that cannot come back (its acceptBy has passed) leaves no storage behind. Lost guarantees and fees go to
/// the treasury rather than to the other party, so that nobody gains from spoiling a delivery.
/// @custom:paper N-1, N-2, N-3, N-4, N-5, N-6, N-7
interface IOfferMarket {
    /// @notice A seller committed to deliver (CTS).
    /// @param tradeId Hash of the terms.
    /// @param seller Account that promises the energy.
    /// @param buyer Account that the offer is reserved for; zero: anyone.
    /// @param energy Quantity: in Wh if below 2**64, else hidden.
    /// @param price Price of the whole quantity in units of account.
    /// @param acceptBy Unix seconds; it can be accepted before.
    /// @param deliverBy Unix seconds; a receipt counts before.
    /// @param nonce Tells equal offers of one seller apart.
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
    /// @param tradeId Hash of the terms.
    /// @param buyer Account that paid.
    /// @param receiptKey keccak256 of the ERC-7913 signer that will sign the receipt.
    event OfferAccepted(bytes32 indexed tradeId, address indexed buyer, bytes32 receiptKey);
    /// @notice A buyer paid a relayer's fee on top of the price. It stands right after the {OfferAccepted}
    /// that the fee was for; the relayer and the sum of its fees stand in {IEnergyLedger.RelayFeePaid}.
    /// @param buyer Account that paid.
    /// @param fee Units of account.
    event RelayFeeTaken(address indexed buyer, uint256 fee);
    /// @notice Everything was delivered (ERC). The seller has the price less the fee.
    /// @param tradeId Hash of the terms.
    event DeliveryConfirmed(bytes32 indexed tradeId);
    /// @notice Less than agreed was delivered.
    /// @param tradeId Hash of the terms.
    /// @param deliveredWh Wh that the receipt proves.
    /// @param agreedWh Wh of the terms.
    /// @param payment Units of account that the seller earned, before the fee; the buyer has the rest of the
    /// price back.
    /// @param cut Units of account of the guarantee that the treasury has.
    event DeliveredShort(
        bytes32 indexed tradeId,
        uint256 deliveredWh,
        uint256 agreedWh,
        uint256 payment,
        uint256 cut
    );
    /// @notice A receipt in a batch was refused. It can be submitted again.
    /// @param tradeId Hash of the terms.
    /// @param fault Why it was refused.
    event DeliveryRefused(bytes32 indexed tradeId, DeliveryFault fault);
    /// @notice Less than agreed was delivered, and the terms allow testimony. The seller has its share of the
    /// price and the buyer the rest; the guarantee waits until deliverBy, and so does a default.
    /// @param tradeId Hash of the terms.
    /// @param deliveredWh Wh that the receipt proves.
    /// @param agreedWh Wh of the terms.
    /// @param payment Units of account that the seller earned, before the fee.
    /// @param cut Units of account of the guarantee that the treasury gets without testimony.
    event PaidShort(
        bytes32 indexed tradeId,
        uint256 deliveredWh,
        uint256 agreedWh,
        uint256 payment,
        uint256 cut
    );
    /// @notice The guarantee of a trade that was paid short came back, less the cut.
    /// @param tradeId Hash of the terms.
    /// @param cut Units of account of the guarantee that the treasury has; zero after testimony.
    event ShortSettled(bytes32 indexed tradeId, uint256 cut);
    /// @notice The seller's meter has testified: the seller has no default from this trade any more.
    /// @param tradeId Hash of the terms.
    /// @param energy What the meter fed in, or the commitment of the terms (all of it).
    /// @param from Unix seconds; start of the time in which it did.
    /// @param to Unix seconds; its end.
    event DeliveryTestified(bytes32 indexed tradeId, Energy energy, uint256 from, uint256 to);
    /// @notice A testimony in a batch was refused. It can be submitted again.
    /// @param tradeId Hash of the terms.
    /// @param fault Why it was refused.
    event WitnessRefused(bytes32 indexed tradeId, TestimonyFault fault);
    /// @notice The seller's meter had testified, and the buyer's sent no receipt. The buyer has its payment
    /// back and the seller its guarantee.
    /// @param tradeId Hash of the terms.
    event TestimonyUnanswered(bytes32 indexed tradeId);
    /// @notice The seller withdrew the offer (CCS).
    /// @param tradeId Hash of the terms.
    /// @param cut Units of account of the guarantee that the treasury has.
    event OfferWithdrawn(bytes32 indexed tradeId, uint256 cut);
    /// @notice The seller withdrew an offer that it had signed off chain.
    /// @param tradeId Hash of the terms.
    /// @param seller Account that had signed it.
    event SignedOfferCancelled(bytes32 indexed tradeId, address indexed seller);
    /// @notice Nobody accepted the offer in time. The seller has its guarantee back.
    /// @param tradeId Hash of the terms.
    event OfferExpired(bytes32 indexed tradeId);
    /// @notice The winner of an auction did not pay in time. The seller has its guarantee back. This is a
    /// default of the buyer unless the DSO had suspended it by then; in that case the ledger logs no
    /// {IEnergyLedger.DefaultRecorded}.
    /// @param tradeId Hash of the terms.
    /// @param buyer Account that won.
    event AwardUnpaid(bytes32 indexed tradeId, address indexed buyer);
    /// @notice No receipt came in time. The buyer has its payment back.
    /// @param tradeId Hash of the terms.
    /// @param cut Units of account of the guarantee that the treasury has.
    event TradeExpired(bytes32 indexed tradeId, uint256 cut);

    /// @notice Only the auction named at deployment may award a trade.
    error OfferMarket_NotAuction(address caller, address auction);
    /// @notice Only the seller named in the terms may do this.
    error OfferMarket_NotSeller(address caller, address seller);
    /// @notice The offer is reserved for another buyer.
    error OfferMarket_Reserved(address caller, address buyer);
    /// @notice An award must name its buyer.
    error OfferMarket_NoBuyer();
    /// @notice Seller and buyer must be two accounts.
    error OfferMarket_SelfTrade(address account);
    /// @notice The energy must not be zero, and the price must be between 1 and maxPrice.
    error OfferMarket_BadTerms(Energy energy, uint256 price, uint256 maxPrice);
    /// @notice The times must be in the order now < acceptBy < deliverBy <= latest.
    error OfferMarket_BadWindow(uint256 acceptBy, uint256 deliverBy, uint256 now_, uint256 latest);
    /// @notice The top bits of the nonce must be 00 in an offer made on chain, 10 in one signed off chain and
    /// 01 in an award.
    error OfferMarket_WrongNonce(uint256 nonce, bool signed);
    /// @notice The trade is not in the state that this needs.
    error OfferMarket_WrongState(bytes32 tradeId, TradeState state, TradeState needed);
    /// @notice The deadline has passed.
    error OfferMarket_Expired(uint256 now_, uint256 deadline);
    /// @notice The deadline has not passed yet.
    error OfferMarket_NotExpired(uint256 now_, uint256 deadline);
    /// @notice The buyer has no registered meter.
    error OfferMarket_NoMeter(address buyer);
    /// @notice The key is not under the epoch's root, or the epoch is not the current one.
    error OfferMarket_UnknownReceiptKey(uint256 epoch, bytes32 receiptKey);
    /// @notice The signature is not the signer's.
    error OfferMarket_BadSignature(bytes signer);
    /// @notice The buyer and the receipt key are not those of the acceptance.
    error OfferMarket_NotParty(bytes32 tradeId, address buyer, bytes32 receiptKey);
    /// @notice The receipt was refused.
    error OfferMarket_ReceiptRefused(bytes32 tradeId, DeliveryFault fault);
    /// @notice The testimony was refused.
    error OfferMarket_TestimonyRefused(bytes32 tradeId, TestimonyFault fault);
    /// @notice Quantity and salt do not open the commitment of the terms.
    error OfferMarket_BadOpening(Energy energy, uint256 agreedWh, bytes32 salt);

    /// @notice Only the market's relay desk may call this.
    error OfferMarket_NotDesk(address caller, address desk);
    /// @notice More of the guarantee would be lost than the seller signed.
    error OfferMarket_CutTooLarge(uint256 cut, uint256 maxCut);

    /// @notice Commits the seller to deliver and holds its guarantee (CTS). The guarantee stays held until
    /// receipt, withdrawal or expiry.
    /// @dev Emits {OfferMade}. Reverts: {OfferMarket_NotSeller}, {OfferMarket_WrongNonce},
    /// {OfferMarket_BadTerms}, {OfferMarket_SelfTrade}, {OfferMarket_BadWindow}, {OfferMarket_WrongState},
    /// and as {IEnergyLedger.commit}. Rounding: guarantee up.
    /// @custom:paper N-1, N-5
    /// @param terms The offer. Its seller is the caller, and the two top bits of its nonce are clear.
    /// @return tradeId Hash of the terms.
    function makeOffer(Terms calldata terms) external returns (bytes32 tradeId);

    /// @notice Commits the buyer's payment to an offer (CTP). The caller is the buyer, and its registered
    /// meter will sign the receipt. The payment stays held until receipt or deliverBy. From acceptBy on
    /// nothing can be accepted; then {expire} returns the guarantee. The winner of an award pays it with the
    /// same call, even while it is banned, because it owes that payment already.
    /// @dev Emits {OfferAccepted}. Reverts: {OfferMarket_WrongState}, {OfferMarket_Expired},
    /// {OfferMarket_Reserved}, {OfferMarket_SelfTrade}, {OfferMarket_NoMeter}, and as {IEnergyLedger.commit}
    /// (for an award, as {IEnergyLedger.payOwed}). Rounding: none.
    /// @custom:paper N-2, N-3
    /// @param terms The offer as made.
    function acceptOffer(Terms calldata terms) external;

    /// @notice The same as {acceptOffer} with a one-time receipt key, so that the trade does not point at a
    /// meter.
    /// @dev Emits {OfferAccepted}. Reverts: as {acceptOffer}, {OfferMarket_UnknownReceiptKey},
    /// {SignerLib_VerifierStarved}, {OfferMarket_BadSignature}.
    /// @custom:paper N-2, N-6
    /// @custom:signed Acceptance(bytes32 tradeId, address buyer)
    /// @param terms The offer as made.
    /// @param key The key, the proof that it is admitted, and its own signature.
    function acceptOfferPrivately(Terms calldata terms, ReceiptKey calldata key) external;

    /// @notice Accepts an offer that was signed off chain: holds the guarantee and the payment in one call.
    /// The caller is the buyer.
    /// @dev Emits {OfferMade} and {OfferAccepted}. Reverts: as {makeOffer} and {acceptOffer},
    /// {OfferMarket_BadSignature}. Rounding: guarantee up.
    /// @custom:paper N-1, N-2
    /// @custom:signed Offer(address seller, address buyer, bytes32 energy, uint256 price, uint256 acceptBy,
    /// uint256 deliverBy, uint256 nonce)
    /// @param terms The offer. Of the two top bits of its nonce only bit 255 is set.
    /// @param signature The seller's EIP-712 signature (65 or 64 bytes, or ERC-1271).
    /// @return tradeId Hash of the terms.
    function acceptSigned(Terms calldata terms, bytes calldata signature) external returns (bytes32 tradeId);

    /// @notice The same as {acceptSigned} with a one-time receipt key.
    /// @dev Emits and reverts: as {acceptSigned} and {acceptOfferPrivately}.
    /// @custom:paper N-1, N-2, N-6
    /// @param terms The offer. Of the two top bits of its nonce only bit 255 is set.
    /// @param signature The seller's EIP-712 signature (65 or 64 bytes, or ERC-1271).
    /// @param key The key, the proof that it is admitted, and its own signature.
    /// @return tradeId Hash of the terms.
    function acceptSignedPrivately(
        Terms calldata terms,
        bytes calldata signature,
        ReceiptKey calldata key
    ) external returns (bytes32 tradeId);

    /// @notice The acceptance of an offer or award for a buyer whose signed order the relay desk has checked.
    /// Only the desk may call it. The nonce of the terms says whether the offer stands on chain or the
    /// seller's signature counts.
    /// @dev The desk stands apart because of the size limit of contracts (EIP-170). Its entrances have
    /// higher selectors than the functions of whole trades, which therefore cost nothing more. Emits what
    /// {acceptOffer}, {acceptOfferPrivately} or {acceptSigned} do, and with a fee {RelayFeeTaken}.
    /// Reverts: as those, {OfferMarket_NotDesk}. Rounding: guarantee up.
    /// @custom:paper N-1, N-2, N-6, N-8
    /// @param fee Units of account that the buyer pays on top of the price. They stay in the market's care
    /// until the desk has them paid with {payRelayer}.
    /// @param terms The offer as made, signed or awarded.
    /// @param sellerSignature The seller's signature of an offer made off chain; otherwise it is not looked
    /// at.
    /// @param buyer Account that pays.
    /// @param key Empty: the buyer's registered meter will sign the receipt. One entry: this one-time key
    /// will.
    function acceptOnOrder(
        uint256 fee,
        Terms calldata terms,
        bytes calldata sellerSignature,
        address buyer,
        ReceiptKey[] calldata key
    ) external;

    /// @notice {giveUp} for a seller whose signed order the relay desk has checked. Only the desk may call
    /// it. Unlike {giveUp}, it leaves an offer that it ends early closed for good, so that the order
    /// cannot be used again.
    /// @dev Emits {OfferWithdrawn}. Reverts: {OfferMarket_NotDesk}, {OfferMarket_WrongState},
    /// {OfferMarket_CutTooLarge}. Rounding: cut down.
    /// @custom:paper N-4, N-8
    /// @param maxCut The most units of account of the guarantee that may be lost.
    /// @param terms The offer as made.
    function giveUpOnOrder(uint256 maxCut, Terms calldata terms) external;

    /// @notice {cancelSigned} for a seller whose signed order the relay desk has checked. Only the desk may
    /// call it.
    /// @dev Emits {SignedOfferCancelled}. Reverts: {OfferMarket_NotDesk}, {OfferMarket_WrongNonce},
    /// {OfferMarket_Expired}, {OfferMarket_WrongState}.
    /// @custom:paper N-4, N-8
    /// @param terms The offer as signed.
    function cancelSignedOnOrder(Terms calldata terms) external;

    /// @notice Pays a relayer what the signers of orders owe it. Only the desk may call it.
    /// @dev Reverts: {OfferMarket_NotDesk}, and as {IEnergyLedger.payFee}.
    /// @custom:paper N-8
    /// @param amount Units of account.
    /// @param relayer Account that gets the fee.
    /// @param payer Account that pays from its available funds; zero: the fees that {acceptOnOrder} took.
    function payRelayer(uint256 amount, address relayer, address payer) external;

    /// @notice Opens a trade that the winner of an auction has to pay before acceptBy; otherwise it is a
    /// default of the winner. Only the auction may call it.
    /// @dev The auction holds the guarantee for the price already. Emits {OfferMade}. Reverts:
    /// {OfferMarket_NotAuction}, {OfferMarket_NoBuyer}, and as {makeOffer}.
    /// @custom:paper X-7
    /// @param terms The trade, reserved for the winner. Of the two top bits of its nonce only bit 254 is set.
    /// @return tradeId Hash of the terms.
    function award(Terms calldata terms) external returns (bytes32 tradeId);

    /// @notice Pays the seller on the meter's receipt and returns the guarantee (ERC). Anyone may submit the
    /// receipt. If less than agreed was delivered, payment and guarantee are settled in proportion, and a
    /// shortfall beyond the tolerance is a default of the seller. Where the terms allow testimony and the
    /// receipt is a meter's (no {IEnergyLot}), only the payment is settled then, and the guarantee waits for
    /// testimony until deliverBy. After testimony the whole guarantee returns, there is no default, and a
    /// receipt counts for the reply time after deliverBy too.
    /// @dev Emits {DeliveryConfirmed}, {DeliveredShort} or {PaidShort}. Reverts:
    /// {OfferMarket_ReceiptRefused}, {SignerLib_VerifierStarved}. Rounding: payment, fee and cut down.
    /// @custom:paper N-3, N-7
    /// @custom:signed Receipt(bytes32 tradeId, bytes32 energy)
    /// @param delivery Terms, parties and receipt.
    function confirmDelivery(Delivery calldata delivery) external;

    /// @notice {confirmDelivery} for many receipts. A bad receipt does not stop the others. A receipt whose
    /// verifier may have lacked the gas to confirm it is not a bad one: then the whole batch reverts, so that
    /// neither a gas estimate nor whoever chooses the gas turns a good receipt into a bad one.
    /// @dev Emits what {confirmDelivery} does, and {DeliveryRefused} for each bad receipt. Reverts:
    /// {SignerLib_VerifierStarved}.
    /// @custom:paper N-3
    /// @param deliveries Terms, parties and receipts.
    /// @return settled How many trades were settled.
    function confirmDeliveries(Delivery[] calldata deliveries) external returns (uint256 settled);

    /// @notice {confirmDelivery} for a hidden quantity that was not delivered in full: the commitment is
    /// opened.
    /// @dev Emits and reverts: as {confirmDelivery}, {OfferMarket_BadOpening}.
    /// @custom:paper N-5
    /// @param delivery Terms with a commitment, and a receipt in plain Wh.
    /// @param agreedWh Wh in the commitment.
    /// @param salt Salt of the commitment.
    function confirmHiddenShort(Delivery calldata delivery, uint256 agreedWh, bytes32 salt) external;

    /// @notice Submits what the seller's meter testifies to have fed in for a trade whose terms allow it,
    /// before deliverBy. Anyone may submit it. It counts once, and only if no more is missing than the
    /// tolerance allows. If the trade is paid short, its guarantee returns at once. If there is no receipt
    /// yet, the buyer's still counts until the reply time after deliverBy; without one {expire} refunds the
    /// buyer and returns the guarantee then. In both cases the seller has no default.
    /// @dev Emits {DeliveryTestified}, and {ShortSettled} if the trade is paid short. Reverts:
    /// {OfferMarket_TestimonyRefused}, {SignerLib_VerifierStarved}. Rounding: none.
    /// @custom:paper N-3, N-7
    /// @custom:signed Testimony(bytes32 tradeId, bytes32 energy, uint256 from, uint256 to)
    /// @param witness Terms, parties and testimony.
    function testify(Witness calldata witness) external;

    /// @notice {testify} for many testimonies. A bad one does not stop the others; a starved verifier reverts
    /// the batch, as in {confirmDeliveries}.
    /// @dev Emits what {testify} does, and {WitnessRefused} for each bad testimony. Reverts:
    /// {SignerLib_VerifierStarved}.
    /// @custom:paper N-3
    /// @param witnesses Terms, parties and testimonies.
    /// @return counted How many of them counted.
    function testifyMany(Witness[] calldata witnesses) external returns (uint256 counted);

    /// @notice {testify} for a hidden quantity that was not fed in in full: the commitment is opened.
    /// @dev Emits and reverts: as {testify}, {OfferMarket_BadOpening}.
    /// @custom:paper N-5
    /// @param witness Terms with a commitment, and a testimony in plain Wh.
    /// @param agreedWh Wh in the commitment.
    /// @param salt Salt of the commitment.
    function testifyHidden(Witness calldata witness, uint256 agreedWh, bytes32 salt) external;

    /// @notice Withdraws an open offer (CCS). Only its seller may. Before acceptBy a share of the guarantee
    /// is lost, afterwards nothing.
    /// @dev Emits {OfferWithdrawn}. Reverts: {OfferMarket_NotSeller}, {OfferMarket_WrongState}. Rounding: cut
    /// down.
    /// @custom:paper N-4
    /// @param terms The offer as made.
    function giveUp(Terms calldata terms) external;

    /// @notice Withdraws an offer signed off chain for good. Only its seller may, and only before acceptBy,
    /// from when on it is void anyway. Nothing was held, so nothing is lost.
    /// @dev Emits {SignedOfferCancelled}. Reverts: {OfferMarket_NotSeller}, {OfferMarket_WrongNonce},
    /// {OfferMarket_Expired}, {OfferMarket_WrongState}.
    /// @custom:paper N-4
    /// @param terms The offer as signed.
    function cancelSigned(Terms calldata terms) external;

    /// @notice Ends what is overdue. Anyone may call it. If nobody accepted the offer, the guarantee returns
    /// (N-7, 3). If nothing was delivered, the buyer is refunded and the seller loses the penalty (N-7, 4).
    /// If the seller's meter has testified, the buyer is refunded when the reply time is over, the guarantee
    /// returns, and neither credit moves. If a trade is paid short, its guarantee returns less the cut. If an
    /// award was not paid, the guarantee returns, and it is a default of the buyer unless the buyer is
    /// suspended now.
    /// @dev Emits {OfferExpired}, {TradeExpired}, {AwardUnpaid}, {TestimonyUnanswered} or {ShortSettled}.
    /// Reverts: {OfferMarket_NotExpired},
    /// {OfferMarket_WrongState}, {OfferMarket_NotParty}. Rounding: cut down.
    /// @custom:paper N-7
    /// @param terms The offer as made or signed.
    /// @param buyer Account that accepted; ignored if none did.
    /// @param receiptKey keccak256 of the ERC-7913 signer named at acceptance; ignored if none was.
    function expire(Terms calldata terms, address buyer, bytes32 receiptKey) external;

    /// @notice The trade id of terms: their EIP-712 struct hash.
    /// @custom:paper N-5
    /// @param terms Any terms.
    /// @return tradeId Their hash.
    function tradeIdOf(Terms calldata terms) external pure returns (bytes32 tradeId);

    /// @notice Current state of a trade. A finished trade whose terms can never come back reports
    /// {TradeState.None}.
    /// @param tradeId Hash of the terms.
    /// @return The state as it was recorded; an overdue trade keeps its state until {expire}.
    function stateOf(bytes32 tradeId) external view returns (TradeState);

    /// @notice Guarantee for a price.
    /// @dev Reverts: {OfferMarket_BadTerms} for a price that no offer can have. Rounding: up.
    /// @custom:paper N-1
    /// @param price Units of account.
    /// @return Units of account.
    function guaranteeUp(uint256 price) external view returns (uint256);

    /// @notice The relay desk, where signed orders are carried out. The market created it.
    /// @return Its address: that of the market's first creation.
    function DESK() external view returns (address);

    /// @notice The parameters of the market.
    /// @return As given to the constructor.
    function marketParameters() external view returns (MarketParameters memory);
}
