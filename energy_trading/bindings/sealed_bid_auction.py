"""Typed SealedBidAuction, written by scripts/generate_bindings.py: do not edit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from energy_trading.bindings.contract import Call, Contract, ContractRevert, Event
from energy_trading.types import AuctionParameters, AuctionState, AuctionTerms, Quote


class BadLots(ContractRevert):
    """There must be 1 … 8 lots, the largest first, each above 0 and below 2**40 Wh and worth at least
    1 unit at the start price."""

    lots_wh: Sequence[int]

    signature = "SealedBidAuction_BadLots(uint256[])"
    fields = ("lots_wh",)
    meaning = "there must be 1 … 8 lots, the largest first, each above 0 and below 2**40 Wh and worth at least 1 unit at the start price"


class BadPrices(ContractRevert):
    """The prices must be in the order 1 <= start_price <= ceiling < 2**63, and the highest payment
    must be below 2**63."""

    start_price: int
    ceiling: int

    signature = "SealedBidAuction_BadPrices(uint256,uint256)"
    fields = ("start_price", "ceiling")
    meaning = "the prices must be in the order 1 <= start_price <= ceiling < 2**63, and the highest payment must be below 2**63"


class BadSignature(ContractRevert):
    """The signature is not the bidder's."""

    bidder: str

    signature = "SealedBidAuction_BadSignature(address)"
    fields = ("bidder",)
    meaning = "the signature is not the bidder's"


class BadWindow(ContractRevert):
    """The times must be in the order now < quote_until < disclose_until < settle_by < pay_by <
    deliver_by <= latest, with min_settle_window or more from disclose_until to settle_by and
    min_pay_window or more from settle_by to pay_by."""

    quote_until: int
    disclose_until: int
    settle_by: int
    pay_by: int
    deliver_by: int
    latest: int

    signature = "SealedBidAuction_BadWindow(uint256,uint256,uint256,uint256,uint256,uint256)"
    fields = ("quote_until", "disclose_until", "settle_by", "pay_by", "deliver_by", "latest")
    meaning = "the times must be in the order now < quote_until < disclose_until < settle_by < pay_by < deliver_by <= latest, with min_settle_window or more from disclose_until to settle_by and min_pay_window or more from settle_by to pay_by"


class EmptyChunk(ContractRevert):
    """A chunk must contain a quote."""

    signature = "SealedBidAuction_EmptyChunk()"
    fields = ()
    meaning = "a chunk must contain a quote"


class Expired(ContractRevert):
    """The deadline has passed."""

    now_: int
    deadline: int

    signature = "SealedBidAuction_Expired(uint256,uint256)"
    fields = ("now_", "deadline")
    meaning = "the deadline has passed"


class Full(ContractRevert):
    """The auction has all the quotes that it can count."""

    auction_id: bytes
    max: int

    signature = "SealedBidAuction_Full(bytes32,uint256)"
    fields = ("auction_id", "max")
    meaning = "the auction has all the quotes that it can count"


class MarketWithoutCode(ContractRevert):
    """The market's address has no code."""

    market: str

    signature = "SealedBidAuction_MarketWithoutCode(address)"
    fields = ("market",)
    meaning = "the market's address has no code"


class NoFees(ContractRevert):
    """The account has no fees to claim."""

    account: str

    signature = "SealedBidAuction_NoFees(address)"
    fields = ("account",)
    meaning = "the account has no fees to claim"


class NotExpired(ContractRevert):
    """The deadline has not passed yet."""

    now_: int
    deadline: int

    signature = "SealedBidAuction_NotExpired(uint256,uint256)"
    fields = ("now_", "deadline")
    meaning = "the deadline has not passed yet"


class NotPublisher(ContractRevert):
    """Only the publisher named in the terms may post them."""

    caller: str
    publisher: str

    signature = "SealedBidAuction_NotPublisher(address,address)"
    fields = ("caller", "publisher")
    meaning = "only the publisher named in the terms may post them"


class WrongFee(ContractRevert):
    """A quote must come with exactly its fee, in wei."""

    value: int
    fee: int

    signature = "SealedBidAuction_WrongFee(uint256,uint256)"
    fields = ("value", "fee")
    meaning = "a quote must come with exactly its fee, in wei"


class WrongKey(ContractRevert):
    """The key is not the secret of the terms' quote key."""

    quote_key: str

    signature = "SealedBidAuction_WrongKey(address)"
    fields = ("quote_key",)
    meaning = "the key is not the secret of the terms' quote key"


