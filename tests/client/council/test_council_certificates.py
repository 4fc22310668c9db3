"""Certificates of verifiers: request, issue, revocation, and what a leader checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from eth_utils.crypto import keccak

from energy_trading.council.admission import (
    Application,
    CertificateRefused,
    CertificateRevoked,
    RevocationsForged,
    RevocationsOutdated,
    check_candidate,
)
from energy_trading.council.certificate_request import CertificateRequest, RequestRefused
from energy_trading.council.council_authority import CouncilAuthority, NoCertificate, RequestAnswered
from energy_trading.council.node_keys import NodeKeys
from energy_trading.council.verifier_certificate import VERIFIER_OID, Verifier, VerifierCertificate, moment
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.files.state_file import StateForged
from tests.client.council_actors import CHAIN, DAY, NOW, YEAR, Actor, authority

ALICE = Actor.named("Alice")
MALLORY = Actor.named("Mallory", feeder=9)


class Case:
    """A good candidate; a test changes one thing."""

    def __init__(self) -> None:
        self.ca = authority()
        self.request = ALICE.request(self.ca)
        self.certificate = self.ca.issue(self.request, NOW, NOW + YEAR)
        self.list = self.ca.revocation_list(NOW, NOW + DAY)
        self.root = self.ca.pem
        self.at = NOW + 60

    def check(self, **on_chain: object) -> None:
        stated = Application(CHAIN, ALICE.account.address, 7, self.certificate.hash)
        check_candidate(
            replace(stated, **on_chain), self.certificate, self.request, self.root, self.list, self.at
        )

    def refused(self, field: str, **on_chain: object) -> None:
        with pytest.raises(CertificateRefused) as error:
            self.check(**on_chain)
        assert error.value.field == field
        assert str(error.value) == f"the verifier's certificate is refused: its {field} is wrong"


@pytest.fixture
def case() -> Case:
    return Case()


def test_certificate_binds_name_account_feeder_and_message_key(case: Case) -> None:
    """Z-1: name as subject, account as did:pkh (CAIP-10), feeder and message key in one extension."""
    case.check()
    assert case.certificate.verifier == Verifier(
        "Alice", CHAIN, ALICE.account.address, 7, ALICE.node.message.public_key
    )
    assert (case.certificate.valid_from, case.certificate.valid_until) == (NOW, NOW + YEAR)
    assert case.certificate.hash == keccak(case.certificate.der)
    signed = x509.load_pem_x509_certificate(case.certificate.pem)
    assert signed.subject.rfc4514_string() == "CN=Alice"
    names = signed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [
        f"did:pkh:eip155:{CHAIN}:{ALICE.account.address}"
    ]
    assert signed.public_key() == ALICE.node.certificate.public_key()
    assert VerifierCertificate.from_pem(case.certificate.pem) == case.certificate


def test_files_pass_through_json_and_pem(case: Case) -> None:
    """What is sent is read back as the same, and a malformed request is one sentence."""
    assert CertificateRequest.from_json(case.request.to_json()) == case.request
    with pytest.raises(BadInput, match="csr must be 0x and pairs"):
        CertificateRequest.from_json({**case.request.to_json(), "csr": "no"})
    with pytest.raises(BadInput, match="not a certificate signing request"):
        replace(case.request, csr=b"no").check(case.ca.hash, NOW)
    with pytest.raises(BadInput, match=r"not an X\.509 certificate in PEM form"):
        VerifierCertificate.from_pem(b"no")
    with pytest.raises(BadInput, match=r"not the X\.509 form of a verifier"):
        VerifierCertificate.from_pem(case.ca.pem)


def test_revert_given_certificate_for_another_account(case: Case) -> None:
    """Z-2: Mallory asks to join with Alice's certificate."""
    case.refused("account", account=MALLORY.account.address)


def test_revert_given_another_feeder(case: Case) -> None:
    """Z-1: clustered sampling is by feeder; the one on chain is the certified one."""
    case.refused("feeder", feeder=9)


@pytest.mark.parametrize(("field", "value"), [("chain_id", 1), ("certificate_hash", bytes(32))])
def test_revert_given_another_chain_or_hash(case: Case, field: str, value: object) -> None:
    """Z-2: a certificate counts on its chain, and only the one that the candidate named there."""
    case.refused("chain" if field == "chain_id" else "hash", **{field: value})


