"""`intent`: sign orders that somebody else submits, look at them, and submit them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from energy_trading.cli.acting import Desk, at_desk, with_market, with_sender
from energy_trading.cli.files import check_new, write_json
from energy_trading.cli.meter import JournalFile, MeterKey, open_meter, with_meter_key
from energy_trading.cli.output import address_of, print_json
from energy_trading.cli.trade_files import OfferName, check_registered, offer_of, slot_of
from energy_trading.errors import BadInput
from energy_trading.files._json import read_json, to_hex

if TYPE_CHECKING:
    from energy_trading.market.intents.intent import Intent
    from energy_trading.market.intents.signer import IntentSigner
    from energy_trading.meter.smart_meter import SmartMeter

group = typer.Typer(help="Sign orders without sending a transaction; submit those of others.")

_HELP_TIME = "Unix seconds, ISO 8601 with a zone, or +2h from the chain's clock."
_Out = Annotated[Path, typer.Option(help="New file for the signed intent, which anyone may submit.")]
_Deadline = Annotated[str, typer.Option(metavar="TIME", help=f"End of the time to submit it. {_HELP_TIME}")]
_Relayer = Annotated[
    str | None, typer.Option(metavar="ACCOUNT", help="Who gets the fee, whoever submits the intent.")
]
_Fee = Annotated[
    int, typer.Option(metavar="UNITS", help="Units of account for the relayer, if it is carried out.")
]
_Amount = Annotated[int, typer.Argument(metavar="UNITS", help="Units of account.")]
_IntentFile = Annotated[Path, typer.Argument(metavar="INTENT", help="File of a signed intent.")]


@group.command()
@at_desk(with_sender, key=with_meter_key)
def purchase(
    desk: Desk,
    offer: OfferName,
    start: Annotated[str, typer.Option("--from", metavar="TIME", help=f"Start of delivery. {_HELP_TIME}")],
    end: Annotated[str, typer.Option("--to", metavar="TIME", help="End of delivery, exclusive.")],
    deadline: _Deadline,
    key: MeterKey,
    journal: JournalFile,
    out: _Out,
    relayer: _Relayer = None,
    fee: _Fee = 0,
) -> None:
    """Sign the acceptance of an offer. Your meter learns of the trade first, so that it will sign."""
    made = offer_of(desk, offer)
    slot = slot_of(desk, made, start, end)
    check_new("--out", out)
    with open_meter(desk, key, journal) as (meter, signer):
        check_registered(desk, signer)
        until = desk.time_of("--deadline", deadline)
        signed = _signer(desk, relayer, fee, meter).purchase(made, *slot, deadline=until)
    _write(desk, out, signed)


@group.command()
@at_desk(with_sender, key=with_meter_key)
def bid(
    desk: Desk,
    min_wh: Annotated[int, typer.Option(metavar="WH", help="Least energy, Wh.")],
    max_wh: Annotated[int, typer.Option(metavar="WH", help="Most energy, Wh.")],
    max_price_per_mwh: Annotated[
        int, typer.Option(metavar="UNITS", help="Most units of account for 1,000,000 Wh.")
    ],
    slot_start: Annotated[
        str, typer.Option(metavar="TIME", help=f"Delivery begins no earlier. {_HELP_TIME}")
    ],
    slot_end: Annotated[str, typer.Option(metavar="TIME", help="Delivery ends no later.")],
    deadline: _Deadline,
    key: MeterKey,
    journal: JournalFile,
    out: _Out,
    min_seller_credit: Annotated[
        int, typer.Option(metavar="E9", help="Least credit of the seller, scale 1e9.")
    ] = 0,
    seller: Annotated[str | None, typer.Option(metavar="ACCOUNT", help="Only this account may sell.")] = None,
    relayer: _Relayer = None,
    fee: _Fee = 0,
) -> None:
    """Sign a standing order that buys one offer within these limits; `intent filled` finds the trade."""
    named = None if seller is None else address_of("--seller", seller)
    check_new("--out", out)
    with open_meter(desk, key, journal) as (meter, _):
        signed = _signer(desk, relayer, fee, meter).bid(
            min_wh=min_wh,
            max_wh=max_wh,
            max_price_per_mwh=max_price_per_mwh,
            slot_start=desk.time_of("--slot-start", slot_start),
            slot_end=desk.time_of("--slot-end", slot_end),
            deadline=desk.time_of("--deadline", deadline),
            min_seller_credit=min_seller_credit,
            seller=named,
        )
    _write(desk, out, signed)


@group.command()
@at_desk(with_sender)
def give_up(
    desk: Desk,
    offer: OfferName,
    deadline: _Deadline,
    out: _Out,
    not_before: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="It counts from then on; by default from accept-by on, free of cost."
        ),
    ] = None,
    max_cut: Annotated[
        int, typer.Option(metavar="UNITS", help="Most units of the guarantee that may be lost.")
    ] = 0,
    relayer: _Relayer = None,
    fee: _Fee = 0,
) -> None:
    """Sign the withdrawal of your own offer, or the cancellation if it was signed off chain."""
    made, signer = offer_of(desk, offer), _signer(desk, relayer, fee)
    until = desk.time_of("--deadline", deadline)
    check_new("--out", out)
    if made.signature is not None:
        _write(desk, out, signer.cancel(made, deadline=until))
        return
    since = None if not_before is None else desk.time_of("--not-before", not_before)
    _write(desk, out, signer.give_up(made, deadline=until, not_before=since, max_cut=max_cut))


@group.command()
@at_desk(with_sender)
def withdraw(
    desk: Desk,
    amount: _Amount,
    deadline: _Deadline,
    out: _Out,
    to: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Recipient; by default your own account.")
    ] = None,
    relayer: _Relayer = None,
    fee: _Fee = 0,
) -> None:
    """Sign a withdrawal of available funds."""
    recipient = None if to is None else address_of("--to", to)
    check_new("--out", out)
    until = desk.time_of("--deadline", deadline)
    _write(desk, out, _signer(desk, relayer, fee).withdraw(amount, recipient, deadline=until))


@group.command()
@at_desk(with_sender)
def deposit(
    desk: Desk,
    amount: _Amount,
    deadline: _Deadline,
    out: _Out,
    account: Annotated[
        str | None, typer.Option(metavar="ACCOUNT", help="Who gets the funds; by default you do.")
    ] = None,
) -> None:
    """Sign a deposit of your tokens. The ledger needs an allowance of the token."""
    benefits = None if account is None else address_of("--account", account)
    check_new("--out", out)
    until = desk.time_of("--deadline", deadline)
    _write(desk, out, _signer(desk, None, 0).deposit(amount, benefits, deadline=until))


@group.command()
@at_desk(with_sender)
def void(desk: Desk, intent: _IntentFile, deadline: _Deadline, out: _Out) -> None:
    """Sign that your own bid, withdrawal or deposit shall count no more."""
    order = _read(intent)
    check_new("--out", out)
    until = desk.time_of("--deadline", deadline)
    _write(desk, out, _signer(desk, None, 0).void(order, deadline=until))


@group.command()
@at_desk(with_market)
def show(desk: Desk, intent: _IntentFile) -> None:
    """Check an intent's market and signature, and show what it does."""
    signed = _read(intent)
    signed.check(desk.suite)
    order = signed.to_json()["order"]
    desk.report(kind=signed.kind, signer=signed.signer, contract=signed.domain.name, **_plain(order))


