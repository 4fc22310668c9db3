"""`history`, `check-dispute`: who owned a lot, with proof."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from energy_trading.cli.acting import Desk, at_desk, with_market
from energy_trading.cli.files import write_json
from energy_trading.cli.output import AsJson, address_of, console, print_json, show
from energy_trading.errors import BadInput, Forged
from energy_trading.files._json import from_hex, read_json

if TYPE_CHECKING:
    from energy_trading.market.lots.dispute_file import Holding

_COLUMNS: Final = "how owner energy_wh slot_start nonce ended proven lot"

Operators = Annotated[
    list[str] | None, typer.Option("--dso", help="The DSO's account, from a trusted source; may be repeated.")
]
Node = Annotated[
    str | None, typer.Option("--rpc", help="URL of a node that you trust, which vouches for every step.")
]
Blocks = Annotated[
    list[str] | None,
    typer.Option(
        "--block-hash",
        help="Hash of a block, from a source that you trust, for the file's proofs; repeatable.",
    ),
]


@at_desk(with_market)
def history(
    desk: Desk,
    lot: Annotated[str, typer.Argument(help="Id of the lot, decimal or 0x….")],
    out: Annotated[Path | None, typer.Option(help="New file for the proof; anyone can check it.")] = None,
    prove: Annotated[
        bool,
        typer.Option("--prove", help="Add proofs that the blocks have each step; needs --out."),
    ] = False,
) -> None:
    """Check every signature and print who owned a lot, from the log; with --out, also write the proof."""
    if prove and out is None:
        raise BadInput("--out is missing: --prove adds proofs to its file")
    number = _lot(lot)
    from functools import partial

    from energy_trading.bindings.energy_ledger import OwnershipTransferred
    from energy_trading.chain.signers import code_signed
    from energy_trading.market.lots.dispute_file import check_dispute as check
    from energy_trading.market.lots.dispute_file import dispute_file, node_witness

    chain = desk.suite.chain
    file = dispute_file(desk.suite, number, desk.record.from_block, prove)
    log = desk.suite.ledger.events(desk.record.from_block)
    operators = [event.new_owner for event in log if isinstance(event, OwnershipTransferred)]
    owners = check(file, operators, partial(code_signed, chain), node_witness(chain, file))
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
    rpc: Node = None,
    block: Blocks = None,
    as_json: AsJson = False,
) -> None:
    """Check a dispute file as a third party, without a secret, or trust in whoever submits it.

    Steps that bear no signature prove nothing, unless --rpc or --block-hash lets the chain vouch for them.
    The command fails if the last owner is not proven.
    """
    file = read_json("FILE", path)
    owners = checked(file, dso, rpc, block)
    identities = _identities(file, owners, parameters)
    if as_json:
        place = {name: file[name] for name in ("chainId", "contract", "lot")}
        print_json({**place, "owners": _rows(owners), "identities": identities})
    else:
        show(_COLUMNS, _rows(owners), as_json)
        console.print(
            f"every signature is valid for contract {file['contract']} on chain {file['chainId']}",
            markup=False,
        )
        for account, identity in identities.items():
            console.print(f"{account} is «{identity}», as PKG and DSO have proved together", markup=False)
    # The last rows may be about other lots, which went into this one or out of it.
    number = _lot(str(file["lot"]))
    if not [held for held in owners if held.lot == number][-1].proven:
        raise Forged(
            "what is not proven above rests on steps that bear no signature, which anybody can write: let a "
            "node vouch for them (--rpc), or hashes of their blocks (--block-hash)"
        )


def checked(file: Any, dso: list[str] | None, rpc: str | None, blocks: list[str] | None) -> list[Holding]:
    """Check a dispute file.

    Args:
        file: as read from JSON.
        dso: the DSO's accounts, as typed.
        rpc: URL of a node that vouches for every step; None for none.
        blocks: hashes of blocks in hex, as typed; with them the file's own proofs count.
    """
    from functools import partial

    from energy_trading.chain.connect import connect
    from energy_trading.chain.signers import code_signed
    from energy_trading.market.lots.dispute_file import check_dispute as check
    from energy_trading.market.lots.dispute_file import node_witness, receipt_witness

    if not dso:
        raise BadInput("--dso is missing: name the DSO's account on chain, from a source that you trust")
    believed = [address_of("--dso", text) for text in dso]
    if rpc is not None and blocks:
        raise BadInput("either --rpc or --block-hash is needed, not both")
    if rpc is not None:
        chain = connect(rpc)
        return check(file, believed, partial(code_signed, chain), node_witness(chain, file))
    hashes = [from_hex(text.lower(), "--block-hash", 32) for text in blocks or ()]
    return check(file, believed, witness=receipt_witness(file, hashes))


def _lot(text: str) -> int:
    try:
        number = int(text, 16 if text[:2] in ("0x", "0X") else 10)
    except ValueError:
        number = -1
    if not 0 <= number < 2**256:
        raise BadInput(f"LOT must be between 0 and 2**256-1, decimal or 0x…, not {text!r}")
    return number


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
