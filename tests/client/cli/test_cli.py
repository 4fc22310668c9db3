"""The command line: one line and a bad status for wrong input, files for right input."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.days import write_wide_csv


def cli(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "energy_trading", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["nothing"], "error: No such command 'nothing'. (see --help)"),
        (["run"], "error: Missing option '--out'. (see --help)"),
        (["run", "--out", "{}", "--homes", "1"], "error: --homes must be 2 or more, not 1"),
        (
            ["run", "--out", "{}", "--date", "June"],
            "error: --date must have the form YYYY-MM-DD, unlike 'June'",
        ),
        (["run", "--out", "/proc/no"], "error: --out: cannot write into the folder /proc/no ("),
        (
            ["run", "--out", "{}", "--profiles", "/nope"],
            "error: /nope is neither a file nor a directory; name one that holds profiles",
        ),
        (["run", "--out", "{}", "--seed", "x"], "error: Invalid value for '--seed'"),
    ],
)
def test_wrong_input_is_one_line_and_a_bad_status(arguments: list[str], line: str, tmp_path: Path) -> None:
    """The line states what is wrong and what would be right; nothing else is printed, no traceback."""
    done = cli(*(a.format(tmp_path) for a in arguments))
    assert done.returncode in (1, 2)
    assert done.stdout == ""
    assert done.stderr.startswith(line)
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_help_lists_the_commands() -> None:
    """Without arguments the help is shown, and that is no error."""
    done = cli()
    assert done.returncode == 0
    assert "run" in done.stdout


def test_group_without_a_verb_shows_its_verbs() -> None:
    """`trade` alone lists what it can do, yet has done nothing, so its status is not zero."""
    done = cli("trade")
    assert done.returncode == 2
    shown = done.stdout + done.stderr
    assert "Usage:" in shown
    assert all(verb in shown for verb in ("offer", "accept", "confirm"))


def test_short_help_version_and_completion() -> None:
    """-h is --help on every level, --version names the release, and a shell can learn the commands."""
    assert cli("trade", "-h").stdout == cli("trade", "--help").stdout
    done = cli("--version")
    assert (done.returncode, done.stdout) == (0, f"energy-trading {version('energy-trading')}\n")
    assert cli("-h").returncode == 0
    completed = subprocess.run(
        [Path(sys.executable).with_name("energy-trading")],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ
        | {
            "_ENERGY_TRADING_COMPLETE": "complete_bash",
            "COMP_WORDS": "energy-trading tra",
            "COMP_CWORD": "1",
        },
    )
    assert completed.stdout.split() == ["trades", "trade", "trace"]


def test_run_trades_a_wide_csv(tmp_path: Path) -> None:
    """A day from a CSV file leaves its four files, twice."""
    source = write_wide_csv(tmp_path / "homes.csv")
    for _ in range(2):
        done = cli(
            "run",
            "--profiles",
            str(source),
            "--homes",
            "4",
            "--date",
            "2021-03-01",
            "--out",
            str(tmp_path / "out"),
        )
        assert done.stderr == ""
        assert done.returncode == 0
        assert "money is conserved, and nothing is held any more" in done.stdout
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"trades.csv", "accounts.csv", "events.jsonl", "report.html"}
