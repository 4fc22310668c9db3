"""An auction of lots under sealed quotes: its terms, its quotes and its result, as the log states them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from eth_utils.address import is_address, to_checksum_address
from eth_utils.crypto import keccak

from energy_trading.bindings.sealed_bid_auction import LotAwarded
from energy_trading.bindings.suite import Suite
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.market.log.fold import fold
from energy_trading.market.log.records import AuctionRecord
from energy_trading.market.trade.offer import Offer
from energy_trading.rules.auction import award_nonce, payment
from energy_trading.types import (
    MAX_LOT_WH,
    MAX_LOTS,
    MAX_UNITS,
    ZERO_ADDRESS,
    AuctionState,
    AuctionTerms,
    Energy,
    Quote,
    Terms,
)


@dataclass(frozen=True)
class AwardedLot:
    """A lot and who won it.

    Args:
        lot: its place in the terms, from 0.
        winner: account.
        quote: what the winner quoted, units of account per kWh.
        price: what the winner pays, units of account per kWh.
        offer: the trade, which the winner accepts like any offer that is reserved for it.
    """

    lot: int
    winner: str
    quote: int
    price: int
    offer: Offer


@dataclass(frozen=True)
class AuctionResult:
    """How an auction was decided.

    Args:
        lots: the lots that were won, largest first.
        runner_up: best bidder without a lot, who is bound to nothing; None if there is none.
        runner_up_quote: what the runner-up quoted, units of account per kWh; 0 if there is none.
    """

    lots: tuple[AwardedLot, ...]
    runner_up: str | None
    runner_up_quote: int


def make_auction_terms(
    publisher: str,
    quote_key: str,
    lots_wh: Sequence[int],
    start_price: int,
    ceiling: int,
    quote_until: int,
    disclose_until: int,
    settle_by: int,
    pay_by: int,
    deliver_by: int,
    nonce: int | None = None,
) -> AuctionTerms:
    """Write an auction's terms down; nothing is sent.

    Args:
        publisher: account that sells.
        quote_key: address of the key that quotes are encrypted to: a `SecretKey`'s or a `Committee`'s.
        lots_wh: quantities in Wh by falling size, 1 … 8 of them.
        start_price: lowest valid quote, units of account per kWh.
        ceiling: highest valid quote; the guarantee is that of its payment.
        quote_until: unix seconds, half open.
        disclose_until: unix seconds, half open.
        settle_by: unix seconds, half open; the settlement must be finished before, or the guarantee is lost.
        pay_by: unix seconds, half open; a winner must pay before.
        deliver_by: unix seconds, half open.
        nonce: distinguishes equal auctions; None draws one.

    Returns:
        The terms, for `Auction`.

    Raises:
        BadInput: the contract would refuse a value.

    Source:
        X-4 Table 2, X-8.
    """
    for name, account in (("publisher", publisher), ("quote key", quote_key)):
        if not is_address(account) or int(account, 16) == 0:
            raise BadInput(f"the {name} must be an address other than zero, not {account!r}")
    lots = tuple(lots_wh)
    if not 0 < len(lots) <= MAX_LOTS or list(lots) != sorted(lots, reverse=True):
        raise BadInput(f"the lots must be 1 to {MAX_LOTS} by falling size, not {lots}")
    if not 0 < lots[-1] <= lots[0] <= MAX_LOT_WH or payment(lots[-1], start_price) == 0:
        raise BadInput(
            f"each lot must have 1 to {MAX_LOT_WH} Wh and be worth a unit at the start price, unlike {lots}"
        )
    if not 0 < start_price <= ceiling <= MAX_UNITS or payment(lots[0], ceiling) > MAX_UNITS:
        raise BadInput(
            f"the start price {start_price} must be above 0 and not above the ceiling {ceiling}; "
            f"neither the ceiling nor the payment at it may exceed {MAX_UNITS}"
        )
    if not 0 <= quote_until < disclose_until < settle_by < pay_by < deliver_by < 2**32:
        raise BadInput(
            f"the deadlines {quote_until}, {disclose_until}, {settle_by}, {pay_by} and {deliver_by} must "
            f"rise and be below 2**32"
        )
    if nonce is None:
        nonce = secrets.randbits(64)
    return AuctionTerms(
        to_checksum_address(publisher),
        to_checksum_address(quote_key),
        start_price,
        ceiling,
        quote_until,
        disclose_until,
        settle_by,
        pay_by,
        deliver_by,
        nonce,
        lots,
    )


class Auction:
    """One auction; it only reads. See `Publisher`, `Bidder` and `settlement` for the verbs.

    Args:
        suite: the market.
        terms: what is for sale, and how.
        from_block: the log is read from here; any block up to the posting.
    """

    def __init__(self, suite: Suite, terms: AuctionTerms, from_block: int = 0) -> None:
        self.suite = suite
        self.terms = terms
        self.from_block = from_block
        self.auction_id: bytes = keccak(terms.abi_encode())

    @classmethod
    def find(cls, suite: Suite, auction_id: bytes, from_block: int = 0) -> Auction:
        """Find a posted auction in the log.

        Raises:
            BadInput: nobody has posted it since that block.
        """
        record = _record(suite, auction_id, from_block)
        if record is None:
            raise BadInput(f"nobody has posted auction 0x{auction_id.hex()} since block {from_block}")
        return cls(suite, record.terms, record.block)

    @property
    def state(self) -> AuctionState:
        """Current state; a finished auction reports NONE, and `result` states what came of it."""
        return AuctionState(self.suite.auction.state_of(self.auction_id)[0])

    def quotes(self) -> list[Quote]:
        """Return all sealed quotes from the log, oldest first."""
        record = self._record()
        return [Quote(sealed.bidder, sealed.cx, sealed.body) for sealed in record.quotes] if record else []

    def disclosed_key(self) -> SecretKey | None:
        """Return the quote key from the log; None while it is secret."""
        record = self._record()
        return None if record is None or record.key is None else SecretKey.from_int(record.key)

    def result(self) -> AuctionResult | None:
        """Return how the auction was decided according to the log; None if it was not."""
        record = self._record()
        if record is None or record.settled is None:
            return None
        ended = record.settled
        runner_up = None if ended.runner_up == ZERO_ADDRESS else ended.runner_up
        return AuctionResult(tuple(map(self._lot, record.awards)), runner_up, ended.runner_up_quote)

    def _record(self) -> AuctionRecord | None:
        return _record(self.suite, self.auction_id, self.from_block)

    def _lot(self, award: LotAwarded) -> AwardedLot:
        lot_wh = self.terms.lots_wh[award.lot]
        terms = Terms(
            self.terms.publisher,
            award.winner,
            Energy.plain(lot_wh),
            payment(lot_wh, award.price),
            award.accept_by,
            self.terms.deliver_by,
            award_nonce(self.auction_id, award.lot),
        )
        return AwardedLot(award.lot, award.winner, award.quote, award.price, Offer(terms, lot_wh))


def _record(suite: Suite, auction_id: bytes, from_block: int) -> AuctionRecord | None:
    """Fold the log of one auction; others may have begun before the first block that is read."""
    events = suite.auction.events(from_block)
    own = [event for event in events if getattr(event, "auction_id", None) == auction_id]
    return fold(own).auctions.get(auction_id)
