"""The market as a gateway sees it: what the home has bought, and what has become of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from energy_trading.bindings.offer_market import OfferAccepted, OfferMade
from energy_trading.bindings.suite import Suite
from energy_trading.chain.connect import Sender
from energy_trading.crypto.keys import SecretKey
from energy_trading.gateway.home import Bought
from energy_trading.market.log.follower import Follower
from energy_trading.market.slots.home_records import HomeRecords
from energy_trading.market.slots.watcher import RIGHT, Watcher
from energy_trading.market.trade.offer import Offer
from energy_trading.market.trade.trader import confirm
from energy_trading.types import Terms, TradeState

_TERMS: Final = ("seller", "buyer", "energy", "price", "accept_by", "deliver_by", "nonce")
#: states in which a receipt is still awaited
_AWAITED: Final = (TradeState.ACCEPTED, TradeState.TESTIFIED)


class HomeMarket:
    """One home's view of the market on chain.

    Args:
        suite: the market.
        account: of the home.
        receipt_key: keccak256 of its registered meter's signer.
        from_block: the log is read from here on.
        say: is called with a sentence about each reorganisation, and each row of the home that is wrong.
        records: what wrong rows of the home are disputed with.
        key: sends the disputes and pays for them; None only tells of wrong rows.
    """

    def __init__(
        self,
        suite: Suite,
        account: str,
        receipt_key: bytes,
        from_block: int,
        say: Callable[[str], None],
        records: HomeRecords,
        key: SecretKey | None = None,
    ) -> None:
        self._say = say
        self._watcher = Watcher(suite, from_block, [account], key, records, say)
        self.suite, self._account, self._receipt_key = suite, account, receipt_key
        self._follower = Follower(suite, from_block, say)
        self._reply_time = suite.parameters().reply_time
        self._offers: dict[bytes, Terms] = {}

    def purchases(self) -> list[Offer]:
        """Return what the home has bought since the last call, in its meter's name and not hidden.

        Raises:
            NodeError: the node cannot be reached; the next call returns it all.
        """
        bought = []
        for event, removed in self._follower.news():
            if removed:
                continue  # what comes back is allotted already; what does not ends by its deadline
            if isinstance(event, OfferMade):
                terms = Terms(*(getattr(event, name) for name in _TERMS))
                if terms.energy.is_plain:
                    self._offers[event.trade_id] = terms
            elif isinstance(event, OfferAccepted):
                terms_of = self._offers.pop(event.trade_id, None)
                if terms_of is not None and (event.buyer, event.receipt_key) == (
                    self._account,
                    self._receipt_key,
                ):
                    bought.append(Offer(terms_of, terms_of.energy.wh))
        return bought

    def watch(self) -> None:
        """Check what was posted about the home in the slot market, and dispute what is wrong.

        Raises:
            NodeError: the node cannot be reached; the next call goes on.
        """
        for found in self._watcher.step():
            if found.verdict != RIGHT:
                done = "nobody disputed it" if found.sent is None else "the gateway disputed it"
                self._say(f"the row of slot {found.slot} is wrong ({found.verdict}): {found.why}; {done}")

    def least_nonce(self, slot: int) -> int:
        """Return the least nonce of an order that counts in a slot; those below were revoked."""
        return self.suite.slots.min_nonce(self._account, slot)

    def awaits(self, trade: Bought) -> tuple[bool, int]:
        """Return whether the market awaits a trade's receipt, and the time before which it must come."""
        state = self.suite.market.state_of(trade.offer.trade_id)
        late = self._reply_time if state == TradeState.TESTIFIED else 0
        return state in _AWAITED, trade.offer.terms.deliver_by + late

    def confirm(self, sender: Sender, trade: Bought) -> None:
        """Submit a trade's receipt.

        Raises:
            ContractRevert: the market refused it; somebody may have been faster.
            NodeError, NotMined: nobody knows whether it was mined; ask `awaits`.
        """
        assert trade.delivery is not None, "only what is signed is submitted"
        confirm(self.suite, sender, trade.delivery, trade.offer)
