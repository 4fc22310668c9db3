"""The index is what the chain has: under reorganisations, restarts, two indexers and nodes that lie."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete

from energy_trading.agent.index import IndexStopped, forget
from energy_trading.agent.service import Service
from energy_trading.agent.tables import logs
from energy_trading.agent.view import View
from energy_trading.bindings.contract import read_events
from energy_trading.chain.connect import NodeError, connect
from energy_trading.errors import Forged
from energy_trading.market.log.replay import replay
from tests.client.agent_town import PRICE, Town, client_of, settle, sqlite, state, table_of, tamper
from tests.nodes import anvil


def accounts_on_chain(town: Town) -> Any:
    events = read_events(town.chain, town.suite.markets, 0)
    return replay(events, town.suite.parameters())


def test_index_equals_the_chain(town: Town, database: str) -> None:
    """The fold of the stored log is the fold of the chain's log, and a rebuilt index is the same."""
    service = town.agent(database)
    service.round()
    town.accepted(town.trader(0).offer(500, PRICE, town.chain.now() + 3600, town.chain.now() + 7200))
    service.round()
    assert service.view.fold.accounts == accounts_on_chain(town)
    held = table_of(service)
    forget(service.store)
    while service.indexer.step():
        pass
    assert table_of(service) == held
    service.store.close()


def test_a_restart_changes_nothing(town: Town, database: str) -> None:
    """A second process reads on where the first one ended."""
    first = town.agent(database)
    first.round()
    town.trader(2).deposit(10**9)
    again = town.agent(database)
    again.round()
    assert again.view.fold.accounts == accounts_on_chain(town)
    first.store.close()
    again.store.close()


def test_two_indexers_write_each_block_once(town: Town, database: str) -> None:
    """Two agents on one store take turns; each has the whole view."""
    one, two = town.agent(database), town.agent(database)
    for i in range(6):
        town.trader(0).deposit(10**6 + i)
        (one if i % 2 else two).indexer.step()
    for each in (one, two):
        each.round()
        assert each.view.fold.accounts == accounts_on_chain(town)
    assert table_of(one) == table_of(two)
    one.store.close()
    two.store.close()


def test_a_reorganisation_is_taken_back(town: Town, database: str) -> None:
    """Mined goes back to open, is shown as taken back, and becomes final on the new chain, once."""
    service = town.agent(database)
    service.round()
    offer = town.offer()
    with client_of(service) as client:
        bought = client.submit(town.purchase(offer))
        fork = town.chain.snapshot()
        service.round()
        service.round()
        assert client.intent(bought["id"])["state"] == "mined"
        town.chain.revert(fork)
        town.trader(4).deposit(7 * 10**6)
        town.mine(5)
        service.indexer.step()
        shown = client.intent(bought["id"])
        assert (shown["state"], shown["taken_back"], shown["block"]) == ("open", True, None)
        settle(service, town)
        assert client.intent(bought["id"])["state"] == "final"
    assert service.view.fold.accounts == accounts_on_chain(town)
    assert service.status()["reorganisations"] == 1
    assert service.status()["jobs"] == {"final": 1}
    service.store.close()


def test_a_node_that_is_behind_takes_nothing_back(town: Town, service: Service) -> None:
    """Blocks above the node's newest one wait."""
    fork = town.chain.snapshot()
    town.mine(3)
    service.round()
    held = table_of(service)
    town.chain.revert(fork)
    assert not service.indexer.step()
    assert table_of(service) == held


def test_a_deep_reorganisation_raises_an_alarm_and_rebuilds(town: Town, tmp_path: Any) -> None:
    """A reorganisation deeper than remembered warns listeners and operators, and the index is built anew."""
    service = town.agent(sqlite(tmp_path), final_blocks=2, remember_blocks=4)
    service.round()
    fork = town.chain.snapshot()
    town.mine(10)
    service.round()
    town.chain.revert(fork)
    town.trader(0).deposit(10**6)
    town.mine(12)
    service.round()
    assert "10 blocks" in service.status()["warning"]
    assert service.view.fold.accounts == accounts_on_chain(town)
    service.store.close()


def test_what_was_final_is_carried_again_after_a_deep_reorganisation(town: Town, tmp_path: Any) -> None:
    """Even an order that was final is open again, and its very transaction is sent again, once."""
    service = town.agent(sqlite(tmp_path), final_blocks=2, remember_blocks=4)
    service.round()
    offer = town.offer()
    with client_of(service) as client:
        bought = client.submit(town.purchase(offer))
        fork = town.chain.snapshot()
        settle(service, town, blocks=8)
        assert client.intent(bought["id"])["state"] == "final"
        town.chain.revert(fork)
        town.mine(12)
        settle(service, town)
        shown = client.intent(bought["id"])
        assert (shown["state"], shown["taken_back"]) == ("final", True)
    assert service.status()["jobs"] == {"final": 1}
    service.store.close()


