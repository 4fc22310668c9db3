"""From an account to an identity, with a proof that a judge can check alone.

It takes PKG (private key generator) and DSO (distribution system operator) together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from energy_trading.crypto import _dleq as dleq
from energy_trading.crypto._curve import add, check_point
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput, Forged
from energy_trading.files._json import check_object, check_text, from_hex, to_hex
from energy_trading.identity import identity_ciphertext
from energy_trading.identity.certificate import Certificate
from energy_trading.identity.parameters import Holder, Parameters

_VERSION: Final = 1


class OpeningRefused(Forged):
    """A partial opening was not made from this α with its holder's trace key.

    Args:
        holder: whose opening it claims to be.
    """

    def __init__(self, holder: Holder) -> None:
        super().__init__(
            f"the partial opening of {holder} is forged: its proof does not hold for this certificate"
        )
        self.holder = holder


class TracingProofRefused(Forged):
    """A tracing proof does not prove what it states.

    Args:
        field: what is wrong.
        given: what the proof has.
        allowed: what it should have.
    """

    def __init__(self, field: str, given: str, allowed: str) -> None:
        super().__init__(f"the {field} of the tracing proof must be {allowed}, not {given}")
        self.field = field
        self.given = given
        self.allowed = allowed


@dataclass(frozen=True)
class PartialOpening:
    """One holder's S = k·R for one certificate, and the proof that it is right.

    Whoever has the other half can read the identity with it. Send it to the judge, or send it last, and
    never in public.

    Args:
        holder: who opened.
        image: S, 33 bytes.
        proof: that log_G(trace key) = log_R(S).

    Raises:
        BadInput: S is not a point of the curve.
    """

    holder: Holder
    image: bytes = field(repr=False)
    proof: dleq.DleqProof

    def __post_init__(self) -> None:
        check_point(self.image)

    def check(self, certificate: Certificate, parameters: Parameters) -> None:
        """Check the proof with public data.

        Raises:
            OpeningRefused: the proof does not hold.
        """
        base = identity_ciphertext.ephemeral_point(certificate.identity_ciphertext)
        public_key = parameters.share(self.holder).public_key
        if not dleq.verify(self.proof, public_key, base, self.image, _context(self.holder, certificate)):
            raise OpeningRefused(self.holder)

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`; it does not name the holder."""
        return {"image": to_hex(self.image), "proof": to_hex(self.proof.to_bytes())}

    @classmethod
    def from_json(cls, holder: Holder, value: Any) -> PartialOpening:
        """Read the object of `to_json`, which `check` checks.

        Raises:
            BadInput: a field is malformed.
        """
        fields = check_object(value, f"opening of {holder}", {"image", "proof"})
        proof = dleq.DleqProof.from_bytes(from_hex(fields["proof"], "proof"))
        return cls(holder, from_hex(fields["image"], "image"), proof)


def open_partially(
    holder: Holder, trace_key: SecretKey, certificate: Certificate, parameters: Parameters
) -> PartialOpening:
    """Open one half of a certificate's α.

    Args:
        holder: who opens.
        trace_key: the holder's secret trace key.
        certificate: of the account to be traced.
        parameters: the published set.

    Raises:
        IdentityCiphertextRefused: α was taken from another certificate.

    Source:
        C-10.
    """
    alpha = certificate.identity_ciphertext
    identity_ciphertext.check_sealed(alpha, parameters.trace_key, certificate.head.to_bytes())
    base = identity_ciphertext.ephemeral_point(alpha)
    proof = dleq.prove(trace_key, base, _context(holder, certificate))
    return PartialOpening(holder, trace_key.multiply(base), proof)


@dataclass(frozen=True)
class TracingProof:
    """Proof of who is behind an account, which the published parameters alone suffice to check.

    Args:
        certificate: of the account.
        identity: the person's.
        pkg: PKG's partial opening.
        dso: DSO's partial opening.
    """

    certificate: Certificate
    identity: str = field(repr=False)
    pkg: PartialOpening
    dso: PartialOpening

    @classmethod
    def combine(
        cls, certificate: Certificate, openings: Iterable[PartialOpening], parameters: Parameters
    ) -> TracingProof:
        """Read the identity from both partial openings.

        Args:
            certificate: of the account to be traced.
            openings: one of PKG and one of DSO, in any order.
            parameters: the published set.

        Raises:
            BadInput: there is not exactly one opening of each.
            OpeningRefused: one of them is forged; the error names whose.
            IdentityCiphertextRefused: α was taken from another certificate.

        Source:
            C-10.
        """
        given = sorted(openings, key=lambda opening: opening.holder, reverse=True)
        if [opening.holder for opening in given] != [Holder.PKG, Holder.DSO]:
            holders = [str(opening.holder) for opening in given]
            raise BadInput(f"one partial opening of PKG and one of DSO are needed, not those of {holders}")
        return cls(certificate, _read(certificate, given, parameters), *given)

    def verify(self, parameters: Parameters, account: str) -> str:
        """Check the whole proof, as a judge: without a secret, a network, or trust in whoever submits it.

        Args:
            parameters: the published set, from a source the judge trusts.
            account: EIP-55 address in dispute, read from the chain.

        Returns:
            The identity behind the account.

        Raises:
            TracingProofRefused: it is for another account or identity, or the holders are in the wrong place.
            OpeningRefused: a partial opening is forged.
            IdentityCiphertextRefused: α was taken from another certificate.

        Source:
            C-10.
        """
        certified = self.certificate.account(parameters.issue_key)
        if certified != account:
            raise TracingProofRefused("account", certified, account)
        holders = f"{self.pkg.holder}, {self.dso.holder}"
        if (self.pkg.holder, self.dso.holder) != (Holder.PKG, Holder.DSO):
            raise TracingProofRefused("holders", holders, "PKG, DSO")
        if _read(self.certificate, [self.pkg, self.dso], parameters) != self.identity:
            raise TracingProofRefused("identity", "another one", "the sealed one")
        return self.identity

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`. It holds the identity, so send it to the judge only."""
        return {
            "version": _VERSION,
            "certificate": to_hex(self.certificate.to_bytes()),
            "identity": self.identity,
            "openings": {opening.holder: opening.to_json() for opening in (self.pkg, self.dso)},
        }

    @classmethod
    def from_json(cls, value: Any) -> TracingProof:
        """Read the object of `to_json`, which `verify` checks.

        Raises:
            BadInput: a field is malformed.
        """
        fields = check_object(value, "tracing proof", {"version", "certificate", "identity", "openings"})
        if type(fields["version"]) is not int or fields["version"] != _VERSION:
            raise BadInput(f"the version of the tracing proof must be {_VERSION}, not {fields['version']!r}")
        identity = check_text(fields["identity"], "identity")
        halves = check_object(fields["openings"], "openings", {*Holder})
        openings = (PartialOpening.from_json(holder, halves[holder]) for holder in Holder)
        certificate = Certificate.from_bytes(from_hex(fields["certificate"], "certificate"))
        return cls(certificate, identity, *openings)


def _read(certificate: Certificate, openings: list[PartialOpening], parameters: Parameters) -> str:
    alpha, head = certificate.identity_ciphertext, certificate.head.to_bytes()
    identity_ciphertext.check_sealed(alpha, parameters.trace_key, head)
    for opening in openings:
        opening.check(certificate, parameters)
    return identity_ciphertext.read(add(*(opening.image for opening in openings)), alpha, head)


def _context(holder: Holder, certificate: Certificate) -> bytes:
    return f"energy-trading/opening/1/{holder}/".encode() + certificate.hash
