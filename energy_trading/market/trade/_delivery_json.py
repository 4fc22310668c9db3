"""Receipts as they are handed over to an agent: with the terms of their trade, and never with a salt."""

from __future__ import annotations

from typing import Any

from energy_trading.files._json import check_address, check_object, from_hex, reading, to_hex
from energy_trading.market.trade.offer import terms_from_json, terms_to_json
from energy_trading.types import Delivery, Energy


def delivery_from_json(value: Any) -> Delivery:
    """Read a receipt with its terms: `terms`, `buyer`, `signer`, `energy` and `signature`."""
    with reading("receipt"):
        value = check_object(value, "receipt", {"terms", "buyer", "signer", "energy", "signature"})
        return Delivery(
            terms_from_json(value["terms"]),
            check_address(value["buyer"], "buyer"),
            from_hex(value["signer"], "signer"),
            Energy(from_hex(value["energy"], "energy", 32)),
            from_hex(value["signature"], "signature"),
        )


def delivery_to_json(delivery: Delivery) -> dict[str, Any]:
    """Write a receipt with its terms."""
    return {
        "terms": terms_to_json(delivery.terms),
        "buyer": delivery.buyer,
        "signer": to_hex(delivery.signer),
        "energy": to_hex(delivery.energy),
        "signature": to_hex(delivery.signature),
    }
