"""Hidden energy: the commitment that stands in the terms in place of the quantity (N-5)."""

from __future__ import annotations

from typing import Final

from eth_abi.abi import encode
from eth_utils.crypto import keccak

#: A 32-byte energy field below this is a quantity in Wh; from here on it is a commitment.
PLAIN_ENERGY_LIMIT: Final = 2**64


def energy_commitment(energy_wh: int, salt: bytes) -> bytes:
    """Return keccak256(abi.encode(energyWh, salt)).

    Args:
        energy_wh: quantity in Wh, below 2**64.
        salt: 32 random bytes.

    Source:
        Nazari §III.C (contract hash), N-5.
    """
    return keccak(encode(["uint256", "bytes32"], [energy_wh, salt]))


def is_plain_energy(energy: bytes) -> bool:
    """Return whether the field is a quantity in Wh (and no commitment)."""
    return int.from_bytes(energy, "big") < PLAIN_ENERGY_LIMIT
