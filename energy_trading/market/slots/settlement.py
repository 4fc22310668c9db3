"""How a cluster settles a slot: what it computes, what each member checks before it signs, and who failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from eth_utils.crypto import keccak

from energy_trading.errors import BadInput, RuleBroken
from energy_trading.files._json import exact
from energy_trading.market.slots.book import HomeInSlot, SlotBook, row_of, spent
from energy_trading.market.slots.messages import (
    SignedAck,
    SignedOrder,
    SignedResult,
    SignedSlotReading,
    SlotMessageForged,
)
from energy_trading.rules.slot_pool import clear, pack_rows, row_fits, rows_root
from energy_trading.types import Domain, Result, SlotParameters

#: what is checked of the energy and of the money, before a slot is posted and before it is final
ENERGY_TAKEN: Final = 1
MONEY_TAKEN: Final = 2
ENERGY_GIVEN: Final = 3
MONEY_GIVEN: Final = 4


class ConditionBroken(RuleBroken):
    """One of the conditions 1 to 4 does not hold: the slot is declined, and this is who failed (α).

    Args:
        condition: 1 … 4.
        who: account of the home or member that failed.
        why: one plain sentence.
        evidence: what shows it, as JSON objects; signed by whoever failed wherever something was signed.

    Source:
        Z-4, Z-6, Z-7.
    """

    def __init__(self, condition: int, who: str, why: str, evidence: Mapping[str, Any]) -> None:
        super().__init__(f"condition {condition}: {why}")
        self.condition = condition
        self.who = who
        self.why = why
        self.evidence = dict(evidence)

    def to_json(self) -> dict[str, Any]:
        """Return the record of the failure for `json.dumps`."""
        return {
            "condition": self.condition,
            "who": self.who,
            "why": self.why,
            "evidence": exact(self.evidence),
        }


@dataclass(frozen=True)
class SlotEntry:
    """What a home brings to a slot: its order and its meter's reading, both signed.

    Raises:
        BadInput: they are of two homes.
    """

    order: SignedOrder
    reading: SignedSlotReading

    def __post_init__(self) -> None:
        if self.order.order.account != self.reading.reading.account:
            raise BadInput("an order and a reading must be of the same home to be settled together")

    @property
    def account(self) -> str:
        """Account of the home."""
        return self.order.order.account


@dataclass(frozen=True)
class Settled:
    """A slot as a cluster signs it.

    Args:
        result: how the pool divided it.
        rows: the rows, packed.
    """

    result: Result
    rows: bytes


def orders_root(orders: Iterable[SignedOrder]) -> bytes:
    """Return the root of a slot's orders: keccak256 of their struct hashes in the order of the homes."""
    return keccak(b"".join(each.order.struct_hash() for each in orders))


def best_order(orders: Iterable[SignedOrder], home: HomeInSlot, slot: int) -> SignedOrder | None:
    """Return the order of a home that counts in a slot: the one with the highest nonce that is not revoked.

    Args:
        orders: signed by the home, checked.
        home: as it is for the slot.
        slot: the slot.
    """
    counting = (
        each
        for each in orders
        if each.order.first_slot <= slot <= each.order.last_slot and each.order.nonce >= home.min_nonce
    )
    return max(counting, key=lambda each: (each.order.nonce, each.order.struct_hash()), default=None)


def settle(
    slot: int,
    homes: Sequence[HomeInSlot],
    entries: Mapping[int, SlotEntry],
    parameters: SlotParameters,
    leader: str,
) -> Settled:
    """Divide a slot's energy.

    Args:
        slot: the slot.
        homes: all homes as they were for it.
        entries: orders and readings by number of the home, checked; whoever is missing has the row zero.
        parameters: of the market.
        leader: account of the member that will post it.

    Source:
        Z-4.
    """
    p = parameters
    shares = {
        number: (entry.order.order, entry.reading.reading.net_wh, payable(homes[number], entry.order))
        for number, entry in entries.items()
        if not homes[number].frozen
    }
    pool = clear(slot, len(homes), shares, p.pricing, p.retail, p.feed_in, p.fee)
    rows = pack_rows(pool.rows)
    root = orders_root(entries[number].order for number in sorted(entries))
    totals = pool.metered_supply_wh, pool.metered_demand_wh, pool.supply_wh, pool.demand_wh
    return Settled(Result(slot, pool.price, *totals, root, rows_root(rows), leader), rows)


def payable(home: HomeInSlot, order: SignedOrder) -> int:
    """Return what a home can pay in a slot: the least of its order's limit, its cap and its free funds."""
    return min(order.order.max_spend, home.budget)


