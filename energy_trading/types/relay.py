"""Structs, enums and messages of the relay, written by scripts/generate_bindings.py: do not edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from energy_trading.types.structs import Message, Struct
from energy_trading.types.trade import ReceiptKey, Terms


@dataclass(frozen=True)
class Relay(Struct):
    """What every signed order grants to whoever carries it to the chain.

    Args:
        deadline: Unix seconds; the order can be carried out while block.timestamp < deadline.
        relayer: Account that gets the fee, whoever sends the transaction; zero: nobody, and the
            fee is zero.
        fee: Units of account that the signer pays to the relayer, if and only if the order is
            carried out.
    """

    deadline: int
    relayer: str
    fee: int

    __abi__: ClassVar[tuple[str, ...]] = ("deadline", "relayer", "fee")
    ABI: ClassVar[str] = "(uint256,address,uint256)"

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Relay:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return Relay(values[0], values[1], values[2])


@dataclass(frozen=True)
class RelayedPurchase(Struct):
    """A purchase that the buyer signed and anyone may carry. What is signed is Purchase(buyer,
    trade_id, max_price, receipt_key, deadline, relayer, fee); trade id and receipt key follow from
    terms and key.

    Args:
        terms: The offer as made on chain, as signed off chain, or as awarded by an auction.
        buyer: Account that pays.
        max_price: The most units of account that the buyer pays for the energy; the fee comes
            on top.
        relay: Deadline, relayer and fee.
        key: Empty: the buyer's registered meter will sign the receipt. One entry: this one-time
            key will.
        buyer_signature: The buyer's signature of the Purchase (65 or 64 bytes, or ERC-1271).
        seller_signature: The seller's signature of an offer made off chain (65 or 64 bytes, or
            ERC-1271). It is not looked at if the nonce of the terms says that the offer or award
            stands on chain.
    """

    terms: Terms
    buyer: str
    max_price: int
    relay: Relay
    key: Sequence[ReceiptKey]
    buyer_signature: bytes
    seller_signature: bytes

    __abi__: ClassVar[tuple[str, ...]] = (
        "terms",
        "buyer",
        "max_price",
        "relay",
        "key",
        "buyer_signature",
        "seller_signature",
    )
    ABI: ClassVar[str] = (
        "((address,address,bytes32,uint256,uint256,uint256,uint256),address,uint256,(uint256,address,uint256),(bytes,uint256,bytes32[],bytes)[],bytes,bytes)"
    )

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> RelayedPurchase:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return RelayedPurchase(
            Terms.from_abi(values[0]),
            values[1],
            values[2],
            Relay.from_abi(values[3]),
            tuple(ReceiptKey.from_abi(item) for item in values[4]),
            values[5],
            values[6],
        )


@dataclass(frozen=True)
class Bid(Struct, Message):
    """A buyer's standing order: it buys any offer that keeps to these limits, once. The contract
    checks all of them, so that whoever carries the bid chooses among good offers only.

    Args:
        buyer: Account that pays.
        seller: Account that must sell; zero: anyone with a registered meter and enough credit.
        min_wh: The least energy of the offer in Wh; hidden energy is refused.
        max_wh: The most energy of the offer in Wh.
        max_price_per_mwh: The most units of account for 1,000,000 Wh. The offer's price per MWh
            is rounded up, that is, against whoever carries the bid; the fee comes on top.
        slot_start: Unix seconds; the offer's accept_by, from when on it is delivered, must not
            be before.
        slot_end: Unix seconds; the offer's deliver_by must not be after.
        min_seller_credit: The least credit of the seller, scale 1e9.
        deadline: Unix seconds; the bid can be carried out while block.timestamp < deadline.
        nonce: Any number that the buyer has not used in the market before, see `RelayDesk`.
        receipt_key: Zero: the buyer's registered meter will sign the receipt. Otherwise
            keccak256 of the signer of the one-time key that must come with the bid.
        relayer: Account that gets the fee, whoever sends the transaction; zero: nobody, and the
            fee is zero.
        fee: Units of account that the buyer pays to the relayer, if and only if the bid is
            carried out.
    """

    buyer: str
    seller: str
    min_wh: int
    max_wh: int
    max_price_per_mwh: int
    slot_start: int
    slot_end: int
    min_seller_credit: int
    deadline: int
    nonce: int
    receipt_key: bytes
    relayer: str
    fee: int

    __abi__: ClassVar[tuple[str, ...]] = (
        "buyer",
        "seller",
        "min_wh",
        "max_wh",
        "max_price_per_mwh",
        "slot_start",
        "slot_end",
        "min_seller_credit",
        "deadline",
        "nonce",
        "receipt_key",
        "relayer",
        "fee",
    )
    ABI: ClassVar[str] = (
        "(address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,bytes32,address,uint256)"
    )
    TYPE: ClassVar[str] = (
        "Bid(address buyer,address seller,uint256 minWh,uint256 maxWh,uint256 maxPricePerMWh,uint256 slotStart,uint256 slotEnd,uint256 minSellerCredit,uint256 deadline,uint256 nonce,bytes32 receiptKey,address relayer,uint256 fee)"
    )

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Bid:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return Bid(
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
            values[12],
        )


@dataclass(frozen=True)
class RelayedBid(Struct):
    """A bid with the offer that it buys.

    Args:
        terms: The offer as made on chain or as signed off chain.
        bid: The buyer's order.
        key: Empty if the bid names no receipt key, else the key that it names.
        buyer_signature: The buyer's signature of the bid (65 or 64 bytes, or ERC-1271).
        seller_signature: As in `RelayedPurchase`.
    """

    terms: Terms
    bid: Bid
    key: Sequence[ReceiptKey]
    buyer_signature: bytes
    seller_signature: bytes

    __abi__: ClassVar[tuple[str, ...]] = ("terms", "bid", "key", "buyer_signature", "seller_signature")
    ABI: ClassVar[str] = (
        "((address,address,bytes32,uint256,uint256,uint256,uint256),(address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,bytes32,address,uint256),(bytes,uint256,bytes32[],bytes)[],bytes,bytes)"
    )

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> RelayedBid:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return RelayedBid(
            Terms.from_abi(values[0]),
            Bid.from_abi(values[1]),
            tuple(ReceiptKey.from_abi(item) for item in values[2]),
            values[3],
            values[4],
        )


@dataclass(frozen=True)
class Purchase(Message):
    """What a buyer signs so that anyone may submit the acceptance of an offer or award (N-2).

    Args:
        buyer: Account that pays.
        trade_id: Hash of the terms, 32 bytes.
        max_price: The most units of account that the buyer pays for the energy.
        receipt_key: Hash of the one-time key's signer, 32 bytes; zero: the registered meter
            signs.
        deadline: Unix seconds; the order can be carried out before.
        relayer: Account that gets the fee; the zero address: nobody.
        fee: Units of account that the buyer pays to the relayer on top of the price.
    """

    buyer: str
    trade_id: bytes
    max_price: int
    receipt_key: bytes
    deadline: int
    relayer: str
    fee: int

    TYPE: ClassVar[str] = (
        "Purchase(address buyer,bytes32 tradeId,uint256 maxPrice,bytes32 receiptKey,uint256 deadline,address relayer,uint256 fee)"
    )


@dataclass(frozen=True)
class GiveUp(Message):
    """What a seller signs so that anyone may submit the withdrawal of an open offer (N-4).

    Args:
        trade_id: Hash of the terms, 32 bytes.
        not_before: Unix seconds; the order counts from then on.
        max_cut: The most units of account of the guarantee that may be lost.
        deadline: Unix seconds; the order can be carried out before.
        relayer: Account that gets the fee; the zero address: nobody.
        fee: Units of account that the seller pays to the relayer.
    """

    trade_id: bytes
    not_before: int
    max_cut: int
    deadline: int
    relayer: str
    fee: int

    TYPE: ClassVar[str] = (
        "GiveUp(bytes32 tradeId,uint256 notBefore,uint256 maxCut,uint256 deadline,address relayer,uint256 fee)"
    )


@dataclass(frozen=True)
class Cancellation(Message):
    """What a seller signs so that anyone may cancel an offer that was signed off chain (N-4).

    Args:
        trade_id: Hash of the terms, 32 bytes.
        deadline: Unix seconds; the order can be carried out before.
        relayer: Account that gets the fee; the zero address: nobody.
        fee: Units of account that the seller pays to the relayer.
    """

    trade_id: bytes
    deadline: int
    relayer: str
    fee: int

    TYPE: ClassVar[str] = "Cancellation(bytes32 tradeId,uint256 deadline,address relayer,uint256 fee)"
