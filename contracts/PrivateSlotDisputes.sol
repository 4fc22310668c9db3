// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPrivateSlotDisputes} from "./interfaces/IPrivateSlotDisputes.sol";
import {IPrivateSlotMarket} from "./interfaces/IPrivateSlotMarket.sol";
import {ISlotDisputes} from "./interfaces/ISlotDisputes.sol";
import {ISlotMarket} from "./interfaces/ISlotMarket.sol";
import {DayMoney} from "./libraries/DayMoney.sol";
import {SlotEvidence} from "./libraries/SlotEvidence.sol";
import {SumTree} from "./libraries/SumTree.sol";
import {
    Day,
    DayFacts,
    DayHash,
    DayPosted,
    Leaf,
    Node,
    NodePair,
    Opening,
    SumPosted
} from "./types/PrivateSlot.sol";
import {Ack, Evidence, Facts, Fault, Order, Reading, Result, SlotHash} from "./types/Slot.sol";

/// @title Disputes of the private form
/// @notice Specified in {IPrivateSlotDisputes}.
contract PrivateSlotDisputes is IPrivateSlotDisputes {
    /// @dev Added to the number of a day, where a slot's could stand as well.
    uint256 private constant DAYS = 1 << 32;

    /// @inheritdoc IPrivateSlotDisputes
    address public immutable MARKET;
    uint256 private immutable _DAY_SLOTS;

    /// @notice Deploys the judge of one market.
    /// @param market The private form of the slot market.
    /// @param daySlots Slots of its day.
    constructor(address market, uint256 daySlots) {
        MARKET = market;
        _DAY_SLOTS = daySlots;
    }

    // ---------------------------------------------------------------- slots

    /// @inheritdoc IPrivateSlotDisputes
    function answer(
        SumPosted calldata posted,
        uint256 home,
        Opening calldata opening,
        SumPosted calldata before,
        Opening calldata earlier,
        Evidence calldata evidence
    ) external {
        Facts memory facts = _facts(posted, home);
        (int256 wh, int256 given, int256 needed) = _sums(posted, home, opening, before, earlier);
        if (given != needed) {
            revert PrivateSlotDisputes_WrongMoney(given, needed);
        }
        if (wh != 0) {
            SlotEvidence.check(MARKET, posted.result, home, wh, facts, evidence);
        }
        _market().settleDemand(posted.result.slot, home, msg.sender);
    }

    /// @inheritdoc IPrivateSlotDisputes
    function expire(SumPosted calldata posted, uint256 home) external {
        _facts(posted, home);
        _market().voidSlot(posted.result.slot, home, Fault.Unanswered, posted.signers);
    }

    /// @inheritdoc IPrivateSlotDisputes
    function misfill(
        SumPosted calldata posted,
        uint256 home,
        Opening calldata opening,
        Order calldata order,
        Reading calldata reading,
        Ack calldata ack,
        uint256 member,
        bytes calldata signature
    ) external {
        Facts memory facts = _facts(posted, home);
        if (block.timestamp >= facts.windowEnd) {
            revert ISlotDisputes.SlotDisputes_TooLate(block.timestamp, facts.windowEnd);
        }
        _open(posted, home, opening);
        SlotEvidence.checkMisfill(
            MARKET,
            posted.result,
            posted.signers,
            home,
            opening.leaf.wh,
            facts,
            order,
            reading,
            ack,
            member,
            signature
        );
        // Who acknowledged something else is at fault; the other signers may not have known.
        address[] calldata guilty = posted.signers[member:member + 1];
        _market().voidSlot(posted.result.slot, home, Fault.Misfill, guilty);
    }

    /// @inheritdoc IPrivateSlotDisputes
    function wrongSum(
        SumPosted calldata posted,
        uint256 home,
        Opening calldata opening,
        SumPosted calldata before,
        Opening calldata earlier
    ) external {
        _facts(posted, home);
        (, int256 given, int256 needed) = _sums(posted, home, opening, before, earlier);
        _checkFault(given != needed, posted.result.slot, home);
        _market().voidSlot(posted.result.slot, home, Fault.WrongSum, posted.signers);
    }

    /// @inheritdoc IPrivateSlotDisputes
    function wrongTree(
        SumPosted calldata posted,
        uint256 home,
        NodePair[] calldata pairs,
        Leaf calldata leaf
    ) external {
        _facts(posted, home);
        _checkFault(_isWrong(posted, home, pairs, leaf), posted.result.slot, home);
        _market().voidSlot(posted.result.slot, home, Fault.WrongTree, posted.signers);
    }

    /// @dev Whether the way from the root to a place ends at something that is not as it is said above.
    function _isWrong(
        SumPosted calldata posted,
        uint256 place,
        NodePair[] calldata pairs,
        Leaf calldata leaf
    ) private pure returns (bool) {
        (uint256 way, uint256 count) = SumTree.wayTo(place, posted.homes);
        if (pairs.length > count) {
            revert SumTree.SumTree_BadLength(pairs.length, count);
        }
        // Of the uppermost node the market has checked what it says. Safe: totals are below 2**40.
        uint64 matched = uint64(_matched(posted.result));
        Node memory node = Node(posted.top, matched, matched);
        for (uint256 i = 0; i < pairs.length; ++i) {
            _checkHash(SumTree.hashOf(pairs[i]), node.hash);
            (Node calldata left, Node calldata right) = (pairs[i].left, pairs[i].right);
            bool sold = uint256(left.sold) + right.sold == node.sold;
            if (!sold || uint256(left.bought) + right.bought != node.bought) {
                return true;
            }
            node = (way >> (count - 1 - i)) & 1 == 0 ? left : right;
        }
        if (pairs.length < count) {
            return false;
        }
        _checkHash(SumTree.hashOf(leaf), node.hash);
        return
            leaf.home != place ||
            leaf.slot != posted.result.slot ||
            !SumTree.isSound(leaf) ||
            !SumTree.holds(node, leaf);
    }

    /// @inheritdoc IPrivateSlotDisputes
    function overspend(SumPosted calldata posted, uint256 home, Opening calldata opening) external {
        Facts memory facts = _facts(posted, home);
        _open(posted, home, opening);
        int256 wh = opening.leaf.wh;
        bool beyond = SumTree.boughtIn(opening.leaf) * posted.result.price > facts.cap;
        _checkFault(beyond || (facts.frozen && wh != 0), posted.result.slot, home);
        _market().voidSlot(posted.result.slot, home, Fault.Overspend, posted.signers);
    }

    /// @inheritdoc IPrivateSlotDisputes
    function overdraft(SumPosted calldata posted, uint256 home, Opening calldata opening) external {
        uint256 slot = posted.result.slot;
        Facts memory facts = _facts(posted, home);
        _checkTurn(slot / _DAY_SLOTS);
        _open(posted, home, opening);
        uint256 balance = _market().homeOf(home).balance;
        facts.fee = _market().privateParameters().fee;
        bool beyond = _spent(opening.leaf.money, facts.fee) > balance;
        _checkFault(opening.leaf.wh < 0 && beyond, slot, home);
        _market().voidSlot(slot, home, Fault.Overdraft, posted.signers);
    }

    // ---------------------------------------------------------------- days

    /// @inheritdoc IPrivateSlotDisputes
    function answerDay(
        DayPosted calldata posted,
        uint256 home,
        bytes calldata money,
        SumPosted[] calldata slots,
        Opening[] calldata openings
    ) external {
        _dayFacts(posted, home);
        int256 needed = _due(posted.day, home, slots, openings);
        int256 given = _moneyOf(posted.day, home, money);
        if (given != needed) {
            revert PrivateSlotDisputes_WrongMoney(given, needed);
        }
        _market().settleDemand(DAYS + posted.day.day, home, msg.sender);
    }

    /// @inheritdoc IPrivateSlotDisputes
    function expireDay(DayPosted calldata posted, uint256 home) external {
        _dayFacts(posted, home);
        _market().voidSlot(DAYS + posted.day.day, home, Fault.Unanswered, posted.signers);
    }

    /// @inheritdoc IPrivateSlotDisputes
    function wrongDay(
        DayPosted calldata posted,
        uint256 home,
        bytes calldata money,
        SumPosted[] calldata slots,
        Opening[] calldata openings
    ) external {
        _dayFacts(posted, home);
        int256 needed = _due(posted.day, home, slots, openings);
        bool wrong = _moneyOf(posted.day, home, money) != needed;
        _checkFault(wrong, DAYS + posted.day.day, home);
        _market().voidSlot(DAYS + posted.day.day, home, Fault.WrongSum, posted.signers);
    }

    /// @inheritdoc IPrivateSlotDisputes
    function overspendDay(DayPosted calldata posted, uint256 home, bytes calldata money) external {
        DayFacts memory facts = _dayFacts(posted, home);
        uint256 spent = _spent(_moneyOf(posted.day, home, money), 0);
        _checkFault(spent > facts.cap * _DAY_SLOTS, DAYS + posted.day.day, home);
        _market().voidSlot(DAYS + posted.day.day, home, Fault.Overspend, posted.signers);
    }

    /// @inheritdoc IPrivateSlotDisputes
    function overdraftDay(DayPosted calldata posted, uint256 home, bytes calldata money) external {
        DayFacts memory facts = _dayFacts(posted, home);
        _checkTurn(posted.day.day);
        uint256 spent = _spent(_moneyOf(posted.day, home, money), facts.fee);
        _checkFault(spent > facts.balance, DAYS + posted.day.day, home);
        _market().voidSlot(DAYS + posted.day.day, home, Fault.Overdraft, new address[](0));
    }

    /// @inheritdoc IPrivateSlotDisputes
    function twoReadings(
        uint256 home,
        Reading calldata first,
        Reading calldata second,
        bytes calldata meter,
        bytes calldata firstSignature,
        bytes calldata secondSignature
    ) external {
        uint256 slot = first.slot;
        (address account, bytes32 needed) = _market().meterAt(home, slot);
        if (first.account != account || second.account != account || second.slot != slot) {
            revert ISlotDisputes.SlotDisputes_WrongEvidence(slot, home);
        }
        if (first.netWh == second.netWh) {
            revert ISlotDisputes.SlotDisputes_SameReading(first.netWh);
        }
        SlotEvidence.checkReading(MARKET, needed, first, meter, firstSignature);
        SlotEvidence.checkReading(MARKET, needed, second, meter, secondSignature);
        _market().tearMeter(home, slot, needed);
    }

    // ---------------------------------------------------------------- parts of the above

    /// @dev Checks that a leaf is in the tree of a slot, at the place of the home.
    function _open(SumPosted calldata posted, uint256 home, Opening calldata opening) private pure {
        Leaf calldata leaf = opening.leaf;
        if (leaf.home != home || leaf.slot != posted.result.slot || !SumTree.isSound(leaf)) {
            revert PrivateSlotDisputes_BadLeaf(leaf.home, leaf.slot);
        }
        (bytes32 top, uint256 sold, uint256 bought) = SumTree.climb(opening, posted.homes);
        _checkHash(top, posted.top);
        uint256 matched = _matched(posted.result);
        // The uppermost node is hashed without its own sums, which the root has.
        if (sold != matched || bought != matched) {
            revert ISlotDisputes.SlotDisputes_WrongRoot(bytes32(sold), bytes32(matched));
        }
    }

    /// @dev A leaf's energy, its money, and what the money must be, by the home's leaf in the slot before.
    function _sums(
        SumPosted calldata posted,
        uint256 home,
        Opening calldata opening,
        SumPosted calldata before,
        Opening calldata earlier
    ) private view returns (int256 wh, int256 given, int256 needed) {
        _open(posted, home, opening);
        (wh, given) = (opening.leaf.wh, opening.leaf.money);
        // Safe: a price below 2**32 and a row of 16 bits.
        needed = wh * int256(posted.result.price);
        if (posted.before != posted.result.slot) {
            _checkPosted(before, posted.before);
            _open(before, home, earlier);
            needed += earlier.leaf.money;
        }
    }

    /// @dev What the money of a day must be for a home.
    function _due(
        Day calldata d,
        uint256 home,
        SumPosted[] calldata slots,
        Opening[] calldata openings
    ) private view returns (int256 money) {
        uint256 next = d.day * _DAY_SLOTS;
        uint256 count = 1;
        for (uint256 left = d.undone; left != 0; left &= left - 1) {
            ++count;
        }
        if (slots.length != count || openings.length != count) {
            revert SumTree.SumTree_BadLength(slots.length, count);
        }
        uint256 undone = d.undone;
        for (uint256 i = 0; i < count; ++i) {
            uint256 slot = d.head;
            if (i != 0) {
                for (; undone & 1 == 0; undone >>= 1) {
                    ++next;
                }
                slot = next++;
                undone >>= 1;
            }
            _checkPosted(slots[i], slot);
            _open(slots[i], home, openings[i]);
            Leaf calldata leaf = openings[i].leaf;
            money = i == 0 ? leaf.money : money - leaf.wh * int256(slots[i].result.price);
        }
    }

    /// @dev The money of a home in a posted day. Reverts: {ISlotDisputes.SlotDisputes_WrongRoot}.
    function _moneyOf(Day calldata d, uint256 home, bytes calldata money) private pure returns (int256) {
        _checkHash(keccak256(money), d.money);
        return DayMoney.ofHome(money, home);
    }

    /// @dev What the dispute goes by, if this is what was posted.
    function _facts(SumPosted calldata posted, uint256 home) private view returns (Facts memory) {
        _checkRoot(posted);
        return _market().factsOf(posted.result.slot, home, _hashOf(posted));
    }

    /// @dev What the dispute goes by, if this is what was posted.
    function _dayFacts(DayPosted calldata posted, uint256 home) private view returns (DayFacts memory) {
        bytes32 signers = keccak256(abi.encodePacked(posted.signers));
        bytes32 postedHash = SlotHash.posted(DayHash.day(posted.day), signers);
        return _market().dayFactsOf(posted.day.day, home, postedHash);
    }

    /// @dev Checks that this was posted for a slot, which may be void by now.
    function _checkPosted(SumPosted calldata posted, uint256 slot) private view {
        if (posted.result.slot != slot) {
            revert PrivateSlotDisputes_WrongSlot(posted.result.slot, slot);
        }
        _checkRoot(posted);
        if (!_market().wasPosted(slot, _hashOf(posted))) {
            revert ISlotMarket.SlotMarket_NotPosted(slot);
        }
    }

    /// @dev Checks what a result's root is made of.
    function _checkRoot(SumPosted calldata posted) private pure {
        uint256 matched = _matched(posted.result);
        _checkHash(SumTree.root(posted.top, matched, posted.homes, posted.before), posted.result.rows);
    }

    /// @dev Reverts: {PrivateSlotDisputes_WrongSlot}.
    /// @param day The day whose turn to be final it must be.
    function _checkTurn(uint256 day) private view {
        uint256 turn = _market().frontier() / _DAY_SLOTS;
        if (day != turn) {
            revert PrivateSlotDisputes_WrongSlot(day, turn);
        }
    }

    /// @dev Reverts: {PrivateSlotDisputes_Unjustified}.
    function _checkFault(bool found, uint256 number, uint256 home) private pure {
        if (!found) {
            revert PrivateSlotDisputes_Unjustified(number, home);
        }
    }

    /// @dev Reverts: {ISlotDisputes.SlotDisputes_WrongRoot}.
    function _checkHash(bytes32 given, bytes32 needed) private pure {
        if (given != needed) {
            revert ISlotDisputes.SlotDisputes_WrongRoot(given, needed);
        }
    }

    /// @dev What the ring remembers of a posted slot.
    function _hashOf(SumPosted calldata posted) private pure returns (bytes32) {
        bytes32 signers = keccak256(abi.encodePacked(posted.signers));
        return SlotHash.posted(SlotHash.result(posted.result), signers);
    }

    /// @dev Wh that change hands in a slot.
    function _matched(Result calldata r) private pure returns (uint256) {
        return r.supplyWh < r.demandWh ? r.supplyWh : r.demandWh;
    }

    /// @dev Units that money costs its home, fee included; zero if it does not pay.
    function _spent(int256 money, uint256 fee) private pure returns (uint256) {
        return money < 0 ? uint256(-money) + fee : 0;
    }

    /// @dev The market.
    function _market() private view returns (IPrivateSlotMarket) {
        return IPrivateSlotMarket(MARKET);
    }
}
