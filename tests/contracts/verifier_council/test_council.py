"""The council: joining, drawing, leaving, standing, and the registrar's role."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_utils.crypto import keccak

from energy_trading.bindings.contract import ContractRevert
from energy_trading.crypto._signatures import compact
from energy_trading.crypto.keys import SecretKey
from energy_trading.types import Admission, MemberState, Registration
from tests.contracts.slot_market.house import ANSWER, House

CERTIFICATE = keccak(text="a new home's certificate")


def decision(house: House, candidate: SecretKey, **changes: Any) -> tuple[SecretKey, tuple[Any, ...]]:
    """What the leader of now submits, signed by the whole verifier set."""
    chosen = house.council.verifiers()
    turn = house.council.current_turn(house.next_time)
    leader = chosen[turn % len(chosen)]
    admission = Admission(candidate.address, 2, CERTIFICATE, house.council.version, leader, "")
    admission = replace(admission, **changes)
    digest = house.suite.council_domain.digest(admission)
    peers = [i for i, member in enumerate(chosen) if member != leader]
    signatures = b"".join(compact(house.keys[chosen[i]].sign_digest(digest)) for i in peers)
    return house.keys[leader], (admission, sum(1 << i for i in peers), signatures)


def request(house: House, candidate: SecretKey) -> None:
    house.ok("request_join", 2, CERTIFICATE, house.parameters.council.min_stake, by=candidate)


def test_admission(house: House) -> None:
    """Leader and two thirds of the verifier set admit; both sets are drawn anew (Fig. 3, Z-1, Z-2)."""
    new = house.owners[0]
    request(house, new)
    before, verifiers = house.council.members(), house.council.verifiers()
    leader, args = decision(house, new)
    house.ok("decide", *args, by=leader)
    assert house.suite.council.members() == type(house.suite.council.members())(before)
    house.no("VerifierCouncil_RedrawPending", "decide", *args, by=leader)
    house.no("VerifierCouncil_TooEarly", "redraw")
    house.chain.mine()
    house.ok("redraw")
    assert set(house.council.members()) == {*before, new.address}
    assert len(house.council.verifiers()) == len(verifiers)
    assert house.council.seat(new.address).state == MemberState.MEMBER


def test_declined_with_the_reason(house: House) -> None:
    """The reason is logged, and the stake can be collected (Z-2)."""
    new = house.owners[0]
    request(house, new)
    leader, args = decision(house, new, reason="the certificate is another home's")
    house.ok("decide", *args, by=leader)
    assert house.council.seat(new.address).state == MemberState.NONE
    house.ok("collect", "council", by=new)
    house.no("VerifierCouncil_NothingOwed", "collect", "council", by=new)


def test_conditions_1_and_2(house: House) -> None:
    """Only the leader of T_i, only once at T_i (Z-2)."""
    first, second = house.owners[:2]
    request(house, first)
    request(house, second)
    leader, args = decision(house, first, reason="no")
    others = [house.keys[m] for m in house.council.verifiers() if m != leader.address]
    house.no("VerifierCouncil_NotLeader", "decide", *args, by=others[0])
    house.ok("decide", *args, by=leader)
    leader_now, args = decision(house, second, reason="no")
    assert leader_now.address == leader.address
    house.no("VerifierCouncil_TurnUsed", "decide", *args, by=leader)
    house.go(house.chain.now() + house.parameters.council.turn)
    leader_next, args = decision(house, second, reason="no")
    assert leader_next.address != leader.address
    house.ok("decide", *args, by=leader_next)


def test_decisions_that_do_not_stand(house: House) -> None:
    """Another version, feeder, candidate; too few signatures; one that is not a member's (Z-2)."""
    new = house.owners[0]
    leader, args = decision(house, new)
    house.no("VerifierCouncil_WrongState", "decide", *args, by=leader)
    request(house, new)
    house.no("VerifierCouncil_WrongState", "request_join", 2, CERTIFICATE, 10**18, by=new)
    leader, args = decision(house, new, version=9)
    house.no("VerifierCouncil_WrongVersion", "decide", *args, by=leader)
    leader, args = decision(house, new, feeder=3)
    house.no("VerifierCouncil_WrongFeeder", "decide", *args, by=leader)
    leader, args = decision(house, new)
    house.no("VerifierCouncil_NoQuorum", "decide", args[0], 0, b"", by=leader)
    house.no("VerifierCouncil_BadSignature", "decide", args[0], args[1], args[2][64:], by=leader)
    house.no("VerifierCouncil_BadSignature", "decide", args[0], 0b111, args[2] + args[2], by=leader)


def test_request_and_withdrawal(house: House) -> None:
    """A stake within its range, a feeder below 2**16; the request can be withdrawn (Z-1)."""
    new, stake = house.owners[0], house.parameters.council.min_stake
    house.no("VerifierCouncil_BadFeeder", "request_join", 2**16, CERTIFICATE, stake, by=new)
    house.no("VerifierCouncil_BadStake", "request_join", 2, CERTIFICATE, stake - 1, by=new)
    house.no("EnergyLedger_Insufficient", "request_join", 2, CERTIFICATE, 2**62, by=new)
    house.no("VerifierCouncil_WrongState", "withdraw_request", by=new)
    request(house, new)
    house.ok("withdraw_request", by=new)
    house.ok("collect", "council", by=new)


def test_two_disjoint_sets(house: House) -> None:
    """No verifier is in a slot's cluster, whatever the slot and the turn (Z-8)."""
    verifiers = set(house.suite.council.verifiers())
    assert len(verifiers) == 3
    drawn = set()
    for slot in range(40):
        for turn in (0, 5, 10):
            cluster = house.suite.council.cluster_of(slot, turn)
            assert list(cluster) == house.council.cluster_of(slot, turn)
            assert len(set(cluster)) == 5
            assert not verifiers & set(cluster)
            drawn.add(tuple(cluster))
    assert len(drawn) > 60


