"""A verdict is measured or has its reason: no reproduction does itself a favour."""

import ast
from pathlib import Path

import pytest

from energy_trading.bench.papers import findings
from energy_trading.bench.papers.findings import Finding, Findings, NoReason, Verdict, same_if

PAPERS = Path(findings.__file__).parent
MAKERS = {"Finding", "_finding", "compare"}
DECLARED = {"DIFFERENT", "NOT_COMPARABLE"}


def favours(source: str) -> list[int]:
    """Lines with a verdict that is the same without having been measured."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "Verdict"
        ):
            found += [node.lineno] if node.attr not in DECLARED else []
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        literal = any(isinstance(value, ast.Constant) and isinstance(value.value, bool) for value in given)
        measured = {n.id for value in given for n in ast.walk(value) if isinstance(n, ast.Name)} - {"bool"}
        if (name in MAKERS and literal) or (name == "same_if" and not measured):
            found.append(node.lineno)
    return found


@pytest.mark.parametrize("path", sorted(PAPERS.glob("*.py")), ids=lambda path: path.name)
def test_no_verdict_is_a_literal(path: Path) -> None:
    """Same comes from something measured, in every reproduction; `findings` alone makes it from that."""
    lines = favours(path.read_text(encoding="utf-8"))
    assert len(lines) == (1 if path.name == "findings.py" else 0), lines


@pytest.mark.parametrize(
    "source",
    [
        "Finding('C-6', 'a', 'b', 'c', True)",
        "self.compare('a', 'b', 'c', verdict=True)",
        "_finding('a', 'b', 'c', same_if(True))",
        "same_if(agrees=True)",
        "same_if(bool(1) or not 0)",
        "verdict = Verdict.SAME",
    ],
)
def test_this_check_can_fail(source: str) -> None:
    """Each way of writing same without measuring is found."""
    assert favours(source) == [1]
    assert favours("_finding('a', 'b', 'c', same_if(paid == PRICE)); Verdict.NOT_COMPARABLE") == []


@pytest.mark.parametrize("verdict", [Verdict.DIFFERENT, Verdict.NOT_COMPARABLE])
def test_revert_given_no_reason(verdict: Verdict) -> None:
    """What is not the same states why; what is the same may say nothing more."""
    assert Finding("N-1", "fee", "1", "1", same_if(1 in {1})).why == ""
    with pytest.raises(NoReason, match=r"^the comparison of «fee» must state why it is not the same$"):
        Finding("N-1", "fee", "1", "2", verdict)


def test_verdicts_are_counted_and_printed() -> None:
    """Each verdict has its own words in the table, on the terminal and in the count."""
    rows = tuple(
        Finding("X-9", "gas", "many", "few", verdict, "because") for verdict in (*Verdict, Verdict.DIFFERENT)
    )
    found = Findings(rows)
    assert found.count() == "1 same, 2 different, 1 cannot be compared"
    assert found.lines()[2] == "X-9 gas: cannot be compared. Paper: many. Ours: few. because."
    assert [line.split(" | ")[4] for line in found.section("x", "y").splitlines() if line[:5] == "| X-9"] == [
        row.verdict.value for row in rows
    ]
