"""Sessions at rest: no key serves twice, whatever happens between two runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from energy_trading.errors import BadInput
from energy_trading.files.private_file import FileExposed
from energy_trading.files.whole_file import FileExists
from energy_trading.session import (
    MessageRefused,
    PriceProposal,
    Session,
    SessionFile,
    SessionFileRefused,
    SessionInUse,
    Text,
    UnknownContent,
    session_file,
)
from tests.client.session_actors import SUBJECT, alice, bob, mallory, talk


@pytest.fixture
def kept(tmp_path: Path) -> tuple[SessionFile, Session]:
    """Alice's end in a file, Bob's in memory."""
    one, two = talk()
    return SessionFile.create(tmp_path / "bob.session", one, alice().secret_key), two


def key_number(message: bytes) -> tuple[bytes, bytes]:
    """Return what names a message's key: ratchet key and number."""
    return message[18:50], message[54:58]


def test_conversation_goes_on_after_a_restart(kept: tuple[SessionFile, Session], tmp_path: Path) -> None:
    """C-6: both directions, and messages that were under way, work with the loaded session."""
    file, peer = kept
    late = peer.seal(Text("late"))
    assert peer.open(file.seal(PriceProposal(SUBJECT.lot_id, 4, 5))) == PriceProposal(SUBJECT.lot_id, 4, 5)
    assert file.open(peer.seal(Text("a"))) == Text("a")
    before = file.session
    file.close()
    with SessionFile.load(tmp_path / "bob.session", alice().secret_key) as again:
        assert again.session.to_json() == before.to_json()
        assert again.session.peer_account == bob().account
        assert again.open(late) == Text("late")
        assert peer.open(again.seal(Text("b"))) == Text("b")
        assert again.open(peer.seal(Text("c"))) == Text("c")


def test_no_key_serves_twice_after_a_crash(
    kept: tuple[SessionFile, Session], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C-6: a key is used up on disk before its message is seen, so a crash at any point loses at most one."""
    file, peer = kept
    path = tmp_path / "bob.session"
    seen = [file.seal(Text("before"))]
    os.close(file._lock)  # a crash: nothing is saved, the kernel frees the lock
    file = SessionFile.load(path, alice().secret_key)
    seen.append(file.seal(Text("after")))

    # A crash after writing and before sending.
    file.seal(Text("never leaves"))
    os.close(file._lock)
    file = SessionFile.load(path, alice().secret_key)
    seen.append(file.seal(Text("last")))
    assert len({key_number(message) for message in seen}) == 3
    assert [peer.open(message).text for message in seen] == ["before", "after", "last"]

    # A disk that is full: the message does not leave, and the next one has another key.
    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(session_file, "write_private", full)
        with pytest.raises(OSError, match="no space left on device"):
            file.seal(Text("not written"))
    assert key_number(file.seal(Text("x")))[1] == (6).to_bytes(4, "big")


def test_no_message_opens_twice_after_a_crash(kept: tuple[SessionFile, Session], tmp_path: Path) -> None:
    """C-6: what was opened before a crash is refused after it; so is what opened to nonsense."""
    file, peer = kept
    message = peer.seal(Text("once"))
    assert file.open(message) == Text("once")
    nonsense = peer.ratchet.seal(
        b"\0\2{}".ljust(256, b"\0"),
        peer.transcript + message[:18] + b"\0",
    )
    with pytest.raises(UnknownContent):
        file.open(message[:18] + nonsense)
    os.close(file._lock)
    with SessionFile.load(tmp_path / "bob.session", alice().secret_key) as again:
        for data in (message, message[:18] + nonsense):
            with pytest.raises(MessageRefused):
                again.open(data)


def test_refused_messages_cost_no_writing(
    kept: tuple[SessionFile, Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    """C-6: junk from a stranger does not make us write to the disk."""
    file, _ = kept
    monkeypatch.setattr(session_file, "write_private", lambda *_, **__: pytest.fail("written"))
    with pytest.raises(MessageRefused):
        file.open(bytes(400))


def test_file_is_private_and_shows_nothing(kept: tuple[SessionFile, Session], tmp_path: Path) -> None:
    """C-6: mode 0600 from the first moment, encrypted, and nothing else is left but an empty lock."""
    file, _ = kept
    path = tmp_path / "bob.session"
    file.seal(Text("x"))
    assert path.stat().st_mode & 0o777 == 0o600
    content = path.read_bytes()
    assert bob().account.encode() not in content
    assert file.session.transcript.hex().encode() not in content
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [".bob.session.lock", "bob.session"]
    assert (tmp_path / ".bob.session.lock").read_bytes() == b""


def test_revert_given_session_in_use(kept: tuple[SessionFile, Session], tmp_path: Path) -> None:
    """C-6: two users of one state would use a key twice, so there is one at a time."""
    file, _ = kept
    path = tmp_path / "bob.session"
    with pytest.raises(SessionInUse) as error:
        SessionFile.load(path, alice().secret_key)
    assert str(error.value) == f"the session file {path} is in use elsewhere, or was closed"
    file.close()
    file.close()
    for use in (lambda: file.seal(Text("x")), lambda: file.open(b"")):
        with pytest.raises(SessionInUse):
            use()
    SessionFile.load(path, alice().secret_key).close()


def test_revert_given_file_that_exists(kept: tuple[SessionFile, Session], tmp_path: Path) -> None:
    """C-6: a session never replaces another one; the refusal leaves the path free to load."""
    kept[0].close()
    path = tmp_path / "bob.session"
    with pytest.raises(FileExists):
        SessionFile.create(path, talk()[0], alice().secret_key)
    SessionFile.load(path, alice().secret_key).close()


def test_revert_given_changed_file_or_another_account(
    kept: tuple[SessionFile, Session], tmp_path: Path
) -> None:
    """C-6: one changed byte, a cut file or another account's key is a typed error."""
    kept[0].close()
    path = tmp_path / "bob.session"
    content = path.read_bytes()
    with pytest.raises(SessionFileRefused) as error:
        SessionFile.load(path, mallory().secret_key)
    assert str(error.value) == (f"the session file {path} does not open; it is damaged or another account's")
    for changed in (
        b"",
        content[:35],
        content[:-1],
        b"f" + content[1:],
        content[:50] + bytes([content[50] ^ 1]) + content[51:],
    ):
        path.write_bytes(changed)
        with pytest.raises(SessionFileRefused):
            SessionFile.load(path, alice().secret_key)
    path.write_bytes(content)
    SessionFile.load(path, alice().secret_key).close()


def test_revert_given_file_others_may_read(kept: tuple[SessionFile, Session], tmp_path: Path) -> None:
    """C-6: a session file with a permission for others is not used."""
    kept[0].close()
    path = tmp_path / "bob.session"
    path.chmod(0o640)
    with pytest.raises(FileExposed) as error:
        SessionFile.load(path, alice().secret_key)
    assert (error.value.path, error.value.mode) == (path, 0o640)


def test_revert_given_another_state() -> None:
    """C-6: a state of another form is refused by name."""
    state = talk()[0].to_json()
    del state["transcript"]
    with pytest.raises(BadInput, match=r"^session must have the keys "):
        Session.from_json(state)
