"""The log alone rebuilds the state: a fold of a market's events into accounts, meters and open trades."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from energy_trading.bindings import SuiteParameters
from energy_trading.bindings.contract import Event
from energy_trading.bindings.energy_ledger import (
    AccountOpened,
    AccountReinstated,
    AccountSuspended,
    CreditChanged,
    DefaultRecorded,
    DeliveryRecorded,
    Deposited,
    KeyRootPublished,
    KeyRootRevoked,
    MeterRegistered,
    MeterRemoved,
    Withdrawn,
)
from energy_trading.bindings.energy_lot import LotExchanged
from energy_trading.bindings.offer_market import (
    AwardUnpaid,
    DeliveredShort,
    DeliveryConfirmed,
    OfferAccepted,
    OfferExpired,
    OfferMade,
    OfferWithdrawn,
    TradeExpired,
)
from energy_trading.bindings.sealed_bid_auction import (
    AuctionClosed,
    AuctionPosted,
    AuctionSettled,
    BidderCompensated,
    GuaranteeForfeited,
    LotAwarded,
    QuoteSealed,
)
from energy_trading.errors import Forged
from energy_trading.rules.auction import payment
from energy_trading.rules.credit import WINDOW_LENGTH
from energy_trading.rules.ledger import UNOPENED, Account, opened
from energy_trading.rules.settlement import fee_down, guarantee_up
from energy_trading.types import AWARD_NONCE, Cause, Terms

_E9_MASK: Final = 2**40 - 1
_PLACES: Final = (0, 40, 80, 120)
"""Where the credits of a `DeliveryRecorded` begin, in bits."""


class LogIncomplete(Forged):
    """An event speaks of a trade or auction whose beginning is not in the log: read it from block 0."""


@dataclass(frozen=True)
class OpenTrade:
    """An offer or trade that is not over.

    Args:
        terms: as offered.
        buyer: who accepted; None: nobody yet.
        receipt_key: keccak256 of the signer named at acceptance; None: nobody accepted yet.
    """

    terms: Terms
    buyer: str | None = None
    receipt_key: bytes | None = None


@dataclass(frozen=True)
class OpenAuction:
    """An auction that is not over.

    Args:
        publisher: account whose guarantee is held.
        held: what is held of it, units; awards take their own guarantees over.
        quotes: how many were sealed.
    """

    publisher: str
    held: int
    quotes: int = 0


@dataclass(frozen=True)
class Change:
    """One credit's change, as `CreditChanged` or half a `DeliveryRecorded` has it packed.

    Args:
        account: whose credit.
        cause: why.
        old_e9: credit before, scale 1e9.
        new_e9: credit after, scale 1e9.
        z: size of the trade.
    """

    account: str
    cause: Cause
    old_e9: int
    new_e9: int
    z: int


def changes_in(event: Event) -> tuple[Change, ...]:
    """Return what an event says of credits: a delivery two changes, the seller's first; most events none.

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


