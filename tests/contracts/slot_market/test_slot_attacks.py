"""The attacks that broke the prototype, played: each honest home and each honest cluster is unhurt."""

from __future__ import annotations

from energy_trading.bindings.contract import Contract
from energy_trading.crypto.keys import SecretKey
from energy_trading.meter.signers import Secp256k1Meter
from energy_trading.types import Reading, SlotState
from tests.contracts.slot_market.house import ANSWER, LOCKED, POST, SLOT, WINDOW, House
from tests.contracts.slot_market.test_disputes import stakes, void

NETS = {0: 900, 1: -400, 2: -300}


def unhurt(house: House, *drafts: object) -> None:
    assert all(
        house.council.seat(m.address).stake == house.parameters.council.min_stake for m in house.members
    )


def test_meter_swapped_after_the_post(house: House) -> None:
    """The slot's meter is the one that the home had then; the answer stands (Z-7)."""
    draft = house.post(NETS)
    account = house.owners[0].address
    new = Secp256k1Meter(SecretKey.from_int(97))
    house.on_ledger("register_meter", account, new.signer, by=house.people["dso"])
    house.ok("update_meter", 0)
    house.ok("demand", draft.slot, 0, by=house.owners[0])
    forged = new.sign(house.suite.slots_domain.digest(draft.readings[0]))
    evidence = house.evidence(draft, 0, meter=new.signer, reading_signature=forged)
    house.no("SlotDisputes_WrongMeter", "answer", draft.posted, 0, house.proof(draft, 0), evidence)
    house.ok("answer", draft.posted, 0, house.proof(draft, 0), house.evidence(draft, 0))
    house.finalised(draft)
    unhurt(house)


def test_funds_locked_after_the_post(house: House) -> None:
    """A row capped by the funds of then is right, whatever is locked later (Z-6)."""
    budget = 190_000 * 10 + 100_000
    draft = house.post({0: 900, 1: -400}, budgets={1: budget})
    house.ok("lock", LOCKED, by=house.owners[1])
    house.no(
        "SlotDisputes_Unjustified", "misfill", draft.posted, 1, house.proof(draft, 1), *house.ack(draft, 1)
    )
    house.no("SlotDisputes_Unjustified", "overspend", draft.posted, 1, house.proof(draft, 1))
    house.finalised(draft)
    unhurt(house)


def test_exit_cancelled_after_the_post(house: House) -> None:
    """A cluster that left out what was to be withdrawn is right, also when nothing is withdrawn (Z-6)."""
    house.ok("request_exit", LOCKED, by=house.owners[1])
    house.next_slot()
    draft = house.post({0: 900, 1: -400}, budgets={1: 0})
    house.ok("request_exit", 0, by=house.owners[1])
    house.no(
        "SlotDisputes_Unjustified", "misfill", draft.posted, 1, house.proof(draft, 1), *house.ack(draft, 1)
    )
    house.finalised(draft)
    unhurt(house)


def test_exit_requested_in_the_slot(house: House) -> None:
    """It is paid after the slot, so that an honest charge of the slot finds its money (Z-5, Z-6)."""
    draft = house.draft(NETS)
    slot = draft.slot
    house.ok("post", *house.args(draft), by=house.keys[draft.result.leader])
    house.ok("request_exit", LOCKED, by=house.owners[1])
    house.no("SlotMarket_ExitNotDue", "withdraw", 1)
    house.finalised(draft)
    house.no("SlotMarket_ExitNotDue", "withdraw", 1)  # it was requested in the slot after it
    house.ok("advance", 1024)
    house.ok("withdraw", 1)
    assert house.market.frontier > slot + 1
    assert house.balances()[1] == 0
    unhurt(house)


def test_cap_lowered_after_the_post(house: House) -> None:
    """The cap of the slot counts (Z-7)."""
    draft = house.post(NETS)
    house.ok("set_cap", 0, by=house.owners[1])
    house.no("SlotDisputes_Unjustified", "overspend", draft.posted, 1, house.proof(draft, 1))
    house.finalised(draft)
    unhurt(house)


def test_banned_after_the_slot(house: House) -> None:
    """A freeze counts from the next slot; a row of a frozen home is disputed by anyone (Z-6)."""
    draft = house.post(NETS)
    house.on_ledger("suspend", [house.owners[1].address], by=house.people["dso"])
    house.ok("freeze", 1)
    house.no("SlotDisputes_Unjustified", "overspend", draft.posted, 1, house.proof(draft, 1))
    unhurt(house)
    during = house.post(NETS)  # the slot in which the freeze was made
    house.no("SlotDisputes_Unjustified", "overspend", during.posted, 1, house.proof(during, 1))
    after = house.post(NETS)
    house.ok("overspend", after.posted, 1, house.proof(after, 1))
    assert void(house, after)


