"""`deploy` and `verify`: the contracts onto a chain, and the record against it."""

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

if TYPE_CHECKING:
    from energy_trading.crypto.keys import SecretKey

KEY: Final = "ENERGY_TRADING_KEY"
PASSWORD: Final = "ENERGY_TRADING_PASSWORD"  # noqa: S105 - the variable's name


def deploy(
    rpc: Rpc = DEFAULT_RPC,
    owner: Annotated[str | None, typer.Option(help="DSO's account.")] = None,
    pkg: Annotated[str | None, typer.Option(help="PKG's account.")] = None,
    treasury: Annotated[str | None, typer.Option(help="Gets fees and cut guarantees.")] = None,
    config: Annotated[
        Path | None, typer.Option(help="JSON file with the fields of SuiteParameters; options win over it.")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="Another field, e.g. fee_bps=50, credit.window=8."),
    ] = None,
    unlocked: Annotated[str | None, typer.Option(help="Sender: an account that the node signs for.")] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(help=f"Sender: an encrypted key file; its password from {PASSWORD} or a prompt."),
    ] = None,
    chain_id: ChainId = None,
    deployment: DeploymentFile = None,
    restart: Annotated[
        bool, typer.Option(help="Deploy anew, whatever the record says; the old contracts stay unused.")
    ] = False,
    timeout: Annotated[int, typer.Option(help="Longest wait for a transaction, in seconds.")] = 120,
) -> None:
    """Deploy the contracts; run it again to go on after an interruption. Without --unlocked or --key-file
    the sender is the key in ENERGY_TRADING_KEY.
    """
    from energy_trading.bindings.deployment import deploy_recorded, parameters_from
    from energy_trading.chain.connect import connect
    from energy_trading.files.json import read_json

    given: Any = {} if config is None else read_json("--config", config)
    if not isinstance(given, dict):
        raise BadInput(f"--config: given {config}, allowed a file with one object of fields")
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
    """Compare the record with the chain: code, addresses, parameters, that the contracts name each other."""
    from energy_trading.bindings.deployment import Record
    from energy_trading.bindings.deployment import verify as compare
    from energy_trading.chain.connect import connect

    chain = connect(rpc, chain_id)
    path = record_path(chain, deployment)
    lines = compare(chain, Record.read(path))
    if as_json:
        print_json({"chain_id": chain.chain_id, "deployment": str(path), "right": lines})
        return
    for line in [*lines, f"chain {chain.chain_id} holds what {path} says"]:
        console.print(line, markup=False)


def _set(given: dict[str, Any], change: str) -> None:
    name, equals, text = change.partition("=")
    if not equals:
        raise BadInput(f"--set: given {change!r}, allowed FIELD=VALUE")
    value: Any = int(text) if text.isdecimal() else text
    group, dot, inner = name.partition(".")
    if not dot:
        given[name] = value
        return
    fields = given.setdefault(group, {})
    if not isinstance(fields, dict):
        raise BadInput(f"--set: given {change!r}, allowed FIELD=VALUE of {group}, an object")
    fields[inner] = value


def sender_from(unlocked: str | None, key_file: Path | None) -> SecretKey | str:
    """Return who signs and pays: an account of the node, an encrypted key file or the key in the environment.

    Raises:
        BadInput: none or two are given, or the key cannot be read.
    """
    if unlocked is not None and key_file is not None:
        raise BadInput("sender: given --unlocked and --key-file, allowed one of them")
    if unlocked is not None:
        return address_of("--unlocked", unlocked)
    if key_file is not None:
        return key_from_file("--key-file", key_file, PASSWORD)
    if KEY in os.environ:
        return _from_environment(os.environ[KEY])
    raise BadInput(f"sender: given nothing, allowed --unlocked, --key-file or the variable {KEY}")


def key_from_file(option: str, path: Path, variable: str) -> SecretKey:
    """Open an encrypted key file; its password comes from a variable of the environment or a prompt."""
    from energy_trading.files.key_file import load_key

    if not path.is_file():
        raise BadInput(f"{option}: given {path}, allowed a file that exists")
    password = os.environ.get(variable)
    if password is None:
        password = str(typer.prompt(f"password of {path}", hide_input=True, err=True))
    try:
        return load_key(path, password)
    except OSError as error:
        raise BadInput(
            f"{option}: given {path}, allowed a file that can be read ({error.strerror})"
        ) from error


def _from_environment(text: str) -> SecretKey:
    from energy_trading.crypto.keys import SecretKey

    try:
        return SecretKey(bytes.fromhex(text.strip().removeprefix("0x")))
    except ValueError:
        # Not chained: the cause's traceback would show the variable.
        raise BadInput(f"{KEY}: given no key (it is not repeated here), allowed 64 hex digits") from None
