"""A request, PKG's answer and its attestation as JSON, for the way between people."""

from __future__ import annotations

from typing import Any

from eth_utils.address import is_address, to_checksum_address

from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.files.json import check_object, from_hex, to_hex
from energy_trading.identity.certificate import Certificate
from energy_trading.identity.enrolment import Answer, EnrolmentRequest
from energy_trading.identity.identity_ciphertext import Disclosure, canonical_identity
from energy_trading.identity.pkg import Attestation
from energy_trading.types import AccountAttestation, Role


def role_of(name: str) -> Role:
    """Read a role's name.

    Raises:
        BadInput: it is none.
    """
    roles = {word.lower(): role for word, role in Role.__members__.items()}
    if name not in roles:
        raise BadInput(f"role: given {name!r}, allowed {', '.join(roles)}")
    return roles[name]


def request_to_json(request: EnrolmentRequest) -> dict[str, Any]:
    """Return an object for `json.dumps`; it names the person, so it goes to PKG only."""
    return {
        "identity": request.identity,
        "role": (request.roles.name or "").lower(),
        "point": to_hex(request.point),
    }


def request_from_json(value: Any) -> EnrolmentRequest:
    """Read the object of `request_to_json`.

    Raises:
        BadInput: a field is missing or malformed (the identity is not repeated).
    """
    fields = check_object(value, "request", {"identity", "role", "point"})
    identity = canonical_identity(_text(fields["identity"], "identity"))
    return EnrolmentRequest(
        identity, role_of(_text(fields["role"], "role")), from_hex(fields["point"], "point")
    )


def answer_to_json(answer: Answer) -> dict[str, Any]:
    """Return an object for `json.dumps`; whoever has it knows the person, so it goes to them only."""
    return {
        "certificate": to_hex(answer.certificate.to_bytes()),
        "contribution": to_hex(answer.contribution.to_bytes(32, "big")),
        "identity": answer.disclosure.identity,
        "ephemeral": to_hex(answer.disclosure.ephemeral.reveal()),
    }


def answer_from_json(value: Any) -> Answer:
    """Read the object of `answer_to_json`; `Enrolment.finish` is what checks it.

    Raises:
        BadInput: a field is missing or malformed (no secret is repeated).
    """
    fields = check_object(value, "answer", {"certificate", "contribution", "identity", "ephemeral"})
    certificate = Certificate.from_bytes(from_hex(fields["certificate"], "certificate"))
    identity = canonical_identity(_text(fields["identity"], "identity"))
    disclosure = Disclosure(identity, SecretKey(_secret(fields["ephemeral"], "ephemeral")))
    contribution = int.from_bytes(_secret(fields["contribution"], "contribution"), "big")
    return Answer(certificate, contribution, disclosure)


def attestation_to_json(word: Attestation) -> dict[str, Any]:
    """Return an object for `json.dumps`; it is public once it is on the chain."""
    return {
        "account": word.account,
        "roles": word.roles,
        "certificateHash": to_hex(word.certificate_hash),
        "identityCiphertext": to_hex(word.identity_ciphertext),
        "deadline": word.deadline,
        "signature": to_hex(word.signature),
    }


def attestation_from_json(value: Any) -> tuple[AccountAttestation, bytes]:
    """Read the object of `attestation_to_json` as what the EnergyLedger takes; the ledger checks it.

    Returns:
        Attestation and PKG's signature.

    Raises:
        BadInput: a field is missing or malformed.
    """
    names = {"account", "roles", "certificateHash", "identityCiphertext", "deadline", "signature"}
    fields = check_object(value, "attestation", names)
    if not is_address(fields["account"]):
        raise BadInput(f"account: given {fields['account']!r}, allowed an address")
    for name, end in (("roles", 4), ("deadline", 2**64)):
        if type(fields[name]) is not int or not 0 <= fields[name] < end:
            raise BadInput(f"{name}: given {fields[name]!r}, allowed an integer of 0 … {end - 1}")
    certificate_hash = from_hex(fields["certificateHash"], "certificateHash")
    if len(certificate_hash) != 32:
        raise BadInput(f"certificateHash: given {len(certificate_hash)} bytes, allowed 32")
    attestation = AccountAttestation(
        to_checksum_address(fields["account"]),
        fields["roles"],
        certificate_hash,
        from_hex(fields["identityCiphertext"], "identityCiphertext"),
        fields["deadline"],
    )
    return attestation, from_hex(fields["signature"], "signature")


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise BadInput(f"{name}: given a JSON {type(value).__name__}, allowed a text")
    return value


def _secret(value: Any, name: str) -> bytes:
    try:
        secret = from_hex(value, name)
    except BadInput:
        # Not chained: the cause repeats the value.
        raise BadInput(f"{name}: given no hex (it is not repeated here), allowed 0x and 64 digits") from None
    if len(secret) != 32:
        raise BadInput(f"{name}: given {len(secret)} bytes, allowed 32")
    return secret
