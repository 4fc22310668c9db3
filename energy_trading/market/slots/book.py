"""The homes of a slot market as its log makes them, and what each of them can pay in a slot."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from energy_trading.bindings import slot_market as market_events
from energy_trading.bindings.contract import Event
from energy_trading.bindings.slot_market import SlotPosted
from energy_trading.errors import RuleBroken
from energy_trading.rules.slot_pool import unpack_rows
from energy_trading.types import SlotParameters


class SlotNotClosed(RuleBroken):
    """The slot has not ended in the log that was read, or it is final and forgotten."""


@dataclass(frozen=True)
class HomeInSlot:
    """A home as it was for one slot: what every member of a cluster knows of it from the chain alone.

    Args:
        account: account of the home.
        meter: keccak256 of the ERC-7913 signer that measured it.
        cap: units of account that it pays in the slot at most.
        frozen: whether it has no row.
        min_nonce: least nonce of an order that counts.
        budget: units of account that it can pay in the slot, fee included.
    """

    account: str
    meter: bytes
    cap: int
    frozen: bool
    min_nonce: int
    budget: int


@dataclass(frozen=True)
class OpenDemand:
    """A demand for order and reading of a row that nobody has answered.

    Args:
        challenger: account that demands.
        deadline: unix second from which on it can expire.
    """

    challenger: str
    deadline: int


@dataclass
class _Home:
    account: str
    balance: int = 0
    exit_amount: int = 0
    caps: list[tuple[int, int]] = field(default_factory=list)
    meters: list[tuple[int, bytes]] = field(default_factory=list)
    frozen: list[tuple[int, bool]] = field(default_factory=lambda: [(0, False)])


def _at(changes: list[tuple[int, Any]], slot: int) -> Any:
    """Return what counts in a slot; later changes of the same slot replace earlier ones."""
    return next(value for since, value in reversed(changes) if since <= slot)


class SlotBook:
    """The fold of a slot market's log.

    Funds are those at the end of the slot: everybody who has read the log up to a block behind it comes to
    the same budgets. A budget is the least of the cap and what is left of the balance without the requested
    exit, the charges of posted slots that are not final, and the caps of earlier slots that can still be
    posted. So a home that an honest cluster charges cannot be overdrawn, whatever else is posted.

    Args:
        parameters: of the slot market.

    Attributes:
        posted: the posted slots that are not final, void ones too, by slot.
        posted_at: when they were posted, unix seconds.
        void: slots that a dispute has emptied.
        frontier: first slot that is not final.
        demands: open demands by slot and home.

    Source:
        Z-5, Z-7.
    """

    def __init__(self, parameters: SlotParameters) -> None:
        self.parameters = parameters
        self.posted: dict[int, SlotPosted] = {}
        self.void: set[int] = set()
        self.frontier = 0
        self.posted_at: dict[int, int] = {}
        self.demands: dict[tuple[int, int], OpenDemand] = {}
        self.numbers: dict[str, int] = {}
        self._homes: list[_Home] = []
        self._nonces: dict[str, list[tuple[int, int]]] = {}
        self._closed: dict[int, tuple[HomeInSlot, ...]] = {}
        self._next = 0  # first slot that has not ended in the log that was read

    def end(self, slot: int) -> int:
        """Return the unix second at which a slot ends."""
        return (slot + 1) * self.parameters.slot_seconds

    def advance(self, now: int) -> None:
        """Close every slot that has ended; all events before that time must have been folded.

        Args:
            now: time of a block, unix seconds.
        """
        last = now // self.parameters.slot_seconds
        if not self._homes:
            self._next = max(self._next, last)
        while self._next < last:
            self._closed[self._next] = self._close(self._next)
            self._next += 1

    def fold(self, event: Event, time: int) -> bool:
        """Take in one event; events must come in the chain's order.

        Args:
            event: of any contract; one that is not the slot market's changes nothing.
            time: of its block, unix seconds.

        Returns:
            False if the event is of a slot that was closed before: the book has to be made anew.
        """
        if time // self.parameters.slot_seconds < self._next:
            return not type(event).__module__.endswith("slot_market")
        self.advance(time)
        match event:
            case market_events.Joined():
                home = _Home(event.account)
                home.caps.append((0, event.cap))
                home.meters.append((0, event.meter))
                self._homes.append(home)
                self.numbers[event.account] = event.home
            case market_events.Locked():
                self._homes[event.home].balance += event.amount
            case market_events.ExitRequested():
                self._homes[event.home].exit_amount = event.amount
            case market_events.Exited():
                self._homes[event.home].balance -= event.amount
                self._homes[event.home].exit_amount = 0
            case market_events.CapChanged():
                self._homes[event.home].caps.append((event.from_slot, event.cap))
            case market_events.Frozen():
                self._homes[event.home].frozen.append((event.from_slot, True))
            case market_events.Unfrozen():
                self._homes[event.home].frozen.append((event.from_slot, False))
            case market_events.MeterChanged():
                self._homes[event.home].meters.append((event.from_slot, event.meter))
            case market_events.OrdersRevoked():
                self._nonces.setdefault(event.account, [(0, 0)]).append((event.from_slot, event.nonce))
            case market_events.SlotPosted():
                self.posted[event.slot], self.posted_at[event.slot] = event, time
            case market_events.Demanded():
                deadline = time + self.parameters.answer_seconds
                self.demands[event.slot, event.home] = OpenDemand(event.challenger, deadline)
            case market_events.Answered():
                self.demands.pop((event.slot, event.home), None)
            case market_events.Voided():
                self.void.add(event.slot)
            case market_events.Finalised():
                self._finalise(event.frontier)
        return True

    def homes_in(self, slot: int) -> tuple[HomeInSlot, ...]:
        """Return every home as it was for a slot, in the order of their numbers.

        Raises:
            SlotNotClosed: the slot has not ended yet, or is final.
        """
        if slot not in self._closed:
            raise SlotNotClosed(f"slot {slot} has not ended yet, or it is final")
        return self._closed[slot]

    def homes_of(self, slot: int) -> tuple[HomeInSlot, ...]:
        """Return every home that a posted slot may have a row of, those that joined after the slot too."""
        closed = self._closed.get(slot, ())
        return (*closed, *(self.home_now(number, slot) for number in range(len(closed), len(self._homes))))

    def has_closed(self, slot: int) -> bool:
        """Return whether a slot has ended and is not final."""
        return slot in self._closed

    def home_now(self, number: int, slot: int) -> HomeInSlot:
        """Return a home as far as it is known for a slot that has not ended; its budget is its cap."""
        home = self._homes[number]
        found = self._home(home, slot)
        return replace(found, budget=found.cap)

    def balance(self, number: int) -> int:
        """Return what a home has in the market, without slots that are not final, units of account."""
        return self._homes[number].balance

    def charges(self, number: int, until: int | None = None) -> int:
        """Return what posted slots that are neither final nor void charge a home, units of account.

        Args:
            number: of the home.
            until: only slots before this one.
        """
        live = (p for slot, p in self.posted.items() if slot not in self.void)
        return sum(
            spent(row_of(p.rows, number), p.result.price, self.parameters.fee)
            for p in live
            if until is None or p.slot < until
        )

    def live(self) -> list[SlotPosted]:
        """Return the posted slots that are neither final nor void, oldest first."""
        return [self.posted[slot] for slot in sorted(self.posted) if slot not in self.void]

    def exits(self) -> list[int]:
        """Return the homes that have asked to withdraw."""
        return [number for number, home in enumerate(self._homes) if home.exit_amount]

    def _home(self, home: _Home, slot: int) -> HomeInSlot:
        return HomeInSlot(
            home.account,
            _at(home.meters, slot),
            _at(home.caps, slot),
            _at(home.frozen, slot),
            _at(self._nonces.get(home.account, [(0, 0)]), slot),
            0,
        )

    def _close(self, slot: int) -> tuple[HomeInSlot, ...]:
        p, end = self.parameters, self.end(slot)
        first = max(self.frontier, (end - p.post_seconds) // p.slot_seconds)
        open_slots = [
            s for s in range(first, slot) if s not in self.posted and self.end(s) + p.post_seconds > end
        ]
        pending = [0] * len(self._homes)
        for posted in self.live():
            for number, row in enumerate(unpack_rows(posted.rows)[: len(self._homes)]):
                pending[number] += spent(row, posted.result.price, p.fee)
        found = []
        for home, charged in zip(self._homes, pending, strict=True):
            here = self._home(home, slot)
            reserved = sum(0 if _at(home.frozen, s) else _at(home.caps, s) for s in open_slots)
            free = home.balance - home.exit_amount - charged - reserved
            found.append(replace(here, budget=max(0, min(here.cap, free))))
        return tuple(found)

    def _finalise(self, frontier: int) -> None:
        for slot in [slot for slot in sorted(self.posted) if slot < frontier]:
            posted = self.posted.pop(slot)
            del self.posted_at[slot]
            if slot in self.void:
                self.void.discard(slot)
                continue
            for number, row in enumerate(unpack_rows(posted.rows)[: len(self._homes)]):
                fee = self.parameters.fee if row < 0 else 0
                self._homes[number].balance += row * posted.result.price - fee
        self.frontier = frontier
        for key in [key for key in self.demands if key[0] < frontier]:
            del self.demands[key]
        for slot in [slot for slot in self._closed if slot < frontier]:
            del self._closed[slot]


def row_of(rows: bytes, number: int) -> int:
    """Return a home's row; it is zero behind the last one."""
    return int.from_bytes(rows[2 * number : 2 * number + 2], "big", signed=True)


def spent(row: int, price: int, fee: int) -> int:
    """Return what a row costs its home, fee included; nothing if it has not bought."""
    return -row * price + fee if row < 0 else 0


def read_book(
    parameters: SlotParameters, events: Iterable[Event], time_of: Callable[[int], int], now: int
) -> SlotBook:
    """Make the book of a whole log.

    Args:
        parameters: of the slot market.
        events: of its contract from its deployment on, in the chain's order.
        time_of: time of a block by its number, unix seconds.
        now: time of a block that the events reach at least, unix seconds.
    """
    book = SlotBook(parameters)
    for event in events:
        book.fold(event, time_of(event.block_number))
    book.advance(now)
    return book
