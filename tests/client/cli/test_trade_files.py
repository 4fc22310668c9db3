"""Offers and receipts that come from others: a file, or the log as a node tells it."""

from __future__ import annotations

import json
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from energy_trading import cli as command_line
from energy_trading.bindings.deployment import Record
from energy_trading.bindings.offer_market import OfferMade
from energy_trading.cli.acting import Desk
from energy_trading.cli.trade_files import delivery_from_json, delivery_to_json, offer_of
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.market.trade.offer import Offer, make_offer
from energy_trading.types import Delivery, Energy
from tests.client.cli_runs import cli
from tests.world import EURO, World

SELLER = SecretKey.from_int(71)
HIDDEN = make_offer(SELLER.address, 800, EURO, 10, 20, hidden=True)
INFINITE = float("inf")  # what JSON's 1e999 is read as


def changed(content: dict[str, Any], place: str, value: object) -> Any:
    """A copy as it comes out of a file, with another value at a place such as terms.price."""
    copy = json.loads(json.dumps(content))
    *outer, last = place.split(".")
    inner = copy
    for name in outer:
        inner = inner[name]
    inner[last] = value
    return copy


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("terms.price", INFINITE),
        ("terms.nonce", INFINITE),
        ("energy_wh", INFINITE),
        ("energy_wh", -5),
        ("energy_wh", 2**256),
        ("salt", ""),
        ("salt", 0),
        ("salt", {}),
        ("signature", ""),
        ("signature", False),
        ("signature", []),
    ],
)
def test_revert_given_garbled_offer(place: str, value: object) -> None:
    """N-1: whatever an offer's file holds, it is an offer or a typed error."""
    plain = make_offer(SELLER.address, 800, EURO, 10, 20)
    with pytest.raises(
        BadInput,
        match=r"^(offer: a field is|bytes must be|\w+ must be (an integer,|between)|the quantity of) ",
    ):
        Offer.from_json(changed(plain.to_json(), place, value))


@pytest.mark.parametrize("place", ["terms.price", "terms.deliver_by", "opening.energy_wh"])
def test_revert_given_garbled_receipt(place: str) -> None:
    """N-3: a number without end in a receipt's file is a typed error."""
    delivery = Delivery(HIDDEN.terms, SELLER.address, b"\1" * 20, Energy.plain(0), b"\1" * 64)
    with pytest.raises(BadInput, match=r"^\w+ must be an integer, not a float"):
        delivery_from_json(changed(delivery_to_json(delivery, HIDDEN), place, INFINITE))


def test_words_of_a_node_do_not_steer_the_terminal() -> None:
    """What a node answers as an error is told without its escape sequences."""

    class Hostile(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer = {
                "jsonrpc": "2.0",
                "id": 0,
                "error": {"code": 1, "message": "\x1b[2Jpaid\u009b8m\u202e\n!"},
            }
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with HTTPServer(("127.0.0.1", 0), Hostile) as node:
        thread = Thread(target=node.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            done = cli("verify", "--rpc", f"http://127.0.0.1:{node.server_port}")
        finally:
            node.shutdown()
            thread.join()
    assert (done.status, done.out) == (1, "")
    assert done.err == "error: eth_chainId: �[2Jpaid�8m� !\n"


def test_revert_given_node_that_tells_other_terms(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """N-2: a trade id is the hash of its terms, so a node cannot sell another offer under it."""
    now = world.chain.now()
    dear = make_offer(world.alice.address, 800, EURO, now + 600, now + 1200)
    market = world.suite.market
    market.make_offer(dear.terms).send(world.alice)
    record = Record.of(world.chain, world.alice.address, world.suite.parameters())
    desk = Desk(lambda: (world.suite, replace(record, from_block=0)), None, None, as_json=True)
    assert offer_of(desk, "0x" + dear.trade_id.hex()) == dear
    agreed = "0x" + make_offer(world.alice.address, 800, EURO // 9, now + 600, now + 1200).trade_id.hex()
    lies = [
        replace(event, trade_id=bytes.fromhex(agreed[2:])) if isinstance(event, OfferMade) else event
        for event in market.events(0)
    ]
    monkeypatch.setattr(type(market), "events", lambda *_: lies)
    with pytest.raises(BadInput) as error:
        offer_of(desk, agreed)
    assert str(error.value) == (
        f"OFFER: the node reports other terms than those of {agreed}; use another node"
    )


def test_interrupt_tells_what_may_be_pending(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who presses Ctrl-C while a transaction is out is told its number, so that nothing is done twice."""
    record = Record.of(world.chain, world.alice.address, world.suite.parameters())
    desk = Desk(lambda: (world.suite, record), world.alice, None, as_json=True)
    number = world.chain.next_nonce(world.alice.address)

    def command(*_: object, **__: object) -> None:
        with desk.sending():
            raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "app", command)
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == 130
    assert capsys.readouterr().err == (
        f"error: interrupted; transaction {number} of {world.alice.address} may still be mined: repeat the"
        f" command with --sender-nonce {number}, which sends nothing if it was\n"
    )
