"""Messages of a session: lost, repeated, reordered, reflected, stolen."""

from __future__ import annotations

import copy
import hmac
from collections import Counter

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_trading.errors import BadInput
from energy_trading.session import (
    MessageRefused,
    MessageRepeated,
    PriceProposal,
    Session,
    Text,
    TooManySkipped,
    ratchet,
)
from energy_trading.session.ratchet import MAX_KEPT, MAX_SKIPPED, Ratchet
from tests.client.session_actors import SUBJECT, talk

REFUSED = "the message does not open, or was opened before"


def say(session: Session, *words: str) -> list[bytes]:
    return [session.seal(Text(word)) for word in words]


def hear(session: Session, *messages: bytes) -> list[str]:
    return [session.open(message).text for message in messages]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["say", "say", "say", "hear", "hear", "repeat", "lose", "reflect"]),
        st.booleans(),
        st.integers(0, 59),
    ),
    min_size=20,
    max_size=60,
)


def test_each_delivered_message_opens_once_to_what_was_said() -> None:
    """C-6: whatever is lost, repeated, reordered or reflected, a message opens once, to its own text."""
    done: Counter[str] = Counter()

    @settings(max_examples=100)
    @given(STEPS)
    def converse(steps: list[tuple[str, bool, int]]) -> None:
        ends = dict(zip((True, False), talk(), strict=True))
        said: dict[bytes, str] = {}
        waiting: dict[bool, list[bytes]] = {True: [], False: []}
        heard: dict[bool, list[bytes]] = {True: [], False: []}
        for step, side, choice in steps:
            mail, past, own = waiting[side], heard[side], waiting[not side]
            if step == "say":
                [message] = say(ends[side], f"message {len(said)}")
                said[message] = f"message {len(said)}"
                own.append(message)
            elif step == "reflect" and own:
                with pytest.raises(MessageRefused):
                    ends[side].open(own[choice % len(own)])
            elif step == "repeat" and past:
                with pytest.raises(MessageRefused):
                    ends[side].open(past[choice % len(past)])
            elif step in ("hear", "lose") and mail:
                place = choice % len(mail)
                message = mail.pop(place)
                if step == "hear":
                    assert hear(ends[side], message) == [said[message]]
                    past.append(message)
                    done["out of order"] += place > 0
            else:
                continue
            done[step] += 1
        for side, mail in waiting.items():
            assert hear(ends[side], *reversed(mail)) == [said[message] for message in reversed(mail)]

    converse()
    print(dict(done))
    for step in ("say", "hear", "out of order", "repeat", "lose", "reflect"):
        assert done[step] > 0, step


def test_late_messages_open_after_the_turn_has_changed() -> None:
    """C-6: a message of an earlier turn opens when it comes at last, and once."""
    one, two = talk()
    first, second, third = say(one, "a", "b", "c")
    assert hear(two, third, first) == ["c", "a"]
    assert hear(one, *say(two, "d")) == ["d"]
    assert hear(two, *say(one, "e"), second) == ["e", "b"]
    with pytest.raises(MessageRefused) as error:
        two.open(second)
    assert str(error.value) == REFUSED


def test_revert_given_repeated_message() -> None:
    """C-6: the second copy is refused, in the present turn as a repetition, and harms nothing."""
    one, two = talk()
    [message] = say(one, "a")
    assert hear(two, message) == ["a"]
    with pytest.raises(MessageRepeated) as error:
        two.open(message)
    # Number 0 was the third message of the handshake.
    assert str(error.value) == "message number 1 was opened before"
    assert error.value.number == 1
    assert hear(two, *say(one, "b")) == ["b"]


def test_revert_given_reflected_message() -> None:
    """C-6: a party's own message does not open for itself."""
    for speaker in talk():
        [message] = say(speaker, "a")
        with pytest.raises(MessageRefused) as error:
            speaker.open(message)
        assert str(error.value) == REFUSED


def test_direction_is_bound_even_under_equal_keys() -> None:
    """C-6: with the peer's whole state, a message still does not open in the direction it came from."""
    one, two = talk()
    [message] = say(one, "a")
    thief = copy.deepcopy(two)
    thief.is_initiator = True
    with pytest.raises(MessageRefused):
        thief.open(message)
    assert hear(two, message) == ["a"]


