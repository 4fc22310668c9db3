"""Receipt keys on both curves (N-3)."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from eth_account import Account
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_trading.crypto._signatures import (
    P256_N,
    canonical_signature,
    check_signer,
    compact,
    verify_signature,
)
from energy_trading.crypto.keys import SECP256K1_N, SecretKey
from energy_trading.errors import BadInput
from energy_trading.meter.signers import P256Meter, Secp256k1Meter

VERIFIER = "0x" + "7a" * 20
DIGESTS = [keccak(bytes([i])) for i in range(16)]


def p256(scalar: int = 5) -> P256Meter:
    return P256Meter(ec.derive_private_key(scalar, ec.SECP256R1()), VERIFIER)


def test_secp256k1_signer_is_the_address():
    """N-3: a secp256k1 meter is known by its 20-byte address; eth-account recovers it from the signature."""
    key = SecretKey.from_int(7)
    meter = Secp256k1Meter(key)
    assert meter.signer == bytes.fromhex(key.address[2:])
    for digest in DIGESTS:
        signature = meter.sign(digest)
        s = int.from_bytes(signature[32:], "big")
        full = signature[:32] + (s & 2**255 - 1).to_bytes(32, "big") + bytes([27 + (s >> 255)])
        assert len(signature) == 64
        assert Account._recover_hash(digest, signature=full) == key.address
    assert {meter.sign(digest)[32] >> 7 for digest in DIGESTS} == {0, 1}, "both parities were tried"


def test_p256_signer_is_verifier_and_point():
    """N-3: a P-256 meter is known by verifier ‖ x ‖ y (here of 5·G) and signs with s in the lower half."""
    meter = p256()
    assert meter.signer.hex() == (
        "7a" * 20
        + "51590b7a515140d2d784c85608668fdfef8c82fd1f5be52421554a0dc3d033ed"
        + "e0c17da8904a727d8ae1bf36bf8a79260d012f00d4d80888d1d0bb44fda16da4"
    )
    for digest in DIGESTS:
        signature = meter.sign(digest)
        assert int.from_bytes(signature[32:], "big") <= P256_N // 2
        assert verify_signature(meter.signer, digest, signature)
        assert meter.sign(digest) == signature, "no random source is needed"


@pytest.mark.parametrize("meter", [Secp256k1Meter(SecretKey.from_int(7)), p256()], ids=["k1", "r1"])
def test_signature_is_bound_to_signer_and_digest(meter: Secp256k1Meter | P256Meter):
    """N-8: no other key, digest, length or value passes as a meter's signature."""
    signature = meter.sign(DIGESTS[0])
    assert verify_signature(meter.signer, DIGESTS[0], signature)
    assert not verify_signature(meter.signer, DIGESTS[1], signature)
    assert not verify_signature(Secp256k1Meter(SecretKey.from_int(8)).signer, DIGESTS[0], signature)
    assert not verify_signature(p256(6).signer, DIGESTS[0], signature)
    assert not verify_signature(meter.signer, DIGESTS[0], signature + b"\0")
    assert not verify_signature(meter.signer, DIGESTS[0], bytes(64))


def test_upper_half_is_refused():
    """N-8: the mirrored signature n - s, which both curves' bare equations accept, is refused."""
    k1, r1 = Secp256k1Meter(SecretKey.from_int(7)), p256()
    r, s = r1.sign(DIGESTS[0])[:32], int.from_bytes(r1.sign(DIGESTS[0])[32:], "big")
    assert not verify_signature(r1.signer, DIGESTS[0], r + (P256_N - s).to_bytes(32, "big"))
    full = SecretKey.from_int(7).sign_digest(DIGESTS[0])
    mirrored = SECP256K1_N - int.from_bytes(full[32:64], "big")
    with pytest.raises(
        BadInput, match=r"^s of the signature is in the upper half; it must be in the lower half$"
    ):
        compact(full[:32] + mirrored.to_bytes(32, "big") + full[64:])
    assert k1.sign(DIGESTS[0]) == compact(full)


def written(signature: bytes, order: int) -> dict[str, bytes]:
    """Return one signature in every form that libraries and secure elements write, s low and high.

    Args:
        signature: r ‖ s with s in the lower half and no parity in it.
        order: of the curve.
    """
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    forms = {}
    for half, scalar in (("low", s), ("high", order - s)):
        raw = r.to_bytes(32, "big") + scalar.to_bytes(32, "big")
        forms |= {f"{half} raw": raw, f"{half} der": encode_dss_signature(r, scalar)}
        forms |= {f"{half} v{v}": raw + bytes([v]) for v in (0, 1, 27, 28)}
    return forms


