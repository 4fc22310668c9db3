"""The private form of the slot market: a root for each slot, and once a day the money of each home."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from eth_utils.crypto import keccak

from energy_trading.rules.context import Context
from energy_trading.rules.council import Council, signers_hash
from energy_trading.rules.day_money import money_of, unpack_money
from energy_trading.rules.lanes import MAX_LANE
from energy_trading.rules.ledger import Ledger, Refused
from energy_trading.rules.slot_homes import Home, SlotHomes
from energy_trading.rules.slot_pool import pool_price
from energy_trading.rules.slots import Demand, Record
from energy_trading.rules.sum_tree import check_hash, climb, finds_fault, is_sound, tree_root
from energy_trading.types import (
    ZERO_ADDRESS,
    Ack,
    Day,
    DayPosted,
    Domain,
    Evidence,
    Leaf,
    NodePair,
    Opening,
    Order,
    PrivateParameters,
    Reading,
    Result,
    SlotState,
    SumPosted,
)

#: added to the number of a day, where a slot's could stand as well
DAYS: Final = 2**32
MAX_ADVANCE: Final = 1024
MAX_TOTAL: Final = 2**40 - 1
_WORD_BYTES: Final = 20


@dataclass
class Sheet:
    """What is known of a day beside its slots.

    Args:
        homes: how many take part; None: as many as there are.
        demanded: places of slots with an open demand.
        undone: places of void slots that are within the sums of the last one.
    """

    homes: int | None = None
    demanded: int = 0
    undone: int = 0


class PrivateSlotMarket(SlotHomes):
    """All homes, slots and days of one private slot market over one ledger.

    Every step is given its `Context` first, and raises `Refused` where it is refused.

    Args:
        parameters: what is fixed when a market begins.
        domain: where the market is, which messages are signed for.
        ledger: where the money is.
        council: whose clusters sign slots and days.
        now: time of the deployment, unix seconds.
    """

    def __init__(
        self, parameters: PrivateParameters, domain: Domain, ledger: Ledger, council: Council, now: int
    ) -> None:
        day = now // parameters.slot_seconds // parameters.day_slots
        super().__init__(parameters.slot_seconds, domain, ledger, frontier=day * parameters.day_slots)
        self.parameters = parameters
        self.council = council
        self.ring: dict[int, Record] = {}
        self.days: dict[int, Record] = {}
        self.sheets: dict[int, Sheet] = {}
        self.demands: dict[tuple[int, int], Demand] = {}

    # ------------------------------------------------------------ temporary

    def post(self, ctx: Context, result: Result, top: bytes, peers: int, signatures: bytes) -> None:
        """Post a slot (temporary), as the leader of the turn with a quorum of the cluster (Z-2, Z-4)."""
        if ctx.sender != result.leader:
            raise Refused("SlotMarket_NotLeader", ctx.sender, result.leader)
        p, slot = self.parameters, result.slot
        start = self._end(slot)
        if slot < self.frontier or slot >= 2**32 or not start <= ctx.now < start + p.post_seconds:
            raise Refused("SlotMarket_NotNow", slot, self.frontier, ctx.now // p.slot_seconds)
        taken = self.ring.get(slot % p.ring)
        if taken and (taken.slot >= slot or taken.slot >= self.frontier):
            raise Refused("SlotMarket_RingTaken", slot, taken.slot)
        matched = self._check_totals(result)
        day = slot // p.day_slots
        homes = self.homes_in(day)
        if not homes:
            raise Refused("SlotMarket_BadRows", 0, 0)
        before = self._before(slot, ctx.now)
        root = tree_root(top, matched, homes, before)
        if result.rows != root:
            raise Refused("SlotMarket_WrongRoot", result.rows, root)
        digest = self.domain.digest(result)
        turn = (ctx.now - start) // p.turn_seconds
        signers = self.council.verify(slot, turn, result.leader, digest, peers, signatures)
        self._sheet(day).homes = homes
        self.ring[slot % p.ring] = Record(slot, ctx.now, _posted_hash(result, signers))

    def _check_totals(self, r: Result) -> int:
        largest = r.supply_wh | r.demand_wh | r.metered_supply_wh | r.metered_demand_wh
        if largest > MAX_TOTAL:
            raise Refused("SlotMarket_BadTotals", largest, MAX_TOTAL)
        p = self.parameters
        price = pool_price(p.pricing, p.retail, p.feed_in, r.metered_supply_wh, r.metered_demand_wh)
        if r.price != price:
            raise Refused("SlotMarket_BadPrice", r.price, price)
        return min(r.supply_wh, r.demand_wh)

    def _before(self, slot: int, now: int) -> int:
        first = slot - slot % self.parameters.day_slots
        later = [s for s in self._live_slots(first, now) if s > slot]
        if later:
            raise Refused("PrivateSlotMarket_LaterPosted", slot, later[-1])
        return max(self._live_slots(first, now), default=slot)

    def post_day(self, ctx: Context, day: Day, money: bytes, peers: int, signatures: bytes) -> None:
        """Post a day's money (temporary), once its slots cannot be disputed any more (Z-2, Z-4, Z-5)."""
        if ctx.sender != day.leader:
            raise Refused("SlotMarket_NotLeader", ctx.sender, day.leader)
        p, number = self.parameters, DAYS | day.day
        start = self._day_from(day.day)
        too_early = day.day >= 2**32 or day.day * p.day_slots < self.frontier
        if too_early or not start <= ctx.now < start + p.day_post_seconds:
            raise Refused("SlotMarket_NotNow", number, self.frontier, ctx.now // p.slot_seconds)
        posted = self.days.get(day.day)
        if posted and not posted.void:
            raise Refused("SlotMarket_RingTaken", number, number)
        demanded = self._sheet(day.day).demanded
        if demanded:
            raise Refused("SlotMarket_OpenDemands", number, demanded)
        self._check_money(day, money, ctx.now)
        digest = self.domain.digest(day)
        turn = (ctx.now - start) // p.turn_seconds
        signers = self.council.verify(number, turn, day.leader, digest, peers, signatures)
        self.days[day.day] = Record(day.day, ctx.now, _day_hash(day, signers))

    def _check_money(self, day: Day, money: bytes, now: int) -> None:
        posted, head, undone = self.slots_of(day.day, now)
        if not posted or (day.head, day.undone) != (head, undone):
            raise Refused("PrivateSlotMarket_WrongSlots", head, undone)
        homes = self.homes_in(day.day)
        units = unpack_money(money)
        if len(money) != -(-homes // 4) * _WORD_BYTES or any(units[homes:]):
            raise Refused("SlotMarket_BadRows", len(money), homes)
        if sum(units):
            raise Refused("PrivateSlotMarket_NotZero", sum(units))
        if day.money != keccak(money):
            raise Refused("SlotMarket_WrongRoot", day.money, keccak(money))

    # ------------------------------------------------------------ disputes

    def demand(self, ctx: Context, number: int, home: int) -> None:
        """Demand a home's leaf, or its money of a day; the home's own demand is free (Z-4)."""
        record = self._record(number)
        if record is None or record.void:
            raise Refused("SlotMarket_NotPosted", number)
        found = self._taking_part(self._day_of(number), home)
        deadline = record.posted_at + self.parameters.window_seconds
        if ctx.now >= deadline:
            raise Refused("SlotMarket_TooLate", ctx.now, deadline)
        old = self.demands.get((number, home))
        if old and self._is_about(old, record):
            raise Refused("SlotMarket_AlreadyDemanded", number, home)
        bonded = ctx.sender != found.account
        if bonded:
            self.ledger.commit(ZERO_ADDRESS, 0, ctx.sender, self.parameters.bond, ctx.now)
        if old and old.open:
            self._end_demand(number, home, old.challenger)
        self.demands[number, home] = Demand(ctx.sender, ctx.now + self.parameters.answer_seconds, bonded)
        self._keep(number, replace(record, demands=record.demands + 1))

    def return_bond(self, ctx: Context, number: int, home: int) -> None:
        """Give back the bond of an open demand for what is void anyway (Z-4)."""
        demand, record = self.demands.get((number, home)), self._record(number)
        if demand and record and self._is_live(number) and self._is_about(demand, record):
            raise Refused("SlotMarket_StillPosted", number)
        if demand is None or not demand.open:
            raise Refused("SlotMarket_NoDemand", number, home)
        self._end_demand(number, home, demand.challenger)

    def answer(
        self,
        ctx: Context,
        posted: SumPosted,
        home: int,
        opening: Opening,
        before: SumPosted,
        earlier: Opening,
        evidence: Evidence,
    ) -> None:
        """Answer a demand: the leaf goes on from the one before, and follows from order and reading (Z-4)."""
        self._facts(posted, home)
        given, needed = self._sums(posted, home, opening, before, earlier)
        if given != needed:
            raise Refused("PrivateSlotDisputes_WrongMoney", given, needed)
        if opening.leaf.wh:
            self._check_evidence(posted.result, home, opening.leaf.wh, evidence, 0)
        self._settle(ctx, posted.result.slot, home)

    def expire(self, ctx: Context, posted: SumPosted, home: int) -> None:
        """End a demand for a leaf that nobody answered in time; the slot's signers are slashed (Z-4, Z-6)."""
        self._facts(posted, home)
        self._end_unanswered(ctx, posted.result.slot, home)
        self._void(posted.result.slot, home, posted.signers, ctx.now)

    def misfill(
        self,
        ctx: Context,
        posted: SumPosted,
        home: int,
        opening: Opening,
        order: Order,
        reading: Reading,
        ack: Ack,
        member: int,
        signature: bytes,
    ) -> None:
        """Dispute a leaf that is not what a signer has acknowledged; that signer is slashed (Z-6, Z-7)."""
        record = self._facts(posted, home)
        window_end = record.posted_at + self.parameters.window_seconds
        if ctx.now >= window_end:
            raise Refused("SlotDisputes_TooLate", ctx.now, window_end)
        _open(posted, home, opening)
        self._check_misfill(
            posted.result,
            posted.signers,
            home,
            opening.leaf.wh,
            order,
            reading,
            ack,
            member,
            signature,
            0,
        )
        self._void(posted.result.slot, home, [posted.signers[member]], ctx.now)

    def wrong_sum(
        self,
        ctx: Context,
        posted: SumPosted,
        home: int,
        opening: Opening,
        before: SumPosted,
        earlier: Opening,
    ) -> None:
        """Dispute a leaf whose money does not go on from the leaf before (Z-5, Z-6)."""
        self._facts(posted, home)
        given, needed = self._sums(posted, home, opening, before, earlier)
        _check_fault(given != needed, posted.result.slot, home)
        self._void(posted.result.slot, home, posted.signers, ctx.now)

    def wrong_tree(
        self, ctx: Context, posted: SumPosted, home: int, pairs: Sequence[NodePair], leaf: Leaf
    ) -> None:
        """Dispute a tree that says something else above than below (Z-5, Z-6)."""
        self._facts(posted, home)
        _check_fault(finds_fault(posted, home, pairs, leaf), posted.result.slot, home)
        self._void(posted.result.slot, home, posted.signers, ctx.now)

    def overspend(self, ctx: Context, posted: SumPosted, home: int, opening: Opening) -> None:
        """Dispute a leaf above the home's cap, or of a frozen home (Z-6, Z-7)."""
        self._facts(posted, home)
        _open(posted, home, opening)
        slot, wh, found = posted.result.slot, opening.leaf.wh, self.homes[home]
        beyond = max(-wh, 0) * posted.result.price > found.cap_at(slot)
        _check_fault(beyond or (found.frozen_at(slot) and wh != 0), slot, home)
        self._void(slot, home, posted.signers, ctx.now)

    def overdraft(self, ctx: Context, posted: SumPosted, home: int, opening: Opening) -> None:
        """Dispute a leaf that lets a home buy beyond what it has (Z-6, Z-7)."""
        slot = posted.result.slot
        self._facts(posted, home)
        self._check_turn(slot // self.parameters.day_slots)
        _open(posted, home, opening)
        beyond = _spent(opening.leaf.money, self.parameters.fee) > self.homes[home].balance
        _check_fault(opening.leaf.wh < 0 and beyond, slot, home)
        self._void(slot, home, posted.signers, ctx.now)

    def answer_day(
        self,
        ctx: Context,
        posted: DayPosted,
        home: int,
        money: bytes,
        slots: Sequence[SumPosted],
        openings: Sequence[Opening],
    ) -> None:
        """Answer a demand for a home's money of a day: it is that of its leaves (Z-4, Z-5)."""
        self._day_facts(posted, home)
        needed = self._due(posted.day, home, slots, openings)
        given = _money_of(posted.day, home, money)
        if given != needed:
            raise Refused("PrivateSlotDisputes_WrongMoney", given, needed)
        self._settle(ctx, DAYS + posted.day.day, home)

    def expire_day(self, ctx: Context, posted: DayPosted, home: int) -> None:
        """End a demand about a day that nobody answered in time; its signers are slashed (Z-4, Z-6)."""
        self._day_facts(posted, home)
        self._end_unanswered(ctx, DAYS + posted.day.day, home)
        self._void(DAYS + posted.day.day, home, posted.signers, ctx.now)

    def wrong_day(
        self,
        ctx: Context,
        posted: DayPosted,
        home: int,
        money: bytes,
        slots: Sequence[SumPosted],
        openings: Sequence[Opening],
    ) -> None:
        """Dispute a home's money of a day that is not that of its leaves (Z-5, Z-6)."""
        self._day_facts(posted, home)
        needed = self._due(posted.day, home, slots, openings)
        number = DAYS + posted.day.day
        _check_fault(_money_of(posted.day, home, money) != needed, number, home)
        self._void(number, home, posted.signers, ctx.now)

    def overspend_day(self, ctx: Context, posted: DayPosted, home: int, money: bytes) -> None:
        """Dispute money of a day above the cap in every slot, by public data (Z-6, Z-7)."""
        found, p, day = self._day_facts(posted, home), self.parameters, posted.day.day
        spent = _spent(_money_of(posted.day, home, money), 0)
        cap = max(found.cap_at(day * p.day_slots), found.cap_at((day + 1) * p.day_slots - 1))
        _check_fault(spent > cap * p.day_slots, DAYS + day, home)
        self._void(DAYS + day, home, posted.signers, ctx.now)

    def overdraft_day(self, ctx: Context, posted: DayPosted, home: int, money: bytes) -> None:
        """Dispute money of a day above what the home has, by public data; nobody is slashed (Z-6, Z-7)."""
        found = self._day_facts(posted, home)
        self._check_turn(posted.day.day)
        spent = _spent(_money_of(posted.day, home, money), self.parameters.fee)
        _check_fault(spent > found.balance, DAYS + posted.day.day, home)
        self._void(DAYS + posted.day.day, home, [], ctx.now)

    # ------------------------------------------------------------ permanent

    def finalise(self, ctx: Context, day: Day, signers: bytes, money: bytes) -> None:
        """Make a posted day final: its money is paid (Z-4, Z-5, Z-6)."""
        p, number = self.parameters, DAYS + day.day
        turn = self.frontier // p.day_slots
        if day.day != turn:
            raise Refused("SlotMarket_WrongSlot", day.day, turn)
        record = self.days.get(day.day)
        if record is None or record.void or record.posted_hash != _day_hash(day, signers):
            raise Refused("SlotMarket_NotPosted", number)
        if day.money != keccak(money):
            raise Refused("SlotMarket_WrongRoot", day.money, keccak(money))
        earliest = record.posted_at + p.window_seconds
        if ctx.now < earliest:
            raise Refused("SlotMarket_TooEarly", ctx.now, earliest)
        if record.demands:
            raise Refused("SlotMarket_OpenDemands", number, record.demands)
        balances = [home.balance for home in self.homes]
        for home, units in enumerate(unpack_money(money)[: len(balances)]):
            balances[home] += units - (p.fee if units < 0 else 0)
        for home, balance in enumerate(balances):
            if not 0 <= balance <= MAX_LANE:
                raise Refused("SlotMarket_Overdrawn", number, home // 4 * 4)
        for home, balance in enumerate(balances):
            self._change(home, balance=balance)
        self.frontier = (day.day + 1) * p.day_slots
        fees = sum(units < 0 for units in unpack_money(money)) * p.fee
        half = (fees + 1) // 2
        self.locked -= fees
        self._credit(ctx.sender, fees - half)
        self.council.reward(ctx.now, [day.leader], [half])

    def advance(self, ctx: Context, count: int) -> None:
        """Move the frontier over days that cannot be posted any more, which needs no cluster (Z-5)."""
        if not 0 < count <= MAX_ADVANCE:
            raise Refused("SlotMarket_BadBatch", count, MAX_ADVANCE)
        first = after = self.frontier // self.parameters.day_slots
        while after < first + count and self._is_empty(after, ctx.now):
            after += 1
        if after == first:
            raise Refused("SlotMarket_NotEmpty", DAYS + first)
        self.frontier = after * self.parameters.day_slots

    # ------------------------------------------------------------ views

    def homes_in(self, day: int) -> int:
        """Return how many homes take part in a day."""
        for sheet in (self.sheets.get(day), self.sheets.get(day + 1)):
            if sheet and sheet.homes is not None:
                return sheet.homes
        return len(self.homes)

    def slots_of(self, day: int, now: int) -> tuple[bool, int, int]:
        """Return whether a day has a slot that counts, the last of them, and the void ones in its sums."""
        live = self._live_slots(day * self.parameters.day_slots, now)
        return bool(live), max(live, default=0), self._sheet(day).undone

    def state_of(self, number: int, now: int) -> SlotState:
        """Return where a slot or day stands."""
        day = self._day_of(number)
        if day < self.frontier // self.parameters.day_slots:
            return SlotState.FINAL
        record = self._record(number)
        if record:
            return SlotState.VOID if record.void else SlotState.POSTED
        if number >= DAYS:
            return SlotState.EMPTY if self._is_empty(day, now) else SlotState.NONE
        over = now >= self._end(number) + self.parameters.post_seconds
        return SlotState.EMPTY if over else SlotState.NONE

    # ------------------------------------------------------------ parts of the above

    def _before_join(self, ctx: Context) -> None:
        sheet = self._sheet(ctx.now // self.slot_seconds // self.parameters.day_slots)
        if sheet.homes is None:
            sheet.homes = len(self.homes)

    def _facts(self, posted: SumPosted, home: int) -> Record:
        slot = posted.result.slot
        _check_root(posted)
        record = self._live(slot)
        if slot >= DAYS or record.posted_hash != _hash_of(posted):
            raise Refused("SlotMarket_NotPosted", slot)
        self._taking_part(slot // self.parameters.day_slots, home)
        return record

    def _day_facts(self, posted: DayPosted, home: int) -> Home:
        number = DAYS + posted.day.day
        if self._live(number).posted_hash != _day_hash(posted.day, signers_hash(posted.signers)):
            raise Refused("SlotMarket_NotPosted", number)
        return self._taking_part(posted.day.day, home)

    def _sums(
        self, posted: SumPosted, home: int, opening: Opening, before: SumPosted, earlier: Opening
    ) -> tuple[int, int]:
        _open(posted, home, opening)
        needed = opening.leaf.wh * posted.result.price
        if posted.before != posted.result.slot:
            self._check_posted(before, posted.before)
            _open(before, home, earlier)
            needed += earlier.leaf.money
        return opening.leaf.money, needed

    def _due(self, day: Day, home: int, slots: Sequence[SumPosted], openings: Sequence[Opening]) -> int:
        first = day.day * self.parameters.day_slots
        undone = [first + place for place in range(96) if day.undone >> place & 1]
        wanted = [day.head, *undone]
        if len(slots) != len(wanted) or len(openings) != len(wanted):
            raise Refused("SumTree_BadLength", len(slots), len(wanted))
        money = 0
        for slot, posted, opening in zip(wanted, slots, openings, strict=True):
            self._check_posted(posted, slot)
            _open(posted, home, opening)
            is_head = posted is slots[0]
            money += opening.leaf.money if is_head else -opening.leaf.wh * posted.result.price
        return money

    def _check_posted(self, posted: SumPosted, slot: int) -> None:
        if posted.result.slot != slot:
            raise Refused("PrivateSlotDisputes_WrongSlot", posted.result.slot, slot)
        _check_root(posted)
        record = self.ring.get(slot % self.parameters.ring)
        if record is None or record.slot != slot or record.posted_hash != _hash_of(posted):
            raise Refused("SlotMarket_NotPosted", slot)

    def _check_turn(self, day: int) -> None:
        turn = self.frontier // self.parameters.day_slots
        if day != turn:
            raise Refused("PrivateSlotDisputes_WrongSlot", day, turn)

    def _settle(self, ctx: Context, number: int, home: int) -> None:
        record = self._live(number)
        demand = self._open_demand(number, home, record)
        if ctx.now >= demand.deadline:
            raise Refused("SlotMarket_TooLate", ctx.now, demand.deadline)
        self._keep(number, replace(record, demands=record.demands - 1))
        self._end_demand(number, home, ctx.sender)

    def _end_unanswered(self, ctx: Context, number: int, home: int) -> None:
        demand = self._open_demand(number, home, self._live(number))
        if ctx.now < demand.deadline:
            raise Refused("SlotMarket_TooEarly", ctx.now, demand.deadline)
        self._end_demand(number, home, demand.challenger)

    def _void(self, number: int, home: int, guilty: Sequence[str], now: int) -> None:
        if number < DAYS:
            self._undo(number, now)
        self._keep(number, replace(self._live(number), void=True))
        self.council.slash(guilty, self.homes[home].account)

    def _undo(self, slot: int, now: int) -> None:
        p = self.parameters
        day, place = divmod(slot, p.day_slots)
        posted = self.days.get(day)
        if posted and not posted.void:
            raise Refused("PrivateSlotMarket_DaySealed", day)
        sheet, first = self._sheet(day), day * p.day_slots
        others = [s for s in self._live_slots(first, now) if s != slot]
        if any(s > slot for s in others):
            sheet.undone |= 1 << place
        else:
            head = max(others, default=first - 1)
            sheet.undone &= (1 << head + 1 - first) - 1

    def _live_slots(self, first: int, now: int) -> list[int]:
        """The posted slots of the day that begins with a slot, but those that are void."""
        ring, end = self.parameters.ring, min(first + self.parameters.day_slots, now // self.slot_seconds)
        found = []
        for slot in range(first, end):
            record = self.ring.get(slot % ring)
            if record and record.slot == slot and not record.void:
                found.append(slot)
        return found

    def _sheet(self, day: int) -> Sheet:
        return self.sheets.setdefault(day, Sheet())

    def _day_of(self, number: int) -> int:
        return number - DAYS if number >= DAYS else number // self.parameters.day_slots

    def _record(self, number: int) -> Record | None:
        if number >= DAYS:
            return self.days.get(number - DAYS)
        record = self.ring.get(number % self.parameters.ring)
        return record if record and record.slot == number else None

    def _keep(self, number: int, record: Record) -> None:
        if number >= DAYS:
            self.days[number - DAYS] = record
            return
        self.ring[number % self.parameters.ring] = record
        day, place = divmod(number, self.parameters.day_slots)
        sheet = self._sheet(day)
        sheet.demanded &= ~(1 << place)
        if record.demands and not record.void:
            sheet.demanded |= 1 << place

    def _is_live(self, number: int) -> bool:
        record = self._record(number)
        is_open = self._day_of(number) * self.parameters.day_slots >= self.frontier
        return is_open and record is not None and not record.void

    def _live(self, number: int) -> Record:
        record = self._record(number)
        if record is None or not self._is_live(number):
            raise Refused("SlotMarket_NotPosted", number)
        return record

    def _taking_part(self, day: int, home: int) -> Home:
        if home >= self.homes_in(day):
            raise Refused("SlotMarket_NoHome", home, self.homes_in(day))
        return self.homes[home]

    def _is_about(self, demand: Demand, record: Record) -> bool:
        return demand.deadline >= record.posted_at + self.parameters.answer_seconds

    def _open_demand(self, number: int, home: int, record: Record) -> Demand:
        demand = self.demands.get((number, home))
        if demand is None or not demand.open or not self._is_about(demand, record):
            raise Refused("SlotMarket_NoDemand", number, home)
        return demand

    def _end_demand(self, number: int, home: int, account: str) -> None:
        demand = self.demands[number, home]
        self.demands[number, home] = replace(demand, open=False)
        if demand.bonded:
            self._credit(account, self.parameters.bond)

    def _is_empty(self, day: int, now: int) -> bool:
        record = self.days.get(day)
        is_live = record is not None and not record.void
        return not is_live and now >= self._day_from(day) + self.parameters.day_post_seconds

    def _day_from(self, day: int) -> int:
        p = self.parameters
        return (day + 1) * p.day_slots * p.slot_seconds + p.post_seconds + p.window_seconds

    def _end(self, slot: int) -> int:
        return (slot + 1) * self.slot_seconds


def _day_hash(day: Day, signers: bytes) -> bytes:
    return keccak(day.struct_hash() + signers)[12:]


def _hash_of(posted: SumPosted) -> bytes:
    return _posted_hash(posted.result, signers_hash(posted.signers))


def _posted_hash(result: Result, signers: bytes) -> bytes:
    """What the ring remembers of a posted slot."""
    return keccak(result.struct_hash() + signers)[12:]


def _matched(r: Result) -> int:
    return min(r.supply_wh, r.demand_wh)


def _check_root(posted: SumPosted) -> None:
    root = tree_root(posted.top, _matched(posted.result), posted.homes, posted.before)
    check_hash(root, posted.result.rows)


def _open(posted: SumPosted, home: int, opening: Opening) -> None:
    leaf = opening.leaf
    if (leaf.home, leaf.slot) != (home, posted.result.slot) or not is_sound(leaf):
        raise Refused("PrivateSlotDisputes_BadLeaf", leaf.home, leaf.slot)
    top, sold, bought = climb(opening, posted.homes)
    check_hash(top, posted.top)
    matched = _matched(posted.result)
    if (sold, bought) != (matched, matched):
        raise Refused("SlotDisputes_WrongRoot", sold.to_bytes(32, "big"), matched.to_bytes(32, "big"))


def _money_of(day: Day, home: int, money: bytes) -> int:
    check_hash(keccak(money), day.money)
    return money_of(money, home)


def _spent(money: int, fee: int) -> int:
    return fee - money if money < 0 else 0


def _check_fault(found: bool, number: int, home: int) -> None:
    if not found:
        raise Refused("PrivateSlotDisputes_Unjustified", number, home)
