"""Structs, enums and messages of the council, written by scripts/generate_bindings.py: do not edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar

from energy_trading.types.structs import Message, Struct


@dataclass(frozen=True)
class CouncilParameters(Struct):
    """Constructor arguments of the council, each with its allowed range.

    Args:
        ledger: Energy ledger that names the council as a market.
        slot_market: Slot market whose slots the clusters sign.
        founder: Account that names the first members, and new ones if too few are left to draw
            from.
        min_stake: Units of account that a member holds at least, 1 … 2**63 - 1.
        slash: Units of account that a proven fault costs, 1 … 2**63 - 1.
        cluster_size: Members of a slot's cluster, 1 … 16.
        quorum: How many of them sign a slot, 1 … cluster_size.
        verifier_size: Members of the verifier set, 1 … 16. Two thirds of them decide, rounded
            up.
        turn: τ of eq 1 for the verifier set: seconds that a leader's turn lasts, one second to
            a day.
        unbonding: Seconds that the stake stays held after a member has left, one minute to a
            year. It must exceed a slot with its posting window, its window and the time to answer.
        reseed: Seconds after which anyone may have the sets drawn anew, one minute to a year.
    """

    ledger: str
    slot_market: str
    founder: str
    min_stake: int
    slash: int
    cluster_size: int
    quorum: int
    verifier_size: int
    turn: int
    unbonding: int
    reseed: int

    __abi__: ClassVar[tuple[str, ...]] = (
        "ledger",
        "slot_market",
        "founder",
        "min_stake",
        "slash",
        "cluster_size",
        "quorum",
        "verifier_size",
        "turn",
        "unbonding",
        "reseed",
    )
    ABI: ClassVar[str] = (
        "(address,address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256)"
    )

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> CouncilParameters:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return CouncilParameters(
            values[0],
            values[1],
            values[2],
            values[3],
            values[4],
            values[5],
            values[6],
            values[7],
            values[8],
            values[9],
            values[10],
        )


@dataclass(frozen=True)
class Admission(Struct, Message):
    """The verifier set's decision about a candidate. The leader submits it, and the set signs it.

    Args:
        candidate: Account that asked to join.
        feeder: Feeder of the grid on which it lives.
        certificate_hash: keccak256 of its X.509 certificate, which the set has checked off
            chain.
        version: Number of the member list that it joins; it makes the decision valid once.
        leader: Leader of the turn (eq 1).
        reason: Why it is declined; empty: it is admitted.
    """

    candidate: str
    feeder: int
    certificate_hash: bytes
    version: int
    leader: str
    reason: str

    __abi__: ClassVar[tuple[str, ...]] = (
        "candidate",
        "feeder",
        "certificate_hash",
        "version",
        "leader",
        "reason",
    )
    ABI: ClassVar[str] = "(address,uint256,bytes32,uint256,address,string)"
    TYPE: ClassVar[str] = (
        "Admission(address candidate,uint256 feeder,bytes32 certificateHash,uint256 version,address leader,string reason)"
    )

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Admission:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return Admission(values[0], values[1], values[2], values[3], values[4], values[5])


class MemberState(IntEnum):
    """Where a member stands."""

    NONE = 0
    CANDIDATE = 1
    MEMBER = 2
    LEAVING = 3


@dataclass(frozen=True)
class MemberView(Struct):
    """Everything about a member, in a form for people.

    Args:
        state: Where it stands.
        stake: Units of account held.
        owed: Units of account that it can collect.
        score: Its standing on chain (Q-score, additive).
        feeder: Feeder of the grid on which it lives.
        leave_at: Unix seconds from which on the stake can be taken back, if it is leaving.
    """

    state: MemberState
    stake: int
    owed: int
    score: int
    feeder: int
    leave_at: int

    __abi__: ClassVar[tuple[str, ...]] = ("state", "stake", "owed", "score", "feeder", "leave_at")
    ABI: ClassVar[str] = "(uint8,uint256,uint256,uint256,uint256,uint256)"

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> MemberView:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return MemberView(MemberState(values[0]), values[1], values[2], values[3], values[4], values[5])


@dataclass(frozen=True)
class Registration(Message):
    """What the verifier set signs to act as the ledger's registrar (Z-2).

    Args:
        action: The encoded call of the ledger.
        nonce: Number of the act.
        deadline: Unix seconds; it is valid before it.
    """

    action: bytes
    nonce: int
    deadline: int

    TYPE: ClassVar[str] = "Registration(bytes action,uint256 nonce,uint256 deadline)"
