"""The private form off chain: leaves, a day's money, and what a home checks about its own.

Nothing here knows a chain. A member of a cluster builds leaves and tree from the rows that it has worked
out, and hands each home its own. A home keeps what it is handed, and learns which dispute it has to raise.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

from eth_utils.crypto import keccak

from energy_trading.errors import BadInput
from energy_trading.rules.day_money import money_of
from energy_trading.rules.refused import Refused
from energy_trading.rules.slot_pool import row_fits
from energy_trading.rules.sum_tree import SumTree, climb, finds_fault, is_sound, tree_root
from energy_trading.types import Day, DayPosted, Leaf, NodePair, Opening, Order, Reading, SumPosted


class Complaint(StrEnum):
    """What a home does about a posted slot or day: the name of the call in the bindings."""

    DEMAND = "demand"
    WRONG_SUM = "wrong_sum"
    WRONG_TREE = "wrong_tree"
    MISFILL = "misfill"
    OVERSPEND = "overspend"
    WRONG_DAY = "wrong_day"


@dataclass(frozen=True)
class HandedLeaf:
    """What a member hands to a home when a slot is posted.

    Args:
        posted: the slot as it was posted.
        opening: the home's leaf, with the nodes beside its way.
    """

    posted: SumPosted
    opening: Opening

    @property
    def leaf(self) -> Leaf:
        """Return the home's leaf."""
        return self.opening.leaf


@dataclass(frozen=True)
class RowPromise:
    """What a member has acknowledged to a home.

    Args:
        order: the home's order.
        reading: the home's reading.
        budget: units of account that the home can pay: the least of what the member acknowledged, what the
            order allows, and what the cap allows.
        frozen: whether the home is to have no row.
    """

    order: Order
    reading: Reading
    budget: int
    frozen: bool = False


def salt_of(secret: bytes, home: int, slot: int) -> bytes:
    """Return the salt of a leaf: a leader draws a secret for each slot and forgets it with the slot.

    Args:
        secret: 32 random bytes, known to the cluster of the slot alone.
        home: number of the home.
        slot: the slot.

    Raises:
        BadInput: the secret is too short to hide anything.
    """
    if len(secret) < 32:
        raise BadInput("the secret of the salts must have at least 32 random bytes")
    return hmac.new(secret, home.to_bytes(32, "big") + slot.to_bytes(32, "big"), sha256).digest()


def leaves_of(
    slot: int, rows: Sequence[int], price: int, before: Sequence[Leaf] | None, secret: bytes
) -> tuple[Leaf, ...]:
    """Return the leaves of a slot, one for each home.

    Args:
        slot: the slot.
        rows: Wh of each home; sold is positive.
        price: units of account per Wh.
        before: the leaves of the slot that the sums go on from; None: it is the first of its day.
        secret: 32 random bytes for the salts.

    Raises:
        BadInput: the slot before has another number of homes, or a leaf cannot be one.

    Source:
        Z-4, Z-5.
    """
    prior = [leaf.money for leaf in before] if before is not None else [0] * len(rows)
    if len(prior) != len(rows):
        raise BadInput(f"the slot before has {len(prior)} homes and this one {len(rows)}")
    made = tuple(
        Leaf(home, slot, wh, prior[home] + wh * price, salt_of(secret, home, slot))
        for home, wh in enumerate(rows)
    )
    for leaf in made:
        if not is_sound(leaf):
            raise BadInput(f"{leaf.wh} Wh and {leaf.money} units of home {leaf.home} do not fit a leaf")
    return made


def root_of(tree: SumTree, matched: int, before: int) -> bytes:
    """Return what the result of a slot has in `rows`.

    Args:
        tree: the tree over the slot's leaves.
        matched: Wh that change hands, the smaller of supply and demand.
        before: the slot whose sums the leaves go on from; the slot itself if it is the first of its day.

    Raises:
        BadInput: the leaves do not add up to what changes hands.
    """
    top = tree.top
    if (top.sold, top.bought) != (matched, matched):
        raise BadInput(
            f"the leaves sell {top.sold} Wh and buy {top.bought} Wh where {matched} Wh change hands"
        )
    return tree_root(top.hash, matched, len(tree.leaves), before)


def money_of_day(head: Sequence[Leaf], undone: Iterable[tuple[Sequence[Leaf], int]]) -> list[int]:
    """Return the money of each home for a day.

    Args:
        head: the leaves of the last slot that counts.
        undone: leaves and price of each void slot whose energy is in the sums of the last one.

    Source:
        Z-5.
    """
    money = [leaf.money for leaf in head]
    for leaves, price in undone:
        money = [units - leaf.wh * price for units, leaf in zip(money, leaves, strict=True)]
    return money


