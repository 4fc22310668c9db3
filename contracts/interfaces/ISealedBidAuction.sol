// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AuctionState, AuctionTerms, Quote} from "../types/Auction.sol";

/// @notice Constructor arguments of the auction.
/// @param ledger Energy ledger that names this auction as a market.
/// @param market Offer market that takes awards from this auction; it is there already.
/// @param biddersBps Share of a forfeited guarantee that goes to the bidders in equal parts, 0 … 10,000 (hundredths of a
/// per cent); the rest goes to the treasury.
/// @param maxDuration Longest time from now to deliverBy in seconds, one minute to the market's own.
struct AuctionParameters {
    address ledger;
    address market;
    uint256 biddersBps;
    uint256 maxDuration;
}

/// @title Sealed-bid auction
/// @notice Encrypted quotes, one disclosed key, generalised second price (GSP); each award becomes a trade of the
/// {IOfferMarket}.
/// @dev An auction keeps one slot, a hash chain of its quotes. Settlement replays the quotes from calldata, from the
/// newest chunk to the oldest: each chunk is checked against the chain when it comes, so that nobody can lead a
/// settlement astray, and anyone can go on where another stopped. Nothing loops over storage but the k + 1 best quotes.
/// A bidder may quote again; its highest quote counts, so a later one can only raise.
/// @custom:paper X-5, X-6, X-7, X-8, X-9, N-5
interface ISealedBidAuction {
    /// @notice An order was published.
    event AuctionPosted(bytes32 indexed auctionId, address indexed publisher, AuctionTerms terms);
    /// @notice A bidder sealed a quote.
    /// @param cx x of the ephemeral point.
    /// @param body Parity and masked amount.
    event QuoteSealed(bytes32 indexed auctionId, address indexed bidder, uint256 cx, uint256 body);
    /// @notice Everybody can open every quote from now on.
    event KeyDisclosed(bytes32 indexed auctionId, uint256 key);
    /// @notice A part of the quotes was replayed.
    /// @param accumulator Where the next chunk must end.
    event SettlementAdvanced(bytes32 indexed auctionId, uint256 accumulator);
    /// @notice A lot was won.
    /// @param lot Place of the lot in the terms.
    /// @param winner Bidder.
    /// @param quote The winner's quote, units per kWh.
    /// @param price What the winner pays, units per kWh: the next quote, or the start price.
    /// @param tradeId The trade in the {IOfferMarket} that the winner has to accept.
    /// @param acceptBy Unix seconds; the winner has to pay before.
    event LotAwarded(
        bytes32 indexed auctionId,
        uint256 lot,
        address indexed winner,
        uint256 quote,
        uint256 price,
        bytes32 tradeId,
        uint256 acceptBy
    );
    /// @notice The auction is over.
    /// @param awarded Lots that were won.
    /// @param runnerUp Best bidder without a lot, zero if none: the seller may offer it what a winner did not pay.
    /// @param runnerUpQuote The runner-up's quote, units per kWh.
    event AuctionSettled(bytes32 indexed auctionId, uint256 awarded, address runnerUp, uint256 runnerUpQuote);
    /// @notice The key was not disclosed in time.
    /// @param share What each quote's bidder gets, units.
    event GuaranteeForfeited(bytes32 indexed auctionId, uint256 share);
    /// @notice A bidder has its share of a forfeited guarantee.
    event BidderCompensated(bytes32 indexed auctionId, address indexed bidder, uint256 share);
    /// @notice There was no quote; the guarantee is back.
    event AuctionClosed(bytes32 indexed auctionId);

    /// @notice Only the publisher named in the terms may post them.
    error SealedBidAuction_NotPublisher(address caller, address publisher);
    /// @notice Needed: 1 … 8 lots by falling size, each above 0 and below 2**40 Wh, whose start price is 1 unit or more.
    error SealedBidAuction_BadLots(uint256[] lotsWh);
    /// @notice Needed: 1 <= startPrice <= ceiling <= 2**64 - 1, and the highest payment at most 2**64 - 1.
    error SealedBidAuction_BadPrices(uint256 startPrice, uint256 ceiling);
    /// @notice Needed: now < quoteUntil < discloseUntil < discloseUntil + payWindow < deliverBy <= latest, payWindow > 0.
    error SealedBidAuction_BadWindow(
        uint256 quoteUntil,
        uint256 discloseUntil,
        uint256 payWindow,
        uint256 deliverBy,
        uint256 latest
    );
    /// @notice The market has no code.
    error SealedBidAuction_MarketWithoutCode(address market);
    /// @notice The quote key cannot be zero.
    error SealedBidAuction_ZeroKey();
    /// @notice The auction is not in the state this needs.
    error SealedBidAuction_WrongState(bytes32 auctionId, AuctionState state, AuctionState needed);
    /// @notice Too late: block.timestamp is not before the deadline.
    error SealedBidAuction_Expired(uint256 now_, uint256 deadline);
    /// @notice Too early: block.timestamp is before the deadline.
    error SealedBidAuction_NotExpired(uint256 now_, uint256 deadline);
    /// @notice The auction has all the quotes it can count.
    error SealedBidAuction_Full(bytes32 auctionId, uint256 max);
    /// @notice The signature is not the bidder's.
    error SealedBidAuction_BadSignature(address bidder);
    /// @notice The key is not that of the terms' quote key.
    error SealedBidAuction_WrongKey(address quoteKey);
    /// @notice The quotes, replayed from the given accumulator, do not end where they must: one is missing, added, altered
    /// or out of order.
    error SealedBidAuction_WrongReplay(uint256 given, uint256 needed);
    /// @notice A chunk without quotes gets nowhere.
    error SealedBidAuction_EmptyChunk();

