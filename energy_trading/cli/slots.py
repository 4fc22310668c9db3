"""`slots`: a home in the slot market, and what anyone may do and see there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from energy_trading.cli.acting import Desk, at_desk, with_market, with_sender
from energy_trading.cli.deployment import key_from_file
from energy_trading.cli.output import address_of, show
from energy_trading.errors import BadInput

if TYPE_CHECKING:
    from energy_trading.market.slots.book import SlotBook
    from energy_trading.market.slots.posting import Posting

_METER_PASSWORD: Final = "ENERGY_TRADING_METER_PASSWORD"  # noqa: S105 - the name of the variable
_HOMES: Final = "home account balance cap exit_amount exit_slot frozen"
_SLOTS: Final = "slot state price supply_wh demand_wh leader demands"
_ROWS: Final = "home account row_wh units"
_Slot = Annotated[int, typer.Argument(help="Number of the slot.")]
_Home = Annotated[int, typer.Argument(help="Number of the home.")]
_Amount = Annotated[int, typer.Argument(help="Units of account.")]
_Members = Annotated[list[str], typer.Option("--member", help="URL of a member; repeat it for each.")]
_Records = Annotated[Path, typer.Option(help="Journal of the home: its orders, readings, acknowledgements.")]

group = typer.Typer(help="The slot market: a home's money, orders and readings; slots and disputes.")


@group.command()
@at_desk(with_sender)
def join(
    desk: Desk, cap: Annotated[int, typer.Option(help="Most that the home pays in a slot, units.")]
) -> None:
    """Give the sender's account a home. It needs a registered meter."""
    desk.send("join", desk.suite.slots.join(cap))


@group.command()
@at_desk(with_sender)
def lock(desk: Desk, amount: _Amount) -> None:
    """Lock funds of the ledger for the home; it can lose them and no more."""
    desk.send("lock", desk.suite.slots.lock(amount))


@group.command("exit")
@at_desk(with_sender)
def request_exit(desk: Desk, amount: _Amount) -> None:
    """Ask for locked funds; `withdraw` pays them when the present slot is final. Zero takes it back."""
    desk.send("request_exit", desk.suite.slots.request_exit(amount))


@group.command()
@at_desk(with_sender)
def withdraw(desk: Desk, home: _Home) -> None:
    """Pay a requested exit into the funds of the home's account. Anyone may send it."""
    market = desk.suite.slots
    slot, frontier = market.home_of(home).exit_slot, market.frontier()
    if frontier <= slot:  # nobody need be alive for this: slots that nobody has posted are passed over
        desk.send("advance", market.advance(min(slot + 1 - frontier, 1024)))
    desk.send("withdraw", market.withdraw(home))


@group.command()
@at_desk(with_sender)
def cap(desk: Desk, amount: _Amount) -> None:
    """Change the home's cap from the next slot on."""
    desk.send("set_cap", desk.suite.slots.set_cap(amount))


@group.command()
@at_desk(with_sender)
def revoke(desk: Desk, nonce: Annotated[int, typer.Argument(help="Least nonce that counts.")]) -> None:
    """Revoke the account's orders below a nonce, from the next slot on."""
    desk.send("revoke_below", desk.suite.slots.revoke_below(nonce))


@group.command()
@at_desk(with_sender)
def demand(desk: Desk, slot: _Slot, home: _Home) -> None:
    """Demand order and reading behind a row; for another's home it takes a bond."""
    desk.send("demand", desk.suite.slots.demand(slot, home))


@group.command()
@at_desk(with_sender)
def expire(desk: Desk, slot: _Slot, home: _Home) -> None:
    """End a demand that nobody has answered in time: the slot is void, and its signers are slashed."""
    book = _book(desk)
    desk.send("expire", desk.suite.slot_disputes.expire(_posting(desk, book, slot).posted, home))


@group.command()
@at_desk(with_sender)
def finalise(desk: Desk) -> None:
    """Make all slots final that are due, or pass over empty ones. Half of the fees are the sender's."""
    from energy_trading.market.slots.settlement import check_final
    from energy_trading.rules.slots import closing_of

    book, now = _book(desk), desk.suite.chain.now()
    market, p = desk.suite.slots, desk.suite.slots.slot_parameters()
    frontier, batch = market.frontier(), list[int]()
    for posted in book.live():
        demanded = any(slot == posted.slot for slot, _ in book.demands)
        if demanded or now < book.posted_at[posted.slot] + p.window_seconds:
            break
        batch.append(posted.slot)
    if batch:
        check_final(book, batch[:24])
        postings = [_posting(desk, book, slot) for slot in batch[:24]]
        closings = [closing_of(each.posted.result, each.signers_hash) for each in postings]
        desk.send("finalise", market.finalise(closings, [each.rows for each in postings]))
        return
    count = 0
    while count < 1024 and _is_empty(book, frontier + count, now):
        count += 1
    if not count:
        raise BadInput("no slot is due: windows are open, demands are not answered, or slots can be posted")
    desk.send("advance", market.advance(count))


@group.command()
@at_desk(with_sender)
def collect(desk: Desk) -> None:
    """Collect bonds and fees that the market owes the sender, into its funds."""
    desk.send("collect", desk.suite.slots.collect())


