"""One vocabulary: what the contracts define is defined once in Python, under Python's names."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import energy_trading.types
from energy_trading.bindings import energy_ledger, energy_lot, offer_market, sealed_bid_auction
from energy_trading.chain import artifacts

PACKAGE = Path(energy_trading.types.__file__).parents[1]
GENERATED = [
    *(PACKAGE / "types" / f"{name}.py" for name in ("ledger", "trade", "auction", "lot")),
    *(Path(module.__file__) for module in (energy_ledger, energy_lot, offer_market, sealed_bid_auction)),
]


def classes(path: Path) -> list[tuple[str, frozenset[str]]]:
    """Every class of a module with its fields or members; a field of two leading underscores is none."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef):
            fields = {n.target.id for n in node.body if isinstance(n, ast.AnnAssign)}
            assigned = [n.targets[0] for n in node.body if isinstance(n, ast.Assign)]
            members = {target.id for target in assigned if isinstance(target, ast.Name)}
            found.append((node.name, frozenset(fields | members) - {"__abi__", "ABI", "TYPE"}))
    return found


def twins(path: Path) -> list[str]:
    """Classes of a module that the generated types have already, by name or by what they hold."""
    own = [entry for module in GENERATED[:4] for entry in classes(module)]
    names = {name for name, _ in own}
    contents = {fields for _, fields in own if len(fields) > 2}
    return [name for name, fields in classes(path) if name in names or fields in contents]


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(PACKAGE.rglob("*.py")) if path not in GENERATED[:4]],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_nothing_of_the_contracts_is_defined_twice(path: Path) -> None:
    """No class has the name or the fields of a struct, an enum or a message of the contracts."""
    assert twins(path) == []


def test_this_check_can_fail(tmp_path: Path) -> None:
    """A second enum of the same name is found, and a record of the same fields under another name."""
    path = tmp_path / "twin.py"
    path.write_text(
        "class TradeState(IntEnum):\n    NONE = 0\n"
        "class Lot:\n    owner: str\n    energy_wh: int\n    slot_start: int\n    nonce: int\n"
        "    state: int\n"
        "class Other:\n    owner: str\n"
    )
    assert twins(path) == ["TradeState", "Lot"]


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: path.name)
def test_docstrings_speak_python(path: Path) -> None:
    """No tag of NatSpec, no reference in braces and no name of the contracts' own fields and functions."""
    names = {
        part.get("name", "")
        for artifact in map(artifacts.load, ("EnergyLedger", "OfferMarket", "SealedBidAuction", "EnergyLot"))
        for entry in artifact.abi
        for part in (entry, *entry.get("inputs", ()), *entry.get("outputs", ()))
        if entry["type"] not in ("error", "event") or part is not entry
    }
    foreign = {name for name in names if re.search("[a-z][A-Z]", name)} - {"transferFrom"}
    assert len(foreign) > 50
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            text = ast.get_docstring(node) or ""
            assert not re.search(r"@\w|\{\w", text), text
            assert not set(re.findall(r"\w+", text)) & foreign, text
