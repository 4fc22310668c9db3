"""The gateway's clock: the chain's time, carried on between two looks at it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from energy_trading.chain.connect import Chain
from energy_trading.errors import TryAgain


class TimeUnknown(TryAgain):
    """The node has not been reached yet, so there is no time for values that bring none of their own."""


class ChainClock:
    """The time of the latest block, which runs on with the machine's steady clock and never goes back.

    The machine's calendar does not count: a small computer without a battery starts in the past.

    Args:
        reach: connects to the chain; it is called until it succeeds.
        steady: seconds that only grow; tests wind their own.
    """

    def __init__(self, reach: Callable[[], Chain], steady: Callable[[], float] = time.monotonic) -> None:
        self._reach, self.steady = reach, steady
        self._chain: Chain | None = None
        self._lock = threading.Lock()
        self._known: tuple[int, float] | None = None

    @property
    def chain(self) -> Chain:
        """The chain.

        Raises:
            NodeError: the node cannot be reached.
        """
        if self._chain is None:
            self._chain = self._reach()
        return self._chain

    def look(self) -> None:
        """Read the time of the latest block.

        Raises:
            NodeError: the node cannot be reached; the clock runs on.
        """
        read = self.chain.now()
        with self._lock:
            if self._known is None or read > self._now(self._known):
                self._known = read, self.steady()

    def now(self) -> int:
        """Return the time in unix seconds.

        Raises:
            TimeUnknown: `look` has never succeeded.
        """
        with self._lock:
            if self._known is None:
                raise TimeUnknown("the node has not been reached yet, so the time is not known")
            return self._now(self._known)

    def _now(self, known: tuple[int, float]) -> int:
        return known[0] + int(self.steady() - known[1])
