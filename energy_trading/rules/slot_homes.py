"""Homes of a slot market, public or private: their funds, caps, meters and orders, and what judges a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from eth_utils.crypto import keccak

from energy_trading.crypto._signatures import recover_address
from energy_trading.rules.context import Context
from energy_trading.rules.council import pay
from energy_trading.rules.lanes import MAX_LANE
from energy_trading.rules.ledger import Ledger, Refused
from energy_trading.rules.slot_pool import row_fits
from energy_trading.types import (
    ZERO_ADDRESS,
    Ack,
    Domain,
    Evidence,
    HomeView,
    Order,
    Reading,
    Result,
    Role,
)

MAX_HOMES: Final = 4096
MAX_SPAN: Final = 96
#: the end of a freeze that nobody knows yet
NO_END: Final = 2**32 - 1


@dataclass(frozen=True)
class Home:
    """A home; the fields are those of `HomeView`, and its meter and nonces through time."""

    account: str
    cap: int
    meter: bytes
    frozen_to: int = 0
    balance: int = 0
    exit_amount: int = 0
    exit_slot: int = 0
    cap_before: int = 0
    cap_since: int = 0
    frozen_from: int = 0
    meter_before: bytes = bytes(32)
    meter_since: int = 0
    torn: bool = False

    def cap_at(self, slot: int) -> int:
        """Return the cap as it was for a slot."""
        return self.cap_before if slot < self.cap_since else self.cap

    def frozen_at(self, slot: int) -> bool:
        """Return whether the home was to have no row in a slot."""
        return self.frozen_from <= slot < self.frozen_to

    def meter_at(self, slot: int) -> bytes:
        """Return the meter as it was for a slot."""
        return self.meter_before if slot < self.meter_since else self.meter


@dataclass(frozen=True)
class Revocation:
    """Least nonce that counts from a slot on, and the one before."""

    nonce: int = 0
    before: int = 0
    since: int = 0


class SlotHomes:
    """All homes of one slot market over one ledger.

    Every step is given its `Context` first, and raises `Refused` where it is refused.

    Args:
        slot_seconds: length of a slot.
        domain: where the market is, which orders, readings, results and acknowledgements are signed for.
        ledger: where the money is.
        frontier: first slot that is not final.
    """

    def __init__(self, slot_seconds: int, domain: Domain, ledger: Ledger, frontier: int) -> None:
        self.slot_seconds = slot_seconds
        self.domain = domain
        self.ledger = ledger
        self.homes: list[Home] = []
        self.numbers: dict[str, int] = {}
        self.revocations: dict[str, Revocation] = {}
        self.owed: dict[str, int] = {}
        self.locked = 0
        self.frontier = frontier

    # ------------------------------------------------------------ homes

    def join(self, ctx: Context, cap: int) -> int:
        """Give the caller a home, which has rows as soon as it has an order (Z-4)."""
        home = len(self.homes)
        if ctx.sender in self.numbers:
            raise Refused("SlotMarket_AlreadyJoined", ctx.sender, self.numbers[ctx.sender])
        if home == MAX_HOMES:
            raise Refused("SlotMarket_TooManyHomes", home + 1, MAX_HOMES)
        _check_amount(cap, 0, 2**56 - 1)
        if not self._may_commit(ctx.sender, ctx.now):
            raise Refused("SlotMarket_MayNotCommit", ctx.sender)
        meter = self.ledger.meter_of(ctx.sender)
        if meter == bytes(32):
            raise Refused("SlotMarket_NoMeter", ctx.sender)
        self._before_join(ctx)
        self.homes.append(Home(ctx.sender, cap, meter))
        self.numbers[ctx.sender] = home
        return home

    def lock(self, ctx: Context, amount: int) -> None:
        """Lock funds of the caller for its home (Z-5)."""
        home = self.home_number(ctx.sender)
        _check_amount(amount, 1, MAX_LANE - self.locked)
        self.ledger.commit(ZERO_ADDRESS, 0, ctx.sender, amount, ctx.now)
        self.locked += amount
        self._change(home, balance=self.homes[home].balance + amount)

    def request_exit(self, ctx: Context, amount: int) -> None:
        """Ask for locked funds, in place of an earlier request (Z-5)."""
        home = self.home_number(ctx.sender)
        _check_amount(amount, 0, MAX_LANE)
        self._change(home, exit_amount=amount, exit_slot=self._next(ctx) - 1)

    def withdraw(self, ctx: Context, home: int) -> None:
        """Pay a requested exit once every slot up to the request is final (Z-5)."""
        found = self._home(home)
        if not found.exit_amount:
            raise Refused("SlotMarket_NoExit", home)
        if found.exit_slot >= self.frontier:
            raise Refused("SlotMarket_ExitNotDue", found.exit_slot, self.frontier)
        amount = min(found.exit_amount, found.balance)
        self._change(home, balance=found.balance - amount, exit_amount=0, exit_slot=0)
        self.locked -= amount
        pay(self.ledger, found.account, amount, ctx.now)

    def set_cap(self, ctx: Context, cap: int) -> None:
        """Change the caller's cap from the next slot on (Z-7)."""
        home = self.home_number(ctx.sender)
        _check_amount(cap, 0, 2**56 - 1)
        found, after = self.homes[home], self._next(ctx)
        if found.cap_since != after:
            self._check_settled(found.cap_since)
            self._change(home, cap_before=found.cap, cap_since=after)
        self._change(home, cap=cap)

    def freeze(self, ctx: Context, home: int) -> None:
        """Keep a home from the slots to come because its account may not commit (Z-6)."""
        found = self._home(home)
        if self._may_commit(found.account, ctx.now):
            raise Refused("SlotMarket_MayCommit", found.account)
        if found.frozen_to == NO_END:
            raise Refused("SlotMarket_AlreadyFrozen", home)
        self._freeze(ctx, home)

    def unfreeze(self, ctx: Context, home: int) -> None:
        """End a freeze from the next slot on (Z-6)."""
        found = self._home(home)
        if found.frozen_to != NO_END:
            raise Refused("SlotMarket_NotFrozen", home)
        if found.torn:
            raise Refused("SlotMarket_MeterTorn", home)
        if not self._may_commit(found.account, ctx.now):
            raise Refused("SlotMarket_MayNotCommit", found.account)
        self._change(home, frozen_to=self._next(ctx))

    def update_meter(self, ctx: Context, home: int) -> None:
        """Take over another meter from the ledger; it counts from the next slot on (Z-7)."""
        found = self._home(home)
        meter = self.ledger.meter_of(found.account)
        if meter == found.meter:
            raise Refused("SlotMarket_SameMeter", found.account, meter)
        after = self._next(ctx)
        if found.meter_since != after:
            self._check_settled(found.meter_since)
            self._change(home, meter_before=found.meter, meter_since=after)
        self._change(home, meter=meter, torn=False)

    def revoke_below(self, ctx: Context, nonce: int) -> None:
        """Revoke the caller's orders with a lower nonce, from the next slot on (Z-7)."""
        found = self.revocations.get(ctx.sender, Revocation())
        if not found.nonce < nonce < 2**64:
            raise Refused("SlotMarket_BadNonce", nonce, found.nonce + 1)
        after = self._next(ctx)
        if found.since != after:
            self._check_settled(found.since)
            found = replace(found, before=found.nonce, since=after)
        self.revocations[ctx.sender] = replace(found, nonce=nonce)

    def two_readings(
        self,
        ctx: Context,
        home: int,
        first: Reading,
        second: Reading,
        meter: bytes,
        first_signature: bytes,
        second_signature: bytes,
    ) -> None:
        """Freeze a home whose meter signed two readings for one slot (Z-7)."""
        found, slot = self._home(home), first.slot
        if (first.account, second.account, second.slot) != (found.account, found.account, slot):
            raise Refused("SlotDisputes_WrongEvidence", slot, home)
        if first.net_wh == second.net_wh:
            raise Refused("SlotDisputes_SameReading", first.net_wh)
        needed = found.meter_at(slot)
        self._check_reading(needed, first, meter, first_signature)
        self._check_reading(needed, second, meter, second_signature)
        if found.torn or found.meter != needed:
            raise Refused("SlotMarket_MeterTorn", home)
        if found.frozen_to != NO_END:
            self._freeze(ctx, home)
        self._change(home, torn=True)

    def collect(self, ctx: Context) -> int:
        """Move what the caller is owed into its funds in the ledger."""
        amount = self.owed.get(ctx.sender, 0)
        if not amount:
            raise Refused("SlotMarket_NothingOwed", ctx.sender)
        self.owed[ctx.sender] = 0
        pay(self.ledger, ctx.sender, amount, ctx.now)
        return amount

    # ------------------------------------------------------------ views

    def home_of(self, home: int) -> HomeView:
        """Return everything about a home."""
        if home >= len(self.homes):
            return HomeView(ZERO_ADDRESS, 0, 0, 0, 0, 0, 0, 0, 0, bytes(32))
        own = vars(self.homes[home])
        return HomeView(*(own[name] for name in HomeView.__abi__))

    def home_number(self, account: str) -> int:
        """Return the number of an account's home."""
        if account not in self.numbers:
            raise Refused("SlotMarket_NotJoined", account)
        return self.numbers[account]

    def min_nonce(self, account: str, slot: int) -> int:
        """Return the least nonce that counts in a slot."""
        found = self.revocations.get(account, Revocation())
        return found.before if slot < found.since else found.nonce

    # ------------------------------------------------------------ parts of the above

    def _before_join(self, ctx: Context) -> None:
        """Note what a market needs to know before a home is given its number."""

    def _check_evidence(self, r: Result, home: int, row: int, e: Evidence, fee: int) -> None:
        found = self.homes[home]
        order, account = e.order, found.account
        _check_about(r.slot, home, account, order, e.reading)
        least = self.min_nonce(account, r.slot)
        if order.nonce < least or not 0 <= order.last_slot - order.first_slot < MAX_SPAN:
            raise Refused("SlotDisputes_BadOrder", order.nonce, least)
        if recover_address(self.domain.digest(order), e.order_signature) != account:
            raise Refused("SlotDisputes_BadSignature", bytes.fromhex(account[2:]))
        self._check_reading(found.meter_at(r.slot), e.reading, e.meter, e.reading_signature)
        budget = min(order.max_spend, found.cap_at(r.slot))
        if not row_fits(row, order, e.reading.net_wh, budget, False, r, fee):
            raise Refused("SlotDisputes_RowDoesNotFit", row)

    def _check_misfill(
        self,
        r: Result,
        signers: Sequence[str],
        home: int,
        row: int,
        order: Order,
        reading: Reading,
        ack: Ack,
        member: int,
        signature: bytes,
        fee: int,
    ) -> None:
        found = self.homes[home]
        _check_about(r.slot, home, found.account, order, reading)
        said = (ack.slot, ack.account, ack.order, ack.reading)
        if said != (r.slot, found.account, order.struct_hash(), reading.struct_hash()):
            raise Refused("SlotDisputes_WrongEvidence", r.slot, home)
        if member >= len(signers):
            raise Refused("SlotDisputes_NotSigner", member, len(signers))
        if recover_address(self.domain.digest(ack), signature) != signers[member]:
            raise Refused("SlotDisputes_BadSignature", bytes.fromhex(signers[member][2:]))
        budget = min(ack.budget, order.max_spend, found.cap_at(r.slot))
        if found.frozen_at(r.slot):
            right = row == 0
        else:
            right = row_fits(row, order, reading.net_wh, budget, True, r, fee)
        if right:
            raise Refused("SlotDisputes_Unjustified", r.slot, home, row)

    def _check_reading(self, needed: bytes, reading: Reading, meter: bytes, signature: bytes) -> None:
        if keccak(meter) != needed:
            raise Refused("SlotDisputes_WrongMeter", keccak(meter), needed)
        if not self.ledger.signers.is_valid(meter, self.domain.digest(reading), signature):
            raise Refused("SlotDisputes_BadSignature", meter)

    def _freeze(self, ctx: Context, home: int) -> None:
        found, after = self.homes[home], self._next(ctx)
        if found.frozen_to < after:
            self._check_settled(found.frozen_to)
            self._change(home, frozen_from=after)
        self._change(home, frozen_to=NO_END)

    def _next(self, ctx: Context) -> int:
        return ctx.now // self.slot_seconds + 1

    def _check_settled(self, since: int) -> None:
        if since > self.frontier:
            raise Refused("SlotMarket_ChangePending", since, self.frontier)

    def _home(self, home: int) -> Home:
        if home >= len(self.homes):
            raise Refused("SlotMarket_NoHome", home, len(self.homes))
        return self.homes[home]

    def _may_commit(self, account: str, now: int) -> bool:
        return any(self.ledger.may_commit(account, role, now) for role in (Role.CONSUMER, Role.PRODUCER))

    def _change(self, home: int, **changes: object) -> None:
        self.homes[home] = replace(self.homes[home], **changes)  # type: ignore[arg-type]

    def _credit(self, account: str, amount: int) -> None:
        if amount:
            self.owed[account] = self.owed.get(account, 0) + amount


def _check_about(slot: int, home: int, account: str, order: Order, reading: Reading) -> None:
    if (order.account, reading.account, reading.slot) != (account, account, slot):
        raise Refused("SlotDisputes_WrongEvidence", slot, home)


def _check_amount(amount: int, least: int, most: int) -> None:
    if not least <= amount <= most:
        raise Refused("SlotMarket_BadAmount", amount, least, most)
