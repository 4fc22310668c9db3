"""Offers by trade id or file, and receipts as files."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from energy_trading.cli.acting import Desk
from energy_trading.errors import BadInput
from energy_trading.files._json import read_json

if TYPE_CHECKING:
    from energy_trading.bindings.offer_market import OfferAccepted
    from energy_trading.market.trade.offer import Offer
    from energy_trading.types import Delivery, Terms, Witness

OfferName = Annotated[
    str,
    typer.Argument(
        metavar="OFFER", help="Trade id from the log, or an offer file (needed if signed or hidden)."
    ),
]


def offer_of(desk: Desk, name: str) -> Offer:
    """Find an offer by its trade id in the log, or read its file.

    Raises:
        BadInput: the log has no such offer, other terms or a hidden quantity, or the file is not an offer.
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
        raise BadInput(f"OFFER: the log has no offer {name}; `offers --all` lists those it has")
    energy_wh = found.energy_wh
    if energy_wh is None:
        raise BadInput(f"OFFER: the quantity of {name} is hidden; give its file instead")
    made = Offer(found.terms, energy_wh)
    if made.trade_id != trade_id:
        # The trade id is the hash of what was agreed, so a node cannot show other terms under it.
        raise BadInput(f"OFFER: the node reports other terms than those of {name}; use another node")
    return made


def acceptance_of(desk: Desk, trade_id: bytes) -> OfferAccepted | None:
    """Return the acceptance of an offer from the log, or None if nobody accepted it."""
    from energy_trading.bindings.offer_market import OfferAccepted

    for event in desk.suite.market.events(desk.record.from_block):
        if isinstance(event, OfferAccepted) and event.trade_id == trade_id:
            return event
    return None


def delivery_to_json(delivery: Delivery, offer: Offer) -> dict[str, Any]:
    """Return a receipt for `json.dumps`.

    It reveals hidden energy only if less than agreed arrived, because then the contract has to know.
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


def witness_to_json(witness: Witness, offer: Offer) -> dict[str, Any]:
    """Return a testimony for `json.dumps`; it reveals hidden energy only if less than agreed was fed in."""
    opening = None
    if offer.salt is not None and witness.energy.is_plain:
        opening = {"energy_wh": offer.energy_wh, "salt": "0x" + offer.salt.hex()}
    return {
        "terms": {**asdict(witness.terms), "energy": "0x" + witness.terms.energy.hex()},
        "buyer": witness.buyer,
        "receipt_signer": "0x" + witness.receipt_signer.hex(),
        "signer": "0x" + witness.signer.hex(),
        "energy": "0x" + witness.energy.hex(),
        "from": witness.from_,
        "to": witness.to,
        "signature": "0x" + witness.signature.hex(),
        "opening": opening,
    }


def witness_from_json(value: Any) -> tuple[Witness, tuple[int, bytes] | None]:
    """Read the object of `witness_to_json`; the contract checks what it states.

    Returns:
        The testimony, and quantity in Wh and salt if hidden energy has to be revealed, else None.

    Raises:
        BadInput: a field is missing or malformed.
    """
    from eth_utils.address import to_checksum_address

    from energy_trading.files._json import from_hex, reading
    from energy_trading.types import Energy, Witness

    with reading("testimony"):
        times = int(value["from"]), int(value["to"])
        for name, time in zip(("from", "to"), times, strict=True):
            _check_number(name, time)
        named, signer, energy, signature = (
            from_hex(value[name], name) for name in ("receipt_signer", "signer", "energy", "signature")
        )
        buyer = to_checksum_address(value["buyer"])
        witness = Witness(_terms_of(value["terms"]), buyer, named, signer, Energy(energy), *times, signature)
        return witness, _opening_of(value["opening"])


def _terms_of(raw: Any) -> Terms:
    from eth_utils.address import to_checksum_address

    from energy_trading.files._json import from_hex
    from energy_trading.types import Energy, Terms

    terms = Terms(
        to_checksum_address(raw["seller"]),
        to_checksum_address(raw["buyer"]),
        Energy(from_hex(raw["energy"], "energy")),
        *(int(raw[name]) for name in ("price", "accept_by", "deliver_by", "nonce")),
    )
    _check_terms(terms)
    return terms


def _opening_of(opening: Any) -> tuple[int, bytes] | None:
    from energy_trading.files._json import from_hex

    if opening is None:
        return None
    energy_wh, salt = int(opening["energy_wh"]), from_hex(opening["salt"], "salt", 32)
    _check_number("energy_wh", energy_wh)
    return energy_wh, salt


def delivery_from_json(value: Any) -> tuple[Delivery, tuple[int, bytes] | None]:
    """Read the object of `delivery_to_json`; the contract checks what it states.

    Returns:
        The delivery, and quantity in Wh and salt if hidden energy has to be revealed, else None.

    Raises:
        BadInput: a field is missing or malformed.
    """
    from eth_utils.address import to_checksum_address

    from energy_trading.files._json import from_hex, reading
    from energy_trading.types import Delivery, Energy

    with reading("receipt"):
        terms = _terms_of(value["terms"])
        signer, energy, signature = (
            from_hex(value[name], name) for name in ("signer", "energy", "signature")
        )
        delivery = Delivery(terms, to_checksum_address(value["buyer"]), signer, Energy(energy), signature)
        return delivery, _opening_of(value["opening"])


def _check_terms(terms: Terms) -> None:
    """Refuse values that do not fit into a call; the contract checks the rest."""
    for name in ("price", "accept_by", "deliver_by", "nonce"):
        _check_number(name, getattr(terms, name))


def _check_number(name: str, number: int) -> None:
    if not 0 <= number < 2**256:
        raise BadInput(f"{name} must be between 0 and 2**256-1, not {number}")