class WrongReplay(ContractRevert):
    """The quotes, replayed from the given accumulator, do not lead to where they must: one is missing,
    added, altered or out of order, or all of them are done already."""

    given: int
    needed: int

    signature = "SealedBidAuction_WrongReplay(uint256,uint256)"
    fields = ("given", "needed")
    meaning = "the quotes, replayed from the given accumulator, do not lead to where they must: one is missing, added, altered or out of order, or all of them are done already"


class WrongState(ContractRevert):
    """The auction is not in the state that this needs."""

    auction_id: bytes
    state: AuctionState
    needed: AuctionState

    signature = "SealedBidAuction_WrongState(bytes32,uint8,uint8)"
    fields = ("auction_id", "state", "needed")
    meaning = "the auction is not in the state that this needs"
    converters: ClassVar[dict[str, Callable[[Any], Any]]] = {"state": AuctionState, "needed": AuctionState}


class ZeroKey(ContractRevert):
    """The quote key must not be zero."""

    signature = "SealedBidAuction_ZeroKey()"
    fields = ()
    meaning = "the quote key must not be zero"


class ZeroRecipient(ContractRevert):
    """Fees must not be sent to the zero address."""

    signature = "SealedBidAuction_ZeroRecipient()"
    fields = ()
    meaning = "fees must not be sent to the zero address"


@dataclass(frozen=True)
class AuctionClosed(Event):
    """The auction is finished without a quote. The publisher has its guarantee back.

    Args:
        auction_id: The auction.
    """

    auction_id: bytes

    signature: ClassVar[str] = "AuctionClosed(bytes32)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (("auction_id", "bytes32", True),)


@dataclass(frozen=True)
class AuctionPosted(Event):
    """An order was posted.

    Args:
        auction_id: Hash of the terms.
        publisher: Seller.
        terms: The order.
    """

    auction_id: bytes
    publisher: str
    terms: AuctionTerms

    signature: ClassVar[str] = (
        "AuctionPosted(bytes32,address,(address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256[]))"
    )
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("auction_id", "bytes32", True),
        ("publisher", "address", True),
        (
            "terms",
            "(address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256[])",
            False,
        ),
    )
    converters: ClassVar[dict[str, Callable[[Any], Any]]] = {"terms": AuctionTerms.from_abi}


@dataclass(frozen=True)
class AuctionSettled(Event):
    """The auction is finished.

    Args:
        auction_id: The auction.
        awarded: How many lots were won.
        runner_up: Best bidder without a lot, zero if there is none. The seller may offer it
            what a winner does not pay.
        runner_up_quote: The runner-up's quote in units of account per kWh.
    """

    auction_id: bytes
    awarded: int
    runner_up: str
    runner_up_quote: int

    signature: ClassVar[str] = "AuctionSettled(bytes32,uint256,address,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("auction_id", "bytes32", True),
        ("awarded", "uint256", False),
        ("runner_up", "address", False),
        ("runner_up_quote", "uint256", False),
    )


@dataclass(frozen=True)
class BidderCompensated(Event):
    """A bidder has its share of a forfeited guarantee.

    Args:
        auction_id: The auction.
        bidder: Account that bid.
        share: Units of account.
    """

    auction_id: bytes
    bidder: str
    share: int

    signature: ClassVar[str] = "BidderCompensated(bytes32,address,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("auction_id", "bytes32", True),
        ("bidder", "address", True),
        ("share", "uint256", False),
    )


@dataclass(frozen=True)
class FeesClaimed(Event):
    """An account took out the fees that it had earned.

    Args:
        account: Who had earned them.
        to: Who got them.
        amount: Wei.
    """

    account: str
    to: str
    amount: int

    signature: ClassVar[str] = "FeesClaimed(address,address,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("account", "address", True),
        ("to", "address", True),
        ("amount", "uint256", False),
    )


@dataclass(frozen=True)
class FeesEarned(Event):
    """An account may claim fees of quotes: whoever settled them, or the treasury.

    Args:
        auction_id: The auction.
        account: The settlement's caller, or the treasury.
        amount: Wei.
    """

    auction_id: bytes
    account: str
    amount: int

    signature: ClassVar[str] = "FeesEarned(bytes32,address,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("auction_id", "bytes32", True),
        ("account", "address", True),
        ("amount", "uint256", False),
    )


