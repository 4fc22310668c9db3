"""Chen's equations 6–7 as printed: they agree, and they authenticate nobody."""

from __future__ import annotations

from hashlib import sha256

import pytest

from energy_trading.crypto._curve import GENERATOR, multiply
from energy_trading.crypto.ecies import DecryptionFailed
from energy_trading.crypto.keys import SECP256K1_N, SecretKey
from energy_trading.session import hello_as_printed, session_key_as_printed


def pair() -> tuple[SecretKey, SecretKey]:
    """Draw κ and γ."""
    return SecretKey.generate(), SecretKey.generate()


def test_both_sides_are_equal() -> None:
    """C-5: K_A,B = K_B,A (eqs 6 and 7), and other keys or secrets give another one."""
    (alice, gamma_a), (bob, gamma_b) = pair(), pair()
    to_bob = hello_as_printed(alice, gamma_a, bob.public_key)
    to_alice = hello_as_printed(bob, gamma_b, alice.public_key)
    key = session_key_as_printed(alice, gamma_a, to_alice)
    assert key == session_key_as_printed(bob, gamma_b, to_bob)
    assert len(key) == 32
    assert key != session_key_as_printed(alice, gamma_b, to_alice)
    with pytest.raises(DecryptionFailed):
        session_key_as_printed(SecretKey.generate(), gamma_a, to_alice)


def test_equation_is_the_printed_one() -> None:
    """C-5: Hash(κ_A · pubK_B ‖ γ_A · γ_B) with small numbers, computed by hand."""
    alice, bob = SecretKey.from_int(2), SecretKey.from_int(3)
    gamma_a, gamma_b = SecretKey.from_int(5), SecretKey.from_int(7)
    to_alice = hello_as_printed(bob, gamma_b, alice.public_key)
    expected = sha256(multiply(6, GENERATOR) + (35).to_bytes(32, "big")).digest()
    assert session_key_as_printed(alice, gamma_a, to_alice) == expected
    last = SecretKey.from_int(SECP256K1_N - 1)
    to_alice = hello_as_printed(bob, last, alice.public_key)
    expected = sha256(multiply(6, GENERATOR) + (1).to_bytes(32, "big")).digest()
    assert session_key_as_printed(alice, last, to_alice) == expected


def test_a_man_in_the_middle_is_not_noticed() -> None:
    """C-5, errata: hash(C) vouches for nothing: Mallory makes her own and has a key with each side."""
    (alice, gamma_a), (bob, gamma_b), (mallory, gamma_m) = pair(), pair(), pair()
    believed_by_alice = believed_by_bob = mallory.public_key
    from_alice = hello_as_printed(alice, gamma_a, believed_by_alice)
    from_bob = hello_as_printed(bob, gamma_b, believed_by_bob)
    with_alice = session_key_as_printed(mallory, gamma_m, from_alice)
    with_bob = session_key_as_printed(mallory, gamma_m, from_bob)
    to_alice = hello_as_printed(mallory, gamma_m, alice.public_key)
    to_bob = hello_as_printed(mallory, gamma_m, bob.public_key)
    assert session_key_as_printed(alice, gamma_a, to_alice) == with_alice
    assert session_key_as_printed(bob, gamma_b, to_bob) == with_bob
    assert with_alice != with_bob


def test_a_hello_can_be_replayed() -> None:
    """C-5, errata: an old hello is accepted again; nothing shows Bob that Alice does not send it now."""
    (alice, gamma_a), (bob, gamma_b) = pair(), pair()
    old = hello_as_printed(alice, gamma_a, bob.public_key)
    assert session_key_as_printed(bob, gamma_b, old) == session_key_as_printed(bob, gamma_b, old)


def test_nothing_shows_a_secret() -> None:
    """C-5: the repr of a hello shows the public key only."""
    key, gamma = pair()
    hello = hello_as_printed(key, gamma, key.public_key)
    assert repr(hello) == f"PrintedHello(public_key={key.public_key!r})"
