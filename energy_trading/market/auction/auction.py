"""A sealed-bid auction from every side: publish, quote, disclose, settle, forfeit, and what came of it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from eth_utils.address import is_address, to_checksum_address
from eth_utils.crypto import keccak

from energy_trading.bindings.contract import Call, Event, Sent
from energy_trading.bindings.sealed_bid_auction import (
    AuctionPosted,
    AuctionSettled,
    KeyDisclosed,
    LotAwarded,
    QuoteSealed,
    WrongReplay,
    WrongState,
)
from energy_trading.bindings.suite import Suite
from energy_trading.crypto.curve import address_of
from energy_trading.crypto.keys import SecretKey
from energy_trading.crypto.sealed_quote import SealedQuote, accumulate, seed
from energy_trading.crypto.signatures import compact
from energy_trading.errors import BadInput
from energy_trading.market.auction.quote_store import OwnQuote, QuoteStatus, QuoteStore
from energy_trading.market.trade.offer import Offer
from energy_trading.rules.auction import award_nonce, payment
from energy_trading.types import (
    MAX_LOT_WH,
    MAX_LOTS,
    MAX_UNITS,
    ZERO_ADDRESS,
    AuctionState,
    AuctionTerms,
    Energy,
    Quote,
    RelayedQuote,
    Terms,
)

if TYPE_CHECKING:
    from energy_trading.market.trade.trader import Trader

#: Gas that a transaction of a settlement may take, unless told otherwise; Osaka allows 16.7 M (EIP-7825).
CHUNK_GAS: Final = 10_000_000
#: What a chunk takes at most beside its quotes (eight awards), for each quote that is opened (all of them
#: ranked), and for each that is compensated (all by new accounts).
FIXED_GAS: Final = 600_000
SETTLE_GAS: Final = 13_000
COMPENSATE_GAS: Final = 34_000
Sender = SecretKey | str
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class SignedQuote:
    """A sealed quote that anyone may bring to the chain.

    Args:
        quote: bidder and sealed words.
        signature: the bidder's, 64 bytes.
    """

    quote: Quote
    signature: bytes


@dataclass(frozen=True)
class AwardedLot:
    """A lot and who won it.

    Args:
        lot: its place in the terms, from 0.
        winner: account.
        quote: what the winner quoted, units of account per kWh.
        price: what the winner pays, units of account per kWh.
        offer: the trade, which the winner accepts as any offer that is reserved for it.
    """

    lot: int
    winner: str
    quote: int
    price: int
    offer: Offer


@dataclass(frozen=True)
class AuctionResult:
    """What an auction ended with.

    Args:
        lots: that were won, largest first.
        runner_up: best bidder without a lot, who is bound to nothing; None if there is none.
        runner_up_quote: what it quoted, units of account per kWh; 0 if there is none.
    """

    lots: tuple[AwardedLot, ...]
    runner_up: str | None
    runner_up_quote: int


def make_auction_terms(
    publisher: str,
    quote_key: str,
    lots_wh: Sequence[int],
    start_price: int,
    ceiling: int,
    quote_until: int,
    disclose_until: int,
    pay_window: int,
    deliver_by: int,
    nonce: int | None = None,
) -> AuctionTerms:
    """Write an order down; nothing is sent.

    Args:
        publisher: account that sells.
        quote_key: address of the key that quotes are encrypted to: a `SecretKey`'s or a `Committee`'s.
        lots_wh: quantities in Wh by falling size, 1 … 8 of them.
        start_price: lowest valid quote, units of account per kWh.
        ceiling: highest valid quote; the guarantee is that of its payment.
        quote_until: unix seconds, half open.
        disclose_until: unix seconds, half open.
        pay_window: seconds that a winner has to pay, from the settlement on.
        deliver_by: unix seconds, half open.
        nonce: tells equal auctions apart; None draws one.

    Raises:
        BadInput: a value that the contract would refuse.

    Source:
        X-4 Table 2, X-8.
    """
    for name, account in (("publisher", publisher), ("quote key", quote_key)):
        if not is_address(account) or int(account, 16) == 0:
            raise BadInput(f"{name}: given {account!r}, allowed an address")
    lots = tuple(lots_wh)
    if not 0 < len(lots) <= MAX_LOTS or list(lots) != sorted(lots, reverse=True):
        raise BadInput(f"lots: given {lots}, allowed 1 … {MAX_LOTS} by falling size")
    if not 0 < lots[-1] <= lots[0] <= MAX_LOT_WH or payment(lots[-1], start_price) == 0:
        raise BadInput(
            f"lots: given {lots} Wh, allowed 1 … {MAX_LOT_WH}, each worth a unit at the start price"
        )
    if not 0 < start_price <= ceiling <= MAX_UNITS or payment(lots[0], ceiling) > MAX_UNITS:
        raise BadInput(f"prices: given {start_price} … {ceiling}, allowed 1 … {MAX_UNITS}, payments too")
    if not 0 <= quote_until < disclose_until < disclose_until + pay_window < deliver_by < 2**32:
        raise BadInput(
            f"deadlines: given {quote_until}, {disclose_until}, {pay_window} s to pay, {deliver_by}, "
            "allowed rising ones with time to pay and to deliver"
        )
    if nonce is None:
        nonce = secrets.randbits(64)
    return AuctionTerms(
        to_checksum_address(publisher),
        to_checksum_address(quote_key),
        start_price,
        ceiling,
        quote_until,
        disclose_until,
        pay_window,
        deliver_by,
        nonce,
        lots,
    )


class Auction:
    """One auction, for its publisher, its bidders and whoever settles it.

    Args:
        suite: the market.
        terms: the order.
        from_block: the log is read from here; any block up to the posting.
    """

    def __init__(self, suite: Suite, terms: AuctionTerms, from_block: int = 0) -> None:
        self.suite = suite
        self.terms = terms
        self.auction_id: bytes = keccak(terms.abi_encode())
        self._from_block = from_block

    @classmethod
    def find(cls, suite: Suite, auction_id: bytes, from_block: int = 0) -> Auction:
        """Find a published order in the log.

        Raises:
            BadInput: nobody published it since that block.
        """
        for event in suite.auction.events(from_block):
            if isinstance(event, AuctionPosted) and event.auction_id == auction_id:
                return cls(suite, event.terms, event.block_number)
        raise BadInput(f"auction: given 0x{auction_id.hex()}, allowed one posted since block {from_block}")

    @property
    def state(self) -> AuctionState:
        """Where it stands; over ones are NONE again, and `result` tells what came of them."""
        return AuctionState(self.suite.auction.state_of(self.auction_id)[0])

    def post(self, publisher: SecretKey) -> Sent:
        """Publish the order; the guarantee is held from now on.

        Raises:
            ContractRevert: the auction or the ledger refused.

        Source:
            X-4, X-8.
        """
        sent = self.suite.auction.post(self.terms).send(publisher)
        self._from_block = sent.block_number
        return sent

    def quotes(self) -> list[Quote]:
        """Return all sealed quotes from the log, oldest first."""
        return [Quote(e.bidder, e.cx, e.body) for e in self._events() if isinstance(e, QuoteSealed)]

    def relay(self, sender: Sender, signed: SignedQuote) -> Sent:
        """Bring a bidder's quote; the sender pays for the gas only.

        Source:
            X-5.
        """
        return self.suite.auction.quote_for(self.auction_id, signed.quote, signed.signature).send(sender)

    def disclose(self, sender: Sender, quote_key: SecretKey) -> Sent:
        """Disclose the key; a committee's comes from `Committee.disclose`. Settling does it as well.

        Source:
            X-6.
        """
        return self.suite.auction.disclose(self.terms, _scalar(quote_key)).send(sender)

    def settle_all(
        self,
        sender: Sender,
        quote_key: SecretKey | None = None,
        chunk_gas: int = CHUNK_GAS,
        progress: Progress = lambda _done, _all: None,
    ) -> AuctionResult:
        """Open all quotes and decide; goes on where a settlement, also somebody else's, stopped.

        Args:
            sender: pays for the gas; anyone.
            quote_key: the key; None takes it from the log.
            chunk_gas: gas of one transaction, at most.
            progress: told how many quotes are opened, of how many.

        Returns:
            The result, also of an auction that was settled before.

        Raises:
            BadInput: the key is not known, or the auction ended without a decision.
            ContractRevert: it is too early or too late for the key, or the key is wrong.

        Source:
            X-6, X-7.
        """
        key = quote_key or self.disclosed_key()
        if key is None:
            raise BadInput("quote key: given none, allowed the key of an auction that has not disclosed it")
        settle = self.suite.auction.settle
        self._in_chunks(
            lambda start, chunk: settle(self.terms, _scalar(key), start, chunk),
            sender,
            _chunk_size(chunk_gas, SETTLE_GAS),
            progress,
        )
        result = self.result()
        if result is None:
            raise BadInput(f"auction: given 0x{self.auction_id.hex()}, allowed one that comes to a decision")
        return result

    def forfeit(self, sender: Sender) -> Sent:
        """End an auction whose key did not come in time, or one that nobody quoted in.

        Source:
            X-6, N-7.
        """
        return self.suite.auction.forfeit(self.terms).send(sender)

    def compensate_all(
        self,
        sender: Sender,
        chunk_gas: int = CHUNK_GAS,
        progress: Progress = lambda _done, _all: None,
    ) -> None:
        """Pay all bidders their shares of a forfeited guarantee; arguments as `settle_all`.

        Source:
            X-6, N-7.
        """
        compensate = self.suite.auction.compensate
        self._in_chunks(
            lambda start, chunk: compensate(self.terms, start, chunk),
            sender,
            _chunk_size(chunk_gas, COMPENSATE_GAS),
            progress,
        )

    def disclosed_key(self) -> SecretKey | None:
        """Return the key from the log; None while it is secret."""
        for event in self._events():
            if isinstance(event, KeyDisclosed):
                return SecretKey.from_int(event.key)
        return None

    def result(self) -> AuctionResult | None:
        """Return what the log says the auction ended with; None if it was not decided (yet)."""
        events = self._events()
        ended = next((event for event in events if isinstance(event, AuctionSettled)), None)
        if ended is None:
            return None
        lots = tuple(self._lot(event) for event in events if isinstance(event, LotAwarded))
        runner_up = None if ended.runner_up == ZERO_ADDRESS else ended.runner_up
        return AuctionResult(lots, runner_up, ended.runner_up_quote)

    def offer_to_runner_up(self, trader: Trader, lot: int, accept_by: int) -> Offer:
        """Offer a lot that its winner did not pay to the runner-up, at the runner-up's own quote.

        The runner-up is bound to nothing: it accepts or lets the offer expire.

        Args:
            trader: the publisher.
            lot: its place in the terms.
            accept_by: unix seconds, half open.

        Raises:
            BadInput: there is no runner-up, or the trader is another.

        Source:
            X-7.
        """
        result = self.result()
        if result is None or result.runner_up is None:
            raise BadInput("runner-up: given an auction without one, allowed a settled one that has it")
        if trader.address != self.terms.publisher:
            raise BadInput(f"trader: given {trader.address}, allowed the publisher, {self.terms.publisher}")
        lot_wh = self.terms.lots_wh[lot]
        price = payment(lot_wh, result.runner_up_quote)
        return trader.offer(lot_wh, price, accept_by, self.terms.deliver_by, buyer=result.runner_up)

    def _lot(self, event: LotAwarded) -> AwardedLot:
        lot_wh = self.terms.lots_wh[event.lot]
        terms = Terms(
            self.terms.publisher,
            event.winner,
            Energy.plain(lot_wh),
            payment(lot_wh, event.price),
            event.accept_by,
            self.terms.deliver_by,
            award_nonce(self.auction_id, event.lot),
        )
        return AwardedLot(event.lot, event.winner, event.quote, event.price, Offer(terms, lot_wh))

    def _in_chunks(
        self,
        call: Callable[[int, Sequence[Quote]], Call[None]],
        sender: Sender,
        size: int,
        progress: Progress,
    ) -> None:
        """Replay the quotes from the newest to the oldest, so many in a transaction."""
        quotes = self.quotes()
        links = [seed(self.auction_id)]
        for quote in quotes:
            links.append(accumulate(links[-1], quote.bidder, _sealed(quote)))
        standing = self.suite.auction.state_of(self.auction_id)
        while standing[0] != AuctionState.NONE:
            if standing[2] not in links:
                raise BadInput(f"from block: given {self._from_block}, allowed one before the first quote")
            end = links.index(standing[2])
            start = max(0, end - size)
            refusal = None
            try:
                call(links[start], quotes[start:end]).send(sender)
                progress(len(quotes) - start, len(quotes))
            except (WrongReplay, WrongState) as error:
                refusal = error  # somebody else was faster, if it has moved
            before, standing = standing, self.suite.auction.state_of(self.auction_id)
            if refusal is not None and standing == before:
                raise refusal

    def _events(self) -> list[Event]:
        events = self.suite.auction.events(self._from_block)
        return [event for event in events if getattr(event, "auction_id", None) == self.auction_id]


class Bidder:
    """One account that quotes, with its own quotes on disk before they are sent.

    Args:
        suite: the market.
        key: the account's.
        store: the bidder's.
    """

    def __init__(self, suite: Suite, key: SecretKey, store: QuoteStore) -> None:
        self.suite = suite
        self.key = key
        self.store = store

    @property
    def address(self) -> str:
        """EIP-55 address of the account."""
        return self.key.address

    def quote(self, auction: Auction, quote_public_key: bytes, amount: int) -> OwnQuote:
        """Seal a quote and send it; quoting again can only raise.

        Args:
            auction: open for quotes.
            quote_public_key: the auction's key as its publisher or committee tells it, 33 bytes.
            amount: units of account per kWh.

        Raises:
            BadInput: the key is not the one in the terms, or the amount would not count.
            ContractRevert: the auction refused; the quote stays in the store, for `send_pending`.

        Source:
            X-5.
        """
        own = self._seal(auction, quote_public_key, amount)
        self._send(auction, own)
        return self.store.find(own.quote.cx)

    def sign_quote(self, auction: Auction, quote_public_key: bytes, amount: int) -> SignedQuote:
        """Seal and sign a quote that somebody else brings (`Auction.relay`); arguments as `quote`.

        Source:
            X-5; EIP-712, EIP-2098.
        """
        own = self._seal(auction, quote_public_key, amount)
        digest = self.suite.auction_domain.digest(
            RelayedQuote(auction.auction_id, self.address, own.quote.cx, own.quote.body)
        )
        return SignedQuote(_as_sent(own), compact(self.key.sign_digest(digest)))

    def send_pending(self, auction: Auction) -> list[OwnQuote]:
        """Send what the store has and the chain has not: after a crash, or for a relayer who did not.

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
                    self._send(auction, own)
                    sent.append(self.store.find(own.quote.cx))
        return sent

    def note_result(self, auction: Auction) -> list[AwardedLot]:
        """Note in the store which own quote won and which lost.

        Returns:
            The lots won, at most one; each is to be paid before its offer's `accept_by`.

        Raises:
            BadInput: the auction is not over.
        """
        if auction.state != AuctionState.NONE:
            raise BadInput(f"auction: given one that is {auction.state.name}, allowed one that is over")
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
        if address_of(quote_public_key) != terms.quote_key:
            raise BadInput(
                f"quote key: given that of {address_of(quote_public_key)}, allowed {terms.quote_key}'s"
            )
        if not terms.start_price <= amount <= terms.ceiling:
            raise BadInput(f"amount: given {amount}, allowed {terms.start_price} … {terms.ceiling}")
        if self.address == terms.publisher:
            raise BadInput(f"bidder: given {self.address}, the publisher, allowed anybody else")
        return self.store.seal(
            amount,
            quote_public_key,
            self.suite.chain.chain_id,
            self.suite.auction.address,
            auction.auction_id,
            self.address,
        )

    def _send(self, auction: Auction, own: OwnQuote) -> None:
        quote = _as_sent(own)
        self.suite.auction.quote(auction.auction_id, quote.cx, quote.body).send(self.key)
        self.store.mark(own.quote.cx, QuoteStatus.SENT)


def _chunk_size(chunk_gas: int, quote_gas: int) -> int:
    size = (chunk_gas - FIXED_GAS) // quote_gas
    if size < 1:
        raise BadInput(f"gas of a chunk: given {chunk_gas}, allowed {FIXED_GAS + quote_gas} or more")
    return size


def _as_sent(own: OwnQuote) -> Quote:
    return Quote(own.bidder, int.from_bytes(own.quote.cx, "big"), int.from_bytes(own.quote.body, "big"))


def _sealed(quote: Quote) -> SealedQuote:
    return SealedQuote(quote.cx.to_bytes(32, "big"), quote.body.to_bytes(32, "big"))


def _scalar(key: SecretKey) -> int:
    return int.from_bytes(key.reveal(), "big")
