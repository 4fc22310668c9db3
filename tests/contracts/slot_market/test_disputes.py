"""Disputes: each is won by one honest home, and lost by whoever has no case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from energy_trading.bindings.contract import ContractRevert
from energy_trading.crypto.keys import SecretKey
from energy_trading.types import Fault, Posted, Reading, RowProof, SlotState
from tests.contracts.slot_market.house import (
    ANSWER,
    CAP,
    LOCKED,
    NO_EVIDENCE,
    POST,
    SLOT,
    WINDOW,
    Draft,
    House,
)

NETS = {0: 900, 1: -400, 2: -300}
SHORT = {0: 500, 1: -400, 2: -300, 3: -1}


def stakes(house: House, draft: Draft) -> list[int]:
    """What each signer's stake has lost."""
    return [house.parameters.council.min_stake - house.council.seat(s).stake for s in draft.posted.signers]


def void(house: House, draft: Draft) -> bool:
    return house.suite.slots.state_of(draft.slot) == SlotState.VOID


# ---------------------------------------------------------------- demand and answer


def test_demand_and_answer(house: House) -> None:
    """The home's own demand is free; order and reading of both curves answer it (Z-4)."""
    draft = house.post(SHORT)
    for home in (0, 1):  # a secp256k1 meter and a P-256 meter
        before = house.ledger.account(house.owners[home].address).available
        house.ok("demand", draft.slot, home, by=house.owners[home])
        assert house.ledger.account(house.owners[home].address).available == before
        house.no("SlotMarket_AlreadyDemanded", "demand", draft.slot, home)
        house.ok("answer", draft.posted, home, house.proof(draft, home), house.evidence(draft, home))
        house.no(
            "SlotMarket_NoDemand",
            "answer",
            draft.posted,
            home,
            house.proof(draft, home),
            house.evidence(draft, home),
        )
        house.no("SlotMarket_AlreadyDemanded", "demand", draft.slot, home)
    house.ok("demand", draft.slot, 4, by=house.owners[4])
    house.ok("answer", draft.posted, 4, house.proof(draft, 4), NO_EVIDENCE)  # the row is zero
    house.finalised(draft)


def test_bond_of_a_stranger_goes_to_the_answerer(house: House) -> None:
    """Anyone may demand any row, for a bond (Z-4)."""
    draft, stranger = house.post(NETS), house.people["stranger"]
    house.ok("demand", draft.slot, 0, by=stranger)
    helper = house.keys[draft.posted.signers[2]]
    house.ok("answer", draft.posted, 0, house.proof(draft, 0), house.evidence(draft, 0), by=helper)
    assert house.market.owed[helper.address] == house.parameters.slots.bond
    house.ok("collect", by=helper)


def test_demands_have_a_window(house: House) -> None:
    """Half-open; nothing is demanded of a slot that is not posted, or of no home (Z-4)."""
    house.no("SlotMarket_NotPosted", "demand", 12, 0)
    draft = house.post(NETS)
    posted_at = house.chain.now()
    house.no("SlotMarket_NoHome", "demand", draft.slot, 5)
    house.no("SlotMarket_NotPosted", "demand", draft.slot + 8, 0)
    house.go(posted_at + WINDOW - 1)
    house.ok("demand", draft.slot, 0, by=house.owners[0])
    house.no("SlotMarket_TooLate", "demand", draft.slot, 1, by=house.owners[1])


def test_wrong_answers(house: House) -> None:
    """Another slot, order, key, meter or row does not answer (Z-4, Z-7)."""
    draft = house.post(SHORT)
    house.ok("demand", draft.slot, 1, by=house.owners[1])
    proof, right = house.proof(draft, 1), house.evidence(draft, 1)

    def refused(rule: str, **changes: object) -> None:
        house.no(rule, "answer", draft.posted, 1, proof, replace(right, **changes))

    other = replace(draft.result, price=1)
    house.no("SlotMarket_NotPosted", "answer", Posted(other, draft.posted.signers), 1, proof, right)
    signers = (*draft.posted.signers[:-1], house.owners[0].address)
    house.no("SlotMarket_NotPosted", "answer", Posted(draft.result, signers), 1, proof, right)
    forged = RowProof(proof.chunk[:4] + b"\0" * 60, proof.hashes)
    house.no("SlotDisputes_WrongRoot", "answer", draft.posted, 1, forged, right)
    forged = RowProof(proof.chunk, (bytes(32),))
    house.no("SlotDisputes_WrongRoot", "answer", draft.posted, 1, forged, right)
    refused("SlotDisputes_WrongEvidence", order=draft.orders[0])
    refused("SlotDisputes_WrongEvidence", reading=replace(right.reading, slot=draft.slot - 1))
    refused("SlotDisputes_BadOrder", order=replace(right.order, last_slot=draft.slot + 96))
    refused("SlotDisputes_BadOrder", order=replace(right.order, first_slot=draft.slot + 1))
    refused("SlotDisputes_BadSignature", order=replace(right.order, buy_limit=7))
    refused("SlotDisputes_BadSignature", reading=replace(right.reading, net_wh=-7))
    refused("SlotDisputes_WrongMeter", meter=house.meters[0].signer)
    small = house.order(1, draft.slot, max_spend=200_000)
    signed = house.owners[1].sign_digest(house.suite.slots_domain.digest(small))
    refused("SlotDisputes_RowDoesNotFit", order=small, order_signature=signed)
    house.go(house.chain.now() + ANSWER)
    house.no("SlotMarket_TooLate", "answer", draft.posted, 1, proof, right)


