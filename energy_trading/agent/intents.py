"""The life of a signed order in the store, from received to final, or to one of the other ends."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from eth_utils.crypto import keccak
from sqlalchemy import Connection, Row, and_, delete, insert, or_, select, update

from energy_trading.agent.effects import (
    ACCEPTED,
    DONE,
    LAPSED,
    SETTLED,
    VOIDED,
    WITHDRAWN,
    delivery_key,
    nonce_key,
    offer_key,
)
from energy_trading.agent.store import next_number, tell
from energy_trading.agent.tables import effects, intents
from energy_trading.bindings.suite import Suite
from energy_trading.files._json import canonical_json, to_hex
from energy_trading.market.intents.intent import Intent
from energy_trading.market.trade.offer import Offer
from energy_trading.types import (
    TESTIMONY_NONCE,
    Bid,
    Delivery,
    Deposit,
    GiveUp,
    NonceCancellation,
    Receipt,
    Withdrawal,
)

RECEIVED: Final = "received"
OPEN: Final = "open"
IN_FLIGHT: Final = "in flight"
MINED: Final = "mined"
FINAL: Final = "final"
CANCELLED: Final = "cancelled"
EXPIRED: Final = "expired"
UNFUNDED: Final = "unfunded"
FAILED: Final = "failed"
STATES: Final = (RECEIVED, OPEN, IN_FLIGHT, MINED, FINAL, CANCELLED, EXPIRED, UNFUNDED, FAILED)
#: nothing but a reorganisation changes an intent in one of these
ENDS: Final = (FINAL, CANCELLED, EXPIRED, UNFUNDED, FAILED)
WAITING: Final = (RECEIVED, OPEN)

OFFER: Final = "offer"
RECEIPT: Final = "receipt"
#: kinds of what can be handed over, beside those of `market.intents`
KINDS: Final = (
    OFFER,
    "purchase",
    "bid",
    "give-up",
    "cancellation",
    "withdrawal",
    "deposit",
    "nonce-cancellation",
    RECEIPT,
)
#: kinds whose first effect on chain need not come from this agent's transaction
_MEANING: Final[dict[str, dict[str, tuple[str, str | None]]]] = {
    OFFER: {ACCEPTED: (MINED, None), WITHDRAWN: (CANCELLED, None), LAPSED: (EXPIRED, None)},
    "purchase": {WITHDRAWN: (FAILED, "offer-withdrawn"), LAPSED: (EXPIRED, None)},
    "give-up": {WITHDRAWN: (MINED, None), ACCEPTED: (FAILED, "offer-taken"), LAPSED: (EXPIRED, None)},
    "cancellation": {WITHDRAWN: (MINED, None), ACCEPTED: (FAILED, "offer-taken"), LAPSED: (EXPIRED, None)},
    "bid": {DONE: (MINED, None), VOIDED: (CANCELLED, None)},
    "withdrawal": {DONE: (MINED, None), VOIDED: (CANCELLED, None)},
    "deposit": {DONE: (MINED, None), VOIDED: (CANCELLED, None)},
    "nonce-cancellation": {VOIDED: (MINED, None), DONE: (FAILED, "order-carried-out")},
    RECEIPT: {SETTLED: (MINED, None)},
}


class Entry:
    """Something that was signed and handed over, ready for the store.

    Args:
        kind: one of `KINDS`.
        id: what the signature is over, with the signer: 32 bytes.
        signer: account that it speaks for; of a receipt, the buyer.
        body: as JSON.
        effect: key of what will happen to it on chain.
        trade_id: of the trade that it is about; None if there is none yet.
        deadline: unix seconds; it counts before.
        not_before: unix seconds; it counts from then on.
    """

    def __init__(
        self,
        kind: str,
        id: bytes,
        signer: str,
        body: dict[str, Any],
        effect: str,
        trade_id: bytes | None,
        deadline: int,
        not_before: int = 0,
    ) -> None:
        self.kind, self.id, self.signer, self.body = kind, to_hex(id), signer, body
        self.effect, self.trade_id = effect, trade_id
        self.deadline, self.not_before = deadline, not_before


def entry_of_offer(suite: Suite, offer: Offer) -> Entry:
    """Return the entry of an offer that was signed off chain (SHARE)."""
    terms, trade_id = offer.terms, offer.trade_id
    digest = suite.market_domain.digest(terms)
    body = offer.to_json()
    return Entry(OFFER, digest, terms.seller, body, offer_key(trade_id), trade_id, terms.accept_by)


def entry_of_intent(intent: Intent) -> Entry:
    """Return the entry of a signed order."""
    order, contract = intent.order, intent.domain.verifying_contract
    trade_id: bytes | None = None
    if isinstance(order, Bid | Withdrawal | Deposit):
        effect = nonce_key(contract, intent.signer, order.nonce)
    elif isinstance(order, NonceCancellation):
        lowest = (order.mask & -order.mask).bit_length() - 1
        effect = nonce_key(contract, intent.signer, order.word * 256 + max(lowest, 0))
    else:
        trade_id = order.trade_id
        effect = offer_key(trade_id)
    not_before = order.not_before if isinstance(order, GiveUp) else 0
    digest = intent.domain.digest(order)
    body = intent.to_json()
    return Entry(intent.kind, digest, intent.signer, body, effect, trade_id, order.deadline, not_before)


def entry_of_receipt(suite: Suite, delivery: Delivery, body: dict[str, Any], reply_time: int) -> Entry:
    """Return the entry of a meter's receipt."""
    terms = delivery.terms
    trade_id = terms.struct_hash()
    digest = suite.market_domain.digest(Receipt(trade_id, delivery.energy))
    until = terms.deliver_by + (reply_time if terms.nonce & TESTIMONY_NONCE else 0)
    return Entry(
        RECEIPT,
        keccak(digest + delivery.signer),
        delivery.buyer,
        body,
        delivery_key(trade_id),
        trade_id,
        until,
    )


