"""Finalising: in order, once, after the window, whole words of four homes."""

from __future__ import annotations

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
    assert house.council.seat(house.people["stranger"].address).owed == 5 * 50_000


def test_order_and_completeness(house: House) -> None:
    """Each slot once, in order, none that is posted left out (Z-5)."""
    first, second = house.post(NETS), house.post(NETS)
    house.go(house.chain.now() + WINDOW + POST)
    assert house.finalise(second).rule == "SlotMarket_NotEmpty"
    assert house.finalise(second, first).rule == "SlotMarket_NotEmpty"
    assert house.finalise(first, first).rule == "SlotMarket_WrongSlot"
    assert house.finalise().rule == "SlotMarket_BadBatch"
    house.no("SlotMarket_BadBatch", "finalise", [house.closing(first)], [])
    house.no("SlotMarket_BadBatch", "finalise", [house.closing(first)] * 97, [first.rows] * 97)
    house.no("SlotMarket_BadBatch", "advance", 0)
    house.no("SlotMarket_BadBatch", "advance", 1025)
    house.finalised(first)
    assert house.finalise(first).rule == "SlotMarket_WrongSlot"
    house.no("SlotMarket_NotEmpty", "advance", 5)
    house.finalised(second)


def test_only_what_was_posted(house: House) -> None:
    """Slot, price, leader, rows and the rest are those of the hash (Z-5)."""
    draft = house.post(NETS)
    house.go(house.chain.now() + WINDOW + POST)
    price, stranger = draft.result.price, house.people["stranger"].address
    for changes in (
        {"price": price + 1},
        {"leader": stranger},
        {"rest": bytes(32)},
        {"slot": draft.slot - 1},
    ):
        house.no("SlotMarket_NotPosted", "finalise", [house.closing(draft, **changes)], [draft.rows])
    rows = draft.rows[:2] + bytes(30)
    house.no("SlotMarket_NotPosted", "finalise", [house.closing(draft)], [rows])
    house.no("SlotMarket_NotPosted", "finalise", [house.closing(draft)], [draft.rows + bytes(32)])


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


def test_who_finalises_rises_as_a_leader_does(house: House) -> None:
    """A member that finalises has its fee and rises by one a day; somebody else has the fee (Z-6)."""
    draft = house.post({0: 1, 1: -1})
    member = next(m for m in house.members if m.address != draft.result.leader)
    house.finalised(draft, by=member)
    assert (house.council.seat(member.address).score, house.council.seat(member.address).owed) == (17, 50_000)
    again = house.post({0: 1, 1: -1})
    house.finalised(again, by=member)
    assert (house.council.seat(member.address).score, house.council.seat(member.address).owed) == (
        17,
        100_000,
    )
    third = house.post({0: 1, 1: -1})
    house.finalised(third, by=house.owners[3])
    seat = house.council.seat(house.owners[3].address)
    assert (seat.score, seat.owed) == (0, 50_000)
    house.ok("collect", "council", by=house.owners[3])


def test_the_first_slot_that_overdraws_is_named(house: House) -> None:
    """Slots are paid in their order: what is earned later does not cover what is spent before (Z-5)."""
    owner = house.owners[1]
    house.ok("request_exit", 2**62, by=owner)
    house.next_slot()
    house.go(house.chain.now() + POST + 2 * SLOT)
    house.ok("advance", 1024)
    house.ok("withdraw", 1)
    spends = house.post({0: 900, 1: -400})
    earns = house.post({0: -500, 1: 500})
    house.go(house.chain.now() + WINDOW + POST)
    while house.market.frontier < spends.slot:
        house.ok("advance", spends.slot - house.market.frontier)
    assert house.finalise(spends, earns).values == (spends.slot, 0)
    house.ok("overdraft", spends.posted, 1, house.proof(spends, 1))
    house.finalised(earns)
    house.same()
