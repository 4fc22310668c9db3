// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Closing, Facts, Fault, HomeView, Pricing, Result, SlotState} from "../types/Slot.sol";

/// @notice Constructor arguments of the slot market, each with its allowed range. Money is in units of
/// account.
/// @param ledger Energy ledger that names the slot market.
/// @param council Council whose clusters sign the slots.
/// @param disputes Contract that judges disputes.
/// @param slotSeconds Length of a slot, one minute to a day. Slot n begins at n · slotSeconds.
/// @param turnSeconds τ of eq 1: how long a leader's turn to post lasts, one second to a day.
/// @param postSeconds How long after its end a slot can be posted, turnSeconds to a week.
/// @param windowSeconds How long after its posting a slot can be demanded, one minute to a week.
/// @param answerSeconds How long a demand can be answered, one minute to a week.
/// @param retail What a home pays its supplier per Wh, feedIn … 2**32 - 1.
/// @param feedIn What a home is paid per Wh that it feeds in, 1 … 2**32 - 1.
/// @param pricing How the price is made.
/// @param fee What each home that buys in a slot pays, 0 … 2**32 - 1: one half goes to the leader and one to
/// whoever finalises.
/// @param bond What somebody other than the home pays to demand its row, 1 … 2**63 - 1.
/// @param ring How many slots can be under way, 8 … 1,024, a power of two.
struct SlotParameters {
    address ledger;
    address council;
    address disputes;
    uint256 slotSeconds;
    uint256 turnSeconds;
    uint256 postSeconds;
    uint256 windowSeconds;
    uint256 answerSeconds;
    uint256 retail;
    uint256 feedIn;
    Pricing pricing;
    uint256 fee;
    uint256 bond;
    uint256 ring;
}

/// @title Slot market
/// @notice A neighbourhood's pool: in each slot a cluster of verifiers divides what the homes fed in among
/// those that drew, at one price. The cluster posts a row for each home, the part of its metered energy that
/// neighbours share; the supplier bills the rest at its tariffs, off chain.
/// @dev A row is a signed number of 16 bits in Wh, sold is positive. A slot is posted as a hash (temporary)
/// and, if no dispute is won in its window, finalised (permanent). Nothing is rolled back. Every loop runs
/// over calldata, or over slots up to a number that the caller gives.
///
/// Invariants: Σ rows = 0 in every slot, so a slot makes no money. A home loses at most what it has locked,
/// and in one slot at most its cap. Disputes read caps, freezes and meters as they were for the slot.
/// @custom:paper Z-4, Z-5, Z-6, Z-7
interface ISlotMarket {
    /// @notice An account has a home in the market, which can have rows from now on.
    /// @param home Number of the home.
    /// @param account Its account.
    /// @param cap Units of account that it pays in one slot at most.
    /// @param meter keccak256 of its meter's ERC-7913 signer.
    event Joined(uint256 indexed home, address indexed account, uint256 cap, bytes32 meter);
    /// @notice A home locked funds.
    /// @param home Number of the home.
    /// @param amount Units of account.
    event Locked(uint256 indexed home, uint256 amount);
    /// @notice A home asked to withdraw, in place of what it asked for before.
    /// @param home Number of the home.
    /// @param amount Units of account; zero: nothing any more.
    /// @param slot Slot in which it asked.
    event ExitRequested(uint256 indexed home, uint256 amount, uint256 slot);
    /// @notice A home's funds are its account's again, in the ledger.
    /// @param home Number of the home.
    /// @param amount Units of account.
    event Exited(uint256 indexed home, uint256 amount);
    /// @notice A home changed its cap.
    /// @param home Number of the home.
    /// @param cap Units of account that it pays in one slot at most.
    /// @param fromSlot First slot of the cap.
    event CapChanged(uint256 indexed home, uint256 cap, uint256 fromSlot);
    /// @notice A home has no rows from a slot on.
    /// @param home Number of the home.
    /// @param fromSlot First slot without a row.
    event Frozen(uint256 indexed home, uint256 fromSlot);
    /// @notice A home has rows again from a slot on.
    /// @param home Number of the home.
    /// @param fromSlot First slot with a row.
    event Unfrozen(uint256 indexed home, uint256 fromSlot);
    /// @notice A home's meter changed.
    /// @param home Number of the home.
    /// @param meter keccak256 of the new meter's ERC-7913 signer; zero: it has none.
    /// @param fromSlot First slot that the new meter measures.
    event MeterChanged(uint256 indexed home, bytes32 meter, uint256 fromSlot);
    /// @notice Orders of an account below a nonce count no more.
    /// @param account The account.
    /// @param nonce Least nonce that counts.
    /// @param fromSlot First slot for which it does.
    event OrdersRevoked(address indexed account, uint256 nonce, uint256 fromSlot);
    /// @notice A slot was posted (temporary).
    /// @param slot The slot.
    /// @param result How the pool divided it.
    /// @param peers Bitmap of those that signed beside the leader: places in the cluster of `turn`.
    /// @param turn Turn in which it was posted.
    /// @param rows The rows.
    event SlotPosted(uint256 indexed slot, Result result, uint256 peers, uint256 turn, bytes rows);
    /// @notice Somebody demands order and reading of a row.
    /// @param slot The slot.
    /// @param home Number of the home.
    /// @param challenger Who demands.
    event Demanded(uint256 indexed slot, uint256 home, address challenger);
    /// @notice A demand was answered.
    /// @param slot The slot.
    /// @param home Number of the home.
    /// @param answerer Who answered, and has the bond.
    event Answered(uint256 indexed slot, uint256 indexed home, address answerer);
    /// @notice A dispute was won: the slot is empty.
    /// @param slot The slot.
    /// @param home Home that was wronged.
    /// @param fault Why.
    event Voided(uint256 indexed slot, uint256 indexed home, Fault fault);
    /// @notice A meter signed two readings for one slot.
    /// @param home Number of the home.
    /// @param slot The slot.
    event TwoReadings(uint256 indexed home, uint256 slot);
    /// @notice Slots are final: those of the call, and the empty ones between (permanent).
    /// @param frontier First slot that is not final.
    /// @param finaliser Who finalised, and has its half of the fees.
    /// @param fees Units of account of that half.
    event Finalised(uint256 frontier, address finaliser, uint256 fees);
    /// @notice An account has a bond to collect.
    /// @param account The account.
    /// @param amount Units of account.
    event Owed(address indexed account, uint256 amount);
    /// @notice An account collected what it was owed, into its funds in the ledger.
    /// @param account The account.
    /// @param amount Units of account.
    event Collected(address indexed account, uint256 amount);

