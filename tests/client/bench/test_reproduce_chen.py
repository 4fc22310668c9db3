"""Chen's protocol anew, from set-up to trace."""

import json
import re
from pathlib import Path

import pytest

from energy_trading.bench.papers.chen import ChenResult, reproduce_chen
from energy_trading.bench.papers.findings import Verdict
from energy_trading.market.lots.dispute_file import check_dispute


@pytest.fixture(scope="module")
def told() -> list[str]:
    return []


@pytest.fixture(scope="module")
def chen(tmp_path_factory: pytest.TempPathFactory, told: list[str]) -> ChenResult:
    return reproduce_chen(tmp_path_factory.mktemp("bench") / "new", told.append)


def test_every_row_has_its_step(chen: ChenResult) -> None:
    """Ten rows, C-2 and C-5 twice: as printed and hardened (C-1 … C-10)."""
    assert [step.row for step in chen.steps] == [
        *("C-1", "C-2", "C-2", "C-3", "C-4", "C-5", "C-5", "C-6", "C-7", "C-8", "C-9", "C-10")
    ]
    assert {f.row for f in chen.findings.rows} == {f"C-{i}" for i in range(1, 11)}


def test_transcript_is_the_same_for_every_run(chen: ChenResult, told: list[str], tmp_path: Path) -> None:
    """Keys are fresh each time, the transcript is not: it has no key, address or signature (C-1 … C-10)."""
    again = reproduce_chen(tmp_path, lambda _: None)
    assert again.steps == chen.steps
    assert again.findings == chen.findings
    text = chen.transcript.read_text(encoding="utf-8")
    assert again.transcript.read_text(encoding="utf-8") == text
    assert again.history.read_text(encoding="utf-8") != chen.history.read_text(encoding="utf-8")
    assert not re.search(r"[0-9a-fA-F]{8}", text + "\n".join(told))
    assert told == [*text.splitlines(), *chen.findings.lines()]


def test_attacks_on_what_is_printed_succeed(chen: ChenResult) -> None:
    """The master key leaks and a man in the middle is not noticed, as the errata say (C-2, C-5)."""
    ours = {(f.row, f.about): (f.ours, f.verdict) for f in chen.findings.rows}
    assert ours["C-2", "eqs 3–5 as printed"] == (
        "a user who knows their own α has PKG's master key, and the key of anyone whose ID and α are known",
        Verdict.DIFFERENT,
    )
    assert ours["C-5", "as printed, against attackers"] == (
        "a man in the middle is not noticed",
        Verdict.DIFFERENT,
    )
    assert ours["C-5", "eqs 6 and 7"] == ("they do", Verdict.SAME)


def test_claims_are_compared(chen: ChenResult) -> None:
    """What the paper promises holds; how differs where its way is open to attack (C-1 … C-10)."""
    same = [f.row for f in chen.findings.rows if f.verdict is Verdict.SAME]
    assert same == ["C-3", "C-4", "C-5", "C-5", "C-6", "C-8", "C-9"]
    ours = {f.about: f.ours for f in chen.findings.rows}
    assert ours["renewed secrets"].endswith("stolen afterwards, open 0 of 2 messages")


def test_ownership_is_undeniable_for_exchanges_only(chen: ChenResult) -> None:
    """A plain transfer bears no signature, and messages can be denied: neither is called the same (C-9)."""
    found = {f.about: f.verdict for f in chen.findings.rows if f.row == "C-9"}
    assert found == {
        "undeniable: exchanges of owner": Verdict.SAME,
        "undeniable: other changes of owner": Verdict.DIFFERENT,
        "undeniable: communications": Verdict.DIFFERENT,
    }


def test_history_convinces_a_third_party(chen: ChenResult) -> None:
    """The file alone, with DSO's account, proves Bob, Alice, Bob as owners in turn (C-9)."""
    file = json.loads(chen.history.read_text(encoding="utf-8"))
    dso = file["steps"][0]["fields"]["dso"]
    owners = [holding.owner for holding in check_dispute(file, [dso])]
    assert len(owners) == 3
    assert owners[0] == owners[2] != owners[1]
