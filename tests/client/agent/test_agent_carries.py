"""What homes hand over reaches the chain once, on both databases."""

from __future__ import annotations

from energy_trading.types import TradeState
from tests.client.agent_town import PRICE, Town, client_of, settle, state


def test_a_trade_from_share_to_receipt(town: Town, database: str) -> None:
    """SHARE, purchase and receipt go through the agent, and nobody else sends (S-3, N-2, N-3)."""
    service = town.agent(database)
    service.round()
    seller, buyer = (town.homes[i].key.address for i in (0, 1))
    sent = [town.chain.web3.eth.get_transaction_count(a) for a in (seller, buyer)]
    before = town.suite.ledger.account_of(seller).available
    offer = town.offer()
    with client_of(service, town.chain) as client:
        shared = client.share(offer)
        assert [item["trade_id"] for item in client.listed("offers")] == ["0x" + offer.trade_id.hex()]
        bought = client.submit(town.purchase(offer))
        assert bought["state"] == "received"
        settle(service, town)
        assert (client.intent(bought["id"])["state"], client.intent(shared["id"])["state"]) == (
            "final",
            "final",
        )
        (trade,) = client.listed("trades")
        assert (trade["state"], trade["buyer"]) == ("accepted", buyer)
        town.chain.mine(offer.terms.accept_by + 960)
        service.round()
        (result,) = client.receipts([town.receipt(offer)])
        assert result["problem"] is None
        settle(service, town)
        assert client.intent(result["intent"]["id"])["state"] == "final"
    assert town.suite.ledger.account_of(seller).available == before + PRICE
    assert [town.chain.web3.eth.get_transaction_count(a) for a in (seller, buyer)] == sent
    service.store.close()


def test_forty_receipts_in_one_transaction(town: Town, database: str) -> None:
    """A batch of forty is one job; every receipt ends, each once (S-2, N-3)."""
    service = town.agent(database, gas_cap=20_000_000)
    service.round()
    offers = [town.offer(price=1000 + i, nonce=i) for i in range(40)]
    intents = [town.purchase(offer) for offer in offers]
    with client_of(service) as client:
        ids = [client.submit(intent)["id"] for intent in intents]
        settle(service, town)
        assert {client.intent(id)["state"] for id in ids} == {"final"}
        town.chain.mine(offers[-1].terms.accept_by + 960)
        service.round()
        meter = town.homes[1].meter
        deliveries = [town.receipt(offers[0], delivered_wh=40_000)]
        assert meter.last_reading is not None
        deliveries += [_signed(town, offer) for offer in offers[1:]]
        results = client.receipts(deliveries)
        settle(service, town)
        found = [client.intent(result["intent"]["id"]) for result in results]
    assert {each["state"] for each in found} == {"final"}
    assert len({each["job"] for each in found}) == 1
    service.store.close()


def _signed(town: Town, offer: object) -> object:
    from energy_trading.market.trade.offer import Offer
    from energy_trading.types import Delivery

    assert isinstance(offer, Offer)
    signed = town.homes[1].meter.sign_receipt(offer.trade_id)
    buyer = town.homes[1].key.address
    return Delivery(offer.terms, buyer, signed.signer, signed.energy, signed.signature)


def test_a_purchase_is_carried_once(town: Town, database: str) -> None:
    """Handed over twice, it is one intent and one acceptance."""
    service = town.agent(database)
    service.round()
    offer = town.offer()
    intent = town.purchase(offer)
    with client_of(service) as client:
        first, again = client.submit(intent), client.submit(intent)
        assert first["id"] == again["id"]
        settle(service, town)
        assert client.submit(intent)["state"] == "final"
    assert town.suite.market.state_of(offer.trade_id) == TradeState.ACCEPTED
    assert service.status()["jobs"] == {"final": 1}
    service.store.close()


def test_what_another_agent_carried_is_known(town: Town, database: str) -> None:
    """A purchase that somebody else submitted is mined here too, and is not carried again."""
    from energy_trading.market.intents.submit import submit

    service = town.agent(database)
    service.round()
    intent = town.purchase(town.offer())
    with client_of(service) as client:
        answer = client.submit(intent)
    submit(town.suite, town.community.treasury, intent)
    settle(service, town)
    assert state(service, answer) == "final"
    assert service.status()["jobs"] == {}
    service.store.close()
