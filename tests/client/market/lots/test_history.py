"""History of a lot from the log, and the dispute file (C-9)."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from eth_abi.abi import encode

from energy_trading.bindings import SuiteParameters, read_events
from energy_trading.crypto._signatures import recover_address
from energy_trading.crypto.keys import SECP256K1_N
from energy_trading.errors import BadInput
from energy_trading.market.log.replay import replay
from energy_trading.market.lots.dispute_file import HistoryBroken, check_dispute, dispute_file
from energy_trading.market.lots.history import history
from energy_trading.market.lots.lot_owner import LotOwner, exchange
from tests.contracts.energy_lot.tools import PRICE, SLOT, SLOT_S, minted
from tests.contracts.energy_lot.tools import exchange as signed_exchange
from tests.contracts.offer_market.tools import compiled
from tests.world import FUNDS, World


def sell(world: World, lot: int, seller: Any, buyer: Any) -> None:
    owner, taker = LotOwner(world.suite, seller), LotOwner(world.suite, buyer)
    signed = owner.sign_permit(lot, taker.address, PRICE, world.chain.now() + 3600)
    exchange(world.suite, world.stranger, taker.sign_acceptance(signed))


def life(world: World) -> int:
    """Alice's lot is sold, given away, split, merged and retired; beside it another lot lives."""
    suite = world.suite
    lot, other = minted(world, world.alice), minted(world, world.bob, 50)
    minted(world, world.carol, 77)
    sell(world, lot, world.alice, world.bob)
    suite.lots.cancel_permits(lot).send(world.bob)
    suite.lots.transfer_from(world.bob.address, world.carol.address, lot).send(world.bob)
    sell(world, lot, world.carol, world.bob)
    bob = LotOwner(suite, world.bob)
    one, _ = bob.split(lot, [300, 700])
    whole = bob.merge([one, other])
    sell(world, whole, world.bob, world.alice)
    LotOwner(suite, world.alice).retire(whole)
    return whole


def test_history_names_every_step(world: World) -> None:
    """Mint to retirement, the lots it was made of included, others left out (C-9)."""
    whole = life(world)
    steps = [type(event).__name__ for event in history(world.suite.lots.events(), whole)]
    assert steps == [
        "LotMinted",
        "LotMinted",
        "LotExchanged",
        "PermitsCancelled",
        "Transfer",
        "LotExchanged",
        "LotSplit",
        "LotsMerged",
        "LotExchanged",
        "LotRetired",
    ]


def test_dispute_file_proves_the_owners(world: World) -> None:
    """A third party checks a JSON file with one function, without chain and without secret (C-9)."""
    whole = life(world)
    text = json.dumps(dispute_file(world.suite, whole))
    for key in (world.alice, world.bob, world.carol, world.dso):
        assert key.reveal().hex() not in text
    owners = check_dispute(json.loads(text), [world.dso.address])
    alice, bob, carol = world.alice.address, world.bob.address, world.carol.address
    assert [(h.owner, h.how, h.energy_wh, h.nonce, h.ended) for h in owners] == [
        (alice, "minted", 1_000, 0, None),
        (bob, "minted", 50, 0, None),
        (bob, "exchanged", 1_000, 1, None),
        (carol, "transferred", 1_000, 3, None),
        (bob, "exchanged", 1_000, 4, None),
        (bob, "exchanged", 1_000, 4, "LotSplit"),
        (bob, "split", 300, 0, None),
        (bob, "split", 700, 0, None),
        (bob, "split", 300, 0, "LotsMerged"),
        (bob, "minted", 50, 0, "LotsMerged"),
        (bob, "merged", 350, 0, None),
        (alice, "exchanged", 350, 1, None),
        (alice, "exchanged", 350, 1, "LotRetired"),
    ]
    assert {h.slot_start for h in owners} == {SLOT}
    assert owners[-1].lot == whole


