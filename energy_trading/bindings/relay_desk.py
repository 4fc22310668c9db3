"""Typed RelayDesk, written by scripts/generate_bindings.py: do not edit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from energy_trading.bindings.contract import Call, Contract, ContractRevert, Event
from energy_trading.types import Energy, NonceCancellation, Relay, RelayedBid, RelayedPurchase, Terms


class BatchStarved(ContractRevert):
    """The last purchase of a batch was refused and may have lacked the gas to succeed. Send the
    transaction with more gas."""

    gas_left: int
    needed: int

    signature = "RelayDesk_BatchStarved(uint256,uint256)"
    fields = ("gas_left", "needed")
    meaning = "the last purchase of a batch was refused and may have lacked the gas to succeed. Send the transaction with more gas"


class IsAward(ContractRevert):
    """A bid buys offers, not awards."""

    nonce: int

    signature = "RelayDesk_IsAward(uint256)"
    fields = ("nonce",)
    meaning = "a bid buys offers, not awards"


class LowCredit(ContractRevert):
    """The seller's credit is lower than the bid asks for."""

    seller: str
    credit_e9: int
    min_credit_e9: int

    signature = "RelayDesk_LowCredit(address,uint256,uint256)"
    fields = ("seller", "credit_e9", "min_credit_e9")
    meaning = "the seller's credit is lower than the bid asks for"


class NoMeter(ContractRevert):
    """A bid is filled only between parties with registered meters."""

    account: str

    signature = "RelayDesk_NoMeter(address)"
    fields = ("account",)
    meaning = "a bid is filled only between parties with registered meters"


class OneKey(ContractRevert):
    """A purchase or bid comes with one receipt key at most."""

    keys: int

    signature = "RelayDesk_OneKey(uint256)"
    fields = ("keys",)
    meaning = "a purchase or bid comes with one receipt key at most"


class OtherSeller(ContractRevert):
    """The bid is for another seller."""

    seller: str
    needed: str

    signature = "RelayDesk_OtherSeller(address,address)"
    fields = ("seller", "needed")
    meaning = "the bid is for another seller"


class OutsideEnergy(ContractRevert):
    """The energy must be plain, and between the limits of the bid."""

    energy: Energy
    min_wh: int
    max_wh: int

    signature = "RelayDesk_OutsideEnergy(bytes32,uint256,uint256)"
    fields = ("energy", "min_wh", "max_wh")
    meaning = "the energy must be plain, and between the limits of the bid"
    converters: ClassVar[dict[str, Callable[[Any], Any]]] = {"energy": Energy}


class OutsideSlot(ContractRevert):
    """The delivery must lie in the bid's slot: slot_start <= accept_by and deliver_by <= slot_end."""

    accept_by: int
    deliver_by: int
    slot_start: int
    slot_end: int

    signature = "RelayDesk_OutsideSlot(uint256,uint256,uint256,uint256)"
    fields = ("accept_by", "deliver_by", "slot_start", "slot_end")
    meaning = "the delivery must lie in the bid's slot: slot_start <= accept_by and deliver_by <= slot_end"


class OverLimit(ContractRevert):
    """The price is above the limit that the buyer signed."""

    price: int
    max_price: int

    signature = "RelayDesk_OverLimit(uint256,uint256)"
    fields = ("price", "max_price")
    meaning = "the price is above the limit that the buyer signed"


class TooDear(ContractRevert):
    """The price per MWh, rounded up, is above the bid's."""

    price_per_mwh: int
    max_price_per_mwh: int

    signature = "RelayDesk_TooDear(uint256,uint256)"
    fields = ("price_per_mwh", "max_price_per_mwh")
    meaning = "the price per MWh, rounded up, is above the bid's"


class TooEarly(ContractRevert):
    """The order may not be carried out yet."""

    now_: int
    not_before: int

    signature = "RelayDesk_TooEarly(uint256,uint256)"
    fields = ("now_", "not_before")
    meaning = "the order may not be carried out yet"


class WrongReceiptKey(ContractRevert):
    """The bid was signed for another receipt key, or for the registered meter (zero)."""

    receipt_key: bytes
    needed: bytes

    signature = "RelayDesk_WrongReceiptKey(bytes32,bytes32)"
    fields = ("receipt_key", "needed")
    meaning = "the bid was signed for another receipt key, or for the registered meter (zero)"


