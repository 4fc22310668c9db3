// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Day, DayFacts} from "../types/PrivateSlot.sol";
import {Facts, Fault, Pricing, Result, SlotState} from "../types/Slot.sol";
import {ISlotHomes} from "./ISlotHomes.sol";

/// @notice Constructor arguments of the private form, each with its allowed range. Money is in units of
/// account.
/// @param ledger Energy ledger that names the market.
/// @param council Council whose clusters sign slots and days.
/// @param disputes Contract that judges disputes.
/// @param slotSeconds Length of a slot, one minute to a day. Slot n begins at n · slotSeconds.
/// @param daySlots Slots of a day, 1 … 96. Day n begins with slot n · daySlots.
/// @param turnSeconds τ of eq 1: how long a leader's turn to post lasts, one second to a day.
/// @param postSeconds How long after its end a slot can be posted, turnSeconds to the length of a day.
/// @param windowSeconds How long after its posting a slot or day can be demanded, one minute to a week.
/// @param answerSeconds How long a demand can be answered, one minute to a week.
/// @param dayPostSeconds How long a day can be posted, from the time on at which no slot of it can be
/// demanded any more: window and answer, so that a wrong one can be replaced, to a week longer.
/// @param feedIn What a home is paid per Wh that it feeds in, 1 … 2**32 - 1.
/// @param retail What a home pays its supplier per Wh, feedIn … (2**39 - 1) / (32,767 · daySlots), so that
/// the money of a day always has its five bytes.
/// @param pricing How the price is made.
/// @param fee What each home pays for a day in which it pays, 0 … 2**32 - 1: one half goes to the leader of
/// the day and one to whoever finalises.
/// @param bond What somebody other than the home pays to demand, 1 … 2**63 - 1.
/// @param ring How many slots can be under way, 8 … 1,024, a power of two.
struct PrivateParameters {
    address ledger;
    address council;
    address disputes;
    uint256 slotSeconds;
    uint256 daySlots;
    uint256 turnSeconds;
    uint256 postSeconds;
    uint256 windowSeconds;
    uint256 answerSeconds;
    uint256 dayPostSeconds;
    uint256 retail;
    uint256 feedIn;
    Pricing pricing;
    uint256 fee;
    uint256 bond;
    uint256 ring;
}

/// @title Private form of the slot market
/// @notice The pool of {ISlotMarket} without public rows. A slot is posted with its totals and one root, that
/// of a sum tree over all homes, whose leaves only the homes and the cluster know. Once a day the money of
/// each home is posted and paid.
/// @dev A leaf has what its home shares in the slot and Σ of its money since the day began. A day is posted
/// when no slot of it can be disputed any more, from the leaves of its last slot. What is demanded has a
/// `number`: that of a slot, or 2**32 and that of a day. Events and errors that both forms have are those of
/// {ISlotMarket}. Every loop runs over calldata, over the slots of one day, or over days up to a number that
/// the caller gives.
///
/// Invariants: in every slot as much is sold as bought, and Σ money = 0 in every day. A home loses at most
/// what it has locked, and in one slot at most its cap. Disputes read caps, freezes and meters as they were
/// for the slot. A home that joins takes part from the next day on.
/// @custom:paper Z-4, Z-5, Z-6, Z-7
interface IPrivateSlotMarket is ISlotHomes {
    /// @notice A slot was posted (temporary).
    /// @param slot The slot.
    /// @param result How the pool divided it.
    /// @param peers Bitmap of those that signed beside the leader: places in the cluster of `turn`.
    /// @param turn Turn in which it was posted.
    /// @param top Hash of the uppermost node.
    /// @param homes How many leaves there are.
    /// @param before The slot whose sums the leaves go on from; the slot itself if it is the first of its
    /// day.
    event PrivateSlotPosted(
        uint256 indexed slot,
        Result result,
        uint256 peers,
        uint256 turn,
        bytes32 top,
        uint256 homes,
        uint256 before
    );
    /// @notice A day was posted (temporary).
    /// @param number 2**32 and the day's number.
    /// @param day What was signed.
    /// @param peers Bitmap of those that signed beside the leader: places in the cluster of `turn`.
    /// @param turn Turn in which it was posted.
    /// @param money Five bytes for each home, in words of four homes.
    event PrivateDayPosted(uint256 indexed number, Day day, uint256 peers, uint256 turn, bytes money);

    /// @notice A later slot of the day is posted already; slots are posted in their order.
    error PrivateSlotMarket_LaterPosted(uint256 slot, uint256 later);
    /// @notice The day's money is posted: its slots stay as they are.
    error PrivateSlotMarket_DaySealed(uint256 day);
    /// @notice The day goes on from other slots: one of them is void meanwhile.
    error PrivateSlotMarket_WrongSlots(uint256 head, uint256 undone);
    /// @notice The money of a day does not add up to zero.
    error PrivateSlotMarket_NotZero(int256 sum);

