"""The relayer: each order once or not at all, whatever is lost on the way, and never dearer than allowed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from energy_trading.agent import relay as relay_module
from energy_trading.agent.client import AgentAway
from energy_trading.agent.service import Service
from energy_trading.agent.tables import attempts, jobs
from energy_trading.chain.connect import NodeError
from energy_trading.crypto.keys import SecretKey
from energy_trading.types import TradeState
from tests.client.agent_town import PRICE, Town, client_of, settle, sqlite, state, tamper


def rows(service: Service, table: Any) -> list[Any]:
    with service.store.reading() as connection:
        return list(connection.execute(select(table).order_by(*table.primary_key)).all())


def test_lost_answers(town: Town, database: str) -> None:
    """The node takes a transaction and its answer is lost: it is neither forgotten nor made anew."""
    suite = town.another_suite()
    lost: list[str] = []

    def lose(method: str, params: list[Any], ask: Any) -> Any:
        answer = ask()
        if method == "eth_sendRawTransaction" and not lost:
            lost.append(str(params))
            raise NodeError("the answer was lost")
        return answer

    tamper(suite, lose)
    service = town.agent(database, suite)
    service.round()
    offer = town.offer()
    with client_of(service) as client:
        answer = client.submit(town.purchase(offer))
        settle(service, town)
    assert lost
    assert state(service, answer) == "final"
    assert (len(rows(service, jobs)), len(rows(service, attempts))) == (1, 1)
    service.store.close()


def test_killed_between_storing_and_sending(
    town: Town, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The raw transaction is stored before it is first sent; the next process sends that very one."""
    service = town.agent(database)
    service.round()
    offer = town.offer()
    with client_of(service) as client:
        answer = client.submit(town.purchase(offer))
    with monkeypatch.context() as killed:

        def die(*_: object) -> None:
            raise KeyboardInterrupt

        killed.setattr(relay_module.Relayer, "_send", die)
        with pytest.raises(KeyboardInterrupt):
            service.round()
    (attempt,) = rows(service, attempts)
    assert town.suite.market.state_of(offer.trade_id) == TradeState.NONE
    service.store.close()
    again = town.agent(database)
    settle(again, town)
    assert state(again, answer) == "final"
    assert [row.tx for row in rows(again, attempts)] == [attempt.tx]
    assert town.chain.web3.eth.get_transaction_receipt(bytes(attempt.tx))["status"] == 1
    again.store.close()


def test_a_higher_fee_replaces_and_any_hash_settles(town: Town, service: Service) -> None:
    """A transaction that is not mined is signed again, dearer by an eighth, and stays one job."""
    town.chain._rpc("evm_setAutomine", False)
    offer = town.offer()
    with client_of(service) as client:
        answer = client.submit(town.purchase(offer))
        service.round()
        for _ in range(3):
            town.time += 31
            service.round()
        first, *_, last = sorted(rows(service, attempts), key=lambda row: row.fee)
        assert len(rows(service, attempts)) == 4
        assert last.fee * 8**3 >= first.fee * 9**3
        job = client._http.get("/v1/jobs/1").json()
        assert len(job["transactions"]) == 4
    town.mine()
    settle(service, town)
    assert state(service, answer) == "final"
    assert len(rows(service, jobs)) == 1


def test_the_fee_cap_holds(town: Town, tmp_path: Any) -> None:
    """No attempt costs more per gas than the cap; where gas is dearer, no order is taken at all."""
    service = town.agent(sqlite(tmp_path), fee_cap=3 * 10**9)
    service.round()
    town.chain._rpc("evm_setAutomine", False)
    with client_of(service) as client:
        client.submit(town.purchase(town.offer()))
        service.round()
        for _ in range(20):
            town.time += 31
            service.round()
        assert max(row.fee for row in rows(service, attempts)) <= 3 * 10**9
        town.chain._rpc("anvil_setNextBlockBaseFeePerGas", hex(9 * 10**9))
        town.mine()
        service.round()
        with pytest.raises(AgentAway, match="costs more"):
            client.submit(town.purchase(town.offer()))
    service.store.close()


