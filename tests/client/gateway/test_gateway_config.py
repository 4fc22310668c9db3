"""The gateway's configuration: a wrong value is one sentence with its place."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from energy_trading.cli.gateway import TEMPLATE
from energy_trading.errors import BadInput
from energy_trading.gateway.config import GatewayConfig, OrderConfig, RegisterMapping

P1 = """
rpc = "http://127.0.0.1:8545"
deployment = "market.json"
account = "0x00000000000000000000000000000000000000aa"
[meter]
key_file = "meter.key"
[source]
kind = "p1"
device = "/dev/ttyUSB0"
"""
MQTT = """
rpc = "https://node.example/key"
deployment = "/etc/market.json"
account = "0x00000000000000000000000000000000000000aa"
agents = ["https://agent.example/", "http://10.0.0.2:8080"]
[meter]
names = ["cellar"]
command = "sign meter"
public_key = "meter.pub"
[source]
kind = "mqtt"
host = "10.0.0.3"
tls = true
[[source.registers]]
topic = "tele/meter/SENSOR"
path = "ENERGY.Total"
register = "import"
unit = "kWh"
[[source.registers]]
topic = "solar/out"
register = "export"
unit = "Wh"
[order]
buy_limit = 250000
sell_limit = 90000
max_spend = 1000000
"""


def read(text: str) -> GatewayConfig:
    return GatewayConfig.of(tomllib.loads(text), Path("/etc/home"), "home.toml")


def test_p1_configuration_has_defaults():
    """N-3: port, key and market are enough; paths begin at the file's folder."""
    config = read(P1)
    assert (config.state, config.deployment) == (Path("/etc/home/gateway"), Path("/etc/home/market.json"))
    assert (config.source.baud, config.keep_seconds, config.order) == (115_200, 60, None)
    assert config.meter.key_file == "/etc/home/meter.key"
    assert config.account == "0x00000000000000000000000000000000000000AA"


def test_mqtt_configuration_maps_topics():
    """N-3, Z-4: mapping, TLS port, order and agents."""
    config = read(MQTT)
    assert config.source.registers == (
        RegisterMapping("tele/meter/SENSOR", "ENERGY.Total", "import", "kWh"),
        RegisterMapping("solar/out", "", "export", "Wh"),
    )
    assert (config.source.port, config.deployment) == (8883, Path("/etc/market.json"))
    assert config.order == OrderConfig(250_000, 90_000, 1_000_000, 96, 8, "")
    assert config.agents == ("https://agent.example", "http://10.0.0.2:8080")


def test_template_is_a_configuration():
    """What `gateway init` writes is read back."""
    assert read(TEMPLATE).source.device == "/dev/ttyUSB0"


@pytest.mark.parametrize(
    ("base", "old", "new", "error"),
    [
        (P1, 'kind = "p1"', 'kind = "p2"', "[source] kind must be one of p1, sml, mqtt, not 'p2'"),
        (P1, 'device = "/dev/ttyUSB0"', "", "[source] must have either a device or a host"),
        (P1, 'device = "/dev/ttyUSB0"', 'host = "p1.local"', "[source] must have the port of the host"),
        (
            P1,
            'device = "/dev/ttyUSB0"',
            "device = 3",
            "[source] device must be a text, not 3",
        ),
        (
            P1,
            'device = "/dev/ttyUSB0"',
            'host = "p1.local"\nport = 99999',
            "[source] port must be an integer between 0 and 65535, not 99999",
        ),
        (
            P1,
            'device = "/dev/ttyUSB0"',
            'device = "a"\ntls = true',
            "[source] must not have registers, tls or username, because its kind is p1",
        ),
        (P1, 'key_file = "meter.key"', "", "[meter] must have exactly one of key_file, pkcs11 and command"),
        (
            P1,
            'key_file = "meter.key"',
            'key_file = "meter.key"\nmax_gap = true',
            "[meter] max_gap must be an integer between 1 and 7200, not True",
        ),
        (
            P1,
            'key_file = "meter.key"',
            'key_file = "meter.key"\nnames = [1]',
            "[meter] names must be a list of texts that are not empty, not [1]",
        ),
        (
            P1,
            'key_file = "meter.key"',
            'key_file = "meter.key"\npublic_key = "meter.pub"',
            "[meter] must have both command and public_key, or neither",
        ),
        (P1, 'deployment = "market.json"', "", "deployment is missing"),
        (P1, 'deployment = "market.json"', 'deployment = ""', "deployment must not be empty"),
        (
            P1,
            'rpc = "http://127.0.0.1:8545"',
            'rpc = "ws://secret@node"',
            "rpc must be a URL that begins with http:// or https://",
        ),
        (
            P1,
            'account = "0x00000000000000000000000000000000000000aa"',
            'account = "0xaa"',
            "account must be an address of 20 bytes in hex, not '0xaa'",
        ),
        (P1, "[meter]", "sloth = 1\n[meter]", "has no key 'sloth'; the keys are account, agents,"),
        (P1, "[meter]", "poll_seconds = 0\n[meter]", "poll_seconds must be a number between 0.05 and 3600"),
        (P1, "[meter]", "order = 3\n[meter]", "[order] must be a table"),
        (MQTT, 'names = ["cellar"]', "", "[meter] names must name the meter, because MQTT does not"),
        (
            MQTT,
            "tls = true",
            'tls = "yes"',
            "[source] tls must be true or false, not 'yes'",
        ),
        (
            MQTT,
            'unit = "Wh"',
            'unit = "kW"',
            "[[source.registers]] number 2: unit must be one of Wh, kWh, MWh, J, kJ, Wmin, not 'kW'",
        ),
        (
            MQTT,
            'topic = "solar/out"',
            'topic = "solar/#"',
            "[[source.registers]] number 2: topic must have no wildcard, unlike 'solar/#'",
        ),
        (
            MQTT,
            "max_spend = 1000000",
            "max_spend = -1",
            "[order] max_spend must be an integer between 0 and 9223372036854775807, not -1",
        ),
        (
            MQTT,
            "max_spend = 1000000",
            "max_spend = 1\nslots = 4\nrenew = 5",
            "[order] renew must be at most slots, 4, not 5",
        ),
        (MQTT, "buy_limit = 250000", "", "[order] buy_limit is missing"),
    ],
)
def test_revert_given_wrong_value(base: str, old: str, new: str, error: str):
    """The error names the file, the table and what would be right; a URL, which may hold a key, not."""
    assert old in base
    with pytest.raises(BadInput) as raised:
        read(base.replace(old, new))
    assert str(raised.value).startswith(f"home.toml: {error}")
    assert "secret" not in str(raised.value)


def test_revert_given_no_file(tmp_path: Path):
    """A file that is not there, or is no TOML, is named."""
    path = tmp_path / "home.toml"
    with pytest.raises(BadInput, match=r"home\.toml cannot be read"):
        GatewayConfig.read(path)
    path.write_text("rpc = ")
    with pytest.raises(BadInput, match=r"home\.toml is not TOML"):
        GatewayConfig.read(path)
