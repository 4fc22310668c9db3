"""`keys`, `pkg`, `dso`, `account request` and `finish`: files and their order, without a node."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.files.key_file import load_key, save_key
from energy_trading.identity import PKG
from energy_trading.identity._enrolment_json import answer_from_json
from tests.client.cli_runs import Done, cli

PASSWORDS = {
    "ENERGY_TRADING_PASSWORD": "household",
    "ENERGY_TRADING_PKG_PASSWORD": "pkg",
    "ENERGY_TRADING_DSO_PASSWORD": "dso",
    "ENERGY_TRADING_IDENTITY": "Alice Example",
}
PKG_FILES = ("--pkg-key", "pkg.key", "--pkg-state", "pkg.json")
SET_UP = ("--dso-share", "share.json", *PKG_FILES, "--parameters", "parameters.json")
ADOPT = ("--dso-key", "dso.key", "--dso-state", "dso.json", "--parameters", "parameters.json")
REQUEST = ("--request-key", "request.key", "--out", "request.json")
FINISH = ("answer.json", "--request", "request.json", "--request-key", "request.key")
TO_KEY = ("--parameters", "parameters.json", "--account-key", "account.key")


def run(command: str, *arguments: object, **env: str) -> Done:
    return cli(*command.split(), *arguments, env=PASSWORDS | env)


def done(command: str, *arguments: object) -> str:
    """Run a command that succeeds; what it printed."""
    ran = run(command, *arguments)
    assert (ran.status, ran.err) == (0, "")
    return ran.out.rstrip()


def refused(command: str, *arguments: object, **env: str) -> str:
    """Run a command that is refused in one line and changes no file; the line."""
    before = files()
    ran = run(command, *arguments, **env)
    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1), ran
    assert files() == before
    return ran.err.removeprefix("error: ").rstrip()


def files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path().iterdir()}


def change(name: str, **fields: Any) -> None:
    content = json.loads(Path(name).read_text())
    Path(name).write_text(json.dumps(content | fields))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder; key files cost no second to open."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(save_key, "__defaults__", (2,))
    for name in [name for name in os.environ if name.startswith("ENERGY_TRADING_")]:
        monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def authorities() -> str:
    """PKG and DSO, set up; the registrar's address."""
    done("dso setup", "--dso-key", "dso.key", "--share", "share.json")
    registrar = done("pkg setup", *SET_UP)
    done("dso adopt", *ADOPT)
    return registrar


def test_key_file_is_made_once(folder: Path) -> None:
    """A key is private from the first, opened by its password only, and never overwritten."""
    address = done("keys make", "a.key")
    assert load_key(folder / "a.key", "household").address == address
    assert stat.S_IMODE((folder / "a.key").stat().st_mode) == 0o600
    assert done("keys address", "a.key") == address
    assert refused("keys make", "a.key") == "a.key exists already and is not overwritten"
    wrong = refused("keys address", "a.key", ENERGY_TRADING_PASSWORD="wrong")
    assert wrong == "key file a.key: the password does not open it"
    assert refused("keys make", "b.key", ENERGY_TRADING_PASSWORD="") == ("the password must not be empty")
    there_is_none = "FILE: no/a.key cannot be written (the folder does not exist)"
    assert refused("keys make", "no/a.key") == there_is_none
    os.chmod("a.key", 0o640)
    assert (
        refused("keys address", "a.key") == "a.key has mode 0640: others may use it; it must be 0600 or less"
    )
    assert done("keys make", "m.key", "--password-from", "ENERGY_TRADING_PKG_PASSWORD") == (
        load_key(folder / "m.key", "pkg").address
    )


