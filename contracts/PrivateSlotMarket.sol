// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "solady/src/utils/EIP712.sol";
import {SlotHomes} from "./SlotHomes.sol";
import {IPrivateSlotMarket, PrivateParameters} from "./interfaces/IPrivateSlotMarket.sol";
import {ISlotMarket} from "./interfaces/ISlotMarket.sol";
import {IVerifierCouncil} from "./interfaces/IVerifierCouncil.sol";
import {DayMoney} from "./libraries/DayMoney.sol";
import {PoolClearing} from "./libraries/PoolClearing.sol";
import {Range} from "./libraries/Range.sol";
import {SumTree} from "./libraries/SumTree.sol";
import {Lanes, LanesLib} from "./types/Lanes.sol";
import {Day, DayFacts, DayHash} from "./types/PrivateSlot.sol";
import {
    Facts,
    Fault,
    Pricing,
    Result,
    SlotHash,
    SlotRecord,
    SlotRecordLib,
    SlotState
} from "./types/Slot.sol";

/// @title Private form of the slot market
/// @notice Specified in {IPrivateSlotMarket}.
contract PrivateSlotMarket is IPrivateSlotMarket, SlotHomes, EIP712 {
    uint256 private constant MAX_ADVANCE = 1024;
    uint256 private constant MAX_DAY_SLOTS = 96;
    uint256 private constant MAX_TOTAL = type(uint40).max;
    uint256 private constant MAX_DAY_MONEY = uint256(uint40(type(int40).max));
    /// @dev Added to the number of a day, where a slot's could stand as well.
    uint256 private constant DAYS = 1 << 32;

    IVerifierCouncil private immutable _COUNCIL;
    address private immutable _DISPUTES;
    uint256 private immutable _DAY_SLOTS;
    uint256 private immutable _TURN_SECONDS;
    uint256 private immutable _POST_SECONDS;
    uint256 private immutable _WINDOW_SECONDS;
    uint256 private immutable _ANSWER_SECONDS;
    uint256 private immutable _DAY_POST_SECONDS;
    uint256 private immutable _RETAIL;
    uint256 private immutable _FEED_IN;
    Pricing private immutable _PRICING;
    uint256 private immutable _FEE;
    uint256 private immutable _BOND;
    uint256 private immutable _RING;

    /// @dev What is known of a day beside its slots: | homes + 1 16 | demanded 96 | undone 96 |
    /// `homes`: how many take part, stored when the first of them posts or joins. `demanded`: slots with an
    /// open demand. `undone`: void slots that are within the sums of the last one.
    struct Sheet {
        uint16 homes;
        uint96 demanded;
        uint96 undone;
    }

    /// @dev A demand stays for ever, so that each is made once for each posting.
    struct Demand {
        address challenger;
        uint40 deadline;
        bool bonded;
        bool open;
    }

    /// @dev A slot has its place in the ring, a day its own.
    mapping(uint256 place => SlotRecord) private _records;
    mapping(uint256 day => Sheet) private _sheet;
    mapping(uint256 number => mapping(uint256 home => Demand)) private _demand;

    modifier onlyDisputes() {
        if (msg.sender != _DISPUTES) {
            revert ISlotMarket.SlotMarket_NotDisputes(msg.sender);
        }
        _;
    }

    /// @notice Deploys a market without homes, whose frontier is the first slot of the day of now.
    /// @dev Reverts: {Range_Outside}.
    /// @param p The parameters, each within the range that {PrivateParameters} states.
    constructor(PrivateParameters memory p) SlotHomes(p.ledger, p.slotSeconds) {
        _COUNCIL = IVerifierCouncil(p.council);
        _DISPUTES = p.disputes;
        _DAY_SLOTS = Range.check("daySlots", p.daySlots, 1, MAX_DAY_SLOTS);
        _TURN_SECONDS = Range.check("turnSeconds", p.turnSeconds, 1, 1 days);
        _POST_SECONDS = Range.check("postSeconds", p.postSeconds, p.turnSeconds, p.daySlots * p.slotSeconds);
        _WINDOW_SECONDS = Range.check("windowSeconds", p.windowSeconds, 1 minutes, 7 days);
        _ANSWER_SECONDS = Range.check("answerSeconds", p.answerSeconds, 1 minutes, 7 days);
        uint256 least = p.windowSeconds + p.answerSeconds;
        _DAY_POST_SECONDS = Range.check("dayPostSeconds", p.dayPostSeconds, least, least + 7 days);
        _FEED_IN = Range.check("feedIn", p.feedIn, 1, type(uint32).max);
        uint256 most = MAX_DAY_MONEY / (PoolClearing.MAX_ROW_WH * p.daySlots);
        _RETAIL = Range.check("retail", p.retail, p.feedIn, most);
        _PRICING = p.pricing;
        _FEE = Range.check("fee", p.fee, 0, type(uint32).max);
        _BOND = Range.check("bond", p.bond, 1, LanesLib.MAX);
        _RING = Range.check("ring", p.ring, 8, 1024);
        if (p.ring & (p.ring - 1) != 0) {
            revert Range.Range_Outside("ring, a power of two", p.ring, 8, 1024);
        }
        // slither-disable-next-line divide-before-multiply -- the first slot of the day
        _frontier = uint64((block.timestamp / p.slotSeconds / p.daySlots) * p.daySlots);
    }

    // ---------------------------------------------------------------- temporary

    /// @inheritdoc IPrivateSlotMarket
    function post(Result calldata r, bytes32 top, uint256 peers, bytes calldata signatures) external {
        if (msg.sender != r.leader) {
            revert ISlotMarket.SlotMarket_NotLeader(msg.sender, r.leader);
        }
        uint256 slot = r.slot;
        uint256 turn = _checkTime(slot, slot, _endOf(slot), _POST_SECONDS);
        uint256 taken = SlotRecord.unwrap(_records[_place(slot)]);
        if (taken != 0) {
            taken = SlotRecord.wrap(taken).slot();
            if (taken >= slot || taken >= _frontier) {
                revert ISlotMarket.SlotMarket_RingTaken(slot, taken);
            }
        }
        uint256 matched = _checkTotals(r);
        uint256 count = _fixHomes(slot / _DAY_SLOTS);
        uint256 before = _before(slot);
        bytes32 root = SumTree.root(top, matched, count, before);
        if (r.rows != root) {
            revert ISlotMarket.SlotMarket_WrongRoot(r.rows, root);
        }
        bytes32 resultHash = SlotHash.result(r);
        bytes32 digest = _hashTypedData(resultHash);
        bytes32 signers = _COUNCIL.verify(slot, turn, r.leader, digest, peers, signatures);
        _records[_place(slot)] = SlotRecordLib.make(
            slot,
            block.timestamp,
            SlotHash.posted(resultHash, signers)
        );
        emit PrivateSlotPosted(slot, r, peers, turn, top, count, before);
    }

    /// @dev Reverts: {ISlotMarket.SlotMarket_NotNow}.
    /// @param number Number of the slot or day.
    /// @param first The slot, or the first one of the day.
    /// @param from Unix seconds from which on it can be posted.
    /// @param span How long it can.
    /// @return turn Turns that have passed since then.
    function _checkTime(
        uint256 number,
        uint256 first,
        uint256 from,
        uint256 span
    ) private view returns (uint256 turn) {
        unchecked {
            // Safe: times and spans are far below 2**255. A number that is far too large may have wrapped
            // before, but is refused.
            bool wrong = first > type(uint32).max || first < _frontier || block.timestamp < from;
            if (wrong || block.timestamp >= from + span) {
                revert ISlotMarket.SlotMarket_NotNow(number, _frontier, block.timestamp / _SLOT_SECONDS);
            }
            return (block.timestamp - from) / _TURN_SECONDS;
        }
    }

    /// @dev Checks totals and price.
    /// @return Wh that change hands.
    function _checkTotals(Result calldata r) private view returns (uint256) {
        uint256 largest = r.supplyWh | r.demandWh | r.meteredSupplyWh | r.meteredDemandWh;
        if (largest > MAX_TOTAL) {
            revert ISlotMarket.SlotMarket_BadTotals(largest, MAX_TOTAL);
        }
        uint256 price = PoolClearing.price(_PRICING, _RETAIL, _FEED_IN, r.meteredSupplyWh, r.meteredDemandWh);
        if (r.price != price) {
            revert ISlotMarket.SlotMarket_BadPrice(r.price, price);
        }
        return r.supplyWh < r.demandWh ? r.supplyWh : r.demandWh;
    }

    /// @dev Stores how many homes take part in a day, if nothing has stored it yet.
    function _fixHomes(uint256 day) private returns (uint256 count) {
        count = homesIn(day);
        if (count == 0) {
            revert ISlotMarket.SlotMarket_BadRows(0, 0);
        }
        if (_sheet[day].homes == 0) {
            _sheet[day].homes = uint16(count + 1);
        }
    }

    /// @dev The slot whose sums a slot goes on from; itself if there is none.
    function _before(uint256 slot) private view returns (uint256) {
        uint256 first = slot - (slot % _DAY_SLOTS);
        // Of the slots after it, only those that have ended can be posted.
        uint256 later = _lastLive(slot + 1, _lastEnded(first + _DAY_SLOTS));
        if (later != 0) {
            revert PrivateSlotMarket_LaterPosted(slot, later - 1);
        }
        uint256 found = _lastLive(first, slot);
        // slither-disable-next-line incorrect-equality -- zero says that there is none
        return found == 0 ? slot : found - 1;
    }

    /// @inheritdoc IPrivateSlotMarket
    function postDay(
        Day calldata d,
        bytes calldata packed,
        uint256 peers,
        bytes calldata signatures
    ) external {
        if (msg.sender != d.leader) {
            revert ISlotMarket.SlotMarket_NotLeader(msg.sender, d.leader);
        }
        uint256 day = d.day;
        uint256 turn = _checkTime(DAYS | day, _firstOf(day), _dayFrom(day), _DAY_POST_SECONDS);
        if (_records[DAYS + day].isLive(day)) {
            revert ISlotMarket.SlotMarket_RingTaken(DAYS + day, DAYS + day);
        }
        if (_sheet[day].demanded != 0) {
            revert ISlotMarket.SlotMarket_OpenDemands(DAYS + day, _sheet[day].demanded);
        }
        _checkMoney(d, packed);
        bytes32 dayHash = DayHash.day(d);
        bytes32 digest = _hashTypedData(dayHash);
        bytes32 signers = _COUNCIL.verify(DAYS + day, turn, d.leader, digest, peers, signatures);
        _records[DAYS + day] = SlotRecordLib.make(day, block.timestamp, SlotHash.posted(dayHash, signers));
        emit PrivateDayPosted(DAYS + day, d, peers, turn, packed);
    }

    /// @dev Checks what everybody can check: from which slots a day is made, and that its money adds up to
    /// zero. Whether each home's money is right is for the home to say.
    function _checkMoney(Day calldata d, bytes calldata money) private view {
        (bool posted, uint256 head, uint256 undone) = slotsOf(d.day);
        if (!posted || d.head != head || d.undone != undone) {
            revert PrivateSlotMarket_WrongSlots(head, undone);
        }
        uint256 count = homesIn(d.day);
        // slither-disable-next-line divide-before-multiply -- up to whole words
        uint256 places = ((count + LanesLib.HOMES - 1) / LanesLib.HOMES) * LanesLib.HOMES;
        bool bad = money.length != places * DayMoney.HOME_BYTES;
        // Behind the last home there are fewer than four others, which must be zero.
        for (; places > count && !bad; --places) {
            bad = DayMoney.ofHome(money, places - 1) != 0;
        }
        if (bad) {
            revert ISlotMarket.SlotMarket_BadRows(money.length, count);
        }
        int256 sum = DayMoney.sum(money);
        if (sum != 0) {
            revert PrivateSlotMarket_NotZero(sum);
        }
        bytes32 root = keccak256(money);
        if (d.money != root) {
            revert ISlotMarket.SlotMarket_WrongRoot(d.money, root);
        }
    }

    // ---------------------------------------------------------------- disputes

    /// @inheritdoc IPrivateSlotMarket
    function demand(uint256 number, uint256 home) external {
        SlotRecord record = _recordOf(number);
        if (!record.isLive(uint32(number))) {
            revert ISlotMarket.SlotMarket_NotPosted(number);
        }
        _checkTakesPart(_dayOf(number), home);
        // What is posted is not final before the end of its window, so the frontier need not be looked at.
        uint256 deadline = record.postedAt() + _WINDOW_SECONDS;
        if (block.timestamp >= deadline) {
            revert ISlotMarket.SlotMarket_TooLate(block.timestamp, deadline);
        }
        Demand storage d = _demand[number][home];
        if (d.challenger != address(0)) {
            if (_isAbout(d, record)) {
                revert ISlotMarket.SlotMarket_AlreadyDemanded(number, home);
            }
            // It was about a posting that is void: a day can be posted again.
            if (d.open) {
                _endDemand(d, d.challenger);
            }
        }
        bool bonded = msg.sender != _accountOf(home);
        (d.challenger, d.deadline) = (msg.sender, uint40(block.timestamp + _ANSWER_SECONDS));
        (d.bonded, d.open) = (bonded, true);
        _keep(number, record.withDemand());
        emit ISlotMarket.Demanded(number, home, msg.sender);
        if (bonded) {
            // slither-disable-next-line unused-return -- no meter is asked for
            _LEDGER.commit(address(0), msg.sender, false, 0, _BOND);
        }
    }

    /// @inheritdoc IPrivateSlotMarket
    function returnBond(uint256 number, uint256 home) external {
        Demand storage d = _demand[number][home];
        if (_isLive(number) && _isAbout(d, _recordOf(number))) {
            revert ISlotMarket.SlotMarket_StillPosted(number);
        }
        if (!d.open) {
            revert ISlotMarket.SlotMarket_NoDemand(number, home);
        }
        _endDemand(d, d.challenger);
    }

    /// @inheritdoc IPrivateSlotMarket
    function settleDemand(uint256 number, uint256 home, address answerer) external onlyDisputes {
        SlotRecord record = _live(number);
        Demand storage d = _openDemand(number, home, record);
        if (block.timestamp >= d.deadline) {
            revert ISlotMarket.SlotMarket_TooLate(block.timestamp, d.deadline);
        }
        _keep(number, record.withAnswer());
        emit ISlotMarket.Answered(number, home, answerer);
        _endDemand(d, answerer);
    }

    /// @inheritdoc IPrivateSlotMarket
    function voidSlot(
        uint256 number,
        uint256 home,
        Fault fault,
        address[] calldata guilty
    ) external onlyDisputes {
        SlotRecord record = _live(number);
        if (fault == Fault.Unanswered) {
            Demand storage d = _openDemand(number, home, record);
            if (block.timestamp < d.deadline) {
                revert ISlotMarket.SlotMarket_TooEarly(block.timestamp, d.deadline);
            }
            _endDemand(d, d.challenger);
        }
        _keep(number, record.voided());
        if (number < DAYS) {
            _undo(number);
        }
        emit ISlotMarket.Voided(number, home, fault);
        _COUNCIL.slash(guilty, _site[home].account);
    }

    /// @dev Notes what a void slot means for the sums of its day. A slot that later ones go on from stays
    /// within their sums; with the last one goes what was undone since the one before it.
    function _undo(uint256 slot) private {
        uint256 day = slot / _DAY_SLOTS;
        if (_records[DAYS + day].isLive(day)) {
            revert PrivateSlotMarket_DaySealed(day);
        }
        uint256 first = _firstOf(day);
        uint256 head = _lastLive(first, _lastEnded(first + _DAY_SLOTS));
        uint256 undone = _sheet[day].undone;
        undone =
            head > slot
                ? undone | (1 << (slot - first))
                : undone & ((1 << (head < first ? 0 : head - first)) - 1);
        _sheet[day].undone = uint96(undone);
    }

    /// @inheritdoc IPrivateSlotMarket
    function tearMeter(uint256 home, uint256 slot, bytes32 meter) external onlyDisputes {
        address account = _site[home].account;
        MeterRecord storage m = _meter[account];
        // A meter that has been replaced meanwhile has done its harm.
        if (m.torn || m.current != meter) {
            revert ISlotMarket.SlotMarket_MeterTorn(home);
        }
        m.torn = true;
        emit ISlotMarket.TwoReadings(home, slot);
        if (_standing[account].frozenTo != NO_END) {
            _freeze(home, account);
        }
    }

    // ---------------------------------------------------------------- permanent

    /// @inheritdoc IPrivateSlotMarket
    function finalise(Day calldata d, bytes32 signers, bytes calldata money) external {
        uint256 day = d.day;
        uint256 next = _frontier / _DAY_SLOTS;
        if (day != next) {
            revert ISlotMarket.SlotMarket_WrongSlot(day, next);
        }
        SlotRecord record = _records[DAYS + day];
        if (!record.isLive(day) || !record.fits(SlotHash.posted(DayHash.day(d), signers))) {
            revert ISlotMarket.SlotMarket_NotPosted(DAYS + day);
        }
        bytes32 root = keccak256(money);
        if (d.money != root) {
            revert ISlotMarket.SlotMarket_WrongRoot(d.money, root);
        }
        uint256 earliest = record.postedAt() + _WINDOW_SECONDS;
        if (block.timestamp < earliest) {
            revert ISlotMarket.SlotMarket_TooEarly(block.timestamp, earliest);
        }
        if (record.demands() != 0) {
            revert ISlotMarket.SlotMarket_OpenDemands(DAYS + day, record.demands());
        }
        next = (day + 1) * _DAY_SLOTS;
        _frontier = uint64(next);
        uint256 fees = _move(DAYS + day, money) * _FEE;
        uint256 half = (fees + 1) / 2;
        emit ISlotMarket.Finalised(next, msg.sender, fees - half);
        if (fees != 0) {
            _locked -= uint128(fees);
            _credit(msg.sender, fees - half);
        }
        (address[] memory leaders, uint256[] memory halves) = (new address[](1), new uint256[](1));
        (leaders[0], halves[0]) = (d.leader, half);
        _COUNCIL.reward(leaders, halves);
    }

    /// @dev Pays the money of a day, four homes at a time; each word is written once.
    /// @return payers How many homes have paid.
    function _move(uint256 number, bytes calldata money) private returns (uint256 payers) {
        uint256 words = money.length / DayMoney.WORD_BYTES;
        for (uint256 word = 0; word < words; ++word) {
            Lanes old = _lanes[word];
            (Lanes lanes, uint256 some) = DayMoney.pay(old, money, word, _FEE);
            if (lanes.isBroken()) {
                revert ISlotMarket.SlotMarket_Overdrawn(number, word * LanesLib.HOMES);
            }
            if (Lanes.unwrap(lanes) != Lanes.unwrap(old)) {
                _lanes[word] = lanes;
            }
            payers += some;
        }
    }

    /// @inheritdoc IPrivateSlotMarket
    function advance(uint256 count) external {
        if (count == 0 || count > MAX_ADVANCE) {
            revert ISlotMarket.SlotMarket_BadBatch(count, MAX_ADVANCE);
        }
        uint256 first = _frontier / _DAY_SLOTS;
        uint256 next = first;
        while (next < first + count && _isEmpty(next)) {
            ++next;
        }
        // slither-disable-next-line incorrect-equality -- the frontier has moved, or it has not
        if (next == first) {
            revert ISlotMarket.SlotMarket_NotEmpty(DAYS + first);
        }
        // slither-disable-next-line divide-before-multiply -- the first slot of a day
        _frontier = uint64(next * _DAY_SLOTS);
        // slither-disable-next-line divide-before-multiply -- the first slot of a day
        emit ISlotMarket.Finalised(next * _DAY_SLOTS, msg.sender, 0);
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IPrivateSlotMarket
    function stateOf(uint256 number) external view returns (SlotState) {
        uint256 day = _dayOf(number);
        if (day < _frontier / _DAY_SLOTS) {
            return SlotState.Final;
        }
        SlotRecord record = _recordOf(number);
        if (SlotRecord.unwrap(record) != 0 && record.slot() == uint32(number)) {
            return record.isVoid() ? SlotState.Void : SlotState.Posted;
        }
        if (number >= DAYS) {
            return _isEmpty(day) ? SlotState.Empty : SlotState.None;
        }
        return block.timestamp >= _endOf(number) + _POST_SECONDS ? SlotState.Empty : SlotState.None;
    }

    /// @inheritdoc IPrivateSlotMarket
    function homesIn(uint256 day) public view returns (uint256) {
        uint256 count = _sheet[day].homes;
        if (count == 0) {
            // Nobody has joined in the day. A slot of it is posted in the next day at the latest.
            count = _sheet[day + 1].homes;
        }
        return count == 0 ? _homes : count - 1;
    }

    /// @inheritdoc IPrivateSlotMarket
    function slotsOf(uint256 day) public view returns (bool posted, uint256 head, uint256 undone) {
        uint256 first = _firstOf(day);
        head = _lastLive(first, _lastEnded(first + _DAY_SLOTS));
        posted = head != 0;
        return (posted, posted ? head - 1 : 0, _sheet[day].undone);
    }

    /// @inheritdoc IPrivateSlotMarket
    function factsOf(
        uint256 slot,
        uint256 home,
        bytes32 postedHash
    ) external view returns (Facts memory facts) {
        SlotRecord record = _live(slot);
        if (slot >= DAYS || !record.fits(postedHash)) {
            revert ISlotMarket.SlotMarket_NotPosted(slot);
        }
        _checkTakesPart(slot / _DAY_SLOTS, home);
        (facts.account, facts.meter) = meterAt(home, slot);
        Standing storage s = _standing[facts.account];
        facts.windowEnd = record.postedAt() + _WINDOW_SECONDS;
        facts.cap = slot < s.capSince ? s.capBefore : s.cap;
        facts.frozen = slot >= s.frozenFrom && slot < s.frozenTo;
        facts.minNonce = minNonce(facts.account, slot);
    }

    /// @inheritdoc IPrivateSlotMarket
    function dayFactsOf(
        uint256 day,
        uint256 home,
        bytes32 postedHash
    ) external view returns (DayFacts memory facts) {
        if (!_live(DAYS + day).fits(postedHash)) {
            revert ISlotMarket.SlotMarket_NotPosted(DAYS + day);
        }
        _checkTakesPart(day, home);
        facts.account = _accountOf(home);
        Standing storage s = _standing[facts.account];
        facts.cap = s.cap;
        // The cap before counts if it held in the day's first slot, and alone if it held in the last one.
        if (day * _DAY_SLOTS < s.capSince && (s.capBefore > s.cap || (day + 1) * _DAY_SLOTS <= s.capSince)) {
            facts.cap = s.capBefore;
        }
        facts.balance = _lanes[home / LanesLib.HOMES].balance(home);
        facts.fee = _FEE;
    }

    /// @inheritdoc IPrivateSlotMarket
    function wasPosted(uint256 slot, bytes32 postedHash) external view returns (bool) {
        SlotRecord record = _records[_place(slot)];
        return SlotRecord.unwrap(record) != 0 && record.slot() == slot && record.fits(postedHash);
    }

    /// @inheritdoc IPrivateSlotMarket
    function privateParameters() external view returns (PrivateParameters memory) {
        return
            PrivateParameters({
                ledger: address(_LEDGER),
                council: address(_COUNCIL),
                disputes: _DISPUTES,
                slotSeconds: _SLOT_SECONDS,
                daySlots: _DAY_SLOTS,
                turnSeconds: _TURN_SECONDS,
                postSeconds: _POST_SECONDS,
                windowSeconds: _WINDOW_SECONDS,
                answerSeconds: _ANSWER_SECONDS,
                dayPostSeconds: _DAY_POST_SECONDS,
                retail: _RETAIL,
                feedIn: _FEED_IN,
                pricing: _PRICING,
                fee: _FEE,
                bond: _BOND,
                ring: _RING
            });
    }

    // ---------------------------------------------------------------- helpers

    /// @dev Who joins now takes part from the next day on.
    function _beforeJoin() internal override {
        uint256 day = block.timestamp / _SLOT_SECONDS / _DAY_SLOTS;
        if (_sheet[day].homes == 0) {
            _sheet[day].homes = uint16(_homes + 1);
        }
    }

    /// @dev The last posted slot that is not void, from one slot up to another, plus one; zero: there is
    /// none.
    function _lastLive(uint256 from, uint256 to) private view returns (uint256) {
        unchecked {
            for (; to > from; --to) {
                if (_records[_place(to - 1)].isLive(to - 1)) {
                    return to;
                }
            }
            return 0;
        }
    }

    /// @dev The slot under way, or a given one if that is earlier.
    function _lastEnded(uint256 slot) private view returns (uint256) {
        uint256 current = block.timestamp / _SLOT_SECONDS;
        return current < slot ? current : slot;
    }

    /// @dev Unix seconds from which on a day can be posted: none of its slots can be demanded any more.
    function _dayFrom(uint256 day) private view returns (uint256) {
        unchecked {
            // Safe: the caller has checked the day, or refuses it if the product has wrapped.
            return _endOf(_firstOf(day) + _DAY_SLOTS - 1) + _POST_SECONDS + _WINDOW_SECONDS;
        }
    }

    /// @dev Unix seconds at which a slot ends, of one below 2**32.
    function _endOf(uint256 slot) private view returns (uint256) {
        unchecked {
            return (slot + 1) * _SLOT_SECONDS;
        }
    }

    /// @dev The first slot of a day; no slot, 2**32, if the day is that far away.
    function _firstOf(uint256 day) private view returns (uint256) {
        unchecked {
            return day > type(uint32).max ? DAYS : day * _DAY_SLOTS;
        }
    }

    /// @dev Whether a day can be passed over: it is not posted, and cannot be any more.
    function _isEmpty(uint256 day) private view returns (bool) {
        return !_records[DAYS + day].isLive(day) && block.timestamp >= _dayFrom(day) + _DAY_POST_SECONDS;
    }

    /// @dev The day that a slot or day belongs to.
    function _dayOf(uint256 number) private view returns (uint256) {
        return number < DAYS ? number / _DAY_SLOTS : number - DAYS;
    }

    /// @dev Where the record of a slot or day lies; that of a slot may be another's.
    function _place(uint256 number) private view returns (uint256) {
        return number < DAYS ? number & (_RING - 1) : number;
    }

    /// @dev The record at the place of a slot or day.
    function _recordOf(uint256 number) private view returns (SlotRecord) {
        return _records[_place(number)];
    }

    /// @dev Stores the record of a slot or day, and whether a slot has an open demand.
    function _keep(uint256 number, SlotRecord record) private {
        _records[_place(number)] = record;
        if (number < DAYS) {
            Sheet storage sheet = _sheet[number / _DAY_SLOTS];
            uint96 bit = uint96(1 << (number % _DAY_SLOTS));
            bool none = record.isVoid() || record.demands() == 0;
            sheet.demanded = none ? sheet.demanded & ~bit : sheet.demanded | bit;
        }
    }

    /// @dev Whether a slot or day is posted, not void and not final.
    function _isLive(uint256 number) private view returns (bool) {
        return _firstOf(_dayOf(number)) >= _frontier && _recordOf(number).isLive(uint32(number));
    }

    /// @dev Reverts: {ISlotMarket.SlotMarket_NotPosted}.
    function _live(uint256 number) private view returns (SlotRecord) {
        if (!_isLive(number)) {
            revert ISlotMarket.SlotMarket_NotPosted(number);
        }
        return _recordOf(number);
    }

    /// @dev Whether a demand was made since the posting that the record is of.
    function _isAbout(Demand storage d, SlotRecord record) private view returns (bool) {
        return d.deadline >= record.postedAt() + _ANSWER_SECONDS;
    }

    /// @dev The demand about a posting. Reverts: {ISlotMarket.SlotMarket_NoDemand}.
    function _openDemand(
        uint256 number,
        uint256 home,
        SlotRecord record
    ) private view returns (Demand storage d) {
        d = _demand[number][home];
        if (!d.open || !_isAbout(d, record)) {
            revert ISlotMarket.SlotMarket_NoDemand(number, home);
        }
    }

    /// @dev Ends a demand and credits its bond, if there was one.
    function _endDemand(Demand storage d, address account) private {
        d.open = false;
        if (d.bonded) {
            _credit(account, _BOND);
        }
    }

    /// @dev Reverts: {ISlotMarket.SlotMarket_NoHome}.
    function _checkTakesPart(uint256 day, uint256 home) private view {
        uint256 count = homesIn(day);
        if (home >= count) {
            revert ISlotMarket.SlotMarket_NoHome(home, count);
        }
    }

    /// @dev EIP-712 domain: messages are those of the slot market, bound to this contract.
    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("SlotMarket", "1");
    }
}
