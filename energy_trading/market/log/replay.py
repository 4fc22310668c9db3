"""The accounts that a market's log makes: the fold of the log, with the money and credit of the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from energy_trading.bindings import (
    SuiteParameters,
    energy_ledger,
    energy_lot,
    offer_market,
    sealed_bid_auction,
    slot_market,
    verifier_council,
)
from energy_trading.bindings.contract import Event
from energy_trading.bindings.suite import PARTS
from energy_trading.errors import Forged
from energy_trading.market.log.fold import ENDINGS, Fold
from energy_trading.market.log.records import Change, changes_in
from energy_trading.rules.auction import Auctions
from energy_trading.rules.credit import Standing, bought, buyer_default, seller_default, sold, withdrawn
from energy_trading.rules.ledger import Account, Ledger, opened
from energy_trading.rules.settlement import Short, Split, guarantee_up, paid_short, split
from energy_trading.rules.trade import Market
from energy_trading.types import AWARD_NONCE, ZERO_ADDRESS, Cause, CreditParameters, Domain, Outcome

#: how a standing changes, by the cause that the ledger states; a default does by `_DEFAULTS`
_RULES: Final[dict[Cause, Callable[[Standing, int, CreditParameters], Standing]]] = {
    Cause.SOLD: sold,
    Cause.BOUGHT: bought,
    Cause.WITHDRAWN: lambda standing, _, constants: withdrawn(standing, constants),
}
_DEFAULTS: Final = {Cause.SELLER_DEFAULT: seller_default, Cause.BUYER_DEFAULT: buyer_default}


class LogContradicted(Forged):
    """The log states a credit or a count of defaults that does not follow from the events before it."""


class Replay(Fold):
    """The fold of a log together with its accounts.

    Args:
        parameters: what was fixed when the market was deployed.

    Attributes:
        held: units of guarantee still held for an auction, by its id; it has no entry once nothing is.
        fees: wei of quotes' fees that an account has earned and not claimed.
        homes: account of each home of the slot market, by its number.
    """

    def __init__(self, parameters: SuiteParameters) -> None:
        super().__init__()
        addresses = {part.name: ZERO_ADDRESS for part in PARTS}
        fixed: dict[str, Any] = {x.name: x.argument(parameters, addresses) for x in PARTS if x.argument}
        nowhere = Domain("", 0, ZERO_ADDRESS)  # the log's signatures were checked on chain
        self._market = fixed["OfferMarket"]
        self._ledger = Ledger(fixed["EnergyLedger"], nowhere)
        market = Market(self._market, nowhere, self._ledger)
        self._auctions = Auctions(fixed["SealedBidAuction"], nowhere, market)
        self.held: dict[bytes, int] = {}
        self.fees: dict[str, int] = {}
        self.homes: dict[int, str] = {}
        self._bond = parameters.slots.bond

    @property
    def accounts(self) -> dict[str, Account]:
        """Account by address; addresses that the log never mentions are left out."""
        return self._ledger.accounts

    def account(self, address: str) -> Account:
        """Return an account, also one that the log never mentions."""
        return self._ledger.account(address)

    def fold(self, event: Event) -> None:
        """Take in one event; events must come in the chain's order.

        Args:
            event: of any contract; an event that changes nothing here is passed over.

        Raises:
            LogIncomplete: an earlier event is missing.
            LogContradicted: a credit is not the one that the rules give.
        """
        super().fold(event)
        for change in changes_in(event):
            if change.cause not in _DEFAULTS:
                after = _RULES[change.cause](
                    self.account(change.account).standing, change.z, self._ledger.constants
                )
                self._change_credit(change, after)
        match event:
            case energy_ledger.AccountOpened():
                account = opened(self.account(event.account), event.roles, self._ledger.constants)
                self.accounts[event.account] = account
            case energy_ledger.AccountSuspended() | energy_ledger.AccountReinstated():
                suspended = isinstance(event, energy_ledger.AccountSuspended)
                self.accounts[event.account] = replace(self.account(event.account), suspended=suspended)
            case energy_ledger.BanLifted():
                standing = self.account(event.account).standing
                self._check(event.account, "end of the ban", event.until, standing.banned_until)
                self._stand(event.account, replace(standing, banned_until=0))
            case energy_ledger.Deposited():
                self._move(event.account, event.amount)
            case energy_ledger.Withdrawn():
                self._move(event.account, -event.amount)
            case offer_market.RelayFeeTaken():
                self._move(event.buyer, -event.fee)
            case energy_ledger.RelayFeePaid():
                self._move(event.relayer, event.amount)
                if event.payer != ZERO_ADDRESS:  # else the buyers' `RelayFeeTaken` came before
                    self._move(event.payer, -event.amount)
            case energy_ledger.DefaultRecorded():
                self._record_default(event)
            case energy_lot.LotExchanged():
                self._move(event.buyer, -event.price)
                self._move(event.seller, event.price)
            case _:
                self._book_trade(event)
                self._book_auction(event)
                self._book_slots(event)

    def _book_trade(self, event: Event) -> None:
        if isinstance(event, offer_market.OfferMade) and not event.nonce & AWARD_NONCE:
            # The guarantee of an award is held since its auction was posted.
            guarantee = guarantee_up(event.price, self._market)
            self._move(event.seller, -guarantee, guarantee)
        elif isinstance(event, offer_market.OfferAccepted):
            self._move(event.buyer, -self.trade(event.trade_id).terms.price)
        elif isinstance(event, offer_market.PaidShort):
            trade = self.trade(event.trade_id)
            short = Short(event.payment, event.cut, True)  # a default or not is the ledger's own event
            parts = paid_short(trade.terms.price, short, self._market)
            self._ledger.settle(trade.terms.seller, trade.buyer or ZERO_ADDRESS, parts, 0)
        elif isinstance(event, offer_market.ShortSettled):
            terms = self.trade(event.trade_id).terms
            guarantee = guarantee_up(terms.price, self._market)
            parts = Split(guarantee, guarantee - event.cut, 0, event.cut, 0, Outcome.NONE)
            self._ledger.settle(terms.seller, ZERO_ADDRESS, parts, 0)
        elif isinstance(event, ENDINGS):
            trade = self.trade(event.trade_id)
            price, buyer = trade.terms.price, trade.buyer
            # What the ending does to a standing comes with the ledger's own event.
            none = Outcome.NONE
            parts = split(price, trade.paid or 0, trade.cut or 0, buyer is not None, none, self._market)
            self._ledger.settle(trade.terms.seller, buyer or ZERO_ADDRESS, parts, 0)

    def _book_auction(self, event: Event) -> None:
        match event:
            case sealed_bid_auction.AuctionPosted():
                guarantee = self._auctions.guarantee_of(event.terms)
                self.held[event.auction_id] = guarantee
                self._move(event.publisher, -guarantee, guarantee)
            case sealed_bid_auction.LotAwarded():
                price = self.trade(event.trade_id).terms.price
                self.held[event.auction_id] -= guarantee_up(price, self._market)
            case sealed_bid_auction.AuctionSettled() | sealed_bid_auction.AuctionClosed():
                rest = self.held[event.auction_id]
                self._release(event.auction_id, Split(rest, rest, 0, 0, 0, Outcome.NONE))
            case sealed_bid_auction.GuaranteeForfeited():
                quotes = len(self.auction(event.auction_id).quotes)
                rest = self.held[event.auction_id] - event.share * quotes
                self._release(event.auction_id, Split(rest, 0, 0, rest, 0, Outcome.NONE))
            case sealed_bid_auction.BidderCompensated():
                parts = Split(event.share, 0, event.share, 0, 0, Outcome.NONE)
                self._release(event.auction_id, parts, event.bidder)
            case sealed_bid_auction.FeesEarned():
                self.fees[event.account] = self.fees.get(event.account, 0) + event.amount
            case sealed_bid_auction.FeesClaimed():
                self.fees[event.account] -= event.amount
            case sealed_bid_auction.ShareForfeited():
                self._release(event.auction_id, Split(event.share, 0, 0, event.share, 0, Outcome.NONE))

    def _book_slots(self, event: Event) -> None:
        """What the slot market and its council hold is theirs until it is paid out or collected."""
        match event:
            case slot_market.Joined():
                self.homes[event.home] = event.account
            case slot_market.Locked():
                self._move(self.homes[event.home], -event.amount)
            case slot_market.Exited():
                self._move(self.homes[event.home], event.amount)
            case slot_market.Demanded():
                if event.challenger != self.homes[event.home]:  # a home's own demand needs no bond
                    self._move(event.challenger, -self._bond)
            case verifier_council.Applied():
                self._move(event.candidate, -event.stake)
            case slot_market.Collected() | verifier_council.Collected():
                self._move(event.account, event.amount)

    def _release(self, auction_id: bytes, parts: Split, bidder: str = ZERO_ADDRESS) -> None:
        self._ledger.settle(self.auction(auction_id).terms.publisher, bidder, parts, 0)
        self.held[auction_id] -= parts.unhold
        if self.held[auction_id] == 0:
            del self.held[auction_id]

    def _move(self, address: str, available: int, held: int = 0) -> None:
        if available or held:
            account = self.account(address)
            moved = replace(account, available=account.available + available, held=account.held + held)
            self.accounts[address] = moved

    def _record_default(self, event: energy_ledger.DefaultRecorded) -> None:
        """Take in a default and the change of the credit that the ledger logged just before it."""
        change = self.credits[event.account][-1].change
        standing = self.account(event.account).standing
        # The block's time and that of the agreement are not in the log, but a step states the former, and
        # that there is none means that the latter was before the last step.
        is_step = (event.steps, event.last_step_at) != (standing.steps, standing.last_step_at)
        agreed_at = standing.last_step_at if is_step else standing.last_step_at - 1
        rule, constants = _DEFAULTS[change.cause], self._ledger.constants
        after = rule(standing, change.z, event.last_step_at, constants, agreed_at)
        self._check(event.account, "number of defaults", event.defaults, after.defaults)
        self._check(event.account, "number of steps", event.steps, after.steps)
        self._check(event.account, "end of the ban", event.banned_until, after.banned_until)
        self._change_credit(change, after)

    def _change_credit(self, change: Change, after: Standing) -> None:
        standing = self.account(change.account).standing
        side = "buyer" if change.is_buyers else "seller"
        for when, stated, due in (("old", change.old_e9, standing), ("new", change.new_e9, after)):
            credit = due.buyer_credit_e9 if change.is_buyers else due.seller_credit_e9
            self._check(change.account, f"{when} {side} credit", stated, credit)
        self._stand(change.account, after)

    def _stand(self, address: str, standing: Standing) -> None:
        self.accounts[address] = replace(self.account(address), standing=standing)

    def _check(self, account: str, what: str, stated: int, due: int) -> None:
        if stated != due:
            raise LogContradicted(f"the log states {stated} as the {what} of {account}, and not {due}")


def replay(events: Iterable[Event], parameters: SuiteParameters) -> dict[str, Account]:
    """Rebuild every account from the log.

    Args:
        events: of all of the market's contracts from block 0 on, in the chain's order
            (`bindings.read_events`).
        parameters: what was fixed when the market was deployed.

    Returns:
        Account by address; addresses that the log never mentions are left out.

    Raises:
        LogIncomplete: an event is about a trade or an auction whose beginning is not in the log.
        LogContradicted: a credit is not the one that the rules give.
    """
    state = Replay(parameters)
    for event in events:
        state.fold(event)
    return state.accounts
