"""Typed EnergyLedger, written by scripts/generate_bindings.py: do not edit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from energy_trading.bindings.contract import Call, Contract, ContractRevert, Event
from energy_trading.types import AccountAttestation, AccountView, Cause, CreditParameters, Settlement


class AlreadyOpen(ContractRevert):
    """The account was opened before."""

    account: str

    signature = "EnergyLedger_AlreadyOpen(address)"
    fields = ("account",)
    meaning = "the account was opened before"


class AssetWithoutCode(ContractRevert):
    """The asset has no code."""

    asset: str

    signature = "EnergyLedger_AssetWithoutCode(address)"
    fields = ("asset",)
    meaning = "the asset has no code"


class AttestationExpired(ContractRevert):
    """The attestation is void from `deadline` on."""

    given: int
    deadline: int

    signature = "EnergyLedger_AttestationExpired(uint256,uint256)"
    fields = ("given", "deadline")
    meaning = "the attestation is void from `deadline` on"


class BadAttestation(ContractRevert):
    """The attestation is not signed by PKG."""

    account: str
    pkg: str

    signature = "EnergyLedger_BadAttestation(address,address)"
    fields = ("account", "pkg")
    meaning = "the attestation is not signed by PKG"


class BadRecipient(ContractRevert):
    """The ledger's own address cannot receive."""

    to: str

    signature = "EnergyLedger_BadRecipient(address)"
    fields = ("to",)
    meaning = "the ledger's own address cannot receive"


class BadRoles(ContractRevert):
    """Roles are 1 (producer), 2 (consumer) or 3 (both)."""

    given: int
    max: int

    signature = "EnergyLedger_BadRoles(uint256,uint256)"
    fields = ("given", "max")
    meaning = "roles are 1 (producer), 2 (consumer) or 3 (both)"


class Banned(ContractRevert):
    """No new commitment until `until`."""

    account: str
    until: int

    signature = "EnergyLedger_Banned(address,uint256)"
    fields = ("account", "until")
    meaning = "no new commitment until `until`"


class Insufficient(ContractRevert):
    """More was asked than is available."""

    account: str
    asked: int
    available: int

    signature = "EnergyLedger_Insufficient(address,uint256,uint256)"
    fields = ("account", "asked", "available")
    meaning = "more was asked than is available"


class NoPermit(ContractRevert):
    """This ledger settles in the native coin."""

    signature = "EnergyLedger_NoPermit()"
    fields = ()
    meaning = "this ledger settles in the native coin"


class NotMarket(ContractRevert):
    """Only the markets named at deployment may call."""

    caller: str

    signature = "EnergyLedger_NotMarket(address)"
    fields = ("caller",)
    meaning = "only the markets named at deployment may call"


class NotOpen(ContractRevert):
    """No such account."""

    account: str

    signature = "EnergyLedger_NotOpen(address)"
    fields = ("account",)
    meaning = "no such account"


class NotSuspended(ContractRevert):
    """The account is not suspended."""

    account: str

    signature = "EnergyLedger_NotSuspended(address)"
    fields = ("account",)
    meaning = "the account is not suspended"


class OverCreditLimit(ContractRevert):
    """More guarantee would be held than the seller's credit allows."""

    account: str
    held: int
    limit: int

    signature = "EnergyLedger_OverCreditLimit(address,uint256,uint256)"
    fields = ("account", "held", "limit")
    meaning = "more guarantee would be held than the seller's credit allows"


class ReceivedLess(ContractRevert):
    """The asset delivered less than asked."""

    received: int
    asked: int

    signature = "EnergyLedger_ReceivedLess(uint256,uint256)"
    fields = ("received", "asked")
    meaning = "the asset delivered less than asked"


class RoleMissing(ContractRevert):
    """The account's roles do not allow this."""

    account: str
    roles: int
    needed: int

    signature = "EnergyLedger_RoleMissing(address,uint256,uint256)"
    fields = ("account", "roles", "needed")
    meaning = "the account's roles do not allow this"


class Suspended(ContractRevert):
    """The DSO suspended the account."""

    account: str

    signature = "EnergyLedger_Suspended(address)"
    fields = ("account",)
    meaning = "the DSO suspended the account"


