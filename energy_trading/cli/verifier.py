"""`verifier`: a verifier node of the slot market, its configuration and its status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from energy_trading.cli.deployment import KEY, KeyFile, sender_from
from energy_trading.cli.files import check_new
from energy_trading.cli.output import DEFAULT_RPC, AsJson, Rpc, address_of, console, print_json
from energy_trading.errors import BadInput
from energy_trading.files.whole_file import write_whole

if TYPE_CHECKING:
    from energy_trading.bindings import Suite
    from energy_trading.council.verifier_run import VerifierConfig

_Config = Annotated[Path, typer.Option(help="Configuration of the node, a JSON file.")]

group = typer.Typer(help="A verifier node of the slot market: configure it, run it, ask how it is.")


@group.command()
def init(
    config: _Config,
    member: Annotated[
        list[str],
        typer.Option(metavar="ACCOUNT=URL", help="A member to exchange messages with; repeat it for each."),
    ],
    rpc: Rpc = DEFAULT_RPC,
    deployment: Annotated[Path, typer.Option(help="Deployment record.")] = Path("deployment.json"),
    store: Annotated[Path, typer.Option(help="The node's own store, made by the first start.")] = Path(
        "verifier.db"
    ),
    listen: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Serve homes and members.")] = None,
    broker: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="MQTT broker.")] = None,
    chain_id: Annotated[int | None, typer.Option(help="Refuse a node that serves another chain.")] = None,
) -> None:
    """Write a node's configuration. Over a broker, ACCOUNT= without a URL names a member."""
    from dataclasses import asdict

    from energy_trading.council.verifier_run import VerifierConfig

    members = {}
    for each in member:
        account, equals, url = each.partition("=")
        if not equals or (url and not url.startswith(("http://", "https://"))):
            raise BadInput(f"--member must be ACCOUNT=URL with an http URL, not {each!r}")
        members[address_of("--member", account)] = url.rstrip("/")
    check_new("--config", config)
    made = VerifierConfig(
        rpc, str(deployment), str(store), members, chain_id=chain_id, listen=listen, broker=broker
    )
    write_whole(config, (json.dumps(asdict(made), indent=2) + "\n").encode(), replace=False)
    console.print(f"configuration of a verifier with {len(members)} members in {config}", markup=False)


@group.command()
def run(config: _Config, key_file: KeyFile = None) -> None:
    """Run the node until it is interrupted. It signs with the member's key and pays for its transactions."""
    import signal
    import threading

    from energy_trading.council.verifier_run import VerifierConfig, run_verifier
    from energy_trading.crypto.keys import SecretKey

    key = sender_from(None, key_file)
    if not isinstance(key, SecretKey):
        raise BadInput(f"a verifier needs its key: use --key-file or {KEY}")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    read = VerifierConfig.read(config)
    run_verifier(read, key, lambda line: console.print(line, markup=False), stop, _opened)


@group.command()
def status(
    url: Annotated[str, typer.Option(help="URL of the node's service.")],
    failures: Annotated[bool, typer.Option(help="Also who failed, with the evidence.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask a running node what it sees and does."""
    found = _get(f"{url}/status")
    if failures:
        found["failed"] = _get(f"{url}/failures")
    if as_json:
        print_json(found)
        return
    for name, value in found.items():
        if name == "failed":
            for each in value:
                console.print(f"slot {each['slot']}: {each['who']}: {each['why']}", markup=False)
        else:
            console.print(f"{name.replace('_', ' ')}: {value}", markup=False)


def _get(url: str) -> Any:
    from energy_trading.council._verifier_http import VerifierSupportMissing
    from energy_trading.errors import TryAgain

    try:
        import httpx
    except ImportError as error:
        raise VerifierSupportMissing("this command needs pip install energy-trading[verifier]") from error
    try:
        answer = httpx.get(url, timeout=10)
        answer.raise_for_status()
        return answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise TryAgain(f"there is no verifier node at {url} ({error})") from error


def _opened(config: VerifierConfig) -> tuple[Suite, int]:
    from energy_trading.bindings.deployment import Record
    from energy_trading.chain.connect import connect

    record = Record.read(Path(config.deployment))
    return record.open(connect(config.rpc, config.chain_id)), record.from_block
