"""The service: everything that one agent consists of, and the loop that keeps it up to date."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, insert, select, update

from energy_trading.agent import intents as life
from energy_trading.agent.anchor import anchor_data
from energy_trading.agent.config import AgentConfig
from energy_trading.agent.index import Indexer, IndexStopped, newest
from energy_trading.agent.intake import Intake
from energy_trading.agent.login import Login
from energy_trading.agent.records import RecordChain, RecordChanged
from energy_trading.agent.relay import Relayer
from energy_trading.agent.store import Store, fact
from energy_trading.agent.tables import anchors, intents, jobs, slot_orders, slot_readings
from energy_trading.agent.verifiers import VerifierNodes
from energy_trading.agent.view import View
from energy_trading.bindings.deployment import Record
from energy_trading.bindings.suite import Suite
from energy_trading.chain.connect import Chain, connect
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import EnergyTradingError, TryAgain
from energy_trading.market.log.fold import LogIncomplete
from energy_trading.market.log.replay import LogContradicted

log: Final = logging.getLogger("energy_trading.agent")


class Service:
    """One agent.

    Args:
        config: what the operator decided.
        key: the relayer's.
        suite: the market; None opens the recorded deployment on the configured node.
        from_block: where the market's log begins; taken from the record if there is no suite.
        clock: unix seconds of this machine.

    Raises:
        BadInput: the configuration, the database or the record is not usable.
        NodeError: no node answers.
        NotAsRecorded: the chain does not hold what the record states.
    """

    def __init__(
        self,
        config: AgentConfig,
        key: SecretKey,
        suite: Suite | None = None,
        from_block: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.config, self.clock = config, clock
        if suite is None:
            record = Record.read(Path(config.deployment))
            suite, from_block = record.open(connect(config.rpc, record.chain_id)), record.from_block
        self.suite = suite
        self.store = Store(config.database)
        self.store.migrate()
        others = [config.slot_market] if config.slot_market else []
        self.indexer = Indexer(self.store, suite, from_block, config.remember_blocks, others)
        self.view = View(self.store, suite.parameters(), config.final_blocks)
        self.relayer = Relayer(self.store, suite, self.view, key, config, clock)
        self.records = RecordChain(self.store)
        parts = self.store, suite, self.view, self.relayer, self.records, config
        self.intake = Intake(*parts, self.is_current)
        self.login = Login(self.store, suite.chain, config.name)
        self.verifiers = VerifierNodes(self.store, config.verifiers)
        self.key = key
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._checked = False
        #: why the last round did not end well; None if it did
        self.trouble: str | None = None

    @property
    def chain(self) -> Chain:
        """Where the market is."""
        return self.suite.chain

    def is_current(self) -> bool:
        """Return whether index and fold have everything that the node had at the last look."""
        head = self.view.head
        return self.indexer.caught_up and head is not None and head.number >= self.indexer.node_height

    def round(self) -> bool:
        """Do everything that is to be done once: index, judge, carry, record.

        Returns:
            Whether anything changed.

        Raises:
            EnergyTradingError: something is not reachable, or contradicts itself; the next round tries again.
        """
        changed = self.indexer.step()
        while self.indexer.step():
            changed = True
        changed |= self.view.refresh()
        head = self.view.head
        if head is None:
            return changed
        if not self._checked:
            self.records.check()
            self._checked = True
        with self.store.writing() as connection:
            life.mature(connection, self.view.final, head.time)
        try:
            self.records.extend(self.view.final)
        except RecordChanged as error:
            log.error("%s", error)
        changed |= self.relayer.tick()
        if self.records.broken is None:
            self._anchor()
        self.verifiers.hand_over()
        return changed

    def run(self) -> None:
        """Do rounds until `stop` is called; whatever goes wrong is logged, and tried again."""
        while not self._stopped.is_set():
            pause = self.config.poll_seconds
            try:
                self.round()
                self.trouble = None
            except IndexStopped as error:
                self._say(f"stopped: {error}")
                pause = max(pause, 5.0)
            except TryAgain as error:
                self._say(str(error))
            except (LogIncomplete, LogContradicted, RecordChanged) as error:
                self._say(f"contradiction: {error}")
                pause = max(pause, 5.0)
            except EnergyTradingError as error:
                self._say(f"{type(error).__name__}: {error}")
            except Exception as error:  # a bug in one round must not end the service
                # The text may hold a URL with a password, and so only the kind is shown.
                self._say(f"a bug: {type(error).__name__}")
                log.debug("round failed", exc_info=True)
                pause = max(pause, 1.0)
            self._stopped.wait(pause)

    def start(self) -> None:
        """Run in a thread of its own."""
        self._thread = threading.Thread(target=self.run, name="agent", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the rounds and close the database; nothing that was taken in is lost."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
        self.store.close()

    def status(self) -> dict[str, Any]:
        """Return how the agent stands, for operators, in numbers without anybody's address."""
        with self.store.reading() as connection:
            tip = newest(connection)
            counts = connection.execute(
                select(intents.c.kind, intents.c.state, func.count()).group_by(
                    intents.c.kind, intents.c.state
                )
            ).all()
            sent = connection.execute(select(jobs.c.state, func.count()).group_by(jobs.c.state)).all()
            notes = {name: fact(connection, name) for name in ("alarm", "warning", "reorganisations")}
        head = self.view.head
        return {
            "indexed_block": None if tip is None else tip[0],
            "indexed_hash": None if tip is None else "0x" + tip[1].hex(),
            "folded_block": None if head is None else head.number,
            "final_block": self.view.final,
            "lag_blocks": 0 if tip is None else max(0, self.indexer.node_height - tip[0]),
            "intents": {f"{kind} {state}": count for kind, state, count in counts},
            "jobs": {row[0]: row[1] for row in sent},
            "relayer": self.relayer.address,
            "relayer_balance_wei": str(self.relayer.balance),
            "alarm": notes["alarm"],
            "warning": notes["warning"],
            "reorganisations": int(notes["reorganisations"] or 0),
            "records": "changed" if self.records.broken else "right",
            "trouble": self.trouble,
        }

    def keep_slot_order(self, account: str, nonce: int, first: int, last: int, body: Any) -> bool:
        """Keep a standing order for the verifiers; return whether it is new."""
        values = {"account": account, "nonce": str(nonce), "first_slot": first, "last_slot": last}
        with self.store.writing() as connection:
            same = slot_orders.c.account == account, slot_orders.c.nonce == str(nonce)
            if connection.execute(select(slot_orders.c.nonce).where(*same)).first() is not None:
                return False
            row = values | {"body": json.dumps(body), "handed_over": False}
            connection.execute(insert(slot_orders).values(**row))
        return True

    def keep_slot_reading(self, account: str, slot: int, net_wh: int, body: Any) -> bool:
        """Keep a meter's reading for the verifiers; the first of a slot counts. Return whether it is new."""
        with self.store.writing() as connection:
            same = slot_readings.c.account == account, slot_readings.c.slot == slot
            if connection.execute(select(slot_readings.c.slot).where(*same)).first() is not None:
                return False
            row = {"account": account, "slot": slot, "net_wh": net_wh, "body": json.dumps(body)}
            connection.execute(insert(slot_readings).values(**row, handed_over=False))
        return True

    def _anchor(self) -> None:
        """Write the head of the record chain on chain after every so many records (decision 16)."""
        every, head = self.config.anchor_records, self.records.head()
        if not every or head is None:
            return
        due = head.number // every * every
        if due == 0:
            return
        with self.store.reading() as connection:
            last = connection.execute(select(func.max(anchors.c.number))).scalar() or 0
            lost = connection.execute(
                select(anchors.c.number).join(jobs, jobs.c.id == anchors.c.job).where(jobs.c.state == "lost")
            ).scalar()
        if last >= due and lost is None:
            return

        def bind(connection: Any, job: int) -> bool:
            if lost is not None:
                again = anchors.c.number == lost
                connection.execute(
                    update(anchors).where(again).values(job=job, head=head.hash, number=head.number)
                )
                return True
            there = select(anchors.c.number).where(anchors.c.number >= due)
            if connection.execute(there).first() is not None:
                return False
            connection.execute(insert(anchors).values(number=head.number, head=head.hash, job=job))
            return True

        self.relayer.send_plain("anchor", anchor_data(head.number, head.hash), bind)

    def _say(self, text: str) -> None:
        if text != self.trouble:
            log.warning("%s", text)
        self.trouble = text
