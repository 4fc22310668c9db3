"""Typed EnergyLedger, written by scripts/generate_bindings.py: do not edit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from energy_trading.bindings.contract import Call, Contract, ContractRevert, Event
from energy_trading.types import (
    AccountAttestation,
    AccountView,
    Cause,
    CreditParameters,
    Deposit,
    NonceCancellation,
    Settlement,
    TokenPermit,
    Withdrawal,
)


class AlreadyOpen(ContractRevert):
    """The account is open already."""

    account: str

    signature = "EnergyLedger_AlreadyOpen(address)"
    fields = ("account",)
    meaning = "the account is open already"


class AssetWithoutCode(ContractRevert):
    """The asset's address has no code."""

    asset: str

    signature = "EnergyLedger_AssetWithoutCode(address)"
    fields = ("asset",)
    meaning = "the asset's address has no code"


class AttestationExpired(ContractRevert):
    """The attestation has expired."""

    given: int
    deadline: int

    signature = "EnergyLedger_AttestationExpired(uint256,uint256)"
    fields = ("given", "deadline")
    meaning = "the attestation has expired"


class BadAttestation(ContractRevert):
    """The attestation is not signed with PKG's key."""

    account: str
    pkg: str

    signature = "EnergyLedger_BadAttestation(address,address)"
    fields = ("account", "pkg")
    meaning = "the attestation is not signed with PKG's key"


class BadRecipient(ContractRevert):
    """Funds cannot be sent to the zero address or to the ledger itself."""

    to: str

    signature = "EnergyLedger_BadRecipient(address)"
    fields = ("to",)
    meaning = "funds cannot be sent to the zero address or to the ledger itself"


class BadRoles(ContractRevert):
    """Roles must be 1 (producer), 2 (consumer) or 3 (both)."""

    given: int
    max: int

    signature = "EnergyLedger_BadRoles(uint256,uint256)"
    fields = ("given", "max")
    meaning = "roles must be 1 (producer), 2 (consumer) or 3 (both)"


class Banned(ContractRevert):
    """The account is banned and can make no new commitment yet."""

    account: str
    until: int

    signature = "EnergyLedger_Banned(address,uint256)"
    fields = ("account", "until")
    meaning = "the account is banned and can make no new commitment yet"


class Insufficient(ContractRevert):
    """The account does not have that much available."""

    account: str
    asked: int
    available: int

    signature = "EnergyLedger_Insufficient(address,uint256,uint256)"
    fields = ("account", "asked", "available")
    meaning = "the account does not have that much available"


class IsTreasury(ContractRevert):
    """The treasury gets no roles: it would trade without risk, because what it forfeited would come
    back to it."""

    account: str

    signature = "EnergyLedger_IsTreasury(address)"
    fields = ("account",)
    meaning = "the treasury gets no roles: it would trade without risk, because what it forfeited would come back to it"


class NoConsent(ContractRevert):
    """The account has not agreed to this attestation: it neither submitted nor signed it."""

    account: str

    signature = "EnergyLedger_NoConsent(address)"
    fields = ("account",)
    meaning = "the account has not agreed to this attestation: it neither submitted nor signed it"


class NoPermit(ContractRevert):
    """This ledger settles in the native coin, which has no permits."""

    signature = "EnergyLedger_NoPermit()"
    fields = ()
    meaning = "this ledger settles in the native coin, which has no permits"


class NoReason(ContractRevert):
    """A ban is not lifted without a reason."""

    signature = "EnergyLedger_NoReason()"
    fields = ()
    meaning = "a ban is not lifted without a reason"


class NotBanned(ContractRevert):
    """The account is not banned, or not any more."""

    account: str
    until: int

    signature = "EnergyLedger_NotBanned(address,uint256)"
    fields = ("account", "until")
    meaning = "the account is not banned, or not any more"


class NotMarket(ContractRevert):
    """Only the markets named at deployment may call this."""

    caller: str

    signature = "EnergyLedger_NotMarket(address)"
    fields = ("caller",)
    meaning = "only the markets named at deployment may call this"


