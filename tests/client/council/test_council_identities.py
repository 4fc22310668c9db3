"""Identities of homes: readable by the current verifier set only, handed over and erased (Z-3)."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from energy_trading.council import identity_store
from energy_trading.council.hand_over import (
    HandOver,
    HandOverReceipt,
    HandOverRefused,
    TooFewReceipts,
    check_receipts,
)
from energy_trading.council.home_identity import IdentityBox, IdentityForged, SignedIdentity, WrongSet
from energy_trading.council.identity_store import IdentityNotHeld, IdentityStore
from energy_trading.council.verifier_set import NotInSet, VerifierSet
from energy_trading.crypto.ecies import DecryptionFailed, encrypt
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.files.journal import JournalCorrupt
from energy_trading.files.whole_file import FileExists
from tests.client.council_actors import (
    CHAIN,
    COUNCIL,
    HOME,
    IDENTITY,
    NOW,
    Actor,
    signed_identity,
    verifier_set,
)

ALICE, BOB, CAROL, DAVE, ERIN = map(Actor.named, ("Alice", "Bob", "Carol", "Dave", "Erin"))
#: Carol is in both
OLD = verifier_set(1, ALICE, BOB, CAROL)
NEW = verifier_set(2, CAROL, DAVE, ERIN)
BOX = IdentityBox.seal(signed_identity(), OLD)


def opened(box: IdentityBox, verifiers: VerifierSet, actor: Actor) -> SignedIdentity:
    return box.open(verifiers, actor.account.address, actor.node.message)


def handed(by: Actor = ALICE) -> tuple[IdentityBox, HandOver]:
    return HandOver.make(BOX, OLD, NEW, by.account.address, by.node.message, NOW)


def receipt(by: Actor, box: IdentityBox, record: HandOver) -> HandOverReceipt:
    return HandOverReceipt.make(record, box, OLD, NEW, by.account.address, by.node.message, NOW)


def test_each_member_reads_and_nobody_else() -> None:
    """Z-3: encrypted once, with the content key encrypted to each member; the file shows only the account."""
    for member in (ALICE, BOB, CAROL):
        assert opened(BOX, OLD, member) == signed_identity()
    with pytest.raises(NotInSet) as error:
        opened(BOX, OLD, DAVE)
    assert str(error.value) == f"{DAVE.account.address} is not in verifier set 1"
    text = json.dumps(BOX.to_json())
    assert IdentityBox.from_json(json.loads(text)) == BOX
    assert HOME.address in text
    for secret in (IDENTITY.name, IDENTITY.contact, IDENTITY.meter.hex()):
        assert secret not in text
        assert secret not in repr((BOX, IDENTITY, signed_identity()))


def test_when_an_outsider_takes_a_members_place() -> None:
    """Z-3: Dave's key under Alice's account opens nothing, nor does a key that he wrapped himself."""
    with pytest.raises(DecryptionFailed):
        BOX.open(OLD, ALICE.account.address, DAVE.node.message)
    own = (ALICE.account.address, encrypt(DAVE.node.message.public_key, bytes(32), b""))
    with pytest.raises(DecryptionFailed):
        replace(BOX, keys=(own,)).open(OLD, ALICE.account.address, DAVE.node.message)


def test_length_does_not_tell_the_name() -> None:
    """Z-3: a longer name makes no longer file."""
    longer = replace(IDENTITY, name=IDENTITY.name * 5)
    box = IdentityBox.seal(SignedIdentity.sign(longer, HOME, CHAIN, COUNCIL), OLD)
    assert len(box.ciphertext) == len(BOX.ciphertext)


def test_revert_given_box_of_another_set() -> None:
    """Z-3: a box for the old set is none for the new one, also if somebody relabels it."""
    with pytest.raises(WrongSet):
        opened(BOX, NEW, CAROL)
    with pytest.raises(DecryptionFailed):
        opened(replace(BOX, verifiers=NEW.digest, version=2), NEW, CAROL)


@pytest.mark.parametrize(
    "box",
    [
        replace(BOX, ciphertext=BOX.ciphertext[:-1] + bytes([BOX.ciphertext[-1] ^ 1])),
        replace(BOX, home=ALICE.account.address),
        replace(BOX, keys=tuple((account, BOX.keys[0][1]) for account, _ in BOX.keys[::-1])),
        replace(BOX, keys=tuple((account, b"") for account, _ in BOX.keys)),
    ],
    ids=["ciphertext", "home", "key of another member", "no key"],
)
def test_revert_given_tampered_box(box: IdentityBox) -> None:
    """Z-3: nothing of a box can be changed."""
    with pytest.raises(DecryptionFailed):
        opened(box, OLD, CAROL if box.keys[0][0] != CAROL.account.address else ALICE)


def test_revert_given_identity_that_the_home_did_not_sign() -> None:
    """Z-3: no verifier can put another person behind a home."""
    forged = replace(signed_identity(), identity=replace(IDENTITY, name="Mallory"))
    with pytest.raises(IdentityForged):
        IdentityBox.seal(forged, OLD)
    elsewhere = SignedIdentity.sign(IDENTITY, HOME, CHAIN + 1, COUNCIL)
    with pytest.raises(IdentityForged):
        IdentityBox.seal(elsewhere, OLD)
    with pytest.raises(BadInput, match="names another account"):
        SignedIdentity.sign(IDENTITY, SecretKey.from_int(3), CHAIN, COUNCIL)


def test_revert_given_member_who_seals_a_forgery(monkeypatch: pytest.MonkeyPatch) -> None:
    """Z-3: a member of the old set that leaves out its own check is found out by whoever opens the box."""
    forged = replace(signed_identity(), identity=replace(IDENTITY, name="Mallory"))
    with monkeypatch.context() as cheating:
        cheating.setattr(SignedIdentity, "check", lambda *_: None)
        box = IdentityBox.seal(forged, OLD)
    with pytest.raises(IdentityForged):
        opened(box, OLD, BOB)


def test_hand_over_moves_the_identity_to_the_new_set() -> None:
    """Z-3: the new set reads what the home signed; who is only in the old one cannot read the new box."""
    box, record = handed()
    record.check(OLD, NEW, NOW)
    for member in (CAROL, DAVE, ERIN):
        assert opened(box, NEW, member) == signed_identity()
    with pytest.raises(NotInSet):
        opened(box, NEW, ALICE)
    assert HandOver.from_json(record.to_json()) == record
    confirmed = receipt(DAVE, box, record)
    assert HandOverReceipt.from_json(confirmed.to_json()) == confirmed


def test_member_of_the_old_set_can_keep_what_it_had() -> None:
    """Z-3, the limit: the old box opens for ever with the old member's key, if it kept a copy."""
    handed()
    assert opened(BOX, OLD, ALICE).identity == IDENTITY


