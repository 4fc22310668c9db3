"""Typed OfferMarket, written by scripts/generate_bindings.py: do not edit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from energy_trading.bindings.contract import Call, Contract, ContractRevert, Event
from energy_trading.types import (
    Delivery,
    DeliveryFault,
    Energy,
    MarketParameters,
    ReceiptKey,
    Terms,
    TestimonyFault,
    TradeState,
    Witness,
)


class BadOpening(ContractRevert):
    """Quantity and salt do not open the commitment of the terms."""

    energy: Energy
    agreed_wh: int
    salt: bytes

    signature = "OfferMarket_BadOpening(bytes32,uint256,bytes32)"
    fields = ("energy", "agreed_wh", "salt")
    meaning = "quantity and salt do not open the commitment of the terms"
    converters: ClassVar[dict[str, Callable[[Any], Any]]] = {"energy": Energy}


class BadSignature(ContractRevert):
    """The signature is not the signer's."""

    signer: bytes

    signature = "OfferMarket_BadSignature(bytes)"
    fields = ("signer",)
    meaning = "the signature is not the signer's"


class BadTerms(ContractRevert):
    """The energy must not be zero, and the price must be between 1 and max_price."""

    energy: Energy
    price: int
    max_price: int

    signature = "OfferMarket_BadTerms(bytes32,uint256,uint256)"
    fields = ("energy", "price", "max_price")
    meaning = "the energy must not be zero, and the price must be between 1 and max_price"
    converters: ClassVar[dict[str, Callable[[Any], Any]]] = {"energy": Energy}


class BadWindow(ContractRevert):
    """The times must be in the order now < accept_by < deliver_by <= latest."""

    accept_by: int
    deliver_by: int
    now_: int
    latest: int

    signature = "OfferMarket_BadWindow(uint256,uint256,uint256,uint256)"
    fields = ("accept_by", "deliver_by", "now_", "latest")
    meaning = "the times must be in the order now < accept_by < deliver_by <= latest"


class CutTooLarge(ContractRevert):
    """More of the guarantee would be lost than the seller signed."""

    cut: int
    max_cut: int

    signature = "OfferMarket_CutTooLarge(uint256,uint256)"
    fields = ("cut", "max_cut")
    meaning = "more of the guarantee would be lost than the seller signed"


class Expired(ContractRevert):
    """The deadline has passed."""

    now_: int
    deadline: int

    signature = "OfferMarket_Expired(uint256,uint256)"
    fields = ("now_", "deadline")
    meaning = "the deadline has passed"


class NoBuyer(ContractRevert):
    """An award must name its buyer."""

    signature = "OfferMarket_NoBuyer()"
    fields = ()
    meaning = "an award must name its buyer"


class NoMeter(ContractRevert):
    """The buyer has no registered meter."""

    buyer: str

    signature = "OfferMarket_NoMeter(address)"
    fields = ("buyer",)
    meaning = "the buyer has no registered meter"


class NotAuction(ContractRevert):
    """Only the auction named at deployment may award a trade."""

    caller: str
    auction: str

    signature = "OfferMarket_NotAuction(address,address)"
    fields = ("caller", "auction")
    meaning = "only the auction named at deployment may award a trade"


class NotDesk(ContractRevert):
    """Only the market's relay desk may call this."""

    caller: str
    desk: str

    signature = "OfferMarket_NotDesk(address,address)"
    fields = ("caller", "desk")
    meaning = "only the market's relay desk may call this"


class NotExpired(ContractRevert):
    """The deadline has not passed yet."""

    now_: int
    deadline: int

    signature = "OfferMarket_NotExpired(uint256,uint256)"
    fields = ("now_", "deadline")
    meaning = "the deadline has not passed yet"


class NotParty(ContractRevert):
    """The buyer and the receipt key are not those of the acceptance."""

    trade_id: bytes
    buyer: str
    receipt_key: bytes

    signature = "OfferMarket_NotParty(bytes32,address,bytes32)"
    fields = ("trade_id", "buyer", "receipt_key")
    meaning = "the buyer and the receipt key are not those of the acceptance"


class NotSeller(ContractRevert):
    """Only the seller named in the terms may do this."""

    caller: str
    seller: str

    signature = "OfferMarket_NotSeller(address,address)"
    fields = ("caller", "seller")
    meaning = "only the seller named in the terms may do this"


class ReceiptRefused(ContractRevert):
    """The receipt was refused."""

    trade_id: bytes
    fault: DeliveryFault

    signature = "OfferMarket_ReceiptRefused(bytes32,uint8)"
    fields = ("trade_id", "fault")
    meaning = "the receipt was refused"
    converters: ClassVar[dict[str, Callable[[Any], Any]]] = {"fault": DeliveryFault}


