"""The states of a trade in `OfferMarket`, in Python: the same steps, the same refusals in the same order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

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
    DeliveryFault,
    Energy,
    MarketParameters,
    Outcome,
    Terms,
    TradeState,
)

_NONCE_KIND: Final = SIGNED_NONCE | AWARD_NONCE


@dataclass(frozen=True)
class Accepted:
    """Who accepted and which key will sign the receipt.

    Args:
        buyer: account that paid.
        receipt_key: keccak256 of the ERC-7913 signer.
    """

    buyer: str
    receipt_key: bytes


@dataclass(frozen=True)
class NamedKey:
    """A one-time key as an acceptance names it, already checked by cryptography.

    Args:
        signer: ERC-7913 signer.
        receipt_key: keccak256 of it.
        epoch: epoch it claims.
        root: root that its Merkle proof leads to.
        signed: whether it signed the acceptance.
    """

    signer: bytes
    receipt_key: bytes
    epoch: int
    root: bytes
    signed: bool


@dataclass(frozen=True)
class CheckedReceipt:
    """A receipt as a delivery brings it, already checked by cryptography.

    Args:
        acceptance: buyer and key that it claims.
        energy: Wh or the commitment of the terms.
        signed: whether the key signed it for this trade.
    """

    acceptance: Accepted
    energy: Energy
    signed: bool


class Market:
    """All trades of one market over one ledger; a trade is named by the hash of its terms.

    Args:
        constants: the market's.
        ledger: where the money is.
        auction: account that may award; the zero address: there is none.
    """

    def __init__(self, constants: MarketParameters, ledger: Ledger, auction: str) -> None:
        self.constants = constants
        self.ledger = ledger
        self.auction = auction
        self.trades: dict[bytes, TradeState | Accepted] = {}

    def state(self, trade_id: bytes) -> TradeState:
        """Return where a trade stands."""
        state = self.trades.get(trade_id, TradeState.NONE)
        return TradeState.ACCEPTED if isinstance(state, Accepted) else state

    def make(self, caller: str, trade_id: bytes, terms: Terms, now: int) -> None:
        """Commit the seller to deliver (CTS, N-1).

        Raises:
            Refused: as `OfferMarket.makeOffer`.
        """
        if caller != terms.seller:
            raise Refused("OfferMarket_NotSeller", caller, terms.seller)
        self._check_new(trade_id, terms, now, 0)
        self.ledger.commit(terms.seller, guarantee_up(terms.price, self.constants), ZERO_ADDRESS, 0, now)
        self.trades[trade_id] = TradeState.OFFERED

    def accept(
        self, caller: str, trade_id: bytes, terms: Terms, now: int, key: NamedKey | None = None
    ) -> None:
        """Commit the buyer's payment (CTP, N-2), naming a one-time key (N-6) or the registered meter.

        Raises:
            Refused: as `OfferMarket.acceptOffer` and `acceptOfferPrivately`.
        """
        self._check_key(key, now)
        state = self.state(trade_id)
        if state not in (TradeState.OFFERED, TradeState.AWARDED):
            raise Refused("OfferMarket_WrongState", trade_id, state, TradeState.OFFERED)
        if now >= terms.accept_by:
            raise Refused("OfferMarket_Expired", now, terms.accept_by)
        self._pay(caller, trade_id, terms, now, key, ZERO_ADDRESS, 0)

    def accept_signed(
        self,
        caller: str,
        trade_id: bytes,
        terms: Terms,
        signed: bool,
        now: int,
        key: NamedKey | None = None,
    ) -> None:
        """Accept an offer signed off chain: guarantee and payment at once.

        Args:
            caller: the buyer.
            trade_id: hash of the terms.
            terms: the offer.
            signed: whether the signature is the seller's.
            now: unix seconds.
            key: one-time key; None: the registered meter.

        Raises:
            Refused: as `OfferMarket.acceptSigned` and `acceptSignedPrivately`.
        """
        self._check_new(trade_id, terms, now, SIGNED_NONCE)
        self._check_key(key, now)
        if not signed:
            raise Refused("OfferMarket_BadSignature", bytes.fromhex(terms.seller[2:]))
        guarantee = guarantee_up(terms.price, self.constants)
        self._pay(caller, trade_id, terms, now, key, terms.seller, guarantee)

    def award(self, caller: str, trade_id: bytes, terms: Terms, now: int) -> None:
        """Open a trade that the winner of an auction has to pay (X-7); its guarantee is held already.

        Raises:
            Refused: as `OfferMarket.award`.
        """
        if caller != self.auction or self.auction == ZERO_ADDRESS:
            raise Refused("OfferMarket_NotAuction", caller, self.auction)
        if terms.buyer == ZERO_ADDRESS:
            raise Refused("OfferMarket_NoBuyer")
        self._check_new(trade_id, terms, now, AWARD_NONCE)
        self.trades[trade_id] = TradeState.AWARDED

    def confirm(self, trade_id: bytes, terms: Terms, receipt: CheckedReceipt, now: int) -> DeliveryFault:
        """Settle a receipt (ERC, N-3), or say why not and change nothing."""
        return self._confirm(trade_id, terms, receipt, int.from_bytes(terms.energy, "big"), now)

    def confirm_hidden_short(
        self,
        trade_id: bytes,
        terms: Terms,
        receipt: CheckedReceipt,
        agreed_wh: int,
        salt: bytes,
        now: int,
    ) -> DeliveryFault:
        """Settle a receipt for hidden energy that came in part, by opening the commitment (N-5).

        Raises:
            Refused: the opening does not fit.
        """
        if not 0 < agreed_wh < PLAIN_ENERGY_LIMIT or Energy.hidden(agreed_wh, salt) != terms.energy:
            raise Refused("OfferMarket_BadOpening", terms.energy, agreed_wh, salt)
        return self._confirm(trade_id, terms, receipt, agreed_wh, now)

    def give_up(self, caller: str, trade_id: bytes, terms: Terms, now: int) -> None:
        """Withdraw an open offer (CCS, N-4).

        Raises:
            Refused: as `OfferMarket.giveUp`.
        """
        if caller != terms.seller:
            raise Refused("OfferMarket_NotSeller", caller, terms.seller)
        self._require(trade_id, TradeState.OFFERED)
        del self.trades[trade_id]
        early = now < terms.accept_by
        cut = withdrawal_cut_down(terms.price, self.constants) if early else 0
        self._settle(terms, None, 0, cut, Outcome.WITHDRAWN if early else Outcome.NONE, now)

    def cancel_signed(self, caller: str, trade_id: bytes, terms: Terms, now: int) -> None:
        """Withdraw an offer signed off chain for good (N-4).

        Raises:
            Refused: as `OfferMarket.cancelSigned`.
        """
        if caller != terms.seller:
            raise Refused("OfferMarket_NotSeller", caller, terms.seller)
        if terms.nonce & _NONCE_KIND != SIGNED_NONCE:
            raise Refused("OfferMarket_WrongNonce", terms.nonce, True)
        if now >= terms.accept_by:
            raise Refused("OfferMarket_Expired", now, terms.accept_by)
        self._require(trade_id, TradeState.NONE)
        self.trades[trade_id] = TradeState.CLOSED

    def expire(self, trade_id: bytes, terms: Terms, claimed: Accepted, now: int) -> None:
        """End what is overdue (N-7, scenarios 3 and 4).

        Raises:
            Refused: as `OfferMarket.expire`.
        """
        state = self.trades.get(trade_id, TradeState.NONE)
        if state in (TradeState.OFFERED, TradeState.AWARDED):
            if now < terms.accept_by:
                raise Refused("OfferMarket_NotExpired", now, terms.accept_by)
            del self.trades[trade_id]
            if state == TradeState.OFFERED:
                self._settle(terms, None, 0, 0, Outcome.NONE, now)
            else:
                self._forgo(terms, now)
            return
        if not isinstance(state, Accepted):
            raise Refused("OfferMarket_WrongState", trade_id, state, TradeState.ACCEPTED)
        if now < terms.deliver_by:
            raise Refused("OfferMarket_NotExpired", now, terms.deliver_by)
        if state != claimed:
            raise Refused("OfferMarket_NotParty", trade_id, claimed.buyer, claimed.receipt_key)
        del self.trades[trade_id]
        cut = penalty_down(terms.price, self.constants)
        self._settle(terms, state.buyer, 0, cut, Outcome.SELLER_DEFAULT, now)

    def _check_new(self, trade_id: bytes, terms: Terms, now: int, kind: int) -> None:
        if terms.nonce & _NONCE_KIND != kind:
            raise Refused("OfferMarket_WrongNonce", terms.nonce, kind == SIGNED_NONCE)
        if not any(terms.energy) or not 0 < terms.price <= MAX_UNITS:
            raise Refused("OfferMarket_BadTerms", terms.energy, terms.price, MAX_UNITS)
        if terms.seller == terms.buyer:
            raise Refused("OfferMarket_SelfTrade", terms.seller)
        latest = now + self.constants.max_duration
        if not now < terms.accept_by < terms.deliver_by <= latest:
            raise Refused("OfferMarket_BadWindow", terms.accept_by, terms.deliver_by, now, latest)
        self._require(trade_id, TradeState.NONE)

    def _check_key(self, key: NamedKey | None, now: int) -> None:
        if key is None:
            return
        if self.ledger.current_key_root(key.epoch, now) != key.root:
            raise Refused("OfferMarket_UnknownReceiptKey", key.epoch, key.receipt_key)
        if not key.signed:
            raise Refused("OfferMarket_BadSignature", key.signer)

    def _pay(
        self,
        buyer: str,
        trade_id: bytes,
        terms: Terms,
        now: int,
        key: NamedKey | None,
        seller: str,
        guarantee: int,
    ) -> None:
        if terms.buyer not in (ZERO_ADDRESS, buyer):
            raise Refused("OfferMarket_Reserved", buyer, terms.buyer)
        if terms.seller == buyer:
            raise Refused("OfferMarket_SelfTrade", buyer)
        before = dict(self.ledger.accounts)
        self.ledger.commit(seller, guarantee, buyer, terms.price, now)
        receipt_key = self.ledger.meters.get(buyer) if key is None else key.receipt_key
        if receipt_key is None:
            self.ledger.accounts = before
            raise Refused("OfferMarket_NoMeter", buyer)
        self.trades[trade_id] = Accepted(buyer, receipt_key)

    def _confirm(
        self, trade_id: bytes, terms: Terms, receipt: CheckedReceipt, agreed: int, now: int
    ) -> DeliveryFault:
        state = self.trades.get(trade_id)
        if not isinstance(state, Accepted):
            return DeliveryFault.NOT_ACCEPTED
        if now >= terms.deliver_by:
            return DeliveryFault.EXPIRED
        if state != receipt.acceptance:
            return DeliveryFault.NOT_PARTY
        full = receipt.energy == terms.energy
        if not full and (not receipt.energy.is_plain or agreed >= PLAIN_ENERGY_LIMIT):
            return DeliveryFault.ENERGY_HIDDEN
        if not receipt.signed:
            return DeliveryFault.BAD_RECEIPT
        self._end(trade_id, terms, now)
        delivered = int.from_bytes(receipt.energy, "big")
        if full or delivered >= agreed:
            self._settle(terms, state.buyer, terms.price, 0, Outcome.DELIVERED, now)
        else:
            short = short_delivery(terms.price, delivered, agreed, self.constants)
            outcome = Outcome.SELLER_DEFAULT if short.is_default else Outcome.DELIVERED
            self._settle(terms, state.buyer, short.payment, short.cut, outcome, now)
        return DeliveryFault.NONE

    def _forgo(self, terms: Terms, now: int) -> None:
        """End an award that nobody paid: the winner's default (eq 7), though the winner had paid nothing."""
        guarantee = guarantee_up(terms.price, self.constants)
        parts = Split(guarantee, guarantee, 0, 0, terms.price, Outcome.BUYER_DEFAULT)
        self.ledger.settle(terms.seller, terms.buyer, parts, now)

    def _settle(
        self, terms: Terms, buyer: str | None, payment: int, cut: int, outcome: Outcome, now: int
    ) -> None:
        parts = split(terms.price, payment, cut, buyer is not None, outcome, self.constants)
        self.ledger.settle(terms.seller, buyer or ZERO_ADDRESS, parts, now)

    def _end(self, trade_id: bytes, terms: Terms, now: int) -> None:
        if now < terms.accept_by:
            self.trades[trade_id] = TradeState.CLOSED
        else:
            del self.trades[trade_id]

    def _require(self, trade_id: bytes, needed: TradeState) -> None:
        state = self.state(trade_id)
        if state != needed:
            raise Refused("OfferMarket_WrongState", trade_id, state, needed)
