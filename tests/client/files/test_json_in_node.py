"""What this package writes as JSON survives the JSON parser of another language, with Node in the loop."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_trading.bindings.contract import Event
from energy_trading.bindings.energy_lot import LotExchanged, LotMinted
from energy_trading.bindings.offer_market import OfferMade
from energy_trading.cli.trade_files import delivery_from_json, delivery_to_json
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.files._json import MAX_EXACT, exact, read_integer
from energy_trading.market.intents.intent import Intent
from energy_trading.market.log.event_json import event_to_json
from energy_trading.market.trade.offer import Offer, make_offer, sign_offer
from energy_trading.session import PriceProposal, Subject
from energy_trading.session.content import decode, encode
from energy_trading.types import MAX_UNITS, ZERO_ADDRESS, Bid, Delivery, Domain, Energy, Purchase

NODE = shutil.which("node")
SELLER, BUYER = SecretKey.from_int(7), SecretKey.from_int(8)
DOMAIN = Domain("OfferMarket", 31337, "0x" + "11" * 20)


def in_node(value: Any) -> Any:
    """Let JavaScript parse a value and write it again."""
    assert NODE is not None, "Node 20 is needed, as for the contracts"
    script = "process.stdout.write(JSON.stringify(JSON.parse(require('fs').readFileSync(0))))"
    run = subprocess.run([NODE, "-e", script], input=json.dumps(value), capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def offers() -> list[Offer]:
    """Signed and not, plain and hidden, with the largest price, quantity and nonce."""
    most = 2**64 - 1
    plain = make_offer(SELLER.address, most, MAX_UNITS, 10, 20, nonce=most)
    hidden = make_offer(SELLER.address, 2**53 + 1, 2**53 + 1, 10, 20, hidden=True, signed=True)
    small = make_offer(SELLER.address, 800, 5, 10, 20, nonce=1)
    return [plain, sign_offer(hidden, SELLER, DOMAIN), small]


def test_javascript_rounds_what_is_no_text() -> None:
    """Why big integers are text: a signed offer's nonce, as a number, names another trade (N-1)."""
    (_, signed, _) = offers()
    nonce = signed.terms.nonce
    assert nonce > 2**255
    assert in_node(nonce) != nonce
    assert in_node(exact(nonce)) == str(nonce)


@pytest.mark.parametrize("number", range(3))
def test_offer_and_receipt_survive_node(number: int) -> None:
    """The same trade id, quantity and signature come back (N-1, N-3)."""
    offer = offers()[number]
    assert Offer.from_json(in_node(offer.to_json())) == offer
    delivery = Delivery(offer.terms, BUYER.address, b"\x01" * 20, Energy.plain(offer.energy_wh), b"\x02" * 64)
    opening = None if offer.salt is None else (offer.energy_wh, offer.salt)
    assert delivery_from_json(in_node(delivery_to_json(delivery, offer))) == (delivery, opening)


def test_numbers_are_read_too() -> None:
    """Strings or integers in: other writers have integers of any size (N-1)."""
    (offer, *_) = offers()
    terms = {name: value for name, value in vars(offer.terms).items() if name != "energy"}
    value = {**offer.to_json(), "energy_wh": offer.energy_wh}
    value["terms"] |= {name: terms[name] for name in ("price", "accept_by", "deliver_by", "nonce")}
    assert Offer.from_json(value) == offer
    value["terms"] |= {name: str(terms[name]) for name in ("price", "accept_by", "deliver_by", "nonce")}
    assert Offer.from_json(value) == offer


@pytest.mark.parametrize(
    "nonce", [1.0, 1e20, "1e20", "0x10", "1_0", " 1", "01", "-1", -1, "", True, None, "9" * 79, 2**256]
)
def test_rounded_or_malformed_number_is_refused(nonce: Any) -> None:
    """1e20 may be what a parser left of another number, so it is no nonce (N-1)."""
    value = offers()[0].to_json()
    value["terms"]["nonce"] = nonce
    with pytest.raises(BadInput, match="nonce must be"):
        Offer.from_json(value)


def test_events_survive_node() -> None:
    """What `watch --json` and the listings print: ids, nonces and prices of any size (C-9)."""
    place = "0x" + "11" * 20, 5, bytes(32), 0
    big, address = 2**256 - 1, "0x" + "22" * 20
    events: list[Event] = [
        OfferMade(*place, b"\x01" * 32, address, ZERO_ADDRESS, bytes(32), 2**64 - 1, 10, 20, big),
        LotExchanged(*place, big, address, address, 2**53 + 1, 3, big, bytes(32), b"", b""),
        LotMinted(*place, big, address, address, 5, 10, bytes(32), b"", bytes(32), 1, big, b""),
    ]
    for event in events:
        shown = event_to_json(event)
        assert in_node(shown) == shown
        for name, kind, _ in event.layout:
            if kind == "uint256":
                assert read_integer(in_node(shown)[name], name, most=big) == getattr(event, name)


def test_session_survives_node() -> None:
    """A proposal over a lot whose id has 256 bits, and the subject of a session (C-5, C-6)."""
    proposal = PriceProposal(2**255 + 1, 2**53 + 1, 20)
    fields = in_node(json.loads(encode(proposal)))
    again = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert decode(again) == proposal
    subject = Subject(31337, "0x" + "11" * 20, 2**255 + 1)
    assert Subject.from_json(in_node(subject.to_json())) == subject
    assert Subject.from_json({**subject.to_json(), "lotId": subject.lot_id}) == subject


@given(st.integers(-(2**256), 2**256))
def test_exact_changes_only_what_would_be_rounded(number: int) -> None:
    """A double holds every integer up to 2**53 - 1, and those stay numbers."""
    kept = exact([{"a": (number, True)}])
    assert kept == [{"a": [number if abs(number) <= MAX_EXACT else str(number), True]}]
    if abs(number) <= MAX_EXACT:
        assert int(float(number)) == number
    if number >= 0:
        assert read_integer(exact(number), "n", most=2**256) == number


def test_malformed_offer_is_one_line() -> None:
    """The values are not repeated where they may be secret."""
    offer = offers()[1]
    with pytest.raises(BadInput, match="the quantity of 5 Wh is not the one that the terms hold"):
        replace(offer, energy_wh=5)


def test_intents_survive_node() -> None:
    """A purchase of a signed offer and a bid with a large nonce come back as they were signed (N-2)."""
    desk = Domain("RelayDesk", 31337, "0x" + "22" * 20)
    (_, signed, _) = offers()
    buy = Purchase(BUYER.address, signed.trade_id, MAX_UNITS, bytes(32), 2**40, SELLER.address, 2**62)
    bid = Bid(
        *(BUYER.address, ZERO_ADDRESS, 1, 2**60, 2**61, 10, 20, 0, 2**40, 2**255 + 1),
        *(bytes(32), SELLER.address, 3),
    )
    for order, terms, seller in ((buy, signed.terms, signed.signature), (bid, None, b"")):
        signature = BUYER.sign_digest(desk.digest(order))
        intent = Intent(order, desk, BUYER.address, signature, terms, seller or b"")
        back = Intent.from_json(in_node(intent.to_json()))
        assert back == intent
        assert back.domain.digest(back.order) == desk.digest(order)
