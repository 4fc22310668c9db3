"""The handshake, and those who try to get into it."""

from __future__ import annotations

import dataclasses
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_trading.crypto.addresses import message_address
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.identity import Certificate, CertificateExpired, Member
from energy_trading.session import (
    HandshakeRefused,
    MessageKind,
    Responder,
    Subject,
    Text,
    _wire,
    handshake,
    read_prefix,
)
from tests.client.identity_actors import ALICE, FROM, UNTIL, authorities, enrol
from tests.client.session_actors import NOW, SUBJECT, alice, ask, asked, bob, issue_key, mallory, talk

OTHER_SUBJECTS = {
    "lot": dataclasses.replace(SUBJECT, lot_id=8),
    "chain": dataclasses.replace(SUBJECT, chain_id=1),
    "contract": dataclasses.replace(SUBJECT, contract="0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512"),
}

NUMBERS = "the lot id must be a uint256 and the chain id a positive uint256"


def refused(part: str, expected: str) -> str:
    return f"the handshake was refused for its {part}; expected {expected}"


def test_both_know_each_other_and_nobody_else_was_asked() -> None:
    """C-5: after three messages each side has the other's proved account and they can talk."""
    initiator = ask()
    responder = asked(initiator.hello)
    assert responder.reply_to == message_address(alice().secret_key)
    finish, of_alice = initiator.finish(responder.answer, NOW)
    of_bob = responder.finish(finish, NOW)
    assert (of_alice.account, of_alice.peer_account) == (alice().account, bob().account)
    assert (of_bob.account, of_bob.peer_account) == (bob().account, alice().account)
    assert of_alice.peer_certificate == bob().certificate
    assert of_bob.peer_certificate == alice().certificate
    assert of_alice.transcript == of_bob.transcript
    assert of_alice.subject == of_bob.subject == SUBJECT
    assert of_bob.open(of_alice.seal(Text("hello"))) == Text("hello")
    assert of_alice.open(of_bob.seal(Text("good day"))) == Text("good day")


def test_messages_can_be_sorted_by_their_beginning() -> None:
    """C-5: kind and session id of all four kinds of message, which are the same for both sides."""
    initiator = ask()
    responder = asked(initiator.hello)
    finish, session = initiator.finish(responder.answer, NOW)
    number = session.session_id
    assert read_prefix(initiator.hello) == (MessageKind.HELLO, number)
    assert read_prefix(responder.answer) == (MessageKind.ANSWER, number)
    assert read_prefix(finish) == (MessageKind.FINISH, number)
    assert read_prefix(session.seal(Text(""))) == (MessageKind.MESSAGE, number)
    wrong_head = "a message must have version 1 and a kind from 1 to 4, not version {} and kind {}"
    for data, text in (
        (b"\1" * 17, "a message must have between 18 and 8192 bytes, not 17"),
        (bytes(8193), "a message must have between 18 and 8192 bytes, not 8193"),
        (b"\2\1" + bytes(16), wrong_head.format(2, 1)),
        (b"\1\5" + bytes(16), wrong_head.format(1, 5)),
    ):
        with pytest.raises(BadInput) as error:
            read_prefix(data)
        assert str(error.value) == text


def test_no_certificate_and_no_account_is_seen_on_the_way() -> None:
    """C-5: whoever reads the wire sees no account, certificate or public key of the two."""
    initiator = ask()
    responder = asked(initiator.hello)
    finish, _ = initiator.finish(responder.answer, NOW)
    seen = initiator.hello + responder.answer + finish
    for person in (alice(), bob()):
        certificate = person.certificate
        for private in (
            certificate.head.point,
            certificate.identity_ciphertext,
            certificate.hash,
            bytes.fromhex(person.account[2:]),
            person.secret_key.public_key,
        ):
            assert private not in seen


class Posing(Subject):
    """A subject whose label names Bob, whoever answers."""

    def label(self, responder: str) -> bytes:
        return super().label(bob().account)


def test_revert_given_answer_of_another_certified_account() -> None:
    """C-5, errata: Mallory answers in Bob's place with her own, good certificate."""
    initiator = ask()
    posing = Posing(SUBJECT.chain_id, SUBJECT.contract, SUBJECT.lot_id)
    answer = Responder(mallory(), posing, issue_key(), initiator.hello).answer
    with pytest.raises(HandshakeRefused) as error:
        initiator.finish(answer, NOW)
    assert str(error.value) == refused("account", bob().account)


