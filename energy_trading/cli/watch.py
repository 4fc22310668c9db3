"""`watch`: events as they come."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from energy_trading.cli.output import (
    DEFAULT_RPC,
    AsJson,
    ChainId,
    DeploymentFile,
    Rpc,
    console,
    events_of,
    open_market,
)
from energy_trading.errors import BadInput

if TYPE_CHECKING:
    from energy_trading.bindings import Event

_POLL_SECONDS: Final = 0.5
_PLACE: Final = ("address", "block_number", "transaction_hash", "log_index")


def watch(
    rpc: Rpc = DEFAULT_RPC,
    chain_id: ChainId = None,
    deployment: DeploymentFile = None,
    from_block: Annotated[int | None, typer.Option(help="First block told; default: the next one.")] = None,
    seconds: Annotated[
        float | None, typer.Option("--for", help="Stop after so many seconds; default: never.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell every event of the market as it comes; with --json one object per line."""
    if from_block is not None and from_block < 0:
        raise BadInput(f"--from-block: given {from_block}, allowed 0 or more")
    suite, _ = open_market(rpc, chain_id, deployment)
    end = None if seconds is None else time.monotonic() + seconds
    height = suite.chain.height()
    next_block = height + 1 if from_block is None else from_block
    while True:
        # The height is read before the log, so a block that comes in between is told the next time.
        height = suite.chain.height()
        if height >= next_block:
            for event in events_of(suite, next_block, height):
                told = fields_of(event)
                console.print(json.dumps(told) if as_json else _line(told), markup=False)
            next_block = height + 1
        if end is not None and time.monotonic() >= end:
            return
        time.sleep(_POLL_SECONDS if end is None else max(0, min(_POLL_SECONDS, end - time.monotonic())))


def fields_of(event: Event) -> dict[str, Any]:
    """Return an event as what JSON can hold."""
    return {"event": type(event).__name__, **_plain(asdict(event))}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return "0x" + value.hex() if isinstance(value, bytes) else value


def _line(told: dict[str, Any]) -> str:
    fields = " ".join(f"{n}={v}" for n, v in told.items() if n not in (*_PLACE, "event"))
    return f"{told['block_number']:>8}  {told['event']}  {fields}"