def test_revert_given_message_of_another_session() -> None:
    """C-6: two sessions of the same two about the same lot share nothing, even if the id is changed."""
    one, two = talk()
    _, other = talk()
    [message] = say(one, "a")
    relabelled = message[:2] + other.session_id + message[18:]
    for session, data in ((other, message), (other, relabelled), (two, relabelled)):
        with pytest.raises(MessageRefused) as error:
            session.open(data)
        assert str(error.value) == REFUSED
    assert hear(two, message) == ["a"]


#: of one session for all examples, since a refused message must leave no trace
ENDS = talk()


@pytest.mark.filterwarnings("ignore:More than 64 message keys skipped")
@settings(max_examples=150)
@given(st.data())
def test_revert_given_any_changed_bit_or_length(data: st.DataObject) -> None:
    """C-6: a changed message is refused and leaves the state as it was, so the right one still opens."""
    one, two = ENDS
    [message] = say(one, "a")
    place = data.draw(st.integers(0, len(message) * 8 - 1))
    changed = bytearray(message)
    changed[place // 8] ^= 1 << place % 8
    for wrong in (bytes(changed), message[: place // 8], message + b"\0"):
        before = two.to_json()
        with pytest.raises(MessageRefused):
            two.open(wrong)
        assert two.to_json() == before
    assert hear(two, message) == ["a"]
    assert hear(one, *say(two, "b")) == ["b"]


def test_skipped_keys_are_bounded() -> None:
    """C-6: 64 missing messages are borne, 65 are refused at no cost; the next turn goes on."""
    one, two = talk()
    messages = say(one, *(str(number) for number in range(MAX_SKIPPED + 2)))
    with pytest.raises(TooManySkipped) as error:
        two.open(messages[-1])
    assert error.value.number == MAX_SKIPPED + 2
    assert str(error.value) == "more than 64 messages before message number 66 are missing"
    assert hear(two, messages[MAX_SKIPPED]) == ["64"]
    assert hear(two, messages[0], messages[-1]) == ["0", "65"]


def test_heavy_loss_does_not_end_a_session() -> None:
    """C-6: after more losses than keys are kept for, the next turn opens; what was lost stays closed."""
    one, two = talk()
    lost = say(one, *(str(number) for number in range(MAX_SKIPPED + 10)))
    assert hear(one, *say(two, "still there?")) == ["still there?"]
    [message] = say(one, "yes")
    with pytest.warns(UserWarning, match="message keys skipped"):
        assert hear(two, message) == ["yes"]
    with pytest.raises(MessageRefused):
        two.open(lost[0])


def test_oldest_kept_keys_give_way() -> None:
    """C-6: at most 128 keys of missing messages are kept; older ones are erased."""
    one, two = talk()
    lost = []
    for turn in range(4):
        *missing, last = say(one, *(f"{turn}.{number}" for number in range(MAX_SKIPPED + 1)))
        lost.append(missing)
        assert hear(two, last) == [f"{turn}.{MAX_SKIPPED}"]
        hear(one, *say(two, "ok"))
    assert len(two.to_json()["ratchet"]["skipped_message_keys"]) == MAX_KEPT
    for missing in lost[:2]:
        with pytest.raises(MessageRefused):
            two.open(missing[-1])
    assert hear(two, lost[2][0], lost[3][0]) == ["2.0", "3.0"]


def test_stolen_state_cannot_read_the_past() -> None:
    """C-6: whoever copies both ends now cannot open what was opened before."""
    one, two = talk()
    past = [(two, *say(one, "a", "b"))]
    assert hear(two, *past[0][1:]) == ["a", "b"]
    reply = say(two, "c")
    assert hear(one, *reply) == ["c"]
    past.append((one, *reply))
    present = say(one, "d")
    stolen_one, stolen_two = copy.deepcopy((one, two))
    for message in (*past[0][1:], *past[1][1:]):
        for stolen in (stolen_one, stolen_two):
            for direction in (True, False):
                stolen.is_initiator = direction
                with pytest.raises(MessageRefused):
                    stolen.open(message)
    # The copies are whole: what is under way does open for them.
    stolen_two.is_initiator = False
    assert hear(stolen_two, *present) == ["d"]


def test_stolen_state_cannot_read_the_future_after_a_round_trip() -> None:
    """C-6: once each side has spoken anew, a thief who only listens is locked out; before, not yet."""
    one, two = talk()
    hear(two, *say(one, "a"))
    thieves = copy.deepcopy((one, two))
    [soon] = say(two, "b")
    assert hear(copy.deepcopy(thieves[0]), soon) == ["b"]
    assert hear(one, soon) == ["b"]
    [there] = say(one, "c")
    assert hear(two, there) == ["c"]
    [back] = say(two, "d")
    assert hear(one, back) == ["d"]
    [after] = say(one, "e")
    # Each thief follows as far as it gets: one message under the keys it stole, none under newer ones.
    for thief, under_old_keys, words, under_new_keys in (
        (thieves[0], soon, ["b"], back),
        (thieves[1], there, ["c"], after),
    ):
        assert hear(thief, under_old_keys) == words
        with pytest.raises(MessageRefused):
            thief.open(under_new_keys)
    assert hear(two, after) == ["e"]


def test_no_two_messages_share_a_key_or_a_nonce() -> None:
    """C-6: ratchet key and number, which name a message's key, never come twice in either direction."""
    ends = talk()
    messages = [message for _ in range(5) for end in ends for message in say(end, *["same"] * 10)]
    for one, two in (ends, ends[::-1]):
        hear(two, *say(one, "turn"))
        messages += say(two, *["same"] * 10)
    assert len({(message[18:50], message[54:58]) for message in messages}) == len(messages) == 120
    assert len({message[58:70] for message in messages}) == len(messages)
    assert {len(message) for message in messages} == {len(messages[0])}


def test_keys_are_those_of_the_specification() -> None:
    """C-6: first turn computed by hand: HKDF of root and X25519 secret, then HMAC 01 and 02 (§5.2)."""
    root, context = bytes(range(32)), b"context"
    responder = ratchet.generate_ratchet_key()
    public = ratchet.ratchet_public_key(responder)
    sender, first = Ratchet.begin(root, public, b"first", context)
    second = sender.seal(b"second", context)
    for number, (data, plaintext) in enumerate(((first, b"first"), (second, b"second"))):
        head, nonce, box = data[:40], data[40:52], data[52:]
        assert head[32:] == bytes(4) + number.to_bytes(4, "big")
        shared = X25519PrivateKey.from_private_bytes(responder).exchange(
            X25519PublicKey.from_public_bytes(head[:32])
        )
        wide = HKDF(
            algorithm=SHA256(), length=64, salt=root, info=b"energy-trading/session/1/ratchet"
        ).derive(shared)
        chain = wide[32:]
        for _ in range(number):
            chain = hmac.digest(chain, b"\2", "sha256")
        key = hmac.digest(chain, b"\1", "sha256")
        assert ChaCha20Poly1305(key).decrypt(nonce, box, context + head) == plaintext


def test_revert_given_ratchet_key_of_low_order() -> None:
    """C-6: a peer's key that would make the secret known is refused on both ends."""
    with pytest.raises(MessageRefused) as error:
        Ratchet.begin(bytes(32), bytes(32), b"", b"")
    assert str(error.value) == REFUSED
    one, two = talk()
    [message] = say(one, "a")
    with pytest.raises(MessageRefused):
        two.open(message[:18] + bytes(32) + message[50:])
    assert hear(two, message) == ["a"]


def test_revert_given_proposal_of_another_lot() -> None:
    """C-5: a price is for the session's lot, on both ends."""
    one, two = talk()
    assert two.open(one.seal(PriceProposal(SUBJECT.lot_id, 5, 9))) == PriceProposal(SUBJECT.lot_id, 5, 9)
    text = "the proposal is for lot 8, and this session is about lot 7"
    with pytest.raises(BadInput) as error:
        one.seal(PriceProposal(8, 5, 9))
    assert str(error.value) == text
    one._check_lot = lambda content: None
    message = one.seal(PriceProposal(8, 5, 9))
    with pytest.raises(BadInput) as error:
        two.open(message)
    assert str(error.value) == text
