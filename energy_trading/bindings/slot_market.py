"""Typed SlotMarket, written by scripts/generate_bindings.py: do not edit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from energy_trading.bindings.contract import Call, Contract, ContractRevert, Event
from energy_trading.types import Closing, Facts, Fault, HomeView, Result, SlotParameters, SlotState


class AlreadyDemanded(ContractRevert):
    """The row was demanded before."""

    slot: int
    home: int

    signature = "SlotMarket_AlreadyDemanded(uint256,uint256)"
    fields = ("slot", "home")
    meaning = "the row was demanded before"


class AlreadyFrozen(ContractRevert):
    """The home is frozen already."""

    home: int

    signature = "SlotMarket_AlreadyFrozen(uint256)"
    fields = ("home",)
    meaning = "the home is frozen already"


class AlreadyJoined(ContractRevert):
    """The account has a home already."""

    account: str
    home: int

    signature = "SlotMarket_AlreadyJoined(address,uint256)"
    fields = ("account", "home")
    meaning = "the account has a home already"


class BadAmount(ContractRevert):
    """The amount is outside its range."""

    given: int
    min: int
    max: int

    signature = "SlotMarket_BadAmount(uint256,uint256,uint256)"
    fields = ("given", "min", "max")
    meaning = "the amount is outside its range"


class BadBatch(ContractRevert):
    """The lists have different lengths, or there are too few or too many of them."""

    given: int
    max: int

    signature = "SlotMarket_BadBatch(uint256,uint256)"
    fields = ("given", "max")
    meaning = "the lists have different lengths, or there are too few or too many of them"


class BadNonce(ContractRevert):
    """Nonces rise."""

    given: int
    min: int

    signature = "SlotMarket_BadNonce(uint256,uint256)"
    fields = ("given", "min")
    meaning = "nonces rise"


class BadPrice(ContractRevert):
    """The price is not that of the formula."""

    given: int
    needed: int

    signature = "SlotMarket_BadPrice(uint256,uint256)"
    fields = ("given", "needed")
    meaning = "the price is not that of the formula"


class BadRows(ContractRevert):
    """Rows come in words of 16, not more than there are homes, zero behind the last home."""

    bytes_given: int
    homes: int

    signature = "SlotMarket_BadRows(uint256,uint256)"
    fields = ("bytes_given", "homes")
    meaning = "rows come in words of 16, not more than there are homes, zero behind the last home"


class BadTotals(ContractRevert):
    """The totals are too large."""

    given: int
    max: int

    signature = "SlotMarket_BadTotals(uint256,uint256)"
    fields = ("given", "max")
    meaning = "the totals are too large"


class ChangePending(ContractRevert):
    """An earlier change is not final yet: disputes may still ask for what was before it."""

    slot: int
    frontier: int

    signature = "SlotMarket_ChangePending(uint256,uint256)"
    fields = ("slot", "frontier")
    meaning = "an earlier change is not final yet: disputes may still ask for what was before it"


class ExitNotDue(ContractRevert):
    """The slot in which the exit was requested is not final yet."""

    slot: int
    frontier: int

    signature = "SlotMarket_ExitNotDue(uint256,uint256)"
    fields = ("slot", "frontier")
    meaning = "the slot in which the exit was requested is not final yet"


class MayCommit(ContractRevert):
    """The ledger lets the account make new commitments, or it is frozen for another reason."""

    account: str

    signature = "SlotMarket_MayCommit(address)"
    fields = ("account",)
    meaning = "the ledger lets the account make new commitments, or it is frozen for another reason"


class MayNotCommit(ContractRevert):
    """The ledger does not let the account make new commitments."""

    account: str

    signature = "SlotMarket_MayNotCommit(address)"
    fields = ("account",)
    meaning = "the ledger does not let the account make new commitments"


class MeterTorn(ContractRevert):
    """The meter signed two readings for one slot; only another meter ends that freeze."""

    home: int

    signature = "SlotMarket_MeterTorn(uint256)"
    fields = ("home",)
    meaning = "the meter signed two readings for one slot; only another meter ends that freeze"


class NoDemand(ContractRevert):
    """There is no open demand for this row."""

    slot: int
    home: int

    signature = "SlotMarket_NoDemand(uint256,uint256)"
    fields = ("slot", "home")
    meaning = "there is no open demand for this row"


class NoExit(ContractRevert):
    """No exit was requested."""

    home: int

    signature = "SlotMarket_NoExit(uint256)"
    fields = ("home",)
    meaning = "no exit was requested"


class NoHome(ContractRevert):
    """There is no home with this number."""

    home: int
    homes: int

    signature = "SlotMarket_NoHome(uint256,uint256)"
    fields = ("home", "homes")
    meaning = "there is no home with this number"


class NoMeter(ContractRevert):
    """The account has no registered meter."""

    account: str

    signature = "SlotMarket_NoMeter(address)"
    fields = ("account",)
    meaning = "the account has no registered meter"


class NotCleared(ContractRevert):
    """What was sold and bought must both be the smaller of supply and demand."""

    sold_wh: int
    bought_wh: int
    matched_wh: int

    signature = "SlotMarket_NotCleared(uint256,uint256,uint256)"
    fields = ("sold_wh", "bought_wh", "matched_wh")
    meaning = "what was sold and bought must both be the smaller of supply and demand"


class NotDisputes(ContractRevert):
    """Only the disputes contract may call this."""

    caller: str

    signature = "SlotMarket_NotDisputes(address)"
    fields = ("caller",)
    meaning = "only the disputes contract may call this"


class NotEmpty(ContractRevert):
    """A slot between is posted, or can still be."""

    slot: int

    signature = "SlotMarket_NotEmpty(uint256)"
    fields = ("slot",)
    meaning = "a slot between is posted, or can still be"


class NotFrozen(ContractRevert):
    """The home is not frozen until further notice."""

    home: int

    signature = "SlotMarket_NotFrozen(uint256)"
    fields = ("home",)
    meaning = "the home is not frozen until further notice"


class NotJoined(ContractRevert):
    """The account has no home."""

    account: str

    signature = "SlotMarket_NotJoined(address)"
    fields = ("account",)
    meaning = "the account has no home"


class NotLeader(ContractRevert):
    """Only the result's leader may post it."""

    caller: str
    leader: str

    signature = "SlotMarket_NotLeader(address,address)"
    fields = ("caller", "leader")
    meaning = "only the result's leader may post it"


