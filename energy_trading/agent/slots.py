"""The slots of the slot market, as its log has them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from energy_trading.agent.index import read_logs
from energy_trading.agent.tables import logs
from energy_trading.bindings.contract import decode_logs
from energy_trading.bindings.slot_market import Finalised, SlotPosted, Voided


def slots_of(connection: Connection, market: str) -> list[dict[str, Any]]:
    """Return the posted slots in their order: number, state and price.

    Args:
        connection: of the store.
        market: address of the slot market.
    """
    found: dict[int, dict[str, Any]] = {}
    where = select(logs.c.block).where(logs.c.address == market).order_by(logs.c.block)
    numbers = connection.execute(where).scalars().all()
    if not numbers:
        return []
    for event in decode_logs(
        log for log in read_logs(connection, numbers[0] - 1, numbers[-1]) if log["address"] == market
    ):
        match event:
            case SlotPosted():
                price = event.result.price
                found[event.slot] = {"slot": event.slot, "state": "posted", "price": price}
            case Voided() if event.slot in found:
                found[event.slot]["state"] = "void"
            case Finalised():
                for slot in found.values():
                    if slot["slot"] < event.frontier and slot["state"] == "posted":
                        slot["state"] = "final"
    return [found[slot] for slot in sorted(found)]
