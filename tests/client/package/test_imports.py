"""The rooms of the package and who may look into which (architecture.md, arrows)."""

import ast
import re
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[3] / "energy_trading"

#: room: rooms it may import. A top-level module is its own room.
ARROWS: dict[str, set[str]] = {"errors": set()}
for room, below in {
    "types": "errors",
    "crypto": "errors types",
    "files": "errors crypto",
    "rules": "errors types crypto",
    "chain": "errors types crypto files",
    "bindings": "errors types crypto files chain",
    "identity": "errors types crypto files rules chain bindings",
    "meter": "errors types crypto files rules chain bindings identity",
    "session": "errors types crypto files identity",
    "market": "errors types crypto files rules chain bindings identity meter session",
    "council": "errors types crypto files rules chain bindings identity meter session market",
    "gateway": "errors types crypto files rules chain bindings identity meter session market council",
}.items():
    ARROWS[room] = set(below.split())
ARROWS["simulation"] = {*ARROWS["council"], "council"}
ARROWS["agent"] = {*ARROWS["simulation"], "simulation"}
ARROWS["bench"] = {*ARROWS["agent"], "agent"}
ARROWS["cli"] = {*ARROWS["bench"], "bench", "gateway"}
ARROWS["__main__"] = {"cli"}
ARROWS["__init__"] = ARROWS["cli"]  # the public list names what the rooms hold

#: half a second or more each: they belong inside the functions that need them
HEAVY = {"demandlib", "dsmr_parser", "matplotlib", "pandas", "pvlib", "solcx", "web3", "eth_tester", "eth"}
#: loaded only when a chain in this process is started
LOADED_LATE = {"chain/_tester.py"}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the full name of every module or attribute that a tree imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def at_start(tree: ast.Module) -> ast.Module:
    """Leave out what does not run when the module is imported."""

    class Strip(ast.NodeTransformer):
        def visit_FunctionDef(self, node: ast.FunctionDef) -> None: ...
        def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None: ...
        def visit_If(self, node: ast.If) -> ast.AST | None:
            return None if ast.unparse(node.test) == "TYPE_CHECKING" else self.generic_visit(node)

    return ast.fix_missing_locations(Strip().visit(tree))


def wrong_arrows(room: str, tree: ast.AST) -> list[str]:
    rooms = (re.match(r"energy_trading\.(\w+)", name) for name in imported(tree))
    return sorted({found[1] for found in rooms if found} - ARROWS[room] - {room})


def heavy(tree: ast.Module) -> list[str]:
    return sorted({name.split(".")[0] for name in imported(at_start(tree))} & HEAVY)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_follow_the_arrows(path: Path) -> None:
    """Each room imports rooms below it only, and starting the package loads nothing heavy."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    room = room_of(path)
    assert room in ARROWS, f"{room}: name the room and its arrows in ARROWS"
    assert wrong_arrows(room, tree) == []
    if path.relative_to(PACKAGE).as_posix() not in LOADED_LATE:
        assert heavy(tree) == []


def test_this_check_can_fail() -> None:
    """An upward import and a heavy one at the top are found, also inside try; lazy ones are left alone."""
    tree = ast.parse(
        "from typing import TYPE_CHECKING\n"
        "from energy_trading.market import offers\n"
        "try:\n    import pandas as pd\nexcept ImportError:\n    pass\n"
        "if TYPE_CHECKING:\n    from web3 import Web3\n"
        "def plot():\n    import matplotlib.pyplot\n    from energy_trading import cli\n"
    )
    assert wrong_arrows("crypto", tree) == ["cli", "market"]
    assert heavy(tree) == ["pandas"]


def test_arrows_have_no_circle() -> None:
    """What a room may import may not import the room."""
    circles = [(low, room) for room, below in ARROWS.items() for low in below if room in ARROWS[low]]
    assert circles == []


def module_graph() -> dict[str, set[str]]:
    """Return which module of the package imports which, wherever in the module the import stands."""
    names = {
        ".".join(("energy_trading", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
            ".__init__"
        ): path
        for path in modules()
    }
    graph = {}
    for name, path in names.items():
        targets = set()
        for target in imported(ast.parse(path.read_text(encoding="utf-8"))):
            home = target if target in names else target.rpartition(".")[0]
            targets.add(home)
        graph[name] = (targets & names.keys()) - {name}
    return graph


def test_modules_have_no_circle() -> None:
    """No chain of imports leads back to where it began, not inside a room either."""
    order = TopologicalSorter(module_graph())
    try:
        order.prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def test_third_parties_at_the_bottom_are_few() -> None:
    """`rules` is integer Python: the standard library, keccak and ABI encoding, nothing else."""
    names = {
        name.split(".")[0]
        for path in (PACKAGE / "rules").rglob("*.py")
        for name in imported(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert names - set(sys.stdlib_module_names) - {"energy_trading", "eth_utils", "eth_abi"} == set()