@group.command()
@at_desk(with_sender)
def order(
    desk: Desk,
    members: _Members,
    records: _Records,
    nonce: Annotated[int, typer.Option(help="The highest acknowledged nonce counts.")],
    buy: Annotated[int | None, typer.Option(help="Highest price, units per Wh; default: retail.")] = None,
    sell: Annotated[int | None, typer.Option(help="Lowest price, units per Wh; default: feed-in.")] = None,
    max_spend: Annotated[int | None, typer.Option(help="Most to pay in a slot; default: the cap.")] = None,
    first: Annotated[int | None, typer.Option(help="First slot; default: the next one.")] = None,
    slots: Annotated[int, typer.Option(help="For how many slots, at most 96.")] = 96,
) -> None:
    """Sign a standing order with the account's key, and send it to members."""
    from energy_trading.council.home_link import HomeLink
    from energy_trading.market.slots.home_records import HomeRecords
    from energy_trading.market.slots.messages import SignedOrder, words_to_json
    from energy_trading.types import Order

    market = desk.suite.slots
    p = market.slot_parameters()
    begin = desk.suite.chain.now() // p.slot_seconds + 1 if first is None else first
    limit = market.home_of(market.home_number(desk.address)).cap if max_spend is None else max_spend
    limits = p.retail if buy is None else buy, p.feed_in if sell is None else sell
    plain = Order(desk.address, begin, begin + slots - 1, *limits, limit, nonce)
    signed = SignedOrder.sign(plain, desk.key, desk.suite.slots_domain)
    with HomeLink(members, HomeRecords(records, desk.suite.slots_domain)) as link:
        taken = link.order(signed)
    desk.report(members_reached=taken, **words_to_json(plain))


@group.command()
@at_desk(with_market)
def read(
    desk: Desk,
    slot: _Slot,
    net_wh: Annotated[int, typer.Argument(help="Wh fed in less Wh drawn; after -- if negative.")],
    account: Annotated[str, typer.Option(help="Account of the home.")],
    meter_key: Annotated[Path, typer.Option(help=f"Key file of the meter; password {_METER_PASSWORD}.")],
    members: _Members,
    records: _Records,
) -> None:
    """Have a meter (secp256k1) sign what it measured in a slot, and send it to members."""
    from energy_trading.council.home_link import HomeLink
    from energy_trading.market.slots.home_records import HomeRecords
    from energy_trading.market.slots.messages import SignedSlotReading
    from energy_trading.meter.signers import Secp256k1Meter
    from energy_trading.types import Reading

    domain = desk.suite.slots_domain
    meter = Secp256k1Meter(key_from_file("--meter-key", meter_key, _METER_PASSWORD))
    signed = SignedSlotReading.sign(Reading(address_of("--account", account), slot, net_wh), meter, domain)
    with HomeLink(members, HomeRecords(records, domain)) as link:
        link.reading(signed)
        acks = link.acks(slot, signed.reading.account)
    desk.report(acknowledged_by=[ack.member for ack in acks])


@group.command("list")
@at_desk(with_market)
def list_slots(desk: Desk) -> None:
    """List the slots that are posted and not final."""
    book = _book(desk)
    rows: list[dict[str, Any]] = []
    for slot in sorted(book.posted):
        result = book.posted[slot].result
        demands = sum(each == slot for each, _ in book.demands)
        state = desk.suite.slots.state_of(slot).name.lower()
        totals = {"price": result.price, "supply_wh": result.supply_wh, "demand_wh": result.demand_wh}
        rows.append({"slot": slot, "state": state, **totals, "leader": result.leader, "demands": demands})
    show(_SLOTS, rows, desk.as_json)


@group.command()
@at_desk(with_market)
def homes(desk: Desk) -> None:
    """List the homes with their money. A home is frozen from and to a slot."""
    from energy_trading.market.log.event_json import to_plain

    rows: list[dict[str, Any]] = []
    for number in range(desk.suite.slots.homes()):
        home = desk.suite.slots.home_of(number)
        rows.append({"home": number, **to_plain(home), "frozen": f"{home.frozen_from}-{home.frozen_to}"})
    show(_HOMES, rows, desk.as_json)


@group.command("show")
@at_desk(with_market)
def show_slot(desk: Desk, slot: _Slot) -> None:
    """List the rows of a slot that is posted and not final, with what each costs or earns."""
    from energy_trading.market.slots.book import row_of, spent

    book = _book(desk)
    posted = _posted(book, slot)
    rows = []
    for number, home in enumerate(book.homes_of(slot)):
        row, price = row_of(posted.rows, number), posted.result.price
        units = max(row, 0) * price - spent(row, price, book.parameters.fee)
        rows.append({"home": number, "account": home.account, "row_wh": row, "units": units})
    show(_ROWS, rows, desk.as_json)


def _book(desk: Desk) -> SlotBook:
    from energy_trading.bindings import read_events
    from energy_trading.market.slots.book import read_book

    chain, market = desk.suite.chain, desk.suite.slots
    now = chain.now()
    events = read_events(chain, [market.address], desk.record.from_block)
    return read_book(market.slot_parameters(), events, chain.time_of, now)


def _is_empty(book: SlotBook, slot: int, now: int) -> bool:
    if slot in book.posted:
        return slot in book.void
    return now >= book.end(slot) + book.parameters.post_seconds


def _posted(book: SlotBook, slot: int) -> Any:
    if slot not in book.posted:
        raise BadInput(f"slot {slot} is not posted, or it is final")
    return book.posted[slot]


def _posting(desk: Desk, book: SlotBook, slot: int) -> Posting:
    from energy_trading.market.slots.posting import Posting

    return Posting.read(desk.suite.chain, _posted(book, slot), desk.suite.slots_domain)
