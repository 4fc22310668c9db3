"""A private conversation about one lot, after the handshake."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from energy_trading.errors import BadInput
from energy_trading.files._json import check_object, from_hex, to_hex
from energy_trading.identity.certificate import Certificate
from energy_trading.session._wire import PREFIX_SIZE, MessageKind, prefix
from energy_trading.session.content import Content, PriceProposal, decode, encode, pad, unpad
from energy_trading.session.ratchet import Ratchet
from energy_trading.session.subject import Subject

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
    """Return what a sealed message is bound to: the handshake, the message's own head and its direction.

    Args:
        transcript: 32 bytes.
        head: version ‖ kind ‖ session id.
        from_initiator: whether the initiator sends the message.
    """
    return transcript + head + (b"\1" if from_initiator else b"\0")


@dataclass(eq=False)
class Session:
    """One party's end of a session, for one thread at a time.

    It is made by a handshake, or read from a `SessionFile`.

    Args:
        subject: what the session negotiates about.
        account: this party's account, EIP-55.
        peer_account: the peer's account, proved by its certificate and signature.
        peer_certificate: the certificate that proved it; only the ledger knows whether the account is banned.
        session_id: 16 bytes, public.
        transcript: hash of everything that the handshake bound together, 32 bytes.
        is_initiator: whether this side sent the hello.
        ratchet: the keys.

    Source:
        Chen §IV.E (C-6).
    """

    subject: Subject
    account: str
    peer_account: str
    peer_certificate: Certificate
    session_id: bytes
    transcript: bytes = field(repr=False)
    is_initiator: bool
    ratchet: Ratchet = field(repr=False)

    def seal(self, content: Content) -> bytes:
        """Encrypt a record for the peer.

        Returns:
            An opaque message. Its length reveals only which of the padded sizes the record has.

        Raises:
            BadInput: the record is too long, or is about another lot.
        """
        self._check_lot(content)
        head = prefix(MessageKind.MESSAGE, self.session_id)
        plaintext = pad(encode(content))
        return head + self.ratchet.seal(plaintext, context_of(self.transcript, head, self.is_initiator))

    def open(self, data: bytes) -> Content:
        """Decrypt a message of the peer. Each message opens once, and messages may arrive in any order.

        Raises:
            MessageRefused: the message is forged, changed, reflected, repeated or of another session. Nothing
                has changed.
            UnknownContent: the peer sent a record that this version does not know.
            BadInput: the peer sent a malformed record, or one about another lot.
        """
        # Safe: the message is bound to its head, so a wrong head is found without looking at it.
        context = context_of(self.transcript, data[:PREFIX_SIZE], not self.is_initiator)
        content = decode(unpad(self.ratchet.open(data[PREFIX_SIZE:], context)))
        self._check_lot(content)
        return content

    def to_json(self) -> dict[str, Any]:
        """Return the whole state, with its keys, for `json.dumps`. Keep it encrypted."""
        return {
            "lot": self.subject.to_json(),
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
        """Continue from the object of `to_json`, which must not have been used since it was written.

        Raises:
            BadInput: a field is missing or malformed.
        """
        fields = check_object(value, "session", _KEYS)
        return cls(
            Subject.from_json(fields["lot"]),
            fields["account"],
            fields["peerAccount"],
            Certificate.from_bytes(from_hex(fields["peerCertificate"], "peerCertificate")),
            from_hex(fields["sessionId"], "sessionId"),
            from_hex(fields["transcript"], "transcript"),
            fields["isInitiator"],
            Ratchet.from_json(fields["ratchet"]),
        )

    def _check_lot(self, content: Content) -> None:
        if isinstance(content, PriceProposal) and content.lot != self.subject.lot_id:
            raise BadInput(
                f"the proposal is for lot {content.lot}, and this session is about lot {self.subject.lot_id}"
            )
