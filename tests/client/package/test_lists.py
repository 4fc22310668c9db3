"""The lists in README, documents, Makefile and site agree with what exists."""

import re
from pathlib import Path

import pytest

from tests.client.package.test_imports import ARROWS
from tests.client.package.test_public_names import homes

ROOT = Path(__file__).resolve().parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SITE = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")


def folders(path: Path) -> set[str]:
    """Return the names of the folders in a folder, without caches and what is made."""
    return {each.name for each in path.iterdir() if each.is_dir() and not each.name.startswith((".", "_"))}


def rooms_of_the_readme() -> list[str]:
    (tree,) = re.findall(r"^energy_trading/ .*\n((?:  \S.*\n)+)", README, re.MULTILINE)
    return [
        name.removesuffix("/").removesuffix(".py") for name in re.findall(r"^  (\S+)", tree, re.MULTILINE)
    ]


def test_tree_of_the_readme_has_every_room_in_order() -> None:
    """A room stands below all rooms that it imports."""
    rooms = rooms_of_the_readme()
    there = {room for room in folders(ROOT / "energy_trading") if room != "artifacts"} | {"errors"}
    assert set(rooms) == there
    for i, room in enumerate(rooms):
        assert ARROWS[room] <= set(rooms[:i]), room


def test_tree_of_the_readme_has_every_folder() -> None:
    """The top level, the contracts' folders and the tests' folders are named."""
    for name in ("contracts", "energy_trading", "scripts", "tests", "snapshots", "docs"):
        assert re.search(rf"^{name}/ ", README, re.MULTILINE), name
    for folder in ("contracts", "tests"):
        assert [name for name in folders(ROOT / folder) if f"{name}/" not in README] == []


def test_architecture_has_every_room() -> None:
    """The table of rooms names each, `market` and `bench` by their folders."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = {name.split("/")[0] for name in re.findall(r"^\| `([\w/]+?)/?` \|", page, re.MULTILINE)}
    assert set(rooms_of_the_readme()) <= named
    for room in ("market", "bench"):
        for folder in folders(ROOT / "energy_trading" / room):
            assert f"| `{room}/{folder}/` |" in page


def test_architecture_has_every_arrow() -> None:
    """The table of imports is the one that `test_imports.py` checks the code against."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` imports \| (.*) \|$", page, re.MULTILINE)
    shown = {room: set(re.findall(r"`(\w+)`", imports)) for room, imports in rows}
    assert {"errors": set(), **shown} == {
        room: low for room, low in ARROWS.items() if not room.startswith("__")
    }


def test_contributing_has_every_script_and_test_folder() -> None:
    """Whoever adds a script or a folder of tests names it."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    own = {path.name for path in (ROOT / "scripts").glob("*.py")} - {
        "contract_pages.py"
    }  # a part of build_docs
    assert [name for name in own if f"`{name}`" not in page] == []
    assert [name for name in folders(ROOT / "tests") if f"`tests/{name}/`" not in page] == []


def test_make_help_lists_every_target() -> None:
    """Each target that is no file has a line of help, except `compile`, which every target needs."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    helped = re.findall(r"^([a-z-]+):[^#\n]*## .+$", text, re.MULTILINE)
    assert sorted([*helped, "compile"]) == sorted(phony.split())


def test_every_page_is_in_the_site_and_the_index() -> None:
    """A page that nobody links to is not read."""
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    for page in sorted((ROOT / "docs").glob("*.md")):
        assert re.search(rf": {page.name}$", SITE, re.MULTILINE), page.name
        assert page.name == "index.md" or f"({page.name})" in index, page.name


def test_site_has_a_page_for_every_public_room() -> None:
    """`scripts/build_docs.py` makes one page for each room with public names."""
    shown = re.findall(r": reference/python/(\w+)\.md$", SITE, re.MULTILINE)
    assert shown == sorted({home.split(".")[1] for home in homes().values()})


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CONTRACTS = "energy_ledger|energy_lot|offer_market|sealed_bid_auction"
ALLOWED = rf"from energy_trading(\.bindings\.({CONTRACTS}))? import .*"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_need_public_names_only(page: Path) -> None:
    """An example imports from `energy_trading` itself, or a contract's own errors and events."""
    text = page.read_text(encoding="utf-8")
    imports = re.findall(r"^(?:from|import) energy_trading.*$", text, re.MULTILINE)
    assert [line for line in imports if not re.fullmatch(ALLOWED, line)] == []
    assert imports or page.name != "README.md"
