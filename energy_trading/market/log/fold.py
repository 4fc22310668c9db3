"""The one fold of a market's log: every trade, auction, lot and change of a credit, ended ones included."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import chain
from typing import Any, Final, TypeVar

from energy_trading.bindings import energy_ledger, energy_lot, offer_market, sealed_bid_auction
from energy_trading.bindings.contract import Event
from energy_trading.crypto.addresses import is_key_of
from energy_trading.errors import Forged
from energy_trading.files._json import to_hex
from energy_trading.market.log.records import (
    ACCEPTED,
    DELIVERED_SHORT,
    PAID_SHORT,
    TESTIFIED,
    TRADE_STATES,
    AuctionRecord,
    ContactRecord,
    CreditRecord,
    LotRecord,
    TradeRecord,
    changes_in,
)
from energy_trading.rules.lot import part_id
from energy_trading.types import ZERO_ADDRESS, Terms

T = TypeVar("T")

_TERMS: Final = ("seller", "buyer", "energy", "price", "accept_by", "deliver_by", "nonce")
ENDINGS: Final = (
    offer_market.DeliveryConfirmed,
    offer_market.DeliveredShort,
    offer_market.OfferWithdrawn,
    offer_market.OfferExpired,
    offer_market.AwardUnpaid,
    offer_market.TradeExpired,
    offer_market.TestimonyUnanswered,
)
"""Events that end a trade, in the order of the states that follow the first two of `TRADE_STATES`."""


class LogIncomplete(Forged):
    """An event is about an offer, auction or lot whose beginning is not in the log: read it from block 0."""


class Fold:
    """What a market's log states after the events taken in so far; nothing that ended is dropped.

    Attributes:
        trades: every offer and trade by its id, in the order they were made.
        auctions: every auction by its id, in the order they were posted.
        lots: every lot by its id, in the order they were made.
        contacts: where each account can be reached, as it announced last with a lot.
        credits: every change of a credit by account, oldest first.
        meters: the registered signer by account.
        key_roots: the published root of one-time keys by epoch.
        nonces: which nonces of signed orders were used or voided, by contract, owner and word: bit i stands
            for the nonce 256 · word + i.

    Source:
        N-1 … N-7, X-1 … X-8, C-3, C-4, C-8, C-9.
    """

    def __init__(self) -> None:
        self.trades: dict[bytes, TradeRecord] = {}
        self.auctions: dict[bytes, AuctionRecord] = {}
        self.lots: dict[int, LotRecord] = {}
        self.contacts: dict[str, ContactRecord] = {}
        self.credits: dict[str, list[CreditRecord]] = {}
        self.meters: dict[str, bytes] = {}
        self.key_roots: dict[int, bytes] = {}
        self.nonces: dict[tuple[str, str, int], int] = {}

    def fold(self, event: Event) -> None:
        """Take in one event; events must come in the chain's order.

        Args:
            event: of any contract; an event that changes nothing here is passed over.

        Raises:
            LogIncomplete: an earlier event is missing.
        """
        for change in changes_in(event):
            self.credits.setdefault(change.account, []).append(CreditRecord(event.block_number, change))
        match event:
            case energy_ledger.DefaultRecorded():
                # The ledger logs a default right after the change of the credit.
                changes = self.credits[event.account]
                changes[-1] = replace(changes[-1], default=event)
            case energy_ledger.NoncesUsed():
                place = event.address, event.owner, event.word
                self.nonces[place] = self.nonces.get(place, 0) | event.mask
            case energy_ledger.MeterRegistered():
                self.meters[event.account] = event.signer
            case energy_ledger.MeterRemoved():
                del self.meters[event.account]
            case energy_ledger.KeyRootPublished():
                self.key_roots[event.epoch] = event.root
            case energy_ledger.KeyRootRevoked():
                del self.key_roots[event.epoch]
            case _:
                self._fold_trade(event)
                self._fold_auction(event)
                self._fold_lot(event)

    def trade(self, trade_id: bytes) -> TradeRecord:
        """Return a trade by its id.

        Raises:
            LogIncomplete: the log does not state its offer.
        """
        return _begun(self.trades, trade_id, "offer")

    def auction(self, auction_id: bytes) -> AuctionRecord:
        """Return an auction by its id.

        Raises:
            LogIncomplete: the log does not state its posting.
        """
        return _begun(self.auctions, auction_id, "auction")

    def _fold_trade(self, event: Event) -> None:
        if isinstance(event, offer_market.OfferMade):
            terms = Terms(*(getattr(event, name) for name in _TERMS))
            self.trades[event.trade_id] = TradeRecord(event.trade_id, terms, event.block_number)
        elif isinstance(event, offer_market.OfferAccepted):
            made, key = self.trade(event.trade_id), event.receipt_key
            accepted = replace(made, state=ACCEPTED, buyer=event.buyer, receipt_key=key)
            self.trades[event.trade_id] = accepted
        elif isinstance(event, offer_market.PaidShort):
            made = self.trade(event.trade_id)
            self.trades[event.trade_id] = replace(
                made, state=PAID_SHORT, paid=event.payment, delivered_wh=event.delivered_wh
            )
        elif isinstance(event, offer_market.DeliveryTestified):
            made = self.trade(event.trade_id)
            if made.state == ACCEPTED:
                self.trades[event.trade_id] = replace(made, state=TESTIFIED)
        elif isinstance(event, offer_market.ShortSettled):
            made = self.trade(event.trade_id)
            self.trades[event.trade_id] = replace(made, state=DELIVERED_SHORT, cut=event.cut)
        elif isinstance(event, ENDINGS):
            made = self.trade(event.trade_id)
            is_whole = isinstance(event, offer_market.DeliveryConfirmed)
            whole, whole_wh = (made.terms.price, made.energy_wh) if is_whole else (0, 0)
            self.trades[event.trade_id] = replace(
                made,
                state=TRADE_STATES[2 + ENDINGS.index(type(event))],
                paid=getattr(event, "payment", whole),
                cut=getattr(event, "cut", 0),
                delivered_wh=getattr(event, "delivered_wh", whole_wh),
            )

    def _fold_auction(self, event: Event) -> None:
        changes: dict[str, Any] = {}
        match event:
            case sealed_bid_auction.AuctionPosted():
                record = AuctionRecord(event.auction_id, event.terms, event.block_number)
                self.auctions[event.auction_id] = record
            case sealed_bid_auction.QuoteSealed():
                changes["quotes"] = (*self.auction(event.auction_id).quotes, event)
            case sealed_bid_auction.LotAwarded():
                changes["awards"] = (*self.auction(event.auction_id).awards, event)
            case sealed_bid_auction.KeyDisclosed():
                changes |= {"state": "key disclosed", "key": event.key}
            case sealed_bid_auction.AuctionSettled():
                changes |= {"state": "settled", "settled": event}
            case sealed_bid_auction.AuctionClosed():
                changes["state"] = "closed"
            case sealed_bid_auction.GuaranteeForfeited():
                changes["state"] = "forfeited"
        if changes:
            auction_id: bytes = event.auction_id  # type: ignore[attr-defined]
            self.auctions[auction_id] = replace(self.auction(auction_id), **changes)

    def _fold_lot(self, event: Event) -> None:
        match event:
            case energy_lot.LotMinted():
                origin = (event.producer,), (event.dso,), (event.meter,)
                made = event.energy_wh, event.slot_start, event.block_number
                self.lots[event.lot] = LotRecord(event.lot, event.producer, *origin, *made, steps=(event,))
                self._reach(event, event.producer, event.public_key)
            case energy_lot.Transfer() if ZERO_ADDRESS not in (event.from_, event.to):
                # The token logs this first; a sale or a delivery logs its own event after it.
                nonce = _begun(self.lots, event.id, "lot").nonce + 1
                self._step(event, event.id, owner=event.to, how="transferred", nonce=nonce)
            case energy_lot.LotExchanged():
                self._drop_transfer(event)
                self._step(event, event.lot, owner=event.buyer, how="exchanged", nonce=event.nonce + 1)
                # A buyer signs its message address; its key, if it announced one, stays the same.
                known = self.contacts.get(event.buyer)
                self._reach(event, event.buyer, known.public_key if known else b"")
            case energy_lot.LotsDelivered():
                for lot in event.lots:
                    delivered = _begun(self.lots, lot, "lot")
                    self.lots[lot] = replace(delivered, how="delivered", trade_id=event.trade_id)
                # The market logs the end of the trade before it; a log of the lots alone has no trades.
                if event.trade_id in self.trades:
                    self.trades[event.trade_id] = replace(self.trades[event.trade_id], by_lots=True)
            case energy_lot.PermitsCancelled():
                self._step(event, event.lot, nonce=event.nonce)
            case energy_lot.LotRetired():
                self._step(event, event.lot, state="retired")
            case energy_lot.LotSplit():
                whole = self._step(event, event.lot, state="split")
                for i, energy_wh in enumerate(event.energies_wh):
                    self._make_of(event, part_id(event.lot, i), [whole], energy_wh)
            case energy_lot.LotsMerged():
                parts = [self._step(event, lot, state="merged") for lot in event.lots]
                self._make_of(event, event.lot, parts, sum(part.energy_wh for part in parts))

    def _reach(
        self, event: energy_lot.LotMinted | energy_lot.LotExchanged, account: str, public_key: bytes
    ) -> None:
        own = public_key if is_key_of(account, public_key) else b""
        record = ContactRecord(account, own, event.msg_addr, event.lot, event.block_number)
        self.contacts[account] = record

    def _make_of(
        self,
        event: energy_lot.LotSplit | energy_lot.LotsMerged,
        lot: int,
        of: list[LotRecord],
        energy_wh: int,
    ) -> None:
        self.lots[lot] = LotRecord(
            lot,
            event.owner,
            _distinct(parent.producers for parent in of),
            _distinct(parent.dso for parent in of),
            _distinct(parent.meters for parent in of),
            energy_wh,
            of[0].slot_start,
            event.block_number,
            how="split" if isinstance(event, energy_lot.LotSplit) else "merged",
            parents=tuple(parent.lot for parent in of),
            steps=(event,),
        )

    def _step(self, event: Event, lot: int, **changes: Any) -> LotRecord:
        record = _begun(self.lots, lot, "lot")
        self.lots[lot] = replace(record, steps=(*record.steps, event), **changes)
        return self.lots[lot]

    def _drop_transfer(self, event: energy_lot.LotExchanged) -> None:
        """Drop the exchange's own ERC-721 Transfer from the steps: it repeats what the exchange states."""
        record = _begun(self.lots, event.lot, "lot")
        last = record.steps[-1]
        if (
            isinstance(last, energy_lot.Transfer)
            and last.transaction_hash == event.transaction_hash
            and (last.from_, last.to) == (event.seller, event.buyer)
        ):
            self.lots[event.lot] = replace(record, steps=record.steps[:-1])


def fold(events: Iterable[Event]) -> Fold:
    """Fold a log, or the log of some of a market's contracts.

    Args:
        events: from the contracts' first block on, in the chain's order (`bindings.read_events`).

    Returns:
        The trades, auctions, lots and credits that they state.

    Raises:
        LogIncomplete: the log does not begin with the contracts' first block.
    """
    folded = Fold()
    for event in events:
        folded.fold(event)
    return folded


def _distinct(groups: Iterable[tuple[T, ...]]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(groups)))


def _begun(found: dict[Any, T], key: bytes | int, what: str) -> T:
    if key not in found:
        name = str(key) if isinstance(key, int) else to_hex(key)
        raise LogIncomplete(f"the log does not state how {what} {name} began: read it from block 0")
    return found[key]
