"""The agent's commands, on a real node."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from energy_trading.agent.config import AgentConfig
from energy_trading.agent.store import Store, set_fact
from energy_trading.agent.tables import records
from energy_trading.bindings.deployment import deploy_recorded
from energy_trading.bindings.suite import SuiteParameters
from energy_trading.chain.connect import connect
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from tests.client.agent_town import Town
from tests.client.cli_runs import cli
from tests.nodes import ANVIL, free_port, wait_for


@pytest.fixture
def home(town: Town, tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A configuration on a recorded deployment, and the environment with the relayer's key."""
    chain = connect(town.url)
    key = town.key
    parameters = SuiteParameters(key.address, key.address, town.community.treasury.address)
    deploy_recorded(chain, key, parameters, tmp_path / "market.json", lambda _: None, False)
    config = tmp_path / "agent.toml"
    done = cli("agent", "init", "--config", config, "--rpc", town.url, "--deployment", "market.json")
    assert done.status == 0, done.err
    return config, {"ENERGY_TRADING_KEY": "0x" + key.reveal().hex()}


def test_init_check_status_rebuild(home: tuple[Path, dict[str, str]], town: Town) -> None:
    """A configuration is written once and private; the other commands state how things are."""
    config, env = home
    assert config.stat().st_mode & 0o777 == 0o600
    again = cli("agent", "init", "--config", config)
    assert (again.status, "not overwritten" in again.err) == (1, True)
    checked = cli("agent", "check", "--config", config, env=env)
    assert checked.status == 0, checked.err
    assert town.key.address in checked.out
    empty = cli("agent", "rebuild", "--config", config, env=env)
    assert "nothing to rebuild" in empty.err
    assert cli("records", "verify", "--config", config, env=env).status == 0
    assert cli("agent", "rebuild", "--config", config, env=env).out.startswith("rebuilt up to block")
    shown = cli("agent", "status", "--config", config, "--json", env=env).json
    assert (shown["indexed_block"], shown["alarm"], shown["lag_blocks"]) == (town.chain.height(), None, 0)


def test_status_fails_with_an_alarm(home: tuple[Path, dict[str, str]]) -> None:
    """A stopped index is an exit status, so that a watchdog notices."""
    config, env = home
    cli("records", "verify", "--config", config, env=env)
    store = Store(AgentConfig.read(config).database)
    with store.writing() as connection:
        set_fact(connection, "alarm", "the node lied")
    store.close()
    done = cli("agent", "status", "--config", config, env=env)
    assert (done.status, "the node lied" in done.err) == (1, True)
    assert cli("agent", "rebuild", "--config", config, env=env).status == 0
    assert cli("agent", "status", "--config", config, env=env).status == 0


def test_records_verify_finds_a_change(home: tuple[Path, dict[str, str]], tmp_path: Path, town: Town) -> None:
    """The command computes every record again and fails at the first that differs (S-8)."""
    config, env = home
    changed = town.config(f"sqlite:///{tmp_path / 'agent.db'}", final_blocks=1)
    text = AgentConfig.read(config).to_toml().replace("final_blocks = 64", "final_blocks = 1")
    config.write_text(text, "utf-8")
    town.suite = _suite(config, town)
    _one_trade(town, changed)
    assert cli("records", "verify", "--config", config, "--json", env=env).json["records"] == 1
    store = Store(changed.database)
    with store.writing() as connection:
        connection.execute(update(records).values(root=b"\x66" * 32))
    store.close()
    done = cli("records", "verify", "--config", config, env=env)
    assert (done.status, "record 1 of trade" in done.err) == (1, True)
    town.suite = town.community.suite


def _suite(config: Path, town: Town) -> Any:
    from energy_trading.bindings.deployment import Record

    record = Record.read(Path(AgentConfig.read(config).deployment))
    return record.open(town.chain)


