"""A request, and the answer and attestation of PKG (private key generator), as JSON to be sent."""

from __future__ import annotations

from typing import Any

from eth_utils.address import is_address, to_checksum_address

from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.files._json import check_object, check_text, from_hex, read_integer, to_hex
from energy_trading.identity.certificate import Certificate
from energy_trading.identity.enrolment import Answer, EnrolmentRequest
from energy_trading.identity.identity_ciphertext import Disclosure, canonical_identity
from energy_trading.types import AccountAttestation, Role


def role_of(name: str) -> Role:
    """Read the name of a role.

    Raises:
        BadInput: there is no such role.
    """
    roles = {word.lower(): role for word, role in Role.__members__.items()}
    if name not in roles:
        raise BadInput(f"the role must be one of {', '.join(roles)}, not {name!r}")
    return roles[name]


def request_to_json(request: EnrolmentRequest) -> dict[str, Any]:
    """Return an object for `json.dumps`. It names the person, so send it to PKG only."""
    return {
        "identity": request.identity,
        "role": (request.roles.name or "").lower(),
        "point": to_hex(request.point),
    }


def request_from_json(value: Any) -> EnrolmentRequest:
    """Read the object of `request_to_json`.

    Raises:
        BadInput: a field is missing or malformed. The text does not repeat the identity.
    """
    fields = check_object(value, "request", {"identity", "role", "point"})
    identity = canonical_identity(check_text(fields["identity"], "identity"))
    role = role_of(check_text(fields["role"], "role"))
    return EnrolmentRequest(identity, role, from_hex(fields["point"], "point"))


def answer_to_json(answer: Answer) -> dict[str, Any]:
    """Return an object for `json.dumps`. Whoever reads it knows the person, so send it to the person only."""
    return {
        "certificate": to_hex(answer.certificate.to_bytes()),
        "contribution": to_hex(answer.contribution.to_bytes(32, "big")),
        "identity": answer.disclosure.identity,
        "ephemeral": to_hex(answer.disclosure.ephemeral.reveal()),
    }


def answer_from_json(value: Any) -> Answer:
    """Read the object of `answer_to_json`, which `Enrolment.finish` checks.

    Raises:
        BadInput: a field is missing or malformed. The text repeats no secret.
    """
    fields = check_object(value, "answer", {"certificate", "contribution", "identity", "ephemeral"})
    certificate = Certificate.from_bytes(from_hex(fields["certificate"], "certificate"))
    identity = canonical_identity(check_text(fields["identity"], "identity"))
    disclosure = Disclosure(identity, SecretKey(from_hex(fields["ephemeral"], "ephemeral", 32)))
    contribution = int.from_bytes(from_hex(fields["contribution"], "contribution", 32), "big")
    return Answer(certificate, contribution, disclosure)


def attestation_to_json(
    word: AccountAttestation, signature: bytes, account_signature: bytes = b""
) -> dict[str, Any]:
    """Return an object for `json.dumps`. It is public once it is on the chain.

    Args:
        word: the attestation.
        signature: PKG's.
        account_signature: the account's consent; empty: not given yet.
    """
    return {
        "account": word.account,
        "roles": word.roles,
        "certificateHash": to_hex(word.certificate_hash),
        "identityCiphertext": to_hex(word.identity_ciphertext),
        "deadline": word.deadline,
        "signature": to_hex(signature),
        "accountSignature": to_hex(account_signature),
    }


def attestation_from_json(value: Any) -> tuple[AccountAttestation, bytes, bytes]:
    """Read the object of `attestation_to_json` as the EnergyLedger takes it; the ledger checks it.

    Returns:
        The attestation, PKG's signature, and the account's, which is empty if it has not consented yet.

    Raises:
        BadInput: a field is missing or malformed.
    """
    names = {"account", "roles", "certificateHash", "identityCiphertext", "deadline"}
    names |= {"signature", "accountSignature"}
    fields = check_object(value, "attestation", names)
    if not is_address(fields["account"]):
        raise BadInput(f"the account must be an address, not {fields['account']!r}")
    attestation = AccountAttestation(
        to_checksum_address(fields["account"]),
        read_integer(fields["roles"], "roles", most=3),
        from_hex(fields["certificateHash"], "certificateHash", 32),
        from_hex(fields["identityCiphertext"], "identityCiphertext"),
        read_integer(fields["deadline"], "deadline"),
    )
    signature = from_hex(fields["signature"], "signature")
    return attestation, signature, from_hex(fields["accountSignature"], "accountSignature")
