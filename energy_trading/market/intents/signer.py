"""The client of an account that signs orders and leaves their submission to others."""

from __future__ import annotations

import secrets
from typing import Final

from eth_utils.address import is_address, to_checksum_address
from eth_utils.crypto import keccak

from energy_trading.bindings.contract import read_events
from energy_trading.bindings.energy_ledger import NoncesUsed
from energy_trading.bindings.offer_market import OfferAccepted
from energy_trading.bindings.suite import Suite
from energy_trading.crypto._signatures import compact
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput, RuleBroken, TryAgain
from energy_trading.market.intents.intent import Intent, Order
from energy_trading.market.log.fold import fold
from energy_trading.market.trade.offer import Offer, Trade
from energy_trading.meter.key_root import Evidence
from energy_trading.meter.smart_meter import Allotment, SmartMeter
from energy_trading.types import (
    MAX_UNITS,
    SIGNED_NONCE,
    ZERO_ADDRESS,
    Bid,
    Cancellation,
    Deposit,
    Domain,
    GiveUp,
    NonceCancellation,
    Purchase,
    ReceiptKey,
    Terms,
    TokenPermit,
    TradeState,
    Withdrawal,
)

_WORD: Final = 256


#: Seconds between the readings of a meter that records as the standards of smart meters ask.
QUARTER: Final = 900
#: Seconds that a receipt has to reach the chain.
RECEIPT_SECONDS: Final = 300


