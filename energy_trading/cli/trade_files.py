"""Offers by trade id or file, and receipts as files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from energy_trading.cli.acting import Desk
from energy_trading.errors import BadInput
from energy_trading.files._json import read_json

if TYPE_CHECKING:
    from energy_trading.bindings.offer_market import OfferAccepted
    from energy_trading.market.trade.offer import Offer
    from energy_trading.types import Delivery, Energy, Witness

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
        return Offer.from_json(read_json("OFFER", Path(name)))
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


def slot_of(desk: Desk, offer: Offer, start: str, end: str) -> tuple[int, int]:
    """Read ``--from`` and ``--to``, the times of delivery; both are unix seconds.

    Raises:
        BadInput: a time is malformed, or delivery would end too late for this offer.
    """
    slot = desk.time_of("--from", start), desk.time_of("--to", end)
    if slot[1] >= offer.terms.deliver_by:
        raise BadInput(f"--to must be before the offer's deliver-by, {offer.terms.deliver_by}, not {slot[1]}")
    return slot


def check_registered(desk: Desk, signer: bytes) -> None:
    """Check that a meter is the one registered for the sender, so that the market will take its receipts.

    Raises:
        BadInput: the ledger knows another meter, or none.
    """
    from energy_trading.files._json import to_hex
    from energy_trading.market.trade.offer import receipt_key

    if receipt_key(signer) != desk.suite.ledger.meter_of(desk.key.address):
        raise BadInput(f"{to_hex(signer)} is not the meter registered for {desk.address}")


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
    from energy_trading.files._json import to_hex
    from energy_trading.market.trade.offer import terms_to_json

    return {
        "terms": terms_to_json(delivery.terms),
        "buyer": delivery.buyer,
        "energy": to_hex(delivery.energy),
        "signer": to_hex(delivery.signer),
        "signature": to_hex(delivery.signature),
        "opening": _opening_to_json(delivery.energy, offer),
    }


def witness_to_json(witness: Witness, offer: Offer) -> dict[str, Any]:
    """Return a testimony for `json.dumps`; it reveals hidden energy only if less than agreed was fed in."""
    from energy_trading.files._json import exact, to_hex
    from energy_trading.market.trade.offer import terms_to_json

    return {
        "terms": terms_to_json(witness.terms),
        "buyer": witness.buyer,
        "receipt_signer": to_hex(witness.receipt_signer),
        "signer": to_hex(witness.signer),
        "energy": to_hex(witness.energy),
        "from": exact(witness.from_),
        "to": exact(witness.to),
        "signature": to_hex(witness.signature),
        "opening": _opening_to_json(witness.energy, offer),
    }


def witness_from_json(value: Any) -> tuple[Witness, tuple[int, bytes] | None]:
    """Read the object of `witness_to_json`; the contract checks what it states.

    Returns:
        The testimony, and quantity in Wh and salt if hidden energy has to be revealed, else None.

    Raises:
        BadInput: a field is missing or malformed.
    """
    from eth_utils.address import to_checksum_address

    from energy_trading.files._json import from_hex, read_integer, reading
    from energy_trading.market.trade.offer import terms_from_json
    from energy_trading.types import Energy, Witness

    with reading("testimony"):
        since, until = (read_integer(value[name], name, most=2**256 - 1) for name in ("from", "to"))
        named, signer, energy, signature = (
            from_hex(value[name], name) for name in ("receipt_signer", "signer", "energy", "signature")
        )
        buyer, terms = to_checksum_address(value["buyer"]), terms_from_json(value["terms"])
        witness = Witness(terms, buyer, named, signer, Energy(energy), since, until, signature)
        return witness, _opening_from_json(value["opening"])


def delivery_from_json(value: Any) -> tuple[Delivery, tuple[int, bytes] | None]:
    """Read the object of `delivery_to_json`; the contract checks what it states.

    Returns:
        The delivery, and quantity in Wh and salt if hidden energy has to be revealed, else None.

    Raises:
        BadInput: a field is missing or malformed.
    """
    from eth_utils.address import to_checksum_address

    from energy_trading.files._json import from_hex, reading
    from energy_trading.market.trade.offer import terms_from_json
    from energy_trading.types import Delivery, Energy

    with reading("receipt"):
        terms, opening = terms_from_json(value["terms"]), _opening_from_json(value["opening"])
        signer, energy, signature = (
            from_hex(value[name], name) for name in ("signer", "energy", "signature")
        )
        delivery = Delivery(terms, to_checksum_address(value["buyer"]), signer, Energy(energy), signature)
        return delivery, opening


def _opening_to_json(energy: Energy, offer: Offer) -> dict[str, Any] | None:
    """What reveals hidden energy, if the meter signed a plain quantity for it; else None."""
    from energy_trading.files._json import exact, to_hex

    if offer.salt is None or not energy.is_plain:
        return None
    return {"energy_wh": exact(offer.energy_wh), "salt": to_hex(offer.salt)}


def _opening_from_json(opening: Any) -> tuple[int, bytes] | None:
    from energy_trading.files._json import from_hex, read_integer

    if opening is None:
        return None
    energy_wh = read_integer(opening["energy_wh"], "energy_wh", most=2**256 - 1)
    return energy_wh, from_hex(opening["salt"], "salt", 32)
