"""α: the identity, encrypted to PKG (private key generator) and DSO (distribution system operator) together.

Neither of the two can read it alone.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import Final

from energy_trading.crypto import _dleq as dleq
from energy_trading.crypto import ecies
from energy_trading.crypto._curve import GENERATOR
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput, Forged

MAX_IDENTITY_BYTES: Final = 63
_PADDED: Final = MAX_IDENTITY_BYTES + 1
_BOX_SIZE: Final = ecies.OVERHEAD + _PADDED
IDENTITY_CIPHERTEXT_SIZE: Final = _BOX_SIZE + dleq.PROOF_SIZE


class IdentityCiphertextRefused(Forged):
    """α was not made for this certificate and these trace keys by someone who knew its ephemeral key."""

    def __init__(self) -> None:
        super().__init__("the identity ciphertext was made for another certificate or for other trace keys")


@dataclass(frozen=True)
class Disclosure:
    """What a person needs in order to show, alone, which identity is behind their α.

    Args:
        identity: as `canonical_identity` writes it.
        ephemeral: α's ephemeral key. Whoever has it can open this one α.
    """

    identity: str = field(repr=False)
    ephemeral: SecretKey = field(repr=False)


def canonical_identity(identity: str) -> str:
    """Return the canonical spelling of an identity: NFKC, single spaces, no space around it.

    Args:
        identity: real identity, such as a register number.

    Returns:
        1 … 63 bytes of UTF-8.

    Raises:
        BadInput: the identity is empty, too long or not printable. The text does not repeat it.
    """
    spelled = " ".join(unicodedata.normalize("NFKC", identity).split())
    if not spelled.isprintable():
        raise BadInput("the identity must have printable characters only")
    if not 0 < (size := len(spelled.encode())) <= MAX_IDENTITY_BYTES:
        raise BadInput(
            f"the identity must have between 1 and {MAX_IDENTITY_BYTES} bytes of UTF-8, not {size}"
        )
    return spelled


def seal(disclosure: Disclosure, trace_key: bytes, head: bytes) -> bytes:
    """Make α = encrypt(ID) for one certificate.

    Args:
        disclosure: canonical identity, and a fresh ephemeral key that is never used for two ciphertexts.
        trace_key: PK_PKG_trace + PK_DSO_trace, 33 bytes.
        head: the certificate's bytes before α.

    Returns:
        `ecies` box of the padded identity (113 bytes) ‖ proof that its maker knew the ephemeral key
        (64 bytes). Without that proof one could put a stranger's point
        into a certificate of one's own, have that one opened, and so read the stranger's identity.

    Raises:
        BadInput: the trace key is not a point of the curve.

    Source:
        Chen eq 3 (C-2, C-10), under a key that is shared 2-of-2.
    """
    box = _box(disclosure, trace_key, head)
    return box + dleq.prove(disclosure.ephemeral, GENERATOR, trace_key + head + box).to_bytes()


def check_sealed(ciphertext: bytes, trace_key: bytes, head: bytes) -> None:
    """Check that α belongs to a certificate, which must be done before anyone opens it.

    Args:
        ciphertext: α, 177 bytes.
        trace_key: 33 bytes.
        head: the certificate's bytes before α.

    Raises:
        BadInput: α is malformed.
        IdentityCiphertextRefused: α belongs to another certificate.

    Source:
        C-10; the idea of Shoup and Gennaro's TDH (EUROCRYPT '98): check before opening.
    """
    box, proof = ciphertext[:_BOX_SIZE], dleq.DleqProof.from_bytes(ciphertext[_BOX_SIZE:])
    point = ecies.ephemeral_point(box)
    if not dleq.verify(proof, point, GENERATOR, point, trace_key + head + box):
        raise IdentityCiphertextRefused


def matches(disclosure: Disclosure, ciphertext: bytes, trace_key: bytes, head: bytes) -> bool:
    """Return whether α seals the disclosed identity.

    Args:
        disclosure: identity and ephemeral key.
        ciphertext: α, 177 bytes.
        trace_key: 33 bytes.
        head: the certificate's bytes before α.

    Source:
        C-2: the person checks what PKG put into the certificate.
    """
    return ciphertext[:_BOX_SIZE] == _box(disclosure, trace_key, head)


def read(shared: bytes, ciphertext: bytes, head: bytes) -> str:
    """Read the identity in α with the sum of both partial openings.

    Args:
        shared: S_PKG + S_DSO, 33 bytes.
        ciphertext: α, 177 bytes.
        head: the certificate's bytes before α.

    Raises:
        DecryptionFailed: the sum does not belong to this α.
        BadInput: α holds no canonical identity.

    Source:
        C-10.
    """
    padded = ecies.decrypt_with_shared_point(shared, ciphertext[:_BOX_SIZE], head)
    size = padded[0]
    try:
        identity = padded[1 : 1 + size].decode()
        canonical = size <= MAX_IDENTITY_BYTES and canonical_identity(identity) == identity
    except ValueError:
        canonical = False
    if not canonical or any(padded[1 + size :]):
        raise BadInput("the identity ciphertext holds no canonical identity, so PKG did not make it")
    return identity


def _box(disclosure: Disclosure, trace_key: bytes, head: bytes) -> bytes:
    identity = disclosure.identity.encode()
    padded = (bytes([len(identity)]) + identity).ljust(_PADDED, b"\0")
    return ecies.encrypt(trace_key, padded, head, disclosure.ephemeral)


def ephemeral_point(ciphertext: bytes) -> bytes:
    """Return R of α, which is the base of the partial openings, 33 bytes.

    Raises:
        BadInput: α is malformed.
    """
    return ecies.ephemeral_point(ciphertext[:_BOX_SIZE])
