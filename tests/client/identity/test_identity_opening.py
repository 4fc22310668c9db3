"""All accounts of a person, each authority with its own key; the records that openings leave (C-10)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from energy_trading.bindings.energy_ledger import AccountOpened
from energy_trading.errors import BadInput, EnergyTradingError
from energy_trading.files.journal import Journal, JournalClosed
from energy_trading.identity import (
    Certificate,
    Half,
    HalfRefused,
    Holder,
    IdentityCiphertextRefused,
    Member,
    OpeningRefused,
    TraceRequest,
    combine_halves,
    proofs_of_person,
    read_records,
)
from tests.client.identity_actors import ALICE, BOB, FROM, authorities, enrol

PKG_, DSO_ = authorities()
PUBLIC = PKG_.parameters
MEMBERS = [enrol(PKG_, person) for person in (ALICE, BOB, ALICE, BOB, ALICE)]
REASON = "court order 7"


def opening_of(member: Member) -> AccountOpened:
    certificate = member.certificate
    place = "0x" + "11" * 20, 1, bytes(32), 0
    return AccountOpened(*place, member.account, 3, certificate.hash, certificate.identity_ciphertext)


REQUEST = TraceRequest.of_market(REASON, map(opening_of, MEMBERS), PKG_.certificates)
HALVES = [authority.open_half(REQUEST, Journal(None), FROM) for authority in (PKG_, DSO_)]


def through_json(half: Half) -> Half:
    return Half.from_json(json.loads(json.dumps(half.to_json())))


def test_all_accounts_of_a_person_are_found() -> None:
    """From the ledger's log and two halves, which travel as JSON; nobody has kept a list (C-10)."""
    asked = TraceRequest.from_json(json.loads(json.dumps(REQUEST.to_json())))
    assert asked == REQUEST
    proofs = combine_halves(asked, map(through_json, HALVES), PUBLIC)
    found = [proof.certificate.account(PUBLIC.issue_key) for proof in proofs_of_person(proofs, ALICE.lower())]
    assert found == [member.account for member in MEMBERS if MEMBERS.index(member) % 2 == 0]
    assert [proof.verify(PUBLIC, m.account) for proof, m in zip(proofs, MEMBERS, strict=True)] == [
        ALICE,
        BOB,
        ALICE,
        BOB,
        ALICE,
    ]
    assert proofs_of_person(proofs, "Nobody") == []


def test_accounts_without_a_certificate_are_named() -> None:
    """Whoever lists a person's accounts learns which ones could not be opened (C-10)."""
    hidden = MEMBERS[1]
    known = [c for c in PKG_.certificates if c != hidden.certificate]
    asked = TraceRequest.of_market(REASON, map(opening_of, MEMBERS), known)
    assert asked.unknown == (hidden.account,)
    assert hidden.account not in asked.accounts(PUBLIC)


def test_every_opening_leaves_a_signed_record(tmp_path: Path) -> None:
    """What, when and why, in the authority's own book, which names no person (C-10)."""
    path = tmp_path / "records"
    book = Journal(path)
    PKG_.open_half(REQUEST, book, FROM)
    again = PKG_.open_half(replace(REQUEST, reason="another"), book, FROM + 1)
    book.close()
    first, second = read_records(path, PUBLIC)
    assert (first.holder, first.request, first.reason, first.time) == (
        Holder.PKG,
        REQUEST.hash,
        REASON,
        FROM,
    )
    assert first.accounts == tuple(member.account for member in MEMBERS)
    assert second == again.record
    assert ALICE not in path.read_text()
    with pytest.raises(JournalClosed):  # what cannot be recorded is not handed out
        PKG_.open_half(REQUEST, book, FROM)
    stranger, _ = authorities()
    with pytest.raises(HalfRefused, match="bears a record that its holder did not sign"):
        read_records(path, stranger.parameters)
    path.write_text("[]\n")
    with pytest.raises(BadInput, match="record must be a JSON object"):
        read_records(path, PUBLIC)
    with pytest.raises(BadInput, match="cannot be read"):
        read_records(tmp_path / "no", PUBLIC)


def test_revert_given_a_half_without_its_record() -> None:
    """Nobody combines a half whose record is another's, changed, or of another request (C-10)."""
    pkg, dso = HALVES
    other = replace(REQUEST, reason="another")
    forged = replace(pkg.record, time=FROM + 1)
    for halves, error, text in (
        ([replace(pkg, record=forged), dso], HalfRefused, "the half of PKG bears a record that"),
        ([replace(pkg, record=dso.record), dso], BadInput, "one half of PKG and one of DSO are needed"),
        ([pkg], BadInput, "one half of PKG and one of DSO are needed"),
        ([pkg, DSO_.open_half(other, Journal(None), FROM)], HalfRefused, "the half of DSO answers another"),
        ([replace(pkg, openings=pkg.openings[1:]), dso], BadInput, "the half of PKG must have 5 openings"),
        ([replace(pkg, openings=pkg.openings[::-1]), dso], OpeningRefused, "opening of PKG is forged"),
    ):
        with pytest.raises(error, match=text):
            combine_halves(REQUEST, halves, PUBLIC)


def test_half_of_a_foreign_certificate_is_not_opened() -> None:
    """An α that was copied into another certificate opens nobody, and leaves no record (C-10)."""
    mine, other = MEMBERS[0].certificate, MEMBERS[1].certificate
    copied = Certificate(mine.head, other.identity_ciphertext)
    with pytest.raises(IdentityCiphertextRefused):
        PKG_.open_half(TraceRequest(REASON, (copied,)), Journal(None), FROM)


@pytest.mark.parametrize("reason", ["", "x" * 501, "a\nb", "\x1b[2J"])
def test_reason_is_one_line(reason: str) -> None:
    """It is printed on the authorities' screens (C-10)."""
    with pytest.raises(BadInput, match="the reason must have 1 to 500 printable characters"):
        replace(REQUEST, reason=reason)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", "x"),
        ("reason", 5),
        ("certificates", []),
        ("certificates", ["0x00"]),
        ("certificates", "0x"),
        ("unknown", ["me"]),
        ("more", 1),
    ],
)
def test_malformed_request_or_half_is_bad_input(field: str, value: object) -> None:
    """A file from anyone is read with care."""
    with pytest.raises(BadInput):
        TraceRequest.from_json(REQUEST.to_json() | {field: value})
    with pytest.raises(EnergyTradingError):
        Half.from_json(HALVES[0].to_json() | {field: value})


def test_no_secret_is_shown() -> None:
    """Neither a half nor a record repeats an identity or a key in its repr (C-10)."""
    text = repr((HALVES, REQUEST, combine_halves(REQUEST, HALVES, PUBLIC)))
    assert ALICE not in text
    assert all(half.openings[0].image.hex() not in text for half in HALVES)
