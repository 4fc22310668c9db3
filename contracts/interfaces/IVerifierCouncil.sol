// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Admission, MemberView} from "../types/Council.sol";

/// @notice Constructor arguments of the council, each with its allowed range.
/// @param ledger Energy ledger that names the council as a market.
/// @param slotMarket Slot market whose slots the clusters sign.
/// @param founder Account that names the first members, and new ones if too few are left to draw from.
/// @param minStake Units of account that a member holds at least, 1 … 2**63 - 1.
/// @param slash Units of account that a proven fault costs, 1 … 2**63 - 1.
/// @param clusterSize Members of a slot's cluster, 1 … 16.
/// @param quorum How many of them sign a slot, 1 … clusterSize.
/// @param verifierSize Members of the verifier set, 1 … 16. Two thirds of them decide, rounded up.
/// @param turn τ of eq 1 for the verifier set: seconds that a leader's turn lasts, one second to a day.
/// @param unbonding Seconds that the stake stays held after a member has left, one minute to a year. It must
/// exceed a slot with its posting window, its window and the time to answer.
/// @param reseed Seconds after which anyone may have the sets drawn anew, one minute to a year.
struct CouncilParameters {
    address ledger;
    address slotMarket;
    address founder;
    uint256 minStake;
    uint256 slash;
    uint256 clusterSize;
    uint256 quorum;
    uint256 verifierSize;
    uint256 turn;
    uint256 unbonding;
    uint256 reseed;
}

/// @title Verifier council
/// @notice Who verifies and who validates: homes that hold a stake and have a certificate. A verifier set
/// admits new members; for each slot a cluster of other members is drawn, which divides the slot's energy.
/// @dev At most 96 members. The list of members is the code of a contract of its own, read whole for 2,600
/// gas. Stakes, fees and slashes are units of account in the ledger's care; nobody is paid inside another's
/// call, everything owed is collected.
/// @custom:paper Z-1, Z-2, Z-3, Z-6, Z-8
interface IVerifierCouncil {
    /// @notice An account asked to join and put down its stake.
    /// @param candidate The account.
    /// @param feeder Feeder of the grid on which it lives.
    /// @param certificateHash keccak256 of its X.509 certificate.
    /// @param stake Units of account.
    event Applied(address indexed candidate, uint256 feeder, bytes32 certificateHash, uint256 stake);
    /// @notice An account is a member from the next draw on.
    /// @param member The account.
    /// @param feeder Feeder of the grid on which it lives.
    /// @param version Number of the member list that has it first.
    event Admitted(address indexed member, uint256 feeder, uint256 version);
    /// @notice The verifier set declined a candidate, which can collect its stake.
    /// @param candidate The account.
    /// @param reason Why.
    event Declined(address indexed candidate, string reason);
    /// @notice A candidate withdrew, and can collect its stake.
    /// @param candidate The account.
    event ApplicationWithdrawn(address indexed candidate);
    /// @notice The member list changes, and both sets are drawn from a block to come.
    /// @param version Number of the member list.
    /// @param seedBlock Block whose hash is the seed.
    event RedrawScheduled(uint256 version, uint256 seedBlock);
    /// @notice Both sets were drawn.
    /// @param version Number of the member list.
    /// @param seed The seed.
    /// @param verifiers Bitmap of the verifier set: places in the member list.
    event Redrawn(uint256 version, bytes32 seed, uint256 verifiers);
    /// @notice A member left the list, on its own or because its stake or standing is too low.
    /// @param member The account.
    /// @param leaveAt Unix seconds from which on it can take back its stake.
    event Left(address indexed member, uint256 leaveAt);
    /// @notice A member's fault was proven.
    /// @param member The account.
    /// @param amount Units of account that its stake lost.
    /// @param score Its standing now.
    event Slashed(address indexed member, uint256 amount, uint256 score);
    /// @notice An account was given what it is owed: a returned stake, or a wronged home's part of a
    /// slash.
    /// @param account The account.
    /// @param amount Units of account.
    event Credited(address indexed account, uint256 amount);
    /// @notice An account collected what it was owed, into its funds in the ledger.
    /// @param account The account.
    /// @param amount Units of account.
    event Collected(address indexed account, uint256 amount);
    /// @notice The council acted as the ledger's registrar.
    /// @param nonce Number of the act.
    /// @param action The call.
    event ActedAsRegistrar(uint256 indexed nonce, bytes action);