    /// @notice The account has a home already.
    error SlotMarket_AlreadyJoined(address account, uint256 home);
    /// @notice The account has no home.
    error SlotMarket_NotJoined(address account);
    /// @notice There is no home with this number.
    error SlotMarket_NoHome(uint256 home, uint256 homes);
    /// @notice The ledger does not let the account make new commitments.
    error SlotMarket_MayNotCommit(address account);
    /// @notice The ledger lets the account make new commitments, or it is frozen for another reason.
    error SlotMarket_MayCommit(address account);
    /// @notice The account has no registered meter.
    error SlotMarket_NoMeter(address account);
    /// @notice The ledger still names the same meter.
    error SlotMarket_SameMeter(address account, bytes32 meter);
    /// @notice The market is full.
    error SlotMarket_TooManyHomes(uint256 given, uint256 max);
    /// @notice The amount is outside its range.
    error SlotMarket_BadAmount(uint256 given, uint256 min, uint256 max);
    /// @notice An earlier change is not final yet: disputes may still ask for what was before it.
    error SlotMarket_ChangePending(uint256 slot, uint256 frontier);
    /// @notice The home is not frozen until further notice.
    error SlotMarket_NotFrozen(uint256 home);
    /// @notice The home is frozen already.
    error SlotMarket_AlreadyFrozen(uint256 home);
    /// @notice The meter signed two readings for one slot; only another meter ends that freeze.
    error SlotMarket_MeterTorn(uint256 home);
    /// @notice Nonces rise.
    error SlotMarket_BadNonce(uint256 given, uint256 min);
    /// @notice No exit was requested.
    error SlotMarket_NoExit(uint256 home);
    /// @notice The slot in which the exit was requested is not final yet.
    error SlotMarket_ExitNotDue(uint256 slot, uint256 frontier);
    /// @notice The slot cannot be posted now: it has not ended, or its time is over, or it is final.
    error SlotMarket_NotNow(uint256 given, uint256 from, uint256 until);
    /// @notice The slot was posted already, or its place in the ring is not free yet.
    error SlotMarket_RingTaken(uint256 slot, uint256 taken);
    /// @notice Rows come in words of 16, not more than there are homes, zero behind the last home.
    error SlotMarket_BadRows(uint256 bytesGiven, uint256 homes);
    /// @notice The price is not that of the formula.
    error SlotMarket_BadPrice(uint256 given, uint256 needed);
    /// @notice The totals are too large.
    error SlotMarket_BadTotals(uint256 given, uint256 max);
    /// @notice What was sold and bought must both be the smaller of supply and demand.
    error SlotMarket_NotCleared(uint256 soldWh, uint256 boughtWh, uint256 matchedWh);
    /// @notice The rows do not have the root of the result.
    error SlotMarket_WrongRoot(bytes32 given, bytes32 needed);
    /// @notice Only the result's leader may post it.
    error SlotMarket_NotLeader(address caller, address leader);
    /// @notice This is not what was posted for the slot, or the slot is void or was never posted.
    error SlotMarket_NotPosted(uint256 slot);
    /// @notice The deadline has passed.
    error SlotMarket_TooLate(uint256 given, uint256 deadline);
    /// @notice The time has not come yet.
    error SlotMarket_TooEarly(uint256 given, uint256 earliest);
    /// @notice The row was demanded before.
    error SlotMarket_AlreadyDemanded(uint256 slot, uint256 home);
    /// @notice There is no open demand for this row.
    error SlotMarket_NoDemand(uint256 slot, uint256 home);
    /// @notice Demands for the slot are not answered yet.
    error SlotMarket_OpenDemands(uint256 slot, uint256 demands);
    /// @notice A slot between is posted, or can still be.
    error SlotMarket_NotEmpty(uint256 slot);
    /// @notice Slots are finalised in their order, each once.
    error SlotMarket_WrongSlot(uint256 given, uint256 frontier);
    /// @notice A home has bought for more than it had: the slot has to be disputed.
    error SlotMarket_Overdrawn(uint256 slot, uint256 firstHome);
    /// @notice The lists have different lengths, or there are too few or too many of them.
    error SlotMarket_BadBatch(uint256 given, uint256 max);
    /// @notice Only the disputes contract may call this.
    error SlotMarket_NotDisputes(address caller);
    /// @notice The slot is posted and not void: the demand can still be answered or expire.
    error SlotMarket_StillPosted(uint256 slot);
    /// @notice Nothing is owed to the account.
    error SlotMarket_NothingOwed(address account);

