"""A file of facts that must not be forgotten: appended and synced before anything is handed out."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from energy_trading.errors import BadInput, Forged, TryAgain
from energy_trading.files._json import parse_json
from energy_trading.files._lock import open_locked
from energy_trading.files.whole_file import sync_folder


class JournalLocked(TryAgain):
    """Another process holds the file; two that answer for one key could sign twice."""


class JournalClosed(BadInput):
    """The file was closed, by its owner or by a failed write; what cannot be kept is not signed."""


class JournalCorrupt(Forged):
    """A line of the file is no fact of its owner; whoever may have forgotten facts does not sign."""


class Journal:
    """An append-only file of JSON objects, one on each line, which only its owner can read.

    The file is locked for the life of the object. A last line without its newline is a write that a crash
    cut short: its caller never got an answer, so it is dropped.

    Args:
        path: file to open or create (mode 0600); None keeps nothing, for simulations.

    Raises:
        JournalLocked: the file is open elsewhere.
        JournalCorrupt: a whole line is no JSON object.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._facts: list[dict[str, Any]] = []
        self._file = -1
        if path is None:
            return
        in_use = JournalLocked(f"journal {path} is in use by another process")
        self._file = open_locked(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, in_use)
        try:
            self._read(path)
        except BaseException:
            self.close()
            raise

    def replay(self) -> Iterator[dict[str, Any]]:
        """Yield the facts that were in the file when it was opened, oldest first."""
        yield from self._facts
        self._facts = []

    def append(self, fact: dict[str, Any]) -> None:
        """Write a fact and wait until the disk has it.

        Raises:
            JournalClosed: `close` was called, or an earlier write failed.
            OSError: the disk did not take the fact.
        """
        if self._file < 0:
            if self._path is not None:
                raise JournalClosed(f"journal {self._path} was closed; open it again to go on")
            return
        line = json.dumps(fact, separators=(",", ":")).encode() + b"\n"
        try:
            if os.write(self._file, line) != len(line):
                raise OSError(f"journal {self._path} took only part of a line")
            os.fsync(self._file)
        except OSError:
            # Whether the fact is kept is unknown until the file is read again: nothing may follow it.
            self.close()
            raise

    def corrupt(self, reason: str) -> JournalCorrupt:
        """Return the error for a fact that does not fit what came before it."""
        return JournalCorrupt(f"journal {self._path}: {reason}")

    def close(self) -> None:
        """Release the file, so that another object may open it."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __del__(self) -> None:
        """Release the file of a forgotten object."""
        if hasattr(self, "_file"):
            self.close()

    def _read(self, path: Path) -> None:
        os.fchmod(self._file, 0o600)
        sync_folder(path.parent)
        content = path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        os.ftruncate(self._file, len(whole))
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                fact = parse_json(line, "line")
            except BadInput as error:
                raise self.corrupt(f"line {number} is not JSON") from error
            if not isinstance(fact, dict):
                raise self.corrupt(f"line {number} is not a JSON object")
            self._facts.append(fact)


class Journaled(ABC):
    """What follows from the facts of a journal; a subclass takes in one fact at a time with `_apply`."""

    def __init__(self, path: Path | None) -> None:
        self._journal = Journal(path)

    def close(self) -> None:
        """Release the journal."""
        self._journal.close()

    def _restore(self, facts: Iterable[dict[str, Any]], otherwise: str) -> None:
        for fact in facts:
            try:
                self._apply(fact)
            except (KeyError, TypeError, ValueError, IndexError) as error:
                self.close()
                raise self._journal.corrupt(otherwise) from error

    def _record(self, fact: dict[str, Any]) -> None:
        self._journal.append(fact)
        self._apply(fact)

    @abstractmethod
    def _apply(self, fact: dict[str, Any]) -> None:
        """Change the state by one fact of the journal."""