def test_the_daily_budget_holds(town: Town, tmp_path: Any) -> None:
    """When it is spent, nothing more is sent that day and orders are refused; the next day it goes on."""
    service = town.agent(sqlite(tmp_path), daily_budget=1)
    service.round()
    with client_of(service) as client:
        answer = client.submit(town.purchase(town.offer()))
        settle(service, town)
        assert state(service, answer) == "open"
        assert rows(service, jobs) == []
    service.store.close()
    richer = town.agent(sqlite(tmp_path), daily_budget=10**15)
    settle(richer, town)
    assert state(richer, answer) == "final"
    spent = sum(int(row.cost) for row in rows(richer, jobs))
    object.__setattr__(richer.config, "daily_budget", spent)
    with client_of(richer) as client:
        with pytest.raises(AgentAway, match="budget"):
            client.submit(town.purchase(town.offer(nonce=5)))
        town.time += 86_400
        assert client.submit(town.purchase(town.offer(nonce=5)))["state"] == "received"
    richer.store.close()


def test_without_gas_money_orders_are_refused(town: Town, tmp_path: Any) -> None:
    """Below the least balance the service answers 503 rather than accept silently; offers cost nothing."""
    poor = SecretKey.from_int(99_999)
    service = town.agent(sqlite(tmp_path), key=poor)
    service.round()
    with client_of(service) as client:
        offer = town.offer()
        assert client.share(offer)["state"] == "received"
        with pytest.raises(AgentAway, match="money for gas"):
            client.submit(town.purchase(offer))
    service.store.close()


def test_a_bad_item_is_dropped_before_signing(town: Town, service: Service) -> None:
    """What the contract would refuse is not signed for; the good one is carried alone."""
    offer, dear = town.offer(), town.offer(nonce=77, price=PRICE)
    town.trader(3).accept(dear, dear.terms.accept_by, dear.terms.accept_by + 900)
    with client_of(service) as client:
        good, bad = client.submit(town.purchase(offer)), client.submit(town.purchase(dear))
        settle(service, town)
        assert client.intent(good["id"])["state"] == "final"
        shown = client.intent(bad["id"])
        assert (shown["state"], shown["reason"]["code"]) == ("failed", "offer-taken")
    (job,) = rows(service, jobs)
    receipt = town.chain.web3.eth.get_transaction_receipt(bytes(rows(service, attempts)[0].tx))
    assert (job.state, receipt["status"]) == ("final", 1)


def test_unfunded_is_an_end_with_the_contracts_error(town: Town, service: Service) -> None:
    """Money that is gone between intake and carrying: the order ends, and the error's fields are shown."""
    offer = town.offer(price=3 * 10**9)
    intent = town.purchase(offer)
    with client_of(service) as client:
        answer = client.submit(intent)
        town.trader(1).withdraw(2 * 10**9)
        settle(service, town)
        shown = client.intent(answer["id"])
    assert shown["state"] == "unfunded"
    error = shown["reason"]["contract_error"]
    assert error["name"] == "EnergyLedger_Insufficient"
    assert error["fields"]["account"] == town.homes[1].key.address
    assert rows(service, jobs) == []


def test_expired_orders_are_not_carried(town: Town, service: Service) -> None:
    """An order whose deadline has come ends, and costs no gas."""
    town.chain._rpc("evm_setAutomine", False)
    with client_of(service) as client:
        answer = client.submit(town.purchase(town.offer(), deadline=town.chain.now() + 60))
        town.chain.mine(town.chain.now() + 61)
        service.round()
        assert client.intent(answer["id"])["state"] == "expired"
    assert rows(service, jobs) == []


def test_two_relayers_with_one_key(town: Town, database: str) -> None:
    """Two processes on one store and one key: one job for each order, no nonce twice, none left out."""
    one, two = town.agent(database), town.agent(database)
    one.round()
    two.round()
    with client_of(one) as client:
        ids = [client.submit(town.purchase(town.offer(nonce=i, price=1000)))["id"] for i in range(4)]
        for _ in range(3):
            two.round()
            one.round()
        town.mine(4)
        one.round()
        assert {client.intent(id)["state"] for id in ids} == {"final"}
    made = rows(one, jobs)
    assert [row.nonce for row in made] == sorted({row.nonce for row in made})
    one.store.close()
    two.store.close()


