"""The two addresses of a key pair."""

from __future__ import annotations

from eth_utils.crypto import keccak

from energy_trading.crypto.curve import address_of
from energy_trading.crypto.keys import SecretKey


def tx_address(public_key: bytes) -> str:
    """Return txAddr = hash(pubK), which on Ethereum is the address of the account.

    Args:
        public_key: 33 bytes.

    Raises:
        BadInput: the key is not a point of the curve.

    Source:
        Chen eq 1 (C-3).
    """
    return address_of(public_key)


def message_address(secret_key: SecretKey) -> bytes:
    """Return msgAddr = hash(pubK ‖ priK), 32 bytes that only the owner of the key can compute.

    Source:
        Chen eq 2 (C-3), with keccak256 over 33 + 32 bytes.
    """
    return keccak(secret_key.public_key + secret_key.reveal())