    /// @notice Gives the caller a home, which has rows as soon as it has an order.
    /// @dev Emits {Joined}. Reverts: {SlotMarket_AlreadyJoined}, {SlotMarket_TooManyHomes},
    /// {SlotMarket_BadAmount}, {SlotMarket_MayNotCommit}, {SlotMarket_NoMeter}.
    /// @custom:paper Z-4
    /// @param cap Units of account that it pays in one slot at most, fee included, below 2**56.
    /// @return home Number of the home: the place of its row.
    function join(uint256 cap) external returns (uint256 home);

    /// @notice Locks funds of the caller for its home. It can lose them, and no more.
    /// @dev Emits {Locked}. Reverts: {SlotMarket_NotJoined}, {SlotMarket_BadAmount}, and as the ledger
    /// refuses payments.
    /// @custom:paper Z-5
    /// @param amount Units of account.
    function lock(uint256 amount) external;

    /// @notice Asks for locked funds, in place of an earlier request. Clusters count them no more from the
    /// next slot on.
    /// @dev Emits {ExitRequested}. Reverts: {SlotMarket_NotJoined}, {SlotMarket_BadAmount}.
    /// @custom:paper Z-5
    /// @param amount Units of account, or as much of them as is left then; zero cancels the request.
    function requestExit(uint256 amount) external;

    /// @notice Pays a requested exit into the account's funds in the ledger, once every slot up to the
    /// request is final. Anyone may call it. It needs no cluster.
    /// @dev Emits {Exited}. Reverts: {SlotMarket_NoHome}, {SlotMarket_NoExit}, {SlotMarket_ExitNotDue}.
    /// @custom:paper Z-5
    /// @param home Number of the home.
    function withdraw(uint256 home) external;

