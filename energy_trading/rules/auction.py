"""Sealed-bid auctions: encrypted quotes, one disclosed key, and lots that go at the next bidder's price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NoReturn

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from energy_trading.crypto.keys import SECP256K1_N, SecretKey
from energy_trading.crypto.sealed_quote import SealedQuote, open_quote, seed
from energy_trading.rules.context import Context
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
    AuctionParameters,
    AuctionState,
    AuctionTerms,
    Domain,
    Energy,
    Outcome,
    Quote,
    RelayedQuote,
    Role,
    Terms,
)

MAX_QUOTES: Final = 2**22 - 1
"""Most quotes of one auction."""
_LAST_SECOND: Final = 2**32 - 1
_LINK: Final = 2**200 - 1


@dataclass(frozen=True)
class OpenAuction:
    """An auction that has not finished.

    Args:
        quote_until: unix seconds; quotes count before it.
        accumulator: hash chain up to the last quote that has not been replayed yet.
        head: hash chain up to the last quote.
        count: quotes that were sealed.
        done: quotes that have been replayed.
        stage: quoting (also when quoting has ended), disclosed or forfeited.
        ranking: best bidders of the chunks replayed so far.
    """

    quote_until: int
    accumulator: int
    head: int
    count: int = 0
    done: int = 0
    stage: AuctionState = AuctionState.QUOTING
    ranking: Ranking = ()


@dataclass(frozen=True)
class Result:
    """The outcome of an auction.

    Args:
        awards: trades of the lots that were won, the largest lot first.
        quotes: what their winners quoted, units of account per kWh.
        prices: what the winners pay, units of account per kWh.
        runner_up: best bidder without a lot; the zero address if there is none.
        runner_up_quote: units of account per kWh; 0 if there is none.
    """

    awards: tuple[Terms, ...]
    quotes: tuple[int, ...]
    prices: tuple[int, ...]
    runner_up: str
    runner_up_quote: int


def payment(lot_wh: int, price_per_kwh: int) -> int:
    """Return what a lot costs, in units of account, rounded down (X-7)."""
    return lot_wh * price_per_kwh // WH_PER_KWH


def award_nonce(auction_id: bytes, lot: int) -> int:
    """Return the nonce of the trade that a lot becomes; `lot` is its place in the terms (X-7)."""
    drawn = int.from_bytes(keccak(encode(["bytes32", "uint256"], [auction_id, lot])), "big")
    return AWARD_NONCE | drawn >> 3


class Auctions:
    """All auctions of one market; an auction is named by the hash of its terms.

    Every step is given its `Context` first, and raises `Refused` where it is refused. `terms` are always the
    order, and `key` is the secret scalar of its quote key. A chunk of quotes comes with `accumulator`, the
    hash chain before its first quote; chunks come from the newest to the oldest, and within a chunk the
    oldest quote is first.

    Args:
        parameters: the share of a forfeited guarantee that goes to the bidders, the shortest times to settle
            and to pay, the fee of a quote and the settler's part of it, and the longest time from now to the
            delivery.
        domain: of the auctions; relayed quotes are signed for it, and every quote is sealed for its
            address and chain.
        market: where awards become trades.
    """

    def __init__(self, parameters: AuctionParameters, domain: Domain, market: Market) -> None:
        self.parameters = parameters
        self.domain = domain
        self.market = market
        self.ledger = market.ledger
        self.auctions: dict[bytes, OpenAuction] = {}
        #: fees that have been earned and not claimed, in wei, by account
        self.fees: dict[str, int] = {}

    # ------------------------------------------------------------ views

    def auction_id_of(self, terms: AuctionTerms) -> bytes:
        """Return the 32-byte id of an auction: the hash of its ABI-encoded terms."""
        return keccak(terms.abi_encode())

    def seed_of(self, auction_id: bytes) -> int:
        """Return the hash chain of an auction before its first quote, 200 bits."""
        return seed(auction_id)

    def state_of(self, auction_id: bytes, now: int) -> tuple[AuctionState, int, int]:
        """Return an auction's state, its number of quotes, and the accumulator where the next chunk must end.

        An unknown or finished auction is in the state `NONE`.
        """
        auction = self.auctions.get(auction_id)
        if auction is None:
            return AuctionState.NONE, 0, 0
        is_late = auction.stage == AuctionState.QUOTING and now >= auction.quote_until
        state = AuctionState.AWAITING_KEY if is_late else auction.stage
        return state, auction.count, auction.accumulator

    def guarantee_of(self, terms: AuctionTerms) -> int:
        """Return the publisher's guarantee, in units: that of the highest payment of every lot (X-8).

        Refused if one of the payments is more than money can pay.
        """
        return sum(self.market.guarantee_up(payment(lot_wh, terms.ceiling)) for lot_wh in terms.lots_wh)

    def fees_of(self, account: str) -> int:
        """Return the fees that an account has earned and not claimed, in wei."""
        return self.fees.get(account, 0)

    def auction_parameters(self) -> AuctionParameters:
        """Return what was fixed at the beginning."""
        return self.parameters

    # ------------------------------------------------------------ order and quotes

    def post(self, ctx: Context, terms: AuctionTerms) -> bytes:
        """Publish an order, hold the guarantee for its highest payment, and return its id (X-4, X-8).

        Refused unless the caller is the publisher, for the zero key, for times that are out of order or end
        too late, for lots that do not fall in size, for prices that are out of order or cannot be paid, for
        an auction that exists, and as `Ledger.commit` refuses.
        """
        if ctx.sender != terms.publisher:
            raise Refused("SealedBidAuction_NotPublisher", ctx.sender, terms.publisher)
        if terms.quote_key == ZERO_ADDRESS:
            raise Refused("SealedBidAuction_ZeroKey")
        self._check_order(terms, ctx.now)
        auction_id = self.auction_id_of(terms)
        if auction_id in self.auctions:
            self._refuse(auction_id, AuctionState.NONE, ctx.now)
        self.ledger.commit(terms.publisher, self.guarantee_of(terms), ZERO_ADDRESS, 0, ctx.now)
        self.auctions[auction_id] = OpenAuction(terms.quote_until, seed(auction_id), seed(auction_id))
        return auction_id

    def quote(self, ctx: Context, auction_id: bytes, cx: int, body: int) -> None:
        """Add the caller's sealed quote to the hash chain (X-5).

        Anybody may quote: whether the bidder may buy is decided at the settlement, where it matters. Refused
        unless the auction is open, from `quote_until` on, once there are `MAX_QUOTES` quotes, and for any
        other coin than the fee.

        Args:
            ctx: who quotes, when, and the fee.
            auction_id: hash of the terms, 32 bytes.
            cx: x of the ephemeral point.
            body: parity and masked amount.
        """
        self._quote(ctx, auction_id, Quote(ctx.sender, cx, body))

    def quote_for(self, ctx: Context, auction_id: bytes, q: Quote, signature: bytes) -> None:
        """Add a sealed quote that somebody else submits, with the fee (X-5).

        Refused unless the bidder signed the quote for this auction, and as `quote` is.
        """
        digest = self.domain.digest(RelayedQuote(auction_id, q.bidder, q.cx, q.body))
        if not self.ledger.signers.is_accounts(q.bidder, digest, signature):
            raise Refused("SealedBidAuction_BadSignature", q.bidder)
        self._quote(ctx, auction_id, q)

    # ------------------------------------------------------------ key and settlement

    def disclose(self, ctx: Context, terms: AuctionTerms, key: int) -> None:
        """Disclose the key after the last quote; whoever knows it may (X-6).

        Refused unless the auction is open and nobody has disclosed its key, before `quote_until`, from
        `disclose_until` on, and for any other key.
        """
        auction_id, auction = self._undisclosed(terms, ctx.now)
        self._check_key(auction, terms, key, ctx.now)
        self.auctions[auction_id] = replace(auction, stage=AuctionState.DISCLOSED)

    def settle(
        self, ctx: Context, terms: AuctionTerms, key: int, accumulator: int, quotes: Sequence[Quote]
    ) -> Result | None:
        """Open a chunk of quotes; the chunk that reaches the beginning decides the auction (X-6, X-7).

        Anybody may settle, which discloses the key if nobody has. The result does not depend on how the
        quotes are cut. A quote counts if it opens to an amount between start price and ceiling, is not the
        publisher's, and its bidder may buy when the chunk is settled: who has been ranked stays ranked.
        A later chunk may overlap what is done, which is passed over, so a smaller chunk put in front does
        not stop it. The caller earns its part of the fee of each quote that was not done; the last chunk
        earns the treasury the rest of all fees. Refused as `disclose` where this discloses, from
        `settle_by` on, for any other key, and for any chunk that does not reach what is due.

        Returns:
            The result; None while older quotes are missing.
        """
        auction_id, auction = self._open(terms, ctx.now)
        if auction.stage == AuctionState.DISCLOSED and ctx.now >= terms.settle_by:
            raise Refused("SealedBidAuction_Expired", ctx.now, terms.settle_by)
        self._check_key(auction, terms, key, ctx.now)
        quotes = self._fresh(auction_id, auction, accumulator, quotes)
        counted = [
            (bidder, amount)
            for bidder, amount in self.opened(auction_id, key, quotes)
            if bidder != terms.publisher and self.ledger.may_commit(bidder, Role.CONSUMER, ctx.now)
        ]
        known = {bidder for bidder, _ in (*counted, *auction.ranking)}
        rules = AuctionRules(tuple(terms.lots_wh), terms.start_price, terms.ceiling)
        ranking = settle_chunk(auction.ranking, counted, rules, known)
        self._earn(ctx.sender, len(quotes) * self._settler_fee)
        if accumulator != seed(auction_id):
            done = auction.done + len(quotes)
            left = replace(auction, accumulator=accumulator, done=done, ranking=ranking)
            self.auctions[auction_id] = replace(left, stage=AuctionState.DISCLOSED)
            return None
        del self.auctions[auction_id]
        self._earn(self._treasury, auction.count * (self.parameters.quote_fee - self._settler_fee))
        return self._award(auction_id, terms, ranking, rules, ctx.now)

    def opened(self, auction_id: bytes, key: int, quotes: Sequence[Quote]) -> list[OpenedQuote]:
        """Return each quote's bidder and amount, opened with the auction's key (X-6)."""
        secret = SecretKey.from_int(key)
        place = self.domain.chain_id, self.domain.verifying_contract, auction_id
        return [(q.bidder, open_quote(secret, _sealed(q), *place, q.bidder)) for q in quotes]

    # ------------------------------------------------------------ forfeit

    def forfeit(self, ctx: Context, terms: AuctionTerms) -> None:
        """End an auction whose key or settlement did not come in time, or that nobody quoted in (X-6, N-7).

        Anybody may call this. Without quotes the guarantee returns to the publisher. Otherwise the publisher
        has defaulted: the bidders' part of the guarantee is kept for them, and the treasury has the rest. It
        also earns the fees that no settler has earned. Refused unless the auction is open, and before its
        deadline.
        """
        auction_id, auction = self._open(terms, ctx.now)
        is_disclosed = auction.stage == AuctionState.DISCLOSED
        deadline = terms.settle_by if is_disclosed else terms.disclose_until
        if auction.count == 0:
            deadline = terms.quote_until
        if ctx.now < deadline:
            raise Refused("SealedBidAuction_NotExpired", ctx.now, deadline)
        guarantee = self.guarantee_of(terms)
        if auction.count == 0:
            del self.auctions[auction_id]
            self._release(terms.publisher, guarantee, ctx.now)
            return
        earned = auction.done * self._settler_fee
        self._earn(self._treasury, auction.count * self.parameters.quote_fee - earned)
        share = self._share(auction, terms)
        if share == 0:
            del self.auctions[auction_id]
        else:
            again = replace(auction, accumulator=auction.head, done=0, ranking=())
            self.auctions[auction_id] = replace(again, stage=AuctionState.FORFEITED)
        rest = guarantee - share * auction.count
        parts = Split(rest, 0, 0, rest, guarantee, Outcome.SELLER_DEFAULT)
        self.ledger.settle(terms.publisher, ZERO_ADDRESS, parts, ctx.now, terms.quote_until)

    def compensate(
        self, ctx: Context, terms: AuctionTerms, accumulator: int, quotes: Sequence[Quote]
    ) -> None:
        """Pay the bidders of a chunk their shares of a forfeited guarantee, one for each quote (X-6).

        The share of a quote of the publisher's own goes to the treasury.

        Refused unless the guarantee is forfeited, and for any chunk that does not reach what is due. It may
        overlap what is done, which is passed over.
        """
        auction_id = self.auction_id_of(terms)
        auction = self.auctions.get(auction_id)
        if auction is None or auction.stage != AuctionState.FORFEITED:
            self._refuse(auction_id, AuctionState.FORFEITED, ctx.now)
        quotes = self._fresh(auction_id, auction, accumulator, quotes)
        if accumulator == seed(auction_id):
            del self.auctions[auction_id]
        else:
            done = auction.done + len(quotes)
            self.auctions[auction_id] = replace(auction, accumulator=accumulator, done=done)
        share = self._share(auction, terms)
        for q in quotes:
            if q.bidder == terms.publisher:
                parts, bidder = Split(share, 0, 0, share, 0, Outcome.NONE), ZERO_ADDRESS
            else:
                parts, bidder = Split(share, 0, share, 0, 0, Outcome.NONE), q.bidder
            self.ledger.settle(terms.publisher, bidder, parts, ctx.now)

    # ------------------------------------------------------------ fees

    def claim_fees(self, ctx: Context, to: str) -> None:
        """Send the fees that the caller has earned to an account (X-5).

        Refused for the zero address, and if the caller has earned none.
        """
        if to == ZERO_ADDRESS:
            raise Refused("SealedBidAuction_ZeroRecipient")
        if self.fees_of(ctx.sender) == 0:
            raise Refused("SealedBidAuction_NoFees", ctx.sender)
        del self.fees[ctx.sender]

    @property
    def _settler_fee(self) -> int:
        """What of a quote's fee goes to whoever settles it, in wei, rounded down."""
        return self.parameters.quote_fee * self.parameters.settler_bps // BPS

    @property
    def _treasury(self) -> str:
        return self.ledger.treasury

    def _earn(self, account: str, amount: int) -> None:
        if amount:
            self.fees[account] = self.fees_of(account) + amount

    # ------------------------------------------------------------ what they share

    def _quote(self, ctx: Context, auction_id: bytes, q: Quote) -> None:
        auction = self.auctions.get(auction_id)
        if auction is None:
            self._refuse(auction_id, AuctionState.QUOTING, ctx.now)
        if ctx.now >= auction.quote_until:
            raise Refused("SealedBidAuction_Expired", ctx.now, auction.quote_until)
        if auction.count == MAX_QUOTES:
            raise Refused("SealedBidAuction_Full", auction_id, MAX_QUOTES)
        if ctx.value != self.parameters.quote_fee:
            raise Refused("SealedBidAuction_WrongFee", ctx.value, self.parameters.quote_fee)
        link = _extended(auction.accumulator, q)
        self.auctions[auction_id] = replace(auction, accumulator=link, head=link, count=auction.count + 1)

    def _share(self, auction: OpenAuction, terms: AuctionTerms) -> int:
        """Return each quote's share of a forfeited guarantee, in units, rounded down."""
        return self.guarantee_of(terms) * self.parameters.bidders_bps // BPS // auction.count

    def _award(
        self, auction_id: bytes, terms: AuctionTerms, ranking: Ranking, rules: AuctionRules, now: int
    ) -> Result:
        """Make a trade of each lot that was won; what is held beyond their guarantees returns."""
        won = award(ranking, rules).awards
        trades = tuple(
            Terms(
                terms.publisher,
                taken.bidder,
                Energy.plain(taken.lot_wh),
                taken.payment,
                terms.pay_by,
                terms.deliver_by,
                award_nonce(auction_id, lot),
            )
            for lot, taken in enumerate(won)
        )
        for trade in trades:
            self.market.award(Context(self.domain.verifying_contract, now), trade)
        used = sum(guarantee_up(trade.price, self.market.parameters) for trade in trades)
        self._release(terms.publisher, self.guarantee_of(terms) - used, now)
        quotes = tuple(amount for _, amount in ranking[: len(won)])
        prices = tuple(taken.price_per_kwh for taken in won)
        return Result(trades, quotes, prices, *(*ranking[len(won) :], (ZERO_ADDRESS, 0))[0])

    def _check_order(self, terms: AuctionTerms, now: int) -> None:
        latest = now + self.parameters.max_duration
        times = terms.quote_until, terms.disclose_until, terms.settle_by, terms.pay_by, terms.deliver_by
        is_tight = (
            now >= terms.quote_until
            or terms.disclose_until <= terms.quote_until
            or terms.settle_by - terms.disclose_until < self.parameters.min_settle_window
            or terms.pay_by - terms.settle_by < self.parameters.min_pay_window
            or terms.deliver_by <= terms.pay_by
        )
        if is_tight or terms.deliver_by > min(latest, _LAST_SECOND):
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

    def _open(self, terms: AuctionTerms, now: int) -> tuple[bytes, OpenAuction]:
        auction_id = self.auction_id_of(terms)
        auction = self.auctions.get(auction_id)
        if auction is None or auction.stage == AuctionState.FORFEITED:
            self._refuse(auction_id, AuctionState.AWAITING_KEY, now)
        return auction_id, auction

    def _undisclosed(self, terms: AuctionTerms, now: int) -> tuple[bytes, OpenAuction]:
        auction_id, auction = self._open(terms, now)
        if auction.stage == AuctionState.DISCLOSED:
            self._refuse(auction_id, AuctionState.AWAITING_KEY, now)
        return auction_id, auction

    def _check_key(self, auction: OpenAuction, terms: AuctionTerms, key: int, now: int) -> None:
        """Check the key, and the time if nobody has disclosed it yet.

        A scalar of the group's order or more is refused, so that there is one key per quote key.
        """
        if auction.stage != AuctionState.DISCLOSED and now < terms.quote_until:
            raise Refused("SealedBidAuction_NotExpired", now, terms.quote_until)
        if auction.stage != AuctionState.DISCLOSED and now >= terms.disclose_until:
            raise Refused("SealedBidAuction_Expired", now, terms.disclose_until)
        if not 0 < key < SECP256K1_N or SecretKey.from_int(key).address != terms.quote_key:
            raise Refused("SealedBidAuction_WrongKey", terms.quote_key)

    def _fresh(
        self, auction_id: bytes, auction: OpenAuction, accumulator: int, quotes: Sequence[Quote]
    ) -> Sequence[Quote]:
        """Return those quotes of a chunk that are not done yet.

        Refused unless the chunk leads to where the replay stands; otherwise a quote is missing or changed.
        """
        if not quotes and auction.accumulator != seed(auction_id):
            raise Refused("SealedBidAuction_EmptyChunk")
        for count, q in enumerate(quotes, 1):
            accumulator = _extended(accumulator, q)
            if accumulator == auction.accumulator != auction.head:
                return quotes[:count]
        if accumulator != auction.accumulator:
            raise Refused("SealedBidAuction_WrongReplay", accumulator, auction.accumulator)
        return quotes

    def _release(self, publisher: str, amount: int, now: int) -> None:
        self.ledger.settle(publisher, ZERO_ADDRESS, Split(amount, amount, 0, 0, 0, Outcome.NONE), now)

    def _refuse(self, auction_id: bytes, needed: AuctionState, now: int) -> NoReturn:
        state, *_ = self.state_of(auction_id, now)
        raise Refused("SealedBidAuction_WrongState", auction_id, state, needed)


def _sealed(q: Quote) -> SealedQuote:
    return SealedQuote(q.cx.to_bytes(32, "big"), q.body.to_bytes(32, "big"))


def _extended(accumulator: int, q: Quote) -> int:
    """Return the hash chain after one more quote; the link before it may be any number of 256 bits."""
    return int.from_bytes(keccak(accumulator.to_bytes(32, "big") + q.abi_encode()), "big") & _LINK
