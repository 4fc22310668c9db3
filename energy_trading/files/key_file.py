"""Secret keys at rest: the Web3 Secret Storage format, in files that only their owner may read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import eth_keyfile

from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.files._json import parse_json
from energy_trading.files.private_file import read_private, write_private

#: scrypt's N; 2**18 costs 256 MiB and about a second
WORK_FACTOR: Final = 2**18


class WrongPassword(BadInput):
    """The password does not open the key file."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"key file {path}: the password does not open it")
        self.path = path


def save_key(path: Path, secret_key: SecretKey, password: str, work_factor: int = WORK_FACTOR) -> None:
    """Write a key to a new encrypted file.

    Args:
        path: where nothing is yet.
        secret_key: to be stored.
        password: not empty.
        work_factor: scrypt's N, a power of two.

    Raises:
        BadInput: the password is empty or not UTF-8, or the work factor is no power of two above 1.
        FileExists: something is there.

    Source:
        Web3 Secret Storage Definition, version 3.
    """
    if not password:
        raise BadInput("the password must not be empty")
    if work_factor < 2 or work_factor & (work_factor - 1):
        raise BadInput(f"the work factor must be a power of two above 1, not {work_factor}")
    try:
        secret = password.encode()
    except UnicodeEncodeError:
        # Not chained: the cause holds the password.
        raise BadInput("the password must be UTF-8") from None
    content = eth_keyfile.create_keyfile_json(
        secret_key.reveal(), secret, kdf="scrypt", iterations=work_factor
    )
    write_private(path, json.dumps(content).encode(), replace=False)


def load_key(path: Path, password: str) -> SecretKey:
    """Read a key from its encrypted file.

    Raises:
        FileExposed: the group or the world has a permission on the file.
        WrongPassword: the password is another.
        BadInput: the file is no key file, or its key does not belong to the address in it.

    Source:
        Web3 Secret Storage Definition, version 3.
    """
    content = parse_json(read_private(path), f"key file {path}")
    try:
        # No UnicodeEncodeError, which would carry the password: what is not UTF-8 opens no file.
        secret = eth_keyfile.decode_keyfile_json(content, password.encode(errors="surrogateescape"))
    except ValueError as error:
        if str(error) == "MAC mismatch":
            raise WrongPassword(path) from error
        raise _no_key_file(path) from error
    except (AttributeError, KeyError, TypeError, NotImplementedError, ZeroDivisionError) as error:
        raise _no_key_file(path) from error
    key = SecretKey(secret)
    # The format's MAC leaves out the cipher's start value; the address shows whether that was changed.
    if str(content.get("address")).lower().removeprefix("0x") != key.address[2:].lower():
        raise BadInput(f"key file {path}: the key in it does not belong to the address in it")
    return key


def _no_key_file(path: Path) -> BadInput:
    return BadInput(f"key file {path} is not in the Web3 Secret Storage format, version 3")