class TooMuch(ContractRevert):
    """The ledger would hold more than it can count, in units."""

    balance: int
    max: int

    signature = "EnergyLedger_TooMuch(uint256,uint256)"
    fields = ("balance", "max")
    meaning = "the ledger would hold more than it can count, in units"


class WrongValue(ContractRevert):
    """The coin sent with the call is not the amount (native asset), or not zero (ERC-20)."""

    sent: int
    needed: int

    signature = "EnergyLedger_WrongValue(uint256,uint256)"
    fields = ("sent", "needed")
    meaning = "the coin sent with the call is not the amount (native asset), or not zero (ERC-20)"


class ZeroAddress(ContractRevert):
    """The address cannot be zero."""

    name: str

    signature = "EnergyLedger_ZeroAddress(string)"
    fields = ("name",)
    meaning = "the address cannot be zero"


class ZeroAmount(ContractRevert):
    """The amount cannot be zero."""

    signature = "EnergyLedger_ZeroAmount()"
    fields = ()
    meaning = "the amount cannot be zero"


class BadSigner(ContractRevert):
    """A signer must be an address (20 bytes) or a verifier's address and a key (more than 20 bytes)."""

    signer: bytes

    signature = "MeterRegistry_BadSigner(bytes)"
    fields = ("signer",)
    meaning = "a signer must be an address (20 bytes) or a verifier's address and a key (more than 20 bytes)"


class EpochOver(ContractRevert):
    """The epoch is over."""

    epoch: int
    current_epoch: int

    signature = "MeterRegistry_EpochOver(uint256,uint256)"
    fields = ("epoch", "current_epoch")
    meaning = "the epoch is over"


class NoMeter(ContractRevert):
    """`account` has no meter to remove."""

    account: str

    signature = "MeterRegistry_NoMeter(address)"
    fields = ("account",)
    meaning = "`account` has no meter to remove"


class NoRoot(ContractRevert):
    """There is no root to revoke."""

    epoch: int

    signature = "MeterRegistry_NoRoot(uint256)"
    fields = ("epoch",)
    meaning = "there is no root to revoke"


class RootExists(ContractRevert):
    """A root is published once per epoch; revoke it to stop it."""

    epoch: int
    root: bytes

    signature = "MeterRegistry_RootExists(uint256,bytes32)"
    fields = ("epoch", "root")
    meaning = "a root is published once per epoch; revoke it to stop it"


class ZeroRoot(ContractRevert):
    """A root cannot be zero."""

    signature = "MeterRegistry_ZeroRoot()"
    fields = ()
    meaning = "a root cannot be zero"


class OwnableInvalidOwner(ContractRevert):
    """The contract gives no reason."""

    owner: str

    signature = "OwnableInvalidOwner(address)"
    fields = ("owner",)
    meaning = ""


class OwnableUnauthorizedAccount(ContractRevert):
    """The contract gives no reason."""

    account: str

    signature = "OwnableUnauthorizedAccount(address)"
    fields = ("account",)
    meaning = ""


class Outside(ContractRevert):
    """A constructor argument is outside what is allowed."""

    name: str
    given: int
    min: int
    max: int

    signature = "Range_Outside(string,uint256,uint256,uint256)"
    fields = ("name", "given", "min", "max")
    meaning = "a constructor argument is outside what is allowed"


class Reentrancy(ContractRevert):
    """The contract gives no reason."""

    signature = "Reentrancy()"
    fields = ()
    meaning = ""


@dataclass(frozen=True)
class AccountOpened(Event):
    """`account` can trade from now on."""

    account: str
    roles: int
    certificate_hash: bytes
    identity_ciphertext: bytes

    signature: ClassVar[str] = "AccountOpened(address,uint256,bytes32,bytes)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("account", "address", True),
        ("roles", "uint256", False),
        ("certificate_hash", "bytes32", False),
        ("identity_ciphertext", "bytes", False),
    )


@dataclass(frozen=True)
class AccountReinstated(Event):
    """The DSO lets `account` commit again."""

    account: str

    signature: ClassVar[str] = "AccountReinstated(address)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (("account", "address", True),)


