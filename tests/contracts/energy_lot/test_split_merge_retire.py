"""retire, split, merge: no watt-hour is made or lost (C-4)."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from energy_trading.bindings import energy_lot
from energy_trading.bindings.energy_lot import (
    BadEnergy,
    IdUsed,
    LotRetired,
    LotsMerged,
    LotSplit,
    NotOwner,
    OtherSlot,
    TooFew,
    Transfer,
    WrongSum,
)
from energy_trading.rules.lot import part_id
from energy_trading.types import LotState, LotView
from tests.contracts.energy_lot.tools import (
    NOBODY,
    SLOT,
    SLOT_S,
    certificate,
    exchange,
    minted,
    sign_injection,
)
from tests.contracts.offer_market.tools import refused, told
from tests.world import World


def test_retiring_is_final_and_attributable(world: World) -> None:
    """Who consumed how much is in the log; nothing can be done with the lot afterwards (C-4)."""
    lots, alice = world.suite.lots, world.alice.address
    lot = minted(world, world.alice)
    refused(lots.retire(lot), world.bob, NotOwner, lot, world.bob.address, alice)
    sent = lots.retire(lot).send(world.alice)
    assert told(lots, sent) == [(Transfer, alice, NOBODY, lot), (LotRetired, lot, alice, 1_000)]
    assert lots.lot_of(lot) == LotView(NOBODY, 1_000, SLOT, 0, LotState.RETIRED)
    assert lots.balance_of(alice) == 0
    for call in (lots.retire(lot), lots.cancel_permits(lot), lots.split(lot, [400, 600])):
        refused(call, world.alice, NotOwner, lot, alice, NOBODY)
    refused(lots.transfer_from(alice, alice, lot), world.alice, energy_lot.TokenDoesNotExist)


def test_approved_account_cannot_end_a_lot(world: World) -> None:
    """Retiring, splitting and merging is for the owner alone: consumption is attributed to it."""
    lots, bob = world.suite.lots, world.bob.address
    one, two = minted(world, world.alice), minted(world, world.alice, 5)
    lots.set_approval_for_all(bob, True).send(world.alice)
    for call in (lots.retire(one), lots.split(one, [1, 999]), lots.merge([one, two])):
        refused(call, world.bob, NotOwner, one, bob, world.alice.address)


def test_split_makes_parts_of_the_same_slot(world: World) -> None:
    """A lot ends and its parts begin; the log says which (C-4)."""
    lots, alice = world.suite.lots, world.alice.address
    lot = minted(world, world.alice)
    sent = lots.split(lot, [300, 700]).send(world.alice)
    parts = [lots.part_id(lot, 0), lots.part_id(lot, 1)]
    assert parts == [part_id(lot, 0), part_id(lot, 1)]
    assert told(lots, sent) == [
        (Transfer, alice, NOBODY, lot),
        *((Transfer, NOBODY, alice, part) for part in parts),
        (LotSplit, lot, alice, (300, 700)),
    ]
    assert [lots.lot_of(i) for i in (lot, *parts)] == [
        LotView(NOBODY, 1_000, SLOT, 0, LotState.SPLIT),
        LotView(alice, 300, SLOT, 0, LotState.ALIVE),
        LotView(alice, 700, SLOT, 0, LotState.ALIVE),
    ]


def test_revert_given_parts_that_do_not_add_up(world: World) -> None:
    """One watt-hour too many, too few, an empty part, no part (C-4)."""
    lots = world.suite.lots
    lot = minted(world, world.alice)
    for parts, error, *values in (
        ([300, 701], WrongSum, 1_000, 1_001),
        ([300, 699], WrongSum, 1_000, 999),
        ([1_000, 0], BadEnergy, 0, 2**40 - 1),
        ([2**256 - 1, 1_001], BadEnergy, 2**256 - 1, 2**40 - 1),
        ([1_000], TooFew, 1),
        ([], TooFew, 0),
    ):
        refused(lots.split(lot, parts), world.alice, error, *values)
    refused(lots.split(lot, [1, 999]), world.bob, NotOwner, lot, world.bob.address, world.alice.address)


def test_merge_makes_one_of_many(world: World) -> None:
    """Lots of one slot become one, from whatever meters (C-4)."""
    lots, alice = world.suite.lots, world.alice.address
    one, two = minted(world, world.alice, 300), minted(world, world.bob, 700)
    lots.transfer_from(world.bob.address, alice, two).send(world.bob)
    sent = lots.merge([one, two]).send(world.alice)
    merged = lots.merged_id([one, two])
    assert told(lots, sent)[-1] == (LotsMerged, merged, alice, (one, two))
    assert lots.lot_of(merged) == LotView(alice, 1_000, SLOT, 0, LotState.ALIVE)
    assert [lots.lot_of(lot).state for lot in (one, two)] == [LotState.MERGED] * 2
    assert lots.balance_of(alice) == 1


def test_revert_given_lots_that_do_not_merge(world: World) -> None:
    """Another's, one twice, of another slot, one alone, too much energy (C-4)."""
    lots, alice = world.suite.lots, world.alice.address
    one, two = minted(world, world.alice), minted(world, world.alice, 5, SLOT - SLOT_S)
    his, huge = minted(world, world.bob), minted(world, world.alice, 2**40 - 1)
    refused(lots.merge([one, his]), world.alice, NotOwner, his, alice, world.bob.address)
    refused(lots.merge([one, one]), world.alice, NotOwner, one, alice, NOBODY)
    refused(lots.merge([one, two]), world.alice, OtherSlot, two, SLOT - SLOT_S, SLOT)
    refused(lots.merge([one]), world.alice, TooFew, 1)
    refused(lots.merge([]), world.alice, TooFew, 0)
    refused(lots.merge([one, huge]), world.alice, BadEnergy, 2**40 + 999, 2**40 - 1)