class Replay:
    """State after the events folded so far.

    Args:
        parameters: what was fixed when the market was deployed.
    """

    def __init__(self, parameters: SuiteParameters) -> None:
        p = parameters
        self._treasury = p.treasury
        self._credit = p.credit
        self._market = p.market()
        self.accounts: dict[str, Account] = {}
        self.meters: dict[str, bytes] = {}
        self.key_roots: dict[int, bytes] = {}
        self.trades: dict[bytes, OpenTrade] = {}
        self.auctions: dict[bytes, OpenAuction] = {}

    def account(self, address: str) -> Account:
        """Return an account, also one the log never mentions."""
        return self.accounts.get(address, UNOPENED)

    def fold(self, event: Event) -> None:
        """Take one event in; the order is the chain's.

        Args:
            event: of the ledger or a market; others are left out.

        Raises:
            LogIncomplete: an earlier event is missing.
        """
        match event:
            case AccountOpened():
                self.accounts[event.account] = opened(self.account(event.account), event.roles, self._credit)
            case AccountSuspended() | AccountReinstated():
                suspended = isinstance(event, AccountSuspended)
                self.accounts[event.account] = replace(self.account(event.account), suspended=suspended)
            case Deposited():
                self._move(event.account, event.amount)
            case Withdrawn():
                self._move(event.account, -event.amount)
            case DeliveryRecorded() | CreditChanged():
                for change in changes_in(event):
                    self._change_credit(change)
            case DefaultRecorded():
                account = self.account(event.account)
                standing = replace(account.standing, defaults=event.defaults, banned_until=event.banned_until)
                self.accounts[event.account] = replace(account, standing=standing)
            case MeterRegistered():
                self.meters[event.account] = event.signer
            case MeterRemoved():
                del self.meters[event.account]
            case KeyRootPublished():
                self.key_roots[event.epoch] = event.root
            case KeyRootRevoked():
                del self.key_roots[event.epoch]
            case LotExchanged():
                self._move(event.buyer, -event.price)
                self._move(event.seller, event.price)
            case _:
                self._fold_trade(event)

    def _fold_trade(self, event: Event) -> None:
        match event:
            case OfferMade():
                terms = Terms(
                    event.seller,
                    event.buyer,
                    event.energy,
                    event.price,
                    event.accept_by,
                    event.deliver_by,
                    event.nonce,
                )
                self.trades[event.trade_id] = OpenTrade(terms)
                if not terms.nonce & AWARD_NONCE:  # an award's is held since its auction
                    guarantee = guarantee_up(terms.price, self._market)
                    self._move(terms.seller, -guarantee, guarantee)
            case OfferAccepted():
                made = self._trade(event.trade_id)
                self.trades[event.trade_id] = OpenTrade(made.terms, event.buyer, event.receipt_key)
                self._move(event.buyer, -made.terms.price)
            case DeliveryConfirmed():
                self._end(event.trade_id, self._trade(event.trade_id).terms.price, 0)
            case DeliveredShort():
                self._end(event.trade_id, event.payment, event.cut)
            case OfferWithdrawn() | TradeExpired():
                self._end(event.trade_id, 0, event.cut)
            case OfferExpired() | AwardUnpaid():
                self._end(event.trade_id, 0, 0)
            case _:
                self._fold_auction(event)

    def _fold_auction(self, event: Event) -> None:
        match event:
            case AuctionPosted():
                held = sum(
                    guarantee_up(payment(lot_wh, event.terms.ceiling), self._market)
                    for lot_wh in event.terms.lots_wh
                )
                self._move(event.publisher, -held, held)
                self.auctions[event.auction_id] = OpenAuction(event.publisher, held)
            case QuoteSealed():
                auction = self._auction(event.auction_id)
                self.auctions[event.auction_id] = replace(auction, quotes=auction.quotes + 1)
            case LotAwarded():
                guarantee = guarantee_up(self._trade(event.trade_id).terms.price, self._market)
                self._take(event.auction_id, guarantee)
            case AuctionSettled() | AuctionClosed():
                auction = self._auction(event.auction_id)
                del self.auctions[event.auction_id]
                self._move(auction.publisher, auction.held, -auction.held)
            case GuaranteeForfeited():
                auction = self._auction(event.auction_id)
                to_treasury = auction.held - event.share * auction.quotes
                self._move(auction.publisher, 0, -to_treasury)
                self._move(self._treasury, to_treasury)
                self._pay_out(event.auction_id, to_treasury)
            case BidderCompensated():
                self._move(self._auction(event.auction_id).publisher, 0, -event.share)
                self._move(event.bidder, event.share)
                self._pay_out(event.auction_id, event.share)

    def _auction(self, auction_id: bytes) -> OpenAuction:
        if auction_id not in self.auctions:
            raise LogIncomplete(f"auction 0x{auction_id.hex()}: given no order, allowed the log from block 0")
        return self.auctions[auction_id]

    def _take(self, auction_id: bytes, amount: int) -> None:
        auction = self._auction(auction_id)
        self.auctions[auction_id] = replace(auction, held=auction.held - amount)

    def _pay_out(self, auction_id: bytes, amount: int) -> None:
        self._take(auction_id, amount)
        if self.auctions[auction_id].held == 0:
            del self.auctions[auction_id]

    def _trade(self, trade_id: bytes) -> OpenTrade:
        if trade_id not in self.trades:
            raise LogIncomplete(f"trade 0x{trade_id.hex()}: given no offer, allowed the log from block 0")
        return self.trades[trade_id]

    def _end(self, trade_id: bytes, payment: int, cut: int) -> None:
        trade = self._trade(trade_id)
        del self.trades[trade_id]
        guarantee = guarantee_up(trade.terms.price, self._market)
        fee = fee_down(payment, self._market)
        self._move(trade.terms.seller, guarantee - cut + payment - fee, -guarantee)
        if trade.buyer is not None:
            self._move(trade.buyer, trade.terms.price - payment)
        self._move(self._treasury, fee + cut)

    def _move(self, address: str, available: int, held: int = 0) -> None:
        if available or held:
            account = self.account(address)
            self.accounts[address] = replace(
                account, available=account.available + available, held=account.held + held
            )

    def _change_credit(self, change: Change) -> None:
        account = self.account(change.account)
        standing = account.standing
        window = standing.purchases if change.cause in (Cause.BOUGHT, Cause.BUYER_DEFAULT) else standing.sales
        pushed = (window << 8 | change.z) % 2 ** (8 * WINDOW_LENGTH)
        if change.cause in (Cause.BOUGHT, Cause.BUYER_DEFAULT):
            standing = replace(standing, buyer_credit_e9=change.new_e9, purchases=pushed)
        elif change.cause == Cause.WITHDRAWN:
            standing = replace(standing, seller_credit_e9=change.new_e9)
        else:
            standing = replace(standing, seller_credit_e9=change.new_e9, sales=pushed)
        self.accounts[change.account] = replace(account, standing=standing)


def replay(events: Iterable[Event], parameters: SuiteParameters) -> dict[str, Account]:
    """Rebuild every account from the log.

    Args:
        events: of ledger and market from block 0 on, in the chain's order (`bindings.read_events`).
        parameters: what was fixed when the market was deployed.

    Returns:
        Account by address; addresses the log never mentions are left out.

    Raises:
        LogIncomplete: an event's trade is not in the log.
    """
    state = Replay(parameters)
    for event in events:
        state.fold(event)
    return state.accounts
