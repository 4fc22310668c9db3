"""History of a lot from the log, and the dispute file (C-9)."""

from __future__ import annotations

import copy
import json
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import pytest
from eth_abi.abi import encode

from energy_trading.bindings import SuiteParameters, read_events
from energy_trading.chain.receipt_proof import ReceiptProofRefused
from energy_trading.crypto._signatures import recover_address
from energy_trading.crypto.keys import SECP256K1_N
from energy_trading.errors import BadInput
from energy_trading.files._json import to_hex
from energy_trading.market.log.replay import replay
from energy_trading.market.lots.dispute_file import (
    HistoryBroken,
    Holding,
    check_dispute,
    dispute_file,
    node_witness,
    receipt_witness,
)
from energy_trading.market.lots.history import history
from energy_trading.market.lots.identities import check_part
from energy_trading.market.lots.lot_owner import LotOwner, exchange
from energy_trading.types import ExchangeAcceptance, ExchangePermit
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
    """A third party checks a JSON file with one function, without secret (C-9).

    Without the chain, it proves what signatures show: nothing from the first step on that bears none.
    """
    whole = life(world)
    text = json.dumps(dispute_file(world.suite, whole))
    for key in (world.alice, world.bob, world.carol, world.dso):
        assert key.reveal().hex() not in text
    file = json.loads(text)
    owners = check_dispute(file, [world.dso.address])
    assert [held.proven for held in owners] == [True] * 3 + [False] * 10
    vouched = check_dispute(file, [world.dso.address], witness=node_witness(world.chain, file))
    assert vouched == [replace(held, proven=True) for held in owners]
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
    """Each step but the last rests on those before it; no file shows that nothing came after (C-9)."""
    whole = dispute_file(world.suite, life(world))
    count = len(whole["steps"])
    for i in range(count):
        without, twice = copy.deepcopy(whole), copy.deepcopy(whole)
        del without["steps"][i]
        twice["steps"].insert(i, twice["steps"][i])
        for file in (without, twice)[i == count - 1 :]:
            with pytest.raises(HistoryBroken):
                check_dispute(file, [world.dso.address])
    assert count == 10
    ended_early = whole | {"steps": whole["steps"][:-1]}
    assert check_dispute(ended_early, [world.dso.address])[-1].owner == world.alice.address


STRANGER = "0x" + "22" * 20
FORGERIES: dict[str, dict[str, Any]] = {
    "Transfer": {"from_": "{bob}", "to": STRANGER, "id": "{lot}"},
    "LotRetired": {"lot": "{lot}", "owner": "{bob}", "energy_wh": "1000"},
    "LotSplit": {"lot": "{lot}", "owner": "{bob}", "energies_wh": ["1", "999"]},
    "PermitsCancelled": {"lot": "{lot}", "nonce": "2"},
}


def forge(file: dict[str, Any], kind: str, bob: str) -> dict[str, Any]:
    """Append a step that anybody can write, for it bears no signature."""
    filled = {
        name: value.format(bob=bob, lot=file["lot"]) if isinstance(value, str) else value
        for name, value in FORGERIES[kind].items()
    }
    last = {name: value for name, value in file["steps"][-1].items() if name != "proof"}
    forged = {**last, "event": kind, "block": last["block"] + 1, "fields": filled}
    return file | {"steps": [*file["steps"], forged]}


@pytest.mark.parametrize("kind", FORGERIES)
def test_forged_step_without_a_signature_proves_nothing(world: World, kind: str) -> None:
    """The attack: a step that bears no signature is appended to a true file (C-9, C-10).

    It owns nothing, ends nothing and opens nobody; the chain, asked, exposes it.
    """
    lot = minted(world, world.alice)
    sell(world, lot, world.alice, world.bob)
    true = dispute_file(world.suite, lot, prove=True)
    forged = forge(true, kind, world.bob.address)
    owners = check_dispute(forged, [world.dso.address])
    before = check_dispute(true, [world.dso.address])
    assert owners[:2] == before
    assert all(held.proven for held in before)
    assert not any(held.proven for held in owners[2:])
    with pytest.raises(BadInput, match=r"owned no lot|only through steps without a signature"):
        check_part(owners, STRANGER)
    blocks = [world.chain.block(step["block"]) for step in true["steps"]]
    hashes = [found[1] for found in blocks if found is not None]
    by_receipts = check_dispute(forged, [world.dso.address], witness=receipt_witness(forged, hashes))
    assert [held.proven for held in by_receipts] == [held.proven for held in owners]
    with pytest.raises(HistoryBroken, match=f"the node's log has no such {kind}"):
        check_dispute(forged, [world.dso.address], witness=node_witness(world.chain, forged))
    forged["steps"][-1]["proof"] = true["steps"][-1]["proof"]
    forged["steps"][-1]["block"] = true["steps"][-1]["block"]
    with pytest.raises(HistoryBroken, match=f"the receipt has no such {kind}"):
        check_dispute(forged, [world.dso.address], witness=receipt_witness(forged, hashes))


