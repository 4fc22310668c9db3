"""`rules.signers`: the rules take the signatures that the contracts take, and no others (N-3, N-6)."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from eth_utils.conversions import to_bytes

from energy_trading.crypto._signatures import P256_N, compact, sign_p256
from energy_trading.crypto.keys import SECP256K1_N, SecretKey
from energy_trading.rules.signers import Signers, is_p256
from energy_trading.types import ZERO_ADDRESS

KEY, OTHER, DIGEST = SecretKey.from_int(7), SecretKey.from_int(8), b"\x11" * 32
SIGNATURE = KEY.sign_digest(DIGEST)
P256 = ec.derive_private_key(9, ec.SECP256R1())
POINT = P256.public_key().public_numbers()
P256_KEY = POINT.x.to_bytes(32, "big") + POINT.y.to_bytes(32, "big")


def high(signature: bytes) -> bytes:
    """The other signature of the same key: s in the upper half, the parity turned."""
    s = SECP256K1_N - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + bytes([55 - signature[64]])


@pytest.mark.parametrize("signature", [SIGNATURE, compact(SIGNATURE), high(SIGNATURE)])
def test_key_signs_in_every_form(signature: bytes) -> None:
    """64 or 65 bytes, s in either half, for accounts and meters alike (EIP-2098)."""
    signers = Signers()
    assert signers.is_accounts(KEY.address, DIGEST, signature)
    assert signers.is_valid(to_bytes(hexstr=KEY.address), DIGEST, signature)
    assert not signers.is_accounts(OTHER.address, DIGEST, signature)
    assert not signers.is_valid(to_bytes(hexstr=OTHER.address), DIGEST, signature)


@pytest.mark.parametrize("signature", [b"", SIGNATURE[:64] + b"\x00", bytes(65), SIGNATURE + b"\x00"])
def test_nobody_signs_with_anything_else(signature: bytes) -> None:
    """What recovers no key is not even that of the zero address."""
    signers = Signers()
    for address in (KEY.address, ZERO_ADDRESS):
        assert not signers.is_accounts(address, DIGEST, signature)
        assert not signers.is_valid(to_bytes(hexstr=address), DIGEST, signature)


def test_code_judges_where_there_is_code() -> None:
    """An account with code signs by its key or its code, a meter of 20 bytes by its key only (ERC-1271)."""
    signers = Signers(accounts={KEY.address: lambda digest, signature: signature == b"yes"})
    assert signers.is_accounts(KEY.address, DIGEST, b"yes")
    assert signers.is_accounts(KEY.address, DIGEST, SIGNATURE)
    assert not signers.is_accounts(KEY.address, DIGEST, b"no")
    assert not signers.is_valid(to_bytes(hexstr=KEY.address), DIGEST, b"yes")


def test_verifier_judges_its_keys() -> None:
    """A longer signer is a verifier and a key; without the verifier it signs nothing (ERC-7913)."""
    signature = sign_p256(P256, DIGEST)
    signer = to_bytes(hexstr=OTHER.address) + P256_KEY
    assert Signers(verifiers={OTHER.address: is_p256}).is_valid(signer, DIGEST, signature)
    assert not Signers(verifiers={KEY.address: is_p256}).is_valid(signer, DIGEST, signature)
    assert not Signers().is_valid(signer[:19], DIGEST, SIGNATURE)


def test_p256_takes_what_the_contract_takes() -> None:
    """s in the lower half, bytes after the 64th do not count, and a bad key signs nothing (N-3)."""
    signature = sign_p256(P256, DIGEST)
    upper = signature[:32] + (P256_N - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")
    assert is_p256(P256_KEY, DIGEST, signature)
    assert is_p256(P256_KEY, DIGEST, signature + b"\x00")
    assert not is_p256(P256_KEY, DIGEST, upper)
    assert not is_p256(P256_KEY, DIGEST, signature[:63])
    assert not is_p256(P256_KEY[:63], DIGEST, signature)
    assert not is_p256(bytes(64), DIGEST, signature)
