"""What an authority remembers between two runs: JSON without secrets, which only it can have written."""

from __future__ import annotations

import hmac
import json
from pathlib import Path
from typing import Any

from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import Forged
from energy_trading.files._json import check_object, from_hex, parse_json, to_hex
from energy_trading.files.private_file import read_private, write_private


class StateForged(Forged):
    """A state file was changed, or belongs to another authority."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"state file {path} was not written by this authority, or was changed since")
        self.path = path


def save_state(path: Path, state: dict[str, Any], key: SecretKey) -> None:
    """Write a state, in place of an older one.

    Args:
        path: of the file.
        state: a JSON object without secrets.
        key: that only this authority has.
    """
    content = {"state": state, "seal": to_hex(_seal(state, key))}
    write_private(path, json.dumps(content, indent=1).encode(), replace=True)


def load_state(path: Path, key: SecretKey) -> Any:
    """Read a state back.

    Args:
        path: of the file.
        key: as given to `save_state`.

    Raises:
        FileExposed: the group or the world has a permission on the file.
        BadInput: the file has another form.
        StateForged: it was changed. An older state in its place goes unnoticed.
    """
    name = f"state file {path}"
    content = check_object(parse_json(read_private(path), name), name, {"state", "seal"})
    if not hmac.compare_digest(from_hex(content["seal"], "seal"), _seal(content["state"], key)):
        raise StateForged(path)
    return content["state"]


def _seal(state: Any, key: SecretKey) -> bytes:
    return hmac.digest(key.reveal(), json.dumps(state).encode(), "sha256")
