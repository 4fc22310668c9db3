"""The auctions of `SealedBidAuction`, in Python: the same steps, the same refusals in the same order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, NoReturn

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from energy_trading.rules.gsp import AuctionRules, OpenedQuote, Ranking, award, settle_chunk
from energy_trading.rules.ledger import Refused
from energy_trading.rules.settlement import Split, guarantee_up
from energy_trading.rules.trade import Market
from energy_trading.types import (
    AWARD_NONCE,
    BPS,
    MAX_LOT_WH,
    MAX_LOTS,
    MAX_UNITS,
    WH_PER_KWH,
    ZERO_ADDRESS,
    AuctionState,
    AuctionTerms,
    Energy,
    Outcome,
    Role,
    Terms,
)

_LAST_SECOND: Final = 2**32 - 1


@dataclass(frozen=True)
class Chunk:
    """Quotes as a call brings them, already replayed and opened by cryptography.

    Args:
        begin: hash chain before the first.
        end: hash chain after the last.
        quotes: the oldest first; an amount is None where the call's key opens garbage.
    """

    begin: int
    end: int
    quotes: tuple[OpenedQuote, ...]


@dataclass(frozen=True)
class OpenAuction:
    """An auction that is not over.

    Args:
        seed: hash chain before the first quote.
        quote_until: unix seconds, half open.
        accumulator: hash chain up to the last quote that was not replayed yet.
        count: quotes sealed.
        stage: quoting (also after its end), disclosed or forfeited.
        ranking: best bidders of the chunks replayed so far.
    """

    seed: int
    quote_until: int
    accumulator: int
    count: int = 0
    stage: AuctionState = AuctionState.QUOTING
    ranking: Ranking = ()


@dataclass(frozen=True)
class Result:
    """What an auction ended with.

    Args:
        awards: trades of the lots that were won, the largest lot first.
        quotes: what their winners quoted, units per kWh.
        prices: what they pay, units per kWh.
        runner_up: best bidder without a lot; the zero address if there is none.
        runner_up_quote: units per kWh; 0 if there is none.
    """

    awards: tuple[Terms, ...]
    quotes: tuple[int, ...]
    prices: tuple[int, ...]
    runner_up: str
    runner_up_quote: int


def payment(lot_wh: int, price_per_kwh: int) -> int:
    """Return what a lot costs, units of account, rounded down (X-7)."""
    return lot_wh * price_per_kwh // WH_PER_KWH


def award_nonce(auction_id: bytes, lot: int) -> int:
    """Return the nonce of the trade that a lot becomes (X-7)."""
    drawn = int.from_bytes(keccak(encode(["bytes32", "uint256"], [auction_id, lot])), "big")
    return AWARD_NONCE | drawn >> 2


class Auctions:
    """All auctions of one market; an auction is named by the hash of its terms.

    Args:
        market: where awards become trades.
        bidders_bps: share of a forfeited guarantee that goes to the bidders, hundredths of a per cent.
        max_duration: longest time from now to deliver_by in seconds.
        trade_id: hashes the terms of an award.
    """

    def __init__(
        self, market: Market, bidders_bps: int, max_duration: int, trade_id: Callable[[Terms], bytes]
    ) -> None:
        self.market = market
        self.ledger = market.ledger
        self.bidders_bps = bidders_bps
        self.max_duration = max_duration
        self.trade_id = trade_id
        self.auctions: dict[bytes, OpenAuction] = {}

    def state(self, auction_id: bytes, now: int) -> AuctionState:
        """Return where an auction stands."""
        auction = self.auctions.get(auction_id)
        if auction is None:
            return AuctionState.NONE
        if auction.stage == AuctionState.QUOTING and now >= auction.quote_until:
            return AuctionState.AWAITING_KEY
        return auction.stage

    def guarantee(self, terms: AuctionTerms) -> int:
        """Return what is held of the publisher: the guarantees of the highest payments, units."""
        constants = self.market.constants
        return sum(guarantee_up(payment(lot_wh, terms.ceiling), constants) for lot_wh in terms.lots_wh)

    def share(self, auction_id: bytes, terms: AuctionTerms) -> int:
        """Return what each quote's bidder has of a forfeited guarantee, units, rounded down."""
        return self.guarantee(terms) * self.bidders_bps // BPS // self.auctions[auction_id].count

    def post(self, caller: str, auction_id: bytes, seed: int, terms: AuctionTerms, now: int) -> None:
        """Publish an order (X-4, X-8).

        Args:
            caller: who posts.
            auction_id: hash of the terms.
            seed: hash chain before the first quote.
            terms: the order.
            now: unix seconds.

        Raises:
            Refused: as `SealedBidAuction.post`.
        """
        if caller != terms.publisher:
            raise Refused("SealedBidAuction_NotPublisher", caller, terms.publisher)
        if terms.quote_key == ZERO_ADDRESS:
            raise Refused("SealedBidAuction_ZeroKey")
        self._check_order(terms, now)
        if auction_id in self.auctions:
            self._refuse(auction_id, AuctionState.NONE, now)
        self.ledger.commit(terms.publisher, self.guarantee(terms), ZERO_ADDRESS, 0, now)
        self.auctions[auction_id] = OpenAuction(seed, terms.quote_until, seed)

    def quote(self, auction_id: bytes, accumulator: int, now: int) -> None:
        """Add a sealed quote, whoever the bidder is (X-5).

        Args:
            auction_id: hash of the terms.
            accumulator: hash chain with the quote.
            now: unix seconds.

        Raises:
            Refused: as `SealedBidAuction.quote`.
        """
        auction = self.auctions.get(auction_id)
        if auction is None:
            self._refuse(auction_id, AuctionState.QUOTING, now)
        if now >= auction.quote_until:
            raise Refused("SealedBidAuction_Expired", now, auction.quote_until)
        self.auctions[auction_id] = replace(auction, accumulator=accumulator, count=auction.count + 1)

    def quote_for(self, auction_id: bytes, bidder: str, signed: bool, accumulator: int, now: int) -> None:
        """Add a quote that somebody else brings (X-5).

        Args:
            auction_id: hash of the terms.
            bidder: account named beside the quote.
            signed: whether the signature is the bidder's.
            accumulator: hash chain with the quote.
            now: unix seconds.

        Raises:
            Refused: as `SealedBidAuction.quoteFor`.
        """
        if not signed:
            raise Refused("SealedBidAuction_BadSignature", bidder)
        self.quote(auction_id, accumulator, now)

    def disclose(self, auction_id: bytes, terms: AuctionTerms, key_fits: bool, now: int) -> None:
        """Disclose the key (X-6).

        Args:
            auction_id: hash of the terms.
            terms: the order.
            key_fits: whether the key is the secret of the quote key.
            now: unix seconds.

        Raises:
            Refused: as `SealedBidAuction.disclose`.
        """
        auction = self._open(auction_id, now)
        if auction.stage == AuctionState.DISCLOSED:
            self._refuse(auction_id, AuctionState.AWAITING_KEY, now)
        self._check_key(auction, terms, key_fits, now)
        self.auctions[auction_id] = replace(auction, stage=AuctionState.DISCLOSED)

    def settle(
        self, auction_id: bytes, terms: AuctionTerms, key_fits: bool, chunk: Chunk, now: int
    ) -> Result | None:
        """Take a chunk of quotes into account; the one that reaches the seed decides the auction (X-6, X-7).

        Args:
            auction_id: hash of the terms.
            terms: the order.
            key_fits: whether the key is the secret of the quote key.
            chunk: quotes, the newest chunk first.
            now: unix seconds.

        Returns:
            The result; None while older quotes are missing.

        Raises:
            Refused: as `SealedBidAuction.settle`.
        """
        auction = self._open(auction_id, now)
        self._check_key(auction, terms, key_fits, now)
        self._check_replay(auction, chunk)
        # Who is ranked already stays: whether a bidder may buy is asked when its own chunk is settled.
        counted = [
            (bidder, amount)
            for bidder, amount in chunk.quotes
            if bidder != terms.publisher and self.ledger.may_commit(bidder, Role.CONSUMER, now)
        ]
        known = {bidder for bidder, _ in (*counted, *auction.ranking)}
        rules = AuctionRules(tuple(terms.lots_wh), terms.start_price, terms.ceiling)
        ranking = settle_chunk(auction.ranking, counted, rules, known)
        if chunk.begin != auction.seed:
            self.auctions[auction_id] = replace(
                auction, stage=AuctionState.DISCLOSED, accumulator=chunk.begin, ranking=ranking
            )
            return None
        del self.auctions[auction_id]
        return self._award(auction_id, terms, ranking, rules, now)

    def forfeit(self, auction_id: bytes, terms: AuctionTerms, now: int) -> None:
        """End an auction whose key did not come, or that nobody quoted in (X-6, N-7).

        Raises:
            Refused: as `SealedBidAuction.forfeit`.
        """
        auction = self._open(auction_id, now)
        if auction.stage == AuctionState.DISCLOSED:
            self._refuse(auction_id, AuctionState.AWAITING_KEY, now)
        deadline = terms.disclose_until if auction.count else terms.quote_until
        if now < deadline:
            raise Refused("SealedBidAuction_NotExpired", now, deadline)
        guarantee = self.guarantee(terms)
        if auction.count == 0:
            del self.auctions[auction_id]
            self._release(terms.publisher, guarantee, now)
            return
        share = self.share(auction_id, terms)
        if share == 0:
            del self.auctions[auction_id]
        else:
            self.auctions[auction_id] = replace(auction, stage=AuctionState.FORFEITED)
        rest = guarantee - share * auction.count
        parts = Split(rest, 0, 0, rest, guarantee, Outcome.SELLER_DEFAULT)
        self.ledger.settle(terms.publisher, ZERO_ADDRESS, parts, now)

    def compensate(self, auction_id: bytes, terms: AuctionTerms, chunk: Chunk, now: int) -> None:
        """Pay a chunk of bidders their shares of a forfeited guarantee (X-6).

        Raises:
            Refused: as `SealedBidAuction.compensate`.
        """
        if self.state(auction_id, now) != AuctionState.FORFEITED:
            self._refuse(auction_id, AuctionState.FORFEITED, now)
        auction = self.auctions[auction_id]
        self._check_replay(auction, chunk)
        share = self.share(auction_id, terms)
        if chunk.begin == auction.seed:
            del self.auctions[auction_id]
        else:
            self.auctions[auction_id] = replace(auction, accumulator=chunk.begin)
        for bidder, _ in chunk.quotes:
            self.ledger.settle(terms.publisher, bidder, Split(share, 0, share, 0, 0, Outcome.NONE), now)

    def _award(
        self, auction_id: bytes, terms: AuctionTerms, ranking: Ranking, rules: AuctionRules, now: int
    ) -> Result:
        """Make a trade of each lot that was won; what is held beyond their guarantees returns."""
        accept_by = now + terms.pay_window
        won = award(ranking, rules).awards if accept_by < terms.deliver_by else ()
        trades = []
        excess = self.guarantee(terms)
        for lot, taken in enumerate(won):
            trade = Terms(
                terms.publisher,
                taken.bidder,
                Energy.plain(taken.lot_wh),
                taken.payment,
                accept_by,
                terms.deliver_by,
                award_nonce(auction_id, lot),
            )
            self.market.award(self.market.auction, self.trade_id(trade), trade, now)
            excess -= guarantee_up(trade.price, self.market.constants)
            trades.append(trade)
        self._release(terms.publisher, excess, now)
        runner_up, runner_up_quote = ranking[len(won)] if len(won) < len(ranking) else (ZERO_ADDRESS, 0)
        quotes = tuple(amount for _, amount in ranking[: len(won)])
        prices = tuple(taken.price_per_kwh for taken in won)
        return Result(tuple(trades), quotes, prices, runner_up, runner_up_quote)

    def _check_order(self, terms: AuctionTerms, now: int) -> None:
        latest = now + self.max_duration
        paid = terms.disclose_until + terms.pay_window
        in_order = now < terms.quote_until < terms.disclose_until < paid < terms.deliver_by
        if not in_order or terms.deliver_by > min(latest, _LAST_SECOND):
            times = terms.quote_until, terms.disclose_until, terms.pay_window, terms.deliver_by
            raise Refused("SealedBidAuction_BadWindow", *times, latest)
        lots, least, most = tuple(terms.lots_wh), terms.start_price, terms.ceiling
        if not 0 < len(lots) <= MAX_LOTS:
            raise Refused("SealedBidAuction_BadLots", lots)
        if not 0 < least <= most <= MAX_UNITS:
            raise Refused("SealedBidAuction_BadPrices", least, most)
        falling = list(lots) == sorted(lots, reverse=True)
        if not falling or not 0 < lots[-1] <= lots[0] <= MAX_LOT_WH or payment(lots[-1], least) == 0:
            raise Refused("SealedBidAuction_BadLots", lots)
        if payment(lots[0], most) > MAX_UNITS:
            raise Refused("SealedBidAuction_BadPrices", least, most)

    def _open(self, auction_id: bytes, now: int) -> OpenAuction:
        auction = self.auctions.get(auction_id)
        if auction is None or auction.stage == AuctionState.FORFEITED:
            self._refuse(auction_id, AuctionState.AWAITING_KEY, now)
        return auction

    def _check_key(self, auction: OpenAuction, terms: AuctionTerms, key_fits: bool, now: int) -> None:
        if auction.stage != AuctionState.DISCLOSED and now < terms.quote_until:
            raise Refused("SealedBidAuction_NotExpired", now, terms.quote_until)
        if auction.stage != AuctionState.DISCLOSED and now >= terms.disclose_until:
            raise Refused("SealedBidAuction_Expired", now, terms.disclose_until)
        if not key_fits:
            raise Refused("SealedBidAuction_WrongKey", terms.quote_key)

    def _check_replay(self, auction: OpenAuction, chunk: Chunk) -> None:
        if not chunk.quotes and auction.accumulator != auction.seed:
            raise Refused("SealedBidAuction_EmptyChunk")
        if chunk.end != auction.accumulator:
            raise Refused("SealedBidAuction_WrongReplay", chunk.end, auction.accumulator)

    def _release(self, publisher: str, amount: int, now: int) -> None:
        self.ledger.settle(publisher, ZERO_ADDRESS, Split(amount, amount, 0, 0, 0, Outcome.NONE), now)

    def _refuse(self, auction_id: bytes, needed: AuctionState, now: int) -> NoReturn:
        raise Refused("SealedBidAuction_WrongState", auction_id, self.state(auction_id, now), needed)
