"""These tests leave nothing of the desk out."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from energy_trading.chain import artifacts
from tests.contracts.energy_ledger.test_ledger_coverage import snake
from tests.contracts.offer_market.test_completeness import _facts, _refusals

HERE = Path(__file__).parent
#: errors of other contracts that the desk forwards or shares, which their own tests see
SHARED = {"MARKET", "eip712Domain"}


def _names(kind: str) -> set[str]:
    names = {entry["name"] for entry in artifacts.load("RelayDesk").abi if entry["type"] == kind} - SHARED
    if kind == "function":
        return {snake(name) for name in names}
    return {name.partition("_")[2] or name for name in names}


def _desk_calls(tree: ast.AST) -> set[str]:
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize("kind", ["function", "error", "event"])
def test_nothing_of_the_desk_is_untested(kind: str) -> None:
    """Every function, error and event of the artifact's ABI is in these files (X-11)."""
    finder = {"function": _desk_calls, "error": _refusals, "event": _facts}[kind]
    found: set[str] = set()
    for path in HERE.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found |= finder(tree)
        if kind == "error":
            found |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    assert len(_names(kind)) >= 2
    assert _names(kind) - found == set()
