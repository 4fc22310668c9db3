"""A council for tests: its CA, verifiers with their keys, and homes."""

from __future__ import annotations

from dataclasses import dataclass

from energy_trading.council.certificate_request import CertificateRequest
from energy_trading.council.council_authority import CouncilAuthority
from energy_trading.council.home_identity import HomeIdentity, SignedIdentity
from energy_trading.council.node_keys import NodeKeys
from energy_trading.council.verifier_certificate import VerifierCertificate
from energy_trading.council.verifier_set import VerifierSet
from energy_trading.crypto.keys import SecretKey

NOW = 1_800_000_000
DAY = 86_400
YEAR = 365 * DAY
CHAIN = 31_337
COUNCIL = SecretKey.from_int(0xC0).address


def authority(seed: int = 1, name: str = "Council of Elm Street") -> CouncilAuthority:
    """Return a CA, valid for ten years."""
    return CouncilAuthority.create(SecretKey.from_int(seed), name, NOW - DAY, NOW + 10 * YEAR)


@dataclass(frozen=True)
class Actor:
    """Somebody who is, or wants to be, a verifier."""

    name: str
    account: SecretKey
    node: NodeKeys
    feeder: int = 7

    @classmethod
    def named(cls, name: str, feeder: int = 7) -> Actor:
        """Return the same actor for the same name."""
        seed = int.from_bytes(name.encode(), "big")
        return cls(name, SecretKey.from_int(seed), NodeKeys(SecretKey.from_int(seed + 1)), feeder)

    def request(self, ca: CouncilAuthority, deadline: int = NOW + DAY) -> CertificateRequest:
        """Ask a CA for a certificate."""
        return CertificateRequest.make(
            self.name, CHAIN, self.feeder, self.account, self.node, ca.hash, deadline
        )

    def certificate(self, ca: CouncilAuthority) -> VerifierCertificate:
        """Get a certificate for a year."""
        return ca.issue(self.request(ca), NOW, NOW + YEAR)


def verifier_set(version: int, *actors: Actor, ca: CouncilAuthority | None = None) -> VerifierSet:
    """Return the set of these actors."""
    signer = ca or authority()
    return VerifierSet.of(COUNCIL, version, [actor.certificate(signer) for actor in actors])


HOME = SecretKey.from_int(0x40)
IDENTITY = HomeIdentity(HOME.address, "Heidi Home", "heidi@example.org", bytes(19) + b"\x07")


def signed_identity() -> SignedIdentity:
    """Return who the home is, signed by it."""
    return SignedIdentity.sign(IDENTITY, HOME, CHAIN, COUNCIL)
