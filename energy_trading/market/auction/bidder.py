"""The client of an account that quotes in auctions, with its own quotes on disk before they are sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from energy_trading.bindings.contract import Sent
from energy_trading.bindings.suite import Suite
from energy_trading.chain.connect import Sender
from energy_trading.crypto._curve import address_of
from energy_trading.crypto._signatures import compact
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.market._client import Client, OnSent
from energy_trading.market.auction.auction import Auction, AwardedLot
from energy_trading.market.auction.quote_store import OwnQuote, QuoteStatus, QuoteStore
from energy_trading.types import AuctionState, Quote, RelayedQuote

#: Seconds that an auction should leave to settle it, and its winners to pay.
LEAST_SETTLE_S: Final = 600
LEAST_PAY_S: Final = 600


class TightTerms(BadInput):
    """An auction leaves too little time to settle it or to pay, so quoting in it is not safe.

    Args:
        what: what there is too little time for.
        seconds: the time that the terms leave.
        least: the time that the bidder asks for.
    """

    def __init__(self, what: str, seconds: int, least: int) -> None:
        super().__init__(f"the terms leave {seconds} s to {what}, but this bidder asks for {least} s or more")
        self.what = what
        self.seconds = seconds
        self.least = least


@dataclass(frozen=True)
class SignedQuote:
    """A sealed quote that anyone may submit to the chain.

    Args:
        quote: bidder and sealed words.
        signature: the bidder's, 64 bytes.
    """

    quote: Quote
    signature: bytes


class Bidder(Client):
    """One account that quotes.

    Args:
        suite: the market.
        key: the account's secret key.
        store: where the account keeps its own quotes.
        on_sent: is called after every transaction with the name of the verb and the receipt.
        least_settle_s: seconds from disclose_until to settle_by below which the bidder does not quote.
        least_pay_s: seconds from settle_by to pay_by below which the bidder does not quote.
    """

    def __init__(
        self,
        suite: Suite,
        key: SecretKey,
        store: QuoteStore,
        on_sent: OnSent | None = None,
        least_settle_s: int = LEAST_SETTLE_S,
        least_pay_s: int = LEAST_PAY_S,
    ) -> None:
        super().__init__(suite, key, on_sent)
        self.store = store
        self.least_settle_s = least_settle_s
        self.least_pay_s = least_pay_s

    def quote(self, auction: Auction, quote_public_key: bytes, amount: int) -> OwnQuote:
        """Seal a quote and send it; quoting again can only raise the quote.

        Args:
            auction: open for quotes.
            quote_public_key: the auction's key as its publisher or committee announces it, 33 bytes.
            amount: units of account per kWh.

        Raises:
            BadInput: the key is not the one in the terms, or the amount would not count.
            TightTerms: the auction leaves too little time to settle it, or to pay.
            ContractRevert: the auction refused; the quote stays in the store, for `send_pending`.

        Source:
            X-5.
        """
        own = self._seal(auction, quote_public_key, amount)
        return self._send_quote(auction, own)

    def sign_quote(self, auction: Auction, quote_public_key: bytes, amount: int) -> SignedQuote:
        """Seal and sign a quote for somebody else to submit (`relay`); the arguments are those of `quote`.

        Source:
            X-5; EIP-712, EIP-2098.
        """
        own = self._seal(auction, quote_public_key, amount)
        quote = _as_sent(own)
        digest = self.suite.auction_domain.digest(
            RelayedQuote(auction.auction_id, self.address, quote.cx, quote.body)
        )
        return SignedQuote(quote, compact(self.key.sign_digest(digest)))

    def send_pending(self, auction: Auction) -> list[OwnQuote]:
        """Send what is in the store but not on chain: after a crash, or if nobody submitted a signed quote.

        Returns:
            The quotes that were sent now.
        """
        on_chain = auction.quotes()
        sent = []
        for own in self.store.quotes(auction.auction_id):
            if own.status == QuoteStatus.SEALED:
                if _as_sent(own) in on_chain:
                    self.store.mark(own.quote.cx, QuoteStatus.SENT)
                else:
                    sent.append(self._send_quote(auction, own))
        return sent

    def note_result(self, auction: Auction) -> list[AwardedLot]:
        """Note in the store which own quote won and which lost.

        Returns:
            The lots won, at most one; each must be paid before its offer's `accept_by`.

        Raises:
            BadInput: the auction is not finished.
        """
        if auction.state != AuctionState.NONE:
            raise BadInput(f"the auction is not finished: its state is {auction.state.name}")
        result = auction.result()
        won = [lot for lot in result.lots if lot.winner == self.address] if result else []
        amounts = [lot.quote for lot in won]
        on_chain = auction.quotes()
        for own in self.store.quotes(auction.auction_id):
            is_won = own.amount in amounts and _as_sent(own) in on_chain
            self.store.mark(own.quote.cx, QuoteStatus.WON if is_won else QuoteStatus.LOST)
            if is_won:
                amounts.remove(own.amount)
        return won

    def _seal(self, auction: Auction, quote_public_key: bytes, amount: int) -> OwnQuote:
        terms = auction.terms
        key = address_of(quote_public_key)
        if key != terms.quote_key:
            raise BadInput(f"the quote key is that of {key}, but the terms name {terms.quote_key}")
        if not terms.start_price <= amount <= terms.ceiling:
            raise BadInput(
                f"the amount must be between {terms.start_price} and {terms.ceiling}, not {amount}"
            )
        if self.address == terms.publisher:
            raise BadInput(f"{self.address} is the auction's publisher, who may not quote in it")
        for what, seconds, least in (
            ("settle", terms.settle_by - terms.disclose_until, self.least_settle_s),
            ("pay", terms.pay_by - terms.settle_by, self.least_pay_s),
        ):
            if seconds < least:
                raise TightTerms(what, seconds, least)
        return self.store.seal(
            amount,
            quote_public_key,
            self.suite.chain.chain_id,
            self.suite.auction.address,
            auction.auction_id,
            self.address,
        )

    def _send_quote(self, auction: Auction, own: OwnQuote) -> OwnQuote:
        quote = _as_sent(own)
        fee = _quote_fee(self.suite)
        self._send("quote", self.suite.auction.quote(auction.auction_id, quote.cx, quote.body, value=fee))
        return self.store.mark(own.quote.cx, QuoteStatus.SENT)


def relay(suite: Suite, sender: Sender, auction: Auction, signed: SignedQuote) -> Sent:
    """Submit a bidder's signed quote; anyone may.

    Args:
        suite: the market.
        sender: pays for the gas and for nothing else.
        auction: open for quotes.
        signed: the bidder's, made by `Bidder.sign_quote`.

    Raises:
        ContractRevert: the auction refused.

    Source:
        X-5.
    """
    call = suite.auction.quote_for(
        auction.auction_id, signed.quote, signed.signature, value=_quote_fee(suite)
    )
    return call.send(sender)


def _quote_fee(suite: Suite) -> int:
    """Return what a quote costs beside its gas, in wei: whoever submits it pays, and nothing is returned."""
    return suite.auction.auction_parameters().quote_fee


def _as_sent(own: OwnQuote) -> Quote:
    return Quote(own.bidder, int.from_bytes(own.quote.cx, "big"), int.from_bytes(own.quote.body, "big"))
