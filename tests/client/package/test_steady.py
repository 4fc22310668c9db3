"""The tests say the same on every machine: no speed, no clock, and what is skipped is reported."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

from energy_trading.chain.compile import ROOT
from tests.measured import HAMLET, needs_hamlet

CLOCKS = {"perf_counter", "perf_counter_ns", "process_time", "thread_time", "monotonic", "monotonic_ns"}
#: it reports how long a mutant took, and judges nothing by that
REPORTS = {Path("tests/mutants/run.py")}


def clocks_read(source: str) -> list[int]:
    """Lines that measure how long something takes, or give a random example a time."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            given = [k.value for k in node.keywords if name == "settings" and k.arg == "deadline"]
            in_time = any(getattr(value, "value", value) is not None for value in given)
            found += [node.lineno] if name in CLOCKS or in_time else []
    return found


def test_no_test_measures_time() -> None:
    """A test that fails on a slow machine tests the machine."""
    paths = {path.relative_to(ROOT) for path in (ROOT / "tests").rglob("*.py")} - REPORTS
    read = {path: clocks_read((ROOT / path).read_text(encoding="utf-8")) for path in paths}
    assert {path: lines for path, lines in read.items() if lines} == {}


def test_this_check_can_fail() -> None:
    """Both ways are found; a clock that a test itself winds is none."""
    assert clocks_read(
        "start = time.perf_counter()\n@settings(max_examples=9, deadline=200)\ndef f(): 0"
    ) == [1, 2]
    assert clocks_read("clock.sleep(2); settings(max_examples=9, deadline=None)") == []


def test_random_examples_have_no_deadline() -> None:
    """The profile of conftest.py holds for every test that does not say otherwise."""
    assert settings.default is not None
    assert settings.default.deadline is None
    assert HealthCheck.too_slow in settings.default.suppress_health_check


@needs_hamlet
def test_measured_data_is_found() -> None:
    """Beside the project, or in a folder above, lie 16 homes and 3 roofs."""
    assert (len(list(HAMLET.glob("hh_*.csv"))), len(list(HAMLET.glob("pv_*.csv")))) == (16, 3)


def test_missing_measured_data_is_in_the_summary(tmp_path: Path) -> None:
    """Without the data the summary of pytest states what was skipped, and why."""
    test = "tests/client/simulation/test_profiles.py"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", test, "-k", "measured_directory or choice_is_seeded"],
        cwd=ROOT,
        env={**os.environ, "ENERGY_TRADING_MEASURED": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.count(f"no measured data at {tmp_path}") == 2, done.stdout
    assert "2 skipped" in done.stdout