class NotOpen(ContractRevert):
    """The account is not open."""

    account: str

    signature = "EnergyLedger_NotOpen(address)"
    fields = ("account",)
    meaning = "the account is not open"


class NotSuspended(ContractRevert):
    """The account is not suspended."""

    account: str

    signature = "EnergyLedger_NotSuspended(address)"
    fields = ("account",)
    meaning = "the account is not suspended"


class OverCreditLimit(ContractRevert):
    """The seller would have more guarantees held than its credit allows."""

    account: str
    held: int
    limit: int

    signature = "EnergyLedger_OverCreditLimit(address,uint256,uint256)"
    fields = ("account", "held", "limit")
    meaning = "the seller would have more guarantees held than its credit allows"


class ReceivedLess(ContractRevert):
    """The asset transferred less than was asked."""

    received: int
    asked: int

    signature = "EnergyLedger_ReceivedLess(uint256,uint256)"
    fields = ("received", "asked")
    meaning = "the asset transferred less than was asked"


class RoleMissing(ContractRevert):
    """The account does not have the role that this needs."""

    account: str
    roles: int
    needed: int

    signature = "EnergyLedger_RoleMissing(address,uint256,uint256)"
    fields = ("account", "roles", "needed")
    meaning = "the account does not have the role that this needs"


class Suspended(ContractRevert):
    """The DSO has suspended the account."""

    account: str

    signature = "EnergyLedger_Suspended(address)"
    fields = ("account",)
    meaning = "the DSO has suspended the account"


class TooMuch(ContractRevert):
    """The ledger would hold more units than it can count."""

    balance: int
    max: int

    signature = "EnergyLedger_TooMuch(uint256,uint256)"
    fields = ("balance", "max")
    meaning = "the ledger would hold more units than it can count"


class WrongValue(ContractRevert):
    """The coin sent with the call must be the amount on a native ledger, and zero on an ERC-20 ledger."""

    sent: int
    needed: int

    signature = "EnergyLedger_WrongValue(uint256,uint256)"
    fields = ("sent", "needed")
    meaning = (
        "the coin sent with the call must be the amount on a native ledger, and zero on an ERC-20 ledger"
    )


class ZeroAddress(ContractRevert):
    """This address must not be zero."""

    name: str

    signature = "EnergyLedger_ZeroAddress(string)"
    fields = ("name",)
    meaning = "this address must not be zero"


class ZeroAmount(ContractRevert):
    """The amount must not be zero."""

    signature = "EnergyLedger_ZeroAmount()"
    fields = ()
    meaning = "the amount must not be zero"


class BadSigner(ContractRevert):
    """A signer must be an address (20 bytes), or the address of a verifier and a key (more than 20
    bytes)."""

    signer: bytes

    signature = "MeterRegistry_BadSigner(bytes)"
    fields = ("signer",)
    meaning = (
        "a signer must be an address (20 bytes), or the address of a verifier and a key (more than 20 bytes)"
    )


class EpochOver(ContractRevert):
    """The epoch is over."""

    epoch: int
    current_epoch: int

    signature = "MeterRegistry_EpochOver(uint256,uint256)"
    fields = ("epoch", "current_epoch")
    meaning = "the epoch is over"


class NoMeter(ContractRevert):
    """The account has no meter to remove."""

    account: str

    signature = "MeterRegistry_NoMeter(address)"
    fields = ("account",)
    meaning = "the account has no meter to remove"


class NoRoot(ContractRevert):
    """The epoch has no root to revoke."""

    epoch: int

    signature = "MeterRegistry_NoRoot(uint256)"
    fields = ("epoch",)
    meaning = "the epoch has no root to revoke"


class RootExists(ContractRevert):
    """The epoch has a root already, which must be revoked before another is published."""

    epoch: int
    root: bytes

    signature = "MeterRegistry_RootExists(uint256,bytes32)"
    fields = ("epoch", "root")
    meaning = "the epoch has a root already, which must be revoked before another is published"


class ZeroRoot(ContractRevert):
    """A root must not be zero."""

    signature = "MeterRegistry_ZeroRoot()"
    fields = ()
    meaning = "a root must not be zero"


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
    """A constructor argument is outside its range."""

    name: str
    given: int
    min: int
    max: int

    signature = "Range_Outside(string,uint256,uint256,uint256)"
    fields = ("name", "given", "min", "max")
    meaning = "a constructor argument is outside its range"


