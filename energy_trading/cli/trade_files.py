"""Trades by name: a trade id that the log knows, or a file; receipts as files."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from energy_trading.cli.acting import Desk
from energy_trading.cli.files import read_json
from energy_trading.errors import BadInput

if TYPE_CHECKING:
    from energy_trading.bindings.offer_market import OfferAccepted
    from energy_trading.market.trade.offer import Offer
    from energy_trading.types import Delivery, Terms

OfferName = Annotated[
    str, typer.Argument(metavar="OFFER", help="Trade id from the log, or an offer file (signed, hidden).")
]


def offer_of(desk: Desk, name: str) -> Offer:
    """Find an offer by its trade id in the log, or read its file.

    Raises:
        BadInput: the log does not know it, tells other terms or hides its quantity; the file is no offer's.
    """
    from energy_trading.market.log.fold import fold
    from energy_trading.market.trade.offer import Offer

    if not re.fullmatch("0x[0-9a-fA-F]{64}", name):
        made = Offer.from_json(read_json("OFFER", Path(name)))
        _check_terms(made.terms)
        return made
    trade_id = bytes.fromhex(name[2:])
    found = fold(desk.suite.market.events(desk.record.from_block)).trades.get(trade_id)
    if found is None:
        raise BadInput(f"OFFER: given {name}, of which the log knows nothing, allowed one of `offers --all`")
    energy_wh = found.energy_wh
    if energy_wh is None:
        raise BadInput(f"OFFER: given {name}, whose quantity is hidden, allowed its file")
    made = Offer(found.terms, energy_wh)
    if made.trade_id != trade_id:
        # The name is the hash of what was agreed: a node cannot put other terms behind it.
        raise BadInput(f"OFFER: given {name}, for which the node tells other terms, allowed another node")
    return made


def acceptance_of(desk: Desk, trade_id: bytes) -> OfferAccepted | None:
    """Return the acceptance of an offer from the log; None: nobody accepted it."""
    from energy_trading.bindings.offer_market import OfferAccepted

    for event in desk.suite.market.events(desk.record.from_block):
        if isinstance(event, OfferAccepted) and event.trade_id == trade_id:
            return event
    return None


def delivery_to_json(delivery: Delivery, offer: Offer) -> dict[str, Any]:
    """Return a receipt for `json.dumps`.

    It opens hidden energy only where less than agreed arrived, for then the contract has to know.
    """
    opening = None
    if offer.salt is not None and delivery.energy.is_plain:
        opening = {"energy_wh": offer.energy_wh, "salt": "0x" + offer.salt.hex()}
    return {
        "terms": {**asdict(delivery.terms), "energy": "0x" + delivery.terms.energy.hex()},
        "buyer": delivery.buyer,
        "energy": "0x" + delivery.energy.hex(),
        "signer": "0x" + delivery.signer.hex(),
        "signature": "0x" + delivery.signature.hex(),
        "opening": opening,
    }


def delivery_from_json(value: Any) -> tuple[Delivery, tuple[int, bytes] | None]:
    """Read the object of `delivery_to_json`; the contract is what checks it.

    Returns:
        The delivery, and quantity in Wh and salt where hidden energy has to be opened.

    Raises:
        BadInput: a field is missing or malformed.
    """
    from eth_utils.address import to_checksum_address

    from energy_trading.files.json import from_hex, reading
    from energy_trading.types import Delivery, Energy, Terms

    with reading("receipt"):
        raw, opening = value["terms"], value["opening"]
        terms = Terms(
            to_checksum_address(raw["seller"]),
            to_checksum_address(raw["buyer"]),
            Energy(from_hex(raw["energy"], "energy")),
            *(int(raw[name]) for name in ("price", "accept_by", "deliver_by", "nonce")),
        )
        _check_terms(terms)
        signer, energy, signature = (
            from_hex(value[name], name) for name in ("signer", "energy", "signature")
        )
        delivery = Delivery(terms, to_checksum_address(value["buyer"]), signer, Energy(energy), signature)
        if opening is None:
            return delivery, None
        energy_wh, salt = int(opening["energy_wh"]), from_hex(opening["salt"], "salt")
        _check_number("energy_wh", energy_wh)
        _check_word("salt", salt)
        return delivery, (energy_wh, salt)


def _check_terms(terms: Terms) -> None:
    """Refuse what no call can hold; the contract checks the rest."""
    for name in ("price", "accept_by", "deliver_by", "nonce"):
        _check_number(name, getattr(terms, name))


def _check_number(name: str, number: int) -> None:
    if not 0 <= number < 2**256:
        raise BadInput(f"{name}: given {number}, allowed 0 … 2**256-1")


def _check_word(name: str, word: bytes) -> None:
    if len(word) != 32:
        raise BadInput(f"{name}: given {len(word)} bytes, allowed 32")
