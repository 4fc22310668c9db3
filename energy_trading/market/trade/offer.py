"""An offer as it travels between people: terms, what they hide, the signature of one kept off chain."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from eth_utils.address import is_address, to_checksum_address
from eth_utils.crypto import keccak

from energy_trading.crypto.keys import SecretKey
from energy_trading.crypto.signatures import compact
from energy_trading.errors import BadInput
from energy_trading.files.json import reading
from energy_trading.types import (
    MAX_UNITS,
    PLAIN_ENERGY_LIMIT,
    SIGNED_NONCE,
    ZERO_ADDRESS,
    Domain,
    Energy,
    Terms,
)

ANYONE: Final = ZERO_ADDRESS


@dataclass(frozen=True)
class Offer:
    """A seller's terms with the quantity in the clear; for the parties, where the quantity is hidden.

    Args:
        terms: as hashed into the trade id.
        energy_wh: quantity, Wh.
        salt: opens the commitment of hidden energy, 32 bytes; None when the terms name the quantity.
        signature: the seller's, 64 bytes, for an offer that is signed off chain; None for one on chain.

    Raises:
        BadInput: the quantity is not that of the terms.
    """

    terms: Terms
    energy_wh: int
    salt: bytes | None = field(default=None, repr=False)
    signature: bytes | None = None

    def __post_init__(self) -> None:
        """Refuse a quantity that the terms do not hold."""
        if self.terms.energy != Energy.of(self.energy_wh, self.salt):
            raise BadInput(f"energy: given {self.energy_wh} Wh, allowed the quantity of the terms")

    @property
    def trade_id(self) -> bytes:
        """Hash of the terms, 32 bytes."""
        return self.terms.struct_hash()

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`; it holds the salt, so hidden offers go to the buyer only."""
        return {
            "terms": {**asdict(self.terms), "energy": "0x" + self.terms.energy.hex()},
            "energy_wh": self.energy_wh,
            "salt": None if self.salt is None else "0x" + self.salt.hex(),
            "signature": None if self.signature is None else "0x" + self.signature.hex(),
        }

    @classmethod
    def from_json(cls, value: Any) -> Offer:
        """Read the object of `to_json`.

        Raises:
            BadInput: a field is missing or malformed.
        """
        with reading("offer"):
            raw = value["terms"]
            numbers = {n: int(raw[n]) for n in ("price", "accept_by", "deliver_by", "nonce")}
            terms = Terms(
                to_checksum_address(raw["seller"]),
                to_checksum_address(raw["buyer"]),
                Energy(_bytes(raw["energy"])),
                **numbers,
            )
            salt, signature = (None if value[n] is None else _bytes(value[n]) for n in ("salt", "signature"))
            return cls(terms, int(value["energy_wh"]), salt, signature)


@dataclass(frozen=True)
class Trade:
    """An accepted offer.

    Args:
        offer: what was accepted.
        buyer: account that accepted.
        receipt_key: keccak256 of the ERC-7913 signer named at acceptance, 32 bytes.
    """

    offer: Offer
    buyer: str
    receipt_key: bytes


def make_offer(
    seller: str,
    energy_wh: int,
    price: int,
    accept_by: int,
    deliver_by: int,
    *,
    buyer: str | None = None,
    hidden: bool = False,
    signed: bool = False,
    nonce: int | None = None,
) -> Offer:
    """Write terms down; nothing is sent.

    Args:
        seller: account.
        energy_wh: quantity, Wh, 1 … 2**64-1.
        price: whole price in units of account, 1 … 2**64-1.
        accept_by: unix seconds, half open.
        deliver_by: unix seconds, half open, after `accept_by`.
        buyer: account the offer is reserved for; None for anyone.
        hidden: put a commitment into the terms in place of the quantity (N-5).
        signed: for an offer that stays off chain until it is accepted.
        nonce: below 2**64, tells equal offers apart; None draws one.

    Raises:
        BadInput: a value out of range.

    Source:
        N-1, N-5.
    """
    for name, account in (("seller", seller), ("buyer", buyer or ANYONE)):
        if not is_address(account):
            raise BadInput(f"{name}: given {account!r}, allowed an address")
    if not 0 < energy_wh < PLAIN_ENERGY_LIMIT:
        raise BadInput(f"energy: given {energy_wh} Wh, allowed 1 … 2**64-1")
    if not 0 < price <= MAX_UNITS:
        raise BadInput(f"price: given {price} units, allowed 1 … {MAX_UNITS}")
    if not 0 <= accept_by < deliver_by < 2**64:
        raise BadInput(f"deadlines: given {accept_by}, {deliver_by}, allowed accept_by before deliver_by")
    if nonce is None:
        nonce = secrets.randbits(64)
    elif not 0 <= nonce < 2**64:
        raise BadInput(f"nonce: given {nonce}, allowed 0 … 2**64-1")
    salt = secrets.token_bytes(32) if hidden else None
    terms = Terms(
        to_checksum_address(seller),
        to_checksum_address(buyer or ANYONE),
        Energy.of(energy_wh, salt),
        price,
        accept_by,
        deliver_by,
        nonce | (SIGNED_NONCE if signed else 0),
    )
    return Offer(terms, energy_wh, salt)


def sign_offer(offer: Offer, key: SecretKey, domain: Domain) -> Offer:
    """Sign an offer that stays off chain.

    Args:
        offer: made with ``signed=True``.
        key: the seller's.
        domain: the OfferMarket's.

    Raises:
        BadInput: the key is not the seller's, or the offer is for the chain.

    Source:
        EIP-712, EIP-2098 (N-1).
    """
    if key.address != offer.terms.seller:
        raise BadInput(f"key: given that of {key.address}, allowed the seller's, {offer.terms.seller}")
    if not offer.terms.nonce & SIGNED_NONCE:
        raise BadInput("offer: given one for the chain, allowed one made with signed=True")
    signature = compact(key.sign_digest(domain.digest(offer.terms)))
    return Offer(offer.terms, offer.energy_wh, offer.salt, signature)


def receipt_key(signer: bytes) -> bytes:
    """Return what the contract keeps of an ERC-7913 signer, 32 bytes."""
    return keccak(signer)


def _bytes(text: str) -> bytes:
    if not text.startswith("0x"):
        raise BadInput(f"bytes: given {text[:12]!r}, allowed hex that begins with 0x")
    return bytes.fromhex(text[2:])
