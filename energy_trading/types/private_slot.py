"""Structs, enums and messages of the private_slot, written by scripts/generate_bindings.py: do not edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from energy_trading.types.slot import Pricing, Result
from energy_trading.types.structs import Message, Struct


@dataclass(frozen=True)
class PrivateParameters(Struct):
    """Constructor arguments of the private form, each with its allowed range. Money is in units of
    account.

    Args:
        ledger: Energy ledger that names the market.
        council: Council whose clusters sign slots and days.
        disputes: Contract that judges disputes.
        slot_seconds: Length of a slot, one minute to a day. Slot n begins at n · slot_seconds.
        day_slots: Slots of a day, 1 … 96. Day n begins with slot n · day_slots.
        turn_seconds: τ of eq 1: how long a leader's turn to post lasts, one second to a day.
        post_seconds: How long after its end a slot can be posted, turn_seconds to the length of
            a day.
        window_seconds: How long after its posting a slot or day can be demanded, one minute to
            a week.
        answer_seconds: How long a demand can be answered, one minute to a week.
        day_post_seconds: How long a day can be posted, from the time on at which no slot of it
            can be demanded any more: window and answer, so that a wrong one can be replaced, to a
            week longer.
        retail: What a home pays its supplier per Wh, feed_in … (2**39 - 1) / (32,767 ·
            day_slots), so that the money of a day always has its five bytes.
        feed_in: What a home is paid per Wh that it feeds in, 1 … 2**32 - 1.
        pricing: How the price is made.
        fee: What each home pays for a day in which it pays, 0 … 2**32 - 1: one half goes to the
            leader of the day and one to whoever finalises.
        bond: What somebody other than the home pays to demand, 1 … 2**63 - 1.
        ring: How many slots can be under way, 8 … 1,024, a power of two.
    """

    ledger: str
    council: str
    disputes: str
    slot_seconds: int
    day_slots: int
    turn_seconds: int
    post_seconds: int
    window_seconds: int
    answer_seconds: int
    day_post_seconds: int
    retail: int
    feed_in: int
    pricing: Pricing
    fee: int
    bond: int
    ring: int

    __abi__: ClassVar[tuple[str, ...]] = (
        "ledger",
        "council",
        "disputes",
        "slot_seconds",
        "day_slots",
        "turn_seconds",
        "post_seconds",
        "window_seconds",
        "answer_seconds",
        "day_post_seconds",
        "retail",
        "feed_in",
        "pricing",
        "fee",
        "bond",
        "ring",
    )
    ABI: ClassVar[str] = (
        "(address,address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint8,uint256,uint256,uint256)"
    )

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> PrivateParameters:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return PrivateParameters(
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
            values[11],
            Pricing(values[12]),
            values[13],
            values[14],
            values[15],
        )


@dataclass(frozen=True)
class Day(Struct, Message):
    """What the homes pay and earn for one day. The leader and its peers in the day's cluster sign it.

    Args:
        day: The day, counted like the slots: slot / slots of a day.
        head: The last posted slot of the day that is not void: its leaves have the sums of the
            day.
        undone: Void slots whose energy is in these sums, a bitmap of places in the day; it is
            taken off.
        money: keccak256 of the money: five bytes for each home, in words of four homes.
        leader: Member that posts it.
    """

    day: int
    head: int
    undone: int
    money: bytes
    leader: str

    __abi__: ClassVar[tuple[str, ...]] = ("day", "head", "undone", "money", "leader")
    ABI: ClassVar[str] = "(uint256,uint256,uint256,bytes32,address)"
    TYPE: ClassVar[str] = "Day(uint256 day,uint256 head,uint256 undone,bytes32 money,address leader)"

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Day:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return Day(values[0], values[1], values[2], values[3], values[4])


@dataclass(frozen=True)
class DayFacts(Struct):
    """What a dispute about a home's money of a posted day goes by.

    Args:
        account: Account of the home.
        cap: Units of account that the home could pay in one of the day's slots at most.
        balance: Units of account that the home has locked now.
        fee: Units of account that each home pays for a day in which it pays.
    """

    account: str
    cap: int
    balance: int
    fee: int

    __abi__: ClassVar[tuple[str, ...]] = ("account", "cap", "balance", "fee")
    ABI: ClassVar[str] = "(address,uint256,uint256,uint256)"

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> DayFacts:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return DayFacts(values[0], values[1], values[2], values[3])


@dataclass(frozen=True)
class SumPosted(Struct):
    """A posted slot of the private form, as disputes show it again.

    Args:
        result: What was signed; its `rows` is the root of the sum tree.
        signers: The leader, then its peers in the order of the cluster.
        top: Hash of the uppermost node.
        homes: How many leaves there are.
        before: The slot whose sums the leaves go on from; the slot itself if it is the first of
            its day.
    """

    result: Result
    signers: Sequence[str]
    top: bytes
    homes: int
    before: int

    __abi__: ClassVar[tuple[str, ...]] = ("result", "signers", "top", "homes", "before")
    ABI: ClassVar[str] = (
        "((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[],bytes32,uint256,uint256)"
    )

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> SumPosted:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return SumPosted(Result.from_abi(values[0]), values[1], values[2], values[3], values[4])


@dataclass(frozen=True)
class Leaf(Struct):
    """What a slot of the private form says of one home. Only the home and the cluster know it.

    Args:
        home: Number of the home, which is the leaf's place in the tree.
        slot: The slot.
        wh: What the home shares, in Wh; sold is positive.
        money: Σ of price · wh over the day's slots up to this one, units of account; earned is
            positive.
        salt: 32 random bytes, never used before.
    """

    home: int
    slot: int
    wh: int
    money: int
    salt: bytes

    __abi__: ClassVar[tuple[str, ...]] = ("home", "slot", "wh", "money", "salt")
    ABI: ClassVar[str] = "(uint256,uint256,int256,int256,bytes32)"

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Leaf:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return Leaf(values[0], values[1], values[2], values[3], values[4])


@dataclass(frozen=True)
class Node(Struct):
    """A node of the sum tree: the hash of what is below, and what is sold and bought there.

    Args:
        hash: Hash of the leaf, or of the two nodes below.
        sold: Wh.
        bought: Wh.
    """

    hash: bytes
    sold: int
    bought: int

    __abi__: ClassVar[tuple[str, ...]] = ("hash", "sold", "bought")
    ABI: ClassVar[str] = "(bytes32,uint64,uint64)"

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Node:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return Node(values[0], values[1], values[2])


@dataclass(frozen=True)
class Opening(Struct):
    """A leaf with what leads to the root: the nodes beside its path, the lowest first.

    Args:
        leaf: The leaf.
        beside: A node for each level in which there is one beside the path.
    """

    leaf: Leaf
    beside: Sequence[Node]

    __abi__: ClassVar[tuple[str, ...]] = ("leaf", "beside")
    ABI: ClassVar[str] = "((uint256,uint256,int256,int256,bytes32),(bytes32,uint64,uint64)[])"

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Opening:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return Opening(Leaf.from_abi(values[0]), tuple(Node.from_abi(item) for item in values[1]))


@dataclass(frozen=True)
class DayPosted(Struct):
    """A posted day with its signers, as disputes show it again.

    Args:
        day: What was signed.
        signers: The leader, then its peers in the order of the cluster.
    """

    day: Day
    signers: Sequence[str]

    __abi__: ClassVar[tuple[str, ...]] = ("day", "signers")
    ABI: ClassVar[str] = "((uint256,uint256,uint256,bytes32,address),address[])"

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> DayPosted:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return DayPosted(Day.from_abi(values[0]), values[1])


@dataclass(frozen=True)
class NodePair(Struct):
    """Two nodes under one.

    Args:
        left: The one of the lower places.
        right: The one of the higher places.
    """

    left: Node
    right: Node

    __abi__: ClassVar[tuple[str, ...]] = ("left", "right")
    ABI: ClassVar[str] = "((bytes32,uint64,uint64),(bytes32,uint64,uint64))"

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> NodePair:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return NodePair(Node.from_abi(values[0]), Node.from_abi(values[1]))
