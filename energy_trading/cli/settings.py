"""What holds for a whole command: the file of defaults, the log, and how much is printed."""

from __future__ import annotations

import logging
import os
import sys
import time
import tomllib
from pathlib import Path
from typing import Any, Final

import typer

from energy_trading.cli.output import console
from energy_trading.errors import BadInput

CONFIG: Final = "ENERGY_TRADING_CONFIG"

#: Options that the file may set, by the names of the commands' parameters, each with its type.
SETTINGS: Final[dict[str, type]] = {
    "rpc": str,
    "chain_id": int,
    "deployment": str,
    "key_file": str,
    "unlocked": str,
    "timeout": int,
}


def settings_path() -> Path:
    """Return where the file of defaults is looked for if neither option nor variable names one."""
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return Path(home) / "energy-trading" / "config.toml"


def read_settings(path: Path) -> dict[str, str | int]:
    """Read a file of defaults.

    Args:
        path: a TOML file with keys of `SETTINGS`.

    Returns:
        The value of each option that the file sets.

    Raises:
        BadInput: it cannot be read, is no TOML, or has a key or a type that is not known.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"the settings {path} cannot be read") from error
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path} is not TOML: {error}") from error
    for name, value in found.items():
        if name not in SETTINGS:
            raise BadInput(f"{path}: {name} is not a setting; there are {', '.join(SETTINGS)}")
        if type(value) is not SETTINGS[name]:
            kind = "an integer" if SETTINGS[name] is int else "a text"
            raise BadInput(f"{path}: {name} must be {kind}, not {value!r}")
    return found


def apply_settings(context: typer.Context, given: Path | None) -> None:
    """Make a file's values the defaults of every command that has the option.

    An option on the command line comes first, then an environment variable, then the file.

    Args:
        context: of the whole command.
        given: the file that the user named; None takes that of `settings_path`, if it exists.

    Raises:
        BadInput: see `read_settings`.
    """
    if given is None and not settings_path().is_file():
        return
    values = read_settings(given or settings_path())

    def defaults(command: Any) -> dict[str, Any]:
        named = {option.name for option in command.params}
        own: dict[str, Any] = {name: value for name, value in values.items() if name in named}
        for name, below in getattr(command, "commands", {}).items():
            own[name] = defaults(below)
        return own

    context.default_map = defaults(context.command)


def start_log(verbose: bool, file: Path | None) -> None:
    """Log what is asked of nodes and what was sent; never what is signed, a key, or a URL's path.

    Args:
        verbose: whether to log to standard error.
        file: also append to this file, which only its owner may read.

    Raises:
        BadInput: the file cannot be written.
    """
    log = logging.getLogger("energy_trading")
    handlers: list[logging.Handler] = []
    if verbose:
        handlers.append(logging.StreamHandler(sys.stderr))
    if file is not None:
        try:
            os.close(os.open(file, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
            handlers.append(logging.FileHandler(file, encoding="utf-8"))
        except OSError as error:
            raise BadInput(f"--log-file: cannot write {file} ({error.strerror})") from error
    for handler in handlers:
        form = logging.Formatter("%(asctime)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ")
        form.converter = time.gmtime
        handler.setFormatter(form)
        log.addHandler(handler)
    if handlers:
        log.setLevel(logging.DEBUG)
        log.propagate = False


def be_quiet() -> None:
    """Print no text but errors; a command's JSON is printed still."""
    console.quiet = True