class NotNow(ContractRevert):
    """The slot cannot be posted now: it has not ended, or its time is over, or it is final."""

    given: int
    from_: int
    until: int

    signature = "SlotMarket_NotNow(uint256,uint256,uint256)"
    fields = ("given", "from_", "until")
    meaning = "the slot cannot be posted now: it has not ended, or its time is over, or it is final"


class NotPosted(ContractRevert):
    """This is not what was posted for the slot, or the slot is void or was never posted."""

    slot: int

    signature = "SlotMarket_NotPosted(uint256)"
    fields = ("slot",)
    meaning = "this is not what was posted for the slot, or the slot is void or was never posted"


class NothingOwed(ContractRevert):
    """Nothing is owed to the account."""

    account: str

    signature = "SlotMarket_NothingOwed(address)"
    fields = ("account",)
    meaning = "nothing is owed to the account"


class OpenDemands(ContractRevert):
    """Demands for the slot are not answered yet."""

    slot: int
    demands: int

    signature = "SlotMarket_OpenDemands(uint256,uint256)"
    fields = ("slot", "demands")
    meaning = "demands for the slot are not answered yet"


class Overdrawn(ContractRevert):
    """A home has bought for more than it had: the slot has to be disputed."""

    slot: int
    first_home: int

    signature = "SlotMarket_Overdrawn(uint256,uint256)"
    fields = ("slot", "first_home")
    meaning = "a home has bought for more than it had: the slot has to be disputed"


