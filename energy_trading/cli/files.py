"""The files of commands: JSON, written completely or not at all and readable by the owner only; keys."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from energy_trading.files._json import exact
from energy_trading.files.whole_file import FileExists, unwritable

if TYPE_CHECKING:
    from energy_trading.crypto.keys import SecretKey


def write_json(option: str, path: Path, file: dict[str, Any] | list[Any], *, replace: bool = False) -> None:
    """Write a JSON file of mode 0600; integers beyond 2**53 become text.

    Raises:
        FileExists: the path exists and `replace` is false.
        BadInput: the folder cannot be written.
    """
    from energy_trading.files.private_file import write_private

    try:
        write_private(path, json.dumps(exact(file), indent=1, ensure_ascii=False).encode(), replace=replace)
    except OSError as error:
        raise unwritable(option, path, error.strerror) from error


def check_new(option: str, path: Path) -> None:
    """Check that a new file can be written, before the work whose result it will hold.

    Raises:
        FileExists: the path exists.
        BadInput: the folder does not exist or cannot be written.
    """
    if path.exists():
        raise FileExists(path)
    if not path.parent.is_dir():
        raise unwritable(option, path, "the folder does not exist")
    if not os.access(path.parent, os.W_OK):
        raise unwritable(option, path, "the folder is read-only")


def save_new_key(option: str, path: Path, key: SecretKey, variable: str) -> None:
    """Write an encrypted key file. Its password comes from the environment; else a prompt asks twice.

    Raises:
        FileExists: the path exists.
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
