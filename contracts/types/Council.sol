// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The verifier set's decision about a candidate. The leader submits it, and the set signs it.
/// @param candidate Account that asked to join.
/// @param feeder Feeder of the grid on which it lives.
/// @param certificateHash keccak256 of its X.509 certificate, which the set has checked off chain.
/// @param version Number of the member list that it joins; it makes the decision valid once.
/// @param leader Leader of the turn (eq 1).
/// @param reason Why it is declined; empty: it is admitted.
struct Admission {
    address candidate;
    uint256 feeder;
    bytes32 certificateHash;
    uint256 version;
    address leader;
    string reason;
}

/// @notice Where a member stands.
enum MemberState {
    None, // never asked to join, or gone for good
    Candidate, // asked to join: the stake is held
    Member, // in the list from which the sets are drawn
    Leaving // out of the list; the stake is held until the unbonding time is over
}

/// @notice Everything about a member, in a form for people.
/// @param state Where it stands.
/// @param stake Units of account held.
/// @param owed Units of account that it can collect.
/// @param score Its standing on chain (Q-score, additive).
/// @param feeder Feeder of the grid on which it lives.
/// @param leaveAt Unix seconds from which on the stake can be taken back, if it is leaving.
struct MemberView {
    MemberState state;
    uint256 stake;
    uint256 owed;
    uint256 score;
    uint256 feeder;
    uint256 leaveAt;
}

/// @dev What is kept of a member, in one slot. {SeatLib} knows this order.
struct Seat {
    uint64 stake;
    uint64 owed;
    uint40 leaveAt;
    uint32 riseDay;
    uint16 feeder;
    uint8 score;
    MemberState state;
}

/// @notice Changes a seat in one reading and one writing.
library SeatLib {
    uint256 private constant OWED = 64;
    uint256 private constant RISE_DAY = 168;
    uint256 private constant SCORE = 216;
    uint256 private constant STATE = 224;

    /// @notice Adds a fee to what a member is owed, and raises its standing if it has not risen today.
    /// @dev Safe: what is owed is a part of the units in the ledger, below 2**64; the score stays below 2**8.
    /// @param self The seat.
    /// @param fee Units of account.
    /// @param today Days since 1970.
    /// @param maxScore The highest standing.
    function rewarded(Seat storage self, uint256 fee, uint256 today, uint256 maxScore) internal {
        uint256 seat;
        assembly ("memory-safe") {
            seat := sload(self.slot)
        }
        unchecked {
            seat += fee << OWED;
            if (
                uint8(seat >> STATE) == uint8(MemberState.Member) &&
                uint32(seat >> RISE_DAY) < today &&
                uint8(seat >> SCORE) < maxScore
            ) {
                seat += (1 << SCORE) + ((today - uint32(seat >> RISE_DAY)) << RISE_DAY);
            }
        }
        assembly ("memory-safe") {
            sstore(self.slot, seat)
        }
    }
}

/// @notice What is signed for the council (EIP-712 struct hashes).
library CouncilHash {
    bytes32 private constant ADMISSION_TYPEHASH = keccak256(
        "Admission(address candidate,uint256 feeder,bytes32 certificateHash,uint256 version,address leader,"
        "string reason)"
    );
    bytes32 private constant REGISTRATION_TYPEHASH = keccak256(
        "Registration(bytes action,uint256 nonce,uint256 deadline)"
    );

    /// @notice Struct hash of an admission.
    function admission(Admission calldata a) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    ADMISSION_TYPEHASH,
                    a.candidate,
                    a.feeder,
                    a.certificateHash,
                    a.version,
                    a.leader,
                    keccak256(bytes(a.reason))
                )
            );
    }

    /// @notice Struct hash of an act as the ledger's registrar.
    function registration(
        bytes calldata action,
        uint256 nonce,
        uint256 deadline
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(REGISTRATION_TYPEHASH, keccak256(action), nonce, deadline));
    }
}
