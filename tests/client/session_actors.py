"""The parties of the session tests."""

from __future__ import annotations

from functools import cache

from energy_trading.identity import PKG, Member
from energy_trading.session import Initiator, Responder, Session, Subject
from tests.client.identity_actors import ALICE, BOB, authorities, enrol

NOW = 1_780_000_000
SUBJECT = Subject(31337, "0x5FbDB2315678afecb367f032d93F642f64180aa3", 7)


@cache
def pkg() -> PKG:
    return authorities()[0]


@cache
def member(identity: str) -> Member:
    return enrol(pkg(), identity)


def alice() -> Member:
    """The buyer, who asks."""
    return member(ALICE)


def bob() -> Member:
    """The seller, who is asked."""
    return member(BOB)


def mallory() -> Member:
    """A certified account that wants to be somebody else."""
    return member("NL-BSN 999999990")


def issue_key() -> bytes:
    return pkg().parameters.issue_key


def ask(buyer: Member | None = None, subject: Subject = SUBJECT) -> Initiator:
    """Say hello to Bob."""
    return Initiator(buyer or alice(), subject, bob().account, issue_key())


def asked(hello: bytes, subject: Subject = SUBJECT) -> Responder:
    """Answer as Bob."""
    return Responder(bob(), subject, issue_key(), hello)


def talk(subject: Subject = SUBJECT) -> tuple[Session, Session]:
    """Run a handshake; return Alice's end and Bob's."""
    initiator = ask(subject=subject)
    responder = asked(initiator.hello, subject)
    finish, session = initiator.finish(responder.answer, NOW)
    return session, responder.finish(finish, NOW)