def test_a_challenger_that_refuses_coin(house: House) -> None:
    """Nobody is paid inside expire, answer or slash: a hostile challenger freezes nothing (Z-5)."""
    draft = house.post(NETS)
    stranger = house.people["stranger"]
    house.ok("demand", draft.slot, 1, by=stranger)
    house.go(house.chain.now() + ANSWER)
    sent = house.ok("expire", draft.posted, 1, by=house.owners[4])
    assert sent.gas_used < 200_000
    assert house.market.owed[stranger.address] == house.parameters.slots.bond
    assert house.council.seat(house.owners[4].address).owed == 0  # nothing for who sends as such
    assert house.council.seat(house.owners[1].address).owed == 3 * house.parameters.council.slash // 2
    house.same()


def test_a_home_cannot_void_an_honest_slot_for_free(house: House) -> None:
    """A colluding member loses its slash, of which the home has only one half (Z-6)."""
    draft = house.post(NETS)
    lie = house.ack(draft, 1, member=2, budget=0)
    house.ok("misfill", draft.posted, 1, house.proof(draft, 1), *lie)
    assert stakes(house, draft) == [0, 0, house.parameters.council.slash]
    assert house.council.seat(house.owners[1].address).owed == house.parameters.council.slash // 2


def test_a_captured_cluster_is_undone_by_one_home(house: House) -> None:
    """Rows out of thin air: a demand that cannot be answered (Z-7, 51 %)."""
    draft = house.post({}, rows=[5000, -5000, 0, 0, 0], metered_supply_wh=1, metered_demand_wh=1)
    house.ok("demand", draft.slot, 1, by=house.owners[1])
    forged = house.evidence(house.post({0: 9, 1: -9}), 1)
    house.no("SlotDisputes_WrongEvidence", "answer", draft.posted, 1, house.proof(draft, 1), forged)
    house.go(house.chain.now() + ANSWER)
    house.ok("expire", draft.posted, 1)
    assert void(house, draft)
    assert house.balances() == [LOCKED] * 5


def test_malicious_seller_is_declined_at_execution(house: House) -> None:
    """It sells more than its meter measured: the row does not fit the reading (Fig. 5, Z-7)."""
    draft = house.post({0: 900, 1: -1000}, rows=[950, -950, 0, 0, 0])
    given = house.ack(draft, 0)
    house.ok("misfill", draft.posted, 0, house.proof(draft, 0), *given)
    assert void(house, draft)


def test_malicious_buyer_loses_at_most_what_it_locked(house: House) -> None:
    """It orders above what it has locked: capped by its cluster, and by its cap on chain (Fig. 6, Z-7)."""
    order = house.order(1, house.next_time // SLOT, max_spend=10**18)
    draft = house.post({0: 32_000, 1: -32_000}, orders={1: order}, budgets={1: LOCKED})
    assert draft.result.demand_wh == 32_000
    house.no("SlotDisputes_Unjustified", "overspend", draft.posted, 1, house.proof(draft, 1))
    house.finalised(draft)
    assert house.balances()[1] == LOCKED - 32_000 * 190_000 - 100_000 >= 0


def test_dead_council(house: House) -> None:
    """Every verifier dead, slots posted before: they are final, exits are paid (Z-8)."""
    draft = house.post(NETS)
    for owner in house.owners:
        house.ok("request_exit", 2**62, by=owner)
    for _ in range(3):
        house.next_slot()
    house.finalised(draft)
    house.go(house.chain.now() + 8 * SLOT + POST)
    house.ok("advance", 1024)
    for home in range(5):
        house.ok("withdraw", home)
    assert house.market.locked == 0


def test_late_reading_of_a_replaced_meter(house: House) -> None:
    """Two readings of a meter that is gone freeze nobody."""
    slot = house.next_time // SLOT
    domain, account = house.suite.slots_domain, house.owners[0].address
    first, second = Reading(account, slot, 5), Reading(account, slot, 6)
    meter = house.meters[0]
    signatures = [meter.sign(domain.digest(reading)) for reading in (first, second)]
    new = Secp256k1Meter(SecretKey.from_int(96))
    house.on_ledger("register_meter", account, new.signer, by=house.people["dso"])
    house.ok("update_meter", 0)
    house.no("SlotMarket_MeterTorn", "two_readings", 0, first, second, meter.signer, *signatures)


def test_full_lane_freezes_nothing(house: House) -> None:
    """All lanes together stay below 2**63, so nobody's earnings can overflow (Z-5)."""
    most = 2**63 - 1 - house.market.locked
    house.no("SlotMarket_BadAmount", "lock", most + 1, by=house.owners[0])
    assert isinstance(house.suite.slots, Contract)
    assert house.suite.slots.state_of(2**60) == SlotState.NONE
    assert WINDOW > 0
