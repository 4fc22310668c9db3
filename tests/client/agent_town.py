"""A market on Anvil with homes, and agents on it whose rounds the test runs one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import select

from energy_trading.agent.api import make_app
from energy_trading.agent.client import AgentClient
from energy_trading.agent.config import AgentConfig
from energy_trading.agent.demo import Home, settle_in
from energy_trading.agent.service import Service
from energy_trading.agent.tables import blocks, effects, logs
from energy_trading.bindings.suite import Suite
from energy_trading.chain.connect import Chain, connect
from energy_trading.crypto.keys import SecretKey
from energy_trading.market.intents.intent import Intent
from energy_trading.market.intents.signer import IntentSigner
from energy_trading.market.trade.offer import Offer, Trade
from energy_trading.market.trade.trader import Trader
from energy_trading.meter.smart_meter import Reading, SmartMeter
from energy_trading.simulation.people import EURO
from energy_trading.types import Delivery

PRICE = EURO // 5
SLOT = 900


class Town:
    """Homes on a chain; those with even numbers sell here, those with odd numbers buy.

    Args:
        url: of an Anvil.
        count: number of homes.
    """

    def __init__(self, url: str, count: int = 6) -> None:
        self.url = url
        self.chain: Chain = connect(url)
        self.community, self.homes = settle_in(self.chain, count)
        self.suite: Suite = self.community.suite
        self.key: SecretKey = self.community.agent
        self.time = float(self.chain.now())
        self.new_meters()

    def new_meters(self) -> None:
        """Forget what the meters read and signed; their keys stay registered."""
        domain, meters = self.suite.market_domain, self.community.meters
        keys = [home.key for home in self.homes]
        self.homes = [Home(key, SmartMeter(meters[key.address], domain)) for key in keys]
        self.drawn = dict.fromkeys(range(len(keys)), 0)

    def config(self, database: str, **changes: Any) -> AgentConfig:
        """The configuration of an agent that waits for nothing."""
        fixed: dict[str, Any] = {
            "rpc": self.url,
            "database": database,
            "final_blocks": 3,
            "remember_blocks": 32,
            "batch_seconds": 0,
            "margin_seconds": 0,
            "rate": 100_000,
            "anchor_records": 0,
        }
        return AgentConfig(**{**fixed, **changes})

    def agent(
        self, database: str, suite: Suite | None = None, key: SecretKey | None = None, **changes: Any
    ) -> Service:
        """An agent whose clock the test winds (`time`)."""
        return Service(
            self.config(database, **changes), key or self.key, suite or self.suite, clock=lambda: self.time
        )

    def another_suite(self) -> Suite:
        """The same market through a connection of its own, which a test can break."""
        return Suite.at(connect(self.url), self.suite.addresses)

    def trader(self, i: int) -> Trader:
        return Trader(self.suite, self.homes[i].key, self.homes[i].meter)

    def signer(self, i: int, **more: Any) -> IntentSigner:
        return IntentSigner(self.suite, self.homes[i].key, self.homes[i].meter, **more)

    def offer(self, seller: int = 0, energy_wh: int = 1000, price: int = PRICE, **more: Any) -> Offer:
        """A signed offer that can be accepted for an hour."""
        now = self.chain.now()
        return self.trader(seller).sign_offer(energy_wh, price, now + 3600, now + 7200, **more)

    def purchase(self, offer: Offer, buyer: int = 1, **more: Any) -> Intent:
        start = offer.terms.accept_by
        limits = {"deadline": self.chain.now() + 600, **more}
        return self.signer(buyer).purchase(offer, start, start + SLOT, **limits)

    def bid(self, buyer: int = 1, **more: Any) -> Intent:
        now = self.chain.now()
        limits: dict[str, Any] = {
            "min_wh": 1,
            "max_wh": 5000,
            "max_price_per_mwh": PRICE * 1000,
            "slot_start": now,
            "slot_end": now + 8000,
            "deadline": now + 600,
        }
        return self.signer(buyer).bid(**{**limits, **more})

    def receipt(self, offer: Offer, buyer: int = 1, delivered_wh: int | None = None) -> Delivery:
        """The receipt of a purchase whose slot has passed."""
        meter, start = self.homes[buyer].meter, offer.terms.accept_by
        wh = offer.energy_wh if delivered_wh is None else delivered_wh
        last = meter.last_reading
        if last is None or last.time < start:
            meter.record(Reading(start, self.drawn[buyer], 0))
        self.drawn[buyer] += wh
        meter.record(Reading(start + SLOT, self.drawn[buyer], 0))
        signed = meter.sign_receipt(offer.trade_id)
        return Delivery(
            offer.terms, self.homes[buyer].key.address, signed.signer, signed.energy, signed.signature
        )

    def accepted(self, offer: Offer, buyer: int = 1) -> Trade:
        """The trade of an offer, accepted by the buyer itself."""
        start = offer.terms.accept_by
        return self.trader(buyer).accept(offer, start, start + SLOT)

    def mine(self, count: int = 1) -> None:
        for _ in range(count):
            self.chain.mine()


def settle(service: Service, town: Town, blocks: int = 4, rounds: int = 3) -> None:
    """Let an agent carry everything, and let what it carried become final."""
    for _ in range(rounds):
        service.round()
    town.mine(blocks)
    for _ in range(2):
        service.round()


def state(service: Service, answer: dict[str, Any]) -> str:
    """How something that was handed over stands now."""
    from energy_trading.agent.intents import get

    with service.store.reading() as connection:
        row = get(connection, answer["id"])
    assert row is not None
    return str(row.state)


def tamper(suite: Suite, change: Callable[[str, list[Any], Callable[[], Any]], Any]) -> None:
    """Stand between a suite and its node.

    Args:
        suite: with a connection of its own.
        change: is called with method, parameters and what makes the real request; it returns the answer.
    """
    provider: Any = suite.chain.web3.provider
    real = provider.make_request
    provider.make_request = lambda method, params: change(str(method), params, lambda: real(method, params))
    provider._request_func_cache = (None, None)


def table_of(service: Service) -> dict[str, Any]:
    """Everything that the index holds, for comparison."""
    with service.store.reading() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in (blocks, logs, effects)
        }


@contextmanager
def client_of(service: Service, chain: Chain | None = None, **more: Any) -> Iterator[AgentClient]:
    """A client that speaks to the service in this process."""
    with TestClient(make_app(service, **more), base_url="http://localhost") as http:
        yield AgentClient("http://localhost", chain, http)


def sqlite(folder: Path, name: str = "agent") -> str:
    """The URL of a database in a file."""
    return f"sqlite:///{folder / name}.db"
