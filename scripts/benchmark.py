"""Measure gas; write both snapshots, parts of docs/gas.md and the figures in other documents, or compare.

python scripts/benchmark.py            measure, write all of it and docs/gas.png, print a table
python scripts/benchmark.py --check    measure the scenarios, print what differs, exit with 1 if anything does
python scripts/benchmark.py --explain  measure the scenarios, print what each pays for
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from energy_trading.bench.gas import growth as gas_growth
from energy_trading.bench.gas import scenarios as gas
from energy_trading.bench.gas import table as gas_table
from energy_trading.bench.gas.growth import Point
from energy_trading.bench.gas.money import Prices
from energy_trading.bench.gas.parts import PARTS
from energy_trading.bench.gas.picture import picture
from energy_trading.chain.artifacts import load_from
from energy_trading.chain.compile import ROOT, TEST_CONTRACTS
from energy_trading.errors import EnergyTradingError

SNAPSHOT: Final = ROOT / "snapshots" / "gas.json"
GROWTH: Final = ROOT / "snapshots" / "growth.json"
PAGE: Final = ROOT / "docs" / "gas.md"
PICTURE: Final = ROOT / "docs" / "gas.png"
TOKEN: Final = ROOT / "energy_trading" / "bench" / "gas" / "permit_token.hex"
#: Documents whose figures are kept current: one right after a scenario's name is its gas.
DOCUMENTS: Final = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
#: `offer.make` (58,345 or `offer.make` | 58,345
FIGURE: Final = re.compile(r"(?P<before>`(?P<name>[a-z0-9_.]+)`\**(?: \(| \| )\**)(?P<gas>\d[\d,]*\d)")
#: Around each part of the page that this script writes.
BEGIN: Final = "<!-- written by scripts/benchmark.py: {} -->\n"
END: Final = "<!-- end of {} -->\n"


def main(arguments: list[str] | None = None) -> int:
    """Measure, then write, compare or explain; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="compare with the committed files")
    parser.add_argument("--explain", action="store_true", help="print what each scenario pays for")
    options = parser.parse_args(arguments)
    try:
        if not (options.check or options.explain):
            TOKEN.write_text(token_text(), encoding="ascii")
        found = gas.measure(say)
        if options.check:
            return check(found)
        if options.explain:
            print("\n".join(split_lines(found)))
            return 0
        points = gas_growth.measure_growth(say)
    except EnergyTradingError as error:
        print(error, file=sys.stderr)
        return 1
    SNAPSHOT.write_text(snapshot_text(found), encoding="utf-8")
    GROWTH.write_text(growth_text(points), encoding="utf-8")
    PAGE.write_text(page_text(found, points, PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    for document in stale(found):
        document.write_text(with_figures(found, document.read_text(encoding="utf-8")), encoding="utf-8")
    PICTURE.write_bytes(picture(found, points, Prices()))
    console = Console()
    console.print(gas_table.comparison(found, Prices()))
    files = ", ".join(str(file.relative_to(ROOT)) for file in (SNAPSHOT, GROWTH, PAGE, PICTURE))
    console.print(f"{len(found)} scenarios and {len(points)} points of growth in {files}")
    return 0


def say(line: str) -> None:
    """Print how far the measurement is."""
    print(f"gas: {line} ...", file=sys.stderr, flush=True)


def check(found: Mapping[str, gas.Scenario]) -> int:
    """Print what differs from the committed files; return 1 if anything does.

    Growth takes a minute, so it is not measured; its points that are measured like a scenario must agree.
    """
    for file in (SNAPSHOT, GROWTH):
        if not file.is_file():
            print(f"{file.name} is missing: run `make gas`", file=sys.stderr)
            return 1
    points = growth_from(GROWTH.read_text(encoding="utf-8"))
    lines = differences(json.loads(SNAPSHOT.read_text(encoding="utf-8")), gas.snapshot(found))
    lines += gas_growth.out_of_date(points, found)
    page = PAGE.read_text(encoding="utf-8")
    if not lines and page != page_text(found, points, page):
        lines = [f"{PAGE.name} differs"]
    lines = lines or [f"{document.name} differs" for document in stale(found)]
    if TOKEN.read_text(encoding="ascii") != token_text():
        lines.append(f"{TOKEN.name} is not what tests/solidity/PermitToken.sol compiles to")
    for line in lines:
        print(line, file=sys.stderr)
    if lines:
        print("run `make gas` and explain the change in the commit", file=sys.stderr)
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


def token_text() -> str:
    """Return what permit_token.hex holds."""
    return load_from(TEST_CONTRACTS.output, "PermitToken").bytecode.hex() + "\n"


def snapshot_text(found: Mapping[str, gas.Scenario]) -> str:
    """Return what snapshots/gas.json holds."""
    return json.dumps(gas.snapshot(found), indent=2, sort_keys=True) + "\n"


def growth_text(points: Sequence[Point]) -> str:
    """Return what snapshots/growth.json holds, a line for each point."""
    lines = ",\n".join("  " + json.dumps(row) for row in gas_growth.growth_document(points))
    return f"[\n{lines}\n]\n"


def growth_from(text: str) -> tuple[Point, ...]:
    """Read what `growth_text` wrote."""
    return tuple(
        Point(row["series"], row["count"], row["transactions"], row["gas"]) for row in json.loads(text)
    )


def page_text(found: Mapping[str, gas.Scenario], points: Sequence[Point], words: str) -> str:
    """Return the page with its generated parts renewed; the text around them stays."""
    compared = [
        ["scenario", "gas", "at most", "lower bound", "ratio", "best peer"],
        *gas_table.compared(found),
    ]
    written = {
        "scenarios": gas_table.markdown(compared, words=(0, 5)),
        "parts": split_lines(found),
        "money": [gas_table.price_line(Prices()), "", *gas_table.markdown(gas_table.priced(found, Prices()))],
        "slots": gas_table.markdown(gas_table.slots_priced(found, Prices())),
        "growth": [
            *gas_table.markdown(gas_table.grown(points)),
            "",
            *(f"- {line}" for line in gas_table.series_lines()),
        ],
        "give up": give_up_lines(found),
    }
    for name, lines in written.items():
        begin, end = BEGIN.format(name), END.format(name)
        head, rest = words.split(begin)
        words = head + begin + "\n" + "\n".join(lines) + "\n\n" + end + rest.split(end)[1]
    return words


def stale(found: Mapping[str, gas.Scenario]) -> list[Path]:
    """Return the documents with a figure that differs from the measured one."""
    words = {document: document.read_text(encoding="utf-8") for document in DOCUMENTS}
    return [document for document, text in words.items() if text != with_figures(found, text)]


def with_figures(found: Mapping[str, gas.Scenario], words: str) -> str:
    """Return a document with the figure after each scenario's name renewed; everything else stays."""

    def written(figure: re.Match[str]) -> str:
        scenario = found.get(figure["name"])
        return figure[0] if scenario is None else f"{figure['before']}{scenario.gas:,}"

    return FIGURE.sub(written, words)


def split_lines(found: Mapping[str, gas.Scenario]) -> list[str]:
    """Return what each scenario pays for, as a table in Markdown and a list of the parts."""
    rows = [["scenario", "gas", *PARTS]]
    for name, scenario in found.items():
        parts = scenario.parts
        times = f" × {scenario.share}" if scenario.share > 1 else ""
        rows.append([f"`{name}`{times}", f"{sum(parts.values()):,}", *(f"{parts[p]:,}" for p in PARTS)])
    return [*gas_table.markdown(rows), "", *(f"- **{name}**: {words}" for name, words in PARTS.items())]


def give_up_lines(found: Mapping[str, gas.Scenario]) -> list[str]:
    """Return what a withdrawal costs beyond one that changes nobody's money but the seller's."""
    late, now = found["offer.give_up_late"], found["offer.give_up"]
    more = {part: gas - late.parts[part] for part, gas in now.parts.items()}
    rows = [["what", "gas"], ["`offer.give_up_late`", f"{late.gas:,}"]]
    rows += [[f"{part} more", f"{gas:,}"] for part, gas in more.items() if gas]
    return gas_table.markdown([*rows, ["**`offer.give_up`**", f"{now.gas:,}"]])


if __name__ == "__main__":
    sys.exit(main())
