"""These tests leave nothing of the auction out: each function is sent, each error and event is compared."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from energy_trading.chain import artifacts

HERE = Path(__file__).parent
#: Python names of errors whose contract is not the auction.
FOREIGN = {"Range_Outside": "Outside", "SignerLib_VerifierStarved": "VerifierStarved"}


def _called(tree: ast.AST) -> set[str]:
    """Methods of something named auction: `world.suite.auction.x(…)`, also where it is kept for later."""
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and "auction" in (getattr(node.value, "attr", None), getattr(node.value, "id", None))
    }


def _refusals(tree: ast.AST) -> set[str]:
    """Exceptions whose fields are compared: in `refused(…, Error, …)` and `isinstance(error, Error)`."""
    return {
        argument.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) in ("refused", "isinstance")
        for argument in node.args
        if isinstance(argument, ast.Name)
    }


def _facts(tree: ast.AST) -> set[str]:
    """Events compared with all their fields: tuples `(Event, field, …)`."""
    return {
        node.elts[0].id
        for node in ast.walk(tree)
        if isinstance(node, ast.Tuple) and node.elts and isinstance(node.elts[0], ast.Name)
    }


def _wanted(kind: str) -> set[str]:
    names = {entry["name"] for entry in artifacts.load("SealedBidAuction").abi if entry["type"] == kind}
    if kind == "function":
        return {re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower() for name in names}
    return {FOREIGN.get(name, name.removeprefix("SealedBidAuction_")) for name in names}


FINDERS = {"function": _called, "error": _refusals, "event": _facts}


@pytest.mark.parametrize("kind", FINDERS)
def test_nothing_in_the_interface_is_untested(kind: str) -> None:
    """Every function, error and event of the artifact's ABI is in these files (X-11)."""
    found: set[str] = set()
    for path in HERE.glob("*.py"):
        found |= FINDERS[kind](ast.parse(path.read_text(encoding="utf-8")))
    wanted = _wanted(kind)
    assert len(wanted) >= 8
    assert wanted - found == set()


def test_the_finders_see_uses_and_nothing_else() -> None:
    """An import, a comment or a string is no test; a call, a refusal and a compared event are."""
    mentioned = ast.parse("from m import A, B\n# auction.post\nx = 'refused(A)'\ny = [B]\nother.post()")
    assert [finder(mentioned) for finder in FINDERS.values()] == [set(), set(), set()]
    used = ast.parse("refused(w.suite.auction.post(t), alice, A, 1)\nassert told(m, s) == [(B, 1)]")
    assert _called(used) == {"post"}
    assert "A" in _refusals(used)
    assert _facts(used) == {"B"}


def test_every_test_says_its_rule() -> None:
    """Each test has a docstring of one line that names a row of the papers or what it guards."""
    for path in HERE.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                said = ast.get_docstring(node) or ""
                assert len(said.splitlines()) == 1, f"{path.name}: {node.name}"
