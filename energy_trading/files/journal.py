"""A file of facts that a meter must not forget: appended and synced before anything is signed."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from energy_trading.errors import BadInput, Forged, TryAgain


class JournalLocked(TryAgain):
    """Another meter process holds the file; two that answer for one key could sign twice."""


class JournalClosed(BadInput):
    """The file was closed, by its owner or by a failed write; what cannot be kept is not signed."""


class JournalCorrupt(Forged):
    """A line of the file is no fact of this meter; a meter that may have forgotten does not sign."""


class Journal:
    """An append-only file of JSON objects, one a line, readable by its owner only.

    The file is locked for the life of the object. A last line without its newline is a write that a crash
    cut short: its caller never got an answer, so it is dropped.

    Args:
        path: file to open or create (mode 0600); None keeps nothing, for simulations.

    Raises:
        JournalLocked: it is open elsewhere.
        JournalCorrupt: a whole line is no JSON object.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._facts: list[dict[str, Any]] = []
        self._file = -1
        if path is None:
            return
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._lock_and_read(path)
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
                raise JournalClosed(f"journal: {self._path} was closed; open it again to go on")
            return
        line = json.dumps(fact, separators=(",", ":")).encode() + b"\n"
        try:
            if os.write(self._file, line) != len(line):
                raise OSError(f"journal: {self._path} took only part of a line")
            os.fsync(self._file)
        except OSError:
            # Whether the fact is kept is unknown until the file is read again: nothing may follow it.
            self.close()
            raise

    def corrupt(self, reason: str) -> JournalCorrupt:
        """Return the error for a fact that does not fit what came before it."""
        return JournalCorrupt(f"journal: {self._path}: {reason}")

    def close(self) -> None:
        """Release the file, so that another object may open it."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __del__(self) -> None:
        """Release the file of a forgotten object."""
        if hasattr(self, "_file"):
            self.close()

    def _lock_and_read(self, path: Path) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise JournalLocked(f"journal: {path} is in use by another meter process") from error
        os.fchmod(self._file, 0o600)
        _sync_folder(path.parent)
        content = path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        os.ftruncate(self._file, len(whole))
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                fact = json.loads(line)
            except ValueError as error:
                raise JournalCorrupt(f"journal: {path} line {number}: no JSON") from error
            if not isinstance(fact, dict):
                raise JournalCorrupt(f"journal: {path} line {number}: no JSON object")
            self._facts.append(fact)


def _sync_folder(folder: Path) -> None:
    # A new file's name is in its folder: without this a power cut could lose the whole file.
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
