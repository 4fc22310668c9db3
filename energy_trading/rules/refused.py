"""The one exception of the rules."""

from __future__ import annotations

from typing import Any

from energy_trading.errors import RuleBroken


class Refused(RuleBroken):
    """A rule refused a step, and nothing changed.

    Args:
        rule: name of the rule, which is that of the Solidity error for the same refusal.
        values: the error's fields, in order.
    """

    def __init__(self, rule: str, *values: Any) -> None:
        super().__init__(f"{rule}{values}")
        self.rule = rule
        self.values = values