def test_new_password_is_asked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the variable a prompt asks until both answers are the same; nothing of them is printed."""
    answers = iter(["one", "other", "same", "same"])
    monkeypatch.setattr("getpass.getpass", lambda *_, **__: next(answers))
    ran = cli("keys", "make", "a.key")
    assert ran.status == 0, ran.err
    assert load_key(Path("a.key"), "same").address == ran.out.strip()
    assert "same" not in ran.err


def test_set_up_again_changes_nothing(authorities: str) -> None:
    """Set-up and adoption may be repeated; half of it is finished by the second run (C-1)."""
    before = files()
    assert done("pkg setup", *SET_UP) == authorities
    done("dso adopt", *ADOPT)
    assert files() == before
    Path("parameters.json").unlink()
    assert done("pkg setup", *SET_UP) == authorities
    done("dso adopt", *ADOPT)
    assert (
        json.loads(files()["parameters.json"])["issueKey"]
        == json.loads(before["parameters.json"])["issueKey"]
    )


def test_foreign_share_and_parameters_are_refused(authorities: str) -> None:
    """Neither authority exchanges the other's half under running certificates (C-10)."""
    done("dso setup", "--dso-key", "dso2.key", "--share", "share2.json")
    other = ("--dso-share", "share2.json")
    assert refused("pkg setup", *SET_UP, *other) == (
        "--dso-share: share2.json is not from the DSO that pkg.json names"
    )
    pkg2 = ("--pkg-key", "pkg2.key", "--pkg-state", "pkg2.json", "--parameters", "parameters2.json")
    done("pkg setup", *other, *pkg2)
    assert refused("dso adopt", *ADOPT, "--parameters", "parameters2.json") == (
        "--parameters: the parameters are not those of dso.json"
    )
    rogue = refused("dso adopt", *ADOPT, "--dso-state", "new.json", "--parameters", "parameters2.json")
    assert rogue == "DSO does not prove that it holds this trace key"
    wrong = refused("pkg setup", *SET_UP, ENERGY_TRADING_PKG_PASSWORD="wrong")
    assert wrong == "key file pkg.key: the password does not open it"
    assert refused("pkg ban", "--pkg-key", "pkg2.key", "--pkg-state", "pkg.json").startswith(
        "state file pkg.json"
    )


def test_enrolment_step_by_step(authorities: str) -> None:
    """Request, certificate, key; each step once, and the request is for nothing else afterwards (C-2)."""
    done("account request", *REQUEST, "--role", "consumer")
    assert refused("account request", *REQUEST).startswith("request.key exists already")
    issue = ("request.json", "--checked", *PKG_FILES, "--out", "answer.json")
    told = done("pkg issue", *issue)
    assert refused("pkg issue", *issue).startswith("answer.json exists already")
    account = done("account finish", *FINISH, *TO_KEY)
    assert told == f"certified account {account}; the answer for the person is in answer.json"
    assert refused("account finish", *FINISH, *TO_KEY).startswith("account.key exists already")
    assert done("keys address", "account.key") == account
    pkg = PKG.load(load_key(Path("pkg.key"), "pkg"), Path("pkg.json"))
    assert pkg.certificate_of(account).head.roles == 2


def test_answer_of_another_request_is_refused(authorities: str) -> None:
    """Whose answer, request, key or parameters do not fit gets no account (C-2)."""
    done("account request", *REQUEST)
    done("account request", "--request-key", "r2.key", "--out", "r2.json")
    done("pkg issue", "r2.json", "--checked", *PKG_FILES, "--out", "answer.json")
    assert refused("account finish", *FINISH, *TO_KEY).startswith("the certificate does not fit ")
    mixed = refused(
        "account finish", "answer.json", "--request", "request.json", "--request-key", "r2.key", *TO_KEY
    )
    assert mixed == "--request-key: the key file r2.key does not belong to the request request.json"
    change("answer.json", identity="Bob Example")
    line = refused(
        "account finish", "answer.json", "--request", "r2.json", "--request-key", "r2.key", *TO_KEY
    )
    assert line == "the certificate does not have the identity that was asked for"


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (
            "account request --role king {r}",
            "the role must be one of producer, consumer, prosumer, not 'king'",
        ),
        ("account request --request-key a.key --out no/r.json", "--out: no/r.json cannot be written"),
        (
            "account request --request-key /proc/no/a --out r.json",
            "--request-key: /proc/no/a cannot be written",
        ),
        (
            "account request --identity {long} {r}",
            "the identity must have between 1 and 63 bytes of UTF-8, not 64",
        ),
        (
            "pkg issue share.json --checked {p} --out a.json",
            "request must have the keys ['identity', 'point', 'role']",
        ),
        (
            "pkg issue no.json --checked {p} --out a.json",
            "REQUEST: no.json cannot be read",
        ),
        (
            "pkg issue deep --checked {p} --out a.json",
            "REQUEST deep is JSON nested deeper than 100 levels",
        ),
        ("pkg issue request.json --checked {p} --out no/a.json", "--out: no/a.json cannot be written"),
        (
            "pkg issue request.json --checked {p} --out a.json --valid-until x",
            "--valid-until must be in unix seconds or",
        ),
        (
            "pkg issue request.json --checked {p} --out a.json --valid-until 5",
            "the validity must be 0 <= from",
        ),
        ("pkg ban --pkg-key pkg.key --pkg-state no/s.json", "--pkg-state: no/s.json cannot be read"),
        (
            "pkg ban --pkg-key no.key --pkg-state pkg.json",
            "--pkg-key: the file no.key does not exist",
        ),
        ("dso setup --dso-key dso.key --share share.json", "share.json exists already"),
        (
            "dso adopt --dso-key dso.key --dso-state no/s --parameters parameters.json",
            "--dso-state: no/s cannot be written",
        ),
    ],
)
def test_wrong_input(authorities: str, command: str, line: str) -> None:
    """One line states what is wrong and what would be right; no file changes, nor does PKG's state."""
    done("account request", *REQUEST)
    Path("deep").write_text("[" * 100_000)
    fills = {"p": " ".join(PKG_FILES), "r": "--request-key r.key --out r.json", "long": "x" * 64}
    assert refused(command.format(**fills)).startswith(line)


