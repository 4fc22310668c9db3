"""Settings of the whole command: defaults from a file, the log, and quiet."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest


def cli(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "energy_trading", *arguments]
    environment = {n: v for n, v in os.environ.items() if not n.startswith("ENERGY_TRADING_")}
    environment |= {"XDG_CONFIG_HOME": str(home), **variables}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A file of defaults in the place where it is looked for."""
    path = tmp_path / "energy-trading" / "config.toml"
    path.parent.mkdir()
    path.write_text('rpc = "http://127.0.0.1:1/a-key-of-a-provider"\ntimeout = 3\n', "utf-8")
    return path


def test_file_gives_defaults_and_variables_and_options_win(settings: Path) -> None:
    """An option comes before a variable, a variable before the file, the file before the built-in default."""
    home = settings.parents[1]
    assert cli(home, "accounts").stderr == "error: no node answers at http://127.0.0.1:1\n"
    second = {"ENERGY_TRADING_RPC": "http://127.0.0.1:2"}
    assert cli(home, "accounts", **second).stderr == "error: no node answers at http://127.0.0.1:2\n"
    third = cli(home, "accounts", "--rpc", "http://127.0.0.1:3", **second)
    assert third.stderr == "error: no node answers at http://127.0.0.1:3\n"


def test_file_can_be_named(settings: Path, tmp_path: Path) -> None:
    """A file that the option or the variable names is read in place of the usual one."""
    other = tmp_path / "other.toml"
    other.write_text('rpc = "http://127.0.0.1:4"\n', "utf-8")
    home = settings.parents[1]
    for done in (
        cli(home, "--config", str(other), "accounts"),
        cli(home, "accounts", ENERGY_TRADING_CONFIG=str(other)),
    ):
        assert done.stderr == "error: no node answers at http://127.0.0.1:4\n"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("rcp = 1", "rcp is not a setting; there are rpc, chain_id, deployment, key_file, unlocked, timeout"),
        ("rpc = 1", "rpc must be a text, not 1"),
        ("chain_id = true", "chain_id must be an integer, not True"),
        ("rpc = ", "is not TOML"),
    ],
)
def test_wrong_settings_are_one_line(settings: Path, text: str, fault: str) -> None:
    """What the file has wrong is named with the file; nothing is asked of a node."""
    settings.write_text(text, "utf-8")
    done = cli(settings.parents[1], "accounts")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert str(settings) in done.stderr
    assert fault in done.stderr


def test_missing_settings_file_is_an_error_if_named(tmp_path: Path) -> None:
    """Only the file in the usual place may be absent."""
    done = cli(tmp_path, "--config", str(tmp_path / "none.toml"), "accounts")
    assert done.stderr == f"error: the settings {tmp_path / 'none.toml'} cannot be read\n"


def test_log_names_the_request_and_no_secret(settings: Path, tmp_path: Path) -> None:
    """The log shows what was asked of which host, in a file for its owner only; not the URL's path."""
    log = tmp_path / "commands.log"
    done = cli(settings.parents[1], "-v", "--log-file", str(log), "accounts")
    assert "http://127.0.0.1:1: eth_chainId" in log.read_text("utf-8")
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert "eth_chainId" in done.stderr
    assert "a-key" not in log.read_text("utf-8") + done.stderr


def test_quiet_prints_json_and_errors_only(tmp_path: Path) -> None:
    """A text report is left out; what a program asked for is not."""
    secret = {"ENERGY_TRADING_PASSWORD": "for this test only"}
    assert cli(tmp_path, "keys", "make", str(tmp_path / "loud.json"), **secret).stdout
    quiet = ("-q", "keys", "make", str(tmp_path / "quiet.json"))
    done = cli(tmp_path, *quiet, **secret)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "quiet.json").is_file()
    assert json.loads(cli(tmp_path, "-q", "intent", "schema").stdout)
    assert cli(tmp_path, *quiet, **secret).stderr.startswith("error: ")
