"""`watch` on a real node: a chain that is changed, a node that goes away, an end from the keyboard."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from energy_trading.bindings import SuiteParameters
from energy_trading.bindings.deployment import Record, deploy_recorded
from energy_trading.chain.connect import Chain, connect
from tests.client.cli_runs import Done, cli
from tests.nodes import anvil, free_port, ganache


class Watcher:
    """`watch` in a process of its own, told what its market does; the node's second account is the DSO."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip()

    def event(self) -> tuple[int, bool]:
        """The number that `name` gave, and whether the event is said to be removed."""
        told = json.loads(self.line())
        assert told["event"] == "PkgChanged"
        return int(told["new_pkg"], 16), told["removed"]

    def warning(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.readline().rstrip()

    def interrupt(self) -> tuple[int, str, str]:
        """Press Ctrl-C; exit status and what was still printed."""
        self.process.send_signal(signal.SIGINT)
        return self.end()

    def end(self) -> tuple[int, str, str]:
        out, err = self.process.communicate()
        return self.process.returncode, out, err


@contextmanager
def watching(url: str, record: Path, *options: object) -> Iterator[Watcher]:
    """A watcher that has told the deployment and reads on."""
    command = [sys.executable, "-m", "energy_trading", "watch", "--rpc", url, "--deployment", record]
    command += ["--from-block", 0, *options]
    with subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Where the tests run in the background, Ctrl-C is ignored, and that is inherited.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        # A line that does not come fails the test instead of stopping it.
        guard = threading.Timer(600, process.kill)
        guard.start()
        try:
            watcher = Watcher(process)
            told = [watcher.line(), watcher.line()]
            assert ["OwnershipTransferred" in told[0], "PkgChanged" in told[1]] == [True, True]
            yield watcher
        finally:
            guard.cancel()
            process.kill()


def deployed(url: str, record: Path) -> Chain:
    chain = connect(url)
    dso, pkg, treasury = chain.accounts[1:4]
    deploy_recorded(chain, chain.accounts[0], SuiteParameters(dso, pkg, treasury), record)
    return chain


def name(chain: Chain, record: Path, number: int) -> None:
    """Make a block with one event, which tells the number."""
    Record.read(record).open(chain).ledger.set_pkg(f"0x{number:040x}").send(chain.accounts[1])


@pytest.fixture(params=[anvil, ganache])
def node_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a node of each kind."""
    with request.param() as url:
        yield url


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "record.json"


def test_event_is_told_as_it_comes(node_url: str, record: Path) -> None:
    """What happens while it watches is told once, on Anvil and on Ganache."""
    chain = deployed(node_url, record)
    with watching(node_url, record) as watcher:
        for number in (1, 2):
            name(chain, record, number)
            told = watcher.line().split()
            assert told[0] == str(chain.height())
            assert told[1:] == ["PkgChanged", told[2], f"new_pkg=0x{number:040x}"]
        assert watcher.interrupt() == (130, "", "")


def test_reorganisation_takes_events_back_and_tells_the_new_ones(record: Path) -> None:
    """What vanished is told as removed, newest first; then what stands in its place; Ctrl-C ends it."""
    with anvil() as url:
        chain = deployed(url, record)
        with watching(url, record, "--json") as watcher:
            for number in (1, 2, 3):
                name(chain, record, number)
                assert watcher.event() == (number, False)
            height = chain.height()
            rpc(chain, "anvil_reorg", 2, [])  # two blocks anew, empty
            name(chain, record, 4)
            assert [watcher.event() for _ in range(3)] == [(3, True), (2, True), (4, False)]
            assert watcher.warning() == (
                f"reorganisation: read again from block {height - 1} on; events removed: 2"
            )
            snapshot = chain.snapshot()
            name(chain, record, 5)
            assert watcher.event() == (5, False)
            chain.revert(snapshot)
            name(chain, record, 6)
            assert [watcher.event() for _ in range(2)] == [(5, True), (6, False)]
            assert watcher.warning().startswith("reorganisation: ")
            assert watcher.interrupt() == (130, "", "")


def test_removed_event_is_marked_in_a_line_of_text(record: Path) -> None:
    """Without --json the line says so, in front of the event's name."""
    with anvil() as url:
        chain = deployed(url, record)
        with watching(url, record) as watcher:
            name(chain, record, 1)
            line = watcher.line()
            rpc(chain, "anvil_reorg", 1, [])
            assert watcher.line() == line.replace("PkgChanged", "removed: PkgChanged")


def test_node_that_comes_back_is_read_on(record: Path, tmp_path: Path) -> None:
    """While nobody answers that is said once; afterwards no event is lost or told twice."""
    port, state = free_port(), ("--state", str(tmp_path / "state.json"))
    with ExitStack() as node:
        url = node.enter_context(anvil(*state, port=port))
        chain = deployed(url, record)
        with watching(url, record, "--json") as watcher:
            name(chain, record, 1)
            assert watcher.event() == (1, False)
            node.close()
            assert watcher.warning() == f"no node answers at {url}; waiting for it"
            node.enter_context(anvil(*state, port=port))
            name(chain, record, 2)
            assert watcher.event() == (2, False)
            assert watcher.warning() == "the node is back"
            name(chain, record, 3)
            assert watcher.event() == (3, False)
            assert watcher.interrupt() == (130, "", "")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--chain-id", "5"), "error: the node at {url} serves chain 5, not chain 31337\n"),
        ((), "error: there is no contract at {ledger} on chain 31337\n"),
    ],
)
def test_another_chain_in_place_of_the_node_ends_it(
    record: Path, options: tuple[str, ...], line: str
) -> None:
    """A chain that is not the market's is not read: one line, a bad status."""
    port = free_port()
    with ExitStack() as node:
        url = node.enter_context(anvil(port=port))
        deployed(url, record)
        ledger = Record.read(record).contracts["EnergyLedger"].address
        with watching(url, record) as watcher:
            node.close()
            watcher.warning()
            node.enter_context(anvil(*options, port=port))
            assert watcher.end() == (1, "", line.format(ledger=ledger, url=url))


def test_a_node_that_is_away_keeps_nobody(record: Path) -> None:
    """Waiting ends with Ctrl-C, without a traceback."""
    with ExitStack() as node:
        url = node.enter_context(anvil())
        deployed(url, record)
        with watching(url, record) as watcher:
            node.close()
            assert watcher.warning().endswith("; waiting for it")
            assert watcher.interrupt() == (130, "", "")


class Clock:
    """Goes on by the sleeps alone; something happens in the first of them."""

    def __init__(self, first: Callable[[], None]) -> None:
        self.now, self.first = 0.0, first

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        if not self.now:
            self.first()
        self.now += seconds


def test_time_that_ends_a_watch_ends_the_wait_for_a_node(
    record: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--for holds while the node is away, too; the node is missed once."""
    with ExitStack() as node:
        url = node.enter_context(anvil())
        deployed(url, record)
        clock = Clock(node.close)
        monkeypatch.setattr(import_module("energy_trading.cli.watch"), "time", clock)
        done = cli("watch", "--rpc", url, "--deployment", record, "--for", 2)
    assert done == Done(0, "", f"no node answers at {url}; waiting for it\n")
    assert clock.now == 2


def rpc(chain: Chain, method: Any, *params: object) -> None:
    chain.web3.provider.make_request(method, list(params))
