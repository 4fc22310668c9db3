"""The beginning that all messages of a session share, so that a reader of one topic can sort what arrives."""

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
#: longer messages are not read; the message with the largest padded record is well below this size
MAX_MESSAGE: Final = 8192


class MessageKind(IntEnum):
    """What a message is for."""

    HELLO = 1
    ANSWER = 2
    FINISH = 3
    MESSAGE = 4


def prefix(kind: MessageKind, session_id: bytes) -> bytes:
    """Return version ‖ kind ‖ session id, 18 bytes."""
    return _PREFIX.pack(VERSION, kind, session_id)


def read_prefix(data: bytes) -> tuple[MessageKind, bytes]:
    """Return a message's kind and the session that it claims to belong to. This proves neither.

    Returns:
        The kind and the session id, 16 bytes. A hello's session id is a hash of the whole hello.

    Raises:
        BadInput: the message is too short or too long, or its version or kind is unknown.
    """
    if not PREFIX_SIZE <= len(data) <= MAX_MESSAGE:
        raise BadInput(f"a message must have between {PREFIX_SIZE} and {MAX_MESSAGE} bytes, not {len(data)}")
    version, kind, session_id = _PREFIX.unpack_from(data)
    if version != VERSION or kind not in tuple(MessageKind):
        raise BadInput(
            f"a message must have version 1 and a kind from 1 to 4, not version {version} and kind {kind}"
        )
    return MessageKind(kind), session_id_of(data) if kind == MessageKind.HELLO else session_id


def session_id_of(hello: bytes) -> bytes:
    """Return the id of the session that a hello opens, 16 bytes."""
    return sha256(hello).digest()[:SESSION_ID_SIZE]
