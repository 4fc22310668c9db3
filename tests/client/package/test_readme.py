"""What the documents show runs as shown."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
BLOCK = re.compile(r"^```python[ \t]*(?P<mark>[^\n]*)\n(?P<code>.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
#: ```python no-run shows a fragment; every other block is run.
NO_RUN = "no-run"


def documents() -> list[Path]:
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(text: str) -> Iterator[str]:
    """Yield each block to run, moved to its own line numbers, so that a traceback points into the file."""
    for found in BLOCK.finditer(text):
        if found["mark"].strip() != NO_RUN:
            yield "\n" * text.count("\n", 0, found.start("code")) + found["code"]


def run(text: str, name: str) -> dict[str, object]:
    """Run a document's blocks in order, in one namespace."""
    names: dict[str, object] = {"__name__": "__main__"}
    for code in blocks(text):
        exec(compile(code, name, "exec"), names)
    return names


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_examples_run(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every python block of a document runs, in a folder of its own, after the blocks before it."""
    monkeypatch.chdir(tmp_path)
    run(path.read_text(encoding="utf-8"), os.fspath(path))


def test_gas_of_the_readme_is_that_of_the_snapshot() -> None:
    """Every scenario that the README names has the snapshot's number."""
    rows = re.findall(r"\| `([a-z0-9_.]+)` \| ([0-9,]+) \|", (ROOT / "README.md").read_text(encoding="utf-8"))
    measured = json.loads((ROOT / "snapshots" / "gas.json").read_text(encoding="utf-8"))["scenarios"]
    assert len(rows) >= 10
    assert {name: int(gas.replace(",", "")) for name, gas in rows} == {
        name: measured[name] for name, _ in rows
    }


def test_this_check_can_fail() -> None:
    """Blocks share names, fragments are left out, and an error has the document's line."""
    text = "# A\n\n```python\nx = 1\n```\n\n```python no-run\n...\nx = 9\n```\n\n```python\nx += 1\n```\n"
    assert run(text, "a.md")["x"] == 2
    with pytest.raises(ZeroDivisionError) as caught:
        run(text + "\n```python\n1 / 0\n```\n", "a.md")
    assert (caught.traceback[-1].path, caught.traceback[-1].lineno + 1) == ("a.md", 17)


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    """A relative link names a file that exists."""
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []
