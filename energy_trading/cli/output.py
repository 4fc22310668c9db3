"""What all commands share: the console, tables and JSON, common options, opening the recorded market."""

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
from energy_trading.files._json import exact

if TYPE_CHECKING:
    from energy_trading.bindings import Suite
    from energy_trading.bindings.deployment import Record
    from energy_trading.chain.connect import Chain

console = Console(highlight=False, soft_wrap=True)
error_console = Console(stderr=True, highlight=False, soft_wrap=True)

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
DEFAULT_RPC: Final = "http://127.0.0.1:8545"
Rpc = Annotated[str, typer.Option(envvar="ENERGY_TRADING_RPC", show_envvar=True, help="URL of the node.")]
ChainId = Annotated[int | None, typer.Option(help="Refuse a node that serves another chain.")]
DeploymentFile = Annotated[
    Path | None, typer.Option("--deployment", help="Deployment record; default: deployments/<chain id>.json.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Account = Annotated[str | None, typer.Option(help="Only those in which this account takes part.")]


def record_path(chain: Chain, given: Path | None) -> Path:
    """Return the path of the record of the chain's deployment."""
    return Path("deployments") / f"{chain.chain_id}.json" if given is None else given


def open_market(
    rpc: str, chain_id: int | None, deployment: Path | None, timeout: int = 120
) -> tuple[Suite, Record]:
    """Connect to the node and open the contracts that the record names."""
    from energy_trading.bindings.deployment import Record
    from energy_trading.chain.connect import connect

    chain = connect(rpc, chain_id, timeout)
    record = Record.read(record_path(chain, deployment))
    return record.open(chain), record


def show(columns: str, rows: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    """Print all fields of rows as JSON, or the named columns as a table; an empty table is one line."""
    if as_json:
        print_json([dict(row) for row in rows])
        return
    if not rows:
        console.print("nothing found", markup=False)
        return
    names = columns.split()
    texts = [names, *([_text(name, row[name]) for name in names] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for line in texts:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        console.print("  ".join(cells).rstrip(), markup=False)


def print_json(value: object) -> None:
    """Print a value as JSON for programs, without colours and without wrapping; none need round a number."""
    typer.echo(json.dumps(exact(value), indent=2, ensure_ascii=False))


def plain_line(text: str) -> str:
    """Return a text as one line without control characters, which a node could send to steer the terminal."""
    return "".join(sign if sign.isprintable() else "�" for sign in " ".join(text.split()))


def address_of(option: str, text: str) -> str:
    """Check an address and return it with its checksum (EIP-55)."""
    from eth_utils.address import is_address, to_checksum_address

    if not is_address(text):
        raise BadInput(f"{option} must be an address, not {text!r}")
    return str(to_checksum_address(text))


def time_of(option: str, text: str, now: Callable[[], int] | None = None) -> int:
    """Read a time.

    Args:
        option: the option or place that holds the text.
        text: unix seconds, ISO 8601 with a zone, or +N followed by s, m, h or d, such as +2h.
        now: the clock from which + counts; None does not allow +.

    Returns:
        Unix seconds.

    Raises:
        BadInput: the text has none of these forms.
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
            f"{option} must be in unix seconds or in ISO 8601 with a zone and whole seconds"
            f"{'' if now is None else ', or a delay such as +2h'}, not {text!r}"
        )
    return (moment - _EPOCH) // timedelta(seconds=1)


def make_folder(path: Path) -> None:
    """Make the output folder before the work starts, so that no result is lost."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=path).close()
    except OSError as error:
        raise BadInput(f"--out: cannot write into the folder {path} ({error.strerror})") from error


def one_of(option: str, given: str | None, allowed: Sequence[str]) -> None:
    """Check that an option, if it is given, has one of the allowed values."""
    if given is not None and given not in allowed:
        raise BadInput(f"{option} must be one of {', '.join(allowed)}, not {given!r}")


def _text(name: str, value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and name.endswith(("_by", "_until", "_start")):
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M:%SZ") if value else "never"
    if isinstance(value, list):
        return ",".join(str(item) for item in value)
    return str(value)
