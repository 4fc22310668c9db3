"""PKG (private key generator), the authority that knows persons, certifies and attests accounts, and bans."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from pathlib import Path

from energy_trading.crypto import ecqv
from energy_trading.crypto._derivation import derive_key
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput, Forged, RuleBroken
from energy_trading.files._json import check_object, from_hex, to_hex
from energy_trading.files.journal import Journal
from energy_trading.files.state_file import load_state, save_state
from energy_trading.identity import identity_ciphertext
from energy_trading.identity.account_x509 import write_x509
from energy_trading.identity.certificate import Certificate, CertificateHead
from energy_trading.identity.enrolment import Answer, EnrolmentRequest
from energy_trading.identity.identity_ciphertext import Disclosure, canonical_identity
from energy_trading.identity.opening import Half, TraceRequest, open_half
from energy_trading.identity.parameters import Holder, Parameters, TraceShare
from energy_trading.types import AccountAttestation, Domain


class PersonBanned(RuleBroken):
    """The person is banned and gets no account, under whichever pseudonym."""

    def __init__(self) -> None:
        super().__init__("this person is banned")


class NotIssued(BadInput):
    """PKG issued no such certificate.

    Args:
        account: EIP-55 address.
    """

    def __init__(self, account: str) -> None:
        super().__init__(f"this PKG issued no such certificate for {account}")
        self.account = account


class DisclosureRefused(Forged):
    """The disclosed identity is not the one behind the certificate."""

    def __init__(self) -> None:
        super().__init__("the disclosure belongs to another certificate")


@dataclass(frozen=True)
class Attestation(AccountAttestation):
    """PKG's signed statement that an account may be opened.

    Args:
        signature: r ‖ s ‖ v, 65 bytes, by PKG's registrar key.
    """

    signature: bytes


class PKG:
    """The issuing authority. It sees an identity when it issues a certificate, and keeps none.

    Args:
        root: the only secret. Keep it in a key file.
        dso_share: the half of the trace key that belongs to the DSO (distribution system operator).

    Source:
        Chen §IV.A–B (C-1, C-2) with the errata's ECQV.
    """

    def __init__(self, root: SecretKey, dso_share: TraceShare) -> None:
        # One key for each use: what one key is asked to do can never be turned against another.
        self._issue = derive_key(root, "PKG/issue")
        self._registrar = derive_key(root, "PKG/registrar")
        self._trace = derive_key(root, "PKG/trace")
        self._tags = derive_key(root, "PKG/tags")
        self._state = derive_key(root, "PKG/state")
        self._certificates: dict[str, Certificate] = {}
        self._banned: set[bytes] = set()
        #: the published parameters of C-1
        self.parameters = Parameters(
            self._issue.public_key,
            self._registrar.public_key,
            TraceShare.of(Holder.PKG, self._trace),
            dso_share,
        )

    def issue(self, request: EnrolmentRequest, valid_from: int, valid_until: int) -> Answer:
        """Issue a certificate to a person whose identity was checked. A person may ask for many.

        Args:
            request: the person's request, with a fresh point.
            valid_from: unix seconds. Round both times, so that they do not reveal when this was.
            valid_until: unix seconds, half open.

        Raises:
            PersonBanned: this person gets no account.
            BadInput: the identity, the roles, the validity or the point is out of range.

        Source:
            SEC 4 §3.4; Chen eqs 3–5 (C-2).
        """
        disclosure = Disclosure(canonical_identity(request.identity), SecretKey.generate())
        self._check_not_banned(disclosure.identity)

        def certify(point: bytes) -> bytes:
            head = CertificateHead(request.roles, valid_from, valid_until, point).to_bytes()
            return head + identity_ciphertext.seal(disclosure, self.parameters.trace_key, head)

        encoded, contribution = ecqv.issue(self._issue, request.point, certify)
        certificate = Certificate.from_bytes(encoded)
        self._certificates[certificate.account(self.parameters.issue_key)] = certificate
        return Answer(certificate, contribution, disclosure)

    def attest(
        self, domain: Domain, certificate: Certificate, disclosure: Disclosure, deadline: int
    ) -> Attestation:
        """Sign that an account may be opened on a chain, unless its person has been banned since.

        Args:
            domain: the EnergyLedger's.
            certificate: issued by this PKG.
            disclosure: the person's, since PKG itself does not remember whose account it is.
            deadline: unix seconds from which the attestation is void. Keep it near, since a ban
                does not revoke it.

        Raises:
            NotIssued: this PKG did not issue the certificate.
            DisclosureRefused: the disclosure belongs to another certificate.
            PersonBanned: this person gets no account.
            CertificateExpired: the deadline is not within the certificate's validity.

        Source:
            EIP-712 (C-2).
        """
        account = self._check_issued(certificate)
        head, alpha = certificate.head, certificate.identity_ciphertext
        if not identity_ciphertext.matches(disclosure, alpha, self.parameters.trace_key, head.to_bytes()):
            raise DisclosureRefused
        self._check_not_banned(disclosure.identity)
        # This is the last second in which the attestation counts.
        head.check_valid(deadline - 1)
        message = AccountAttestation(account, int(head.roles), certificate.hash, alpha, deadline)
        return Attestation(**vars(message), signature=self._registrar.sign_digest(domain.digest(message)))

    def issue_x509(self, certificate: Certificate) -> bytes:
        """Write the X.509 form (PEM) of a certificate.

        Raises:
            NotIssued: this PKG did not issue the certificate.
            BadInput: X.509 cannot write its validity.
        """
        self._check_issued(certificate)
        return write_x509(certificate, self.parameters, self._registrar)

    def certificate_of(self, account: str) -> Certificate:
        """Return the certificate of an account. Certificates are public.

        Args:
            account: EIP-55 address.

        Raises:
            NotIssued: this PKG issued none for the account.
        """
        if account not in self._certificates:
            raise NotIssued(account)
        return self._certificates[account]

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """All certificates that were issued, to be published: without them nobody can ask for a tracing."""
        return tuple(self._certificates.values())

    def ban_person(self, identity: str) -> None:
        """Refuse a person from now on. Open accounts are banned on chain, after tracing.

        Args:
            identity: in any spelling that `canonical_identity` maps to the same one.

        Raises:
            BadInput: the identity cannot be spelled canonically.

        Source:
            C-2, errata: a ban follows the person.
        """
        self._banned.add(self._tag(canonical_identity(identity)))

    def open_half(self, request: TraceRequest, records: Journal, now: int) -> Half:
        """Open PKG's half of every α of a request. Do so only for a reason that the law provides.

        Args:
            request: what is to be opened, and why.
            records: PKG's book of what it has opened.
            now: unix seconds, for the record.

        Raises:
            IdentityCiphertextRefused: an α was taken from another certificate.

        Source:
            C-10.
        """
        return open_half(Holder.PKG, self._trace, request, self.parameters, records, now)

    def save(self, path: Path) -> None:
        """Write the state, in place of an older one. It holds no secret and no identity."""
        state = {
            "dsoShare": self.parameters.dso.to_json(),
            "banned": sorted(to_hex(tag) for tag in self._banned),
            "certificates": [to_hex(certificate.to_bytes()) for certificate in self._certificates.values()],
        }
        save_state(path, state, self._state)

    @classmethod
    def load(cls, root: SecretKey, path: Path) -> PKG:
        """Continue from a saved state.

        Raises:
            FileExposed: the group or the world has a permission on the file.
            BadInput: the file has another form.
            StateForged: the file was changed, or the root belongs to somebody else.
        """
        state = check_object(
            load_state(path, derive_key(root, "PKG/state")), "state", {"dsoShare", "banned", "certificates"}
        )
        pkg = cls(root, TraceShare.from_json(Holder.DSO, state["dsoShare"]))
        pkg._banned = {from_hex(tag, "banned") for tag in state["banned"]}
        certificates = (
            Certificate.from_bytes(from_hex(text, "certificates")) for text in state["certificates"]
        )
        pkg._certificates = {c.account(pkg.parameters.issue_key): c for c in certificates}
        return pkg

    def _check_issued(self, certificate: Certificate) -> str:
        account = certificate.account(self.parameters.issue_key)
        if self._certificates.get(account) != certificate:
            raise NotIssued(account)
        return account

    def _check_not_banned(self, identity: str) -> None:
        if self._tag(identity) in self._banned:
            raise PersonBanned

    def _tag(self, identity: str) -> bytes:
        return hmac.digest(self._tags.reveal(), identity.casefold().encode(), "sha256")
