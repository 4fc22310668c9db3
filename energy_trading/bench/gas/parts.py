"""What the gas of a transaction pays for, read from the EVM in this process while it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from energy_trading.errors import InternalFault

#: part: what it holds, in the order of the yellow paper's appendix G
PARTS: Final[Mapping[str, str]] = {
    "intrinsic": "21,000 for being a transaction, 32,000 for creating a contract",
    "calldata": "16 for each byte of calldata, 4 if it is zero, and what EIP-7623 adds",
    "slots": "storage reached: 2,100 for a slot the first time, 100 afterwards",
    "writes": "storage changed: 20,000 from zero, 2,900 otherwise, 100 for a change of a change",
    "logs": "events: 375, 375 for each topic, 8 for each byte",
    "calls": "other addresses: 2,600 the first time, 100 afterwards, and coin sent",
    "precompiles": "ecrecover 3,000, modexp",
    "code": "contract code stored (200 for each byte) and checked before (EIP-3860), 32,000 for each contract"
    " that a contract creates",
    "rest": "everything else: hashing, memory, arithmetic, jumps",
    "refunds": "storage cleared: 4,800 a slot back, at most a fifth of all (EIP-3529)",
}


class PartsDoNotAddUp(InternalFault):
    """The parts of a transaction do not sum to its gas: py-evm has a charge unknown to this module."""


@dataclass(frozen=True)
class Paid:
    """One transaction's gas and what it pays for.

    Args:
        gas: as the receipt reports it.
        parts: gas by name, all of `PARTS`; they sum to ``gas``.
        selectors: (contract address, first four bytes of calldata) of every call in it.
        size: bytes of the signed transaction, which a rollup publishes.
    """

    gas: int
    parts: Mapping[str, int]
    selectors: frozenset[tuple[bytes, bytes]]
    size: int


@contextmanager
def watch() -> Iterator[list[Paid]]:
    """Watch every transaction of in-process chains.

    py-evm has no tracing of its own, so its gas meter is replaced while this runs; charges, and with them
    results and gas, stay the same.

    Yields:
        A list that grows by one entry per transaction.

    Raises:
        PartsDoNotAddUp: a transaction's parts are not its gas.

    Source:
        Yellow paper appendices G and H; EIP-2929, EIP-3529, EIP-3860, EIP-7623.
    """
    from unittest.mock import patch

    from eth.vm.base import VM
    from eth.vm.gas_meter import GasMeter

    seen: list[Paid] = []
    charges: Counter[str] = Counter()
    consume, apply = GasMeter.consume_gas, VM.apply_transaction

    def consume_gas(meter: Any, amount: int, reason: str) -> None:
        consume(meter, amount, reason)
        charges[_part(reason)] += amount

    def apply_transaction(vm: Any, header: Any, transaction: Any) -> Any:
        charges.clear()
        receipt, computation = apply(vm, header, transaction)
        gas = receipt.gas_used - header.gas_used
        seen.append(_paid(gas, transaction, computation, charges))
        return receipt, computation

    with (
        patch.object(GasMeter, "consume_gas", consume_gas),
        patch.object(VM, "apply_transaction", apply_transaction),
    ):
        yield seen


def _paid(gas: int, transaction: Any, computation: Any, charges: Mapping[str, int]) -> Paid:
    parts = dict.fromkeys(PARTS, 0) | dict(charges)
    zeros = transaction.data.count(0)
    calldata = 4 * zeros + 16 * (len(transaction.data) - zeros)
    parts["intrinsic"] += transaction.intrinsic_gas - calldata
    parts["calldata"] += calldata + computation.data_floor_gas
    below = list(_below(computation))
    # What a call or a creation hands to its child is the child's to spend: it is charged there.
    for child in below:
        parts["code" if child.msg.is_create else "calls"] -= child.get_gas_meter().start_gas
    used = transaction.gas - computation.get_gas_remaining()
    parts["refunds"] -= min(computation.get_gas_refund(), used // 5)
    if sum(parts.values()) != gas:
        raise PartsDoNotAddUp(f"the parts {parts} sum to {sum(parts.values())}, but the gas is {gas}")
    calls = {(bytes(c.msg.code_address or c.msg.to), bytes(c.msg.data[:4])) for c in [computation, *below]}
    return Paid(gas, parts, frozenset(calls), len(transaction.encode()))


def _below(computation: Any) -> Iterator[Any]:
    for child in computation.children:
        yield child
        yield from _below(child)


def _part(reason: str) -> str:
    """Return the part that a charge belongs to, from the reason that py-evm states."""
    if reason in ("SLOAD", "Implicit SLOAD during SSTORE"):
        return "slots"
    if reason.startswith("SSTORE"):
        return "writes"
    if reason.startswith(("LOG", "Log")):
        return "logs"
    if reason.startswith(("CALL ", "STATICCALL", "DELEGATECALL", "EXTCODE")) or reason == "CALL":
        return "calls"
    if reason.endswith("Precompile"):
        return "precompiles"
    if "initcode" in reason or reason.startswith(("Write contract code", "CREATE")):
        return "code"
    return "rest"
