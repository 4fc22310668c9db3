"""The accounts: who may trade, whose money is where, whose meter is whose, and how everybody has behaved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from eth_utils.crypto import keccak

from energy_trading.rules.context import Context
from energy_trading.rules.credit import (
    Standing,
    bought,
    buyer_default,
    check_parameters,
    new_standing,
    open_limit,
    seller_default,
    sold,
    withdrawn,
    z_of,
)
from energy_trading.rules.refused import Refused as Refused
from energy_trading.rules.relay import UnorderedNonces, check_fee, check_time
from energy_trading.rules.settlement import Split
from energy_trading.rules.signers import Signers
from energy_trading.types import (
    MAX_UNITS,
    ZERO_ADDRESS,
    AccountAttestation,
    AccountView,
    CreditParameters,
    Deposit,
    Domain,
    LedgerParameters,
    Outcome,
    Role,
    TokenPermit,
    Withdrawal,
)


class Token(Protocol):
    """An ERC-20 token that a ledger settles in; amounts are in base units."""

    def balance_of(self, account: str) -> int:
        """Return what an account owns."""

    def transfer(self, to: str, amount: int) -> bool:
        """Move tokens of the ledger; return False where the token refuses."""

    def transfer_from(self, payer: str, amount: int) -> bool:
        """Draw tokens of a payer into the ledger; return False where the token refuses."""

    def permit(self, owner: str, amount: int, deadline: int, v: int, r: bytes, s: bytes) -> None:
        """Let the ledger draw an amount of the owner's (ERC-2612); a bad permit changes nothing."""

    def undone_if_refused(self) -> AbstractContextManager[None]:
        """Return a context that undoes what happened inside it if it ends with `Refused`."""


@dataclass(frozen=True)
class Account:
    """An account with its funds and its standing.

    Args:
        roles: bit 0 producer, bit 1 consumer; 0: not open.
        suspended: whether the DSO (distribution system operator) keeps it from new commitments.
        available: units that can be withdrawn or committed.
        held: units of guarantee in open offers and trades.
        standing: credits, recent trades, defaults, ban.
    """

    roles: int
    suspended: bool
    available: int
    held: int
    standing: Standing

    def view(self) -> AccountView:
        """Return the account as the ledger's `account_of` shows it."""
        own = vars(self) | vars(self.standing) | {"open": self.roles != 0}
        return AccountView(*(own[name] for name in AccountView.__abi__))


UNOPENED: Final = Account(0, False, 0, 0, Standing(0, 0))
"""An account that nobody has opened and nobody has paid."""


def opened(account: Account, roles: int, constants: CreditParameters) -> Account:
    """Return an account with its roles and the lowest credit."""
    return replace(account, roles=roles, standing=new_standing(constants))


