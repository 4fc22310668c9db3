"""What a verifier node must not forget: orders, readings, its word to homes, what it signed, who failed."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from eth_utils.crypto import keccak

from energy_trading.errors import BadInput, TryAgain
from energy_trading.files._json import canonical_json, parse_json
from energy_trading.market.slots.messages import SignedAck, SignedOrder, SignedSlotReading
from energy_trading.market.slots.settlement import ConditionBroken, SlotEntry
from energy_trading.types import Domain

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS owner (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS orders (
    hash BLOB PRIMARY KEY, account TEXT NOT NULL, nonce TEXT NOT NULL, first INTEGER NOT NULL,
    last INTEGER NOT NULL, message TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS orders_account ON orders (account);
CREATE TABLE IF NOT EXISTS readings (
    slot INTEGER NOT NULL, account TEXT NOT NULL, message TEXT NOT NULL, PRIMARY KEY (slot, account));
CREATE TABLE IF NOT EXISTS acks (
    slot INTEGER NOT NULL, account TEXT NOT NULL, message TEXT NOT NULL, entry TEXT NOT NULL,
    PRIMARY KEY (slot, account));
CREATE TABLE IF NOT EXISTS signed (
    slot INTEGER NOT NULL, rows BLOB NOT NULL, entries TEXT NOT NULL, PRIMARY KEY (slot, rows));
CREATE TABLE IF NOT EXISTS failures (
    hash BLOB PRIMARY KEY, slot INTEGER NOT NULL, who TEXT NOT NULL, message TEXT NOT NULL);
"""
#: orders that an account may have here at a time: a day's, tomorrow's, and changes of them
MAX_ORDERS: Final = 16
#: failures that are kept; the oldest are dropped
MAX_FAILURES: Final = 10_000


class VerifierStoreLocked(TryAgain):
    """Another process holds the node's store; two nodes with one key could give two words to one home."""


