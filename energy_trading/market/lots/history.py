"""The history of a lot: every step in the log that made it, moved it or ended it, its ancestors' included."""

from __future__ import annotations

from collections.abc import Iterable

from energy_trading.bindings.contract import Event
from energy_trading.bindings.energy_lot import LotsMerged
from energy_trading.errors import BadInput
from energy_trading.market.log.fold import fold


def history(events: Iterable[Event], lot: int) -> list[Event]:
    """Return what happened to a lot and to the lots it was made of, oldest first.

    Args:
        events: the EnergyLot's from its first block on (`Contract.events`).
        lot: id.

    Returns:
        Mints, exchanges, plain transfers, cancellations, splits, mergers, retirement. An exchange's own
        ERC-721 Transfer is left out, as are those of mints and ends. The history of a lot that was merged
        includes the lots it was merged with, because the merger names them.

    Raises:
        BadInput: the lot is not in the log.
        LogIncomplete: the log does not begin with the contract's first block.

    Source:
        C-9.
    """
    lots = fold(events).lots
    if lot not in lots:
        raise BadInput(f"lot {lot} is not in the log")
    last = lots[lot].steps[-1]
    wanted = list(last.lots) if isinstance(last, LotsMerged) and last.lot != lot else [lot]
    seen: set[int] = set()
    steps: dict[tuple[int, int], Event] = {}
    while wanted:
        record = lots[wanted.pop()]
        if record.lot not in seen:
            seen.add(record.lot)
            steps |= {(step.block_number, step.log_index): step for step in record.steps}
            wanted += record.parents
    return [steps[place] for place in sorted(steps)]
