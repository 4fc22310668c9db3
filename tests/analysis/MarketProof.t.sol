// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Settlement} from "../../contracts/interfaces/IEnergyLedger.sol";
import {IOfferMarket, MarketParameters} from "../../contracts/interfaces/IOfferMarket.sol";
import {Energy} from "../../contracts/types/Energy.sol";
import {Delivery, Terms, TradeSlot, TradeState} from "../../contracts/types/Trade.sol";
import {Proof} from "./Proof.sol";

/// @notice How a trade ends, for all terms, at any time, in any state: the market's storage is anything.
/// @dev This contract is the ledger, the auction and the meters' verifier, which finds every receipt genuine.
/// @custom:paper N-1, N-2, N-3, N-4, N-7, X-11
contract MarketProof is Proof {
    // The prover looks for this prefix.
    // solhint-disable func-name-mixedcase

    IOfferMarket private _market;
    uint256 private _settlements;
    Settlement private _last;

    function setUp() public {
        _market = IOfferMarket(
            _create(
                "OfferMarket",
                abi.encode(
                    MarketParameters({
                        ledger: address(this),
                        guaranteeBps: 10_000,
                        feeBps: 100,
                        cancelBps: 500,
                        penaltyBps: 2_000,
                        toleranceBps: 1_000,
                        maxDuration: 7 days,
                        replyTime: 1 days,
                        auction: address(this)
                    })
                )
            )
        );
        VM.setArbitraryStorage(address(_market));
    }

    /// @dev What the market calls when a trade ends.
    function settle(Settlement calldata s) external {
        ++_settlements;
        _last = s;
    }

    /// @dev What the market calls when a trade is made. Here everyone may trade and has a meter.
    function commit(address, address, bool, uint256, uint256) external pure returns (bytes32) {
        return bytes32(uint256(1));
    }

    /// @dev What the market asks about a receipt's signer: no lots fulfil a trade here.
    function isMarket(address) external pure returns (bool) {
        return false;
    }

    /// @dev ERC-7913: every signature is valid.
    function verify(bytes calldata, bytes32, bytes calldata) external pure returns (bytes4) {
        return this.verify.selector;
    }

    /// @notice A withdrawn offer gives its guarantee to seller and treasury.
    function check_giveUp(Terms calldata terms, uint64 time) external {
        _ends(terms, time, abi.encodeCall(_market.giveUp, (terms)));
    }

    /// @notice An expired offer or trade gives what was held and paid to seller, buyer and treasury.
    function check_expire(Terms calldata terms, uint64 time, address buyer, bytes32 receiptKey) external {
        _ends(terms, time, abi.encodeCall(_market.expire, (terms, buyer, receiptKey)));
    }

    /// @notice A delivery, in full or short, does the same.
    function check_confirmDelivery(Terms calldata terms, uint64 time, address buyer, Energy energy) external {
        _ends(terms, time, _confirm(terms, buyer, energy));
    }

    function _confirm(
        Terms calldata terms,
        address buyer,
        Energy energy
    ) private view returns (bytes memory) {
        bytes memory signer = abi.encodePacked(this, uint8(0));
        return abi.encodeCall(_market.confirmDelivery, (Delivery(terms, buyer, signer, energy, "")));
    }

    /// @dev A call that ends a trade settles once, and what comes out is what was held and paid. A short
    /// receipt to which testimony may follow only pays: the guarantee stays held.
    function _ends(Terms calldata terms, uint64 time, bytes memory call) private {
        VM.assume(terms.price <= type(uint64).max >> 1); // checked when the offer was new
        VM.warp(time);
        bytes32 tradeId = _market.tradeIdOf(terms);
        TradeState state = _market.stateOf(tradeId);
        bool paid = state == TradeState.Accepted || state == TradeState.Testified;
        if (state == TradeState.PaidShort) {
            // The cut was computed when the receipt came.
            uint256 slot = uint256(VM.load(address(_market), keccak256(abi.encode(tradeId, uint256(0)))));
            VM.assume(TradeSlot.cutOf(slot) <= _market.guaranteeUp(terms.price));
        }
        VM.prank(terms.seller);
        (bool ok, ) = address(_market).call(call);
        if (!ok) {
            assert(_settlements == 0);
            return;
        }
        assert(_settlements == 1);
        Settlement memory s = _last;
        bool waits = _market.stateOf(tradeId) == TradeState.PaidShort;
        assert(s.seller == terms.seller);
        assert(s.unhold == (waits ? 0 : _market.guaranteeUp(terms.price)));
        unchecked {
            assert(s.sellerGets + s.buyerGets + s.treasuryGets == s.unhold + (paid ? terms.price : 0));
        }
    }

    /// @notice A trade that was withdrawn, has expired or is delivered cannot end again, nor be accepted or,
    /// unless it was withdrawn, come back; at no later time and whoever calls with whatever. Only a trade
    /// that is paid short has one more end: when the time for testimony is over.
    function check_endsOnce(
        Terms calldata terms,
        uint64[2] calldata times,
        uint8 first,
        uint8 second,
        address[2] calldata buyers,
        bytes32[2] calldata words
    ) external {
        VM.assume((first < 3) && (second < 5) && (times[0] <= times[1]));
        VM.warp(times[0]);
        VM.prank(terms.seller);
        (bool ok, ) = address(_market).call(_call(first, terms, buyers[0], words[0]));
        if (!ok || (first == 0 && second == 4)) {
            return;
        }
        bool waits = _market.stateOf(_market.tradeIdOf(terms)) == TradeState.PaidShort;
        VM.warp(times[1]);
        VM.prank(second == 3 ? buyers[1] : terms.seller);
        (ok, ) = address(_market).call(_call(second, terms, buyers[1], words[1]));
        assert(!ok || (waits && second == 1));
    }

    function _call(
        uint256 which,
        Terms calldata terms,
        address buyer,
        bytes32 word
    ) private view returns (bytes memory) {
        if (which == 0) {
            return abi.encodeCall(_market.giveUp, (terms));
        }
        if (which == 1) {
            return abi.encodeCall(_market.expire, (terms, buyer, word));
        }
        if (which == 2) {
            return _confirm(terms, buyer, Energy.wrap(word));
        }
        if (which == 3) {
            return abi.encodeCall(_market.acceptOffer, (terms));
        }
        return abi.encodeCall(_market.makeOffer, (terms));
    }
}
