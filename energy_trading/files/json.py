"""The one way in which bytes and objects are written in this package's JSON."""

from __future__ import annotations

import json
import re
import sys
from typing import Any, Final

from energy_trading.errors import BadInput

_NESTING: Final = 1000


def to_hex(data: bytes) -> str:
    """Return 0x and lower-case hexadecimal digits."""
    return "0x" + data.hex()


def from_hex(value: Any, name: str) -> bytes:
    """Read what `to_hex` wrote and nothing else.

    Args:
        value: as found in the JSON.
        name: of the field, for the error.

    Raises:
        BadInput: not a text of that form.
    """
    if not isinstance(value, str) or not re.fullmatch("0x([0-9a-f]{2})*", value):
        raise BadInput(f"{name}: given {value!r}, allowed 0x and pairs of lower-case hexadecimal digits")
    return bytes.fromhex(value[2:])


def check_object(value: Any, name: str, keys: set[str]) -> dict[str, Any]:
    """Return a JSON object once it is known to have exactly the keys.

    Raises:
        BadInput: no object, a key missing or a key too many.
    """
    if not isinstance(value, dict):
        raise BadInput(f"{name}: given a JSON {type(value).__name__}, allowed an object")
    if value.keys() != keys:
        raise BadInput(f"{name}: given the keys {sorted(value)}, allowed {sorted(map(str, keys))}")
    return value


def parse_json(text: str | bytes, name: str) -> Any:
    """Read a JSON text.

    Raises:
        BadInput: no JSON, or nested too deep; its text is not repeated, since it may be private.
    """
    limit = sys.getrecursionlimit()
    # py_ecc lifts it so far that nested JSON would overflow the C stack and end the process.
    sys.setrecursionlimit(min(limit, _NESTING))
    try:
        return json.loads(text)
    except RecursionError as error:
        raise BadInput(f"{name}: given JSON nested too deep, allowed one object") from error
    except ValueError as error:
        raise BadInput(f"{name}: given {len(text)} characters that are no JSON, allowed JSON") from error
    finally:
        sys.setrecursionlimit(limit)
