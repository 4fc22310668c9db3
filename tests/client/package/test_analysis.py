"""The analysis of the contracts: what it calls a fault, and that the call graph is not stale."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests" / "analysis")]

import analyze  # noqa: E402
import call_graph  # noqa: E402

from energy_trading.bench.papers.findings import Verdict  # noqa: E402
from energy_trading.bench.papers.xia_analysis import read_facts, reproduce_xia_analysis  # noqa: E402
from energy_trading.errors import BadInput  # noqa: E402

CLEAN: dict[str, Any] = {"findings": [], "unused": [], "standards": {"EnergyLot ERC721": {}}}


def node(contract: str, entry: bool = False, writes: bool = False, money: bool = False) -> dict[str, Any]:
    return {"contract": contract, "entry": entry, "writes": writes, "money": money}


def test_nothing_found_is_no_fault() -> None:
    """Low and informational findings, and comments in others' code, are no faults (X-11)."""
    low = {"check": "timestamp", "impact": "Low", "text": "uses block.timestamp"}
    other = {"file": str(ROOT / "node_modules" / "a.sol"), "line": 2, "unused_detectors": ["timestamp"]}
    assert analyze.judge({**CLEAN, "findings": [low], "unused": [other]}) == []


@pytest.mark.parametrize("impact", ["High", "Medium"])
def test_grave_findings_are_faults(impact: str) -> None:
    """A finding of high or medium severity without a reason beside the line is a fault (X-11)."""
    found = {"check": "reentrancy-eth", "impact": impact, "text": "Reentrancy in withdraw"}
    assert analyze.judge({**CLEAN, "findings": [found]}) == [
        f"{impact} reentrancy-eth: Reentrancy in withdraw"
    ]


def test_reasons_without_finding_are_faults() -> None:
    """A comment that explains nothing any more has to go (X-11)."""
    file = str(ROOT / "contracts" / "A.sol")
    unused = {"file": file, "line": 7, "unused_detectors": ["unused-return"]}
    assert analyze.judge({**CLEAN, "unused": [unused]}) == [
        "contracts/A.sol:7: nothing is found there that unused-return explains"
    ]


def test_broken_standards_are_faults() -> None:
    """A function that a token's standard asks for and that is missing is a fault (X-11, C-4)."""
    broken = {"EnergyLot ERC721": {"missing_function": ["ownerOf(uint256)", "approve(address,uint256)"]}}
    assert analyze.judge({**CLEAN, "standards": broken}) == [
        "EnergyLot ERC721: missing_function: ownerOf(uint256), approve(address,uint256)"
    ]


