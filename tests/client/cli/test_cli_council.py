"""`council`: from the CA (certification authority) to the leader's check, by files."""

from __future__ import annotations

import io
import json
import os
import stat
from pathlib import Path

import pytest

from energy_trading.crypto.keys import SecretKey
from energy_trading.files.key_file import save_key
from tests.client.cli_runs import Done, cli

ACCOUNT = SecretKey.from_int(0xA11CE)
CA_FILES = ("--ca-key", "ca.key", "--ca-state", "ca.json")
SET_UP = ("ca", *CA_FILES, "--name", "Elm Street", "--out", "ca.pem")
ASK = (
    *("request", "--account-key", "account.key", "--node-key", "node.key", "--ca-certificate", "ca.pem"),
    *("--name", "Alice", "--chain-id", "31337", "--feeder", "7", "--out", "request.json"),
)
PASSWORDS = {
    "ENERGY_TRADING_PASSWORD": "account",
    "ENERGY_TRADING_CA_PASSWORD": "ca",
    "ENERGY_TRADING_NODE_PASSWORD": "node",
}


def run(*arguments: object) -> Done:
    return cli("council", *arguments, env=PASSWORDS)


def done(*arguments: object) -> str:
    ran = run(*arguments)
    assert (ran.status, ran.err) == (0, "")
    return ran.out.rstrip()


def refused(*arguments: object) -> str:
    """Run a command that is refused in one line and changes no file; the line."""
    before = {path.name: path.read_bytes() for path in Path().iterdir()}
    ran = run(*arguments)
    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1), ran
    assert {path.name: path.read_bytes() for path in Path().iterdir()} == before
    return ran.err.removeprefix("error: ").rstrip()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an account's key; key files cost no second to open."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(save_key, "__defaults__", (2,))
    for name in [name for name in os.environ if name.startswith("ENERGY_TRADING_")]:
        monkeypatch.delenv(name)
    save_key(tmp_path / "account.key", ACCOUNT, "account")
    return tmp_path


@pytest.fixture
def issued() -> dict[str, object]:
    """A certificate and a current list; what `issue` printed."""
    done(*SET_UP)
    done(*ASK)
    ran = run("issue", "request.json", *CA_FILES, "--checked", "--out", "alice.pem", "--json")
    done("revocations", *CA_FILES, "--out", "crl.pem")
    fields: dict[str, object] = ran.json
    return fields


def check(issued: dict[str, object], **changed: object) -> list[object]:
    options = {
        "request": "request.json",
        "ca-certificate": "ca.pem",
        "revocations": "crl.pem",
        "chain-id": 31337,
        "account": ACCOUNT.address,
        "feeder": 7,
        "hash": issued["hash"],
        **changed,
    }
    return ["check", "alice.pem", *(part for key, value in options.items() for part in (f"--{key}", value))]


def test_from_the_ca_to_the_leader(issued: dict[str, object], folder: Path) -> None:
    """Z-1, Z-2: what the leader reads is what was asked for; keys are private, certificates are not."""
    assert run(*check(issued), "--json").json == issued
    assert (issued["name"], issued["account"], issued["feeder"]) == ("Alice", ACCOUNT.address, 7)
    assert isinstance(issued["serialNumber"], str)
    assert done(*check(issued)).startswith(
        f"Alice, account {ACCOUNT.address} on chain 31337, feeder 7, valid"
    )
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert {name for name, mode in modes.items() if mode != 0o600} == {"ca.pem", "alice.pem", "crl.pem"}


def test_set_up_is_finished_by_repeating_it(folder: Path) -> None:
    """A set-up that stopped halfway goes on; another CA's certificate is not taken for its own."""
    first = done(*SET_UP)
    pem = (folder / "ca.pem").read_bytes()
    (folder / "ca.pem").unlink()
    assert done(*SET_UP) == first
    assert (folder / "ca.pem").read_bytes() == pem
    (folder / "ca.pem").write_bytes(b"another")
    assert refused(*SET_UP) == "--out: ca.pem is not the certificate of the CA of ca.json"


def test_operator_is_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --checked nothing is certified before the operator agrees."""
    done(*SET_UP)
    done(*ASK)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    ran = run("issue", "request.json", *CA_FILES, "--out", "alice.pem")
    assert f"Is «Alice» on feeder 7, with account {ACCOUNT.address}?" in ran.err
    assert ran.status != 0
    assert not (folder / "alice.pem").exists()


def test_revert_given_revoked(issued: dict[str, object]) -> None:
    """Z-1: after `revoke` and a new list, the leader refuses."""
    assert done("revoke", ACCOUNT.address, *CA_FILES) == "revoked 1; publish a new revocation list"
    done(*check(issued))
    done("revocations", *CA_FILES, "--out", "crl.pem")
    assert "the verifier's certificate was revoked at" in refused(*check(issued))
    stranger = SecretKey.from_int(3).address
    assert refused("revoke", stranger, *CA_FILES) == f"this CA has issued no certificate for {stranger}"


def test_revert_given_replayed_request(issued: dict[str, object]) -> None:
    """Z-2: one request, one certificate."""
    line = refused("issue", "request.json", *CA_FILES, "--checked", "--out", "again.pem")
    assert line == "this request was answered already; a new certificate needs a new request"


@pytest.mark.parametrize(
    ("option", "value", "line"),
    [
        ("feeder", 8, "the verifier's certificate is refused: its feeder is wrong"),
        ("chain-id", 1, "the verifier's certificate is refused: its chain is wrong"),
        (
            "account",
            SecretKey.from_int(3).address,
            "the verifier's certificate is refused: its account is wrong",
        ),
        ("account", "0x12", "--account must be an address, not '0x12'"),
        ("hash", "0x12", "--hash must have 32 bytes, not 1"),
        ("ca-certificate", "missing.pem", "--ca-certificate: missing.pem cannot be read"),
        ("revocations", "ca.pem", "bytes are not a revocation list in PEM form"),
        ("request", "ca.pem", "--request ca.pem is not JSON"),
    ],
)
def test_revert_given_another_value(issued: dict[str, object], option: str, value: object, line: str) -> None:
    """Z-2: each is one plain sentence."""
    assert line in refused(*check(issued, **{option: value}))


def test_revert_given_changed_request(issued: dict[str, object], folder: Path) -> None:
    """Z-2: a request with another deadline is not the one that the account signed."""
    content = json.loads((folder / "request.json").read_text())
    (folder / "request.json").write_text(json.dumps({**content, "deadline": content["deadline"] + 1}))
    assert refused(*check(issued)) == (
        "the request for a verifier's certificate is refused: its account's signature is wrong"
    )
