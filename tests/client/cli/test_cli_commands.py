"""Commands that need no node: reproductions, the benchmark, and one line for every wrong option."""

import inspect
import json
import os
import socket
from importlib import import_module
from pathlib import Path

import pytest

from energy_trading.bench.papers import reproductions
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.files.key_file import save_key
from tests.client.cli_runs import cli

A = "0x" + "11" * 20
ALL = ("--owner", A, "--pkg", A, "--treasury", A)
POSITIONS = ("positions", "--readings", "no.csv", "--retail", "30", "--feed-in", "8")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("ENERGY_TRADING_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("deploy", "--pkg", A), "the parameter owner is missing; it must be an address"),
        (("deploy", *ALL, "--owner", "0x1"), "owner must be an address, not '0x1'"),
        (("deploy", *ALL, "--set", "fee_bps"), "--set needs FIELD=VALUE, not 'fee_bps'"),
        (("deploy", *ALL, "--set", "fee_bps=no"), "fee_bps must be an integer of 0 or more, not 'no'"),
        (
            ("deploy", *ALL, "--set", "credit=1", "--set", "credit.z0=1"),
            "--set credit.z0=1: credit is not an object with fields",
        ),
        (("deploy", *ALL, "--set", "credit.z=1"), "there is no parameter credit.z; the parameters are k1_e9"),
        (("deploy", "--config", "no.json"), "--config: no.json cannot be read"),
        (("deploy", "--config", "list.json"), "--config: the file list.json must contain one JSON object"),
        (("deploy", "--config", "bad.json", *ALL), "there is no parameter fee; the parameters are owner"),
        (
            ("deploy", *ALL),
            "there is no sender: give --unlocked or --key-file, or set the variable ENERGY_TRADING_KEY",
        ),
        (
            ("deploy", *ALL, "--unlocked", A, "--key-file", "key.json"),
            "--unlocked and --key-file both name a sender: give only one of them",
        ),
        (("deploy", *ALL, "--unlocked", "me"), "--unlocked must be an address, not 'me'"),
        (("deploy", *ALL, "--key-file", "no.json"), "--key-file: the file no.json does not exist"),
        (
            ("verify", "--rpc", "ftp://a"),
            "the node's URL must start with http:// or https://, unlike ftp://a",
        ),
        (("accounts", "--role", "judge"), "--role must be one of producer, consumer, prosumer, not 'judge'"),
        (("offers", "--account", "me"), "--account must be an address, not 'me'"),
        (("trades", "--state", "lost"), "--state must be one of open, accepted, delivered"),
        (("auctions", "--state", "lost"), "--state must be one of quoting, key disclosed, settled"),
        (("lots", "--state", "lost"), "--state must be one of held, retired, split, merged, not 'lost'"),
        (("lots", "--how", "found"), "--how must be one of minted, split, merged, exchanged"),
        (("lots", "--account", "me"), "--account must be an address, not 'me'"),
        (
            ("lots", "--since", "noon"),
            "--since must be in unix seconds or in ISO 8601 with a zone and whole seconds, not 'noon'",
        ),
        (
            ("lots", "--until", "2026-03-01 12:00"),
            "--until must be in unix seconds or in ISO 8601 with a zone and whole seconds, not '2026-03-01 1",
        ),
        (
            (*POSITIONS, "--slot-seconds", "700"),
            "a slot must divide an hour of 3600 s, which 700 s does not",
        ),
        (
            (*POSITIONS, "--feed-in", "31"),
            "the prices must satisfy 0 <= feed-in <= retail < 2**64, but the feed-in price is 31 and the",
        ),
        ((*POSITIONS, "--account", "me"), "--account must be an address, not 'me'"),
        ((*POSITIONS, "--from", "noon"), "--from must be in unix seconds or in ISO 8601 with a zone and"),
        ((*POSITIONS, "--to", "noon"), "--to must be in unix seconds or in ISO 8601 with a zone and whole"),
        (POSITIONS, "--readings: no.csv cannot be read (No such file or directory)"),
        (
            (*POSITIONS, "--readings", "list.json", "--offers", "no.json"),
            "--offers: no.json cannot be read (No such file or directory)",
        ),
        (
            (*POSITIONS, "--readings", "bad.json"),
            "--readings bad.json must be a JSON list, not dict",
        ),
        (("watch", "--from-block", "-1"), "--from-block must be 0 or more, not -1"),
        (("reproduce", "fig8"), "the reproduction must be one of list, all, xia-fig7"),
        (("reproduce", "all"), "--out is missing: name a folder for the results"),
        (("bench", "clearing", "--homes", "0"), "the number of homes must be between 1 and 65536, not 0"),
        (("bench", "clearing", "--homes", "65537"), "the number of homes must be between 1 and 65536, not"),
        (("reproduce", "all", "--out", "/proc/no"), "--out: cannot write into the folder /proc/no ("),
    ],
)
def test_wrong_input_is_one_line(arguments: tuple[str, ...], line: str, tmp_path: Path) -> None:
    """The line states what is wrong and what would be right; nothing is left behind."""
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "bad.json").write_text('{"fee": 1}')
    before = sorted(tmp_path.iterdir())
    done = cli(*arguments)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"error: {line}")
    assert done.err.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_bad_key_is_not_repeated() -> None:
    """A key in the environment that is none is refused without a digit of it in the text."""
    done = cli("deploy", *ALL, env={"ENERGY_TRADING_KEY": "0xdeadbeef"})
    assert done.err == (
        "error: ENERGY_TRADING_KEY must be a key of 64 hex digits (what it holds is not repeated here)\n"
    )
    done = cli("deploy", *ALL, env={"ENERGY_TRADING_KEY": "0" * 64})
    assert done.err == (
        "error: ENERGY_TRADING_KEY must be a key of 64 hex digits (what it holds is not repeated here)\n"
    )


