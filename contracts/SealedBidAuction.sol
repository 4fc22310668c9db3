// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "solady/src/utils/EIP712.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";
import {IEnergyLedger, Outcome, Settlement} from "./interfaces/IEnergyLedger.sol";
import {IOfferMarket} from "./interfaces/IOfferMarket.sol";
import {AuctionParameters, ISealedBidAuction} from "./interfaces/ISealedBidAuction.sol";
import {Bps} from "./libraries/Bps.sol";
import {QuoteChain} from "./libraries/QuoteChain.sol";
import {Range} from "./libraries/Range.sol";
import {Ranking, Ranks} from "./libraries/Ranking.sol";
import {SealedQuote} from "./libraries/SealedQuote.sol";
import {SignerLib} from "./libraries/SignerLib.sol";
import {PurseLib, Roles} from "./types/Account.sol";
import {AuctionSlot, AuctionSlotLib, AuctionState, AuctionTerms, Quote} from "./types/Auction.sol";
import {EnergyLib} from "./types/Energy.sol";
import {NonceKind, Terms} from "./types/Trade.sol";

/// @title Sealed-bid auction
/// @notice Specified in {ISealedBidAuction}.
contract SealedBidAuction is ISealedBidAuction, EIP712 {
    using Ranking for Ranks;

    uint256 private constant MAX_LOTS = 8;
    uint256 private constant MAX_LOT_WH = type(uint40).max;
    bytes32 private constant QUOTE_TYPEHASH = keccak256(
        "Quote(bytes32 auctionId,address bidder,uint256 cx,uint256 body)"
    );

    IEnergyLedger private immutable _LEDGER;
    IOfferMarket private immutable _MARKET;
    uint256 private immutable _BIDDERS_BPS;
    uint256 private immutable _MAX_DURATION;
    uint256 private immutable _MIN_SETTLE_WINDOW;
    uint256 private immutable _MIN_PAY_WINDOW;
    uint256 private immutable _QUOTE_FEE;
    uint256 private immutable _SETTLER_BPS;
    /// @dev What of a quote's fee goes to whoever settles the quote, in wei.
    uint256 private immutable _SETTLER_FEE;
    address private immutable _TREASURY;

    /// @dev One slot for each open auction.
    mapping(bytes32 auctionId => AuctionSlot) private _auction;

    /// @dev These two are used only while a settlement or a compensation takes several transactions: where
    /// the next chunk must end (below 2**200) with how many quotes are done (above), and the best quotes so
    /// far.
    mapping(bytes32 auctionId => uint256 doneAndAccumulator) private _progress;
    mapping(bytes32 auctionId => uint256[MAX_LOTS + 1] entries) private _best;

    /// @inheritdoc ISealedBidAuction
    mapping(address account => uint256 amount) public feesOf;

    /// @notice Deploys without auctions.
    /// @dev Reverts: {SealedBidAuction_MarketWithoutCode}, {Range_Outside}.
    /// @param p The parameters, each within the range that {AuctionParameters} states.
    constructor(AuctionParameters memory p) {
        _LEDGER = IEnergyLedger(p.ledger);
        _MARKET = IOfferMarket(p.market);
        _BIDDERS_BPS = Range.check("biddersBps", p.biddersBps, 0, Bps.ONE);
        _MIN_SETTLE_WINDOW = Range.check("minSettleWindow", p.minSettleWindow, 1 minutes, 1 days);
        _MIN_PAY_WINDOW = Range.check("minPayWindow", p.minPayWindow, 1 minutes, 1 days);
        _QUOTE_FEE = Range.check("quoteFee", p.quoteFee, 0, 1 ether);
        _SETTLER_BPS = Range.check("settlerBps", p.settlerBps, 0, Bps.ONE / 2);
        _SETTLER_FEE = Bps.shareDown(p.quoteFee, p.settlerBps);
        if (p.market.code.length == 0) {
            revert SealedBidAuction_MarketWithoutCode(p.market);
        }
        _TREASURY = _LEDGER.TREASURY();
        // An order that the market could never take as an award must not be posted.
        uint256 longest = _MARKET.marketParameters().maxDuration;
        _MAX_DURATION = Range.check("maxDuration", p.maxDuration, 1 minutes, longest);
    }

    // ---------------------------------------------------------------- post, quote

    /// @inheritdoc ISealedBidAuction
    function post(AuctionTerms calldata terms) external returns (bytes32 auctionId) {
        if (msg.sender != terms.publisher) {
            revert SealedBidAuction_NotPublisher(msg.sender, terms.publisher);
        }
        if (terms.quoteKey == address(0)) {
            revert SealedBidAuction_ZeroKey();
        }
        _checkOrder(terms);
        auctionId = auctionIdOf(terms);
        _require(auctionId, !_auction[auctionId].exists(), AuctionState.None);
        _auction[auctionId] = AuctionSlotLib.open(seedOf(auctionId), terms.quoteUntil);
        emit AuctionPosted(auctionId, terms.publisher, terms);
        // slither-disable-next-line unused-return -- there is no buyer yet, so no meter
        _LEDGER.commit(terms.publisher, address(0), false, guaranteeOf(terms), 0);
    }

    /// @inheritdoc ISealedBidAuction
    function quote(bytes32 auctionId, uint256 cx, uint256 body) external payable {
        _quote(auctionId, msg.sender, cx, body);
    }

    /// @inheritdoc ISealedBidAuction
    function quoteFor(bytes32 auctionId, Quote calldata q, bytes calldata signature) external payable {
        bytes32 digest = _hashTypedData(
            keccak256(abi.encode(QUOTE_TYPEHASH, auctionId, q.bidder, q.cx, q.body))
        );
        if (!SignerLib.isAccounts(q.bidder, digest, signature)) {
            revert SealedBidAuction_BadSignature(q.bidder);
        }
        _quote(auctionId, q.bidder, q.cx, q.body);
    }

    /// @dev Adds a quote, whose bidder is checked already. The fee stays here until the quote is settled.
    function _quote(bytes32 auctionId, address bidder, uint256 cx, uint256 body) private {
        AuctionSlot slot = _auction[auctionId];
        uint256 quoteUntil = slot.quoteUntil();
        _require(auctionId, slot.exists(), AuctionState.Quoting);
        if (block.timestamp >= quoteUntil) {
            revert SealedBidAuction_Expired(block.timestamp, quoteUntil);
        }
        if (slot.quotes() == AuctionSlotLib.MAX_QUOTES) {
            revert SealedBidAuction_Full(auctionId, AuctionSlotLib.MAX_QUOTES);
        }
        if (msg.value != _QUOTE_FEE) {
            revert SealedBidAuction_WrongFee(msg.value, _QUOTE_FEE);
        }
        _auction[auctionId] = slot.withQuote(_extend(slot.accumulator(), bidder, cx, body));
        emit QuoteSealed(auctionId, bidder, cx, body);
    }

    /// @dev Checks everything about a new order but its author and key.
    function _checkOrder(AuctionTerms calldata terms) private view {
        uint256[] calldata lots = terms.lotsWh;
        uint256 latest = block.timestamp + _MAX_DURATION;
        if (
            terms.quoteUntil <= block.timestamp ||
            terms.discloseUntil <= terms.quoteUntil ||
            terms.settleBy <= terms.discloseUntil ||
            terms.settleBy - terms.discloseUntil < _MIN_SETTLE_WINDOW ||
            terms.payBy <= terms.settleBy ||
            terms.payBy - terms.settleBy < _MIN_PAY_WINDOW ||
            terms.deliverBy <= terms.payBy ||
            terms.deliverBy > latest ||
            terms.deliverBy > type(uint32).max
        ) {
            revert SealedBidAuction_BadWindow(
                terms.quoteUntil,
                terms.discloseUntil,
                terms.settleBy,
                terms.payBy,
                terms.deliverBy,
                latest
            );
        }
        if (lots.length == 0 || lots.length > MAX_LOTS) {
            revert SealedBidAuction_BadLots(lots);
        }
        if (
            terms.startPrice == 0 || terms.startPrice > terms.ceiling || terms.ceiling > PurseLib.MAX_AMOUNT
        ) {
            revert SealedBidAuction_BadPrices(terms.startPrice, terms.ceiling);
        }
        uint256 last = MAX_LOT_WH;
        for (uint256 i = 0; i < lots.length; ++i) {
            if (lots[i] == 0 || lots[i] > last || _paymentDown(lots[i], terms.startPrice) == 0) {
                revert SealedBidAuction_BadLots(lots);
            }
            last = lots[i];
        }
        if (_paymentDown(lots[0], terms.ceiling) > PurseLib.MAX_AMOUNT) {
            revert SealedBidAuction_BadPrices(terms.startPrice, terms.ceiling);
        }
    }

    // ---------------------------------------------------------------- disclose, settle

    /// @inheritdoc ISealedBidAuction
    function disclose(AuctionTerms calldata terms, uint256 key) external {
        bytes32 auctionId = auctionIdOf(terms);
        _disclose(auctionId, terms, key, _openAuction(auctionId));
    }

    /// @inheritdoc ISealedBidAuction
    function settle(
        AuctionTerms calldata terms,
        uint256 key,
        uint256 accumulator,
        Quote[] calldata quotes
    ) external {
        bytes32 auctionId = auctionIdOf(terms);
        AuctionSlot slot = _openAuction(auctionId);
        if (!slot.isDisclosed()) {
            slot = _disclose(auctionId, terms, key, slot);
        } else if (block.timestamp >= terms.settleBy) {
            revert SealedBidAuction_Expired(block.timestamp, terms.settleBy);
        } else if (!SealedQuote.isKey(key, terms.quoteKey)) {
            revert SealedBidAuction_WrongKey(terms.quoteKey);
        }

        (uint256 done, uint256 fresh) = _replay(auctionId, slot, accumulator, quotes);
        Ranks memory ranks = _rank(auctionId, terms, key, done == 0, quotes[:fresh]);
        _earn(auctionId, msg.sender, fresh * _SETTLER_FEE);
        if (accumulator != seedOf(auctionId)) {
            _advance(auctionId, accumulator, done + fresh);
            for (uint256 i = 0; i < ranks.entries.length; ++i) {
                _best[auctionId][i] = ranks.entries[i];
            }
            emit SettlementAdvanced(auctionId, accumulator);
            return;
        }
        _clear(auctionId, ranks.entries.length);
        _earn(auctionId, _TREASURY, slot.quotes() * (_QUOTE_FEE - _SETTLER_FEE));
        _award(auctionId, terms, ranks);
    }

    /// @dev Checks and records the key. Its deadline is that of the terms, whose hash is the auction id.
    /// @return The auction's slot afterwards.
    function _disclose(
        bytes32 auctionId,
        AuctionTerms calldata terms,
        uint256 key,
        AuctionSlot slot
    ) private returns (AuctionSlot) {
        _require(auctionId, !slot.isDisclosed(), AuctionState.AwaitingKey);
        if (block.timestamp < terms.quoteUntil) {
            revert SealedBidAuction_NotExpired(block.timestamp, terms.quoteUntil);
        }
        if (block.timestamp >= terms.discloseUntil) {
            revert SealedBidAuction_Expired(block.timestamp, terms.discloseUntil);
        }
        if (!SealedQuote.isKey(key, terms.quoteKey)) {
            revert SealedBidAuction_WrongKey(terms.quoteKey);
        }
        slot = slot.withDisclosure();
        _auction[auctionId] = slot;
        emit KeyDisclosed(auctionId, key);
        return slot;
    }

    /// @dev Checks that a chunk reaches the place up to which the quotes are done. Whoever put a smaller
    /// chunk in front has done the rest, which is passed over.
    /// @param slot The auction's slot.
    /// @param accumulator The hash chain before the chunk's first quote.
    /// @param quotes The chunk.
    /// @return done How many quotes were done before; zero for the first chunk, which has the newest quote.
    /// @return fresh How many of the chunk's quotes, from its first one on, are not done yet.
    function _replay(
        bytes32 auctionId,
        AuctionSlot slot,
        uint256 accumulator,
        Quote[] calldata quotes
    ) private view returns (uint256 done, uint256 fresh) {
        uint256 needed;
        (done, needed) = _standing(auctionId, slot);
        if (quotes.length == 0 && needed != seedOf(auctionId)) {
            revert SealedBidAuction_EmptyChunk();
        }
        for (uint256 i = 0; i < quotes.length; ++i) {
            Quote calldata q = quotes[i];
            accumulator = _extend(accumulator, q.bidder, q.cx, q.body);
            if (accumulator == needed) {
                fresh = i + 1;
                if (done != 0) {
                    break;
                }
            }
        }
        if (accumulator != needed) {
            revert SealedBidAuction_WrongReplay(accumulator, needed);
        }
    }

    /// @dev Ranks the quotes of a chunk, then the best of the chunks before, which are younger and lose ties.
    /// @param first Whether there were no chunks before.
    /// @return ranks The best quotes so far, one more than there are lots.
    function _rank(
        bytes32 auctionId,
        AuctionTerms calldata terms,
        uint256 key,
        bool first,
        Quote[] calldata quotes
    ) private view returns (Ranks memory ranks) {
        uint256 size = terms.lotsWh.length + 1;
        (uint256 startPrice, uint256 ceiling, address publisher) = (
            terms.startPrice,
            terms.ceiling,
            terms.publisher
        );
        ranks = Ranking.empty(size);
        for (uint256 i = 0; i < quotes.length; ++i) {
            Quote calldata q = quotes[i];
            address bidder = q.bidder;
            uint256 amount = SealedQuote.open(key, auctionId, bidder, q.cx, q.body);
            if (amount < startPrice || amount > ceiling || bidder == publisher || !ranks.admits(amount)) {
                continue;
            }
            if (_LEDGER.mayCommit(bidder, Roles.CONSUMER)) {
                ranks.put(bidder, amount);
            }
        }
        if (first) {
            return ranks;
        }
        for (uint256 i = 0; i < size; ++i) {
            uint256 entry = _best[auctionId][i];
            if (entry == 0) {
                break;
            }
            ranks.put(Ranking.bidderOf(entry), Ranking.amountOf(entry));
        }
    }

    /// @dev Awards the i-th lot to the i-th bidder at the price of the next one. The guarantee of each award
    /// stays held, and what was held beyond that returns.
    function _award(bytes32 auctionId, AuctionTerms calldata terms, Ranks memory ranks) private {
        uint256 lots = terms.lotsWh.length;
        uint256 excess = guaranteeOf(terms);
        uint256 awarded = 0;
        for (; awarded < lots && ranks.entries[awarded] != 0; ++awarded) {
            excess -= _awardLot(auctionId, terms, ranks, awarded);
        }
        uint256 next = ranks.entries[awarded];
        emit AuctionSettled(auctionId, awarded, Ranking.bidderOf(next), Ranking.amountOf(next));
        if (excess != 0) {
            _release(terms.publisher, excess);
        }
    }

    /// @dev Awards one lot.
    /// @param lot Place of the lot in the terms.
    /// @return guarantee Units of account that stay held for the award.
    function _awardLot(
        bytes32 auctionId,
        AuctionTerms calldata terms,
        Ranks memory ranks,
        uint256 lot
    ) private returns (uint256 guarantee) {
        uint256 entry = ranks.entries[lot];
        uint256 price = Ranking.amountOf(ranks.entries[lot + 1]);
        if (price == 0) {
            price = terms.startPrice;
        }
        Terms memory trade = Terms({
            seller: terms.publisher,
            buyer: Ranking.bidderOf(entry),
            energy: EnergyLib.plain(terms.lotsWh[lot]),
            price: _paymentDown(terms.lotsWh[lot], price),
            acceptBy: terms.payBy,
            deliverBy: terms.deliverBy,
            nonce: NonceKind.ofAward(auctionId, lot)
        });
        bytes32 tradeId = _MARKET.award(trade);
        emit LotAwarded(auctionId, lot, trade.buyer, Ranking.amountOf(entry), price, tradeId, terms.payBy);
        return _MARKET.guaranteeUp(trade.price);
    }

    // ---------------------------------------------------------------- forfeit

    /// @inheritdoc ISealedBidAuction
    function forfeit(AuctionTerms calldata terms) external {
        bytes32 auctionId = auctionIdOf(terms);
        AuctionSlot slot = _openAuction(auctionId);
        uint256 count = slot.quotes();
        uint256 deadline = slot.isDisclosed() ? terms.settleBy : terms.discloseUntil;
        if (count == 0) {
            deadline = terms.quoteUntil;
        }
        if (block.timestamp < deadline) {
            revert SealedBidAuction_NotExpired(block.timestamp, deadline);
        }
        uint256 guarantee = guaranteeOf(terms);
        if (count == 0) {
            _clear(auctionId, 0);
            emit AuctionClosed(auctionId);
            _release(terms.publisher, guarantee);
            return;
        }
        uint256 shareDown = _shareDown(guarantee, count);
        (uint256 done, ) = _standing(auctionId, slot);
        // The compensation replays all quotes again, so what a settlement has done so far is forgotten.
        _clear(auctionId, terms.lotsWh.length + 1);
        if (shareDown != 0) {
            _auction[auctionId] = slot.withForfeit();
        }
        emit GuaranteeForfeited(auctionId, shareDown);
        // Settlers keep what they have earned so far; the treasury gets the rest of all fees.
        _earn(auctionId, _TREASURY, count * _QUOTE_FEE - done * _SETTLER_FEE);
        uint256 toTreasury = guarantee - shareDown * count;
        _LEDGER.settle(
            Settlement({
                seller: terms.publisher,
                unhold: toTreasury,
                sellerGets: 0,
                buyer: address(0),
                buyerGets: 0,
                outcome: Outcome.SellerDefault,
                value: guarantee,
                agreedAt: terms.quoteUntil, // the bidders are bound from then on
                treasuryGets: toTreasury
            })
        );
    }

    /// @inheritdoc ISealedBidAuction
    function compensate(AuctionTerms calldata terms, uint256 accumulator, Quote[] calldata quotes) external {
        bytes32 auctionId = auctionIdOf(terms);
        AuctionSlot slot = _auction[auctionId];
        _require(auctionId, slot.isForfeited(), AuctionState.Forfeited);
        (uint256 done, uint256 fresh) = _replay(auctionId, slot, accumulator, quotes);
        if (accumulator == seedOf(auctionId)) {
            _clear(auctionId, 0);
        } else {
            _advance(auctionId, accumulator, done + fresh);
        }
        uint256 shareDown = _shareDown(guaranteeOf(terms), slot.quotes());
        for (uint256 i = 0; i < fresh; ++i) {
            address bidder = quotes[i].bidder;
            bool own = bidder == terms.publisher;
            if (own) {
                emit ShareForfeited(auctionId, shareDown);
            } else {
                emit BidderCompensated(auctionId, bidder, shareDown);
            }
            _LEDGER.settle(
                Settlement({
                    seller: terms.publisher,
                    unhold: shareDown,
                    sellerGets: 0,
                    buyer: own ? address(0) : bidder,
                    buyerGets: own ? 0 : shareDown,
                    outcome: Outcome.None,
                    value: 0,
                    agreedAt: 0,
                    treasuryGets: own ? shareDown : 0
                })
            );
        }
    }

    /// @dev What each of `count` quotes gets of a forfeited guarantee, in units of account.
    function _shareDown(uint256 guarantee, uint256 count) private view returns (uint256) {
        return Bps.shareDown(guarantee, _BIDDERS_BPS) / count;
    }

    /// @dev Gives a guarantee, or a part of it, back to the publisher.
    /// @param amount Units of account.
    function _release(address publisher, uint256 amount) private {
        _LEDGER.settle(
            Settlement({
                seller: publisher,
                unhold: amount,
                sellerGets: amount,
                buyer: address(0),
                buyerGets: 0,
                outcome: Outcome.None,
                value: 0,
                agreedAt: 0,
                treasuryGets: 0
            })
        );
    }

    /// @dev Forgets an auction. A finished one cannot come back: its terms' quoteUntil has passed.
    /// @param ranked How many of the best quotes may have been stored.
    function _clear(bytes32 auctionId, uint256 ranked) private {
        _auction[auctionId] = AuctionSlot.wrap(0);
        if (_progress[auctionId] == 0) {
            return;
        }
        delete _progress[auctionId];
        for (uint256 i = 0; i < ranked; ++i) {
            delete _best[auctionId][i];
        }
    }

    // ---------------------------------------------------------------- fees

    /// @inheritdoc ISealedBidAuction
    function claimFees(address to) external {
        if (to == address(0)) {
            revert SealedBidAuction_ZeroRecipient();
        }
        uint256 amount = feesOf[msg.sender];
        if (amount == 0) {
            revert SealedBidAuction_NoFees(msg.sender);
        }
        feesOf[msg.sender] = 0;
        emit FeesClaimed(msg.sender, to, amount);
        SafeTransferLib.safeTransferETH(to, amount);
    }

    /// @dev Credits fees of quotes, which the account may claim.
    /// @param amount Wei.
    function _earn(bytes32 auctionId, address account, uint256 amount) private {
        if (amount != 0) {
            feesOf[account] += amount;
            emit FeesEarned(auctionId, account, amount);
        }
    }

    // ---------------------------------------------------------------- helpers and views

    /// @dev Notes that the chunks so far have replayed `done` quotes, back to `accumulator`.
    function _advance(bytes32 auctionId, uint256 accumulator, uint256 done) private {
        _progress[auctionId] = (done << 200) | accumulator;
    }

    /// @dev How many quotes the chunks so far have replayed, and where the next chunk must end.
    function _standing(
        bytes32 auctionId,
        AuctionSlot slot
    ) private view returns (uint256 done, uint256 accumulator) {
        uint256 progress = _progress[auctionId];
        if (progress == 0) {
            return (0, slot.accumulator());
        }
        return (progress >> 200, progress & type(uint200).max);
    }

    /// @dev The slot of an auction that is neither finished nor forfeited.
    function _openAuction(bytes32 auctionId) private view returns (AuctionSlot slot) {
        slot = _auction[auctionId];
        _require(auctionId, slot.exists() && !slot.isForfeited(), AuctionState.AwaitingKey);
    }

    /// @dev Reverts {SealedBidAuction_WrongState} unless `holds`; `needed` is the state that the caller
    /// names.
    function _require(bytes32 auctionId, bool holds, AuctionState needed) private view {
        if (holds) {
            return;
        }
        (AuctionState state, , ) = stateOf(auctionId);
        revert SealedBidAuction_WrongState(auctionId, state, needed);
    }

    /// @dev One function for quoting and replay: as such the optimizer inlines it, which saves 36 gas for
    /// each quote.
    function _extend(
        uint256 accumulator,
        address bidder,
        uint256 cx,
        uint256 body
    ) private pure returns (uint256) {
        return QuoteChain.extend(accumulator, bidder, cx, body);
    }

    /// @dev Units of account for a lot. No overflow: lot < 2**40, price < 2**64.
    function _paymentDown(uint256 lotWh, uint256 pricePerKwh) private pure returns (uint256) {
        return (lotWh * pricePerKwh) / 1000;
    }

    /// @inheritdoc ISealedBidAuction
    function auctionIdOf(AuctionTerms calldata terms) public pure returns (bytes32 auctionId) {
        return keccak256(abi.encode(terms));
    }

    /// @inheritdoc ISealedBidAuction
    function seedOf(bytes32 auctionId) public pure returns (uint256 accumulator) {
        return QuoteChain.seed(auctionId);
    }

    /// @inheritdoc ISealedBidAuction
    function stateOf(
        bytes32 auctionId
    ) public view returns (AuctionState state, uint256 quotes, uint256 accumulator) {
        AuctionSlot slot = _auction[auctionId];
        if (!slot.exists()) {
            return (AuctionState.None, 0, 0);
        }
        quotes = slot.quotes();
        (, accumulator) = _standing(auctionId, slot);
        if (slot.isForfeited()) {
            state = AuctionState.Forfeited;
        } else if (slot.isDisclosed()) {
            state = AuctionState.Disclosed;
        } else {
            state = block.timestamp < slot.quoteUntil() ? AuctionState.Quoting : AuctionState.AwaitingKey;
        }
    }

    /// @inheritdoc ISealedBidAuction
    function guaranteeOf(AuctionTerms calldata terms) public view returns (uint256 guarantee) {
        for (uint256 i = 0; i < terms.lotsWh.length; ++i) {
            guarantee += _MARKET.guaranteeUp(_paymentDown(terms.lotsWh[i], terms.ceiling));
        }
    }

    /// @inheritdoc ISealedBidAuction
    function auctionParameters() external view returns (AuctionParameters memory) {
        return
            AuctionParameters({
                ledger: address(_LEDGER),
                market: address(_MARKET),
                biddersBps: _BIDDERS_BPS,
                minSettleWindow: _MIN_SETTLE_WINDOW,
                minPayWindow: _MIN_PAY_WINDOW,
                quoteFee: _QUOTE_FEE,
                settlerBps: _SETTLER_BPS,
                maxDuration: _MAX_DURATION
            });
    }

    /// @dev EIP-712 domain.
    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("SealedBidAuction", "1");
    }
}