@group.command()
@at_desk(with_sender)
def send(
    desk: Desk,
    intents: Annotated[
        list[Path], typer.Argument(metavar="INTENT...", help="Files; many purchases go together.")
    ],
    offer: Annotated[
        str | None, typer.Option(metavar="OFFER", help="Trade id or offer file: what a bid buys.")
    ] = None,
) -> None:
    """Submit signed intents. Anyone may do this. A refused purchase among many does not stop the others."""
    read = [_read(path) for path in intents]
    made = None if offer is None else offer_of(desk, offer)
    if made is not None and len(read) > 1:
        raise BadInput("--offer fills one bid; submit the other intents by a command of their own")
    if len(read) > 1 and all(intent.kind == "purchase" for intent in read):
        for intent in read:
            intent.check(desk.suite)
        purchases = [intent.purchase() for intent in read]
        desk.send_batches("purchases", "purchases", purchases, desk.suite.desk.accept_for_many)
        return
    calls = [(intent.kind, intent.call(desk.suite, made)) for intent in read]
    for kind, call in calls:
        desk.send(kind, call)


@group.command()
@at_desk(with_sender, key=with_meter_key)
def filled(
    desk: Desk,
    intent: _IntentFile,
    key: MeterKey,
    journal: JournalFile,
    start: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help=f"Start of delivery. {_HELP_TIME}")
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="TIME", help="End of delivery; by default its last quarter of an hour in time."
        ),
    ] = None,
) -> None:
    """Find the trade that filled your bid, and let your meter sign its receipt."""
    if (start is None) != (end is None):
        raise BadInput("--from and --to go together")
    slot = None
    if start is not None and end is not None:
        slot = desk.time_of("--from", start), desk.time_of("--to", end)
    with open_meter(desk, key, journal) as (meter, _):
        trade = _signer(desk, None, 0, meter).filled(_read(intent), desk.record.from_block, slot)
    if trade is None:
        desk.report(filled=False)
        return
    from energy_trading.market.intents.signer import delivery_slot

    terms = trade.offer.terms
    slot_from, slot_to = delivery_slot(terms) if slot is None else slot
    desk.report(
        filled=True,
        trade_id=to_hex(trade.offer.trade_id),
        seller=terms.seller,
        energy_wh=trade.offer.energy_wh,
        price=terms.price,
        slot_from=slot_from,
        slot_to=slot_to,
    )


@group.command()
@at_desk(with_sender, key=with_meter_key)
def drop(desk: Desk, intent: _IntentFile, key: MeterKey, journal: JournalFile) -> None:
    """Free your meter of a purchase that nobody submitted in time."""
    with open_meter(desk, key, journal) as (meter, _):
        _signer(desk, None, 0, meter).drop(_read(intent))
    desk.report(note="the meter is free")


@group.command()
def schema() -> None:
    """Print the JSON Schema of the files of intents."""
    from energy_trading.market.intents.schema import intent_schema

    print_json(intent_schema())


def _signer(desk: Desk, relayer: str | None, fee: int, meter: SmartMeter | None = None) -> IntentSigner:
    from energy_trading.market.intents.signer import IntentSigner

    named = None if relayer is None else address_of("--relayer", relayer)
    return IntentSigner(desk.suite, desk.key, meter, relayer=named, fee=fee)


def _read(path: Path) -> Intent:
    from energy_trading.market.intents.intent import Intent

    return Intent.from_json(read_json("INTENT", path))


def _write(desk: Desk, out: Path, intent: Intent) -> None:
    write_json("--out", out, intent.to_json())
    desk.report(kind=intent.kind, signer=intent.signer, deadline=intent.deadline, file=str(out))


def _plain(order: dict[str, Any]) -> dict[str, Any]:
    """The order's fields, but for its author, whom the report names already."""
    return {name: value for name, value in order.items() if name not in ("kind", "signer")}
