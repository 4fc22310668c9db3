"""Homes of the private form: they take part from the next day on, and leave without a cluster."""

from __future__ import annotations

import pytest

from energy_trading.bindings.slot_market import NotDisputes
from energy_trading.crypto.keys import SecretKey
from energy_trading.meter.signers import Secp256k1Meter
from tests.contracts.private_slot_market.house import (
    CAP,
    DAY_POST,
    DAY_SLOTS,
    LOCKED,
    SLOT,
    PrivateHouse,
)

NETS = {0: 900, 1: -400, 2: -300}


def newcomer(house: PrivateHouse, number: int) -> SecretKey:
    """Somebody with an account and a meter, who joins."""
    key = house.people["stranger"] if number == 0 else house.members[number]
    house.on_ledger(
        "register_meter",
        key.address,
        Secp256k1Meter(SecretKey.from_int(80 + number)).signer,
        by=house.people["dso"],
    )
    house.ok("join", CAP, by=key)
    house.ok("lock", 5, by=key)
    return key


def test_who_joins_takes_part_from_the_next_day_on(house: PrivateHouse) -> None:
    """A tree has as many leaves in every slot of a day, whoever joins meanwhile (Z-4)."""
    draft = house.work_out(NETS)
    house.ok("post", *house.post_args(draft), by=house.keys[draft.result.leader])
    house.history[draft.slot] = draft
    newcomer(house, 0)
    sums = house.post_sums(NETS)
    day = sums.slot // DAY_SLOTS
    assert (sums.posted.homes, house.suite.slots.homes_in(day), house.suite.slots.homes()) == (5, 5, 6)
    house.no("SlotMarket_NoHome", "demand", sums.slot, 5, by=house.people["stranger"])
    house.next_day()
    assert house.post_sums(NETS).posted.homes == 6
    assert house.suite.slots.homes_in(day) == 5


def test_join_before_the_first_post(house: PrivateHouse) -> None:
    """A join cannot spoil a slot that is being signed, early in its day or late in the next (Z-4)."""
    slot = house.next_time // SLOT
    last = slot + DAY_SLOTS - 1
    sums = house.work_out(NETS, slot=last)
    newcomer(house, 0)
    assert house.market.homes_in(last // DAY_SLOTS) == 5
    house.ok("post", *house.post_args(sums), by=house.keys[sums.result.leader])
    newcomer(house, 1)
    house.history[last] = sums
    assert house.market.homes_in(last // DAY_SLOTS + 1) == 5
    assert house.market.homes_in(last // DAY_SLOTS + 2) == 7


def test_exit_without_a_cluster(house: PrivateHouse) -> None:
    """A request is paid when the day in which it was made is final or empty (Z-5, Z-8)."""
    house.ok("request_exit", 2**60, by=house.owners[1])
    house.no("SlotMarket_ExitNotDue", "withdraw", 1)
    day = house.next_time // SLOT // DAY_SLOTS
    house.go(house.day_from(day) + DAY_POST)
    house.ok("advance", 1024)
    house.ok("withdraw", 1)
    house.no("SlotMarket_NoExit", "withdraw", 1)
    assert house.balances()[1] == 0
    assert house.market.locked == 4 * LOCKED


def test_what_homes_do(house: PrivateHouse) -> None:
    """Caps, freezes, meters and orders as in the public form; a change waits for the day of the last one."""
    alice, dso = house.owners[0], house.people["dso"]
    house.no("SlotMarket_AlreadyJoined", "join", CAP, by=alice)
    house.no("SlotMarket_NotJoined", "lock", 1)
    house.no("SlotMarket_BadAmount", "lock", 0, by=alice)
    house.no("SlotMarket_NoMeter", "join", CAP)
    house.ok("set_cap", 7, by=alice)
    house.ok("set_cap", 8, by=alice)
    house.ok("revoke_below", 3, by=alice)
    house.no("SlotMarket_BadNonce", "revoke_below", 3, by=alice)
    house.no("SlotMarket_SameMeter", "update_meter", 0)
    house.on_ledger("register_meter", alice.address, house.meters[2].signer, by=dso)
    house.ok("update_meter", 0)
    house.no("SlotMarket_MayCommit", "freeze", 0)
    house.on_ledger("suspend", [alice.address], by=dso)
    house.ok("freeze", 0)
    house.no("SlotMarket_AlreadyFrozen", "freeze", 0)
    house.no("SlotMarket_MayNotCommit", "unfreeze", 0)
    house.on_ledger("reinstate", [alice.address], by=dso)
    house.ok("unfreeze", 0)
    house.no("SlotMarket_NotFrozen", "unfreeze", 0)
    house.next_slot()
    house.no("SlotMarket_ChangePending", "set_cap", 9, by=alice)
    house.no("SlotMarket_ChangePending", "revoke_below", 9, by=alice)
    assert house.suite.slots.min_nonce(alice.address, house.next_time // SLOT) == 3


def test_only_the_disputes_contract(house: PrivateHouse) -> None:
    """Nobody else answers, makes void, or tears a meter."""
    market, stranger = house.suite.slots, house.people["stranger"]
    for call in (
        market.settle_demand(0, 0, stranger.address),
        market.void_slot(0, 0, 1, []),
        market.tear_meter(0, 0, bytes(32)),
    ):
        with pytest.raises(NotDisputes) as caught:
            call.send(stranger)
        assert caught.value.values == (stranger.address,)
