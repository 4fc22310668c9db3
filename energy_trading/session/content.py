"""What two parties say to each other: four records, one encoding each, padded so that lengths say little."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, ClassVar, Final

from energy_trading.errors import BadInput
from energy_trading.files.json import check_object, from_hex, parse_json, to_hex

#: bytes a padded record may have; which of them is all that a ciphertext's length tells
BUCKETS: Final = (256, 1024, 4096)
_LENGTH_SIZE: Final = 2
MAX_CONTENT: Final = BUCKETS[-1] - _LENGTH_SIZE
#: OfferMarket's own bound
MAX_PRICE: Final = 2**64 - 1


class UnknownContent(BadInput):
    """The peer sent a record of a kind that this version does not know."""

    def __init__(self) -> None:
        super().__init__(f"content: given another type, allowed {', '.join(sorted(_KINDS))}")


@dataclass(frozen=True)
class PriceProposal:
    """A price for the lot, not yet binding: what binds is the permit (C-7).

    Args:
        lot: the session's lot id.
        price: whole price in the ledger's units of account, 1 … 2**64 - 1.
        valid_until: unix seconds, half open, below 2**64.

    Raises:
        BadInput: a field is out of range.
    """

    lot: int
    price: int
    valid_until: int

    def __post_init__(self) -> None:
        """Refuse what does not fit."""
        _check_integer("lot", self.lot, 0, 2**256 - 1)
        _check_integer("price", self.price, 1, MAX_PRICE)
        _check_integer("validUntil", self.valid_until, 1, 2**64 - 1)

    @property
    def hash(self) -> bytes:
        """SHA-256 of the encoding, by which it is accepted or rejected."""
        return sha256(encode(self)).digest()

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`."""
        return {"lot": self.lot, "price": self.price, "validUntil": self.valid_until}

    @classmethod
    def from_json(cls, fields: Any) -> PriceProposal:
        """Read the object of `to_json`."""
        check_object(fields, "price proposal", {"lot", "price", "validUntil"})
        return cls(fields["lot"], fields["price"], fields["validUntil"])


@dataclass(frozen=True)
class _Reply:
    """An answer to a proposal.

    Args:
        proposal: its hash, 32 bytes.

    Raises:
        BadInput: another length.
    """

    proposal: bytes

    def __post_init__(self) -> None:
        """Refuse what does not fit."""
        if len(self.proposal) != 32:
            raise BadInput(f"proposal: given {len(self.proposal)} bytes, allowed 32")

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`."""
        return {"proposal": to_hex(self.proposal)}


class Accept(_Reply):
    """Consent to a proposal, by its hash."""

    @classmethod
    def from_json(cls, fields: Any) -> Accept:
        """Read the object of `to_json`."""
        return cls(from_hex(check_object(fields, "accept", {"proposal"})["proposal"], "proposal"))


class Reject(_Reply):
    """Refusal of a proposal, by its hash."""

    @classmethod
    def from_json(cls, fields: Any) -> Reject:
        """Read the object of `to_json`."""
        return cls(from_hex(check_object(fields, "reject", {"proposal"})["proposal"], "proposal"))


@dataclass(frozen=True)
class Text:
    """Words for a person to read.

    Args:
        text: up to about 4,000 bytes of UTF-8.

    Raises:
        BadInput: it cannot be encoded.
    """

    text: str

    MAX_BYTES: ClassVar[int] = 4000

    def __post_init__(self) -> None:
        """Refuse what does not fit."""
        if not isinstance(self.text, str):
            raise BadInput(f"text: given a JSON {type(self.text).__name__}, allowed a string")
        try:
            size = len(self.text.encode())
        except UnicodeEncodeError as error:
            raise BadInput("text: given a lone surrogate, allowed what UTF-8 can write") from error
        if size > self.MAX_BYTES:
            raise BadInput(f"text: given {size} bytes of UTF-8, allowed up to {self.MAX_BYTES}")

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

    Args:
        content: one of the four.

    Raises:
        BadInput: it is longer than the largest bucket holds.
    """
    fields = {"type": type(content).__name__, **content.to_json()}
    data = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    if len(data) > MAX_CONTENT:
        raise BadInput(f"content: given {len(data)} bytes, allowed up to {MAX_CONTENT}")
    return data


def decode(data: bytes) -> Content:
    """Read what `encode` wrote and nothing else.

    Args:
        data: the peer's bytes.

    Raises:
        UnknownContent: a type that is not one of the four.
        BadInput: too long, no JSON, another encoding, or a field missing, too many or out of range.
            The text does not repeat what was said.
    """
    if len(data) > MAX_CONTENT:
        raise BadInput(f"content: given {len(data)} bytes, allowed up to {MAX_CONTENT}")
    fields = parse_json(data, "content")
    if not isinstance(fields, dict):
        raise BadInput(f"content: given a JSON {type(fields).__name__}, allowed an object")
    kind = fields.pop("type", None)
    if not isinstance(kind, str) or kind not in _KINDS:
        raise UnknownContent
    content = _KINDS[kind].from_json(fields)
    # One record, one string of bytes: a repeated key, a space or 1e3 for 1000 would be a second one.
    if encode(content) != data:
        raise BadInput(f"content: given another spelling of {kind}, allowed sorted keys without spaces")
    return content


def pad(data: bytes) -> bytes:
    """Return length ‖ data ‖ zeros, as long as the smallest bucket that holds it.

    Args:
        data: up to `MAX_CONTENT` bytes.

    Raises:
        BadInput: it is longer.
    """
    for bucket in BUCKETS:
        if len(data) <= bucket - _LENGTH_SIZE:
            return (len(data).to_bytes(_LENGTH_SIZE, "big") + data).ljust(bucket, b"\0")
    raise BadInput(f"content: given {len(data)} bytes, allowed up to {MAX_CONTENT}")


def unpad(padded: bytes) -> bytes:
    """Read what `pad` wrote and nothing else.

    Raises:
        BadInput: another length, or something else than zeros behind the data.
    """
    size = int.from_bytes(padded[:_LENGTH_SIZE], "big")
    data = padded[_LENGTH_SIZE : _LENGTH_SIZE + size]
    if size > MAX_CONTENT or pad(data) != padded:
        raise BadInput(f"padding: given {len(padded)} bytes of another form, allowed a bucket of {BUCKETS}")
    return data


def _check_integer(name: str, value: int, least: int, most: int) -> None:
    # Not isinstance: JSON's true is an int to Python.
    if type(value) is not int:
        raise BadInput(f"{name}: given a {type(value).__name__}, allowed an integer")
    if not least <= value <= most:
        raise BadInput(f"{name}: given {value}, allowed {least} … {most}")