@pytest.mark.parametrize("digest", DIGESTS, ids=lambda digest: digest.hex()[:6])
def test_every_form_becomes_the_one_that_counts(digest: bytes):
    """N-3: s in either half, 64 or 65 bytes or DER, on both curves, give the same 64 bytes, which verify."""
    k1, r1 = Secp256k1Meter(SecretKey.from_int(7)), p256()
    bare = bytearray(k1.sign(digest))
    bare[32] &= 0x7F  # without the parity
    for meter, signature, order in ((k1, bytes(bare), SECP256K1_N), (r1, r1.sign(digest), P256_N)):
        for name, form in {**written(signature, order), "own": meter.sign(digest)}.items():
            assert canonical_signature(meter.signer, digest, form) == meter.sign(digest), name


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80))
def test_nothing_else_becomes_a_signature(noise: bytes):
    """N-8: no bytes that the key did not sign are turned into a signature of it, and none crash."""
    signature = p256().sign(DIGESTS[0])
    for meter in (Secp256k1Meter(SecretKey.from_int(7)), p256()):
        assert canonical_signature(meter.signer, DIGESTS[0], noise) is None
        assert canonical_signature(meter.signer, DIGESTS[1], signature) is None
        assert canonical_signature(meter.signer, DIGESTS[0], meter.sign(DIGESTS[0])[:63]) is None


def test_compact_vectors():
    """N-3: the two examples of EIP-2098."""
    r = "68a020a209d3d56c46f38cc50a33f704f4a9a10a59377f8dd762ac66910e9b90"
    s = "7e865ad05c4035ab5792787d4a0297a43617ae897930a6fe4d822b8faea52064"
    assert compact(bytes.fromhex(r + s + "1b")).hex() == r + s
    r = "9328da16089fcba9bececa81663203989f2df5fe1faa6291a45381c81bd17f76"
    s = "139c6d6b623b42da56557e5e734a43dc83345ddfadec52cbe24d0cc64f550793"
    packed = "939c6d6b623b42da56557e5e734a43dc83345ddfadec52cbe24d0cc64f550793"
    assert compact(bytes.fromhex(r + s + "1c")).hex() == r + packed


def test_revert_given_dishonest_signer():
    """N-6: a one-time key may not name a verifier of its own, which could accept every signature."""
    check_signer(p256().signer, VERIFIER)
    check_signer(Secp256k1Meter(SecretKey.from_int(7)).signer)
    with pytest.raises(
        BadInput,
        match=rf"^the signer names the verifier {VERIFIER}; no contract verifies P-256 signatures here$",
    ):
        check_signer(p256().signer)
    with pytest.raises(
        BadInput, match=r"^the signer names the verifier 0x(66){20}; only 0x(7a){20} verifies P-256 "
    ):
        check_signer(b"\x66" * 20 + p256().signer[20:], VERIFIER)
    with pytest.raises(BadInput, match=r"names no point of the curve$"):
        check_signer(p256().signer[:-1] + b"\0", VERIFIER)
    with pytest.raises(BadInput, match=r"^the signer is the zero address; it must be the address of a key$"):
        check_signer(bytes(20))
    with pytest.raises(
        BadInput, match=r"^the signer must have 20 bytes \(secp256k1\) or 84 \(P-256\), not 21$"
    ):
        check_signer(bytes(21))


def test_revert_given_wrong_key():
    """N-3: another curve, no address, no digest are named."""
    with pytest.raises(BadInput, match=r"^a P-256 meter key must be on secp256r1, not on secp256k1$"):
        P256Meter(ec.derive_private_key(5, ec.SECP256K1()), VERIFIER)
    with pytest.raises(BadInput, match=r"^the P-256 verifier must be a 20-byte address in hex, not '0x12'$"):
        P256Meter(ec.derive_private_key(5, ec.SECP256R1()), "0x12")
    with pytest.raises(BadInput, match=r"^the digest must have 32 bytes, not 31$"):
        p256().sign(bytes(31))


def test_secret_is_not_shown():
    """House rule: no repr tells a secret."""
    secret = 0xDEADBEEF1234567890ABCDEF
    meters = (Secp256k1Meter(SecretKey.from_int(secret)), p256(secret))
    assert "deadbeef" not in f"{meters[0]!r} {meters[1]!r} {vars(meters[1])}".lower()
