// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EfficientHashLib} from "solady/src/utils/EfficientHashLib.sol";
import {IEnergyLedger} from "./interfaces/IEnergyLedger.sol";
import {IMeterRegistry} from "./interfaces/IMeterRegistry.sol";
import {IOfferMarket} from "./interfaces/IOfferMarket.sol";
import {IRelayDesk} from "./interfaces/IRelayDesk.sol";
import {RelayLib} from "./libraries/RelayLib.sol";
import {SignerLib} from "./libraries/SignerLib.sol";
import {PurseLib} from "./types/Account.sol";
import {Bid, Relay, RelayedBid, RelayedPurchase} from "./types/Relay.sol";
import {NonceKind, ReceiptKey, Terms, TermsLib} from "./types/Trade.sol";
import {UnorderedNonces} from "./UnorderedNonces.sol";

/// @title Relay desk
/// @notice Specified in {IRelayDesk}.
contract RelayDesk is IRelayDesk, UnorderedNonces {
    using TermsLib for Terms;

    /// @dev What the energy of an offer is compared with in bids: one MWh.
    uint256 private constant WH_PER_MWH = 1e6;

    /// @dev Gas that the market may use for one purchase of a batch: two signatures that contracts judge, and
    /// 160,000 for the rest, of which an acceptance needs about 75,000 and the proof of a key in a tree of
    /// 2**40 keys 40,000.
    uint256 private constant ITEM_GAS = 2 * SignerLib.VERIFIER_RESERVE + 160_000;

    /// @dev Gas that a batch must have left for the market's refusal of a purchase to count, see {SignerLib}.
    uint256 private constant ITEM_RESERVE = (ITEM_GAS * 64) / 63 + 6_000;

    bytes32 private constant PURCHASE_TYPEHASH = keccak256(
        "Purchase(address buyer,bytes32 tradeId,uint256 maxPrice,bytes32 receiptKey,uint256 deadline,"
        "address relayer,uint256 fee)"
    );
    bytes32 private constant BID_TYPEHASH = keccak256(
        "Bid(address buyer,address seller,uint256 minWh,uint256 maxWh,uint256 maxPricePerMWh,"
        "uint256 slotStart,uint256 slotEnd,uint256 minSellerCredit,uint256 deadline,uint256 nonce,"
        "bytes32 receiptKey,address relayer,uint256 fee)"
    );
    bytes32 private constant GIVE_UP_TYPEHASH = keccak256(
        "GiveUp(bytes32 tradeId,uint256 notBefore,uint256 maxCut,uint256 deadline,address relayer,"
        "uint256 fee)"
    );
    bytes32 private constant CANCELLATION_TYPEHASH = keccak256(
        "Cancellation(bytes32 tradeId,uint256 deadline,address relayer,uint256 fee)"
    );

    /// @inheritdoc IRelayDesk
    address public immutable MARKET;

    IEnergyLedger private immutable _LEDGER;

    /// @notice Deploys the desk of the market that calls.
    /// @param ledger The market's ledger.
    constructor(address ledger) {
        MARKET = msg.sender;
        _LEDGER = IEnergyLedger(ledger);
    }

    // ---------------------------------------------------------------- purchases

    /// @inheritdoc IRelayDesk
    function acceptFor(RelayedPurchase calldata purchase) external {
        bytes memory reason = _refusal(purchase);
        if (reason.length != 0) {
            assembly ("memory-safe") {
                revert(add(reason, 0x20), mload(reason))
            }
        }
        Relay calldata relay = purchase.relay;
        IOfferMarket(MARKET).acceptOnOrder(
            relay.fee,
            purchase.terms,
            purchase.sellerSignature,
            purchase.buyer,
            purchase.key
        );
        _pay(relay.relayer, address(0), relay.fee);
    }

    /// @inheritdoc IRelayDesk
    function acceptForMany(RelayedPurchase[] calldata purchases) external returns (uint256 accepted) {
        address relayer;
        uint256 fees;
        for (uint256 i = 0; i < purchases.length; ++i) {
            uint256 free;
            // Safe: nothing that a round puts into memory is used after it. Without this, memory costs more
            // with each round.
            assembly ("memory-safe") {
                free := mload(0x40)
            }
            RelayedPurchase calldata purchase = purchases[i];
            bytes memory reason = _refusal(purchase);
            // slither-disable-next-line incorrect-equality -- a purchase in order has no reason for refusal
            if (reason.length == 0) {
                uint256 gasLeft = gasleft();
                if (_isAccepted(purchase)) {
                    ++accepted;
                    uint256 fee = purchase.relay.fee;
                    if (fee != 0) {
                        if (purchase.relay.relayer != relayer) {
                            _pay(relayer, address(0), fees);
                            relayer = purchase.relay.relayer;
                            fees = 0;
                        }
                        fees += fee;
                    }
                } else {
                    if (gasLeft < ITEM_RESERVE) {
                        revert RelayDesk_BatchStarved(gasLeft, ITEM_RESERVE);
                    }
                    assembly ("memory-safe") {
                        reason := mload(0x40)
                        mstore(reason, returndatasize())
                        returndatacopy(add(reason, 0x20), 0x00, returndatasize())
                        mstore(0x40, add(reason, and(add(returndatasize(), 0x3f), not(0x1f))))
                    }
                }
            }
            if (reason.length != 0) {
                emit PurchaseRefused(purchase.terms.tradeId(), purchase.buyer, reason);
            }
            assembly ("memory-safe") {
                mstore(0x40, free)
            }
        }
        _pay(relayer, address(0), fees);
    }

    /// @dev Lets the market accept a purchase with {ITEM_GAS}; if it does not, its reason is the return data.
    /// @return ok Whether the trade was accepted.
    function _isAccepted(RelayedPurchase calldata purchase) private returns (bool ok) {
        address market = MARKET;
        uint256 gas_ = ITEM_GAS;
        if (purchase.key.length != 0) {
            bytes memory question = abi.encodeCall(
                IOfferMarket.acceptOnOrder,
                (purchase.relay.fee, purchase.terms, purchase.sellerSignature, purchase.buyer, purchase.key)
            );
            assembly ("memory-safe") {
                ok := call(gas_, market, 0, add(question, 0x20), mload(question), 0x00, 0x00)
            }
            return ok;
        }
        // The same without a key, which saves 700 gas in the case that is the rule.
        Terms calldata terms = purchase.terms;
        bytes calldata signature = purchase.sellerSignature;
        bytes4 selector = IOfferMarket.acceptOnOrder.selector;
        uint256 fee = purchase.relay.fee;
        address buyer = purchase.buyer;
        // Safe: memory from the free pointer on is scratch space. The head has 11 words: fee, the 7 of the
        // terms, place of the signature, buyer, place of the empty list of keys.
        assembly ("memory-safe") {
            let m := mload(0x40)
            let padded := and(add(signature.length, 0x1f), not(0x1f))
            mstore(m, selector)
            mstore(add(m, 0x04), fee)
            calldatacopy(add(m, 0x24), terms, 0xe0)
            mstore(add(m, 0x104), 0x160)
            mstore(add(m, 0x124), buyer)
            mstore(add(m, 0x144), add(0x180, padded))
            mstore(add(m, 0x164), signature.length)
            calldatacopy(add(m, 0x184), signature.offset, signature.length)
            mstore(add(add(m, 0x184), padded), 0)
            ok := call(gas_, market, 0, m, add(0x1a4, padded), 0x00, 0x00)
        }
    }

    /// @dev Checks everything about a purchase but what the market checks.
    /// @return reason The error with its fields; empty: the purchase is in order. It is not thrown, so that a
    /// batch can go on.
    function _refusal(RelayedPurchase calldata purchase) private view returns (bytes memory reason) {
        Relay calldata relay = purchase.relay;
        uint256 price = purchase.terms.price;
        if (block.timestamp >= relay.deadline) {
            return
                abi.encodeWithSelector(
                    RelayLib.RelayLib_OrderExpired.selector,
                    block.timestamp,
                    relay.deadline
                );
        }
        if (!RelayLib.isFee(relay.relayer, relay.fee)) {
            return
                abi.encodeWithSelector(
                    RelayLib.RelayLib_BadFee.selector,
                    relay.relayer,
                    relay.fee,
                    RelayLib.MAX_FEE
                );
        }
        if (price > purchase.maxPrice) {
            return abi.encodeWithSelector(RelayDesk_OverLimit.selector, price, purchase.maxPrice);
        }
        if (purchase.key.length > 1) {
            return abi.encodeWithSelector(RelayDesk_OneKey.selector, purchase.key.length);
        }
        address buyer = purchase.buyer;
        bytes32 structHash = EfficientHashLib.hash(
            PURCHASE_TYPEHASH,
            bytes32(uint256(uint160(buyer))),
            purchase.terms.tradeId(),
            bytes32(purchase.maxPrice),
            _namedKey(purchase.key),
            bytes32(relay.deadline),
            bytes32(uint256(uint160(relay.relayer))),
            bytes32(relay.fee)
        );
        if (!SignerLib.isAccounts(buyer, _hashTypedData(structHash), purchase.buyerSignature)) {
            return abi.encodeWithSelector(RelayLib.RelayLib_NotSigned.selector, buyer);
        }
    }

    // ---------------------------------------------------------------- bids

    /// @inheritdoc IRelayDesk
    function fillBid(RelayedBid calldata relayed) external {
        Terms calldata terms = relayed.terms;
        Bid calldata bid = relayed.bid;
        RelayLib.checkTime(bid.deadline);
        RelayLib.checkFee(bid.relayer, bid.fee);
        bytes32 structHash = keccak256(abi.encode(BID_TYPEHASH, bid));
        RelayLib.checkSigned(bid.buyer, _hashTypedData(structHash), relayed.buyerSignature);
        _checkBid(terms, bid);
        if (relayed.key.length > 1) {
            revert RelayDesk_OneKey(relayed.key.length);
        }
        bytes32 receiptKey = _namedKey(relayed.key);
        if (receiptKey != bid.receiptKey) {
            revert RelayDesk_WrongReceiptKey(receiptKey, bid.receiptKey);
        }
        _useNonce(bid.buyer, bid.nonce);
        IOfferMarket(MARKET).acceptOnOrder(bid.fee, terms, relayed.sellerSignature, bid.buyer, relayed.key);
        _pay(bid.relayer, address(0), bid.fee);
    }

    /// @dev Checks that an offer keeps to the limits of a bid.
    function _checkBid(Terms calldata terms, Bid calldata bid) private view {
        uint256 energyWh = terms.energy.wh();
        if (energyWh == 0 || !terms.energy.isPlain() || energyWh < bid.minWh || energyWh > bid.maxWh) {
            revert RelayDesk_OutsideEnergy(terms.energy, bid.minWh, bid.maxWh);
        }
        if (terms.acceptBy < bid.slotStart || terms.deliverBy > bid.slotEnd) {
            revert RelayDesk_OutsideSlot(terms.acceptBy, terms.deliverBy, bid.slotStart, bid.slotEnd);
        }
        if (terms.nonce & NonceKind.MASK == NonceKind.AWARD) {
            revert RelayDesk_IsAward(terms.nonce);
        }
        uint256 price = terms.price;
        if (price > PurseLib.MAX_AMOUNT) {
            revert IOfferMarket.OfferMarket_BadTerms(terms.energy, price, PurseLib.MAX_AMOUNT);
        }
        uint256 pricePerMWhUp;
        unchecked {
            // Safe: the price is below 2**63 and the energy below 2**64, and the energy is not zero.
            pricePerMWhUp = (price * WH_PER_MWH + energyWh - 1) / energyWh;
        }
        if (pricePerMWhUp > bid.maxPricePerMWh) {
            revert RelayDesk_TooDear(pricePerMWhUp, bid.maxPricePerMWh);
        }
        address seller = terms.seller;
        if (bid.seller != address(0) && bid.seller != seller) {
            revert RelayDesk_OtherSeller(seller, bid.seller);
        }
        _checkMeter(seller);
        _checkMeter(bid.buyer);
        uint256 creditE9 = _LEDGER.accountOf(seller).sellerCreditE9;
        if (creditE9 < bid.minSellerCredit) {
            revert RelayDesk_LowCredit(seller, creditE9, bid.minSellerCredit);
        }
    }

    /// @dev Reverts {RelayDesk_NoMeter} unless the account has a registered meter.
    function _checkMeter(address account) private view {
        if (IMeterRegistry(address(_LEDGER)).meterOf(account) == 0) {
            revert RelayDesk_NoMeter(account);
        }
    }

    // ---------------------------------------------------------------- sellers

    /// @inheritdoc IRelayDesk
    function giveUpFor(
        Terms calldata terms,
        uint256 notBefore,
        uint256 maxCut,
        Relay calldata relay,
        bytes calldata signature
    ) external {
        if (block.timestamp < notBefore) {
            revert RelayDesk_TooEarly(block.timestamp, notBefore);
        }
        bytes32 structHash = keccak256(
            abi.encode(GIVE_UP_TYPEHASH, terms.tradeId(), notBefore, maxCut, relay)
        );
        _checkSellers(terms.seller, structHash, relay, signature);
        IOfferMarket(MARKET).giveUpOnOrder(maxCut, terms);
        _pay(relay.relayer, terms.seller, relay.fee);
    }

    /// @inheritdoc IRelayDesk
    function cancelFor(Terms calldata terms, Relay calldata relay, bytes calldata signature) external {
        bytes32 structHash = keccak256(abi.encode(CANCELLATION_TYPEHASH, terms.tradeId(), relay));
        _checkSellers(terms.seller, structHash, relay, signature);
        IOfferMarket(MARKET).cancelSignedOnOrder(terms);
        _pay(relay.relayer, terms.seller, relay.fee);
    }

    /// @dev Checks what all orders of sellers share.
    function _checkSellers(
        address seller,
        bytes32 structHash,
        Relay calldata relay,
        bytes calldata signature
    ) private view {
        RelayLib.checkTime(relay.deadline);
        RelayLib.checkFee(relay.relayer, relay.fee);
        RelayLib.checkSigned(seller, _hashTypedData(structHash), signature);
    }

    // ---------------------------------------------------------------- parts of the above

    /// @dev The receipt key that an order names: keccak256 of the signer; zero: the registered meter.
    function _namedKey(ReceiptKey[] calldata key) private pure returns (bytes32) {
        return key.length == 0 ? bytes32(0) : keccak256(key[0].signer);
    }

    /// @dev Pays a relayer if there is anything to pay.
    function _pay(address relayer, address payer, uint256 amount) private {
        if (amount != 0) {
            IOfferMarket(MARKET).payRelayer(amount, relayer, payer);
        }
    }

    /// @dev EIP-712 domain.
    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("RelayDesk", "1");
    }
}
