"""Messages between verifiers, signed by a member of the set, as JSON for any transport."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from eth_utils.crypto import keccak

from energy_trading.council.home_identity import WrongSet
from energy_trading.council.verifier_set import VerifierSet
from energy_trading.crypto._curve import address_of
from energy_trading.crypto._signatures import compact, is_signed_by
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput, Forged, TryAgain
from energy_trading.files._json import (
    canonical_json,
    check_address,
    check_object,
    check_text,
    exact,
    from_hex,
    read_integer,
    to_hex,
)

MAX_BODY: Final = 1 << 20
_KIND: Final = re.compile("[a-z][a-z0-9-]{0,31}")


class EnvelopeForged(Forged):
    """A message is not signed by the member that it names.

    Args:
        sender: EIP-55 address of that member.
    """

    def __init__(self, sender: str) -> None:
        super().__init__(f"a message names {sender} as its sender, who did not sign it")
        self.sender = sender


class SignedTwice(Forged):
    """A member has signed two different messages of one kind under one number.

    Args:
        first: that was received first.
        second: that contradicts it. The two together prove the fault to everybody.
    """

    def __init__(self, first: Envelope, second: Envelope) -> None:
        super().__init__(
            f"{first.sender} has signed two different messages of kind {first.kind} for {first.number}"
        )
        self.first = first
        self.second = second


class InboxFull(TryAgain):
    """A member has sent as many messages as are kept of it.

    Args:
        sender: EIP-55 address of that member.
        limit: number of messages.
    """

    def __init__(self, sender: str, limit: int) -> None:
        super().__init__(f"{limit} messages of {sender} are kept already; forget old ones first")
        self.sender = sender
        self.limit = limit


@dataclass(frozen=True)
class Envelope:
    """A message of a member to its verifier set.

    Args:
        verifiers: digest of the set.
        sender: EIP-55 account of the member.
        kind: what the message is, in lower-case letters, digits and hyphens.
        number: what it is about: a turn or a slot. A member signs one message of a kind for each number.
        body: JSON object without fractions; integers beyond 2**53 - 1 are text.
        signature: by the member's message key, compact.

    Raises:
        BadInput: the kind or the body is malformed, or the body has more than 2**20 bytes.
    """

    verifiers: bytes
    sender: str
    kind: str
    number: int
    body: dict[str, Any]
    signature: bytes

    def __post_init__(self) -> None:
        if not _KIND.fullmatch(self.kind):
            raise BadInput("the kind of a message must be 1 to 32 lower-case letters, digits and hyphens")
        _check_plain(self.body)
        text = canonical_json(self.body)
        if len(text) > MAX_BODY or canonical_json(exact(self.body)) != text:
            raise BadInput(
                f"the body of a message must have {MAX_BODY} bytes or fewer, and large integers as text"
            )

    @classmethod
    def sign(
        cls, verifiers: VerifierSet, sender: str, key: SecretKey, kind: str, number: int, body: dict[str, Any]
    ) -> Envelope:
        """Sign a message to the members of a set.

        Args:
            verifiers: the set, of which the sender is a member.
            sender: EIP-55 account.
            key: its message key.
            kind: what the message is.
            number: turn or slot.
            body: JSON object.

        Raises:
            BadInput: see `Envelope`.
            NotInSet: the sender is no member.
        """
        verifiers.key_of(sender)
        unsigned = cls(verifiers.digest, sender, kind, number, body, b"")
        return cls(verifiers.digest, sender, kind, number, body, compact(key.sign_digest(unsigned.digest)))

    @property
    def digest(self) -> bytes:
        """What the sender signs."""
        content = [to_hex(self.verifiers), self.sender, self.kind, self.number, self.body]
        return keccak(b"energy-trading/council message/1/" + canonical_json(content))

    def check(self, verifiers: VerifierSet) -> None:
        """Check that a member of the set signed it for this set.

        Raises:
            WrongSet: it is for another set.
            NotInSet: the sender is no member.
            EnvelopeForged: somebody else signed it.
        """
        if self.verifiers != verifiers.digest:
            raise WrongSet(verifiers.version)
        if not is_signed_by(address_of(verifiers.key_of(self.sender)), self.digest, self.signature):
            raise EnvelopeForged(self.sender)

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`."""
        return {
            "verifiers": to_hex(self.verifiers),
            "sender": self.sender,
            "kind": self.kind,
            "number": self.number,
            "body": self.body,
            "signature": to_hex(self.signature),
        }

    @classmethod
    def from_json(cls, value: Any) -> Envelope:
        """Read the object of `to_json`; only `check` shows whether it is genuine.

        Raises:
            BadInput: a field is malformed.
        """
        keys = {"verifiers", "sender", "kind", "number", "body", "signature"}
        fields = check_object(value, "message", keys)
        return cls(
            from_hex(fields["verifiers"], "verifiers", 32),
            check_address(fields["sender"], "sender"),
            check_text(fields["kind"], "kind"),
            read_integer(fields["number"], "number"),
            fields["body"],
            from_hex(fields["signature"], "signature", 64),
        )


class Inbox:
    """What a verifier has received from the members of one set: each message once, and no contradiction.

    Args:
        verifiers: the set.
        limit: number of messages that are kept of each member.
    """

    def __init__(self, verifiers: VerifierSet, limit: int = 4096) -> None:
        self.verifiers = verifiers
        self._limit = limit
        self._least = 0
        self._kept: dict[str, dict[tuple[str, int], Envelope]] = {
            account: {} for account, _ in verifiers.members
        }

    def receive(self, envelope: Envelope) -> bool:
        """Take a message in.

        Returns:
            Whether it is new; a repetition, and one about a number that was forgotten, are not.

        Raises:
            WrongSet, NotInSet, EnvelopeForged: see `Envelope.check`.
            SignedTwice: the sender has signed another one of this kind for this number. The first one stays.
            InboxFull: so many messages of the sender are kept.

        Source:
            Z-2, condition 2: no other block of the same leader at T_i.
        """
        envelope.check(self.verifiers)
        if envelope.number < self._least:
            return False
        kept = self._kept[envelope.sender]
        place = envelope.kind, envelope.number
        first = kept.get(place)
        if first is None:
            if len(kept) >= self._limit:
                raise InboxFull(envelope.sender, self._limit)
            kept[place] = envelope
            return True
        # The digest, not the signature: a key can sign the same message in many ways.
        if first.digest != envelope.digest:
            raise SignedTwice(first, envelope)
        return False

    def messages(self, kind: str, number: int) -> list[Envelope]:
        """Return the messages of one kind about one number, sorted by sender."""
        found = (kept.get((kind, number)) for _, kept in sorted(self._kept.items()))
        return [envelope for envelope in found if envelope is not None]

    def forget(self, below: int) -> None:
        """Drop every message about a number below this one, and take no such message in any more."""
        self._least = max(self._least, below)
        for kept in self._kept.values():
            for place in [place for place in kept if place[1] < self._least]:
                del kept[place]


def _check_plain(value: Any) -> None:
    """Refuse what other languages write differently: fractions; and what is no JSON object."""
    if not isinstance(value, dict):
        raise BadInput(f"the body of a message must be a JSON object, not {type(value).__name__}")
    items = [value]
    for item in items:
        if isinstance(item, dict):
            if not all(isinstance(key, str) for key in item):
                raise BadInput("the keys of a message's body must be texts")
            items += item.values()
        elif isinstance(item, list):
            items += item
        elif item is not None and type(item) not in (str, int, bool):
            raise BadInput(f"the body of a message cannot hold a {type(item).__name__}")
