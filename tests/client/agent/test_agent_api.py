"""The HTTP service: who may do what, what is refused and how, and what is shown."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from energy_trading.agent.api import make_app
from energy_trading.agent.client import AgentAway, AgentClient, AgentLied, AgentRefused
from energy_trading.agent.problems import PROBLEMS
from energy_trading.agent.service import Service
from energy_trading.agent.stream import Hub
from energy_trading.agent.tables import feed, intents, metadata
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.files._json import to_hex
from energy_trading.market.intents.signer import IntentSigner
from energy_trading.market.trade.trader import Trader
from tests.client.agent_town import PRICE, Town, client_of, settle, sqlite


def stored(service: Service) -> dict[str, int]:
    """How many rows each table has."""
    with service.store.reading() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


def refused(call: Any) -> AgentRefused:
    with pytest.raises(AgentRefused) as error:
        call()
    return error.value


# ---------------------------------------------------------------- S-1


def test_every_action_needs_the_accounts_signature_over_it(town: Town, service: Service) -> None:
    """Algorithm 1: identification and authentication before every action; a mismatch writes nothing (S-1)."""
    thief = town.homes[5].key
    offer, bid = town.offer(), town.bid()
    purchase = town.purchase(offer)
    void = town.signer(1).void(bid, deadline=town.chain.now() + 600)
    forged = to_hex(thief.sign_digest(bytes(32))[:64])
    before = stored(service)
    with client_of(service) as client:
        for intent in (bid, purchase, void):
            assert (
                refused(
                    lambda i=intent: client.submit(replace(i, signature=bytes.fromhex(forged[2:])))
                ).status
                == 401
            )
            other = replace(intent.order, deadline=intent.order.deadline + 1)
            assert refused(lambda i=intent, o=other: client.submit(replace(i, order=o))).code == "not-signed"
        stolen = replace(offer, signature=bytes.fromhex(forged[2:]))
        assert refused(lambda: client.share(stolen)).code == "not-signed"
        no_seller = replace(purchase, seller_signature=bytes(64))
        assert refused(lambda: client.submit(no_seller)).code == "not-signed"
    assert stored(service) == before


def test_a_receipt_needs_the_meter_that_was_named(town: Town, service: Service) -> None:
    """A receipt of another meter, with another quantity, or of no trade is refused (S-1, N-3)."""
    offer = town.offer()
    town.accepted(offer)
    town.chain.mine(offer.terms.accept_by + 960)
    service.round()
    good = town.receipt(offer)
    stranger = town.community.meters[town.homes[3].key.address]
    with client_of(service) as client:
        tampered = replace(good, energy=type(good.energy).plain(999))
        other = replace(good, signer=stranger.signer)
        nowhere = replace(good, terms=replace(good.terms, nonce=good.terms.nonce + 1))
        results = client.receipts([tampered, other, nowhere, good])
    codes = [None if r["problem"] is None else r["problem"]["code"] for r in results]
    assert codes == ["not-signed", "not-signed", "not-signed", None]


def test_an_index_that_is_behind_refuses_for_now_only(town: Town, service: Service) -> None:
    """What an index does not know yet is answered 503, so that nobody gives up a receipt that is good."""
    offer = town.offer()
    town.accepted(offer)
    town.chain.mine(offer.terms.accept_by + 960)
    receipt = town.receipt(offer)
    service.indexer.caught_up = False
    with client_of(service) as client:
        (early,) = client.receipts([receipt])
        assert early["problem"]["code"] == "try-again"
        service.round()
        (result,) = client.receipts([receipt])
        assert result["problem"] is None


def test_a_signature_for_another_market_is_refused(town: Town, service: Service) -> None:
    """The chain and the contract are part of what is signed."""
    bid = town.bid()
    foreign = replace(bid, domain=replace(bid.domain, chain_id=1))
    with client_of(service) as client:
        assert refused(lambda: client.submit(foreign)).code == "wrong-market"


def test_a_session_reads_and_never_trades(town: Town, service: Service) -> None:
    """EIP-4361: one text, once, for this host; its token opens own data and no action (S-1)."""
    key = town.homes[1].key
    with client_of(service) as client:
        token = client.log_in(key)
        client.submit(town.bid())
        assert [x["kind"] for x in client.own("intents", token)["items"]] == ["bid"]
        assert client.own("meter", token)["account"] == key.address
        assert client.own("history", token)["items"] == []
        assert refused(lambda: client.own("meter", "guessed")).status == 401
        unsigned = replace(town.bid(), signature=bytes(64))
        answer = client._http.post(
            "/v1/requests", json=unsigned.to_json(), headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 401
        bearer = {"Authorization": f"Bearer {token}"}
        assert client._http.delete("/v1/auth/session", headers=bearer).status_code == 204
        assert refused(lambda: client.own("meter", token)).code == "no-session"


def test_a_login_cannot_be_used_again_or_by_another(town: Town, service: Service) -> None:
    """A text is used once, is signed by its account, and is not the text of another host."""
    from eth_utils.crypto import keccak

    key, other = town.homes[1].key, town.homes[2].key

    def sign(text: str, who: SecretKey) -> str:
        raw = text.encode()
        digest = keccak(f"\x19Ethereum Signed Message:\n{len(raw)}".encode() + raw)
        return to_hex(who.sign_digest(digest))

    with client_of(service) as client:
        text = client._call("POST", "/v1/auth/nonce", {"account": key.address})["message"]
        assert text.startswith("localhost wants you to sign in with your Ethereum account:\n" + key.address)
        body = {"account": key.address, "message": text, "signature": sign(text, key)}
        for wrong in (
            {**body, "signature": sign(text, other)},
            {**body, "message": text.replace("localhost", "evil.example")},
            {**body, "account": other.address},
        ):
            assert refused(lambda w=wrong: client._call("POST", "/v1/auth/session", w)).status == 401
        assert client._call("POST", "/v1/auth/session", body)["token"]
        assert refused(lambda: client._call("POST", "/v1/auth/session", body)).code == "not-signed"
        late = client._call("POST", "/v1/auth/nonce", {"account": key.address})["message"]
        town.time += 601
        body = {"account": key.address, "message": late, "signature": sign(late, key)}
        assert refused(lambda: client._call("POST", "/v1/auth/session", body)).code == "not-signed"


# ---------------------------------------------------------------- refusals


def test_unknown_and_unfunded_accounts_are_refused(town: Town, service: Service) -> None:
    """An account that is not open, or has too little money, is refused before anything is stored."""
    stranger = SecretKey.generate()
    before = stored(service)
    now = town.chain.now()
    limits = {"max_price_per_mwh": 1, "slot_start": now, "slot_end": now + 9, "deadline": now + 500}
    with client_of(service) as client:
        meter = town.homes[1].meter
        foreign = IntentSigner(town.suite, stranger, meter).bid(min_wh=1, max_wh=2, **limits)
        assert refused(lambda: client.submit(foreign)).code == "not-enrolled"
        offer = town.offer(price=40 * 10**9, seller=0)
        problem = refused(lambda: client.share(offer)).problem
        assert (problem["code"], problem["needed"]) == ("unfunded", str(40 * 10**9))
        nobody = Trader(town.suite, stranger).sign_offer(5, 5, now + 500, now + 600)
        assert refused(lambda: client.share(nobody)).code == "not-enrolled"
        assert refused(lambda: client.submit(town.bid(deadline=now))).code == "deadline-passed"
        suspended = town.homes[1].key.address
        town.suite.ledger.suspend([suspended]).send(town.community.dso)
        service.round()
        assert refused(lambda: client.submit(town.bid())).code == "not-enrolled"
    after = stored(service)
    assert {name: count for name, count in after.items() if name in ("intents", "jobs")} == {
        name: count for name, count in before.items() if name in ("intents", "jobs")
    }


def test_open_orders_are_limited_by_credit(town: Town, tmp_path: Path) -> None:
    """An account with the lowest credit may have so many open; a cancellation is always taken."""
    service = town.agent(sqlite(tmp_path), open_intents=2)
    service.round()
    with client_of(service) as client:
        bids = [town.bid() for _ in range(3)]
        client.submit(bids[0])
        client.submit(bids[1])
        assert refused(lambda: client.submit(bids[2])).code == "too-many-open"
        assert client.submit(bids[0])["state"] == "received"
        client.submit(town.signer(1).void(bids[0], deadline=town.chain.now() + 600))
        settle(service, town)
        client.submit(bids[2])
    service.store.close()


def test_hidden_energy_does_not_go_through_an_agent(town: Town, service: Service) -> None:
    """The client posts no salt, and the service takes no offer that hides its quantity (N-5)."""
    offer = town.offer(hidden=True)
    with client_of(service) as client:
        with pytest.raises(BadInput, match="plain"):
            client.share(offer)
        body = {**offer.to_json()}
        body.pop("salt")
        assert refused(lambda: client._call("POST", "/v1/offers", body)).code == "hidden-energy"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "bad-input"),
        (b"[" * 5000, "bad-input"),
        (b"null", "bad-input"),
        (b'{"kind": "bid"}', "bad-input"),
        (b"\xff\xfe", "bad-input"),
        (b"x" * 200_000, "body-too-large"),
    ],
)
def test_malformed_bodies(service: Service, body: bytes, code: str) -> None:
    """Each is one answer with a stable code, and none of them is a 500."""
    with client_of(service) as client:
        for path in ("offers", "requests", "purchases", "receipts", "cancellations", "auth/session"):
            answer = client._http.post(f"/v1/{path}", content=body)
            assert (answer.status_code, answer.json()["code"]) == (PROBLEMS[code][0], code)
            assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_without_a_stated_length_is_cut_off(service: Service) -> None:
    """A body that is longer than allowed is not read to its end, whatever its header says."""
    sent = []

    def drip() -> Any:
        for _ in range(10_000):
            sent.append(1)
            yield b"x" * 10_000

    with client_of(service) as client:
        answer = client._http.post("/v1/offers", content=drip())
        assert answer.json()["code"] == "body-too-large"


def test_slow_bodies_are_given_up(service: Service) -> None:
    """A client that sends nothing holds a request for the time that is set, and no longer."""
    app = make_app(service, body_seconds=0.05)
    said: list[Any] = []

    async def call() -> None:
        async def receive() -> Any:
            await asyncio.Event().wait()

        async def send(message: Any) -> None:
            said.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/v1/offers",
            "raw_path": b"/v1/offers",
            "query_string": b"",
            "headers": [(b"content-type", b"application/json")],
            "client": ("10.0.0.1", 1),
            "http_version": "1.1",
            "scheme": "http",
            "root_path": "",
            "server": ("localhost", 80),
        }
        await app(scope, receive, send)

    asyncio.run(call())
    assert said[0]["status"] == 408


def test_an_address_that_asks_too_often_waits_and_others_do_not(town: Town, tmp_path: Path) -> None:
    """A flood from one address leaves honest users served."""
    service = town.agent(sqlite(tmp_path), rate=5)
    service.round()
    app = make_app(service)
    with TestClient(app, client=("10.0.0.1", 1)) as flood, TestClient(app, client=("10.0.0.2", 1)) as honest:
        codes = [flood.post("/v1/offers", content=b"{").status_code for _ in range(9)]
        assert codes == [422] * 5 + [429] * 4
        assert honest.get("/v1/config").status_code == 200
        assert flood.get("/healthz").status_code == 200
        town.time += 12
        assert flood.get("/v1/config").status_code == 200
    service.store.close()


def test_a_flood_of_bad_signatures_touches_no_database(
    town: Town, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Size, rate, deadline, signature, account: all of it is checked before the database is asked."""
    with client_of(service) as client:
        bad = replace(town.bid(), signature=b"\x11" * 64)

        monkeypatch.setattr(service.intake, "_store", None)  # to ask it would be a bug, and a 500
        monkeypatch.setattr(service.relayer, "_store", None)
        for _ in range(20):
            assert refused(lambda: client.submit(bad)).status == 401
        monkeypatch.undo()
        assert client.submit(town.bid())["state"] == "received"


