"""`accounts`, `offers`, `auctions`, `lots`, `trades`, `standing`: what the log and the contracts say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from energy_trading.cli.output import (
    DEFAULT_RPC,
    Account,
    AsJson,
    ChainId,
    DeploymentFile,
    Rpc,
    address_of,
    console,
    open_market,
    print_json,
    show,
    time_of,
)
from energy_trading.errors import BadInput

if TYPE_CHECKING:
    from energy_trading.bindings import Event, Suite

_ROLES: Final = ("none", "producer", "consumer", "prosumer")
_ACCOUNTS: Final = (
    "account",
    "role",
    "available",
    "held",
    "seller_credit_e9",
    "buyer_credit_e9",
    "defaults",
    "banned_until",
    "suspended",
)
_OFFERS: Final = (
    "trade_id",
    "seller",
    "reserved_for",
    "energy_wh",
    "price",
    "accept_by",
    "deliver_by",
    "state",
)
_TRADES: Final = ("trade_id", "seller", "buyer", "energy_wh", "price", "deliver_by", "state", "paid", "cut")
_AUCTIONS: Final = (
    "auction_id",
    "publisher",
    "lots_wh",
    "start_price",
    "ceiling",
    "quote_until",
    "quotes",
    "state",
)
_LOTS: Final = ("owner", "producers", "energy_wh", "slot_start", "how", "state", "lot")


def accounts(
    rpc: Rpc = DEFAULT_RPC,
    chain_id: ChainId = None,
    deployment: DeploymentFile = None,
    role: Annotated[str | None, typer.Option(help="Only producer, consumer or prosumer.")] = None,
    banned: Annotated[bool, typer.Option(help="Only those banned or suspended now.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the accounts: money in units of account, credits with scale 1e9."""
    _check("--role", role, _ROLES[1:])
    from energy_trading.bindings.energy_ledger import AccountOpened

    suite, log = _read(rpc, chain_id, deployment)
    now = suite.chain.now()
    rows = []
    for address in dict.fromkeys(event.account for event in log if isinstance(event, AccountOpened)):
        view = suite.ledger.account_of(address)
        values = (
            address,
            _ROLES[view.roles & 3],
            view.available,
            view.held,
            view.seller_credit_e9,
            view.buyer_credit_e9,
            view.defaults,
            view.banned_until,
            view.suspended,
        )
        row = dict(zip(_ACCOUNTS, values, strict=True))
        if role in (None, row["role"]) and (not banned or view.suspended or now < view.banned_until):
            rows.append(row)
    show(_ACCOUNTS, rows, as_json)


def offers(
    rpc: Rpc = DEFAULT_RPC,
    chain_id: ChainId = None,
    deployment: DeploymentFile = None,
    account: Account = None,
    every: Annotated[bool, typer.Option("--all", help="Also those that nobody can accept any more.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the offers on chain that can be accepted now."""
    from energy_trading.market.log.fold import fold
    from energy_trading.market.log.records import OPEN

    person = _person(account)
    suite, log = _read(rpc, chain_id, deployment)
    now = suite.chain.now()
    rows = [
        trade.to_dict()
        for trade in fold(log).trades.values()
        if (every or (trade.state == OPEN and now < trade.terms.accept_by))
        and person in (None, trade.terms.seller, trade.terms.buyer, trade.buyer)
    ]
    show(_OFFERS, rows, as_json)


def trades(
    rpc: Rpc = DEFAULT_RPC,
    chain_id: ChainId = None,
    deployment: DeploymentFile = None,
    account: Account = None,
    state: Annotated[str | None, typer.Option(help="Only those in this state, e.g. accepted.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the offers that were accepted, and what became of them."""
    from energy_trading.market.log.fold import fold
    from energy_trading.market.log.records import TRADE_STATES

    _check("--state", state, TRADE_STATES)
    person = _person(account)
    _, log = _read(rpc, chain_id, deployment)
    rows = [
        trade.to_dict()
        for trade in fold(log).trades.values()
        if (trade.buyer is not None if state is None else trade.state == state)
        and person in (None, trade.terms.seller, trade.buyer)
    ]
    show(_TRADES, rows, as_json)


def auctions(
    rpc: Rpc = DEFAULT_RPC,
    chain_id: ChainId = None,
    deployment: DeploymentFile = None,
    account: Account = None,
    open_only: Annotated[bool, typer.Option("--open", help="Only those that take quotes now.")] = False,
    state: Annotated[str | None, typer.Option(help="Only those in this state, e.g. settled.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the auctions; the account is the publisher or a bidder."""
    from energy_trading.market.log.fold import fold
    from energy_trading.market.log.records import AUCTION_STATES

    _check("--state", state, AUCTION_STATES)
    person = _person(account)
    suite, log = _read(rpc, chain_id, deployment)
    now = suite.chain.now()
    rows = [
        auction.to_dict()
        for auction in fold(log).auctions.values()
        if (not open_only or now < auction.terms.quote_until)
        and state in (None, auction.state)
        and person in (None, auction.terms.publisher, *auction.bidders)
    ]
    show(_AUCTIONS, rows, as_json)


def lots(
    rpc: Rpc = DEFAULT_RPC,
    chain_id: ChainId = None,
    deployment: DeploymentFile = None,
    account: Account = None,
    state: Annotated[str | None, typer.Option(help="Only those in this state, e.g. held.")] = None,
    how: Annotated[str | None, typer.Option(help="Only those its owner got so, e.g. delivered.")] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Only slots that start then or later."),
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Only slots that start before.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the lots of energy; the account is the owner or a producer."""
    from energy_trading.market.log.fold import fold
    from energy_trading.market.log.records import LOT_STATES, WAYS

    _check("--state", state, LOT_STATES)
    _check("--how", how, WAYS)
    person, start, end = _person(account), _when("--since", since), _when("--until", until)
    _, log = _read(rpc, chain_id, deployment)
    rows = [
        lot.to_dict()
        for lot in fold(log).lots.values()
        if state in (None, lot.state)
        and how in (None, lot.how)
        and person in (None, lot.owner, *lot.producers)
        and (start is None or start <= lot.slot_start)
        and (end is None or lot.slot_start < end)
    ]
    show(_LOTS, rows, as_json)


def standing(
    account: Annotated[str, typer.Argument(help="Address.")],
    rpc: Rpc = DEFAULT_RPC,
    chain_id: ChainId = None,
    deployment: DeploymentFile = None,
    last: Annotated[int, typer.Option(help="How many changes to tell.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Tell an account's credits, ban and the changes that made them."""
    from energy_trading.market.log.standing import standing_of

    suite, record = open_market(rpc, chain_id, deployment)
    report = standing_of(suite, account, last, record.from_block)
    if as_json:
        print_json(report.to_dict())
        return
    for line in report.lines():
        console.print(line, markup=False)


def _read(rpc: str, chain_id: int | None, deployment: Path | None) -> tuple[Suite, list[Event]]:
    """Open the recorded suite and read all it has logged."""
    from energy_trading.bindings import read_events

    suite, record = open_market(rpc, chain_id, deployment)
    return suite, read_events(suite.chain, suite.markets, record.from_block)


def _check(option: str, given: str | None, allowed: Sequence[str]) -> None:
    if given is not None and given not in allowed:
        raise BadInput(f"{option}: given {given!r}, allowed {', '.join(allowed)}")


def _person(account: str | None) -> str | None:
    return None if account is None else address_of("--account", account)


def _when(option: str, text: str | None) -> int | None:
    return None if text is None else time_of(option, text)
