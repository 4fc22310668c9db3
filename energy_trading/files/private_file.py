"""Files that only their owner may read."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from energy_trading.errors import BadInput
from energy_trading.files.whole_file import sync_folder, write_whole


class FileExposed(BadInput):
    """The group or the world may use a file that should be private."""

    def __init__(self, path: Path, mode: int) -> None:
        super().__init__(f"{path} has mode {mode:04o}: others may use it; it must be 0600 or less")
        self.path = path
        self.mode = mode


def write_private(path: Path, content: bytes, *, replace: bool) -> None:
    """Write a file as `write_whole` does, with mode 0600 from its first moment."""
    write_whole(path, content, replace=replace, mode=0o600)


def read_private(path: Path) -> bytes:
    """Read a file after checking that nobody but its owner may use it.

    Raises:
        FileExposed: the group or the world has a permission.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & 0o077:
            raise FileExposed(path, mode)
        return file.read()


def erase(path: Path) -> None:
    """Overwrite a file with random bytes, then remove it; a file that is not there is erased already.

    The bytes may survive: in copies, backups and snapshots, and on storage that writes elsewhere than it was
    told to (SSDs, journals, file systems that copy on write).

    Raises:
        OSError: the file cannot be written or removed.
    """
    try:
        # In place and without truncating, so that the same blocks are written where the storage allows it.
        descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(os.fstat(descriptor).st_size))
        file.flush()
        os.fsync(descriptor)
    path.unlink()
    sync_folder(path.parent)
