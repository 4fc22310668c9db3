"""The forms of signatures, and the keys behind them."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from eth_account import Account
from eth_utils.crypto import keccak

from energy_trading.crypto._signatures import (
    P256_N,
    compact,
    recover_address,
    recover_public_key,
    sign_p256,
    verify_signature,
)
from energy_trading.crypto.keys import SECP256K1_N, SecretKey
from energy_trading.errors import BadInput

KEY = SecretKey.from_int(7)
DIGESTS = [keccak(bytes([i])) for i in range(16)]


def mirrored(signature: bytes) -> bytes:
    """Return the other signature that the bare equations accept: n - s, and the other parity."""
    s = SECP256K1_N - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + bytes([55 - signature[64]])


@pytest.mark.parametrize("digest", DIGESTS)
def test_every_form_names_the_signer(digest: bytes) -> None:
    """Yellow paper, EIP-2098: 65 bytes, 64 bytes and s in either half; eth-account agrees."""
    full = KEY.sign_digest(digest)
    for signature in (full, compact(full), mirrored(full)):
        assert recover_public_key(digest, signature) == KEY.public_key
        assert recover_address(digest, signature) == KEY.address
    assert Account._recover_hash(digest, signature=full) == KEY.address


def test_no_form_of_nothing_names_a_signer() -> None:
    """Another digest names another key; what no key can have signed names none."""
    full = KEY.sign_digest(DIGESTS[0])
    assert recover_address(DIGESTS[1], full) not in (None, KEY.address)
    for signature in (
        b"",
        full[:63],
        full + b"\0",
        bytes(64),
        bytes(65),
        full[:64] + b"\0",
        full[:64] + b"\x1d",
        b"\xff" * 64 + b"\x1b",
    ):
        assert recover_public_key(DIGESTS[0], signature) is None
        assert recover_address(DIGESTS[0], signature) is None
    assert recover_public_key(bytes(31), full) is None


def test_upper_half_recovers_but_does_not_verify() -> None:
    """N-8: a meter's signature has one form only, although the chain recovers both."""
    signer = bytes.fromhex(KEY.address[2:])
    full = KEY.sign_digest(DIGESTS[0])
    other = mirrored(full)
    s = int.from_bytes(other[32:64], "big")
    packed = other[:32] + (s % 2**255 | (other[64] - 27) << 255).to_bytes(32, "big")
    assert verify_signature(signer, DIGESTS[0], compact(full))
    assert not verify_signature(signer, DIGESTS[0], packed)
    assert not verify_signature(signer, DIGESTS[0], full)


@pytest.mark.parametrize(
    ("signature", "text"),
    [
        (bytes(64), "the signature must have 65 bytes, not 64"),
        (bytes(65), "v of the signature must be 27 or 28, not 0"),
        (mirrored(KEY.sign_digest(DIGESTS[0])), "s of the signature is in the upper half; it must be in the"),
    ],
)
def test_revert_given_signature_without_compact_form(signature: bytes, text: str) -> None:
    """EIP-2098: what has no compact form is refused, with the reason."""
    with pytest.raises(BadInput) as error:
        compact(signature)
    assert str(error.value).startswith(text)


def test_p256_signature_is_normalised_and_deterministic() -> None:
    """FIPS 186-5: s is in the lower half for every digest, and no random source is needed."""
    key = ec.derive_private_key(5, ec.SECP256R1())
    for digest in DIGESTS:
        signature = sign_p256(key, digest)
        assert 0 < int.from_bytes(signature[32:], "big") <= P256_N // 2
        assert signature == sign_p256(key, digest)
    with pytest.raises(BadInput, match=r"^the digest must have 32 bytes, not 33$"):
        sign_p256(key, bytes(33))
