"""What strategies order in a slot and what a market design makes of it, in arrays over all homes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from energy_trading.errors import BadInput

Integers: TypeAlias = NDArray[np.int64]


class DesignBroken(BadInput):
    """A market design filled what nobody ordered, or at a price that an order does not allow."""


@dataclass(frozen=True)
class SlotView:
    """What everybody knows of a slot. Prices are in units of account per Wh.

    Args:
        slot: number of the slot since 1970, which orders rounding.
        start: unix seconds.
        step_s: its length, seconds.
        retail: what the supplier sells at.
        feed_in: what the supplier pays for what is fed in.
        floor: the lowest price at which a sale is worth more than the feed-in price, whatever the fee.
        ceiling: the highest price at which a purchase costs no more than retail, whatever the grid fee.
        random: numbers of this slot, from the scenario's seed.
    """

    slot: int
    start: int
    step_s: int
    retail: int
    feed_in: int
    floor: int
    ceiling: int
    random: np.random.Generator


@dataclass(frozen=True, eq=False)
class Orders:
    """One order of each home for one slot, in the order of the homes' numbers.

    Args:
        energy_wh: above 0 for sale, below 0 wanted, 0 no order, Wh.
        limit: lowest price of a seller, highest price of a buyer, units per Wh.
        max_spend: most that a buyer can pay, units.
    """

    energy_wh: Integers
    limit: Integers
    max_spend: Integers

    @property
    def sellers(self) -> Integers:
        """Numbers of the homes that sell."""
        return np.flatnonzero(self.energy_wh > 0)

    @property
    def buyers(self) -> Integers:
        """Numbers of the homes that buy."""
        return np.flatnonzero(self.energy_wh < 0)

    def without(self, homes: NDArray[np.bool_]) -> Orders:
        """Return the orders without those of some homes."""
        return Orders(np.where(homes, 0, self.energy_wh), self.limit, self.max_spend)


@dataclass(frozen=True, eq=False)
class Fills:
    """What changes hands in a slot; the energies add up to 0.

    Args:
        home: whose fill it is.
        energy_wh: above 0 sold, below 0 bought, Wh.
        price: units per Wh.
        pair: number of the trade of two homes, which two fills share; -1 where all trade with all.
    """

    home: Integers
    energy_wh: Integers
    price: Integers
    pair: Integers

    @classmethod
    def pooled(cls, rows: NDArray[np.integer], price: int) -> Fills:
        """Return the fills of a market with one price.

        Args:
            rows: what each home sells (above 0) or buys (below 0), Wh.
            price: units per Wh.
        """
        homes = np.flatnonzero(rows)
        return cls(
            homes, rows[homes].astype(np.int64), np.full(homes.size, price), np.full(homes.size, -1, np.int64)
        )

    @classmethod
    def pairs(cls, trades: Sequence[tuple[int, int, int, int]]) -> Fills:
        """Return the fills of trades between two homes each.

        Args:
            trades: seller, buyer, energy in Wh, price in units per Wh.
        """
        if not trades:
            return cls(*(np.zeros(0, np.int64) for _ in range(4)))
        seller, buyer, energy, price = np.array(trades, np.int64).T
        number = np.arange(len(trades))
        return cls(
            np.stack((seller, buyer), 1).ravel(),
            np.stack((energy, -energy), 1).ravel(),
            np.repeat(price, 2),
            np.repeat(number, 2),
        )

    def rows(self, homes: int) -> Integers:
        """Return what each of so many homes sold (above 0) or bought (below 0), Wh."""
        rows = np.zeros(homes, np.int64)
        np.add.at(rows, self.home, self.energy_wh)
        return rows

    def check(self, orders: Orders, name: str) -> None:
        """Check that the fills keep within the orders.

        Raises:
            DesignBroken: the energies do not add up to 0, a home has more than it ordered or the other side,
                or a price is worse than its limit.
        """
        rows = self.rows(orders.energy_wh.size)
        if int(self.energy_wh.sum()):
            raise DesignBroken(
                f"the design {name} sells and buys different energies: {self.energy_wh.sum()} Wh"
            )
        wrong = (rows * orders.energy_wh < 0) | (abs(rows) > abs(orders.energy_wh))
        if wrong.any():
            home = int(np.flatnonzero(wrong)[0])
            raise DesignBroken(
                f"the design {name} fills {rows[home]} Wh of home {home}, which ordered"
                f" {orders.energy_wh[home]} Wh"
            )
        limit = orders.limit[self.home]
        worse = np.where(self.energy_wh > 0, self.price < limit, self.price > limit)
        if worse.any():
            home = int(self.home[np.flatnonzero(worse)[0]])
            raise DesignBroken(f"the design {name} fills home {home} at a price worse than its limit")


def ration(amounts: Integers, filled: int, turn: int) -> Integers:
    """Divide what can be filled in proportion, to the Wh; `rules.pool.ration` with arrays.

    Args:
        amounts: Wh, none negative, below 2**31.
        filled: at most their sum, Wh.
        turn: number of the slot, which decides who has the odd Wh.
    """
    total = int(amounts.sum())
    if total == filled:
        return amounts
    # Safe: amounts < 2**31 and filled < 2**32.
    shares, rests = np.divmod(amounts * filled, total)
    rounded_down = np.flatnonzero(rests)
    first = int(np.searchsorted(rounded_down, turn % amounts.size))
    shares[np.roll(rounded_down, -first)[: filled - int(shares.sum())]] += 1
    return shares
