"""Nothing of the ledger's ABI is left without a test in this folder and meter_registry/."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from energy_trading.bindings import energy_ledger
from energy_trading.bindings.contract import ContractRevert, Event
from energy_trading.chain.artifacts import load

HERE = Path(__file__).parent
FOLDERS = (HERE, HERE.parent / "meter_registry")


def snake(name: str) -> str:
    if name.isupper():
        return name.lower()
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def used() -> set[str]:
    """Names that the tests really use: attributes and names of the syntax tree, without imports and texts."""
    found = set()
    for folder in FOLDERS:
        for path in folder.glob("test_*.py"):
            if path != Path(__file__):
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                    if isinstance(node, ast.Attribute):
                        found.add(node.attr)
                    elif isinstance(node, ast.Name):
                        found.add(node.id)
    return found


def abi(kind: str) -> set[str]:
    return {item["name"] for item in load("EnergyLedger").abi if item["type"] == kind}


def python_names(base: type, names: set[str]) -> dict[str, str]:
    """Solidity name to the class of the bindings."""
    known = {
        value.signature.partition("(")[0]: value.__name__
        for value in vars(energy_ledger).values()
        if isinstance(value, type) and issubclass(value, base) and value is not base
    }
    return {name: known[name] for name in names if name in known}


def test_every_function_is_tested() -> None:
    """Each external function of the ABI is called by a test."""
    assert {name for name in abi("function") if snake(name) not in used()} == set()


def test_every_error_is_tested() -> None:
    """Each error of the ABI is expected by a test, with its fields."""
    names = python_names(ContractRevert, abi("error"))
    assert set(names) == abi("error")
    assert {name for name, python in names.items() if python not in used()} == set()


def test_every_event_is_tested() -> None:
    """Each event of the ABI is expected by a test, with its fields."""
    names = python_names(Event, abi("event"))
    assert set(names) == abi("event")
    assert {name for name, python in names.items() if python not in used()} == set()


def test_this_check_can_fail() -> None:
    """The names are found in code only: neither an import nor a docstring counts as a test."""
    assert "refused" in used()
    assert "no_such_function" not in used()
    assert "annotations" not in used()  # imported in every file, used in none
    assert snake("depositWithPermit") == "deposit_with_permit"
    assert len(abi("function")) > 25
    assert len(abi("error")) > 25
