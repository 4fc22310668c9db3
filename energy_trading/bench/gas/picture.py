"""Gas in one picture: what each scenario pays for, with bounds and peers; a trade in money; how gas grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from energy_trading.bench.gas.growth import PARTS_OF_A_LOT, Point
from energy_trading.bench.gas.money import CHAINS, Prices, cents, per_kwh_e9, trades
from energy_trading.bench.gas.scenarios import TARGETS, Scenario
from energy_trading.simulation._outputs import png

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: parts and colour by label (Okabe and Ito's colours, which colour-blind readers can tell apart)
_BANDS: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "intrinsic": (("intrinsic",), "#bbbbbb"),
    "calldata": (("calldata",), "#56B4E9"),
    "storage reached": (("slots",), "#0072B2"),
    "storage changed, less refunds": (("writes", "refunds"), "#E69F00"),
    "events": (("logs",), "#009E73"),
    "other addresses": (("calls",), "#F0E442"),
    "precompiles": (("precompiles",), "#CC79A7"),
    "everything else": (("code", "rest"), "#D55E00"),
}
_FIRST: Final = ("o-", "#0072B2")
_SECOND: Final = ("s--", "#D55E00")
#: title, what is counted, label by series, scale of the counts if it is not logarithmic
_PANELS: Final[Sequence[tuple[Any, ...]]] = (
    ("Receipts share a transaction", "receipts in one transaction", {"receipts": "a receipt"}),
    (
        "An auction",
        "bidders, or quotes",
        {"auction": "everything, per bidder", "settlement": "settlement, per quote"},
    ),
    (
        "An auction of several lots",
        "lots",
        {"lots.post": "post the order", "lots.settle": "settle it, with 40 quotes"},
        "linear",
    ),
    (
        "Parts of a lot of energy",
        "parts, or lots",
        {"lot.split": "split into them, per part", "lot.merge": "merge them, per lot"},
    ),
    (
        "One-time meter keys",
        "keys under one root",
        {"keys.accept": "accept with one of them", "keys.publish": "publish the root, per key"},
    ),
)


def picture(found: Mapping[str, Scenario], points: Sequence[Point], prices: Prices) -> bytes:
    """Draw bars of parts for every scenario with a budget, trades in money and, if measured, growth.

    Returns:
        A PNG.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 13.5 if points else 9.2), layout="constrained", facecolor="white")
    grid = figure.add_gridspec(
        *((3, 3) if points else (2, 1)), height_ratios=(2.1, 1, 1) if points else (2.1, 1)
    )
    _bars(figure.add_subplot(grid[0, :]), found)
    _money(figure.add_subplot(grid[-1, -1]), found, prices)
    for place, panel in enumerate(_PANELS if points else ()):
        _panel(figure.add_subplot(grid[1 + place // 3, place % 3]), points, *panel)
    return png(figure, dpi=110)


def _bars(axes: Axes, found: Mapping[str, Scenario]) -> None:
    names = list(TARGETS)
    labels = [f"{name}  {found[name].gas:>7,}" for name in names]
    left = [0.0] * len(names)
    for label, (parts, colour) in _BANDS.items():
        # For the drawing only: the part of one share.
        wide = [sum(found[n].parts[p] for p in parts) / found[n].share for n in names]
        axes.barh(labels, wide, left=left, label=label, color=colour, edgecolor="white", linewidth=0.5)
        left = [start + width for start, width in zip(left, wide, strict=True)]
    places = {name: place for place, name in enumerate(names)}
    limit = 1.06 * max(found[name].gas for name in names)
    bounds = [(t.lower_bound, places[n]) for n, t in TARGETS.items() if t.lower_bound]
    budgets = [(t.at_most, places[n]) for n, t in TARGETS.items()]
    peers = [(gas, places[n]) for n, t in TARGETS.items() for gas, _ in t.peers if gas < limit]

    def mark(at: Sequence[tuple[int, int]], label: str, shape: str, size: int, fill: str) -> None:
        gas, place = zip(*at, strict=True)
        axes.plot(
            gas,
            place,
            shape,
            markersize=size,
            markerfacecolor=fill,
            markeredgecolor="black",
            markeredgewidth=2,
            label=label,
        )

    mark(bounds, "lower bound", "|", 18, "black")
    mark(budgets, "our budget", "4", 11, "black")
    mark(peers, "another project's contract", "D", 6, "white")
    axes.invert_yaxis()
    axes.set_xlim(0, limit)
    _plain(axes, "What each scenario pays for: gas; that of one, where many share a transaction")
    axes.grid(axis="x", color="#dddddd")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.06), fontsize=9, ncols=4, frameon=False)


def _money(axes: Axes, found: Mapping[str, Scenario], prices: Prices) -> None:
    ways = trades(found)
    for i, (chain, (_, colour)) in enumerate(zip(CHAINS, (_SECOND, _FIRST), strict=True)):
        costs = [per_kwh_e9(way.cost_e9(prices, chain), way.energy_wh) for way in ways]
        places = [place + 0.4 * i - 0.2 for place in range(len(ways))]
        # For the drawing only: hundredths of the currency.
        bars = axes.barh(places, [cost / 10**7 for cost in costs], 0.38, color=colour, label=chain)
        axes.bar_label(bars, [cents(cost) for cost in costs], fontsize=7, padding=2)
    axes.set_yticks(range(len(ways)), [way.name.replace(", ", ",\n") for way in ways], fontsize=8)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.margins(x=0.25)
    axes.set_xlabel(f"hundredths of {prices.currency} for a kWh")
    _plain(axes, "A trade in money")
    axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2, frameon=False)


def _panel(
    axes: Axes,
    points: Sequence[Point],
    title: str,
    counted: str,
    curves: Mapping[str, str],
    scale: str = "log",
) -> None:
    for (series, label), (style, colour) in zip(curves.items(), (_FIRST, _SECOND), strict=False):
        chosen = [point for point in points if point.series == series]
        axes.plot([p.count for p in chosen], [p.each for p in chosen], style, color=colour, label=label)
    axes.set_xscale(scale)
    axes.minorticks_off()
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_ylim(bottom=0)
    if "lot.split" in curves:
        axes.set_xticks(PARTS_OF_A_LOT)
    axes.set_xlabel(counted)
    axes.set_ylabel("gas")
    axes.grid(color="#dddddd")
    axes.legend(fontsize=8, loc="upper right" if "auction" in curves else "best")
    _plain(axes, title)


def _plain(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
