"""Energy in the open and hidden (N-5)."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from energy_trading.errors import BadInput
from energy_trading.types import PLAIN_ENERGY_LIMIT, Energy

SALT = b"\x5a" * 32


@pytest.mark.parametrize("wh", [0, 1, 1_000, PLAIN_ENERGY_LIMIT - 1])
def test_plain_energy_is_the_quantity(wh: int) -> None:
    """The 32 bytes are the number, and the number can be read back."""
    energy = Energy.plain(wh)
    assert energy == energy.raw == wh.to_bytes(32, "big")
    assert energy.is_plain
    assert energy.wh == wh
    assert Energy.of(wh, None) == energy
    assert repr(energy) == f"Energy.plain({wh})"


def test_hidden_energy_is_the_commitment_of_the_contract() -> None:
    """keccak256(abi.encode(wh, salt)), which names no quantity."""
    energy = Energy.hidden(1_000, SALT)
    assert energy == keccak(encode(["uint256", "bytes32"], [1_000, SALT])) == Energy.of(1_000, SALT)
    assert not energy.is_plain
    with pytest.raises(BadInput, match=r"is hidden: only its commitment is known$"):
        _ = energy.wh
    assert repr(energy) == f"Energy(0x{energy.hex()})"


def test_limit_is_where_commitments_begin() -> None:
    """Below 2**64 a field is a quantity; from there on it is a commitment."""
    assert not Energy(PLAIN_ENERGY_LIMIT.to_bytes(32, "big")).is_plain


@pytest.mark.parametrize("wh", [-1, PLAIN_ENERGY_LIMIT])
def test_refused_given_no_such_quantity(wh: int) -> None:
    """A quantity is a uint64."""
    with pytest.raises(BadInput, match=r"must be between 0 and 2\*\*64-1 Wh"):
        Energy.plain(wh)
    with pytest.raises(BadInput, match=r"must be between 0 and 2\*\*64-1 Wh"):
        Energy.hidden(wh, SALT)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_refused_given_another_length(size: int) -> None:
    """A field and a salt have 32 bytes; the salt is not repeated in the text."""
    with pytest.raises(BadInput, match=f"must have 32 bytes, not {size}$"):
        Energy(b"\x07" * size)
    with pytest.raises(BadInput) as refused:
        Energy.hidden(1, b"\x07" * size)
    assert str(refused.value) == f"a salt must have 32 bytes, not {size}"