def test_lots_of_two_slots_do_not_merge(world: World) -> None:
    """A merged lot has one slot, so energy cannot get another time by a merger (C-4)."""
    lots, alice = world.suite.lots, world.alice
    early, late = (minted(world, alice, 5, slot) for slot in (SLOT - SLOT_S, SLOT))
    refused(lots.merge([early, late]), alice, OtherSlot, late, SLOT, SLOT - SLOT_S)
    refused(lots.merge([late, early]), alice, OtherSlot, early, SLOT - SLOT_S, SLOT)


def certified_as(world: World, lot: int, energy_wh: int = 77) -> int:
    """A lot of Bob's that the DSO certified under an id of its choice."""
    paper = replace(certificate(world, world.bob, energy_wh).injection, reading=lot.to_bytes(32, "big"))
    world.suite.lots.mint(paper, sign_injection(world, paper, world.dso)).send(world.stranger)
    return lot


def test_id_of_a_part_is_used_once(world: World) -> None:
    """The DSO certifies a reading with the id of a part to come: the split does not overwrite it (C-4)."""
    lots, bob = world.suite.lots, world.bob.address
    whole = minted(world, world.alice)
    for i in (1, 0):
        taken = certified_as(world, part_id(whole, i))
        refused(lots.split(whole, [400, 600]), world.alice, IdUsed, taken)
        assert lots.lot_of(taken) == LotView(bob, 77, SLOT, 0, LotState.ALIVE)
    lots.retire(part_id(whole, 0)).send(world.bob)
    refused(lots.split(whole, [400, 600]), world.alice, IdUsed, part_id(whole, 0))
    assert lots.owner_of(whole) == world.alice.address
    merged = lots.merge([whole, minted(world, world.alice, 5)])
    other = merged.simulate(world.alice)
    merged.send(world.alice)
    lots.split(other, [405, 600]).send(world.alice)  # a merger gives the energy ids that nobody foresaw


def test_id_of_a_merged_lot_is_used_once(world: World) -> None:
    """The DSO certifies a reading with the id of a merged lot to come: nothing is overwritten (C-4)."""
    lots = world.suite.lots
    one, two = minted(world, world.alice, 300), minted(world, world.alice, 700)
    taken = certified_as(world, lots.merged_id([one, two]))
    refused(lots.merge([one, two]), world.alice, IdUsed, taken)
    assert lots.lot_of(taken) == LotView(world.bob.address, 77, SLOT, 0, LotState.ALIVE)
    lots.merge([two, one]).send(world.alice)


def test_reading_does_not_take_the_place_of_a_part(world: World) -> None:
    """The same the other way round: no certificate makes a part or a merged lot again (C-4)."""
    lots = world.suite.lots
    whole = minted(world, world.alice)
    lots.split(whole, [400, 600]).send(world.alice)
    parts = [part_id(whole, 0), part_id(whole, 1)]
    lots.merge(parts).send(world.alice)
    for lot in (*parts, lots.merged_id(parts)):
        paper = replace(certificate(world, world.bob).injection, reading=lot.to_bytes(32, "big"))
        refused(lots.mint(paper, sign_injection(world, paper, world.dso)), world.stranger, IdUsed, lot)


def test_permit_does_not_outlive_a_split(world: World) -> None:
    """A seller cannot shrink what a buyer has agreed to pay for: the lot ends with the split (C-7)."""
    lot = minted(world, world.alice)
    call = exchange(world, lot, world.alice, world.bob)
    world.suite.lots.split(lot, [1, 999]).send(world.alice)
    refused(call, world.stranger, energy_lot.TokenDoesNotExist)


@settings(
    max_examples=12,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_energy_is_conserved(world: World, data: st.DataObject) -> None:
    """Whatever is split and merged, living lots and retired energy add up to what was minted (C-4)."""
    lots = world.suite.lots
    snapshot = world.chain.snapshot()
    energies = data.draw(st.lists(st.integers(2, 2**30), min_size=2, max_size=3, unique=True))
    alive = {minted(world, world.alice, energy): energy for energy in energies}
    retired = 0
    for _ in range(data.draw(st.integers(1, 6))):
        verb = data.draw(st.sampled_from(["split", "merge", "retire"]))
        names = sorted(alive)
        if verb == "merge" and len(alive) > 1:
            chosen = data.draw(st.lists(st.sampled_from(names), min_size=2, max_size=4, unique=True))
            lots.merge(chosen).send(world.alice)
            alive[lots.merged_id(chosen)] = sum(alive.pop(lot) for lot in chosen)
        elif verb == "split" and any(energy > 1 for energy in alive.values()):
            lot = data.draw(st.sampled_from([lot for lot in names if alive[lot] > 1]))
            cut = data.draw(st.integers(1, alive[lot] - 1))
            lots.split(lot, [cut, alive[lot] - cut]).send(world.alice)
            whole = alive.pop(lot)
            alive |= {part_id(lot, 0): cut, part_id(lot, 1): whole - cut}
        elif verb == "retire" and len(alive) > 1:
            lot = data.draw(st.sampled_from(names))
            lots.retire(lot).send(world.alice)
            retired += alive.pop(lot)
    assert {lot: lots.lot_of(lot).energy_wh for lot in alive} == alive
    assert sum(alive.values()) + retired == sum(energies)
    assert lots.balance_of(world.alice.address) == len(alive)
    assert all(lots.owner_of(lot) == world.alice.address for lot in alive)
    world.chain.revert(snapshot)
