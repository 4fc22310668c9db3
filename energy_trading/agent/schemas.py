"""The JSON Schemas of what the service takes and answers, for its OpenAPI description."""

from __future__ import annotations

from typing import Any, Final

from energy_trading.agent import intents as life
from energy_trading.agent.problems import MEDIA_TYPE, PROBLEMS, Problem
from energy_trading.market.intents.intent import KINDS
from energy_trading.market.intents.schema import intent_schema
from energy_trading.types import Order

NUMBER: Final = {"type": "string", "pattern": "^-?(0|[1-9][0-9]*)$"}
HASH: Final = {"type": "string", "pattern": "^0x[0-9a-f]{64}$"}
HEX: Final = {"type": "string", "pattern": "^0x([0-9a-f]{2})*$"}
ADDRESS: Final = {"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$"}
TEXT: Final = {"type": "string"}
FLAG: Final = {"type": "boolean"}
ANY: Final = {"type": "object"}
_ACCOUNT: Final = "0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF"
_ID: Final = "0x" + "ab" * 32


def ref(name: str) -> dict[str, Any]:
    """Return a reference to one of `components`."""
    return {"$ref": f"#/components/schemas/{name}"}


def nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema that null fits, too."""
    return {"anyOf": [schema, {"type": "null"}]}


def record(required: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the schema of an object with exactly these fields."""
    shape = {"type": "object", "properties": required, "required": list(required)}
    return {**shape, "additionalProperties": False, **more}