def test_revert_given_answer_with_a_borrowed_certificate() -> None:
    """C-5, errata: Mallory answers with Bob's certificate, which is public, and without his key."""
    initiator = ask()
    posing = Posing(SUBJECT.chain_id, SUBJECT.contract, SUBJECT.lot_id)
    thief = Member(mallory().secret_key, bob().certificate, bob().disclosure)
    with pytest.raises(HandshakeRefused) as error:
        initiator.finish(Responder(thief, posing, issue_key(), initiator.hello).answer, NOW)
    assert error.value.part == "signature"


def test_revert_given_initiator_with_a_borrowed_certificate() -> None:
    """C-5, errata: Mallory asks with Alice's certificate and without her key."""
    thief = ask(Member(mallory().secret_key, alice().certificate, alice().disclosure))
    responder = asked(thief.hello)
    finish, _ = thief.finish(responder.answer, NOW)
    with pytest.raises(HandshakeRefused) as error:
        responder.finish(finish, NOW)
    assert str(error.value) == refused("signature", "one of the certified key over this handshake")


class Unreadable(Certificate):
    """A certificate of a version that is not known."""

    def to_bytes(self) -> bytes:
        return b"\2" + super().to_bytes()[1:]


def test_revert_given_unreadable_certificate() -> None:
    """C-5, errata: a peer whose certificate cannot be read is refused like any other."""
    good = alice().certificate
    odd = ask(Member(alice().secret_key, Unreadable(good.head, good.identity_ciphertext), alice().disclosure))
    responder = asked(odd.hello)
    finish, _ = odd.finish(responder.answer, NOW)
    with pytest.raises(HandshakeRefused) as error:
        responder.finish(finish, NOW)
    assert str(error.value) == refused("certificate", "one that can be read")


def test_revert_given_certificate_of_another_authority() -> None:
    """C-5, errata: a certificate that this PKG did not issue proves nothing."""
    stranger = enrol(authorities()[0], ALICE)
    initiator = ask(stranger)
    responder = asked(initiator.hello)
    finish, _ = initiator.finish(responder.answer, NOW)
    with pytest.raises(HandshakeRefused) as error:
        responder.finish(finish, NOW)
    assert error.value.part == "signature"


def test_revert_given_man_in_the_middle() -> None:
    """C-5, errata: Mallory runs both key exchanges herself; Bob's signature is over another transcript."""
    initiator = ask()
    mine = SecretKey.generate()
    to_bob = initiator.hello[:66] + mine.public_key
    answer = asked(to_bob).answer
    head, box = answer[: -handshake._BOX_SIZE], answer[-handshake._BOX_SIZE :]
    label = SUBJECT.label(bob().account)

    # With Bob she shares a key, and reads his proof,
    greeted = handshake._transcript(label, to_bob, head)
    key = handshake._derive(mine.multiply(head[18:]), greeted, b"answer")
    proof = ChaCha20Poly1305(key).decrypt(bytes(12), box, greeted)
    assert bob().certificate.to_bytes() in proof

    # with Alice too, and hands it on.
    head = _wire.prefix(MessageKind.ANSWER, _wire.session_id_of(initiator.hello)) + mine.public_key
    greeted = handshake._transcript(label, initiator.hello, head)
    key = handshake._derive(mine.multiply(initiator.hello[66:]), greeted, b"answer")
    relayed = head + ChaCha20Poly1305(key).encrypt(bytes(12), proof, greeted)
    with pytest.raises(HandshakeRefused) as error:
        initiator.finish(relayed, NOW)
    assert error.value.part == "signature"


@pytest.mark.parametrize("subject", OTHER_SUBJECTS.values(), ids=OTHER_SUBJECTS)
def test_revert_given_hello_for_something_else(subject: Subject) -> None:
    """C-5, errata: a hello of another lot, chain or contract is refused, also if its label is changed."""
    initiator = ask(subject=subject)
    with pytest.raises(HandshakeRefused) as error:
        asked(initiator.hello)
    assert str(error.value) == refused(
        "subject", f"lot 7 of {SUBJECT.contract} on chain 31337, and this account"
    )
    relabelled = initiator.hello[:2] + SUBJECT.label(bob().account) + initiator.hello[34:]
    answer = asked(relabelled).answer
    with pytest.raises(HandshakeRefused) as error:
        initiator.finish(answer, NOW)
    assert error.value.part == "form"
    fitted = answer[:2] + _wire.session_id_of(initiator.hello) + answer[18:]
    with pytest.raises(HandshakeRefused) as error:
        initiator.finish(fitted, NOW)
    assert error.value.part == "box"


def test_revert_given_hello_for_another_account() -> None:
    """C-5, errata: Mallory cannot answer what Bob was asked, and nobody answers oneself's hello."""
    for member in (mallory(), alice()):
        with pytest.raises(HandshakeRefused) as error:
            Responder(member, SUBJECT, issue_key(), ask().hello)
        assert error.value.part == "subject"


