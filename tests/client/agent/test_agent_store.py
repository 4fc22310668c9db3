"""The agent's database: migrations, and what a writer is promised."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, select

from energy_trading.agent.store import Store, fact, next_number, set_fact, tell
from energy_trading.agent.tables import facts, feed, metadata
from energy_trading.errors import BadInput, TryAgain


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    made = Store(database)
    made.migrate()
    yield made
    made.close()


def test_migrations_make_the_tables(store: Store) -> None:
    """A migrated database has exactly the tables that the code uses; a second time nothing happens."""
    store.migrate()
    with store.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_newer_database_is_refused(store: Store) -> None:
    """A database of a later version is left alone."""
    with store.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(BadInput, match="another version"):
        store.migrate()


def test_a_writer_that_fails_writes_nothing(store: Store) -> None:
    """What a transaction did is undone as a whole."""

    def fail() -> None:
        with store.writing() as connection:
            set_fact(connection, "half", "done")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.reading() as connection:
        assert fact(connection, "half") is None


def test_numbers_and_feed_never_go_back(store: Store) -> None:
    """Counters survive a rollback without a number being given twice to readers."""
    with store.writing() as connection:
        assert (
            next_number(connection, "x"),
            next_number(connection, "x", 5),
            next_number(connection, "x"),
        ) == (1, 2, 7)
        tell(connection, [("job", "", "{}"), ("job", "", "{}")])
    with store.writing() as connection:
        tell(connection, [("job", "", "{}")])
    with store.reading() as connection:
        assert connection.execute(select(feed.c.id).order_by(feed.c.id)).scalars().all() == [1, 2, 3]


def test_sqlite_is_durable(tmp_path: object) -> None:
    """Write-ahead log and full synchronisation: an answer is on disk before it is given."""
    made = Store(f"sqlite:///{tmp_path}/agent.db")
    with made.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    made.close()


@pytest.mark.parametrize("url", ["nonsense", "mysql://a:secret@b/c", "sqlite://", "sqlite:///:memory:"])
def test_other_databases_are_refused(url: str) -> None:
    """The error names the two kinds, and never repeats the URL, which may hold a password."""
    with pytest.raises(BadInput, match="sqlite:///FILE") as refused:
        Store(url)
    assert "secret" not in str(refused.value)


def test_a_database_that_is_away_is_not_shown() -> None:
    """The error does not contain the password."""
    away = Store("postgresql://agent:secret@127.0.0.1:1/nothing")
    with pytest.raises(TryAgain) as error, away.writing() as connection:
        connection.execute(insert(facts).values(name="a", value="b"))
    assert "secret" not in str(error.value)
    assert error.value.__cause__ is None
