// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AuctionState, AuctionTerms, Quote} from "../types/Auction.sol";

/// @notice Constructor arguments of the auction.
/// @param ledger Energy ledger that names this auction as a market.
/// @param market Offer market that takes awards from this auction. It must be deployed already.
/// @param biddersBps Share of a forfeited guarantee that goes to the quotes in equal parts, 0 … 10,000 basis
/// points (hundredths of a per cent). The rest goes to the treasury.
/// @param minSettleWindow Shortest time from discloseUntil to settleBy in seconds, 1 minute to 1 day.
/// @param minPayWindow Shortest time from settleBy to payBy in seconds, 1 minute to 1 day.
/// @param quoteFee What each quote costs beside its gas, in wei of the chain's native coin, 0 … 10**18.
/// @param settlerBps Part of the fee that goes to whoever settles the quote, 0 … 5,000 basis points, rounded
/// down. The rest goes to the treasury, so that whoever settles its own quotes still pays at least half.
/// @param maxDuration Longest time from now to deliverBy in seconds, one minute to the market's own.
struct AuctionParameters {
    address ledger;
    address market;
    uint256 biddersBps;
    uint256 minSettleWindow;
    uint256 minPayWindow;
    uint256 quoteFee;
    uint256 settlerBps;
    uint256 maxDuration;
}

/// @title Sealed-bid auction
/// @notice Encrypted quotes, one disclosed key, and the generalised second price (GSP). Each award becomes a
/// trade of the {IOfferMarket}.
/// @dev An auction keeps one slot with the head of a hash chain of its quotes. The settlement replays the
/// quotes from calldata, from the newest chunk to the oldest. Each chunk is checked against the chain when it
/// comes, so nobody can lead a settlement astray, and anyone can go on where another stopped. Nothing loops
/// over storage but the k + 1 best quotes. A bidder may quote again; its highest quote counts, so a later one
/// can only raise.
/// @custom:paper X-5, X-6, X-7, X-8, X-9, N-5
interface ISealedBidAuction {
    /// @notice An order was posted.
    /// @param auctionId Hash of the terms.
    /// @param publisher Seller.
    /// @param terms The order.
    event AuctionPosted(bytes32 indexed auctionId, address indexed publisher, AuctionTerms terms);
    /// @notice A bidder sealed a quote.
    /// @param auctionId The auction.
    /// @param bidder Account that bids.
    /// @param cx x coordinate of the ephemeral point.
    /// @param body Parity of the ephemeral point and masked amount.
    event QuoteSealed(bytes32 indexed auctionId, address indexed bidder, uint256 cx, uint256 body);
    /// @notice The key was disclosed. Everybody can open every quote from now on.
    /// @param auctionId The auction.
    /// @param key Secret scalar of the quote key.
    event KeyDisclosed(bytes32 indexed auctionId, uint256 key);
    /// @notice A part of the quotes was replayed.
    /// @param auctionId The auction.
    /// @param accumulator Where in the hash chain the next chunk must end.
    event SettlementAdvanced(bytes32 indexed auctionId, uint256 accumulator);
    /// @notice A lot was won.
    /// @param auctionId The auction.
    /// @param lot Place of the lot in the terms, from 0.
    /// @param winner Account that won.
    /// @param quote The winner's quote in units of account per kWh.
    /// @param price What the winner pays in units of account per kWh: the next quote, or the start price.
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
    /// @notice The auction is finished.
    /// @param auctionId The auction.
    /// @param awarded How many lots were won.
    /// @param runnerUp Best bidder without a lot, zero if there is none. The seller may offer it what a
    /// winner does not pay.
    /// @param runnerUpQuote The runner-up's quote in units of account per kWh.
    event AuctionSettled(bytes32 indexed auctionId, uint256 awarded, address runnerUp, uint256 runnerUpQuote);
    /// @notice The key was not disclosed, or the settlement was not finished, in time.
    /// @param auctionId The auction.
    /// @param share Units of account that the bidder of each quote gets for it. If the bidder is the
    /// publisher, the treasury gets them.
    event GuaranteeForfeited(bytes32 indexed auctionId, uint256 share);
    /// @notice A bidder has its share of a forfeited guarantee.
    /// @param auctionId The auction.
    /// @param bidder Account that bid.
    /// @param share Units of account.
    event BidderCompensated(bytes32 indexed auctionId, address indexed bidder, uint256 share);
    /// @notice A quote was the publisher's own, so its share of the forfeited guarantee is the treasury's.
    /// @param auctionId The auction.
    /// @param share Units of account.
    event ShareForfeited(bytes32 indexed auctionId, uint256 share);
    /// @notice The auction is finished without a quote. The publisher has its guarantee back.
    /// @param auctionId The auction.
    event AuctionClosed(bytes32 indexed auctionId);

