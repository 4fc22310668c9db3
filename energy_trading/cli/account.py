"""`account`: a person's way to an account, and its money."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from energy_trading.cli.acting import Desk, at_desk, with_sender
from energy_trading.cli.authority import Identity, PublishedParameters, identity_of
from energy_trading.cli.deployment import PASSWORD, key_from_file
from energy_trading.cli.files import check_new, read_json, save_new_key, write_json
from energy_trading.cli.output import address_of, console
from energy_trading.errors import BadInput, EnergyTradingError

group = typer.Typer(help="A person's account: ask for it, open it, pay in, take out.")

_Units = Annotated[int, typer.Argument(metavar="UNITS", help="Units of account, whole; 1_000 is 1000.")]
_RequestKey = Annotated[
    Path, typer.Option(help=f"Key file between request and finish; password from {PASSWORD} or a prompt.")
]


@group.command()
def request(
    request_key: _RequestKey,
    out: Annotated[Path, typer.Option(help="New file for PKG, over a private channel.")],
    role: Annotated[str, typer.Option(help="producer, consumer or prosumer.")] = "prosumer",
    identity: Identity = None,
) -> None:
    """Ask PKG for an account; the key file stays with the person until `finish`."""
    from energy_trading.crypto.keys import SecretKey
    from energy_trading.identity import Enrolment
    from energy_trading.identity.enrolment_json import request_to_json, role_of

    wanted = role_of(role)
    check_new("--request-key", request_key)
    check_new("--out", out)
    key = SecretKey.generate()
    enrolment = Enrolment(identity_of(identity), wanted, key)
    save_new_key("--request-key", request_key, key, PASSWORD)
    try:
        write_json("--out", out, request_to_json(enrolment.request))
    except EnergyTradingError:
        # Nobody has the request, so its key is for nothing.
        request_key.unlink()
        raise
    console.print(f"{out} is for PKG", markup=False)


@group.command()
def finish(
    answer: Annotated[Path, typer.Argument(metavar="ANSWER", help="File of `pkg issue`.")],
    request_key: _RequestKey,
    request: Annotated[Path, typer.Option(help="File of `account request`.")],
    parameters: PublishedParameters,
    account_key: Annotated[Path, typer.Option(help=f"New key file; password from {PASSWORD} or a prompt.")],
) -> None:
    """Check PKG's answer and compute the account's key, which PKG never learns; print the account."""
    from energy_trading.identity import Enrolment, Parameters
    from energy_trading.identity.enrolment_json import answer_from_json, request_from_json

    asked = request_from_json(read_json("--request", request))
    given = answer_from_json(read_json("ANSWER", answer))
    published = Parameters.from_json(read_json("--parameters", parameters))
    check_new("--account-key", account_key)
    key = key_from_file("--request-key", request_key, PASSWORD)
    if key.public_key != asked.point:
        raise BadInput(f"--request-key: given that of another request, allowed that of {request}")
    member = Enrolment(asked.identity, asked.roles, key).finish(given, published)
    save_new_key("--account-key", account_key, member.secret_key, PASSWORD)
    console.print(member.account, markup=False)


@group.command("open")
@at_desk(with_sender)
def open_account(
    desk: Desk,
    attestation: Annotated[Path, typer.Argument(metavar="ATTESTATION", help="File of `pkg attest`.")],
) -> None:
    """Open the account that PKG attested; anyone may."""
    from energy_trading.identity.enrolment_json import attestation_from_json

    word, signature = attestation_from_json(read_json("ATTESTATION", attestation))
    desk.send("open account", desk.suite.ledger.open_account(word, signature))


@group.command()
@at_desk(with_sender)
def fund(
    desk: Desk,
    account: Annotated[str, typer.Argument(help="Address.")],
    wei: Annotated[int, typer.Argument(metavar="WEI", help="Native coin, in wei.", min=1, max=10**30)],
) -> None:
    """Send native coin to an account, from which it pays for gas; `deposit` is what it trades with."""
    from energy_trading.bindings.contract import Call

    person = address_of("ACCOUNT", account)
    desk.send("fund", Call(desk.suite.chain, person, b"", wei, ()))


@group.command()
@at_desk(with_sender)
def deposit(
    desk: Desk,
    units: _Units,
    account: Annotated[
        str | None, typer.Option("--for", metavar="ACCOUNT", help="Another account than the sender.")
    ] = None,
) -> None:
    """Pay into an account; an ERC-20 needs an allowance for the ledger first."""
    from energy_trading.types import ZERO_ADDRESS

    person = desk.address if account is None else address_of("--for", account)
    ledger = desk.suite.ledger
    value = _positive(units) * ledger.unit() if ledger.asset() == ZERO_ADDRESS else 0
    desk.send("deposit", ledger.deposit(person, units, value=value))


@group.command()
@at_desk(with_sender)
def withdraw(
    desk: Desk,
    units: _Units,
    to: Annotated[str | None, typer.Option(help="Recipient; default: the account itself.")] = None,
) -> None:
    """Take out what is available; the sender is the account."""
    recipient = desk.address if to is None else address_of("--to", to)
    desk.send("withdraw", desk.suite.ledger.withdraw(recipient, _positive(units)))


def _positive(units: int) -> int:

    if not 0 < units < 2**64:
        raise BadInput(f"UNITS: given {units}, allowed 1 … 2**64-1")
    return units
