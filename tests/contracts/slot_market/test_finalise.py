"""Finalising: in order, once, after the window, whole words of four homes."""

from __future__ import annotations

from dataclasses import replace

from energy_trading.rules.council import signers_hash
from tests.contracts.slot_market.house import LOCKED, POST, SLOT, WINDOW, House

NETS = {0: 900, 1: -400, 2: -300}


def test_four_slots_at_once(house: House) -> None:
    """Several slots are paid in one call, empty ones between them are passed (Z-4, Z-5)."""
    drafts = [house.post(NETS), house.post({3: 70, 4: -80})]
    house.next_slot()
    drafts += [house.post({4: 300, 0: -1}), house.post({1: -4, 2: 4})]
    house.finalised(*drafts, by=house.people["stranger"])
    assert house.market.frontier == drafts[-1].slot + 1
    assert sum(house.balances()) == 5 * LOCKED - 5 * 100_000
    assert house.market.owed[house.people["stranger"].address] == 5 * 50_000


def test_order_and_completeness(house: House) -> None:
    """Each slot once, in order, none that is posted left out (Z-5)."""
    first, second = house.post(NETS), house.post(NETS)
    house.go(house.chain.now() + WINDOW + POST)
    assert house.finalise(second).rule == "SlotMarket_NotEmpty"
    assert house.finalise(second, first).rule == "SlotMarket_NotEmpty"
    assert house.finalise(first, first).rule == "SlotMarket_WrongSlot"
    assert house.finalise().rule == "SlotMarket_BadBatch"
    house.no("SlotMarket_BadBatch", "finalise", [first.result], [], [first.rows])
    house.no("SlotMarket_BadBatch", "advance", 0)
    house.no("SlotMarket_BadBatch", "advance", 1025)
    house.finalised(first)
    assert house.finalise(first).rule == "SlotMarket_WrongSlot"
    house.no("SlotMarket_NotEmpty", "advance", 5)
    house.finalised(second)


def test_only_what_was_posted(house: House) -> None:
    """Result, signers and rows are those of the hash (Z-5)."""
    draft = house.post(NETS)
    house.go(house.chain.now() + WINDOW + POST)
    signers = [signers_hash(draft.posted.signers)]
    other = replace(draft.result, price=draft.result.price + 1)
    house.no("SlotMarket_NotPosted", "finalise", [other], signers, [draft.rows])
    house.no("SlotMarket_NotPosted", "finalise", [draft.result], [bytes(32)], [draft.rows])
    rows = draft.rows[:2] + bytes(30)
    house.no("SlotMarket_WrongRoot", "finalise", [draft.result], signers, [rows])


def test_the_window_is_half_open(house: House) -> None:
    """Final from the end of the window on (Z-4)."""
    house.go(house.chain.now() + 2 * SLOT + POST)
    house.ok("advance", 1024)
    draft = house.post(NETS)
    posted_at = house.chain.now()
    while house.market.frontier < draft.slot:
        house.go((house.market.frontier + 1) * SLOT + POST)
        house.ok("advance", 1)
    house.go(posted_at + WINDOW - 1)
    assert house.finalise(draft).rule == "SlotMarket_TooEarly"
    house.go(posted_at + WINDOW)
    assert house.finalise(draft) is not None
    assert house.market.frontier == draft.slot + 1


def test_a_leader_rises_once_a_day(house: House) -> None:
    """Ninety-six slots of one Wh earn no more standing than one (Z-6)."""
    drafts = [house.post({0: 1, 1: -1}) for _ in range(4)]
    house.finalised(*drafts)
    leaders = {draft.result.leader for draft in drafts}
    assert {house.council.seat(leader).score for leader in leaders} == {17}