class Ledger(UnorderedNonces):
    """The accounts and the meters.

    Every step is given its `Context` first, and raises `Refused` where it is refused. Money is counted in
    units of account.

    Args:
        parameters: what is fixed when a ledger begins; its owner is the DSO, and its first PKG (private key
            generator) attests accounts.
        domain: where the ledger is, which attestations are signed for.
        token: what it settles in; None: the native coin.
        signers: contracts that judge signatures.

    Raises:
        BadInput: a constant of the credit model is out of its range.
    """

    def __init__(
        self,
        parameters: LedgerParameters,
        domain: Domain,
        token: Token | None = None,
        signers: Signers | None = None,
    ) -> None:
        super().__init__(domain, Signers() if signers is None else signers)
        check_parameters(parameters.credit)
        self.constants = parameters.credit
        self.owner, self.pkg, self.treasury = parameters.owner, parameters.pkg, parameters.treasury
        self.unit, self.epoch_seconds = parameters.unit, parameters.epoch_seconds
        self.markets = tuple(parameters.markets)
        self.address = domain.verifying_contract
        self.token = token
        #: native coin of the ledger, in base units; stays 0 where it settles in a token
        self.coin = 0
        self.accounts: dict[str, Account] = {}
        self.meters: dict[str, bytes] = {}
        self.roots: dict[int, bytes] = {}

    # ------------------------------------------------------------ accounts

    def open_account(
        self,
        ctx: Context,
        attestation: AccountAttestation,
        pkg_signature: bytes,
        account_signature: bytes,
    ) -> None:
        """Open an account, with the lowest credit, by PKG's attestation and the account's consent (C-2, X-4).

        Anyone may submit both signatures; one of the account is needed only if somebody else submits.

        Refused if the attestation's deadline has come, the roles are not producer, consumer or both, the
        account is zero, the ledger's own, the treasury or open already, PKG did not sign, or the account
        neither signed nor is the caller.
        """
        account, pkg = attestation.account, self.pkg
        if ctx.now >= attestation.deadline:
            raise Refused("EnergyLedger_AttestationExpired", ctx.now, attestation.deadline)
        if not 0 < attestation.roles <= Role.PROSUMER:
            raise Refused("EnergyLedger_BadRoles", attestation.roles, Role.PROSUMER)
        if account in (ZERO_ADDRESS, self.address):
            raise Refused("EnergyLedger_ZeroAddress", "account")
        if account == self.treasury:
            raise Refused("EnergyLedger_IsTreasury", account)
        if self.account(account).roles:
            raise Refused("EnergyLedger_AlreadyOpen", account)
        digest = self.domain.digest(attestation)
        if not self.signers.is_accounts(pkg, digest, pkg_signature):
            raise Refused("EnergyLedger_BadAttestation", account, pkg)
        if ctx.sender != account and not self.signers.is_accounts(account, digest, account_signature):
            raise Refused("EnergyLedger_NoConsent", account)
        self.accounts[account] = opened(self.account(account), attestation.roles, self.constants)

    def suspend(self, ctx: Context, accounts: Sequence[str]) -> None:
        """Keep accounts from new commitments. Their funds stay theirs (C-10).

        Refused if the caller is not the DSO, or an account is not open.
        """
        self._require_owner(ctx)
        for account in accounts:
            self._require_open(account)
        for account in accounts:
            self.accounts[account] = replace(self.account(account), suspended=True)

    def reinstate(self, ctx: Context, accounts: Sequence[str]) -> None:
        """Take suspensions back (C-10).

        Refused if the caller is not the DSO, or an account is not suspended; one that is named twice is not
        suspended the second time.
        """
        self._require_owner(ctx)
        for place, account in enumerate(accounts):
            if not self.account(account).suspended or account in accounts[:place]:
                raise Refused("EnergyLedger_NotSuspended", account)
        for account in accounts:
            self.accounts[account] = replace(self.account(account), suspended=False)

    def lift_ban(self, ctx: Context, account: str, reason: str) -> None:
        """End a ban before its time; the record of defaults stays (N-7, X-3).

        Refused if the caller is not the DSO, there is no reason, or the account is not banned now.
        """
        self._require_owner(ctx)
        if not reason:
            raise Refused("EnergyLedger_NoReason")
        found = self.account(account)
        if ctx.now >= found.standing.banned_until:
            raise Refused("EnergyLedger_NotBanned", account, found.standing.banned_until)
        self.accounts[account] = replace(found, standing=replace(found.standing, banned_until=0))

    # ------------------------------------------------------------ meters

    def register_meter(self, ctx: Context, account: str, signer: bytes) -> None:
        """Name an account's meter, an ERC-7913 signer, in place of an earlier one (N-3).

        Refused if the caller is not the DSO, or the signer does not begin with an address other than zero.
        """
        self._require_owner(ctx)
        if len(signer) < 20 or not any(signer[:20]):
            raise Refused("MeterRegistry_BadSigner", signer)
        self.meters[account] = keccak(signer)

    def remove_meter(self, ctx: Context, account: str) -> None:
        """Take an account's meter away; trades that named it keep it (N-3).

        Refused if the caller is not the DSO, or the account has no meter.
        """
        self._require_owner(ctx)
        if account not in self.meters:
            raise Refused("MeterRegistry_NoMeter", account)
        del self.meters[account]

    def publish_key_root(self, ctx: Context, epoch: int, root: bytes, evidence_hash: bytes) -> None:
        """Admit the one-time keys of an epoch (N-6).

        Refused if the caller is not the DSO, the root is zero, or the epoch has a root or is over.

        Args:
            epoch: number of the epoch: the time divided by its length.
            root: 32 bytes, Merkle root over the keys' leaves.
            evidence_hash: 32 bytes, hash of the published evidence; it decides nothing here.
        """
        self._require_owner(ctx)
        current = ctx.now // self.epoch_seconds
        if not any(root):
            raise Refused("MeterRegistry_ZeroRoot")
        if epoch in self.roots:
            raise Refused("MeterRegistry_RootExists", epoch, self.roots[epoch])
        if epoch < current:
            raise Refused("MeterRegistry_EpochOver", epoch, current)
        self.roots[epoch] = root

    def revoke_key_root(self, ctx: Context, epoch: int) -> None:
        """Stop an epoch's keys from being named (N-6).

        Refused if the caller is not the DSO, or the epoch has no root.
        """
        self._require_owner(ctx)
        if epoch not in self.roots:
            raise Refused("MeterRegistry_NoRoot", epoch)
        del self.roots[epoch]

    # ------------------------------------------------------------ money in and out

    def deposit(self, ctx: Context, account: str, amount: int) -> None:
        """Pay an amount in units into an open account. Anyone may pay (X-4).

        Refused if the account is not open, the amount is 0 or above `MAX_UNITS`, the coin sent along is not
        the amount (or not 0, where the ledger settles in a token), the token refuses or delivers less, or the
        ledger would hold more than `MAX_UNITS`.
        """
        with nullcontext() if self.token is None else self.token.undone_if_refused():
            self._deposit(ctx, ctx.sender, account, amount)

    def deposit_with_permit(
        self, ctx: Context, amount: int, deadline: int, v: int, r: bytes, s: bytes
    ) -> None:
        """Pay tokens into the caller's own account, with a permit in place of an allowance (ERC-2612).

        A permit that is not good refuses nothing: somebody else may have used it, so the allowance decides.

        Refused if the ledger settles in the native coin, or as `deposit` is.

        Args:
            amount: units; the permit is for as many base units of the token.
            deadline: of the permit, unix seconds.
            v, r, s: the permit's signature; r and s have 32 bytes.
        """
        if self.token is None:
            raise Refused("EnergyLedger_NoPermit")
        with self.token.undone_if_refused():
            self._permit(self.token, ctx.sender, amount, TokenPermit(deadline, v, r, s))
            self._deposit(ctx, ctx.sender, ctx.sender, amount)

    def deposit_for(self, ctx: Context, order: Deposit, signature: bytes, permit: TokenPermit) -> None:
        """Pay tokens into an account on the signed order of their owner. Anyone may submit it (X-4).

        Refused if the order's deadline has come, the owner did not sign it, its nonce was used or voided, the
        ledger settles in the native coin, or as `deposit` is.
        """
        check_time(ctx, order.deadline)
        self.check_signed(order.owner, order, signature)
        self.check_nonce(order.owner, order.nonce)
        if self.token is None:
            raise Refused("EnergyLedger_NoPermit")
        with self.token.undone_if_refused():
            self._permit(self.token, order.owner, order.amount, permit)
            self._deposit(ctx, order.owner, order.account, order.amount)
        self.use_nonce(order.owner, order.nonce)

    def withdraw(self, ctx: Context, to: str, amount: int) -> None:
        """Send available units of the caller to an account, whatever the caller's standing (C-10, N-7).

        Refused if the amount is 0 or more than is available, the recipient is zero or the ledger itself, or
        the token refuses.
        """
        self._check_withdrawal(ctx.sender, to, amount, 0)
        self._withdraw(ctx.sender, to, amount)

    def withdraw_for(self, ctx: Context, order: Withdrawal, signature: bytes) -> None:
        """Send available units of an account to a recipient, on the account's signed order.

        Refused if the order's deadline has come, nobody gets its fee, the account did not sign it, its nonce
        was used or voided, less than the fee is available, or as `withdraw` is.
        """
        check_time(ctx, order.deadline)
        check_fee(order.relayer, order.fee)
        self.check_signed(order.account, order, signature)
        self.check_nonce(order.account, order.nonce)
        self._check_withdrawal(order.account, order.to, order.amount, order.fee, order.relayer)
        self._withdraw(order.account, order.to, order.amount)
        self._add(order.account, -order.fee)
        self._add(order.relayer, order.fee)
        self.use_nonce(order.account, order.nonce)

    # ------------------------------------------------------------ views

    def account(self, address: str) -> Account:
        """Return an account, also one that was never touched."""
        return self.accounts.get(address, UNOPENED)

    def account_of(self, account: str) -> AccountView:
        """Return everything about an account."""
        return self.account(account).view()

    def may_commit(self, account: str, role: int, now: int) -> bool:
        """Return whether an account has all of these roles and is neither suspended nor banned (X-3).

        Args:
            account: any address.
            role: 1 producer, 2 consumer, 3 both; for any other number the answer is no.
            now: unix seconds.
        """
        if not 0 < role <= Role.PROSUMER:
            return False
        found = self.account(account)
        return found.roles & role == role and not found.suspended and now >= found.standing.banned_until

    def open_limit(self, credit_e9: int) -> int:
        """Return the guarantee, in units, that a seller of this credit may have held at once (X-2)."""
        return open_limit(credit_e9, self.constants)

    def is_market(self, market: str) -> bool:
        """Return whether a contract may commit and settle."""
        return market != ZERO_ADDRESS and market in self.markets

    def meter_of(self, account: str) -> bytes:
        """Return keccak256 of the meter's signer; zero if the account has none."""
        return self.meters.get(account, bytes(32))

    def current_key_root(self, epoch: int, now: int) -> bytes:
        """Return the root whose keys can be named; zero if the epoch is not the present one or has none."""
        return self.roots.get(epoch, bytes(32)) if now // self.epoch_seconds == epoch else bytes(32)

    # ------------------------------------------------------------ steps of the markets

    def commit(self, seller: str, guarantee: int, buyer: str, payment: int, now: int) -> None:
        """Hold a guarantee of the seller's, take a payment of the buyer's, or both (N-1, N-2).

        The zero address skips its half.

        Refused as `check_commit` is.
        """
        self.check_commit(seller, guarantee, buyer, payment, now)
        if buyer != ZERO_ADDRESS:
            self._add(buyer, -payment)
        if seller != ZERO_ADDRESS:
            self._add(seller, -guarantee, guarantee)

    def check_commit(self, seller: str, guarantee: int, buyer: str, payment: int, now: int) -> None:
        """Refuse what `commit` would refuse, and change nothing.

        Refused if somebody lacks the role, is suspended or banned or has too little available, or the
        seller's credit does not allow so much guarantee at once (X-2, X-3).
        """
        if seller != ZERO_ADDRESS:
            account = self._check_committable(seller, Role.PRODUCER, guarantee, now)
            limit = open_limit(account.standing.seller_credit_e9, self.constants)
            if account.held + guarantee > limit:
                raise Refused("EnergyLedger_OverCreditLimit", seller, account.held + guarantee, limit)
        if buyer != ZERO_ADDRESS:
            self._check_committable(buyer, Role.CONSUMER, payment, now)

    def pay_owed(self, buyer: str, payment: int) -> None:
        """Take a payment that the buyer promised before, also from one who is banned by now (X-3, X-7).

        Refused as `check_owed` is.
        """
        self.check_owed(buyer, payment)
        self._add(buyer, -payment)

    def check_owed(self, buyer: str, payment: int) -> None:
        """Refuse what `pay_owed` would refuse, and change nothing.

        Refused if the buyer lacks the role, is suspended or has too little available.
        """
        self._check_committable(buyer, Role.CONSUMER, payment, None)

    def transfer(self, buyer: str, seller: str, amount: int, now: int) -> None:
        """Pay between two accounts that may trade, for something that changes hands at once (C-8).

        Refused if one of them lacks the role, is suspended or banned, or the buyer has too little.
        """
        self._check_committable(buyer, Role.CONSUMER, amount, now)
        self._check_committable(seller, Role.PRODUCER, 0, now)
        self._add(buyer, -amount)
        self._add(seller, amount)

    def pay_fee(self, relayer: str, amount: int, payer: str) -> None:
        """Pay a relayer, who needs no account, for orders that were carried out.

        Refused if less is available to the payer; for the zero address a market has the amount in its care.
        """
        if payer != ZERO_ADDRESS:
            self.check_fee(payer, amount)
            self._add(payer, -amount)
        self._add(relayer, amount)

    def check_fee(self, payer: str, amount: int) -> None:
        """Refuse a fee that is more than the payer has available."""
        available = self.account(payer).available
        if amount > available:
            raise Refused("EnergyLedger_Insufficient", payer, amount, available)

    def settle(self, seller: str, buyer: str, s: Split, now: int, agreed_at: int | None = None) -> None:
        """End a commitment: move the money and record the outcome.

        A default of a buyer who is suspended is not recorded, because it could not pay. A default escalates
        if the trade was agreed (None: just now) at or after the last that did.

        Source:
            X-1, X-2, X-3, N-7.
        """
        self._add(seller, s.seller_gets, -s.unhold)
        self._add(buyer, s.buyer_gets)
        self._add(self.treasury, s.treasury_gets)
        z, k = z_of(s.value, self.constants), self.constants
        if s.outcome == Outcome.DELIVERED:
            self._record(seller, sold, z, k)
            self._record(buyer, bought, z, k)
        elif s.outcome == Outcome.SELLER_DEFAULT:
            self._record(seller, seller_default, z, now, k, agreed_at)
        elif s.outcome == Outcome.BUYER_DEFAULT and not self.account(buyer).suspended:
            self._record(buyer, buyer_default, z, now, k, agreed_at)
        elif s.outcome == Outcome.WITHDRAWN:
            self._record(seller, withdrawn, k)

    # ------------------------------------------------------------ parts of the above

    def _permit(self, token: Token, owner: str, amount: int, permit: TokenPermit) -> None:
        """Use a permit, if there is one."""
        if permit.v:
            token.permit(owner, amount * self.unit, permit.deadline, permit.v, permit.r, permit.s)

    def _check_withdrawal(self, account: str, to: str, amount: int, fee: int, relayer: str = "") -> None:
        self.check_fee(account, fee)
        if amount == 0:
            raise Refused("EnergyLedger_ZeroAmount")
        if to in (ZERO_ADDRESS, self.address):
            raise Refused("EnergyLedger_BadRecipient", to)
        available = self.account(account).available - (0 if relayer == account else fee)
        if amount > available:
            raise Refused("EnergyLedger_Insufficient", account, amount, available)

    def _withdraw(self, account: str, to: str, amount: int) -> None:
        if self.token is None:
            self.coin -= amount * self.unit
        elif not self.token.transfer(to, amount * self.unit):
            raise Refused("TransferFailed")
        self._add(account, -amount)

    def _deposit(self, ctx: Context, payer: str, account: str, amount: int) -> None:
        self._require_open(account)
        if amount == 0:
            raise Refused("EnergyLedger_ZeroAmount")
        if amount > MAX_UNITS:
            raise Refused("EnergyLedger_TooMuch", amount, MAX_UNITS)
        asked = amount * self.unit
        needed = asked if self.token is None else 0
        if ctx.value != needed:
            raise Refused("EnergyLedger_WrongValue", ctx.value, needed)
        if self.token is None:
            balance = self.coin + asked
        else:
            before = self.token.balance_of(self.address)
            if not self.token.transfer_from(payer, asked):
                raise Refused("TransferFromFailed")
            balance = self.token.balance_of(self.address)
            if balance - before < asked:
                raise Refused("EnergyLedger_ReceivedLess", max(0, balance - before), asked)
        if balance // self.unit > MAX_UNITS:
            raise Refused("EnergyLedger_TooMuch", balance // self.unit, MAX_UNITS)
        self.coin += needed
        self._add(account, amount)

    def _check_committable(self, address: str, role: int, amount: int, now: int | None) -> Account:
        """Return an account that may commit an amount; where no time is given, a ban does not count."""
        account = self.account(address)
        if not account.roles & role:
            raise Refused("EnergyLedger_RoleMissing", address, account.roles, role)
        if account.suspended:
            raise Refused("EnergyLedger_Suspended", address)
        if now is not None and now < account.standing.banned_until:
            raise Refused("EnergyLedger_Banned", address, account.standing.banned_until)
        if amount > account.available:
            raise Refused("EnergyLedger_Insufficient", address, amount, account.available)
        return account

    def _require_owner(self, ctx: Context) -> None:
        if ctx.sender != self.owner:
            raise Refused("OwnableUnauthorizedAccount", ctx.sender)

    def _require_open(self, address: str) -> None:
        if not self.account(address).roles:
            raise Refused("EnergyLedger_NotOpen", address)

    def _add(self, address: str, amount: int, held: int = 0) -> None:
        if amount or held:
            a = self.account(address)
            self.accounts[address] = replace(a, available=a.available + amount, held=a.held + held)

    def _record(self, address: str, change: Callable[..., Standing], *details: Any) -> None:
        account = self.account(address)
        self.accounts[address] = replace(account, standing=change(account.standing, *details))
