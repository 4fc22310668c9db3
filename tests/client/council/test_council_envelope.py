"""Signed messages between verifiers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from energy_trading.council.envelope import MAX_BODY, Envelope, EnvelopeForged, Inbox, InboxFull, SignedTwice
from energy_trading.council.home_identity import WrongSet
from energy_trading.council.verifier_set import NotInSet
from energy_trading.errors import BadInput
from tests.client.council_actors import Actor, verifier_set

ALICE, BOB, MALLORY = map(Actor.named, ("Alice", "Bob", "Mallory"))
SET = verifier_set(1, ALICE, BOB)
NEXT = verifier_set(2, ALICE, BOB)


def said(by: Actor, number: int = 7, kind: str = "block", **body: Any) -> Envelope:
    return Envelope.sign(SET, by.account.address, by.node.message, kind, number, body)


def test_message_passes_through_json() -> None:
    """What a member signs is read back and verified, whatever order its keys arrive in."""
    message = said(ALICE, wh=[1, -2, None, True], amount=str(2**60), name="Zoë")
    backwards = json.loads(json.dumps(message.to_json()))
    backwards["body"] = dict(reversed(backwards["body"].items()))
    read = Envelope.from_json(backwards)
    assert read == message
    read.check(SET)


@pytest.mark.parametrize(
    "changed",
    [
        {"number": 8},
        {"kind": "other"},
        {"body": {"a": 2}},
        {"signature": bytes(64)},
        {"sender": BOB.account.address},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_revert_given_tampered_message(changed: dict[str, Any]) -> None:
    """Z-2, condition 1: only the member itself speaks in its name."""
    with pytest.raises(EnvelopeForged) as error:
        replace(said(ALICE, a=1), **changed).check(SET)
    assert error.value.sender == changed.get("sender", ALICE.account.address)


def test_revert_given_outsider_or_another_set() -> None:
    """Z-8: a message counts in the set for which it was signed, and outsiders have no say."""
    with pytest.raises(NotInSet):
        said(MALLORY)
    with pytest.raises(NotInSet):
        replace(said(ALICE), sender=MALLORY.account.address).check(SET)
    with pytest.raises(WrongSet):
        said(ALICE).check(NEXT)
    with pytest.raises(EnvelopeForged):
        replace(said(ALICE), verifiers=NEXT.digest).check(NEXT)


def test_member_that_signs_two_messages_for_one_turn_is_caught() -> None:
    """Z-2, condition 2: both messages are the evidence; the first one stays."""
    inbox = Inbox(SET)
    first, second = said(ALICE, a=1), said(ALICE, a=2)
    assert inbox.receive(first)
    assert not inbox.receive(Envelope.from_json(first.to_json()))
    with pytest.raises(SignedTwice) as error:
        inbox.receive(second)
    assert (error.value.first, error.value.second) == (first, second)
    for evidence in (error.value.first, error.value.second):
        evidence.check(SET)
    assert inbox.messages("block", 7) == [first]


def test_other_turns_kinds_and_members_do_not_contradict() -> None:
    """One message for each member, kind and number."""
    inbox = Inbox(SET)
    messages = [said(ALICE, a=1), said(ALICE, 8, a=2), said(ALICE, kind="vote", a=3), said(BOB, a=4)]
    assert [inbox.receive(message) for message in messages] == [True] * 4
    assert {message.sender for message in inbox.messages("block", 7)} == {
        ALICE.account.address,
        BOB.account.address,
    }
    assert inbox.messages("block", 9) == []


def test_nobody_else_can_accuse_a_member() -> None:
    """A forged second message is no evidence, and takes nobody's place."""
    inbox = Inbox(SET)
    with pytest.raises(EnvelopeForged):
        inbox.receive(replace(said(ALICE, a=1), body={"a": 2}))
    assert inbox.receive(said(ALICE, a=1))


def test_memory_is_bounded_and_old_numbers_are_forgotten() -> None:
    """A member that sends without end fills its own share only."""
    inbox = Inbox(SET, limit=2)
    assert inbox.receive(said(ALICE, 1))
    assert inbox.receive(said(ALICE, 2))
    with pytest.raises(InboxFull) as error:
        inbox.receive(said(ALICE, 3))
    assert (error.value.sender, error.value.limit) == (ALICE.account.address, 2)
    assert inbox.receive(said(BOB, 3))
    inbox.forget(2)
    assert inbox.receive(said(ALICE, 3))
    assert not inbox.receive(said(ALICE, 1, again=True))
    inbox.forget(0)
    assert not inbox.receive(said(ALICE, 1))


@pytest.mark.parametrize(
    "body",
    [{"a": 0.5}, {"a": [float("nan")]}, {"a": 2**60}, {"a": {1: 2}}, [], {"a": "x" * MAX_BODY}],
    ids=["fraction", "no number", "large integer", "key", "list", "long"],
)
def test_revert_given_body_that_others_write_differently(body: Any) -> None:
    """One content has one form in every language."""
    with pytest.raises(BadInput):
        Envelope.sign(SET, ALICE.account.address, ALICE.node.message, "block", 7, body)
    with pytest.raises(BadInput):
        Envelope.from_json({**said(ALICE).to_json(), "body": body})


@pytest.mark.parametrize("kind", ["", "Block", "a b", "a" * 33])
def test_revert_given_kind_of_another_form(kind: str) -> None:
    """A kind is a short word."""
    with pytest.raises(BadInput, match="kind of a message"):
        said(ALICE, kind=kind)