# ---------------------------------------------------------------- what is shown


def test_integers_are_texts(town: Town, service: Service) -> None:
    """No answer of /v1 has a number, except the status of a problem."""
    offer = town.offer()

    def numbers(value: Any, path: str = "") -> list[str]:
        if isinstance(value, dict):
            return [p for n, v in value.items() for p in numbers(v, f"{path}.{n}")]
        if isinstance(value, list):
            return [p for v in value for p in numbers(v, path)]
        return [path] if isinstance(value, (int, float)) and not isinstance(value, bool) else []

    with client_of(service) as client:
        client.share(offer)
        bought = client.submit(town.purchase(offer))
        settle(service, town)
        account = town.homes[1].key.address
        paths = ["config", "offers", "trades", "auctions", "lots", f"accounts/{account}"]
        for path in [*paths, f"intents/{bought['id']}", "jobs/1"]:
            answer = client._http.get(f"/v1/{path}")
            assert answer.status_code == 200, path
            assert numbers(answer.json()) == [], path


def test_pages_follow_one_another(town: Town, service: Service) -> None:
    """Every item comes once, in order; a cursor whose item was taken back is gone, a forged one refused."""
    with client_of(service) as client:
        for i in range(5):
            client.share(town.offer(nonce=i, price=1000 + i, seller=i % 2 * 2))
        seen = [item["trade_id"] for item in client.listed("offers", limit="2")]
        prices = [item["price_per_mwh"] for item in client.listed("offers", limit="2")]
        assert (len(set(seen)), prices) == (5, sorted(prices))
        answer = client._http.get("/v1/offers?cursor=bm9uc2Vuc2U")
        assert (answer.status_code, answer.json()["code"]) == (422, "bad-input")
        first = client._http.get("/v1/offers?limit=1").json()["next"]
        client.submit(town.signer(0).cancel(town.offer(nonce=0, price=1000), deadline=town.chain.now() + 60))
        seller = town.homes[0].key.address
        only = list(client.listed("offers", seller=seller))
        assert {item["terms"]["seller"] for item in only} == {seller}
        assert first is not None


