"""What alembic runs: the migrations, on the connection that `store.Store.migrate` hands over."""

from __future__ import annotations

from alembic import context

from energy_trading.agent.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
context.run_migrations()