def change(file: dict[str, Any], step: str, **fields: Any) -> None:
    found = next(s for s in file["steps"] if s["event"] == step)
    assert set(fields) <= set(found["fields"])
    found["fields"] |= fields


@pytest.mark.parametrize(
    ("step", "fields"),
    [
        ("LotMinted", {"energy_wh": "1001"}),
        ("LotMinted", {"msg_addr": "0x" + "00" * 32}),
        ("LotMinted", {"certificate": "0x" + "11" * 64}),
        ("LotMinted", {"dso": "0x" + "22" * 20}),
        ("LotExchanged", {"price": str(PRICE + 1)}),
        ("LotExchanged", {"nonce": "1"}),
        ("LotExchanged", {"deadline": "5"}),
        ("LotExchanged", {"msg_addr": "0x" + "00" * 32}),
        ("LotExchanged", {"permit": "0x"}),
        ("LotExchanged", {"acceptance": "0x"}),
        ("LotExchanged", {"buyer": "0x" + "22" * 20}),
        ("LotExchanged", {"seller": "0x" + "22" * 20}),
        ("PermitsCancelled", {"nonce": "9"}),
        ("Transfer", {"to": "0x" + "22" * 20}),
        ("Transfer", {"from_": "0x" + "22" * 20}),
        ("LotSplit", {"energies_wh": ["300", "701"]}),
        ("LotSplit", {"energies_wh": ["301", "699"]}),
        ("LotsMerged", {"lots": []}),
        ("LotsMerged", {"lot": "5"}),
        ("LotRetired", {"energy_wh": "5"}),
        ("LotRetired", {"owner": "0x" + "22" * 20}),
    ],
)
def test_changed_step_is_found(world: World, step: str, fields: dict[str, Any]) -> None:
    """Any change of a signed or counted field breaks the history; a change of energy by its effects (C-9)."""
    file = dispute_file(world.suite, life(world))
    change(file, step, **fields)
    if fields == {"energies_wh": ["301", "699"]}:  # adds up: the merger's exchange shows 350, not 351
        change(file, "LotRetired", energy_wh="350")
    with pytest.raises(HistoryBroken):
        check_dispute(file, [world.dso.address])


def test_merger_of_two_slots_is_found(world: World) -> None:
    """Everything else about the merger is right, but energy would get another time by it (C-4, C-9)."""
    lots = world.suite.lots
    early, late = minted(world, world.alice, 300, SLOT - SLOT_S), minted(world, world.alice, 700)
    steps = [step for lot in (early, late) for step in dispute_file(world.suite, lot)["steps"]]
    for order in ([early, late], [late, early]):
        merged = lots.merged_id(order)
        fields = {"lot": str(merged), "owner": world.alice.address, "lots": [str(lot) for lot in order]}
        merger = {**steps[-1], "event": "LotsMerged", "block": steps[-1]["block"] + 1, "fields": fields}
        file = dispute_file(world.suite, early) | {"lot": str(merged), "steps": [*steps, merger]}
        with pytest.raises(HistoryBroken, match=f"lot {merged}: lots of two slots were merged"):
            check_dispute(file, [world.dso.address])


def test_missing_or_repeated_step_is_found(world: World) -> None:
    """Each step but the last rests on those before it (C-9)."""
    whole = dispute_file(world.suite, life(world))
    count = len(whole["steps"])
    for i in range(count - 1):
        without, twice = copy.deepcopy(whole), copy.deepcopy(whole)
        del without["steps"][i]
        twice["steps"].insert(i, twice["steps"][i])
        for file in (without, twice):
            with pytest.raises(HistoryBroken):
                check_dispute(file, [world.dso.address])
    assert count == 10


