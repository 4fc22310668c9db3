"""The trades: an offer is made, accepted and paid for; it ends by receipt, withdrawal or deadline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from energy_trading.crypto.merkle import signer_leaf, verify_proof
from energy_trading.rules.context import Context
from energy_trading.rules.ledger import Ledger, Refused
from energy_trading.rules.settlement import (
    Short,
    Split,
    guarantee_up,
    is_beyond_tolerance,
    paid_short,
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
    TESTIMONY_NONCE,
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
    Relay,
    Terms,
    Testimony,
    TestimonyFault,
    TradeState,
    Witness,
)

NONCE_KIND: Final = SIGNED_NONCE | AWARD_NONCE
"""The bits of a nonce that tell how an offer came about."""


@dataclass(frozen=True)
class Accepted:
    """Who accepted, and which key will sign the receipt.

    Args:
        buyer: account that paid.
        receipt_key: keccak256 of the ERC-7913 signer.
        agreed_at: unix seconds of the acceptance, or of the award.
        testified: whether the seller's meter has testified.
    """

    buyer: str
    receipt_key: bytes
    agreed_at: int
    testified: bool = False


@dataclass(frozen=True)
class PaidShort:
    """A trade whose receipt was short, and whose guarantee waits for testimony.

    Args:
        cut: units of the guarantee that are lost without testimony.
        is_default: whether it is a default then.
        agreed_at: unix seconds of the acceptance, or of the award.
    """

    cut: int
    is_default: bool
    agreed_at: int


@dataclass(frozen=True)
class Awarded:
    """An award that its winner has not paid yet.

    Args:
        agreed_at: unix seconds of the award.
    """

    agreed_at: int


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
        self.trades: dict[bytes, TradeState | Accepted | Awarded | PaidShort] = {}

    def state_of(self, trade_id: bytes) -> TradeState:
        """Return the current state of a trade; one that ended and cannot come back is `NONE`."""
        state = self.trades.get(trade_id, TradeState.NONE)
        if isinstance(state, Awarded):
            return TradeState.AWARDED
        if isinstance(state, PaidShort):
            return TradeState.PAID_SHORT
        if isinstance(state, Accepted):
            return TradeState.TESTIFIED if state.testified else TradeState.ACCEPTED
        return state

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
        self._accept(ctx, terms, None, ctx.sender)

    def accept_offer_privately(self, ctx: Context, terms: Terms, key: ReceiptKey) -> None:
        """Accept an offer and name a one-time key, which nobody can connect to the buyer's meter (N-6).

        Refused if the key is not under the root of the present epoch, or does not sign for this trade and
        buyer; or as `accept_offer` is.
        """
        receipt_key = self._check_key(ctx, terms.struct_hash(), key, ctx.sender)
        self._accept(ctx, terms, receipt_key, ctx.sender)

    def accept_signed(self, ctx: Context, terms: Terms, signature: bytes) -> bytes:
        """Accept an offer that its seller signed off chain: guarantee and payment at once (N-1, N-2).

        Refused if the offer is not new, the signature is not the seller's, the seller may not commit, or
        as `accept_offer` is.
        """
        return self._accept_signed(ctx, terms, signature, None, ctx.sender)

    def accept_signed_privately(self, ctx: Context, terms: Terms, signature: bytes, key: ReceiptKey) -> bytes:
        """Accept a signed offer and name a one-time key (N-1, N-2, N-6).

        Refused as `accept_signed` and `accept_offer_privately` are.
        """
        return self._accept_signed(ctx, terms, signature, key, ctx.sender)

    def accept_on_order(
        self,
        ctx: Context,
        fee: int,
        terms: Terms,
        seller_signature: bytes,
        buyer: str,
        key: Sequence[ReceiptKey],
    ) -> None:
        """Accept an offer or award for a buyer whose signed order the relay desk has checked.

        Refused as the acceptance by the buyer itself is, with the fee on top of the price.

        Args:
            fee: units that the buyer pays a relayer; they stay in the market's care.
            terms: the offer; its nonce tells whether the seller's signature counts.
            seller_signature: of an offer that was signed off chain.
            buyer: account that pays.
            key: none, or the one-time key that will sign the receipt.
        """
        if terms.nonce & NONCE_KIND == SIGNED_NONCE:
            self._accept_signed(ctx, terms, seller_signature, key[0] if key else None, buyer, fee)
        else:
            named = self._check_key(ctx, terms.struct_hash(), key[0], buyer) if key else None
            self._accept(ctx, terms, named, buyer, fee)

    def award(self, ctx: Context, terms: Terms) -> bytes:
        """Open a trade that the winner of an auction has to pay (X-7); its guarantee is held already.

        Refused if the caller is not the auction, nobody is named as the buyer, or the offer is not new.
        """
        if ctx.sender != self.auction or self.auction == ZERO_ADDRESS:
            raise Refused("OfferMarket_NotAuction", ctx.sender, self.auction)
        if terms.buyer == ZERO_ADDRESS:
            raise Refused("OfferMarket_NoBuyer")
        trade_id = self._check_new(ctx, terms, AWARD_NONCE)
        self.trades[trade_id] = Awarded(ctx.now)
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
        _check_opening(delivery.terms.energy, agreed_wh, salt)
        self._require_no_fault(delivery, self._confirm(ctx, delivery, agreed_wh))

    # ------------------------------------------------------------ testimony

    def testify(self, ctx: Context, witness: Witness) -> None:
        """Take in what the seller's meter fed in for a trade (N-3, N-7). Anyone may submit it.

        A trade that is paid short has its guarantee back. If there is no receipt yet, the buyer's counts for
        the reply time after `deliver_by` too. In both cases the seller has no default any more.

        Refused if the terms do not allow testimony, the trade is neither accepted nor paid short,
        `deliver_by` has come, the time of the testimony does not lie within the trade, buyer or receipt
        signer are not those of the acceptance, lots fulfil the trade, the energy is hidden and not that of
        the terms, more is missing than the tolerance allows, or it is not signed by the meter that is
        registered for the seller now.
        """
        self._require_counted(witness, self._testify(ctx, witness, _number(witness.terms.energy)))

    def testify_many(self, ctx: Context, witnesses: Sequence[Witness]) -> tuple[TestimonyFault, ...]:
        """Take in many testimonies; one with a fault does not stop the others (N-3).

        Returns:
            The fault of each testimony, or `NONE`.
        """
        return tuple(self._testify(ctx, witness, _number(witness.terms.energy)) for witness in witnesses)

    def testify_hidden(self, ctx: Context, witness: Witness, agreed_wh: int, salt: bytes) -> None:
        """Take in a testimony of part of a hidden quantity, by opening the commitment (N-5).

        Refused if quantity and salt do not open it, or as `testify` is.

        Args:
            agreed_wh: quantity of the terms, Wh.
            salt: 32 bytes.
        """
        _check_opening(witness.terms.energy, agreed_wh, salt)
        self._require_counted(witness, self._testify(ctx, witness, agreed_wh))

    # ------------------------------------------------------------ withdrawal, expiry

    def give_up(self, ctx: Context, terms: Terms) -> None:
        """Withdraw an open offer (cancellation of the commitment to send, CCS, N-4).

        Before `accept_by` it costs a share of the guarantee and some credit.

        Refused if the caller is not the seller, or the trade is not offered.
        """
        self._require_seller(ctx, terms)
        del self.trades[self._require(terms, TradeState.OFFERED)]
        self._give_up(ctx, terms, self._cut(ctx, terms))

    def give_up_on_order(self, ctx: Context, max_cut: int, terms: Terms, relay: Relay) -> None:
        """Withdraw an open offer for a seller whose signed order the relay desk has checked (N-4).

        One that is withdrawn before `accept_by` is closed for good, so that the order cannot be used again.

        Refused if the trade is not offered, more than `max_cut` units would be lost, or the seller cannot pay
        the relayer afterwards.
        """
        trade_id, cut = self._require(terms, TradeState.OFFERED), self._cut(ctx, terms)
        if cut > max_cut:
            raise Refused("OfferMarket_CutTooLarge", cut, max_cut)
        freed = guarantee_up(terms.price, self.parameters) - cut
        available = self.ledger.account(terms.seller).available + freed
        if relay.fee > available:
            raise Refused("EnergyLedger_Insufficient", terms.seller, relay.fee, available)
        self._end(ctx, terms, trade_id)
        self._give_up(ctx, terms, cut)
        self.ledger.pay_fee(relay.relayer, relay.fee, terms.seller)

    def cancel_signed(self, ctx: Context, terms: Terms) -> None:
        """Withdraw an offer signed off chain for good, without a cost (N-4).

        Refused if the caller is not the seller, the nonce is of another kind of offer, `accept_by` has come,
        or the trade has begun.
        """
        self._require_seller(ctx, terms)
        self.trades[self._check_cancellation(ctx, terms)] = TradeState.CLOSED

    def cancel_signed_on_order(self, ctx: Context, terms: Terms, relay: Relay) -> None:
        """Withdraw an offer signed off chain for a seller whose order the relay desk has checked (N-4).

        Refused as `cancel_signed` is, or if the seller cannot pay the relayer.
        """
        trade_id = self._check_cancellation(ctx, terms)
        self.ledger.pay_fee(relay.relayer, relay.fee, terms.seller)
        self.trades[trade_id] = TradeState.CLOSED

    def expire(self, ctx: Context, terms: Terms, buyer: str, receipt_key: bytes) -> None:
        """End what is overdue. Anyone may call (N-7, scenarios 3 and 4).

        An offer that nobody accepted costs nothing. An award that its winner did not pay is the winner's
        default (eq 7); an accepted trade that was not delivered is the seller's, unless its meter has
        testified: then the buyer is refunded and the guarantee returns. A trade that is paid short loses the
        cut of its guarantee.

        Refused if the trade is not open, its deadline (`accept_by`, or `deliver_by`, after testimony with the
        reply time) has not come, or others accepted it.

        Args:
            terms: the trade.
            buyer: account that accepted; if nobody did, it is not looked at.
            receipt_key: hash of the key named at acceptance; likewise.
        """
        trade_id = terms.struct_hash()
        state = self.trades.get(trade_id, TradeState.NONE)
        if not isinstance(state, Accepted | Awarded | PaidShort) and state != TradeState.OFFERED:
            raise Refused("OfferMarket_WrongState", trade_id, state, TradeState.ACCEPTED)
        deadline = terms.deliver_by if isinstance(state, Accepted | PaidShort) else terms.accept_by
        if isinstance(state, Accepted) and state.testified:
            deadline += self.parameters.reply_time
        if ctx.now < deadline:
            raise Refused("OfferMarket_NotExpired", ctx.now, deadline)
        if isinstance(state, Accepted) and (state.buyer, state.receipt_key) != (buyer, receipt_key):
            raise Refused("OfferMarket_NotParty", trade_id, buyer, receipt_key)
        del self.trades[trade_id]
        if isinstance(state, PaidShort):
            outcome = Outcome.SELLER_DEFAULT if state.is_default else Outcome.NONE
            self._settle_guarantee(ctx, terms, state.cut, outcome, state.agreed_at)
        elif isinstance(state, Accepted) and state.testified:
            self._settle(ctx, terms, buyer, 0, 0, Outcome.NONE)
        elif isinstance(state, Accepted):
            cut = penalty_down(terms.price, self.parameters)
            self._settle(ctx, terms, buyer, 0, cut, Outcome.SELLER_DEFAULT, state.agreed_at)
        elif isinstance(state, Awarded):  # the winner had paid nothing, so nothing returns to it
            guarantee = guarantee_up(terms.price, self.parameters)
            parts = Split(guarantee, guarantee, 0, 0, terms.price, Outcome.BUYER_DEFAULT)
            self.ledger.settle(terms.seller, terms.buyer, parts, ctx.now, state.agreed_at)
        else:
            self._settle(ctx, terms, None, 0, 0, Outcome.NONE)

    # ------------------------------------------------------------ parts of the above

    def _check_new(self, ctx: Context, terms: Terms, kind: int) -> bytes:
        """Return the trade id of a new offer."""
        if terms.nonce & NONCE_KIND != kind:
            raise Refused("OfferMarket_WrongNonce", terms.nonce, kind == SIGNED_NONCE)
        if not any(terms.energy) or not 0 < terms.price <= MAX_UNITS:
            raise Refused("OfferMarket_BadTerms", terms.energy, terms.price, MAX_UNITS)
        if terms.seller == terms.buyer:
            raise Refused("OfferMarket_SelfTrade", terms.seller)
        latest = ctx.now + self.parameters.max_duration
        if not ctx.now < terms.accept_by < terms.deliver_by <= latest:
            raise Refused("OfferMarket_BadWindow", terms.accept_by, terms.deliver_by, ctx.now, latest)
        return self._require(terms, TradeState.NONE)

    def _check_key(self, ctx: Context, trade_id: bytes, key: ReceiptKey, buyer: str) -> bytes:
        """Return the hash of a one-time key; it co-signs, so that nobody names a key that will never sign."""
        receipt_key = keccak(key.signer)
        root = self.ledger.current_key_root(key.epoch, ctx.now)
        if not any(root) or not verify_proof(root, signer_leaf(key.signer), key.proof):
            raise Refused("OfferMarket_UnknownReceiptKey", key.epoch, receipt_key)
        digest = self.domain.digest(Acceptance(trade_id, buyer))
        if not self.ledger.signers.is_valid(key.signer, digest, key.signature):
            raise Refused("OfferMarket_BadSignature", key.signer)
        return receipt_key

    def _accept(
        self, ctx: Context, terms: Terms, receipt_key: bytes | None, buyer: str, fee: int = 0
    ) -> None:
        trade_id = terms.struct_hash()
        state = self.state_of(trade_id)
        if state not in (TradeState.OFFERED, TradeState.AWARDED):
            raise Refused("OfferMarket_WrongState", trade_id, state, TradeState.OFFERED)
        if ctx.now >= terms.accept_by:
            raise Refused("OfferMarket_Expired", ctx.now, terms.accept_by)
        self._pay(ctx, terms, receipt_key, ZERO_ADDRESS, buyer, fee)

    def _accept_signed(
        self,
        ctx: Context,
        terms: Terms,
        signature: bytes,
        key: ReceiptKey | None,
        buyer: str,
        fee: int = 0,
    ) -> bytes:
        trade_id = self._check_new(ctx, terms, SIGNED_NONCE)
        receipt_key = None if key is None else self._check_key(ctx, trade_id, key, buyer)
        if not self.ledger.signers.is_accounts(terms.seller, self.domain.digest(terms), signature):
            raise Refused("OfferMarket_BadSignature", bytes.fromhex(terms.seller[2:]))
        self._pay(ctx, terms, receipt_key, terms.seller, buyer, fee)
        return trade_id

    def _pay(
        self,
        ctx: Context,
        terms: Terms,
        receipt_key: bytes | None,
        seller: str,
        buyer: str,
        fee: int,
    ) -> None:
        """Take the payment and a relayer's fee, and the guarantee of a seller that is not held yet.

        A winner owes the payment of its award, so a ban does not keep it from paying.
        """
        payment, guarantee = terms.price + fee, guarantee_up(terms.price, self.parameters)
        state = self.trades.get(terms.struct_hash())
        is_owed = isinstance(state, Awarded)
        agreed_at = state.agreed_at if isinstance(state, Awarded) else ctx.now
        if terms.buyer not in (ZERO_ADDRESS, buyer):
            raise Refused("OfferMarket_Reserved", buyer, terms.buyer)
        if terms.seller == buyer:
            raise Refused("OfferMarket_SelfTrade", buyer)
        commitment = seller, guarantee, buyer, payment, ctx.now
        if is_owed:
            self.ledger.check_owed(buyer, payment)
        else:
            self.ledger.check_commit(*commitment)
        receipt_key = self.ledger.meters.get(buyer) if receipt_key is None else receipt_key
        if receipt_key is None:
            raise Refused("OfferMarket_NoMeter", buyer)
        if is_owed:
            self.ledger.pay_owed(buyer, payment)
        else:
            self.ledger.commit(*commitment)
        self.trades[terms.struct_hash()] = Accepted(buyer, receipt_key, agreed_at)

    def _confirm(self, ctx: Context, d: Delivery, agreed: int) -> DeliveryFault:
        """Settle a receipt, or return why not and change nothing."""
        terms = d.terms
        trade_id = terms.struct_hash()
        state = self.trades.get(trade_id)
        if not isinstance(state, Accepted):
            return DeliveryFault.NOT_ACCEPTED
        if ctx.now >= terms.deliver_by + (self.parameters.reply_time if state.testified else 0):
            return DeliveryFault.EXPIRED
        if (state.buyer, state.receipt_key) != (d.buyer, keccak(d.signer)):
            return DeliveryFault.NOT_PARTY
        is_full = d.energy == terms.energy
        if not is_full and (not d.energy.is_plain or agreed >= PLAIN_ENERGY_LIMIT):
            return DeliveryFault.ENERGY_HIDDEN
        digest = self.domain.digest(Receipt(trade_id, d.energy))
        if not self.ledger.signers.is_valid(d.signer, digest, d.signature):
            return DeliveryFault.BAD_RECEIPT
        delivered = _number(d.energy)
        if is_full or delivered >= agreed:
            self._end(ctx, terms, terms.struct_hash())
            self._settle(ctx, terms, state.buyer, terms.price, 0, Outcome.DELIVERED)
        else:
            short = short_delivery(terms.price, delivered, agreed, self.parameters)
            self._settle_short(ctx, d, short, state)
        return DeliveryFault.NONE

    def _settle_short(self, ctx: Context, d: Delivery, short: Short, state: Accepted) -> None:
        """Settle a short receipt for good, or only its payment if testimony may follow."""
        terms, cut = d.terms, short.cut
        outcome = Outcome.SELLER_DEFAULT if short.is_default else Outcome.DELIVERED
        if state.testified:
            cut = 0
            if short.is_default:
                outcome = Outcome.NONE  # the two meters disagree
        elif terms.nonce & TESTIMONY_NONCE and not self._is_market(d.signer):
            self.trades[terms.struct_hash()] = PaidShort(cut, short.is_default, state.agreed_at)
            parts = paid_short(terms.price, short, self.parameters)
            self.ledger.settle(terms.seller, state.buyer, parts, ctx.now)
            return
        self._end(ctx, terms, terms.struct_hash())
        self._settle(ctx, terms, state.buyer, short.payment, cut, outcome, state.agreed_at)

    def _settle_guarantee(
        self, ctx: Context, terms: Terms, cut: int, outcome: Outcome, agreed_at: int = 0
    ) -> None:
        """Return the guarantee of a trade that is paid short, less a cut."""
        guarantee = guarantee_up(terms.price, self.parameters)
        parts = Split(guarantee, guarantee - cut, 0, cut, terms.price, outcome)
        self.ledger.settle(terms.seller, ZERO_ADDRESS, parts, ctx.now, agreed_at)

    def _testify(self, ctx: Context, w: Witness, agreed: int) -> TestimonyFault:
        """Take in a testimony, or return why not and change nothing."""
        terms = w.terms
        trade_id = terms.struct_hash()
        state = self.trades.get(trade_id)
        if not terms.nonce & TESTIMONY_NONCE:
            return TestimonyFault.NOT_ALLOWED
        if not isinstance(state, Accepted | PaidShort) or (isinstance(state, Accepted) and state.testified):
            return TestimonyFault.NOT_WAITING
        if ctx.now >= terms.deliver_by:
            return TestimonyFault.EXPIRED
        if not terms.accept_by <= w.from_ < w.to <= terms.deliver_by:
            return TestimonyFault.OUTSIDE_TRADE
        if isinstance(state, Accepted):
            if (state.buyer, state.receipt_key) != (w.buyer, keccak(w.receipt_signer)):
                return TestimonyFault.NOT_PARTY
            if self._is_market(w.receipt_signer):
                return TestimonyFault.PAID_BY_LOTS
        if w.energy != terms.energy:
            if not w.energy.is_plain or agreed >= PLAIN_ENERGY_LIMIT:
                return TestimonyFault.ENERGY_HIDDEN
            if is_beyond_tolerance(_number(w.energy), agreed, self.parameters):
                return TestimonyFault.TOO_LITTLE
        if self.ledger.meter_of(terms.seller) != keccak(w.signer):
            return TestimonyFault.NOT_SELLERS_METER
        digest = self.domain.digest(Testimony(trade_id, w.energy, w.from_, w.to))
        if not self.ledger.signers.is_valid(w.signer, digest, w.signature):
            return TestimonyFault.BAD_TESTIMONY
        if isinstance(state, PaidShort):
            self._end(ctx, terms, terms.struct_hash())
            self._settle_guarantee(ctx, terms, 0, Outcome.NONE)
        else:
            self.trades[trade_id] = replace(state, testified=True)
        return TestimonyFault.NONE

    def _is_market(self, signer: bytes) -> bool:
        """Return whether a receipt signer is a market of the ledger, such as that of the lots."""
        return len(signer) > 20 and self.ledger.is_market(to_checksum_address(signer[:20]))

    def _check_cancellation(self, ctx: Context, terms: Terms) -> bytes:
        """Return the id of an offer signed off chain that can still be cancelled."""
        if terms.nonce & NONCE_KIND != SIGNED_NONCE:
            raise Refused("OfferMarket_WrongNonce", terms.nonce, True)
        if ctx.now >= terms.accept_by:
            raise Refused("OfferMarket_Expired", ctx.now, terms.accept_by)
        return self._require(terms, TradeState.NONE)

    def _give_up(self, ctx: Context, terms: Terms, cut: int) -> None:
        early = ctx.now < terms.accept_by
        self._settle(ctx, terms, None, 0, cut, Outcome.WITHDRAWN if early else Outcome.NONE)

    def _cut(self, ctx: Context, terms: Terms) -> int:
        """Return what withdrawing an offer costs now."""
        return withdrawal_cut_down(terms.price, self.parameters) if ctx.now < terms.accept_by else 0

    def _end(self, ctx: Context, terms: Terms, trade_id: bytes) -> None:
        """Drop a trade that has ended, or close it where the same terms could come back."""
        if ctx.now < terms.accept_by:
            self.trades[trade_id] = TradeState.CLOSED
        else:
            del self.trades[trade_id]

    def _settle(
        self,
        ctx: Context,
        terms: Terms,
        buyer: str | None,
        payment: int,
        cut: int,
        outcome: Outcome,
        agreed_at: int = 0,
    ) -> None:
        parts = split(terms.price, payment, cut, buyer is not None, outcome, self.parameters)
        self.ledger.settle(terms.seller, buyer or ZERO_ADDRESS, parts, ctx.now, agreed_at)

    def _require_no_fault(self, delivery: Delivery, fault: DeliveryFault) -> None:
        if fault != DeliveryFault.NONE:
            raise Refused("OfferMarket_ReceiptRefused", delivery.terms.struct_hash(), fault)

    def _require_counted(self, witness: Witness, fault: TestimonyFault) -> None:
        if fault != TestimonyFault.NONE:
            raise Refused("OfferMarket_TestimonyRefused", witness.terms.struct_hash(), fault)

    def _require_seller(self, ctx: Context, terms: Terms) -> None:
        if ctx.sender != terms.seller:
            raise Refused("OfferMarket_NotSeller", ctx.sender, terms.seller)

    def _require(self, terms: Terms, needed: TradeState) -> bytes:
        trade_id = terms.struct_hash()
        state = self.state_of(trade_id)
        if state != needed:
            raise Refused("OfferMarket_WrongState", trade_id, state, needed)
        return trade_id


def _check_opening(energy: Energy, agreed_wh: int, salt: bytes) -> None:
    if not 0 < agreed_wh < PLAIN_ENERGY_LIMIT or Energy.hidden(agreed_wh, salt) != energy:
        raise Refused("OfferMarket_BadOpening", energy, agreed_wh, salt)


def _number(energy: Energy) -> int:
    """Return a quantity in Wh; of hidden energy a number that no quantity has."""
    return int.from_bytes(energy, "big")
