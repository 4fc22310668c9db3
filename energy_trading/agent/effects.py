"""What the log does to things that people signed: by these effects an order is known to be carried out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from energy_trading.bindings.contract import Event
from energy_trading.bindings.energy_ledger import Deposited, NoncesUsed, Withdrawn
from energy_trading.bindings.offer_market import (
    DeliveredShort,
    DeliveryConfirmed,
    OfferAccepted,
    OfferExpired,
    OfferWithdrawn,
    PaidShort,
    SignedOfferCancelled,
    TestimonyUnanswered,
    TradeExpired,
)
from energy_trading.types import ZERO_ADDRESS

ACCEPTED: Final = "accepted"
WITHDRAWN: Final = "withdrawn"
LAPSED: Final = "lapsed"
SETTLED: Final = "settled"
UNSETTLED: Final = "unsettled"
DONE: Final = "done"
VOIDED: Final = "voided"

_WORD: Final = 256


@dataclass(frozen=True)
class Effect:
    """What one log did.

    Args:
        key: what it happened to, from `offer_key`, `receipt_key_of` or `nonce_key`.
        outcome: one of this module's words.
        account: who did it: the buyer of an acceptance, the owner of a nonce; else the zero address.
        trade_id: the trade, 32 bytes; None if there is none.
        at: place of the log in its block.
        tx: the transaction, 32 bytes.
    """

    key: str
    outcome: str
    account: str
    trade_id: bytes | None
    at: int
    tx: bytes


def offer_key(trade_id: bytes) -> str:
    """Return the key of what happens to an offer: it is accepted, withdrawn, or lapses."""
    return f"offer:{trade_id.hex()}"


def delivery_key(trade_id: bytes) -> str:
    """Return the key of what happens to a receipt: it settles the trade, or the trade ends without it."""
    return f"delivery:{trade_id.hex()}"


def nonce_key(contract: str, owner: str, nonce: int) -> str:
    """Return the key of what happens to a nonce: the order is carried out, or voided."""
    return f"nonce:{contract}:{owner}:{nonce}"


def effects_of(events: Sequence[Event]) -> Iterator[Effect]:
    """Yield what the events of one block did, in their order.

    Args:
        events: all that the market's contracts logged in the block.
    """
    for i, event in enumerate(events):
        place = event.log_index, event.transaction_hash
        match event:
            case OfferAccepted():
                key = offer_key(event.trade_id)
                yield Effect(key, ACCEPTED, event.buyer, event.trade_id, *place)
            case OfferWithdrawn() | SignedOfferCancelled():
                yield Effect(offer_key(event.trade_id), WITHDRAWN, ZERO_ADDRESS, event.trade_id, *place)
            case OfferExpired():
                yield Effect(offer_key(event.trade_id), LAPSED, ZERO_ADDRESS, event.trade_id, *place)
            case DeliveryConfirmed() | DeliveredShort() | PaidShort():
                key = delivery_key(event.trade_id)
                yield Effect(key, SETTLED, ZERO_ADDRESS, event.trade_id, *place)
            case TradeExpired() | TestimonyUnanswered():
                key = delivery_key(event.trade_id)
                yield Effect(key, UNSETTLED, ZERO_ADDRESS, event.trade_id, *place)
            case NoncesUsed():
                used_for = _use(event, events[i + 1 :])
                for bit in range(_WORD):
                    if event.mask >> bit & 1:
                        key = nonce_key(event.address, event.owner, event.word * _WORD + bit)
                        yield Effect(key, *used_for, *place)


def _use(used: NoncesUsed, after: Sequence[Event]) -> tuple[str, str, bytes | None]:
    """Tell by what follows in the same transaction whether a nonce was used for its order or voided."""
    for event in after:
        if event.transaction_hash != used.transaction_hash:
            break
        match event:
            case NoncesUsed():
                break
            case OfferAccepted() if event.buyer == used.owner:
                return DONE, used.owner, event.trade_id
            case Withdrawn() if event.account == used.owner:
                return DONE, used.owner, None
            case Deposited() if event.payer == used.owner:
                return DONE, used.owner, None
    return VOIDED, used.owner, None