def check_order(signed: SignedOrder, home: HomeInSlot, slot: int, domain: Domain) -> None:
    """Check that an order counts in a slot.

    Raises:
        ConditionBroken: it is forged, revoked, or for other slots (condition 2: whose money it is).
    """
    order, evidence = signed.order, {"order": signed.to_json()}
    try:
        signed.check(domain)
    except SlotMessageForged as error:
        raise ConditionBroken(MONEY_TAKEN, order.account, str(error), evidence) from None
    if not order.first_slot <= slot <= order.last_slot:
        span = f"slots {order.first_slot} to {order.last_slot}"
        why = f"the order of {order.account} is for {span}, not for slot {slot}"
        raise ConditionBroken(MONEY_TAKEN, order.account, why, evidence)
    if order.nonce < home.min_nonce:
        why = f"{order.account} has revoked its orders below {home.min_nonce}, and this one has {order.nonce}"
        raise ConditionBroken(MONEY_TAKEN, order.account, why, evidence)


def check_reading(
    signed: SignedSlotReading, home: HomeInSlot, slot: int, domain: Domain, p256_verifier: str
) -> None:
    """Check that a reading is of a home's meter and for a slot.

    Raises:
        ConditionBroken: it is not (condition 1: whose energy it is).
    """
    reading, evidence = signed.reading, {"reading": signed.to_json()}
    if (reading.account, reading.slot) != (home.account, slot):
        why = f"the reading is of {reading.account} for slot {reading.slot}, not of {home.account} for {slot}"
        raise ConditionBroken(ENERGY_TAKEN, home.account, why, evidence)
    try:
        signed.check(domain, home.meter, p256_verifier)
    except SlotMessageForged as error:
        raise ConditionBroken(ENERGY_TAKEN, reading.account, str(error), evidence) from None


def check_settled(
    given: Settled,
    homes: Sequence[HomeInSlot],
    entries: Mapping[int, SlotEntry],
    parameters: SlotParameters,
    signed: SignedResult,
    acks: Mapping[int, tuple[SignedAck, SlotEntry]],
) -> None:
    """Check conditions 1 and 2 of a slot that a leader proposes, before it is signed.

    Args:
        given: what the leader proposes.
        homes: all homes as they were for the slot.
        entries: the orders and readings that the leader names, each checked.
        parameters: of the market.
        signed: the leader's signature of it, which is the evidence if it is wrong.
        acks: what this member has acknowledged itself, by number of the home.

    Raises:
        ConditionBroken: energy (1) or money (2) does not follow from orders, readings, funds, caps and
            freezes, or contradicts what this member has acknowledged.

    Source:
        Z-4, Z-7.
    """
    r = given.result
    own = settle(r.slot, homes, entries, parameters, r.leader)
    evidence = {"signed": signed.to_json(), "rows": "0x" + given.rows.hex()}
    if own.rows != given.rows or own.result != r:
        money = own.result.price != r.price or own.result.orders != r.orders
        wrong = next((n for n in range(len(homes)) if row_of(own.rows, n) != row_of(given.rows, n)), None)
        what = "the price or the orders" if money else "the totals"
        if wrong is not None:
            what = (
                f"the row of home {wrong} ({row_of(given.rows, wrong)} Wh, not {row_of(own.rows, wrong)} Wh)"
            )
        raise ConditionBroken(
            MONEY_TAKEN if money else ENERGY_TAKEN,
            r.leader,
            f"{what} of slot {r.slot} does not follow from the orders and readings",
            evidence,
        )
    for number, (ack, entry) in acks.items():
        home = homes[number]
        budget = min(ack.ack.budget, entry.order.order.max_spend, home.cap)
        row, net = row_of(given.rows, number), entry.reading.reading.net_wh
        fits = row_fits(row, entry.order.order, net, budget, True, r, parameters.fee)
        if not (row == 0 if home.frozen else fits):
            raise ConditionBroken(
                ENERGY_TAKEN,
                r.leader,
                f"slot {r.slot} gives home {number} {row} Wh, which is not what was acknowledged to it",
                evidence | {"ack": ack.to_json()},
            )


def check_final(book: SlotBook, slots: Sequence[int]) -> None:
    """Check conditions 3 and 4 of slots before they are made final.

    Args:
        book: of the market.
        slots: posted slots, oldest first.

    Raises:
        ConditionBroken: a slot is void or demanded (3), or a home cannot pay for what it bought (4).

    Source:
        Z-4, Z-5.
    """
    fee = book.parameters.fee
    balances: dict[int, int] = {}
    for slot in slots:
        posted = book.posted.get(slot)
        leader = posted.result.leader if posted else ""
        if posted is None or slot in book.void or any(s == slot for s, _ in book.demands):
            why = f"slot {slot} is not posted, is void, or has a demand that nobody has answered"
            raise ConditionBroken(ENERGY_GIVEN, leader, why, {})
        for number in range(len(posted.rows) // 2):
            if not (row := row_of(posted.rows, number)):
                continue
            balance = balances.setdefault(number, book.balance(number))
            cost = spent(row, posted.result.price, fee)
            if cost > balance:
                why = f"home {number} has {balance} and slot {slot} charges it {cost}"
                raise ConditionBroken(MONEY_GIVEN, leader, why, {"slot": slot, "home": number})
            balances[number] = balance - cost + max(row, 0) * posted.result.price