    /// @notice An account may claim fees of quotes: whoever settled them, or the treasury.
    /// @param auctionId The auction.
    /// @param account The settlement's caller, or the treasury.
    /// @param amount Wei.
    event FeesEarned(bytes32 indexed auctionId, address indexed account, uint256 amount);
    /// @notice An account took out the fees that it had earned.
    /// @param account Who had earned them.
    /// @param to Who got them.
    /// @param amount Wei.
    event FeesClaimed(address indexed account, address indexed to, uint256 amount);

    /// @notice Only the publisher named in the terms may post them.
    error SealedBidAuction_NotPublisher(address caller, address publisher);
    /// @notice There must be 1 … 8 lots, the largest first, each above 0 and below 2**40 Wh and worth at
    /// least 1 unit at the start price.
    error SealedBidAuction_BadLots(uint256[] lotsWh);
    /// @notice The prices must be in the order 1 <= startPrice <= ceiling < 2**63, and the highest payment
    /// must be below 2**63.
    error SealedBidAuction_BadPrices(uint256 startPrice, uint256 ceiling);
    /// @notice The times must be in the order now < quoteUntil < discloseUntil < settleBy < payBy < deliverBy
    /// <= latest, with minSettleWindow or more from discloseUntil to settleBy and minPayWindow or more from
    /// settleBy to payBy.
    error SealedBidAuction_BadWindow(
        uint256 quoteUntil,
        uint256 discloseUntil,
        uint256 settleBy,
        uint256 payBy,
        uint256 deliverBy,
        uint256 latest
    );
    /// @notice The market's address has no code.
    error SealedBidAuction_MarketWithoutCode(address market);
    /// @notice The quote key must not be zero.
    error SealedBidAuction_ZeroKey();
    /// @notice The auction is not in the state that this needs.
    error SealedBidAuction_WrongState(bytes32 auctionId, AuctionState state, AuctionState needed);
    /// @notice The deadline has passed.
    error SealedBidAuction_Expired(uint256 now_, uint256 deadline);
    /// @notice The deadline has not passed yet.
    error SealedBidAuction_NotExpired(uint256 now_, uint256 deadline);
    /// @notice The auction has all the quotes that it can count.
    error SealedBidAuction_Full(bytes32 auctionId, uint256 max);
    /// @notice A quote must come with exactly its fee, in wei.
    error SealedBidAuction_WrongFee(uint256 value, uint256 fee);
    /// @notice The account has no fees to claim.
    error SealedBidAuction_NoFees(address account);
    /// @notice Fees must not be sent to the zero address.
    error SealedBidAuction_ZeroRecipient();
    /// @notice The signature is not the bidder's.
    error SealedBidAuction_BadSignature(address bidder);
    /// @notice The key is not the secret of the terms' quote key.
    error SealedBidAuction_WrongKey(address quoteKey);
    /// @notice The quotes, replayed from the given accumulator, do not lead to where they must: one is
    /// missing, added, altered or out of order, or all of them are done already.
    error SealedBidAuction_WrongReplay(uint256 given, uint256 needed);
    /// @notice A chunk must contain a quote.
    error SealedBidAuction_EmptyChunk();

