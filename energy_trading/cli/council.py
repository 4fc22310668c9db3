"""`council`: certificates of verifiers, from the CA (certification authority) to the leader's check."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from energy_trading.cli.authority import locked_state, open_or_make_key, save_state_file
from energy_trading.cli.deployment import PASSWORD, key_from_file
from energy_trading.cli.files import check_new, write_json
from energy_trading.cli.output import AsJson, address_of, console, print_json, time_of
from energy_trading.errors import BadInput
from energy_trading.files._json import from_hex, read_json, to_hex
from energy_trading.files.whole_file import unreadable, unwritable, write_whole

if TYPE_CHECKING:
    from energy_trading.council.certificate_request import CertificateRequest
    from energy_trading.council.council_authority import CouncilAuthority
    from energy_trading.council.verifier_certificate import VerifierCertificate
    from energy_trading.crypto.keys import SecretKey

CA_PASSWORD: Final = "ENERGY_TRADING_CA_PASSWORD"  # noqa: S105 - the name of the variable
NODE_PASSWORD: Final = "ENERGY_TRADING_NODE_PASSWORD"  # noqa: S105 - the name of the variable

_CaKey = Annotated[
    Path, typer.Option(help=f"The CA's encrypted key file; password from {CA_PASSWORD} or a prompt.")
]
_CaState = Annotated[Path, typer.Option(help="The CA's state file.")]
_CaCertificate = Annotated[Path, typer.Option(help="The CA's root certificate, from `council ca`.")]
_Request = Annotated[Path, typer.Argument(metavar="REQUEST", help="File of `council request`.")]
_Account = Annotated[str, typer.Argument(help="Address.")]

group = typer.Typer(help="Certificates of the verifier council: CA, request, issue, revoke, check.")


@group.command()
def ca(
    ca_key: _CaKey,
    ca_state: _CaState,
    name: Annotated[str, typer.Option(help="Name of the council.")],
    out: Annotated[Path, typer.Option(help="New file for the root certificate (PEM), for everybody.")],
    until: Annotated[str, typer.Option(metavar="TIME", help="When the root certificate ends.")] = "+3650d",
) -> None:
    """Set the CA up: key file, state and root certificate; print the certificate's hash.

    Existing files are kept, so an interrupted set-up is finished by running it again.
    """
    from energy_trading.council.council_authority import CouncilAuthority

    end = _time("--until", until)
    for option, path in (("--ca-state", ca_state), ("--out", out)):
        if not path.exists():
            check_new(option, path)
    root = open_or_make_key("--ca-key", ca_key, CA_PASSWORD)
    with locked_state("--ca-state", ca_state):
        if ca_state.exists():
            authority = _load(root, ca_state)
        else:
            authority = CouncilAuthority.create(root, name, _now(), end)
            save_state_file("--ca-state", authority, ca_state)
        if not out.exists():
            _write_pem("--out", out, authority.pem)
        elif _read("--out", out) != authority.pem:
            raise BadInput(f"--out: {out} is not the certificate of the CA of {ca_state}")
    console.print(to_hex(authority.hash), markup=False)


@group.command()
def request(
    account_key: Annotated[Path, typer.Option(help=f"Key file; password from {PASSWORD} or a prompt.")],
    node_key: Annotated[
        Path,
        typer.Option(help=f"Key file of the verifier's machine, made if new; password from {NODE_PASSWORD}."),
    ],
    ca_certificate: _CaCertificate,
    name: Annotated[str, typer.Option(help="Who the verifier is; it becomes public.")],
    chain_id: Annotated[int, typer.Option(help="EIP-155 id of the council's chain.")],
    feeder: Annotated[int, typer.Option(help="Number of the feeder on which it lives.")],
    out: Annotated[Path, typer.Option(help="New file for the CA, and later for the leader.")],
    until: Annotated[str, typer.Option(metavar="TIME", help="When the request becomes void.")] = "+7d",
) -> None:
    """Request a certificate, and prove possession of the keys of account and machine."""
    from energy_trading.council.certificate_request import CertificateRequest
    from energy_trading.council.council_authority import authority_hash
    from energy_trading.council.node_keys import NodeKeys
    from energy_trading.council.verifier_certificate import load_certificate

    deadline = _time("--until", until)
    root = load_certificate(_read("--ca-certificate", ca_certificate))
    check_new("--out", out)
    account = key_from_file("--account-key", account_key, PASSWORD)
    node = NodeKeys(open_or_make_key("--node-key", node_key, NODE_PASSWORD))
    made = CertificateRequest.make(name, chain_id, feeder, account, node, authority_hash(root), deadline)
    write_json("--out", out, made.to_json())
    console.print(f"{out} is for the CA", markup=False)


@group.command()
def issue(
    request: _Request,
    ca_key: _CaKey,
    ca_state: _CaState,
    out: Annotated[Path, typer.Option(help="New file for the certificate (PEM), which is public.")],
    checked: Annotated[
        bool,
        typer.Option("--checked", help="Name, account and feeder are right; otherwise a prompt asks."),
    ] = False,
    until: Annotated[str, typer.Option(metavar="TIME", help="When the certificate ends.")] = "+365d",
    as_json: AsJson = False,
) -> None:
    """Certify a verifier whose name, account and feeder the operator has checked."""
    asked = _load_request("REQUEST", request)
    end = _time("--until", until)
    check_new("--out", out)
    root = key_from_file("--ca-key", ca_key, CA_PASSWORD)
    with locked_state("--ca-state", ca_state):
        authority = _load(root, ca_state)
        verifier = asked.check(authority.hash, _now())
        if not checked:
            question = f"Is «{verifier.name}» on feeder {verifier.feeder}, with account {verifier.account}?"
            typer.confirm(question, abort=True, err=True)
        certificate = authority.issue(asked, _now(), end)
        save_state_file("--ca-state", authority, ca_state)
    _write_pem("--out", out, certificate.pem)
    _report(certificate, as_json)


@group.command()
def revoke(account: _Account, ca_key: _CaKey, ca_state: _CaState) -> None:
    """Revoke all certificates of an account. It counts from the next `council revocations` on."""
    person = address_of("ACCOUNT", account)
    root = key_from_file("--ca-key", ca_key, CA_PASSWORD)
    with locked_state("--ca-state", ca_state):
        authority = _load(root, ca_state)
        number = authority.revoke(person, _now())
        save_state_file("--ca-state", authority, ca_state)
    console.print(f"revoked {number}; publish a new revocation list", markup=False)


@group.command()
def revocations(
    ca_key: _CaKey,
    ca_state: _CaState,
    out: Annotated[Path, typer.Option(help="File for the list (PEM), for everybody; replaces an older one.")],
    until: Annotated[str, typer.Option(metavar="TIME", help="When a newer list is needed.")] = "+1d",
) -> None:
    """Sign the list of revoked certificates; leaders accept no candidate without a current one."""
    end = _time("--until", until)
    root = key_from_file("--ca-key", ca_key, CA_PASSWORD)
    with locked_state("--ca-state", ca_state):
        authority = _load(root, ca_state)
        signed = authority.revocation_list(_now(), end)
        save_state_file("--ca-state", authority, ca_state)
    _write_pem("--out", out, signed, replace=True)
    console.print(f"{out} counts until {_utc(end)}", markup=False)


@group.command()
def check(
    certificate: Annotated[Path, typer.Argument(metavar="CERTIFICATE", help="File of `council issue`.")],
    request: Annotated[Path, typer.Option(help="File of `council request`, from the candidate.")],
    ca_certificate: _CaCertificate,
    revocations: Annotated[Path, typer.Option(help="The CA's current list, from `council revocations`.")],
    chain_id: Annotated[int, typer.Option(help="EIP-155 id of the council's chain.")],
    account: Annotated[str, typer.Option(help="The candidate, as on chain.")],
    feeder: Annotated[int, typer.Option(help="The candidate's feeder, as on chain.")],
    certificate_hash: Annotated[str, typer.Option("--hash", help="The certificate's hash, as on chain.")],
    as_json: AsJson = False,
) -> None:
    """Check a candidate as the leader must before it proposes the admission."""
    from energy_trading.council.admission import Application, check_candidate
    from energy_trading.council.verifier_certificate import VerifierCertificate

    application = Application(
        chain_id, address_of("--account", account), feeder, from_hex(certificate_hash, "--hash", 32)
    )
    held = VerifierCertificate.from_pem(_read("CERTIFICATE", certificate))
    check_candidate(
        application,
        held,
        _load_request("--request", request),
        _read("--ca-certificate", ca_certificate),
        _read("--revocations", revocations),
        _now(),
    )
    _report(held, as_json)


def _report(certificate: VerifierCertificate, as_json: bool) -> None:
    verifier = certificate.verifier
    fields: dict[str, Any] = {
        "name": verifier.name,
        "chainId": verifier.chain_id,
        "account": verifier.account,
        "feeder": verifier.feeder,
        "messageKey": to_hex(verifier.message_key),
        # Beyond 2^53, which other readers of JSON would round.
        "serialNumber": str(certificate.serial_number),
        "validFrom": certificate.valid_from,
        "validUntil": certificate.valid_until,
        "hash": to_hex(certificate.hash),
    }
    if as_json:
        print_json(fields)
        return
    console.print(
        f"{verifier.name}, account {verifier.account} on chain {verifier.chain_id}, "
        f"feeder {verifier.feeder}, valid until {_utc(certificate.valid_until)}, hash {fields['hash']}",
        markup=False,
    )


def _load(root: SecretKey, state: Path) -> CouncilAuthority:
    from energy_trading.council.council_authority import CouncilAuthority

    try:
        return CouncilAuthority.load(root, state)
    except OSError as error:
        raise unreadable("--ca-state", state, error) from error


def _load_request(option: str, path: Path) -> CertificateRequest:
    from energy_trading.council.certificate_request import CertificateRequest

    return CertificateRequest.from_json(read_json(option, path))


def _read(option: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise unreadable(option, path, error) from error


def _write_pem(option: str, path: Path, pem: bytes, *, replace: bool = False) -> None:
    try:
        write_whole(path, pem, replace=replace)
    except OSError as error:
        raise unwritable(option, path, error.strerror) from error


def _time(option: str, text: str) -> int:
    return time_of(option, text, _now)


def _now() -> int:
    return int(time.time())


def _utc(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