def test_sale_after_a_forged_gift_is_not_proven(world: World) -> None:
    """Two accomplices sign a sale of a lot that one of them wrote to himself; both did sign (C-9)."""
    lot = minted(world, world.alice)
    file = dispute_file(world.suite, lot)
    last = file["steps"][-1]
    gift = {"from_": world.alice.address, "to": world.bob.address, "id": str(lot)}
    permit = ExchangePermit(lot, world.carol.address, PRICE, 1, 2**40)
    domain = world.suite.lots_domain
    acceptance = domain.digest(ExchangeAcceptance(permit, b"\x01" * 32))
    sale = {
        "lot": str(lot),
        "seller": world.bob.address,
        "buyer": world.carol.address,
        "price": str(PRICE),
        "nonce": "1",
        "deadline": str(2**40),
        "msg_addr": "0x" + "01" * 32,
        "permit": to_hex(world.bob.sign_digest(domain.digest(permit))),
        "acceptance": to_hex(world.carol.sign_digest(acceptance)),
    }
    steps = [{**last, "event": "Transfer", "fields": gift}, {**last, "event": "LotExchanged", "fields": sale}]
    owners = check_dispute(file | {"steps": [last, *steps]}, [world.dso.address])
    assert [(held.owner, held.proven) for held in owners] == [
        (world.alice.address, True),
        (world.bob.address, False),
        (world.carol.address, False),
    ]


def test_receipts_prove_every_step_without_a_node(world: World) -> None:
    """Who knows the hashes of the blocks needs no node: Merkle–Patricia proofs of the receipts (C-9)."""
    whole = life(world)
    file = json.loads(json.dumps(dispute_file(world.suite, whole, prove=True)))
    hashes = {step["block"]: world.chain.block(step["block"]) for step in file["steps"]}
    known = [found[1] for found in hashes.values() if found is not None]

    def checked(changed: dict[str, Any], blocks: Collection[bytes] = known) -> list[Holding]:
        return check_dispute(changed, [world.dso.address], witness=receipt_witness(changed, blocks))

    assert all(held.proven for held in checked(file))
    transfer = next(i for i, step in enumerate(file["steps"]) if step["event"] == "Transfer")
    missing = [h for h in known if h != (world.chain.block(file["steps"][transfer]["block"]) or (0, b""))[1]]
    assert [held.proven for held in checked(file, missing)] == [True] * 3 + [False] * 10
    for change_proof, error, match in (
        ({"index": 1}, ReceiptProofRefused, "does not lead"),
        ({"nodes": []}, ReceiptProofRefused, "does not lead"),
        ({"nodes": ["0xc0"]}, ReceiptProofRefused, "does not lead"),
        ({"header": "no"}, BadInput, "header must be 0x"),
        ({"header": "0xc0"}, None, ""),
    ):
        bad = copy.deepcopy(file)
        bad["steps"][transfer]["proof"] |= change_proof
        if error is None:  # a header of no known block vouches for nothing
            assert not checked(bad)[-1].proven
            continue
        with pytest.raises(error, match=match):
            checked(bad)
    other = copy.deepcopy(file)
    other["steps"][transfer]["block"] += 1
    with pytest.raises(HistoryBroken, match="the receipt has no such Transfer"):
        checked(other)


def test_node_vouches_for_the_order_too(world: World) -> None:
    """A true step is not taken twice: a lot that went to and fro ends with its owner (C-9)."""
    lot, alice, bob = minted(world, world.alice), world.alice.address, world.bob.address
    world.suite.lots.transfer_from(alice, bob, lot).send(world.alice)
    world.suite.lots.transfer_from(bob, alice, lot).send(world.bob)
    file = dispute_file(world.suite, lot, prove=True)
    again = file | {"steps": [*file["steps"], file["steps"][1]]}
    hashes = [(world.chain.block(step["block"]) or (0, b""))[1] for step in file["steps"]]
    assert not check_dispute(again, [world.dso.address])[-1].proven
    for witness in (node_witness(world.chain, again), receipt_witness(again, hashes)):
        with pytest.raises(HistoryBroken, match=r"no such Transfer in block .* or not in this order"):
            check_dispute(again, [world.dso.address], witness=witness)
    with pytest.raises(BadInput, match=r"the file is about chain 5, but the node serves"):
        node_witness(world.chain, file | {"chainId": 5})


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
