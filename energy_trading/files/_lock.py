"""The one lock of files: the kernel holds it, and ends it with the process, however that ends."""

from __future__ import annotations

import os
from pathlib import Path

from energy_trading.errors import TryAgain


def open_locked(path: Path, flags: int, in_use: TryAgain | None = None, mode: int = 0o600) -> int:
    """Open a file, or a folder, for one holder alone, in this process or any other.

    Args:
        path: to be opened. A file that is replaced when it is written cannot carry a lock: lock another
            file beside it, or its folder.
        flags: of `os.open`.
        in_use: raised at once if somebody else holds the lock; None waits for them.
        mode: permission bits of a new file.

    Returns:
        A descriptor; closing it ends the lock.

    Raises:
        TryAgain: `in_use`.
        OSError: the file cannot be opened, or its file system has no locks.
    """
    # Here, since it starts asyncio, which most commands do without.
    from filelock import lock_descriptor

    descriptor = os.open(path, flags | os.O_CLOEXEC, mode)
    try:
        held = lock_descriptor(descriptor, blocking=in_use is None)
        # Whoever held it before may have removed the file after it was opened here: then this locks nothing.
        if in_use is not None and not (held and os.fstat(descriptor).st_nlink):
            raise in_use
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