def test_revoked_order_does_not_answer(house: House) -> None:
    """revokeBelow acts from the next slot on (Z-7)."""
    house.ok("revoke_below", 1, by=house.owners[1])
    draft = house.post(SHORT)  # the slot of the revocation: the old order still counts
    house.ok("demand", draft.slot, 1, by=house.owners[1])
    house.ok("answer", draft.posted, 1, house.proof(draft, 1), house.evidence(draft, 1))
    draft = house.post(SHORT)
    house.ok("demand", draft.slot, 1, by=house.owners[1])
    values = house.no(
        "SlotDisputes_BadOrder", "answer", draft.posted, 1, house.proof(draft, 1), house.evidence(draft, 1)
    )
    assert values == (0, 1)


def test_expire(house: House) -> None:
    """Unanswered: the slot is void, all signers are slashed, half of it for the home (Z-4, Z-6)."""
    draft = house.post(NETS)
    bob, stranger = house.owners[1], house.people["stranger"]
    house.ok("demand", draft.slot, 1, by=bob)
    house.ok("demand", draft.slot, 2, by=stranger)
    house.no("SlotMarket_NoDemand", "expire", draft.posted, 3)
    house.no("SlotMarket_TooEarly", "expire", draft.posted, 1)
    house.no("SlotMarket_StillPosted", "return_bond", draft.slot, 2)
    house.go(house.chain.now() + ANSWER)
    assert house.finalise(draft).rule == "SlotMarket_OpenDemands"
    house.ok("expire", draft.posted, 1)
    assert void(house, draft)
    slash = house.parameters.council.slash
    assert stakes(house, draft) == [slash] * 3
    assert house.council.seat(bob.address).owed == 3 * slash // 2
    assert house.council.seat(house.people["treasury"].address).owed == 3 * slash // 2
    assert [house.council.seat(s).score for s in draft.posted.signers] == [8, 14, 14]
    house.no("SlotMarket_NotPosted", "expire", draft.posted, 2)
    house.ok("return_bond", draft.slot, 2)
    assert house.market.owed[stranger.address] == house.parameters.slots.bond
    house.no("SlotMarket_NoDemand", "return_bond", draft.slot, 2)
    assert house.finalise(draft).rule == "SlotMarket_NotPosted"
    assert house.balances() == [LOCKED] * 5


# ---------------------------------------------------------------- misfill


def test_misfill_in_either_direction(house: House) -> None:
    """A row below or above the ration costs the one who acknowledged something else (Z-6, Z-7)."""
    for rows in ([699, -399, -300, 0, 0], [701, -401, -300, 0, 0]):
        draft = house.post(NETS, rows=rows)
        house.ok("misfill", draft.posted, 1, house.proof(draft, 1), *house.ack(draft, 1))
        assert void(house, draft)
    slash = house.parameters.council.slash
    assert stakes(house, draft)[1] >= slash
    assert house.council.seat(house.owners[1].address).owed == slash


def test_only_the_acker_is_slashed(house: House) -> None:
    """The other signers may not have known."""
    draft = house.post(NETS, rows=[699, -399, -300, 0, 0])
    house.ok("misfill", draft.posted, 1, house.proof(draft, 1), *house.ack(draft, 1, member=2))
    assert stakes(house, draft) == [0, 0, house.parameters.council.slash]
    house.same()


def test_misfill_of_an_omitted_home(house: House) -> None:
    """An acknowledged home without a row (Z-6)."""
    draft = house.post(NETS)
    order = house.order(3, draft.slot)
    reading = Reading(house.owners[3].address, draft.slot, -50)
    given = house.ack(draft, 3, of_order=order, of_reading=reading, budget=CAP)
    house.ok("misfill", draft.posted, 3, house.proof(draft, 3), *given)


def test_unjustified_misfill(house: House) -> None:
    """A right row, a budget that caps it, a limit that keeps the home out, a member who did not sign."""
    draft = house.post(SHORT)
    for home in range(4):
        house.no(
            "SlotDisputes_Unjustified",
            "misfill",
            draft.posted,
            home,
            house.proof(draft, home),
            *house.ack(draft, home),
        )
    order, reading, ack, _, signature = house.ack(draft, 1)
    proof = house.proof(draft, 1)
    house.no("SlotDisputes_NotSigner", "misfill", draft.posted, 1, proof, order, reading, ack, 3, signature)
    house.no(
        "SlotDisputes_BadSignature", "misfill", draft.posted, 1, proof, order, reading, ack, 2, signature
    )
    given = house.ack(draft, 1, order=bytes(32))
    house.no("SlotDisputes_WrongEvidence", "misfill", draft.posted, 1, proof, *given)
    given = house.ack(draft, 1, slot=draft.slot - 1)
    house.no("SlotDisputes_WrongEvidence", "misfill", draft.posted, 1, proof, *given)
    house.go(house.chain.now() + WINDOW)
    house.no("SlotDisputes_TooLate", "misfill", draft.posted, 1, proof, *house.ack(draft, 1))


