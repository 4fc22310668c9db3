"""The client of an account that sells and buys: deposit, offer, accept, deliver, give up, withdraw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from energy_trading.bindings.contract import Call, ContractRevert, Sent, UnknownRevert
from energy_trading.bindings.offer_market import OfferAccepted
from energy_trading.bindings.suite import Suite
from energy_trading.chain.connect import Sender
from energy_trading.crypto._signatures import canonical_signature
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from energy_trading.market._client import Client, OnSent, batches
from energy_trading.market.trade.offer import Offer, Trade, make_offer, receipt_key, sign_offer
from energy_trading.meter.key_root import Evidence
from energy_trading.meter.smart_meter import Allotment, SmartMeter
from energy_trading.types import (
    TESTIMONY_NONCE,
    ZERO_ADDRESS,
    AccountView,
    Delivery,
    Domain,
    Receipt,
    ReceiptKey,
    Witness,
)


class Trader(Client):
    """One account and what it can do with offers and trades.

    Args:
        suite: the market.
        key: the account's secret key.
        meter: proves what the account receives; needed to accept offers.
        on_sent: is called after every transaction with the name of the verb and the receipt.
    """

    def __init__(
        self,
        suite: Suite,
        key: SecretKey,
        meter: SmartMeter | None = None,
        on_sent: OnSent | None = None,
    ) -> None:
        super().__init__(suite, key, on_sent)
        self._meter = meter

    @property
    def account(self) -> AccountView:
        """Funds and standing as the ledger has them now."""
        return self.suite.ledger.account_of(self.address)

    def deposit(self, amount: int) -> Sent:
        """Deposit funds; a token needs an allowance for the ledger first.

        Args:
            amount: units of account.
        """
        ledger = self.suite.ledger
        value = amount * ledger.unit() if ledger.asset() == ZERO_ADDRESS else 0
        return self._send("deposit", ledger.deposit(self.address, amount, value=value))

    def withdraw(self, amount: int, to: str | None = None) -> Sent:
        """Withdraw available funds.

        Args:
            amount: units of account.
            to: recipient; None means the account itself.
        """
        return self._send("withdraw", self.suite.ledger.withdraw(to or self.address, amount))

    def offer(
        self,
        energy_wh: int,
        price: int,
        accept_by: int,
        deliver_by: int,
        *,
        buyer: str | None = None,
        hidden: bool = False,
        testimony: bool = False,
        nonce: int | None = None,
    ) -> Offer:
        """Make an offer on chain; the guarantee is held from now on (CTS, the commitment to send).

        Args:
            energy_wh: quantity, Wh.
            price: price of the whole quantity, units of account.
            accept_by: unix seconds, half open.
            deliver_by: unix seconds, half open.
            buyer: account the offer is reserved for; None for anyone.
            hidden: commit to the quantity instead of stating it (N-5).
            testimony: let this account's meter testify to what it fed in (N-3).
            nonce: distinguishes equal offers; None draws one.

        Returns:
            The offer, for the buyers.

        Raises:
            BadInput: a value is out of range.
            ContractRevert: the market or the ledger refused (`Banned`, `Insufficient`, `OverCreditLimit` …).

        Source:
            N-1.
        """
        offer = make_offer(
            self.address,
            energy_wh,
            price,
            accept_by,
            deliver_by,
            buyer=buyer,
            hidden=hidden,
            testimony=testimony,
            nonce=nonce,
        )
        self._send("make offer", self.suite.market.make_offer(offer.terms))
        return offer

    def sign_offer(
        self,
        energy_wh: int,
        price: int,
        accept_by: int,
        deliver_by: int,
        *,
        buyer: str | None = None,
        hidden: bool = False,
        testimony: bool = False,
        nonce: int | None = None,
    ) -> Offer:
        """Sign an offer that stays off chain until somebody accepts it; the arguments are those of `offer`.

        Returns:
            The offer with its signature, for the buyers.

        Source:
            N-1.
        """
        offer = make_offer(
            self.address,
            energy_wh,
            price,
            accept_by,
            deliver_by,
            buyer=buyer,
            hidden=hidden,
            signed=True,
            testimony=testimony,
            nonce=nonce,
        )
        return sign_offer(offer, self.key, self.suite.market_domain)

    def accept(self, offer: Offer, slot_from: int, slot_to: int) -> Trade:
        """Pay for an offer on chain or a signed one (CTP, the commitment to pay).

        The account's registered meter will sign the receipt.

        Args:
            offer: the seller's.
            slot_from: start of delivery, unix seconds.
            slot_to: end of delivery, unix seconds.

        Raises:
            BadInput: the trader has no meter.
            ContractRevert: the market or the ledger refused; the meter has forgotten the trade again.

        Source:
            N-2, N-3.
        """
        self._own_meter().allot(_allotment(offer, slot_from, slot_to))
        market, terms = self.suite.market, offer.terms
        if offer.signature is None:
            sent = self._send_acceptance("accept offer", market.accept_offer(terms), offer)
        else:
            signed = market.accept_signed(terms, offer.signature)
            sent = self._send_acceptance("accept signed offer", signed, offer)
        return Trade(offer, self.address, sent.event(OfferAccepted).receipt_key)

    def accept_privately(self, offer: Offer, slot_from: int, slot_to: int, evidence: Evidence) -> Trade:
        """Pay for an offer and name a one-time key, so that the trade does not lead to the meter.

        Args:
            offer: the seller's.
            slot_from: start of delivery, unix seconds.
            slot_to: end of delivery, unix seconds.
            evidence: the published file of the current epoch's root of one-time keys.

        Raises:
            BadInput: the trader has no meter.
            ContractRevert: the market or the ledger refused; the meter has forgotten the trade again.
            KeysUsedUp: no one-time key is left.

        Source:
            N-2, N-6.
        """
        meter = self._own_meter()
        market = self.suite.market
        consent = meter.allot_privately(_allotment(offer, slot_from, slot_to), self.address, evidence.epoch)
        key = ReceiptKey(consent.signer, evidence.epoch, evidence.proof(consent.signer), consent.signature)
        if offer.signature is None:
            call = market.accept_offer_privately(offer.terms, key)
            self._send_acceptance("accept offer privately", call, offer)
        else:
            signed = market.accept_signed_privately(offer.terms, offer.signature, key)
            self._send_acceptance("accept signed offer privately", signed, offer)
        return Trade(offer, self.address, receipt_key(consent.signer))

    def receipt(self, trade: Trade) -> Delivery:
        """Ask the meter for the receipt of one of this account's trades (ERC, energy receipt confirmation).

        Returns:
            The receipt with the terms and the buyer, for `confirm`.

        Raises:
            SlotNotEnded, ReadingMissing, TradeRefused: see `SmartMeter.sign_receipt`.

        Source:
            N-3.
        """
        receipt = self._own_meter().sign_receipt(trade.offer.trade_id)
        return Delivery(trade.offer.terms, trade.buyer, receipt.signer, receipt.energy, receipt.signature)

    def give_up(self, offer: Offer) -> Sent:
        """Withdraw an own offer that nobody accepted (CCS, the cancellation of the commitment to send).

        Before `accept_by` an offer on chain loses a share of its guarantee.

        Source:
            N-4.
        """
        market = self.suite.market
        if offer.signature is None:
            return self._send("give up", market.give_up(offer.terms))
        return self._send("cancel signed offer", market.cancel_signed(offer.terms))

    def _send_acceptance(self, verb: str, call: Call[Any], offer: Offer) -> Sent:
        try:
            return self._send(verb, call)
        except (ContractRevert, UnknownRevert):
            # Only a certain refusal frees the meter: a transaction without an answer may still be mined.
            self._own_meter().release(offer.trade_id)
            raise

    def _own_meter(self) -> SmartMeter:
        if self._meter is None:
            raise BadInput(f"the trader {self.address} has no meter, and so cannot accept an offer")
        return self._meter


def repair(delivery: Delivery, domain: Domain) -> Delivery:
    """Put the signature of a receipt in the form that the contracts take, if the meter wrote it in another.

    A receipt with s in the upper half, or in DER, is as genuine as any, yet the market refuses it; its seller
    would then be taken for one who did not deliver. Whoever carries the receipt can put it right.

    Args:
        delivery: terms, parties and receipt.
        domain: the market's.

    Returns:
        The delivery with the meter's signature in 64 bytes, s in the lower half; unchanged if the signature
        is not the signer's, or if the signer is on neither curve, for then only the contract can judge.

    Source:
        N-3, N-8.
    """
    digest = domain.digest(Receipt(delivery.terms.struct_hash(), delivery.energy))
    try:
        signature = canonical_signature(delivery.signer, digest, delivery.signature)
    except BadInput:
        return delivery
    return delivery if signature is None else replace(delivery, signature=signature)


def confirm(suite: Suite, sender: Sender, delivery: Delivery, offer: Offer) -> Sent:
    """Submit one receipt, with `repair`; anyone may. Hidden energy not delivered in full is opened.

    Args:
        suite: the market.
        sender: pays for the gas.
        delivery: terms, parties and receipt.
        offer: the offer, for its salt.

    Raises:
        ContractRevert: the market refused the receipt.

    Source:
        N-3, N-5.
    """
    delivery = repair(delivery, suite.market_domain)
    if offer.salt is not None and delivery.energy.is_plain:
        call = suite.market.confirm_hidden_short(delivery, offer.energy_wh, offer.salt)
        return call.send(sender)
    return suite.market.confirm_delivery(delivery).send(sender)


def confirm_many(suite: Suite, sender: Sender, deliveries: Sequence[Delivery]) -> list[Sent]:
    """Submit many receipts, each with `repair`, 40 to a transaction; anyone may.

    Args:
        suite: the market.
        sender: pays for the gas.
        deliveries: terms, parties and receipts.

    Returns:
        The transactions. A refused receipt is an event in one of them and stops no other.

    Source:
        N-3.
    """
    repaired = [repair(delivery, suite.market_domain) for delivery in deliveries]
    return [suite.market.confirm_deliveries(some).send(sender) for some in batches(repaired)]


def witness_of(
    offer: Offer, buyer: str, receipt_signer: bytes, meter: SmartMeter, slot_from: int, slot_to: int
) -> Witness:
    """Let the seller's meter testify to what it fed in for a trade, for `testify`.

    Args:
        offer: made with ``testimony=True``.
        buyer: account that accepted it.
        receipt_signer: ERC-7913 signer named at acceptance.
        meter: the seller's registered one.
        slot_from: start of delivery, unix seconds.
        slot_to: end of delivery, unix seconds.

    Raises:
        BadInput: the terms do not allow testimony, or the slot does not lie in the trade.
        SlotNotEnded, ReadingMissing, NothingDelivered, TradeRefused: see `SmartMeter.testify`.

    Source:
        N-3, N-7.
    """
    if not offer.terms.nonce & TESTIMONY_NONCE:
        raise BadInput("the terms of this offer do not let the seller's meter testify")
    t = meter.testify(offer.terms, slot_from, slot_to, offer.energy_wh, offer.salt)
    return Witness(offer.terms, buyer, receipt_signer, t.signer, t.energy, t.from_, t.to, t.signature)


def testify(suite: Suite, sender: Sender, witness: Witness, offer: Offer) -> Sent:
    """Submit one testimony; anyone may. Hidden energy that was not fed in in full is opened.

    Args:
        suite: the market.
        sender: pays for the gas.
        witness: terms, parties and testimony.
        offer: the offer, for its salt.

    Raises:
        ContractRevert: the market refused the testimony.

    Source:
        N-3, N-5, N-7.
    """
    if offer.salt is not None and witness.energy.is_plain:
        return suite.market.testify_hidden(witness, offer.energy_wh, offer.salt).send(sender)
    return suite.market.testify(witness).send(sender)


def testify_many(suite: Suite, sender: Sender, witnesses: Sequence[Witness]) -> list[Sent]:
    """Submit many testimonies, 40 to a transaction; anyone may.

    Args:
        suite: the market.
        sender: pays for the gas.
        witnesses: terms, parties and testimonies.

    Returns:
        The transactions. A refused testimony is an event in one of them and stops no other.

    Source:
        N-3.
    """
    return [suite.market.testify_many(some).send(sender) for some in batches(witnesses)]


def expire(suite: Suite, sender: Sender, overdue: Offer | Trade) -> Sent:
    """End an offer that nobody accepted in time or a trade that nobody delivered in time; anyone may.

    Args:
        suite: the market.
        sender: pays for the gas.
        overdue: the offer or the trade.

    Raises:
        ContractRevert: its time is not over, or it has ended already.

    Source:
        N-7, scenarios 3 and 4.
    """
    if isinstance(overdue, Offer):
        return suite.market.expire(overdue.terms, ZERO_ADDRESS, bytes(32)).send(sender)
    return suite.market.expire(overdue.offer.terms, overdue.buyer, overdue.receipt_key).send(sender)


def _allotment(offer: Offer, slot_from: int, slot_to: int) -> Allotment:
    return Allotment(offer.trade_id, slot_from, slot_to, offer.energy_wh, offer.salt)