class Reserved(ContractRevert):
    """The offer is reserved for another buyer."""

    caller: str
    buyer: str

    signature = "OfferMarket_Reserved(address,address)"
    fields = ("caller", "buyer")
    meaning = "the offer is reserved for another buyer"


class SelfTrade(ContractRevert):
    """Seller and buyer must be two accounts."""

    account: str

    signature = "OfferMarket_SelfTrade(address)"
    fields = ("account",)
    meaning = "seller and buyer must be two accounts"


class TestimonyRefused(ContractRevert):
    """The testimony was refused."""

    trade_id: bytes
    fault: TestimonyFault

    signature = "OfferMarket_TestimonyRefused(bytes32,uint8)"
    fields = ("trade_id", "fault")
    meaning = "the testimony was refused"
    converters: ClassVar[dict[str, Callable[[Any], Any]]] = {"fault": TestimonyFault}


class UnknownReceiptKey(ContractRevert):
    """The key is not under the epoch's root, or the epoch is not the current one."""

    epoch: int
    receipt_key: bytes

    signature = "OfferMarket_UnknownReceiptKey(uint256,bytes32)"
    fields = ("epoch", "receipt_key")
    meaning = "the key is not under the epoch's root, or the epoch is not the current one"


class WrongNonce(ContractRevert):
    """The top bits of the nonce must be 00 in an offer made on chain, 10 in one signed off chain and
    01 in an award."""

    nonce: int
    signed: bool

    signature = "OfferMarket_WrongNonce(uint256,bool)"
    fields = ("nonce", "signed")
    meaning = "the top bits of the nonce must be 00 in an offer made on chain, 10 in one signed off chain and 01 in an award"


class WrongState(ContractRevert):
    """The trade is not in the state that this needs."""

    trade_id: bytes
    state: TradeState
    needed: TradeState

    signature = "OfferMarket_WrongState(bytes32,uint8,uint8)"
    fields = ("trade_id", "state", "needed")
    meaning = "the trade is not in the state that this needs"
    converters: ClassVar[dict[str, Callable[[Any], Any]]] = {"state": TradeState, "needed": TradeState}


@dataclass(frozen=True)
class AwardUnpaid(Event):
    """The winner of an auction did not pay in time. The seller has its guarantee back. This is a
    default of the buyer unless the DSO had suspended it by then; in that case the ledger logs no
    `DefaultRecorded`.

    Args:
        trade_id: Hash of the terms.
        buyer: Account that won.
    """

    trade_id: bytes
    buyer: str

    signature: ClassVar[str] = "AwardUnpaid(bytes32,address)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("trade_id", "bytes32", True),
        ("buyer", "address", True),
    )


@dataclass(frozen=True)
class DeliveredShort(Event):
    """Less than agreed was delivered.

    Args:
        trade_id: Hash of the terms.
        delivered_wh: Wh that the receipt proves.
        agreed_wh: Wh of the terms.
        payment: Units of account that the seller earned, before the fee; the buyer has the rest
            of the price back.
        cut: Units of account of the guarantee that the treasury has.
    """

    trade_id: bytes
    delivered_wh: int
    agreed_wh: int
    payment: int
    cut: int

    signature: ClassVar[str] = "DeliveredShort(bytes32,uint256,uint256,uint256,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("trade_id", "bytes32", True),
        ("delivered_wh", "uint256", False),
        ("agreed_wh", "uint256", False),
        ("payment", "uint256", False),
        ("cut", "uint256", False),
    )


@dataclass(frozen=True)
class DeliveryConfirmed(Event):
    """Everything was delivered (ERC). The seller has the price less the fee.

    Args:
        trade_id: Hash of the terms.
    """

    trade_id: bytes

    signature: ClassVar[str] = "DeliveryConfirmed(bytes32)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (("trade_id", "bytes32", True),)


@dataclass(frozen=True)
class DeliveryRefused(Event):
    """A receipt in a batch was refused. It can be submitted again.

    Args:
        trade_id: Hash of the terms.
        fault: Why it was refused.
    """

    trade_id: bytes
    fault: DeliveryFault

    signature: ClassVar[str] = "DeliveryRefused(bytes32,uint8)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("trade_id", "bytes32", True),
        ("fault", "uint8", False),
    )
    converters: ClassVar[dict[str, Callable[[Any], Any]]] = {"fault": DeliveryFault}