class RingTaken(ContractRevert):
    """The slot was posted already, or its place in the ring is not free yet."""

    slot: int
    taken: int

    signature = "SlotMarket_RingTaken(uint256,uint256)"
    fields = ("slot", "taken")
    meaning = "the slot was posted already, or its place in the ring is not free yet"


class SameMeter(ContractRevert):
    """The ledger still names the same meter."""

    account: str
    meter: bytes

    signature = "SlotMarket_SameMeter(address,bytes32)"
    fields = ("account", "meter")
    meaning = "the ledger still names the same meter"


class StillPosted(ContractRevert):
    """The slot is posted and not void: the demand can still be answered or expire."""

    slot: int

    signature = "SlotMarket_StillPosted(uint256)"
    fields = ("slot",)
    meaning = "the slot is posted and not void: the demand can still be answered or expire"


class TooEarly(ContractRevert):
    """The time has not come yet."""

    given: int
    earliest: int

    signature = "SlotMarket_TooEarly(uint256,uint256)"
    fields = ("given", "earliest")
    meaning = "the time has not come yet"


class TooLate(ContractRevert):
    """The deadline has passed."""

    given: int
    deadline: int

    signature = "SlotMarket_TooLate(uint256,uint256)"
    fields = ("given", "deadline")
    meaning = "the deadline has passed"


class TooManyHomes(ContractRevert):
    """The market is full."""

    given: int
    max: int

    signature = "SlotMarket_TooManyHomes(uint256,uint256)"
    fields = ("given", "max")
    meaning = "the market is full"


class WrongRoot(ContractRevert):
    """The rows do not have the root of the result."""

    given: bytes
    needed: bytes

    signature = "SlotMarket_WrongRoot(bytes32,bytes32)"
    fields = ("given", "needed")
    meaning = "the rows do not have the root of the result"


class WrongSlot(ContractRevert):
    """Slots are finalised in their order, each once."""

    given: int
    frontier: int

    signature = "SlotMarket_WrongSlot(uint256,uint256)"
    fields = ("given", "frontier")
    meaning = "slots are finalised in their order, each once"


@dataclass(frozen=True)
class Answered(Event):
    """A demand was answered.

    Args:
        slot: The slot.
        home: Number of the home.
        answerer: Who answered, and has the bond.
    """

    slot: int
    home: int
    answerer: str

    signature: ClassVar[str] = "Answered(uint256,uint256,address)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("slot", "uint256", True),
        ("home", "uint256", True),
        ("answerer", "address", False),
    )


@dataclass(frozen=True)
class CapChanged(Event):
    """A home changed its cap.

    Args:
        home: Number of the home.
        cap: Units of account that it pays in one slot at most.
        from_slot: First slot of the cap.
    """

    home: int
    cap: int
    from_slot: int

    signature: ClassVar[str] = "CapChanged(uint256,uint256,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("home", "uint256", True),
        ("cap", "uint256", False),
        ("from_slot", "uint256", False),
    )


@dataclass(frozen=True)
class Collected(Event):
    """An account collected what it was owed, into its funds in the ledger.

    Args:
        account: The account.
        amount: Units of account.
    """

    account: str
    amount: int

    signature: ClassVar[str] = "Collected(address,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("account", "address", True),
        ("amount", "uint256", False),
    )


@dataclass(frozen=True)
class Demanded(Event):
    """Somebody demands order and reading of a row.

    Args:
        slot: The slot.
        home: Number of the home.
        challenger: Who demands.
    """

    slot: int
    home: int
    challenger: str

    signature: ClassVar[str] = "Demanded(uint256,uint256,address)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("slot", "uint256", True),
        ("home", "uint256", False),
        ("challenger", "address", False),
    )


