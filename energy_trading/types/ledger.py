"""Structs, enums and messages of the ledger, written by scripts/generate_bindings.py: do not edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar

from energy_trading.types.structs import Message, Struct


@dataclass(frozen=True)
class CreditParameters(Struct):
    """Constants of the credit model (X-1 … X-3). A name that ends in E9 has the scale 1e9.

    Args:
        k1_e9: k1 of eq 3, 1e6 … 10e9.
        k2_e9: k2 of eq 3, 1e6 … 10e9 and at least k1.
        t1_e9: t1 of eq 6, 1e6 … 10e9.
        t2_e9: t2 of eq 6, 1e6 … 10e9 and at least t1.
        z0: Damping of eqs 1 and 2 in z units, 1 … 2**32 - 1.
        profit_e9: L of eqs 4 and 5, 1 … 1e9 - 1.
        window: How many recent trades count, n = m = k of eqs 1, 2, 4; 1 … 10.
        z_unit: Units of account that make z = 1; at least 1.
        floor_e9: Lowest credit and that of a new account, 1e6 … 1e12. Rounding would keep a
            lower one from growing.
        ceiling_e9: Highest credit, floor … 1e12.
        withdrawal_e9: Loss that stands for f(z) when an offer is withdrawn, 0 … 1e9.
        grace_defaults: k of N-7: the first k steps (defaults that escalate) bring no ban, 0 …
            100.
        ban_unit: Seconds that eq 7 calls a day, 60 seconds to ten years.
        max_ban: Longest ban in seconds, ban_unit to ten years.
        open_base: Guarantee in units of account that a seller of the lowest credit may have
            held at once.
        open_per_credit: Units of account that each whole point of credit above the floor adds
            to open_base.
    """

    k1_e9: int
    k2_e9: int
    t1_e9: int
    t2_e9: int
    z0: int
    profit_e9: int
    window: int
    z_unit: int
    floor_e9: int
    ceiling_e9: int
    withdrawal_e9: int
    grace_defaults: int
    ban_unit: int
    max_ban: int
    open_base: int
    open_per_credit: int

    __abi__: ClassVar[tuple[str, ...]] = (
        "k1_e9",
        "k2_e9",
        "t1_e9",
        "t2_e9",
        "z0",
        "profit_e9",
        "window",
        "z_unit",
        "floor_e9",
        "ceiling_e9",
        "withdrawal_e9",
        "grace_defaults",
        "ban_unit",
        "max_ban",
        "open_base",
        "open_per_credit",
    )
    ABI: ClassVar[str] = (
        "(uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256)"
    )

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> CreditParameters:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return CreditParameters(
            values[0],
            values[1],
            values[2],
            values[3],
            values[4],
            values[5],
            values[6],
            values[7],
            values[8],
            values[9],
            values[10],
            values[11],
            values[12],
            values[13],
            values[14],
            values[15],
        )


@dataclass(frozen=True)
class LedgerParameters(Struct):
    """Constructor arguments of the ledger, each with its allowed range.

    Args:
        asset: ERC-20 token to settle in; zero: the native coin.
        unit: Base units of the asset that make one unit of account, 1 … 1e18. All money is
            counted in units of account.
        owner: The DSO: it suspends accounts, registers meters and names PKG's key.
        pkg: First key of PKG (an account or an ERC-1271 contract).
        treasury: Account that gets fees and lost guarantees.
        markets: 1 … 8 contracts that may commit and settle. Those that trade most stand among
            the first four, which are looked at first.
        epoch_seconds: Length of an epoch of one-time keys in seconds, one hour to a year.
        credit: The constants of the credit model.
    """

    asset: str
    unit: int
    owner: str
    pkg: str
    treasury: str
    markets: Sequence[str]
    epoch_seconds: int
    credit: CreditParameters

    __abi__: ClassVar[tuple[str, ...]] = (
        "asset",
        "unit",
        "owner",
        "pkg",
        "treasury",
        "markets",
        "epoch_seconds",
        "credit",
    )
    ABI: ClassVar[str] = (
        "(address,uint256,address,address,address,address[],uint256,(uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256))"
    )

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> LedgerParameters:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return LedgerParameters(
            values[0],
            values[1],
            values[2],
            values[3],
            values[4],
            values[5],
            values[6],
            CreditParameters.from_abi(values[7]),
        )


class Cause(IntEnum):
    """Why a credit changed. `DeliveryRecorded` stands for Sold and Bought at once."""

    NONE = 0
    SOLD = 1
    BOUGHT = 2
    SELLER_DEFAULT = 3
    BUYER_DEFAULT = 4
    WITHDRAWN = 5


@dataclass(frozen=True)
class AccountView(Struct):
    """Everything about an account, in a form for people. Money is in units of account.

    Args:
        roles: 1 for a producer, 2 for a consumer, 3 for both.
        open: Whether PKG has attested the account.
        suspended: Whether the DSO keeps the account from new commitments.
        available: Funds that can be withdrawn or committed.
        held: Guarantees of open offers and trades.
        seller_credit_e9: R^s of eq 3, scale 1e9.
        buyer_credit_e9: R^b of eq 6, scale 1e9.
        defaults: Number of defaults so far; they are never forgotten.
        steps: How many of them escalated: their trades were agreed at or after the step before.
        last_step_at: Unix seconds of the last step; zero if there was none.
        banned_until: Unix seconds; the account can make no new commitment before. Zero if there
            was no ban yet, or the DSO lifted the last one.
        sales: Sizes z of the ten latest sales, 8 bits each, the newest in the lowest bits.
        purchases: Sizes z of the ten latest purchases, 8 bits each, the newest in the lowest
            bits.
    """

    roles: int
    open: bool
    suspended: bool
    available: int
    held: int
    seller_credit_e9: int
    buyer_credit_e9: int
    defaults: int
    steps: int
    last_step_at: int
    banned_until: int
    sales: int
    purchases: int

    __abi__: ClassVar[tuple[str, ...]] = (
        "roles",
        "open",
        "suspended",
        "available",
        "held",
        "seller_credit_e9",
        "buyer_credit_e9",
        "defaults",
        "steps",
        "last_step_at",
        "banned_until",
        "sales",
        "purchases",
    )
    ABI: ClassVar[str] = (
        "(uint256,bool,bool,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256)"
    )

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> AccountView:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return AccountView(
            values[0],
            values[1],
            values[2],
            values[3],
            values[4],
            values[5],
            values[6],
            values[7],
            values[8],
            values[9],
            values[10],
            values[11],
            values[12],
        )


@dataclass(frozen=True)
class Deposit(Struct, Message):
    """An order to pay tokens into an account, by the owner of the tokens. An allowance or a permit
    alone does not say who benefits.

    Args:
        owner: Owner of the tokens.
        account: Open account that gets the funds.
        amount: Units of account.
        nonce: Any number that the owner has not used in the ledger before, see `RelayDesk`.
        deadline: Unix seconds; the order can be carried out while block.timestamp < deadline.
    """

    owner: str
    account: str
    amount: int
    nonce: int
    deadline: int

    __abi__: ClassVar[tuple[str, ...]] = ("owner", "account", "amount", "nonce", "deadline")
    ABI: ClassVar[str] = "(address,address,uint256,uint256,uint256)"
    TYPE: ClassVar[str] = (
        "Deposit(address owner,address account,uint256 amount,uint256 nonce,uint256 deadline)"
    )

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Deposit:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return Deposit(values[0], values[1], values[2], values[3], values[4])


@dataclass(frozen=True)
class TokenPermit(Struct):
    """An ERC-2612 permit of the owner's for the ledger and exactly the amount of the deposit.

    Args:
        deadline: Unix seconds; the permit's deadline.
        v: Recovery id of the permit's signature; zero: there is no permit, the allowance stands
            already.
        r: First half of the permit's signature.
        s: Second half of the permit's signature.
    """

    deadline: int
    v: int
    r: bytes
    s: bytes

    __abi__: ClassVar[tuple[str, ...]] = ("deadline", "v", "r", "s")
    ABI: ClassVar[str] = "(uint256,uint8,bytes32,bytes32)"

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> TokenPermit:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return TokenPermit(values[0], values[1], values[2], values[3])


@dataclass(frozen=True)
class AccountAttestation(Struct, Message):
    """PKG's statement that an account belongs to a certified person (C-2). PKG is the private key
    generator, the authority that certifies people; DSO below is the distribution system operator.

    Args:
        account: Account to open.
        roles: 1 for a producer, 2 for a consumer, 3 for both.
        certificate_hash: keccak256 of the ECQV certificate.
        identity_ciphertext: α of the certificate: the identity, which only PKG and DSO together
            can read.
        deadline: Unix seconds; the statement is valid while block.timestamp < deadline.
    """

    account: str
    roles: int
    certificate_hash: bytes
    identity_ciphertext: bytes
    deadline: int

    __abi__: ClassVar[tuple[str, ...]] = (
        "account",
        "roles",
        "certificate_hash",
        "identity_ciphertext",
        "deadline",
    )
    ABI: ClassVar[str] = "(address,uint256,bytes32,bytes,uint256)"
    TYPE: ClassVar[str] = (
        "AccountAttestation(address account,uint256 roles,bytes32 certificateHash,bytes identityCiphertext,uint256 deadline)"
    )

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> AccountAttestation:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return AccountAttestation(values[0], values[1], values[2], values[3], values[4])


class Outcome(IntEnum):
    """How a commitment ended, as the market reports it."""

    NONE = 0
    DELIVERED = 1
    SELLER_DEFAULT = 2
    BUYER_DEFAULT = 3
    WITHDRAWN = 4


@dataclass(frozen=True)
class Settlement(Struct):
    """How a market ends a commitment. The market must keep the sum: seller_gets + buyer_gets +
    treasury_gets equals `unhold` plus the payment that it took with `commit`. All amounts are in
    units of account.

    Args:
        seller: Account whose guarantee was held.
        unhold: Part of the guarantee that is no longer held.
        seller_gets: What is added to the seller's available funds.
        buyer: Account that paid; zero if nobody did.
        buyer_gets: What is added to the buyer's available funds.
        outcome: What happened, for the credits.
        value: Money value of what was settled. The ledger scales it to the z of the credit
            model.
        agreed_at: Unix seconds at which the trade was agreed. Only a default looks at it: it
            escalates if the trade was agreed at or after the last step.
        treasury_gets: Fee and lost part of the guarantee.
    """

    seller: str
    unhold: int
    seller_gets: int
    buyer: str
    buyer_gets: int
    outcome: Outcome
    value: int
    agreed_at: int
    treasury_gets: int

    __abi__: ClassVar[tuple[str, ...]] = (
        "seller",
        "unhold",
        "seller_gets",
        "buyer",
        "buyer_gets",
        "outcome",
        "value",
        "agreed_at",
        "treasury_gets",
    )
    ABI: ClassVar[str] = "(address,uint256,uint256,address,uint256,uint8,uint256,uint256,uint256)"

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Settlement:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return Settlement(
            values[0],
            values[1],
            values[2],
            values[3],
            values[4],
            Outcome(values[5]),
            values[6],
            values[7],
            values[8],
        )


@dataclass(frozen=True)
class NonceCancellation(Struct, Message):
    """An order to void nonces that were not used yet.

    Args:
        owner: Account whose nonces they are.
        word: Which 256 nonces: the nonce divided by 256.
        mask: Which of them: bit i stands for the nonce 256 · word + i.
        deadline: Unix seconds; the order can be carried out while block.timestamp < deadline.
    """

    owner: str
    word: int
    mask: int
    deadline: int

    __abi__: ClassVar[tuple[str, ...]] = ("owner", "word", "mask", "deadline")
    ABI: ClassVar[str] = "(address,uint256,uint256,uint256)"
    TYPE: ClassVar[str] = "NonceCancellation(address owner,uint256 word,uint256 mask,uint256 deadline)"

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> NonceCancellation:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return NonceCancellation(values[0], values[1], values[2], values[3])


@dataclass(frozen=True)
class Withdrawal(Struct, Message):
    """An order to send available funds to a recipient.

    Args:
        account: Account that they are taken from.
        to: Recipient.
        amount: Units of account that the recipient gets; the fee comes on top.
        nonce: Any number that the account has not used in the ledger before, see `RelayDesk`.
        deadline: Unix seconds; the order can be carried out while block.timestamp < deadline.
        relayer: Account in the ledger that gets the fee, whoever sends the transaction; zero:
            nobody, and the fee is zero.
        fee: Units of account that the account pays to the relayer.
    """

    account: str
    to: str
    amount: int
    nonce: int
    deadline: int
    relayer: str
    fee: int

    __abi__: ClassVar[tuple[str, ...]] = ("account", "to", "amount", "nonce", "deadline", "relayer", "fee")
    ABI: ClassVar[str] = "(address,address,uint256,uint256,uint256,address,uint256)"
    TYPE: ClassVar[str] = (
        "Withdrawal(address account,address to,uint256 amount,uint256 nonce,uint256 deadline,address relayer,uint256 fee)"
    )

    @classmethod
    def from_abi(cls, values: Sequence[Any]) -> Withdrawal:
        """Make the record of decoded values, in the order of the Solidity struct."""
        return Withdrawal(values[0], values[1], values[2], values[3], values[4], values[5], values[6])
