"""Files that only their owner may read, written whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from energy_trading.errors import BadInput


class FileExists(BadInput):
    """Something is already there and is not overwritten.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(f"file: given {path}, which exists, allowed a path where nothing is")
        self.path = path


class FileExposed(BadInput):
    """The group or the world may use a file that should be private.

    Args:
        path: of the file.
        mode: its permission bits.
    """

    def __init__(self, path: Path, mode: int) -> None:
        super().__init__(f"permissions of {path}: given {mode:04o}, allowed 0600 or less")
        self.path = path
        self.mode = mode


def write_private(path: Path, content: bytes, *, replace: bool) -> None:
    """Write a file that has mode 0600 from its first moment and appears complete under its name.

    Args:
        path: in a folder that exists.
        content: the whole of it.
        replace: whether a file that is there gives way.

    Raises:
        FileExists: something is there and `replace` is false.
        OSError: the folder cannot be written.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
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


def read_private(path: Path) -> bytes:
    """Read a file after checking that nobody but its owner may use it.

    Raises:
        FileExposed: group or world have a permission.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & 0o077:
            raise FileExposed(path, mode)
        return file.read()