def test_two_relayers_with_two_keys(town: Town, database: str) -> None:
    """Each order is bound to one of them in the transaction that stores its job."""
    one, two = town.agent(database), town.agent(database, key=town.community.treasury)
    one.round()
    two.round()
    with client_of(one) as client:
        ids = []
        for i in range(4):
            ids.append(client.submit(town.purchase(town.offer(nonce=i, price=1000)))["id"])
            (one, two)[i % 2].round()
        for each in (one, two, one, two):
            each.round()
        town.mine(4)
        one.round()
        two.round()
        assert {client.intent(id)["state"] for id in ids} == {"final"}
    assert {row.sender for row in rows(one, jobs)} == {town.key.address, town.community.treasury.address}
    assert {row.state for row in rows(one, jobs)} == {"final"}
    one.store.close()
    two.store.close()


def test_a_nonce_that_somebody_else_used(town: Town, service: Service) -> None:
    """Another program sends with the relayer's key: the job is lost, noticed, and its order carried anew."""
    town.chain._rpc("evm_setAutomine", False)
    with client_of(service) as client:
        answer = client.submit(town.purchase(town.offer()))
        service.round()
        (attempt,) = rows(service, attempts)
        town.chain._rpc("anvil_dropTransaction", "0x" + bytes(attempt.tx).hex())
        town.chain._rpc("evm_setAutomine", True)
        town.chain.send(town.key.address, b"", town.key, gas=21_000)
        settle(service, town, rounds=4)
        assert client.intent(answer["id"])["state"] == "final"
    assert sorted(row.state for row in rows(service, jobs)) == ["final", "lost"]
    assert "used by another program" in service.status()["warning"]


def test_a_batch_is_cut_at_the_gas_cap(town: Town, tmp_path: Any) -> None:
    """No transaction needs more gas than the cap; what does not fit goes into the next one."""
    service = town.agent(sqlite(tmp_path), gas_cap=250_000)
    service.round()
    with client_of(service) as client:
        ids = [client.submit(town.purchase(town.offer(nonce=i, price=1000)))["id"] for i in range(4)]
        settle(service, town, rounds=4)
        assert {client.intent(id)["state"] for id in ids} == {"final"}
    made = rows(service, jobs)
    assert len(made) > 1
    assert max(row.gas for row in made) <= 250_000
    service.store.close()


def test_cancelling_is_a_state_of_its_own(town: Town, service: Service) -> None:
    """A cancelled request is *cancelling*, and not carried, until the chain has it; then it is cancelled."""
    town.chain._rpc("evm_setAutomine", False)
    with client_of(service) as client:
        bid = town.bid()
        asked = client.submit(bid)
        service.round()
        cancel = client.submit(town.signer(1).void(bid, deadline=town.chain.now() + 600))
        shown = client.intent(asked["id"])
        assert (shown["state"], shown["cancelling"]) == ("open", True)
        client.share(town.offer())
        service.round()
        assert client.intent(asked["id"])["job"] is None
        town.mine()
        settle(service, town)
        shown = client.intent(asked["id"])
        assert (shown["state"], shown["cancelling"]) == ("cancelled", False)
        assert client.intent(cancel["id"])["state"] == "final"


def test_a_cancelled_offer_is_not_listed(town: Town, service: Service) -> None:
    """An offer whose cancellation is on its way is sold to nobody."""
    offer = town.offer()
    with client_of(service) as client:
        shared = client.share(offer)
        client.submit(town.signer(0).cancel(offer, deadline=town.chain.now() + 600))
        assert list(client.listed("offers")) == []
        settle(service, town)
        assert client.intent(shared["id"])["state"] == "cancelled"


def test_withdrawals_and_giving_up_are_carried(town: Town, service: Service) -> None:
    """A home without gas money gets its funds out, and its offer back, through the agent (N-4, N-8)."""
    now = town.chain.now()
    offer = town.trader(0).offer(500, PRICE, now + 3600, now + 7200)
    service.round()
    fresh = SecretKey.generate().address
    with client_of(service) as client:
        paid = client.submit(town.signer(2).withdraw(10**9, fresh, deadline=now + 600))
        back = client.submit(town.signer(0).give_up(offer, deadline=now + 600, not_before=0, max_cut=10**9))
        settle(service, town)
        assert [client.intent(x["id"])["state"] for x in (paid, back)] == ["final", "final"]
    assert town.chain.web3.eth.get_balance(fresh) == 10**9 * town.suite.ledger.unit()
