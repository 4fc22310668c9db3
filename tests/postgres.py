"""A PostgreSQL of our own for tests, on a free loopback port; skipped where it is not installed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.nodes import free_port, wait_for

_USER = "nobody"  # PostgreSQL does not run as root


class Postgres:
    """A server; `database` makes a new database and returns its URL.

    Args:
        folder: of its data.
        port: where it listens.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self._made = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server on the data that is there."""
        options = ("-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", f"port={self.port}")
        sockets = ("-c", f"unix_socket_directories={self.folder}")
        command = ["postgres", "-D", str(self.folder / "data"), *options, *sockets]
        quiet: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(command, **quiet, **_as_somebody())
        wait_for(self.port, self._process)

    def kill(self) -> None:
        """Kill the server without a chance to clean up."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)  # immediate shutdown: what a crash leaves behind
        self._process.wait()

    def stop(self) -> None:
        """End the server."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)  # nothing is to be kept
            self._process.wait()

    def database(self) -> str:
        """Make a database; return its URL."""
        import psycopg

        self._made += 1
        name = f"agent{self._made}"
        where = f"host=127.0.0.1 port={self.port} user=agent dbname=postgres"
        for _ in range(600):
            try:
                with psycopg.connect(where, autocommit=True) as connection:
                    connection.execute(f"CREATE DATABASE {name}")
                break
            except psycopg.OperationalError:  # it listens, and is still starting up
                import time

                time.sleep(0.05)
        return f"postgresql://agent@127.0.0.1:{self.port}/{name}"


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A running server with an empty cluster."""
    if shutil.which("postgres") is None or shutil.which("initdb") is None:
        pytest.skip("PostgreSQL is not installed")
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if os.getuid() == 0:
            shutil.chown(folder, _USER)
        command = ["initdb", "-D", str(folder / "data"), "-U", "agent", "-A", "trust", "-N", "-E", "UTF8"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, **_as_somebody())
        if done.returncode:
            pytest.skip(f"PostgreSQL cannot make a cluster here: {done.stderr.strip()[-200:]}")
        server = Postgres(folder, free_port())
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _as_somebody() -> dict[str, Any]:
    return {"user": _USER, "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
