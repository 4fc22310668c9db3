"""Typed PrivateSlotDisputes, written by scripts/generate_bindings.py: do not edit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from energy_trading.bindings.contract import Call, Contract, ContractRevert
from energy_trading.types import Ack, DayPosted, Evidence, Leaf, NodePair, Opening, Order, Reading, SumPosted


class BadLeaf(ContractRevert):
    """The opening is of another home or slot, or has numbers that no leaf can have."""

    home: int
    slot: int

    signature = "PrivateSlotDisputes_BadLeaf(uint256,uint256)"
    fields = ("home", "slot")
    meaning = "the opening is of another home or slot, or has numbers that no leaf can have"


class Unjustified(ContractRevert):
    """The dispute is not justified: what is shown is right."""

    number: int
    home: int

    signature = "PrivateSlotDisputes_Unjustified(uint256,uint256)"
    fields = ("number", "home")
    meaning = "the dispute is not justified: what is shown is right"


class WrongMoney(ContractRevert):
    """The money is not what leads to it."""

    given: int
    needed: int

    signature = "PrivateSlotDisputes_WrongMoney(int256,int256)"
    fields = ("given", "needed")
    meaning = "the money is not what leads to it"


class WrongSlot(ContractRevert):
    """This is not the slot that was asked for."""

    given: int
    needed: int

    signature = "PrivateSlotDisputes_WrongSlot(uint256,uint256)"
    fields = ("given", "needed")
    meaning = "this is not the slot that was asked for"


class BadLength(ContractRevert):
    """The proof has too few or too many nodes."""

    given: int
    needed: int

    signature = "SumTree_BadLength(uint256,uint256)"
    fields = ("given", "needed")
    meaning = "the proof has too few or too many nodes"


class PrivateSlotDisputes(Contract):
    """Disputes of the private form. Judges leaves, trees and days of `PrivateSlotMarket`. A dispute
    opens one leaf of one home, and where it needs them one order and one reading: only what is
    shown becomes public, with the sums beside it. It holds no money and no state; the market acts
    on what it finds."""

    name: ClassVar[str] = "PrivateSlotDisputes"
    constructor_types: ClassVar[tuple[str, ...]] = ("address", "uint256")

    def market(self) -> str:
        """The market whose slots and days are judged.

        Returns:
            Its address.
        """
        answer: str = self._read("MARKET()", (), [], ("address",))
        return answer

    def answer(
        self,
        posted: SumPosted,
        home: int,
        opening: Opening,
        before: SumPosted,
        earlier: Opening,
        evidence: Evidence,
    ) -> Call[None]:
        """Answers a demand for a leaf: it is in the tree, its money goes on from the leaf before, and
        its energy is zero or follows from this order and this reading. Anyone may answer, and has
        the bond.

        Emits `Answered`, and `Owed` if there was a bond. Reverts: `NotPosted`, `NoHome`, `BadLeaf`,
        `BadLength`, `WrongRoot`, `WrongSlot`, `WrongMoney`, `WrongEvidence`, `BadOrder`,
        `BadSignature`, `WrongMeter`, `RowDoesNotFit`, `NoDemand`, `TooLate`.

        Args:
            posted: The slot as it was posted.
            home: Number of the home.
            opening: Its leaf.
            before: The slot before as it was posted; not looked at if there is none.
            earlier: The home's leaf there.
            evidence: Order and reading; not looked at if the leaf's energy is zero.

        Source:
            Z-4, Z-7
        """
        return self._encode(
            "answer(((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[],bytes32,uint256,uint256),uint256,((uint256,uint256,int256,int256,bytes32),(bytes32,uint64,uint64)[]),((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[],bytes32,uint256,uint256),((uint256,uint256,int256,int256,bytes32),(bytes32,uint64,uint64)[]),((address,uint256,uint256,uint256,uint256,uint256,uint256),bytes,(address,uint256,int256),bytes,bytes))",
            (
                "((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[],bytes32,uint256,uint256)",
                "uint256",
                "((uint256,uint256,int256,int256,bytes32),(bytes32,uint64,uint64)[])",
                "((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[],bytes32,uint256,uint256)",
                "((uint256,uint256,int256,int256,bytes32),(bytes32,uint64,uint64)[])",
                "((address,uint256,uint256,uint256,uint256,uint256,uint256),bytes,(address,uint256,int256),bytes,bytes)",
            ),
            [posted, home, opening, before, earlier, evidence],
            0,
            (),
        )

    def answer_day(
        self,
        posted: DayPosted,
        home: int,
        money: bytes,
        slots: Sequence[SumPosted],
        openings: Sequence[Opening],
    ) -> Call[None]:
        """Answers a demand for a home's money of a day: it is that of the leaf in the last slot, less
        that of void slots which are within it. Anyone may answer, and has the bond.

        Emits `Answered`, and `Owed` if there was a bond. Reverts: `NotPosted`, `NoHome`,
        `BadLength`, `WrongSlot`, `BadLeaf`, `WrongRoot`, `WrongMoney`, `NoDemand`, `TooLate`.

        Args:
            posted: The day as it was posted.
            home: Number of the home.
            money: The money of all homes.
            slots: The day's head, then its undone slots in their order, as they were posted.
            openings: The home's leaves there.

        Source:
            Z-4, Z-5
        """
        return self._encode(
            "answerDay(((uint256,uint256,uint256,bytes32,address),address[]),uint256,bytes,((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[],bytes32,uint256,uint256)[],((uint256,uint256,int256,int256,bytes32),(bytes32,uint64,uint64)[])[])",
            (
                "((uint256,uint256,uint256,bytes32,address),address[])",
                "uint256",
                "bytes",
                "((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[],bytes32,uint256,uint256)[]",
                "((uint256,uint256,int256,int256,bytes32),(bytes32,uint64,uint64)[])[]",
            ),
            [posted, home, money, slots, openings],
            0,
            (),
        )

    def expire(self, posted: SumPosted, home: int) -> Call[None]:
        """Ends a demand for a leaf that nobody has answered in time: the slot is void, and its signers
        are slashed for the home. The bond goes back.

        Emits `Voided`, and `Owed` if there was a bond. Reverts: `NotPosted`, `NoHome`, `NoDemand`,
        `TooEarly`.

        Args:
            posted: The slot as it was posted.
            home: Number of the home.

        Source:
            Z-4, Z-6
        """
        return self._encode(
            "expire(((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[],bytes32,uint256,uint256),uint256)",
            (
                "((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[],bytes32,uint256,uint256)",
                "uint256",
            ),
            [posted, home],
            0,
            (),
        )

    def expire_day(self, posted: DayPosted, home: int) -> Call[None]:
        """Ends a demand for the money of a day that nobody has answered in time: the day is void, and
        its signers are slashed for the home. The bond goes back.

        Emits `Voided`, and `Owed` if there was a bond. Reverts: `NotPosted`, `NoHome`, `NoDemand`,
        `TooEarly`.

        Args:
            posted: The day as it was posted.
            home: Number of the home.

        Source:
            Z-4, Z-6
        """
        return self._encode(
            "expireDay(((uint256,uint256,uint256,bytes32,address),address[]),uint256)",
            ("((uint256,uint256,uint256,bytes32,address),address[])", "uint256"),
            [posted, home],
            0,
            (),
        )

    def misfill(
        self,
        posted: SumPosted,
        home: int,
        opening: Opening,
        order: Order,
        reading: Reading,
        ack: Ack,
        member: int,
        signature: bytes,
    ) -> Call[None]:
        """Disputes a leaf whose energy is not what a signer of the result has acknowledged, in either
        direction. The slot is void, and that signer is slashed for the home. Anyone may call it in
        the window.

        Emits `Voided`. Reverts: `NotPosted`, `NoHome`, `TooLate`, `BadLeaf`, `BadLength`,
        `WrongRoot`, `WrongEvidence`, `NotSigner`, `BadSignature`, `Unjustified`.

        Args:
            posted: The slot as it was posted.
            home: Number of the home.
            opening: Its leaf.
            order: The acknowledged order.
            reading: The acknowledged reading.
            ack: What the member signed.
            member: The member's place among the signers.
            signature: The member's signature, 65 or 64 bytes.

        Source:
            Z-4, Z-6, Z-7
        """
        return self._encode(
            "misfill(((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[],bytes32,uint256,uint256),uint256,((uint256,uint256,int256,int256,bytes32),(bytes32,uint64,uint64)[]),(address,uint256,uint256,uint256,uint256,uint256,uint256),(address,uint256,int256),(uint256,address,bytes32,bytes32,uint256),uint256,bytes)",
            (
                "((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[],bytes32,uint256,uint256)",
                "uint256",
                "((uint256,uint256,int256,int256,bytes32),(bytes32,uint64,uint64)[])",
                "(address,uint256,uint256,uint256,uint256,uint256,uint256)",
                "(address,uint256,int256)",
                "(uint256,address,bytes32,bytes32,uint256)",
                "uint256",
                "bytes",
            ),
            [posted, home, opening, order, reading, ack, member, signature],
            0,
            (),
        )

    def overdraft(self, posted: SumPosted, home: int, opening: Opening) -> Call[None]:
        """Disputes a leaf that lets a home buy beyond what it has: the day up to the slot and its fee
        cost more than its balance. It is the day's turn to be final, so that the balance is that of
        the day, which is not posted. The slot is void, and its signers are slashed for the home.
        Anyone may call it.

        Emits `Voided`. Reverts: `NotPosted`, `NoHome`, `BadLeaf`, `BadLength`, `WrongRoot`,
        `WrongSlot`, `Unjustified`, `DaySealed`.

        Args:
            posted: The slot as it was posted.
            home: Number of the home.
            opening: Its leaf.

        Source:
            Z-6, Z-7
        """
        return self._encode(
            "overdraft(((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[],bytes32,uint256,uint256),uint256,((uint256,uint256,int256,int256,bytes32),(bytes32,uint64,uint64)[]))",
            (
                "((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[],bytes32,uint256,uint256)",
                "uint256",
                "((uint256,uint256,int256,int256,bytes32),(bytes32,uint64,uint64)[])",
            ),
            [posted, home, opening],
            0,
            (),
        )

    def overdraft_day(self, posted: DayPosted, home: int, money: bytes) -> Call[None]:
        """Disputes a home's money of a day by public data: it pays more than it has, which would keep
        the day from ever being final. The day is void. Nobody is slashed, for `overdraft` finds who
        is at fault. It is the day's turn to be final. Anyone may call it.

        Emits `Voided`. Reverts: `NotPosted`, `NoHome`, `WrongSlot`, `WrongRoot`, `Unjustified`.

        Args:
            posted: The day as it was posted.
            home: Number of the home.
            money: The money of all homes.

        Source:
            Z-6, Z-7
        """
        return self._encode(
            "overdraftDay(((uint256,uint256,uint256,bytes32,address),address[]),uint256,bytes)",
            ("((uint256,uint256,uint256,bytes32,address),address[])", "uint256", "bytes"),
            [posted, home, money],
            0,
            (),
        )

    def overspend(self, posted: SumPosted, home: int, opening: Opening) -> Call[None]:
        """Disputes a leaf by which a home pays more than its cap, or that a frozen home has. The slot
        is void, and its signers are slashed for the home. Anyone may call it.

        Emits `Voided`. Reverts: `NotPosted`, `NoHome`, `BadLeaf`, `BadLength`, `WrongRoot`,
        `Unjustified`, `DaySealed`.

        Args:
            posted: The slot as it was posted.
            home: Number of the home.
            opening: Its leaf.

        Source:
            Z-6, Z-7
        """
        return self._encode(
            "overspend(((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[],bytes32,uint256,uint256),uint256,((uint256,uint256,int256,int256,bytes32),(bytes32,uint64,uint64)[]))",
            (
                "((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[],bytes32,uint256,uint256)",
                "uint256",
                "((uint256,uint256,int256,int256,bytes32),(bytes32,uint64,uint64)[])",
            ),
            [posted, home, opening],
            0,
            (),
        )

    def overspend_day(self, posted: DayPosted, home: int, money: bytes) -> Call[None]:
        """Disputes a home's money of a day by public data: it pays more than its cap in every slot.
        The day is void, and its signers are slashed for the home. Anyone may call it until the day
        is final.

        Emits `Voided`. Reverts: `NotPosted`, `NoHome`, `WrongRoot`, `Unjustified`.

        Args:
            posted: The day as it was posted.
            home: Number of the home.
            money: The money of all homes.

        Source:
            Z-6, Z-7
        """
        return self._encode(
            "overspendDay(((uint256,uint256,uint256,bytes32,address),address[]),uint256,bytes)",
            ("((uint256,uint256,uint256,bytes32,address),address[])", "uint256", "bytes"),
            [posted, home, money],
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

    def wrong_day(
        self,
        posted: DayPosted,
        home: int,
        money: bytes,
        slots: Sequence[SumPosted],
        openings: Sequence[Opening],
    ) -> Call[None]:
        """Disputes a home's money of a day that is not that of its last leaf, less that of void slots
        which are within it. The day is void, and its signers are slashed for the home. Anyone may
        call it until the day is final.

        Emits `Voided`. Reverts: `NotPosted`, `NoHome`, `BadLength`, `WrongSlot`, `BadLeaf`,
        `WrongRoot`, `Unjustified`.

        Args:
            posted: The day as it was posted.
            home: Number of the home.
            money: The money of all homes.
            slots: The day's head, then its undone slots in their order, as they were posted.
            openings: The home's leaves there.

        Source:
            Z-5, Z-6
        """
        return self._encode(
            "wrongDay(((uint256,uint256,uint256,bytes32,address),address[]),uint256,bytes,((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[],bytes32,uint256,uint256)[],((uint256,uint256,int256,int256,bytes32),(bytes32,uint64,uint64)[])[])",
            (
                "((uint256,uint256,uint256,bytes32,address),address[])",
                "uint256",
                "bytes",
                "((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[],bytes32,uint256,uint256)[]",
                "((uint256,uint256,int256,int256,bytes32),(bytes32,uint64,uint64)[])[]",
            ),
            [posted, home, money, slots, openings],
            0,
            (),
        )

    def wrong_sum(
        self, posted: SumPosted, home: int, opening: Opening, before: SumPosted, earlier: Opening
    ) -> Call[None]:
        """Disputes a leaf whose money does not go on from the home's leaf before: Σ price · wh. The
        slot is void, and its signers are slashed for the home. Anyone may call it.

        Emits `Voided`. Reverts: `NotPosted`, `NoHome`, `BadLeaf`, `BadLength`, `WrongRoot`,
        `WrongSlot`, `Unjustified`, `DaySealed`.

        Args:
            posted: The slot as it was posted.
            home: Number of the home.
            opening: Its leaf.
            before: The slot before as it was posted; not looked at if there is none.
            earlier: The home's leaf there.

        Source:
            Z-5, Z-6
        """
        return self._encode(
            "wrongSum(((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[],bytes32,uint256,uint256),uint256,((uint256,uint256,int256,int256,bytes32),(bytes32,uint64,uint64)[]),((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[],bytes32,uint256,uint256),((uint256,uint256,int256,int256,bytes32),(bytes32,uint64,uint64)[]))",
            (
                "((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[],bytes32,uint256,uint256)",
                "uint256",
                "((uint256,uint256,int256,int256,bytes32),(bytes32,uint64,uint64)[])",
                "((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[],bytes32,uint256,uint256)",
                "((uint256,uint256,int256,int256,bytes32),(bytes32,uint64,uint64)[])",
            ),
            [posted, home, opening, before, earlier],
            0,
            (),
        )

    def wrong_tree(self, posted: SumPosted, home: int, pairs: Sequence[NodePair], leaf: Leaf) -> Call[None]:
        """Disputes a tree that says something else above than below: a node whose sums are not those
        of the two below it, or a leaf with other sums than its node, of another place or slot, or
        with numbers that no leaf can have. The slot is void, and its signers are slashed for the
        home. Anyone may call it.

        Emits `Voided`. Reverts: `NotPosted`, `NoHome`, `BadLength` with more pairs than the way
        has, `WrongRoot`, `Unjustified`, `DaySealed`.

        Args:
            posted: The slot as it was posted.
            home: Number of the home to whose place the way leads.
            pairs: The nodes on the way, the uppermost pair first, down to the wrong one.
            leaf: The leaf at the end of the way; not looked at before.

        Source:
            Z-5, Z-6
        """
        return self._encode(
            "wrongTree(((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[],bytes32,uint256,uint256),uint256,((bytes32,uint64,uint64),(bytes32,uint64,uint64))[],(uint256,uint256,int256,int256,bytes32))",
            (
                "((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),address[],bytes32,uint256,uint256)",
                "uint256",
                "((bytes32,uint64,uint64),(bytes32,uint64,uint64))[]",
                "(uint256,uint256,int256,int256,bytes32)",
            ),
            [posted, home, pairs, leaf],
            0,
            (),
        )
