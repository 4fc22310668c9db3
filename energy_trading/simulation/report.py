"""The files that a day leaves behind: trades.csv, accounts.csv, events.jsonl and report.html."""

from __future__ import annotations

import html
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Final

from energy_trading.files._json import to_hex
from energy_trading.market.log.event_json import event_to_json, named
from energy_trading.simulation._outputs import csv_text, write_all
from energy_trading.simulation.neighbourhood import FEED_IN_CT, FUNDS, RETAIL_CT
from energy_trading.simulation.people import EURO
from energy_trading.simulation.trading_day import DayResult, TradeRow, money_is_conserved

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SOLD: Final = ("delivered", "short")
_TRADE_COLUMNS: Final = [
    "slot_start",
    "trade_id",
    "seller",
    "buyer",
    "mode",
    "energy_wh",
    "price_units",
    "price_ct_per_kwh",
    "ending",
    "delivered_wh",
    "paid_units",
    "cut_units",
]
_ACCOUNT_COLUMNS: Final = [
    "home",
    "account",
    "load_wh",
    "pv_wh",
    "sold_wh",
    "bought_wh",
    "available_units",
    "gain_units",
    "seller_credit_e9",
    "buyer_credit_e9",
    "defaults",
    "banned_until",
    "suspended",
]
_STYLE: Final = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:1rem 0}td,th{padding:.2rem .8rem;border-bottom:1px solid #ddd}
td:not(:first-child),th:not(:first-child){text-align:right}li{margin:.3rem 0}svg{max-width:100%;height:auto}
"""


def write_report(result: DayResult, out: Path) -> list[Path]:
    """Write the four files of a day; those of an earlier run in the folder are replaced.

    Returns:
        The files.

    Raises:
        BadInput: the folder cannot be written.
    """
    writers: dict[str, Callable[[DayResult], str]] = {
        "trades.csv": _trades_csv,
        "accounts.csv": _accounts_csv,
        "events.jsonl": lambda result: "".join(
            json.dumps(event_to_json(event, named)) + "\n" for event in result.events
        ),
        "report.html": _report_html,
    }
    return write_all(out, {name: writer(result) for name, writer in writers.items()})


def _trades_csv(result: DayResult) -> str:
    rows = (
        (_iso(row.slot_start), to_hex(row.trade_id), *list(vars(row).values())[2:]) for row in result.trades
    )
    return csv_text([_TRADE_COLUMNS, *rows])


def _accounts_csv(result: DayResult) -> str:
    def rows() -> Iterator[Sequence[object]]:
        for home in result.there.homes:
            a = result.accounts[home.name]
            yield (
                home.name,
                home.trader.address,
                sum(home.profile.load_wh),
                sum(home.profile.pv_wh),
                _sold_wh(result, "seller", home.name),
                _sold_wh(result, "buyer", home.name),
                a.available,
                a.available - FUNDS,
                a.seller_credit_e9,
                a.buyer_credit_e9,
                a.defaults,
                _iso(a.banned_until) if a.banned_until else "",
                a.suspended,
            )

    return csv_text([_ACCOUNT_COLUMNS, *rows()])


def _report_html(result: DayResult) -> str:
    homes = result.there.homes
    first = datetime.fromtimestamp(result.slots[0].start, UTC)
    sold = [row for row in result.trades if row.ending in _SOLD]
    bought = sum(row.paid for row in sold)
    facts = [
        ("homes", str(len(homes))),
        ("used", _kwh(sum(slot.load_wh for slot in result.slots))),
        ("produced", _kwh(sum(slot.pv_wh for slot in result.slots))),
        ("reached a neighbour", _kwh(result.traded_wh)),
        ("trades delivered", f"{len(sold)} of {sum(1 for row in result.trades if row.buyer)} accepted"),
        ("ended on testimony alone", str(sum(row.ending == "unanswered" for row in result.trades))),
        ("paid for energy", f"{bought / EURO:.4f} €"),
        ("mean price", f"{_mean_price(sold):.1f} ct/kWh" if sold else "no trade"),
        ("treasury (fees and fines)", f"{result.treasury / EURO:.4f} €"),
        ("money is conserved, nothing is held", "yes" if money_is_conserved(result) else "NO"),
    ]
    pictures = [
        ("Energy per slot", _picture(lambda ax: _draw_energy(ax, result))),
        ("Price per slot", _picture(lambda ax: _draw_price(ax, result))),
        ("Money per home", _picture(lambda ax: _draw_money(ax, result))),
        ("Gas per operation", _picture(lambda ax: _draw_gas(ax, result))),
    ]
    gas = sorted(result.there.gas.items())
    return "\n".join(
        [
            "<!doctype html><html lang=en><meta charset=utf-8>",
            f"<title>Trading day {first:%Y-%m-%d} (UTC)</title><style>{_STYLE}</style>",
            f"<h1>Trading day {first:%Y-%m-%d} (UTC) of {len(homes)} homes</h1>",
            _table(["", ""], facts),
            *(f"<h2>{title}</h2>{svg}" for title, svg in pictures),
            "<h2>What happened</h2><ul>",
            *(f"<li>{html.escape(line)}</li>" for line in result.story),
            "</ul>",
            "<h2>Homes</h2>",
            _table(
                ["home", "used", "produced", "sold", "bought", "gain", "seller credit", "buyer credit"],
                [
                    (
                        home.name,
                        _kwh(sum(home.profile.load_wh)),
                        _kwh(sum(home.profile.pv_wh)),
                        _kwh(_sold_wh(result, "seller", home.name)),
                        _kwh(_sold_wh(result, "buyer", home.name)),
                        f"{(result.accounts[home.name].available - FUNDS) / EURO:+.4f} €",
                        f"{result.accounts[home.name].seller_credit_e9 / 1e9:.3f}",
                        f"{result.accounts[home.name].buyer_credit_e9 / 1e9:.3f}",
                    )
                    for home in homes
                ],
            ),
            "<h2>Gas</h2>",
            _table(
                ["operation", "times", "mean gas", "least", "most"],
                [
                    (verb, str(len(used)), f"{mean(used):,.0f}", f"{min(used):,}", f"{max(used):,}")
                    for verb, used in gas
                ],
            ),
            "</html>\n",
        ]
    )


def _picture(draw: Callable[[Axes], None]) -> str:
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.4), layout="constrained")
    FigureCanvasSVG(figure)
    draw(figure.add_subplot())
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    svg = text.getvalue()
    return svg[svg.index("<svg") :]


def _draw_energy(axes: Axes, result: DayResult) -> None:
    hours = [(slot.start - result.slots[0].start) / 3600 for slot in result.slots]
    axes.step(hours, [s.surplus_wh for s in result.slots], where="post", label="surplus", color="tab:orange")
    axes.step(hours, [s.deficit_wh for s in result.slots], where="post", label="deficit", color="tab:gray")
    axes.step(hours, [s.offered_wh for s in result.slots], where="post", label="offered", color="tab:blue")
    axes.fill_between(
        hours, [s.traded_wh for s in result.slots], step="post", label="sold and bought", color="tab:green"
    )
    axes.set_yscale("symlog", linthresh=100)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("Wh per slot")
    _by_hour(axes)


def _draw_price(axes: Axes, result: DayResult) -> None:
    start = result.slots[0].start
    for ending, colour, size in (("unsold", "lightgray", 8), ("sold", "tab:green", 18)):
        rows = [r for r in result.trades if (r.ending in _SOLD) == (ending == "sold")]
        hours = [(row.slot_start - start) / 3600 for row in rows]
        axes.scatter(hours, [row.price_ct for row in rows], s=size, color=colour, label=ending)
    axes.axhline(FEED_IN_CT, color="tab:gray", linestyle=":", label="feed-in tariff")
    axes.axhline(RETAIL_CT, color="tab:gray", linestyle="--", label="retail price")
    axes.set_ylabel("ct/kWh")
    _by_hour(axes)


def _draw_money(axes: Axes, result: DayResult) -> None:
    names = [home.name for home in result.there.homes]
    gains = [(result.accounts[name].available - FUNDS) * 100 / EURO for name in names]
    axes.bar(names, gains, color=["tab:green" if gain >= 0 else "tab:red" for gain in gains])
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_ylabel("gain, ct")
    axes.tick_params(axis="x", rotation=30 if len(names) > 6 else 0)


def _draw_gas(axes: Axes, result: DayResult) -> None:
    gas = sorted(((mean(used), verb) for verb, used in result.there.gas.items()))
    bars = axes.barh([verb for _, verb in gas], [used for used, _ in gas], color="tab:blue")
    axes.bar_label(bars, labels=[f"{used:,.0f}" for used, _ in gas], padding=3)
    axes.margins(x=0.12)
    axes.set_xlabel("mean gas per transaction, or per receipt in a batch")


def _by_hour(axes: Axes) -> None:
    axes.set_xlabel("hour of the day, UTC")
    axes.set_xlim(0, 24)
    axes.set_xticks(range(0, 25, 3))
    axes.legend(loc="upper left", fontsize="small")
    axes.grid(alpha=0.3)


def _mean_price(sold: Sequence[TradeRow]) -> float:
    return sum(row.price_ct * row.delivered_wh for row in sold) / sum(row.delivered_wh for row in sold)


def _sold_wh(result: DayResult, side: str, name: str) -> int:
    return sum(r.delivered_wh for r in result.trades if r.ending in _SOLD and getattr(r, side) == name)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    def line(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    top = line(head, "th") if any(head) else ""
    return "<table>" + top + "".join(line(row, "td") for row in rows) + "</table>"


def _iso(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat().replace("+00:00", "Z")


def _kwh(wh: int) -> str:
    return f"{wh / 1000:,.3f} kWh"
