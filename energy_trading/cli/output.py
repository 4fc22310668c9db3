"""What commands share: the console, tables or JSON, options that several have, the recorded suite."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console

from energy_trading.errors import BadInput

if TYPE_CHECKING:
    from energy_trading.bindings import Suite
    from energy_trading.bindings.deployment import Record
    from energy_trading.chain.connect import Chain

console = Console(highlight=False, soft_wrap=True)
error_console = Console(stderr=True, highlight=False, soft_wrap=True)

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
DEFAULT_RPC: Final = "http://127.0.0.1:8545"
Rpc = Annotated[str, typer.Option(envvar="ENERGY_TRADING_RPC", show_envvar=True, help="Address of the node.")]
ChainId = Annotated[int | None, typer.Option(help="Refuse a node of another chain.")]
DeploymentFile = Annotated[
    Path | None,
    typer.Option("--deployment", help="Record of the deployment; default deployments/<chain id>.json."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Account = Annotated[str | None, typer.Option(help="Only those this account has a part in.")]


def record_path(chain: Chain, given: Path | None) -> Path:
    """Return where the chain's deployment is recorded."""
    return Path("deployments") / f"{chain.chain_id}.json" if given is None else given


def open_market(rpc: str, chain_id: int | None, deployment: Path | None) -> tuple[Suite, Record]:
    """Reach the node and open the suite that the record names."""
    from energy_trading.bindings.deployment import Record
    from energy_trading.chain.connect import connect

    chain = connect(rpc, chain_id)
    record = Record.read(record_path(chain, deployment))
    return record.open(chain), record


def show(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    """Print rows: all their fields as JSON, or some as a table; a table without rows is one line."""
    if as_json:
        print_json([dict(row) for row in rows])
        return
    if not rows:
        console.print("nothing found", markup=False)
        return
    texts = [columns, *([_text(name, row[name]) for name in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for line in texts:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        console.print("  ".join(cells).rstrip(), markup=False)


def print_json(value: object) -> None:
    """Print a value as JSON, for programs: no colours, no wrapping."""
    console.print(json.dumps(value, indent=2, ensure_ascii=False), markup=False)


def plain_line(text: str) -> str:
    """Write a text as one line that moves no cursor and changes no colour, whoever it is from."""
    return "".join(sign if sign.isprintable() else "�" for sign in " ".join(text.split()))


def date_of(time: int) -> str:
    """Write unix seconds as a date."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S")


def address_of(option: str, text: str) -> str:
    """Check an address and give it its checksum."""
    from eth_utils.address import is_address, to_checksum_address

    if not is_address(text):
        raise BadInput(f"{option}: given {text!r}, allowed an address")
    return str(to_checksum_address(text))


def time_of(option: str, text: str, now: Callable[[], int] | None = None) -> int:
    """Read a time.

    Args:
        option: that holds it.
        text: unix seconds, ISO 8601 with a zone, or +N and s, m, h or d, such as +2h.
        now: the clock that + counts from; None: + is not allowed.

    Returns:
        Unix seconds.

    Raises:
        BadInput: it is none of these.
    """
    if re.fullmatch("[0-9]{1,18}", text):
        return int(text)
    if now is not None and (found := re.fullmatch(r"\+([0-9]{1,9})([smhd])", text)):
        return now() + int(found[1]) * _SECONDS[found[2]]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or moment.microsecond or moment < _EPOCH:
        raise BadInput(
            f"{option}: given {text!r}, allowed unix seconds or ISO 8601 with a zone in whole seconds"
            f"{'' if now is None else ', or +2h'}"
        )
    return (moment - _EPOCH) // timedelta(seconds=1)


def make_folder(path: Path) -> None:
    """Make an output folder before the work starts, so that no result is lost for want of one."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=path).close()
    except OSError as error:
        raise BadInput(
            f"--out: given {path}, allowed a folder that can be made and written ({error.strerror})"
        ) from error


def _text(name: str, value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and name.endswith(("_by", "_until", "_start")):
        return date_of(value) if value else "never"
    if isinstance(value, list):
        return ",".join(str(item) for item in value)
    return str(value)