def put(connection: Connection, entry: Entry, now: int) -> tuple[Row[Any], bool]:
    """Store an entry, unless it is there and has not failed.

    Args:
        connection: of `Store.writing`.
        entry: checked.
        now: unix seconds of the chain.

    Returns:
        The stored row, and whether it is new.
    """
    there = get(connection, entry.id)
    if there is not None and there.state not in (FAILED, UNFUNDED, EXPIRED):
        return there, False
    if there is not None:
        connection.execute(delete(intents).where(intents.c.id == entry.id))
    values = {
        "id": entry.id,
        "number": next_number(connection, "intent"),
        "kind": entry.kind,
        "signer": entry.signer,
        "body": canonical_json(entry.body).decode(),
        "effect": entry.effect,
        "trade_id": entry.trade_id,
        "received": now,
        "not_before": min(entry.not_before, 2**62),
        "deadline": min(entry.deadline, 2**62),
        "state": RECEIVED,
        "cancelling": False,
        "taken_back": False,
        "tries": 0,
    }
    connection.execute(insert(intents).values(**values))
    if entry.kind in ("cancellation", "give-up", "nonce-cancellation"):
        _mark_cancelling(connection, entry)
    judge(connection, [entry.effect])
    row = get(connection, entry.id)
    assert row is not None, "it was just written"
    if row.state == RECEIVED:
        announce(connection, [entry.id])
    return row, True


def get(connection: Connection, id: str) -> Row[Any] | None:
    """Return an intent's row; None if there is none."""
    return connection.execute(select(intents).where(intents.c.id == id)).one_or_none()


def move(connection: Connection, ids: Sequence[str], state: str, **changes: Any) -> None:
    """Write a new state of intents down, and tell the listeners."""
    for start in range(0, len(ids), 200):
        part = ids[start : start + 200]
        connection.execute(update(intents).where(intents.c.id.in_(part)).values(state=state, **changes))
    announce(connection, ids)


def announce(connection: Connection, ids: Iterable[str]) -> None:
    """Tell the listeners how intents stand now."""
    news = []
    for id in ids:
        row = get(connection, id)
        if row is not None:
            news.append(("intent", row.signer, json.dumps(to_json(row, with_body=False))))
    tell(connection, news)


def judge(connection: Connection, keys: Sequence[str]) -> None:
    """Let the first effect of each key decide the intents that wait for it.

    Args:
        connection: of `Store.writing`.
        keys: of effects that came, or of intents that came.
    """
    for start in range(0, len(keys), 200):
        part = list(dict.fromkeys(keys[start : start + 200]))
        rows = connection.execute(
            select(intents).where(intents.c.effect.in_(part), intents.c.block.is_(None))
        ).all()
        if not rows:
            continue
        place = effects.c.key, effects.c.block, effects.c.log_index
        first: dict[str, Row[Any]] = {}
        wanted = {row.effect for row in rows}
        for found in connection.execute(
            select(effects).where(effects.c.key.in_(wanted)).order_by(*place)
        ).all():
            first.setdefault(found.key, found)
        for row in rows:
            if row.effect in first:
                _decide(connection, row, first[row.effect])


