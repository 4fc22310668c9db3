"""`agent` and `records`: runs the market agent, looks after its store, and verifies its record chain."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from energy_trading.cli.deployment import KEY, PASSWORD, sender_from
from energy_trading.cli.output import AsJson, console, print_json
from energy_trading.errors import BadInput, Forged, InternalFault, TryAgain

if TYPE_CHECKING:
    from energy_trading.agent.config import AgentConfig
    from energy_trading.agent.service import Service
    from energy_trading.crypto.keys import SecretKey

_Config = Annotated[Path, typer.Option("--config", help="TOML file; `agent init` writes one.")]
_CONFIG: Final = Path("agent.toml")

group = typer.Typer(help="The market agent: a service through which homes take part.")
records = typer.Typer(help="The record chain of a market agent.")


def _need_extra() -> None:
    """Explain what is missing where the extra is not installed."""
    from importlib.util import find_spec

    missing = [m for m in ("fastapi", "uvicorn", "sqlalchemy", "alembic", "httpx") if find_spec(m) is None]
    if missing:
        raise BadInput(f"the agent needs {', '.join(missing)}: pip install energy-trading[agent]")


def _read(path: Path) -> AgentConfig:
    _need_extra()
    from energy_trading.agent.config import AgentConfig

    return AgentConfig.read(path)


def _key(config: AgentConfig) -> SecretKey:
    from energy_trading.crypto.keys import SecretKey

    sender = sender_from(None, Path(config.key_file) if config.key_file else None)
    if not isinstance(sender, SecretKey):
        raise BadInput(f"the relayer signs itself: give key_file (password from {PASSWORD}) or {KEY}")
    return sender


def _service(path: Path) -> Service:
    config = _read(path)
    from energy_trading.agent.service import Service

    return Service(config, _key(config))


@group.command()
def init(
    config: _Config = _CONFIG,
    rpc: Annotated[str | None, typer.Option(help="URL of the node.")] = None,
    deployment: Annotated[str | None, typer.Option(help="Record of the deployment.")] = None,
    database: Annotated[str | None, typer.Option(help="URL of the database.")] = None,
) -> None:
    """Write a configuration file with all keys."""
    _need_extra()
    from energy_trading.agent.config import AgentConfig
    from energy_trading.files.whole_file import unwritable, write_whole

    given = {"rpc": rpc, "deployment": deployment, "database": database}
    made = AgentConfig(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    try:
        # The database's URL may hold a password.
        write_whole(config, made.to_toml().encode(), replace=False, mode=0o600)
    except OSError as error:
        raise unwritable("--config", config, error.strerror) from error
    console.print(f"{config} written; `energy-trading agent check` tries it out", markup=False)


@group.command()
def check(config: _Config = _CONFIG) -> None:
    """Try everything that the agent needs: node, contracts, database, key, money for gas."""
    service = _service(config)
    try:
        service.suite.check()
        balance = int(service.chain.web3.eth.get_balance(service.relayer.address))  # type: ignore[arg-type]
        console.print(f"chain      {service.chain.chain_id}, block {service.chain.height()}", markup=False)
        console.print(f"market     {service.suite.market.address}", markup=False)
        console.print(f"relayer    {service.relayer.address}, {balance} wei", markup=False)
        console.print("database   migrated", markup=False)
        if balance < service.config.least_balance:
            least = service.config.least_balance
            raise TryAgain(f"the relayer has {balance} wei, less than least_balance = {least}; pay it in")
    finally:
        service.store.close()


@group.command()
def run(config: _Config = _CONFIG) -> None:
    """Run the agent until it is interrupted."""
    service = _service(config)
    _log()
    import uvicorn

    from energy_trading.agent.api import make_app

    service.start()
    given = service.config
    console.print(f"agent at http://{given.host}:{given.port}/v1", markup=False)
    try:
        uvicorn.run(
            make_app(service),
            host=given.host,
            port=given.port,
            log_level="warning",
            access_log=False,
            timeout_keep_alive=15,
            limit_concurrency=4000,
        )
    finally:
        service.stop()


@group.command()
def status(config: _Config = _CONFIG, as_json: AsJson = False) -> None:
    """Show how the store stands: blocks, orders, transactions, alarm."""
    service = _service(config)
    try:
        shown = service.status()
    finally:
        service.store.close()
    if as_json:
        print_json(shown)
    else:
        for name, value in shown.items():
            text = ", ".join(f"{n}: {c}" for n, c in value.items()) if isinstance(value, dict) else value
            console.print(f"{name:<20} {'-' if text in (None, '') else text}", markup=False)
    if shown["alarm"]:
        raise Forged(f"the index has stopped: {shown['alarm']}; see `agent rebuild`")


@group.command()
def rebuild(config: _Config = _CONFIG) -> None:
    """Forget the index and its alarm and read the chain anew; what homes signed is kept."""
    service = _service(config)
    from energy_trading.agent.index import forget

    try:
        forget(service.store)
        while service.indexer.step():
            pass
        service.view.refresh()
        shown = service.status()
    finally:
        service.store.close()
    console.print(f"rebuilt up to block {shown['indexed_block']} {shown['indexed_hash']}", markup=False)


@group.command()
def demo(
    seconds: Annotated[
        float | None, typer.Option("--for", help="Seconds; default: until interrupted.")
    ] = None,
    port: Annotated[int, typer.Option(help="Where the agent listens; 0: a free port.")] = 8080,
) -> None:
    """Start Anvil, the contracts, the agent and twelve homes; at the end every order must have ended."""
    _need_extra()
    from tempfile import TemporaryDirectory

    from energy_trading.agent.demo import demo as run_demo

    _log(logging.ERROR)
    with TemporaryDirectory() as folder:
        ended = run_demo(Path(folder), seconds, port, lambda line: console.print(line, markup=False))
    if not ended:
        raise InternalFault("some orders have not ended")


@records.command()
def verify(
    config: _Config = _CONFIG,
    transaction: Annotated[
        str | None, typer.Option(metavar="HASH", help="Also compare with the head that this one anchored.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compute every record again from the log, and compare; a changed record fails."""
    service = _service(config)
    try:
        while service.indexer.step():
            pass
        count = service.records.check()
        head = service.records.head()
        report: dict[str, Any] = {"records": count, "head": None if head is None else "0x" + head.hash.hex()}
        if transaction is not None:
            from energy_trading.agent.anchor import check_anchor

            sender = service.relayer.address
            report["anchored"] = check_anchor(service.store, service.chain, sender, transaction)
    finally:
        service.store.close()
    if as_json:
        print_json(report)
    else:
        for name, value in report.items():
            console.print(f"{name:<10} {value}", markup=False)


def _log(level: int = logging.INFO) -> None:
    """Write the agent's own log to standard error; other libraries' lines may contain addresses."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("energy_trading.agent")
    logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False