def test_revert_when_an_outsider_hands_over() -> None:
    """Z-3: only a member of the old set."""
    with pytest.raises(NotInSet):
        handed(by=DAVE)


@pytest.mark.parametrize(
    "new",
    [
        verifier_set(1, DAVE, ERIN),
        replace(NEW, chain_id=CHAIN + 1),
        replace(NEW, council=ALICE.account.address),
    ],
    ids=["older", "another chain", "another council"],
)
def test_revert_given_set_that_does_not_follow(new: VerifierSet) -> None:
    """Z-3: hand over forwards only, within one council."""
    with pytest.raises(HandOverRefused, match="new set"):
        HandOver.make(BOX, OLD, new, ALICE.account.address, ALICE.node.message, NOW)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"home": ALICE.account.address}, "signature"),
        ({"old_box": bytes(32)}, "signature"),
        ({"new_box": bytes(32)}, "signature"),
        ({"member": BOB.account.address}, "signature"),
        ({"at": NOW - 1}, "signature"),
        ({"signature": bytes(64)}, "signature"),
        ({"at": NOW + 1}, "time"),
        ({"old_verifiers": bytes(32)}, "old set"),
        ({"new_verifiers": bytes(32)}, "new set"),
    ],
)
def test_revert_given_tampered_record(changed: dict[str, object], field: str) -> None:
    """Z-3: who, to which set and when are signed."""
    _, record = handed()
    with pytest.raises(HandOverRefused) as error:
        replace(record, **changed).check(OLD, NEW, NOW)
    assert error.value.field == field


