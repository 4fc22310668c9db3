"""Chaos for the market agent: kills and reorganisations over real receipt batches, on both databases.

`make chaos-agent` runs it: for each database and seed, forty and more receipts of real trades are handed over
to an agent in a process of its own, while the agent, Anvil and PostgreSQL are killed and the chain is
reorganised, at random. At the end every receipt must be final once, the index must equal the chain's log, and
every request must have been answered. It prints what it did, and fails if any of that does not hold.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from energy_trading.agent.client import AgentAway, AgentClient
from energy_trading.agent.config import AgentConfig
from energy_trading.agent.service import Service
from energy_trading.bindings.contract import read_events
from energy_trading.bindings.deployment import Record
from energy_trading.bindings.offer_market import DeliveryConfirmed
from energy_trading.chain.connect import connect
from energy_trading.errors import TryAgain
from energy_trading.market.log.replay import replay
from energy_trading.types import Delivery
from tests.client.agent_town import Town, table_of
from tests.nodes import ANVIL, free_port, wait_for
from tests.postgres import postgres
from tests.world import GENESIS

_REORG_DEPTH = 4
_FINAL = 8


class Node:
    """An Anvil that keeps its state when it is killed.

    Args:
        folder: for its state.
    """

    def __init__(self, folder: Path) -> None:
        self.port, self._state = free_port(), folder / "anvil.json"
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Start it on the state that is there; it writes it down every second."""
        # The genesis has the time of the start, unless it is given: another one would be another chain.
        fixed = ["--silent", "--timestamp", str(GENESIS)]
        options = [*fixed, "--port", str(self.port), "--state", str(self._state)]
        command = [str(ANVIL), *options, "--state-interval", "1", "--preserve-historical-states"]
        quiet: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, **quiet)
        wait_for(self.port, self.process)

    def restart(self) -> None:
        """End it, with its state on disk, and start it again."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait()
        self.start()


class Agent:
    """`agent run` in a process of its own.

    Args:
        config: path of its configuration.
        key: of the relayer, for the environment.
        port: where it listens.
    """

    def __init__(self, config: Path, key: str, port: int) -> None:
        self._config, self._key, self._port = config, key, port
        self.start()

    def start(self) -> None:
        """Start it; it may need the node and the database to come back first."""
        command = [sys.executable, "-m", "energy_trading", "agent", "run", "--config", str(self._config)]
        log = (self._config.parent / "agent.log").open("ab")
        while True:
            environment = {**os.environ, "ENERGY_TRADING_KEY": self._key}
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
            try:
                wait_for(self._port, self.process)
                return
            except AssertionError:  # what it needs was away
                time.sleep(0.2)

    def kill(self) -> None:
        """Kill it without a chance to clean up, and start it again."""
        self.process.kill()
        self.process.wait()
        self.start()


def run(kind: str, seed: int, kills: int, trades: int) -> Counter[str]:
    """Run one database and seed; return how often what was done."""
    drawn = random.Random(seed)
    done: Counter[str] = Counter()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        node = Node(folder)
        stack.callback(lambda: node.process.kill())
        server = stack.enter_context(postgres()) if kind == "postgresql" else None
        database = f"sqlite:///{folder}/agent.db" if server is None else server.database()
        town = Town(node.url, 4)
        offers = [town.offer(price=1000 + i, nonce=i) for i in range(trades)]
        for offer in offers:
            town.accepted(offer)
        town.chain.mine(offers[-1].terms.accept_by + 960)
        receipts = [town.receipt(offers[0], delivered_wh=1000 * trades)]
        for offer in offers[1:]:
            signed = town.homes[1].meter.sign_receipt(offer.trade_id)
            buyer = town.homes[1].key.address
            receipts.append(Delivery(offer.terms, buyer, signed.signer, signed.energy, signed.signature))
        port = free_port()
        config = town.config(
            database, final_blocks=_FINAL, remember_blocks=64, poll_seconds=0.1, port=port, batch_seconds=2
        )
        _record(town, folder / "market.json")
        path = folder / "agent.toml"
        path.write_text(config.to_toml().replace(config.deployment, str(folder / "market.json")), "utf-8")
        agent = Agent(path, "0x" + town.key.reveal().hex(), port)
        stack.callback(lambda: agent.process.kill())
        client = AgentClient(f"http://127.0.0.1:{port}")
        waiting, ids = list(receipts), []

        def kill_agent() -> None:
            agent.kill()

        def restart_node() -> None:
            node.restart()

        def kill_database() -> None:
            assert server is not None
            server.kill()
            server.start()

        def reorganise() -> None:
            with suppress(TryAgain):
                depth = drawn.randint(1, _REORG_DEPTH)
                connect(node.url)._rpc("anvil_reorg", depth, [])

        acts: list[Callable[[], None]] = [kill_agent, reorganise, reorganise]
        acts += [restart_node]
        acts += [kill_database] if server is not None else []
        while sum(done.values()) - done["posts"] - done["answers"] < kills or waiting:
            if waiting:
                part = [waiting.pop() for _ in range(min(len(waiting), drawn.randint(1, 8)))]
                done["posts"] += 1
                results = _insist(lambda part=part: client.receipts(part))  # type: ignore[misc]
                done["answers"] += 1
                for receipt, result in zip(part, results, strict=True):
                    if result["problem"] is None:
                        ids.append(result["intent"]["id"])
                    else:  # the trade is taken back just now, or the index is behind
                        assert result["problem"]["code"] in ("not-enrolled", "try-again"), result
                        waiting.append(receipt)
            act = drawn.choice(acts)
            print(f"  {act.__name__}, {len(waiting)} receipts to come", flush=True)
            act()
            done[act.__name__] += 1
            with suppress(TryAgain):
                connect(node.url).mine()
            time.sleep(drawn.random() * 0.3)
        _wait_until_final(client, ids, node)
        agent.process.terminate()
        agent.process.wait()
        _compare(config, town, receipts)
    return done


def _record(town: Town, path: Path) -> None:
    """Write the record of the deployment that a town made, as `energy-trading deploy` would."""
    from dataclasses import replace

    from energy_trading.bindings.suite import PARTS, plan

    parameters = town.suite.parameters()
    deployer = town.community.dso.address
    first = next(
        n for n in range(50) if plan(deployer, n, parameters)[0].address == town.suite.ledger.address
    )
    record = Record.of(town.chain, deployer, parameters)
    made = plan(deployer, first, parameters)
    contracts = {}
    for part, creation in zip(PARTS, made, strict=True):
        old = record.contracts[part.name]
        contracts[part.name] = replace(
            old, address=creation.address, arguments="0x" + creation.arguments.hex()
        )
    from eth_utils.crypto import keccak

    contracts = {
        name: replace(each, code_hash="0x" + keccak(town.chain.code(each.address)).hex())
        for name, each in contracts.items()
    }
    replace(record, first_nonce=first, from_block=0, contracts=contracts).write(path)


def _insist(call: Callable[[], Any]) -> Any:
    """Ask until there is an answer: whoever hands something over repeats it."""
    while True:
        try:
            return call()
        except AgentAway:
            time.sleep(0.1)


def _wait_until_final(client: AgentClient, ids: list[str], node: Node) -> None:
    while True:
        with suppress(TryAgain):
            connect(node.url).mine()
        states = Counter(_insist(lambda id=id: client.intent(id))["state"] for id in ids)  # type: ignore[misc]
        if set(states) == {"final"}:
            return
        assert not set(states) & {"failed", "expired", "unfunded", "cancelled"}, states
        time.sleep(0.2)


def _compare(config: AgentConfig, town: Town, receipts: list[Delivery]) -> None:
    """Check that each receipt counted once, and that the index is the chain's log."""
    suite = type(town.suite).at(connect(town.url), town.suite.addresses)
    events = read_events(suite.chain, suite.markets, 0)
    confirmed = Counter(event.trade_id for event in events if isinstance(event, DeliveryConfirmed))
    assert confirmed == Counter(receipt.terms.struct_hash() for receipt in receipts), "not each once"
    service = Service(config, town.key, suite)
    while service.indexer.step():
        pass
    service.view.refresh()
    held = table_of(service)
    assert service.view.fold.accounts == replay(events, suite.parameters())
    assert service.status()["alarm"] is None
    from energy_trading.agent.index import forget

    forget(service.store)
    while service.indexer.step():
        pass
    assert table_of(service) == held, "the index is not what the chain has"
    service.records.check()
    service.store.close()


def main() -> None:
    """Run every database and seed, and print what was done."""
    kills, trades, seeds = (
        int(word) for word in (sys.argv[1:] + ["100", "60", "3"][len(sys.argv) - 1 :])[:3]
    )
    for kind in ("sqlite", "postgresql"):
        for seed in range(1, seeds + 1):
            done = run(kind, seed, kills, trades)
            acts = sum(n for name, n in done.items() if name not in ("posts", "answers"))
            shown = ", ".join(f"{name} {count}" for name, count in sorted(done.items()))
            print(
                f"{kind}, seed {seed}: {acts} disturbances ({shown}); {trades} receipts, each once",
                flush=True,
            )


if __name__ == "__main__":
    main()
