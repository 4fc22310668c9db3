"""The JSON Schema of intents, made from the same types that sign and read them."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, Final

from energy_trading.market.intents.intent import KINDS, PERMIT_TYPE, fields_of
from energy_trading.types import Terms, TokenPermit

_HEX: Final = {"type": "string", "pattern": "^0x([0-9a-f]{2})*$"}
_ADDRESS: Final = {"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$"}
#: beyond 2**53 - 1 an integer is text, because JavaScript and others would round a number
_INTEGER: Final = {
    "oneOf": [
        {"type": "integer", "minimum": 0, "maximum": 2**53 - 1},
        {"type": "string", "pattern": "^(0|[1-9][0-9]{0,77})$"},
    ]
}
_WITH_TERMS: Final = ("purchase", "give-up", "cancellation")


def intent_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of `Intent.to_json`.

    A file that it admits can be read; whether its parts belong together and who signed it, `Intent` checks.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Signed intent",
        "description": "An order that an account has signed, with what is needed to submit it.",
        "oneOf": [_intent(kind) for kind in KINDS],
        "$defs": {
            "address": _ADDRESS,
            "integer": _INTEGER,
            "domain": _object(
                {
                    "name": {"type": "string"},
                    "chain_id": _ref("integer"),
                    "verifying_contract": _ref("address"),
                }
            ),
            "terms": _record(Terms, Terms.TYPE),
            "receipt_key": _object(
                {
                    "signer": _HEX,
                    "epoch": _ref("integer"),
                    "proof": {"type": "array", "items": _bytes(32)},
                    "signature": _HEX,
                }
            ),
            "permit": _record(TokenPermit, PERMIT_TYPE),
        },
    }


def _intent(kind: str) -> dict[str, Any]:
    order = KINDS[kind]
    null: dict[str, Any] = {"type": "null"}
    return _object(
        {
            "kind": {"const": kind},
            "domain": _ref("domain"),
            "order": _record(order, order.TYPE),
            "signer": _ref("address"),
            "signature": _HEX,
            "terms": _ref("terms") if kind in _WITH_TERMS else null,
            "seller_signature": _HEX if kind == "purchase" else {"const": "0x"},
            "receipt_key": {"oneOf": [null, _ref("receipt_key")]} if kind in ("purchase", "bid") else null,
            "permit": {"oneOf": [null, _ref("permit")]} if kind == "deposit" else null,
        }
    )


def _record(record: type[Any], kind: str) -> dict[str, Any]:
    names = [field.name for field in dataclasses.fields(record)]
    return _object(
        {name: _field(solidity) for (solidity, _), name in zip(fields_of(kind), names, strict=True)}
    )


def _field(solidity: str) -> dict[str, Any]:
    if solidity == "address":
        return _ref("address")
    if found := re.fullmatch(r"bytes(\d+)", solidity):
        return _bytes(int(found[1]))
    return _ref("integer")


def _bytes(size: int) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^0x[0-9a-f]{{{2 * size}}}$"}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