class IntentSigner:
    """One account that signs orders for others to submit. It sends no transaction and needs no coin for gas.

    Args:
        suite: the market.
        key: the account's secret key.
        meter: proves what the account receives; needed for purchases and bids.
        relayer: account that gets the fees; None for nobody.
        fee: units of account that each order pays to the relayer if it is carried out.

    Raises:
        BadInput: the fee is out of range, or nobody would get it.
    """

    def __init__(
        self,
        suite: Suite,
        key: SecretKey,
        meter: SmartMeter | None = None,
        *,
        relayer: str | None = None,
        fee: int = 0,
    ) -> None:
        if relayer is not None and not is_address(relayer):
            raise BadInput(f"the relayer must be an address, not {relayer!r}")
        if not 0 <= fee <= MAX_UNITS:
            raise BadInput(f"the fee must be between 0 and {MAX_UNITS} units, not {fee}")
        if fee and relayer is None:
            raise BadInput("a fee needs a relayer who gets it")
        self.suite = suite
        self.key = key
        self._meter = meter
        self._relayer = ZERO_ADDRESS if relayer is None else str(to_checksum_address(relayer))
        self._fee = fee
        # 256 orders of one client share a word of the contract's bitmap, so that all but the first are cheap;
        # the word is random, so that two clients of one account do not take the same nonce.
        self._next_nonce = secrets.randbits(200) * _WORD

    @property
    def address(self) -> str:
        """EIP-55 address of the account."""
        return self.key.address

    def purchase(
        self,
        offer: Offer,
        slot_from: int,
        slot_to: int,
        *,
        deadline: int,
        max_price: int | None = None,
        evidence: Evidence | None = None,
    ) -> Intent:
        """Sign the acceptance of an offer. The meter learns of the trade first, so that it will sign.

        A purchase cannot be cancelled: choose a deadline minutes away. If nobody has submitted it by then,
        `drop` frees the meter.

        Args:
            offer: the seller's, on chain or signed.
            slot_from: start of delivery, unix seconds.
            slot_to: end of delivery, unix seconds.
            deadline: unix seconds; the purchase can be submitted before.
            max_price: the most units of account for the energy; None means the offer's price.
            evidence: the published file of the current root of one-time keys, to name one of the meter's
                keys; None names the registered meter.

        Raises:
            BadInput: there is no meter, or the offer is dearer than `max_price` or is not for this account.
            TradeRefused: the meter knows the trade with other terms, or has forgotten it for good.
            KeysUsedUp: no one-time key is left.

        Source:
            N-2, N-3, N-6.
        """
        terms = offer.terms
        limit = terms.price if max_price is None else max_price
        if terms.price > limit:
            raise BadInput(f"the offer costs {terms.price} units, more than the limit of {limit}")
        if terms.buyer not in (ZERO_ADDRESS, self.address):
            raise BadInput(f"the offer is reserved for {terms.buyer}; the account is {self.address}")
        if terms.seller == self.address:
            raise BadInput("an account cannot buy from itself")
        meter, allotment = self._own_meter(), _allotment(offer, slot_from, slot_to)
        key = None
        if evidence is None:
            meter.allot(allotment)
        else:
            consent = meter.allot_privately(allotment, self.address, evidence.epoch)
            key = ReceiptKey(
                consent.signer, evidence.epoch, evidence.proof(consent.signer), consent.signature
            )
        order = Purchase(
            self.address,
            offer.trade_id,
            limit,
            bytes(32) if key is None else keccak(key.signer),
            deadline,
            self._relayer,
            self._fee,
        )
        return self._sign(order, self.suite.desk_domain, terms, offer.signature or b"", key)

    def bid(
        self,
        *,
        min_wh: int,
        max_wh: int,
        max_price_per_mwh: int,
        slot_start: int,
        slot_end: int,
        deadline: int,
        min_seller_credit: int = 0,
        seller: str | None = None,
    ) -> Intent:
        """Sign a standing order that buys one offer within these limits; the contract checks all of them.

        The registered meter signs the receipt. When the bid may have been filled, call `filled`, which makes
        the trade known to the meter.

        Args:
            min_wh: the least energy, Wh.
            max_wh: the most energy, Wh.
            max_price_per_mwh: the most units of account for 1,000,000 Wh.
            slot_start: unix seconds; delivery must not begin before.
            slot_end: unix seconds; delivery must not end after.
            deadline: unix seconds; the bid can be filled before.
            min_seller_credit: the least credit of the seller, scale 1e9.
            seller: the only account that may sell; None for anyone.

        Raises:
            BadInput: the limits admit nothing.

        Source:
            N-2; S-1 (REQUEST).
        """
        self._own_meter()
        if not 0 < min_wh <= max_wh:
            raise BadInput(f"min_wh must be between 1 and max_wh, but they are {min_wh} and {max_wh}")
        if not slot_start < slot_end:
            raise BadInput(f"slot_start must be before slot_end, but they are {slot_start} and {slot_end}")
        if seller is not None and not is_address(seller):
            raise BadInput(f"the seller must be an address, not {seller!r}")
        order = Bid(
            self.address,
            ZERO_ADDRESS if seller is None else str(to_checksum_address(seller)),
            min_wh,
            max_wh,
            max_price_per_mwh,
            slot_start,
            slot_end,
            min_seller_credit,
            deadline,
            self._nonce(),
            bytes(32),
            self._relayer,
            self._fee,
        )
        return self._sign(order, self.suite.desk_domain)

    def give_up(
        self,
        offer: Offer,
        *,
        deadline: int,
        not_before: int | None = None,
        max_cut: int = 0,
    ) -> Intent:
        """Sign the withdrawal of an own offer on chain that nobody has accepted.

        Args:
            offer: on chain.
            deadline: unix seconds; the order can be carried out before.
            not_before: unix seconds; the order counts from then on. None means the offer's `accept_by`, from
                when on nothing is cut.
            max_cut: the most units of account of the guarantee that may be lost.

        Raises:
            BadInput: the offer is not this account's, or was signed off chain; cancel that instead.

        Source:
            N-4.
        """
        self._check_own(offer, signed=False)
        start = offer.terms.accept_by if not_before is None else not_before
        order = GiveUp(offer.trade_id, start, max_cut, deadline, self._relayer, self._fee)
        return self._sign(order, self.suite.desk_domain, offer.terms)

    def cancel(self, offer: Offer, *, deadline: int) -> Intent:
        """Sign the cancellation of an own offer that was signed off chain.

        Args:
            offer: signed off chain.
            deadline: unix seconds; the order can be carried out before.

        Raises:
            BadInput: the offer is not this account's, or is on chain; give that up instead.

        Source:
            N-4.
        """
        self._check_own(offer, signed=True)
        order = Cancellation(offer.trade_id, deadline, self._relayer, self._fee)
        return self._sign(order, self.suite.desk_domain, offer.terms)

    def withdraw(self, amount: int, to: str | None = None, *, deadline: int) -> Intent:
        """Sign a withdrawal of available funds.

        Args:
            amount: units of account that the recipient gets; the fee comes on top.
            to: recipient; None means the account itself.
            deadline: unix seconds; the order can be carried out before.

        Source:
            N-8.
        """
        recipient = self.address if to is None else to
        order = Withdrawal(self.address, recipient, amount, self._nonce(), deadline, self._relayer, self._fee)
        return self._sign(order, self.suite.ledger_domain)

    def deposit(
        self,
        amount: int,
        account: str | None = None,
        *,
        deadline: int,
        permit: TokenPermit | None = None,
    ) -> Intent:
        """Sign a deposit of own tokens; it has no fee.

        Args:
            amount: units of account.
            account: open account that gets the funds; None means the own one.
            deadline: unix seconds; the order can be carried out before.
            permit: ERC-2612 permit for the ledger; None if an allowance stands already.

        Source:
            X-4, ERC-2612.
        """
        benefits = self.address if account is None else account
        order = Deposit(self.address, benefits, amount, self._nonce(), deadline)
        return self._sign(order, self.suite.ledger_domain, permit=permit)

    def void(self, intent: Intent, *, deadline: int) -> Intent:
        """Sign that an own bid, withdrawal or deposit shall count no more.

        Args:
            intent: the order to void.
            deadline: unix seconds; the order can be carried out before.

        Raises:
            BadInput: the intent has no nonce, or is not this account's.
        """
        order = intent.order
        if not isinstance(order, Bid | Withdrawal | Deposit):
            raise BadInput(f"a {intent.kind} has no nonce, and so cannot be voided; it ends by its deadline")
        if intent.signer != self.address:
            raise BadInput(f"the {intent.kind} is that of {intent.signer}; the account is {self.address}")
        word, bit = divmod(order.nonce, _WORD)
        return self._sign(NonceCancellation(self.address, word, 1 << bit, deadline), intent.domain)

    def filled(
        self, intent: Intent, from_block: int = 0, slot: tuple[int, int] | None = None
    ) -> Trade | None:
        """Return the trade that filled an own bid, and let the meter sign its receipt.

        Args:
            intent: a bid.
            from_block: the market's first block, or a later one before the bid.
            slot: start and end of delivery, unix seconds; None takes `delivery_slot`. The second call cannot
                name another one.

        Returns:
            The trade, or None if nobody has filled the bid yet.

        Raises:
            BadInput: the intent is no bid, or the slot leaves no time for the receipt.
        """
        bid = intent.order
        if not isinstance(bid, Bid):
            raise BadInput(f"only a bid is filled, not a {intent.kind}")
        accepted = self._acceptance_of(bid, from_block)
        if accepted is None:
            return None
        terms = fold(self.suite.market.events(from_block)).trade(accepted.trade_id).terms
        offer = Offer(terms, terms.energy.wh)
        start, end = delivery_slot(terms) if slot is None else slot
        if not terms.accept_by <= start < end < terms.deliver_by:
            raise BadInput(
                f"delivery must lie between {terms.accept_by} and {terms.deliver_by},"
                f" when its receipt is due, not from {start} to {end}"
            )
        self._own_meter().allot(_allotment(offer, start, end))
        return Trade(offer, bid.buyer, accepted.receipt_key)

    def drop(self, intent: Intent) -> None:
        """Free the meter of a purchase that nobody submitted in time.

        Raises:
            BadInput: the intent is no purchase.
            TryAgain: the deadline has not passed, so somebody may still submit it.
            RuleBroken: it was submitted, and the trade is open.
        """
        order = intent.order
        if not isinstance(order, Purchase):
            raise BadInput(f"only a purchase holds the meter, not a {intent.kind}")
        if self.suite.chain.now() < order.deadline:
            raise TryAgain(f"the purchase can be submitted until {order.deadline}; drop it after that")
        if self.suite.market.state_of(order.trade_id) == TradeState.ACCEPTED:
            raise RuleBroken(f"trade 0x{order.trade_id.hex()} was accepted; its receipt is due")
        self._own_meter().release(order.trade_id)

    def _sign(
        self,
        order: Order,
        domain: Domain,
        terms: Terms | None = None,
        seller_signature: bytes = b"",
        key: ReceiptKey | None = None,
        permit: TokenPermit | None = None,
    ) -> Intent:
        signature = compact(self.key.sign_digest(domain.digest(order)))
        return Intent(order, domain, self.address, signature, terms, seller_signature, key, permit)

    def _nonce(self) -> int:
        self._next_nonce += 1
        return self._next_nonce - 1

    def _check_own(self, offer: Offer, signed: bool) -> None:
        if offer.terms.seller != self.address:
            raise BadInput(f"the offer is that of {offer.terms.seller}; the account is {self.address}")
        if bool(offer.terms.nonce & SIGNED_NONCE) != signed:
            raise BadInput(
                "the offer is on chain; give it up instead"
                if signed
                else "the offer was signed off chain; cancel it instead"
            )

    def _acceptance_of(self, bid: Bid, from_block: int) -> OfferAccepted | None:
        """Return the acceptance that stands right behind the use of the bid's nonce in one transaction."""
        word, bit = divmod(bid.nonce, _WORD)
        if not self.suite.desk.nonce_mask(bid.buyer, word) >> bit & 1:
            return None
        used = None
        for event in read_events(self.suite.chain, self.suite.markets, from_block):
            if isinstance(event, NoncesUsed) and event.address == self.suite.desk.address:
                if (event.owner, event.word) == (bid.buyer, word) and event.mask >> bit & 1:
                    used = event.transaction_hash
            elif isinstance(event, OfferAccepted) and event.transaction_hash == used:
                return event if event.buyer == bid.buyer else None
        return None  # the nonce was voided

    def _own_meter(self) -> SmartMeter:
        if self._meter is None:
            raise BadInput(f"the account {self.address} has no meter, and so cannot buy")
        return self._meter


def delivery_slot(terms: Terms) -> tuple[int, int]:
    """Return when a trade that nobody has arranged further is delivered: its whole quarters of an hour.

    The last `RECEIPT_SECONDS` are left for the receipt, which has to be mined before `deliver_by`.

    Args:
        terms: of the trade.

    Returns:
        Start and end, unix seconds; both are quarters of an hour in UTC.

    Raises:
        BadInput: the trade holds no such quarter; start and end of delivery have to be named.
    """
    start = -(-terms.accept_by // QUARTER) * QUARTER
    end = (terms.deliver_by - RECEIPT_SECONDS) // QUARTER * QUARTER
    if end <= start:
        raise BadInput(
            f"between {terms.accept_by} and {terms.deliver_by} there is no whole quarter of an hour with"
            f" {RECEIPT_SECONDS} seconds for the receipt after it; name start and end of delivery"
        )
    return start, end


def _allotment(offer: Offer, slot_from: int, slot_to: int) -> Allotment:
    return Allotment(offer.trade_id, slot_from, slot_to, offer.energy_wh, offer.salt)