def test_wrong_password_is_one_line(tmp_path: Path) -> None:
    """A key file opens with its own password only, which is not repeated."""
    save_key(tmp_path / "key.json", SecretKey.from_int(7), "right", work_factor=2)
    done = cli("deploy", *ALL, "--key-file", "key.json", env={"ENERGY_TRADING_PASSWORD": "wrong"})
    assert done.err == "error: key file key.json: the password does not open it\n"


def test_no_node_is_one_line() -> None:
    """Where no node answers, the error states that without the path, which may hold a key of the provider."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/secret"
        done = cli("verify", "--rpc", url)
    assert (done.status, done.err) == (1, f"error: no node answers at {url.removesuffix('/secret')}\n")


def test_reproductions_are_listed() -> None:
    """The list has a line for each."""
    lines = cli("reproduce", "list").lines
    assert [line.split()[0] for line in lines] == list(reproductions.REPRODUCTIONS)


def test_all_reproductions_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`all` makes the whole register, here cut to one; Fig. 7's frauds come as one list (X-10)."""
    fig7 = reproductions.REPRODUCTIONS["xia-fig7"]
    monkeypatch.setattr(reproductions, "REPRODUCTIONS", {"xia-fig7": fig7})
    done = cli("reproduce", "all", "--out", tmp_path / "out")
    assert (done.status, done.err) == (0, "")
    assert "60,63,68,76,90,112,148,199" in done.lines
    files = {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("fig7.*")}
    assert files == {"out/xia-fig7/fig7.csv", "out/xia-fig7/fig7.png"}


@pytest.mark.parametrize("name", list(reproductions.REPRODUCTIONS))
def test_every_reproduction_names_a_function(name: str) -> None:
    """A line of the register leads to a function that takes a folder and a function for its progress."""
    module, _, function = reproductions.REPRODUCTIONS[name].place.partition(":")
    found = getattr(import_module(f"energy_trading.bench.papers.{module}"), function)
    assert list(inspect.signature(found).parameters)[:2] == ["out", "say"]


def test_revert_given_unknown_reproduction(tmp_path: Path) -> None:
    """The library names those there are, as the command does."""
    with pytest.raises(BadInput) as caught:
        reproductions.reproduce("fig8", tmp_path)
    assert str(caught.value) == (
        f"there is no reproduction 'fig8'; choose one of {', '.join(reproductions.REPRODUCTIONS)}"
    )


def test_bench_gas_prints_the_committed_numbers() -> None:
    """The command's table holds every scenario of snapshots/gas.json with its gas."""
    from energy_trading.chain.compile import ROOT

    committed = json.loads((ROOT / "snapshots" / "gas.json").read_text())["scenarios"]
    done = cli("bench", "gas", "--no-growth", env={"COLUMNS": "200"})
    assert done.status == 0
    assert all(line.startswith("measuring: ") for line in done.err.splitlines()), done.err
    for name, gas in committed.items():
        assert any(name in line and f" {gas:,} " in line for line in done.lines), name
