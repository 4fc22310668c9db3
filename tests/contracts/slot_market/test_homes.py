"""Homes join, lock, leave, and are frozen; every change counts from the next slot on."""

from __future__ import annotations

from energy_trading.crypto.keys import SecretKey
from energy_trading.meter.signers import Secp256k1Meter
from energy_trading.rules.slot_homes import NO_END
from tests.contracts.slot_market.house import CAP, FUNDS, LOCKED, POST, SLOT, House


def test_join(house: House) -> None:
    """One home per account, which needs an account that may commit and a meter (Z-4)."""
    alice, stranger = house.owners[0], house.people["stranger"]
    assert house.no("SlotMarket_AlreadyJoined", "join", CAP, by=alice) == (alice.address, 0)
    assert house.no("SlotMarket_NoMeter", "join", CAP, by=stranger) == (stranger.address,)
    house.no("SlotMarket_BadAmount", "join", 2**56, by=stranger)
    house.no("SlotMarket_MayNotCommit", "join", CAP, by=house.people["treasury"])
    assert house.suite.slots.home_number(alice.address) == 0


def test_lock(house: House) -> None:
    """Funds move from the ledger into the home's lane, and all lanes stay below 2**63 (Z-5)."""
    bob = house.owners[1]
    house.ok("lock", 7, by=bob)
    assert house.balances()[1] == LOCKED + 7
    assert house.ledger.account(bob.address).available == FUNDS - LOCKED - 7
    house.no("SlotMarket_NotJoined", "lock", 7, by=house.people["stranger"])
    most = 2**63 - 1 - house.market.locked
    assert house.no("SlotMarket_BadAmount", "lock", most + 1, by=bob) == (most + 1, 1, most)
    house.no("SlotMarket_BadAmount", "lock", 0, by=bob)
    house.no("EnergyLedger_Insufficient", "lock", FUNDS, by=bob)


def test_withdraw_without_any_cluster(house: House) -> None:
    """All verifiers dead: money comes out about a slot and the posting time after the request (Z-5)."""
    carol = house.owners[2]
    house.no("SlotMarket_NoExit", "withdraw", 2)
    house.no("SlotMarket_NoHome", "withdraw", 77)
    house.ok("request_exit", LOCKED - 5, by=carol)
    slot = house.market.homes[2].exit_slot
    house.no("SlotMarket_ExitNotDue", "withdraw", 2)
    house.go((slot + 1) * SLOT + POST - 1)
    house.do("advance", 1024)
    house.no("SlotMarket_ExitNotDue", "withdraw", 2)
    house.go((slot + 1) * SLOT + POST)
    house.ok("advance", 1024)
    house.ok("withdraw", 2)
    assert house.balances()[2] == 5
    assert house.ledger.account(carol.address).available == FUNDS - 5
    house.no("SlotMarket_NoExit", "withdraw", 2)


def test_exit_is_replaced_and_cancelled(house: House) -> None:
    """The last request counts; more than there is takes what is there (Z-5)."""
    carol = house.owners[2]
    house.ok("request_exit", 3, by=carol)
    house.ok("request_exit", 0, by=carol)
    house.no("SlotMarket_NoExit", "withdraw", 2)
    house.no("SlotMarket_BadAmount", "request_exit", 2**63, by=carol)
    house.ok("request_exit", 2**63 - 1, by=carol)
    house.go(house.chain.now() + 2 * SLOT + POST)
    house.ok("advance", 1024)
    house.ok("withdraw", 2)
    assert house.balances()[2] == 0


def test_cap_counts_from_the_next_slot(house: House) -> None:
    """And changes again only when no dispute can ask for the cap before it (Z-7)."""
    alice = house.owners[0]
    house.ok("set_cap", 5, by=alice)
    house.ok("set_cap", 6, by=alice)  # still for the same slot
    home = house.market.homes[0]
    now = house.chain.now() // SLOT
    assert (home.cap_at(now), home.cap_at(now + 1)) == (CAP, 6)
    house.next_slot()
    assert house.no("SlotMarket_ChangePending", "set_cap", 7, by=alice)[0] == now + 1
    house.no("SlotMarket_BadAmount", "set_cap", 2**56, by=alice)
    house.go((now + 3) * SLOT + POST)
    house.ok("advance", 1024)
    house.ok("set_cap", 7, by=alice)


