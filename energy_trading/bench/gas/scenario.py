"""A measured scenario: its transactions, and how many things they do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from energy_trading.bench.gas.parts import Paid


@dataclass(frozen=True)
class Scenario:
    """A measured scenario.

    Args:
        paid: its transactions, in order.
        share: how many things they do; the scenario's gas is that of one of them.
        less: transactions of the same kind whose gas is subtracted; only the difference counts.
    """

    paid: tuple[Paid, ...]
    share: int = 1
    less: tuple[Paid, ...] = ()

    @property
    def gas(self) -> int:
        """Gas of one share of all transactions, as their receipts report it, rounded up."""
        return self.shared(lambda paid: paid.gas)

    @property
    def parts(self) -> dict[str, int]:
        """What all transactions (not one share) were paid for, by name."""
        total: Counter[str] = Counter()
        for paid in self.paid:
            total.update(paid.parts)
        for paid in self.less:
            total.subtract(paid.parts)
        return dict(total)

    def shared(self, of: Callable[[Paid], int]) -> int:
        """Return one share of an amount's sum over all transactions, rounded up."""
        return -(-(sum(map(of, self.paid)) - sum(map(of, self.less))) // self.share)

    def __add__(self, other: Scenario) -> Scenario:
        """Return both as one."""
        return Scenario(self.paid + other.paid)

    def beyond(self, less: Scenario, share: int) -> Scenario:
        """Return what this one costs beyond another of the same kind that does `share` things less."""
        return Scenario(self.paid, share, less.paid)
