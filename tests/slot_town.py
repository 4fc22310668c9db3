"""A slot market on a node, with verifiers as processes of their own and homes in this one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from eth_utils.crypto import keccak

from energy_trading import (
    CouncilSettings,
    HomeLink,
    HomeRecords,
    MqttHomeLink,
    SignedOrder,
    SignedSlotReading,
    SlotSettings,
    Suite,
    SuiteParameters,
    connect,
    deploy_recorded,
)
from energy_trading.crypto.keys import SecretKey
from energy_trading.meter.signers import P256Meter, Secp256k1Meter
from energy_trading.types import AccountAttestation, Order, Reading, SlotState
from tests.nodes import free_port, wait_for

EURO = 10**9
SLOT, TURN, POST, WINDOW, ANSWER = 900, 240, 1680, 600, 600
LOCKED, CAP = 100 * EURO, 10 * EURO
CHAIN_ID = 31337


@contextmanager
def mosquitto(folder: Path) -> Iterator[int]:
    """The port of a broker of our own, without memory of earlier runs."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("no broker here: mosquitto is not installed (apt-get install mosquitto)")
    port, settings = free_port(), folder / "mosquitto.conf"
    settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
    with subprocess.Popen([program, "-c", str(settings)], stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(port, process)
            yield port
        finally:
            process.terminate()


class SlotTown:
    """The market, its people, and the processes of its verifiers."""

    def __init__(
        self,
        url: str,
        folder: Path,
        members: int,
        homes: int,
        broker: int | None = None,
        slots: dict[str, Any] | None = None,
        **council: Any,
    ) -> None:
        self.url, self.folder, self.broker = url, folder, broker
        self.chain = connect(url, CHAIN_ID)
        self.dso, self.pkg, self.treasury = (SecretKey.from_int(7000 + i) for i in range(3))
        self.members = [SecretKey.from_int(7100 + i) for i in range(members)]
        self.numbers = {SecretKey.from_int(7100 + i).address: 7100 + i for i in range(members)}
        self.owners = [SecretKey.from_int(7300 + i) for i in range(homes)]
        for key in (self.dso, *self.members, *self.owners):
            self._rpc("anvil_setBalance", key.address, hex(10**24))
        times: dict[str, Any] = {
            "turn_seconds": TURN,
            "post_seconds": POST,
            "window_seconds": WINDOW,
            "answer_seconds": ANSWER,
            "ring": 64,
        }
        parameters = SuiteParameters(
            self.dso.address,
            self.pkg.address,
            self.treasury.address,
            slot_seconds=(slots or {}).pop("slot_seconds", SLOT),
            slots=SlotSettings(**{**times, **(slots or {})}),
            council=CouncilSettings(**council),
        )
        self.parameters = parameters
        self.record = folder / "deployment.json"
        self.suite: Suite = deploy_recorded(self.chain, self.dso, parameters, self.record).open(self.chain)
        self.domain = self.suite.slots_domain
        self.records = HomeRecords(None, self.domain)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.ports = {key.address: free_port() for key in self.members}
        self.meters: list[Any] = [self._meter(i) for i in range(homes)]
        self._people()

    def _meter(self, i: int) -> Any:
        if i % 2:
            return P256Meter(ec.derive_private_key(900 + i, ec.SECP256R1()), self.suite.p256_verifier)
        return Secp256k1Meter(SecretKey.from_int(7500 + i))

    def _people(self) -> None:
        suite, council = self.suite, self.suite.council
        now = self.chain.now()
        for key in (*self.members, *self.owners):
            attestation = AccountAttestation(key.address, 3, b"\xce" * 32, b"\xa1", now + 10**6)
            signature = self.pkg.sign_digest(suite.ledger_domain.digest(attestation))
            suite.ledger.open_account(attestation, signature, b"").send(key)
            funds = 500 * EURO
            suite.ledger.deposit(key.address, funds, value=funds * self.parameters.unit).send(key)
        for i, key in enumerate(self.members):
            stake = self.parameters.council.min_stake
            council.request_join(i, keccak(text=f"certificate {i}"), stake).send(key)
        council.found([key.address for key in self.members]).send(self.dso)
        self.chain.mine()
        council.redraw().send(self.dso)
        for i, key in enumerate(self.owners):
            suite.ledger.register_meter(key.address, self.meters[i].signer).send(self.dso)
            suite.slots.join(CAP).send(key)
            suite.slots.lock(LOCKED).send(key)

    def _rpc(self, method: str, *params: object) -> Any:
        return self.chain.web3.provider.make_request(method, list(params))  # type: ignore[arg-type]

    # ------------------------------------------------------------ processes

    def start(self, member: str, **changes: Any) -> None:
        """Start a verifier as a process of its own, or start it again."""
        config = self.folder / f"{member}.json"
        listen = f"127.0.0.1:{self.ports[member]}"
        over_http = self.broker is None
        settings = {
            "rpc": self.url,
            "deployment": str(self.record),
            "store": str(self.folder / f"{member}.db"),
            "members": {m: f"http://127.0.0.1:{p}" if over_http else "" for m, p in self.ports.items()},
            "chain_id": CHAIN_ID,
            "listen": listen,
            "broker": None if over_http else f"127.0.0.1:{self.broker}",
            "collect_seconds": 120,
            "finalise_every": 1,
            "poll_milliseconds": 200,
            **changes,
        }
        config.write_text(json.dumps(settings))
        command = [sys.executable, "-m", "energy_trading", "verifier", "run", "--config", str(config)]
        secret = self.numbers[member].to_bytes(32, "big").hex()
        log = (self.folder / f"{member}.log").open("ab")
        env = {**os.environ, "ENERGY_TRADING_KEY": secret}
        self.processes[member] = subprocess.Popen(command, env=env, stdout=log, stderr=log)
        log.close()

    def kill(self, member: str) -> None:
        """End a process at once, wherever it is (kill -9)."""
        process = self.processes.pop(member)
        process.kill()
        process.wait()

    def close(self) -> None:
        """End all processes."""
        for member in list(self.processes):
            self.kill(member)

    def logs(self) -> str:
        """What the processes have said, for a test that fails."""
        return "\n".join(f"{p.name}: {p.read_text()[-1500:]}" for p in sorted(self.folder.glob("0x*.log")))

    def ready(self, member: str) -> None:
        """Wait until a verifier serves."""
        try:
            wait_for(self.ports[member], self.processes[member])
        except AssertionError:
            raise AssertionError(f"{member} has ended: {self.logs()}") from None

    # ------------------------------------------------------------ homes

    @contextmanager
    def homes(self) -> Iterator[Any]:
        """The homes' link to the verifiers: over the broker if there is one, else over HTTP."""
        link: Any
        if self.broker is not None:
            accounts = [owner.address for owner in self.owners]
            link = MqttHomeLink("127.0.0.1", self.broker, self.domain, accounts, self.records)
        else:
            link = HomeLink([f"http://127.0.0.1:{self.ports[m]}" for m in self.processes], self.records)
        try:
            yield link
        finally:
            link.close()

    def signed_order(self, home: int, first: int, slots: int = 1, **changes: Any) -> SignedOrder:
        """A home's order that accepts every price."""
        plain = {"buy_limit": 2**32, "sell_limit": 0, "max_spend": CAP, "nonce": first, **changes}
        order = Order(self.owners[home].address, first, first + slots - 1, **plain)
        return SignedOrder.sign(order, self.owners[home], self.domain)

    def signed_reading(self, home: int, slot: int, net: int) -> SignedSlotReading:
        """What a home's meter measured."""
        return SignedSlotReading.sign(
            Reading(self.owners[home].address, slot, net), self.meters[home], self.domain
        )

    # ------------------------------------------------------------ time

    @property
    def slot_seconds(self) -> int:
        return self.parameters.slot_seconds

    def now_slot(self) -> int:
        return self.chain.now() // self.slot_seconds

    def go(self, time_: int) -> None:
        """Let the chain's clock reach a time."""
        if self.chain.now() < time_:
            self.chain.mine(time_)

    def wait(self, what: Any, *, over: float = 0.1) -> None:
        """Wait until something holds; it must come, unless a process has ended."""
        while not what():
            for member, process in self.processes.items():
                assert process.poll() is None, f"{member} has ended: {self.logs()}"
            time.sleep(over)

    def state(self, slot: int) -> SlotState:
        """State of a slot on the chain."""
        return SlotState(self.suite.slots.state_of(slot))

    def run_slot(self, link: Any, nets: Sequence[int]) -> int:
        """A slot from the orders to the post, by running verifiers."""
        slot = self.now_slot() + 1
        for home in range(len(nets)):
            link.order(self.signed_order(home, slot))
        self.settle_down()
        self.go(slot * self.slot_seconds)
        self.go((slot + 1) * self.slot_seconds)
        self.settle_down()
        for home, net in enumerate(nets):
            link.reading(self.signed_reading(home, slot, net))
        self.wait(lambda: self.state(slot) == SlotState.POSTED)
        return slot

    def settle_down(self) -> None:
        """Give messages and steps that are under way a moment; being late costs a slot's energy, no more."""
        time.sleep(1)

    def total(self) -> int:
        """Units of account in everybody's hands: what must not change."""
        suite, people = (
            self.suite,
            {k.address for k in (*self.members, *self.owners, self.dso, self.treasury)},
        )
        seats = [suite.council.member_of(account) for account in people]
        return (
            sum(suite.ledger.account_of(account).available for account in people)
            + sum(seat.stake + seat.owed for seat in seats)
            + sum(suite.slots.owed(account) for account in people)
            + suite.slots.locked()
        )