def test_freeze_and_unfreeze(house: House) -> None:
    """Anyone freezes a home whose account may not commit, and ends that when it may again (Z-6)."""
    bob, dso = house.owners[1], house.people["dso"]
    house.no("SlotMarket_MayCommit", "freeze", 1)
    house.no("SlotMarket_NotFrozen", "unfreeze", 1)
    house.on_ledger("suspend", [bob.address], by=dso)
    now = house.next_time // SLOT
    house.go((now + 1) * SLOT + POST)
    house.ok("advance", 1024)
    house.ok("freeze", 1)
    home = house.market.homes[1]
    assert home.frozen_to == NO_END
    assert not home.frozen_at(house.chain.now() // SLOT)
    assert home.frozen_at(house.chain.now() // SLOT + 1)
    house.no("SlotMarket_AlreadyFrozen", "freeze", 1)
    house.no("SlotMarket_MayNotCommit", "unfreeze", 1)
    house.on_ledger("reinstate", [bob.address], by=dso)
    house.next_slot()
    house.ok("unfreeze", 1)
    home = house.market.homes[1]
    assert home.frozen_at(house.chain.now() // SLOT)
    assert not home.frozen_at(house.chain.now() // SLOT + 1)
    house.on_ledger("suspend", [bob.address], by=dso)
    house.ok("freeze", 1)  # in the same slot: the freeze goes on
    house.on_ledger("reinstate", [bob.address], by=dso)
    house.ok("unfreeze", 1)
    house.next_slot()
    house.next_slot()
    house.on_ledger("suspend", [bob.address], by=dso)
    house.no("SlotMarket_ChangePending", "freeze", 1)


def test_meter_counts_from_the_next_slot(house: House) -> None:
    """What the ledger names now does not change what was measured (Z-7)."""
    house.no("SlotMarket_SameMeter", "update_meter", 0)
    old = house.meters[0]
    new = Secp256k1Meter(SecretKey.from_int(99))
    house.on_ledger("register_meter", house.owners[0].address, new.signer, by=house.people["dso"])
    house.ok("update_meter", 0)
    now = house.chain.now() // SLOT
    market, account = house.suite.slots, house.owners[0].address
    assert market.meter_at(0, now)[0] == account
    assert market.meter_at(0, now)[1] != market.meter_at(0, now + 1)[1]
    house.on_ledger("register_meter", account, old.signer, by=house.people["dso"])
    house.ok("update_meter", 0)  # still for the same slot
    house.next_slot()
    house.on_ledger("remove_meter", account, by=house.people["dso"])
    house.no("SlotMarket_ChangePending", "update_meter", 0)


def test_revoke_below(house: House) -> None:
    """Nonces rise, from the next slot on (Z-7)."""
    alice = house.owners[0]
    house.no("SlotMarket_BadNonce", "revoke_below", 0, by=alice)
    house.ok("revoke_below", 5, by=alice)
    house.ok("revoke_below", 6, by=alice)
    assert house.no("SlotMarket_BadNonce", "revoke_below", 6, by=alice) == (6, 7)
    now = house.chain.now() // SLOT
    for slot, nonce in ((now, 0), (now + 1, 6)):
        assert house.suite.slots.min_nonce(alice.address, slot) == nonce
        assert house.market.min_nonce(alice.address, slot) == nonce
    house.next_slot()
    house.no("SlotMarket_ChangePending", "revoke_below", 9, by=alice)


def test_collect_needs_something(house: House) -> None:
    house.no("SlotMarket_NothingOwed", "collect")
