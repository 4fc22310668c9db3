"""Structs, enums and messages of the slot, written by scripts/generate_bindings.py: do not edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar

from energy_trading.types.structs import Message, Struct


class Pricing(IntEnum):
    """How the price of a slot is made."""

    MID_RATE = 0
    SUPPLY_DEMAND_RATIO = 1


@dataclass(frozen=True)
class SlotParameters(Struct):
    """Constructor arguments of the slot market, each with its allowed range. Money is in units of
    account.

    Args:
        ledger: Energy ledger that names the slot market.
        council: Council whose clusters sign the slots.
        disputes: Contract that judges disputes.
        slot_seconds: Length of a slot, one minute to a day. Slot n begins at n · slot_seconds.
        turn_seconds: τ of eq 1: how long a leader's turn to post lasts, one second to a day.
        post_seconds: How long after its end a slot can be posted, turn_seconds to a week.
        window_seconds: How long after its posting a slot can be demanded, one minute to a week.
        answer_seconds: How long a demand can be answered, one minute to a week.
        retail: What a home pays its supplier per Wh, feed_in … 2**32 - 1.
        feed_in: What a home is paid per Wh that it feeds in, 1 … 2**32 - 1.
        pricing: How the price is made.
        fee: What each home that buys in a slot pays, 0 … 2**32 - 1: one half goes to the leader
            and one to whoever finalises.
        bond: What somebody other than the home pays to demand its row, 1 … 2**63 - 1.
        ring: How many slots can be under way, 8 … 1,024, a power of two.
    """

    ledger: str
    council: str
    disputes: str
    slot_seconds: int
    turn_seconds: int
    post_seconds: int
    window_seconds: int
    answer_seconds: int
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
        "turn_seconds",
        "post_seconds",
        "window_seconds",
        "answer_seconds",
        "retail",
        "feed_in",
        "pricing",
        "fee",
        "bond",
        "ring",
    )
    ABI: ClassVar[str] = (
        "(address,address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint8,uint256,uint256,uint256)"
    )

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> SlotParameters:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return SlotParameters(
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
            Pricing(values[10]),
            values[11],
            values[12],
            values[13],
        )


@dataclass(frozen=True)
class Result(Struct, Message):
    """How the pool divided one slot. The leader and its peers in the slot's cluster sign it.

    Args:
        slot: The slot.
        price: Units of account per Wh.
        metered_supply_wh: Σ of what the homes with an order fed in, whatever their limits; it
            sets the price.
        metered_demand_wh: Σ of what the homes with an order drew, whatever their limits; it
            sets the price.
        supply_wh: Σ of what those fed in that sell at the price.
        demand_wh: Σ of what those drew that buy at the price, each as far as its budget goes.
        orders: Root of the orders that were acknowledged.
        rows: Root of the rows: keccak256 of the hashes of their chunks of 64.
        leader: Member that posts it.
    """

    slot: int
    price: int
    metered_supply_wh: int
    metered_demand_wh: int
    supply_wh: int
    demand_wh: int
    orders: bytes
    rows: bytes
    leader: str

    __abi__: ClassVar[tuple[str, ...]] = (
        "slot",
        "price",
        "metered_supply_wh",
        "metered_demand_wh",
        "supply_wh",
        "demand_wh",
        "orders",
        "rows",
        "leader",
    )
    ABI: ClassVar[str] = "(uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address)"
    TYPE: ClassVar[str] = (
        "Result(uint256 slot,uint256 price,uint256 meteredSupplyWh,uint256 meteredDemandWh,uint256 supplyWh,uint256 demandWh,bytes32 orders,bytes32 rows,address leader)"
    )

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Result:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return Result(
            values[0], values[1], values[2], values[3], values[4], values[5], values[6], values[7], values[8]
        )


class Fault(IntEnum):
    """Why a slot is void."""

    NONE = 0
    UNANSWERED = 1
    MISFILL = 2
    OVERSPEND = 3
    OVERDRAFT = 4
    WRONG_SUM = 5
    WRONG_TREE = 6


@dataclass(frozen=True)
class Facts(Struct):
    """What a dispute about one row of a posted slot goes by: everything as it was for the slot.

    Args:
        account: Account of the home.
        window_end: Unix seconds at which the window of the slot ends.
        cap: Units of account that the home could pay in the slot at most.
        frozen: Whether the home was to have no row.
        meter: keccak256 of the ERC-7913 signer that measured the home.
        min_nonce: Least nonce of an order that counted.
        fee: Units of account that each buying home pays.
    """

    account: str
    window_end: int
    cap: int
    frozen: bool
    meter: bytes
    min_nonce: int
    fee: int

    __abi__: ClassVar[tuple[str, ...]] = (
        "account",
        "window_end",
        "cap",
        "frozen",
        "meter",
        "min_nonce",
        "fee",
    )
    ABI: ClassVar[str] = "(address,uint256,uint256,bool,bytes32,uint256,uint256)"

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Facts:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return Facts(values[0], values[1], values[2], values[3], values[4], values[5], values[6])


@dataclass(frozen=True)
class HomeView(Struct):
    """Everything about a home, in a form for people.

    Args:
        account: Its account.
        balance: Units of account locked in the market.
        exit_amount: Units of account that it asked to withdraw.
        exit_slot: Slot in which it asked.
        cap: Units of account that it pays in one slot at most, from `cap_since` on.
        cap_before: The cap of the slots before `cap_since`.
        cap_since: First slot of the cap.
        frozen_from: First slot in which it has no row.
        frozen_to: First slot after those in which it has no row; 2**32 - 1: no end is known.
        meter: keccak256 of its meter's ERC-7913 signer.
    """

    account: str
    balance: int
    exit_amount: int
    exit_slot: int
    cap: int
    cap_before: int
    cap_since: int
    frozen_from: int
    frozen_to: int
    meter: bytes

    __abi__: ClassVar[tuple[str, ...]] = (
        "account",
        "balance",
        "exit_amount",
        "exit_slot",
        "cap",
        "cap_before",
        "cap_since",
        "frozen_from",
        "frozen_to",
        "meter",
    )
    ABI: ClassVar[str] = "(address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,bytes32)"

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> HomeView:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return HomeView(
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
        )


class SlotState(IntEnum):
    """Current state of a slot."""

    NONE = 0
    POSTED = 1
    VOID = 2
    EMPTY = 3
    FINAL = 4


@dataclass(frozen=True)
class Posted(Struct):
    """A posted slot with its signers, as disputes show it again.

    Args:
        result: What was signed.
        signers: The leader, then its peers in the order of the cluster.
    """

    result: Result
    signers: Sequence[str]

    __abi__: ClassVar[tuple[str, ...]] = ("result", "signers")
    ABI: ClassVar[str] = (
        "((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[])"
    )

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Posted:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return Posted(Result.from_abi(values[0]), values[1])


@dataclass(frozen=True)
class RowProof(Struct):
    """One row of a posted slot with what leads to the root of the rows.

    Args:
        chunk: The rows of 64 homes (fewer in the last chunk), two bytes each.
        hashes: keccak256 of every chunk of the slot.
    """

    chunk: bytes
    hashes: Sequence[bytes]

    __abi__: ClassVar[tuple[str, ...]] = ("chunk", "hashes")
    ABI: ClassVar[str] = "(bytes,bytes32[])"

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> RowProof:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return RowProof(values[0], values[1])


@dataclass(frozen=True)
class Order(Struct, Message):
    """A home's standing order for the pool. The account's key signs it; an account's code (ERC-1271)
    does not count, because it can change its mind.

    Args:
        account: Account of the home.
        first_slot: First slot that it is for.
        last_slot: Last slot that it is for; at most 95 slots after the first.
        buy_limit: Highest price at which the home buys, units of account per Wh.
        sell_limit: Lowest price at which the home sells, units of account per Wh.
        max_spend: Most that the home pays in one slot, fee included, units of account.
        nonce: The highest acknowledged nonce counts.
    """

    account: str
    first_slot: int
    last_slot: int
    buy_limit: int
    sell_limit: int
    max_spend: int
    nonce: int

    __abi__: ClassVar[tuple[str, ...]] = (
        "account",
        "first_slot",
        "last_slot",
        "buy_limit",
        "sell_limit",
        "max_spend",
        "nonce",
    )
    ABI: ClassVar[str] = "(address,uint256,uint256,uint256,uint256,uint256,uint256)"
    TYPE: ClassVar[str] = (
        "Order(address account,uint256 firstSlot,uint256 lastSlot,uint256 buyLimit,uint256 sellLimit,uint256 maxSpend,uint256 nonce)"
    )

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Order:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return Order(values[0], values[1], values[2], values[3], values[4], values[5], values[6])


@dataclass(frozen=True)
class Reading(Struct, Message):
    """What a home's meter measured in one slot. The meter signs it.

    Args:
        account: Account of the home.
        slot: The slot.
        net_wh: Wh fed into the grid less Wh drawn from it.
    """

    account: str
    slot: int
    net_wh: int

    __abi__: ClassVar[tuple[str, ...]] = ("account", "slot", "net_wh")
    ABI: ClassVar[str] = "(address,uint256,int256)"
    TYPE: ClassVar[str] = "Reading(address account,uint256 slot,int256 netWh)"

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Reading:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return Reading(values[0], values[1], values[2])


@dataclass(frozen=True)
class Evidence(Struct):
    """The order and the reading behind a row.

    Args:
        order: The home's order.
        order_signature: The account's signature of it, 65 or 64 bytes.
        reading: The home's reading.
        meter: ERC-7913 signer of the home's meter.
        reading_signature: The meter's signature of the reading.
    """

    order: Order
    order_signature: bytes
    reading: Reading
    meter: bytes
    reading_signature: bytes

    __abi__: ClassVar[tuple[str, ...]] = ("order", "order_signature", "reading", "meter", "reading_signature")
    ABI: ClassVar[str] = (
        "((address,uint256,uint256,uint256,uint256,uint256,uint256),bytes,(address,uint256,int256),bytes,bytes)"
    )

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Evidence:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return Evidence(
            Order.from_abi(values[0]), values[1], Reading.from_abi(values[2]), values[3], values[4]
        )


@dataclass(frozen=True)
class Ack(Struct, Message):
    """A member's word to a home about what it will be charged by. A member signs one for each home and
    slot.

    Args:
        slot: The slot.
        account: Account of the home.
        order: Struct hash of the home's `Order`.
        reading: Struct hash of the home's `Reading`.
        budget: Units of account that the home can pay in the slot, as the member knows its
            funds.
    """

    slot: int
    account: str
    order: bytes
    reading: bytes
    budget: int

    __abi__: ClassVar[tuple[str, ...]] = ("slot", "account", "order", "reading", "budget")
    ABI: ClassVar[str] = "(uint256,address,bytes32,bytes32,uint256)"
    TYPE: ClassVar[str] = "Ack(uint256 slot,address account,bytes32 order,bytes32 reading,uint256 budget)"

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Ack:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return Ack(values[0], values[1], values[2], values[3], values[4])
