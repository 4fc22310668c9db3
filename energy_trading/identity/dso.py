"""The half of tracing that belongs to the DSO (distribution system operator)."""

from __future__ import annotations

from pathlib import Path

from energy_trading.crypto._derivation import derive_key
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.files.journal import Journal
from energy_trading.files.state_file import load_state, save_state
from energy_trading.identity.opening import Half, TraceRequest, open_half
from energy_trading.identity.parameters import Holder, Parameters, RogueKey, TraceShare


class DSO:
    """The operator. It holds the second trace key; PKG (private key generator) can open no α without it.

    Args:
        root: the only secret. Keep it in a key file.

    Source:
        Chen §IV.A and §V.B (C-1, C-10).
    """

    def __init__(self, root: SecretKey) -> None:
        self._trace = derive_key(root, "DSO/trace")
        self._state = derive_key(root, "DSO/state")
        self._parameters: Parameters | None = None
        #: to be sent to PKG before PKG publishes the parameters
        self.share = TraceShare.of(Holder.DSO, self._trace)

    def adopt(self, parameters: Parameters) -> None:
        """Accept the parameters that PKG published, after checking that this DSO's key is among them.

        Raises:
            RogueKey: the parameters hold another DSO's key.
        """
        if parameters.dso.public_key != self.share.public_key:
            raise RogueKey(Holder.DSO)
        self._parameters = parameters

    @property
    def parameters(self) -> Parameters:
        """The adopted parameters.

        Raises:
            BadInput: no parameters were adopted yet.
        """
        if self._parameters is None:
            raise BadInput("the DSO has no parameters; it must first adopt those that PKG published")
        return self._parameters

    def open_half(self, request: TraceRequest, records: Journal, now: int) -> Half:
        """Open the DSO's half of every α of a request. Do so only for a reason that the law provides.

        Args:
            request: what is to be opened, and why.
            records: the DSO's book of what it has opened.
            now: unix seconds, for the record.

        Raises:
            IdentityCiphertextRefused: an α was taken from another certificate.
            BadInput: no parameters were adopted yet.

        Source:
            C-10.
        """
        return open_half(Holder.DSO, self._trace, request, self.parameters, records, now)

    def save(self, path: Path) -> None:
        """Write the state, in place of an older one. It holds no secret.

        Raises:
            BadInput: no parameters were adopted yet.
        """
        save_state(path, self.parameters.to_json(), self._state)

    @classmethod
    def load(cls, root: SecretKey, path: Path) -> DSO:
        """Continue from a saved state.

        Raises:
            FileExposed: the group or the world has a permission on the file.
            BadInput: the file has another form.
            StateForged: the file was changed, or the root belongs to somebody else.
        """
        dso = cls(root)
        dso.adopt(Parameters.from_json(load_state(path, dso._state)))
        return dso
