"""Who executes what a design has decided: the protocol of settlements, and the one in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from energy_trading.errors import InternalFault
from energy_trading.simulation.designs.design import Design
from energy_trading.simulation.orders import Fills, Integers, Orders, SlotView


@dataclass(frozen=True, eq=False)
class SettledSlot:
    """One stage of a design in one slot, decided and delivered. Arrays beside the fills are one per fill.

    Args:
        design: name of the design in the scenario.
        stage: the design that cleared.
        slot: what everybody knew.
        orders: of all homes, after what withdrew or was refused.
        fills: as agreed; two fills with the same pair are one trade.
        metered_wh: what the meter of each home measured in the slot, before this design, Wh.
        delivered_wh: what was delivered of each fill, Wh, with the sign of the fill.
        amount: what it is worth, units; a buyer pays it, a seller is owed it.
        fee: of the market, units; taken from the sellers' amounts.
        cut: of the sellers' guarantees that the treasury keeps, units.
        testified_wh: what a seller's meter testifies to where that excuses it, Wh; 0 without testimony.
        withdrawn: homes that withdrew their offers of this slot.
        withdrawn_cut: what each of them loses of its guarantee, units.
    """

    design: str
    stage: Design
    slot: SlotView
    orders: Orders
    fills: Fills
    metered_wh: Integers
    delivered_wh: Integers
    amount: Integers
    fee: Integers
    cut: Integers
    testified_wh: Integers
    withdrawn: Integers
    withdrawn_cut: Integers


class Settlement(Protocol):
    """Executes the slots of one design, and holds the money.

    An engine opens an account for each home in `begin` and lets every order, acceptance, award, reading and
    receipt of a slot be signed, sent and checked in `settle`: a stage with pairs by the offer market (the
    sealed auction by its awards), the pool by the slot market, whose rows are `delivered_wh`. It then holds
    exactly what the rules hold: the simulation compares `balances` with its own books after each day, to
    the unit, and stops at a difference. It may execute later than it is called, at the latest when
    `balances` is.
    """

    def begin(self, names: Sequence[str], funds: int) -> None:
        """Open an account for each home, in the order of their numbers, and pay in.

        Args:
            names: of the homes.
            funds: of each, units.
        """
        ...

    def settle(self, slot: SettledSlot) -> None:
        """Execute a slot."""
        ...

    def balances(self) -> tuple[Integers, int]:
        """Return the units of each home and of the treasury, everything executed and nothing held."""
        ...

    def floor_seconds(self) -> float | None:
        """Return the CPU seconds that signing and recovering as many messages takes; None if none was."""
        ...


class InMemory:
    """Settles by the rules of the market in memory; nothing is signed."""

    def begin(self, names: Sequence[str], funds: int) -> None:
        """Open the accounts."""
        self._homes = np.full(len(names), funds, np.int64)
        self._treasury = 0

    def settle(self, slot: SettledSlot) -> None:
        """Move the money of each fill.

        Raises:
            InternalFault: somebody paid more than it had.
        """
        sold = slot.fills.energy_wh > 0
        moved = np.where(sold, slot.amount - slot.fee - slot.cut, -slot.amount)
        np.add.at(self._homes, slot.fills.home, moved)
        np.subtract.at(self._homes, slot.withdrawn, slot.withdrawn_cut)
        self._treasury += int(slot.fee.sum() + slot.cut.sum() + slot.withdrawn_cut.sum())
        if int(self._homes.min(initial=0)) < 0:
            raise InternalFault(f"a home has paid more than it had in the slot {slot.slot.start}")

    def balances(self) -> tuple[Integers, int]:
        """Return what everybody has."""
        return self._homes.copy(), self._treasury

    def floor_seconds(self) -> float | None:
        """Return None: nothing is signed."""
        return None
