"""Server-sent events: one reader of the feed for all listeners, each of whom can go on where it stopped."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import Row, func, select

from energy_trading.agent.store import Store
from energy_trading.agent.tables import feed
from energy_trading.errors import TryAgain

KINDS: Final = ("event", "intent", "job", "record", "reorg", "alarm")
_PAGE: Final = 500
_REMEMBERED: Final = 5000
_POLL_SECONDS: Final = 0.2


class Hub:
    """Reads the feed once for everybody.

    Args:
        store: whose feed it is.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._recent: deque[Row[Any]] = deque(maxlen=_REMEMBERED)
        self._last = 0
        self._news = asyncio.Condition()
        #: how many listen
        self.listeners = 0

    async def run(self) -> None:
        """Read until it is cancelled."""
        self._last = await asyncio.to_thread(self._newest)
        while True:
            with suppress(TryAgain):
                rows = await asyncio.to_thread(self._read, self._last)
                if rows:
                    self._recent.extend(rows)
                    self._last = rows[-1].id
                    async with self._news:
                        self._news.notify_all()
                    continue
            await asyncio.sleep(_POLL_SECONDS)

    async def listen(
        self, after: int | None, kinds: set[str], account: str | None
    ) -> AsyncIterator[dict[str, str]]:
        """Yield what is new, as sse-starlette takes it.

        Args:
            after: number of the last event that the listener got; None begins now.
            kinds: what it wants, of `KINDS`.
            account: only what concerns this account; None takes everything.
        """
        at = self._last if after is None else min(after, self._last)
        self.listeners += 1
        try:
            while True:
                oldest = self._recent[0].id if self._recent else self._last + 1
                if at + 1 < oldest and at < self._last:
                    rows = await asyncio.to_thread(self._read, at)
                else:
                    rows = [row for row in self._recent if row.id > at]
                for row in rows:
                    at = row.id
                    if row.kind in kinds and (account is None or account in row.account or not row.account):
                        yield {"id": str(row.id), "event": row.kind, "data": row.data}
                if not rows:
                    async with self._news:
                        if self._last <= at:
                            await self._news.wait()
        finally:
            self.listeners -= 1

    def _newest(self) -> int:
        with suppress(TryAgain), self._store.reading() as connection:
            return int(connection.execute(select(func.max(feed.c.id))).scalar() or 0)
        return 0

    def _read(self, after: int) -> list[Row[Any]]:
        with self._store.reading() as connection:
            wanted = select(feed).where(feed.c.id > after).order_by(feed.c.id).limit(_PAGE)
            return list(connection.execute(wanted).all())