@dataclass(frozen=True)
class AccountSuspended(Event):
    """The DSO keeps `account` from new commitments."""

    account: str

    signature: ClassVar[str] = "AccountSuspended(address)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (("account", "address", True),)


@dataclass(frozen=True)
class CreditChanged(Event):
    """One credit changed: the buyer's for BuyerDefault, the seller's for SellerDefault and Withdrawn.
    Packed, low bits first: cause 8 | old credit E9 40 | new credit E9 40 | z 8. The z joins the
    window of sales or purchases, unless the cause is Withdrawn."""

    account: str
    change: int

    signature: ClassVar[str] = "CreditChanged(address,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("account", "address", True),
        ("change", "uint256", False),
    )


@dataclass(frozen=True)
class DefaultRecorded(Event):
    """A default was added to the record, for ever.

    Args:
        defaults: How many there are now.
        banned_until: Unix seconds; no new commitment before.
    """

    account: str
    cause: Cause
    defaults: int
    banned_until: int

    signature: ClassVar[str] = "DefaultRecorded(address,uint8,uint256,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("account", "address", True),
        ("cause", "uint8", False),
        ("defaults", "uint256", False),
        ("banned_until", "uint256", False),
    )
    converters: ClassVar[dict[str, Callable[[Any], Any]]] = {"cause": Cause}


@dataclass(frozen=True)
class DeliveryRecorded(Event):
    """A trade was fulfilled: both credits changed. Packed, low bits first: the seller's old credit E9
    40 | its new one 40 | the buyer's old credit E9 40 | its new one 40 | z 8. The z joins the
    seller's window of sales and the buyer's of purchases."""

    seller: str
    buyer: str
    change: int

    signature: ClassVar[str] = "DeliveryRecorded(address,address,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("seller", "address", True),
        ("buyer", "address", True),
        ("change", "uint256", False),
    )


@dataclass(frozen=True)
class Deposited(Event):
    """`amount` units came in for `account`."""

    account: str
    payer: str
    amount: int

    signature: ClassVar[str] = "Deposited(address,address,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("account", "address", True),
        ("payer", "address", True),
        ("amount", "uint256", False),
    )


@dataclass(frozen=True)
class KeyRootPublished(Event):
    """The one-time keys under `root` can be named during `epoch`.

    Args:
        evidence_hash: keccak256 of the published file from which anyone re-checks the CoE
            signatures.
    """

    epoch: int
    root: bytes
    evidence_hash: bytes

    signature: ClassVar[str] = "KeyRootPublished(uint256,bytes32,bytes32)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("epoch", "uint256", True),
        ("root", "bytes32", False),
        ("evidence_hash", "bytes32", False),
    )


@dataclass(frozen=True)
class KeyRootRevoked(Event):
    """No key of this epoch can be named any more."""

    epoch: int

    signature: ClassVar[str] = "KeyRootRevoked(uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (("epoch", "uint256", True),)


@dataclass(frozen=True)
class MeterRegistered(Event):
    """`account` has this meter from now on.

    Args:
        signer: ERC-7913 signer.
    """

    account: str
    signer: bytes

    signature: ClassVar[str] = "MeterRegistered(address,bytes)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("account", "address", True),
        ("signer", "bytes", False),
    )


@dataclass(frozen=True)
class MeterRemoved(Event):
    """`account` has no meter any more."""

    account: str

    signature: ClassVar[str] = "MeterRemoved(address)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (("account", "address", True),)


@dataclass(frozen=True)
class OwnershipTransferStarted(Event):
    """OwnershipTransferStarted (OpenZeppelin)."""

    previous_owner: str
    new_owner: str

    signature: ClassVar[str] = "OwnershipTransferStarted(address,address)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("previous_owner", "address", True),
        ("new_owner", "address", True),
    )


@dataclass(frozen=True)
class OwnershipTransferred(Event):
    """OwnershipTransferred (OpenZeppelin)."""

    previous_owner: str
    new_owner: str

    signature: ClassVar[str] = "OwnershipTransferred(address,address)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("previous_owner", "address", True),
        ("new_owner", "address", True),
    )


@dataclass(frozen=True)
class PkgChanged(Event):
    """PKG signs with this key from now on."""

    old_pkg: str
    new_pkg: str

    signature: ClassVar[str] = "PkgChanged(address,address)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("old_pkg", "address", True),
        ("new_pkg", "address", True),
    )


