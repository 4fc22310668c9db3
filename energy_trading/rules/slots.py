"""The slot market: homes lock funds, slots are posted, disputed and made final."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from eth_utils.crypto import keccak

from energy_trading.rules.context import Context
from energy_trading.rules.council import Council, signers_hash
from energy_trading.rules.lanes import MAX_LANE
from energy_trading.rules.ledger import Ledger, Refused
from energy_trading.rules.slot_homes import Home, SlotHomes
from energy_trading.rules.slot_pool import pool_price, rows_root, unpack_rows
from energy_trading.types import (
    ZERO_ADDRESS,
    Ack,
    Domain,
    Evidence,
    Order,
    Posted,
    Reading,
    Result,
    RowProof,
    SlotParameters,
    SlotState,
)

MAX_BATCH: Final = 96
MAX_ADVANCE: Final = 1024
MAX_TOTAL: Final = 2**40 - 1
_CHUNK_BYTES: Final = 128


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


def posted_hash(result: Result, signers: bytes) -> bytes:
    """Return what the ring remembers of a posted slot; it keeps the lower 20 bytes."""
    return keccak(result.struct_hash() + signers)[12:]


class SlotMarket(SlotHomes):
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
        super().__init__(parameters.slot_seconds, domain, ledger, frontier=now // parameters.slot_seconds)
        self.parameters = parameters
        self.council = council
        self.ring: dict[int, Record] = {}
        self.demands: dict[tuple[int, int], Demand] = {}

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
        self.ring[slot % p.ring] = Record(slot, ctx.now, posted_hash(result, signers))

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
        record, _ = self._facts(posted, home)
        row = self._row_of(posted.result, home, proof)
        if row:
            self._check_evidence(posted.result, home, row, evidence, self.parameters.fee)
        demand = self._open_demand(slot, home)
        if ctx.now >= demand.deadline:
            raise Refused("SlotMarket_TooLate", ctx.now, demand.deadline)
        self._keep(replace(record, demands=record.demands - 1))
        self._end_demand(slot, home, ctx.sender)

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
        record, _ = self._facts(posted, home)
        window_end = record.posted_at + self.parameters.window_seconds
        if ctx.now >= window_end:
            raise Refused("SlotDisputes_TooLate", ctx.now, window_end)
        row = self._row_of(posted.result, home, proof)
        self._check_misfill(
            posted.result,
            posted.signers,
            home,
            row,
            order,
            reading,
            ack,
            member,
            signature,
            self.parameters.fee,
        )
        self._void(record, home, [posted.signers[member]])

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

    # ------------------------------------------------------------ permanent

    def finalise(
        self, ctx: Context, results: Sequence[Result], signers: Sequence[bytes], rows: Sequence[bytes]
    ) -> None:
        """Make posted slots final: their rows are paid (Z-4, Z-5, Z-6)."""
        count = len(results)
        if not 0 < count <= MAX_BATCH or len(signers) != count or len(rows) != count:
            raise Refused("SlotMarket_BadBatch", count, MAX_BATCH)
        after = self.frontier
        for result, signer, packed in zip(results, signers, rows, strict=True):
            after = self._check_final(ctx, result, signer, packed, after)
        balances = [home.balance for home in self.homes]
        unpacked = [unpack_rows(packed) for packed in rows]
        # The contract pays four homes through all slots before the next four.
        for first in range(0, max(map(len, unpacked)), 4):
            for result, wh in zip(results, unpacked, strict=True):
                for home in range(first, min(first + 4, len(wh), len(balances))):
                    spent = self._spent(wh[home], result.price)
                    balances[home] += max(wh[home], 0) * result.price - spent
                if any(not 0 <= b <= MAX_LANE for b in balances[first : first + 4]):
                    raise Refused("SlotMarket_Overdrawn", result.slot, first)
        for home, balance in enumerate(balances):
            self._change(home, balance=balance)
        self.frontier = after
        fees = [sum(w < 0 for w in wh) * self.parameters.fee for wh in unpacked]
        halves = [(fee + 1) // 2 for fee in fees]
        self.locked -= sum(fees)
        self._credit(ctx.sender, sum(fees) - sum(halves))
        self.council.reward(ctx.now, [result.leader for result in results], halves)

    def _check_final(self, ctx: Context, r: Result, signers: bytes, rows: bytes, after: int) -> int:
        if r.slot < after:
            raise Refused("SlotMarket_WrongSlot", r.slot, after)
        record = self.ring.get(r.slot % self.parameters.ring)
        known = record and record.slot == r.slot and not record.void
        if not known or record is None or record.posted_hash != posted_hash(r, signers):
            raise Refused("SlotMarket_NotPosted", r.slot)
        for slot in range(after, r.slot):
            if not self._is_empty(slot, ctx.now):
                raise Refused("SlotMarket_NotEmpty", slot)
        if rows_root(rows) != r.rows:
            raise Refused("SlotMarket_WrongRoot", r.rows, rows_root(rows))
        earliest = record.posted_at + self.parameters.window_seconds
        if ctx.now < earliest:
            raise Refused("SlotMarket_TooEarly", ctx.now, earliest)
        if record.demands:
            raise Refused("SlotMarket_OpenDemands", r.slot, record.demands)
        return r.slot + 1

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

    # ------------------------------------------------------------ views

    def state_of(self, slot: int, now: int) -> SlotState:
        """Return where a slot stands."""
        if slot < self.frontier:
            return SlotState.FINAL
        record = self.ring.get(slot % self.parameters.ring)
        if record and record.slot == slot:
            return SlotState.VOID if record.void else SlotState.POSTED
        return SlotState.EMPTY if self._is_empty(slot, now) else SlotState.NONE

    # ------------------------------------------------------------ parts of the above

    def _facts(self, posted: Posted, home: int) -> tuple[Record, Home]:
        slot = posted.result.slot
        record = self._live(slot)
        if record.posted_hash != posted_hash(posted.result, signers_hash(posted.signers)):
            raise Refused("SlotMarket_NotPosted", slot)
        return record, self._home(home)

    def _row_of(self, r: Result, home: int, proof: RowProof) -> int:
        root = keccak(b"".join(proof.hashes))
        if root != r.rows:
            raise Refused("SlotDisputes_WrongRoot", root, r.rows)
        chunk, offset = divmod(2 * home, _CHUNK_BYTES)
        if chunk >= len(proof.hashes):
            return 0
        if keccak(proof.chunk) != proof.hashes[chunk]:
            raise Refused("SlotDisputes_WrongRoot", keccak(proof.chunk), proof.hashes[chunk])
        return int.from_bytes(proof.chunk[offset : offset + 2], "big", signed=True)

    def _void(self, record: Record, home: int, guilty: Sequence[str]) -> None:
        self._keep(replace(record, void=True))
        self.council.slash(guilty, self.homes[home].account)

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
