"""The Merkle-sum tree of a private slot: as much is sold as bought, without saying by whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from eth_utils.crypto import keccak

from energy_trading.rules.refused import Refused
from energy_trading.types import Leaf, Node, NodePair, Opening, SumPosted

#: A row has 16 bits with a sign.
MAX_WH: Final = 2**15 - 1
#: The money of a day has five bytes with a sign.
MIN_MONEY: Final = -(2**39)
MAX_MONEY: Final = 2**39 - 1
_LEAF: Final = keccak(text="energy_trading.slots.leaf.1")
_PAIR: Final = keccak(text="energy_trading.slots.pair.1")
_ROOT: Final = keccak(text="energy_trading.slots.root.1")


def leaf_hash(leaf: Leaf) -> bytes:
    """Return the hash of a leaf."""
    numbers = (leaf.home, leaf.slot, leaf.wh, leaf.money)
    words = b"".join((number % 2**256).to_bytes(32, "big") for number in numbers)
    return keccak(_LEAF + words + leaf.salt)


def leaf_node(leaf: Leaf) -> Node:
    """Return the node that stands for a leaf: its hash, and what it sells and buys."""
    return Node(leaf_hash(leaf), max(leaf.wh, 0), max(-leaf.wh, 0))


def pair_hash(pair: NodePair) -> bytes:
    """Return the hash of two nodes under one."""
    return keccak(_PAIR + b"".join(_words(node) for node in (pair.left, pair.right)))


def tree_root(top: bytes, matched: int, homes: int, before: int) -> bytes:
    """Return what a result has in `rows`.

    Args:
        top: hash of the uppermost node.
        matched: Wh that are sold, and as many are bought.
        homes: how many leaves there are.
        before: the slot whose sums the leaves go on from.
    """
    numbers = (matched, matched, homes, before)
    return keccak(_ROOT + top + b"".join(number.to_bytes(32, "big") for number in numbers))


def is_sound(leaf: Leaf) -> bool:
    """Return whether a leaf's numbers can be those of a home."""
    return abs(leaf.wh) <= MAX_WH and MIN_MONEY <= leaf.money <= MAX_MONEY


def climb(opening: Opening, homes: int) -> tuple[bytes, int, int]:
    """Return hash, Wh sold and Wh bought of the uppermost node over an opened leaf.

    Raises:
        Refused: the opening has too few or too many nodes.
    """
    place, left, used = opening.leaf.home, homes, 0
    start = leaf_node(opening.leaf)
    top, sold, bought = start.hash, start.sold, start.bought
    while left > 1:
        if place ^ 1 < left:
            if used == len(opening.beside):
                raise Refused("SumTree_BadLength", used, used + 1)
            other = opening.beside[used]
            used += 1
            own = top + sold.to_bytes(32, "big") + bought.to_bytes(32, "big")
            top = keccak(_PAIR + (_words(other) + own if place & 1 else own + _words(other)))
            sold, bought = sold + other.sold, bought + other.bought
        place, left = place >> 1, (left + 1) // 2
    if used != len(opening.beside):
        raise Refused("SumTree_BadLength", len(opening.beside), used)
    return top, sold, bought


def way_to(place: int, homes: int) -> list[bool]:
    """Return for each pair between a place and the top, the lowest first, whether the way goes right."""
    way, left = [], homes
    while left > 1:
        if place ^ 1 < left:
            way.append(place & 1 == 1)
        place, left = place >> 1, (left + 1) // 2
    return way


def finds_fault(posted: SumPosted, place: int, pairs: Sequence[NodePair], leaf: Leaf) -> bool:
    """Return whether the way from the root to a place ends at something else than is said above.

    Raises:
        Refused: the way is too long, or a pair or leaf does not have the hash that is said above.
    """
    way = way_to(place, posted.homes)
    if len(pairs) > len(way):
        raise Refused("SumTree_BadLength", len(pairs), len(way))
    matched = min(posted.result.supply_wh, posted.result.demand_wh)
    node = Node(posted.top, matched, matched)
    for pair, right in zip(pairs, reversed(way), strict=False):
        check_hash(pair_hash(pair), node.hash)
        if (pair.left.sold + pair.right.sold, pair.left.bought + pair.right.bought) != (
            node.sold,
            node.bought,
        ):
            return True
        node = pair.right if right else pair.left
    if len(pairs) < len(way):
        return False
    check_hash(leaf_hash(leaf), node.hash)
    is_right = (leaf.home, leaf.slot) == (place, posted.result.slot) and is_sound(leaf)
    return not is_right or leaf_node(leaf) != node


def check_hash(given: bytes, needed: bytes) -> None:
    """Refuse a hash that is not the needed one."""
    if given != needed:
        raise Refused("SlotDisputes_WrongRoot", given, needed)


@dataclass(frozen=True)
class SumTree:
    """All nodes over the leaves of a slot.

    Args:
        leaves: one for each home, in the order of the homes; at least one.
    """

    leaves: tuple[Leaf, ...]

    def __post_init__(self) -> None:
        levels = [tuple(leaf_node(leaf) for leaf in self.leaves)]
        while len(levels[-1]) > 1:
            below = levels[-1]
            above = []
            for i in range(0, len(below), 2):
                # A node without another beside it is its own parent.
                pair = below[i : i + 2]
                above.append(join(NodePair(*pair)) if len(pair) == 2 else pair[0])
            levels.append(tuple(above))
        object.__setattr__(self, "_levels", tuple(levels))

    @property
    def levels(self) -> tuple[tuple[Node, ...], ...]:
        """Return the nodes, level by level from the leaves to the top."""
        found: tuple[tuple[Node, ...], ...] = vars(self)["_levels"]
        return found

    @property
    def top(self) -> Node:
        """Return the uppermost node."""
        return self.levels[-1][0]

    def open(self, home: int) -> Opening:
        """Return a home's leaf with the nodes beside its way."""
        beside = []
        for level, nodes in enumerate(self.levels[:-1]):
            place = (home >> level) ^ 1
            if place < len(nodes):
                beside.append(nodes[place])
        return Opening(self.leaves[home], tuple(beside))

    def pairs(self, home: int) -> list[NodePair]:
        """Return the pairs on a home's way, the uppermost first."""
        found = []
        for level, nodes in enumerate(self.levels[:-1]):
            left = (home >> level) & ~1
            if left + 1 < len(nodes):
                found.append(NodePair(nodes[left], nodes[left + 1]))
        return found[::-1]


def join(pair: NodePair) -> Node:
    """Return the node over two nodes."""
    left, right = pair.left, pair.right
    return Node(pair_hash(pair), left.sold + right.sold, left.bought + right.bought)


def _words(node: Node) -> bytes:
    return node.hash + node.sold.to_bytes(32, "big") + node.bought.to_bytes(32, "big")
