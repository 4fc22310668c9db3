"""docs/reproduction.md is what the code writes."""

from pathlib import Path

import pytest

from energy_trading.bench.papers import page
from energy_trading.bench.papers.reproductions import REPRODUCTIONS, reproduce
from energy_trading.chain.compile import ROOT

#: read before any test runs, for a run of `reproduce all` writes it anew
COMMITTED = (ROOT / "docs" / "reproduction.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_page_is_what_the_code_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails when stale: run `make bench`, and say in the commit what changed. A stale page is rewritten."""
    copy = tmp_path / "reproduction.md"
    copy.write_text("stale", encoding="utf-8")
    monkeypatch.setattr(page, "PAGE", copy)
    told: list[str] = []
    file = reproduce("page", tmp_path / "out" / "page", told.append)
    text = file.read_text(encoding="utf-8")
    assert text == COMMITTED
    assert copy.read_text(encoding="utf-8") == text
    names = [name for name in REPRODUCTIONS if name != "page"]
    assert [line.partition(":")[0] for line in told] == names
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == names
    assert {folder.name for folder in (tmp_path / "out").iterdir()} == set(REPRODUCTIONS)


def test_no_page_where_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package has no docs/, and none is made; the folder asked for has the page."""
    monkeypatch.setattr(page, "PAGE", tmp_path / "docs" / "reproduction.md")
    monkeypatch.setattr("energy_trading.bench.papers.reproductions.REPRODUCTIONS", {})
    assert page.reproduce_page(tmp_path / "page", lambda _: None) == tmp_path / "page" / "reproduction.md"
    assert not (tmp_path / "docs").exists()
