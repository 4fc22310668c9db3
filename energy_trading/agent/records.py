"""The record chain: what became of each trade, linked so that no record can be changed unnoticed.

SETM's Algorithm 2 has three transactions of a trade, Initial(g1), Define(g1, c1) and Update(g1, c1, …). They
are the offer, its acceptance and its end. Their Merkle root goes into TI_n, which names TI_(n-1).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from eth_utils.crypto import keccak
from sqlalchemy import Connection, Row, insert, select

from energy_trading.agent.index import read_logs
from energy_trading.agent.store import Store, tell
from energy_trading.agent.tables import blocks, records
from energy_trading.bindings import offer_market
from energy_trading.bindings.contract import Event, decode_logs
from energy_trading.crypto.merkle import MerkleTree
from energy_trading.errors import Forged
from energy_trading.files._json import canonical_json, to_hex
from energy_trading.market.log.event_json import event_to_json
from energy_trading.types.structs import Message

VERSION: Final = b"SETM\x01"
#: TI_0, before the first record
START: Final = bytes(32)
_STEPS: Final = {
    offer_market.OfferMade: "initial",
    offer_market.OfferAccepted: "define",
    offer_market.PaidShort: "update",
    offer_market.DeliveryTestified: "update",
    offer_market.DeliveryConfirmed: "update",
    offer_market.DeliveredShort: "update",
    offer_market.ShortSettled: "update",
    offer_market.TestimonyUnanswered: "update",
    offer_market.TradeExpired: "update",
    offer_market.AwardUnpaid: "update",
    offer_market.OfferWithdrawn: "update",
    offer_market.OfferExpired: "update",
}
#: events after which nothing more happens to a trade
_LAST: Final = (
    offer_market.DeliveryConfirmed,
    offer_market.DeliveredShort,
    offer_market.ShortSettled,
    offer_market.TestimonyUnanswered,
    offer_market.TradeExpired,
    offer_market.AwardUnpaid,
    offer_market.OfferWithdrawn,
    offer_market.OfferExpired,
)


class RecordChanged(Forged):
    """A record is not what the log states: somebody changed it, or the ones before it.

    Args:
        number: of the first wrong record.
        trade_id: its trade, 32 bytes; None if the record is missing.
    """

    def __init__(self, number: int, trade_id: bytes | None) -> None:
        about = (
            "is missing" if trade_id is None else f"of trade {to_hex(trade_id)} is not what the log states"
        )
        super().__init__(f"record {number} {about}; trades are refused until it is put right")
        self.number, self.trade_id = number, trade_id


@dataclass(frozen=True)
class RecordHead(Message):
    """What the agent signs and writes on chain: the newest record.

    Args:
        number: n.
        hash: TI_n, 32 bytes.
    """

    number: int
    hash: bytes

    TYPE: ClassVar[str] = "RecordHead(uint256 number,bytes32 hash)"


@dataclass(frozen=True)
class Record:
    """One link: what became of one trade.

    Args:
        number: n, from 1; it is the nonce of the paper's hash.
        trade_id: 32 bytes.
        block: number of the block in which the trade ended.
        log_index: place of the last event in that block.
        block_hash: hash of the block, 32 bytes.
        steps: the trade's events, oldest first, each as name of the step and event.
        previous: TI_(n-1), 32 bytes.
    """

    number: int
    trade_id: bytes
    block: int
    log_index: int
    block_hash: bytes
    steps: tuple[tuple[str, dict[str, Any]], ...]
    previous: bytes

    @property
    def root(self) -> bytes:
        """Merkle root of the steps, 32 bytes; a leaf is hashed twice, so that no node passes as one."""
        return MerkleTree([keccak(keccak(canonical_json(step))) for step in self.steps]).root

    @property
    def hash(self) -> bytes:
        """TI_n = keccak256(version ‖ TI_(n-1) ‖ root ‖ block hash ‖ n), 32 bytes."""
        parts = VERSION, self.previous, self.root, self.block_hash, self.number.to_bytes(32, "big")
        return keccak(b"".join(parts))

    def to_json(self) -> dict[str, Any]:
        """Return the record for the API and for files."""
        return {
            "number": self.number,
            "trade_id": to_hex(self.trade_id),
            "block": self.block,
            "log_index": self.log_index,
            "block_hash": to_hex(self.block_hash),
            "previous": to_hex(self.previous),
            "root": to_hex(self.root),
            "hash": to_hex(self.hash),
            "steps": [{"step": name, "event": event} for name, event in self.steps],
        }


class RecordChain:
    """The records in the store.

    Args:
        store: that the indexer fills.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        #: why trades are refused; None if every record is right
        self.broken: RecordChanged | None = None

    def extend(self, final: int) -> int:
        """Append a record for every trade that ended in a final block and has none; check the newest one.

        Args:
            final: number of the newest final block.

        Returns:
            How many were appended.

        Raises:
            RecordChanged: a record is not what the log states; nothing was appended.
            StoreAway: the database went away.
        """
        with self._store.reading() as connection:
            row = _newest(connection)
            done = -1 if row is None else int(row.block)
            if row is not None:
                self._compare([row], {int(row.number): _rebuilt(connection, row)})
            if not any(isinstance(e, _LAST) for e in _events(connection, done, final)):
                return 0
        with self._store.writing() as connection:
            row = _newest(connection)
            number, previous = (0, START) if row is None else (int(row.number), bytes(row.hash))
            done = -1 if row is None else int(row.block)
            fresh = list(_records(connection, done, final, number, previous))
            for record in fresh:
                connection.execute(insert(records).values(**_values(record)))
            news = [{"number": str(r.number), "trade_id": to_hex(r.trade_id)} for r in fresh]
            tell(connection, [("record", "", json.dumps(each)) for each in news])
        return len(fresh)

    def check(self) -> int:
        """Compare every record with the log.

        Returns:
            How many records there are.

        Raises:
            RecordChanged: one is not what the log states, or one is missing.
        """
        with self._store.reading() as connection:
            rows = connection.execute(select(records).order_by(records.c.number)).all()
            last = -1 if not rows else max(int(row.block) for row in rows)
            due: dict[int, Record | None] = {r.number: r for r in _records(connection, -1, last, 0, START)}
            self._compare(rows, due)
            if len(due) > len(rows):
                self._break(RecordChanged(len(rows) + 1, None))
        self.broken = None
        return len(rows)

    def of(self, trade_id: bytes) -> Record | None:
        """Return the record of a trade, compared with the log; None if there is none yet.

        Raises:
            RecordChanged: the stored record is not what the log states.
        """
        with self._store.reading() as connection:
            about = select(records).where(records.c.trade_id == trade_id)
            row = connection.execute(about.order_by(records.c.number.desc()).limit(1)).one_or_none()
            if row is None:
                return None
            record = _rebuilt(connection, row)
            self._compare([row], {int(row.number): record})
            return record

    def head(self) -> RecordHead | None:
        """Return the newest record's number and hash; None if there is none."""
        with self._store.reading() as connection:
            row = _newest(connection)
        return None if row is None else RecordHead(int(row.number), bytes(row.hash))

    def check_whole(self) -> None:
        """Refuse to go on with a trade while a record is known to be changed (S-8).

        Raises:
            RecordChanged: one is.
        """
        if self.broken is not None:
            raise self.broken

    def _compare(self, rows: Any, due: dict[int, Record | None]) -> None:
        for row in rows:
            record = due.get(int(row.number))
            stored = {name: getattr(row, name) for name in _COLUMNS}
            stored = {n: bytes(v) if isinstance(v, (bytes, memoryview)) else v for n, v in stored.items()}
            if record is None or stored != _values(record):
                self._break(RecordChanged(int(row.number), bytes(row.trade_id)))

    def _break(self, error: RecordChanged) -> None:
        self.broken = error
        raise error