def test_another_genesis_stops_the_index(town: Town, tmp_path: Any) -> None:
    """A node that was restarted with another chain is not followed, not even after a restart (no retry)."""
    service = town.agent(sqlite(tmp_path))
    service.round()
    held = table_of(service)
    with anvil("--chain-id", "31337", "--gas-limit", "29000000") as url:
        other = connect(url)
        suite = type(town.suite).at(other, town.suite.addresses)
        service.indexer._suite = suite
        for _ in range(2):
            with pytest.raises(IndexStopped, match="another chain than before"):
                service.indexer.step()
    service.indexer._suite = town.suite
    with pytest.raises(IndexStopped):
        service.indexer.step()
    assert table_of(service) == held
    assert service.status()["alarm"] is not None
    service.store.close()


def test_a_node_that_lies_about_its_parent_stops_the_index(town: Town, tmp_path: Any) -> None:
    """A block that stands on nothing is not stored; after three looks it is called a lie."""
    suite = town.another_suite()
    lies: list[str] = []

    def lie(method: str, params: list[Any], ask: Any) -> Any:
        answer = ask()
        block = answer.get("result")
        if method == "eth_getBlockByNumber" and lies and block and block["number"] == lies[0]:
            return {**answer, "result": {**block, "parentHash": "0x" + "66" * 32}}
        return answer

    tamper(suite, lie)
    service = town.agent(sqlite(tmp_path), suite)
    service.round()
    held = table_of(service)
    town.mine()
    lies.append(hex(town.chain.height()))
    for _ in range(2):
        assert not service.indexer.step()
    with pytest.raises(IndexStopped, match="does not stand on"):
        service.indexer.step()
    assert table_of(service) == held
    with client_of(service) as client:
        ready = client._http.get("/readyz")
        assert (ready.status_code, "does not stand" in ready.json()["reason"]) == (503, True)
    service.store.close()


def test_logs_of_another_block_are_refused(town: Town, tmp_path: Any) -> None:
    """A node that answers with logs of another block gets nothing stored."""
    suite = town.another_suite()
    lying: list[bool] = []

    def lie(method: str, params: list[Any], ask: Any) -> Any:
        answer = ask()
        if method == "eth_getLogs" and lying:
            found = [{**log, "blockHash": "0x" + "77" * 32} for log in answer["result"]]
            return {**answer, "result": found}
        return answer

    tamper(suite, lie)
    service = town.agent(sqlite(tmp_path), suite)
    service.round()
    held = table_of(service)
    town.trader(0).deposit(10**6)
    lying.append(True)
    with pytest.raises(NodeError, match="another block"):
        service.indexer.step()
    assert table_of(service) == held
    service.store.close()


def test_lag_is_shown(town: Town, service: Service) -> None:
    """How far the index is behind the node is in status, configuration and figures."""
    town.mine(7)
    service.indexer.node_height = town.chain.height()
    assert service.status()["lag_blocks"] == 7
    with client_of(service) as client:
        assert client._http.get("/v1/config").json()["lag_blocks"] == "7"
        assert "agent_index_lag_blocks 7.0" in client._http.get("/metrics").text
    service.round()
    assert service.status()["lag_blocks"] == 0


def test_a_log_row_that_was_removed_is_noticed(town: Town, service: Service) -> None:
    """Rows that are missing in the database contradict the fold, and nothing is answered from them."""
    offer = town.trader(0).offer(500, PRICE, town.chain.now() + 3600, town.chain.now() + 7200)
    made_in = town.chain.height()
    town.accepted(offer)
    while service.indexer.step():
        pass
    with service.store.writing() as connection:
        connection.execute(delete(logs).where(logs.c.block == made_in))
    fresh = View(service.store, town.suite.parameters(), 3)
    with pytest.raises(Forged):
        fresh.refresh()
    assert fresh.head is None


def test_states_of_an_intent(town: Town, service: Service) -> None:
    """Received, then in flight, mined and final; nothing else lies between for one that is fine."""
    offer = town.offer()
    town.chain._rpc("evm_setAutomine", False)
    seen = []
    with client_of(service) as client:
        answer = client.submit(town.purchase(offer))
        seen.append(state(service, answer))
        service.round()
        seen.append(state(service, answer))
        town.mine()
        service.round()
        seen.append(state(service, answer))
        town.mine(3)
        service.round()
        seen.append(state(service, answer))
    assert seen == ["received", "in flight", "mined", "final"]