@dataclass(frozen=True)
class DeliveryTestified(Event):
    """The seller's meter has testified: the seller has no default from this trade any more.

    Args:
        trade_id: Hash of the terms.
        energy: What the meter fed in, or the commitment of the terms (all of it).
        from_: Unix seconds; start of the time in which it did.
        to: Unix seconds; its end.
    """

    trade_id: bytes
    energy: Energy
    from_: int
    to: int

    signature: ClassVar[str] = "DeliveryTestified(bytes32,bytes32,uint256,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("trade_id", "bytes32", True),
        ("energy", "bytes32", False),
        ("from_", "uint256", False),
        ("to", "uint256", False),
    )
    converters: ClassVar[dict[str, Callable[[Any], Any]]] = {"energy": Energy}


@dataclass(frozen=True)
class OfferAccepted(Event):
    """A buyer paid into the market's care (CTP).

    Args:
        trade_id: Hash of the terms.
        buyer: Account that paid.
        receipt_key: keccak256 of the ERC-7913 signer that will sign the receipt.
    """

    trade_id: bytes
    buyer: str
    receipt_key: bytes

    signature: ClassVar[str] = "OfferAccepted(bytes32,address,bytes32)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("trade_id", "bytes32", True),
        ("buyer", "address", True),
        ("receipt_key", "bytes32", False),
    )


@dataclass(frozen=True)
class OfferExpired(Event):
    """Nobody accepted the offer in time. The seller has its guarantee back.

    Args:
        trade_id: Hash of the terms.
    """

    trade_id: bytes

    signature: ClassVar[str] = "OfferExpired(bytes32)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (("trade_id", "bytes32", True),)


@dataclass(frozen=True)
class OfferMade(Event):
    """A seller committed to deliver (CTS).

    Args:
        trade_id: Hash of the terms.
        seller: Account that promises the energy.
        buyer: Account that the offer is reserved for; zero: anyone.
        energy: Quantity: in Wh if below 2**64, else hidden.
        price: Price of the whole quantity in units of account.
        accept_by: Unix seconds; it can be accepted before.
        deliver_by: Unix seconds; a receipt counts before.
        nonce: Tells equal offers of one seller apart.
    """

    trade_id: bytes
    seller: str
    buyer: str
    energy: Energy
    price: int
    accept_by: int
    deliver_by: int
    nonce: int

    signature: ClassVar[str] = "OfferMade(bytes32,address,address,bytes32,uint256,uint256,uint256,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("trade_id", "bytes32", True),
        ("seller", "address", True),
        ("buyer", "address", False),
        ("energy", "bytes32", False),
        ("price", "uint256", False),
        ("accept_by", "uint256", False),
        ("deliver_by", "uint256", False),
        ("nonce", "uint256", False),
    )
    converters: ClassVar[dict[str, Callable[[Any], Any]]] = {"energy": Energy}


@dataclass(frozen=True)
class OfferWithdrawn(Event):
    """The seller withdrew the offer (CCS).

    Args:
        trade_id: Hash of the terms.
        cut: Units of account of the guarantee that the treasury has.
    """

    trade_id: bytes
    cut: int

    signature: ClassVar[str] = "OfferWithdrawn(bytes32,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("trade_id", "bytes32", True),
        ("cut", "uint256", False),
    )


@dataclass(frozen=True)
class PaidShort(Event):
    """Less than agreed was delivered, and the terms allow testimony. The seller has its share of the
    price and the buyer the rest; the guarantee waits until deliver_by, and so does a default.

    Args:
        trade_id: Hash of the terms.
        delivered_wh: Wh that the receipt proves.
        agreed_wh: Wh of the terms.
        payment: Units of account that the seller earned, before the fee.
        cut: Units of account of the guarantee that the treasury gets without testimony.
    """

    trade_id: bytes
    delivered_wh: int
    agreed_wh: int
    payment: int
    cut: int

    signature: ClassVar[str] = "PaidShort(bytes32,uint256,uint256,uint256,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("trade_id", "bytes32", True),
        ("delivered_wh", "uint256", False),
        ("agreed_wh", "uint256", False),
        ("payment", "uint256", False),
        ("cut", "uint256", False),
    )


@dataclass(frozen=True)
class RelayFeeTaken(Event):
    """A buyer paid a relayer's fee on top of the price. It stands right after the `OfferAccepted` that
    the fee was for; the relayer and the sum of its fees stand in `RelayFeePaid`.

    Args:
        buyer: Account that paid.
        fee: Units of account.
    """

    buyer: str
    fee: int

    signature: ClassVar[str] = "RelayFeeTaken(address,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("buyer", "address", True),
        ("fee", "uint256", False),
    )


