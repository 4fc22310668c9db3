"""Posting a private slot: a root over all homes, in the order of the day's slots."""

from __future__ import annotations

from dataclasses import replace

from energy_trading.rules.sum_tree import tree_root
from energy_trading.types import SlotState
from tests.contracts.private_slot_market.house import (
    DAY_SLOTS,
    POST,
    PRICE,
    SLOT,
    TURN,
    PrivateHouse,
)

NETS = {0: 900, 1: -400, 2: -300}


def test_post(house: PrivateHouse) -> None:
    """The log has totals, root and the slot before, and no home's energy (Z-4)."""
    first = house.post_sums(NETS)
    second = house.post_sums({0: 500, 3: -600})
    assert first.posted.before == first.slot
    assert second.posted.before == first.slot == second.slot - 1
    assert [leaf.wh for leaf in first.tree.leaves] == [700, -400, -300, 0, 0]
    assert [leaf.money for leaf in second.tree.leaves] == [
        1200 * PRICE,
        -400 * PRICE,
        -300 * PRICE,
        -500 * PRICE,
        0,
    ]
    assert house.suite.slots.state_of(first.slot) == SlotState.POSTED
    assert house.suite.slots.homes_in(first.slot // DAY_SLOTS) == 5


def test_revert_given_another_caller(house: PrivateHouse) -> None:
    """Only the leader of the turn posts, with a quorum (Z-2)."""
    sums = house.work_out(NETS)
    leader = house.keys[sums.result.leader]
    house.no("SlotMarket_NotLeader", "post", *house.post_args(sums))
    one = sums.peers & -sums.peers
    house.no(
        "VerifierCouncil_NoQuorum", "post", sums.result, sums.posted.top, one, sums.signatures[:64], by=leader
    )


def test_revert_given_another_time(house: PrivateHouse) -> None:
    """A slot is posted after its end, for a while, and once (Z-4)."""
    slot = house.next_time // SLOT
    early = house.work_out(NETS, slot=slot)
    house.no(
        "SlotMarket_NotNow",
        "post",
        replace(early.result, slot=2**40),
        *house.post_args(early)[1:],
        by=house.keys[early.result.leader],
    )
    house.ok("post", *house.post_args(early), by=house.keys[early.result.leader])
    house.history[slot] = early
    again = house.work_out(NETS, slot=slot, before=slot)
    house.no("SlotMarket_RingTaken", "post", *house.post_args(again), by=house.keys[again.result.leader])
    late = house.work_out(NETS, slot=slot + 1)
    house.go((slot + 2) * SLOT + POST)
    house.no("SlotMarket_NotNow", "post", *house.post_args(late), by=house.keys[late.result.leader])


def test_revert_given_wrong_totals(house: PrivateHouse) -> None:
    """Price by the formula, totals in their range, and a root that says as much is sold as bought (Z-4)."""
    slot = house.next_time // SLOT
    for rule, changes in (
        ("SlotMarket_BadTotals", {"supply_wh": 2**40}),
        ("SlotMarket_BadPrice", {"price": PRICE + 1}),
        ("SlotMarket_WrongRoot", {"supply_wh": 699}),
    ):
        sums = house.work_out(NETS, slot=slot, **changes)
        house.no(rule, "post", *house.post_args(sums), by=house.keys[sums.result.leader])


def test_revert_given_another_slot_before(house: PrivateHouse) -> None:
    """Leaves go on from the last slot that counts: none is left out, none is invented (Z-5)."""
    first = house.post_sums(NETS)
    slot = first.slot + 1
    sums = house.work_out(NETS, slot=slot, before=slot)
    house.no("SlotMarket_WrongRoot", "post", *house.post_args(sums), by=house.keys[sums.result.leader])
    root = tree_root(sums.posted.top, 700, 5, first.slot - 1)
    sums = house.work_out(NETS, slot=slot, rows=[700, -400, -300, 0, 0], before=slot)
    lie = replace(sums.result, rows=root)
    house.no("SlotMarket_WrongRoot", "post", lie, *house.post_args(sums)[1:], by=house.keys[lie.leader])


def test_revert_given_a_later_slot_is_posted(house: PrivateHouse) -> None:
    """What a later slot goes on from cannot change behind it (Z-5)."""
    slot = house.next_time // SLOT
    later = house.post_sums(NETS, slot=slot + 1, before=slot + 1)
    assert later.posted.before == later.slot
    late = house.work_out(NETS, slot=slot, turn=SLOT // TURN + 2)
    values = house.no(
        "PrivateSlotMarket_LaterPosted", "post", *house.post_args(late), by=house.keys[late.result.leader]
    )
    assert values == (slot, slot + 1)


def test_a_silent_slot_is_passed_over(house: PrivateHouse) -> None:
    """The next slot goes on from the one before it (Z-8)."""
    first = house.post_sums(NETS)
    third = house.post_sums(NETS, slot=first.slot + 2)
    assert third.posted.before == first.slot
    fourth = house.post_sums(NETS)
    assert fourth.posted.before == third.slot


def test_a_day_begins_with_nothing(house: PrivateHouse) -> None:
    """The first slot of a day goes on from no other (Z-5)."""
    last = [house.post_sums(NETS) for _ in range(DAY_SLOTS)][-1]
    new = house.post_sums(NETS)
    assert (last.slot % DAY_SLOTS, new.posted.before) == (DAY_SLOTS - 1, new.slot)
    assert new.leaf(0).money == 700 * PRICE