    /// @notice Posts an order and holds the guarantee for its highest possible payment. A publisher that does
    /// not disclose the key in time loses the guarantee, and so does one whose auction is not settled by
    /// settleBy: anyone may settle it, and the publisher always can.
    /// @dev Emits {AuctionPosted}. Reverts: {SealedBidAuction_NotPublisher}, {SealedBidAuction_BadLots},
    /// {SealedBidAuction_BadPrices}, {SealedBidAuction_BadWindow}, {SealedBidAuction_ZeroKey},
    /// {SealedBidAuction_WrongState}, and as {IEnergyLedger.commit}. Rounding: guarantee up.
    /// @custom:paper X-4, X-8
    /// @param terms The order, whose publisher is the caller.
    /// @return auctionId Hash of the terms.
    function post(AuctionTerms calldata terms) external returns (bytes32 auctionId);

    /// @notice Adds the caller's sealed quote, which must come with the fee. Whether the bidder may buy is
    /// checked at the settlement, when it matters. The fee is never returned: whoever settles the quote gets
    /// a part of it, and the treasury the rest.
    /// @dev Emits {QuoteSealed}. Reverts: {SealedBidAuction_WrongState}, {SealedBidAuction_Expired} from
    /// quoteUntil on, {SealedBidAuction_Full}, {SealedBidAuction_WrongFee}.
    /// @custom:paper X-5
    /// @param auctionId Open auction.
    /// @param cx x coordinate of the ephemeral point.
    /// @param body Parity of the ephemeral point and masked amount.
    function quote(bytes32 auctionId, uint256 cx, uint256 body) external payable;

    /// @notice Adds a quote with its bidder's signature. Anyone may submit it, and whoever does pays the fee.
    /// A quote submitted twice counts once, and costs two fees.
    /// @dev Emits {QuoteSealed}. Reverts: as {quote}, {SealedBidAuction_BadSignature}.
    /// @custom:paper X-5
    /// @custom:signed Quote(bytes32 auctionId, address bidder, uint256 cx, uint256 body)
    /// @param auctionId Open auction.
    /// @param sealedQuote The bidder's quote.
    /// @param signature The bidder's EIP-712 signature (65 or 64 bytes, or ERC-1271).
    function quoteFor(
        bytes32 auctionId,
        Quote calldata sealedQuote,
        bytes calldata signature
    ) external payable;

    /// @notice Discloses the key, from quoteUntil on and before discloseUntil. Anyone who knows the key may.
    /// @dev Emits {KeyDisclosed}. Reverts: {SealedBidAuction_WrongState}, {SealedBidAuction_NotExpired},
    /// {SealedBidAuction_Expired}, {SealedBidAuction_WrongKey}.
    /// @custom:paper X-6
    /// @param terms The order.
    /// @param key Secret scalar of the quote key.
    function disclose(AuctionTerms calldata terms, uint256 key) external;

    /// @notice Opens a chunk of quotes. The chunk that reaches the first quote decides the auction. Anyone
    /// may call it, before settleBy. Chunks come newest first; within a chunk the oldest quote is first. The
    /// result does not depend on how the quotes are cut into chunks. A later chunk may overlap what is done:
    /// what follows the last quote that is not done is passed over unread, so a smaller chunk put in front of
    /// this call does not make it revert. The caller earns the settler's part of the fee of each quote that
    /// was not done, and the last chunk earns the treasury the rest of all fees.
    /// @dev Emits {KeyDisclosed} if this call discloses the key, {FeesEarned} where there is a fee, then
    /// {SettlementAdvanced}, or {LotAwarded} for each lot and {AuctionSettled}. Reverts: as {disclose} where
    /// it discloses, {SealedBidAuction_Expired} from settleBy on, {SealedBidAuction_WrongKey},
    /// {SealedBidAuction_WrongReplay}, {SealedBidAuction_EmptyChunk}. Rounding: payments down, guarantees up.
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

