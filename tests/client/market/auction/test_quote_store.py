"""The journal of a bidder's own quotes."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from energy_trading.crypto.keys import SecretKey
from energy_trading.crypto.sealed_quote import open_quote
from energy_trading.errors import BadInput
from energy_trading.files.journal import JournalClosed, JournalCorrupt, JournalLocked
from energy_trading.market.auction.quote_store import OwnQuote, QuoteStatus, QuoteStore

KEY, ACCOUNT = SecretKey.from_int(0xA0C7104), SecretKey.from_int(11)
ONE, TWO = b"\1" * 32, b"\2" * 32
PLACE: dict[str, Any] = {"chain_id": 1, "contract": "0x" + "c0" * 20, "bidder": ACCOUNT.address}


def put(store: QuoteStore, amount: int, auction_id: bytes = ONE) -> OwnQuote:
    return store.seal(amount, KEY.public_key, auction_id=auction_id, **PLACE)


def test_restart_loses_nothing(tmp_path: Path) -> None:
    """X-5: quotes, their proofs and what became of them are there again after a restart."""
    path = tmp_path / "quotes"
    store = QuoteStore(path)
    first, second, third = put(store, 100), put(store, 120), put(store, 90, TWO)
    store.mark(first.quote.cx, QuoteStatus.SENT)
    store.mark(first.quote.cx, QuoteStatus.SENT)
    store.mark(first.quote.cx, QuoteStatus.LOST)
    store.mark(second.quote.cx, QuoteStatus.WON)
    store.close()
    again = QuoteStore(path)
    assert again.quotes() == [
        replace(first, status=QuoteStatus.LOST),
        replace(second, status=QuoteStatus.WON),
        third,
    ]
    assert again.quotes(TWO) == [third]
    assert [own.amount for own in again.quotes(ONE)] == [100, 120]
    assert all(own.is_proved() for own in again.quotes())
    assert open_quote(KEY, third.quote, auction_id=TWO, **PLACE) == 90
    assert len(path.read_text().splitlines()) == 6


def test_quote_is_on_the_disk_before_it_can_be_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """X-5: `seal` returns after the sync; if the disk refuses there is no quote to send."""
    path = tmp_path / "quotes"
    store, synced = QuoteStore(path), []
    synchronise = os.fsync

    def look(descriptor: int) -> None:
        synchronise(descriptor)
        synced.append(path.read_text())

    monkeypatch.setattr(os, "fsync", look)
    own = put(store, 100)
    assert [json.loads(text)["cx"] for text in synced] == ["0x" + own.quote.cx.hex()]

    def refuse(descriptor: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="disk full"):
        put(store, 110)
    assert store.quotes() == [own]
    with pytest.raises(JournalClosed):
        put(store, 110)


def test_file_is_private_and_has_no_account_key(tmp_path: Path) -> None:
    """X-5: mode 0600 whatever the umask, and never the key that spends money."""
    before = os.umask(0)
    try:
        store = QuoteStore(tmp_path / "quotes")
    finally:
        os.umask(before)
    put(store, 100)
    assert (tmp_path / "quotes").stat().st_mode & 0o777 == 0o600
    text = (tmp_path / "quotes").read_text()
    assert ACCOUNT.reveal().hex() not in text
    assert KEY.reveal().hex() not in text
    assert set(json.loads(text)) == {
        "amount",
        "key",
        "chainId",
        "contract",
        "auction",
        "bidder",
        "ephemeral",
        "cx",
        "body",
    }
    with pytest.raises(JournalLocked):
        QuoteStore(tmp_path / "quotes")


def test_amount_and_ephemeral_do_not_show() -> None:
    """X-5: until the quotes are opened, no repr tells what was quoted."""
    store = QuoteStore(None)
    own = put(store, 987_654_321)
    for text in (repr(own), repr(store)):
        assert "987654321" not in text
        assert own.ephemeral.reveal().hex() not in text
        assert own.ephemeral.address not in text


def test_another_amount_is_not_proved() -> None:
    """X-5: nobody can claim to have quoted another amount, for another auction or as another bidder."""
    own = put(QuoteStore(None), 100)
    assert own.is_proved()
    for change in (
        {"amount": 101},
        {"auction_id": TWO},
        {"bidder": KEY.address},
        {"ephemeral": SecretKey.generate()},
        {"quote_public_key": ACCOUNT.public_key},
    ):
        assert not replace(own, **change).is_proved()


def test_torn_last_line_is_dropped(tmp_path: Path) -> None:
    """X-5: a crash inside a write loses the quote that was never handed out, and no other."""
    path = tmp_path / "quotes"
    store = QuoteStore(path)
    own = put(store, 100)
    store.close()
    with path.open("a") as file:
        file.write('{"cx":"0x12')
    assert QuoteStore(path).quotes() == [own]


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 101},
        {"bidder": KEY.address},
        {"ephemeral": "0x" + "00" * 32},
        {"cx": "0x12"},
        {"cx": None},
        {"contract": 7},
        {"chainId": "one"},
        {"more": 1},
        {"status": "paid"},
        {"status": "sent"},
    ],
    ids=str,
)
def test_revert_given_changed_journal(tmp_path: Path, change: dict[str, Any]) -> None:
    """X-5: a line that no store wrote is an error that names the file, and the file is left alone."""
    path = tmp_path / "quotes"
    store = QuoteStore(path)
    put(store, 100)
    store.close()
    text = json.dumps(json.loads(path.read_text()) | change) + "\n"
    path.write_text(text)
    for _ in range(2):  # the lock is released
        with pytest.raises(JournalCorrupt) as error:
            QuoteStore(path)
        assert str(error.value) == f"journal {path}: a fact is not one of own quotes"
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        ("sent sealed", "a quote that is sent cannot become sealed, only: lost, won"),
        ("won lost", "a quote that is won cannot become lost, only: nothing"),
        ("lost sent", "a quote that is lost cannot become sent, only: nothing"),
    ],
)
def test_revert_given_status_going_back(tmp_path: Path, steps: str, text: str) -> None:
    """X-5: what became of a quote is not unlearned, and a refused status leaves no line behind."""
    store = QuoteStore(tmp_path / "quotes")
    own = put(store, 100)
    first, second = map(QuoteStatus, steps.split())
    store.mark(own.quote.cx, first)
    with pytest.raises(BadInput) as error:
        store.mark(own.quote.cx, second)
    assert str(error.value) == text
    store.close()
    assert QuoteStore(tmp_path / "quotes").find(own.quote.cx).status == first


def test_revert_given_unknown_quote() -> None:
    """X-5: only own quotes are in the store."""
    with pytest.raises(BadInput) as error:
        QuoteStore(None).mark(ONE, QuoteStatus.SENT)
    assert str(error.value) == f"no quote has cx 0x{ONE.hex()}; the store has 0 quotes"
