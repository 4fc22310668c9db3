"""The trades: an offer is made, accepted and paid for; it ends by receipt, withdrawal or deadline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from eth_utils.crypto import keccak

from energy_trading.crypto.merkle import signer_leaf, verify_proof
from energy_trading.rules.context import Context
from energy_trading.rules.ledger import Ledger, Refused
from energy_trading.rules.settlement import (
    Split,
    guarantee_up,
    penalty_down,
    short_delivery,
    split,
    withdrawal_cut_down,
)
from energy_trading.types import (
    AWARD_NONCE,
    MAX_UNITS,
    PLAIN_ENERGY_LIMIT,
    SIGNED_NONCE,
    ZERO_ADDRESS,
    Acceptance,
    Delivery,
    DeliveryFault,
    Domain,
    Energy,
    MarketParameters,
    Outcome,
    Receipt,
    ReceiptKey,
    Terms,
    TradeState,
)

_NONCE_KIND: Final = SIGNED_NONCE | AWARD_NONCE


@dataclass(frozen=True)
class Accepted:
    """Who accepted, and which key will sign the receipt.

    Args:
        buyer: account that paid.
        receipt_key: keccak256 of the ERC-7913 signer.
    """

    buyer: str
    receipt_key: bytes


class Market:
    """All trades of one market over one ledger.

    Every step is given its `Context` first, and raises `Refused` where it is refused. `terms` are the offer,
    whose hash is the trade id; a `signature` of an offer is the seller's, and a one-time `key` comes with its
    Merkle proof and its own signature of the acceptance. An offer is new if its nonce is of the right kind,
    its energy and price are not 0, money can pay the price, it is not reserved for its seller, its deadlines
    lie ahead, in order and near enough, and there has been no trade of these terms.

    Args:
        parameters: what is fixed when a market begins; its `auction` is the account that may award, or the
            zero address if there is none.
        domain: where the market is, which offers, acceptances and receipts are signed for.
        ledger: where the money is.
    """

    def __init__(self, parameters: MarketParameters, domain: Domain, ledger: Ledger) -> None:
        self.parameters = parameters
        self.auction = parameters.auction
        self.domain = domain
        self.ledger = ledger
        self.trades: dict[bytes, TradeState | Accepted] = {}

    def state_of(self, trade_id: bytes) -> TradeState:
        """Return the current state of a trade; one that ended and cannot come back is `NONE`."""
        state = self.trades.get(trade_id, TradeState.NONE)
        return TradeState.ACCEPTED if isinstance(state, Accepted) else state

    def trade_id_of(self, terms: Terms) -> bytes:
        """Return the 32-byte id of a trade: the struct hash of its terms (N-5)."""
        return terms.struct_hash()

    def guarantee_up(self, price: int) -> int:
        """Return the guarantee for a price in units, rounded up; refused for a price no offer can have."""
        if price > MAX_UNITS:
            raise Refused("OfferMarket_BadTerms", Energy(bytes(32)), price, MAX_UNITS)
        return guarantee_up(price, self.parameters)

    # ------------------------------------------------------------ offers

    def make_offer(self, ctx: Context, terms: Terms) -> bytes:
        """Commit the seller to deliver: the guarantee is held (commitment to send, CTS, N-1).

        Refused if the caller is not the seller, the offer is not new, or the seller may not commit.
        """
        self._require_seller(ctx, terms)
        trade_id = self._check_new(ctx, terms, 0)
        guarantee = guarantee_up(terms.price, self.parameters)
        self.ledger.commit(terms.seller, guarantee, ZERO_ADDRESS, 0, ctx.now)
        self.trades[trade_id] = TradeState.OFFERED
        return trade_id

    def accept_offer(self, ctx: Context, terms: Terms) -> None:
        """Commit the buyer's payment (commitment to pay, CTP, N-2); the registered meter will sign.

        A winner pays its award even while it is banned, because it owes that already.

        Refused if the trade is neither offered nor awarded, `accept_by` has come, the offer is reserved for
        somebody else or the caller's own, or the caller may not commit or has no meter.
        """
        self._accept(ctx, terms, None)

    def accept_offer_privately(self, ctx: Context, terms: Terms, key: ReceiptKey) -> None:
        """Accept an offer and name a one-time key, which nobody can connect to the buyer's meter (N-6).

        Refused if the key is not under the root of the present epoch, or does not sign for this trade and
        buyer; or as `accept_offer` is.
        """
        self._accept(ctx, terms, self._check_key(ctx, terms.struct_hash(), key))

    def accept_signed(self, ctx: Context, terms: Terms, signature: bytes) -> bytes:
        """Accept an offer that its seller signed off chain: guarantee and payment at once (N-1, N-2).

        Refused if the offer is not new, the signature is not the seller's, the seller may not commit, or
        as `accept_offer` is.
        """
        return self._accept_signed(ctx, terms, signature, None)

    def accept_signed_privately(self, ctx: Context, terms: Terms, signature: bytes, key: ReceiptKey) -> bytes:
        """Accept a signed offer and name a one-time key (N-1, N-2, N-6).

        Refused as `accept_signed` and `accept_offer_privately` are.
        """
        return self._accept_signed(ctx, terms, signature, key)

    def award(self, ctx: Context, terms: Terms) -> bytes:
        """Open a trade that the winner of an auction has to pay (X-7); its guarantee is held already.

        Refused if the caller is not the auction, nobody is named as the buyer, or the offer is not new.
        """
        if ctx.sender != self.auction or self.auction == ZERO_ADDRESS:
            raise Refused("OfferMarket_NotAuction", ctx.sender, self.auction)
        if terms.buyer == ZERO_ADDRESS:
            raise Refused("OfferMarket_NoBuyer")
        trade_id = self._check_new(ctx, terms, AWARD_NONCE)
        self.trades[trade_id] = TradeState.AWARDED
        return trade_id

    # ------------------------------------------------------------ deliveries

    def confirm_delivery(self, ctx: Context, delivery: Delivery) -> None:
        """Settle a receipt (energy receipt confirmation, ERC, N-3). Anyone may submit it.

        Refused if the trade is not accepted, `deliver_by` has come, buyer or key are not those of the
        acceptance, the energy is hidden and not that of the terms, or the key did not sign for this trade and
        this energy.
        """
        self._require_no_fault(delivery, self._confirm(ctx, delivery, _number(delivery.terms.energy)))

    def confirm_deliveries(self, ctx: Context, deliveries: Sequence[Delivery]) -> tuple[DeliveryFault, ...]:
        """Settle many receipts; one with a fault does not stop the others (N-3).

        Returns:
            The fault of each delivery, or `NONE`.
        """
        return tuple(self._confirm(ctx, delivery, _number(delivery.terms.energy)) for delivery in deliveries)

    def confirm_hidden_short(self, ctx: Context, delivery: Delivery, agreed_wh: int, salt: bytes) -> None:
        """Settle a receipt for hidden energy that came in part, by opening the commitment (N-5).

        Refused if quantity and salt do not open it, or as `confirm_delivery` is.

        Args:
            agreed_wh: quantity of the terms, Wh.
            salt: 32 bytes.
        """
        energy = delivery.terms.energy
        if not 0 < agreed_wh < PLAIN_ENERGY_LIMIT or Energy.hidden(agreed_wh, salt) != energy:
            raise Refused("OfferMarket_BadOpening", energy, agreed_wh, salt)
        self._require_no_fault(delivery, self._confirm(ctx, delivery, agreed_wh))

    # ------------------------------------------------------------ withdrawal, expiry

    def give_up(self, ctx: Context, terms: Terms) -> None:
        """Withdraw an open offer (cancellation of the commitment to send, CCS, N-4).

        Before `accept_by` it costs a share of the guarantee and some credit.

        Refused if the caller is not the seller, or the trade is not offered.
        """
        self._require_seller(ctx, terms)
        del self.trades[self._require(terms, TradeState.OFFERED)]
        early = ctx.now < terms.accept_by
        cut = withdrawal_cut_down(terms.price, self.parameters) if early else 0
        self._settle(ctx, terms, None, 0, cut, Outcome.WITHDRAWN if early else Outcome.NONE)

    def cancel_signed(self, ctx: Context, terms: Terms) -> None:
        """Withdraw an offer signed off chain for good, without a cost (N-4).

        Refused if the caller is not the seller, the nonce is of another kind of offer, `accept_by` has come,
        or the trade has begun.
        """
        self._require_seller(ctx, terms)
        if terms.nonce & _NONCE_KIND != SIGNED_NONCE:
            raise Refused("OfferMarket_WrongNonce", terms.nonce, True)
        if ctx.now >= terms.accept_by:
            raise Refused("OfferMarket_Expired", ctx.now, terms.accept_by)
        self.trades[self._require(terms, TradeState.NONE)] = TradeState.CLOSED

    def expire(self, ctx: Context, terms: Terms, buyer: str, receipt_key: bytes) -> None:
        """End what is overdue. Anyone may call (N-7, scenarios 3 and 4).

        An offer that nobody accepted costs nothing. An award that its winner did not pay is the winner's
        default (eq 7); an accepted trade that was not delivered is the seller's.

        Refused if the trade is not open, its deadline (`accept_by` or `deliver_by`) has not come, or others
        accepted it.

        Args:
            terms: the trade.
            buyer: account that accepted; if nobody did, it is not looked at.
            receipt_key: hash of the key named at acceptance; likewise.
        """
        trade_id = terms.struct_hash()
        state = self.trades.get(trade_id, TradeState.NONE)
        is_accepted = isinstance(state, Accepted)
        if not is_accepted and state not in (TradeState.OFFERED, TradeState.AWARDED):
            raise Refused("OfferMarket_WrongState", trade_id, state, TradeState.ACCEPTED)
        deadline = terms.deliver_by if is_accepted else terms.accept_by
        if ctx.now < deadline:
            raise Refused("OfferMarket_NotExpired", ctx.now, deadline)
        if is_accepted and state != Accepted(buyer, receipt_key):
            raise Refused("OfferMarket_NotParty", trade_id, buyer, receipt_key)
        del self.trades[trade_id]
        if is_accepted:
            cut = penalty_down(terms.price, self.parameters)
            self._settle(ctx, terms, buyer, 0, cut, Outcome.SELLER_DEFAULT)
        elif state == TradeState.OFFERED:
            self._settle(ctx, terms, None, 0, 0, Outcome.NONE)
        else:  # the winner had paid nothing, so nothing returns to it
            guarantee = guarantee_up(terms.price, self.parameters)
            parts = Split(guarantee, guarantee, 0, 0, terms.price, Outcome.BUYER_DEFAULT)
            self.ledger.settle(terms.seller, terms.buyer, parts, ctx.now)

    # ------------------------------------------------------------ parts of the above

    def _check_new(self, ctx: Context, terms: Terms, kind: int) -> bytes:
        """Return the trade id of a new offer."""
        if terms.nonce & _NONCE_KIND != kind:
            raise Refused("OfferMarket_WrongNonce", terms.nonce, kind == SIGNED_NONCE)
        if not any(terms.energy) or not 0 < terms.price <= MAX_UNITS:
            raise Refused("OfferMarket_BadTerms", terms.energy, terms.price, MAX_UNITS)
        if terms.seller == terms.buyer:
            raise Refused("OfferMarket_SelfTrade", terms.seller)
        latest = ctx.now + self.parameters.max_duration
        if not ctx.now < terms.accept_by < terms.deliver_by <= latest:
            raise Refused("OfferMarket_BadWindow", terms.accept_by, terms.deliver_by, ctx.now, latest)
        return self._require(terms, TradeState.NONE)

    def _check_key(self, ctx: Context, trade_id: bytes, key: ReceiptKey) -> bytes:
        """Return the hash of a one-time key; it co-signs, so that nobody names a key that will never sign."""
        receipt_key = keccak(key.signer)
        root = self.ledger.current_key_root(key.epoch, ctx.now)
        if not any(root) or not verify_proof(root, signer_leaf(key.signer), key.proof):
            raise Refused("OfferMarket_UnknownReceiptKey", key.epoch, receipt_key)
        digest = self.domain.digest(Acceptance(trade_id, ctx.sender))
        if not self.ledger.signers.is_valid(key.signer, digest, key.signature):
            raise Refused("OfferMarket_BadSignature", key.signer)
        return receipt_key

    def _accept(self, ctx: Context, terms: Terms, receipt_key: bytes | None) -> None:
        trade_id = terms.struct_hash()
        state = self.state_of(trade_id)
        if state not in (TradeState.OFFERED, TradeState.AWARDED):
            raise Refused("OfferMarket_WrongState", trade_id, state, TradeState.OFFERED)
        if ctx.now >= terms.accept_by:
            raise Refused("OfferMarket_Expired", ctx.now, terms.accept_by)
        self._pay(ctx, terms, receipt_key, ZERO_ADDRESS, state == TradeState.AWARDED)

    def _accept_signed(self, ctx: Context, terms: Terms, signature: bytes, key: ReceiptKey | None) -> bytes:
        trade_id = self._check_new(ctx, terms, SIGNED_NONCE)
        receipt_key = None if key is None else self._check_key(ctx, trade_id, key)
        if not self.ledger.signers.is_accounts(terms.seller, self.domain.digest(terms), signature):
            raise Refused("OfferMarket_BadSignature", bytes.fromhex(terms.seller[2:]))
        self._pay(ctx, terms, receipt_key, terms.seller)
        return trade_id

    def _pay(
        self, ctx: Context, terms: Terms, receipt_key: bytes | None, seller: str, is_owed: bool = False
    ) -> None:
        """Take the payment, and the guarantee of a seller whose guarantee is not held yet.

        A winner owes the payment of its award, so a ban does not keep it from paying.
        """
        buyer, guarantee = ctx.sender, guarantee_up(terms.price, self.parameters)
        if terms.buyer not in (ZERO_ADDRESS, buyer):
            raise Refused("OfferMarket_Reserved", buyer, terms.buyer)
        if terms.seller == buyer:
            raise Refused("OfferMarket_SelfTrade", buyer)
        commitment = seller, guarantee, buyer, terms.price, ctx.now
        if is_owed:
            self.ledger.check_owed(buyer, terms.price)
        else:
            self.ledger.check_commit(*commitment)
        receipt_key = self.ledger.meters.get(buyer) if receipt_key is None else receipt_key
        if receipt_key is None:
            raise Refused("OfferMarket_NoMeter", buyer)
        if is_owed:
            self.ledger.pay_owed(buyer, terms.price)
        else:
            self.ledger.commit(*commitment)
        self.trades[terms.struct_hash()] = Accepted(buyer, receipt_key)

    def _confirm(self, ctx: Context, d: Delivery, agreed: int) -> DeliveryFault:
        """Settle a receipt, or return why not and change nothing."""
        terms = d.terms
        trade_id = terms.struct_hash()
        state = self.trades.get(trade_id)
        if not isinstance(state, Accepted):
            return DeliveryFault.NOT_ACCEPTED
        if ctx.now >= terms.deliver_by:
            return DeliveryFault.EXPIRED
        if state != Accepted(d.buyer, keccak(d.signer)):
            return DeliveryFault.NOT_PARTY
        is_full = d.energy == terms.energy
        if not is_full and (not d.energy.is_plain or agreed >= PLAIN_ENERGY_LIMIT):
            return DeliveryFault.ENERGY_HIDDEN
        digest = self.domain.digest(Receipt(trade_id, d.energy))
        if not self.ledger.signers.is_valid(d.signer, digest, d.signature):
            return DeliveryFault.BAD_RECEIPT
        if ctx.now < terms.accept_by:
            self.trades[trade_id] = TradeState.CLOSED  # the same terms could come back
        else:
            del self.trades[trade_id]
        delivered = _number(d.energy)
        if is_full or delivered >= agreed:
            self._settle(ctx, terms, state.buyer, terms.price, 0, Outcome.DELIVERED)
        else:
            short = short_delivery(terms.price, delivered, agreed, self.parameters)
            outcome = Outcome.SELLER_DEFAULT if short.is_default else Outcome.DELIVERED
            self._settle(ctx, terms, state.buyer, short.payment, short.cut, outcome)
        return DeliveryFault.NONE

    def _settle(
        self, ctx: Context, terms: Terms, buyer: str | None, payment: int, cut: int, outcome: Outcome
    ) -> None:
        parts = split(terms.price, payment, cut, buyer is not None, outcome, self.parameters)
        self.ledger.settle(terms.seller, buyer or ZERO_ADDRESS, parts, ctx.now)

    def _require_no_fault(self, delivery: Delivery, fault: DeliveryFault) -> None:
        if fault != DeliveryFault.NONE:
            raise Refused("OfferMarket_ReceiptRefused", delivery.terms.struct_hash(), fault)

    def _require_seller(self, ctx: Context, terms: Terms) -> None:
        if ctx.sender != terms.seller:
            raise Refused("OfferMarket_NotSeller", ctx.sender, terms.seller)

    def _require(self, terms: Terms, needed: TradeState) -> bytes:
        trade_id = terms.struct_hash()
        state = self.state_of(trade_id)
        if state != needed:
            raise Refused("OfferMarket_WrongState", trade_id, state, needed)
        return trade_id


def _number(energy: Energy) -> int:
    """Return a quantity in Wh; of hidden energy a number that no quantity has."""
    return int.from_bytes(energy, "big")
