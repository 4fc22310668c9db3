"""The tables and figures of the papers that can be made again, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from energy_trading.errors import BadInput


@dataclass(frozen=True)
class Reproduction:
    """A table or figure.

    Args:
        shows: what it is, and its paper row.
        place: module of this room and function in it, called with the output folder and ``say``.
    """

    shows: str
    place: str


#: One line each.
REPRODUCTIONS: Final = {
    "xia-fig7": Reproduction(
        "Xia Fig. 7, a merchant who cheats from credit 7.5 on, and the credit model (X-1, X-2, X-10)",
        "fig7:reproduce_fig7",
    ),
    "xia-gas": Reproduction(
        "Xia Table 3, Fig. 6 and throughput, gas of an order with 5 to 60 bidders (X-9)",
        "xia_gas:reproduce_xia_gas",
    ),
    "xia-analysis": Reproduction(
        "Xia Figs. 5 and 8, security analysis and call graph (X-11)", "xia_analysis:reproduce_xia_analysis"
    ),
    "nazari": Reproduction(
        "Nazari's five scenarios, balances before and after each, and the comparison with related work (N-7)",
        "nazari:reproduce_nazari",
    ),
    "chen": Reproduction(
        "Chen's protocol from set-up to trace, message by message (C-1 … C-10)", "chen:reproduce_chen"
    ),
    "zaman": Reproduction(
        "Zaman's eqs 1 and 2, and its attacks as probabilities, by calculation (Z-2, Z-6, Z-8)",
        "zaman:reproduce_zaman",
    ),
    "setm": Reproduction(
        "SETM Table 1, its members trading through the real market agent (S-1, S-5, S-6, S-7, S-8)",
        "setm:reproduce_setm",
    ),
    "page": Reproduction(
        "what all of these found beside the papers' claims, which is docs/reproduction.md",
        "page:reproduce_page",
    ),
}

_made: Final[dict[tuple[str, Path], Any]] = {}


def reproduce(name: str, out: Path, say: Callable[[str], None] = print) -> Any:
    """Make a table or figure.

    Args:
        name: one of `REPRODUCTIONS`.
        out: folder for its files.
        say: receives what was found, line by line.

    Returns:
        What its function returns.

    Raises:
        BadInput: there is no reproduction of this name.
    """
    if name not in REPRODUCTIONS:
        raise BadInput(f"there is no reproduction {name!r}; choose one of {', '.join(REPRODUCTIONS)}")
    module, _, function = REPRODUCTIONS[name].place.partition(":")
    result = getattr(import_module(f"energy_trading.bench.papers.{module}"), function)(out, say)
    _made[name, out] = result
    return result


def made(name: str, out: Path) -> Any:
    """Return what a reproduction returned when this process last made it there, or make it now."""
    if (name, out) not in _made:
        reproduce(name, out, lambda _: None)
    return _made[name, out]