@dataclass(frozen=True)
class ExitRequested(Event):
    """A home asked to withdraw, in place of what it asked for before.

    Args:
        home: Number of the home.
        amount: Units of account; zero: nothing any more.
        slot: Slot in which it asked.
    """

    home: int
    amount: int
    slot: int

    signature: ClassVar[str] = "ExitRequested(uint256,uint256,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("home", "uint256", True),
        ("amount", "uint256", False),
        ("slot", "uint256", False),
    )


@dataclass(frozen=True)
class Exited(Event):
    """A home's funds are its account's again, in the ledger.

    Args:
        home: Number of the home.
        amount: Units of account.
    """

    home: int
    amount: int

    signature: ClassVar[str] = "Exited(uint256,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("home", "uint256", True),
        ("amount", "uint256", False),
    )


@dataclass(frozen=True)
class Finalised(Event):
    """Slots are final: those of the call, and the empty ones between (permanent).

    Args:
        frontier: First slot that is not final.
        finaliser: Who finalised, and has its half of the fees.
        fees: Units of account of that half.
    """

    frontier: int
    finaliser: str
    fees: int

    signature: ClassVar[str] = "Finalised(uint256,address,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("frontier", "uint256", False),
        ("finaliser", "address", False),
        ("fees", "uint256", False),
    )


@dataclass(frozen=True)
class Frozen(Event):
    """A home has no rows from a slot on.

    Args:
        home: Number of the home.
        from_slot: First slot without a row.
    """

    home: int
    from_slot: int

    signature: ClassVar[str] = "Frozen(uint256,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("home", "uint256", True),
        ("from_slot", "uint256", False),
    )


@dataclass(frozen=True)
class Joined(Event):
    """An account has a home in the market, which can have rows from now on.

    Args:
        home: Number of the home.
        account: Its account.
        cap: Units of account that it pays in one slot at most.
        meter: keccak256 of its meter's ERC-7913 signer.
    """

    home: int
    account: str
    cap: int
    meter: bytes

    signature: ClassVar[str] = "Joined(uint256,address,uint256,bytes32)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("home", "uint256", True),
        ("account", "address", True),
        ("cap", "uint256", False),
        ("meter", "bytes32", False),
    )


@dataclass(frozen=True)
class Locked(Event):
    """A home locked funds.

    Args:
        home: Number of the home.
        amount: Units of account.
    """

    home: int
    amount: int

    signature: ClassVar[str] = "Locked(uint256,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("home", "uint256", True),
        ("amount", "uint256", False),
    )


@dataclass(frozen=True)
class MeterChanged(Event):
    """A home's meter changed.

    Args:
        home: Number of the home.
        meter: keccak256 of the new meter's ERC-7913 signer; zero: it has none.
        from_slot: First slot that the new meter measures.
    """

    home: int
    meter: bytes
    from_slot: int

    signature: ClassVar[str] = "MeterChanged(uint256,bytes32,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("home", "uint256", True),
        ("meter", "bytes32", False),
        ("from_slot", "uint256", False),
    )


@dataclass(frozen=True)
class OrdersRevoked(Event):
    """Orders of an account below a nonce count no more.

    Args:
        account: The account.
        nonce: Least nonce that counts.
        from_slot: First slot for which it does.
    """

    account: str
    nonce: int
    from_slot: int

    signature: ClassVar[str] = "OrdersRevoked(address,uint256,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("account", "address", True),
        ("nonce", "uint256", False),
        ("from_slot", "uint256", False),
    )


@dataclass(frozen=True)
class Owed(Event):
    """An account has a bond to collect.

    Args:
        account: The account.
        amount: Units of account.
    """

    account: str
    amount: int

    signature: ClassVar[str] = "Owed(address,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("account", "address", True),
        ("amount", "uint256", False),
    )


