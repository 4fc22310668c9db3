"""What every client of a market is: an account on a suite, whose verbs send transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeAlias, TypeVar

from energy_trading.bindings.contract import Call, Sent
from energy_trading.bindings.suite import Suite
from energy_trading.crypto.keys import SecretKey

#: Receipts, testimonies or purchases in one transaction; 40 receipts use about 1.2 M gas.
BATCH: Final = 40

_Item = TypeVar("_Item")

OnSent: TypeAlias = Callable[[str, Sent], object]
"""Is called after every transaction with the name of the verb and the transaction's receipt."""


def batches(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    """Yield the items in their order, at most `BATCH` at a time."""
    for first in range(0, len(items), BATCH):
        yield items[first : first + BATCH]


class Client:
    """One account of a market; its subclasses have the verbs.

    Args:
        suite: the market.
        key: the account's secret key.
        on_sent: is called after every transaction; None calls nobody.
    """

    def __init__(self, suite: Suite, key: SecretKey, on_sent: OnSent | None = None) -> None:
        self.suite = suite
        self.key = key
        self._on_sent = on_sent

    @property
    def address(self) -> str:
        """EIP-55 address of the account."""
        return self.key.address

    def _send(self, verb: str, call: Call[Any]) -> Sent:
        sent = call.send(self.key)
        if self._on_sent is not None:
            self._on_sent(verb, sent)
        return sent