@pytest.mark.parametrize("at", [NOW - 1, NOW + YEAR])
def test_revert_when_it_is_expired_or_early(case: Case, at: int) -> None:
    """Z-1: valid from its first second to before its last, at both ends to the second."""
    case.at, case.list = at, case.ca.revocation_list(NOW - DAY, NOW + 2 * YEAR)
    case.refused("validity")


def test_last_second_of_the_validity_counts(case: Case) -> None:
    """Z-1: half open, like all times here."""
    case.at, case.list = NOW + YEAR - 1, case.ca.revocation_list(NOW, NOW + 2 * YEAR)
    case.check()


def test_revert_given_revoked(case: Case) -> None:
    """Z-1: from the next list on, also for a second certificate of the account."""
    assert case.ca.revoke(ALICE.account.address, NOW + 5) == 1
    assert case.ca.revoke(ALICE.account.address, NOW + 6) == 0
    case.list = case.ca.revocation_list(NOW + 10, NOW + DAY)
    with pytest.raises(CertificateRevoked) as error:
        case.check()
    assert error.value.since == NOW + 5
    with pytest.raises(NoCertificate):
        case.ca.revoke(MALLORY.account.address, NOW)


@pytest.mark.parametrize("at", [NOW - 1, NOW + DAY])
def test_revert_given_outdated_list(case: Case, at: int) -> None:
    """Z-1: an old list may lack the revocation that matters."""
    case.certificate = case.ca.issue(ALICE.request(case.ca, NOW + YEAR), NOW - 10, NOW + YEAR)
    case.at = at
    with pytest.raises(RevocationsOutdated) as error:
        case.check()
    assert (error.value.valid_from, error.value.valid_until) == (NOW, NOW + DAY)


def test_revert_given_list_of_another_authority(case: Case) -> None:
    """Z-1: an empty list by a CA of the same name, which anybody can make, hides no revocation."""
    case.list = authority(seed=666).revocation_list(NOW, NOW + DAY)
    with pytest.raises(RevocationsForged):
        case.check()
    case.list = b"no"
    with pytest.raises(BadInput, match="not a revocation list in PEM form"):
        case.check()


@pytest.mark.parametrize(
    ("name", "field"), [("Another council", "issuer"), ("Council of Elm Street", "signature")]
)
def test_revert_given_another_authority(case: Case, name: str, field: str) -> None:
    """Z-1: a CA with another name, or with the same name and another key."""
    other = authority(seed=666, name=name)
    case.request = ALICE.request(other)
    case.certificate = other.issue(case.request, NOW, NOW + YEAR)
    case.refused(field)


