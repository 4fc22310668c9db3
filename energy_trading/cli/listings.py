"""`accounts`, `offers`, `auctions`, `trades`, `standing`: what the log and the contracts say."""

from __future__ import annotations

from typing import Annotated

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
    events_of,
    open_market,
    print_json,
    show,
)
from energy_trading.errors import BadInput

_ROLES = ("none", "producer", "consumer", "prosumer")


def accounts(
    rpc: Rpc = DEFAULT_RPC,
    chain_id: ChainId = None,
    deployment: DeploymentFile = None,
    role: Annotated[str | None, typer.Option(help="Only producer, consumer or prosumer.")] = None,
    banned: Annotated[bool, typer.Option(help="Only those banned or suspended now.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the accounts: money in units of account, credits with scale 1e9."""
    if role is not None and role not in _ROLES[1:]:
        raise BadInput(f"--role: given {role!r}, allowed {', '.join(_ROLES[1:])}")
    from energy_trading.bindings.energy_ledger import AccountOpened

    suite, record = open_market(rpc, chain_id, deployment)
    now = suite.chain.now()
    opened = (e for e in events_of(suite, record.from_block) if isinstance(e, AccountOpened))
    rows = []
    for address in dict.fromkeys(event.account for event in opened):
        view = suite.ledger.account_of(address)
        row = {
            "account": address,
            "role": _ROLES[view.roles & 3],
            "available": view.available,
            "held": view.held,
            "seller_credit_e9": view.seller_credit_e9,
            "buyer_credit_e9": view.buyer_credit_e9,
            "defaults": view.defaults,
            "banned_until": view.banned_until,
            "suspended": view.suspended,
        }
        if role in (None, row["role"]) and (not banned or view.suspended or now < view.banned_until):
            rows.append(row)
    columns = list(rows[0]) if rows else ["account"]
    show(columns, rows, as_json)


def offers(
    rpc: Rpc = DEFAULT_RPC,
    chain_id: ChainId = None,
    deployment: DeploymentFile = None,
    account: Account = None,
    every: Annotated[bool, typer.Option("--all", help="Also those that nobody can accept any more.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the offers on chain that can be accepted now."""
    from energy_trading.market.listing import OPEN, list_trades

    person = None if account is None else address_of("--account", account)
    suite, record = open_market(rpc, chain_id, deployment)
    now = suite.chain.now()
    rows = [
        trade.to_dict()
        for trade in list_trades(events_of(suite, record.from_block))
        if (every or (trade.state == OPEN and now < trade.terms.accept_by))
        and person in (None, trade.terms.seller, trade.terms.buyer)
    ]
    columns = ["trade_id", "seller", "reserved_for", "energy_wh", "price", "accept_by", "deliver_by", "state"]
    show(columns, rows, as_json)


def trades(
    rpc: Rpc = DEFAULT_RPC,
    chain_id: ChainId = None,
    deployment: DeploymentFile = None,
    account: Account = None,
    state: Annotated[str | None, typer.Option(help="Only those in this state, e.g. accepted.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the offers that were accepted, and what became of them."""
    from energy_trading.market.listing import TRADE_STATES, list_trades

    if state is not None and state not in TRADE_STATES:
        raise BadInput(f"--state: given {state!r}, allowed {', '.join(TRADE_STATES)}")
    person = None if account is None else address_of("--account", account)
    suite, record = open_market(rpc, chain_id, deployment)
    rows = [
        trade.to_dict()
        for trade in list_trades(events_of(suite, record.from_block))
        if (trade.buyer is not None if state is None else trade.state == state)
        and person in (None, trade.terms.seller, trade.buyer)
    ]
    columns = ["trade_id", "seller", "buyer", "energy_wh", "price", "deliver_by", "state", "paid", "cut"]
    show(columns, rows, as_json)


def auctions(
    rpc: Rpc = DEFAULT_RPC,
    chain_id: ChainId = None,
    deployment: DeploymentFile = None,
    account: Account = None,
    open_only: Annotated[bool, typer.Option("--open", help="Only those that take quotes now.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the auctions; the account is the publisher or a winner."""
    from energy_trading.market.listing import list_auctions

    person = None if account is None else address_of("--account", account)
    suite, record = open_market(rpc, chain_id, deployment)
    now = suite.chain.now()
    rows = [
        auction.to_dict()
        for auction in list_auctions(events_of(suite, record.from_block))
        if (not open_only or now < auction.terms.quote_until)
        and person in (None, auction.terms.publisher, *(award.winner for award in auction.awards))
    ]
    columns = [
        "auction_id",
        "publisher",
        "lots_wh",
        "start_price",
        "ceiling",
        "quote_until",
        "quotes",
        "state",
    ]
    show(columns, rows, as_json)


def standing(
    account: Annotated[str, typer.Argument(help="Address.")],
    rpc: Rpc = DEFAULT_RPC,
    chain_id: ChainId = None,
    deployment: DeploymentFile = None,
    last: Annotated[int, typer.Option(help="How many changes to tell.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Tell an account's credits, ban and the changes that made them."""
    from energy_trading.market.standing import standing_of

    suite, record = open_market(rpc, chain_id, deployment)
    report = standing_of(suite, account, last, record.from_block)
    if as_json:
        print_json(report.to_dict())
        return
    for line in report.lines():
        console.print(line, markup=False)