@dataclass(frozen=True)
class SlotPosted(Event):
    """A slot was posted (temporary).

    Args:
        slot: The slot.
        result: How the pool divided it.
        peers: Bitmap of those that signed beside the leader: places in the cluster of `turn`.
        turn: Turn in which it was posted.
        rows: The rows.
    """

    slot: int
    result: Result
    peers: int
    turn: int
    rows: bytes

    signature: ClassVar[str] = (
        "SlotPosted(uint256,(uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),uint256,uint256,bytes)"
    )
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("slot", "uint256", True),
        ("result", "(uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address)", False),
        ("peers", "uint256", False),
        ("turn", "uint256", False),
        ("rows", "bytes", False),
    )
    converters: ClassVar[dict[str, Callable[[Any], Any]]] = {"result": Result.from_abi}


@dataclass(frozen=True)
class TwoReadings(Event):
    """A meter signed two readings for one slot.

    Args:
        home: Number of the home.
        slot: The slot.
    """

    home: int
    slot: int

    signature: ClassVar[str] = "TwoReadings(uint256,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("home", "uint256", True),
        ("slot", "uint256", False),
    )


@dataclass(frozen=True)
class Unfrozen(Event):
    """A home has rows again from a slot on.

    Args:
        home: Number of the home.
        from_slot: First slot with a row.
    """

    home: int
    from_slot: int

    signature: ClassVar[str] = "Unfrozen(uint256,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("home", "uint256", True),
        ("from_slot", "uint256", False),
    )


@dataclass(frozen=True)
class Voided(Event):
    """A dispute was won: the slot is empty.

    Args:
        slot: The slot.
        home: Home that was wronged.
        fault: Why.
    """

    slot: int
    home: int
    fault: Fault

    signature: ClassVar[str] = "Voided(uint256,uint256,uint8)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("slot", "uint256", True),
        ("home", "uint256", True),
        ("fault", "uint8", False),
    )
    converters: ClassVar[dict[str, Callable[[Any], Any]]] = {"fault": Fault}


