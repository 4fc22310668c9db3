"""The log of a market as the chain grows: what is new, and what a reorganisation took back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from energy_trading.bindings.contract import Event, decode_logs
from energy_trading.bindings.suite import Suite
from energy_trading.chain.connect import Block, NodeError

if TYPE_CHECKING:
    from web3.types import LogReceipt

REMEMBERED: Final = 128  # blocks; a final block of Ethereum is 64 deep
_BEFORE: Final = 16  # blocks remembered from before the first that is told


class Follower:
    """Reads a market's log as the chain grows, and notices where the chain was changed.

    Args:
        suite: the market.
        from_block: first block told; None: the next one.
        say: told of a reorganisation, in a line.

    Raises:
        NodeError: the node went away or refused.
    """

    def __init__(self, suite: Suite, from_block: int | None, say: Callable[[str], None]) -> None:
        self._suite = suite
        self._say = say
        #: oldest first: every block with events that were told, and the latest block of each reading
        self._told: list[_Block] = []
        #: where reading goes on if every block remembered has vanished, and whether that misses nothing
        self._first, self._complete = from_block or 0, from_block is not None
        if from_block is None:
            height = suite.chain.height()
            self._told = [self._block(n) for n in range(max(0, height + 1 - _BEFORE), height + 1)]
            self._first = self._told[0].number

    def news(self) -> list[tuple[Event, bool]]:
        """Return what came or vanished since the last call; what fails changes nothing.

        Returns:
            Events, each with whether its block vanished: those first and newest first, then the new ones.

        Raises:
            NodeError: the node went away or refused.
        """
        chain = self._suite.chain
        head = self._block("latest")
        if self._told and self._told[-1].place == head.place:
            return []
        # A node that is behind has taken nothing back: what lies above its latest block waits.
        known = [block for block in self._told if block.number <= head.number]
        kept = len(known)
        while kept and chain.block(known[kept - 1].number) != known[kept - 1].place:
            kept -= 1
        vanished = self._told[kept:] if kept < len(known) else []
        if not vanished and self._told and head.number <= self._told[-1].number:
            return []
        start = max(self._first, known[kept - 1].number + 1 if kept else 0)
        logs = chain.logs(self._suite.markets, start, head.number)
        if chain.block(head.number) != head.place:
            return []  # changed while it was read: again, next time
        new = [_Block.of(list(group)) for _, group in groupby(logs, key=itemgetter("blockNumber"))]
        removed = [(event, True) for block in reversed(vanished) for event in reversed(block.events)]
        if vanished:
            self._say(f"reorganisation: read again from block {start} on; events removed: {len(removed)}")
            if not kept and not self._complete:
                self._say(f"blocks before {start} may have changed too, they are not remembered")
        self._remember([*self._told[:kept], *new, *([] if new and new[-1].place == head.place else [head])])
        return removed + [(event, False) for block in new for event in block.events]

    def _remember(self, told: list[_Block]) -> None:
        self._told = told[-REMEMBERED:]
        if len(told) > REMEMBERED and self._told[0].number > self._first:
            self._first, self._complete = self._told[0].number, False

    def _block(self, which: Block) -> _Block:
        place = self._suite.chain.block(which)
        if place is None:
            raise NodeError(f"block {which}: the node does not have it")
        return _Block(place)


@dataclass(frozen=True)
class _Block:
    """A block that was read.

    Args:
        place: number and hash.
        events: the market's in it.
    """

    place: tuple[int, bytes]
    events: Sequence[Event] = ()

    @property
    def number(self) -> int:
        return self.place[0]

    @classmethod
    def of(cls, logs: Sequence[LogReceipt]) -> _Block:
        return cls((int(logs[0]["blockNumber"]), bytes(logs[0]["blockHash"])), decode_logs(logs))
