"""The tables of the agent's store. `migrations/` makes them; a test compares both."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata: Final = MetaData()

#: facts about the store: chain, genesis, alarm; and counters
facts: Final = Table("facts", metadata, Column("name", String(40), primary_key=True), Column("value", Text))

#: the canonical chain as far as it was read, from the block of the deployment on
blocks: Final = Table(
    "blocks",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("parent", LargeBinary(32), nullable=False),
    Column("time", BigInteger, nullable=False),
)

#: what the market's contracts logged in those blocks; topics stand behind one another,
#: and the first one after the event's own is its subject, such as a trade
logs: Final = Table(
    "logs",
    metadata,
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("log_index", Integer, primary_key=True, autoincrement=False),
    Column("tx", LargeBinary(32), nullable=False),
    Column("address", String(42), nullable=False),
    Column("topics", LargeBinary, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("subject", LargeBinary(32), nullable=False),
    Index("logs_subject", "subject"),
)

#: what a log did to something that somebody may have signed; the first effect of a key counts
effects: Final = Table(
    "effects",
    metadata,
    Column("key", String(220), primary_key=True),
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("log_index", Integer, primary_key=True, autoincrement=False),
    Column("tx", LargeBinary(32), nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("account", String(42), nullable=False),
    Column("trade_id", LargeBinary(32)),
    Index("effects_block", "block"),
)

#: everything that somebody signed and handed over
intents: Final = Table(
    "intents",
    metadata,
    Column("id", String(66), primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("kind", String(20), nullable=False),
    Column("signer", String(42), nullable=False),
    Column("body", Text, nullable=False),
    Column("effect", String(220), nullable=False),
    Column("trade_id", LargeBinary(32)),
    Column("received", BigInteger, nullable=False),
    Column("not_before", BigInteger, nullable=False),
    Column("deadline", BigInteger, nullable=False),
    Column("state", String(12), nullable=False),
    Column("cancelling", Boolean, nullable=False),
    Column("taken_back", Boolean, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("code", String(60)),
    Column("detail", Text),
    Column("block", BigInteger),
    Column("tx", LargeBinary(32)),
    Column("job", BigInteger),
    Index("intents_state", "state", "kind"),
    Index("intents_effect", "effect"),
    Index("intents_signer", "signer", "state"),
    Index("intents_job", "job"),
    Index("intents_block", "block"),
)

#: transactions of a relayer, one for each nonce
jobs: Final = Table(
    "jobs",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("sender", String(42), nullable=False),
    Column("nonce", BigInteger, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("target", String(42), nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("gas", BigInteger, nullable=False),
    Column("made", BigInteger, nullable=False),
    Column("state", String(12), nullable=False),
    Column("block", BigInteger),
    Column("block_hash", LargeBinary(32)),
    Column("cost", String(40), nullable=False),
    UniqueConstraint("sender", "nonce"),
    Index("jobs_state", "sender", "state"),
)

#: every signed transaction of a job, stored before it is first sent; any of them may be the one that is mined
attempts: Final = Table(
    "attempts",
    metadata,
    Column("tx", LargeBinary(32), primary_key=True),
    Column("job", BigInteger, nullable=False, index=True),
    Column("raw", LargeBinary, nullable=False),
    Column("tip", BigInteger, nullable=False),
    Column("fee", BigInteger, nullable=False),
    Column("made", BigInteger, nullable=False),
)

#: news for the listeners of the stream, in order
feed: Final = Table(
    "feed",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(12), nullable=False),
    Column("account", String(90), nullable=False),
    Column("data", Text, nullable=False),
)

#: open logins, and sessions; only hashes of the tokens are kept
logins: Final = Table(
    "logins",
    metadata,
    Column("nonce", String(32), primary_key=True),
    Column("until", BigInteger, nullable=False),
)
sessions: Final = Table(
    "sessions",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("account", String(42), nullable=False),
    Column("until", BigInteger, nullable=False),
)

#: standing orders and readings for the slot market's verifiers
slot_orders: Final = Table(
    "slot_orders",
    metadata,
    Column("account", String(42), primary_key=True),
    Column("nonce", String(80), primary_key=True),
    Column("first_slot", BigInteger, nullable=False),
    Column("last_slot", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("handed_over", Boolean, nullable=False),
    Index("slot_orders_open", "handed_over"),
)
slot_readings: Final = Table(
    "slot_readings",
    metadata,
    Column("account", String(42), primary_key=True),
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
    Column("net_wh", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("handed_over", Boolean, nullable=False),
    Index("slot_readings_open", "handed_over"),
)

#: the record chain (SETM's Algorithm 2): one record for each trade that ended in a final block
records: Final = Table(
    "records",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("trade_id", LargeBinary(32), nullable=False, index=True),
    Column("block", BigInteger, nullable=False),
    Column("log_index", Integer, nullable=False),
    Column("block_hash", LargeBinary(32), nullable=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("previous", LargeBinary(32), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("steps", Text, nullable=False),
)
#: heads of the record chain that were written on chain
anchors: Final = Table(
    "anchors",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("head", LargeBinary(32), nullable=False),
    Column("job", BigInteger, nullable=False),
)
