"""An event as JSON: for `watch`, for a day's events.jsonl and for dispute files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import IntEnum
from typing import Any

from energy_trading.bindings.contract import Event
from energy_trading.files._json import exact_integer, to_hex


def event_to_json(event: Event, number: Callable[[int], Any] = exact_integer) -> dict[str, Any]:
    """Return an event as an object for `json.dumps`.

    Args:
        event: of any contract.
        number: writes an integer or a member of an enum. `exact_integer` writes it as text beyond 2**53,
            because other languages would round it; `str` always does; `named` writes an enum's name.

    Returns:
        The event's name under "event", where it stands in the chain, and its fields; bytes are hex.
    """
    return {"event": type(event).__name__, **to_plain(event, number)}


def to_plain(value: Any, number: Callable[[int], Any] = exact_integer) -> Any:
    """Return a value as JSON can hold it: records as objects, tuples as lists, bytes as hex.

    Args:
        value: a record, a sequence, bytes, a number, a text or None.
        number: as in `event_to_json`.
    """
    if isinstance(value, bytes):
        return to_hex(value)
    if is_dataclass(value):
        return {field.name: to_plain(getattr(value, field.name), number) for field in fields(value)}
    if isinstance(value, list | tuple):
        return [to_plain(item, number) for item in value]
    return number(value) if isinstance(value, int) and not isinstance(value, bool) else value


def named(value: int) -> int | str:
    """Write a member of an enum by its name, and any other integer so that no language rounds it."""
    return value.name if isinstance(value, IntEnum) else exact_integer(value)
