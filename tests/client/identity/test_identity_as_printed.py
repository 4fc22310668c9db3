"""The key issue as the paper prints it, and the attack on it."""

from __future__ import annotations

import pytest

from energy_trading.crypto.ecies import DecryptionFailed
from energy_trading.crypto.keys import SECP256K1_N, SecretKey
from energy_trading.identity import _as_printed as as_printed
from energy_trading.identity import issue_as_printed, trace_as_printed
from tests.client.identity_actors import ALICE, BOB

MASTER, DSO_KEY = SecretKey.generate(), SecretKey.generate()


def test_user_who_learns_alpha_recovers_the_master_key() -> None:
    """C-2, errata: s = priK · hash(ID‖α)^-1 mod n, from one user's own data; then anybody's key follows."""
    alice = issue_as_printed(MASTER, ALICE, DSO_KEY.public_key)
    bob = issue_as_printed(MASTER, BOB, DSO_KEY.public_key)
    inverse = pow(as_printed.identity_hash(ALICE, alice.identity_ciphertext), -1, SECP256K1_N)
    stolen = int.from_bytes(alice.secret_key.reveal(), "big") * inverse % SECP256K1_N
    assert SecretKey.from_int(stolen) == MASTER
    forged = stolen * as_printed.identity_hash(BOB, bob.identity_ciphertext) % SECP256K1_N
    assert SecretKey.from_int(forged) == bob.secret_key


def test_withheld_alpha_stays_out_of_reprs() -> None:
    """C-2, errata: α is withheld from the user, so no repr shows it."""
    issued = issue_as_printed(MASTER, ALICE, DSO_KEY.public_key)
    assert repr(issued) == f"PrintedIssue(secret_key=<SecretKey of {issued.secret_key.address}>)"


def test_dso_traces_with_the_public_master_key() -> None:
    """C-10 as printed: DSO opens α, and pubK = hash(ID‖α)·PK_PKG confirms whose key it is (eqs 4–5)."""
    issued = issue_as_printed(MASTER, ALICE, DSO_KEY.public_key)
    public_key, alpha = issued.secret_key.public_key, issued.identity_ciphertext
    assert trace_as_printed(DSO_KEY, MASTER.public_key, public_key, alpha) == ALICE
    other = issue_as_printed(MASTER, ALICE, DSO_KEY.public_key)
    assert trace_as_printed(DSO_KEY, MASTER.public_key, other.secret_key.public_key, alpha) is None


def test_revert_given_another_dso() -> None:
    """C-2: only the DSO whose key sealed α opens it."""
    issued = issue_as_printed(MASTER, ALICE, DSO_KEY.public_key)
    with pytest.raises(DecryptionFailed):
        trace_as_printed(MASTER, MASTER.public_key, issued.secret_key.public_key, issued.identity_ciphertext)
