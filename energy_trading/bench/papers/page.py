"""One page of all that the reproductions found, beside what the papers claim."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from energy_trading.bench.papers import reproductions
from energy_trading.bench.papers.findings import Findings
from energy_trading.chain.compile import ROOT
from energy_trading.simulation._outputs import write_all

#: the committed page; kept current where it exists, which is in a checkout only
PAGE: Final = ROOT / "docs" / "reproduction.md"
_HEAD: Final = """\
# Reproduction

What the papers claim, and what results when their experiments and protocols run on this project's
contracts. `energy-trading reproduce all --out DIR` writes the whole page and leaves figures and tables in
DIR; `tests/client/bench/test_reproduce_page.py` fails when the page is stale. The rows are those of
[papers.md](papers.md), which also states what is not built yet.

A verdict is *same* where a run measured what the paper claims, *different* where it did not, with the reason
beside it, and *cannot be compared* where the paper (or our copy of it) lacks the numbers or leaves open what
they count. The page holds no key, address or time, so every run writes the same one.
"""


def reproduce_page(out: Path, say: Callable[[str], None] = print) -> Path:
    """Write the page from all other reproductions, which are run unless this process has run them already.

    Args:
        out: folder for reproduction.md; the folders of the others are beside it.
        say: receives how many claims have each verdict, by reproduction.

    Returns:
        The file.
    """
    sections = [_HEAD]
    for name, reproduction in reproductions.REPRODUCTIONS.items():
        if name == "page":
            continue
        found: Findings = reproductions.made(name, out.parent / name).findings
        say(f"{name}: {found.count()}")
        sections.append(found.section(name, reproduction.shows))
    text = "\n".join(sections)
    (file,) = write_all(out, {PAGE.name: text})
    if PAGE.exists():
        PAGE.write_text(text, encoding="utf-8")
    return file
