"""`deploy` and `verify`: puts the contracts on a chain, and compares the record with the chain."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from energy_trading.cli.output import (
    DEFAULT_RPC,
    AsJson,
    ChainId,
    DeploymentFile,
    Rpc,
    address_of,
    console,
    print_json,
    record_path,
)
from energy_trading.errors import BadInput
from energy_trading.files.whole_file import unreadable

if TYPE_CHECKING:
    from energy_trading.crypto.keys import SecretKey

KEY: Final = "ENERGY_TRADING_KEY"
PASSWORD: Final = "ENERGY_TRADING_PASSWORD"  # noqa: S105 - the name of the variable

Unlocked = Annotated[str | None, typer.Option(help="Sender: an account for which the node signs.")]
KeyFile = Annotated[
    Path | None, typer.Option(help=f"Sender: a key file, password from {PASSWORD} or prompt. Default: {KEY}.")
]
Timeout = Annotated[int, typer.Option(help="Longest time to wait for a transaction, in seconds.")]


def deploy(
    rpc: Rpc = DEFAULT_RPC,
    owner: Annotated[str | None, typer.Option(help="Account of the distribution system operator.")] = None,
    pkg: Annotated[str | None, typer.Option(help="Account of the private key generator.")] = None,
    treasury: Annotated[str | None, typer.Option(help="Receives fees and cut guarantees.")] = None,
    config: Annotated[
        Path | None, typer.Option(help="JSON file with fields of SuiteParameters; options take precedence.")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="Another field, e.g. fee_bps=50, credit.window=8."),
    ] = None,
    unlocked: Unlocked = None,
    key_file: KeyFile = None,
    chain_id: ChainId = None,
    deployment: DeploymentFile = None,
    restart: Annotated[
        bool, typer.Option(help="Deploy anew, whatever the record states; the old contracts stay unused.")
    ] = False,
    timeout: Timeout = 120,
) -> None:
    """Deploy the contracts. After an interruption, run the command again to continue."""
    from energy_trading.bindings.deployment import deploy_recorded, parameters_from
    from energy_trading.chain.connect import connect
    from energy_trading.files._json import read_json

    given: Any = {} if config is None else read_json("--config", config)
    if not isinstance(given, dict):
        raise BadInput(f"--config: the file {config} must contain one JSON object with the fields")
    for change in changes or ():
        _set(given, change)
    given.update({n: v for n, v in (("owner", owner), ("pkg", pkg), ("treasury", treasury)) if v})
    parameters = parameters_from(given)
    sender = sender_from(unlocked, key_file)
    chain = connect(rpc, chain_id, timeout)
    deploy_recorded(
        chain,
        sender,
        parameters,
        record_path(chain, deployment),
        lambda line: console.print(line, markup=False),
        restart,
    )


def verify(
    rpc: Rpc = DEFAULT_RPC,
    chain_id: ChainId = None,
    deployment: DeploymentFile = None,
    as_json: AsJson = False,
) -> None:
    """Compare the record with the chain: code, addresses, parameters, and which contracts name which."""
    from energy_trading.bindings.deployment import Record
    from energy_trading.bindings.deployment import verify as compare
    from energy_trading.chain.connect import connect

    chain = connect(rpc, chain_id)
    path = record_path(chain, deployment)
    lines = compare(chain, Record.read(path))
    if as_json:
        print_json({"chain_id": chain.chain_id, "deployment": str(path), "right": lines})
        return
    for line in [*lines, f"chain {chain.chain_id} agrees with {path}"]:
        console.print(line, markup=False)


def _set(given: dict[str, Any], change: str) -> None:
    name, equals, text = change.partition("=")
    if not equals:
        raise BadInput(f"--set needs FIELD=VALUE, not {change!r}")
    value: Any = int(text) if text.isdecimal() else text
    group, dot, inner = name.partition(".")
    if not dot:
        given[name] = value
        return
    fields = given.setdefault(group, {})
    if not isinstance(fields, dict):
        raise BadInput(f"--set {change}: {group} is not an object with fields")
    fields[inner] = value


def sender_from(unlocked: str | None, key_file: Path | None) -> SecretKey | str:
    """Return who signs and pays: an account of the node, or a key from a key file or the environment.

    Raises:
        BadInput: there is no sender or more than one, or the key cannot be read.
    """
    if unlocked is not None and key_file is not None:
        raise BadInput("--unlocked and --key-file both name a sender: give only one of them")
    if unlocked is not None:
        return address_of("--unlocked", unlocked)
    if key_file is not None:
        return key_from_file("--key-file", key_file, PASSWORD)
    if KEY in os.environ:
        return _from_environment(os.environ[KEY])
    raise BadInput(f"there is no sender: give --unlocked or --key-file, or set the variable {KEY}")


def key_from_file(option: str, path: Path, variable: str) -> SecretKey:
    """Open an encrypted key file. Its password comes from an environment variable, else from a prompt."""
    from energy_trading.files.key_file import load_key

    if not path.is_file():
        raise BadInput(f"{option}: the file {path} does not exist")
    password = os.environ.get(variable)
    if password is None:
        password = str(typer.prompt(f"password of {path}", hide_input=True, err=True))
    try:
        return load_key(path, password)
    except OSError as error:
        raise unreadable(option, path, error) from error


def _from_environment(text: str) -> SecretKey:
    from energy_trading.crypto.keys import SecretKey

    try:
        return SecretKey(bytes.fromhex(text.strip().removeprefix("0x")))
    except ValueError:
        # Not chained: the traceback of the cause would show the key.
        raise BadInput(f"{KEY} must be a key of 64 hex digits (what it holds is not repeated here)") from None
