"""Hands the slot market's orders and readings over to verifier nodes, until each has been taken once."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Table, select, update

from energy_trading.agent.store import Store
from energy_trading.agent.tables import slot_orders, slot_readings

log: Final = logging.getLogger("energy_trading.agent")

_PAGE: Final = 500
_SECONDS: Final = 5.0
#: rounds to wait after a node did not answer, so that it does not hold up what is carried to the chain
_PAUSE: Final = 20


class VerifierNodes:
    """Verifier nodes that take orders and readings: `POST /orders` and `POST /readings` with a JSON list.

    What a home handed over is posted to every node until all of them have answered with success; a node that
    gets something twice knows it already.

    Args:
        store: where they are kept.
        urls: of the nodes; with none, they are only kept.
    """

    def __init__(self, store: Store, urls: Sequence[str]) -> None:
        self._store, self._urls = store, urls
        self._pause = 0

    def hand_over(self) -> int:
        """Post what waits.

        Returns:
            How many items every node has taken now.
        """
        if not self._urls or self._pause > 0:
            self._pause -= 1
            return 0
        return self._post(slot_orders, "orders") + self._post(slot_readings, "readings")

    def _post(self, table: Table, path: str) -> int:
        import httpx

        keys = list(table.primary_key.columns)
        with self._store.reading() as connection:
            waits = select(table).where(table.c.handed_over.is_(False)).limit(_PAGE)
            rows = connection.execute(waits).all()
        if not rows:
            return 0
        items: list[Any] = [json.loads(row.body) for row in rows]
        for url in self._urls:
            try:
                answer = httpx.post(f"{url.rstrip('/')}/{path}", json=items, timeout=_SECONDS)
                answer.raise_for_status()
            except httpx.HTTPError as error:
                log.warning("a verifier node did not take %s: %s", path, type(error).__name__)
                self._pause = _PAUSE
                return 0
        with self._store.writing() as connection:
            for row in rows:
                same = [column == getattr(row, column.name) for column in keys]
                connection.execute(update(table).where(*same).values(handed_over=True))
        return len(rows)
