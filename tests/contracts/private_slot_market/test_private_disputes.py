"""Disputes about a slot: each opens one leaf, and is lost by whoever has no case."""

from __future__ import annotations

from dataclasses import replace

from energy_trading.types import Reading
from tests.contracts.private_slot_market.house import (
    CAP,
    DAY_SLOTS,
    PRICE,
    SLOT,
    WINDOW,
    PrivateHouse,
)

NETS = {0: 900, 1: -400, 2: -300}


# ---------------------------------------------------------------- misfill


def test_misfill_in_either_direction(house: PrivateHouse) -> None:
    """Energy below or above the ration costs the one who acknowledged something else (Z-6, Z-7)."""
    for rows in ([699, -399, -300, 0, 0], [701, -401, -300, 0, 0]):
        sums = house.post_sums(NETS, rows=rows)
        house.ok("misfill", sums.posted, 1, sums.open(1), *house.acked(sums, 1))
        assert house.is_void(sums.slot)
    assert house.council.seat(house.owners[1].address).owed == house.p.council.slash


def test_misfill_slashes_the_acker_alone(house: PrivateHouse) -> None:
    """The other signers may not have known (Z-6)."""
    sums = house.post_sums(NETS, rows=[699, -399, -300, 0, 0])
    house.ok("misfill", sums.posted, 1, sums.open(1), *house.acked(sums, 1, member=2))
    assert house.stakes(*sums.posted.signers) == [0, 0, house.p.council.slash]


def test_misfill_of_an_omitted_home(house: PrivateHouse) -> None:
    """An acknowledged home whose leaf has no energy (Z-6)."""
    sums = house.post_sums(NETS)
    order = house.order(3, sums.slot)
    reading = Reading(house.owners[3].address, sums.slot, -50)
    given = house.acked(sums, 3, of_order=order, of_reading=reading, budget=CAP)
    house.ok("misfill", sums.posted, 3, sums.open(3), *given)


def test_unjustified_misfill(house: PrivateHouse) -> None:
    """A right leaf, another member, a window that is over (Z-6)."""
    sums = house.post_sums(NETS)
    for home in range(3):
        house.no(
            "SlotDisputes_Unjustified",
            "misfill",
            sums.posted,
            home,
            sums.open(home),
            *house.acked(sums, home),
        )
    order, reading, ack, _, signature = house.acked(sums, 1, budget=0)
    house.no(
        "SlotDisputes_NotSigner", "misfill", sums.posted, 1, sums.open(1), order, reading, ack, 9, signature
    )
    house.no(
        "SlotDisputes_BadSignature",
        "misfill",
        sums.posted,
        1,
        sums.open(1),
        order,
        reading,
        ack,
        2,
        signature,
    )
    house.no("PrivateSlotDisputes_BadLeaf", "misfill", sums.posted, 1, sums.open(2), *house.acked(sums, 1))
    house.go(house.chain.now() + WINDOW)
    house.no("SlotDisputes_TooLate", "misfill", sums.posted, 1, sums.open(1), *house.acked(sums, 1, budget=0))


# ---------------------------------------------------------------- sums and trees


def test_wrong_sum_of_the_first_slot(house: PrivateHouse) -> None:
    """Money that is not price times energy (Z-5, Z-6)."""
    sums = house.post_sums(NETS, money={1: -400 * PRICE - 1})
    house.no(
        "PrivateSlotDisputes_Unjustified", "wrong_sum", sums.posted, 0, sums.open(0), *house.earlier(sums, 0)
    )
    house.ok("wrong_sum", sums.posted, 1, sums.open(1), *house.earlier(sums, 1))
    assert house.is_void(sums.slot)
    assert house.stakes(*sums.posted.signers) == [house.p.council.slash] * 3


def test_wrong_running_sum(house: PrivateHouse) -> None:
    """Money that does not go on from the leaf before (Z-5, Z-6)."""
    house.post_sums(NETS)
    sums = house.post_sums(NETS, money={0: 700 * PRICE, 1: -400 * PRICE})
    assert house.history[sums.slot - 1].leaf(0).money == 700 * PRICE
    house.no(
        "PrivateSlotDisputes_WrongSlot", "wrong_sum", sums.posted, 0, sums.open(0), sums.posted, sums.open(0)
    )
    house.ok("demand", sums.slot, 0, by=house.owners[0])
    values = house.no("PrivateSlotDisputes_WrongMoney", "answer", *house.answer_args(sums, 0))
    assert values == (700 * PRICE, 1400 * PRICE)
    house.ok("wrong_sum", sums.posted, 0, sums.open(0), *house.earlier(sums, 0))
    house.no("SlotMarket_NotPosted", "answer", *house.answer_args(sums, 0))


