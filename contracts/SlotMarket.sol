// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "solady/src/utils/EIP712.sol";
import {IEnergyLedger, Outcome, Settlement} from "./interfaces/IEnergyLedger.sol";
import {IMeterRegistry} from "./interfaces/IMeterRegistry.sol";
import {ISlotMarket, SlotParameters} from "./interfaces/ISlotMarket.sol";
import {IVerifierCouncil} from "./interfaces/IVerifierCouncil.sol";
import {PoolClearing} from "./libraries/PoolClearing.sol";
import {Range} from "./libraries/Range.sol";
import {Roles} from "./types/Account.sol";
import {Lanes, LanesLib} from "./types/Lanes.sol";
import {
    Closing,
    Facts,
    Fault,
    HomeView,
    Pricing,
    Result,
    SlotDemand,
    SlotDemandLib,
    SlotHash,
    SlotRecord,
    SlotRecordLib,
    SlotState
} from "./types/Slot.sol";

/// @title Slot market
/// @notice Specified in {ISlotMarket}.
contract SlotMarket is ISlotMarket, EIP712 {
    uint256 private constant MAX_HOMES = 4096;
    uint256 private constant MAX_BATCH = 96;
    uint256 private constant MAX_ADVANCE = 1024;
    uint256 private constant MAX_TOTAL = type(uint40).max;
    uint32 private constant NO_END = type(uint32).max;

    IEnergyLedger private immutable _LEDGER;
    IVerifierCouncil private immutable _COUNCIL;
    address private immutable _DISPUTES;
    uint256 private immutable _SLOT_SECONDS;
    uint256 private immutable _TURN_SECONDS;
    uint256 private immutable _POST_SECONDS;
    uint256 private immutable _WINDOW_SECONDS;
    uint256 private immutable _ANSWER_SECONDS;
    uint256 private immutable _RETAIL;
    uint256 private immutable _FEED_IN;
    Pricing private immutable _PRICING;
    uint256 private immutable _FEE;
    uint256 private immutable _BOND;
    uint256 private immutable _RING;

    /// @dev slot 0: | frontier 64 | homes 64 | locked in all lanes 128 |
    uint64 private _frontier;
    uint64 private _homes;
    uint128 private _locked;

    /// @dev Where a home's money goes: | account 160 | exitAmount 64 | exitSlot 32 |
    struct Site {
        address account;
        uint64 exitAmount;
        uint32 exitSlot;
    }

    /// @dev What a home may do in which slot: | number + 1 16 | cap 56 | capBefore 56 | capSince 32 |
    /// meterSince 32 | frozenFrom 32 | frozenTo 32 |
    struct Standing {
        uint16 number;
        uint56 cap;
        uint56 capBefore;
        uint32 capSince;
        uint32 meterSince;
        uint32 frozenFrom;
        uint32 frozenTo;
    }

    /// @dev A home's meter now and before `meterSince`; `torn`: it signed two readings for one slot.
    struct MeterRecord {
        bytes32 current;
        bytes32 before;
        bool torn;
    }

    /// @dev Least nonce that counts from `since` on, and the one before.
    struct Revocation {
        uint64 nonce;
        uint64 before;
        uint32 since;
    }

    mapping(uint256 home => Site) private _site;
    mapping(address account => Standing) private _standing;
    mapping(address account => MeterRecord) private _meter;
    mapping(address account => Revocation) private _revocation;
    /// @dev A demand stays for ever, so that a row is demanded once.
    mapping(uint256 row => SlotDemand) private _demand;
    /// @inheritdoc ISlotMarket
    mapping(address account => uint256) public owed;
    /// @dev Arrays of a fixed size, whose places need no hash.
    Lanes[MAX_HOMES / 4] private _lanes;
    SlotRecord[1024] private _ring;

    modifier onlyDisputes() {
        if (msg.sender != _DISPUTES) {
            revert SlotMarket_NotDisputes(msg.sender);
        }
        _;
    }

    /// @notice Deploys a market without homes, whose frontier is the slot of now.
    /// @dev Reverts: {Range_Outside}.
    /// @param p The parameters, each within the range that {SlotParameters} states.
    constructor(SlotParameters memory p) {
        _LEDGER = IEnergyLedger(p.ledger);
        _COUNCIL = IVerifierCouncil(p.council);
        _DISPUTES = p.disputes;
        _SLOT_SECONDS = Range.check("slotSeconds", p.slotSeconds, 1 minutes, 1 days);
        _TURN_SECONDS = Range.check("turnSeconds", p.turnSeconds, 1, 1 days);
        _POST_SECONDS = Range.check("postSeconds", p.postSeconds, p.turnSeconds, 7 days);
        _WINDOW_SECONDS = Range.check("windowSeconds", p.windowSeconds, 1 minutes, 7 days);
        _ANSWER_SECONDS = Range.check("answerSeconds", p.answerSeconds, 1 minutes, 7 days);
        _FEED_IN = Range.check("feedIn", p.feedIn, 1, type(uint32).max);
        _RETAIL = Range.check("retail", p.retail, p.feedIn, type(uint32).max);
        _PRICING = p.pricing;
        _FEE = Range.check("fee", p.fee, 0, type(uint32).max);
        _BOND = Range.check("bond", p.bond, 1, LanesLib.MAX);
        _RING = Range.check("ring", p.ring, 8, 1024);
        if (p.ring & (p.ring - 1) != 0) {
            revert Range.Range_Outside("ring, a power of two", p.ring, 8, 1024);
        }
        _frontier = uint64(block.timestamp / p.slotSeconds);
    }

    // ---------------------------------------------------------------- homes

    /// @inheritdoc ISlotMarket
    function join(uint256 cap) external returns (uint256 home) {
        home = _homes;
        if (_standing[msg.sender].number != 0) {
            revert SlotMarket_AlreadyJoined(msg.sender, _standing[msg.sender].number - 1);
        }
        if (home == MAX_HOMES) {
            revert SlotMarket_TooManyHomes(home + 1, MAX_HOMES);
        }
        _checkAmount(cap, 0, type(uint56).max);
        if (!_mayCommit(msg.sender)) {
            revert SlotMarket_MayNotCommit(msg.sender);
        }
        bytes32 meter = IMeterRegistry(address(_LEDGER)).meterOf(msg.sender);
        if (meter == 0) {
            revert SlotMarket_NoMeter(msg.sender);
        }
        _homes = uint64(home + 1);
        _site[home].account = msg.sender;
        _standing[msg.sender] = Standing(uint16(home + 1), uint56(cap), 0, 0, 0, 0, 0);
        _meter[msg.sender].current = meter;
        emit Joined(home, msg.sender, cap, meter);
    }

    /// @inheritdoc ISlotMarket
    function lock(uint256 amount) external {
        uint256 home = homeNumber(msg.sender);
        // No lane can be full, whoever earns: all of them together stay below 2**63.
        _checkAmount(amount, 1, LanesLib.MAX - _locked);
        _locked += uint128(amount);
        _lanes[home / LanesLib.HOMES] = _lanes[home / LanesLib.HOMES].add(home, amount);
        emit Locked(home, amount);
        // slither-disable-next-line unused-return -- no meter is asked for
        _LEDGER.commit(address(0), msg.sender, false, 0, amount);
    }

    /// @inheritdoc ISlotMarket
    function requestExit(uint256 amount) external {
        uint256 home = homeNumber(msg.sender);
        _checkAmount(amount, 0, LanesLib.MAX);
        uint32 slot = _nextSlot() - 1;
        _site[home] = Site(msg.sender, uint64(amount), slot);
        emit ExitRequested(home, amount, slot);
    }

    /// @inheritdoc ISlotMarket
    function withdraw(uint256 home) external {
        address account = _accountOf(home);
        Site memory site = _site[home];
        // slither-disable-next-line incorrect-equality -- zero says that no exit was requested
        if (site.exitAmount == 0) {
            revert SlotMarket_NoExit(home);
        }
        if (site.exitSlot >= _frontier) {
            revert SlotMarket_ExitNotDue(site.exitSlot, _frontier);
        }
        Lanes lanes = _lanes[home / LanesLib.HOMES];
        uint256 balance = lanes.balance(home);
        uint256 amount = site.exitAmount < balance ? site.exitAmount : balance;
        _site[home] = Site(account, 0, 0);
        _lanes[home / LanesLib.HOMES] = lanes.sub(home, amount);
        _locked -= uint128(amount);
        emit Exited(home, amount);
        _pay(account, amount);
    }

    /// @inheritdoc ISlotMarket
    function setCap(uint256 cap) external {
        uint256 home = homeNumber(msg.sender);
        _checkAmount(cap, 0, type(uint56).max);
        Standing memory s = _standing[msg.sender];
        uint32 next = _nextSlot();
        if (s.capSince != next) {
            _checkSettled(s.capSince);
            (s.capBefore, s.capSince) = (s.cap, next);
        }
        s.cap = uint56(cap);
        _standing[msg.sender] = s;
        emit CapChanged(home, cap, next);
    }

    /// @inheritdoc ISlotMarket
    function freeze(uint256 home) external {
        address account = _accountOf(home);
        if (_mayCommit(account)) {
            revert SlotMarket_MayCommit(account);
        }
        if (_standing[account].frozenTo == NO_END) {
            revert SlotMarket_AlreadyFrozen(home);
        }
        _freeze(home, account);
    }

    /// @inheritdoc ISlotMarket
    function unfreeze(uint256 home) external {
        address account = _accountOf(home);
        if (_standing[account].frozenTo != NO_END) {
            revert SlotMarket_NotFrozen(home);
        }
        if (_meter[account].torn) {
            revert SlotMarket_MeterTorn(home);
        }
        if (!_mayCommit(account)) {
            revert SlotMarket_MayNotCommit(account);
        }
        uint32 next = _nextSlot();
        _standing[account].frozenTo = next;
        emit Unfrozen(home, next);
    }

    /// @inheritdoc ISlotMarket
    function updateMeter(uint256 home) external {
        address account = _accountOf(home);
        bytes32 meter = IMeterRegistry(address(_LEDGER)).meterOf(account);
        MeterRecord storage m = _meter[account];
        // slither-disable-next-line incorrect-equality -- a hash, not a balance
        if (meter == m.current) {
            revert SlotMarket_SameMeter(account, meter);
        }
        uint32 next = _nextSlot();
        if (_standing[account].meterSince != next) {
            _checkSettled(_standing[account].meterSince);
            _standing[account].meterSince = next;
            m.before = m.current;
        }
        m.current = meter;
        m.torn = false;
        emit MeterChanged(home, meter, next);
    }

    /// @inheritdoc ISlotMarket
    function revokeBelow(uint256 nonce) external {
        Revocation memory r = _revocation[msg.sender];
        if (nonce <= r.nonce || nonce > type(uint64).max) {
            revert SlotMarket_BadNonce(nonce, uint256(r.nonce) + 1);
        }
        uint32 next = _nextSlot();
        if (r.since != next) {
            _checkSettled(r.since);
            (r.before, r.since) = (r.nonce, next);
        }
        r.nonce = uint64(nonce);
        _revocation[msg.sender] = r;
        emit OrdersRevoked(msg.sender, nonce, next);
    }

    // ---------------------------------------------------------------- temporary

    /// @inheritdoc ISlotMarket
    function post(
        Result calldata r,
        bytes calldata packed,
        uint256 peers,
        bytes calldata signatures
    ) external {
        if (msg.sender != r.leader) {
            revert SlotMarket_NotLeader(msg.sender, r.leader);
        }
        uint256 slot = r.slot;
        uint256 turn = _checkTime(slot);
        SlotRecord taken = _ring[slot & (_RING - 1)];
        if (
            SlotRecord.unwrap(taken) != 0 &&
            (taken.slot() >= slot || (!taken.isVoid() && taken.slot() >= _frontier))
        ) {
            revert SlotMarket_RingTaken(slot, taken.slot());
        }
        _checkRows(r, packed);
        bytes32 resultHash = SlotHash.result(r);
        bytes32 signers = _COUNCIL.verify(
            slot,
            turn,
            msg.sender,
            _hashTypedData(resultHash),
            peers,
            signatures
        );
        bytes32 rest = SlotHash.posted(resultHash, signers);
        _ring[slot & (_RING - 1)] = SlotRecordLib.make(
            slot,
            block.timestamp,
            SlotHash.remembered(slot, r.price, msg.sender, r.rows, rest)
        );
        emit SlotPosted(slot, r, peers, turn, packed);
    }

    /// @dev Reverts: {SlotMarket_NotNow}.
    /// @return turn Turns that have passed since the slot could be posted.
    function _checkTime(uint256 slot) private view returns (uint256 turn) {
        // A number that is far too large must not wrap.
        uint256 from = slot > type(uint32).max ? type(uint64).max : _end(slot);
        unchecked {
            // Safe: a slot below 2**32 ends before 2**49, and what has begun is not after the time.
            if (slot < _frontier || block.timestamp < from || block.timestamp >= from + _POST_SECONDS) {
                revert SlotMarket_NotNow(slot, _frontier, block.timestamp / _SLOT_SECONDS);
            }
            return (block.timestamp - from) / _TURN_SECONDS;
        }
    }

    /// @dev Checks what everybody can check: the price, that energy comes out even, and that the match is
    /// complete. Whether each row is right is for its home to say.
    function _checkRows(Result calldata r, bytes calldata rows) private view {
        uint256 homeCount = _homes;
        uint256 rowCount = rows.length / 2;
        if (rows.length == 0 || rows.length % 32 != 0 || rowCount >= homeCount + 16) {
            revert SlotMarket_BadRows(rows.length, homeCount);
        }
        if (rowCount > homeCount) {
            // The last word has rows behind the last home: fewer than 16 of them, which must be zero.
            uint256 lastWord = uint256(bytes32(rows[rows.length - 32:]));
            if (lastWord & ((1 << ((rowCount - homeCount) * 16)) - 1) != 0) {
                revert SlotMarket_BadRows(rows.length, homeCount);
            }
        }
        uint256 largest = r.supplyWh | r.demandWh | r.meteredSupplyWh | r.meteredDemandWh;
        if (largest > MAX_TOTAL) {
            revert SlotMarket_BadTotals(largest, MAX_TOTAL);
        }
        uint256 price = PoolClearing.price(_PRICING, _RETAIL, _FEED_IN, r.meteredSupplyWh, r.meteredDemandWh);
        if (r.price != price) {
            revert SlotMarket_BadPrice(r.price, price);
        }
        (uint256 sold, uint256 bought, bytes32 root) = PoolClearing.measure(rows);
        uint256 matched = r.supplyWh < r.demandWh ? r.supplyWh : r.demandWh;
        if (sold != matched || bought != matched) {
            revert SlotMarket_NotCleared(sold, bought, matched);
        }
        if (root != r.rows) {
            revert SlotMarket_WrongRoot(r.rows, root);
        }
    }

    // ---------------------------------------------------------------- disputes

    /// @inheritdoc ISlotMarket
    function demand(uint256 slot, uint256 home) external {
        SlotRecord record = _ring[slot & (_RING - 1)];
        if (!record.isLive(slot)) {
            revert SlotMarket_NotPosted(slot);
        }
        address account = _accountOf(home);
        // A slot is not final before this, so the frontier need not be looked at.
        uint256 deadline = record.postedAt() + _WINDOW_SECONDS;
        if (block.timestamp >= deadline) {
            revert SlotMarket_TooLate(block.timestamp, deadline);
        }
        uint256 row = _rowKey(slot, home);
        if (SlotDemand.unwrap(_demand[row]) != 0) {
            revert SlotMarket_AlreadyDemanded(slot, home);
        }
        bool bonded = msg.sender != account;
        _demand[row] = SlotDemandLib.make(msg.sender, block.timestamp + _ANSWER_SECONDS, bonded);
        _ring[slot & (_RING - 1)] = record.withDemand();
        emit Demanded(slot, home, msg.sender);
        if (bonded) {
            // slither-disable-next-line unused-return -- no meter is asked for
            _LEDGER.commit(address(0), msg.sender, false, 0, _BOND);
        }
    }

    /// @inheritdoc ISlotMarket
    function returnBond(uint256 slot, uint256 home) external {
        if (slot >= _frontier && _ring[slot & (_RING - 1)].isLive(slot)) {
            revert SlotMarket_StillPosted(slot);
        }
        SlotDemand d = _openDemand(slot, home);
        _endDemand(slot, home, d, d.challenger());
    }

    /// @inheritdoc ISlotMarket
    function settleDemand(uint256 slot, uint256 home, address answerer) external onlyDisputes {
        SlotDemand d = _openDemand(slot, home);
        if (block.timestamp >= d.deadline()) {
            revert SlotMarket_TooLate(block.timestamp, d.deadline());
        }
        _ring[slot & (_RING - 1)] = _live(slot).withAnswer();
        emit Answered(slot, home, answerer);
        _endDemand(slot, home, d, answerer);
    }

    /// @inheritdoc ISlotMarket
    function voidSlot(
        uint256 slot,
        uint256 home,
        Fault fault,
        address[] calldata guilty
    ) external onlyDisputes {
        SlotRecord record = _live(slot);
        if (fault == Fault.Unanswered) {
            SlotDemand d = _openDemand(slot, home);
            if (block.timestamp < d.deadline()) {
                revert SlotMarket_TooEarly(block.timestamp, d.deadline());
            }
            _endDemand(slot, home, d, d.challenger());
        }
        _ring[slot & (_RING - 1)] = record.voided();
        emit Voided(slot, home, fault);
        _COUNCIL.slash(guilty, _site[home].account);
    }

    /// @inheritdoc ISlotMarket
    function tearMeter(uint256 home, uint256 slot, bytes32 meter) external onlyDisputes {
        address account = _site[home].account;
        MeterRecord storage m = _meter[account];
        // A meter that has been replaced meanwhile has done its harm.
        if (m.torn || m.current != meter) {
            revert SlotMarket_MeterTorn(home);
        }
        m.torn = true;
        emit TwoReadings(home, slot);
        if (_standing[account].frozenTo != NO_END) {
            _freeze(home, account);
        }
    }

    // ---------------------------------------------------------------- permanent

    /// @inheritdoc ISlotMarket
    function finalise(Closing[] calldata closings, bytes[] calldata rows) external {
        uint256 count = closings.length;
        if (count == 0 || count > MAX_BATCH || rows.length != count) {
            revert SlotMarket_BadBatch(count, MAX_BATCH);
        }
        uint256 next = _frontier;
        Lanes[] memory lanes = _loadLanes();
        address[] memory earners = new address[](count + 1);
        uint256[] memory fees = new uint256[](count + 1);
        for (uint256 i = 0; i < count; ++i) {
            Closing calldata c = closings[i];
            earners[i] = c.leader;
            (next, fees[i]) = _payRows(c, rows[i], next, lanes);
        }
        _storeLanes(lanes);
        earners[count] = msg.sender;
        _payFees(earners, fees, next);
    }

    /// @dev Pays the rows of a slot that can be final now.
    /// @param next First slot that is not final before it.
    /// @param lanes The balances, which change.
    /// @return after_ First slot that is not final after it.
    /// @return fees What the homes that have bought pay.
    function _payRows(
        Closing calldata c,
        bytes calldata rows,
        uint256 next,
        Lanes[] memory lanes
    ) private view returns (uint256 after_, uint256 fees) {
        after_ = _checkFinal(c, rows, next);
        (uint256 buyers, bool broken) = LanesLib.payRows(lanes, rows, c.price, _FEE);
        if (broken) {
            uint256 word = 0;
            while (!lanes[word].isBroken()) {
                ++word; // One of them is broken.
            }
            revert SlotMarket_Overdrawn(c.slot, word * LanesLib.HOMES);
        }
        fees = buyers * _FEE;
    }

    /// @dev Checks that a slot can be final now.
    /// @param next First slot that is not final before it.
    /// @return First slot that is not final after it.
    function _checkFinal(
        Closing calldata c,
        bytes calldata rows,
        uint256 next
    ) private view returns (uint256) {
        uint256 slot = c.slot;
        if (slot < next) {
            revert SlotMarket_WrongSlot(slot, next);
        }
        SlotRecord record = _ring[slot & (_RING - 1)];
        bytes32 root = PoolClearing.rootOf(rows);
        if (
            !record.isLive(slot) || !record.fits(SlotHash.remembered(slot, c.price, c.leader, root, c.rest))
        ) {
            revert SlotMarket_NotPosted(slot);
        }
        for (; next < slot; ++next) {
            if (!_isEmpty(next)) {
                revert SlotMarket_NotEmpty(next);
            }
        }
        uint256 earliest = record.postedAt() + _WINDOW_SECONDS;
        if (block.timestamp < earliest) {
            revert SlotMarket_TooEarly(block.timestamp, earliest);
        }
        if (record.demands() != 0) {
            revert SlotMarket_OpenDemands(slot, record.demands());
        }
        return slot + 1;
    }

    /// @dev Number of words that hold the homes' balances.
    function _words() private view returns (uint256) {
        return (_homes + LanesLib.HOMES - 1) / LanesLib.HOMES;
    }

    /// @dev The balances of all homes. Rows come in words of 16, so there is room for as many.
    function _loadLanes() private view returns (Lanes[] memory lanes) {
        uint256 words = _words();
        lanes = new Lanes[]((words + 3) & ~uint256(3));
        // Safe: the array in memory has at least as many words, and the one in storage has all of them.
        assembly ("memory-safe") {
            for {
                let word := 0
            } lt(word, words) {
                word := add(word, 1)
            } {
                mstore(add(add(lanes, 32), shl(5, word)), sload(add(_lanes.slot, word)))
            }
        }
    }

    /// @dev Stores the balances of all homes, each word once.
    function _storeLanes(Lanes[] memory lanes) private {
        uint256 words = _words();
        // Safe: as when they were loaded.
        assembly ("memory-safe") {
            for {
                let word := 0
            } lt(word, words) {
                word := add(word, 1)
            } {
                sstore(add(_lanes.slot, word), mload(add(add(lanes, 32), shl(5, word))))
            }
        }
    }

    /// @dev Moves the frontier, and shares the fees between leaders and caller.
    /// @param earners The leaders, and the caller behind them.
    /// @param fees What the homes have paid in each slot, and a place behind it.
    function _payFees(address[] memory earners, uint256[] memory fees, uint256 next) private {
        uint256 whole = 0;
        uint256 rest = 0;
        uint256 last = fees.length - 1;
        unchecked {
            // Safe: 4,096 homes in 96 slots pay less than 2**51, which they had.
            for (uint256 i = 0; i < last; ++i) {
                uint256 half = fees[i] / 2;
                whole += fees[i];
                rest += half;
                fees[i] -= half; // Now the leader's half.
            }
            (_frontier, _locked) = (uint64(next), uint128(_locked - whole));
        }
        fees[last] = rest;
        emit Finalised(next, msg.sender, rest);
        _COUNCIL.reward(earners, fees);
    }

    /// @inheritdoc ISlotMarket
    function advance(uint256 count) external {
        if (count == 0 || count > MAX_ADVANCE) {
            revert SlotMarket_BadBatch(count, MAX_ADVANCE);
        }
        uint256 first = _frontier;
        uint256 next = first;
        while (next < first + count && _isEmpty(next)) {
            ++next;
        }
        // slither-disable-next-line incorrect-equality -- the frontier has moved, or it has not
        if (next == first) {
            revert SlotMarket_NotEmpty(first);
        }
        _frontier = uint64(next);
        emit Finalised(next, msg.sender, 0);
    }

    /// @inheritdoc ISlotMarket
    function collect() external returns (uint256 amount) {
        amount = owed[msg.sender];
        if (amount == 0) {
            revert SlotMarket_NothingOwed(msg.sender);
        }
        owed[msg.sender] = 0;
        emit Collected(msg.sender, amount);
        _pay(msg.sender, amount);
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc ISlotMarket
    function homeOf(uint256 home) external view returns (HomeView memory) {
        Site memory site = _site[home];
        Standing memory s = _standing[site.account];
        return
            HomeView({
                account: site.account,
                balance: _lanes[home / LanesLib.HOMES].balance(home),
                exitAmount: site.exitAmount,
                exitSlot: site.exitSlot,
                cap: s.cap,
                capBefore: s.capBefore,
                capSince: s.capSince,
                frozenFrom: s.frozenFrom,
                frozenTo: s.frozenTo,
                meter: _meter[site.account].current
            });
    }

    /// @inheritdoc ISlotMarket
    function homeNumber(address account) public view returns (uint256) {
        uint256 number = _standing[account].number;
        // slither-disable-next-line incorrect-equality -- zero says that there is no home
        if (number == 0) {
            revert SlotMarket_NotJoined(account);
        }
        return number - 1;
    }

    /// @inheritdoc ISlotMarket
    function stateOf(uint256 slot) external view returns (SlotState) {
        if (slot < _frontier) {
            return SlotState.Final;
        }
        SlotRecord record = _ring[slot & (_RING - 1)];
        // slither-disable-next-line incorrect-equality -- a slot has one number
        if (SlotRecord.unwrap(record) != 0 && record.slot() == slot) {
            return record.isVoid() ? SlotState.Void : SlotState.Posted;
        }
        return slot <= type(uint32).max && _isEmpty(slot) ? SlotState.Empty : SlotState.None;
    }

    /// @inheritdoc ISlotMarket
    function frontier() external view returns (uint256) {
        return _frontier;
    }

    /// @inheritdoc ISlotMarket
    function homes() external view returns (uint256) {
        return _homes;
    }

    /// @inheritdoc ISlotMarket
    function locked() external view returns (uint256) {
        return _locked;
    }

    /// @inheritdoc ISlotMarket
    function factsOf(
        uint256 slot,
        uint256 home,
        bytes32 postedHash
    ) external view returns (Facts memory facts) {
        SlotRecord record = _live(slot);
        if (!record.fits(postedHash)) {
            revert SlotMarket_NotPosted(slot);
        }
        (facts.account, facts.meter) = meterAt(home, slot);
        Standing storage s = _standing[facts.account];
        facts.windowEnd = record.postedAt() + _WINDOW_SECONDS;
        facts.cap = slot < s.capSince ? s.capBefore : s.cap;
        facts.frozen = slot >= s.frozenFrom && slot < s.frozenTo;
        facts.minNonce = minNonce(facts.account, slot);
        facts.fee = _FEE;
    }

    /// @inheritdoc ISlotMarket
    function meterAt(uint256 home, uint256 slot) public view returns (address account, bytes32 meter) {
        account = _accountOf(home);
        MeterRecord storage m = _meter[account];
        meter = slot < _standing[account].meterSince ? m.before : m.current;
    }

    /// @inheritdoc ISlotMarket
    function minNonce(address account, uint256 slot) public view returns (uint256) {
        Revocation memory r = _revocation[account];
        return slot < r.since ? r.before : r.nonce;
    }

    /// @inheritdoc ISlotMarket
    function slotParameters() external view returns (SlotParameters memory) {
        return
            SlotParameters({
                ledger: address(_LEDGER),
                council: address(_COUNCIL),
                disputes: _DISPUTES,
                slotSeconds: _SLOT_SECONDS,
                turnSeconds: _TURN_SECONDS,
                postSeconds: _POST_SECONDS,
                windowSeconds: _WINDOW_SECONDS,
                answerSeconds: _ANSWER_SECONDS,
                retail: _RETAIL,
                feedIn: _FEED_IN,
                pricing: _PRICING,
                fee: _FEE,
                bond: _BOND,
                ring: _RING
            });
    }

    // ---------------------------------------------------------------- helpers

    /// @dev Freezes a home from the next slot on. A freeze that has not ended yet goes on.
    function _freeze(uint256 home, address account) private {
        Standing storage s = _standing[account];
        uint32 next = _nextSlot();
        if (s.frozenTo < next) {
            _checkSettled(s.frozenTo);
            s.frozenFrom = next;
        }
        s.frozenTo = NO_END;
        emit Frozen(home, next);
    }

    /// @dev Ends a demand and credits its bond, if there was one.
    function _endDemand(uint256 slot, uint256 home, SlotDemand d, address account) private {
        _demand[_rowKey(slot, home)] = d.ended();
        if (d.isBonded()) {
            _credit(account, _BOND);
        }
    }

    /// @dev What is owed is collected: nobody is paid inside another's call.
    function _credit(address account, uint256 amount) private {
        if (amount != 0) {
            owed[account] += amount;
            emit Owed(account, amount);
        }
    }

    /// @dev Moves units from the market's care into an account's funds in the ledger.
    function _pay(address account, uint256 amount) private {
        _LEDGER.settle(Settlement(account, 0, amount, address(0), 0, Outcome.None, 0, 0, 0));
    }

    /// @dev Reverts: {SlotMarket_NotPosted}.
    function _live(uint256 slot) private view returns (SlotRecord record) {
        record = _ring[slot & (_RING - 1)];
        if (slot < _frontier || !record.isLive(slot)) {
            revert SlotMarket_NotPosted(slot);
        }
    }

    /// @dev The demand for a row. Reverts: {SlotMarket_NoDemand}.
    function _openDemand(uint256 slot, uint256 home) private view returns (SlotDemand d) {
        d = _demand[_rowKey(slot, home)];
        if (!d.isOpen()) {
            revert SlotMarket_NoDemand(slot, home);
        }
    }

    /// @dev Where the demand for a row is kept; one place for all rows that there cannot be.
    function _rowKey(uint256 slot, uint256 home) private pure returns (uint256) {
        if (slot > type(uint32).max || home >= MAX_HOMES) {
            return type(uint256).max;
        }
        unchecked {
            return slot * MAX_HOMES + home; // Safe: below 2**44.
        }
    }

    /// @dev Whether a slot can be passed over: it is void, or was not posted in time.
    function _isEmpty(uint256 slot) private view returns (bool) {
        SlotRecord record = _ring[slot & (_RING - 1)];
        // slither-disable-next-line incorrect-equality -- a slot has one number
        if (SlotRecord.unwrap(record) != 0 && record.slot() == slot) {
            return record.isVoid();
        }
        return block.timestamp >= _end(slot) + _POST_SECONDS;
    }

    /// @dev Unix seconds at which a slot ends.
    function _end(uint256 slot) private view returns (uint256) {
        unchecked {
            return (slot + 1) * _SLOT_SECONDS; // Safe: every caller has a slot below 2**64.
        }
    }

    /// @dev The slot after that of now.
    function _nextSlot() private view returns (uint32) {
        return uint32(block.timestamp / _SLOT_SECONDS + 1);
    }

    /// @dev Reverts: {SlotMarket_ChangePending}.
    /// @param since First slot of an earlier change, about which no dispute may be possible any more.
    function _checkSettled(uint256 since) private view {
        if (since > _frontier) {
            revert SlotMarket_ChangePending(since, _frontier);
        }
    }

    /// @dev Reverts: {SlotMarket_BadAmount}.
    function _checkAmount(uint256 amount, uint256 min, uint256 max) private pure {
        if (amount < min || amount > max) {
            revert SlotMarket_BadAmount(amount, min, max);
        }
    }

    /// @dev The account of a home. Reverts: {SlotMarket_NoHome}.
    function _accountOf(uint256 home) private view returns (address account) {
        account = _site[home].account;
        if (account == address(0)) {
            revert SlotMarket_NoHome(home, _homes);
        }
    }

    /// @dev Whether the ledger lets an account make new commitments, as a producer or as a consumer.
    function _mayCommit(address account) private view returns (bool) {
        return _LEDGER.mayCommit(account, Roles.CONSUMER) || _LEDGER.mayCommit(account, Roles.PRODUCER);
    }

    /// @dev EIP-712 domain.
    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("SlotMarket", "1");
    }
}
