// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "solady/src/utils/EIP712.sol";
import {IEnergyLedger, Outcome, Settlement} from "./interfaces/IEnergyLedger.sol";
import {IOfferMarket} from "./interfaces/IOfferMarket.sol";
import {AuctionParameters, ISealedBidAuction} from "./interfaces/ISealedBidAuction.sol";
import {Range} from "./libraries/Range.sol";
import {Ranking, Ranks} from "./libraries/Ranking.sol";
import {SealedQuote} from "./libraries/SealedQuote.sol";
import {SignerLib} from "./libraries/SignerLib.sol";
import {AuctionState, AuctionTerms, Quote} from "./types/Auction.sol";
import {EnergyLib} from "./types/Energy.sol";
import {Terms} from "./types/Trade.sol";

/// @title Sealed-bid auction
/// @notice The rules are told in {ISealedBidAuction}.
contract SealedBidAuction is ISealedBidAuction, EIP712 {
    using Ranking for Ranks;

    uint256 private constant BPS = 10_000;
    uint256 private constant MAX_LOTS = 8;
    uint256 private constant MAX_QUOTES = type(uint16).max;
    uint256 private constant CONSUMER = 2;
    /// @dev Nonces of awarded trades: no offer made or signed has this bit.
    uint256 private constant AWARD_NONCE = 1 << 254;
    uint256 private constant ACCUMULATOR_MASK = type(uint200).max;
    uint256 private constant DISCLOSED = 1 << 248;
    uint256 private constant FORFEITED = 2 << 248;
    bytes32 private constant QUOTE_TYPEHASH = keccak256(
        "Quote(bytes32 auctionId,address bidder,bytes32 cx,bytes32 body)"
    );

    IEnergyLedger private immutable _LEDGER;
    IOfferMarket private immutable _MARKET;
    uint256 private immutable _BIDDERS_BPS;
    uint256 private immutable _MAX_DURATION;

    /// @dev One slot per open auction, low bits first: accumulator 200 | quoteUntil 32 | quotes 16 | flags 8.
    mapping(bytes32 auctionId => uint256) private _auction;

    /// @dev Only while a settlement takes several transactions: where the next chunk must end, and the best so far.
    mapping(bytes32 auctionId => uint256 accumulator) private _progress;
    mapping(bytes32 auctionId => uint256[MAX_LOTS + 1] entries) private _best;

    constructor(AuctionParameters memory p) {
        _LEDGER = IEnergyLedger(p.ledger);
        _MARKET = IOfferMarket(p.market);
        _BIDDERS_BPS = Range.check("biddersBps", p.biddersBps, 0, BPS);
        if (p.market.code.length == 0) revert SealedBidAuction_MarketWithoutCode(p.market);
        // What the market could never take as an award must not be posted.
        uint256 longest = _MARKET.marketParameters().maxDuration;
        _MAX_DURATION = Range.check("maxDuration", p.maxDuration, 1 minutes, longest);
    }

    // ---------------------------------------------------------------- post, quote

    /// @inheritdoc ISealedBidAuction
    function post(AuctionTerms calldata terms) external returns (bytes32 auctionId) {
        if (msg.sender != terms.publisher) revert SealedBidAuction_NotPublisher(msg.sender, terms.publisher);
        if (terms.quoteKey == address(0)) revert SealedBidAuction_ZeroKey();
        _checkOrder(terms);
        auctionId = auctionIdOf(terms);
        _require(auctionId, _auction[auctionId] == 0, AuctionState.None);
        _auction[auctionId] = seedOf(auctionId) | (terms.quoteUntil << 200);
        emit AuctionPosted(auctionId, terms.publisher, terms);
        // slither-disable-next-line unused-return -- there is no buyer yet, so no meter
        _LEDGER.commit(terms.publisher, address(0), false, guaranteeOf(terms), 0);
    }

    /// @inheritdoc ISealedBidAuction
    function quote(bytes32 auctionId, uint256 cx, uint256 body) external {
        _quote(auctionId, msg.sender, cx, body);
    }

    /// @inheritdoc ISealedBidAuction
    function quoteFor(bytes32 auctionId, Quote calldata q, bytes calldata signature) external {
        bytes32 digest = _hashTypedData(
            keccak256(abi.encode(QUOTE_TYPEHASH, auctionId, q.bidder, q.cx, q.body))
        );
        if (!SignerLib.isAccounts(q.bidder, digest, signature)) {
            revert SealedBidAuction_BadSignature(q.bidder);
        }
        _quote(auctionId, q.bidder, q.cx, q.body);
    }

    function _quote(bytes32 auctionId, address bidder, uint256 cx, uint256 body) private {
        uint256 slot = _auction[auctionId];
        uint256 quoteUntil = uint32(slot >> 200);
        _require(auctionId, slot != 0, AuctionState.Quoting);
        if (block.timestamp >= quoteUntil) revert SealedBidAuction_Expired(block.timestamp, quoteUntil);
        if (uint16(slot >> 232) == MAX_QUOTES) revert SealedBidAuction_Full(auctionId, MAX_QUOTES);
        uint256 accumulator = _extend(slot & ACCUMULATOR_MASK, bidder, cx, body);
        unchecked {
            _auction[auctionId] = ((slot & ~ACCUMULATOR_MASK) | accumulator) + (1 << 232); // Safe: count < 2**16 - 1.
        }
        emit QuoteSealed(auctionId, bidder, cx, body);
    }

    function _checkOrder(AuctionTerms calldata terms) private view {
        uint256[] calldata lots = terms.lotsWh;
        uint256 latest = block.timestamp + _MAX_DURATION;
        if (
            terms.quoteUntil <= block.timestamp ||
            terms.discloseUntil <= terms.quoteUntil ||
            terms.payWindow == 0 ||
            terms.deliverBy > latest ||
            terms.discloseUntil > terms.deliverBy ||
            terms.payWindow >= terms.deliverBy - terms.discloseUntil ||
            terms.deliverBy > type(uint32).max
        ) {
            revert SealedBidAuction_BadWindow(
                terms.quoteUntil,
                terms.discloseUntil,
                terms.payWindow,
                terms.deliverBy,
                latest
            );
        }
        if (lots.length == 0 || lots.length > MAX_LOTS) revert SealedBidAuction_BadLots(lots);
        if (terms.startPrice == 0 || terms.startPrice > terms.ceiling || terms.ceiling > type(uint64).max) {
            revert SealedBidAuction_BadPrices(terms.startPrice, terms.ceiling);
        }
        uint256 last = type(uint40).max;
        for (uint256 i = 0; i < lots.length; ++i) {
            if (lots[i] == 0 || lots[i] > last || _payment(lots[i], terms.startPrice) == 0) {
                revert SealedBidAuction_BadLots(lots);
            }
            last = lots[i];
        }
        if (_payment(lots[0], terms.ceiling) > type(uint64).max) {
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
        uint256 slot = _openAuction(auctionId);
        if (slot & DISCLOSED == 0) slot = _disclose(auctionId, terms, key, slot);
        else if (!SealedQuote.isKey(key, terms.quoteKey)) revert SealedBidAuction_WrongKey(terms.quoteKey);

        Ranks memory ranks = _rank(
            auctionId,
            terms,
            key,
            _replay(auctionId, slot, accumulator, quotes),
            quotes
        );
        if (accumulator != seedOf(auctionId)) {
            _progress[auctionId] = accumulator;
            for (uint256 i = 0; i < ranks.entries.length; ++i) _best[auctionId][i] = ranks.entries[i];
            emit SettlementAdvanced(auctionId, accumulator);
            return;
        }
        _clear(auctionId, ranks.entries.length);
        _award(auctionId, terms, ranks);
    }

    /// @dev Checks and records the key; its deadline is that of the terms, whose hash is the auction id.
    function _disclose(
        bytes32 auctionId,
        AuctionTerms calldata terms,
        uint256 key,
        uint256 slot
    ) private returns (uint256) {
        _require(auctionId, slot & DISCLOSED == 0, AuctionState.AwaitingKey);
        if (block.timestamp < terms.quoteUntil)
            revert SealedBidAuction_NotExpired(block.timestamp, terms.quoteUntil);
        if (block.timestamp >= terms.discloseUntil) {
            revert SealedBidAuction_Expired(block.timestamp, terms.discloseUntil);
        }
        if (!SealedQuote.isKey(key, terms.quoteKey)) revert SealedBidAuction_WrongKey(terms.quoteKey);
        slot |= DISCLOSED;
        _auction[auctionId] = slot;
        emit KeyDisclosed(auctionId, key);
        return slot;
    }

    /// @dev The chunk must end where the chain stood; returns where that was.
    function _replay(
        bytes32 auctionId,
        uint256 slot,
        uint256 accumulator,
        Quote[] calldata quotes
    ) private view returns (bool first) {
        uint256 needed = _progress[auctionId];
        first = needed == 0;
        if (first) needed = slot & ACCUMULATOR_MASK;
        if (quotes.length == 0 && needed != seedOf(auctionId)) revert SealedBidAuction_EmptyChunk();
        for (uint256 i = 0; i < quotes.length; ++i) {
            Quote calldata q = quotes[i];
            accumulator = _extend(accumulator, q.bidder, q.cx, q.body);
        }
        if (accumulator != needed) revert SealedBidAuction_WrongReplay(accumulator, needed);
    }

    /// @dev Ranks a chunk's quotes, then those of the chunks before, which are younger and lose ties.
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
            if (amount < startPrice || amount > ceiling || bidder == publisher || !ranks.admits(amount))
                continue;
            if (_LEDGER.mayCommit(bidder, CONSUMER)) ranks.put(bidder, amount);
        }
        if (first) return ranks;
        for (uint256 i = 0; i < size; ++i) {
            uint256 entry = _best[auctionId][i];
            if (entry == 0) break;
            ranks.put(address(uint160(entry)), entry >> 160);
        }
    }

    /// @dev The i-th bidder takes the i-th lot at the price of the next one. The guarantee of each award stays held; what
    /// was held beyond that returns.
    function _award(bytes32 auctionId, AuctionTerms calldata terms, Ranks memory ranks) private {
        uint256 lots = terms.lotsWh.length;
        uint256 acceptBy = block.timestamp + terms.payWindow;
        uint256 excess = guaranteeOf(terms);
        uint256 awarded = 0;
        // Too late to pay and deliver: nobody wins, everything returns.
        if (acceptBy < terms.deliverBy) {
            for (; awarded < lots && ranks.entries[awarded] != 0; ++awarded) {
                excess -= _awardLot(auctionId, terms, ranks, awarded, acceptBy);
            }
        }
        uint256 next = ranks.entries[awarded];
        emit AuctionSettled(auctionId, awarded, address(uint160(next)), next >> 160);
        if (excess != 0) _release(terms.publisher, excess);
    }

    function _awardLot(
        bytes32 auctionId,
        AuctionTerms calldata terms,
        Ranks memory ranks,
        uint256 lot,
        uint256 acceptBy
    ) private returns (uint256 guarantee) {
        uint256 entry = ranks.entries[lot];
        uint256 price = ranks.entries[lot + 1] >> 160;
        if (price == 0) price = terms.startPrice;
        Terms memory trade = Terms({
            seller: terms.publisher,
            buyer: address(uint160(entry)),
            energy: EnergyLib.plain(terms.lotsWh[lot]),
            price: _payment(terms.lotsWh[lot], price),
            acceptBy: acceptBy,
            deliverBy: terms.deliverBy,
            nonce: AWARD_NONCE | (uint256(keccak256(abi.encode(auctionId, lot))) >> 2)
        });
        bytes32 tradeId = _MARKET.award(trade);
        emit LotAwarded(auctionId, lot, trade.buyer, entry >> 160, price, tradeId, acceptBy);
        return _MARKET.guaranteeUp(trade.price);
    }

    // ---------------------------------------------------------------- forfeit

    /// @inheritdoc ISealedBidAuction
    function forfeit(AuctionTerms calldata terms) external {
        bytes32 auctionId = auctionIdOf(terms);
        uint256 slot = _openAuction(auctionId);
        _require(auctionId, slot & DISCLOSED == 0, AuctionState.AwaitingKey);
        uint256 count = uint16(slot >> 232);
        uint256 deadline = count == 0 ? terms.quoteUntil : terms.discloseUntil;
        if (block.timestamp < deadline) revert SealedBidAuction_NotExpired(block.timestamp, deadline);
        uint256 guarantee = guaranteeOf(terms);
        if (count == 0) {
            _clear(auctionId, 0);
            emit AuctionClosed(auctionId);
            _release(terms.publisher, guarantee);
            return;
        }
        uint256 share = _share(guarantee, count);
        if (share == 0) _clear(auctionId, 0);
        else _auction[auctionId] = slot | FORFEITED;
        emit GuaranteeForfeited(auctionId, share);
        uint256 toTreasury = guarantee - share * count;
        _LEDGER.settle(
            Settlement({
                seller: terms.publisher,
                unhold: toTreasury,
                sellerGets: 0,
                buyer: address(0),
                buyerGets: 0,
                outcome: Outcome.SellerDefault,
                value: guarantee,
                treasuryGets: toTreasury
            })
        );
    }

    /// @inheritdoc ISealedBidAuction
    function compensate(AuctionTerms calldata terms, uint256 accumulator, Quote[] calldata quotes) external {
        bytes32 auctionId = auctionIdOf(terms);
        uint256 slot = _auction[auctionId];
        _require(auctionId, slot & FORFEITED != 0, AuctionState.Forfeited);
        _replay(auctionId, slot, accumulator, quotes);
        if (accumulator == seedOf(auctionId)) _clear(auctionId, 0);
        else _progress[auctionId] = accumulator;
        uint256 share = _share(guaranteeOf(terms), uint16(slot >> 232));
        for (uint256 i = 0; i < quotes.length; ++i) {
            emit BidderCompensated(auctionId, quotes[i].bidder, share);
            _LEDGER.settle(
                Settlement({
                    seller: terms.publisher,
                    unhold: share,
                    sellerGets: 0,
                    buyer: quotes[i].bidder,
                    buyerGets: share,
                    outcome: Outcome.None,
                    value: 0,
                    treasuryGets: 0
                })
            );
        }
    }

    function _share(uint256 guarantee, uint256 count) private view returns (uint256) {
        return (guarantee * _BIDDERS_BPS) / BPS / count;
    }

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
                treasuryGets: 0
            })
        );
    }

    /// @dev An auction that is over cannot come back: its terms' quoteUntil has passed.
    function _clear(bytes32 auctionId, uint256 ranked) private {
        delete _auction[auctionId];
        if (_progress[auctionId] == 0) return;
        delete _progress[auctionId];
        for (uint256 i = 0; i < ranked; ++i) delete _best[auctionId][i];
    }

    // ---------------------------------------------------------------- helpers and views

    /// @dev The slot of an auction that is neither over nor forfeited.
    function _openAuction(bytes32 auctionId) private view returns (uint256 slot) {
        slot = _auction[auctionId];
        _require(auctionId, slot != 0 && slot & FORFEITED == 0, AuctionState.AwaitingKey);
    }

    function _require(bytes32 auctionId, bool holds, AuctionState needed) private view {
        if (holds) return;
        (AuctionState state, , ) = stateOf(auctionId);
        revert SealedBidAuction_WrongState(auctionId, state, needed);
    }

    function _extend(
        uint256 accumulator,
        address bidder,
        uint256 cx,
        uint256 body
    ) private pure returns (uint256) {
        uint256 hash;
        // keccak256(abi.encode(accumulator, bidder, cx, body)), without taking memory: thousands of rounds would pay for
        // it. Safe: memory from the free pointer on is scratch; `bidder` is clean, it came through the ABI decoder.
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, accumulator)
            mstore(add(m, 0x20), bidder)
            mstore(add(m, 0x40), cx)
            mstore(add(m, 0x60), body)
            hash := keccak256(m, 0x80)
        }
        return hash & ACCUMULATOR_MASK;
    }

    /// @dev Units of account for a lot. Safe in checked arithmetic: lot < 2**40, price < 2**64.
    function _payment(uint256 lotWh, uint256 pricePerKwh) private pure returns (uint256) {
        return (lotWh * pricePerKwh) / 1000;
    }

    /// @inheritdoc ISealedBidAuction
    function auctionIdOf(AuctionTerms calldata terms) public pure returns (bytes32 auctionId) {
        return keccak256(abi.encode(terms));
    }

    /// @inheritdoc ISealedBidAuction
    function seedOf(bytes32 auctionId) public pure returns (uint256 accumulator) {
        return uint256(keccak256(abi.encode(auctionId))) & ACCUMULATOR_MASK;
    }

    /// @inheritdoc ISealedBidAuction
    function stateOf(
        bytes32 auctionId
    ) public view returns (AuctionState state, uint256 quotes, uint256 accumulator) {
        uint256 slot = _auction[auctionId];
        if (slot == 0) return (AuctionState.None, 0, 0);
        quotes = uint16(slot >> 232);
        accumulator = _progress[auctionId];
        if (accumulator == 0) accumulator = slot & ACCUMULATOR_MASK;
        if (slot & FORFEITED != 0) state = AuctionState.Forfeited;
        else if (slot & DISCLOSED != 0) state = AuctionState.Disclosed;
        else state = block.timestamp < uint32(slot >> 200) ? AuctionState.Quoting : AuctionState.AwaitingKey;
    }

    /// @inheritdoc ISealedBidAuction
    function guaranteeOf(AuctionTerms calldata terms) public view returns (uint256 guarantee) {
        for (uint256 i = 0; i < terms.lotsWh.length; ++i) {
            guarantee += _MARKET.guaranteeUp(_payment(terms.lotsWh[i], terms.ceiling));
        }
    }

    /// @inheritdoc ISealedBidAuction
    function auctionParameters() external view returns (AuctionParameters memory) {
        return
            AuctionParameters({
                ledger: address(_LEDGER),
                market: address(_MARKET),
                biddersBps: _BIDDERS_BPS,
                maxDuration: _MAX_DURATION
            });
    }

    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("SealedBidAuction", "1");
    }
}