    /// @notice Publishes an order and holds the guarantee for its highest possible payment.
    /// @dev Emits {AuctionPosted}. Reverts: {SealedBidAuction_NotPublisher}, {SealedBidAuction_BadLots},
    /// {SealedBidAuction_BadPrices}, {SealedBidAuction_BadWindow}, {SealedBidAuction_ZeroKey},
    /// {SealedBidAuction_WrongState}, and as {IEnergyLedger.commit}.
    /// Warning: whoever does not disclose the key in time loses the guarantee.
    /// @custom:paper X-4, X-8
    /// @param terms The order.
    /// @return auctionId Hash of the terms.
    function post(AuctionTerms calldata terms) external returns (bytes32 auctionId);

    /// @notice Adds the caller's sealed quote.
    /// @dev Emits {QuoteSealed}. Reverts: {SealedBidAuction_WrongState}, {SealedBidAuction_Expired} from quoteUntil on,
    /// {SealedBidAuction_Full}. Whether the bidder may buy is asked at settlement, when it matters.
    /// @custom:paper X-5
    /// @param auctionId Open auction.
    /// @param cx x of the ephemeral point.
    /// @param body Parity and masked amount.
    function quote(bytes32 auctionId, uint256 cx, uint256 body) external;

    /// @notice {quote} brought by anyone with the bidder's signature.
    /// @dev Emits {QuoteSealed}. Reverts: as {quote}, {SealedBidAuction_BadSignature}. Brought twice it counts once.
    /// @custom:paper X-5
    /// @param auctionId Open auction.
    /// @param sealedQuote The bidder's quote.
    /// @param signature Its EIP-712 signature of Quote(auctionId, bidder, cx, body) (or ERC-1271).
    function quoteFor(bytes32 auctionId, Quote calldata sealedQuote, bytes calldata signature) external;

    /// @notice Discloses the key after the last quote; anyone who knows it may.
    /// @dev Emits {KeyDisclosed}. Reverts: {SealedBidAuction_WrongState}, {SealedBidAuction_NotExpired} before quoteUntil,
    /// {SealedBidAuction_Expired} from discloseUntil on, {SealedBidAuction_WrongKey}.
    /// @custom:paper X-6
    /// @param terms The order.
    /// @param key Secret scalar of the quote key.
    function disclose(AuctionTerms calldata terms, uint256 key) external;

    /// @notice Opens a chunk of quotes; the chunk that reaches the beginning decides the auction. Anyone may call.
    /// @dev Emits {KeyDisclosed} if this discloses the key, then {SettlementAdvanced}, or {LotAwarded} for each lot and
    /// {AuctionSettled}. Chunks come newest first; within a chunk the oldest quote is first. The result does not depend on
    /// how quotes are cut into chunks. Rounding: payments down. Reverts: as {disclose} where it discloses,
    /// {SealedBidAuction_WrongKey}, {SealedBidAuction_WrongReplay}, {SealedBidAuction_EmptyChunk}.
    /// @custom:paper X-6, X-7
    /// @param terms The order.
    /// @param key Secret scalar of the quote key.
    /// @param accumulator The hash chain before the chunk's first quote.
    /// @param quotes The chunk.
    function settle(
        AuctionTerms calldata terms,
        uint256 key,
        uint256 accumulator,
        Quote[] calldata quotes
    ) external;

    /// @notice Ends an auction whose key did not come in time: a default of the publisher, whose guarantee goes to bidders
    /// and treasury. Or one without quotes: the guarantee returns. Anyone may call.
    /// @dev Emits {GuaranteeForfeited} or {AuctionClosed}. Rounding: shares down, the rest to the treasury. Reverts:
    /// {SealedBidAuction_WrongState}, {SealedBidAuction_NotExpired}.
    /// @custom:paper X-6, N-7
    /// @param terms The order.
    function forfeit(AuctionTerms calldata terms) external;

    /// @notice Pays bidders their shares of a forfeited guarantee, in chunks as {settle}. Anyone may call.
    /// @dev Emits {BidderCompensated} for each quote. Reverts: {SealedBidAuction_WrongState},
    /// {SealedBidAuction_WrongReplay}, {SealedBidAuction_EmptyChunk}.
    /// @param terms The order.
    /// @param accumulator The hash chain before the chunk's first quote.
    /// @param quotes The chunk.
    function compensate(AuctionTerms calldata terms, uint256 accumulator, Quote[] calldata quotes) external;

    /// @notice Auction id of terms.
    function auctionIdOf(AuctionTerms calldata terms) external pure returns (bytes32 auctionId);

    /// @notice Where an auction stands, how many quotes it has, and where the next chunk must end.
    /// @param auctionId Hash of the terms.
    /// @return state Its state, as far as it was recorded; {AuctionState.AwaitingKey} says that the quoting is over.
    /// @return quotes How many were sealed.
    /// @return accumulator The hash chain up to the last quote that was not replayed yet.
    function stateOf(
        bytes32 auctionId
    ) external view returns (AuctionState state, uint256 quotes, uint256 accumulator);

    /// @notice The hash chain before the first quote.
    function seedOf(bytes32 auctionId) external pure returns (uint256 accumulator);

    /// @notice What the publisher's guarantee is: that of the highest payment of every lot.
    function guaranteeOf(AuctionTerms calldata terms) external view returns (uint256);

    /// @notice The constructor arguments.
    function auctionParameters() external view returns (AuctionParameters memory);
}
