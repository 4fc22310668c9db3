"""Demands: a home is handed its leaf, or the slot is void."""

from __future__ import annotations

from dataclasses import replace

from energy_trading.types import Node, Opening
from tests.contracts.private_slot_market.house import (
    ANSWER,
    NO_EVIDENCE,
    NO_OPENING,
    NO_POSTED,
    PRICE,
    WINDOW,
    PrivateHouse,
)

NETS = {0: 900, 1: -400, 2: -300}


def test_demand_and_answer(house: PrivateHouse) -> None:
    """Free for the home; leaf, leaf before, order and reading answer it, of both kinds of meter (Z-4)."""
    house.post_sums({0: 100, 1: -50})
    sums = house.post_sums(NETS)
    for home in (0, 1, 3):  # a secp256k1 meter, a P-256 meter, a home without a reading
        house.ok("demand", sums.slot, home, by=house.owners[home])
        house.no("SlotMarket_AlreadyDemanded", "demand", sums.slot, home)
        house.ok("answer", *house.answer_args(sums, home))
        house.no("SlotMarket_NoDemand", "answer", *house.answer_args(sums, home))
    assert house.unhurt()


def test_bond_of_a_stranger_goes_to_the_answerer(house: PrivateHouse) -> None:
    """Anyone may demand any leaf, for a bond (Z-4)."""
    sums, stranger = house.post_sums(NETS), house.people["stranger"]
    house.ok("demand", sums.slot, 0, by=stranger)
    helper = house.keys[sums.posted.signers[2]]
    house.ok("answer", *house.answer_args(sums, 0), by=helper)
    assert house.market.owed[helper.address] == house.p.slots.bond
    house.ok("collect", by=helper)
    house.no("SlotMarket_NothingOwed", "collect", by=helper)


def test_demands_have_a_window(house: PrivateHouse) -> None:
    """Half-open; nothing is demanded of what is not posted, or of no home (Z-4)."""
    house.no("SlotMarket_NotPosted", "demand", 12, 0)
    sums = house.post_sums(NETS)
    posted_at = house.chain.now()
    house.no("SlotMarket_NoHome", "demand", sums.slot, 5)
    house.no("SlotMarket_NotPosted", "demand", sums.slot + 32, 0)
    house.no("SlotMarket_NotPosted", "demand", 2**32 + sums.slot // 4, 0)
    house.go(posted_at + WINDOW - 1)
    house.ok("demand", sums.slot, 0, by=house.owners[0])
    house.no("SlotMarket_TooLate", "demand", sums.slot, 1, by=house.owners[1])


def test_wrong_answers(house: PrivateHouse) -> None:
    """Another leaf, slot before, order, reading or meter does not answer (Z-4, Z-7)."""
    first = house.post_sums({0: 500, 1: -50})
    sums = house.post_sums(NETS)
    house.ok("demand", sums.slot, 1, by=house.owners[1])
    posted, home, opening, before, earlier, right = house.answer_args(sums, 1)

    def refused(rule: str, *args: object) -> None:
        house.no(rule, "answer", *args)

    other = replace(posted, result=replace(posted.result, price=1))
    refused("SlotMarket_NotPosted", other, home, opening, before, earlier, right)
    forged = replace(posted, homes=6)
    refused("SlotDisputes_WrongRoot", forged, home, opening, before, earlier, right)
    refused("PrivateSlotDisputes_BadLeaf", posted, home, sums.open(2), before, earlier, right)
    lie = replace(opening, leaf=replace(opening.leaf, wh=-399))
    refused("SlotDisputes_WrongRoot", posted, home, lie, before, earlier, right)
    short = Opening(opening.leaf, opening.beside[:-1])
    refused("SumTree_BadLength", posted, home, short, before, earlier, right)
    long = Opening(opening.leaf, (*opening.beside, Node(bytes(32), 0, 0)))
    refused("SumTree_BadLength", posted, home, long, before, earlier, right)
    refused("PrivateSlotDisputes_WrongSlot", posted, home, opening, posted, opening, right)
    refused("PrivateSlotDisputes_WrongSlot", posted, home, opening, NO_POSTED, NO_OPENING, right)
    unknown = replace(first.posted, signers=first.posted.signers[:-1])
    refused("SlotMarket_NotPosted", posted, home, opening, unknown, earlier, right)
    refused("PrivateSlotDisputes_BadLeaf", posted, home, opening, before, first.open(0), right)
    refused("SlotDisputes_WrongEvidence", posted, home, opening, before, earlier, NO_EVIDENCE)
    bad = replace(right, reading=replace(right.reading, net_wh=-7))
    refused("SlotDisputes_BadSignature", posted, home, opening, before, earlier, bad)
    bad = replace(right, meter=house.meters[0].signer)
    refused("SlotDisputes_WrongMeter", posted, home, opening, before, earlier, bad)
    house.go(house.chain.now() + ANSWER)
    house.no("SlotMarket_TooLate", "answer", *house.answer_args(sums, 1))


def test_expire(house: PrivateHouse) -> None:
    """Unanswered: the slot is void, all signers are slashed, half of it for the home (Z-4, Z-6)."""
    sums = house.post_sums(NETS)
    bob, stranger = house.owners[1], house.people["stranger"]
    house.ok("demand", sums.slot, 1, by=bob)
    house.ok("demand", sums.slot, 2, by=stranger)
    house.no("SlotMarket_NoDemand", "expire", sums.posted, 3)
    house.no("SlotMarket_TooEarly", "expire", sums.posted, 1)
    house.no("SlotMarket_StillPosted", "return_bond", sums.slot, 2)
    house.go(house.chain.now() + ANSWER)
    house.ok("expire", sums.posted, 1)
    assert house.is_void(sums.slot)
    slash = house.p.council.slash
    assert house.stakes(*sums.posted.signers) == [slash] * 3
    assert house.council.seat(bob.address).owed == 3 * slash // 2
    house.no("SlotMarket_NotPosted", "expire", sums.posted, 2)
    house.ok("return_bond", sums.slot, 2)
    assert house.market.owed[stranger.address] == house.p.slots.bond
    house.no("SlotMarket_NoDemand", "return_bond", sums.slot, 2)


def test_next_slot_goes_on_without_a_void_one(house: PrivateHouse) -> None:
    """What was void before the next slot is not in its sums (Z-5)."""
    first = house.post_sums(NETS)
    withheld = house.post_sums({0: 5000, 1: -5000})
    house.ok("demand", withheld.slot, 1, by=house.owners[1])
    house.go(house.chain.now() + ANSWER)
    house.ok("expire", withheld.posted, 1)
    sums = house.post_sums(NETS)
    assert sums.posted.before == first.slot
    assert sums.leaf(0).money == 1400 * PRICE
    assert house.market.slots_of(sums.slot // 4, house.next_time) == (True, sums.slot, 0)
