"""`watch`: prints events as they happen, and those that a reorganisation of the chain removes."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from energy_trading.cli.deployment import KeyFile, Unlocked, sender_from
from energy_trading.cli.output import (
    DEFAULT_RPC,
    AsJson,
    ChainId,
    DeploymentFile,
    Rpc,
    console,
    error_console,
    open_market,
    plain_line,
)
from energy_trading.errors import BadInput
from energy_trading.files._json import exact

_POLL_SECONDS: Final = 0.5
_PLACE: Final = ("address", "block_number", "transaction_hash", "log_index")


group = typer.Typer(invoke_without_command=True)


@group.callback()
def watch(
    context: typer.Context,
    rpc: Rpc = DEFAULT_RPC,
    chain_id: ChainId = None,
    deployment: DeploymentFile = None,
    from_block: Annotated[int | None, typer.Option(help="First block; default: the next one.")] = None,
    seconds: Annotated[
        float | None, typer.Option("--for", help="Stop after this many seconds; default: never.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print every event of the market as it happens, with --json as one object per line.

    Events of a block that vanishes are printed again as removed. If the node goes away, wait for it.
    """
    if context.invoked_subcommand is not None:
        return
    from energy_trading.chain.connect import NodeError, connect
    from energy_trading.market.log.event_json import event_to_json
    from energy_trading.market.log.follower import Follower

    if from_block is not None and from_block < 0:
        raise BadInput(f"--from-block must be 0 or more, not {from_block}")
    suite, _ = open_market(rpc, chain_id, deployment)
    end = None if seconds is None else time.monotonic() + seconds
    follower = Follower(suite, from_block, _say)
    news, away = follower.news(), False
    while True:
        for event, removed in news:
            line = event_to_json(event) | {"removed": removed}
            console.print(json.dumps(exact(line)) if as_json else _text(line), markup=False)
        if end is not None and time.monotonic() >= end:
            return
        time.sleep(_POLL_SECONDS if end is None else max(0, min(_POLL_SECONDS, end - time.monotonic())))
        try:
            if away:
                connect(rpc, suite.chain.chain_id)  # another node may answer there now
                suite.check()
            news = follower.news()
        except NodeError as error:
            if not away:
                _say(f"{error}; waiting for it")
            news, away = [], True
        else:
            if away:
                _say("the node is back")
            away = False


@group.command()
def slots(
    account: Annotated[
        list[str] | None, typer.Option(help="Watch this home; repeat it. Default: all, from public data.")
    ] = None,
    records: Annotated[Path | None, typer.Option(help="Journal of the homes, from `slots order`.")] = None,
    rpc: Rpc = DEFAULT_RPC,
    chain_id: ChainId = None,
    deployment: DeploymentFile = None,
    unlocked: Unlocked = None,
    key_file: KeyFile = None,
    dispute: Annotated[bool, typer.Option(help="Send disputes; else only report them.")] = True,
    seconds: Annotated[
        float | None, typer.Option("--for", help="Stop after this many seconds; default: never.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check every posted slot about homes, and dispute what is wrong: demand, misfill, overspend, overdraft.

    Prints a line for each row that it has checked, with --json as one object per line.
    """
    from dataclasses import asdict

    from energy_trading.cli.output import address_of
    from energy_trading.crypto.keys import SecretKey
    from energy_trading.errors import TryAgain
    from energy_trading.files._json import to_hex
    from energy_trading.files.journal import JournalLocked
    from energy_trading.market.slots.home_records import HomeRecords
    from energy_trading.market.slots.watcher import Watcher

    suite, record = open_market(rpc, chain_id, deployment)
    sender = sender_from(unlocked, key_file) if dispute else None
    if sender is not None and not isinstance(sender, SecretKey):
        raise BadInput("disputes need the account's key: use --key-file, or --no-dispute to only report")
    accounts = None if account is None else [address_of("--account", each) for each in account]
    end = None if seconds is None else time.monotonic() + seconds
    watcher = Watcher(suite, record.from_block, accounts, sender, None, _say)
    while True:
        if records is not None:
            with suppress(JournalLocked):  # `slots order` is writing: what was read before serves until then
                watcher.records = HomeRecords(records, suite.slots_domain)
                watcher.records.close()
        try:
            found = watcher.step()
        except TryAgain as error:
            _say(f"waiting: {error}")
            found = []
        for each in found:
            line = asdict(each) | {"sent": None if each.sent is None else to_hex(each.sent)}
            text = f"slot {each.slot}, home {each.home}, {each.row} Wh: {each.verdict}, {each.why}"
            console.print(json.dumps(exact(line)) if as_json else text, markup=False)
        if end is not None and time.monotonic() >= end:
            return
        time.sleep(_POLL_SECONDS)


def _text(line: dict[str, Any]) -> str:
    fields = " ".join(f"{n}={v}" for n, v in line.items() if n not in (*_PLACE, "event", "removed"))
    return f"{line['block_number']:>8}  {'removed: ' if line['removed'] else ''}{line['event']}  {fields}"


def _say(line: str) -> None:
    error_console.print(plain_line(line), markup=False)
