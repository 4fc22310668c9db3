"""The agent's database: SQLite for one home, PostgreSQL for a community; writers take turns."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    delete,
    event,
    func,
    insert,
    make_url,
    select,
    text,
    update,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from energy_trading.agent.tables import facts, feed
from energy_trading.errors import BadInput, TryAgain

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
#: wait so long for another writer of the same SQLite file
_BUSY_SECONDS: Final = 60
#: rows that listeners can be told again
FEED_ROWS: Final = 100_000
#: any number that no other program takes for its advisory locks
_LOCK: Final = 0x45544147


class StoreAway(TryAgain):
    """The database cannot be reached, or it broke off; nothing was written."""


class Store:
    """A database with the agent's tables.

    Args:
        url: as SQLAlchemy writes it, `sqlite:///FILE` or `postgresql://USER@HOST/NAME`; it may hold a
            password, so it is never shown.

    Raises:
        BadInput: the URL names no such database.
    """

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
        except ArgumentError:
            raise BadInput("the database must be sqlite:///FILE or postgresql://USER@HOST/NAME") from None
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        if not self.is_sqlite and parsed.get_backend_name() != "postgresql":
            raise BadInput("the database must be sqlite:///FILE or postgresql://USER@HOST/NAME")
        if self.is_sqlite and parsed.database in (None, "", ":memory:"):
            raise BadInput("a SQLite database of the agent is a file: sqlite:///FILE")
        self._writers = threading.Lock()
        try:
            if self.is_sqlite:
                arguments: dict[str, Any] = {"timeout": _BUSY_SECONDS, "isolation_level": None}
                self.engine = create_engine(parsed, connect_args=arguments, pool_size=8, max_overflow=32)
                _prepare_sqlite(self.engine)
            else:
                psycopg = parsed.set(drivername="postgresql+psycopg")
                self.engine = create_engine(psycopg, pool_pre_ping=True, pool_size=8, max_overflow=32)
        except NoSuchModuleError:
            raise BadInput("the database's driver is missing: pip install energy-trading[agent]") from None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that sees one state of the database and writes nothing.

        Raises:
            StoreAway: the database does not answer.
        """
        with _told(), self.engine.connect() as connection:
            if not self.is_sqlite:
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection
            connection.rollback()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction in which nobody else writes; it is durable when the block ends.

        Raises:
            StoreAway: the database does not answer, or it broke off; nothing was written.
        """
        # Threads of one process wait here, where the queue is fair; SQLite's own waiting is not.
        with self._writers, _told(), self.engine.connect() as connection:
            if self.is_sqlite:
                connection.execution_options(writing=True)
            with connection.begin():
                if not self.is_sqlite:
                    connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
                yield connection

    def migrate(self) -> None:
        """Bring the tables to this version of the package; a new database gets all of them.

        Raises:
            BadInput: the database is newer than this package.
            StoreAway: the database does not answer.
        """
        from alembic import command
        from alembic.config import Config
        from alembic.util import CommandError

        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        try:
            with self.writing() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except CommandError as error:
            raise BadInput(f"the database was made by another version of this package: {error}") from error

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()


def fact(connection: Connection, name: str) -> str | None:
    """Return a fact about the store; None if it is not known."""
    value: str | None = connection.execute(select(facts.c.value).where(facts.c.name == name)).scalar()
    return value


def set_fact(connection: Connection, name: str, value: str | None) -> None:
    """Write a fact down; None forgets it."""
    connection.execute(delete(facts).where(facts.c.name == name))
    if value is not None:
        connection.execute(insert(facts).values(name=name, value=value))


def next_number(connection: Connection, name: str, count: int = 1) -> int:
    """Take numbers from a counter that never goes back; return the first of them."""
    first = int(fact(connection, f"next {name}") or 1)
    if first == 1:
        set_fact(connection, f"next {name}", str(first + count))
    else:
        connection.execute(
            update(facts).where(facts.c.name == f"next {name}").values(value=str(first + count))
        )
    return first


def tell(connection: Connection, news: list[tuple[str, str, str]]) -> None:
    """Append to the feed; writers take turns, so that numbers become visible in their order.

    Args:
        connection: of `Store.writing`.
        news: kind, account or accounts, and JSON of each.
    """
    if not news:
        return
    first = next_number(connection, "feed", len(news))
    rows = [{"id": first + i, "kind": k, "account": a, "data": d} for i, (k, a, d) in enumerate(news)]
    connection.execute(insert(feed), rows)
    if first // 1000 != (first + len(news)) // 1000:
        newest = connection.execute(select(func.max(feed.c.id))).scalar() or 0
        connection.execute(delete(feed).where(feed.c.id <= newest - FEED_ROWS))


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        # Not chained: the cause may contain the database's URL, and rows.
        raise StoreAway(f"the database does not answer ({type(error).__name__})") from None


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _open(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