@dataclass(frozen=True)
class ShortSettled(Event):
    """The guarantee of a trade that was paid short came back, less the cut.

    Args:
        trade_id: Hash of the terms.
        cut: Units of account of the guarantee that the treasury has; zero after testimony.
    """

    trade_id: bytes
    cut: int

    signature: ClassVar[str] = "ShortSettled(bytes32,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("trade_id", "bytes32", True),
        ("cut", "uint256", False),
    )


@dataclass(frozen=True)
class SignedOfferCancelled(Event):
    """The seller withdrew an offer that it had signed off chain.

    Args:
        trade_id: Hash of the terms.
        seller: Account that had signed it.
    """

    trade_id: bytes
    seller: str

    signature: ClassVar[str] = "SignedOfferCancelled(bytes32,address)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("trade_id", "bytes32", True),
        ("seller", "address", True),
    )


@dataclass(frozen=True)
class TestimonyUnanswered(Event):
    """The seller's meter had testified, and the buyer's sent no receipt. The buyer has its payment
    back and the seller its guarantee.

    Args:
        trade_id: Hash of the terms.
    """

    trade_id: bytes

    signature: ClassVar[str] = "TestimonyUnanswered(bytes32)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (("trade_id", "bytes32", True),)


@dataclass(frozen=True)
class TradeExpired(Event):
    """No receipt came in time. The buyer has its payment back.

    Args:
        trade_id: Hash of the terms.
        cut: Units of account of the guarantee that the treasury has.
    """

    trade_id: bytes
    cut: int

    signature: ClassVar[str] = "TradeExpired(bytes32,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("trade_id", "bytes32", True),
        ("cut", "uint256", False),
    )


@dataclass(frozen=True)
class WitnessRefused(Event):
    """A testimony in a batch was refused. It can be submitted again.

    Args:
        trade_id: Hash of the terms.
        fault: Why it was refused.
    """

    trade_id: bytes
    fault: TestimonyFault

    signature: ClassVar[str] = "WitnessRefused(bytes32,uint8)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("trade_id", "bytes32", True),
        ("fault", "uint8", False),
    )
    converters: ClassVar[dict[str, Callable[[Any], Any]]] = {"fault": TestimonyFault}


