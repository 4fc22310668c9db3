"""The one way in which this package reads JSON, and writes bytes into it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from eth_utils.address import is_address, to_checksum_address

from energy_trading.errors import BadInput
from energy_trading.files.whole_file import unreadable

#: nothing that this package writes is nested a tenth as deep
MAX_DEPTH: Final = 100
#: the largest integer up to which a double, JavaScript's only number, has every one
MAX_EXACT: Final = 2**53 - 1
# A string is one token, so that the brackets in it do not count; its closing quote may be missing, so that
# the search never starts anew inside it.
_TOKENS: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


def to_hex(data: bytes) -> str:
    """Return 0x and lower-case hexadecimal digits."""
    return "0x" + data.hex()


def from_hex(value: Any, name: str, size: int | None = None) -> bytes:
    """Read what `to_hex` wrote and nothing else.

    Args:
        value: as found in the JSON.
        name: of the field, for the error.
        size: the number of bytes it must have; None allows any.

    Raises:
        BadInput: the value is no text of that form and size. It is not repeated, since it may be secret.
    """
    if not isinstance(value, str) or not re.fullmatch("0x([0-9a-f]{2})*", value):
        raise BadInput(f"{name} must be 0x and pairs of lower-case hexadecimal digits")
    data = bytes.fromhex(value[2:])
    if size not in (None, len(data)):
        raise BadInput(f"{name} must have {size} bytes, not {len(data)}")
    return data


def canonical_json(value: Any) -> bytes:
    """Write JSON in the one form that is hashed and signed: ASCII, keys sorted, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def check_object(value: Any, name: str, keys: set[str]) -> dict[str, Any]:
    """Return a JSON object that has exactly the given keys.

    Raises:
        BadInput: the value is no object, or a key is missing or unknown.
    """
    if not isinstance(value, dict):
        raise BadInput(f"{name} must be a JSON object, not {type(value).__name__}")
    if value.keys() != keys:
        raise BadInput(f"{name} must have the keys {sorted(map(str, keys))}, not {sorted(value)}")
    return value


def check_list(value: Any, name: str) -> list[Any]:
    """Return a JSON list.

    Raises:
        BadInput: the value is something else.
    """
    if not isinstance(value, list):
        raise BadInput(f"{name} must be a JSON list, not {type(value).__name__}")
    return value


def check_text(value: Any, name: str) -> str:
    """Return a JSON text; the error does not repeat the value, which may be private.

    Raises:
        BadInput: the value is something else.
    """
    if not isinstance(value, str):
        raise BadInput(f"{name} must be a JSON text, not {type(value).__name__}")
    return value


def check_address(value: Any, name: str) -> str:
    """Return an address with its checksum (EIP-55).

    Raises:
        BadInput: the value is no address.
    """
    if not isinstance(value, str) or not is_address(value):
        raise BadInput(f"{name} must be an address, not {value!r}")
    return str(to_checksum_address(value))


def exact(value: Any) -> Any:
    """Return a value for `json.dumps` that every language reads back without loss.

    Integers beyond 2**53 - 1 become text in decimal digits, because JavaScript and others would round them;
    all other values stay as they are. `read_integer` reads both forms.
    """
    if isinstance(value, dict):
        return {name: exact(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [exact(item) for item in value]
    return exact_integer(value) if isinstance(value, int) and not isinstance(value, bool) else value


def exact_integer(value: int) -> int | str:
    """Return an integer, as text if other languages would round it."""
    return int(value) if abs(value) <= MAX_EXACT else str(int(value))


def read_integer(value: Any, name: str, least: int = 0, most: int = 2**64 - 1) -> int:
    """Return an integer of `least` … `most` that JSON has as a number, or as text in decimal digits.

    Raises:
        BadInput: the value is neither, or is out of range. A number with a fraction or an exponent is no
            integer, even where its value is one: it may have been rounded.
    """
    if isinstance(value, str) and re.fullmatch("0|[1-9][0-9]{0,77}", value):
        value = int(value)
    return check_integer(value, name, least, most)


def check_integer(value: Any, name: str, least: int = 0, most: int = 2**64 - 1) -> int:
    """Return an integer of `least` … `most`.

    Raises:
        BadInput: the value is no integer, or is out of range.
    """
    # isinstance would also let JSON's true pass, which is an int in Python.
    if type(value) is not int:
        raise BadInput(f"{name} must be an integer, not a {type(value).__name__}")
    if not least <= value <= most:
        largest = "2**256-1" if most == 2**256 - 1 else most
        raise BadInput(f"{name} must be between {least} and {largest}, not {value}")
    return value


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Turn what a hand-written reader stumbles over in JSON of another form into one `BadInput`.

    Args:
        name: of what is read, for the error.
    """
    try:
        yield
    except BadInput:
        raise
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BadInput(f"{name}: a field is missing or malformed: {error}") from error


def parse_json(text: str | bytes, name: str, *, decimals: bool = False) -> Any:
    """Read a JSON text.

    Args:
        text: of the whole document.
        name: of what is read, for the error.
        decimals: whether numbers with a fraction become `Decimal`, which has every digit, and not `float`.

    Raises:
        BadInput: the text is no JSON, or is nested too deep; it is not repeated, since it may be private.
    """
    try:
        decoded = text if isinstance(text, str) else text.decode(json.detect_encoding(text), "surrogatepass")
        _check_depth(decoded, name)
        return json.loads(decoded, parse_float=Decimal if decimals else None)
    except BadInput:
        raise
    except ValueError as error:
        raise BadInput(f"{name} is not JSON ({len(text)} characters)") from error


def read_json(name: str, path: Path) -> Any:
    """Read a JSON file.

    Args:
        name: of the file's role, for the error.
        path: of the file.

    Raises:
        BadInput: the file cannot be read, or is no JSON; its text is not repeated.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise unreadable(name, path, error) from error
    return parse_json(content, f"{name} {path}")


def _check_depth(text: str, name: str) -> None:
    # Python's reader recurses in C: where a library (py_ecc) lifted the recursion limit, deep nesting would
    # overflow the stack and end the process. Setting the limit here would set it for all threads.
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for token in _TOKENS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if depth > MAX_DEPTH:
            raise BadInput(f"{name} is JSON nested deeper than {MAX_DEPTH} levels")