@dataclass(frozen=True)
class GuaranteeForfeited(Event):
    """The key was not disclosed, or the settlement was not finished, in time.

    Args:
        auction_id: The auction.
        share: Units of account that the bidder of each quote gets for it. If the bidder is the
            publisher, the treasury gets them.
    """

    auction_id: bytes
    share: int

    signature: ClassVar[str] = "GuaranteeForfeited(bytes32,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("auction_id", "bytes32", True),
        ("share", "uint256", False),
    )


@dataclass(frozen=True)
class KeyDisclosed(Event):
    """The key was disclosed. Everybody can open every quote from now on.

    Args:
        auction_id: The auction.
        key: Secret scalar of the quote key.
    """

    auction_id: bytes
    key: int

    signature: ClassVar[str] = "KeyDisclosed(bytes32,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("auction_id", "bytes32", True),
        ("key", "uint256", False),
    )


@dataclass(frozen=True)
class LotAwarded(Event):
    """A lot was won.

    Args:
        auction_id: The auction.
        lot: Place of the lot in the terms, from 0.
        winner: Account that won.
        quote: The winner's quote in units of account per kWh.
        price: What the winner pays in units of account per kWh: the next quote, or the start
            price.
        trade_id: The trade in the `OfferMarket` that the winner has to accept.
        accept_by: Unix seconds; the winner has to pay before.
    """

    auction_id: bytes
    lot: int
    winner: str
    quote: int
    price: int
    trade_id: bytes
    accept_by: int

    signature: ClassVar[str] = "LotAwarded(bytes32,uint256,address,uint256,uint256,bytes32,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("auction_id", "bytes32", True),
        ("lot", "uint256", False),
        ("winner", "address", True),
        ("quote", "uint256", False),
        ("price", "uint256", False),
        ("trade_id", "bytes32", False),
        ("accept_by", "uint256", False),
    )


@dataclass(frozen=True)
class QuoteSealed(Event):
    """A bidder sealed a quote.

    Args:
        auction_id: The auction.
        bidder: Account that bids.
        cx: x coordinate of the ephemeral point.
        body: Parity of the ephemeral point and masked amount.
    """

    auction_id: bytes
    bidder: str
    cx: int
    body: int

    signature: ClassVar[str] = "QuoteSealed(bytes32,address,uint256,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("auction_id", "bytes32", True),
        ("bidder", "address", True),
        ("cx", "uint256", False),
        ("body", "uint256", False),
    )


@dataclass(frozen=True)
class SettlementAdvanced(Event):
    """A part of the quotes was replayed.

    Args:
        auction_id: The auction.
        accumulator: Where in the hash chain the next chunk must end.
    """

    auction_id: bytes
    accumulator: int

    signature: ClassVar[str] = "SettlementAdvanced(bytes32,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("auction_id", "bytes32", True),
        ("accumulator", "uint256", False),
    )


@dataclass(frozen=True)
class ShareForfeited(Event):
    """A quote was the publisher's own, so its share of the forfeited guarantee is the treasury's.

    Args:
        auction_id: The auction.
        share: Units of account.
    """

    auction_id: bytes
    share: int

    signature: ClassVar[str] = "ShareForfeited(bytes32,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("auction_id", "bytes32", True),
        ("share", "uint256", False),
    )