class OfferMarket(Contract):
    """Offer market. Trades at a fixed price: an offer with a guarantee (CTS, commitment to send), its
    acceptance with the payment (CTP, commitment to pay), the meter's receipt (ERC, energy receipt
    confirmation), withdrawal (CCS, cancellation of the commitment to send) and expiry."""

    name: ClassVar[str] = "OfferMarket"
    constructor_types: ClassVar[tuple[str, ...]] = (
        "(address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,address)",
    )

    def desk(self) -> str:
        """The relay desk, where signed orders are carried out. The market created it.

        Returns:
            Its address: that of the market's first creation.
        """
        answer: str = self._read("DESK()", (), [], ("address",))
        return answer

    def accept_offer(self, terms: Terms) -> Call[None]:
        """Commits the buyer's payment to an offer (CTP). The caller is the buyer, and its registered
        meter will sign the receipt. The payment stays held until receipt or deliver_by. From
        accept_by on nothing can be accepted; then `expire` returns the guarantee. The winner of an
        award pays it with the same call, even while it is banned, because it owes that payment
        already.

        Emits `OfferAccepted`. Reverts: `WrongState`, `Expired`, `Reserved`, `SelfTrade`, `NoMeter`,
        and as `commit` (for an award, as `pay_owed`). Rounding: none.

        Args:
            terms: The offer as made.

        Source:
            N-2, N-3
        """
        return self._encode(
            "acceptOffer((address,address,bytes32,uint256,uint256,uint256,uint256))",
            ("(address,address,bytes32,uint256,uint256,uint256,uint256)",),
            [terms],
            0,
            (),
        )

    def accept_offer_privately(self, terms: Terms, key: ReceiptKey) -> Call[None]:
        """The same as `accept_offer` with a one-time receipt key, so that the trade does not point at
        a meter.

        Emits `OfferAccepted`. Reverts: as `accept_offer`, `UnknownReceiptKey`, `VerifierStarved`,
        `BadSignature`.

        Args:
            terms: The offer as made.
            key: The key, the proof that it is admitted, and its own signature.

        Source:
            N-2, N-6
        """
        return self._encode(
            "acceptOfferPrivately((address,address,bytes32,uint256,uint256,uint256,uint256),(bytes,uint256,bytes32[],bytes))",
            ("(address,address,bytes32,uint256,uint256,uint256,uint256)", "(bytes,uint256,bytes32[],bytes)"),
            [terms, key],
            0,
            (),
        )

    def accept_on_order(
        self, fee: int, terms: Terms, seller_signature: bytes, buyer: str, key: Sequence[ReceiptKey]
    ) -> Call[None]:
        """The acceptance of an offer or award for a buyer whose signed order the relay desk has
        checked. Only the desk may call it. The nonce of the terms says whether the offer stands on
        chain or the seller's signature counts.

        The desk stands apart because of the size limit of contracts (EIP-170). Its entrances have
        higher selectors than the functions of whole trades, which therefore cost nothing more.
        Emits what `accept_offer`, `accept_offer_privately` or `accept_signed` do, and with a fee
        `RelayFeeTaken`. Reverts: as those, `NotDesk`. Rounding: guarantee up.

        Args:
            fee: Units of account that the buyer pays on top of the price. They stay in the
                market's care until the desk has them paid with `pay_relayer`.
            terms: The offer as made, signed or awarded.
            seller_signature: The seller's signature of an offer made off chain; otherwise it is
                not looked at.
            buyer: Account that pays.
            key: Empty: the buyer's registered meter will sign the receipt. One entry: this one-
                time key will.

        Source:
            N-1, N-2, N-6, N-8
        """
        return self._encode(
            "acceptOnOrder(uint256,(address,address,bytes32,uint256,uint256,uint256,uint256),bytes,address,(bytes,uint256,bytes32[],bytes)[])",
            (
                "uint256",
                "(address,address,bytes32,uint256,uint256,uint256,uint256)",
                "bytes",
                "address",
                "(bytes,uint256,bytes32[],bytes)[]",
            ),
            [fee, terms, seller_signature, buyer, key],
            0,
            (),
        )

    def accept_signed(self, terms: Terms, signature: bytes) -> Call[bytes]:
        """Accepts an offer that was signed off chain: holds the guarantee and the payment in one call.
        The caller is the buyer.

        Emits `OfferMade` and `OfferAccepted`. Reverts: as `make_offer` and `accept_offer`,
        `BadSignature`. Rounding: guarantee up.

        Args:
            terms: The offer. Of the two top bits of its nonce only bit 255 is set.
            signature: The seller's EIP-712 signature (65 or 64 bytes, or ERC-1271).

        Returns:
            Hash of the terms.

        Source:
            N-1, N-2
        """
        return self._encode(
            "acceptSigned((address,address,bytes32,uint256,uint256,uint256,uint256),bytes)",
            ("(address,address,bytes32,uint256,uint256,uint256,uint256)", "bytes"),
            [terms, signature],
            0,
            ("bytes32",),
        )

    def accept_signed_privately(self, terms: Terms, signature: bytes, key: ReceiptKey) -> Call[bytes]:
        """The same as `accept_signed` with a one-time receipt key.

        Emits and reverts: as `accept_signed` and `accept_offer_privately`.

        Args:
            terms: The offer. Of the two top bits of its nonce only bit 255 is set.
            signature: The seller's EIP-712 signature (65 or 64 bytes, or ERC-1271).
            key: The key, the proof that it is admitted, and its own signature.

        Returns:
            Hash of the terms.

        Source:
            N-1, N-2, N-6
        """
        return self._encode(
            "acceptSignedPrivately((address,address,bytes32,uint256,uint256,uint256,uint256),bytes,(bytes,uint256,bytes32[],bytes))",
            (
                "(address,address,bytes32,uint256,uint256,uint256,uint256)",
                "bytes",
                "(bytes,uint256,bytes32[],bytes)",
            ),
            [terms, signature, key],
            0,
            ("bytes32",),
        )

    def award(self, terms: Terms) -> Call[bytes]:
        """Opens a trade that the winner of an auction has to pay before accept_by; otherwise it is a
        default of the winner. Only the auction may call it.

        The auction holds the guarantee for the price already. Emits `OfferMade`. Reverts:
        `NotAuction`, `NoBuyer`, and as `make_offer`.

        Args:
            terms: The trade, reserved for the winner. Of the two top bits of its nonce only bit
                254 is set.

        Returns:
            Hash of the terms.

        Source:
            X-7
        """
        return self._encode(
            "award((address,address,bytes32,uint256,uint256,uint256,uint256))",
            ("(address,address,bytes32,uint256,uint256,uint256,uint256)",),
            [terms],
            0,
            ("bytes32",),
        )

    def cancel_signed(self, terms: Terms) -> Call[None]:
        """Withdraws an offer signed off chain for good. Only its seller may, and only before
        accept_by, from when on it is void anyway. Nothing was held, so nothing is lost.

        Emits `SignedOfferCancelled`. Reverts: `NotSeller`, `WrongNonce`, `Expired`, `WrongState`.

        Args:
            terms: The offer as signed.

        Source:
            N-4
        """
        return self._encode(
            "cancelSigned((address,address,bytes32,uint256,uint256,uint256,uint256))",
            ("(address,address,bytes32,uint256,uint256,uint256,uint256)",),
            [terms],
            0,
            (),
        )

    def cancel_signed_on_order(self, terms: Terms) -> Call[None]:
        """`cancel_signed` for a seller whose signed order the relay desk has checked. Only the desk
        may call it.

        Emits `SignedOfferCancelled`. Reverts: `NotDesk`, `WrongNonce`, `Expired`, `WrongState`.

        Args:
            terms: The offer as signed.

        Source:
            N-4, N-8
        """
        return self._encode(
            "cancelSignedOnOrder((address,address,bytes32,uint256,uint256,uint256,uint256))",
            ("(address,address,bytes32,uint256,uint256,uint256,uint256)",),
            [terms],
            0,
            (),
        )

    def confirm_deliveries(self, deliveries: Sequence[Delivery]) -> Call[int]:
        """`confirm_delivery` for many receipts. A bad receipt does not stop the others. A receipt
        whose verifier may have lacked the gas to confirm it is not a bad one: then the whole batch
        reverts, so that neither a gas estimate nor whoever chooses the gas turns a good receipt
        into a bad one.

        Emits what `confirm_delivery` does, and `DeliveryRefused` for each bad receipt. Reverts:
        `VerifierStarved`.

        Args:
            deliveries: Terms, parties and receipts.

        Returns:
            How many trades were settled.

        Source:
            N-3
        """
        return self._encode(
            "confirmDeliveries(((address,address,bytes32,uint256,uint256,uint256,uint256),address,bytes,bytes32,bytes)[])",
            ("((address,address,bytes32,uint256,uint256,uint256,uint256),address,bytes,bytes32,bytes)[]",),
            [deliveries],
            0,
            ("uint256",),
        )

    def confirm_delivery(self, delivery: Delivery) -> Call[None]:
        """Pays the seller on the meter's receipt and returns the guarantee (ERC). Anyone may submit
        the receipt. If less than agreed was delivered, payment and guarantee are settled in
        proportion, and a shortfall beyond the tolerance is a default of the seller. Where the terms
        allow testimony and the receipt is a meter's (no `EnergyLot`), only the payment is settled
        then, and the guarantee waits for testimony until deliver_by. After testimony the whole
        guarantee returns, there is no default, and a receipt counts for the reply time after
        deliver_by too.

        Emits `DeliveryConfirmed`, `DeliveredShort` or `PaidShort`. Reverts: `ReceiptRefused`,
        `VerifierStarved`. Rounding: payment, fee and cut down.

        Args:
            delivery: Terms, parties and receipt.

        Source:
            N-3, N-7
        """
        return self._encode(
            "confirmDelivery(((address,address,bytes32,uint256,uint256,uint256,uint256),address,bytes,bytes32,bytes))",
            ("((address,address,bytes32,uint256,uint256,uint256,uint256),address,bytes,bytes32,bytes)",),
            [delivery],
            0,
            (),
        )

    def confirm_hidden_short(self, delivery: Delivery, agreed_wh: int, salt: bytes) -> Call[None]:
        """`confirm_delivery` for a hidden quantity that was not delivered in full: the commitment is
        opened.

        Emits and reverts: as `confirm_delivery`, `BadOpening`.

        Args:
            delivery: Terms with a commitment, and a receipt in plain Wh.
            agreed_wh: Wh in the commitment.
            salt: Salt of the commitment.

        Source:
            N-5
        """
        return self._encode(
            "confirmHiddenShort(((address,address,bytes32,uint256,uint256,uint256,uint256),address,bytes,bytes32,bytes),uint256,bytes32)",
            (
                "((address,address,bytes32,uint256,uint256,uint256,uint256),address,bytes,bytes32,bytes)",
                "uint256",
                "bytes32",
            ),
            [delivery, agreed_wh, salt],
            0,
            (),
        )

    def eip712_domain(self) -> tuple[bytes, str, str, int, str, bytes, Sequence[int]]:
        """See: https://eips.ethereum.org/EIPS/eip-5267"""
        answer: tuple[bytes, str, str, int, str, bytes, Sequence[int]] = self._read(
            "eip712Domain()",
            (),
            [],
            ("bytes1", "string", "string", "uint256", "address", "bytes32", "uint256[]"),
        )
        return answer

    def expire(self, terms: Terms, buyer: str, receipt_key: bytes) -> Call[None]:
        """Ends what is overdue. Anyone may call it. If nobody accepted the offer, the guarantee
        returns (N-7, 3). If nothing was delivered, the buyer is refunded and the seller loses the
        penalty (N-7, 4). If the seller's meter has testified, the buyer is refunded when the reply
        time is over, the guarantee returns, and neither credit moves. If a trade is paid short, its
        guarantee returns less the cut. If an award was not paid, the guarantee returns, and it is a
        default of the buyer unless the buyer is suspended now.

        Emits `OfferExpired`, `TradeExpired`, `AwardUnpaid`, `TestimonyUnanswered` or
        `ShortSettled`. Reverts: `NotExpired`, `WrongState`, `NotParty`. Rounding: cut down.

        Args:
            terms: The offer as made or signed.
            buyer: Account that accepted; ignored if none did.
            receipt_key: keccak256 of the ERC-7913 signer named at acceptance; ignored if none
                was.

        Source:
            N-7
        """
        return self._encode(
            "expire((address,address,bytes32,uint256,uint256,uint256,uint256),address,bytes32)",
            ("(address,address,bytes32,uint256,uint256,uint256,uint256)", "address", "bytes32"),
            [terms, buyer, receipt_key],
            0,
            (),
        )

    def give_up(self, terms: Terms) -> Call[None]:
        """Withdraws an open offer (CCS). Only its seller may. Before accept_by a share of the
        guarantee is lost, afterwards nothing.

        Emits `OfferWithdrawn`. Reverts: `NotSeller`, `WrongState`. Rounding: cut down.

        Args:
            terms: The offer as made.

        Source:
            N-4
        """
        return self._encode(
            "giveUp((address,address,bytes32,uint256,uint256,uint256,uint256))",
            ("(address,address,bytes32,uint256,uint256,uint256,uint256)",),
            [terms],
            0,
            (),
        )

    def give_up_on_order(self, max_cut: int, terms: Terms) -> Call[None]:
        """`give_up` for a seller whose signed order the relay desk has checked. Only the desk may call
        it. Unlike `give_up`, it leaves an offer that it ends early closed for good, so that the
        order cannot be used again.

        Emits `OfferWithdrawn`. Reverts: `NotDesk`, `WrongState`, `CutTooLarge`. Rounding: cut down.

        Args:
            max_cut: The most units of account of the guarantee that may be lost.
            terms: The offer as made.

        Source:
            N-4, N-8
        """
        return self._encode(
            "giveUpOnOrder(uint256,(address,address,bytes32,uint256,uint256,uint256,uint256))",
            ("uint256", "(address,address,bytes32,uint256,uint256,uint256,uint256)"),
            [max_cut, terms],
            0,
            (),
        )

    def guarantee_up(self, price: int) -> int:
        """Guarantee for a price.

        Reverts: `BadTerms` for a price that no offer can have. Rounding: up.

        Args:
            price: Units of account.

        Returns:
            Units of account.

        Source:
            N-1
        """
        answer: int = self._read("guaranteeUp(uint256)", ("uint256",), [price], ("uint256",))
        return answer

    def make_offer(self, terms: Terms) -> Call[bytes]:
        """Commits the seller to deliver and holds its guarantee (CTS). The guarantee stays held until
        receipt, withdrawal or expiry.

        Emits `OfferMade`. Reverts: `NotSeller`, `WrongNonce`, `BadTerms`, `SelfTrade`, `BadWindow`,
        `WrongState`, and as `commit`. Rounding: guarantee up.

        Args:
            terms: The offer. Its seller is the caller, and the two top bits of its nonce are
                clear.

        Returns:
            Hash of the terms.

        Source:
            N-1, N-5
        """
        return self._encode(
            "makeOffer((address,address,bytes32,uint256,uint256,uint256,uint256))",
            ("(address,address,bytes32,uint256,uint256,uint256,uint256)",),
            [terms],
            0,
            ("bytes32",),
        )

    def market_parameters(self) -> MarketParameters:
        """The parameters of the market.

        Returns:
            As given to the constructor.
        """
        answer: MarketParameters = self._read(
            "marketParameters()",
            (),
            [],
            ("(address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,address)",),
            MarketParameters.from_abi,
        )
        return answer

    def pay_relayer(self, amount: int, relayer: str, payer: str) -> Call[None]:
        """Pays a relayer what the signers of orders owe it. Only the desk may call it.

        Reverts: `NotDesk`, and as `pay_fee`.

        Args:
            amount: Units of account.
            relayer: Account that gets the fee.
            payer: Account that pays from its available funds; zero: the fees that
                `accept_on_order` took.

        Source:
            N-8
        """
        return self._encode(
            "payRelayer(uint256,address,address)",
            ("uint256", "address", "address"),
            [amount, relayer, payer],
            0,
            (),
        )

    def state_of(self, trade_id: bytes) -> TradeState:
        """Current state of a trade. A finished trade whose terms can never come back reports
        `TradeState.NONE`.

        Args:
            trade_id: Hash of the terms.

        Returns:
            The state as it was recorded; an overdue trade keeps its state until `expire`.
        """
        answer: TradeState = self._read("stateOf(bytes32)", ("bytes32",), [trade_id], ("uint8",), TradeState)
        return answer

    def testify(self, witness: Witness) -> Call[None]:
        """Submits what the seller's meter testifies to have fed in for a trade whose terms allow it,
        before deliver_by. Anyone may submit it. It counts once, and only if no more is missing than
        the tolerance allows. If the trade is paid short, its guarantee returns at once. If there is
        no receipt yet, the buyer's still counts until the reply time after deliver_by; without one
        `expire` refunds the buyer and returns the guarantee then. In both cases the seller has no
        default.

        Emits `DeliveryTestified`, and `ShortSettled` if the trade is paid short. Reverts:
        `TestimonyRefused`, `VerifierStarved`. Rounding: none.

        Args:
            witness: Terms, parties and testimony.

        Source:
            N-3, N-7
        """
        return self._encode(
            "testify(((address,address,bytes32,uint256,uint256,uint256,uint256),address,bytes,bytes,bytes32,uint256,uint256,bytes))",
            (
                "((address,address,bytes32,uint256,uint256,uint256,uint256),address,bytes,bytes,bytes32,uint256,uint256,bytes)",
            ),
            [witness],
            0,
            (),
        )

    def testify_hidden(self, witness: Witness, agreed_wh: int, salt: bytes) -> Call[None]:
        """`testify` for a hidden quantity that was not fed in in full: the commitment is opened.

        Emits and reverts: as `testify`, `BadOpening`.

        Args:
            witness: Terms with a commitment, and a testimony in plain Wh.
            agreed_wh: Wh in the commitment.
            salt: Salt of the commitment.

        Source:
            N-5
        """
        return self._encode(
            "testifyHidden(((address,address,bytes32,uint256,uint256,uint256,uint256),address,bytes,bytes,bytes32,uint256,uint256,bytes),uint256,bytes32)",
            (
                "((address,address,bytes32,uint256,uint256,uint256,uint256),address,bytes,bytes,bytes32,uint256,uint256,bytes)",
                "uint256",
                "bytes32",
            ),
            [witness, agreed_wh, salt],
            0,
            (),
        )

    def testify_many(self, witnesses: Sequence[Witness]) -> Call[int]:
        """`testify` for many testimonies. A bad one does not stop the others; a starved verifier
        reverts the batch, as in `confirm_deliveries`.

        Emits what `testify` does, and `WitnessRefused` for each bad testimony. Reverts:
        `VerifierStarved`.

        Args:
            witnesses: Terms, parties and testimonies.

        Returns:
            How many of them counted.

        Source:
            N-3
        """
        return self._encode(
            "testifyMany(((address,address,bytes32,uint256,uint256,uint256,uint256),address,bytes,bytes,bytes32,uint256,uint256,bytes)[])",
            (
                "((address,address,bytes32,uint256,uint256,uint256,uint256),address,bytes,bytes,bytes32,uint256,uint256,bytes)[]",
            ),
            [witnesses],
            0,
            ("uint256",),
        )

    def trade_id_of(self, terms: Terms) -> bytes:
        """The trade id of terms: their EIP-712 struct hash.

        Args:
            terms: Any terms.

        Returns:
            Their hash.

        Source:
            N-5
        """
        answer: bytes = self._read(
            "tradeIdOf((address,address,bytes32,uint256,uint256,uint256,uint256))",
            ("(address,address,bytes32,uint256,uint256,uint256,uint256)",),
            [terms],
            ("bytes32",),
        )
        return answer