    /// @notice Only the slot market may call this.
    error VerifierCouncil_NotSlotMarket(address caller);
    /// @notice Only the founder may call this, while too few members are left to draw both sets from.
    error VerifierCouncil_NotFounder(address caller, uint256 members, uint256 needed);
    /// @notice The stake is too small, or more than a stake can be.
    error VerifierCouncil_BadStake(uint256 given, uint256 min, uint256 max);
    /// @notice A feeder has a number below 2**16.
    error VerifierCouncil_BadFeeder(uint256 given, uint256 max);
    /// @notice The account stands elsewhere: see {MemberState}.
    error VerifierCouncil_WrongState(address account, uint256 state, uint256 needed);
    /// @notice The member list is full.
    error VerifierCouncil_TooMany(uint256 given, uint256 max);
    /// @notice There are too few members to draw from.
    error VerifierCouncil_TooFew(uint256 members, uint256 needed);
    /// @notice It is another member's turn to lead.
    error VerifierCouncil_NotLeader(address caller, address leader);
    /// @notice The leader has made a decision in this turn already.
    error VerifierCouncil_TurnUsed(uint256 turn);
    /// @notice The sets are about to be drawn; the decision has to wait for the new verifier set.
    error VerifierCouncil_RedrawPending(uint256 seedBlock);
    /// @notice The seed's block has no hash yet.
    error VerifierCouncil_TooEarly(uint256 given, uint256 earliest);
    /// @notice The decision is about another member list.
    error VerifierCouncil_WrongVersion(uint256 given, uint256 needed);
    /// @notice The application names another feeder.
    error VerifierCouncil_WrongFeeder(uint256 given, uint256 applied);
    /// @notice Too few members have signed.
    error VerifierCouncil_NoQuorum(uint256 given, uint256 needed);
    /// @notice A signature is not that of the member at this place of the set.
    error VerifierCouncil_BadSignature(uint256 place);
    /// @notice The deadline has passed.
    error VerifierCouncil_Expired(uint256 given, uint256 deadline);
    /// @notice A member in good standing is not expelled.
    error VerifierCouncil_InGoodStanding(address member, uint256 stake, uint256 score);
    /// @notice Nothing is owed to the account.
    error VerifierCouncil_NothingOwed(address account);
    /// @notice The council cannot make this call of the ledger.
    error VerifierCouncil_NotRegistrars(bytes4 called);
    /// @notice The ledger refused the act.
    error VerifierCouncil_ActFailed(bytes reason);

    /// @notice Asks to join and puts down a stake out of the caller's funds in the ledger. The certificate
    /// itself goes to the verifier set, encrypted, off chain.
    /// @dev Emits {Applied}. Reverts: {VerifierCouncil_BadFeeder}, {VerifierCouncil_BadStake},
    /// {VerifierCouncil_WrongState}, and as the ledger refuses payments.
    /// @custom:paper Z-1, Z-2
    /// @param feeder Feeder of the grid on which the caller lives, below 2**16.
    /// @param certificateHash keccak256 of the caller's X.509 certificate.
    /// @param stake Units of account.
    function requestJoin(uint256 feeder, bytes32 certificateHash, uint256 stake) external;

    /// @notice Withdraws the caller's request; it can collect its stake.
    /// @dev Emits {ApplicationWithdrawn}, {Credited}. Reverts: {VerifierCouncil_WrongState}.
    /// @custom:paper Z-2
    function withdrawRequest() external;

