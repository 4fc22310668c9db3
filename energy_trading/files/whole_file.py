"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from energy_trading.errors import BadInput


class FileExists(BadInput):
    """Something is already there and is not overwritten."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} exists already and is not overwritten")
        self.path = path


def write_whole(path: Path, content: bytes, *, replace: bool, mode: int = 0o644) -> None:
    """Write a file that appears complete under its name: a reader sees the old one or the new one.

    Args:
        path: in a folder that exists.
        content: the whole of it.
        replace: whether a file that is there gives way.
        mode: permission bits, whatever the umask is; before a byte is written nobody but the owner has more.

    Raises:
        FileExists: something is there and `replace` is false.
        OSError: the folder cannot be written.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        if replace:
            os.replace(draft, path)
        else:
            # Safe: unlike a rename, a link fails if the name is taken, in one step.
            os.link(draft, path)
    except FileExistsError as error:
        raise FileExists(path) from error
    finally:
        draft.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names in a folder: without this a power cut could lose a new file."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def unreadable(name: str, path: Path, error: OSError) -> BadInput:
    """Return the error for a file that cannot be read."""
    return BadInput(f"{name}: {path} cannot be read ({error.strerror})")


def unwritable(name: str, path: Path, reason: str | None) -> BadInput:
    """Return the error for a file that cannot be written."""
    return BadInput(f"{name}: {path} cannot be written ({reason})")
