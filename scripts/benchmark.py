"""Measure gas: write snapshots/gas.json, the tables of docs/gas.md and figures in all documents, or compare.

python scripts/benchmark.py            measure, write all, print a table
python scripts/benchmark.py --check    measure, print what differs from the files, exit 1 if anything does
python scripts/benchmark.py --explain  measure, print what each scenario pays for
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from energy_trading.bench import gas
from energy_trading.bench.gas_parts import PARTS
from energy_trading.bench.gas_table import compared, comparison, token_code
from energy_trading.chain.compile import ROOT
from energy_trading.errors import EnergyTradingError

SNAPSHOT: Final = ROOT / "snapshots" / "gas.json"
PAGE: Final = ROOT / "docs" / "gas.md"
BEGIN: Final = "<!-- written by scripts/benchmark.py: begin -->\n"
END: Final = "<!-- written by scripts/benchmark.py: end -->\n"
#: Documents whose figures are kept: one right after a scenario's name is its gas.
DOCUMENTS: Final = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
#: `offer.make` (58,345 or `offer.make` | 58,345
FIGURE: Final = re.compile(r"(?P<before>`(?P<name>[a-z0-9_.]+)`\**(?: \(| \| )\**)(?P<gas>\d[\d,]*\d)")


def main(arguments: list[str] | None = None) -> int:
    """Measure, then write, compare or explain; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="compare with the committed files")
    parser.add_argument("--explain", action="store_true", help="print what each scenario pays for")
    options = parser.parse_args(arguments)
    try:
        found = gas.measure(token_code(), lambda line: print(f"gas: {line} ...", file=sys.stderr, flush=True))
    except EnergyTradingError as error:
        print(error, file=sys.stderr)
        return 1
    if options.check:
        return check(found)
    if options.explain:
        print(tables(found), end="")
        return 0
    SNAPSHOT.write_text(snapshot_text(found), encoding="utf-8")
    for page in stale(found):
        page.write_text(page_text(found, page.read_text(encoding="utf-8")), encoding="utf-8")
    console = Console()
    console.print(comparison(found))
    console.print(f"{len(found)} scenarios in {SNAPSHOT.relative_to(ROOT)} and {PAGE.relative_to(ROOT)}")
    return 0


def check(found: Mapping[str, gas.Scenario]) -> int:
    """Print what differs from the committed files; returns 1 if anything does."""
    if not SNAPSHOT.is_file():
        print(f"{SNAPSHOT.name} is missing: run make gas", file=sys.stderr)
        return 1
    lines = differences(json.loads(SNAPSHOT.read_text(encoding="utf-8")), gas.snapshot(found))
    lines = lines or [f"{page.name} differs" for page in stale(found)]
    for line in lines:
        print(line, file=sys.stderr)
    if lines:
        print("run make gas and explain the change in the commit", file=sys.stderr)
    else:
        print(f"gas: {len(found)} scenarios as committed")
    return 1 if lines else 0


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return a line for every name whose value differs between two snapshots."""
    lines = []
    for group in ("compiler", "scenarios"):
        before, after = old.get(group, {}), new[group]
        for name in sorted({*before, *after}):
            if before.get(name) != after.get(name):
                lines.append(f"{name}: {before.get(name, 'none')} -> {after.get(name, 'none')}")
    return lines


def snapshot_text(found: Mapping[str, gas.Scenario]) -> str:
    """Return what snapshots/gas.json holds."""
    return json.dumps(gas.snapshot(found), indent=2, sort_keys=True) + "\n"


def stale(found: Mapping[str, gas.Scenario]) -> list[Path]:
    """Return the documents whose tables or figures are not those measured."""
    words = {page: page.read_text(encoding="utf-8") for page in DOCUMENTS}
    return [page for page, text in words.items() if text != page_text(found, text)]


def page_text(found: Mapping[str, gas.Scenario], words: str) -> str:
    """Return a document with its tables and figures written anew; the words around them stay."""
    head, begin, rest = words.partition(BEGIN)
    if begin:
        words = head + BEGIN + tables(found) + END + rest.split(END)[1]
    return FIGURE.sub(lambda figure: figure["before"] + _figure(found, figure), words)


def _figure(found: Mapping[str, gas.Scenario], figure: re.Match[str]) -> str:
    """Return a scenario's gas as a document writes it; what names no scenario stays."""
    scenario = found.get(figure["name"])
    return figure["gas"] if scenario is None else f"{scenario.gas:,}"


def tables(found: Mapping[str, gas.Scenario]) -> str:
    """Return the tables of docs/gas.md in Markdown."""
    lines = [
        "",
        "| scenario | gas | at most | lower bound | ratio | best peer |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
        *("| " + " | ".join(row) + " |" for row in compared(found)),
        "",
        "| scenario | gas | " + " | ".join(PARTS) + " |",
        "| --- |" + " ---: |" * (1 + len(PARTS)),
    ]
    for name, scenario in found.items():
        parts = scenario.parts
        times = f" × {scenario.share}" if scenario.share > 1 else ""
        cells = [f"`{name}`{times}", f"{sum(parts.values()):,}", *(f"{parts[p]:,}" for p in PARTS)]
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", *(f"- **{name}**: {words}" for name, words in PARTS.items()), ""]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
