"""The second address of a key pair; the first, txAddr, is `curve.address_of`."""

from __future__ import annotations

from eth_utils.crypto import keccak

from energy_trading.crypto._curve import address_of
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput


def message_address(secret_key: SecretKey) -> bytes:
    """Return msgAddr = hash(pubK ‖ priK), 32 bytes that only the owner of the key can compute.

    Source:
        Chen eq 2 (C-3), with keccak256 over 33 + 32 bytes.
    """
    return keccak(secret_key.public_key + secret_key.reveal())


def is_key_of(account: str, public_key: bytes) -> bool:
    """Return whether an account is that of a public key; bytes that are no key are nobody's.

    Source:
        Chen eq 1 (C-3).
    """
    try:
        return address_of(public_key) == account
    except BadInput:
        return False
