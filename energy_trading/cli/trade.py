"""`trade`: offer, accept, give up, confirm, expire."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from energy_trading.cli.acting import Desk, MayBePending, at_desk, with_sender
from energy_trading.cli.files import read_json, write_json
from energy_trading.cli.meter import JournalFile, MeterKey, open_meter
from energy_trading.cli.output import address_of
from energy_trading.cli.trade_files import OfferName, acceptance_of, delivery_from_json, offer_of
from energy_trading.errors import BadInput, EnergyTradingError

group = typer.Typer(help="Trade: offer, accept, give up, confirm, expire.")

_HELP_TIME = "Unix seconds, ISO 8601 with a zone, or +2h from the chain's clock."
_Offers = Annotated[list[str], typer.Argument(metavar="OFFER...", help="Trade ids, or offer files.")]


@group.command()
@at_desk(with_sender)
def offer(
    desk: Desk,
    energy_wh: Annotated[int, typer.Option(metavar="WH", help="Quantity, Wh.")],
    price: Annotated[int, typer.Option(metavar="UNITS", help="Whole price, units of account.")],
    accept_by: Annotated[str, typer.Option(metavar="TIME", help=f"Not included. {_HELP_TIME}")],
    deliver_by: Annotated[
        str, typer.Option(metavar="TIME", help="Not included; the receipt is there before.")
    ],
    buyer: Annotated[str | None, typer.Option(metavar="ACCOUNT", help="The only one who may accept.")] = None,
    signed: Annotated[bool, typer.Option("--signed", help="Sign it, send nothing; needs --out.")] = False,
    hidden: Annotated[
        bool, typer.Option("--hidden", help="Commit to the quantity on chain; needs --out, for the buyer.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="New file for the offer, to hand over.")] = None,
) -> None:
    """Offer energy: the guarantee is held from now on, or from the acceptance if it is signed only."""
    from energy_trading.market.trade.offer import make_offer, sign_offer

    if out is None and (signed or hidden):
        raise BadInput("--out: given nothing, allowed a file, for the buyer cannot do without it")
    ends = [desk.time_of(n, t) for n, t in (("--accept-by", accept_by), ("--deliver-by", deliver_by))]
    reserved = None if buyer is None else address_of("--buyer", buyer)
    made = make_offer(desk.address, energy_wh, price, *ends, buyer=reserved, hidden=hidden, signed=signed)
    if signed:
        made = sign_offer(made, desk.key, desk.suite.market_domain)
    if out is not None:
        # Before it is sent: nobody can accept a hidden offer whose file is lost.
        write_json("--out", out, made.to_json())
    if not signed:
        try:
            desk.send("make offer", desk.suite.market.make_offer(made.terms))
        except MayBePending:
            raise
        except EnergyTradingError:
            if out is not None:
                out.unlink()
            raise
    desk.tell(trade_id="0x" + made.trade_id.hex(), **({} if out is None else {"file": str(out)}))


@group.command()
@at_desk(with_sender)
def accept(
    desk: Desk,
    offer: OfferName,
    start: Annotated[str, typer.Option("--from", metavar="TIME", help=f"Start of delivery. {_HELP_TIME}")],
    end: Annotated[str, typer.Option("--to", metavar="TIME", help="End of delivery, not included.")],
    meter_key: MeterKey,
    journal: JournalFile,
) -> None:
    """Pay for an offer; the meter, the registered one, will sign what arrives in this time.

    Run again after an interruption, with the same times, it pays once.
    """
    from energy_trading.market.trade.offer import receipt_key
    from energy_trading.market.trade.trader import Trader
    from energy_trading.meter.smart_meter import Allotment

    made = offer_of(desk, offer)
    slot = desk.time_of("--from", start), desk.time_of("--to", end)
    if slot[1] >= made.terms.deliver_by:
        raise BadInput(f"--to: given {slot[1]}, allowed before {made.terms.deliver_by}, when it is too late")
    buyer = desk.key
    with open_meter(desk, meter_key, journal) as (meter, signer):
        desk.tell(trade_id="0x" + made.trade_id.hex(), slot_from=slot[0], slot_to=slot[1])
        with desk.sending():
            # Asked when earlier transactions are mined: a second acceptance would be refused, and the meter
            # would then forget a trade that is paid.
            done = acceptance_of(desk, made.trade_id)
            if done is not None and done.buyer == buyer.address:
                meter.allot(Allotment(made.trade_id, *slot, made.energy_wh, made.salt))
                desk.tell(note="accepted before, nothing sent")
                return
            if receipt_key(signer) != desk.suite.ledger.meter_of(buyer.address):
                raise BadInput(
                    f"--meter-key: given 0x{signer.hex()}, allowed the meter registered for {buyer.address}"
                )
            # Asked before the meter hears of it: what it has released after a refusal it never takes again.
            if made.signature is None:
                desk.suite.market.accept_offer(made.terms).simulate(buyer)
            else:
                desk.suite.market.accept_signed(made.terms, made.signature).simulate(buyer)
            Trader(desk.suite, buyer, meter, desk.sent).accept(made, *slot)


@group.command()
@at_desk(with_sender)
def give_up(desk: Desk, offer: OfferName) -> None:
    """Withdraw an own offer that nobody accepted; before its accept-by a share of the guarantee is kept."""
    made = offer_of(desk, offer)
    market = desk.suite.market
    call = market.give_up(made.terms) if made.signature is None else market.cancel_signed(made.terms)
    desk.send("give up", call)


@group.command()
@at_desk(with_sender)
def confirm(
    desk: Desk,
    receipts: Annotated[
        list[Path], typer.Argument(metavar="RECEIPT...", help="Files of `meter receipt`; many go together.")
    ],
) -> None:
    """Bring meters' receipts, which pay the sellers; anyone may. A refused one of many stops no other."""
    from energy_trading.bindings.offer_market import DeliveryRefused
    from energy_trading.market.trade.trader import BATCH, confirm_many

    read = [delivery_from_json(read_json("RECEIPT", path)) for path in receipts]
    market = desk.suite.market
    for delivery, opening in read:
        if opening is not None:
            desk.send("confirm hidden", market.confirm_hidden_short(delivery, *opening))
    plain = [delivery for delivery, opening in read if opening is None]
    if len(plain) == 1:
        desk.send("confirm", market.confirm_delivery(plain[0]))
        return
    refused = []
    for i in range(0, len(plain), BATCH):
        with desk.sending():
            (sent,) = confirm_many(desk.suite, desk.sender, plain[i : i + BATCH])
        desk.sent("confirm many", sent)
        refused += [event for event in sent.events if isinstance(event, DeliveryRefused)]
    if refused:
        told = ", ".join(f"0x{event.trade_id.hex()} ({event.fault.name})" for event in refused)
        raise EnergyTradingError(f"receipts: {len(refused)} of {len(plain)} refused: {told}")


@group.command()
@at_desk(with_sender)
def expire(desk: Desk, offers: _Offers) -> None:
    """End offers nobody accepted in time and trades nobody delivered in time; anyone may."""
    from energy_trading.types import ZERO_ADDRESS

    for made in [offer_of(desk, name) for name in offers]:
        done = acceptance_of(desk, made.trade_id)
        party, named = (ZERO_ADDRESS, bytes(32)) if done is None else (done.buyer, done.receipt_key)
        desk.send("expire", desk.suite.market.expire(made.terms, party, named))
