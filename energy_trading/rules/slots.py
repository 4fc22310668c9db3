"""The slot market: homes lock funds, slots are posted, disputed and made final."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from energy_trading.crypto._signatures import recover_address
from energy_trading.rules.context import Context
from energy_trading.rules.council import Council, pay, signers_hash
from energy_trading.rules.lanes import HOMES, MAX_LANE
from energy_trading.rules.ledger import Ledger, Refused
from energy_trading.rules.slot_pool import CHUNK_BYTES, pool_price, row_fits, rows_root, unpack_rows
from energy_trading.types import (
    ZERO_ADDRESS,
    Ack,
    Closing,
    Domain,
    Evidence,
    HomeView,
    Order,
    Posted,
    Reading,
    Result,
    Role,
    RowProof,
    SlotParameters,
    SlotState,
)

MAX_HOMES: Final = 4096
MAX_BATCH: Final = 96
MAX_ADVANCE: Final = 1024
MAX_SPAN: Final = 96
MAX_TOTAL: Final = 2**40 - 1
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
class Record:
    """A posted slot in the ring."""

    slot: int
    posted_at: int
    posted_hash: bytes
    demands: int = 0
    void: bool = False


@dataclass(frozen=True)
class Demand:
    """A demand for order and reading of a row."""

    challenger: str
    deadline: int
    bonded: bool
    open: bool = True


@dataclass(frozen=True)
class Revocation:
    """Least nonce that counts from a slot on, and the one before."""

    nonce: int = 0
    before: int = 0
    since: int = 0


def closing_of(result: Result, signers: bytes) -> Closing:
    """Return a posted slot as `SlotMarket.finalise` shows it.

    Args:
        result: of the slot.
        signers: hash of its signers, see `energy_trading.rules.council.signers_hash`.
    """
    return Closing(result.slot, result.price, result.leader, keccak(result.struct_hash() + signers))


def posted_hash(closing: Closing, rows: bytes) -> bytes:
    """Return what the ring remembers of a posted slot, the lower 20 bytes of the hash.

    Args:
        closing: the slot.
        rows: root of its rows.
    """
    types = ["uint256", "uint256", "address", "bytes32", "bytes32"]
    return keccak(encode(types, [closing.slot, closing.price, closing.leader, rows, closing.rest]))[12:]


class SlotMarket:
    """All homes and slots of one slot market over one ledger.

    Every step is given its `Context` first, and raises `Refused` where it is refused.

    Args:
        parameters: what is fixed when a market begins.
        domain: where the market is, which orders, readings, results and acknowledgements are signed for.
        ledger: where the money is.
        council: whose clusters sign the slots.
        now: time of the deployment, unix seconds.
    """

    def __init__(
        self, parameters: SlotParameters, domain: Domain, ledger: Ledger, council: Council, now: int
    ) -> None:
        self.parameters = parameters
        self.domain = domain
        self.ledger = ledger
        self.council = council
        self.homes: list[Home] = []
        self.numbers: dict[str, int] = {}
        self.revocations: dict[str, Revocation] = {}
        self.ring: dict[int, Record] = {}
        self.demands: dict[tuple[int, int], Demand] = {}
        self.owed: dict[str, int] = {}
        self.locked = 0
        self.frontier = now // parameters.slot_seconds

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

    # ------------------------------------------------------------ temporary

    def post(self, ctx: Context, result: Result, rows: bytes, peers: int, signatures: bytes) -> None:
        """Post a slot (temporary), as the leader of the turn with a quorum of the cluster (Z-2, Z-4)."""
        if ctx.sender != result.leader:
            raise Refused("SlotMarket_NotLeader", ctx.sender, result.leader)
        p, slot = self.parameters, result.slot
        start = self._end(slot)
        if slot < self.frontier or slot >= 2**32 or not start <= ctx.now < start + p.post_seconds:
            raise Refused("SlotMarket_NotNow", slot, self.frontier, ctx.now // p.slot_seconds)
        taken = self.ring.get(slot % p.ring)
        if taken and (taken.slot >= slot or (not taken.void and taken.slot >= self.frontier)):
            raise Refused("SlotMarket_RingTaken", slot, taken.slot)
        self._check_rows(result, rows)
        turn = (ctx.now - start) // p.turn_seconds
        digest = self.domain.digest(result)
        signers = self.council.verify(slot, turn, result.leader, digest, peers, signatures)
        self.ring[slot % p.ring] = Record(
            slot, ctx.now, posted_hash(closing_of(result, signers), result.rows)
        )

    def _check_rows(self, r: Result, rows: bytes) -> None:
        homes, count = len(self.homes), len(rows) // 2
        if not rows or len(rows) % 32 or count >= homes + 16:
            raise Refused("SlotMarket_BadRows", len(rows), homes)
        wh = unpack_rows(rows)
        if any(wh[homes:]):
            raise Refused("SlotMarket_BadRows", len(rows), homes)
        largest = r.supply_wh | r.demand_wh | r.metered_supply_wh | r.metered_demand_wh
        if largest > MAX_TOTAL:
            raise Refused("SlotMarket_BadTotals", largest, MAX_TOTAL)
        p = self.parameters
        price = pool_price(p.pricing, p.retail, p.feed_in, r.metered_supply_wh, r.metered_demand_wh)
        if r.price != price:
            raise Refused("SlotMarket_BadPrice", r.price, price)
        sold, bought = sum(w for w in wh if w > 0), -sum(w for w in wh if w < 0)
        matched = min(r.supply_wh, r.demand_wh)
        if (sold, bought) != (matched, matched):
            raise Refused("SlotMarket_NotCleared", sold, bought, matched)
        if rows_root(rows) != r.rows:
            raise Refused("SlotMarket_WrongRoot", r.rows, rows_root(rows))

    # ------------------------------------------------------------ disputes

    def demand(self, ctx: Context, slot: int, home: int) -> None:
        """Demand order and reading of a row; the home's own demand is free (Z-4)."""
        record = self.ring.get(slot % self.parameters.ring)
        if record is None or record.slot != slot or record.void:
            raise Refused("SlotMarket_NotPosted", slot)
        account = self._home(home).account
        deadline = record.posted_at + self.parameters.window_seconds
        if ctx.now >= deadline:
            raise Refused("SlotMarket_TooLate", ctx.now, deadline)
        if (slot, home) in self.demands:
            raise Refused("SlotMarket_AlreadyDemanded", slot, home)
        bonded = ctx.sender != account
        if bonded:
            self.ledger.commit(ZERO_ADDRESS, 0, ctx.sender, self.parameters.bond, ctx.now)
        deadline = ctx.now + self.parameters.answer_seconds
        self.demands[slot, home] = Demand(ctx.sender, deadline, bonded)
        self._keep(replace(record, demands=record.demands + 1))

    def answer(self, ctx: Context, posted: Posted, home: int, proof: RowProof, evidence: Evidence) -> None:
        """Answer a demand: the row is zero, or follows from this order and this reading (Z-4, Z-7)."""
        slot = posted.result.slot
        record, found = self._facts(posted, home)
        row = self._row_of(posted.result, home, proof)
        if row:
            self._check_evidence(posted.result, home, found, row, evidence)
        demand = self._open_demand(slot, home)
        if ctx.now >= demand.deadline:
            raise Refused("SlotMarket_TooLate", ctx.now, demand.deadline)
        self._keep(replace(record, demands=record.demands - 1))
        self._end_demand(slot, home, ctx.sender)

    def _check_evidence(self, r: Result, home: int, found: Home, row: int, e: Evidence) -> None:
        order, account = e.order, found.account
        _check_about(r.slot, home, account, order, e.reading)
        least = self.min_nonce(account, r.slot)
        if order.nonce < least or not 0 <= order.last_slot - order.first_slot < MAX_SPAN:
            raise Refused("SlotDisputes_BadOrder", order.nonce, least)
        if recover_address(self.domain.digest(order), e.order_signature) != account:
            raise Refused("SlotDisputes_BadSignature", bytes.fromhex(account[2:]))
        self._check_reading(found.meter_at(r.slot), e.reading, e.meter, e.reading_signature)
        budget = min(order.max_spend, found.cap_at(r.slot))
        if not row_fits(row, order, e.reading.net_wh, budget, False, r, self.parameters.fee):
            raise Refused("SlotDisputes_RowDoesNotFit", row)

    def expire(self, ctx: Context, posted: Posted, home: int) -> None:
        """End a demand that nobody answered in time; the slot's signers are slashed (Z-4, Z-6)."""
        slot = posted.result.slot
        record, _ = self._facts(posted, home)
        demand = self._open_demand(slot, home)
        if ctx.now < demand.deadline:
            raise Refused("SlotMarket_TooEarly", ctx.now, demand.deadline)
        self._end_demand(slot, home, demand.challenger)
        self._void(record, home, posted.signers)

    def return_bond(self, ctx: Context, slot: int, home: int) -> None:
        """Give back the bond of an open demand for a slot that is void anyway (Z-4)."""
        record = self.ring.get(slot % self.parameters.ring)
        if slot >= self.frontier and record and record.slot == slot and not record.void:
            raise Refused("SlotMarket_StillPosted", slot)
        self._end_demand(slot, home, self._open_demand(slot, home).challenger)

    def misfill(
        self,
        ctx: Context,
        posted: Posted,
        home: int,
        proof: RowProof,
        order: Order,
        reading: Reading,
        ack: Ack,
        member: int,
        signature: bytes,
    ) -> None:
        """Dispute a row that is not what a signer has acknowledged; that signer is slashed (Z-6, Z-7)."""
        slot = posted.result.slot
        record, found = self._facts(posted, home)
        window_end = record.posted_at + self.parameters.window_seconds
        if ctx.now >= window_end:
            raise Refused("SlotDisputes_TooLate", ctx.now, window_end)
        row = self._row_of(posted.result, home, proof)
        _check_about(slot, home, found.account, order, reading)
        said = (ack.slot, ack.account, ack.order, ack.reading)
        if said != (slot, found.account, order.struct_hash(), reading.struct_hash()):
            raise Refused("SlotDisputes_WrongEvidence", slot, home)
        if member >= len(posted.signers):
            raise Refused("SlotDisputes_NotSigner", member, len(posted.signers))
        guilty = posted.signers[member]
        if recover_address(self.domain.digest(ack), signature) != guilty:
            raise Refused("SlotDisputes_BadSignature", bytes.fromhex(guilty[2:]))
        budget = min(ack.budget, order.max_spend, found.cap_at(slot))
        fee = self.parameters.fee
        if found.frozen_at(slot):
            right = row == 0
        else:
            right = row_fits(row, order, reading.net_wh, budget, True, posted.result, fee)
        if right:
            raise Refused("SlotDisputes_Unjustified", slot, home, row)
        self._void(record, home, [guilty])

    def overspend(self, ctx: Context, posted: Posted, home: int, proof: RowProof) -> None:
        """Dispute a row above the home's cap, or of a frozen home (Z-6, Z-7)."""
        slot = posted.result.slot
        record, found = self._facts(posted, home)
        row = self._row_of(posted.result, home, proof)
        within = self._spent(row, posted.result.price) <= found.cap_at(slot)
        if row == 0 or (not found.frozen_at(slot) and within):
            raise Refused("SlotDisputes_Unjustified", slot, home, row)
        self._void(record, home, posted.signers)

    def overdraft(self, ctx: Context, posted: Posted, home: int, proof: RowProof) -> None:
        """Dispute a row by which a home pays more than it has (Z-6, Z-7)."""
        slot = posted.result.slot
        record, found = self._facts(posted, home)
        if slot != self.frontier:
            raise Refused("SlotDisputes_WrongSlot", slot, self.frontier)
        row = self._row_of(posted.result, home, proof)
        if self._spent(row, posted.result.price) <= found.balance:
            raise Refused("SlotDisputes_Unjustified", slot, home, row)
        self._void(record, home, posted.signers)

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

    # ------------------------------------------------------------ permanent

    def finalise(self, ctx: Context, closings: Sequence[Closing], rows: Sequence[bytes]) -> None:
        """Make posted slots final: their rows are paid (Z-4, Z-5, Z-6)."""
        count = len(closings)
        if not 0 < count <= MAX_BATCH or len(rows) != count:
            raise Refused("SlotMarket_BadBatch", count, MAX_BATCH)
        after = self.frontier
        balances = [home.balance for home in self.homes]
        fees = []
        for closing, packed in zip(closings, rows, strict=True):
            after = self._check_final(ctx, closing, packed, after)
            wh = unpack_rows(packed)[: len(balances)]
            for home, row in enumerate(wh):
                balances[home] += max(row, 0) * closing.price - self._spent(row, closing.price)
            for home, balance in enumerate(balances):
                if not 0 <= balance <= MAX_LANE:
                    raise Refused("SlotMarket_Overdrawn", closing.slot, home // HOMES * HOMES)
            fees.append(sum(row < 0 for row in wh) * self.parameters.fee)
        for home, balance in enumerate(balances):
            self._change(home, balance=balance)
        self.frontier = after
        halves = [(fee + 1) // 2 for fee in fees]
        self.locked -= sum(fees)
        earners = [*(closing.leader for closing in closings), ctx.sender]
        self.council.reward(ctx.now, earners, [*halves, sum(fees) - sum(halves)])

    def _check_final(self, ctx: Context, c: Closing, rows: bytes, after: int) -> int:
        if c.slot < after:
            raise Refused("SlotMarket_WrongSlot", c.slot, after)
        record = self.ring.get(c.slot % self.parameters.ring)
        known = record and record.slot == c.slot and not record.void
        if not known or record is None or record.posted_hash != posted_hash(c, rows_root(rows)):
            raise Refused("SlotMarket_NotPosted", c.slot)
        for slot in range(after, c.slot):
            if not self._is_empty(slot, ctx.now):
                raise Refused("SlotMarket_NotEmpty", slot)
        earliest = record.posted_at + self.parameters.window_seconds
        if ctx.now < earliest:
            raise Refused("SlotMarket_TooEarly", ctx.now, earliest)
        if record.demands:
            raise Refused("SlotMarket_OpenDemands", c.slot, record.demands)
        return c.slot + 1

    def advance(self, ctx: Context, count: int) -> None:
        """Move the frontier over empty slots, which needs no cluster (Z-5)."""
        if not 0 < count <= MAX_ADVANCE:
            raise Refused("SlotMarket_BadBatch", count, MAX_ADVANCE)
        after = self.frontier
        while after < self.frontier + count and self._is_empty(after, ctx.now):
            after += 1
        if after == self.frontier:
            raise Refused("SlotMarket_NotEmpty", after)
        self.frontier = after

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

    def state_of(self, slot: int, now: int) -> SlotState:
        """Return where a slot stands."""
        if slot < self.frontier:
            return SlotState.FINAL
        record = self.ring.get(slot % self.parameters.ring)
        if record and record.slot == slot:
            return SlotState.VOID if record.void else SlotState.POSTED
        return SlotState.EMPTY if self._is_empty(slot, now) else SlotState.NONE

    def min_nonce(self, account: str, slot: int) -> int:
        """Return the least nonce that counts in a slot."""
        found = self.revocations.get(account, Revocation())
        return found.before if slot < found.since else found.nonce

    # ------------------------------------------------------------ parts of the above

    def _facts(self, posted: Posted, home: int) -> tuple[Record, Home]:
        slot = posted.result.slot
        record = self._live(slot)
        closing = closing_of(posted.result, signers_hash(posted.signers))
        if record.posted_hash != posted_hash(closing, posted.result.rows):
            raise Refused("SlotMarket_NotPosted", slot)
        return record, self._home(home)

    def _row_of(self, r: Result, home: int, proof: RowProof) -> int:
        root = keccak(b"".join(proof.hashes))
        if root != r.rows:
            raise Refused("SlotDisputes_WrongRoot", root, r.rows)
        chunk, offset = divmod(2 * home, CHUNK_BYTES)
        if chunk >= len(proof.hashes):
            return 0
        if keccak(proof.chunk) != proof.hashes[chunk]:
            raise Refused("SlotDisputes_WrongRoot", keccak(proof.chunk), proof.hashes[chunk])
        return int.from_bytes(proof.chunk[offset : offset + 2], "big", signed=True)

    def _check_reading(self, needed: bytes, reading: Reading, meter: bytes, signature: bytes) -> None:
        if keccak(meter) != needed:
            raise Refused("SlotDisputes_WrongMeter", keccak(meter), needed)
        if not self.ledger.signers.is_valid(meter, self.domain.digest(reading), signature):
            raise Refused("SlotDisputes_BadSignature", meter)

    def _void(self, record: Record, home: int, guilty: Sequence[str]) -> None:
        self._keep(replace(record, void=True))
        self.council.slash(guilty, self.homes[home].account)

    def _freeze(self, ctx: Context, home: int) -> None:
        found, after = self.homes[home], self._next(ctx)
        if found.frozen_to < after:
            self._check_settled(found.frozen_to)
            self._change(home, frozen_from=after)
        self._change(home, frozen_to=NO_END)

    def _open_demand(self, slot: int, home: int) -> Demand:
        demand = self.demands.get((slot, home))
        if demand is None or not demand.open:
            raise Refused("SlotMarket_NoDemand", slot, home)
        return demand

    def _end_demand(self, slot: int, home: int, account: str) -> None:
        demand = self.demands[slot, home]
        self.demands[slot, home] = replace(demand, open=False)
        if demand.bonded:
            self._credit(account, self.parameters.bond)

    def _live(self, slot: int) -> Record:
        record = self.ring.get(slot % self.parameters.ring)
        if slot < self.frontier or record is None or record.slot != slot or record.void:
            raise Refused("SlotMarket_NotPosted", slot)
        return record

    def _keep(self, record: Record) -> None:
        self.ring[record.slot % self.parameters.ring] = record

    def _is_empty(self, slot: int, now: int) -> bool:
        record = self.ring.get(slot % self.parameters.ring)
        if record and record.slot == slot:
            return record.void
        return now >= self._end(slot) + self.parameters.post_seconds

    def _spent(self, row: int, price: int) -> int:
        return -row * price + self.parameters.fee if row < 0 else 0

    def _end(self, slot: int) -> int:
        return (slot + 1) * self.parameters.slot_seconds

    def _next(self, ctx: Context) -> int:
        return ctx.now // self.parameters.slot_seconds + 1

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
