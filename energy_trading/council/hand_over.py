"""The records of a hand-over of an identity: the old member's, and the receipts of the new ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eth_utils.crypto import keccak

from energy_trading.council.home_identity import IdentityBox
from energy_trading.council.verifier_set import VerifierSet
from energy_trading.crypto._curve import address_of
from energy_trading.crypto._signatures import compact, is_signed_by
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import Forged, TryAgain
from energy_trading.files._json import (
    canonical_json,
    check_address,
    check_object,
    from_hex,
    read_integer,
    to_hex,
)


class HandOverRefused(Forged):
    """A record of a hand-over, or a receipt for one, is not what it claims to be.

    Args:
        field: what is wrong.
    """

    def __init__(self, field: str) -> None:
        super().__init__(f"the hand-over of the identity is refused: its {field} is wrong")
        self.field = field


class TooFewReceipts(TryAgain):
    """Too few members of the new set have confirmed that they can read the identity.

    Args:
        given: number of receipts of different members.
        needed: quorum of the new set.
    """

    def __init__(self, given: int, needed: int) -> None:
        super().__init__(f"{needed} members of the new set must confirm a hand-over first; {given} have")
        self.given = given
        self.needed = needed


@dataclass(frozen=True)
class HandOver:
    """Who handed which identity from which set to which, and when. It holds nothing of the identity.

    Args:
        home: EIP-55 address of the home's account.
        old_verifiers: digest of the set that had it.
        new_verifiers: digest of the set that gets it.
        old_box: hash of the box that was opened.
        new_box: hash of the box that was sealed.
        member: EIP-55 account of the member of the old set.
        at: unix seconds.
        signature: by the member's message key, compact.
    """

    home: str
    old_verifiers: bytes
    new_verifiers: bytes
    old_box: bytes
    new_box: bytes
    member: str
    at: int
    signature: bytes

    @classmethod
    def make(
        cls, box: IdentityBox, old: VerifierSet, new: VerifierSet, member: str, key: SecretKey, at: int
    ) -> tuple[IdentityBox, HandOver]:
        """Encrypt an identity anew, from the old set to the new one.

        Args:
            box: encrypted to the old set.
            old: the set until now.
            new: the set from now on, of the same council and of a higher version.
            member: EIP-55 account of a member of the old set.
            key: its message key.
            at: unix seconds.

        Returns:
            The box for the new set, and the signed record.

        Raises:
            HandOverRefused: the new set does not follow the old one.
            IdentityForged, DecryptionFailed, NotInSet, WrongSet: see `IdentityBox.open`.

        Source:
            Z-3.
        """
        _check_follows(old, new)
        anew = IdentityBox.seal(box.open(old, member, key), new)
        fields = (box.home, old.digest, new.digest, box.hash, anew.hash, member, at)
        return anew, cls(*fields, compact(key.sign_digest(cls(*fields, b"").digest)))

    @property
    def digest(self) -> bytes:
        """What the member signs."""
        return _digest("hand-over", {**self.to_json(), "signature": ""})

    def check(self, old: VerifierSet, new: VerifierSet, at: int) -> None:
        """Check that a member of the old set handed over to the new one.

        Args:
            old: the set until now.
            new: the set from now on.
            at: unix seconds, now.

        Raises:
            HandOverRefused: a field is wrong; the error names the first one.
            NotInSet: the member is not of the old set.
        """
        _check_follows(old, new)
        for field, holds in {
            "old set": self.old_verifiers == old.digest,
            "new set": self.new_verifiers == new.digest,
            "time": self.at <= at,
            "signature": _signed(old.key_of(self.member), self.digest, self.signature),
        }.items():
            if not holds:
                raise HandOverRefused(field)

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`."""
        return {
            "home": self.home,
            "oldVerifiers": to_hex(self.old_verifiers),
            "newVerifiers": to_hex(self.new_verifiers),
            "oldBox": to_hex(self.old_box),
            "newBox": to_hex(self.new_box),
            "member": self.member,
            "at": self.at,
            "signature": to_hex(self.signature),
        }

    @classmethod
    def from_json(cls, value: Any) -> HandOver:
        """Read the object of `to_json`; only `check` shows whether it is genuine.

        Raises:
            BadInput: a field is malformed.
        """
        hashes = {"oldVerifiers", "newVerifiers", "oldBox", "newBox"}
        fields = check_object(value, "hand-over", {"home", *hashes, "member", "at", "signature"})
        return cls(
            check_address(fields["home"], "home"),
            from_hex(fields["oldVerifiers"], "oldVerifiers", 32),
            from_hex(fields["newVerifiers"], "newVerifiers", 32),
            from_hex(fields["oldBox"], "oldBox", 32),
            from_hex(fields["newBox"], "newBox", 32),
            check_address(fields["member"], "member"),
            read_integer(fields["at"], "at"),
            from_hex(fields["signature"], "signature", 64),
        )