def test_resigning(house: House) -> None:
    """The list shrinks at once, the stake comes back after the unbonding time (Z-6)."""
    member = house.members[0]
    house.no("VerifierCouncil_WrongState", "resign", by=house.owners[0])
    house.no("VerifierCouncil_WrongState", "take_stake", by=member)
    house.ok("resign", by=member)
    house.ok("resign", by=house.members[1])
    house.chain.mine()
    house.ok("redraw")
    assert member.address not in house.council.members()
    house.no("VerifierCouncil_TooEarly", "take_stake", by=member)
    house.go(house.council.seat(member.address).leave_at)
    house.ok("take_stake", by=member)
    house.ok("collect", "council", by=member)


def test_a_draw_is_not_thrown_again_by_leaving(house: House) -> None:
    """Whoever leaves after the seed's block is known leaves after that draw (Z-1)."""
    house.ok("resign", by=house.members[0])
    house.chain.mine()
    seed = house.council.seed
    house.ok("resign", by=house.members[1])
    assert house.council.seed != seed
    assert house.members[1].address in house.council.members()
    assert house.members[0].address not in house.council.members()
    house.same()


def test_reseeding(house: House) -> None:
    """Anyone has the sets drawn anew now and then; the seed's block is one to come (Z-8)."""
    house.no("VerifierCouncil_TooEarly", "redraw")
    house.go(house.council.drawn_at + house.parameters.council.reseed)
    house.ok("redraw")
    before = house.council.seed
    house.chain.mine()
    house.ok("redraw")
    assert house.council.seed != before


def test_founder_only_while_too_few(house: House) -> None:
    """The founder has no power over a council that can draw both sets (Z-1)."""
    founder = house.people["founder"]
    house.no("VerifierCouncil_NotFounder", "found", [], by=founder)
    for member in house.members[:3]:
        house.ok("resign", by=member)
    request(house, house.owners[0])
    house.no("VerifierCouncil_NotFounder", "found", [house.owners[0].address], by=house.owners[0])
    house.no("VerifierCouncil_WrongState", "found", [house.owners[1].address], by=founder)
    house.ok("found", [house.owners[0].address], by=founder)
    house.chain.mine()
    house.ok("redraw")


def test_too_few_to_draw_a_cluster(house: House) -> None:
    """Then slots stay empty, and money comes out (Z-8)."""
    for member in house.members[:3]:
        house.ok("resign", by=member)
    house.chain.mine()
    house.ok("redraw")
    draft_slot = house.next_time // 900
    with pytest.raises(ContractRevert, match="TooFew"):
        house.suite.council.cluster_of(draft_slot, 0)


def test_expulsion_after_slashes(house: House) -> None:
    """A member whose stake is too low is out; one in good standing stays (Z-6)."""
    draft = house.post({0: 9, 1: -9})
    house.ok("demand", draft.slot, 1, by=house.owners[1])
    house.no("VerifierCouncil_InGoodStanding", "expel", draft.result.leader)
    house.go(house.chain.now() + ANSWER)
    house.ok("expire", draft.posted, 1)
    house.ok("expel", draft.result.leader)
    house.no("VerifierCouncil_WrongState", "expel", draft.result.leader)
    assert house.council.seat(draft.result.leader).state == MemberState.LEAVING


def test_slashed_after_leaving(house: House) -> None:
    """The stake of a former member answers for the slots it has signed (Z-6)."""
    draft = house.post({0: 9, 1: -9})
    leader = house.keys[draft.result.leader]
    house.ok("resign", by=leader)
    house.ok("demand", draft.slot, 1, by=house.owners[1])
    house.go(house.chain.now() + ANSWER)
    house.ok("expire", draft.posted, 1)
    assert (
        house.council.seat(leader.address).stake
        == house.parameters.council.min_stake - house.parameters.council.slash
    )
    house.same()


def test_registrar(house: House) -> None:
    """The council takes the DSO's place in the ledger, with two thirds of the verifier set (Z-2)."""
    dso, council, ledger = house.people["dso"], house.suite.council, house.suite.ledger
    ledger.transfer_ownership(council.address).send(dso)

    def act(action: bytes, count: int = 2, deadline: int = 2**40) -> Any:
        chosen = house.council.verifiers()
        nonce = council.registrar_nonce()
        digest = house.suite.council_domain.digest(Registration(action, nonce, deadline))
        signatures = b"".join(compact(house.keys[m].sign_digest(digest)) for m in chosen[:count])
        return council.act(action, deadline, (1 << count) - 1, signatures)

    act(ledger.accept_ownership().data).send(house.people["stranger"])
    assert ledger.owner() == council.address
    account, signer = house.owners[0].address, bytes.fromhex("11" * 20)
    act(ledger.register_meter(account, signer).data).send(house.people["stranger"])
    assert ledger.meter_of(account) == keccak(signer)
    act(ledger.register_meter(account, house.meters[0].signer).data).send(house.people["stranger"])
    for call, rule in (
        (act(ledger.remove_meter(account).data, 1), "NoQuorum"),
        (act(ledger.remove_meter(account).data, deadline=5), "Expired"),
        (act(ledger.remove_meter(house.people["stranger"].address).data), "ActFailed"),
        (act(ledger.commit(account, account, False, 0, 0).data), "NotRegistrars"),
        (act(ledger.transfer(account, account, 0).data), "NotRegistrars"),
        (act(ledger.renounce_ownership().data), "NotRegistrars"),
    ):
        with pytest.raises(ContractRevert, match=rule):
            call.simulate(house.people["stranger"])
