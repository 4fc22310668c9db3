"""The commands `slots`, `council` and `watch slots` on Anvil: a home's way in and out, and what they show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from energy_trading.bindings import read_events
from energy_trading.market.slots.book import read_book
from energy_trading.market.slots.messages import SignedResult
from energy_trading.market.slots.settlement import SlotEntry, settle
from energy_trading.types import SlotState
from tests.client.cli_runs import Done, cli
from tests.nodes import anvil
from tests.slot_town import CHAIN_ID, LOCKED, POST, SLOT, WINDOW, SlotTown

HOME_0, HOME_1, MEMBER_0 = 7300, 7301, 7100


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlotTown]:
    with anvil("--chain-id", str(CHAIN_ID)) as url:
        sets = {"cluster_size": 2, "quorum": 2, "verifier_size": 1}
        yield SlotTown(url, tmp_path_factory.mktemp("town"), 3, 2, **sets)


def at(town: SlotTown, *words: object, key: int | None = None) -> Done:
    """Run a command on the town's market, with an account's key if it sends something."""
    env = {} if key is None else {"ENERGY_TRADING_KEY": key.to_bytes(32, "big").hex()}
    return cli(*words, "--rpc", town.url, "--deployment", town.record, "--json", env=env)


def test_slot_by_command(town: SlotTown, tmp_path: Path) -> None:
    """A slot that its cluster has posted is shown, demanded, watched and made final; an exit is paid."""
    first = town.now_slot() + 1
    town.go((first + 1) * SLOT)
    suite = town.suite
    events = read_events(town.chain, [suite.slots.address])
    book = read_book(suite.slots.slot_parameters(), events, town.chain.time_of, town.chain.now())
    entries = {
        home: SlotEntry(town.signed_order(home, first), town.signed_reading(home, first, net))
        for home, net in enumerate([500, -500])
    }
    cluster = suite.council.cluster_of(first, 0)
    keys = {key.address: key for key in town.members}
    settled = settle(first, book.homes_in(first), entries, book.parameters, cluster[0])
    peer = SignedResult.sign(settled.result, keys[cluster[1]], town.domain)
    suite.slots.post(settled.result, settled.rows, 2, peer.signature).send(keys[cluster[0]])

    assert [(row["slot"], row["state"]) for row in at(town, "slots", "list").json] == [(first, "posted")]
    rows = at(town, "slots", "show", first).json
    assert [(row["row_wh"], row["units"]) for row in rows] == [(500, 95_000_000), (-500, -95_100_000)]
    refused = at(town, "slots", "show", first + 1).err
    assert refused == f"error: slot {first + 1} is not posted, or it is final\n"
    watched = at(town, "watch", "slots", "--no-dispute", "--for", 0)
    assert [json.loads(line)["verdict"] for line in watched.lines] == ["right", "right"]
    assert at(town, "slots", "demand", first, 1, key=HOME_1).status == 0
    assert at(town, "slots", "list").json[0]["demands"] == 1
    town.go(town.chain.now() + WINDOW)
    assert at(town, "slots", "expire", first, 1, key=HOME_0).status == 0
    assert town.state(first) == SlotState.VOID

    assert at(town, "slots", "cap", 5, key=HOME_0).status == 0
    assert at(town, "slots", "revoke", 9, key=HOME_0).status == 0
    assert at(town, "slots", "exit", LOCKED // 2, key=HOME_0).status == 0
    town.go((first + 1) * SLOT + POST)
    assert at(town, "slots", "finalise", key=HOME_0).status == 0
    assert at(town, "slots", "finalise", key=HOME_0).err.startswith("error: no slot is due")
    town.go((town.now_slot() + 1) * SLOT + POST)
    assert at(town, "slots", "withdraw", 0, key=HOME_1).status == 0
    assert at(town, "slots", "homes").json[0]["balance"] == LOCKED // 2


def test_seats_by_command(town: SlotTown) -> None:
    """Members are listed; one leaves, and its stake is held until the unbonding time is over."""
    listed = at(town, "council", "list").json
    assert {row["account"] for row in listed} == {key.address for key in town.members}
    assert sum(row["in_verifier_set"] for row in listed) == 1
    assert at(town, "council", "leave", key=MEMBER_0).status == 0
    account = town.members[0].address
    assert at(town, "council", "show", account).json[0]["state"] == "leaving"
    refused = at(town, "council", "claim", key=MEMBER_0)
    assert "its stake is held until" in refused.err
    town.go(town.chain.now() + town.parameters.council.unbonding)
    assert at(town, "council", "claim", key=MEMBER_0).status == 0
    assert at(town, "council", "show", account).json[0]["state"] == "none"


def test_node_by_command(town: SlotTown, tmp_path: Path) -> None:
    """A configuration is written once; a node that is not there is one line."""
    path = tmp_path / "verifier.json"
    member = f"{town.members[0].address}=http://127.0.0.1:1"
    words = ("verifier", "init", "--config", path, "--member", member, "--listen", "127.0.0.1:8601")
    assert cli(*words).status == 0
    assert json.loads(path.read_text())["members"] == {town.members[0].address: "http://127.0.0.1:1"}
    assert cli(*words).status == 1
    assert cli("verifier", "init", "--config", tmp_path / "b", "--member", "x").status == 1
    refused = cli("verifier", "status", "--url", "http://127.0.0.1:1")
    assert refused.err.startswith("error: there is no verifier node at")
    order = ("slots", "order", "--member", "http://127.0.0.1:1", "--records", tmp_path / "r", "--nonce", 1)
    assert at(town, *order, key=HOME_1).err == "error: no member answers\n"