def test_revert_given_replayed_handshake() -> None:
    """C-5, errata: an old hello gets a fresh answer, to which the old third message does not fit."""
    initiator = ask()
    responder = asked(initiator.hello)
    finish, _ = initiator.finish(responder.answer, NOW)
    responder.finish(finish, NOW)
    again = asked(initiator.hello)
    assert again.answer != responder.answer
    with pytest.raises(HandshakeRefused) as error:
        again.finish(finish, NOW)
    assert str(error.value) == refused("box", "one sealed for this answer")
    with pytest.raises(HandshakeRefused) as error:
        responder.finish(finish, NOW)
    assert str(error.value) == refused("end", "nothing after the third message")
    for answer in (responder.answer, again.answer):
        with pytest.raises(HandshakeRefused) as error:
            initiator.finish(answer, NOW)
        assert str(error.value) == refused("end", "nothing after the answer")


def test_revert_given_answer_of_another_handshake() -> None:
    """C-5, errata: an answer belongs to one hello, even if its session id is changed."""
    first, second = ask(), ask()
    answer = asked(first.hello).answer
    with pytest.raises(HandshakeRefused) as error:
        second.finish(answer, NOW)
    assert str(error.value) == refused(
        "form", f"kind 2 of session 0x{_wire.session_id_of(second.hello).hex()}"
    )
    with pytest.raises(HandshakeRefused) as error:
        second.finish(answer[:2] + _wire.session_id_of(second.hello) + answer[18:], NOW)
    assert str(error.value) == refused("box", "one sealed for this hello, subject and account")


def test_revert_given_reflected_message() -> None:
    """C-5, errata: what a party sent does not serve as what it waits for."""
    initiator = ask()
    responder = asked(initiator.hello)
    head = _wire.prefix(MessageKind.ANSWER, _wire.session_id_of(initiator.hello))
    with pytest.raises(HandshakeRefused) as error:
        initiator.finish(initiator.hello, NOW)
    assert error.value.part == "form"
    with pytest.raises(HandshakeRefused) as error:
        initiator.finish(head + initiator.hello[66:] + responder.answer[-handshake._BOX_SIZE :], NOW)
    assert error.value.part == "box"
    with pytest.raises(HandshakeRefused) as error:
        responder.finish(responder.answer, NOW)
    assert error.value.part == "form"
    finish, _ = initiator.finish(responder.answer, NOW)
    relabelled = _wire.prefix(MessageKind.FINISH, finish[2:18]) + responder.answer[18:]
    with pytest.raises(HandshakeRefused) as error:
        responder.finish(relabelled, NOW)
    assert error.value.part == "box"
    with pytest.raises(HandshakeRefused) as error:
        asked(finish)
    assert error.value.part == "form"


def test_junk_does_not_end_a_handshake() -> None:
    """C-5: whoever throws bytes at a party does not stop it from taking the right ones afterwards."""
    initiator = ask()
    responder = asked(initiator.hello)
    for junk in (b"", b"\1\2" + bytes(16), responder.answer[:-1] + b"\0" + bytes([1])):
        with pytest.raises(HandshakeRefused):
            initiator.finish(junk, NOW)
    finish, of_alice = initiator.finish(responder.answer, NOW)
    for junk in (b"", finish[:18], finish[:-1] + bytes([finish[-1] ^ 1])):
        with pytest.raises(HandshakeRefused):
            responder.finish(junk, NOW)
    assert responder.finish(finish, NOW).open(of_alice.seal(Text("x"))) == Text("x")


