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


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("ENERGY_TRADING_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("deploy", "--pkg", A), "owner: given nothing, allowed an address"),
        (("deploy", *ALL, "--owner", "0x1"), "owner: given '0x1', allowed an address"),
        (("deploy", *ALL, "--set", "fee_bps"), "--set: given 'fee_bps', allowed FIELD=VALUE"),
        (("deploy", *ALL, "--set", "fee_bps=no"), "fee_bps: given 'no', allowed an integer of 0 or more"),
        (("deploy", *ALL, "--set", "credit=1", "--set", "credit.z0=1"), "--set: given 'credit.z0=1'"),
        (("deploy", *ALL, "--set", "credit.z=1"), "parameter: given credit.z, allowed k1_e9"),
        (("deploy", "--config", "no.json"), "--config: no.json cannot be read"),
        (("deploy", "--config", "list.json"), "--config: given list.json, allowed a file with one object"),
        (("deploy", "--config", "bad.json", *ALL), "parameter: given fee, allowed owner"),
        (
            ("deploy", *ALL),
            "sender: given nothing, allowed --unlocked, --key-file or the variable ENERGY_TRADING_KEY",
        ),
        (
            ("deploy", *ALL, "--unlocked", A, "--key-file", "key.json"),
            "sender: given --unlocked and --key-file, allowed one of them",
        ),
        (("deploy", *ALL, "--unlocked", "me"), "--unlocked: given 'me', allowed an address"),
        (("deploy", *ALL, "--key-file", "no.json"), "--key-file: given no.json, allowed a file that exists"),
        (("verify", "--rpc", "ftp://a"), "rpc_url: given ftp://a, allowed http://… or https://…"),
        (("accounts", "--role", "judge"), "--role: given 'judge', allowed producer, consumer, prosumer"),
        (("offers", "--account", "me"), "--account: given 'me', allowed an address"),
        (("trades", "--state", "lost"), "--state: given 'lost', allowed open, accepted, delivered"),
        (("auctions", "--state", "lost"), "--state: given 'lost', allowed quoting, key disclosed, settled"),
        (("lots", "--state", "lost"), "--state: given 'lost', allowed held, retired, split, merged"),
        (("lots", "--how", "found"), "--how: given 'found', allowed minted, split, merged, exchanged"),
        (("lots", "--account", "me"), "--account: given 'me', allowed an address"),
        (("lots", "--since", "noon"), "--since: given 'noon', allowed unix seconds or ISO 8601 with a zone"),
        (
            ("lots", "--until", "2026-03-01 12:00"),
            "--until: given '2026-03-01 12:00', allowed unix seconds or ISO 8601 with a zone",
        ),
        (("watch", "--from-block", "-1"), "--from-block: given -1, allowed 0 or more"),
        (("reproduce", "fig8"), "reproduction: given 'fig8', allowed list, all, xia-fig7"),
        (("reproduce", "all"), "--out: given nothing, allowed a folder"),
        (("reproduce", "all", "--out", "/proc/no"), "--out: given /proc/no, allowed a folder that can be"),
    ],
)
def test_wrong_input_is_one_line(arguments: tuple[str, ...], line: str, tmp_path: Path) -> None:
    """The line names what was given and what is allowed; nothing is left behind."""
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
        "error: ENERGY_TRADING_KEY: given no key (it is not repeated here), allowed 64 hex digits\n"
    )
    done = cli("deploy", *ALL, env={"ENERGY_TRADING_KEY": "0" * 64})
    assert done.err == (
        "error: ENERGY_TRADING_KEY: given no key (it is not repeated here), allowed 64 hex digits\n"
    )


def test_wrong_password_is_one_line(tmp_path: Path) -> None:
    """A key file opens with its own password only, which is not repeated."""
    save_key(tmp_path / "key.json", SecretKey.from_int(7), "right", work_factor=2)
    done = cli("deploy", *ALL, "--key-file", "key.json", env={"ENERGY_TRADING_PASSWORD": "wrong"})
    assert done.err == "error: key file key.json: the password does not open it\n"


def test_no_node_is_one_line() -> None:
    """Where nobody answers, that is told, without the path, which may hold a key of the provider."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/secret"
        done = cli("verify", "--rpc", url)
    assert (done.status, done.err) == (1, f"error: no node answers at {url.removesuffix('/secret')}\n")


def test_reproductions_are_listed() -> None:
    """The list names each in a line."""
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
    """A line of the register leads to a function that takes a folder and somebody to tell."""
    module, _, function = reproductions.REPRODUCTIONS[name].place.partition(":")
    found = getattr(import_module(f"energy_trading.bench.papers.{module}"), function)
    assert list(inspect.signature(found).parameters)[:2] == ["out", "say"]


def test_revert_given_unknown_reproduction(tmp_path: Path) -> None:
    """The library names those there are, as the command does."""
    with pytest.raises(BadInput) as caught:
        reproductions.reproduce("fig8", tmp_path)
    assert str(caught.value) == (
        f"reproduction: given 'fig8', allowed {', '.join(reproductions.REPRODUCTIONS)}"
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