def array(items: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the schema of a list."""
    return {"type": "array", "items": items, **more}


def page(name: str) -> dict[str, Any]:
    """Return the schema of a page of a list."""
    return record(
        {"block": ref("Block"), "items": array(ref(name)), "next": nullable(TEXT)},
        description="A page; `next` is the cursor of the following one.",
    )


def components() -> dict[str, Any]:
    """Return all named schemas."""
    signed = intent_schema()
    inner = {f"intent_{name}": _moved(schema) for name, schema in signed["$defs"].items() if name != "terms"}
    kinds = {_title(kind): _moved(one) for kind, one in zip(KINDS, signed["oneOf"], strict=True)}
    energy = {"type": "string", "pattern": "^0x[0-9a-f]{64}$"}
    terms = _moved(signed["$defs"]["terms"])
    return {
        **inner,
        **kinds,
        "intent_terms": terms,
        "Integer": _moved(signed["$defs"]["integer"]),
        "SignedOffer": record(
            {"terms": ref("intent_terms"), "energy_wh": ref("Integer"), "signature": HEX},
            description="An offer that its seller signed off chain (EIP-712, domain OfferMarket).",
        ),
        "Receipt": record(
            {
                "terms": ref("intent_terms"),
                "buyer": ADDRESS,
                "signer": HEX,
                "energy": energy,
                "signature": HEX,
            },
            description="A meter's receipt with the terms of the trade.",
        ),
        "SlotOrder": record(
            {
                "order": record({n: ADDRESS if n == "account" else ref("Integer") for n in Order.__abi__}),
                "signature": HEX,
            },
            description="A standing order for the slot market (EIP-712, domain SlotMarket).",
        ),
        "SlotReading": record(
            {
                "account": ADDRESS,
                "slot": ref("Integer"),
                "net_wh": {"oneOf": [{"type": "integer"}, NUMBER]},
                "meter": HEX,
                "signature": HEX,
            },
            description="What a meter measured in a slot (EIP-712, domain SlotMarket).",
        ),
        "Problem": {
            "type": "object",
            "description": "RFC 9457; `code` is stable, `contract_error` names what a contract refused.",
            "properties": {
                "type": TEXT,
                "title": TEXT,
                "status": {"type": "integer"},
                "code": {"enum": list(PROBLEMS)},
                "detail": TEXT,
                "contract_error": ref("ContractError"),
            },
            "required": ["type", "title", "status", "code"],
        },
        "ContractError": record({"name": TEXT, "fields": ANY, "text": TEXT}),
        "Block": record(
            {"number": NUMBER, "hash": HASH, "time": NUMBER},
            description="The block that the answer was made from; compare it with another node's.",
        ),
        "Intent": record(
            {
                "id": HASH,
                "kind": {"enum": list(life.KINDS)},
                "signer": ADDRESS,
                "state": {"enum": list(life.STATES)},
                "cancelling": FLAG,
                "taken_back": FLAG,
                "deadline": NUMBER,
                "trade_id": nullable(HASH),
                "reason": nullable(ANY),
                "block": nullable(NUMBER),
                "transaction": nullable(HASH),
                "job": nullable(NUMBER),
                "body": ANY,
            }
        ),
        "Job": record(
            {
                "id": NUMBER,
                "kind": TEXT,
                "state": {"enum": ["prepared", "sent", "mined", "final", "lost"]},
                "sender": ADDRESS,
                "nonce": NUMBER,
                "block": nullable(NUMBER),
                "transactions": array(HASH),
                "intents": array(HASH),
            }
        ),
        "Listed": record(
            {
                "trade_id": HASH,
                "terms": ANY,
                "energy_wh": NUMBER,
                "price_per_mwh": NUMBER,
                "seller_credit_e9": NUMBER,
                "reserved_for": nullable(ADDRESS),
                "testimony": FLAG,
                "signature": nullable(HEX),
                "source": {"enum": ["signed", "chain"]},
            }
        ),
        "Trade": ANY | {"required": ["trade_id", "state", "seller"]},
        "Auction": ANY | {"required": ["auction_id", "state"]},
        "Lot": ANY | {"required": ["lot", "owner", "state"]},
        "Slot": record(
            {"slot": NUMBER, "state": {"enum": ["posted", "void", "final"]}, "price": nullable(NUMBER)}
        ),
        "Account": record(
            {
                "account": ADDRESS,
                "open": FLAG,
                "roles": NUMBER,
                "suspended": FLAG,
                "available": NUMBER,
                "held": NUMBER,
                "seller_credit_e9": NUMBER,
                "buyer_credit_e9": NUMBER,
                "defaults": NUMBER,
                "banned_until": NUMBER,
                "meter": nullable(HEX),
                "changes": array(ANY),
            }
        ),
        "Record": record(
            {
                "number": NUMBER,
                "trade_id": HASH,
                "block": NUMBER,
                "log_index": NUMBER,
                "block_hash": HASH,
                "previous": HASH,
                "root": HASH,
                "hash": HASH,
                "steps": array(record({"step": {"enum": ["initial", "define", "update"]}, "event": ANY})),
            }
        ),
        "Position": record(
            {
                "account": ADDRESS,
                "slot_start": NUMBER,
                "sold_wh": NUMBER,
                "bought_wh": NUMBER,
                "import_wh": nullable(NUMBER),
                "export_wh": nullable(NUMBER),
                "position_wh": nullable(NUMBER),
                "owed": nullable(NUMBER),
                "hidden": NUMBER,
                "hidden_trades": array(HASH),
            }
        ),
    }


def examples() -> dict[str, Any]:
    """Return an example of each body, by the name of its schema; nobody has signed them."""
    terms = {
        "seller": _ACCOUNT,
        "buyer": "0x" + "00" * 20,
        "energy": "0x" + (1000).to_bytes(32, "big").hex(),
        "price": "200000000",
        "accept_by": "1900000000",
        "deliver_by": "1900003600",
        "nonce": str(2**255 + 7),
    }
    signature = "0x" + "11" * 64
    order = {
        "account": _ACCOUNT,
        "first_slot": "2111111",
        "last_slot": "2111206",
        "buy_limit": "190000",
        "sell_limit": "90000",
        "max_spend": "500000000",
        "nonce": "1",
    }
    bid = {
        "buyer": _ACCOUNT,
        "seller": "0x" + "00" * 20,
        "min_wh": "500",
        "max_wh": "1000",
        "max_price_per_mwh": "200000000000",
        "slot_start": "1900000000",
        "slot_end": "1900003600",
        "min_seller_credit": "0",
        "deadline": "1899999000",
        "nonce": "12345",
        "receipt_key": "0x" + "00" * 32,
        "relayer": "0x" + "00" * 20,
        "fee": "0",
    }
    desk = {"name": "RelayDesk", "chain_id": "31337", "verifying_contract": "0x" + "22" * 20}
    rest = {"signer": _ACCOUNT, "signature": signature, "seller_signature": "0x", "receipt_key": None}
    purchase = {
        "buyer": _ACCOUNT,
        "trade_id": _ID,
        "max_price": "200000000",
        "receipt_key": "0x" + "00" * 32,
        "deadline": "1899999000",
        "relayer": "0x" + "00" * 20,
        "fee": "0",
    }
    cancellation = {n: purchase[n] for n in ("trade_id", "deadline", "relayer", "fee")}
    named = {**rest, "permit": None}
    return {
        "SignedOffer": {"terms": terms, "energy_wh": "1000", "signature": signature},
        "Bid": {"kind": "bid", "domain": desk, "order": bid, "terms": None, **named},
        "Purchase": {"kind": "purchase", "domain": desk, "order": purchase, "terms": terms, **named},
        "Cancellation": {
            "kind": "cancellation",
            "domain": desk,
            "order": cancellation,
            "terms": terms,
            **named,
        },
        "Receipt": {
            "terms": terms,
            "buyer": _ACCOUNT,
            "signer": "0x" + "33" * 20,
            "energy": terms["energy"],
            "signature": signature,
        },
        "SlotOrder": {"order": order, "signature": signature},
        "SlotReading": {
            "account": _ACCOUNT,
            "slot": "2111111",
            "net_wh": "-250",
            "meter": "0x" + "33" * 20,
            "signature": signature,
        },
    }


def problem_answers(*codes: str) -> dict[int | str, dict[str, Any]]:
    """Return the answers of an operation that are no success, by status, with an example of each code."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for code in codes:
        problem = Problem(code)
        answer = by_status.setdefault(
            problem.status,
            {
                "description": problem.to_json()["title"],
                "content": {MEDIA_TYPE: {"schema": ref("Problem"), "examples": {}}},
            },
        )
        answer["content"][MEDIA_TYPE]["examples"][code] = {"value": problem.to_json()}
    return by_status


def _title(kind: str) -> str:
    return "".join(part.capitalize() for part in kind.split("-"))


def titles(*kinds: str) -> list[dict[str, Any]]:
    """Return references to the schemas of signed orders of these kinds."""
    return [ref(_title(kind)) for kind in kinds]


def _moved(schema: Any) -> Any:
    """Return a schema of intents with its references pointing to the components."""
    if isinstance(schema, dict):
        moved = {key: _moved(value) for key, value in schema.items()}
        if "$ref" in moved:
            moved["$ref"] = moved["$ref"].replace("#/$defs/", "#/components/schemas/intent_")
        return moved
    return [_moved(item) for item in schema] if isinstance(schema, list) else schema
