"""A minute of the market agent: a chain, the contracts, the agent and twelve homes that trade through it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from energy_trading.agent.client import ENDED, AgentClient
from energy_trading.agent.config import AgentConfig
from energy_trading.agent.service import Service
from energy_trading.bindings.suite import Suite
from energy_trading.chain.connect import Chain, connect
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput, TryAgain
from energy_trading.market.intents.signer import IntentSigner
from energy_trading.market.trade.offer import Trade
from energy_trading.market.trade.trader import Trader
from energy_trading.meter.signers import Secp256k1Meter
from energy_trading.meter.smart_meter import Reading, SmartMeter
from energy_trading.simulation.people import EURO, Community
from energy_trading.types import Delivery

if TYPE_CHECKING:
    import uvicorn

HOMES: Final = 12
_FUNDS: Final = 4 * EURO
#: seconds in which an offer can be accepted, of delivery, and in which its receipt can be submitted
_ACCEPT_S: Final = 8
_SLOT_S: Final = 4
_RECEIPT_S: Final = 40
_ANVIL: Final = ("anvil", "node_modules/.bin/anvil")


@contextmanager
def anvil(*options: str) -> Iterator[str]:
    """Run an Anvil on a free port of this machine; yield its URL.

    Raises:
        BadInput: Anvil is not installed.
    """
    found = next((path for path in map(shutil.which, _ANVIL) if path), None)
    if found is None:
        raise BadInput("the demo needs Anvil (`make setup` installs it where it exists for the system)")
    port = free_port()
    command = [found, "--silent", "--port", str(port), *options]
    with subprocess.Popen(  # noqa: S603 - a program of this environment
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            while True:
                if process.poll() is not None:
                    raise TryAgain("Anvil ended before it listened")
                with suppress(OSError):
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def serving(service: Service, rounds: bool = True) -> Iterator[str]:
    """Run a service and its HTTP server in threads; yield the address.

    Args:
        service: with a port of its own; it is closed at the end.
        rounds: whether to run its rounds, too; else the caller does.
    """
    import uvicorn

    from energy_trading.agent.api import make_app

    config = uvicorn.Config(
        make_app(service),
        host=service.config.host,
        port=service.config.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="http", daemon=True)
    if rounds:
        service.start()
    thread.start()
    try:
        _wait_until_started(server, thread)
        yield f"http://{service.config.host}:{service.config.port}"
    finally:
        server.should_exit = True
        thread.join()
        service.stop()


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    while not server.started:
        if not thread.is_alive():
            raise TryAgain("the HTTP server did not start; is its port taken?")
        time.sleep(0.02)


@dataclass
class Home:
    """A simulated home.

    Args:
        key: of its account.
        meter: its meter.
    """

    key: SecretKey
    meter: SmartMeter


def settle_in(chain: Chain, count: int, seed: int = 7000) -> tuple[Community, list[Home]]:
    """Deploy a market on a test chain and let homes in, each with money and a registered meter.

    Args:
        chain: whose accounts the node funds.
        count: number of homes.
        seed: the keys follow from it; they are for test chains only.
    """
    keys = [SecretKey.from_int(seed + i) for i in range(count + 4)]
    dso, pkg, treasury, agent = keys[:4]
    rich = chain.accounts[0]
    for key in keys:
        chain.send(key.address, b"", rich, value=100 * 10**18, gas=21_000)
    community = Community(chain, None, dso, pkg, treasury, agent)
    homes = []
    for i, key in enumerate(keys[4:]):
        signer = Secp256k1Meter(SecretKey.from_int(seed + 500 + i))
        community.enrol(key, funds=_FUNDS, meter=signer)
        homes.append(Home(key, SmartMeter(signer, community.suite.market_domain)))
    return community, homes


class Street:
    """Homes that trade through an agent, round after round.

    Args:
        suite: the market.
        homes: the first half sells, the second half buys.
        client: speaks to the agent.
    """

    def __init__(self, suite: Suite, homes: list[Home], client: AgentClient) -> None:
        half = len(homes) // 2
        self._suite, self._client = suite, client
        self._sellers = [Trader(suite, home.key) for home in homes[:half]]
        self._buyers = [(IntentSigner(suite, home.key, home.meter), home.meter) for home in homes[half:]]
        self._due: list[tuple[int, Trade, SmartMeter]] = []
        #: ids of everything that was handed over
        self.ids: list[str] = []

    def trade(self, number: int) -> None:
        """Let every seller share an offer; half of the buyers buy a reserved one, the others ask for energy.

        There is one open offer fewer than there are requests, and one seller cancels what it shared.
        """
        now = self._suite.chain.now()
        start = now + _ACCEPT_S
        times = start, start + _SLOT_S + _RECEIPT_S
        *sellers, fickle = self._sellers
        buying, asking = self._buyers[::2], self._buyers[1::2]
        for i, seller in enumerate(sellers):
            signer, meter = buying[i] if i < len(buying) else (None, None)
            reserved = None if signer is None else signer.address
            offer = seller.sign_offer(800 + i, (150 + 5 * i) * EURO // 1000, *times, buyer=reserved)
            self.ids.append(self._client.share(offer)["id"])
            if signer is not None and meter is not None:
                intent = signer.purchase(offer, start, start + _SLOT_S, deadline=start)
                self.ids.append(self._client.submit(intent)["id"])
                order: Any = intent.order
                self._due.append((start, Trade(offer, signer.address, order.receipt_key), meter))
        spare = fickle.sign_offer(900, EURO // 10, *times)
        self.ids.append(self._client.share(spare)["id"])
        cancels = IntentSigner(self._suite, fickle.key)
        self.ids.append(self._client.submit(cancels.cancel(spare, deadline=now + 30))["id"])
        for signer, _ in asking:
            bid = signer.bid(
                min_wh=500,
                max_wh=2000,
                max_price_per_mwh=300 * EURO + number,
                slot_start=now,
                slot_end=times[1],
                deadline=start,
            )
            self.ids.append(self._client.submit(bid)["id"])

    def deliver(self) -> int:
        """Hand over the receipts of the slots that have ended; return how many trades still wait."""
        now, ready = self._suite.chain.now(), []
        for start, trade, meter in list(self._due):
            if now <= start + _SLOT_S:
                continue
            self._due.remove((start, trade, meter))
            last = meter.last_reading
            before = 0 if last is None else last.import_wh
            meter.record(Reading(start, before, 0))
            meter.record(Reading(start + _SLOT_S, before + trade.offer.energy_wh, 0))
            receipt = meter.sign_receipt(trade.offer.trade_id)
            terms, signed = trade.offer.terms, receipt.signature
            ready.append(Delivery(terms, trade.buyer, receipt.signer, receipt.energy, signed))
        if ready:
            for result in self._client.receipts(ready):
                if result["intent"] is not None:
                    self.ids.append(result["intent"]["id"])
        return len(self._due)

    def states(self) -> dict[str, Counter[str]]:
        """Return how many of each kind are in which state now."""
        found: dict[str, Counter[str]] = {}
        for id in self.ids:
            intent = self._client.intent(id)
            found.setdefault(intent["kind"], Counter())[intent["state"]] += 1
        return found


def demo(folder: Path, seconds: float | None, port: int, say: Callable[[str], None]) -> bool:
    """Run the demo.

    Args:
        folder: for the database.
        seconds: how long the homes trade; None until the caller is interrupted.
        port: where the agent listens; 0 takes a free one.
        say: gets lines of text.

    Returns:
        Whether everything that was handed over ended.

    Raises:
        BadInput: Anvil is missing.
    """
    with anvil() as rpc:
        chain = connect(rpc)
        say(f"chain      {rpc} (Anvil, one block a second)")
        # Blocks by time would make the deployment slow: until the homes live here, every call makes one.
        community, homes = settle_in(chain, HOMES)
        chain._rpc("evm_setAutomine", False)
        chain._rpc("evm_setIntervalMining", 1)
        config = AgentConfig(
            rpc=rpc,
            database=f"sqlite:///{folder.resolve() / 'agent.db'}",
            port=port or free_port(),
            final_blocks=2,
            poll_seconds=0.2,
            batch_seconds=1,
            margin_seconds=3,
            bump_seconds=10,
            anchor_records=10,
            rate=100_000,
        )
        service = Service(config, community.agent, community.suite)
        with serving(service) as url:
            say(f"agent      {url}/v1 (try {url}/v1/offers, {url}/metrics)")
            client = AgentClient(url, chain)
            return _live(Street(community.suite, homes, client), service, seconds, say)


def _live(street: Street, service: Service, seconds: float | None, say: Callable[[str], None]) -> bool:
    start, number = time.monotonic(), 0
    _wait_until_ready(service)
    while seconds is None or time.monotonic() - start < seconds - 30 or number == 0:
        number += 1
        street.trade(number)
        end = time.monotonic() + _ACCEPT_S
        while time.monotonic() < end:
            street.deliver()
            time.sleep(0.5)
        if seconds is None:
            say(f"round {number}: {_line(street.states())}")
    while street.deliver():
        time.sleep(0.5)
    # Everything ends by its deadline and a few blocks; receipts have the latest one.
    patience = time.monotonic() + 3 * (_RECEIPT_S + _SLOT_S)
    while not _ended(states := street.states()) and time.monotonic() < patience:
        time.sleep(0.5)
    for kind, counts in sorted(states.items()):
        say(f"{kind:<14} {', '.join(f'{count} {state}' for state, count in sorted(counts.items()))}")
    status = service.status()
    place = f"block {status['indexed_block']}, final {status['final_block']}"
    say(f"index          {place}; the records are {status['records']}")
    return _ended(states)


def _wait_until_ready(service: Service) -> None:
    while service.view.head is None or not service.relayer.balance:
        time.sleep(0.05)


def _ended(states: dict[str, Counter[str]]) -> bool:
    return all(state in ENDED for counts in states.values() for state in counts)


def _line(states: dict[str, Counter[str]]) -> str:
    total: Counter[str] = sum(states.values(), Counter())
    return ", ".join(f"{count} {state}" for state, count in sorted(total.items()))
