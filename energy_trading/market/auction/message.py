"""A signed message of a key committee, as JSON for any transport."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from eth_utils.crypto import keccak

from energy_trading.crypto._curve import address_of
from energy_trading.crypto._dleq import DleqProof
from energy_trading.crypto._signatures import compact, is_signed_by
from energy_trading.crypto.keys import SecretKey
from energy_trading.crypto.threshold import Ceremony, Commitments, Complaint, Deal, SealedShare, Share
from energy_trading.errors import BadInput, Forged
from energy_trading.files._json import (
    canonical_json,
    check_integer,
    check_list,
    check_object,
    from_hex,
    to_hex,
)

Body: TypeAlias = Deal | Complaint | Share
"""A share is sent only to be published, when the auction's quotes are to be opened."""


class MessageForged(Forged):
    """A message is not signed by the sender that it names.

    Args:
        sender: number of that sender.
    """

    def __init__(self, sender: int) -> None:
        super().__init__(f"a message names {sender} as its sender, who did not sign it")
        self.sender = sender


@dataclass(frozen=True)
class Message:
    """A deal, a complaint or a disclosed share, and its author's signature.

    Args:
        body: the content.
        signature: compact, 64 bytes.
    """

    body: Body
    signature: bytes

    @classmethod
    def sign(cls, ceremony: Ceremony, body: Body, key: SecretKey) -> Message:
        """Sign a content for one ceremony."""
        return cls(body, compact(key.sign_digest(_digest(ceremony, body))))

    @property
    def sender(self) -> int:
        """Number of the key holder, or of the outsider, that the content names as its sender."""
        if isinstance(self.body, Deal):
            return self.body.dealer
        return self.body.accuser if isinstance(self.body, Complaint) else self.body.member

    def check(self, ceremony: Ceremony) -> None:
        """Check that the named sender signed it for this ceremony.

        Raises:
            BadInput: the ceremony has no such sender.
            MessageForged: somebody else signed it, or for another ceremony.
        """
        account = address_of(ceremony.key_of(self.sender))
        if not is_signed_by(account, _digest(ceremony, self.body), self.signature):
            raise MessageForged(self.sender)

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`; that of a share holds the secret, which is then public."""
        return {"body": _body_to_json(self.body), "signature": to_hex(self.signature)}

    @classmethod
    def from_json(cls, value: Any) -> Message:
        """Read the object of `to_json`; only `check` shows whether it is genuine.

        Raises:
            BadInput: a field is malformed.
        """
        fields = check_object(value, "message", {"body", "signature"})
        return cls(_body_from_json(fields["body"]), from_hex(fields["signature"], "signature"))


def commitments_to_json(commitments: Commitments) -> list[str]:
    """Return a list for `json.dumps`."""
    return [to_hex(point) for point in commitments.points]


def commitments_from_json(value: Any) -> Commitments:
    """Read the list of `commitments_to_json`.

    Raises:
        BadInput: it is not a list of points.
    """
    return Commitments(tuple(from_hex(point, "commitment") for point in check_list(value, "commitments")))


def _digest(ceremony: Ceremony, body: Body) -> bytes:
    content = canonical_json(_body_to_json(body))
    return keccak(b"energy-trading/committee message/1/" + ceremony.digest + content)


def _body_to_json(body: Body) -> dict[str, Any]:
    if isinstance(body, Deal):
        return {
            "kind": "deal",
            "dealer": body.dealer,
            "commitments": commitments_to_json(body.commitments),
            "possession": to_hex(body.possession.to_bytes()),
            "boxes": [
                {"box": to_hex(sealed.box), "possession": to_hex(sealed.possession.to_bytes())}
                for sealed in body.boxes
            ],
        }
    if isinstance(body, Complaint):
        return {
            "kind": "complaint",
            "accuser": body.accuser,
            "dealer": body.dealer,
            "sharedPoint": to_hex(body.shared_point),
            "proof": to_hex(body.proof.to_bytes()),
        }
    return {"kind": "share", "member": body.member, "value": to_hex(body.value.reveal())}


def _body_from_json(value: Any) -> Body:
    kind = value.get("kind") if isinstance(value, dict) else None
    if kind == "deal":
        fields = check_object(value, "deal", {"kind", "dealer", "commitments", "possession", "boxes"})
        return Deal(
            check_integer(fields["dealer"], "dealer"),
            commitments_from_json(fields["commitments"]),
            _proof(fields["possession"]),
            tuple(_sealed_share(box) for box in check_list(fields["boxes"], "boxes")),
        )
    if kind == "complaint":
        fields = check_object(value, "complaint", {"kind", "accuser", "dealer", "sharedPoint", "proof"})
        return Complaint(
            check_integer(fields["accuser"], "accuser"),
            check_integer(fields["dealer"], "dealer"),
            from_hex(fields["sharedPoint"], "shared point"),
            _proof(fields["proof"]),
        )
    if kind == "share":
        fields = check_object(value, "share", {"kind", "member", "value"})
        member = check_integer(fields["member"], "member")
        return Share(member, SecretKey(from_hex(fields["value"], "value")))
    raise BadInput(f"the kind of a message must be 'deal', 'complaint' or 'share', not {kind!r}")


def _sealed_share(value: Any) -> SealedShare:
    fields = check_object(value, "sealed share", {"box", "possession"})
    return SealedShare(from_hex(fields["box"], "box"), _proof(fields["possession"]))


def _proof(value: Any) -> DleqProof:
    return DleqProof.from_bytes(from_hex(value, "proof"))