@dataclass(frozen=True)
class Withdrawn(Event):
    """`amount` units left `account`."""

    account: str
    to: str
    amount: int

    signature: ClassVar[str] = "Withdrawn(address,address,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("account", "address", True),
        ("to", "address", True),
        ("amount", "uint256", False),
    )


class EnergyLedger(Contract):
    """Energy ledger. Accounts of the market: funds (available, held) and standing (roles, credits,
    recent trades, defaults, ban)."""

    name: ClassVar[str] = "EnergyLedger"
    constructor_types: ClassVar[tuple[str, ...]] = (
        "(address,uint256,address,address,address,address[],uint256,(uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256))",
    )

    def asset(self) -> str:
        """Settlement asset; zero: the native coin."""
        answer: str = self._read("ASSET()", (), [], ("address",))
        return answer

    def epoch_seconds(self) -> int:
        """Length of an epoch in seconds."""
        answer: int = self._read("EPOCH_SECONDS()", (), [], ("uint256",))
        return answer

    def treasury(self) -> str:
        """Account that gets fees and cut guarantees."""
        answer: str = self._read("TREASURY()", (), [], ("address",))
        return answer

    def unit(self) -> int:
        """Base units of the asset in one unit of account."""
        answer: int = self._read("UNIT()", (), [], ("uint256",))
        return answer

    def accept_ownership(self) -> Call[None]:
        """The new owner accepts the ownership transfer."""
        return self._encode("acceptOwnership()", (), [], 0, ())

    def account_of(self, account: str) -> AccountView:
        """Everything about an account."""
        answer: AccountView = self._read(
            "accountOf(address)",
            ("address",),
            [account],
            ("(uint256,bool,bool,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256)",),
            AccountView.from_abi,
        )
        return answer

    def commit(self, seller: str, buyer: str, metered: bool, guarantee: int, payment: int) -> Call[bytes]:
        """Holds a seller's guarantee, takes a buyer's payment into the market's care, or both.

        Markets only. A zero address skips its half. Reverts: `NotMarket`, `RoleMissing`,
        `Suspended`, `Banned`, `Insufficient`, `OverCreditLimit`. Low selector: see `Settlement`.

        Args:
            seller: Producer whose guarantee is held.
            buyer: Consumer who pays.
            metered: Whether the buyer's registered meter is asked for.
            guarantee: Units moved from the seller's available to held.
            payment: Units taken from the buyer's available.

        Returns:
            The buyer's `meter_of` if asked for, else zero.

        Source:
            N-1, N-2, X-3
        """
        return self._encode(
            "commit(address,address,bool,uint256,uint256)",
            ("address", "address", "bool", "uint256", "uint256"),
            [seller, buyer, metered, guarantee, payment],
            0,
            ("bytes32",),
        )

    def credit_parameters(self) -> CreditParameters:
        """The constants of the credit model."""
        answer: CreditParameters = self._read(
            "creditParameters()",
            (),
            [],
            (
                "(uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256)",
            ),
            CreditParameters.from_abi,
        )
        return answer

    def current_key_root(self, epoch: int) -> bytes:
        """The root whose keys can be named now; zero if the epoch is over, not begun, or has none."""
        answer: bytes = self._read("currentKeyRoot(uint256)", ("uint256",), [epoch], ("bytes32",))
        return answer

    def deposit(self, account: str, amount: int, *, value: int = 0) -> Call[None]:
        """Brings `amount` from the caller into an account.

        Emits `Deposited`. ERC-20: needs an allowance and no coin; native: needs exactly amount ·
        UNIT coin. Reverts: `NotOpen`, `ZeroAmount`, `WrongValue`, `ReceivedLess`, `TooMuch`.

        Args:
            account: Open account that gets the funds.
            amount: Units of account.
        """
        return self._encode("deposit(address,uint256)", ("address", "uint256"), [account, amount], value, ())

    def deposit_with_permit(self, amount: int, deadline: int, v: int, r: bytes, s: bytes) -> Call[None]:
        """Deposits into the caller's account with an ERC-2612 permit in place of an allowance.

        A permit that somebody else has used already does no harm: the allowance counts. Reverts: as
        `deposit`, and `NoPermit` on a native ledger.

        Args:
            amount: Units of account; the permit is for amount · UNIT.
            deadline: The permit's.
            v: Signature.
            r: Signature.
            s: Signature.
        """
        return self._encode(
            "depositWithPermit(uint256,uint256,uint8,bytes32,bytes32)",
            ("uint256", "uint256", "uint8", "bytes32", "bytes32"),
            [amount, deadline, v, r, s],
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

    def is_market(self, market: str) -> bool:
        """Whether `market` may commit and settle."""
        answer: bool = self._read("isMarket(address)", ("address",), [market], ("bool",))
        return answer

    def may_commit(self, account: str, role: int) -> bool:
        """Whether an account is open in these roles and neither suspended nor banned now.

        Args:
            account: Any address.
            role: Bit 0 producer, bit 1 consumer; both bits: both.

        Source:
            X-3
        """
        answer: bool = self._read(
            "mayCommit(address,uint256)", ("address", "uint256"), [account, role], ("bool",)
        )
        return answer

    def meter_of(self, account: str) -> bytes:
        """keccak256 of the meter's ERC-7913 signer, zero if the account has none."""
        answer: bytes = self._read("meterOf(address)", ("address",), [account], ("bytes32",))
        return answer

    def open_account(self, a: AccountAttestation, signature: bytes) -> Call[None]:
        """Opens an account on PKG's word; anyone may bring it.

        Emits `AccountOpened`. An attestation works once, since an account opens once. Reverts:
        `AttestationExpired`, `BadRoles`, `ZeroAddress`, `AlreadyOpen`, `BadAttestation`.

        Args:
            signature: PKG's EIP-712 signature (65 or 64 bytes, or ERC-1271).

        Source:
            C-2, X-4
        """
        return self._encode(
            "openAccount((address,uint256,bytes32,bytes,uint256),bytes)",
            ("(address,uint256,bytes32,bytes,uint256)", "bytes"),
            [a, signature],
            0,
            (),
        )

    def open_limit(self, credit_e9: int) -> int:
        """Guarantee that a seller of this credit may have held at once; grows with credit.

        Source:
            X-2
        """
        answer: int = self._read("openLimit(uint256)", ("uint256",), [credit_e9], ("uint256",))
        return answer

    def owner(self) -> str:
        """Returns the address of the current owner."""
        answer: str = self._read("owner()", (), [], ("address",))
        return answer

    def pending_owner(self) -> str:
        """Returns the address of the pending owner."""
        answer: str = self._read("pendingOwner()", (), [], ("address",))
        return answer

    def pkg(self) -> str:
        """PKG's key."""
        answer: str = self._read("pkg()", (), [], ("address",))
        return answer

    def publish_key_root(self, epoch: int, root: bytes, evidence_hash: bytes) -> Call[None]:
        """Admits the one-time keys of an epoch.

        Owner only. Emits `KeyRootPublished`. Reverts: `ZeroRoot`, `RootExists`, `EpochOver`.

        Args:
            epoch: Number of the epoch, block.timestamp / EPOCH_SECONDS; this one or a later
                one.
            root: Merkle root over keccak256(keccak256(signer)) of all meters' keys, in the
                order of the leaves.
            evidence_hash: keccak256 of the published evidence.

        Source:
            N-6
        """
        return self._encode(
            "publishKeyRoot(uint256,bytes32,bytes32)",
            ("uint256", "bytes32", "bytes32"),
            [epoch, root, evidence_hash],
            0,
            (),
        )

    def register_meter(self, account: str, signer: bytes) -> Call[None]:
        """Names `account`'s meter, in place of an earlier one.

        Owner only. Emits `MeterRegistered`. Reverts: `BadSigner`.

        Args:
            account: Account whose deliveries the meter will prove.
            signer: ERC-7913 signer.

        Source:
            N-3
        """
        return self._encode("registerMeter(address,bytes)", ("address", "bytes"), [account, signer], 0, ())

    def reinstate(self, accounts: Sequence[str]) -> Call[None]:
        """Takes suspensions back.

        Owner only. Emits `AccountReinstated` for each. Reverts: `NotSuspended`.

        Args:
            accounts: Suspended accounts.
        """
        return self._encode("reinstate(address[])", ("address[]",), [accounts], 0, ())

    def remove_meter(self, account: str) -> Call[None]:
        """Takes `account`'s meter away; trades that named it keep it.

        Owner only. Emits `MeterRemoved`. Reverts: `NoMeter`.

        Args:
            account: Account that has a meter.
        """
        return self._encode("removeMeter(address)", ("address",), [account], 0, ())

    def renounce_ownership(self) -> Call[None]:
        """Leaves the contract without owner. It will not be possible to call `onlyOwner` functions.
        Can only be called by the current owner. NOTE: Renouncing ownership will leave the contract
        without an owner, thereby disabling any functionality that is only available to the owner.
        """
        return self._encode("renounceOwnership()", (), [], 0, ())

    def revoke_key_root(self, epoch: int) -> Call[None]:
        """Stops an epoch's keys from being named.

        Owner only. Emits `KeyRootRevoked`. Reverts: `NoRoot`.

        Args:
            epoch: Epoch that has a root.
        """
        return self._encode("revokeKeyRoot(uint256)", ("uint256",), [epoch], 0, ())

    def set_pkg(self, new_pkg: str) -> Call[None]:
        """Names PKG's key.

        Owner only. Emits `PkgChanged`. Attestations by the old key are void at once.

        Args:
            new_pkg: Account or ERC-1271 contract.
        """
        return self._encode("setPkg(address)", ("address",), [new_pkg], 0, ())

    def settle(self, s: Settlement) -> Call[None]:
        """Ends a commitment: moves the money and records the outcome.

        Markets only. Emits `DeliveryRecorded`, or `CreditChanged` for a default or withdrawal, and
        `DefaultRecorded` for a default. A default of a buyer who is suspended now is not recorded:
        it could not pay. Never reverts for a settlement whose sums the market keeps. Rounding:
        credits down.

        Source:
            X-1, X-2, X-3, N-7
        """
        return self._encode(
            "settle((address,uint256,uint256,address,uint256,uint8,uint256,uint256))",
            ("(address,uint256,uint256,address,uint256,uint8,uint256,uint256)",),
            [s],
            0,
            (),
        )

    def suspend(self, accounts: Sequence[str]) -> Call[None]:
        """Keeps accounts from new commitments, all of a traced person in one call.

        Owner only. Emits `AccountSuspended` for each. Reverts: `NotOpen`. Warning: funds stay the
        account's and can be withdrawn.

        Args:
            accounts: Open accounts.

        Source:
            C-10
        """
        return self._encode("suspend(address[])", ("address[]",), [accounts], 0, ())

    def transfer(self, buyer: str, seller: str, amount: int) -> Call[None]:
        """Moves available funds from a buyer to a seller for something that changes hands at once.

        Markets only; the market logs it. Records no outcome: nothing was promised. Reverts:
        `NotMarket`, `RoleMissing`, `Suspended`, `Banned`, `Insufficient`.

        Args:
            buyer: Consumer who pays.
            seller: Producer who is paid.
            amount: Units of account.

        Source:
            C-8
        """
        return self._encode(
            "transfer(address,address,uint256)",
            ("address", "address", "uint256"),
            [buyer, seller, amount],
            0,
            (),
        )

    def transfer_ownership(self, new_owner: str) -> Call[None]:
        """Starts the ownership transfer of the contract to a new account. Replaces the pending
        transfer if there is one. Can only be called by the current owner. Setting `new_owner` to
        the zero address is allowed; this can be used to cancel an initiated ownership transfer.
        """
        return self._encode("transferOwnership(address)", ("address",), [new_owner], 0, ())

    def withdraw(self, to: str, amount: int) -> Call[None]:
        """Sends available funds of the caller away.

        Emits `Withdrawn`. Open to suspended and banned accounts and to the treasury. Reverts:
        `ZeroAmount`, `BadRecipient`, `Insufficient`.

        Args:
            to: Recipient.
            amount: Units of account.
        """
        return self._encode("withdraw(address,uint256)", ("address", "uint256"), [to, amount], 0, ())
