"""How every message of a session begins, so that a reader of one topic can sort what arrives."""

from __future__ import annotations

import struct
from enum import IntEnum
from hashlib import sha256
from typing import Final

from energy_trading.errors import BadInput

VERSION: Final = 1
SESSION_ID_SIZE: Final = 16
_PREFIX: Final = struct.Struct(f">BB{SESSION_ID_SIZE}s")
PREFIX_SIZE: Final = _PREFIX.size
#: longer ones are not looked at; the largest padded record stays well below
MAX_MESSAGE: Final = 8192


class Kind(IntEnum):
    """What a message is for."""

    HELLO = 1
    ANSWER = 2
    FINISH = 3
    MESSAGE = 4


def prefix(kind: Kind, session_id: bytes) -> bytes:
    """Return version ‖ kind ‖ session id, 18 bytes."""
    return _PREFIX.pack(VERSION, kind, session_id)


def read_prefix(data: bytes) -> tuple[Kind, bytes]:
    """Tell a message's kind and the session it says it belongs to; neither is proved by this.

    Args:
        data: as received.

    Returns:
        The kind and 16 bytes; a hello's session id is the hash of all of it.

    Raises:
        BadInput: too short or too long, or another version or kind.
    """
    if not PREFIX_SIZE <= len(data) <= MAX_MESSAGE:
        raise BadInput(f"message: given {len(data)} bytes, allowed {PREFIX_SIZE} … {MAX_MESSAGE}")
    version, kind, session_id = _PREFIX.unpack_from(data)
    if version != VERSION or kind not in tuple(Kind):
        raise BadInput(f"message: given version {version}, kind {kind}, allowed version 1, kind 1 … 4")
    return Kind(kind), session_id_of(data) if kind == Kind.HELLO else session_id


def session_id_of(hello: bytes) -> bytes:
    """Return the id, 16 bytes, of the session that a hello opens."""
    return sha256(hello).digest()[:SESSION_ID_SIZE]
