"""The one lock of files, between processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from energy_trading.errors import TryAgain
from energy_trading.files._lock import open_locked
from energy_trading.files.journal import Journal, JournalLocked

FLAGS = os.O_RDWR | os.O_CREAT
HOLD = """
import os, sys
from pathlib import Path
from energy_trading.errors import TryAgain
from energy_trading.files._lock import open_locked
descriptor = open_locked(Path(sys.argv[1]), os.O_RDWR | os.O_CREAT, TryAgain("in use"))
print("held", flush=True)
sys.stdin.read()
"""


class InUse(TryAgain):
    pass


@contextmanager
def held_elsewhere(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Hold the lock of a file in another process."""
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        if process.poll() is None:
            process.kill()


def test_lock_has_one_holder_among_processes(tmp_path: Path) -> None:
    """The second process gets the caller's own error at once, and the file keeps its content."""
    path = tmp_path / "file"
    path.write_text("facts\n")
    with held_elsewhere(path) as other:
        with pytest.raises(InUse):
            open_locked(path, FLAGS, InUse("in use"))
        with pytest.raises(JournalLocked, match=r"is in use by another process$"):
            Journal(path)
        other.communicate("")
        os.close(open_locked(path, FLAGS, InUse("in use")))
    assert path.read_text() == "facts\n"


def test_lock_ends_with_a_killed_process(tmp_path: Path) -> None:
    """A process that is killed leaves nothing that anybody would have to remove."""
    path = tmp_path / "file"
    with held_elsewhere(path) as other:
        other.send_signal(signal.SIGKILL)
        other.wait()
        os.close(open_locked(path, FLAGS, InUse("in use")))


def test_lock_has_one_holder_in_one_process(tmp_path: Path) -> None:
    """Two objects of one process exclude each other too; closing the descriptor ends the lock."""
    path = tmp_path / "file"
    first = open_locked(path, FLAGS, InUse("in use"))
    with pytest.raises(InUse):
        open_locked(path, FLAGS, InUse("in use"))
    os.close(first)
    os.close(open_locked(path, FLAGS, InUse("in use")))
    assert path.stat().st_mode & 0o777 == 0o600


def test_folder_is_waited_for(tmp_path: Path) -> None:
    """Without an error to raise, the second holder waits until the first has ended."""
    script = HOLD.replace("os.O_RDWR | os.O_CREAT", "os.O_RDONLY | os.O_DIRECTORY").replace(
        "sys.stdin.read()", "import time; time.sleep(0.5); open(sys.argv[1] + '/done', 'w').close()"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        os.close(open_locked(tmp_path, os.O_RDONLY | os.O_DIRECTORY))
        assert (tmp_path / "done").exists()


def test_revert_given_file_removed_by_its_last_holder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who locks a file that was removed between opening and locking would lock nothing."""
    path, opened = tmp_path / "file", os.open

    def open_and_remove(*arguments: object) -> int:
        descriptor = opened(*arguments)
        path.unlink()
        return descriptor

    monkeypatch.setattr(os, "open", open_and_remove)
    with pytest.raises(InUse):
        open_locked(path, FLAGS, InUse("in use"))
