"""Typed VerifierCouncil, written by scripts/generate_bindings.py: do not edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from energy_trading.bindings.contract import Call, Contract, ContractRevert, Event
from energy_trading.types import Admission, CouncilParameters, MemberView


class ActFailed(ContractRevert):
    """The ledger refused the act."""

    reason: bytes

    signature = "VerifierCouncil_ActFailed(bytes)"
    fields = ("reason",)
    meaning = "the ledger refused the act"


class BadFeeder(ContractRevert):
    """A feeder has a number below 2**16."""

    given: int
    max: int

    signature = "VerifierCouncil_BadFeeder(uint256,uint256)"
    fields = ("given", "max")
    meaning = "a feeder has a number below 2**16"


class BadSignature(ContractRevert):
    """A signature is not that of the member at this place of the set."""

    place: int

    signature = "VerifierCouncil_BadSignature(uint256)"
    fields = ("place",)
    meaning = "a signature is not that of the member at this place of the set"


class BadStake(ContractRevert):
    """The stake is too small, or more than a stake can be."""

    given: int
    min: int
    max: int

    signature = "VerifierCouncil_BadStake(uint256,uint256,uint256)"
    fields = ("given", "min", "max")
    meaning = "the stake is too small, or more than a stake can be"


class Expired(ContractRevert):
    """The deadline has passed."""

    given: int
    deadline: int

    signature = "VerifierCouncil_Expired(uint256,uint256)"
    fields = ("given", "deadline")
    meaning = "the deadline has passed"


class InGoodStanding(ContractRevert):
    """A member in good standing is not expelled."""

    member: str
    stake: int
    score: int

    signature = "VerifierCouncil_InGoodStanding(address,uint256,uint256)"
    fields = ("member", "stake", "score")
    meaning = "a member in good standing is not expelled"


class NoQuorum(ContractRevert):
    """Too few members have signed."""

    given: int
    needed: int

    signature = "VerifierCouncil_NoQuorum(uint256,uint256)"
    fields = ("given", "needed")
    meaning = "too few members have signed"


class NotFounder(ContractRevert):
    """Only the founder may call this, while too few members are left to draw both sets from."""

    caller: str
    members: int
    needed: int

    signature = "VerifierCouncil_NotFounder(address,uint256,uint256)"
    fields = ("caller", "members", "needed")
    meaning = "only the founder may call this, while too few members are left to draw both sets from"


class NotLeader(ContractRevert):
    """It is another member's turn to lead."""

    caller: str
    leader: str

    signature = "VerifierCouncil_NotLeader(address,address)"
    fields = ("caller", "leader")
    meaning = "it is another member's turn to lead"


class NotRegistrars(ContractRevert):
    """The council cannot make this call of the ledger."""

    called: bytes

    signature = "VerifierCouncil_NotRegistrars(bytes4)"
    fields = ("called",)
    meaning = "the council cannot make this call of the ledger"


class NotSlotMarket(ContractRevert):
    """Only the slot market may call this."""

    caller: str

    signature = "VerifierCouncil_NotSlotMarket(address)"
    fields = ("caller",)
    meaning = "only the slot market may call this"


class NothingOwed(ContractRevert):
    """Nothing is owed to the account."""

    account: str

    signature = "VerifierCouncil_NothingOwed(address)"
    fields = ("account",)
    meaning = "nothing is owed to the account"


class RedrawPending(ContractRevert):
    """The sets are about to be drawn; the decision has to wait for the new verifier set."""

    seed_block: int

    signature = "VerifierCouncil_RedrawPending(uint256)"
    fields = ("seed_block",)
    meaning = "the sets are about to be drawn; the decision has to wait for the new verifier set"


class TooEarly(ContractRevert):
    """The seed's block has no hash yet."""

    given: int
    earliest: int

    signature = "VerifierCouncil_TooEarly(uint256,uint256)"
    fields = ("given", "earliest")
    meaning = "the seed's block has no hash yet"


