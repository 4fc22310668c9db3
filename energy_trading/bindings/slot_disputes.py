"""Typed SlotDisputes, written by scripts/generate_bindings.py: do not edit."""

from __future__ import annotations

from typing import ClassVar

from energy_trading.bindings.contract import Call, Contract, ContractRevert
from energy_trading.types import Ack, Evidence, Order, Posted, Reading, RowProof


class BadOrder(ContractRevert):
    """The order is revoked, or spans too many slots."""

    nonce: int
    min_nonce: int

    signature = "SlotDisputes_BadOrder(uint256,uint256)"
    fields = ("nonce", "min_nonce")
    meaning = "the order is revoked, or spans too many slots"


class BadSignature(ContractRevert):
    """The signature is not the signer's."""

    signer: bytes

    signature = "SlotDisputes_BadSignature(bytes)"
    fields = ("signer",)
    meaning = "the signature is not the signer's"


class NotSigner(ContractRevert):
    """The result does not have that many signers."""

    given: int
    signers: int

    signature = "SlotDisputes_NotSigner(uint256,uint256)"
    fields = ("given", "signers")
    meaning = "the result does not have that many signers"


class RowDoesNotFit(ContractRevert):
    """The row is not what order and reading lead to."""

    row: int

    signature = "SlotDisputes_RowDoesNotFit(int256)"
    fields = ("row",)
    meaning = "the row is not what order and reading lead to"


class SameReading(ContractRevert):
    """Both readings say the same."""

    net_wh: int

    signature = "SlotDisputes_SameReading(int256)"
    fields = ("net_wh",)
    meaning = "both readings say the same"


class TooLate(ContractRevert):
    """The deadline has passed."""

    given: int
    deadline: int

    signature = "SlotDisputes_TooLate(uint256,uint256)"
    fields = ("given", "deadline")
    meaning = "the deadline has passed"


class Unjustified(ContractRevert):
    """The dispute is not justified: the row is right."""

    slot: int
    home: int
    row: int

    signature = "SlotDisputes_Unjustified(uint256,uint256,int256)"
    fields = ("slot", "home", "row")
    meaning = "the dispute is not justified: the row is right"


class WrongEvidence(ContractRevert):
    """The evidence is not about this home and slot."""

    slot: int
    home: int

    signature = "SlotDisputes_WrongEvidence(uint256,uint256)"
    fields = ("slot", "home")
    meaning = "the evidence is not about this home and slot"


class WrongMeter(ContractRevert):
    """The meter is not the one that the home had in the slot."""

    given: bytes
    needed: bytes

    signature = "SlotDisputes_WrongMeter(bytes32,bytes32)"
    fields = ("given", "needed")
    meaning = "the meter is not the one that the home had in the slot"


class WrongRoot(ContractRevert):
    """The proof does not lead to the root of the rows."""

    given: bytes
    needed: bytes

    signature = "SlotDisputes_WrongRoot(bytes32,bytes32)"
    fields = ("given", "needed")
    meaning = "the proof does not lead to the root of the rows"


class WrongSlot(ContractRevert):
    """It is not this slot's turn to be final."""

    given: int
    frontier: int

    signature = "SlotDisputes_WrongSlot(uint256,uint256)"
    fields = ("given", "frontier")
    meaning = "it is not this slot's turn to be final"


