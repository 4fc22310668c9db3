"""The contracts' sources: braces, line length, and that each EIP-712 type stands in an interface."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from energy_trading.chain import artifacts, compile

ROOT = compile.ROOT
FOLDERS = ("contracts", "tests/solidity", "tests/analysis")
SOURCES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.sol"))
INTERFACES = ("IEnergyLedger", "IMeterRegistry", "IOfferMarket", "ISealedBidAuction", "IEnergyLot")
#: A comment, or a string.
WORDS = re.compile(r"//[^\n]*|/\*.*?\*/|\"[^\"\n]*\"|'[^'\n]*'", re.DOTALL)
BRANCH = re.compile(r"\b(?:(if|for|while)\s*(?=\()|(else)\b(?!\s*if\b))")


def unbraced(source: str) -> list[int]:
    """Numbers of the lines on which a branch or loop is not followed by a brace."""
    text = WORDS.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), source)
    lines = []
    for branch in BRANCH.finditer(text):
        end = branch.end()
        if branch[1]:
            depth = 1
            while depth:
                end += 1
                depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        # In assembly a loop's condition has no parentheses, so `for` is not found there.
        if not text[end:].lstrip().startswith("{"):
            lines.append(text.count("\n", 0, branch.start()) + 1)
    return lines


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_every_branch_has_braces(path: Path) -> None:
    """No statement hangs on an if, else, for or while without braces (style, functions)."""
    assert unbraced(path.read_text(encoding="utf-8")) == []


def test_a_missing_brace_is_found() -> None:
    """The check sees what it is for, also after a condition with parentheses and in front of a comment."""
    assert unbraced("if (f(1)) g();\nif (a) { b(); } else c();\nfor (;;) // if (x) y\n{}\n") == [1, 2]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_line_is_longer_than_110(path: Path) -> None:
    """Comments too fit into 110 columns (style, names)."""
    assert [line for line in path.read_text(encoding="utf-8").splitlines() if len(line) > 110] == []


def test_every_signed_type_stands_in_its_interface() -> None:
    """What a signer has to know of a message is in the specification (style, NatSpec)."""
    hashed = {
        "".join(re.findall(r'"([^"]*)"', text))
        for path in SOURCES
        if path.is_relative_to(ROOT / "contracts")
        for text in re.findall(r"TYPEHASH = keccak256\((.*?)\);", path.read_text(encoding="utf-8"), re.DOTALL)
    }
    hashed = {text for text in hashed if not text.startswith("EIP712Domain(")}
    specified = {
        note["custom:signed"].replace(", ", ",")
        for name in INTERFACES
        for note in artifacts.load(name).devdoc["methods"].values()
        if "custom:signed" in note
    }
    # The acceptance of an exchange contains the permit's type.
    permit = next(text for text in hashed if text.startswith("ExchangePermit("))
    assert any(text.endswith(permit) for text in specified)
    assert len(hashed) >= 8
    assert hashed - {permit} == specified
