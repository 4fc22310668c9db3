"""Real nodes for tests: on a free loopback port, ended with the block, skipped where not installed."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from energy_trading.chain.compile import ROOT
from energy_trading.chain.connect import connect
from tests.world import GENESIS

MODULES = ROOT / "node_modules"
ANVIL = MODULES / "@foundry-rs" / "anvil-linux-amd64" / "bin" / "anvil"
GANACHE = MODULES / "ganache" / "dist" / "node" / "cli.js"


@contextmanager
def anvil(*options: str, port: int | None = None) -> Iterator[str]:
    """The address of an Anvil of our own."""
    if not ANVIL.is_file():
        pytest.skip("Anvil is not in node_modules (it is optional, Linux only)")
    command = (str(ANVIL), "--silent", "--timestamp", str(GENESIS), *options)
    with _running(*command, port_option="--port", port=port) as url:
        yield url


@contextmanager
def ganache(*options: str, chain_id: int = 1337) -> Iterator[str]:
    """The address of a Ganache of our own."""
    node = shutil.which("node")
    if node is None or not GANACHE.is_file():
        pytest.skip("Ganache is not in node_modules (it is optional)")
    fixed = ("--chain.chainId", str(chain_id), "--wallet.deterministic", "--logging.quiet")
    with _running(node, str(GANACHE), *fixed, *options, port_option="--server.port") as url:
        yield url


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def _running(*command: str, port_option: str, port: int | None = None) -> Iterator[str]:
    port = port or free_port()
    arguments = [*command, port_option, str(port)]
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        assert process.poll() is None, "the node ended before it answered"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            connect(f"http://127.0.0.1:{port}")
            return
    raise AssertionError("the node did not start within 30 s")