@settings(max_examples=120)
@given(st.sampled_from(["hello", "answer", "finish"]), st.data())
def test_revert_given_any_changed_bit(which: str, data: st.DataObject) -> None:
    """C-5, errata: one flipped bit in any of the three messages ends in a refusal."""

    def flip(message: bytes, name: str) -> bytes:
        if name != which:
            return message
        place = data.draw(st.integers(0, len(message) * 8 - 1))
        changed = bytearray(message)
        changed[place // 8] ^= 1 << place % 8
        return bytes(changed)

    def run() -> None:
        initiator = ask()
        responder = asked(flip(initiator.hello, "hello"))
        finish, _ = initiator.finish(flip(responder.answer, "answer"), NOW)
        responder.finish(flip(finish, "finish"), NOW)

    with pytest.raises(HandshakeRefused):
        run()


def test_validity_of_both_certificates_is_checked() -> None:
    """C-5, errata: expired or not yet valid certificates are refused on both sides; half open."""
    for at in (FROM, UNTIL - 1):
        initiator = ask()
        responder = asked(initiator.hello)
        finish, _ = initiator.finish(responder.answer, at)
        assert responder.finish(finish, at).peer_account == alice().account
    for at in (FROM - 1, UNTIL):
        initiator = ask()
        responder = asked(initiator.hello)
        with pytest.raises(CertificateExpired) as error:
            initiator.finish(responder.answer, at)
        assert (error.value.at, error.value.valid_from, error.value.valid_until) == (at, FROM, UNTIL)
        finish, _ = initiator.finish(responder.answer, NOW)
        with pytest.raises(CertificateExpired) as error:
            responder.finish(finish, at)
        assert error.value.at == at


def test_revert_given_oneself() -> None:
    """C-5: an account does not negotiate with itself, on either side."""
    with pytest.raises(BadInput) as caught:
        ask(bob())
    assert str(caught.value) == (
        f"the peer must be the EIP-55 address of another account, not {bob().account}"
    )
    initiator = ask()
    responder = asked(initiator.hello)
    initiator._member = bob()
    finish, _ = initiator.finish(responder.answer, NOW)
    with pytest.raises(HandshakeRefused) as error:
        responder.finish(finish, NOW)
    assert str(error.value) == refused("account", "any account but this party's own")


@pytest.mark.parametrize("point", [bytes(33), b"\2" + bytes(32), b"\4" + bytes(32)])
def test_revert_given_no_point(point: bytes) -> None:
    """C-5: an ephemeral key that is no point of the curve is refused by both."""
    initiator = ask()
    with pytest.raises(HandshakeRefused) as error:
        asked(initiator.hello[:66] + point)
    assert str(error.value) == refused("point", "a compressed point of secp256k1")
    answer = asked(initiator.hello).answer
    with pytest.raises(HandshakeRefused) as error:
        initiator.finish(answer[:18] + point + answer[51:], NOW)
    assert error.value.part == "point"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"chain_id": 0}, f"{NUMBERS}, not lot 7 on chain 0"),
        ({"lot_id": 2**256}, f"{NUMBERS}, not lot {2**256} on chain 31337"),
        (
            {"contract": SUBJECT.contract.lower()},
            f"the contract must be an EIP-55 address, not {SUBJECT.contract.lower()}",
        ),
    ],
)
def test_revert_given_subject_out_of_range(changes: dict[str, object], text: str) -> None:
    """C-5: a subject has one spelling."""
    with pytest.raises(BadInput) as error:
        dataclasses.replace(SUBJECT, **changes)
    assert str(error.value) == text


def test_transcript_binds_all_that_was_exchanged() -> None:
    """C-5, errata: keys and transcript, by hand, from messages, accounts and certificates."""

    def bind(*parts: bytes) -> bytes:
        text = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return sha256(b"energy-trading/session/1/transcript" + text).digest()

    def derive(transcript: bytes, use: bytes) -> bytes:
        info = b"energy-trading/session/1/" + use
        return HKDF(algorithm=SHA256(), length=32, salt=transcript, info=info).derive(shared)

    initiator = ask()
    ephemeral = initiator._ephemeral
    responder = asked(initiator.hello)
    answer = responder.answer
    finish, session = initiator.finish(answer, NOW)
    shared = ephemeral.multiply(answer[18:51])
    greeted = bind(SUBJECT.label(bob().account), initiator.hello, answer[:51])
    content = ChaCha20Poly1305(derive(greeted, b"answer")).decrypt(bytes(12), answer[51:], greeted)
    bobs, alices = bob().certificate.hash, alice().certificate.hash
    answered = bind(bind(greeted, content[:32]), answer[51:], bob().account.encode(), bobs)
    assert responder._secret == derive(answered, b"secret")
    assert session.transcript == bind(answered, finish, alice().account.encode(), alices)
    assert responder.finish(finish, NOW).transcript == session.transcript


def test_ephemeral_keys_are_gone_afterwards() -> None:
    """C-6: what is left after the handshake cannot recompute its secret."""
    initiator = ask()
    responder = asked(initiator.hello)
    finish, _ = initiator.finish(responder.answer, NOW)
    responder.finish(finish, NOW)
    assert initiator._ephemeral is None
    assert (responder._secret, responder._ratchet_key) == (None, b"")
    assert not any(isinstance(value, SecretKey) for value in vars(responder).values())


def test_nothing_shows_a_key() -> None:
    """C-6: the repr of a session names the parties and no secret, not even the transcript."""
    session, _ = talk()
    text = repr(session)
    assert session.peer_account in text
    assert session.transcript.hex() not in text
    assert "ratchet" not in text
