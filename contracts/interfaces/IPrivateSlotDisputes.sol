// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DayPosted, Leaf, NodePair, Opening, SumPosted} from "../types/PrivateSlot.sol";
import {Ack, Evidence, Order, Reading} from "../types/Slot.sol";

/// @title Disputes of the private form
/// @notice Judges leaves, trees and days of {IPrivateSlotMarket}. A dispute opens one leaf of one home, and
/// where it needs them one order and one reading: only what is shown becomes public, with the sums beside it.
/// It holds no money and no state; the market acts on what it finds.
/// @dev Errors that both forms have are those of {ISlotDisputes}. Slots can be disputed until their day is
/// posted, with a misfill only in the slot's window.
/// @custom:paper Z-4, Z-6, Z-7
interface IPrivateSlotDisputes {
    /// @notice The opening is of another home or slot, or has numbers that no leaf can have.
    error PrivateSlotDisputes_BadLeaf(uint256 home, uint256 slot);
    /// @notice The money is not what leads to it.
    error PrivateSlotDisputes_WrongMoney(int256 given, int256 needed);
    /// @notice This is not the slot that was asked for.
    error PrivateSlotDisputes_WrongSlot(uint256 given, uint256 needed);
    /// @notice The dispute is not justified: what is shown is right.
    error PrivateSlotDisputes_Unjustified(uint256 number, uint256 home);

    /// @notice Answers a demand for a leaf: it is in the tree, its money goes on from the leaf before, and
    /// its energy is zero or follows from this order and this reading. Anyone may answer, and has the bond.
    /// @dev Emits {ISlotMarket.Answered}, and {ISlotMarket.Owed} if there was a bond. Reverts:
    /// {ISlotMarket.SlotMarket_NotPosted}, {ISlotMarket.SlotMarket_NoHome}, {PrivateSlotDisputes_BadLeaf},
    /// {SumTree.SumTree_BadLength}, {ISlotDisputes.SlotDisputes_WrongRoot}, {PrivateSlotDisputes_WrongSlot},
    /// {PrivateSlotDisputes_WrongMoney}, {ISlotDisputes.SlotDisputes_WrongEvidence},
    /// {ISlotDisputes.SlotDisputes_BadOrder}, {ISlotDisputes.SlotDisputes_BadSignature},
    /// {ISlotDisputes.SlotDisputes_WrongMeter}, {ISlotDisputes.SlotDisputes_RowDoesNotFit},
    /// {ISlotMarket.SlotMarket_NoDemand}, {ISlotMarket.SlotMarket_TooLate}.
    /// @custom:paper Z-4, Z-7
    /// @custom:signed Order(address account, uint256 firstSlot, uint256 lastSlot, uint256 buyLimit,
    /// uint256 sellLimit, uint256 maxSpend, uint256 nonce)
    /// @param posted The slot as it was posted.
    /// @param home Number of the home.
    /// @param opening Its leaf.
    /// @param before The slot before as it was posted; not looked at if there is none.
    /// @param earlier The home's leaf there.
    /// @param evidence Order and reading; not looked at if the leaf's energy is zero.
    function answer(
        SumPosted calldata posted,
        uint256 home,
        Opening calldata opening,
        SumPosted calldata before,
        Opening calldata earlier,
        Evidence calldata evidence
    ) external;

    /// @notice Ends a demand for a leaf that nobody has answered in time: the slot is void, and its signers
    /// are slashed for the home. The bond goes back.
    /// @dev Emits {ISlotMarket.Voided}, and {ISlotMarket.Owed} if there was a bond. Reverts:
    /// {ISlotMarket.SlotMarket_NotPosted}, {ISlotMarket.SlotMarket_NoHome},
    /// {ISlotMarket.SlotMarket_NoDemand}, {ISlotMarket.SlotMarket_TooEarly}.
    /// @custom:paper Z-4, Z-6
    /// @param posted The slot as it was posted.
    /// @param home Number of the home.
    function expire(SumPosted calldata posted, uint256 home) external;

