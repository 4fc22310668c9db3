// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ack, Evidence, Order, Posted, Reading, RowProof} from "../types/Slot.sol";

/// @title Disputes of the slot market
/// @notice Judges whether a posted row is right. Every dispute is won by one honest home with what it has:
/// its order, its reading, and what a member acknowledged. It holds no money and no state; {ISlotMarket}
/// acts on
/// what it finds.
/// @dev It stands apart because one contract of at most 24,576 bytes does not hold both. What is signed is
/// signed for the domain of the market.
/// @custom:paper Z-4, Z-6, Z-7
interface ISlotDisputes {
    /// @notice The evidence is not about this home and slot.
    error SlotDisputes_WrongEvidence(uint256 slot, uint256 home);
    /// @notice The order is revoked, or spans too many slots.
    error SlotDisputes_BadOrder(uint256 nonce, uint256 minNonce);
    /// @notice The signature is not the signer's.
    error SlotDisputes_BadSignature(bytes signer);
    /// @notice The meter is not the one that the home had in the slot.
    error SlotDisputes_WrongMeter(bytes32 given, bytes32 needed);
    /// @notice The row is not what order and reading lead to.
    error SlotDisputes_RowDoesNotFit(int256 row);
    /// @notice The dispute is not justified: the row is right.
    error SlotDisputes_Unjustified(uint256 slot, uint256 home, int256 row);
    /// @notice The result does not have that many signers.
    error SlotDisputes_NotSigner(uint256 given, uint256 signers);
    /// @notice Both readings say the same.
    error SlotDisputes_SameReading(int256 netWh);
    /// @notice The deadline has passed.
    error SlotDisputes_TooLate(uint256 given, uint256 deadline);
    /// @notice It is not this slot's turn to be final.
    error SlotDisputes_WrongSlot(uint256 given, uint256 frontier);
    /// @notice The proof does not lead to the root of the rows.
    error SlotDisputes_WrongRoot(bytes32 given, bytes32 needed);

    /// @notice Answers a demand: the row is zero, or follows from this order and this reading. Anyone may
    /// answer, and has the bond.
    /// @dev Emits {ISlotMarket.Answered}, and {ISlotMarket.Owed} if there was a bond. Reverts:
    /// {ISlotMarket.SlotMarket_NoDemand}, {SlotDisputes_TooLate}, {ISlotMarket.SlotMarket_NotPosted},
    /// {SlotDisputes_WrongRoot}, {SlotDisputes_WrongEvidence}, {SlotDisputes_BadOrder},
    /// {SlotDisputes_BadSignature}, {SlotDisputes_WrongMeter}, {SlotDisputes_RowDoesNotFit}.
    /// @custom:paper Z-4, Z-7
    /// @custom:signed Order(address account, uint256 firstSlot, uint256 lastSlot, uint256 buyLimit,
    /// uint256 sellLimit, uint256 maxSpend, uint256 nonce)
    /// @param posted The slot as it was posted.
    /// @param home Number of the home.
    /// @param proof The home's row.
    /// @param evidence Order and reading; not looked at if the row is zero.
    function answer(
        Posted calldata posted,
        uint256 home,
        RowProof calldata proof,
        Evidence calldata evidence
    ) external;

    /// @notice Ends a demand that nobody has answered in time: the slot is void, and its signers are
    /// slashed for the home. The bond goes back.
    /// @dev Emits {ISlotMarket.Voided}, and {ISlotMarket.Owed} if there was a bond. Reverts:
    /// {ISlotMarket.SlotMarket_NoDemand}, {ISlotMarket.SlotMarket_TooEarly},
    /// {ISlotMarket.SlotMarket_NotPosted}.
    /// @custom:paper Z-4, Z-6
    /// @param posted The slot as it was posted.
    /// @param home Number of the home.
    function expire(Posted calldata posted, uint256 home) external;

    /// @notice Disputes a row that is not what a signer of the result has acknowledged, in either
    /// direction. The slot is void, and that signer is slashed for the home. Anyone may call it.
    /// @dev It needs no signature but the member's: that binds the member to order and reading. Emits
    /// {Voided}. Reverts: {ISlotMarket.SlotMarket_NotPosted}, {ISlotMarket.SlotMarket_NoHome},
    /// {SlotDisputes_TooLate}, {SlotDisputes_WrongRoot}, {SlotDisputes_WrongEvidence},
    /// {SlotDisputes_NotSigner}, {SlotDisputes_BadSignature}, {SlotDisputes_Unjustified}.
    /// @custom:paper Z-4, Z-6, Z-7
    /// @custom:signed Ack(uint256 slot, address account, bytes32 order, bytes32 reading, uint256 budget)
    /// @param posted The slot as it was posted.
    /// @param home Number of the home.
    /// @param proof The home's row.
    /// @param order The acknowledged order.
    /// @param reading The acknowledged reading.
    /// @param ack What the member signed.
    /// @param member The member's place among the signers.
    /// @param signature The member's signature, 65 or 64 bytes.
    function misfill(
        Posted calldata posted,
        uint256 home,
        RowProof calldata proof,
        Order calldata order,
        Reading calldata reading,
        Ack calldata ack,
        uint256 member,
        bytes calldata signature
    ) external;

    /// @notice Disputes a row by which a home pays more than its cap, or that a frozen home has. The slot
    /// is void, and its signers are slashed for the home. Anyone may call it until the slot is final.
    /// @dev Emits {ISlotMarket.Voided}. Reverts: {ISlotMarket.SlotMarket_NotPosted},
    /// {ISlotMarket.SlotMarket_NoHome}, {SlotDisputes_WrongRoot}, {SlotDisputes_Unjustified}.
    /// @custom:paper Z-6, Z-7
    /// @param posted The slot as it was posted.
    /// @param home Number of the home.
    /// @param proof The home's row.
    function overspend(Posted calldata posted, uint256 home, RowProof calldata proof) external;

    /// @notice Disputes a row by which a home pays more than it has, which would keep the slot from ever
    /// being final. The slot is void, and its signers are slashed for the home. It is the frontier's turn,
    /// so that the balance is that of the slot. Anyone may call it until the slot is final.
    /// @dev Emits {ISlotMarket.Voided}. Reverts: {ISlotMarket.SlotMarket_NotPosted},
    /// {ISlotMarket.SlotMarket_NoHome}, {SlotDisputes_WrongSlot}, {SlotDisputes_WrongRoot},
    /// {SlotDisputes_Unjustified}.
    /// @custom:paper Z-6, Z-7
    /// @param posted The slot as it was posted.
    /// @param home Number of the home.
    /// @param proof The home's row.
    function overdraft(Posted calldata posted, uint256 home, RowProof calldata proof) external;

    /// @notice Freezes a home whose meter signed two different readings for one slot. Anyone may call it.
    /// @dev Emits {ISlotMarket.TwoReadings}, and {ISlotMarket.Frozen} if it was not frozen. Reverts:
    /// {ISlotMarket.SlotMarket_NoHome}, {SlotDisputes_WrongEvidence}, {SlotDisputes_SameReading},
    /// {SlotDisputes_WrongMeter}, {SlotDisputes_BadSignature}, {ISlotMarket.SlotMarket_MeterTorn},
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

    /// @notice The market whose slots are judged.
    /// @return Its address.
    function MARKET() external view returns (address);
}
