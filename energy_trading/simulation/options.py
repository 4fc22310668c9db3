"""Options of a scenario: a class's fields are its options, its reader and its part of the JSON Schema."""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import date, time
from decimal import Decimal
from typing import Any, Final, TypeVar

from energy_trading.errors import BadInput

_Options = TypeVar("_Options")

#: Units of account per Wh at one cent per kWh.
UNITS_PER_WH_CENT: Final = 10_000
_KINDS: Final[Mapping[type, tuple[str, str]]] = {
    int: ("integer", "a whole number"),
    Decimal: ("number", "a number"),
    str: ("string", "a text"),
    bool: ("boolean", "true or false"),
    date: ("string", "a date such as 2026-06-21"),
    time: ("string", "a time such as 07:30:00"),
}

_PATTERNS: Final[Mapping[type, str]] = {date: r"^\d{4}-\d\d-\d\d$", time: r"^\d\d:\d\d(:\d\d)?$"}


class ScenarioRefused(BadInput):
    """A scenario is wrong; the message names the place and what would be right there."""


def option(
    default: Any = MISSING,
    *,
    about: str,
    low: int | None = None,
    high: int | None = None,
    choices: Sequence[str] = (),
    price: bool = False,
) -> Any:
    """Return a field of a dataclass that is an option of a scenario.

    Args:
        default: what counts where the scenario says nothing; none makes the option obligatory.
        about: what it is, with its unit; a sentence in the schema.
        low: the least value of a number, or the least length of a list.
        high: its greatest value.
        choices: the texts that are allowed; none allows any.
        price: whether it is a price in cents per kWh, which has at most four decimals.
    """
    metadata = {"about": about, "low": low, "high": high, "choices": tuple(choices), "price": price}
    if default == ():
        return dataclasses.field(default_factory=tuple, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def units_per_wh(cents_per_kwh: Decimal) -> int:
    """Return a price in units of account per Wh; one cent per kWh is 10,000 of them."""
    return int(cents_per_kwh * UNITS_PER_WH_CENT)


def read_table(kind: type[_Options], table: object, place: str) -> _Options:
    """Make an object from a table of a scenario.

    Args:
        kind: dataclass whose fields are the options. Its own check, in `__post_init__`, may raise BadInput.
        table: as the TOML reader returns it, its decimals as `Decimal`.
        place: of the table in the file, for errors.

    Raises:
        ScenarioRefused: an option is unknown, missing, of another type or out of its range.
    """
    if not isinstance(table, Mapping):
        raise ScenarioRefused(f"{place} must be a table, not {_shown(table)}")
    found = {each.name: each for each in fields(kind) if each.init}  # type: ignore[arg-type]
    for name in table:
        if name not in found:
            near = difflib.get_close_matches(name, found, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(found) or 'none'}"
            raise ScenarioRefused(f"{place} has no option {name!r}; {hint}")
    hints = typing.get_type_hints(kind)
    values = {}
    for name, each in found.items():
        if name in table:
            values[name] = _read(hints[name], table[name], f"{place}.{name}", each.metadata)
        elif each.default is MISSING and each.default_factory is MISSING:
            raise ScenarioRefused(f"{place} needs the option {name}: {each.metadata.get('about', name)}")
    try:
        return kind(**values)
    except ScenarioRefused:
        raise
    except BadInput as error:
        raise ScenarioRefused(f"{place}: {error}") from error


def plain(value: Any) -> Any:
    """Return options as JSON has them; a price is a text, so that no digit is lost."""
    if dataclasses.is_dataclass(value):
        kind = getattr(value, "kind", "")
        named = {"kind": kind} if kind else {}
        return named | {each.name: plain(getattr(value, each.name)) for each in fields(value) if each.init}
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    return str(value) if isinstance(value, Decimal | date | time) else value


def schema_of(kind: type, known: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the JSON Schema of a class of options.

    Args:
        kind: dataclass whose fields are the options.
        known: schemas of options that are read in another way, by name.
    """
    hints, known = typing.get_type_hints(kind), known or {}
    properties, required = {}, []
    for each in fields(kind):
        if not each.init:
            continue
        about = {"description": each.metadata["about"]}
        properties[each.name] = about | (known.get(each.name) or _schema(hints[each.name], each.metadata))
        if each.default is MISSING and each.default_factory is MISSING:
            required.append(each.name)
        elif each.default is not MISSING and each.default is not None:
            default = each.default
            properties[each.name]["default"] = (
                float(default) if isinstance(default, Decimal) else plain(default)
            )
    schema = {"type": "object", "additionalProperties": False, "properties": properties}
    return schema | ({"required": required} if required else {})


def _optional(hint: Any) -> Any:
    """Return T of `T | None`, else the hint."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        (hint,) = (each for each in typing.get_args(hint) if each is not type(None))
    return hint


def _read(hint: Any, value: object, place: str, limits: Mapping[str, Any]) -> Any:
    hint = _optional(hint)
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise ScenarioRefused(f"{place} must be a list, not {_shown(value)}")
        least = limits.get("low") or 0
        inner = typing.get_args(hint)[0]
        if dataclasses.is_dataclass(inner) and len(value) < least:
            raise ScenarioRefused(f"{place} needs {least} entries or more, not {len(value)}")
        return tuple(_read(inner, each, f"{place}[{i + 1}]", limits) for i, each in enumerate(value))
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return read_table(hint, value, place)
    if hint is Decimal and isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value)
    if type(value) is not hint:
        raise ScenarioRefused(f"{place} must be {_KINDS[hint][1]}, not {_shown(value)}")
    _check(value, place, limits)
    return value


def _check(value: Any, place: str, limits: Mapping[str, Any]) -> None:
    low, high, choices = limits.get("low"), limits.get("high"), limits.get("choices")
    if isinstance(value, Decimal) and not value.is_finite():
        raise ScenarioRefused(f"{place} must be a finite number, not {value}")
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        if low is not None and value < low:
            raise ScenarioRefused(f"{place} must be {low} or more, not {value}")
        if high is not None and value > high:
            raise ScenarioRefused(f"{place} must be {high} or less, not {value}")
    if limits.get("price") and value * UNITS_PER_WH_CENT % 1:
        raise ScenarioRefused(f"{place} must have at most four decimals, unlike {value}")
    if choices and value not in choices:
        raise ScenarioRefused(f"{place} must be one of {', '.join(choices)}, not {value!r}")


def _schema(hint: Any, limits: Mapping[str, Any]) -> dict[str, Any]:
    hint = _optional(hint)
    if typing.get_origin(hint) is tuple:
        inner = typing.get_args(hint)[0]
        least = limits.get("low") if dataclasses.is_dataclass(inner) else None
        items = {"type": "array", "items": _schema(inner, limits)}
        return items | ({"minItems": least} if least else {})
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return schema_of(hint)
    schema: dict[str, Any] = {"type": _KINDS[hint][0]}
    if hint in (date, time):
        schema |= {"format": hint.__name__, "pattern": _PATTERNS[hint]}
    if hint in (int, Decimal):
        schema |= {
            key: limits[name]
            for key, name in (("minimum", "low"), ("maximum", "high"))
            if limits[name] is not None
        }
    if limits.get("choices"):
        schema["enum"] = list(limits["choices"])
    return schema


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "a table"
    return "a list" if isinstance(value, list) else repr(str(value) if isinstance(value, Decimal) else value)
