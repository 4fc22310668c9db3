"""A deployed market and the people in it, for tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from energy_trading.bindings import Suite
from energy_trading.bindings.contract import Sent
from energy_trading.chain.connect import Chain
from energy_trading.chain.in_process import in_process
from energy_trading.crypto.keys import SecretKey
from energy_trading.meter.signers import Secp256k1Meter
from energy_trading.simulation.people import EURO as EURO  # units of account
from energy_trading.simulation.people import GENESIS as GENESIS
from energy_trading.simulation.people import Community
from energy_trading.types import SIGNED_NONCE, ZERO_ADDRESS, Energy, Role, Terms

PRODUCER, CONSUMER, PROSUMER = Role.PRODUCER, Role.CONSUMER, Role.PROSUMER
FUNDS = 1_000 * EURO


class World(Community):
    """A deployed market and the people in it; every account is open, funded and has a meter.

    `alice`, `bob` and `carol` are prosumers; `seller` may only sell, `buyer` only buy; `stranger` has coins
    for gas and no account, and pays for what anyone may send.
    """

    pkg: SecretKey

    def __init__(
        self,
        chain: Chain,
        suite: Suite | None,
        dso: SecretKey,
        pkg: SecretKey,
        treasury: SecretKey,
        *people: SecretKey,
        meters: dict[str, Any],
        **parameters: Any,
    ) -> None:
        self.alice, self.bob, self.carol, self.seller, self.buyer, self.stranger = people
        super().__init__(chain, suite, dso, pkg, treasury, self.stranger, **parameters)
        self.meters = meters
        self.nonce = 0

    def account(self, key: SecretKey | str) -> Any:
        return self.ledger.account_of(key if isinstance(key, str) else key.address)

    def enrol(self, who: Any, roles: int = PROSUMER, funds: int = FUNDS, meter: Any = None) -> None:
        """Open, fund and meter an account."""
        key = SecretKey.from_int(int(who.address, 16) % 2**200 + 1)
        super().enrol(who, roles, funds, meter or Secp256k1Meter(key))

    def terms(self, seller: SecretKey | str, *, signed: bool = False, **changes: Any) -> Terms:
        """Terms of 1 kWh for 0.20 euro: acceptable for an hour, to be delivered within two."""
        self.nonce += 1
        now = self.chain.now()
        return replace(
            Terms(
                seller if isinstance(seller, str) else seller.address,
                ZERO_ADDRESS,
                Energy.plain(1000),
                EURO // 5,
                now + 3600,
                now + 7200,
                self.nonce + (SIGNED_NONCE if signed else 0),
            ),
            **changes,
        )

    def trade_id(self, terms: Terms) -> bytes:
        return terms.struct_hash()

    def make(self, seller: SecretKey, **changes: Any) -> Terms:
        terms = self.terms(seller, **changes)
        self.market.make_offer(terms).send(seller)
        return terms

    def accepted(self, seller: SecretKey, buyer: SecretKey, **changes: Any) -> Terms:
        terms = self.make(seller, **changes)
        self.market.accept_offer(terms).send(buyer)
        return terms

    def deliver(self, terms: Terms, buyer: SecretKey, energy: int | None = None) -> Sent:
        sent: Sent = self.market.confirm_delivery(self.receipt(terms, buyer, energy)).send(self.stranger)
        return sent

    def pass_time(self, until: int) -> None:
        """Let the next block's time be `until` or later."""
        self.chain.mine(until - 1)


def build_world(**parameters: Any) -> World:
    """Deploy a suite on a fresh chain and fill it with people."""
    keys = [SecretKey.from_int(1000 + i) for i in range(10)]
    chain = in_process(accounts=keys, genesis_time=GENESIS)
    world = World(chain, None, *keys[:9], meters={}, **parameters)
    for key in (world.alice, world.bob, world.carol):
        world.enrol(key)
    world.enrol(world.seller, PRODUCER)
    world.enrol(world.buyer, CONSUMER)
    return world