    /// @notice Posts a slot (temporary). Only the leader of the turn may call it, with the signatures of a
    /// quorum of the slot's cluster. Slots of a day are posted in their order.
    /// @dev Emits {PrivateSlotPosted}. Reverts: {ISlotMarket.SlotMarket_NotLeader},
    /// {ISlotMarket.SlotMarket_NotNow}, {ISlotMarket.SlotMarket_RingTaken},
    /// {ISlotMarket.SlotMarket_BadTotals}, {ISlotMarket.SlotMarket_BadPrice},
    /// {ISlotMarket.SlotMarket_BadRows} without homes, {PrivateSlotMarket_LaterPosted},
    /// {ISlotMarket.SlotMarket_WrongRoot}, and as {IVerifierCouncil.verify} does.
    /// @custom:paper Z-2, Z-4
    /// @custom:signed Result(uint256 slot, uint256 price, uint256 meteredSupplyWh, uint256 meteredDemandWh,
    /// uint256 supplyWh, uint256 demandWh, bytes32 orders, bytes32 rows, address leader)
    /// @param result How the pool divided the slot; `rows` is the root: the hash of the uppermost node, the
    /// smaller of supply and demand as what is sold and what is bought, the number of homes, and the slot
    /// before.
    /// @param top Hash of the uppermost node.
    /// @param peers Bitmap of the other signers: places in the cluster.
    /// @param signatures Their compact signatures (EIP-2098), 64 bytes each, in that order.
    function post(Result calldata result, bytes32 top, uint256 peers, bytes calldata signatures) external;

    /// @notice Posts a day's money (temporary), once no slot of it can be disputed any more. Only the leader
    /// of the turn may call it, with the signatures of a quorum of the cluster that is drawn for the day.
    /// @dev Emits {PrivateDayPosted}. Reverts: {ISlotMarket.SlotMarket_NotLeader},
    /// {ISlotMarket.SlotMarket_NotNow}, {ISlotMarket.SlotMarket_RingTaken},
    /// {ISlotMarket.SlotMarket_OpenDemands} with the bitmap of the slots, {PrivateSlotMarket_WrongSlots},
    /// {ISlotMarket.SlotMarket_BadRows}, {PrivateSlotMarket_NotZero}, {ISlotMarket.SlotMarket_WrongRoot},
    /// and as {IVerifierCouncil.verify} does.
    /// @custom:paper Z-2, Z-4, Z-5
    /// @custom:signed Day(uint256 day, uint256 head, uint256 undone, bytes32 money, address leader)
    /// @param day What the cluster has signed.
    /// @param packed Five bytes for each home, in words of four homes.
    /// @param peers Bitmap of the other signers: places in the cluster.
    /// @param signatures Their compact signatures (EIP-2098), 64 bytes each, in that order.
    function postDay(
        Day calldata day,
        bytes calldata packed,
        uint256 peers,
        bytes calldata signatures
    ) external;

    /// @notice Demands a home's leaf with its order and reading, or a home's money of a day, in the window of
    /// the slot or day. The home's own demand is free; anybody else pays a bond out of its funds in the
    /// ledger. Each is demanded once for each posting.
    /// @dev Emits {ISlotMarket.Demanded}. Reverts: {ISlotMarket.SlotMarket_NotPosted},
    /// {ISlotMarket.SlotMarket_NoHome} for a home that joined during the day,
    /// {ISlotMarket.SlotMarket_TooLate}, {ISlotMarket.SlotMarket_AlreadyDemanded}, and as the ledger refuses
    /// payments.
    /// @custom:paper Z-4
    /// @param number Number of the slot, or 2**32 and that of the day.
    /// @param home Number of the home.
    function demand(uint256 number, uint256 home) external;

    /// @notice Gives back the bond of an open demand for what is void anyway. Anyone may call it.
    /// @dev Emits {ISlotMarket.Owed} if there was a bond. Reverts: {ISlotMarket.SlotMarket_StillPosted},
    /// {ISlotMarket.SlotMarket_NoDemand}.
    /// @custom:paper Z-4
    /// @param number Number of the slot, or 2**32 and that of the day.
    /// @param home Number of the home.
    function returnBond(uint256 number, uint256 home) external;

    /// @notice Ends a demand that was answered. Only the disputes contract may call it.
    /// @dev Emits {ISlotMarket.Answered}, and {ISlotMarket.Owed} if there was a bond. Reverts:
    /// {ISlotMarket.SlotMarket_NotDisputes}, {ISlotMarket.SlotMarket_NotPosted},
    /// {ISlotMarket.SlotMarket_NoDemand}, {ISlotMarket.SlotMarket_TooLate}.
    /// @custom:paper Z-4
    /// @param number Number of the slot, or 2**32 and that of the day.
    /// @param home Number of the home.
    /// @param answerer Who has answered, and is owed the bond.
    function settleDemand(uint256 number, uint256 home, address answerer) external;