def test_papers_that_say_otherwise(authorities: str) -> None:
    """Without --checked the operator is shown the identity and asked; no answer is a no."""
    done("account request", *REQUEST)
    before = files()
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "energy_trading",
            "pkg",
            "issue",
            "request.json",
            *PKG_FILES,
            "--out",
            "a.json",
        ],
        env={**os.environ, **PASSWORDS},
        input="n\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout.strip()) == (130, "")
    assert "Do the papers state «Alice Example»?" in ran.stderr
    assert files() == before


def test_two_certificates_at_once(authorities: str) -> None:
    """Commands that write PKG's state at the same time lose no certificate, without which none is traced."""
    names = [f"r{i}" for i in range(3)]
    for name in names:
        done("account request", "--request-key", f"{name}.key", "--out", f"{name}.json")
    command = [sys.executable, "-m", "energy_trading", "pkg", "issue", "--checked", *PKG_FILES]
    runs = [
        subprocess.Popen(
            [*command, f"{name}.json", "--out", f"{name}.answer"], env={**os.environ, **PASSWORDS}
        )
        for name in names
    ]
    assert [run.wait() for run in runs] == [0] * len(names)
    pkg = PKG.load(load_key(Path("pkg.key"), "pkg"), Path("pkg.json"))
    for name in names:
        certificate = answer_from_json(json.loads(Path(f"{name}.answer").read_text())).certificate
        assert pkg.certificate_of(certificate.account(pkg.parameters.issue_key)) == certificate


@pytest.mark.parametrize("field", ["contribution", "ephemeral"])
@pytest.mark.parametrize("value", ["5ec2e7", "0x5ec2e7", "0x" + "5E" * 32, 12345, None])
def test_malformed_secret_is_not_repeated(authorities: str, field: str, value: Any) -> None:
    """An answer whose secret is garbled is refused by the field's name."""
    done("account request", *REQUEST)
    done("pkg issue", "request.json", "--checked", *PKG_FILES, "--out", "answer.json")
    change("answer.json", **{field: value})
    line = refused("account finish", *FINISH, *TO_KEY)
    assert line.startswith(f"{field} must ")
    assert "5e" not in line.lower()
    with pytest.raises(BadInput) as caught:
        answer_from_json(json.loads(Path("answer.json").read_text()))
    assert caught.value.__cause__ is None


def test_account_key_is_not_pkgs_to_know(authorities: str) -> None:
    """Nothing PKG has or made holds the account's key or the request's (C-2)."""
    done("account request", *REQUEST)
    done("pkg issue", "request.json", "--checked", *PKG_FILES, "--out", "answer.json")
    done("account finish", *FINISH, *TO_KEY)
    keys: list[SecretKey] = [load_key(Path(name), "household") for name in ("account.key", "request.key")]
    text = "".join(files()[name].decode() for name in ("pkg.json", "answer.json", "request.json")).lower()
    assert [key.address for key in keys if key.reveal().hex() in text] == []
