"""`accounts`, `contacts`, `offers`, `lots`, `trades`, `positions` and the like: what the market states."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from energy_trading.cli.acting import Desk, at_desk, with_market
from energy_trading.cli.output import Account, address_of, console, one_of, print_json, show, time_of

if TYPE_CHECKING:
    from energy_trading.bindings import Event
    from energy_trading.market.log.records import ContactRecord

_ROLES: Final = ("none", "producer", "consumer", "prosumer")
_ACCOUNTS: Final = (
    "account role available held seller_credit_e9 buyer_credit_e9 defaults banned_until suspended"
)
_OFFERS: Final = "trade_id seller reserved_for energy_wh price accept_by deliver_by state"
_TRADES: Final = "trade_id seller buyer energy_wh price deliver_by state paid cut"
_AUCTIONS: Final = "auction_id publisher lots_wh start_price ceiling quote_until quotes state"
_LOTS: Final = "owner producers energy_wh slot_start how state msg_addr lot"
_CONTACTS: Final = "account public_key msg_addr lot"
_POSITIONS: Final = "account slot_start sold_wh bought_wh import_wh export_wh position_wh owed hidden"


@at_desk(with_market)
def accounts(
    desk: Desk,
    role: Annotated[str | None, typer.Option(help="Only producer, consumer or prosumer.")] = None,
    banned: Annotated[bool, typer.Option(help="Only those that are banned or suspended now.")] = False,
) -> None:
    """List the accounts. Money is in units of account; credits have the scale 1e9."""
    one_of("--role", role, _ROLES[1:])
    from energy_trading.bindings.energy_ledger import AccountOpened

    log, now = _log(desk), desk.suite.chain.now()
    rows = []
    for address in dict.fromkeys(event.account for event in log if isinstance(event, AccountOpened)):
        view = desk.suite.ledger.account_of(address)
        row = {"account": address, "role": _ROLES[view.roles & 3]}
        row |= {name: getattr(view, name) for name in _ACCOUNTS.split()[2:]}
        if role in (None, row["role"]) and (not banned or view.suspended or now < view.banned_until):
            rows.append(row)
    show(_ACCOUNTS, rows, desk.as_json)


@at_desk(with_market)
def offers(
    desk: Desk,
    account: Account = None,
    every: Annotated[bool, typer.Option("--all", help="Also those that nobody can accept any more.")] = False,
) -> None:
    """List the offers on chain that can be accepted now."""
    from energy_trading.market.log.fold import fold
    from energy_trading.market.log.records import OPEN

    person = _person(account)
    log, now = _log(desk), desk.suite.chain.now()
    rows = [
        trade.to_dict()
        for trade in fold(log).trades.values()
        if (every or (trade.state == OPEN and now < trade.terms.accept_by))
        and person in (None, trade.terms.seller, trade.terms.buyer, trade.buyer)
    ]
    show(_OFFERS, rows, desk.as_json)


@at_desk(with_market)
def trades(
    desk: Desk,
    account: Account = None,
    state: Annotated[str | None, typer.Option(help="Only those in this state, e.g. accepted.")] = None,
) -> None:
    """List the offers that were accepted, and what became of them."""
    from energy_trading.market.log.fold import fold
    from energy_trading.market.log.records import TRADE_STATES

    one_of("--state", state, TRADE_STATES)
    person = _person(account)
    rows = [
        trade.to_dict()
        for trade in fold(_log(desk)).trades.values()
        if (trade.buyer is not None if state is None else trade.state == state)
        and person in (None, trade.terms.seller, trade.buyer)
    ]
    show(_TRADES, rows, desk.as_json)


@at_desk(with_market)
def auctions(
    desk: Desk,
    account: Account = None,
    open_only: Annotated[bool, typer.Option("--open", help="Only those that accept quotes now.")] = False,
    state: Annotated[str | None, typer.Option(help="Only those in this state, e.g. settled.")] = None,
) -> None:
    """List the auctions. The account is that of the publisher or of a bidder."""
    from energy_trading.market.log.fold import fold
    from energy_trading.market.log.records import AUCTION_STATES

    one_of("--state", state, AUCTION_STATES)
    person = _person(account)
    log, now = _log(desk), desk.suite.chain.now()
    rows = [
        auction.to_dict()
        for auction in fold(log).auctions.values()
        if (not open_only or now < auction.terms.quote_until)
        and state in (None, auction.state)
        and person in (None, auction.terms.publisher, *auction.bidders)
    ]
    show(_AUCTIONS, rows, desk.as_json)


@at_desk(with_market)
def lots(
    desk: Desk,
    account: Account = None,
    state: Annotated[str | None, typer.Option(help="Only those in this state, e.g. held.")] = None,
    how: Annotated[str | None, typer.Option(help="Only those got this way, e.g. delivered.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only slots that start then or later.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Only slots that start before.")] = None,
) -> None:
    """List the lots of energy, and where their owners can be reached.

    The account is that of the owner or of a producer.
    """
    from energy_trading.market.log.fold import fold
    from energy_trading.market.log.records import LOT_STATES, WAYS

    one_of("--state", state, LOT_STATES)
    one_of("--how", how, WAYS)
    person = _person(account)
    start, end = (None if t is None else time_of(o, t) for o, t in (("--since", since), ("--until", until)))
    book = fold(_log(desk))
    rows = [
        lot.to_dict() | _contact_of(book.contacts.get(lot.owner))
        for lot in book.lots.values()
        if state in (None, lot.state)
        and how in (None, lot.how)
        and person in (None, lot.owner, *lot.producers)
        and (start is None or start <= lot.slot_start)
        and (end is None or lot.slot_start < end)
    ]
    show(_LOTS, rows, desk.as_json)


@at_desk(with_market)
def contacts(desk: Desk, account: Account = None) -> None:
    """List where accounts can be reached: the key and the message address announced last with a lot."""
    from energy_trading.market.log.fold import fold

    person = _person(account)
    found = fold(_log(desk)).contacts.values()
    rows = [contact.to_dict() for contact in found if person in (None, contact.account)]
    show(_CONTACTS, rows, desk.as_json)


@at_desk(with_market)
def positions(
    desk: Desk,
    readings: Annotated[
        Path,
        typer.Option(help="What was metered: CSV with account,slot_start,import_wh,export_wh, or JSON."),
    ],
    retail: Annotated[int, typer.Option(help="The supplier's price, units of account per kWh.")],
    feed_in: Annotated[int, typer.Option(help="What the supplier pays, units of account per kWh.")],
    slot_seconds: Annotated[int, typer.Option(help="Length of a slot; it must divide an hour.")] = 900,
    receipt_slots: Annotated[
        int, typer.Option(help="Slots from the end of delivery to the end of a trade, for receipts.")
    ] = 2,
    offers: Annotated[
        Path | None, typer.Option(help="Offer file, or a list of offers, that opens hidden quantities.")
    ] = None,
    account: Account = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Only slots that start then or later.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="Only slots that start before.")
    ] = None,
) -> None:
    """List what each home sold less what it bought and fed in, per slot, at the supplier's tariffs."""
    from energy_trading.market.log import positions as book
    from energy_trading.market.log.fold import fold

    rule, tariffs = book.SlotRule(slot_seconds, receipt_slots), book.Tariffs(retail, feed_in)
    first, behind = (None if t is None else time_of(o, t) for o, t in (("--from", start), ("--to", end)))
    person = _person(account)
    metered = book.read_slot_readings("--readings", readings, rule)
    openings = None if offers is None else book.read_openings("--offers", offers)
    lot_slot_seconds = desk.suite.lots.lot_parameters().slot_seconds
    sold = book.entries_of(fold(_log(desk)), rule, lot_slot_seconds, openings)
    found = book.positions_of(sold, metered, tariffs, account=person, start=first or 0, end=behind)
    show(_POSITIONS, [each.to_dict() for each in found], desk.as_json)
    # Those that have a reading are printed first, so that nobody can block them with a gift to a stranger.
    book.check_metered("--readings", found)


@at_desk(with_market)
def standing(
    desk: Desk,
    account: Annotated[str, typer.Argument(help="Address.")],
    last: Annotated[int, typer.Option(help="How many of the latest changes to print.")] = 10,
) -> None:
    """Print an account's credits, its ban, and the changes that led to them."""
    from energy_trading.market.log.standing import standing_of

    report = standing_of(desk.suite, account, last, desk.record.from_block)
    if desk.as_json:
        print_json(report.to_dict())
        return
    for line in report.lines():
        console.print(line, markup=False)


def _contact_of(contact: ContactRecord | None) -> dict[str, Any]:
    """Return a lot's columns about its owner's contact; whoever got the lot as a gift has announced none."""
    if contact is None:
        return {"public_key": None, "msg_addr": None}
    shown = contact.to_dict()
    return {name: shown[name] for name in ("public_key", "msg_addr")}


def _log(desk: Desk) -> list[Event]:
    """Return all events of the market."""
    from energy_trading.bindings import read_events

    return read_events(desk.suite.chain, desk.suite.markets, desk.record.from_block)


def _person(account: str | None) -> str | None:
    return None if account is None else address_of("--account", account)
