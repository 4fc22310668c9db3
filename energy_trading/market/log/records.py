"""What the log states of a trade, an auction, a lot or a credit, also after it has ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from energy_trading.bindings.contract import Event
from energy_trading.bindings.energy_ledger import CreditChanged, DefaultRecorded, DeliveryRecorded
from energy_trading.bindings.sealed_bid_auction import AuctionSettled, LotAwarded, QuoteSealed
from energy_trading.market.log.event_json import to_plain
from energy_trading.types import ZERO_ADDRESS, AuctionTerms, Cause, Terms

OPEN: Final = "open"
ACCEPTED: Final = "accepted"
DELIVERED: Final = "delivered"
DELIVERED_SHORT: Final = "delivered short"
UNPAID: Final = "not paid"
PAID_SHORT: Final = "paid short"
TESTIFIED: Final = "testified"
TRADE_STATES: Final = (
    OPEN,
    ACCEPTED,
    DELIVERED,
    DELIVERED_SHORT,
    "withdrawn",
    "not accepted",
    UNPAID,
    "not delivered",
    "testified and not answered",
    PAID_SHORT,
    TESTIFIED,
)
"""States of a trade; only the first two and the last two can still change."""
AUCTION_STATES: Final = ("quoting", "key disclosed", "settled", "closed", "forfeited")
"""States of an auction. A closed one had no quote; a deadline that passes does not show in the log."""
HELD: Final = "held"
LOT_STATES: Final = (HELD, "retired", "split", "merged")
"""States of a lot; only the first can still change."""
WAYS: Final = ("minted", "split", "merged", "exchanged", "delivered", "transferred")
"""How a lot became its owner's: the first three ways made it, the others changed its owner."""

_E9_MASK: Final = 2**40 - 1
_PLACES: Final = (0, 40, 80, 120)
"""Where the credits of a `DeliveryRecorded` begin, in bits."""


@dataclass(frozen=True)
class TradeRecord:
    """An offer and what became of it.

    Args:
        trade_id: hash of the terms, 32 bytes.
        terms: the terms as offered.
        block: block in which it was offered, or accepted if it was signed off chain.
        state: one of `TRADE_STATES`.
        buyer: account that accepted; None if nobody did.
        receipt_key: keccak256 of the signer named at acceptance, 32 bytes; None if nobody accepted.
        paid: units of account that the seller earned, fee included; None until that is settled.
        cut: units of the guarantee that went to the treasury; None until the trade has ended.
        delivered_wh: Wh that were delivered, at most those agreed; None until the trade has ended, and if
            all of a hidden quantity was delivered.
        by_lots: whether lots were delivered in place of a receipt.
    """

    trade_id: bytes
    terms: Terms
    block: int
    state: str = OPEN
    buyer: str | None = None
    receipt_key: bytes | None = None
    paid: int | None = None
    cut: int | None = None
    delivered_wh: int | None = None
    by_lots: bool = False

    @property
    def is_open(self) -> bool:
        """Whether the trade has not ended."""
        return self.state in (OPEN, ACCEPTED, PAID_SHORT, TESTIFIED)

    @property
    def was_delivered(self) -> bool:
        """Whether a delivery was paid, in full or short; nothing can change quantity or payment after it."""
        return self.state in (DELIVERED, DELIVERED_SHORT, PAID_SHORT)

    @property
    def energy_wh(self) -> int | None:
        """Quantity in Wh; None where the terms hide it (N-5)."""
        return self.terms.energy.wh if self.terms.energy.is_plain else None

    def to_dict(self) -> dict[str, Any]:
        """Return an object for `json.dumps`."""
        return {
            "trade_id": to_plain(self.trade_id),
            **to_plain(self.terms),
            "energy_wh": self.energy_wh,
            "reserved_for": None if self.terms.buyer == ZERO_ADDRESS else self.terms.buyer,
            "buyer": self.buyer,
            "block": self.block,
            "state": self.state,
            "paid": self.paid,
            "cut": self.cut,
        }


@dataclass(frozen=True)
class AuctionRecord:
    """An auction and what became of it.

    Args:
        auction_id: hash of the terms, 32 bytes.
        terms: the terms as posted.
        block: block in which it was posted.
        state: one of `AUCTION_STATES`.
        quotes: the sealed quotes, oldest first; a bidder may have several.
        key: the disclosed quote key as an integer; None while it is secret.
        awards: the lots won, in order.
        settled: how the auction was decided; None if it was not.
    """

    auction_id: bytes
    terms: AuctionTerms
    block: int
    state: str = "quoting"
    quotes: tuple[QuoteSealed, ...] = ()
    key: int | None = None
    awards: tuple[LotAwarded, ...] = ()
    settled: AuctionSettled | None = None

    @property
    def bidders(self) -> tuple[str, ...]:
        """Accounts that sealed the quotes, in order; one that sealed several is there as often."""
        return tuple(quote.bidder for quote in self.quotes)

    def to_dict(self) -> dict[str, Any]:
        """Return an object for `json.dumps`."""
        shown = ("lot", "winner", "quote", "price", "trade_id", "accept_by")
        return {
            "auction_id": to_plain(self.auction_id),
            **to_plain(self.terms),
            "block": self.block,
            "state": self.state,
            "quotes": len(self.quotes),
            "bidders": list(dict.fromkeys(self.bidders)),
            "awards": [{name: to_plain(getattr(award, name)) for name in shown} for award in self.awards],
        }