    /// @notice Disputes a leaf whose energy is not what a signer of the result has acknowledged, in either
    /// direction. The slot is void, and that signer is slashed for the home. Anyone may call it in the
    /// window.
    /// @dev Emits {ISlotMarket.Voided}. Reverts: {ISlotMarket.SlotMarket_NotPosted},
    /// {ISlotMarket.SlotMarket_NoHome}, {ISlotDisputes.SlotDisputes_TooLate}, {PrivateSlotDisputes_BadLeaf},
    /// {SumTree.SumTree_BadLength}, {ISlotDisputes.SlotDisputes_WrongRoot},
    /// {ISlotDisputes.SlotDisputes_WrongEvidence}, {ISlotDisputes.SlotDisputes_NotSigner},
    /// {ISlotDisputes.SlotDisputes_BadSignature}, {ISlotDisputes.SlotDisputes_Unjustified}.
    /// @custom:paper Z-4, Z-6, Z-7
    /// @custom:signed Ack(uint256 slot, address account, bytes32 order, bytes32 reading, uint256 budget)
    /// @param posted The slot as it was posted.
    /// @param home Number of the home.
    /// @param opening Its leaf.
    /// @param order The acknowledged order.
    /// @param reading The acknowledged reading.
    /// @param ack What the member signed.
    /// @param member The member's place among the signers.
    /// @param signature The member's signature, 65 or 64 bytes.
    function misfill(
        SumPosted calldata posted,
        uint256 home,
        Opening calldata opening,
        Order calldata order,
        Reading calldata reading,
        Ack calldata ack,
        uint256 member,
        bytes calldata signature
    ) external;

    /// @notice Disputes a leaf whose money does not go on from the home's leaf before: Σ price · wh. The
    /// slot is void, and its signers are slashed for the home. Anyone may call it.
    /// @dev Emits {ISlotMarket.Voided}. Reverts: {ISlotMarket.SlotMarket_NotPosted},
    /// {ISlotMarket.SlotMarket_NoHome}, {PrivateSlotDisputes_BadLeaf}, {SumTree.SumTree_BadLength},
    /// {ISlotDisputes.SlotDisputes_WrongRoot}, {PrivateSlotDisputes_WrongSlot},
    /// {PrivateSlotDisputes_Unjustified}, {IPrivateSlotMarket.PrivateSlotMarket_DaySealed}.
    /// @custom:paper Z-5, Z-6
    /// @param posted The slot as it was posted.
    /// @param home Number of the home.
    /// @param opening Its leaf.
    /// @param before The slot before as it was posted; not looked at if there is none.
    /// @param earlier The home's leaf there.
    function wrongSum(
        SumPosted calldata posted,
        uint256 home,
        Opening calldata opening,
        SumPosted calldata before,
        Opening calldata earlier
    ) external;

    /// @notice Disputes a tree that says something else above than below: a node whose sums are not those of
    /// the two below it, or a leaf with other sums than its node, of another place or slot, or with numbers
    /// that no leaf can have. The slot is void, and its signers are slashed for the home. Anyone may call it.
    /// @dev Emits {ISlotMarket.Voided}. Reverts: {ISlotMarket.SlotMarket_NotPosted},
    /// {ISlotMarket.SlotMarket_NoHome}, {SumTree.SumTree_BadLength} with more pairs than the way has,
    /// {ISlotDisputes.SlotDisputes_WrongRoot}, {PrivateSlotDisputes_Unjustified},
    /// {IPrivateSlotMarket.PrivateSlotMarket_DaySealed}.
    /// @custom:paper Z-5, Z-6
    /// @param posted The slot as it was posted.
    /// @param home Number of the home to whose place the way leads.
    /// @param pairs The nodes on the way, the uppermost pair first, down to the wrong one.
    /// @param leaf The leaf at the end of the way; not looked at before.
    function wrongTree(
        SumPosted calldata posted,
        uint256 home,
        NodePair[] calldata pairs,
        Leaf calldata leaf
    ) external;