def test_stale_facts_are_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is committed about the analysis is written anew when it is another, and that is told (X-11)."""
    monkeypatch.setattr(analyze, "ROOT", tmp_path)
    monkeypatch.setattr(analyze, "FACTS", tmp_path / "analysis.json")
    told = ["analysis.json was stale and has been rewritten; `make bench` puts it on the page"]
    assert analyze.record({"graph": 1}) == told
    assert analyze.record({"graph": 1}) == []
    assert analyze.record({"graph": 2}) == told
    assert json.loads((tmp_path / "analysis.json").read_text(encoding="utf-8")) == {"graph": 2}


def test_committed_facts_are_those_of_the_sources() -> None:
    """Reasons in the contracts, proofs and versions of tools are those on the page (X-11)."""
    nothing: dict[str, Any] = {"findings": [], "graph": {"nodes": {}, "edges": []}}
    facts, now = read_facts(), analyze.summary(nothing)
    assert {key: facts[key] for key in ("tools", "explained", "proven")} == {
        key: now[key] for key in ("tools", "explained", "proven")
    }
    assert "MarketProof.endsOnce" in facts["proven"]
    assert [impact for impact in facts["findings"] if impact in analyze.GRAVE] == []
    drawn = analyze.PICTURE.read_text(encoding="utf-8")
    assert drawn.count("<path d=") > facts["graph"]["calls"] == drawn.count(" → ")


def test_revert_given_no_facts(tmp_path: Path) -> None:
    """A reproduction without the facts of the analysis says which file it wants (X-11)."""
    with pytest.raises(BadInput, match=r"gone\.json is not what `make analyze` writes: \S"):
        read_facts(tmp_path / "gone.json")
    other = tmp_path / "other.json"
    other.write_text('{"tools": {}}', encoding="utf-8")
    with pytest.raises(BadInput, match=r"it lacks explained, findings, graph, proven$"):
        read_facts(other)


def test_order_and_time_decide_no_amount(tmp_path: Path) -> None:
    """Swapped acceptances and quotes, and shifted blocks, end as the page says; else it raises (X-11)."""
    told: list[str] = []
    result = reproduce_xia_analysis(tmp_path, told.append)
    assert [(f.about, f.verdict) for f in result.findings.rows] == [
        ("warnings of the tool (Fig. 8)", Verdict.NOT_COMPARABLE),
        ("reentrancy", Verdict.SAME),
        ("order of transactions: an offer", Verdict.NOT_COMPARABLE),
        ("order of transactions: quotes", Verdict.NOT_COMPARABLE),
        ("block time", Verdict.NOT_COMPARABLE),
        ("mishandled exceptions", Verdict.NOT_COMPARABLE),
        ("call graph (Fig. 5)", Verdict.DIFFERENT),
    ]
    assert told == result.findings.lines()
    lines = result.csv.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "severity,detector,findings"
    assert len(lines) == 1 + sum(len(checks) for checks in result.facts["findings"].values())


def test_every_disabled_finding_has_a_reason() -> None:
    """Slither is silenced line by line only, with the reason behind it (X-11)."""
    good = re.compile(r"^// slither-disable-next-line [a-z0-9-]+(,[a-z0-9-]+)* -- \w.{9,}$")
    comments = [
        line.strip()
        for path in (ROOT / "contracts").rglob("*.sol")
        for line in path.read_text(encoding="utf-8").splitlines()
        if "slither-disable" in line
    ]
    assert comments
    assert [comment for comment in comments if not good.match(comment)] == []


def test_call_graph_colours_by_the_most_a_call_can_do() -> None:
    """Money outweighs storage, storage outweighs nothing, through any number of calls (X-11)."""
    nodes = {
        "A.pay": node("A", entry=True),
        "A._pay": node("A"),
        "A.note": node("A", entry=True),
        "A.see": node("A", entry=True),
        "B.settle": node("B", entry=True, writes=True, money=True),
        "B._write": node("B", writes=True),
        "Lib": node(""),
    }
    edges = [
        ("A.pay", "A._pay"),
        ("A._pay", "B.settle"),
        ("A.note", "B._write"),
        ("B.settle", "B._write"),
        ("A.see", "Lib"),
    ]
    assert call_graph.kinds(nodes, edges) == {
        "A.pay": "money",
        "A._pay": "money",
        "A.note": "writes",
        "A.see": "view",
        "B.settle": "money",
        "B._write": "writes",
        "Lib": "library",
    }
    assert call_graph.columns(nodes, edges) == [
        ("A", ["A.note", "A.pay", "A.see"]),
        ("A", ["A._pay"]),
        ("B", ["B.settle"]),
        ("B", ["B._write"]),
        ("libraries", ["Lib"]),
    ]


def test_call_graph_ends_where_functions_call_each_other() -> None:
    """A circle of calls is drawn too (X-11)."""
    nodes = {"A.a": node("A"), "A.b": node("A")}
    drawn = call_graph.draw(nodes, [("A.a", "A.b"), ("A.b", "A.a")])
    assert drawn.count("<rect x=") == len(call_graph.KINDS) + 1 + len(nodes)


@pytest.mark.parametrize("name", ["EnergyLedger", "OfferMarket", "SealedBidAuction", "EnergyLot"])
def test_call_graph_has_every_function_that_changes_something(name: str) -> None:
    """docs/call-graph.svg shows the contracts as they are; `make analyze` draws it anew (X-11)."""
    drawn = (ROOT / "docs" / "call-graph.svg").read_text(encoding="utf-8")
    source = (ROOT / "contracts" / f"{name}.sol").read_text(encoding="utf-8")
    artifact = ROOT / "energy_trading" / "artifacts" / f"{name}.json"
    abi = json.loads(artifact.read_text(encoding="utf-8"))["abi"]
    own = {
        f"{name}.{entry['name']}"
        for entry in abi
        if entry["type"] == "function"
        and entry["stateMutability"] in ("nonpayable", "payable")
        and f"function {entry['name']}(" in source
    }
    assert own
    assert {function for function in own if f"<title>{function}: " not in drawn} == set()
