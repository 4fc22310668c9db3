"""Typed PrivateSlotMarket, written by scripts/generate_bindings.py: do not edit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from energy_trading.bindings.contract import Call, Contract, ContractRevert, Event
from energy_trading.types import Day, DayFacts, Facts, Fault, HomeView, PrivateParameters, Result, SlotState


class DaySealed(ContractRevert):
    """The day's money is posted: its slots stay as they are."""

    day: int

    signature = "PrivateSlotMarket_DaySealed(uint256)"
    fields = ("day",)
    meaning = "the day's money is posted: its slots stay as they are"


class LaterPosted(ContractRevert):
    """A later slot of the day is posted already; slots are posted in their order."""

    slot: int
    later: int

    signature = "PrivateSlotMarket_LaterPosted(uint256,uint256)"
    fields = ("slot", "later")
    meaning = "a later slot of the day is posted already; slots are posted in their order"


class NotZero(ContractRevert):
    """The money of a day does not add up to zero."""

    sum: int

    signature = "PrivateSlotMarket_NotZero(int256)"
    fields = ("sum",)
    meaning = "the money of a day does not add up to zero"


class WrongSlots(ContractRevert):
    """The day goes on from other slots: one of them is void meanwhile."""

    head: int
    undone: int

    signature = "PrivateSlotMarket_WrongSlots(uint256,uint256)"
    fields = ("head", "undone")
    meaning = "the day goes on from other slots: one of them is void meanwhile"


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
    """An account has more to collect: a bond, or fees for finalising.

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
class PrivateDayPosted(Event):
    """A day was posted (temporary).

    Args:
        number: 2**32 and the day's number.
        day: What was signed.
        peers: Bitmap of those that signed beside the leader: places in the cluster of `turn`.
        turn: Turn in which it was posted.
        money: Five bytes for each home, in words of four homes.
    """

    number: int
    day: Day
    peers: int
    turn: int
    money: bytes

    signature: ClassVar[str] = (
        "PrivateDayPosted(uint256,(uint256,uint256,uint256,bytes32,address),uint256,uint256,bytes)"
    )
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("number", "uint256", True),
        ("day", "(uint256,uint256,uint256,bytes32,address)", False),
        ("peers", "uint256", False),
        ("turn", "uint256", False),
        ("money", "bytes", False),
    )
    converters: ClassVar[dict[str, Callable[[Any], Any]]] = {"day": Day.from_abi}


@dataclass(frozen=True)
class PrivateSlotPosted(Event):
    """A slot was posted (temporary).

    Args:
        slot: The slot.
        result: How the pool divided it.
        peers: Bitmap of those that signed beside the leader: places in the cluster of `turn`.
        turn: Turn in which it was posted.
        top: Hash of the uppermost node.
        homes: How many leaves there are.
        before: The slot whose sums the leaves go on from; the slot itself if it is the first of
            its day.
    """

    slot: int
    result: Result
    peers: int
    turn: int
    top: bytes
    homes: int
    before: int

    signature: ClassVar[str] = (
        "PrivateSlotPosted(uint256,(uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),uint256,uint256,bytes32,uint256,uint256)"
    )
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("slot", "uint256", True),
        ("result", "(uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address)", False),
        ("peers", "uint256", False),
        ("turn", "uint256", False),
        ("top", "bytes32", False),
        ("homes", "uint256", False),
        ("before", "uint256", False),
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


class PrivateSlotMarket(Contract):
    """Private form of the slot market. The pool of `SlotMarket` without public rows. A slot is posted
    with its totals and one root, that of a sum tree over all homes, whose leaves only the homes and
    the cluster know. Once a day the money of each home is posted and paid."""

    name: ClassVar[str] = "PrivateSlotMarket"
    constructor_types: ClassVar[tuple[str, ...]] = (
        "(address,address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint8,uint256,uint256,uint256)",
    )

    def advance(self, count: int) -> Call[None]:
        """Moves the frontier over days that are not posted and cannot be any more. Anyone may call it;
        it needs no cluster.

        Emits `Finalised`. Reverts: `BadBatch`, `NotEmpty`.

        Args:
            count: How many days at most, 1 … 1,024. At least one must be empty.

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

    def day_facts_of(self, day: int, home: int, posted_hash: bytes) -> DayFacts:
        """What a dispute about a home's money of a day goes by.

        Reverts: `NotPosted`, `NoHome`.

        Args:
            day: The day.
            home: Number of the home.
            posted_hash: Hash of day and signers, which must be that of the posted day.

        Returns:
            What it goes by.
        """
        answer: DayFacts = self._read(
            "dayFactsOf(uint256,uint256,bytes32)",
            ("uint256", "uint256", "bytes32"),
            [day, home, posted_hash],
            ("(address,uint256,uint256,uint256)",),
            DayFacts.from_abi,
        )
        return answer

    def demand(self, number: int, home: int) -> Call[None]:
        """Demands a home's leaf with its order and reading, or a home's money of a day, in the window
        of the slot or day. The home's own demand is free; anybody else pays a bond out of its funds
        in the ledger. Each is demanded once for each posting.

        Emits `Demanded`. Reverts: `NotPosted`, `NoHome` for a home that joined during the day,
        `TooLate`, `AlreadyDemanded`, and as the ledger refuses payments.

        Args:
            number: Number of the slot, or 2**32 and that of the day.
            home: Number of the home.

        Source:
            Z-4
        """
        return self._encode("demand(uint256,uint256)", ("uint256", "uint256"), [number, home], 0, ())

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
        """What a dispute about a leaf goes by.

        Reverts: `NotPosted`, `NoHome`.

        Args:
            slot: The slot.
            home: Number of the home.
            posted_hash: Hash of result and signers, which must be that of the posted slot.

        Returns:
            What was true for the slot; the fee is zero.
        """
        answer: Facts = self._read(
            "factsOf(uint256,uint256,bytes32)",
            ("uint256", "uint256", "bytes32"),
            [slot, home, posted_hash],
            ("(address,uint256,uint256,bool,bytes32,uint256,uint256)",),
            Facts.from_abi,
        )
        return answer

    def finalise(self, d: Day, signers: bytes, money: bytes) -> Call[None]:
        """Makes a posted day final (permanent): its money is paid, and no slot of it can be disputed
        any more. Anyone may call it, and has one half of the fees; the leader of the day has the
        other.

        Emits `Finalised`, and `Owed` if there are fees. Reverts: `WrongSlot` with the days,
        `NotPosted`, `WrongRoot`, `TooEarly`, `OpenDemands`, `Overdrawn`. Rounding: the leader's
        half up.

        Args:
            signers: Hash of the signers, see `verify`.
            money: The money of the homes.

        Source:
            Z-4, Z-5, Z-6
        """
        return self._encode(
            "finalise((uint256,uint256,uint256,bytes32,address),bytes32,bytes)",
            ("(uint256,uint256,uint256,bytes32,address)", "bytes32", "bytes"),
            [d, signers, money],
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

    def homes_in(self, day: int) -> int:
        """How many homes take part in a day.

        It is known from the first slot of the day on, and for ever once a slot of it was posted.

        Args:
            day: The day.

        Returns:
            Homes that joined before the day began.
        """
        answer: int = self._read("homesIn(uint256)", ("uint256",), [day], ("uint256",))
        return answer

    def join(self, cap: int) -> Call[int]:
        """Gives the caller a home.

        Emits `Joined`. Reverts: `AlreadyJoined`, `TooManyHomes`, `BadAmount`, `MayNotCommit`,
        `NoMeter`.

        Args:
            cap: Units of account that it pays in one slot at most, below 2**56.

        Returns:
            Number of the home.

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

    def post(self, r: Result, top: bytes, peers: int, signatures: bytes) -> Call[None]:
        """Posts a slot (temporary). Only the leader of the turn may call it, with the signatures of a
        quorum of the slot's cluster. Slots of a day are posted in their order.

        Emits `PrivateSlotPosted`. Reverts: `NotLeader`, `NotNow`, `RingTaken`, `BadTotals`,
        `BadPrice`, `BadRows` without homes, `LaterPosted`, `WrongRoot`, and as `verify` does.

        Args:
            top: Hash of the uppermost node.
            peers: Bitmap of the other signers: places in the cluster.
            signatures: Their compact signatures (EIP-2098), 64 bytes each, in that order.

        Source:
            Z-2, Z-4
        """
        return self._encode(
            "post((uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address),bytes32,uint256,bytes)",
            (
                "(uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,address)",
                "bytes32",
                "uint256",
                "bytes",
            ),
            [r, top, peers, signatures],
            0,
            (),
        )

    def post_day(self, d: Day, money: bytes, peers: int, signatures: bytes) -> Call[None]:
        """Posts a day's money (temporary), once no slot of it can be disputed any more. Only the
        leader of the turn may call it, with the signatures of a quorum of the cluster that is drawn
        for the day.

        Emits `PrivateDayPosted`. Reverts: `NotLeader`, `NotNow`, `RingTaken`, `OpenDemands` with
        the bitmap of the slots, `WrongSlots`, `BadRows`, `NotZero`, `WrongRoot`, and as `verify`
        does.

        Args:
            money: Five bytes for each home, in words of four homes.
            peers: Bitmap of the other signers: places in the cluster.
            signatures: Their compact signatures (EIP-2098), 64 bytes each, in that order.

        Source:
            Z-2, Z-4, Z-5
        """
        return self._encode(
            "postDay((uint256,uint256,uint256,bytes32,address),bytes,uint256,bytes)",
            ("(uint256,uint256,uint256,bytes32,address)", "bytes", "uint256", "bytes"),
            [d, money, peers, signatures],
            0,
            (),
        )

    def private_parameters(self) -> PrivateParameters:
        """The constants of the market.

        Returns:
            As given to the constructor.
        """
        answer: PrivateParameters = self._read(
            "privateParameters()",
            (),
            [],
            (
                "(address,address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint8,uint256,uint256,uint256)",
            ),
            PrivateParameters.from_abi,
        )
        return answer

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

    def return_bond(self, number: int, home: int) -> Call[None]:
        """Gives back the bond of an open demand for what is void anyway. Anyone may call it.

        Emits `Owed` if there was a bond. Reverts: `StillPosted`, `NoDemand`.

        Args:
            number: Number of the slot, or 2**32 and that of the day.
            home: Number of the home.

        Source:
            Z-4
        """
        return self._encode("returnBond(uint256,uint256)", ("uint256", "uint256"), [number, home], 0, ())

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
            cap: Units of account that it pays in one slot at most, below 2**56.

        Source:
            Z-7
        """
        return self._encode("setCap(uint256)", ("uint256",), [cap], 0, ())

    def settle_demand(self, number: int, home: int, answerer: str) -> Call[None]:
        """Ends a demand that was answered. Only the disputes contract may call it.

        Emits `Answered`, and `Owed` if there was a bond. Reverts: `NotDisputes`, `NotPosted`,
        `NoDemand`, `TooLate`.

        Args:
            number: Number of the slot, or 2**32 and that of the day.
            home: Number of the home.
            answerer: Who has answered, and is owed the bond.

        Source:
            Z-4
        """
        return self._encode(
            "settleDemand(uint256,uint256,address)",
            ("uint256", "uint256", "address"),
            [number, home, answerer],
            0,
            (),
        )

    def slots_of(self, day: int) -> tuple[bool, int, int]:
        """The slots from which a day is made.

        Args:
            day: The day.

        Returns:
            head: The last one of them.
            posted: Whether a slot of it is posted and not void.
            undone: Void slots whose energy is in its sums: a bitmap of places in the day.
        """
        answer: tuple[bool, int, int] = self._read(
            "slotsOf(uint256)", ("uint256",), [day], ("bool", "uint256", "uint256")
        )
        return answer

    def state_of(self, number: int) -> SlotState:
        """Where a slot or day stands. A slot that was posted is final with its day, void or not.

        Args:
            number: Number of the slot, or 2**32 and that of the day.

        Returns:
            Its state.
        """
        answer: SlotState = self._read("stateOf(uint256)", ("uint256",), [number], ("uint8",), SlotState)
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

    def void_slot(self, number: int, home: int, fault: Fault, guilty: Sequence[str]) -> Call[None]:
        """Makes a posted slot or day void because a dispute about it was won. Only the disputes
        contract may call it. For `Fault.UNANSWERED` it also ends the demand, whose time must be
        over. A void day can be posted again while its time lasts.

        Emits `Voided`, and `Owed` if there was a bond. Reverts: `NotDisputes`, `NotPosted`,
        `NoDemand`, `TooEarly`, `DaySealed`.

        Args:
            number: Number of the slot, or 2**32 and that of the day.
            home: Home that was wronged.
            fault: Why.
            guilty: Members to slash.

        Source:
            Z-4, Z-6
        """
        return self._encode(
            "voidSlot(uint256,uint256,uint8,address[])",
            ("uint256", "uint256", "uint8", "address[]"),
            [number, home, fault, guilty],
            0,
            (),
        )

    def was_posted(self, slot: int, posted_hash: bytes) -> bool:
        """Whether this was posted for a slot, void or not.

        Args:
            slot: The slot.
            posted_hash: Hash of result and signers.

        Returns:
            Whether the ring has it.
        """
        answer: bool = self._read(
            "wasPosted(uint256,bytes32)", ("uint256", "bytes32"), [slot, posted_hash], ("bool",)
        )
        return answer

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
