"""Typed OfferMarket, written by scripts/generate_bindings.py from ABI and NatSpec: do not edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar

from energy_trading.bindings.contract import Call, Contract, ContractRevert, Event


@dataclass(frozen=True)
class MarketParameters:
    """Constructor arguments of the market, each with its allowed range. BPS are basis points,
    hundredths of a per cent.

    Args:
        ledger: Energy ledger that names this market.
        guarantee_bps: Guarantee as a share of the price, 1 … 10,000 (Nazari: 10,000).
        fee_bps: Share of the seller's payment that goes to the treasury, 0 … 1,000.
        cancel_bps: Share of the guarantee that is lost when an offer is withdrawn before its
            expiry, 0 … 10,000.
        penalty_bps: Share of the guarantee that is lost for energy not delivered, 1 … 10,000.
        tolerance_bps: Share of the energy that may be missing before it is a default, 0 …
            10,000.
        max_duration: Longest time from now to deliverBy in seconds, one minute to a year.
        auction: Contract whose awards become trades; zero: none.
    """

    ledger: str
    guarantee_bps: int
    fee_bps: int
    cancel_bps: int
    penalty_bps: int
    tolerance_bps: int
    max_duration: int
    auction: str

    __abi__: ClassVar[tuple[str, ...]] = (
        "ledger",
        "guarantee_bps",
        "fee_bps",
        "cancel_bps",
        "penalty_bps",
        "tolerance_bps",
        "max_duration",
        "auction",
    )

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> MarketParameters:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return cls(values[0], values[1], values[2], values[3], values[4], values[5], values[6], values[7])


class DeliveryFault(IntEnum):
    """Why a receipt was refused."""

    NONE = 0
    NOT_ACCEPTED = 1
    EXPIRED = 2
    NOT_PARTY = 3
    ENERGY_HIDDEN = 4
    BAD_RECEIPT = 5


class TradeState(IntEnum):
    """Current state of a trade. A finished trade whose terms can never come back reports {None}."""

    NONE = 0
    OFFERED = 1
    CLOSED = 2
    ACCEPTED = 3
    AWARDED = 4


@dataclass(frozen=True)
class Terms:
    """What a seller offers (CTS, the commitment to send; N-1). Its EIP-712 struct hash is the trade
    id, which the papers call the contract hash.

    Args:
        seller: Account that promises the energy and whose guarantee is held.
        buyer: Account that the offer is reserved for; zero: anyone.
        energy: Quantity: in Wh if below 2**64, else hidden as keccak256(abi.encode(energyWh,
            salt)) (N-5).
        price: Price of the whole quantity in the ledger's units of account.
        accept_by: Unix seconds; the offer can be accepted while block.timestamp < acceptBy.
        deliver_by: Unix seconds; a receipt counts while block.timestamp < deliverBy.
        nonce: Tells equal offers of one seller apart. Bit 255 is set exactly in offers signed
            off chain, bit 254 exactly in awards of an auction.
    """

    seller: str
    buyer: str
    energy: bytes
    price: int
    accept_by: int
    deliver_by: int
    nonce: int

    __abi__: ClassVar[tuple[str, ...]] = (
        "seller",
        "buyer",
        "energy",
        "price",
        "accept_by",
        "deliver_by",
        "nonce",
    )

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Terms:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return cls(values[0], values[1], values[2], values[3], values[4], values[5], values[6])


@dataclass(frozen=True)
class ReceiptKey:
    """A one-time meter key that the buyer names at acceptance (CoE, certificate of existence; N-6).

    Args:
        signer: ERC-7913 signer: a 20-byte address, or the address of a verifier followed by the
            key.
        epoch: Epoch of the root in {IMeterRegistry} that contains the key.
        proof: Merkle proof of keccak256(keccak256(signer)) under that root.
        signature: The key's own signature of Acceptance(tradeId, buyer).
    """

    signer: bytes
    epoch: int
    proof: Sequence[bytes]
    signature: bytes

    __abi__: ClassVar[tuple[str, ...]] = ("signer", "epoch", "proof", "signature")

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> ReceiptKey:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return cls(values[0], values[1], values[2], values[3])


@dataclass(frozen=True)
class Delivery:
    """A meter's receipt with what is needed to check it (ERC, energy receipt confirmation; N-3). @dev
    This order of the fields gives {IOfferMarket.confirmDelivery} the lowest selector, which saves
    340 gas.

    Args:
        terms: The offer.
        buyer: Account that accepted it.
        signer: ERC-7913 signer named at acceptance.
        energy: What the meter signed: the Wh delivered, or the commitment of the terms
            (delivered in full).
        signature: The signer's signature of Receipt(tradeId, energy).
    """

    terms: Terms
    buyer: str
    signer: bytes
    energy: bytes
    signature: bytes

    __abi__: ClassVar[tuple[str, ...]] = ("terms", "buyer", "signer", "energy", "signature")

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Delivery:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return cls(Terms.from_abi(values[0]), values[1], values[2], values[3], values[4])


class BadOpening(ContractRevert):
    """Quantity and salt do not open the commitment of the terms."""

    energy: bytes
    agreed_wh: int
    salt: bytes

    signature = "OfferMarket_BadOpening(bytes32,uint256,bytes32)"
    fields = ("energy", "agreed_wh", "salt")
    meaning = "quantity and salt do not open the commitment of the terms"


class BadSignature(ContractRevert):
    """The signature is not the signer's."""

    signer: bytes

    signature = "OfferMarket_BadSignature(bytes)"
    fields = ("signer",)
    meaning = "the signature is not the signer's"


