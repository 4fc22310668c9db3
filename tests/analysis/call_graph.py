"""Draw which function of the contracts calls which: an SVG in columns, callers on the left.

python call_graph.py <report of contract_facts.py> <SVG to write>
"""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

#: kind → fill, and the text of the legend
KINDS: Final = {
    "money": ("#f6c6b6", "moves money"),
    "writes": ("#f8e6a0", "writes storage"),
    "view": ("#d3e4f5", "changes no storage"),
    "library": ("#e4e4e4", "library"),
}
LIBRARIES: Final = "libraries"
ROW: Final = 23
BOX: Final = 17
GAP: Final = 46
TOP: Final = 78
LETTER: Final = 6.1  # width of a letter in the font below

Node = Mapping[str, Any]
Edges = Collection[Sequence[str]]


def kinds(nodes: Mapping[str, Node], edges: Edges) -> dict[str, str]:
    """Find out what a call of each node can do at most, itself or through the nodes that it calls.

    Args:
        nodes: name → contract (empty for a library), entry, writes, money.
        edges: caller and called.

    Returns:
        Name → one of `KINDS`.
    """

    def reaches(fact: str) -> set[str]:
        found = {name for name, node in nodes.items() if node[fact]}
        while more := {caller for caller, called in edges if called in found} - found:
            found |= more
        return found

    money, writes = reaches("money"), reaches("writes")
    return {
        name: "library"
        if not node["contract"]
        else "money"
        if name in money
        else "writes"
        if name in writes
        else "view"
        for name, node in nodes.items()
    }


def columns(nodes: Mapping[str, Node], edges: Edges) -> list[tuple[str, list[str]]]:
    """Arrange the nodes: contracts in the order of their calls, within each by depth, libraries last.

    Returns:
        Columns from left to right: contract, names from top to bottom.
    """
    home = {name: node["contract"] or LIBRARIES for name, node in nodes.items()}
    across = {(home[a], home[b]) for a, b in edges if home[a] != home[b]}
    depth = _depths(nodes, [(a, b) for a, b in edges if home[a] == home[b]])
    height: dict[str, float] = {}
    arranged = []
    contract_depth = _depths(set(home.values()), across)
    for contract in sorted(contract_depth, key=lambda c: (c == LIBRARIES, contract_depth[c], c)):
        members = [name for name in nodes if home[name] == contract]
        for level in sorted({depth[name] for name in members}):
            callers = {
                name: [height[a] for a, b in edges if b == name and a in height]
                for name in members
                if depth[name] == level
            }
            column = sorted(
                callers,
                key=lambda n: (sum(callers[n]) / len(callers[n]) if level and callers[n] else 0, n),
            )
            height.update({name: float(row) for row, name in enumerate(column)})
            arranged.append((contract, column))
    return arranged


def _depths(names: Collection[str], edges: Edges) -> dict[str, int]:
    """Return the longest path to each name; a circle ends where the path would be longer than all names."""
    depth = dict.fromkeys(names, 0)
    for _ in names:
        for caller, called in edges:
            if depth[called] <= depth[caller] < len(names):
                depth[called] = depth[caller] + 1
    return depth


def draw(nodes: Mapping[str, Node], edges: Edges) -> str:
    """Draw the graph.

    Args:
        nodes: name → contract (empty for a library), entry, writes, money.
        edges: caller and called.

    Returns:
        The SVG; equal for equal input.
    """
    kind = kinds(nodes, edges)
    arranged = columns(nodes, edges)
    place: dict[str, tuple[float, float, float]] = {}
    boxes: list[str] = []
    titles: dict[str, tuple[float, float]] = {}
    x = 20.0
    for contract, column in arranged:
        width = max(len(name.rpartition(".")[2]) for name in column) * LETTER + 14
        titles[contract] = (titles.get(contract, (x, x))[0], x + width)
        for row, name in enumerate(column):
            place[name] = (x, TOP + row * ROW, width)
        x += width + GAP
    wide = x - GAP + 20
    high = TOP + max(len(column) for _, column in arranged) * ROW + 10
    for name, (left, top, width) in place.items():
        stroke = ("#333", 1.4) if nodes[name]["entry"] else ("#999", 0.6)
        boxes.append(
            f'<g><title>{escape(name)}: {KINDS[kind[name]][1]}</title><rect x="{left:.0f}" y="{top}"'
            f' width="{width:.0f}" height="{BOX}" rx="3" fill="{KINDS[kind[name]][0]}" stroke="{stroke[0]}"'
            f' stroke-width="{stroke[1]}"/><text x="{left + 7:.0f}" y="{top + 12.5}">'
            f"{escape(name.rpartition('.')[2])}</text></g>"
        )
    lines = []
    for caller, called in sorted(map(tuple, edges)):
        (left, top, width), (to, end, _) = place[caller], place[called]
        start, y1, y2 = left + width, top + BOX / 2, end + BOX / 2
        bend = max((to - start) / 2, 24)
        colour = "#c0452b" if kind[caller] == "money" and kind[called] == "money" else "#8a8a8a"
        lines.append(
            f'<path d="M{start:.0f} {y1}C{start + bend:.0f} {y1} {to - bend:.0f} {y2} {to:.0f} {y2}"'
            f' stroke="{colour}"><title>{escape(caller)} → {escape(called)}</title></path>'
        )
    heads = [
        f'<text x="{left:.0f}" y="62" font-weight="bold" font-size="13">{escape(contract)}</text>'
        f'<path d="M{left:.0f} 68H{right:.0f}" stroke="#333"/>'
        for contract, (left, right) in titles.items()
    ]
    legend = []
    for number, (fill, words) in enumerate(KINDS.values()):
        at = 20 + 145 * number
        legend.append(
            f'<rect x="{at}" y="16" width="14" height="14" rx="3" fill="{fill}" stroke="#999"/>'
            f'<text x="{at + 20}" y="27">{words}</text>'
        )
    legend.append(
        '<rect x="600" y="16" width="14" height="14" rx="3" fill="none" stroke="#333" stroke-width="1.4"/>'
        '<text x="620" y="27">external or public</text>'
        '<path d="M770 23H796" stroke="#c0452b"/><text x="802" y="27">the way of money</text>'
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {high}" width="{wide:.0f}"'
            f' height="{high}" font-family="DejaVu Sans Mono, Menlo, monospace" font-size="10">',
            "<title>Call graph of the contracts</title>",
            '<rect width="100%" height="100%" fill="#fff"/>',
            *legend,
            '<g fill="none" stroke-width="0.8" opacity="0.6">',
            *lines,
            "</g>",
            *heads,
            *boxes,
            "</svg>\n",
        ]
    )


def main(report: str, picture: str) -> None:
    """Write the picture if it differs from before."""
    graph = json.loads(Path(report).read_text(encoding="utf-8"))["graph"]
    drawn = draw(graph["nodes"], graph["edges"])
    path = Path(picture)
    changed = not path.is_file() or path.read_text(encoding="utf-8") != drawn
    if changed:
        path.write_text(drawn, encoding="utf-8")
    print(f"    {len(graph['nodes'])} functions and libraries, {'drawn anew' if changed else 'unchanged'}")


if __name__ == "__main__":
    main(*sys.argv[1:])
