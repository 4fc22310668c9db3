"""A gateway at work: it signs, hands over to agents that check, and sends itself when none did (N-3, S-1)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.files.journal import JournalLocked
from energy_trading.market.slots.messages import SignedOrder
from energy_trading.market.trade.offer import Offer
from energy_trading.meter.command_signer import SignerFailed
from energy_trading.types import Order, TradeState
from tests.client.gateway_kit import (
    METER,
    SLOT,
    Agent,
    Household,
    next_slot,
    order_config,
    serving,
    slot_domain,
)
from tests.world import World


@pytest.fixture
def agent(world: World) -> Iterator[Agent]:
    with serving(Agent(world.suite.market_domain, slot_domain(world))) as served:
        yield served


@pytest.fixture
def other(world: World) -> Iterator[Agent]:
    with serving(Agent(world.suite.market_domain, slot_domain(world))) as served:
        yield served


def readings(agent: Agent) -> list[tuple[int, int]]:
    return [(item["slot"], item["net_wh"]) for item in agent.readings]


def bought(world: World, start: int, slots: int = 1, **changes: Any) -> Offer:
    """Let bob buy 1 kWh of alice for some slots, and three more for the receipt."""
    deliver_by = start + (slots + 3) * SLOT
    terms = world.accepted(world.alice, world.bob, accept_by=start, deliver_by=deliver_by, **changes)
    return Offer(terms, terms.energy.wh)


def hand_in(house: Household, name: str, value: dict[str, Any]) -> None:
    (house.folder / "inbox" / f"{name}.json").write_text(json.dumps(value))


def test_slots_are_signed_and_posted_once(world: World, tmp_path: Path, agent: Agent):
    """Z-5: each slot's net reading, signed by the meter, reaches the agent once, also over a restart."""
    house = Household(world, world.bob, tmp_path, [agent])
    start = next_slot(world)
    house.show(start, 100, 40)
    house.show(start + SLOT - 7, 400, 90)
    house.show(start + SLOT, 500.5, 100.9)
    assert readings(agent) == [(start // SLOT, -340)]
    house.restart()
    house.show(start + 2 * SLOT, 500.9, 700)
    # 500.5 and 500.9 are both 500 whole Wh: the part is not lost, the next slot has it.
    assert readings(agent) == [(start // SLOT, -340), (start // SLOT + 1, 600)]
    assert house.said == []


def test_readings_wait_for_an_agent_that_is_away(world: World, tmp_path: Path, agent: Agent):
    """S-1: a busy agent and a lost answer are asked again; nothing is signed anew, nothing is lost."""
    house = Household(world, world.bob, tmp_path, [agent])
    start = next_slot(world)
    agent.faults = [503, "lost"]
    for slot in range(4):
        house.show(start + slot * SLOT, 100 * slot)
    first = start // SLOT
    # What came before the cut came again with what was signed since.
    assert readings(agent) == [(first, -100), (first + 1, -100), *((first + i, -100) for i in range(3))]
    assert agent.readings[0] == agent.readings[2]
    assert [line.partition(" ")[2] for line in house.said] == [
        f"does not take the reading {first} yet: Not now.",
        "cannot be reached (RemoteProtocolError); it is asked again later",
    ]


def test_refused_item_is_told_and_not_posted_again(world: World, tmp_path: Path, agent: Agent):
    """S-1: an agent of another slot market finds no signature of the meter in what it is sent."""
    house = Household(world, world.bob, tmp_path, [agent])
    agent.slots = world.suite.ledger_domain
    start = next_slot(world)
    for slot in range(3):
        house.show(start + slot * SLOT, 100 * slot)
    assert agent.readings == []
    assert house.said == [
        f"{agent.url}/v1 refused the reading {start // SLOT + i}: not-signed" for i in range(2)
    ]
    assert agent.requests == 2


def test_receipt_goes_to_one_agent_then_to_the_next_then_on_chain(
    world: World, tmp_path: Path, agent: Agent, other: Agent
):
    """N-3: the market pays the seller although both agents took the receipt and sat on it."""
    house = Household(
        world, world.bob, tmp_path, [agent, other], sender=world.bob, carry_seconds=SLOT, margin_seconds=SLOT
    )
    start = next_slot(world, 2)
    house.show(start - SLOT, 0)
    offer = bought(world, start)
    hand_in(house, "trade", {"offer": offer.to_json(), "from": start, "to": start + SLOT})
    house.show(start, 10)
    assert house.said == [f"trade.json: trade 0x{offer.trade_id.hex()} may draw on the meter"]
    house.show(start + SLOT, 1010)
    assert (len(agent.receipts), len(other.receipts)) == (1, 0)
    house.show(start + 2 * SLOT, 1020)
    assert (len(agent.receipts), len(other.receipts)) == (1, 1)
    assert agent.receipts == other.receipts
    assert world.market.state_of(offer.trade_id) == TradeState.ACCEPTED
    before = world.account(world.alice).available
    house.show(start + 3 * SLOT, 1030)  # the margin begins: a slot before deliver_by
    assert world.market.state_of(offer.trade_id) != TradeState.ACCEPTED
    assert world.account(world.alice).available > before
    assert house.said[-1] == (
        f"no agent had brought the receipt of trade 0x{offer.trade_id.hex()} on chain; the gateway sent it"
    )
    house.show(start + 4 * SLOT, 1040)
    assert house.home.bought[offer.trade_id].ended == "the market awaits no receipt"


def test_receipt_that_an_agent_brought_is_not_sent_again(world: World, tmp_path: Path, agent: Agent):
    """N-3: what the market has is neither posted nor sent; a chain that takes it back is noticed."""
    house = Household(world, world.bob, tmp_path, [agent], sender=world.bob, margin_seconds=SLOT)
    start = next_slot(world, 2)
    house.show(start - SLOT, 0)
    offer = bought(world, start)
    hand_in(house, "trade", {"offer": offer.to_json(), "from": start, "to": start + SLOT})
    house.show(start, 0)
    house.show(start + SLOT, 1000)
    delivery = house.home.bought[offer.trade_id].delivery
    snapshot = world.chain.snapshot()
    world.market.confirm_delivery(delivery).send(world.stranger)
    nonce = world.chain.next_nonce(world.bob.address)
    house.show(start + 3 * SLOT - 1, 1200)
    assert world.chain.next_nonce(world.bob.address) == nonce
    world.chain.revert(snapshot)  # a reorganisation: the receipt is gone
    house.show(start + 3 * SLOT, 1201)
    assert world.chain.next_nonce(world.bob.address) == nonce + 1
    assert world.market.state_of(offer.trade_id) != TradeState.ACCEPTED


def test_purchase_found_on_chain_draws_on_the_meter(world: World, tmp_path: Path, agent: Agent):
    """N-2, N-3: a trade that somebody filled for the home is found in the log and gets its receipt."""
    house = Household(world, world.bob, tmp_path, [agent], margin_seconds=SLOT)
    start = next_slot(world, 2)
    house.show(start - SLOT, 0)
    offer = bought(world, start)
    house.show(start, 0)
    trade = house.home.bought[offer.trade_id]
    assert (trade.slot_from, trade.slot_to) == (start, start + 3 * SLOT)
    for slot in range(1, 4):
        house.show(start + slot * SLOT, 400 * slot)
    assert len(agent.receipts) == 1
    assert int(agent.receipts[0]["energy"], 16) == 1000


def test_receipt_of_nothing_is_signed(world: World, tmp_path: Path, agent: Agent):
    """N-3: where nothing came the meter says so, and the trade does not wait for ever."""
    house = Household(world, world.bob, tmp_path, [agent], margin_seconds=SLOT)
    start = next_slot(world, 2)
    house.show(start - SLOT, 0)
    bought(world, start)
    for slot in range(5):
        house.show(start + slot * SLOT, 0)
    assert [int(item["energy"], 16) for item in agent.receipts] == [0]


def test_missing_reading_makes_no_receipt(world: World, tmp_path: Path, agent: Agent):
    """N-3: the gateway was off when delivery began; that is told once, and the trade let go."""
    house = Household(world, world.bob, tmp_path, [agent], margin_seconds=SLOT)
    start = next_slot(world, 2)
    house.show(start - SLOT, 0)
    trade = f"0x{bought(world, start).trade_id.hex()}"
    house.show(start - 400, 0)
    house.show(start + 400, 100)
    for slot in range(1, 5):
        house.show(start + slot * SLOT, 300 * slot)
    assert agent.receipts == []
    assert [line for line in house.said if trade in line] == [
        f"trade {trade} has no receipt: there is no reading at {start}; a slot needs one at each of its ends"
    ]


def test_gap_costs_its_slots_and_no_other(world: World, tmp_path: Path, agent: Agent):
    """Z-5: two slots around ten silent minutes have no reading; the next one has."""
    house = Household(world, world.bob, tmp_path, [agent])
    start = next_slot(world)
    house.show(start, 0)
    house.show(start + SLOT - 300, 60)
    house.show(start + SLOT + 300, 120)
    house.show(start + 2 * SLOT, 180)
    house.show(start + 3 * SLOT, 280)
    first = start // SLOT
    assert readings(agent) == [(first + 2, -100)]
    silence = f"between {start + SLOT - 300} and {start + SLOT + 300}"
    assert house.said == [f"no reading {silence}; slots {first} to {first + 1} cannot have one"]
    assert house.home.lost_slots(first, first + 3) == [first, first + 1]


def test_swapped_meter_goes_on(world: World, tmp_path: Path, agent: Agent):
    """N-3: only a meter that the installer named may follow, and never back; its first slot is lost."""
    house = Household(world, world.bob, tmp_path, [agent])
    start, first = next_slot(world), next_slot(world) // SLOT
    house.show(start, 7000, 50)
    house.show(start + SLOT, 7100, 50)
    house.show(start + SLOT + 60, 3, 0, meter="NEW")
    assert house.said == [
        f"a reading of meter NEW at {start + SLOT + 60} does not count: the meter is not among the names in "
        f"the configuration; {METER} is in use"
    ]
    house.names = (METER, "NEW")
    house.restart()
    for time, wh in ((SLOT + 120, 5), (2 * SLOT, 25), (3 * SLOT, 75)):
        house.show(start + time, wh, 0, meter="NEW")
    house.show(start + 3 * SLOT + 30, 7100, 50)
    assert house.said[1:] == [
        f"meter NEW is in use since {start + SLOT + 120}; slot {first + 1} cannot have a reading",
        f"a reading of meter {METER} at {start + 3 * SLOT + 30} does not count: meter NEW has replaced it",
    ]
    house.restart()
    house.show(start + 4 * SLOT, 95, 2, meter="NEW")
    assert readings(agent) == [(first, -100), (first + 2, -50), (first + 3, -18)]
    # The home's register goes on where the old meter's stopped.
    assert house.home.meter.last_reading.import_wh == 7100 + 90


def test_register_that_runs_backwards_is_told_once(world: World, tmp_path: Path):
    """N-3: a glitch changes nothing; when the meter is right again, that is told too."""
    house = Household(world, world.bob, tmp_path)
    start = next_slot(world)
    house.show(start, 500)
    for second in (10, 20):
        house.show(start + second, 0)
    house.show(start + 30, 501)
    assert house.said == [
        f"a reading of meter {METER} at {start + 10} does not count: its import register runs backwards by "
        "500 Wh; a new meter needs a new name",
        "the meter's readings count again",
    ]


def test_meter_clock_ahead_of_the_chain_does_not_count(world: World, tmp_path: Path):
    """N-3: a sample from the future would lock out all that follow until then."""
    house = Household(world, world.bob, tmp_path)
    start = next_slot(world)
    house.show(start, 0)
    house.meter.given.append(house.home.last.__class__(start + 301, 9, 9, METER))
    house.gateway.step(0)
    assert house.said == [f"the meter's clock is ahead of the chain's: {start + 301} is after {start + 300}"]
    assert house.home.last.time == start


def test_signer_that_fails_is_asked_again(world: World, tmp_path: Path, agent: Agent, monkeypatch: Any):
    """N-3: a token that was pulled out costs time, not readings."""
    house = Household(world, world.bob, tmp_path, [agent])
    start = next_slot(world)
    house.show(start, 0)

    def pulled_out(_: bytes) -> bytes:
        raise SignerFailed("the token is not there")

    with monkeypatch.context() as patch:
        patch.setattr(house.home.signer, "sign", pulled_out)
        house.show(start + SLOT, 10)
        house.show(start + SLOT + 5, 10)
    assert house.said == ["the meter's key did not sign; it is asked again: the token is not there"]
    house.show(start + SLOT + 10, 10)
    assert readings(agent) == [(start // SLOT, -10)]


def test_standing_orders_are_renewed_before_they_end(world: World, tmp_path: Path, agent: Agent):
    """Z-4: every slot from the next one on has an order of the account, made before its slot begins."""
    house = Household(world, world.bob, tmp_path, [agent], order_config(slots=4, renew=2))
    start = next_slot(world)
    first = start // SLOT
    for slot in range(8):
        house.show(start + slot * SLOT, slot)
        assert house.home.order_for(first + slot + 1) is not None
    spans = [(int(o["order"]["first_slot"]), int(o["order"]["last_slot"])) for o in agent.orders]
    assert spans == [(first + 1, first + 4), (first + 5, first + 8), (first + 9, first + 12)]
    assert len({o["order"]["nonce"] for o in agent.orders}) == 3


def test_changed_limits_count_from_the_next_slot(world: World, tmp_path: Path, agent: Agent):
    """Z-4: another limit in the configuration makes an order with a higher nonce for the slots to come."""
    house = Household(world, world.bob, tmp_path, [agent], order_config())
    start = next_slot(world)
    house.show(start, 0)
    house.wants = order_config(buy_limit=1)
    house.restart()
    house.show(start + 10, 0)
    old, new = (item["order"] for item in agent.orders)
    assert (new["buy_limit"], new["first_slot"]) == (1, old["first_slot"])
    assert new["nonce"] > old["nonce"]
    house.restart()
    house.show(start + 20, 0)
    assert len(agent.orders) == 2


def test_order_signed_elsewhere_is_handed_in(world: World, tmp_path: Path, agent: Agent):
    """Z-4: the gateway needs no account key; it holds what the account signed, and says when it ends."""
    house = Household(world, world.bob, tmp_path, [agent], order_config(), account_key=None)
    start = next_slot(world)
    following = start // SLOT + 1
    house.show(start, 0)
    assert house.said == [f"there is no standing order for slot {following}; hand in a signed one"]
    order = Order(world.bob.address, following, following + 5, 250_000, 90_000, 10**9, 7)
    domain = slot_domain(world)
    forged = SignedOrder(order, SignedOrder.sign(order, world.bob, world.suite.market_domain).signature)
    hand_in(house, "forged", forged.to_json())
    hand_in(house, "order", SignedOrder.sign(order, world.bob, domain).to_json())
    hand_in(house, "twisted", {"order": 3})
    house.show(start + 10, 0)
    assert [line.partition(":")[0] for line in house.said[1:]] == [
        "forged.json was refused",
        "order.json",
        "twisted.json was refused",
    ]
    assert [item["order"]["nonce"] for item in agent.orders] == [7]
    assert sorted(path.name for path in (tmp_path / "inbox" / "refused").iterdir()) == [
        "forged.json",
        "twisted.json",
    ]


def test_second_order_of_a_nonce_is_refused(world: World, tmp_path: Path):
    """Z-4: two orders of one nonce would let a cluster choose; the gateway holds one."""
    house = Household(world, world.bob, tmp_path)
    domain = slot_domain(world)
    one, two = (
        SignedOrder.sign(Order(world.bob.address, 5, 9, limit, 0, 1, 3), world.bob, domain)
        for limit in (1, 2)
    )
    assert house.home.hold(one)
    assert not house.home.hold(one)
    hand_in(house, "two", two.to_json())
    house.show(next_slot(world), 0)
    assert house.said == ["two.json was refused: another standing order has the nonce 3 already"]


def test_meter_is_read_while_the_node_is_away(world: World, tmp_path: Path, agent: Agent):
    """N-3: without a chain the gateway measures and signs; its purchases are found when the node is back."""
    house = Household(world, world.bob, tmp_path, [agent], node=False)
    start = next_slot(world, 2)
    house.show(start - SLOT, 0)
    offer = bought(world, start)
    house.show(start, 100)
    assert readings(agent) == [(start // SLOT - 1, -100)]
    house.node = True
    house.show(start + 10, 100)
    assert offer.trade_id in house.home.bought
    assert house.said == ["the node cannot be reached; the meter is read all the same", "the node is back"]


def test_status_says_what_waits(world: World, tmp_path: Path, agent: Agent):
    """S-1: newest reading, last slot, what each agent has not taken, and what the household was told."""
    house = Household(world, world.bob, tmp_path, [agent])
    start = next_slot(world)
    agent.faults = [503] * 9
    for slot in range(3):
        house.show(start + slot * SLOT, 100 * slot)
    house.show(start + 2 * SLOT + 1, 200)
    status = json.loads((tmp_path / "status.json").read_text())
    assert status["last_signed_slot"] == start // SLOT + 1
    assert status["import_mwh"] == 200_000
    assert status["waiting"] == {f"{agent.url}/v1": 2}
    assert status["node"] == "there"
    assert status["told"] == house.said


@pytest.mark.parametrize("change", ["account", "slot"])
def test_revert_given_journals_of_another_home(world: World, tmp_path: Path, change: str, monkeypatch: Any):
    """N-3: journals of another account or another length of slot are not gone on with."""
    house = Household(world, world.bob, tmp_path)
    house.gateway.close()
    key = world.bob
    if change == "account":
        key = world.carol
        world.meters[key.address] = world.meters[world.bob.address]
    else:
        monkeypatch.setattr("tests.client.gateway_kit.SLOT", 300)
    with pytest.raises(BadInput) as error:
        Household(world, key, tmp_path)
    named = {"account": "account", "slot": "slot_seconds"}[change]
    assert str(error.value) == f"the journals in {tmp_path} are for another {named}"


def test_revert_given_second_gateway(world: World, tmp_path: Path):
    """N-3: two gateways on one folder could sign twice."""
    house = Household(world, world.bob, tmp_path)
    with pytest.raises(JournalLocked):
        house.start()


def test_files_are_the_owners_alone(world: World, tmp_path: Path):
    """N-3: journals, newest sample and status show when a home is empty."""
    house = Household(world, world.bob, tmp_path)
    house.show(next_slot(world), 0)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"gateway.journal", "meter.journal", "newest.json", "status.json"}
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_keys_are_in_no_journal(world: World, tmp_path: Path):
    """House rule: neither the account's nor the meter's key reaches a file of the gateway."""
    house = Household(world, world.bob, tmp_path, wants=order_config())
    start = next_slot(world)
    house.show(start, 0)
    house.show(start + SLOT, 5)
    keys = [world.bob, SecretKey.from_int(int(world.bob.address, 16) % 2**200 + 1)]
    for path in (path for path in tmp_path.rglob("*") if path.is_file()):
        for key in keys:
            assert key.reveal().hex() not in path.read_text()
