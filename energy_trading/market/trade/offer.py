"""An offer as it travels between people: its terms, what they hide, and the signature of one off chain."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from eth_utils.address import is_address, to_checksum_address
from eth_utils.crypto import keccak

from energy_trading.crypto._signatures import compact
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.files._json import exact, read_integer, reading, to_hex
from energy_trading.types import (
    MAX_UNITS,
    PLAIN_ENERGY_LIMIT,
    SIGNED_NONCE,
    TESTIMONY_NONCE,
    ZERO_ADDRESS,
    Domain,
    Energy,
    Terms,
)

ANYONE: Final = ZERO_ADDRESS


@dataclass(frozen=True)
class Offer:
    """A seller's terms together with the quantity in the clear; if that is hidden, for the parties only.

    Args:
        terms: the terms as hashed into the trade id.
        energy_wh: quantity, Wh.
        salt: opens the commitment of hidden energy, 32 bytes; None when the terms name the quantity.
        signature: the seller's, 64 bytes, for an offer signed off chain; None for an offer on chain.

    Raises:
        BadInput: the quantity is not the one that the terms hold.
    """

    terms: Terms
    energy_wh: int
    salt: bytes | None = field(default=None, repr=False)
    signature: bytes | None = None

    def __post_init__(self) -> None:
        if self.terms.energy != Energy.of(self.energy_wh, self.salt):
            raise BadInput(f"the quantity of {self.energy_wh} Wh is not the one that the terms hold")

    @property
    def trade_id(self) -> bytes:
        """Hash of the terms, 32 bytes."""
        return self.terms.struct_hash()

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`; it holds the salt, so a hidden offer goes to the buyer only.

        Integers beyond 2**53 are text, so that the offer survives other languages' readers.
        """
        return {
            "terms": terms_to_json(self.terms),
            "energy_wh": exact(self.energy_wh),
            "salt": None if self.salt is None else to_hex(self.salt),
            "signature": None if self.signature is None else to_hex(self.signature),
        }

    @classmethod
    def from_json(cls, value: Any) -> Offer:
        """Read the object of `to_json`.

        Raises:
            BadInput: a field is missing or malformed.
        """
        with reading("offer"):
            terms = terms_from_json(value["terms"])
            salt, signature = (None if value[n] is None else _bytes(value[n]) for n in ("salt", "signature"))
            return cls(terms, read_integer(value["energy_wh"], "energy_wh"), salt, signature)


@dataclass(frozen=True)
class Trade:
    """An accepted offer.

    Args:
        offer: the offer.
        buyer: account that accepted it.
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
    testimony: bool = False,
    nonce: int | None = None,
) -> Offer:
    """Write an offer down; nothing is sent.

    Args:
        seller: account that promises the energy.
        energy_wh: quantity, Wh, 1 … 2**64-1.
        price: price of the whole quantity in units of account, 1 … 2**63-1.
        accept_by: unix seconds, half open.
        deliver_by: unix seconds, half open, after `accept_by`.
        buyer: account the offer is reserved for; None for anyone.
        hidden: put a commitment into the terms in place of the quantity (N-5).
        signed: make an offer that stays off chain until it is accepted.
        testimony: let the seller's meter testify (N-3): without it a silent buyer makes the seller default.
        nonce: below 2**64, distinguishes equal offers; None draws one.

    Returns:
        The offer, not yet signed.

    Raises:
        BadInput: a value is out of range.

    Source:
        N-1, N-5.
    """
    for name, account in (("seller", seller), ("buyer", buyer or ANYONE)):
        if not is_address(account):
            raise BadInput(f"the {name} must be an address, not {account!r}")
    if not 0 < energy_wh < PLAIN_ENERGY_LIMIT:
        raise BadInput(f"the energy must be between 1 and 2**64-1 Wh, not {energy_wh}")
    if not 0 < price <= MAX_UNITS:
        raise BadInput(f"the price must be between 1 and 2**63-1 units, not {price}")
    if not 0 <= accept_by < deliver_by < 2**64:
        raise BadInput(f"accept_by must be before deliver_by, but they are {accept_by} and {deliver_by}")
    if nonce is None:
        nonce = secrets.randbits(64)
    elif not 0 <= nonce < 2**64:
        raise BadInput(f"the nonce must be between 0 and 2**64-1, not {nonce}")
    salt = secrets.token_bytes(32) if hidden else None
    terms = Terms(
        to_checksum_address(seller),
        to_checksum_address(buyer or ANYONE),
        Energy.of(energy_wh, salt),
        price,
        accept_by,
        deliver_by,
        nonce | (SIGNED_NONCE if signed else 0) | (TESTIMONY_NONCE if testimony else 0),
    )
    return Offer(terms, energy_wh, salt)


def sign_offer(offer: Offer, key: SecretKey, domain: Domain) -> Offer:
    """Sign an offer that stays off chain.

    Args:
        offer: made with ``signed=True``.
        key: the seller's.
        domain: the OfferMarket's.

    Returns:
        The offer with its signature.

    Raises:
        BadInput: the key is not the seller's, or the offer was made to be sent to the chain.

    Source:
        EIP-712, EIP-2098 (N-1).
    """
    if key.address != offer.terms.seller:
        raise BadInput(f"the key is that of {key.address}; the seller is {offer.terms.seller}")
    if not offer.terms.nonce & SIGNED_NONCE:
        raise BadInput("only an offer made with signed=True can be signed; this one is for the chain")
    signature = compact(key.sign_digest(domain.digest(offer.terms)))
    return Offer(offer.terms, offer.energy_wh, offer.salt, signature)


def terms_to_json(terms: Terms) -> dict[str, Any]:
    """Return terms for `json.dumps`; integers beyond 2**53 are text."""
    return {**exact(asdict(terms)), "energy": to_hex(terms.energy)}


def terms_from_json(value: Any) -> Terms:
    """Read the object of `terms_to_json`, with its integers as numbers or as text.

    Raises:
        BadInput: a field is missing or malformed, or an integer does not fit into a call. The contract
            checks the rest.
    """
    with reading("terms"):
        numbers = ("price", "accept_by", "deliver_by", "nonce")
        return Terms(
            to_checksum_address(value["seller"]),
            to_checksum_address(value["buyer"]),
            Energy(_bytes(value["energy"])),
            **{name: read_integer(value[name], name, most=2**256 - 1) for name in numbers},
        )


def receipt_key(signer: bytes) -> bytes:
    """Return the hash by which the contract knows an ERC-7913 signer, 32 bytes."""
    return keccak(signer)


def _bytes(text: str) -> bytes:
    if not text.startswith("0x"):
        raise BadInput("bytes must be hex that begins with 0x")  # not repeated: it may be the salt
    return bytes.fromhex(text[2:])