def test_accounts_trades_and_standing(town: Town, service: Service) -> None:
    """An account's money and standing are the ledger's, and its credit's changes have a cause (X-1)."""
    offer = town.offer()
    town.accepted(offer)
    town.chain.mine(offer.terms.accept_by + 960)
    town.suite.market.confirm_delivery(town.receipt(offer)).send(town.community.treasury)
    service.round()
    seller = town.homes[0].key.address
    real = town.suite.ledger.account_of(seller)
    with client_of(service, town.chain) as client:
        shown = client.account(seller)
        assert (shown["available"], shown["seller_credit_e9"]) == (
            str(real.available),
            str(real.seller_credit_e9),
        )
        assert [change["cause"] for change in shown["changes"]] == ["sold"]
        assert [t["state"] for t in client.listed("trades", account=seller)] == ["delivered"]
        assert list(client.listed("trades", state="open")) == []
        assert refused(lambda: client.account("0x" + "12" * 20)).code == "not-found"


def test_unknown_paths_and_methods(service: Service) -> None:
    """These are problems too; an answer about methods lists all of them."""
    with client_of(service) as client:
        assert client._http.get("/v1/nothing").json()["code"] == "not-found"
        answer = client._http.delete("/v1/offers")
        assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
        assert set(answer.headers["allow"].replace(" ", "").split(",")) == {"GET", "POST"}


