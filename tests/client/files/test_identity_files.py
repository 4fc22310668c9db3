"""Key files and state files."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.files import key_file
from energy_trading.files.key_file import WrongPassword, load_key, save_key
from energy_trading.files.private_file import FileExposed
from energy_trading.files.state_file import StateForged
from energy_trading.files.whole_file import FileExists
from energy_trading.identity import DSO, PKG, PersonBanned, TracingProof
from tests.client.identity_actors import ALICE, BOB, authorities, enrol, opened

CHEAP = 16


def test_key_file_round_trip(tmp_path: Path) -> None:
    """C-2: a key comes back from its file, which shows neither secret nor password."""
    key, path = SecretKey.generate(), tmp_path / "key.json"
    save_key(path, key, "correct horse", CHEAP)
    assert load_key(path, "correct horse") == key
    text = path.read_text()
    assert key.reveal().hex() not in text
    assert "correct horse" not in text
    assert json.loads(text)["crypto"]["kdf"] == "scrypt"
    assert json.loads(text)["crypto"]["kdfparams"]["n"] == CHEAP


def test_default_work_factor_is_the_standard_one() -> None:
    """C-2: without a word about it, scrypt works as hard as Ethereum clients make it."""
    assert key_file.WORK_FACTOR == 262_144
    assert save_key.__defaults__ == (262_144,)


def test_file_is_private_and_whole_from_its_first_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C-2: the draft is 0600 before a byte is in it, the file too, and nothing else stays behind."""
    seen = []
    synchronise, change_mode = os.fsync, os.fchmod

    def look(descriptor: int) -> None:
        seen.append(os.fstat(descriptor).st_mode & 0o777)
        seen.append((tmp_path / "key.json").exists())

    def look_and_synchronise(descriptor: int) -> None:
        look(descriptor)
        synchronise(descriptor)

    def look_and_change_mode(descriptor: int, mode: int) -> None:
        look(descriptor)
        change_mode(descriptor, mode)

    monkeypatch.setattr(os, "fsync", look_and_synchronise)
    monkeypatch.setattr(os, "fchmod", look_and_change_mode)
    before = os.umask(0)
    try:
        save_key(tmp_path / "key.json", SecretKey.generate(), "pw", CHEAP)
    finally:
        os.umask(before)
    assert seen == [0o600, False] * 2
    assert (tmp_path / "key.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["key.json"]


def test_revert_given_file_that_exists(tmp_path: Path) -> None:
    """C-2: a key is never overwritten, and a refused writing leaves nothing behind."""
    path, key = tmp_path / "key.json", SecretKey.generate()
    save_key(path, key, "pw", CHEAP)
    with pytest.raises(FileExists) as error:
        save_key(path, SecretKey.generate(), "pw", CHEAP)
    assert str(error.value) == f"{path} exists already and is not overwritten"
    assert load_key(path, "pw") == key
    assert [entry.name for entry in tmp_path.iterdir()] == ["key.json"]


def test_revert_given_wrong_password(tmp_path: Path) -> None:
    """C-2: another password is a typed error that repeats none of the two."""
    path = tmp_path / "key.json"
    save_key(path, SecretKey.generate(), "right-password", CHEAP)
    with pytest.raises(WrongPassword) as error:
        load_key(path, "bad-password")
    assert str(error.value) == f"key file {path}: the password does not open it"
    with pytest.raises(WrongPassword) as error:
        load_key(path, "pw\udcff")
    assert not isinstance(error.value.__cause__, UnicodeError), "its object would hold the password"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610])
def test_revert_given_file_others_may_use(tmp_path: Path, mode: int) -> None:
    """C-2: a key file with any permission for group or world is not used."""
    path = tmp_path / "key.json"
    save_key(path, SecretKey.generate(), "pw", CHEAP)
    path.chmod(mode)
    with pytest.raises(FileExposed) as error:
        load_key(path, "pw")
    assert (error.value.path, error.value.mode) == (path, mode)
    assert str(error.value) == f"{path} has mode {mode:04o}: others may use it; it must be 0600 or less"


@pytest.mark.parametrize("content", ["[]", "{}", '{"version": 1}', '{"version": 3, "crypto": {}}', "7"])
def test_revert_given_another_json(tmp_path: Path, content: str) -> None:
    """C-2: a file of another kind is a typed error, not a crash."""
    path = tmp_path / "key.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(BadInput) as error:
        load_key(path, "pw")
    assert str(error.value) == (f"key file {path} is not in the Web3 Secret Storage format, version 3")


def test_revert_given_no_json(tmp_path: Path) -> None:
    """C-2: the text of a file that is no JSON is not repeated."""
    path = tmp_path / "key.json"
    path.write_text("secret notes")
    path.chmod(0o600)
    with pytest.raises(BadInput) as error:
        load_key(path, "pw")
    assert str(error.value) == f"key file {path} is not JSON (12 characters)"


def test_revert_given_deep_nesting(tmp_path: Path) -> None:
    """C-2: brackets without end are a typed error also where py_ecc lifted the limit; they end no process."""
    path = tmp_path / "key.json"
    path.write_text("[" * 100_000)
    path.chmod(0o600)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    try:
        with pytest.raises(BadInput) as error:
            load_key(path, "pw")
        assert sys.getrecursionlimit() == 100_000
    finally:
        sys.setrecursionlimit(limit)
    assert str(error.value) == f"key file {path} is JSON nested deeper than 100 levels"


