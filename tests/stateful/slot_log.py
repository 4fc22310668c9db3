"""What the logs of a slot market and its council say: money and slots, from the events alone."""

from __future__ import annotations

from collections import Counter
from typing import Any

from energy_trading.bindings import slot_market as market_events
from energy_trading.bindings import verifier_council as council_events
from energy_trading.rules.slot_pool import unpack_rows


class SlotLog:
    """State of a slot market and its council, event by event.

    Args:
        fee: units that each buying home pays in a slot.
        council: address of the council, one of whose events has the name and fields of one of the market's.
    """

    def __init__(self, fee: int, council: str) -> None:
        self.fee = fee
        self.council = council
        self.homes: list[int] = []
        self.caps: list[int] = []
        self.meters: list[bytes] = []
        self.exits: Counter[int] = Counter()
        self.frozen: set[int] = set()
        self.posted: dict[int, Any] = {}
        self.demands: set[tuple[int, int]] = set()
        self.frontier = 0
        self.owed: Counter[str] = Counter()
        self.council_owed: Counter[str] = Counter()

    def fold(self, event: Any) -> None:
        """Take one event."""
        match event:
            case market_events.Joined():
                assert event.home == len(self.homes)
                self.homes.append(0)
                self.caps.append(event.cap)
                self.meters.append(event.meter)
            case market_events.Locked():
                self.homes[event.home] += event.amount
            case market_events.ExitRequested():
                self.exits[event.home] = event.amount
            case market_events.Exited():
                self.homes[event.home] -= event.amount
                self.exits[event.home] = 0
            case market_events.CapChanged():
                self.caps[event.home] = event.cap
            case market_events.MeterChanged():
                self.meters[event.home] = event.meter
            case market_events.Frozen():
                self.frozen.add(event.home)
            case market_events.Unfrozen():
                self.frozen.discard(event.home)
            case market_events.SlotPosted():
                self.posted[event.slot] = event
            case market_events.Voided():
                del self.posted[event.slot]
            case market_events.Demanded():
                self.demands.add((event.slot, event.home))
            case market_events.Answered():
                self.demands.discard((event.slot, event.home))
            case market_events.Finalised():
                self._finalise(event)
            case market_events.Owed():
                self.owed[event.account] += event.amount
            case market_events.Collected() | council_events.Collected():
                owed = self.council_owed if event.address == self.council else self.owed
                owed[event.account] -= event.amount
            case council_events.Credited():
                self.council_owed[event.account] += event.amount

    def _finalise(self, event: Any) -> None:
        rest = 0
        for slot in sorted(slot for slot in self.posted if slot < event.frontier):
            posted = self.posted.pop(slot)
            buyers = 0
            for home, row in enumerate(unpack_rows(posted.rows)[: len(self.homes)]):
                self.homes[home] += row * posted.result.price - self.fee * (row < 0)
                buyers += row < 0
            half = buyers * self.fee // 2
            rest += half
            self.council_owed[posted.result.leader] += buyers * self.fee - half
        assert event.fees == rest
        self.council_owed[event.finaliser] += rest
        self.frontier = event.frontier
