"""Days: the money of each home, posted once its slots cannot change, and paid."""

from __future__ import annotations

from dataclasses import replace

from energy_trading.rules.day_money import pack_money
from energy_trading.rules.private_slots import DAYS
from energy_trading.types import Day, SlotState
from tests.contracts.private_slot_market.house import (
    ANSWER,
    DAY_POST,
    DAY_SLOTS,
    LOCKED,
    PRICE,
    WINDOW,
    PrivateHouse,
    Sums,
)

NETS = {0: 900, 1: -400, 2: -300}
MORE = {0: -200, 3: 500, 4: -100}


def a_day(house: PrivateHouse) -> list[Sums]:
    """Four slots, posted."""
    return [house.post_sums(nets) for nets in (NETS, MORE, NETS, NETS)]


def test_a_day_from_orders_to_money(house: PrivateHouse) -> None:
    """Slots, the day's money, and one write for four homes; payers pay the fee, leader and finaliser share
    it (Z-4, Z-5, Z-6).
    """
    sums = a_day(house)
    day = sums[0].slot // DAY_SLOTS
    daily = house.post_daily(day)
    house.turn_of(day)
    stranger = house.people["stranger"]
    house.closed(daily, by=stranger)
    due = [leaf.money for leaf in sums[-1].tree.leaves]
    assert due == [(2100 - 200) * PRICE, -1200 * PRICE, -900 * PRICE, 300 * PRICE, -100 * PRICE]
    fees = [0, 1, 1, 0, 1]
    assert house.balances() == [
        LOCKED + units - fee * house.p.slots.fee for units, fee in zip(due, fees, strict=True)
    ]
    assert house.market.owed[stranger.address] == 3 * house.p.slots.fee // 2
    assert house.council.seat(daily.posted.day.leader).owed == 3 * house.p.slots.fee // 2
    assert house.suite.slots.frontier() == (day + 1) * DAY_SLOTS
    assert house.suite.slots.state_of(daily.number) == SlotState.FINAL
    house.no("SlotMarket_WrongSlot", "finalise", daily.posted.day, bytes(32), daily.money)


def test_post_day_at_its_time(house: PrivateHouse) -> None:
    """From when no slot of it can be demanded any more, until its time is over (Z-4)."""
    day = a_day(house)[0].slot // DAY_SLOTS
    early = house.work_out_day(day, turn=0)
    leader = house.keys[early.posted.day.leader]
    house.no("SlotMarket_NotLeader", "post_day", *house.day_args(early))
    far = replace(early.posted.day, day=2**40)
    house.no("SlotMarket_NotNow", "post_day", far, *house.day_args(early)[1:], by=leader)
    following = replace(early.posted.day, day=day + 1)
    house.no("SlotMarket_NotNow", "post_day", following, *house.day_args(early)[1:], by=leader)
    late = house.work_out_day(day, turn=0)
    house.go(house.day_from(day) + DAY_POST)
    house.no("SlotMarket_NotNow", "post_day", *house.day_args(late), by=house.keys[late.posted.day.leader])
    assert house.suite.slots.state_of(late.number) == SlotState.NONE
    house.chain.mine()
    assert house.suite.slots.state_of(late.number) == SlotState.EMPTY


def test_post_day_checks_what_everybody_can(house: PrivateHouse) -> None:
    """Five bytes for each home, Σ = 0, the hash that was signed, the slots that count (Z-5)."""
    day = a_day(house)[0].slot // DAY_SLOTS
    due = house.due(day)

    def refused(rule: str, money: list[int], **changes: object) -> tuple[object, ...]:
        daily = house.work_out_day(day, money=money, **changes)
        return house.no(rule, "post_day", *house.day_args(daily), by=house.keys[daily.posted.day.leader])

    assert refused("PrivateSlotMarket_NotZero", [due[0] + 1, *due[1:]]) == (1,)
    assert refused("SlotMarket_BadRows", [*due, 0, 0, 0, 0]) == (60, 5)
    refused("SlotMarket_BadRows", due[:4])
    refused("SlotMarket_BadRows", [due[0] - 1, *due[1:], 1])
    refused("SlotMarket_BadRows", [due[0] - 1, *due[1:], 0, 0, 1])
    daily = house.work_out_day(day)
    lie = pack_money([due[1], due[0], *due[2:]])
    args = house.day_args(daily)
    house.no(
        "SlotMarket_WrongRoot", "post_day", args[0], lie, *args[2:], by=house.keys[daily.posted.day.leader]
    )
    refused("PrivateSlotMarket_WrongSlots", due, head=daily.posted.day.head - 1)
    refused("PrivateSlotMarket_WrongSlots", due, undone=1)
    house.ok("post_day", *house.day_args(house.work_out_day(day)), by=house.leader_of(day))
    house.no(
        "SlotMarket_RingTaken", "post_day", *house.day_args(house.work_out_day(day)), by=house.leader_of(day)
    )