class BadTerms(ContractRevert):
    """The energy must not be zero, and the price must be between 1 and maxPrice."""

    energy: bytes
    price: int
    max_price: int

    signature = "OfferMarket_BadTerms(bytes32,uint256,uint256)"
    fields = ("energy", "price", "max_price")
    meaning = "the energy must not be zero, and the price must be between 1 and maxPrice"


class BadWindow(ContractRevert):
    """The times must be in the order now < acceptBy < deliverBy <= latest."""

    accept_by: int
    deliver_by: int
    now_: int
    latest: int

    signature = "OfferMarket_BadWindow(uint256,uint256,uint256,uint256)"
    fields = ("accept_by", "deliver_by", "now_", "latest")
    meaning = "the times must be in the order now < acceptBy < deliverBy <= latest"


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
    enums: ClassVar[dict[str, type[IntEnum]]] = {"fault": DeliveryFault}


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
    enums: ClassVar[dict[str, type[IntEnum]]] = {"state": TradeState, "needed": TradeState}


@dataclass(frozen=True)
class AwardUnpaid(Event):
    """The winner of an auction did not pay in time. The seller has its guarantee back. This is a
    default of the buyer unless the DSO had suspended it by then; in that case the ledger logs no
    {IEnergyLedger.DefaultRecorded}.

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

    @classmethod
    def convert(cls, name: str, value: Any) -> Any:
        """Turn numbers into enum members and tuples into records."""
        if name == "fault":
            return DeliveryFault(value)
        return value


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
    energy: bytes
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


class OfferMarket(Contract):
    """Offer market. Trades at a fixed price: an offer with a guarantee (CTS, commitment to send), its
    acceptance with the payment (CTP, commitment to pay), the meter's receipt (ERC, energy receipt
    confirmation), withdrawal (CCS, cancellation of the commitment to send) and expiry."""

    name: ClassVar[str] = "OfferMarket"
    constructor_types: ClassVar[tuple[str, ...]] = (
        "(address,uint256,uint256,uint256,uint256,uint256,uint256,address)",
    )

    def accept_offer(self, terms: Terms) -> Call[None]:
        """Commits the buyer's payment to an offer (CTP). The caller is the buyer, and its registered
        meter will sign the receipt. The payment stays held until receipt or deliverBy. From
        acceptBy on nothing can be accepted; then {expire} returns the guarantee.

        Emits {OfferAccepted}. Reverts: {OfferMarket_WrongState}, {OfferMarket_Expired},
        {OfferMarket_Reserved}, {OfferMarket_SelfTrade}, {OfferMarket_NoMeter}, and as
        {IEnergyLedger.commit}. Rounding: none.

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
        """The same as {acceptOffer} with a one-time receipt key, so that the trade does not point at a
        meter.

        Emits {OfferAccepted}. Reverts: as {acceptOffer}, {OfferMarket_UnknownReceiptKey},
        {OfferMarket_BadSignature}.

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

    def accept_signed(self, terms: Terms, signature: bytes) -> Call[bytes]:
        """Accepts an offer that was signed off chain: holds the guarantee and the payment in one call.
        The caller is the buyer.

        Emits {OfferMade} and {OfferAccepted}. Reverts: as {makeOffer} and {acceptOffer},
        {OfferMarket_BadSignature}. Rounding: guarantee up.

        Args:
            terms: The offer. Of the two top bits of its nonce only bit 255 is set.
            signature: The seller's EIP-712 signature (65 or 64 bytes, or ERC-1271).

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
        """The same as {acceptSigned} with a one-time receipt key.

        Emits and reverts: as {acceptSigned} and {acceptOfferPrivately}.

        Args:
            terms: The offer. Of the two top bits of its nonce only bit 255 is set.
            signature: The seller's EIP-712 signature (65 or 64 bytes, or ERC-1271).
            key: The key, the proof that it is admitted, and its own signature.

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
        """Opens a trade that the winner of an auction has to pay before acceptBy; otherwise it is a
        default of the winner. Only the auction may call it.

        The auction holds the guarantee for the price already. Emits {OfferMade}. Reverts:
        {OfferMarket_NotAuction}, {OfferMarket_NoBuyer}, and as {makeOffer}.

        Args:
            terms: The trade, reserved for the winner. Of the two top bits of its nonce only bit
                254 is set.

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
        """Withdraws an offer signed off chain for good. Only its seller may, and only before acceptBy,
        from when on it is void anyway. Nothing was held, so nothing is lost.

        Emits {SignedOfferCancelled}. Reverts: {OfferMarket_NotSeller}, {OfferMarket_WrongNonce},
        {OfferMarket_Expired}, {OfferMarket_WrongState}.

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

    def confirm_deliveries(self, deliveries: Sequence[Delivery]) -> Call[int]:
        """{confirmDelivery} for many receipts. A bad receipt does not stop the others.

        Emits what {confirmDelivery} does, and {DeliveryRefused} for each bad receipt.

        Args:
            deliveries: Terms, parties and receipts.

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
        proportion, and a shortfall beyond the tolerance is a default of the seller.

        Emits {DeliveryConfirmed} or {DeliveredShort}. Reverts: {OfferMarket_ReceiptRefused}.
        Rounding: payment, fee and cut down.

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
        """{confirmDelivery} for a hidden quantity that was not delivered in full: the commitment is
        opened.

        Emits and reverts: as {confirmDelivery}, {OfferMarket_BadOpening}.

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
        """See the contract.

        See: https://eips.ethereum.org/EIPS/eip-5267
        """
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
        penalty (N-7, 4). If an award was not paid, the guarantee returns, and it is a default of
        the buyer unless the buyer is suspended now.

        Emits {OfferExpired}, {TradeExpired} or {AwardUnpaid}. Reverts: {OfferMarket_NotExpired},
        {OfferMarket_WrongState}, {OfferMarket_NotParty}. Rounding: cut down.

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
        """Withdraws an open offer (CCS). Only its seller may. Before acceptBy a share of the guarantee
        is lost, afterwards nothing.

        Emits {OfferWithdrawn}. Reverts: {OfferMarket_NotSeller}, {OfferMarket_WrongState}.
        Rounding: cut down.

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

    def guarantee_up(self, price: int) -> int:
        """Guarantee for a price.

        Reverts: {OfferMarket_BadTerms} for a price that no offer can have. Rounding: up.

        Args:
            price: Units of account.

        Source:
            N-1
        """
        answer: int = self._read("guaranteeUp(uint256)", ("uint256",), [price], ("uint256",))
        return answer

    def make_offer(self, terms: Terms) -> Call[bytes]:
        """Commits the seller to deliver and holds its guarantee (CTS). The guarantee stays held until
        receipt, withdrawal or expiry.

        Emits {OfferMade}. Reverts: {OfferMarket_NotSeller}, {OfferMarket_WrongNonce},
        {OfferMarket_BadTerms}, {OfferMarket_SelfTrade}, {OfferMarket_BadWindow},
        {OfferMarket_WrongState}, and as {IEnergyLedger.commit}. Rounding: guarantee up.

        Args:
            terms: The offer. Its seller is the caller, and the two top bits of its nonce are
                clear.

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
        """The parameters of the market."""
        return MarketParameters.from_abi(
            self._read(
                "marketParameters()",
                (),
                [],
                ("(address,uint256,uint256,uint256,uint256,uint256,uint256,address)",),
            )
        )

    def state_of(self, trade_id: bytes) -> TradeState:
        """Current state of a trade. A finished trade whose terms can never come back reports
        {TradeState.None}.

        Args:
            trade_id: Hash of the terms.
        """
        return TradeState(self._read("stateOf(bytes32)", ("bytes32",), [trade_id], ("uint8",)))

    def trade_id_of(self, terms: Terms) -> bytes:
        """The trade id of terms: their EIP-712 struct hash.

        Args:
            terms: Any terms.

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