@dataclass(frozen=True)
class PurchaseRefused(Event):
    """A purchase in a batch was refused. Nothing changed, and it can be submitted again.

    Args:
        trade_id: Hash of the terms.
        buyer: Account that the purchase named.
        reason: The error with its fields, as `accept_for` would have reverted with it.
    """

    trade_id: bytes
    buyer: str
    reason: bytes

    signature: ClassVar[str] = "PurchaseRefused(bytes32,address,bytes)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("trade_id", "bytes32", True),
        ("buyer", "address", True),
        ("reason", "bytes", False),
    )


class RelayDesk(Contract):
    """Relay desk. Carries out signed orders of people who do not send transactions: acceptances, bids,
    withdrawals and cancellations of offers. Anyone may submit them; a fee goes to the relayer whom
    the signer named, and only if the order was carried out."""

    name: ClassVar[str] = "RelayDesk"
    constructor_types: ClassVar[tuple[str, ...]] = ("address",)

    def market(self) -> str:
        """The market that created the desk.

        Returns:
            Its address.
        """
        answer: str = self._read("MARKET()", (), [], ("address",))
        return answer

    def accept_for(self, purchase: RelayedPurchase) -> Call[None]:
        """The acceptance of an offer or award on the buyer's signed purchase, for a buyer who does not
        send transactions. Anyone may submit it; the fee goes to the relayer who is named in it. The
        trade id binds all terms, and a trade is accepted once, so a purchase needs no nonce; it
        cannot be cancelled, so its deadline should be minutes away.

        Emits what `accept_offer`, `accept_offer_privately` or `accept_signed` do, and with a fee
        `RelayFeeTaken` and `RelayFeePaid`. Reverts: as those, `OrderExpired`, `BadFee`,
        `OverLimit`, `WrongReceiptKey`, `NotSigned`, `VerifierStarved`. Rounding: guarantee up.

        Args:
            purchase: The terms, the buyer's order and the signatures.

        Source:
            N-1, N-2, N-6, N-8
        """
        return self._encode(
            "acceptFor(((address,address,bytes32,uint256,uint256,uint256,uint256),address,uint256,(uint256,address,uint256),(bytes,uint256,bytes32[],bytes)[],bytes,bytes))",
            (
                "((address,address,bytes32,uint256,uint256,uint256,uint256),address,uint256,(uint256,address,uint256),(bytes,uint256,bytes32[],bytes)[],bytes,bytes)",
            ),
            [purchase],
            0,
            (),
        )

    def accept_for_many(self, purchases: Sequence[RelayedPurchase]) -> Call[int]:
        """`accept_for` for many purchases. A bad one is reported and changes nothing, and the others
        go on. Consecutive purchases that name one relayer pay it in one sum.

        Emits what `accept_for` does, and `PurchaseRefused` for each bad one. A purchase is bad only
        if it could have had all the gas that it may use; otherwise the whole batch reverts, so that
        neither a gas estimate nor whoever chooses the gas turns a good one into a bad one. Reverts:
        `BatchStarved`.

        Args:
            purchases: The terms, the buyers' orders and the signatures.

        Returns:
            How many trades were accepted.

        Source:
            N-1, N-2, N-8
        """
        return self._encode(
            "acceptForMany(((address,address,bytes32,uint256,uint256,uint256,uint256),address,uint256,(uint256,address,uint256),(bytes,uint256,bytes32[],bytes)[],bytes,bytes)[])",
            (
                "((address,address,bytes32,uint256,uint256,uint256,uint256),address,uint256,(uint256,address,uint256),(bytes,uint256,bytes32[],bytes)[],bytes,bytes)[]",
            ),
            [purchases],
            0,
            ("uint256",),
        )

    def cancel_for(self, terms: Terms, relay: Relay, signature: bytes) -> Call[None]:
        """`cancel_signed` on the seller's signed order. Anyone may submit it; the seller's available
        funds pay the fee to the relayer who is named in it.

        Emits `SignedOfferCancelled` and, with a fee, `RelayFeePaid`. Reverts: `OrderExpired`,
        `BadFee`, `NotSigned`, `VerifierStarved`, `WrongNonce`, `Expired`, `WrongState`, and as
        `pay_fee`.

        Args:
            terms: The offer as signed.
            relay: Deadline, relayer and fee.
            signature: The seller's EIP-712 signature (65 or 64 bytes, or ERC-1271).

        Source:
            N-4, N-8
        """
        return self._encode(
            "cancelFor((address,address,bytes32,uint256,uint256,uint256,uint256),(uint256,address,uint256),bytes)",
            (
                "(address,address,bytes32,uint256,uint256,uint256,uint256)",
                "(uint256,address,uint256)",
                "bytes",
            ),
            [terms, relay, signature],
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

    def fill_bid(self, relayed: RelayedBid) -> Call[None]:
        """Buys an offer on the buyer's standing bid. Anyone may submit it; the fee goes to the relayer
        who is named in it. Every limit of the bid is checked here, and both parties must have
        registered meters, so that whoever carries the bid cannot fill it with anything worse. A bid
        works once, and its owner can void it with `void_nonces`. It buys offers, not awards.

        Emits as `accept_for`, and `NoncesUsed`. Reverts: as `accept_for`, `OutsideEnergy`,
        `TooDear`, `OutsideSlot`, `OtherSeller`, `NoMeter`, `LowCredit`, `NonceUsed`. Rounding:
        price per MWh and guarantee up.

        Source:
            N-1, N-2, N-6, N-8
        """
        return self._encode(
            "fillBid(((address,address,bytes32,uint256,uint256,uint256,uint256),(address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,bytes32,address,uint256),(bytes,uint256,bytes32[],bytes)[],bytes,bytes))",
            (
                "((address,address,bytes32,uint256,uint256,uint256,uint256),(address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,bytes32,address,uint256),(bytes,uint256,bytes32[],bytes)[],bytes,bytes)",
            ),
            [relayed],
            0,
            (),
        )

    def give_up_for(
        self, terms: Terms, not_before: int, max_cut: int, relay: Relay, signature: bytes
    ) -> Call[None]:
        """`give_up` on the seller's signed order. Anyone may submit it; the seller's available funds
        pay the fee to the relayer who is named in it. Because giving up early costs what waiting
        avoids, the seller signs from when on, and the most that it may cost. Unlike `give_up`, it
        leaves an offer that it ends early closed for good, so that the order cannot be used again.

        Emits `OfferWithdrawn` and, with a fee, `RelayFeePaid`. Reverts: `OrderExpired`, `BadFee`,
        `TooEarly`, `NotSigned`, `VerifierStarved`, `WrongState`, `CutTooLarge`, and as `pay_fee`.
        Rounding: cut down.

        Args:
            terms: The offer as made.
            not_before: Unix seconds; the order counts from then on.
            max_cut: The most units of account of the guarantee that may be lost.
            relay: Deadline, relayer and fee.
            signature: The seller's EIP-712 signature (65 or 64 bytes, or ERC-1271).

        Source:
            N-4, N-8
        """
        return self._encode(
            "giveUpFor((address,address,bytes32,uint256,uint256,uint256,uint256),uint256,uint256,(uint256,address,uint256),bytes)",
            (
                "(address,address,bytes32,uint256,uint256,uint256,uint256)",
                "uint256",
                "uint256",
                "(uint256,address,uint256)",
                "bytes",
            ),
            [terms, not_before, max_cut, relay, signature],
            0,
            (),
        )

    def nonce_mask(self, owner: str, word: int) -> int:
        """Which nonces of an owner do not count any more.

        Args:
            owner: Any account.
            word: Which 256 nonces: the nonce divided by 256.

        Returns:
            Bit i stands for the nonce 256 · word + i.
        """
        answer: int = self._read(
            "nonceMask(address,uint256)", ("address", "uint256"), [owner, word], ("uint256",)
        )
        return answer

    def void_nonces(self, word: int, mask: int) -> Call[None]:
        """Voids nonces of the caller, used or not. Every order that was signed with one of them and
        not carried out yet is void at once.

        Emits `NoncesUsed`.

        Args:
            word: Which 256 nonces: the nonce divided by 256.
            mask: Which of them: bit i stands for the nonce 256 · word + i.
        """
        return self._encode("voidNonces(uint256,uint256)", ("uint256", "uint256"), [word, mask], 0, ())

    def void_nonces_for(self, order: NonceCancellation, signature: bytes) -> Call[None]:
        """`void_nonces` on the owner's signed order. Anyone may submit it.

        Emits `NoncesUsed`. Reverts: `OrderExpired`, `NotSigned`, `VerifierStarved`. Submitted
        again, it changes nothing.

        Args:
            order: Whose nonces, which, and until when.
            signature: The owner's EIP-712 signature (65 or 64 bytes, or ERC-1271).
        """
        return self._encode(
            "voidNoncesFor((address,uint256,uint256,uint256),bytes)",
            ("(address,uint256,uint256,uint256)", "bytes"),
            [order, signature],
            0,
            (),
        )