def test_other_dso_chain_or_contract_is_refused(world: World) -> None:
    """Signatures hold for the DSO that is believed, and for one chain and contract (C-9)."""
    file = dispute_file(world.suite, minted(world, world.alice))
    assert check_dispute(file, [world.dso.address])[-1].owner == world.alice.address
    with pytest.raises(HistoryBroken, match="is not the DSO"):
        check_dispute(file, [world.alice.address])
    for wrong in ({"chainId": file["chainId"] + 1}, {"contract": world.ledger.address}):
        with pytest.raises(HistoryBroken, match="the signature is not"):
            check_dispute(file | wrong, [world.dso.address])
    with pytest.raises(HistoryBroken, match="the steps do not lead to it"):
        check_dispute(file | {"lot": "5"}, [world.dso.address])


@pytest.mark.parametrize(
    "wrong",
    [
        {"format": "other/1"},
        {"chainId": "x"},
        {"contract": "here"},
        {"lot": None},
        {"steps": [{}]},
        {"steps": [{"event": "Nothing"}]},
        {"steps": 5},
    ],
)
def test_malformed_file_is_bad_input(world: World, wrong: dict[str, Any]) -> None:
    """A file from anyone is read with care."""
    file = dispute_file(world.suite, minted(world, world.alice))
    for bad in (file | wrong, None, []):
        with pytest.raises(BadInput):
            check_dispute(bad, [world.dso.address])


def test_unknown_lot_has_no_history(world: World) -> None:
    """The log is asked, not believed to know."""
    with pytest.raises(BadInput, match="lot 5 is not in the log"):
        history(world.suite.lots.events(), 5)


def test_contract_accounts_are_asked(world: World) -> None:
    """What an ERC-1271 account signed is decided by whoever can ask it; without that it is not believed."""
    code = compiled("ContractAccount").bytecode + encode(["address"], [world.bob.address])
    account, _ = world.chain.deploy(code, world.stranger)
    world.ledger.open_account(*world.attest(account, consent=world.bob)).send(world.stranger)
    world.ledger.deposit(account, PRICE, value=PRICE * 10**9).send(world.stranger)
    lot = minted(world, world.alice)
    signed_exchange(world, lot, world.alice, world.bob, signed={"buyer": account}).send(world.stranger)
    file = dispute_file(world.suite, lot)
    with pytest.raises(HistoryBroken, match=f"the signature is not {account}'s"):
        check_dispute(file, [world.dso.address])
    asked = []

    def ask(who: str, digest: bytes, signature: bytes) -> bool:
        asked.append(who)
        return recover_address(digest, signature) == world.bob.address

    assert check_dispute(file, [world.dso.address], ask)[-1].owner == account
    assert asked == [account]


def test_signature_with_high_s_is_proven_too(world: World) -> None:
    """The contract takes s in either half, so a relayer cannot make an exchange unprovable (C-9)."""
    lot = minted(world, world.alice)
    deadline = world.chain.now() + 3600
    signed = LotOwner(world.suite, world.alice).sign_permit(lot, world.bob.address, PRICE, deadline)
    raw = world.alice.sign_digest(world.suite.lots_domain.digest(signed))
    s = SECP256K1_N - int.from_bytes(raw[32:64], "big")
    flipped = raw[:32] + s.to_bytes(32, "big") + bytes([55 - raw[64]])
    call = signed_exchange(world, lot, world.alice, world.bob, permit=flipped)
    call.send(world.stranger)
    assert check_dispute(dispute_file(world.suite, lot), [world.dso.address])[-1].owner == world.bob.address


def test_log_rebuilds_the_money_of_exchanges(world: World) -> None:
    """Payments for lots are in the replay of the log, with every other movement (C-9)."""
    life(world)
    p = SuiteParameters(world.dso.address, world.pkg.address, world.treasury.address)
    suite = world.suite
    rebuilt = replay(read_events(world.chain, [suite.ledger.address, suite.lots.address]), p)
    for key in (world.alice, world.bob, world.carol):
        assert rebuilt[key.address].available == world.account(key).available
    assert world.account(world.bob).available == FUNDS - PRICE
