"""Certificates, identities and addresses as byte strings."""

from __future__ import annotations

import pytest
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_trading.crypto._curve import GENERATOR, address_of
from energy_trading.crypto.addresses import message_address
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.identity import Certificate, CertificateExpired, CertificateHead, Role, canonical_identity
from tests.client.identity_actors import ALICE, FROM, UNTIL, authorities, enrol

ALPHA = bytes(range(177))
CERTIFICATE = Certificate(CertificateHead(Role.PRODUCER, FROM, UNTIL, GENERATOR), ALPHA)


@settings(max_examples=50)
@given(st.sampled_from([Role.PRODUCER, Role.CONSUMER, Role.PROSUMER]), st.integers(0, 2**64 - 2), st.data())
def test_certificate_has_one_encoding(roles: Role, valid_from: int, data: st.DataObject) -> None:
    """C-2: reading and writing are inverse, and the size is constant."""
    valid_until = data.draw(st.integers(valid_from + 1, 2**64 - 1))
    certificate = Certificate(CertificateHead(roles, valid_from, valid_until, GENERATOR), ALPHA)
    encoded = certificate.to_bytes()
    assert len(encoded) == 228
    assert Certificate.from_bytes(encoded) == certificate


def test_encoding_is_the_documented_one() -> None:
    """C-2: version ‖ roles ‖ from ‖ until ‖ point ‖ α, and its keccak256 is certificateHash."""
    encoded = b"\1\1" + FROM.to_bytes(8, "big") + UNTIL.to_bytes(8, "big") + GENERATOR + ALPHA
    assert CERTIFICATE.to_bytes() == encoded
    assert CERTIFICATE.hash == keccak(encoded)


@pytest.mark.parametrize(
    ("place", "value", "text"),
    [
        (0, b"\0", "the certificate version must be 1, not 0"),
        (0, b"\2", "the certificate version must be 1, not 2"),
        (1, b"\0", "roles must be 1 (producer), 2 (consumer) or 3 (prosumer), not 0"),
        (1, b"\4", "roles must be 1 (producer), 2 (consumer) or 3 (prosumer), not 4"),
        (
            2,
            UNTIL.to_bytes(8, "big"),
            f"the validity must be 0 <= from < until < 2**64, not {UNTIL} to {UNTIL}",
        ),
        (
            18,
            bytes(33),
            f"a point must be 33 bytes that begin with 02 or 03, not 0x{'00' * 33}",
        ),
        (18, b"\2" + bytes(32), f"0x02{'00' * 32} is not a point of secp256k1"),
    ],
)
def test_revert_given_field_out_of_range(place: int, value: bytes, text: str) -> None:
    """C-2: parsing refuses what the writer never writes."""
    encoded = CERTIFICATE.to_bytes()
    with pytest.raises(BadInput) as error:
        Certificate.from_bytes(encoded[:place] + value + encoded[place + len(value) :])
    assert str(error.value) == text


@pytest.mark.parametrize("size", [0, 227, 229])
def test_revert_given_another_length(size: int) -> None:
    """C-2: a byte too few or too many is not a certificate."""
    with pytest.raises(BadInput) as error:
        Certificate.from_bytes(CERTIFICATE.to_bytes().ljust(size, b"\0")[:size])
    assert str(error.value) == f"the certificate must have 228 bytes, not {size}"


def test_validity_is_half_open() -> None:
    """C-2: valid while from <= time < until."""
    CERTIFICATE.head.check_valid(FROM)
    CERTIFICATE.head.check_valid(UNTIL - 1)
    for at in (FROM - 1, UNTIL):
        with pytest.raises(CertificateExpired) as error:
            CERTIFICATE.head.check_valid(at)
        assert (error.value.at, error.value.valid_from, error.value.valid_until) == (at, FROM, UNTIL)
        assert (
            str(error.value)
            == f"the certificate is valid for {FROM} <= time < {UNTIL}, not at {at} (unix seconds)"
        )


def test_any_changed_byte_is_another_account() -> None:
    """C-2: the certificate cannot be altered for an account (ECQV hashes all of it)."""
    pkg, _ = authorities()
    member = enrol(pkg, ALICE)
    encoded = member.certificate.to_bytes()
    refused = 0
    for place in range(len(encoded)):
        changed = bytearray(encoded)
        changed[place] ^= 1
        try:
            account = Certificate.from_bytes(bytes(changed)).account(pkg.parameters.issue_key)
        except BadInput:
            refused += 1
            continue
        assert account != member.account
    assert refused < 60


@pytest.mark.parametrize(
    ("text", "spelled"),
    [("  Ada   Lovelace ", "Ada Lovelace"), ("ﬁ", "fi"), ("e\u0301", "é"), ("a\u00a0b\tc", "a b c")],
)
def test_identity_has_one_spelling(text: str, spelled: str) -> None:
    """C-2, errata: a ban cannot be dodged by spacing or by another Unicode form."""
    assert canonical_identity(text) == spelled


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the identity must have between 1 and 63 bytes of UTF-8, not 0"),
        ("   ", "the identity must have between 1 and 63 bytes of UTF-8, not 0"),
        ("é" * 32, "the identity must have between 1 and 63 bytes of UTF-8, not 64"),
        ("a\u200bb", "the identity must have printable characters only"),
        ("a\0b", "the identity must have printable characters only"),
        ("\ud800", "the identity must have printable characters only"),
    ],
)
def test_revert_given_identity_without_spelling(text: str, message: str) -> None:
    """C-2: empty, long and invisible identities are refused, and not repeated in the text."""
    with pytest.raises(BadInput) as error:
        canonical_identity(text)
    assert str(error.value) == message


def test_addresses_are_the_equations() -> None:
    """C-3: txAddr = hash(pubK) is the account; msgAddr = hash(pubK ‖ priK) is another 32 bytes (eqs 1–2)."""
    key = SecretKey.from_int(1)
    assert address_of(key.public_key) == key.address == "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
    assert message_address(key) == keccak(GENERATOR + (1).to_bytes(32, "big"))
    assert message_address(key) != message_address(SecretKey.from_int(2))
