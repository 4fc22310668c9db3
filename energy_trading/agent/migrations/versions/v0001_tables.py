"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "anchors",
        sa.Column("number", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("head", sa.LargeBinary(32), nullable=False),
        sa.Column("job", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "attempts",
        sa.Column("tx", sa.LargeBinary(32), nullable=False),
        sa.Column("job", sa.BigInteger(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("tip", sa.BigInteger(), nullable=False),
        sa.Column("fee", sa.BigInteger(), nullable=False),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tx"),
    )
    op.create_index("ix_attempts_job", "attempts", ["job"])
    op.create_table(
        "blocks",
        sa.Column("number", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("parent", sa.LargeBinary(32), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "effects",
        sa.Column("key", sa.String(220), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("log_index", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("tx", sa.LargeBinary(32), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("account", sa.String(42), nullable=False),
        sa.Column("trade_id", sa.LargeBinary(32), nullable=True),
        sa.PrimaryKeyConstraint("key", "block", "log_index"),
    )
    op.create_index("effects_block", "effects", ["block"])
    op.create_table(
        "facts",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "feed",
        sa.Column("id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("account", sa.String(90), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "intents",
        sa.Column("id", sa.String(66), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("signer", sa.String(42), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("effect", sa.String(220), nullable=False),
        sa.Column("trade_id", sa.LargeBinary(32), nullable=True),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("deadline", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("cancelling", sa.Boolean(), nullable=False),
        sa.Column("taken_back", sa.Boolean(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(60), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("block", sa.BigInteger(), nullable=True),
        sa.Column("tx", sa.LargeBinary(32), nullable=True),
        sa.Column("job", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
    )
    op.create_index("intents_block", "intents", ["block"])
    op.create_index("intents_effect", "intents", ["effect"])
    op.create_index("intents_job", "intents", ["job"])
    op.create_index("intents_signer", "intents", ["signer", "state"])
    op.create_index("intents_state", "intents", ["state", "kind"])
    op.create_table(
        "jobs",
        sa.Column("id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("sender", sa.String(42), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("target", sa.String(42), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("gas", sa.BigInteger(), nullable=False),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=True),
        sa.Column("block_hash", sa.LargeBinary(32), nullable=True),
        sa.Column("cost", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("sender", "nonce"),
    )
    op.create_index("jobs_state", "jobs", ["sender", "state"])
    op.create_table(
        "logins",
        sa.Column("nonce", sa.String(32), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("nonce"),
    )
    op.create_table(
        "logs",
        sa.Column("block", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("log_index", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("tx", sa.LargeBinary(32), nullable=False),
        sa.Column("address", sa.String(42), nullable=False),
        sa.Column("topics", sa.LargeBinary(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("subject", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("block", "log_index"),
    )
    op.create_index("logs_subject", "logs", ["subject"])
    op.create_table(
        "records",
        sa.Column("number", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("trade_id", sa.LargeBinary(32), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("block_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("root", sa.LargeBinary(32), nullable=False),
        sa.Column("previous", sa.LargeBinary(32), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("steps", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ix_records_trade_id", "records", ["trade_id"])
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("account", sa.String(42), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_table(
        "slot_orders",
        sa.Column("account", sa.String(42), nullable=False),
        sa.Column("nonce", sa.String(80), nullable=False),
        sa.Column("first_slot", sa.BigInteger(), nullable=False),
        sa.Column("last_slot", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("handed_over", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account", "nonce"),
    )
    op.create_index("slot_orders_open", "slot_orders", ["handed_over"])
    op.create_table(
        "slot_readings",
        sa.Column("account", sa.String(42), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("net_wh", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("handed_over", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account", "slot"),
    )
    op.create_index("slot_readings_open", "slot_readings", ["handed_over"])


def downgrade() -> None:
    """Drop all tables."""
    op.drop_table("slot_readings")
    op.drop_table("slot_orders")
    op.drop_table("sessions")
    op.drop_table("records")
    op.drop_table("logs")
    op.drop_table("logins")
    op.drop_table("jobs")
    op.drop_table("intents")
    op.drop_table("feed")
    op.drop_table("facts")
    op.drop_table("effects")
    op.drop_table("blocks")
    op.drop_table("attempts")
    op.drop_table("anchors")
