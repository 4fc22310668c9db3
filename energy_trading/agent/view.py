"""The market as the index has it: the project's one fold of the log, kept in memory beside the store."""

from __future__ import annotations

import copy
import threading
from dataclasses import dataclass

from sqlalchemy import select

from energy_trading.agent.index import newest, read_logs
from energy_trading.agent.store import Store
from energy_trading.agent.tables import blocks
from energy_trading.bindings.contract import decode_logs
from energy_trading.bindings.suite import SuiteParameters
from energy_trading.market.log.replay import Replay

#: blocks folded at once, so that memory stays small where much is read anew
_STRIDE = 20_000


@dataclass(frozen=True)
class Head:
    """The block that an answer was made from.

    Args:
        number: its height.
        hash: 32 bytes.
        time: unix seconds.
    """

    number: int
    hash: bytes
    time: int


class View:
    """The fold of the stored log up to its newest block, and another one up to its newest final block.

    The second one is where a reorganisation starts again; it is also what the record chain is made of.

    Args:
        store: that the indexer fills.
        parameters: what was fixed when the market was deployed.
        final_blocks: how many blocks above a block make it final.
    """

    def __init__(self, store: Store, parameters: SuiteParameters, final_blocks: int) -> None:
        self._store, self._parameters, self._final_blocks = store, parameters, final_blocks
        self._lock = threading.RLock()
        self._fold, self._final_fold = Replay(parameters), Replay(parameters)
        self._head: Head | None = None
        self._final: Head | None = None

    @property
    def lock(self) -> threading.RLock:
        """Held by whoever reads several things that belong together."""
        return self._lock

    @property
    def head(self) -> Head | None:
        """The block that the fold stands at; None before the first one."""
        return self._head

    @property
    def final(self) -> int:
        """Number of the newest final block; -1 before the first one."""
        return -1 if self._final is None else self._final.number

    @property
    def fold(self) -> Replay:
        """The fold up to the head."""
        return self._fold

    @property
    def final_fold(self) -> Replay:
        """The fold up to the newest final block."""
        return self._final_fold

    def refresh(self) -> bool:
        """Take in what the indexer stored since the last call.

        Returns:
            Whether the head moved.

        Raises:
            LogIncomplete, LogContradicted: the log does not follow the rules; the view is empty then.
            StoreAway: the database went away.
        """
        with self._lock, self._store.reading() as connection:
            tip = newest(connection)
            if tip is None:
                self._empty()
                return False
            if self._head is not None and tip == (self._head.number, self._head.hash):
                return False

            def holds(head: Head | None) -> bool:
                if head is None:
                    return False
                where = blocks.c.number == head.number
                stored = connection.execute(select(blocks.c.hash).where(where)).scalar()
                return stored is not None and bytes(stored) == head.hash

            def at(number: int) -> Head:
                row = connection.execute(select(blocks).where(blocks.c.number == number)).one()
                return Head(int(row.number), bytes(row.hash), int(row.time))

            def advance(fold: Replay, above: int, to: int) -> None:
                for start in range(above, to, _STRIDE):
                    for event in decode_logs(read_logs(connection, start, min(start + _STRIDE, to))):
                        fold.fold(event)

            lowest = connection.execute(select(blocks.c.number).order_by(blocks.c.number).limit(1)).scalar()
            assert lowest is not None, "there is a newest block"
            if self._final is not None and not holds(self._final):
                self._empty()
            if self._head is not None and not holds(self._head):
                self._fold, self._head = copy.deepcopy(self._final_fold), self._final
            above = lowest - 1 if self._head is None else self._head.number
            settled = tip[0] - self._final_blocks
            try:
                advance(self._fold, above, tip[0])
                self._head = at(tip[0])
                if settled >= lowest and settled > self.final:
                    advance(self._final_fold, max(self.final, lowest - 1), settled)
                    self._final = at(settled)
            except BaseException:
                self._empty()  # half a page would be folded twice
                raise
            return True

    def _empty(self) -> None:
        self._fold, self._final_fold = Replay(self._parameters), Replay(self._parameters)
        self._head = self._final = None