class SealedBidAuction(Contract):
    """Sealed-bid auction. Encrypted quotes, one disclosed key, and the generalised second price (GSP).
    Each award becomes a trade of the `OfferMarket`."""

    name: ClassVar[str] = "SealedBidAuction"
    constructor_types: ClassVar[tuple[str, ...]] = (
        "(address,address,uint256,uint256,uint256,uint256,uint256,uint256)",
    )

    def auction_id_of(self, terms: AuctionTerms) -> bytes:
        """The auction id of terms: their hash.

        Args:
            terms: Any terms.

        Returns:
            keccak256(abi.encode(terms)).
        """
        answer: bytes = self._read(
            "auctionIdOf((address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256[]))",
            ("(address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256[])",),
            [terms],
            ("bytes32",),
        )
        return answer

    def auction_parameters(self) -> AuctionParameters:
        """The parameters of the auction.

        Returns:
            As given to the constructor.
        """
        answer: AuctionParameters = self._read(
            "auctionParameters()",
            (),
            [],
            ("(address,address,uint256,uint256,uint256,uint256,uint256,uint256)",),
            AuctionParameters.from_abi,
        )
        return answer

    def claim_fees(self, to: str) -> Call[None]:
        """Sends the fees that the caller has earned to an account.

        Emits `FeesClaimed`. Reverts: `ZeroRecipient`, `NoFees`, and if the recipient refuses the
        coin. No reentrancy: the caller's fees are zero before the coin is sent.

        Args:
            to: Who gets the coin.

        Source:
            X-5
        """
        return self._encode("claimFees(address)", ("address",), [to], 0, ())

    def compensate(self, terms: AuctionTerms, accumulator: int, quotes: Sequence[Quote]) -> Call[None]:
        """Pays bidders their shares of a forfeited guarantee, in chunks as in `settle`. The share of a
        quote of the publisher's own goes to the treasury. Anyone may call it.

        Emits `BidderCompensated` or `ShareForfeited` for each quote. Reverts: `WrongState`,
        `WrongReplay`, `EmptyChunk`. Rounding: shares down.

        Args:
            terms: The order.
            accumulator: The hash chain before the chunk's first quote.
            quotes: The chunk.

        Source:
            X-6
        """
        return self._encode(
            "compensate((address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256[]),uint256,(address,uint256,uint256)[])",
            (
                "(address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256[])",
                "uint256",
                "(address,uint256,uint256)[]",
            ),
            [terms, accumulator, quotes],
            0,
            (),
        )

    def disclose(self, terms: AuctionTerms, key: int) -> Call[None]:
        """Discloses the key, from quote_until on and before disclose_until. Anyone who knows the key
        may.

        Emits `KeyDisclosed`. Reverts: `WrongState`, `NotExpired`, `Expired`, `WrongKey`.

        Args:
            terms: The order.
            key: Secret scalar of the quote key.

        Source:
            X-6
        """
        return self._encode(
            "disclose((address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256[]),uint256)",
            (
                "(address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256[])",
                "uint256",
            ),
            [terms, key],
            0,
            (),
        )

    def eip712_domain(self) -> tuple[bytes, str, str, int, str, bytes, Sequence[int]]:
        """See: https://eips.ethereum.org/EIPS/eip-5267"""
        answer: tuple[bytes, str, str, int, str, bytes, Sequence[int]] = self._read(
            "eip712Domain()",
            (),
            [],
            ("bytes1", "string", "string", "uint256", "address", "bytes32", "uint256[]"),
        )
        return answer

    def fees_of(self, account: str) -> int:
        """Fees that an account has earned and not claimed yet.

        Args:
            account: Settler or treasury.

        Returns:
            Wei.
        """
        answer: int = self._read("feesOf(address)", ("address",), [account], ("uint256",))
        return answer

    def forfeit(self, terms: AuctionTerms) -> Call[None]:
        """Ends an auction whose key did not come before disclose_until, or whose settlement was not
        finished before settle_by: a default of the publisher, whose guarantee goes to the bidders
        and the treasury. The treasury also gets the quotes' fees that no settler has earned; they
        are not returned to bidders, since that would make it free to stuff an auction until nobody
        can settle it. An auction without a quote ends from quote_until on, and its guarantee
        returns. Anyone may call it.

        Emits `GuaranteeForfeited` and `FeesEarned`, or `AuctionClosed`. Reverts: `WrongState`,
        `NotExpired`. Rounding: shares down, and the rest to the treasury.

        Args:
            terms: The order.

        Source:
            X-6, N-7
        """
        return self._encode(
            "forfeit((address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256[]))",
            ("(address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256[])",),
            [terms],
            0,
            (),
        )

    def guarantee_of(self, terms: AuctionTerms) -> int:
        """The publisher's guarantee: the sum of the guarantees for the highest payment of every lot.

        Rounding: payments down, the guarantee of each up.

        Args:
            terms: Any terms.

        Returns:
            Units of account.

        Source:
            X-8
        """
        answer: int = self._read(
            "guaranteeOf((address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256[]))",
            ("(address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256[])",),
            [terms],
            ("uint256",),
        )
        return answer

    def post(self, terms: AuctionTerms) -> Call[bytes]:
        """Posts an order and holds the guarantee for its highest possible payment. A publisher that
        does not disclose the key in time loses the guarantee, and so does one whose auction is not
        settled by settle_by: anyone may settle it, and the publisher always can.

        Emits `AuctionPosted`. Reverts: `NotPublisher`, `BadLots`, `BadPrices`, `BadWindow`,
        `ZeroKey`, `WrongState`, and as `commit`. Rounding: guarantee up.

        Args:
            terms: The order, whose publisher is the caller.

        Returns:
            Hash of the terms.

        Source:
            X-4, X-8
        """
        return self._encode(
            "post((address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256[]))",
            ("(address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256[])",),
            [terms],
            0,
            ("bytes32",),
        )

    def quote(self, auction_id: bytes, cx: int, body: int, *, value: int = 0) -> Call[None]:
        """Adds the caller's sealed quote, which must come with the fee. Whether the bidder may buy is
        checked at the settlement, when it matters. The fee is never returned: whoever settles the
        quote gets a part of it, and the treasury the rest.

        Emits `QuoteSealed`. Reverts: `WrongState`, `Expired` from quote_until on, `Full`,
        `WrongFee`.

        Args:
            auction_id: Open auction.
            cx: x coordinate of the ephemeral point.
            body: Parity of the ephemeral point and masked amount.

        Source:
            X-5
        """
        return self._encode(
            "quote(bytes32,uint256,uint256)",
            ("bytes32", "uint256", "uint256"),
            [auction_id, cx, body],
            value,
            (),
        )

    def quote_for(self, auction_id: bytes, q: Quote, signature: bytes, *, value: int = 0) -> Call[None]:
        """Adds a quote with its bidder's signature. Anyone may submit it, and whoever does pays the
        fee. A quote submitted twice counts once, and costs two fees.

        Emits `QuoteSealed`. Reverts: as `quote`, `BadSignature`.

        Args:
            auction_id: Open auction.
            signature: The bidder's EIP-712 signature (65 or 64 bytes, or ERC-1271).

        Source:
            X-5
        """
        return self._encode(
            "quoteFor(bytes32,(address,uint256,uint256),bytes)",
            ("bytes32", "(address,uint256,uint256)", "bytes"),
            [auction_id, q, signature],
            value,
            (),
        )

    def seed_of(self, auction_id: bytes) -> int:
        """The hash chain before the first quote.

        Args:
            auction_id: Hash of the terms.

        Returns:
            The lowest 200 bits of keccak256(abi.encode(auction_id)).
        """
        answer: int = self._read("seedOf(bytes32)", ("bytes32",), [auction_id], ("uint256",))
        return answer

    def settle(self, terms: AuctionTerms, key: int, accumulator: int, quotes: Sequence[Quote]) -> Call[None]:
        """Opens a chunk of quotes. The chunk that reaches the first quote decides the auction. Anyone
        may call it, before settle_by. Chunks come newest first; within a chunk the oldest quote is
        first. The result does not depend on how the quotes are cut into chunks. A later chunk may
        overlap what is done: what follows the last quote that is not done is passed over unread, so
        a smaller chunk put in front of this call does not make it revert. The caller earns the
        settler's part of the fee of each quote that was not done, and the last chunk earns the
        treasury the rest of all fees.

        Emits `KeyDisclosed` if this call discloses the key, `FeesEarned` where there is a fee, then
        `SettlementAdvanced`, or `LotAwarded` for each lot and `AuctionSettled`. Reverts: as
        `disclose` where it discloses, `Expired` from settle_by on, `WrongKey`, `WrongReplay`,
        `EmptyChunk`. Rounding: payments down, guarantees up.

        Args:
            terms: The order.
            key: Secret scalar of the quote key.
            accumulator: The hash chain before the chunk's first quote.
            quotes: The chunk.

        Source:
            X-6, X-7
        """
        return self._encode(
            "settle((address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256[]),uint256,uint256,(address,uint256,uint256)[])",
            (
                "(address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256[])",
                "uint256",
                "uint256",
                "(address,uint256,uint256)[]",
            ),
            [terms, key, accumulator, quotes],
            0,
            (),
        )

    def state_of(self, auction_id: bytes) -> tuple[AuctionState, int, int]:
        """Current state of an auction, the number of its quotes, and where the next chunk must end.

        Args:
            auction_id: Hash of the terms.

        Returns:
            accumulator: The hash chain up to the last quote that was not replayed yet.
            quotes: How many quotes were sealed.
            state: The state as it was recorded; `AuctionState.AWAITING_KEY` means that the time
                for quotes is over.
        """
        answer: tuple[AuctionState, int, int] = self._read(
            "stateOf(bytes32)",
            ("bytes32",),
            [auction_id],
            ("uint8", "uint256", "uint256"),
            lambda values: (AuctionState(values[0]), values[1], values[2]),
        )
        return answer