class TooFew(ContractRevert):
    """There are too few members to draw from."""

    members: int
    needed: int

    signature = "VerifierCouncil_TooFew(uint256,uint256)"
    fields = ("members", "needed")
    meaning = "there are too few members to draw from"


class TooMany(ContractRevert):
    """The member list is full."""

    given: int
    max: int

    signature = "VerifierCouncil_TooMany(uint256,uint256)"
    fields = ("given", "max")
    meaning = "the member list is full"


class TurnUsed(ContractRevert):
    """The leader has made a decision in this turn already."""

    turn: int

    signature = "VerifierCouncil_TurnUsed(uint256)"
    fields = ("turn",)
    meaning = "the leader has made a decision in this turn already"


class WrongFeeder(ContractRevert):
    """The application names another feeder."""

    given: int
    applied: int

    signature = "VerifierCouncil_WrongFeeder(uint256,uint256)"
    fields = ("given", "applied")
    meaning = "the application names another feeder"


class WrongState(ContractRevert):
    """The account stands elsewhere: see `MemberState`."""

    account: str
    state: int
    needed: int

    signature = "VerifierCouncil_WrongState(address,uint256,uint256)"
    fields = ("account", "state", "needed")
    meaning = "the account stands elsewhere: see `MemberState`"


class WrongVersion(ContractRevert):
    """The decision is about another member list."""

    given: int
    needed: int

    signature = "VerifierCouncil_WrongVersion(uint256,uint256)"
    fields = ("given", "needed")
    meaning = "the decision is about another member list"


@dataclass(frozen=True)
class ActedAsRegistrar(Event):
    """The council acted as the ledger's registrar.

    Args:
        nonce: Number of the act.
        action: The call.
    """

    nonce: int
    action: bytes

    signature: ClassVar[str] = "ActedAsRegistrar(uint256,bytes)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("nonce", "uint256", True),
        ("action", "bytes", False),
    )


@dataclass(frozen=True)
class Admitted(Event):
    """An account is a member from the next draw on.

    Args:
        member: The account.
        feeder: Feeder of the grid on which it lives.
        version: Number of the member list that has it first.
    """

    member: str
    feeder: int
    version: int

    signature: ClassVar[str] = "Admitted(address,uint256,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("member", "address", True),
        ("feeder", "uint256", False),
        ("version", "uint256", False),
    )


@dataclass(frozen=True)
class ApplicationWithdrawn(Event):
    """A candidate withdrew, and can collect its stake.

    Args:
        candidate: The account.
    """

    candidate: str

    signature: ClassVar[str] = "ApplicationWithdrawn(address)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (("candidate", "address", True),)


@dataclass(frozen=True)
class Applied(Event):
    """An account asked to join and put down its stake.

    Args:
        candidate: The account.
        feeder: Feeder of the grid on which it lives.
        certificate_hash: keccak256 of its X.509 certificate.
        stake: Units of account.
    """

    candidate: str
    feeder: int
    certificate_hash: bytes
    stake: int

    signature: ClassVar[str] = "Applied(address,uint256,bytes32,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("candidate", "address", True),
        ("feeder", "uint256", False),
        ("certificate_hash", "bytes32", False),
        ("stake", "uint256", False),
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
class Credited(Event):
    """An account was given what it is owed: a returned stake, or a wronged home's part of a slash.

    Args:
        account: The account.
        amount: Units of account.
    """

    account: str
    amount: int

    signature: ClassVar[str] = "Credited(address,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("account", "address", True),
        ("amount", "uint256", False),
    )


@dataclass(frozen=True)
class Declined(Event):
    """The verifier set declined a candidate, which can collect its stake.

    Args:
        candidate: The account.
        reason: Why.
    """

    candidate: str
    reason: str

    signature: ClassVar[str] = "Declined(address,string)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("candidate", "address", True),
        ("reason", "string", False),
    )


@dataclass(frozen=True)
class Left(Event):
    """A member left the list, on its own or because its stake or standing is too low.

    Args:
        member: The account.
        leave_at: Unix seconds from which on it can take back its stake.
    """

    member: str
    leave_at: int

    signature: ClassVar[str] = "Left(address,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("member", "address", True),
        ("leave_at", "uint256", False),
    )