    /// @notice Changes the caller's cap from the next slot on.
    /// @dev Emits {CapChanged}. Reverts: {SlotMarket_NotJoined}, {SlotMarket_BadAmount},
    /// {SlotMarket_ChangePending}.
    /// @custom:paper Z-7
    /// @param cap Units of account that it pays in one slot at most, fee included, below 2**56.
    function setCap(uint256 cap) external;

    /// @notice Keeps a home from the slots to come because the ledger keeps its account from new commitments.
    /// Anyone may call it.
    /// @dev Emits {Frozen}. Reverts: {SlotMarket_NoHome}, {SlotMarket_MayCommit},
    /// {SlotMarket_AlreadyFrozen}, {SlotMarket_ChangePending}.
    /// @custom:paper Z-6
    /// @param home Number of the home.
    function freeze(uint256 home) external;

    /// @notice Ends a freeze from the next slot on. Anyone may call it.
    /// @dev Emits {Unfrozen}. Reverts: {SlotMarket_NoHome}, {SlotMarket_NotFrozen}, {SlotMarket_MeterTorn},
    /// {SlotMarket_MayNotCommit}.
    /// @custom:paper Z-6
    /// @param home Number of the home.
    function unfreeze(uint256 home) external;

    /// @notice Takes over from the ledger that a home has another meter. It counts from the next slot on.
    /// Anyone may call it.
    /// @dev Emits {MeterChanged}. Reverts: {SlotMarket_NoHome}, {SlotMarket_SameMeter},
    /// {SlotMarket_ChangePending}.
    /// @custom:paper Z-7
    /// @param home Number of the home.
    function updateMeter(uint256 home) external;

    /// @notice Revokes the caller's orders with a nonce below this one, from the next slot on.
    /// @dev Emits {OrdersRevoked}. Reverts: {SlotMarket_BadNonce}, {SlotMarket_ChangePending}.
    /// @custom:paper Z-7
    /// @param nonce Least nonce that counts, below 2**64.
    function revokeBelow(uint256 nonce) external;

    /// @notice Posts a slot (temporary). Only the leader of the turn may call it, with the signatures of a
    /// quorum of the slot's cluster.
    /// @dev Emits {SlotPosted}. Reverts: {SlotMarket_NotLeader}, {SlotMarket_NotNow}, {SlotMarket_RingTaken},
    /// {SlotMarket_BadRows}, {SlotMarket_BadTotals}, {SlotMarket_BadPrice}, {SlotMarket_NotCleared},
    /// {SlotMarket_WrongRoot}, and as {IVerifierCouncil.verify} does.
    /// @custom:paper Z-2, Z-4
    /// @custom:signed Result(uint256 slot, uint256 price, uint256 meteredSupplyWh, uint256 meteredDemandWh,
    /// uint256 supplyWh, uint256 demandWh, bytes32 orders, bytes32 rows, address leader)
    /// @param result How the pool divided the slot.
    /// @param packed Two bytes for each home, in words of 16 homes.
    /// @param peers Bitmap of the other signers: places in the cluster.
    /// @param signatures Their compact signatures (EIP-2098), 64 bytes each, in that order.
    function post(
        Result calldata result,
        bytes calldata packed,
        uint256 peers,
        bytes calldata signatures
    ) external;

    /// @notice Demands order and reading of a row in the slot's window. The home's own demand is free;
    /// anybody else pays a bond out of its funds in the ledger. A row is demanded once.
    /// @dev Emits {Demanded}. Reverts: {SlotMarket_NotPosted}, {SlotMarket_NoHome}, {SlotMarket_TooLate},
    /// {SlotMarket_AlreadyDemanded}, and as the ledger refuses payments.
    /// @custom:paper Z-4
    /// @param slot The slot.
    /// @param home Number of the home.
    function demand(uint256 slot, uint256 home) external;

    /// @notice Gives back the bond of an open demand for a slot that is void anyway. Anyone may call it.
    /// @dev Emits {Owed} if there was a bond. Reverts: {SlotMarket_NoDemand}, {SlotMarket_StillPosted}.
    /// @custom:paper Z-4
    /// @param slot The slot.
    /// @param home Number of the home.
    function returnBond(uint256 slot, uint256 home) external;

