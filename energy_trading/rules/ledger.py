"""The accounts of `EnergyLedger` in integer Python: the same funds, the same refusals in the same order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from energy_trading.errors import RuleBroken
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
from energy_trading.rules.settlement import Split
from energy_trading.types import MAX_UNITS, ZERO_ADDRESS, CreditParameters, Outcome, Role


class Refused(RuleBroken):
    """A rule refused a step, and nothing changed.

    Args:
        rule: name of the Solidity error that says the same.
        values: its fields, in order.
    """

    def __init__(self, rule: str, *values: Any) -> None:
        super().__init__(f"{rule}{values}")
        self.rule = rule
        self.values = values


@dataclass(frozen=True)
class Account:
    """An account as the contract packs it into two slots.

    Args:
        roles: bit 0 producer, bit 1 consumer; 0: not open.
        suspended: whether the DSO keeps it from new commitments.
        available: units that can be withdrawn or committed.
        held: units of guarantee in open offers and trades.
        standing: credits, recent trades, defaults, ban.
    """

    roles: int
    suspended: bool
    available: int
    held: int
    standing: Standing


UNOPENED: Final = Account(0, False, 0, 0, Standing(0, 0))
"""An account that nobody has opened and nobody has paid."""


def opened(account: Account, roles: int, constants: CreditParameters) -> Account:
    """Return an account with its roles and the lowest credit; the treasury keeps its funds."""
    return replace(account, roles=roles, standing=new_standing(constants))


class Ledger:
    """The accounts, the meters and the rules; time and caller come with each call.

    Args:
        constants: of the credit model.
        owner: the DSO.
        treasury: account that gets fees and cut guarantees.
        address: the ledger's own.
        epoch_seconds: length of an epoch of one-time keys.
    """

    def __init__(
        self, constants: CreditParameters, owner: str, treasury: str, address: str, epoch_seconds: int
    ) -> None:
        check_parameters(constants)
        self.constants = constants
        self.owner = owner
        self.treasury = treasury
        self.address = address
        self.epoch_seconds = epoch_seconds
        self.accounts: dict[str, Account] = {}
        self.meters: dict[str, bytes] = {}
        self.roots: dict[int, bytes] = {}

    def account(self, address: str) -> Account:
        """Return an account, also one that was never touched."""
        return self.accounts.get(address, UNOPENED)

    def open(self, address: str, roles: int, deadline: int, attested: bool, pkg: str, now: int) -> None:
        """Open an account on PKG's word.

        Args:
            address: the account.
            roles: bit 0 producer, bit 1 consumer.
            deadline: of the attestation, unix seconds.
            attested: whether the signature is PKG's.
            pkg: PKG's key.
            now: unix seconds.

        Raises:
            Refused: as `EnergyLedger.openAccount`.
        """
        if now >= deadline:
            raise Refused("EnergyLedger_AttestationExpired", now, deadline)
        if not 0 < roles <= Role.PROSUMER:
            raise Refused("EnergyLedger_BadRoles", roles, Role.PROSUMER)
        if address in (ZERO_ADDRESS, self.address):
            raise Refused("EnergyLedger_ZeroAddress", "account")
        if self.account(address).roles:
            raise Refused("EnergyLedger_AlreadyOpen", address)
        if not attested:
            raise Refused("EnergyLedger_BadAttestation", address, pkg)
        self.accounts[address] = opened(self.account(address), roles, self.constants)

    def suspend(self, caller: str, addresses: Sequence[str]) -> None:
        """Keep accounts from new commitments.

        Raises:
            Refused: as `EnergyLedger.suspend`.
        """
        self._owned(caller)
        for address in addresses:
            if not self.account(address).roles:
                raise Refused("EnergyLedger_NotOpen", address)
        for address in addresses:
            self.accounts[address] = replace(self.account(address), suspended=True)

    def reinstate(self, caller: str, addresses: Sequence[str]) -> None:
        """Take suspensions back; one that is named twice is not suspended the second time.

        Raises:
            Refused: as `EnergyLedger.reinstate`.
        """
        self._owned(caller)
        for place, address in enumerate(addresses):
            if not self.account(address).suspended or address in addresses[:place]:
                raise Refused("EnergyLedger_NotSuspended", address)
        for address in addresses:
            self.accounts[address] = replace(self.account(address), suspended=False)

    def register_meter(self, caller: str, address: str, signer: bytes, signer_hash: bytes) -> None:
        """Name an account's meter.

        Raises:
            Refused: as `MeterRegistry.registerMeter`.
        """
        self._owned(caller)
        if len(signer) < 20 or not any(signer[:20]):
            raise Refused("MeterRegistry_BadSigner", signer)
        self.meters[address] = signer_hash

    def remove_meter(self, caller: str, address: str) -> None:
        """Take an account's meter away.

        Raises:
            Refused: as `MeterRegistry.removeMeter`.
        """
        self._owned(caller)
        if address not in self.meters:
            raise Refused("MeterRegistry_NoMeter", address)
        del self.meters[address]

    def publish_key_root(self, caller: str, epoch: int, root: bytes, now: int) -> None:
        """Admit the one-time keys of an epoch.

        Raises:
            Refused: as `MeterRegistry.publishKeyRoot`.
        """
        self._owned(caller)
        if not any(root):
            raise Refused("MeterRegistry_ZeroRoot")
        if epoch in self.roots:
            raise Refused("MeterRegistry_RootExists", epoch, self.roots[epoch])
        if epoch < now // self.epoch_seconds:
            raise Refused("MeterRegistry_EpochOver", epoch, now // self.epoch_seconds)
        self.roots[epoch] = root

    def revoke_key_root(self, caller: str, epoch: int) -> None:
        """Stop an epoch's keys from being named.

        Raises:
            Refused: as `MeterRegistry.revokeKeyRoot`.
        """
        self._owned(caller)
        if epoch not in self.roots:
            raise Refused("MeterRegistry_NoRoot", epoch)
        del self.roots[epoch]

    def current_key_root(self, epoch: int, now: int) -> bytes | None:
        """Return the root whose keys can be named now."""
        return self.roots.get(epoch) if now // self.epoch_seconds == epoch else None

    def deposit(self, address: str, amount: int, value: int, unit: int, balance_after: int) -> None:
        """Bring native coin into an account.

        Args:
            address: open account.
            amount: units.
            value: coin sent, in base units.
            unit: base units in a unit.
            balance_after: the ledger's coin with `value`.

        Raises:
            Refused: as `EnergyLedger.deposit` on a native ledger.
        """
        self._check_deposit(address, amount)
        if value != amount * unit:
            raise Refused("EnergyLedger_WrongValue", value, amount * unit)
        self._receive(address, amount, unit, balance_after)

    def deposit_token(
        self, address: str, amount: int, value: int, unit: int, received: int | None, balance_after: int
    ) -> None:
        """Bring tokens into an account.

        Args:
            address: open account.
            amount: units.
            value: native coin sent along, in wei; allowed is none.
            unit: base units in a unit.
            received: base units by which the ledger's balance grows; None: the token refuses.
            balance_after: the ledger's tokens with them, in base units.

        Raises:
            Refused: as `EnergyLedger.deposit` on a ledger that settles in a token.
        """
        self._check_deposit(address, amount)
        if value:
            raise Refused("EnergyLedger_WrongValue", value, 0)
        if received is None:
            raise Refused("TransferFromFailed")
        if received < amount * unit:
            raise Refused("EnergyLedger_ReceivedLess", received, amount * unit)
        self._receive(address, amount, unit, balance_after)

    def withdraw(self, caller: str, to: str, amount: int, moves: bool = True) -> None:
        """Send available funds of the caller away.

        Args:
            caller: whose funds.
            to: account that gets the asset.
            amount: units.
            moves: whether the token transfers; False: it refuses.

        Raises:
            Refused: as `EnergyLedger.withdraw`.
        """
        if amount == 0:
            raise Refused("EnergyLedger_ZeroAmount")
        if to in (ZERO_ADDRESS, self.address):
            raise Refused("EnergyLedger_BadRecipient", to)
        available = self.account(caller).available
        if amount > available:
            raise Refused("EnergyLedger_Insufficient", caller, amount, available)
        if not moves:
            raise Refused("TransferFailed")
        self._add(caller, -amount)

    def transfer(self, buyer: str, seller: str, amount: int, now: int) -> None:
        """Pay between two accounts that may trade (C-8).

        Raises:
            Refused: as `EnergyLedger.transfer`.
        """
        self._committable(buyer, Role.CONSUMER, amount, now)
        self._committable(seller, Role.PRODUCER, 0, now)
        self._add(buyer, -amount)
        self._add(seller, amount)

    def may_commit(self, address: str, role: int, now: int) -> bool:
        """Return whether an account may promise anything in a role now, as `EnergyLedger.mayCommit`."""
        account = self.account(address)
        is_banned = now < account.standing.banned_until
        return bool(account.roles & role) and not account.suspended and not is_banned

    def commit(self, seller: str, guarantee: int, buyer: str, payment: int, now: int) -> None:
        """Hold a guarantee, take a payment, or both; the zero address skips its half.

        Raises:
            Refused: as `EnergyLedger.commit`.
        """
        if seller != ZERO_ADDRESS:
            account = self._committable(seller, Role.PRODUCER, guarantee, now)
            limit = open_limit(account.standing.seller_credit_e9, self.constants)
            if account.held + guarantee > limit:
                raise Refused("EnergyLedger_OverCreditLimit", seller, account.held + guarantee, limit)
        if buyer != ZERO_ADDRESS:
            self._committable(buyer, Role.CONSUMER, payment, now)
            self._add(buyer, -payment)
        if seller != ZERO_ADDRESS:
            self.accounts[seller] = replace(
                account, available=account.available - guarantee, held=account.held + guarantee
            )

    def settle(self, seller: str, buyer: str, s: Split, now: int) -> None:
        """End a commitment: move the money and record the outcome.

        Source:
            X-1, X-2, X-3, N-7.
        """
        account = self.account(seller)
        self.accounts[seller] = replace(account, held=account.held - s.unhold)
        self._add(seller, s.seller_gets)
        self._add(buyer, s.buyer_gets)
        self._add(self.treasury, s.treasury_gets)
        z, k = z_of(s.value, self.constants), self.constants
        if s.outcome == Outcome.DELIVERED:
            self._stand(seller, sold(self.account(seller).standing, z, k))
            self._stand(buyer, bought(self.account(buyer).standing, z, k))
        elif s.outcome == Outcome.SELLER_DEFAULT:
            self._stand(seller, seller_default(self.account(seller).standing, z, now, k))
        elif s.outcome == Outcome.BUYER_DEFAULT and not self.account(buyer).suspended:  # it could not pay
            self._stand(buyer, buyer_default(self.account(buyer).standing, z, now, k))
        elif s.outcome == Outcome.WITHDRAWN:
            self._stand(seller, withdrawn(self.account(seller).standing, k))

    def _check_deposit(self, address: str, amount: int) -> None:
        if not self.account(address).roles:
            raise Refused("EnergyLedger_NotOpen", address)
        if amount == 0:
            raise Refused("EnergyLedger_ZeroAmount")
        if amount > MAX_UNITS:
            raise Refused("EnergyLedger_TooMuch", amount, MAX_UNITS)

    def _receive(self, address: str, amount: int, unit: int, balance_after: int) -> None:
        if balance_after // unit > MAX_UNITS:
            raise Refused("EnergyLedger_TooMuch", balance_after // unit, MAX_UNITS)
        self._add(address, amount)

    def _committable(self, address: str, role: int, amount: int, now: int) -> Account:
        account = self.account(address)
        if not account.roles & role:
            raise Refused("EnergyLedger_RoleMissing", address, account.roles, role)
        if account.suspended:
            raise Refused("EnergyLedger_Suspended", address)
        if now < account.standing.banned_until:
            raise Refused("EnergyLedger_Banned", address, account.standing.banned_until)
        if amount > account.available:
            raise Refused("EnergyLedger_Insufficient", address, amount, account.available)
        return account

    def _owned(self, caller: str) -> None:
        if caller != self.owner:
            raise Refused("OwnableUnauthorizedAccount", caller)

    def _add(self, address: str, amount: int) -> None:
        if amount:
            account = self.account(address)
            self.accounts[address] = replace(account, available=account.available + amount)

    def _stand(self, address: str, standing: Standing) -> None:
        self.accounts[address] = replace(self.account(address), standing=standing)
