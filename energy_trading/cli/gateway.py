"""`gateway`: reads a home's meter continuously, signs what it measured, and hands it over."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from energy_trading.cli.deployment import PASSWORD, key_from_file
from energy_trading.cli.files import check_new, write_json
from energy_trading.cli.meter import MeterKey
from energy_trading.cli.output import AsJson, console, error_console, plain_line, print_json, time_of
from energy_trading.errors import BadInput
from energy_trading.files._json import read_json, to_hex
from energy_trading.files.whole_file import unwritable

if TYPE_CHECKING:
    from energy_trading.bindings.deployment import Record
    from energy_trading.crypto.keys import SecretKey
    from energy_trading.gateway.config import GatewayConfig
    from energy_trading.gateway.gateway import Gateway
    from energy_trading.meter.signers import ReceiptSigner

MQTT_PASSWORD: Final = "ENERGY_TRADING_MQTT_PASSWORD"  # noqa: S105 - the name of the variable
SENDER_PASSWORD: Final = "ENERGY_TRADING_SENDER_PASSWORD"  # noqa: S105 - the name of the variable
_WAIT: Final = 1.0

ConfigFile = Annotated[Path, typer.Option("--config", metavar="FILE", help="The gateway's configuration.")]

group = typer.Typer(help="A home's meter gateway: init, check, run, status; hand in orders and purchases.")

TEMPLATE: Final = """\
# The gateway of one home. Paths are relative to this file. docs/gateway.md explains every value.
rpc = "http://127.0.0.1:8545"           # a node of the chain
deployment = "deployments/31337.json"   # the record of the market's deployment
account = "0x0000000000000000000000000000000000000000"
state = "gateway"                       # folder of the journals
agents = ["http://127.0.0.1:8080"]      # asked in this order
# nodes = ["http://127.0.0.1:8090"]     # verifier nodes of the slot market
# sender_file = "sender.key"            # pays for receipts that no agent brought on chain

[meter]
names = []                              # serial numbers that may be read; empty: the first that is seen
max_gap = 300                           # seconds
max_watts = 60000
key_file = "meter.key"                  # or pkcs11 = "…", or command = "…" and public_key = "…"

[source]
kind = "p1"                             # p1, sml or mqtt
device = "/dev/ttyUSB0"                 # or host = "…" and port = …