def test_revert_given_work_factor_of_nothing(tmp_path: Path) -> None:
    """C-2: a key file whose scrypt has no blocks is a typed error."""
    path = tmp_path / "key.json"
    save_key(path, SecretKey.generate(), "pw", CHEAP)
    content = json.loads(path.read_text())
    content["crypto"]["kdfparams"]["r"] = 0
    path.write_text(json.dumps(content))
    with pytest.raises(BadInput) as error:
        load_key(path, "pw")
    assert str(error.value) == (f"key file {path} is not in the Web3 Secret Storage format, version 3")


def test_revert_given_changed_start_value(tmp_path: Path) -> None:
    """C-2: the format's MAC leaves out the IV; a changed one would give another key and is noticed."""
    path = tmp_path / "key.json"
    save_key(path, SecretKey.generate(), "pw", CHEAP)
    content = json.loads(path.read_text())
    content["crypto"]["cipherparams"]["iv"] = "11" * 16
    path.write_text(json.dumps(content))
    with pytest.raises(BadInput) as error:
        load_key(path, "pw")
    assert str(error.value) == (f"key file {path}: the key in it does not belong to the address in it")


def test_revert_given_no_password_or_work_factor(tmp_path: Path) -> None:
    """C-2: an empty password and a work factor scrypt cannot use are refused before any file is made."""
    with pytest.raises(BadInput) as error:
        save_key(tmp_path / "key.json", SecretKey.generate(), "", CHEAP)
    assert str(error.value) == "the password must not be empty"
    with pytest.raises(BadInput) as error:
        save_key(tmp_path / "key.json", SecretKey.generate(), "pw\udcff", CHEAP)
    assert str(error.value) == "the password must be UTF-8"
    assert (error.value.__cause__, error.value.__suppress_context__) == (None, True)
    with pytest.raises(BadInput) as error:
        save_key(tmp_path / "key.json", SecretKey.generate(), "pw", 1000)
    assert str(error.value) == "the work factor must be a power of two above 1, not 1000"
    assert list(tmp_path.iterdir()) == []


def test_authorities_survive_a_restart(tmp_path: Path) -> None:
    """C-2, C-10: after a restart certificates are known, bans hold and old accounts can be traced."""
    dso_root, pkg_root = SecretKey.generate(), SecretKey.generate()
    dso = DSO(dso_root)
    pkg = PKG(pkg_root, dso.share)
    dso.adopt(pkg.parameters)
    member = enrol(pkg, ALICE)
    pkg.save(tmp_path / "pkg.json")
    pkg.ban_person(BOB)
    pkg.save(tmp_path / "pkg.json")
    dso.save(tmp_path / "dso.json")
    again, dso_again = PKG.load(pkg_root, tmp_path / "pkg.json"), DSO.load(dso_root, tmp_path / "dso.json")
    certificate = again.certificate_of(member.account)
    assert certificate == member.certificate
    with pytest.raises(PersonBanned):
        enrol(again, BOB)
    halves = [opened(again, certificate), opened(dso_again, certificate)]
    proof = TracingProof.combine(certificate, halves, pkg.parameters)
    assert proof.verify(pkg.parameters, member.account) == ALICE


def test_state_holds_no_secret_and_no_identity(tmp_path: Path) -> None:
    """C-2: whoever reads PKG's state learns certificates and the number of bans, no name and no key."""
    root = SecretKey.generate()
    dso = DSO(SecretKey.generate())
    pkg = PKG(root, dso.share)
    enrol(pkg, ALICE)
    pkg.ban_person(BOB)
    pkg.save(tmp_path / "pkg.json")
    text = (tmp_path / "pkg.json").read_text()
    secrets = [key.reveal().hex() for key in vars(pkg).values() if isinstance(key, SecretKey)]
    assert len(secrets) == 5
    for private in (*secrets, root.reveal().hex(), ALICE, BOB, ALICE.encode().hex(), BOB.encode().hex()):
        assert private not in text
    assert (tmp_path / "pkg.json").stat().st_mode & 0o777 == 0o600


def test_revert_given_changed_state(tmp_path: Path) -> None:
    """C-2: a ban cannot be edited out of the file, nor another authority's file be used."""
    dso = DSO(SecretKey.generate())
    root = SecretKey.generate()
    pkg = PKG(root, dso.share)
    pkg.ban_person(BOB)
    path = tmp_path / "pkg.json"
    pkg.save(path)
    with pytest.raises(StateForged):
        PKG.load(SecretKey.generate(), path)
    content = json.loads(path.read_text())
    content["state"]["banned"] = []
    path.write_text(json.dumps(content))
    with pytest.raises(StateForged) as error:
        PKG.load(root, path)
    assert str(error.value) == f"state file {path} was not written by this authority, or was changed since"


def test_revert_given_dso_without_parameters(tmp_path: Path) -> None:
    """C-1: a DSO that adopted nothing has nothing to save."""
    _, dso = authorities()
    dso.save(tmp_path / "dso.json")
    with pytest.raises(BadInput) as error:
        DSO(SecretKey.generate()).save(tmp_path / "new.json")
    assert str(error.value) == "the DSO has no parameters; it must first adopt those that PKG published"
