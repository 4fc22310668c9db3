"""Random calls about auctions: orders, sealed quotes, keys, chunks, awards, forfeits and compensation."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType

from energy_trading.bindings.contract import Sent
from energy_trading.bindings.sealed_bid_auction import AuctionSettled, LotAwarded, SettlementAdvanced
from energy_trading.crypto.keys import SECP256K1_N, SecretKey
from energy_trading.crypto.sealed_quote import SealedQuote, accumulate, open_quote, seal, seed
from energy_trading.crypto.signatures import compact
from energy_trading.market.auction.auction import Auction
from energy_trading.rules.auction import Auctions, Chunk, Result
from energy_trading.types import (
    AWARD_NONCE,
    ZERO_ADDRESS,
    AuctionState,
    AuctionTerms,
    Quote,
    RelayedQuote,
    Terms,
    TradeState,
)
from tests.contracts.offer_market.tools import told
from tests.stateful.machine import anybody, call, often, seen
from tests.stateful.trade_calls import TradeCalls, buyers, keys, oddities, sellers

QUOTE_KEYS = [SecretKey.from_int(0xA0C + i) for i in range(2)]
#: seconds to quoteUntil, discloseUntil, of the pay window, to deliverBy; after the first four: not allowed
TIMES = [(60, 900, 300, 3600), (300, 600, 60, 5000), (60, 3000, 50, 3100), (900, 1000, 600, 9000)] * 12
TIMES += [(0, 60, 60, 600), (60, 60, 60, 600), (60, 120, 0, 600), (60, 120, 480, 600), (60, 120, 60, 20_000)]
LOTS = [(1000,), (700, 700), (2000, 500, 200), (900, 800, 700)] * 12
LOTS += [(), (100,), (500, 700), (700, 0), (2**40,), (2**40 - 1,), (300,) * 9]
#: start price and ceiling, units per kWh
PRICES = [(7, 60), (5, 100), (50, 50)] * 12 + [(0, 60), (61, 60), (7, 2**64), (7, 2**64 - 1)]
BIDS = [0, 6, 7, 7, 30, 30, 31, 50, 50, 59, 60, 60, 61, 100, 101]
NO_POINT_X = 5
BOTH = (AuctionState.AWAITING_KEY, AuctionState.DISCLOSED)


@dataclass
class Sale:
    """A posted auction, the key of its quotes, the quotes, and the hash chain before and after each."""

    terms: AuctionTerms
    key: SecretKey
    links: list[int]
    quotes: list[Quote] = field(default_factory=list)


def sealed(quote: Quote) -> SealedQuote:
    """A quote's two words."""
    return SealedQuote(quote.cx.to_bytes(32, "big"), quote.body.to_bytes(32, "big"))


def chain_after(begin: int, quotes: list[Quote]) -> int:
    """The hash chain after some quotes."""
    for quote in quotes:
        begin = accumulate(begin, quote.bidder, sealed(quote))
    return begin


