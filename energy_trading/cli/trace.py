"""`trace`: request, half, combine, records: who is behind accounts, found by PKG and DSO together.

PKG is the private key generator, DSO the distribution system operator. Each needs its own key only.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from energy_trading.cli.acting import Desk, at_desk, with_market
from energy_trading.cli.authority import (
    DSO_PASSWORD,
    IDENTITY,
    PKG_PASSWORD,
    PublishedParameters,
    identity_of,
    open_dso,
    open_pkg,
)
from energy_trading.cli.files import check_new, write_json
from energy_trading.cli.lots import Blocks, Node, Operators, checked
from energy_trading.cli.output import AsJson, address_of, console, print_json, show
from energy_trading.errors import BadInput
from energy_trading.files._json import read_json
from energy_trading.files.whole_file import unwritable

if TYPE_CHECKING:
    from energy_trading.identity import Parameters, TraceRequest, TracingProof

group = typer.Typer(help="Who is behind an account, or which accounts are a person's: PKG and DSO together.")

_Request = Annotated[Path, typer.Argument(metavar="REQUEST", help="File of `trace request`.")]


@group.command()
@at_desk(with_market)
def request(
    desk: Desk,
    reason: Annotated[str, typer.Option(help="What the law demands or permits; the records repeat it.")],
    certificates: Annotated[Path, typer.Option(help="File of `pkg certificates`.")],
    parameters: PublishedParameters,
    out: Annotated[Path, typer.Option(help="New file for the request, for PKG and DSO.")],
    account: Annotated[list[str] | None, typer.Option(help="Account to be opened; may be repeated.")] = None,
    every: Annotated[
        bool, typer.Option("--all", help="All accounts of the market, to find all those of one person.")
    ] = False,
    dispute: Annotated[
        Path | None,
        typer.Option(help="Dispute file in which the accounts have a part; PKG and DSO check it."),
    ] = None,
) -> None:
    """Write down which accounts are to be opened, and why; only --all needs a node."""
    from energy_trading.bindings.energy_ledger import AccountOpened
    from energy_trading.identity import TraceRequest
    from energy_trading.identity.opening import read_certificates

    if bool(account) == every:
        raise BadInput("either --account or --all is needed")
    check_new("--out", out)
    known = read_certificates(read_json("--certificates", certificates))
    if every:
        log = desk.suite.ledger.events(desk.record.from_block)
        opened = (event for event in log if isinstance(event, AccountOpened))
        asked = TraceRequest.of_market(reason, opened, known)
    else:
        issue_key = _parameters(parameters).issue_key
        by_account = {certificate.account(issue_key): certificate for certificate in known}
        wanted = [address_of("--account", text) for text in account or ()]
        for person in wanted:
            if person not in by_account:
                raise BadInput(f"--certificates: {certificates} has no certificate of {person}")
        asked = TraceRequest(reason, tuple(by_account[person] for person in wanted))
    if dispute is not None:
        asked = replace(asked, dispute=read_json("--dispute", dispute))
    write_json("--out", out, asked.to_json())
    desk.report(accounts=len(asked.certificates), without_certificate=list(asked.unknown), file=str(out))


@group.command()
def half(
    request: _Request,
    records: Annotated[
        Path, typer.Option(help="The authority's book of what it opened; it is made if it does not exist.")
    ],
    out: Annotated[Path, typer.Option(help="New file for the half, for whoever combines.")],
    pkg_key: Annotated[
        Path | None, typer.Option(help=f"PKG's key file; password from {PKG_PASSWORD} or a prompt.")
    ] = None,
    pkg_state: Annotated[Path | None, typer.Option(help="PKG's state file.")] = None,
    dso_key: Annotated[
        Path | None, typer.Option(help=f"DSO's key file; password from {DSO_PASSWORD} or a prompt.")
    ] = None,
    dso_state: Annotated[Path | None, typer.Option(help="DSO's state file.")] = None,
    agreed: Annotated[
        bool, typer.Option("--agreed", help="The reason is lawful; otherwise a prompt asks.")
    ] = False,
    dso: Operators = None,
    rpc: Node = None,
    block: Blocks = None,
) -> None:
    """Open one half of the accounts of a request, with PKG's key or with the DSO's, and record it.

    If the request carries a dispute file, that is checked first: nobody is traced for a false one, or for one
    in which they have no part.
    """
    from energy_trading.files.journal import Journal
    from energy_trading.identity import DSO, PKG
    from energy_trading.market.lots.identities import check_part

    asked = _request(request)
    check_new("--out", out)
    owners = None if asked.dispute is None else checked(asked.dispute, dso, rpc, block)
    authority: PKG | DSO
    match pkg_key, pkg_state, dso_key, dso_state:
        case Path(), Path(), None, None:
            authority = open_pkg(pkg_key, pkg_state)
        case None, None, Path(), Path():
            authority = open_dso(dso_key, dso_state)
        case _:
            raise BadInput("either --pkg-key and --pkg-state or --dso-key and --dso-state are needed")
    if owners is not None:
        for account in asked.accounts(authority.parameters):
            check_part(owners, account)
    if not agreed:
        count = len(asked.certificates)
        what = "1 account" if count == 1 else f"{count} accounts"
        typer.confirm(f"Open {what} because of «{asked.reason}»?", abort=True, err=True)
    try:
        book = Journal(records)
    except OSError as error:
        raise unwritable("--records", records, error.strerror) from error
    try:
        opened = authority.open_half(asked, book, int(time.time()))
    finally:
        book.close()
    write_json("--out", out, opened.to_json())
    console.print(f"{out} is the {opened.record.holder}'s half; {records} records it", markup=False)


@group.command()
def combine(
    request: _Request,
    parameters: PublishedParameters,
    half: Annotated[
        list[Path], typer.Option(help="File of `trace half`; once from PKG and once from the DSO.")
    ],
    person: Annotated[
        bool,
        typer.Option("--person", help=f"Print only the accounts of one person, from {IDENTITY} or a prompt."),
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="New file: the request's dispute file with the proofs of identity.")
    ] = None,
    dso: Operators = None,
    rpc: Node = None,
    block: Blocks = None,
    as_json: AsJson = False,
) -> None:
    """Check both halves, and print who is behind the accounts, or which accounts are one person's.

    With --json, print the proofs, which are only for the judge.
    """
    from energy_trading.identity import Half, combine_halves, proofs_of_person

    asked, published = _request(request), _parameters(parameters)
    if (asked.dispute is None) != (out is None):
        raise BadInput("--out is needed if the request carries a dispute file, and only then")
    if out is not None:
        check_new("--out", out)
        owners = checked(asked.dispute, dso, rpc, block)
    halves = [Half.from_json(read_json("--half", path)) for path in half]
    proofs: Sequence[TracingProof] = combine_halves(asked, halves, published)
    if person:
        proofs = proofs_of_person(proofs, identity_of(os.environ.get(IDENTITY)))
    found = {proof.certificate.account(published.issue_key): proof for proof in proofs}
    if out is not None:
        from energy_trading.market.lots.identities import add_identity

        file = asked.dispute
        for account, proof in found.items():
            file = add_identity(file, owners, account, proof, published)
        write_json("--out", out, file)
    if as_json:
        print_json({account: proof.to_json() for account, proof in found.items()})
        return
    for account, proof in found.items():
        console.print(account if person else f"{account} is «{proof.identity}»", markup=False)
    if out is not None:
        console.print(f"{out} proves it; it is only for the judge", markup=False)
    if asked.unknown:
        missing = ", ".join(asked.unknown)
        console.print(f"not opened, because their certificates are missing: {missing}", markup=False)


@group.command()
def records(
    file: Annotated[Path, typer.Argument(metavar="RECORDS", help="Book of an authority.")],
    parameters: PublishedParameters,
    as_json: AsJson = False,
) -> None:
    """Check every signature in an authority's book, and print what it opened, when and why."""
    from energy_trading.identity import read_records

    rows: list[dict[str, Any]] = [
        {
            "holder": str(record.holder),
            "time": datetime.fromtimestamp(record.time, UTC).strftime("%Y-%m-%d %H:%M:%SZ"),
            "accounts": list(record.accounts) if as_json else len(record.accounts),
            "reason": record.reason,
        }
        for record in read_records(file, _parameters(parameters))
    ]
    show("holder time accounts reason", rows, as_json)


def _request(path: Path) -> TraceRequest:
    from energy_trading.identity import TraceRequest

    return TraceRequest.from_json(read_json("REQUEST", path))


def _parameters(path: Path) -> Parameters:
    from energy_trading.identity import Parameters

    return Parameters.from_json(read_json("--parameters", path))