def test_capped_by_the_acknowledged_budget(house: House) -> None:
    """A home that cannot pay is capped, not punished: its row is right (Z-6)."""
    budget = 190_000 * 100 + 100_000
    draft = house.post({0: 900, 1: -400}, budgets={1: budget})
    assert draft.result.demand_wh == 100
    house.no(
        "SlotDisputes_Unjustified", "misfill", draft.posted, 1, house.proof(draft, 1), *house.ack(draft, 1)
    )
    richer = house.ack(draft, 1, budget=budget + 190_000)
    house.ok("misfill", draft.posted, 1, house.proof(draft, 1), *richer)


# ---------------------------------------------------------------- overspend and overdraft


def test_overspend(house: House) -> None:
    """A row above the cap that the home had for the slot, whatever the cluster says (Z-6, Z-7)."""
    price, fee = 190_000, 100_000
    house.ok("set_cap", 400 * price + fee, by=house.owners[1])
    house.next_slot()
    draft = house.post({0: 900, 1: -400})
    house.no("SlotDisputes_Unjustified", "overspend", draft.posted, 1, house.proof(draft, 1))
    house.no("SlotDisputes_Unjustified", "overspend", draft.posted, 0, house.proof(draft, 0))
    draft = house.post({0: 900, 1: -401})
    house.ok("overspend", draft.posted, 1, house.proof(draft, 1))
    assert void(house, draft)
    assert stakes(house, draft) == [house.parameters.council.slash] * 3


def test_overdraft(house: House) -> None:
    """A row above what the home has keeps the slot from being final, until it is disputed (Z-6, Z-7)."""
    house.ok("request_exit", LOCKED - 1000, by=house.owners[1])
    house.go(house.chain.now() + 2 * SLOT + POST)
    house.ok("advance", 1024)
    house.ok("withdraw", 1)
    draft = house.post({0: 900, 1: -400})
    house.no("SlotDisputes_WrongSlot", "overdraft", draft.posted, 1, house.proof(draft, 1))
    house.go(house.chain.now() + WINDOW + POST)
    assert house.finalise(draft).rule == "SlotMarket_Overdrawn"
    house.ok("advance", 1024)
    house.no("SlotDisputes_Unjustified", "overdraft", draft.posted, 0, house.proof(draft, 0))
    house.ok("overdraft", draft.posted, 1, house.proof(draft, 1))
    assert void(house, draft)
    house.ok("advance", 1)
    assert house.market.frontier > draft.slot


# ---------------------------------------------------------------- two readings


def test_two_readings(house: House) -> None:
    """A meter that signed twice freezes its home until it has another meter (Z-7)."""
    slot = house.next_time // SLOT
    domain, account = house.suite.slots_domain, house.owners[0].address
    first, second = Reading(account, slot, 5), Reading(account, slot, 6)
    meter = house.meters[0]
    signatures = [meter.sign(domain.digest(reading)) for reading in (first, second)]
    given = (meter.signer, *signatures)
    house.no("SlotDisputes_SameReading", "two_readings", 0, first, first, *given)
    house.no("SlotDisputes_WrongEvidence", "two_readings", 1, first, second, *given)
    house.no("SlotDisputes_BadSignature", "two_readings", 0, first, second, meter.signer, *signatures[::-1])
    other = house.meters[2].signer
    house.no("SlotDisputes_WrongMeter", "two_readings", 0, first, second, other, *signatures)
    house.ok("two_readings", 0, first, second, *given)
    house.no("SlotMarket_MeterTorn", "two_readings", 0, first, second, *given)
    assert house.market.homes[0].frozen_at(slot + 1)
    house.no("SlotMarket_MeterTorn", "unfreeze", 0)
    replacement = SecretKey.from_int(98).address
    house.on_ledger("register_meter", account, bytes.fromhex(replacement[2:]), by=house.people["dso"])
    house.ok("update_meter", 0)
    house.ok("unfreeze", 0)


# ---------------------------------------------------------------- who may


def test_only_the_disputes_contract_acts(house: House) -> None:
    """Nobody else voids a slot, ends a demand, freezes a home or slashes a member."""
    draft = house.post(NETS)
    stranger = house.people["stranger"]
    market, council = house.suite.slots, house.suite.council
    calls = {
        "SlotMarket_NotDisputes": (
            market.void_slot(draft.slot, 0, Fault.OVERDRAFT, draft.posted.signers),
            market.settle_demand(draft.slot, 0, stranger.address),
            market.tear_meter(0, draft.slot, bytes(32)),
        ),
        "VerifierCouncil_NotSlotMarket": (
            council.slash(draft.posted.signers, stranger.address),
            council.reward([stranger.address], [5]),
        ),
    }
    for rule, found in calls.items():
        for call in found:
            with pytest.raises(ContractRevert, match=rule):
                call.simulate(stranger)
