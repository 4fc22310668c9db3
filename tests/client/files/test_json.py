"""The one reader of JSON."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import pytest

from energy_trading.errors import BadInput
from energy_trading.files._json import (
    MAX_DEPTH,
    check_integer,
    check_list,
    check_object,
    check_text,
    from_hex,
    parse_json,
    read_json,
    reading,
)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, '["' + '\\"[' * 1000 + '"' + ",[" * 200])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-32"])
def test_revert_given_deep_nesting(text: str, encoding: str) -> None:
    """Brackets without end are a typed error in every encoding that JSON has."""
    for given in (text, text.encode(encoding)):
        with pytest.raises(BadInput) as error:
            parse_json(given, "file")
        assert str(error.value) == "file is JSON nested deeper than 100 levels"


def test_revert_given_quote_hidden_in_a_wide_character() -> None:
    """In UTF-16 a character may hold the byte of a quote; the brackets after it count nevertheless."""
    with pytest.raises(BadInput, match="nested deeper"):
        parse_json(('["\u2200",' + "[" * 100_000).encode("utf-16-le"), "file")


def test_depth_is_counted_outside_strings() -> None:
    """The deepest value that is allowed is read; brackets in texts, and side by side, do not count."""
    deepest = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert json.dumps(parse_json(deepest, "file")) == deepest
    with pytest.raises(BadInput):
        parse_json(f"[{deepest}]", "file")
    for value in ("[" * 1000, '\\"[{' * 1000, [[] for _ in range(1000)]):
        assert parse_json(json.dumps(value), "file") == value


def test_long_text_without_an_end_takes_no_longer_than_it_is() -> None:
    """The search for brackets does not start anew inside a string, which would take hours here."""
    with pytest.raises(BadInput, match="is not JSON"):
        parse_json("[" * 50 + "]" * 50 + "[" * 60 + '"' + '\\"' * 500_000, "file")


def test_guard_leaves_other_threads_alone() -> None:
    """The recursion limit belongs to the whole process, so the guard must not touch it, not for a moment."""
    text, seen, limit = '{"a": [1, "[[["]}' * 1, set[int](), sys.getrecursionlimit()
    done = threading.Event()

    def read() -> None:
        for _ in range(300):
            assert parse_json(text, "file") == {"a": [1, "[[["]}
            with pytest.raises(BadInput):
                parse_json("[" * 5000, "file")

    def watch() -> None:
        while not done.is_set():
            seen.add(sys.getrecursionlimit())

    watcher = threading.Thread(target=watch)
    readers = [threading.Thread(target=read) for _ in range(4)]
    for thread in (watcher, *readers):
        thread.start()
    for thread in readers:
        thread.join()
    done.set()
    watcher.join()
    assert seen == {limit}


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"\xed\xa0", b"nonsense that may be private"])
def test_revert_given_no_json(content: bytes, tmp_path: Path) -> None:
    """What is not JSON is refused with its length, and its text is not repeated."""
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(BadInput) as error:
        read_json("--file", path)
    assert str(error.value) == f"--file {path} is not JSON ({len(content)} characters)"


def test_revert_given_file_that_cannot_be_read(tmp_path: Path) -> None:
    """The error names the role of the file, its path and the reason."""
    with pytest.raises(BadInput) as error:
        read_json("--file", tmp_path / "no")
    assert str(error.value) == f"--file: {tmp_path / 'no'} cannot be read (No such file or directory)"


def test_values_are_checked_by_type() -> None:
    """Each reader returns what it was made for, and refuses everything else."""
    assert from_hex("0x00ff", "x", 2) == b"\0\xff"
    assert check_object({"a": 1}, "x", {"a"}) == {"a": 1}
    assert (check_list([1], "x"), check_text("a", "x"), check_integer(3, "x", most=3)) == ([1], "a", 3)
    for read, value, text in (
        (lambda v: from_hex(v, "x", 3), "0x00ff", "x must have 3 bytes, not 2"),
        (lambda v: from_hex(v, "x"), "0xFF", "x must be 0x and pairs of lower-case hexadecimal digits"),
        (lambda v: check_object(v, "x", {"a"}), [], "x must be a JSON object, not list"),
        (lambda v: check_object(v, "x", {"a"}), {"b": 1}, "x must have the keys ['a'], not ['b']"),
        (lambda v: check_list(v, "x"), {}, "x must be a JSON list, not dict"),
        (lambda v: check_text(v, "x"), 7, "x must be a JSON text, not int"),
        (lambda v: check_integer(v, "x", most=3), 4, "x must be between 0 and 3, not 4"),
        (lambda v: check_integer(v, "x"), True, "x must be an integer, not a bool"),
        (lambda v: check_integer(v, "x"), 1.0, "x must be an integer, not a float"),
    ):
        with pytest.raises(BadInput) as error:
            read(value)
        assert str(error.value).startswith(text)


@pytest.mark.parametrize(
    "stumble",
    [
        lambda: {}["a"],
        lambda: [][0],
        lambda: None + 1,
        lambda: int("x"),
        lambda: None.x,
        lambda: int(float("inf")),
    ],
)
def test_reading_turns_what_it_stumbles_over_into_one_error(stumble) -> None:
    """JSON of another form is one typed error; what was refused with its own text keeps it."""
    with pytest.raises(BadInput, match=r"^offer: a field is missing or malformed: "), reading("offer"):
        stumble()
    with pytest.raises(BadInput, match=r"^exactly this$"), reading("offer"):
        raise BadInput("exactly this")