    /// @notice Ends a demand that was answered. Only the disputes contract may call it.
    /// @dev Emits {Answered}, and {Owed} if there was a bond. Reverts: {SlotMarket_NotDisputes},
    /// {SlotMarket_NoDemand}, {SlotMarket_TooLate}.
    /// @custom:paper Z-4
    /// @param slot The slot.
    /// @param home Number of the home.
    /// @param answerer Who has answered, and is owed the bond.
    function settleDemand(uint256 slot, uint256 home, address answerer) external;

    /// @notice Makes a posted slot void because a dispute about it was won. Only the disputes contract may
    /// call it. For {Fault.Unanswered} it also ends the demand, whose time must be over.
    /// @dev Emits {Voided}, and {Owed} if there was a bond. Reverts: {SlotMarket_NotDisputes},
    /// {SlotMarket_NotPosted}, {SlotMarket_NoDemand}, {SlotMarket_TooEarly}.
    /// @custom:paper Z-4, Z-6
    /// @param slot The slot.
    /// @param home Home that was wronged.
    /// @param fault Why.
    /// @param guilty Members to slash.
    function voidSlot(uint256 slot, uint256 home, Fault fault, address[] calldata guilty) external;

    /// @notice Freezes a home whose meter signed two readings for one slot, until it has another meter. Only
    /// the disputes contract may call it.
    /// @dev Emits {TwoReadings}, and {Frozen} if it was not frozen. Reverts: {SlotMarket_NotDisputes},
    /// {SlotMarket_MeterTorn}, {SlotMarket_ChangePending}.
    /// @custom:paper Z-7
    /// @param home Number of the home.
    /// @param slot The slot.
    /// @param meter keccak256 of the meter's signer.
    function tearMeter(uint256 home, uint256 slot, bytes32 meter) external;

    /// @notice Makes posted slots final (permanent): their rows are paid. Slots between them must be empty.
    /// Anyone may call it, and has one half of the buyers' fees; the leaders have the other. Both collect
    /// them from the council.
    /// @dev Emits {Finalised}. Reverts: {SlotMarket_BadBatch}, {SlotMarket_WrongSlot},
    /// {SlotMarket_NotPosted}, {SlotMarket_NotEmpty}, {SlotMarket_TooEarly}, {SlotMarket_OpenDemands},
    /// {SlotMarket_Overdrawn}. Rounding: the leader's half up.
    /// @custom:paper Z-4, Z-5, Z-6
    /// @param closings The slots in their order, 1 … 96 of them.
    /// @param rows The rows of each.
    function finalise(Closing[] calldata closings, bytes[] calldata rows) external;

    /// @notice Moves the frontier over empty slots. Anyone may call it; it needs no cluster.
    /// @dev Emits {Finalised}. Reverts: {SlotMarket_BadBatch}, {SlotMarket_NotEmpty}.
    /// @custom:paper Z-5
    /// @param count How many slots at most, 1 … 1,024. At least one must be empty.
    function advance(uint256 count) external;

    /// @notice Moves what the caller is owed into its funds in the ledger.
    /// @dev Emits {Collected}. Reverts: {SlotMarket_NothingOwed}.
    /// @return amount Units of account.
    function collect() external returns (uint256 amount);

    /// @notice Everything about a home.
    /// @param home Number of the home; one that does not exist has zeros.
    /// @return What the market knows about it.
    function homeOf(uint256 home) external view returns (HomeView memory);

    /// @notice The home of an account.
    /// @dev Reverts: {SlotMarket_NotJoined}.
    /// @param account The account.
    /// @return home Number of its home.
    function homeNumber(address account) external view returns (uint256 home);

    /// @notice Where a slot stands.
    /// @param slot The slot.
    /// @return Its state.
    function stateOf(uint256 slot) external view returns (SlotState);

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

    /// @notice What a dispute about a row goes by.
    /// @dev Reverts: {SlotMarket_NotPosted}, {SlotMarket_NoHome}.
    /// @param slot The slot.
    /// @param home Number of the home.
    /// @param postedHash What the ring remembers of a posted slot, which must be this one.
    /// @return What was true for the slot.
    function factsOf(uint256 slot, uint256 home, bytes32 postedHash) external view returns (Facts memory);

    /// @notice The meter that a home had in a slot.
    /// @dev Reverts: {SlotMarket_NoHome}.
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

    /// @notice The constants of the market.
    /// @return As given to the constructor.
    function slotParameters() external view returns (SlotParameters memory);
}
