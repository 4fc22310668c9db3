// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccountView} from "../../contracts/interfaces/IEnergyLedger.sol";
import {EnergyLib} from "../../contracts/types/Energy.sol";
import {Delivery, Terms, TradeState} from "../../contracts/types/Trade.sol";
import {Stage} from "./Stage.sol";

/// @notice Random calls of the market, each with the answer it must have: it succeeds exactly when the rules
/// say so.
/// @dev Every function is one call that the fuzzer may make; a revert of a handler is a failure.
contract Traders is Stage {
    enum Step {
        Offered,
        Accepted
    }

    enum Call {
        Deposit,
        Withdraw,
        MakeOffer,
        AcceptOffer,
        AcceptSigned,
        Confirm,
        ConfirmTwice,
        GiveUp,
        Expire,
        CancelSigned,
        Refused
    }

    struct Trade {
        Terms terms;
        uint256 seller;
        uint256 buyer;
        Step step;
    }

    struct Ended {
        Trade trade;
        bool withdrawn; // the seller may offer the same again
    }

    uint256 private constant SIGNED = 1 << 255;

    Trade[] private _trades;
    Ended[] private _ended;
    uint256[ACTORS] private _defaults;
    uint256 private _nonce;

    /// @notice How often each kind of call succeeded.
    mapping(Call => uint256) public done;

    constructor() {
        _open(20 * E9);
    }

    // ---------------------------------------------------------------- calls

    function passTime(uint256 dt) external {
        VM.warp(block.timestamp + _bound(dt, 1, 1 hours));
    }

    /// @notice Moves time to the last second of a trade's window, or to the first after it.
    function passTimeToDeadline(uint256 which, uint256 coin, bool after_) external {
        if (_trades.length == 0 || coin % 2 != 0) {
            return;
        }
        Trade storage trade = _trades[which % _trades.length];
        uint256 deadline = trade.step == Step.Offered ? trade.terms.acceptBy : trade.terms.deliverBy;
        uint256 to = after_ ? deadline : deadline - 1;
        if (to > block.timestamp) {
            VM.warp(to);
        }
    }

    function deposit(uint256 actor, uint256 amount) external {
        _deposit(actors[actor % ACTORS], _bound(amount, 1, 2 * E9));
        ++done[Call.Deposit];
    }

    function withdraw(uint256 actor, uint256 amount) external {
        address account = actors[actor % ACTORS];
        uint256 available = ledger.accountOf(account).available;
        amount = _bound(amount, 0, available < E9 ? available + 1 : E9);
        bool may = amount != 0 && amount <= available;
        if (_call(account, address(ledger), abi.encodeCall(ledger.withdraw, (account, amount)), may)) {
            deposited -= amount;
            ++done[Call.Withdraw];
        }
    }

    function suspendOrReinstate(uint256 actor, uint256 coin) external {
        address[] memory accounts = new address[](1);
        accounts[0] = actors[actor % ACTORS];
        bool suspended = ledger.accountOf(accounts[0]).suspended;
        if (!suspended && coin % 8 != 0) {
            return;
        }
        bytes memory data =
            suspended
                ? abi.encodeCall(ledger.reinstate, (accounts))
                : abi.encodeCall(ledger.suspend, (accounts));
        _call(OWNER, address(ledger), data, true);
    }

    function makeOffer(uint256 actor, uint256 energy, uint256 price, uint256 dt) external {
        (Terms memory terms, uint256 seller) = _newTerms(actor, energy, price, dt, 0);
        bytes memory data = abi.encodeCall(market.makeOffer, (terms));
        if (_call(terms.seller, address(market), data, _maySell(terms.seller, terms.price))) {
            _trades.push(Trade(terms, seller, 0, Step.Offered));
            ++done[Call.MakeOffer];
        }
    }

    function acceptOffer(uint256 which, uint256 actor) external {
        (uint256 place, bool found) = _find(which, Step.Offered);
        if (!found) {
            return;
        }
        Trade storage trade = _trades[place];
        uint256 buyer = actor % ACTORS;
        bool may =
            block.timestamp < trade.terms.acceptBy &&
                buyer != trade.seller &&
                _mayBuy(actors[buyer], trade.terms.price);
        if (_call(actors[buyer], address(market), abi.encodeCall(market.acceptOffer, (trade.terms)), may)) {
            (trade.buyer, trade.step) = (buyer, Step.Accepted);
            ++done[Call.AcceptOffer];
        }
    }

    function acceptSigned(uint256 actor, uint256 other, uint256 energy, uint256 price, uint256 dt) external {
        (Terms memory terms, uint256 seller) = _newTerms(actor, energy, price, dt, SIGNED);
        uint256 buyer = other % ACTORS;
        bytes memory signature = _actorSigns(seller, market.tradeIdOf(terms));
        bool may =
            buyer != seller && _maySell(terms.seller, terms.price) && _mayBuy(actors[buyer], terms.price);
        bytes memory data = abi.encodeCall(market.acceptSigned, (terms, signature));
        if (_call(actors[buyer], address(market), data, may)) {
            _trades.push(Trade(terms, seller, buyer, Step.Accepted));
            ++done[Call.AcceptSigned];
        }
    }

    function cancelSigned(uint256 actor, uint256 energy, uint256 price, uint256 dt) external {
        (Terms memory terms, uint256 seller) = _newTerms(actor, energy, price, dt, SIGNED);
        _call(terms.seller, address(market), abi.encodeCall(market.cancelSigned, (terms)), true);
        _ended.push(Ended(Trade(terms, seller, (seller + 1) % ACTORS, Step.Accepted), false));
        ++done[Call.CancelSigned];
    }

    function confirmDelivery(uint256 which, uint256 energy, bool full) external {
        (uint256 place, bool found) = _find(which, Step.Accepted);
        if (!found) {
            return;
        }
        Trade storage trade = _trades[place];
        energy = full ? trade.terms.energy.wh() : energy % (2 * trade.terms.energy.wh());
        bool may = block.timestamp < trade.terms.deliverBy;
        bytes memory data = abi.encodeCall(market.confirmDelivery, (_delivery(trade, energy)));
        if (_call(address(this), address(market), data, may)) {
            _delivered(place, energy);
            ++done[Call.Confirm];
        }
    }

    /// @notice Submits the same receipt twice in a batch: one is settled, the other refused.
    function confirmTwice(uint256 which, uint256 energy, bool full) external {
        (uint256 place, bool found) = _find(which, Step.Accepted);
        if (!found) {
            return;
        }
        Trade storage trade = _trades[place];
        energy = full ? trade.terms.energy.wh() : energy % (2 * trade.terms.energy.wh());
        Delivery[] memory both = new Delivery[](2);
        both[0] = _delivery(trade, energy);
        both[1] = both[0];
        bool may = block.timestamp < trade.terms.deliverBy;
        require(market.confirmDeliveries(both) == (may ? 1 : 0), "a receipt settled twice, or not at all");
        if (may) {
            _delivered(place, energy);
            ++done[Call.ConfirmTwice];
        }
    }

    function giveUp(uint256 which, uint256 coin) external {
        if (coin % 2 != 0) {
            return;
        }
        (uint256 place, bool found) = _find(which, Step.Offered);
        if (!found) {
            return;
        }
        Trade storage trade = _trades[place];
        _call(trade.terms.seller, address(market), abi.encodeCall(market.giveUp, (trade.terms)), true);
        _end(place, true);
        ++done[Call.GiveUp];
    }

    function expire(uint256 which) external {
        if (_trades.length == 0) {
            return;
        }
        uint256 place = which % _trades.length;
        Trade storage trade = _trades[place];
        bool offered = trade.step == Step.Offered;
        bool may = block.timestamp >= (offered ? trade.terms.acceptBy : trade.terms.deliverBy);
        if (_call(address(this), address(market), _expireCall(trade), may)) {
            if (!offered) {
                ++_defaults[trade.seller];
            }
            _end(place, false);
            ++done[Call.Expire];
        }
    }

    /// @notice Tries everything with a trade that finished long ago.
    function tryAgain(uint256 which) external {
        if (_ended.length != 0) {
            _tryAgain(_ended[which % _ended.length]);
        }
    }

    // ---------------------------------------------------------------- what must hold

    /// @notice Checks what the rules promise about everything at once, and reverts with the promise that is
    /// broken.
    function check() external view {
        uint256 onTheWay;
        uint256[ACTORS] memory held;
        for (uint256 i = 0; i < _trades.length; ++i) {
            Trade storage trade = _trades[i];
            bool accepted = trade.step == Step.Accepted;
            if (accepted) {
                onTheWay += trade.terms.price;
            }
            held[trade.seller] += market.guaranteeUp(trade.terms.price);
            TradeState state = market.stateOf(market.tradeIdOf(trade.terms));
            require(
                state == (accepted ? TradeState.Accepted : TradeState.Offered),
                "a trade is in another state than its calls make"
            );
        }
        require(_inAccounts() + onTheWay == deposited, "money was made or lost");
        require(address(ledger).balance == deposited * UNIT, "the ledger's balance is not the deposits");
        for (uint256 i = 0; i < ACTORS; ++i) {
            AccountView memory a = ledger.accountOf(actors[i]);
            require(a.held == held[i], "held is not the guarantees of open trades");
            require(
                a.sellerCreditE9 >= FLOOR_E9 && a.sellerCreditE9 <= CEILING_E9,
                "seller credit out of range"
            );
            require(
                a.buyerCreditE9 >= FLOOR_E9 && a.buyerCreditE9 <= CEILING_E9,
                "buyer credit out of range"
            );
            require(a.defaults == _defaults[i], "a default counted twice, or not at all");
        }
    }

    // ---------------------------------------------------------------- helpers

    /// @dev Makes a call, and checks that it succeeds exactly if it `may` and never fails by a panic.
    function _call(address from, address to, bytes memory data, bool may) private returns (bool) {
        VM.prank(from);
        (bool ok, bytes memory answer) = to.call(data);
        require(ok == may, may ? "refused what the rules allow" : "did what the rules forbid");
        require(ok || (answer.length >= 4 && bytes4(answer) != 0x4e487b71), "reverted without a typed error");
        return ok;
    }

    function _maySell(address seller, uint256 price) private view returns (bool) {
        AccountView memory a = ledger.accountOf(seller);
        uint256 guarantee = market.guaranteeUp(price);
        return _mayCommit(a, guarantee) && a.held + guarantee <= ledger.openLimit(a.sellerCreditE9);
    }

    function _mayBuy(address buyer, uint256 price) private view returns (bool) {
        return _mayCommit(ledger.accountOf(buyer), price);
    }

    function _mayCommit(AccountView memory a, uint256 amount) private view returns (bool) {
        return !a.suspended && block.timestamp >= a.bannedUntil && amount <= a.available;
    }

    function _newTerms(
        uint256 actor,
        uint256 energy,
        uint256 price,
        uint256 dt,
        uint256 kind
    ) private returns (Terms memory terms, uint256 seller) {
        seller = actor % ACTORS;
        uint256 acceptBy = block.timestamp + _bound(dt, 6 hours, 2 days);
        terms = Terms({
            seller: actors[seller],
            buyer: address(0),
            energy: EnergyLib.plain(_bound(energy, 1, 5_000)),
            price: _bound(price, 1, 4 * E9),
            acceptBy: acceptBy,
            deliverBy: acceptBy + _bound(dt >> 128, 6 hours, 2 days),
            nonce: kind | ++_nonce
        });
    }

    /// @dev The first open trade from `which` on that is at this step.
    function _find(uint256 which, Step step) private view returns (uint256 place, bool found) {
        uint256 count = _trades.length;
        for (uint256 i = 0; i < count; ++i) {
            place = ((which % count) + i) % count;
            if (_trades[place].step == step) {
                return (place, true);
            }
        }
    }

    function _end(uint256 place, bool withdrawn) private {
        _ended.push(Ended(_trades[place], withdrawn));
        _trades[place] = _trades[_trades.length - 1];
        _trades.pop();
        _tryAgain(_ended[_ended.length - 1]);
    }

    /// @dev Whatever is tried with a finished trade fails: nothing settles twice.
    function _tryAgain(Ended storage ended) private {
        Trade storage trade = ended.trade;
        Terms memory terms = trade.terms;
        address to = address(market);
        address buyer = actors[trade.buyer];
        uint256 energy = terms.energy.wh();
        _call(buyer, to, abi.encodeCall(market.confirmDelivery, (_delivery(trade, energy))), false);
        _call(terms.seller, to, abi.encodeCall(market.giveUp, (terms)), false);
        _call(buyer, to, _expireCall(trade), false);
        _call(buyer, to, abi.encodeCall(market.acceptOffer, (terms)), false);
        bytes memory signature = _actorSigns(trade.seller, market.tradeIdOf(terms));
        _call(buyer, to, abi.encodeCall(market.acceptSigned, (terms, signature)), false);
        if (!ended.withdrawn) {
            _call(terms.seller, to, abi.encodeCall(market.makeOffer, (terms)), false);
        }
        ++done[Call.Refused];
    }

    function _delivery(Trade storage trade, uint256 energy) private view returns (Delivery memory) {
        return
            Delivery({
                terms: trade.terms,
                buyer: actors[trade.buyer],
                signer: _meter(trade.buyer),
                energy: EnergyLib.plain(energy),
                signature: _meterSigns(trade.buyer, market.tradeIdOf(trade.terms), energy)
            });
    }

    function _expireCall(Trade storage trade) private view returns (bytes memory) {
        bytes32 receiptKey = keccak256(_meter(trade.buyer));
        return abi.encodeCall(market.expire, (trade.terms, actors[trade.buyer], receiptKey));
    }

    /// @dev More than a tenth missing is a default.
    function _delivered(uint256 place, uint256 energy) private {
        Trade storage trade = _trades[place];
        uint256 agreed = trade.terms.energy.wh();
        if (energy < agreed && (agreed - energy) * 10 > agreed) {
            ++_defaults[trade.seller];
        }
        _end(place, false);
    }
}

/// @notice These hold whatever is called in whatever order.
/// @custom:paper N-1, N-2, N-3, N-4, N-7, X-1, X-11
contract TradingTest {
    error NeverSucceeded(Traders.Call call);

    Traders private _traders;

    function setUp() public {
        _traders = new Traders();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_traders);
    }

    /// @notice Money is conserved, nothing settles twice, credits stay in range.
    function invariant_rulesHold() external view {
        _traders.check();
    }

    /// @notice A sequence in which some kind of call never succeeded has checked nothing about it.
    function afterInvariant() external view {
        for (uint256 i = 0; i <= uint256(type(Traders.Call).max); ++i) {
            if (_traders.done(Traders.Call(i)) == 0) {
                revert NeverSucceeded(Traders.Call(i));
            }
        }
    }
}
