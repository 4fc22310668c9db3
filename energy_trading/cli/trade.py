"""`trade`: offer, accept, give up, confirm, testify, expire."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from energy_trading.cli.acting import Desk, MayBePending, at_desk, with_sender
from energy_trading.cli.files import write_json
from energy_trading.cli.meter import JournalFile, MeterKey, open_meter, with_meter_key
from energy_trading.cli.output import address_of
from energy_trading.cli.trade_files import (
    OfferName,
    acceptance_of,
    check_registered,
    delivery_from_json,
    offer_of,
    slot_of,
    witness_from_json,
)
from energy_trading.errors import BadInput, EnergyTradingError
from energy_trading.files._json import read_json, to_hex

group = typer.Typer(help="Trade energy: offer, accept, give up, confirm, testify, expire.")

_HELP_TIME = "Unix seconds, ISO 8601 with a zone, or +2h from the chain's clock."
_Offers = Annotated[list[str], typer.Argument(metavar="OFFER...", help="Trade ids, or offer files.")]


@group.command()
@at_desk(with_sender)
def offer(
    desk: Desk,
    energy_wh: Annotated[int, typer.Option(metavar="WH", help="Quantity in Wh.")],
    price: Annotated[int, typer.Option(metavar="UNITS", help="Price of all, in units of account.")],
    accept_by: Annotated[str, typer.Option(metavar="TIME", help=f"End of acceptance. {_HELP_TIME}")],
    deliver_by: Annotated[str, typer.Option(metavar="TIME", help="End of delivery and receipt.")],
    buyer: Annotated[
        str | None, typer.Option(metavar="ACCOUNT", help="Only this account may accept.")
    ] = None,
    signed: Annotated[bool, typer.Option("--signed", help="Sign only, send nothing; needs --out.")] = False,
    hidden: Annotated[
        bool, typer.Option("--hidden", help="Commit to the quantity on chain; needs --out, for the buyer.")
    ] = False,
    testimony: Annotated[
        bool, typer.Option("--testimony", help="Let your meter testify if the buyer's sends no receipt.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="New file for the offer, to hand to the buyer.")] = None,
) -> None:
    """Offer energy. The guarantee is held from now on; for a signed offer, from its acceptance on."""
    from energy_trading.market.trade.offer import make_offer, sign_offer

    if out is None and (signed or hidden):
        raise BadInput("--out is missing: the buyer needs the file of a signed or hidden offer")
    ends = [desk.time_of(n, t) for n, t in (("--accept-by", accept_by), ("--deliver-by", deliver_by))]
    reserved = None if buyer is None else address_of("--buyer", buyer)
    made = make_offer(
        desk.address,
        energy_wh,
        price,
        *ends,
        buyer=reserved,
        hidden=hidden,
        signed=signed,
        testimony=testimony,
    )
    if signed:
        made = sign_offer(made, desk.key, desk.suite.market_domain)
    market = desk.suite.market
    if out is not None:
        # Written before the offer is sent, because nobody can accept a hidden offer whose file is lost.
        write_json("--out", out, made.to_json())
    if not signed:
        try:
            desk.send("make offer", market.make_offer(made.terms))
        except MayBePending:
            raise
        except EnergyTradingError:
            if out is not None:
                out.unlink()
            raise
    desk.report(trade_id=to_hex(made.trade_id), **({} if out is None else {"file": str(out)}))


@group.command()
@at_desk(with_sender, key=with_meter_key)
def accept(
    desk: Desk,
    offer: OfferName,
    start: Annotated[str, typer.Option("--from", metavar="TIME", help=f"Start of delivery. {_HELP_TIME}")],
    end: Annotated[str, typer.Option("--to", metavar="TIME", help="End of delivery, exclusive.")],
    key: MeterKey,
    journal: JournalFile,
) -> None:
    """Pay for an offer. The buyer's registered meter will sign how much arrives in the given time.

    After an interruption, repeat the command with the same times: it pays only once.
    """
    from energy_trading.market.trade.trader import Trader
    from energy_trading.meter.smart_meter import Allotment

    made = offer_of(desk, offer)
    slot = slot_of(desk, made, start, end)
    buyer = desk.key
    with open_meter(desk, key, journal) as (meter, signer):
        desk.report(trade_id=to_hex(made.trade_id), slot_from=slot[0], slot_to=slot[1])
        with desk.sending():
            # Asked after earlier transactions are mined, because a second acceptance would be refused and
            # the meter would then forget a trade that is paid for.
            done = acceptance_of(desk, made.trade_id)
            if done is not None and done.buyer == buyer.address:
                meter.allot(Allotment(made.trade_id, *slot, made.energy_wh, made.salt))
                desk.report(note="accepted before, nothing sent")
                return
            check_registered(desk, signer)
            # Simulated before the meter learns of it, because after a refusal it never accepts it again.
            if made.signature is None:
                desk.suite.market.accept_offer(made.terms).simulate(buyer)
            else:
                desk.suite.market.accept_signed(made.terms, made.signature).simulate(buyer)
            Trader(desk.suite, buyer, meter, desk.sent).accept(made, *slot)


@group.command()
@at_desk(with_sender)
def give_up(desk: Desk, offer: OfferName) -> None:
    """Withdraw your own offer that nobody accepted. Before its accept-by, part of the guarantee is cut."""
    made = offer_of(desk, offer)
    market = desk.suite.market
    call = market.give_up(made.terms) if made.signature is None else market.cancel_signed(made.terms)
    desk.send("give up", call)


@group.command()
@at_desk(with_sender)
def confirm(
    desk: Desk,
    receipts: Annotated[
        list[Path], typer.Argument(metavar="RECEIPT...", help="From `meter receipt`; many go together.")
    ],
) -> None:
    """Submit receipts, which pay the sellers. Anyone may do this. A refused receipt does not stop others."""
    from energy_trading.market.trade.trader import repair

    read = [delivery_from_json(read_json("RECEIPT", path)) for path in receipts]
    market, domain = desk.suite.market, desk.suite.market_domain
    for delivery, opening in read:
        if opening is not None:
            desk.send("confirm hidden", market.confirm_hidden_short(repair(delivery, domain), *opening))
    plain = [repair(delivery, domain) for delivery, opening in read if opening is None]
    if len(plain) == 1:
        desk.send("confirm", market.confirm_delivery(plain[0]))
    else:
        desk.send_batches("confirm many", "receipts", plain, market.confirm_deliveries)


@group.command()
@at_desk(with_sender)
def testify(
    desk: Desk,
    testimonies: Annotated[
        list[Path], typer.Argument(metavar="TESTIMONY...", help="From `meter testify`; many go together.")
    ],
) -> None:
    """Submit testimonies, which excuse the sellers. Anyone may do this. A refused one stops no other."""
    read = [witness_from_json(read_json("TESTIMONY", path)) for path in testimonies]
    market = desk.suite.market
    for witness, opening in read:
        if opening is not None:
            desk.send("testify hidden", market.testify_hidden(witness, *opening))
    plain = [witness for witness, opening in read if opening is None]
    if len(plain) == 1:
        desk.send("testify", market.testify(plain[0]))
    else:
        desk.send_batches("testify many", "testimonies", plain, market.testify_many)


@group.command()
@at_desk(with_sender)
def expire(desk: Desk, offers: _Offers) -> None:
    """End offers that nobody accepted in time and trades not delivered in time. Anyone may do this."""
    from energy_trading.types import ZERO_ADDRESS

    for made in [offer_of(desk, name) for name in offers]:
        done = acceptance_of(desk, made.trade_id)
        party, named = (ZERO_ADDRESS, bytes(32)) if done is None else (done.buyer, done.receipt_key)
        desk.send("expire", desk.suite.market.expire(made.terms, party, named))
