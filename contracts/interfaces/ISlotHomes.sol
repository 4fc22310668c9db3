// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {HomeView} from "../types/Slot.sol";

/// @title Homes of a slot market
/// @notice What homes do in either form of the slot market: join, lock funds and take them out, state their
/// cap, change their meter, revoke orders. Events and errors are those of {ISlotMarket}.
/// @dev Changes count from the next slot on, and disputes read what was true for the slot.
/// @custom:paper Z-4, Z-5, Z-7
interface ISlotHomes {
    /// @notice Gives the caller a home.
    /// @dev Emits {ISlotMarket.Joined}. Reverts: {ISlotMarket.SlotMarket_AlreadyJoined},
    /// {ISlotMarket.SlotMarket_TooManyHomes}, {ISlotMarket.SlotMarket_BadAmount},
    /// {ISlotMarket.SlotMarket_MayNotCommit}, {ISlotMarket.SlotMarket_NoMeter}.
    /// @custom:paper Z-4
    /// @param cap Units of account that it pays in one slot at most, below 2**56.
    /// @return home Number of the home.
    function join(uint256 cap) external returns (uint256 home);

    /// @notice Locks funds of the caller for its home. It can lose them, and no more.
    /// @dev Emits {ISlotMarket.Locked}. Reverts: {ISlotMarket.SlotMarket_NotJoined},
    /// {ISlotMarket.SlotMarket_BadAmount}, and as the ledger refuses payments.
    /// @custom:paper Z-5
    /// @param amount Units of account.
    function lock(uint256 amount) external;

    /// @notice Asks for locked funds, in place of an earlier request. Clusters count them no more from the
    /// next slot on.
    /// @dev Emits {ISlotMarket.ExitRequested}. Reverts: {ISlotMarket.SlotMarket_NotJoined},
    /// {ISlotMarket.SlotMarket_BadAmount}.
    /// @custom:paper Z-5
    /// @param amount Units of account, or as much of them as is left then; zero cancels the request.
    function requestExit(uint256 amount) external;

    /// @notice Pays a requested exit into the account's funds in the ledger, once every slot up to the
    /// request is final. Anyone may call it. It needs no cluster.
    /// @dev Emits {ISlotMarket.Exited}. Reverts: {ISlotMarket.SlotMarket_NoHome},
    /// {ISlotMarket.SlotMarket_NoExit}, {ISlotMarket.SlotMarket_ExitNotDue}.
    /// @custom:paper Z-5
    /// @param home Number of the home.
    function withdraw(uint256 home) external;

    /// @notice Changes the caller's cap from the next slot on.
    /// @dev Emits {ISlotMarket.CapChanged}. Reverts: {ISlotMarket.SlotMarket_NotJoined},
    /// {ISlotMarket.SlotMarket_BadAmount}, {ISlotMarket.SlotMarket_ChangePending}.
    /// @custom:paper Z-7
    /// @param cap Units of account that it pays in one slot at most, below 2**56.
    function setCap(uint256 cap) external;

    /// @notice Keeps a home from the slots to come because the ledger keeps its account from new commitments.
    /// Anyone may call it.
    /// @dev Emits {ISlotMarket.Frozen}. Reverts: {ISlotMarket.SlotMarket_NoHome},
    /// {ISlotMarket.SlotMarket_MayCommit}, {ISlotMarket.SlotMarket_AlreadyFrozen},
    /// {ISlotMarket.SlotMarket_ChangePending}.
    /// @custom:paper Z-6
    /// @param home Number of the home.
    function freeze(uint256 home) external;

    /// @notice Ends a freeze from the next slot on. Anyone may call it.
    /// @dev Emits {ISlotMarket.Unfrozen}. Reverts: {ISlotMarket.SlotMarket_NoHome},
    /// {ISlotMarket.SlotMarket_NotFrozen}, {ISlotMarket.SlotMarket_MeterTorn},
    /// {ISlotMarket.SlotMarket_MayNotCommit}.
    /// @custom:paper Z-6
    /// @param home Number of the home.
    function unfreeze(uint256 home) external;

    /// @notice Takes over from the ledger that a home has another meter. It counts from the next slot on.
    /// Anyone may call it.
    /// @dev Emits {ISlotMarket.MeterChanged}. Reverts: {ISlotMarket.SlotMarket_NoHome},
    /// {ISlotMarket.SlotMarket_SameMeter}, {ISlotMarket.SlotMarket_ChangePending}.
    /// @custom:paper Z-7
    /// @param home Number of the home.
    function updateMeter(uint256 home) external;

    /// @notice Revokes the caller's orders with a nonce below this one, from the next slot on.
    /// @dev Emits {ISlotMarket.OrdersRevoked}. Reverts: {ISlotMarket.SlotMarket_BadNonce},
    /// {ISlotMarket.SlotMarket_ChangePending}.
    /// @custom:paper Z-7
    /// @param nonce Least nonce that counts, below 2**64.
    function revokeBelow(uint256 nonce) external;

    /// @notice Moves what the caller is owed into its funds in the ledger.
    /// @dev Emits {ISlotMarket.Collected}. Reverts: {ISlotMarket.SlotMarket_NothingOwed}.
    /// @return amount Units of account.
    function collect() external returns (uint256 amount);

    /// @notice Everything about a home.
    /// @param home Number of the home; one that does not exist has zeros.
    /// @return What the market knows about it.
    function homeOf(uint256 home) external view returns (HomeView memory);

    /// @notice The home of an account.
    /// @dev Reverts: {ISlotMarket.SlotMarket_NotJoined}.
    /// @param account The account.
    /// @return home Number of its home.
    function homeNumber(address account) external view returns (uint256 home);

    /// @notice First slot that is not final.
    /// @return Its number.
    function frontier() external view returns (uint256);

    /// @notice How many homes there are.
    /// @return Their number.
    function homes() external view returns (uint256);

    /// @notice What all homes together have locked.
    /// @return Units of account.
    function locked() external view returns (uint256);

    /// @notice What an account can collect here.
    /// @param account Any address.
    /// @return Units of account.
    function owed(address account) external view returns (uint256);

    /// @notice The meter that a home had in a slot.
    /// @dev Reverts: {ISlotMarket.SlotMarket_NoHome}.
    /// @param home Number of the home.
    /// @param slot The slot.
    /// @return account Account of the home.
    /// @return meter keccak256 of the meter's ERC-7913 signer.
    function meterAt(uint256 home, uint256 slot) external view returns (address account, bytes32 meter);

    /// @notice Least nonce of an account's orders that counts in a slot.
    /// @param account Any address.
    /// @param slot The slot.
    /// @return The nonce.
    function minNonce(address account, uint256 slot) external view returns (uint256);
}
