"""What PKG (private key generator) and DSO (distribution system operator) publish at set-up.

It is all that a person or a judge needs to know of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from energy_trading.crypto import _dleq as dleq
from energy_trading.crypto._curve import GENERATOR, add, address_of, check_point
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import Forged
from energy_trading.files._json import check_object, from_hex, to_hex


class Holder(StrEnum):
    """The two authorities that can open an α only together."""

    PKG = "PKG"
    DSO = "DSO"


class RogueKey(Forged):
    """A trace key came without a valid proof that its holder has the secret half.

    Args:
        holder: whose key it claims to be.
    """

    def __init__(self, holder: Holder) -> None:
        super().__init__(f"{holder} does not prove that it holds this trace key")
        self.holder = holder


@dataclass(frozen=True)
class TraceShare:
    """One holder's half of the trace key.

    The proof stops a holder from publishing X - PK_other, which would make the sum their own X.

    Args:
        holder: whose share it is.
        public_key: 33 bytes.
        possession: proof that the holder has the secret half, bound to the holder's name.

    Raises:
        BadInput: the key is not a point of the curve.
        RogueKey: the proof does not hold.

    Source:
        C-10.
    """

    holder: Holder
    public_key: bytes
    possession: dleq.DleqProof

    def __post_init__(self) -> None:
        key = self.public_key
        if not dleq.verify(self.possession, key, GENERATOR, key, _context(self.holder)):
            raise RogueKey(self.holder)

    @classmethod
    def of(cls, holder: Holder, secret_key: SecretKey) -> TraceShare:
        """Make the share from a holder's secret trace key."""
        possession = dleq.prove(secret_key, GENERATOR, _context(holder))
        return cls(holder, secret_key.public_key, possession)

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`."""
        return {"publicKey": to_hex(self.public_key), "possession": to_hex(self.possession.to_bytes())}

    @classmethod
    def from_json(cls, holder: Holder, value: Any) -> TraceShare:
        """Read and check the object of `to_json`.

        Raises:
            BadInput: a field is malformed.
            RogueKey: the proof does not hold.
        """
        fields = check_object(value, f"trace share of {holder}", {"publicKey", "possession"})
        possession = dleq.DleqProof.from_bytes(from_hex(fields["possession"], "possession"))
        return cls(holder, from_hex(fields["publicKey"], "publicKey"), possession)


@dataclass(frozen=True)
class Parameters:
    """The published parameters of C-1. Curve, hash and encryption are those of this package.

    Args:
        issue_key: PK_PKG = s·P, 33 bytes.
        registrar_key: public key that signs PKG's attestations and X.509 certificates, 33 bytes.
        pkg: PKG's trace share.
        dso: DSO's trace share.

    Raises:
        BadInput: a key is not a point, or both shares sum to the point at infinity.
        RogueKey: a share was made for the other holder.

    Source:
        Chen §IV.A (C-1).
    """

    issue_key: bytes
    registrar_key: bytes
    pkg: TraceShare
    dso: TraceShare

    def __post_init__(self) -> None:
        check_point(self.issue_key)
        check_point(self.registrar_key)
        for share, holder in ((self.pkg, Holder.PKG), (self.dso, Holder.DSO)):
            if share.holder != holder:
                raise RogueKey(holder)
        add(self.pkg.public_key, self.dso.public_key)

    @property
    def trace_key(self) -> bytes:
        """PK_PKG_trace + PK_DSO_trace, 33 bytes."""
        return add(self.pkg.public_key, self.dso.public_key)

    @property
    def registrar(self) -> str:
        """Address that signs attestations, which is the registrar of the EnergyLedger."""
        return address_of(self.registrar_key)

    def share(self, holder: Holder) -> TraceShare:
        """Return a holder's share."""
        return self.pkg if holder is Holder.PKG else self.dso

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`."""
        return {
            "issueKey": to_hex(self.issue_key),
            "registrarKey": to_hex(self.registrar_key),
            "PKG": self.pkg.to_json(),
            "DSO": self.dso.to_json(),
        }

    @classmethod
    def from_json(cls, value: Any) -> Parameters:
        """Read and check the object of `to_json`.

        Raises:
            BadInput: a field is malformed.
            RogueKey: a share's proof does not hold.
        """
        fields = check_object(value, "parameters", {"issueKey", "registrarKey", *Holder})
        return cls(
            from_hex(fields["issueKey"], "issueKey"),
            from_hex(fields["registrarKey"], "registrarKey"),
            TraceShare.from_json(Holder.PKG, fields[Holder.PKG]),
            TraceShare.from_json(Holder.DSO, fields[Holder.DSO]),
        )


def _context(holder: Holder) -> bytes:
    return f"energy-trading/possession/1/{holder}".encode()
