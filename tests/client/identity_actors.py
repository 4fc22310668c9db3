"""The authorities and persons of the identity tests."""

from __future__ import annotations

from energy_trading.crypto.keys import SecretKey
from energy_trading.files.journal import Journal
from energy_trading.identity import (
    DSO,
    PKG,
    Certificate,
    Enrolment,
    Member,
    PartialOpening,
    Role,
    TraceRequest,
)

ALICE = "NL-BSN 111222333"
BOB = "NL-BSN 123456782, with a much longer entry"
FROM, UNTIL = 1_760_000_000, 1_800_000_000


def authorities() -> tuple[PKG, DSO]:
    """Set up PKG and DSO with fresh keys."""
    dso = DSO(SecretKey.generate())
    pkg = PKG(SecretKey.generate(), dso.share)
    dso.adopt(pkg.parameters)
    return pkg, dso


def enrol(pkg: PKG, identity: str, roles: Role = Role.PROSUMER) -> Member:
    """Open one pseudonymous account of a person."""
    enrolment = Enrolment(identity, roles)
    return enrolment.finish(pkg.issue(enrolment.request, FROM, UNTIL), pkg.parameters)


def opened(authority: PKG | DSO, certificate: Certificate) -> PartialOpening:
    """Let an authority open its half of one certificate."""
    request = TraceRequest("a test", (certificate,))
    return authority.open_half(request, Journal(None), FROM).openings[0]
