"""The homes' identities on one verifier's disk: kept while its set is the current one, erased after it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from energy_trading.council.hand_over import HandOver, HandOverReceipt, check_receipts
from energy_trading.council.home_identity import HomeIdentity, IdentityBox
from energy_trading.council.verifier_set import VerifierSet
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.files._json import check_address, parse_json, read_integer
from energy_trading.files.journal import Journal
from energy_trading.files.private_file import erase, read_private, write_private


class IdentityNotHeld(BadInput):
    """This verifier has no identity of the home for the set: it never had it, or has erased it.

    Args:
        home: EIP-55 address.
        version: of the set.
    """

    def __init__(self, home: str, version: int) -> None:
        super().__init__(f"no identity of {home} is held for verifier set {version}")
        self.home = home
        self.version = version


class IdentityStore:
    """A folder with one encrypted file for each home and set, and a journal of what was erased.

    An erasure that a crash cut short is finished when the store is opened again.

    Args:
        folder: that exists, and that nobody else uses.
        member: EIP-55 account of the verifier.
        message_key: of the verifier.

    Raises:
        JournalLocked: another process uses the folder.
        JournalCorrupt: the journal was changed.
    """

    def __init__(self, folder: Path, member: str, message_key: SecretKey) -> None:
        self._folder = folder
        self._member = member
        self._key = message_key
        self._journal = Journal(folder / "erased.jsonl")
        for fact in self._journal.replay():
            try:
                home = check_address(fact["handOver"]["home"], "home")
                erase(self._path(home, read_integer(fact["version"], "version")))
            except (BadInput, KeyError, TypeError) as error:
                self.close()
                raise self._journal.corrupt("a line is not the record of an erasure") from error

    def put(self, box: IdentityBox, verifiers: VerifierSet) -> None:
        """Keep an identity that the home has encrypted to the current set.

        Raises:
            FileExists: there is one of this home for this set.
            WrongSet, NotInSet, DecryptionFailed, IdentityForged: see `IdentityBox.open`.
        """
        box.open(verifiers, self._member, self._key)
        self._write(box, replace=False)

    def read(self, home: str, verifiers: VerifierSet) -> HomeIdentity:
        """Read who a home is.

        Args:
            home: EIP-55 address.
            verifiers: the current set.

        Raises:
            IdentityNotHeld: there is none.
            WrongSet, NotInSet, DecryptionFailed, IdentityForged: see `IdentityBox.open`.
        """
        return self._box(home, verifiers).open(verifiers, self._member, self._key).identity

    def homes(self, verifiers: VerifierSet) -> list[str]:
        """Return the homes whose identities are held for a set, sorted."""
        ending = f"-{verifiers.version}.json"
        return sorted(path.name.removesuffix(ending) for path in self._folder.glob(f"0x*{ending}"))

    def hand_over(
        self, home: str, old: VerifierSet, new: VerifierSet, at: int
    ) -> tuple[IdentityBox, HandOver]:
        """Encrypt an identity to the next set; box and record are for its members.

        Raises:
            IdentityNotHeld: there is none for the old set.
            HandOverRefused: the new set does not follow the old one.
            WrongSet, NotInSet, DecryptionFailed, IdentityForged: see `IdentityBox.open`.
        """
        return HandOver.make(self._box(home, old), old, new, self._member, self._key, at)

    def take_over(
        self, box: IdentityBox, record: HandOver, old: VerifierSet, new: VerifierSet, at: int
    ) -> HandOverReceipt:
        """Keep an identity that the old set hands over, and confirm it.

        A hand-over that is repeated, by the same member or by another one, takes the place of the first.

        Raises:
            HandOverRefused: record or box is not what it claims to be.
            WrongSet, NotInSet, DecryptionFailed, IdentityForged: see `IdentityBox.open`.
        """
        receipt = HandOverReceipt.make(record, box, old, new, self._member, self._key, at)
        # The file comes before the receipt: the old set may erase as soon as it has the receipt.
        self._write(box, replace=True)
        return receipt

    def erase(
        self,
        record: HandOver,
        receipts: Sequence[HandOverReceipt],
        old: VerifierSet,
        new: VerifierSet,
        at: int,
    ) -> None:
        """Erase an identity of the old set after a quorum of the new one has confirmed that it can read it.

        The record and the receipts stay in the journal. What was copied before is not erased.

        Raises:
            HandOverRefused: record or receipt is forged, or for another hand-over.
            NotInSet: one of them is from an account outside its set.
            TooFewReceipts: there is no quorum.
        """
        record.check(old, new, at)
        check_receipts(record, receipts, new)
        # The journal comes first, so that an erasure that is cut short is known and finished.
        self._journal.append(
            {
                "handOver": record.to_json(),
                "receipts": [receipt.to_json() for receipt in receipts],
                "version": old.version,
                "erasedAt": at,
            }
        )
        erase(self._path(record.home, old.version))

    def close(self) -> None:
        """Release the folder."""
        self._journal.close()

    def _box(self, home: str, verifiers: VerifierSet) -> IdentityBox:
        path = self._path(home, verifiers.version)
        try:
            content = read_private(path)
        except FileNotFoundError as error:
            raise IdentityNotHeld(home, verifiers.version) from error
        return IdentityBox.from_json(parse_json(content, f"identity {path}"))

    def _write(self, box: IdentityBox, *, replace: bool) -> None:
        write_private(self._path(box.home, box.version), json.dumps(box.to_json()).encode(), replace=replace)

    def _path(self, home: str, version: int) -> Path:
        return self._folder / f"{home}-{version}.json"
