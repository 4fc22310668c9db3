"""Opening pseudonyms: what the two authorities are asked, the half that each gives, and its signed record.

PKG (private key generator) and DSO (distribution system operator) each work with their own key, on machines
of their own. A half without its signed record is refused, so no pseudonym is opened without a trace.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from eth_utils.address import is_address
from eth_utils.crypto import keccak

from energy_trading.bindings.energy_ledger import AccountOpened
from energy_trading.crypto import _dleq as dleq
from energy_trading.crypto._curve import GENERATOR
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput, Forged
from energy_trading.files._json import (
    canonical_json,
    check_list,
    check_object,
    check_text,
    from_hex,
    parse_json,
    read_integer,
    to_hex,
)
from energy_trading.files.journal import Journal
from energy_trading.files.whole_file import unreadable
from energy_trading.identity.certificate import Certificate
from energy_trading.identity.identity_ciphertext import canonical_identity
from energy_trading.identity.parameters import Holder, Parameters
from energy_trading.identity.tracing import PartialOpening, TracingProof, open_partially

REQUEST_FORMAT: Final = "energy-trading/trace-request/1"
HALF_FORMAT: Final = "energy-trading/trace-half/1"
MAX_REASON_CHARACTERS: Final = 500


class HalfRefused(Forged):
    """A half of an opening answers another request, or its record is not signed by its holder.

    Args:
        holder: whose half it claims to be.
        reason: what is wrong with it.
    """

    def __init__(self, holder: Holder, reason: str) -> None:
        super().__init__(f"the half of {holder} {reason}")
        self.holder = holder


@dataclass(frozen=True)
class TraceRequest:
    """Which accounts are to be opened, and why; it holds no secret.

    Args:
        reason: what the law demands or permits, 1 … 500 printable characters; both records repeat it.
        certificates: those of the accounts, each once.
        unknown: accounts that are open on chain and whose certificates are missing, so that a list of a
            person's accounts may lack some of them.
        dispute: the dispute file for which the accounts are opened, as JSON; None if there is none. Each
            authority checks it for itself.

    Raises:
        BadInput: the reason is empty, too long or not printable, or a certificate is missing or repeated.

    Source:
        C-10.
    """

    reason: str
    certificates: tuple[Certificate, ...]
    unknown: tuple[str, ...] = ()
    dispute: Any = None

    def __post_init__(self) -> None:
        if not 0 < len(self.reason) <= MAX_REASON_CHARACTERS or not self.reason.isprintable():
            raise BadInput(f"the reason must have 1 to {MAX_REASON_CHARACTERS} printable characters")
        if not self.certificates:
            raise BadInput("the request names no account that has a certificate")
        if len({certificate.hash for certificate in self.certificates}) < len(self.certificates):
            raise BadInput("the request names an account twice")

    @classmethod
    def of_market(
        cls, reason: str, opened: Iterable[AccountOpened], certificates: Iterable[Certificate]
    ) -> TraceRequest:
        """Ask for all accounts of a deployment: only so can all accounts of one person be found.

        Args:
            reason: see the class.
            opened: the ledger's log; it states the hash of each account's certificate.
            certificates: those that PKG has published.
        """
        known = {certificate.hash: certificate for certificate in certificates}
        asked = {event.account: known.get(event.certificate_hash) for event in opened}
        found = (certificate for certificate in asked.values() if certificate is not None)
        missing = (account for account, certificate in asked.items() if certificate is None)
        return cls(reason, tuple(found), tuple(missing))

    @property
    def hash(self) -> bytes:
        """What the records name, 32 bytes: keccak256 of the JSON with sorted keys and without spaces."""
        return _hash(self.to_json())

    def accounts(self, parameters: Parameters) -> tuple[str, ...]:
        """Return the accounts to be opened, in order."""
        return tuple(certificate.account(parameters.issue_key) for certificate in self.certificates)

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`."""
        return {
            "format": REQUEST_FORMAT,
            "reason": self.reason,
            "certificates": [to_hex(certificate.to_bytes()) for certificate in self.certificates],
            "unknown": list(self.unknown),
            "dispute": self.dispute,
        }

    @classmethod
    def from_json(cls, value: Any) -> TraceRequest:
        """Read the object of `to_json`.

        Raises:
            BadInput: a field is malformed.
        """
        fields = check_object(
            value, "trace request", {"format", "reason", "certificates", "unknown", "dispute"}
        )
        _check_format(fields["format"], REQUEST_FORMAT)
        return cls(
            check_text(fields["reason"], "reason"),
            read_certificates(fields["certificates"]),
            _accounts(fields["unknown"], "unknown"),
            fields["dispute"],
        )


