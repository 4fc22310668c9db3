"""Posting: who, when, and what everybody can check."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from energy_trading.types import Posted, SlotState
from tests.contracts.slot_market.house import POST, SLOT, TURN, Draft, House

NETS = {0: 900, 1: -400, 2: -300}


def lie(house: House, draft: Draft, **changes: Any) -> Draft:
    """The same slot with another result, signed by the same members."""
    result = replace(draft.result, **changes)
    turn = (house.next_time - (draft.slot + 1) * SLOT) // TURN
    cluster = house.suite.council.cluster_of(draft.slot, turn)
    peers = [i for i in range(len(cluster)) if draft.peers >> i & 1]
    return house.signed(replace(draft, posted=Posted(result, ())), cluster, peers)


def test_not_before_its_end_and_not_after_its_time(house: House) -> None:
    """Half-open: from the end of the slot on, before the end of the posting time (Z-4)."""
    draft = house.draft(NETS)
    leader = house.keys[draft.result.leader]
    later = lie(house, draft, slot=draft.slot + 1)
    house.no("SlotMarket_NotNow", "post", *house.args(later), by=leader)
    house.no("SlotMarket_NotNow", "post", *house.args(lie(house, draft, slot=2**32)), by=leader)
    house.no("SlotMarket_NotNow", "post", *house.args(lie(house, draft, slot=2**255)), by=leader)
    house.go((draft.slot + 1) * SLOT + POST)
    house.no("SlotMarket_NotNow", "post", *house.args(draft), by=leader)
    assert house.suite.slots.state_of(draft.slot) == SlotState.NONE
    house.chain.mine()
    assert house.suite.slots.state_of(draft.slot) == SlotState.EMPTY
    house.ok("advance", 1024)
    house.no("SlotMarket_NotNow", "post", *house.args(draft), by=leader)


def test_once_and_only_by_the_leader(house: House) -> None:
    """A slot is posted once, by the leader that the result names (eq 1, Z-2)."""
    draft = house.draft(NETS)
    leader = house.keys[draft.result.leader]
    house.no("SlotMarket_NotLeader", "post", *house.args(draft), by=house.owners[0])
    peer = house.keys[draft.posted.signers[1]]
    other = lie(house, draft, leader=peer.address)
    house.no("VerifierCouncil_NotLeader", "post", *house.args(other), by=peer)
    house.ok("post", *house.args(draft), by=leader)
    house.no("SlotMarket_RingTaken", "post", *house.args(draft), by=leader)


def test_a_silent_leader_loses_its_turn(house: House) -> None:
    """After τ the next member leads (eq 1, Z-2)."""
    draft = house.draft(NETS, turn=1)
    first = house.suite.council.cluster_of(draft.slot, 0)
    assert draft.result.leader == first[1]
    house.ok("post", *house.args(draft), by=house.keys[draft.result.leader])


def test_a_silent_cluster_is_drawn_anew(house: House) -> None:
    """Inside the posting time, when the turn of every member has passed (Z-8)."""
    draft = house.draft(NETS, turn=5)
    clusters = [house.suite.council.cluster_of(draft.slot, turn) for turn in (0, 4, 5)]
    assert clusters[0] == clusters[1] != clusters[2]
    house.ok("post", *house.args(draft), by=house.keys[draft.result.leader])


def test_a_quorum_signs(house: House) -> None:
    """Fewer than the quorum, a stranger's signature, the leader's own twice (Z-4)."""
    draft = house.draft(NETS, signers=2)
    leader = house.keys[draft.result.leader]
    assert house.no("VerifierCouncil_NoQuorum", "post", *house.args(draft), by=leader) == (2, 3)
    result, rows, _, signatures = house.args(draft)
    house.no("VerifierCouncil_BadSignature", "post", result, rows, 0b110, signatures, by=leader)
    house.no("VerifierCouncil_BadSignature", "post", result, rows, 0b011, signatures, by=leader)
    twisted = bytes([signatures[0] ^ 1]) + signatures[1:]
    house.no("VerifierCouncil_BadSignature", "post", result, rows, 0b10, twisted, by=leader)


def test_rows_that_anyone_can_check(house: House) -> None:
    """Price by the formula, energy that comes out even, a complete match, the right root (Z-4)."""
    draft = house.draft(NETS)
    leader = house.keys[draft.result.leader]

    def refused(rule: str, other: Draft) -> None:
        house.no(rule, "post", *house.args(other), by=leader)

    refused("SlotMarket_BadPrice", lie(house, draft, price=draft.result.price + 1))
    refused("SlotMarket_BadTotals", lie(house, draft, supply_wh=2**40))
    refused("SlotMarket_NotCleared", lie(house, draft, supply_wh=699))
    refused("SlotMarket_WrongRoot", lie(house, draft, rows=bytes(32)))
    refused("SlotMarket_BadRows", replace(draft, rows=b""))
    refused("SlotMarket_BadRows", replace(draft, rows=draft.rows[:31]))
    refused("SlotMarket_BadRows", replace(draft, rows=draft.rows + bytes(32)))
    refused("SlotMarket_BadRows", replace(draft, rows=draft.rows[:10] + b"\0\1" + bytes(20)))


@pytest.mark.parametrize("rows", [[700, -400, -299], [700, -400, -301], [0, -1, 0], [1, 0, 0]])
def test_energy_comes_out_even(house: House, rows: list[int]) -> None:
    """Σ rows = 0 in every slot, so that a slot makes no money (Z-5)."""
    draft = house.draft(NETS, rows=rows)
    house.no("SlotMarket_NotCleared", "post", *house.args(draft), by=house.keys[draft.result.leader])


def test_the_ring_keeps_what_is_not_final(house: House) -> None:
    """A slot's place is free when the slot before in it is final or void (ring of 8)."""
    first = house.post(NETS)
    house.go((first.slot + 8) * SLOT)
    draft = house.draft(NETS)
    assert draft.slot == first.slot + 8
    leader = house.keys[draft.result.leader]
    assert house.no("SlotMarket_RingTaken", "post", *house.args(draft), by=leader)[1] == first.slot
    house.ok("advance", 1)
    house.finalise(first)
    assert house.market.frontier == first.slot + 1
    house.ok("post", *house.args(draft), by=leader)


def test_supply_demand_ratio(ratio_house: House) -> None:
    """The price follows the metered totals (Z-4)."""
    draft = ratio_house.post({0: 300, 1: -400, 2: -200})
    assert draft.result.price == 300_000 * 80_000 * 600 // (220_000 * 300 + 80_000 * 600)
    ratio_house.finalised(draft)
    assert sum(ratio_house.balances()) == ratio_house.market.locked