@dataclass(frozen=True)
class RedrawScheduled(Event):
    """The member list changes, and both sets are drawn from a block to come.

    Args:
        version: Number of the member list.
        seed_block: Block whose hash is the seed.
    """

    version: int
    seed_block: int

    signature: ClassVar[str] = "RedrawScheduled(uint256,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("version", "uint256", False),
        ("seed_block", "uint256", False),
    )


@dataclass(frozen=True)
class Redrawn(Event):
    """Both sets were drawn.

    Args:
        version: Number of the member list.
        seed: The seed.
        verifiers: Bitmap of the verifier set: places in the member list.
    """

    version: int
    seed: bytes
    verifiers: int

    signature: ClassVar[str] = "Redrawn(uint256,bytes32,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("version", "uint256", False),
        ("seed", "bytes32", False),
        ("verifiers", "uint256", False),
    )


@dataclass(frozen=True)
class Slashed(Event):
    """A member's fault was proven.

    Args:
        member: The account.
        amount: Units of account that its stake lost.
        score: Its standing now.
    """

    member: str
    amount: int
    score: int

    signature: ClassVar[str] = "Slashed(address,uint256,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("member", "address", True),
        ("amount", "uint256", False),
        ("score", "uint256", False),
    )


class VerifierCouncil(Contract):
    """Verifier council. Who verifies and who validates: homes that hold a stake and have a
    certificate. A verifier set admits new members; for each slot a cluster of other members is
    drawn, which divides the slot's energy."""

    name: ClassVar[str] = "VerifierCouncil"
    constructor_types: ClassVar[tuple[str, ...]] = (
        "(address,address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256)",
    )

    def act(self, action: bytes, deadline: int, peers: int, signatures: bytes) -> Call[None]:
        """Acts as the ledger's registrar, if the council is the ledger's owner: two thirds of the
        verifier set have signed the call. Anyone may submit it.

        Only meters, roots of one-time keys, suspensions, bans and the acceptance of the role
        itself. Emits `ActedAsRegistrar`. Reverts: `Expired`, `NotRegistrars`, `BadSignature`,
        `NoQuorum`, `ActFailed`.

        Args:
            action: The encoded call of the ledger.
            deadline: Unix seconds; it is valid while block.timestamp < deadline.
            peers: Bitmap of the signers: places in `verifiers`.
            signatures: Their compact signatures (EIP-2098), 64 bytes each, in that order.

        Source:
            Z-2
        """
        return self._encode(
            "act(bytes,uint256,uint256,bytes)",
            ("bytes", "uint256", "uint256", "bytes"),
            [action, deadline, peers, signatures],
            0,
            (),
        )

    def cluster_of(self, slot: int, turn: int) -> Sequence[str]:
        """The cluster of a slot. One cluster serves four slots, from a multiple of four on. It is
        drawn anew when every member's turn has passed in silence.

        Reverts: `TooFew`.

        Args:
            slot: The slot.
            turn: Number of τ that have passed since the slot could be posted.

        Returns:
            The members; the one at turn % length leads (eq 1).

        Source:
            Z-4, Z-8
        """
        answer: Sequence[str] = self._read(
            "clusterOf(uint256,uint256)", ("uint256", "uint256"), [slot, turn], ("address[]",)
        )
        return answer

    def collect(self) -> Call[int]:
        """Moves what the caller is owed into its funds in the ledger.

        Emits `Collected`. Reverts: `NothingOwed`.

        Returns:
            Units of account.
        """
        return self._encode("collect()", (), [], 0, ("uint256",))

    def council_parameters(self) -> CouncilParameters:
        """The constants of the council.

        Returns:
            As given to the constructor.
        """
        answer: CouncilParameters = self._read(
            "councilParameters()",
            (),
            [],
            ("(address,address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256)",),
            CouncilParameters.from_abi,
        )
        return answer

    def current_turn(self) -> int:
        """(T_i - T_0) / τ of eq 1 for the verifier set; T_0 is the time of its draw.

        Returns:
            Number of whole turns.

        Source:
            Z-2
        """
        answer: int = self._read("currentTurn()", (), [], ("uint256",))
        return answer

    def decide(self, a: Admission, peers: int, signatures: bytes) -> Call[None]:
        """Decides about a candidate: the leader of the turn submits what two thirds of the verifier
        set have signed. A declined candidate can collect its stake, and the reason is logged.

        The leader's own signature is its transaction. Emits `Admitted` and `RedrawScheduled`, or
        `Declined` and `Credited`. Reverts: `RedrawPending`, `WrongVersion`, `NotLeader`,
        `TurnUsed`, `BadSignature`, `NoQuorum`, `WrongState`, `WrongFeeder`, `TooMany`.

        Args:
            peers: Bitmap of the other signers: places in `verifiers`.
            signatures: Their compact signatures (EIP-2098), 64 bytes each, in that order.

        Source:
            Z-2
        """
        return self._encode(
            "decide((address,uint256,bytes32,uint256,address,string),uint256,bytes)",
            ("(address,uint256,bytes32,uint256,address,string)", "uint256", "bytes"),
            [a, peers, signatures],
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

    def expel(self, member: str) -> Call[None]:
        """Takes a member out of the list whose stake or standing is too low. Anyone may call it.

        Emits `Left`, `RedrawScheduled`. Reverts: `WrongState`, `InGoodStanding`.

        Args:
            member: The member.

        Source:
            Z-6, Z-8
        """
        return self._encode("expel(address)", ("address",), [member], 0, ())

    def found(self, candidates: Sequence[str]) -> Call[None]:
        """Makes candidates the first members, or adds some if too few are left to draw both sets from.
        Only the founder may call it, and only then.

        Emits `Admitted` for each, `RedrawScheduled`. Reverts: `NotFounder`, `WrongState`,
        `TooMany`.

        Args:
            candidates: Accounts that have asked to join.

        Source:
            Z-1
        """
        return self._encode("found(address[])", ("address[]",), [candidates], 0, ())

    def member_of(self, account: str) -> MemberView:
        """Everything about a member.

        Args:
            account: Any address.

        Returns:
            What the council knows about it.
        """
        answer: MemberView = self._read(
            "memberOf(address)",
            ("address",),
            [account],
            ("(uint8,uint256,uint256,uint256,uint256,uint256)",),
            MemberView.from_abi,
        )
        return answer

    def members(self) -> Sequence[str]:
        """The list of members that the sets are drawn from.

        Returns:
            The members, sorted by feeder and then by account.
        """
        answer: Sequence[str] = self._read("members()", (), [], ("address[]",))
        return answer

    def redraw(self) -> Call[None]:
        """Draws both sets: from the hash of the block that the last change of the list named, or, if
        there was none, names one, at most once in `reseed`. Anyone may call it.

        A block too old to have a hash is replaced by a new one. Emits `Redrawn` or
        `RedrawScheduled`. Reverts: `TooEarly`.

        Source:
            Z-1, Z-8
        """
        return self._encode("redraw()", (), [], 0, ())

    def registrar_nonce(self) -> int:
        """Number of acts as registrar.

        Returns:
            Nonce of the next one.
        """
        answer: int = self._read("registrarNonce()", (), [], ("uint256",))
        return answer

    def request_join(self, feeder: int, certificate_hash: bytes, stake: int) -> Call[None]:
        """Asks to join and puts down a stake out of the caller's funds in the ledger. The certificate
        itself goes to the verifier set, encrypted, off chain.

        Emits `Applied`. Reverts: `BadFeeder`, `BadStake`, `WrongState`, and as the ledger refuses
        payments.

        Args:
            feeder: Feeder of the grid on which the caller lives, below 2**16.
            certificate_hash: keccak256 of the caller's X.509 certificate.
            stake: Units of account.

        Source:
            Z-1, Z-2
        """
        return self._encode(
            "requestJoin(uint256,bytes32,uint256)",
            ("uint256", "bytes32", "uint256"),
            [feeder, certificate_hash, stake],
            0,
            (),
        )

    def resign(self) -> Call[None]:
        """Leaves the list. The stake stays held for the unbonding time.

        Emits `Left`, `RedrawScheduled`. Reverts: `WrongState`.

        Source:
            Z-6
        """
        return self._encode("resign()", (), [], 0, ())

    def reward(self, earners: Sequence[str], fees: Sequence[int]) -> Call[None]:
        """Gives those who have led or finalised slots their fees, and raises the standing of each
        member among them by one at most once a day. Only the slot market may call it, when slots
        are final.

        Logs nothing: the fees follow from `SlotPosted` and `Finalised`. Reverts: `NotSlotMarket`.

        Args:
            earners: Who has led or finalised.
            fees: Units of account for each.

        Source:
            Z-6
        """
        return self._encode("reward(address[],uint256[])", ("address[]", "uint256[]"), [earners, fees], 0, ())

    def seed_block(self) -> int:
        """Block whose hash will be the next seed.

        Returns:
            Its number; zero if no draw is due.
        """
        answer: int = self._read("seedBlock()", (), [], ("uint256",))
        return answer

    def slash(self, guilty: Sequence[str], wronged: str) -> Call[None]:
        """Takes the slash from members whose fault was proven: one half goes to the wronged home, the
        other to the treasury, so that a home gains nothing by wronging itself. Only the slot market
        may call it.

        A former member is slashed while its stake is held. Emits `Slashed` for each member,
        `Credited` twice. Reverts: `NotSlotMarket`. Rounding: the home's half up.

        Args:
            wronged: Account of the home that was wronged.

        Source:
            Z-6
        """
        return self._encode("slash(address[],address)", ("address[]", "address"), [guilty, wronged], 0, ())

    def take_stake(self) -> Call[None]:
        """Gives the caller's stake back once the unbonding time is over; it can be collected.

        Emits `Credited`. Reverts: `WrongState`, `TooEarly`.

        Source:
            Z-6
        """
        return self._encode("takeStake()", (), [], 0, ())

    def verifiers(self) -> Sequence[str]:
        """The verifier set.

        Returns:
            The members; the one at `current_turn` % length leads (eq 1).

        Source:
            Z-1
        """
        answer: Sequence[str] = self._read("verifiers()", (), [], ("address[]",))
        return answer

    def verify(
        self, slot: int, turn: int, leader: str, digest: bytes, peers: int, signatures: bytes
    ) -> bytes:
        """Checks that a slot's leader and a quorum of its cluster have signed.

        Reverts: `TooFew`, `NotLeader`, `BadSignature`, `NoQuorum`.

        Args:
            slot: The slot.
            turn: Number of τ that have passed since the slot could be posted: (T_i - T_0) / τ
                of eq 1.
            leader: Who posts; it needs no signature.
            digest: What was signed.
            peers: Bitmap of the other signers: places in the cluster.
            signatures: Their compact signatures (EIP-2098), 64 bytes each, in that order.

        Returns:
            keccak256 of the signers, 32 bytes each: the leader, then the peers.

        Source:
            Z-2, Z-4, Z-8
        """
        answer: bytes = self._read(
            "verify(uint256,uint256,address,bytes32,uint256,bytes)",
            ("uint256", "uint256", "address", "bytes32", "uint256", "bytes"),
            [slot, turn, leader, digest, peers, signatures],
            ("bytes32",),
        )
        return answer

    def version(self) -> int:
        """Number of the member list that the next decision is about.

        Returns:
            Counts the changes of the list.
        """
        answer: int = self._read("version()", (), [], ("uint256",))
        return answer

    def withdraw_request(self) -> Call[None]:
        """Withdraws the caller's request; it can collect its stake.

        Emits `ApplicationWithdrawn`, `Credited`. Reverts: `WrongState`.

        Source:
            Z-2
        """
        return self._encode("withdrawRequest()", (), [], 0, ())
