"""What a leader checks off chain before it proposes to admit a candidate."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from energy_trading.council.certificate_request import CertificateRequest
from energy_trading.council.council_authority import authority_hash
from energy_trading.council.verifier_certificate import VerifierCertificate, load_certificate, moment
from energy_trading.errors import BadInput, Forged, TryAgain


class CertificateRefused(Forged):
    """A verifier's certificate is not good, or not the candidate's.

    Args:
        field: what is wrong.
    """

    def __init__(self, field: str) -> None:
        super().__init__(f"the verifier's certificate is refused: its {field} is wrong")
        self.field = field


class CertificateRevoked(Forged):
    """The CA (certification authority) has revoked the certificate.

    Args:
        since: unix seconds.
    """

    def __init__(self, since: int) -> None:
        super().__init__(f"the verifier's certificate was revoked at {since} (unix seconds)")
        self.since = since


class RevocationsForged(Forged):
    """The revocation list is not signed by the council's CA."""

    def __init__(self) -> None:
        super().__init__("the revocation list is not signed by the council's CA")


class RevocationsOutdated(TryAgain):
    """The revocation list is too old, or from the future; the CA has a newer one.

    Args:
        valid_from: unix seconds.
        valid_until: unix seconds, exclusive.
    """

    def __init__(self, valid_from: int, valid_until: int) -> None:
        super().__init__(
            f"the revocation list counts from {valid_from} to {valid_until} (unix seconds): get a current one"
        )
        self.valid_from = valid_from
        self.valid_until = valid_until


@dataclass(frozen=True)
class Application:
    """What a candidate has written on chain when it asked to join.

    Args:
        chain_id: EIP-155 id.
        account: EIP-55 address.
        feeder: below 2**16.
        certificate_hash: keccak256 of its certificate, 32 bytes.
    """

    chain_id: int
    account: str
    feeder: int
    certificate_hash: bytes


def check_candidate(
    application: Application,
    certificate: VerifierCertificate,
    request: CertificateRequest,
    authority: bytes,
    revocations: bytes,
    at: int,
) -> None:
    """Check a candidate as the leader must before it proposes the admission, and each peer before it signs.

    The CA need not be trusted about keys: the request shows that the candidate held all three of them.

    Args:
        application: from the chain.
        certificate: from the candidate.
        request: for which the certificate was issued, from the candidate.
        authority: the CA's root certificate, PEM, from a source that the leader trusts.
        revocations: the CA's current revocation list, PEM.
        at: unix seconds.

    Raises:
        BadInput: root certificate, list or request is malformed.
        CertificateRefused: a field of the certificate is wrong; the error names the first one.
        CertificateRevoked: the CA has revoked it.
        RevocationsForged: somebody else signed the list.
        RevocationsOutdated: the list does not count now.
        RequestRefused: see `CertificateRequest.check`; it had to be good when the certificate was issued.

    Source:
        RFC 5280 §6 for a path of length one (Z-1, Z-2).
    """
    root = load_certificate(authority)
    check_certificate(certificate, root, revocations, at)
    verifier = certificate.verifier
    for field, holds in {
        "hash": certificate.hash == application.certificate_hash,
        "chain": verifier.chain_id == application.chain_id,
        "account": verifier.account == application.account,
        "feeder": verifier.feeder == application.feeder,
        "request": request.check(authority_hash(root), certificate.valid_from) == verifier,
        "public key": request.public_key == certificate.x509.public_key(),
    }.items():
        if not holds:
            raise CertificateRefused(field)


def check_certificate(
    certificate: VerifierCertificate, root: x509.Certificate, revocations: bytes, at: int
) -> None:
    """Check that a certificate is the CA's, valid now and not revoked.

    Args:
        certificate: of a verifier.
        root: the CA's own.
        revocations: the CA's current revocation list, PEM.
        at: unix seconds.

    Raises:
        BadInput: the list is malformed.
        CertificateRefused: a field is wrong; the error names the first one.
        CertificateRevoked: the CA has revoked it.
        RevocationsForged: somebody else signed the list.
        RevocationsOutdated: the list does not count now.

    Source:
        RFC 5280 §6.1, §6.3.
    """
    try:
        certificate.x509.verify_directly_issued_by(root)
    except (ValueError, TypeError) as error:
        raise CertificateRefused("issuer") from error
    except InvalidSignature as error:
        raise CertificateRefused("signature") from error
    if not certificate.valid_from <= at < certificate.valid_until:
        raise CertificateRefused("validity")
    try:
        verifier = PolicyBuilder().store(Store([root])).time(moment(at)).build_client_verifier()
        verifier.verify(certificate.x509, [])
    except VerificationError as error:
        raise CertificateRefused("path to the CA") from error
    since = _revoked_since(certificate.serial_number, root, revocations, at)
    if since is not None:
        raise CertificateRevoked(since)


def _revoked_since(serial: int, root: x509.Certificate, revocations: bytes, at: int) -> int | None:
    try:
        listed = x509.load_pem_x509_crl(revocations)
        genuine = listed.issuer == root.subject and listed.is_signature_valid(root.public_key())  # type: ignore[arg-type]
    except (ValueError, TypeError) as error:
        raise BadInput(f"these {len(revocations)} bytes are not a revocation list in PEM form") from error
    if not genuine:
        raise RevocationsForged
    if listed.next_update_utc is None:
        raise BadInput("the revocation list does not state how long it counts")
    start, end = (int(time.timestamp()) for time in (listed.last_update_utc, listed.next_update_utc))
    if not start <= at < end:
        raise RevocationsOutdated(start, end)
    entry = listed.get_revoked_certificate_by_serial_number(serial)
    return None if entry is None else int(entry.revocation_date_utc.timestamp())