class Reentrancy(ContractRevert):
    """The contract gives no reason."""

    signature = "Reentrancy()"
    fields = ()
    meaning = ""


class BadFee(ContractRevert):
    """A fee needs a relayer who gets it, and the ledger must be able to count it."""

    relayer: str
    fee: int
    max_fee: int

    signature = "RelayLib_BadFee(address,uint256,uint256)"
    fields = ("relayer", "fee", "max_fee")
    meaning = "a fee needs a relayer who gets it, and the ledger must be able to count it"


class NotSigned(ContractRevert):
    """The account did not sign this order."""

    account: str

    signature = "RelayLib_NotSigned(address)"
    fields = ("account",)
    meaning = "the account did not sign this order"


class OrderExpired(ContractRevert):
    """The order's deadline has come."""

    now_: int
    deadline: int

    signature = "RelayLib_OrderExpired(uint256,uint256)"
    fields = ("now_", "deadline")
    meaning = "the order's deadline has come"


class VerifierStarved(ContractRevert):
    """The verifier did not confirm the signature, but it may have lacked the gas to do so. Send the
    transaction with more gas."""

    verifier: str
    gas_left: int
    needed: int

    signature = "SignerLib_VerifierStarved(address,uint256,uint256)"
    fields = ("verifier", "gas_left", "needed")
    meaning = "the verifier did not confirm the signature, but it may have lacked the gas to do so. Send the transaction with more gas"


class NonceUsed(ContractRevert):
    """The nonce was used or voided before."""

    owner: str
    nonce: int

    signature = "UnorderedNonces_NonceUsed(address,uint256)"
    fields = ("owner", "nonce")
    meaning = "the nonce was used or voided before"


@dataclass(frozen=True)
class AccountOpened(Event):
    """An account was opened and can trade from now on.

    Args:
        account: The account.
        roles: 1 for a producer, 2 for a consumer, 3 for both.
        certificate_hash: keccak256 of the ECQV certificate.
        identity_ciphertext: α of the certificate.
    """

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
    """The DSO reinstated an account: it can commit again.

    Args:
        account: The account.
    """

    account: str

    signature: ClassVar[str] = "AccountReinstated(address)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (("account", "address", True),)


@dataclass(frozen=True)
class AccountSuspended(Event):
    """The DSO suspended an account: it can make no new commitments.

    Args:
        account: The account.
    """

    account: str

    signature: ClassVar[str] = "AccountSuspended(address)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (("account", "address", True),)


@dataclass(frozen=True)
class BanLifted(Event):
    """The DSO lifted a ban: the account can commit again. Its record of defaults stays as it was.

    Args:
        account: The account.
        until: Unix seconds; when the ban would have ended.
        reason: Why the DSO lifted it.
    """

    account: str
    until: int
    reason: str

    signature: ClassVar[str] = "BanLifted(address,uint256,string)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("account", "address", True),
        ("until", "uint256", False),
        ("reason", "string", False),
    )


@dataclass(frozen=True)
class CreditChanged(Event):
    """One credit changed: the buyer's for the cause BuyerDefault, the seller's for SellerDefault and
    Withdrawn. The trade's z was added to the window of sales or purchases, unless the cause is
    Withdrawn.

    Args:
        account: Account whose credit changed.
        change: Packed, from the low bits: cause in 8 bits, old credit E9 in 40, new credit E9
            in 40, z in 8.
    """

    account: str
    change: int

    signature: ClassVar[str] = "CreditChanged(address,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("account", "address", True),
        ("change", "uint256", False),
    )


