"""Standing orders and readings for the slot market, and what the supplier has to bill."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from eth_utils.address import to_checksum_address
from sqlalchemy import select

from energy_trading.agent.client import AgentRefused
from energy_trading.agent.tables import slot_orders, slot_readings
from energy_trading.agent.verifiers import _PAUSE
from energy_trading.files._json import to_hex
from energy_trading.types import Domain, Order
from energy_trading.types import Reading as SlotMeterReading
from tests.client.agent_town import PRICE, SLOT, Town, client_of, sqlite

MARKET = str(to_checksum_address("0x" + "5a" * 20))


def domain(town: Town) -> Domain:
    return Domain("SlotMarket", town.chain.chain_id, MARKET)


def order(town: Town, home: int = 1, nonce: int = 1, key: Any = None) -> dict[str, Any]:
    made = Order(town.homes[home].key.address, 100, 195, 200_000, 90_000, 10**9, nonce)
    signature = (key or town.homes[home].key).sign_digest(domain(town).digest(made))
    return {
        "order": {name: str(getattr(made, name)) for name in Order.__abi__},
        "signature": to_hex(signature),
    }


def reading(town: Town, slot: int, net_wh: int, home: int = 1, meter: Any = None) -> dict[str, Any]:
    account = town.homes[home].key.address
    signer = meter or town.community.meters[account]
    signature = signer.sign(domain(town).digest(SlotMeterReading(account, slot, net_wh)))
    values = {"account": account, "slot": str(slot), "net_wh": str(net_wh)}
    return {**values, "meter": to_hex(signer.signer), "signature": to_hex(signature)}


@contextmanager
def verifier() -> Iterator[tuple[str, list[tuple[str, Any]], list[int]]]:
    """A node that takes orders and readings: its address, what it got, and the status that it answers."""
    got: list[tuple[str, Any]] = []
    status = [200]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if status[0] == 200:
                got.append((self.path, json.loads(body)))
            self.send_response(status[0])
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", got, status
    finally:
        server.shutdown()


def test_orders_and_readings_reach_the_verifiers_once(town: Town, tmp_path: Path) -> None:
    """They are kept, and posted until the node has taken them; the account's key and its meter sign."""
    with verifier() as (url, got, status):
        service = town.agent(sqlite(tmp_path), slot_market=MARKET, verifiers=(url,))
        service.round()
        good, forged = order(town), order(town, nonce=2, key=town.homes[2].key)
        neighbours = town.community.meters[town.homes[3].key.address]
        first, other_meter = reading(town, 7, -250), reading(town, 8, 1, meter=neighbours)
        with client_of(service) as client:
            kept = client._call("POST", "/v1/orders", [good, forged, good])["results"]
            assert [r["new"] for r in kept] == [True, False, False]
            assert kept[1]["problem"]["code"] == "not-signed"
            read = client._call("POST", "/v1/readings", [first, other_meter, reading(town, 7, -999)])[
                "results"
            ]
            assert [r["new"] for r in read] == [True, False, False]
            assert read[1]["problem"]["code"] == "not-enrolled"
        status[0] = 503
        assert service.verifiers.hand_over() == 0
        status[0] = 200
        for _ in range(_PAUSE + 1):
            service.verifiers.hand_over()
        assert got == [("/orders", [good]), ("/readings", [first])]
        with service.store.reading() as connection:
            assert connection.execute(select(slot_orders.c.handed_over)).scalars().all() == [True]
            assert connection.execute(select(slot_readings.c.net_wh)).scalars().all() == [-250]
        service.store.close()


def test_without_a_slot_market(town: Town, tmp_path: Path) -> None:
    """An agent that serves none says so."""
    service = town.agent(sqlite(tmp_path))
    service.round()
    with client_of(service) as client:
        for path, body in (("orders", [order(town)]), ("readings", [reading(town, 1, 1)])):
            with pytest.raises(AgentRefused) as refused:
                client._call("POST", f"/v1/{path}", body)
            assert refused.value.code == "no-slot-market"
    service.store.close()


def test_what_the_supplier_bills(town: Town, tmp_path: Path) -> None:
    """Metered net less positions, per home and slot, of final blocks, for the supplier only."""
    supplier = town.homes[4].key
    service = town.agent(sqlite(tmp_path), slot_market=MARKET, supplier=supplier.address)
    service.round()
    now = town.chain.now() // SLOT * SLOT
    seller = town.trader(0)
    offer = seller.offer(1000, PRICE, now + 4 * SLOT, now + 8 * SLOT)
    town.accepted(offer)
    town.chain.mine(offer.terms.accept_by + 960)
    town.suite.market.confirm_delivery(town.receipt(offer)).send(town.community.treasury)
    slot = (offer.terms.deliver_by // SLOT - 3) * SLOT
    service.round()
    with client_of(service) as client:
        client._call("POST", "/v1/readings", [reading(town, slot // SLOT, -1200, home=1)])
        token = client.log_in(supplier)
        bearer = {"Authorization": f"Bearer {token}"}
        early = client._http.get("/v1/supplier/positions", headers=bearer).json()["positions"]
        assert [p["bought_wh"] for p in early] == ["0"]  # the trade is in no final block yet
        town.mine(4)
        service.round()
        rows = client._http.get("/v1/supplier/positions", headers=bearer).json()["positions"]
        by_account = {row["account"]: row for row in rows if row["slot_start"] == str(slot)}
        buyer = by_account[town.homes[1].key.address]
        # 1,200 Wh drawn and 1,000 Wh bought from the neighbour: the supplier delivered 200 Wh
        assert (buyer["bought_wh"], buyer["import_wh"], buyer["position_wh"]) == ("1000", "1200", "200")
        sold = by_account[town.homes[0].key.address]
        assert (sold["sold_wh"], sold["position_wh"]) == ("1000", None)
        text = client._http.get(f"/v1/supplier/positions.csv?from={slot}&to={slot + 1}", headers=bearer).text
        table = list(csv.DictReader(io.StringIO(text)))
        assert {row["account"]: row["position_wh"] for row in table} == {
            buyer["account"]: "200",
            sold["account"]: "",
        }
        other = {"Authorization": f"Bearer {client.log_in(town.homes[1].key)}"}
        refused = client._http.get("/v1/supplier/positions", headers=other)
        assert (refused.status_code, refused.json()["code"]) == (403, "wrong-account")
        assert client._http.get("/v1/supplier/positions.csv").status_code == 401
    service.store.close()