    /// @notice Makes candidates the first members, or adds some if too few are left to draw both sets from.
    /// Only the founder may call it, and only then.
    /// @dev Emits {Admitted} for each, {RedrawScheduled}. Reverts: {VerifierCouncil_NotFounder},
    /// {VerifierCouncil_WrongState}, {VerifierCouncil_TooMany}.
    /// @custom:paper Z-1
    /// @param candidates Accounts that have asked to join.
    function found(address[] calldata candidates) external;

    /// @notice Decides about a candidate: the leader of the turn submits what two thirds of the verifier set
    /// have signed. A declined candidate can collect its stake, and the reason is logged.
    /// @dev The leader's own signature is its transaction. Emits {Admitted} and {RedrawScheduled}, or
    /// {Declined} and {Credited}. Reverts: {VerifierCouncil_RedrawPending}, {VerifierCouncil_WrongVersion},
    /// {VerifierCouncil_NotLeader}, {VerifierCouncil_TurnUsed}, {VerifierCouncil_BadSignature},
    /// {VerifierCouncil_NoQuorum}, {VerifierCouncil_WrongState}, {VerifierCouncil_WrongFeeder},
    /// {VerifierCouncil_TooMany}.
    /// @custom:paper Z-2
    /// @custom:signed Admission(address candidate, uint256 feeder, bytes32 certificateHash, uint256 version,
    /// address leader, string reason)
    /// @param admission What the set has decided.
    /// @param peers Bitmap of the other signers: places in {verifiers}.
    /// @param signatures Their compact signatures (EIP-2098), 64 bytes each, in that order.
    function decide(Admission calldata admission, uint256 peers, bytes calldata signatures) external;

    /// @notice Draws both sets: from the hash of the block that the last change of the list named, or, if
    /// there was none, names one, at most once in {CouncilParameters.reseed}. Anyone may call it.
    /// @dev A block too old to have a hash is replaced by a new one. Emits {Redrawn} or {RedrawScheduled}.
    /// Reverts: {VerifierCouncil_TooEarly}.
    /// @custom:paper Z-1, Z-8
    function redraw() external;

    /// @notice Leaves the list. The stake stays held for the unbonding time.
    /// @dev Emits {Left}, {RedrawScheduled}. Reverts: {VerifierCouncil_WrongState}.
    /// @custom:paper Z-6
    function resign() external;

    /// @notice Takes a member out of the list whose stake or standing is too low. Anyone may call it.
    /// @dev Emits {Left}, {RedrawScheduled}. Reverts: {VerifierCouncil_WrongState},
    /// {VerifierCouncil_InGoodStanding}.
    /// @custom:paper Z-6, Z-8
    /// @param member The member.
    function expel(address member) external;

    /// @notice Gives the caller's stake back once the unbonding time is over; it can be collected.
    /// @dev Emits {Credited}. Reverts: {VerifierCouncil_WrongState}, {VerifierCouncil_TooEarly}.
    /// @custom:paper Z-6
    function takeStake() external;

    /// @notice Moves what the caller is owed into its funds in the ledger.
    /// @dev Emits {Collected}. Reverts: {VerifierCouncil_NothingOwed}.
    /// @return amount Units of account.
    function collect() external returns (uint256 amount);

    /// @notice Acts as the ledger's registrar, if the council is the ledger's owner: two thirds of the
    /// verifier set have signed the call. Anyone may submit it.
    /// @dev Only meters, roots of one-time keys, suspensions, bans and the acceptance of the role itself.
    /// Emits {ActedAsRegistrar}. Reverts: {VerifierCouncil_Expired}, {VerifierCouncil_NotRegistrars},
    /// {VerifierCouncil_BadSignature}, {VerifierCouncil_NoQuorum}, {VerifierCouncil_ActFailed}.
    /// @custom:paper Z-2
    /// @custom:signed Registration(bytes action, uint256 nonce, uint256 deadline)
    /// @param action The encoded call of the ledger.
    /// @param deadline Unix seconds; it is valid while block.timestamp < deadline.
    /// @param peers Bitmap of the signers: places in {verifiers}.
    /// @param signatures Their compact signatures (EIP-2098), 64 bytes each, in that order.
    function act(bytes calldata action, uint256 deadline, uint256 peers, bytes calldata signatures) external;

