"""An auction in a world: its order, its quotes, its chain, and the short ways to use them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from energy_trading.bindings import SuiteParameters
from energy_trading.bindings.contract import Sent
from energy_trading.bindings.sealed_bid_auction import LotAwarded
from energy_trading.crypto.keys import SECP256K1_N, SecretKey
from energy_trading.crypto.sealed_quote import SealedQuote, accumulate, seal, seed
from energy_trading.market.auction.auction import Auction
from energy_trading.rules.auction import award_nonce, payment
from energy_trading.types import AuctionState, AuctionTerms, Energy, Quote, Terms
from tests.world import EURO, World

HOUR = 3600
QUOTE_KEY = SecretKey.from_int(0xA0C7104)
SCALAR = int.from_bytes(QUOTE_KEY.reveal(), "big")
#: What a quote costs in the worlds of these tests, in wei, and what of it goes to whoever settles it.
FEE = SuiteParameters.quote_fee
SETTLER_FEE = FEE * SuiteParameters.settler_bps // 10_000
START, CEILING = EURO // 10, EURO // 2  # units of account per kWh
#: No point of secp256k1 has this x.
OFF_CURVE_X = 5
N = SECP256K1_N


def order(world: World, publisher: SecretKey | None = None, **changes: Any) -> AuctionTerms:
    """5 kWh from 0.10 to 0.50 euro a kWh: an hour each to quote and disclose, half to settle and pay."""
    world.nonce += 1
    now = world.chain.now()
    return replace(
        AuctionTerms(
            (publisher or world.alice).address,
            QUOTE_KEY.address,
            START,
            CEILING,
            now + HOUR,
            now + 2 * HOUR,
            now + 5 * HOUR // 2,
            now + 3 * HOUR,
            now + 4 * HOUR,
            world.nonce,
            (5000,),
        ),
        **changes,
    )


@dataclass
class House:
    """One posted auction and the quotes it has."""

    world: World
    terms: AuctionTerms
    quotes: list[Quote] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Compute its id."""
        self.auction_id = Auction(self.world.suite, self.terms).auction_id

    @classmethod
    def open(cls, world: World, publisher: SecretKey | None = None, **changes: Any) -> House:
        """Post an order."""
        house = cls(world, order(world, publisher, **changes))
        world.suite.auction.post(house.terms).send(publisher or world.alice)
        return house

    @property
    def chain(self) -> list[int]:
        """The accumulator before each quote, and after the last."""
        links = [seed(self.auction_id)]
        for q in self.quotes:
            sealed = SealedQuote(q.cx.to_bytes(32, "big"), q.body.to_bytes(32, "big"))
            links.append(accumulate(links[-1], q.bidder, sealed))
        return links

    @property
    def guarantee(self) -> int:
        """What is held of the publisher: whole payments, as the market's guarantee is 100 %."""
        return sum(payment(lot, self.terms.ceiling) for lot in self.terms.lots_wh)

    def seal(self, bidder: SecretKey | str, amount: int, **place: Any) -> Quote:
        """A quote under this auction's key; `place` changes what its mask is bound to."""
        address = bidder if isinstance(bidder, str) else bidder.address
        bound: dict[str, Any] = {
            "quote_public_key": QUOTE_KEY.public_key,
            "chain_id": self.world.chain.chain_id,
            "contract": self.world.suite.auction.address,
            "auction_id": self.auction_id,
            "bidder": address,
        } | place
        sealed = seal(amount, **bound)
        return Quote(address, int.from_bytes(sealed.cx, "big"), int.from_bytes(sealed.body, "big"))

    def send(self, bidder: SecretKey, quote: Quote) -> Sent:
        """Quote with these very words."""
        sent = self.world.suite.auction.quote(self.auction_id, quote.cx, quote.body, value=FEE).send(bidder)
        self.quotes.append(replace(quote, bidder=bidder.address))
        return sent

    def bid(self, *bids: tuple[SecretKey, int]) -> None:
        """Seal and send quotes, in order."""
        for bidder, amount in bids:
            self.send(bidder, self.seal(bidder, amount))

    def settle_call(self, start: int = 0, end: int | None = None, key: int = SCALAR) -> Any:
        """The call that replays quotes `start` … `end`."""
        return self.world.suite.auction.settle(self.terms, key, self.chain[start], self.quotes[start:end])

    def settle(self, start: int = 0, end: int | None = None, sender: SecretKey | None = None) -> Sent:
        """Replay quotes `start` … `end`, no earlier than at the end of quoting."""
        if self.world.chain.now() < self.terms.quote_until:
            self.world.chain.mine(self.terms.quote_until)
        sent: Sent = self.settle_call(start, end).send(sender or self.world.stranger)
        return sent

    def compensate_call(self, start: int = 0, end: int | None = None) -> Any:
        """The call that compensates the bidders of quotes `start` … `end`."""
        return self.world.suite.auction.compensate(self.terms, self.chain[start], self.quotes[start:end])

    def trade(self, lot: int, winner: SecretKey, price: int, accept_by: int) -> Terms:
        """The trade that a lot becomes."""
        lot_wh = self.terms.lots_wh[lot]
        return Terms(
            self.terms.publisher,
            winner.address,
            Energy.plain(lot_wh),
            payment(lot_wh, price),
            accept_by,
            self.terms.deliver_by,
            award_nonce(self.auction_id, lot),
        )

    @property
    def state(self) -> AuctionState:
        """As the contract tells it."""
        return AuctionState(self.world.suite.auction.state_of(self.auction_id)[0])


def awards(sent: Sent) -> list[tuple[int, str, int, int]]:
    """(lot, winner, quote, price) of every lot a transaction awarded."""
    return [(e.lot, e.winner, e.quote, e.price) for e in sent.events if isinstance(e, LotAwarded)]


def newcomers(world: World, count: int, funds: int = 100 * EURO) -> list[SecretKey]:
    """Enrol so many more bidders, with coin for gas."""
    people = [SecretKey.from_int(77_000 + i) for i in range(count)]
    for key in people:
        world.chain.send(key.address, b"", world.stranger, value=10**18)
        world.enrol(key, funds=funds)
    return people
