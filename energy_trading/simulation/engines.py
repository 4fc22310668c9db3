"""Opens a venue by its name: the rules in memory, revm, eth-tester, Anvil, or any test node by its URL."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

from energy_trading.bindings import SuiteParameters, deploy
from energy_trading.bindings.suite import plan
from energy_trading.chain.connect import Chain, NodeError, connect
from energy_trading.chain.in_process import in_process, revm
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.simulation.venues import InMemory, OnChain, Rules, Venue

#: what a scenario may name as its venue, besides the URL of a node
ENGINES: Final = ("memory", "revm", "eth-tester", "anvil")
#: id of the chain in memory, and on revm and Anvil
CHAIN_ID: Final = 1337
_COIN: Final = 10**18
_WAIT_SECONDS: Final = 60


@contextmanager
def opened(
    engine: str,
    keys: Sequence[SecretKey],
    genesis_time: int,
    chain_id: int = CHAIN_ID,
    *,
    history: bool = True,
) -> Iterator[Chain | None]:
    """Start a chain, and end it with the block.

    Args:
        engine: one of `ENGINES`, or the http(s) URL of a test node, one that lets its time be set.
        keys: who sends; each has coins there afterwards.
        genesis_time: unix seconds at which the chain begins; that of a node by URL has begun before.
        chain_id: id of the chain; eth-tester and a node by URL have their own.
        history: keep logs for `Chain.logs`; see `in_process.revm`.

    Yields:
        The chain; None for the rules in memory.

    Raises:
        BadInput: there is no such engine, or what it needs is not installed.
        NodeError: no node answers at the URL, or it is no test node.
    """
    if engine == "memory":
        yield None
    elif engine == "revm":
        yield revm(keys, genesis_time, chain_id, history=history)
    elif engine == "eth-tester":
        yield in_process("shanghai", keys, genesis_time)
    elif engine == "anvil":
        with _anvil(genesis_time, chain_id) as url:
            chain = _funded(connect(url), keys)
            # As on the other engines, and not by the clock on the wall: a run can be made again.
            chain._rpc("anvil_setBlockTimestampInterval", 1)
            yield chain
    elif engine.startswith(("http://", "https://")):
        yield _funded(connect(engine), keys)
    else:
        raise BadInput(f"there is no venue {engine}; use one of {', '.join(ENGINES)}, or the URL of a node")


def venue_at(
    chain: Chain | None,
    deployer: SecretKey,
    parameters: SuiteParameters,
    now: int,
    chain_id: int = CHAIN_ID,
) -> Venue:
    """Begin a market.

    Args:
        chain: what `opened` gave.
        deployer: who sends the deployment, as its first transactions.
        parameters: what is fixed for ever.
        now: unix seconds, for the rules in memory.
        chain_id: for the rules in memory.
    """
    if chain is not None:
        return OnChain(deploy(chain, deployer, parameters))
    addresses = {creation.name: creation.address for creation in plan(deployer.address, 0, parameters)}
    return InMemory(Rules.of(parameters, chain_id, addresses, now=now), now)


def _funded(chain: Chain, keys: Sequence[SecretKey]) -> Chain:
    """Let everybody have coins, as Anvil, Hardhat's node and Ganache can."""
    for key in keys:
        for method in ("anvil_setBalance", "hardhat_setBalance", "evm_setAccountBalance"):
            try:
                chain._rpc(method, key.address, hex(10**6 * _COIN))
                break
            except NodeError:
                continue
        else:
            raise NodeError("a simulation needs a test node, one that can set balances and its own time")
    return chain


@contextmanager
def _anvil(genesis_time: int, chain_id: int) -> Iterator[str]:
    """Run Anvil on a free port."""
    program = shutil.which("anvil")
    if program is None:
        raise BadInput("the venue anvil needs Foundry's anvil on the PATH: see https://getfoundry.sh")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ("--timestamp", str(genesis_time), "--chain-id", str(chain_id), "--hardfork", "shanghai")
    command = (program, "--silent", "--host", "127.0.0.1", "--port", str(port), *options)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - our own program
        try:
            for _ in range(_WAIT_SECONDS * 20):
                if process.poll() is not None:
                    raise NodeError("anvil ended before it listened")
                with suppress(OSError):
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
