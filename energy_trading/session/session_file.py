"""A session that survives a restart: its state is on disk before anything it did is seen outside."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from energy_trading.crypto.derivation import derive_key
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput, Forged, TryAgain
from energy_trading.files.json import parse_json
from energy_trading.files.lock import open_locked
from energy_trading.files.private_file import read_private, write_private
from energy_trading.session.content import Content
from energy_trading.session.session import Session

_FORM: Final = b"energy-trading/session-file/1\n"
_NONCE_SIZE: Final = 12


class SessionInUse(TryAgain):
    """Somebody has the session open; two users of one state would use its keys twice.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(f"session file {path}: given one that is in use, allowed one that nobody has open")
        self.path = path


class SessionFileRefused(Forged):
    """The file does not open: changed, cut short, or of another account.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(f"session file {path}: given one that does not open, allowed this account's own")
        self.path = path


class SessionFile:
    """A session and its file; close it, or use it in a `with`. Made by `create` or `load`.

    The file is encrypted under a key derived from the account's, and has mode 0600. Each message
    costs one writing of it. An older copy put back in its place is not noticed.

    Source:
        C-6: no key serves twice.
    """

    def __init__(self, path: Path, key: SecretKey, lock: int, session: Session) -> None:
        self._path = path
        self._key = key
        self._lock: int | None = lock
        #: what is known of the peer; use the file's `seal` and `open`, not the session's
        self.session = session

    @classmethod
    def create(cls, path: Path, session: Session, account_key: SecretKey) -> SessionFile:
        """Write a session to a new file.

        Args:
            path: where nothing is yet.
            session: from now on used through the file only.
            account_key: of the session's own account.

        Raises:
            FileExists: something is there.
            SessionInUse: somebody has the path open.
        """
        lock = _lock(path)
        try:
            file = cls(path, _file_key(account_key), lock, session)
            file._save(replace=False)
        except BaseException:
            os.close(lock)
            raise
        return file

    @classmethod
    def load(cls, path: Path, account_key: SecretKey) -> SessionFile:
        """Continue a session.

        Args:
            path: of the file.
            account_key: as given to `create`.

        Raises:
            SessionInUse: somebody has the session open.
            FileExposed: group or world have a permission on the file.
            SessionFileRefused: it was changed, or is another account's.
            OSError: it cannot be read.
        """
        lock = _lock(path)
        try:
            key = _file_key(account_key)
            session = Session.from_json(parse_json(_decrypt(path, key), f"session file {path}"))
        except BaseException:
            os.close(lock)
            raise
        return cls(path, key, lock, session)

    def seal(self, content: Content) -> bytes:
        """Encrypt a record; its key is used up on disk before the message is returned.

        Args:
            content: to be said.

        Raises:
            BadInput: the record is too long or about another lot.
            OSError: the file cannot be written; then no message leaves.
        """
        self._check_open()
        message = self.session.seal(content)
        self._save(replace=True)
        return message

    def open(self, data: bytes) -> Content:
        """Decrypt a message; it is used up on disk before its content is returned.

        Args:
            data: as received.

        Raises:
            MessageRefused: forged, changed, reflected, repeated or of another session.
            BadInput: the peer said something malformed or unknown.
            OSError: the file cannot be written.
        """
        self._check_open()
        try:
            content = self.session.open(data)
        except BadInput:
            # Nonsense uses up its key as well; a refused message does not get here.
            self._save(replace=True)
            raise
        self._save(replace=True)
        return content

    def close(self) -> None:
        """Let others load the session."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> SessionFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_open(self) -> None:
        if self._lock is None:
            raise SessionInUse(self._path)

    def _save(self, *, replace: bool) -> None:
        nonce = os.urandom(_NONCE_SIZE)
        state = json.dumps(self.session.to_json()).encode()
        box = ChaCha20Poly1305(self._key.reveal()).encrypt(nonce, state, _FORM)
        write_private(self._path, _FORM + nonce + box, replace=replace)


def _file_key(account_key: SecretKey) -> SecretKey:
    return derive_key(account_key, "session/file")


def _decrypt(path: Path, key: SecretKey) -> bytes:
    content = read_private(path)
    start = len(_FORM) + _NONCE_SIZE
    nonce, box = content[len(_FORM) : start], content[start:]
    try:
        return ChaCha20Poly1305(key.reveal()).decrypt(nonce, box, content[: len(_FORM)])
    except (InvalidTag, ValueError) as error:
        raise SessionFileRefused(path) from error


def _lock(path: Path) -> int:
    # A file of its own: the state file is replaced at each writing, and a lock does not move along.
    return open_locked(path.with_name(f".{path.name}.lock"), os.O_WRONLY | os.O_CREAT, SessionInUse(path))
