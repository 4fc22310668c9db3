"""`council` on chain: who is a member, asking to join, leaving, and what is owed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer

from energy_trading.cli.acting import Desk, at_desk, with_market, with_sender
from energy_trading.cli.council import group as group
from energy_trading.cli.output import address_of, show
from energy_trading.errors import BadInput
from energy_trading.files._json import from_hex
from energy_trading.types import MemberState

_MEMBERS: Final = "account feeder stake score in_verifier_set"
_SEAT: Final = "account state stake owed score feeder leave_by"


@group.command("list")
@at_desk(with_market)
def list_members(desk: Desk) -> None:
    """List the members that sets are drawn from, with stake, standing and whether they verify now."""
    council = desk.suite.council
    verifiers, rows = set(council.verifiers()), list[dict[str, Any]]()
    for account in council.members():
        seat = council.member_of(account)
        fields = {"feeder": seat.feeder, "stake": seat.stake, "score": seat.score}
        rows.append({"account": account, **fields, "in_verifier_set": account in verifiers})
    show(_MEMBERS, rows, desk.as_json)


@group.command("show")
@at_desk(with_market)
def show_seat(desk: Desk, account: Annotated[str, typer.Argument(help="Address.")]) -> None:
    """Show an account's seat: state, stake, what it is owed, standing."""
    address = address_of("ACCOUNT", account)
    seat = desk.suite.council.member_of(address)
    row = {"account": address, **vars(seat), "state": MemberState(seat.state).name.lower()}
    show(_SEAT, [row | {"leave_by": seat.leave_at}], desk.as_json)


@group.command()
@at_desk(with_sender)
def join(
    desk: Desk,
    feeder: Annotated[int, typer.Option(help="Feeder of the grid on which the account lives.")],
    certificate_hash: Annotated[
        str, typer.Option("--hash", help="Hash of the certificate, from `council issue`.")
    ],
    stake: Annotated[int | None, typer.Option(help="Units of account; default: the least.")] = None,
) -> None:
    """Ask to join with a stake; the verifier set decides."""
    council = desk.suite.council
    units = council.council_parameters().min_stake if stake is None else stake
    desk.send("request_join", council.request_join(feeder, from_hex(certificate_hash, "--hash", 32), units))


@group.command()
@at_desk(with_sender)
def found(desk: Desk, accounts: Annotated[list[str], typer.Argument(help="Candidates.")]) -> None:
    """Name the first members, as the founder."""
    desk.send("found", desk.suite.council.found([address_of("ACCOUNTS", each) for each in accounts]))


@group.command()
@at_desk(with_sender)
def redraw(desk: Desk) -> None:
    """Draw verifier set and clusters anew, where that is due. Anyone may send it."""
    desk.send("redraw", desk.suite.council.redraw())


@group.command()
@at_desk(with_sender)
def leave(desk: Desk) -> None:
    """Leave the council, or withdraw the request to join. The stake stays held for the unbonding time."""
    council = desk.suite.council
    if council.member_of(desk.address).state == MemberState.CANDIDATE:
        desk.send("withdraw_request", council.withdraw_request())
    else:
        desk.send("resign", council.resign())


@group.command()
@at_desk(with_sender)
def claim(desk: Desk) -> None:
    """Take back a stake that is free, and collect what the council owes, into the funds of the sender."""
    council = desk.suite.council
    seat = council.member_of(desk.address)
    free = seat.state == MemberState.LEAVING and desk.suite.chain.now() >= seat.leave_at
    if free:
        desk.send("take_stake", council.take_stake())
    elif not seat.owed:
        until = datetime.fromtimestamp(seat.leave_at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        held = f"; its stake is held until {until}" if seat.leave_at else ""
        raise BadInput(f"the council owes {desk.address} nothing{held}")
    desk.send("collect", council.collect())