def undo(connection: Connection, above: int) -> int:
    """Take back what blocks above one decided; the intents wait again, and the effects are forgotten.

    Returns:
        How many intents were taken back.
    """
    gone = connection.execute(select(intents.c.id).where(intents.c.block > above)).scalars().all()
    connection.execute(delete(effects).where(effects.c.block > above))
    nothing = {"block": None, "tx": None, "code": None, "detail": None}
    move(connection, gone, OPEN, taken_back=True, **nothing)
    return len(gone)


def mature(connection: Connection, final: int, now: int) -> None:
    """Make final what was mined long enough ago, and let expire what waited too long.

    Args:
        connection: of `Store.writing`.
        final: number of the newest final block.
        now: unix seconds of the newest block.
    """
    old = and_(intents.c.state == MINED, intents.c.block <= final)
    move(connection, connection.execute(select(intents.c.id).where(old)).scalars().all(), FINAL)
    # What is in flight may still be mined: its deadline is that of the chain.
    late = and_(intents.c.state.in_(WAITING), intents.c.deadline <= now, intents.c.job.is_(None))
    ended = connection.execute(select(intents.c.id).where(late)).scalars().all()
    move(connection, ended, EXPIRED, code="deadline-passed")


def open_count(connection: Connection, signer: str) -> int:
    """Return how many intents of an account have not ended."""
    waits = select(intents.c.id).where(
        intents.c.signer == signer, intents.c.state.in_((*WAITING, IN_FLIGHT)), intents.c.kind != RECEIPT
    )
    return len(connection.execute(waits).all())


def to_json(row: Row[Any], with_body: bool = True) -> dict[str, Any]:
    """Return an intent as the API shows it."""
    shown: dict[str, Any] = {
        "id": row.id,
        "kind": row.kind,
        "signer": row.signer,
        "state": row.state,
        "cancelling": bool(row.cancelling) and row.state in (*WAITING, IN_FLIGHT),
        "taken_back": bool(row.taken_back),
        "deadline": str(row.deadline),
        "trade_id": None if row.trade_id is None else to_hex(row.trade_id),
        "reason": None if row.code is None else {"code": row.code, **json.loads(row.detail or "{}")},
        "block": None if row.block is None else str(row.block),
        "transaction": None if row.tx is None else to_hex(row.tx),
        "job": None if row.job is None else str(row.job),
    }
    return shown | {"body": json.loads(row.body)} if with_body else shown


def _decide(connection: Connection, row: Row[Any], effect: Row[Any]) -> None:
    if row.kind == "purchase" and effect.outcome == ACCEPTED:
        bought = effect.account == row.signer
        state, code = (MINED, None) if bought else (FAILED, "offer-taken")
    else:
        state, code = _MEANING[row.kind].get(effect.outcome, (FAILED, "trade-ended"))
    changes: dict[str, Any] = {"block": effect.block, "tx": effect.tx, "code": code, "detail": None}
    if row.kind == "bid" and state == MINED:
        changes["trade_id"] = effect.trade_id
    move(connection, [row.id], state, **changes)


def _mark_cancelling(connection: Connection, entry: Entry) -> None:
    """Mark what an order cancels: it is not carried to the chain any more unless it is on its way."""
    order = entry.body["order"]
    waits = intents.c.state.in_((*WAITING, IN_FLIGHT))
    if entry.kind == "nonce-cancellation":
        contract, word = entry.body["domain"]["verifying_contract"], int(order["word"])
        keys = [
            nonce_key(contract, entry.signer, word * 256 + bit)
            for bit in range(256)
            if int(order["mask"]) >> bit & 1
        ]
        named: Any = intents.c.effect.in_(keys)
    else:
        named = and_(intents.c.effect == entry.effect, intents.c.kind == OFFER)
    other = and_(intents.c.id != entry.id, intents.c.kind.in_((OFFER, "bid", "withdrawal", "deposit")))
    ids = connection.execute(select(intents.c.id).where(waits, named, other)).scalars().all()
    if ids:
        connection.execute(update(intents).where(intents.c.id.in_(ids)).values(cancelling=True))
        announce(connection, ids)


def waiting(connection: Connection, kinds: Sequence[str], now: int) -> Sequence[Row[Any]]:
    """Return what waits to be carried, oldest first."""
    ready = and_(
        intents.c.state.in_(WAITING),
        intents.c.kind.in_(kinds),
        intents.c.job.is_(None),
        intents.c.not_before <= now,
        or_(intents.c.cancelling.is_(False), intents.c.kind == RECEIPT),
    )
    return connection.execute(select(intents).where(ready).order_by(intents.c.number)).all()