    /// @notice Takes the slash from members whose fault was proven: one half goes to the wronged home, the
    /// other to the treasury, so that a home gains nothing by wronging itself. Only the slot market may call
    /// it.
    /// @dev A former member is slashed while its stake is held. Emits {Slashed} for each member, {Credited}
    /// twice. Reverts: {VerifierCouncil_NotSlotMarket}. Rounding: the home's half up.
    /// @custom:paper Z-6
    /// @param members Who is at fault; the first one has led.
    /// @param wronged Account of the home that was wronged.
    function slash(address[] calldata members, address wronged) external;

    /// @notice Gives those who have led or finalised slots their fees, and raises the standing of each member
    /// among them by one at most once a day. Only the slot market may call it, when slots are final.
    /// @dev Logs nothing: the fees follow from {ISlotMarket.SlotPosted} and {ISlotMarket.Finalised}. Reverts:
    /// {VerifierCouncil_NotSlotMarket}.
    /// @custom:paper Z-6
    /// @param earners Who has led or finalised.
    /// @param fees Units of account for each.
    function reward(address[] calldata earners, uint256[] calldata fees) external;

    /// @notice Checks that a slot's leader and a quorum of its cluster have signed.
    /// @dev Reverts: {VerifierCouncil_TooFew}, {VerifierCouncil_NotLeader}, {VerifierCouncil_BadSignature},
    /// {VerifierCouncil_NoQuorum}.
    /// @custom:paper Z-2, Z-4, Z-8
    /// @param slot The slot.
    /// @param turn Number of τ that have passed since the slot could be posted: (T_i - T_0) / τ of eq 1.
    /// @param leader Who posts; it needs no signature.
    /// @param digest What was signed.
    /// @param peers Bitmap of the other signers: places in the cluster.
    /// @param signatures Their compact signatures (EIP-2098), 64 bytes each, in that order.
    /// @return signers keccak256 of the signers, 32 bytes each: the leader, then the peers.
    function verify(
        uint256 slot,
        uint256 turn,
        address leader,
        bytes32 digest,
        uint256 peers,
        bytes calldata signatures
    ) external view returns (bytes32 signers);

    /// @notice The cluster of a slot. One cluster serves four slots, from a multiple of four on. It is drawn
    /// anew when every member's turn has passed in silence.
    /// @dev Reverts: {VerifierCouncil_TooFew}.
    /// @custom:paper Z-4, Z-8
    /// @param slot The slot.
    /// @param turn Number of τ that have passed since the slot could be posted.
    /// @return cluster The members; the one at turn % length leads (eq 1).
    function clusterOf(uint256 slot, uint256 turn) external view returns (address[] memory cluster);

    /// @notice The verifier set.
    /// @custom:paper Z-1
    /// @return The members; the one at {currentTurn} % length leads (eq 1).
    function verifiers() external view returns (address[] memory);

    /// @notice (T_i - T_0) / τ of eq 1 for the verifier set; T_0 is the time of its draw.
    /// @custom:paper Z-2
    /// @return Number of whole turns.
    function currentTurn() external view returns (uint256);

    /// @notice Everything about a member.
    /// @param account Any address.
    /// @return What the council knows about it.
    function memberOf(address account) external view returns (MemberView memory);

    /// @notice The list of members that the sets are drawn from.
    /// @return accounts The members, sorted by feeder and then by account.
    function members() external view returns (address[] memory accounts);

    /// @notice Number of the member list that the next decision is about.
    /// @return Counts the changes of the list.
    function version() external view returns (uint256);

    /// @notice Number of acts as registrar.
    /// @return Nonce of the next one.
    function registrarNonce() external view returns (uint256);

    /// @notice Block whose hash will be the next seed.
    /// @return Its number; zero if no draw is due.
    function seedBlock() external view returns (uint256);

    /// @notice The constants of the council.
    /// @return As given to the constructor.
    function councilParameters() external view returns (CouncilParameters memory);
}