@dataclass(frozen=True)
class DefaultRecorded(Event):
    """A default was added to an account's record, where it stays for ever. If its trade was agreed at
    or after the last step, it is the next step: the penalty factor doubles, and a ban may follow.
    Otherwise `steps`, `last_step_at` and `banned_until` are what they were.

    Args:
        account: The account.
        cause: SellerDefault or BuyerDefault.
        defaults: How many defaults there are now.
        steps: How many of them escalated.
        last_step_at: Unix seconds of the last step.
        banned_until: Unix seconds; the account can make no new commitment before.
    """

    account: str
    cause: Cause
    defaults: int
    steps: int
    last_step_at: int
    banned_until: int

    signature: ClassVar[str] = "DefaultRecorded(address,uint8,uint256,uint256,uint256,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("account", "address", True),
        ("cause", "uint8", False),
        ("defaults", "uint256", False),
        ("steps", "uint256", False),
        ("last_step_at", "uint256", False),
        ("banned_until", "uint256", False),
    )
    converters: ClassVar[dict[str, Callable[[Any], Any]]] = {"cause": Cause}


@dataclass(frozen=True)
class DeliveryRecorded(Event):
    """A trade was fulfilled, and both credits changed. The trade's z was added to the seller's window
    of sales and to the buyer's window of purchases.

    Args:
        seller: Seller.
        buyer: Buyer.
        change: Packed, from the low bits: the seller's old credit E9 in 40 bits, its new credit
            E9 in 40, the buyer's old credit E9 in 40, its new credit E9 in 40, z in 8.
    """

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
    """Funds came in for an account.

    Args:
        account: Account that got the funds.
        payer: Who paid them in.
        amount: Units of account.
    """

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
    """The one-time keys under a root can be named during an epoch.

    Args:
        epoch: Number of the epoch.
        root: Merkle root of the keys.
        evidence_hash: keccak256 of the published file from which anyone can check the CoE
            signatures (CoE: certificate of existence) again.
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
    """No key of this epoch can be named any more.

    Args:
        epoch: Number of the epoch.
    """

    epoch: int

    signature: ClassVar[str] = "KeyRootRevoked(uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (("epoch", "uint256", True),)


@dataclass(frozen=True)
class MeterRegistered(Event):
    """An account has this meter from now on.

    Args:
        account: The account.
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
    """An account has no meter any more.

    Args:
        account: The account.
    """

    account: str

    signature: ClassVar[str] = "MeterRemoved(address)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (("account", "address", True),)


@dataclass(frozen=True)
class NoncesUsed(Event):
    """Nonces of an owner were used or voided: none of them counts any more.

    Args:
        owner: Account whose nonces they are.
        word: Which 256 nonces: the nonce divided by 256.
        mask: Which of them: bit i stands for the nonce 256 · word + i.
    """

    owner: str
    word: int
    mask: int

    signature: ClassVar[str] = "NoncesUsed(address,uint256,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("owner", "address", True),
        ("word", "uint256", False),
        ("mask", "uint256", False),
    )


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
    """PKG's attestations are signed with a new key from now on.

    Args:
        old_pkg: The key before; zero at deployment.
        new_pkg: The key from now on.
    """

    old_pkg: str
    new_pkg: str

    signature: ClassVar[str] = "PkgChanged(address,address)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("old_pkg", "address", True),
        ("new_pkg", "address", True),
    )


@dataclass(frozen=True)
class RelayFeePaid(Event):
    """A relayer has its fee for orders that it, or somebody in its place, carried out.

    Args:
        relayer: Account that has the fee; it need not be open.
        payer: Account that paid it from its available funds; zero: it came out of a market's
            care, and the market states who paid.
        amount: Units of account.
    """

    relayer: str
    payer: str
    amount: int

    signature: ClassVar[str] = "RelayFeePaid(address,address,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("relayer", "address", True),
        ("payer", "address", True),
        ("amount", "uint256", False),
    )