@dataclass(frozen=True)
class OpeningRecord:
    """An authority's signed statement that it has opened its half of pseudonyms; it names no person.

    Args:
        holder: who opened.
        request: hash of the request, 32 bytes.
        reason: the request's.
        accounts: whose pseudonyms.
        time: unix seconds, by the authority's clock.
        signature: Schnorr's, with the holder's trace key.
    """

    holder: Holder
    request: bytes
    reason: str
    accounts: tuple[str, ...]
    time: int
    signature: dleq.DleqProof

    def check(self, parameters: Parameters) -> None:
        """Check the signature with public data.

        Raises:
            HalfRefused: the holder did not sign this record.
        """
        key = parameters.share(self.holder).public_key
        context = _record_context(self.holder, self.request, self.reason, self.accounts, self.time)
        if not dleq.verify(self.signature, key, GENERATOR, key, context):
            raise HalfRefused(self.holder, "bears a record that its holder did not sign")

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`."""
        return {
            **_record_fields(self.holder, self.request, self.reason, self.accounts, self.time),
            "signature": to_hex(self.signature.to_bytes()),
        }

    @classmethod
    def from_json(cls, value: Any) -> OpeningRecord:
        """Read the object of `to_json`, which `check` checks.

        Raises:
            BadInput: a field is malformed.
        """
        fields = check_object(
            value, "record", {"holder", "request", "reason", "accounts", "time", "signature"}
        )
        if fields["holder"] not in set(Holder):
            raise BadInput(f"the holder must be PKG or DSO, not {fields['holder']!r}")
        return cls(
            Holder(fields["holder"]),
            from_hex(fields["request"], "request", 32),
            check_text(fields["reason"], "reason"),
            _accounts(fields["accounts"], "accounts"),
            read_integer(fields["time"], "time"),
            dleq.DleqProof.from_bytes(from_hex(fields["signature"], "signature")),
        )


@dataclass(frozen=True)
class Half:
    """One authority's half of an opening, with its record. Send it to whoever combines, and to nobody else.

    Args:
        record: what its holder signed.
        openings: one for each account of the record, in order.
    """

    record: OpeningRecord
    openings: tuple[PartialOpening, ...]

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`."""
        openings = [opening.to_json() for opening in self.openings]
        return {"format": HALF_FORMAT, "record": self.record.to_json(), "openings": openings}

    @classmethod
    def from_json(cls, value: Any) -> Half:
        """Read the object of `to_json`, which `combine_halves` checks.

        Raises:
            BadInput: a field is malformed.
        """
        fields = check_object(value, "half", {"format", "record", "openings"})
        _check_format(fields["format"], HALF_FORMAT)
        record = OpeningRecord.from_json(fields["record"])
        openings = check_list(fields["openings"], "openings")
        return cls(record, tuple(PartialOpening.from_json(record.holder, each) for each in openings))


def open_half(
    holder: Holder,
    trace_key: SecretKey,
    request: TraceRequest,
    parameters: Parameters,
    records: Journal,
    now: int,
) -> Half:
    """Open one holder's half of every certificate of a request, and record that.

    Args:
        holder: who opens.
        trace_key: the holder's secret trace key.
        request: what is to be opened.
        parameters: the published set.
        records: the holder's book; the half is handed out only when the record is on the disk.
        now: unix seconds, for the record.

    Raises:
        IdentityCiphertextRefused: an α was taken from another certificate.
        JournalClosed, OSError: the record could not be kept.

    Source:
        C-10.
    """
    openings = tuple(open_partially(holder, trace_key, each, parameters) for each in request.certificates)
    stated = request.hash, request.reason, request.accounts(parameters), now
    signature = dleq.prove(trace_key, GENERATOR, _record_context(holder, *stated))
    record = OpeningRecord(holder, *stated, signature)
    records.append(record.to_json())
    return Half(record, openings)


def combine_halves(
    request: TraceRequest, halves: Iterable[Half], parameters: Parameters
) -> tuple[TracingProof, ...]:
    """Read the identities from both halves.

    Args:
        request: what was to be opened.
        halves: one of PKG and one of DSO, in any order.
        parameters: the published set.

    Returns:
        A proof for each account of the request, in order.

    Raises:
        BadInput: there is not exactly one half of each, or one lacks openings.
        HalfRefused: a half answers another request, or its record is not signed.
        OpeningRefused: an opening is forged; the error names whose.

    Source:
        C-10.
    """
    given = list(halves)
    holders = sorted(str(half.record.holder) for half in given)
    if holders != [Holder.DSO, Holder.PKG]:
        raise BadInput(f"one half of PKG and one of DSO are needed, not those of {holders}")
    accounts = request.accounts(parameters)
    for half in given:
        record = half.record
        record.check(parameters)
        if (record.request, record.reason, record.accounts) != (request.hash, request.reason, accounts):
            raise HalfRefused(record.holder, "answers another request")
        if len(half.openings) != len(accounts):
            raise BadInput(f"the half of {record.holder} must have {len(accounts)} openings")
    return tuple(
        TracingProof.combine(certificate, [half.openings[i] for half in given], parameters)
        for i, certificate in enumerate(request.certificates)
    )


def proofs_of_person(proofs: Iterable[TracingProof], identity: str) -> list[TracingProof]:
    """Return the proofs that are about one person.

    Args:
        proofs: from `combine_halves`.
        identity: in any spelling that `canonical_identity` maps to the same one, in upper or lower case.

    Raises:
        BadInput: the identity cannot be spelled canonically.
    """
    wanted = canonical_identity(identity).casefold()
    return [proof for proof in proofs if proof.identity.casefold() == wanted]


def read_certificates(value: Any) -> tuple[Certificate, ...]:
    """Read a JSON list of certificates, such as PKG publishes.

    Raises:
        BadInput: the list is malformed.
    """
    texts = check_list(value, "certificates")
    return tuple(Certificate.from_bytes(from_hex(text, "certificate")) for text in texts)


def read_records(path: Path, parameters: Parameters) -> list[OpeningRecord]:
    """Read the records of an authority's book, and check every signature.

    Raises:
        BadInput: the file cannot be read, or a line is malformed.
        HalfRefused: a record is not signed by its holder.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise unreadable("records", path, error) from error
    records = [OpeningRecord.from_json(parse_json(line, f"a line of {path}")) for line in lines]
    for record in records:
        record.check(parameters)
    return records


def _record_fields(
    holder: Holder, request: bytes, reason: str, accounts: tuple[str, ...], time: int
) -> dict[str, Any]:
    return {
        "holder": str(holder),
        "request": to_hex(request),
        "reason": reason,
        "accounts": list(accounts),
        "time": time,
    }


def _record_context(
    holder: Holder, request: bytes, reason: str, accounts: tuple[str, ...], time: int
) -> bytes:
    return b"energy-trading/opening-record/1/" + _hash(
        _record_fields(holder, request, reason, accounts, time)
    )


def _hash(value: Any) -> bytes:
    return keccak(canonical_json(value))


def _accounts(value: Any, name: str) -> tuple[str, ...]:
    accounts = check_list(value, name)
    if not all(is_address(account) for account in accounts):
        raise BadInput(f"{name} must be a list of addresses")
    return tuple(accounts)


def _check_format(given: Any, needed: str) -> None:
    if given != needed:
        raise BadInput(f"the file's format is {given!r}; it must be {needed!r}")