    /// @notice Ends an auction whose key did not come before discloseUntil, or whose settlement was not
    /// finished before settleBy: a default of the publisher, whose guarantee goes to the bidders and the
    /// treasury. The treasury also gets the quotes' fees that no settler has earned; they are not returned to
    /// bidders, since that would make it free to stuff an auction until nobody can settle it. An auction
    /// without a quote ends from quoteUntil on, and its guarantee returns. Anyone may call it.
    /// @dev Emits {GuaranteeForfeited} and {FeesEarned}, or {AuctionClosed}. Reverts:
    /// {SealedBidAuction_WrongState}, {SealedBidAuction_NotExpired}. Rounding: shares down, and the rest to
    /// the treasury.
    /// @custom:paper X-6, N-7
    /// @param terms The order.
    function forfeit(AuctionTerms calldata terms) external;

    /// @notice Pays bidders their shares of a forfeited guarantee, in chunks as in {settle}. The share of a
    /// quote of the publisher's own goes to the treasury. Anyone may call it.
    /// @dev Emits {BidderCompensated} or {ShareForfeited} for each quote. Reverts:
    /// {SealedBidAuction_WrongState}, {SealedBidAuction_WrongReplay}, {SealedBidAuction_EmptyChunk}.
    /// Rounding: shares down.
    /// @custom:paper X-6
    /// @param terms The order.
    /// @param accumulator The hash chain before the chunk's first quote.
    /// @param quotes The chunk.
    function compensate(AuctionTerms calldata terms, uint256 accumulator, Quote[] calldata quotes) external;

    /// @notice Sends the fees that the caller has earned to an account.
    /// @dev Emits {FeesClaimed}. Reverts: {SealedBidAuction_ZeroRecipient}, {SealedBidAuction_NoFees}, and if
    /// the recipient refuses the coin. No reentrancy: the caller's fees are zero before the coin is sent.
    /// @custom:paper X-5
    /// @param to Who gets the coin.
    function claimFees(address to) external;

    /// @notice Fees that an account has earned and not claimed yet.
    /// @param account Settler or treasury.
    /// @return amount Wei.
    function feesOf(address account) external view returns (uint256 amount);

    /// @notice The auction id of terms: their hash.
    /// @param terms Any terms.
    /// @return auctionId keccak256(abi.encode(terms)).
    function auctionIdOf(AuctionTerms calldata terms) external pure returns (bytes32 auctionId);

    /// @notice Current state of an auction, the number of its quotes, and where the next chunk must end.
    /// @param auctionId Hash of the terms.
    /// @return state The state as it was recorded; {AuctionState.AwaitingKey} means that the time for quotes
    /// is over.
    /// @return quotes How many quotes were sealed.
    /// @return accumulator The hash chain up to the last quote that was not replayed yet.
    function stateOf(
        bytes32 auctionId
    ) external view returns (AuctionState state, uint256 quotes, uint256 accumulator);

    /// @notice The hash chain before the first quote.
    /// @param auctionId Hash of the terms.
    /// @return accumulator The lowest 200 bits of keccak256(abi.encode(auctionId)).
    function seedOf(bytes32 auctionId) external pure returns (uint256 accumulator);

    /// @notice The publisher's guarantee: the sum of the guarantees for the highest payment of every lot.
    /// @dev Rounding: payments down, the guarantee of each up.
    /// @custom:paper X-8
    /// @param terms Any terms.
    /// @return Units of account.
    function guaranteeOf(AuctionTerms calldata terms) external view returns (uint256);

    /// @notice The parameters of the auction.
    /// @return As given to the constructor.
    function auctionParameters() external view returns (AuctionParameters memory);
}
