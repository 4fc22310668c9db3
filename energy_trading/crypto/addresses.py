"""The second address of a key pair; the first, txAddr, is `curve.address_of`."""

from __future__ import annotations

from eth_utils.crypto import keccak

from energy_trading.crypto.keys import SecretKey


def message_address(secret_key: SecretKey) -> bytes:
    """Return msgAddr = hash(pubK ‖ priK), 32 bytes that only the owner of the key can compute.

    Source:
        Chen eq 2 (C-3), with keccak256 over 33 + 32 bytes.
    """
    return keccak(secret_key.public_key + secret_key.reveal())
