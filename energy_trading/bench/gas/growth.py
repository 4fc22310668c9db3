"""How gas grows: with the receipts of a transaction, the bidders and lots of an auction, parts and keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from energy_trading.bench.gas.parts import watch
from energy_trading.bench.gas.scenarios import BATCH, ENERGY_WH, LOT_WH, PROOF_HASHES, Bench, Scenario
from energy_trading.bench.gas.slots import AT_ONCE, grow
from energy_trading.errors import BadInput

RECEIPTS: Final = (1, 2, 5, 10, 20, 40, 100, 200)
BIDDERS: Final = (1, 2, 5, 10, 20, 40, 60)
MANY_QUOTES: Final = 5_000
QUOTES_PER_CHUNK: Final = 750  # as many as `Auction.settle_all` trusts to a transaction of 10 million gas
SMALL_LOT_WH: Final = 300
LOTS: Final = (1, 2, 4, 6, 8)
PARTS_OF_A_LOT: Final = (2, 4, 8, 16, 32)
PROOFS: Final = (0, 4, 7, 10, 14, 17)

#: what is counted, by series
SERIES: Final[Mapping[str, str]] = {
    "receipts": "receipts in one transaction, each of another pair of accounts",
    "auction": "bidders of an auction; all of it: order, quotes, settlement, payment, delivery",
    "settlement": "quotes that are settled in transactions of at most 750",
    "lots.post": f"lots of an order; {BATCH} bidders",
    "lots.settle": f"lots that are awarded; {BATCH} quotes in all",
    "lot.split": "parts that a lot is split into",
    "lot.merge": "lots that are merged into one",
    "keys.accept": "one-time keys under one root; an acceptance with one of them",
    "slots": f"homes of a slot market, {AT_ONCE} slots made final at once; each: per home and slot",
    "keys.publish": "one-time keys under one root; its publication",
}
#: scenario by the point that is measured in the same way and must have its gas, so that stale growth shows
ANCHORS: Final[Mapping[tuple[str, int], str]] = {
    ("receipts", BATCH): f"offer.confirm_batch{BATCH}",
    ("auction", BATCH): f"auction.{BATCH}_per_bidder",
    ("settlement", BATCH): "auction.settle_40",
    ("lots.post", 1): "auction.post",
    ("lots.settle", 1): "auction.settle_40",
    ("lot.split", 2): "lot.split_2",
    ("lot.merge", 2): "lot.merge_2",
    ("keys.accept", 2**PROOF_HASHES): "offer.accept_private",
}
#: series in which a point's gas is that of everything it counts, and is stated for one of them too
SHARED: Final = frozenset(SERIES) - {"lots.post", "lots.settle", "keys.accept"}


@dataclass(frozen=True)
class Point:
    """One point of a series.

    Args:
        series: one of `SERIES`.
        count: of what the series counts.
        transactions: how many it took.
        gas: of all of them.
    """

    series: str
    count: int
    transactions: int
    gas: int

    @property
    def each(self) -> int:
        """Gas of one of what is counted, rounded up; where nothing is shared, all of it."""
        count = self.count * AT_ONCE if self.series == "slots" else self.count
        return -(-self.gas // count) if self.series in SHARED else self.gas


def measure_growth(
    say: Callable[[str], None] = lambda _: None, many_quotes: int = MANY_QUOTES
) -> tuple[Point, ...]:
    """Measure every series on chains in this process, which takes a minute or two.

    Args:
        say: receives one line before each part.
        many_quotes: the largest settlement; 60 bidders quote again and again.

    Returns:
        The points, series by series, counts rising.

    Raises:
        BadInput: ``many_quotes`` is below the bidders there are, or above what an auction takes.

    Source:
        X-7, X-9; N-6; C-7.
    """
    if not max(BIDDERS) < many_quotes < 2**16:
        raise BadInput(
            f"the number of quotes must be between {max(BIDDERS) + 1} and {2**16 - 1}, not {many_quotes}"
        )
    found: list[Point] = []
    with watch() as seen:
        bench = Bench({}, seen, pairs=max(RECEIPTS))
        bench.warm_up()
        for part in (_keys, _parts, _lots, _auctions, _receipts):
            say(part.__name__.strip("_"))
            found += part(bench)
        say(f"{many_quotes:,} quotes")
        found += _many(bench, many_quotes)
        for count, scenario in grow(seen):
            say(f"slot market of {count:,} homes")
            found.append(_point("slots", count, scenario))
    order = list(SERIES)
    return tuple(sorted(found, key=lambda point: (order.index(point.series), point.count)))


def _point(series: str, count: int, scenario: Scenario) -> Point:
    return Point(series, count, len(scenario.paid), sum(paid.gas for paid in scenario.paid))


def _receipts(bench: Bench) -> Iterator[Point]:
    enrolled = 0
    with bench.fresh():
        for count in RECEIPTS:
            for key in (*bench.sellers[enrolled:count], *bench.buyers[enrolled:count]):
                bench.join(key)
            enrolled = count
            with bench.fresh():
                yield _point("receipts", count, bench.receipts_of(count))


def _auctions(bench: Bench) -> Iterator[Point]:
    enrolled = 0
    with bench.fresh():
        for count in BIDDERS:
            for key in bench.buyers[enrolled:count]:
                bench.join(key)
            enrolled = count
            with bench.fresh():
                auction = bench.post_and_quote(bench.buyers[:count])
                bench.chain.mine(auction.terms.quote_until)
                settled = bench.settle(auction)
                yield _point("settlement", count, settled)
                everything = auction.everything + settled + bench.pay_and_deliver()
                yield _point("auction", count, everything)


def _many(bench: Bench, count: int) -> Iterator[Point]:
    bidders = bench.buyers[: max(BIDDERS)]
    with bench.fresh():
        for key in bidders:
            bench.join(key)
        auction = bench.post_and_quote([bidders[i % len(bidders)] for i in range(count)])
        bench.chain.mine(auction.terms.quote_until)
        yield _point("settlement", count, bench.settle(auction, -(-count // QUOTES_PER_CHUNK)))


def _lots(bench: Bench) -> Iterator[Point]:
    bidders = bench.buyers[:BATCH]
    with bench.fresh():
        for key in bidders:
            bench.join(key)
        for count in LOTS:
            with bench.fresh():
                # Small ones beside the usual one, so that the producer's funds cover the guarantees of all.
                lots_wh = [LOT_WH, *(SMALL_LOT_WH - i for i in range(count - 1))]
                auction = bench.post_and_quote(bidders, lots_wh)
                yield _point("lots.post", count, auction.posted)
                bench.chain.mine(auction.terms.quote_until)
                yield _point("lots.settle", count, bench.settle(auction))


def _parts(bench: Bench) -> Iterator[Point]:
    lots = bench.suite.lots
    with bench.fresh():
        lot, _ = bench.minted_lot()
        for count in PARTS_OF_A_LOT:
            with bench.fresh():
                part = ENERGY_WH // count
                parts = [part] * (count - 1) + [ENERGY_WH - part * (count - 1)]
                yield _point("lot.split", count, bench.send(lots.split(lot, parts), bench.producer))
                made = [lots.part_id(lot, i) for i in range(count)]
                yield _point("lot.merge", count, bench.send(lots.merge(made), bench.producer))


def _keys(bench: Bench) -> Iterator[Point]:
    with bench.fresh():
        terms = bench.terms(bench.producer)
        bench.market.make_offer(terms).send(bench.producer)
        for hashes in PROOFS:
            with bench.fresh():
                key = bench.one_time_key(terms, hashes)
                yield Point("keys.publish", 2**hashes, 1, bench.seen[-1].gas)
                call = bench.market.accept_offer_privately(terms, key)
                yield _point("keys.accept", 2**hashes, bench.send(call, bench.consumer))


def growth_document(points: Sequence[Point]) -> list[dict[str, Any]]:
    """Return the points as JSON has them."""
    return [{**vars(point), "each": point.each} for point in points]


def out_of_date(points: Sequence[Point], found: Mapping[str, Scenario]) -> list[str]:
    """Return a line for each point whose gas is not that of the scenario that is measured in the same way."""
    lines = []
    for point in points:
        name = ANCHORS.get((point.series, point.count))
        if name is None:
            continue
        now = sum(paid.gas for paid in found[name].paid)
        if point.gas != now:
            lines.append(f"growth of {point.series} at {point.count}: {point.gas} -> {now}")
    return lines
