"""The gateway's configuration: one TOML file without secrets, each value checked where it stands."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from eth_utils.address import is_address, to_checksum_address

from energy_trading.errors import BadInput
from energy_trading.files.whole_file import unreadable
from energy_trading.types import MAX_UNITS

KINDS: Final = ("p1", "sml", "mqtt")
REGISTERS: Final = ("import", "export", "time")
#: thousandths of a Wh, numerator and denominator
ENERGY_UNITS: Final = {
    "Wh": (1000, 1),
    "kWh": (10**6, 1),
    "MWh": (10**9, 1),
    "J": (1000, 3600),
    "kJ": (10**6, 3600),
    "Wmin": (1000, 60),
}
TIME_UNITS: Final = {"s": (1, 1), "ms": (1, 1000)}
_MOST_SLOTS: Final = 96  # of one standing order
_DAY_S: Final = 86_400


@dataclass(frozen=True)
class RegisterMapping:
    """Where one value of a meter stands in MQTT.

    Args:
        topic: of the broker, without wildcards.
        path: keys and places in the JSON payload, with dots between; empty: the payload is a number.
        register: one of `REGISTERS`; several entries of one register are added, as tariffs are.
        unit: of `ENERGY_UNITS`, or for the time of `TIME_UNITS`.
    """

    topic: str
    path: str
    register: str
    unit: str


@dataclass(frozen=True)
class SourceConfig:
    """Where the meter is read.

    Args:
        kind: one of `KINDS`.
        device: serial device, such as /dev/ttyUSB0; empty for TCP and MQTT.
        baud: of the serial device.
        host: of the TCP port or the broker; empty for a serial device.
        port: of the host.
        tls: whether the broker is reached by TLS.
        username: for the broker; its password is in ENERGY_TRADING_MQTT_PASSWORD.
        registers: of MQTT.
    """

    kind: str
    device: str
    baud: int
    host: str
    port: int
    tls: bool
    username: str
    registers: tuple[RegisterMapping, ...]


@dataclass(frozen=True)
class MeterConfig:
    """The meter, and the key that signs for it.

    Args:
        names: serial numbers of the meters that may be read, newest last. Sources that name none (MQTT) are
            read under the last one.
        max_gap: seconds between two samples within which a mark may be interpolated.
        max_watts: the most that the home can draw or feed in.
        key_file: encrypted key file; empty if the key is elsewhere.
        pkcs11: URI of the key in a token; empty if the key is elsewhere.
        command: program that signs; empty if the key is elsewhere.
        public_key: file of the command's public key.
    """

    names: tuple[str, ...]
    max_gap: int
    max_watts: int
    key_file: str
    pkcs11: str
    command: str
    public_key: str


@dataclass(frozen=True)
class OrderConfig:
    """The home's standing order in the slot market; money in units of account.

    Args:
        buy_limit: highest price at which the home buys, per Wh.
        sell_limit: lowest price at which the home sells, per Wh.
        max_spend: most that the home pays in one slot, fee included.
        slots: length of each order.
        renew: how many slots before its end the next order is made.
        key_file: the account's encrypted key file, which signs them; empty if signed orders are handed in.
    """

    buy_limit: int
    sell_limit: int
    max_spend: int
    slots: int
    renew: int
    key_file: str


@dataclass(frozen=True)
class GatewayConfig:
    """What an installer decides; paths are absolute or relative to the file's folder.

    Args:
        state: folder of the journals.
        rpc: URL of the node.
        deployment: record of the market's deployment.
        account: the home's account.
        keep_seconds: how often the newest sample is written to the disk.
        poll_seconds: pause between two looks at the chain.
        agents: URLs of agents, in the order in which they are asked to carry receipts.
        nodes: URLs of verifier nodes.
        carry_seconds: a receipt that is not on chain this long after an agent took it goes to the next one.
        margin_seconds: a receipt that is not on chain so long before its deadline is sent by the gateway.
        sender_file: encrypted key file of the account that pays for that; empty: the gateway never sends.
        meter: the meter.
        source: where it is read.
        order: the standing order; None: the home has none.
    """

    state: Path
    rpc: str
    deployment: Path
    account: str
    keep_seconds: int
    poll_seconds: float
    agents: tuple[str, ...]
    nodes: tuple[str, ...]
    carry_seconds: int
    margin_seconds: int
    sender_file: str
    meter: MeterConfig
    source: SourceConfig
    order: OrderConfig | None

    @classmethod
    def read(cls, path: Path) -> GatewayConfig:
        """Read and check the file.

        Raises:
            BadInput: it cannot be read, is no TOML, or a value is missing, unknown or wrong; the error names
                the place.
        """
        try:
            given = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise unreadable("--config", path, error) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadInput(f"{path} is not TOML: {error}") from error
        return cls.of(given, path.resolve().parent, str(path))

    @classmethod
    def of(cls, given: Mapping[str, Any], folder: Path, name: str = "the configuration") -> GatewayConfig:
        """Check what a file says.

        Args:
            given: the tables of the file.
            folder: that relative paths begin at.
            name: of the file, for errors.

        Raises:
            BadInput: as `read`.
        """
        top = _Table(name, "", given)
        meter = _meter(top.table("meter"), folder)
        source = _source(top.table("source"))
        if source.kind == "mqtt" and not meter.names:
            raise BadInput(f"{name}: [meter] names must name the meter, because MQTT does not")
        order = _order(top.table("order"), folder) if "order" in given else None
        config = cls(
            state=folder / top.text("state", "gateway"),
            rpc=top.url("rpc"),
            deployment=folder / top.text("deployment"),
            account=top.address("account"),
            keep_seconds=top.integer("keep_seconds", 60, 1, 3600),
            poll_seconds=top.number("poll_seconds", 15.0, 0.05, 3600.0),
            agents=top.urls("agents"),
            nodes=top.urls("nodes"),
            carry_seconds=top.integer("carry_seconds", 600, 1, _DAY_S),
            margin_seconds=top.integer("margin_seconds", 900, 1, _DAY_S),
            sender_file=top.file("sender_file", folder),
            meter=meter,
            source=source,
            order=order,
        )
        top.done()
        return config


def _meter(table: _Table, folder: Path) -> MeterConfig:
    meter = MeterConfig(
        names=table.texts("names"),
        max_gap=table.integer("max_gap", 300, 1, 7200),
        max_watts=table.integer("max_watts", 60_000, 100, 10**8),
        key_file=table.file("key_file", folder),
        pkcs11=table.text("pkcs11", ""),
        command=table.text("command", ""),
        public_key=table.file("public_key", folder),
    )
    table.done()
    if sum(map(bool, (meter.key_file, meter.pkcs11, meter.command))) != 1:
        raise table.wrong("must have exactly one of key_file, pkcs11 and command")
    if bool(meter.command) != bool(meter.public_key):
        raise table.wrong("must have both command and public_key, or neither")
    return meter


def _source(table: _Table) -> SourceConfig:
    kind = table.choice("kind", KINDS)
    tls = table.flag("tls", False)
    source = SourceConfig(
        kind=kind,
        device=table.text("device", ""),
        baud=table.integer("baud", 9600 if kind == "sml" else 115_200, 300, 4_000_000),
        host=table.text("host", ""),
        port=table.integer("port", (8883 if tls else 1883) if kind == "mqtt" else 0, 0, 65_535),
        tls=tls,
        username=table.text("username", ""),
        registers=tuple(map(_mapping, table.tables("registers"))),
    )
    table.done()
    if kind == "mqtt":
        if source.device or not source.host:
            raise table.wrong("must have a host and no device, because its kind is mqtt")
        named = [entry.register for entry in source.registers]
        if "import" not in named and "export" not in named:
            raise table.wrong("must have [[source.registers]] for import, export or both")
        if named.count("time") > 1:
            raise table.wrong("must have at most one [[source.registers]] for the time")
        return source
    if source.registers or source.tls or source.username:
        raise table.wrong(f"must not have registers, tls or username, because its kind is {kind}")
    if bool(source.device) == bool(source.host):
        raise table.wrong("must have either a device or a host")
    if source.host and not source.port:
        raise table.wrong("must have the port of the host")
    return source


def _mapping(table: _Table) -> RegisterMapping:
    register = table.choice("register", REGISTERS)
    entry = RegisterMapping(
        topic=table.text("topic"),
        path=table.text("path", ""),
        register=register,
        unit=table.choice("unit", tuple(TIME_UNITS if register == "time" else ENERGY_UNITS)),
    )
    table.done()
    if re.search("[#+\0]", entry.topic):
        raise table.wrong(f"topic must have no wildcard, unlike {entry.topic!r}")
    return entry


def _order(table: _Table, folder: Path) -> OrderConfig:
    order = OrderConfig(
        buy_limit=table.integer("buy_limit", None, 0, 2**32 - 1),
        sell_limit=table.integer("sell_limit", None, 0, 2**32 - 1),
        max_spend=table.integer("max_spend", None, 0, MAX_UNITS),
        slots=table.integer("slots", _MOST_SLOTS, 1, _MOST_SLOTS),
        renew=table.integer("renew", 8, 1, _MOST_SLOTS),
        key_file=table.file("key_file", folder),
    )
    table.done()
    if order.renew > order.slots:
        raise table.wrong(f"renew must be at most slots, {order.slots}, not {order.renew}")
    return order


class _Table:
    """One table of the file; whatever nobody asked for is refused by `done`."""

    def __init__(self, name: str, place: str, given: Any) -> None:
        self._name, self._place = name, place
        if not isinstance(given, dict):
            raise BadInput(f"{name}: {place or 'the file'} must be a table")
        self._given, self._asked = given, set[str]()

    def wrong(self, what: str) -> BadInput:
        """Return the error for a value of this table."""
        return BadInput(f"{self._name}: {self._place + ' ' if self._place else ''}{what}")

    def done(self) -> None:
        """Refuse a key that does not exist."""
        if unknown := sorted(self._given.keys() - self._asked):
            known = ", ".join(sorted(self._asked))
            raise self.wrong(f"has no key {unknown[0]!r}; the keys are {known}")

    def table(self, key: str) -> _Table:
        """Return an inner table."""
        self._asked.add(key)
        return _Table(self._name, f"[{key}]", self._given.get(key, {}))

    def tables(self, key: str) -> list[_Table]:
        """Return a list of tables."""
        self._asked.add(key)
        entries = self._given.get(key, [])
        if not isinstance(entries, list):
            raise self.wrong(f"{key} must be a list of tables, [[{self._place[1:-1]}.{key}]]")
        place = f"[[{self._place[1:-1]}.{key}]] number"
        return [_Table(self._name, f"{place} {i}:", entry) for i, entry in enumerate(entries, 1)]

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text."""
        value = self._get(key, default)
        if not isinstance(value, str):
            raise self.wrong(f"{key} must be a text, not {value!r}")
        if default is None and not value:
            raise self.wrong(f"{key} must not be empty")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts, empty by default."""
        value = self._get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise self.wrong(f"{key} must be a list of texts that are not empty, not {value!r}")
        return tuple(value)

    def integer(self, key: str, default: int | None, least: int, most: int) -> int:
        """Return an integer within limits, which are included."""
        value = self._get(key, default)
        if type(value) is not int or not least <= value <= most:
            raise self.wrong(f"{key} must be an integer between {least} and {most}, not {value!r}")
        return value

    def number(self, key: str, default: float, least: float, most: float) -> float:
        """Return a number within limits, which are included."""
        value = self._get(key, default)
        if type(value) not in (int, float) or not least <= value <= most:
            raise self.wrong(f"{key} must be a number between {least:g} and {most:g}, not {value!r}")
        return float(value)

    def flag(self, key: str, default: bool) -> bool:
        """Return true or false."""
        value = self._get(key, default)
        if not isinstance(value, bool):
            raise self.wrong(f"{key} must be true or false, not {value!r}")
        return value

    def choice(self, key: str, allowed: tuple[str, ...]) -> str:
        """Return one of some words."""
        value = self._get(key, None)
        if value not in allowed:
            raise self.wrong(f"{key} must be one of {', '.join(allowed)}, not {value!r}")
        return str(value)

    def address(self, key: str) -> str:
        """Return an address with its checksum."""
        value = self._get(key, None)
        if not isinstance(value, str) or not is_address(value):
            raise self.wrong(f"{key} must be an address of 20 bytes in hex, not {value!r}")
        return str(to_checksum_address(value))

    def file(self, key: str, folder: Path) -> str:
        """Return the path of a file; empty if none is given."""
        value = self.text(key, "")
        return str(folder / value) if value else ""

    def url(self, key: str) -> str:
        """Return a URL."""
        return self._checked_url(key, self._get(key, None))

    def urls(self, key: str) -> tuple[str, ...]:
        """Return a list of URLs, empty by default."""
        return tuple(self._checked_url(key, value).rstrip("/") for value in self.texts(key))

    def _checked_url(self, key: str, value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(r"https?://[^\s/]+(/\S*)?", value):
            # Not repeated: a URL may contain a password.
            raise self.wrong(f"{key} must be a URL that begins with http:// or https://")
        return value

    def _get(self, key: str, default: Any) -> Any:
        self._asked.add(key)
        if key in self._given:
            return self._given[key]
        if default is None:
            raise self.wrong(f"{key} is missing")
        return default
