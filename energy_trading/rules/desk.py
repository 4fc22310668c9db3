"""The relay desk: signed orders of buyers and sellers that anyone may submit."""

from __future__ import annotations

from collections.abc import Sequence

from eth_utils.crypto import keccak

from energy_trading.rules.context import Context
from energy_trading.rules.refused import Refused
from energy_trading.rules.relay import UnorderedNonces, check_fee, check_time
from energy_trading.rules.trade import NONCE_KIND, Market
from energy_trading.types import (
    AWARD_NONCE,
    MAX_UNITS,
    ZERO_ADDRESS,
    Bid,
    Cancellation,
    Domain,
    GiveUp,
    Message,
    Purchase,
    ReceiptKey,
    Relay,
    RelayedBid,
    RelayedPurchase,
    Terms,
)

_WH_PER_MWH = 10**6


class RelayDesk(UnorderedNonces):
    """The desk of one market, which it lets speak for others.

    Every step is given its `Context` first, and raises `Refused` where it is refused. Who submits an order
    does not matter: a fee goes to the relayer whom the signer named, and only if the order is carried out.

    Args:
        domain: where the desk is, which orders are signed for.
        market: where the trades are.
    """

    def __init__(self, domain: Domain, market: Market) -> None:
        super().__init__(domain, market.ledger.signers)
        self.market = market

    # ------------------------------------------------------------ purchases

    def accept_for(self, ctx: Context, purchase: RelayedPurchase) -> None:
        """Accept an offer or award on the buyer's signed purchase (N-2, N-6).

        A trade is accepted once, so a purchase needs no nonce.

        Refused if the deadline has come, nobody gets the fee, the price is above the buyer's limit, there is
        more than one receipt key, or the buyer did not sign; or as the acceptance by the buyer itself is.
        """
        self._accept(ctx, purchase)
        self._pay(purchase.relay.relayer, ZERO_ADDRESS, purchase.relay.fee)

    def accept_for_many(
        self, ctx: Context, purchases: Sequence[RelayedPurchase]
    ) -> tuple[Refused | None, ...]:
        """Accept many; one that is refused does not stop the others (N-2).

        A relayer has the fees of purchases in a row that name it when another one follows, or at the end.

        Returns:
            Why each purchase was refused; None if it was not.
        """
        refusals: list[Refused | None] = []
        relayer, fees = ZERO_ADDRESS, 0
        for purchase in purchases:
            try:
                self._accept(ctx, purchase)
                refusals.append(None)
            except Refused as refusal:
                refusals.append(refusal)
                continue
            relay = purchase.relay
            if relay.fee and relay.relayer != relayer:
                self._pay(relayer, ZERO_ADDRESS, fees)
                relayer, fees = relay.relayer, 0
            fees += relay.fee
        self._pay(relayer, ZERO_ADDRESS, fees)
        return tuple(refusals)

    def _accept(self, ctx: Context, p: RelayedPurchase) -> None:
        relay = p.relay
        check_time(ctx, relay.deadline)
        check_fee(relay.relayer, relay.fee)
        if p.terms.price > p.max_price:
            raise Refused("RelayDesk_OverLimit", p.terms.price, p.max_price)
        receipt_key = _named_key(p.key)
        order = Purchase(
            p.buyer,
            p.terms.struct_hash(),
            p.max_price,
            receipt_key,
            relay.deadline,
            relay.relayer,
            relay.fee,
        )
        self.check_signed(p.buyer, order, p.buyer_signature)
        self.market.accept_on_order(ctx, relay.fee, p.terms, p.seller_signature, p.buyer, p.key)

    # ------------------------------------------------------------ bids

    def fill_bid(self, ctx: Context, relayed: RelayedBid) -> None:
        """Buy an offer on the buyer's standing bid, once (N-1, N-2, N-6).

        Refused if the deadline has come, nobody gets the fee, the buyer did not sign, the offer breaks a
        limit of the bid, one of the two has no registered meter, the receipt key is not the one of the bid,
        or the bid's nonce was used or voided; or as the acceptance by the buyer itself is.
        """
        bid, terms = relayed.bid, relayed.terms
        check_time(ctx, bid.deadline)
        check_fee(bid.relayer, bid.fee)
        self.check_signed(bid.buyer, bid, relayed.buyer_signature)
        self._check_bid(terms, bid)
        receipt_key = _named_key(relayed.key)
        if receipt_key != bid.receipt_key:
            raise Refused("RelayDesk_WrongReceiptKey", receipt_key, bid.receipt_key)
        self.check_nonce(bid.buyer, bid.nonce)
        self.market.accept_on_order(ctx, bid.fee, terms, relayed.seller_signature, bid.buyer, relayed.key)
        self.use_nonce(bid.buyer, bid.nonce)
        self._pay(bid.relayer, ZERO_ADDRESS, bid.fee)

    def _check_bid(self, terms: Terms, bid: Bid) -> None:
        """Refuse an offer that breaks a limit; its price per MWh is rounded up, against the relayer."""
        ledger, energy = self.market.ledger, terms.energy
        energy_wh = int.from_bytes(energy, "big")
        if not energy_wh or not energy.is_plain or not bid.min_wh <= energy_wh <= bid.max_wh:
            raise Refused("RelayDesk_OutsideEnergy", energy, bid.min_wh, bid.max_wh)
        if terms.accept_by < bid.slot_start or terms.deliver_by > bid.slot_end:
            slot = bid.slot_start, bid.slot_end
            raise Refused("RelayDesk_OutsideSlot", terms.accept_by, terms.deliver_by, *slot)
        if terms.nonce & NONCE_KIND == AWARD_NONCE:
            raise Refused("RelayDesk_IsAward", terms.nonce)
        if terms.price > MAX_UNITS:
            raise Refused("OfferMarket_BadTerms", energy, terms.price, MAX_UNITS)
        per_mwh_up = -(-terms.price * _WH_PER_MWH // energy_wh)
        if per_mwh_up > bid.max_price_per_mwh:
            raise Refused("RelayDesk_TooDear", per_mwh_up, bid.max_price_per_mwh)
        if bid.seller not in (ZERO_ADDRESS, terms.seller):
            raise Refused("RelayDesk_OtherSeller", terms.seller, bid.seller)
        for account in (terms.seller, bid.buyer):
            if account not in ledger.meters:
                raise Refused("RelayDesk_NoMeter", account)
        credit_e9 = ledger.account(terms.seller).standing.seller_credit_e9
        if credit_e9 < bid.min_seller_credit:
            raise Refused("RelayDesk_LowCredit", terms.seller, credit_e9, bid.min_seller_credit)

    # ------------------------------------------------------------ sellers

    def give_up_for(
        self, ctx: Context, terms: Terms, not_before: int, max_cut: int, relay: Relay, signature: bytes
    ) -> None:
        """Withdraw an open offer on its seller's signed order (N-4).

        Refused before `not_before`, if the deadline has come, nobody gets the fee, the seller did not sign,
        the trade is not offered, it would cost more than `max_cut` units, or the seller cannot pay the fee.
        """
        if ctx.now < not_before:
            raise Refused("RelayDesk_TooEarly", ctx.now, not_before)
        trade_id = terms.struct_hash()
        order = GiveUp(trade_id, not_before, max_cut, relay.deadline, relay.relayer, relay.fee)
        self._check_sellers(ctx, terms.seller, order, relay, signature)
        self.market.give_up_on_order(ctx, max_cut, terms, relay)

    def cancel_for(self, ctx: Context, terms: Terms, relay: Relay, signature: bytes) -> None:
        """Withdraw an offer signed off chain for good, on its seller's signed order (N-4).

        Refused if the deadline has come, nobody gets the fee, the seller did not sign, as the cancellation by
        the seller itself is, or if the seller cannot pay the fee.
        """
        order = Cancellation(terms.struct_hash(), relay.deadline, relay.relayer, relay.fee)
        self._check_sellers(ctx, terms.seller, order, relay, signature)
        self.market.cancel_signed_on_order(ctx, terms, relay)

    def _check_sellers(
        self, ctx: Context, seller: str, order: Message, relay: Relay, signature: bytes
    ) -> None:
        check_time(ctx, relay.deadline)
        check_fee(relay.relayer, relay.fee)
        self.check_signed(seller, order, signature)

    def _pay(self, relayer: str, payer: str, amount: int) -> None:
        if amount:
            self.market.ledger.pay_fee(relayer, amount, payer)


def _named_key(key: Sequence[ReceiptKey]) -> bytes:
    """Return the hash of the one receipt key that an order names; zero is the registered meter."""
    if len(key) > 1:
        raise Refused("RelayDesk_OneKey", len(key))
    return keccak(key[0].signer) if key else bytes(32)
