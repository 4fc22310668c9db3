"""A home with a gateway for tests: a meter that is wound by hand, and an agent that checks signatures."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from energy_trading.chain.connect import Chain, NodeError
from energy_trading.crypto._signatures import canonical_signature, recover_address
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.gateway.client import AgentPost, NodePost
from energy_trading.gateway.clock import ChainClock
from energy_trading.gateway.config import OrderConfig
from energy_trading.gateway.gateway import Gateway, Receiver, Told
from energy_trading.gateway.home import GatewayHome
from energy_trading.gateway.market import HomeMarket
from energy_trading.gateway.registers import Registers, Sample
from energy_trading.market.trade.offer import terms_from_json
from energy_trading.types import Domain, Energy, Order, Reading, Receipt
from tests.world import World

SLOT = 900
METER = "E0047000001234"


class Wound:
    """A meter that shows what the test gives it, and a steady clock that goes with it."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.given: list[Sample] = []

    def steady(self) -> float:
        """Return the seconds that have passed."""
        return self.seconds

    def samples(self, seconds: float) -> list[Sample]:
        """Return what the test gave since the last call."""
        given, self.given = self.given, []
        return given

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Agent:
    """An agent over real HTTP that believes nobody: it checks each signature, and keeps what came.

    Args:
        market, slots: domains of what is signed.
        faults: answers to give instead, first to last: a status, or "lost", which keeps the items and cuts
            the connection.
    """

    market: Domain
    slots: Domain
    faults: list[int | str] = field(default_factory=list)
    receipts: list[dict[str, Any]] = field(default_factory=list)
    orders: list[dict[str, Any]] = field(default_factory=list)
    readings: list[dict[str, Any]] = field(default_factory=list)
    requests: int = 0
    url: str = ""

    def check(self, path: str, item: dict[str, Any]) -> str | None:
        """Return the code of the problem with an item; None if its signature is good."""
        signature = bytes.fromhex(item["signature"][2:])
        if path == "orders":
            account, *numbers = (item["order"][name] for name in Order.__abi__)
            order = Order(account, *map(int, numbers))
            signer = recover_address(self.slots.digest(order), signature)
            return None if signer == account else "not-signed"
        if path == "readings":
            meter = bytes.fromhex(item["meter"][2:])
            digest = self.slots.digest(Reading(item["account"], item["slot"], int(item["net_wh"])))
        else:
            meter = bytes.fromhex(item["signer"][2:])
            trade_id = terms_from_json(item["terms"]).struct_hash()
            digest = self.market.digest(Receipt(trade_id, Energy(bytes.fromhex(item["energy"][2:]))))
        return None if canonical_signature(meter, digest, signature) == signature else "not-signed"

    def answer(self, path: str, body: bytes) -> tuple[int, bytes] | None:
        """Return status and body of the answer; None cuts the connection."""
        self.requests += 1
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, int):
            return fault, json.dumps({"code": "try-again", "title": "Not now.", "status": fault}).encode()
        kind = path.removeprefix("/v1/")
        items = json.loads(body)
        results = []
        for item in items:
            code = self.check(kind, item)
            if code is None:
                getattr(self, kind).append(item)
            results.append({"problem": None if code is None else {"code": code, "status": 401}})
        return None if fault == "lost" else (200, json.dumps({"results": results}).encode())


@contextmanager
def serving(agent: Agent) -> Iterator[Agent]:
    """Let an agent listen on a port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = agent.answer(self.path, body)
            if answer is None:
                self.close_connection = True
                self.connection.close()
                return
            self.send_response(answer[0])
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer[1])))
            self.end_headers()
            self.wfile.write(answer[1])

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        # A gateway that a test kills leaves its connection behind; that is no fault of the agent.
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Say nothing."""

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        agent.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield agent
        finally:
            server.shutdown()


class Household:
    """A home of a `World` whose gateway can be started again and again on the same folder.

    Args:
        world: the market.
        key: the home's account, which has a meter there.
        folder: for the journals.
        agents: who is posted to.
        wants: the standing order; None wants none.
        max_gap: seconds between samples within which a mark is interpolated.
        node: whether the node can be reached.
        verifiers: URLs of verifier nodes.
        options: of `Gateway`, beyond those.
    """

    def __init__(
        self,
        world: World,
        key: SecretKey,
        folder: Path,
        agents: Sequence[Agent] = (),
        wants: OrderConfig | None = None,
        max_gap: int = 300,
        node: bool = True,
        verifiers: Sequence[str] = (),
        **options: Any,
    ) -> None:
        self.world, self.key, self.folder, self.agents = world, key, folder, agents
        self.wants, self.max_gap, self.options = wants, max_gap, options
        self.node, self.verifiers = node, verifiers
        self.names: tuple[str, ...] = ()
        self.said: list[str] = []
        self.meter = Wound()
        self.gateway = self.start()

    @property
    def home(self) -> GatewayHome:
        """The home behind the gateway."""
        return self.gateway.home

    def start(self) -> Gateway:
        """Start the gateway."""
        suite, account = self.world.suite, self.key.address
        told = Told(self.said.append)
        home = GatewayHome(
            self.folder,
            self.world.meters[account],
            account,
            suite.market_domain,
            slot_domain(self.world),
            SLOT,
            self.names,
            Registers(self.max_gap, 60_000),
            told,
            keep_seconds=60,
        )

        def market() -> HomeMarket:
            self._reach()
            key = suite.ledger.meter_of(account)
            return HomeMarket(suite, account, key, 0, told, home.records, self.options.get("sender"))

        return Gateway(
            home,
            self.meter,
            ChainClock(self._reach, self.meter.steady),
            [
                *(Receiver(AgentPost(f"{agent.url}/v1", seconds=60), True) for agent in self.agents),
                *(Receiver(NodePost(url, seconds=60), False) for url in self.verifiers),
            ],
            market,
            self.folder,
            told,
            order=self.wants,
            **{"account_key": self.key if self.wants else None, "poll_seconds": 0.0, **self.options},
        )

    def _reach(self) -> Chain:
        if not self.node:
            raise NodeError("the node cannot be reached")
        return self.world.chain

    def restart(self) -> None:
        """End the gateway in good order, and start it again."""
        self.gateway.close()
        self.gateway = self.start()

    def see(self, time: int, import_wh: float, export_wh: float = 0) -> None:
        """Let the meter show its registers at a time that the chain has reached already."""
        self.meter.seconds = time
        self.meter.given.append(Sample(time, round(import_wh * 1000), round(export_wh * 1000), METER))
        self.gateway.step(0)

    def show(self, time: int, import_wh: float, export_wh: float = 0, meter: str = METER) -> None:
        """Let the meter show its registers at a time, and the gateway do its work."""
        self.world.chain.mine(time)
        self.meter.seconds = time
        self.meter.given.append(Sample(time, round(import_wh * 1000), round(export_wh * 1000), meter))
        self.gateway.step(0)


def slot_domain(world: World) -> Domain:
    """Return the domain of the world's slot market."""
    return world.suite.slots_domain


def next_slot(world: World, ahead: int = 1) -> int:
    """Return the start of a slot after the chain's time, unix seconds."""
    return (world.chain.now() // SLOT + ahead) * SLOT


def order_config(**changes: Any) -> OrderConfig:
    """Return a standing order that a household may want."""
    wanted = {"buy_limit": 250_000, "sell_limit": 90_000, "max_spend": 10**9, "slots": 8, "renew": 2}
    unknown = changes.keys() - wanted.keys()
    if unknown:
        raise BadInput(f"an order has no {unknown}")
    return OrderConfig(**{**wanted, **changes}, key_file="")
