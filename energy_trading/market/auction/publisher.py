"""The client of an account that sells by auction: post the auction, offer an unpaid lot to the runner-up."""

from __future__ import annotations

from energy_trading.bindings.contract import Sent
from energy_trading.errors import BadInput, RuleBroken
from energy_trading.market._client import Client
from energy_trading.market.auction.auction import Auction, AwardedLot
from energy_trading.market.log.fold import fold
from energy_trading.market.log.records import UNPAID
from energy_trading.market.trade.offer import Offer
from energy_trading.market.trade.trader import Trader
from energy_trading.rules.auction import payment


class LotTaken(RuleBroken):
    """A lot belongs to its winner until its award has ended without payment.

    Args:
        award: the lot and its winner.
        state: of the winner's trade, one of the `TRADE_STATES` of the log.
    """

    def __init__(self, award: AwardedLot, state: str) -> None:
        super().__init__(
            f"lot {award.lot} belongs to {award.winner}, whose trade is {state}; it may be offered to the "
            f"runner-up once the award has expired without payment"
        )
        self.award = award
        self.state = state


class Publisher(Client):
    """One account and what it can do with the auctions it publishes."""

    def post(self, auction: Auction) -> Sent:
        """Publish an auction; its guarantee is held from now on.

        Raises:
            ContractRevert: the auction contract or the ledger refused.

        Source:
            X-4, X-8.
        """
        sent = self._send("post auction", self.suite.auction.post(auction.terms))
        auction.from_block = sent.block_number
        return sent

    def offer_to_runner_up(self, auction: Auction, lot: int, accept_by: int) -> Offer:
        """Offer a lot that its winner did not pay to the runner-up, at the runner-up's own quote.

        The log is asked first whether the winner has paid or still may. The runner-up is bound to nothing:
        it accepts the offer or lets it expire.

        Args:
            auction: an own auction that was settled.
            lot: its place in the terms.
            accept_by: unix seconds, half open.

        Returns:
            The offer, which is on chain and reserved for the runner-up.

        Raises:
            BadInput: there is no runner-up or no such lot, or the auction is another account's.
            LotTaken: the winner has paid, or its award has not been ended with `expire` yet.

        Source:
            X-7.
        """
        terms, result = auction.terms, auction.result()
        if result is None or result.runner_up is None:
            raise BadInput("the auction has no runner-up: it was not settled, or everybody won a lot")
        if self.address != terms.publisher:
            raise BadInput(f"the auction was published by {terms.publisher}, not by {self.address}")
        if not 0 <= lot < len(terms.lots_wh):
            raise BadInput(f"the lot must be between 0 and {len(terms.lots_wh) - 1}, not {lot}")
        for award in result.lots:
            if award.lot == lot and (state := self._state_of(auction, award)) != UNPAID:
                raise LotTaken(award, state)
        price = payment(terms.lots_wh[lot], result.runner_up_quote)
        trader = Trader(self.suite, self.key, on_sent=self._on_sent)
        return trader.offer(terms.lots_wh[lot], price, accept_by, terms.deliver_by, buyer=result.runner_up)

    def _state_of(self, auction: Auction, award: AwardedLot) -> str:
        """Return what the log states of the trade that a lot became."""
        trade_id = award.offer.terms.struct_hash()
        events = self.suite.market.events(auction.from_block)
        own = [event for event in events if getattr(event, "trade_id", None) == trade_id]
        return fold(own).trades[trade_id].state
