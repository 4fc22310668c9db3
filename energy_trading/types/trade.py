"""Structs, enums and messages of the trade, written by scripts/generate_bindings.py: do not edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar

from energy_trading.types.energy import Energy
from energy_trading.types.structs import Message, Struct


@dataclass(frozen=True)
class MarketParameters(Struct):
    """Constructor arguments of the market, each with its allowed range. BPS are basis points,
    hundredths of a per cent.

    Args:
        ledger: Energy ledger that names this market.
        guarantee_bps: Guarantee as a share of the price, 1 … 10,000 (Nazari: 10,000).
        fee_bps: Share of the seller's payment that goes to the treasury, 0 … 1,000.
        cancel_bps: Share of the guarantee that is lost when an offer is withdrawn before its
            expiry, 0 … 10,000.
        penalty_bps: Share of the guarantee that is lost for energy not delivered, 1 … 10,000.
        tolerance_bps: Share of the energy that may be missing before it is a default, 0 …
            10,000.
        max_duration: Longest time from now to deliver_by in seconds, one minute to a year.
        reply_time: Seconds after deliver_by in which the buyer's receipt still counts once the
            seller's meter has testified, one minute to thirty days.
        auction: Contract whose awards become trades; zero: none.
    """

    ledger: str
    guarantee_bps: int
    fee_bps: int
    cancel_bps: int
    penalty_bps: int
    tolerance_bps: int
    max_duration: int
    reply_time: int
    auction: str

    __abi__: ClassVar[tuple[str, ...]] = (
        "ledger",
        "guarantee_bps",
        "fee_bps",
        "cancel_bps",
        "penalty_bps",
        "tolerance_bps",
        "max_duration",
        "reply_time",
        "auction",
    )
    ABI: ClassVar[str] = "(address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,address)"

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> MarketParameters:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return MarketParameters(
            values[0], values[1], values[2], values[3], values[4], values[5], values[6], values[7], values[8]
        )


class DeliveryFault(IntEnum):
    """Why a receipt was refused."""

    NONE = 0
    NOT_ACCEPTED = 1
    EXPIRED = 2
    NOT_PARTY = 3
    ENERGY_HIDDEN = 4
    BAD_RECEIPT = 5


class TestimonyFault(IntEnum):
    """Why a testimony was refused."""

    NONE = 0
    NOT_ALLOWED = 1
    NOT_WAITING = 2
    EXPIRED = 3
    OUTSIDE_TRADE = 4
    NOT_PARTY = 5
    PAID_BY_LOTS = 6
    ENERGY_HIDDEN = 7
    TOO_LITTLE = 8
    NOT_SELLERS_METER = 9
    BAD_TESTIMONY = 10


class TradeState(IntEnum):
    """Current state of a trade. A finished trade whose terms can never come back reports `NONE`."""

    NONE = 0
    OFFERED = 1
    CLOSED = 2
    ACCEPTED = 3
    AWARDED = 4
    PAID_SHORT = 5
    TESTIFIED = 6


@dataclass(frozen=True)
class Terms(Struct, Message):
    """What a seller offers (CTS, the commitment to send; N-1). Its EIP-712 struct hash is the trade
    id, which the papers call the contract hash.

    Args:
        seller: Account that promises the energy and whose guarantee is held.
        buyer: Account that the offer is reserved for; zero: anyone.
        energy: Quantity: in Wh if below 2**64, else hidden as keccak256(abi.encode(energy_wh,
            salt)) (N-5).
        price: Price of the whole quantity in the ledger's units of account.
        accept_by: Unix seconds; the offer can be accepted while block.timestamp < accept_by.
        deliver_by: Unix seconds; a receipt counts while block.timestamp < deliver_by.
        nonce: Tells equal offers of one seller apart. Bit 255 is set exactly in offers signed
            off chain, bit 254 exactly in awards of an auction. Bit 253 lets the seller's meter
            testify, see `NonceKind`.
    """

    seller: str
    buyer: str
    energy: Energy
    price: int
    accept_by: int
    deliver_by: int
    nonce: int

    __abi__: ClassVar[tuple[str, ...]] = (
        "seller",
        "buyer",
        "energy",
        "price",
        "accept_by",
        "deliver_by",
        "nonce",
    )
    ABI: ClassVar[str] = "(address,address,bytes32,uint256,uint256,uint256,uint256)"
    TYPE: ClassVar[str] = (
        "Offer(address seller,address buyer,bytes32 energy,uint256 price,uint256 acceptBy,uint256 deliverBy,uint256 nonce)"
    )

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Terms:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return Terms(values[0], values[1], Energy(values[2]), values[3], values[4], values[5], values[6])


@dataclass(frozen=True)
class ReceiptKey(Struct):
    """A one-time meter key that the buyer names at acceptance (CoE, certificate of existence; N-6).

    Args:
        signer: ERC-7913 signer: a 20-byte address, or the address of a verifier followed by the
            key.
        epoch: Epoch of the root in `EnergyLedger` that contains the key.
        proof: Merkle proof of keccak256(keccak256(signer)) under that root.
        signature: The key's own signature of Acceptance(trade_id, buyer).
    """

    signer: bytes
    epoch: int
    proof: Sequence[bytes]
    signature: bytes

    __abi__: ClassVar[tuple[str, ...]] = ("signer", "epoch", "proof", "signature")
    ABI: ClassVar[str] = "(bytes,uint256,bytes32[],bytes)"

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> ReceiptKey:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return ReceiptKey(values[0], values[1], values[2], values[3])


@dataclass(frozen=True)
class Delivery(Struct):
    """A meter's receipt with what is needed to check it (ERC, energy receipt confirmation; N-3).

    Args:
        terms: The offer.
        buyer: Account that accepted it.
        signer: ERC-7913 signer named at acceptance.
        energy: What the meter signed: the Wh delivered, or the commitment of the terms
            (delivered in full).
        signature: The signer's signature of Receipt(trade_id, energy).
    """

    terms: Terms
    buyer: str
    signer: bytes
    energy: Energy
    signature: bytes

    __abi__: ClassVar[tuple[str, ...]] = ("terms", "buyer", "signer", "energy", "signature")
    ABI: ClassVar[str] = (
        "((address,address,bytes32,uint256,uint256,uint256,uint256),address,bytes,bytes32,bytes)"
    )

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Delivery:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return Delivery(Terms.from_abi(values[0]), values[1], values[2], Energy(values[3]), values[4])


@dataclass(frozen=True)
class Witness(Struct):
    """A testimony of the seller's meter, with what is needed to check it: what it fed in for a trade.
    The payment follows the buyer's meter, guilt the seller's.

    Args:
        terms: The offer; its nonce allows testimony.
        buyer: Account that accepted it; ignored if the trade is paid short.
        receipt_signer: ERC-7913 signer named at acceptance; ignored if the trade is paid short.
        signer: ERC-7913 signer that is registered for the seller now.
        energy: What the meter signed: the Wh that it fed in, or the commitment of the terms
            (all of it).
        from_: Unix seconds; start of the time in which it was fed in, not before accept_by.
        to: Unix seconds; its end, after `from` and not after deliver_by.
        signature: The meter's signature of Testimony(trade_id, energy, from, to).
    """

    terms: Terms
    buyer: str
    receipt_signer: bytes
    signer: bytes
    energy: Energy
    from_: int
    to: int
    signature: bytes

    __abi__: ClassVar[tuple[str, ...]] = (
        "terms",
        "buyer",
        "receipt_signer",
        "signer",
        "energy",
        "from_",
        "to",
        "signature",
    )
    ABI: ClassVar[str] = (
        "((address,address,bytes32,uint256,uint256,uint256,uint256),address,bytes,bytes,bytes32,uint256,uint256,bytes)"
    )

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Witness:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return Witness(
            Terms.from_abi(values[0]),
            values[1],
            values[2],
            values[3],
            Energy(values[4]),
            values[5],
            values[6],
            values[7],
        )


@dataclass(frozen=True)
class Acceptance(Message):
    """What a one-time receipt key signs when an acceptance names it (N-6).

    Args:
        trade_id: Hash of the terms, 32 bytes.
        buyer: Account that accepts.
    """

    trade_id: bytes
    buyer: str

    TYPE: ClassVar[str] = "Acceptance(bytes32 tradeId,address buyer)"


@dataclass(frozen=True)
class Receipt(Message):
    """What a meter signs to prove delivery (energy receipt confirmation, ERC, N-3).

    Args:
        trade_id: Hash of the terms, 32 bytes; it binds the deadline, which the terms carry.
        energy: Quantity delivered, or the commitment of the terms if all of it was.
    """

    trade_id: bytes
    energy: Energy

    TYPE: ClassVar[str] = "Receipt(bytes32 tradeId,bytes32 energy)"


@dataclass(frozen=True)
class Testimony(Message):
    """What a seller's meter signs about the energy it fed in for a trade (N-3, N-7).

    Args:
        trade_id: Hash of the terms, 32 bytes.
        energy: Quantity fed in, or the commitment of the terms if all of it was.
        from_: Start of the time in which it was, unix seconds.
        to: End of that time, unix seconds.
    """

    trade_id: bytes
    energy: Energy
    from_: int
    to: int

    TYPE: ClassVar[str] = "Testimony(bytes32 tradeId,bytes32 energy,uint256 from,uint256 to)"
