"""`pkg` and `dso`: set-up, certificates, attestations and bans; meters and suspensions.

PKG is the private key generator, DSO the distribution system operator.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from energy_trading.cli.acting import Desk, at_desk, with_market, with_sender
from energy_trading.cli.deployment import key_from_file
from energy_trading.cli.files import check_new, save_new_key, write_json
from energy_trading.cli.output import address_of, console, time_of
from energy_trading.errors import BadInput
from energy_trading.files._json import read_json
from energy_trading.files._lock import open_locked
from energy_trading.files.whole_file import unreadable, unwritable

if TYPE_CHECKING:
    from energy_trading.council.council_authority import CouncilAuthority
    from energy_trading.crypto.keys import SecretKey
    from energy_trading.identity import DSO, PKG, Parameters

PKG_PASSWORD: Final = "ENERGY_TRADING_PKG_PASSWORD"  # noqa: S105 - the name of the variable
DSO_PASSWORD: Final = "ENERGY_TRADING_DSO_PASSWORD"  # noqa: S105 - the name of the variable
IDENTITY: Final = "ENERGY_TRADING_IDENTITY"

PkgKey = Annotated[
    Path, typer.Option(help=f"PKG's encrypted key file; password from {PKG_PASSWORD} or a prompt.")
]
PkgState = Annotated[Path, typer.Option(help="PKG's state file.")]
DsoKey = Annotated[
    Path, typer.Option(help=f"DSO's encrypted key file; password from {DSO_PASSWORD} or a prompt.")
]
DsoState = Annotated[Path, typer.Option(help="DSO's state file.")]
PublishedParameters = Annotated[Path, typer.Option(help="PKG's published parameters.")]
Identity = Annotated[
    str | None,
    typer.Option(
        envvar=IDENTITY, show_envvar=True, help="Who the person is; a prompt keeps it out of the shell."
    ),
]
_Account = Annotated[str, typer.Argument(help="Address.")]
_Accounts = Annotated[list[str], typer.Argument(metavar="ACCOUNT...", help="Addresses.")]

pkg = typer.Typer(help="PKG (private key generator): certify persons, attest accounts, ban persons.")
dso = typer.Typer(help="DSO (distribution system operator): half of tracing, meters, suspensions.")


@pkg.command("setup")
def pkg_setup(
    dso_share: Annotated[Path, typer.Option(help="File of `dso setup`.")],
    pkg_key: PkgKey,
    pkg_state: PkgState,
    parameters: Annotated[Path, typer.Option(help="New file for the parameters that PKG publishes.")],
) -> None:
    """Set PKG up: key file, state and published parameters; print the address for `deploy --pkg`.

    Existing files are kept, so an interrupted set-up is finished by running it again.
    """
    from energy_trading.identity import PKG, Holder, Parameters, TraceShare

    share = TraceShare.from_json(Holder.DSO, read_json("--dso-share", dso_share))
    for option, path in (("--pkg-state", pkg_state), ("--parameters", parameters)):
        if not path.exists():
            check_new(option, path)
    root = open_or_make_key("--pkg-key", pkg_key, PKG_PASSWORD)
    with locked_state("--pkg-state", pkg_state):
        if pkg_state.exists():
            authority = _load_pkg(root, pkg_state)
            if authority.parameters.dso.public_key != share.public_key:
                raise BadInput(f"--dso-share: {dso_share} is not from the DSO that {pkg_state} names")
        else:
            authority = PKG(root, share)
            save_state_file("--pkg-state", authority, pkg_state)
        if parameters.exists():
            published = Parameters.from_json(read_json("--parameters", parameters))
            _check_same("--parameters", published, authority.parameters, pkg_state)
        else:
            write_json("--parameters", parameters, authority.parameters.to_json())
    console.print(authority.parameters.registrar, markup=False)


@pkg.command()
def issue(
    request: Annotated[Path, typer.Argument(metavar="REQUEST", help="File of `account request`.")],
    pkg_key: PkgKey,
    pkg_state: PkgState,
    out: Annotated[Path, typer.Option(help="New file for the answer, which is for the person only.")],
    checked: Annotated[
        bool, typer.Option("--checked", help="The papers agree with the request; otherwise a prompt asks.")
    ] = False,
    valid_from: Annotated[
        str | None, typer.Option(metavar="TIME", help="Default: the beginning of this year.")
    ] = None,
    valid_until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Default: the beginning of the year after next.")
    ] = None,
) -> None:
    """Certify a person whose papers PKG has seen. Round times do not reveal when that was."""
    from energy_trading.identity._enrolment_json import answer_to_json, request_from_json

    asked = request_from_json(read_json("REQUEST", request))
    year = datetime.now(UTC).year
    start = _new_year(year) if valid_from is None else _wall_time("--valid-from", valid_from)
    end = _new_year(year + 2) if valid_until is None else _wall_time("--valid-until", valid_until)
    check_new("--out", out)
    root = key_from_file("--pkg-key", pkg_key, PKG_PASSWORD)
    if not checked:
        typer.confirm(f"Do the papers state «{asked.identity}»?", abort=True, err=True)
    with locked_state("--pkg-state", pkg_state):
        authority = _load_pkg(root, pkg_state)
        answer = authority.issue(asked, start, end)
        save_state_file("--pkg-state", authority, pkg_state)
    write_json("--out", out, answer_to_json(answer))
    account = answer.certificate.account(authority.parameters.issue_key)
    console.print(f"certified account {account}; the answer for the person is in {out}", markup=False)


@pkg.command()
@at_desk(with_market)
def attest(
    desk: Desk,
    answer: Annotated[Path, typer.Argument(metavar="ANSWER", help="File of `pkg issue`, from the person.")],
    pkg_key: PkgKey,
    pkg_state: PkgState,
    out: Annotated[Path, typer.Option(help="New file for the attestation, for the person.")],
    until: Annotated[
        str, typer.Option(metavar="TIME", help="When it becomes void: soon, for a ban does not revoke it.")
    ] = "+1h",
) -> None:
    """Sign an attestation that an account may be opened in this market."""
    from energy_trading.identity._enrolment_json import answer_from_json, attestation_to_json

    given = answer_from_json(read_json("ANSWER", answer))
    deadline = desk.time_of("--until", until)
    check_new("--out", out)
    authority = open_pkg(pkg_key, pkg_state)
    registrar = desk.suite.ledger.pkg()
    if registrar != authority.parameters.registrar:
        raise BadInput(
            f"--pkg-key belongs to {authority.parameters.registrar}, but the ledger's PKG is {registrar}"
        )
    signed = authority.attest(desk.suite.ledger_domain, given.certificate, given.disclosure, deadline)
    write_json("--out", out, attestation_to_json(signed, signed.signature))
    desk.report(account=signed.account, deadline=deadline, file=str(out))


@pkg.command()
def certificates(
    pkg_key: PkgKey,
    pkg_state: PkgState,
    out: Annotated[Path, typer.Option(help="New file for the certificates, for everybody.")],
) -> None:
    """Publish all certificates, with which anybody can ask for a tracing; they name nobody."""
    from energy_trading.files._json import to_hex

    check_new("--out", out)
    found = open_pkg(pkg_key, pkg_state).certificates
    write_json("--out", out, [to_hex(certificate.to_bytes()) for certificate in found])
    console.print(f"{len(found)} certificates are in {out}", markup=False)


@pkg.command()
def ban(pkg_key: PkgKey, pkg_state: PkgState, identity: Identity = None) -> None:
    """Refuse a person from now on. The DSO can trace and suspend accounts that are already open."""
    person = identity_of(identity)
    root = key_from_file("--pkg-key", pkg_key, PKG_PASSWORD)
    with locked_state("--pkg-state", pkg_state):
        authority = _load_pkg(root, pkg_state)
        authority.ban_person(person)
        save_state_file("--pkg-state", authority, pkg_state)
    console.print("the person is banned: no certificate and no attestation from now on", markup=False)


@dso.command("setup")
def dso_setup(
    dso_key: DsoKey,
    share: Annotated[Path, typer.Option(help="New file for PKG.")],
) -> None:
    """Set up the DSO's half of tracing: its key file, and the share for `pkg setup`."""
    from energy_trading.identity import DSO

    check_new("--share", share)
    operator = DSO(open_or_make_key("--dso-key", dso_key, DSO_PASSWORD))
    write_json("--share", share, operator.share.to_json())
    console.print(f"{share} is for PKG; the next step is `dso adopt`", markup=False)


