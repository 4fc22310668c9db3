"""A private conversation about one lot, once the handshake is done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from energy_trading.errors import BadInput
from energy_trading.files.json import check_object, from_hex, to_hex
from energy_trading.identity.certificate import Certificate
from energy_trading.session.content import Content, PriceProposal, decode, encode, pad, unpad
from energy_trading.session.lot import Lot
from energy_trading.session.ratchet import Ratchet
from energy_trading.session.wire import PREFIX_SIZE, Kind, prefix

_KEYS = {
    "lot",
    "account",
    "peerAccount",
    "peerCertificate",
    "sessionId",
    "transcript",
    "isInitiator",
    "ratchet",
}


def context_of(transcript: bytes, head: bytes, from_initiator: bool) -> bytes:
    """Return what a sealed message is bound to: the handshake, its own head and its direction.

    Args:
        transcript: 32 bytes.
        head: version ‖ kind ‖ session id.
        from_initiator: who sends.
    """
    return transcript + head + (b"\1" if from_initiator else b"\0")


@dataclass(eq=False)
class Session:
    """One party's end. Made by a handshake, or read from a `SessionFile`; for one thread at a time.

    Args:
        lot: that is negotiated.
        account: own, EIP-55.
        peer_account: proved by the peer's certificate and signature.
        peer_certificate: as proved; whether the ledger has banned the account is for the ledger to say.
        session_id: 16 bytes, public.
        transcript: 32 bytes, hash of all that the handshake bound together.
        is_initiator: whether this side said hello.
        ratchet: the keys.

    Source:
        Chen §IV.E (C-6).
    """

    lot: Lot
    account: str
    peer_account: str
    peer_certificate: Certificate
    session_id: bytes
    transcript: bytes = field(repr=False)
    is_initiator: bool
    ratchet: Ratchet = field(repr=False)

    def seal(self, content: Content) -> bytes:
        """Encrypt a record for the peer.

        Args:
            content: to be said.

        Returns:
            An opaque message, whose length tells the bucket only.

        Raises:
            BadInput: the record is too long or about another lot.
        """
        self._check_lot(content)
        head = prefix(Kind.MESSAGE, self.session_id)
        plaintext = pad(encode(content))
        return head + self.ratchet.seal(plaintext, context_of(self.transcript, head, self.is_initiator))

    def open(self, data: bytes) -> Content:
        """Decrypt a message of the peer; each opens once, in any order.

        Args:
            data: as received.

        Raises:
            MessageRefused: forged, changed, reflected, repeated or of another session; nothing has changed.
            UnknownContent: the peer said something this version does not know.
            BadInput: the peer said something malformed, or about another lot.
        """
        # Safe: the head is part of what the message is bound to, so it need not be looked at.
        context = context_of(self.transcript, data[:PREFIX_SIZE], not self.is_initiator)
        content = decode(unpad(self.ratchet.open(data[PREFIX_SIZE:], context)))
        self._check_lot(content)
        return content

    def to_json(self) -> dict[str, Any]:
        """Return the whole state, with its keys, for `json.dumps`; keep it encrypted."""
        return {
            "lot": self.lot.to_json(),
            "account": self.account,
            "peerAccount": self.peer_account,
            "peerCertificate": to_hex(self.peer_certificate.to_bytes()),
            "sessionId": to_hex(self.session_id),
            "transcript": to_hex(self.transcript),
            "isInitiator": self.is_initiator,
            "ratchet": self.ratchet.to_json(),
        }

    @classmethod
    def from_json(cls, value: Any) -> Session:
        """Continue from the object of `to_json`, which must not have been used since.

        Raises:
            BadInput: a field is missing or malformed.
        """
        fields = check_object(value, "session", _KEYS)
        return cls(
            Lot.from_json(fields["lot"]),
            fields["account"],
            fields["peerAccount"],
            Certificate.from_bytes(from_hex(fields["peerCertificate"], "peerCertificate")),
            from_hex(fields["sessionId"], "sessionId"),
            from_hex(fields["transcript"], "transcript"),
            fields["isInitiator"],
            Ratchet.from_json(fields["ratchet"]),
        )

    def _check_lot(self, content: Content) -> None:
        if isinstance(content, PriceProposal) and content.lot != self.lot.lot_id:
            raise BadInput(
                f"price proposal: given lot {content.lot}, allowed this session's {self.lot.lot_id}"
            )
