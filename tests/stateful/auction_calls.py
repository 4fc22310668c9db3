"""Random calls about auctions: orders, sealed quotes, keys, chunks, awards, forfeits and compensation."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeAlias

from energy_trading.bindings.contract import Sent
from energy_trading.bindings.sealed_bid_auction import (
    AuctionSettled,
    FeesClaimed,
    FeesEarned,
    LotAwarded,
    SettlementAdvanced,
    ShareForfeited,
)
from energy_trading.crypto._signatures import compact
from energy_trading.crypto.keys import SECP256K1_N, SecretKey
from energy_trading.crypto.sealed_quote import seal, seed
from energy_trading.rules.auction import Result
from energy_trading.types import (
    AWARD_NONCE,
    ZERO_ADDRESS,
    AuctionState,
    AuctionTerms,
    Quote,
    RelayedQuote,
    TradeState,
)
from tests.contracts.offer_market.tools import told
from tests.stateful.machine import anybody, call, often, seen
from tests.stateful.trade_calls import TradeCalls, buyers, keys, oddities, sellers

Ints: TypeAlias = tuple[int, ...]

QUOTE_KEYS = [SecretKey.from_int(0xA0C + i) for i in range(2)]
#: seconds to quoteUntil, discloseUntil, settleBy, payBy and deliverBy; the last seven are not allowed
TIMES = [
    (60, 1500, 3000, 3300, 3600),
    (300, 1500, 2400, 2700, 5000),
    (60, 3000, 3100, 3160, 3200),
    (900, 1000, 1600, 2200, 9000),
] * 12
TIMES += [
    (0, 60, 160, 220, 600),
    (60, 60, 160, 220, 600),
    (60, 120, 219, 300, 600),
    (60, 120, 220, 279, 600),
    (60, 120, 220, 600, 600),
    (60, 120, 220, 280, 20_000),
    (60, 120, 90, 280, 600),
]
LOTS = [(1000,), (700, 700), (2000, 500, 200), (900, 800, 700)] * 12
LOTS += [(), (100,), (500, 700), (700, 0), (2**40,), (2**40 - 1,), (300,) * 9]
#: start price and ceiling, units per kWh
PRICES = [(7, 60), (5, 100), (50, 50)] * 12 + [(0, 60), (61, 60), (7, 2**64), (7, 2**64 - 1)]
BIDS = [0, 6, 7, 7, 30, 30, 31, 50, 50, 59, 60, 60, 61, 100, 101]
NO_POINT_X = 5


@dataclass
class Sale:
    """A posted auction, the key of its quotes, the quotes, and the hash chain before and after each."""

    terms: AuctionTerms
    key: SecretKey
    links: list[int]
    quotes: list[Quote] = field(default_factory=list)


def _times(terms: AuctionTerms) -> tuple[int, ...]:
    return terms.quote_until, terms.disclose_until, terms.settle_by, terms.pay_by


class AuctionCalls(TradeCalls):
    """Trades, and auctions whose awards become trades."""

    weights = MappingProxyType(
        {
            "lift_ban": 3,
            "outlast_ban": 0,  # waits past every deadline of an auction; trades alone meet it often
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
            "award: lots unsold",
            "award paid by a banned winner",
            "award: sold out",
            "chunk that overlaps what is done",
            "expired: AWARDED",
            "expired: AWARDED, winner suspended",
            "fees of a settlement in parts",
            "fees of quotes settled before a forfeit",
            "forfeited after the key was disclosed",
            "forfeited in the middle of a settlement",
            "garbage quote settled",
            "quote of somebody who may not buy settled",
            "share of a quote of the publisher's own",
        }
    )

    def __init__(self) -> None:
        super().__init__()
        self.auctions = self.rules.auction
        self.sales: dict[bytes, Sale] = {}

    @property
    def fee(self) -> int:
        """What a quote costs, in wei."""
        return self.parameters.quote_fee

    def stage_of(self, auction_id: bytes) -> AuctionState:
        """The state of an auction in the next block."""
        return self.auctions.state_of(auction_id, self.chain.next_time)[0]

    def link(self, auction_id: bytes) -> int:
        """The hash chain where the next chunk must end; 0 once the auction has finished."""
        return self.auctions.state_of(auction_id, self.chain.next_time)[2]

    def deadlines(self) -> list[int]:
        orders = [sale.terms for sale in self.sales.values()]
        times = [time for t in orders for time in (*_times(t), t.deliver_by)]
        return super().deadlines() + times

    def one_story(self) -> None:
        """And on every auction: its state, its quotes, what is held for it, and where its replay stands.

        The coin in the auction's contract is what has been earned, and the fees of quotes not settled yet.
        """
        super().one_story()
        auction, settlers = self.world.suite.auction, self.parameters.settler_bps * self.fee // 10_000
        earned = {person.address: auction.fees_of(person.address) for person in self.people}
        assert earned == {address: self.auctions.fees_of(address) for address in earned}
        assert earned == {address: self.replayed.fees.get(address, 0) for address in earned}
        waiting = sum(
            one.count * self.fee - one.done * settlers
            for one in self.auctions.auctions.values()
            if one.stage != AuctionState.FORFEITED
        )
        assert self.chain.balance(auction.address) == sum(earned.values()) + waiting
        for auction_id, sale in self.sales.items():
            state, count, link = self.auctions.state_of(auction_id, self.chain.now())
            assert self.world.suite.auction.state_of(auction_id) == (state, count, link)
            held = self.replayed.held.get(auction_id)
            assert (held is None) == (state == AuctionState.NONE)
            if held is not None and state != AuctionState.FORFEITED:
                quotes = len(self.replayed.auction(auction_id).quotes)
                assert (held, quotes) == (self.auctions.guarantee_of(sale.terms), count)

    def end_all(self) -> None:
        stranger = self.world.stranger
        for auction_id in self.sales:
            if self.stage_of(auction_id) in (AuctionState.AWAITING_KEY, AuctionState.DISCLOSED):
                assert self.forfeit_one(auction_id, stranger)
            if self.stage_of(auction_id) == AuctionState.FORFEITED:
                assert self.compensate_one(auction_id, stranger, self.chunk(auction_id, 99, ""))
        for person in self.people:
            if self.auctions.fees_of(person.address):
                assert self.step("claim_fees", person, "auction.claim_fees", stranger.address)[0]
        assert self.chain.balance(self.world.suite.auction.address) == 0
        super().end_all()

    def pick_sale(self, place: int, *states: AuctionState) -> bytes | None:
        """An auction in one of these states."""
        return self.one_of(place, [i for i in self.sales if self.stage_of(i) in states], self.sales)

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
    def post(
        self, who: int, right: bool, lots: Ints, prices: Ints, times: Ints, key: SecretKey, odd: str
    ) -> None:
        """An order (X-4, X-8)."""
        publisher = self.people[who]
        self.nonce += 1
        quote_key = ZERO_ADDRESS if odd == "key" else key.address
        (start, ceiling), now = prices, self.chain.next_time
        quote_until, disclose_until, settle_by, pay_by, deliver_by = (now + seconds for seconds in times)
        terms = AuctionTerms(
            publisher.address,
            quote_key,
            start,
            ceiling,
            quote_until,
            disclose_until,
            settle_by,
            pay_by,
            deliver_by,
            self.nonce,
            lots,
        )
        if odd == "again" and self.sales:
            terms = list(self.sales.values())[-1].terms
            publisher = next(person for person in self.people if person.address == terms.publisher)
        caller = publisher if right else self.people[who - 1]
        allowed = self.may_commit(terms.publisher)
        sent, auction_id = self.step("post", caller, "auction.post", terms)
        if sent:
            assert allowed, "nobody suspended or banned commits"
            self.sales[auction_id] = Sale(terms, key, [seed(auction_id)])

    def seal(self, auction_id: bytes, bidder: str, amount: int, odd: str) -> Quote:
        """A quote, or what looks like one."""
        sale = self.sales[auction_id]
        if odd == "copied" and sale.quotes:
            return replace(self.random.choice(sale.quotes), bidder=bidder)
        contract = self.world.market if odd == "elsewhere" else self.world.suite.auction
        place = self.chain.chain_id, contract.address, auction_id, bidder
        fresh = SecretKey.from_int(self.random.getrandbits(250) + 1)
        words = seal(amount, sale.key.public_key, *place, ephemeral=fresh)
        cx, body = (int.from_bytes(word, "big") for word in (words.cx, words.body))
        if odd == "noise":
            cx, body = self.random.getrandbits(256), self.random.getrandbits(256)
        return Quote(bidder, NO_POINT_X if odd == "no point" else cx, body)

    @call(
        36,
        place=range(100),
        who=buyers,
        amount=BIDS,
        odd=[""] * 12 + ["copied", "elsewhere", "no point", "noise"],
        relayed=["", "", "signed", "forged"],
        by=anybody,
        more=[0] * 20 + [-1_009, -1, 1, 1_009],
    )
    def quote(self, place: int, who: int, amount: int, odd: str, relayed: str, by: int, more: int) -> None:
        """A sealed quote, which the bidder or somebody else submits and pays the fee for (X-5)."""
        auction_id = self.pick_sale(place, AuctionState.QUOTING)
        if auction_id is None:
            return
        bidder = self.people[who]
        quote = self.seal(auction_id, bidder.address, amount, odd)
        if relayed:
            relayed_quote = RelayedQuote(auction_id, bidder.address, quote.cx, quote.body)
            digest = self.world.suite.auction_domain.digest(relayed_quote)
            signature = compact((bidder if relayed == "signed" else self.world.pkg).sign_digest(digest))
            sent, _ = self.step(
                "quote_for",
                self.people[by],
                "auction.quote_for",
                *(auction_id, quote, signature),
                value=self.fee + more,
            )
        else:
            words = auction_id, quote.cx, quote.body
            sent, _ = self.step("quote", bidder, "auction.quote", *words, value=self.fee + more)
        if sent:
            assert more == 0, "a quote costs its fee, no less and no more"
            self.sales[auction_id].quotes.append(quote)
            self.sales[auction_id].links.append(self.link(auction_id))

    # ------------------------------------------------------------ key, settlement

    def scalar(self, key: SecretKey, odd: str) -> int:
        """A key's scalar, or one that must not pass for it."""
        scalar = int.from_bytes(key.reveal(), "big")
        wrong = {"other": scalar + 1, "zero": 0, "beyond": scalar + SECP256K1_N}
        return wrong.get(odd, scalar)

    wrong_keys = [""] * 12 + ["other", "zero", "beyond"]

    @call(4, place=range(100), odd=wrong_keys, by=anybody)
    def disclose(self, place: int, odd: str, by: int) -> None:
        """The key, from whoever knows it (X-6)."""
        auction_id = self.pick_sale(place, AuctionState.AWAITING_KEY)
        if auction_id is not None:
            sale = self.sales[auction_id]
            self.step("disclose", self.people[by], "auction.disclose", sale.terms, self.scalar(sale.key, odd))

    def chunk(self, auction_id: bytes, size: int, odd: str) -> tuple[int, list[Quote]]:
        """The hash chain before a chunk, and the newest quotes that are not replayed yet, or wrong ones."""
        sale, link = self.sales[auction_id], self.link(auction_id)
        end = sale.links.index(link) if link else len(sale.quotes)
        begin = max(0, end - size)
        if odd == "overlap":
            return sale.links[begin], sale.quotes[begin : end + size]
        quotes = sale.quotes[begin:end]
        wrong = {
            "empty": [],
            "missing": quotes[1:],
            "added": quotes + sale.quotes[:1],
            "swapped": quotes[::-1],
            "bidder": [replace(quote, bidder=self.world.carol.address) for quote in quotes],
        }
        return sale.links[end if odd == "begin" else begin], wrong.get(odd, quotes)

    wrong_chunks = [""] * 12 + ["overlap"] * 4 + ["empty", "missing", "added", "swapped", "bidder", "begin"]

    @call(32, place=range(100), size=[1, 1, 2, 3, 99, 99], key=wrong_keys, odd=wrong_chunks, by=anybody)
    def settle(self, place: int, size: int, key: str, odd: str, by: int) -> None:
        """A chunk of quotes is opened; the last one decides (X-6, X-7)."""
        auction_id = self.pick_sale(place, AuctionState.AWAITING_KEY, AuctionState.DISCLOSED)
        if auction_id is not None:
            self.settle_one(auction_id, self.people[by], self.chunk(auction_id, size, odd), key)

    def settle_one(
        self, auction_id: bytes, by: SecretKey, chunk: tuple[int, list[Quote]], odd: str = ""
    ) -> Sent | None:
        sale, before, (begin, quotes) = self.sales[auction_id], self.link(auction_id), chunk
        may_buy = {quote.bidder for quote in quotes if self.may_commit(quote.bidder)}
        key = self.scalar(sale.key, odd)
        sent, result = self.step("settle", by, "auction.settle", sale.terms, key, begin, quotes)
        if sent is None:
            return None
        done = sale.links.index(before) - sale.links.index(begin)
        seen["chunk that overlaps what is done"] += done < len(quotes)
        earned = [event.amount for event in sent.events if isinstance(event, FeesEarned)]
        count = len(sale.links) - 1
        if result is not None and count:
            assert sum(earned) == done * self.fee + (count - done) * (self.fee - earned[0] // done)
            seen["fees of a settlement in parts"] += done < count
        for bidder, amount in self.auctions.opened(auction_id, key, quotes):
            seen["garbage quote settled"] += amount is None
            seen["quote of somebody who may not buy settled"] += bidder not in may_buy
        if result is None:
            assert sent.event(SettlementAdvanced).accumulator == begin
            return sent
        seen["auction decided in parts"] += before != sale.links[-1]
        self.check_result(auction_id, sent, result)
        if self.random.random() < 0.5:
            self.ban_winners(result)
        return sent

    def ban_winners(self, result: Result) -> None:
        """Winners are banned for other trades before they have paid, and pay what they owe (X-3, X-7).

        The DSO then lifts some of the bans.
        """
        for terms in result.awards:
            for winner in [person for person in self.people if person.address == terms.buyer]:
                self.fail_until_banned(winner)
                self.accept("pay_award", terms.struct_hash(), winner, "meter")
                if self.random.random() < 0.5:
                    self.lift_ban(self.people.index(winner), True, "the gateway was down")

    def check_result(self, auction_id: bytes, sent: Sent, result: Result) -> None:
        """The log states the same lots, winners and prices as the rules."""
        trades = {terms.struct_hash(): terms for terms in result.awards}
        won = zip(trades.items(), result.quotes, result.prices, strict=True)
        expected = [
            (LotAwarded, auction_id, lot, terms.buyer, quote, price, trade_id, terms.accept_by)
            for lot, ((trade_id, terms), quote, price) in enumerate(won)
        ]
        ended = (AuctionSettled, auction_id, len(trades), result.runner_up, result.runner_up_quote)
        events = told(self.world.suite.auction, sent)
        assert [event for event in events if event[0] in (LotAwarded, AuctionSettled)] == [*expected, ended]
        self.terms |= trades
        lots = len(self.sales[auction_id].terms.lots_wh)
        seen["award: sold out"] += len(trades) == lots
        seen["award: lots unsold"] += 0 < len(trades) < lots

    @call(12, place=range(100), right=often, who=anybody, key=keys)
    def pay_award(self, place: int, right: bool, who: int, key: str) -> None:
        """The winner pays, or somebody else tries (X-7, N-2)."""
        trade_id = self.pick(place, TradeState.AWARDED)
        if trade_id is None:
            return
        winner = [person for person in self.people if right and person.address == self.terms[trade_id].buyer]
        self.accept("pay_award", trade_id, (winner or [self.people[who]])[0], key)

    @call(6, place=range(100), odd=oddities, by=anybody)
    def deliver_award(self, place: int, odd: str, by: int) -> None:
        """The meter's receipt for what an auction awarded (N-3)."""
        fitting = [
            i
            for i, terms in self.terms.items()
            if terms.nonce & AWARD_NONCE and self.state_of(i) == TradeState.ACCEPTED
        ]
        trade_id = self.one_of(place, fitting, self.terms)
        if trade_id is not None:
            self.receive("deliver_award", trade_id, 100, odd, self.people[by])

    @call(8, asked=False, place=range(100))
    def suspend_winner(self, place: int) -> None:
        """The DSO suspends somebody who has yet to pay an award (C-10)."""
        trade_id = self.pick(place, TradeState.AWARDED)
        if trade_id is not None:
            self.suspend_all(self.world.dso, [self.terms[trade_id].buyer])

    @call(1, who=anybody, to=anybody)
    def award(self, who: int, to: int) -> None:
        """Nobody but the auction awards (X-7)."""
        caller = self.people[who]
        terms = self.new_terms(self.people[to].address, 100, 100, False, False, 0)
        terms = replace(terms, nonce=terms.nonce | AWARD_NONCE, buyer=caller.address)
        self.step("award", caller, "market.award", terms)

    # ------------------------------------------------------------ forfeit

    @call(3, place=range(100), by=anybody)
    def forfeit(self, place: int, by: int) -> None:
        """A key or a settlement that does not come costs the guarantee (X-6, N-7)."""
        auction_id = self.pick_sale(place, AuctionState.AWAITING_KEY, AuctionState.DISCLOSED)
        if auction_id is not None:
            self.forfeit_one(auction_id, self.people[by])

    def forfeit_one(self, auction_id: bytes, by: SecretKey) -> Sent | None:
        sale, stage, link = self.sales[auction_id], self.stage_of(auction_id), self.link(auction_id)
        sent = self.step("forfeit", by, "auction.forfeit", sale.terms)[0]
        if sent and sale.quotes:
            is_late = stage == AuctionState.DISCLOSED
            seen["forfeited after the key was disclosed"] += is_late
            seen["forfeited in the middle of a settlement"] += is_late and link != sale.links[-1]
            earned = sent.event(FeesEarned).amount
            seen["fees of quotes settled before a forfeit"] += earned < len(sale.quotes) * self.fee
        return sent

    @call(6, place=range(100), size=[1, 2, 99], odd=wrong_chunks, by=anybody)
    def compensate(self, place: int, size: int, odd: str, by: int) -> None:
        """Bidders get their shares of the guarantee (X-6)."""
        auction_id = self.pick_sale(place, AuctionState.FORFEITED)
        if auction_id is not None:
            self.compensate_one(auction_id, self.people[by], self.chunk(auction_id, size, odd))

    def compensate_one(self, auction_id: bytes, by: SecretKey, chunk: tuple[int, list[Quote]]) -> Sent | None:
        terms = self.sales[auction_id].terms
        sent = self.step("compensate", by, "auction.compensate", terms, *chunk)[0]
        if sent:
            seen["share of a quote of the publisher's own"] += any(
                isinstance(event, ShareForfeited) for event in sent.events
            )
        return sent

    # ------------------------------------------------------------ fees

    @call(6, who=anybody, right=often, odd=[""] * 8 + ["nobody"], to=anybody)
    def claim_fees(self, who: int, right: bool, odd: str, to: int) -> None:
        """The fees that somebody has earned, or has not (X-5)."""
        caller = self.people[who]
        earners = [person for person in self.people if self.auctions.fees_of(person.address)]
        if right and earners:
            caller = earners[who % len(earners)]
        recipient = ZERO_ADDRESS if odd else self.people[to].address
        due, before = self.auctions.fees_of(caller.address), self.chain.balance(recipient)
        sent, _ = self.step("claim_fees", caller, "auction.claim_fees", recipient)
        if sent:
            gas_free = self.chain.balance(recipient) - before
            assert sent.event(FeesClaimed).amount == due
            assert recipient == caller.address or gas_free == due