@dso.command()
def adopt(dso_key: DsoKey, dso_state: DsoState, parameters: PublishedParameters) -> None:
    """Check that PKG's published parameters contain this DSO's share, and adopt them."""
    from energy_trading.identity import DSO, Parameters

    published = Parameters.from_json(read_json("--parameters", parameters))
    if not dso_state.exists():
        check_new("--dso-state", dso_state)
    root = key_from_file("--dso-key", dso_key, DSO_PASSWORD)
    with locked_state("--dso-state", dso_state):
        if dso_state.exists():
            _check_same("--parameters", published, _load_dso(root, dso_state).parameters, dso_state)
        else:
            operator = DSO(root)
            operator.adopt(published)
            save_state_file("--dso-state", operator, dso_state)
    console.print(f"adopted the parameters; PKG attests as {published.registrar}", markup=False)


@dso.command()
@at_desk(with_sender)
def register_meter(
    desk: Desk,
    account: _Account,
    signer: Annotated[str, typer.Argument(help="Address of its key, or verifier ‖ x ‖ y for P-256.")],
) -> None:
    """Register the meter of an account, or replace it by another."""
    from energy_trading.crypto._signatures import check_signer

    person = address_of("ACCOUNT", account)
    try:
        raw = bytes.fromhex(signer.removeprefix("0x"))
    except ValueError as error:
        raise BadInput(f"SIGNER must be an address or 84 bytes in hex, not {signer!r}") from error
    check_signer(raw, desk.suite.p256_verifier)
    desk.send("register meter", desk.suite.ledger.register_meter(person, raw))


