"""`energy-trading gateway` as an installer uses it: a real node, a real port, and kill -9 (N-3)."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from time import sleep
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from energy_trading.bindings.deployment import Record, deploy_recorded
from energy_trading.bindings.suite import SuiteParameters
from energy_trading.chain.connect import connect
from energy_trading.crypto.keys import SecretKey
from energy_trading.files.key_file import save_key
from energy_trading.market.slots.messages import SignedOrder
from energy_trading.market.trade.offer import make_offer
from energy_trading.meter.signers import Secp256k1Meter
from energy_trading.simulation.people import Community
from energy_trading.types import Order
from tests.client.cli_runs import cli
from tests.client.gateway_kit import Agent, serving
from tests.client.meter.test_meter_telegram import telegram
from tests.nodes import anvil

PASSWORDS = {"ENERGY_TRADING_METER_PASSWORD": "meter", "ENERGY_TRADING_PASSWORD": "account"}
#: Anvil's first account, which is no secret
RICH = SecretKey.from_int(0xAC0974BEC39A17E36BA4A6B4D238FF944BACB478CBED5EFCAE784D7BF4F2FF80)


def shown(time: int, import_wh: int) -> bytes:
    """Return the telegram of a meter at a time."""
    local = datetime.fromtimestamp(time, ZoneInfo("Europe/Amsterdam"))
    stamp = local.strftime("%y%m%d%H%M%S") + ("S" if local.dst() else "W")
    register = f"{import_wh / 1000:010.3f}"
    return telegram(("240601141500S", stamp), ("001234.567", register)).encode()


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path, Any]]:
    """A market on Anvil with one home: node, folder and suite."""
    folder = tmp_path_factory.mktemp("home")
    with anvil() as url:
        chain = connect(url)
        parameters = SuiteParameters(RICH.address, RICH.address, SecretKey.from_int(77).address)
        deploy_recorded(chain, RICH, parameters, folder / "market.json", lambda _: None)
        suite = Record.read(folder / "market.json").open(chain)
        home, meter = SecretKey.from_int(78), SecretKey.from_int(79)
        people = Community(chain, suite, RICH, RICH, SecretKey.from_int(77), RICH)
        people.enrol(home, meter=Secp256k1Meter(meter))
        save_key(folder / "meter.key", meter, "meter", work_factor=2)
        save_key(folder / "account.key", home, "account", work_factor=2)
        yield url, folder, suite


def write_config(market: tuple[str, Path, Any], agent: str, port: int, name: str = "home.toml") -> Path:
    url, folder, _ = market
    path = folder / name
    path.write_text(
        f'rpc = "{url}"\ndeployment = "market.json"\naccount = "{SecretKey.from_int(78).address}"\n'
        f'agents = ["{agent}"]\npoll_seconds = 0.1\nkeep_seconds = 1\n'
        '[meter]\nkey_file = "meter.key"\n'
        f'[source]\nkind = "p1"\nhost = "127.0.0.1"\nport = {port}\n'
        '[order]\nbuy_limit = 250000\nsell_limit = 90000\nmax_spend = 1000000\nkey_file = "account.key"\n'
    )
    return path


def test_gateway_runs_is_killed_and_goes_on(market: tuple[str, Path, Any]) -> None:
    """N-3, Z-4: it reads a port, signs, posts; kill -9 in the middle costs nothing; status shows it."""
    _, _, suite = market
    agent = Agent(suite.market_domain, suite.slots_domain)
    start = suite.chain.now() // 900 * 900 - 1800
    with serving(agent), socket.create_server(("127.0.0.1", 0)) as port:
        config = write_config(market, agent.url, port.getsockname()[1])
        checked = cli("gateway", "check", "--config", config, "--json", env=PASSWORDS)
        assert checked.status == 0, checked.err
        assert checked.json["standing_orders"] == "signed here"
        command = [sys.executable, "-m", "energy_trading", "gateway", "run", "--config", str(config)]
        for slot in range(2):
            with subprocess.Popen(command, env={**os.environ, **PASSWORDS}) as process:
                line, _ = port.accept()
                with line:
                    line.sendall(
                        shown(start + slot * 900, 1000) + shown(start + slot * 900 + 900, 1000 + slot)
                    )
                    while len({item["slot"] for item in agent.readings}) <= slot:
                        assert process.poll() is None
                        sleep(0.05)
                    process.send_signal(signal.SIGKILL if slot == 0 else signal.SIGTERM)
                    assert process.wait() == (-signal.SIGKILL if slot == 0 else 0)
        readings = {(item["slot"], item["net_wh"]) for item in agent.readings}
        assert readings == {(start // 900, 0), (start // 900 + 1, -1)}
        assert agent.orders
        status = cli("gateway", "status", "--config", config, "--json")
        assert status.json["last_reading"] == start + 1800
        assert "meter: E0047000001234" in cli("gateway", "status", "--config", config).lines


def test_check_finds_what_is_wrong(market: tuple[str, Path, Any], tmp_path: Path) -> None:
    """Each mistake of an installer is one line: no file, a wrong password, a key that is not registered."""
    _, folder, _ = market
    config = write_config(market, "http://127.0.0.1:1", 9, "wrong.toml")
    text = config.read_text()
    for old, new, error in (
        ("meter.key", "account.key", "the password does not open it"),
        ('key_file = "meter.key"', 'key_file = "none.key"', "none.key does not exist"),
        ("market.json", "none.json", "none.json cannot be read"),
        ("[source]", "[sauce]", "[source] kind is missing"),
    ):
        config.write_text(text.replace(old, new))
        done = cli("gateway", "check", "--config", config, env=PASSWORDS)
        assert (done.status, len(done.err.splitlines())) == (1, 1), done.err
        assert error in done.err
    save_key(folder / "other.key", SecretKey.from_int(80), "meter", work_factor=2)
    config.write_text(text.replace("meter.key", "other.key"))
    done = cli("gateway", "check", "--config", config, env=PASSWORDS)
    assert "is not the meter registered for" in done.err


def test_init_writes_a_template_once(tmp_path: Path) -> None:
    """`gateway init` never overwrites what an installer has filled in."""
    config = tmp_path / "home.toml"
    assert cli("gateway", "init", "--config", config).status == 0
    done = cli("gateway", "init", "--config", config)
    assert (done.status, done.err) == (1, f"error: {config} exists already and is not overwritten\n")


def test_orders_and_purchases_are_handed_in(market: tuple[str, Path, Any], tmp_path: Path) -> None:
    """`gateway allot` and `gateway order` put files into the inbox of a gateway that has run."""
    _, folder, suite = market
    config = write_config(market, "http://127.0.0.1:1", 9, "inbox.toml")
    config.write_text('state = "inbox-home"\n' + config.read_text())
    offer = make_offer(RICH.address, 1000, 5, 900, 3600, nonce=1)
    (tmp_path / "offer.json").write_text(json.dumps(offer.to_json()))
    allot = ("gateway", "allot", "--config", config, tmp_path / "offer.json", "--from", "900", "--to", "1800")
    assert "the gateway has not run yet" in cli(*allot).err
    inbox = folder / "inbox-home" / "inbox"
    inbox.mkdir(parents=True)
    assert cli(*allot).status == 0
    written = json.loads((inbox / f"trade-{offer.trade_id.hex()}.json").read_text())
    assert (written["from"], written["to"], written["offer"]) == (900, 1800, offer.to_json())
    home = SecretKey.from_int(78)
    signed = SignedOrder.sign(Order(home.address, 5, 9, 2, 1, 3, 7), home, suite.slots_domain)
    (tmp_path / "order.json").write_text(json.dumps(signed.to_json()))
    assert cli("gateway", "order", "--config", config, tmp_path / "order.json").status == 0
    assert json.loads((inbox / "order-7.json").read_text()) == signed.to_json()