    /// @notice Makes a posted slot or day void because a dispute about it was won. Only the disputes contract
    /// may call it. For {Fault.Unanswered} it also ends the demand, whose time must be over. A void day can
    /// be posted again while its time lasts.
    /// @dev Emits {ISlotMarket.Voided}, and {ISlotMarket.Owed} if there was a bond. Reverts:
    /// {ISlotMarket.SlotMarket_NotDisputes}, {ISlotMarket.SlotMarket_NotPosted},
    /// {ISlotMarket.SlotMarket_NoDemand}, {ISlotMarket.SlotMarket_TooEarly}, {PrivateSlotMarket_DaySealed}.
    /// @custom:paper Z-4, Z-6
    /// @param number Number of the slot, or 2**32 and that of the day.
    /// @param home Home that was wronged.
    /// @param fault Why.
    /// @param guilty Members to slash.
    function voidSlot(uint256 number, uint256 home, Fault fault, address[] calldata guilty) external;

    /// @notice Freezes a home whose meter signed two readings for one slot, until it has another meter. Only
    /// the disputes contract may call it.
    /// @dev Emits {ISlotMarket.TwoReadings}, and {ISlotMarket.Frozen} if it was not frozen. Reverts:
    /// {ISlotMarket.SlotMarket_NotDisputes}, {ISlotMarket.SlotMarket_MeterTorn},
    /// {ISlotMarket.SlotMarket_ChangePending}.
    /// @custom:paper Z-7
    /// @param home Number of the home.
    /// @param slot The slot.
    /// @param meter keccak256 of the meter's signer.
    function tearMeter(uint256 home, uint256 slot, bytes32 meter) external;

    /// @notice Makes a posted day final (permanent): its money is paid, and no slot of it can be disputed any
    /// more. Anyone may call it, and has one half of the fees; the leader of the day has the other.
    /// @dev Emits {ISlotMarket.Finalised}, and {ISlotMarket.Owed} if there are fees. Reverts:
    /// {ISlotMarket.SlotMarket_WrongSlot} with the days, {ISlotMarket.SlotMarket_NotPosted},
    /// {ISlotMarket.SlotMarket_WrongRoot}, {ISlotMarket.SlotMarket_TooEarly},
    /// {ISlotMarket.SlotMarket_OpenDemands}, {ISlotMarket.SlotMarket_Overdrawn}. Rounding: the leader's half
    /// up.
    /// @custom:paper Z-4, Z-5, Z-6
    /// @param day The day as it was signed.
    /// @param signers Hash of the signers, see {IVerifierCouncil.verify}.
    /// @param money The money of the homes.
    function finalise(Day calldata day, bytes32 signers, bytes calldata money) external;

    /// @notice Moves the frontier over days that are not posted and cannot be any more. Anyone may call it;
    /// it needs no cluster.
    /// @dev Emits {ISlotMarket.Finalised}. Reverts: {ISlotMarket.SlotMarket_BadBatch},
    /// {ISlotMarket.SlotMarket_NotEmpty}.
    /// @custom:paper Z-5
    /// @param count How many days at most, 1 … 1,024. At least one must be empty.
    function advance(uint256 count) external;

    /// @notice Where a slot or day stands. A slot that was posted is final with its day, void or not.
    /// @param number Number of the slot, or 2**32 and that of the day.
    /// @return Its state.
    function stateOf(uint256 number) external view returns (SlotState);

    /// @notice How many homes take part in a day.
    /// @dev It is known from the first slot of the day on, and for ever once a slot of it was posted.
    /// @param day The day.
    /// @return Homes that joined before the day began.
    function homesIn(uint256 day) external view returns (uint256);

    /// @notice The slots from which a day is made.
    /// @param day The day.
    /// @return posted Whether a slot of it is posted and not void.
    /// @return head The last one of them.
    /// @return undone Void slots whose energy is in its sums: a bitmap of places in the day.
    function slotsOf(uint256 day) external view returns (bool posted, uint256 head, uint256 undone);

    /// @notice What a dispute about a leaf goes by.
    /// @dev Reverts: {ISlotMarket.SlotMarket_NotPosted}, {ISlotMarket.SlotMarket_NoHome}.
    /// @param slot The slot.
    /// @param home Number of the home.
    /// @param postedHash Hash of result and signers, which must be that of the posted slot.
    /// @return What was true for the slot; the fee is zero.
    function factsOf(uint256 slot, uint256 home, bytes32 postedHash) external view returns (Facts memory);

    /// @notice What a dispute about a home's money of a day goes by.
    /// @dev Reverts: {ISlotMarket.SlotMarket_NotPosted}, {ISlotMarket.SlotMarket_NoHome}.
    /// @param day The day.
    /// @param home Number of the home.
    /// @param postedHash Hash of day and signers, which must be that of the posted day.
    /// @return What it goes by.
    function dayFactsOf(
        uint256 day,
        uint256 home,
        bytes32 postedHash
    ) external view returns (DayFacts memory);

    /// @notice Whether this was posted for a slot, void or not.
    /// @param slot The slot.
    /// @param postedHash Hash of result and signers.
    /// @return Whether the ring has it.
    function wasPosted(uint256 slot, bytes32 postedHash) external view returns (bool);

    /// @notice The constants of the market.
    /// @return As given to the constructor.
    function privateParameters() external view returns (PrivateParameters memory);
}