@dso.command()
@at_desk(with_sender)
def remove_meter(desk: Desk, account: _Account) -> None:
    """Remove the meter of an account; trades that named it keep it."""
    desk.send("remove meter", desk.suite.ledger.remove_meter(address_of("ACCOUNT", account)))


@dso.command()
@at_desk(with_sender)
def certify(
    desk: Desk,
    request: Annotated[Path, typer.Argument(metavar="REQUEST", help="File of `account inject`.")],
    limit_wh: Annotated[
        int, typer.Option(metavar="WH", help="The most that the connection carries in a slot, Wh.")
    ],
    journal: Annotated[
        Path, typer.Option(help="What was certified: one reading for each meter and slot; a file per market.")
    ],
    out: Annotated[Path, typer.Option(help="New file for the certificate, which anyone may submit.")],
    until: Annotated[str, typer.Option(metavar="TIME", help="When the certificate becomes void.")] = "+7d",
) -> None:
    """Certify energy that was fed in, after checking meter, key, contact, energy and slot."""
    from energy_trading.market.lots.certification import Certifier, SignedRequest

    asked = SignedRequest.from_json(read_json("REQUEST", request))
    deadline = desk.time_of("--until", until)
    check_new("--out", out)
    try:
        desk_of_dso = Certifier(desk.suite, desk.key, limit_wh, journal)
    except OSError as error:
        raise unwritable("--journal", journal, error.strerror) from error
    try:
        signed = desk_of_dso.certify(asked, deadline)
    finally:
        desk_of_dso.close()
    write_json("--out", out, signed.to_json())
    desk.report(
        lot=str(signed.lot), producer=asked.contact.account, energy_wh=asked.reading.energy_wh, file=str(out)
    )


@dso.command()
@at_desk(with_sender)
def suspend(desk: Desk, accounts: _Accounts) -> None:
    """Keep accounts from new commitments; open trades still settle, and funds can be withdrawn."""
    desk.send("suspend", desk.suite.ledger.suspend([address_of("ACCOUNT", text) for text in accounts]))


@dso.command()
@at_desk(with_sender)
def reinstate(desk: Desk, accounts: _Accounts) -> None:
    """End the suspension of accounts."""
    desk.send("reinstate", desk.suite.ledger.reinstate([address_of("ACCOUNT", text) for text in accounts]))


@dso.command()
@at_desk(with_sender)
def lift_ban(
    desk: Desk,
    account: _Account,
    reason: Annotated[str, typer.Option(help="Why, in words; it stands in the log for ever.")],
) -> None:
    """End an account's ban before its time. Its defaults stay on record."""
    if not reason.strip():
        raise BadInput("--reason must state why the ban is lifted")
    desk.send("lift ban", desk.suite.ledger.lift_ban(address_of("ACCOUNT", account), reason))


def identity_of(given: str | None) -> str:
    """Return the given identity, or ask for one."""
    return str(typer.prompt("identity", err=True)) if given is None else given


def open_pkg(key: Path, state: Path) -> PKG:
    """Open PKG's key file and state."""
    return _load_pkg(key_from_file("--pkg-key", key, PKG_PASSWORD), state)


def open_dso(key: Path, state: Path) -> DSO:
    """Open DSO's key file and state."""
    return _load_dso(key_from_file("--dso-key", key, DSO_PASSWORD), state)


def _load_pkg(root: SecretKey, state: Path) -> PKG:
    from energy_trading.identity import PKG

    try:
        return PKG.load(root, state)
    except OSError as error:
        raise unreadable("--pkg-state", state, error) from error


def _load_dso(root: SecretKey, state: Path) -> DSO:
    from energy_trading.identity import DSO

    try:
        return DSO.load(root, state)
    except OSError as error:
        raise unreadable("--dso-state", state, error) from error


def save_state_file(option: str, authority: PKG | DSO | CouncilAuthority, state: Path) -> None:
    """Write an authority's state in place of an older one."""
    try:
        authority.save(state)
    except OSError as error:
        raise unwritable(option, state, error.strerror) from error


def open_or_make_key(option: str, path: Path, variable: str) -> SecretKey:
    """Open a key file; make it if it does not exist."""
    from energy_trading.crypto.keys import SecretKey

    if path.exists():
        return key_from_file(option, path, variable)
    key = SecretKey.generate()
    save_new_key(option, path, key, variable)
    return key


def _check_same(option: str, given: Parameters, allowed: Parameters, state: Path) -> None:
    def keys(parameters: Parameters) -> tuple[bytes, ...]:
        p = parameters
        return p.issue_key, p.registrar_key, p.pkg.public_key, p.dso.public_key

    # Proofs of possession are random, so two files of one authority differ.
    if keys(given) != keys(allowed):
        raise BadInput(f"{option}: the parameters are not those of {state}")


@contextmanager
def locked_state(option: str, state: Path) -> Iterator[None]:
    """Lock a state while a command reads and writes it, because of two writers one would be lost."""
    try:
        # Lock the folder, because the file itself is replaced.
        folder = open_locked(state.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise unreadable(option, state, error) from error
    try:
        yield
    finally:
        os.close(folder)


def _wall_time(option: str, text: str) -> int:
    return time_of(option, text, lambda: int(time.time()))


def _new_year(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp())
