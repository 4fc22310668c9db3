"""Who may trade: PKG (private key generator), DSO (distribution system operator), certificates, tracing."""

from energy_trading.identity._as_printed import PrintedIssue, issue_as_printed, trace_as_printed
from energy_trading.identity.account_x509 import IDENTITY_CIPHERTEXT_OID, X509Refused, verify_x509
from energy_trading.identity.certificate import Certificate, CertificateExpired, CertificateHead
from energy_trading.identity.dso import DSO
from energy_trading.identity.enrolment import (
    Answer,
    AnswerRefused,
    AttestationRefused,
    Enrolment,
    EnrolmentRequest,
    Member,
)
from energy_trading.identity.identity_ciphertext import (
    Disclosure,
    IdentityCiphertextRefused,
    canonical_identity,
)
from energy_trading.identity.opening import (
    Half,
    HalfRefused,
    OpeningRecord,
    TraceRequest,
    combine_halves,
    proofs_of_person,
    read_records,
)
from energy_trading.identity.parameters import Holder, Parameters, RogueKey, TraceShare
from energy_trading.identity.pkg import PKG, Attestation, DisclosureRefused, NotIssued, PersonBanned
from energy_trading.identity.tracing import (
    OpeningRefused,
    PartialOpening,
    TracingProof,
    TracingProofRefused,
)
from energy_trading.types import Role
