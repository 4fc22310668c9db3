"""How long it takes to clear a slot, beside sorting and summing as many numbers in the same run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

import numpy as np

from energy_trading.errors import BadInput
from energy_trading.market.slots.clearing import (
    MAX_HOMES,
    PoolPrice,
    PoolRule,
    clear_double_auction,
    clear_pool,
)

REPEATS: Final = 51
_RETAIL, _FEED_IN = 300_000, 80_000
_PLENTY: Final = 2**48


@dataclass(frozen=True)
class Timing:
    """How long one thing took.

    Args:
        what: was timed.
        homes: or orders, how many.
        microseconds: median of the repeats.
        ratio: to sorting and summing as many numbers, in hundredths.
    """

    what: str
    homes: int
    microseconds: int
    ratio: int

    def cells(self) -> list[str]:
        """Return the cells of a table."""
        ratio = f"{self.ratio // 100}.{self.ratio % 100:02}"
        return [self.what, f"{self.homes:,}", f"{self.microseconds:,}", ratio]

    def to_dict(self) -> dict[str, Any]:
        """Return an object for `json.dumps`."""
        return {
            "what": self.what,
            "homes": self.homes,
            "microseconds": self.microseconds,
            "ratio_hundredths": self.ratio,
        }


def measure_clearing(homes: int, seed: int = 0) -> list[Timing]:
    """Time pool and auction on one random slot, with every home in both.

    Args:
        homes: how many homes, and orders.
        seed: of the random readings and limits.

    Raises:
        BadInput: there is no home, or more than can be cleared at once.
    """
    if not 1 <= homes <= MAX_HOMES:
        raise BadInput(f"the number of homes must be between 1 and {MAX_HOMES}, not {homes}")
    random = np.random.default_rng(seed)
    net = random.integers(-2_000, 2_001, homes)
    limits = random.integers(_FEED_IN, _RETAIL + 1, homes)
    buy, sell = np.full(homes, _RETAIL), np.full(homes, _FEED_IN)
    spend = np.full(homes, _PLENTY)

    def pool(kind: PoolPrice) -> Callable[[], object]:
        rule = PoolRule(_RETAIL, _FEED_IN, kind)
        return lambda: clear_pool(net, buy, sell, spend, rule, seed)

    timed: dict[str, Callable[[], object]] = {
        "sort and cumsum alone": lambda: np.sort(limits).cumsum(),
        "pool, mid rate": pool(PoolPrice.MID_RATE),
        "pool, supply-demand ratio": pool(PoolPrice.SUPPLY_DEMAND_RATIO),
        "double auction": lambda: clear_double_auction(net, limits, spend, seed),
    }
    found = {what: _nanoseconds(call) for what, call in timed.items()}
    base = found["sort and cumsum alone"]
    return [Timing(what, homes, ns // 1000, ns * 100 // base) for what, ns in found.items()]


def _nanoseconds(call: Callable[[], object]) -> int:
    """Return the median time of a call, at least 1; the first call, which warms up, does not count."""
    call()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter_ns()
        call()
        times.append(time.perf_counter_ns() - start)
    return max(1, int(median(times)))
