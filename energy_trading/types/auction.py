"""Structs, enums and messages of the auction, written by scripts/generate_bindings.py: do not edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar

from energy_trading.types.structs import Message, Struct


@dataclass(frozen=True)
class AuctionParameters(Struct):
    """Constructor arguments of the auction.

    Args:
        ledger: Energy ledger that names this auction as a market.
        market: Offer market that takes awards from this auction. It must be deployed already.
        bidders_bps: Share of a forfeited guarantee that goes to the quotes in equal parts, 0 …
            10,000 basis points (hundredths of a per cent). The rest goes to the treasury.
        min_settle_window: Shortest time from disclose_until to settle_by in seconds, 1 minute
            to 1 day.
        min_pay_window: Shortest time from settle_by to pay_by in seconds, 1 minute to 1 day.
        quote_fee: What each quote costs beside its gas, in wei of the chain's native coin, 0 …
            10**18.
        settler_bps: Part of the fee that goes to whoever settles the quote, 0 … 5,000 basis
            points, rounded down. The rest goes to the treasury, so that whoever settles its own
            quotes still pays at least half.
        max_duration: Longest time from now to deliver_by in seconds, one minute to the market's
            own.
    """

    ledger: str
    market: str
    bidders_bps: int
    min_settle_window: int
    min_pay_window: int
    quote_fee: int
    settler_bps: int
    max_duration: int

    __abi__: ClassVar[tuple[str, ...]] = (
        "ledger",
        "market",
        "bidders_bps",
        "min_settle_window",
        "min_pay_window",
        "quote_fee",
        "settler_bps",
        "max_duration",
    )
    ABI: ClassVar[str] = "(address,address,uint256,uint256,uint256,uint256,uint256,uint256)"

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> AuctionParameters:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return AuctionParameters(
            values[0], values[1], values[2], values[3], values[4], values[5], values[6], values[7]
        )


class AuctionState(IntEnum):
    """Current state of an auction. A finished auction reports `NONE`."""

    NONE = 0
    QUOTING = 1
    AWAITING_KEY = 2
    DISCLOSED = 3
    FORFEITED = 4


@dataclass(frozen=True)
class AuctionTerms(Struct):
    """What a publisher puts up for auction (X-4 Table 2, X-8). keccak256(abi.encode(terms)) is the
    auction id.

    Args:
        publisher: Seller, whose guarantee for the highest possible payment is held.
        quote_key: Address of the key that quotes are encrypted to.
        start_price: Lowest valid quote in units of account per kWh, and what a winner without a
            follower pays.
        ceiling: Highest valid quote in units of account per kWh.
        quote_until: Unix seconds; quotes count while block.timestamp < quote_until.
        disclose_until: Unix seconds; the key must be disclosed while block.timestamp <
            disclose_until.
        settle_by: Unix seconds; the settlement must be finished while block.timestamp <
            settle_by.
        pay_by: Unix seconds; a winner must pay while block.timestamp < pay_by.
        deliver_by: Unix seconds, as in `Terms`.
        nonce: Tells equal auctions of one publisher apart.
        lots_wh: 1 … 8 lots in Wh, the largest first; the i-th highest bidder takes the i-th
            lot.
    """

    publisher: str
    quote_key: str
    start_price: int
    ceiling: int
    quote_until: int
    disclose_until: int
    settle_by: int
    pay_by: int
    deliver_by: int
    nonce: int
    lots_wh: Sequence[int]

    __abi__: ClassVar[tuple[str, ...]] = (
        "publisher",
        "quote_key",
        "start_price",
        "ceiling",
        "quote_until",
        "disclose_until",
        "settle_by",
        "pay_by",
        "deliver_by",
        "nonce",
        "lots_wh",
    )
    ABI: ClassVar[str] = (
        "(address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256[])"
    )

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> AuctionTerms:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return AuctionTerms(
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
class Quote(Struct):
    """A quote as it was sealed, repeated for the replay.

    Args:
        bidder: Account that bids.
        cx: x coordinate of the ephemeral point.
        body: Parity of the ephemeral point and masked amount.
    """

    bidder: str
    cx: int
    body: int

    __abi__: ClassVar[tuple[str, ...]] = ("bidder", "cx", "body")
    ABI: ClassVar[str] = "(address,uint256,uint256)"

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Quote:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return Quote(values[0], values[1], values[2])


@dataclass(frozen=True)
class RelayedQuote(Message):
    """What a bidder signs so that anyone may submit the bidder's sealed quote (X-5).

    Args:
        auction_id: Hash of the auction's terms, 32 bytes.
        bidder: Account that quotes.
        cx: x of the quote's ephemeral point.
        body: Parity and masked amount.
    """

    auction_id: bytes
    bidder: str
    cx: int
    body: int

    TYPE: ClassVar[str] = "Quote(bytes32 auctionId,address bidder,uint256 cx,uint256 body)"
