"""`keys`: encrypted key files of accounts, meters and whoever pays for gas."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from energy_trading.cli.deployment import PASSWORD, key_from_file
from energy_trading.cli.files import save_new_key
from energy_trading.cli.output import console

group = typer.Typer(help="Encrypted key files: make one, print its address.")

Variable = Annotated[
    str,
    typer.Option(
        "--password-from", metavar="VARIABLE", help="Variable with the password; without it a prompt asks."
    ),
]
File = Annotated[Path, typer.Argument(metavar="FILE", help="Key file (Web3 Secret Storage).")]


@group.command()
def make(file: File, variable: Variable = PASSWORD) -> None:
    """Draw a key and write it into a new encrypted file of mode 0600; print its address, never the key."""
    from energy_trading.crypto.keys import SecretKey

    key = SecretKey.generate()
    save_new_key("FILE", file, key, variable)
    console.print(key.address, markup=False)


@group.command()
def address(file: File, variable: Variable = PASSWORD) -> None:
    """Open a key file and print its address. For a meter's key, this is what the DSO registers."""
    console.print(key_from_file("FILE", file, variable).address, markup=False)