_COLUMNS: Final = (
    "number",
    "trade_id",
    "block",
    "log_index",
    "block_hash",
    "root",
    "previous",
    "hash",
    "steps",
)


def _newest(connection: Connection) -> Row[Any] | None:
    return connection.execute(select(records).order_by(records.c.number.desc()).limit(1)).one_or_none()


def _events(
    connection: Connection, above: int, to: int, subjects: Sequence[bytes] | None = None
) -> list[Event]:
    return decode_logs(read_logs(connection, above, to, subjects))


def _records(connection: Connection, above: int, to: int, number: int, previous: bytes) -> Iterator[Record]:
    """Yield the records of the trades that ended in a range of blocks, in the chain's order."""
    for event in _events(connection, above, to):
        if isinstance(event, _LAST):
            number += 1
            record = _record(
                connection, number, event.trade_id, event.block_number, event.log_index, previous
            )
            assert record is not None, "its block is stored"
            previous = record.hash
            yield record


def _record(
    connection: Connection, number: int, trade_id: bytes, block: int, log_index: int, previous: bytes
) -> Record | None:
    stored = connection.execute(select(blocks.c.hash).where(blocks.c.number == block)).scalar()
    steps = [
        (_STEPS[type(event)], event_to_json(event, str))
        for event in _events(connection, -1, block, [trade_id])
        if type(event) in _STEPS and (event.block_number, event.log_index) <= (block, log_index)
    ]
    if stored is None or not steps:
        return None
    return Record(number, trade_id, block, log_index, bytes(stored), tuple(steps), previous)


def _rebuilt(connection: Connection, row: Row[Any]) -> Record | None:
    """Make one record again from the log and from the hash of the record before it."""
    number = int(row.number)
    before = select(records.c.hash).where(records.c.number == number - 1)
    previous = START if number == 1 else connection.execute(before).scalar()
    if previous is None:
        return None
    place = bytes(row.trade_id), int(row.block), int(row.log_index)
    return _record(connection, number, *place, bytes(previous))


def _values(record: Record) -> dict[str, Any]:
    return {
        "number": record.number,
        "trade_id": record.trade_id,
        "block": record.block,
        "log_index": record.log_index,
        "block_hash": record.block_hash,
        "root": record.root,
        "previous": record.previous,
        "hash": record.hash,
        "steps": canonical_json([list(step) for step in record.steps]).decode(),
    }