def test_revert_given_box_of_another_hand_over() -> None:
    """Z-3: the box that is confirmed is the one in the record."""
    _, record = handed()
    box, _ = handed(by=BOB)
    with pytest.raises(HandOverRefused, match="box"):
        receipt(DAVE, box, record)


def test_receipts_need_a_quorum_of_different_members() -> None:
    """Z-3: a member cannot count twice, an outsider and a forged receipt not at all."""
    box, record = handed()
    dave, erin = receipt(DAVE, box, record), receipt(ERIN, box, record)
    check_receipts(record, [dave, erin], NEW)
    with pytest.raises(TooFewReceipts) as error:
        check_receipts(record, [dave, dave], NEW)
    assert (error.value.given, error.value.needed) == (1, 2)
    with pytest.raises(NotInSet):
        check_receipts(record, [dave, replace(erin, member=BOB.account.address)], NEW)
    with pytest.raises(HandOverRefused, match="receipt's signature"):
        check_receipts(record, [dave, replace(dave, member=ERIN.account.address)], NEW)
    _, other = handed(by=BOB)
    with pytest.raises(HandOverRefused, match="receipt"):
        check_receipts(other, [dave, erin], NEW)


@pytest.mark.parametrize(("members", "quorum"), [(1, 1), (2, 2), (3, 2), (4, 3), (7, 5)])
def test_quorum_is_two_thirds_rounded_up(members: int, quorum: int) -> None:
    """Z-2: as in an admission."""
    assert verifier_set(1, *(Actor.named(f"V{i}") for i in range(members))).quorum == quorum


MEMBERS = OLD.members


@pytest.mark.parametrize(
    "members",
    [
        (),
        MEMBERS[::-1],
        (MEMBERS[0], MEMBERS[0]),
        ((MEMBERS[0][0], MEMBERS[1][1]), MEMBERS[1]),
        (("0x12", MEMBERS[0][1]),),
        ((MEMBERS[0][0], bytes(33)),),
    ],
    ids=["empty", "order", "twice", "one key", "no address", "no key"],
)
def test_revert_given_malformed_set(members: tuple[tuple[str, bytes], ...]) -> None:
    """One set has one form, and so one digest."""
    with pytest.raises(BadInput):
        replace(OLD, members=members)
    with pytest.raises(BadInput):
        replace(OLD, chain_id=0)


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[dict[str, IdentityStore]]:
    """Everybody's store; those of the old set hold the home's identity."""
    made = {}
    for actor in (ALICE, BOB, CAROL, DAVE, ERIN):
        (tmp_path / actor.name).mkdir()
        made[actor.name] = IdentityStore(tmp_path / actor.name, actor.account.address, actor.node.message)
    for name in ("Alice", "Bob", "Carol"):
        made[name].put(BOX, OLD)
    yield made
    for store in made.values():
        store.close()


def redraw(stores: dict[str, IdentityStore]) -> tuple[HandOver, list[HandOverReceipt]]:
    box, record = stores["Alice"].hand_over(HOME.address, OLD, NEW, NOW)
    receipts = [stores[name].take_over(box, record, OLD, NEW, NOW) for name in ("Carol", "Dave", "Erin")]
    return record, receipts


