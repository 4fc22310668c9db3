"""A session that survives a restart: its state is on disk before anyone can see the effect of a step."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from energy_trading.crypto._derivation import derive_key
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput, Forged, TryAgain
from energy_trading.files._json import parse_json
from energy_trading.files._lock import open_locked
from energy_trading.files.private_file import read_private, write_private
from energy_trading.session.content import Content
from energy_trading.session.session import Session

_FORM: Final = b"energy-trading/session-file/1\n"
_NONCE_SIZE: Final = 12


class SessionInUse(TryAgain):
    """The session is open elsewhere, or was closed. Two users of one state would use its keys twice."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"the session file {path} is in use elsewhere, or was closed")
        self.path = path


class SessionFileRefused(Forged):
    """The file does not open: it was changed or cut short, or belongs to another account."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"the session file {path} does not open; it is damaged or another account's")
        self.path = path


class SessionFile:
    """A session and its file, made by `create` or `load`; close it, or use it in a `with`.

    The file has mode 0600 and is encrypted under a key derived from the account's key. Each message
    writes it once. An older copy that is put back in its place is not noticed.

    Source:
        C-6: no key serves twice.
    """

    def __init__(self, path: Path, key: SecretKey, lock: int, session: Session) -> None:
        self._path = path
        self._key = key
        self._lock: int | None = lock
        #: what is known of the peer; to seal and open messages, use the file's methods, not the session's
        self.session = session

    @classmethod
    def create(cls, path: Path, session: Session, account_key: SecretKey) -> SessionFile:
        """Write a session to a new file.

        Args:
            path: the new file; nothing may exist there.
            session: from now on used through the file only.
            account_key: the key of the session's own account.

        Raises:
            FileExists: something exists at the path.
            SessionInUse: the path is in use elsewhere.
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
        """Continue a session from its file.

        Args:
            path: the session's file.
            account_key: the key that was passed to `create`.

        Raises:
            SessionInUse: the session is open elsewhere.
            FileExposed: the group or others have a permission on the file.
            SessionFileRefused: the file was changed, or belongs to another account.
            OSError: the file cannot be read.
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
        """Encrypt a record. That its key is used up is on disk before the message is returned.

        Raises:
            BadInput: the record is too long, or is about another lot.
            OSError: the file cannot be written; then no message is returned.
        """
        self._check_open()
        message = self.session.seal(content)
        self._save(replace=True)
        return message

    def open(self, data: bytes) -> Content:
        """Decrypt a message. That it was opened is on disk before its content is returned.

        Raises:
            MessageRefused: the message is forged, changed, reflected, repeated or of another session.
            BadInput: the peer sent a malformed or unknown record.
            OSError: the file cannot be written.
        """
        self._check_open()
        try:
            content = self.session.open(data)
        except BadInput:
            # A malformed record uses up its key as well; a refused message does not get here.
            self._save(replace=True)
            raise
        self._save(replace=True)
        return content

    def close(self) -> None:
        """Close the file, so that others can load the session."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> SessionFile:
        return self

    def __exit__(self, *_: object) -> None:
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
