"""`account`: how a person gets an account, and its money."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from energy_trading.cli.acting import Desk, at_desk, with_market, with_sender
from energy_trading.cli.authority import Identity, PublishedParameters, identity_of
from energy_trading.cli.deployment import PASSWORD, key_from_file
from energy_trading.cli.files import check_new, save_new_key, write_json
from energy_trading.cli.output import address_of, console
from energy_trading.errors import BadInput, EnergyTradingError
from energy_trading.files._json import read_json

group = typer.Typer(help="A person's account: request it, open it, deposit and withdraw money.")

_Units = Annotated[int, typer.Argument(metavar="UNITS", help="Whole units of account; 1_000 means 1000.")]
_RequestKey = Annotated[
    Path, typer.Option(help=f"Key file from `request` to `finish`; password from {PASSWORD} or a prompt.")
]


@group.command()
def request(
    request_key: _RequestKey,
    out: Annotated[Path, typer.Option(help="New file for PKG; send it over a private channel.")],
    role: Annotated[str, typer.Option(help="producer, consumer or prosumer.")] = "prosumer",
    identity: Identity = None,
) -> None:
    """Request an account from PKG. The person keeps the key file until `finish`."""
    from energy_trading.crypto.keys import SecretKey
    from energy_trading.identity import Enrolment
    from energy_trading.identity._enrolment_json import request_to_json, role_of

    wanted = role_of(role)
    check_new("--request-key", request_key)
    check_new("--out", out)
    key = SecretKey.generate()
    enrolment = Enrolment(identity_of(identity), wanted, key)
    save_new_key("--request-key", request_key, key, PASSWORD)
    try:
        write_json("--out", out, request_to_json(enrolment.request))
    except EnergyTradingError:
        # Nobody has the request, so its key is of no use.
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
    """Check PKG's answer, compute the account's key, which PKG never learns, and print the account."""
    from energy_trading.identity import Enrolment, Parameters
    from energy_trading.identity._enrolment_json import answer_from_json, request_from_json

    asked = request_from_json(read_json("--request", request))
    given = answer_from_json(read_json("ANSWER", answer))
    published = Parameters.from_json(read_json("--parameters", parameters))
    check_new("--account-key", account_key)
    key = key_from_file("--request-key", request_key, PASSWORD)
    if key.public_key != asked.point:
        raise BadInput(f"--request-key: the key file {request_key} does not belong to the request {request}")
    member = Enrolment(asked.identity, asked.roles, key).finish(given, published)
    save_new_key("--account-key", account_key, member.secret_key, PASSWORD)
    console.print(member.account, markup=False)


@group.command()
@at_desk(with_market)
def consent(
    desk: Desk,
    attestation: Annotated[Path, typer.Argument(metavar="ATTESTATION", help="File of `pkg attest`.")],
    answer: Annotated[Path, typer.Option(help="File of `pkg issue`, which the attestation must agree with.")],
    account_key: Annotated[Path, typer.Option(help=f"Key file; password from {PASSWORD} or a prompt.")],
    out: Annotated[Path, typer.Option(help="New file for the consent, which anyone may submit.")],
) -> None:
    """Sign that the account may be opened as PKG attests it, so that another sender may open it."""
    from energy_trading.identity import Member
    from energy_trading.identity._enrolment_json import (
        answer_from_json,
        attestation_from_json,
        attestation_to_json,
    )

    statement, signature, _ = attestation_from_json(read_json("ATTESTATION", attestation))
    given = answer_from_json(read_json("--answer", answer))
    check_new("--out", out)
    key = key_from_file("--account-key", account_key, PASSWORD)
    member = Member(key, given.certificate, given.disclosure)
    signed = member.consent(desk.suite.ledger_domain, statement)
    write_json("--out", out, attestation_to_json(statement, signature, signed))
    desk.report(account=member.account, file=str(out))


@group.command("open")
@at_desk(with_sender)
def open_account(
    desk: Desk,
    attestation: Annotated[Path, typer.Argument(metavar="ATTESTATION", help="File of `account consent`.")],
) -> None:
    """Open an account that PKG has attested and the person has consented to. Anyone may do this.

    A person who sends it needs no consent: the file of `pkg attest` will do.
    """
    from energy_trading.identity._enrolment_json import attestation_from_json

    signed = attestation_from_json(read_json("ATTESTATION", attestation))
    desk.send("open account", desk.suite.ledger.open_account(*signed))


@group.command()
@at_desk(with_sender)
def fund(
    desk: Desk,
    account: Annotated[str, typer.Argument(help="Address.")],
    wei: Annotated[int, typer.Argument(metavar="WEI", help="Native coin, in wei.", min=1, max=10**30)],
) -> None:
    """Send native coin to an account, which pays for gas with it; it trades with what is deposited."""
    from energy_trading.bindings.contract import Call

    person = address_of("ACCOUNT", account)
    desk.send("fund", Call(desk.suite.chain, person, b"", wei, ()))


@group.command()
@at_desk(with_sender)
def deposit(
    desk: Desk,
    units: _Units,
    account: Annotated[
        str | None, typer.Option("--for", metavar="ACCOUNT", help="An account other than the sender.")
    ] = None,
) -> None:
    """Deposit money into an account. An ERC-20 token first needs an allowance for the ledger."""
    from energy_trading.types import ZERO_ADDRESS

    person = desk.address if account is None else address_of("--for", account)
    ledger = desk.suite.ledger
    value = _positive(units) * ledger.unit() if ledger.asset() == ZERO_ADDRESS else 0
    desk.send("deposit", ledger.deposit(person, units, value=value))


@group.command()
@at_desk(with_sender)
def inject(
    desk: Desk,
    reading: Annotated[Path, typer.Argument(metavar="READING", help="Signed by the account's meter.")],
    out: Annotated[Path, typer.Option(help="New file for the DSO.")],
) -> None:
    """Ask the DSO to certify energy that was fed in, and announce where the account can be reached."""
    from energy_trading.market.lots.certification import request_certificate
    from energy_trading.meter.export_ledger import SignedReading

    signed = SignedReading.from_json(read_json("READING", reading))
    check_new("--out", out)
    dso = desk.suite.ledger.owner()
    asked = request_certificate(signed, desk.key, dso, desk.suite.lots_domain)
    write_json("--out", out, asked.to_json())
    desk.report(account=desk.address, dso=dso, file=str(out))


@group.command()
@at_desk(with_sender)
def mint(
    desk: Desk,
    certificate: Annotated[Path, typer.Argument(metavar="CERTIFICATE", help="File of `dso certify`.")],
) -> None:
    """Make a lot of certified energy. Anyone may do this; the lot is the producer's."""
    from energy_trading.market.lots.injection import SignedInjection

    signed = SignedInjection.from_json(read_json("CERTIFICATE", certificate))
    desk.send("mint a lot", desk.suite.lots.mint(signed.injection, signed.signature))
    desk.report(lot=str(signed.lot))


@group.command()
@at_desk(with_sender)
def withdraw(
    desk: Desk,
    units: _Units,
    to: Annotated[str | None, typer.Option(help="Recipient; default: the account itself.")] = None,
) -> None:
    """Withdraw available money. The sender is the account."""
    recipient = desk.address if to is None else address_of("--to", to)
    desk.send("withdraw", desk.suite.ledger.withdraw(recipient, _positive(units)))


def _positive(units: int) -> int:
    if not 0 < units < 2**63:
        raise BadInput(f"UNITS must be between 1 and 2**63-1, not {units}")
    return units