@dataclass(frozen=True)
class Withdrawn(Event):
    """Funds left an account.

    Args:
        account: Account that they were taken from.
        to: Recipient.
        amount: Units of account.
    """

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
    """Energy ledger. The accounts of the market: their funds (available and held) and their standing
    (roles, credits, recent trades, defaults, ban)."""

    name: ClassVar[str] = "EnergyLedger"
    constructor_types: ClassVar[tuple[str, ...]] = (
        "(address,uint256,address,address,address,address[],uint256,(uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256))",
    )

    def asset(self) -> str:
        """The asset that the ledger settles in.

        Returns:
            ERC-20 token; zero: the native coin.
        """
        answer: str = self._read("ASSET()", (), [], ("address",))
        return answer

    def epoch_seconds(self) -> int:
        """Length of an epoch.

        Returns:
            Seconds.
        """
        answer: int = self._read("EPOCH_SECONDS()", (), [], ("uint256",))
        return answer

    def treasury(self) -> str:
        """The account that gets fees and lost guarantees.

        Returns:
            Its address.
        """
        answer: str = self._read("TREASURY()", (), [], ("address",))
        return answer

    def unit(self) -> int:
        """Base units of the asset in one unit of account.

        Returns:
            1 … 1e18.
        """
        answer: int = self._read("UNIT()", (), [], ("uint256",))
        return answer

    def accept_ownership(self) -> Call[None]:
        """The new owner accepts the ownership transfer."""
        return self._encode("acceptOwnership()", (), [], 0, ())

    def account_of(self, account: str) -> AccountView:
        """Everything about an account.

        Args:
            account: Any address; one that is not open has zeros.

        Returns:
            What the ledger knows about it.
        """
        answer: AccountView = self._read(
            "accountOf(address)",
            ("address",),
            [account],
            (
                "(uint256,bool,bool,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256)",
            ),
            AccountView.from_abi,
        )
        return answer

    def commit(self, seller: str, buyer: str, metered: bool, guarantee: int, payment: int) -> Call[bytes]:
        """Holds a seller's guarantee, takes a buyer's payment into the market's care, or both. Only
        markets may call it. A zero address skips its half.

        Low selector: see `Settlement`. Reverts: `NotMarket`, `RoleMissing`, `Suspended`, `Banned`,
        `Insufficient`, `OverCreditLimit`.

        Args:
            seller: Producer whose guarantee is held.
            buyer: Consumer who pays.
            metered: Whether the buyer's registered meter is asked for.
            guarantee: Units of account moved from the seller's available funds to its held
                funds.
            payment: Units of account taken from the buyer's available funds.

        Returns:
            The buyer's `meter_of` if it was asked for, else zero.

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
        """The constants of the credit model.

        Returns:
            As given to the constructor.
        """
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
        """The root whose keys can be named now.

        Args:
            epoch: Number of an epoch.

        Returns:
            The epoch's root; zero if the epoch is over, has not begun, or has no root.

        Source:
            N-6
        """
        answer: bytes = self._read("currentKeyRoot(uint256)", ("uint256",), [epoch], ("bytes32",))
        return answer

    def deposit(self, account: str, amount: int, *, value: int = 0) -> Call[None]:
        """Pays funds of the caller into an account. An ERC-20 ledger needs an allowance and no coin. A
        native ledger needs exactly amount · UNIT coin with the call.

        Emits `Deposited`. Reverts: `NotOpen`, `ZeroAmount`, `WrongValue`, `ReceivedLess`,
        `TooMuch`. Rounding: none.

        Args:
            account: Open account that gets the funds.
            amount: Units of account.
        """
        return self._encode("deposit(address,uint256)", ("address", "uint256"), [account, amount], value, ())

    def deposit_for(self, order: Deposit, signature: bytes, permit: TokenPermit) -> Call[None]:
        """`deposit` on the signed order of the tokens' owner. Anyone may submit it. The order binds
        whose account gets the funds, so a leftover allowance or a permit that others have seen is
        of no use to them.

        Emits `NoncesUsed` and `Deposited`. Reverts: as `deposit`, `NoPermit` on a native ledger,
        `OrderExpired`, `NotSigned`, `VerifierStarved`, `NonceUsed`. Rounding: none.

        Args:
            order: Whose tokens, how much, for which account and until when.
            signature: The owner's EIP-712 signature (65 or 64 bytes, or ERC-1271).
            permit: A permit in place of an allowance; as in `deposit_with_permit`, one that
                somebody else has used does no harm.

        Source:
            X-4
        """
        return self._encode(
            "depositFor((address,address,uint256,uint256,uint256),bytes,(uint256,uint8,bytes32,bytes32))",
            ("(address,address,uint256,uint256,uint256)", "bytes", "(uint256,uint8,bytes32,bytes32)"),
            [order, signature, permit],
            0,
            (),
        )

    def deposit_with_permit(self, amount: int, deadline: int, v: int, r: bytes, s: bytes) -> Call[None]:
        """Deposits into the caller's account with an ERC-2612 permit in place of an allowance. A
        permit that somebody else has already used does no harm, because the allowance is there
        then.

        Emits `Deposited`. Reverts: as `deposit`, and `NoPermit` on a native ledger. Rounding: none.

        Args:
            amount: Units of account; the permit is for amount · UNIT.
            deadline: Unix seconds; the permit's deadline.
            v: Recovery id of the permit's signature.
            r: First half of the permit's signature.
            s: Second half of the permit's signature.
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
        """Whether a contract may commit and settle.

        Args:
            market: Any address.

        Returns:
            Whether it was named at deployment.
        """
        answer: bool = self._read("isMarket(address)", ("address",), [market], ("bool",))
        return answer

    def lift_ban(self, account: str, reason: str) -> Call[None]:
        """Ends an account's ban before its time. Only the DSO may call it. Credits, windows and the
        number of defaults stay as they are, so that the next default weighs as much as if the ban
        had run.

        Emits `BanLifted`. Reverts: `NoReason`, `NotBanned`, and unless the caller is the owner.

        Args:
            account: Banned account.
            reason: Why, for the log; not empty.

        Source:
            N-7, X-3
        """
        return self._encode("liftBan(address,string)", ("address", "string"), [account, reason], 0, ())

    def may_commit(self, account: str, role: int) -> bool:
        """Whether an account has every one of these roles and is neither suspended nor banned now.

        Args:
            account: Any address.
            role: 1 for a producer, 2 for a consumer; 3 asks for both. For any other number the
                answer is no.

        Returns:
            Whether it may make a new commitment in all of these roles.

        Source:
            X-3
        """
        answer: bool = self._read(
            "mayCommit(address,uint256)", ("address", "uint256"), [account, role], ("bool",)
        )
        return answer

    def meter_of(self, account: str) -> bytes:
        """The meter of an account.

        Args:
            account: Any address.

        Returns:
            keccak256 of the meter's ERC-7913 signer; zero if the account has none.

        Source:
            N-3
        """
        answer: bytes = self._read("meterOf(address)", ("address",), [account], ("bytes32",))
        return answer

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

    def open_account(
        self, a: AccountAttestation, pkg_signature: bytes, account_signature: bytes
    ) -> Call[None]:
        """Opens an account from a signed PKG attestation, with the consent of the account. Otherwise
        PKG could open anybody's address with roles of its choice, for ever. Anyone may submit both
        signatures; an account that submits the attestation itself needs no second one. It works
        once, because an account opens once.

        Emits `AccountOpened`. Reverts: `AttestationExpired`, `BadRoles`, `ZeroAddress`,
        `IsTreasury`, `AlreadyOpen`, `BadAttestation`, `NoConsent`.

        Args:
            pkg_signature: PKG's EIP-712 signature (65 or 64 bytes, or ERC-1271).
            account_signature: The account's signature of the same digest (65 or 64 bytes, or
                ERC-1271). It is not looked at, and may be empty, if the caller is the account.

        Source:
            C-2, X-4
        """
        return self._encode(
            "openAccount((address,uint256,bytes32,bytes,uint256),bytes,bytes)",
            ("(address,uint256,bytes32,bytes,uint256)", "bytes", "bytes"),
            [a, pkg_signature, account_signature],
            0,
            (),
        )

    def open_limit(self, credit_e9: int) -> int:
        """Guarantee that a seller of this credit may have held at once. It grows with the credit.

        Rounding: down.

        Args:
            credit_e9: Seller's credit, scale 1e9, below 2**40 as every account's is.

        Returns:
            Units of account.

        Source:
            X-2
        """
        answer: int = self._read("openLimit(uint256)", ("uint256",), [credit_e9], ("uint256",))
        return answer

    def owner(self) -> str:
        """Returns the address of the current owner."""
        answer: str = self._read("owner()", (), [], ("address",))
        return answer

    def pay_fee(self, relayer: str, amount: int, payer: str) -> Call[None]:
        """Pays a relayer for orders that were carried out. Only markets may call it. The relayer needs
        no account: it can withdraw what it was paid.

        High selector: see `Settlement`. Emits `RelayFeePaid`. A market that passes no payer has
        taken the amount with `commit` or `pay_owed`, on top of the price. Reverts: `NotMarket`,
        `Insufficient`. Rounding: none.

        Args:
            relayer: Account that gets the fee.
            amount: Units of account.
            payer: Account that pays from its available funds, whatever its standing; zero: the
                market has the fee in its care.

        Source:
            N-8
        """
        return self._encode(
            "payFee(address,uint256,address)",
            ("address", "uint256", "address"),
            [relayer, amount, payer],
            0,
            (),
        )

    def pay_owed(self, buyer: str, metered: bool, payment: int) -> Call[bytes]:
        """Takes a payment into the market's care that the buyer promised before, such as that of an
        award. Only markets may call it. Unlike `commit` it takes the payment of a banned buyer too:
        a ban stops new commitments, and refusing what is owed would make one default into two.

        Reverts: `NotMarket`, `RoleMissing`, `Suspended`, `Insufficient`. A function of its own,
        because a flag of `commit` would cost every trade gas.

        Args:
            buyer: Consumer who pays.
            metered: Whether the buyer's registered meter is asked for.
            payment: Units of account taken from the buyer's available funds.

        Returns:
            The buyer's `meter_of` if it was asked for, else zero.

        Source:
            X-3, X-7
        """
        return self._encode(
            "payOwed(address,bool,uint256)",
            ("address", "bool", "uint256"),
            [buyer, metered, payment],
            0,
            ("bytes32",),
        )

    def pending_owner(self) -> str:
        """Returns the address of the pending owner."""
        answer: str = self._read("pendingOwner()", (), [], ("address",))
        return answer

    def pkg(self) -> str:
        """The key that PKG's attestations are signed with.

        Returns:
            Account or ERC-1271 contract.
        """
        answer: str = self._read("pkg()", (), [], ("address",))
        return answer

    def publish_key_root(self, epoch: int, root: bytes, evidence_hash: bytes) -> Call[None]:
        """Admits the one-time keys of an epoch. Only the DSO may call it.

        Emits `KeyRootPublished`. Reverts: `ZeroRoot`, `RootExists`, `EpochOver`, and unless the
        caller is the owner.

        Args:
            epoch: Number of the epoch, block.timestamp / EPOCH_SECONDS; the current one or a
                later one.
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
        """Names an account's meter, in place of an earlier one. Only the DSO may call it.

        Emits `MeterRegistered`. Reverts: `BadSigner`, and unless the caller is the owner.

        Args:
            account: Account whose deliveries the meter will prove.
            signer: ERC-7913 signer: a 20-byte address, or the address of a verifier followed by
                the key.

        Source:
            N-3
        """
        return self._encode("registerMeter(address,bytes)", ("address", "bytes"), [account, signer], 0, ())

    def reinstate(self, accounts: Sequence[str]) -> Call[None]:
        """Ends suspensions. Only the DSO may call it.

        Emits `AccountReinstated` for each account. Reverts: `NotSuspended`, and unless the caller
        is the owner.

        Args:
            accounts: Suspended accounts.

        Source:
            C-10
        """
        return self._encode("reinstate(address[])", ("address[]",), [accounts], 0, ())

    def remove_meter(self, account: str) -> Call[None]:
        """Removes an account's meter. Trades that named it keep it. Only the DSO may call it.

        Emits `MeterRemoved`. Reverts: `NoMeter`, and unless the caller is the owner.

        Args:
            account: Account that has a meter.

        Source:
            N-3
        """
        return self._encode("removeMeter(address)", ("address",), [account], 0, ())

    def renounce_ownership(self) -> Call[None]:
        """Leaves the contract without owner. It will not be possible to call `onlyOwner` functions.
        Can only be called by the current owner. NOTE: Renouncing ownership will leave the contract
        without an owner, thereby disabling any functionality that is only available to the owner.
        """
        return self._encode("renounceOwnership()", (), [], 0, ())

    def revoke_key_root(self, epoch: int) -> Call[None]:
        """Stops an epoch's keys from being named. Only the DSO may call it.

        Emits `KeyRootRevoked`. Reverts: `NoRoot`, and unless the caller is the owner.

        Args:
            epoch: Number of an epoch that has a root.

        Source:
            N-6
        """
        return self._encode("revokeKeyRoot(uint256)", ("uint256",), [epoch], 0, ())

    def set_pkg(self, new_pkg: str) -> Call[None]:
        """Replaces PKG's key. Only the DSO may call it. Attestations signed with the old key are void
        at once.

        Emits `PkgChanged`. Reverts: `ZeroAddress`, and unless the caller is the owner.

        Args:
            new_pkg: Account or ERC-1271 contract.

        Source:
            C-2
        """
        return self._encode("setPkg(address)", ("address",), [new_pkg], 0, ())

    def settle(self, s: Settlement) -> Call[None]:
        """Ends a commitment: moves the money and records the outcome. Only markets may call it. A
        default of a buyer who is suspended at this time is not recorded, because that buyer could
        not pay.

        Emits `DeliveryRecorded`, or `CreditChanged` for a default or withdrawal, and
        `DefaultRecorded` for a default. It never reverts for a settlement whose sums the market
        keeps. Reverts: `NotMarket`. Rounding: credits and z down.

        Source:
            X-1, X-2, X-3, N-7
        """
        return self._encode(
            "settle((address,uint256,uint256,address,uint256,uint8,uint256,uint256,uint256))",
            ("(address,uint256,uint256,address,uint256,uint8,uint256,uint256,uint256)",),
            [s],
            0,
            (),
        )

    def suspend(self, accounts: Sequence[str]) -> Call[None]:
        """Keeps accounts from new commitments, for instance all accounts of a traced person. Only the
        DSO may call it. The funds stay the accounts' own and can be withdrawn.

        Emits `AccountSuspended` for each account. Reverts: `NotOpen`, and unless the caller is the
        owner.

        Args:
            accounts: Open accounts.

        Source:
            C-10
        """
        return self._encode("suspend(address[])", ("address[]",), [accounts], 0, ())

    def transfer(self, buyer: str, seller: str, amount: int) -> Call[None]:
        """Moves available funds from a buyer to a seller, for something that changes hands at once.
        Only markets may call it. It records no outcome, because nothing was promised.

        The market logs it. Reverts: `NotMarket`, `RoleMissing`, `Suspended`, `Banned`,
        `Insufficient`.

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

    def withdraw(self, to: str, amount: int) -> Call[None]:
        """Sends available funds of the caller to any recipient. Suspended and banned accounts and the
        treasury may withdraw too.

        Emits `Withdrawn`. Reverts: `ZeroAmount`, `BadRecipient`, `Insufficient`. Rounding: none.

        Args:
            to: Recipient.
            amount: Units of account.
        """
        return self._encode("withdraw(address,uint256)", ("address", "uint256"), [to, amount], 0, ())

    def withdraw_for(self, order: Withdrawal, signature: bytes) -> Call[None]:
        """`withdraw` on the account's signed order. Anyone may submit it; the fee goes to the relayer
        who is named in it. It works once.

        Emits `NoncesUsed`, `Withdrawn` and, with a fee, `RelayFeePaid`. Reverts: as `withdraw`,
        `OrderExpired`, `BadFee`, `NotSigned`, `VerifierStarved`, `NonceUsed`. Rounding: none.

        Args:
            order: Whose funds, how much, to whom, until when and for which fee.
            signature: The account's EIP-712 signature (65 or 64 bytes, or ERC-1271).

        Source:
            N-8
        """
        return self._encode(
            "withdrawFor((address,address,uint256,uint256,uint256,address,uint256),bytes)",
            ("(address,address,uint256,uint256,uint256,address,uint256)", "bytes"),
            [order, signature],
            0,
            (),
        )
