"""`history`, `check-dispute`, `trace`: who owned a lot, with proof, and who is behind an account."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from energy_trading.cli.acting import Desk, at_desk, with_market
from energy_trading.cli.authority import DsoKey, DsoState, PkgKey, PkgState, open_dso, open_pkg
from energy_trading.cli.files import write_json
from energy_trading.cli.output import AsJson, address_of, console, print_json, show
from energy_trading.errors import BadInput
from energy_trading.files._json import read_json

if TYPE_CHECKING:
    from energy_trading.market.lots.dispute_file import Holding

_COLUMNS: Final = "how owner energy_wh slot_start nonce ended lot"

Operators = Annotated[
    list[str] | None, typer.Option("--dso", help="The DSO's account, from a trusted source; may be repeated.")
]


@at_desk(with_market)
def history(
    desk: Desk,
    lot: Annotated[str, typer.Argument(help="Id of the lot, decimal or 0x….")],
    out: Annotated[Path | None, typer.Option(help="New file for the proof; anyone can check it.")] = None,
) -> None:
    """Check every signature and print who owned a lot, from the log; with --out, also write the proof."""
    number = _lot(lot)
    from energy_trading.bindings.energy_ledger import OwnershipTransferred
    from energy_trading.market.lots.dispute_file import check_dispute as check
    from energy_trading.market.lots.dispute_file import dispute_file

    file = dispute_file(desk.suite, number, desk.record.from_block)
    log = desk.suite.ledger.events(desk.record.from_block)
    owners = check(file, [event.new_owner for event in log if isinstance(event, OwnershipTransferred)])
    if out is not None:
        write_json("--out", out, file)
    show(_COLUMNS, _rows(owners), desk.as_json)
    if out is not None and not desk.as_json:
        console.print(f"every signature is valid; the proof is in {out}", markup=False)


def check_dispute(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="From `history --out` or `trace --dispute`.")],
    dso: Operators = None,
    parameters: Annotated[
        Path | None,
        typer.Option(help="PKG's published parameters, trusted; needed if the file names persons."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check a dispute file as a third party, without a node, a secret, or trust in whoever submits it."""
    file, owners = _checked(path, dso)
    identities = _identities(file, owners, parameters)
    if as_json:
        place = {name: file[name] for name in ("chainId", "contract", "lot")}
        print_json({**place, "owners": _rows(owners), "identities": identities})
        return
    show(_COLUMNS, _rows(owners), as_json)
    console.print(
        f"every signature is valid for contract {file['contract']} on chain {file['chainId']}", markup=False
    )
    for account, identity in identities.items():
        console.print(f"{account} is «{identity}», as PKG and DSO have proved together", markup=False)


def trace(
    account: Annotated[str, typer.Argument(help="Address.")],
    pkg_key: PkgKey,
    pkg_state: PkgState,
    dso_key: DsoKey,
    dso_state: DsoState,
    dispute: Annotated[
        Path | None,
        typer.Option(help="Dispute file to add the proof of identity to (mode 0600); needs --dso."),
    ] = None,
    dso: Operators = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the proof instead of the identity.")] = False,
) -> None:
    """Trace a pseudonym with the keys of PKG and DSO: print who it is, or add the proof to a dispute file.

    A dispute file is checked first: nobody is traced for a false one, or for one in which they have no part.
    """
    person = address_of("ACCOUNT", account)
    from energy_trading.identity import TracingProof
    from energy_trading.market.lots.identities import add_identity, check_part

    file: dict[str, Any] = {}
    owners: list[Holding] = []
    if dispute is not None:
        file, owners = _checked(dispute, dso)
        check_part(owners, person)
    pkg, operator = open_pkg(pkg_key, pkg_state), open_dso(dso_key, dso_state)
    certificate = pkg.certificate_of(person)
    halves = [pkg.open_partially(certificate), operator.open_partially(certificate)]
    proof = TracingProof.combine(certificate, halves, pkg.parameters)
    if dispute is not None:
        file = add_identity(file, owners, person, proof, pkg.parameters)
        write_json("--dispute", dispute, file, replace=True)
    if as_json:
        print_json(proof.to_json())
    elif dispute is not None:
        console.print(f"{dispute} proves who {person} is; it is only for the judge", markup=False)
    else:
        console.print(f"{person} is «{proof.identity}»", markup=False)


def _lot(text: str) -> int:
    try:
        number = int(text, 16 if text[:2] in ("0x", "0X") else 10)
    except ValueError:
        number = -1
    if not 0 <= number < 2**256:
        raise BadInput(f"LOT must be between 0 and 2**256-1, decimal or 0x…, not {text!r}")
    return number


def _checked(path: Path, dso: list[str] | None) -> tuple[dict[str, Any], list[Holding]]:
    """Read and check a dispute file."""
    from energy_trading.market.lots.dispute_file import check_dispute as check

    if not dso:
        raise BadInput("--dso is missing: name the DSO's account on chain, from a source that you trust")
    believed = [address_of("--dso", text) for text in dso]
    file = read_json("FILE", path)
    return file, check(file, believed)


def _identities(file: dict[str, Any], owners: list[Holding], parameters: Path | None) -> dict[str, str]:
    from energy_trading.identity import Parameters
    from energy_trading.market.lots.identities import IDENTITIES, check_identities

    if parameters is None:
        if IDENTITIES in file:
            raise BadInput(
                "--parameters is missing: the file names persons, so PKG's published parameters are needed"
            )
        return {}
    return check_identities(file, owners, Parameters.from_json(read_json("--parameters", parameters)))


def _rows(owners: list[Holding]) -> list[dict[str, Any]]:
    # As text, because other languages lose digits of a uint256.
    return [asdict(held) | {"lot": str(held.lot)} for held in owners]
