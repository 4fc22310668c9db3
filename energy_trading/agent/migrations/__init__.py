"""The migrations of the agent's store, in order; alembic runs them."""
