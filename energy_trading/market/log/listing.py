"""Offers, trades, auctions and lots as the log tells them, over ones included: what `replay` folds away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from typing import Any, Final, TypeVar

from energy_trading.bindings.contract import Event
from energy_trading.bindings.energy_lot import (
    LotExchanged,
    LotMinted,
    LotRetired,
    LotsDelivered,
    LotsMerged,
    LotSplit,
    Transfer,
)
from energy_trading.bindings.offer_market import (
    AwardUnpaid,
    DeliveredShort,
    DeliveryConfirmed,
    OfferAccepted,
    OfferExpired,
    OfferMade,
    OfferWithdrawn,
    TradeExpired,
)
from energy_trading.bindings.sealed_bid_auction import (
    AuctionClosed,
    AuctionPosted,
    AuctionSettled,
    GuaranteeForfeited,
    KeyDisclosed,
    LotAwarded,
    QuoteSealed,
)
from energy_trading.market.log.replay import LogIncomplete
from energy_trading.market.lots.lots import part_id
from energy_trading.types import PLAIN_ENERGY_LIMIT, ZERO_ADDRESS, AuctionTerms, Terms

T = TypeVar("T")

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
AUCTION_STATES: Final = ("quoting", "key disclosed", "settled", "closed", "forfeited")
"""States of an auction: closed had no quote; a deadline that passes is not in the log."""
HELD: Final = "held"
LOT_STATES: Final = (HELD, "retired", "split", "merged")
"""States of a lot: only the first can still change."""
WAYS: Final = ("minted", "split", "merged", "exchanged", "delivered", "transferred")
"""How a lot became its owner's: the first three made it, the others changed its owner."""


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
        state: one of `AUCTION_STATES`.
        bidders: who sealed the quotes, in order; one who sealed several is there as often.
        awards: lots won, in order.
    """

    auction_id: bytes
    terms: AuctionTerms
    block: int
    state: str = "quoting"
    bidders: tuple[str, ...] = ()
    awards: tuple[LotAwarded, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        return {
            "auction_id": "0x" + self.auction_id.hex(),
            **asdict(self.terms),
            "lots_wh": list(self.terms.lots_wh),
            "block": self.block,
            "state": self.state,
            "quotes": len(self.bidders),
            "bidders": list(dict.fromkeys(self.bidders)),
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


@dataclass(frozen=True)
class ListedLot:
    """A lot of energy and what became of it.

    Args:
        lot: id.
        owner: account that holds it, or held it last.
        producers: accounts whose injections are in it; more than one only after a merger.
        dso: accounts that certified them, likewise.
        meters: keccak256 of the signers that read them, 32 bytes each, likewise.
        energy_wh: in Wh, the same for the whole life of the lot.
        slot_start: start of the delivery slot, unix seconds.
        block: where it was made.
        how: it became the owner's, one of `WAYS`.
        state: one of `LOT_STATES`.
        trade_id: the last trade that it fulfilled, 32 bytes; None: none.
    """

    lot: int
    owner: str
    producers: tuple[str, ...]
    dso: tuple[str, ...]
    meters: tuple[bytes, ...]
    energy_wh: int
    slot_start: int
    block: int
    how: str = "minted"
    state: str = HELD
    trade_id: bytes | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as what JSON can hold; the id as text, for other languages lose digits of a uint256."""
        return {
            **asdict(self),
            "lot": str(self.lot),
            "producers": list(self.producers),
            "dso": list(self.dso),
            "meters": ["0x" + meter.hex() for meter in self.meters],
            "trade_id": None if self.trade_id is None else "0x" + self.trade_id.hex(),
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
                bidders = (*_begun(found, event.auction_id, "auction").bidders, event.bidder)
                change(event.auction_id, bidders=bidders)
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


def list_lots(events: Iterable[Event]) -> list[ListedLot]:
    """List every lot in the log, in the order they were made.

    Args:
        events: of the lots from their first block on, in the chain's order; others are left out.

    Raises:
        LogIncomplete: a lot's beginning is not in the log.

    Source:
        C-4, C-8, C-9.
    """
    found: dict[int, ListedLot] = {}

    def change(lot: int, **changes: Any) -> ListedLot:
        found[lot] = replace(_begun(found, lot, "lot"), **changes)
        return found[lot]

    for event in events:
        match event:
            case LotMinted():
                origin = (event.producer,), (event.dso,), (event.meter,)
                found[event.lot] = ListedLot(
                    event.lot, event.producer, *origin, event.energy_wh, event.slot_start, event.block_number
                )
            case Transfer() if ZERO_ADDRESS not in (event.from_, event.to):
                # A sale or delivery logs its own event after it, which says more.
                change(event.id, owner=event.to, how="transferred")
            case LotExchanged():
                change(event.lot, how="exchanged")
            case LotsDelivered():
                for lot in event.lots:
                    change(lot, how="delivered", trade_id=event.trade_id)
            case LotRetired():
                change(event.lot, state="retired")
            case LotSplit():
                whole = change(event.lot, state="split")
                for i, energy_wh in enumerate(event.energies_wh):
                    lot = part_id(event.lot, i)
                    found[lot] = _made(event, lot, "split", [whole], energy_wh)
            case LotsMerged():
                parts = [change(lot, state="merged") for lot in event.lots]
                energy_wh = sum(part.energy_wh for part in parts)
                found[event.lot] = _made(event, event.lot, "merged", parts, energy_wh)
    return list(found.values())


def _made(
    event: LotSplit | LotsMerged, lot: int, how: str, of: Sequence[ListedLot], energy_wh: int
) -> ListedLot:
    return ListedLot(
        lot,
        event.owner,
        _distinct(part.producers for part in of),
        _distinct(part.dso for part in of),
        _distinct(part.meters for part in of),
        energy_wh,
        of[0].slot_start,
        event.block_number,
        how,
    )


def _distinct(groups: Iterable[tuple[T, ...]]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(groups)))


def _begun(found: dict[Any, Any], key: bytes | int, what: str) -> Any:
    if key not in found:
        name = key if isinstance(key, int) else "0x" + key.hex()
        raise LogIncomplete(f"{name}: given no {what}, allowed the log from the market's first block")
    return found[key]