def _one_trade(town: Town, config: AgentConfig) -> None:
    """Make, withdraw and record one offer on the recorded market."""
    from energy_trading.agent.service import Service
    from energy_trading.market.trade.trader import Trader
    from energy_trading.simulation.people import Community

    community = Community(town.chain, town.suite, town.key, town.key, town.community.treasury, town.key)
    community.enrol(town.homes[0].key, funds=10**9)
    seller = Trader(town.suite, town.homes[0].key)
    now = town.chain.now()
    seller.give_up(seller.offer(10, 1000, now + 600, now + 900))
    town.mine(3)
    service = Service(config, town.key, town.suite)
    service.round()
    assert service.records.head() is not None
    service.store.close()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nonsense = 1", "there is no key 'nonsense'"),
        ("port = 'x'", "port must be of type int"),
        ("port = true", "port must be of type int"),
        ("port = ", "is not TOML"),
        ("poll_seconds = 0", "poll_seconds must be 0.01 or more"),
        ("final_blocks = 9\nremember_blocks = 8", "remember_blocks must be final_blocks or more"),
        ("verifiers = ['ftp://x']", "begins with http"),
        ("supplier = 'me'", "supplier must be an address"),
    ],
)
def test_a_wrong_configuration_is_one_sentence(tmp_path: Path, text: str, says: str) -> None:
    """It names the key and what would be right."""
    path = tmp_path / "agent.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(BadInput, match=says):
        AgentConfig.read(path)
    done = cli("agent", "check", "--config", path)
    assert (done.status, done.err.count("\n")) == (1, 1)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    """Every key survives, also a number beyond TOML's 64 bits."""
    made = AgentConfig(daily_budget=2**70, verifiers=("http://a", "http://b"), database="sqlite:////tmp/x.db")
    path = tmp_path / "agent.toml"
    path.write_text(made.to_toml(), "utf-8")
    read = AgentConfig.read(path)
    assert (read.daily_budget, read.verifiers, read.database) == (2**70, made.verifiers, made.database)


def test_the_service_runs_and_ends(home: tuple[Path, dict[str, str]]) -> None:
    """`agent run` serves until it is ended, and leaves no secret in what it writes."""
    import os

    config, env = home
    port = free_port()
    config.write_text(config.read_text("utf-8").replace("port = 8080", f"port = {port}"), "utf-8")
    command = [sys.executable, "-m", "energy_trading", "agent", "run", "--config", str(config)]
    out = (config.parent / "out.txt").open("wb")
    with subprocess.Popen(command, env={**os.environ, **env}, stdout=out, stderr=out) as process:
        try:
            wait_for(port, process)
            answer = httpx.get(f"http://127.0.0.1:{port}/v1/config", timeout=60)
            assert answer.json()["chain_id"] == "31337"
        finally:
            process.terminate()
    text = (config.parent / "out.txt").read_text("utf-8")
    assert env["ENERGY_TRADING_KEY"][2:] not in text
    assert "GET /v1/config 200" in text


@pytest.mark.slow
@pytest.mark.skipif(not ANVIL.is_file(), reason="Anvil is not in node_modules")
def test_demo_ends_every_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve homes trade through an agent; the command succeeds only if each order ended."""
    monkeypatch.setenv("PATH", f"{ANVIL.parent}:/usr/bin:/bin")
    done = cli("agent", "demo", "--for", "1", "--port", "0")
    assert done.status == 0, done.err
    for line in ("receipt        3 final", "purchase       3 final", "cancellation   1 final"):
        assert line in done.out, done.out


def test_a_key_is_needed(home: tuple[Path, dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the relayer's key the command says how to give it."""
    monkeypatch.delenv("ENERGY_TRADING_KEY", raising=False)
    done = cli("agent", "check", "--config", home[0])
    assert (done.status, "ENERGY_TRADING_KEY" in done.err) == (1, True)
    assert isinstance(SecretKey.generate(), SecretKey)
