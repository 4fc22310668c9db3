"""The four records that two parties exchange, each with one encoding, padded so that lengths say little."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, ClassVar, Final, Self

from energy_trading.errors import BadInput
from energy_trading.files._json import (
    check_integer,
    check_object,
    exact,
    from_hex,
    parse_json,
    read_integer,
    to_hex,
)
from energy_trading.types import MAX_UNITS

#: sizes of a padded record, in bytes; the length of a ciphertext reveals only which of them it has
BUCKETS: Final = (256, 1024, 4096)
_LENGTH_SIZE: Final = 2
MAX_CONTENT: Final = BUCKETS[-1] - _LENGTH_SIZE


class UnknownContent(BadInput):
    """The peer sent a record of a type that this version does not know."""

    def __init__(self) -> None:
        super().__init__(f"the type of a record must be one of {', '.join(sorted(_KINDS))}")


@dataclass(frozen=True)
class PriceProposal:
    """A price for the lot. It binds nobody yet: the permit does (C-7).

    Args:
        lot: id of the lot that the session negotiates about.
        price: price of the whole lot in the ledger's units of account, 1 … 2**63 - 1.
        valid_until: unix seconds from which the proposal is void, below 2**64.

    Raises:
        BadInput: a field is out of range.
    """

    lot: int
    price: int
    valid_until: int

    def __post_init__(self) -> None:
        check_integer(self.lot, "lot", 0, 2**256 - 1)
        check_integer(self.price, "price", 1, MAX_UNITS)
        check_integer(self.valid_until, "validUntil", 1, 2**64 - 1)

    @property
    def hash(self) -> bytes:
        """SHA-256 of the encoding, by which the peer accepts or rejects the proposal."""
        return sha256(encode(self)).digest()

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`."""
        fields: dict[str, Any] = exact({"lot": self.lot, "price": self.price, "validUntil": self.valid_until})
        return fields

    @classmethod
    def from_json(cls, fields: Any) -> PriceProposal:
        """Read the object of `to_json`."""
        check_object(fields, "price proposal", {"lot", "price", "validUntil"})
        return cls(
            read_integer(fields["lot"], "lot", most=2**256 - 1),
            read_integer(fields["price"], "price", 1, MAX_UNITS),
            read_integer(fields["validUntil"], "validUntil", 1),
        )


@dataclass(frozen=True)
class _Reply:
    """An answer to a proposal.

    Args:
        proposal: the hash of the proposal, 32 bytes.

    Raises:
        BadInput: the hash has another length.
    """

    proposal: bytes

    def __post_init__(self) -> None:
        if len(self.proposal) != 32:
            raise BadInput(f"the hash of a proposal must have 32 bytes, not {len(self.proposal)}")

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`."""
        return {"proposal": to_hex(self.proposal)}

    @classmethod
    def from_json(cls, fields: Any) -> Self:
        """Read the object of `to_json`."""
        name = cls.__name__.lower()
        return cls(from_hex(check_object(fields, name, {"proposal"})["proposal"], "proposal"))


class Accept(_Reply):
    """Consent to a proposal, which is named by its hash."""


class Reject(_Reply):
    """Refusal of a proposal, which is named by its hash."""


@dataclass(frozen=True)
class Text:
    """A text for a person to read.

    Args:
        text: up to 4,000 bytes of UTF-8.

    Raises:
        BadInput: the text is too long or cannot be encoded.
    """

    text: str

    MAX_BYTES: ClassVar[int] = 4000

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise BadInput(f"the text must be a string, not a JSON {type(self.text).__name__}")
        try:
            size = len(self.text.encode())
        except UnicodeEncodeError as error:
            raise BadInput("the text has a lone surrogate, which UTF-8 cannot encode") from error
        if size > self.MAX_BYTES:
            raise BadInput(f"the text must have at most {self.MAX_BYTES} bytes of UTF-8, not {size}")

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`."""
        return {"text": self.text}

    @classmethod
    def from_json(cls, fields: Any) -> Text:
        """Read the object of `to_json`."""
        return cls(check_object(fields, "text", {"text"})["text"])


Content = PriceProposal | Accept | Reject | Text

_KINDS: Final[dict[str, type[Content]]] = {
    kind.__name__: kind for kind in (PriceProposal, Accept, Reject, Text)
}


def encode(content: Content) -> bytes:
    """Return the one encoding of a record: JSON with sorted keys, no spaces, UTF-8.

    Raises:
        BadInput: the encoding is longer than the largest padded record can hold.
    """
    fields = {"type": type(content).__name__, **content.to_json()}
    data = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    _check_size(data)
    return data


def decode(data: bytes) -> Content:
    """Read what `encode` wrote, and nothing else.

    Raises:
        UnknownContent: the record's type is not one of the four.
        BadInput: the data is too long, not JSON or not in the one encoding, or a field is missing, unknown
            or out of range. The error does not repeat what the peer wrote.
    """
    _check_size(data)
    fields = parse_json(data, "content")
    if not isinstance(fields, dict):
        raise BadInput(f"a record must be a JSON object, not a JSON {type(fields).__name__}")
    kind = fields.pop("type", None)
    if not isinstance(kind, str) or kind not in _KINDS:
        raise UnknownContent
    content = _KINDS[kind].from_json(fields)
    # A record must have one encoding only: a repeated key, a space or 1e3 for 1000 would make a second one.
    if encode(content) != data:
        raise BadInput(f"a {kind} must be encoded with sorted keys and without spaces")
    return content


def pad(data: bytes) -> bytes:
    """Return length ‖ data ‖ zeros, of the smallest size in `BUCKETS` that holds the data.

    Args:
        data: up to `MAX_CONTENT` bytes.

    Raises:
        BadInput: the data is longer.
    """
    _check_size(data)
    bucket = next(size for size in BUCKETS if len(data) <= size - _LENGTH_SIZE)
    return (len(data).to_bytes(_LENGTH_SIZE, "big") + data).ljust(bucket, b"\0")


def unpad(padded: bytes) -> bytes:
    """Read what `pad` wrote, and nothing else.

    Raises:
        BadInput: the size is wrong, or the data is followed by something other than zeros.
    """
    size = int.from_bytes(padded[:_LENGTH_SIZE], "big")
    data = padded[_LENGTH_SIZE : _LENGTH_SIZE + size]
    if size > MAX_CONTENT or pad(data) != padded:
        raise BadInput(f"a padded record must have the smallest size of {BUCKETS} that fits and end in zeros")
    return data


def _check_size(data: bytes) -> None:
    if len(data) > MAX_CONTENT:
        raise BadInput(f"a record must have at most {MAX_CONTENT} bytes, not {len(data)}")
