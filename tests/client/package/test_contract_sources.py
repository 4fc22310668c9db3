"""The contracts' sources: braces, line length, and that each EIP-712 type stands in an interface."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from energy_trading.chain import artifacts, compile
from energy_trading.types import InjectionReading

ROOT = compile.ROOT
FOLDERS = ("contracts", "tests/solidity", "tests/analysis")
SOURCES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.sol"))
INTERFACES = (
    "IEnergyLedger",
    "IMeterRegistry",
    "IUnorderedNonces",
    "IOfferMarket",
    "IRelayDesk",
    "ISealedBidAuction",
    "IEnergyLot",
    "ISlotMarket",
    "ISlotDisputes",
    "ISlotHomes",
    "IPrivateSlotMarket",
    "IPrivateSlotDisputes",
    "IVerifierCouncil",
)
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


def test_signed_types_have_the_types_of_the_interface() -> None:
    """What a wallet shows is what a caller passes: members and parameters of one name have one type."""
    compared = set()
    for name in INTERFACES:
        artifact = artifacts.load(name)
        for entry in artifact.abi:
            notes = artifact.devdoc["methods"].get(_signature(entry), {})
            passed = {part["name"]: part["type"] for part in _parts(entry.get("inputs", ()))}
            for kind, member in re.findall(r"[(,] ?(\w+) (\w+)", notes.get("custom:signed", "")):
                if member in passed and not kind[0].isupper():  # a struct's name begins with a capital
                    assert passed[member] == kind, f"{member} of {entry['name']}"
                    compared.add(f"{entry['name']}.{member}")
    assert {"quoteFor.cx", "mint.energyWh", "acceptSigned.price"} <= compared


def test_what_a_meter_signs_for_a_lot_stands_in_the_interface() -> None:
    """No contract hashes a meter's reading, but its hash is the lot's id, so its type is specified (C-4)."""
    source = (ROOT / "contracts/interfaces/IEnergyLot.sol").read_text(encoding="utf-8")
    assert InjectionReading.TYPE in re.sub(r"\s*/// ", "", source)


def _parts(inputs: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for value in inputs:
        yield value
        yield from _parts(value.get("components", ()))


def _signature(entry: dict[str, Any]) -> str:
    def canonical(value: dict[str, Any]) -> str:
        parts = ",".join(map(canonical, value.get("components", ())))
        kind: str = value["type"]
        return kind.replace("tuple", f"({parts})")

    return f"{entry.get('name')}({','.join(map(canonical, entry.get('inputs', ())))})"
