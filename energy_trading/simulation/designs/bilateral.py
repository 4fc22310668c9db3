"""Designs in which two homes trade with each other: offers, pay-as-bid, negotiated lots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from energy_trading.simulation.designs.design import Closes, Design
from energy_trading.simulation.options import option
from energy_trading.simulation.orders import Fills, Orders, SlotView


@dataclass(frozen=True)
class Offers(Design):
    """Sellers publish offers; buyers come in random order and take the cheapest, whole or in part."""

    kind: ClassVar[str] = "offers"

    suppliers: int = option(
        0, about="From how many sellers a home buys in a slot, at most; 0 is any number.", low=0
    )

    def clear(self, orders: Orders, slot: SlotView) -> Fills:
        """Let each buyer take from the cheapest offer on, as far as its limit and money go."""
        sellers = orders.sellers
        book = sellers[np.argsort(orders.limit[sellers], kind="stable")].tolist()
        buyers = slot.random.permutation(orders.buyers).tolist()
        left, asks, wants, limits, money = _lists(orders)
        trades: list[tuple[int, int, int, int]] = []
        cheapest = 0
        for buyer in buyers:
            wanted, funds, taken, place = -wants[buyer], money[buyer], 0, cheapest
            while wanted and place < len(book) and asks[book[place]] <= limits[buyer]:
                seller = book[place]
                part = min(wanted, left[seller], funds // max(1, asks[seller]))
                if part:
                    trades.append((seller, buyer, part, asks[seller]))
                    left[seller] -= part
                    wanted -= part
                    funds -= part * asks[seller]
                    taken += 1
                if not left[seller] and place == cheapest:
                    cheapest += 1
                place += 1
                if not part or taken == self.suppliers:
                    break
        return Fills.pairs(trades)


@dataclass(frozen=True)
class PayAsBid(Design):
    """Best bids meet best asks, each trade at what its buyer bid."""

    kind: ClassVar[str] = "pay-as-bid"

    def clear(self, orders: Orders, slot: SlotView) -> Fills:
        """Match the highest bid with the lowest ask for as long as they cross, in parts."""
        sellers, buyers = orders.sellers, orders.buyers
        asks = sellers[np.argsort(orders.limit[sellers], kind="stable")].tolist()
        bids = buyers[np.argsort(-orders.limit[buyers], kind="stable")].tolist()
        return Fills.pairs(_match(asks, bids, orders, lambda ask, bid: bid, sessions=0))


@dataclass(frozen=True)
class NegotiatedLots(Design):
    """Certified energy is sold after the slot, in private: the parties meet at the middle of their limits."""

    kind: ClassVar[str] = "lots"
    closes: ClassVar[Closes] = "after metering"
    guaranteed: ClassVar[bool] = False

    sessions: int = option(
        1, about="With how many others a home negotiates in a slot, at most; 0 is any number.", low=0
    )

    def clear(self, orders: Orders, slot: SlotView) -> Fills:
        """Let the largest surplus negotiate with the largest deficit first; a lot is split to fit."""
        sellers, buyers = orders.sellers, orders.buyers
        asks = sellers[np.argsort(-orders.energy_wh[sellers], kind="stable")].tolist()
        bids = buyers[np.argsort(orders.energy_wh[buyers], kind="stable")].tolist()
        return Fills.pairs(
            _match(asks, bids, orders, lambda ask, bid: (ask + bid) // 2, sessions=self.sessions)
        )


def _lists(orders: Orders) -> tuple[list[int], list[int], list[int], list[int], list[int]]:
    """Return energies left, asks, wants, limits and money by home as Python integers."""
    limit: list[int] = orders.limit.tolist()
    energy: list[int] = orders.energy_wh.tolist()
    money: list[int] = orders.max_spend.tolist()
    return list(energy), limit, energy, limit, money


def _match(
    asks: Sequence[int],
    bids: Sequence[int],
    orders: Orders,
    price_of: Callable[[int, int], int],
    sessions: int,
) -> list[tuple[int, int, int, int]]:
    """Match sellers and buyers in their order, in parts; a pair whose limits do not cross ends a side."""
    left, limit, _, _, money = _lists(orders)
    met: dict[int, int] = {}
    trades = []
    i = j = 0
    while i < len(asks) and j < len(bids):
        seller, buyer = asks[i], bids[j]
        if limit[seller] > limit[buyer]:
            if not sessions:
                break
            j += 1  # a negotiation that fails; the next buyer may agree
            continue
        price = price_of(limit[seller], limit[buyer])
        part = min(left[seller], -left[buyer], money[buyer] // max(1, price))
        if part:
            trades.append((seller, buyer, part, price))
            left[seller] -= part
            left[buyer] += part
            money[buyer] -= part * price
        met[seller], met[buyer] = met.get(seller, 0) + 1, met.get(buyer, 0) + 1
        done = not left[seller] or met[seller] == sessions
        j += not left[buyer] or met[buyer] == sessions or not part
        i += done
    return trades
