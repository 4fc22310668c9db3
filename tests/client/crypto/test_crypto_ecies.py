"""ECIES."""

from __future__ import annotations

from contextlib import suppress

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_trading.crypto import ecies
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput

DSO = SecretKey.generate()


@settings(max_examples=30)
@given(st.binary(max_size=100), st.binary(max_size=20))
def test_box_opens_with_key_and_context(plaintext: bytes, context: bytes) -> None:
    """C-2: decrypt(encrypt(M)) = M, and the box is longer by the stated overhead only."""
    box = ecies.encrypt(DSO.public_key, plaintext, context)
    assert len(box) == len(plaintext) + ecies.OVERHEAD
    assert ecies.decrypt(DSO, box, context) == plaintext


def test_box_opens_with_an_independent_implementation() -> None:
    """C-2: OpenSSL's ECDH, HKDF and AES-GCM open a box by the documented construction."""
    box = ecies.encrypt(DSO.public_key, b"meter 7", b"context")
    secret = ec.derive_private_key(int.from_bytes(DSO.reveal(), "big"), ec.SECP256K1())
    x = secret.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256K1(), box[:33]))
    info = b"energy-trading/ecies/1" + box[:33]
    # ECDH gives x only; the sign of y is tried.
    opened = []
    for sign in (b"\2", b"\3"):
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(sign + x)
        with suppress(InvalidTag):
            opened.append(AESGCM(key).decrypt(bytes(12), box[33:], box[:33] + b"context"))
    assert opened == [b"meter 7"]


def test_two_boxes_of_one_text_differ() -> None:
    """C-2: every box has its own ephemeral key, so equal texts are not recognised."""
    first, second = (ecies.encrypt(DSO.public_key, b"ID", b"") for _ in range(2))
    assert first[:33] != second[:33]
    assert first[33:] != second[33:]


def test_revert_given_any_changed_byte() -> None:
    """C-2: ephemeral point, ciphertext and tag are all authenticated."""
    box = ecies.encrypt(DSO.public_key, b"identity", b"")
    for place in range(len(box)):
        changed = bytearray(box)
        changed[place] ^= 1
        with pytest.raises((ecies.DecryptionFailed, BadInput)) as error:
            ecies.decrypt(DSO, bytes(changed), b"")
        if place >= 33 or place == 0:
            assert error.type is ecies.DecryptionFailed


def test_revert_given_wrong_key() -> None:
    """C-2: only the addressed key opens a box; the error repeats nothing of it."""
    box = ecies.encrypt(DSO.public_key, b"identity", b"")
    with pytest.raises(ecies.DecryptionFailed) as error:
        ecies.decrypt(SecretKey.generate(), box, b"")
    assert str(error.value) == "the box does not open: it was made for another key or context, or was changed"


def test_revert_given_another_context() -> None:
    """C-2: a box cannot be moved to another place."""
    box = ecies.encrypt(DSO.public_key, b"identity", b"here")
    with pytest.raises(ecies.DecryptionFailed):
        ecies.decrypt(DSO, box, b"there")


def test_revert_given_short_box() -> None:
    """C-2: a box without a whole tag is refused before any key is used."""
    with pytest.raises(BadInput) as error:
        ecies.decrypt(DSO, bytes(48), b"")
    assert str(error.value) == "the box must have 49 bytes or more, not 48"


def test_revert_given_recipient_at_infinity() -> None:
    """C-2: nothing is encrypted to a key that is no point."""
    with pytest.raises(BadInput) as error:
        ecies.encrypt(bytes(33), b"identity", b"")
    assert str(error.value) == f"a point must be 33 bytes that begin with 02 or 03, not 0x{'00' * 33}"
