"""One-time receipt keys: they are derived from a seed, and each is taken for one trade and never again."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from energy_trading.crypto.keys import SECP256K1_N, SecretKey
from energy_trading.errors import BadInput, RuleBroken
from energy_trading.files.journal import Journaled
from energy_trading.meter.signers import Secp256k1Meter
from energy_trading.types import Domain

MIN_SEED_BYTES: Final = 32


class KeysUsedUp(RuleBroken):
    """Every one-time key of the epoch has been taken; more keys come with the root of the next epoch."""


class OneTimeKey(Secp256k1Meter):
    """A receipt key for one trade, with its place in the meter's list.

    Args:
        key: the secret key.
        epoch: number of the root that holds the key.
        index: the key's place in the meter's list of that epoch, from 0.

    Source:
        N-6.
    """

    def __init__(self, key: SecretKey, epoch: int, index: int) -> None:
        super().__init__(key)
        self.epoch = epoch
        self.index = index


class OneTimeKeys(Journaled):
    """A meter's one-time keys of all epochs.

    Key i of an epoch is HKDF-SHA256(seed, salt = domain separator, info = label ‖ epoch ‖ i) mod n-1, plus 1;
    48 bytes are drawn so that the remainder is uniform to 2**-128. The journal stores how many keys were
    taken, not the seed. A seed belongs to one journal only: with a second one, keys would be taken twice.

    Args:
        seed: 32 or more random bytes, secret.
        domain: the MeterRegistry's (`key_root.registry_domain`); the keys of two registries are unrelated.
        journal: file that remembers which keys were taken; None for simulations.

    Raises:
        BadInput: the seed is too short. (The error does not repeat the seed.)
        JournalLocked, JournalCorrupt: see `Journal`.

    Source:
        N-6; RFC 5869; FIPS 186-5 §A.2.1 (extra random bits).
    """

    def __init__(self, seed: bytes, domain: Domain, journal: Path | None = None) -> None:
        if len(seed) < MIN_SEED_BYTES:
            raise BadInput(f"the seed must have at least {MIN_SEED_BYTES} bytes, not {len(seed)}")
        super().__init__(journal)
        self._seed = seed
        self._domain = domain
        self._counts: dict[int, int] = {}
        self._taken: dict[int, int] = {}
        self._restore(self._journal.replay(), "a fact is not one of one-time keys")

    def open_epoch(self, epoch: int, count: int) -> list[bytes]:
        """Fix how many keys the meter has in an epoch. Repeating the call returns the same list.

        Args:
            epoch: number of the root, below 2**64.
            count: number of keys in the list, 1 or more.

        Returns:
            The ERC-7913 signers of the keys, 20 bytes each: the list that other meters vouch for.

        Raises:
            BadInput: a number is out of range, or the epoch was opened with another count.
        """
        if not 0 <= epoch < 2**64:
            raise BadInput(f"the epoch must be between 0 and 2**64-1, not {epoch}")
        if not 0 < count < 2**32:
            raise BadInput(f"the number of keys must be between 1 and 2**32-1, not {count}")
        known = self._counts.get(epoch)
        if known is None:
            self._record({"epoch": epoch, "count": count})
        elif known != count:
            raise BadInput(f"epoch {epoch} was opened with {known} keys and cannot be opened with {count}")
        return [self._derive(epoch, index).signer for index in range(count)]

    def salt(self, epoch: int) -> bytes:
        """Return the 32 secret bytes that hide the keys in the commitment to the epoch's list."""
        return self._expand(b"key list salt", epoch, 0)[:32]

    def take(self, epoch: int) -> OneTimeKey:
        """Return the epoch's next key. It is recorded as taken before it is returned.

        Raises:
            BadInput: the epoch was not opened.
            KeysUsedUp: all keys of the epoch have been taken.
        """
        count = self._counts.get(epoch)
        if count is None:
            raise BadInput(f"epoch {epoch} was not opened; the opened ones are {sorted(self._counts)}")
        index = self._taken.get(epoch, 0)
        if index >= count:
            raise KeysUsedUp(f"all {count} one-time keys of epoch {epoch} have been taken")
        self._record({"epoch": epoch, "taken": index})
        return self._derive(epoch, index)

    def taken(self, epoch: int, index: int) -> OneTimeKey:
        """Return a key that was taken before, so that it can sign the receipt of its trade.

        Raises:
            BadInput: the key was not taken.
        """
        limit = self._taken.get(epoch, 0)
        if not 0 <= index < limit:
            raise BadInput(f"one-time key {index} of epoch {epoch} was not taken; {limit} keys were")
        return self._derive(epoch, index)

    def __repr__(self) -> str:
        return f"<OneTimeKeys of {len(self._counts)} epochs>"

    def _apply(self, fact: dict[str, int]) -> None:
        epoch = fact["epoch"]
        if "count" in fact:
            self._counts[epoch] = fact["count"]
        elif fact["taken"] != self._taken.get(epoch, 0) or epoch not in self._counts:
            raise ValueError("one-time keys are taken in order")
        else:
            self._taken[epoch] = fact["taken"] + 1

    def _derive(self, epoch: int, index: int) -> OneTimeKey:
        scalar = int.from_bytes(self._expand(b"one-time receipt key", epoch, index), "big")
        return OneTimeKey(SecretKey.from_int(scalar % (SECP256K1_N - 1) + 1), epoch, index)

    def _expand(self, label: bytes, epoch: int, index: int) -> bytes:
        info = label + epoch.to_bytes(8, "big") + index.to_bytes(4, "big")
        return HKDF(algorithm=SHA256(), length=48, salt=self._domain.separator(), info=info).derive(
            self._seed
        )