    /// @notice Disputes a leaf by which a home pays more than its cap, or that a frozen home has. The slot is
    /// void, and its signers are slashed for the home. Anyone may call it.
    /// @dev Emits {ISlotMarket.Voided}. Reverts: {ISlotMarket.SlotMarket_NotPosted},
    /// {ISlotMarket.SlotMarket_NoHome}, {PrivateSlotDisputes_BadLeaf}, {SumTree.SumTree_BadLength},
    /// {ISlotDisputes.SlotDisputes_WrongRoot}, {PrivateSlotDisputes_Unjustified},
    /// {IPrivateSlotMarket.PrivateSlotMarket_DaySealed}.
    /// @custom:paper Z-6, Z-7
    /// @param posted The slot as it was posted.
    /// @param home Number of the home.
    /// @param opening Its leaf.
    function overspend(SumPosted calldata posted, uint256 home, Opening calldata opening) external;

    /// @notice Disputes a leaf that lets a home buy beyond what it has: the day up to the slot and its fee
    /// cost more than its balance. It is the day's turn to be final, so that the balance is that of the day,
    /// which is not posted. The slot is void, and its signers are slashed for the home. Anyone may call it.
    /// @dev Emits {ISlotMarket.Voided}. Reverts: {ISlotMarket.SlotMarket_NotPosted},
    /// {ISlotMarket.SlotMarket_NoHome}, {PrivateSlotDisputes_BadLeaf}, {SumTree.SumTree_BadLength},
    /// {ISlotDisputes.SlotDisputes_WrongRoot}, {PrivateSlotDisputes_WrongSlot},
    /// {PrivateSlotDisputes_Unjustified}, {IPrivateSlotMarket.PrivateSlotMarket_DaySealed}.
    /// @custom:paper Z-6, Z-7
    /// @param posted The slot as it was posted.
    /// @param home Number of the home.
    /// @param opening Its leaf.
    function overdraft(SumPosted calldata posted, uint256 home, Opening calldata opening) external;

    /// @notice Answers a demand for a home's money of a day: it is that of the leaf in the last slot, less
    /// that of void slots which are within it. Anyone may answer, and has the bond.
    /// @dev Emits {ISlotMarket.Answered}, and {ISlotMarket.Owed} if there was a bond. Reverts:
    /// {ISlotMarket.SlotMarket_NotPosted}, {ISlotMarket.SlotMarket_NoHome}, {SumTree.SumTree_BadLength},
    /// {PrivateSlotDisputes_WrongSlot}, {PrivateSlotDisputes_BadLeaf},
    /// {ISlotDisputes.SlotDisputes_WrongRoot}, {PrivateSlotDisputes_WrongMoney},
    /// {ISlotMarket.SlotMarket_NoDemand}, {ISlotMarket.SlotMarket_TooLate}.
    /// @custom:paper Z-4, Z-5
    /// @param posted The day as it was posted.
    /// @param home Number of the home.
    /// @param money The money of all homes.
    /// @param slots The day's head, then its undone slots in their order, as they were posted.
    /// @param openings The home's leaves there.
    function answerDay(
        DayPosted calldata posted,
        uint256 home,
        bytes calldata money,
        SumPosted[] calldata slots,
        Opening[] calldata openings
    ) external;

    /// @notice Ends a demand for the money of a day that nobody has answered in time: the day is void, and
    /// its signers are slashed for the home. The bond goes back.
    /// @dev Emits {ISlotMarket.Voided}, and {ISlotMarket.Owed} if there was a bond. Reverts:
    /// {ISlotMarket.SlotMarket_NotPosted}, {ISlotMarket.SlotMarket_NoHome},
    /// {ISlotMarket.SlotMarket_NoDemand}, {ISlotMarket.SlotMarket_TooEarly}.
    /// @custom:paper Z-4, Z-6
    /// @param posted The day as it was posted.
    /// @param home Number of the home.
    function expireDay(DayPosted calldata posted, uint256 home) external;

