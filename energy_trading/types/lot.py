"""Structs, enums and messages of the lot, written by scripts/generate_bindings.py: do not edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar

from energy_trading.types.structs import Message, Struct


@dataclass(frozen=True)
class LotParameters(Struct):
    """Constructor arguments of the lots.

    Args:
        ledger: Energy ledger that names this contract as a market; its owner is the DSO.
        market: Offer market whose trades lots can fulfil.
        slot_seconds: Length of a delivery slot in seconds, one minute to a day.
    """

    ledger: str
    market: str
    slot_seconds: int

    __abi__: ClassVar[tuple[str, ...]] = ("ledger", "market", "slot_seconds")
    ABI: ClassVar[str] = "(address,address,uint256)"

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> LotParameters:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return LotParameters(values[0], values[1], values[2])


class LotState(IntEnum):
    """Current state of a lot."""

    NONE = 0
    ALIVE = 1
    RETIRED = 2
    SPLIT = 3
    MERGED = 4


@dataclass(frozen=True)
class LotView(Struct):
    """Everything about a lot, in a form for people.

    Args:
        owner: Account; zero once the lot has ended.
        energy_wh: Energy in Wh, the same for the whole life of the lot.
        slot_start: Start of the delivery slot, unix seconds.
        nonce: Nonce that permits must carry; it counts changes of owner and cancellations.
        state: What became of the lot.
    """

    owner: str
    energy_wh: int
    slot_start: int
    nonce: int
    state: LotState

    __abi__: ClassVar[tuple[str, ...]] = ("owner", "energy_wh", "slot_start", "nonce", "state")
    ABI: ClassVar[str] = "(address,uint256,uint256,uint256,uint8)"

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> LotView:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return LotView(values[0], values[1], values[2], values[3], LotState(values[4]))


@dataclass(frozen=True)
class Injection(Struct, Message):
    """The DSO's statement that energy was injected (sign_D, C-4), with how to reach the producer. DSO
    is the distribution system operator.

    Args:
        producer: Account that injected the energy (txAddr) and gets the lot.
        energy_wh: Energy in Wh, 1 … 2**40 - 1.
        slot_start: Start of the delivery slot, unix seconds.
        meter: keccak256 of the ERC-7913 signer that signed the reading.
        reading: Hash of the reading that the meter signed. It is the lot's id, so it can be
            minted once.
        public_key: pubK of the producer, for the handshake (C-5); empty where the account is a
            contract without one.
        msg_addr: Where the producer can be reached (eq 2).
        nonce: Serial number of the DSO.
        deadline: Unix seconds; the lot can be minted while block.timestamp < deadline.
    """

    producer: str
    energy_wh: int
    slot_start: int
    meter: bytes
    reading: bytes
    public_key: bytes
    msg_addr: bytes
    nonce: int
    deadline: int

    __abi__: ClassVar[tuple[str, ...]] = (
        "producer",
        "energy_wh",
        "slot_start",
        "meter",
        "reading",
        "public_key",
        "msg_addr",
        "nonce",
        "deadline",
    )
    ABI: ClassVar[str] = "(address,uint256,uint256,bytes32,bytes32,bytes,bytes32,uint256,uint256)"
    TYPE: ClassVar[str] = (
        "Injection(address producer,uint256 energyWh,uint256 slotStart,bytes32 meter,bytes32 reading,bytes publicKey,bytes32 msgAddr,uint256 nonce,uint256 deadline)"
    )

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Injection:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return Injection(
            values[0], values[1], values[2], values[3], values[4], values[5], values[6], values[7], values[8]
        )


@dataclass(frozen=True)
class InjectionReading(Message):
    """What a meter signs about the energy it fed in; its struct hash is the lot's id (C-4).

    Args:
        meter: ERC-7913 signer of the meter.
        slot_start: Start of the delivery slot, unix seconds.
        energy_wh: Energy fed in during the slot, Wh.
    """

    meter: bytes
    slot_start: int
    energy_wh: int

    TYPE: ClassVar[str] = "InjectionReading(bytes meter,uint256 slotStart,uint256 energyWh)"


@dataclass(frozen=True)
class InjectionRequest(Message):
    """What a producer signs to have a reading certified: sign(PK_DSO), with its contact (C-4).

    Args:
        producer: Account that is to own the lot (txAddr, eq 1).
        reading: Struct hash of the meter's InjectionReading, 32 bytes.
        public_key: pubK, 33 bytes; empty for a contract account.
        msg_addr: Where the producer can be reached, 32 bytes (eq 2).
        dso: Account of the distribution system operator that is asked.
    """

    producer: str
    reading: bytes
    public_key: bytes
    msg_addr: bytes
    dso: str

    TYPE: ClassVar[str] = (
        "InjectionRequest(address producer,bytes32 reading,bytes publicKey,bytes32 msgAddr,address dso)"
    )


@dataclass(frozen=True)
class ExchangePermit(Message):
    """What the owner of a lot signs to sell it (eq 8, C-7).

    Args:
        lot: Id.
        buyer: Account of the new owner.
        price: Units of account.
        nonce: Nonce of the lot.
        deadline: Unix seconds; the permit is valid before it.
    """

    lot: int
    buyer: str
    price: int
    nonce: int
    deadline: int

    TYPE: ClassVar[str] = (
        "ExchangePermit(uint256 lot,address buyer,uint256 price,uint256 nonce,uint256 deadline)"
    )


@dataclass(frozen=True)
class ExchangeAcceptance(Message):
    """What the new owner of a lot signs (sign_A, C-8).

    Args:
        permit: The permit of the old owner, which binds lot, price, nonce and deadline.
        msg_addr: Where the new owner can be reached, 32 bytes (eq 2).
    """

    permit: ExchangePermit
    msg_addr: bytes

    TYPE: ClassVar[str] = (
        "ExchangeAcceptance(ExchangePermit permit,bytes32 msgAddr)ExchangePermit(uint256 lot,address buyer,uint256 price,uint256 nonce,uint256 deadline)"
    )


@dataclass(frozen=True)
class Permit(Message):
    """What the owner of a lot signs to let somebody transfer it (ERC-4494).

    Args:
        spender: Account that may transfer the lot.
        token_id: Id of the lot.
        nonce: Nonce of the lot.
        deadline: Unix seconds; the permit is valid up to and including it.
    """

    spender: str
    token_id: int
    nonce: int
    deadline: int

    TYPE: ClassVar[str] = "Permit(address spender,uint256 tokenId,uint256 nonce,uint256 deadline)"
