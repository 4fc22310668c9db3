"""A deployed market and the people in it, for tests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from energy_trading.bindings import Suite, SuiteParameters, deploy
from energy_trading.bindings.contract import Sent
from energy_trading.chain.connect import Chain
from energy_trading.chain.in_process import in_process
from energy_trading.crypto.keys import SecretKey
from energy_trading.meter.signers import Secp256k1Meter
from energy_trading.types import (
    SIGNED_NONCE,
    ZERO_ADDRESS,
    AccountAttestation,
    Delivery,
    Energy,
    Receipt,
    Role,
    Terms,
)

GENESIS = 1_614_556_800  # 2021-03-01 00:00 UTC
PRODUCER, CONSUMER, PROSUMER = Role.PRODUCER, Role.CONSUMER, Role.PROSUMER
EURO = 10**9  # units of account
FUNDS = 1_000 * EURO


@dataclass
class World:
    """A deployed market and the people in it; every account is open, funded and has a meter.

    `alice`, `bob` and `carol` are prosumers; `seller` may only sell, `buyer` only buy; `stranger` has coins
    for gas and no account.
    """

    chain: Chain
    suite: Suite
    dso: SecretKey
    pkg: SecretKey
    treasury: SecretKey
    alice: SecretKey
    bob: SecretKey
    carol: SecretKey
    seller: SecretKey
    buyer: SecretKey
    stranger: SecretKey
    meters: dict[str, Secp256k1Meter]
    nonce: int = 0

    @property
    def ledger(self) -> Any:
        return self.suite.ledger

    @property
    def market(self) -> Any:
        return self.suite.market

    def account(self, key: SecretKey | str) -> Any:
        return self.ledger.account_of(key if isinstance(key, str) else key.address)

    def attest(self, account: str, roles: int = PROSUMER, **changes: Any) -> tuple[AccountAttestation, bytes]:
        """PKG's attestation of an account and its signature."""
        signer = changes.pop("signer", self.pkg)
        domain = changes.pop("domain", self.suite.ledger_domain)
        a = AccountAttestation(account, roles, b"\xce" * 32, b"\xa1" * 64, self.chain.now() + 3600)
        a = replace(a, **changes)
        return a, signer.sign_digest(domain.digest(a))

    def enrol(self, key: SecretKey, roles: int = PROSUMER, funds: int = FUNDS) -> None:
        """Open, fund and meter an account."""
        self.ledger.open_account(*self.attest(key.address, roles)).send(self.stranger)
        if funds:
            call = self.ledger.deposit(key.address, funds, value=funds * EURO)
            call.send(self.stranger)
        meter = Secp256k1Meter(SecretKey.from_int(int(key.address, 16) % 2**200 + 1))
        self.meters[key.address] = meter
        self.ledger.register_meter(key.address, meter.signer).send(self.dso)

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

    def sign_offer(self, terms: Terms, key: SecretKey) -> bytes:
        return key.sign_digest(self.suite.market_domain.digest(terms))

    def make(self, seller: SecretKey, **changes: Any) -> Terms:
        terms = self.terms(seller, **changes)
        self.market.make_offer(terms).send(seller)
        return terms

    def accepted(self, seller: SecretKey, buyer: SecretKey, **changes: Any) -> Terms:
        terms = self.make(seller, **changes)
        self.market.accept_offer(terms).send(buyer)
        return terms

    def receipt(
        self, terms: Terms, buyer: SecretKey, energy: bytes | int | None = None, **changes: Any
    ) -> Delivery:
        """A receipt by the buyer's meter: all of it, or `energy` Wh."""
        raw = terms.energy if energy is None else energy
        raw = Energy.plain(raw) if isinstance(raw, int) else Energy(raw)
        meter = changes.pop("meter", self.meters[buyer.address])
        domain = changes.pop("domain", self.suite.market_domain)
        digest = domain.digest(Receipt(self.trade_id(terms), raw))
        return replace(Delivery(terms, buyer.address, meter.signer, raw, meter.sign(digest)), **changes)

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
    dso, pkg, treasury, *people = keys
    suite = deploy(
        chain,
        dso,
        SuiteParameters(
            **{"owner": dso.address, "pkg": pkg.address, "treasury": treasury.address} | parameters
        ),
    )
    world = World(chain, suite, dso, pkg, treasury, *people[:6], meters={})
    for key in (world.alice, world.bob, world.carol):
        world.enrol(key)
    world.enrol(world.seller, PRODUCER)
    world.enrol(world.buyer, CONSUMER)
    return world