class VerifierStore:
    """The store of one verifier node: an SQLite file that only its owner can read.

    What happens within `together` is on the disk as a whole when that ends, so that a node may be killed at
    any point.

    Args:
        path: of the file.
        domain: of the slot market; a store is for one market.
        member: account of the node; a store is for one member.

    Raises:
        VerifierStoreLocked: another process has it open.
        BadInput: it is another member's or market's store, or no store.
    """

    def __init__(self, path: Path, domain: Domain, member: str) -> None:
        self._lock = threading.RLock()
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)
            # The lock is the process's own and ends with it, however it ends.
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(f"BEGIN EXCLUSIVE;{_SCHEMA}COMMIT;")
        except OSError as error:
            raise BadInput(f"the store {path} cannot be opened: {error.strerror}") from error
        except sqlite3.OperationalError as error:
            raise VerifierStoreLocked(f"the store {path} is in use by another process ({error})") from error
        except sqlite3.DatabaseError as error:
            raise BadInput(f"{path} is not a verifier's store: {error}") from error
        with self.together():
            self._own("market", f"{domain.chain_id} {domain.verifying_contract}", path)
            self._own("member", member, path)

    def close(self) -> None:
        """Release the store."""
        self._db.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Put all that happens inside on the disk at its end, also if it ends with an error."""
        with self._lock:
            self._db.execute("BEGIN")
            try:
                yield
            finally:
                self._db.execute("COMMIT")

    # ------------------------------------------------------------ orders

    def put_order(self, signed: SignedOrder, first: int) -> bool:
        """Keep an order.

        Args:
            signed: checked.
            first: first slot for which it came in time.

        Returns:
            Whether it is new, or counts from an earlier slot than before.
        """
        order, digest = signed.order, signed.order.struct_hash()
        with self._lock:
            known = self._one("SELECT first FROM orders WHERE hash = ?", digest)
            if known is not None and known <= first:
                return False
            self._db.execute(
                "INSERT OR REPLACE INTO orders VALUES (?, ?, ?, ?, ?, ?)",
                (
                    digest,
                    order.account,
                    f"{order.nonce:078d}",
                    first,
                    order.last_slot,
                    _text(signed.to_json()),
                ),
            )
            # Bounded, so that no account fills the disk: those with the lowest nonces go.
            self._db.execute(
                "DELETE FROM orders WHERE account = ?1 AND hash NOT IN"
                " (SELECT hash FROM orders WHERE account = ?1 ORDER BY nonce DESC LIMIT ?2)",
                (order.account, MAX_ORDERS),
            )
        return True

    def orders(self, account: str, slot: int) -> list[SignedOrder]:
        """Return the orders of an account that came in time for a slot."""
        query = "SELECT message FROM orders WHERE account = ? AND first <= ? AND last >= ?"
        return [SignedOrder.from_json(_parsed(text)) for text in self._all(query, account, slot, slot)]

    # ------------------------------------------------------------ readings

    def put_reading(self, signed: SignedSlotReading) -> SignedSlotReading | None:
        """Keep a reading, if none of the home is there for the slot.

        Returns:
            Another reading of the same home and slot that was there before: together they are evidence.
        """
        reading = signed.reading
        with self._lock:
            known = self.reading(reading.slot, reading.account)
            if known is None:
                self._db.execute(
                    "INSERT INTO readings VALUES (?, ?, ?)",
                    (reading.slot, reading.account, _text(signed.to_json())),
                )
            return known if known is not None and known.reading != reading else None

    def reading(self, slot: int, account: str) -> SignedSlotReading | None:
        """Return the first reading that came of a home for a slot."""
        found = self._one("SELECT message FROM readings WHERE slot = ? AND account = ?", slot, account)
        return None if found is None else SignedSlotReading.from_json(_parsed(found))

    # ------------------------------------------------------------ the node's own word

    def put_ack(self, ack: SignedAck, entry: SlotEntry) -> None:
        """Keep what the node is about to acknowledge, before anybody sees it."""
        with self._lock:
            self._db.execute(
                "INSERT INTO acks VALUES (?, ?, ?, ?)",
                (ack.ack.slot, ack.ack.account, _text(ack.to_json()), _text(entry_to_json(entry))),
            )

    def ack(self, slot: int, account: str) -> tuple[SignedAck, SlotEntry] | None:
        """Return what the node has acknowledged to a home for a slot."""
        with self._lock:
            query = "SELECT message, entry FROM acks WHERE slot = ? AND account = ?"
            row = self._db.execute(query, (slot, account)).fetchone()
        return (
            None if row is None else (SignedAck.from_json(_parsed(row[0])), entry_from_json(_parsed(row[1])))
        )

    def put_signed(self, slot: int, rows_root: bytes, entries: Mapping[int, SlotEntry]) -> None:
        """Keep the orders and readings behind a result that the node is about to sign."""
        text = _text([entry_to_json(entries[number]) for number in sorted(entries)])
        with self._lock:
            self._db.execute("INSERT OR REPLACE INTO signed VALUES (?, ?, ?)", (slot, rows_root, text))

    def signed(self, slot: int, rows_root: bytes) -> list[SlotEntry]:
        """Return the orders and readings behind a result that the node has signed; none if it has not."""
        found = self._one("SELECT entries FROM signed WHERE slot = ? AND rows = ?", slot, rows_root)
        return [] if found is None else [entry_from_json(each) for each in _parsed(found)]

    # ------------------------------------------------------------ who failed

    def put_failure(self, slot: int, failure: ConditionBroken) -> None:
        """Record who failed in a slot, with the evidence (α of eq 2); the same record is kept once.

        Source:
            Z-6, Z-7.
        """
        record = {"slot": slot, **failure.to_json()}
        digest = keccak(canonical_json(record))
        with self._lock:
            self._db.execute(
                "INSERT OR IGNORE INTO failures VALUES (?, ?, ?, ?)",
                (digest, slot, failure.who, _text(record)),
            )
            self._db.execute(
                "DELETE FROM failures WHERE rowid <= (SELECT MAX(rowid) FROM failures) - ?", (MAX_FAILURES,)
            )

    def failures(self, slot: int | None = None) -> list[dict[str, Any]]:
        """Return the records of who failed, oldest first: of one slot, or of all."""
        query = "SELECT message FROM failures WHERE ?1 IS NULL OR slot = ?1 ORDER BY rowid"
        return [_parsed(text) for text in self._all(query, slot)]

    def forget_before(self, slot: int) -> None:
        """Drop what is about final slots only; the failures stay."""
        with self._lock:
            for table in ("readings", "acks", "signed"):
                self._db.execute(f"DELETE FROM {table} WHERE slot < ?", (slot,))  # noqa: S608
            self._db.execute("DELETE FROM orders WHERE last < ?", (slot,))

    # ------------------------------------------------------------ parts of the above

    def _own(self, name: str, value: str, path: Path) -> None:
        known = self._one("SELECT value FROM owner WHERE name = ?", name)
        if known is None:
            self._db.execute("INSERT INTO owner VALUES (?, ?)", (name, value))
        elif known != value:
            raise BadInput(f"the store {path} is of the {name} {known}, not {value}")

    def _one(self, query: str, *values: object) -> Any:
        found = self._all(query, *values)
        return found[0] if found else None

    def _all(self, query: str, *values: object) -> list[Any]:
        with self._lock:
            return [row[0] for row in self._db.execute(query, values).fetchall()]


def entry_to_json(entry: SlotEntry) -> dict[str, Any]:
    """Return an entry for `json.dumps`."""
    return {"order": entry.order.to_json(), "reading": entry.reading.to_json()}


def entry_from_json(value: Any) -> SlotEntry:
    """Read what `entry_to_json` wrote.

    Raises:
        BadInput: it has another form.
    """
    if not isinstance(value, dict) or value.keys() != {"order", "reading"}:
        raise BadInput("an entry of a slot must have an order and a reading")
    return SlotEntry(SignedOrder.from_json(value["order"]), SignedSlotReading.from_json(value["reading"]))


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _parsed(text: str) -> Any:
    return parse_json(text, "the store")
