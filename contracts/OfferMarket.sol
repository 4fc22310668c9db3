// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "solady/src/utils/EIP712.sol";
import {MerkleProofLib} from "solady/src/utils/MerkleProofLib.sol";
import {IEnergyLedger, Outcome, Settlement} from "./interfaces/IEnergyLedger.sol";
import {IMeterRegistry} from "./interfaces/IMeterRegistry.sol";
import {IOfferMarket, MarketParameters} from "./interfaces/IOfferMarket.sol";
import {Bps} from "./libraries/Bps.sol";
import {MarketDigest} from "./libraries/MarketDigest.sol";
import {Range} from "./libraries/Range.sol";
import {SignerLib} from "./libraries/SignerLib.sol";
import {RelayDesk} from "./RelayDesk.sol";
import {PurseLib} from "./types/Account.sol";
import {Energy, EnergyLib} from "./types/Energy.sol";
import {
    Delivery,
    DeliveryFault,
    NonceKind,
    ReceiptKey,
    Terms,
    TermsLib,
    TestimonyFault,
    TradeSlot,
    TradeState,
    Witness
} from "./types/Trade.sol";

/// @title Offer market
/// @notice Specified in {IOfferMarket}.
contract OfferMarket is IOfferMarket, EIP712 {
    using TermsLib for Terms;
    using TradeSlot for uint256;

    /// @dev The most that the ledger can hold. It keeps every product below 2**170.
    uint256 private constant MAX_PRICE = PurseLib.MAX_AMOUNT;

    /// @inheritdoc IOfferMarket
    address public immutable DESK;

    IEnergyLedger private immutable _LEDGER;
    uint256 private immutable _GUARANTEE_BPS;
    uint256 private immutable _FEE_BPS;
    uint256 private immutable _CANCEL_BPS;
    uint256 private immutable _PENALTY_BPS;
    uint256 private immutable _TOLERANCE_BPS;
    uint256 private immutable _MAX_DURATION;
    uint256 private immutable _REPLY_TIME;
    address private immutable _AUCTION;

    /// @dev One slot for each open trade, see {TradeSlot}. Deadlines and amounts come back as calldata under
    /// the hash that is the key.
    mapping(bytes32 tradeId => uint256) private _trade;

    /// @dev Reverts {OfferMarket_NotDesk} unless the caller is the desk that the market created.
    modifier onlyDesk() {
        if (msg.sender != DESK) {
            revert OfferMarket_NotDesk(msg.sender, DESK);
        }
        _;
    }

    /// @notice Deploys a market without trades, and its relay desk.
    /// @dev Reverts: {Range_Outside}.
    /// @param p The parameters, each within the range that {MarketParameters} states.
    constructor(MarketParameters memory p) {
        _LEDGER = IEnergyLedger(p.ledger);
        _GUARANTEE_BPS = Range.check("guaranteeBps", p.guaranteeBps, 1, Bps.ONE);
        _FEE_BPS = Range.check("feeBps", p.feeBps, 0, Bps.ONE / 10);
        _CANCEL_BPS = Range.check("cancelBps", p.cancelBps, 0, Bps.ONE);
        _PENALTY_BPS = Range.check("penaltyBps", p.penaltyBps, 1, Bps.ONE);
        _TOLERANCE_BPS = Range.check("toleranceBps", p.toleranceBps, 0, Bps.ONE);
        _AUCTION = p.auction;
        _MAX_DURATION = Range.check("maxDuration", p.maxDuration, 1 minutes, 366 days);
        _REPLY_TIME = Range.check("replyTime", p.replyTime, 1 minutes, 30 days);
        DESK = address(new RelayDesk(p.ledger));
    }

    // ---------------------------------------------------------------- commit

    /// @inheritdoc IOfferMarket
    function makeOffer(Terms calldata terms) external returns (bytes32 tradeId) {
        if (msg.sender != terms.seller) {
            revert OfferMarket_NotSeller(msg.sender, terms.seller);
        }
        tradeId = _checkNew(terms, NonceKind.MADE);
        _trade[tradeId] = uint256(TradeState.Offered);
        _emitMade(tradeId, terms);
        // slither-disable-next-line unused-return -- there is no buyer yet, so no meter
        _LEDGER.commit(terms.seller, address(0), false, _guaranteeUp(terms.price), 0);
    }

    /// @inheritdoc IOfferMarket
    function acceptOffer(Terms calldata terms) external {
        _accept(terms.tradeId(), terms, msg.sender, 0, 0);
    }

    /// @inheritdoc IOfferMarket
    function acceptOfferPrivately(Terms calldata terms, ReceiptKey calldata key) external {
        bytes32 tradeId = terms.tradeId();
        _accept(tradeId, terms, msg.sender, 0, _checkReceiptKey(tradeId, msg.sender, key));
    }

    /// @inheritdoc IOfferMarket
    function acceptSigned(Terms calldata terms, bytes calldata signature) external returns (bytes32 tradeId) {
        tradeId = _checkNew(terms, NonceKind.SIGNED);
        _acceptSigned(tradeId, terms, signature, msg.sender, 0, 0);
    }

    /// @inheritdoc IOfferMarket
    function acceptSignedPrivately(
        Terms calldata terms,
        bytes calldata signature,
        ReceiptKey calldata key
    ) external returns (bytes32 tradeId) {
        tradeId = _checkNew(terms, NonceKind.SIGNED);
        bytes32 receiptKey = _checkReceiptKey(tradeId, msg.sender, key);
        _acceptSigned(tradeId, terms, signature, msg.sender, 0, receiptKey);
    }

    /// @inheritdoc IOfferMarket
    function acceptOnOrder(
        uint256 fee,
        Terms calldata terms,
        bytes calldata sellerSignature,
        address buyer,
        ReceiptKey[] calldata key
    ) external onlyDesk {
        bytes32 tradeId;
        bool isSigned = terms.nonce & NonceKind.MASK == NonceKind.SIGNED;
        if (isSigned) {
            tradeId = _checkNew(terms, NonceKind.SIGNED);
        } else {
            tradeId = terms.tradeId();
        }
        bytes32 receiptKey = key.length == 0 ? bytes32(0) : _checkReceiptKey(tradeId, buyer, key[0]);
        if (isSigned) {
            _acceptSigned(tradeId, terms, sellerSignature, buyer, fee, receiptKey);
        } else {
            _accept(tradeId, terms, buyer, fee, receiptKey);
        }
        if (fee != 0) {
            emit RelayFeeTaken(buyer, fee);
        }
    }

    /// @inheritdoc IOfferMarket
    function payRelayer(uint256 amount, address relayer, address payer) external onlyDesk {
        _LEDGER.payFee(relayer, amount, payer);
    }

    /// @dev Accepts an offer made on chain, or an award.
    /// @param buyer Account that pays: the caller, or the signer of an order.
    /// @param fee Units of account that the buyer pays a relayer on top of the price.
    /// @param receiptKey keccak256 of the receipt key's signer; zero: the buyer's registered meter.
    function _accept(
        bytes32 tradeId,
        Terms calldata terms,
        address buyer,
        uint256 fee,
        bytes32 receiptKey
    ) private {
        if (_trade[tradeId] != uint256(TradeState.Offered)) {
            _payAward(tradeId, terms, buyer, fee, receiptKey);
            return;
        }
        if (block.timestamp >= terms.acceptBy) {
            revert OfferMarket_Expired(block.timestamp, terms.acceptBy);
        }
        _pay(tradeId, terms, buyer, fee, address(0), 0, receiptKey);
    }

    /// @dev Accepts an offer signed off chain. The terms are checked already.
    /// @param buyer Account that pays: the caller, or the signer of an order.
    /// @param fee Units of account that the buyer pays a relayer on top of the price.
    /// @param receiptKey keccak256 of the receipt key's signer; zero: the buyer's registered meter.
    function _acceptSigned(
        bytes32 tradeId,
        Terms calldata terms,
        bytes calldata signature,
        address buyer,
        uint256 fee,
        bytes32 receiptKey
    ) private {
        address seller = terms.seller;
        if (!SignerLib.isAccounts(seller, _hashTypedData(tradeId), signature)) {
            revert OfferMarket_BadSignature(abi.encodePacked(seller));
        }
        _emitMade(tradeId, terms);
        _pay(tradeId, terms, buyer, fee, seller, _guaranteeUp(terms.price), receiptKey);
    }

    /// @dev Takes the payment of a buyer for a new commitment and names the receipt key. Writing after the
    /// call is safe: the ledger's `commit` calls nobody.
    /// @param tradeId Hash of the terms.
    /// @param terms The offer.
    /// @param buyer Account that pays.
    /// @param fee Units of account that the buyer pays on top of the price, into the market's care.
    /// @param seller Account whose guarantee is held by the same call; zero: it is held already.
    /// @param guarantee Units of account.
    /// @param receiptKey keccak256 of the receipt key's signer; zero: the buyer's registered meter, which the
    /// ledger returns.
    function _pay(
        bytes32 tradeId,
        Terms calldata terms,
        address buyer,
        uint256 fee,
        address seller,
        uint256 guarantee,
        bytes32 receiptKey
    ) private {
        if (terms.buyer != address(0) && terms.buyer != buyer) {
            revert OfferMarket_Reserved(buyer, terms.buyer);
        }
        if (terms.seller == buyer) {
            revert OfferMarket_SelfTrade(buyer);
        }
        bytes32 meter = _LEDGER.commit(seller, buyer, receiptKey == 0, guarantee, _sum(terms.price, fee));
        if (receiptKey == 0) {
            if (meter == 0) {
                revert OfferMarket_NoMeter(buyer);
            }
            receiptKey = meter;
        }
        _trade[tradeId] = TradeSlot.accepted(buyer, receiptKey, block.timestamp);
        emit OfferAccepted(tradeId, buyer, receiptKey);
    }

    /// @dev Takes the payment of a buyer for an award, which a banned winner owes too, and names the
    /// receipt key. It stands apart from {_accept} and {_pay}, so that the acceptance of an offer costs no
    /// more because of it. {award} has checked that there is a buyer, and that it is not the seller. Writing
    /// after the call is safe: the ledger's `payOwed` calls nobody.
    /// @param tradeId Hash of the terms.
    /// @param terms The award.
    /// @param buyer Account that pays.
    /// @param fee Units of account that the buyer pays on top of the price, into the market's care.
    /// @param receiptKey keccak256 of the receipt key's signer; zero: the buyer's registered meter.
    function _payAward(
        bytes32 tradeId,
        Terms calldata terms,
        address buyer,
        uint256 fee,
        bytes32 receiptKey
    ) private {
        uint256 slot = _trade[tradeId];
        if (!slot.isIn(TradeState.Awarded)) {
            revert OfferMarket_WrongState(tradeId, stateOf(tradeId), TradeState.Offered);
        }
        if (block.timestamp >= terms.acceptBy) {
            revert OfferMarket_Expired(block.timestamp, terms.acceptBy);
        }
        if (terms.buyer != buyer) {
            revert OfferMarket_Reserved(buyer, terms.buyer);
        }
        // slither-disable-next-line reentrancy-no-eth -- the ledger's payOwed calls nobody
        bytes32 meter = _LEDGER.payOwed(buyer, receiptKey == 0, _sum(terms.price, fee));
        if (receiptKey == 0) {
            if (meter == 0) {
                revert OfferMarket_NoMeter(buyer);
            }
            receiptKey = meter;
        }
        _trade[tradeId] = TradeSlot.accepted(buyer, receiptKey, slot.agreedAt());
        emit OfferAccepted(tradeId, buyer, receiptKey);
    }

    /// @dev What a buyer pays in all. Safe: a price of terms that were checked when they were new and a fee
    /// that the desk has checked are each below 2**63.
    function _sum(uint256 price, uint256 fee) private pure returns (uint256) {
        unchecked {
            return price + fee;
        }
    }

    /// @dev Checks everything about a new offer but its author.
    /// @param terms The offer.
    /// @param kind What the two top bits of its nonce must be, see {NonceKind}.
    /// @return tradeId Hash of the terms.
    function _checkNew(Terms calldata terms, uint256 kind) private view returns (bytes32 tradeId) {
        if (terms.nonce & NonceKind.MASK != kind) {
            revert OfferMarket_WrongNonce(terms.nonce, kind == NonceKind.SIGNED);
        }
        if (terms.energy.wh() == 0 || terms.price == 0 || terms.price > MAX_PRICE) {
            revert OfferMarket_BadTerms(terms.energy, terms.price, MAX_PRICE);
        }
        if (terms.seller == terms.buyer) {
            revert OfferMarket_SelfTrade(terms.seller);
        }
        uint256 latest = block.timestamp + _MAX_DURATION;
        if (
            terms.acceptBy <= block.timestamp || terms.deliverBy <= terms.acceptBy || terms.deliverBy > latest
        ) {
            revert OfferMarket_BadWindow(terms.acceptBy, terms.deliverBy, block.timestamp, latest);
        }
        tradeId = terms.tradeId();
        _require(tradeId, TradeState.None);
    }

    /// @dev Checks that the key is under the current root and agrees to sign for the buyer, so that nobody
    /// names a key that will never sign.
    /// @param tradeId Hash of the terms.
    /// @param buyer Account that accepts.
    /// @param key The key with its proof and signature.
    /// @return receiptKey keccak256 of the key's signer.
    function _checkReceiptKey(
        bytes32 tradeId,
        address buyer,
        ReceiptKey calldata key
    ) private view returns (bytes32 receiptKey) {
        receiptKey = keccak256(key.signer);
        bytes32 root = IMeterRegistry(address(_LEDGER)).currentKeyRoot(key.epoch);
        bytes32 leaf = keccak256(abi.encode(receiptKey));
        if (root == 0 || !MerkleProofLib.verifyCalldata(key.proof, root, leaf)) {
            revert OfferMarket_UnknownReceiptKey(key.epoch, receiptKey);
        }
        bytes32 digest = _hashTypedData(MarketDigest.acceptanceHash(tradeId, buyer));
        if (!SignerLib.isValid(key.signer, digest, key.signature)) {
            revert OfferMarket_BadSignature(key.signer);
        }
    }

    /// @inheritdoc IOfferMarket
    function award(Terms calldata terms) external returns (bytes32 tradeId) {
        if (msg.sender != _AUCTION || _AUCTION == address(0)) {
            revert OfferMarket_NotAuction(msg.sender, _AUCTION);
        }
        if (terms.buyer == address(0)) {
            revert OfferMarket_NoBuyer();
        }
        tradeId = _checkNew(terms, NonceKind.AWARD);
        _trade[tradeId] = TradeSlot.awarded(block.timestamp);
        _emitMade(tradeId, terms);
    }

    // ---------------------------------------------------------------- deliver

    /// @inheritdoc IOfferMarket
    function confirmDelivery(Delivery calldata delivery) external {
        (bytes32 tradeId, DeliveryFault fault) = _confirm(delivery, delivery.terms.energy.wh());
        if (fault != DeliveryFault.None) {
            revert OfferMarket_ReceiptRefused(tradeId, fault);
        }
    }

    /// @inheritdoc IOfferMarket
    function confirmDeliveries(Delivery[] calldata deliveries) external returns (uint256 settled) {
        for (uint256 i = 0; i < deliveries.length; ++i) {
            uint256 free;
            // Safe: nothing that a round puts into memory is used after it. Without this, memory costs more
            // with each round.
            assembly ("memory-safe") {
                free := mload(0x40)
            }
            (bytes32 tradeId, DeliveryFault fault) = _confirm(deliveries[i], deliveries[i].terms.energy.wh());
            if (fault == DeliveryFault.None) {
                ++settled;
            } else {
                emit DeliveryRefused(tradeId, fault);
            }
            assembly ("memory-safe") {
                mstore(0x40, free)
            }
        }
    }

    /// @inheritdoc IOfferMarket
    function confirmHiddenShort(Delivery calldata delivery, uint256 agreedWh, bytes32 salt) external {
        _checkOpening(delivery.terms.energy, agreedWh, salt);
        (bytes32 tradeId, DeliveryFault fault) = _confirm(delivery, agreedWh);
        if (fault != DeliveryFault.None) {
            revert OfferMarket_ReceiptRefused(tradeId, fault);
        }
    }

    /// @dev Checks and settles one receipt, or returns why not and changes nothing.
    /// @param d Terms, parties and receipt.
    /// @param agreed Wh of the terms, opened if they were hidden.
    /// @return tradeId Hash of the terms.
    /// @return fault Why the receipt was refused; {DeliveryFault.None} if it was settled.
    function _confirm(
        Delivery calldata d,
        uint256 agreed
    ) private returns (bytes32 tradeId, DeliveryFault fault) {
        Terms calldata terms = d.terms;
        tradeId = terms.tradeId();
        uint256 slot = _trade[tradeId];
        uint256 deadline = terms.deliverBy;
        if (!slot.isIn(TradeState.Accepted)) {
            if (!slot.isIn(TradeState.Testified)) {
                return (tradeId, DeliveryFault.NotAccepted);
            }
            deadline += _REPLY_TIME;
        }
        if (block.timestamp >= deadline) {
            return (tradeId, DeliveryFault.Expired);
        }
        if (!slot.isOf(d.buyer, keccak256(d.signer))) {
            return (tradeId, DeliveryFault.NotParty);
        }
        bool full = d.energy == terms.energy;
        if (!full && (!d.energy.isPlain() || agreed >= EnergyLib.PLAIN_LIMIT)) {
            return (tradeId, DeliveryFault.EnergyHidden);
        }
        bytes32 digest = _hashTypedData(MarketDigest.receiptHash(tradeId, d.energy));
        if (!SignerLib.isValid(d.signer, digest, d.signature)) {
            return (tradeId, DeliveryFault.BadReceipt);
        }

        if (full || d.energy.wh() >= agreed) {
            _end(tradeId, terms);
            emit DeliveryConfirmed(tradeId);
            _settle(terms, d.buyer, terms.price, 0, 0, Outcome.Delivered, terms.price, 0);
        } else {
            _settleShort(tradeId, d, agreed, slot);
        }
    }

    /// @dev Settles a delivery of less than agreed: at once and for good, unless the terms allow testimony
    /// that has not come yet. Rounding: payment and cut down.
    /// @param tradeId Hash of the terms.
    /// @param d Terms, parties and receipt of less than agreed.
    /// @param agreed Wh of the terms.
    /// @param slot The trade's slot, accepted or testified.
    function _settleShort(bytes32 tradeId, Delivery calldata d, uint256 agreed, uint256 slot) private {
        Terms calldata terms = d.terms;
        uint256 delivered = d.energy.wh();
        uint256 paymentDown;
        uint256 cutDown;
        bool isDefault = _isBeyondTolerance(delivered, agreed);
        unchecked {
            // Safe: delivered < agreed < 2**64, price < 2**63, shares <= 10,000 < 2**14, so all is below
            // 2**142.
            paymentDown = (terms.price * delivered) / agreed;
            cutDown = (_guaranteeUp(terms.price) * _PENALTY_BPS * (agreed - delivered)) / (agreed * Bps.ONE);
        }
        Outcome outcome = isDefault ? Outcome.SellerDefault : Outcome.Delivered;
        if (slot.isIn(TradeState.Testified)) {
            cutDown = 0;
            if (isDefault) {
                outcome = Outcome.None; // The two meters disagree, so neither credit moves.
            }
        } else if (NonceKind.allowsTestimony(terms.nonce) && !_isMarket(d.signer)) {
            _trade[tradeId] = TradeSlot.paidShort(cutDown, isDefault, slot.agreedAt());
            emit PaidShort(tradeId, delivered, agreed, paymentDown, cutDown);
            _payShort(terms, d.buyer, paymentDown, isDefault ? Outcome.None : Outcome.Delivered);
            return;
        }
        _end(tradeId, terms);
        emit DeliveredShort(tradeId, delivered, agreed, paymentDown, cutDown);
        _settle(
            terms,
            d.buyer,
            paymentDown,
            terms.price - paymentDown,
            cutDown,
            outcome,
            isDefault ? terms.price : paymentDown,
            slot.agreedAt()
        );
    }

    /// @dev Whether more is missing than the tolerance allows.
    /// @param delivered Wh, at most `agreed`.
    /// @param agreed Wh of the terms, below 2**64.
    function _isBeyondTolerance(uint256 delivered, uint256 agreed) private view returns (bool) {
        unchecked {
            return (agreed - delivered) * Bps.ONE > agreed * _TOLERANCE_BPS; // Safe: below 2**78.
        }
    }

    /// @dev Reverts {OfferMarket_BadOpening} unless quantity and salt open the commitment.
    function _checkOpening(Energy energy, uint256 agreedWh, bytes32 salt) private pure {
        if (
            agreedWh == 0 || agreedWh >= EnergyLib.PLAIN_LIMIT || EnergyLib.hidden(agreedWh, salt) != energy
        ) {
            revert OfferMarket_BadOpening(energy, agreedWh, salt);
        }
    }

    // ---------------------------------------------------------------- testify

    /// @inheritdoc IOfferMarket
    function testify(Witness calldata witness) external {
        (bytes32 tradeId, TestimonyFault fault) = _testify(witness, witness.terms.energy.wh());
        if (fault != TestimonyFault.None) {
            revert OfferMarket_TestimonyRefused(tradeId, fault);
        }
    }

    /// @inheritdoc IOfferMarket
    function testifyMany(Witness[] calldata witnesses) external returns (uint256 counted) {
        for (uint256 i = 0; i < witnesses.length; ++i) {
            (bytes32 tradeId, TestimonyFault fault) = _testify(witnesses[i], witnesses[i].terms.energy.wh());
            if (fault == TestimonyFault.None) {
                ++counted;
            } else {
                emit WitnessRefused(tradeId, fault);
            }
        }
    }

    /// @inheritdoc IOfferMarket
    function testifyHidden(Witness calldata witness, uint256 agreedWh, bytes32 salt) external {
        _checkOpening(witness.terms.energy, agreedWh, salt);
        (bytes32 tradeId, TestimonyFault fault) = _testify(witness, agreedWh);
        if (fault != TestimonyFault.None) {
            revert OfferMarket_TestimonyRefused(tradeId, fault);
        }
    }

    /// @dev Checks a testimony and takes it in, or returns why not and changes nothing.
    /// @param w Terms, parties and testimony.
    /// @param agreed Wh of the terms, opened if they were hidden.
    /// @return tradeId Hash of the terms.
    /// @return fault Why the testimony was refused; {TestimonyFault.None} if it counts.
    function _testify(
        Witness calldata w,
        uint256 agreed
    ) private returns (bytes32 tradeId, TestimonyFault fault) {
        Terms calldata terms = w.terms;
        tradeId = terms.tradeId();
        uint256 slot = _trade[tradeId];
        fault = _faultOf(w, tradeId, slot, agreed);
        if (fault != TestimonyFault.None) {
            return (tradeId, fault);
        }
        emit DeliveryTestified(tradeId, w.energy, w.from, w.to);
        if (slot.isIn(TradeState.PaidShort)) {
            _end(tradeId, terms);
            emit ShortSettled(tradeId, 0);
            _settle(terms, address(0), 0, 0, 0, Outcome.None, 0, 0);
        } else {
            _trade[tradeId] = slot.testified();
        }
    }

    /// @dev Why a testimony does not count; {TestimonyFault.None} if it does.
    function _faultOf(
        Witness calldata w,
        bytes32 tradeId,
        uint256 slot,
        uint256 agreed
    ) private view returns (TestimonyFault) {
        Terms calldata terms = w.terms;
        if (!NonceKind.allowsTestimony(terms.nonce)) {
            return TestimonyFault.NotAllowed;
        }
        bool isPaidShort = slot.isIn(TradeState.PaidShort);
        if (!isPaidShort && !slot.isIn(TradeState.Accepted)) {
            return TestimonyFault.NotWaiting;
        }
        if (block.timestamp >= terms.deliverBy) {
            return TestimonyFault.Expired;
        }
        if (w.from < terms.acceptBy || w.to <= w.from || w.to > terms.deliverBy) {
            return TestimonyFault.OutsideTrade;
        }
        // A receipt of lots settles at once, so a trade that is paid short was paid on a meter's receipt.
        if (!isPaidShort) {
            if (!slot.isOf(w.buyer, keccak256(w.receiptSigner))) {
                return TestimonyFault.NotParty;
            }
            if (_isMarket(w.receiptSigner)) {
                return TestimonyFault.PaidByLots;
            }
        }
        if (w.energy != terms.energy) {
            if (!w.energy.isPlain() || agreed >= EnergyLib.PLAIN_LIMIT) {
                return TestimonyFault.EnergyHidden;
            }
            if (w.energy.wh() < agreed && _isBeyondTolerance(w.energy.wh(), agreed)) {
                return TestimonyFault.TooLittle;
            }
        }
        if (IMeterRegistry(address(_LEDGER)).meterOf(terms.seller) != keccak256(w.signer)) {
            return TestimonyFault.NotSellersMeter;
        }
        bytes32 digest = _hashTypedData(MarketDigest.testimonyHash(tradeId, w.energy, w.from, w.to));
        return
            SignerLib.isValid(w.signer, digest, w.signature)
                ? TestimonyFault.None
                : TestimonyFault.BadTestimony;
    }

    /// @dev Whether a receipt signer is a market of the ledger, as {IEnergyLot} is: then lots fulfil the
    /// trade, and the energy in them was metered when they were made.
    function _isMarket(bytes calldata signer) private view returns (bool) {
        return signer.length > 20 && _LEDGER.isMarket(address(bytes20(signer)));
    }

    /// @dev Pays for a short delivery and leaves the guarantee held. Rounding: fee down.
    /// @param terms The offer.
    /// @param buyer Account that accepted it.
    /// @param payment Units of account that the seller earned, before the fee; at most the price.
    /// @param outcome What happened, for the credits: None while that is open.
    function _payShort(Terms calldata terms, address buyer, uint256 payment, Outcome outcome) private {
        uint256 feeDown = Bps.shareDown(payment, _FEE_BPS);
        _LEDGER.settle(
            Settlement({
                seller: terms.seller,
                unhold: 0,
                sellerGets: payment - feeDown,
                buyer: buyer,
                buyerGets: terms.price - payment,
                outcome: outcome,
                value: payment,
                agreedAt: 0,
                treasuryGets: feeDown
            })
        );
    }

    // ---------------------------------------------------------------- withdraw, expire

    /// @inheritdoc IOfferMarket
    function giveUp(Terms calldata terms) external {
        if (msg.sender != terms.seller) {
            revert OfferMarket_NotSeller(msg.sender, terms.seller);
        }
        bytes32 tradeId = terms.tradeId();
        _require(tradeId, TradeState.Offered);
        // Nothing was ever accepted under this id, so there is no receipt, and the seller may offer the same
        // again.
        delete _trade[tradeId];
        _giveUp(tradeId, terms, type(uint256).max);
    }

    /// @inheritdoc IOfferMarket
    function giveUpOnOrder(uint256 maxCut, Terms calldata terms) external onlyDesk {
        bytes32 tradeId = terms.tradeId();
        _require(tradeId, TradeState.Offered);
        _end(tradeId, terms); // the same offer, made again, is not given up by the same order
        _giveUp(tradeId, terms, maxCut);
    }

    /// @dev Returns the guarantee of an offer that its seller has withdrawn.
    /// @param maxCut The most units of account of it that may be lost.
    function _giveUp(bytes32 tradeId, Terms calldata terms, uint256 maxCut) private {
        bool early = block.timestamp < terms.acceptBy;
        uint256 cutDown = early ? Bps.shareDown(_guaranteeUp(terms.price), _CANCEL_BPS) : 0;
        if (cutDown > maxCut) {
            revert OfferMarket_CutTooLarge(cutDown, maxCut);
        }
        emit OfferWithdrawn(tradeId, cutDown);
        _settle(terms, address(0), 0, 0, cutDown, early ? Outcome.Withdrawn : Outcome.None, 0, 0);
    }

    /// @inheritdoc IOfferMarket
    function cancelSigned(Terms calldata terms) external {
        if (msg.sender != terms.seller) {
            revert OfferMarket_NotSeller(msg.sender, terms.seller);
        }
        _cancel(terms.tradeId(), terms);
    }

    /// @inheritdoc IOfferMarket
    function cancelSignedOnOrder(Terms calldata terms) external onlyDesk {
        _cancel(terms.tradeId(), terms);
    }

    /// @dev Closes an offer signed off chain, on its seller's behalf.
    function _cancel(bytes32 tradeId, Terms calldata terms) private {
        if (terms.nonce & NonceKind.MASK != NonceKind.SIGNED) {
            revert OfferMarket_WrongNonce(terms.nonce, true);
        }
        if (block.timestamp >= terms.acceptBy) {
            revert OfferMarket_Expired(block.timestamp, terms.acceptBy);
        }
        _require(tradeId, TradeState.None);
        _trade[tradeId] = uint256(TradeState.Closed);
        emit SignedOfferCancelled(tradeId, terms.seller);
    }

    /// @inheritdoc IOfferMarket
    function expire(Terms calldata terms, address buyer, bytes32 receiptKey) external {
        bytes32 tradeId = terms.tradeId();
        uint256 slot = _trade[tradeId];
        TradeState state = slot.state();
        // slither-disable-next-line incorrect-equality -- a state is one of an enum
        if (state == TradeState.Awarded || state == TradeState.Offered) {
            _expireUnpaid(tradeId, terms, slot);
            return;
        }
        // slither-disable-next-line incorrect-equality -- a state is one of an enum
        bool isTestified = state == TradeState.Testified;
        if (state != TradeState.Accepted && state != TradeState.PaidShort && !isTestified) {
            revert OfferMarket_WrongState(tradeId, state, TradeState.Accepted);
        }
        uint256 deadline = isTestified ? terms.deliverBy + _REPLY_TIME : terms.deliverBy;
        if (block.timestamp < deadline) {
            revert OfferMarket_NotExpired(block.timestamp, deadline);
        }
        // slither-disable-next-line incorrect-equality -- a state is one of an enum
        if (state == TradeState.PaidShort) {
            _expireShort(tradeId, terms, slot);
            return;
        }
        if (!slot.isOf(buyer, receiptKey)) {
            revert OfferMarket_NotParty(tradeId, buyer, receiptKey);
        }
        delete _trade[tradeId];
        if (isTestified) {
            emit TestimonyUnanswered(tradeId);
            _settle(terms, buyer, 0, terms.price, 0, Outcome.None, 0, 0);
            return;
        }
        uint256 cutDown = Bps.shareDown(_guaranteeUp(terms.price), _PENALTY_BPS);
        emit TradeExpired(tradeId, cutDown);
        _settle(terms, buyer, 0, terms.price, cutDown, Outcome.SellerDefault, terms.price, slot.agreedAt());
    }

    /// @dev Ends an offer that nobody accepted, or an award that was not paid.
    function _expireUnpaid(bytes32 tradeId, Terms calldata terms, uint256 slot) private {
        if (block.timestamp < terms.acceptBy) {
            revert OfferMarket_NotExpired(block.timestamp, terms.acceptBy);
        }
        delete _trade[tradeId];
        if (slot.isIn(TradeState.Awarded)) {
            emit AwardUnpaid(tradeId, terms.buyer);
            _settle(terms, terms.buyer, 0, 0, 0, Outcome.BuyerDefault, terms.price, slot.agreedAt());
        } else {
            emit OfferExpired(tradeId);
            _settle(terms, address(0), 0, 0, 0, Outcome.None, 0, 0);
        }
    }

    /// @dev Ends a trade that was paid short and to which the seller's meter did not testify.
    function _expireShort(bytes32 tradeId, Terms calldata terms, uint256 slot) private {
        delete _trade[tradeId];
        uint256 cut = slot.cutOf();
        emit ShortSettled(tradeId, cut);
        Outcome outcome = slot.isDefault() ? Outcome.SellerDefault : Outcome.None;
        _settle(terms, address(0), 0, 0, cut, outcome, terms.price, slot.agreedAt());
    }

    /// @dev Ends a trade at the ledger: the seller gets guarantee - cut + payment - fee, the buyer the
    /// refund, the treasury fee + cut. If somebody has paid, payment + refund is the price. Rounding:
    /// guarantee up, fee down.
    /// @param terms The offer.
    /// @param buyer Account that paid; zero if nobody did.
    /// @param payment Units of account that the seller earned, before the fee.
    /// @param refund Units of account that the buyer gets back.
    /// @param cut Units of account of the guarantee that the treasury gets.
    /// @param outcome What happened, for the credits.
    /// @param value Units of account that the outcome is about.
    /// @param agreedAt Unix seconds at which the trade was agreed; only a default looks at it.
    function _settle(
        Terms calldata terms,
        address buyer,
        uint256 payment,
        uint256 refund,
        uint256 cut,
        Outcome outcome,
        uint256 value,
        uint256 agreedAt
    ) private {
        unchecked {
            // Safe: cut <= guarantee and fee <= payment <= price, since every share is at most the whole.
            uint256 guarantee = _guaranteeUp(terms.price);
            uint256 feeDown = Bps.shareDown(payment, _FEE_BPS);
            _LEDGER.settle(
                Settlement({
                    seller: terms.seller,
                    unhold: guarantee,
                    sellerGets: guarantee - cut + payment - feeDown,
                    buyer: buyer,
                    buyerGets: refund,
                    outcome: outcome,
                    value: value,
                    agreedAt: agreedAt,
                    treasuryGets: feeDown + cut
                })
            );
        }
    }

    /// @dev Safe for prices of terms that were checked when they were new: at most {MAX_PRICE} < 2**63. The
    /// formula stands here rather than in {Bps}, because the optimizer inlines it then.
    function _guaranteeUp(uint256 price) private view returns (uint256) {
        unchecked {
            return (price * _GUARANTEE_BPS + Bps.ONE - 1) / Bps.ONE;
        }
    }

    /// @dev Marks a trade that is finished before acceptBy, because its terms could come back. Later they
    /// cannot, and the slot is cleared.
    function _end(bytes32 tradeId, Terms calldata terms) private {
        _trade[tradeId] = block.timestamp < terms.acceptBy ? uint256(TradeState.Closed) : 0;
    }

    /// @dev Reverts {OfferMarket_WrongState} unless the trade is in the state `needed`.
    function _require(bytes32 tradeId, TradeState needed) private view {
        TradeState state = stateOf(tradeId);
        if (state != needed) {
            revert OfferMarket_WrongState(tradeId, state, needed);
        }
    }

    /// @dev Logs an offer.
    function _emitMade(bytes32 tradeId, Terms calldata terms) private {
        emit OfferMade(
            tradeId,
            terms.seller,
            terms.buyer,
            terms.energy,
            terms.price,
            terms.acceptBy,
            terms.deliverBy,
            terms.nonce
        );
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IOfferMarket
    function tradeIdOf(Terms calldata terms) external pure returns (bytes32 tradeId) {
        return terms.tradeId();
    }

    /// @inheritdoc IOfferMarket
    function stateOf(bytes32 tradeId) public view returns (TradeState) {
        return _trade[tradeId].state();
    }

    /// @inheritdoc IOfferMarket
    function guaranteeUp(uint256 price) external view returns (uint256) {
        if (price > MAX_PRICE) {
            revert OfferMarket_BadTerms(Energy.wrap(0), price, MAX_PRICE);
        }
        return _guaranteeUp(price);
    }

    /// @inheritdoc IOfferMarket
    function marketParameters() external view returns (MarketParameters memory) {
        return
            MarketParameters({
                ledger: address(_LEDGER),
                guaranteeBps: _GUARANTEE_BPS,
                feeBps: _FEE_BPS,
                cancelBps: _CANCEL_BPS,
                penaltyBps: _PENALTY_BPS,
                toleranceBps: _TOLERANCE_BPS,
                maxDuration: _MAX_DURATION,
                replyTime: _REPLY_TIME,
                auction: _AUCTION
            });
    }

    /// @dev EIP-712 domain, which {MarketDigest} has too.
    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("OfferMarket", "1");
    }
}