def signed_by(
    key: ec.EllipticCurvePrivateKey, subject: Actor, issuer: x509.Name, *, ca: bool = False
) -> VerifierCertificate:
    """Return a certificate that somebody signs with whatever content."""
    verifier = Verifier(subject.name, CHAIN, subject.account.address, 7, subject.node.message.public_key)
    builder = (
        x509.CertificateBuilder()
        .subject_name(verifier.to_subject())
        .issuer_name(issuer)
        .public_key(subject.node.certificate.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment(NOW))
        .not_valid_after(moment(NOW + YEAR))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    for extension in verifier.to_extensions():
        builder = builder.add_extension(extension, critical=False)
    return VerifierCertificate(builder.sign(key, SHA256()).public_bytes(Encoding.DER))


def test_revert_given_self_signed(case: Case) -> None:
    """Z-1: with its own name as issuer, and with the CA's."""
    own = ALICE.node.certificate
    verifier = case.certificate.verifier
    case.certificate = signed_by(own, ALICE, verifier.to_subject())
    case.refused("issuer")
    case.certificate = signed_by(own, ALICE, case.ca.certificate.subject)
    case.refused("signature")


def test_revert_given_certificate_issued_by_a_verifier(case: Case) -> None:
    """Z-1: a verifier's certificate certifies nobody."""
    case.root = case.certificate.pem
    case.certificate = signed_by(ALICE.node.certificate, MALLORY, case.certificate.x509.subject)
    case.refused("path to the CA")


def test_revert_given_certificate_with_the_power_of_a_ca(case: Case) -> None:
    """Z-1: what the CA's key signed for another purpose does not pass for a verifier's certificate."""
    from energy_trading.crypto._derivation import derive_p256_key

    key = derive_p256_key(SecretKey.from_int(1), "council/certificate")
    case.certificate = signed_by(key, ALICE, case.ca.certificate.subject, ca=True)
    case.refused("path to the CA")


def test_revert_given_authority_that_has_expired() -> None:
    """Z-1: a root certificate that is over certifies nobody."""
    case = Case()
    case.ca = CouncilAuthority.create(SecretKey.from_int(1), "Council of Elm Street", NOW - YEAR, NOW)
    case.root, case.list = case.ca.pem, case.ca.revocation_list(NOW, NOW + DAY)
    case.refused("path to the CA")


def test_revert_given_request_of_another_certificate(case: Case) -> None:
    """Z-2: a CA that certified a key which the account never asked for is found out by the leader."""
    stolen = replace(ALICE, node=MALLORY.node)
    case.request = stolen.request(case.ca)
    case.refused("request")
    swapped = NodeKeys(SecretKey.from_int(99))
    swapped.message = ALICE.node.message
    case.request = replace(ALICE, node=swapped).request(case.ca)
    case.refused("public key")


def tampered(request: CertificateRequest, ca: CouncilAuthority) -> dict[str, tuple[CertificateRequest, str]]:
    other = MALLORY.request(ca)
    return {
        "another CA": (ALICE.request(authority(seed=2)), "authority"),
        "void": (ALICE.request(ca, NOW), "deadline"),
        "longer deadline": (replace(request, deadline=request.deadline + 1), "account's signature"),
        "other account": (
            replace(request, account_signature=other.account_signature),
            "account's signature",
        ),
        "other message key": (
            replace(request, message_signature=other.message_signature),
            "message key's signature",
        ),
        "other content": (
            replace(request, csr=request.csr.replace(b"Alice", b"Alicf")),
            "signature",
        ),
    }


@pytest.mark.parametrize(
    "name",
    ["another CA", "void", "longer deadline", "other account", "other message key", "other content"],
)
def test_revert_given_tampered_request(case: Case, name: str) -> None:
    """Z-2: whoever asks shows possession of all three keys, for this CA and this deadline."""
    request, field = tampered(case.request, case.ca)[name]
    with pytest.raises(RequestRefused) as error:
        case.ca.issue(request, NOW, NOW + YEAR)
    assert error.value.field == field


def test_revert_given_request_for_a_strangers_account(case: Case) -> None:
    """Z-2: Mallory writes Alice's account into a request, and signs it with her own keys."""
    victim = replace(MALLORY, account=ALICE.account).request(case.ca)
    forged = replace(victim, account_signature=MALLORY.request(case.ca).account_signature)
    with pytest.raises(RequestRefused, match="account's signature"):
        case.ca.issue(forged, NOW, NOW + YEAR)


def test_revert_given_key_on_another_curve(case: Case) -> None:
    """The key that is certified is on P-256."""
    node = NodeKeys(SecretKey.from_int(5))
    node.certificate = ec.generate_private_key(ec.SECP384R1())
    with pytest.raises(RequestRefused, match="public key"):
        case.ca.issue(replace(ALICE, node=node).request(case.ca), NOW, NOW + YEAR)


def test_revert_given_replayed_request(case: Case, tmp_path: Path) -> None:
    """Z-2: after a revocation the old request does not bring a new certificate, nor after a restart."""
    case.ca.revoke(ALICE.account.address, NOW)
    case.ca.save(tmp_path / "ca.json")
    for ca in (case.ca, CouncilAuthority.load(SecretKey.from_int(1), tmp_path / "ca.json")):
        with pytest.raises(RequestAnswered):
            ca.issue(case.request, NOW, NOW + YEAR)
    assert case.ca.issue(ALICE.request(case.ca, NOW + 2 * DAY), NOW, NOW + YEAR) != case.certificate


def test_state_is_kept_and_sealed(case: Case, tmp_path: Path) -> None:
    """Z-1: certificates, revocations and the list's number survive; another CA's key opens nothing."""
    path = tmp_path / "ca.json"
    case.ca.revoke(ALICE.account.address, NOW)
    case.ca.save(path)
    ca = CouncilAuthority.load(SecretKey.from_int(1), path)
    assert ca.pem == case.ca.pem
    case.list = ca.revocation_list(NOW, NOW + DAY)
    with pytest.raises(CertificateRevoked):
        case.check()
    numbers = x509.load_pem_x509_crl(case.list).extensions.get_extension_for_class(x509.CRLNumber)
    assert numbers.value.crl_number == 2
    with pytest.raises(StateForged):
        CouncilAuthority.load(SecretKey.from_int(2), path)
    with pytest.raises(BadInput, match="does not belong to its key"):
        CouncilAuthority(SecretKey.from_int(2), ca.certificate)


BOUNDS: dict[str, Callable[[CouncilAuthority, CertificateRequest], object]] = {
    "a certificate must be valid for a second or longer": lambda ca, r: ca.issue(r, NOW, NOW),
    "outlast the certificate of the CA": lambda ca, r: ca.issue(r, NOW, NOW + 10 * YEAR + 1),
    "not valid yet": lambda ca, r: ca.issue(r, NOW - DAY - 1, NOW),
    "list must be valid for a second or longer": lambda ca, _: ca.revocation_list(NOW, NOW),
    "the years 1970 to 9999 only": lambda ca, _: ca.revocation_list(NOW, 10**12),
    "must have 1 to 64 characters": lambda ca, _: CouncilAuthority.create(
        SecretKey.from_int(1), "", NOW, NOW + 1
    ),
}


@pytest.mark.parametrize("text", BOUNDS)
def test_revert_given_time_or_name_out_of_bounds(text: str) -> None:
    """Bad input is one sentence."""
    ca = authority()
    with pytest.raises(BadInput, match=text):
        BOUNDS[text](ca, ALICE.request(ca))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "a" * 65),
        ("name", "a\nb"),
        ("chain_id", 0),
        ("account", "0x12"),
        ("account", ALICE.account.address.lower()),
        ("feeder", -1),
        ("feeder", 2**16),
        ("message_key", bytes(33)),
    ],
)
def test_revert_given_malformed_verifier(field: str, value: object) -> None:
    """A certificate holds nothing that the chain could not hold."""
    good = Verifier("Alice", CHAIN, ALICE.account.address, 7, ALICE.node.message.public_key)
    with pytest.raises(BadInput):
        replace(good, **{field: value})


