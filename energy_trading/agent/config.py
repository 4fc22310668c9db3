"""The agent's configuration: one TOML file, in which nothing is secret but perhaps the database's URL."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from eth_utils.address import is_address, to_checksum_address

from energy_trading.errors import BadInput
from energy_trading.files.whole_file import unreadable

_GWEI: Final = 10**9


@dataclass(frozen=True)
class AgentConfig:
    """What an operator decides. Sums of money for gas are in wei, times in seconds.

    Args:
        rpc: URL of the node.
        deployment: record of the market's deployment.
        database: URL of the database.
        key_file: the relayer's encrypted key file; empty takes ENERGY_TRADING_KEY.
        host, port: where the service listens.
        name: host by which users know the service; a login names it.
        final_blocks: how many blocks above a block make it final.
        remember_blocks: a reorganisation that goes deeper raises an alarm, and the index is built anew.
        poll_seconds: pause between two looks at the chain.
        fee_cap: highest fee per gas.
        daily_budget: most that is spent for gas in a UTC day.
        least_balance: below it no more orders are taken.
        gas_cap: most gas of one transaction.
        batch_seconds: the longest that a batch waits for more.
        margin_seconds: an order is sent at least so long before its deadline.
        bump_seconds: a transaction that is not mined after this time is sent again with a higher fee.
        max_body: bytes of a request.
        rate: requests per minute and client address.
        open_intents: how many orders an account with the lowest credit may have open.
        anchor_records: after so many records the head of the record chain is written on chain; 0: never.
        verifiers: URLs of nodes that get the slot market's orders and readings.
        slot_market: address of the slot market; empty: there is none.
        supplier: account that may read what is to be billed; empty: nobody.
        retail, feed_in: the supplier's tariffs in units of account per kWh, for what is to be billed.
        slot_seconds: length of a delivery slot.
        log_addresses: whether the request log has clients' addresses.
    """

    rpc: str = "http://127.0.0.1:8545"
    deployment: str = "deployments/31337.json"
    database: str = "sqlite:///agent.db"
    key_file: str = ""
    host: str = "127.0.0.1"
    port: int = 8080
    name: str = "localhost"
    final_blocks: int = 64
    remember_blocks: int = 256
    poll_seconds: float = 1.0
    fee_cap: int = 200 * _GWEI
    daily_budget: int = 10**18
    least_balance: int = 10**16
    gas_cap: int = 8_000_000
    batch_seconds: int = 10
    margin_seconds: int = 60
    bump_seconds: int = 30
    max_body: int = 131_072
    rate: int = 600
    open_intents: int = 100
    anchor_records: int = 100
    verifiers: tuple[str, ...] = ()
    slot_market: str = ""
    supplier: str = ""
    retail: int = 300_000_000
    feed_in: int = 80_000_000
    slot_seconds: int = 900
    log_addresses: bool = False

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            if getattr(self, name) < least:
                raise BadInput(f"{name} must be {least} or more, not {getattr(self, name)}")
        if self.remember_blocks < self.final_blocks:
            raise BadInput("remember_blocks must be final_blocks or more: what is final is not forgotten")
        for name in ("slot_market", "supplier"):
            value = getattr(self, name)
            if value and not is_address(value):
                raise BadInput(f"{name} must be an address, not {value!r}")
            object.__setattr__(self, name, to_checksum_address(value) if value else "")
        for url in self.verifiers:
            if not url.startswith(("http://", "https://")):
                raise BadInput(f"a verifier's URL begins with http:// or https://, unlike {url!r}")

    @classmethod
    def read(cls, path: Path) -> AgentConfig:
        """Read the file; paths in it are relative to its folder.

        Raises:
            BadInput: it cannot be read, is no TOML, or has a key that does not exist or is of another type.
        """
        try:
            given = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise unreadable("--config", path, error) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadInput(f"{path} is not TOML: {error}") from error
        types = {field.name: field.type for field in fields(cls)}
        values: dict[str, Any] = {}
        for name, value in given.items():
            if name not in types:
                raise BadInput(f"{path}: there is no key {name!r}; the keys are {', '.join(types)}")
            values[name] = _checked(path, name, str(types[name]), value)
        folder = path.resolve().parent
        for name in ("deployment", "key_file"):
            if values.get(name):
                values[name] = str(folder / values[name])
        database = str(values.get("database", cls.database))
        if database.startswith("sqlite:///") and not database.startswith("sqlite:////"):
            values["database"] = f"sqlite:///{folder / database.removeprefix('sqlite:///')}"
        return cls(**values)

    def to_toml(self) -> str:
        """Return the text of a file with all keys."""
        return "".join(f"{field.name} = {_toml(getattr(self, field.name))}\n" for field in fields(self))


_LEAST: Final[dict[str, float]] = {
    "port": 0,
    "final_blocks": 1,
    "remember_blocks": 1,
    "poll_seconds": 0.01,
    "fee_cap": 1,
    "daily_budget": 0,
    "least_balance": 0,
    "gas_cap": 100_000,
    "batch_seconds": 0,
    "margin_seconds": 0,
    "bump_seconds": 1,
    "max_body": 1024,
    "rate": 1,
    "open_intents": 1,
    "anchor_records": 0,
    "retail": 0,
    "feed_in": 0,
    "slot_seconds": 1,
}


def _checked(path: Path, name: str, kind: str, value: Any) -> Any:
    if kind == "tuple[str, ...]":
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise BadInput(f"{path}: {name} must be a list of texts, not {value!r}")
        return tuple(value)
    if kind == "int" and isinstance(value, str) and value.isdecimal():
        value = int(value)  # TOML's integers have 64 bits
    fits: Any = {"str": str, "int": int, "float": (int, float), "bool": bool}[kind]
    if not isinstance(value, fits) or (kind != "bool" and isinstance(value, bool)):
        shown = "" if name == "database" else f", not {value!r}"
        raise BadInput(f"{path}: {name} must be of type {kind}{shown}")
    return value


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f'"{value}"' if isinstance(value, int) and value >= 2**63 else str(value)
