"""A market's log as the chain grows: the new events, and those that a reorganisation took back."""

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
_BEFORE: Final = 16  # blocks remembered from before the first one that is reported


class Follower:
    """Reads a market's log as the chain grows, and notices where the chain was changed.

    Args:
        suite: the market.
        from_block: first block to report; None means the next one.
        say: is called with a line of text about each reorganisation.

    Raises:
        NodeError: the node went away or refused.
    """

    def __init__(self, suite: Suite, from_block: int | None, say: Callable[[str], None]) -> None:
        self._suite = suite
        self._say = say
        #: oldest first: every block with reported events, and the latest block of each reading
        self._known: list[_Block] = []
        #: where reading goes on if every remembered block has vanished, and whether that misses nothing
        self._first, self._complete = from_block or 0, from_block is not None
        if from_block is None:
            height = suite.chain.height()
            self._known = [self._block(n) for n in range(max(0, height + 1 - _BEFORE), height + 1)]
            self._first = self._known[0].number

    def news(self) -> list[tuple[Event, bool]]:
        """Return the events that came or vanished since the last call; a call that fails changes nothing.

        Returns:
            Events, each with whether its block vanished: first the vanished ones, the newest first, and then
            the new ones in the chain's order.

        Raises:
            NodeError: the node went away or refused.
        """
        chain = self._suite.chain
        head = self._block("latest")
        if self._known and self._known[-1].place == head.place:
            return []
        # A node that is behind has taken nothing back: the blocks above its latest one wait.
        known = [block for block in self._known if block.number <= head.number]
        kept = len(known)
        while kept and chain.block(known[kept - 1].number) != known[kept - 1].place:
            kept -= 1
        vanished = self._known[kept:] if kept < len(known) else []
        if not vanished and self._known and head.number <= self._known[-1].number:
            return []
        start = max(self._first, known[kept - 1].number + 1 if kept else 0)
        logs = chain.logs(self._suite.markets, start, head.number)
        if chain.block(head.number) != head.place:
            return []  # the chain changed while it was read: the next call reads it again
        new = [_Block.of(list(group)) for _, group in groupby(logs, key=itemgetter("blockNumber"))]
        removed = [(event, True) for block in reversed(vanished) for event in reversed(block.events)]
        if vanished:
            self._say(f"reorganisation: read again from block {start} on; events removed: {len(removed)}")
            if not kept and not self._complete:
                self._say(f"blocks before {start} may have changed too, but they are not remembered")
        self._remember([*self._known[:kept], *new, *([] if new and new[-1].place == head.place else [head])])
        return removed + [(event, False) for block in new for event in block.events]

    def _remember(self, blocks: list[_Block]) -> None:
        self._known = blocks[-REMEMBERED:]
        if len(blocks) > REMEMBERED and self._known[0].number > self._first:
            self._first, self._complete = self._known[0].number, False

    def _block(self, which: Block) -> _Block:
        place = self._suite.chain.block(which)
        if place is None:
            raise NodeError(f"the node does not have block {which}")
        return _Block(place)


@dataclass(frozen=True)
class _Block:
    """A block that was read."""

    place: tuple[int, bytes]
    events: Sequence[Event] = ()

    @property
    def number(self) -> int:
        return self.place[0]

    @classmethod
    def of(cls, logs: Sequence[LogReceipt]) -> _Block:
        return cls((int(logs[0]["blockNumber"]), bytes(logs[0]["blockHash"])), decode_logs(logs))