@dataclass(frozen=True)
class LotRecord:
    """A lot of energy and what became of it.

    Args:
        lot: id.
        owner: account that holds it, or held it last.
        producers: accounts whose injections are in it; there is more than one only after a merger.
        dso: accounts of the distribution system operator (DSO) that certified them, likewise.
        meters: keccak256 of the signers that read them, 32 bytes each, likewise.
        energy_wh: energy in Wh, the same for the whole life of the lot.
        slot_start: start of the delivery slot, unix seconds.
        block: block in which it was made.
        how: how it became the owner's, one of `WAYS`.
        state: one of `LOT_STATES`.
        trade_id: the last trade that it fulfilled, 32 bytes; None if there is none.
        nonce: the nonce that the next permit must carry.
        parents: ids of the lots it was made of; empty for a minted lot.
        steps: every event that made, moved or ended it, oldest first (see `fold`).
    """

    lot: int
    owner: str
    producers: tuple[str, ...]
    dso: tuple[str, ...]
    meters: tuple[bytes, ...]
    energy_wh: int
    slot_start: int
    block: int
    how: str = "minted"
    state: str = HELD
    trade_id: bytes | None = None
    nonce: int = 0
    parents: tuple[int, ...] = ()
    steps: tuple[Event, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return an object for `json.dumps`; the id is text, as other languages lose digits of a uint256."""
        shown = to_plain(self) | {"lot": str(self.lot)}
        return {name: shown[name] for name in shown if name not in ("nonce", "parents", "steps")}


@dataclass(frozen=True)
class ContactRecord:
    """Where an account can be reached, as it announced last with a lot (C-4, C-8).

    Args:
        account: txAddr, EIP-55 (eq 1).
        public_key: pubK, 33 bytes; empty if none was announced, or if it is not the account's.
        msg_addr: 32 bytes (eq 2).
        lot: id of the lot with which it was announced.
        block: block of the announcement.
    """

    account: str
    public_key: bytes
    msg_addr: bytes
    lot: int
    block: int

    def to_dict(self) -> dict[str, Any]:
        """Return an object for `json.dumps`; the id is text, as other languages lose digits of a uint256."""
        return to_plain(self) | {"lot": str(self.lot)}  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Change:
    """One change of a credit, unpacked from `CreditChanged` or from half a `DeliveryRecorded`.

    Args:
        account: account whose credit it is.
        cause: reason for the change.
        old_e9: credit before, scale 1e9.
        new_e9: credit after, scale 1e9.
        z: size of the trade in z units.
    """

    account: str
    cause: Cause
    old_e9: int
    new_e9: int
    z: int

    @property
    def is_buyers(self) -> bool:
        """Whether it is the account's buyer credit that changed, not its seller credit."""
        return self.cause in (Cause.BOUGHT, Cause.BUYER_DEFAULT)


@dataclass(frozen=True)
class CreditRecord:
    """A change of a credit and the default that came with it.

    Args:
        block: block of the change.
        change: the change.
        default: the default that the ledger recorded with it; None if it was no default.
    """

    block: int
    change: Change
    default: DefaultRecorded | None = None


def changes_in(event: Event) -> tuple[Change, ...]:
    """Return the changes of credits that an event states.

    Returns:
        Two changes for a delivery, the seller's first; one for a default or a withdrawal; otherwise none.

    Source:
        X-1, X-2; the packed words of `DeliveryRecorded` and `CreditChanged` in `IEnergyLedger`.
    """
    match event:
        case DeliveryRecorded():
            seller_old, seller_new, buyer_old, buyer_new = (event.change >> at & _E9_MASK for at in _PLACES)
            z = event.change >> 160
            return (
                Change(event.seller, Cause.SOLD, seller_old, seller_new, z),
                Change(event.buyer, Cause.BOUGHT, buyer_old, buyer_new, z),
            )
        case CreditChanged():
            packed = event.change
            old, new = packed >> 8 & _E9_MASK, packed >> 48 & _E9_MASK
            return (Change(event.account, Cause(packed & 0xFF), old, new, packed >> 88),)
    return ()
