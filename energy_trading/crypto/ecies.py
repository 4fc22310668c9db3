"""ECIES (elliptic curve integrated encryption scheme), made of ECDH, HKDF-SHA256 and AES-256-GCM."""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from energy_trading.crypto._curve import POINT_SIZE, check_point
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput, Forged

OVERHEAD: Final = POINT_SIZE + 16
# Safe as a constant: every box has its own ephemeral key, so no AES key is used with the nonce twice.
_NONCE: Final = bytes(12)


class DecryptionFailed(Forged):
    """The box was made with another key or another context, or was changed."""

    def __init__(self) -> None:
        super().__init__("the box does not open: it was made for another key or context, or was changed")


def encrypt(public_key: bytes, plaintext: bytes, context: bytes, ephemeral: SecretKey | None = None) -> bytes:
    """Encrypt to a public key.

    Args:
        public_key: 33 bytes.
        plaintext: any length.
        context: what the box belongs to. It is needed again to open the box and is not carried in it.
        ephemeral: a fresh key, for callers that must prove something about it. Never use it for two boxes.

    Returns:
        ephemeral point ‖ ciphertext ‖ tag, which is `OVERHEAD` bytes longer than the plaintext.

    Raises:
        BadInput: the public key is not a point of the curve.

    Source:
        SEC 1 §5.1 with HKDF (RFC 5869) and AES-GCM (NIST SP 800-38D).
    """
    ephemeral = ephemeral or SecretKey.generate()
    point = ephemeral.public_key
    cipher = _cipher(ephemeral.multiply(check_point(public_key)), point)
    return point + cipher.encrypt(_NONCE, plaintext, point + context)


def decrypt(secret_key: SecretKey, box: bytes, context: bytes) -> bytes:
    """Open a box with the key it was made for.

    Args:
        secret_key: the secret half of the public key that the box was made for.
        box: as returned by `encrypt`.
        context: as given to `encrypt`.

    Raises:
        BadInput: the box is too short, or does not begin with a point.
        DecryptionFailed: the key or the context is wrong, or the box was changed.

    Source:
        SEC 1 §5.1.
    """
    return decrypt_with_shared_point(secret_key.multiply(ephemeral_point(box)), box, context)


def decrypt_with_shared_point(shared: bytes, box: bytes, context: bytes) -> bytes:
    """Open a box with the Diffie–Hellman point itself, for use where no single holder has the key.

    Args:
        shared: secret key · ephemeral point, 33 bytes; here it is the sum of the holders' shares.
        box: as returned by `encrypt`.
        context: as given to `encrypt`.

    Raises:
        BadInput: the box is too short, or does not begin with a point.
        DecryptionFailed: the point or the context is wrong, or the box was changed.

    Source:
        SEC 1 §5.1; the sum is what C-10 needs.
    """
    point = ephemeral_point(box)
    try:
        return _cipher(shared, point).decrypt(_NONCE, box[POINT_SIZE:], point + context)
    except InvalidTag as error:
        raise DecryptionFailed from error


def ephemeral_point(box: bytes) -> bytes:
    """Return the 33-byte ephemeral point of a box.

    Raises:
        BadInput: the box is too short, or does not begin with a point.
    """
    if len(box) < OVERHEAD:
        raise BadInput(f"the box must have {OVERHEAD} bytes or more, not {len(box)}")
    return check_point(box[:POINT_SIZE])


def _cipher(shared: bytes, point: bytes) -> AESGCM:
    info = b"energy-trading/ecies/1" + point
    return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(shared))
