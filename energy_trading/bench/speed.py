"""How much CPU a simulated day takes with real signatures and real bytecode, beside the signatures alone."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from energy_trading.bindings.suite import SlotSettings
from energy_trading.chain.connect import Chain
from energy_trading.errors import BadInput
from energy_trading.simulation.engines import opened
from energy_trading.simulation.people import EURO, GENESIS
from energy_trading.simulation.trading import Agreed, Cast, OfferTrading, SlotTrading, signature_floor
from energy_trading.types import Terms

SIZES: Final = (10, 100, 1_000, 4_000)
DESIGNS: Final = ("offers", "slot market")
MAX_SLOTS: Final = 96 * 366
_SLOT_S: Final = 900
_RETAIL, _FEED_IN = 300_000, 80_000
_FUNDS: Final = 2_000 * EURO
#: seconds before the first slot in which everybody settles in
_SETTLING_S: Final = 12 * 3600
_WINDOW_S: Final = 1800


@dataclass(frozen=True)
class Speed:
    """What one run took.

    Args:
        design: "offers" or "slot market".
        homes: how many.
        slots: how many.
        trades: accepted and delivered offers, or rows that are not zero.
        messages: signed and checked in the market: offers, receipts, orders, readings, votes of peers.
        settling_s: CPU seconds to deploy, open accounts, fund them and register meters.
        market_s: CPU seconds of the slots.
        floor_s: CPU seconds to sign and recover as many messages and do nothing else, in the same run.
        max_rss_mb: the most memory that the process had until then, MB.
    """

    design: str
    homes: int
    slots: int
    trades: int
    messages: int
    settling_s: float
    market_s: float
    floor_s: float
    max_rss_mb: int

    @property
    def ratio(self) -> float:
        """CPU of the slots by that of the signatures alone."""
        return self.market_s / self.floor_s

    def cells(self) -> list[str]:
        """Return the cells of a table."""
        return [
            self.design,
            *(f"{n:,}" for n in (self.homes, self.slots, self.trades, self.messages)),
            *(f"{s:.2f}" for s in (self.settling_s, self.market_s, self.floor_s, self.ratio)),
            f"{self.max_rss_mb:,}",
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return an object for `json.dumps`."""
        return {**vars(self), "ratio": round(self.ratio, 2)}


HEAD: Final = [
    "design",
    "homes",
    "slots",
    "trades",
    "messages",
    "settling in, CPU s",
    "market, CPU s",
    "floor, CPU s",
    "ratio",
    "memory, MB",
]


def max_rss_mb() -> int:
    """Return the most memory that this process has had, MB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most // (2**20 if sys.platform == "darwin" else 2**10)


def measure_speed(
    design: str, homes: int, slots: int = 96, engine: str = "revm", seed: int = 0, chain: Chain | None = None
) -> Speed:
    """Run a market of random homes and measure it.

    Args:
        design: one of `DESIGNS`.
        homes: how many.
        slots: how many of 900 s.
        engine: see `simulation.engines.opened`.
        seed: of the homes' readings and keys.
        chain: where to run it in place of a chain of the engine's.

    Raises:
        BadInput: there is no such design, or a number is out of range.
    """
    if design not in DESIGNS:
        raise BadInput(f"there is no design {design}; use one of {', '.join(DESIGNS)}")
    if not 2 <= homes <= 4_096 or not 1 <= slots <= MAX_SLOTS:
        raise BadInput(f"there must be 2 to 4096 homes and 1 to {MAX_SLOTS} slots, not {homes} and {slots}")
    random = np.random.default_rng(seed)
    cast = Cast.drawn(homes, seed)
    begin = time.process_time()
    with opened(engine, cast.senders, GENESIS, history=False) as own:
        run = _offers if design == "offers" else _slots
        market = run(chain or own, cast, slots, random)
        next(market)
        settling = time.process_time() - begin
        took = floor = 0.0
        trades = messages = 0
        while True:
            start = time.process_time()
            done = next(market, None)
            took += time.process_time() - start
            if done is None:
                break
            trades += done[0]
            # By turns with the market, so that both are measured on the same machine, however busy it is.
            floor += signature_floor(done[1] - messages)
            messages = done[1]
    return Speed(design, homes, slots, trades, messages, settling, took, floor, max_rss_mb())


def measure_all(
    sizes: Sequence[int] = SIZES, slots: int = 96, say: Callable[[str], None] = lambda _: None
) -> list[Speed]:
    """Measure both designs at several sizes, the smallest first, because memory is that of the process."""
    found = []
    for homes in sorted(sizes):
        for design in DESIGNS:
            say(f"{design} of {homes:,} homes")
            found.append(measure_speed(design, homes, slots))
    return found


def _nets(homes: int, random: np.random.Generator) -> Any:
    """Half of the homes have a surplus, on average."""
    return random.integers(-600, 601, homes)


def _offers(
    chain: Chain | None, cast: Cast, slots: int, random: np.random.Generator
) -> Iterator[tuple[int, int]]:
    """Sellers sell all they can, to one buyer after the other; what is agreed is delivered."""
    homes = len(cast.homes)
    trading = OfferTrading(chain, cast, GENESIS, [_FUNDS] * homes)
    yield 0, 0
    first = (GENESIS + _SETTLING_S) // _SLOT_S
    for slot in range(first, first + slots):
        start, end = slot * _SLOT_S, (slot + 1) * _SLOT_S
        agreed = _matched(_nets(homes, random))
        accepted = trading.accept(agreed, start, end, end + 2 * _SLOT_S)
        done = []
        for terms, trade in zip(accepted, agreed, strict=True):
            if not isinstance(terms, Terms):
                raise terms
            done.append((terms, trade, trade.energy_wh))
        trading.deliver(done, end)
        yield len(done), trading.signatures


def _matched(nets: Any) -> list[Agreed]:
    """Match surplus and deficit in the order of the homes, in parts."""
    sellers, buyers = np.flatnonzero(nets > 0).tolist(), np.flatnonzero(nets < 0).tolist()
    left = nets.tolist()
    price, found, i, j = (_RETAIL + _FEED_IN) // 2, [], 0, 0
    while i < len(sellers) and j < len(buyers):
        seller, buyer = sellers[i], buyers[j]
        part = min(left[seller], -left[buyer])
        found.append(Agreed(seller, buyer, part, part * price))
        left[seller] -= part
        left[buyer] += part
        i += not left[seller]
        j += not left[buyer]
    return found


def _slots(
    chain: Chain | None, cast: Cast, slots: int, random: np.random.Generator
) -> Iterator[tuple[int, int]]:
    """Every home has an order for every price; every slot is posted, and four are made final at once."""
    homes = len(cast.homes)
    trading = SlotTrading(
        chain,
        cast,
        GENESIS,
        [_FUNDS] * homes,
        settings=SlotSettings(window_seconds=_WINDOW_S, answer_seconds=_WINDOW_S),
    )
    yield 0, 0
    first = (GENESIS + _SETTLING_S) // _SLOT_S
    buy, sell = np.full(homes, _RETAIL), np.full(homes, _FEED_IN)
    for slot in range(first, first + slots):
        cleared = trading.slot(slot, _nets(homes, random), buy, sell, np.full(homes, 10 * EURO))
        trading.finalise()
        yield int(np.count_nonzero(cleared.rows)), trading.signatures
    trading.finalise(last=True)
