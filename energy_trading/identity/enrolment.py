"""The person's side of the key issue by PKG (private key generator)."""

from __future__ import annotations

from dataclasses import dataclass, field

from energy_trading.crypto import ecqv
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import Forged
from energy_trading.identity import identity_ciphertext
from energy_trading.identity.certificate import Certificate
from energy_trading.identity.identity_ciphertext import Disclosure, canonical_identity
from energy_trading.identity.parameters import Parameters
from energy_trading.types import AccountAttestation, Domain, Role


class AnswerRefused(Forged):
    """PKG's answer certifies something other than was asked for.

    Args:
        field: what differs.
    """

    def __init__(self, field: str) -> None:
        super().__init__(f"the certificate does not have the {field} that was asked for")
        self.field = field


class AttestationRefused(Forged):
    """An attestation would open the account otherwise than its certificate has it.

    Args:
        field: what differs.
    """

    def __init__(self, field: str) -> None:
        super().__init__(f"the attestation does not have the {field.replace('_', ' ')} of the certificate")
        self.field = field


@dataclass(frozen=True)
class EnrolmentRequest:
    """What the person sends to PKG over a private channel.

    Args:
        identity: in canonical spelling. PKG checks it against the person's papers.
        roles: wanted for the account.
        point: 33 bytes, fresh for each account.
    """

    identity: str = field(repr=False)
    roles: Role
    point: bytes


@dataclass(frozen=True)
class Answer:
    """What PKG sends back over the same channel.

    Args:
        certificate: public.
        contribution: PKG's part of the key, 0 … n-1. It is useless without the person's part.
        disclosure: opens this certificate's α. PKG forgets it.
    """

    certificate: Certificate
    contribution: int = field(repr=False)
    disclosure: Disclosure = field(repr=False)


@dataclass(frozen=True)
class Member:
    """One pseudonymous account of a person.

    Args:
        secret_key: the account's. Only the person has it.
        certificate: public.
        disclosure: shows who is behind the account. It is needed for an attestation, and otherwise private.
    """

    secret_key: SecretKey
    certificate: Certificate
    disclosure: Disclosure = field(repr=False)

    @property
    def account(self) -> str:
        """EIP-55 address of the account."""
        return self.secret_key.address

    def consent(self, domain: Domain, attestation: AccountAttestation) -> bytes:
        """Sign that the account may be opened as PKG attests it, so that anybody may submit both signatures.

        Args:
            domain: the EnergyLedger's.
            attestation: PKG's.

        Returns:
            r ‖ s ‖ v, 65 bytes, over the same digest as PKG's signature.

        Raises:
            AttestationRefused: it is about another account, or does not have what the certificate has.

        Source:
            EIP-712 (C-2).
        """
        certificate = self.certificate
        wanted = {
            "account": self.account,
            "roles": int(certificate.head.roles),
            "certificate_hash": certificate.hash,
            "identity_ciphertext": certificate.identity_ciphertext,
        }
        for name, value in wanted.items():
            if getattr(attestation, name) != value:
                raise AttestationRefused(name)
        return self.secret_key.sign_digest(domain.digest(attestation))


class Enrolment:
    """One account's way from a request to a key that PKG never learns.

    Args:
        identity: the person's real identity.
        roles: wanted for the account.
        key: kept by the person between request and answer, and fresh for each account. None draws one.

    Raises:
        BadInput: the identity cannot be spelled canonically.

    Source:
        SEC 4 §3.3 and §3.6 (C-2).
    """

    def __init__(self, identity: str, roles: Role, key: SecretKey | None = None) -> None:
        self._key = key or SecretKey.generate()
        #: to be sent to PKG
        self.request = EnrolmentRequest(canonical_identity(identity), roles, self._key.public_key)

    def finish(self, answer: Answer, parameters: Parameters) -> Member:
        """Check PKG's answer and compute the account's key.

        Raises:
            AnswerRefused: the roles or the sealed identity are not those that were asked for.
            IdentityCiphertextRefused: α belongs to another certificate.
            WrongCertificate: the answer does not fit the request, or not PKG's key.
            BadInput: a value is out of range.

        Source:
            SEC 4 §3.6 (C-2).
        """
        certificate, head = answer.certificate, answer.certificate.head
        if head.roles != self.request.roles:
            raise AnswerRefused("roles")
        alpha = certificate.identity_ciphertext
        identity_ciphertext.check_sealed(alpha, parameters.trace_key, head.to_bytes())
        matches = identity_ciphertext.matches(answer.disclosure, alpha, parameters.trace_key, head.to_bytes())
        if not matches or answer.disclosure.identity != self.request.identity:
            raise AnswerRefused("identity")
        key = ecqv.reconstruct_secret_key(
            self._key, answer.contribution, certificate.to_bytes(), head.point, parameters.issue_key
        )
        return Member(key, certificate, answer.disclosure)