def test_a_day_waits_for_its_demands(house: PrivateHouse) -> None:
    """While a slot's demand is open, its sums may still go (Z-4)."""
    sums = a_day(house)
    day = sums[0].slot // DAY_SLOTS
    house.go(house.day_from(day) - ANSWER - WINDOW // 2)
    house.ok("demand", sums[3].slot, 0, by=house.owners[0])
    house.ok("demand", sums[3].slot, 1, by=house.owners[1])
    daily = house.work_out_day(day)
    bits = house.no("SlotMarket_OpenDemands", "post_day", *house.day_args(daily), by=house.leader_of(day))
    assert bits == (daily.number, 0b1000)


def test_finalise_in_its_time(house: PrivateHouse) -> None:
    """After the window, without open demands, in the order of the days, what was posted (Z-4)."""
    day = a_day(house)[0].slot // DAY_SLOTS
    daily = house.post_daily(day)
    assert house.refused(daily) == "SlotMarket_WrongSlot"
    house.turn_of(day)
    other = replace(daily, money=pack_money([0] * 5))
    assert house.refused(other) == "SlotMarket_WrongRoot"
    changed = replace(daily.posted, day=replace(daily.posted.day, head=1))
    assert house.refused(replace(daily, posted=changed)) == "SlotMarket_NotPosted"
    house.closed(daily)


def test_finalise_waits_for_window_and_demands(house: PrivateHouse) -> None:
    """A day can be demanded in its window like a slot (Z-4)."""
    day = a_day(house)[0].slot // DAY_SLOTS
    house.turn_of(day)
    daily = house.post_daily(day)
    assert house.refused(daily) == "SlotMarket_TooEarly"
    house.go(house.chain.now() + WINDOW - 2)
    house.ok("demand", daily.number, 0, by=house.owners[0])
    house.go(house.chain.now() + 2)
    assert house.refused(daily) == "SlotMarket_OpenDemands"
    house.ok("answer_day", *house.proofs(daily, 0))
    house.closed(daily)


def test_advance_needs_no_cluster(house: PrivateHouse) -> None:
    """Days that nobody posts are empty when their time is over (Z-5, Z-8)."""
    day = house.market.frontier // DAY_SLOTS
    house.no("SlotMarket_BadBatch", "advance", 0)
    house.no("SlotMarket_BadBatch", "advance", 1025)
    house.no("SlotMarket_NotEmpty", "advance", 1)
    house.go(house.day_from(day + 1) + DAY_POST)
    house.ok("advance", 1)
    assert house.suite.slots.frontier() == (day + 1) * DAY_SLOTS
    house.ok("advance", 1024)
    assert house.suite.slots.frontier() == (day + 2) * DAY_SLOTS
    house.no("SlotMarket_NotEmpty", "advance", 1024)


def test_demand_and_answer_of_a_day(house: PrivateHouse) -> None:
    """The last leaf answers; anyone may demand a day's money, for a bond (Z-4)."""
    day = a_day(house)[0].slot // DAY_SLOTS
    daily = house.post_daily(day)
    stranger, helper = house.people["stranger"], house.owners[2]
    house.no("PrivateSlotDisputes_Unjustified", "wrong_day", *house.proofs(daily, 0))
    house.no("SlotMarket_NoDemand", "answer_day", *house.proofs(daily, 0))
    house.no("SlotMarket_NoHome", "demand", daily.number, 5)
    house.ok("demand", daily.number, 0, by=stranger)
    house.no("SlotMarket_AlreadyDemanded", "demand", daily.number, 0, by=house.owners[0])
    posted, home, money, slots, openings = house.proofs(daily, 0)
    house.no("SumTree_BadLength", "answer_day", posted, home, money, [], [])
    earlier = house.history[posted.day.head - 1]
    house.no(
        "PrivateSlotDisputes_WrongSlot",
        "answer_day",
        posted,
        home,
        money,
        [earlier.posted],
        [earlier.open(0)],
    )
    house.no("PrivateSlotDisputes_BadLeaf", "answer_day", posted, 1, money, slots, openings)
    house.no("SlotDisputes_WrongRoot", "answer_day", posted, 0, pack_money([0] * 5), slots, openings)
    house.ok("answer_day", posted, home, money, slots, openings, by=helper)
    assert house.market.owed[helper.address] == house.p.slots.bond
    house.turn_of(day)
    house.closed(daily)
    assert house.unhurt()


def test_wrong_day(house: PrivateHouse) -> None:
    """Money that is not that of the leaves: void, its signers slashed, and posted again (Z-5, Z-6)."""
    day = a_day(house)[0].slot // DAY_SLOTS
    due = house.due(day)
    lie = house.post_daily(day, money=[due[0] - 5, due[1] + 5, *due[2:]])
    house.ok("demand", lie.number, 0, by=house.owners[0])
    house.ok("demand", lie.number, 3, by=house.people["stranger"])
    house.no("PrivateSlotDisputes_WrongMoney", "answer_day", *house.proofs(lie, 0))
    house.no("PrivateSlotDisputes_Unjustified", "wrong_day", *house.proofs(lie, 2))
    house.no("SlotMarket_StillPosted", "return_bond", lie.number, 3)
    house.ok("wrong_day", *house.proofs(lie, 0))
    assert house.is_void(lie.number)
    assert house.stakes(*lie.posted.signers) == [house.p.council.slash] * 3
    again = house.post_daily(day)
    house.no("SlotMarket_NoDemand", "answer_day", *house.proofs(again, 0))
    house.ok("demand", again.number, 0, by=house.people["stranger"])
    house.ok("answer_day", *house.proofs(again, 0))
    house.ok("return_bond", again.number, 3)
    house.turn_of(day)
    house.closed(again)


def test_expire_day(house: PrivateHouse) -> None:
    """Nobody shows where a home's money comes from (Z-4, Z-6)."""
    day = a_day(house)[0].slot // DAY_SLOTS
    due = house.due(day)
    lie = house.post_daily(day, money=[due[0] - 5, due[1] + 5, *due[2:]])
    house.no("SlotMarket_NoDemand", "expire_day", lie.posted, 0)
    house.ok("demand", lie.number, 0, by=house.owners[0])
    house.no("SlotMarket_TooEarly", "expire_day", lie.posted, 0)
    house.go(house.chain.now() + ANSWER)
    house.ok("expire_day", lie.posted, 0)
    assert house.council.seat(house.owners[0].address).owed == 3 * house.p.council.slash // 2


def test_overspend_of_a_day(house: PrivateHouse) -> None:
    """A home that does not watch loses at most its cap in each slot, by public data (Z-6, Z-7)."""
    house.ok("set_cap", 800 * PRICE, by=house.owners[1])
    house.next_day()
    day = a_day(house)[0].slot // DAY_SLOTS
    most = 4 * 800 * PRICE
    fine = house.work_out_day(day, money=[0, -most, 0, 0, most])
    house.ok("post_day", *house.day_args(fine), by=house.keys[fine.posted.day.leader])
    house.no("PrivateSlotDisputes_Unjustified", "overspend_day", fine.posted, 1, fine.money)
    house.no("PrivateSlotDisputes_Unjustified", "overspend_day", fine.posted, 4, fine.money)
    house.ok("wrong_day", *house.proofs(fine, 0))
    lie = house.post_daily(day, money=[0, -most - 1, 0, 0, most + 1])
    house.no("SlotDisputes_WrongRoot", "overspend_day", lie.posted, 1, fine.money)
    house.ok("overspend_day", lie.posted, 1, lie.money)
    assert house.is_void(lie.number)


def test_overdraft_of_a_day(house: PrivateHouse) -> None:
    """A day that would never be final is void; the slot's signers are at fault, not the day's (Z-6)."""
    house.make_poor(1, 500 * PRICE)
    sums = [house.post_sums({0: 900, 1: -400}), house.post_sums({0: 900, 1: -200})]
    day = sums[0].slot // DAY_SLOTS
    daily = house.post_daily(day)
    house.no("PrivateSlotDisputes_WrongSlot", "overdraft_day", daily.posted, 1, daily.money)
    house.turn_of(day)
    house.no("PrivateSlotMarket_DaySealed", "overdraft", sums[1].posted, 1, sums[1].open(1))
    assert house.refused(daily) == "SlotMarket_Overdrawn"
    house.no("PrivateSlotDisputes_Unjustified", "overdraft_day", daily.posted, 0, daily.money)
    house.ok("overdraft_day", daily.posted, 1, daily.money)
    assert house.unhurt()
    house.ok("overdraft", sums[1].posted, 1, sums[1].open(1))
    assert house.stakes(*sums[1].posted.signers) == [house.p.council.slash] * 3
    again = house.post_daily(day)
    house.closed(again)
    assert house.balances()[1] == 100 * PRICE - house.p.slots.fee


def test_undone_slots_are_taken_off(house: PrivateHouse) -> None:
    """A slot that later ones go on from is void: its money is taken off the day (Z-5)."""
    first, second, third, fourth = a_day(house)
    day = first.slot // DAY_SLOTS
    house.ok("misfill", second.posted, 0, second.open(0), *house.acked(second, 0, budget=0))
    house.ok(
        "misfill",
        fourth.posted,
        0,
        fourth.open(0),
        *house.acked(fourth, 0, of_reading=house.other(fourth, 0)),
    )
    assert house.market.slots_of(day, house.next_time) == (True, third.slot, 0b0010)
    daily = house.post_daily(day)
    house.ok("demand", daily.number, 3, by=house.owners[3])
    posted, home, money, slots, openings = house.proofs(daily, 3)
    assert len(slots) == 2
    house.no("SumTree_BadLength", "answer_day", posted, home, money, slots[:1], openings[:1])
    house.no("PrivateSlotDisputes_WrongSlot", "answer_day", posted, home, money, slots[::-1], openings[::-1])
    house.ok("answer_day", posted, home, money, slots, openings)
    house.turn_of(day)
    house.closed(daily)
    assert house.balances()[3] == LOCKED
    assert house.balances()[0] == LOCKED + 1400 * PRICE


def test_undone_slots_go_with_the_last_one(house: PrivateHouse) -> None:
    """If all that go on from it are void, a void slot is in no sums any more (Z-5)."""
    first, second, third, fourth = a_day(house)
    day = first.slot // DAY_SLOTS
    for sums, undone in ((second, 0b0010), (third, 0b0110), (fourth, 0)):
        given = house.acked(sums, 0, of_reading=house.other(sums, 0))
        house.ok("misfill", sums.posted, 0, sums.open(0), *given)
        head = fourth.slot if undone else first.slot
        assert house.market.slots_of(day, house.next_time) == (True, head, undone)
    daily = house.post_daily(day)
    house.turn_of(day)
    house.closed(daily)
    assert house.balances()[0] == LOCKED + 700 * PRICE


def test_revert_given_a_day_without_slots(house: PrivateHouse) -> None:
    """There is nothing to post it from; when its time is over it is empty (Z-5)."""
    sums = house.post_sums(NETS)
    day = sums.slot // DAY_SLOTS
    given = house.acked(sums, 0, of_reading=house.other(sums, 0))
    house.ok("misfill", sums.posted, 0, sums.open(0), *given)
    house.go(house.day_from(day))
    cluster = house.suite.council.cluster_of(DAYS + day, 0)
    empty = Day(day, sums.slot, 0, bytes(32), cluster[0])
    values = house.no(
        "PrivateSlotMarket_WrongSlots", "post_day", empty, b"", 0, b"", by=house.keys[cluster[0]]
    )
    assert values == (0, 0)
    house.turn_of(day + 1)