def test_redraw_moves_every_file(stores: dict[str, IdentityStore], tmp_path: Path) -> None:
    """Z-3: handed to the new set, erased from the old; Carol, who is in both, keeps the new file only."""
    (file,) = (tmp_path / "Alice").glob("0x*")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    record, receipts = redraw(stores)
    for name in ("Alice", "Bob", "Carol"):
        assert stores[name].read(HOME.address, OLD) == IDENTITY
        stores[name].erase(record, receipts, OLD, NEW, NOW)
        assert stores[name].homes(OLD) == []
        with pytest.raises(IdentityNotHeld):
            stores[name].read(HOME.address, OLD)
    for name in ("Carol", "Dave", "Erin"):
        assert stores[name].homes(NEW) == [HOME.address]
        assert stores[name].read(HOME.address, NEW) == IDENTITY
    for name in ("Alice", "Bob"):
        (left,) = (tmp_path / name).iterdir()
        assert left.name == "erased.jsonl"
        fact = json.loads(left.read_text())
        assert HandOver.from_json(fact["handOver"]) == record
        assert fact["erasedAt"] == NOW
        assert len(fact["receipts"]) == 3


def test_nothing_is_erased_without_a_quorum(stores: dict[str, IdentityStore]) -> None:
    """Z-3: an identity that the new set cannot read is not lost."""
    record, receipts = redraw(stores)
    with pytest.raises(TooFewReceipts):
        stores["Alice"].erase(record, receipts[:1], OLD, NEW, NOW)
    with pytest.raises(HandOverRefused):
        stores["Alice"].erase(replace(record, at=NOW - 1), receipts, OLD, NEW, NOW)
    assert stores["Alice"].read(HOME.address, OLD) == IDENTITY


def test_erasing_overwrites_the_bytes(stores: dict[str, IdentityStore], tmp_path: Path) -> None:
    """Z-3: a second name of the same file, as a copy by hard link, shows that its content is gone."""
    (file,) = (tmp_path / "Alice").glob("0x*")
    link = tmp_path / "link"
    os.link(file, link)
    before = link.read_bytes()
    record, receipts = redraw(stores)
    stores["Alice"].erase(record, receipts, OLD, NEW, NOW)
    assert not file.exists()
    assert len(link.read_bytes()) == len(before)
    assert before[:64] not in link.read_bytes()


def test_erasure_that_a_crash_cut_short_is_finished(
    stores: dict[str, IdentityStore], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Z-3: after a kill between journal and erasure, opening the store erases."""
    record, receipts = redraw(stores)

    def killed(_: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as crash:
        crash.setattr(identity_store, "erase", killed)
        with pytest.raises(KeyboardInterrupt):
            stores["Alice"].erase(record, receipts, OLD, NEW, NOW)
    assert stores["Alice"].homes(OLD) == [HOME.address]
    stores["Alice"].close()
    stores["Alice"] = IdentityStore(tmp_path / "Alice", ALICE.account.address, ALICE.node.message)
    assert stores["Alice"].homes(OLD) == []
    stores["Alice"].erase(record, receipts, OLD, NEW, NOW)  # idempotent


def test_revert_given_changed_journal(stores: dict[str, IdentityStore], tmp_path: Path) -> None:
    """A journal with a line of another form is not believed: its name of a file could be any."""
    stores["Alice"].close()
    (tmp_path / "Alice" / "erased.jsonl").write_text('{"handOver": {"home": "../x"}, "version": 1}\n')
    with pytest.raises(JournalCorrupt, match="not the record of an erasure"):
        IdentityStore(tmp_path / "Alice", ALICE.account.address, ALICE.node.message)


def test_store_keeps_only_what_it_can_read(stores: dict[str, IdentityStore]) -> None:
    """Z-3: another set's box is refused, and a home's first identity is not overwritten."""
    with pytest.raises(NotInSet):
        stores["Dave"].put(BOX, OLD)
    with pytest.raises(FileExists):
        stores["Alice"].put(BOX, OLD)
    box, record = handed(by=BOB)
    with pytest.raises(NotInSet):
        stores["Alice"].take_over(box, record, OLD, NEW, NOW)
    assert stores["Alice"].homes(NEW) == []