# [order]                               # the standing order in the slot market, units of account per Wh
# buy_limit = 250000
# sell_limit = 100000
# max_spend = 1000000000
# key_file = "account.key"              # without it, signed orders are handed in
"""


@group.command()
def init(config: ConfigFile) -> None:
    """Write a configuration to fill in, which explains itself."""
    check_new("--config", config)
    try:
        config.write_text(TEMPLATE, encoding="utf-8")
    except OSError as error:
        raise unwritable("--config", config, error.strerror) from error
    console.print(f"{config} is written: fill it in, then run gateway check", markup=False)


@group.command()
def check(config: ConfigFile, as_json: AsJson = False) -> None:
    """Check the configuration, the keys and the market, without reading the meter or signing anything."""
    from energy_trading.chain.connect import connect
    from energy_trading.gateway.config import GatewayConfig
    from energy_trading.market.trade.offer import receipt_key

    read = GatewayConfig.read(config)
    record = _record(read)
    suite = record.open(connect(read.rpc, record.chain_id))
    signer = _signer(read, suite.p256_verifier)
    registered = suite.ledger.meter_of(read.account)
    if receipt_key(signer.signer) != registered:
        raise BadInput(
            f"the key of [meter], {to_hex(signer.signer)}, is not the meter registered for {read.account}"
        )
    account_key, sender = _keys(read)
    facts = {
        "account": read.account,
        "meter": to_hex(signer.signer),
        "source": read.source.device or f"{read.source.host}:{read.source.port}",
        "standing_orders": "none" if read.order is None else "signed here" if account_key else "handed in",
        "sender": None if sender is None else sender.address,
        "agents": list(read.agents),
        "nodes": list(read.nodes),
    }
    _print(facts, as_json)


@group.command()
def run(
    config: ConfigFile,
    seconds: Annotated[
        float | None, typer.Option("--for", help="Stop after this many seconds; default: never.")
    ] = None,
) -> None:
    """Read the meter until the process ends. What it must not forget is on the disk before it is said."""
    import signal
    import threading
    import time

    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    from energy_trading.gateway.config import GatewayConfig

    gateway = open_gateway(GatewayConfig.read(config))
    end = None if seconds is None else time.monotonic() + seconds
    _say("the gateway reads the meter")
    try:
        while not stop.is_set() and (end is None or time.monotonic() < end):
            gateway.step(_WAIT)
    finally:
        gateway.close()
    _say("the gateway has stopped")


@group.command()
def status(config: ConfigFile, as_json: AsJson = False) -> None:
    """Show what the gateway wrote about itself at its last look at the chain."""
    from energy_trading.gateway.config import GatewayConfig
    from energy_trading.gateway.gateway import STATUS

    path = GatewayConfig.read(config).state / STATUS
    if not path.exists():
        raise BadInput(f"there is no {path}: the gateway has not run yet")
    _print(read_json("status", path), as_json)


@group.command()
def order(
    config: ConfigFile, file: Annotated[Path, typer.Argument(metavar="ORDER", help="A signed order.")]
) -> None:
    """Hand in a standing order that the account has signed elsewhere."""
    from energy_trading.gateway.config import GatewayConfig
    from energy_trading.market.slots.messages import SignedOrder

    read = GatewayConfig.read(config)
    signed = SignedOrder.from_json(read_json("ORDER", file))
    _hand_in(read, f"order-{signed.order.nonce}.json", signed.to_json())


@group.command()
def allot(
    config: ConfigFile,
    offer: Annotated[Path, typer.Argument(metavar="OFFER", help="File of the offer that is to be bought.")],
    start: Annotated[str, typer.Option("--from", metavar="TIME", help="Start of delivery.")],
    end: Annotated[str, typer.Option("--to", metavar="TIME", help="End of delivery, exclusive.")],
) -> None:
    """Hand in a purchase before it is signed, so that the meter will sign its receipt."""
    from energy_trading.gateway.config import GatewayConfig
    from energy_trading.market.trade.offer import Offer

    read = GatewayConfig.read(config)
    made = Offer.from_json(read_json("OFFER", offer))
    slot = {"from": time_of("--from", start), "to": time_of("--to", end)}
    _hand_in(read, f"trade-{made.trade_id.hex()}.json", {"offer": made.to_json(), **slot})


def open_gateway(config: GatewayConfig) -> Gateway:
    """Open everything that a gateway needs. The node may be away.

    Raises:
        BadInput: a file is missing or wrong, or the journals are of another meter or market.
        JournalLocked, JournalCorrupt: see `Journal`.
        SourceMissing: a library is not installed.
    """
    from energy_trading.chain.connect import connect
    from energy_trading.gateway.client import AgentPost, NodePost
    from energy_trading.gateway.clock import ChainClock
    from energy_trading.gateway.gateway import Gateway, Receiver, Told
    from energy_trading.gateway.home import GatewayHome
    from energy_trading.gateway.market import HomeMarket
    from energy_trading.gateway.registers import Registers
    from energy_trading.gateway.sources import open_source
    from energy_trading.market.trade.offer import receipt_key
    from energy_trading.types import Domain

    record, told = _record(config), Told(_say)
    signer = _signer(config, record.contracts["P256Verifier"].address)
    account_key, sender = _keys(config)
    try:
        config.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable("state", config.state, error.strerror) from error
    home = GatewayHome(
        config.state,
        signer,
        config.account,
        Domain("OfferMarket", record.chain_id, record.contracts["OfferMarket"].address),
        Domain("SlotMarket", record.chain_id, record.contracts["SlotMarket"].address),
        record.parameters.slot_seconds,
        config.meter.names,
        Registers(config.meter.max_gap, config.meter.max_watts),
        told,
        config.keep_seconds,
    )
    clock = ChainClock(lambda: connect(config.rpc, record.chain_id))

    def market() -> HomeMarket:
        suite = record.open(clock.chain)
        key = receipt_key(signer.signer)
        return HomeMarket(suite, config.account, key, record.from_block, told, home.records, sender)

    name = config.meter.names[-1] if config.meter.names else "meter"
    source = open_source(config.source, name, os.environ.get(MQTT_PASSWORD), clock.now, told)
    return Gateway(
        home,
        source,
        clock,
        [
            *(Receiver(AgentPost(f"{url}/v1"), True) for url in config.agents),
            *(Receiver(NodePost(url), False) for url in config.nodes),
        ],
        market,
        config.state,
        told,
        order=config.order,
        account_key=account_key,
        sender=sender,
        poll_seconds=config.poll_seconds,
        carry_seconds=config.carry_seconds,
        margin_seconds=config.margin_seconds,
    )


def _record(config: GatewayConfig) -> Record:
    from energy_trading.bindings.deployment import Record

    record = Record.read(config.deployment)
    if not record.finished:
        raise BadInput(f"the deployment in {config.deployment} is not finished")
    return record


def _signer(config: GatewayConfig, verifier: str) -> ReceiptSigner:
    meter = config.meter
    key = MeterKey(
        Path(meter.key_file) if meter.key_file else None,
        meter.pkcs11 or None,
        meter.command or None,
        Path(meter.public_key) if meter.public_key else None,
    )
    return key.open_for(lambda: verifier)


def _keys(config: GatewayConfig) -> tuple[SecretKey | None, SecretKey | None]:
    """Open the key that signs standing orders and the one that pays for receipts, where there are any."""
    account_key = sender = None
    if config.order is not None and config.order.key_file:
        account_key = key_from_file("[order] key_file", Path(config.order.key_file), PASSWORD)
        if account_key.address != config.account:
            raise BadInput(f"[order] key_file is that of {account_key.address}, not of {config.account}")
    if config.sender_file:
        sender = key_from_file("sender_file", Path(config.sender_file), SENDER_PASSWORD)
    return account_key, sender


def _hand_in(config: GatewayConfig, name: str, content: dict[str, Any]) -> None:
    from energy_trading.gateway.gateway import INBOX

    inbox = config.state / INBOX
    if not inbox.is_dir():
        raise BadInput(f"there is no folder {inbox}: the gateway has not run yet")
    write_json("inbox", inbox / name, content, replace=True)
    console.print(f"{inbox / name} is handed in; gateway status shows what became of it", markup=False)


def _print(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(facts)
        return
    for name, value in facts.items():
        if isinstance(value, list | dict):
            lines = value.items() if isinstance(value, dict) else enumerate(value, 1)
            console.print(f"{name.replace('_', ' ')}:", markup=False)
            for key, item in lines:
                console.print(f"  {key}: {plain_line(str(item))}", markup=False)
        else:
            console.print(f"{name.replace('_', ' ')}: {'-' if value is None else value}", markup=False)


def _say(line: str) -> None:
    error_console.print(plain_line(line), markup=False)