@dataclass(frozen=True)
class HandOverReceipt:
    """A member of the new set states that it can read the identity that was handed over.

    Args:
        hand_over: digest of the record.
        member: EIP-55 account.
        at: unix seconds.
        signature: by the member's message key, compact.
    """

    hand_over: bytes
    member: str
    at: int
    signature: bytes

    @classmethod
    def make(
        cls,
        record: HandOver,
        box: IdentityBox,
        old: VerifierSet,
        new: VerifierSet,
        member: str,
        key: SecretKey,
        at: int,
    ) -> HandOverReceipt:
        """Confirm a hand-over after checking it and reading the identity.

        Args:
            record: from the member of the old set.
            box: for the new set.
            old: the set until now.
            new: the set from now on.
            member: EIP-55 account of a member of the new set.
            key: its message key.
            at: unix seconds, now.

        Raises:
            HandOverRefused: record or box is not what it claims to be.
            NotInSet: a member is not of its set.
            IdentityForged, DecryptionFailed, WrongSet: see `IdentityBox.open`.

        Source:
            Z-3.
        """
        record.check(old, new, at)
        if (box.hash, box.home) != (record.new_box, record.home):
            raise HandOverRefused("box")
        box.open(new, member, key)
        unsigned = cls(record.digest, member, at, b"")
        return cls(record.digest, member, at, compact(key.sign_digest(unsigned.digest)))

    @property
    def digest(self) -> bytes:
        """What the member signs."""
        return _digest("receipt", {**self.to_json(), "signature": ""})

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`."""
        return {
            "handOver": to_hex(self.hand_over),
            "member": self.member,
            "at": self.at,
            "signature": to_hex(self.signature),
        }

    @classmethod
    def from_json(cls, value: Any) -> HandOverReceipt:
        """Read the object of `to_json`; only `check_receipts` shows whether it is genuine.

        Raises:
            BadInput: a field is malformed.
        """
        fields = check_object(value, "receipt", {"handOver", "member", "at", "signature"})
        return cls(
            from_hex(fields["handOver"], "handOver", 32),
            check_address(fields["member"], "member"),
            read_integer(fields["at"], "at"),
            from_hex(fields["signature"], "signature", 64),
        )


def check_receipts(record: HandOver, receipts: Sequence[HandOverReceipt], new: VerifierSet) -> None:
    """Check that a quorum of the new set can read an identity, so that the old set may erase it.

    Args:
        record: of the hand-over, checked.
        receipts: of members of the new set; one that repeats a member counts once.
        new: the set from now on.

    Raises:
        HandOverRefused: a receipt is forged, or for another hand-over.
        NotInSet: a receipt is from an account outside the set.
        TooFewReceipts: there is no quorum.
    """
    for receipt in receipts:
        if receipt.hand_over != record.digest:
            raise HandOverRefused("receipt")
        if not _signed(new.key_of(receipt.member), receipt.digest, receipt.signature):
            raise HandOverRefused("receipt's signature")
    members = {receipt.member for receipt in receipts}
    if len(members) < new.quorum:
        raise TooFewReceipts(len(members), new.quorum)


def _check_follows(old: VerifierSet, new: VerifierSet) -> None:
    if (new.chain_id, new.council) != (old.chain_id, old.council) or new.version <= old.version:
        raise HandOverRefused("new set")


def _digest(kind: str, content: dict[str, Any]) -> bytes:
    return keccak(f"energy-trading/{kind}/1/".encode() + canonical_json(content))


def _signed(key: bytes, digest: bytes, signature: bytes) -> bool:
    return is_signed_by(address_of(key), digest, signature)