def slots_of_day(day: Day, day_slots: int) -> tuple[int, ...]:
    """Return the slots that a day is made of: its head, then those that are undone."""
    first = day.day * day_slots
    return (day.head, *(first + place for place in range(day_slots) if day.undone >> place & 1))


def find_wrong_node(posted: SumPosted, tree: SumTree) -> tuple[int, list[NodePair], Leaf] | None:
    """Return what `wrong_tree` takes, if a tree says something else above than below.

    Args:
        posted: the slot as it was posted.
        tree: all its nodes, as somebody who was in the cluster has them.
    """
    for home, leaf in enumerate(tree.leaves):
        pairs = tree.pairs(home)
        for shown in range(len(pairs) + 1):
            if finds_fault(posted, home, pairs[:shown], leaf):
                return home, pairs[:shown], leaf
    return None


@dataclass
class HomeBook:
    """What one home was handed, by slot, and what it says about each post.

    Args:
        home: number of the home.
        handed: by slot.
    """

    home: int
    handed: dict[int, HandedLeaf] = field(default_factory=dict)

    def check_slot(
        self, posted: SumPosted, given: HandedLeaf | None, promise: RowPromise | None, cap: int
    ) -> Complaint | None:
        """Check a posted slot, and keep what was handed over if it is in the slot's tree.

        Args:
            posted: the slot as the chain has it.
            given: what a member handed over for it; None: nothing.
            promise: what a signer acknowledged; None: nothing, so the home is to have no energy.
            cap: units of account that the home pays in the slot at most.

        Returns:
            What to raise, or None.
        """
        if given is None or given.posted != posted or not self._opens(given):
            return Complaint.DEMAND
        leaf, slot, price = given.leaf, posted.result.slot, posted.result.price
        self.handed[slot] = given
        prior = 0
        if posted.before != slot:
            before = self.handed.get(posted.before)
            if before is None:
                return Complaint.DEMAND  # the answer shows the leaf before as well
            prior = before.leaf.money
        if leaf.money != prior + leaf.wh * price:
            return Complaint.WRONG_SUM
        if max(-leaf.wh, 0) * price > cap:
            return Complaint.OVERSPEND
        if promise is None:
            return Complaint.DEMAND if leaf.wh else None
        if promise.frozen:
            return Complaint.OVERSPEND if leaf.wh else None
        net = promise.reading.net_wh
        right = row_fits(leaf.wh, promise.order, net, min(promise.budget, cap), True, posted.result, 0)
        return None if right else Complaint.MISFILL

    def reused_salts(self) -> list[int]:
        """Return the slots whose salt an earlier one had. What is opened of one tells about the other.

        No dispute proves it, for the salts are nobody else's business: the home tells its operator, and takes
        its order to a council that draws salts.
        """
        seen: set[bytes] = set()
        found = []
        for slot in sorted(self.handed):
            salt = self.handed[slot].leaf.salt
            if salt in seen:
                found.append(slot)
            seen.add(salt)
        return found

    def check_day(self, posted: DayPosted, money: bytes, day_slots: int) -> Complaint | None:
        """Check the money of a posted day.

        Args:
            posted: the day as the chain has it.
            money: the money of all homes.
            day_slots: slots of a day.

        Returns:
            What to raise, or None. A demand is about the day: the home lacks one of its leaves.

        Raises:
            BadInput: the money is not that of the day.
        """
        if keccak(money) != posted.day.money:
            raise BadInput("this is not the money that was posted for the day")
        slots = slots_of_day(posted.day, day_slots)
        if any(slot not in self.handed for slot in slots):
            return Complaint.DEMAND
        return Complaint.WRONG_DAY if money_of(money, self.home) != self.due(self.handed, slots) else None

    @staticmethod
    def due(handed: Mapping[int, HandedLeaf], slots: Sequence[int]) -> int:
        """Return the money of a day by the leaves of its head and its undone slots."""
        head, *undone = (handed[slot] for slot in slots)
        return head.leaf.money - sum(each.leaf.wh * each.posted.result.price for each in undone)

    def _opens(self, given: HandedLeaf) -> bool:
        posted, leaf = given.posted, given.leaf
        matched = min(posted.result.supply_wh, posted.result.demand_wh)
        if (leaf.home, leaf.slot) != (self.home, posted.result.slot) or not is_sound(leaf):
            return False
        if tree_root(posted.top, matched, posted.homes, posted.before) != posted.result.rows:
            return False
        try:
            return climb(given.opening, posted.homes) == (posted.top, matched, matched)
        except Refused:
            return False
