"""The record chain: linked, for final blocks only, computed again from the log, and found if changed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, select, update

from energy_trading.agent.anchor import AnchorDiffers, check_anchor
from energy_trading.agent.api import record_domain
from energy_trading.agent.client import AgentRefused
from energy_trading.agent.records import START, RecordChain, RecordChanged, RecordHead
from energy_trading.agent.service import Service
from energy_trading.agent.tables import attempts, jobs, logs, records
from energy_trading.crypto._signatures import recover_address
from energy_trading.errors import BadInput
from energy_trading.files._json import to_hex
from energy_trading.market.trade.offer import Offer
from tests.client.agent_town import Town, client_of, sqlite


def trade(town: Town, service: Service, count: int = 1, blocks: int = 4) -> list[Offer]:
    """Let trades be made and delivered, and their blocks become final."""
    offers = [town.offer(nonce=i, price=1000) for i in range(count)]
    for offer in offers:
        town.accepted(offer)
    town.chain.mine(offers[-1].terms.accept_by + 960)
    receipts = [town.receipt(offers[0], delivered_wh=1000 * count)]
    for offer in offers[1:]:
        signed = town.homes[1].meter.sign_receipt(offer.trade_id)
        first = receipts[0]
        receipts.append(type(first)(offer.terms, first.buyer, signed.signer, signed.energy, signed.signature))
    for receipt in receipts:
        town.suite.market.confirm_delivery(receipt).send(town.community.treasury)
    town.mine(blocks)
    service.round()
    return offers


def test_records_are_linked(town: Town, database: str) -> None:
    """TI_n names TI_(n-1), the steps Initial, Define and Update, and the block's hash (S-5)."""
    service = town.agent(database)
    service.round()
    offers = trade(town, service, 3)
    chain = [service.records.of(offer.trade_id) for offer in offers]
    previous = START
    for i, record in enumerate(chain):
        assert record is not None
        assert (record.number, record.previous) == (i + 1, previous)
        assert [step for step, _ in record.steps] == ["initial", "define", "update"]
        assert [event["event"] for _, event in record.steps] == [
            "OfferMade",
            "OfferAccepted",
            "DeliveryConfirmed",
        ]
        assert town.chain.block(record.block) == (record.block, record.block_hash)
        previous = record.hash
    assert service.records.head() == RecordHead(3, previous)
    assert service.records.check() == 3
    service.store.close()


def test_only_final_blocks_have_records(town: Town, service: Service) -> None:
    """A trade that may still be taken back has none."""
    (offer,) = trade(town, service, blocks=2)
    assert service.records.of(offer.trade_id) is None
    with client_of(service) as client, pytest.raises(AgentRefused) as missing:
        client.record(offer.trade_id)
    assert missing.value.code == "no-record"
    town.mine(2)
    service.round()
    assert service.records.of(offer.trade_id) is not None


def test_two_agents_have_the_same_chain(town: Town, service: Service, tmp_path: Any) -> None:
    """Records follow from the log alone, so that anybody can compute them again (S-5)."""
    trade(town, service, 2)
    other = town.agent(sqlite(tmp_path, "other"))
    other.round()
    assert other.records.head() == service.records.head()
    other.store.close()


def test_the_head_is_signed(town: Town, service: Service) -> None:
    """The agent signs its newest record, so that it cannot deny it later (S-5)."""
    trade(town, service)
    with client_of(service) as client:
        shown = client._http.get("/v1/records").json()
    head = RecordHead(int(shown["number"]), bytes.fromhex(shown["hash"][2:]))
    digest = record_domain(service).digest(head)
    assert recover_address(digest, bytes.fromhex(shown["signature"][2:])) == town.key.address


@pytest.mark.parametrize(
    "change",
    [
        {"root": b"\x11" * 32},
        {"previous": b"\x11" * 32},
        {"hash": b"\x11" * 32},
        {"steps": "[]"},
        {"block_hash": b"\x11" * 32},
        {"trade_id": b"\x11" * 32},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_record_is_found_and_trades_are_refused(
    town: Town, service: Service, change: dict[str, Any]
) -> None:
    """S-8: a modified record breaks the chain, and the trade is refused."""
    trade(town, service, 2)
    with service.store.writing() as connection:
        connection.execute(update(records).where(records.c.number == 2).values(**change))
    with pytest.raises(RecordChanged, match="record 2"):
        service.records.check()
    offer = town.offer(nonce=99)
    with client_of(service) as client:
        with pytest.raises(AgentRefused) as refused:
            client.share(offer)
        assert (refused.value.code, refused.value.status) == ("record-changed", 409)
        assert client._http.get("/readyz").status_code == 503


def test_a_change_is_found_when_the_next_record_is_made(town: Town, service: Service) -> None:
    """The agent compares its newest record before it adds one, and then refuses orders (S-8)."""
    trade(town, service)
    with service.store.writing() as connection:
        connection.execute(update(records).values(hash=b"\x22" * 32))
    service.round()
    with client_of(service) as client, pytest.raises(AgentRefused, match="not what the log states"):
        client.share(town.offer(nonce=99))


def test_a_restart_checks_every_record(town: Town, database: str) -> None:
    """A new process compares the whole chain before it trusts it (S-8)."""
    service = town.agent(database)
    service.round()
    trade(town, service, 3)
    with service.store.writing() as connection:
        connection.execute(delete(records).where(records.c.number == 2))
    service.store.close()
    again = town.agent(database)
    with pytest.raises(RecordChanged):
        again.round()
    assert isinstance(again.records, RecordChain)
    assert again.records.broken is not None
    again.store.close()


def test_a_changed_log_is_found(town: Town, service: Service) -> None:
    """Whoever changes the stored log instead contradicts the record, and the chain's node the log."""
    (offer,) = trade(town, service)
    with service.store.writing() as connection:
        connection.execute(update(logs).where(logs.c.subject == offer.trade_id).values(tx=b"\x33" * 32))
    with pytest.raises(RecordChanged):
        service.records.check()


def test_the_head_is_anchored_on_chain(town: Town, tmp_path: Any) -> None:
    """A transaction of the agent holds TI_n; another record in its place is found (S-5, S-8, decision 16)."""
    service = town.agent(sqlite(tmp_path), anchor_records=2)
    service.round()
    trade(town, service, 2)
    service.round()
    with service.store.reading() as connection:
        (job,) = connection.execute(select(jobs).where(jobs.c.kind == "anchor")).all()
        raw = connection.execute(select(attempts.c.tx).where(attempts.c.job == job.id)).scalar_one()
    transaction = to_hex(bytes(raw))
    here = service.store, town.chain, town.key.address
    assert check_anchor(*here, transaction) == 2
    with pytest.raises(AnchorDiffers, match="not by"):
        check_anchor(service.store, town.chain, town.homes[0].key.address, transaction)
    other = to_hex(bytes(town.chain.send(town.key.address, b"", town.key, gas=21_000)["transactionHash"]))
    with pytest.raises(BadInput, match="anchors no record"):
        check_anchor(*here, other)
    with pytest.raises(BadInput, match="no transaction"):
        check_anchor(*here, "0x" + "99" * 32)
    with service.store.writing() as connection:
        connection.execute(update(records).where(records.c.number == 2).values(hash=b"\x44" * 32))
    with pytest.raises(AnchorDiffers, match="not the one that was anchored"):
        check_anchor(*here, transaction)
    service.store.close()