    /// @notice Disputes a home's money of a day that is not that of its last leaf, less that of void slots
    /// which are within it. The day is void, and its signers are slashed for the home. Anyone may call it
    /// until the day is final.
    /// @dev Emits {ISlotMarket.Voided}. Reverts: {ISlotMarket.SlotMarket_NotPosted},
    /// {ISlotMarket.SlotMarket_NoHome}, {SumTree.SumTree_BadLength}, {PrivateSlotDisputes_WrongSlot},
    /// {PrivateSlotDisputes_BadLeaf}, {ISlotDisputes.SlotDisputes_WrongRoot},
    /// {PrivateSlotDisputes_Unjustified}.
    /// @custom:paper Z-5, Z-6
    /// @param posted The day as it was posted.
    /// @param home Number of the home.
    /// @param money The money of all homes.
    /// @param slots The day's head, then its undone slots in their order, as they were posted.
    /// @param openings The home's leaves there.
    function wrongDay(
        DayPosted calldata posted,
        uint256 home,
        bytes calldata money,
        SumPosted[] calldata slots,
        Opening[] calldata openings
    ) external;

    /// @notice Disputes a home's money of a day by public data: it pays more than its cap in every slot. The
    /// day is void, and its signers are slashed for the home. Anyone may call it until the day is final.
    /// @dev Emits {ISlotMarket.Voided}. Reverts: {ISlotMarket.SlotMarket_NotPosted},
    /// {ISlotMarket.SlotMarket_NoHome}, {ISlotDisputes.SlotDisputes_WrongRoot},
    /// {PrivateSlotDisputes_Unjustified}.
    /// @custom:paper Z-6, Z-7
    /// @param posted The day as it was posted.
    /// @param home Number of the home.
    /// @param money The money of all homes.
    function overspendDay(DayPosted calldata posted, uint256 home, bytes calldata money) external;

    /// @notice Disputes a home's money of a day by public data: it pays more than it has, which would keep
    /// the day from ever being final. The day is void. Nobody is slashed, for {overdraft} finds who is at
    /// fault. It is the day's turn to be final. Anyone may call it.
    /// @dev Emits {ISlotMarket.Voided}. Reverts: {ISlotMarket.SlotMarket_NotPosted},
    /// {ISlotMarket.SlotMarket_NoHome}, {PrivateSlotDisputes_WrongSlot},
    /// {ISlotDisputes.SlotDisputes_WrongRoot}, {PrivateSlotDisputes_Unjustified}.
    /// @custom:paper Z-6, Z-7
    /// @param posted The day as it was posted.
    /// @param home Number of the home.
    /// @param money The money of all homes.
    function overdraftDay(DayPosted calldata posted, uint256 home, bytes calldata money) external;

    /// @notice Freezes a home whose meter signed two different readings for one slot. Anyone may call it.
    /// @dev Emits {ISlotMarket.TwoReadings}, and {ISlotMarket.Frozen} if it was not frozen. Reverts:
    /// {ISlotMarket.SlotMarket_NoHome}, {ISlotDisputes.SlotDisputes_WrongEvidence},
    /// {ISlotDisputes.SlotDisputes_SameReading}, {ISlotDisputes.SlotDisputes_WrongMeter},
    /// {ISlotDisputes.SlotDisputes_BadSignature}, {ISlotMarket.SlotMarket_MeterTorn},
    /// {ISlotMarket.SlotMarket_ChangePending}.
    /// @custom:paper Z-7
    /// @custom:signed Reading(address account, uint256 slot, int256 netWh)
    /// @param home Number of the home.
    /// @param first One reading.
    /// @param second Another one for the same slot.
    /// @param meter ERC-7913 signer of the meter.
    /// @param firstSignature Its signature of the first reading.
    /// @param secondSignature Its signature of the second reading.
    function twoReadings(
        uint256 home,
        Reading calldata first,
        Reading calldata second,
        bytes calldata meter,
        bytes calldata firstSignature,
        bytes calldata secondSignature
    ) external;

    /// @notice The market whose slots and days are judged.
    /// @return Its address.
    function MARKET() external view returns (address);
}
