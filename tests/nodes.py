"""Real nodes for tests: on a free loopback port, ended with the block, skipped where not installed."""

from __future__ import annotations

import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

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
    """A loopback port that nobody listens on, for a program that takes a while to start.

    It is below those that the kernel hands out by itself, and drawn at random: so until the program listens,
    neither a connection nor another test takes it, however long that lasts.
    """
    while True:
        port = 12_000 + secrets.randbelow(20_000)
        with socket.socket() as free, suppress(OSError):
            free.bind(("127.0.0.1", port))
            return port


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a program listens on a loopback port, as long as it lives."""
    while True:
        assert process.poll() is None, "the program ended before it listened"
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        time.sleep(0.05)


@contextmanager
def _running(*command: str, port_option: str, port: int | None = None) -> Iterator[str]:
    port = port or free_port()
    arguments = [*command, port_option, str(port)]
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(port, process)
            url = f"http://127.0.0.1:{port}"
            connect(url)
            yield url
        finally:
            process.terminate()