def test_right_tree_is_not_wrong(house: PrivateHouse) -> None:
    """Every way of an honest tree is right, as far as it is shown (Z-6)."""
    sums = house.post_sums(NETS)
    for home in range(5):
        pairs = sums.tree.pairs(home)
        for shown in range(len(pairs) + 1):
            house.no(
                "PrivateSlotDisputes_Unjustified",
                "wrong_tree",
                sums.posted,
                home,
                pairs[:shown],
                sums.leaf(home),
            )
    house.no("SumTree_BadLength", "wrong_tree", sums.posted, 4, sums.tree.pairs(0), sums.leaf(4))
    house.no("SlotDisputes_WrongRoot", "wrong_tree", sums.posted, 0, sums.tree.pairs(0), sums.leaf(1))
    house.no("SlotDisputes_WrongRoot", "wrong_tree", sums.posted, 0, sums.tree.pairs(0)[1:], sums.leaf(0))
    house.no("SlotMarket_NoHome", "wrong_tree", sums.posted, 5, [], sums.leaf(0))


# ---------------------------------------------------------------- overspend, overdraft, two readings


def test_overspend(house: PrivateHouse) -> None:
    """A home pays more than its cap in the slot; anyone who has the leaf may say so (Z-6, Z-7)."""
    house.ok("set_cap", 300 * PRICE, by=house.owners[1])
    house.next_slot()
    sums = house.post_sums(NETS, budgets={1: 300 * PRICE}, rows=[600, -300, -300, 0, 0])
    house.no("PrivateSlotDisputes_Unjustified", "overspend", sums.posted, 1, sums.open(1))
    sums = house.post_sums(NETS)
    house.no("PrivateSlotDisputes_Unjustified", "overspend", sums.posted, 0, sums.open(0))
    house.ok("overspend", sums.posted, 1, sums.open(1))
    assert house.stakes(*sums.posted.signers)[0] == house.p.council.slash


def test_overspend_of_a_frozen_home(house: PrivateHouse) -> None:
    """A frozen home has no energy in the slots to come (Z-6)."""
    house.on_ledger("suspend", [house.owners[0].address], by=house.people["dso"])
    house.ok("freeze", 0)
    during = house.post_sums(NETS)
    house.no("PrivateSlotDisputes_Unjustified", "overspend", during.posted, 0, during.open(0))
    after = house.post_sums(NETS)
    house.ok("overspend", after.posted, 0, after.open(0))


def test_overdraft(house: PrivateHouse) -> None:
    """Who buys beyond what it has is found by the slot in which it did (Z-6, Z-7)."""
    house.make_poor(1, 500 * PRICE)
    fine = house.post_sums({0: 900, 1: -400})  # 400 Wh and the fee of the day are within 500 Wh
    house.no("PrivateSlotDisputes_WrongSlot", "overdraft", fine.posted, 1, fine.open(1))
    over = house.post_sums({0: 900, 1: -200})
    after = house.post_sums({0: 100, 1: 100, 2: -900})
    day = over.slot // DAY_SLOTS
    house.turn_of(day)
    house.no("PrivateSlotDisputes_Unjustified", "overdraft", fine.posted, 1, fine.open(1))
    house.no("PrivateSlotDisputes_Unjustified", "overdraft", after.posted, 1, after.open(1))  # it sells
    house.ok("overdraft", over.posted, 1, over.open(1))
    assert house.stakes(*over.posted.signers) == [house.p.council.slash] * 3
    assert house.market.slots_of(day, house.next_time) == (True, after.slot, 0b0010)
    daily = house.post_daily(day)
    house.closed(daily)
    assert house.balances()[1] == (500 - 400 + 100) * PRICE - house.p.slots.fee


# ---------------------------------------------------------------- readings


def test_two_readings_freeze(house: PrivateHouse) -> None:
    """A meter that says two things about one slot: the home is frozen (Z-7)."""
    slot = house.next_time // SLOT
    domain, account, meter = house.suite.slots_domain, house.owners[0].address, house.meters[0]
    first, second = Reading(account, slot, 5), Reading(account, slot, 6)
    signed = [meter.sign(domain.digest(reading)) for reading in (first, second)]
    house.no("SlotDisputes_SameReading", "two_readings", 0, first, first, meter.signer, *signed)
    house.no(
        "SlotDisputes_WrongEvidence",
        "two_readings",
        0,
        first,
        replace(second, slot=slot + 1),
        meter.signer,
        *signed,
    )
    house.no("SlotDisputes_WrongMeter", "two_readings", 0, first, second, house.meters[1].signer, *signed)
    house.no("SlotDisputes_BadSignature", "two_readings", 0, first, second, meter.signer, *signed[::-1])
    house.ok("two_readings", 0, first, second, meter.signer, *signed)
    house.no("SlotMarket_MeterTorn", "two_readings", 0, first, second, meter.signer, *signed)
    assert house.suite.slots.home_of(0).frozen_from == slot + 1
