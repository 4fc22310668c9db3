"""Offers, trades and auctions as the log tells them, over ones included: what `replay` folds away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from energy_trading.bindings.contract import Event
from energy_trading.bindings.offer_market import (
    AwardUnpaid,
    DeliveredShort,
    DeliveryConfirmed,
    OfferAccepted,
    OfferExpired,
    OfferMade,
    OfferWithdrawn,
    Terms,
    TradeExpired,
)
from energy_trading.bindings.sealed_bid_auction import (
    AuctionClosed,
    AuctionPosted,
    AuctionSettled,
    AuctionTerms,
    GuaranteeForfeited,
    KeyDisclosed,
    LotAwarded,
    QuoteSealed,
)
from energy_trading.market.replay import LogIncomplete
from energy_trading.reference.commitment import PLAIN_ENERGY_LIMIT

_ENDINGS: Final = {
    DeliveryConfirmed: "delivered",
    DeliveredShort: "delivered short",
    OfferWithdrawn: "withdrawn",
    OfferExpired: "not accepted",
    AwardUnpaid: "not paid",
    TradeExpired: "not delivered",
}
OPEN: Final = "open"
ACCEPTED: Final = "accepted"
TRADE_STATES: Final = (OPEN, ACCEPTED, *_ENDINGS.values())
"""States of a trade: the first two can still change."""


@dataclass(frozen=True)
class ListedTrade:
    """An offer and what became of it.

    Args:
        trade_id: hash of the terms, 32 bytes.
        terms: as offered.
        block: where it was offered, or accepted if it was signed off chain.
        state: one of `TRADE_STATES`.
        buyer: who accepted; None: nobody.
        paid: units the seller earned, fee included; None while it is not over.
        cut: units of the guarantee that the treasury got; None while it is not over.
    """

    trade_id: bytes
    terms: Terms
    block: int
    state: str = OPEN
    buyer: str | None = None
    paid: int | None = None
    cut: int | None = None

    @property
    def energy_wh(self) -> int | None:
        """Quantity in Wh; None where the terms hide it (N-5)."""
        number = int.from_bytes(self.terms.energy, "big")
        return number if number < PLAIN_ENERGY_LIMIT else None

    def to_dict(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        return {
            "trade_id": "0x" + self.trade_id.hex(),
            **asdict(self.terms),
            "energy": "0x" + self.terms.energy.hex(),
            "energy_wh": self.energy_wh,
            "reserved_for": None if int(self.terms.buyer, 16) == 0 else self.terms.buyer,
            "buyer": self.buyer,
            "block": self.block,
            "state": self.state,
            "paid": self.paid,
            "cut": self.cut,
        }


@dataclass(frozen=True)
class ListedAuction:
    """An auction and what became of it.

    Args:
        auction_id: hash of the terms, 32 bytes.
        terms: as posted.
        block: where it was posted.
        state: quoting, key disclosed, settled, closed (no quote) or forfeited, as the log tells it; the
            passing of a deadline is not in the log.
        quotes: how many were sealed.
        awards: lots won, in order.
    """

    auction_id: bytes
    terms: AuctionTerms
    block: int
    state: str = "quoting"
    quotes: int = 0
    awards: tuple[LotAwarded, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        return {
            "auction_id": "0x" + self.auction_id.hex(),
            **asdict(self.terms),
            "lots_wh": list(self.terms.lots_wh),
            "block": self.block,
            "state": self.state,
            "quotes": self.quotes,
            "awards": [
                {
                    "lot": award.lot,
                    "winner": award.winner,
                    "quote": award.quote,
                    "price": award.price,
                    "trade_id": "0x" + award.trade_id.hex(),
                    "accept_by": award.accept_by,
                }
                for award in self.awards
            ],
        }


def list_trades(events: Iterable[Event]) -> list[ListedTrade]:
    """List every offer and trade in the log, in the order they were made.

    Args:
        events: of the offer market from its first block on, in the chain's order; others are left out.

    Raises:
        LogIncomplete: an offer's beginning is not in the log.

    Source:
        N-1 … N-7; the log is complete.
    """
    found: dict[bytes, ListedTrade] = {}
    for event in events:
        match event:
            case OfferMade():
                names = ("seller", "buyer", "energy", "price", "accept_by", "deliver_by", "nonce")
                terms = Terms(*(getattr(event, name) for name in names))
                found[event.trade_id] = ListedTrade(event.trade_id, terms, event.block_number)
            case OfferAccepted():
                made = _begun(found, event.trade_id, "offer")
                found[event.trade_id] = replace(made, state=ACCEPTED, buyer=event.buyer)
            case (
                DeliveryConfirmed()
                | DeliveredShort()
                | OfferWithdrawn()
                | OfferExpired()
                | AwardUnpaid()
                | TradeExpired()
            ):
                made = _begun(found, event.trade_id, "offer")
                whole = made.terms.price if isinstance(event, DeliveryConfirmed) else 0
                found[event.trade_id] = replace(
                    made,
                    state=_ENDINGS[type(event)],
                    paid=getattr(event, "payment", whole),
                    cut=getattr(event, "cut", 0),
                )
    return list(found.values())


def list_auctions(events: Iterable[Event]) -> list[ListedAuction]:
    """List every auction in the log, in the order they were posted.

    Args:
        events: of the auction contract from its first block on, in the chain's order; others are left out.

    Raises:
        LogIncomplete: an auction's beginning is not in the log.

    Source:
        X-4, X-5 … X-8.
    """
    found: dict[bytes, ListedAuction] = {}

    def change(auction_id: bytes, **changes: Any) -> None:
        found[auction_id] = replace(_begun(found, auction_id, "auction"), **changes)

    for event in events:
        match event:
            case AuctionPosted():
                found[event.auction_id] = ListedAuction(event.auction_id, event.terms, event.block_number)
            case QuoteSealed():
                change(event.auction_id, quotes=_begun(found, event.auction_id, "auction").quotes + 1)
            case LotAwarded():
                awards = (*_begun(found, event.auction_id, "auction").awards, event)
                change(event.auction_id, awards=awards)
            case KeyDisclosed():
                change(event.auction_id, state="key disclosed")
            case AuctionSettled():
                change(event.auction_id, state="settled")
            case AuctionClosed():
                change(event.auction_id, state="closed")
            case GuaranteeForfeited():
                change(event.auction_id, state="forfeited")
    return list(found.values())


def _begun(found: dict[bytes, Any], key: bytes, what: str) -> Any:
    if key not in found:
        raise LogIncomplete(f"0x{key.hex()}: given no {what}, allowed the log from the market's first block")
    return found[key]