class SlotDisputes(Contract):
    """Disputes of the slot market. Judges whether a posted row is right. Every dispute is won by one
    honest home with what it has: its order, its reading, and what a member acknowledged. It holds
    no money and no state; `SlotMarket` acts on what it finds."""

    name: ClassVar[str] = "SlotDisputes"
    constructor_types: ClassVar[tuple[str, ...]] = ("address",)

    def market(self) -> str:
        """The market whose slots are judged.

        Returns:
            Its address.
        """
        answer: str = self._read("MARKET()", (), [], ("address",))
        return answer

    def answer(self, posted: Posted, home: int, proof: RowProof, evidence: Evidence) -> Call[None]:
        """Answers a demand: the row is zero, or follows from this order and this reading. Anyone may
        answer, and has the bond.

        Emits `Answered`, and `Owed` if there was a bond. Reverts: `NoDemand`, `TooLate`,
        `NotPosted`, `WrongRoot`, `WrongEvidence`, `BadOrder`, `BadSignature`, `WrongMeter`,
        `RowDoesNotFit`.

        Args:
            posted: The slot as it was posted.
            home: Number of the home.
            proof: The home's row.
            evidence: Order and reading; not looked at if the row is zero.

        Source:
            Z-4, Z-7
        """
        return self._encode(
            "answer(((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[]),uint256,(bytes,bytes32[]),((address,uint256,uint256,uint256,uint256,uint256,uint256),bytes,(address,uint256,int256),bytes,bytes))",
            (
                "((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[])",
                "uint256",
                "(bytes,bytes32[])",
                "((address,uint256,uint256,uint256,uint256,uint256,uint256),bytes,(address,uint256,int256),bytes,bytes)",
            ),
            [posted, home, proof, evidence],
            0,
            (),
        )

    def expire(self, posted: Posted, home: int) -> Call[None]:
        """Ends a demand that nobody has answered in time: the slot is void, and its signers are
        slashed for the home. The bond goes back.

        Emits `Voided`, and `Owed` if there was a bond. Reverts: `NoDemand`, `TooEarly`,
        `NotPosted`.

        Args:
            posted: The slot as it was posted.
            home: Number of the home.

        Source:
            Z-4, Z-6
        """
        return self._encode(
            "expire(((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[]),uint256)",
            (
                "((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[])",
                "uint256",
            ),
            [posted, home],
            0,
            (),
        )

    def misfill(
        self,
        posted: Posted,
        home: int,
        proof: RowProof,
        order: Order,
        reading: Reading,
        ack: Ack,
        member: int,
        signature: bytes,
    ) -> Call[None]:
        """Disputes a row that is not what a signer of the result has acknowledged, in either
        direction. The slot is void, and that signer is slashed for the home. Anyone may call it.

        It needs no signature but the member's: that binds the member to order and reading. Emits
        `Voided`. Reverts: `NotPosted`, `NoHome`, `TooLate`, `WrongRoot`, `WrongEvidence`,
        `NotSigner`, `BadSignature`, `Unjustified`.

        Args:
            posted: The slot as it was posted.
            home: Number of the home.
            proof: The home's row.
            order: The acknowledged order.
            reading: The acknowledged reading.
            ack: What the member signed.
            member: The member's place among the signers.
            signature: The member's signature, 65 or 64 bytes.

        Source:
            Z-4, Z-6, Z-7
        """
        return self._encode(
            "misfill(((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[]),uint256,(bytes,bytes32[]),(address,uint256,uint256,uint256,uint256,uint256,uint256),(address,uint256,int256),(uint256,address,bytes32,bytes32,uint256),uint256,bytes)",
            (
                "((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[])",
                "uint256",
                "(bytes,bytes32[])",
                "(address,uint256,uint256,uint256,uint256,uint256,uint256)",
                "(address,uint256,int256)",
                "(uint256,address,bytes32,bytes32,uint256)",
                "uint256",
                "bytes",
            ),
            [posted, home, proof, order, reading, ack, member, signature],
            0,
            (),
        )

    def overdraft(self, posted: Posted, home: int, proof: RowProof) -> Call[None]:
        """Disputes a row by which a home pays more than it has, which would keep the slot from ever
        being final. The slot is void, and its signers are slashed for the home. It is the
        frontier's turn, so that the balance is that of the slot. Anyone may call it until the slot
        is final.

        Emits `Voided`. Reverts: `NotPosted`, `NoHome`, `WrongSlot`, `WrongRoot`, `Unjustified`.

        Args:
            posted: The slot as it was posted.
            home: Number of the home.
            proof: The home's row.

        Source:
            Z-6, Z-7
        """
        return self._encode(
            "overdraft(((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[]),uint256,(bytes,bytes32[]))",
            (
                "((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[])",
                "uint256",
                "(bytes,bytes32[])",
            ),
            [posted, home, proof],
            0,
            (),
        )

    def overspend(self, posted: Posted, home: int, proof: RowProof) -> Call[None]:
        """Disputes a row by which a home pays more than its cap, or that a frozen home has. The slot
        is void, and its signers are slashed for the home. Anyone may call it until the slot is
        final.

        Emits `Voided`. Reverts: `NotPosted`, `NoHome`, `WrongRoot`, `Unjustified`.

        Args:
            posted: The slot as it was posted.
            home: Number of the home.
            proof: The home's row.

        Source:
            Z-6, Z-7
        """
        return self._encode(
            "overspend(((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[]),uint256,(bytes,bytes32[]))",
            (
                "((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[])",
                "uint256",
                "(bytes,bytes32[])",
            ),
            [posted, home, proof],
            0,
            (),
        )

    def two_readings(
        self,
        home: int,
        first: Reading,
        second: Reading,
        meter: bytes,
        first_signature: bytes,
        second_signature: bytes,
    ) -> Call[None]:
        """Freezes a home whose meter signed two different readings for one slot. Anyone may call it.

        Emits `TwoReadings`, and `Frozen` if it was not frozen. Reverts: `NoHome`, `WrongEvidence`,
        `SameReading`, `WrongMeter`, `BadSignature`, `MeterTorn`, `ChangePending`.

        Args:
            home: Number of the home.
            first: One reading.
            second: Another one for the same slot.
            meter: ERC-7913 signer of the meter.
            first_signature: Its signature of the first reading.
            second_signature: Its signature of the second reading.

        Source:
            Z-7
        """
        return self._encode(
            "twoReadings(uint256,(address,uint256,int256),(address,uint256,int256),bytes,bytes,bytes)",
            ("uint256", "(address,uint256,int256)", "(address,uint256,int256)", "bytes", "bytes", "bytes"),
            [home, first, second, meter, first_signature, second_signature],
            0,
            (),
        )
