"""The distribution system operator's half of tracing."""

from __future__ import annotations

from pathlib import Path

from energy_trading.crypto.derivation import derive_key
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.files.state_file import load_state, save_state
from energy_trading.identity.certificate import Certificate
from energy_trading.identity.parameters import Holder, Parameters, RogueKey, TraceShare
from energy_trading.identity.tracing import PartialOpening, open_partially


class DSO:
    """The operator: holds the second trace key, without which PKG can open no α.

    Args:
        root: the only secret; keep it in a key file.

    Source:
        Chen §IV.A and §V.B (C-1, C-10).
    """

    def __init__(self, root: SecretKey) -> None:
        self._trace = derive_key(root, "DSO/trace")
        self._state = derive_key(root, "DSO/state")
        self._parameters: Parameters | None = None
        #: to be sent to PKG before it publishes
        self.share = TraceShare.of(Holder.DSO, self._trace)

    def adopt(self, parameters: Parameters) -> None:
        """Accept what PKG published, after checking that this DSO's key is in it.

        Raises:
            RogueKey: it is another's.
        """
        if parameters.dso.public_key != self.share.public_key:
            raise RogueKey(Holder.DSO)
        self._parameters = parameters

    @property
    def parameters(self) -> Parameters:
        """The adopted set.

        Raises:
            BadInput: none was adopted yet.
        """
        if self._parameters is None:
            raise BadInput("parameters of the DSO: given none, allowed those of PKG, adopted first")
        return self._parameters

    def open_partially(self, certificate: Certificate) -> PartialOpening:
        """Open a certificate's α by DSO's half; do so only for a reason that the law knows.

        Args:
            certificate: of the account to be traced.

        Raises:
            IdentityCiphertextRefused: α was taken from another certificate.
            BadInput: no parameters were adopted yet.

        Source:
            C-10.
        """
        return open_partially(Holder.DSO, self._trace, certificate, self.parameters)

    def save(self, path: Path) -> None:
        """Write the state, in place of an older one; it holds no secret.

        Raises:
            BadInput: no parameters were adopted yet.
        """
        save_state(path, self.parameters.to_json(), self._state)

    @classmethod
    def load(cls, root: SecretKey, path: Path) -> DSO:
        """Continue from a state.

        Raises:
            FileExposed: group or world have a permission on the file.
            BadInput: the file has another form.
            StateForged: it was changed, or the root is another's.
        """
        dso = cls(root)
        dso.adopt(Parameters.from_json(load_state(path, dso._state)))
        return dso