class AuctionCalls(TradeCalls):
    """Trades, and auctions whose awards become trades."""

    weights = MappingProxyType(
        {
            "make_offer": 3,
            "accept_offer": 4,
            "accept_signed": 2,
            "confirm_delivery": 2,
            "confirm_deliveries": 1,
            "confirm_hidden_short": 1,
            "publish_key_root": 6,
            "travel": 6,
        }
    )
    never = frozenset({"award"})
    must_see = frozenset(
        {
            "auction decided in parts",
            "award nobody could pay in time",
            "award: lots unsold",
            "award: sold out",
            "expired: AWARDED",
            "expired: AWARDED, winner suspended",
            "garbage quote settled",
            "quote of somebody who may not buy settled",
        }
    )

    def __init__(self) -> None:
        super().__init__()
        auction = self.world.suite.auction.auction_parameters()
        self.auctions = Auctions(self.trading, auction.bidders_bps, auction.max_duration, self.world.trade_id)
        self.sales: dict[bytes, Sale] = {}

    def deadlines(self) -> list[int]:
        orders = [sale.terms for sale in self.sales.values()]
        times = [time for t in orders for time in (t.quote_until, t.disclose_until, t.deliver_by)]
        return super().deadlines() + times

    def one_story(self) -> None:
        """And on the state of every auction, what is held for it and where its replay stands."""
        super().one_story()
        for auction_id, sale in self.sales.items():
            model, held = self.auctions.auctions.get(auction_id), self.replayed.held.get(auction_id)
            now = self.chain.now()
            state = self.auctions.state(auction_id, now)
            count, link = (model.count, model.accumulator) if model else (0, 0)
            assert self.world.suite.auction.state_of(auction_id) == (state, count, link)
            assert (held is None) == (model is None)
            if held is not None and state != AuctionState.FORFEITED:
                quotes = len(self.replayed.auction(auction_id).quotes)
                assert (held, quotes) == (self.auctions.guarantee(sale.terms), count)

    def end_all(self) -> None:
        stranger = self.world.stranger
        for auction_id, sale in self.sales.items():
            if self.auctions.state(auction_id, self.chain.next_time) == AuctionState.AWAITING_KEY:
                assert self.forfeit_one(auction_id, stranger)
            state = self.auctions.state(auction_id, self.chain.next_time)
            if state == AuctionState.DISCLOSED:
                assert self.settle_one(auction_id, sale.key, self.chunk(auction_id, 99, ""), stranger)
            elif state == AuctionState.FORFEITED:
                assert self.compensate_one(auction_id, self.chunk(auction_id, 99, ""), stranger)
        super().end_all()

    def pick_sale(self, place: int, *states: AuctionState) -> bytes | None:
        """An auction in one of these states."""
        now = self.chain.next_time
        fitting = [i for i in self.sales if self.auctions.state(i, now) in states]
        return self.one_of(place, fitting, self.sales)

    # ------------------------------------------------------------ orders, quotes

    @call(
        10,
        who=sellers,
        right=often,
        lots=LOTS,
        prices=PRICES,
        times=TIMES,
        key=QUOTE_KEYS,
        odd=[""] * 15 + ["key", "again"],
    )
    def post(self, who, right, lots, prices, times, key, odd):
        """An order (X-4, X-8)."""
        publisher = self.people[who]
        self.nonce += 1
        now = self.chain.next_time
        quote_until, disclose_until, pay_window, deliver_by = times
        terms = AuctionTerms(
            publisher.address,
            ZERO_ADDRESS if odd == "key" else key.address,
            *prices,
            now + quote_until,
            now + disclose_until,
            pay_window,
            now + deliver_by,
            self.nonce,
            lots,
        )
        if odd == "again" and self.sales:
            terms = list(self.sales.values())[-1].terms
            publisher = next(person for person in self.people if person.address == terms.publisher)
        caller = publisher if right else self.people[who - 1]
        auction_id = Auction(self.world.suite, terms).auction_id
        allowed = self.may_commit(terms.publisher)
        sent, _ = self.step(
            "post",
            self.world.suite.auction.post(terms),
            caller,
            lambda now: self.auctions.post(caller.address, auction_id, seed(auction_id), terms, now),
        )
        if sent:
            assert allowed, "nobody suspended or banned commits"
            self.sales[auction_id] = Sale(terms, key, [seed(auction_id)])

    def seal(self, auction_id: bytes, bidder: str, amount: int, odd: str) -> Quote:
        """A quote, or what looks like one."""
        sale = self.sales[auction_id]
        if odd == "copied" and sale.quotes:
            return replace(self.random.choice(sale.quotes), bidder=bidder)
        place = (self.chain.chain_id, self.world.suite.auction.address, auction_id, bidder)
        if odd == "elsewhere":
            place = (self.chain.chain_id, self.world.market.address, auction_id, bidder)
        fresh = SecretKey.from_int(self.random.getrandbits(250) + 1)
        words = seal(amount, sale.key.public_key, *place, ephemeral=fresh)
        cx, body = (int.from_bytes(word, "big") for word in (words.cx, words.body))
        if odd == "no point":
            cx = NO_POINT_X
        if odd == "noise":
            cx, body = self.random.getrandbits(256), self.random.getrandbits(256)
        return Quote(bidder, cx, body)

    @call(
        36,
        place=range(100),
        who=buyers,
        amount=BIDS,
        odd=[""] * 12 + ["copied", "elsewhere", "no point", "noise"],
        bring=["", "", "signed", "forged"],
        by=anybody,
    )
    def quote(self, place, who, amount, odd, bring, by):
        """A sealed quote, by the bidder or brought by somebody (X-5)."""
        auction_id = self.pick_sale(place, AuctionState.QUOTING)
        if auction_id is None:
            return
        sale, bidder, auction = self.sales[auction_id], self.people[who], self.world.suite.auction
        quote = self.seal(auction_id, bidder.address, amount, odd)
        link = chain_after(sale.links[-1], [quote])
        if bring:
            signer = bidder if bring == "signed" else self.world.pkg
            words = sealed(quote)
            digest = self.world.suite.auction_domain.digest(
                RelayedQuote(auction_id, bidder.address, words.cx, words.body)
            )
            call = auction.quote_for(auction_id, quote, compact(signer.sign_digest(digest)))
            sent, _ = self.step(
                "quote_for",
                call,
                self.people[by],
                lambda now: self.auctions.quote_for(auction_id, bidder.address, bring == "signed", link, now),
            )
        else:
            sent, _ = self.step(
                "quote",
                auction.quote(auction_id, quote.cx, quote.body),
                bidder,
                lambda now: self.auctions.quote(auction_id, link, now),
            )
        if sent:
            sale.quotes.append(quote)
            sale.links.append(link)

    # ------------------------------------------------------------ key, settlement

    def scalar(self, key: SecretKey, odd: str) -> int:
        """A key's scalar, or one that must not pass for it."""
        scalar = int.from_bytes(key.reveal(), "big")
        wrong = {"other": scalar + 1, "zero": 0, "beyond": scalar + SECP256K1_N}
        return wrong.get(odd, scalar)

    wrong_keys = [""] * 12 + ["other", "zero", "beyond"]

    @call(4, place=range(100), odd=wrong_keys, by=anybody)
    def disclose(self, place, odd, by):
        """The key, by whoever knows it (X-6)."""
        auction_id = self.pick_sale(place, AuctionState.AWAITING_KEY)
        if auction_id is None:
            return
        sale = self.sales[auction_id]
        self.step(
            "disclose",
            self.world.suite.auction.disclose(sale.terms, self.scalar(sale.key, odd)),
            self.people[by],
            lambda now: self.auctions.disclose(auction_id, sale.terms, not odd, now),
        )

    def chunk(self, auction_id: bytes, size: int, odd: str) -> tuple[int, list[Quote]]:
        """Where a chunk begins in the hash chain, and the newest quotes not replayed, or wrong ones."""
        sale, model = self.sales[auction_id], self.auctions.auctions.get(auction_id)
        end = sale.links.index(model.accumulator) if model else len(sale.quotes)
        begin = max(0, end - size)
        quotes = sale.quotes[begin:end]
        if odd == "empty":
            quotes = []
        elif odd == "missing":
            quotes = quotes[1:]
        elif odd == "added":
            quotes = quotes + sale.quotes[:1]
        elif odd == "swapped":
            quotes = quotes[::-1]
        elif odd == "bidder":
            quotes = [replace(quote, bidder=self.world.carol.address) for quote in quotes]
        elif odd == "begin":
            begin = end
        return sale.links[begin], quotes

    wrong_chunks = [""] * 14 + ["empty", "missing", "added", "swapped", "bidder", "begin"]

    def opened(self, auction_id: bytes, begin: int, quotes: list[Quote]) -> Chunk:
        """What the reference knows about a chunk."""
        sale = self.sales[auction_id]
        place = (self.chain.chain_id, self.world.suite.auction.address, auction_id)
        bids = [(q.bidder, open_quote(sale.key, sealed(q), *place, q.bidder)) for q in quotes]
        return Chunk(begin, chain_after(begin, quotes), tuple(bids))

    @call(20, place=range(100), size=[1, 1, 2, 3, 99, 99], key=wrong_keys, odd=wrong_chunks, by=anybody)
    def settle(self, place, size, key, odd, by):
        """A chunk of quotes is opened; the last one decides (X-6, X-7)."""
        auction_id = self.pick_sale(place, *BOTH)
        if auction_id is not None:
            chunk = self.chunk(auction_id, size, odd)
            self.settle_one(auction_id, self.sales[auction_id].key, chunk, self.people[by], key)

    def settle_one(
        self, auction_id: bytes, key: SecretKey, chunk: tuple[int, list[Quote]], by: SecretKey, odd: str = ""
    ) -> Sent | None:
        sale, (begin, quotes) = self.sales[auction_id], chunk
        opened = self.opened(auction_id, begin, quotes)
        before = self.auctions.auctions.get(auction_id)
        may_buy = {bidder for bidder, _ in opened.quotes if self.may_commit(bidder)}
        sent, result = self.step(
            "settle",
            self.world.suite.auction.settle(sale.terms, self.scalar(key, odd), begin, quotes),
            by,
            lambda now: self.auctions.settle(auction_id, sale.terms, not odd, opened, now),
        )
        if sent is None:
            return None
        for bidder, amount in opened.quotes:
            seen["garbage quote settled"] += amount is None
            seen["quote of somebody who may not buy settled"] += bidder not in may_buy
        if result is None:
            assert sent.event(SettlementAdvanced).accumulator == begin
            return sent
        seen["auction decided in parts"] += before.accumulator != sale.links[-1]
        self.check_result(auction_id, sent, result)
        return sent

    def check_result(self, auction_id: bytes, sent: Sent, result: Result) -> None:
        """The contract awards the same lots to the same people at the same prices."""
        trades = [Terms(**asdict(award)) for award in result.awards]
        expected = [
            (
                LotAwarded,
                auction_id,
                lot,
                terms.buyer,
                result.quotes[lot],
                result.prices[lot],
                self.world.trade_id(terms),
                terms.accept_by,
            )
            for lot, terms in enumerate(trades)
        ]
        expected += [(AuctionSettled, auction_id, len(trades), result.runner_up, result.runner_up_quote)]
        events = told(self.world.suite.auction, sent)
        assert [event for event in events if event[0] in (LotAwarded, AuctionSettled)] == expected
        self.terms |= {self.world.trade_id(terms): terms for terms in trades}
        lots = len(self.sales[auction_id].terms.lots_wh)
        seen["award: sold out"] += len(trades) == lots
        seen["award: lots unsold"] += 0 < len(trades) < lots
        seen["award nobody could pay in time"] += not trades and result.runner_up_quote > 0

    @call(24, place=range(100), right=often, who=anybody, key=keys)
    def pay_award(self, place, right, who, key):
        """The winner pays, or somebody else tries (X-7, N-2)."""
        trade_id = self.pick(place, TradeState.AWARDED)
        if trade_id is None:
            return
        winner = [person for person in self.people if right and person.address == self.terms[trade_id].buyer]
        self.accept("pay_award", trade_id, (winner or [self.people[who]])[0], key)

    @call(6, place=range(100), odd=oddities, by=anybody)
    def deliver_award(self, place, odd, by):
        """The meter's receipt for what an auction awarded (N-3)."""
        fitting = [
            i
            for i, terms in self.terms.items()
            if terms.nonce & AWARD_NONCE and self.trading.state(i) == TradeState.ACCEPTED
        ]
        trade_id = self.one_of(place, fitting, self.terms)
        if trade_id is not None:
            self.receive("deliver_award", trade_id, 100, odd, self.people[by])

    @call(4, asked=False, place=range(100))
    def suspend_winner(self, place):
        """The DSO suspends somebody who has yet to pay an award (C-10)."""
        trade_id = self.pick(place, TradeState.AWARDED)
        if trade_id is not None:
            self.suspend_all(self.world.dso, [self.terms[trade_id].buyer])

    @call(1, who=anybody, to=anybody)
    def award(self, who, to):
        """Nobody but the auction awards (X-7)."""
        caller = self.people[who]
        terms = self.new_terms(self.people[to].address, 100, 100, False, False, 0)
        terms = replace(terms, nonce=terms.nonce | AWARD_NONCE, buyer=caller.address)
        trade_id = self.world.trade_id(terms)
        self.step(
            "award",
            self.world.market.award(terms),
            caller,
            lambda now: self.trading.award(caller.address, trade_id, terms, now),
        )

    # ------------------------------------------------------------ forfeit

    @call(2, place=range(100), by=anybody)
    def forfeit(self, place, by):
        """A key that does not come costs the guarantee (X-6, N-7)."""
        auction_id = self.pick_sale(place, AuctionState.AWAITING_KEY)
        if auction_id is not None:
            self.forfeit_one(auction_id, self.people[by])

    def forfeit_one(self, auction_id: bytes, by: SecretKey) -> Sent | None:
        terms = self.sales[auction_id].terms
        call = self.world.suite.auction.forfeit(terms)
        return self.step("forfeit", call, by, lambda now: self.auctions.forfeit(auction_id, terms, now))[0]

    @call(6, place=range(100), size=[1, 2, 99], odd=wrong_chunks, by=anybody)
    def compensate(self, place, size, odd, by):
        """Bidders get their shares of it (X-6)."""
        auction_id = self.pick_sale(place, AuctionState.FORFEITED)
        if auction_id is not None:
            self.compensate_one(auction_id, self.chunk(auction_id, size, odd), self.people[by])

    def compensate_one(self, auction_id: bytes, chunk: tuple[int, list[Quote]], by: SecretKey) -> Sent | None:
        sale, (begin, quotes) = self.sales[auction_id], chunk
        opened = self.opened(auction_id, begin, quotes)
        return self.step(
            "compensate",
            self.world.suite.auction.compensate(sale.terms, begin, quotes),
            by,
            lambda now: self.auctions.compensate(auction_id, sale.terms, opened, now),
        )[0]
