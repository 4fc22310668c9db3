"""The index: the market's log as the chain has it now, block by block, in the agent's store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from hexbytes import HexBytes
from sqlalchemy import Connection, delete, func, insert, select

from energy_trading.agent import intents
from energy_trading.agent.effects import effects_of
from energy_trading.agent.store import Store, fact, set_fact, tell
from energy_trading.agent.tables import blocks, effects, logs, records
from energy_trading.bindings.contract import Event, decode_logs
from energy_trading.bindings.suite import Suite
from energy_trading.chain.connect import NodeError
from energy_trading.errors import BadInput, Forged
from energy_trading.market.log.event_json import event_to_json

#: blocks in one transaction of the database
PAGE: Final = 50
#: so often a parent must be wrong in a row before it is a lie and no race with a reorganisation
_LIES: Final = 3


class IndexStopped(Forged):
    """The node contradicts what the index holds, and no reorganisation explains it: an operator must look."""


@dataclass(frozen=True)
class BlockHeader:
    """A block as the node shows it.

    Args:
        number: its height.
        hash: 32 bytes.
        parent: hash of the block below, 32 bytes.
        time: unix seconds.
        bloom: 256 bytes; an address that logged is in it.
    """

    number: int
    hash: bytes
    parent: bytes
    time: int
    bloom: bytes

    def may_hold(self, address: str) -> bool:
        """Return whether a contract may have logged in the block (EIP-1, yellow paper §4.3.1)."""
        from eth_utils.crypto import keccak

        digest = keccak(bytes.fromhex(address[2:]))
        bits = (int.from_bytes(digest[i : i + 2], "big") & 2047 for i in (0, 2, 4))
        value = int.from_bytes(self.bloom, "big")
        return all(value >> bit & 1 for bit in bits)


class Indexer:
    """Follows the chain into the store. Several may work on one store: each page is written once.

    Args:
        store: migrated.
        suite: the market.
        anchor: block of the deployment, where the index begins.
        remember: how deep a reorganisation may be.
        addresses: further contracts whose log is kept.
    """

    def __init__(
        self, store: Store, suite: Suite, anchor: int, remember: int, addresses: Sequence[str] = ()
    ) -> None:
        self._store, self._suite, self._anchor, self._remember = store, suite, anchor, remember
        self._addresses = [*suite.markets, *addresses]
        self._lies = 0
        #: the node's newest block, when it was last asked
        self.node_height = anchor
        #: whether the last look found nothing that was not taken in
        self.caught_up = False

    def step(self) -> bool:
        """Take in the next page of blocks, or take back what the chain has taken back.

        Returns:
            Whether anything changed; if so, there may be more.

        Raises:
            NodeError: the node went away, or the chain changed while it was read; try again.
            IndexStopped: the node serves another chain than before, or shows blocks that do not fit together.
            StoreAway: the database went away.
        """
        self.caught_up = not self._step()
        return not self.caught_up

    def _step(self) -> bool:
        with self._store.reading() as connection:
            alarm = fact(connection, "alarm")
            tip = newest(connection)
        if alarm is not None:
            raise IndexStopped(alarm)
        if tip is None:
            return self._begin()
        genesis = self._header(0)
        if genesis is None or genesis.hash.hex() != self._genesis():
            self._stop("the node serves another chain than before: its block 0 has another hash")
        height = self._suite.chain.height()
        self.node_height = height
        # A node that is behind has taken nothing back: the blocks above its newest one wait.
        common = min(height, tip[0])
        if not self._is_canonical(common):
            return self._take_back(tip)
        if height <= tip[0]:
            return False
        return self._page(tip, height)

    def _begin(self) -> bool:
        genesis, first = self._header(0), self._header(self._anchor)
        if genesis is None or first is None:
            raise NodeError(f"the node does not have block {self._anchor}, in which the index begins")
        page = [(first, self._logs(first))]
        with self._store.writing() as connection:
            if newest(connection) is None:
                set_fact(connection, "genesis", genesis.hash.hex())
                set_fact(connection, "market", self._suite.market.address)
                self._write(connection, page)
        return True

    def _page(self, tip: tuple[int, bytes], height: int) -> bool:
        page: list[tuple[BlockHeader, list[Any]]] = []
        below = tip[1]
        for number in range(tip[0] + 1, min(tip[0] + PAGE, height) + 1):
            header = self._header(number)
            if header is None:
                break  # the chain became shorter: look again
            if header.parent != below:
                self._doubt(number, page[-1][0] if page else None, tip)
                break
            self._lies = 0
            page.append((header, self._logs(header)))
            below = header.hash
        if not page:
            return False
        with self._store.writing() as connection:
            if newest(connection) != tip:
                return True  # another indexer was faster
            self._write(connection, page)
        return True

    def _doubt(self, number: int, last: BlockHeader | None, tip: tuple[int, bytes]) -> None:
        """A block does not stand on the one before: a race with a reorganisation, or a lie."""
        below = tip if last is None else (last.number, last.hash)
        again = self._header(below[0])
        if again is None or again.hash != below[1]:
            return
        self._lies += 1
        if self._lies >= _LIES:
            self._stop(f"the node's block {number} does not stand on its block {below[0]}")

    def _take_back(self, tip: tuple[int, bytes]) -> bool:
        fork = tip[0]
        while fork > self._anchor and not self._is_canonical(fork):
            fork -= 1
        if fork == self._anchor and not self._is_canonical(fork):
            self._stop("the node's chain does not contain the block in which the market was deployed")
        depth = tip[0] - fork
        with self._store.writing() as connection:
            if newest(connection) != tip:
                return True
            if depth > self._remember:
                tell(connection, [("alarm", "", json.dumps({"reorganisation": str(depth)}))])
                set_fact(connection, "warning", f"a reorganisation of {depth} blocks; the index was rebuilt")
                fork = self._anchor
            cut_above(connection, fork)
            count = int(fact(connection, "reorganisations") or 0) + 1
            set_fact(connection, "reorganisations", str(count))
        return True

    def _write(self, connection: Connection, page: list[tuple[BlockHeader, list[Any]]]) -> None:
        keys: list[str] = []
        for header, found in page:
            row = {"number": header.number, "hash": header.hash, "parent": header.parent}
            connection.execute(insert(blocks).values(**row, time=header.time))
            if not found:
                continue
            rows = [
                {
                    "block": header.number,
                    "log_index": int(log["logIndex"]),
                    "tx": bytes(log["transactionHash"]),
                    "address": str(log["address"]),
                    "topics": b"".join(bytes(topic) for topic in log["topics"]),
                    "data": bytes(log["data"]),
                    "subject": bytes(log["topics"][1]) if len(log["topics"]) > 1 else b"",
                }
                for log in found
            ]
            connection.execute(insert(logs), rows)
            events = decode_logs(found)
            made = list(effects_of(events))
            if made:
                changed = [
                    {
                        "key": e.key,
                        "block": header.number,
                        "log_index": e.at,
                        "tx": e.tx,
                        "outcome": e.outcome,
                        "account": e.account,
                        "trade_id": e.trade_id,
                    }
                    for e in made
                ]
                connection.execute(insert(effects), changed)
                keys += [e.key for e in made]
            block_hash = "0x" + header.hash.hex()
            tell(connection, [_news(event, block_hash) for event in events])
        intents.judge(connection, keys)

    def _header(self, number: int) -> BlockHeader | None:
        from web3.exceptions import BlockNotFound

        try:
            block = self._suite.chain.web3.eth.get_block(number)
        except BlockNotFound:
            return None
        return BlockHeader(
            int(block["number"]),
            bytes(block["hash"]),
            bytes(block["parentHash"]),
            int(block["timestamp"]),
            bytes(block["logsBloom"]),
        )

    def _logs(self, header: BlockHeader) -> list[Any]:
        if not any(header.may_hold(address) for address in self._addresses):
            return []
        wanted: Any = {"blockHash": HexBytes(header.hash), "address": self._addresses}
        found = list(self._suite.chain.web3.eth.get_logs(wanted))
        if any(bytes(log["blockHash"]) != header.hash for log in found):
            raise NodeError(f"the node answered with logs of another block than {header.number}")
        return sorted(found, key=lambda log: int(log["logIndex"]))

    def _is_canonical(self, number: int) -> bool:
        with self._store.reading() as connection:
            stored = connection.execute(select(blocks.c.hash).where(blocks.c.number == number)).scalar()
        block = self._suite.chain.block(number)
        return stored is not None and block is not None and block[1] == bytes(stored)

    def _genesis(self) -> str | None:
        with self._store.reading() as connection:
            return fact(connection, "genesis")

    def _stop(self, why: str) -> None:
        with self._store.writing() as connection:
            set_fact(connection, "alarm", why)
            tell(connection, [("alarm", "", json.dumps({"alarm": why}))])
        raise IndexStopped(why)


def newest(connection: Connection) -> tuple[int, bytes] | None:
    """Return number and hash of the newest stored block; None if there is none."""
    row = connection.execute(
        select(blocks.c.number, blocks.c.hash).order_by(blocks.c.number.desc()).limit(1)
    ).one_or_none()
    return None if row is None else (int(row.number), bytes(row.hash))


def cut_above(connection: Connection, fork: int) -> None:
    """Forget the blocks above one, and take back what they decided."""
    count = intents.undo(connection, fork)
    for table in (blocks, logs):
        column = blocks.c.number if table is blocks else logs.c.block
        connection.execute(delete(table).where(column > fork))
    connection.execute(delete(records).where(records.c.block > fork))
    news = {"above": str(fork), "intents": str(count)}
    tell(connection, [("reorg", "", json.dumps(news))])


def forget(store: Store) -> None:
    """Forget the index and its alarm, so that it is built anew from the chain; what was signed is kept.

    Raises:
        BadInput: nothing was ever indexed.
    """
    with store.writing() as connection:
        lowest = connection.execute(select(func.min(blocks.c.number))).scalar()
        if lowest is None and fact(connection, "alarm") is None:
            raise BadInput("the index is empty: there is nothing to rebuild")
        cut_above(connection, -1)
        for name in ("alarm", "warning", "genesis"):
            set_fact(connection, name, None)


def read_logs(
    connection: Connection, above: int, to: int, subjects: Sequence[bytes] | None = None
) -> list[Any]:
    """Return the stored logs of a range of blocks in the form in which a node shows them.

    Args:
        connection: of the store.
        above: the block below the first one.
        to: the last block.
        subjects: only logs about these, such as trade ids; None reads all.
    """
    wanted = select(logs).where(logs.c.block > above, logs.c.block <= to)
    if subjects is not None:
        wanted = wanted.where(logs.c.subject.in_(subjects))
    rows = connection.execute(wanted.order_by(logs.c.block, logs.c.log_index))
    return [
        {
            "address": row.address,
            "blockNumber": row.block,
            "transactionHash": bytes(row.tx),
            "logIndex": row.log_index,
            "topics": [bytes(row.topics[i : i + 32]) for i in range(0, len(row.topics), 32)],
            "data": bytes(row.data),
        }
        for row in rows
    ]


def _news(event: Event, block_hash: str) -> tuple[str, str, str]:
    accounts = [getattr(event, n, "") for n in ("account", "owner", "seller", "buyer", "publisher", "bidder")]
    named = ",".join(dict.fromkeys(a for a in accounts if isinstance(a, str) and a))[:90]
    return "event", named, json.dumps(event_to_json(event, str) | {"block_hash": block_hash})
