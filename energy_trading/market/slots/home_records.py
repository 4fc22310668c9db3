"""What a home keeps: its orders, its meter's readings, and what members have acknowledged to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from energy_trading.files.journal import Journaled
from energy_trading.market.slots.messages import SignedAck, SignedOrder, SignedSlotReading
from energy_trading.types import Domain


class HomeRecords(Journaled):
    """The records of one home, which it disputes a wrong row with. Whoever loses them can only demand.

    Args:
        path: of the journal; None keeps nothing on disk.
        domain: of the slot market.

    Source:
        Z-6, Z-7.
    """

    def __init__(self, path: Path | None, domain: Domain) -> None:
        super().__init__(path)
        self._domain = domain
        self._orders: dict[bytes, SignedOrder] = {}
        self._readings: dict[tuple[str, int], SignedSlotReading] = {}
        self._acks: dict[tuple[str, int], dict[str, SignedAck]] = {}
        self._restore(self._journal.replay(), "it is not the journal of a home")

    def keep_order(self, signed: SignedOrder) -> None:
        """Keep an order before it is sent."""
        if signed.order.struct_hash() not in self._orders:
            self._record({"order": signed.to_json()})

    def keep_reading(self, signed: SignedSlotReading) -> None:
        """Keep a reading before it is sent."""
        if (signed.reading.account, signed.reading.slot) not in self._readings:
            self._record({"reading": signed.to_json()})

    def keep_ack(self, signed: SignedAck) -> None:
        """Keep what a member has acknowledged.

        Raises:
            SlotMessageForged: the member did not sign it.
        """
        signed.check(self._domain)
        if signed.member not in self._acks.get((signed.ack.account, signed.ack.slot), {}):
            self._record({"ack": signed.to_json()})

    def order_of(self, ack: SignedAck) -> SignedOrder | None:
        """Return the order that was acknowledged."""
        return self._orders.get(ack.ack.order)

    def reading(self, account: str, slot: int) -> SignedSlotReading | None:
        """Return the reading of a slot."""
        return self._readings.get((account, slot))

    def acks(self, account: str, slot: int) -> dict[str, SignedAck]:
        """Return what members have acknowledged for a slot, by member."""
        return dict(self._acks.get((account, slot), {}))

    def _apply(self, fact: dict[str, Any]) -> None:
        [(kind, value)] = fact.items()
        if kind == "order":
            order = SignedOrder.from_json(value)
            self._orders[order.order.struct_hash()] = order
        elif kind == "reading":
            reading = SignedSlotReading.from_json(value)
            self._readings[reading.reading.account, reading.reading.slot] = reading
        elif kind == "ack":
            ack = SignedAck.from_json(value)
            self._acks.setdefault((ack.ack.account, ack.ack.slot), {})[ack.member] = ack
        else:
            raise ValueError(kind)
