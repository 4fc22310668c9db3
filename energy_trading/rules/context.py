"""What every step of the rules is given beside its own arguments: who calls, when, and with how much coin."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Context:
    """Who calls, when, and with how much native coin.

    Args:
        sender: account that calls, EIP-55.
        now: time of the block, unix seconds.
        value: native coin sent along, in wei.
    """

    sender: str
    now: int
    value: int = 0
