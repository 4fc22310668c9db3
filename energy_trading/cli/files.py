"""Files that commands read and write: JSON, whole or not at all, for their owner's eyes; keys encrypted."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from energy_trading.files.json import read_json as read_json
from energy_trading.files.whole_file import FileExists
from energy_trading.files.whole_file import unreadable as unreadable
from energy_trading.files.whole_file import unwritable as unwritable

if TYPE_CHECKING:
    from energy_trading.crypto.keys import SecretKey


def write_json(option: str, path: Path, file: dict[str, Any], *, replace: bool = False) -> None:
    """Write a JSON file of mode 0600.

    Raises:
        FileExists: something is there and `replace` is false.
        BadInput: the folder cannot be written.
    """
    from energy_trading.files.private_file import write_private

    try:
        write_private(path, json.dumps(file, indent=1, ensure_ascii=False).encode(), replace=replace)
    except OSError as error:
        raise unwritable(option, path, error.strerror) from error


def check_new(option: str, path: Path) -> None:
    """Check that a file can be made, before the work whose result it is for.

    Raises:
        FileExists: something is there.
        BadInput: the folder is not there or cannot be written.
    """
    if path.exists():
        raise FileExists(path)
    if not path.parent.is_dir():
        raise unwritable(option, path, "there is no such folder")
    if not os.access(path.parent, os.W_OK):
        raise unwritable(option, path, "the folder is read-only")


def save_new_key(option: str, path: Path, key: SecretKey, variable: str) -> None:
    """Write an encrypted key file; its password comes from the environment, or from a prompt, twice.

    Raises:
        FileExists: something is there.
        BadInput: the folder cannot be written, or the password is empty.
    """
    from energy_trading.files.key_file import save_key

    check_new(option, path)
    password = os.environ.get(variable)
    if password is None:
        text = f"password for {path}"
        password = str(typer.prompt(text, hide_input=True, confirmation_prompt=True, err=True))
    try:
        save_key(path, key, password)
    except OSError as error:
        raise unwritable(option, path, error.strerror) from error
