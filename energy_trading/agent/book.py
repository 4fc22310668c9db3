"""The book of offers, and which of them a buyer's request gets: by price, then standing, then time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from energy_trading.agent import intents as life
from energy_trading.agent.tables import blocks, intents
from energy_trading.agent.view import View
from energy_trading.files._json import to_hex
from energy_trading.market.log.records import OPEN
from energy_trading.market.trade.offer import Offer, terms_to_json
from energy_trading.types import AWARD_NONCE, TESTIMONY_NONCE, ZERO_ADDRESS, Bid

_WH_PER_MWH = 10**6


@dataclass(frozen=True)
class Listed:
    """An offer that can be bought now.

    Args:
        offer: terms, and the seller's signature if it is not on chain.
        received: unix seconds: when it was shared, or the time of the block in which it was made.
        credit_e9: the seller's credit as the index has it, scale 1e9.
        source: "signed" or "chain".
    """

    offer: Offer
    received: int
    credit_e9: int
    source: str

    @property
    def price_per_mwh_up(self) -> int:
        """Units of account for 1,000,000 Wh, rounded up, as a bid's limit is compared."""
        return -(-self.offer.terms.price * _WH_PER_MWH // self.offer.energy_wh)

    def to_json(self) -> dict[str, Any]:
        """Return the offer as the API shows it."""
        terms = self.offer.terms
        return {
            "trade_id": to_hex(self.offer.trade_id),
            "terms": terms_to_json(terms),
            "energy_wh": self.offer.energy_wh,
            "price_per_mwh": self.price_per_mwh_up,
            "seller_credit_e9": self.credit_e9,
            "reserved_for": None if terms.buyer == ZERO_ADDRESS else terms.buyer,
            "testimony": bool(terms.nonce & TESTIMONY_NONCE),
            "signature": None if self.offer.signature is None else to_hex(self.offer.signature),
            "source": self.source,
        }


def listed(connection: Connection, view: View) -> list[Listed]:
    """Return every plain offer that can be accepted now: signed ones that were shared, and those on chain.

    An offer whose cancellation is on its way is left out.
    """
    with view.lock:
        head, fold = view.head, view.fold
        if head is None:
            return []
        rows = connection.execute(
            select(intents).where(
                intents.c.kind == life.OFFER,
                intents.c.state.in_(life.WAITING),
                intents.c.cancelling.is_(False),
                intents.c.deadline > head.time,
            )
        ).all()

        def credit_of(seller: str) -> int:
            return int(fold.account(seller).standing.seller_credit_e9)

        found = []
        for row in rows:
            offer = Offer.from_json(json.loads(row.body))
            found.append(Listed(offer, row.received, credit_of(row.signer), "signed"))
        on_chain = [
            record
            for record in fold.trades.values()
            if record.state == OPEN and record.terms.accept_by > head.time
            if record.energy_wh and not record.terms.nonce & AWARD_NONCE
        ]
        made_in = {record.block for record in on_chain}
        times = select(blocks.c.number, blocks.c.time).where(blocks.c.number.in_(made_in))
        made_at = {row.number: row.time for row in connection.execute(times)}
        for record in on_chain:
            offer = Offer(record.terms, record.energy_wh or 0)
            made = made_at.get(record.block, head.time)
            found.append(Listed(offer, made, credit_of(record.terms.seller), "chain"))
        return found


def ranked(offers: list[Listed], bid: Bid) -> list[Listed]:
    """Return the offers that keep to the limits of a bid, the best for the buyer first.

    Competition lowers the price (S-6): the lowest price per MWh comes first; among equals the seller with the
    higher credit, then who came first.

    Args:
        offers: from `listed`.
        bid: the buyer's order; the contract checks the same limits again.

    Source:
        S-3, S-6.
    """

    def keeps(item: Listed) -> bool:
        terms = item.offer.terms
        return (
            bid.min_wh <= item.offer.energy_wh <= bid.max_wh
            and item.price_per_mwh_up <= bid.max_price_per_mwh
            and bid.slot_start <= terms.accept_by
            and terms.deliver_by <= bid.slot_end
            and terms.buyer in (ZERO_ADDRESS, bid.buyer)
            and bid.seller in (ZERO_ADDRESS, terms.seller)
            and terms.seller != bid.buyer
            and item.credit_e9 >= bid.min_seller_credit
        )

    return sorted(filter(keeps, offers), key=_merit)


def _merit(item: Listed) -> tuple[int, int, int, bytes]:
    return item.price_per_mwh_up, -item.credit_e9, item.received, item.offer.trade_id


def requests_in_turn(rows: Iterator[tuple[str, Bid]]) -> list[tuple[str, Bid]]:
    """Return bids in the order in which they choose: who pays most per MWh first, then who came first."""
    return sorted(rows, key=lambda item: -item[1].max_price_per_mwh)