def test_revert_given_two_accounts_in_one_certificate() -> None:
    """Z-1: a second account, or a second form of the same content, has nowhere to hide."""
    good = Verifier("Alice", CHAIN, ALICE.account.address, 7, ALICE.node.message.public_key)
    names, binding = good.to_extensions()
    assert isinstance(binding, x509.UnrecognizedExtension)
    other = x509.UniformResourceIdentifier(f"did:pkh:eip155:{CHAIN}:{MALLORY.account.address}")

    def read(*values: x509.ExtensionType) -> Verifier:
        extensions = [x509.Extension(value.oid, False, value) for value in values]
        return Verifier.read(good.to_subject(), x509.Extensions(extensions))

    assert read(names, binding) == good
    for values in (
        (x509.SubjectAlternativeName([*names, other]), binding),
        (x509.SubjectAlternativeName([*names, x509.DNSName("example.org")]), binding),
        (names, x509.UnrecognizedExtension(VERIFIER_OID, binding.value + b"\0")),
        (names,),
        (x509.SubjectAlternativeName([x509.UniformResourceIdentifier("urn:eip155:1:0x12")]), binding),
    ):
        with pytest.raises(BadInput):
            read(*values)


def test_keys_are_not_shown() -> None:
    """A repr of a node's keys holds the public key only."""
    root = SecretKey.from_int(5)
    shown = repr(NodeKeys(root))
    assert shown == f"<NodeKeys with message key 0x{NodeKeys(root).message.public_key.hex()}>"
    assert NodeKeys(root).message.reveal().hex() not in shown
