"""Attacks on the private form, played: each honest home and each honest cluster is unhurt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from energy_trading.bindings.contract import ContractRevert
from energy_trading.crypto.keys import SecretKey
from energy_trading.meter.signers import Secp256k1Meter
from energy_trading.rules.sum_tree import SumTree, join
from energy_trading.types import Leaf, Node, NodePair, Opening
from tests.contracts.private_slot_market.house import (
    ANSWER,
    DAY_POST,
    DAY_SLOTS,
    LOCKED,
    NO_EVIDENCE,
    NO_OPENING,
    NO_POSTED,
    PRICE,
    SLOT,
    PrivateHouse,
    Sums,
)

NETS = {0: 900, 1: -400, 2: -300}
ROWS = (700, -400, -300, 0, 0)


@dataclass(frozen=True)
class ForgedTree(SumTree):
    """A tree in which some nodes say another thing than what is below them.

    Args:
        lies: sums by level and place.
    """

    lies: Mapping[tuple[int, int], tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        levels = [list(self.levels[0])]
        while True:
            level = len(levels) - 1
            for (at, place), (sold, bought) in self.lies.items():
                if at == level:
                    levels[level][place] = Node(levels[level][place].hash, sold, bought)
            below = levels[level]
            if len(below) == 1:
                break
            pairs = [below[i : i + 2] for i in range(0, len(below), 2)]
            levels.append([join(NodePair(*pair)) if len(pair) == 2 else pair[0] for pair in pairs])
        object.__setattr__(self, "_levels", tuple(tuple(level) for level in levels))


def leaves_of(house: PrivateHouse, wh: Sequence[int], slot: int) -> list[Leaf]:
    return [Leaf(i, slot, w, w * PRICE, house.salt(i, slot)) for i, w in enumerate(wh)]


def post_tree(house: PrivateHouse, tree: SumTree, matched: int = 700) -> Sums:
    """Let a captured cluster post a tree of its own, over totals that everybody believes."""
    rows = [matched, -matched, 0, 0, 0]
    sums = house.work_out(NETS, rows=rows, top=tree.top, slot=tree.leaves[0].slot)
    sums = replace(sums, tree=tree)
    house.ok("post", *house.post_args(sums), by=house.keys[sums.result.leader])
    house.history[sums.slot] = sums
    return sums


def undone_by(house: PrivateHouse, sums: Sums) -> None:
    assert house.is_void(sums.slot)
    assert house.stakes(*sums.posted.signers) == [house.p.council.slash] * 3
    assert house.balances() == [LOCKED] * 5


def test_a_captured_cluster_is_undone_by_one_home(house: PrivateHouse) -> None:
    """Energy out of thin air: a demand that cannot be answered (Z-7, 51 %)."""
    sums = house.post_sums({}, rows=[5000, -5000, 0, 0, 0], metered_supply_wh=1, metered_demand_wh=1)
    house.ok("demand", sums.slot, 1, by=house.owners[1])
    house.no("SlotDisputes_WrongEvidence", "answer", *house.answer_args(sums, 1, NO_EVIDENCE))
    house.go(house.chain.now() + ANSWER)
    house.ok("expire", sums.posted, 1)
    undone_by(house, sums)


def test_a_withheld_tree(house: PrivateHouse) -> None:
    """A root of nothing that anybody knows: no leaf can be shown (Z-7)."""
    lie = Node(b"\x13" * 32, 700, 700)
    sums = house.work_out(NETS, top=lie)
    house.ok("post", *house.post_args(sums), by=house.keys[sums.result.leader])
    house.ok("demand", sums.slot, 4, by=house.owners[4])
    house.no("SlotDisputes_WrongRoot", "answer", *house.answer_args(sums, 4, NO_EVIDENCE))
    house.go(house.chain.now() + ANSWER)
    house.ok("expire", sums.posted, 4)
    undone_by(house, sums)


def test_a_silent_home_keeps_its_money(house: PrivateHouse) -> None:
    """No reading: its leaf has no energy and goes on with its money (Z-7)."""
    house.post_sums(NETS)
    sums = house.post_sums({1: -400, 3: 100})
    assert (sums.leaf(0).wh, sums.leaf(0).money) == (0, 700 * PRICE)
    stolen = house.post_sums(NETS, money={0: 700 * PRICE})  # not what it earns now
    house.ok("wrong_sum", stolen.posted, 0, stolen.open(0), *house.earlier(stolen, 0))
    house.ok("demand", sums.slot, 0, by=house.people["stranger"])
    house.ok("answer", *house.answer_args(sums, 0))


def test_a_challenger_that_refuses_coin(house: PrivateHouse) -> None:
    """Nobody is paid inside expire, answer or slash: a hostile challenger freezes nothing (Z-5)."""
    sums = house.post_sums(NETS)
    stranger = house.people["stranger"]
    house.ok("demand", sums.slot, 1, by=stranger)
    house.go(house.chain.now() + ANSWER)
    house.ok("expire", sums.posted, 1, by=house.owners[4])
    assert house.market.owed[stranger.address] == house.p.slots.bond
    assert house.council.seat(house.owners[4].address).owed == 0  # nothing for who sends as such
    assert house.council.seat(house.owners[1].address).owed == 3 * house.p.council.slash // 2


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_node_with_other_sums_than_below(house: PrivateHouse, level: int) -> None:
    """Σ would not be zero: home 0 sells 900 Wh where others buy 700 (Z-5, Z-7)."""
    slot = house.next_time // SLOT
    leaves = leaves_of(house, (900, -400, -300, 0, 0), slot)
    honest = SumTree(tuple(leaves)).levels[level][0]
    lie = {(level, 0): (honest.sold - 200, honest.bought)}
    sums = post_tree(house, ForgedTree(tuple(leaves), lie))
    house.no("SlotDisputes_WrongRoot", "answer", *house.answer_args(sums, 0, NO_EVIDENCE))
    pairs = sums.tree.pairs(0)
    for shown in range(len(pairs) - level):
        house.no("PrivateSlotDisputes_Unjustified", "wrong_tree", sums.posted, 0, pairs[:shown], sums.leaf(0))
    house.ok("wrong_tree", sums.posted, 0, pairs[: len(pairs) - level + 1], sums.leaf(0))
    undone_by(house, sums)


def test_negative_sums_wrap_nowhere(house: PrivateHouse) -> None:
    """A node of "-200 Wh" is one of nearly 2**64: what is added to it does not wrap (Z-7)."""
    slot = house.next_time // SLOT
    leaves = leaves_of(house, (900, -400, -300, 0, 0), slot)
    lie = {(0, 3): (2**64 - 200, 0)}
    tree = ForgedTree(tuple(leaves), lie)
    assert tree.top.sold == 2**64 + 700
    sums = post_tree(house, ForgedTree(tuple(leaves), {**lie, (2, 0): (700, 700)}))
    house.no("SlotDisputes_WrongRoot", "answer", *house.answer_args(sums, 0, NO_EVIDENCE))
    house.ok("wrong_tree", sums.posted, 0, sums.tree.pairs(0)[:2], sums.leaf(0))
    undone_by(house, sums)


@pytest.mark.parametrize(
    "changes",
    [{"home": 3}, {"slot": 1}, {"wh": 40_000}, {"wh": -(2**255)}, {"money": 2**39}, {"money": -(2**39) - 1}],
)
def test_a_leaf_that_no_home_can_have(house: PrivateHouse, changes: dict[str, int]) -> None:
    """Of another home or slot, or with numbers beyond a row's 16 bits and the day's five bytes (Z-7)."""
    slot = house.next_time // SLOT
    leaves = leaves_of(house, ROWS, slot)
    leaves[4] = replace(leaves[4], **changes)
    lies = {(0, 4): (0, 0)} if "wh" in changes else {}
    sums = post_tree(house, ForgedTree(tuple(leaves), lies))
    args = (sums.posted, 4, sums.open(4), NO_POSTED, NO_OPENING, NO_EVIDENCE)
    house.no("PrivateSlotDisputes_BadLeaf", "answer", *args)
    house.ok("wrong_tree", sums.posted, 4, sums.tree.pairs(4), sums.leaf(4))
    undone_by(house, sums)


def test_places_swapped(house: PrivateHouse) -> None:
    """Two homes' leaves in each other's places: neither can be shown at its own (Z-7)."""
    slot = house.next_time // SLOT
    leaves = leaves_of(house, ROWS, slot)
    leaves[1], leaves[2] = leaves[2], leaves[1]
    sums = post_tree(house, SumTree(tuple(leaves)))
    swapped = Opening(leaves[2], sums.open(2).beside)
    house.no("SlotDisputes_WrongRoot", "answer", sums.posted, 1, swapped, NO_POSTED, NO_OPENING, NO_EVIDENCE)
    house.ok("wrong_tree", sums.posted, 1, sums.tree.pairs(1), sums.leaf(1))
    undone_by(house, sums)


def test_two_leaves_of_one_home(house: PrivateHouse) -> None:
    """A home has the leaf at its number; another one elsewhere is wrong (Z-7)."""
    slot = house.next_time // SLOT
    leaves = leaves_of(house, (700, -400, -150, 0, 0), slot)
    leaves[4] = replace(leaves[2], salt=bytes(32))
    sums = post_tree(house, SumTree(tuple(leaves)))
    house.no(
        "PrivateSlotDisputes_Unjustified", "wrong_tree", sums.posted, 2, sums.tree.pairs(2), sums.leaf(2)
    )
    house.ok("wrong_tree", sums.posted, 4, sums.tree.pairs(4), sums.leaf(4))
    undone_by(house, sums)


def test_a_node_is_no_leaf(house: PrivateHouse) -> None:
    """What is hashed for two nodes cannot be shown as a leaf, nor a leaf as two nodes (Z-7)."""
    sums = house.post_sums(NETS)
    tree = sums.tree
    house.ok("demand", sums.slot, 0, by=house.owners[0])
    above = tree.levels[1][0]
    # The pair's words in the places of a leaf's: home, slot, energy and money.
    left, right = tree.levels[0][:2]
    inner = Leaf(int.from_bytes(left.hash, "big"), left.sold, left.bought, right.sold, right.hash)
    short = Opening(inner, (tree.levels[1][1], tree.levels[2][1]))
    house.no(
        "PrivateSlotDisputes_BadLeaf", "answer", sums.posted, 0, short, NO_POSTED, NO_OPENING, NO_EVIDENCE
    )
    lifted = Opening(replace(sums.leaf(0), wh=above.sold), (tree.levels[1][1], tree.levels[2][1]))
    house.no("SumTree_BadLength", "answer", sums.posted, 0, lifted, NO_POSTED, NO_OPENING, NO_EVIDENCE)
    house.ok("answer", *house.answer_args(sums, 0))


def test_a_leaf_of_a_void_slot_proves_nothing(house: PrivateHouse) -> None:
    """Sums go on from the slot that the root names, and a void slot answers no demand (Z-5, Z-7)."""
    first = house.post_sums(NETS)
    void = house.post_sums({0: 5000, 1: -5000})
    house.ok("misfill", void.posted, 0, void.open(0), *house.acked(void, 0, of_reading=house.other(void, 0)))
    sums = house.post_sums(NETS)
    house.ok("demand", sums.slot, 0, by=house.owners[0])
    args = (sums.posted, 0, sums.open(0), void.posted, void.open(0), house.evidence_of(sums, 0))
    house.no("PrivateSlotDisputes_WrongSlot", "answer", *args)
    house.no("SlotMarket_NotPosted", "demand", void.slot, 0, by=house.owners[0])
    house.no("SlotMarket_NotPosted", "wrong_sum", void.posted, 0, void.open(0), *house.earlier(void, 0))
    assert sums.posted.before == first.slot
    house.ok("answer", *house.answer_args(sums, 0))


def test_a_slot_void_while_the_next_is_signed(house: PrivateHouse) -> None:
    """The root names the slot before, so an honest cluster is not left with wrong sums (Z-6)."""
    first = house.post_sums(NETS)
    signed = house.work_out(NETS)
    given = house.acked(first, 0, of_reading=house.other(first, 0))
    house.ok("misfill", first.posted, 0, first.open(0), *given)
    leader = house.keys[signed.result.leader]
    house.no("SlotMarket_WrongRoot", "post", *house.post_args(signed), by=leader)
    again = house.work_out(NETS, slot=signed.slot)
    house.ok("post", *house.post_args(again), by=leader)
    assert again.posted.before == again.slot


def test_a_slot_void_while_the_day_is_signed(house: PrivateHouse) -> None:
    """A day names the slots it is made of: a fault that is held back slashes nobody else (Z-6)."""
    first = house.post_sums(NETS)
    wrong = house.post_sums(NETS, money={0: 1, 1: 300 * PRICE - 1})
    last = house.post_sums(NETS)
    day = first.slot // DAY_SLOTS
    daily = house.work_out_day(day)
    house.ok("wrong_sum", wrong.posted, 0, wrong.open(0), *house.earlier(wrong, 0))
    leader = house.keys[daily.posted.day.leader]
    house.no("PrivateSlotMarket_WrongSlots", "post_day", *house.day_args(daily), by=leader)
    assert house.market.slots_of(day, house.next_time) == (True, last.slot, 0b0010)
    lost = {member.address: house.stakes(member.address)[0] for member in house.members}
    assert {member for member, units in lost.items() if units} == set(wrong.posted.signers)


def test_a_day_with_a_missing_slot(house: PrivateHouse) -> None:
    """The money of the slot before the last one: void, and the home has the slash (Z-5, Z-7)."""
    first, last = house.post_sums(NETS), house.post_sums({0: -50, 2: 500})
    day = first.slot // DAY_SLOTS
    lie = house.post_daily(day, money=[leaf.money for leaf in first.tree.leaves])
    posted, home, money, _, _ = house.proofs(lie, 2)
    early = ([first.posted], [first.open(2)])
    house.ok("demand", lie.number, 2, by=house.owners[2])
    house.no("PrivateSlotDisputes_WrongSlot", "answer_day", posted, home, money, *early)
    house.ok("wrong_day", *house.proofs(lie, 2))
    assert house.is_void(lie.number)
    assert house.council.seat(house.owners[2].address).owed == 3 * house.p.council.slash // 2
    daily = house.post_daily(day)
    house.turn_of(day)
    house.closed(daily)
    assert house.balances()[2] == LOCKED + last.leaf(2).money - house.p.slots.fee


def test_meter_swapped_after_the_post(house: PrivateHouse) -> None:
    """The slot's meter is the one that the home had then; the answer stands (Z-7)."""
    sums = house.post_sums(NETS)
    new = Secp256k1Meter(SecretKey.from_int(97))
    house.on_ledger("register_meter", house.owners[0].address, new.signer, by=house.people["dso"])
    house.ok("update_meter", 0)
    house.ok("demand", sums.slot, 0, by=house.owners[0])
    forged = new.sign(house.suite.slots_domain.digest(sums.readings[0]))
    evidence = house.evidence_of(sums, 0, meter=new.signer, reading_signature=forged)
    house.no("SlotDisputes_WrongMeter", "answer", *house.answer_args(sums, 0, evidence))
    house.ok("answer", *house.answer_args(sums, 0))