class SlotMarket(Contract):
    """Slot market. A neighbourhood's pool: in each slot a cluster of verifiers divides what the homes
    fed in among those that drew, at one price. The cluster posts a row for each home, the part of
    its metered energy that neighbours share; the supplier bills the rest at its tariffs, off chain."""

    name: ClassVar[str] = "SlotMarket"
    constructor_types: ClassVar[tuple[str, ...]] = (
        "(address,address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint8,uint256,uint256,uint256)",
    )

    def advance(self, count: int) -> Call[None]:
        """Moves the frontier over empty slots. Anyone may call it; it needs no cluster.

        Emits `Finalised`. Reverts: `BadBatch`, `NotEmpty`.

        Args:
            count: How many slots at most, 1 … 1,024. At least one must be empty.

        Source:
            Z-5
        """
        return self._encode("advance(uint256)", ("uint256",), [count], 0, ())

    def collect(self) -> Call[int]:
        """Moves what the caller is owed into its funds in the ledger.

        Emits `Collected`. Reverts: `NothingOwed`.

        Returns:
            Units of account.
        """
        return self._encode("collect()", (), [], 0, ("uint256",))

    def demand(self, slot: int, home: int) -> Call[None]:
        """Demands order and reading of a row in the slot's window. The home's own demand is free;
        anybody else pays a bond out of its funds in the ledger. A row is demanded once.

        Emits `Demanded`. Reverts: `NotPosted`, `NoHome`, `TooLate`, `AlreadyDemanded`, and as the
        ledger refuses payments.

        Args:
            slot: The slot.
            home: Number of the home.

        Source:
            Z-4
        """
        return self._encode("demand(uint256,uint256)", ("uint256", "uint256"), [slot, home], 0, ())

    def eip712_domain(self) -> tuple[bytes, str, str, int, str, bytes, Sequence[int]]:
        """See: https://eips.ethereum.org/EIPS/eip-5267"""
        answer: tuple[bytes, str, str, int, str, bytes, Sequence[int]] = self._read(
            "eip712Domain()",
            (),
            [],
            ("bytes1", "string", "string", "uint256", "address", "bytes32", "uint256[]"),
        )
        return answer

    def facts_of(self, slot: int, home: int, posted_hash: bytes) -> Facts:
        """What a dispute about a row goes by.

        Reverts: `NotPosted`, `NoHome`.

        Args:
            slot: The slot.
            home: Number of the home.
            posted_hash: What the ring remembers of a posted slot, which must be this one.

        Returns:
            What was true for the slot.
        """
        answer: Facts = self._read(
            "factsOf(uint256,uint256,bytes32)",
            ("uint256", "uint256", "bytes32"),
            [slot, home, posted_hash],
            ("(address,uint256,uint256,bool,bytes32,uint256,uint256)",),
            Facts.from_abi,
        )
        return answer

    def finalise(self, closings: Sequence[Closing], rows: Sequence[bytes]) -> Call[None]:
        """Makes posted slots final (permanent): their rows are paid. Slots between them must be empty.
        Anyone may call it, and has one half of the buyers' fees; the leaders have the other. Both
        collect them from the council.

        Emits `Finalised`. Reverts: `BadBatch`, `WrongSlot`, `NotPosted`, `NotEmpty`, `TooEarly`,
        `OpenDemands`, `Overdrawn`. Rounding: the leader's half up.

        Args:
            closings: The slots in their order, 1 … 96 of them.
            rows: The rows of each.

        Source:
            Z-4, Z-5, Z-6
        """
        return self._encode(
            "finalise((uint256,uint256,address,bytes32)[],bytes[])",
            ("(uint256,uint256,address,bytes32)[]", "bytes[]"),
            [closings, rows],
            0,
            (),
        )

    def freeze(self, home: int) -> Call[None]:
        """Keeps a home from the slots to come because the ledger keeps its account from new
        commitments. Anyone may call it.

        Emits `Frozen`. Reverts: `NoHome`, `MayCommit`, `AlreadyFrozen`, `ChangePending`.

        Args:
            home: Number of the home.

        Source:
            Z-6
        """
        return self._encode("freeze(uint256)", ("uint256",), [home], 0, ())

    def frontier(self) -> int:
        """First slot that is not final.

        Returns:
            Its number.
        """
        answer: int = self._read("frontier()", (), [], ("uint256",))
        return answer

    def home_number(self, account: str) -> int:
        """The home of an account.

        Reverts: `NotJoined`.

        Args:
            account: The account.

        Returns:
            Number of its home.
        """
        answer: int = self._read("homeNumber(address)", ("address",), [account], ("uint256",))
        return answer

    def home_of(self, home: int) -> HomeView:
        """Everything about a home.

        Args:
            home: Number of the home; one that does not exist has zeros.

        Returns:
            What the market knows about it.
        """
        answer: HomeView = self._read(
            "homeOf(uint256)",
            ("uint256",),
            [home],
            ("(address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,bytes32)",),
            HomeView.from_abi,
        )
        return answer

    def homes(self) -> int:
        """How many homes there are.

        Returns:
            Their number.
        """
        answer: int = self._read("homes()", (), [], ("uint256",))
        return answer

    def join(self, cap: int) -> Call[int]:
        """Gives the caller a home, which has rows as soon as it has an order.

        Emits `Joined`. Reverts: `AlreadyJoined`, `TooManyHomes`, `BadAmount`, `MayNotCommit`,
        `NoMeter`.

        Args:
            cap: Units of account that it pays in one slot at most, fee included, below 2**56.

        Returns:
            Number of the home: the place of its row.

        Source:
            Z-4
        """
        return self._encode("join(uint256)", ("uint256",), [cap], 0, ("uint256",))

    def lock(self, amount: int) -> Call[None]:
        """Locks funds of the caller for its home. It can lose them, and no more.

        Emits `Locked`. Reverts: `NotJoined`, `BadAmount`, and as the ledger refuses payments.

        Args:
            amount: Units of account.

        Source:
            Z-5
        """
        return self._encode("lock(uint256)", ("uint256",), [amount], 0, ())

    def locked(self) -> int:
        """What all homes together have locked.

        Returns:
            Units of account.
        """
        answer: int = self._read("locked()", (), [], ("uint256",))
        return answer

    def meter_at(self, home: int, slot: int) -> tuple[str, bytes]:
        """The meter that a home had in a slot.

        Reverts: `NoHome`.

        Args:
            home: Number of the home.
            slot: The slot.

        Returns:
            account: Account of the home.
            meter: keccak256 of the meter's ERC-7913 signer.
        """
        answer: tuple[str, bytes] = self._read(
            "meterAt(uint256,uint256)", ("uint256", "uint256"), [home, slot], ("address", "bytes32")
        )
        return answer

    def min_nonce(self, account: str, slot: int) -> int:
        """Least nonce of an account's orders that counts in a slot.

        Args:
            account: Any address.
            slot: The slot.

        Returns:
            The nonce.
        """
        answer: int = self._read(
            "minNonce(address,uint256)", ("address", "uint256"), [account, slot], ("uint256",)
        )
        return answer

    def owed(self, account: str) -> int:
        """What an account can collect here.

        Args:
            account: Any address.

        Returns:
            Units of account.
        """
        answer: int = self._read("owed(address)", ("address",), [account], ("uint256",))
        return answer

    def post(self, r: Result, packed: bytes, peers: int, signatures: bytes) -> Call[None]:
        """Posts a slot (temporary). Only the leader of the turn may call it, with the signatures of a
        quorum of the slot's cluster.

        Emits `SlotPosted`. Reverts: `NotLeader`, `NotNow`, `RingTaken`, `BadRows`, `BadTotals`,
        `BadPrice`, `NotCleared`, `WrongRoot`, and as `verify` does.

        Args:
            packed: Two bytes for each home, in words of 16 homes.
            peers: Bitmap of the other signers: places in the cluster.
            signatures: Their compact signatures (EIP-2098), 64 bytes each, in that order.

        Source:
            Z-2, Z-4
        """
        return self._encode(
            "post((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),bytes,uint256,bytes)",
            (
                "(uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address)",
                "bytes",
                "uint256",
                "bytes",
            ),
            [r, packed, peers, signatures],
            0,
            (),
        )

    def request_exit(self, amount: int) -> Call[None]:
        """Asks for locked funds, in place of an earlier request. Clusters count them no more from the
        next slot on.

        Emits `ExitRequested`. Reverts: `NotJoined`, `BadAmount`.

        Args:
            amount: Units of account, or as much of them as is left then; zero cancels the
                request.

        Source:
            Z-5
        """
        return self._encode("requestExit(uint256)", ("uint256",), [amount], 0, ())

    def return_bond(self, slot: int, home: int) -> Call[None]:
        """Gives back the bond of an open demand for a slot that is void anyway. Anyone may call it.

        Emits `Owed` if there was a bond. Reverts: `NoDemand`, `StillPosted`.

        Args:
            slot: The slot.
            home: Number of the home.

        Source:
            Z-4
        """
        return self._encode("returnBond(uint256,uint256)", ("uint256", "uint256"), [slot, home], 0, ())

    def revoke_below(self, nonce: int) -> Call[None]:
        """Revokes the caller's orders with a nonce below this one, from the next slot on.

        Emits `OrdersRevoked`. Reverts: `BadNonce`, `ChangePending`.

        Args:
            nonce: Least nonce that counts, below 2**64.

        Source:
            Z-7
        """
        return self._encode("revokeBelow(uint256)", ("uint256",), [nonce], 0, ())

    def set_cap(self, cap: int) -> Call[None]:
        """Changes the caller's cap from the next slot on.

        Emits `CapChanged`. Reverts: `NotJoined`, `BadAmount`, `ChangePending`.

        Args:
            cap: Units of account that it pays in one slot at most, fee included, below 2**56.

        Source:
            Z-7
        """
        return self._encode("setCap(uint256)", ("uint256",), [cap], 0, ())

    def settle_demand(self, slot: int, home: int, answerer: str) -> Call[None]:
        """Ends a demand that was answered. Only the disputes contract may call it.

        Emits `Answered`, and `Owed` if there was a bond. Reverts: `NotDisputes`, `NoDemand`,
        `TooLate`.

        Args:
            slot: The slot.
            home: Number of the home.
            answerer: Who has answered, and is owed the bond.

        Source:
            Z-4
        """
        return self._encode(
            "settleDemand(uint256,uint256,address)",
            ("uint256", "uint256", "address"),
            [slot, home, answerer],
            0,
            (),
        )

    def slot_parameters(self) -> SlotParameters:
        """The constants of the market.

        Returns:
            As given to the constructor.
        """
        answer: SlotParameters = self._read(
            "slotParameters()",
            (),
            [],
            (
                "(address,address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint8,uint256,uint256,uint256)",
            ),
            SlotParameters.from_abi,
        )
        return answer

    def state_of(self, slot: int) -> SlotState:
        """Where a slot stands.

        Args:
            slot: The slot.

        Returns:
            Its state.
        """
        answer: SlotState = self._read("stateOf(uint256)", ("uint256",), [slot], ("uint8",), SlotState)
        return answer

    def tear_meter(self, home: int, slot: int, meter: bytes) -> Call[None]:
        """Freezes a home whose meter signed two readings for one slot, until it has another meter.
        Only the disputes contract may call it.

        Emits `TwoReadings`, and `Frozen` if it was not frozen. Reverts: `NotDisputes`, `MeterTorn`,
        `ChangePending`.

        Args:
            home: Number of the home.
            slot: The slot.
            meter: keccak256 of the meter's signer.

        Source:
            Z-7
        """
        return self._encode(
            "tearMeter(uint256,uint256,bytes32)",
            ("uint256", "uint256", "bytes32"),
            [home, slot, meter],
            0,
            (),
        )

    def unfreeze(self, home: int) -> Call[None]:
        """Ends a freeze from the next slot on. Anyone may call it.

        Emits `Unfrozen`. Reverts: `NoHome`, `NotFrozen`, `MeterTorn`, `MayNotCommit`.

        Args:
            home: Number of the home.

        Source:
            Z-6
        """
        return self._encode("unfreeze(uint256)", ("uint256",), [home], 0, ())

    def update_meter(self, home: int) -> Call[None]:
        """Takes over from the ledger that a home has another meter. It counts from the next slot on.
        Anyone may call it.

        Emits `MeterChanged`. Reverts: `NoHome`, `SameMeter`, `ChangePending`.

        Args:
            home: Number of the home.

        Source:
            Z-7
        """
        return self._encode("updateMeter(uint256)", ("uint256",), [home], 0, ())

    def void_slot(self, slot: int, home: int, fault: Fault, guilty: Sequence[str]) -> Call[None]:
        """Makes a posted slot void because a dispute about it was won. Only the disputes contract may
        call it. For `Fault.UNANSWERED` it also ends the demand, whose time must be over.

        Emits `Voided`, and `Owed` if there was a bond. Reverts: `NotDisputes`, `NotPosted`,
        `NoDemand`, `TooEarly`.

        Args:
            slot: The slot.
            home: Home that was wronged.
            fault: Why.
            guilty: Members to slash.

        Source:
            Z-4, Z-6
        """
        return self._encode(
            "voidSlot(uint256,uint256,uint8,address[])",
            ("uint256", "uint256", "uint8", "address[]"),
            [slot, home, fault, guilty],
            0,
            (),
        )

    def withdraw(self, home: int) -> Call[None]:
        """Pays a requested exit into the account's funds in the ledger, once every slot up to the
        request is final. Anyone may call it. It needs no cluster.

        Emits `Exited`. Reverts: `NoHome`, `NoExit`, `ExitNotDue`.

        Args:
            home: Number of the home.

        Source:
            Z-5
        """
        return self._encode("withdraw(uint256)", ("uint256",), [home], 0, ())