def test_the_stream_goes_on_where_it_stopped(town: Town, service: Service) -> None:
    """A listener that reconnects with Last-Event-ID gets what it missed, in order, and each once (S-2)."""
    with client_of(service) as client:
        client.share(town.offer())
        settle(service, town)
    with service.store.reading() as connection:
        ids = list(connection.execute(select(feed.c.id).order_by(feed.c.id)).scalars())
    town.trader(2).deposit(10**6)

    async def listen(after: int, count: int) -> list[int]:
        hub = Hub(service.store)
        reader = asyncio.create_task(hub.run())
        while hub._last < ids[-1]:
            await asyncio.sleep(0.01)
        kinds = {"event", "intent", "job", "reorg", "record", "alarm"}
        got = []
        async for item in hub.listen(after, kinds, None):
            got.append(int(item["id"]))
            json.loads(item["data"])
            if len(got) == len(ids) - ids.index(after) - 1:
                service.round()
            if len(got) == count:
                break
        reader.cancel()
        return got

    middle = ids[len(ids) // 2]
    later = [i for i in ids if i > middle]
    got = asyncio.run(listen(middle, len(later) + 1))
    assert got == [*later, ids[-1] + 1]


def test_listeners_are_told_of_reorganisations(town: Town, service: Service) -> None:
    """The stream has the event that was taken back, and that it was."""
    fork = town.chain.snapshot()
    town.trader(0).deposit(10**6)
    service.round()
    town.chain.revert(fork)
    town.mine(3)
    service.round()
    with service.store.reading() as connection:
        kinds = list(connection.execute(select(feed.c.kind).order_by(feed.c.id)).scalars())
    assert "reorg" in kinds


def test_logs_hold_no_addresses_and_no_secrets(
    town: Town, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Request logs name the route, not the path; neither key, token, signature nor client address appears."""
    service = town.agent(sqlite(tmp_path))
    service.round()
    caplog.set_level(logging.DEBUG, logger="energy_trading.agent")
    home = town.homes[1].key
    with client_of(service) as client:
        token = client.log_in(home)
        client.own("meter", token)
        client.account(home.address)
        bid = town.bid()
        client.submit(bid)
        refused(lambda: client.submit(replace(bid, signature=bytes(64))))
        settle(service, town)
    text = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("energy"))
    assert "GET /v1/accounts/{account} 200" in text
    secrets = [
        town.key.reveal().hex(),
        home.reveal().hex(),
        token,
        bid.signature.hex(),
        home.address,
        "testclient",
    ]
    assert [secret for secret in secrets if secret.lower() in text.lower()] == []
    assert town.key.reveal().hex() not in repr(vars(service.relayer)) + repr(service.config)
    service.store.close()


# ---------------------------------------------------------------- a malicious agent


def test_an_agent_that_lies_about_the_chain_is_found(town: Town, service: Service) -> None:
    """Every answer names its block; the home's own node has another one."""
    with client_of(service, town.chain) as client:
        assert list(client.listed("trades")) == []
        head = service.view.head
        assert head is not None
        service.view._head = replace(head, hash=b"\x66" * 32)
        with pytest.raises(AgentLied, match="is not the one"):
            list(client.listed("trades"))


def test_an_agent_that_hides_supply_is_found_by_comparing_two(town: Town, tmp_path: Path) -> None:
    """One agent drops an offer that the home shared with both."""
    honest, hiding = town.agent(sqlite(tmp_path, "a")), town.agent(sqlite(tmp_path, "b"))
    honest.round()
    hiding.round()
    offer = town.offer()
    with client_of(honest) as one, client_of(hiding) as two:
        one.share(offer)
        two.share(offer)
        assert one.compare(two, "offers", "trade_id") == []
        with hiding.store.writing() as connection:
            connection.execute(intents.delete())
        assert one.compare(two, "offers", "trade_id") == [to_hex(offer.trade_id)]
    honest.store.close()
    hiding.store.close()


def test_an_agent_that_holds_an_order_back_is_gone_around(town: Town, service: Service) -> None:
    """The home submits the same signed order itself, and the agent that wakes up carries nothing twice."""
    from energy_trading.market.intents.submit import submit

    offer = town.offer()
    intent = town.purchase(offer)
    with client_of(service) as client:
        answer = client.submit(intent)
        submit(town.suite, town.homes[1].key, intent)
        settle(service, town)
        assert client.intent(answer["id"])["state"] == "final"
        assert service.status()["jobs"] == {}


def test_an_agent_cannot_change_what_was_signed(town: Town, service: Service) -> None:
    """A stored order that somebody changes is not carried: it fails, and nobody pays."""
    offer = town.offer()
    with client_of(service) as client:
        answer = client.submit(town.purchase(offer))
        with service.store.writing() as connection:
            body = json.loads(connection.execute(select(intents.c.body)).scalar_one())
            body["order"]["max_price"] = 10**12
            changed = intents.update().values(body=json.dumps(body))
            connection.execute(changed)
        settle(service, town)
        assert client.intent(answer["id"])["state"] == "failed"
    assert service.status()["jobs"] == {}
    assert town.suite.ledger.account_of(town.homes[1].key.address).held == 0


def test_an_agent_that_is_away_is_told_apart(tmp_path: Path) -> None:
    """The client says so, and the home can act without it."""
    with pytest.raises(AgentAway, match="does not answer"):
        AgentClient("http://127.0.0.1:1").intent("0x" + "00" * 32)
    with pytest.raises(BadInput, match="http://"):
        AgentClient("ftp://somewhere")
    assert PRICE