def test_caps_and_funds_of_later_do_not_count(house: PrivateHouse) -> None:
    """A cap lowered, funds locked, an exit cancelled after the post: the cluster stays right (Z-6)."""
    budget = 10 * PRICE
    house.ok("request_exit", LOCKED, by=house.owners[1])
    sums = house.post_sums({0: 900, 1: -400}, budgets={1: budget})
    house.ok("request_exit", 0, by=house.owners[1])
    house.ok("lock", LOCKED, by=house.owners[1])
    house.ok("set_cap", 0, by=house.owners[1])
    house.no("SlotDisputes_Unjustified", "misfill", sums.posted, 1, sums.open(1), *house.acked(sums, 1))
    house.no("PrivateSlotDisputes_Unjustified", "overspend", sums.posted, 1, sums.open(1))
    assert house.unhurt()


def test_an_exit_finds_its_day_first(house: PrivateHouse) -> None:
    """What was asked for during a day is paid after it: an honest charge finds its money (Z-5, Z-6)."""
    sums = house.post_sums(NETS)
    house.ok("request_exit", LOCKED, by=house.owners[1])
    day = sums.slot // DAY_SLOTS
    house.turn_of(day)
    house.no("SlotMarket_ExitNotDue", "withdraw", 1)
    house.closed(house.post_daily(day))
    house.ok("withdraw", 1)
    assert house.unhurt()
    assert house.balances()[1] == 0


def test_dead_council(house: PrivateHouse) -> None:
    """Every verifier dead, a day posted before: it is final, exits are paid (Z-8)."""
    sums = house.post_sums(NETS)
    day = sums.slot // DAY_SLOTS
    daily = house.post_daily(day)
    house.turn_of(day)
    house.closed(daily)
    for owner in house.owners:
        house.ok("request_exit", 2**62, by=owner)
    house.go(house.day_from(house.next_time // SLOT // DAY_SLOTS) + DAY_POST)
    house.ok("advance", 1024)
    for home in range(5):
        house.ok("withdraw", home)
    assert house.market.locked == 0


def test_no_day_s_money_leaves_its_five_bytes(house: PrivateHouse) -> None:
    """Retail price, largest row and slots of a day are bounded together when the market begins (Z-5)."""
    p = house.p
    assert p.slots.retail * (2**15 - 1) * 96 < 2**39
    most = (2**39 - 1) // ((2**15 - 1) * DAY_SLOTS)
    assert PrivateHouse(homes=0, retail=most).suite.slots.private_parameters().retail == most
    with pytest.raises(ContractRevert, match="retail"):
        PrivateHouse(homes=0, retail=most + 1)
